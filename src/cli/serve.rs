//! `graphophone serve`

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::Progress;
use super::{Failure, StoreArgs, trust};
use crate::clock::Clock;
use crate::config::Config;
use crate::seed::{self, Document, LoadOptions};
use crate::server::{Prepared, Server};
use crate::telemetry::{self, Logs};

/// Serve the store until SIGTERM or SIGINT; SIGHUP reads the certificate again.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a configuration file, --data is all that is needed:

  graphophone serve --data ./store --seed examples/get-callrecording.yaml

Every setting is described in config.default.toml and docs/configuration.md.")]
pub(super) struct Serve {
    #[command(flatten)]
    store: StoreArgs,
    /// Address and port to listen on, such as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Seed file to load before listening; may be repeated. Loading the same file again changes nothing.
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let service = Service::begin()?;
        let mut config = self.store.load_with_warnings(self.listen.clone())?.config;
        // Said before anything is made.
        config
            .public_url_for(config.listen)
            .map_err(|problem| Failure::refused([problem]))?;
        let logs = telemetry::start(&config.log);
        make_room(&mut config.limits.max_connections);
        service.run(&logs, self.start(config))
    }

    async fn start(self, config: Config) -> Result<Server, Failure> {
        // Read before the store is opened: a seed that is refused changes nothing.
        let documents = off_thread(move || read_all(&self.seed)).await?;
        let prepared = Prepared::open(config, &Clock::system()).await?;
        prepared.check_metadata().await?;
        prepared.check_content().await?;
        for document in documents {
            let progress = Progress::of("loading content");
            let show = |done, total| progress.show(done, total);
            let options = LoadOptions {
                announce: false,
                progress: &show,
            };
            seed::load(&prepared.store, document, options).await?;
        }
        Ok(prepared.start(None).await?)
    }
}

/// Says what is there beside the main listener, in other words than it is announced in.
fn announce(server: &Server, logs: &Logs) {
    if let Some(address) = server.redirect_address {
        logs.say(&format!(
            "graphophone: plain HTTP at {address} is led to {}",
            server.app.public_url
        ));
    }
    if let Some(authority) = server.certificate.as_ref().and_then(|served| served.authority()) {
        logs.say(&trust::notice(authority));
    }
}

/// SIGHUP: what is read again.
fn hang_up(server: &Server) {
    match &server.certificate {
        Some(certificate) => certificate.reload(),
        None => tracing::info!("SIGHUP: there is no certificate to read again"),
    }
}

/// Reads seed files as far as that goes without a store.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match Document::read(path) {
            Ok(document) => documents.push(document),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(problems.into())
    }
}

/// Files that are open beside those of connections: the database, the runtimes, the standard ones.
const RESERVED_FILES: u64 = 256;

/// Lets the process have as many files open as it may, and takes as many connections off as it may not.
pub(super) fn make_room(max_connections: &mut usize) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
        }
    }
    let Some(files) = limit.current else { return };
    let places = places(*max_connections, files);
    if places < *max_connections {
        tracing::warn!(
            max_connections = *max_connections,
            open_files = files,
            reserved_files = RESERVED_FILES,
            connections = places,
            "the limit of open files is too low for max_connections: fewer connections are accepted at a time; raise the limit (LimitNOFILE, ulimit -n), or lower max_connections"
        );
        *max_connections = places;
    }
}

/// How many connections there can be with so many open files: in dire straits a quarter of them, as a download has
/// one more.
fn places(wanted: usize, files: u64) -> usize {
    let places = files.saturating_sub(RESERVED_FILES).max(files / 4).max(1);
    usize::try_from(places).map_or(wanted, |places| places.min(wanted))
}

/// How long work that was begun may take to end after a signal has come in the middle of a start.
const START_GRACE: Duration = Duration::from_secs(5);

/// The process of a server: from its first moment a signal ends it in order.
pub(super) struct Service {
    runtime: Runtime,
    stop: StopSignals,
}

impl Service {
    /// Takes the signals over from the system.
    pub(super) fn begin() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stop = {
            let _context = runtime.enter();
            StopSignals::listen()?
        };
        Ok(Self { runtime, stop })
    }

    /// Starts a server, says that it listens, and lets it answer until a signal comes. One that comes earlier ends the
    /// start.
    pub(super) fn run(
        self,
        logs: &Logs,
        start: impl Future<Output = Result<Server, Failure>>,
    ) -> Result<(), Failure> {
        let Self { runtime, mut stop } = self;
        let server: Result<_, Failure> = runtime.block_on(async {
            let server = tokio::select! {
                biased;
                () = stop.told_while(|| ()) => {
                    logs.say("graphophone: stopping before the start was complete");
                    return Ok(None);
                }
                server = start => server?,
            };
            announce(&server, logs);
            // The one line that programs wait for.
            logs.say(&format!("graphophone: listening on {}", server.url()));
            stop.told_while(|| hang_up(&server)).await;
            logs.say("graphophone: stopping; requests in flight may finish");
            Ok(Some(server))
        });
        runtime.shutdown_timeout(START_GRACE);
        if let Some(server) = server? {
            server.stop();
        }
        Ok(())
    }
}

/// Does work that takes a while where it does not keep a signal from being heard.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Failure::at_work)?
}

/// SIGTERM, SIGINT and SIGHUP, no longer ending the process by themselves.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl StopSignals {
    /// Takes them over from the system.
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that ends the server. SIGHUP does not; it is answered with `hung_up`.
    async fn told_while(&mut self, hung_up: impl Fn()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => hung_up(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn connections_leave_room_for_other_files() {
        for (wanted, files, got) in [
            (10_000, 20_000, 10_000),
            (10_000, 10_256, 10_000),
            (10_000, 10_255, 9_999),
            (10_000, 1_024, 768),
            (10_000, 256, 64),
            (10, 256, 10),
            (10_000, 3, 1),
        ] {
            assert_eq!(places(wanted, files), got, "{wanted} of {files}");
        }
    }
}
