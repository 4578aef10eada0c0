//! [`Manifest`]: what a snapshot has, with the digests by which it is known again. Written last.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{BackupError, FORMAT, files};
use crate::authority::passphrase::Cost;
use crate::clock::Ticks;
use crate::seal::{sha256, to_hex};

const FILE: &str = "manifest.json";
/// More than a manifest has: it names tables, and no rows.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a snapshot has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The form of the snapshot.
    pub format: i64,
    /// The step of the schema that its rows are of.
    pub schema: i64,
    /// The version of the program that took it.
    pub program: String,
    /// When the store was made.
    pub store_created: String,
    /// When it was taken, in ticks.
    pub taken_ticks: i64,
    /// The rows of each table.
    pub rows: BTreeMap<String, Lines>,
    /// The objects that it is without.
    pub missing: Lines,
    /// The keys, unless it was taken without.
    pub keys: Option<SealedKeys>,
    /// Objects that the rows name, those that are missing included.
    pub objects: i64,
    /// How many bytes they have.
    pub bytes: i64,
    /// Uploads that were not finished, and are not in it.
    pub unfinished_uploads: i64,
}

/// A file of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lines {
    /// How many, the one with the names of columns left out.
    pub count: i64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// How keys are sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedKeys {
    /// How many there are.
    pub count: i64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// What goes with the passphrase, in hex.
    pub salt: String,
    /// What making the key of it costs: memory, in KiB,
    pub memory_kib: u32,
    /// passes over it,
    pub passes: u32,
    /// and lanes.
    pub lanes: u32,
}

impl SealedKeys {
    /// What making the key costs.
    pub(super) fn cost(&self) -> Cost {
        Cost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        }
    }
}

/// As it is in the file: with the digest of itself.
#[derive(Serialize, Deserialize)]
struct Written {
    manifest: Manifest,
    sha256: String,
}

/// What only says the form, which is all that is known of a later one.
#[derive(Deserialize)]
struct Form {
    manifest: OfForm,
}

#[derive(Deserialize)]
struct OfForm {
    format: i64,
}

impl Manifest {
    /// When the snapshot was taken.
    pub fn taken(&self) -> Ticks {
        Ticks(self.taken_ticks)
    }

    /// How many rows it has.
    pub fn row_count(&self) -> i64 {
        self.rows.values().map(|lines| lines.count).sum()
    }

    /// What the keys are sealed together with, so that who has no passphrase can change nothing and go unnoticed: the digest of
    /// everything else.
    pub(super) fn sealed_with(&self) -> String {
        let without = Self {
            keys: None,
            ..self.clone()
        };
        without.digest()
    }

    fn digest(&self) -> String {
        to_hex(&sha256(&as_json(self)))
    }
}

/// Something of ours as JSON: nothing of it can fail to be written.
pub(super) fn as_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Whether there is one.
pub(super) fn is_there(snapshot: &Path) -> bool {
    snapshot.join(FILE).symlink_metadata().is_ok()
}

/// Makes the snapshot one.
pub(super) fn write(snapshot: &Path, manifest: Manifest) -> Result<(), BackupError> {
    let sha256 = manifest.digest();
    files::write(&snapshot.join(FILE), &as_json(&Written { manifest, sha256 }))
}

/// What the snapshot has.
pub(super) fn read(snapshot: &Path) -> Result<Manifest, BackupError> {
    let path = snapshot.join(FILE);
    let bytes = files::read(&path, MOST_BYTES)?;
    let damaged = |error: serde_json::Error| BackupError::damaged(&path, error.to_string());
    let form: Form = serde_json::from_slice(&bytes).map_err(damaged)?;
    if form.manifest.format > FORMAT {
        return Err(BackupError::Newer(path));
    }
    let Written { manifest, sha256 } = serde_json::from_slice(&bytes).map_err(damaged)?;
    match manifest.digest() == sha256 {
        true => Ok(manifest),
        false => Err(BackupError::damaged(&path, "it has been changed")),
    }
}

/// Makes the snapshot none.
pub(super) fn remove(snapshot: &Path) -> Result<(), BackupError> {
    files::remove_file(&snapshot.join(FILE))?;
    files::sync_folder(snapshot)
}
