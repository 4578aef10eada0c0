//! [`ContentReader`] and [`ContentStream`]: an open object and the bytes of it that are on their way, of any back end.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::local::{LocalReader, LocalStream};
use super::s3::read::{S3Reader, S3Stream};
use super::{CHUNK_BYTES, ContentError};

/// An open object: one version of it. When the object is removed, whoever reads it goes on reading, or is cut off; nobody
/// gets bytes of anything else.
#[derive(Clone, Debug)]
pub struct ContentReader(pub(super) Reader);

#[derive(Clone, Debug)]
pub(super) enum Reader {
    Local(LocalReader),
    S3(Box<S3Reader>),
}

/// The bytes of a stored object that are still to be sent. Holds at most [`CHUNK_BYTES`] of a file, or
/// what the network has given at once; dropped, it frees everything.
#[derive(Debug)]
pub struct ContentStream(Stream);

#[derive(Debug)]
enum Stream {
    Local(LocalStream),
    S3(Box<S3Stream>),
}

impl ContentReader {
    /// Length in bytes.
    pub fn size_bytes(&self) -> u64 {
        match &self.0 {
            Reader::Local(reader) => reader.size_bytes,
            Reader::S3(reader) => reader.size_bytes,
        }
    }

    /// Time of change, in ns since 1970.
    pub fn modified_ns(&self) -> i64 {
        match &self.0 {
            Reader::Local(reader) => reader.modified_ns,
            Reader::S3(reader) => reader.modified_ns,
        }
    }

    /// `length` bytes from `first`, which must lie inside the object. What can be known to fail fails here, before the first
    /// byte is promised to anybody.
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn read(&self, first: u64, length: u64) -> Result<ContentStream, ContentError> {
        Ok(ContentStream(match &self.0 {
            Reader::Local(reader) => Stream::Local(reader.read(first, length)),
            Reader::S3(reader) => Stream::S3(Box::new(reader.read(first, length).await?)),
        }))
    }

    /// SHA-256 of the whole.
    pub(super) async fn hash(&self) -> Result<[u8; 32], ContentError> {
        match &self.0 {
            Reader::Local(reader) => reader.hash().await,
            Reader::S3(reader) => reader.hash().await,
        }
    }
}

impl ContentStream {
    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Stream::Local(stream) => stream.remaining,
            Stream::S3(stream) => stream.remaining(),
        }
    }

    /// Gives no more than `bytes` of a file at a time, so that less is held where much is read at once.
    pub fn give_at_most(&mut self, bytes: usize) {
        if let Stream::Local(stream) = &mut self.0 {
            stream.chunk_bytes = bytes.min(CHUNK_BYTES);
        }
    }

    /// The next bytes; `None` when all have come. An error is the end: what has come so far is not the whole.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.0 {
            Stream::Local(stream) => stream.poll_chunk(cx),
            Stream::S3(stream) => stream.poll_chunk(cx),
        }
    }
}
