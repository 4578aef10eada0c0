//! What is agreed before the first request, and what comes of it where nothing is.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::client::{DEADLINE, Two};
use crate::support::TestApp;
use crate::support::names::{ORGANIZER, my_standup};
use crate::support::tls::{Authority, Secure, shake_hands};
use crate::support::{TokenOf, wait_until};

/// What was agreed on for a client that offers `protocols`.
async fn agreed(app: &TestApp, protocols: &[&str]) -> std::io::Result<Option<Vec<u8>>> {
    let authority = app.authority.as_ref().unwrap();
    let stream = authority.connect(app.address(), protocols).await?;
    Ok(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
}

/// All that comes until the server closes.
async fn rest_of<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _cut = tokio::time::timeout(DEADLINE, reading)
        .await
        .expect("it is not closed");
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn alpn_chooses_http2_where_it_is_offered_and_http1_otherwise() {
    let app = TestApp::with().tls().start().await;
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1", "h2"], Some(b"h2")),
        (&["h2"], Some(b"h2")),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        assert_eq!(
            agreed(&app, offered).await.unwrap().as_deref(),
            chosen,
            "{offered:?}"
        );
    }
    assert!(agreed(&app, &["spdy/3"]).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_alpn_http1_is_spoken() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let mut stream = authority.connect(app.address(), &[]).await.unwrap();
    let head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert!(rest_of(&mut stream).await.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn http2_without_tls_is_not_spoken() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.unwrap();
    let answer = rest_of(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
        "{answer:?}"
    );
}

/// A ClientHello in a record, for that version and nothing newer: no extension says otherwise.
fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let suites: [u8; 6] = [0xc0, 0x14, 0x00, 0x2f, 0x00, 0x35];
    let mut hello = [&version[..], &[7; 32], &[0, 0, 6], &suites, &[1, 0]].concat();
    let length = u32::try_from(hello.len()).unwrap().to_be_bytes();
    hello.splice(0..0, [&[1], &length[1..]].concat());
    let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
    [&[22, 3, 1], &length[..], &hello].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn versions_before_tls_1_2_are_refused_with_an_alert() {
    let app = TestApp::with().tls().start().await;
    for version in [[3, 0], [3, 1], [3, 2]] {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(&old_hello(version)).await.unwrap();
        let answer = rest_of(&mut stream).await;
        // A fatal alert: protocol_version, or handshake_failure where there is nothing else in common either.
        assert!(
            matches!(answer[..], [21, 3, _, 0, 2, 2, 70 | 40]),
            "{version:?}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn both_versions_that_are_safe_are_spoken() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let only =
            |builder: reqwest::ClientBuilder| builder.tls_version_min(version).tls_version_max(version);
        let asked = authority.client(only).get(format!("{}/healthz", app.base()));
        assert_eq!(asked.send().await.unwrap().status(), 200, "{version:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_handshake_that_takes_too_long_is_closed() {
    let app = TestApp::with()
        .tls()
        .config("tls.handshake_timeout = \"200ms\"")
        .start()
        .await;
    for begin in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01",
        &old_hello([3, 3])[..20],
    ] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(begin).await.unwrap();
        assert_eq!(rest_of(&mut stream).await, b"", "{begin:?}");
        assert!(started.elapsed() >= Duration::from_millis(150), "{begin:?}");
    }
    // The place is free again, and others are answered.
    assert_eq!(Two::to(&app).await.get("/healthz", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn plain_http_is_told_that_https_is_spoken() {
    let app = TestApp::with().tls().start().await;
    for bytes in [
        "GET /v1.0/me HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n{}",
            "x".repeat(30_000)
        ),
    ] {
        let answer = app.send_raw(bytes.as_bytes()).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let (head, body) = answer.text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())),
            "{head}"
        );
        assert_eq!(body, "This port speaks HTTPS: ask with https://\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_handshake_counts_among_the_connections() {
    let app = TestApp::with()
        .tls()
        .config("limits.max_connections = 1")
        .start()
        .await;
    let authority = app.authority.as_ref().unwrap();
    // It does not even begin to shake hands.
    let silent = TcpStream::connect(app.address()).await.unwrap();
    let address = app.address().to_owned();
    let file = authority.file();
    let second: tokio::task::JoinHandle<std::io::Result<Secure>> = tokio::spawn(async move {
        let stream = TcpStream::connect(address).await?;
        shake_hands(&file, stream, &["h2"]).await
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    drop(silent);
    wait_until("the second connection has a place", || second.is_finished()).await;
    second.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn heads_of_http1_are_watched_under_tls_too() {
    let app = TestApp::with().tls().start().await;
    let authority: &Authority = app.authority.as_ref().unwrap();
    let token = TokenOf::user(ORGANIZER).sign();
    for lines in [
        "Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Host: x\r\nX-Bare: a\n",
        "",
        "Host: a\r\nHost: b\r\n",
    ] {
        let mut stream = authority.connect(app.address(), &["http/1.1"]).await.unwrap();
        let head = format!(
            "GET {}/recordings HTTP/1.1\r\nAuthorization: Bearer {token}\r\n{lines}\r\n0\r\n\r\n",
            my_standup()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = rest_of(&mut stream).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 400 "), "{lines:?}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    }
}
