//! Objects that arrive in slices, in a bucket: parts of a multipart upload, and a *tail* that is too short for one.
//!
//! A part is at least 5 MiB, a slice may be one byte. So what does not fill a part is put as an object of its own, below
//! `.uploads/`, and is read again when the next slice comes. The row that is stored last says which parts and which tail count.
//! The tail before it is kept until then, because a crash may come between the tail and the row.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutOptions};
use serde::{Deserialize, Serialize};

use super::super::partial::Partial;
use super::super::{ContentError, ContentKey, Destination, Written};
use super::Bucket;
use super::fault::{Doing, Meaning};
use super::upload::{MAX_PARTS, PART_BYTES};
use crate::media;

/// What a bucket has of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct S3Parts {
    /// The multipart upload and its parts, once there is one.
    multipart: Option<Multipart>,
    /// Which tail counts, and its length; 0 for none.
    tail: (u32, usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Multipart {
    id: String,
    /// The object's key: it has to be known when the upload begins.
    key: String,
    /// The entity tags of the parts, in order.
    parts: Vec<String>,
}

/// Goes on with an object.
pub(in super::super) struct S3Appending {
    bucket: Arc<Bucket>,
    destination: Destination,
    parts: S3Parts,
    /// What does not fill a part yet; what the tail has is among it.
    waiting: Vec<u8>,
    changed: bool,
    failed: bool,
}

impl Bucket {
    pub(in super::super) async fn append(
        self: &Arc<Self>,
        destination: &Destination,
        parts: Option<S3Parts>,
    ) -> Result<S3Appending, ContentError> {
        let parts = parts.unwrap_or_default();
        let waiting = self.tail(destination, &parts).await?;
        Ok(S3Appending {
            bucket: Arc::clone(self),
            destination: destination.clone(),
            parts,
            waiting,
            changed: false,
            failed: false,
        })
    }

    /// Gives the object its name. What has it already is complete.
    pub(in super::super) async fn complete(
        self: &Arc<Self>,
        destination: &Destination,
        partial: &Partial,
    ) -> Result<(ContentKey, Written), ContentError> {
        let parts = partial.parts.clone().unwrap_or_default();
        let key = match &parts.multipart {
            Some(multipart) => ContentKey::from_row(&multipart.key).ok_or_else(|| lost(destination))?,
            None => destination.key(partial.media_type()),
        };
        let mut found = self.look(&key).await?;
        if found.is_none() {
            let rest = self.tail(destination, &parts).await?;
            match parts.multipart.clone() {
                Some(multipart) => self.complete_multipart(&key, multipart, rest).await?,
                None => self.put(&key, Cursor::new(rest)).await.map(drop)?,
            }
            found = self.look(&key).await?;
        }
        let found = found.filter(|found| found.size == partial.received_bytes);
        let found = found.ok_or_else(|| lost(destination))?;
        self.remove_tails(destination, &parts).await;
        Ok((
            key,
            Written {
                size_bytes: found.size,
                sha256: partial.sha256()?,
                modified_ns: found.last_modified.timestamp_nanos_opt().unwrap_or(0),
            },
        ))
    }

    pub(in super::super) async fn discard(
        &self,
        destination: &Destination,
        partial: &Partial,
    ) -> Result<(), ContentError> {
        let parts = partial.parts.clone().unwrap_or_default();
        if let Some(multipart) = &parts.multipart {
            let path = Path::from(self.full_name(&multipart.key));
            match self.asking.abort_multipart(&path, &multipart.id).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    let error = ContentError::from(self.fault(Doing::RemoveUnfinished, &error));
                    tracing::warn!(content.key = multipart.key, %error, "an upload could not be taken back; it goes after a day");
                }
            }
        }
        self.remove_tails(destination, &parts).await;
        Ok(())
    }

    async fn complete_multipart(
        &self,
        key: &ContentKey,
        mut multipart: Multipart,
        rest: Vec<u8>,
    ) -> Result<(), ContentError> {
        if !rest.is_empty() {
            let part = self.put_part(&multipart, rest.into()).await?;
            multipart.parts.push(part);
        }
        let parts = multipart.parts.into_iter();
        let parts = parts.map(|content_id| PartId { content_id }).collect();
        let completed = self
            .writing
            .complete_multipart(&self.path(key), &multipart.id, parts)
            .await;
        match completed {
            Ok(_) => Ok(()),
            // The answer to a first attempt may have been lost: then the object is there, and the upload is not.
            Err(error) => match self.look(key).await? {
                Some(_) => Ok(()),
                None => Err(self.fault(Doing::Write, &error).into()),
            },
        }
    }

    async fn put_part(&self, multipart: &Multipart, bytes: Bytes) -> Result<String, ContentError> {
        let number = multipart.parts.len();
        if number >= MAX_PARTS {
            return Err(ContentError::TooLarge);
        }
        let path = Path::from(self.full_name(&multipart.key));
        let put = self.writing.put_part(&path, &multipart.id, number, bytes.into());
        let part = put.await.map_err(|error| self.fault(Doing::Write, &error))?;
        Ok(part.content_id)
    }

    /// The bytes of the tail that counts.
    async fn tail(&self, destination: &Destination, parts: &S3Parts) -> Result<Vec<u8>, ContentError> {
        let (number, length) = parts.tail;
        if length == 0 {
            return Ok(Vec::new());
        }
        let path = self.tail_path(destination, number);
        let got = self.asking.get(&path).await;
        let got = got.map_err(|error| match self.fault(Doing::Read, &error) {
            fault if fault.meaning == Meaning::NoObject => lost(destination),
            fault => fault.into(),
        })?;
        if got.meta.size != length as u64 {
            return Err(lost(destination));
        }
        let bytes = got
            .bytes()
            .await
            .map_err(|error| self.fault(Doing::Read, &error))?;
        Ok(bytes.to_vec())
    }

    /// Removes the tail that counts and the one before it. What stays behind is in nobody's way.
    async fn remove_tails(&self, destination: &Destination, parts: &S3Parts) {
        let (number, _) = parts.tail;
        for number in [number.saturating_sub(1), number]
            .into_iter()
            .filter(|number| *number > 0)
        {
            self.remove_tail(destination, number).await;
        }
    }

    async fn remove_tail(&self, destination: &Destination, number: u32) {
        let path = self.tail_path(destination, number);
        match self.asking.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                let error = ContentError::from(self.fault(Doing::Remove, &error));
                tracing::warn!(content.unfinished = %path, %error, "a part of an upload could not be removed");
            }
        }
    }

    fn tail_path(&self, destination: &Destination, number: u32) -> Path {
        let unique = destination.unique.simple();
        Path::from(self.full_name(&format!(".uploads/{unique}/{number}")))
    }
}

