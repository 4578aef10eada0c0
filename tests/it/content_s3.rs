//! What only a bucket can be asked: pieces, parts, credentials, and a store that is away, slow, or lies. What every back end
//! promises is in `content_conformance`.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use graphophone::clock::Ticks;
use graphophone::config::{Addressing, S3Config, S3Credentials, SecretSource};
use graphophone::content::{ContentError, ContentKey, ContentStore, ContentStream, Part, Swept};

use crate::support::media;
use crate::support::s3::{self, Action, Bucket, Front, Seen};

const MIB: usize = 1024 * 1024;

fn key(number: u128) -> ContentKey {
    ContentKey::new(
        "2432b57b-0abd-43db-aa7b-16eadd115d34",
        "2024-07-12T11:37:59Z".parse().unwrap(),
        uuid::Uuid::from_u128(number),
        Part::Recording,
        "video/mp4",
    )
}

fn open(config: S3Config) -> ContentStore {
    ContentStore::at(&s3::place(config)).unwrap()
}

/// A bucket behind a front, and a store that goes through it.
fn fronted() -> (Bucket, Front, ContentStore) {
    let bucket = Bucket::new();
    let front = Front::before(bucket.address());
    let store = open(bucket.config_through(&front));
    (bucket, front, store)
}

async fn put(store: &ContentStore, key: &ContentKey, bytes: &[u8]) {
    store.put(key, io::Cursor::new(bytes.to_vec())).await.unwrap();
}

async fn drain(mut stream: ContentStream) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    loop {
        match std::future::poll_fn(|cx| stream.poll_chunk(cx)).await {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(error)) => return (bytes, Some(error)),
            None => return (bytes, None),
        }
    }
}

fn is_get(seen: &Seen) -> bool {
    seen.method == "GET" && !seen.field("range").is_empty()
}

/// The line of an error that is for operators.
fn line(error: ContentError) -> String {
    match error {
        ContentError::Refused(line) | ContentError::Unavailable(line) | ContentError::SetUp(line) => line,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_object_is_read_in_pieces_of_4_mib_and_only_as_far_as_asked() {
    let (_bucket, front, store) = fronted();
    let bytes = media(9 * MIB);
    put(&store, &key(1), &bytes).await;
    let reader = store.open(&key(1)).await.unwrap();
    front.seen();
    let (found, error) = drain(reader.read(1, 9 * MIB as u64 - 1).await.unwrap()).await;
    assert!(error.is_none() && found == bytes[1..9 * MIB]);
    let ranges: Vec<_> = front
        .seen()
        .iter()
        .map(|seen| seen.field("range").to_owned())
        .collect();
    assert_eq!(
        ranges,
        [
            "bytes=1-4194304",
            "bytes=4194305-8388608",
            "bytes=8388609-9437183"
        ]
    );
    // A player that looks at the end and goes.
    let stream = reader.read(5 * MIB as u64, 4 * MIB as u64).await.unwrap();
    drop(stream);
    let (found, _) = drain(reader.read(100, 10).await.unwrap()).await;
    assert_eq!(found, bytes[100..110]);
    let ranges: Vec<_> = front
        .seen()
        .iter()
        .map(|seen| seen.field("range").to_owned())
        .collect();
    assert_eq!(ranges, ["bytes=5242880-9437183", "bytes=100-109"]);
}

#[tokio::test]
async fn every_piece_names_the_version_that_was_opened() {
    let (_bucket, front, store) = fronted();
    put(&store, &key(1), &media(5 * MIB)).await;
    let reader = store.open(&key(1)).await.unwrap();
    front.seen();
    drain(reader.read(0, 5 * MIB as u64).await.unwrap()).await;
    let tags: Vec<_> = front
        .seen()
        .iter()
        .map(|seen| seen.field("if-match").to_owned())
        .collect();
    assert!(
        tags.len() == 2 && tags[0] == tags[1] && tags[0].len() > 8,
        "{tags:?}"
    );
}

#[tokio::test]
async fn bytes_of_two_versions_never_mix() {
    let (bucket, _front, store) = fronted();
    let bytes = media(6 * MIB);
    put(&store, &key(1), &bytes).await;
    let stream = store
        .open(&key(1))
        .await
        .unwrap()
        .read(0, 6 * MIB as u64)
        .await
        .unwrap();
    // This server does not heed If-Match, so that the answer has to be looked at.
    let file = bucket.folder().join("a/b").join(key(1).as_str());
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, vec![0; 6 * MIB]).unwrap();
    let other = std::fs::File::options().write(true).open(&file).unwrap();
    other
        .set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(5))
        .unwrap();
    let (found, error) = drain(stream).await;
    assert!(error.is_some());
    assert!(found == bytes[..found.len()]);
}

