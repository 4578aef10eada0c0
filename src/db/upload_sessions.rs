//! Upload sessions: content that arrives in slices, and what it is to become.

use std::collections::HashSet;

use super::artifacts::ArtifactKind;
use super::jobs::{self, Lane};
use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// Where something comes from: the same once again is nothing new.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// Which system.
    pub system: String,
    /// How that system names it.
    pub id: String,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Bytes are coming, or have all come and are being looked at.
    Open,
    /// The whole is not what was announced. It is kept to be looked at.
    Failed,
    /// It has become an artifact.
    Finished,
}

impl SessionState {
    /// The word of the column.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Failed => "failed",
            Self::Finished => "finished",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Failed, Self::Finished]
            .into_iter()
            .find(|state| state.text() == text)
    }
}

/// An upload session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadSession {
    /// Its id, a GUID.
    pub id: String,
    /// Tenant of what is uploaded.
    pub tenant_id: String,
    /// The application that uploads.
    pub application_id: Option<String>,
    /// The signed-in user who does.
    pub user_id: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// What it becomes.
    pub kind: ArtifactKind,
    /// What was asked for, as JSON.
    pub request: String,
    /// Length of the whole.
    pub size_bytes: i64,
    /// SHA-256 of the whole in hex, where it was announced.
    pub sha256: Option<String>,
    /// How far it is.
    pub state: SessionState,
    /// Why it has failed.
    pub fault: Option<String>,
    /// So many bytes are durable.
    pub received_bytes: i64,
    /// What the content store has of it, as JSON.
    pub partial: String,
    /// What it has become.
    pub artifact_id: Option<String>,
    /// When it began.
    pub created: Ticks,
    /// When it ends, unless it goes on.
    pub expires: Ticks,
}

impl UploadSession {
    /// Whether all bytes are here.
    pub fn is_complete(&self) -> bool {
        self.received_bytes == self.size_bytes
    }
}

const STORED: &str = "
    SELECT id, tenant_id, application_id, user_id, source_system, source_id, kind, request, size_bytes, sha256, state,
           fault, received_bytes, partial, artifact_id, created_ticks, expires_ticks
    FROM upload_sessions";

fn read(row: &Row<'_>) -> Result<UploadSession, DbError> {
    Ok(UploadSession {
        id: row.text(0)?,
        tenant_id: row.text(1)?,
        application_id: row.text_or_null(2)?,
        user_id: row.text_or_null(3)?,
        source: Source {
            system: row.text(4)?,
            id: row.text(5)?,
        },
        kind: row.parsed(6, ArtifactKind::parse)?,
        request: row.text(7)?,
        size_bytes: row.int(8)?,
        sha256: row.text_or_null(9)?,
        state: row.parsed(10, SessionState::parse)?,
        fault: row.text_or_null(11)?,
        received_bytes: row.int(12)?,
        partial: row.text(13)?,
        artifact_id: row.text_or_null(14)?,
        created: row.ticks(15)?,
        expires: row.ticks(16)?,
    })
}

/// The session of that id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<UploadSession>, DbError> {
    let sql = format!("{STORED} WHERE id = ?1");
    db.row(&sql, &[id.into()], read).await
}

/// The session of that tenant for what comes from there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_source(
    db: &mut Session,
    tenant: &str,
    source: &Source,
    kind: ArtifactKind,
) -> Result<Option<UploadSession>, DbError> {
    let sql =
        format!("{STORED} WHERE tenant_id = ?1 AND source_system = ?2 AND source_id = ?3 AND kind = ?4");
    let values = [
        tenant.into(),
        (&source.system).into(),
        (&source.id).into(),
        kind.text().into(),
    ];
    db.row(&sql, &values, read).await
}

/// Sessions that ended before an instant, the oldest first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn expired(db: &mut Session, before: Ticks, limit: i64) -> Result<Vec<UploadSession>, DbError> {
    let sql = format!("{STORED} WHERE expires_ticks < ?1 ORDER BY expires_ticks, id LIMIT ?2");
    db.rows(&sql, &[before.into(), limit.into()], read).await
}

/// Ids of all sessions: what the content store has of them is not to be swept.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn ids(db: &mut Session) -> Result<HashSet<String>, DbError> {
    const SQL: &str = "
        SELECT id
        FROM upload_sessions
        WHERE expires_ticks > ?1
        ORDER BY expires_ticks, id";
    let ids = db.rows(SQL, &[Ticks(i64::MIN).into()], |row| row.text(0)).await?;
    Ok(ids.into_iter().collect())
}

/// Begins a session, unless there is one for the same source already.
#[derive(Clone)]
pub struct Begin(pub UploadSession);

impl Write for Begin {
    /// The session that counts.
    type Output = UploadSession;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<UploadSession, DbError> {
        const SQL: &str = "
            INSERT INTO upload_sessions (id, tenant_id, application_id, user_id, source_system, source_id, kind, request,
                                         size_bytes, sha256, state, received_bytes, partial, worker_until_ticks,
                                         created_ticks, expires_ticks)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, ?14, ?15)
            ON CONFLICT (tenant_id, source_system, source_id, kind) DO NOTHING";
        let session = self.0;
        let values = [
            (&session.id).into(),
            (&session.tenant_id).into(),
            (&session.application_id).into(),
            (&session.user_id).into(),
            (&session.source.system).into(),
            (&session.source.id).into(),
            session.kind.text().into(),
            (&session.request).into(),
            session.size_bytes.into(),
            (&session.sha256).into(),
            session.state.text().into(),
            session.received_bytes.into(),
            (&session.partial).into(),
            session.created.into(),
            session.expires.into(),
        ];
        if tx.execute(SQL, &values).await? == 1 {
            return Ok(session);
        }
        let other = find_by_source(tx, &session.tenant_id, &session.source, session.kind).await?;
        other.ok_or_else(|| DbError::Conflict("upload_sessions.source".to_owned()))
    }
}

