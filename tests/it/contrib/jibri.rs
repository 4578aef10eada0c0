//! `contrib/jibri/finalize.sh`

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Site, contrib, film, put, wait_for};
use crate::cli::binary::Process;
use crate::support::names::{ATTENDEE, ORGANIZER};

/// A session as Jibri leaves it.
fn session(site: &Site, id: &str, file: &str, bytes: &[u8]) -> PathBuf {
    let folder = site.home.folder.path().join("recordings").join(id);
    put(&folder.join(file), bytes);
    let metadata = json!({
        "meeting_url": "https://meet.example.org/Planning",
        "participants": [
            { "user": { "id": "1", "name": "Attendee", "email": "attendee@contoso.example" } },
            { "user": { "name": "Somebody" } },
        ],
    });
    put(&folder.join("metadata.json"), metadata.to_string());
    folder
}

const FILE: &str = "planning_2026-07-01-14-05-09.mp4";

/// Nobody has written to it since long ago.
fn settle(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = std::fs::File::open(entry.unwrap().path()).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_782_900_000))
            .unwrap();
    }
}

#[test]
fn a_session_becomes_a_recording_of_a_meeting_of_its_own() {
    let site = Site::start();
    let bytes = film(20_000);
    let folder = session(&site, "abcdefgh", FILE, &bytes);
    site.run(site.recipe("jibri/finalize.sh", "").arg(&folder))
        .succeeded();
    let recording = site.only_recording();
    assert!(site.content(&recording) == bytes);
    // It was summer in Berlin.
    assert_eq!(recording["createdDateTime"], "2026-07-01T12:05:09.0000000Z");
    let meeting = site.meeting(&recording);
    assert_eq!(meeting["subject"], "Planning");
    assert_eq!(meeting["startDateTime"], "2026-07-01T12:05:09.0000000Z");
    assert_eq!(meeting["externalId"], "Planning 2026-07-01T12:05:09Z");
    assert_eq!(meeting["participants"]["attendees"], json!([]));
    assert!(folder.join(FILE).exists());
    // Once more, and once more without the mark of it.
    site.run(site.recipe("jibri/finalize.sh", "").arg(&folder))
        .succeeded();
    std::fs::remove_file(folder.join(format!(".{FILE}.uploaded"))).unwrap();
    site.run(site.recipe("jibri/finalize.sh", "").arg(&folder))
        .succeeded();
    site.only_recording();
}

#[test]
fn two_meetings_in_a_room_are_two_and_a_room_has_its_organizer() {
    let site = Site::start();
    let organizers = site.home.write(
        "organizers",
        format!("# rooms\nother  nobody@contoso.example\nplanning  {ORGANIZER}\n").as_bytes(),
    );
    let more = format!("UPLOAD_ORGANIZER=nobody@contoso.example\nUPLOAD_ORGANIZERS='{organizers}'\n");
    for (id, file) in [("one", FILE), ("two", "planning_2026-07-02-14-05-09.mp4")] {
        let folder = session(&site, id, file, &film(5000));
        site.run(site.recipe("jibri/finalize.sh", &more).arg(&folder))
            .succeeded();
    }
    let [first, second] = site.recordings().try_into().unwrap();
    assert_ne!(first["meetingId"], second["meetingId"]);
}

#[test]
fn a_room_may_be_called_anything() {
    let site = Site::start();
    let folder = session(&site, "abc $(touch made)", FILE, &film(5000));
    let room = "$(touch made)'\"\\n;x";
    let metadata =
        json!({ "meeting_url": format!("https://meet.example.org/tenant/{room}?jwt=x#config.y=1") });
    put(&folder.join("metadata.json"), metadata.to_string());
    let organizers = site.home.write("organizers", b"other nobody@contoso.example\n");
    let more = format!("UPLOAD_ORGANIZERS='{organizers}'\n");
    site.run(
        site.recipe("jibri/finalize.sh", &more)
            .current_dir(&folder)
            .arg("."),
    )
    .succeeded();
    let meeting = site.meeting(&site.only_recording());
    assert_eq!(meeting["subject"], room);
    assert_eq!(
        meeting["externalId"],
        format!("tenant/{room} 2026-07-01T12:05:09Z")
    );
    assert!(!folder.join("made").exists());
}

