//! From descriptions to rows: fills a database from what lies in the content store. What has a row already is left alone, so it
//! may be done again.

use std::collections::HashMap;

use super::{Tree, TreeError};
use crate::clock::Ticks;
use crate::content::{ContentError, ContentKey};
use crate::db::adhoc_calls::{self, AdhocCall};
use crate::db::artifacts::{self, Artifact, ArtifactKind, Parent, StoredArtifact, UploadState};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::content_objects::{self, ContentObject, Headed};
use crate::db::locks::{self, Lock};
use crate::db::meetings::{self, OnlineMeeting, Role};
use crate::db::tenants::{self, Tenant};
use crate::db::upload_sessions::Source;
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{DbError, Tx, Write, keeping};
use crate::graph::description::{
    ContentDescription, Description, FORMAT, MeetingDescription, TenantDescription,
};

/// The largest description that is read.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Descriptions that are written in one transaction.
const AT_ONCE: usize = 100;

/// What has been filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Tenants that were not there.
    pub tenants: usize,
    /// Recordings and transcripts that were not there.
    pub artifacts: usize,
    /// Those that were.
    pub known: usize,
    /// What could not be filled in.
    pub problems: Vec<Problem>,
}

/// A description that says nothing that could be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

/// An artifact, with what the content store says of its objects.
#[derive(Clone)]
struct Found {
    key: String,
    description: Description,
    /// Times of change, by key.
    times: HashMap<String, i64>,
}

impl Tree {
    /// Fills the database from the tree: first tenants with their people, then everything else. `progress` is told how many
    /// descriptions have been read.
    ///
    /// # Errors
    /// [`TreeError`] where a store fails; what has been filled in until then stays.
    pub async fn gather(&self, progress: &(dyn Fn(usize) + Sync)) -> Result<Gathered, TreeError> {
        let mut gathered = Gathered::default();
        let mut pages = self.content.list();
        while let Some(page) = pages.recv().await {
            for (key, _) in page?.into_iter().filter(|(key, _)| key.is_of_tenant()) {
                match self.read::<TenantDescription>(&key).await? {
                    Err(what) => gathered.problem(&key, what),
                    Ok(tenant) if tenant.format != FORMAT => gathered.problem(&key, newer()),
                    Ok(tenant) => gathered.tenants += usize::from(self.db.write(PutTenant(tenant)).await?),
                }
            }
        }
        let mut read = 0;
        let mut pages = self.content.list();
        let mut waiting = Vec::new();
        while let Some(page) = pages.recv().await {
            for (key, _) in page?.into_iter().filter(|(key, _)| key.is_description()) {
                match self.found(&key).await? {
                    Ok(found) => waiting.push(found),
                    Err(what) => gathered.problem(&key, what),
                }
                read += 1;
                progress(read);
                if waiting.len() >= AT_ONCE {
                    self.put_found(std::mem::take(&mut waiting), &mut gathered)
                        .await?;
                }
            }
        }
        self.put_found(waiting, &mut gathered).await?;
        Ok(gathered)
    }

    async fn put_found(&self, found: Vec<Found>, gathered: &mut Gathered) -> Result<(), TreeError> {
        let put = PutArtifacts {
            found,
            now: self.clock.now(),
        };
        let done = self.db.write(put).await?;
        gathered.artifacts += done.artifacts;
        gathered.known += done.known;
        gathered.problems.extend(done.problems);
        Ok(())
    }

    /// A description, with the objects that it names, made sure of.
    async fn found(&self, key: &ContentKey) -> Result<Result<Found, String>, TreeError> {
        let description = match self.read::<Description>(key).await? {
            Ok(description) if description.format != FORMAT => return Ok(Err(newer())),
            Ok(description) => description,
            Err(what) => return Ok(Err(what)),
        };
        let mut times = HashMap::new();
        let objects = [Some(&description.content), description.metadata_content.as_ref()];
        for object in objects.into_iter().flatten() {
            let head = object.head.as_ref().map(|head| &*head.object);
            for object in [Some(object), head].into_iter().flatten() {
                match self.time_of(object).await? {
                    Ok(time) => times.insert(object.key.clone(), time),
                    Err(what) => return Ok(Err(what)),
                };
            }
        }
        Ok(Ok(Found {
            key: key.as_str().to_owned(),
            description,
            times,
        }))
    }