#[tokio::test]
async fn a_piece_that_breaks_off_is_resumed_where_it_broke() {
    let (_bucket, front, store) = fronted();
    let bytes = media(5 * MIB);
    put(&store, &key(1), &bytes).await;
    let reader = store.open(&key(1)).await.unwrap();
    front.seen();
    let count = Arc::new(AtomicUsize::new(0));
    front.does(
        move |seen| match is_get(seen) && count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            true => Action::Cut(100_000),
            false => Action::Pass,
        },
    );
    let (found, error) = drain(reader.read(0, 5 * MIB as u64).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert!(found == bytes[..5 * MIB]);
    assert!(front.seen().len() >= 3);
}

#[tokio::test]
async fn a_store_that_goes_in_the_middle_ends_in_an_error_and_not_in_an_end() {
    for ending in [
        Action::Close,
        Action::Refuse(500, "InternalError"),
        Action::Refuse(404, "NoSuchKey"),
    ] {
        let (_bucket, front, store) = fronted();
        let bytes = media(5 * MIB);
        put(&store, &key(1), &bytes).await;
        let reader = store.open(&key(1)).await.unwrap();
        let mut is_first = true;
        let then = ending.clone();
        front.does(move |seen| match is_get(seen) && std::mem::take(&mut is_first) {
            true => Action::Cut(100_000),
            false => then.clone(),
        });
        let (found, error) = drain(reader.read(0, 5 * MIB as u64).await.unwrap()).await;
        assert!(error.is_some(), "{ending:?}");
        assert!(!found.is_empty() && found == bytes[..found.len()], "{ending:?}");
    }
}

