//! `onlineMeeting` (contract section 5.1).

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::artifact::IdentitySet;
use super::entity::{Members, MetadataLevel};
use crate::clock::Ticks;

/// A property of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingProperty {
    /// `id`
    Id,
    /// `creationDateTime`
    CreationDateTime,
    /// `startDateTime`
    StartDateTime,
    /// `endDateTime`
    EndDateTime,
    /// `expiryDateTime`
    ExpiryDateTime,
    /// `joinWebUrl`
    JoinWebUrl,
    /// `subject`
    Subject,
    /// `externalId`
    ExternalId,
    /// `videoTeleconferenceId`
    VideoTeleconferenceId,
    /// `meetingType`
    MeetingType,
    /// `isBroadcast`
    IsBroadcast,
    /// `chatInfo`
    ChatInfo,
    /// `joinMeetingIdSettings`
    JoinMeetingIdSettings,
    /// `participants`
    Participants,
    /// A member that is kept as a program wrote it.
    Setting(&'static str),
}

/// One online meeting.
#[derive(Debug)]
pub struct MeetingJson<'a> {
    /// `id`
    pub id: &'a str,
    /// `creationDateTime`
    pub created: Option<Ticks>,
    /// `startDateTime`
    pub start: Option<Ticks>,
    /// `endDateTime`
    pub end: Option<Ticks>,
    /// `expiryDateTime`
    pub expiry: Ticks,
    /// `joinWebUrl`
    pub join_web_url: Option<&'a str>,
    /// `subject`
    pub subject: Option<&'a str>,
    /// `externalId`
    pub external_id: Option<&'a str>,
    /// `videoTeleconferenceId`
    pub video_teleconference_id: Option<&'a str>,
    /// `meetingType`
    pub meeting_type: &'a str,
    /// Thread of `chatInfo`
    pub thread_id: &'a str,
    /// Of `joinMeetingIdSettings`
    pub join_meeting_id: Option<&'a str>,
    /// Of `joinMeetingIdSettings`
    pub passcode: Option<&'a str>,
    /// `participants/organizer`
    pub organizer: ParticipantJson<'a>,
    /// `participants/attendees`
    pub attendees: Vec<ParticipantJson<'a>>,
    /// Members that are kept as a program wrote them.
    pub settings: &'a serde_json::Map<String, serde_json::Value>,
}

/// `meetingParticipantInfo`
#[derive(Debug)]
pub struct ParticipantJson<'a> {
    /// Object id.
    pub user_id: &'a str,
    /// Tenant.
    pub tenant_id: &'a str,
    /// `upn`
    pub upn: Option<&'a str>,
    /// `role`
    pub role: &'static str,
}

impl Members<MeetingProperty> for MeetingJson<'_> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        member: MeetingProperty,
        level: MetadataLevel,
    ) -> Result<(), M::Error> {
        let instant = |ticks: Option<Ticks>| ticks.map(|ticks| ticks.to_string());
        match member {
            MeetingProperty::Id => map.serialize_entry(name, self.id),
            MeetingProperty::CreationDateTime => map.serialize_entry(name, &instant(self.created)),
            MeetingProperty::StartDateTime => map.serialize_entry(name, &instant(self.start)),
            MeetingProperty::EndDateTime => map.serialize_entry(name, &instant(self.end)),
            MeetingProperty::ExpiryDateTime => map.serialize_entry(name, &self.expiry.to_string()),
            MeetingProperty::JoinWebUrl => map.serialize_entry(name, &self.join_web_url),
            MeetingProperty::Subject => map.serialize_entry(name, &self.subject),
            MeetingProperty::ExternalId => map.serialize_entry(name, &self.external_id),
            MeetingProperty::VideoTeleconferenceId => {
                map.serialize_entry(name, &self.video_teleconference_id)
            }
            MeetingProperty::MeetingType => map.serialize_entry(name, self.meeting_type),
            MeetingProperty::IsBroadcast => map.serialize_entry(name, &(self.meeting_type == "broadcast")),
            MeetingProperty::ChatInfo => map.serialize_entry(
                name,
                &ChatInfo {
                    thread_id: self.thread_id,
                    message_id: "0",
                    reply_chain_message_id: None,
                },
            ),
            MeetingProperty::JoinMeetingIdSettings => {
                let settings = self.join_meeting_id.map(|id| JoinMeetingIdSettings {
                    is_passcode_required: self.passcode.is_some(),
                    join_meeting_id: id,
                    passcode: self.passcode,
                });
                map.serialize_entry(name, &settings)
            }
            MeetingProperty::Participants => {
                map.serialize_entry(name, &Participants { meeting: self, level })
            }
            MeetingProperty::Setting(setting) => match self.settings.get(setting) {
                Some(value) => map.serialize_entry(name, value),
                None => map.serialize_entry(name, &default_of(setting)),
            },
        }
    }
}

/// What a member is as long as nobody has said anything: what Graph answers for a meeting that was just made.
fn default_of(setting: &str) -> serde_json::Value {
    match setting {
        "allowAttendeeToEnableCamera"
        | "allowAttendeeToEnableMic"
        | "allowBreakoutRooms"
        | "allowParticipantsToChangeName"
        | "allowPowerPointSharing"
        | "allowRecording"
        | "allowTeamworkReactions"
        | "allowTranscription"
        | "allowWhiteboard" => true.into(),
        "isEndToEndEncryptionEnabled" | "isEntryExitAnnounced" | "recordAutomatically" => false.into(),
        "allowMeetingChat" | "allowLiveShare" => "enabled".into(),
        "allowedPresenters" => "everyone".into(),
        "lobbyBypassSettings" => {
            serde_json::json!({"scope": "organization", "isDialInBypassEnabled": false})
        }
        _ => serde_json::Value::Null,
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatInfo<'a> {
    thread_id: &'a str,
    message_id: &'a str,
    reply_chain_message_id: Option<&'a str>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinMeetingIdSettings<'a> {
    is_passcode_required: bool,
    join_meeting_id: &'a str,
    passcode: Option<&'a str>,
}

struct Participants<'a> {
    meeting: &'a MeetingJson<'a>,
    level: MetadataLevel,
}

impl Serialize for Participants<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = |person| Person {
            person,
            level: self.level,
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("organizer", &one(&self.meeting.organizer))?;
        let attendees: Vec<_> = self.meeting.attendees.iter().map(one).collect();
        map.serialize_entry("attendees", &attendees)?;
        map.end()
    }
}

struct Person<'a> {
    person: &'a ParticipantJson<'a>,
    level: MetadataLevel,
}

impl Serialize for Person<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let person = self.person;
        let identity = IdentitySet {
            user_id: person.user_id,
            tenant_id: person.tenant_id,
            level: self.level,
        };
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("identity", &identity)?;
        map.serialize_entry("role", person.role)?;
        map.serialize_entry("upn", &person.upn)?;
        map.end()
    }
}
