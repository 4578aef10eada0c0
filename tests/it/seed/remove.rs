//! `@removed` of each collection, and what refuses it.

use super::rows;
use crate::support::names::{
    ARCHIVER, BY_CONSENT, CONTOSO, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_MEETING, FABRIKAM_ORGANIZER,
    ORGANIZER, STANDUP, my_standup, standup_of,
};
use crate::support::{TestApp, TokenOf};

const GONE: &str = "\"@removed\": { reason: deleted }";

async fn refused(app: &TestApp, yaml: &str) -> String {
    let (before, files) = (app.stores.rows(), rows::stamps(&app.content_files()));
    let problem = app.seed_refused(yaml).await;
    assert_eq!(app.stores.rows(), before, "{problem}");
    assert_eq!(rows::stamps(&app.content_files()), files, "{problem}");
    problem
}

#[tokio::test]
async fn a_removed_recording_is_gone_with_its_content() {
    let app = TestApp::start().await;
    let files = app.content_files().len();
    let summary = app
        .seed(&format!("recordings: [{{ id: recording-1, {GONE} }}]"))
        .await;
    assert_eq!((summary.put, summary.removed), (0, 1));
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    assert_eq!(app.get(&path, &token).await.error().0, 404);
    assert_eq!(app.get(&format!("{path}/content"), &token).await.error().0, 404);
    assert_eq!(app.content_files().len(), files - 1);
    assert_eq!(app.stores.rows()["content_objects"].len(), files - 1);
}

#[tokio::test]
async fn a_removed_transcript_is_gone_with_both_files() {
    let app = TestApp::start().await;
    app.seed(&format!("transcripts: [{{ id: transcript-1, meetingId: \"{STANDUP}\", contentFile: one.vtt, metadataFile: one.vtt }}]")).await;
    let files = app.content_files().len();
    app.seed(&format!("transcripts: [{{ id: transcript-1, {GONE} }}]"))
        .await;
    assert_eq!(app.content_files().len(), files - 2);
}

#[tokio::test]
async fn removing_what_is_not_there_changes_nothing() {
    let app = TestApp::start().await;
    let before = app.stores.rows();
    app.seed(&format!(
        r#"
tenants: [{{ id: t, {GONE} }}]
users: [{{ id: u, {GONE} }}]
applications: [{{ appId: a, tenantId: t, {GONE} }}]
applicationAccessPolicies: [{{ tenantId: t, identity: p, {GONE} }}]
resourceSpecificConsents: [{{ appId: a, threadId: x, {GONE} }}]
onlineMeetings: [{{ id: m, {GONE} }}]
adhocCalls: [{{ id: c, {GONE} }}]
recordings: [{{ id: r, {GONE} }}]
transcripts: [{{ id: s, {GONE} }}]
"#
    ))
    .await;
    assert_eq!(app.stores.rows(), before);
}

