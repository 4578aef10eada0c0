//! `contrib/zoom/sidecars.py`

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value, json};

use super::{Site, film, put};

const VTT: &str = "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nMegan & Alex: Good morning.\nHow are you?\n\n2\n\
                   00:00:01.000 --> 00:00:02.000\nFine.\n";
const VOICES: &str = "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\n<v Megan &amp; Alex>Good morning.\nHow are you?</v>\n\n2\n\
                      00:00:01.000 --> 00:00:02.000\nFine.\n";

fn sidecar(site: &Site, name: &str) -> Value {
    let file = site.home.folder.path().join("zoom").join(name);
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_slice(&text).unwrap()
}

fn folders(site: &Site) {
    let root = site.home.folder.path().join("zoom");
    let local = root.join("2026-07-01 14.05.09 Weekly planning 12345678901");
    put(&local.join("video1123456789.mp4"), film(5000));
    put(&local.join("video2123456789.mp4"), film(6000));
    put(&local.join("audio1123456789.m4a"), b"x");
    put(&local.join("chat.txt"), b"x");
    let unfinished = root.join("2026-07-02 14.05.09 Weekly planning 12345678901");
    put(&unfinished.join("double_click_to_convert_01.zoom"), b"x");
    put(&unfinished.join("video1123456789.mp4"), b"x");
    let cloud = root.join("Budget review");
    for name in ["", "_gallery", "_avo"] {
        let file = format!("GMT20260301-140509_Recording{name}_1920x1080.mp4");
        put(&cloud.join(file), film(7000));
    }
    put(&cloud.join("GMT20260301-140509_Recording.transcript.vtt"), VTT);
    put(&cloud.join("GMT20260301-140509_RecordingnewChat.txt"), b"x");
}

#[test]
fn sidecars_say_what_an_import_is_to_know() {
    let site = Site::start();
    folders(&site);
    let root = site.home.path("zoom");
    let run = |more: &[&str]| {
        site.run(site.recipe("zoom/sidecars.py", "").args(more).arg(&root))
            .succeeded()
    };
    assert_eq!(run(&[]).lines().count(), 3);
    let folder = "2026-07-01 14.05.09 Weekly planning 12345678901";
    let meeting = json!({
        "externalId": "Weekly planning 2026-07-01T12:05:09Z", "organizer": super::ORGANIZER_NAME,
        "subject": "Weekly planning", "startDateTime": "2026-07-01T12:05:09Z",
    });
    assert_eq!(
        sidecar(&site, &format!("{folder}/video1123456789.json")),
        json!({
            "meeting": meeting, "recording": { "createdDateTime": "2026-07-01T12:05:09Z" },
            "source": { "system": "zoom", "id": format!("{folder}/video1123456789.mp4") },
        })
    );
    assert_eq!(
        sidecar(&site, &format!("{folder}/video2123456789.json")),
        json!({
            "meeting": meeting, "recording": {},
            "source": { "system": "zoom", "id": format!("{folder}/video2123456789.mp4") },
        })
    );
    let best = "Budget review/GMT20260301-140509_Recording_1920x1080";
    assert_eq!(
        sidecar(&site, &format!("{best}.json")),
        json!({
            "meeting": {
                "externalId": "Budget review 2026-03-01T14:05:09Z", "organizer": super::ORGANIZER_NAME,
                "subject": "Budget review", "startDateTime": "2026-03-01T14:05:09Z",
            },
            "recording": { "createdDateTime": "2026-03-01T14:05:09Z" },
            "source": { "system": "zoom", "id": format!("{best}.mp4") },
            "transcript": { "content": VOICES },
        })
    );
    // Nothing is new.
    assert_eq!(run(&[]), "");
    assert_eq!(run(&["--as-is"]).lines().count(), 1);
    assert_eq!(
        sidecar(&site, &format!("{best}.json"))["transcript"]["content"],
        VTT
    );
    assert_eq!(run(&["--all-views"]).lines().count(), 3);
}

