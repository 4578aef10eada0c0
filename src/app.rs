//! [`App`]: all that a request may reach. One a runtime thread; a clone is the same.

use std::sync::Arc;

use crate::auth::bearer::BearerTokens;
use crate::auth::verifier::TokenVerifier;
use crate::authority::Authority;
use crate::authority::provider::Provider;
use crate::clock::Clock;
use crate::config::Config;
use crate::content::ContentStore;
use crate::db::{Db, DbError};
use crate::query::page_token::PageSealer;
use crate::retention::Retention;
use crate::seal::Sealer;
use crate::store::{Keys, Store};
use crate::throttle::{Derivations, Throttle};
use crate::uploads::Uploads;

/// What the names of servers begin with, in what they have taken.
pub const SERVER: &str = "serve";

/// All that a request may reach.
#[derive(Clone)]
pub struct App {
    /// What the server was told.
    pub config: Arc<Config>,
    /// Scheme and host that links begin with.
    pub public_url: Arc<str>,
    /// Rows, by connections of this thread.
    pub db: Db,
    /// Bytes.
    pub content: ContentStore,
    /// Time.
    pub clock: Clock,
    /// Who asks.
    pub tokens: BearerTokens,
    /// Seals page tokens.
    pub pages: PageSealer,
    /// Seals what else goes out and comes back.
    pub sealer: Arc<Sealer>,
    /// Takes recordings in.
    pub uploads: Uploads,
    /// Deletes them.
    pub retention: Retention,
    /// Hands out tokens.
    pub authority: Authority,
    /// How much an application may ask.
    pub throttle: Throttle,
    /// How many transcripts may be taken apart at the same time.
    pub derivations: Derivations,
}

impl App {
    /// Puts together what requests reach.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub fn new(
        config: Config,
        public_url: &str,
        store: Store,
        verifier: TokenVerifier,
        (keys, providers): (Keys, Vec<Provider>),
    ) -> std::io::Result<Self> {
        let authority = Authority::new(
            public_url.into(),
            (config.authority.clone(), providers),
            (keys.ring, Arc::clone(&keys.sealer)),
            store.db.clone(),
            store.clock.clone(),
        )?;
        Ok(Self {
            uploads: Uploads::new(
                store.db.clone(),
                store.content.clone(),
                store.clock.clone(),
                &config,
                SERVER,
            ),
            retention: Retention::new(
                store.db.clone(),
                store.content.clone(),
                store.clock.clone(),
                config.trash,
            ),
            sealer: Arc::clone(&keys.sealer),
            throttle: Throttle::new(config.throttling),
            derivations: Derivations::default(),
            config: Arc::new(config),
            public_url: public_url.into(),
            tokens: BearerTokens::new(Arc::new(verifier), store.clock.clone()),
            db: store.db,
            content: store.content,
            clock: store.clock,
            pages: PageSealer::new(Arc::clone(&keys.sealer)),
            authority,
        })
    }

    /// The same for one of `threads` runtime threads: with connections and memories of its own.
    ///
    /// # Errors
    /// [`DbError`] where there can be no such connections.
    pub fn for_thread(&self, threads: usize) -> Result<Self, DbError> {
        let (db, content) = (self.db.for_thread(threads)?, self.content.for_thread());
        Ok(Self {
            authority: self.authority.with_db(db.clone()),
            uploads: self.uploads.with_stores(db.clone(), content.clone()),
            retention: self.retention.with_stores(db.clone(), content.clone()),
            db,
            content,
            tokens: self.tokens.for_thread(),
            ..self.clone()
        })
    }
}
