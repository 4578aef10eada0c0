//! Changes: what appeared, in the order in which readers may see it.

use super::{DbError, Tx};
use crate::clock::Ticks;
use crate::db::artifacts::ArtifactKind;

/// Something that appeared.
#[derive(Debug)]
pub struct Change<'a> {
    /// Tenant whose artifact it is.
    pub tenant_id: &'a str,
    /// Recording or transcript.
    pub kind: ArtifactKind,
    /// Its id.
    pub artifact_id: &'a str,
    /// When.
    pub at: Ticks,
    /// Whether subscribers are to be told.
    pub announce: bool,
}

/// Appends `changes`. Must be the last thing that a transaction does: from here to the commit nobody else can take
/// a number, so the order of the numbers is the order of the commits.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn append(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<(), DbError> {
    const TAKE: &str = "
        UPDATE change_counter
        SET last = last + ?1
        WHERE id = 1
        RETURNING last";
    const INSERT: &str = "
        INSERT INTO changes (number, tenant_id, kind, artifact_id, change_type, changed_ticks, announce)
        VALUES (?1, ?2, ?3, ?4, 'created', ?5, ?6)";
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let last = tx
        .row(TAKE, &[count.into()], |row| row.int(0))
        .await?
        .ok_or(DbError::Foreign)?;
    for (number, change) in (last - count + 1..).zip(changes) {
        let values = [
            number.into(),
            change.tenant_id.into(),
            change.kind.text().into(),
            change.artifact_id.into(),
            change.at.into(),
            change.announce.into(),
        ];
        tx.execute(INSERT, &values).await?;
    }
    Ok(())
}
