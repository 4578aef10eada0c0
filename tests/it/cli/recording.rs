//! `graphophone recording list` and `show`

use serde_json::Value;

use super::home::Home;
use crate::support::names::{CONTOSO, FABRIKAM, ORGANIZER, OUTSIDER, STANDUP};

const ORGANIZER_NAME: &str = "organizer@contoso.example";

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
fn the_list_is_narrowed_to_an_organizer_and_a_state() {
    let home = with_every_state();
    let ids = |more: &[&str]| -> Vec<String> {
        let all = home.json(&[&["recording", "list"], more].concat());
        all.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let of_organizer = ["recording-1", "recording-2", "pending", "deleted", "bad"];
    for name in [ORGANIZER, "Organizer@Contoso.Example", ORGANIZER_NAME] {
        assert_eq!(
            ids(&["--organizer", name, "--meeting", STANDUP]),
            of_organizer,
            "{name}"
        );
    }
    // Who has none, and who is mistyped.
    assert_eq!(ids(&["--organizer", OUTSIDER]), [""; 0]);
    let ran = home.run(&["recording", "list", "--organizer", "organiser@contoso.example"]);
    assert!(ran.failed().contains("no user organiser@"), "{ran:?}");
    assert_eq!(home.run(&["recording", "list", "--organizer", ""]).status, 2);
    assert_eq!(ids(&["--state", "quarantined"]), ["bad"]);
    assert_eq!(
        ids(&["--state", "deleted", "--organizer", ORGANIZER]),
        ["deleted"]
    );
    let ran = home.run(&["recording", "list", "--state", "gone"]);
    assert!(ran.status == 2 && ran.err.contains("quarantined"), "{ran:?}");
}

/// Whoever has a name now is meant by it, and not who had it before.
#[test]
fn an_organizer_is_one_person() {
    let home = Home::seeded();
    let load = |number: u32, deleted: &str, with_recording: bool| {
        let id = format!("aaaaaaaa-0000-4000-8000-0000000000e{number}");
        let mut yaml = format!(
            "users:\n  - {{ id: {id}, tenantId: {CONTOSO}, userPrincipalName: pat@contoso.example{deleted} }}\n"
        );
        if with_recording {
            yaml.push_str(&format!(
                "onlineMeetings:\n  - {{ id: m{number}, organizerId: {id}, startDateTime: '2026-01-20T00:00:00Z' }}\n\
                 recordings:\n  - {{ id: r{number}, meetingId: m{number}, contentFile: one.mp4, createdDateTime: '2026-01-20T00:00:00Z' }}\n"
            ));
        }
        let file = home.write("more.yaml", yaml.as_bytes());
        home.run(&["seed", &file]).succeeded();
    };
    let gone = ", deletedDateTime: '2026-01-21T00:00:00Z'";
    let list = || {
        home.run(&[
            "recording",
            "list",
            "--json",
            "--organizer",
            "Pat@contoso.example",
        ])
    };
    let ids = |out: String| -> Vec<String> {
        let lines = out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    load(1, "", true);
    load(1, gone, false);
    assert_eq!(
        ids(list().succeeded()),
        ["r1"],
        "who has left is known by the last name"
    );
    load(2, "", true);
    assert_eq!(ids(list().succeeded()), ["r2"]);
    load(2, gone, false);
    let ran = list();
    assert!(ran.failed().contains("0000000000e1, aaaaaaaa-"), "{ran:?}");
    // Also where the rest would leave one of them, or none.
    for rest in [["--meeting", "m1"], ["--state", "deleted"]] {
        let ran = home.run(
            &[
                &["recording", "list", "--organizer", "pat@contoso.example"][..],
                &rest,
            ]
            .concat(),
        );
        assert!(ran.failed().contains("0000000000e1, aaaaaaaa-"), "{ran:?}");
    }
}

/// Subjects come from whoever makes a meeting, and a terminal does what characters tell it.
#[test]
fn the_table_names_people_and_escapes_what_would_move_the_cursor() {
    let home = Home::seeded();
    let file = home.write(
        "more.yaml",
        format!(
            r#"
onlineMeetings:
  - {{ id: odd, organizerId: "{ORGANIZER}", subject: "a\u001b[2Jb\u202ec", startDateTime: "2026-01-20T00:00:00Z" }}
  - {{ id: long, organizerId: "{ORGANIZER}", subject: "{}", startDateTime: "2026-01-20T00:00:00Z" }}
recordings:
  - {{ id: of-odd, meetingId: odd, contentFile: one.mp4, createdDateTime: "2026-01-20T00:00:00.1234567Z" }}
  - {{ id: of-long, meetingId: long, contentFile: one.mp4, createdDateTime: "2026-01-20T00:00:00Z" }}
"#,
            "ä".repeat(41)
        )
        .as_bytes(),
    );
    home.run(&["seed", &file]).succeeded();
    let table = home.run(&["recording", "list"]).succeeded();
    let row = |id: &str| table.lines().find(|line| line.ends_with(id)).unwrap();
    assert!(
        !table.contains('\u{1b}') && !table.contains('\u{202e}'),
        "{table:?}"
    );
    let odd = row("of-odd");
    assert!(odd.starts_with("2026-01-20T00:00:00Z  ready  "), "{odd}");
    assert!(odd.contains(ORGANIZER_NAME), "{odd}");
    assert!(odd.contains("a\\u{1b}[2Jb\\u{202e}c"), "{odd}");
    assert!(
        row("of-long").contains(&format!(" {}…  ", "ä".repeat(40))),
        "{table}"
    );
    let shown = home.run(&["recording", "show", "of-odd"]).succeeded();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["subject"], "a\u{1b}[2Jb\u{202e}c");
    assert_eq!(shown["organizer"], ORGANIZER_NAME);
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
