//! `graphophone seed`, alone and beside a running server.

use super::binary::{get, run};
use super::home::Home;
use crate::support::media;
use crate::support::names::{CONTOSO, ORGANIZER, STANDUP, my_standup};

#[test]
fn loading_says_what_was_loaded_and_again_stores_nothing() {
    let home = Home::new();
    let seed = home.path("seed.yaml");
    let out = home.run(&["seed", &seed]).succeeded();
    assert!(
        out.starts_with(&format!("{seed}: ")) && out.contains("6 files stored"),
        "{out}"
    );
    let before = home.state();
    let out = home.run(&["seed", &seed]).succeeded();
    assert!(out.contains("0 files stored"), "{out}");
    assert_eq!(home.state(), before);
}

#[test]
fn json_is_told_by_its_name() {
    let home = Home::seeded();
    let json = home.write(
        "more.json",
        b"{\"tenants\": [{\"id\": \"aaaaaaaa-0000-4000-8000-000000000002\"}]}",
    );
    home.run(&["seed", &json]).succeeded();
    let yaml_in_json = home.write("wrong.json", b"tenants: []");
    let ran = home.run(&["seed", &yaml_in_json]);
    assert!(ran.refused().starts_with(&format!("{yaml_in_json}: ")), "{ran:?}");
    let other = home.write("seed.txt", b"{}");
    assert!(home.run(&["seed", &other]).refused().contains(".yaml"));
}

