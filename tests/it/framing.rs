//! Where one request of a connection ends and the next begins (security.md section 3).

use serde_json::json;

use crate::authority::{GRAPH_DEFAULT, SECRET, with_secret};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER};
use crate::support::{RawAnswer, TestApp, TokenOf};

const NEXT: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// The body of a batch that asks for one thing.
fn batch() -> String {
    json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] }).to_string()
}

/// The head of a POST to `/$batch`, with these lines.
fn head(lines: &str) -> String {
    let token = TokenOf::user(ORGANIZER).permissions(&["User.Read"]).sign();
    format!(
        "POST /v1.0/$batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{lines}\r\n"
    )
}

fn post() -> String {
    let body = batch();
    head(&format!("Content-Length: {}\r\n", body.len())) + &body
}

/// The same in chunks of `size` bytes, with extensions and trailers.
fn post_in_chunks(size: usize) -> String {
    let mut text = head("Transfer-Encoding: chunked\r\n");
    for chunk in batch().as_bytes().chunks(size) {
        let chunk = std::str::from_utf8(chunk).unwrap();
        text += &format!("{:x};name=value\r\n{chunk}\r\n", chunk.len());
    }
    text + "0\r\nX-Sum: 1\r\n\r\n"
}

fn assert_is_batch(answer: &RawAnswer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.closes(), "{}", answer.text);
    assert_eq!(answer.json()["responses"][0]["status"], 200, "{}", answer.text);
}

