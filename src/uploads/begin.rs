//! Beginning: a session for what is to come, or what has come of the same source before.

use super::request::Item;
use super::{FINISH, Problem, UploadError, Uploads, Wanted};
use crate::content::Partial;
use crate::db::artifacts::{ArtifactKind, StoredArtifact};
use crate::db::jobs::{self, Lane};
use crate::db::upload_sessions::{self, Begin, SessionState, Source, UploadSession};
use crate::db::users::User;
use crate::db::{DbError, Session, Tx, Write, content_objects, keeping, tombstones};
use crate::graph::upload::UploadRequest;
use crate::ids;
use crate::seal::{sha256, to_hex};

/// An upload that somebody may make.
#[derive(Clone, Debug)]
pub struct Order {
    /// What was asked for; its meeting's organizer is `organizer`.
    pub request: UploadRequest,
    /// The same, checked.
    pub wanted: Wanted,
    /// Whose meeting it is.
    pub organizer: User,
    /// The application that uploads.
    pub application_id: Option<String>,
    /// The signed-in user who does.
    pub user_id: Option<String>,
}

/// What there is of a source.
#[derive(Clone, Debug)]
pub enum Begun {
    /// A session, to go on with.
    Session(Box<UploadSession>),
    /// What has come of it already.
    Artifact(Box<StoredArtifact>),
}

impl Uploads {
    /// Begins an upload, or finds the one of the same source.
    ///
    /// # Errors
    /// [`UploadError::Invalid`] where somebody is nobody's, [`UploadError::NoSpace`], [`UploadError::Another`],
    /// [`UploadError::Deleted`], [`UploadError::OtherBytes`].
    pub async fn begin(&self, order: Order) -> Result<Begun, UploadError> {
        let wanted = &order.wanted;
        let tenant = &order.organizer.tenant_id;
        let mut db = self.db.snapshot().await?;
        if let Some(found) = keeping::find_by_source(&mut db, tenant, &wanted.source, wanted.kind).await? {
            return of_owner(&mut db, &order, found).await;
        }
        let digest = tombstones::source_digest(tenant, &wanted.source, wanted.kind);
        if tombstones::is_gone(&mut db, &digest).await? {
            return Err(UploadError::Deleted);
        }
        let before = upload_sessions::find_by_source(&mut db, tenant, &wanted.source, wanted.kind).await?;
        if let Some(session) = before {
            return of_uploader(&order, session);
        }
        let mut request = resolved(&mut db, &order).await?;
        if has_come_before(&mut db, &order).await? {
            request.transcript = None;
        }
        drop(db);
        let size = wanted.item.map_or(0, |(size, _)| size);
        self.refuse_when_full(size).await?;
        let now = self.clock.now();
        let session = UploadSession {
            id: ids::random(),
            tenant_id: tenant.clone(),
            application_id: order.application_id.clone(),
            user_id: order.user_id.clone(),
            source: wanted.source.clone(),
            kind: wanted.kind,
            request: serde_json::to_string(&request).unwrap_or_default(),
            size_bytes: size,
            sha256: wanted
                .item
                .and_then(|(_, sha256)| sha256.map(|bytes| to_hex(&bytes))),
            state: SessionState::Open,
            fault: None,
            received_bytes: 0,
            partial: serde_json::to_string(&Partial::default()).unwrap_or_default(),
            artifact_id: None,
            created: now,
            expires: now.plus(self.rules.session_lifetime),
        };
        let begun = self.db.write(BeginAnd(session)).await?;
        of_uploader(&order, begun)
    }

    /// Refuses what would leave too little space.
    async fn refuse_when_full(&self, size: i64) -> Result<(), UploadError> {
        let Some(free) = self.content.free_bytes().await? else {
            return Ok(());
        };
        let size = u64::try_from(size).unwrap_or(0);
        match free.saturating_sub(size) < self.rules.minimum_free || free < size {
            true => Err(UploadError::NoSpace),
            false => Ok(()),
        }
    }
}

/// Begins a session. Where no bytes are to come, all of them are here, and what is left to be done is a job.
#[derive(Clone)]
struct BeginAnd(UploadSession);

impl Write for BeginAnd {
    type Output = UploadSession;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<UploadSession, DbError> {
        let (id, now) = (self.0.id.clone(), self.0.created);
        let begun = Begin(self.0).run(tx).await?;
        if begun.id == id && begun.is_complete() {
            jobs::enqueue(tx, (Lane::Quick, FINISH), &id, (now, now)).await?;
        }
        Ok(begun)
    }
}

