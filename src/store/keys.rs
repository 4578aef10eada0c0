//! The store's own keys: made at first use, sealed with the key of a file that lies outside of the database, so that a copy
//! of the rows alone signs nothing.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Store, StoreError};
use crate::authority::key_ring::STILL_NEEDED;
use crate::authority::{KeyRing, SigningKey};
use crate::clock::Ticks;
use crate::db::Session;
use crate::db::signing_keys::{self, KeyPurpose, PutFirst, Rotate, SealKey, StoredKey};
use crate::ids;
use crate::seal::Sealer;

/// What a key file may hold at most: the key in base64 and a line end.
const MAX_FILE_BYTES: u64 = 1024;

/// The keys of a store that is being served.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs tokens.
    pub ring: Arc<KeyRing>,
    /// Seals what goes out and comes back.
    pub sealer: Arc<Sealer>,
}

impl Store {
    /// The keys of the store, made and sealed where they are not yet.
    ///
    /// # Errors
    /// [`StoreError::Key`] in one line that says what to do.
    pub async fn keys(&self) -> Result<Keys, StoreError> {
        let key_file = Arc::new(self.key_file().await?);
        self.seal_open_keys(&key_file).await?;
        let ring = KeyRing::new(Arc::clone(&key_file));
        let newest = signing_keys::newest(&mut *self.db.snapshot().await?, KeyPurpose::Token).await?;
        if newest.is_none() {
            let key = self.new_signing_key(&key_file).await?;
            let purpose = KeyPurpose::Token;
            self.db.write(PutFirst { purpose, key }).await?;
        }
        // Whoever cannot open it hears of it now.
        ring.current(&mut *self.db.snapshot().await?).await?;
        Ok(Keys {
            ring: Arc::new(ring),
            sealer: Arc::new(self.page_sealer(&key_file).await?),
        })
    }

    /// Puts a new signing key in front of the others; only if the newest is older than `age`, where that is given. Keys
    /// whose last token has expired are removed. Whether there is a new one.
    ///
    /// # Errors
    /// [`StoreError::Key`] in one line that says what to do.
    pub async fn rotate_keys(&self, age: Option<Duration>) -> Result<bool, StoreError> {
        self.rotate(age, self.clock.now().minus(STILL_NEEDED)).await
    }

    /// Puts a new signing key in the place of all others, which may have been stolen: their tokens do not count any more.
    ///
    /// # Errors
    /// [`StoreError::Key`] in one line that says what to do.
    pub async fn withdraw_keys(&self) -> Result<bool, StoreError> {
        // Whatever is there by then has been followed, also where clocks differ.
        self.rotate(None, Ticks(i64::MAX)).await
    }