#[test]
fn a_sidecar_is_what_the_server_takes() {
    let site = Site::start();
    folders(&site);
    let root = site.home.path("zoom");
    site.run(site.recipe("zoom/sidecars.py", "").arg(&root))
        .succeeded();
    let folder = format!("{root}/2026-07-01 14.05.09 Weekly planning 12345678901");
    for name in [
        format!("{root}/Budget review/GMT20260301-140509_Recording_1920x1080"),
        format!("{folder}/video1123456789"),
        format!("{folder}/video2123456789"),
        format!("{folder}/video1123456789"),
    ] {
        let mut upload = site.recipe("graphophone_upload.py", "");
        site.run(upload.args([format!("{name}.mp4"), format!("{name}.json")]))
            .succeeded();
    }
    // All of it is there already.
    site.import(&root);
    let recordings = site.recordings();
    assert_eq!(recordings.len(), 3);
    assert_eq!(site.transcript(&recordings[0]), VOICES);
    assert!(site.content(&recordings[0]) == film(7000));
    assert_eq!(recordings[1]["meetingId"], recordings[2]["meetingId"]);
    assert_eq!(site.meeting(&recordings[1])["subject"], "Weekly planning");
}

#[test]
fn one_film_does_not_keep_back_the_others_and_a_sidecar_by_hand_stays() {
    let site = Site::start();
    let root = site.home.folder.path().join("zoom");
    let no_text = OsStr::from_bytes(b"2026-07-01 14.05.09 M\xe4rz 12345678901");
    put(&root.join(no_text).join("video1.mp4"), b"x");
    let latin = root.join("2026-07-02 14.05.09 Planning");
    put(&latin.join("video1.mp4"), b"x");
    put(&latin.join("video1.vtt"), b"WEBVTT\n\nM\xe4rz\n");
    put(&root.join("2026-99-99 14.05.09 Planning/video1.mp4"), b"x");
    let by_hand = root.join("2026-07-03 14.05.09 Planning");
    put(&by_hand.join("video1.mp4"), b"x");
    put(
        &by_hand.join("video1.json"),
        r#"{ "meeting": { "subject": "By hand" } }"#,
    );
    put(&root.join("2026-07-04 14.05.09 Planning/video1.mp4"), b"x");
    let mut command = site.recipe("zoom/sidecars.py", "");
    let ran = site.run(command.arg(&root));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(
        ran.out.trim_end(),
        root.join("2026-07-04 14.05.09 Planning/video1.json")
            .display()
            .to_string()
    );
    for told in [
        "is not UTF-8",
        "its transcript video1.vtt is no text in UTF-8",
        "2026-99-99 14.05.09 Planning: ",
        "video1.json stays as it is, as its source is not zoom",
    ] {
        assert!(ran.err.contains(told), "{told}: {ran:?}");
    }
    assert_eq!(ran.err.lines().count(), 4, "{ran:?}");
    let kept = sidecar(&site, "2026-07-03 14.05.09 Planning/video1.json");
    assert_eq!(kept, json!({ "meeting": { "subject": "By hand" } }));
    assert_eq!(std::fs::read_dir(root.join(no_text)).unwrap().count(), 1);
}

#[test]
fn what_is_left_out_is_counted_in_a_line() {
    let site = Site::start();
    folders(&site);
    let root = site.home.folder.path().join("zoom");
    put(&root.join("Budget review/holiday.mp4"), b"x");
    let run = |more: &[&str]| {
        let mut command = site.recipe("zoom/sidecars.py", "");
        let ran = site.run(command.args(more).arg(&root));
        let last = ran.err.lines().last().unwrap().to_owned();
        ran.succeeded();
        last
    };
    let others = "films whose name or folder is not Zoom's: 1";
    assert_eq!(
        run(&[]),
        format!("zoom: left out: {others}; further views, which --all-views takes: 2")
    );
    assert_eq!(run(&["--all-views"]), format!("zoom: left out: {others}"));
}