/// Takes a session to write to it, unless somebody else is writing.
#[derive(Clone)]
pub struct Take {
    /// Which.
    pub id: String,
    /// Who.
    pub worker: String,
    /// The present.
    pub now: Ticks,
    /// Until when at the latest, unless it is taken again.
    pub until: Ticks,
}

impl Write for Take {
    /// The session as it is now; `None` where somebody else has it, or it is gone.
    type Output = Option<UploadSession>;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Option<UploadSession>, DbError> {
        const SQL: &str = "
            UPDATE upload_sessions
            SET worker = ?2,
                worker_until_ticks = ?4
            WHERE id = ?1
              AND (worker IS NULL OR worker = ?2 OR worker_until_ticks < ?3)";
        let values = [
            (&self.id).into(),
            (&self.worker).into(),
            self.now.into(),
            self.until.into(),
        ];
        match tx.execute(SQL, &values).await? {
            0 => Ok(None),
            _ => find(tx, &self.id).await,
        }
    }
}

/// Writes down how far a session has come, and lets go of it. Where all bytes are here, what is left to be done is a job of
/// this commit.
#[derive(Clone)]
pub struct Advance {
    /// Which.
    pub id: String,
    /// Who had taken it.
    pub worker: String,
    /// So many bytes are durable; `None`: no more than before.
    pub progress: Option<(i64, String)>,
    /// The present.
    pub now: Ticks,
    /// When it ends, unless it goes on.
    pub expires: Ticks,
    /// The job that is left to be done when all bytes are here.
    pub job: &'static str,
}

impl Write for Advance {
    /// The session as it is now; `None` where it is not the worker's any more.
    type Output = Option<UploadSession>;
    type Error = DbError;

    /// A worker that has let go of it does not have it a second time.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Option<UploadSession>, DbError> {
        const PROGRESS: &str = "
            UPDATE upload_sessions
            SET received_bytes = ?3,
                partial = ?4,
                expires_ticks = ?5
            WHERE id = ?1
              AND worker = ?2";
        const LET_GO: &str = "
            UPDATE upload_sessions
            SET worker = NULL,
                worker_until_ticks = 0
            WHERE id = ?1
              AND worker = ?2";
        let (id, worker) = ((&self.id).into(), (&self.worker).into());
        let advanced = self.progress.is_some();
        if let Some((received, partial)) = &self.progress {
            let values = [
                id,
                worker,
                (*received).into(),
                partial.into(),
                self.expires.into(),
            ];
            tx.execute(PROGRESS, &values).await?;
        }
        if tx.execute(LET_GO, &[id, worker]).await? == 0 {
            return Ok(None);
        }
        let session = find(tx, &self.id).await?;
        if let Some(session) = session
            .as_ref()
            .filter(|session| advanced && session.is_complete())
        {
            jobs::enqueue(tx, (Lane::Quick, self.job), &session.id, (self.now, self.now)).await?;
        }
        Ok(session)
    }
}

/// Writes down why a session has failed.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn fail(tx: &mut Tx<'_>, id: &str, fault: &str) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE upload_sessions
        SET state = 'failed',
            fault = ?2
        WHERE id = ?1
          AND state = 'open'";
    tx.execute(SQL, &[id.into(), fault.into()]).await.map(|_| ())
}

/// Writes down what a session has become.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn finish(tx: &mut Tx<'_>, id: &str, artifact: &str) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE upload_sessions
        SET state = 'finished',
            artifact_id = ?2
        WHERE id = ?1
          AND state = 'open'";
    tx.execute(SQL, &[id.into(), artifact.into()]).await.map(|_| ())
}

/// Removes a session that nobody writes to. Its bytes are removed after the commit; what a crash leaves of them is swept.
#[derive(Clone)]
pub struct Remove {
    /// Which.
    pub id: String,
    /// The present.
    pub now: Ticks,
    /// Only where it ended before then.
    pub expired_before: Option<Ticks>,
}

impl Write for Remove {
    /// Whether it was there and is gone.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const SQL: &str = "
            DELETE FROM upload_sessions
            WHERE id = ?1
              AND expires_ticks < ?2
              AND (worker IS NULL OR worker_until_ticks < ?3)";
        let before = self.expired_before.unwrap_or(Ticks(i64::MAX));
        let values = [(&self.id).into(), before.into(), self.now.into()];
        Ok(tx.execute(SQL, &values).await? == 1)
    }
}

/// Forgets all that is known of where something came from but the thing itself: its session, and the file that was imported.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn forget(
    tx: &mut Tx<'_>,
    tenant: &str,
    source: &Source,
    kind: ArtifactKind,
) -> Result<(), DbError> {
    const SESSION: &str = "
        DELETE FROM upload_sessions
        WHERE tenant_id = ?1
          AND source_system = ?2
          AND source_id = ?3
          AND kind = ?4";
    const FILE: &str = "
        DELETE FROM imported_files
        WHERE tenant_id = ?1
          AND source_system = ?2
          AND source_id = ?3
          AND kind = ?4";
    let values = [
        tenant.into(),
        (&source.system).into(),
        (&source.id).into(),
        kind.text().into(),
    ];
    for sql in [SESSION, FILE] {
        tx.execute(sql, &values).await?;
    }
    Ok(())
}
