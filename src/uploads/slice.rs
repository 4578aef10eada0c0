//! Receiving a slice: taken by one writer at a time, made durable, and only then written down. It counts whole or not at all.

use std::future::Future;

use bytes::Bytes;
use tokio::time::MissedTickBehavior;

use super::{FINISH, Stored, UploadError, Uploads};
use crate::content::{Appending, Partial};
use crate::db::upload_sessions::{Advance, SessionState, Take, UploadSession};
use crate::ids;
use crate::jobs::{HEARTBEAT, LEASE};

/// Which bytes of which whole a slice says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first, from 0.
    pub first: u64,
    /// The last, inclusive.
    pub last: u64,
    /// Length of the whole.
    pub total: u64,
}

impl Range {
    /// How many they are.
    pub fn length(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }
}

/// The bytes of a slice, as they come.
pub trait Chunks: Send {
    /// The next; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, Cut>>> + Send;

    /// Reads away what is left, as far as that is little: whoever sends it hears the refusal then.
    fn drain(&mut self) -> impl Future<Output = ()> + Send;
}

/// The bytes have broken off.
#[derive(Clone, Copy, Debug)]
pub struct Cut;

impl Uploads {
    /// Receives a slice. The work goes on when whoever asked for it goes away, so that it always comes to an end.
    ///
    /// # Errors
    /// [`UploadError`]; then nothing of the slice counts.
    pub async fn receive(
        &self,
        session: &UploadSession,
        range: Range,
        mut chunks: impl Chunks + 'static,
    ) -> Result<UploadSession, UploadError> {
        if let Err(error) = expected(session, range) {
            chunks.drain().await;
            return Err(error);
        }
        let (uploads, id) = (self.clone(), session.id.clone());
        let receiving = tokio::spawn(async move {
            let received = uploads.receive_alone(&id, range, &mut chunks).await;
            if received.is_err() {
                chunks.drain().await;
            }
            received
        });
        receiving.await?
    }

    async fn receive_alone(
        &self,
        id: &str,
        range: Range,
        chunks: &mut impl Chunks,
    ) -> Result<UploadSession, UploadError> {
        let worker = format!("{}:{}", self.worker, ids::random());
        let Some(session) = self.db.write(self.take(id, &worker)).await? else {
            return match self.find(id).await? {
                Some(_) => Err(UploadError::Locked),
                None => Err(UploadError::NoSuchSession),
            };
        };
        let written = self.write_slice(&session, (range, &worker), chunks).await;
        let progress = written.as_ref().ok().and_then(|partial| {
            let received = i64::try_from(partial.received_bytes).ok()?;
            Some((received, serde_json::to_string(partial).ok()?))
        });
        let now = self.clock.now();
        let advance = Advance {
            id: id.to_owned(),
            worker,
            progress,
            now,
            expires: now.plus(self.rules.session_lifetime),
            job: FINISH,
        };
        let advanced = self.db.write(advance).await;
        written?;
        advanced?.ok_or(UploadError::NoSuchSession)
    }

    fn take(&self, id: &str, worker: &str) -> Take {
        let now = self.clock.now();
        Take {
            id: id.to_owned(),
            worker: worker.to_owned(),
            now,
            until: now.plus(LEASE),
        }
    }

    async fn write_slice(
        &self,
        session: &UploadSession,
        (range, worker): (Range, &str),
        chunks: &mut impl Chunks,
    ) -> Result<Partial, UploadError> {
        // Another slice may have come between the look and the taking.
        expected(session, range)?;
        let stored = Stored::of(session)?;
        let mut appending = self.content.append(&stored.destination, stored.partial).await?;
        let came = self
            .copy(&mut appending, &session.id, (range, worker), chunks)
            .await;
        // Ended in any case: what is under way must not be written later.
        let ended = appending.end().await;
        came?;
        Ok(ended?)
    }

    async fn copy(
        &self,
        appending: &mut Appending,
        id: &str,
        (range, worker): (Range, &str),
        chunks: &mut impl Chunks,
    ) -> Result<(), UploadError> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.tick().await;
        let mut missing = range.length();
        loop {
            let chunk = tokio::select! {
                chunk = chunks.next() => chunk,
                _ = heartbeat.tick() => {
                    if self.db.write(self.take(id, worker)).await?.is_none() {
                        return Err(UploadError::Locked);
                    }
                    continue;
                }
            };
            match chunk {
                None if missing == 0 => return Ok(()),
                None | Some(Err(Cut)) => return Err(UploadError::CutOff),
                Some(Ok(bytes)) if bytes.len() as u64 > missing => {
                    return Err(UploadError::OutOfRange("it has more bytes than its range says"));
                }
                Some(Ok(bytes)) => {
                    missing -= bytes.len() as u64;
                    appending.write(bytes).await?;
                }
            }
        }
    }
}

/// Refuses a slice that is not the next one.
fn expected(session: &UploadSession, range: Range) -> Result<(), UploadError> {
    let at = |number: i64| u64::try_from(number).unwrap_or(0);
    match session.state {
        SessionState::Open => {}
        SessionState::Failed => {
            return Err(UploadError::Failed(session.fault.clone().unwrap_or_default()));
        }
        SessionState::Finished => return Err(UploadError::OutOfRange("all bytes have been received")),
    }
    let (size, received) = (at(session.size_bytes), at(session.received_bytes));
    if range.total != size {
        return Err(UploadError::OtherWhole {
            announced: session.size_bytes,
            found: range.total,
        });
    }
    match (range.first, range.last) {
        (_, last) if last >= size => Err(UploadError::OutOfRange("it goes past the end")),
        (first, last) if last < first => Err(UploadError::OutOfRange("it ends before it begins")),
        (first, _) if first > received => Err(UploadError::OutOfRange("bytes before it are missing")),
        (_, last) if last < received => Err(UploadError::OutOfRange("it has been received already")),
        (first, _) if first < received => {
            Err(UploadError::OutOfRange("a part of it has been received already"))
        }
        _ => Ok(()),
    }
}
