//! `callRecording` and `callTranscript` (contract sections 1 and 4).

use serde::ser::{Serialize, SerializeMap, Serializer};

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
    /// The members that are written, with their names, in that order.
    pub members: &'a [(&'static str, ArtifactProperty)],
    /// `id`
    pub id: &'a str,
    /// `meetingId`
    pub meeting_id: &'a str,
    /// `callId`
    pub call_id: &'a str,
    /// `contentCorrelationId`
    pub content_correlation_id: &'a str,
    /// `createdDateTime`
    pub created: Ticks,
    /// `endDateTime`
    pub end: Option<Ticks>,
    /// `recordingContentUrl` or `transcriptContentUrl`
    pub content_url: &'a str,
    /// Object id of the organizer
    pub organizer_id: &'a str,
    /// Tenant of the organizer
    pub tenant_id: &'a str,
}

impl ArtifactJson<'_> {
    /// Writes the members into an object that may have others.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn write_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (name, property) in self.members {
            match property {
                ArtifactProperty::Id => map.serialize_entry(name, self.id)?,
                ArtifactProperty::MeetingId => map.serialize_entry(name, self.meeting_id)?,
                ArtifactProperty::CallId => map.serialize_entry(name, self.call_id)?,
                ArtifactProperty::ContentCorrelationId => {
                    map.serialize_entry(name, self.content_correlation_id)?;
                }
                ArtifactProperty::CreatedDateTime => map.serialize_entry(name, &self.created.to_string())?,
                ArtifactProperty::EndDateTime => {
                    map.serialize_entry(name, &self.end.map(|end| end.to_string()))?;
                }
                ArtifactProperty::ContentUrl => map.serialize_entry(name, self.content_url)?,
                ArtifactProperty::MeetingOrganizer => map.serialize_entry(name, &self.organizer())?,
                ArtifactProperty::Content | ArtifactProperty::MetadataContent => {}
            }
        }
        Ok(())
    }

    fn organizer(&self) -> IdentitySet<'_> {
        IdentitySet {
            organizer_id: self.organizer_id,
            tenant_id: self.tenant_id,
        }
    }
}

impl Serialize for ArtifactJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write_members(&mut map)?;
        map.end()
    }
}

/// `identitySet` with a `teamworkUserIdentity` (contract section 1.5).
struct IdentitySet<'a> {
    organizer_id: &'a str,
    tenant_id: &'a str,
}

impl Serialize for IdentitySet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("application", &())?;
        map.serialize_entry("device", &())?;
        map.serialize_entry(
            "user",
            &TeamworkUser {
                id: self.organizer_id,
                tenant_id: self.tenant_id,
            },
        )?;
        map.end()
    }
}

struct TeamworkUser<'a> {
    id: &'a str,
    tenant_id: &'a str,
}

impl Serialize for TeamworkUser<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("@odata.type", "#microsoft.graph.teamworkUserIdentity")?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("displayName", &())?;
        map.serialize_entry("userIdentityType", "aadUser")?;
        map.serialize_entry("tenantId", self.tenant_id)?;
        map.end()
    }
}
