//! Giving up on a client that takes nothing of its answer for too long: the whole connection ([`Patient`]) where the system
//! takes no more bytes for it, one stream of HTTP/2 ([`Watch`]) where its flow control takes none.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// As many bytes are listened to on a connection that is over, before it is closed.
const LINGER_BYTES: usize = 256 * 1024;
/// Bytes read away at a time then.
const READ_AWAY_BYTES: usize = 4096;

/// A TCP connection whose writes fail once the peer has taken nothing for `patience`.
pub(super) struct Patient {
    stream: TcpStream,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bytes that are still listened to once it is over.
    linger_bytes: usize,
}

impl Patient {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            deadline: None,
            linger_bytes: 0,
        }
    }

    /// Listens, after its own last byte and for `patience`, to a client that has not closed yet. A client of HTTP/2 goes on
    /// making room for more, and closing on what it says makes the system throw away what has not left yet.
    pub(super) fn linger(&mut self) {
        self.linger_bytes = LINGER_BYTES;
    }

    /// Reads away what comes until the client closes, too, or it takes too long.
    fn read_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        if deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut bytes = [0; READ_AWAY_BYTES];
        while self.linger_bytes > 0 {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            let count = buffer.filled().len();
            if read.is_err() || count == 0 {
                break;
            }
            self.linger_bytes = self.linger_bytes.saturating_sub(count);
        }
        Poll::Ready(())
    }

    /// Passes `written` on; while it is pending, the deadline runs.
    fn with_patience<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.with_patience(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if self.linger_bytes > 0 {
            ready!(self.read_away(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.with_patience(cx, written)
    }
}

/// Since when a part of an answer waits for its client to make room for it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    waiting_since: Mutex<Option<Instant>>,
}

impl Watch {
    /// A part has been handed over, and the client is to take it.
    pub(super) fn handed_over(&self) {
        self.set(Some(Instant::now()));
    }

    /// The client has made room: the next move is the server's.
    pub(super) fn taken(&self) {
        self.set(None);
    }

    /// Returns when one part has waited for `patience`.
    pub(super) async fn stalled(&self, patience: Duration) {
        loop {
            let Some(since) = self.get() else {
                // Whatever is handed over meanwhile is looked at in time: it cannot have waited longer than this.
                sleep(patience).await;
                continue;
            };
            sleep_until(since + patience).await;
            if self.get() == Some(since) {
                return;
            }
        }
    }

    fn get(&self) -> Option<Instant> {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}
