//! The property table: what each entity type has, and in which order it is written.

use crate::db::artifacts::ArtifactKind;
use crate::graph::artifact::ArtifactProperty::{
    self, CallId, Content, ContentCorrelationId, ContentUrl, CreatedDateTime, EndDateTime, Id, MeetingId,
    MeetingOrganizer, MetadataContent,
};

/// A type of Graph's schema.
#[derive(Debug, PartialEq, Eq)]
pub struct EntityType {
    /// Its name without `microsoft.graph.`.
    pub name: &'static str,
    /// The segment of its collection under a meeting.
    pub collection: &'static str,
    /// What is part of the JSON, in the order of the reference page's example 3.
    pub properties: &'static [(&'static str, ArtifactProperty)],
    /// Streams: they can be selected, and are never part of the JSON.
    pub streams: &'static [(&'static str, ArtifactProperty)],
}

const RECORDING: EntityType = EntityType {
    name: "callRecording",
    collection: "recordings",
    properties: &[
        ("id", Id),
        ("meetingId", MeetingId),
        ("callId", CallId),
        ("contentCorrelationId", ContentCorrelationId),
        ("createdDateTime", CreatedDateTime),
        ("endDateTime", EndDateTime),
        ("recordingContentUrl", ContentUrl),
        ("meetingOrganizer", MeetingOrganizer),
    ],
    streams: &[("content", Content)],
};

const TRANSCRIPT: EntityType = EntityType {
    name: "callTranscript",
    collection: "transcripts",
    properties: &[
        ("id", Id),
        ("meetingId", MeetingId),
        ("callId", CallId),
        ("contentCorrelationId", ContentCorrelationId),
        ("createdDateTime", CreatedDateTime),
        ("endDateTime", EndDateTime),
        ("transcriptContentUrl", ContentUrl),
        ("meetingOrganizer", MeetingOrganizer),
    ],
    streams: &[("content", Content), ("metadataContent", MetadataContent)],
};

impl EntityType {
    /// The type of that kind of artifact.
    pub const fn of(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &RECORDING,
            ArtifactKind::Transcript => &TRANSCRIPT,
        }
    }

    /// Every property, streams last.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, ArtifactProperty)> {
        self.properties.iter().chain(self.streams).copied()
    }

    /// The property of that name, in whatever case: the reference itself writes `contentcorrelationId`.
    pub fn property(&self, name: &str) -> Option<(&'static str, ArtifactProperty)> {
        self.all()
            .find(|(declared, _)| declared.eq_ignore_ascii_case(name))
    }

    /// Graph's words for a name that the type does not have.
    pub fn no_property(&self, name: &str) -> String {
        format!(
            "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
            self.name
        )
    }
}
