//! Deleting, in three steps: gone from every answer at once; restorable for a while; then content, sidecar and row are removed, and
//! a tombstone stays that names nobody.
//!
//! Each step is one transaction, with its record in the audit log. The last is a job; bytes are removed by a job of its commit.

use std::time::Duration;

use crate::clock::{Clock, Ticks};
use crate::content::{ContentKey, ContentStore};
use crate::db::artifacts::{self, ArtifactKind, StoredArtifact};
use crate::db::audit::{self, AuditRecord};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::jobs::{self, Job, Lane};
use crate::db::tombstones::{self, Tombstone};
use crate::db::{Db, DbError, Tx, Write, content_objects, keeping, upload_sessions};
use crate::jobs::JobError;

/// The job that removes what was deleted long enough ago.
pub const PURGE: &str = "artifact.purge";

/// What deleting is done with. A clone is the same.
#[derive(Clone)]
pub struct Retention {
    db: Db,
    content: ContentStore,
    clock: Clock,
    trash: Duration,
}

/// Who asks for it, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// The calling application.
    pub application_id: Option<String>,
    /// The signed-in user.
    pub user_id: Option<String>,
    /// Who, at the command line.
    pub at_command_line: Option<String>,
    /// `request-id` of the answer.
    pub request_id: String,
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as was asked for, now or before.
    Done,
    /// It may not be deleted.
    OnLegalHold,
    /// There is no such thing, or not any more.
    NotThere,
}

impl Retention {
    /// Deletes from that store, for good after `trash`.
    pub fn new(db: Db, content: ContentStore, clock: Clock, trash: Duration) -> Self {
        Self {
            db,
            content,
            clock,
            trash,
        }
    }

    /// The same for another runtime thread.
    #[must_use]
    pub fn with_stores(&self, db: Db, content: ContentStore) -> Self {
        Self {
            db,
            content,
            ..self.clone()
        }
    }

    /// Deletes an artifact. One that is deleted already stays so, and is removed when it would have been.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn delete(&self, kind: ArtifactKind, id: &str, actor: Actor) -> Result<Outcome, DbError> {
        let now = self.clock.now();
        let delete = Delete {
            kind,
            id: id.to_owned(),
            actor,
            now,
            due: now.plus(self.trash),
        };
        self.db.write(delete).await
    }

    /// Takes a deletion back, as long as that is possible.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn restore(&self, kind: ArtifactKind, id: &str, actor: Actor) -> Result<Outcome, DbError> {
        let restore = Restore {
            kind,
            id: id.to_owned(),
            actor,
            now: self.clock.now(),
        };
        self.db.write(restore).await
    }

    /// Puts an artifact on legal hold, so that nobody deletes it and nothing removes it; or takes it off. What is deleted
    /// already can still be brought back then.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn hold(
        &self,
        (kind, id): (ArtifactKind, &str),
        is_held: bool,
        actor: Actor,
    ) -> Result<Outcome, DbError> {
        let hold = Hold {
            kind,
            id: id.to_owned(),
            is_held,
            actor,
            now: self.clock.now(),
            trash: self.trash,
        };
        self.db.write(hold).await
    }

    /// The job that removes what was deleted long enough ago.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn purge_job(&self, job: &Job) -> Result<(), JobError> {
        let Some((kind, id)) = ArtifactKind::of_subject(&job.subject) else {
            return Ok(());
        };
        let purge = Purge {
            kind,
            id: id.to_owned(),
            now: self.clock.now(),
        };
        self.db.write(purge).await?;
        Ok(())
    }

    /// The job that removes the bytes of what is gone.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn remove_content_job(&self, job: &Job) -> Result<(), JobError> {
        match ContentKey::from_row(&job.subject) {
            Some(key) => Ok(self.content.remove(&key).await?),
            None => Ok(()),
        }
    }
}

impl Actor {
    fn record(self, operation: &str, stored: &StoredArtifact, now: Ticks) -> AuditRecord {
        AuditRecord {
            application_id: self.application_id,
            user_id: self.user_id,
            actor: self.at_command_line,
            request_id: self.request_id,
            ..AuditRecord::of_artifact(operation, stored.kind, &stored.artifact, now)
        }
    }
}

/// Leaves it to be done that what was deleted is removed at `due`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn purge_later(
    tx: &mut Tx<'_>,
    (kind, id): (ArtifactKind, &str),
    (due, now): (Ticks, Ticks),
) -> Result<(), DbError> {
    jobs::enqueue(tx, (Lane::Quick, PURGE), &kind.subject(id), (due, now)).await
}

/// What is told of a change.
fn change(stored: &StoredArtifact, change: ChangeType, at: Ticks) -> Change<'_> {
    Change {
        kind: stored.kind,
        artifact: &stored.artifact,
        change,
        at,
        announce: true,
    }
}

