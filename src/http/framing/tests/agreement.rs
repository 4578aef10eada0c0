//! The HTTP library behind the scanner finds the requests that the scanner has seen, and no others.

use std::convert::Infallible;
use std::sync::Mutex;

use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Followed, NEXT, follow};
use crate::http::connection::Connection;

/// What a handler does with the body before it answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    Whole,
    FirstPart,
    Nothing,
}

/// A request as the HTTP library has read it.
#[derive(Debug)]
struct Served {
    method: Method,
    uri: Uri,
    /// The body, where all of it was read.
    content: Option<Vec<u8>>,
}

async fn read(mut body: Incoming, reading: Reading) -> Option<Vec<u8>> {
    match reading {
        Reading::Whole => Some(body.collect().await.ok()?.to_bytes().to_vec()),
        Reading::FirstPart => {
            let _part = body.frame().await;
            None
        }
        Reading::Nothing => None,
    }
}

/// The requests that the library finds in `bytes` when they come in pieces of at most `piece`, and its answers.
fn serve(bytes: &[u8], piece: usize, reading: Reading) -> (Vec<Served>, String) {
    let served = Mutex::new(Vec::new());
    let answer = service_fn(|request: Request<Incoming>| {
        let served = &served;
        async move {
            let (head, body) = request.into_parts();
            let at = {
                let mut served = served.lock().unwrap();
                served.push(Served {
                    method: head.method.clone(),
                    uri: head.uri,
                    content: None,
                });
                served.len() - 1
            };
            let content = read(body, reading).await;
            served.lock().unwrap()[at].content = content;
            let mut answer = Response::new(Empty::<Bytes>::new());
            // As the server does; else what follows is no HTTP any more.
            if head.method == Method::CONNECT {
                *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answers = runtime.block_on(async {
        let (requests, mut client) = tokio::io::duplex(piece);
        let (sent, mut answers) = tokio::io::duplex(1 << 20);
        let stream = TokioIo::new(Connection::new(tokio::io::join(requests, sent)));
        let server = async {
            let mut builder = http1::Builder::new();
            let connection = builder.half_close(true).serve_connection(stream, answer);
            let _refused = connection.await;
        };
        let client = async {
            let _closed = client.write_all(bytes).await;
            let _closed = client.shutdown().await;
        };
        tokio::pin!(client);
        tokio::select! {
            () = server => {}
            () = async { client.await; std::future::pending().await } => {}
        }
        let mut text = String::new();
        answers.read_to_string(&mut text).await.unwrap();
        text
    });
    (served.into_inner().unwrap(), answers)
}

/// The library found no request but those that the scanner saw, with the same bodies.
fn assert_agreement(followed: &[Followed], served: &[Served]) {
    assert!(followed.len() >= served.len(), "{followed:?} {served:?}");
    for (followed, served) in followed.iter().zip(served) {
        let line = String::from_utf8_lossy(&followed.line);
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some(served.method.as_str()));
        assert_eq!(
            words.next().and_then(|uri| uri.parse().ok()),
            Some(served.uri.clone())
        );
        if let Some(content) = &served.content {
            assert_eq!((&followed.content, followed.is_whole), (content, true));
        }
    }
}

#[test]
fn a_refused_head_is_answered_400_and_a_refused_body_ends_what_is_read() {
    for piece in [1, 7, 1000] {
        for (text, requests, status) in [
            (format!("GET / HTTP/1.1\r\nHost: x\n\r\n{NEXT}"), 0, "400"),
            (
                format!("{NEXT}POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
                1,
                "400",
            ),
            (
                format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n{NEXT}"),
                1,
                "200",
            ),
            (
                format!(
                    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x\ny\r\nx\r\n0\r\n\r\n{NEXT}"
                ),
                1,
                "200",
            ),
        ] {
            let (served, answers) = serve(text.as_bytes(), piece, Reading::Whole);
            assert_eq!(served.len(), requests, "{text:?} {answers}");
            assert_eq!(
                served.iter().filter(|served| served.content.is_none()).count(),
                usize::from(status == "200")
            );
            let last = answers.rsplit("HTTP/1.1 ").next().unwrap();
            assert!(last.starts_with(status), "{text:?} {answers}");
        }
    }
}

#[test]
fn what_comes_instead_of_an_expected_body_is_that_body() {
    let head = format!(
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        NEXT.len()
    );
    let text = format!("{head}{NEXT}GET /last HTTP/1.1\r\n\r\n");
    for piece in [1, 7, 40, 1000] {
        let (served, answers) = serve(text.as_bytes(), piece, Reading::Whole);
        assert_eq!(served.len(), 2, "{answers}");
        assert_eq!(served[0].content.as_deref(), Some(NEXT.as_bytes()));
        assert_eq!(served[1].uri.path(), "/last");
        // Whoever answers without having read it never gets to it as a request.
        let (served, _) = serve(text.as_bytes(), piece, Reading::Nothing);
        assert!(served.iter().all(|served| served.uri.path() != "/next"));
    }
}

/// Bodies that look like what would come behind them.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(Just(b'x'), 0..3000),
        Just(b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        Just(b"\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
    ]
}

fn chunked() -> impl Strategy<Value = Vec<u8>> {
    let extension = prop_oneof![Just(""), Just(";x"), Just(";name=\"a; b\";c"), Just(";")];
    let trailers = prop_oneof![
        Just(""),
        Just("X-Sum: 1\r\n"),
        Just("X: GET / HTTP/1.1\r\nTrailer: 0\r\n")
    ];
    (
        proptest::collection::vec((content(), extension, any::<bool>()), 0..4),
        trailers,
    )
        .prop_map(|(chunks, trailers)| {
            let mut body = Vec::new();
            for (content, extension, is_padded) in chunks {
                if content.is_empty() {
                    continue;
                }
                let size = match is_padded {
                    true => format!("{:016X}", content.len()),
                    false => format!("{:x}", content.len()),
                };
                body.extend_from_slice(format!("{size}{extension}\r\n").as_bytes());
                body.extend_from_slice(&content);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
            body
        })
}

/// One good request.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just("GET"),
        Just("POST"),
        Just("PUT"),
        Just("HEAD"),
        Just("OPTIONS"),
        Just("DELETE"),
        Just("CONNECT")
    ];
    let more = prop_oneof![
        4 => Just(""),
        1 => Just("Expect: 100-continue\r\n"),
        1 => Just("Upgrade: websocket\r\nConnection: upgrade\r\n"),
        1 => Just("X-Long: Content-Length: 5, Transfer-Encoding: chunked, and more of what is no field of its own\r\n"),
    ];
    let framed = prop_oneof![
        Just((String::new(), Vec::new())),
        content().prop_map(|content| (format!("content-length:{} \r\n", content.len()), content)),
        chunked().prop_map(|body| ("Transfer-Encoding: chunked\r\n".to_owned(), body)),
    ];
    let before = prop_oneof![4 => Just(""), 1 => Just("\r\n"), 1 => Just("\r\n\r\n")];
    (before, method, 0..100_u8, more, framed, any::<bool>()).prop_map(
        |(before, method, number, more, (field, body), is_first)| {
            let path = if method == "CONNECT" {
                format!("a{number}:80")
            } else {
                format!("/{number}")
            };
            let (one, two) = if is_first {
                (field.as_str(), more)
            } else {
                (more, field.as_str())
            };
            let mut text =
                format!("{before}{method} {path} HTTP/1.1\r\nHost: x\r\n{one}{two}\r\n").into_bytes();
            text.extend_from_slice(&body);
            text
        },
    )
}

fn requests() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(request(), 1..6)
}

/// Something done to a text, at a place of it.
#[derive(Clone, Debug)]
enum Change {
    Replace(u8),
    Insert(&'static str),
    InsertLine(&'static str),
    Remove(usize),
    Repeat(usize),
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    let byte = prop::sample::select(b"\r\n\0 \t0123456789abcdefx;:,+-".to_vec());
    let text = prop::sample::select(vec![
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "0",
        "f",
        ";",
        " ",
        "\t",
        "0x",
        "+",
        "\0",
        "\x0b",
        "0\r\n\r\n",
    ]);
    let line = prop::sample::select(vec![
        "Content-Length: 5\r\n",
        "Content-Length: 300\r\n",
        "Content-Length : 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "0\r\n",
        "\r\n",
    ]);
    let change = prop_oneof![
        byte.prop_map(Change::Replace),
        text.prop_map(Change::Insert),
        line.prop_map(Change::InsertLine),
        (1..4_usize).prop_map(Change::Remove),
        (1..40_usize).prop_map(Change::Repeat),
    ];
    proptest::collection::vec((any::<prop::sample::Index>(), change), 1..4)
}

fn change(text: &mut Vec<u8>, at: usize, change: &Change) {
    match change {
        Change::Replace(byte) => text[at] = *byte,
        Change::Insert(new) => drop(text.splice(at..at, new.bytes())),
        Change::InsertLine(new) => {
            let ends = text[at..].iter().position(|byte| *byte == b'\n');
            let at = ends.map_or(at, |end| at + end + 1);
            text.splice(at..at, new.bytes());
        }
        Change::Remove(length) => drop(text.drain(at..(at + length).min(text.len()))),
        Change::Repeat(length) => {
            let again = text[at..(at + length).min(text.len())].to_vec();
            text.splice(at..at, again);
        }
    }
}

fn pieces() -> impl Strategy<Value = usize> {
    prop_oneof![1..10_usize, Just(100), Just(1 << 16)]
}

proptest! {
    #[test]
    fn good_requests_are_all_found(requests in requests(), piece in pieces()) {
        let text = requests.concat();
        let (followed, refused) = follow(&text);
        prop_assert_eq!(refused, None);
        prop_assert_eq!(followed.len(), requests.len());
        let (served, answers) = serve(&text, piece, Reading::Whole);
        prop_assert!(served.iter().all(|served| served.content.is_some()));
        prop_assert_eq!(served.len(), requests.len(), "{}", answers);
        assert_agreement(&followed, &served);
    }

    #[test]
    fn nothing_is_served_that_was_not_seen(
        requests in requests(),
        changes in changes(),
        piece in pieces(),
        reading in prop_oneof![Just(Reading::Whole), Just(Reading::FirstPart), Just(Reading::Nothing)],
    ) {
        let mut text = requests.concat();
        for (at, done) in &changes {
            if !text.is_empty() {
                let at = at.index(text.len());
                change(&mut text, at, done);
            }
        }
        let (followed, _) = follow(&text);
        let (served, _) = serve(&text, piece, reading);
        assert_agreement(&followed, &served);
    }
}
