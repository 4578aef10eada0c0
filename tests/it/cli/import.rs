//! `graphophone import`: files, sidecars, folders that are watched; and `graphophone quarantine`.

use serde_json::{Value, json};

use super::home::Home;
use crate::support::names::{ATTENDEE, CONTOSO, ORGANIZER, STANDUP};
use crate::uploads::sample;

/// A folder of files to be imported.
fn inbox(home: &Home) -> String {
    std::fs::create_dir(home.path("inbox")).unwrap();
    home.path("inbox")
}

fn arguments<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["import", "--tenant", CONTOSO], rest].concat()
}

fn shown(home: &Home, id: &str) -> Value {
    serde_json::from_str(&home.run(&["recording", "show", id]).succeeded()).unwrap()
}

/// What has become of the file of that name, and the id of its recording.
fn outcome(lines: &[Value], name: &str) -> (String, String) {
    let is_it = |line: &&Value| line["path"].as_str().unwrap().ends_with(name);
    let line = lines.iter().find(is_it).unwrap();
    let text = |member: &str| line[member].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("id"))
}

#[test]
fn a_folder_comes_in_once_with_what_its_sidecars_say() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    home.write("inbox/plain.mp4", &sample("faststart.mp4"));
    home.write("inbox/late.mp4", &sample("moov-last.mp4"));
    let sidecar = json!({
        "meeting": { "organizer": ATTENDEE, "subject": "Retrospective", "externalId": "retro",
                     "startDateTime": "2026-01-20T09:00:00Z" },
        "recording": { "callId": "call-9" },
        "source": { "system": "obs", "id": "retro-1" },
    });
    home.write("inbox/late.json", sidecar.to_string().as_bytes());
    home.write(
        "inbox/late.vtt",
        b"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n",
    );
    home.write("inbox/notes.txt", b"nothing for us");

    let rest = ["--organizer", "organizer@contoso.example", &inbox];
    let would = home.json(&arguments(&[&["--dry-run"], &rest[..]].concat()));
    assert_eq!(would.len(), 2);
    assert!(
        would.iter().all(|one| one["outcome"] == "would be imported"),
        "{would:?}"
    );
    assert!(
        would[0]["detail"].as_str().unwrap().contains("Retrospective"),
        "{would:?}"
    );

    let first = home.json(&arguments(&rest));
    let (late, plain) = (outcome(&first, "late.mp4"), outcome(&first, "plain.mp4"));
    assert_eq!(
        (late.0.as_str(), plain.0.as_str()),
        ("imported", "imported"),
        "{first:?}"
    );
    let recording = shown(&home, &late.1);
    assert_eq!(recording["callId"], "call-9");
    assert_eq!(recording["source"], json!({ "system": "obs", "id": "retro-1" }));
    assert_eq!(recording["createdDateTime"], "2026-01-20T09:00:00.0000000Z");
    assert_eq!(recording["facts"]["format"], "mp4");
    assert!(recording["headKey"].is_string(), "{recording}");
    let transcripts = home.stores.texts(
        "SELECT content_correlation_id FROM artifacts WHERE kind = 'transcript' AND source_id = 'retro-1'",
    );
    assert_eq!(transcripts, [recording["contentCorrelationId"].as_str().unwrap()]);
    let plain = shown(&home, &plain.1);
    assert!(
        plain["source"]["id"].as_str().unwrap().starts_with("sha256:"),
        "{plain}"
    );

    comes_in_once(&home, &rest, &plain);
}

/// Whatever is imported again is there already, under whatever name.
fn comes_in_once(home: &Home, rest: &[&str], plain: &Value) {
    for again in [home.json(&arguments(rest)), home.json(&arguments(rest))] {
        assert!(
            again.iter().all(|one| one["outcome"] == "already there"),
            "{again:?}"
        );
    }
    // The same bytes under another name are the same recording.
    home.write("inbox/copy.mp4", &sample("faststart.mp4"));
    let copied = home.json(&arguments(rest));
    assert_eq!(
        outcome(&copied, "copy.mp4"),
        (
            "already there".to_owned(),
            plain["id"].as_str().unwrap().to_owned()
        )
    );
    assert_eq!(
        home.stores
            .texts("SELECT id FROM artifacts WHERE source_id IS NOT NULL AND kind = 'recording'")
            .len(),
        2
    );
}

