//! Reading objects: out of the page cache in line, from the disk on a thread.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::io::ReadWriteFlags;
use tokio::task::JoinHandle;

use super::{by_meaning, hash_file};
use crate::content::{CHUNK_BYTES, ContentError, off_thread};

/// An open file. It stays readable when the object is removed.
#[derive(Clone, Debug)]
pub(in crate::content) struct LocalReader {
    pub(super) file: Arc<File>,
    pub(in crate::content) size_bytes: u64,
    pub(in crate::content) modified_ns: i64,
}

impl LocalReader {
    /// `length` bytes from `first`.
    pub(in crate::content) fn read(&self, first: u64, length: u64) -> LocalStream {
        LocalStream {
            reader: self.clone(),
            offset: first,
            remaining: length,
            chunk_bytes: CHUNK_BYTES,
            waiting: None,
        }
    }

    /// SHA-256 of the whole.
    pub(in crate::content) async fn hash(&self) -> Result<[u8; 32], ContentError> {
        let file = Arc::clone(&self.file);
        off_thread(move || hash_file(&file).map_err(by_meaning)).await
    }

    /// At most [`CHUNK_BYTES`] bytes from `offset`, if the page cache has them: never waits for the disk.
    fn read_cached(&self, offset: u64, length: usize) -> Option<Bytes> {
        let mut buffer = vec![0; length.min(CHUNK_BYTES)];
        let slices = &mut [io::IoSliceMut::new(&mut buffer)];
        let count = rustix::io::preadv2(&*self.file, slices, offset, ReadWriteFlags::NOWAIT).ok()?;
        buffer.truncate(count);
        (count > 0).then(|| Bytes::from(buffer))
    }

    /// At most [`CHUNK_BYTES`] bytes from `offset`, waiting for the disk; empty at the end. Blocks the thread.
    fn read_waiting(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; length.min(CHUNK_BYTES)];
        let count = self.file.read_at(&mut buffer, offset)?;
        buffer.truncate(count);
        Ok(Bytes::from(buffer))
    }
}

/// The bytes of a file that are still to be read. Holds at most [`CHUNK_BYTES`].
#[derive(Debug)]
pub(in crate::content) struct LocalStream {
    reader: LocalReader,
    offset: u64,
    pub(in crate::content) remaining: u64,
    pub(in crate::content) chunk_bytes: usize,
    waiting: Option<JoinHandle<io::Result<Bytes>>>,
}

impl LocalStream {
    pub(in crate::content) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.remaining)
            .unwrap_or(CHUNK_BYTES)
            .min(self.chunk_bytes);
        if self.waiting.is_none() {
            if let Some(chunk) = self.reader.read_cached(self.offset, wanted) {
                return Poll::Ready(Some(Ok(self.took(chunk))));
            }
            // Not in the page cache: the disk is waited for on another thread, never on the runtime's.
            let (reader, offset) = (self.reader.clone(), self.offset);
            self.waiting = Some(tokio::task::spawn_blocking(move || {
                reader.read_waiting(offset, wanted)
            }));
        }
        let Some(waiting) = &mut self.waiting else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(waiting).poll(cx));
        self.waiting = None;
        match read {
            // Shorter than it was when it was opened: the connection is cut, so that nobody takes this for the end.
            Ok(Ok(chunk)) if chunk.is_empty() => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            Ok(Ok(chunk)) => Poll::Ready(Some(Ok(self.took(chunk)))),
            Ok(Err(error)) => Poll::Ready(Some(Err(error))),
            Err(lost) => Poll::Ready(Some(Err(io::Error::other(lost)))),
        }
    }

    fn took(&mut self, chunk: Bytes) -> Bytes {
        self.offset += chunk.len() as u64;
        self.remaining = self.remaining.saturating_sub(chunk.len() as u64);
        chunk
    }
}
