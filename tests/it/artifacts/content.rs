//! `GET …/recordings/{recording}/content`: bytes, ranges, versions, files that are not what they were, audit.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use graphophone::db::artifacts::ArtifactKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::names::{ARCHIVER, ATTENDEE, CONTOSO, ORGANIZER, STANDUP, my_standup, standup_of};
use crate::support::stores::content_is_in_a_folder;
use crate::support::{Answer, TestApp, TokenOf, is_held, media, wait_until};

/// Longer than what the sockets of both sides hold.
const LARGE: usize = 24 * 1024 * 1024;

fn content_of(id: &str) -> String {
    format!("{}/recordings/{id}/content", my_standup())
}

type Headers<'a> = &'a [(&'a str, &'a str)];

async fn get_with(app: &TestApp, id: &str, headers: Headers<'_>) -> Answer {
    let token = TokenOf::user(ORGANIZER).sign();
    let mut request = app.request("GET", &content_of(id)).bearer_auth(token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request).await
}

async fn get(app: &TestApp, id: &str) -> Answer {
    get_with(app, id, &[]).await
}

/// Puts `bytes` into the stand-up as a recording with that id.
async fn put(app: &TestApp, id: &str, bytes: &[u8]) {
    std::fs::write(app.seeds().join("put.bin"), bytes).unwrap();
    app.seed(&format!(
        "recordings:\n  - {{ id: {id}, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-20T09:00:00Z\", \
         contentFile: put.bin }}"
    ))
    .await;
}

/// The stored file of `recording-2`, the only one with its length.
fn stored_file(app: &TestApp) -> PathBuf {
    let mut files = app.content_files();
    files.retain(|file| file.metadata().unwrap().len() == 300_000);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Gives a file a time of change that it has not had, whole seconds away, as a bucket tells no parts of them.
fn touch(file: &PathBuf) -> SystemTime {
    static TOUCHES: AtomicU64 = AtomicU64::new(1);
    let by = Duration::from_secs(77 * TOUCHES.fetch_add(1, Ordering::Relaxed));
    let later = file.metadata().unwrap().modified().unwrap() + by;
    std::fs::File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_modified(later)
        .unwrap();
    later
}

fn modified_in_store(app: &TestApp) -> i64 {
    let sql = "SELECT modified_ns FROM content_objects WHERE size_bytes = 300000";
    app.stores.texts(sql).remove(0).parse().unwrap()
}

#[tokio::test]
async fn the_organizer_gets_every_byte() {
    let app = TestApp::start().await;
    for (id, length) in [("recording-1", 1000), ("recording-2", 300_000)] {
        let answer = get(&app, id).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, media(length), "{id}");
        assert_eq!(answer.header("content-length"), length.to_string());
        assert_eq!(answer.header("content-type"), "video/mp4");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert_eq!(answer.header("vary"), "Authorization, Accept-Encoding");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_ne!(answer.header("content-security-policy"), "");
        assert_eq!(answer.header("content-range"), "");
        assert_eq!(answer.header("location"), "");
        assert_eq!(answer.header("request-id").len(), 36);
    }
}

#[tokio::test]
async fn every_way_to_write_the_path_gives_the_same_bytes() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let me = content_of("recording-1");
    let paths = [
        me.clone(),
        format!("{me}/"),
        me.replace("/v1.0/", "/beta/"),
        me.replace("recordings/recording-1", "recordings('recording-1')"),
        format!("{}/recordings/recording-1/content", standup_of(ORGANIZER)),
        format!(
            "{}/recordings/recording%2D1/content",
            standup_of("organizer@contoso.example")
        ),
    ];
    for path in paths {
        let answer = app.get(&path, &token).await;
        assert_eq!((answer.status, answer.body), (200, media(1000)), "{path}");
    }
}

