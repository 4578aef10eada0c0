//! `contrib/curl/upload.sh`

use std::process::Command;

use serde_json::{Value, json};

use super::{Site, film, put, wait_for};
use crate::cli::binary::Process;

/// What is asked for, in a file beside the film.
fn request(id: &str) -> Value {
    json!({
        "meeting": { "organizer": super::ORGANIZER_NAME, "subject": "Planning" },
        "recording": { "createdDateTime": "2026-01-20T09:00:00Z" },
        "source": { "system": "curl", "id": id },
    })
}

/// The recipe takes its settings from the environment.
fn upload(site: &Site, more: &[(&str, &str)]) -> Command {
    let (film, asked) = (site.home.path("film.mp4"), site.home.path("request.json"));
    let mut command = site.recipe("curl/upload.sh", "");
    for line in site.settings().lines() {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value.trim_matches('\''));
    }
    command.envs(more.iter().copied()).args([film, asked]);
    command
}

fn prepared(site: &Site) -> Vec<u8> {
    let bytes = film(30_000);
    put(&site.home.folder.path().join("film.mp4"), &bytes);
    site.home
        .write("request.json", request("one").to_string().as_bytes());
    bytes
}

#[test]
fn a_file_is_uploaded_once_and_its_json_is_printed() {
    let site = Site::start();
    let bytes = prepared(&site);
    let out = site.run(&mut upload(&site, &[])).succeeded();
    let recording = site.only_recording();
    let printed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(printed["id"], recording["id"]);
    assert!(site.content(&recording) == bytes);
    assert_eq!(site.meeting(&recording)["subject"], "Planning");
    let sent = site.front.sent();
    let again = site.run(&mut upload(&site, &[])).succeeded();
    assert_eq!(
        serde_json::from_str::<Value>(&again).unwrap()["id"],
        printed["id"]
    );
    assert!(site.front.sent() - sent < bytes.len(), "nothing is sent twice");
    site.only_recording();
}

#[test]
fn whatever_a_file_is_called_is_its_name() {
    let site = Site::start();
    let bytes = prepared(&site);
    let folder = site.home.folder.path();
    let name = "-o \"quoted\" $(touch made) \\ f\u{fc}nf.mp4";
    std::fs::rename(folder.join("film.mp4"), folder.join(name)).unwrap();
    let mut command = site.recipe("curl/upload.sh", "");
    for line in site.settings().lines() {
        let (variable, value) = line.split_once('=').unwrap();
        command.env(variable, value.trim_matches('\''));
    }
    command.current_dir(folder).args([name, "-"]);
    let asked = std::fs::File::open(folder.join("request.json")).unwrap();
    let ran = site.check(Process::spawn_reading(&mut command, asked).finish());
    ran.succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
    assert!(!folder.join("made").exists());
}

#[test]
fn what_does_not_play_is_told() {
    let site = Site::start();
    prepared(&site);
    put(&site.home.folder.path().join("film.mp4"), b"<!DOCTYPE html>");
    let ran = site.run(&mut upload(&site, &[]));
    assert!(ran.err.contains("kept, and not served: notMedia: "), "{ran:?}");
    ran.succeeded();
}

