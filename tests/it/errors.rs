//! Refusals: their envelope, their headers, their order (contract section 7).

use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::{NOW, TestApp, TokenOf};

#[tokio::test]
async fn an_error_has_graphs_envelope_and_its_ids_in_the_headers() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/nowhere", my_standup()), &token)
        .await;
    assert_eq!(answer.status, 404);
    insta::assert_snapshot!(app.shown(&answer));
    let inner = &answer.json()["error"]["innerError"];
    assert_eq!(inner["date"], NOW.trim_end_matches('Z'));
    assert_eq!(inner["request-id"], answer.header("request-id"));
    assert_eq!(inner["client-request-id"], answer.header("request-id"));
    assert_eq!(answer.header("client-request-id"), answer.header("request-id"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_callers_own_id_is_echoed_in_body_and_header() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/nowhere", my_standup());
    for id in ["5b1a2f3c-0000-4000-8000-000000000001", "my request #1"] {
        let request = app
            .request("GET", &path)
            .bearer_auth(&token)
            .header("client-request-id", id);
        let answer = app.send(request).await;
        assert_eq!(answer.header("client-request-id"), id);
        let inner = &answer.json()["error"]["innerError"];
        assert_eq!(inner["client-request-id"], id);
        assert_eq!(inner["request-id"], answer.header("request-id"));
        assert_ne!(answer.header("request-id"), id);
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_echoed_is_replaced() {
    let app = TestApp::start().await;
    let long = "x".repeat(4000);
    for id in ["", &long] {
        let request = app.request("GET", "/v1.0/me").header("client-request-id", id);
        let answer = app.send(request).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("client-request-id"), answer.header("request-id"));
    }
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let (first, second) = (app.get(&path, &token).await, app.get(&path, &token).await);
    assert_ne!(first.header("request-id"), second.header("request-id"));
}

#[tokio::test]
async fn no_token_and_bad_tokens_are_401_with_graphs_challenge() {
    let app = TestApp::start().await;
    let good = TokenOf::user(ORGANIZER).sign();
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let cases = [
        (None, "Access token is empty."),
        (Some("Bearer ".to_owned()), "Access token is empty."),
        (
            Some("Bearer x".to_owned()),
            "CompactToken parsing failed with error code: 80049217",
        ),
        (
            Some("Bearer a.b".to_owned()),
            "CompactToken parsing failed with error code: 80049217",
        ),
        (
            Some(format!("Bearer {rest}.{flipped}{}", &signature[1..])),
            "Access token validation failure.",
        ),
        (
            Some(format!(
                "Bearer {}",
                TokenOf::user(ORGANIZER).issued("2026-01-01T00:00:00Z").sign()
            )),
            "Lifetime validation failed, the token is expired.",
        ),
        (
            Some(format!(
                "Bearer {}",
                TokenOf::user(ORGANIZER).audience("https://other.example").sign()
            )),
            "Access token validation failure. Invalid audience.",
        ),
    ];
    for (authorization, text) in cases {
        let mut request = app.request("GET", &format!("{}/recordings", my_standup()));
        if let Some(value) = &authorization {
            request = request.header("authorization", value);
        }
        let answer = app.send(request).await;
        assert_eq!(
            answer.error(),
            (401, "InvalidAuthenticationToken".to_owned(), text.to_owned()),
            "{authorization:?}"
        );
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        );
    }
}

#[tokio::test]
async fn the_challenge_names_the_sign_in_host_of_the_cloud() {
    for (cloud, host) in [
        ("global", "login.microsoftonline.com"),
        ("usgov-l4", "login.microsoftonline.us"),
        ("usgov-l5", "login.microsoftonline.us"),
        ("china", "login.chinacloudapi.cn"),
    ] {
        let app = TestApp::with()
            .config(&format!("cloud = \"{cloud}\""))
            .start()
            .await;
        let answer = app.send(app.request("GET", "/v1.0/me")).await;
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://{host}/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        );
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, challenge.as_str())
        );
    }
}

