//! `graphophone seed`

use std::path::PathBuf;

use clap::Args;

use super::output::{Progress, line};
use super::serve::read_all;
use super::{Failure, StoreArgs, block_on};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::seed::{self, Document, LoadOptions};
use crate::store::Store;

/// Load seed files into the store, each whole or not at all. May run beside a server on the same store.
#[derive(Debug, Args)]
#[command(after_help = "\
A seed file is JSON or YAML; examples/get-callrecording.yaml is a commented one. Loading the same file again changes
nothing; an object whose key is there already is replaced whole; \"@removed\": {\"reason\": \"deleted\"} deletes it.")]
pub(super) struct Seed {
    #[command(flatten)]
    store: StoreArgs,
    /// Only say whether the files would be loaded.
    #[arg(long)]
    check: bool,
    /// Seed files, loaded in this order.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Seed {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.store.load(None)?.config;
        let documents = read_all(&self.files)?;
        block_on(async {
            if self.check {
                return check(&config, &documents, &self.files).await;
            }
            let store = Store::open(&config, &Clock::system()).await?;
            for (document, file) in documents.into_iter().zip(&self.files) {
                let progress = Progress::of("loading content");
                let show = |done, total| progress.show(done, total);
                let summary = seed::load(
                    &store,
                    document,
                    LoadOptions {
                        announce: true,
                        progress: &show,
                    },
                )
                .await?;
                drop(progress);
                let (put, removed, files) = (summary.put, summary.removed, summary.stored_files);
                let text = format!(
                    "{}: {put} objects loaded, {removed} removed, {files} files stored",
                    file.display()
                );
                line(&text)?;
            }
            Ok(())
        })
    }
}

/// Loads documents in a row and undoes all of it.
async fn check(config: &Config, documents: &[Document], files: &[PathBuf]) -> Result<(), Failure> {
    let clock = Clock::system();
    // Where there is no store yet, an empty one that goes away stands in; the one that is configured is not made for that.
    let folder = tempfile::Builder::new().prefix("graphophone-check-").tempdir()?;
    let db = match config.metadata_place() {
        Ok(_) if Store::is_there(config).await? => Store::open(config, &clock).await?.db,
        _ => Db::open_file(&folder.path().join("empty.db"), &clock)?,
    };
    let checked = seed::check_all(&db, clock.now(), documents).await?;
    for file in files.iter().take(checked.passed) {
        line(&format!("{}: would be loaded", file.display()))?;
    }
    match checked.problems.is_empty() {
        true => Ok(()),
        false => Err(checked.problems.into()),
    }
}
