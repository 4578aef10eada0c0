//! The rows that descriptions make, where they are not there yet.

use std::time::Duration;

use super::gather::{Found, Gathered, Problem};
use crate::clock::Ticks;
use crate::db::adhoc_calls::{self, AdhocCall};
use crate::db::artifacts::{self, Artifact, ArtifactKind, Parent, StoredArtifact, UploadState};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::content_objects::{self, ContentObject, Headed};
use crate::db::locks::{self, Lock};
use crate::db::meetings::{self, OnlineMeeting, Role};
use crate::db::tenants::{self, Tenant};
use crate::db::upload_sessions::Source;
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{DbError, Tx, Write, described, keeping};
use crate::graph::description::{ContentDescription, Description, MeetingDescription, TenantDescription};
use crate::retention;

/// A tenant with its people, where it is not there yet.
#[derive(Clone)]
pub(super) struct PutTenant(pub(super) TenantDescription);

impl Write for PutTenant {
    /// Whether it was not there, and who of it cannot be.
    type Output = (bool, Vec<String>);
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Self::Output, DbError> {
        locks::take(tx, Lock::Directory).await?;
        let own = self.0;
        let is_new = tenants::find(tx, &own.id).await?.is_none();
        let tenant = Tenant {
            id: own.id.clone(),
            display_name: own.display_name,
            suspended: own.suspended,
            participants_can_download_recordings: own.participants_can_download_recordings,
            guest_access: own.guest_access,
            transcripts_enabled: own.transcripts_enabled,
            speaker_attribution_enabled: own.speaker_attribution_enabled,
        };
        if is_new {
            tenants::put(tx, &tenant).await?;
            tenants::put_domains(tx, &own.id, &own.verified_domains).await?;
        }
        let mut refused = Vec::new();
        for user in own.users {
            let roles: Option<Vec<DirectoryRole>> = user
                .directory_roles
                .iter()
                .map(|name| DirectoryRole::named(name))
                .collect();
            let deleted = read_optional(user.deleted_date_time.as_ref());
            let (Some(roles), Some(deleted)) = (roles, deleted) else {
                refused.push(format!(
                    "user {}: a role or deletedDateTime cannot be read",
                    user.id
                ));
                continue;
            };
            match users::find(tx, &user.id).await? {
                None => {}
                Some(known) if known.tenant_id == own.id => continue,
                Some(_) => {
                    refused.push(format!(
                        "user {}: a user of that id is in another tenant",
                        user.id
                    ));
                    continue;
                }
            }
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
                deleted,
            };
            users::put(tx, &user).await?;
            users::put_roles(tx, &user.id, &roles).await?;
        }
        described::know(tx, &own.id).await?;
        Ok((is_new, refused))
    }
}

/// Artifacts with all that they belong to, where they are not there yet.
#[derive(Clone)]
pub(super) struct PutArtifacts {
    pub(super) found: Vec<Found>,
    pub(super) trash: Duration,
    pub(super) now: Ticks,
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
            if let Some(known) = artifacts::find_stored(tx, stored.kind, &stored.artifact.id).await? {
                match known.content_key == stored.content_key {
                    true => done.known += 1,
                    false => done
                        .problems
                        .push(found.problem("there is one of that id already, with other content")),
                }
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
            if let Some(deleted) = stored.deleted {
                let due = deleted.plus(self.trash);
                retention::purge_later(tx, (stored.kind, id), (due, self.now)).await?;
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
    let owner = users::find(tx, &own.owner_id).await?;
    if owner.is_none_or(|owner| owner.tenant_id != own.tenant_id) {
        return Ok(Err(format!(
            "no tenant.json names the user {} in the tenant {}",
            own.owner_id, own.tenant_id
        )));
    }
    let mut people = Vec::new();
    if let Some(meeting) = &own.meeting {
        people.push(&meeting.organizer_id);
        people.extend(meeting.participants.iter().map(|one| &one.user_id));
    }
    people.extend(own.adhoc_call.iter().map(|call| &call.user_id));
    for id in people {
        let found = users::find(tx, id).await?;
        if found.is_some_and(|user| user.tenant_id != own.tenant_id) {
            return Ok(Err(format!("the user {id} is of another tenant")));
        }
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
    if let Some(found) = meetings::find(tx, &described.id).await? {
        return Ok(match found.tenant_id == own.tenant_id {
            true => Ok(()),
            false => Err(format!("the meeting {} is of another tenant", found.id)),
        });
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
    ContentObject {
        key: content.key.clone(),
        size_bytes: content.size,
        sha256: found
            .hashes
            .get(&content.key)
            .copied()
            .unwrap_or_default()
            .to_vec(),
        media_type: content.content_type.clone(),
        // Compared whole before it is served: nobody knows what happened to it.
        modified_ns: content_objects::SUSPECT,
        stored: read_instant(&content.stored_date_time).unwrap_or_default(),
        served,
        facts: content.facts.as_ref().map(ToString::to_string),
    }
}
