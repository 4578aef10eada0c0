//! An object whose key is there already is replaced whole.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::rows;
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, STANDUP, my_standup, standup_of};
use crate::support::stores::content_is_in_a_folder;
use crate::support::{TestApp, TokenOf, media};

fn recording_1(rest: &str) -> String {
    format!("recordings:\n  - {{ id: \"recording-1\", meetingId: \"{STANDUP}\"{rest} }}\n")
}

#[tokio::test]
async fn content_is_replaced_with_its_etag_and_the_old_file_goes() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1/content", my_standup());
    let before = app.get(&path, &token).await;
    assert_eq!((before.status, before.body.len()), (200, 1000));
    let files = app.content_files();

    app.seed(&recording_1(", contentFile: \"two.mp4\"")).await;
    let after = app.get(&path, &token).await;
    assert_eq!(after.status, 200);
    assert!(after.body == media(300_000));
    assert_ne!(after.header("etag"), before.header("etag"));
    let now = app.content_files();
    assert_eq!(now.len(), files.len());
    assert_eq!(
        files.iter().filter(|file| !now.contains(file)).count(),
        1,
        "exactly the old file is gone"
    );
    let stale = app
        .request("GET", &path)
        .bearer_auth(&token)
        .header("If-Match", before.header("etag"));
    assert_eq!(app.send(stale).await.status, 412);
}

#[tokio::test]
async fn members_that_are_left_out_fall_back_to_their_defaults() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let before = app.get(&path, &token).await.json();
    assert_eq!(before["endDateTime"], "2026-01-05T09:14:59.7654321Z");
    app.seed(&recording_1(", contentFile: \"one.mp4\"")).await;
    let after = app.get(&path, &token).await.json();
    assert_eq!(after["endDateTime"], serde_json::Value::Null);
    assert_ne!(after["callId"], before["callId"]);
    // The start of the meeting stands in for the time of the recording.
    assert_eq!(after["createdDateTime"], "2026-01-05T09:00:00.0000000Z");
}

#[tokio::test]
async fn the_same_bytes_keep_their_file_and_their_etag() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1/content", my_standup());
    let before = app.get(&path, &token).await;
    let files = rows::stamps(&app.content_files());
    std::fs::write(app.seeds().join("copy.mp4"), media(1000)).unwrap();
    app.seed(&recording_1(", contentFile: \"copy.mp4\"")).await;
    let after = app.get(&path, &token).await;
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(rows::stamps(&app.content_files()), files);
}

#[tokio::test]
async fn bytes_of_the_same_length_are_told_apart() {
    let app = TestApp::start().await;
    let mut other = media(1000);
    other[999] ^= 1;
    std::fs::write(app.seeds().join("other.mp4"), &other).unwrap();
    app.seed(&recording_1(", contentFile: \"other.mp4\"")).await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1/content", my_standup());
    assert!(app.get(&path, &token).await.body == other);
}

#[tokio::test]
async fn a_download_in_flight_of_replaced_content_goes_on() {
    const LENGTH: usize = 12_000_000;
    let app = TestApp::start().await;
    std::fs::write(app.seeds().join("long.mp4"), media(LENGTH)).unwrap();
    app.seed(&recording_1(", contentFile: \"long.mp4\"")).await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1/content", my_standup());

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    let mut stream = socket.connect(app.address().parse().unwrap()).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));

    app.seed(&recording_1(", contentFile: \"one.mp4\"")).await;
    assert_eq!(app.get(&path, &token).await.body.len(), 1000);
    let read = stream.read_to_end(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(30), read).await.unwrap();
    let start = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let (body, old) = (&answer[start..], media(LENGTH));
    assert!(old.starts_with(body), "the old bytes");
    // A bucket does not keep for a reader what was removed.
    if content_is_in_a_folder() {
        read.unwrap();
        assert_eq!(body.len(), LENGTH, "all of them");
    }
}

