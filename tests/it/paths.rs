//! The ways to write a path, and what is not one.

use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::{TestApp, TokenOf};

const UPN: &str = "organizer@contoso.example";

#[tokio::test]
async fn every_way_to_write_a_path_finds_the_same_recording() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let expected = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await
        .json();
    let (encoded, lower) = (STANDUP.replace('=', "%3D"), STANDUP.replace('=', "%3d"));
    let every_byte: String = STANDUP.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let rest = format!("onlineMeetings/{STANDUP}/recordings/recording-1");
    let in_parentheses = format!("onlineMeetings('{STANDUP}')/recordings('recording-1')");
    let upper = ORGANIZER.to_uppercase();
    let paths = [
        format!("/v1.0/users/{ORGANIZER}/{rest}"),
        format!("/v1.0/users/{upper}/{rest}"),
        format!("/v1.0/users/{UPN}/{rest}"),
        format!("/v1.0/users/ORGANIZER@Contoso.Example/{rest}"),
        format!("/v1.0/users/organizer%40contoso.example/{rest}"),
        format!("/v1.0/users('{ORGANIZER}')/{rest}"),
        format!("/v1.0/users('{UPN}')/{rest}"),
        format!("/v1.0/users(userPrincipalName='{UPN}')/{rest}"),
        format!("/v1.0/users(userPrincipalName=%27{UPN}%27)/{rest}"),
        format!("/v1.0/users('{ORGANIZER}')/{in_parentheses}"),
        format!("/v1.0/users/{ORGANIZER}/{in_parentheses}"),
        format!(
            "/v1.0/users(%27{ORGANIZER}%27)/{}",
            in_parentheses.replace('\'', "%27")
        ),
        format!("/v1.0/users%28'{ORGANIZER}'%29/{rest}"),
        format!("/v1.0/me/{in_parentheses}"),
        format!("/v1.0/me/onlineMeetings('{STANDUP}')/recordings/recording-1"),
        format!("/v1.0/me/onlineMeetings/{STANDUP}/recordings('recording-1')"),
        format!("/v1.0/me/{rest}/"),
        format!("/v1.0/me/{}", rest.replace('/', "//")),
        format!("//v1.0//me//{rest}//"),
        format!("/v1.0/me/onlineMeetings/{encoded}/recordings/recording-1"),
        format!("/v1.0/me/onlineMeetings/{lower}/recordings/recording-1"),
        format!("/v1.0/me/onlineMeetings/{every_byte}/recordings/recording-1"),
        format!("/v1.0/me/onlineMeetings('{encoded}')/recordings('recording%2D1')"),
        format!("/v1.0/me/onlineMeetings/{STANDUP}/recordings/%72ecording-1"),
        format!("/v1.0/me/onlineMeetings/{STANDUP}/%72ecordings/recording-1"),
        format!("/v1.0/ME/onlinemeetings/{STANDUP}/Recordings/recording-1"),
    ];
    for path in paths {
        let answer = app.get_raw_path(&path, &token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.json(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_list_is_found_with_and_without_a_slash_at_its_end() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let plain = app.get(&format!("{}/recordings", my_standup()), &token).await;
    for end in ["/", "//", "/?$top=20", "?$top=20"] {
        let answer = app
            .get(&format!("{}/recordings{end}", my_standup()), &token)
            .await;
        assert_eq!((answer.status, answer.json()), (200, plain.json()), "{end}");
    }
}

#[tokio::test]
async fn an_encoded_slash_is_part_of_an_id() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1%2Fcontent", my_standup());
    let answer = app.get_raw_path(&path, &token).await;
    assert_eq!(answer.error(), (404, "NotFound".to_owned()));
}

#[tokio::test]
async fn an_id_is_decoded_once() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording%252D1", my_standup());
    let answer = app.get_raw_path(&path, &token).await;
    assert_eq!(answer.error(), (404, "NotFound".to_owned()));
}

#[tokio::test]
async fn a_segment_that_nobody_knows_is_named() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let standup = format!("/v1.0/me/onlineMeetings/{STANDUP}");
    let cases = [
        ("/v1.0/recordings".to_owned(), "recordings"),
        ("/v1.0/frobnicate/1".to_owned(), "frobnicate"),
        ("/beta/frobnicate".to_owned(), "frobnicate"),
        ("/v1.0/me/frobnicate".to_owned(), "frobnicate"),
        (format!("/v1.0/users/{ORGANIZER}/frobnicate"), "frobnicate"),
        (format!("{standup}/frobnicate"), "frobnicate"),
        (
            format!("{standup}/recordings/recording-1/frobnicate"),
            "frobnicate",
        ),
        (format!("{standup}/recordings/recording-1/$value"), "$value"),
        (format!("{standup}/recordings/recording-1/content/x"), "x"),
        (format!("{standup}/recordings/$frobnicate"), "$frobnicate"),
    ];
    for (path, segment) in cases {
        let answer = app.get(&path, &token).await;
        let text = format!("Resource not found for the segment '{segment}'.");
        assert_eq!(answer.error(), (400, "BadRequest".to_owned(), text), "{path}");
    }
}

