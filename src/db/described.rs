//! What has to be described anew in the content store, left as jobs of the commit that changes it.

use super::artifacts::{self, ArtifactKind};
use super::{DbError, Session, Tx, Write, tenants};
use crate::clock::Ticks;

/// The job that describes an artifact; its subject is [`ArtifactKind::subject`].
pub const ARTIFACT: &str = "tree.artifact";
/// The job that describes a tenant with its people; its subject is its id.
pub const TENANT: &str = "tree.tenant";

/// Artifacts that are read at a time.
const PAGE: i64 = 500;

/// An artifact has changed.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn artifact(tx: &mut Tx<'_>, kind: ArtifactKind, id: &str) -> Result<(), DbError> {
    one(tx, ARTIFACT, &kind.subject(id)).await
}

/// A tenant or one of its people has changed.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn tenant(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    one(tx, TENANT, id).await
}

/// What the row of a tenant that this database has described is called.
fn known(tenant: &str) -> String {
    format!("tree.tenant.{tenant}")
}

/// Whether this database has described a tenant, or was filled from what describes it.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn is_known(db: &mut Session, tenant: &str) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT name
        FROM store
        WHERE name = ?1";
    let name = known(tenant);
    Ok(db.row(SQL, &[(&name).into()], |row| row.text(0)).await?.is_some())
}

/// From now on this database leads, and what describes the tenant follows.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn know(tx: &mut Tx<'_>, tenant: &str) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO store (name, value)
        VALUES (?1, '1')
        ON CONFLICT DO NOTHING";
    let name = known(tenant);
    tx.execute(SQL, &[(&name).into()]).await.map(|_| ())
}

/// [`know`], by itself.
#[derive(Clone)]
pub struct Know(pub String);

impl Write for Know {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        know(tx, &self.0).await
    }
}

/// A user has changed: the tenant is described anew.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn tenant_of(tx: &mut Tx<'_>, user: &str) -> Result<(), DbError> {
    const SQL: &str = "
        SELECT tenant_id
        FROM users
        WHERE id = ?1";
    match tx.row(SQL, &[user.into()], |row| row.text(0)).await? {
        Some(id) => tenant(tx, &id).await,
        None => Ok(()),
    }
}

/// The step of the schema that describes.
pub const SINCE: i64 = 6;

/// All tenants and artifacts are described anew: the database has been filled from a backup. Where the store knows people who have
/// come since, it is not made to forget them.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn everything(tx: &mut Tx<'_>) -> Result<(), DbError> {
    for id in tenants::ids(tx).await? {
        tenant(tx, &id).await?;
        for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
            let mut after = (Ticks(i64::MIN), String::new());
            loop {
                let place = (after.0, after.1.as_str());
                let page = artifacts::list_stored(tx, kind, &id, place, PAGE).await?;
                let Some(last) = page.last() else { break };
                let own = &last.stored.artifact;
                after = (own.created, own.id.clone());
                for listed in page {
                    artifact(tx, kind, &listed.stored.artifact.id).await?;
                }
            }
        }
    }
    Ok(())
}

/// The names of a user have changed: all that is theirs, or was recorded while they took part, is described anew.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn user(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    const ORGANIZED: &str = "
        SELECT id
        FROM online_meetings
        WHERE organizer_id = ?1
        ORDER BY organizer_id, id";
    const CALLED: &str = "
        SELECT id
        FROM adhoc_calls
        WHERE user_id = ?1
        ORDER BY user_id, id";
    const TOOK_PART: &str = "
        SELECT meeting_id
        FROM meeting_participants
        WHERE user_id = ?1
        ORDER BY user_id, meeting_id";
    for sql in [ORGANIZED, TOOK_PART] {
        for meeting in tx.rows(sql, &[id.into()], |row| row.text(0)).await? {
            self::meeting(tx, &meeting).await?;
        }
    }
    for call in tx.rows(CALLED, &[id.into()], |row| row.text(0)).await? {
        self::call(tx, &call).await?;
    }
    Ok(())
}

async fn one(tx: &mut Tx<'_>, name: &str, subject: &str) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
        VALUES (?1, ?2, 'tree', ?3, 0, 0, 0, 0, 0)
        ON CONFLICT (name, subject) DO UPDATE
        SET due_ticks = 0,
            version = jobs.version + 1,
            attempts = 0,
            failures = 0,
            worker = NULL";
    let id = format!("{name}:{subject}");
    tx.execute(SQL, &[(&id).into(), name.into(), subject.into()])
        .await
        .map(|_| ())
}

/// A meeting has changed: all that was recorded in it is described anew.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn meeting(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
        SELECT ?1 || ':' || kind || ':' || id, ?1, 'tree', kind || ':' || id, 0, 0, 0, 0, 0
        FROM artifacts
        WHERE meeting_id = ?2
        ON CONFLICT (name, subject) DO UPDATE
        SET due_ticks = 0,
            version = jobs.version + 1,
            attempts = 0,
            failures = 0,
            worker = NULL";
    tx.execute(SQL, &[ARTIFACT.into(), id.into()]).await.map(|_| ())
}

/// A call has changed: all that was recorded in it is described anew.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn call(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
        SELECT ?1 || ':' || kind || ':' || id, ?1, 'tree', kind || ':' || id, 0, 0, 0, 0, 0
        FROM artifacts
        WHERE adhoc_call_id = ?2
        ON CONFLICT (name, subject) DO UPDATE
        SET due_ticks = 0,
            version = jobs.version + 1,
            attempts = 0,
            failures = 0,
            worker = NULL";
    tx.execute(SQL, &[ARTIFACT.into(), id.into()]).await.map(|_| ())
}
