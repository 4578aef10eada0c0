//! `graphophone backup` and `graphophone restore`: the whole way beside a running server, and what the commands say.

use std::path::Path;

use serde_json::Value;

use super::binary::{Ran, get};
use super::home::{Home, everything_below};
use crate::support::names::{ORGANIZER, standup_of};

const PASSPHRASE: &str = "four words of a test";

/// A folder for backups, and a file with the passphrase.
fn places(home: &Home) -> (String, String) {
    let phrase = home.write("phrase", format!("{PASSPHRASE}\r\nanother line\n").as_bytes());
    (home.path("backup"), phrase)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn a_store_is_backed_up_while_it_is_served_and_another_made_of_it() {
    let home = Home::seeded();
    let (folder, phrase) = places(&home);
    let server = home.serve(&[]);
    let token = home.app_token();
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let before = get(&server.address(), &path, &token);
    let taken = home.one(&["backup", &folder, "--passphrase-file", &phrase]);
    assert_eq!(taken["copiedObjects"], taken["objects"], "{taken}");
    assert_eq!(
        (&taken["keys"], &taken["missingObjects"]),
        (&2.into(), &0.into()),
        "{taken}"
    );
    let again = home
        .run(&["backup", &folder, "--passphrase-file", &phrase])
        .succeeded();
    assert!(again.contains("0 of them copied now"), "{again}");
    drop(server);

    let other = Home::new();
    let restored = other.one(&["restore", &folder, "--passphrase-file", &phrase]);
    assert_eq!(restored["objects"], taken["objects"], "{restored}");
    assert_eq!(restored["missing"], serde_json::json!([]));
    let server = other.serve(&[]);
    let after = get(&server.address(), &path, &token);
    assert_eq!(before.ids(), after.ids());
    drop(server);
    other.run(&["verify"]).succeeded();
    let refused = other.run(&["restore", &folder, "--passphrase-file", &phrase]);
    assert!(refused.failed().contains("not empty"), "{refused:?}");
}

#[test]
fn the_passphrase_comes_from_a_file_or_the_environment_and_never_from_nowhere() {
    let home = Home::seeded();
    let (folder, phrase) = places(&home);
    let refused = home.run(&["backup", &folder]);
    let line = refused.refused();
    for way in [
        "--passphrase-file",
        "GRAPHOPHONE_BACKUP_PASSPHRASE",
        "--without-keys",
    ] {
        assert!(line.contains(way), "{line}");
    }
    assert!(!Path::new(&folder).exists());
    let with = |arguments: &[&str], value: &str| {
        let mut command = home.command(arguments);
        command.env("GRAPHOPHONE_BACKUP_PASSPHRASE", value);
        super::binary::Process::spawn(&mut command).finish()
    };
    let short = with(&["backup", &folder], "short");
    assert!(short.refused().contains("at least 12 characters"), "{short:?}");
    assert!(!Path::new(&folder).exists());
    with(&["backup", &folder], PASSPHRASE).succeeded();
    let none = home.path("none");
    let refused = home.run(&["backup", &folder, "--passphrase-file", &none]);
    assert!(refused.refused().contains("--passphrase-file"), "{refused:?}");

    let other = Home::new();
    let wrong = other.write("wrong", b"some other words\n");
    let refused = other.run(&["restore", &folder, "--passphrase-file", &wrong]);
    assert!(
        refused.failed().contains("the passphrase is not the one"),
        "{refused:?}"
    );
    let refused = other.run(&["restore", &folder]);
    assert!(refused.refused().contains("no passphrase"), "{refused:?}");
    assert!(!Path::new(&other.data()).exists());
    other
        .run(&["restore", &folder, "--passphrase-file", &phrase])
        .succeeded();
}

#[test]
fn without_keys_no_passphrase_is_asked_for() {
    let home = Home::seeded();
    let (folder, _) = places(&home);
    let taken = home.run(&["backup", &folder, "--without-keys"]);
    assert!(taken.err.contains("keys are not in it"), "{taken:?}");
    taken.succeeded();
    let other = Home::new();
    let restored = other.run(&["restore", &folder]);
    assert!(restored.err.contains("makes new ones"), "{restored:?}");
    restored.succeeded();
}

#[test]
fn a_folder_of_something_else_is_refused_in_one_line_and_not_touched() {
    let home = Home::seeded();
    let (_, phrase) = places(&home);
    let other = home.folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("file"), "somebody's").unwrap();
    let folder = other.display().to_string();
    let refused = home.run(&["backup", &folder, "--passphrase-file", &phrase]);
    assert!(refused.failed().contains("no folder of backups"), "{refused:?}");
    let refused = home.run(&["restore", &folder, "--without-keys"]);
    assert!(
        refused.failed().contains("is not a folder of backups"),
        "{refused:?}"
    );
    let expected = [(other.join("file"), b"somebody's".to_vec())];
    assert_eq!(everything_below(&other), expected);
    let nothing = Home::new();
    let refused = nothing.run(&["backup", &nothing.path("backup"), "--without-keys"]);
    assert!(refused.failed().contains("load a seed first"), "{refused:?}");
}

