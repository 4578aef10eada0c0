//! Objects that arrive in slices, in a folder: a file below `.uploads` that grows, and at last gets its name by a rename.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{Advice, FallocateFlags};
use tokio::task::JoinHandle;

use super::{LocalFolder, by_meaning, modified_ns, publish, sync_folder};
use crate::content::partial::Partial;
use crate::content::{ContentError, ContentKey, Destination, Written, off_thread};

/// Where objects lie that arrive in slices.
pub(super) const UPLOADS: &str = ".uploads";
/// Space that is asked for at a time, so that a file that grows lies in few pieces.
const RESERVED_BYTES: u64 = 8 * 1024 * 1024;

/// Goes on with a file.
pub(in crate::content) struct LocalAppending {
    file: Arc<File>,
    /// The folder to be flushed too, where the file is new.
    made_in: Option<PathBuf>,
    /// Where the next block goes.
    offset: u64,
    /// Up to where space has been asked for.
    reserved: u64,
    writing: Option<JoinHandle<io::Result<()>>>,
    failed: bool,
}

impl LocalFolder {
    /// Opens the file of an upload behind its first `received` bytes. What lies there already was never acknowledged.
    pub(in crate::content) fn append(
        &self,
        destination: &Destination,
        received: u64,
    ) -> Result<LocalAppending, ContentError> {
        let path = self.upload(destination);
        let file = File::options()
            .write(true)
            .create(received == 0)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| self.lost_or(error, destination))?;
        let length = file.metadata().map_err(by_meaning)?.len();
        if length < received {
            return Err(damaged(destination));
        }
        if length > received {
            file.set_len(received).map_err(by_meaning)?;
        }
        Ok(LocalAppending {
            file: Arc::new(file),
            made_in: (received == 0).then(|| self.root.join(UPLOADS)),
            offset: received,
            reserved: received,
            writing: None,
            failed: false,
        })
    }

    /// Gives the file of an upload its name. To be done again after a crash: what has its name already is complete.
    pub(in crate::content) fn complete(
        &self,
        destination: &Destination,
        partial: &Partial,
    ) -> Result<(ContentKey, Written), ContentError> {
        let key = destination.key(partial.media_type());
        let (source, target) = (self.upload(destination), self.path(&key));
        let sha256 = partial.sha256()?;
        let file = match File::options().read(true).write(true).open(&source) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = File::open(&target).map_err(|error| self.lost_or(error, destination))?;
                let written = written(&file, partial, sha256, destination)?;
                self.settle_name(&target)?;
                return Ok((key, written));
            }
            Err(error) => return Err(by_meaning(error)),
        };
        written(&file, partial, sha256, destination)?;
        // Gives back what was asked for behind the end: it would be taken for as long as the file is there.
        file.set_len(partial.received_bytes).map_err(by_meaning)?;
        let written = written(&file, partial, sha256, destination)?;
        // Its time of change too, so that it is not taken for changed after a power cut.
        file.sync_all().map_err(by_meaning)?;
        let folder = target.parent().unwrap_or(&self.root);
        self.make_folders(folder).map_err(by_meaning)?;
        publish(&source, &target).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ContentError::Exists(key.clone()),
            _ => by_meaning(error),
        })?;
        self.settle_name(&target)?;
        Ok((key, written))
    }

    /// Makes the name of an object durable, with every folder above it. An attempt before may have come as far as making
    /// them, and no further.
    fn settle_name(&self, target: &std::path::Path) -> Result<(), ContentError> {
        self.sync_folders(target).map_err(by_meaning)?;
        sync_folder(&self.root.join(UPLOADS)).map_err(by_meaning)
    }

    /// Removes the file of an upload that has not been completed, if there is one.
    pub(in crate::content) fn discard(&self, destination: &Destination) -> Result<(), ContentError> {
        match fs::remove_file(self.upload(destination)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.reach(),
            removed => removed.map_err(by_meaning),
        }
    }

    /// What it means that a file cannot be opened of which bytes were received: they are lost, unless all of the disk is away.
    fn lost_or(&self, error: io::Error, destination: &Destination) -> ContentError {
        match error.kind() {
            io::ErrorKind::NotFound => self.reach().err().unwrap_or_else(|| damaged(destination)),
            _ => by_meaning(error),
        }
    }

    fn upload(&self, destination: &Destination) -> PathBuf {
        let name = destination.unique.simple().to_string();
        self.root.join(UPLOADS).join(name)
    }
}

impl LocalAppending {
    pub(in crate::content) async fn write(&mut self, block: Bytes) -> Result<(), ContentError> {
        self.settle().await?;
        let (file, offset, length) = (Arc::clone(&self.file), self.offset, block.len() as u64);
        self.offset += length;
        let reserve = (self.offset > self.reserved).then(|| {
            let from = std::mem::replace(&mut self.reserved, offset + length.max(RESERVED_BYTES));
            (from, self.reserved - from)
        });
        self.writing = Some(tokio::task::spawn_blocking(move || {
            if let Some((from, length)) = reserve {
                // Where a file system cannot, the blocks come one by one.
                let _unable = rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, from, length);
            }
            file.write_all_at(&block, offset)?;
            // The disk begins now, so that the flush at the end has little left to do.
            let length = std::num::NonZero::new(length);
            let _unable = rustix::fs::fadvise(&file, offset, length, Advice::DontNeed);
            Ok(())
        }));
        Ok(())
    }

    /// Waits for what is being written, then flushes it, unless something has gone wrong.
    pub(in crate::content) async fn end(
        mut self,
        written: Result<(), ContentError>,
    ) -> Result<(), ContentError> {
        let settled = self.settle().await;
        written.and(settled)?;
        if self.failed {
            return Err(ContentError::Io(io::Error::other(
                "an earlier block could not be written",
            )));
        }
        let (file, made_in) = (self.file, self.made_in);
        off_thread(move || {
            file.sync_data().map_err(by_meaning)?;
            made_in
                .map_or(Ok(()), |folder| sync_folder(&folder))
                .map_err(by_meaning)
        })
        .await
    }

    async fn settle(&mut self) -> Result<(), ContentError> {
        let Some(writing) = self.writing.take() else {
            return Ok(());
        };
        let written = writing.await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
        self.failed |= written.is_err();
        written.map_err(by_meaning)
    }
}

/// What a file is that should have what `partial` says.
fn written(
    file: &File,
    partial: &Partial,
    sha256: [u8; 32],
    destination: &Destination,
) -> Result<Written, ContentError> {
    let metadata = file.metadata().map_err(by_meaning)?;
    if metadata.len() != partial.received_bytes {
        return Err(damaged(destination));
    }
    Ok(Written {
        size_bytes: partial.received_bytes,
        sha256,
        modified_ns: modified_ns(&metadata),
    })
}

fn damaged(destination: &Destination) -> ContentError {
    ContentError::Damaged {
        key: destination.key(""),
        what: "bytes that were received are not there any more",
    }
}
