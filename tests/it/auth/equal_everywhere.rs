//! Every route that names something: what there is not and what is another's are answered alike (security.md section 2).

use graphophone::ids;
use serde_json::json;

use super::asking::{Meeting, essence};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CALL, FABRIKAM_MEETING, FABRIKAM_ORGANIZER, ORGANIZER, OUTSIDER, STANDUP,
};
use crate::support::{Answer, TestApp, TokenOf};

/// Everything that is asked for here.
const SCOPES: [&str; 6] = [
    "OnlineMeetingRecording.Read.All",
    "OnlineMeetingTranscript.Read.All",
    "OnlineMeetings.ReadWrite",
    "CallRecordings.Read.All",
    "CallTranscripts.Read.All",
    "User.Read.All",
];
const ROLES: [&str; 6] = [
    "OnlineMeetingRecording.Read.All",
    "OnlineMeetingTranscript.Read.All",
    "OnlineMeetings.ReadWrite.All",
    "CallRecordings.Read.All",
    "CallTranscripts.Read.All",
    "User.Read.All",
];

/// What lies below one meeting: method and path.
const BELOW_MEETING: [(&str, &str); 17] = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/recordings"),
    ("GET", "/recordings?$top=1"),
    ("GET", "/recordings/$count"),
    ("GET", "/recordings/delta"),
    ("GET", "/recordings/recording-1"),
    ("GET", "/recordings/recording-1/content"),
    ("HEAD", "/recordings/recording-1/content"),
    ("GET", "/recordings/recording-1/content/$value"),
    ("GET", "/transcripts"),
    ("GET", "/transcripts/$count"),
    ("GET", "/transcripts/delta()"),
    ("GET", "/transcripts/transcript-1"),
    ("GET", "/transcripts/transcript-1/content"),
    ("GET", "/transcripts/transcript-1/metadataContent"),
];

/// What lies below one call.
const BELOW_CALL: [&str; 9] = [
    "",
    "/recordings",
    "/recordings/$count",
    "/recordings/delta",
    "/recordings/call-recording",
    "/recordings/call-recording/content",
    "/transcripts",
    "/transcripts/call-transcript/content",
    "/transcripts/call-transcript/metadataContent",
];

/// Meetings of another tenant, of the same one, deleted, expired, and two that there never were.
async fn app() -> TestApp {
    let mut setup = TestApp::with().seed(&format!(
        "onlineMeetings:
  - {{ id: theirs, organizerId: '{FABRIKAM_ORGANIZER}', joinWebUrl: 'https://teams.example/theirs', videoTeleconferenceId: '9', expiryDateTime: '2099-01-01T00:00:00Z', externalId: 'e-1' }}
adhocCalls:
  - {{ id: of-attendee, userId: '{ATTENDEE}' }}
  - {{ id: of-fabrikam, userId: '{FABRIKAM_ORGANIZER}' }}
recordings:
  - {{ id: of-fabrikams-call, adhocCallId: of-fabrikam, createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4 }}"
    ));
    for meeting in [deleted(), expired()] {
        setup = setup.seed(&meeting.yaml);
    }
    setup.start().await
}

fn deleted() -> Meeting {
    Meeting::new(
        "deleted",
        "expiryDateTime: '2099-01-01T00:00:00Z', deletedDateTime: '2026-01-20T00:00:00Z'",
    )
}

fn expired() -> Meeting {
    Meeting::new("expired", "expiryDateTime: '2026-01-31T00:00:00Z'")
}

fn missing() -> String {
    ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2")
}

fn nobodys() -> String {
    let nobody = "ffffffff-0000-4000-8000-000000000001";
    ids::meeting_id(nobody, "19:meeting_missing@thread.v2")
}

async fn ask(app: &TestApp, method: &str, path: &str, token: &str) -> Answer {
    match method {
        "PATCH" => {
            app.send_json(method, path, token, &json!({ "subject": "x" }))
                .await
        }
        _ => app.send(app.request(method, path).bearer_auth(token)).await,
    }
}

