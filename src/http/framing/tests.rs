//! Requests that pass, and those that do not.

mod agreement;

use proptest::prelude::*;

use super::*;

/// A request as the scanner has followed it.
#[derive(Debug, Default, PartialEq)]
struct Followed {
    line: Vec<u8>,
    content: Vec<u8>,
    /// It was followed to its end.
    is_whole: bool,
}

/// The requests whose heads the scanner lets pass, and where it refuses; each byte is shown to it by itself.
fn follow(bytes: &[u8]) -> (Vec<Followed>, Option<Refused>) {
    let mut scanner = MessageScanner::default();
    let (mut requests, mut line) = (Vec::<Followed>::new(), Vec::new());
    for (at, byte) in bytes.iter().enumerate() {
        let before = scanner.place;
        if let Err(refused) = scanner.scan(&[*byte]) {
            let accepted = at;
            return (requests, Some(Refused { accepted, ..refused }));
        }
        let after = scanner.place;
        if before == Place::Line(Line::Request) && !matches!(byte, b'\r' | b'\n') {
            line.push(*byte);
        }
        if let (Place::Content { .. }, Some(request)) = (before, requests.last_mut()) {
            request.content.push(*byte);
        }
        if before == Place::Line(Line::Field) && after != before {
            requests.push(Followed {
                line: std::mem::take(&mut line),
                ..Followed::default()
            });
        }
        if let (Place::Line(Line::Request), Some(request)) = (after, requests.last_mut()) {
            request.is_whole = true;
        }
    }
    (requests, None)
}

/// Where `bytes` are refused when they are shown in pieces of these lengths, the last of them again and again.
fn refused_in_pieces(bytes: &[u8], lengths: &[usize]) -> Option<Refused> {
    let mut scanner = MessageScanner::default();
    let mut lengths = lengths.iter().copied();
    let (mut rest, mut at, mut length) = (bytes, 0, 1);
    while !rest.is_empty() {
        length = lengths.next().unwrap_or(length).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(length);
        if let Err(refused) = scanner.scan(piece) {
            let accepted = at + refused.accepted;
            return Some(Refused { accepted, ..refused });
        }
        (rest, at) = (behind, at + length);
    }
    None
}

/// What is accepted of `text` and the part in which the rest is refused, however it is cut.
fn accepted(text: &str) -> (&str, Option<&'static str>) {
    let bytes = text.as_bytes();
    let (_, refused) = follow(bytes);
    assert_eq!(refused_in_pieces(bytes, &[bytes.len()]), refused, "{text:?}");
    for cut in 1..bytes.len().min(400) {
        assert_eq!(
            refused_in_pieces(bytes, &[cut, bytes.len()]),
            refused,
            "{text:?} {cut}"
        );
    }
    let part = refused.map(|refused| if refused.in_head { "head" } else { "body" });
    (
        &text[..refused.map_or(text.len(), |refused| refused.accepted)],
        part,
    )
}

/// The lines of the requests in `text`, all of which is accepted.
fn lines(text: &str) -> Vec<String> {
    assert_eq!(accepted(text), (text, None));
    let lines = follow(text.as_bytes()).0.into_iter();
    lines
        .map(|request| String::from_utf8(request.line).unwrap())
        .collect()
}

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn requests_without_a_body_follow_each_other() {
    for text in [
        "GET /first HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET /first HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n",
        "GET /first HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        "GET /first HTTP/1.1\r\ncontent-length:\t00 \t\r\n\r\n",
        "GET /first HTTP/1.1\r\n\r\n",
    ] {
        let both = format!("{text}{NEXT}");
        assert_eq!(
            lines(&both),
            ["GET /first HTTP/1.1", "GET /next HTTP/1.1"],
            "{text:?}"
        );
    }
    let (path, value) = ("a".repeat(5000), "b".repeat(5000));
    assert_eq!(
        lines(&format!("GET /{path} HTTP/1.1\r\nX: {value}\r\n\r\n{NEXT}")).len(),
        2
    );
}

