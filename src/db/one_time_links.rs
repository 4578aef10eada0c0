//! Links with which a person sets a password. A link is known by the SHA-256 of its token.

use super::{DbError, Session, Tx};
use crate::clock::Ticks;

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    /// SHA-256 of its token.
    pub token_sha256: Vec<u8>,
    /// Whose password it sets.
    pub user_id: String,
    /// When it ends.
    pub expires: Ticks,
    /// When it was used.
    pub used: Option<Ticks>,
}

impl OneTimeLink {
    /// Whether it works at that instant.
    pub fn is_good(&self, now: Ticks) -> bool {
        self.used.is_none() && now < self.expires
    }
}

/// Stores a link; older ones of the same user do not work any more.
///
/// # Errors
/// [`DbError::Conflict`] where the user is not there.
pub async fn put(tx: &mut Tx<'_>, token_sha256: &[u8], user_id: &str, expires: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO one_time_links (token_sha256, user_id, expires_ticks)
        VALUES (?1, ?2, ?3)";
    void_all_of_user(tx, user_id).await?;
    tx.execute(SQL, &[token_sha256.into(), user_id.into(), expires.into()])
        .await
        .map(|_| ())
}

/// The link of that token, whether it works or not.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, token_sha256: &[u8]) -> Result<Option<OneTimeLink>, DbError> {
    const SQL: &str = "
        SELECT token_sha256, user_id, expires_ticks, used_ticks
        FROM one_time_links
        WHERE token_sha256 = ?1";
    db.row(SQL, &[token_sha256.into()], |row| {
        Ok(OneTimeLink {
            token_sha256: row.bytes(0)?,
            user_id: row.text(1)?,
            expires: row.ticks(2)?,
            used: row.ticks_or_null(3)?,
        })
    })
    .await
}

/// Uses a link up and gives whose it is; `None` where it does not work. Of several who come at once one is first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn use_up(tx: &mut Tx<'_>, token_sha256: &[u8], now: Ticks) -> Result<Option<String>, DbError> {
    const SQL: &str = "
        UPDATE one_time_links
        SET used_ticks = ?2
        WHERE token_sha256 = ?1
          AND used_ticks IS NULL
          AND expires_ticks > ?2";
    match tx.execute(SQL, &[token_sha256.into(), now.into()]).await? {
        0 => Ok(None),
        _ => Ok(find(tx, token_sha256).await?.map(|link| link.user_id)),
    }
}

/// Forgets the links of a user.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn void_all_of_user(tx: &mut Tx<'_>, user_id: &str) -> Result<u64, DbError> {
    tx.execute("DELETE FROM one_time_links WHERE user_id = ?1", &[user_id.into()])
        .await
}