#[test]
fn a_connection_that_breaks_is_gone_on_with() {
    let site = Site::start();
    let bytes = prepared(&site);
    site.front.break_after(20_000);
    site.run(&mut upload(&site, &[])).succeeded();
    assert!(site.front.has_broken());
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn a_server_that_is_restarted_is_waited_for() {
    let mut site = Site::start();
    let bytes = prepared(&site);
    site.front.close_after(20_000);
    let uploading = Process::spawn(&mut upload(&site, &[]));
    wait_for("the connection breaks", || site.front.has_broken());
    site.restart();
    site.check(uploading.finish()).succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn what_was_killed_goes_on_where_it_was() {
    let site = Site::start();
    let bytes = prepared(&site);
    let uploading = Process::spawn(&mut upload(&site, &[("UPLOAD_SLICE_BYTES", "500")]));
    wait_for("some slices have come", || site.is_under_way());
    uploading.kill();
    site.run(&mut upload(&site, &[])).succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn a_file_that_is_another_by_now_is_uploaded_whole() {
    let site = Site::start();
    prepared(&site);
    site.front.close_after(20_000);
    let gave_up = site.run(&mut upload(&site, &[("UPLOAD_ATTEMPTS", "3")]));
    assert_eq!(gave_up.status, 75, "{gave_up:?}");
    assert!(gave_up.err.contains("gave up for now"), "{gave_up:?}");
    let bytes = film(40_000);
    put(&site.home.folder.path().join("film.mp4"), &bytes);
    site.front.lead_to(&site.address());
    let ran = site.run(&mut upload(&site, &[]));
    assert!(ran.err.contains("begins anew"), "{ran:?}");
    ran.succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn a_refusal_is_told_and_ends_it() {
    let site = Site::start();
    prepared(&site);
    for (what, more, told) in [
        (
            "a wrong secret",
            ("AZURE_CLIENT_SECRET_FILE", "/dev/null"),
            "AADSTS",
        ),
        (
            "no such place",
            ("GRAPH_BASE_URL", "http://127.0.0.1:9/none"),
            "gave up",
        ),
    ] {
        let ran = site.run(&mut upload(&site, &[more, ("UPLOAD_ATTEMPTS", "2")]));
        assert!(matches!(ran.status, 1 | 75), "{what}: {ran:?}");
        assert!(ran.err.contains(told), "{what}: {ran:?}");
    }
    let mut wrong = request("one");
    wrong["meeting"]["participants"] = json!([{ "user": "nobody@contoso.example" }]);
    site.home.write("request.json", wrong.to_string().as_bytes());
    let ran = site.run(&mut upload(&site, &[]));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.err.contains("/meeting/participants/0/user"), "{ran:?}");
    assert!(site.recordings().is_empty());
}

#[test]
fn what_is_missing_is_named() {
    let site = Site::start();
    prepared(&site);
    let told = |more: &[(&str, &str)], expected: &str| {
        let ran = site.run(&mut upload(&site, more));
        assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{ran:?}");
        assert!(ran.err.contains(expected), "{expected}: {ran:?}");
    };
    told(
        &[("GRAPH_BASE_URL", "")],
        "GRAPH_BASE_URL is not set: the head of ",
    );
    told(
        &[("AZURE_CLIENT_SECRET_FILE", "")],
        "AZURE_CLIENT_SECRET is not set",
    );
    told(
        &[("AZURE_CLIENT_SECRET_FILE", "/nonexistent")],
        "AZURE_CLIENT_SECRET_FILE /nonexistent is not there",
    );
    for text in ["nonsense", "[1]", ""] {
        site.home.write("request.json", text.as_bytes());
        told(&[], "request.json is no object of JSON");
    }
    std::fs::remove_file(site.home.path("request.json")).unwrap();
    told(&[], "request.json is not there");
    std::fs::remove_file(site.home.path("film.mp4")).unwrap();
    told(&[], "film.mp4 is not there");
}

#[test]
fn a_refusal_names_the_organizer() {
    let site = Site::start();
    prepared(&site);
    let mut wrong = request("one");
    wrong["meeting"]["organizer"] = "nobody@contoso.example".into();
    site.home.write("request.json", wrong.to_string().as_bytes());
    let ran = site.run(&mut upload(&site, &[]));
    assert_eq!((ran.status, ran.err.lines().count()), (1, 1), "{ran:?}");
    assert!(
        ran.err.contains(" (for organizer nobody@contoso.example)"),
        "{ran:?}"
    );
}

#[test]
fn each_tenth_is_told_where_that_is_asked_for() {
    let site = Site::start();
    prepared(&site);
    let ran = site.run(&mut upload(&site, &[("UPLOAD_PROGRESS", "yes")]));
    let lines: Vec<_> = ran.err.lines().collect();
    assert_eq!(lines.len(), 10, "{ran:?}");
    assert!(lines[0].contains("film.mp4: 10 % of "), "{ran:?}");
    assert!(lines[9].contains("film.mp4: 100 % of "), "{ran:?}");
    ran.succeeded();
    site.home
        .write("request.json", request("two").to_string().as_bytes());
    let quiet = site.run(&mut upload(&site, &[]));
    assert_eq!(quiet.err, "");
}