#[tokio::test]
async fn the_type_is_the_one_that_the_bytes_had_at_publication() {
    let app = TestApp::start().await;
    let cases: [(&str, &[u8], &str, &str); 10] = [
        (
            "isom",
            b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2",
            "video/mp4",
            ".mp4",
        ),
        ("mp42", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4", ".mp4"),
        (
            "m4a",
            b"\0\0\0\x1cftypM4A \0\0\x02\0M4A isom",
            "audio/mp4",
            ".m4a",
        ),
        (
            "webm",
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81",
            "video/webm",
            ".webm",
        ),
        (
            "mov",
            b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ",
            "video/quicktime",
            ".mov",
        ),
        (
            "mkv",
            b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska",
            "video/x-matroska",
            ".mkv",
        ),
        (
            "html",
            b"<!doctype html><script>1</script>",
            "application/octet-stream",
            ".bin",
        ),
        (
            "svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "application/octet-stream",
            ".bin",
        ),
        ("short", b"ftyp", "application/octet-stream", ".bin"),
        ("none", b"", "application/octet-stream", ".bin"),
    ];
    for (id, bytes, media_type, ending) in cases {
        put(&app, id, bytes).await;
        let answer = get(&app, id).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, bytes), "{id}");
        assert_eq!(answer.header("content-type"), media_type, "{id}");
        let name = answer.header("content-disposition");
        assert!(name.ends_with(ending), "{id}: {name}");
        assert!(name.starts_with("attachment; "), "{id}: {name}");
    }
}

#[tokio::test]
async fn the_name_is_readable_and_cannot_do_harm() {
    let app = TestApp::start().await;
    let answer = get(&app, "recording-1").await;
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"Stand-up 2026-01-05 090001.mp4\"; \
         filename*=UTF-8''Stand-up%202026-01-05%20090001.mp4"
    );
    let renamed = |subject: &str| {
        serde_json::json!({ "onlineMeetings": [{ "id": STANDUP, "organizerId": ORGANIZER, "subject": subject,
            "expiryDateTime": "2099-01-01T00:00:00Z", "threadId": "19:meeting_standup@thread.v2" }] })
        .to_string()
    };
    app.seed(&renamed("Réunion 数学")).await;
    let answer = get(&app, "recording-1").await;
    let name = answer.header("content-disposition");
    assert!(
        name.contains("filename*=UTF-8''R%C3%A9union%20%E6%95%B0%E5%AD%A6%202026-01-05%20090001.mp4"),
        "{name}"
    );
    for subject in [
        "../../etc/passwd",
        "a\"; filename=b",
        "a\r\nX-Evil: 1",
        "\u{202e}4pm",
        "   ",
    ] {
        app.seed(&renamed(subject)).await;
        let answer = get(&app, "recording-1").await;
        assert_eq!(answer.status, 200, "{subject:?}");
        assert!(answer.headers.get("x-evil").is_none());
        let name = answer.header("content-disposition");
        assert_eq!(name.matches('"').count(), 2, "{name}");
        assert!(!name.contains(['/', '\\']), "{name}");
        assert!(name.ends_with("090001.mp4"), "{name}");
    }
}

#[tokio::test]
async fn head_says_what_get_says_without_bytes() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let whole = get(&app, "recording-2").await;
    let head = app
        .send(
            app.request("HEAD", &content_of("recording-2"))
                .bearer_auth(&token),
        )
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in [
        "content-length",
        "content-type",
        "content-disposition",
        "etag",
        "accept-ranges",
        "cache-control",
        "vary",
    ] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
    let ranged = app
        .request("HEAD", &content_of("recording-2"))
        .bearer_auth(&token)
        .header("range", "bytes=0-3");
    let ranged = app.send(ranged).await;
    assert_eq!((ranged.status, ranged.header("content-length")), (200, "300000"));
}

#[tokio::test]
async fn no_accept_header_is_refused() {
    let app = TestApp::start().await;
    for accept in [
        "application/json",
        "application/octet-stream, application/json",
        "video/mp4",
        "text/html;q=0.1",
        "*/*;q=0",
        "garbage",
    ] {
        let answer = get_with(&app, "recording-1", &[("accept", accept)]).await;
        assert_eq!((answer.status, answer.body.len()), (200, 1000), "{accept}");
        assert_eq!(answer.header("content-type"), "video/mp4", "{accept}");
    }
}

#[tokio::test]
async fn bytes_are_never_compressed() {
    let app = TestApp::start().await;
    let answer = get_with(&app, "recording-2", &[("accept-encoding", "gzip, br, zstd")]).await;
    assert_eq!(answer.header("content-encoding"), "");
    assert_eq!(answer.body, media(300_000));
}

