//! A connection that gives up on a client which takes nothing of its answer for too long, and shows what it reads to the
//! scanner of heads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::framing::HeadScanner;

/// Bytes read at a time while heads are watched.
const READ_BYTES: usize = 4096;

/// A TCP connection whose writes fail once the peer has taken nothing for `patience`.
pub(super) struct Connection {
    io: TokioIo<TcpStream>,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    heads: HeadScanner,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            io: TokioIo::new(stream),
            patience,
            deadline: None,
            heads: HeadScanner::new(),
        }
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

impl Read for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.heads.is_watching() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        // A cursor cannot be looked back into, so these bytes come by a detour; they are few.
        let mut bytes = [0; READ_BYTES];
        let wanted = buf.remaining().min(READ_BYTES);
        let mut read = ReadBuf::new(bytes.get_mut(..wanted).unwrap_or_default());
        ready!(Pin::new(&mut self.io).poll_read(cx, read.unfilled()))?;
        let count = read.filled().len();
        let filled = bytes.get_mut(..count).unwrap_or_default();
        self.heads.scan(filled);
        buf.put_slice(filled);
        Poll::Ready(Ok(()))
    }
}

impl Write for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.with_patience(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.with_patience(cx, written)
    }
}
