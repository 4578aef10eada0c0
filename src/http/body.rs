//! What an answer carries: nothing, some bytes, or a part of a stored object.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::content::{CHUNK_BYTES, ContentReader};

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// Bytes in memory.
    Full(Bytes),
    /// A part of a stored object. Holds at most [`CHUNK_BYTES`]; dropped with the connection, it frees everything.
    Content(ContentBody),
}

/// The bytes of a stored object that are still to be sent.
#[derive(Debug)]
pub struct ContentBody {
    reader: ContentReader,
    offset: u64,
    remaining: u64,
    waiting: Option<JoinHandle<io::Result<Bytes>>>,
}

impl ContentBody {
    /// `length` bytes from `offset`, which must lie inside the object.
    pub fn new(reader: ContentReader, offset: u64, length: u64) -> Self {
        Self {
            reader,
            offset,
            remaining: length,
            waiting: None,
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.remaining)
            .unwrap_or(CHUNK_BYTES)
            .min(CHUNK_BYTES);
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

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Content(content) => content
                .poll_chunk(cx)
                .map(|chunk| chunk.map(|bytes| bytes.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Empty => 0,
            Self::Full(bytes) => bytes.len() as u64,
            Self::Content(content) => content.remaining,
        })
    }
}
