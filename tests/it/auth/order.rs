//! 401 comes before everything else that could be said about a path, a method or an option.

use super::asking::{my_recording, refusal, unauthenticated};
use crate::support::names::{ORGANIZER, my_standup, standup_of};
use crate::support::{TestApp, TokenOf};

/// Requests, with what a good token hears.
fn requests() -> Vec<(&'static str, String, u16)> {
    vec![
        ("GET", "/v1.0".to_owned(), 200),
        ("GET", "/v1.0/".to_owned(), 200),
        ("GET", "/beta".to_owned(), 200),
        ("GET", "/v1.0/me".to_owned(), 403),
        ("GET", "/v1.0/groups/x".to_owned(), 501),
        ("POST", "/v1.0/$batch".to_owned(), 400),
        ("POST", "/v1.0/subscriptions".to_owned(), 501),
        (
            "GET",
            format!("/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings"),
            400,
        ),
        ("GET", my_standup() + "/recordings/delta", 200),
        (
            "GET",
            "/v1.0/communications/onlineMeetings/getAllRecordings".to_owned(),
            404,
        ),
        ("POST", "/v1.0/me/onlineMeetings".to_owned(), 400),
        ("GET", "/v1.0/nonsense".to_owned(), 400),
        ("GET", "/beta/nonsense/x/y".to_owned(), 400),
        ("GET", my_standup() + "/nonsense", 400),
        (
            "GET",
            "/v1.0/me/onlineMeetings/nonsense/recordings".to_owned(),
            400,
        ),
        ("GET", "/v1.0/users('x".to_owned(), 400),
        ("GET", "/v1.0/%FF".to_owned(), 400),
        ("GET", "/v1.0/me/%2e%2e/x".to_owned(), 400),
        ("GET", my_recording() + "?$orderby=id", 400),
        ("GET", my_recording() + "?$select=nonsense", 400),
        ("GET", my_standup() + "/recordings?$top=x", 400),
        ("GET", my_recording() + "0", 404),
        ("POST", my_standup() + "/recordings", 405),
        ("PUT", my_recording() + "/content", 405),
        ("PATCH", my_recording(), 405),
        ("DELETE", my_recording(), 405),
        ("DELETE", standup_of(ORGANIZER) + "/recordings/nonsense", 405),
        ("TRACE", my_recording(), 405),
    ]
}

#[tokio::test]
async fn nothing_is_told_to_who_has_no_token() {
    let app = TestApp::start().await;
    for (method, path, _) in requests() {
        let line = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        let answer = app.send_raw(format!("{line}\r\n").as_bytes()).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
        let message = answer.json()["error"]["message"].clone();
        assert_eq!(message, "Access token is empty.", "{method} {path}");
        let answer = app
            .send_raw(format!("{line}Authorization: Bearer x\r\n\r\n").as_bytes())
            .await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn who_has_one_hears_what_is_wrong() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for (method, path, status) in requests() {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let answer = app.send_raw(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_bad_request_with_the_right_ones() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for method in ["PATCH", "DELETE", "POST", "PUT"] {
        let answer = app
            .send(app.request(method, &my_recording()).bearer_auth(&token))
            .await;
        let text = "Specified HTTP method is not allowed for the request target.";
        assert_eq!(answer.error(), refusal(405, "Request_BadRequest", text));
        assert!(answer.header("allow").contains("GET"), "{method}");
    }
}

#[tokio::test]
async fn options_and_metadata_need_no_token() {
    let app = TestApp::start().await;
    for path in [
        my_recording(),
        "/v1.0/nonsense".to_owned(),
        "/beta/groups".to_owned(),
    ] {
        let answer = app.send(app.request("OPTIONS", &path)).await;
        assert!(answer.status < 300, "{path}: {}", answer.status);
    }
    for path in ["/v1.0/$metadata", "/beta/$metadata", "/v1.0/%24metadata"] {
        let answer = app.send(app.request("GET", path)).await;
        assert_ne!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn two_authorization_headers_get_400() {
    let app = TestApp::start().await;
    let good = format!("Bearer {}", TokenOf::user(ORGANIZER).sign());
    for (first, second) in [
        (&*good, &*good),
        (&good, "Bearer x"),
        ("Bearer x", &good),
        ("", &good),
        ("", ""),
    ] {
        let request = app
            .request("GET", &my_recording())
            .header("authorization", first)
            .header("authorization", second);
        let answer = app.send(request).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{first} {second}");
    }
}

#[tokio::test]
async fn a_token_in_another_place_is_none() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let by_query = app
        .send(app.request("GET", &format!("{}?access_token={token}", my_recording())))
        .await;
    assert_eq!(by_query.error(), unauthenticated("Access token is empty."));
    let cookie = app
        .request("GET", &my_recording())
        .header("cookie", format!("access_token={token}"));
    assert_eq!(
        app.send(cookie).await.error(),
        unauthenticated("Access token is empty.")
    );
}
