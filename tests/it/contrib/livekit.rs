//! `contrib/livekit/receiver.py`

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use graphophone::clock::{Clock, TICKS_PER_SECOND};
use serde_json::{Value, json};

use super::{Site, film, put, wait_for};
use crate::cli::binary::{DEADLINE, Process};

const KEY: &str = "APIexample";
const SECRET: &str = "a-secret-of-livekit";

/// An event as LiveKit writes it, of a file that the egress has at `/out/NAME`.
fn event(egress: &str, name: &str) -> Value {
    json!({
        "event": "egress_ended", "id": "EV_1", "createdAt": "1768903260",
        "egressInfo": {
            "egressId": egress, "roomId": "RM_abc", "roomName": "planning", "status": "EGRESS_COMPLETE",
            "startedAt": "1768899600123456789", "endedAt": "1768903200000000000",
            "fileResults": [{
                "filename": name, "startedAt": "1768899600123456789", "endedAt": "1768903200000000000",
                "duration": "3599876543211", "size": "38605", "location": format!("/out/{name}"),
            }],
        },
    })
}

/// A token as LiveKit signs it.
fn signed(secret: &str, body: &str, expires_in: i64) -> String {
    let now = Clock::system().now().0 / TICKS_PER_SECOND;
    let sha256 = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, body.as_bytes()));
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = part(json!({ "iss": KEY, "nbf": now - 1, "exp": now + expires_in, "sha256": sha256 }));
    let message = format!("{head}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{mac}")
}

/// Sends a webhook and gives the status.
fn send(address: &str, token: &str, body: &str) -> u16 {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/webhook+json\r\nAuthorization: {token}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    status_of(address, &request)
}

