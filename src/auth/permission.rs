//! Permissions that open an operation, spelled as Graph spells them. Compared exactly, case included.

use crate::db::artifacts::ArtifactKind;

/// What a caller needs, one of each list.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    /// Delegated permissions (`scp`).
    pub scopes: &'static [&'static str],
    /// Application permissions (`roles`).
    pub roles: &'static [&'static str],
    /// Resource-specific permission that a consent may give for one chat.
    pub chat: &'static str,
}

/// Reads recordings of a meeting.
const RECORDINGS: Permission = Permission {
    scopes: &["OnlineMeetingRecording.Read.All"],
    roles: &["OnlineMeetingRecording.Read.All"],
    chat: "OnlineMeetingRecording.Read.Chat",
};

/// Reads transcripts of a meeting.
const TRANSCRIPTS: Permission = Permission {
    scopes: &["OnlineMeetingTranscript.Read.All"],
    roles: &["OnlineMeetingTranscript.Read.All"],
    chat: "OnlineMeetingTranscript.Read.Chat",
};

impl Permission {
    /// What reading a meeting's artifacts of that kind needs.
    pub const fn to_read(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &RECORDINGS,
            ArtifactKind::Transcript => &TRANSCRIPTS,
        }
    }
}

/// Whether `granted` has one of `wanted`.
pub(super) fn has_one(granted: &[String], wanted: &[&str]) -> bool {
    granted.iter().any(|name| wanted.contains(&name.as_str()))
}
