//! The keys that sign tokens: sealed, followed by others, published as long as they are needed.

use std::time::Duration;

use super::{GRAPH_DEFAULT, SECRET, with_secret};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, standup_of};
use crate::support::{TestApp, own_key};

async fn token(app: &TestApp) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ARCHIVER),
        ("client_secret", SECRET),
        ("scope", GRAPH_DEFAULT),
    ];
    let answer = app
        .post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn published(app: &TestApp) -> usize {
    let answer = app.send(app.request("GET", "/common/discovery/v2.0/keys")).await;
    answer.json()["keys"].as_array().unwrap().len()
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.get(&format!("{}/recordings", standup_of(ORGANIZER)), token)
        .await
        .status
}

#[tokio::test]
async fn a_key_that_was_followed_counts_until_its_last_token_has_expired() {
    let app = with_secret().start().await;
    let before = token(&app).await;
    app.set_time("2026-02-01T12:10:00Z");
    assert!(app.store.rotate_keys(None).await.unwrap());
    let after = token(&app).await;
    assert_ne!(before.split('.').next(), after.split('.').next(), "another kid");
    assert_eq!(
        (status(&app, &before).await, status(&app, &after).await),
        (200, 200)
    );
    assert_eq!(published(&app).await, 2);
    app.set_time("2026-02-02T12:41:00Z");
    assert_eq!(published(&app).await, 2, "24 h 31 min later");
    app.set_time("2026-02-02T12:42:01Z");
    assert_eq!(
        published(&app).await,
        1,
        "24 h 32 min later: the longest token, and clocks that differ"
    );
    // Rotation removes what is not published any more.
    app.set_time("2026-02-02T12:45:00Z");
    assert!(app.store.rotate_keys(None).await.unwrap());
    let kids = app
        .stores
        .texts("SELECT kid FROM signing_keys WHERE purpose = 'token'");
    assert_eq!(kids.len(), 2);
    assert!(!kids.contains(&own_key().kid().to_owned()));
}

#[tokio::test]
async fn rotation_on_schedule_waits_for_the_keys_age() {
    // The server's own look, which may come at any time, is not to be first.
    let app = TestApp::with()
        .config("authority.key_rotation = '3650d'")
        .start()
        .await;
    let age = Duration::from_secs(90 * 86_400);
    assert!(!app.store.rotate_keys(Some(age)).await.unwrap());
    app.set_time("2026-05-03T12:00:00Z");
    assert!(app.store.rotate_keys(Some(age)).await.unwrap());
    assert!(!app.store.rotate_keys(Some(age)).await.unwrap());
}

#[tokio::test]
async fn stored_keys_are_sealed_with_the_key_file() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::start().await;
    let open = app
        .stores
        .texts("SELECT kid FROM signing_keys WHERE is_sealed = FALSE");
    assert_eq!(open, Vec::<String>::new());
    let file = app.folder.path().join("data/authority.key");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // Without it, or with another, nobody signs.
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let missing = app.store.keys().await.unwrap_err().to_string();
    assert!(
        missing.contains("copy it from the node that made it"),
        "{missing}"
    );
    assert!(!file.exists());
    std::fs::write(&file, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
    let other = app.store.keys().await.unwrap_err().to_string();
    assert!(other.contains("sealed with the key of another file"), "{other}");
    std::fs::write(&file, "short").unwrap();
    let bad = app.store.keys().await.unwrap_err().to_string();
    assert!(bad.contains("does not hold 32 bytes in base64"), "{bad}");
    std::fs::write(&file, kept).unwrap();
    app.store.keys().await.unwrap();
}
