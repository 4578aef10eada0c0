//! One file into the store: begun or gone on with, slice by slice, and finished. It shares all of it with uploads over HTTP.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::db::artifacts::StoredArtifact;
use crate::uploads::{Begun, Chunks, Cut, Finished, Order, Range, UploadError, Uploads};

/// Bytes between two states that a crash goes back to.
const SLICE_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes that are read at a time.
const READ_BYTES: u64 = 512 * 1024;
/// How long somebody waits for a session that another process holds. One that was killed lets go of it in half a minute.
const PATIENCE_WHEN_HELD: Duration = Duration::from_secs(60);
/// How often it looks whether it has let go.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long somebody waits for what becomes of a file.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What has become of a file.
pub(super) enum Taken {
    /// It is new.
    New(Box<StoredArtifact>),
    /// It has been there before.
    Known(Box<StoredArtifact>),
    /// All of it is here, and it is still being looked at.
    NotYet,
}

/// Takes a file in. `progress` is told how many bytes are.
pub(super) async fn take(
    uploads: &Uploads,
    order: Order,
    file: File,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Taken, UploadError> {
    let file = Arc::new(file);
    let mut session = match uploads.begin(order).await? {
        Begun::Artifact(found) => return Ok(Taken::Known(found)),
        Begun::Session(session) => session,
    };
    let at = |number: i64| u64::try_from(number).unwrap_or(0);
    let mut deadline = Instant::now() + PATIENCE_WHEN_HELD;
    while !session.is_complete() {
        let (first, total) = (at(session.received_bytes), at(session.size_bytes));
        progress(first);
        let length = SLICE_BYTES.min(total - first);
        let range = Range {
            first,
            last: first + length - 1,
            total,
        };
        let chunks = FileChunks {
            file: Arc::clone(&file),
            offset: first,
            left: length,
        };
        match uploads.receive(&session, range, chunks).await {
            Ok(further) => {
                *session = further;
                deadline = Instant::now() + PATIENCE_WHEN_HELD;
            }
            Err(UploadError::Locked) if Instant::now() < deadline => {
                tokio::time::sleep(LOOK_EVERY).await;
                *session = uploads
                    .find(&session.id)
                    .await?
                    .ok_or(UploadError::NoSuchSession)?;
            }
            Err(error) => return Err(error),
        }
    }
    progress(at(session.size_bytes));
    Ok(match uploads.finish(&session.id, PATIENCE).await? {
        Finished::Artifact(made) => Taken::New(made),
        Finished::NotYet => Taken::NotYet,
    })
}

/// A part of a file, as it is read.
struct FileChunks {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Chunks for FileChunks {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        if self.left == 0 {
            return None;
        }
        let (file, offset) = (Arc::clone(&self.file), self.offset);
        let wanted = usize::try_from(self.left.min(READ_BYTES)).unwrap_or(0);
        let read = tokio::task::spawn_blocking(move || -> io::Result<Vec<u8>> {
            let mut buffer = vec![0; wanted];
            let count = file.read_at(&mut buffer, offset)?;
            buffer.truncate(count);
            Ok(buffer)
        });
        match read.await {
            Ok(Ok(bytes)) if !bytes.is_empty() => {
                self.offset += bytes.len() as u64;
                self.left -= bytes.len() as u64;
                Some(Ok(bytes.into()))
            }
            // It has become shorter, or cannot be read any more.
            _ => Some(Err(Cut)),
        }
    }

    async fn drain(&mut self) {}
}
