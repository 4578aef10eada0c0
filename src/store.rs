//! [`Store`]: the data folder with its rows and its content, opened as the configuration names them.

mod keys;

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::authority::SigningFault;
use crate::clock::Clock;
use crate::config::{Config, ContentConfig, MetadataPlace, Problem};
use crate::content::{ContentError, ContentStore};
use crate::db::{Db, DbError, NEWEST_MIGRATION};
use crate::seal::BadKey;

pub use keys::Keys;

/// Keeps a second server out of a data folder; the administrative commands do not take it.
const LOCK_FILE: &str = "serve.lock";

/// Rows and content.
#[derive(Clone)]
pub struct Store {
    /// Rows.
    pub db: Db,
    /// Bytes.
    pub content: ContentStore,
    /// Time.
    pub clock: Clock,
    /// Where the key lies that seals the others.
    pub key_file: Result<PathBuf, Problem>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The configuration does not say where it is.
    #[error("{0}")]
    Config(#[from] Problem),
    /// Its folder cannot be made or read.
    #[error("the data folder {} cannot be used: {cause}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Another server has it.
    #[error("the data folder {} is being served already: stop the other server, or name another folder with --data", .0.display())]
    Locked(PathBuf),
    /// Its database cannot be used.
    #[error("{}", database_line(place, cause))]
    Database {
        /// Where it is.
        place: MetadataPlace,
        /// Why.
        cause: DbError,
    },
    /// Its content cannot be used.
    #[error("{}", content_line(place, cause))]
    Content {
        /// Where it is.
        place: ContentConfig,
        /// Why.
        cause: ContentError,
    },
    /// Recordings are known, and their folder is another one, or none.
    #[error(
        "{}: the database knows recordings, and this folder has never held any: is the disk mounted that they are on? If they are to \
         lie here now, copy the former folder; to begin without them, make the folder {}",
        .0.display(), .0.join(".incoming").display()
    )]
    NoContent(PathBuf),
    /// One of its keys cannot be read or made.
    #[error("the store's keys cannot be used: {0}")]
    Key(String),
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<SigningFault> for StoreError {
    fn from(error: SigningFault) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<BadKey> for StoreError {
    fn from(error: BadKey) -> Self {
        Self::Key(error.to_string())
    }
}

impl Store {
    /// Opens the store that `config` names, making what is not there yet.
    ///
    /// # Errors
    /// [`StoreError`] in one line that says what to do.
    pub async fn open(config: &Config, clock: &Clock) -> Result<Self, StoreError> {
        Self::open_at(config, clock, NEWEST_MIGRATION).await
    }

    /// The same with a schema of step `schema`: for rows of an older store. A store that is further stays so.
    ///
    /// # Errors
    /// [`StoreError`] in one line that says what to do.
    pub async fn open_at(config: &Config, clock: &Clock, schema: i64) -> Result<Self, StoreError> {
        if let Some(data) = &config.data {
            make_folder(data)?;
        }
        let place = config.metadata_place()?;
        refuse_lost_content(&place, &config.content_place()?).await?;
        let opened = Db::open_at(&place, config.metadata.connections, clock, schema).await;
        let db = opened.map_err(|cause| StoreError::Database { place, cause })?;
        let place = config.content_place()?;
        let content = ContentStore::at(&place);
        let content = content.map_err(|cause| StoreError::Content { place, cause })?;
        Ok(Self {
            db,
            content,
            clock: clock.clone(),
            key_file: config.key_file(),
        })
    }

    /// Whether there is a store where `config` says; makes none.
    ///
    /// # Errors
    /// [`StoreError`] in one line that says what to do.
    pub async fn is_there(config: &Config) -> Result<bool, StoreError> {
        let place = config.metadata_place()?;
        let found = Db::is_there(&place).await;
        found.map_err(|cause| StoreError::Database { place, cause })
    }

    /// The schema number of the store that `config` names, 0 where there is none; makes none.
    ///
    /// # Errors
    /// [`StoreError`] in one line that says what to do.
    pub async fn version(config: &Config) -> Result<i64, StoreError> {
        let place = config.metadata_place()?;
        let found = Db::version(&place).await;
        found.map_err(|cause| StoreError::Database { place, cause })
    }
}

/// Held while a data folder is being served. The system lets go of it however the process ends.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock of the data folder that `config` names. Where the rows are on a server there may be any number of
    /// nodes, and no lock.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another server has it.
    pub fn take(config: &Config) -> Result<Option<Self>, StoreError> {
        let (Some(data), MetadataPlace::Sqlite(_)) = (&config.data, &config.metadata.place) else {
            return Ok(None);
        };
        make_folder(data)?;
        let failed = |cause| StoreError::Folder {
            path: data.clone(),
            cause,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(data.join(LOCK_FILE))
            .map_err(failed)?;
        // Made by somebody else, it may be open to others, who could then keep every server out.
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o777 != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600))
                .map_err(failed)?;
        }
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(data.clone())),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}

/// Refuses to make a content store beside rows that have one already, before anything is changed. Where its disk is not mounted,
/// what is stored would lie below the mount, seen by nobody once that is back.
///
/// # Errors
/// [`StoreError::NoContent`], and what keeps the database from being asked.
pub async fn refuse_lost_content(rows: &MetadataPlace, content: &ContentConfig) -> Result<(), StoreError> {
    let ContentConfig::Folder(folder) = content else {
        return Ok(());
    };
    if ContentStore::is_there(content) {
        return Ok(());
    }
    let known = Db::has_content(rows).await;
    let failed = |cause| StoreError::Database {
        place: rows.clone(),
        cause,
    };
    match known.map_err(failed)? {
        false => Ok(()),
        true => Err(StoreError::NoContent(folder.clone())),
    }
}

/// What is wrong with a database, after what names it.
fn database_line(place: &MetadataPlace, cause: &DbError) -> String {
    match (place, cause) {
        (MetadataPlace::Sqlite(path), _) => format!("{}: {cause}", path.display()),
        (MetadataPlace::Postgres(_), DbError::SetUp(line)) => line.clone(),
        (MetadataPlace::Postgres(_), _) => format!("metadata.url: {cause}"),
    }
}

/// What is wrong with the content, after what names it.
fn content_line(place: &ContentConfig, cause: &ContentError) -> String {
    match place {
        ContentConfig::Folder(path) => format!("{}: {cause}", path.display()),
        ContentConfig::S3(_) => cause.to_string(),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|cause| StoreError::Folder {
        path: path.to_owned(),
        cause,
    })
}
