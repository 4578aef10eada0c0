//! What a client of HTTP/2 may take: streams, heads, time, memory.

use std::net::SocketAddr;
use std::time::Duration;

use h2::Reason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::client::{DEADLINE, Two, read};
use super::frames::{self, Frames, Kind};
use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::stores::content_is_in_a_folder;
use crate::support::{TestApp, TokenOf, is_held, media, wait_until};

/// The content of the second recording: more than the windows that the protocol begins with.
fn content() -> String {
    format!("{}/recordings/recording-2/content", my_standup())
}

/// More than all buffers on the way hold.
const LARGE: usize = 24_000_000;

/// Opens a download and reads nothing of it but the head.
async fn open_download(two: &mut Two, token: &str) -> http::Response<h2::RecvStream> {
    let request = two.request("GET", &content(), token);
    let (answer, _) = two.send(request, true).await.unwrap();
    let answer = tokio::time::timeout(DEADLINE, answer).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_129th_stream_is_refused_and_the_others_go_on() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let stream = authority.connect(app.address(), &["h2"]).await.unwrap();
    let mut connection = Frames::begin(stream).await;
    let settings = connection.next(Kind::Settings).await;
    assert_eq!(
        frames::setting(&settings, 3),
        Some(128),
        "SETTINGS_MAX_CONCURRENT_STREAMS"
    );
    assert_eq!(
        frames::setting(&settings, 6),
        Some(32_768),
        "SETTINGS_MAX_HEADER_LIST_SIZE"
    );
    // Each waits for a body that does not come.
    for number in 0..129 {
        connection
            .send(&frames::head(1 + 2 * number, "/healthz", false))
            .await;
    }
    let reset = connection.next(Kind::Reset).await;
    assert_eq!(reset.stream, 1 + 2 * 128);
    assert_eq!(reset.payload, 7_u32.to_be_bytes(), "REFUSED_STREAM");
    connection.send(&frames::frame(Kind::Data, 1, 1, b"")).await;
    assert_eq!(connection.next(Kind::Headers).await.stream, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_without_authority_needs_a_host() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let stream = authority.connect(app.address(), &["h2"]).await.unwrap();
    let mut connection = Frames::begin(stream).await;
    let path = [vec![0x04], frames::text(b"/healthz")].concat();
    let bare = [vec![0x82, 0x87], path].concat();
    let host = frames::field(b"host", b"localhost");
    let nothing = frames::field(b"host", b"");
    for (number, (fields, status)) in [
        (vec![bare.clone(), host.clone()], frames::STATUS_200),
        (vec![bare.clone()], frames::STATUS_400),
        (vec![bare.clone(), nothing], frames::STATUS_400),
        (vec![bare, host.clone(), host], frames::STATUS_400),
    ]
    .into_iter()
    .enumerate()
    {
        let id = 1 + 2 * u32::try_from(number).unwrap();
        let flags = frames::END_HEADERS | frames::END_STREAM;
        connection
            .send(&frames::frame(Kind::Headers, flags, id, &fields.concat()))
            .await;
        let answer = connection.next(Kind::Headers).await;
        assert_eq!((answer.stream, answer.payload[0]), (id, status));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_head_that_is_too_large_is_431_and_the_connection_stays() {
    let app = TestApp::with().tls().start().await;
    // Without the limit that the server announces, which a polite client would keep.
    let mut two = Two::to(&app).await;
    for (length, status) in [(32_000, 200), (33_000, 431), (60_000, 431)] {
        let request = two
            .request("GET", "/healthz", "")
            .header("x-long", "x".repeat(length));
        let answer = two.ask(request).await;
        // Where the library refuses it, a reset follows the answer.
        let found = answer.map(|answer| answer.status);
        match found {
            Ok(found) => assert_eq!(found, status, "{length}"),
            Err(error) => assert!(status == 431 && error.is_reset(), "{length}: {error}"),
        }
    }
    let mut request = two.request("GET", "/healthz", "");
    for number in 0..101 {
        request = request.header(format!("x-{number}"), "1");
    }
    let answer = two.ask(request).await.unwrap();
    assert_eq!(answer.error().0, 431);
    assert_eq!(two.get("/healthz", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_limit_of_a_head_is_the_configured_one() {
    let app = TestApp::with()
        .tls()
        .config("limits.header_bytes = 8192")
        .start()
        .await;
    let mut two = Two::to(&app).await;
    // As the protocol counts: 32 bytes for each field beside its own.
    let own = [
        ":method",
        "GET",
        ":scheme",
        "https",
        ":path",
        "/healthz",
        ":authority",
        app.address(),
    ];
    let bare = own.concat().len() + 4 * 32 + "x-long".len() + 32;
    for (length, is_answered) in [(8191, true), (8193, false)] {
        let request = two
            .request("GET", "/healthz", "")
            .header("x-long", "x".repeat(length - bare));
        let answer = two.ask(request).await;
        let is_good = answer.is_ok_and(|answer| answer.status == 200);
        assert_eq!(is_good, is_answered, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_that_never_asks_is_closed_after_header_timeout() {
    let app = TestApp::with()
        .tls()
        .config("limits.header_timeout = \"200ms\"")
        .start()
        .await;
    let authority = app.authority.as_ref().unwrap();
    let part = frames::head(1, "/healthz", true);
    let silent = [
        Vec::new(),
        frames::PREFACE[..10].to_vec(),
        frames::preface(),
        // A head that does not end.
        [frames::preface(), part[..part.len() - 1].to_vec()].concat(),
        [frames::preface(), frames::frame(Kind::Headers, 0, 1, b"\x82")].concat(),
    ];
    for begin in silent {
        let started = Instant::now();
        let mut stream = authority.connect(app.address(), &["h2"]).await.unwrap();
        stream.write_all(&begin).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
        let _cut = closed.expect("it is not closed");
        assert!(started.elapsed() >= Duration::from_millis(150), "{begin:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pings_do_not_keep_a_connection_that_asks_nothing() {
    let app = TestApp::with()
        .tls()
        .config("limits.header_timeout = \"300ms\"")
        .start()
        .await;
    let authority = app.authority.as_ref().unwrap();
    let stream = authority.connect(app.address(), &["h2"]).await.unwrap();
    let mut connection = Frames::begin(stream).await;
    connection.send(&frames::head(1, "/healthz", true)).await;
    connection.next(Kind::Headers).await;
    let pinging = async {
        while connection
            .try_send(&frames::frame(Kind::Ping, 0, 0, b"12345678"))
            .await
        {
            if connection.next(Kind::Ping).await.payload != b"12345678" {
                // The server asks whether it was heard, before it closes.
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, pinging)
        .await
        .expect("it is not closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_whose_client_takes_nothing_is_reset_and_the_others_go_on() {
    let app = TestApp::with()
        .tls()
        .config("limits.send_timeout = \"300ms\"")
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut two = Two::with(&app, |client| {
        client.initial_connection_window_size(1 << 20);
    })
    .await;
    let mut stalled = open_download(&mut two, &token).await;
    if content_is_in_a_folder() {
        wait_until("the file is open", || app.open_content() == 1).await;
    }
    let error = loop {
        // Read, but no room is given for more.
        match tokio::time::timeout(DEADLINE, stalled.body_mut().data())
            .await
            .unwrap()
        {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("all of it came"),
        }
    };
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    wait_until("the file is closed", || app.open_content() == 0).await;
    let request = two.request("GET", &content(), &token);
    assert_eq!(two.ask(request).await.unwrap().body.len(), 300_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_reader_that_takes_something_is_not_cut() {
    let app = TestApp::with()
        .tls()
        .config("limits.send_timeout = \"1s\"")
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut two = Two::to(&app).await;
    let mut answer = open_download(&mut two, &token).await;
    let started = Instant::now();
    let mut length = 0;
    let mut pause = tokio::time::interval(Duration::from_millis(60));
    while let Some(part) = answer.body_mut().data().await {
        let part = part.unwrap();
        length += part.len();
        answer
            .body_mut()
            .flow_control()
            .release_capacity(part.len())
            .unwrap();
        pause.tick().await;
    }
    assert_eq!(length, 300_000);
    assert!(
        started.elapsed() > Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_that_takes_nothing_is_cut_after_send_timeout() {
    let app = TestApp::with()
        .tls()
        .config("limits.send_timeout = \"300ms\"")
        .start()
        .await;
    std::fs::write(app.seeds().join("large.mp4"), media(LARGE)).unwrap();
    let seed = format!("recordings: [{{ id: large, meetingId: \"{STANDUP}\", contentFile: large.mp4 }}]");
    app.seed(&seed).await;
    let path = format!("{}/recordings/large/content", my_standup());
    let authority = app.authority.as_ref().unwrap();
    let token = TokenOf::user(ORGANIZER).sign();
    for protocols in [&["http/1.1"], &["h2"]] {
        let address: SocketAddr = app.address().parse().unwrap();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let mut stream = crate::support::tls::shake_hands(&authority.file(), stream, protocols)
            .await
            .unwrap();
        let asked = match protocols[0] {
            "h2" => {
                let huge = frames::frame(Kind::Settings, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
                let room = frames::frame(Kind::WindowUpdate, 0, 0, &(0x7000_0000_u32).to_be_bytes());
                let head = frames::head_with(1, &path, true, &token);
                [frames::PREFACE.to_vec(), huge, room, head].concat()
            }
            _ => format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
                .into_bytes(),
        };
        stream.write_all(&asked).await.unwrap();
        let client = stream.get_ref().0.local_addr().unwrap();
        wait_until("the connection is closed", || !is_held(address, client)).await;
        wait_until("the file is closed", || app.open_content() == 0).await;
        let mut rest = Vec::new();
        let _cut = stream.read_to_end(&mut rest).await;
        assert!(rest.len() < LARGE, "{protocols:?}: {}", rest.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_that_resets_a_stream_frees_it() {
    let app = TestApp::with().tls().start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut two = Two::to(&app).await;
    // More than may be open at a time.
    for _ in 0..150 {
        drop(open_download(&mut two, &token).await);
    }
    wait_until("all files are closed", || app.open_content() == 0).await;
    let request = two.request("GET", "/healthz", "");
    let (answer, _) = two.send(request, true).await.unwrap();
    assert_eq!(read(answer.await.unwrap()).await.unwrap().status, 200);
}
