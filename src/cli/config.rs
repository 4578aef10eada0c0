//! `graphophone config check`

use clap::{Args, Subcommand};

use super::output::{line, table};
use super::{Failure, StoreArgs};
use crate::auth::verifier::TokenVerifier;
use crate::clock::Clock;

/// Look at the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the effective configuration, where each value came from, and what is wrong with it.
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    store: StoreArgs,
}

impl ConfigCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Check(check) = self;
        check.run()
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let effective = self.store.load_with_warnings(None)?;
        let cells = effective.settings.iter();
        let rows: Vec<Vec<String>> = cells
            .map(|one| vec![one.key.clone(), one.shown.clone(), one.origin.to_string()])
            .collect();
        table(&["setting", "value", "from"], &rows)?;
        let config = effective.config;
        let mut problems = Vec::new();
        problems.extend(
            config
                .public_url_for(config.listen)
                .err()
                .map(|problem| problem.to_string()),
        );
        problems.extend(config.metadata_place().err().map(|problem| problem.to_string()));
        // Reads the key files; what lies behind a URL is fetched when the first token comes.
        problems.extend(
            TokenVerifier::new(config.issuers, Vec::new(), Clock::system())
                .err()
                .into_iter()
                .flatten(),
        );
        if problems.is_empty() {
            return Ok(line("\nNothing is wrong with it.")?);
        }
        Err(Failure::refused(problems))
    }
}
