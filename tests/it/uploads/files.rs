//! What is in the files that come in: what they are served as, how they play, and what is held back.

use std::os::unix::fs::MetadataExt;

use super::{Upload, into_standup, read_back, sample};
use crate::support::names::ARCHIVER;
use crate::support::stores::content_is_in_a_folder;
use crate::support::{Answer, TestApp, TokenOf};

async fn uploaded(app: &TestApp, id: &str, bytes: &[u8]) -> Answer {
    let upload = Upload::begin(app, &into_standup(id, bytes)).await;
    let made = upload.put_all(bytes, bytes.len()).await;
    assert_eq!(made.status, 201, "{id}: {}", made.text());
    made
}

#[tokio::test]
async fn a_small_file_takes_no_more_of_the_disk_than_it_has() {
    if !content_is_in_a_folder() {
        return;
    }
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    uploaded(&app, "small", &bytes).await;
    for file in app.content_files() {
        let metadata = file.metadata().unwrap();
        let (taken, length) = (metadata.blocks() * 512, metadata.len());
        assert!(
            taken <= length + 65_536,
            "{}: {taken} for {length}",
            file.display()
        );
    }
}

#[tokio::test]
async fn the_type_is_told_by_the_bytes() {
    let app = TestApp::start().await;
    for (name, media_type) in [
        ("faststart.mp4", "video/mp4"),
        ("fragmented.mp4", "video/mp4"),
        ("hevc.mp4", "video/mp4"),
        ("sound.mp4", "audio/mp4"),
        ("sound.m4a", "audio/mp4"),
        ("camera.mov", "video/quicktime"),
        ("browser.webm", "video/webm"),
        ("live.webm", "video/webm"),
        ("meeting.mkv", "video/x-matroska"),
    ] {
        let bytes = sample(name);
        let made = uploaded(&app, name, &bytes).await;
        let content = read_back(&app, &made, "/content").await;
        assert_eq!(
            (content.status, content.header("content-type")),
            (200, media_type),
            "{name}"
        );
        // The index of some is last; of them another test tells.
        assert!(
            content.body == bytes || ["hevc.mp4", "sound.mp4", "sound.m4a"].contains(&name),
            "{name}"
        );
        let end = made.json()["endDateTime"].clone();
        assert!(end.is_string() || name == "live.webm", "{name}: {end}");
    }
}

#[tokio::test]
async fn an_index_that_is_last_is_served_first() {
    let (app, bytes) = (TestApp::start().await, sample("moov-last.mp4"));
    let made = uploaded(&app, "late", &bytes).await;
    let content = read_back(&app, &made, "/content").await;
    assert_eq!(content.status, 200);
    let place = |name: &[u8]| content.body.windows(4).position(|window| window == name).unwrap();
    assert!(place(b"moov") < place(b"mdat"));
    assert_ne!(content.body, bytes);
    // Any part of it is that part, across the border too.
    let whole = &content.body;
    let location = made
        .header("location")
        .strip_prefix(app.base())
        .unwrap()
        .to_owned();
    let token = TokenOf::application(ARCHIVER).sign();
    let border = place(b"mdat");
    for (first, last) in [
        (0, 0),
        (border - 10, border + 10),
        (border + 100, border + 200),
        (0, whole.len() - 1),
    ] {
        let range = format!("bytes={first}-{last}");
        let part = app
            .get_with(&format!("{location}/content"), &token, &[("range", &range)])
            .await;
        assert_eq!(part.status, 206);
        assert!(part.body == whole[first..=last], "{range}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {first}-{last}/{}", whole.len())
        );
    }
    // What the recorder made lies in the store as it was.
    let stored = app
        .content_files()
        .into_iter()
        .any(|file| std::fs::read(file).unwrap() == bytes);
    assert!(stored, "the recorder's own bytes are gone");
}

#[tokio::test]
async fn what_cannot_be_played_is_kept_and_not_served() {
    let app = TestApp::start().await;
    let whole = sample("moov-last.mp4");
    let index = whole.windows(4).position(|window| window == b"moov").unwrap() - 4;
    let html = b"<!DOCTYPE html><html><body>Sign in to go on</body></html>".to_vec();
    for (id, bytes, reason) in [
        ("html", html, "notMedia"),
        ("no-index", whole[..index].to_vec(), "noMoov"),
        ("cut", sample("faststart.mp4")[..5000].to_vec(), "truncated"),
        ("text", b"x".to_vec(), "notMedia"),
    ] {
        let made = uploaded(&app, id, &bytes).await;
        let json = made.json();
        let told = json["@graphophone.quarantined"].as_str().unwrap_or_default();
        assert!(told.starts_with(&format!("{reason}: ")), "{id}: {json}");
        let metadata = read_back(&app, &made, "").await;
        assert_eq!(metadata.status, 200, "{id}");
        // It is between us and whoever uploads: Graph's answers are Graph's.
        assert!(!metadata.text().contains("graphophone"), "{}", metadata.text());
        let content = read_back(&app, &made, "/content").await;
        assert_eq!(content.error().1, "malwareDetected", "{id}");
        let sql = format!("SELECT quarantine_reason FROM artifacts WHERE source_id = '{id}'");
        let found = app.stores.texts(&sql).remove(0);
        assert!(found.starts_with(&format!("{reason}: ")), "{id}: {found}");
        assert!(
            app.content_files()
                .into_iter()
                .any(|file| std::fs::read(file).unwrap() == bytes)
        );
    }
}

#[tokio::test]
async fn files_in_pieces_and_of_quicktime_are_put_into_others_where_ffmpeg_is_named() {
    let app = TestApp::with()
        .config("media.ffmpeg = \"/usr/bin/ffmpeg\"")
        .start()
        .await;
    for name in ["fragmented.mp4", "camera.mov"] {
        let bytes = sample(name);
        let made = uploaded(&app, name, &bytes).await;
        let content = read_back(&app, &made, "/content").await;
        assert_eq!(
            (content.status, content.header("content-type")),
            (200, "video/mp4"),
            "{name}"
        );
        let size = content.body.len() as u64;
        let probed = graphophone::media::probe(&mut std::io::Cursor::new(&content.body), size).unwrap();
        assert_eq!(probed.facts.format, graphophone::media::Format::Mp4, "{name}");
        assert_eq!(
            (probed.fault, probed.faststart),
            (None, None),
            "{name}: it plays at once"
        );
        assert!(
            probed.facts.tracks.len() >= 2,
            "{name}: {:?}",
            probed.facts.tracks
        );
        assert!(
            app.content_files()
                .into_iter()
                .any(|file| std::fs::read(file).unwrap() == bytes),
            "{name}"
        );
    }
    // What plays at once is left alone.
    let bytes = sample("faststart.mp4");
    let made = uploaded(&app, "as-it-is", &bytes).await;
    assert!(read_back(&app, &made, "/content").await.body == bytes);
}

#[tokio::test]
async fn without_an_ffmpeg_that_works_a_file_is_served_as_it_is() {
    for program in ["/nowhere/ffmpeg", "/bin/false"] {
        let app = TestApp::with()
            .config(&format!("media.ffmpeg = \"{program}\""))
            .start()
            .await;
        let bytes = sample("fragmented.mp4");
        let made = uploaded(&app, "as-it-is", &bytes).await;
        assert!(
            read_back(&app, &made, "/content").await.body == bytes,
            "{program}"
        );
    }
}
