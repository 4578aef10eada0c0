//! `contrib/bigbluebutton`

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Site, contrib, film, put, wait_for};
use crate::cli::binary::Process;
use crate::support::names::ATTENDEE;
use crate::uploads::sample;

const RECORD: &str = "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1768899600123";
const CAPTIONS: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n";

fn folder(site: &Site, format: &str, record: &str) -> PathBuf {
    let folder = site.home.folder.path().join("published");
    folder.join(format).join(record)
}

/// A format of a meeting as BigBlueButton publishes it, long ago.
fn publish(site: &Site, format: &str, record: &str, films: &[(&str, &[u8])]) {
    let folder = folder(site, format, record);
    let start: u64 = record.rsplit('-').next().unwrap().parse().unwrap();
    let metadata = format!(
        "<recording>\n  <id>{record}</id>\n  <state>published</state>\n  <published>true</published>\n  \
         <start_time>{start}</start_time>\n  <end_time>{}</end_time>\n  <participants>3</participants>\n  \
         <playback><format>{format}</format><link>https://bbb.example.org/x</link><duration>60000</duration></playback>\n  \
         <meta>\n    <bbb-origin>greenlight</bbb-origin>\n    <organizer>organizer@contoso.example</organizer>\n    \
         <meetingId>room-7</meetingId>\n    <meetingName>Planning &amp; more</meetingName>\n    <isBreakout>false</isBreakout>\n  \
         </meta>\n</recording>\n",
        start + 3_600_000
    );
    put(&folder.join("metadata.xml"), metadata);
    for (name, bytes) in films {
        put(&folder.join(name), bytes);
    }
    let file = std::fs::File::open(folder.join("metadata.xml")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(start))
        .unwrap();
}

fn settings(site: &Site) -> String {
    format!(
        "BBB_PUBLISHED='{}'\nBBB_SCRIPTS='{}'\nBBB_ORGANIZER_META=organizer\nUPLOAD_ORGANIZER={ATTENDEE}\n",
        site.home.path("published"),
        site.home.path("scripts")
    )
}

fn backfill(site: &Site, more: &str) -> Command {
    site.recipe("bigbluebutton/backfill", &(settings(site) + more))
}

fn hook(site: &Site, format: Option<&str>) -> Command {
    let mut command = site.recipe("bigbluebutton/post_publish_graphophone.rb", &settings(site));
    let backfill = contrib("bigbluebutton/backfill");
    command.env("BBB_BACKFILL", backfill).args(["-m", RECORD]);
    command.args(format.map(|format| ["-f", format]).into_iter().flatten());
    command
}

#[test]
fn a_meeting_with_all_its_formats_is_one_recording_with_its_captions() {
    let site = Site::start();
    let (video, webcams) = (film(20_000), sample("browser.webm"));
    publish(
        &site,
        "video",
        RECORD,
        &[("video-0.m4v", &video), ("caption_en.vtt", CAPTIONS.as_bytes())],
    );
    publish(&site, "presentation", RECORD, &[("video/webcams.webm", &webcams)]);
    publish(&site, "podcast", RECORD, &[("audio.ogg", b"OggS")]);
    for _ in 0..2 {
        site.run(&mut backfill(&site, "")).succeeded();
        let recording = site.only_recording();
        assert!(site.content(&recording) == video);
        assert_eq!(recording["createdDateTime"], "2026-01-20T09:00:00.1230000Z");
        assert_eq!(site.transcript(&recording), CAPTIONS);
        let meeting = site.meeting(&recording);
        assert_eq!(meeting["subject"], "Planning & more");
        assert_eq!(meeting["externalId"], "room-7 2026-01-20T09:00:00.123Z");
        assert_eq!(meeting["startDateTime"], "2026-01-20T09:00:00.1230000Z");
        assert_eq!(meeting["endDateTime"], "2026-01-20T10:00:00.1230000Z");
    }
}

