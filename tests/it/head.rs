//! HEAD tells of every path what GET would.

use crate::support::names::{ARCHIVER, CALL, ORGANIZER, STANDUP, my_standup};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn head_is_get_without_its_body() {
    let app = TestApp::start().await;
    let user = TokenOf::user(ORGANIZER)
        .permissions(&[
            "OnlineMeetingRecording.Read.All",
            "OnlineMeetingTranscript.Read.All",
            "OnlineMeetings.Read",
            "CallRecordings.Read.All",
            "User.Read",
        ])
        .sign();
    let application = TokenOf::application(ARCHIVER)
        .permissions(&["OnlineMeetingRecording.Read.All", "OnlineMeetings.Read.All"])
        .sign();
    let found = "?$filter=JoinWebUrl eq 'https://teams.example/standup'";
    for (path, token) in [
        ("/v1.0".to_owned(), &user),
        ("/v1.0/$metadata".to_owned(), &user),
        ("/v1.0/me".to_owned(), &user),
        (my_standup(), &user),
        (format!("/v1.0/me/onlineMeetings{found}"), &user),
        ("/v1.0/me/onlineMeetings/$count".to_owned(), &user),
        (
            "/v1.0/communications/onlineMeetings?$filter=videoTeleconferenceId eq '123'".to_owned(),
            &application,
        ),
        (format!("{}/recordings?$top=1", my_standup()), &user),
        (format!("{}/recordings/$count", my_standup()), &user),
        (format!("{}/recordings/delta", my_standup()), &user),
        (format!("{}/recordings/recording-1", my_standup()), &user),
        (format!("{}/recordings/recording-1/content", my_standup()), &user),
        (
            format!("{}/transcripts/transcript-1/metadataContent", my_standup()),
            &user,
        ),
        ("/v1.0/me/adhocCalls".to_owned(), &user),
        (format!("/v1.0/me/adhocCalls/{CALL}"), &user),
        (
            format!(
                "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
            ),
            &application,
        ),
        (
            format!(
                "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')/delta"
            ),
            &application,
        ),
        // Refusals too.
        ("/v1.0/nothing".to_owned(), &user),
        (format!("/v1.0/me/onlineMeetings/{STANDUP}x"), &user),
        ("/v1.0/me/onlineMeetings".to_owned(), &user),
    ] {
        let get = app.get(&path, token).await;
        let head = app.send(app.request("HEAD", &path).bearer_auth(token)).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for (name, value) in &get.headers {
            if !["date", "request-id", "client-request-id"].contains(&name.as_str()) {
                assert_eq!(head.headers.get(name), Some(value), "{path} {name}");
            }
        }
    }
}
