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
//! in `.incoming/` was never acknowledged; [`LocalFolder::sweep`] removes it. What arrives in slices lies in `.uploads/`:
//! see [`appending`].

mod appending;
mod reading;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use tokio::sync::mpsc;

pub(super) use self::appending::LocalAppending;
use self::appending::UPLOADS;
pub(super) use self::reading::{LocalReader, LocalStream};
use super::{ContentError, ContentKey, Swept, Written};
use crate::clock::Ticks;
use crate::ids;

/// Where objects lie until they are complete.
const INCOMING: &str = ".incoming";
/// The folders of a content store in which something is being written.
pub const UNFINISHED: [&str; 2] = [INCOMING, UPLOADS];
/// Buffer of one write.
const WRITE_BYTES: usize = 1024 * 1024;
/// Objects that are told of at a time.
const LISTED_AT_ONCE: usize = 1000;

#[derive(Debug)]
pub(super) struct LocalFolder {
    root: PathBuf,
}

impl LocalFolder {
    /// Whether a store has been made there: what is being written and folders of tenants, whose names are GUIDs, are its signs.
    /// What cannot be looked at, `open` says more of.
    pub(super) fn is_there(root: &Path) -> bool {
        let is_sign = |entry: io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| {
                let name = entry.file_name();
                let name = name.to_str().unwrap_or_default();
                UNFINISHED.contains(&name) || uuid::Uuid::try_parse(name).is_ok()
            })
        };
        match fs::read_dir(root) {
            Ok(mut entries) => entries.any(is_sign),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Whether one can be made there.
    pub(super) fn may_be_made(root: &Path) -> Result<(), ContentError> {
        let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        if_there(rustix::fs::access(root, wanted).map_err(io::Error::from)).map_err(by_meaning)?;
        Ok(())
    }

    pub(super) fn open(root: &Path) -> Result<Self, ContentError> {
        for name in UNFINISHED {
            make_folders(&root.join(name)).map_err(by_meaning)?;
        }
        Ok(Self {
            root: root.to_owned(),
        })
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
        publish(&incoming.path, &path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ContentError::Exists(key.clone()),
            _ => by_meaning(error),
        })?;
        self.sync_folders(&path).map_err(by_meaning)?;
        Ok(Written {
            size_bytes,
            sha256,
            modified_ns,
        })
    }

    pub(super) fn replace(&self, key: &ContentKey, bytes: &[u8]) -> Result<(), ContentError> {
        let path = self.path(key);
        let incoming = Incoming::named(&self.root, &format!("{}.json", ids::random()))?;
        incoming.fill(&mut &*bytes)?;
        incoming.file.sync_all().map_err(by_meaning)?;
        let folder = path.parent().unwrap_or(&self.root);
        self.make_folders(folder).map_err(by_meaning)?;
        fs::rename(&incoming.path, &path).map_err(by_meaning)?;
        sync_folder(folder).map_err(by_meaning)
    }

    pub(super) fn open_object(&self, key: &ContentKey) -> Result<LocalReader, ContentError> {
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
        Ok(LocalReader {
            file: Arc::new(file),
            size_bytes: metadata.len(),
            modified_ns: modified_ns(&metadata),
        })
    }

    pub(super) fn remove(&self, key: &ContentKey) -> Result<(), ContentError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            // Where the disk is away, it is there once that is back.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.reach(),
            Err(error) => return Err(by_meaning(error)),
        }
        // An object's folder holds nothing else; years and months stay.
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        // What is said to be removed does not come back with the power.
        let left = match fs::remove_dir(folder) {
            Ok(()) => folder.parent().unwrap_or(&self.root),
            Err(_not_empty) => folder,
        };
        if_there(sync_folder(left)).map_err(by_meaning)?;
        Ok(())
    }

    /// Removes what a crash left half-written. Another process may be writing there, so only what is older than `oldest`
    /// goes, and nothing that somebody will go on with.
    pub(super) fn sweep(&self, oldest: Ticks, going_on: &HashSet<uuid::Uuid>) -> Result<Swept, ContentError> {
        let oldest_ns = oldest.0.saturating_mul(100);
        let mut swept = Swept::default();
        let folders = UNFINISHED.map(|name| {
            let folder = self.root.join(name);
            match folder.symlink_metadata()?.is_dir() {
                true => fs::read_dir(folder),
                false => Err(io::Error::new(
                    io::ErrorKind::NotADirectory,
                    format!("{} is not a folder", folder.display()),
                )),
            }
        });
        let [incoming, uploads] = folders;
        for entry in incoming.map_err(by_meaning)?.chain(uploads.map_err(by_meaning)?) {
            let entry = entry.map_err(by_meaning)?;
            let name = entry.file_name();
            let unique = name
                .to_str()
                .map(|name| name.strip_suffix(".json").unwrap_or(name));
            let unique = unique.and_then(|name| uuid::Uuid::try_parse(name).ok());
            // What has another name is not ours.
            if unique.is_none_or(|unique| going_on.contains(&unique)) {
                swept.kept += 1;
                continue;
            }
            // What another process has published or removed meanwhile is not ours to remove.
            let Some(metadata) = if_there(entry.metadata()).map_err(by_meaning)? else {
                continue;
            };
            if modified_ns(&metadata) < oldest_ns {
                if_there(fs::remove_file(entry.path())).map_err(by_meaning)?;
                swept.removed(&entry.file_name().to_string_lossy());
            } else {
                swept.kept += 1;
            }
        }
        Ok(swept)
    }

    /// Writes a file as an object is written, and takes it back.
    pub(super) fn probe(&self) -> Result<(), ContentError> {
        let incoming = Incoming::create(&self.root)?;
        incoming.fill(&mut &b"probe"[..])?;
        incoming.file.sync_all().map_err(by_meaning)
    }

    /// Sends all objects, a page at a time. Blocks the thread.
    pub(super) fn list(&self, pages: &mpsc::Sender<Result<Vec<(ContentKey, i64)>, ContentError>>) {
        let mut page = Vec::new();
        let listed = self.list_below(&self.root, &mut page, pages);
        // Nobody is there any more to be told.
        let _gone = match listed {
            Ok(()) => pages.blocking_send(Ok(page)),
            Err(error) => pages.blocking_send(Err(by_meaning(error))),
        };
    }

    fn list_below(
        &self,
        folder: &Path,
        page: &mut Vec<(ContentKey, i64)>,
        pages: &mpsc::Sender<Result<Vec<(ContentKey, i64)>, ContentError>>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(metadata) = if_there(entry.metadata())? else {
                continue;
            };
            let path = entry.path();
            if metadata.is_dir() {
                // What is not complete begins with a dot.
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    self.list_below(&path, page, pages)?;
                }
                continue;
            }
            let name = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            if let Some(key) = name.and_then(ContentKey::from_row) {
                page.push((key, modified_ns(&metadata)));
            }
            if page.len() >= LISTED_AT_ONCE && pages.blocking_send(Ok(std::mem::take(page))).is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(())
    }

    pub(super) fn free_bytes(&self) -> Result<u64, ContentError> {
        let found = rustix::fs::statvfs(&self.root).map_err(|error| by_meaning(error.into()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    pub(super) fn reach(&self) -> Result<(), ContentError> {
        self.is_still_there().map_err(by_meaning)
    }

    fn is_still_there(&self) -> io::Result<()> {
        fs::metadata(self.root.join(INCOMING)).map(|_| ())
    }

    fn path(&self, key: &ContentKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// Makes durable that there is `path`, with every folder above it: one that is there may have been made by somebody who
    /// was killed before it was flushed. What is flushed already costs next to nothing.
    fn sync_folders(&self, path: &Path) -> io::Result<()> {
        let above = path.ancestors().skip(1);
        above
            .take_while(|folder| folder.starts_with(&self.root))
            .try_for_each(sync_folder)
    }

    /// Makes durable that an object of an attempt before is there.
    pub(super) fn settle(&self, key: &ContentKey) -> Result<(), ContentError> {
        let path = self.path(key);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .and_then(|()| self.sync_folders(&path))
            .map_err(by_meaning)
    }

    /// Makes `folder` and what is missing above it, durably, in a store that is still there. Where its disk has been taken away,
    /// what is put in its place would be seen by nobody once it is back.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        self.is_still_there()?;
        make_folders(folder)
    }
}

/// Makes `folder` and what is missing above it, durably.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folders(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Gives a file its name, unless that is taken.
fn publish(file: &Path, name: &Path) -> io::Result<()> {
    let here = rustix::fs::CWD;
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(here, file, here, name, flags) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(file, name)?;
            fs::remove_file(file)
        }
        result => Ok(result?),
    }
}

/// A file that is not complete yet. Dropped before [`publish`] it is gone.
struct Incoming {
    file: File,
    path: PathBuf,
}

impl Incoming {
    fn create(root: &Path) -> Result<Self, ContentError> {
        Self::named(root, &ids::random())
    }

    fn named(root: &Path, name: &str) -> Result<Self, ContentError> {
        let path = root.join(INCOMING).join(name);
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
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After a rename there is nothing left under this name.
        let _published = fs::remove_file(&self.path);
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

pub(super) fn digest_bytes(hash: digest::Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
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
