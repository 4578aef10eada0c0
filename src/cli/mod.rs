//! The command line: one file a command. Exit status 0 for success, 1 for a failure at work, 2 for a command line,
//! configuration or seed that is refused.

mod access_policy;
mod actor;
mod admin;
mod app;
mod audit;
mod backup;
mod config;
mod consent;
mod demo;
mod directory;
mod import;
mod keys;
mod output;
mod password;
mod places;
mod quarantine;
mod recording;
mod restore;
mod seed;
mod serve;
mod session;
mod token;
mod trust;
mod user;
mod verify;

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::backup::BackupError;
use crate::clock::Clock;
use crate::config::{Config, Effective, Flags, MetadataPlace};
use crate::db::DbError;
use crate::seed::{LoadError, SeedProblem};
use crate::server::StartError;
use crate::store::{Store, StoreError};

/// Version and commit.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");

/// Keeps an organisation's meeting recordings and serves them through Microsoft Graph's callRecording API.
#[derive(Debug, Parser)]
#[command(name = "graphophone", version = VERSION, after_help = "Begin with: graphophone demo")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a sample tenant with recordings, and print lines to try it with.
    Demo(demo::Demo),
    /// Serve the store.
    Serve(serve::Serve),
    /// Load seed files into the store.
    Seed(seed::Seed),
    /// Take recordings into the store: files, folders, and what comes into a folder.
    Import(import::Import),
    /// Print an access token of the built-in authority.
    Token(token::Token),
    /// Begin to administer the store.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Register applications, with their secrets, certificates, permissions and redirect URIs.
    #[command(subcommand)]
    App(app::AppCommand),
    /// Say which applications may act for which users.
    #[command(subcommand)]
    AccessPolicy(access_policy::AccessPolicyCommand),
    /// Consent for a user, for everybody, or for a chat.
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// Look after users and their passwords.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Look at who has signed in, and end it.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Look at the keys that sign tokens, and change them.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at who was given which content.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at the recordings in the store, delete them, and bring them back.
    #[command(subcommand)]
    Recording(recording::RecordingCommand),
    /// Look at what is held back; give it free, or delete it.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Compare every stored object with its recorded length and SHA-256.
    Verify(verify::Verify),
    /// Copy all of the store into a folder, while it is being served.
    Backup(backup::Backup),
    /// Make a store of such a folder.
    Restore(restore::Restore),
    /// Tell clients of the certificate authority for development.
    #[command(subcommand)]
    Tls(trust::TlsCommand),
}

/// Where the configuration and the store are.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder: database, content and keys.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Why a command has failed.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    lines: Vec<String>,
}

impl Failure {
    /// A failure at work: exit status 1.
    fn at_work(line: impl std::fmt::Display) -> Self {
        Self {
            status: 1,
            lines: vec![line.to_string()],
        }
    }

    /// A command line, configuration or seed that is refused: exit status 2.
    fn refused<T: std::fmt::Display>(lines: impl IntoIterator<Item = T>) -> Self {
        Self {
            status: 2,
            lines: lines.into_iter().map(|line| line.to_string()).collect(),
        }
    }

    /// Failures at work, one a line, if there are any.
    fn unless_empty(lines: Vec<String>) -> Result<(), Self> {
        match lines.is_empty() {
            true => Ok(()),
            false => Err(Self { status: 1, lines }),
        }
    }

    /// The same, of one argument of the command line.
    fn of_argument(mut self, argument: &str) -> Self {
        if self.status == 2 {
            for line in &mut self.lines {
                *line = format!("{argument}: {line}");
            }
        }
        self
    }

    /// Says so on standard error, one cause a line.
    pub fn report(self) -> ExitCode {
        for line in self.lines {
            output::say(&format!("graphophone: {line}"));
        }
        ExitCode::from(self.status)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Config(problem) => Self::refused([problem]),
            other => Self::at_work(other),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(lines) => Self::refused(lines),
            StartError::Store(error) => error.into(),
            other @ StartError::Listen { .. } => Self::at_work(other),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::at_work(format!("the database: {error}"))
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Passphrase(fault) => Self::refused([fault]),
            other => Self::at_work(other),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Refused(problems) => Self::from(problems),
            other => Self::at_work(other),
        }
    }
}

impl From<Vec<SeedProblem>> for Failure {
    fn from(problems: Vec<SeedProblem>) -> Self {
        Self::refused(problems)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::at_work(error)
    }
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure`] with what to say and the exit status.
    pub fn run(self) -> Result<(), Failure> {
        // One crypto library, chosen before anything asks for one.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        match self.command {
            Command::Demo(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Seed(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Token(command) => command.run(),
            Command::Admin(command) => command.run(),
            Command::App(command) => command.run(),
            Command::AccessPolicy(command) => command.run(),
            Command::Consent(command) => command.run(),
            Command::User(command) => command.run(),
            Command::Session(command) => command.run(),
            Command::Keys(command) => command.run(),
            Command::Config(command) => command.run(),
            Command::Audit(command) => command.run(),
            Command::Recording(command) => command.run(),
            Command::Quarantine(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Backup(command) => command.run(),
            Command::Restore(command) => command.run(),
            Command::Tls(command) => command.run(),
        }
    }
}

impl StoreArgs {
    /// The effective configuration, with what the command line names.
    fn load(&self, listen: Option<String>) -> Result<Effective, Failure> {
        let flags = Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            listen,
        };
        crate::config::load(&flags, std::env::vars_os()).map_err(Failure::refused)
    }

    /// The same, saying what may not be meant: for the commands that are about the configuration.
    fn load_with_warnings(&self, listen: Option<String>) -> Result<Effective, Failure> {
        let effective = self.load(listen)?;
        for warning in &effective.warnings {
            output::say(&format!("graphophone: warning: {warning}"));
        }
        Ok(effective)
    }

    /// The store that must be there already, with its configuration: the tools make none.
    async fn existing(&self) -> Result<(Store, Config), Failure> {
        let config = self.load(None)?.config;
        if Store::is_there(&config).await? {
            return Ok((Store::open(&config, &Clock::system()).await?, config));
        }
        let nothing = match config.metadata_place() {
            Ok(MetadataPlace::Sqlite(file)) => format!("{} is not there", file.display()),
            _ => "metadata.url: there is no store in that database yet".to_owned(),
        };
        Err(Failure::at_work(format!(
            "{nothing}: load a seed first (graphophone seed) or begin with graphophone admin bootstrap, or name another store with --data or --config; where the database was lost and the recordings are still there, begin with graphophone import --from-store"
        )))
    }
}

/// Runs `work` on a runtime of this thread.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