#[test]
fn without_its_metadata_the_room_is_told_by_the_file() {
    let site = Site::start();
    let folder = session(&site, "abcdefgh", FILE, &film(5000));
    for metadata in [None, Some("{ cut of")] {
        let file = folder.join("metadata.json");
        match metadata {
            None => std::fs::remove_file(&file).unwrap(),
            Some(text) => put(&file, text),
        }
        site.run(site.recipe("jibri/finalize.sh", "").arg(&folder))
            .succeeded();
        let recording = site.only_recording();
        assert_eq!(site.meeting(&recording)["subject"], "planning");
    }
}

#[test]
fn participants_come_along_where_that_is_asked_for() {
    let site = Site::start();
    let folder = session(&site, "abcdefgh", FILE, &film(5000));
    let yes = "JIBRI_PARTICIPANTS=yes\nJIBRI_DELETE=yes\n";
    site.run(site.recipe("jibri/finalize.sh", yes).arg(&folder))
        .succeeded();
    let attendees = &site.meeting(&site.only_recording())["participants"]["attendees"];
    assert_eq!(attendees[0]["identity"]["user"]["id"], ATTENDEE);
    assert!(!folder.exists());
    // Somebody is no user.
    let folder = session(&site, "second", "planning_2026-07-02-14-05-09.mp4", &film(5000));
    let guest = json!({
        "meeting_url": "https://meet.example.org/Planning",
        "participants": [{ "email": "guest@example.org" }],
    });
    put(&folder.join("metadata.json"), guest.to_string());
    site.run(site.recipe("jibri/finalize.sh", yes).arg(&folder))
        .succeeded();
    let [_, second] = site.recordings().try_into().unwrap();
    assert_eq!(site.meeting(&second)["participants"]["attendees"], json!([]));
}

#[test]
fn what_has_failed_is_kept_and_swept_up_later() {
    let mut site = Site::start();
    let bytes = film(20_000);
    let folder = session(&site, "abcdefgh", FILE, &bytes);
    site.front.close_after(12_000);
    let more = "UPLOAD_ATTEMPTS=3\nJIBRI_DELETE=yes\n";
    let ran = site.run(site.recipe("jibri/finalize.sh", more).arg(&folder));
    assert_eq!(ran.status, 75, "{ran:?}");
    assert!(folder.join(FILE).exists());
    site.restart();
    // One that is being recorded, and a folder without a recording.
    let under_way = session(
        &site,
        "under-way",
        "planning_2026-07-02-14-05-09.mp4",
        b"\0\0\0\x18ftyp",
    );
    std::fs::create_dir(folder.parent().unwrap().join("empty")).unwrap();
    settle(&folder);
    let sweep = |site: &Site| {
        let mut command = site.recipe("jibri/finalize.sh", "JIBRI_DELETE=yes\n");
        site.run(command.arg("--sweep").arg(folder.parent().unwrap()))
            .succeeded();
    };
    sweep(&site);
    assert!(site.content(&site.only_recording()) == bytes);
    assert!(!folder.exists() && under_way.exists());
    sweep(&site);
    site.only_recording();
}

#[test]
fn it_works_where_its_head_says_that_it_is_put() {
    let site = Site::start();
    let bin = site.home.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::copy(contrib("jibri/finalize.sh"), bin.join("graphophone-jibri")).unwrap();
    std::fs::copy(contrib("curl/upload.sh"), bin.join("graphophone-upload")).unwrap();
    let folder = session(&site, "abcdefgh", FILE, &film(5000));
    settle(&folder);
    let recipe = site.recipe("jibri/finalize.sh", "");
    let settings = recipe.get_envs().find(|(name, _)| *name == "UPLOAD_SETTINGS");
    let settings = settings.and_then(|(_, value)| value).unwrap().to_owned();
    // As cron does.
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("UPLOAD_SETTINGS", settings)
        .env("PATH", "/usr/bin:/bin")
        .current_dir(&bin)
        .args(["graphophone-jibri", "--sweep"])
        .arg(folder.parent().unwrap());
    site.run(&mut command).succeeded();
    site.only_recording();
}

