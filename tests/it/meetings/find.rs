//! `GET …/onlineMeetings?$filter=…`: by the address or the number with which people join.

use serde_json::{Value, json};

use super::{MINE, application, created, of_organizer, reader};
use crate::auth::asking::{NO_RELATION, expect_refusal, forbidden, refusal};
use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM, FABRIKAM_ORGANIZER, ORGANIZER, OUTSIDER, STANDUP, WITHOUT_POLICY,
};
use crate::support::{TestApp, TokenOf};

/// As a client library writes a value into a query.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn by_url(url: &str) -> String {
    format!("{MINE}?$filter=JoinWebUrl%20eq%20'{}'", encoded(url))
}

#[tokio::test]
async fn a_meeting_is_found_by_its_address() {
    let app = TestApp::start().await;
    let answer = app
        .get(&by_url("https://teams.example/standup"), &reader(ORGANIZER))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        body["@odata.context"],
        format!(
            "{}/v1.0/$metadata#users('{ORGANIZER}')/onlineMeetings",
            app.base()
        )
    );
    assert_eq!(
        (body["@odata.count"].clone(), answer.ids()),
        (json!(1), vec![STANDUP.to_owned()])
    );
    let one = app
        .get(&format!("{MINE}/{STANDUP}"), &reader(ORGANIZER))
        .await
        .json();
    for (name, value) in body["value"][0].as_object().unwrap() {
        assert_eq!(value, &one[name], "{name}");
    }
}

#[tokio::test]
async fn an_address_is_found_however_often_it_was_encoded() {
    let app = TestApp::start().await;
    let meeting = created(&app, &json!({})).await;
    let url = meeting["joinWebUrl"].as_str().unwrap();
    assert!(url.contains("context=%7B"), "{url}");
    let decoded = odata::path::decode_segment(url).unwrap();
    for (spelled, text) in [
        ("as it is", encoded(url)),
        ("once decoded", encoded(&decoded)),
        ("encoded twice", encoded(&encoded(url))),
        ("encoded three times", encoded(&encoded(&encoded(url)))),
        ("with its own escapes only", url.replace('&', "%26")),
        (
            "in lower case escapes",
            encoded(&url.replace("%7B", "%7b").replace("%3A", "%3a")),
        ),
    ] {
        for name in ["JoinWebUrl", "joinWebUrl", "joinweburl"] {
            let path = format!("{MINE}?$filter={name}%20eq%20'{text}'");
            let answer = app.get(&path, &reader(ORGANIZER)).await;
            assert_eq!(answer.status, 200, "{spelled}: {}", answer.text());
            assert_eq!(answer.json()["value"][0]["id"], meeting["id"], "{spelled}");
        }
    }
}