#[tokio::test]
async fn an_error_before_the_first_byte_is_an_error_of_reading() {
    for action in [
        Action::Close,
        Action::Cut(0),
        Action::Refuse(500, "InternalError"),
        Action::Refuse(503, "SlowDown"),
    ] {
        let (_bucket, front, store) = fronted();
        put(&store, &key(1), b"bytes").await;
        let reader = store.open(&key(1)).await.unwrap();
        front.does(move |_| action.clone());
        let read = reader.read(0, 5).await;
        assert!(matches!(read, Err(ContentError::Unavailable(_))), "{read:?}");
        // And it recovers by itself.
        front.does(|_| Action::Pass);
        assert_eq!(drain(reader.read(0, 5).await.unwrap()).await.0, b"bytes");
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up_within_seconds() {
    let (_bucket, front, store) = fronted();
    put(&store, &key(1), b"bytes").await;
    front.does(|_| Action::Hang);
    let begun = tokio::time::Instant::now();
    let opened = store.open(&key(1)).await.unwrap_err();
    assert!(line(opened).ends_with("did not answer in time"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_small_object_is_one_request_with_a_checksum() {
    let (_bucket, front, store) = fronted();
    put(&store, &key(1), b"small").await;
    let puts: Vec<_> = front
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "PUT")
        .collect();
    assert_eq!(puts.len(), 1);
    assert!(!puts[0].field("x-amz-checksum-sha256").is_empty());
    assert!(!puts[0].target.contains("uploadId"));
}

#[tokio::test]
async fn a_large_object_is_sent_in_parts_with_a_checksum_on_each() {
    let (bucket, front, store) = fronted();
    let bytes = media(17 * MIB);
    let bytes = &bytes[..17 * MIB];
    let written = store.put(&key(1), io::Cursor::new(bytes.to_vec())).await.unwrap();
    assert_eq!(written.size_bytes, 17 * MIB as u64);
    let seen = front.seen();
    let mut parts: Vec<_> = seen
        .iter()
        .filter(|seen| seen.method == "PUT")
        .map(|seen| {
            (
                seen.target.contains("partNumber="),
                seen.length,
                seen.field("x-amz-checksum-sha256").len(),
            )
        })
        .collect();
    parts.sort_unstable();
    assert_eq!(parts, [(true, MIB, 44), (true, 8 * MIB, 44), (true, 8 * MIB, 44)]);
    assert!(seen.iter().all(|seen| seen.method != "DELETE"));
    assert!(std::fs::read(bucket.folder().join("a/b").join(key(1).as_str())).unwrap() == bytes);
}

#[tokio::test]
async fn an_upload_that_fails_is_taken_back() {
    // A part that the store refuses, and a completion that it refuses.
    for (method, word) in [("PUT", "partNumber=2"), ("POST", "uploadId=")] {
        let (bucket, front, store) = fronted();
        front.does(
            move |seen| match seen.method == method && seen.target.contains(word) {
                true => Action::Refuse(403, "AccessDenied"),
                false => Action::Pass,
            },
        );
        let failed = store
            .put(&key(1), io::Cursor::new(media(9 * MIB)))
            .await
            .unwrap_err();
        let line = line(failed);
        assert!(
            line.starts_with("content.s3.access_key_id: ") && line.ends_with("s3:PutObject"),
            "{line}"
        );
        let aborted = front.seen().iter().filter(|seen| seen.method == "DELETE").count();
        assert_eq!(aborted, 1, "{word}");
        assert!(s3::files_below(&bucket.folder()).is_empty());
        assert!(matches!(
            store.open(&key(1)).await,
            Err(ContentError::NotFound(_))
        ));
    }
}

#[tokio::test]
async fn a_source_that_fails_late_takes_the_upload_back() {
    let (bucket, front, store) = fronted();
    struct Breaks(usize);
    impl io::Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.0);
            self.0 -= count;
            match count {
                0 => Err(io::Error::other("the source has gone")),
                count => Ok(count),
            }
        }
    }
    let failed = store.put(&key(1), Breaks(20 * MIB)).await;
    assert!(matches!(failed, Err(ContentError::Source(_))), "{failed:?}");
    assert_eq!(
        front.seen().iter().filter(|seen| seen.method == "DELETE").count(),
        1
    );
    assert!(s3::files_below(&bucket.folder()).is_empty());
}

#[tokio::test]
async fn a_completion_whose_answer_is_lost_counts() {
    let (_bucket, front, store) = fronted();
    let mut is_first = true;
    front.does(move |seen| {
        let is_completion = seen.method == "POST" && seen.target.contains("uploadId=");
        match is_completion && std::mem::take(&mut is_first) {
            true => Action::Cut(0),
            false => Action::Pass,
        }
    });
    put(&store, &key(1), &media(9 * MIB)).await;
    assert!(store.open(&key(1)).await.unwrap().size_bytes() >= 9 * MIB as u64);
}

#[tokio::test]
async fn what_is_wrong_is_one_line_that_names_what_to_change() {
    let bucket = Bucket::new();
    let front = Front::before(bucket.address());
    let secret = s3::SECRET_ACCESS_KEY;
    let ask = async |config: S3Config| match open(config.clone()).reach().await {
        Err(error) => line(error),
        Ok(()) => panic!("{config:?} is reached"),
    };
    let missing = ask(S3Config {
        bucket: "no-such-bucket".to_owned(),
        ..bucket.config()
    })
    .await;
    assert!(
        missing.starts_with("content.url: there is no bucket `no-such-bucket` at http://127.0.0.1:"),
        "{missing}"
    );
    let unknown = ask(S3Config {
        credentials: s3::keys("AKIAOTHER", secret),
        ..bucket.config()
    })
    .await;
    assert!(unknown.starts_with("content.s3.access_key_id: "), "{unknown}");
    let wrong = ask(S3Config {
        credentials: s3::keys(s3::ACCESS_KEY_ID, "hush-hush"),
        ..bucket.config()
    })
    .await;
    assert!(wrong.starts_with("content.s3.secret_access_key: "), "{wrong}");
    let nobody = ask(s3::config(s3::nobody(), "bucket")).await;
    assert!(
        nobody.starts_with("content.s3.endpoint: nobody answers at http://127.0.0.1:"),
        "{nobody}"
    );
    let nowhere = S3Config {
        endpoint: Some("http://nowhere.invalid".to_owned()),
        ..bucket.config()
    };
    assert_eq!(
        ask(nowhere).await,
        "content.s3.endpoint: the host of http://nowhere.invalid has no address"
    );
    let tls = S3Config {
        endpoint: Some(format!("https://{}", bucket.address())),
        ..bucket.config()
    };
    assert!(ask(tls).await.starts_with("content.s3.endpoint: "));
    for (status, code, expected) in [
        (
            403,
            "RequestTimeTooSkewed",
            "content.s3.endpoint: the clocks of this machine and of ",
        ),
        (400, "ExpiredToken", "content.s3.session_token: "),
        (301, "PermanentRedirect", "content.s3.region: the bucket `"),
        (
            400,
            "AuthorizationHeaderMalformed",
            "content.s3.region: the bucket `",
        ),
        (503, "SlowDown", "content.s3.endpoint: http://127.0.0.1:"),
        (500, "InternalError", "content.s3.endpoint: http://127.0.0.1:"),
    ] {
        front.does(move |_| Action::Refuse(status, code));
        let found = ask(bucket.config_through(&front)).await;
        assert!(found.starts_with(expected), "{code}: {found}");
        for hidden in ["hush", secret, s3::ACCESS_KEY_ID, "\n", "<"] {
            assert!(!found.contains(hidden), "{code}: {found}");
        }
    }
    front.does(|_| Action::Refuse(507, "QuotaExceeded"));
    let full = open(bucket.config_through(&front)).put(&key(1), &b"x"[..]).await;
    assert!(matches!(full, Err(ContentError::Full)), "{full:?}");
}

#[tokio::test]
async fn a_probe_finds_the_right_that_is_missing_and_leaves_nothing() {
    type Refused = fn(&Seen) -> bool;
    let cases: [(Refused, bool, &str); 6] = [
        (|_| false, false, ""),
        (|seen| seen.method == "PUT", true, "s3:PutObject"),
        (
            |seen| seen.method == "GET" && seen.target.contains("/probe-"),
            true,
            "s3:GetObject",
        ),
        (
            |seen| seen.method == "GET" && seen.target.contains("list-type=2"),
            false,
            "s3:ListBucket",
        ),
        (
            |seen| seen.method == "DELETE" && !seen.target.contains("uploadId"),
            false,
            "s3:DeleteObject",
        ),
        (
            |seen| seen.method == "DELETE" && seen.target.contains("uploadId"),
            false,
            "s3:AbortMultipartUpload",
        ),
    ];
    for (refused, is_problem, right) in cases {
        let (bucket, front, store) = fronted();
        front.does(move |seen| match refused(seen) {
            true => Action::Refuse(403, "AccessDenied"),
            false => Action::Pass,
        });
        let findings = store.probe().await;
        if right.is_empty() {
            assert!(findings.is_empty(), "{findings:?}");
        } else {
            assert_eq!(findings.len(), 1, "{right}: {findings:?}");
            assert_eq!(findings[0].is_problem, is_problem, "{findings:?}");
            assert!(findings[0].line.contains(right), "{findings:?}");
        }
        if right != "s3:DeleteObject" {
            assert!(s3::files_below(&bucket.folder()).is_empty(), "{right}");
        }
    }
}

fn upload(key: &str, id: &str, initiated: &str) -> String {
    format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{initiated}</Initiated></Upload>")
}

#[tokio::test]
async fn unfinished_uploads_of_ours_go_after_a_day() {
    let (_bucket, front, store) = fronted();
    let ours = format!("a/b/{}", key(1));
    let first = [
        upload(&ours, "old", "2026-01-31T11:59:59.000Z"),
        upload(&ours, "young", "2026-01-31T12:00:01.000Z"),
        upload(&ours, "stuck", "2026-01-01T00:00:00.000Z"),
        upload("a/b/somebody-elses", "other", "2020-01-01T00:00:00.000Z"),
        upload(&ours, "timeless", "yesterday"),
    ];
    let first = format!(
        "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true</IsTruncated>\
         <NextKeyMarker>a/b/x y</NextKeyMarker><NextUploadIdMarker>n</NextUploadIdMarker>{}</ListMultipartUploadsResult>",
        first.concat()
    );
    let second = format!(
        "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{}</ListMultipartUploadsResult>",
        upload(&ours, "older", "2026-01-01T00:00:00Z")
    );
    front.does(move |seen| match seen.method.as_str() {
        "GET"
            if seen
                .target
                .contains("key-marker=a%2Fb%2Fx%20y&upload-id-marker=n") =>
        {
            Action::Answer(200, second.clone())
        }
        "GET" => Action::Answer(200, first.clone()),
        "DELETE" if seen.target.ends_with("uploadId=stuck") => Action::Refuse(403, "AccessDenied"),
        "DELETE" => Action::Answer(204, String::new()),
        _ => Action::Close,
    });
    let now: Ticks = "2026-02-01T12:00:00Z".parse().unwrap();
    let swept = store.sweep(now, HashSet::new()).await.unwrap();
    assert_eq!(swept, Swept { removed: 2, kept: 3 });
    let seen = front.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.field("authorization").starts_with("AWS4-HMAC-SHA256 "))
    );
    assert!(seen[0].target.contains("&prefix=a%2Fb%2F"));
    let removed: Vec<_> = seen
        .iter()
        .filter(|seen| seen.method == "DELETE" && !seen.target.ends_with("stuck"))
        .map(|seen| &seen.target)
        .collect();
    assert!(
        removed.len() == 2
            && removed[0].ends_with("?uploadId=old")
            && removed[1].ends_with("?uploadId=older")
    );
}