#[tokio::test]
async fn one_range_is_206() {
    let app = TestApp::start().await;
    let bytes = media(300_000);
    let cases = [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=65535-65536", 65_535, 65_536),
        ("bytes=1000-150000", 1000, 150_000),
        ("bytes=299999-", 299_999, 299_999),
        ("bytes=0-", 0, 299_999),
        ("bytes=-1", 299_999, 299_999),
        ("bytes=-500", 299_500, 299_999),
        ("bytes=-999999999", 0, 299_999),
        ("bytes=5-99999999999999999999999", 5, 299_999),
    ];
    for (range, first, last) in cases {
        let answer = get_with(&app, "recording-2", &[("range", range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, bytes[first..=last], "{range}");
        assert_eq!(
            answer.header("content-range"),
            format!("bytes {first}-{last}/300000"),
            "{range}"
        );
        assert_eq!(
            answer.header("content-length"),
            (last - first + 1).to_string(),
            "{range}"
        );
        assert_eq!(answer.header("content-type"), "video/mp4", "{range}");
        assert_eq!(answer.header("accept-ranges"), "bytes", "{range}");
        assert!(answer.header("etag").starts_with('"'), "{range}");
    }
}

#[tokio::test]
async fn a_range_outside_is_416_with_the_length() {
    let app = TestApp::start().await;
    put(&app, "empty", b"").await;
    let cases = [
        ("recording-2", "bytes=300000-", 300_000),
        ("recording-2", "bytes=300000-300001", 300_000),
        ("recording-2", "bytes=99999999999999999999999-", 300_000),
        ("recording-2", "bytes=-0", 300_000),
        ("empty", "bytes=0-", 0),
        ("empty", "bytes=-1", 0),
    ];
    for (id, range, length) in cases {
        let answer = get_with(&app, id, &[("range", range)]).await;
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.error().1, "invalidRange", "{range}");
        assert_eq!(
            answer.header("content-range"),
            format!("bytes */{length}"),
            "{range}"
        );
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn other_ranges_mean_the_whole() {
    let app = TestApp::start().await;
    let many = format!("bytes={}", "0-0,".repeat(2000));
    for range in [
        "bytes=0-1,4-5",
        "bytes=0-1,-5",
        "bytes=3-2",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "bytes",
        "items=0-3",
        "bytes=0x1-2",
        &many,
    ] {
        let answer = get_with(&app, "recording-1", &[("range", range)]).await;
        assert_eq!((answer.status, answer.body.len()), (200, 1000), "{range}");
        assert_eq!(answer.header("content-range"), "", "{range}");
    }
}

#[tokio::test]
async fn the_tag_is_strong_and_not_the_hash_of_the_content() {
    let app = TestApp::start().await;
    put(&app, "twin-a", &media(1000)).await;
    put(&app, "twin-b", &media(1000)).await;
    let mut tags = Vec::new();
    for id in ["recording-1", "twin-a", "twin-b"] {
        let tag = get(&app, id).await.header("etag").to_owned();
        assert!(
            tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
            "{tag}"
        );
        assert_eq!(get(&app, id).await.header("etag"), tag, "{id}");
        tags.push(tag);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "equal bytes have equal tags: {tags:?}");
}

#[tokio::test]
async fn replaced_content_has_another_tag() {
    let app = TestApp::start().await;
    put(&app, "replaced", b"old bytes").await;
    let old = get(&app, "replaced").await.header("etag").to_owned();
    put(&app, "replaced", b"new bytes").await;
    let new = get(&app, "replaced").await;
    assert_eq!(new.body, b"new bytes");
    assert_ne!(new.header("etag"), old);
    let stale = get_with(&app, "replaced", &[("range", "bytes=0-2"), ("if-range", &old)]).await;
    assert_eq!(
        (stale.status, stale.body.as_slice()),
        (200, b"new bytes".as_slice())
    );
    let none_match = get_with(&app, "replaced", &[("if-none-match", &old)]).await;
    assert_eq!(none_match.status, 200);
    let failed = get_with(&app, "replaced", &[("if-match", &old)]).await;
    assert_eq!(
        (failed.status, failed.error().1.as_str()),
        (412, "resourceModified")
    );
}

#[tokio::test]
async fn preconditions_and_if_range_are_kept() {
    let app = TestApp::start().await;
    let tag = get(&app, "recording-1").await.header("etag").to_owned();
    let (weak, list) = (format!("W/{tag}"), format!("\"x\", {tag}"));
    let cases: [(Headers<'_>, u16, usize); 14] = [
        (&[("if-none-match", &tag)], 304, 0),
        (&[("if-none-match", &weak)], 304, 0),
        (&[("if-none-match", &list)], 304, 0),
        (&[("if-none-match", "*")], 304, 0),
        (&[("if-none-match", "\"x\"")], 200, 1000),
        (&[("if-none-match", &tag), ("range", "bytes=0-9")], 304, 0),
        (&[("if-match", &tag)], 200, 1000),
        (&[("if-match", "*")], 200, 1000),
        (&[("if-match", &tag), ("range", "bytes=0-9")], 206, 10),
        (&[("range", "bytes=0-9"), ("if-range", &tag)], 206, 10),
        (&[("range", "bytes=0-9"), ("if-range", &weak)], 200, 1000),
        (&[("range", "bytes=0-9"), ("if-range", "\"x\"")], 200, 1000),
        (
            &[
                ("range", "bytes=0-9"),
                ("if-range", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ],
            200,
            1000,
        ),
        (&[("range", "bytes=5000-"), ("if-range", "\"x\"")], 200, 1000),
    ];
    for (headers, status, length) in cases {
        let answer = get_with(&app, "recording-1", headers).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (status, length),
            "{headers:?}"
        );
        assert_eq!(answer.header("etag"), tag, "{headers:?}");
    }
}

#[tokio::test]
async fn who_may_not_read_the_bytes_learns_neither_length_nor_tag() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ATTENDEE).sign();
    for (id, method, headers) in [
        ("recording-1", "GET", vec![]),
        ("recording-1", "HEAD", vec![]),
        ("recording-1", "GET", vec![("range", "bytes=0-0")]),
        ("recording-1", "GET", vec![("range", "bytes=99999999-")]),
        ("recording-1", "GET", vec![("if-none-match", "*")]),
        ("recording-1", "GET", vec![("if-match", "\"x\"")]),
        ("recording-2", "HEAD", vec![]),
    ] {
        let mut request = app.request(method, &content_of(id)).bearer_auth(&token);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let answer = app.send(request).await;
        assert_eq!(answer.status, 403, "{method} {headers:?}");
        for name in ["etag", "content-range", "accept-ranges", "content-disposition"] {
            assert_eq!(answer.header(name), "", "{method} {headers:?} {name}");
        }
        let shown = app.shown(&answer);
        assert!(!shown.contains("1000"), "{shown}");
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn quarantined_content_is_403_and_its_metadata_is_answered() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "recordings:\n  - {{ id: infected, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-20T09:00:00Z\", \
         contentFile: one.mp4, quarantined: true }}"
    ))
    .await;
    let answer = get(&app, "infected").await;
    assert_eq!(
        (answer.status, answer.error().1.as_str()),
        (403, "malwareDetected")
    );
    let metadata = app
        .get(
            &format!("{}/recordings/infected", my_standup()),
            &TokenOf::user(ORGANIZER).sign(),
        )
        .await;
    assert_eq!(metadata.status, 200);
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn content_that_is_not_there_is_404() {
    let app = TestApp::start().await;
    for id in ["nowhere", "fabrikam-recording", "transcript-1"] {
        let answer = get(&app, id).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (404, "NotFound"),
            "{id}"
        );
    }
}

/// What a damaged file means: no byte of it, under no method or header, and metadata as before.
async fn assert_unavailable(app: &TestApp) {
    let tag = "\"x\"";
    for headers in [
        vec![],
        vec![("range", "bytes=0-9")],
        vec![("range", "bytes=0-9"), ("if-range", tag)],
    ] {
        let answer = get_with(app, "recording-2", &headers).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (503, "serviceNotAvailable"),
            "{headers:?}"
        );
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
        let root = app.folder.path().display().to_string();
        assert!(!answer.text().contains(&root), "{}", answer.text());
        assert!(!answer.text().contains("recording.mp4"), "{}", answer.text());
    }
    let token = TokenOf::user(ORGANIZER).sign();
    let head = app
        .send(
            app.request("HEAD", &content_of("recording-2"))
                .bearer_auth(&token),
        )
        .await;
    assert_eq!((head.status, head.header("etag")), (503, ""));
    let metadata = app
        .get(&format!("{}/recordings/recording-2", my_standup()), &token)
        .await;
    assert_eq!(metadata.status, 200);
    assert_eq!(get(app, "recording-1").await.status, 200, "the others are served");
    let records = app.audit_records().await;
    assert!(
        records.iter().all(|record| record.artifact_id == "recording-1"),
        "{records:?}"
    );
}

