//! A connection of HTTP/1.1 that shows what it reads to the scanner of messages.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::MessageScanner;

/// What is read in the place of a head that was refused: no head may hold NUL, and it ends here, so the library answers 400
/// at once and closes.
const SPOILT_HEAD: &[u8] = b"\0\r\n\r\n";

/// A connection, with or without TLS, whose messages are watched where they lie. Behind what was refused nothing is read.
pub(super) struct Connection<S> {
    stream: S,
    messages: MessageScanner,
    /// After a refusal, what is still to be read instead.
    refused: Option<&'static [u8]>,
}

impl<S> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            messages: MessageScanner::default(),
            refused: None,
        }
    }

    /// Takes back what may not be read of the bytes behind `before`. Whether any are left, or the stream has ended.
    fn watch(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let read = buf.filled().get(before..).unwrap_or_default();
        let Err(refused) = self.messages.scan(read) else {
            return true;
        };
        buf.set_filled(before + refused.accepted);
        self.refused = Some(if refused.in_head { SPOILT_HEAD } else { &[] });
        refused.accepted > 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.refused.is_none() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            if self.watch(buf, before) {
                return Poll::Ready(Ok(()));
            }
        }
        let instead = self.refused.unwrap_or_default();
        if instead.is_empty() {
            // Whoever reads a body hears of it, and answers with a refusal.
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let (now, later) = instead.split_at(instead.len().min(buf.remaining()));
        buf.put_slice(now);
        self.refused = Some(later);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
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
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn as_much_is_read_at_once_as_there_is_room_for() {
        let next = "GET / HTTP/1.1\r\n\r\n";
        let text = format!("{next}PUT / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
        let bytes = [
            text.as_bytes(),
            &vec![0; 1_000_000],
            next.as_bytes(),
            b"\n",
            next.as_bytes(),
        ]
        .concat();
        let mut connection = Connection::new(bytes.as_slice());
        let mut read = vec![1; bytes.len()];
        let count = connection.read(&mut read).await.unwrap();
        assert_eq!(count, text.len() + 1_000_000 + next.len());
        let mut instead = Vec::new();
        assert!(connection.read_to_end(&mut instead).await.is_err());
        assert_eq!(
            (&read[..count], instead.as_slice()),
            (&bytes[..count], SPOILT_HEAD)
        );
    }
}