#[tokio::test]
async fn meetings_that_are_not_for_the_caller_are_one_to_every_route() {
    let app = app().await;
    let user = |user| TokenOf::user(user).permissions(&SCOPES).sign();
    let application = TokenOf::application(ARCHIVER).permissions(&ROLES).sign();
    for (who, token, head) in [
        ("an outsider", user(OUTSIDER), "/v1.0/me".to_owned()),
        (
            "an outsider on the organizer's path",
            user(OUTSIDER),
            format!("/v1.0/users/{ORGANIZER}"),
        ),
        (
            "an application for an outsider",
            application.clone(),
            format!("/v1.0/users/{OUTSIDER}"),
        ),
        (
            "an application for nobody",
            application,
            "/v1.0/users/nobody".to_owned(),
        ),
    ] {
        for (method, tail) in BELOW_MEETING {
            let mut answers = Vec::new();
            for meeting in [
                STANDUP,
                FABRIKAM_MEETING,
                &missing(),
                &nobodys(),
                &deleted().id,
                &expired().id,
            ] {
                let path = format!("{head}/onlineMeetings/{meeting}{tail}");
                answers.push(essence(&ask(&app, method, &path, &token).await));
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{who}: {method} {tail}: {answers:?}");
            assert_eq!(answers[0].0, 403, "{who}: {method} {tail}");
        }
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn to_an_organizer_meetings_of_others_are_one_to_every_route() {
    let app = app().await;
    let token = TokenOf::user(ATTENDEE).permissions(&SCOPES).sign();
    for (method, tail) in BELOW_MEETING {
        let mut answers = Vec::new();
        for meeting in [
            FABRIKAM_MEETING,
            &missing(),
            &nobodys(),
            &deleted().id,
            &expired().id,
        ] {
            let path = format!("/v1.0/me/onlineMeetings/{meeting}{tail}");
            answers.push(essence(&ask(&app, method, &path, &token).await));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{method} {tail}: {answers:?}");
    }
}

#[tokio::test]
async fn what_is_of_another_tenant_is_as_what_is_nowhere() {
    let app = app().await;
    let user = TokenOf::user(ORGANIZER).permissions(&SCOPES).sign();
    let application = TokenOf::application(ARCHIVER).permissions(&ROLES).sign();
    let organizer = format!("/v1.0/users/{ORGANIZER}");
    for (token, head) in [
        (&user, "/v1.0/me"),
        (&user, organizer.as_str()),
        (&application, organizer.as_str()),
    ] {
        let mut pairs = Vec::new();
        for tail in BELOW_CALL {
            pairs.push((
                format!("{head}/adhocCalls/of-fabrikam{tail}"),
                format!("{head}/adhocCalls/nowhere{tail}"),
            ));
            pairs.push((
                format!("{head}/adhocCalls/of-attendee{tail}"),
                format!("{head}/adhocCalls/nowhere{tail}"),
            ));
        }
        for tail in ["", "/content"] {
            let recordings = format!("{head}/onlineMeetings/{STANDUP}/recordings");
            let of_call = format!("{head}/adhocCalls/{CALL}/recordings");
            pairs.push((
                format!("{recordings}/fabrikam-recording{tail}"),
                format!("{recordings}/nowhere{tail}"),
            ));
            pairs.push((
                format!("{recordings}/call-recording{tail}"),
                format!("{recordings}/nowhere{tail}"),
            ));
            pairs.push((
                format!("{of_call}/of-fabrikams-call{tail}"),
                format!("{of_call}/nowhere{tail}"),
            ));
            pairs.push((
                format!("{of_call}/recording-1{tail}"),
                format!("{of_call}/nowhere{tail}"),
            ));
        }
        let by = |filter: &str| format!("{head}/onlineMeetings?$filter={filter}");
        pairs.push((
            by("joinWebUrl eq 'https://teams.example/theirs'"),
            by("joinWebUrl eq 'https://teams.example/none'"),
        ));
        for (foreign, unknown) in pairs {
            let foreign_answer = essence(&app.get(&foreign, token).await);
            let unknown_answer = essence(&app.get(&unknown, token).await);
            assert_eq!(foreign_answer, unknown_answer, "{foreign}");
            assert!(foreign_answer.0 == 404 || foreign_answer.0 == 403, "{foreign}");
        }
    }
}

#[tokio::test]
async fn people_of_another_tenant_are_as_nobody_to_every_route() {
    let app = app().await;
    let user = TokenOf::user(ORGANIZER).permissions(&SCOPES).sign();
    let application = TokenOf::application(ARCHIVER).permissions(&ROLES).sign();
    let tails = [
        "",
        "/onlineMeetings?$filter=joinWebUrl eq 'https://teams.example/theirs'",
        "/onlineMeetings/getAllRecordings(meetingOrganizerUserId='[user]')",
        "/onlineMeetings/getAllRecordings?$filter=meetingOrganizer/user/id eq '[user]'",
        "/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='[user]')/delta",
        "/adhocCalls",
        "/adhocCalls/$count",
        "/adhocCalls/of-fabrikam",
        "/adhocCalls/getAllRecordings",
        "/adhocCalls/getAllTranscripts(userId='[user]')/delta",
    ];
    for token in [&user, &application] {
        for tail in tails {
            let mut answers = Vec::new();
            for someone in [
                FABRIKAM_ORGANIZER,
                "ffffffff-0000-4000-8000-000000000001",
                "organizer@fabrikam.example",
            ] {
                let path = format!("/v1.0/users/{someone}{}", tail.replace("[user]", someone));
                let (status, headers, body) = essence(&app.get(&path, token).await);
                // A refusal may repeat what was written.
                let without_length = headers.into_iter().filter(|(name, _)| name != "content-length");
                answers.push((
                    status,
                    without_length.collect::<Vec<_>>(),
                    body.replace(someone, "[user]"),
                ));
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{tail}: {answers:?}");
            assert!([403, 404].contains(&answers[0].0), "{tail}: {answers:?}");
        }
    }
    // Without a user before it.
    let mut answers = Vec::new();
    for someone in [FABRIKAM_ORGANIZER, "ffffffff-0000-4000-8000-000000000001"] {
        let path = format!("/v1.0/adhocCalls/getAllRecordings(userId='{someone}')");
        answers.push(essence(&app.get(&path, &application).await));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_device_number_of_another_tenant_is_as_one_that_nobody_has() {
    let app = app().await;
    let application = TokenOf::application(ARCHIVER).permissions(&ROLES).sign();
    let mut answers = Vec::new();
    for number in ["9", "8"] {
        let path = format!("/v1.0/communications/onlineMeetings?$filter=VideoTeleconferenceId eq '{number}'");
        answers.push(essence(&app.get(&path, &application).await));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn invitations_tell_nothing_of_another_tenant() {
    let app = app().await;
    let token = TokenOf::user(ORGANIZER).permissions(&SCOPES).sign();
    let mut answers = Vec::new();
    for someone in [FABRIKAM_ORGANIZER, "ffffffff-0000-4000-8000-000000000001"] {
        let body =
            json!({ "participants": { "attendees": [{ "identity": { "user": { "id": someone } } }] } });
        let answer = app
            .send_json("POST", "/v1.0/me/onlineMeetings", &token, &body)
            .await;
        let (status, headers, text) = essence(&answer);
        answers.push((status, headers, text.replace(someone, "[user]")));
    }
    assert_eq!(answers[0], answers[1]);
    // Nor do external ids: each organizer has its own.
    let body = json!({ "externalId": "e-1" });
    let answer = app
        .send_json("POST", "/v1.0/me/onlineMeetings/createOrGet", &token, &body)
        .await;
    assert_eq!(answer.status, 201);
}
