//! `graphophone keys`

use serde_json::Value;

use super::binary::get;
use super::home::Home;

#[test]
fn a_new_key_signs_and_the_old_one_stays_published() {
    let home = Home::seeded();
    let none = home.run(&["keys", "list"]);
    assert!(none.succeeded().is_empty());
    let first = home.one(&["keys", "rotate"]);
    assert_eq!(
        (&first["state"], &first["publishedUntilDateTime"]),
        (&"signs".into(), &Value::Null)
    );
    let said = home.run(&["keys", "rotate"]).succeeded();
    let listed = home.json(&["keys", "list"]);
    assert_eq!(listed.len(), 2);
    assert!(said.starts_with(listed[0]["kid"].as_str().unwrap()), "{said}");
    assert_eq!(
        (&listed[1]["kid"], &listed[1]["state"]),
        (&first["kid"], &"followed".into())
    );
    assert!(listed[1]["publishedUntilDateTime"].is_string());
    let table = home.run(&["keys", "list"]).succeeded();
    assert!(
        table.contains("KID") && table.contains("signs") && table.contains("followed"),
        "{table}"
    );
}

#[test]
fn keys_that_may_be_stolen_are_withdrawn() {
    use crate::support::names::{ARCHIVER, ORGANIZER, standup_of};
    let home = Home::seeded();
    let stolen = home.run(&["token", "--application", ARCHIVER]).succeeded();
    home.run(&["keys", "rotate"]).succeeded();
    home.one(&["keys", "rotate", "--withdraw-others"]);
    assert_eq!(home.json(&["keys", "list"]).len(), 1);
    let server = home.serve(&[]);
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    assert_eq!(get(&server.address(), &path, stolen.trim()).status, 401);
    let good = home.run(&["token", "--application", ARCHIVER]).succeeded();
    assert_eq!(get(&server.address(), &path, good.trim()).status, 200);
}

#[test]
fn keys_can_be_rotated_beside_a_server_which_signs_with_the_new_one_at_once() {
    use crate::support::names::ARCHIVER;
    let home = Home::seeded();
    let token = || home.run(&["token", "--application", ARCHIVER]).succeeded();
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    let server = home.serve(&[]);
    let before = token();
    home.run(&["keys", "rotate"]).succeeded();
    let after = token();
    assert_ne!(kid(&before), kid(&after));
    let path = format!(
        "{}/recordings",
        crate::support::names::standup_of(crate::support::names::ORGANIZER)
    );
    for token in [before, after] {
        assert_eq!(get(&server.address(), &path, token.trim()).status, 200);
    }
}
