//! `graphophone recording list`, `show`, `delete`, `restore`, `hold` and `unhold`

mod list;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::actor::at_command_line;
use super::output::line;
use super::{Failure, StoreArgs, block_on};
use crate::db::Session;
use crate::db::artifacts::{self, ArtifactKind, Parent, StoredArtifact};
use crate::db::content_objects::{self, ContentObject};
use crate::db::keeping;
use crate::db::{meetings, users};
use crate::retention::{Outcome, Retention};
use crate::seal::to_hex;
pub(super) use list::short_subject;

/// Look at the recordings in the store, delete them, and bring them back.
#[derive(Debug, Subcommand)]
pub(super) enum RecordingCommand {
    /// List all recordings, those that the API does not show included: tenant by tenant, oldest first.
    List(list::List),
    /// Show one recording, with where its content lies, what it must be, and what is in it.
    Show(Show),
    /// Delete recordings: gone from every answer at once, and for good after content.trash_days.
    Delete(Change),
    /// Take the deletion of recordings back.
    Restore(Change),
    /// Put recordings on legal hold: nobody deletes them, gives them other content, or removes them for good.
    Hold(Hold),
    /// Take recordings off legal hold.
    Unhold(Hold),
}

#[derive(Debug, Args)]
pub(super) struct Hold {
    #[command(flatten)]
    store: StoreArgs,
    /// Ids of the recordings.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    store: StoreArgs,
    /// The same with the transcripts of each recording: those of its meeting with its contentCorrelationId.
    #[arg(long)]
    transcripts: bool,
    /// Ids of the recordings.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    store: StoreArgs,
    /// Id of the recording.
    #[arg(value_name = "ID")]
    id: String,
}

impl RecordingCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Delete(change) => change.run(true),
            Self::Restore(change) => change.run(false),
            Self::Hold(hold) => hold.run(true),
            Self::Unhold(hold) => hold.run(false),
        }
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (store, _) = self.store.existing().await?;
            let mut db = store.db.snapshot().await?;
            let found = artifacts::find_stored(&mut db, ArtifactKind::Recording, &self.id).await?;
            let Some(found) = found else {
                return Err(Failure::at_work(format!("no recording {} in the store", self.id)));
            };
            let text =
                serde_json::to_string_pretty(&whole(&mut db, &found).await?).map_err(Failure::at_work)?;
            Ok(line(&text)?)
        })
    }
}

/// All that is known of an artifact.
pub(super) async fn whole(db: &mut Session, found: &StoredArtifact) -> Result<Value, Failure> {
    let object = match &found.content_key {
        Some(key) => content_objects::find(db, key).await?,
        None => None,
    };
    let mut value = as_json(found, object.as_ref());
    let (source, reason) = keeping::origin(db, found.kind, &found.artifact.id).await?;
    let Some(members) = value.as_object_mut() else {
        return Ok(value);
    };
    let own = &found.artifact;
    let owner = users::find(db, &own.owner_id).await?;
    members.insert(
        "organizer".into(),
        owner.and_then(|owner| owner.user_principal_name).into(),
    );
    let meeting = match own.parent.meeting() {
        Some(id) => meetings::find(db, id).await?,
        None => None,
    };
    members.insert(
        "subject".into(),
        meeting.and_then(|meeting| meeting.subject).into(),
    );
    if let Some(source) = source {
        members.insert(
            "source".into(),
            json!({ "system": source.system, "id": source.id }),
        );
    }
    if let Some(reason) = reason {
        members.insert("quarantineReason".into(), reason.into());
    }
    if let Some(object) = object {
        let facts = object
            .facts
            .as_deref()
            .and_then(|facts| serde_json::from_str(facts).ok());
        members.insert("facts".into(), facts.unwrap_or(Value::Null));
        let headed = object.served.map(|served| served.head_key.into());
        members.insert("headKey".into(), headed.unwrap_or(Value::Null));
    }
    Ok(value)
}

