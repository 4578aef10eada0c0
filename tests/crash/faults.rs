//! System calls that fail: each that makes something durable or gives it its name, one after the other, by `strace`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::archive::Archive;
use crate::binary::{BINARY, DEADLINE, Http, Process, clean};
use crate::chance::Chance;
use crate::http::{Request, told};
use crate::media::{recording, sha256};
use crate::names::{ORGANIZER, standup_of};
use crate::upload::{Upload, request};
use crate::world::{World, path_of};

/// Calls and how they fail. `strace` counts for each thread by itself: the first of a kind is that of several threads.
/// Many are made before a server listens, so of some only every third.
const FAULTS: [(&str, &str, usize); 8] = [
    ("fdatasync", "EIO", 1),
    ("fsync", "EIO", 1),
    ("renameat2", "EIO", 1),
    ("pwrite64", "EIO", 3),
    ("pwrite64", "ENOSPC", 3),
    ("ftruncate", "EIO", 1),
    ("fallocate", "ENOSPC", 1),
    ("mkdir", "EIO", 1),
];
/// The last call of a kind that is made to fail.
const LAST: u32 = 40;
/// Times that the client tries before it waits for another server.
const TRIES: usize = 4;

/// Whether this machine lets us trace; says so where not.
fn may_trace() -> bool {
    let traced = Command::new("strace")
        .args(["-D", "-f", "-o", "/dev/null", "true"])
        .output();
    match traced {
        Ok(output) if output.status.success() => return true,
        Ok(output) => println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => println!("skipped, as there is no strace: {error}"),
    }
    false
}

/// A server whose call of that number fails. It is the process itself: what traces it stands aside (`-D`).
fn failing(archive: &Archive, (call, error): (&str, &str), number: u32, log: &Path) -> Process {
    let server = archive.server();
    let mut command = Command::new("strace");
    clean(&mut command);
    command
        .args(["-D", "-f", "-qq", "-y", "-o"])
        .arg(log)
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:error={error}:when={number}")])
        .arg(BINARY)
        .args(server.get_args())
        .envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Process::spawn(&mut command)
}

/// Tries to upload all of it: what has come of it, and how many refusals there were.
fn attempt(world: &World, source: &str, bytes: &[u8], acknowledged: &mut usize) -> (Option<Http>, usize) {
    let mut refusals = 0;
    let mut upload = None;
    while refusals < TRIES {
        let Some(upload) = &mut upload else {
            let body = request(source, bytes).to_string();
            let begin = Request::new("POST", "/api/v1/uploadSessions").with_token(&world.token);
            let begun = world.send(&begin.with_json(body.as_bytes()));
            match begun.status {
                200 | 201 if begun.json().get("uploadUrl").is_none() => return (Some(begun), refusals),
                200 | 201 => {
                    // What was refused as its commit could not be flushed may have been made durable all the same.
                    let found = crate::upload::expected(&begun, bytes.len());
                    assert!(found >= *acknowledged, "{found} of {acknowledged}");
                    *acknowledged = found;
                    upload = Some(Upload {
                        world,
                        path: path_of(begun.json()["uploadUrl"].as_str().unwrap()),
                        bytes,
                        acknowledged: *acknowledged,
                        may_be_held: false,
                    });
                }
                _ => refusals += usize::from(is_honest(&begun)),
            }
            continue;
        };
        let answer = match upload.acknowledged == bytes.len() {
            true => world.send(&Request::new("PUT", &upload.path)),
            false => upload.slice(bytes.len() / 2 + 1),
        };
        *acknowledged = upload.acknowledged;
        match answer.status {
            202 => {}
            200 | 201 => return (Some(answer), refusals),
            _ => {
                refusals += usize::from(is_honest(&answer));
                let status = world.send(&Request::new("GET", &upload.path));
                if status.status == 200 {
                    let json: Value = status.json();
                    if json.get("nextExpectedRanges").is_none() {
                        return (Some(status), refusals);
                    }
                    let found = crate::upload::expected(&status, bytes.len());
                    assert!(found >= *acknowledged, "{found} of {acknowledged}");
                    (upload.acknowledged, *acknowledged) = (found, found);
                }
            }
        }
    }
    (None, refusals)
}

