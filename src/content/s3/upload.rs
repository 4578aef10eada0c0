//! Writing an object: one request where it fits into a part, otherwise a multipart upload, taken back when it fails.

use std::io::{self, Read};
use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutOptions, PutPayload};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::local::digest_bytes;
use super::super::{ContentError, ContentKey, Written, off_thread};
use super::Bucket;
use super::fault::{Doing, Fault};

/// Bytes of a part. Every S3 store takes parts of 5 MiB to 5 GiB, all but the last of one size.
pub(super) const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at a time. With the one that is being read and the one that waits, an upload holds four.
const PARTS_IN_FLIGHT: usize = 2;
/// As many as an S3 store takes for one object.
pub(super) const MAX_PARTS: usize = 10_000;

/// Length and SHA-256 of all that was read.
type Totals = (u64, [u8; 32]);

/// Stores `source` under `key`. The work goes on when whoever asked for it goes away, so that it always comes to an end:
/// whole, or taken back.
pub(super) async fn put(
    bucket: &Arc<Bucket>,
    key: &ContentKey,
    source: impl Read + Send + 'static,
) -> Result<Written, ContentError> {
    let upload = Upload {
        bucket: Arc::clone(bucket),
        path: bucket.path(key),
        key: key.clone(),
    };
    let written = tokio::spawn(upload.run(source)).await;
    written.map_err(|lost| ContentError::Io(io::Error::other(lost)))?
}

struct Upload {
    bucket: Arc<Bucket>,
    path: Path,
    key: ContentKey,
}

impl Upload {
    async fn run(self, source: impl Read + Send + 'static) -> Result<Written, ContentError> {
        let (sender, mut parts) = mpsc::channel(1);
        let reading = off_thread(move || read_parts(source, &sender));
        let reading = tokio::spawn(reading);
        let first = parts.recv().await.unwrap_or_default();
        let (size_bytes, sha256) = match parts.recv().await {
            None => {
                let totals = totals(reading).await?;
                self.put_whole(first).await?;
                totals
            }
            Some(second) => self.put_in_parts([first, second], parts, reading).await?,
        };
        let found = self.bucket.writing.head(&self.path).await;
        let found = found.map_err(|error| self.bucket.fault(Doing::Read, &error))?;
        if found.size != size_bytes {
            return Err(self.lost());
        }
        Ok(Written {
            size_bytes,
            sha256,
            modified_ns: found.last_modified.timestamp_nanos_opt().unwrap_or(0),
        })
    }

    async fn put_whole(&self, bytes: Bytes) -> Result<(), ContentError> {
        self.refuse_taken().await?;
        let put = self
            .bucket
            .writing
            .put_opts(&self.path, PutPayload::from(bytes), PutOptions::default());
        put.await.map(|_| ()).map_err(|error| self.failed(&error))
    }

    async fn put_in_parts(
        &self,
        first: [Bytes; 2],
        parts: mpsc::Receiver<Bytes>,
        reading: Reading,
    ) -> Result<Totals, ContentError> {
        let created = self.bucket.writing.create_multipart(&self.path).await;
        let id = created.map_err(|error| self.failed(&error))?;
        let totals = self.fill_and_complete(&id, first, parts, reading).await;
        if totals.is_err()
            && let Err(error) = self.bucket.writing.abort_multipart(&self.path, &id).await
        {
            let error = ContentError::from(self.bucket.fault(Doing::RemoveUnfinished, &error));
            tracing::warn!(content.key = %self.key, %error, "a failed upload could not be taken back; it goes after a day");
        }
        totals
    }

    async fn fill_and_complete(
        &self,
        id: &String,
        first: [Bytes; 2],
        mut parts: mpsc::Receiver<Bytes>,
        reading: Reading,
    ) -> Result<Totals, ContentError> {
        let mut waiting = first.into_iter();
        let mut sending = JoinSet::new();
        let mut sent: Vec<(usize, PartId)> = Vec::new();
        let mut number = 0;
        loop {
            if sending.len() >= PARTS_IN_FLIGHT
                && let Some(part) = sending.join_next().await
            {
                sent.push(self.arrived(part)?);
            }
            let next = match waiting.next() {
                Some(bytes) => Some(bytes),
                None => parts.recv().await,
            };
            let Some(bytes) = next else { break };
            if number == MAX_PARTS {
                return Err(ContentError::TooLarge);
            }
            let (store, path, id) = (self.bucket.writing.clone(), self.path.clone(), id.clone());
            sending.spawn(async move {
                let part = store.put_part(&path, &id, number, bytes.into()).await;
                part.map(|part| (number, part))
            });
            number += 1;
        }
        while let Some(part) = sending.join_next().await {
            sent.push(self.arrived(part)?);
        }
        let totals = totals(reading).await?;
        self.refuse_taken().await?;
        sent.sort_unstable_by_key(|(number, _)| *number);
        let sent = sent.into_iter().map(|(_, part)| part).collect();
        match self.bucket.writing.complete_multipart(&self.path, id, sent).await {
            Ok(_) => Ok(totals),
            // The answer to a first attempt may have been lost: then the object is there, and the upload is not.
            Err(error) => match self.bucket.look(&self.key).await {
                Ok(Some(found)) if found.size == totals.0 => Ok(totals),
                _ => Err(self.failed(&error)),
            },
        }
    }

    fn arrived(
        &self,
        part: Result<object_store::Result<(usize, PartId)>, tokio::task::JoinError>,
    ) -> Result<(usize, PartId), ContentError> {
        let part = part.map_err(|lost| ContentError::Io(io::Error::other(lost)))?;
        part.map_err(|error| self.failed(&error))
    }

    /// Looked at as late as possible: from here to being visible nothing else happens.
    async fn refuse_taken(&self) -> Result<(), ContentError> {
        match self.bucket.look(&self.key).await? {
            Some(_) => Err(ContentError::Exists(self.key.clone())),
            None => Ok(()),
        }
    }

    fn failed(&self, error: &object_store::Error) -> ContentError {
        self.bucket.fault(Doing::Write, error).into()
    }

    fn lost(&self) -> ContentError {
        Fault::nonsense(&self.bucket.places(), "that it has an object, and has another").into()
    }
}

type Reading = tokio::task::JoinHandle<Result<Totals, ContentError>>;

async fn totals(reading: Reading) -> Result<Totals, ContentError> {
    reading
        .await
        .map_err(|lost| ContentError::Io(io::Error::other(lost)))?
}

/// Reads all of `source` in parts. Blocks the thread.
fn read_parts(mut source: impl Read, parts: &mpsc::Sender<Bytes>) -> Result<Totals, ContentError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut size = 0;
    loop {
        let part = read_part(&mut source).map_err(ContentError::Source)?;
        if part.is_empty() {
            return Ok((size, digest_bytes(hash)));
        }
        hash.update(&part);
        size += part.len() as u64;
        if parts.blocking_send(part.into()).is_err() {
            return Err(ContentError::Io(io::ErrorKind::BrokenPipe.into()));
        }
    }
}

/// A whole part; at the end of the source, what is left.
fn read_part(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut part = vec![0; PART_BYTES];
    let mut filled = 0;
    while let Some(rest) = part.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    part.truncate(filled);
    Ok(part)
}
