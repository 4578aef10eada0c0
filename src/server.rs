//! [`Server`]: a store behind a listening socket, from the configuration to the last answer.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::app::{App, SERVER};
use crate::auth::verifier::TokenVerifier;
use crate::authority::provider::Provider;
use crate::authority::scope::Resources;
use crate::clock::Clock;
use crate::config::{CertificateSource, Config, ContentConfig, MetadataPlace, Problem};
use crate::content::{ContentError, Finding};
use crate::db::ended::RemoveEnded;
use crate::db::jobs::{Job, Lane, Release};
use crate::db::{Db, DbError, content_objects, described, tenants, upload_sessions};
use crate::http::listener::{self, Bound, Running, Sockets};
use crate::jobs::{JobError, Worker};
use crate::store::{ServeLock, Store, StoreError};
use crate::tls::{self, CertificateFault, LocalAuthority, ServedCertificate};
use crate::tree::Tree;
use crate::verify::Verifier;
use crate::{retention, uploads, verify};

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
/// Time between two looks whether the files of the certificate have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A store that is ready to be served. Seeds are loaded into it before it listens.
pub struct Prepared {
    /// The store.
    pub store: Store,
    config: Config,
    certificate: Option<Arc<ServedCertificate>>,
    lock: Option<ServeLock>,
}

