//! `graphophone backup`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::output::{Progress, line, say, table};
use super::password::passphrase;
use super::{Failure, StoreArgs, block_on, places};
use crate::backup::{self, Kept, Missing, Source, Taken};

/// Copy all of the store into a folder, while it is being served.
#[derive(Debug, Args)]
#[command(after_help = "\
Takes a snapshot: all rows of one state of the store, and the recordings that the folder does not have yet, each compared with
its SHA-256. The folder is made where it is not there; one that holds anything else is refused. The keys of the store are sealed
with a passphrase; everything else can be read by whoever can read the folder. What is damaged in the store is listed, the
rest is kept, and the command ends with 1. Uploads that are not finished are left out.

  graphophone backup --data ./store --passphrase-file ./phrase /mnt/backup/graphophone
  graphophone backup --data ./store --passphrase-file ./phrase --keep 30 /mnt/backup/graphophone
  graphophone restore --data ./new-store --passphrase-file ./phrase /mnt/backup/graphophone")]
pub(super) struct Backup {
    #[command(flatten)]
    store: StoreArgs,
    /// Folder of the backups of this store, and of nothing else.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// File whose first line is the passphrase that the store's keys are sealed with; otherwise the variable
    /// GRAPHOPHONE_BACKUP_PASSPHRASE, or you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Leave the store's keys out: what they have signed does not count in a restored store.
    #[arg(long, conflicts_with = "passphrase_file")]
    without_keys: bool,
    /// Read recordings that the folder has already, and compare them too; a damaged one is replaced.
    #[arg(long)]
    check: bool,
    /// Keep only so many snapshots, the newest, and the recordings that these name. By default all are kept.
    #[arg(long, value_name = "N")]
    keep: Option<NonZeroUsize>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (store, config) = self.store.existing().await?;
            places::refuse_store(&self.folder, &config)?;
            let source = Source {
                store: &store,
                passphrase: match self.without_keys {
                    true => None,
                    false => Some(passphrase(self.passphrase_file.as_deref(), true)?),
                },
                check: self.check,
            };
            let backup = backup::Backup::begin(source, &self.folder).await?;
            let progress = Progress::counting("copying");
            let taken = backup
                .run(&|objects, bytes| progress.count(objects, bytes))
                .await?;
            drop(progress);
            let missing = taken.manifest.missing.count;
            // A snapshot that is not whole takes the place of none that is.
            let kept = match self.keep {
                Some(count) if missing == 0 => backup.keep(count.get()).await,
                Some(_) => {
                    say("no older snapshot is removed, as this one is not whole");
                    Ok(Kept::default())
                }
                None => Ok(Kept::default()),
            };
            // Whatever comes of the older ones, this one is there.
            self.say(&taken, kept.as_ref().unwrap_or(&Kept::default()))?;
            if let Err(error) = kept {
                say("the new snapshot is whole, and nothing older was removed");
                return Err(error.into());
            }
            match missing {
                0 => Ok(()),
                1 => Err(Failure::at_work("the snapshot is without one object")),
                several => Err(Failure::at_work(format!(
                    "the snapshot is without {several} objects"
                ))),
            }
        })
    }

    fn say(&self, taken: &Taken, kept: &Kept) -> Result<(), Failure> {
        let manifest = &taken.manifest;
        if self.json {
            let removed: Vec<&str> = kept.snapshots.iter().map(backup::Name::as_str).collect();
            let value: Value = json!({
                "snapshot": taken.name.as_str(),
                "rows": manifest.row_count(),
                "objects": manifest.objects,
                "bytes": manifest.bytes,
                "copiedObjects": taken.copied,
                "copiedBytes": taken.copied_bytes,
                "keys": manifest.keys.as_ref().map(|keys| keys.count),
                "unfinishedUploads": manifest.unfinished_uploads,
                "missingObjects": manifest.missing.count,
                "missing": taken.missing,
                "removedSnapshots": removed,
                "removedObjects": kept.objects,
            });
            return Ok(line(&value.to_string())?);
        }
        line(&format!(
            "snapshot {}: {} rows, {} objects of {} bytes, {} of them copied now ({} bytes)",
            taken.name.as_str(),
            manifest.row_count(),
            manifest.objects,
            manifest.bytes,
            taken.copied,
            taken.copied_bytes
        ))?;
        if manifest.keys.is_none() {
            say("the store's keys are not in it");
        }
        if manifest.unfinished_uploads > 0 {
            line(&format!(
                "{} uploads are not finished, and not in it",
                manifest.unfinished_uploads
            ))?;
        }
        if !kept.snapshots.is_empty() || kept.objects > 0 {
            line(&format!(
                "removed: {} older snapshots, {} objects that no snapshot names",
                kept.snapshots.len(),
                kept.objects
            ))?;
        }
        missing_table(&taken.missing, manifest.missing.count)
    }
}

/// Prints which objects there are not.
pub(super) fn missing_table(missing: &[Missing], count: i64) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = missing
        .iter()
        .map(|one| vec![one.content_key.clone(), one.why.clone()])
        .collect();
    table(&["missing", "why"], &rows)?;
    match i64::try_from(rows.len()).is_ok_and(|shown| shown < count) {
        true => Ok(line(&format!("these are the first of {count}"))?),
        false => Ok(()),
    }
}
