//! `throttling.*`: how much an application may ask (contract section 7.4).

use serde_json::json;

use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM, FABRIKAM_ORGANIZER, ORGANIZER, READ, WITHOUT_POLICY, my_standup, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf};

const ME: &str = "/v1.0/me";

fn recordings() -> String {
    format!("{}/recordings", my_standup())
}

async fn with(config: &str) -> TestApp {
    TestApp::with().config(config).start().await
}

async fn get(app: &TestApp, token: &TokenOf) -> u16 {
    app.get(&recordings(), &token.sign()).await.status
}

/// How many of `count` requests are let through.
async fn admitted(app: &TestApp, token: &TokenOf, count: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..count {
        admitted += usize::from(get(app, token).await != 429);
    }
    admitted
}

async fn post(app: &TestApp) -> Answer {
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.ReadWrite"])
        .sign();
    app.send_json("POST", "/v1.0/me/onlineMeetings", &token, &json!({}))
        .await
}

#[tokio::test]
async fn nothing_is_limited_unless_it_is_configured() {
    let app = TestApp::start().await;
    assert_eq!(admitted(&app, &TokenOf::user(ORGANIZER), 200).await, 200);
}

#[tokio::test]
async fn one_too_many_is_429_and_says_when_to_come_back() {
    let app = with("throttling.requests_per_second = 2").await;
    let token = TokenOf::user(ORGANIZER);
    assert_eq!(admitted(&app, &token, 2).await, 2);
    let answer = app.get(&recordings(), &token.sign()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("content-type"), "application/json");
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn time_gives_back_what_was_used() {
    let app = with("throttling.requests_per_second = 4").await;
    let token = TokenOf::user(ORGANIZER);
    assert_eq!(admitted(&app, &token, 10).await, 4);
    app.set_time("2026-02-01T12:00:00.5Z");
    assert_eq!(admitted(&app, &token, 10).await, 2);
    app.set_time("2026-02-01T12:00:30Z");
    assert_eq!(admitted(&app, &token, 10).await, 4);
}

#[tokio::test]
async fn reads_and_writes_are_counted_apart() {
    let app = with("throttling.requests_per_second = 2\nthrottling.writes_per_second = 1").await;
    let token = TokenOf::user(ORGANIZER);
    assert_eq!(admitted(&app, &token, 3).await, 2);
    assert_eq!(post(&app).await.status, 201);
    assert_eq!(post(&app).await.status, 429);
    app.set_time("2026-02-01T12:00:10Z");
    assert_eq!(post(&app).await.status, 201);
    assert_eq!(admitted(&app, &token, 3).await, 2);
}

#[tokio::test]
async fn only_writes_are_limited_where_only_they_are_configured() {
    let app = with("throttling.application_writes_per_second = 1").await;
    assert_eq!(admitted(&app, &TokenOf::user(ORGANIZER), 20).await, 20);
    assert_eq!((post(&app).await.status, post(&app).await.status), (201, 429));
}

#[tokio::test]
async fn an_application_is_one_whoever_signs_in() {
    let app = with("throttling.requests_per_second = 3").await;
    assert_eq!(admitted(&app, &TokenOf::user(ORGANIZER), 2).await, 2);
    assert_eq!(admitted(&app, &TokenOf::user(ATTENDEE), 2).await, 1);
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let alone = app.get(&path, &TokenOf::application(ARCHIVER).sign()).await;
    assert_eq!(alone.status, 429);
    // Another one has a limit of its own.
    let other = TokenOf::user(ORGANIZER)
        .through(WITHOUT_POLICY)
        .permissions(&[READ]);
    assert_eq!(admitted(&app, &other, 4).await, 3);
}

#[tokio::test]
async fn tenants_are_counted_apart_and_applications_together() {
    let seed = format!(
        "applications: [{{ appId: '{ARCHIVER}', tenantId: '{FABRIKAM}', displayName: 'Archiver', scopes: ['User.Read'] }}]"
    );
    let here = TokenOf::user(ORGANIZER).permissions(&["User.Read"]).sign();
    let there = TokenOf::user(FABRIKAM_ORGANIZER)
        .tenant(FABRIKAM)
        .permissions(&["User.Read"])
        .sign();
    for (config, expected) in [
        (
            "throttling.requests_per_second = 2",
            [200, 200, 429, 200, 200, 429],
        ),
        (
            "throttling.application_requests_per_second = 3",
            [200, 200, 200, 429, 429, 429],
        ),
        (
            "throttling.requests_per_second = 2\nthrottling.application_requests_per_second = 3",
            [200, 200, 429, 200, 429, 429],
        ),
    ] {
        let app = TestApp::with().config(config).seed(&seed).start().await;
        let mut found = Vec::new();
        for token in [&here, &here, &here, &there, &there, &there] {
            found.push(app.get(ME, token).await.status);
        }
        assert_eq!(found, expected, "{config}");
    }
}

#[tokio::test]
async fn what_names_no_caller_or_no_operation_is_not_counted() {
    let app = with("throttling.requests_per_second = 1").await;
    for _ in 0..3 {
        for (method, path, token, status) in [
            ("GET", "/v1.0/$metadata", "", 200),
            ("OPTIONS", "/v1.0/me", "", 204),
            ("GET", "/healthz", "", 200),
            ("GET", "/v1.0/me", "", 401),
            ("GET", "/v1.0/me", "x", 401),
            ("GET", "/v1.0/nothing", &TokenOf::user(ORGANIZER).sign(), 400),
            ("DELETE", "/v1.0/me", &TokenOf::user(ORGANIZER).sign(), 405),
        ] {
            let mut request = app.request(method, path);
            if !token.is_empty() {
                request = request.bearer_auth(token);
            }
            assert_eq!(app.send(request).await.status, status, "{method} {path}");
        }
    }
    assert_eq!(admitted(&app, &TokenOf::user(ORGANIZER), 2).await, 1);
}

#[tokio::test]
async fn what_is_refused_later_is_counted_all_the_same() {
    let app = with("throttling.requests_per_second = 3").await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut found = Vec::new();
    for path in [
        "/v1.0/me",
        "/v1.0/me/onlineMeetings/x/recordings",
        "/v1.0/me?$top=1",
        "/v1.0/me",
    ] {
        found.push(app.get(path, &token).await.status);
    }
    assert_eq!(found, [403, 400, 400, 429]);
}

#[tokio::test]
async fn head_and_content_count_as_reading() {
    let app = with("throttling.requests_per_second = 2").await;
    let token = TokenOf::user(ORGANIZER).sign();
    let content = format!("{}/recordings/recording-1/content", my_standup());
    let head = app.send(app.request("HEAD", &content).bearer_auth(&token)).await;
    let get = app.get(&content, &token).await;
    let third = app.get(&content, &token).await;
    assert_eq!((head.status, get.status, third.status), (200, 200, 429));
    assert_eq!(app.audit_records().await.len(), 1);
}
