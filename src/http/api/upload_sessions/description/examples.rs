//! Examples of what is asked and answered, for `openapi.json`. A test holds each against its schema.

use serde_json::{Value, json};

use crate::graph::upload::UploadSessionJson;
use crate::http::api::upload_sessions::SLICE_BYTES;

/// Asks for a session for a recording.
pub(super) fn recording_request() -> Value {
    json!({
        "meeting": {
            "externalId": "room-7", "organizer": "megan@contoso.example", "subject": "Planning",
            "startDateTime": "2026-01-21T09:00:00Z", "endDateTime": "2026-01-21T10:00:00Z",
            "participants": [{ "user": "alex@contoso.example", "role": "presenter" }]
        },
        "recording": { "createdDateTime": "2026-01-21T09:01:30Z" },
        "item": {
            "name": "room-7_2026-01-21.mp4", "size": 2_097_152,
            "sha256": "5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee"
        },
        "source": { "system": "jibri", "id": "qvpxzkbtwnrgcyml" }
    })
}

/// Brings the text of a transcript.
pub(super) fn transcript_request() -> Value {
    json!({
        "meeting": { "externalId": "room-7", "organizer": "megan@contoso.example" },
        "transcript": { "content": "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n<v Megan>Good morning.</v>\n" },
        "source": { "system": "jibri", "id": "qvpxzkbtwnrgcyml" }
    })
}

/// A session of which nothing has come.
pub(super) fn begun() -> Value {
    session(Some("https://archive.example/api/v1/uploadSessions/2fY…"), 0)
}

/// The same, one slice later, found again.
pub(super) fn gone_on() -> Value {
    session(
        Some("https://archive.example/api/v1/uploadSessions/2fY…"),
        SLICE_BYTES,
    )
}

/// The same, as its `uploadUrl` answers.
pub(super) fn far() -> Value {
    session(None, SLICE_BYTES)
}

fn session(url: Option<&str>, received: u64) -> Value {
    let session = UploadSessionJson {
        upload_url: url.map(ToOwned::to_owned),
        expiration_date_time: "2026-01-28T10:05:00.0000000Z".to_owned(),
        next_expected_ranges: vec![format!("{received}-2097151")],
        slice_size: SLICE_BYTES,
        fault: None,
    };
    json!(session)
}

/// What has become of a recording.
pub(super) fn recording() -> Value {
    artifact(
        "recordings",
        "recordingContentUrl",
        "2026-01-21T09:58:11.2000000Z",
    )
}

/// What has become of a transcript.
pub(super) fn transcript() -> Value {
    artifact(
        "transcripts",
        "transcriptContentUrl",
        "2026-01-21T09:01:32.0000000Z",
    )
}

fn artifact(collection: &str, content_url: &str, end: &str) -> Value {
    let organizer = "8a119b9e-16bc-4732-8f7b-7676d015b0dc";
    let place = format!("users/{organizer}/onlineMeetings/weekly/{collection}/one/content");
    json!({
        "@odata.type": if collection == "recordings" { "#microsoft.graph.callRecording" } else { "#microsoft.graph.callTranscript" },
        "id": "one",
        "meetingId": "weekly",
        "callId": "f0d379d7-2f8c-4eb2-a70c-1cd355555e31",
        "contentCorrelationId": "a7f8022a-4eed-4f2a-af87-7ca98a42827f-0",
        "createdDateTime": "2026-01-21T09:01:30.0000000Z",
        "endDateTime": end,
        content_url: format!("https://archive.example/v1.0/{place}"),
        "meetingOrganizer": {
            "application": null,
            "device": null,
            "user": {
                "@odata.type": "#microsoft.graph.teamworkUserIdentity",
                "id": organizer,
                "displayName": null,
                "userIdentityType": "aadUser",
                "tenantId": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a"
            }
        }
    })
}
