//! [`Hashers`]: the few threads on which passwords are hashed. Each takes some tens of milliseconds and 19 MiB, so there are no more
//! of them at a time than threads, whoever asks and hangs up; and no more wait than will be served soon.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::AuthorityError;
use super::refusal::Refusal;
use super::secret_hash;
use crate::config::Secret;

/// How many threads there are.
const THREADS: usize = 2;
/// How many wait for one: about a second and a half on a slow machine.
const WAITING: usize = 32;
/// What somebody is told who finds them all taken, in seconds.
const RETRY_SECONDS: u32 = 2;

/// What is to be done.
enum Job {
    /// Whether a password or secret matches a hash.
    Matches {
        stored: String,
        secret: Secret,
        answer: oneshot::Sender<bool>,
    },
    /// The hash of one.
    Hash {
        secret: Secret,
        answer: oneshot::Sender<Option<String>>,
    },
}

/// Threads that hash. They end when the last clone is gone.
#[derive(Clone)]
pub(super) struct Hashers {
    jobs: SyncSender<Job>,
}

impl Hashers {
    /// Starts the threads.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub(super) fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..THREADS {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Whether `secret` matches a stored hash.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where too many wait.
    pub(super) async fn matches(&self, stored: String, secret: Secret) -> Result<bool, AuthorityError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Matches {
            stored,
            secret,
            answer,
        })?;
        answered.await.map_err(|_| AuthorityError::Lost)
    }

    /// The hash of `secret`.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where too many wait, [`AuthorityError::Lost`] where it cannot be made.
    pub(super) async fn hash(&self, secret: Secret) -> Result<String, AuthorityError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Hash { secret, answer })?;
        let made = answered.await.map_err(|_| AuthorityError::Lost)?;
        made.ok_or(AuthorityError::Lost)
    }

    fn send(&self, job: Job) -> Result<(), AuthorityError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::too_busy(RETRY_SECONDS).into(),
            TrySendError::Disconnected(_) => AuthorityError::Lost,
        })
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        // One thread waits with the lock, the others for the lock.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // Whoever has gone away is not answered.
        let _gone = match job {
            Ok(Job::Matches {
                stored,
                secret,
                answer,
            }) => answer
                .send(secret_hash::matches(&stored, secret.expose()))
                .is_err(),
            Ok(Job::Hash { secret, answer }) => answer.send(secret_hash::hash(secret.expose()).ok()).is_err(),
            Err(_) => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_hashed_matches_and_too_many_are_told_to_wait() {
        let hashers = Hashers::start().unwrap();
        let secret = |text: &str| Secret::new(text.to_owned());
        let stored = hashers.hash(secret("right")).await.unwrap();
        assert!(hashers.matches(stored.clone(), secret("right")).await.unwrap());
        assert!(!hashers.matches(stored.clone(), secret("wrong")).await.unwrap());
        let all = (0..WAITING * 2).map(|_| {
            let (hashers, stored) = (hashers.clone(), stored.clone());
            tokio::spawn(async move { hashers.matches(stored, Secret::new("wrong".to_owned())).await })
        });
        let mut refused = 0;
        for one in all.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Ok(matched) => assert!(!matched),
                Err(AuthorityError::Refused(refusal)) => {
                    assert_eq!(refusal.retry_after, Some(RETRY_SECONDS));
                    refused += 1;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(refused > 0);
    }
}