#[tokio::test]
async fn a_file_whose_bytes_changed_is_503_before_its_first_byte() {
    let app = TestApp::start().await;
    let file = stored_file(&app);
    let mut bytes = media(300_000);
    bytes[299_999] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    touch(&file);
    assert_unavailable(&app).await;
    std::fs::write(&file, media(300_000)).unwrap();
    touch(&file);
    assert_eq!(get(&app, "recording-2").await.body, media(300_000));
}

#[tokio::test]
async fn a_truncated_file_is_503() {
    let app = TestApp::start().await;
    let file = stored_file(&app);
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    let published = handle.metadata().unwrap().modified().unwrap();
    for length in [299_999, 0] {
        handle.set_len(length).unwrap();
        // Even where the time of change was put back.
        handle.set_modified(published).unwrap();
        assert_unavailable(&app).await;
    }
}

#[tokio::test]
async fn a_file_that_has_grown_is_503() {
    let app = TestApp::start().await;
    let file = stored_file(&app);
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    let published = handle.metadata().unwrap().modified().unwrap();
    handle.set_len(300_001).unwrap();
    handle.set_modified(published).unwrap();
    assert_unavailable(&app).await;
}

#[tokio::test]
async fn a_missing_file_is_503() {
    let app = TestApp::start().await;
    std::fs::remove_file(stored_file(&app)).unwrap();
    assert_unavailable(&app).await;
}

