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
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Token, Self::Page];

    /// The word of the column.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Page => "page",
        }
    }

    /// The purpose of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.text() == text)
    }
}

/// A key. `Debug` does not show its secret.
#[derive(Clone)]
pub struct StoredKey {
    /// Its name.
    pub kid: String,
    /// Its secret.
    pub secret: Vec<u8>,
    /// Whether the secret is sealed, so that whoever has the rows alone has no key.
    pub is_sealed: bool,
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
        is_sealed: row.bool(2)?,
        public_jwk: row.text_or_null(3)?,
        created: row.ticks(4)?,
    })
}

/// The newest key for that purpose.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn newest(db: &mut Session, purpose: KeyPurpose) -> Result<Option<StoredKey>, DbError> {
    const SQL: &str = "
        SELECT kid, secret, is_sealed, public_jwk, created_ticks
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
        SELECT kid, secret, is_sealed, public_jwk, created_ticks
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
        locks::take(tx, Lock::Keys).await?;
        if let Some(found) = newest(tx, self.purpose).await? {
            return Ok(found);
        }
        insert(tx, self.purpose, &self.key).await?;
        Ok(self.key)
    }
}

/// Stores a key beside what is there.
///
/// # Errors
/// [`DbError::Conflict`] where its name is taken.
pub async fn insert(tx: &mut Tx<'_>, purpose: KeyPurpose, key: &StoredKey) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO signing_keys (kid, purpose, secret, is_sealed, public_jwk, created_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = [
        (&key.kid).into(),
        purpose.text().into(),
        key.secret.as_slice().into(),
        key.is_sealed.into(),
        (&key.public_jwk).into(),
        key.created.into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// The keys for that purpose, newest first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn all(db: &mut Session, purpose: KeyPurpose) -> Result<Vec<StoredKey>, DbError> {
    const SQL: &str = "
        SELECT kid, secret, is_sealed, public_jwk, created_ticks
        FROM signing_keys
        WHERE purpose = ?1
        ORDER BY created_ticks DESC, kid DESC";
    db.rows(SQL, &[purpose.text().into()], read).await
}

/// Puts a new key in front of the others, and removes those that nothing needs any more.
#[derive(Clone)]
pub struct Rotate {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The new key.
    pub key: StoredKey,
    /// Only if the newest was made before; `None`: in any case.
    pub if_older_than: Option<Ticks>,
    /// What was followed by another key by then is removed.
    pub followed_by: Ticks,
}

impl Write for Rotate {
    /// Whether the new key is there.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        // A second run would find its own key in the way.
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const REMOVE: &str = "
            DELETE FROM signing_keys
            WHERE purpose = ?1
              AND created_ticks < ?2";
        locks::take(tx, Lock::Keys).await?;
        let mut keys = all(tx, self.purpose).await?;
        let newest = keys.first().map(|key| key.created);
        let due = match (newest, self.if_older_than) {
            (Some(newest), Some(limit)) => newest < limit,
            _ => true,
        };
        if due {
            let mut key = self.key;
            // The newest signs, also where a clock was set back.
            key.created = newest.map_or(key.created, |newest| key.created.max(Ticks(newest.0 + 1)));
            insert(tx, self.purpose, &key).await?;
            keys.insert(0, key);
        }
        // The first that was there by then has followed all behind it.
        if let Some(last) = keys.iter().find(|key| key.created <= self.followed_by) {
            tx.execute(REMOVE, &[self.purpose.text().into(), last.created.into()])
                .await?;
        }
        Ok(due)
    }
}

/// Seals a key that lies open.
#[derive(Clone)]
pub struct SealKey {
    /// Its name.
    pub kid: String,
    /// Its secret, sealed.
    pub sealed: Vec<u8>,
}

impl Write for SealKey {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            UPDATE signing_keys
            SET secret = ?2,
                is_sealed = TRUE
            WHERE kid = ?1
              AND is_sealed = FALSE";
        let values = [(&self.kid).into(), self.sealed.as_slice().into()];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}
