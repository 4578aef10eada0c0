//! Work that a commit has left to be done: taken, kept while it goes on, done, or tried again later.
//!
//! What there is to do, the rooms know that leave it; this one knows when. A job runs on any node, perhaps twice, and comes
//! to the same.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::db::jobs::{self, Done, Job, Lane, Postpone, TakeNext, TakeOne};
use crate::db::{Db, DbError};

/// How long nobody else takes a job, or writes to a session, once its worker has been heard of last.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often a worker is heard of.
pub const HEARTBEAT: Duration = Duration::from_secs(8);
/// How often somebody looks for work.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Until the next look, where the database could not be asked.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// Before a job that has failed is tried again; each further time twice as long, up to the second.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Why a job has not been done.
pub type JobError = Box<dyn std::error::Error + Send + Sync>;

/// Takes jobs.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    name: String,
    lane: Lane,
}

impl Worker {
    /// A worker of that name, for the jobs of that lane.
    pub fn new(db: Db, clock: Clock, name: String, lane: Lane) -> Self {
        Self {
            db,
            clock,
            name,
            lane,
        }
    }

    /// Does what is due, for as long as nobody says stop. What has been taken is brought to its end.
    pub async fn run<F: Future<Output = Result<(), JobError>>>(
        &self,
        mut stopping: watch::Receiver<bool>,
        work: impl Fn(Job) -> F,
    ) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return,
                _ = looks.tick() => {}
            }
            while !*stopping.borrow() {
                match self.next().await {
                    Ok(Some(job)) => {
                        // What has failed for one will for the next, as on a full disk: there is no hurry then.
                        if !self.perform(job, &work).await {
                            break;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "work that is due could not be looked for; this is tried again");
                        looks.reset_after(AFTER_FAILURE);
                        break;
                    }
                }
            }
        }
    }

    /// Does one job now, if it is due and nobody else is at it. Whether it was.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn do_now<F: Future<Output = Result<(), JobError>>>(
        &self,
        (name, subject): (&'static str, &str),
        work: impl Fn(Job) -> F,
    ) -> Result<bool, DbError> {
        let take = TakeOne {
            name,
            subject: subject.to_owned(),
            take: self.take(),
        };
        match self.db.write(take).await? {
            Some(job) => {
                self.perform(job, &work).await;
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    async fn next(&self) -> Result<Option<Job>, DbError> {
        let is_due = jobs::is_due(&mut *self.db.snapshot().await?, self.clock.now(), self.lane).await?;
        match is_due {
            true => self.db.write(self.take()).await,
            false => Ok(None),
        }
    }

    fn take(&self) -> TakeNext {
        let now = self.clock.now();
        TakeNext {
            worker: self.name.clone(),
            now,
            until: now.plus(LEASE),
            lane: self.lane,
        }
    }

    /// Does a job; whether it could be done. One that was left to be done once more meanwhile is due again by itself: what has
    /// just been done may be of before that.
    async fn perform<F: Future<Output = Result<(), JobError>>>(
        &self,
        job: Job,
        work: &impl Fn(Job) -> F,
    ) -> bool {
        let Err(error) = self.keep(&job, work).await else {
            if let Err(error) = self.db.write(Done(job.clone())).await {
                tracing::warn!(%error, job = job.name, "work that is done could not be crossed off; it is done once more");
            }
            return true;
        };
        let failures = job.failures + 1;
        // The first time, the second, the fourth, the eighth: what fails for a night does not fill the log.
        if failures.count_ones() == 1 {
            tracing::warn!(%error, job = job.name, subject = job.subject, failures, "work could not be done; it is tried again");
        }
        self.postpone(&job, pause_after(job.failures), Some(error.to_string()))
            .await;
        false
    }

    /// Works, and lets others know of it meanwhile.
    async fn keep<F: Future<Output = Result<(), JobError>>>(
        &self,
        job: &Job,
        work: &impl Fn(Job) -> F,
    ) -> Result<(), JobError> {
        let working = work(job.clone());
        tokio::pin!(working);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.tick().await;
        loop {
            tokio::select! {
                done = &mut working => return done,
                _ = heartbeat.tick() => self.postpone(job, LEASE, None).await,
            }
        }
    }

    async fn postpone(&self, job: &Job, by: Duration, error: Option<String>) {
        let postpone = Postpone {
            job: job.clone(),
            due: self.clock.now().plus(by),
            error,
        };
        if let Err(error) = self.db.write(postpone).await {
            tracing::warn!(%error, job = job.name, "work that is under way could not be kept; another worker may take it");
        }
    }
}

/// How long a job waits that has failed so often before.
fn pause_after(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.clamp(0, 12)).unwrap_or(12);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        for (failures, seconds) in [
            (0, 1),
            (1, 2),
            (5, 32),
            (11, 2048),
            (12, 3600),
            (1000, 3600),
            (-1, 1),
        ] {
            assert_eq!(pause_after(failures), Duration::from_secs(seconds), "{failures}");
        }
    }
}
