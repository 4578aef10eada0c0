//! Looks at all content, or at a part of it: how far each has come, and what it has found.

use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// A look at content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyRun {
    /// Its id; later ones sort later.
    pub id: String,
    /// Which part, from 1,
    pub part: i64,
    /// of how many.
    pub parts: i64,
    /// When it began.
    pub begun: Ticks,
    /// When it ended.
    pub finished: Option<Ticks>,
    /// The key that was looked at last.
    pub after_key: String,
    /// How many objects were looked at.
    pub checked_objects: i64,
    /// How many bytes they have.
    pub checked_bytes: i64,
    /// What is not as it should be, as a JSON array.
    pub findings: String,
}

const STORED: &str = "
    SELECT id, part, parts, begun_ticks, finished_ticks, after_key, checked_objects, checked_bytes, findings
    FROM verify_runs";

fn read(row: &Row<'_>) -> Result<VerifyRun, DbError> {
    Ok(VerifyRun {
        id: row.text(0)?,
        part: row.int(1)?,
        parts: row.int(2)?,
        begun: row.ticks(3)?,
        finished: row.ticks_or_null(4)?,
        after_key: row.text(5)?,
        checked_objects: row.int(6)?,
        checked_bytes: row.int(7)?,
        findings: row.text(8)?,
    })
}

/// The newest looks, the newest first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn newest(db: &mut Session, limit: i64) -> Result<Vec<VerifyRun>, DbError> {
    let sql = format!("{STORED} WHERE begun_ticks > ?1 ORDER BY begun_ticks DESC, id DESC LIMIT ?2");
    let all = Ticks(i64::MIN);
    db.rows(&sql, &[all.into(), limit.into()], read).await
}

/// Writes down how far a look has come.
#[derive(Clone)]
pub struct Put(pub VerifyRun);

impl Write for Put {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            INSERT INTO verify_runs (id, part, parts, begun_ticks, finished_ticks, after_key, checked_objects,
                                     checked_bytes, findings)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (id) DO UPDATE
            SET finished_ticks = excluded.finished_ticks,
                after_key = excluded.after_key,
                checked_objects = excluded.checked_objects,
                checked_bytes = excluded.checked_bytes,
                findings = excluded.findings";
        let run = &self.0;
        let values = [
            (&run.id).into(),
            run.part.into(),
            run.parts.into(),
            run.begun.into(),
            run.finished.into(),
            (&run.after_key).into(),
            run.checked_objects.into(),
            run.checked_bytes.into(),
            (&run.findings).into(),
        ];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}
