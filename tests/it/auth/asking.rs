//! What most tests of this folder ask, and what they seed beside `seed.yaml`.

use graphophone::ids;

use crate::support::names::{CONTOSO, ORGANIZER, my_standup, standup_of};
use crate::support::{Answer, TestApp};

pub const INVALID: &str = "Access token validation failure.";
pub const NO_RELATION: &str = "3003: User does not have access to lookup meeting";
pub const NO_POLICY: &str = "No application access policy found for this app";
pub const NO_ICAL: &str =
    "No iCalUid found for the meeting. This API is supported only for calendar backed OnlineMeeting.";

/// `/v1.0/users/{user}/…/recordings/recording-1`
pub fn recording_of(user: &str) -> String {
    format!("{}/recordings/recording-1", standup_of(user))
}

/// `/v1.0/users/{user}/…/recordings/recording-1/content`
pub fn content_of(user: &str) -> String {
    recording_of(user) + "/content"
}

/// `/v1.0/me/…/recordings/recording-1`
pub fn my_recording() -> String {
    format!("{}/recordings/recording-1", my_standup())
}

/// Metadata and content, as `/me` and below `/users/{user}`.
pub fn four_urls(user: &str) -> [String; 4] {
    [
        my_recording(),
        my_recording() + "/content",
        recording_of(user),
        content_of(user),
    ]
}

/// The two below `/users/{user}`.
pub fn two_urls(user: &str) -> [String; 2] {
    [recording_of(user), content_of(user)]
}

/// Status, code and message.
pub fn refusal(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

pub fn unauthenticated(message: &str) -> (u16, String, String) {
    refusal(401, "InvalidAuthenticationToken", message)
}

pub fn forbidden(message: &str) -> (u16, String, String) {
    refusal(403, "Forbidden", message)
}

/// An answer without what differs between any two: ids and dates.
pub fn essence(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut body = answer.text();
    for name in ["request-id", "client-request-id"] {
        body = body.replace(answer.header(name), "[id]");
    }
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["request-id", "client-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, body)
}

/// Contoso with these settings, as a seed.
pub fn settings(settings: &str) -> String {
    format!("tenants: [{{ id: '{CONTOSO}', displayName: 'Contoso', settings: {{ {settings} }} }}]\n")
}

/// A meeting of the organizer with one recording, `recording-of-{name}`.
pub struct Meeting {
    pub id: String,
    pub yaml: String,
    name: String,
}

impl Meeting {
    /// With these members beside id, organizer and thread.
    pub fn new(name: &str, members: &str) -> Self {
        let thread = format!("19:meeting_{name}@thread.v2");
        Self::with_id(&ids::meeting_id(ORGANIZER, &thread), name, members)
    }

    /// The same with an id that is not made from organizer and thread.
    pub fn with_id(id: &str, name: &str, members: &str) -> Self {
        let yaml = format!(
            "onlineMeetings:
  - {{ id: '{id}', organizerId: '{ORGANIZER}', threadId: '19:meeting_{name}@thread.v2', {members} }}
recordings:
  - {{ id: 'recording-of-{name}', meetingId: '{id}', createdDateTime: '2026-01-05T09:00:00Z', contentFile: one.mp4 }}
"
        );
        Self {
            id: id.to_owned(),
            yaml,
            name: name.to_owned(),
        }
    }

    /// Below `/me` or `/users/{user}`.
    pub fn path(&self, user: Option<&str>) -> String {
        let user = user.map_or_else(|| "me".to_owned(), |user| format!("users/{user}"));
        format!("/v1.0/{user}/onlineMeetings/{}", self.id)
    }

    /// All that may be asked of it: the recording, its content, the list and the count.
    pub fn urls(&self, user: Option<&str>) -> [String; 4] {
        let recordings = self.path(user) + "/recordings";
        [
            format!("{recordings}/recording-of-{}", self.name),
            format!("{recordings}/recording-of-{}/content", self.name),
            recordings.clone(),
            recordings + "/$count",
        ]
    }

    /// Its recording.
    pub fn recording(&self, user: Option<&str>) -> String {
        let [recording, ..] = self.urls(user);
        recording
    }
}

/// Asks with GET and expects a status.
pub async fn expect_status(app: &TestApp, path: &str, token: &str, status: u16) {
    let answer = app.get(path, token).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
}

/// Asks with GET and expects a refusal.
pub async fn expect_refusal(app: &TestApp, path: &str, token: &str, expected: &(u16, String, String)) {
    assert_eq!(&app.get(path, token).await.error(), expected, "{path}");
}