#[tokio::test]
async fn a_bucket_may_be_named_in_the_host() {
    let bucket = Bucket::new();
    let front = Front::before(bucket.address());
    let config = S3Config {
        addressing: Addressing::Host,
        // Every name below localhost is this machine (RFC 6761).
        endpoint: Some(format!("http://localhost:{}", front.address.port())),
        ..bucket.config()
    };
    front.does(|_| Action::Refuse(404, "NoSuchBucket"));
    let name = config.bucket.clone();
    let _refused = open(config).reach().await;
    // Where the resolver does not know that, nothing arrives.
    if let Some(seen) = front.seen().first() {
        assert_eq!(
            seen.field("host"),
            format!("{name}.localhost:{}", front.address.port())
        );
        assert!(seen.target.starts_with("/?"), "{}", seen.target);
    }
}

#[tokio::test]
async fn secrets_are_read_from_their_files() {
    let bucket = Bucket::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        SecretSource::File(folder.path().join(name))
    };
    let credentials = |access_key_id, secret_access_key| S3Credentials::Keys {
        access_key_id,
        secret_access_key,
        session_token: None,
    };
    let good = credentials(
        file("id", &format!("{}\n", s3::ACCESS_KEY_ID)),
        file("secret", &format!("{}\r\n", s3::SECRET_ACCESS_KEY)),
    );
    open(S3Config {
        credentials: good,
        ..bucket.config()
    })
    .reach()
    .await
    .unwrap();
    for (text, expected) in [
        (
            "two\nlines\n",
            "content.s3.secret_access_key_file: expected one line without spaces",
        ),
        (
            "",
            "content.s3.secret_access_key_file: expected one line without spaces",
        ),
    ] {
        let bad = credentials(file("id", s3::ACCESS_KEY_ID), file("secret", text));
        let refused = ContentStore::at(&s3::place(S3Config {
            credentials: bad,
            ..bucket.config()
        }));
        assert_eq!(line(refused.unwrap_err()), expected);
    }
    let nowhere = SecretSource::File(PathBuf::from("/nowhere/id"));
    let bad = credentials(nowhere, file("secret", "x"));
    let refused = ContentStore::at(&s3::place(S3Config {
        credentials: bad,
        ..bucket.config()
    }));
    assert!(
        line(refused.unwrap_err()).starts_with("content.s3.access_key_id_file: the file cannot be read: ")
    );
}

