//! [`Store`]: the data folder with its rows and its content, opened as the configuration names them.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::authority::{SigningFault, SigningKey};
use crate::clock::Clock;
use crate::config::{Config, ContentConfig, MetadataPlace, Problem};
use crate::content::{ContentError, ContentStore};
use crate::db::signing_keys::{self, KeyPurpose, PutFirst, StoredKey};
use crate::db::{Db, DbError};
use crate::ids;
use crate::query::page_token::{BadKey, PageSealer};

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
        if let Some(data) = &config.data {
            make_folder(data)?;
        }
        let place = config.metadata_place()?;
        let opened = Db::open(&place, config.metadata.connections, clock).await;
        let db = opened.map_err(|cause| StoreError::Database { place, cause })?;
        let place = config.content_place()?;
        let content = ContentStore::at(&place);
        let content = content.map_err(|cause| StoreError::Content { place, cause })?;
        Ok(Self {
            db,
            content,
            clock: clock.clone(),
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

    /// The key that signs the built-in authority's tokens; made at first use.
    ///
    /// # Errors
    /// [`StoreError::Key`].
    pub async fn signing_key(&self) -> Result<SigningKey, StoreError> {
        let stored = signing_keys::newest(&mut *self.db.snapshot().await?, KeyPurpose::Token).await?;
        let stored = match stored {
            Some(stored) => stored,
            None => {
                // Making an RSA key takes a while, so it is not done on a runtime thread.
                let made = tokio::task::spawn_blocking(SigningKey::generate).await;
                let made = made.map_err(|lost| StoreError::Key(lost.to_string()))??;
                let key = self.new_key(
                    made.kid().to_owned(),
                    made.to_pkcs8()?,
                    Some(made.public_jwk().to_string()),
                );
                self.db
                    .write(PutFirst {
                        purpose: KeyPurpose::Token,
                        key,
                    })
                    .await?
            }
        };
        Ok(SigningKey::from_pkcs8(&stored.secret)?)
    }

    /// What seals page tokens; its key is made at first use.
    ///
    /// # Errors
    /// [`StoreError::Key`].
    pub async fn page_sealer(&self) -> Result<PageSealer, StoreError> {
        let stored = signing_keys::newest(&mut *self.db.snapshot().await?, KeyPurpose::Page).await?;
        let stored = match stored {
            Some(stored) => stored,
            None => {
                let key = self.new_key(ids::random(), PageSealer::new_key()?.to_vec(), None);
                self.db
                    .write(PutFirst {
                        purpose: KeyPurpose::Page,
                        key,
                    })
                    .await?
            }
        };
        Ok(PageSealer::new(&stored.secret)?)
    }

    fn new_key(&self, kid: String, secret: Vec<u8>, public_jwk: Option<String>) -> StoredKey {
        StoredKey {
            kid,
            secret,
            public_jwk,
            created: self.clock.now(),
        }
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
