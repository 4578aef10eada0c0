//! `callRecording` and `callTranscript` (contract sections 1 and 4).

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::entity::{Members, MetadataLevel};
use crate::clock::Ticks;

/// A property of either type, streams included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactProperty {
    /// `id`
    Id,
    /// `meetingId`
    MeetingId,
    /// `callId`
    CallId,
    /// `contentCorrelationId`
    ContentCorrelationId,
    /// `createdDateTime`
    CreatedDateTime,
    /// `endDateTime`
    EndDateTime,
    /// `recordingContentUrl` or `transcriptContentUrl`
    ContentUrl,
    /// `meetingOrganizer`
    MeetingOrganizer,
    /// `content`: a stream, never part of the JSON
    Content,
    /// `metadataContent`: a stream, never part of the JSON
    MetadataContent,
}

/// One recording or transcript.
#[derive(Debug)]
pub struct ArtifactJson<'a> {
    /// `id`
    pub id: &'a str,
    /// `meetingId`; an ad hoc call's has none.
    pub meeting_id: Option<&'a str>,
    /// `callId`
    pub call_id: &'a str,
    /// `contentCorrelationId`
    pub content_correlation_id: &'a str,
    /// `createdDateTime`
    pub created: Ticks,
    /// `endDateTime`
    pub end: Option<Ticks>,
    /// `recordingContentUrl` or `transcriptContentUrl`
    pub content_url: String,
    /// Object id of the organizer
    pub organizer_id: &'a str,
    /// Tenant of the organizer
    pub tenant_id: &'a str,
}

impl Members<ArtifactProperty> for ArtifactJson<'_> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        member: ArtifactProperty,
        level: MetadataLevel,
    ) -> Result<(), M::Error> {
        match member {
            ArtifactProperty::Id => map.serialize_entry(name, self.id),
            ArtifactProperty::MeetingId => match self.meeting_id {
                Some(meeting) => map.serialize_entry(name, meeting),
                None => Ok(()),
            },
            ArtifactProperty::CallId => map.serialize_entry(name, self.call_id),
            ArtifactProperty::ContentCorrelationId => map.serialize_entry(name, self.content_correlation_id),
            ArtifactProperty::CreatedDateTime => map.serialize_entry(name, &self.created.to_string()),
            ArtifactProperty::EndDateTime => map.serialize_entry(name, &self.end.map(|end| end.to_string())),
            ArtifactProperty::ContentUrl => map.serialize_entry(name, &self.content_url),
            ArtifactProperty::MeetingOrganizer => map.serialize_entry(
                name,
                &IdentitySet {
                    user_id: self.organizer_id,
                    tenant_id: self.tenant_id,
                    level,
                },
            ),
            ArtifactProperty::Content | ArtifactProperty::MetadataContent => Ok(()),
        }
    }
}

/// `identitySet` with a `teamworkUserIdentity` (contract section 1.5).
#[derive(Debug)]
pub struct IdentitySet<'a> {
    /// Object id of the user.
    pub user_id: &'a str,
    /// Tenant of the user.
    pub tenant_id: &'a str,
    /// How much metadata is written.
    pub level: MetadataLevel,
}

impl Serialize for IdentitySet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("application", &())?;
        map.serialize_entry("device", &())?;
        map.serialize_entry("user", &TeamworkUser(self))?;
        map.end()
    }
}

struct TeamworkUser<'a>(&'a IdentitySet<'a>);

impl Serialize for TeamworkUser<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.0.level != MetadataLevel::None {
            map.serialize_entry("@odata.type", "#microsoft.graph.teamworkUserIdentity")?;
        }
        map.serialize_entry("id", self.0.user_id)?;
        map.serialize_entry("displayName", &())?;
        if self.0.level == MetadataLevel::Full {
            map.serialize_entry(
                "userIdentityType@odata.type",
                "#microsoft.graph.teamworkUserIdentityType",
            )?;
        }
        map.serialize_entry("userIdentityType", "aadUser")?;
        map.serialize_entry("tenantId", self.0.tenant_id)?;
        map.end()
    }
}
