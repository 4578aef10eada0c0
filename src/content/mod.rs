//! The bytes of recordings and transcripts.
//!
//! [`ContentStore`] promises, whatever is behind it: an object is **written once** (a second write under its key
//! is refused), **visible only when complete**, **durable when acknowledged** (file and folders fsynced), and
//! read by ranges. It knows nothing of rows; which object belongs to what is the database's knowledge.

mod comparison;
mod copy;
mod key;
mod local;
mod partial;
mod read;
mod s3;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use tokio::sync::mpsc;

use crate::clock::Ticks;
use crate::config::ContentConfig;
pub use crate::config::Finding;

use comparison::Comparisons;
pub use copy::{Copied, CopyError};
pub use key::{ContentKey, Destination, Part};
pub use local::{UNFINISHED, hash_file};
pub use partial::{Appending, Partial};
use read::Reader;
pub use read::{ContentReader, ContentStream};

/// The most bytes that are read, and held, at a time for one download.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// How long a write may take before what it has written counts as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Where content is kept. A clone is the same store.
#[derive(Clone, Debug)]
pub struct ContentStore {
    backend: Backend,
    comparisons: Arc<Comparisons>,
}

#[derive(Clone, Debug)]
enum Backend {
    Local(Arc<local::LocalFolder>),
    S3(Arc<s3::Bucket>),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: [u8; 32],
    /// Time of change, in ns since 1970.
    pub modified_ns: i64,
}

/// What an object must be to be served.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its key.
    pub key: ContentKey,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: Vec<u8>,
    /// Its time of change when it was last known to be good, in ns since 1970.
    pub modified_ns: i64,
}

/// An object that was found to be what was expected.
#[derive(Debug)]
pub struct Checked {
    /// Reads it.
    pub reader: ContentReader,
    /// Its time of change had moved, its bytes were compared whole and are good: the new time, to be recorded.
    pub restamped: Option<i64>,
}

/// What [`ContentStore::sweep`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Unfinished writes that were removed.
    pub removed: usize,
    /// Unfinished writes that may still be under way.
    pub kept: usize,
}

impl Swept {
    /// Counts one that was removed, and says so.
    fn removed(&mut self, name: &str) {
        tracing::info!(
            content.unfinished = name,
            "an unfinished write was abandoned and is removed"
        );
        self.removed += 1;
    }
}

impl Finding {
    fn problem(error: &ContentError) -> Self {
        Self {
            // What is there can still be served.
            is_problem: !matches!(error, ContentError::Full),
            line: error.to_string(),
        }
    }
}