/// Sends a request as it is and gives the status.
fn status_of(address: &str, request: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn settings(site: &Site) -> String {
    format!(
        "LIVEKIT_API_KEY={KEY}\nLIVEKIT_API_SECRET={SECRET}\nLIVEKIT_LISTEN=127.0.0.1:0\nLIVEKIT_SPOOL='{}'\n\
         LIVEKIT_FILES='/out={}'\n",
        site.home.path("spool"),
        site.home.path("egress")
    )
}

fn start(site: &Site, more: &str) -> (Process, String) {
    let more = settings(site) + more;
    let mut receiver = Process::spawn(&mut site.recipe("livekit/receiver.py", &more));
    let line = receiver.error_with("listening on");
    let address = line.rsplit("http://").next().unwrap().trim().to_owned();
    (receiver, address)
}

fn is_done(site: &Site, egress: &str) -> bool {
    let file = format!("spool/done/{egress}.json");
    site.home.folder.path().join(file).exists()
}

#[test]
fn an_egress_that_has_ended_is_uploaded_once() {
    let site = Site::start();
    let bytes = film(30_000);
    put(&site.home.folder.path().join("egress/planning.mp4"), &bytes);
    let (receiver, address) = start(&site, "");
    let body = event("EG_one", "planning.mp4").to_string();
    for _ in 0..3 {
        assert_eq!(send(&address, &signed(SECRET, &body, 300), &body), 200);
    }
    wait_for("it is uploaded", || is_done(&site, "EG_one"));
    assert_eq!(send(&address, &signed(SECRET, &body, 300), &body), 200);
    let recording = site.only_recording();
    assert!(site.content(&recording) == bytes);
    assert_eq!(recording["createdDateTime"], "2026-01-20T09:00:00.1234567Z");
    assert_eq!(recording["endDateTime"], "2026-01-20T10:00:00.0000000Z");
    let meeting = site.meeting(&recording);
    assert_eq!(
        (&meeting["subject"], &meeting["externalId"]),
        (&json!("planning"), &json!("RM_abc"))
    );
    // A second one of the same session of the room, and the spool lost.
    let second = event("EG_two", "planning.mp4").to_string();
    assert_eq!(send(&address, &signed(SECRET, &second, 300), &second), 200);
    wait_for("it is uploaded", || is_done(&site, "EG_two"));
    std::fs::remove_file(site.home.path("spool/done/EG_one.json")).unwrap();
    assert_eq!(send(&address, &signed(SECRET, &body, 300), &body), 200);
    wait_for("it is looked at again", || is_done(&site, "EG_one"));
    let [first, second] = site.recordings().try_into().unwrap();
    assert_eq!(first["meetingId"], second["meetingId"]);
    site.check(receiver.stop());
}

#[test]
fn who_is_not_livekit_is_refused_and_what_is_no_recording_is_passed_over() {
    let site = Site::start();
    let (receiver, address) = start(&site, "");
    let body = event("EG_one", "none.mp4").to_string();
    let other = event("EG_two", "none.mp4").to_string();
    for (what, token, status) in [
        ("no token", String::new(), 401),
        ("nonsense", "a.b.c".to_owned(), 401),
        ("another secret", signed("another", &body, 300), 401),
        ("an old token", signed(SECRET, &body, -300), 401),
        ("of another body", signed(SECRET, &other, 300), 401),
    ] {
        assert_eq!(send(&address, &token, &body), status, "{what}");
    }
    let mut failed = event("EG_failed", "none.mp4");
    failed["egressInfo"]["status"] = "EGRESS_FAILED".into();
    let mut started = event("EG_started", "none.mp4");
    started["event"] = "egress_started".into();
    let mut outside = event("../../outside", "none.mp4");
    outside["egressInfo"]["egressId"] = "../../outside".into();
    for (event, status) in [(failed, 200), (started, 200), (outside, 400), (json!([]), 400)] {
        let body = event.to_string();
        assert_eq!(
            send(&address, &signed(SECRET, &body, 300), &body),
            status,
            "{body}"
        );
    }
    let kept: Vec<_> = std::fs::read_dir(site.home.path("spool")).unwrap().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(!site.check(receiver.stop()).err.contains(SECRET));
}

#[test]
fn nonsense_is_refused_in_a_line_at_most() {
    let site = Site::start();
    let (receiver, address) = start(&site, "");
    let deep = BASE64_URL_SAFE_NO_PAD.encode("[".repeat(30_000));
    for token in [format!("{deep}.e30.x"), "W10.W10.W10".to_owned()] {
        assert_eq!(send(&address, &token, "{}"), 401);
    }
    for (length, status) in [
        ("\u{b2}", 411),
        ("-1", 411),
        (&*"9".repeat(5000), 411),
        ("9999999999", 413),
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(status_of(&address, &request), status, "{length}");
    }
    let ran = site.check(receiver.stop());
    let refused = ran
        .err
        .lines()
        .filter(|line| line.starts_with("livekit: refused"));
    assert_eq!(refused.count(), 2, "{ran:?}");
    assert_eq!(ran.err.lines().count(), 3, "{ran:?}");
}

#[test]
fn an_event_outlives_the_receiver_and_the_server() {
    let mut site = Site::start();
    let bytes = film(30_000);
    // The file is not there yet, as its copy is late.
    let (receiver, address) = start(&site, "");
    let body = event("EG_one", "planning.mp4").to_string();
    assert_eq!(send(&address, &signed(SECRET, &body, 300), &body), 200);
    receiver.kill();
    put(&site.home.folder.path().join("egress/planning.mp4"), &bytes);
    site.front.close_after(20_000);
    let (receiver, _) = start(&site, "");
    wait_for("the connection breaks", || site.front.has_broken());
    site.restart();
    wait_for("it is uploaded", || is_done(&site, "EG_one"));
    assert!(site.content(&site.only_recording()) == bytes);
    site.check(receiver.stop());
}

#[test]
fn a_file_is_fetched_by_a_command_or_downloaded() {
    let site = Site::start();
    let bytes = film(5000);
    put(&site.home.folder.path().join("bucket/a/one.mp4"), &bytes);
    put(
        &site.home.folder.path().join("spool/EG_one.json"),
        event("EG_one", "a/one.mp4").to_string(),
    );
    let more = settings(&site)
        + &format!(
            "LIVEKIT_FETCH=\"cp '{}/{{filename}}' {{to}}\"\n",
            site.home.path("bucket")
        );
    let once = |more: &str| {
        let mut command = site.recipe("livekit/receiver.py", more);
        site.run(command.arg("--once"))
    };
    once(&more).succeeded();
    let first = site.only_recording();
    assert!(site.content(&first) == bytes);

    // Whatever a location has is taken, also what is no film: the server holds it back.
    let mut public = event("EG_two", "two.mp4");
    public["egressInfo"]["roomId"] = "RM_two".into();
    public["egressInfo"]["fileResults"][0]["location"] = format!("http://{}/healthz", site.address()).into();
    put(
        &site.home.folder.path().join("spool/EG_two.json"),
        public.to_string(),
    );
    once(&(settings(&site) + "LIVEKIT_HTTP=yes\n")).succeeded();
    assert_eq!(site.recordings().len(), 2);

    put(
        &site.home.folder.path().join("spool/EG_three.json"),
        event("EG_three", "none.mp4").to_string(),
    );
    let left = once(&settings(&site));
    assert_eq!(left.status, 75, "{left:?}");
    assert!(!is_done(&site, "EG_three"));
}