/// A refusal that blames the server, and nobody else. Where a session could not be let go, it is held for half a minute.
#[track_caller]
fn is_honest(answer: &Http) -> bool {
    assert!(matches!(answer.status, 423 | 500..600), "{}", told(answer));
    true
}

#[test]
fn a_call_that_fails_is_told_and_nothing_is_lost() {
    if !may_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::seeded(folder.path(), &[]);
    let mut chance = Chance::new("a_call_that_fails_is_told_and_nothing_is_lost");
    let world = World::new(archive.token());
    let log = folder.path().join("strace");
    let mut made: Vec<(String, String, bool)> = Vec::new();
    for (call, error, step) in FAULTS {
        let (mut runs, mut injected, mut refused, mut not_started) = (0, 0, 0, 0);
        for number in (1..=LAST).step_by(step) {
            runs += 1;
            let is_index_last = chance.happens(50);
            let bytes = recording(&mut chance, 700_000, is_index_last);
            let source = format!("{call}-{error}-{number}");
            let mut acknowledged = 0;
            let mut server = failing(&archive, (call, error), number, &log);
            let mut done = None;
            match listens(&mut server) {
                true => {
                    world.is_at(Some(server.address()));
                    let (answer, refusals) = attempt(&world, &source, &bytes, &mut acknowledged);
                    refused += refusals;
                    done = answer;
                    server.kill();
                }
                false => not_started += 1,
            }
            let server = archive.serve();
            world.is_at(Some(server.address()));
            let again = attempt(&world, &source, &bytes, &mut acknowledged);
            let answer = again.0.unwrap_or_else(|| panic!("{source} does not end"));
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            if let Some(done) = &done {
                assert_eq!(done.json()["id"], id.as_str());
            }
            let log = std::fs::read_to_string(&log).unwrap();
            if done.is_some() {
                every_folder_is_flushed(&log);
            }
            made.push((id, sha256(&bytes), is_index_last));
            server.kill();
            let hits = log.matches("(INJECTED)").count();
            injected += hits;
            if hits == 0 {
                break;
            }
        }
        println!(
            "{call} {error}: {injected} failures in {runs} runs, {refused} requests refused, {not_started} times no start"
        );
        assert!(injected > 0, "{call} is never called");
    }
    let server = archive.serve();
    world.is_at(Some(server.address()));
    for (id, digest, is_index_last) in &made {
        let path = format!("{}/recordings/{id}/content", standup_of(ORGANIZER));
        let content = world.get(&path);
        assert_eq!(content.status, 200, "{}", told(&content));
        assert!(*is_index_last || sha256(&content.body) == *digest, "{id}");
    }
    server.stop();
    archive.is_sound();
}

/// A folder that could not be flushed is flushed before anybody is told that what is in it is there.
fn every_folder_is_flushed(log: &str) {
    let lines: Vec<_> = log.lines().collect();
    let path = |line: &str| {
        let (_, rest) = line.split_once("fsync(")?;
        let path = rest.split_once('<')?.1.split_once('>')?.0;
        // That of the database is flushed by SQLite, which does not mind when it cannot be.
        (path.contains("/content/") && Path::new(path).is_dir()).then(|| path.to_owned())
    };
    for (at, line) in lines.iter().enumerate() {
        if let (true, Some(folder)) = (line.contains("(INJECTED)"), path(line)) {
            let is_again = lines[at + 1..]
                .iter()
                .any(|line| path(line).as_ref() == Some(&folder));
            assert!(is_again, "{folder} is not flushed: {log}");
        }
    }
}

/// Waits until it listens, or has ended with a line that says why.
fn listens(server: &mut Process) -> bool {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if server.said("listening on http").is_some() {
            return true;
        }
        if let Some(status) = server.ends_within(Duration::from_millis(1)) {
            assert!(!status.success());
            return false;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "it neither listens nor ends"
        );
    }
}