impl Change {
    fn run(self, delete: bool) -> Result<(), Failure> {
        block_on(async {
            let (store, config) = self.store.existing().await?;
            let clock = store.clock.clone();
            let retention = Retention::new(store.db.clone(), store.content.clone(), clock, config.trash);
            let mut failed = Vec::new();
            for id in &self.ids {
                let mut all = vec![(ArtifactKind::Recording, id.clone())];
                if self.transcripts {
                    let mut db = store.db.snapshot().await?;
                    all.extend(transcripts_of(&mut db, id).await?);
                }
                for (kind, id) in all {
                    let outcome = match delete {
                        true => retention.delete(kind, &id, at_command_line()).await?,
                        false => retention.restore(kind, &id, at_command_line()).await?,
                    };
                    let word = if delete { "deleted" } else { "restored" };
                    match outcome {
                        Outcome::Done => line(&format!("{} {id}: {word}", kind.text()))?,
                        Outcome::OnLegalHold => failed.push(format!(
                            "{} {id} is on legal hold: graphophone recording unhold ends that",
                            kind.text()
                        )),
                        Outcome::NotThere => failed.push(not_there(kind, &id)),
                    }
                }
            }
            Failure::unless_empty(failed)
        })
    }
}

impl Hold {
    fn run(self, is_held: bool) -> Result<(), Failure> {
        block_on(async {
            let (store, config) = self.store.existing().await?;
            let clock = store.clock.clone();
            let retention = Retention::new(store.db.clone(), store.content.clone(), clock, config.trash);
            let kind = ArtifactKind::Recording;
            let mut failed = Vec::new();
            for id in &self.ids {
                let word = if is_held {
                    "on legal hold"
                } else {
                    "not on legal hold"
                };
                match retention.hold((kind, id), is_held, at_command_line()).await? {
                    Outcome::NotThere => failed.push(not_there(kind, id)),
                    Outcome::Done | Outcome::OnLegalHold => line(&format!("{} {id}: {word}", kind.text()))?,
                }
            }
            Failure::unless_empty(failed)
        })
    }
}

fn not_there(kind: ArtifactKind, id: &str) -> String {
    format!(
        "no {} {id} in the store: graphophone recording list shows what there is",
        kind.text()
    )
}

/// The transcripts that go with a recording.
async fn transcripts_of(db: &mut Session, id: &str) -> Result<Vec<(ArtifactKind, String)>, Failure> {
    let Some(recording) = artifacts::find_stored(db, ArtifactKind::Recording, id).await? else {
        return Ok(Vec::new());
    };
    let own = &recording.artifact;
    let kind = ArtifactKind::Transcript;
    let all = keeping::list_correlated(db, kind, &own.parent, &own.content_correlation_id).await?;
    Ok(all.into_iter().map(|id| (kind, id)).collect())
}

/// What the API makes of it.
pub(super) fn state(stored: &StoredArtifact) -> &'static str {
    match (
        stored.deleted.is_some(),
        stored.is_ready(),
        stored.artifact.quarantined,
    ) {
        (true, ..) => "deleted",
        (false, false, _) => "pending",
        (false, true, true) => "quarantined",
        (false, true, false) => "ready",
    }
}

fn parent(stored: &StoredArtifact) -> (&'static str, &str) {
    match &stored.artifact.parent {
        Parent::Meeting(id) => ("meetingId", id),
        Parent::AdhocCall(id) => ("adhocCallId", id),
    }
}

fn as_json(stored: &StoredArtifact, object: Option<&ContentObject>) -> Value {
    let own = &stored.artifact;
    let (parent_name, parent_id) = parent(stored);
    let mut value = json!({
        "id": own.id,
        "tenantId": stored.artifact.tenant_id,
        parent_name: parent_id,
        "organizerId": own.owner_id,
        "callId": own.call_id,
        "contentCorrelationId": own.content_correlation_id,
        "createdDateTime": own.created.to_string(),
        "endDateTime": own.end.map(|end| end.to_string()),
        "state": state(stored),
        "legalHold": stored.legal_hold,
        "quarantined": own.quarantined,
        "deletedDateTime": stored.deleted.map(|deleted| deleted.to_string()),
        "contentKey": stored.content_key,
    });
    if let (Some(object), Some(members)) = (object, value.as_object_mut()) {
        members.insert("contentType".into(), object.media_type.as_str().into());
        members.insert("size".into(), object.size_bytes.into());
        members.insert("sha256".into(), to_hex(&object.sha256).into());
        members.insert("storedDateTime".into(), object.stored.to_string().into());
    }
    value
}