#[test]
fn every_problem_has_a_line_with_its_pointer() {
    let home = Home::new();
    let bad = home.write(
        "bad.yaml",
        b"users: [{ tenantId: a, userType: member }, { tenantId: a, usertype: Guest }]",
    );
    let ran = home.run(&["seed", &bad]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(
        lines[0].starts_with(&format!("graphophone: {bad}: /users/0/userType: ")),
        "{ran:?}"
    );
    assert!(
        lines[1].starts_with(&format!("graphophone: {bad}: /users/1/usertype: ")),
        "{ran:?}"
    );
    assert!(lines[1].contains("userType"), "names the nearest: {ran:?}");
}

#[test]
fn a_refused_file_changes_nothing_and_those_before_it_stay() {
    let home = Home::seeded();
    let before = home.state();
    let bad = home.write(
        "bad.yaml",
        format!(
            "users: [{{ id: \"aaaaaaaa-0000-4000-8000-000000000201\", tenantId: \"{CONTOSO}\", userPrincipalName: organizer@contoso.example }}]\nrecordings: [{{ meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]"
        )
        .as_bytes(),
    );
    let ran = home.run(&["seed", &bad]);
    assert!(ran.refused().starts_with(&format!("{bad}: /users/0")), "{ran:?}");
    assert_eq!(home.state(), before);
    // A file that cannot be read at all is found before the first is loaded.
    let good = home.write(
        "good.yaml",
        b"tenants: [{ id: \"aaaaaaaa-0000-4000-8000-000000000002\" }]",
    );
    let broken = home.write("broken.yaml", b"tenants: [");
    assert!(home.run(&["seed", &good, &broken]).refused().starts_with(&broken));
    assert_eq!(home.state(), before);
}

#[test]
fn check_makes_no_store_and_sees_the_files_in_a_row() {
    let home = Home::new();
    let seed = home.path("seed.yaml");
    let more = home.write(
        "more.yaml",
        format!("recordings: [{{ meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]").as_bytes(),
    );
    home.run(&["seed", "--check", &seed, &more]).succeeded();
    // In the other order the meeting is not there yet.
    let ran = home.run(&["seed", "--check", &more, &seed]);
    assert!(
        ran.refused()
            .starts_with(&format!("{more}: /recordings/0/meetingId: ")),
        "{ran:?}"
    );
    assert!(!home.folder.path().join("data").exists());
    // It needs no data folder at all.
    run(&["seed", "--check", &seed]).succeeded();
}

#[test]
fn check_against_a_store_loads_nothing() {
    let home = Home::seeded();
    let before = home.state();
    let more = home.write(
        "more.yaml",
        format!("recordings: [{{ meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]").as_bytes(),
    );
    home.run(&["seed", "--check", &more]).succeeded();
    assert_eq!(home.state(), before);
}

const GONE: &str = "\"@removed\": { reason: deleted }";

/// What `seed` says of these files and what `seed --check` says must be the same lines; nothing is changed by either.
fn refused_by_both(home: &Home, files: &[&str]) -> String {
    let before = home.state();
    let checked = home.run(&[&["seed", "--check"], files].concat());
    assert_eq!(checked.status, 2, "{checked:?}");
    assert_eq!(home.state(), before);
    let loaded = home.run(&[&["seed"], files].concat());
    assert_eq!((loaded.status, &loaded.err), (2, &checked.err));
    checked.err
}

#[test]
fn check_refuses_what_the_store_refuses() {
    let home = Home::seeded();
    let held = format!(
        "recordings: [{{ id: held, meetingId: \"{STANDUP}\", contentFile: one.mp4, legalHold: true }}]"
    );
    let held = home.write("held.yaml", held.as_bytes());
    home.run(&["seed", &held]).succeeded();
    // As long as the one that is held.
    let mut other = media(1000);
    other[999] ^= 1;
    home.write("other.mp4", &other);
    let user = "aaaaaaaa-0000-4000-8000-000000000201";
    for (yaml, pointer) in [
        (
            format!(
                "users: [{{ id: \"{user}\", tenantId: \"{CONTOSO}\", userPrincipalName: organizer@contoso.example }}]"
            ),
            "/users/0",
        ),
        (
            format!("users: [{{ id: \"{user}\", tenantId: \"{CONTOSO}\", externalId: external-attendee }}]"),
            "/users/0",
        ),
        (
            format!("tenants: [{{ id: \"{CONTOSO}\", {GONE} }}]"),
            "/tenants/0",
        ),
        (format!("users: [{{ id: \"{ORGANIZER}\", {GONE} }}]"), "/users/0"),
        (
            format!("onlineMeetings: [{{ id: \"{STANDUP}\", {GONE} }}]"),
            "/onlineMeetings/0",
        ),
        (format!("recordings: [{{ id: held, {GONE} }}]"), "/recordings/0"),
        (
            format!("recordings: [{{ id: held, meetingId: \"{STANDUP}\", uploadState: pending }}]"),
            "/recordings/0",
        ),
        (
            format!("recordings: [{{ id: held, meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]"),
            "/recordings/0/contentFile",
        ),
        // The hold is told before the name, as in loading.
        (
            format!(
                "users: [{{ id: \"{user}\", tenantId: \"{CONTOSO}\", userPrincipalName: organizer@contoso.example }}]\nrecordings: [{{ id: held, meetingId: \"{STANDUP}\", contentFile: other.mp4 }}]"
            ),
            "/recordings/0/contentFile",
        ),
    ] {
        let file = home.write("refused.yaml", yaml.as_bytes());
        let problem = refused_by_both(&home, &[&file]);
        assert!(
            problem.starts_with(&format!("graphophone: {file}: {pointer}: ")),
            "{problem}"
        );
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
    // The bytes that are held are no other content, whatever their file is called.
    home.write("copy.mp4", &media(1000));
    let copy = format!("recordings: [{{ id: held, meetingId: \"{STANDUP}\", contentFile: copy.mp4 }}]");
    let copy = home.write("copy.yaml", copy.as_bytes());
    home.run(&["seed", "--check", &copy]).succeeded();
}

#[test]
fn check_sees_what_the_files_before_would_have_changed() {
    let home = Home::seeded();
    let one = |rest: &str| format!("recordings: [{{ id: new, meetingId: \"{STANDUP}\", {rest} }}]");
    let write = |name: &str, yaml: String| home.write(name, yaml.as_bytes());
    let held = write("held.yaml", one("contentFile: one.mp4, legalHold: true"));
    let same = write("same.yaml", one("contentFile: copy.mp4, legalHold: true"));
    let other = write("other.yaml", one("contentFile: two.mp4"));
    let free = write("free.yaml", one("contentFile: one.mp4"));
    let gone = write("gone.yaml", format!("recordings: [{{ id: new, {GONE} }}]"));
    home.write("copy.mp4", &media(1000));
    let before = home.state();
    for (files, refused) in [
        (
            vec![&held, &same, &other],
            Some((2, "/recordings/0/contentFile: ")),
        ),
        (vec![&held, &gone], Some((1, "/recordings/0: "))),
        (vec![&held, &same, &free, &other, &gone], None),
        (vec![&gone, &held, &free, &gone, &other], None),
    ] {
        let files: Vec<&str> = files.into_iter().map(String::as_str).collect();
        let ran = home.run(&[&["seed", "--check"], files.as_slice()].concat());
        let passed = refused.map_or(files.len(), |(passed, _)| passed);
        let lines: Vec<String> = files
            .iter()
            .map(|file| format!("{file}: would be loaded"))
            .collect();
        assert_eq!(ran.out.lines().collect::<Vec<_>>(), lines[..passed], "{ran:?}");
        match refused {
            None => assert_eq!(ran.status, 0, "{ran:?}"),
            Some((at, pointer)) => {
                assert_eq!(ran.status, 2, "{ran:?}");
                let start = format!("graphophone: {}: {pointer}", files[at]);
                assert!(ran.err.starts_with(&start), "{ran:?}");
            }
        }
        assert_eq!(home.state(), before);
    }
    // A name that the first gives free, and one that it takes.
    let user = |id: &str, name: &str| {
        format!("users: [{{ id: {id}, tenantId: \"{CONTOSO}\", userPrincipalName: {name} }}]")
    };
    let renamed = write("renamed.yaml", user(ORGANIZER, "renamed@contoso.example"));
    let taken = write("taken.yaml", user("someone", "organizer@contoso.example"));
    home.run(&["seed", "--check", &renamed, &taken]).succeeded();
    let ran = home.run(&["seed", "--check", &taken, &renamed]);
    assert!(
        ran.refused().starts_with(&format!("{taken}: /users/0: ")),
        "{ran:?}"
    );
    assert_eq!(home.state(), before);
}

#[test]
fn check_without_a_store_refuses_what_an_empty_one_would() {
    let home = Home::new();
    let seed = home.path("seed.yaml");
    let clash = format!(
        "users: [{{ id: other, tenantId: \"{CONTOSO}\", userPrincipalName: organizer@contoso.example }}]"
    );
    let clash = home.write("clash.yaml", clash.as_bytes());
    let ran = home.run(&["seed", "--check", &seed, &clash]);
    assert_eq!(
        (ran.status, ran.out.as_str()),
        (2, format!("{seed}: would be loaded\n").as_str())
    );
    assert!(
        ran.err.starts_with(&format!("graphophone: {clash}: /users/0: ")),
        "{ran:?}"
    );
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn a_running_server_has_the_new_state_when_seed_returns() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let list = format!("{}/recordings", my_standup());
    for round in 0..5 {
        let id = format!("new-{round}");
        let file = home.write(
            "more.yaml",
            format!("recordings: [{{ id: {id}, meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]")
                .as_bytes(),
        );
        home.run(&["seed", &file]).succeeded();
        let ids = get(&server.address(), &list, &token).ids();
        assert!(ids.contains(&id), "{ids:?}");
        let content = get(&server.address(), &format!("{list}/{id}/content"), &token);
        assert_eq!((content.status, content.body.len()), (200, 300_000));
    }
    // A user who is disabled is refused with the token that was good a moment ago.
    let file = home.write(
        "more.yaml",
        format!("users: [{{ id: \"{ORGANIZER}\", tenantId: \"{CONTOSO}\", accountEnabled: false }}]")
            .as_bytes(),
    );
    home.run(&["seed", &file]).succeeded();
    assert_eq!(get(&server.address(), &list, &token).status, 401);
}

#[test]
fn the_examples_of_the_repository_are_loaded() {
    let home = Home::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/get-callrecording.yaml");
    home.run(&["seed", example]).succeeded();
    let before = home.state();
    home.run(&["seed", example]).succeeded();
    assert_eq!(home.state(), before);
    home.run(&["seed", concat!(env!("CARGO_MANIFEST_DIR"), "/demo/seed.yaml")])
        .succeeded();
}
