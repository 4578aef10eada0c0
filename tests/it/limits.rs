//! What a request may be: size, time, shape (security.md section 3).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

use crate::support::names::{ORGANIZER, my_standup};
use crate::support::{RawAnswer, TestApp, TokenOf};

/// A request for one recording with these lines in its head and whatever follows.
fn request(lines: &str, body: &str) -> String {
    format!(
        "GET {}/recordings/recording-1 HTTP/1.1\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{lines}\r\n{body}",
        my_standup(),
        TokenOf::user(ORGANIZER).sign()
    )
}

async fn send(app: &TestApp, lines: &str, body: &str) -> RawAnswer {
    app.send_raw(request(lines, body).as_bytes()).await
}

#[tokio::test]
async fn a_get_with_a_body_is_answered_as_without_it() {
    let app = TestApp::start().await;
    let plain = send(&app, "Host: x\r\n", "").await;
    assert_eq!(plain.status, 200, "{}", plain.text);
    let million = "x".repeat(1_048_576);
    let chunk = format!("{:x}\r\n{}\r\n", 1000, "y".repeat(1000));
    let cases = [
        (
            "Content-Length: 2\r\nContent-Type: application/json\r\n",
            "{}".to_owned(),
        ),
        (
            "Content-Length: 9\r\nContent-Type: application/json\r\n",
            "not JSON!".to_owned(),
        ),
        ("Content-Length: 0\r\n", String::new()),
        ("Content-Length: 1048576\r\n", million),
        (
            "Transfer-Encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n".to_owned(),
        ),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n".to_owned()),
        (
            "Transfer-Encoding: chunked\r\n",
            format!("{}0\r\n\r\n", chunk.repeat(1000)),
        ),
        (
            "Transfer-Encoding: chunked\r\n",
            "1;ext=1\r\nx\r\n0\r\nTrailer: 1\r\n\r\n".to_owned(),
        ),
    ];
    for (lines, body) in cases {
        let answer = send(&app, &format!("Host: x\r\n{lines}"), &body).await;
        assert_eq!(answer.status, 200, "{lines}: {}", answer.text);
        assert_eq!(answer.json(), plain.json(), "{lines}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let app = TestApp::start().await;
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, "y".repeat(65_536));
    let cases = [
        ("Content-Length: 1048577\r\n", String::new()),
        ("Content-Length: 99999999999999\r\n", String::new()),
        ("Transfer-Encoding: chunked\r\n", chunk.repeat(17)),
    ];
    for (lines, body) in cases {
        let answer = send(&app, &format!("Host: x\r\n{lines}"), &body).await;
        assert_eq!(answer.status, 413, "{lines}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_limit_of_a_body_is_the_configured_one() {
    let app = TestApp::with().config("limits.json_bytes = 2048").start().await;
    for (length, status) in [(2048, 200), (2049, 413)] {
        let lines = format!("Host: x\r\nContent-Length: {length}\r\n");
        let answer = send(&app, &lines, &"x".repeat(length)).await;
        assert_eq!(answer.status, status, "{length}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let app = TestApp::start().await;
    let long = format!("Host: x\r\nX-Long: {}\r\n", "x".repeat(33_000));
    let many = format!("Host: x\r\n{}", "X-Many: 1\r\n".repeat(100));
    for (what, lines) in [("long", long), ("many", many)] {
        let answer = send(&app, &lines, "").await;
        assert_eq!(answer.status, 431, "{what}: {}", answer.text);
    }
    let some = format!("Host: x\r\n{}", "X-Many: 1\r\n".repeat(90));
    assert_eq!(send(&app, &some, "").await.status, 200);
}

#[tokio::test]
async fn the_limit_of_a_head_is_the_configured_one() {
    let app = TestApp::with().config("limits.header_bytes = 8192").start().await;
    let bare = request("Host: x\r\nX-Long: \r\n", "").len();
    for (length, status) in [(8192, 200), (8193, 431), (12_000, 431)] {
        let lines = format!("Host: x\r\nX-Long: {}\r\n", "x".repeat(length - bare));
        let answer = send(&app, &lines, "").await;
        assert_eq!(answer.status, status, "{length}: {}", answer.text);
    }
}

#[tokio::test]
async fn exactly_one_host_is_wanted() {
    let app = TestApp::start().await;
    for lines in ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n"] {
        let answer = send(&app, lines, "").await;
        assert_eq!(
            answer.error(),
            (400, "BadRequest".to_owned()),
            "{lines}: {}",
            answer.text
        );
        assert!(answer.closes(), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_refused_head_closes_the_connection_that_wanted_to_stay() {
    let app = TestApp::start().await;
    // Without `Connection: close`: the answer ends only because the server closes.
    let twice = "GET /v1.0/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = app.send_raw(twice.as_bytes()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.text.matches("HTTP/1.1 ").count(), 1, "{}", answer.text);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_400_and_closes() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings", my_standup());
    let with = |lines: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{lines}\r\n")
    };
    let cases = [
        with("Content-Length: 1\r\nContent-Length: 2\r\n"),
        with("Content-Length: -1\r\n"),
        with("Content-Length: +1\r\n"),
        with("Content-Length: 1, 2\r\n"),
        with("Transfer-Encoding: gzip\r\n"),
        with("X-Folded: a\r\n b\r\n"),
        with("X-Space : a\r\n"),
        with("X-Nul: a\0b\r\n"),
        // What can be read in two ways.
        with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n",
        with("Content-Length: 5\r\nContent-Length: 5\r\n") + "abcde",
        with("Transfer-Encoding: chunked, chunked\r\n") + "0\r\n\r\n",
        with("X-Bare: a\n"),
        with("").replace("\r\n", "\n"),
        "GET  HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "GARBAGE\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned() + "\r\n\r\n",
    ];
    for bytes in cases {
        let answer = app.send_raw(bytes.as_bytes()).await;
        assert_eq!(answer.status, 400, "{bytes:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_closed() {
    let app = TestApp::with()
        .config("limits.header_timeout = \"200ms\"")
        .start()
        .await;
    let started = Instant::now();
    for bytes in [
        "",
        "GET /v1.0/me HT",
        "GET /v1.0/me HTTP/1.1\r\nHost: x\r\nX-Slow: 1",
    ] {
        let answer = app.send_raw(bytes.as_bytes()).await;
        assert!(matches!(answer.status, 0 | 408), "{}", answer.text);
    }
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_connection_that_stays_answers_one_request_after_another() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let one = |end: &str| {
        format!(
            "GET {}/recordings/recording-1/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{end}\r\n",
            my_standup()
        )
    };
    let refused = "GET /v1.0/me/frobnicate HTTP/1.1\r\nHost: x\r\n\r\n";
    let bytes = [one(""), refused.to_owned(), one(""), one("Connection: close\r\n")].concat();
    let answer = app.send_raw(bytes.as_bytes()).await;
    assert_eq!(
        answer.text.matches("HTTP/1.1 200 OK").count(),
        3,
        "{}",
        answer.text
    );
    assert_eq!(answer.text.matches("HTTP/1.1 401 ").count(), 1, "{}", answer.text);
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_for_a_place() {
    let app = TestApp::with().config("limits.max_connections = 1").start().await;
    let ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = TcpStream::connect(app.address()).await.unwrap();
    first.write_all(ask).await.unwrap();
    let mut begin = [0; 12];
    first.read_exact(&mut begin).await.unwrap();
    let mut second = TcpStream::connect(app.address()).await.unwrap();
    second.write_all(ask).await.unwrap();
    drop(first);
    let answered = tokio::time::timeout(Duration::from_secs(20), second.read_exact(&mut begin)).await;
    answered.expect("the second connection gets no place").unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
}
