//! Backing a whole store up into a folder, and making a store of such a folder again. Rows and objects, not files of an engine: what
//! was taken of one combination of stores makes any other.
//!
//! ```text
//! graphophone-backup.json        says that the folder is ours, and of which store
//! backup.lock                    held while something is done with it
//! content/TENANT/YEAR/…          every object once, under its key
//! snapshots/INSTANT/
//!   rows/TABLE.ndjson            the names of the columns, then a row a line
//!   missing.ndjson               objects that could not be had, and why
//!   keys                         the keys of the store, sealed with a passphrase
//!   manifest.json                written last: lengths and digests of all of these
//! ```
//!
//! [`Backup`] takes a snapshot, beside running servers: all rows out of one state of the store, then the objects that these name.
//! [`Restore`] makes an empty store the same. A snapshot counts once it has its manifest; what a crash has left without is removed
//! by the next backup. Whatever is in the folder may have been changed by anybody: it is read as input.

mod files;
mod folder;
mod keep;
mod keys;
mod manifest;
mod objects;
mod restore;
mod rows;
mod take;

use std::io;
use std::path::{Path, PathBuf};

pub use folder::Name;
pub use keep::Kept;
pub use manifest::Manifest;
pub use objects::Missing;
pub use restore::{Restore, Restored, Target};
pub use take::{Backup, Source, Taken};

use crate::authority::passphrase::PassphraseFault;
use crate::content::ContentError;
use crate::db::DbError;
use crate::store::StoreError;

/// The form of a folder and its snapshots; a later one has a higher number.
const FORMAT: i64 = 1;

/// How far copying is, as it is told: objects and bytes.
pub type Progress<'a> = &'a (dyn Fn(i64, i64) + Sync);

/// Why there is no outcome. Each says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder is something else's.
    #[error("{} is not empty, and no folder of backups: name one that is, an empty one, or a new one", .0.display())]
    Foreign(PathBuf),
    /// There is no such folder.
    #[error("{} is not a folder of backups", .0.display())]
    NoFolder(PathBuf),
    /// The folder is of another store.
    #[error(
        "{} has backups of another store, which was made {found} and not {own}: name another folder for this one",
        path.display()
    )]
    OtherStore {
        /// The folder.
        path: PathBuf,
        /// When the store was made that it is of.
        found: String,
        /// When this one was.
        own: String,
    },
    /// Somebody else is at it.
    #[error("{}: another graphophone is at work with this folder: wait until it has ended", .0.display())]
    Busy(PathBuf),
    /// The folder, or a snapshot, was written by a later version.
    #[error("{}: it is of a newer version: use a newer graphophone", .0.display())]
    Newer(PathBuf),
    /// A file of the folder cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file of the folder is not what was written there.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// In what way.
        what: String,
    },
    /// Objects of the folder are not what was written there, or are not there.
    #[error("{}", objects_line(path, objects))]
    DamagedObjects {
        /// The folder.
        path: PathBuf,
        /// Which.
        objects: Vec<Missing>,
    },
    /// There is no snapshot in the folder.
    #[error("there is no snapshot in {}", .0.display())]
    Empty(PathBuf),
    /// There is no such snapshot.
    #[error("there is no snapshot {name} in {}; the newest is {newest}", path.display())]
    NoSnapshot {
        /// The folder.
        path: PathBuf,
        /// Which was asked for.
        name: String,
        /// Which there is.
        newest: String,
    },
    /// The keys of the snapshot do not open.
    #[error(
        "the passphrase is not the one that the keys of this snapshot are sealed with, or the snapshot has been changed since"
    )]
    WrongPassphrase,
    /// The snapshot has none.
    #[error("the snapshot was taken without keys: restore it without keys too")]
    NoKeys,
    /// A passphrase is not taken.
    #[error(transparent)]
    Passphrase(#[from] PassphraseFault),
    /// The system has no randomness to give.
    #[error("the system gives no randomness")]
    Randomness,
    /// There is something where the store is to be made.
    #[error(
        "there is a store already, and it is not empty ({0} has rows): name a data folder or a database for a new one"
    )]
    NotEmpty(String),
    /// There is a store where one is to be made, of another schema than the rows.
    #[error(
        "there is a store already, of schema {found}, and the backup is of schema {wanted}: name a data folder or a database \
         where there is none"
    )]
    OtherSchema {
        /// What is there.
        found: i64,
        /// What the rows are of.
        wanted: i64,
    },
    /// Recordings go while they are being copied, each time anew.
    #[error(
        "recordings are being removed for good faster than they can be copied: try again when the server has less to do"
    )]
    Vanishing,
    /// An object of the folder cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Copy {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: ContentError,
    },
    /// The database of the store.
    #[error("the database: {0}")]
    Db(#[from] DbError),
    /// The content of the store.
    #[error("{0}")]
    Content(#[from] ContentError),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A thread has been lost.
    #[error("the work has been broken off: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

impl BackupError {
    fn of_file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        move |cause| Self::File {
            path: path.to_owned(),
            cause,
        }
    }

    fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}

/// How many objects are named in a line.
const NAMED: usize = 20;

fn objects_line(path: &Path, objects: &[Missing]) -> String {
    let named: Vec<String> = objects
        .iter()
        .take(NAMED)
        .map(|one| format!("content/{} ({})", one.content_key, one.why))
        .collect();
    let more = match objects.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "{}: {} objects are damaged or not there: {}{more}; nothing was restored: put good copies in their place, or restore \
         with --despite-damage",
        path.display(),
        objects.len(),
        named.join(", ")
    )
}
