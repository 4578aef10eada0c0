//! The keys of a store, sealed with a passphrase: in a backup nothing else opens them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::manifest::{SealedKeys, as_json};
use super::{BackupError, files};
use crate::authority::passphrase::{self, Cost};
use crate::clock::Ticks;
use crate::config::Secret;
use crate::db::signing_keys::{KeyPurpose, StoredKey};
use crate::seal::{Sealer, from_hex, sha256, to_hex};

const FILE: &str = "keys";
/// More than the keys of any store have: there is one of each purpose, and those that were followed not long ago.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// What they are sealed for.
const PURPOSE: &str = "graphophone backup, keys, 1";

/// Seals what is put into a backup. Made once: it takes some tenths of a second.
pub(super) struct Passphrase {
    sealer: Sealer,
    salt: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    kid: String,
    purpose: String,
    secret: String,
    public_jwk: Option<String>,
    created_ticks: i64,
}

impl Passphrase {
    /// Makes a key of a passphrase.
    pub(super) async fn new(passphrase: &Secret) -> Result<Self, BackupError> {
        passphrase::check(passphrase.expose())?;
        let salt = Sealer::new_key().map_err(|_| BackupError::Randomness)?;
        let sealer = sealer(passphrase, salt, Cost::NEW).await?;
        Ok(Self { sealer, salt })
    }

    /// Writes the keys of a store into a snapshot, sealed together with `with`.
    pub(super) fn put(
        &self,
        snapshot: &Path,
        keys: &[(KeyPurpose, StoredKey)],
        with: &str,
    ) -> Result<SealedKeys, BackupError> {
        let of = |(purpose, key): &(KeyPurpose, StoredKey)| Key {
            kid: key.kid.clone(),
            purpose: purpose.text().to_owned(),
            secret: STANDARD.encode(&key.secret),
            public_jwk: key.public_jwk.clone(),
            created_ticks: key.created.0,
        };
        let opened: Vec<Key> = keys.iter().map(of).collect();
        let sealed = self.sealer.seal(&purpose(with), &as_json(&opened));
        let sealed = sealed.ok_or(BackupError::Randomness)?;
        files::write(&snapshot.join(FILE), &sealed)?;
        Ok(SealedKeys {
            count: i64::try_from(keys.len()).unwrap_or(i64::MAX),
            sha256: to_hex(&sha256(&sealed)),
            salt: to_hex(&self.salt),
            memory_kib: Cost::NEW.memory_kib,
            passes: Cost::NEW.passes,
            lanes: Cost::NEW.lanes,
        })
    }
}

/// The keys of a snapshot that were sealed together with `with`, with their secrets as they are.
pub(super) async fn open(
    snapshot: &Path,
    sealed: &SealedKeys,
    with: &str,
    passphrase: &Secret,
) -> Result<Vec<(KeyPurpose, StoredKey)>, BackupError> {
    let path = snapshot.join(FILE);
    let bytes = files::read(&path, MOST_BYTES)?;
    if to_hex(&sha256(&bytes)) != sealed.sha256 {
        return Err(BackupError::damaged(&path, "its bytes have changed"));
    }
    let salt = from_hex(&sealed.salt).ok_or_else(|| BackupError::damaged(snapshot, "the salt is none"))?;
    let sealer = sealer(passphrase, salt, sealed.cost()).await?;
    let opened = sealer
        .open(&purpose(with), &bytes)
        .ok_or(BackupError::WrongPassphrase)?;
    let keys: Vec<Key> =
        serde_json::from_slice(&opened).map_err(|error| BackupError::damaged(&path, error.to_string()))?;
    let stored = |key: Key| {
        let secret = STANDARD.decode(key.secret).ok()?;
        let stored = StoredKey {
            kid: key.kid,
            secret,
            is_sealed: false,
            public_jwk: key.public_jwk,
            created: Ticks(key.created_ticks),
        };
        Some((KeyPurpose::parse(&key.purpose)?, stored))
    };
    let stored: Option<Vec<_>> = keys.into_iter().map(stored).collect();
    stored.ok_or_else(|| BackupError::damaged(&path, "a key in it is none"))
}

fn purpose(with: &str) -> String {
    format!("{PURPOSE}, {with}")
}

async fn sealer(passphrase: &Secret, salt: [u8; 32], cost: Cost) -> Result<Sealer, BackupError> {
    let passphrase = passphrase.clone();
    let made = tokio::task::spawn_blocking(move || passphrase::sealing_key(passphrase.expose(), &salt, cost));
    Sealer::new(&made.await??).map_err(|_| BackupError::Randomness)
}
