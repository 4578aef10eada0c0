//! `graphophone recording list` and `show`

use serde_json::Value;

use super::home::Home;
use crate::support::names::{CONTOSO, FABRIKAM, STANDUP};

fn with_every_state() -> Home {
    let home = Home::seeded();
    let file = home.write(
        "more.yaml",
        format!(
            r#"
recordings:
  - {{ id: pending, meetingId: "{STANDUP}", uploadState: pending, createdDateTime: "2026-01-20T00:00:00Z" }}
  - {{ id: deleted, meetingId: "{STANDUP}", contentFile: one.mp4, deletedDateTime: "2026-01-21T00:00:00Z", createdDateTime: "2026-01-21T00:00:00Z" }}
  - {{ id: bad, meetingId: "{STANDUP}", contentFile: one.mp4, quarantined: true, legalHold: true, createdDateTime: "2026-01-22T00:00:00Z" }}
"#
        )
        .as_bytes(),
    );
    home.run(&["seed", &file]).succeeded();
    home
}

#[test]
fn the_list_has_every_state_oldest_first() {
    let home = with_every_state();
    let out = home
        .run(&["recording", "list", "--json", "--tenant", CONTOSO])
        .succeeded();
    let all: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let states: Vec<_> = all
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["state"].as_str().unwrap()))
        .collect();
    let expected = [
        ("recording-1", "ready"),
        ("call-recording", "ready"),
        ("recording-2", "ready"),
        ("pending", "pending"),
        ("deleted", "deleted"),
        ("bad", "quarantined"),
    ];
    assert_eq!(states, expected);
    let out = home
        .run(&["recording", "list", "--json", "--tenant", FABRIKAM])
        .succeeded();
    assert_eq!(out.lines().count(), 1);
    let out = home.run(&["recording", "list", "--json"]).succeeded();
    assert_eq!(out.lines().count(), 7);
    let out = home
        .run(&["recording", "list", "--json", "--meeting", STANDUP])
        .succeeded();
    assert_eq!(out.lines().count(), 5);
    let table = home.run(&["recording", "list"]).succeeded();
    assert_eq!(table.lines().count(), 8, "{table}");
    assert!(
        table
            .lines()
            .any(|line| line.contains("recording-1") && line.contains("ready")),
        "{table}"
    );
}

#[test]
fn show_says_where_the_content_lies_and_what_it_must_be() {
    let home = with_every_state();
    let out = home.run(&["recording", "show", "recording-2"]).succeeded();
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown["size"], 300_000);
    assert_eq!(shown["contentType"], "video/mp4");
    assert_eq!(shown["meetingId"], STANDUP);
    assert_eq!(shown["sha256"].as_str().unwrap().len(), 64);
    let key = shown["contentKey"].as_str().unwrap();
    let stored = std::fs::read(home.stores.content_root().join(key)).unwrap();
    assert!(
        stored == crate::support::media(300_000),
        "the plain bytes in one file"
    );
    assert!(key.starts_with(&format!("{CONTOSO}/2026/01/")), "{key}");
    let shown: Value =
        serde_json::from_str(&home.run(&["recording", "show", "pending"]).succeeded()).unwrap();
    assert_eq!(
        (&shown["state"], &shown["contentKey"]),
        (&"pending".into(), &Value::Null)
    );
    let ran = home.run(&["recording", "show", "none"]);
    assert!(ran.failed().contains("none"), "{ran:?}");
}

#[test]
fn what_is_on_hold_is_not_deleted_until_it_is_taken_off() {
    let home = Home::seeded();
    for _ in 0..2 {
        let held = home.run(&["recording", "hold", "recording-1"]).succeeded();
        assert_eq!(held, "recording recording-1: on legal hold\n");
    }
    let refused = home.run(&["recording", "delete", "recording-1"]);
    assert!(
        refused.failed().contains("graphophone recording unhold"),
        "{refused:?}"
    );
    home.run(&["recording", "unhold", "recording-1"]).succeeded();
    home.run(&["recording", "delete", "recording-1"]).succeeded();
    let unknown = home.run(&["recording", "hold", "none"]);
    assert!(unknown.failed().contains("no recording none"), "{unknown:?}");
    let out = home.run(&["audit", "list", "--json"]).succeeded();
    for operation in ["recording.hold", "recording.unhold", "recording.delete"] {
        assert_eq!(out.matches(&format!("\"{operation}\"")).count(), 1, "{out}");
    }
}