#[derive(Clone)]
struct Delete {
    kind: ArtifactKind,
    id: String,
    actor: Actor,
    now: Ticks,
    due: Ticks,
}

impl Write for Delete {
    type Output = Outcome;
    type Error = DbError;

    /// Deleted twice it is deleted once.
    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Outcome, DbError> {
        let Some(mut stored) = artifacts::find_stored(tx, self.kind, &self.id).await? else {
            let gone = tombstones::deleted(tx, &tombstones::digest(self.kind, &self.id)).await?;
            return Ok(gone.map_or(Outcome::NotThere, |_| Outcome::Done));
        };
        if stored.legal_hold {
            return Ok(Outcome::OnLegalHold);
        }
        if stored.deleted.is_some() {
            return Ok(Outcome::Done);
        }
        let was_shown = stored.is_ready();
        stored.deleted = Some(self.now);
        keeping::set_deleted(tx, &stored).await?;
        purge_later(tx, (self.kind, &self.id), (self.due, self.now)).await?;
        let operation = format!("{}.delete", self.kind.text());
        audit::append(tx, &self.actor.record(&operation, &stored, self.now)).await?;
        if was_shown {
            changes::append(tx, &[change(&stored, ChangeType::Deleted, self.now)]).await?;
        }
        Ok(Outcome::Done)
    }
}

#[derive(Clone)]
struct Restore {
    kind: ArtifactKind,
    id: String,
    actor: Actor,
    now: Ticks,
}

impl Write for Restore {
    type Output = Outcome;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Outcome, DbError> {
        let Some(mut stored) = artifacts::find_stored(tx, self.kind, &self.id).await? else {
            return Ok(Outcome::NotThere);
        };
        if stored.deleted.is_none() {
            return Ok(Outcome::Done);
        }
        stored.deleted = None;
        keeping::set_deleted(tx, &stored).await?;
        jobs::cancel(tx, PURGE, &self.kind.subject(&self.id)).await?;
        let operation = format!("{}.restore", self.kind.text());
        audit::append(tx, &self.actor.record(&operation, &stored, self.now)).await?;
        if stored.is_ready() {
            changes::append(tx, &[change(&stored, ChangeType::Created, self.now)]).await?;
        }
        Ok(Outcome::Done)
    }
}

#[derive(Clone)]
struct Hold {
    kind: ArtifactKind,
    id: String,
    is_held: bool,
    actor: Actor,
    now: Ticks,
    trash: Duration,
}

impl Write for Hold {
    type Output = Outcome;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Outcome, DbError> {
        let Some(stored) = artifacts::find_stored(tx, self.kind, &self.id).await? else {
            return Ok(Outcome::NotThere);
        };
        if stored.legal_hold == self.is_held {
            return Ok(Outcome::Done);
        }
        keeping::set_hold(tx, self.kind, &self.id, self.is_held).await?;
        if let Some(deleted) = stored.deleted.filter(|_| !self.is_held) {
            // Its removal may have come due while it was held, and was passed over.
            let due = deleted.plus(self.trash).max(self.now);
            purge_later(tx, (self.kind, &self.id), (due, self.now)).await?;
        }
        let word = if self.is_held { "hold" } else { "unhold" };
        let operation = format!("{}.{word}", self.kind.text());
        audit::append(tx, &self.actor.record(&operation, &stored, self.now)).await?;
        Ok(Outcome::Done)
    }
}

#[derive(Clone)]
struct Purge {
    kind: ArtifactKind,
    id: String,
    now: Ticks,
}

impl Write for Purge {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let Some(stored) = artifacts::find_stored(tx, self.kind, &self.id).await? else {
            return Ok(());
        };
        // What has been restored, or put on hold, meanwhile stays.
        let Some(deleted) = stored.deleted.filter(|_| !stored.legal_hold) else {
            return Ok(());
        };
        let (source, _) = keeping::origin(tx, self.kind, &self.id).await?;
        let tenant = &stored.artifact.tenant_id;
        let tombstone = Tombstone {
            kind: self.kind,
            digest: tombstones::digest(self.kind, &self.id),
            source_digest: source
                .as_ref()
                .map(|source| tombstones::source_digest(tenant, source, self.kind)),
            deleted,
            removed: self.now,
        };
        if let Some(source) = &source {
            upload_sessions::forget(tx, tenant, source, self.kind).await?;
        }
        artifacts::remove(tx, self.kind, &self.id).await?;
        for key in [&stored.content_key, &stored.metadata_key].into_iter().flatten() {
            content_objects::remove(tx, key, self.now).await?;
        }
        tombstones::put(tx, &tombstone).await?;
        let record = Actor::default().record(&format!("{}.purge", self.kind.text()), &stored, self.now);
        audit::append(tx, &record).await
    }
}