#[test]
fn what_is_wrong_with_one_keeps_no_other_out() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    let bytes = sample("faststart.mp4");
    for (name, sidecar) in [
        ("unknown", json!({ "colour": "red" })),
        (
            "nobody",
            json!({ "meeting": { "organizer": "nobody@contoso.example" } }),
        ),
        ("other", json!({ "item": { "sha256": "0".repeat(64) } })),
        ("short", json!({ "item": { "size": 5 } })),
        ("good", json!({ "source": { "system": "test", "id": "good" } })),
    ] {
        home.write(&format!("inbox/{name}.mp4"), &bytes);
        home.write(&format!("inbox/{name}.json"), sidecar.to_string().as_bytes());
    }
    home.write("inbox/broken.mp4", &bytes);
    home.write("inbox/broken.json", b"{");
    let rest = ["--move", "--organizer", ORGANIZER, &inbox];
    let ran = home.run(&arguments(&rest));
    assert_eq!(ran.status, 1, "{ran:?}");
    for (name, why) in [
        ("unknown", "colour"),
        ("nobody", "/meeting/organizer"),
        ("other", "/item/sha256"),
        ("short", "/item/size"),
        ("broken", "no JSON"),
    ] {
        let line = ran
            .out
            .lines()
            .find(|line| line.contains(&format!("{name}.mp4")))
            .unwrap();
        assert!(line.contains("not imported") && line.contains(why), "{line}");
        assert!(
            std::path::Path::new(&home.path(&format!("inbox/{name}.mp4"))).exists(),
            "{name}"
        );
        assert!(
            std::path::Path::new(&home.path(&format!("inbox/{name}.json"))).exists(),
            "{name}"
        );
    }
    assert!(ran.out.contains("good.mp4: imported"), "{}", ran.out);
    assert!(!std::path::Path::new(&home.path("inbox/good.mp4")).exists());
    assert!(!std::path::Path::new(&home.path("inbox/good.json")).exists());
    assert!(ran.err.contains("5 files were not imported"), "{}", ran.err);
}

#[test]
fn files_go_into_a_meeting_that_is_named() {
    let home = Home::seeded();
    let file = home.write("talk.mp4", &sample("browser.webm"));
    let made = home.one(&arguments(&["--meeting", STANDUP, &file]));
    assert_eq!(made["outcome"], "imported", "{made}");
    let recording = shown(&home, made["id"].as_str().unwrap());
    assert_eq!(
        (&recording["meetingId"], &recording["contentType"]),
        (&json!(STANDUP), &json!("video/webm"))
    );
    // What is called a recording is kept, whatever it is.
    let page = home.write("page.mp4", b"<html></html>");
    for outcome in ["quarantined", "already there"] {
        let kept = home.one(&arguments(&["--move", "--meeting", STANDUP, &page]));
        assert_eq!(kept["outcome"], outcome);
        let detail = kept["detail"].as_str().unwrap();
        assert!(detail.ends_with("the file is left where it is"), "{kept}");
        assert!(std::path::Path::new(&page).exists());
    }
    let nobody = home.write("page.html", b"<html></html>");
    let refused = home.run(&arguments(&["--meeting", STANDUP, &nobody]));
    assert_eq!(refused.status, 1);
    assert!(refused.out.contains("no recording"), "{}", refused.out);
    let ownerless = home.write("own.mp4", &sample("faststart.mp4"));
    let refused = home.run(&arguments(&[&ownerless]));
    assert!(refused.out.contains("--organizer"), "{}", refused.out);
    let unknown = home.run(&arguments(&["--organizer", "nobody@contoso.example", &ownerless]));
    assert_eq!(unknown.status, 2, "{unknown:?}");
    assert!(unknown.err.contains("--organizer"), "{}", unknown.err);
}

#[test]
fn a_file_is_only_moved_when_its_own_bytes_are_there() {
    let home = Home::seeded();
    inbox(&home);
    let move_all = |home: &Home| {
        let inbox = home.path("inbox");
        home.run(&arguments(&["--move", "--organizer", ORGANIZER, &inbox]))
    };
    let source = json!({ "source": { "system": "obs", "id": "planning" } });
    let sidecar = source.to_string();
    home.write("inbox/first.mp4", &sample("faststart.mp4"));
    home.write("inbox/first.json", sidecar.as_bytes());
    home.write("inbox/second.mp4", &sample("moov-last.mp4"));
    home.write("inbox/second.json", sidecar.as_bytes());
    let ran = move_all(&home);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(!std::path::Path::new(&home.path("inbox/first.mp4")).exists());
    assert!(std::path::Path::new(&home.path("inbox/second.mp4")).exists());
    assert!(std::path::Path::new(&home.path("inbox/second.json")).exists());
    assert!(ran.out.contains("other bytes"), "{}", ran.out);

    // The same file once more, when its recording is in the trash.
    std::fs::remove_file(home.path("inbox/second.json")).unwrap();
    let inbox = home.path("inbox");
    let made = home.one(&arguments(&["--organizer", ORGANIZER, &inbox]));
    home.run(&["recording", "delete", made["id"].as_str().unwrap()])
        .succeeded();
    let out = move_all(&home).succeeded();
    assert!(
        out.contains("not taken again") && out.contains("has been deleted"),
        "{out}"
    );
    let said = home
        .run(&arguments(&["--dry-run", "--organizer", ORGANIZER, &inbox]))
        .succeeded();
    assert!(said.contains("not taken again"), "{said}");
    assert!(std::path::Path::new(&home.path("inbox/second.mp4")).exists());
}

