//! `graphophone quarantine list`, `show`, `release` and `delete`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::actor::at_command_line;
use super::directory::or_dash;
use super::output::{line, table};
use super::recording::{short_subject, whole};
use super::{Failure, StoreArgs, block_on};
use crate::clock::Ticks;
use crate::db::artifacts::{self, ArtifactKind, StoredArtifact};
use crate::db::audit::{self, AuditRecord};
use crate::db::{DbError, Session, Tx, Write, keeping};
use crate::retention::{Actor, Outcome, Retention};
use crate::store::Store;

/// How many rows are read at a time.
const PAGE: i64 = 500;

/// Look at what is held back because it cannot be played or may be harmful; give it free, or delete it.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
A file that cannot be played is kept, and its recording is listed; its content is not served. Show one to learn what is
wrong with it and what would help. A repaired file is a new upload; release serves this one as it is.")]
pub(super) enum QuarantineCommand {
    /// List what is held back, oldest first, with a word for why.
    List(List),
    /// Show one: what is wrong with it, what would help, and where its bytes lie.
    Show(One),
    /// Serve one as it is.
    Release(One),
    /// Delete one: for good after content.trash_days.
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    store: StoreArgs,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    store: StoreArgs,
    /// Id of the recording or transcript.
    #[arg(value_name = "ID")]
    id: String,
}

impl QuarantineCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(one) => block_on(async {
                let (store, _) = one.store.existing().await?;
                let mut db = store.db.snapshot().await?;
                let found = one.find(&mut db).await?;
                let text = serde_json::to_string_pretty(&whole(&mut db, &found).await?);
                Ok(line(&text.map_err(Failure::at_work)?)?)
            }),
            Self::Release(one) => block_on(one.release()),
            Self::Delete(one) => block_on(one.delete()),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (store, _) = self.store.existing().await?;
            let mut rows = Vec::new();
            let mut after = (Ticks(i64::MIN), ArtifactKind::Recording, String::new());
            loop {
                let mut db = store.db.snapshot().await?;
                let page = keeping::list_quarantined(&mut db, &after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.clone();
                for (_, kind, id) in &page {
                    let found = artifacts::find_stored(&mut db, *kind, id).await?;
                    let Some(found) = found.filter(is_held) else {
                        continue;
                    };
                    let value = whole(&mut db, &found).await?;
                    match self.json {
                        true => line(&value.to_string())?,
                        false => rows.push(as_row(&found, &value)),
                    }
                }
            }
            if !self.json {
                table(&["created", "kind", "why", "organizer", "subject", "id"], &rows)?;
            }
            Ok(())
        })
    }
}

/// Held back, and not deleted.
fn is_held(found: &StoredArtifact) -> bool {
    found.artifact.quarantined && found.deleted.is_none()
}

fn as_row(found: &StoredArtifact, value: &Value) -> Vec<String> {
    let reason = value
        .get("quarantineReason")
        .and_then(Value::as_str)
        .unwrap_or("-");
    vec![
        found.artifact.created.to_string(),
        found.kind.text().to_owned(),
        reason.split(':').next().unwrap_or_default().to_owned(),
        or_dash(value["organizer"].as_str()),
        short_subject(value["subject"].as_str()),
        found.artifact.id.clone(),
    ]
}

impl One {
    async fn find(&self, db: &mut Session) -> Result<StoredArtifact, Failure> {
        for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
            let found = artifacts::find_stored(db, kind, &self.id).await?;
            if let Some(found) = found.filter(is_held) {
                return Ok(found);
            }
        }
        Err(Failure::at_work(format!(
            "nothing of the id {} is in quarantine: graphophone quarantine list shows what is",
            self.id
        )))
    }

    async fn release(&self) -> Result<(), Failure> {
        let (store, _) = self.store.existing().await?;
        let found = self.find(&mut *store.db.snapshot().await?).await?;
        let release = Release {
            kind: found.kind,
            id: self.id.clone(),
            record: record(&store, &found),
        };
        store.db.write(release).await?;
        Ok(line(&format!("{} {}: released", found.kind.text(), self.id))?)
    }

    async fn delete(&self) -> Result<(), Failure> {
        let (store, config) = self.store.existing().await?;
        let found = self.find(&mut *store.db.snapshot().await?).await?;
        let clock = store.clock.clone();
        let retention = Retention::new(store.db.clone(), store.content.clone(), clock, config.trash);
        match retention.delete(found.kind, &self.id, at_command_line()).await? {
            Outcome::OnLegalHold => Err(Failure::at_work(
                "it is on legal hold: graphophone recording unhold ends that",
            )),
            Outcome::Done | Outcome::NotThere => {
                Ok(line(&format!("{} {}: deleted", found.kind.text(), self.id))?)
            }
        }
    }
}

fn record(store: &Store, found: &StoredArtifact) -> AuditRecord {
    let Actor { at_command_line, .. } = at_command_line();
    AuditRecord {
        actor: at_command_line,
        ..AuditRecord::of_artifact(
            "quarantine.release",
            found.kind,
            &found.artifact,
            store.clock.now(),
        )
    }
}

struct Release {
    kind: ArtifactKind,
    id: String,
    record: AuditRecord,
}

impl Write for Release {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(Self {
            id: self.id.clone(),
            record: self.record.clone(),
            ..*self
        })
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        keeping::set_quarantine(tx, self.kind, &self.id, None).await?;
        audit::append(tx, &self.record).await
    }
}
