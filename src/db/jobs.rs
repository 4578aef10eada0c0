//! Jobs: work that a commit has left to be done. A row is written in that commit, and goes when the work is done.
//!
//! Whoever takes a job moves its due time into the future, and moves it on while it works; a worker that dies lets go of it by
//! that alone. So a job may run twice, and has to come to the same.

use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;
use crate::ids;

/// A job that has been taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub name: String,
    /// With what.
    pub subject: String,
    /// How often it was left to be done.
    pub version: i64,
    /// How often it has been taken since, this time included.
    pub attempts: i64,
    /// How often it has failed.
    pub failures: i64,
}

impl Job {
    /// How often whoever took it has not come back.
    pub fn crashes(&self) -> i64 {
        self.attempts - self.failures - 1
    }
}

/// Leaves `name` to be done with `subject`, not before `due`. Where that is to be done already, it is done then.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn enqueue(
    tx: &mut Tx<'_>,
    (lane, name): (Lane, &str),
    subject: &str,
    (due, now): (Ticks, Ticks),
) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
        VALUES (?1, ?2, ?6, ?3, ?4, 0, 0, 0, ?5)
        ON CONFLICT (name, subject) DO UPDATE
        SET due_ticks = excluded.due_ticks,
            version = jobs.version + 1,
            failures = 0,
            attempts = 0,
            worker = NULL";
    let id = ids::time_ordered();
    let values = [
        (&id).into(),
        name.into(),
        subject.into(),
        due.into(),
        now.into(),
        lane.text().into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// Leaves `name` to be done with `subject`, unless it is to be done already.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn enqueue_once(
    tx: &mut Tx<'_>,
    (lane, name): (Lane, &str),
    subject: &str,
    (due, now): (Ticks, Ticks),
) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO jobs (id, name, lane, subject, due_ticks, version, attempts, failures, created_ticks)
        VALUES (?1, ?2, ?6, ?3, ?4, 0, 0, 0, ?5)
        ON CONFLICT (name, subject) DO NOTHING";
    let id = ids::time_ordered();
    let values = [
        (&id).into(),
        name.into(),
        subject.into(),
        due.into(),
        now.into(),
        lane.text().into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// Forgets what was to be done, if it was.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn cancel(tx: &mut Tx<'_>, name: &str, subject: &str) -> Result<(), DbError> {
    const SQL: &str = "
        DELETE FROM jobs
        WHERE name = ?1
          AND subject = ?2";
    tx.execute(SQL, &[name.into(), subject.into()]).await.map(|_| ())
}

/// Whether a job of that lane is due. To be asked first: it writes nothing.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn is_due(db: &mut Session, now: Ticks, lane: Lane) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT id
        FROM jobs
        WHERE lane = ?2
          AND due_ticks <= ?1
        ORDER BY due_ticks, id
        LIMIT 1";
    let values = [now.into(), lane.text().into()];
    Ok(db.row(SQL, &values, |row| row.text(0)).await?.is_some())
}

/// Takes the job that has been due the longest.
#[derive(Clone)]
pub struct TakeNext {
    /// Who takes it.
    pub worker: String,
    /// The present.
    pub now: Ticks,
    /// Until when nobody else takes it.
    pub until: Ticks,
    /// Which jobs.
    pub lane: Lane,
}

/// Jobs that wait for each other. Those of one lane never wait for those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What somebody waits for.
    Quick,
    /// Comparing, which takes long.
    Verify,
    /// Describing, of which there may be much.
    Tree,
}

impl Lane {
    /// As it stands in a row.
    pub fn text(self) -> &'static str {
        match self {
            Self::Quick => "",
            Self::Verify => "verify",
            Self::Tree => "tree",
        }
    }
}

impl Write for TakeNext {
    type Output = Option<Job>;
    type Error = DbError;

