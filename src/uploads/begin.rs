//! Beginning: a session for what is to come, or what has come of the same source before.

use super::{FINISH, Problem, UploadError, Uploads, Wanted};
use crate::content::Partial;
use crate::db::artifacts::{ArtifactKind, StoredArtifact};
use crate::db::upload_sessions::{self, Begin, SessionState, Source, UploadSession};
use crate::db::users::User;
use crate::db::{DbError, Session, Tx, Write, jobs, keeping, tombstones};
use crate::graph::upload::UploadRequest;
use crate::ids;

/// An upload that somebody may make.
#[derive(Clone, Debug)]
pub struct Order {
    /// What was asked for; its meeting's organizer is `organizer`.
    pub request: UploadRequest,
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
    /// [`UploadError::Invalid`] where somebody is nobody's, [`UploadError::NoSpace`], [`UploadError::Another`].
    pub async fn begin(&self, order: Order) -> Result<Begun, UploadError> {
        let wanted = Wanted::check(&order.request)?;
        let tenant = &order.organizer.tenant_id;
        let mut db = self.db.snapshot().await?;
        if let Some(found) = keeping::find_by_source(&mut db, tenant, &wanted.source, wanted.kind).await? {
            return of_owner(&order, found);
        }
        let digest = tombstones::source_digest(tenant, &wanted.source, wanted.kind);
        if tombstones::is_gone(&mut db, &digest).await? {
            return Err(UploadError::Deleted);
        }
        let before = upload_sessions::find_by_source(&mut db, tenant, &wanted.source, wanted.kind).await?;
        if let Some(session) = before {
            return of_uploader(&order, session);
        }
        let request = resolved(&mut db, &order, &wanted).await?;
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
                .and_then(|(_, sha256)| sha256.map(|bytes| super::request::to_hex(&bytes))),
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
            jobs::enqueue(tx, FINISH, &id, (now, now)).await?;
        }
        Ok(begun)
    }
}

/// What has come already is told to whoever may act for its owner, which has been decided for that owner alone.
fn of_owner(order: &Order, found: StoredArtifact) -> Result<Begun, UploadError> {
    match found.artifact.owner_id == order.organizer.id {
        true if found.deleted.is_some() => Err(UploadError::Deleted),
        true => Ok(Begun::Artifact(Box::new(found))),
        false => Err(UploadError::Another),
    }
}

/// A session is gone on with by who has begun it.
fn of_uploader(order: &Order, session: UploadSession) -> Result<Begun, UploadError> {
    match session.application_id == order.application_id && session.user_id == order.user_id {
        true => Ok(Begun::Session(Box::new(session))),
        false => Err(UploadError::Another),
    }
}

/// The request with people by their object ids, so that it means the same when it is looked at again.
async fn resolved(db: &mut Session, order: &Order, wanted: &Wanted) -> Result<UploadRequest, UploadError> {
    let mut request = order.request.clone();
    if request.meeting.id.is_some() {
        return Ok(request);
    }
    request.meeting.organizer = Some(order.organizer.id.clone());
    let mut people = Vec::new();
    for (index, (user, _)) in wanted.participants.iter().enumerate() {
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
