//! Content out of a bucket: what a caller hears of a store that is away, slow, or breaks off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::names::{ORGANIZER, my_standup};
use crate::support::s3::{Action, Bucket, Front, Seen};
use crate::support::{TestApp, TokenOf, media};

struct Archive {
    app: TestApp,
    front: Front,
    path: String,
    token: String,
}

/// An app over a bucket behind a front; the recording has 300,000 bytes.
async fn archive() -> Archive {
    let bucket = Bucket::new();
    let front = Front::before(bucket.address());
    let app = TestApp::with().bucket(bucket, &front).start().await;
    front.seen();
    Archive {
        app,
        front,
        path: format!("{}/recordings/recording-2/content", my_standup()),
        token: TokenOf::user(ORGANIZER).sign(),
    }
}

fn is_get(seen: &Seen) -> bool {
    seen.method == "GET" && !seen.field("range").is_empty()
}

#[tokio::test]
async fn a_recording_comes_whole_and_in_ranges() {
    let archive = archive().await;
    let whole = archive.app.get(&archive.path, &archive.token).await;
    assert_eq!(whole.status, 200);
    assert!(whole.body == media(300_000));
    let request = archive
        .app
        .request("GET", &archive.path)
        .bearer_auth(&archive.token);
    let part = archive.app.send(request.header("range", "bytes=1000-1999")).await;
    assert_eq!(
        (part.status, part.header("content-range")),
        (206, "bytes 1000-1999/300000")
    );
    assert!(part.body == media(300_000)[1000..2000]);
    assert_eq!(archive.app.audit_records().await.len(), 2);
}

#[tokio::test]
async fn head_fetches_no_bytes() {
    let archive = archive().await;
    let request = archive
        .app
        .request("HEAD", &archive.path)
        .bearer_auth(&archive.token);
    let head = archive.app.send(request).await;
    assert_eq!((head.status, head.header("content-length")), (200, "300000"));
    assert!(!archive.front.seen().iter().any(is_get));
    assert!(archive.app.audit_records().await.is_empty());
}

#[tokio::test]
async fn an_error_before_the_first_byte_is_503_and_no_audit_record() {
    let archive = archive().await;
    for action in [
        Action::Close,
        Action::Refuse(500, "InternalError"),
        Action::Refuse(503, "SlowDown"),
        Action::Refuse(403, "RequestTimeTooSkewed"),
        Action::Cut(0),
    ] {
        // Opening works, reading does not; then nothing does.
        for only_get in [true, false] {
            let action = action.clone();
            archive.front.does(move |seen| match only_get && !is_get(seen) {
                true => Action::Pass,
                false => action.clone(),
            });
            let answer = archive.app.get(&archive.path, &archive.token).await;
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert_eq!(answer.json()["error"]["code"], "serviceNotAvailable");
            assert!(!answer.header("retry-after").is_empty());
            assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        }
    }
    assert!(archive.app.audit_records().await.is_empty());
    archive.front.does(|_| Action::Pass);
    assert_eq!(archive.app.get(&archive.path, &archive.token).await.status, 200);
}

#[tokio::test]
async fn an_error_after_the_first_byte_cuts_the_connection() {
    let archive = archive().await;
    let is_cut = Arc::new(AtomicBool::new(false));
    archive.front.does(move |seen| match is_get(seen) {
        true if is_cut.swap(true, Ordering::Relaxed) => Action::Close,
        true => Action::Cut(100_000),
        false => Action::Pass,
    });
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        archive.path, archive.token
    );
    let request = archive
        .app
        .request("GET", &archive.path)
        .bearer_auth(&archive.token);
    let response = request.send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.content_length()),
        (200, Some(300_000))
    );
    assert!(response.bytes().await.is_err(), "an answer that looks whole");
    // Nor is it followed by anything else on its connection.
    let raw = archive.app.send_raw(head.as_bytes()).await;
    assert_eq!(raw.status, 503);
    assert_eq!(archive.app.audit_records().await.len(), 1);
}

#[tokio::test]
async fn readyz_says_that_the_bucket_is_away_and_metadata_goes_on() {
    let archive = archive().await;
    let ready = async || {
        let answer = archive.app.send(archive.app.request("GET", "/readyz")).await;
        (
            answer.status,
            answer.json()["content"].clone(),
            answer.json()["database"].clone(),
        )
    };
    assert_eq!(ready().await, (200, "ready".into(), "ready".into()));
    archive.front.does(|_| Action::Refuse(503, "SlowDown"));
    assert_eq!(ready().await, (503, "unreachable".into(), "ready".into()));
    let metadata = archive.path.trim_end_matches("/content");
    assert_eq!(archive.app.get(metadata, &archive.token).await.status, 200);
    archive.front.does(|_| Action::Hang);
    let begun = tokio::time::Instant::now();
    assert_eq!(ready().await, (503, "unreachable".into(), "ready".into()));
    assert!(begun.elapsed() < Duration::from_secs(10));
    archive.front.does(|_| Action::Pass);
    assert_eq!(ready().await, (200, "ready".into(), "ready".into()));
}
