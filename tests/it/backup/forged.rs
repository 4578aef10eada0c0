//! Snapshots that somebody has written who knows how: their digests are right, and nothing else need be.

use std::collections::BTreeMap;
use std::path::Path;

use graphophone::backup::{BackupError, Manifest};
use graphophone::seal::{sha256, to_hex};
use serde_json::{Value, json};

use super::{Place, backup, in_newest, keys_of};
use crate::cli::home::everything_below;
use crate::support::TestApp;

/// Writes the newest manifest anew, as somebody would who knows how, and who has changed `files` as well.
fn forge(folder: &Path, files: &BTreeMap<&str, String>, change: impl FnOnce(&mut Manifest)) {
    let path = in_newest(folder, "manifest.json");
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut manifest: Manifest = serde_json::from_value(written["manifest"].clone()).unwrap();
    for (table, text) in files {
        std::fs::write(in_newest(folder, &format!("rows/{table}.ndjson")), text).unwrap();
        let lines = manifest.rows.get_mut(*table).unwrap();
        lines.count = i64::try_from(text.lines().count()).unwrap() - 1;
        lines.sha256 = to_hex(&sha256(text.as_bytes()));
    }
    change(&mut manifest);
    let digest = to_hex(&sha256(&serde_json::to_vec(&manifest).unwrap()));
    let text = json!({ "manifest": manifest, "sha256": digest }).to_string();
    std::fs::write(&path, text).unwrap();
}

fn rows_of(folder: &Path, table: &str) -> String {
    std::fs::read_to_string(in_newest(folder, &format!("rows/{table}.ndjson"))).unwrap()
}

#[tokio::test]
async fn forged_rows_are_refused_before_anything_is_made() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let newest = in_newest(folder.path(), "");
    let good = everything_below(&newest);
    let place = Place::new();
    let key = keys_of(&app)[0].clone();
    let objects = rows_of(folder.path(), "content_objects");
    let tenants = rows_of(folder.path(), "tenants");
    let long = format!("[\"id\"]\n[\"{}\"]\n", "x".repeat(65 * 1024 * 1024));
    let forged: [(&str, &str, String); 12] = [
        (
            "a key that leads out",
            "content_objects",
            objects.replace(&key, "../../../../etc/passwd"),
        ),
        (
            "an absolute key",
            "content_objects",
            objects.replace(&key, "/etc/passwd"),
        ),
        (
            "a hidden key",
            "content_objects",
            objects.replace(&key, ".incoming/a/b/c/d"),
        ),
        (
            "a negative length",
            "content_objects",
            objects.replace(",1000,", ",-1000,"),
        ),
        (
            "an unknown column",
            "tenants",
            tenants.replace("display_name", "displayname"),
        ),
        ("a column twice", "tenants", tenants.replace("display_name", "id")),
        (
            "statements for columns",
            "tenants",
            tenants.replace("\"id\"", "\"id) VALUES (1); --\""),
        ),
        ("a wrong type", "tenants", tenants.replace("\"Contoso\"", "7")),
        (
            "a cell too many",
            "tenants",
            tenants.replace("\"Contoso\"", "\"Contoso\",null"),
        ),
        ("no columns", "tenants", String::new()),
        ("an object for a row", "tenants", format!("{tenants}{{}}\n")),
        ("a line without end", "tenants", long),
    ];
    for (what, table, text) in forged {
        forge(folder.path(), &BTreeMap::from([(table, text)]), |_| {});
        let refused = place.restore(folder.path()).await;
        assert!(
            matches!(refused, Err(BackupError::Damaged { .. })),
            "{what}: {refused:?}"
        );
        for (file, bytes) in &good {
            std::fs::write(file, bytes).unwrap();
        }
    }
    assert!(!place.folder.path().join("data").exists());
}

#[tokio::test]
async fn a_forged_manifest_is_refused_before_anything_is_made() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let good = everything_below(&in_newest(folder.path(), ""));
    let place = Place::new();
    type Change = fn(&mut Manifest);
    let changes: [(&str, Change); 6] = [
        ("a table that is none", |manifest| {
            let lines = manifest.rows["users"].clone();
            manifest.rows.insert("sqlite_schema".to_owned(), lines);
        }),
        ("a table that leads out", |manifest| {
            let lines = manifest.rows["users"].clone();
            manifest.rows.insert("../../users".to_owned(), lines);
        }),
        ("a table too few", |manifest| drop(manifest.rows.remove("users"))),
        ("a schema before there were backups", |manifest| {
            manifest.schema = 1;
        }),
        ("keys that cost more than there is", |manifest| {
            manifest.keys.as_mut().unwrap().memory_kib = u32::MAX;
        }),
        ("a salt that is none", |manifest| {
            manifest.keys.as_mut().unwrap().salt = "é".repeat(32);
        }),
    ];
    for (what, change) in changes {
        forge(folder.path(), &BTreeMap::new(), change);
        let refused = place.restore(folder.path()).await;
        let is_meant = matches!(
            refused,
            Err(BackupError::Damaged { .. } | BackupError::Passphrase(_))
        );
        assert!(is_meant, "{what}: {refused:?}");
        for (file, bytes) in &good {
            std::fs::write(file, bytes).unwrap();
        }
    }
    assert!(!place.folder.path().join("data").exists());
    place.restore(folder.path()).await.unwrap();
}

