//! `GET …/recordings/$count` and the same of transcripts.

use crate::support::names::{ATTENDEE, ORGANIZER, OUTSIDER, my_standup};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn the_count_segment_answers_a_number_as_text() {
    for profile in ["graph", "archive"] {
        let app = TestApp::with()
            .config(&format!("profile = \"{profile}\""))
            .start()
            .await;
        let token = TokenOf::user(ORGANIZER).sign();
        let cases = [
            ("recordings/$count", "2"),
            ("recordings/%24count", "2"),
            ("transcripts/$count", "1"),
            (
                "recordings/$count?$filter=contentCorrelationId eq 'dddddddd-0000-4000-8000-000000000001-0'",
                "1",
            ),
            ("recordings/$count?$filter=contentCorrelationId eq 'none'", "0"),
        ];
        for (path, number) in cases {
            let answer = app.get(&format!("{}/{path}", my_standup()), &token).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, number),
                "{profile} {path}"
            );
            assert!(answer.header("content-type").starts_with("text/plain"), "{path}");
            assert_eq!(answer.header("cache-control"), "private, no-cache");
        }
    }
}

#[tokio::test]
async fn what_is_not_shown_is_not_counted() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    app.seed("recordings: [{ id: recording-1, \"@removed\": { reason: deleted } }]")
        .await;
    let answer = app
        .get(&format!("{}/recordings/$count", my_standup()), &token)
        .await;
    assert_eq!(answer.text(), "1");
}

#[tokio::test]
async fn a_count_is_for_those_who_may_list() {
    let app = TestApp::start().await;
    for (user, status) in [(ATTENDEE, 200), (OUTSIDER, 403)] {
        let answer = app
            .get(
                &format!("{}/recordings/$count", my_standup()),
                &TokenOf::user(user).sign(),
            )
            .await;
        assert_eq!(answer.status, status, "{user}");
    }
}

#[tokio::test]
async fn nothing_stands_below_a_count() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in ["recordings/$count/content", "recordings/$count/$count"] {
        let answer = app.get(&format!("{}/{path}", my_standup()), &token).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_a_count_cannot_take_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for query in [
        "$filter=colour eq 'red'",
        "$filter=contentCorrelationId eq",
        "$filter=",
        "$frobnicate=1",
        "$filter=contentCorrelationId eq 'x'&$filter=contentCorrelationId eq 'x'",
    ] {
        let answer = app
            .get(&format!("{}/recordings/$count?{query}", my_standup()), &token)
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{query}"
        );
    }
}