    async fn time_of(&self, object: &ContentDescription) -> Result<Result<i64, String>, TreeError> {
        let Some(key) = ContentKey::from_row(&object.key) else {
            return Ok(Err(format!("{:?} is no key of ours", object.key)));
        };
        match self.content.open(&key).await {
            Ok(reader) if i64::try_from(reader.size_bytes()) == Ok(object.size) => {
                Ok(Ok(reader.modified_ns()))
            }
            Ok(reader) => Ok(Err(format!(
                "{key} has {} bytes, not {}",
                reader.size_bytes(),
                object.size
            ))),
            Err(ContentError::NotFound(_)) => Ok(Err(format!("{key} is not there"))),
            Err(error) => Err(error.into()),
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: &ContentKey,
    ) -> Result<Result<T, String>, TreeError> {
        let reader = self.content.open(key).await?;
        if reader.size_bytes() > MOST_BYTES {
            return Ok(Err("it is too long for a description".to_owned()));
        }
        let bytes = reader
            .gather(0, reader.size_bytes())
            .await
            .map_err(ContentError::Io)?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
    }
}

impl Gathered {
    fn problem(&mut self, key: &ContentKey, what: String) {
        let key = key.as_str().to_owned();
        self.problems.push(Problem { key, what });
    }
}

fn newer() -> String {
    "it is of a newer version: use a newer graphophone".to_owned()
}

/// A tenant with its people, where it is not there yet.
#[derive(Clone)]
struct PutTenant(TenantDescription);

impl Write for PutTenant {
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        locks::take(tx, Lock::Directory).await?;
        let own = self.0;
        if tenants::find(tx, &own.id).await?.is_some() {
            return Ok(false);
        }
        let tenant = Tenant {
            id: own.id.clone(),
            display_name: own.display_name,
            suspended: own.suspended,
            participants_can_download_recordings: own.participants_can_download_recordings,
            guest_access: own.guest_access,
            transcripts_enabled: own.transcripts_enabled,
            speaker_attribution_enabled: own.speaker_attribution_enabled,
        };
        tenants::put(tx, &tenant).await?;
        tenants::put_domains(tx, &own.id, &own.verified_domains).await?;
        for user in own.users {
            let roles: Vec<DirectoryRole> = user
                .directory_roles
                .iter()
                .filter_map(|name| DirectoryRole::named(name))
                .collect();
            let user = User {
                id: user.id,
                tenant_id: own.id.clone(),
                user_principal_name: user.user_principal_name,
                display_name: user.display_name,
                mail: user.mail,
                password_hash: None,
                external_id: user.external_id,
                is_guest: user.is_guest,
                account_enabled: user.account_enabled,
                deleted: user.deleted_date_time.and_then(|text| text.parse().ok()),
            };
            users::put(tx, &user).await?;
            users::put_roles(tx, &user.id, &roles).await?;
        }
        Ok(true)
    }
}

/// Artifacts with all that they belong to, where they are not there yet.
#[derive(Clone)]
struct PutArtifacts {
    found: Vec<Found>,
    now: Ticks,
}

impl Write for PutArtifacts {
    type Output = Gathered;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Gathered, DbError> {
        locks::take(tx, Lock::Directory).await?;
        let mut done = Gathered::default();
        let mut new = Vec::new();
        for found in self.found {
            let Some(stored) = artifact(&found.description) else {
                done.problems
                    .push(found.problem("an instant or the kind cannot be read"));
                continue;
            };
            if artifacts::find_stored(tx, stored.kind, &stored.artifact.id)
                .await?
                .is_some()
            {
                done.known += 1;
                continue;
            }
            if let Err(what) = put_parent(tx, &found.description).await? {
                done.problems.push(found.problem(&what));
                continue;
            }
            put_objects(tx, &found).await?;
            artifacts::put(tx, &stored).await?;
            let id = &stored.artifact.id;
            if let Some(source) = &found.description.source {
                let source = Source {
                    system: source.system.clone(),
                    id: source.id.clone(),
                };
                keeping::set_source(tx, stored.kind, id, &source).await?;
            }
            if let (true, Some(reason)) = (stored.artifact.quarantined, &found.description.quarantine_reason)
            {
                keeping::set_quarantine(tx, stored.kind, id, Some(reason)).await?;
            }
            new.push(stored);
        }
        done.artifacts = new.len();
        let shown: Vec<Change<'_>> = new
            .iter()
            .filter(|stored| stored.is_ready())
            .map(|stored| Change {
                kind: stored.kind,
                artifact: &stored.artifact,
                change: ChangeType::Created,
                at: self.now,
                announce: false,
            })
            .collect();
        changes::append(tx, &shown).await?;
        Ok(done)
    }
}

impl Found {
    fn problem(&self, what: &str) -> Problem {
        Problem {
            key: self.key.clone(),
            what: what.to_owned(),
        }
    }
}

fn read_instant(text: &str) -> Option<Ticks> {
    text.parse().ok()
}

/// An instant that may be left out; `None` where it cannot be read.
fn read_optional(text: Option<&String>) -> Option<Option<Ticks>> {
    match text {
        None => Some(None),
        Some(text) => read_instant(text).map(Some),
    }
}

