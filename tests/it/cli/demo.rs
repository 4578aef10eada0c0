//! `graphophone demo`

use std::process::Command;

use serde_json::Value;

use super::binary::{Process, clean, command, get};
use super::home::Home;
use crate::support::stores::rows_are_in_a_file;

/// A demo with its temporary files below `home`.
fn demo(home: &Home, arguments: &[&str]) -> Process {
    let temporary = home.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = command(&[&["demo"], arguments].concat());
    Process::spawn(command.env("TMPDIR", temporary))
}

/// Its one object, once it listens.
fn object(process: &mut Process) -> Value {
    let line = process.output_with("{");
    process.error_with("listening on http://");
    serde_json::from_str(&line).unwrap()
}

/// Address and path of a URL.
fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}"))
}

#[test]
fn json_has_the_promised_shape_on_one_line_and_nothing_stays() {
    let home = Home::new();
    let mut process = demo(&home, &["--json"]);
    let demo = object(&mut process);
    let base = text(&demo, "baseUrl");
    assert!(base.ends_with("/v1.0"), "{base}");
    assert_eq!(split(base).0, process.address());
    assert!(demo["tenantId"].is_string());
    for (name, members) in [
        (
            "users",
            &["id", "tenantId", "userPrincipalName", "displayName", "userType"][..],
        ),
        ("applications", &["appId", "tenantId", "displayName"]),
        ("meetings", &["id", "organizerId", "meetingType", "threadId"]),
        (
            "recordings",
            &[
                "id",
                "organizerId",
                "contentUrl",
                "callId",
                "contentCorrelationId",
                "createdDateTime",
            ],
        ),
        ("transcripts", &["id", "organizerId", "callId", "createdDateTime"]),
    ] {
        let list = demo[name].as_array().unwrap();
        assert!(!list.is_empty(), "{name}");
        for one in list {
            for member in members {
                assert!(one[*member].is_string(), "{name} {member}: {one}");
            }
        }
    }
    assert_eq!(demo["meetings"].as_array().unwrap().len(), 10);
    for recording in demo["recordings"].as_array().unwrap() {
        assert!(
            recording["meetingId"].is_string() != recording["adhocCallId"].is_string(),
            "{recording}"
        );
    }
    let ran = process.stop();
    assert_eq!(ran.out.lines().count(), 1, "one object on one line");
    let listening = ran.err.lines().filter(|line| line.contains("listening on"));
    assert_eq!(listening.count(), 1);
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0);
}

/// The recordings that a server with the default configuration gives out.
fn served(demo: &Value) -> Vec<&Value> {
    let meetings = demo["meetings"].as_array().unwrap();
    let all = demo["recordings"].as_array().unwrap().iter();
    all.filter(|recording| {
        let meeting = meetings.iter().find(|one| one["id"] == recording["meetingId"]);
        recording["uploadState"] == "complete"
            && meeting.is_some_and(|one| {
                one["isChannelMeeting"] == false
                    && one["iCalUId"].is_string()
                    && text(one, "subject") != "Office move: last questions"
            })
    })
    .collect()
}

