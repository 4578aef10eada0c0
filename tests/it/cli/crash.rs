//! `kill -9` at many moments of a seed that stores much.

use std::collections::HashSet;
use std::time::Duration;

use super::binary::get;
use super::home::Home;
use crate::support::media;
use crate::support::names::{ORGANIZER, STANDUP, my_standup};

const RECORDINGS: usize = 6;
const LENGTH: usize = 3_000_000;
/// How many must have been killed in the middle, and after how many attempts there is something wrong with the test.
const KILLED: usize = 10;
const ATTEMPTS: usize = 40;

/// Writes the seed of a variant: the same recordings, with bytes of the variant's own.
fn write_variant(home: &Home, variant: usize) -> String {
    let mut seed = String::from("recordings:\n");
    for number in 0..RECORDINGS {
        let mut bytes = media(LENGTH);
        bytes[100] = u8::try_from(variant).unwrap();
        bytes[101] = u8::try_from(number).unwrap();
        home.write(&format!("{variant}-{number}.mp4"), &bytes);
        seed.push_str(&format!(
            "  - {{ id: \"big-{number}\", meetingId: \"{STANDUP}\", contentFile: \"{variant}-{number}.mp4\" }}\n"
        ));
    }
    home.write(&format!("{variant}.yaml"), seed.as_bytes())
}

/// The variant that the store shows, whole; `None` where it shows none of the recordings.
fn whole_variant(home: &Home) -> Option<u8> {
    let out = home
        .run(&["recording", "list", "--json", "--meeting", STANDUP])
        .succeeded();
    let all = out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let big: Vec<_> = all
        .filter(|one| one["id"].as_str().unwrap().starts_with("big-"))
        .collect();
    if big.is_empty() {
        return None;
    }
    assert_eq!(big.len(), RECORDINGS, "all or nothing");
    let mut variants = HashSet::new();
    for one in &big {
        assert_eq!(one["state"], "ready");
        let key = one["contentKey"].as_str().unwrap();
        let bytes = std::fs::read(home.stores.content_root().join(key)).unwrap();
        assert_eq!(bytes.len(), LENGTH);
        let number = one["id"].as_str().unwrap().trim_start_matches("big-");
        assert_eq!(bytes[101].to_string(), number);
        variants.insert(bytes[100]);
    }
    assert_eq!(variants.len(), 1, "never a mixture");
    variants.into_iter().next()
}

#[test]
fn a_seed_that_is_killed_at_any_moment_shows_all_or_nothing() {
    let home = Home::seeded();
    let files = [write_variant(&home, 0), write_variant(&home, 1)];
    let mut shown = None;
    let mut interrupted = 0;
    for round in 0..ATTEMPTS {
        if interrupted == KILLED {
            break;
        }
        let variant = round % 2;
        let mut seed = home.spawn(&["seed", &files[variant]]);
        // At first by the clock, then when so many files have begun to be there: both find other moments.
        let ended = if round < 4 {
            seed.ends_within(Duration::from_millis(20 * round as u64 + 1))
                .is_some()
        } else {
            let before = home.content_files().len();
            loop {
                if seed.ends_within(Duration::from_millis(1)).is_some() {
                    break true;
                }
                if home.content_files().len() >= before + 1 + round % 6 {
                    break false;
                }
            }
        };
        if !ended {
            seed.kill();
            interrupted += 1;
        }
        let now = whole_variant(&home);
        assert!(
            now == shown || now == u8::try_from(variant).ok(),
            "{now:?} after {shown:?}"
        );
        shown = now;
    }
    assert_eq!(interrupted, KILLED, "too few were interrupted");

    // What is left behind is tolerated by the next server, and seeding again completes.
    let server = home.serve(&[]);
    home.run(&["seed", &files[1]]).succeeded();
    assert_eq!(whole_variant(&home), Some(1));
    let token = home.token(ORGANIZER);
    let list = format!("{}/recordings", my_standup());
    assert_eq!(get(&server.address(), &list, &token).ids().len(), 2 + RECORDINGS);
    let content = get(&server.address(), &format!("{list}/big-3/content"), &token);
    assert_eq!((content.status, content.body.len()), (200, LENGTH));
    server.stop();
    let database = rusqlite::Connection::open(home.database()).unwrap();
    let sound: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    // Every row has its file.
    for key in home.stores.texts("SELECT content_key FROM content_objects") {
        assert!(home.stores.content_root().join(&key).is_file(), "{key}");
    }
    // What lies about beside them is whole objects or in .incoming.
    for file in home.content_files() {
        let is_incoming = file.components().any(|part| part.as_os_str() == ".incoming");
        let named = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            is_incoming || named == "recording.mp4" || named == "transcript.vtt",
            "{}",
            file.display()
        );
    }
}

#[test]
fn a_first_start_that_is_killed_is_clean_at_the_next() {
    let home = Home::new();
    let file = write_variant(&home, 0);
    let standard = home.path("seed.yaml");
    for round in 0..6 {
        let mut server = home.spawn(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--seed",
            &standard,
            "--seed",
            &file,
        ]);
        if server
            .ends_within(Duration::from_millis(15 * round + 1))
            .is_none()
        {
            server.kill();
        }
    }
    let server = home.serve(&["--seed", &standard, "--seed", &file]);
    assert_eq!(whole_variant(&home), Some(0));
    let token = home.token(ORGANIZER);
    let ids = get(&server.address(), &format!("{}/recordings", my_standup()), &token).ids();
    assert_eq!(ids.len(), 2 + RECORDINGS);
    server.stop();
}

#[test]
fn every_acknowledged_download_is_in_the_audit_after_kill() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let content = format!("{}/recordings/recording-1/content", my_standup());
    let mut ids = Vec::new();
    for _ in 0..20 {
        let answer = get(&server.address(), &content, &token);
        assert_eq!(answer.status, 200);
        ids.push(answer.header("request-id").to_owned());
    }
    server.kill();
    let listed = home.run(&["audit", "list", "--json"]).succeeded();
    for id in ids {
        assert!(listed.contains(&id), "{id}");
    }
}