#[tokio::test]
async fn what_is_in_use_is_not_removed() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "adhocCalls: [{{ id: call-1, userId: \"{FABRIKAM_ORGANIZER}\" }}]\nrecordings: [{{ id: of-call, adhocCallId: call-1, contentFile: one.mp4 }}]"
    ))
    .await;
    for (yaml, pointer) in [
        (
            format!("tenants: [{{ id: \"{FABRIKAM}\", {GONE} }}]"),
            "/tenants/0",
        ),
        (format!("users: [{{ id: \"{ORGANIZER}\", {GONE} }}]"), "/users/0"),
        // Takes part in a meeting.
        (
            format!("users: [{{ id: \"aaaaaaaa-0000-4000-8000-00000000000c\", {GONE} }}]"),
            "/users/0",
        ),
        (
            format!("onlineMeetings: [{{ id: \"{STANDUP}\", {GONE} }}]"),
            "/onlineMeetings/0",
        ),
        (format!("adhocCalls: [{{ id: call-1, {GONE} }}]"), "/adhocCalls/0"),
    ] {
        let problem = refused(&app, &yaml).await;
        assert!(problem.contains(&format!("seed.yaml: {pointer}")), "{problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
}

#[tokio::test]
async fn a_whole_tenant_goes_in_one_file_whatever_its_order() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
tenants: [{{ id: "{FABRIKAM}", {GONE} }}]
users: [{{ id: "{FABRIKAM_ORGANIZER}", {GONE} }}]
applications: [{{ appId: "{FABRIKAM_ARCHIVER}", tenantId: "{FABRIKAM}", {GONE} }}]
applicationAccessPolicies: [{{ tenantId: "{FABRIKAM}", identity: "Archive-policy", {GONE} }}]
onlineMeetings: [{{ id: "{FABRIKAM_MEETING}", {GONE} }}]
recordings: [{{ id: "fabrikam-recording", {GONE} }}]
"#
    ))
    .await;
    for (table, found) in app.stores.rows() {
        // The journal of changes remembers what there was.
        if table != "changes" {
            assert!(
                !found.iter().any(|row| row.contains(FABRIKAM)),
                "{table}: {found:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_removed_policy_consent_and_application_count_at_once() {
    let app = TestApp::start().await;
    let list = format!("{}/recordings", standup_of(ORGANIZER));
    let archiver = TokenOf::application(ARCHIVER).sign();
    let by_consent = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    assert_eq!(app.get(&list, &archiver).await.status, 200);
    assert_eq!(app.get(&list, &by_consent).await.status, 200);
    app.seed(&format!(
        "applicationAccessPolicies: [{{ tenantId: \"{CONTOSO}\", identity: \"Archive-policy\", {GONE} }}]"
    ))
    .await;
    app.seed(&format!("resourceSpecificConsents: [{{ appId: \"{BY_CONSENT}\", threadId: \"19:meeting_standup@thread.v2\", {GONE} }}]")).await;
    assert_eq!(app.get(&list, &archiver).await.status, 403);
    assert_eq!(app.get(&list, &by_consent).await.status, 403);
    app.seed(&format!(
        "applications: [{{ appId: \"{ARCHIVER}\", tenantId: \"{CONTOSO}\", {GONE} }}]"
    ))
    .await;
    assert_eq!(app.get(&list, &archiver).await.status, 401);
}

#[tokio::test]
async fn a_removed_user_sees_nothing() {
    let app = TestApp::start().await;
    // An attendee who is taken out of the meeting and removed, in one file.
    let attendee = "aaaaaaaa-0000-4000-8000-00000000000c";
    let token = TokenOf::user(attendee).sign();
    let list = format!("{}/recordings", my_standup());
    assert_eq!(app.get(&list, &token).await.status, 200);
    app.seed(&format!(
        "users: [{{ id: \"{attendee}\", {GONE} }}]\nonlineMeetings: [{{ id: \"{STANDUP}\", organizerId: \"{ORGANIZER}\" }}]"
    ))
    .await;
    let status = app.get(&list, &token).await.status;
    assert!(matches!(status, 401 | 403), "{status}");
}

#[tokio::test]
async fn a_removed_users_name_goes_to_another_in_the_same_file() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000131", tenantId: "{CONTOSO}", userPrincipalName: "outsider@contoso.example" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-00000000000e", {GONE} }}
"#
    ))
    .await;
}

fn held(rest: &str) -> String {
    format!("recordings: [{{ id: held, meetingId: \"{STANDUP}\", {rest} }}]")
}

#[tokio::test]
async fn a_recording_on_legal_hold_is_neither_removed_nor_emptied_nor_replaced() {
    let app = TestApp::start().await;
    app.seed(&held("contentFile: one.mp4, legalHold: true")).await;
    for (yaml, pointer) in [
        (format!("recordings: [{{ id: held, {GONE} }}]"), "/recordings/0"),
        (
            held("contentFile: two.mp4, legalHold: true"),
            "/recordings/0/contentFile",
        ),
        (held("contentFile: two.mp4"), "/recordings/0/contentFile"),
        (held("uploadState: pending, legalHold: true"), "/recordings/0"),
        (held("uploadState: pending"), "/recordings/0"),
    ] {
        let problem = refused(&app, &yaml).await;
        assert!(
            problem.contains(&format!("seed.yaml: {pointer}")),
            "{yaml}: {problem}"
        );
        assert!(problem.contains("legal hold"), "{problem}");
    }
    // Its other members may change, and the hold itself.
    app.seed(&held("contentFile: one.mp4, legalHold: true, quarantined: true"))
        .await;
    app.seed(&held("contentFile: one.mp4")).await;
    app.seed(&format!("recordings: [{{ id: held, {GONE} }}]")).await;
}

#[tokio::test]
async fn removed_and_its_meeting_with_it() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
onlineMeetings: [{{ id: "{STANDUP}", {GONE} }}]
recordings: [{{ id: recording-1, {GONE} }}, {{ id: recording-2, {GONE} }}]
transcripts: [{{ id: transcript-1, {GONE} }}]
"#
    ))
    .await;
    assert_eq!(app.stores.rows()["meeting_participants"].len(), 0);
}
