//! How much of what a client of HTTP/2 sends comes to nothing, judged on the frames (RFC 9113 section 4.1) before the HTTP
//! library sees them: streams that it resets, heads that are too large or malformed, streams beyond the limit. Each costs the
//! server more than the client, and the library forgives some of them for ever.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a client sends first.
const PREFACE_BYTES: usize = 24;
/// Length, type, flags and stream of a frame.
const HEADER_BYTES: usize = 9;
/// The types of frames that open a stream and that take it back.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
/// How much may come to nothing before the connection ends: twice as many streams as may be open.
const MAX_WASTE: u32 = 256;
/// Streams whose being taken back is noticed: as many as may come to nothing.
const OPENED: usize = 256;
/// Time in which one is forgiven: who drags a player to and fro takes many streams back.
const FORGIVEN_EVERY: Duration = Duration::from_millis(50);

/// What a client has begun on a connection and not got, or not wanted, an answer for.
#[derive(Clone, Debug, Default)]
pub(super) struct Waste(Arc<AtomicU32>);

impl Waste {
    /// One more. False where it is too much.
    fn more(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < MAX_WASTE
    }

    /// A stream was answered: it has come to something.
    pub(super) fn answered(&self) {
        self.less(1);
    }

    fn less(&self, count: u32) {
        let less = |waste: u32| Some(waste.saturating_sub(count));
        let _before = self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Follows the frames of one connection, with a fixed amount of memory.
#[derive(Debug)]
struct FrameCounter {
    header: [u8; HEADER_BYTES],
    filled: usize,
    /// Bytes to be passed over.
    skip: usize,
    waste: Waste,
    /// The streams that were opened last and not taken back since. A client may take one back several times, as what was on
    /// its way to it goes on coming in.
    opened: VecDeque<u32>,
    /// Up to when time has been counted in the client's favour.
    forgiven: Instant,
}

impl FrameCounter {
    fn new(waste: Waste, now: Instant) -> Self {
        Self {
            header: [0; HEADER_BYTES],
            filled: 0,
            skip: PREFACE_BYTES,
            waste,
            opened: VecDeque::with_capacity(OPENED),
            forgiven: now,
        }
    }

    /// Looks at the next bytes. False where the connection should end.
    fn scan(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        self.forgive(now);
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
            let [high, middle, low, kind, _, stream @ ..] = self.header;
            self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            let is_counted = match kind {
                HEADERS => self.open(u32::from_be_bytes(stream)),
                RST_STREAM => self.take_back(u32::from_be_bytes(stream)),
                _ => false,
            };
            if is_counted && !self.waste.more() {
                return false;
            }
        }
    }

    fn open(&mut self, stream: u32) -> bool {
        if self.opened.len() == OPENED {
            self.opened.pop_front();
        }
        self.opened.push_back(stream);
        true
    }

    fn take_back(&mut self, stream: u32) -> bool {
        let place = self.opened.iter().position(|opened| *opened == stream);
        place.is_some_and(|place| self.opened.remove(place).is_some())
    }

    fn forgive(&mut self, now: Instant) {
        let periods = now.saturating_duration_since(self.forgiven).as_millis() / FORGIVEN_EVERY.as_millis();
        let periods = u32::try_from(periods).unwrap_or(u32::MAX);
        if periods > 0 {
            self.forgiven += FORGIVEN_EVERY.saturating_mul(periods);
            self.waste.less(periods);
        }
    }
}

/// A connection whose frames are counted.
pub(super) struct Counted<S> {
    stream: S,
    frames: FrameCounter,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, waste: Waste) -> Self {
        Self {
            stream,
            frames: FrameCounter::new(waste, Instant::now()),
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
        if self.frames.scan(read, Instant::now()) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(io::Error::other("too much has come to nothing")))
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
        of_stream(1, kind, payload)
    }

    fn of_stream(stream: u32, kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
    }

    fn connection(frames: &[Vec<u8>]) -> Vec<u8> {
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frames.concat()].concat()
    }

    #[test]
    fn streams_are_counted_however_the_bytes_are_cut() {
        // A payload that looks like a frame is none.
        let inner = frame(HEADERS, b"x");
        let bytes = connection(&[
            frame(4, b""),
            frame(HEADERS, &inner),
            frame(0, &inner),
            frame(RST_STREAM, b"1234"),
            frame(HEADERS, b""),
        ]);
        let now = Instant::now();
        for size in [1, 2, 7, 9, 10, bytes.len()] {
            let waste = Waste::default();
            let mut frames = FrameCounter::new(waste.clone(), now);
            assert!(bytes.chunks(size).all(|bytes| frames.scan(bytes, now)));
            assert_eq!(waste.0.load(Ordering::Relaxed), 3, "{size}");
        }
    }

    #[test]
    fn a_stream_is_taken_back_once() {
        let waste = Waste::default();
        let now = Instant::now();
        let mut frames = FrameCounter::new(waste.clone(), now);
        assert!(frames.scan(&connection(&[]), now));
        let streams: Vec<u32> = (0..300).map(|number| 2 * number + 1).collect();
        for stream in &streams {
            assert!(frames.scan(&of_stream(*stream, HEADERS, b""), now));
            waste.answered();
        }
        for stream in streams.iter().rev().take(100).cycle().take(1000) {
            assert!(frames.scan(&of_stream(*stream, RST_STREAM, b"1234"), now));
        }
        assert_eq!(waste.0.load(Ordering::Relaxed), 100);
    }

    #[test]
    fn what_comes_to_nothing_ends_the_connection_and_what_is_answered_does_not() {
        let one = frame(HEADERS, b"abc");
        let back = frame(RST_STREAM, b"abcd");
        let waste = Waste::default();
        let mut now = Instant::now();
        let mut frames = FrameCounter::new(waste.clone(), now);
        assert!(frames.scan(&connection(&[]), now));
        for _ in 0..10_000 {
            assert!(frames.scan(&one, now));
            waste.answered();
        }
        // Answered, and not wanted any more: now and then that is nothing.
        for _ in 0..10_000 {
            now += FORGIVEN_EVERY;
            assert!(frames.scan(&one, now) && frames.scan(&back, now));
            waste.answered();
        }
        let mut rounds = 0;
        while frames.scan(&one, now) && frames.scan(&back, now) {
            waste.answered();
            rounds += 1;
        }
        assert!((MAX_WASTE - 2..=MAX_WASTE).contains(&rounds), "{rounds}");
    }
}
