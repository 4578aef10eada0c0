//! Exports of ad hoc calls.

use serde_json::json;

use crate::auth::asking::{NO_RELATION, expect_refusal, expect_status, forbidden};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CALL, CONTOSO, FABRIKAM_ORGANIZER, ORGANIZER, READ, WITHOUT_POLICY,
};
use crate::support::{Answer, TestApp, TokenOf};

fn token() -> String {
    of(ARCHIVER)
}

fn of(application: &str) -> String {
    TokenOf::application(application)
        .permissions(&["CallRecordings.Read.All", "CallTranscripts.Read.All"])
        .sign()
}

fn calls() -> String {
    format!("/v1.0/users/{ORGANIZER}/adhocCalls")
}

#[tokio::test]
async fn recordings_of_all_calls_are_listed_below_their_user() {
    let app = TestApp::start().await;
    insta::assert_snapshot!(app.shown(&app.get(&(calls() + "/getAllRecordings"), &token()).await));
}

#[tokio::test]
async fn every_spelling_gives_the_same() {
    let app = TestApp::start().await;
    let user = calls();
    for path in [
        format!("{user}/getAllRecordings"),
        format!("{user}/getAllRecordings()"),
        format!("{user}/getAllRecordings(userId='{ORGANIZER}')"),
        format!("{user}/getAllRecordings(userId={ORGANIZER})"),
        format!("{user}/getAllRecordings(userId='{ORGANIZER}')?$top=5"),
        format!("{user}/microsoft.graph.getAllRecordings(userId=@u)?@u='{ORGANIZER}'"),
        format!("{user}/getAllRecordings(userId='@userId')?userId={ORGANIZER}"),
        format!(
            "{user}/getAllRecordings(userId='@userId',startDateTime=@startDateTime,endDateTime=@endDateTime)"
        ),
        format!(
            "{user}/getAllRecordings(userId='@userId'startDateTime=@startDateTimeendDateTime=@endDateTime)"
        ),
        // Of the page's own example: no user before it, no quotes, seven decimals.
        format!(
            "/v1.0/adhocCalls/getAllRecordings(userId={ORGANIZER},startDateTime=2026-01-06T15:00:00.0000000Z,\
             endDateTime=2026-01-06T15:00:00.0000001Z)"
        ),
        "/v1.0/adhocCalls/getAllRecordings(userId='organizer@contoso.example')".to_owned(),
    ] {
        let answer = app.get(&path, &token()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.ids(), ["call-recording"], "{path}");
        let context = answer.json()["@odata.context"].as_str().unwrap().to_owned();
        let expected = format!("{}/v1.0/$metadata#users('{ORGANIZER}')/adhocCalls", app.base());
        assert_eq!(context, expected, "{path}");
    }
}

#[tokio::test]
async fn without_a_user_before_it_the_parameter_is_needed() {
    let app = TestApp::start().await;
    for path in [
        "/v1.0/adhocCalls/getAllRecordings",
        "/v1.0/adhocCalls/getAllTranscripts()",
    ] {
        expect_status(&app, path, &token(), 400).await;
    }
}

#[tokio::test]
async fn bounds_and_kinds_are_as_of_meetings() {
    let app = TestApp::start().await;
    for (tail, expected) in [
        (
            "getAllRecordings(startDateTime=2026-01-06T15:00:00Z)",
            &["call-recording"][..],
        ),
        (
            "getAllRecordings(startDateTime=2026-01-06T15:00:00.0000001Z)",
            &[],
        ),
        ("getAllRecordings(endDateTime=2026-01-06T15:00:00Z)", &[]),
        ("getAllTranscripts", &["call-transcript"]),
        ("getAllTranscripts(endDateTime=2026-01-06T15:00:00Z)", &[]),
    ] {
        let answer = app.get(&format!("{}/{tail}", calls()), &token()).await;
        assert_eq!(answer.ids(), expected, "{tail}");
    }
}

#[tokio::test]
async fn pages_of_calls_lead_to_the_end() {
    let items: Vec<_> = (0..45)
        .map(|number| {
            json!({ "id": format!("more-{number:02}"), "adhocCallId": CALL, "contentFile": "one.mp4",
                              "createdDateTime": "2026-01-07T15:00:00Z" })
        })
        .collect();
    let app = TestApp::with()
        .seed(&json!({ "recordings": items }).to_string())
        .start()
        .await;
    for path in [
        calls() + "/getAllRecordings?$top=20",
        format!("/v1.0/adhocCalls/getAllRecordings(userId='{ORGANIZER}')?$top=20"),
    ] {
        let pages = app.pages(&path, &token()).await;
        let sizes: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
        assert_eq!(sizes, [20, 20, 6], "{path}");
        let mut all: Vec<String> = pages.iter().flat_map(Answer::ids).collect();
        all.dedup();
        assert_eq!(all.len(), 46);
    }
}

#[tokio::test]
async fn no_policy_is_asked_for() {
    let app = TestApp::with()
        .seed(&format!(
            "applications: [{{ appId: '{WITHOUT_POLICY}', tenantId: '{CONTOSO}', appRoles: ['CallRecordings.Read.All'] }}]"
        ))
        .start()
        .await;
    expect_status(&app, &(calls() + "/getAllRecordings"), &of(WITHOUT_POLICY), 200).await;
}

#[tokio::test]
async fn the_permission_is_that_of_calls() {
    let app = TestApp::start().await;
    let with = |names: &[&str]| TokenOf::application(ARCHIVER).permissions(names).sign();
    let recordings = calls() + "/getAllRecordings";
    let transcripts = calls() + "/getAllTranscripts";
    for (path, names, status) in [
        (&recordings, "CallRecordings.Read.All", 200),
        (&recordings, "CallTranscripts.Read.All", 403),
        // The name with which a signed-in user reads one.
        (&recordings, "CallRecording.Read.All", 403),
        (&recordings, READ, 403),
        (&transcripts, "CallTranscripts.Read.All", 200),
        (&transcripts, "CallRecordings.Read.All", 403),
    ] {
        expect_status(&app, path, &with(&[names]), status).await;
    }
}

#[tokio::test]
async fn a_signed_in_user_may_not() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["CallRecordings.Read.All"])
        .sign();
    let text = "Missing role permissions on the request. API requires one of 'CallRecordings.Read.All'. Roles on the \
                request ''.";
    for path in [
        "/v1.0/me/adhocCalls/getAllRecordings".to_owned(),
        calls() + "/getAllRecordings",
        calls() + "/getAllRecordings/delta",
        format!("/v1.0/adhocCalls/getAllRecordings(userId='{ORGANIZER}')"),
    ] {
        expect_refusal(&app, &path, &token, &forbidden(text)).await;
    }
}

#[tokio::test]
async fn another_user_than_that_of_the_path_is_403() {
    let app = TestApp::start().await;
    for other in [ATTENDEE, FABRIKAM_ORGANIZER, "nobody"] {
        expect_status(
            &app,
            &format!("{}/getAllRecordings(userId='{other}')", calls()),
            &token(),
            403,
        )
        .await;
    }
    for nobody in [FABRIKAM_ORGANIZER, "nobody"] {
        let path = format!("/v1.0/adhocCalls/getAllRecordings(userId='{nobody}')");
        expect_refusal(&app, &path, &token(), &forbidden(NO_RELATION)).await;
    }
}
