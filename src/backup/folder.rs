//! [`Folder`]: a folder of backups, which of them there are, and whose it is.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{self, Manifest};
use super::{BackupError, FORMAT, files};
use crate::clock::Ticks;
use crate::config::ContentConfig;
use crate::content::{ContentError, ContentKey, ContentStore, UNFINISHED};

/// Says that the folder is ours.
const MARKER: &str = "graphophone-backup.json";
/// Held while something is done with it.
const LOCK: &str = "backup.lock";
const CONTENT: &str = "content";
const SNAPSHOTS: &str = "snapshots";
/// What the marker says it is of.
const WORD: &str = "graphophone-backup";
/// More than a marker has.
const MARKER_BYTES: u64 = 4096;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    format: String,
    version: i64,
    store_created: String,
}

/// The name of a snapshot: the instant at which it was begun.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    taken: Ticks,
    text: String,
}

impl Name {
    /// The snapshot of that instant.
    pub fn of(taken: Ticks) -> Self {
        // Colons are none of the characters that every file system takes.
        Self {
            taken,
            text: taken.to_string().replace(':', ""),
        }
    }

    /// `2026-02-01T120000.0000000Z`; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_at_checked(10)?;
        let (hours, rest) = time.split_at_checked(3)?;
        let (minutes, seconds) = rest.split_at_checked(2)?;
        let instant: Ticks = format!("{date}{hours}:{minutes}:{seconds}").parse().ok()?;
        Some(Self::of(instant)).filter(|name| name.text == text)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant.
    pub fn taken(&self) -> Ticks {
        self.taken
    }
}

/// A folder of backups, which is ours as long as this is there.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    _lock: Option<Lock>,
}

/// A lock that is held, and let go of at once when this is dropped: also where another process is just being made, which
/// has the file for as long as that takes.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Where that fails it is let go of when the file is closed.
        let _closed = self.0.unlock();
    }
}