#[tokio::test]
async fn what_lies_in_the_place_of_a_file_is_not_followed() {
    if !content_is_in_a_folder() {
        return;
    }
    let app = TestApp::start().await;
    let file = stored_file(&app);
    let elsewhere = app.folder.path().join("elsewhere.mp4");
    std::fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_unavailable(&app).await;
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_unavailable(&app).await;
}

#[tokio::test]
async fn a_touched_file_that_is_good_is_served_and_its_new_time_recorded() {
    let app = TestApp::start().await;
    let file = stored_file(&app);
    let later = touch(&file);
    let tag = get(&app, "recording-1").await.header("etag").to_owned();
    let answer = get(&app, "recording-2").await;
    assert_eq!((answer.status, answer.body), (200, media(300_000)));
    let mut nanoseconds = later.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    if !content_is_in_a_folder() {
        // A bucket tells whole seconds.
        nanoseconds -= nanoseconds % 1_000_000_000;
    }
    assert_eq!(
        i128::from(modified_in_store(&app)),
        i128::try_from(nanoseconds).unwrap()
    );
    assert_eq!(get(&app, "recording-1").await.header("etag"), tag);
    assert_eq!(get(&app, "recording-2").await.status, 200);
}

#[tokio::test]
async fn each_answer_with_bytes_leaves_one_record() {
    let app = TestApp::start().await;
    let whole = get(&app, "recording-2").await;
    let part = get_with(&app, "recording-2", &[("range", "bytes=100-199")]).await;
    let by_app = app
        .get(
            &format!("{}/recordings/recording-1/content", standup_of(ORGANIZER)),
            &TokenOf::application(ARCHIVER).sign(),
        )
        .await;
    assert_eq!((whole.status, part.status, by_app.status), (200, 206, 200));
    let records = app.audit_records().await;
    let [third, second, first] = records.as_slice() else {
        panic!("{records:?}");
    };
    for (record, answer) in [(first, &whole), (second, &part), (third, &by_app)] {
        assert_eq!(record.request_id, answer.header("request-id"));
        assert_eq!(record.at, app.clock.now());
        assert_eq!(record.tenant_id, CONTOSO);
        assert_eq!(record.application_id.as_deref(), Some(ARCHIVER));
        assert_eq!(record.meeting_id.as_deref(), Some(STANDUP));
        assert_eq!(
            (record.kind, record.operation.as_str()),
            (ArtifactKind::Recording, "content.read")
        );
    }
    assert_eq!(first.user_id.as_deref(), Some(ORGANIZER));
    assert_eq!(third.user_id, None);
    assert_eq!((first.first_byte, first.last_byte), (0, 299_999));
    assert_eq!((second.first_byte, second.last_byte), (100, 199));
    assert_eq!(
        (first.artifact_id.as_str(), third.artifact_id.as_str()),
        ("recording-2", "recording-1")
    );
}