#[tokio::test]
async fn a_web_identity_is_exchanged_once_for_many_requests() {
    let (bucket, front, _) = fronted();
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "a-token").unwrap();
    let config = S3Config {
        credentials: S3Credentials::WebIdentity {
            token_file: token_file.clone(),
            role_arn: "arn:aws:iam::123456789012:role/recordings".to_owned(),
            session_name: Some("graphophone".to_owned()),
            sts_endpoint: Some(format!("http://{}", front.address)),
        },
        ..bucket.config()
    };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen_by = Arc::clone(&asked);
    front.does(move |seen| {
        seen_by.lock().unwrap().push(seen.clone());
        let keys = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <SessionToken>session</SessionToken><SecretAccessKey>{}</SecretAccessKey>\
             <Expiration>2099-01-01T00:00:00Z</Expiration><AccessKeyId>{}</AccessKeyId></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            s3::SECRET_ACCESS_KEY,
            s3::ACCESS_KEY_ID
        );
        Action::Answer(200, keys)
    });
    let store = open(config.clone());
    store.reach().await.unwrap();
    // Another runtime thread uses the same keys.
    let other = store.for_thread();
    put(&other, &key(1), b"bytes").await;
    {
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        let all = format!("{} {}", asked[0].target, asked[0].body);
        assert!(
            all.contains("WebIdentityToken=a-token") && all.contains("RoleSessionName=graphophone"),
            "{all}"
        );
    }
    front.does(|_| Action::Refuse(403, "AccessDenied"));
    let refused = line(open(config.clone()).reach().await.unwrap_err());
    assert!(refused.starts_with("AWS_ROLE_ARN: "), "{refused}");
    front.does(|_| Action::Close);
    let away = line(open(config.clone()).reach().await.unwrap_err());
    assert!(away.starts_with("AWS_ENDPOINT_URL_STS: "), "{away}");
    std::fs::remove_file(&token_file).unwrap();
    let unreadable = line(open(config).reach().await.unwrap_err());
    assert!(
        unreadable.starts_with("AWS_WEB_IDENTITY_TOKEN_FILE: "),
        "{unreadable}"
    );
}

#[tokio::test]
async fn a_secret_is_in_no_debug_text() {
    let bucket = Bucket::new();
    let config = bucket.config();
    let store = open(config.clone());
    put(&store, &key(1), b"x").await;
    let reader = store.open(&key(1)).await.unwrap();
    for shown in [format!("{config:?}"), format!("{store:?}"), format!("{reader:?}")] {
        assert!(!shown.contains(s3::SECRET_ACCESS_KEY), "{shown}");
    }
}
