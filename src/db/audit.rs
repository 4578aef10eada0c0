//! Audit records: who was given which bytes.

use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;
use crate::db::artifacts::{Artifact, ArtifactKind};
use crate::ids;

/// One answer that carried content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its id; later ones sort later.
    pub id: String,
    /// When.
    pub at: Ticks,
    /// Tenant of the caller and of the artifact.
    pub tenant_id: String,
    /// The calling application.
    pub application_id: Option<String>,
    /// The signed-in user; `None` for an application on its own.
    pub user_id: Option<String>,
    /// Who has done it at the command line.
    pub actor: Option<String>,
    /// What was done: `content.read`, `recording.delete`, ….
    pub operation: String,
    /// Recording or transcript.
    pub kind: ArtifactKind,
    /// Id of the artifact.
    pub artifact_id: String,
    /// Id of its meeting.
    pub meeting_id: Option<String>,
    /// First byte of the answer, from 0.
    pub first_byte: i64,
    /// Last byte of the answer, inclusive; -1 where the content is empty.
    pub last_byte: i64,
    /// `request-id` of the answer.
    pub request_id: String,
}

/// Appends a record, once: its id is nobody else's.
pub struct Append(pub AuditRecord);

impl AuditRecord {
    /// What somebody has done with an artifact, no bytes of whose content were given out.
    pub fn of_artifact(operation: &str, kind: ArtifactKind, artifact: &Artifact, at: Ticks) -> Self {
        Self {
            id: ids::time_ordered(),
            at,
            tenant_id: artifact.tenant_id.clone(),
            application_id: None,
            user_id: None,
            actor: None,
            operation: operation.to_owned(),
            kind,
            artifact_id: artifact.id.clone(),
            meeting_id: artifact.parent.meeting().map(ToOwned::to_owned),
            first_byte: 0,
            last_byte: -1,
            request_id: String::new(),
        }
    }
}

impl Write for Append {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(Self(self.0.clone()))
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        append(tx, &self.0).await
    }
}

/// Appends a record, once: its id is nobody else's.
///
/// # Errors
/// [`DbError::Conflict`] where there is another one of its id.
pub async fn append(tx: &mut Tx<'_>, record: &AuditRecord) -> Result<(), DbError> {
    const SQL: &str = "
            INSERT INTO audit_records (id, recorded_ticks, tenant_id, application_id, user_id, operation, kind,
                                       artifact_id, meeting_id, first_byte, last_byte, request_id, actor)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (id) DO NOTHING";
    let values = [
        (&record.id).into(),
        record.at.into(),
        (&record.tenant_id).into(),
        (&record.application_id).into(),
        (&record.user_id).into(),
        (&record.operation).into(),
        record.kind.text().into(),
        (&record.artifact_id).into(),
        (&record.meeting_id).into(),
        record.first_byte.into(),
        record.last_byte.into(),
        (&record.request_id).into(),
        (&record.actor).into(),
    ];
    if tx.execute(SQL, &values).await? == 1 {
        return Ok(());
    }
    // Written before, by an attempt whose answer was lost; anything else under that id is not this record.
    let found = tx.row(FIND, &[(&record.id).into()], read).await?;
    match found.as_ref() == Some(record) {
        true => Ok(()),
        false => Err(DbError::Conflict("audit_records.id".to_owned())),
    }
}

const FIND: &str = "
    SELECT id, recorded_ticks, tenant_id, application_id, user_id, operation, kind, artifact_id, meeting_id,
           first_byte, last_byte, request_id, actor
    FROM audit_records
    WHERE id = ?1";

fn read(row: &Row<'_>) -> Result<AuditRecord, DbError> {
    Ok(AuditRecord {
        id: row.text(0)?,
        at: row.ticks(1)?,
        tenant_id: row.text(2)?,
        application_id: row.text_or_null(3)?,
        user_id: row.text_or_null(4)?,
        operation: row.text(5)?,
        kind: row.parsed(6, ArtifactKind::parse)?,
        artifact_id: row.text(7)?,
        meeting_id: row.text_or_null(8)?,
        first_byte: row.int(9)?,
        last_byte: row.int(10)?,
        request_id: row.text(11)?,
        actor: row.text_or_null(12)?,
    })
}

/// The `limit` newest records since `since`, newest first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn newest(db: &mut Session, since: Ticks, limit: i64) -> Result<Vec<AuditRecord>, DbError> {
    const SQL: &str = "
        SELECT id, recorded_ticks, tenant_id, application_id, user_id, operation, kind, artifact_id, meeting_id,
               first_byte, last_byte, request_id, actor
        FROM audit_records
        WHERE recorded_ticks >= ?1
        ORDER BY recorded_ticks DESC, id DESC
        LIMIT ?2";
    db.rows(SQL, &[since.into(), limit.into()], read).await
}