#[tokio::test]
async fn answers_without_bytes_leave_no_record() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let head = app
        .send(
            app.request("HEAD", &content_of("recording-1"))
                .bearer_auth(&token),
        )
        .await;
    let tag = head.header("etag").to_owned();
    let not_modified = get_with(&app, "recording-1", &[("if-none-match", &tag)]).await;
    let failed = get_with(&app, "recording-1", &[("if-match", "\"x\"")]).await;
    let outside = get_with(&app, "recording-1", &[("range", "bytes=1000-")]).await;
    let metadata = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await;
    let refused = app
        .get(&content_of("recording-1"), &TokenOf::user(ATTENDEE).sign())
        .await;
    let options = app.send(app.request("OPTIONS", &content_of("recording-1"))).await;
    let statuses = [
        head.status,
        not_modified.status,
        failed.status,
        outside.status,
        metadata.status,
        refused.status,
        options.status,
    ];
    assert_eq!(statuses, [200, 304, 412, 416, 200, 403, 204]);
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn many_downloads_at_once_each_leave_their_record() {
    let app = TestApp::start().await;
    let mut downloads = tokio::task::JoinSet::new();
    let token = TokenOf::user(ORGANIZER).sign();
    for _ in 0..30 {
        let request = app.request("GET", &content_of("recording-2")).bearer_auth(&token);
        downloads.spawn(async move { request.send().await.unwrap().bytes().await.unwrap().len() });
    }
    assert_eq!(downloads.join_all().await, vec![300_000; 30]);
    assert_eq!(app.audit_records().await.len(), 30);
    wait_until("all files are closed", || app.open_content() == 0).await;
}

/// An app with a large recording, and a connection on which it has begun to come.
async fn large_download(app: &TestApp) -> TcpStream {
    let mut bytes = media(1000);
    bytes.resize(LARGE, 7);
    put(app, "large", &bytes).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(app.address().parse().unwrap()).await.unwrap();
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        content_of("large"),
        TokenOf::user(ORGANIZER).sign()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    stream
}

#[tokio::test]
async fn a_client_that_goes_away_frees_everything() {
    let app = TestApp::start().await;
    let stream = large_download(&app).await;
    let (client, server) = (stream.local_addr().unwrap(), app.address().parse().unwrap());
    assert!(is_held(server, client));
    if content_is_in_a_folder() {
        wait_until("the file is open", || app.open_content() == 1).await;
    }
    drop(stream);
    wait_until("the connection is closed", || !is_held(server, client)).await;
    wait_until("the file is closed", || app.open_content() == 0).await;
    assert_eq!(app.audit_records().await.len(), 1);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_after_send_timeout() {
    let app = TestApp::with()
        .config("limits.send_timeout = \"200ms\"")
        .start()
        .await;
    let mut stream = large_download(&app).await;
    let (client, server) = (stream.local_addr().unwrap(), app.address().parse().unwrap());
    wait_until("the connection is closed", || !is_held(server, client)).await;
    wait_until("the file is closed", || app.open_content() == 0).await;
    let mut rest = Vec::new();
    let _cut = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < LARGE, "{}", rest.len());
}

#[tokio::test]
async fn a_download_survives_that_its_recording_is_replaced_meanwhile() {
    let app = TestApp::start().await;
    let mut stream = large_download(&app).await;
    put(&app, "large", b"small now").await;
    let mut rest = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    while rest.len() < LARGE {
        let count = match stream.read(&mut buffer).await {
            Ok(count) => count,
            Err(error) if content_is_in_a_folder() => panic!("{error}"),
            Err(_) => 0,
        };
        if count == 0 && !content_is_in_a_folder() {
            // A bucket does not keep for a reader what was removed.
            break;
        }
        assert_ne!(count, 0, "cut after {}", rest.len());
        rest.extend_from_slice(&buffer[..count]);
    }
    // Whatever else there may be, it begins with the old bytes and goes on with nothing else.
    assert!(rest.ends_with(&[7; 1000]));
    assert_eq!(get(&app, "large").await.body, b"small now");
}