    /// A job that was taken by an attempt whose answer was lost is due again later.
    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Option<Job>, DbError> {
        // The condition stands twice, as between looking and taking somebody else may have been faster.
        const SQL: &str = "
            UPDATE jobs
            SET due_ticks = ?3,
                attempts = attempts + 1,
                worker = ?1
            WHERE id = (SELECT id
                        FROM jobs
                        WHERE lane = ?4
                          AND due_ticks <= ?2
                        ORDER BY due_ticks, id
                        LIMIT 1)
              AND due_ticks <= ?2
            RETURNING id, name, subject, version, attempts, failures";
        let values = [
            (&self.worker).into(),
            self.now.into(),
            self.until.into(),
            self.lane.text().into(),
        ];
        tx.row(SQL, &values, read).await
    }
}

/// Takes one job, if it is due.
#[derive(Clone)]
pub struct TakeOne {
    /// What is to be done.
    pub name: &'static str,
    /// With what.
    pub subject: String,
    /// How.
    pub take: TakeNext,
}

impl Write for TakeOne {
    type Output = Option<Job>;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Option<Job>, DbError> {
        const SQL: &str = "
            UPDATE jobs
            SET due_ticks = ?3,
                attempts = attempts + 1,
                worker = ?1
            WHERE name = ?4
              AND subject = ?5
              AND due_ticks <= ?2
            RETURNING id, name, subject, version, attempts, failures";
        let take = &self.take;
        let values = [
            (&take.worker).into(),
            take.now.into(),
            take.until.into(),
            self.name.into(),
            (&self.subject).into(),
        ];
        tx.row(SQL, &values, read).await
    }
}

/// Says of a job that was taken when it is due again: later, while its worker is still at it, or sooner, as it has failed.
#[derive(Clone)]
pub struct Postpone {
    /// The job.
    pub job: Job,
    /// When.
    pub due: Ticks,
    /// What went wrong.
    pub error: Option<String>,
}

impl Write for Postpone {
    /// Whether it is still the worker's who took it.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const SQL: &str = "
            UPDATE jobs
            SET due_ticks = ?3,
                failures = failures + ?5,
                last_error = COALESCE(?4, last_error)
            WHERE id = ?1
              AND attempts = ?2
              AND version = ?6";
        let values = [
            (&self.job.id).into(),
            self.job.attempts.into(),
            self.due.into(),
            (&self.error).into(),
            i64::from(self.error.is_some()).into(),
            self.job.version.into(),
        ];
        Ok(tx.execute(SQL, &values).await? == 1)
    }
}

/// Says that a job is done.
#[derive(Clone)]
pub struct Done(pub Job);

impl Write for Done {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        // Where it was left to be done once more meanwhile, it stays.
        const SQL: &str = "
            DELETE FROM jobs
            WHERE id = ?1
              AND attempts = ?2
              AND version = ?3";
        let job = &self.0;
        let values = [(&job.id).into(), job.attempts.into(), job.version.into()];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}

/// Lets go of all that workers of that name had taken: they are known to be dead.
#[derive(Clone)]
pub struct Release {
    /// What their names begin with.
    pub workers: &'static str,
    /// The present.
    pub now: Ticks,
}

impl Write for Release {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        // A handful of rows at a start.
        const JOBS: &str = "
            UPDATE jobs
            SET due_ticks = ?2,
                worker = NULL
            WHERE lane = ?3
              AND due_ticks > ?2
              AND strpos(worker, ?1) = 1";
        const UPLOADS: &str = "
            UPDATE upload_sessions
            SET worker = NULL,
                worker_until_ticks = 0
            WHERE expires_ticks > ?2
              AND strpos(worker, ?1) = 1";
        for lane in [Lane::Quick, Lane::Verify, Lane::Tree] {
            let values = [self.workers.into(), self.now.into(), lane.text().into()];
            tx.execute(JOBS, &values).await?;
        }
        let values = [self.workers.into(), self.now.into()];
        tx.execute(UPLOADS, &values).await?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<Job, DbError> {
    Ok(Job {
        id: row.text(0)?,
        name: row.text(1)?,
        subject: row.text(2)?,
        version: row.int(3)?,
        attempts: row.int(4)?,
        failures: row.int(5)?,
    })
}
