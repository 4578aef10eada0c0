//! What a seed makes visible, and when.

use crate::support::names::{CONTOSO, ORGANIZER, STANDUP, my_standup};
use crate::support::{TestApp, TokenOf, media};

async fn listed(app: &TestApp) -> Vec<String> {
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app.get(&format!("{}/recordings", my_standup()), &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    let ids = json["value"].as_array().unwrap().iter();
    ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn recording(id: &str, rest: &str) -> String {
    format!(
        "recordings:\n  - {{ id: \"{id}\", meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-19T09:00:00Z\", {rest} }}\n"
    )
}

#[tokio::test]
async fn a_pending_recording_is_not_shown_until_its_bytes_are_there() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let one = format!("{}/recordings/new", my_standup());
    app.seed(&recording("new", "uploadState: \"pending\"")).await;
    assert_eq!(listed(&app).await, ["recording-1", "recording-2"]);
    for path in [&one, &format!("{one}/content")] {
        let error = app.get(path, &token).await.error();
        assert_eq!((error.0, error.1.as_str()), (404, "NotFound"), "{path}");
    }
    app.seed(&recording("new", "contentFile: \"two.mp4\"")).await;
    assert_eq!(listed(&app).await, ["recording-1", "recording-2", "new"]);
    let content = app.get(&format!("{one}/content"), &token).await;
    assert!(content.body == media(300_000));
}

#[tokio::test]
async fn pending_again_hides_it_and_removes_its_bytes() {
    let app = TestApp::start().await;
    let files = app.content_files().len();
    app.seed(&recording("recording-2", "uploadState: \"pending\""))
        .await;
    assert_eq!(listed(&app).await, ["recording-1"]);
    assert_eq!(app.content_files().len(), files - 1);
}

#[tokio::test]
async fn deleted_and_restored() {
    let app = TestApp::start().await;
    let (file, deleted) = (
        "contentFile: \"two.mp4\"",
        "contentFile: \"two.mp4\", deletedDateTime: \"2026-01-20T00:00:00Z\"",
    );
    app.seed(&recording("new", file)).await;
    app.seed(&recording("new", deleted)).await;
    assert_eq!(listed(&app).await, ["recording-1", "recording-2"]);
    app.seed(&recording("new", file)).await;
    assert_eq!(listed(&app).await, ["recording-1", "recording-2", "new"]);
}

#[tokio::test]
async fn a_quarantined_recording_has_metadata_and_no_content() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    app.seed(&recording("bad", "contentFile: \"two.mp4\", quarantined: true"))
        .await;
    let path = format!("{}/recordings/bad", my_standup());
    assert_eq!(app.get(&path, &token).await.status, 200);
    let error = app.get(&format!("{path}/content"), &token).await.error();
    assert_eq!((error.0, error.1.as_str()), (403, "malwareDetected"));
}

#[tokio::test]
async fn only_what_was_not_visible_before_is_a_change() {
    let app = TestApp::start().await;
    let changes = || app.stores.rows().remove("changes").unwrap().len();
    let before = changes();
    app.seed(&recording("new", "uploadState: \"pending\"")).await;
    assert_eq!(changes(), before);
    app.seed(&recording("new", "contentFile: \"two.mp4\"")).await;
    assert_eq!(changes(), before + 1);
    app.seed(&recording("new", "contentFile: \"one.mp4\"")).await;
    assert_eq!(changes(), before + 1);
}

#[tokio::test]
async fn instants_of_any_offset_are_kept_to_100_ns() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    app.seed(&format!(
        "recordings:\n  - {{ id: \"new\", meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-19T11:00:00.123456789+02:00\", contentFile: \"one.mp4\" }}\n"
    ))
    .await;
    let answer = app.get(&format!("{}/recordings/new", my_standup()), &token).await;
    assert_eq!(answer.json()["createdDateTime"], "2026-01-19T09:00:00.1234567Z");
}

#[tokio::test]
async fn a_suspended_tenant_gets_403_and_keeps_everything() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings", my_standup());
    app.seed(&format!(
        "tenants:\n  - {{ id: \"{CONTOSO}\", suspended: true }}\n"
    ))
    .await;
    assert_eq!(app.get(&path, &token).await.status, 403);
    app.seed(&format!("tenants:\n  - {{ id: \"{CONTOSO}\" }}\n"))
        .await;
    assert_eq!(app.get(&path, &token).await.status, 200);
    assert_eq!(listed(&app).await, ["recording-1", "recording-2"]);
}

#[tokio::test]
async fn a_meeting_without_times_expires_60_days_after_it_was_first_loaded() {
    let app = TestApp::start().await;
    let seed = format!(
        "onlineMeetings:\n  - {{ id: \"timeless\", organizerId: \"{ORGANIZER}\" }}\nrecordings:\n  - {{ id: \"r\", meetingId: \"timeless\", contentFile: \"one.mp4\" }}\n"
    );
    app.seed(&seed).await;
    let status = async || {
        let token = TokenOf::user(ORGANIZER).issued_by(&app.clock).sign();
        let path = "/v1.0/me/onlineMeetings/timeless/recordings/r";
        app.get(path, &token).await.status
    };
    app.set_time("2026-03-30T12:00:00Z");
    app.seed(&seed).await;
    assert_eq!(status().await, 200);
    app.set_time("2026-04-02T12:00:01Z");
    assert_eq!(status().await, 404, "loading it again did not move that");
}
