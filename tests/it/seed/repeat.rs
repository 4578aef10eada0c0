//! Loading the same file again.

use super::rows;
use crate::support::TestApp;
use crate::support::names::{CONTOSO, ORGANIZER};

fn everything() -> String {
    format!(
        r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000101", tenantId: "{CONTOSO}", userPrincipalName: "new@contoso.example", password: "correct horse" }}
  - {{ tenantId: "{CONTOSO}", displayName: "No id" }}
  - {{ tenantId: "{CONTOSO}", displayName: "No id" }}
applications:
  - {{ appId: "aaaaaaaa-0000-4000-8000-000000000102", tenantId: "{CONTOSO}", secret: "battery staple", redirectUris: ["https://app.example/"] }}
applicationAccessPolicies:
  - {{ tenantId: "{CONTOSO}", identity: "Another", appIds: ["aaaaaaaa-0000-4000-8000-000000000102"], grantedTo: {{ users: ["{ORGANIZER}", "nobody@contoso.example"] }} }}
resourceSpecificConsents:
  - {{ appId: "aaaaaaaa-0000-4000-8000-000000000102", threadId: "19:meeting_nowhere@thread.v2", permissions: ["OnlineMeetingRecording.Read.Chat"] }}
onlineMeetings:
  - {{ id: "timeless", organizerId: "{ORGANIZER}" }}
  - {{ organizerId: "new@contoso.example", subject: "No id", startDateTime: "2026-01-20T10:00:00+02:00", participants: [{{ userId: "{ORGANIZER}", role: "presenter" }}] }}
adhocCalls:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000103", userId: "{ORGANIZER}" }}
recordings:
  - {{ meetingId: "timeless", contentFile: "two.mp4" }}
  - {{ meetingId: "timeless", contentFile: "two.mp4" }}
  - {{ meetingId: "timeless", contentFile: "one.mp4", legalHold: true, quarantined: true }}
  - {{ id: "gone", meetingId: "timeless", contentFile: "one.mp4", deletedDateTime: "2026-01-21T00:00:00Z" }}
  - {{ adhocCallId: "aaaaaaaa-0000-4000-8000-000000000103", contentFile: "one.mp4" }}
  - {{ id: "later", meetingId: "timeless", uploadState: "pending" }}
transcripts:
  - {{ meetingId: "timeless", contentFile: "one.vtt", metadataFile: "one.vtt" }}
"#
    )
}

#[tokio::test]
async fn loading_again_changes_no_row_and_no_file() {
    let app = TestApp::start().await;
    let first = app.seed(&everything()).await;
    let (before, files) = (app.stores.rows(), rows::stamps(&app.content_files()));
    assert!(before["users"].iter().any(|row| row.contains("$argon2")));
    app.set_time("2026-03-01T00:00:00Z");
    let second = app.seed(&everything()).await;
    assert_eq!((second.put, second.removed), (first.put, first.removed));
    assert_eq!(second.stored_files, 0);
    assert_eq!(
        app.stores.rows(),
        before,
        "password hashes and first loading included"
    );
    assert_eq!(rows::stamps(&app.content_files()), files);
}

#[tokio::test]
async fn the_standard_seed_again_changes_nothing() {
    let app = TestApp::start().await;
    let (before, files) = (app.stores.rows(), rows::stamps(&app.content_files()));
    app.set_time("2026-02-02T00:00:00Z");
    let summary = app.seed(include_str!("../support/seed.yaml")).await;
    assert_eq!(summary.stored_files, 0);
    assert_eq!(app.stores.rows(), before);
    assert_eq!(rows::stamps(&app.content_files()), files);
}

#[tokio::test]
async fn json_and_yaml_and_the_order_of_members_make_the_same_ids() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "onlineMeetings:\n  - {{ organizerId: \"{ORGANIZER}\", subject: \"Same\", joinWebUrl: null }}\n"
    ))
    .await;
    let before = app.stores.rows();
    // JSON is YAML, too.
    app.seed(&format!(
        "{{\"onlineMeetings\":[{{\"subject\":\"Same\",\"organizerId\":\"{ORGANIZER}\"}}]}}"
    ))
    .await;
    assert_eq!(app.stores.rows(), before);
}

#[tokio::test]
async fn the_words_of_secrets_are_nowhere_in_the_store() {
    let app = TestApp::start().await;
    app.seed(&everything()).await;
    let mut bytes = format!("{:?}", app.stores.rows()).into_bytes();
    for name in ["graphophone.db", "graphophone.db-wal"] {
        bytes.extend(std::fs::read(app.folder.path().join("data").join(name)).unwrap_or_default());
    }
    for secret in ["correct horse", "battery staple"] {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is stored as it is");
    }
}

#[tokio::test]
async fn another_password_is_hashed_anew_and_a_missing_one_is_removed() {
    let app = TestApp::start().await;
    let user = |rest: &str| {
        format!(
            "users:\n  - {{ id: \"aaaaaaaa-0000-4000-8000-000000000104\", tenantId: \"{CONTOSO}\"{rest} }}\n"
        )
    };
    let hash = || {
        let sql = "SELECT password_hash FROM users WHERE id = 'aaaaaaaa-0000-4000-8000-000000000104'";
        app.stores.texts(sql).remove(0)
    };
    app.seed(&user(", password: \"one\"")).await;
    let one = hash();
    app.seed(&user(", password: \"two\"")).await;
    let two = hash();
    assert!(one.starts_with("$argon2") && two.starts_with("$argon2") && one != two);
    app.seed(&user("")).await;
    assert_eq!(hash(), "");
}
