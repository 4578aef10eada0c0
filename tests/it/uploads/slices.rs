//! Slices: in order, out of order, cut, twice, and by two at once.

use std::time::Duration;

use aws_lc_rs::digest;
use tokio::io::AsyncWriteExt;

use super::{Upload, expected, into_standup, read_back, sample};
use crate::support::stores::content_is_in_a_folder;
use crate::support::{TestApp, wait_until};

fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn slices_of_every_size_become_the_same_bytes() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    for length in [1000, 4096, 9999, bytes.len()] {
        let mut request = into_standup(&format!("by-{length}"), &bytes);
        request["item"]["sha256"] = sha256(&bytes).into();
        let upload = Upload::begin(&app, &request).await;
        let made = upload.put_all(&bytes, length).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert!(read_back(&app, &made, "/content").await.body == bytes, "{length}");
        // Once more, with any range, even without a byte.
        for answer in [
            upload.put(0, &bytes[..10], bytes.len()).await,
            upload
                .put_as(&format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len()), b"")
                .await,
            upload.put_as("nonsense", b"").await,
            upload.status().await,
        ] {
            assert_eq!((answer.status, &answer.json()["id"]), (200, &made.json()["id"]));
            assert!(answer.json().get("nextExpectedRanges").is_none());
        }
        assert_eq!(upload.delete().await.status, 204);
        assert_eq!(read_back(&app, &made, "").await.status, 200);
    }
}

#[tokio::test]
async fn only_the_next_slice_is_taken() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let total = bytes.len();
    let upload = Upload::begin(&app, &into_standup("order", &bytes)).await;
    let next = |first: usize| format!("{first}-{}", total - 1);
    let first = upload.put(0, &bytes[..1000], total).await;
    assert_eq!((first.status, expected(&first)), (202, next(1000)));
    for (what, answer, status, code) in [
        (
            "repeated",
            upload.put(0, &bytes[..1000], total).await,
            416,
            "invalidRange",
        ),
        (
            "overlapping",
            upload.put(500, &bytes[500..1500], total).await,
            416,
            "invalidRange",
        ),
        (
            "ahead",
            upload.put(2000, &bytes[2000..3000], total).await,
            416,
            "invalidRange",
        ),
        (
            "past the end",
            upload.put(1000, &vec![0; total], total).await,
            416,
            "invalidRange",
        ),
        (
            "of another whole",
            upload.put(1000, &bytes[1000..2000], total + 1).await,
            409,
            "conflict",
        ),
        (
            "too short",
            upload.put_as(&format!("bytes 1000-1999/{total}"), b"x").await,
            400,
            "BadRequest",
        ),
        (
            "without a byte",
            upload.put_as(&format!("bytes 1000-1999/{total}"), b"").await,
            400,
            "BadRequest",
        ),
        (
            "without a range",
            upload.put_as("", b"x").await,
            400,
            "BadRequest",
        ),
        (
            "negative",
            upload.put_as(&format!("bytes -1-5/{total}"), b"x").await,
            400,
            "BadRequest",
        ),
        (
            "too large",
            upload.put_as("bytes 0-0/9223372036854775808", b"x").await,
            400,
            "BadRequest",
        ),
    ] {
        let (found, name, message) = answer.error();
        assert_eq!((found, name.as_str()), (status, code), "{what}: {message}");
        assert_eq!(expected(&upload.status().await), next(1000), "{what}");
    }
    let made = upload.put(1000, &bytes[1000..], total).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(read_back(&app, &made, "/content").await.body == bytes);
}

#[tokio::test]
async fn a_slice_that_breaks_off_counts_not_at_all() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let upload = Upload::begin(&app, &into_standup("cut", &bytes)).await;
    let total = bytes.len();
    upload.put(0, &bytes[..1000], total).await;
    for cut in [0, 1, 700] {
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Range: bytes 1000-1999/{total}\r\nContent-Length: 1000\r\n\r\n",
            upload.path()
        );
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![9; cut]).await.unwrap();
        drop(stream);
        assert_eq!(expected(&upload.status().await), format!("1000-{}", total - 1));
    }
    // Until the server has seen that somebody is gone, the session may be held.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let made = loop {
        let answer = upload.put(1000, &bytes[1000..], total).await;
        match answer.status {
            423 => assert!(tokio::time::Instant::now() < deadline, "held for ever"),
            _ => break answer,
        }
    };
    assert!(read_back(&app, &made, "/content").await.body == bytes);
}

