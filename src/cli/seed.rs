//! `graphophone seed`

use std::path::PathBuf;

use clap::Args;

use super::output::{Progress, line};
use super::serve::read_all;
use super::{Failure, StoreArgs, block_on};
use crate::clock::Clock;
use crate::seed::{self, Document, Known, LoadOptions};
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
        let named = documents.into_iter().zip(&self.files);
        block_on(async {
            if self.check {
                let store = match config.metadata_file() {
                    Ok(file) if file.is_file() => Some(Store::open(&config, &Clock::system())?),
                    // Checked as if into an empty store, which is not made for that.
                    _ => None,
                };
                return check(store.as_ref(), named).await;
            }
            let store = Store::open(&config, &Clock::system())?;
            for (document, file) in named {
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

/// Checks documents in a row, each as if those before it had been loaded.
async fn check(
    store: Option<&Store>,
    documents: impl Iterator<Item = (Document, &PathBuf)>,
) -> Result<(), Failure> {
    let mut earlier = Vec::new();
    for (document, file) in documents {
        let mut known = match store {
            Some(store) => seed::known(store, &document).await?,
            None => Known::default(),
        };
        for complete in &earlier {
            known.apply(complete);
        }
        earlier.push(document.complete(&known)?);
        line(&format!("{}: would be loaded", file.display()))?;
    }
    Ok(())
}