#[test]
fn without_a_video_the_webcams_are_taken_and_a_room_used_again_is_another_meeting() {
    let site = Site::start();
    let webcams = sample("browser.webm");
    let later = "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1768986000000";
    publish(&site, "presentation", RECORD, &[("video/webcams.webm", &webcams)]);
    publish(
        &site,
        "presentation",
        later,
        &[("deskshare/deskshare.webm", &webcams)],
    );
    // One without a film, and one that was published just now.
    let empty = "283f0bf3a0982a127bdb8161e0c44eb696b3e75c-1768989600000";
    publish(&site, "presentation", empty, &[("slides_new.xml", b"<x/>")]);
    let new = "383f0bf3a0982a127bdb8161e0c44eb696b3e75c-1768989700000";
    publish(&site, "presentation", new, &[("video/webcams.webm", &webcams)]);
    let metadata = folder(&site, "presentation", new).join("metadata.xml");
    put(&metadata, std::fs::read(&metadata).unwrap());
    let state = site.home.path("state/of/backfill");
    for _ in 0..2 {
        let ran = site.run(&mut backfill(&site, &format!("BBB_STATE='{state}'\n")));
        assert_eq!(ran.status, 75, "{ran:?}");
        assert!(
            ran.err.contains(&format!("{empty}: no format of it has a film")),
            "{ran:?}"
        );
        let [first, second] = site.recordings().try_into().unwrap();
        assert_ne!(first["meetingId"], second["meetingId"]);
        assert!(site.content(&second) == webcams);
    }
    assert_eq!(std::fs::read_dir(state).unwrap().count(), 2);
}

#[test]
fn the_hook_waits_for_the_format_that_is_installed() {
    let site = Site::start();
    let (video, webcams) = (film(20_000), sample("browser.webm"));
    for format in ["video", "presentation", "podcast"] {
        let script = format!("scripts/publish/{format}.rb");
        put(&site.home.folder.path().join(script), "");
    }
    publish(&site, "presentation", RECORD, &[("video/webcams.webm", &webcams)]);
    site.run(&mut hook(&site, Some("presentation"))).succeeded();
    assert!(site.recordings().is_empty());
    publish(&site, "video", RECORD, &[("video-0.m4v", &video)]);
    for format in [Some("video"), Some("podcast"), None] {
        site.run(&mut hook(&site, format)).succeeded();
        assert!(site.content(&site.only_recording()) == video);
    }
    let mut nonsense = hook(&site, None);
    assert_eq!(site.run(nonsense.args(["-m", "x; rm"])).status, 2);
}

#[test]
fn a_server_that_is_restarted_is_waited_for() {
    let mut site = Site::start();
    let video = film(30_000);
    publish(&site, "video", RECORD, &[("video-0.m4v", &video)]);
    site.front.close_after(20_000);
    let uploading = Process::spawn(&mut hook(&site, Some("video")));
    wait_for("the connection breaks", || site.front.has_broken());
    site.restart();
    site.check(uploading.finish()).succeeded();
    assert!(site.content(&site.only_recording()) == video);
}

#[test]
fn captions_that_are_too_long_for_a_request_come_by_themselves() {
    let site = Site::start();
    let mut text = String::from("WEBVTT\n");
    for second in 0..30_000 {
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        text.push_str(&format!(
            "\n{hours:02}:{minutes:02}:{seconds:02}.000 --> {hours:02}:{minutes:02}:{seconds:02}.900\nGood morning.\n"
        ));
    }
    publish(
        &site,
        "video",
        RECORD,
        &[("video-0.m4v", &film(5000)), ("caption_en.vtt", text.as_bytes())],
    );
    for _ in 0..2 {
        site.run(&mut backfill(&site, "UPLOAD_SLICE_BYTES=300000\n"))
            .succeeded();
        let recording = site.only_recording();
        assert!(site.transcript(&recording) == text);
    }
}

#[test]
fn without_a_key_the_organizer_is_the_one_of_the_settings() {
    let site = Site::start();
    publish(&site, "video", RECORD, &[("video-0.m4v", &film(5000))]);
    let more = "BBB_ORGANIZER_META=\n";
    let out = site.run(&mut backfill(&site, more));
    out.succeeded();
    assert_eq!(site.recordings(), Vec::<serde_json::Value>::new());
    let path = format!(
        "/v1.0/users/{ATTENDEE}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ATTENDEE}')"
    );
    assert_eq!(site.get(&path).ids().len(), 1);
    assert_eq!(
        site.get(&path).json()["value"][0]["meetingOrganizer"]["user"]["id"],
        json!(ATTENDEE)
    );
}

#[test]
fn a_mark_that_cannot_be_made_keeps_back_nothing() {
    let site = Site::start();
    let later = "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1768986000000";
    for record in [RECORD, later] {
        publish(&site, "video", record, &[("video-0.m4v", &film(5000))]);
    }
    let state = site.home.folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink("/nonexistent/mark", state.join(RECORD)).unwrap();
    let more = format!("BBB_STATE='{}'\n", state.display());
    let ran = site.run(&mut backfill(&site, &more));
    assert_eq!((ran.status, ran.err.lines().count()), (75, 4), "{ran:?}");
    assert!(ran.err.contains(&format!("{RECORD}: ")), "{ran:?}");
    assert!(state.join(later).exists());
    assert_eq!(site.recordings().len(), 2);
}
