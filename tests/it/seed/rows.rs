//! Files of a store, for comparing before and after.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Path, inode, length and time of change of every file.
pub fn stamps(files: &[PathBuf]) -> Vec<(PathBuf, u64, u64, i64, i64)> {
    let stamp = |file: &PathBuf| {
        let found = std::fs::metadata(file).unwrap();
        (
            file.clone(),
            found.ino(),
            found.len(),
            found.mtime(),
            found.mtime_nsec(),
        )
    };
    let mut stamps: Vec<_> = files.iter().map(stamp).collect();
    stamps.sort();
    stamps
}