#[test]
fn the_archivers_download_every_recording_that_is_served() {
    let home = Home::new();
    let mut process = demo(&home, &["--json"]);
    let demo = object(&mut process);
    let token = |name: &str| text(&demo["tokens"], name);
    let recordings = served(&demo);
    assert!(recordings.len() >= 8, "{}", recordings.len());
    let mut by_consent = 0;
    for recording in recordings {
        let archiver = match recording["tenantId"] == demo["tenantId"] {
            true => token("archiver"),
            false => token("fabrikam"),
        };
        let (address, path) = split(text(recording, "contentUrl"));
        let answer = get(address, path, archiver);
        assert_eq!(
            answer.status,
            200,
            "{recording}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        assert_eq!(answer.header("content-type"), "video/mp4");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(&answer.body[4..8], b"ftyp");
        let json = get(address, path.trim_end_matches("/content"), archiver).json();
        assert_eq!(json["id"], recording["id"]);
        for member in ["callId", "contentCorrelationId", "createdDateTime", "endDateTime"] {
            assert_eq!(json[member], recording[member], "{member}");
        }
        // The same address, whichever of its signs are encoded.
        assert_eq!(
            text(&json, "recordingContentUrl").replace("%3D", "="),
            text(recording, "contentUrl").replace("%3D", "=")
        );
        assert_eq!(get(address, path, token("reports")).status, 403);
        by_consent += usize::from(get(address, path, token("notes")).status == 200);
    }
    assert_eq!(by_consent, 1, "the chat of one meeting has consented");
}

#[test]
fn each_caller_sees_of_the_first_recording_what_the_rules_say() {
    let home = Home::new();
    let mut process = demo(&home, &["--json"]);
    let demo = object(&mut process);
    let (address, path) = split(text(&demo["recordings"][0], "contentUrl"));
    for (name, metadata, content) in [
        ("organizer", 200, 200),
        ("archiver", 200, 200),
        ("participant", 200, 403),
        ("outsider", 403, 403),
        ("reports", 403, 403),
        ("fabrikam", 403, 403),
    ] {
        let token = text(&demo["tokens"], name);
        let plain = path.trim_end_matches("/content");
        assert_eq!(get(address, plain, token).status, metadata, "{name}");
        assert_eq!(get(address, path, token).status, content, "{name}");
    }
}

#[test]
fn recordings_that_are_refused_are_served_where_the_configuration_says_so() {
    let home = Home::new();
    let file = home.write(
        "graphophone.toml",
        b"listen = \"127.0.0.1:0\"\n[graph]\nexpired_meetings = \"serve\"\nchannel_meetings = \"serve\"\nuncalendared_meetings = \"serve\"\n",
    );
    let mut process = demo(&home, &["--json", "--config", &file]);
    let demo = object(&mut process);
    let mut downloads = 0;
    for recording in demo["recordings"].as_array().unwrap() {
        if recording["uploadState"] != "complete" || recording["meetingId"].is_null() {
            continue;
        }
        let caller = match recording["tenantId"] == demo["tenantId"] {
            true => "archiver",
            false => "fabrikam",
        };
        let (address, path) = split(text(recording, "contentUrl"));
        let answer = get(address, path, text(&demo["tokens"], caller));
        assert_eq!(answer.status, 200, "{recording}");
        downloads += 1;
    }
    assert_eq!(downloads, 11);
}

#[test]
fn the_printed_lines_can_be_pasted() {
    let home = Home::new();
    let mut process = demo(&home, &[]);
    process.error_with("listening on http://");
    // Standard output is complete before that line, though on another pipe.
    while !process.out.iter().any(|line| line.contains("Stop with Ctrl-C")) {
        process.output_with("");
    }
    let base = format!("http://{}/v1.0", process.address());
    assert!(
        process.out.iter().any(|line| line.contains(&base)),
        "{:?}",
        process.out
    );
    let lines: Vec<String> = process
        .out
        .iter()
        .filter(|line| line.trim_start().starts_with("curl "))
        .cloned()
        .collect();
    assert_eq!(lines.len(), 4);
    let mut statuses = Vec::new();
    for line in &lines {
        let mut shell = Command::new("sh");
        clean(&mut shell)
            .arg("-c")
            .arg(format!("{line} -s --noproxy '*' -w '\\n%{{http_code}}\\n'"))
            .current_dir(home.folder.path());
        let ran = Process::spawn(&mut shell).finish();
        assert_eq!(ran.status, 0, "{line}: {ran:?}");
        statuses.push(ran.out.lines().last().unwrap().to_owned());
    }
    assert_eq!(statuses, ["200", "200", "200", "403"]);
    let recording = std::fs::read(home.path("recording.mp4")).unwrap();
    assert_eq!(&recording[4..8], b"ftyp");
    process.stop();
}

#[test]
fn a_data_folder_is_kept_and_served_again() {
    let home = Home::new();
    let data = home.data();
    let mut first = demo(&home, &["--json", "--data", &data]);
    let shown = object(&mut first);
    first.stop();
    assert!(home.database().is_file());
    let mut second = demo(&home, &["--json", "--data", &data]);
    let again = object(&mut second);
    for list in ["users", "meetings", "transcripts"] {
        assert_eq!(again[list], shown[list], "{list}");
    }
    // The tokens of the first are still good.
    let (_, path) = split(text(&shown["recordings"][0], "contentUrl"));
    let token = text(&shown["tokens"], "organizer");
    assert_eq!(get(&second.address(), path, token).status, 200);
    second.stop();
    use std::os::unix::fs::MetadataExt;
    for file in std::fs::read_dir(home.path("data/tokens")).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().mode() & 0o077, 0);
    }
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let home = Home::new();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let ran = demo(&home, &["--listen", listen]).finish();
        let line = ran.refused();
        assert!(
            line.starts_with("--listen: ") && line.contains("--insecure-listen"),
            "{line}"
        );
    }
    assert_eq!(
        std::fs::read_dir(home.path("tmp")).unwrap().count(),
        0,
        "nothing is left"
    );
    let mut told = demo(&home, &["--json", "--listen", "0.0.0.0:0", "--insecure-listen"]);
    let shown = object(&mut told);
    assert!(
        text(&shown, "baseUrl").starts_with("http://127.0.0.1:"),
        "{shown}"
    );
    let port = told.address().rsplit(':').next().unwrap().to_owned();
    assert_eq!(text(&shown, "baseUrl"), format!("http://127.0.0.1:{port}/v1.0"));
    told.stop();
}

#[test]
fn a_store_of_something_else_is_refused_untouched() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::seeded();
    let before = home.state();
    let ran = demo(&home, &["--data", &home.data()]).finish();
    assert!(ran.refused().starts_with("--data: "), "{ran:?}");
    assert_eq!(home.state(), before);
    assert!(!home.folder.path().join("data/tokens").exists());
}
