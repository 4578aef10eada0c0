//! `onlineMeetings`: get, find, create, change, delete (contract section 5).

mod access;
mod bodies;
mod create;
mod delete;
mod find;
mod get;
mod superset;
mod update;

use serde_json::Value;

use crate::support::names::{ARCHIVER, ORGANIZER};
use crate::support::{Answer, TestApp, TokenOf};

/// `/v1.0/me/onlineMeetings`
const MINE: &str = "/v1.0/me/onlineMeetings";

/// `/v1.0/users/{organizer}/onlineMeetings`
fn of_organizer() -> String {
    format!("/v1.0/users/{ORGANIZER}/onlineMeetings")
}

/// A user who has signed in to read and write meetings.
fn writer(user: &str) -> String {
    TokenOf::user(user)
        .permissions(&["OnlineMeetings.ReadWrite"])
        .sign()
}

/// A user who has signed in to read meetings, recordings and transcripts.
fn reader(user: &str) -> String {
    let permissions = ["OnlineMeetings.Read", "OnlineMeetingRecording.Read.All"];
    TokenOf::user(user).permissions(&permissions).sign()
}

/// The application that reads and writes meetings.
fn application() -> String {
    TokenOf::application(ARCHIVER)
        .permissions(&["OnlineMeetings.ReadWrite.All"])
        .sign()
}

/// Makes a meeting of the organizer.
async fn created(app: &TestApp, body: &Value) -> Value {
    let answer = app.send_json("POST", MINE, &writer(ORGANIZER), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Where a meeting is.
fn path_of(meeting: &Value) -> String {
    format!("{MINE}/{}", meeting["id"].as_str().unwrap())
}

/// The body of an answer for a snapshot, without what is made by chance.
fn shown(app: &TestApp, answer: &Answer) -> String {
    let mut shown = app.shown(answer);
    let body = answer.json();
    for (value, name) in [
        (&body["id"], "[meeting]"),
        (&body["chatInfo"]["threadId"], "[thread]"),
        (&body["joinWebUrl"], "[joinWebUrl]"),
        (&body["joinMeetingIdSettings"]["joinMeetingId"], "[joinMeetingId]"),
        (&body["joinMeetingIdSettings"]["passcode"], "[passcode]"),
    ] {
        if let Some(text) = value.as_str() {
            shown = shown.replace(&format!("\"{text}\""), &format!("\"{name}\""));
        }
    }
    shown
}
