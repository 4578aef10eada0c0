//! Answers to callers who may not know the difference do not differ.

use graphophone::ids;

use super::asking::{Meeting, essence};
use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM_MEETING, ORGANIZER, OUTSIDER, STANDUP, WITHOUT_POLICY, standup_of,
};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn another_meetings_recording_and_an_unknown_one_are_answered_alike() {
    let other = Meeting::new("other", "expiryDateTime: '2099-01-01T00:00:00Z'");
    let app = TestApp::with().seed(&other.yaml).start().await;
    for token in [
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::user(ATTENDEE).sign(),
        TokenOf::application(ARCHIVER).sign(),
    ] {
        for suffix in ["", "/content"] {
            let ask = async |id: &str| {
                let path = format!("{}/recordings/{id}{suffix}", standup_of(ORGANIZER));
                let answer = app.get(&path, &token).await;
                assert_eq!(answer.error().1, "NotFound", "{id}");
                essence(&answer)
            };
            let unknown = ask("unknown").await;
            for id in [
                "recording-of-other",
                "fabrikam-recording",
                "transcript-1",
                "RECORDING-1",
                "recording-1%20",
            ] {
                assert_eq!(ask(id).await, unknown, "{id}{suffix}");
            }
        }
    }
}

#[tokio::test]
async fn an_outsider_learns_nothing_of_what_is_stored() {
    let expired = Meeting::new("expired", "expiryDateTime: '2026-01-31T00:00:00Z'");
    let deleted = Meeting::new("deleted", "deletedDateTime: '2026-01-31T00:00:00Z'");
    let app = TestApp::with()
        .seed(&expired.yaml)
        .seed(&deleted.yaml)
        .start()
        .await;
    let missing = ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2");
    let nobodys = ids::meeting_id(
        "ffffffff-0000-4000-8000-000000000001",
        "19:meeting_missing@thread.v2",
    );
    let callers = [
        (TokenOf::user(OUTSIDER).sign(), format!("users/{OUTSIDER}")),
        (TokenOf::user(OUTSIDER).sign(), format!("users/{ORGANIZER}")),
        (TokenOf::user(OUTSIDER).sign(), "me".to_owned()),
        (TokenOf::application(ARCHIVER).sign(), format!("users/{OUTSIDER}")),
        (TokenOf::application(ARCHIVER).sign(), "users/nobody".to_owned()),
        (
            TokenOf::application(WITHOUT_POLICY).sign(),
            format!("users/{ORGANIZER}"),
        ),
        (
            TokenOf::application(WITHOUT_POLICY).sign(),
            "users/nobody".to_owned(),
        ),
    ];
    for (token, user) in callers {
        for suffix in [
            "recordings",
            "recordings/$count",
            "recordings/recording-1",
            "recordings/recording-1/content",
        ] {
            let ask = async |meeting: &str| {
                let path = format!("/v1.0/{user}/onlineMeetings/{meeting}/{suffix}");
                essence(&app.get(&path, &token).await)
            };
            let first = ask(STANDUP).await;
            assert_eq!(first.0, 403);
            for meeting in [FABRIKAM_MEETING, &missing, &nobodys, &expired.id, &deleted.id] {
                assert_eq!(ask(meeting).await, first, "{user} {meeting} {suffix}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_user_who_does_not_exist_is_answered_as_one_without_relation() {
    let app = TestApp::start().await;
    for token in [
        TokenOf::application(ARCHIVER).sign(),
        TokenOf::user(ATTENDEE).sign(),
    ] {
        let ask = async |user: &str| {
            let path = standup_of(user) + "/recordings/recording-1";
            essence(&app.get(&path, &token).await)
        };
        let first = ask(OUTSIDER).await;
        for user in [
            "ffffffff-0000-4000-8000-000000000001",
            "nobody@contoso.example",
            "x",
            "organizer@fabrikam.example",
        ] {
            assert_eq!(ask(user).await, first, "{user}");
        }
    }
}

#[tokio::test]
async fn a_deleted_and_a_missing_meeting_are_one_to_their_organizer() {
    let deleted = Meeting::new("deleted", "deletedDateTime: '2026-01-31T00:00:00Z'");
    let app = TestApp::with().seed(&deleted.yaml).start().await;
    let missing = ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2");
    let token = TokenOf::user(ORGANIZER).sign();
    let ask = async |meeting: &str| {
        let path = format!("/v1.0/me/onlineMeetings/{meeting}/recordings/recording-of-deleted");
        essence(&app.get(&path, &token).await)
    };
    let first = ask(&missing).await;
    assert_eq!(first.0, 404);
    assert_eq!(ask(&deleted.id).await, first);
}
