//! The objects that the rows of a snapshot name, and those that it is without.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::manifest::{Lines, Manifest, as_json};
use super::rows::{LineReader, LineWriter, RowReader};
use super::{BackupError, files};
use crate::content::{ContentKey, Expected};
use crate::db::content_objects::SUSPECT;
use crate::db::dump::{Cell, Table};

/// The table that names them.
pub(super) const TABLE: &str = "content_objects";
const MISSING: &str = "missing.ndjson";

/// An object that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Missing {
    /// Its key.
    pub content_key: String,
    /// Why, in words.
    pub why: String,
}

/// Reads the rows of objects, in the order of their keys.
pub(super) struct ObjectReader {
    rows: RowReader,
    places: [usize; 3],
}

impl ObjectReader {
    /// Opens those of a snapshot.
    pub(super) fn open(snapshot: &Path, lines: &Lines) -> Result<Self, BackupError> {
        let table = Table::named(TABLE).ok_or_else(|| BackupError::damaged(snapshot, "it has no objects"))?;
        let rows = RowReader::open(snapshot, table, lines)?;
        let places = [
            rows.place("content_key")?,
            rows.place("size_bytes")?,
            rows.place("sha256")?,
        ];
        Ok(Self { rows, places })
    }

    /// Opens those of a snapshot with that manifest.
    pub(super) fn of(snapshot: &Path, manifest: &Manifest) -> Result<Self, BackupError> {
        let lines = manifest.rows.get(TABLE);
        let lines = lines.ok_or_else(|| BackupError::damaged(snapshot, "it has no objects"))?;
        Self::open(snapshot, lines)
    }

    /// The next object. `None` at the end, if the rows were what was written.
    pub(super) fn next(&mut self) -> Result<Option<Expected>, BackupError> {
        let Some(row) = self.rows.next()? else {
            return Ok(None);
        };
        let [key, size, sha256] = self.places.map(|place| row.get(place));
        let key = key.and_then(Cell::text).and_then(ContentKey::from_row);
        let size = size.and_then(Cell::int).and_then(|size| u64::try_from(size).ok());
        match (key, size, sha256) {
            (Some(key), Some(size_bytes), Some(Cell::Bytes(sha256))) if sha256.len() == 32 => {
                Ok(Some(Expected {
                    key,
                    size_bytes,
                    sha256: sha256.clone(),
                    modified_ns: SUSPECT,
                }))
            }
            _ => Err(self.rows.damaged("a row names no object that there can be")),
        }
    }
}

/// Writes down which objects a snapshot is without, in the order of their rows.
pub(super) struct MissingWriter(LineWriter);

impl MissingWriter {
    pub(super) fn create(snapshot: &Path) -> Result<Self, BackupError> {
        let path = snapshot.join(MISSING);
        // Of an attempt before this one.
        files::remove_file(&path)?;
        LineWriter::create(&path).map(Self)
    }

    pub(super) fn put(&mut self, missing: &Missing) -> Result<(), BackupError> {
        let line = serde_json::from_slice(&as_json(missing)).unwrap_or_default();
        self.0.put(&line)
    }

    pub(super) fn finish(self) -> Result<Lines, BackupError> {
        self.0.finish()
    }
}

/// Reads them again.
pub(super) struct MissingReader {
    lines: LineReader,
    next: Option<Missing>,
}

impl MissingReader {
    pub(super) fn open(snapshot: &Path, manifest: &Manifest) -> Result<Self, BackupError> {
        let mut lines = LineReader::open(&snapshot.join(MISSING), &manifest.missing)?;
        let next = one(&mut lines)?;
        Ok(Self { lines, next })
    }

    /// Whether an object is the next of those that the snapshot is without; and goes on behind it, if it is.
    pub(super) fn take(&mut self, key: &ContentKey) -> Result<Option<Missing>, BackupError> {
        match &self.next {
            Some(next) if next.content_key == key.as_str() => {}
            _ => return Ok(None),
        }
        let after = one(&mut self.lines)?;
        Ok(std::mem::replace(&mut self.next, after))
    }

    /// Makes sure that no object is left.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        match self.next {
            None => Ok(()),
            Some(_) => Err(self.lines.damaged("it names an object that is in no row")),
        }
    }
}

fn one(lines: &mut LineReader) -> Result<Option<Missing>, BackupError> {
    let Some(line) = lines.next()? else {
        return Ok(None);
    };
    let missing = serde_json::from_value(line);
    missing
        .map(Some)
        .map_err(|error| lines.damaged(&error.to_string()))
}
