//! Reading an object: in bounded pieces, all of one version.
//!
//! One request for all of a recording would be cut by stores and proxies as soon as its reader pauses, and whoever leaves
//! would leave the store sending. Pieces keep every request short, and one that breaks off is asked for again from where it
//! broke.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_core::Stream;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore};
use tokio::time::Sleep;

use super::super::{ContentError, ContentKey};
use super::ANSWER_LIMIT;
use super::fault::{Doing, Fault, Meaning, Places};

/// The most bytes of one request. Each costs the store's first-byte time once, and money where requests are counted.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;
/// How often in a row a read may fail without a byte before it counts as failed.
const ATTEMPTS: u32 = 3;
/// Pause before the first repetition; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// One version of an object.
#[derive(Clone, Debug)]
pub(in super::super) struct S3Reader {
    store: AmazonS3,
    places: Places,
    key: ContentKey,
    path: Path,
    pub(in super::super) size_bytes: u64,
    pub(in super::super) modified_ns: i64,
    e_tag: Option<String>,
}

impl S3Reader {
    pub(super) fn new(store: AmazonS3, places: Places, key: ContentKey, found: &ObjectMeta) -> Self {
        Self {
            store,
            places,
            key,
            path: found.location.clone(),
            size_bytes: found.size,
            modified_ns: modified_ns(found),
            e_tag: found.e_tag.clone(),
        }
    }

    /// `length` bytes from `first`, of which the first are there already: what fails before them fails here.
    pub(in super::super) async fn read(&self, first: u64, length: u64) -> Result<S3Stream, ContentError> {
        let mut stream = S3Stream {
            reader: self.clone(),
            offset: first,
            unread: length,
            ready: None,
            state: State::Idle,
            attempts: 0,
        };
        if length > 0 {
            let first = tokio::time::timeout(ANSWER_LIMIT, stream.next_bytes()).await;
            let late = |_| Fault::nonsense(&self.places, "no bytes in time");
            let bytes = first
                .map_err(late)
                .flatten()
                .map_err(|fault| fault.of_object(&self.key))?;
            stream.ready = Some(bytes);
        }
        Ok(stream)
    }

    /// SHA-256 of the whole. Hashing what the network gives at once takes less than a millisecond, so it is done in line.
    pub(in super::super) async fn hash(&self) -> Result<[u8; 32], ContentError> {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut stream = self.read(0, self.size_bytes).await?;
        while let Some(bytes) = std::future::poll_fn(|cx| stream.poll_chunk(cx)).await {
            hash.update(&bytes.map_err(ContentError::Io)?);
        }
        Ok(super::super::local::digest_bytes(hash))
    }

    /// Asks for a piece. The version is pinned by the request, and looked at in the answer, as not every server heeds it.
    async fn fetch(self, first: u64, end: u64) -> Result<Piece, Fault> {
        let options = GetOptions::new()
            .with_range(Some(first..end))
            .with_if_match(self.e_tag.clone());
        let got = self.store.get_opts(&self.path, options).await;
        let got = got.map_err(|error| Fault::of(Doing::Read, &self.places, &error))?;
        let is_same = got.meta.size == self.size_bytes
            && modified_ns(&got.meta) == self.modified_ns
            && got.meta.e_tag == self.e_tag
            && got.range == (first..end);
        match is_same {
            true => Ok(got.into_stream()),
            false => Err(Fault::changed()),
        }
    }
}

fn modified_ns(found: &ObjectMeta) -> i64 {
    found.last_modified.timestamp_nanos_opt().unwrap_or(0)
}

type Piece = Pin<Box<dyn Stream<Item = object_store::Result<Bytes>> + Send>>;

/// The bytes that are still to be sent. Holds what the network gives at once, and never more than a piece.
pub(in super::super) struct S3Stream {
    reader: S3Reader,
    /// Where the next byte from the network lies.
    offset: u64,
    /// How many are still to come from the network.
    unread: u64,
    /// Those that have come before anybody asked for them.
    ready: Option<Bytes>,
    state: State,
    /// Failures since the last byte.
    attempts: u32,
}

enum State {
    /// No request is under way.
    Idle,
    /// A piece has been asked for.
    Asked(Pin<Box<dyn Future<Output = Result<Piece, Fault>> + Send>>),
    /// A piece is coming: so many bytes more.
    Coming(Piece, u64),
    /// Before another attempt.
    Pausing(Pin<Box<Sleep>>),
}

impl S3Stream {
    pub(in super::super) fn remaining(&self) -> u64 {
        self.unread + self.ready.as_ref().map_or(0, |bytes| bytes.len() as u64)
    }

    pub(in super::super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(bytes) = self.ready.take() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if self.unread == 0 {
            return Poll::Ready(None);
        }
        self.poll_bytes(cx)
            .map(|bytes| Some(bytes.map_err(io::Error::from)))
    }

    async fn next_bytes(&mut self) -> Result<Bytes, Fault> {
        std::future::poll_fn(|cx| self.poll_bytes(cx)).await
    }

    /// The next bytes from the network; there must be some to come.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Fault>> {
        loop {
            let failed = match &mut self.state {
                State::Idle => {
                    let end = self.offset + self.unread.min(PIECE_BYTES);
                    self.state = State::Asked(Box::pin(self.reader.clone().fetch(self.offset, end)));
                    continue;
                }
                State::Pausing(pause) => {
                    ready!(pause.as_mut().poll(cx));
                    self.state = State::Idle;
                    continue;
                }
                State::Asked(piece) => match ready!(piece.as_mut().poll(cx)) {
                    Ok(piece) => {
                        self.state = State::Coming(piece, self.unread.min(PIECE_BYTES));
                        continue;
                    }
                    Err(fault) => fault,
                },
                State::Coming(piece, left) => match ready!(piece.as_mut().poll_next(cx)) {
                    Some(Ok(bytes)) if bytes.is_empty() => continue,
                    Some(Ok(bytes)) if bytes.len() as u64 <= *left => {
                        *left -= bytes.len() as u64;
                        if *left == 0 {
                            self.state = State::Idle;
                        }
                        return Poll::Ready(Ok(self.took(bytes)));
                    }
                    Some(Ok(_)) => Fault::nonsense(&self.reader.places, "more bytes than it was asked for"),
                    Some(Err(error)) => Fault::of(Doing::Read, &self.reader.places, &error),
                    None => Fault::nonsense(&self.reader.places, "fewer bytes than it promised"),
                },
            };
            self.attempts += 1;
            if self.attempts >= ATTEMPTS || failed.meaning != Meaning::Away {
                self.state = State::Idle;
                return Poll::Ready(Err(failed));
            }
            let pause = FIRST_PAUSE * 2_u32.pow(self.attempts - 1);
            self.state = State::Pausing(Box::pin(tokio::time::sleep(pause)));
        }
    }

    fn took(&mut self, bytes: Bytes) -> Bytes {
        self.attempts = 0;
        self.offset += bytes.len() as u64;
        self.unread -= bytes.len() as u64;
        bytes
    }
}

impl fmt::Debug for S3Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Stream")
            .field("key", &self.reader.key)
            .field("offset", &self.offset)
            .field("unread", &self.unread)
            .finish_non_exhaustive()
    }
}
