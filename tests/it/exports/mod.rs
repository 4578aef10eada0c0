//! `getAllRecordings` and `getAllTranscripts` of meetings and of ad hoc calls (contract section 3).

mod access;
mod answers;
mod calls;
mod states;
mod superset;
mod urls;

use crate::support::names::{ARCHIVER, ORGANIZER};
use crate::support::{Answer, TestApp, TokenOf};

/// `/v1.0/users/{organizer}/onlineMeetings`
fn meetings() -> String {
    format!("/v1.0/users/{ORGANIZER}/onlineMeetings")
}

/// The organizer's recordings, with further parameters such as `,startDateTime=…`.
fn all_recordings(further: &str) -> String {
    format!(
        "{}/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}'{further})",
        meetings()
    )
}

/// Asks as the application that may.
async fn get(app: &TestApp, path: &str) -> Answer {
    app.get(path, &TokenOf::application(ARCHIVER).sign()).await
}

/// The ids of a page.
async fn ids(app: &TestApp, path: &str) -> Vec<String> {
    let answer = get(app, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.ids()
}
