//! Changes: what appeared and what went, in the order in which readers may see it.

use super::artifacts::{self, Artifact, ArtifactKind};
use super::sql::Sql;
use super::{DbError, Session, Tx};
use crate::clock::Ticks;

/// What has become of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeType {
    /// It can be seen now.
    Created,
    /// It cannot be seen any more.
    Deleted,
}

impl ChangeType {
    /// The word of the column.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Deleted => "deleted",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Created, Self::Deleted]
            .into_iter()
            .find(|change| change.text() == text)
    }
}

/// Something that is to be written down.
#[derive(Debug)]
pub struct Change<'a> {
    /// Recording or transcript.
    pub kind: ArtifactKind,
    /// Of which.
    pub artifact: &'a Artifact,
    /// What has become of it.
    pub change: ChangeType,
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
        INSERT INTO changes (number, tenant_id, kind, artifact_id, change_type, changed_ticks, announce, owner_id,
                             meeting_id, adhoc_call_id, created_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(());
    }
    let last = tx
        .row(TAKE, &[count.into()], |row| row.int(0))
        .await?
        .ok_or(DbError::Foreign)?;
    for (number, change) in (last - count + 1..).zip(changes) {
        let artifact = change.artifact;
        let values = [
            number.into(),
            (&artifact.tenant_id).into(),
            change.kind.text().into(),
            (&artifact.id).into(),
            change.change.text().into(),
            change.at.into(),
            change.announce.into(),
            (&artifact.owner_id).into(),
            artifact.parent.meeting().into(),
            artifact.parent.adhoc_call().into(),
            artifact.created.into(),
        ];
        tx.execute(INSERT, &values).await?;
    }
    Ok(())
}

/// The number of the newest change; 0 before the first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn newest(db: &mut Session) -> Result<i64, DbError> {
    const SQL: &str = "
        SELECT last
        FROM change_counter
        WHERE id = 1";
    db.row(SQL, &[], |row| row.int(0)).await?.ok_or(DbError::Foreign)
}

/// A change as a feed shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: i64,
    /// What has become of the artifact.
    pub change: ChangeType,
    /// Which it is.
    pub artifact_id: String,
    /// When the artifact began.
    pub created: Ticks,
    /// The artifact, where it can be seen now.
    pub artifact: Option<Artifact>,
}

/// Runs the statement of a feed's page: number, change_type, artifact_id, created_ticks, whether it can be seen, and the columns of an
/// artifact.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(db: &mut Session, sql: &Sql) -> Result<Vec<Seen>, DbError> {
    db.rows(sql.text(), &sql.values(), |row| {
        Ok(Seen {
            number: row.int(0)?,
            change: row.parsed(1, ChangeType::parse)?,
            artifact_id: row.text(2)?,
            created: row.ticks(3)?,
            artifact: match row.bool(4)? {
                true => Some(artifacts::read_at(row, 5)?),
                false => None,
            },
        })
    })
    .await
}