/// A server that answers. Dropping it stops it as [`Server::stop`] does, so that whoever gives a start up leaves no thread
/// behind that still writes.
pub struct Server {
    // Dropped in this order.
    _beside: JoinSet<()>,
    _running: Running,
    _working: Working,
    /// What its requests reach.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it answers plain HTTP with the way to HTTPS.
    pub redirect_address: Option<SocketAddr>,
    /// What it shows under HTTPS.
    pub certificate: Option<Arc<ServedCertificate>>,
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
    /// An address cannot be listened on.
    #[error("{setting}: {address} cannot be listened on: {cause}; name another address{}", if *setting == "listen" { " with --listen" } else { "" })]
    Listen {
        /// The setting that names it.
        setting: &'static str,
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

impl From<CertificateFault> for StartError {
    fn from(fault: CertificateFault) -> Self {
        Self::Config(vec![fault.to_string()])
    }
}

impl Prepared {
    /// Opens the store of `config` for serving.
    ///
    /// # Errors
    /// [`StartError`] in lines that say what to do.
    pub async fn open(config: Config, clock: &Clock) -> Result<Self, StartError> {
        // Before anything is made.
        let certificate = match config.tls.as_ref().map(|tls| &tls.source) {
            Some(CertificateSource::Files { certificate, key }) => {
                Some(ServedCertificate::from_files(certificate, key, clock)?)
            }
            Some(CertificateSource::Development) => {
                config.authority_folder()?;
                None
            }
            None => None,
        };
        let lock = ServeLock::take(&config)?;
        let store = Store::open(&config, clock).await?;
        Ok(Self {
            store,
            config,
            certificate,
            lock,
        })
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
        let Self {
            store,
            config,
            mut certificate,
            lock,
        } = self;
        let main = bind("listen", config.listen)?;
        let address = main.address;
        let public_url = config.public_url_for(address)?;
        let (mut source, mut redirect) = (None, None);
        if let Some(tls) = &config.tls {
            source = Some(&tls.source);
            let listen = tls.redirect_listen;
            redirect = listen
                .map(|address| bind("tls.redirect_listen", address))
                .transpose()?;
        }
        if source == Some(&CertificateSource::Development) {
            certificate = Some(of_authority(&config, address, &store.clock).await?);
        }
        let redirect_address = redirect.as_ref().map(|socket| socket.address);
        let tls = certificate.as_ref().map(tls::server_config).transpose();
        let sockets = Sockets {
            main,
            tls: tls.map_err(|error| StartError::Config(vec![format!("tls: {error}")]))?,
            redirect,
        };
        let audiences = GRAPH_AUDIENCES
            .iter()
            .map(ToString::to_string)
            .chain(Resources::of(&public_url).audiences())
            .collect();
        let verifier = TokenVerifier::new(config.issuers.clone(), audiences, store.clock.clone());
        let verifier = verifier.map_err(StartError::Config)?;
        // Made now, so that the first token does not wait for it.
        let keys = store.keys().await?;
        let entries = config.identity_providers.iter().cloned().enumerate();
        let opened: Result<Vec<_>, _> = entries
            .map(|(index, entry)| Provider::new(index, entry, &store.clock))
            .collect();
        let providers = opened.map_err(|problem| StartError::Config(vec![problem]))?;
        warn_of_unknown_tenants(&store, &providers).await?;
        let app = App::new(config, &public_url, store.clone(), verifier, (keys, providers));
        let app = app.map_err(|cause| StoreError::Key(format!("no thread can be had: {cause}")))?;
        let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
        // Before anybody is answered: later it would take away what this server itself has taken by then.
        if lock.is_some() {
            release(&app).await;
        }
        schedule(&app).await;
        let running = listener::start(sockets, &app, threads).map_err(|cause| StartError::Listen {
            setting: "listen",
            address,
            cause,
        })?;
        let working = Working::start(&app)
            .map_err(|error| StoreError::Key(format!("no thread can be had: {error}")))?;
        let mut beside = JoinSet::new();
        beside.spawn(sweep(app.clone()));
        beside.spawn(tend(app.clone(), store));
        if let Some(served) = certificate.clone() {
            beside.spawn(follow(served));
        }
        Ok(Server {
            _beside: beside,
            _running: running,
            _working: working,
            app,
            address,
            redirect_address,
            certificate,
            _lock: lock,
        })
    }
}

impl Server {
    /// Where it answers, as a URL.
    pub fn url(&self) -> String {
        self.app.config.url_of(self.address)
    }

    /// Stops accepting, lets requests in flight finish within `shutdown_grace`, and returns. Blocks.
    pub fn stop(self) {
        drop(self);
    }
}

/// The thread that does what commits have left to be done.
struct Working {
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Working {
    /// Starts it.
    fn start(app: &App) -> std::io::Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let app = app.for_thread(1).map_err(std::io::Error::other)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name("jobs".to_owned());
        let thread = Some(thread.spawn(move || runtime.block_on(work(app, stopping)))?);
        Ok(Self { stop, thread })
    }
}

impl Drop for Working {
    /// Returns when what it was at has ended.
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if ended.is_some_and(|ended| ended.is_err()) {
            tracing::error!("the thread that does what is left to be done has panicked");
        }
    }
}

/// Lets go of what a server before had taken. Only for one that is alone with its store.
async fn release(app: &App) {
    let release = Release {
        workers: SERVER,
        now: app.clock.now(),
    };
    if let Err(error) = app.db.write(release).await {
        tracing::warn!(%error, "what a server before had taken could not be let go; it is by itself, in half a minute");
    }
}

/// Leaves the first look at what is stored to be done.
async fn schedule(app: &App) {
    if let Err(error) = verifier(app).schedule().await {
        tracing::warn!(%error, "that stored content is compared could not be scheduled; it is at the next start");
    }
}

/// Does what commits have left to be done, for as long as the server runs.
async fn work(app: App, stopping: watch::Receiver<bool>) {
    let worker = |lane| Worker::new(app.db.clone(), app.clock.clone(), format!("{SERVER}:jobs"), lane);
    let run = |lane| {
        let (worker, app, stopping) = (worker(lane), &app, stopping.clone());
        async move { worker.run(stopping, |job| do_job(app, job)).await }
    };
    let lasting = async {
        run(Lane::Verify).await;
        std::future::pending::<()>().await;
    };
    // What compares is dropped at the end, and gone on with at the next start.
    tokio::select! {
        _ = async { tokio::join!(run(Lane::Quick), run(Lane::Tree)) } => {}
        () = lasting => {}
    }
}

fn tree(app: &App) -> Tree {
    Tree::new(app.db.clone(), app.content.clone(), app.clock.clone())
}

fn verifier(app: &App) -> Verifier {
    let config = app.config.verify;
    let rules = verify::Rules {
        bytes_per_second: config.bytes_per_second,
        every: config.every,
        parts: config.parts,
    };
    Verifier::new(app.db.clone(), app.content.clone(), app.clock.clone(), rules)
}

/// Does one thing that was left to be done.
async fn do_job(app: &App, job: Job) -> Result<(), JobError> {
    match job.name.as_str() {
        uploads::FINISH => app.uploads.finish_job(job).await,
        described::ARTIFACT => tree(app).artifact_job(&job).await,
        described::TENANT => tree(app).tenant_job(&job).await,
        verify::VERIFY => verifier(app).job(&job).await,
        retention::PURGE => app.retention.purge_job(&job).await,
        content_objects::REMOVE => app.retention.remove_content_job(&job).await,
        other => Err(format!("this version does not know the work {other:?}").into()),
    }
}

fn bind(setting: &'static str, address: SocketAddr) -> Result<Bound, StartError> {
    listener::bind(address).map_err(|cause| StartError::Listen {
        setting,
        address,
        cause,
    })
}

/// A certificate of the local authority for all that this server is called.
async fn of_authority(
    config: &Config,
    address: SocketAddr,
    clock: &Clock,
) -> Result<Arc<ServedCertificate>, StartError> {
    let host = config.public_host().map(ToOwned::to_owned);
    let bound = (!address.ip().is_unspecified()).then(|| address.ip().to_string());
    let authority = LocalAuthority::new(config.authority_folder()?, host.into_iter().chain(bound));
    let clock = clock.clone();
    // It may have to wait for another process.
    let made =
        tokio::task::spawn_blocking(move || ServedCertificate::from_authority(authority, &clock)).await;
    Ok(made.map_err(|lost| StartError::Config(vec![lost.to_string()]))??)
}

/// Takes a certificate over when its files change.
async fn follow(served: Arc<ServedCertificate>) {
    let mut times = tokio::time::interval(LOOK_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        served.look();
    }
}

/// Removes unfinished writes from the content store, for as long as the server runs and the store can tell of them.
async fn sweep(app: App) {
    let mut times = tokio::time::interval(SWEEP_EVERY);
    loop {
        times.tick().await;
        let swept = match going_on(&app).await {
            Ok(going_on) => app.content.sweep(app.clock.now(), going_on).await,
            Err(error) => {
                tracing::warn!(%error, "which uploads go on could not be read; unfinished writes are looked through in an hour");
                continue;
            }
        };
        match swept {
            Ok(_) => {}
            // The start has said so.
            Err(ContentError::NotOffered(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "unfinished writes could not be looked through; this is tried again in an hour");
            }
        }
    }
}

/// What is uploaded at the moment.
async fn going_on(app: &App) -> Result<HashSet<uuid::Uuid>, DbError> {
    let ids = upload_sessions::ids(&mut *app.db.snapshot().await?).await?;
    Ok(ids
        .iter()
        .filter_map(|id| uuid::Uuid::try_parse(id).ok())
        .collect())
}

/// Says so where an identity provider is for a tenant that is not there: its people would go on with passwords.
async fn warn_of_unknown_tenants(store: &Store, providers: &[Provider]) -> Result<(), StoreError> {
    let mut db = store.db.snapshot().await?;
    for (index, provider) in providers.iter().enumerate() {
        let tenant = &provider.config.tenant;
        let is_known = tenants::find(&mut db, tenant).await?.is_some()
            || tenants::find_by_domain(&mut db, tenant).await?.is_some();
        if !is_known {
            tracing::warn!(
                "identity_providers[{index}].tenant: no tenant has the id or the domain {tenant} yet, so nobody is sent there"
            );
        }
    }
    Ok(())
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
                tracing::warn!(%error, "signing keys could not be looked after; this is tried again in an hour");
            }
        }
        let now = app.clock.now();
        let remove = RemoveEnded {
            ended_before: now.minus(KEEP_ENDED),
            devices_ended_before: now,
        };
        if let Err(error) = app.db.write(remove).await {
            tracing::warn!(%error, "sign-ins that have ended could not be removed; this is tried again in an hour");
        }
        if let Err(error) = app.uploads.expire().await {
            tracing::warn!(%error, "uploads that nobody goes on with could not be removed; this is tried again in an hour");
        }
    }
}
