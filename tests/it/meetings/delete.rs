//! `DELETE …/onlineMeetings/{meeting}`

use super::{MINE, application, of_organizer, reader, writer};
use crate::auth::asking::{NO_RELATION, forbidden};
use crate::support::names::{ATTENDEE, COORGANIZER, ORGANIZER, OUTSIDER, STANDUP};
use crate::support::{Answer, TestApp};

fn standup() -> String {
    format!("{MINE}/{STANDUP}")
}

async fn delete(app: &TestApp, path: &str, token: &str) -> Answer {
    app.send(app.request("DELETE", path).bearer_auth(token)).await
}

#[tokio::test]
async fn a_deleted_meeting_is_not_there_any_more() {
    let app = TestApp::start().await;
    let answer = delete(&app, &standup(), &writer(ORGANIZER)).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(delete(&app, &standup(), &writer(ORGANIZER)).await.status, 404);
    assert_eq!(app.get(&standup(), &reader(ORGANIZER)).await.status, 404);
    let patched = app
        .send_json("PATCH", &standup(), &writer(ORGANIZER), &serde_json::json!({}))
        .await;
    assert_eq!(patched.status, 404);
    assert_eq!(
        app.get(&standup(), &reader(ATTENDEE)).await.error(),
        forbidden(NO_RELATION)
    );
    let found = format!("{MINE}?$filter=JoinWebUrl eq 'https://teams.example/standup'");
    assert_eq!(
        app.get(&found, &reader(ORGANIZER)).await.error(),
        forbidden(NO_RELATION)
    );
}

#[tokio::test]
async fn only_the_organizer_deletes_it() {
    let app = TestApp::start().await;
    for user in [COORGANIZER, ATTENDEE, OUTSIDER] {
        for path in [standup(), format!("{}/{STANDUP}", of_organizer())] {
            assert_eq!(
                delete(&app, &path, &writer(user)).await.error(),
                forbidden(NO_RELATION),
                "{user}"
            );
        }
        let path = format!("/v1.0/users/{user}/onlineMeetings/{STANDUP}");
        assert_eq!(
            delete(&app, &path, &application()).await.error(),
            forbidden(NO_RELATION),
            "{user}"
        );
    }
    assert_eq!(app.get(&standup(), &reader(ORGANIZER)).await.status, 200);
    let path = format!("{}/{STANDUP}", of_organizer());
    assert_eq!(delete(&app, &path, &application()).await.status, 204);
}

#[tokio::test]
async fn what_was_recorded_goes_with_it_in_the_reference() {
    let app = TestApp::start().await;
    delete(&app, &standup(), &writer(ORGANIZER)).await;
    for tail in [
        "recordings",
        "recordings/recording-1",
        "recordings/recording-1/content",
        "recordings/delta",
    ] {
        let answer = app
            .get(&format!("{}/{tail}", standup()), &reader(ORGANIZER))
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (404, "NotFound"),
            "{tail}"
        );
    }
    assert_eq!(app.content_files().len(), 6);
}

#[tokio::test]
async fn what_was_recorded_outlives_it_in_the_archive() {
    let app = TestApp::with().config("profile = \"archive\"").start().await;
    delete(&app, &standup(), &writer(ORGANIZER)).await;
    assert_eq!(app.get(&standup(), &reader(ORGANIZER)).await.status, 404);
    for user in [ORGANIZER, ATTENDEE] {
        let recordings = app.get(&(standup() + "/recordings"), &reader(user)).await;
        assert_eq!(recordings.ids(), ["recording-1", "recording-2"], "{user}");
    }
    let content = app
        .get(
            &(standup() + "/recordings/recording-1/content"),
            &reader(ORGANIZER),
        )
        .await;
    assert_eq!((content.status, content.body.len()), (200, 1000));
    assert_eq!(
        app.get(&(standup() + "/recordings"), &reader(OUTSIDER))
            .await
            .status,
        403
    );
}
