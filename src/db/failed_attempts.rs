//! Wrong passwords and secrets, counted for each account and the network that they came from, so that guessing is slow and
//! nobody else is kept out.

use super::{DbError, Session, Tx, Write};
use crate::clock::Ticks;

/// Wrong attempts on one account from one network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many there were since the last right one.
    pub count: i64,
    /// When the last one was.
    pub last: Ticks,
}

/// The wrong attempts on `subject` from `address`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, subject: &str, address: &str) -> Result<Option<Failures>, DbError> {
    const SQL: &str = "
        SELECT failures, last_ticks
        FROM failed_attempts
        WHERE subject = ?1
          AND address = ?2";
    db.row(SQL, &[subject.into(), address.into()], |row| {
        Ok(Failures {
            count: row.int(0)?,
            last: row.ticks(1)?,
        })
    })
    .await
}

/// One more wrong attempt.
#[derive(Clone)]
pub struct Record {
    /// The account.
    pub subject: String,
    /// The network.
    pub address: String,
    /// The present instant.
    pub now: Ticks,
    /// Attempts before this are forgotten.
    pub forget_before: Ticks,
}

impl Write for Record {
    type Output = ();
    type Error = DbError;

    /// One too many does no harm.
    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            INSERT INTO failed_attempts (subject, address, failures, last_ticks)
            VALUES (?1, ?2, 1, ?3)
            ON CONFLICT (subject, address) DO UPDATE
            SET failures = CASE WHEN failed_attempts.last_ticks < ?4 THEN 1 ELSE failed_attempts.failures + 1 END,
                last_ticks = excluded.last_ticks";
        let values = [
            (&self.subject).into(),
            (&self.address).into(),
            self.now.into(),
            self.forget_before.into(),
        ];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}

/// A right attempt: the wrong ones before it are forgotten.
#[derive(Clone)]
pub struct Forget {
    /// The account.
    pub subject: String,
    /// The network.
    pub address: String,
}

impl Write for Forget {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            DELETE FROM failed_attempts
            WHERE subject = ?1
              AND address = ?2";
        tx.execute(SQL, &[(&self.subject).into(), (&self.address).into()])
            .await
            .map(|_| ())
    }
}
