//! Bodies of what writes: packing, type, size, depth (security.md section 3).

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{MINE, writer};
use crate::support::names::ORGANIZER;
use crate::support::{Answer, TestApp};

async fn post(app: &TestApp, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
    let mut request = app.request("POST", MINE).bearer_auth(writer(ORGANIZER));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body)).await
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn json_is_read_plain_and_packed() {
    let app = TestApp::start().await;
    for headers in [
        &[][..],
        &[JSON],
        &[("content-type", "application/json; charset=utf-8")],
        &[JSON, ("content-encoding", "identity")],
    ] {
        let answer = post(&app, headers, "{\"subject\":\"x\"}").await;
        assert_eq!(
            (answer.status, &answer.json()["subject"]),
            (201, &"x".into()),
            "{headers:?}"
        );
    }
    let answer = post(
        &app,
        &[JSON, ("content-encoding", "gzip")],
        packed(b"{\"subject\":\"x\"}"),
    )
    .await;
    assert_eq!((answer.status, &answer.json()["subject"]), (201, &"x".into()));
}

#[tokio::test]
async fn what_is_not_json_is_415() {
    let app = TestApp::start().await;
    for headers in [
        [("content-type", "text/plain"), ("x", "y")],
        [("content-type", "application/x-www-form-urlencoded"), ("x", "y")],
        [("content-type", "multipart/form-data; boundary=x"), ("x", "y")],
        [JSON, ("content-encoding", "br")],
        [JSON, ("content-encoding", "gzip, gzip")],
    ] {
        let answer = post(&app, &headers, "{}").await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (415, "UnsupportedMediaType"),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn malformed_json_is_400_with_its_place() {
    let app = TestApp::start().await;
    for (body, place) in [
        ("", "line 1 column 0"),
        ("{", "line 1 column 1"),
        ("{\"subject\": }", "line 1 column 13"),
        ("{\n  \"subject\": \"x\",\n}", "line 3 column 1"),
        ("{} {}", "line 1 column 4"),
        ("{\"subject\":\"\\ud800\"}", "line 1 column"),
    ] {
        let (status, code, message) = post(&app, &[JSON], body).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{body}");
        assert!(message.contains(place), "{body}: {message}");
    }
    let answer = post(&app, &[JSON], b"{\"subject\":\"\xff\"}".to_vec()).await;
    assert_eq!(answer.status, 400);
    let answer = post(&app, &[JSON, ("content-encoding", "gzip")], "{}").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn size_and_depth_are_bounded_packed_or_not() {
    let app = TestApp::with().config("limits.json_bytes = 4096").start().await;
    let body = |length: usize| format!("{{\"subject\":\"x\"{}}}", " ".repeat(length - 15));
    assert_eq!(post(&app, &[JSON], body(4096)).await.status, 201);
    assert_eq!(post(&app, &[JSON], body(4097)).await.status, 413);
    let gzip = [JSON, ("content-encoding", "gzip")];
    assert_eq!(post(&app, &gzip, packed(body(4096).as_bytes())).await.status, 201);
    assert_eq!(post(&app, &gzip, packed(body(4097).as_bytes())).await.status, 413);
    assert_eq!(post(&app, &gzip, packed(&vec![b' '; 500_000])).await.status, 413);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let (status, _, message) = post(&app, &[JSON], nested(65)).await.error();
    assert!(status == 400 && message.contains("64"), "{message}");
    let (status, _, message) = post(&app, &[JSON], nested(64)).await.error();
    assert!(status == 400 && message.contains("object"), "{message}");
}

#[tokio::test]
async fn whoever_may_not_write_is_not_told_about_the_permission_by_the_body() {
    let app = TestApp::start().await;
    // A body that cannot be read is refused alike, whoever sends it.
    let mut answers = Vec::new();
    for user in [ORGANIZER, crate::support::names::OUTSIDER] {
        let request = app
            .request("POST", MINE)
            .bearer_auth(super::reader(user))
            .body("{");
        answers.push(app.send(request).await.error());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 400);
}

#[tokio::test]
async fn bodies_are_read_however_they_are_framed() {
    let app = TestApp::start().await;
    let head = format!(
        "POST {MINE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        writer(ORGANIZER)
    );
    for rest in [
        "Content-Length: 15\r\n\r\n{\"subject\":\"x\"}",
        "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"subject\r\n6\r\n\":\"x\"}\r\n0\r\n\r\n",
        "Expect: 100-continue\r\nContent-Length: 15\r\n\r\n{\"subject\":\"x\"}",
    ] {
        let answer = app.send_raw(format!("{head}{rest}").as_bytes()).await;
        let text = &answer.text;
        assert!(
            text.contains(" 201 Created") && text.contains("\"subject\":\"x\""),
            "{rest}: {text}"
        );
    }
}

// The client hears on another thread that the server stops.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_read_over_http2() {
    let app = TestApp::with().tls().start().await;
    for _ in 0..3 {
        let answer = post(&app, &[JSON], "{\"subject\":\"x\"}").await;
        assert_eq!((answer.status, &answer.json()["subject"]), (201, &"x".into()));
    }
    let too_large = post(&app, &[JSON], vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(too_large.status, 413);
    let batch = serde_json::json!({ "requests": [{ "id": "1", "method": "POST", "url": "/me/onlineMeetings", "body": {} }] });
    let answer = app
        .send_json("POST", "/v1.0/$batch", &writer(ORGANIZER), &batch)
        .await;
    assert_eq!(answer.json()["responses"][0]["status"], 201);
}