#[tokio::test]
async fn a_meeting_is_found_by_its_number() {
    let app = TestApp::start().await;
    let meeting = created(&app, &json!({})).await;
    let number = meeting["joinMeetingIdSettings"]["joinMeetingId"]
        .as_str()
        .unwrap();
    for path in [
        format!("{MINE}?$filter=joinMeetingIdSettings/joinMeetingId%20eq%20'{number}'"),
        format!("{MINE}?$filter=JoinMeetingIdSettings%2FJoinMeetingId+eq+%27{number}%27"),
    ] {
        let answer = app.get(&path, &reader(ORGANIZER)).await;
        assert_eq!(
            answer.json()["value"][0]["id"],
            meeting["id"],
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn an_application_finds_for_the_user_of_the_path() {
    let app = TestApp::start().await;
    let query = "?$filter=JoinWebUrl eq 'https://teams.example/standup'";
    let answer = app.get(&(of_organizer() + query), &application()).await;
    assert_eq!(answer.ids(), [STANDUP]);
    let path = format!("/v1.0/users/{ATTENDEE}/onlineMeetings{query}");
    expect_refusal(&app, &path, &application(), &forbidden(NO_RELATION)).await;
}

#[tokio::test]
async fn what_is_of_others_or_of_nobody_is_answered_alike() {
    let app = TestApp::with()
        .seed(&format!(
            "onlineMeetings: [{{ id: theirs, organizerId: '{FABRIKAM_ORGANIZER}', joinWebUrl: 'https://teams.example/theirs', \
             expiryDateTime: '2099-01-01T00:00:00Z' }}]"
        ))
        .start()
        .await;
    for url in [
        "https://teams.example/standup",
        "https://teams.example/theirs",
        "https://teams.example/none",
        "",
    ] {
        for token in [reader(ATTENDEE), reader(OUTSIDER)] {
            expect_refusal(&app, &by_url(url), &token, &forbidden(NO_RELATION)).await;
        }
    }
    for url in ["https://teams.example/theirs", "https://teams.example/none"] {
        expect_refusal(&app, &by_url(url), &reader(ORGANIZER), &forbidden(NO_RELATION)).await;
    }
    let number = format!("{MINE}?$filter=joinMeetingIdSettings/joinMeetingId eq '1'");
    expect_refusal(&app, &number, &reader(ORGANIZER), &forbidden(NO_RELATION)).await;
}

#[tokio::test]
async fn without_a_filter_the_reference_lists_nothing() {
    let app = TestApp::start().await;
    for query in ["", "?$top=5", "?$select=id"] {
        let answer = app.get(&format!("{MINE}{query}"), &reader(ORGANIZER)).await;
        let (status, code, message) = answer.error();
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{query}");
        assert!(message.starts_with("Filter expression expected"), "{message}");
    }
}

#[tokio::test]
async fn other_filters_and_options_are_400() {
    let app = TestApp::start().await;
    for query in [
        "$filter=subject eq 'Stand-up'",
        "$filter=startswith(joinWebUrl,'https')",
        "$filter=joinWebUrl ne 'x'",
        "$filter=joinWebUrl eq 'x' or joinWebUrl eq 'y'",
        "$filter=joinWebUrl eq null",
        "$filter=colour eq 'red'",
        "$filter=joinWebUrl eq 'x'&$orderby=subject",
        "$filter=joinWebUrl eq 'x'&$count=true",
        "$filter=joinWebUrl eq 'x'&$skip=1",
        "$filter=joinWebUrl eq 'x'&$expand=recordings",
    ] {
        let (status, code, _) = app
            .get(&format!("{MINE}?{query}"), &reader(ORGANIZER))
            .await
            .error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{query}");
    }
}

#[tokio::test]
async fn found_meetings_are_selected() {
    let app = TestApp::start().await;
    let path = by_url("https://teams.example/standup") + "&$select=subject";
    let body = app.get(&path, &reader(ORGANIZER)).await.json();
    assert_eq!(body["value"], json!([{ "subject": "Stand-up" }]));
}

#[tokio::test]
async fn a_device_finds_meetings_of_the_tenant_by_its_number() {
    let app = TestApp::with()
        .seed(&format!(
            "onlineMeetings:
  - {{ id: theirs, organizerId: '{FABRIKAM_ORGANIZER}', videoTeleconferenceId: '123', expiryDateTime: '2099-01-01T00:00:00Z' }}
  - {{ id: deleted, organizerId: '{ATTENDEE}', videoTeleconferenceId: '123', expiryDateTime: '2099-01-01T00:00:00Z', deletedDateTime: '2026-01-01T00:00:00Z' }}"
        ))
        .start()
        .await;
    let path = "/v1.0/communications/onlineMeetings";
    for path in [path.to_owned(), format!("{path}/")] {
        let answer = app
            .get(
                &format!("{path}?$filter=VideoTeleconferenceId%20eq%20'123'"),
                &application(),
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.ids(), [STANDUP]);
        let context = answer.json()["@odata.context"].clone();
        assert_eq!(
            context,
            format!("{}/v1.0/$metadata#communications/onlineMeetings", app.base())
        );
    }
    let none = app
        .get(
            &format!("{path}?$filter=VideoTeleconferenceId eq '456'"),
            &application(),
        )
        .await;
    assert_eq!(
        (none.status, none.json()["value"].clone()),
        (200, Value::Array(Vec::new()))
    );
    // No policy is asked for: the reference has none here.
    let token = TokenOf::application(FABRIKAM).sign();
    assert_eq!(app.get(path, &token).await.status, 401);
}

#[tokio::test]
async fn a_device_needs_its_number_and_an_application() {
    let app = TestApp::start().await;
    let path = "/v1.0/communications/onlineMeetings";
    for query in ["", "?$filter=JoinWebUrl eq 'https://teams.example/standup'"] {
        let (status, code, message) = app.get(&format!("{path}{query}"), &application()).await.error();
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{query}");
        assert!(message.starts_with("Filter expression expected"), "{message}");
    }
    let query = format!("{path}?$filter=VideoTeleconferenceId eq '123'");
    expect_refusal(
        &app,
        &query,
        &reader(ORGANIZER),
        &forbidden("Insufficient permissions"),
    )
    .await;
    let text = "Missing role permissions on the request. API requires one of 'OnlineMeetings.Read.All, \
                OnlineMeetings.ReadWrite.All'. Roles on the request 'OnlineMeetingRecording.Read.All'.";
    for application in [ARCHIVER, WITHOUT_POLICY] {
        let token = TokenOf::application(application)
            .permissions(&["OnlineMeetingRecording.Read.All"])
            .sign();
        expect_refusal(&app, &query, &token, &refusal(403, "Forbidden", text)).await;
    }
}