fn artifact(own: &Description) -> Option<StoredArtifact> {
    let parent = match (&own.meeting, &own.adhoc_call) {
        (Some(meeting), _) => Parent::Meeting(meeting.id.clone()),
        (None, Some(call)) => Parent::AdhocCall(call.id.clone()),
        (None, None) => return None,
    };
    Some(StoredArtifact {
        kind: ArtifactKind::parse(&own.kind)?,
        artifact: Artifact {
            id: own.id.clone(),
            call_id: own.call_id.clone(),
            content_correlation_id: own.content_correlation_id.clone(),
            created: read_instant(&own.created_date_time)?,
            end: read_optional(own.end_date_time.as_ref())?,
            quarantined: own.quarantined,
            parent,
            owner_id: own.owner_id.clone(),
            tenant_id: own.tenant_id.clone(),
        },
        upload_state: UploadState::Complete,
        legal_hold: own.legal_hold,
        deleted: read_optional(own.deleted_date_time.as_ref())?,
        content_key: Some(own.content.key.clone()),
        metadata_key: own.metadata_content.as_ref().map(|content| content.key.clone()),
    })
}

/// The meeting or call, where it is not there yet; or why it cannot be.
async fn put_parent(tx: &mut Tx<'_>, own: &Description) -> Result<Result<(), String>, DbError> {
    if users::find(tx, &own.owner_id).await?.is_none() {
        return Ok(Err(format!("no tenant.json names the user {}", own.owner_id)));
    }
    if let Some(call) = &own.adhoc_call
        && adhoc_calls::find(tx, &call.id).await?.is_none()
    {
        let call = AdhocCall {
            id: call.id.clone(),
            tenant_id: own.tenant_id.clone(),
            user_id: call.user_id.clone(),
        };
        adhoc_calls::put(tx, &call).await?;
    }
    let Some(described) = &own.meeting else {
        return Ok(Ok(()));
    };
    if meetings::find(tx, &described.id).await?.is_some() {
        return Ok(Ok(()));
    }
    let Some(meeting) = meeting(own, described) else {
        return Ok(Err("an instant of the meeting cannot be read".to_owned()));
    };
    let mut participants = Vec::new();
    for one in &described.participants {
        let is_there = users::find(tx, &one.user_id).await?.is_some();
        if let (true, Some(role)) = (is_there, Role::parse(&one.role)) {
            participants.push((one.user_id.clone(), role));
        }
    }
    meetings::put(tx, &meeting, &participants).await?;
    Ok(Ok(()))
}

fn meeting(own: &Description, described: &MeetingDescription) -> Option<OnlineMeeting> {
    Some(OnlineMeeting {
        id: described.id.clone(),
        tenant_id: own.tenant_id.clone(),
        organizer_id: described.organizer_id.clone(),
        subject: described.subject.clone(),
        join_web_url: described.join_web_url.clone(),
        start: read_optional(described.start_date_time.as_ref())?,
        end: read_optional(described.end_date_time.as_ref())?,
        expiry: read_instant(&described.expiry_date_time)?,
        first_loaded: read_instant(&described.first_stored_date_time)?,
        meeting_type: described.meeting_type.clone(),
        thread_id: described.thread_id.clone(),
        is_channel_meeting: described.is_channel_meeting,
        i_cal_uid: described.i_cal_uid.clone(),
        deleted: read_optional(described.deleted_date_time.as_ref())?,
        created: read_optional(described.creation_date_time.as_ref())?,
        external_id: described.external_id.clone(),
        join_meeting_id: described.join_meeting_id.clone(),
        passcode: described.passcode.clone(),
        video_teleconference_id: described.video_teleconference_id.clone(),
        settings: described
            .settings
            .clone()
            .map(|settings| serde_json::Value::Object(settings).to_string()),
    })
}

async fn put_objects(tx: &mut Tx<'_>, found: &Found) -> Result<(), DbError> {
    let own = &found.description;
    for content in [Some(&own.content), own.metadata_content.as_ref()]
        .into_iter()
        .flatten()
    {
        let head = content.head.as_ref();
        if let Some(head) = head {
            content_objects::insert(tx, &object(&head.object, found, None)).await?;
        }
        let served = head.map(|head| Headed {
            head_key: head.object.key.clone(),
            body_offset: head.body_offset,
            body_bytes: head.body_length,
        });
        content_objects::insert(tx, &object(content, found, served)).await?;
    }
    Ok(())
}

fn object(content: &ContentDescription, found: &Found, served: Option<Headed>) -> ContentObject {
    let pairs = content.sha256.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        u8::from_str_radix(pair, 16).unwrap_or(0)
    });
    ContentObject {
        key: content.key.clone(),
        size_bytes: content.size,
        sha256: bytes.collect(),
        media_type: content.content_type.clone(),
        modified_ns: found
            .times
            .get(&content.key)
            .copied()
            .unwrap_or(content_objects::SUSPECT),
        stored: read_instant(&content.stored_date_time).unwrap_or_default(),
        served,
        facts: content.facts.as_ref().map(ToString::to_string),
    }
}
