//! The built-in token issuer (OAuth 2.0, OpenID Connect): who asks, what it may have, and what that says. It knows no HTTP.

pub mod access_token;
pub mod attempts;
pub mod certificate;
pub mod client;
pub mod client_assertion;
pub mod grants;
mod hashers;
pub mod interaction;
pub mod issue;
pub mod key_ring;
pub mod link;
pub mod oauth_error;
pub mod passphrase;
pub mod password;
pub mod permissions;
pub mod pkce;
pub mod provider;
pub mod random_secret;
pub mod redirect_uri;
pub mod refusal;
pub mod scope;
pub mod secret_hash;
pub mod signing_key;
pub mod tenant_name;

use std::sync::Arc;

pub use access_token::{AccessToken, Subject};
pub use key_ring::{KeyFault, KeyRing};
pub use signing_key::{SigningFault, SigningKey};

use crate::clock::Clock;
use crate::config::AuthorityConfig;
use crate::db::{Db, DbError};
use crate::seal::Sealer;
use attempts::Gate;
use hashers::Hashers;
use provider::{Provider, ProviderFault};
use refusal::Refusal;
use scope::Resources;

/// The authority, as one runtime thread reaches it.
#[derive(Clone)]
pub struct Authority {
    /// Scheme and host of its own address.
    pub public_url: Arc<str>,
    /// The names that it can be asked for by.
    pub resources: Arc<Resources>,
    /// Lifetimes.
    pub config: Arc<AuthorityConfig>,
    /// Signs.
    pub ring: Arc<KeyRing>,
    /// Seals what goes out and comes back.
    pub sealer: Arc<Sealer>,
    /// Time.
    pub clock: Clock,
    /// Rows.
    pub db: Db,
    /// Who else signs people in.
    pub providers: Arc<[Arc<Provider>]>,
    hashers: Hashers,
    gate: Arc<Gate>,
}

/// Why the authority hands nothing out.
#[derive(Debug)]
pub enum AuthorityError {
    /// It must not.
    Refused(Refusal),
    /// The store could not be asked.
    Db(DbError),
    /// There is no key to sign with.
    Key(KeyFault),
    /// Another provider has signed nobody in.
    Provider(ProviderFault),
    /// The system has no randomness, memory or thread left.
    Lost,
}

impl From<Refusal> for AuthorityError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DbError> for AuthorityError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<ProviderFault> for AuthorityError {
    fn from(fault: ProviderFault) -> Self {
        Self::Provider(fault)
    }
}

impl From<KeyFault> for AuthorityError {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Db(error) => Self::Db(error),
            other => Self::Key(other),
        }
    }
}

impl Authority {
    /// The authority of the server at `public_url`.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub fn new(
        public_url: Arc<str>,
        (config, providers): (AuthorityConfig, Vec<Provider>),
        (ring, sealer): (Arc<KeyRing>, Arc<Sealer>),
        db: Db,
        clock: Clock,
    ) -> std::io::Result<Self> {
        Ok(Self {
            resources: Arc::new(Resources::of(&public_url)),
            public_url,
            config: Arc::new(config),
            ring,
            sealer,
            clock,
            db,
            providers: providers.into_iter().map(Arc::new).collect(),
            hashers: Hashers::start()?,
            gate: Arc::default(),
        })
    }

    /// The same, with the connections of another thread.
    #[must_use]
    pub fn with_db(&self, db: Db) -> Self {
        Self { db, ..self.clone() }
    }
}