#[tokio::test]
async fn of_two_writers_one_is_told_that_the_other_is_at_it() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let upload = Upload::begin(&app, &into_standup("two", &bytes)).await;
    let total = bytes.len();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Range: bytes 0-999/{total}\r\nContent-Length: 1000\r\n\r\n",
        upload.path()
    );
    let mut slow = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&bytes[..500]).await.unwrap();
    wait_until("the slow writer holds the session", || {
        app.stores
            .texts("SELECT id FROM upload_sessions WHERE worker IS NOT NULL")
            .len()
            == 1
    })
    .await;
    let second = upload.put(0, &bytes[..1000], total).await;
    assert_eq!(second.error().0, 423, "{}", second.text());
    assert_eq!(second.header("retry-after"), "2");
    assert_eq!(upload.delete().await.status, 423);
    slow.write_all(&bytes[500..1000]).await.unwrap();
    wait_until("the slow slice is received", || {
        app.stores.texts("SELECT received_bytes FROM upload_sessions") == ["1000"]
    })
    .await;
    let made = upload.put(1000, &bytes[1000..], total).await;
    assert!(read_back(&app, &made, "/content").await.body == bytes);
}

#[tokio::test]
async fn a_whole_that_is_not_what_was_announced_is_kept_and_not_published() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let mut request = into_standup("wrong", &bytes);
    request["item"]["sha256"] = sha256(b"something else").into();
    let upload = Upload::begin(&app, &request).await;
    let failed = upload.put_all(&bytes, bytes.len()).await;
    let (status, code, message) = failed.error();
    assert_eq!((status, code.as_str()), (422, "unprocessableEntity"), "{message}");
    assert!(message.contains(&sha256(&bytes)), "{message}");
    assert_eq!(
        app.stores
            .texts("SELECT id FROM artifacts WHERE source_id = 'wrong'")
            .len(),
        0
    );
    let status = upload.status().await;
    assert_eq!(status.status, 200);
    assert!(
        status.json()["@graphophone.fault"]
            .as_str()
            .unwrap()
            .contains("SHA-256")
    );
    assert_eq!(upload.put(0, &bytes, bytes.len()).await.status, 422);
    let kept: Vec<_> = app
        .content_files()
        .into_iter()
        .filter(|file| file.display().to_string().contains(".uploads"))
        .collect();
    assert_eq!(kept.len(), 1);
    // Given up, it can be begun anew.
    assert_eq!(upload.delete().await.status, 204);
    assert_eq!(upload.status().await.status, 404);
    request["item"]["sha256"] = sha256(&bytes).into();
    let made = Upload::begin(&app, &request)
        .await
        .put_all(&bytes, bytes.len())
        .await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn a_session_ends_that_nobody_goes_on_with() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let total = bytes.len();
    let idle = Upload::begin(&app, &into_standup("idle", &bytes)).await;
    idle.put(0, &bytes[..1000], total).await;
    let busy = Upload::begin(&app, &into_standup("busy", &bytes)).await;
    app.set_time("2026-02-07T12:00:00Z");
    let going_on = busy.put(0, &bytes[..1000], total).await;
    assert_eq!(
        going_on.json()["expirationDateTime"],
        "2026-02-14T12:00:00.0000000Z"
    );
    app.set_time("2026-02-08T13:00:00Z");
    let uploads = app.server(|server| server.app.uploads.clone());
    assert_eq!(uploads.expire().await.unwrap(), 1);
    assert_eq!(idle.put(1000, &bytes[1000..], total).await.status, 404);
    assert_eq!(busy.put(1000, &bytes[1000..], total).await.status, 201);
    let left = app
        .content_files()
        .into_iter()
        .filter(|file| file.display().to_string().contains(".uploads"));
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn many_upload_at_once() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let uploads = (0..20).map(|number| {
        let (app, bytes) = (&app, &bytes);
        async move {
            let upload = Upload::begin(app, &into_standup(&format!("one-{number}"), bytes)).await;
            let made = upload.put_all(bytes, 5000).await;
            assert_eq!(made.status, 201, "{}", made.text());
            assert!(read_back(app, &made, "/content").await.body == *bytes);
        }
    });
    futures_join(uploads).await;
}

/// Runs them all on this task.
async fn futures_join(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut all: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        match all.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

#[tokio::test]
async fn while_the_disk_is_away_nothing_is_taken_and_nothing_is_lost() {
    if !content_is_in_a_folder() {
        return;
    }
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let total = bytes.len();
    let upload = Upload::begin(&app, &into_standup("away", &bytes)).await;
    assert_eq!(upload.put(0, &bytes[..1000], total).await.status, 202);
    let away = app.take_content_away().await;
    away.leave_mount_point();
    let refused = upload.put(1000, &bytes[1000..], total).await;
    assert_eq!(refused.error().0, 503, "{}", refused.text());
    let given_up = Upload::begin(&app, &into_standup("other", &bytes)).await;
    assert_eq!(given_up.put(0, &bytes, total).await.status, 503);
    away.remove_mount_point();
    away.bring_back();
    assert_eq!(expected(&upload.status().await), format!("1000-{}", total - 1));
    let made = upload.put(1000, &bytes[1000..], total).await;
    assert!(read_back(&app, &made, "/content").await.body == bytes);
}
