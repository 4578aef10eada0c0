//! What is known of artifacts beside what the API shows: where they come from, whether they are held back, and which content
//! is theirs.

use super::artifacts::{self, ArtifactKind, Parent, StoredArtifact};
use super::upload_sessions::Source;
use super::{DbError, Row, Session, Tx, described};
use crate::clock::Ticks;

/// The artifact of that tenant that comes from there, shown or not.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_source(
    db: &mut Session,
    tenant: &str,
    source: &Source,
    kind: ArtifactKind,
) -> Result<Option<StoredArtifact>, DbError> {
    const SQL: &str = "
        SELECT id
        FROM artifacts
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
    match db.row(SQL, &values, |row| row.text(0)).await? {
        Some(id) => artifacts::find_stored(db, kind, &id).await,
        None => Ok(None),
    }
}

/// Writes down where an artifact comes from.
///
/// # Errors
/// [`DbError::Conflict`] where another one of the tenant comes from there.
pub async fn set_source(
    tx: &mut Tx<'_>,
    kind: ArtifactKind,
    id: &str,
    source: &Source,
) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE artifacts
        SET source_system = ?3,
            source_id = ?4
        WHERE kind = ?1
          AND id = ?2";
    let values = [
        kind.text().into(),
        id.into(),
        (&source.system).into(),
        (&source.id).into(),
    ];
    tx.execute(SQL, &values).await?;
    described::artifact(tx, kind, id).await
}

/// Where an artifact comes from, and why its content is held back.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn origin(
    db: &mut Session,
    kind: ArtifactKind,
    id: &str,
) -> Result<(Option<Source>, Option<String>), DbError> {
    const SQL: &str = "
        SELECT source_system, source_id, quarantine_reason
        FROM artifacts
        WHERE kind = ?1
          AND id = ?2";
    let values = [kind.text().into(), id.into()];
    let found = db.row(SQL, &values, |row| {
        let source = row.text_or_null(0)?.zip(row.text_or_null(1)?);
        Ok((
            source.map(|(system, id)| Source { system, id }),
            row.text_or_null(2)?,
        ))
    });
    Ok(found.await?.unwrap_or_default())
}

/// What of a meeting or call has that `contentCorrelationId`, deleted ones included: its ids.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn list_correlated(
    db: &mut Session,
    kind: ArtifactKind,
    parent: &Parent,
    correlation: &str,
) -> Result<Vec<String>, DbError> {
    const OF_MEETING: &str = "
        SELECT id
        FROM artifacts
        WHERE meeting_id = ?1
          AND kind = ?2
          AND content_correlation_id = ?3";
    const OF_CALL: &str = "
        SELECT id
        FROM artifacts
        WHERE adhoc_call_id = ?1
          AND kind = ?2
          AND content_correlation_id = ?3";
    let (sql, parent) = match parent {
        Parent::Meeting(id) => (OF_MEETING, id),
        Parent::AdhocCall(id) => (OF_CALL, id),
    };
    let values = [parent.into(), kind.text().into(), correlation.into()];
    db.rows(sql, &values, |row| row.text(0)).await
}

/// Something whose content is held back: when it was made, and what it is.
pub type Held = (Ticks, ArtifactKind, String);

/// Artifacts whose content is held back, oldest first: at most `limit` after the place `after`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn list_quarantined(db: &mut Session, after: &Held, limit: i64) -> Result<Vec<Held>, DbError> {
    const SQL: &str = "
        SELECT created_ticks, kind, id
        FROM artifacts
        WHERE quarantined = TRUE
          AND (created_ticks, kind, id) > (?1, ?2, ?3)
        ORDER BY created_ticks, kind, id
        LIMIT ?4";
    let values = [
        after.0.into(),
        after.1.text().into(),
        (&after.2).into(),
        limit.into(),
    ];
    db.rows(SQL, &values, |row| {
        Ok((row.ticks(0)?, row.parsed(1, ArtifactKind::parse)?, row.text(2)?))
    })
    .await
}

/// Holds the content of an artifact back, or gives it free.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_quarantine(
    tx: &mut Tx<'_>,
    kind: ArtifactKind,
    id: &str,
    reason: Option<&str>,
) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE artifacts
        SET quarantined = ?3,
            quarantine_reason = ?4
        WHERE kind = ?1
          AND id = ?2";
    let values = [
        kind.text().into(),
        id.into(),
        reason.is_some().into(),
        reason.into(),
    ];
    tx.execute(SQL, &values).await?;
    described::artifact(tx, kind, id).await
}

/// Lets nobody delete an artifact, or lets them again.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_hold(tx: &mut Tx<'_>, kind: ArtifactKind, id: &str, is_held: bool) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE artifacts
        SET legal_hold = ?3
        WHERE kind = ?1
          AND id = ?2";
    tx.execute(SQL, &[kind.text().into(), id.into(), is_held.into()])
        .await?;
    described::artifact(tx, kind, id).await
}

/// Deletes an artifact, or takes that back: it is shown, or not, from here on.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_deleted(tx: &mut Tx<'_>, stored: &StoredArtifact) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE artifacts
        SET deleted_ticks = ?3,
            ready = ?4
        WHERE kind = ?1
          AND id = ?2";
    let values = [
        stored.kind.text().into(),
        (&stored.artifact.id).into(),
        stored.deleted.into(),
        stored.is_ready().into(),
    ];
    tx.execute(SQL, &values).await?;
    described::artifact(tx, stored.kind, &stored.artifact.id).await
}

/// What an object is content, metadata or the head of the content of.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn of_content(db: &mut Session, key: &str) -> Result<Option<(ArtifactKind, String)>, DbError> {
    const HEAD: &str = "
        SELECT content_key
        FROM content_objects
        WHERE head_key = ?1";
    const CONTENT: &str = "
        SELECT kind, id
        FROM artifacts
        WHERE content_key = ?1";
    const METADATA: &str = "
        SELECT kind, id
        FROM artifacts
        WHERE metadata_key = ?1";
    let headed = db.row(HEAD, &[key.into()], |row| row.text(0)).await?;
    let key = headed.as_deref().unwrap_or(key);
    for sql in [CONTENT, METADATA] {
        let read = |row: &Row<'_>| Ok((row.parsed(0, ArtifactKind::parse)?, row.text(1)?));
        if let Some(found) = db.row(sql, &[key.into()], read).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
