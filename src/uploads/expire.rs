//! Expiry: sessions that nobody has gone on with are removed, with what had come of them. Each is told in the log first.

use super::{Stored, UploadError, Uploads};
use crate::db::upload_sessions::{self, Remove, SessionState, UploadSession};

/// How many are looked at a time.
const PAGE: i64 = 100;

impl Uploads {
    /// Removes sessions that have ended. How many.
    ///
    /// # Errors
    /// [`UploadError`] of the database; what the content store does not remove is swept later.
    pub async fn expire(&self) -> Result<usize, UploadError> {
        let now = self.clock.now();
        let mut removed = 0;
        loop {
            let ended = upload_sessions::expired(&mut *self.db.snapshot().await?, now, PAGE).await?;
            let mut is_further = false;
            for session in &ended {
                is_further |= self.give_up(session, Some(now)).await?;
                removed += 1;
            }
            // Those that somebody is writing to stay, and would be found again.
            if !is_further {
                return Ok(removed);
            }
        }
    }

    /// Gives a session up; only if it has ended before `expired_before`, where that is given. Whether it is gone.
    ///
    /// # Errors
    /// [`UploadError`] of the database.
    pub async fn give_up(
        &self,
        session: &UploadSession,
        expired_before: Option<crate::clock::Ticks>,
    ) -> Result<bool, UploadError> {
        let is_unfinished = session.state != SessionState::Finished;
        if is_unfinished && expired_before.is_some() {
            tracing::info!(
                upload.id = session.id,
                upload.received_bytes = session.received_bytes,
                upload.size_bytes = session.size_bytes,
                upload.state = session.state.text(),
                "an upload that nobody has gone on with is removed"
            );
        }
        let remove = Remove {
            id: session.id.clone(),
            now: self.clock.now(),
            expired_before,
        };
        let is_gone = self.db.write(remove).await?;
        if is_gone && is_unfinished {
            let stored = Stored::of(session)?;
            if let Err(error) = self.content.discard(&stored.destination, &stored.partial).await {
                tracing::warn!(%error, upload.id = session.id, "what had come of an upload could not be removed; it is swept later");
            }
        }
        Ok(is_gone)
    }
}