#[tokio::test]
async fn who_has_no_token_learns_nothing_else() {
    let app = TestApp::start().await;
    let standup = my_standup();
    let cases = [
        ("GET", format!("{standup}/recordings")),
        ("GET", format!("{standup}/recordings/$count")),
        ("GET", format!("{standup}/recordings/recording-1")),
        ("GET", format!("{standup}/recordings/recording-1/content")),
        ("HEAD", format!("{standup}/recordings/recording-1/content")),
        ("GET", format!("{standup}/transcripts")),
        ("GET", format!("{standup}/transcripts/transcript-1")),
        ("GET", format!("{standup}/recordings?$top=0")),
        ("GET", format!("{standup}/recordings?$select=colour")),
        ("GET", format!("{standup}/recordings/%zz")),
        ("GET", format!("{standup}/frobnicate")),
        ("DELETE", format!("{standup}/recordings/recording-1")),
        ("POST", "/v1.0/$batch".to_owned()),
        ("GET", "/v1.0/".to_owned()),
        ("GET", "/v1.0".to_owned()),
        ("GET", "/beta/frobnicate".to_owned()),
        ("GET", "/v1.0/groups".to_owned()),
        ("FROBNICATE", "/v1.0/me".to_owned()),
    ];
    for (method, path) in cases {
        let answer = app.send(app.request(method, &path)).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_ne!(answer.header("www-authenticate"), "", "{method} {path}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let request = app
        .request("GET", &format!("{}/recordings", my_standup()))
        .bearer_auth(&token)
        .bearer_auth(&token);
    let answer = app.send(request).await;
    assert_eq!((answer.status, answer.error().1.as_str()), (400, "BadRequest"));
}

#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [
        "recordings",
        "recordings/$count",
        "recordings/recording-1",
        "recordings/recording-1/content",
        "transcripts",
        "transcripts/transcript-1",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "FROBNICATE"] {
            let request = app
                .request(method, &format!("{}/{path}", my_standup()))
                .bearer_auth(&token)
                .body("{}");
            let answer = app.send(request).await;
            let text = "Specified HTTP method is not allowed for the request target.";
            assert_eq!(
                answer.error(),
                (405, "Request_BadRequest".to_owned(), text.to_owned()),
                "{method} {path}"
            );
            let allow: Vec<&str> = answer.header("allow").split(", ").collect();
            assert!(allow.contains(&"GET") && allow.contains(&"HEAD"), "{allow:?}");
            assert!(!allow.contains(&method));
        }
    }
    let after = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await;
    assert_eq!(after.status, 200);
}

#[tokio::test]
async fn options_is_answered_without_a_token_and_says_nothing() {
    let app = TestApp::start().await;
    for path in [
        format!("{}/recordings/recording-1/content", my_standup()),
        "/v1.0/frobnicate".to_owned(),
    ] {
        let request = app
            .request("OPTIONS", &path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
        let answer = app.send(request).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
        assert!(answer.header("allow").contains("GET"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization",
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{path}");
    }
}

#[tokio::test]
async fn a_browser_may_read_what_it_may_read_of_graph() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let with_origin = app
        .request("GET", &path)
        .bearer_auth(&token)
        .header("origin", "https://app.example");
    let answer = app.send(with_origin).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let exposed = answer.header("access-control-expose-headers");
    for name in [
        "ETag",
        "Location",
        "Content-Range",
        "request-id",
        "client-request-id",
        "WWW-Authenticate",
        "Retry-After",
    ] {
        assert!(exposed.split(", ").any(|one| one == name), "{name}: {exposed}");
    }
    let without = app.get(&path, &token).await;
    assert_eq!(without.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn no_odd_request_is_a_5xx() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let standup = format!("/v1.0/me/onlineMeetings/{STANDUP}");
    for path in [
        "/v1.0/users//onlineMeetings//recordings",
        "/v1.0/users('')/onlineMeetings('')/recordings('')",
        "/v1.0/users()/onlineMeetings()/recordings()",
        "/v1.0/users(a='b')/onlineMeetings",
        "/v1.0/me/me/me",
        "/v1.0/me()",
        "/v1.0/me('x')/onlineMeetings",
        "/v1.0/%20",
        "/v1.0/'",
        "/v1.0/me/onlineMeetings/';DROP%20TABLE%20artifacts;--/recordings",
        &format!("{standup}/recordings/';DROP%20TABLE%20artifacts;--"),
        &format!("{standup}/recordings(1)"),
        &format!("{standup}/recordings(id='recording-1')"),
        &format!("{standup}/recordings?$filter=%F0%9F%92%A9"),
        &format!("{standup}/recordings?{}", "&".repeat(8000)),
        &format!("{standup}/recordings?{}", "a=b&".repeat(200)),
        &format!("{standup}/recordings?$select={}", "id,".repeat(2000)),
        &format!("{standup}/recordings?$filter={}", "not%20".repeat(500)),
    ] {
        let answer = app.get_raw_path(path, &token).await;
        let is_refused = (200..500).contains(&answer.status) || answer.status == 501;
        assert!(is_refused, "{path}: {}", answer.text);
    }
    let after = app.get(&format!("{standup}/recordings"), &token).await;
    assert_eq!(after.json()["@odata.count"], 2);
}
