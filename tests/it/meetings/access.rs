//! Permissions and policies of meetings themselves.

use reqwest::Method;
use serde_json::json;

use super::{MINE, of_organizer};
use crate::auth::asking::{NO_POLICY, forbidden, refusal};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, STANDUP, WITHOUT_POLICY};
use crate::support::{Answer, TestApp, TokenOf};

/// What reads, and what writes: method and what comes behind `onlineMeetings`.
fn operations() -> [(Method, String, bool); 6] {
    let found = "?$filter=JoinWebUrl eq 'https://teams.example/standup'";
    [
        (Method::GET, format!("/{STANDUP}"), false),
        (Method::GET, found.to_owned(), false),
        (Method::POST, String::new(), true),
        (Method::POST, "/createOrGet".to_owned(), true),
        (Method::PATCH, format!("/{STANDUP}"), true),
        (Method::DELETE, format!("/{STANDUP}"), true),
    ]
}

async fn ask(app: &TestApp, method: &Method, path: &str, token: &str) -> Answer {
    let body = match path.ends_with("createOrGet") {
        true => json!({ "externalId": "e-1" }),
        false => json!({}),
    };
    app.send_json(method.as_str(), path, token, &body).await
}

#[tokio::test]
async fn each_permission_opens_what_it_names() {
    let app = TestApp::start().await;
    for (method, tail, writes) in operations() {
        for (permission, reads_only, is_role) in [
            ("OnlineMeetings.Read", true, false),
            ("OnlineMeetings.ReadWrite", false, false),
            ("OnlineMeetings.Read.All", true, true),
            ("OnlineMeetings.ReadWrite.All", false, true),
        ] {
            let token = match is_role {
                true => TokenOf::application(ARCHIVER),
                false => TokenOf::user(ORGANIZER),
            };
            let path = format!("{}{tail}", of_organizer());
            // Deleting is the last of the operations, so every other finds the meeting.
            let answer = ask(&app, &method, &path, &token.permissions(&[permission]).sign()).await;
            let is_gone = method == Method::DELETE && answer.status == 404;
            let expected = !(writes && reads_only);
            assert_eq!(
                answer.status < 300 || is_gone,
                expected,
                "{method} {tail} {permission}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let app = TestApp::start().await;
    for (method, tail, writes) in operations() {
        let scopes = match writes {
            true => "OnlineMeetings.ReadWrite",
            false => "OnlineMeetings.Read, OnlineMeetings.ReadWrite",
        };
        let roles = match writes {
            true => "OnlineMeetings.ReadWrite.All",
            false => "OnlineMeetings.Read.All, OnlineMeetings.ReadWrite.All",
        };
        let user = TokenOf::user(ORGANIZER).permissions(&["User.Read"]).sign();
        let text = format!(
            "Missing scope permissions on the request. API requires one of '{scopes}'. Scopes on the request 'User.Read'."
        );
        let answer = ask(&app, &method, &format!("{MINE}{tail}"), &user).await;
        assert_eq!(answer.error(), forbidden(&text), "{method} {tail}");
        let application = TokenOf::application(ARCHIVER)
            .permissions(&["User.Read.All"])
            .sign();
        let text = format!(
            "Missing role permissions on the request. API requires one of '{roles}'. Roles on the request 'User.Read.All'."
        );
        let answer = ask(&app, &method, &format!("{}{tail}", of_organizer()), &application).await;
        assert_eq!(answer.error(), forbidden(&text), "{method} {tail}");
    }
}

#[tokio::test]
async fn an_application_needs_a_policy_and_has_no_me() {
    let roles = "appRoles: ['OnlineMeetings.ReadWrite.All']";
    let app = TestApp::with()
        .seed(&format!(
            "applications: [{{ appId: '{WITHOUT_POLICY}', tenantId: '{CONTOSO}', {roles} }}]"
        ))
        .start()
        .await;
    let with = |application| {
        TokenOf::application(application)
            .permissions(&["OnlineMeetings.ReadWrite.All"])
            .sign()
    };
    for (method, tail, _) in operations() {
        let answer = ask(
            &app,
            &method,
            &format!("{}{tail}", of_organizer()),
            &with(WITHOUT_POLICY),
        )
        .await;
        assert_eq!(answer.error(), forbidden(NO_POLICY), "{method} {tail}");
        let answer = ask(&app, &method, &format!("{MINE}{tail}"), &with(ARCHIVER)).await;
        let text = "/me request is only valid with delegated authentication flow.";
        assert_eq!(
            answer.error(),
            refusal(400, "BadRequest", text),
            "{method} {tail}"
        );
    }
}

#[tokio::test]
async fn nobody_makes_meetings_for_somebody_else() {
    let app = TestApp::start().await;
    let token = super::writer(crate::support::names::ATTENDEE);
    for tail in ["", "/createOrGet"] {
        let answer = ask(&app, &Method::POST, &format!("{}{tail}", of_organizer()), &token).await;
        assert_eq!(
            answer.error(),
            forbidden(crate::auth::asking::NO_RELATION),
            "{tail}"
        );
    }
}
