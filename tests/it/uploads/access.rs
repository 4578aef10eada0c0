//! Who may put recordings in, and that an `uploadUrl` is good for whoever still may.

use serde_json::json;

use super::{SESSIONS, Upload, into_standup, sample, uploader};
use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_MEETING, ORGANIZER, OUTSIDER, READ,
    WITHOUT_POLICY, WRITE,
};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn the_permission_and_the_policy_are_needed() {
    let app = TestApp::start().await;
    let request = into_standup("x", b"abc");
    let as_app = |app_id| TokenOf::application(app_id).permissions(&[WRITE]);
    let as_user = |user| TokenOf::user(user).permissions(&[WRITE]);
    for (what, token, status, text) in [
        (
            "without the role",
            TokenOf::application(ARCHIVER).permissions(&[READ]).sign(),
            403,
            "Missing role",
        ),
        (
            "without the scope",
            TokenOf::user(ORGANIZER).permissions(&[READ]).sign(),
            403,
            "Missing scope",
        ),
        (
            "without a policy",
            as_app(WITHOUT_POLICY).sign(),
            403,
            "No application access policy",
        ),
        ("an attendee", as_user(ATTENDEE).sign(), 403, "3003"),
        ("an outsider", as_user(OUTSIDER).sign(), 403, "3003"),
        (
            "another tenant",
            as_app(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign(),
            403,
            "3003",
        ),
        ("the organizer", as_user(ORGANIZER).sign(), 201, ""),
    ] {
        let answer = app.send_json("POST", SESSIONS, &token, &request).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().contains(text), "{what}: {}", answer.text());
    }
    let nobody = app.request("POST", SESSIONS).body(request.to_string());
    assert_eq!(app.send(nobody).await.status, 401);
}

#[tokio::test]
async fn a_meeting_is_told_to_be_missing_to_who_may_act_for_its_organizer() {
    let app = TestApp::start().await;
    let mut request = into_standup("x", b"abc");
    request["meeting"]["id"] = graphophone::ids::meeting_id(ORGANIZER, "19:meeting_none@thread.v2").into();
    let missing = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(missing.status, 404, "{}", missing.text());
    request["meeting"]["id"] = FABRIKAM_MEETING.into();
    let foreign = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    request["meeting"]["id"] = "nonsense".into();
    let malformed = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(malformed.status, 400, "{}", malformed.text());
}

#[tokio::test]
async fn a_source_is_uploaded_by_one_application() {
    let app = TestApp::with()
        .seed(
            "applicationAccessPolicies:\n  - { tenantId: aaaaaaaa-0000-4000-8000-000000000001, identity: Second, \
             appIds: [aaaaaaaa-0000-4000-8000-0000000000a2, aaaaaaaa-0000-4000-8000-0000000000a1], grantedTo: { global: true } }\n",
        )
        .start()
        .await;
    let bytes = sample("faststart.mp4");
    let request = into_standup("shared", &bytes);
    let upload = Upload::begin(&app, &request).await;
    let other = TokenOf::application(WITHOUT_POLICY).permissions(&[WRITE]).sign();
    let second = app.send_json("POST", SESSIONS, &other, &request).await;
    assert_eq!(second.error().0, 409, "{}", second.text());
    assert!(!second.text().contains("uploadUrl"));
    // What has come is told to whoever may act for its owner.
    let made = upload.put_all(&bytes, bytes.len()).await;
    let third = app.send_json("POST", SESSIONS, &other, &request).await;
    assert_eq!((third.status, &third.json()["id"]), (200, &made.json()["id"]));
}

#[tokio::test]
async fn an_upload_url_carries_its_own_secret() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let upload = Upload::begin(&app, &into_standup("secret", &bytes)).await;
    // Whatever else is said of who asks is passed over.
    for value in ["Bearer nonsense", "Basic eDp5", ""] {
        let asked = app.request("GET", upload.path()).header("authorization", value);
        assert_eq!(app.send(asked).await.status, 200, "{value}");
    }
    let url = upload.path();
    let mut changed = url.to_owned();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    for path in [
        changed.as_str(),
        &url[..url.len() - 4],
        "/api/v1/uploadSessions/x",
        &format!("{url}/x"),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = app.send(app.request(method, path)).await;
            assert_eq!(answer.error().0, 404, "{method} {path}");
        }
    }
    assert_eq!(app.send(app.request("POST", url)).await.status, 405);
}

#[tokio::test]
async fn an_upload_url_ends_with_the_right_to_upload() {
    let policy = |apps: &str| {
        format!(
            "applicationAccessPolicies:\n  - {{ tenantId: aaaaaaaa-0000-4000-8000-000000000001, identity: Archive-policy, \
             appIds: [{apps}], grantedTo: {{ global: true }} }}\n"
        )
    };
    let tenant = |suspended: bool| {
        format!(
            "tenants:\n  - {{ id: aaaaaaaa-0000-4000-8000-000000000001, displayName: Contoso, suspended: {suspended} }}\n"
        )
    };
    let application = |roles: &str, enabled: bool| {
        format!(
            "applications:\n  - {{ appId: {ARCHIVER}, tenantId: aaaaaaaa-0000-4000-8000-000000000001, \
             accountEnabled: {enabled}, appRoles: [{roles}] }}\n"
        )
    };
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let upload = Upload::begin(&app, &into_standup("revoked", &bytes)).await;
    for (revoke, status, give_back) in [
        (policy(""), 403, policy(ARCHIVER)),
        (tenant(true), 403, tenant(false)),
        (application(WRITE, false), 401, application(WRITE, true)),
        (application(READ, true), 401, application(WRITE, true)),
    ] {
        app.seed(&revoke).await;
        let refused = upload.put(0, &bytes, bytes.len()).await;
        assert_eq!(refused.status, status, "{revoke}: {}", refused.text());
        app.seed(&give_back).await;
        assert_eq!(upload.status().await.status, 200, "{give_back}");
    }
    assert_eq!(upload.put(0, &bytes, bytes.len()).await.status, 201);
}

#[tokio::test]
async fn a_signed_in_user_uploads_to_meetings_of_their_own() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let token = TokenOf::user(ATTENDEE).permissions(&[WRITE]).sign();
    let mut request = into_standup("mine", &bytes);
    request["meeting"] = json!({ "subject": "My notes" });
    let begun = app.send_json("POST", SESSIONS, &token, &request).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let made = Upload::of(&app, &begun).put_all(&bytes, bytes.len()).await;
    assert_eq!(made.json()["meetingOrganizer"]["user"]["id"], ATTENDEE);
    request["meeting"]["organizer"] = ORGANIZER.into();
    request["source"]["id"] = "not-mine".into();
    let refused = app.send_json("POST", SESSIONS, &token, &request).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
}
