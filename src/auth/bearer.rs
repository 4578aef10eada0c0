//! From an `Authorization` header to a verified token, with a memory of tokens that were verified a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::claims::{Issuer, VerifiedToken};
use super::key_set::VerifyingKey;
use super::token::{CompactToken, TokenFault};
use super::verifier::TokenVerifier;
use crate::clock::{Clock, Ticks};
use crate::db::signing_keys::{self, KeyPurpose};
use crate::db::{Db, DbError};

/// How long a verified token is believed without another look at its key. Below the 60 s within which revoking counts.
const MEMORY: Duration = Duration::from_secs(30);
/// How many tokens are remembered.
const MEMORY_TOKENS: usize = 4096;

/// Verifies tokens for one runtime thread. A clone shares its memory.
#[derive(Clone)]
pub struct BearerTokens {
    verifier: Arc<TokenVerifier>,
    memory: Arc<Mutex<HashMap<Box<str>, Remembered>>>,
    clock: Clock,
}

struct Remembered {
    token: Arc<VerifiedToken>,
    since: Ticks,
}

/// Why there is no token to believe.
#[derive(Debug)]
pub enum BearerError {
    /// 401.
    Fault(TokenFault),
    /// The store could not be asked for the key.
    Db(DbError),
}

impl From<TokenFault> for BearerError {
    fn from(fault: TokenFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DbError> for BearerError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl BearerTokens {
    /// Tokens as `verifier` checks them.
    pub fn new(verifier: Arc<TokenVerifier>, clock: Clock) -> Self {
        Self {
            verifier,
            memory: Arc::default(),
            clock,
        }
    }

    /// The same for another runtime thread, with a memory of its own.
    pub fn for_thread(&self) -> Self {
        Self::new(Arc::clone(&self.verifier), self.clock.clone())
    }

    /// Verifies what stands in an `Authorization` header (RFC 6750 section 2.1). May wait for an issuer's keys.
    ///
    /// # Errors
    /// [`BearerError::Fault`] where there is no token, or none that counts.
    pub async fn verify(&self, header: Option<&[u8]>, db: &Db) -> Result<Arc<VerifiedToken>, BearerError> {
        let text = header.map_or(Ok(""), bearer_text)?;
        let now = self.clock.now();
        if let Some(token) = self.remembered(text, now) {
            return Ok(token);
        }
        let compact = CompactToken::parse(text)?;
        let source = self.verifier.source(&compact);
        let key = match source {
            Issuer::Configured(index) => self.verifier.issuer_key(index, &compact).await?,
            Issuer::Authority => Arc::new(authority_key(db, compact.kid()).await?),
        };
        let token = Arc::new(self.verifier.check(source, &compact, &key)?);
        self.remember(
            text,
            Remembered {
                token: Arc::clone(&token),
                since: now,
            },
        );
        Ok(token)
    }

    /// Verifies a token of the built-in authority that is meant for `audience`, not for this server.
    ///
    /// # Errors
    /// [`BearerError::Fault`] where it does not count.
    pub async fn verify_for(
        &self,
        text: &str,
        audience: String,
        db: &Db,
    ) -> Result<VerifiedToken, BearerError> {
        let compact = CompactToken::parse(text)?;
        let key = authority_key(db, compact.kid()).await?;
        Ok(self.verifier.check_for(&compact, &key, &[audience])?)
    }

    fn remembered(&self, text: &str, now: Ticks) -> Option<Arc<VerifiedToken>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let found = memory.get(text)?;
        // A clock that was set back makes no token younger than it is.
        let fresh = found.since <= now && now < found.since.plus(MEMORY) && now < found.token.expires;
        fresh.then(|| Arc::clone(&found.token))
    }

    fn remember(&self, text: &str, found: Remembered) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MEMORY_TOKENS {
            let now = found.since;
            memory.retain(|_, old| old.since <= now && now < old.since.plus(MEMORY));
            if memory.len() >= MEMORY_TOKENS {
                memory.clear();
            }
        }
        memory.insert(text.into(), found);
    }
}

/// The token of a `Bearer` header; empty for another scheme.
fn bearer_text(header: &[u8]) -> Result<&str, TokenFault> {
    let text = std::str::from_utf8(header).map_err(|_| TokenFault::NotCompact)?;
    match text.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Ok(""),
    }
}

/// The public part of the store's own key of that name.
async fn authority_key(db: &Db, kid: Option<&str>) -> Result<VerifyingKey, BearerError> {
    let kid = kid.ok_or(TokenFault::Invalid("no kid"))?;
    let mut snapshot = db.snapshot().await?;
    let stored = signing_keys::find(&mut snapshot, KeyPurpose::Token, kid).await?;
    let stored = stored.ok_or(TokenFault::Invalid("the store has no such key"))?;
    let jwk = stored
        .public_jwk
        .and_then(|text| serde_json::from_str(&text).ok());
    let key = jwk.and_then(|jwk| VerifyingKey::from_jwk(&jwk).ok());
    key.ok_or(TokenFault::Invalid("the store's key cannot be used").into())
}