impl S3Appending {
    /// Takes a block; `head` are the first bytes of the object.
    pub(in super::super) async fn write(&mut self, block: &[u8], head: &[u8]) -> Result<(), ContentError> {
        let mut block = block;
        self.changed = true;
        while !block.is_empty() {
            let room = PART_BYTES.saturating_sub(self.waiting.len());
            let (taken, rest) = block.split_at(block.len().min(room));
            self.waiting.extend_from_slice(taken);
            block = rest;
            if self.waiting.len() >= PART_BYTES {
                let sent = self.send_part(head).await;
                self.failed |= sent.is_err();
                sent?;
            }
        }
        Ok(())
    }

    async fn send_part(&mut self, head: &[u8]) -> Result<(), ContentError> {
        let mut multipart = match self.parts.multipart.take() {
            Some(multipart) => multipart,
            None => {
                let key = self.destination.key(media::media_type(head));
                let created = self
                    .bucket
                    .writing
                    .create_multipart(&self.bucket.path(&key))
                    .await;
                Multipart {
                    id: created.map_err(|error| self.bucket.fault(Doing::Write, &error))?,
                    key: key.as_str().to_owned(),
                    parts: Vec::new(),
                }
            }
        };
        let bytes = Bytes::from(std::mem::take(&mut self.waiting));
        let part = self.bucket.put_part(&multipart, bytes).await?;
        multipart.parts.push(part);
        self.parts.multipart = Some(multipart);
        Ok(())
    }

    /// Puts what does not fill a part as the new tail.
    pub(in super::super) async fn end(
        mut self,
        written: Result<(), ContentError>,
    ) -> Result<S3Parts, ContentError> {
        written?;
        if self.failed {
            return Err(ContentError::Io(std::io::Error::other(
                "an earlier part could not be sent",
            )));
        }
        if !self.changed {
            return Ok(self.parts);
        }
        let (before, _) = self.parts.tail;
        // The one before the last is not named by any row any more.
        if let Some(older) = before.checked_sub(1).filter(|older| *older > 0) {
            self.bucket.remove_tail(&self.destination, older).await;
        }
        let (number, length) = (before + 1, self.waiting.len());
        if length > 0 {
            let path = self.bucket.tail_path(&self.destination, number);
            let bytes = Bytes::from(std::mem::take(&mut self.waiting));
            let put = self
                .bucket
                .writing
                .put_opts(&path, bytes.into(), PutOptions::default());
            put.await
                .map_err(|error| self.bucket.fault(Doing::Write, &error))?;
        }
        self.parts.tail = (number, length);
        Ok(self.parts)
    }
}

fn lost(destination: &Destination) -> ContentError {
    ContentError::Damaged {
        key: destination.key(""),
        what: "bytes that were received are not there any more",
    }
}