#[tokio::test]
async fn paths_of_graph_that_are_not_built_yet_are_501() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for (method, path, shown) in [
        ("GET", "/v1.0/subscriptions", "/subscriptions"),
        ("POST", "/v1.0/subscriptions", "/subscriptions"),
        ("PATCH", "/v1.0/subscriptions/x", "/subscriptions/{id}"),
        ("DELETE", "/v1.0/subscriptions/x", "/subscriptions/{id}"),
        ("GET", "/v1.0/communications/calls/x", "/communications/{id}/{id}"),
        ("GET", "/beta/groups/x", "/groups/{id}"),
        ("GET", "/v1.0/users", "/users"),
    ] {
        let answer = app.send(app.request(method, path).bearer_auth(&token)).await;
        let message = format!("{method} {shown} is not implemented by this server yet.");
        assert_eq!(
            answer.error(),
            (501, "NotImplemented".to_owned(), message),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_read_is_400_in_graphs_envelope() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let standup = format!("/v1.0/me/onlineMeetings/{STANDUP}");
    let long = "x".repeat(10 * 1024);
    let deep = "/x".repeat(5000);
    let tails = [
        "%".to_owned(),
        "%4".to_owned(),
        "%zz".to_owned(),
        "%u0041".to_owned(),
        "a%00b".to_owned(),
        "%0d%0aX-Evil:%201".to_owned(),
        "%c0%af".to_owned(),
        "%c0%80".to_owned(),
        "%e0%80%af".to_owned(),
        "%ed%a0%80".to_owned(),
        "%ff".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "%2e%2e".to_owned(),
        "%2E.".to_owned(),
        "../../../etc/passwd".to_owned(),
        "('a".to_owned(),
        "('a')b".to_owned(),
        "a)".to_owned(),
        "(a=)".to_owned(),
        long.clone(),
        format!("('{long}')"),
        deep,
    ];
    for tail in tails {
        for path in [
            format!("{standup}/recordings/{tail}"),
            format!("/v1.0/users/{tail}"),
        ] {
            let answer = app.get_raw_path(&path, &token).await;
            let shown = &path[..path.len().min(200)];
            assert_eq!(
                answer.error(),
                (400, "BadRequest".to_owned()),
                "{shown}: {}",
                answer.text
            );
            let error = &answer.json()["error"];
            assert!(error["innerError"]["request-id"].is_string(), "{shown}");
            assert!(answer.text.len() < 4096, "{shown}");
            assert!(!answer.text.to_lowercase().contains("\r\nx-evil"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_meeting_id_that_is_none_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for id in [
        "x",
        "1",
        "*",
        "recordings",
        "MSphYWFh",
        "%F0%9F%92%A9",
        "1*a*0**b",
        "'",
        "a'b",
    ] {
        let path = format!("/v1.0/me/onlineMeetings/{id}/recordings");
        let answer = app.get_raw_path(&path, &token).await;
        assert_eq!(
            answer.error(),
            (400, "BadRequest".to_owned()),
            "{id}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_stored_meeting_may_have_any_id() {
    let app = TestApp::with()
        .seed(&format!(
            "onlineMeetings: [{{ id: \"it's weekly\", organizerId: \"{ORGANIZER}\", expiryDateTime: \
             \"2099-01-01T00:00:00Z\" }}]\nrecordings: [{{ id: odd, meetingId: \"it's weekly\", createdDateTime: \
             \"2026-01-20T09:00:00Z\", contentFile: one.mp4 }}]"
        ))
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [
        "/v1.0/me/onlineMeetings/it's%20weekly/recordings/odd",
        "/v1.0/me/onlineMeetings('it''s%20weekly')/recordings('odd')",
    ] {
        let answer = app.get_raw_path(path, &token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let body = answer.json();
        let context = format!(
            "{}/v1.0/$metadata#users('{ORGANIZER}')/onlineMeetings('it''s weekly')/recordings/$entity",
            app.base()
        );
        assert_eq!(body["@odata.context"], context);
        let content = app.follow(&body["recordingContentUrl"], &token).await;
        assert_eq!(content.status, 200, "{}", body["recordingContentUrl"]);
    }
}

#[tokio::test]
async fn what_is_outside_of_both_versions_is_400() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/v2.0/me",
        "/me",
        "/v1.0x/me",
        "/favicon.ico",
        "/%2e%2e/x",
        "/.env",
    ] {
        let answer = app.get_raw_path(path, "x").await;
        assert_eq!(
            answer.error(),
            (400, "BadRequest".to_owned()),
            "{path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn an_operation_that_a_cloud_does_not_have_is_404() {
    let app = TestApp::with().config("cloud = \"china\"").start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [
        "",
        "/recordings",
        "/recordings/recording-1",
        "/recordings/recording-1/content",
        "/transcripts",
    ] {
        let answer = app.get(&format!("{}{path}", my_standup()), &token).await;
        let text = "Requested API is not supported. Please check the path.";
        assert_eq!(
            answer.error(),
            (404, "NotFound".to_owned(), text.to_owned()),
            "{path}"
        );
    }
    let unknown = app.get("/v1.0/frobnicate", &token).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text());
}

#[tokio::test]
async fn the_clouds_of_the_us_government_have_recordings() {
    for cloud in ["usgov-l4", "usgov-l5"] {
        let app = TestApp::with()
            .config(&format!("cloud = \"{cloud}\""))
            .start()
            .await;
        let token = TokenOf::user(ORGANIZER).sign();
        for path in ["/recordings", "/recordings/recording-1/content"] {
            let answer = app.get(&format!("{}{path}", my_standup()), &token).await;
            assert_eq!(answer.status, 200, "{cloud} {path}: {}", answer.text());
        }
    }
}
