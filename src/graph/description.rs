//! What lies beside each recording in the store: all that is known of it, from which a database can be filled again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The form of these files. A newer one is not read.
pub const FORMAT: u32 = 1;

/// `recording.json` or `transcript.json`: an artifact, what it belongs to, and its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Description {
    /// The form of the file.
    pub format: u32,
    /// `recording` or `transcript`.
    pub kind: String,
    /// `id`
    pub id: String,
    /// Tenant of its owner.
    pub tenant_id: String,
    /// Object id of whose it is.
    pub owner_id: String,
    /// `callId`
    pub call_id: String,
    /// `contentCorrelationId`
    pub content_correlation_id: String,
    /// `createdDateTime`
    pub created_date_time: String,
    /// `endDateTime`
    pub end_date_time: Option<String>,
    /// It may not be deleted.
    pub legal_hold: bool,
    /// Its content is held back,
    pub quarantined: bool,
    /// for that reason.
    pub quarantine_reason: Option<String>,
    /// When it was deleted.
    pub deleted_date_time: Option<String>,
    /// Where it comes from.
    pub source: Option<SourceDescription>,
    /// Its content.
    pub content: ContentDescription,
    /// Its `metadataContent`.
    pub metadata_content: Option<ContentDescription>,
    /// The meeting that it belongs to,
    pub meeting: Option<MeetingDescription>,
    /// or the ad hoc call.
    pub adhoc_call: Option<CallDescription>,
    /// Those who are named above, for people who read this; `tenant.json` has all that is known of them.
    pub people: Vec<PersonDescription>,
}

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceDescription {
    /// Which system.
    pub system: String,
    /// How that system names it.
    pub id: String,
}

/// An object of the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentDescription {
    /// Its key: where it lies below the store.
    pub key: String,
    /// Length in bytes.
    pub size: i64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Media type that it is served under.
    pub content_type: String,
    /// When it was stored.
    pub stored_date_time: String,
    /// What was found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Value>,
    /// What is served in place of its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadDescription>,
}

/// What is served first, before a part of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadDescription {
    /// The object.
    pub object: Box<ContentDescription>,
    /// Where the part of the file begins.
    pub body_offset: i64,
    /// How long it is.
    pub body_length: i64,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeetingDescription {
    /// `id`
    pub id: String,
    /// Object id of the organizer.
    pub organizer_id: String,
    /// `subject`
    pub subject: Option<String>,
    /// `joinWebUrl`
    pub join_web_url: Option<String>,
    /// `startDateTime`
    pub start_date_time: Option<String>,
    /// `endDateTime`
    pub end_date_time: Option<String>,
    /// `expiryDateTime`
    pub expiry_date_time: String,
    /// When it was first stored.
    pub first_stored_date_time: String,
    /// `creationDateTime`
    pub creation_date_time: Option<String>,
    /// `meetingType`
    pub meeting_type: String,
    /// Thread of its chat.
    pub thread_id: String,
    /// Held in a channel.
    pub is_channel_meeting: bool,
    /// Its calendar event.
    #[serde(rename = "iCalUId")]
    pub i_cal_uid: Option<String>,
    /// When it was deleted.
    pub deleted_date_time: Option<String>,
    /// `externalId`
    pub external_id: Option<String>,
    /// The number by which a person joins it.
    pub join_meeting_id: Option<String>,
    /// What that person has to say.
    pub passcode: Option<String>,
    /// `videoTeleconferenceId`
    pub video_teleconference_id: Option<String>,
    /// The members that nothing here acts on.
    pub settings: Option<Map<String, Value>>,
    /// Who takes part, the organizer aside.
    pub participants: Vec<ParticipantDescription>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParticipantDescription {
    /// Object id.
    pub user_id: String,
    /// `attendee`, `presenter`, `producer` or `coorganizer`.
    pub role: String,
}

/// An ad hoc call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallDescription {
    /// `id`
    pub id: String,
    /// Object id of the user who made it.
    pub user_id: String,
}

/// Somebody, for people who read this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonDescription {
    /// Object id.
    pub id: String,
    /// `userPrincipalName`
    pub user_principal_name: Option<String>,
    /// `displayName`
    pub display_name: Option<String>,
}

/// `tenant.json`: a tenant and its people, without their passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantDescription {
    /// The form of the file.
    pub format: u32,
    /// `id`
    pub id: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// Nobody of it is let in.
    pub suspended: bool,
    /// As in seed files.
    pub participants_can_download_recordings: bool,
    /// As in seed files.
    pub guest_access: bool,
    /// As in seed files.
    pub transcripts_enabled: bool,
    /// As in seed files.
    pub speaker_attribution_enabled: bool,
    /// Domains by which it is known.
    pub verified_domains: Vec<String>,
    /// Its people, by object id.
    pub users: Vec<UserDescription>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserDescription {
    /// Object id.
    pub id: String,
    /// `userPrincipalName`
    pub user_principal_name: Option<String>,
    /// `displayName`
    pub display_name: Option<String>,
    /// `mail`
    pub mail: Option<String>,
    /// How a foreign issuer names it.
    pub external_id: Option<String>,
    /// A guest of the tenant.
    pub is_guest: bool,
    /// May sign in.
    pub account_enabled: bool,
    /// When it was deleted.
    pub deleted_date_time: Option<String>,
    /// What it may do for the tenant.
    pub directory_roles: Vec<String>,
}
