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

async fn find(db: &mut Session, subject: &str, address: &str) -> Result<Option<Failures>, DbError> {
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

/// Counts an attempt as wrong before it is tried, so that many at once are as slow as one after the other.
#[derive(Clone)]
pub struct Count {
    /// The account.
    pub subject: String,
    /// The network.
    pub address: String,
    /// The present instant.
    pub now: Ticks,
    /// Attempts before this are forgotten.
    pub forget_before: Ticks,
    /// How long who has been wrong so often has to wait at an instant, in seconds.
    pub wait: fn(Failures, Ticks) -> Option<u32>,
}

impl Write for Count {
    /// `None`: it may be tried, and is counted. Else the seconds to wait, and nothing is counted.
    type Output = Option<u32>;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Option<u32>, DbError> {
        // Holds the row until the commit, so that one after the other looks and counts.
        const HOLD: &str = "
            INSERT INTO failed_attempts (subject, address, failures, last_ticks)
            VALUES (?1, ?2, 0, ?3)
            ON CONFLICT (subject, address) DO UPDATE
            SET failures = failed_attempts.failures";
        const SET: &str = "
            UPDATE failed_attempts
            SET failures = ?3,
                last_ticks = ?4
            WHERE subject = ?1
              AND address = ?2";
        let (subject, address) = (self.subject.as_str(), self.address.as_str());
        tx.execute(HOLD, &[subject.into(), address.into(), self.now.into()])
            .await?;
        let failures = find(tx, subject, address).await?.unwrap_or_default();
        let failures = match failures.last < self.forget_before {
            true => Failures::default(),
            false => failures,
        };
        if let Some(seconds) = (self.wait)(failures, self.now) {
            return Ok(Some(seconds));
        }
        let values = [
            subject.into(),
            address.into(),
            (failures.count + 1).into(),
            self.now.into(),
        ];
        tx.execute(SET, &values).await?;
        Ok(None)
    }
}

/// An attempt that was not wrong: it is not counted, and those before it still are.
#[derive(Clone)]
pub struct Uncount {
    /// The account.
    pub subject: String,
    /// The network.
    pub address: String,
}

impl Write for Uncount {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            UPDATE failed_attempts
            SET failures = failures - 1
            WHERE subject = ?1
              AND address = ?2
              AND failures > 0";
        tx.execute(SQL, &[(&self.subject).into(), (&self.address).into()])
            .await
            .map(|_| ())
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