#[test]
fn the_request_behind_a_body_is_watched_from_its_first_byte() {
    for text in [
        "POST /first HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\nc",
        "POST /first HTTP/1.1\r\nContent-Length: 32\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\n\r\n",
        "POST /first HTTP/1.1\r\nContent-Length: 1\r\n\r\n\r",
        "POST /first HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        "POST /first HTTP/1.1\r\nTransfer-Encoding:chunked \r\n\r\n3\r\n\r\n\r\r\n000A\r\n0\r\n\r\nGET \n\r\n0\r\n\r\n",
        "POST /first HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nc;name=\"value\";x\r\nGET / HTTP/1\r\n0;last\r\n\r\n",
        "POST /first HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: 1\r\nX-More: 2\r\n\r\n",
    ] {
        let both = format!("{text}{NEXT}");
        assert_eq!(
            lines(&both),
            ["POST /first HTTP/1.1", "GET /next HTTP/1.1"],
            "{text:?}"
        );
        let doubtful = format!("{text}GET /next HTTP/1.1\r\nHost: x\n");
        assert_eq!(
            accepted(&doubtful),
            (&doubtful[..doubtful.len() - 1], Some("head"))
        );
    }
}

#[test]
fn a_head_in_doubt_is_refused() {
    for (text, rest) in [
        ("GET / HTTP/1.1", "\nHost: x\n\n"),
        ("GET / HTTP/1.1\r\nHost: x", "\nX: y\r\n\r\n"),
        ("GET / HTTP/1.1\r\nHost: x\r\n", "\n"),
        ("GET / HTTP/1.1\r\nHost: x\r", "\r\n\r\n"),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r", "0\r\n\r\n"),
        ("GET / HTTP/1.1\r\nX: ", "\0\r\n\r\n"),
        ("", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r",
            "\n\r\n0\r\n\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r",
            "\n\r\n0\r\n\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 5\r",
            "\n\r\nabcde",
        ),
        (
            "POST / HTTP/1.1\r\nContent-Length: 0\r\ncontent-length: 0\r",
            "\n\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r",
            "\n\r\n",
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1", "\nHost: x\n\n"),
        // A length of nothing, and then what it does not speak of.
        (
            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nabc",
            "\nGET / HTTP/1.1\r\n\r\n",
        ),
    ] {
        assert_eq!(accepted(&format!("{text}{rest}")), (text, Some("head")));
    }
}

#[test]
fn a_length_is_digits_and_a_coding_is_chunked() {
    let long = format!("{}5", " ".repeat(LINE_BYTES));
    for field in [
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 5 5",
        "Content-Length: 5, 5",
        "Content-Length: 5,",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: \"5\"",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999999",
        &format!("Content-Length: {long}"),
        &format!("Content-Length: {}", "0".repeat(LINE_BYTES)),
        "Transfer-Encoding:",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: identity",
        &format!("Transfer-Encoding: {long}"),
    ] {
        let head = format!("POST / HTTP/1.1\r\n{field}\r");
        let text = format!("{head}\n\r\n{NEXT}");
        assert_eq!(accepted(&text), (head.as_str(), Some("head")), "{field}");
    }
    let longest = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    assert_eq!(accepted(&format!("{longest}\n\0")).1, None);
}

#[test]
fn chunks_are_framed_in_one_way() {
    let long = format!("1;{}", "x".repeat(SIZE_LINE_BYTES - 1));
    let zeros = "0".repeat(SIZE_DIGITS + 1);
    for (text, rest) in [
        ("", "\n"),
        ("\r", "\n0\r\n\r\n"),
        ("0x1\r", "\nx\r\n"),
        ("+1\r", "\nx\r\n"),
        ("-1\r", "\nx\r\n"),
        (" 1\r", "\nx\r\n"),
        ("1 \r", "\nx\r\n"),
        ("1\t\r", "\nx\r\n"),
        ("1 ;x\r", "\nx\r\n"),
        ("1_0\r", "\nx\r\n"),
        ("g\r", "\nx\r\n"),
        (";x\r", "\nx\r\n"),
        ("1", "\nx\r\n"),
        ("1\r", "x\r\n"),
        ("1", "\0\r\nx\r\n"),
        ("1;x", "\nx\r\n"),
        ("1;x\r", "y\r\nx\r\n"),
        ("1;x\r", "\r\nx\r\n"),
        ("1;", "\0\r\nx\r\n"),
        ("10000000000000000\r", "\n"),
        (&format!("{zeros}\r"), "\n"),
        (&long[..SIZE_LINE_BYTES], "x\r\nx\r\n"),
        ("1\r\nx", "\n0\r\n\r\n"),
        ("1\r\nx\r", "0\r\n\r\n"),
        ("1\r\nx", "y\r\n0\r\n\r\n"),
        ("1\r\nx", "0\r\n\r\n"),
        ("0\r\n", "\n"),
        ("0\r\n\r", "x"),
        ("0\r\nX: 1", "\n\r\n"),
        ("0\r\nX: ", "\0\r\n\r\n"),
        ("0\r\nX: 1\r\n", "\nGET"),
        ("0\r\nContent-Length: 5\r", "\n\r\n"),
        ("0\r\nX: 1\r\ntransfer-encoding: chunked\r", "\n\r\n"),
    ] {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let before = format!("{head}{text}");
        assert_eq!(
            accepted(&format!("{before}{rest}")),
            (before.as_str(), Some("body"))
        );
    }
}

#[test]
fn a_trailer_section_is_bounded() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    let line = format!("X: {}\r\n", "x".repeat(59));
    let most = TRAILER_BYTES / line.len();
    let fits = format!("{head}{}\r\n{NEXT}", line.repeat(most));
    assert_eq!(lines(&fits).len(), 2);
    let more = format!("{head}{}", line.repeat(most + 1));
    assert_eq!(accepted(&more).1, Some("body"));
    let endless = format!("{head}X: {}", "x".repeat(2 * TRAILER_BYTES));
    assert_eq!(accepted(&endless).0.len(), head.len() + TRAILER_BYTES);
}

