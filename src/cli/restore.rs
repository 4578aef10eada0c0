//! `graphophone restore`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::backup::missing_table;
use super::output::{Progress, line, say};
use super::password::passphrase;
use super::{Failure, StoreArgs, block_on, places};
use crate::backup::{self, Restored, Target};
use crate::clock::Clock;

/// Make a store of a folder of backups.
#[derive(Debug, Args)]
#[command(after_help = "\
The store is made where the configuration says, on whatever database and content store: the backup need not be of the same. There
must be no store yet, or an empty one that no server was started on. All rows and keys of the snapshot are looked at before
anything is written; each recording is compared while it is copied; the rows come last, all or none. After an interruption
run it again: what was copied is not copied twice.

  graphophone restore --data ./new-store --passphrase-file ./phrase /mnt/backup/graphophone
  graphophone restore --config other.toml --snapshot 2026-11-02T030000.0000000Z /mnt/backup/graphophone")]
pub(super) struct Restore {
    #[command(flatten)]
    store: StoreArgs,
    /// Folder of backups.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Which snapshot: a name in DIR/snapshots. By default the newest.
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// File whose first line is the passphrase that the keys are sealed with; otherwise the variable
    /// GRAPHOPHONE_BACKUP_PASSPHRASE, or you are asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Leave the keys out: the first server makes new ones, and what the old ones have signed or sealed does not count.
    #[arg(long, conflicts_with = "passphrase_file")]
    without_keys: bool,
    /// Restore also where recordings are damaged in the folder, or not there: they are listed, and left out.
    #[arg(long)]
    despite_damage: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(super) fn run(self) -> Result<(), Failure> {
        block_on(async {
            let config = self.store.load(None)?.config;
            places::refuse_store(&self.folder, &config)?;
            let name = self.snapshot.as_deref();
            let is_wanted = !self.without_keys
                && (self.passphrase_file.is_some() || backup::Restore::has_keys(&self.folder, name)?);
            let passphrase = match is_wanted {
                true => Some(passphrase(self.passphrase_file.as_deref(), false)?),
                false => None,
            };
            let restore = backup::Restore::begin(&self.folder, name, passphrase.as_ref()).await?;
            let target = Target {
                config: &config,
                clock: &Clock::system(),
                despite_damage: self.despite_damage,
            };
            let progress = Progress::counting("copying");
            let show = |objects, bytes| progress.count(objects, bytes);
            let restored = restore.run(target, &show).await?;
            drop(progress);
            self.say(&restored, passphrase.is_some())?;
            match restored.missing.len() {
                0 => Ok(()),
                1 => Err(Failure::at_work("the store is without one object")),
                several => Err(Failure::at_work(format!(
                    "the store is without {several} objects"
                ))),
            }
        })
    }

    fn say(&self, restored: &Restored, has_keys: bool) -> Result<(), Failure> {
        let manifest = &restored.manifest;
        if self.json {
            let value: Value = json!({
                "snapshot": restored.name.as_str(),
                "takenDateTime": manifest.taken().to_string(),
                "rows": manifest.row_count(),
                "objects": manifest.objects,
                "bytes": manifest.bytes,
                "copiedObjects": restored.copied,
                "keys": manifest.keys.as_ref().filter(|_| has_keys).map(|keys| keys.count),
                "missing": restored.missing,
            });
            return Ok(line(&value.to_string())?);
        }
        line(&format!(
            "restored snapshot {}: {} rows, {} objects of {} bytes, {} of them copied now",
            restored.name.as_str(),
            manifest.row_count(),
            manifest.objects,
            manifest.bytes,
            restored.copied
        ))?;
        if !has_keys {
            say(
                "the store has no keys: the first server makes new ones, and access tokens and links that are out do not count",
            );
        }
        let count = i64::try_from(restored.missing.len()).unwrap_or(i64::MAX);
        missing_table(&restored.missing, count)
    }
}