#[test]
fn what_is_damaged_is_listed_and_ends_with_1_and_no_older_snapshot_goes_for_it() {
    let home = Home::seeded();
    let (folder, _) = places(&home);
    let backup = ["backup", &folder, "--without-keys", "--keep", "1", "--json"];
    home.run(&backup).succeeded();
    let taken = home.one(&["backup", &folder, "--without-keys", "--keep", "1"]);
    assert_eq!(taken["removedSnapshots"].as_array().unwrap().len(), 1, "{taken}");
    let new = format!(
        "recordings: [{{ id: new, meetingId: \"{}\", createdDateTime: \"2026-01-20T09:00:00Z\", contentFile: two.mp4 }}]",
        crate::support::names::STANDUP
    );
    let seed = home.write("new.yaml", new.as_bytes());
    home.run(&["seed", &seed]).succeeded();
    let key = home
        .stores
        .texts("SELECT content_key FROM artifacts WHERE id = 'new'")
        .remove(0);
    let file = home.stores.content_root().join(&key);
    std::fs::remove_file(&file).unwrap();
    let ran = home.run(&backup);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(json(&ran)["missing"][0]["contentKey"], key, "{ran:?}");
    let ran = home.run(&["backup", &folder, "--without-keys", "--keep", "1"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.out.contains(&key) && ran.err.contains("without one object"),
        "{ran:?}"
    );
    let snapshots = || {
        std::fs::read_dir(Path::new(&folder).join("snapshots"))
            .unwrap()
            .count()
    };
    assert_eq!(snapshots(), 3);
    // It is restored, and said to be without it.
    let other = Home::new();
    let restored = other.run(&["restore", &folder]);
    assert_eq!(restored.status, 1, "{restored:?}");
    assert!(restored.out.contains(&key), "{restored:?}");
    assert_eq!(other.run(&["verify"]).status, 1);
    // Put right, and looked after.
    std::fs::write(&file, crate::support::media(300_000)).unwrap();
    let taken = home.one(&["backup", &folder, "--without-keys", "--keep", "2", "--check"]);
    assert_eq!((&taken["copiedObjects"], snapshots()), (&1.into(), 2), "{taken}");
}

#[test]
fn a_folder_of_backups_is_no_store_and_lies_in_none() {
    let home = Home::seeded();
    let (folder, phrase) = places(&home);
    home.run(&["backup", &folder, "--passphrase-file", &phrase])
        .succeeded();
    let above = home.path("");
    let inside = home.path("data/backup");
    let deep = home.path("data/not/yet/there");
    for wrong in [&home.data(), &inside, &deep, &above] {
        for command in ["backup", "restore"] {
            let refused = home.run(&[command, wrong, "--without-keys"]);
            assert!(
                refused.refused().contains("name a folder outside of it"),
                "{refused:?}"
            );
        }
    }
    assert!(!Path::new(&inside).exists());
    // Nor is a store made of it.
    let refused = super::binary::run(&["restore", "--data", &folder, "--without-keys", &folder]);
    assert!(
        refused.refused().contains("name a folder outside of it"),
        "{refused:?}"
    );
    // A passphrase that is named is never left aside.
    let bare = home.path("bare");
    home.run(&["backup", &bare, "--without-keys"]).succeeded();
    let refused = home.run(&["restore", &bare, "--passphrase-file", &phrase]);
    assert!(refused.failed().contains("without keys"), "{refused:?}");
}
