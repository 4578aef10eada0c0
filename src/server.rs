//! [`Server`]: a store behind a listening socket, from the configuration to the last answer.

use std::net::SocketAddr;
use std::num::NonZero;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::auth::verifier::TokenVerifier;
use crate::authority::scope::Resources;
use crate::clock::Clock;
use crate::config::{Config, ContentConfig, MetadataPlace, Problem};
use crate::content::{ContentError, Finding};
use crate::db::Db;
use crate::db::ended::RemoveEnded;
use crate::http::listener::{self, Running};
use crate::store::{ServeLock, Store, StoreError};

/// Audiences of the built-in authority's tokens beside our own address: Graph's name and its application id.
pub const GRAPH_AUDIENCES: [&str; 2] = [
    "https://graph.microsoft.com",
    "00000003-0000-0000-c000-000000000000",
];

/// Time between two looks for unfinished writes; the first is at the start.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Time between two looks for keys that are too old and sign-ins that have ended; the first is at the start.
const TEND_EVERY: Duration = Duration::from_secs(3600);
/// How long what has ended is kept, so that a replay is still known as one.
const KEEP_ENDED: Duration = Duration::from_secs(7 * 86_400);

/// A store that is ready to be served. Seeds are loaded into it before it listens.
pub struct Prepared {
    /// The store.
    pub store: Store,
    config: Config,
    lock: Option<ServeLock>,
}

/// A server that answers.
pub struct Server {
    /// What its requests reach.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    running: Running,
    sweeping: JoinHandle<()>,
    tending: JoinHandle<()>,
    _lock: Option<ServeLock>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is refused: exit status 2.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("listen: {address} cannot be listened on: {cause}; name another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::Config(vec![problem.to_string()])
    }
}

impl Prepared {
    /// Opens the store of `config` for serving.
    ///
    /// # Errors
    /// [`StartError`] in lines that say what to do.
    pub async fn open(config: Config, clock: &Clock) -> Result<Self, StartError> {
        let lock = ServeLock::take(&config)?;
        let store = Store::open(&config, clock).await?;
        Ok(Self { store, config, lock })
    }

    /// Says what a PostgreSQL server is not as it should be; what is there can still be served.
    ///
    /// # Errors
    /// [`StartError`] where the configuration does not say where it is.
    pub async fn check_metadata(&self) -> Result<(), StartError> {
        let place = self.config.metadata_place()?;
        if matches!(place, MetadataPlace::Postgres(_)) {
            for finding in Db::probe(&place).await {
                tracing::warn!("{}", finding.line);
            }
        }
        Ok(())
    }

    /// Makes sure that the content store answers and, where it is a bucket, lets us do what we have to; says what else is
    /// not as it should be. A folder that cannot be written is still served.
    ///
    /// # Errors
    /// [`StartError::Store`] in one line that names the setting to change.
    pub async fn check_content(&self) -> Result<(), StartError> {
        let (place, content) = (self.config.content_place()?, &self.store.content);
        let is_bucket = matches!(place, ContentConfig::S3(_));
        let refused = |cause| StoreError::Content { place, cause };
        if let Err(cause) = content.reach().await {
            return Err(refused(cause).into());
        }
        let (problems, warnings): (Vec<Finding>, Vec<Finding>) = content
            .probe()
            .await
            .into_iter()
            .partition(|finding| finding.is_problem && is_bucket);
        for finding in warnings {
            tracing::warn!("{}", finding.line);
        }
        match problems.into_iter().next() {
            Some(finding) => Err(refused(ContentError::Refused(finding.line)).into()),
            None => Ok(()),
        }
    }

    /// Listens and answers. `threads`: how many runtimes; by default one a core.
    ///
    /// # Errors
    /// [`StartError`] in lines that say what to do.
    pub async fn start(self, threads: Option<usize>) -> Result<Server, StartError> {
        let Self { store, config, lock } = self;
        let configured = config.listen;
        let failed = |cause| StartError::Listen {
            address: configured,
            cause,
        };
        let socket = listener::bind(configured).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let public_url = config.public_url_for(address)?;
        let audiences = GRAPH_AUDIENCES
            .iter()
            .map(ToString::to_string)
            .chain(Resources::of(&public_url).audiences())
            .collect();
        let verifier = TokenVerifier::new(config.issuers.clone(), audiences, store.clock.clone());
        let verifier = verifier.map_err(StartError::Config)?;
        // Made now, so that the first token does not wait for it.
        let keys = store.keys().await?;
        let app = App::new(config, &public_url, store.clone(), verifier, keys);
        let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
        let running = listener::start(&socket, &app, threads).map_err(failed)?;
        Ok(Server {
            sweeping: tokio::spawn(sweep(app.clone())),
            tending: tokio::spawn(tend(app.clone(), store)),
            app,
            address,
            running,
            _lock: lock,
        })
    }
}

impl Server {
    /// Stops accepting, lets requests in flight finish within `shutdown_grace`, and returns. Blocks.
    pub fn stop(self) {
        self.sweeping.abort();
        self.tending.abort();
        self.running.stop();
    }
}

/// Removes unfinished writes from the content store, for as long as the server runs and the store can tell of them.
async fn sweep(app: App) {
    let mut times = tokio::time::interval(SWEEP_EVERY);
    loop {
        times.tick().await;
        match app.content.sweep(app.clock.now()).await {
            Ok(_) => {}
            // The start has said so.
            Err(ContentError::NotOffered(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "unfinished writes could not be looked through; this is tried again in an hour");
            }
        }
    }
}

/// Puts new signing keys in front of old ones, and removes what has ended, for as long as the server runs.
async fn tend(app: App, store: Store) {
    let mut times = tokio::time::interval(TEND_EVERY);
    loop {
        times.tick().await;
        match store.rotate_keys(Some(app.config.authority.key_rotation)).await {
            Ok(true) => tracing::info!("a new signing key has taken the place of the last"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "signing keys could not be looked after; this is tried again in an hour")
            }
        }
        let ended_before = app.clock.now().minus(KEEP_ENDED);
        if let Err(error) = app.db.write(RemoveEnded { ended_before }).await {
            tracing::warn!(%error, "sign-ins that have ended could not be removed; this is tried again in an hour");
        }
    }
}
