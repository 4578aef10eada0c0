//! Where a store lies, for commands that must not mistake it for something else.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::{Config, ContentConfig};

/// What a folder is, whatever it is called: its device and its number there.
pub(super) type FolderId = (u64, u64);

/// What the folder of that path is, if there is one.
pub(super) fn folder_id(path: &Path) -> Option<FolderId> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

/// Whether `path` lies in one of these folders, or is one.
pub(super) fn is_in(path: &Path, folders: &[FolderId]) -> bool {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // Of what is not there yet, where it will be.
    let mut there = whole.ancestors().filter_map(|folder| folder.canonicalize().ok());
    let Some(there) = there.next() else { return false };
    let mut above = there.ancestors().filter_map(folder_id);
    above.any(|id| folders.contains(&id))
}

/// The folder in which content is kept, if it is one and there.
pub(super) fn content_folder(config: &Config) -> Option<PathBuf> {
    match config.content_place() {
        Ok(ContentConfig::Folder(folder)) => Some(folder),
        Ok(ContentConfig::S3(_)) | Err(_) => None,
    }
}

/// Refuses a folder of backups that lies in the store, or has it in it: each would remove what is the other's.
pub(super) fn refuse_store(folder: &Path, config: &Config) -> Result<(), Failure> {
    let places: Vec<PathBuf> = config
        .data
        .iter()
        .cloned()
        .chain(content_folder(config))
        .collect();
    let stores: Vec<FolderId> = places.iter().filter_map(|place| folder_id(place)).collect();
    let own: Vec<FolderId> = folder_id(folder).into_iter().collect();
    match is_in(folder, &stores) || places.iter().any(|place| is_in(place, &own)) {
        true => Err(Failure::refused([format!(
            "{} is the store, lies in it or holds it: name a folder outside of it",
            folder.display()
        )])),
        false => Ok(()),
    }
}
