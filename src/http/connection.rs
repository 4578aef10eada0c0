//! A connection of HTTP/1.1 that shows what it reads to the scanner of heads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::framing::HeadScanner;

/// Bytes read at a time while heads are watched.
const READ_BYTES: usize = 4096;

/// A connection, with or without TLS, whose heads are watched.
pub(super) struct Connection<S> {
    io: TokioIo<S>,
    heads: HeadScanner,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            io: TokioIo::new(stream),
            heads: HeadScanner::new(),
        }
    }
}

impl<S: AsyncRead + Unpin> Read for Connection<S> {
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

impl<S: AsyncWrite + Unpin> Write for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
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
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
