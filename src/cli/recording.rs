//! `graphophone recording list`, `show`, `delete`, `restore`, `hold` and `unhold`

use std::collections::BTreeSet;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::actor::at_command_line;
use super::output::{line, table};
use super::{Failure, StoreArgs, block_on};
use crate::clock::Ticks;
use crate::db::Session;
use crate::db::artifacts::{self, ArtifactKind, ListedArtifact, Parent, StoredArtifact};
use crate::db::content_objects::{self, ContentObject};
use crate::db::keeping;
use crate::db::{meetings, tenants, users};
use crate::ids;
use crate::retention::{Outcome, Retention};
use crate::seal::to_hex;

/// How many rows are read at a time.
const PAGE: i64 = 500;

/// What the API makes of a recording.
const STATES: [&str; 4] = ["ready", "pending", "quarantined", "deleted"];
/// The longest subject that the table shows whole, in characters.
const SUBJECT_WIDTH: usize = 40;

/// Look at the recordings in the store, delete them, and bring them back.
#[derive(Debug, Subcommand)]
pub(super) enum RecordingCommand {
    /// List all recordings, those that the API does not show included: tenant by tenant, oldest first.
    List(List),
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
pub(super) struct List {
    #[command(flatten)]
    store: StoreArgs,
    /// Only recordings of this tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Only recordings of this meeting.
    #[arg(long, value_name = "ID")]
    meeting: Option<String>,
    /// Only recordings of meetings that this user organizes and of calls that they made: userPrincipalName or id.
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    organizer: Option<String>,
    /// Only recordings in this state.
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    state: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
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

impl List {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (store, _) = self.store.existing().await?;
            let mut found = Vec::new();
            let mut db = store.db.snapshot().await?;
            let tenants = match &self.tenant {
                Some(tenant) => vec![ids::normalized(tenant.clone())],
                None => tenants::ids(&mut db).await?,
            };
            let organizer = self.organizer(&mut db).await?;
            drop(db);
            for tenant in tenants {
                let mut after = (Ticks(i64::MIN), String::new());
                loop {
                    // A snapshot a page: no read transaction stays open while a long list is printed.
                    let mut db = store.db.snapshot().await?;
                    let place = (after.0, after.1.as_str());
                    let page = artifacts::list_stored(&mut db, ArtifactKind::Recording, &tenant, place, PAGE)
                        .await?;
                    drop(db);
                    let Some(last) = page.last() else { break };
                    after = (last.stored.artifact.created, last.stored.artifact.id.clone());
                    found.extend(page.into_iter().filter(|one| self.wants(one, organizer.as_ref())));
                }
            }
            self.check_former(organizer.as_ref(), &found)?;
            if self.json {
                return Ok(found
                    .iter()
                    .try_for_each(|one| line(&listed_as_json(one).to_string()))?);
            }
            let rows: Vec<Vec<String>> = found.iter().map(as_row).collect();
            Ok(table(&["created", "state", "organizer", "subject", "id"], &rows)?)
        })
    }

    /// Who is meant, where somebody is named. A name may have been given to somebody else since: the one that has it now is meant,
    /// and where nobody has, whoever had it.
    async fn organizer(&self, db: &mut Session) -> Result<Option<Organizer>, Failure> {
        let Some(named) = &self.organizer else {
            return Ok(None);
        };
        let id = ids::normalized(named.clone());
        if users::find(db, &id).await?.is_some() {
            return Ok(Some(Organizer::Id(id)));
        }
        let mut found = match &self.tenant {
            Some(tenant) => {
                let tenant = ids::normalized(tenant.clone());
                let own = users::find_by_principal_name(db, &tenant, named).await?;
                own.into_iter().collect()
            }
            None => users::find_all_by_principal_name(db, named).await?,
        };
        match found.len() {
            0 => Ok(Some(Organizer::FormerName(users::fold(named)))),
            1 => Ok(found.pop().map(|user| Organizer::Id(user.id))),
            _ => Err(ambiguous(named, found.into_iter().map(|user| user.id))),
        }
    }

    /// Nobody is called so, and perhaps several were.
    fn check_former(&self, organizer: Option<&Organizer>, found: &[ListedArtifact]) -> Result<(), Failure> {
        let (Some(named), Some(Organizer::FormerName(_))) = (&self.organizer, organizer) else {
            return Ok(());
        };
        let owners: BTreeSet<String> = found
            .iter()
            .map(|one| one.stored.artifact.owner_id.clone())
            .collect();
        match owners.len() {
            0 => Err(Failure::at_work(format!(
                "no user {named} in the store, and no recording of one that was called so"
            ))),
            1 => Ok(()),
            _ => Err(ambiguous(named, owners)),
        }
    }

    fn wants(&self, listed: &ListedArtifact, organizer: Option<&Organizer>) -> bool {
        let own = &listed.stored.artifact;
        let is_of = |meeting: &String| own.parent == Parent::Meeting(meeting.clone());
        self.meeting.as_ref().is_none_or(is_of)
            && organizer.is_none_or(|organizer| organizer.is_owner_of(listed))
            && self
                .state
                .as_ref()
                .is_none_or(|wanted| wanted == state(&listed.stored))
    }
}

/// Whose recordings are wanted.
enum Organizer {
    Id(String),
    /// Folded.
    FormerName(String),
}

impl Organizer {
    fn is_owner_of(&self, listed: &ListedArtifact) -> bool {
        match self {
            Self::Id(id) => listed.stored.artifact.owner_id == *id,
            Self::FormerName(name) => {
                let own = listed.owner_name.as_ref();
                own.is_some_and(|own| users::fold(own) == *name)
            }
        }
    }
}

fn ambiguous(name: &str, ids: impl IntoIterator<Item = String>) -> Failure {
    let ids: Vec<String> = ids.into_iter().collect();
    Failure::at_work(format!(
        "several users are or were called {name}: name one by its id: {}",
        ids.join(", ")
    ))
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

/// For people: to the second, with names in place of ids, and the id last, as it may be long.
fn as_row(listed: &ListedArtifact) -> Vec<String> {
    let own = &listed.stored.artifact;
    let created = own.created.to_string();
    let seconds = created.split('.').next().unwrap_or_default();
    let mut subject: String = listed.subject.clone().unwrap_or_else(|| "-".to_owned());
    if let Some((end, _)) = subject.char_indices().nth(SUBJECT_WIDTH) {
        subject.truncate(end);
        subject.push('…');
    }
    vec![
        format!("{seconds}Z"),
        state(&listed.stored).to_owned(),
        listed.owner_name.clone().unwrap_or_else(|| own.owner_id.clone()),
        subject,
        own.id.clone(),
    ]
}

fn listed_as_json(listed: &ListedArtifact) -> Value {
    let mut value = as_json(&listed.stored, None);
    if let Some(members) = value.as_object_mut() {
        members.insert("organizer".into(), listed.owner_name.clone().into());
        members.insert("subject".into(), listed.subject.clone().into());
    }
    value
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
