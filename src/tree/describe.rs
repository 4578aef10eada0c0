//! From rows to descriptions.

use std::collections::BTreeSet;

use super::{TreeError, instant};
use crate::content::ContentKey;
use crate::db::artifacts::{self, ArtifactKind, Parent, StoredArtifact};
use crate::db::content_objects::{self, ContentObject};
use crate::db::meetings::{self, OnlineMeeting};
use crate::db::users::{self, User};
use crate::db::{Session, adhoc_calls, keeping, tenants};
use crate::graph::description::{
    CallDescription, ContentDescription, Description, FORMAT, HeadDescription, MeetingDescription,
    ParticipantDescription, PersonDescription, SourceDescription, TenantDescription, UserDescription,
};
use crate::seal::to_hex;

/// Users that are read at a time.
const PAGE: i64 = 500;

/// An artifact with all that belongs to it, and where its description lies; `None` where it has no content, or is gone.
pub(super) async fn artifact(
    db: &mut Session,
    kind: ArtifactKind,
    id: &str,
) -> Result<Option<(ContentKey, Description)>, TreeError> {
    let Some(stored) = artifacts::find_stored(db, kind, id).await? else {
        return Ok(None);
    };
    let key = stored.content_key.as_deref().and_then(ContentKey::from_row);
    let content = content(db, stored.content_key.as_deref()).await?;
    let (Some(key), Some(content)) = (key, content) else {
        return Ok(None);
    };
    let (source, quarantine_reason) = keeping::origin(db, kind, id).await?;
    let metadata_content = self::content(db, stored.metadata_key.as_deref()).await?;
    let (meeting, adhoc_call) = parent(db, &stored).await?;
    let people = people(db, &stored, meeting.as_ref()).await?;
    let own = stored.artifact;
    let description = Description {
        format: FORMAT,
        kind: kind.text().to_owned(),
        id: own.id,
        tenant_id: own.tenant_id,
        owner_id: own.owner_id,
        call_id: own.call_id,
        content_correlation_id: own.content_correlation_id,
        created_date_time: instant(own.created),
        end_date_time: own.end.map(instant),
        legal_hold: stored.legal_hold,
        quarantined: own.quarantined,
        quarantine_reason,
        deleted_date_time: stored.deleted.map(instant),
        source: source.map(|source| SourceDescription {
            system: source.system,
            id: source.id,
        }),
        content,
        metadata_content,
        meeting,
        adhoc_call,
        people,
    };
    Ok(Some((key.described(), description)))
}

async fn content(db: &mut Session, key: Option<&str>) -> Result<Option<ContentDescription>, TreeError> {
    let Some(key) = key else { return Ok(None) };
    let Some(object) = content_objects::find(db, key).await? else {
        return Ok(None);
    };
    let head = match &object.served {
        None => None,
        Some(served) => content_objects::find(db, &served.head_key)
            .await?
            .map(|head| HeadDescription {
                object: Box::new(of_object(&head)),
                body_offset: served.body_offset,
                body_length: served.body_bytes,
            }),
    };
    Ok(Some(ContentDescription {
        head,
        ..of_object(&object)
    }))
}

fn of_object(object: &ContentObject) -> ContentDescription {
    ContentDescription {
        key: object.key.clone(),
        size: object.size_bytes,
        sha256: to_hex(&object.sha256),
        content_type: object.media_type.clone(),
        stored_date_time: instant(object.stored),
        facts: object
            .facts
            .as_deref()
            .and_then(|facts| serde_json::from_str(facts).ok()),
        head: None,
    }
}

async fn parent(
    db: &mut Session,
    stored: &StoredArtifact,
) -> Result<(Option<MeetingDescription>, Option<CallDescription>), TreeError> {
    match &stored.artifact.parent {
        Parent::AdhocCall(id) => {
            let call = adhoc_calls::find(db, id).await?;
            let call = call.map(|call| CallDescription {
                id: call.id,
                user_id: call.user_id,
            });
            Ok((None, call))
        }
        Parent::Meeting(id) => {
            let Some(found) = meetings::find(db, id).await? else {
                return Ok((None, None));
            };
            let participants = meetings::participants(db, id).await?.into_iter();
            let participants = participants.map(|one| ParticipantDescription {
                user_id: one.user_id,
                role: one.role.text().to_owned(),
            });
            Ok((Some(meeting(found, participants.collect())), None))
        }
    }
}

fn meeting(found: OnlineMeeting, participants: Vec<ParticipantDescription>) -> MeetingDescription {
    MeetingDescription {
        id: found.id,
        organizer_id: found.organizer_id,
        subject: found.subject,
        join_web_url: found.join_web_url,
        start_date_time: found.start.map(instant),
        end_date_time: found.end.map(instant),
        expiry_date_time: instant(found.expiry),
        first_stored_date_time: instant(found.first_loaded),
        creation_date_time: found.created.map(instant),
        meeting_type: found.meeting_type,
        thread_id: found.thread_id,
        is_channel_meeting: found.is_channel_meeting,
        i_cal_uid: found.i_cal_uid,
        deleted_date_time: found.deleted.map(instant),
        external_id: found.external_id,
        join_meeting_id: found.join_meeting_id,
        passcode: found.passcode,
        video_teleconference_id: found.video_teleconference_id,
        settings: found
            .settings
            .as_deref()
            .and_then(|settings| serde_json::from_str(settings).ok()),
        participants,
    }
}

async fn people(
    db: &mut Session,
    stored: &StoredArtifact,
    meeting: Option<&MeetingDescription>,
) -> Result<Vec<PersonDescription>, TreeError> {
    let mut ids = BTreeSet::from([stored.artifact.owner_id.clone()]);
    let participants = meeting.iter().flat_map(|meeting| &meeting.participants);
    ids.extend(participants.map(|one| one.user_id.clone()));
    let mut people = Vec::new();
    for id in ids {
        if let Some(user) = users::find(db, &id).await? {
            people.push(PersonDescription {
                id,
                user_principal_name: user.user_principal_name,
                display_name: user.display_name,
            });
        }
    }
    Ok(people)
}

/// A tenant and its people.
pub(super) async fn tenant(db: &mut Session, id: &str) -> Result<Option<TenantDescription>, TreeError> {
    let Some(tenant) = tenants::find(db, id).await? else {
        return Ok(None);
    };
    let mut described = Vec::new();
    let mut after = String::new();
    loop {
        let page = users::page(db, id, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for user in page {
            let roles = users::roles(db, &user.id).await?;
            described.push(of_user(
                user,
                roles.iter().map(|role| role.text().to_owned()).collect(),
            ));
        }
    }
    Ok(Some(TenantDescription {
        format: FORMAT,
        verified_domains: tenants::domains(db, id).await?,
        id: tenant.id,
        display_name: tenant.display_name,
        suspended: tenant.suspended,
        participants_can_download_recordings: tenant.participants_can_download_recordings,
        guest_access: tenant.guest_access,
        transcripts_enabled: tenant.transcripts_enabled,
        speaker_attribution_enabled: tenant.speaker_attribution_enabled,
        users: described,
    }))
}

fn of_user(user: User, directory_roles: Vec<String>) -> UserDescription {
    UserDescription {
        id: user.id,
        user_principal_name: user.user_principal_name,
        display_name: user.display_name,
        mail: user.mail,
        external_id: user.external_id,
        is_guest: user.is_guest,
        account_enabled: user.account_enabled,
        deleted_date_time: user.deleted.map(instant),
        directory_roles,
    }
}
