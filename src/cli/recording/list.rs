//! `graphophone recording list`

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::Value;

use super::{as_json, state};
use crate::cli::directory::or_dash;
use crate::cli::output::{line, table};
use crate::cli::{Failure, StoreArgs, block_on};
use crate::clock::Ticks;
use crate::db::artifacts::{self, ArtifactKind, ListedArtifact};
use crate::db::{Session, tenants, users};
use crate::ids;

/// How many rows are read at a time.
const PAGE: i64 = 500;

/// What the API makes of a recording.
const STATES: [&str; 4] = ["ready", "pending", "quarantined", "deleted"];
/// The longest subject that the table shows whole, in characters.
const SUBJECT_WIDTH: usize = 40;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
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

impl List {
    pub(super) fn run(self) -> Result<(), Failure> {
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
                    let is_theirs = |one: &ListedArtifact| {
                        organizer
                            .as_ref()
                            .is_none_or(|organizer| organizer.is_owner_of(one))
                    };
                    found.extend(page.into_iter().filter(is_theirs));
                }
            }
            if let Some(Organizer::FormerName(name)) = &organizer {
                check_former(name, &found)?;
            }
            found.retain(|one| self.wants(one));
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

    fn wants(&self, listed: &ListedArtifact) -> bool {
        let own = &listed.stored.artifact;
        let is_of = |meeting: &String| own.parent.meeting() == Some(meeting);
        let is_in = |wanted: &String| wanted == state(&listed.stored);
        self.meeting.as_ref().is_none_or(is_of) && self.state.as_ref().is_none_or(is_in)
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

/// Of those that were called so, `found` must be of one.
fn check_former(name: &str, found: &[ListedArtifact]) -> Result<(), Failure> {
    let owners: BTreeSet<String> = found
        .iter()
        .map(|one| one.stored.artifact.owner_id.clone())
        .collect();
    match owners.len() {
        0 => Err(Failure::at_work(format!(
            "no user {name} in the store, and no recording of one that was called so"
        ))),
        1 => Ok(()),
        _ => Err(ambiguous(name, owners)),
    }
}

fn ambiguous(name: &str, ids: impl IntoIterator<Item = String>) -> Failure {
    let ids: Vec<String> = ids.into_iter().collect();
    Failure::at_work(format!(
        "several users are or were called {name}: name one by its id: {}",
        ids.join(", ")
    ))
}

/// For people: to the second, with names in place of ids, and the id last, as it may be long.
fn as_row(listed: &ListedArtifact) -> Vec<String> {
    let own = &listed.stored.artifact;
    let created = own.created.to_string();
    let seconds = created.split('.').next().unwrap_or_default();
    vec![
        format!("{seconds}Z"),
        state(&listed.stored).to_owned(),
        listed.owner_name.clone().unwrap_or_else(|| own.owner_id.clone()),
        short_subject(listed.subject.as_deref()),
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

/// A subject for a column.
pub(in crate::cli) fn short_subject(subject: Option<&str>) -> String {
    let mut subject = or_dash(subject);
    if let Some((end, _)) = subject.char_indices().nth(SUBJECT_WIDTH) {
        subject.truncate(end);
        subject.push('…');
    }
    subject
}
