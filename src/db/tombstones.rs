//! Tombstones: that something was here, and is gone for good. Digests alone, so that nothing personal stays.

use super::artifacts::ArtifactKind;
use super::upload_sessions::Source;
use super::{DbError, Session, Tx};
use crate::clock::Ticks;
use crate::seal::{sha256, to_hex};

/// What stays of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// What it was.
    pub kind: ArtifactKind,
    /// Digest of its kind and id.
    pub digest: String,
    /// Digest of where it came from.
    pub source_digest: Option<String>,
    /// When it was deleted.
    pub deleted: Ticks,
    /// When it was removed.
    pub removed: Ticks,
}

/// The digest of an artifact.
pub fn digest(kind: ArtifactKind, id: &str) -> String {
    hex(&format!("{}\0{id}", kind.text()))
}

/// The digest of where an artifact came from.
pub fn source_digest(tenant: &str, source: &Source, kind: ArtifactKind) -> String {
    hex(&format!(
        "{tenant}\0{}\0{}\0{}",
        source.system,
        source.id,
        kind.text()
    ))
}

fn hex(text: &str) -> String {
    to_hex(&sha256(text.as_bytes()))
}

/// Puts a tombstone.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn put(tx: &mut Tx<'_>, tombstone: &Tombstone) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO tombstones (digest, kind, source_digest, deleted_ticks, removed_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (digest) DO NOTHING";
    let values = [
        (&tombstone.digest).into(),
        tombstone.kind.text().into(),
        (&tombstone.source_digest).into(),
        tombstone.deleted.into(),
        tombstone.removed.into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// When the artifact of that digest was deleted, if it is gone for good.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn deleted(db: &mut Session, digest: &str) -> Result<Option<Ticks>, DbError> {
    const SQL: &str = "
        SELECT deleted_ticks
        FROM tombstones
        WHERE digest = ?1";
    db.row(SQL, &[digest.into()], |row| row.ticks(0)).await
}

/// Whether what came from there is gone for good.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn is_gone(db: &mut Session, source_digest: &str) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT digest
        FROM tombstones
        WHERE source_digest = ?1
        LIMIT 1";
    let found = db.row(SQL, &[source_digest.into()], |row| row.text(0)).await?;
    Ok(found.is_some())
}
