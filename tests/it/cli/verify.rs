//! `graphophone verify`: what is missing, short, corrupt or orphaned, and that none of it is served.

use std::time::{Duration, SystemTime};

use graphophone::verify::{Rules, Subset, Verifier, VerifyError};
use serde_json::Value;

use super::home::Home;
use crate::support::TestApp;
use crate::support::stores::content_is_in_a_folder;

/// Findings as pairs of a word and the last part of a key.
fn findings(look: &Value) -> Vec<(String, String)> {
    let all = look["findings"].as_array().unwrap();
    let mut pairs: Vec<_> = all
        .iter()
        .map(|one| {
            let key = one["contentKey"].as_str().unwrap();
            (one["what"].as_str().unwrap().to_owned(), key.to_owned())
        })
        .collect();
    pairs.sort();
    pairs
}

fn look(home: &Home, arguments: &[&str]) -> (i32, Value) {
    let ran = home.run(&[&["verify", "--json"], arguments].concat());
    (
        ran.status,
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}")),
    )
}

/// The stored files, by key.
fn keys(home: &Home) -> Vec<String> {
    home.stores
        .texts("SELECT content_key FROM content_objects ORDER BY content_key")
}

#[test]
fn a_sound_store_has_no_findings() {
    let home = Home::seeded();
    let (status, whole) = look(&home, &[]);
    assert_eq!((status, findings(&whole).len()), (0, 0), "{whole}");
    assert_eq!(whole["checkedObjects"], keys(&home).len());
    assert!(whole["finishedDateTime"].is_string());
    let parts: i64 = (1..=3)
        .map(|part| {
            look(&home, &["--subset", &format!("{part}/3")]).1["checkedObjects"]
                .as_i64()
                .unwrap()
        })
        .sum();
    assert_eq!(parts, whole["checkedObjects"].as_i64().unwrap());
    let last = home.run(&["verify", "--last"]).succeeded();
    assert!(last.starts_with("part 3 of 3"), "{last}");
    for wrong in ["0/3", "4/3", "x"] {
        assert_eq!(home.run(&["verify", "--subset", wrong]).status, 2, "{wrong}");
    }
}

#[test]
fn what_is_not_as_it_was_is_told() {
    let home = Home::seeded();
    let keys = keys(&home);
    let file = |key: &str| home.stores.content_root().join(key);
    let [missing, short, corrupt, touched, ..] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    std::fs::remove_file(file(missing)).unwrap();
    let bytes = std::fs::read(file(short)).unwrap();
    std::fs::write(file(short), &bytes[..bytes.len() - 1]).unwrap();
    // Rot leaves no other trace than the bytes.
    let before = file(corrupt).metadata().unwrap().modified().unwrap();
    let mut bytes = std::fs::read(file(corrupt)).unwrap();
    bytes[20] ^= 1;
    std::fs::write(file(corrupt), &bytes).unwrap();
    let handle = std::fs::File::options().write(true).open(file(corrupt)).unwrap();
    handle.set_modified(before).unwrap();
    // Good bytes of another time are good.
    let handle = std::fs::File::options().write(true).open(file(touched)).unwrap();
    handle
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
        .unwrap();
    let orphan = "aaaaaaaa-0000-4000-8000-000000000001/2020/01/2020-01-01T000000Z_00000000000000000000000000000001/recording.mp4";
    std::fs::create_dir_all(file(orphan).parent().unwrap()).unwrap();
    std::fs::write(file(orphan), b"nobody's").unwrap();
    // And what would tell of it.
    let described = orphan.replace(".mp4", ".json");
    std::fs::write(file(&described), b"{}").unwrap();
    for orphan in [orphan, &described] {
        let handle = std::fs::File::options().write(true).open(file(orphan)).unwrap();
        handle
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
            .unwrap();
    }

    let (status, found) = look(&home, &[]);
    let mut expected = vec![
        ("corrupt".to_owned(), corrupt.clone()),
        ("missing".to_owned(), missing.clone()),
        ("orphaned".to_owned(), described.clone()),
        ("orphaned".to_owned(), orphan.to_owned()),
        ("short".to_owned(), short.clone()),
    ];
    expected.sort();
    assert_eq!((status, findings(&found)), (1, expected.clone()), "{found}");
    let of_corrupt = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == "corrupt")
        .unwrap();
    assert!(of_corrupt["id"].is_string(), "{found}");
    let last = home.run(&["verify", "--last", "--json"]);
    assert_eq!(last.status, 1);
    assert_eq!(findings(&serde_json::from_str(&last.out).unwrap()), expected);
    // What is corrupt will be compared before it is served, though nothing else tells.
    let sql = format!("SELECT modified_ns FROM content_objects WHERE content_key = '{corrupt}'");
    assert_eq!(home.stores.texts(&sql), [i64::MIN.to_string()]);
    // Put right, it is good again.
    bytes[20] ^= 1;
    std::fs::write(file(corrupt), &bytes).unwrap();
    let (_, found) = look(&home, &[]);
    assert!(
        findings(&found).iter().all(|(what, _)| what != "corrupt"),
        "{found}"
    );
    assert_ne!(home.stores.texts(&sql), [i64::MIN.to_string()]);
    std::fs::remove_file(file(orphan)).unwrap();
}

/// Nothing is there, and nothing is lost.
#[tokio::test]
async fn a_look_ends_where_the_disk_is_away_and_is_gone_on_with() {
    if !content_is_in_a_folder() {
        return;
    }
    let app = TestApp::start().await;
    let rules = Rules {
        bytes_per_second: 0,
        every: Duration::from_secs(86_400),
        parts: 30,
    };
    let store = &app.store;
    let verifier = Verifier::new(store.db.clone(), store.content.clone(), app.clock.clone(), rules);
    let away = app.take_content_away().await;
    let is_ended = async || {
        let ended = verifier.run(Subset::ALL, &|_, _| {}).await;
        assert!(matches!(ended, Err(VerifyError::Content(_))), "{ended:?}");
    };
    is_ended().await;
    away.leave_mount_point();
    is_ended().await;
    away.remove_mount_point();
    // Whatever else a place without its disk says.
    away.leave_file();
    is_ended().await;
    away.bring_back();
    let run = verifier.run(Subset::ALL, &|_, _| {}).await.unwrap();
    assert_eq!(run.findings, "[]");
    assert!(run.finished.is_some() && run.checked_objects > 0);
}
