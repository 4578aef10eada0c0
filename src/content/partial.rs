//! [`Partial`]: an object that arrives in slices, over hours, through restarts and several nodes.
//!
//! What is known of it stands in a row of the database, not here: whoever goes on brings the [`Partial`] that was stored last,
//! and gets a new one to store. What lies in the store beyond that row was never acknowledged, and is written over.

use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use super::local::LocalAppending;
use super::s3::partial::{S3Appending, S3Parts};
use super::{ContentError, ContentStore, Destination, off_thread};
use crate::media;

/// Bytes that are written and hashed at a time. An upload holds twice as many: those that come and those that are written.
pub(super) const BLOCK_BYTES: usize = 512 * 1024;

/// How far an object has come. As JSON it lies in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// So many bytes from the first are durable.
    pub received_bytes: u64,
    /// The state of SHA-256 behind them, in base64: nothing is ever read again to go on hashing.
    hash: String,
    /// The first bytes, in base64: they tell the kind of file.
    head: String,
    /// What a bucket has of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parts: Option<S3Parts>,
}

impl Default for Partial {
    fn default() -> Self {
        Self {
            received_bytes: 0,
            hash: BASE64_STANDARD.encode(Sha256::new().serialize()),
            head: String::new(),
            parts: None,
        }
    }
}

impl Partial {
    /// SHA-256 of what has been received.
    ///
    /// # Errors
    /// [`ContentError::Io`] where the row has been spoiled.
    pub fn sha256(&self) -> Result<[u8; 32], ContentError> {
        Ok(self.hasher()?.finalize().into())
    }

    /// The media type that the first bytes tell.
    pub fn media_type(&self) -> &'static str {
        media::media_type(&BASE64_STANDARD.decode(&self.head).unwrap_or_default())
    }

    fn hasher(&self) -> Result<Sha256, ContentError> {
        let spoiled = || ContentError::Io(io::Error::other("the stored state of an upload cannot be read"));
        let bytes = BASE64_STANDARD.decode(&self.hash).map_err(|_| spoiled())?;
        let state = bytes.as_slice().try_into().map_err(|_| spoiled())?;
        Sha256::deserialize(&state).map_err(|_| spoiled())
    }
}

/// Goes on with an object. To be ended with [`Appending::end`], also after an error: what is dropped may still be written.
pub struct Appending {
    before: Partial,
    sink: Sink,
    block: BytesMut,
    head: Vec<u8>,
    received_bytes: u64,
    hashing: Hashing,
}

enum Sink {
    Local(LocalAppending),
    S3(Box<S3Appending>),
}

/// Hashes beside the writing, one block at a time and in order.
enum Hashing {
    Idle(Sha256),
    Busy(JoinHandle<Sha256>),
}

impl ContentStore {
    /// Goes on with an object behind what `partial` has of it.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] or [`ContentError::Damaged`] where what was acknowledged is not there any more.
    pub async fn append(
        &self,
        destination: &Destination,
        partial: Partial,
    ) -> Result<Appending, ContentError> {
        let sink = match &self.backend {
            super::Backend::Local(folder) => {
                let (folder, destination) = (std::sync::Arc::clone(folder), destination.clone());
                let received = partial.received_bytes;
                Sink::Local(off_thread(move || folder.append(&destination, received)).await?)
            }
            super::Backend::S3(bucket) => {
                Sink::S3(Box::new(bucket.append(destination, partial.parts.clone()).await?))
            }
        };
        Ok(Appending {
            hashing: Hashing::Idle(partial.hasher()?),
            head: BASE64_STANDARD.decode(&partial.head).unwrap_or_default(),
            received_bytes: partial.received_bytes,
            before: partial,
            sink,
            block: BytesMut::new(),
        })
    }
}

impl Appending {
    /// Takes the next bytes. They are not durable before [`Appending::end`].
    ///
    /// # Errors
    /// [`ContentError`] of the store; nothing more can be written then.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), ContentError> {
        let missing = media::HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        while !bytes.is_empty() {
            let room = BLOCK_BYTES - self.block.len();
            let taken = bytes.split_to(bytes.len().min(room));
            self.block.extend_from_slice(&taken);
            if self.block.len() == BLOCK_BYTES {
                self.write_block().await?;
            }
        }
        Ok(())
    }

    /// Makes what has been written durable: the [`Partial`] to be stored.
    ///
    /// # Errors
    /// [`ContentError`] of the store: then the [`Partial`] before still counts.
    pub async fn end(mut self) -> Result<Partial, ContentError> {
        let written = self.write_block().await;
        let settled = match self.sink {
            Sink::Local(local) => local.end(written).await.map(|()| None),
            Sink::S3(s3) => s3.end(written).await.map(Some),
        };
        let hash = match self.hashing {
            Hashing::Idle(hash) => hash,
            Hashing::Busy(busy) => busy.await.map_err(lost)?,
        };
        let parts = settled?;
        if self.received_bytes == self.before.received_bytes {
            return Ok(self.before);
        }
        Ok(Partial {
            received_bytes: self.received_bytes,
            hash: BASE64_STANDARD.encode(hash.serialize()),
            head: BASE64_STANDARD.encode(&self.head),
            parts,
        })
    }

    /// Hands what has been gathered to the store and to the hash, when both have done with what came before.
    async fn write_block(&mut self) -> Result<(), ContentError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block).freeze();
        self.received_bytes += block.len() as u64;
        self.hash(block.clone()).await?;
        match &mut self.sink {
            Sink::Local(local) => local.write(block).await,
            Sink::S3(s3) => s3.write(&block, &self.head).await,
        }
    }

    async fn hash(&mut self, block: Bytes) -> Result<(), ContentError> {
        let idle = std::mem::replace(&mut self.hashing, Hashing::Idle(Sha256::new()));
        let mut hash = match idle {
            Hashing::Idle(hash) => hash,
            Hashing::Busy(busy) => busy.await.map_err(lost)?,
        };
        self.hashing = Hashing::Busy(tokio::task::spawn_blocking(move || {
            hash.update(&block);
            hash
        }));
        Ok(())
    }
}

fn lost(error: tokio::task::JoinError) -> ContentError {
    ContentError::Io(io::Error::other(error))
}