impl Folder {
    /// Takes the folder at `root` for backups of the store that was made at `made`; makes it, where it is not there. Whatever
    /// else is in it is refused and stays as it is.
    pub(super) fn for_backups(root: &Path, made: &str) -> Result<Self, BackupError> {
        // It will hold what only the store's owner may read.
        match fs::DirBuilder::new().mode(0o700).create(root) {
            Ok(()) => files::sync_folder(root.parent().unwrap_or(root))?,
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(BackupError::of_file(root)(cause)),
        }
        let is_ours = marker(root)?.is_some();
        if !is_ours && !is_empty(root)? {
            return Err(BackupError::Foreign(root.to_owned()));
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(root.join(LOCK))
            .map_err(BackupError::of_file(root))?;
        let lock = locked(root, lock.try_lock(), lock)?;
        // Somebody may have been faster with an empty folder.
        match marker(root)? {
            Some(found) if found.store_created == made => {}
            Some(found) => {
                return Err(BackupError::OtherStore {
                    path: root.to_owned(),
                    found: found.store_created,
                    own: made.to_owned(),
                });
            }
            None => put_marker(root, made)?,
        }
        let folder = Self {
            root: root.to_owned(),
            _lock: Some(lock),
        };
        for name in [CONTENT, SNAPSHOTS] {
            files::make_folder(&folder.root.join(name))?;
        }
        // What is unfinished is removed there, so it must not lead elsewhere.
        for name in UNFINISHED {
            files::make_folder(&folder.root.join(CONTENT).join(name))?;
        }
        Ok(folder)
    }

    /// The folder at `root`, to be read. Others may read it too, and nobody writes to it meanwhile.
    pub(super) fn for_reading(root: &Path) -> Result<Self, BackupError> {
        if marker(root)?.is_none() {
            return Err(BackupError::NoFolder(root.to_owned()));
        }
        // A copy of the folder may be without it, and then nobody makes backups into that.
        let lock = match files::open(&root.join(LOCK)) {
            Ok(lock) => Some(locked(root, lock.try_lock_shared(), lock)?),
            Err(BackupError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => None,
            Err(other) => return Err(other),
        };
        let folder = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        for name in [CONTENT, SNAPSHOTS] {
            if !files::real_folder(&folder.root.join(name))? {
                return Err(BackupError::damaged(&folder.root.join(name), "it is not there"));
            }
        }
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a snapshot lies.
    pub(super) fn snapshot(&self, name: &Name) -> PathBuf {
        self.root.join(SNAPSHOTS).join(name.as_str())
    }

    /// The store of the objects.
    pub(super) fn content(&self) -> Result<ContentStore, BackupError> {
        let path = self.root.join(CONTENT);
        let opened = ContentStore::at(&ContentConfig::Folder(path.clone()));
        opened.map_err(|cause| BackupError::Copy { path, cause })
    }

    /// What is wrong with the copy of an object.
    pub(super) fn of_copy(&self, key: &ContentKey, cause: ContentError) -> BackupError {
        BackupError::Copy {
            path: self.root.join(CONTENT).join(key.as_str()),
            cause,
        }
    }

    /// Makes sure that nothing on the way to an object leads out of the folder: for whoever writes or removes one.
    pub(super) fn is_inside(&self, key: &ContentKey) -> Result<(), BackupError> {
        let content = self.root.join(CONTENT);
        let object = content.join(key.as_str());
        let above = object.ancestors().skip(1);
        for folder in above.take_while(|folder| folder.starts_with(&content)) {
            files::real_folder(folder)?;
        }
        Ok(())
    }

    /// The snapshots that have a manifest, the newest first; and what lies beside them without one.
    pub(super) fn snapshots(&self) -> Result<(Vec<Name>, Vec<Name>), BackupError> {
        let path = self.root.join(SNAPSHOTS);
        let (mut whole, mut unfinished) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&path).map_err(BackupError::of_file(&path))? {
            let entry = entry.map_err(BackupError::of_file(&path))?;
            let file_name = entry.file_name();
            // What has another name is not of us.
            let Some(name) = file_name.to_str().and_then(Name::parse) else {
                continue;
            };
            if !files::real_folder(&entry.path())? {
                continue;
            }
            match manifest::is_there(&entry.path()) {
                true => whole.push(name),
                false => unfinished.push(name),
            }
        }
        whole.sort_by(|one, other| other.cmp(one));
        Ok((whole, unfinished))
    }

    /// The manifest of a snapshot.
    pub(super) fn manifest(&self, name: &Name) -> Result<Manifest, BackupError> {
        manifest::read(&self.snapshot(name))
    }

    /// Removes a snapshot. Its manifest goes first, so that what a crash leaves of it is none.
    pub(super) fn remove(&self, name: &Name) -> Result<(), BackupError> {
        let path = self.snapshot(name);
        manifest::remove(&path)?;
        fs::remove_dir_all(&path).map_err(BackupError::of_file(&path))?;
        files::sync_folder(&self.root.join(SNAPSHOTS))
    }
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

fn locked(root: &Path, tried: Result<(), TryLockError>, lock: File) -> Result<Lock, BackupError> {
    match tried {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => Err(BackupError::Busy(root.to_owned())),
        Err(TryLockError::Error(cause)) => Err(BackupError::of_file(root)(cause)),
    }
}

/// What the folder says it is; `None` where it says nothing.
fn marker(root: &Path) -> Result<Option<Marker>, BackupError> {
    let path = root.join(MARKER);
    let bytes = match files::read(&path, MARKER_BYTES) {
        Err(BackupError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let found: Marker =
        serde_json::from_slice(&bytes).map_err(|error| BackupError::damaged(&path, error.to_string()))?;
    if found.format != WORD {
        return Err(BackupError::damaged(&path, "it is not of ours"));
    }
    match found.version > FORMAT {
        true => Err(BackupError::Newer(path)),
        false => Ok(Some(found)),
    }
}

fn put_marker(root: &Path, made: &str) -> Result<(), BackupError> {
    let marker = Marker {
        format: WORD.to_owned(),
        version: FORMAT,
        store_created: made.to_owned(),
    };
    files::write(&root.join(MARKER), &manifest::as_json(&marker))
}

/// Whether there is nothing in the folder but what a first backup leaves that was killed at once.
fn is_empty(root: &Path) -> Result<bool, BackupError> {
    let unfinished = Path::new(MARKER).with_extension(files::UNFINISHED);
    for entry in fs::read_dir(root).map_err(BackupError::of_file(root))? {
        let name = entry.map_err(BackupError::of_file(root))?.file_name();
        if name != LOCK && name != unfinished.as_os_str() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_instant_and_nothing_else() {
        let name = Name::of("2026-02-01T12:00:00.1234567Z".parse().unwrap());
        assert_eq!(name.as_str(), "2026-02-01T120000.1234567Z");
        assert_eq!(Name::parse(name.as_str()), Some(name));
        for text in [
            "",
            ".",
            "..",
            "2026-02-01T120000Z",
            "2026-02-01T12:00:00.1234567Z",
            "2026-02-01T120000.1234567Z/..",
            "../2026-02-01T120000.1234567Z",
            "2026-02-01t120000.1234567z",
            "ééééééééééé",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn later_names_sort_later() {
        let at = |text: &str| Name::of(text.parse().unwrap());
        assert!(at("2026-02-01T12:00:00Z") < at("2026-02-01T12:00:00.0000001Z"));
        assert!(at("2026-02-01T23:59:59Z") < at("2026-02-02T00:00:00Z"));
    }
}
