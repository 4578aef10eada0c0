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
    /// All of one object, then a part of another: where the part begins, and its length.
    Joined(Box<(ContentReader, ContentReader, u64, u64)>),
}

/// The bytes of a stored object that are still to be sent. Holds at most [`CHUNK_BYTES`] of a file, or
/// what the network has given at once; dropped, it frees everything.
#[derive(Debug)]
pub struct ContentStream(Stream);

#[derive(Debug)]
enum Stream {
    Local(LocalStream),
    S3(Box<S3Stream>),
    /// One after the other.
    Joined(Box<[ContentStream; 2]>),
}

impl ContentReader {
    /// All of this object, and behind it `length` bytes of `body` from `offset`, as one.
    pub fn followed_by(self, body: Self, offset: u64, length: u64) -> Self {
        Self(Reader::Joined(Box::new((self, body, offset, length))))
    }

    /// Length in bytes.
    pub fn size_bytes(&self) -> u64 {
        match &self.0 {
            Reader::Local(reader) => reader.size_bytes,
            Reader::S3(reader) => reader.size_bytes,
            Reader::Joined(joined) => joined.0.size_bytes().saturating_add(joined.3),
        }
    }

    /// Time of change, in ns since 1970.
    pub fn modified_ns(&self) -> i64 {
        match &self.0 {
            Reader::Local(reader) => reader.modified_ns,
            Reader::S3(reader) => reader.modified_ns,
            Reader::Joined(joined) => joined.1.modified_ns(),
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
            Reader::Joined(joined) => {
                let (head, body, offset, _) = &**joined;
                let border = head.size_bytes();
                let of_head = length.min(border.saturating_sub(first));
                let skipped = first.saturating_sub(border);
                let reads = [
                    Box::pin(head.read(first.min(border), of_head)).await?,
                    Box::pin(body.read(offset.saturating_add(skipped), length - of_head)).await?,
                ];
                Stream::Joined(Box::new(reads))
            }
        }))
    }

    /// The same for a thread that may block: what looks into a file reads here and there.
    pub fn blocking(&self) -> BlockingReader {
        BlockingReader {
            reader: self.clone(),
            runtime: tokio::runtime::Handle::current(),
            offset: 0,
            window: (0, Vec::new()),
        }
    }

    /// SHA-256 of the whole.
    pub(super) async fn hash(&self) -> Result<[u8; 32], ContentError> {
        match &self.0 {
            Reader::Local(reader) => reader.hash().await,
            Reader::S3(reader) => reader.hash().await,
            // What is recorded is of objects, not of what is made of them.
            Reader::Joined(joined) => Box::pin(joined.1.hash()).await,
        }
    }
}

impl ContentStream {
    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Stream::Local(stream) => stream.remaining,
            Stream::S3(stream) => stream.remaining(),
            Stream::Joined(both) => both.iter().map(Self::remaining).sum(),
        }
    }

    /// Gives no more than `bytes` of a file at a time, so that less is held where much is read at once.
    pub fn give_at_most(&mut self, bytes: usize) {
        match &mut self.0 {
            Stream::Local(stream) => stream.chunk_bytes = bytes.min(CHUNK_BYTES),
            Stream::S3(_) => {}
            Stream::Joined(both) => both.iter_mut().for_each(|stream| stream.give_at_most(bytes)),
        }
    }

    /// The next bytes; `None` when all have come. An error is the end: what has come so far is not the whole.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match &mut self.0 {
            Stream::Local(stream) => stream.poll_chunk(cx),
            Stream::S3(stream) => stream.poll_chunk(cx),
            Stream::Joined(both) => {
                let [first, second] = &mut **both;
                match first.remaining() {
                    0 => second.poll_chunk(cx),
                    _ => first.poll_chunk(cx),
                }
            }
        }
    }
}

/// Bytes that are read at a time where somebody looks here and there.
const WINDOW_BYTES: u64 = 64 * 1024;

/// Reads an object on a thread that may block.
pub struct BlockingReader {
    reader: ContentReader,
    runtime: tokio::runtime::Handle,
    offset: u64,
    /// What was read last, and where it begins.
    window: (u64, Vec<u8>),
}

impl BlockingReader {
    /// What of the window lies at the offset; read where there is nothing.
    fn at_offset(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let size = self.reader.size_bytes();
        let (start, bytes) = &self.window;
        let is_inside = (*start..start + bytes.len() as u64).contains(&self.offset);
        if !is_inside && self.offset < size {
            let wanted = (wanted as u64).max(WINDOW_BYTES).min(size - self.offset);
            let bytes = self.runtime.block_on(self.reader.gather(self.offset, wanted))?;
            self.window = (self.offset, bytes);
        }
        let (start, bytes) = &self.window;
        let skip = usize::try_from(self.offset.saturating_sub(*start)).unwrap_or(usize::MAX);
        Ok(bytes.get(skip..).unwrap_or_default())
    }
}

impl ContentReader {
    /// `length` bytes from `first`, in memory.
    ///
    /// # Errors
    /// What the store says.
    pub async fn gather(&self, first: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut stream = self.read(first, length).await.map_err(io::Error::other)?;
        let mut gathered = Vec::new();
        while let Some(bytes) = std::future::poll_fn(|cx| stream.poll_chunk(cx)).await {
            gathered.extend_from_slice(&bytes?);
        }
        Ok(gathered)
    }
}

impl io::Read for BlockingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let found = self.at_offset(buffer.len())?;
        let count = found.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), found.get(..count)) {
            to.copy_from_slice(from);
        }
        self.offset += count as u64;
        Ok(count)
    }
}

impl io::Seek for BlockingReader {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let (base, by) = match to {
            io::SeekFrom::Start(offset) => (offset, 0),
            io::SeekFrom::End(by) => (self.reader.size_bytes(), by),
            io::SeekFrom::Current(by) => (self.offset, by),
        };
        let offset = base.checked_add_signed(by);
        self.offset = offset.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.offset)
    }
}