#[tokio::test]
async fn a_policy_is_replaced_whole_at_once() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    assert_eq!(app.get(&path, &token).await.status, 200);
    app.seed(&format!(
        "applicationAccessPolicies:\n  - {{ tenantId: \"{CONTOSO}\", identity: \"Archive-policy\", appIds: [], grantedTo: {{ global: true }} }}\n"
    ))
    .await;
    assert_eq!(app.get(&path, &token).await.status, 403);
    app.seed(&format!(
        "applicationAccessPolicies:\n  - {{ tenantId: \"{CONTOSO}\", identity: \"Archive-policy\", appIds: [\"{ARCHIVER}\"], grantedTo: {{ users: [\"organizer@contoso.example\"] }} }}\n"
    ))
    .await;
    assert_eq!(app.get(&path, &token).await.status, 200);
}

#[tokio::test]
async fn users_may_exchange_their_names() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
users:
  - {{ id: "{ORGANIZER}", tenantId: "{CONTOSO}", userPrincipalName: "coorganizer@contoso.example" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-00000000000b", tenantId: "{CONTOSO}", userPrincipalName: "organizer@contoso.example" }}
"#
    ))
    .await;
    let users = app.stores.rows().remove("users").unwrap();
    assert!(
        users
            .iter()
            .any(|row| row.starts_with(ORGANIZER) && row.contains("coorganizer@"))
    );
}

#[tokio::test]
async fn a_name_goes_from_a_user_who_is_renamed_to_a_new_one_in_one_file() {
    let app = TestApp::start().await;
    // The new one stands first: the order in the file does not matter.
    app.seed(&format!(
        r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000111", tenantId: "{CONTOSO}", userPrincipalName: "outsider@contoso.example" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-00000000000e", tenantId: "{CONTOSO}", userPrincipalName: "renamed@contoso.example" }}
"#
    ))
    .await;
}

#[tokio::test]
async fn a_deleted_users_name_may_be_given_to_somebody_else() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-00000000000e", tenantId: "{CONTOSO}", userPrincipalName: "outsider@contoso.example", deletedDateTime: "2026-01-01T00:00:00Z" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000112", tenantId: "{CONTOSO}", userPrincipalName: "Outsider@contoso.example" }}
"#
    ))
    .await;
}

#[tokio::test]
async fn participants_are_named_by_id_or_by_name_in_any_case() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
onlineMeetings:
  - id: "{STANDUP}"
    organizerId: "ORGANIZER@contoso.example"
    expiryDateTime: "2099-01-01T00:00:00Z"
    threadId: "19:meeting_standup@thread.v2"
    participants:
      - {{ userId: "Outsider@Contoso.example", role: "attendee" }}
"#
    ))
    .await;
    let path = format!("{}/recordings", my_standup());
    let outsider = TokenOf::user("aaaaaaaa-0000-4000-8000-00000000000e").sign();
    assert_eq!(app.get(&path, &outsider).await.status, 200);
    // Replaced whole: the earlier participants are none any more.
    let attendee = TokenOf::user("aaaaaaaa-0000-4000-8000-00000000000c").sign();
    let error = app.get(&path, &attendee).await.error();
    assert_eq!(error.0, 403);
    assert!(error.2.contains("3003"), "{}", error.2);
}

#[tokio::test]
async fn a_deleted_user_of_the_file_is_not_meant_by_the_name() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000113", tenantId: "{CONTOSO}", userPrincipalName: "twice@contoso.example", deletedDateTime: "2026-01-01T00:00:00Z" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000114", tenantId: "{CONTOSO}", userPrincipalName: "twice@contoso.example" }}
onlineMeetings:
  - {{ id: "by-name", organizerId: "twice@contoso.example" }}
"#
    ))
    .await;
    let meetings = app.stores.rows().remove("online_meetings").unwrap();
    let meeting = meetings.iter().find(|row| row.starts_with("by-name")).unwrap();
    assert!(
        meeting.contains("aaaaaaaa-0000-4000-8000-000000000114"),
        "{meeting}"
    );
}
