//! Who may have the bytes, and that a refusal tells nothing about them.

use super::asking::{
    content_of, essence, expect_refusal, expect_status, forbidden, my_recording, recording_of, refusal,
    settings,
};
use crate::support::names::{
    ARCHIVER, ATTENDEE, BY_CONSENT, COORGANIZER, GUEST, ORGANIZER, OUTSIDER, STANDUP, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf, media};

/// Nothing about the content is in a refusal.
fn assert_tells_nothing(answer: &Answer, case: &str) {
    for name in [
        "etag",
        "content-range",
        "accept-ranges",
        "content-disposition",
        "last-modified",
    ] {
        assert_eq!(answer.header(name), "", "{case}: {name}");
    }
    assert!(
        !["1000", "300000"].contains(&answer.header("content-length")),
        "{case}"
    );
    // The ids of a request are random and may hold any digits.
    let said = answer.text().replace(answer.header("request-id"), "");
    assert!(!said.contains("1000"), "{case}: {said}");
}

#[tokio::test]
async fn the_organizer_has_the_bytes() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [my_recording() + "/content", content_of(ORGANIZER)] {
        let answer = app.get(&path, &token).await;
        assert_eq!((answer.status, &answer.body), (200, &media(1000)));
    }
}

#[tokio::test]
async fn content_is_for_whom_the_tenant_lets_have_it() {
    let app = TestApp::start().await;
    let plain = settings("participantsCanDownloadRecordings: false");
    let download = settings("participantsCanDownloadRecordings: true");
    let guests = settings("guestAccess: true");
    let both = settings("participantsCanDownloadRecordings: true, guestAccess: true");
    // Caller, path user, then the status under each of the settings.
    let (user, by_app) = (TokenOf::user, TokenOf::application(ARCHIVER));
    let cases = [
        ("organizer", user(ORGANIZER), ORGANIZER, [200, 200, 200, 200]),
        (
            "co-organizer",
            user(COORGANIZER),
            COORGANIZER,
            [403, 200, 403, 200],
        ),
        (
            "co-organizer on the organizer's path",
            user(COORGANIZER),
            ORGANIZER,
            [403, 200, 403, 200],
        ),
        ("attendee", user(ATTENDEE), ATTENDEE, [403, 200, 403, 200]),
        (
            "attendee on the organizer's path",
            user(ATTENDEE),
            ORGANIZER,
            [403, 200, 403, 200],
        ),
        ("guest", user(GUEST), GUEST, [403, 403, 403, 200]),
        ("outsider", user(OUTSIDER), OUTSIDER, [403, 403, 403, 403]),
        (
            "app for the organizer",
            by_app.clone(),
            ORGANIZER,
            [200, 200, 200, 200],
        ),
        (
            "app for the co-organizer",
            by_app.clone(),
            COORGANIZER,
            [200, 200, 200, 200],
        ),
        (
            "app for the attendee",
            by_app.clone(),
            ATTENDEE,
            [403, 200, 403, 200],
        ),
        ("app for the guest", by_app.clone(), GUEST, [403, 403, 403, 200]),
        ("app for the outsider", by_app, OUTSIDER, [403, 403, 403, 403]),
        (
            "app by consent for the attendee",
            TokenOf::application(BY_CONSENT).permissions(&[]),
            ATTENDEE,
            [403, 200, 403, 200],
        ),
    ];
    for (index, setting) in [plain, download, guests, both].iter().enumerate() {
        app.seed(setting).await;
        for (case, token, path_user, statuses) in &cases {
            let answer = app.get(&content_of(path_user), &token.sign()).await;
            assert_eq!(
                answer.status,
                statuses[index],
                "{case}, settings {index}: {}",
                answer.text()
            );
            if answer.status == 403 {
                assert_eq!(answer.error().1, "Forbidden", "{case}");
                assert_tells_nothing(&answer, case);
            } else {
                assert_eq!(answer.body, media(1000), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn head_and_ranges_ask_the_same_question_and_leak_nothing() {
    let app = TestApp::start().await;
    let etag = app
        .get(&content_of(ORGANIZER), &TokenOf::user(ORGANIZER).sign())
        .await
        .header("etag")
        .to_owned();
    assert!(!etag.is_empty());
    let requests: [(&str, &[(&str, &str)]); 10] = [
        ("HEAD", &[]),
        ("GET", &[("range", "bytes=0-0")]),
        ("GET", &[("range", "bytes=-1")]),
        ("GET", &[("range", "bytes=999999-")]),
        ("GET", &[("range", "bytes=0-1,3-4")]),
        ("HEAD", &[("range", "bytes=0-0")]),
        ("GET", &[("if-none-match", &etag)]),
        ("GET", &[("if-none-match", "*")]),
        ("GET", &[("if-match", "\"other\"")]),
        ("GET", &[("if-range", &etag), ("range", "bytes=0-0")]),
    ];
    let callers = [
        (TokenOf::user(ATTENDEE), ORGANIZER),
        (TokenOf::user(OUTSIDER), ORGANIZER),
        (TokenOf::user(GUEST), ORGANIZER),
        (TokenOf::application(ARCHIVER), ATTENDEE),
        (TokenOf::user(ORGANIZER).permissions(&["User.Read"]), ORGANIZER),
    ];
    for (token, path_user) in callers {
        let token = token.sign();
        let plain = essence(&app.get(&content_of(path_user), &token).await);
        for (method, headers) in &requests {
            let mut request = app.request(method, &content_of(path_user)).bearer_auth(&token);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let answer = app.send(request).await;
            let case = format!("{method} {headers:?}");
            assert_eq!(answer.status, 403, "{case}: {}", answer.text());
            assert_tells_nothing(&answer, &case);
            if *method == "GET" {
                assert_eq!(essence(&answer), plain, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn every_other_spelling_of_the_address_is_refused_alike() {
    let app = TestApp::start().await;
    let encoded = STANDUP.replace('=', "%3D");
    let token = TokenOf::user(ATTENDEE).sign();
    let paths = [
        format!("/beta/users/{ORGANIZER}/onlineMeetings/{STANDUP}/recordings/recording-1/content"),
        format!("/v1.0/users('{ORGANIZER}')/onlineMeetings('{STANDUP}')/recordings('recording-1')/content"),
        format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{encoded}/recordings/recording%2D1/content"),
        format!("/v1.0/me/onlineMeetings/{STANDUP}/recordings/recording-1/content"),
        format!("/v1.0/ME/ONLINEMEETINGS/{STANDUP}/RECORDINGS/recording-1/CONTENT"),
        format!("/V1.0/me/onlineMeetings/{STANDUP}/recordings/recording-1/content"),
        format!("/v1.0/me/onlineMeetings/{STANDUP}/recordings/recording-1/content/"),
        content_of(ORGANIZER) + "/$value",
    ];
    let first = essence(&app.get(&paths[0], &token).await);
    assert_eq!(first.0, 403);
    for path in paths {
        assert_eq!(essence(&app.get(&path, &token).await), first, "{path}");
    }
}

#[tokio::test]
async fn quarantined_content_is_for_nobody_and_its_metadata_is_answered() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "recordings: [{{ id: 'quarantined', meetingId: '{STANDUP}', createdDateTime: '2026-01-13T09:00:00Z',
           contentFile: one.mp4, quarantined: true }}]"
    ))
    .await;
    let path = |user: &str| standup_of(user) + "/recordings/quarantined";
    for (token, user) in [
        (TokenOf::user(ORGANIZER), ORGANIZER),
        (TokenOf::application(ARCHIVER), COORGANIZER),
    ] {
        let token = token.sign();
        expect_status(&app, &path(user), &token, 200).await;
        let expected = refusal(
            403,
            "malwareDetected",
            "The content is quarantined and is not served.",
        );
        expect_refusal(&app, &(path(user) + "/content"), &token, &expected).await;
        for method in ["GET", "HEAD"] {
            let request = app
                .request(method, &(path(user) + "/content"))
                .bearer_auth(&token)
                .header("range", "bytes=0-0");
            let answer = app.send(request).await;
            assert_eq!(answer.status, 403, "{method}");
            assert_tells_nothing(&answer, method);
        }
    }
    // Who may not have the content does not learn that it is quarantined.
    let attendee = TokenOf::user(ATTENDEE).sign();
    let healthy = essence(&app.get(&content_of(ORGANIZER), &attendee).await);
    assert_eq!(
        essence(&app.get(&(path(ORGANIZER) + "/content"), &attendee).await),
        healthy
    );
}

#[tokio::test]
async fn recordings_that_are_not_ready_or_deleted_are_not_there() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "recordings:
  - {{ id: 'pending', meetingId: '{STANDUP}', createdDateTime: '2026-01-14T09:00:00Z', uploadState: pending }}
  - {{ id: 'deleted', meetingId: '{STANDUP}', createdDateTime: '2026-01-14T09:00:00Z', contentFile: one.mp4,
       deletedDateTime: '2026-01-20T00:00:00Z' }}"
    ))
    .await;
    for token in [
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    ] {
        let path = |id: &str| format!("{}/recordings/{id}", standup_of(ORGANIZER));
        let unknown = essence(&app.get(&path("unknown"), &token).await);
        assert_eq!(unknown.0, 404);
        for id in ["pending", "deleted"] {
            assert_eq!(essence(&app.get(&path(id), &token).await), unknown, "{id}");
            let content = path(id) + "/content";
            assert_eq!(essence(&app.get(&content, &token).await), unknown, "{id}");
        }
    }
}

#[tokio::test]
async fn the_switch_of_the_tenant_counts_at_once_both_ways() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ATTENDEE).sign();
    for (setting, status) in [("true", 200), ("false", 403), ("true", 200)] {
        app.seed(&settings(&format!(
            "participantsCanDownloadRecordings: {setting}"
        )))
        .await;
        expect_status(&app, &content_of(ORGANIZER), &token, status).await;
        expect_status(&app, &recording_of(ORGANIZER), &token, 200).await;
    }
}

#[tokio::test]
async fn a_refused_download_names_no_policy_and_no_relation() {
    let app = TestApp::start().await;
    let found = app
        .get(&content_of(ORGANIZER), &TokenOf::user(ATTENDEE).sign())
        .await
        .error();
    assert_eq!((found.0, found.1.as_str()), (403, "Forbidden"));
    assert_ne!(found, forbidden(super::asking::NO_RELATION));
}
