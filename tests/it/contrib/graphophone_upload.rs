//! `contrib/graphophone_upload.py`, the module that recipes in Python share, as a program.

use std::process::Command;

use serde_json::{Value, json};

use super::{Site, contrib, film, put, wait_for};
use crate::cli::binary::Process;

fn upload(site: &Site, more: &str) -> Command {
    let mut command = site.recipe("graphophone_upload.py", more);
    command.args([site.home.path("film.mp4"), site.home.path("request.json")]);
    command
}

fn prepared(site: &Site, length: u32) -> Vec<u8> {
    let bytes = film(length);
    put(&site.home.folder.path().join("film.mp4"), &bytes);
    let request = json!({
        "meeting": { "organizer": super::ORGANIZER_NAME, "subject": "Planning" },
        "recording": { "createdDateTime": "2026-01-20T09:00:00Z" },
        "source": { "system": "python", "id": "one" },
    });
    site.home.write("request.json", request.to_string().as_bytes());
    bytes
}

#[test]
fn a_file_is_uploaded_once() {
    let site = Site::start();
    let bytes = prepared(&site, 30_000);
    for _ in 0..2 {
        let out = site.run(&mut upload(&site, "")).succeeded();
        let printed: Value = serde_json::from_str(&out).unwrap();
        let recording = site.only_recording();
        assert_eq!(printed["id"], recording["id"]);
        assert!(site.content(&recording) == bytes);
    }
    assert!(site.front.sent() < 2 * bytes.len());
}

#[test]
fn what_does_not_play_is_told() {
    let site = Site::start();
    prepared(&site, 30_000);
    put(&site.home.folder.path().join("film.mp4"), b"<!DOCTYPE html>");
    let ran = site.run(&mut upload(&site, ""));
    assert!(
        ran.err.contains("film.mp4: kept, and not served: notMedia: "),
        "{ran:?}"
    );
    let printed: Value = serde_json::from_str(&ran.succeeded()).unwrap();
    assert!(printed["@graphophone.quarantined"].is_string(), "{printed}");
}

#[test]
fn breaks_and_a_restart_end_in_one_whole_recording() {
    let mut site = Site::start();
    let bytes = prepared(&site, 60_000);
    site.front.break_after(20_000);
    let uploading = Process::spawn(&mut upload(&site, ""));
    wait_for("the connection breaks", || site.front.has_broken());
    site.front.close_after(20_000);
    wait_for("the connection breaks for good", || site.front.has_broken());
    site.restart();
    site.check(uploading.finish()).succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn a_token_from_a_file_will_do_and_the_slices_are_as_long_as_the_server_says() {
    let site = Site::start();
    let bytes = prepared(&site, 2_000_000);
    let file = site.home.write("token", site.token.as_bytes());
    let more = format!(
        "AZURE_CLIENT_SECRET_FILE=\nAZURE_CLIENT_ID=\nUPLOAD_SLICE_BYTES=\nUPLOAD_TOKEN_FILE='{file}' # a token\n"
    );
    site.run(&mut upload(&site, &more)).succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn a_file_that_is_another_by_now_is_uploaded_whole() {
    let site = Site::start();
    prepared(&site, 30_000);
    site.front.close_after(20_000);
    let gave_up = site.run(&mut upload(&site, "UPLOAD_ATTEMPTS=3\n"));
    assert_eq!(gave_up.status, 75, "{gave_up:?}");
    let bytes = prepared(&site, 40_000);
    site.front.lead_to(&site.address());
    site.run(&mut upload(&site, "")).succeeded();
    assert!(site.content(&site.only_recording()) == bytes);
}

#[test]
fn what_is_refused_is_told_in_a_line() {
    let site = Site::start();
    prepared(&site, 5000);
    for (what, more, status, told) in [
        (
            "a wrong secret",
            "AZURE_CLIENT_SECRET_FILE=/dev/null\nAZURE_CLIENT_SECRET=x\n",
            1,
            "AADSTS",
        ),
        ("no base", "GRAPH_BASE_URL=\n", 2, "GRAPH_BASE_URL is not set"),
        ("no setting", "nonsense\n", 2, "expected NAME=value"),
        (
            "no number",
            "UPLOAD_ATTEMPTS=many\n",
            2,
            "UPLOAD_ATTEMPTS is no number",
        ),
    ] {
        let ran = site.run(&mut upload(&site, more));
        assert_eq!(ran.status, status, "{what}: {ran:?}");
        assert!(
            ran.err.contains(told) && ran.err.lines().count() == 1,
            "{what}: {ran:?}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_told_in_a_line() {
    let site = Site::start();
    prepared(&site, 5000);
    let told = |command: &mut Command, expected: &str| {
        let ran = site.run(command);
        assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{ran:?}");
        assert!(ran.err.contains(expected), "{expected}: {ran:?}");
    };
    told(
        upload(&site, "").env("UPLOAD_SETTINGS", "/nonexistent"),
        "/nonexistent: No such file",
    );
    told(&mut upload(&site, "A='\n"), "found a quote that does not end");
    told(
        &mut upload(&site, "AZURE_CLIENT_SECRET_FILE=/nonexistent\n"),
        "/nonexistent: No such file",
    );
    told(
        &mut upload(&site, "GRAPH_BASE_URL=recordings.example.org\n"),
        "GRAPH_BASE_URL: expected https://HOST",
    );
    for text in ["nonsense", "[1]", "\u{ff}"] {
        site.home.write("request.json", text.as_bytes());
        told(&mut upload(&site, ""), "REQUEST: ");
    }
    std::fs::remove_file(site.home.path("film.mp4")).unwrap();
    site.home.write("request.json", b"{}");
    told(&mut upload(&site, ""), "film.mp4: No such file");
}

#[test]
fn a_refusal_names_the_organizer() {
    let site = Site::start();
    prepared(&site, 5000);
    let request = json!({
        "meeting": { "organizer": "nobody@contoso.example" }, "recording": {},
        "source": { "system": "python", "id": "one" },
    });
    site.home.write("request.json", request.to_string().as_bytes());
    let ran = site.run(&mut upload(&site, ""));
    assert_eq!((ran.status, ran.err.lines().count()), (1, 1), "{ran:?}");
    assert!(
        ran.err.contains(" (for organizer nobody@contoso.example)"),
        "{ran:?}"
    );
}

#[test]
fn an_interruption_is_told_in_a_line() {
    let program = "import sys, graphophone_upload\ndef work():\n    raise KeyboardInterrupt\n\
                   sys.exit(graphophone_upload.exit_status(work))";
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", contrib(""))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", program]);
    let ran = Process::spawn(&mut command).finish();
    assert_eq!((ran.status, ran.err.as_str()), (130, "-c: interrupted\n"));
}