#[test]
fn a_large_body_is_skipped_at_once() {
    let mut scanner = MessageScanner::default();
    scanner
        .scan(b"PUT / HTTP/1.1\r\nContent-Length: 10000000000001\r\n\r\n")
        .unwrap();
    // Ten terabytes would take hours if each byte were looked at.
    let bytes = vec![0; 10_000_000];
    for _ in 0..1_000_000 {
        scanner.scan(&bytes).unwrap();
    }
    let next = Line::Request;
    assert_eq!(scanner.place, Place::Content { left: 1, next });
}

/// Texts that are near to requests: the parts of some, in any order.
fn near_requests() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "POST / HTTP/1.1\r\n",
        "Host: x\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "abc",
        "3\r\nabc\r\n",
        "1;x=y\r\nz\r\n",
        "0\r\n",
        "\r",
        "\n",
        "0",
        ";",
        ":",
        " ",
        "\0",
    ];
    let part = prop_oneof![8 => 0..10_usize, 1 => 0..parts.len()];
    proptest::collection::vec(part, 0..24).prop_map(move |chosen| {
        let chosen = chosen.into_iter().map(|part| parts[part].as_bytes());
        chosen.flatten().copied().collect()
    })
}

proptest! {
    #[test]
    fn cuts_change_nothing(bytes in near_requests(), cuts in proptest::collection::vec(1..20_usize, 1..12)) {
        let (_, refused) = follow(&bytes);
        prop_assert_eq!(refused_in_pieces(&bytes, &cuts), refused);
        prop_assert_eq!(refused_in_pieces(&bytes, &[bytes.len()]), refused);
    }
}
