//! The store's own keys. Their secrets are opaque here; what they are is known by whoever uses them.

use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;
use crate::db::locks::{self, Lock};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs access tokens.
    Token,
    /// Seals page tokens.
    Page,
}

impl KeyPurpose {
    const fn text(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Page => "page",
        }
    }
}

/// A key. `Debug` does not show its secret.
#[derive(Clone)]
pub struct StoredKey {
    /// Its name.
    pub kid: String,
    /// Its secret.
    pub secret: Vec<u8>,
    /// What verifies its signatures, as a JSON Web Key; `None` for a key that signs nothing.
    pub public_jwk: Option<String>,
    /// When it was made.
    pub created: Ticks,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> Result<StoredKey, DbError> {
    Ok(StoredKey {
        kid: row.text(0)?,
        secret: row.bytes(1)?,
        public_jwk: row.text_or_null(2)?,
        created: row.ticks(3)?,
    })
}

/// The newest key for that purpose.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn newest(db: &mut Session, purpose: KeyPurpose) -> Result<Option<StoredKey>, DbError> {
    const SQL: &str = "
        SELECT kid, secret, public_jwk, created_ticks
        FROM signing_keys
        WHERE purpose = ?1
        ORDER BY created_ticks DESC, kid DESC
        LIMIT 1";
    db.row(SQL, &[purpose.text().into()], read).await
}

/// The key of that name, if it is for that purpose.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, purpose: KeyPurpose, kid: &str) -> Result<Option<StoredKey>, DbError> {
    const SQL: &str = "
        SELECT kid, secret, public_jwk, created_ticks
        FROM signing_keys
        WHERE kid = ?1
          AND purpose = ?2";
    db.row(SQL, &[kid.into(), purpose.text().into()], read).await
}

/// Stores a key unless there is one for its purpose already; answers the one that counts, so that two processes
/// that start together agree.
#[derive(Clone)]
pub struct PutFirst {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The key.
    pub key: StoredKey,
}

impl Write for PutFirst {
    type Output = StoredKey;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<StoredKey, DbError> {
        const SQL: &str = "
            INSERT INTO signing_keys (kid, purpose, secret, public_jwk, created_ticks)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        locks::take(tx, Lock::Keys).await?;
        if let Some(found) = newest(tx, self.purpose).await? {
            return Ok(found);
        }
        let key = self.key;
        let values = [
            (&key.kid).into(),
            self.purpose.text().into(),
            key.secret.as_slice().into(),
            (&key.public_jwk).into(),
            key.created.into(),
        ];
        tx.execute(SQL, &values).await?;
        Ok(key)
    }
}
