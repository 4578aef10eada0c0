//! [`KeyRing`]: the keys that the store holds, as they sign and as they are published.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::signing_key::{SigningFault, SigningKey};
use crate::auth::verifier::AUTHORITY_MAX_LIFETIME;
use crate::clock::Ticks;
use crate::db::signing_keys::{self, KeyPurpose, StoredKey};
use crate::db::{DbError, Session};
use crate::seal::Sealer;

/// Opens sealed keys, and remembers the one that signs. Which one that is, is asked of the store each time, so that all nodes
/// agree at once.
pub struct KeyRing {
    key_file: Arc<Sealer>,
    parsed: Mutex<Option<Arc<SigningKey>>>,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The store could not be asked.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Sealed with another key file.
    #[error("the signing key is sealed with another key file")]
    Sealed,
    /// What was sealed is no key.
    #[error(transparent)]
    Key(#[from] SigningFault),
    /// There is none.
    #[error("the store has no signing key")]
    Missing,
}

impl StoredKey {
    /// Its secret, unsealed; `None` where it was sealed with another key file.
    pub fn open(&self, key_file: &Sealer) -> Option<Vec<u8>> {
        match self.is_sealed {
            true => key_file.open(&self.kid, &self.secret),
            false => Some(self.secret.clone()),
        }
    }
}

impl KeyRing {
    /// Keys that are sealed with that one.
    pub fn new(key_file: Arc<Sealer>) -> Self {
        Self {
            key_file,
            parsed: Mutex::default(),
        }
    }

    /// The key that signs: the newest.
    ///
    /// # Errors
    /// [`KeyFault`] where there is none that can be used.
    pub async fn current(&self, db: &mut Session) -> Result<Arc<SigningKey>, KeyFault> {
        let stored = signing_keys::newest(db, KeyPurpose::Token).await?;
        let stored = stored.ok_or(KeyFault::Missing)?;
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = parsed.as_ref().filter(|key| key.kid() == stored.kid) {
            return Ok(Arc::clone(key));
        }
        let secret = stored.open(&self.key_file).ok_or(KeyFault::Sealed)?;
        let key = Arc::new(SigningKey::from_pkcs8(&secret)?);
        *parsed = Some(Arc::clone(&key));
        Ok(key)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").finish_non_exhaustive()
    }
}

/// How long a key is still needed after another has taken its place: for the longest token, by clocks that differ.
pub const STILL_NEEDED: Duration = AUTHORITY_MAX_LIFETIME.saturating_add(Duration::from_secs(120));

/// A key that tokens may be signed with.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its name.
    pub kid: String,
    /// When it was made.
    pub created: Ticks,
    /// When its last token has expired; `None` for the key that signs.
    pub needed_until: Option<Ticks>,
    /// What verifies its signatures, as a JSON Web Key (RFC 7517).
    pub public_jwk: Value,
}

/// The keys that tokens may still be signed with, the newest first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn published(db: &mut Session, now: Ticks) -> Result<Vec<Published>, DbError> {
    let mut published = Vec::new();
    let mut followed: Option<Ticks> = None;
    for key in signing_keys::all(db, KeyPurpose::Token).await? {
        let needed_until = followed.map(|since| since.plus(STILL_NEEDED));
        if needed_until.is_some_and(|until| until < now) {
            break;
        }
        followed = Some(key.created);
        let public = key.public_jwk.as_deref();
        if let Some(public_jwk) = public.and_then(|text| serde_json::from_str(text).ok()) {
            published.push(Published {
                kid: key.kid,
                created: key.created,
                needed_until,
                public_jwk,
            });
        }
    }
    Ok(published)
}