#[test]
fn a_transcript_that_comes_later_is_not_removed_unstored() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    let stays = |name: &str| std::path::Path::new(&home.path(&format!("inbox/{name}"))).exists();
    home.write("inbox/talk.mp4", &sample("faststart.mp4"));
    home.one(&arguments(&["--organizer", ORGANIZER, &inbox]));
    home.write("inbox/talk.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nLater.\n");
    let ran = home.run(&arguments(&["--move", "--organizer", ORGANIZER, &inbox]));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.out.contains("other bytes"), "{}", ran.out);
    assert!(stays("talk.mp4") && stays("talk.vtt"));

    // Alone it is known, and moved.
    std::fs::remove_file(home.path("inbox/talk.vtt")).unwrap();
    home.run(&arguments(&["--move", "--organizer", ORGANIZER, &inbox]))
        .succeeded();
    assert!(!stays("talk.mp4"));
}

#[test]
fn the_store_itself_is_left_alone_and_links_are() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    let own = home.write("inbox/own.mp4", &sample("faststart.mp4"));
    let outside = tempfile::tempdir().unwrap();
    let elsewhere = outside.path().join("elsewhere.mp4");
    std::fs::write(&elsewhere, sample("moov-last.mp4")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, home.path("inbox/linked.mp4")).unwrap();
    let files = || {
        let mut files = home.content_files();
        files.sort();
        files
    };
    let root = home.stores.content_root().display().to_string();
    let is_folder = std::path::Path::new(&home.data()).join("content") == home.stores.content_root();
    let before = files();
    if is_folder {
        for path in [root.clone(), before[0].display().to_string()] {
            let refused = home.run(&arguments(&["--move", "--organizer", ORGANIZER, &path]));
            assert!(
                refused.refused().contains("lies in the content store"),
                "{refused:?}"
            );
        }
    }
    // The folder that has all of these, and a link.
    let above = home.path("");
    let paths = if is_folder {
        [above.as_str()]
    } else {
        [inbox.as_str()]
    };
    let arguments = arguments(&[&["--move", "--organizer", ORGANIZER][..], &paths].concat());
    let ran = home.run(&arguments);
    assert!(ran.out.contains("own.mp4: imported"), "{ran:?}");
    assert!(!std::path::Path::new(&own).exists());
    assert!(std::path::Path::new(&home.path("inbox/linked.mp4")).exists());
    assert!(before.iter().all(|file| file.exists()), "{ran:?}");
    // Named, a link is followed.
    let linked = home.path("inbox/linked.mp4");
    let ran = home.run(&["import", "--tenant", CONTOSO, "--organizer", ORGANIZER, &linked]);
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn a_sidecar_of_two_recordings_is_of_neither() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    home.write("inbox/talk.mp4", &sample("faststart.mp4"));
    home.write("inbox/talk.webm", &sample("browser.webm"));
    let told = json!({ "meeting": { "organizer": ORGANIZER } }).to_string();
    home.write("inbox/talk.json", told.as_bytes());
    let all = arguments(&["--described", "--move", &inbox]);
    let ran = home.run(&all);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.out.contains("call the one of this file talk.webm.json"),
        "{}",
        ran.out
    );
    home.write("inbox/talk.mp4.json", told.as_bytes());
    std::fs::rename(home.path("inbox/talk.json"), home.path("inbox/talk.webm.json")).unwrap();
    assert_eq!(home.json(&all).len(), 2);
}

#[test]
fn other_bytes_of_the_same_length_and_time_are_not_removed_unstored() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    let file = home.write("inbox/talk.mp4", &sample("faststart.mp4"));
    home.one(&arguments(&["--organizer", ORGANIZER, &inbox]));
    let mut bytes = sample("faststart.mp4");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let time = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.set_modified(time).unwrap();
    let moved = home.one(&arguments(&["--move", "--organizer", ORGANIZER, &inbox]));
    assert_eq!(moved["outcome"], "imported", "{moved}");
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn what_no_sidecar_describes_can_be_left_alone() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    home.write("inbox/bare.mp4", &sample("faststart.mp4"));
    let film = home.write("inbox/told.mp4", &sample("moov-last.mp4"));
    let told = json!({ "meeting": { "organizer": ORGANIZER } }).to_string();
    home.write("inbox/told.json", told.as_bytes());
    let imported = home.one(&arguments(&["--described", &inbox]));
    assert_eq!(imported["path"], film);
    let ran = home.run(&arguments(&["--described", &home.path("inbox/bare.mp4")]));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.out.contains("no sidecar describes it"), "{}", ran.out);
}

