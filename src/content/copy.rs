//! Copying objects from one store into another, each compared with what was recorded before it is visible.

use std::future::poll_fn;
use std::io::{self, Read};
use std::sync::Arc;

use aws_lc_rs::digest;
use bytes::{Buf, Bytes};
use tokio::runtime::Handle;

use super::{Backend, ContentError, ContentKey, ContentStore, ContentStream, Expected, off_thread};

/// What has become of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Time of change of the object in the store that it is in now, in ns since 1970.
    pub modified_ns: i64,
    /// It was there already, with the same bytes.
    pub was_there: bool,
}

/// Why there is no copy. Nothing of it is visible.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The original cannot be read, or is not what was recorded.
    #[error(transparent)]
    Original(ContentError),
    /// The copy cannot be written. [`ContentError::Exists`]: other bytes are under its key.
    #[error(transparent)]
    Copy(ContentError),
}

impl ContentStore {
    /// Copies an object out of `from`, and hashes it on the way: one that is not what is `expected` does not come to be. One
    /// that is here already is compared whole. Answers when the copy would survive a power cut.
    ///
    /// # Errors
    /// [`CopyError`] says which of the two stores it is about.
    pub async fn copy_from(&self, from: &Self, expected: &Expected) -> Result<Copied, CopyError> {
        match self.verify(expected).await {
            Err(ContentError::NotFound(_)) => {}
            Err(ContentError::Damaged { key, .. }) => return Err(CopyError::Copy(ContentError::Exists(key))),
            Err(other) => return Err(CopyError::Copy(other)),
            Ok(modified_ns) => {
                self.settle(&expected.key).await.map_err(CopyError::Copy)?;
                return Ok(Copied {
                    modified_ns,
                    was_there: true,
                });
            }
        }
        let original = from.compared(expected).await.map_err(CopyError::Original)?;
        match self.put(&expected.key, original).await {
            Ok(written) => Ok(Copied {
                modified_ns: written.modified_ns,
                was_there: false,
            }),
            Err(ContentError::Source(error)) => {
                Err(CopyError::Original(match error.downcast::<NotTheSame>() {
                    Ok(NotTheSame) => expected.damaged("its bytes have changed"),
                    Err(error) => ContentError::Source(error),
                }))
            }
            Err(other) => Err(CopyError::Copy(other)),
        }
    }

    /// Reads an object, and fails at its end where it is not what is `expected`.
    async fn compared(&self, expected: &Expected) -> Result<Compared, ContentError> {
        let reader = self.open(&expected.key).await?;
        if reader.size_bytes() != expected.size_bytes {
            return Err(expected.damaged("its length has changed"));
        }
        Ok(Compared {
            stream: reader.read(0, expected.size_bytes).await?,
            runtime: Handle::current(),
            chunk: Bytes::new(),
            hash: Some(digest::Context::new(&digest::SHA256)),
            sha256: expected.sha256.clone(),
        })
    }

    /// Makes durable that an object is there: whoever put it may have been killed before its name was.
    pub(super) async fn settle(&self, key: &ContentKey) -> Result<(), ContentError> {
        let Backend::Local(folder) = &self.backend else {
            return Ok(());
        };
        let (folder, key) = (Arc::clone(folder), key.clone());
        off_thread(move || folder.settle(&key)).await
    }
}

impl Expected {
    pub(super) fn damaged(&self, what: &'static str) -> ContentError {
        ContentError::Damaged {
            key: self.key.clone(),
            what,
        }
    }
}

/// What was read is not what was recorded.
#[derive(Debug, thiserror::Error)]
#[error("the bytes are not those that were recorded")]
struct NotTheSame;

/// An object on its way into another store, read on a thread that may block.
struct Compared {
    stream: ContentStream,
    runtime: Handle,
    chunk: Bytes,
    /// `None` at the end.
    hash: Option<digest::Context>,
    sha256: Vec<u8>,
}

impl Read for Compared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let stream = &mut self.stream;
            let next = self.runtime.block_on(poll_fn(|cx| stream.poll_chunk(cx)));
            match next.transpose()? {
                Some(chunk) => self.chunk = chunk,
                None => return self.end(),
            }
            if let Some(hash) = &mut self.hash {
                hash.update(&self.chunk);
            }
        }
        let count = self.chunk.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), self.chunk.get(..count)) {
            to.copy_from_slice(from);
        }
        self.chunk.advance(count);
        Ok(count)
    }
}

impl Compared {
    /// The end is given only where everything before it was right.
    fn end(&mut self) -> io::Result<usize> {
        let is_other = |hash: digest::Context| hash.finish().as_ref() != self.sha256;
        match self.hash.take().is_some_and(is_other) {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, NotTheSame)),
            false => Ok(0),
        }
    }
}
