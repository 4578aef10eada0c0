//! Meetings that the reference does not serve: left out of exports, unless the operator serves them.

use super::{all_recordings, ids};
use crate::auth::asking::Meeting;
use crate::support::names::ARCHIVER;
use crate::support::{Answer, TestApp, TokenOf};

const FUTURE: &str = "expiryDateTime: '2099-01-01T00:00:00Z'";
const USUAL: [&str; 2] = ["recording-1", "recording-2"];

/// A server with a meeting of each kind, each with a recording.
async fn with_all(config: &str) -> TestApp {
    let mut setup = TestApp::with().config(config);
    for (name, members) in [
        ("expired", "expiryDateTime: '2026-01-31T00:00:00Z'".to_owned()),
        (
            "deleted",
            format!("{FUTURE}, deletedDateTime: '2026-01-20T00:00:00Z'"),
        ),
        ("channel", format!("{FUTURE}, isChannelMeeting: true")),
        ("uncalendared", format!("{FUTURE}, iCalUId: null")),
    ] {
        setup = setup.seed(&Meeting::new(name, &members).yaml);
    }
    setup.start().await
}

/// What is exported beside what always is, as a list and as a feed.
async fn further(app: &TestApp) -> Vec<String> {
    let mut of_list = ids(app, &all_recordings("")).await;
    let mut of_feed = ids(app, &(all_recordings("") + "/delta")).await;
    for found in [&mut of_list, &mut of_feed] {
        found.sort();
        let usual = found.len();
        found.retain(|id| !USUAL.contains(&id.as_str()));
        assert_eq!(usual - found.len(), USUAL.len());
    }
    assert_eq!(of_list, of_feed);
    of_list
        .iter()
        .map(|id| id.strip_prefix("recording-of-").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_profile_graph_leaves_out_what_the_reference_does_not_serve() {
    assert_eq!(further(&with_all("").await).await, [""; 0]);
}

#[tokio::test]
async fn the_profile_archive_shows_what_it_keeps() {
    let app = with_all("profile = \"archive\"").await;
    assert_eq!(
        further(&app).await,
        ["channel", "deleted", "expired", "uncalendared"]
    );
}

#[tokio::test]
async fn each_key_decides_for_its_own_kind() {
    let keys: [(&str, &[&str]); 3] = [
        ("expired_meetings", &["deleted", "expired"]),
        ("channel_meetings", &["channel"]),
        ("uncalendared_meetings", &["uncalendared"]),
    ];
    for (key, own) in keys {
        let app = with_all(&format!("graph.{key} = \"serve\"")).await;
        assert_eq!(further(&app).await, own, "{key}");
        let app = with_all(&format!("profile = \"archive\"\ngraph.{key} = \"refuse\"")).await;
        let mut others = vec!["channel", "deleted", "expired", "uncalendared"];
        others.retain(|name| !own.contains(name));
        assert_eq!(further(&app).await, others, "{key}");
    }
}

#[tokio::test]
async fn a_meeting_leaves_the_export_at_the_instant_of_its_expiry() {
    let app = with_all("").await;
    for (instant, expected) in [
        ("2026-01-30T23:59:59.9999999Z", &["expired"][..]),
        ("2026-01-31T00:00:00Z", &[]),
    ] {
        app.set_time(instant);
        let token = TokenOf::application(ARCHIVER).issued_by(&app.clock).sign();
        let answer = app.get(&all_recordings(""), &token).await;
        let mut found = answer.ids();
        found.retain(|id| id.starts_with("recording-of-"));
        let expected: Vec<String> = expected
            .iter()
            .map(|name| format!("recording-of-{name}"))
            .collect();
        assert_eq!(found, expected, "{instant}");
    }
}

#[tokio::test]
async fn a_full_page_is_full_however_many_are_left_out() {
    let mut yaml = String::from("recordings:\n");
    let expired = Meeting::new("expired", "expiryDateTime: '2026-01-31T00:00:00Z'");
    for number in 0..50 {
        yaml.push_str(&format!(
            "  - {{ id: 'old-{number}', meetingId: '{}', createdDateTime: '2026-01-0{}T10:00:00Z', contentFile: one.mp4 }}\n",
            expired.id,
            number % 9 + 1
        ));
    }
    let app = TestApp::with().seed(&expired.yaml).seed(&yaml).start().await;
    let pages = app
        .pages(
            &(all_recordings("") + "?$top=1"),
            &TokenOf::application(ARCHIVER).sign(),
        )
        .await;
    let pages: Vec<_> = pages.iter().map(Answer::ids).collect();
    assert_eq!(pages, [["recording-1"], ["recording-2"]]);
}