/// The statuses of the answers to `bytes`, until the server closes.
async fn statuses(app: &TestApp, bytes: &str) -> Vec<u16> {
    let answers = app.send_raw(bytes.as_bytes()).await;
    let parts = answers.text.split("HTTP/1.1 ").skip(1);
    parts.map(|answer| answer[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn requests_with_bodies_share_a_connection() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    for _ in 0..3 {
        assert_is_batch(&connection.ask(post()).await);
        assert_is_batch(&connection.ask(post_in_chunks(7)).await);
        assert_eq!(connection.ask(NEXT).await.status, 200);
    }
    // What the handler refuses has been read, too.
    let refused = "POST /v1.0/$batch HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(connection.ask(refused).await.status, 401);
    let with_get = "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(connection.ask(with_get).await.status, 200);
    assert_is_batch(&connection.ask(post()).await);
    let last = connection.ask(LAST).await;
    assert!((last.status, last.closes()) == (200, true), "{}", last.text);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn tokens_are_got_on_one_connection() {
    let app = with_secret().start().await;
    let mut connection = app.connect().await;
    let secret = SECRET.replace(' ', "+").replace('\'', "%27");
    let form = format!(
        "grant_type=client_credentials&client_id={ARCHIVER}&client_secret={secret}&scope={GRAPH_DEFAULT}"
    );
    for _ in 0..3 {
        let head = format!(
            "POST /{CONTOSO}/oauth2/v2.0/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            form.len()
        );
        let answer = connection.ask(head + &form).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.json()["access_token"].is_string());
    }
}

#[tokio::test]
async fn requests_that_do_not_wait_for_answers_are_all_answered() {
    let app = TestApp::start().await;
    let bytes = [
        post(),
        NEXT.to_owned(),
        post_in_chunks(1000),
        post_in_chunks(1),
        post(),
        LAST.to_owned(),
    ]
    .concat();
    assert_eq!(statuses(&app, &bytes).await, [200; 6]);
    // However the bytes come.
    let bytes = [post(), post_in_chunks(20), LAST.to_owned()].concat();
    let mut connection = app.connect().await;
    for piece in bytes.as_bytes().chunks(11) {
        connection.send(piece).await;
        tokio::task::yield_now().await;
    }
    assert_is_batch(&connection.answer().await);
    assert_is_batch(&connection.answer().await);
    assert_eq!(connection.answer().await.status, 200);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_large_body_is_read_and_the_connection_stays() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    let million = 1_048_576;
    let body = format!("{}{}", " ".repeat(million - batch().len()), batch());
    for _ in 0..2 {
        connection
            .send(head(&format!("Content-Length: {million}\r\n")).as_bytes())
            .await;
        assert_is_batch(&connection.ask(&body).await);
        connection
            .send(head("Transfer-Encoding: chunked\r\n").as_bytes())
            .await;
        for half in [&body[..1000], &body[1000..]] {
            connection
                .send(format!("{:x}\r\n{half}\r\n", half.len()).as_bytes())
                .await;
        }
        assert_is_batch(&connection.ask("0\r\n\r\n").await);
    }
    assert_eq!(connection.ask(NEXT).await.status, 200);
}

#[tokio::test]
async fn a_body_whose_end_is_in_doubt_is_400_and_closes() {
    let app = TestApp::start().await;
    for chunks in [
        "0x1\r\nx\r\n0\r\n\r\n",
        "+1\r\nx\r\n0\r\n\r\n",
        "1 \r\nx\r\n0\r\n\r\n",
        " 1\r\nx\r\n0\r\n\r\n",
        "1\nx\r\n0\r\n\r\n",
        "1\r\nx\n0\r\n\r\n",
        "1\r\nxx\r\n0\r\n\r\n",
        "1;x\ny\r\nx\r\n0\r\n\r\n",
        "1;\rx\r\nx\r\n0\r\n\r\n",
        "00000000000000001\r\nx\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "0\r\n\n",
        "0\r\nX: 1\nY: 2\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nno field\r\n\r\n",
    ] {
        let bytes = [head("Transfer-Encoding: chunked\r\n").as_str(), chunks, NEXT].concat();
        let answer = app.send_raw(bytes.as_bytes()).await;
        assert_eq!(
            answer.error(),
            (400, "BadRequest".to_owned()),
            "{chunks:?}: {}",
            answer.text
        );
        assert!(answer.closes(), "{chunks:?}: {}", answer.text);
        assert_eq!(
            answer.text.matches("HTTP/1.1 ").count(),
            1,
            "{chunks:?}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_head_in_doubt_behind_a_body_is_400_and_closes() {
    let app = TestApp::start().await;
    // Up to the byte that makes the doubt.
    for doubtful in [
        "GET /healthz HTTP/1.1\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\n",
        "GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
        "GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "GET /healthz HTTP/1.1\r\nContent-Length: +1\r\n",
        "x\n",
    ] {
        for before in [post(), post_in_chunks(9)] {
            let bytes = format!("{before}{doubtful}Host: x\r\n\r\nx{NEXT}");
            assert_eq!(statuses(&app, &bytes).await, [200, 400], "{doubtful:?}");
            let mut connection = app.connect().await;
            assert_is_batch(&connection.ask(before).await);
            for byte in doubtful.as_bytes() {
                connection.send(&[*byte]).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(connection.answer().await.status, 400, "{doubtful:?}");
            assert!(connection.is_closed().await);
        }
    }
}

#[tokio::test]
async fn what_is_in_a_body_is_never_a_request() {
    let app = TestApp::start().await;
    let hidden = "GET /v1.0/hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    for method in ["GET", "POST", "DELETE", "OPTIONS", "CONNECT", "BREW"] {
        let target = if method == "CONNECT" { "x:443" } else { "/healthz" };
        for more in ["", "Upgrade: websocket\r\nConnection: upgrade\r\n"] {
            let whole = format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len());
            let chunked = format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
                hidden.len()
            );
            for framed in [whole, chunked] {
                let bytes = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{more}{framed}{LAST}");
                let statuses = statuses(&app, &bytes).await;
                assert_eq!((statuses.len(), statuses[1]), (2, 200), "{bytes:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_read_closes_the_connection() {
    let app = TestApp::with().config("limits.json_bytes = 2048").start().await;
    let chunk = format!("800\r\n{}\r\n", "x".repeat(2048));
    for (lines, body) in [
        ("Content-Length: 2049\r\n", "x".repeat(2049)),
        ("Content-Length: 2049\r\n", String::new()),
        ("Content-Length: 2049\r\nExpect: 100-continue\r\n", String::new()),
        ("Transfer-Encoding: chunked\r\n", chunk.repeat(3) + "0\r\n\r\n"),
    ] {
        let bytes = [&head(lines), &body, NEXT].concat();
        let answer = app.send_raw(bytes.as_bytes()).await;
        assert_eq!(answer.status, 413, "{lines}: {}", answer.text);
        assert!(answer.closes(), "{lines}: {}", answer.text);
        assert_eq!(
            answer.text.matches("HTTP/1.1 ").count(),
            1,
            "{lines}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_body_that_is_asked_for_comes_and_the_connection_stays() {
    let app = TestApp::start().await;
    let mut connection = app.connect().await;
    let body = batch();
    let head = |length| head(&format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"));
    for _ in 0..2 {
        assert_eq!(connection.ask(head(body.len())).await.status, 100);
        assert_is_batch(&connection.ask(&body).await);
    }
    // A client that thinks better of it and sends its next request has sent a body.
    assert_eq!(connection.ask(head(NEXT.len())).await.status, 100);
    let answer = connection.ask(NEXT).await;
    assert_eq!(answer.error(), (400, "BadRequest".to_owned()), "{}", answer.text);
    assert_eq!(connection.ask(NEXT).await.status, 200);
}

#[tokio::test]
async fn http_1_0_closes_unless_asked_to_stay() {
    let app = TestApp::start().await;
    let old = post().replace(" HTTP/1.1\r\n", " HTTP/1.0\r\n");
    let answer = app.send_raw(format!("{old}{NEXT}").as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text.matches("HTTP/1.").count(), 1, "{}", answer.text);
    let mut connection = app.connect().await;
    let stays = old.replace("Host: x\r\n", "Host: x\r\nConnection: keep-alive\r\n");
    for _ in 0..2 {
        assert_is_batch(&connection.ask(&stays).await);
    }
    assert_eq!(connection.ask(NEXT).await.status, 200);
}