#[test]
fn jibri_is_free_at_once_where_the_upload_is_in_the_background() {
    let site = Site::start();
    let bytes = film(20_000);
    let folder = session(&site, "abcdefgh", FILE, &bytes);
    let log = site.home.path("jibri.log");
    let more = format!("JIBRI_BACKGROUND=yes\nJIBRI_DELETE=yes\nJIBRI_LOG='{log}'\n");
    Process::spawn(site.recipe("jibri/finalize.sh", &more).arg(&folder))
        .finish()
        .succeeded();
    wait_for("the upload is done", || !folder.exists());
    assert!(site.content(&site.only_recording()) == bytes);
    assert!(std::fs::read_to_string(log).unwrap().contains("uploaded"));
}

#[test]
fn what_has_changed_since_it_was_uploaded_is_not_deleted_and_keeps_back_nothing() {
    let site = Site::start();
    let bytes = film(20_000);
    let folder = session(&site, "abcdefgh", FILE, &bytes);
    settle(&folder);
    site.run(site.recipe("jibri/finalize.sh", "").arg(&folder))
        .succeeded();
    // As long as before, and written since. The server refuses it, and the next one comes in.
    let mut other = bytes.clone();
    *other.last_mut().unwrap() = 8;
    put(&folder.join(FILE), &other);
    put(&folder.join("planning_2026-07-02-14-05-09.mp4"), film(5000));
    let yes = "JIBRI_DELETE=yes\n";
    let ran = site.run(site.recipe("jibri/finalize.sh", yes).arg(&folder));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.err.contains(&format!("{FILE} is not uploaded, and stays")),
        "{ran:?}"
    );
    assert!(std::fs::read(folder.join(FILE)).unwrap() == other);
    assert_eq!(site.recordings().len(), 2);
    // As it was before.
    put(&folder.join(FILE), &bytes);
    site.run(site.recipe("jibri/finalize.sh", yes).arg(&folder))
        .succeeded();
    assert!(!folder.exists());
    assert_eq!(site.recordings().len(), 2);
}

#[test]
fn what_is_not_uploaded_is_not_deleted_and_that_is_said_once() {
    let site = Site::start();
    let folder = session(&site, "abcdefgh", FILE, &film(5000));
    put(&folder.join("screenshare.mp4"), film(6000));
    let yes = "JIBRI_DELETE=yes\n";
    let ran = site.run(site.recipe("jibri/finalize.sh", yes).arg(&folder));
    assert!(
        ran.err.contains("there is more in it: screenshare.mp4"),
        "{ran:?}"
    );
    ran.succeeded();
    site.only_recording();
    let mut left: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["metadata.json", "screenshare.mp4"]);
    settle(&folder);
    let mut sweep = site.recipe("jibri/finalize.sh", yes);
    let ran = site.run(sweep.arg("--sweep").arg(folder.parent().unwrap()));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let site = Site::start();
    for (arguments, told) in [
        (
            &["/nonexistent"][..],
            "/nonexistent is no folder: expected that of a session",
        ),
        (
            &["--sweep", "/nonexistent"][..],
            "/nonexistent is no folder: expected Jibri's recordings-directory",
        ),
        (&["--sweep"][..], "usage:"),
        (&[][..], "usage:"),
    ] {
        let ran = site.run(site.recipe("jibri/finalize.sh", "").args(arguments));
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.err.contains(told) && ran.err.lines().count() == 1, "{ran:?}");
    }
}