    async fn rotate(&self, age: Option<Duration>, followed_by: Ticks) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let newest = signing_keys::newest(&mut *self.db.snapshot().await?, KeyPurpose::Token).await?;
        let if_older_than = age.map(|age| now.minus(age));
        let due = match (&newest, if_older_than) {
            (Some(newest), Some(limit)) => newest.created < limit,
            _ => true,
        };
        let key_file = self.key_file().await?;
        // With another file than that of the servers the new key could be read by none of them.
        if let Some(newest) = &newest {
            newest.open(&key_file).ok_or_else(wrong_key_file)?;
        }
        let key = match (due, newest) {
            // Nothing is put in front of this one; it only says what may go.
            (false, Some(newest)) => newest,
            _ => self.new_signing_key(&key_file).await?,
        };
        let rotate = Rotate {
            purpose: KeyPurpose::Token,
            key,
            if_older_than,
            followed_by,
        };
        Ok(self.db.write(rotate).await?)
    }

    async fn page_sealer(&self, key_file: &Sealer) -> Result<Sealer, StoreError> {
        let stored = signing_keys::newest(&mut *self.db.snapshot().await?, KeyPurpose::Page).await?;
        let stored = match stored {
            Some(stored) => stored,
            None => {
                let key = self.sealed(ids::random(), &Sealer::new_key()?, None, key_file)?;
                let purpose = KeyPurpose::Page;
                self.db.write(PutFirst { purpose, key }).await?
            }
        };
        Ok(Sealer::new(&stored.open(key_file).ok_or_else(wrong_key_file)?)?)
    }

    /// A new RSA key. Making one takes a while, so it is not done on a runtime thread.
    async fn new_signing_key(&self, key_file: &Sealer) -> Result<StoredKey, StoreError> {
        let made = tokio::task::spawn_blocking(SigningKey::generate).await;
        let made = made.map_err(|lost| StoreError::Key(lost.to_string()))??;
        let public = made.public_jwk().to_string();
        self.sealed(made.kid().to_owned(), &made.to_pkcs8()?, Some(public), key_file)
    }

    fn sealed(
        &self,
        kid: String,
        secret: &[u8],
        public_jwk: Option<String>,
        key_file: &Sealer,
    ) -> Result<StoredKey, StoreError> {
        let created = self.clock.now();
        let sealed = StoredKey::sealed(kid, secret, public_jwk, created, key_file);
        sealed.ok_or_else(|| StoreError::Key("the system gives no randomness".to_owned()))
    }

    /// All keys of `db`, which is of this store, with their secrets as they are.
    ///
    /// # Errors
    /// [`StoreError::Key`] in one line that says what to do.
    pub async fn opened_keys(&self, db: &mut Session) -> Result<Vec<(KeyPurpose, StoredKey)>, StoreError> {
        let mut keys = Vec::new();
        for purpose in KeyPurpose::ALL {
            let of_purpose = signing_keys::all(db, purpose).await?;
            keys.extend(of_purpose.into_iter().map(|key| (purpose, key)));
        }
        if !keys.iter().any(|(_, key)| key.is_sealed) {
            return Ok(keys);
        }
        let key_file = self.key_file().await?;
        for (_, key) in &mut keys {
            key.secret = key.open(&key_file).ok_or_else(wrong_key_file)?;
            key.is_sealed = false;
        }
        Ok(keys)
    }

    /// Such keys as this store keeps them: sealed with its own key file, which is made where there is none.
    ///
    /// # Errors
    /// [`StoreError::Key`] in one line that says what to do.
    pub async fn sealed_keys(
        &self,
        keys: Vec<(KeyPurpose, StoredKey)>,
    ) -> Result<Vec<(KeyPurpose, StoredKey)>, StoreError> {
        let key_file = self.key_file().await?;
        let seal = |(purpose, key): (KeyPurpose, StoredKey)| {
            let sealed = StoredKey::sealed(key.kid, &key.secret, key.public_jwk, key.created, &key_file);
            let sealed =
                sealed.ok_or_else(|| StoreError::Key("the system gives no randomness".to_owned()))?;
            Ok((purpose, sealed))
        };
        keys.into_iter().map(seal).collect()
    }

    /// Keys of a store that was made before there were key files.
    async fn seal_open_keys(&self, key_file: &Sealer) -> Result<(), StoreError> {
        for purpose in KeyPurpose::ALL {
            let keys = signing_keys::all(&mut *self.db.snapshot().await?, purpose).await?;
            for key in keys.into_iter().filter(|key| !key.is_sealed) {
                let sealed = self.sealed(key.kid.clone(), &key.secret, None, key_file)?.secret;
                let kid = key.kid;
                self.db.write(SealKey { kid, sealed }).await?;
            }
        }
        Ok(())
    }

    /// What seals the store's keys: the file's key. A file is made only where nothing is sealed yet.
    async fn key_file(&self) -> Result<Sealer, StoreError> {
        let path = self.key_file.clone()?;
        let mut db = self.db.snapshot().await?;
        let mut is_sealed = false;
        for purpose in KeyPurpose::ALL {
            let newest = signing_keys::newest(&mut db, purpose).await?;
            is_sealed |= newest.is_some_and(|key| key.is_sealed);
        }
        drop(db);
        let read = tokio::task::spawn_blocking(move || read_or_make(&path, is_sealed)).await;
        Ok(Sealer::new(
            &read.map_err(|lost| StoreError::Key(lost.to_string()))??,
        )?)
    }
}

fn wrong_key_file() -> StoreError {
    let text = "they are sealed with the key of another file: copy the key file of the node that made them, or name it with \
                authority.key_file";
    StoreError::Key(text.to_owned())
}

impl From<crate::authority::KeyFault> for StoreError {
    fn from(fault: crate::authority::KeyFault) -> Self {
        match fault {
            crate::authority::KeyFault::Sealed => wrong_key_file(),
            other => Self::Key(other.to_string()),
        }
    }
}

/// The key in the file at `path`, which is made where it is not there and nothing is sealed yet.
fn read_or_make(path: &Path, is_sealed: bool) -> Result<Vec<u8>, StoreError> {
    let failed = |cause: std::io::Error| {
        StoreError::Key(format!(
            "authority.key_file {} cannot be used: {cause}",
            path.display()
        ))
    };
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file
            .take(MAX_FILE_BYTES)
            .read_to_string(&mut text)
            .map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound && is_sealed => {
            return Err(StoreError::Key(format!(
                "the file that they are sealed with is not at {}: copy it from the node that made it, or from a backup, or name it \
                 with authority.key_file",
                path.display()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(path).map_err(failed)?;
            return read_or_make(path, true);
        }
        Err(error) => return Err(failed(error)),
    };
    let key = STANDARD.decode(text.trim()).unwrap_or_default();
    match Sealer::new(&key) {
        Ok(_) => Ok(key),
        Err(_) => Err(StoreError::Key(format!(
            "authority.key_file {} does not hold 32 bytes in base64",
            path.display()
        ))),
    }
}

/// Makes a file with a new key. One that somebody else makes at the same time stays.
fn make(path: &Path) -> std::io::Result<()> {
    let key = Sealer::new_key().map_err(std::io::Error::other)?;
    let temporary: PathBuf = path.with_extension(format!("new-{}", ids::random()));
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(format!("{}\n", STANDARD.encode(key)).as_bytes())?;
            file.sync_all()
        });
    // A link never replaces what is there.
    let linked = written.and_then(|()| match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let _gone = fs::remove_file(&temporary);
    linked?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

impl StoredKey {
    /// A key whose secret is sealed; `None` where the system has no randomness to give.
    fn sealed(
        kid: String,
        secret: &[u8],
        public_jwk: Option<String>,
        created: Ticks,
        key_file: &Sealer,
    ) -> Option<Self> {
        Some(Self {
            secret: key_file.seal(&kid, secret)?,
            is_sealed: true,
            kid,
            public_jwk,
            created,
        })
    }
}
