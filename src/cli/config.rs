//! `graphophone config check`

use clap::{Args, Subcommand};

use super::output::{line, say, table};
use super::{Failure, StoreArgs, block_on};
use crate::auth::verifier::TokenVerifier;
use crate::clock::Clock;
use crate::config::{CertificateSource, Config, ContentConfig, Finding, MetadataPlace};
use crate::content::ContentStore;
use crate::db::Db;
use crate::store::{StoreError, refuse_lost_content};
use crate::tls::ServedCertificate;

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
        let (metadata, content) = (config.metadata_place(), config.content_place());
        // Without `data` both say the same.
        let no_place = metadata.as_ref().err().or(content.as_ref().err());
        problems.extend(no_place.map(ToString::to_string));
        problems.extend(bad_certificate(&config));
        // Reads the key files; what lies behind a URL is fetched when the first token comes.
        problems.extend(
            TokenVerifier::new(config.issuers, Vec::new(), Clock::system())
                .err()
                .into_iter()
                .flatten(),
        );
        if !problems.is_empty() {
            return Err(Failure::refused(problems));
        }
        if let (Ok(metadata), Ok(content)) = (metadata, content) {
            try_out(&metadata, &content)?;
        }
        Ok(line("\nNothing is wrong with it.")?)
    }
}

/// What is wrong with the certificate. The one of a local authority is made when a server starts.
fn bad_certificate(config: &Config) -> Option<String> {
    match &config.tls.as_ref()?.source {
        CertificateSource::Files { certificate, key } => {
            let served = ServedCertificate::from_files(certificate, key, &Clock::system());
            served.err().map(|fault| fault.to_string())
        }
        CertificateSource::Development => config.authority_folder().err().map(|problem| problem.to_string()),
    }
}

/// Opens both stores and tries out what is done with them. What is not there yet is not made.
fn try_out(metadata: &MetadataPlace, content: &ContentConfig) -> Result<(), Failure> {
    let findings: Vec<Finding> = block_on(async {
        let mut findings = Db::probe(metadata).await;
        if findings.is_empty() {
            refuse_lost_content(metadata, content).await?;
        }
        findings.extend(of_content(content).await?);
        Ok(findings)
    })?;
    let (problems, warnings): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.is_problem);
    for finding in warnings {
        say(&format!("graphophone: warning: {}", finding.line));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure {
            status: 1,
            lines: problems.into_iter().map(|finding| finding.line).collect(),
        }),
    }
}

async fn of_content(place: &ContentConfig) -> Result<Vec<Finding>, Failure> {
    let failed = |cause| StoreError::Content {
        place: place.clone(),
        cause,
    };
    // No store is made only to try it out.
    if !ContentStore::is_there(place) {
        ContentStore::may_be_made(place).map_err(failed)?;
        return Ok(Vec::new());
    }
    let store = ContentStore::at(place).map_err(failed)?;
    Ok(store.probe().await)
}
