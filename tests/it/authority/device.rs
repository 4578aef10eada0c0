//! A device without a browser.

use serde_json::Value;

use super::browser::Browser;
use super::{PASSWORD, claims, refusal, with_people};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, my_standup};
use crate::support::{Answer, TestApp};

const RIGHT: [(&str, &str); 2] = [("username", "organizer@contoso.example"), ("password", PASSWORD)];

pub async fn begin(app: &TestApp, tenant: &str) -> Value {
    let form = [
        ("client_id", ARCHIVER),
        ("scope", "openid offline_access OnlineMeetingRecording.Read.All"),
    ];
    let answer = app
        .post_form(&format!("/{tenant}/oauth2/v2.0/devicecode"), &form)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn poll(app: &TestApp, spelling: &str, code: &Value) -> Answer {
    let form = [
        ("grant_type", spelling),
        ("client_id", ARCHIVER),
        ("device_code", code.as_str().unwrap()),
    ];
    app.post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await
}

const SPELLING: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn approve(app: &TestApp, device: &Value, decision: &str) -> Answer {
    let mut browser = Browser::default();
    let page = browser.get(app, "/devicelogin").await;
    let code = device["user_code"].as_str().unwrap().to_lowercase();
    let page = browser.submit(app, &page, &[("user_code", &code)]).await;
    let page = browser.submit(app, &page, &RIGHT).await;
    assert!(
        page.text().contains(device["user_code"].as_str().unwrap()),
        "{}",
        page.text()
    );
    browser.submit(app, &page, &[("decision", decision)]).await
}

#[tokio::test]
async fn a_person_lets_a_device_in() {
    let app = with_people().start().await;
    let device = begin(&app, CONTOSO).await;
    assert_eq!(device["verification_uri"], format!("{}/devicelogin", app.base()));
    assert_eq!(
        (&device["expires_in"], &device["interval"]),
        (&900.into(), &5.into())
    );
    assert!(
        device["message"]
            .as_str()
            .unwrap()
            .contains(device["user_code"].as_str().unwrap())
    );
    let pending = poll(&app, SPELLING, &device["device_code"]).await;
    assert_eq!(
        refusal(&pending),
        (400, "authorization_pending".to_owned(), 70016)
    );
    let early = poll(&app, SPELLING, &device["device_code"]).await;
    assert_eq!(refusal(&early).1, "slow_down");
    let done = approve(&app, &device, "accept").await;
    assert_eq!(done.status, 200);
    assert!(done.text().contains("let in"));
    app.set_time("2026-02-01T12:00:05Z");
    let answer = poll(&app, "device_code", &device["device_code"]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["oid"], ORGANIZER);
    assert!(body["refresh_token"].is_string() && body["id_token"].is_string());
    assert_eq!(
        app.get(&format!("{}/recordings", my_standup()), token)
            .await
            .status,
        200
    );
    // Once.
    let again = poll(&app, SPELLING, &device["device_code"]).await;
    assert_eq!(refusal(&again), (400, "bad_verification_code".to_owned(), 70019));
}

#[tokio::test]
async fn a_device_that_was_refused_or_waited_too_long_hears_so() {
    let app = with_people().start().await;
    let device = begin(&app, "common").await;
    assert!(approve(&app, &device, "deny").await.text().contains("kept out"));
    let refused = poll(&app, SPELLING, &device["device_code"]).await;
    assert_eq!(
        refusal(&refused),
        (400, "authorization_declined".to_owned(), 70018)
    );
    let device = begin(&app, CONTOSO).await;
    app.set_time("2026-02-01T12:15:00Z");
    let late = poll(&app, SPELLING, &device["device_code"]).await;
    assert_eq!(refusal(&late), (400, "expired_token".to_owned(), 70020));
    let unknown = poll(&app, SPELLING, &"x".into()).await;
    assert_eq!(
        refusal(&unknown),
        (400, "bad_verification_code".to_owned(), 70019)
    );
}

#[tokio::test]
async fn guessing_codes_is_slow() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, "/devicelogin").await;
    for attempt in 0..7 {
        let answer = browser.submit(&app, &page, &[("user_code", "BCD-FGH-JKL")]).await;
        assert_eq!(answer.status, if attempt < 5 { 403 } else { 429 });
    }
    let elsewhere = app
        .request("POST", "/devicelogin")
        .header("sec-fetch-site", "cross-site")
        .form(&[("user_code", "BCDFGHJKL")]);
    assert_eq!(browser.send(&app, elsewhere).await.status, 403);
}
