//! How much of what a client of HTTP/2 sends comes to nothing, judged on the frames (RFC 9113 section 4.1) before the HTTP
//! library sees them: streams that are reset before they were answered, heads that are too large or malformed, streams
//! beyond the limit. Each costs the server more than the client, and the library forgives some of them for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a client sends first.
const PREFACE_BYTES: usize = 24;
/// Length, type, flags and stream of a frame.
const HEADER_BYTES: usize = 9;
/// The type of a frame that opens a stream.
const HEADERS: u8 = 1;
/// Streams that may be open or have come to nothing before the connection ends: twice as many as may be open.
const MAX_UNANSWERED: u32 = 256;

/// The streams of a connection that were opened and not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Unanswered(Arc<AtomicU32>);

impl Unanswered {
    /// One was opened. False where there are too many.
    fn opened(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < MAX_UNANSWERED
    }

    /// One was answered. That makes up for another that was not: a client may change its mind now and then.
    pub(super) fn answered(&self) {
        let less = |count: u32| Some(count.saturating_sub(2));
        let _count = self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Follows the frames of one connection, with a fixed amount of memory.
#[derive(Debug)]
struct FrameCounter {
    header: [u8; HEADER_BYTES],
    filled: usize,
    /// Bytes to be passed over.
    skip: usize,
    unanswered: Unanswered,
}

impl FrameCounter {
    fn new(unanswered: Unanswered) -> Self {
        Self {
            header: [0; HEADER_BYTES],
            filled: 0,
            skip: PREFACE_BYTES,
            unanswered,
        }
    }

    /// Looks at the next bytes. False where the connection should end.
    fn scan(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let passed = self.skip.min(bytes.len());
            self.skip -= passed;
            bytes = bytes.get(passed..).unwrap_or_default();
            let room = self.header.get_mut(self.filled..).unwrap_or_default();
            let count = room.len().min(bytes.len());
            for (place, byte) in room.iter_mut().zip(bytes) {
                *place = *byte;
            }
            self.filled += count;
            bytes = bytes.get(count..).unwrap_or_default();
            if self.filled < HEADER_BYTES {
                return true;
            }
            self.filled = 0;
            let [high, middle, low, kind, ..] = self.header;
            self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            if kind == HEADERS && !self.unanswered.opened() {
                return false;
            }
        }
    }
}

/// A connection whose frames are counted.
pub(super) struct Counted<S> {
    stream: S,
    frames: FrameCounter,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, unanswered: Unanswered) -> Self {
        Self {
            stream,
            frames: FrameCounter::new(unanswered),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        if self.frames.scan(read) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(io::Error::other("too many streams came to nothing")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0, 0, 0, 0, 1], payload].concat()
    }

    fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frames.concat()].concat()
    }

    #[test]
    fn heads_are_counted_however_the_bytes_are_cut() {
        // A payload that looks like a frame is none.
        let inner = frame(HEADERS, b"x");
        let bytes = connection(&[
            frame(4, b""),
            frame(HEADERS, &inner),
            frame(0, &inner),
            frame(HEADERS, b""),
        ]);
        for size in [1, 2, 7, 9, 10, bytes.len()] {
            let unanswered = Unanswered::default();
            let mut frames = FrameCounter::new(unanswered.clone());
            assert!(bytes.chunks(size).all(|bytes| frames.scan(bytes)));
            assert_eq!(unanswered.0.load(Ordering::Relaxed), 2, "{size}");
        }
    }

    #[test]
    fn streams_that_come_to_nothing_end_the_connection_and_answered_ones_do_not() {
        let one = frame(HEADERS, b"abc");
        let unanswered = Unanswered::default();
        let mut frames = FrameCounter::new(unanswered.clone());
        assert!(frames.scan(&connection(&[])));
        for _ in 0..10_000 {
            assert!(frames.scan(&one));
            unanswered.answered();
        }
        // Half of them came to nothing.
        for _ in 0..10_000 {
            assert!(frames.scan(&one) && frames.scan(&one));
            unanswered.answered();
        }
        for _ in 0..MAX_UNANSWERED {
            assert!(frames.scan(&one));
        }
        assert!(!frames.scan(&one));
    }
}