#[test]
fn a_database_is_filled_from_what_lies_in_the_store() {
    let (home, lost) = (Home::seeded(), Home::new());
    let server = home.serve(&[]);
    let is_described = || {
        home.stores
            .texts("SELECT id FROM jobs WHERE lane = 'tree'")
            .is_empty()
    };
    let deadline = tokio::time::Instant::now() + super::binary::DEADLINE;
    while !is_described() {
        assert!(tokio::time::Instant::now() < deadline, "it is not described");
        std::thread::yield_now();
    }
    server.stop();
    for (path, bytes) in super::home::everything_below(&home.stores.content_root()) {
        let below = path.strip_prefix(home.stores.content_root()).unwrap_or(&path);
        let path = lost.stores.content_root().join(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let filled = lost.one(&["import", "--from-store"]);
    let artifacts = home.json(&["recording", "list"]).len();
    assert!(artifacts > 0);
    assert_eq!(
        lost.json(&["recording", "list"]),
        home.json(&["recording", "list"])
    );
    assert_eq!(filled["tenants"], 2);
    assert_eq!(filled["problems"], json!([]));
    let again = lost.run(&["import", "--from-store"]).succeeded();
    assert!(again.starts_with("0 tenants and 0 recordings"), "{again}");
}

#[test]
fn a_folder_is_watched_until_the_process_ends() {
    let home = Home::seeded();
    let inbox = inbox(&home);
    home.write("inbox/first.mp4", &sample("faststart.mp4"));
    let rest = [
        "--organizer",
        ORGANIZER,
        "--move",
        "--watch",
        "--interval",
        "20ms",
        "--settle",
        "50ms",
        &inbox,
    ];
    let watching = home.spawn(&arguments(&rest));
    let gone = |name: &str| {
        let path = home.path(&format!("inbox/{name}"));
        let deadline = tokio::time::Instant::now() + super::binary::DEADLINE;
        while std::path::Path::new(&path).exists() {
            assert!(tokio::time::Instant::now() < deadline, "{name} was not taken");
            std::thread::yield_now();
        }
    };
    gone("first.mp4");
    home.write("inbox/second.webm", &sample("browser.webm"));
    gone("second.webm");
    watching.kill();
    let imported = home
        .stores
        .texts("SELECT id FROM artifacts WHERE source_system = 'import'");
    assert_eq!(imported.len(), 2);
}

#[test]
fn what_is_held_back_is_shown_released_and_deleted() {
    let home = Home::seeded();
    let whole = sample("moov-last.mp4");
    let index = whole.windows(4).position(|window| window == b"moov").unwrap() - 4;
    let file = home.write("broken.mp4", &whole[..index]);
    let made = home.one(&arguments(&["--organizer", ORGANIZER, &file]));
    assert_eq!(made["outcome"], "quarantined", "{made}");
    assert!(made["detail"].as_str().unwrap().contains("untrunc"), "{made}");
    let id = made["id"].as_str().unwrap();

    let listed = home.json(&["quarantine", "list"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["id"], id);
    let table = home.run(&["quarantine", "list"]).succeeded();
    assert!(table.contains("noMoov  organizer@contoso.example  "), "{table}");
    let shown = home.run(&["quarantine", "show", id]).succeeded();
    assert!(
        shown.contains("no index") && shown.contains("contentKey"),
        "{shown}"
    );
    home.run(&["quarantine", "release", id]).succeeded();
    assert_eq!(home.json(&["quarantine", "list"]).len(), 0);
    let again = home.run(&["quarantine", "release", id]);
    assert_eq!(again.status, 1, "{again:?}");
    let audit = home.json(&["audit", "list"]);
    assert_eq!(audit[0]["operation"], "quarantine.release");
    assert!(audit[0]["actor"].as_str().unwrap().contains("uid"), "{audit:?}");

    let html = home.write("cut.mp4", &sample("faststart.mp4")[..5000]);
    let made = home.one(&arguments(&["--organizer", ORGANIZER, &html]));
    let id = made["id"].as_str().unwrap();
    home.run(&["quarantine", "delete", id]).succeeded();
    assert_eq!(home.json(&["quarantine", "list"]).len(), 0);
    home.run(&["recording", "restore", id]).succeeded();
    assert_eq!(home.json(&["quarantine", "list"]).len(), 1);
}
