//! A folder on this machine: the default content store.
//!
//! # Configuration
//! `content.url = "file:FOLDER"`. An object is the plain bytes in one file.
//!
//! # Implementation
//! Written under `.incoming/` first, hashed on the way, fsynced, then moved to its name by a rename that refuses to
//! replace, then the folder and every folder made for it are fsynced. Reads ask the page cache in line
//! (`RWF_NOWAIT`) and go to a thread only when the disk has to be waited for.
//!
//! # Considerations
//! A file system without `renameat2(RENAME_NOREPLACE)` gets a hard link and an unlink instead. What a crash leaves
//! in `.incoming/` was never acknowledged; opening the store removes what has lain there for a day.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use rustix::io::ReadWriteFlags;

use super::{CHUNK_BYTES, ContentError, ContentKey, Expected, Written, off_thread};
use crate::clock::Ticks;
use crate::ids;

/// Where objects lie until they are complete.
const INCOMING: &str = ".incoming";
/// Buffer of one write.
const WRITE_BYTES: usize = 1024 * 1024;
/// How long a write may take before what it has written counts as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How many outcomes of comparisons are remembered, so that no file is compared again at every request.
const OUTCOMES_KEPT: usize = 1024;

#[derive(Debug)]
pub(super) struct LocalFolder {
    root: PathBuf,
    /// Held while one object is compared whole, so that comparing never takes more than one thread.
    comparing: tokio::sync::Mutex<()>,
    outcomes: Mutex<HashMap<Version, bool>>,
}

/// A key with the time of change of its file, in ns since 1970.
type Version = (ContentKey, i64);

impl LocalFolder {
    pub(super) fn open(root: &Path, now: Ticks) -> Result<Self, ContentError> {
        let folder = Self {
            root: root.to_owned(),
            comparing: tokio::sync::Mutex::default(),
            outcomes: Mutex::default(),
        };
        let incoming = folder.root.join(INCOMING);
        folder.make_folders(&incoming).map_err(by_meaning)?;
        sweep(&incoming, now).map_err(by_meaning)?;
        Ok(folder)
    }

    pub(super) fn put(&self, key: &ContentKey, mut source: impl Read) -> Result<Written, ContentError> {
        let path = self.path(key);
        if path.symlink_metadata().is_ok() {
            return Err(ContentError::Exists(key.clone()));
        }
        let incoming = Incoming::create(&self.root)?;
        let (size_bytes, sha256) = incoming.fill(&mut source)?;
        let modified_ns = modified_ns(&incoming.file.metadata().map_err(by_meaning)?);
        incoming.file.sync_all().map_err(by_meaning)?;
        let folder = path.parent().unwrap_or(&self.root);
        self.make_folders(folder).map_err(by_meaning)?;
        incoming.publish(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ContentError::Exists(key.clone()),
            _ => by_meaning(error),
        })?;
        sync_folder(folder).map_err(by_meaning)?;
        Ok(Written {
            size_bytes,
            sha256,
            modified_ns,
        })
    }

    pub(super) fn open_object(&self, key: &ContentKey) -> Result<ContentReader, ContentError> {
        // Neither to where a link leads, nor waiting for somebody at the other end of a pipe.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let file = File::options()
            .read(true)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
            .open(self.path(key));
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ContentError::NotFound(key.clone()),
            _ => by_meaning(error),
        })?;
        let metadata = file.metadata().map_err(by_meaning)?;
        if !metadata.is_file() {
            return Err(ContentError::Damaged {
                key: key.clone(),
                what: "it is not a file",
            });
        }
        Ok(ContentReader {
            file: Arc::new(file),
            size_bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
        })
    }

    /// Compares all bytes that `reader` gives with what is expected, once for each version of the file: many requests for
    /// it wait for one comparison, which goes on when they go away.
    pub(super) async fn known_good(
        self: &Arc<Self>,
        reader: &ContentReader,
        expected: &Expected,
    ) -> Result<(), ContentError> {
        let version = (expected.key.clone(), reader.modified_ns);
        let is_good = match self.compared(&version) {
            Some(is_good) => is_good,
            None => {
                let (folder, file, sha256) = (
                    Arc::clone(self),
                    Arc::clone(&reader.file),
                    expected.sha256.clone(),
                );
                let comparison = tokio::spawn(async move { folder.compare(version, file, sha256).await });
                comparison
                    .await
                    .map_err(|lost| ContentError::Io(io::Error::other(lost)))??
            }
        };
        match is_good {
            true => Ok(()),
            false => Err(ContentError::Damaged {
                key: expected.key.clone(),
                what: "its bytes have changed",
            }),
        }
    }

    async fn compare(
        &self,
        version: Version,
        file: Arc<File>,
        sha256: Vec<u8>,
    ) -> Result<bool, ContentError> {
        let _turn = self.comparing.lock().await;
        if let Some(is_good) = self.compared(&version) {
            return Ok(is_good);
        }
        let found = off_thread(move || hash_file(&file).map_err(by_meaning)).await?;
        let is_good = found.as_slice() == sha256;
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if outcomes.len() >= OUTCOMES_KEPT {
            outcomes.clear();
        }
        outcomes.insert(version, is_good);
        Ok(is_good)
    }

    /// Whether that version of an object was found to be good; `None` where it has not been compared.
    fn compared(&self, version: &Version) -> Option<bool> {
        self.outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(version)
            .copied()
    }

    pub(super) fn remove(&self, key: &ContentKey) -> Result<(), ContentError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(by_meaning(error)),
        }
        // An object's folder holds nothing else; years and months stay.
        if let Some(folder) = path.parent() {
            let _not_empty = fs::remove_dir(folder);
        }
        Ok(())
    }

    pub(super) fn reach(&self) -> Result<(), ContentError> {
        fs::metadata(self.root.join(INCOMING))
            .map(|_| ())
            .map_err(by_meaning)
    }

    fn path(&self, key: &ContentKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// Makes `folder` and what is missing above it, durably.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            self.make_folders(parent)?;
        }
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        folder.parent().map_or(Ok(()), sync_folder)
    }
}

