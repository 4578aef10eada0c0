//! `/me` and `/users/{id}`, in the directory's words.

use serde_json::json;

use crate::auth::asking::{expect_refusal, expect_status, refusal};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CONTOSO, DISABLED, FABRIKAM_ORGANIZER, GUEST, ORGANIZER, READ,
};
use crate::support::{TestApp, TokenOf};

fn signed_in(permission: &str) -> String {
    TokenOf::user(ORGANIZER).permissions(&[permission]).sign()
}

fn application() -> String {
    TokenOf::application(ARCHIVER)
        .permissions(&["User.Read.All"])
        .sign()
}

#[tokio::test]
async fn who_signed_in_is_answered_under_me() {
    let app = TestApp::with()
        .seed(&format!(
            "users: [{{ id: '{ORGANIZER}', tenantId: '{CONTOSO}', userPrincipalName: organizer@contoso.example, \
             displayName: 'Adele Vance', mail: adele@contoso.example }}]"
        ))
        .start()
        .await;
    let answer = app.get("/v1.0/me", &signed_in("User.Read")).await;
    assert_eq!(answer.status, 200);
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_name() {
    let app = TestApp::start().await;
    for path in [
        format!("/v1.0/users/{ATTENDEE}"),
        format!("/v1.0/users/{}", ATTENDEE.to_uppercase()),
        format!("/v1.0/users('{ATTENDEE}')"),
        "/v1.0/users/attendee@contoso.example".to_owned(),
        "/v1.0/users/ATTENDEE@contoso.example".to_owned(),
        "/v1.0/users(userPrincipalName='attendee@contoso.example')".to_owned(),
    ] {
        for token in [signed_in("User.Read.All"), application()] {
            let answer = app.get(&path, &token).await;
            assert_eq!(
                (answer.status, answer.json()["id"].clone()),
                (200, json!(ATTENDEE)),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn members_that_are_not_usual_are_selected() {
    let app = TestApp::start().await;
    for (user, expected) in [
        (GUEST, json!({ "accountEnabled": true, "userType": "Guest" })),
        (DISABLED, json!({ "accountEnabled": false, "userType": "Member" })),
    ] {
        let path = format!("/v1.0/users/{user}?$select=userType,accountEnabled");
        let mut body = app.get(&path, &application()).await.json();
        let context = body.as_object_mut().unwrap().remove("@odata.context").unwrap();
        let expected_context = format!(
            "{}/v1.0/$metadata#users(userType,accountEnabled)/$entity",
            app.base()
        );
        assert_eq!((body, context), (expected, json!(expected_context)));
    }
    let usual = app
        .get(&format!("/v1.0/users/{GUEST}"), &application())
        .await
        .json();
    assert_eq!(usual.get("userType"), None);
}

#[tokio::test]
async fn oneself_needs_less_than_others() {
    let app = TestApp::start().await;
    let own = ["/v1.0/me".to_owned(), format!("/v1.0/users/{ORGANIZER}")];
    for (permission, oneself, others) in [
        ("User.Read", 200, 403),
        ("User.Read.All", 200, 200),
        (READ, 403, 403),
        ("user.read", 403, 403),
    ] {
        let token = signed_in(permission);
        for path in &own {
            expect_status(&app, path, &token, oneself).await;
        }
        expect_status(&app, &format!("/v1.0/users/{ATTENDEE}"), &token, others).await;
        let text = "Insufficient privileges to complete the operation.";
        if others == 403 {
            let path = format!("/v1.0/users/{ATTENDEE}");
            expect_refusal(
                &app,
                &path,
                &token,
                &refusal(403, "Authorization_RequestDenied", text),
            )
            .await;
        }
    }
    let text = "/me request is only valid with delegated authentication flow.";
    expect_refusal(
        &app,
        "/v1.0/me",
        &application(),
        &refusal(400, "BadRequest", text),
    )
    .await;
}

#[tokio::test]
async fn nobody_is_404_and_repeats_what_was_written() {
    let app = TestApp::with()
        .seed(&format!(
            "users: [{{ id: '{ATTENDEE}', tenantId: '{CONTOSO}', userPrincipalName: attendee@contoso.example, deletedDateTime: '2026-01-20T09:00:00Z' }}]"
        ))
        .start()
        .await;
    for user in [
        FABRIKAM_ORGANIZER,
        ATTENDEE,
        "attendee@contoso.example",
        "organizer@fabrikam.example",
        "nobody",
    ] {
        let text = format!(
            "Resource '{user}' does not exist or one of its queried reference-property objects are not present."
        );
        let expected = refusal(404, "Request_ResourceNotFound", &text);
        for token in [signed_in("User.Read.All"), application()] {
            expect_refusal(&app, &format!("/v1.0/users/{user}"), &token, &expected).await;
        }
    }
}

#[tokio::test]
async fn who_may_not_read_others_learns_not_who_is_there() {
    let app = TestApp::start().await;
    let token = signed_in("User.Read");
    let mut answers = Vec::new();
    for user in [ATTENDEE, FABRIKAM_ORGANIZER, "nobody", "attendee@contoso.example"] {
        answers.push(crate::auth::asking::essence(
            &app.get(&format!("/v1.0/users/{user}"), &token).await,
        ));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn users_are_neither_listed_nor_changed() {
    let app = TestApp::start().await;
    expect_status(&app, "/v1.0/users", &application(), 501).await;
    for method in ["PATCH", "DELETE", "POST"] {
        let answer = app
            .send_json(method, "/v1.0/me", &signed_in("User.Read"), &json!({}))
            .await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
    for option in [
        "$filter=id eq 'x'",
        "$expand=manager",
        "$top=1",
        "$select=manager",
    ] {
        expect_status(&app, &format!("/v1.0/me?{option}"), &signed_in("User.Read"), 400).await;
    }
}