/// What is damaged in an object that [`ContentStore::verify`] finds to have lost its end.
pub const SHORTER: &str = "it is shorter than it was";

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// There is no such object.
    #[error("there is no object {0}")]
    NotFound(ContentKey),
    /// There is one already.
    #[error("there is an object {0} already")]
    Exists(ContentKey),
    /// Its bytes are not what was recorded.
    #[error("object {key} is damaged: {what}")]
    Damaged {
        /// Which.
        key: ContentKey,
        /// In what way.
        what: &'static str,
    },
    /// The store is full.
    #[error("no space is left in the content store")]
    Full,
    /// The object is larger than the store takes.
    #[error("the content is larger than the content store takes")]
    TooLarge,
    /// The store refuses us, and will until somebody changes a setting or a right: a line that names it.
    #[error("{0}")]
    Refused(String),
    /// The store does not know this operation, and will not by tomorrow: a line that names it.
    #[error("{0}")]
    NotOffered(String),
    /// The store gives no answer that helps; it may in a moment. A line that names the setting.
    #[error("{0}")]
    Unavailable(String),
    /// A file that the configuration names cannot be used: a line that names the setting.
    #[error("{0}")]
    SetUp(String),
    /// The store cannot be written.
    #[error("the content store is read-only for this user")]
    ReadOnly,
    /// What was to be stored could not be read.
    #[error("the source could not be read: {0}")]
    Source(#[source] io::Error),
    /// Anything else.
    #[error("the content store failed: {0}")]
    Io(#[source] io::Error),
}

impl ContentStore {
    /// Opens the store that the configuration names, making a folder where necessary. Of a bucket nothing is asked yet.
    ///
    /// # Errors
    /// [`ContentError`] where a folder cannot be made or a file cannot be read.
    pub fn at(place: &ContentConfig) -> Result<Self, ContentError> {
        let backend = match place {
            ContentConfig::Folder(path) => Backend::Local(Arc::new(local::LocalFolder::open(path)?)),
            ContentConfig::S3(config) => Backend::S3(Arc::new(s3::Bucket::open(config)?)),
        };
        Ok(Self {
            backend,
            comparisons: Arc::default(),
        })
    }

    /// Whether a store has been made where the configuration says. Of a bucket nobody can tell: nothing is made in it.
    pub fn is_there(place: &ContentConfig) -> bool {
        match place {
            ContentConfig::Folder(path) => local::LocalFolder::is_there(path),
            ContentConfig::S3(_) => true,
        }
    }

    /// Whether a store can be made where the configuration says; makes none. What is above a folder that is not there is not looked at.
    ///
    /// # Errors
    /// [`ContentError`] saying why not.
    pub fn may_be_made(place: &ContentConfig) -> Result<(), ContentError> {
        match place {
            ContentConfig::Folder(path) => local::LocalFolder::may_be_made(path),
            ContentConfig::S3(_) => Ok(()),
        }
    }

    /// The same store for another runtime thread: with connections of its own, where it has any.
    pub fn for_thread(&self) -> Self {
        let Backend::S3(bucket) = &self.backend else {
            return self.clone();
        };
        // What could be opened before can be again; otherwise connections are shared, which is slower and no worse.
        bucket.for_thread().map_or_else(
            |_| self.clone(),
            |bucket| Self {
                backend: Backend::S3(Arc::new(bucket)),
                comparisons: Arc::clone(&self.comparisons),
            },
        )
    }

    /// Stores all of `source` under `key` and answers when that would survive a power cut.
    ///
    /// # Errors
    /// [`ContentError::Exists`] where the key is taken; after any error nothing is visible under it.
    pub async fn put(
        &self,
        key: &ContentKey,
        source: impl io::Read + Send + 'static,
    ) -> Result<Written, ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let (folder, key) = (Arc::clone(folder), key.clone());
                off_thread(move || folder.put(&key, source)).await
            }
            Backend::S3(bucket) => bucket.put(key, source).await,
        }
    }

    /// Stores `bytes` under `key`, which an attempt before may have done already.
    ///
    /// # Errors
    /// [`ContentError::Exists`] where other bytes are under it.
    pub async fn put_again(&self, key: &ContentKey, bytes: Vec<u8>) -> Result<Written, ContentError> {
        let digest = digest::digest(&digest::SHA256, &bytes);
        match self.put(key, io::Cursor::new(bytes)).await {
            Err(ContentError::Exists(key)) => {
                // Whoever put it may have been killed before its name was durable.
                self.settle(&key).await?;
                let reader = self.open(&key).await?;
                let sha256 = reader.hash().await?;
                match sha256.as_slice() == digest.as_ref() {
                    true => Ok(Written {
                        size_bytes: reader.size_bytes(),
                        sha256,
                        modified_ns: reader.modified_ns(),
                    }),
                    false => Err(ContentError::Exists(key)),
                }
            }
            written => written,
        }
    }

    /// Stores `bytes` under `key`, in place of what is there. Whoever reads meanwhile gets all of the one or all of the other.
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn replace(&self, key: &ContentKey, bytes: Vec<u8>) -> Result<(), ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let (folder, key) = (Arc::clone(folder), key.clone());
                off_thread(move || folder.replace(&key, &bytes)).await
            }
            Backend::S3(bucket) => bucket.replace(key, bytes).await,
        }
    }

    /// So many bytes the store can still take, where that can be known.
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn free_bytes(&self) -> Result<Option<u64>, ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let folder = Arc::clone(folder);
                off_thread(move || folder.free_bytes()).await.map(Some)
            }
            Backend::S3(_) => Ok(None),
        }
    }

    /// Opens an object for reading, as it is.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] where there is none.
    pub async fn open(&self, key: &ContentKey) -> Result<ContentReader, ContentError> {
        let reader = match &self.backend {
            // Short enough for the runtime's thread.
            Backend::Local(folder) => Reader::Local(folder.open_object(key)?),
            Backend::S3(bucket) => Reader::S3(Box::new(bucket.open_object(key).await?)),
        };
        Ok(ContentReader(reader))
    }

    /// Opens an object and makes sure that it is what was recorded: by its length and time of change, and where
    /// these have moved by comparing all of its bytes before the first is given out.
    ///
    /// # Errors
    /// [`ContentError::Damaged`] where it is not.
    pub async fn open_checked(&self, expected: &Expected) -> Result<Checked, ContentError> {
        let reader = self.open(&expected.key).await?;
        if reader.size_bytes() != expected.size_bytes {
            return Err(expected.damaged("its length has changed"));
        }
        if reader.modified_ns() == expected.modified_ns {
            return Ok(Checked {
                reader,
                restamped: None,
            });
        }
        self.comparisons.known_good(&reader, expected).await?;
        let restamped = Some(reader.modified_ns());
        Ok(Checked { reader, restamped })
    }

    /// Reads all of an object, and says whether it is what was recorded; its time of change, where it is.
    ///
    /// # Errors
    /// [`ContentError::NotFound`] and [`ContentError::Damaged`] where it is not.
    pub async fn verify(&self, expected: &Expected) -> Result<i64, ContentError> {
        let reader = self.open(&expected.key).await?;
        if reader.size_bytes() < expected.size_bytes {
            return Err(expected.damaged(SHORTER));
        }
        if reader.size_bytes() > expected.size_bytes {
            return Err(expected.damaged("it is longer than it was"));
        }
        match reader.hash().await?.as_slice() == expected.sha256 {
            true => Ok(reader.modified_ns()),
            false => Err(expected.damaged("its bytes have changed")),
        }
    }

    /// All objects that there are, in any order, a page at a time: each with its time of change, in ns since 1970.
    pub fn list(&self) -> mpsc::Receiver<Result<Vec<(ContentKey, i64)>, ContentError>> {
        let (pages, receiver) = mpsc::channel(1);
        match &self.backend {
            Backend::Local(folder) => {
                let folder = Arc::clone(folder);
                tokio::task::spawn_blocking(move || folder.list(&pages));
            }
            Backend::S3(bucket) => {
                let bucket = Arc::clone(bucket);
                tokio::spawn(async move { bucket.list_all(&pages).await });
            }
        }
        receiver
    }

    /// Removes an object, and what describes it; what is not there is removed already. Of whoever reads it: see
    /// [`ContentReader`].
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn remove(&self, key: &ContentKey) -> Result<(), ContentError> {
        if !key.is_description() && !key.is_of_tenant() {
            self.remove_one(&key.described()).await?;
        }
        self.remove_one(key).await
    }

    async fn remove_one(&self, key: &ContentKey) -> Result<(), ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let (folder, key) = (Arc::clone(folder), key.clone());
                off_thread(move || folder.remove(&key)).await
            }
            Backend::S3(bucket) => bucket.remove(key).await,
        }
    }

    /// Gives an object that has arrived in slices its name. To be done again after a crash, with the same outcome.
    ///
    /// # Errors
    /// [`ContentError::Damaged`] where what was acknowledged is not there any more.
    pub async fn complete(
        &self,
        destination: &Destination,
        partial: &Partial,
    ) -> Result<(ContentKey, Written), ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let (folder, destination, partial) =
                    (Arc::clone(folder), destination.clone(), partial.clone());
                off_thread(move || folder.complete(&destination, &partial)).await
            }
            Backend::S3(bucket) => bucket.complete(destination, partial).await,
        }
    }

    /// Removes what has arrived of an object that will not be completed.
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn discard(&self, destination: &Destination, partial: &Partial) -> Result<(), ContentError> {
        match &self.backend {
            Backend::Local(folder) => {
                let (folder, destination) = (Arc::clone(folder), destination.clone());
                off_thread(move || folder.discard(&destination)).await
            }
            Backend::S3(bucket) => bucket.discard(destination, partial).await,
        }
    }

    /// Removes what writes that never ended have left, once it is a day old: nothing of it was ever visible. What is in
    /// `going_on` stays.
    ///
    /// # Errors
    /// [`ContentError`] of the store.
    pub async fn sweep(&self, now: Ticks, going_on: HashSet<uuid::Uuid>) -> Result<Swept, ContentError> {
        let oldest = now.minus(ABANDONED_AFTER);
        let swept = match &self.backend {
            Backend::Local(folder) => {
                let folder = Arc::clone(folder);
                off_thread(move || folder.sweep(oldest, &going_on)).await?
            }
            Backend::S3(bucket) => bucket.sweep(oldest, &going_on).await?,
        };
        if swept != Swept::default() {
            tracing::info!(
                content.removed = swept.removed,
                content.kept = swept.kept,
                "unfinished writes were looked through"
            );
        }
        Ok(swept)
    }

    /// Whether the store can be reached.
    ///
    /// # Errors
    /// [`ContentError`] saying why not.
    pub async fn reach(&self) -> Result<(), ContentError> {
        match &self.backend {
            Backend::Local(folder) => folder.reach(),
            Backend::S3(bucket) => bucket.reach().await,
        }
    }

    /// Does with an object of its own all that is done with recordings, leaves nothing, and says what did not work.
    pub async fn probe(&self) -> Vec<Finding> {
        match &self.backend {
            Backend::Local(folder) => {
                let folder = Arc::clone(folder);
                let probed = off_thread(move || folder.probe()).await;
                probed.err().as_ref().map(Finding::problem).into_iter().collect()
            }
            Backend::S3(bucket) => bucket.probe().await,
        }
    }
}

/// Runs `work` on a thread where it may block.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ContentError> + Send + 'static,
) -> Result<T, ContentError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(lost) => Err(ContentError::Io(io::Error::other(lost))),
    }
}
