//! `graphophone verify`

use clap::Args;
use serde_json::{Value, json};

use super::output::{Progress, line, table};
use super::{Failure, StoreArgs, block_on};
use crate::config::Config;
use crate::db::verify_runs::VerifyRun;
use crate::store::Store;
use crate::verify::{MOST_FINDINGS, Rules, Subset, Verifier, findings};

/// Compare every stored object with its recorded length and SHA-256.
#[derive(Debug, Args)]
#[command(after_help = "\
Tells what is missing, short, corrupt, or without a row (orphaned), and ends with 1 if there is any. What is corrupt is not
served from then on. A look that was cut short is gone on with. May run beside a server, which by itself looks at one part
every verify.every; --last shows what came of that. Descriptions beside recordings that are not what the database says are
written anew.

  graphophone verify --data ./store
  graphophone verify --data ./store --subset 1/30 --rate 50MiB
  graphophone verify --data ./store --last")]
pub(super) struct Verify {
    #[command(flatten)]
    store: StoreArgs,
    /// One of several parts: 1/30 is the first of thirty, which are about equal and stay the same.
    #[arg(long, value_name = "N/M", value_parser = subset, conflicts_with = "last")]
    subset: Option<Subset>,
    /// Read at most so many bytes a second, such as 50MiB.
    #[arg(long, value_name = "SIZE", value_parser = rate, conflicts_with = "last")]
    rate: Option<u64>,
    /// Only show the last look, and what looks have found that stands: nothing has been found sound since.
    #[arg(long)]
    last: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

fn subset(text: &str) -> Result<Subset, String> {
    Subset::parse(text).ok_or_else(|| "expected a part such as 1/30".to_owned())
}

fn rate(text: &str) -> Result<u64, String> {
    let found = crate::config::size(text).filter(|size| *size > 0);
    found.ok_or_else(|| "expected a size such as 50MiB".to_owned())
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (store, config) = self.store.existing().await?;
            let run = match self.last {
                true => last(&store).await?,
                false => self.look(&store, &config).await?,
            };
            self.say(&run)?;
            match findings(&run).len() {
                0 => Ok(()),
                1 => Err(Failure::at_work("one object is not as it should be")),
                several => Err(Failure::at_work(format!(
                    "{several} objects are not as they should be"
                ))),
            }
        })
    }

    async fn look(&self, store: &Store, config: &Config) -> Result<VerifyRun, Failure> {
        let rules = Rules {
            bytes_per_second: self.rate.unwrap_or(0),
            every: config.verify.every,
            parts: config.verify.parts,
        };
        let verifier = Verifier::new(
            store.db.clone(),
            store.content.clone(),
            store.clock.clone(),
            rules,
        );
        let progress = Progress::counting("comparing");
        let show = |objects, bytes| progress.count(objects, bytes);
        let run = verifier.run(self.subset.unwrap_or(Subset::ALL), &show).await;
        run.map_err(Failure::at_work)
    }

    fn say(&self, run: &VerifyRun) -> Result<(), Failure> {
        let findings = findings(run);
        if self.json {
            let value: Value = json!({
                "part": run.part,
                "parts": run.parts,
                "begunDateTime": run.begun.to_string(),
                "finishedDateTime": run.finished.map(|finished| finished.to_string()),
                "checkedObjects": run.checked_objects,
                "checkedBytes": run.checked_bytes,
                "findings": findings,
            });
            return Ok(line(&value.to_string())?);
        }
        let ended = match run.finished {
            Some(finished) => format!("ended {finished}"),
            None => "not at its end yet".to_owned(),
        };
        line(&format!(
            "part {} of {}, begun {}, {ended}: {} objects, {} bytes, {} findings",
            run.part,
            run.parts,
            run.begun,
            run.checked_objects,
            run.checked_bytes,
            findings.len()
        ))?;
        let rows: Vec<Vec<String>> = findings
            .into_iter()
            .map(|one| {
                vec![
                    one.what,
                    one.content_key,
                    one.id.unwrap_or_else(|| "-".to_owned()),
                    one.detail,
                ]
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        table(&["what", "content", "of", "detail"], &rows)?;
        match rows.len() >= MOST_FINDINGS {
            true => Ok(line(&format!(
                "only the first {MOST_FINDINGS} findings are kept: there may be more"
            ))?),
            false => Ok(()),
        }
    }
}

async fn last(store: &Store) -> Result<VerifyRun, Failure> {
    let newest = Verifier::last(&mut *store.db.snapshot().await?).await?;
    newest.ok_or_else(|| Failure::at_work("nothing has been compared yet: graphophone verify does it now"))
}
