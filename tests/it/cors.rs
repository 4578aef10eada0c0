//! What scripts in browsers may ask and read (contract section 7.2).

use crate::support::names::{CALL, ORGANIZER, STANDUP, my_standup};
use crate::support::{Answer, TestApp, TokenOf};

const EXPOSED: [&str; 11] = [
    "ETag",
    "Location",
    "Preference-Applied",
    "Content-Range",
    "request-id",
    "client-request-id",
    "ReadWriteConsistencyToken",
    "SdkVersion",
    "WWW-Authenticate",
    "x-ms-client-gcc-tenant",
    "Retry-After",
];

async fn preflight(app: &TestApp, path: &str, method: &str) -> Answer {
    let request = app
        .request("OPTIONS", path)
        .header("origin", "https://app.example")
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization,content-type,sdkversion",
        );
    app.send(request).await
}

#[tokio::test]
async fn a_preflight_says_which_methods_a_path_has() {
    let app = TestApp::start().await;
    let read = "GET, HEAD, OPTIONS";
    for (path, methods) in [
        ("".to_owned(), read),
        ("/$metadata".to_owned(), read),
        ("/$batch".to_owned(), "POST, OPTIONS"),
        ("/me".to_owned(), read),
        (format!("/users/{ORGANIZER}"), read),
        ("/me/onlineMeetings".to_owned(), "GET, HEAD, POST, OPTIONS"),
        ("/me/onlineMeetings/$count".to_owned(), read),
        ("/me/onlineMeetings/createOrGet".to_owned(), "POST, OPTIONS"),
        (
            format!("/me/onlineMeetings/{STANDUP}"),
            "GET, HEAD, PATCH, DELETE, OPTIONS",
        ),
        (format!("/me/onlineMeetings/{STANDUP}/recordings"), read),
        (
            format!("/me/onlineMeetings/{STANDUP}/recordings/recording-1"),
            read,
        ),
        (
            format!("/me/onlineMeetings/{STANDUP}/recordings/recording-1/content"),
            read,
        ),
        (
            format!("/me/onlineMeetings/{STANDUP}/transcripts/transcript-1/metadataContent"),
            read,
        ),
        (format!("/me/onlineMeetings/{STANDUP}/recordings/delta()"), read),
        (
            format!(
                "/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
            ),
            read,
        ),
        (
            format!("/users/{ORGANIZER}/onlineMeetings/getAllRecordings/delta"),
            read,
        ),
        ("/communications/onlineMeetings".to_owned(), read),
        ("/me/adhocCalls".to_owned(), read),
        (format!("/me/adhocCalls/{CALL}/recordings"), read),
        (
            format!("/adhocCalls/getAllRecordings(userId='{ORGANIZER}')"),
            read,
        ),
        // Of what there is not nothing is known.
        ("/nothing".to_owned(), "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        (
            "/subscriptions".to_owned(),
            "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
        ),
        ("/me/(".to_owned(), "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
    ] {
        for version in ["/v1.0", "/beta"] {
            let answer = preflight(&app, &format!("{version}{path}"), "GET").await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
            for (name, value) in [
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", methods),
                (
                    "access-control-allow-headers",
                    "authorization,content-type,sdkversion",
                ),
                ("access-control-max-age", "3600"),
                ("access-control-allow-credentials", ""),
                ("allow", methods),
            ] {
                assert_eq!(answer.header(name), value, "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn without_an_origin_only_the_methods_are_said() {
    let app = TestApp::start().await;
    let answer = app.send(app.request("OPTIONS", &my_standup())).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (204, "GET, HEAD, PATCH, DELETE, OPTIONS")
    );
    assert!(
        !answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"))
    );
}

#[tokio::test]
async fn every_answer_to_a_script_may_be_read_by_it() {
    let app = TestApp::with()
        .config("throttling.writes_per_second = 1")
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.ReadWrite", "OnlineMeetingRecording.Read.All"])
        .sign();
    let content = format!("{}/recordings/recording-1/content", my_standup());
    let script = |method: &str, path: &str| app.request(method, path).header("origin", "https://app.example");
    let signed_in = |method: &str, path: &str| script(method, path).bearer_auth(&token);
    for (request, status) in [
        (signed_in("GET", &my_standup()), 200),
        (signed_in("GET", &content), 200),
        (signed_in("GET", &content).header("range", "bytes=0-1"), 206),
        (signed_in("GET", &content).header("if-none-match", "*"), 304),
        (signed_in("GET", &content).header("range", "bytes=5000-"), 416),
        (signed_in("HEAD", &content), 200),
        (signed_in("GET", "/v1.0/nothing"), 400),
        (signed_in("PUT", &my_standup()), 405),
        (signed_in("POST", "/v1.0/me/onlineMeetings").body("{}"), 201),
        (signed_in("POST", "/v1.0/me/onlineMeetings").body("{}"), 429),
        (script("GET", &my_standup()), 401),
        (script("GET", "/v1.0/$metadata"), 200),
    ] {
        let answer = app.send(request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{status}");
        assert_eq!(
            answer.header("access-control-expose-headers"),
            EXPOSED.join(", "),
            "{status}"
        );
    }
    let without = app.get(&my_standup(), &token).await;
    assert_eq!(without.header("access-control-allow-origin"), "");
}