/// Whether what came from there has been deleted, or removed for good: it does not come in again.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn was_deleted(
    db: &mut Session,
    tenant: &str,
    source: &Source,
    kind: ArtifactKind,
) -> Result<bool, DbError> {
    match keeping::find_by_source(db, tenant, source, kind).await? {
        Some(found) => Ok(found.deleted.is_some()),
        None => tombstones::is_gone(db, &tombstones::source_digest(tenant, source, kind)).await,
    }
}

/// What has come already is told to whoever may act for its owner, which has been decided for that owner alone; and only where
/// it is what they have, so that nobody takes other bytes for stored.
async fn of_owner(db: &mut Session, order: &Order, found: StoredArtifact) -> Result<Begun, UploadError> {
    if found.artifact.owner_id != order.organizer.id {
        return Err(UploadError::Another);
    }
    if found.deleted.is_some() {
        return Err(UploadError::Deleted);
    }
    let wanted = &order.wanted;
    let has_text = match &wanted.texts[0] {
        Some(text) => has_text(db, (&found.artifact.tenant_id, &wanted.source), text).await?,
        None => true,
    };
    match has_text && is_of(db, &found, wanted.item).await? {
        true => Ok(Begun::Artifact(Box::new(found))),
        false => Err(UploadError::OtherBytes),
    }
}

/// Whether the transcript that comes along with a recording has come by itself before.
async fn has_come_before(db: &mut Session, order: &Order) -> Result<bool, UploadError> {
    let (wanted, tenant) = (&order.wanted, &order.organizer.tenant_id);
    let (ArtifactKind::Recording, Some(text)) = (wanted.kind, &wanted.texts[0]) else {
        return Ok(false);
    };
    let kind = ArtifactKind::Transcript;
    let Some(found) = keeping::find_by_source(db, tenant, &wanted.source, kind).await? else {
        return Ok(false);
    };
    if found.artifact.owner_id != order.organizer.id {
        return Err(UploadError::Another);
    }
    match has_text(db, (tenant, &wanted.source), text).await? {
        true => Ok(true),
        false => Err(UploadError::OtherBytes),
    }
}

/// Whether the content of an artifact is that item, as far as it was announced.
async fn is_of(db: &mut Session, found: &StoredArtifact, item: Option<Item>) -> Result<bool, DbError> {
    let Some((size, sha256)) = item else {
        return Ok(true);
    };
    let Some(key) = &found.content_key else {
        return Ok(false);
    };
    let stored = content_objects::find(db, key).await?;
    Ok(stored.is_some_and(|stored| {
        stored.size_bytes == size && sha256.is_none_or(|sha256| stored.sha256 == sha256)
    }))
}

/// Whether the text of a transcript is there already as what comes from that source, or was until it was deleted.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn has_text(
    db: &mut Session,
    (tenant, source): (&str, &Source),
    text: &str,
) -> Result<bool, DbError> {
    let kind = ArtifactKind::Transcript;
    let Some(transcript) = keeping::find_by_source(db, tenant, source, kind).await? else {
        return tombstones::is_gone(db, &tombstones::source_digest(tenant, source, kind)).await;
    };
    let sha256 = <[u8; 32]>::try_from(sha256(text.as_bytes())).ok();
    let item = i64::try_from(text.len()).ok().map(|size| (size, sha256));
    Ok(transcript.deleted.is_some() || is_of(db, &transcript, item).await?)
}

/// A session is gone on with by who has begun it.
fn of_uploader(order: &Order, session: UploadSession) -> Result<Begun, UploadError> {
    match session.application_id == order.application_id && session.user_id == order.user_id {
        true => Ok(Begun::Session(Box::new(session))),
        false => Err(UploadError::Another),
    }
}

/// The request with people by their object ids, so that it means the same when it is looked at again.
async fn resolved(db: &mut Session, order: &Order) -> Result<UploadRequest, UploadError> {
    let mut request = order.request.clone();
    if request.meeting.id.is_some() {
        return Ok(request);
    }
    request.meeting.organizer = Some(order.organizer.id.clone());
    let mut people = Vec::new();
    for (index, (user, _)) in order.wanted.participants.iter().enumerate() {
        let found = crate::auth::access::find_user(db, &order.organizer.tenant_id, user).await?;
        let Some(found) = found else {
            let pointer = format!("/meeting/participants/{index}/user");
            let message = format!("expected a user of the tenant, found {user:?}: leave out who is not one");
            return Err(Problem::at(&pointer, message).into());
        };
        people.push(found.id);
    }
    for (participant, id) in request.meeting.participants.iter_mut().zip(people) {
        participant.user = id;
    }
    Ok(request)
}

/// What is derived from where something comes from: the same once more is the same id.
pub(super) fn guid_of(tenant: &str, source: &Source, kind: ArtifactKind) -> String {
    let members = format!("{tenant}\0{}\0{}", source.system, source.id);
    ids::derived(kind.text(), &members, 0)
}
