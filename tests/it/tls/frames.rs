//! Frames of HTTP/2 as bytes (RFC 9113 section 4), for what no client library would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::client::DEADLINE;
use crate::support::tls::Secure;

/// What a client begins with, before its settings.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The flag of the last frame of a stream, and of an acknowledgement.
pub const END_STREAM: u8 = 1;
/// How a head begins that has such a status: they are in the static table (RFC 7541 appendix A).
pub const STATUS_200: u8 = 0x88;
pub const STATUS_400: u8 = 0x8c;

/// The flag of the last frame of a head.
pub const END_HEADERS: u8 = 4;

/// Types of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Data = 0,
    Headers = 1,
    Priority = 2,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// A frame that came.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// A frame.
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind as u8, flags], &stream.to_be_bytes(), payload].concat()
}

/// What a client begins with, with settings that change nothing.
pub fn preface() -> Vec<u8> {
    [PREFACE.to_vec(), frame(Kind::Settings, 0, 0, b"")].concat()
}

/// A text of HPACK, without Huffman coding (RFC 7541 section 5.2).
pub fn text(text: &[u8]) -> Vec<u8> {
    [integer(text.len(), 7, 0), text.to_vec()].concat()
}

/// An integer of HPACK with a prefix of so many bits (RFC 7541 section 5.1).
pub fn integer(value: usize, bits: u32, first: u8) -> Vec<u8> {
    let most = (1 << bits) - 1;
    if value < most {
        return vec![first | u8::try_from(value).unwrap()];
    }
    let mut bytes = vec![first | u8::try_from(most).unwrap()];
    let mut rest = value - most;
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128 + 128).unwrap());
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

/// A field that is not remembered.
pub fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    [vec![0], text(name), text(value)].concat()
}

/// The block of a GET: `:method`, `:scheme`, `:authority`, `:path`.
pub fn block(path: &str) -> Vec<u8> {
    // The first two are in the static table; the others have their names there.
    let authority = [vec![0x01], text(b"localhost")].concat();
    let path = [vec![0x04], text(path.as_bytes())].concat();
    [vec![0x82, 0x87], authority, path].concat()
}

/// A GET in one frame.
pub fn head(stream: u32, path: &str, is_whole: bool) -> Vec<u8> {
    let flags = END_HEADERS | if is_whole { END_STREAM } else { 0 };
    frame(Kind::Headers, flags, stream, &block(path))
}

/// A GET in one frame, with a token.
pub fn head_with(stream: u32, path: &str, is_whole: bool, token: &str) -> Vec<u8> {
    let flags = END_HEADERS | if is_whole { END_STREAM } else { 0 };
    let bearer = field(b"authorization", format!("Bearer {token}").as_bytes());
    frame(Kind::Headers, flags, stream, &[block(path), bearer].concat())
}

/// The value of a setting in a frame of them.
pub fn setting(frame: &Frame, id: u16) -> Option<u32> {
    let mut entries = frame.payload.chunks(6);
    entries
        .find(|entry| entry[..2] == id.to_be_bytes())
        .map(|entry| u32::from_be_bytes(entry[2..].try_into().unwrap()))
}

/// A connection of frames.
pub struct Frames {
    read: ReadHalf<Secure>,
    write: WriteHalf<Secure>,
}

impl Frames {
    /// Sends what a client begins with.
    pub async fn begin(stream: Secure) -> Self {
        let (read, write) = tokio::io::split(stream);
        let mut frames = Self { read, write };
        frames.send(&preface()).await;
        frames
    }

    /// Its two directions, to be used at the same time.
    pub fn split(self) -> (ReadHalf<Secure>, WriteHalf<Secure>) {
        (self.read, self.write)
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: &[u8]) {
        assert!(self.try_send(bytes).await, "the connection is closed");
    }

    /// Sends bytes, where the connection is still open.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.write.write_all(bytes).await?;
            self.write.flush().await
        };
        tokio::time::timeout(DEADLINE, sent)
            .await
            .expect("nobody takes it")
            .is_ok()
    }

    /// Whether a frame of that type comes before the connection ends; others are passed over.
    pub async fn has(&mut self, kind: Kind) -> bool {
        let found = async {
            while let Some(frame) = read_frame(&mut self.read).await {
                if frame.kind == kind as u8 {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(DEADLINE, found)
            .await
            .unwrap_or_else(|_| panic!("no {kind:?}"))
    }

    /// The next frame of that type; others are passed over.
    pub async fn next(&mut self, kind: Kind) -> Frame {
        let found = async {
            loop {
                let frame = read_frame(&mut self.read).await.expect("it is closed");
                if frame.kind == kind as u8 {
                    return frame;
                }
            }
        };
        tokio::time::timeout(DEADLINE, found)
            .await
            .unwrap_or_else(|_| panic!("no {kind:?}"))
    }
}

/// The next frame; `None` at the end of the connection.
pub async fn read_frame(stream: &mut ReadHalf<Secure>) -> Option<Frame> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).await.ok()?;
    let [high, middle, low, kind, flags, a, b, c, d] = header;
    let mut payload = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
    stream.read_exact(&mut payload).await.ok()?;
    Some(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes([a, b, c, d]),
        payload,
    })
}