/// A file that is not complete yet. Dropped without [`Incoming::publish`] it is gone.
struct Incoming {
    file: File,
    path: PathBuf,
}

impl Incoming {
    fn create(root: &Path) -> Result<Self, ContentError> {
        let path = root.join(INCOMING).join(ids::random());
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(by_meaning)?;
        Ok(Self { file, path })
    }

    fn fill(&self, source: &mut impl Read) -> Result<(u64, [u8; 32]), ContentError> {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut buffer = vec![0; WRITE_BYTES];
        let mut size = 0;
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ContentError::Source(error)),
            };
            let chunk = buffer.get(..count).unwrap_or_default();
            hash.update(chunk);
            (&self.file).write_all(chunk).map_err(by_meaning)?;
            size += count as u64;
        }
        Ok((size, digest_bytes(hash)))
    }

    /// Gives the file its name, unless that is taken.
    fn publish(&self, path: &Path) -> io::Result<()> {
        let here = rustix::fs::CWD;
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(here, &self.path, here, path, flags) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::hard_link(&self.path, path),
            result => Ok(result?),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name.
        let _published = fs::remove_file(&self.path);
    }
}

/// An open object. It stays readable when the object is removed.
#[derive(Clone, Debug)]
pub struct ContentReader {
    file: Arc<File>,
    size_bytes: u64,
    modified_ns: i64,
}

impl ContentReader {
    /// Length in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Time of change, in ns since 1970.
    pub fn modified_ns(&self) -> i64 {
        self.modified_ns
    }

    /// At most [`CHUNK_BYTES`] bytes from `offset`, if the page cache has them: never waits for the disk.
    pub fn read_cached(&self, offset: u64, length: usize) -> Option<Bytes> {
        let mut buffer = vec![0; length.min(CHUNK_BYTES)];
        let slices = &mut [io::IoSliceMut::new(&mut buffer)];
        let count = rustix::io::preadv2(&*self.file, slices, offset, ReadWriteFlags::NOWAIT).ok()?;
        buffer.truncate(count);
        (count > 0).then(|| Bytes::from(buffer))
    }

    /// At most [`CHUNK_BYTES`] bytes from `offset`, waiting for the disk; empty at the end. Blocks the thread.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read_waiting(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; length.min(CHUNK_BYTES)];
        let count = self.file.read_at(&mut buffer, offset)?;
        buffer.truncate(count);
        Ok(Bytes::from(buffer))
    }
}

/// SHA-256 of a whole file. Blocks the thread.
///
/// # Errors
/// What the file system says.
pub fn hash_file(file: &File) -> io::Result<[u8; 32]> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; WRITE_BYTES];
    let mut offset = 0;
    loop {
        let count = file.read_at(&mut buffer, offset)?;
        if count == 0 {
            return Ok(digest_bytes(hash));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
        offset += count as u64;
    }
}

fn digest_bytes(hash: digest::Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}

/// Removes what a crash left in `incoming`. Another process may be writing there, so only what is a day old goes.
fn sweep(incoming: &Path, now: Ticks) -> io::Result<()> {
    let oldest_ns = now.minus(ABANDONED_AFTER).0.saturating_mul(100);
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        // What another process has published or removed meanwhile is not ours to remove.
        if if_there(entry.metadata())?.is_some_and(|metadata| modified_ns(&metadata) < oldest_ns) {
            if_there(fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn modified_ns(metadata: &fs::Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn by_meaning(error: io::Error) -> ContentError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ContentError::Full,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ContentError::ReadOnly,
        _ => ContentError::Io(error),
    }
}
