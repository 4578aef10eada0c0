//! `graphophone serve`

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::Progress;
use super::{Failure, StoreArgs, block_on};
use crate::clock::Clock;
use crate::seed::{self, Document, LoadOptions};
use crate::server::{Prepared, Server};
use crate::telemetry;

/// Serve the store until SIGTERM or SIGINT.
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
        let config = self.store.load_with_warnings(self.listen.clone())?.config;
        // Said before anything is made.
        config
            .public_url_for(config.listen)
            .map_err(|problem| Failure::refused([problem]))?;
        telemetry::start(&config.log);
        // Read before the store is opened: a seed that is refused changes nothing.
        let documents = read_all(&self.seed)?;
        block_on(async {
            let prepared = Prepared::open(config, &Clock::system())?;
            for document in documents {
                let progress = Progress::of("loading content");
                let show = |done, total| progress.show(done, total);
                let options = LoadOptions {
                    announce: false,
                    progress: &show,
                };
                seed::load(&prepared.store, document, options).await?;
            }
            let server = prepared.start(None).await?;
            // From the line on, a signal is heard.
            let stop = StopSignals::listen()?;
            announce(&server);
            stop.told().await;
            Ok(server)
        })?
        .stop();
        Ok(())
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

/// The one line that programs wait for.
pub(super) fn announce(server: &Server) {
    eprintln!("graphophone: listening on http://{}", server.address);
}

/// SIGTERM and SIGINT, no longer ending the process by themselves.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes them over from the system.
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn told(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        eprintln!("graphophone: stopping; requests in flight may finish");
    }
}
