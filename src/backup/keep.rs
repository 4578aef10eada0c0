//! Removing old snapshots, and objects that no snapshot names any more: what was removed from the store for good leaves its
//! backups so.

use std::collections::HashSet;

use super::BackupError;
use super::folder::{Folder, Name};
use super::objects::ObjectReader;
use crate::content::ContentStore;
use crate::seal::sha256;

/// What was removed.
#[derive(Debug, Default)]
pub struct Kept {
    /// Snapshots.
    pub snapshots: Vec<Name>,
    /// How many objects.
    pub objects: i64,
}

/// Keeps the newest `count` snapshots.
pub(super) async fn keep(folder: &Folder, content: &ContentStore, count: usize) -> Result<Kept, BackupError> {
    let (mut kept, _) = folder.snapshots()?;
    let removed = kept.split_off(count.max(1).min(kept.len()));
    // Before anything is removed: what cannot be read may name anything.
    let mut named = HashSet::new();
    for name in &kept {
        let mut objects = ObjectReader::of(&folder.snapshot(name), &folder.manifest(name)?)?;
        while let Some(object) = objects.next()? {
            named.insert(short(object.key.as_str()));
        }
    }
    for name in &removed {
        folder.remove(name)?;
    }
    let mut objects = 0;
    let mut pages = content.list();
    while let Some(page) = pages.recv().await {
        let page = page.map_err(|cause| BackupError::Copy {
            path: folder.root().to_owned(),
            cause,
        })?;
        for (key, _) in page {
            if !named.contains(&short(key.as_str())) {
                folder.is_inside(&key)?;
                let removed = content.remove(&key).await;
                removed.map_err(|cause| folder.of_copy(&key, cause))?;
                objects += 1;
            }
        }
    }
    Ok(Kept {
        snapshots: removed,
        objects,
    })
}

/// A part of the digest of a key, so that the keys of millions of objects fit into memory. Where two are the same, one of them is
/// kept that need not be.
fn short(key: &str) -> u64 {
    let digest = sha256(key.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
