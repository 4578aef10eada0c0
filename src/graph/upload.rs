//! Uploads, in our own name space `/api/v1`: what asks for one, and what is answered. Sidecars of files say the same.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for an upload session: what is uploaded, into which meeting, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UploadRequest {
    /// The meeting that it was recorded in.
    #[serde(default)]
    pub meeting: MeetingReference,
    /// A recording whose bytes are uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingDescription>,
    /// A transcript: its text, or else its bytes are uploaded. Beside a recording it has its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptDescription>,
    /// The file. Left out where a transcript brings its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemDescription>,
    /// Where it comes from. The same source once more gives the same session, or what has become of it.
    pub source: SourceReference,
}

/// A meeting: its id, or what describes it. It is found by its organizer and `externalId`, or made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeetingReference {
    /// Id of a meeting that is there. Beside it there is nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub id: Option<String>,
    /// How the recording system names the meeting. Without it the meeting is one of this recording alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1024)]
    pub external_id: Option<String>,
    /// Object id or userPrincipalName of the organizer. Without it the signed-in user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub organizer: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub subject: Option<String>,
    /// When it begins. Without it, when the recording began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub start_date_time: Option<String>,
    /// When it ends. Without it, when the recording ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub end_date_time: Option<String>,
    /// Who took part, the organizer aside. They must be users of the tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub participants: Vec<ParticipantReference>,
}

/// Somebody who took part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParticipantReference {
    /// Object id or userPrincipalName.
    #[schema(max_length = 1024)]
    pub user: String,
    /// `attendee`, `presenter`, `producer` or `coorganizer`; without it `attendee`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(attendee|presenter|producer|coorganizer)$")]
    pub role: Option<String>,
}

/// What is said of a recording. What is left out is told by the file, or made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordingDescription {
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub created_date_time: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub end_date_time: Option<String>,
    /// The instance of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub call_id: Option<String>,
    /// What joins a recording with its transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub content_correlation_id: Option<String>,
}

/// What is said of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TranscriptDescription {
    /// Its text, as WebVTT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^\\uFEFF?WEBVTT([ \\t\\r\\n]|$)")]
    pub content: Option<String>,
    /// Its `metadataContent`. Without it that is made of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^\\uFEFF?WEBVTT([ \\t\\r\\n]|$)")]
    pub metadata_content: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub created_date_time: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub end_date_time: Option<String>,
    /// The instance of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub call_id: Option<String>,
    /// What joins a recording with its transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub content_correlation_id: Option<String>,
}

/// The file that is uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ItemDescription {
    /// Its name where it comes from. It is stored under a name of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 8192)]
    pub name: Option<String>,
    /// Its length in bytes.
    #[schema(minimum = 1)]
    pub size: i64,
    /// Its SHA-256, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    pub sha256: Option<String>,
}

/// Where something comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceReference {
    /// Which system, such as `jibri` or `zoom`.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub system: String,
    /// How that system names the recording.
    #[schema(min_length = 1, max_length = 1024)]
    pub id: String,
}

/// An upload session (Graph's `uploadSession`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UploadSession)]
pub struct UploadSessionJson {
    /// Where the bytes go: PUT slices with `Content-Range`, GET how far it is, DELETE to give it up. It carries its own secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub upload_url: Option<String>,
    /// When the session ends, unless it goes on.
    #[schema(format = DateTime)]
    pub expiration_date_time: String,
    /// What is still expected, such as `0-1048575`; empty when all bytes have come.
    pub next_expected_ranges: Vec<String>,
    /// A length of slices that passes the usual limits of proxies, in bytes.
    #[serde(rename = "@graphophone.sliceSize")]
    pub slice_size: u64,
    /// Why it has failed. It is kept to be looked at; begin anew after DELETE.
    #[serde(rename = "@graphophone.fault", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fault: Option<String>,
}
