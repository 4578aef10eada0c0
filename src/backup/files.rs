//! Files of a backup: made so that their owner alone reads them, opened without following a link, and written so that a name has
//! all of what it stands for.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::BackupError;

/// What a file is called until it is whole.
pub(super) const UNFINISHED: &str = "new";

/// Makes a file that is not there.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map_err(BackupError::of_file(path))
}

/// Opens a plain file, and nothing that a link leads to.
pub(super) fn open(path: &Path) -> Result<File, BackupError> {
    // Nor is there any waiting for somebody at the other end of a pipe.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = File::options()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(path)
        .map_err(BackupError::of_file(path))?;
    match file.metadata().map_err(BackupError::of_file(path))?.is_file() {
        true => Ok(file),
        false => Err(BackupError::damaged(path, "it is not a file")),
    }
}

/// All of a small file.
pub(super) fn read(path: &Path, most_bytes: u64) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    let count = open(path)?.take(most_bytes + 1).read_to_end(&mut bytes);
    match count.map_err(BackupError::of_file(path))? as u64 > most_bytes {
        true => Err(BackupError::damaged(path, "it is larger than it can be")),
        false => Ok(bytes),
    }
}

/// Writes a small file under its name at once, durably.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let unfinished = path.with_extension(UNFINISHED);
    remove_file(&unfinished)?;
    let mut file = create(&unfinished)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(BackupError::of_file(&unfinished))?;
    fs::rename(&unfinished, path).map_err(BackupError::of_file(path))?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Removes a file, unless it is gone.
pub(super) fn remove_file(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(BackupError::of_file(path)(cause)),
        _ => Ok(()),
    }
}

/// Makes a folder, unless it is there.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => real_folder(path).map(|_| ()),
        Err(cause) => Err(BackupError::of_file(path)(cause)),
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
    }
}

/// Whether there is a folder at `path`; a link, or a file, is an error.
pub(super) fn real_folder(path: &Path) -> Result<bool, BackupError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => Err(BackupError::damaged(path, "it is not a folder")),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(BackupError::of_file(path)(cause)),
    }
}

/// Makes durable what a folder names.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(BackupError::of_file(path))
}

/// Makes durable all that has been written to the file system that `path` is on: also what a process has written that was
/// killed before it could.
pub(super) fn sync_all(path: &Path) -> Result<(), BackupError> {
    let folder = File::open(path).map_err(BackupError::of_file(path))?;
    let synced = rustix::fs::syncfs(&folder).map_err(io::Error::from);
    synced.map_err(BackupError::of_file(path))
}