#[tokio::test]
async fn who_has_no_passphrase_changes_nothing_unnoticed() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let old_keys = std::fs::read(in_newest(folder.path(), "keys")).unwrap();
    let old: Value =
        serde_json::from_slice(&std::fs::read(in_newest(folder.path(), "manifest.json")).unwrap()).unwrap();
    let roles = rows_of(folder.path(), "directory_roles");
    let user = app.stores.texts("SELECT id FROM users ORDER BY id").remove(0);
    let more = format!("{roles}[\"{user}\",\"Global Administrator\"]\n");
    let place = Place::new();
    forge(
        folder.path(),
        &BTreeMap::from([("directory_roles", more)]),
        |_| {},
    );
    let refused = place.restore(folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::WrongPassphrase), "{refused}");
    assert!(
        refused.to_string().contains("has been changed since"),
        "{refused}"
    );

    // Nor do the keys of one snapshot go into another.
    backup(&app, folder.path()).await.unwrap();
    std::fs::write(in_newest(folder.path(), "keys"), old_keys).unwrap();
    forge(folder.path(), &BTreeMap::new(), |manifest| {
        manifest.keys = serde_json::from_value(old["manifest"]["keys"].clone()).unwrap();
    });
    let refused = place.restore(folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::WrongPassphrase), "{refused}");
    assert!(!place.folder.path().join("data").exists());
}

#[tokio::test]
async fn rows_that_do_not_go_together_leave_nothing_behind() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let users = rows_of(folder.path(), "users");
    let lines: Vec<&str> = users.lines().collect();
    let twice = format!("{users}{}\n", lines[1]);
    forge(folder.path(), &BTreeMap::from([("users", twice)]), |_| {});
    let place = Place::new();
    let refused = place.restore_with(folder.path(), None, None).await.unwrap_err();
    assert!(refused.to_string().contains("users.ndjson"), "{refused}");
    assert!(place.is_empty());
    forge(folder.path(), &BTreeMap::from([("users", users)]), |_| {});
    place.restore_with(folder.path(), None, None).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_of_a_newer_schema_or_form_asks_for_a_newer_program() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let changes: [fn(&mut Manifest); 2] = [|manifest| manifest.schema += 1, |manifest| manifest.format += 1];
    for change in changes {
        forge(folder.path(), &BTreeMap::new(), change);
        let refused = Place::new().restore(folder.path()).await.unwrap_err();
        assert!(
            refused.to_string().contains("use a newer graphophone"),
            "{refused}"
        );
    }
}

/// Columns that later steps of the schema have added.
const ADDED: [(&str, &[&str]); 6] = [
    (
        "artifacts",
        &["owner_id", "source_system", "source_id", "quarantine_reason"],
    ),
    (
        "changes",
        &["owner_id", "meeting_id", "adhoc_call_id", "created_ticks"],
    ),
    (
        "online_meetings",
        &[
            "join_web_url_key",
            "created_ticks",
            "external_id",
            "join_meeting_id",
            "passcode",
            "video_teleconference_id",
            "settings",
        ],
    ),
    (
        "content_objects",
        &["head_key", "body_offset", "body_bytes", "facts"],
    ),
    ("audit_records", &["actor"]),
    ("upload_sessions", &[]),
];

/// The rows without some of their columns.
fn without(text: &str, columns: &[&str]) -> String {
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Vec<Value>>(line).unwrap());
    let names = lines.next().unwrap();
    let stays = |at: usize| !columns.iter().any(|column| names[at] == *column);
    let row = |row: &Vec<Value>| {
        let cells: Vec<Value> = (0..row.len())
            .filter(|at| stays(*at))
            .map(|at| row[at].clone())
            .collect();
        format!("{}\n", Value::from(cells))
    };
    std::iter::once(row(&names))
        .chain(lines.map(|line| row(&line)))
        .collect()
}

#[tokio::test]
async fn a_snapshot_of_an_older_schema_is_brought_up_to_date() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let files: BTreeMap<&str, String> = ADDED
        .iter()
        .map(|(table, columns)| (*table, without(&rows_of(folder.path(), table), columns)))
        .collect();
    forge(folder.path(), &files, |manifest| {
        manifest.schema = 3;
        for table in [
            "upload_sessions",
            "jobs",
            "imported_files",
            "tombstones",
            "verify_runs",
        ] {
            manifest.rows.remove(table).unwrap();
        }
    });
    let place = Place::new();
    place.restore_with(folder.path(), None, None).await.unwrap();
    // A later step fills in what the rows do not say.
    for sql in [
        "SELECT id || ' ' || owner_id FROM artifacts ORDER BY kind, id",
        "SELECT number || ' ' || owner_id FROM changes ORDER BY number",
    ] {
        assert_eq!(place.stores.texts(sql), app.stores.texts(sql));
    }
    assert_eq!(
        graphophone::store::Store::version(&place.config).await.unwrap(),
        graphophone::db::NEWEST_MIGRATION
    );
    // Where there is a store already, it is of another schema, and stays.
    let place = Place::new();
    drop(place.open().await);
    let refused = place.restore_with(folder.path(), None, None).await.unwrap_err();
    assert!(matches!(refused, BackupError::OtherSchema { .. }), "{refused}");
    assert!(place.is_empty());
}
