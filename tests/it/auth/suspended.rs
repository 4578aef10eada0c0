//! A suspended tenant: every token of it gets 403.

use super::asking::{
    expect_refusal, expect_status, forbidden, four_urls, my_recording, two_urls, unauthenticated,
};
use super::keys::{KeyFile, all_keys, sign, user_claims};
use crate::support::names::{
    ARCHIVER, BY_CONSENT, CONTOSO, DISABLED, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_MEETING,
    FABRIKAM_ORGANIZER, ORGANIZER, OUTSIDER, WITHOUT_POLICY, standup_of,
};
use crate::support::{TestApp, TokenOf};

fn suspended(is_suspended: bool) -> String {
    format!("tenants: [{{ id: '{CONTOSO}', displayName: 'Contoso', suspended: {is_suspended} }}]\n")
}

const TEXT: &str = "The tenant is suspended.";

#[tokio::test]
async fn every_token_of_a_suspended_tenant_gets_403() {
    let app = TestApp::with().seed(&suspended(true)).start().await;
    let tokens = [
        TokenOf::user(ORGANIZER),
        TokenOf::user(OUTSIDER),
        TokenOf::user(ORGANIZER).permissions(&["User.Read"]),
        TokenOf::application(ARCHIVER),
        TokenOf::application(WITHOUT_POLICY),
        TokenOf::application(BY_CONSENT).permissions(&[]),
    ];
    for token in tokens {
        let token = token.sign();
        for url in four_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token, &forbidden(TEXT)).await;
        }
        for suffix in [
            "/recordings",
            "/recordings/$count",
            "/transcripts",
            "/transcripts/transcript-1",
        ] {
            expect_refusal(&app, &(standup_of(ORGANIZER) + suffix), &token, &forbidden(TEXT)).await;
        }
        expect_refusal(&app, "/v1.0/", &token, &forbidden(TEXT)).await;
        let batch = serde_json::json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
        let answer = app.send_json("POST", "/v1.0/$batch", &token, &batch).await;
        assert_eq!(answer.error(), forbidden(TEXT));
    }
}

#[tokio::test]
async fn a_token_that_does_not_count_is_still_401() {
    let app = TestApp::with().seed(&suspended(true)).start().await;
    let token = TokenOf::user(DISABLED).sign();
    for url in four_urls(ORGANIZER) {
        expect_refusal(&app, &url, &token, &unauthenticated(super::asking::INVALID)).await;
    }
}

#[tokio::test]
async fn suspending_counts_at_once_and_deletes_nothing() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for (is_suspended, status) in [(false, 200), (true, 403), (false, 200)] {
        app.seed(&suspended(is_suspended)).await;
        for url in four_urls(ORGANIZER) {
            expect_status(&app, &url, &token, status).await;
        }
    }
}

#[tokio::test]
async fn another_tenant_goes_on() {
    let app = TestApp::with().seed(&suspended(true)).start().await;
    let token = TokenOf::user(FABRIKAM_ORGANIZER)
        .tenant(FABRIKAM)
        .through(FABRIKAM_ARCHIVER)
        .sign();
    let path = format!("/v1.0/me/onlineMeetings/{FABRIKAM_MEETING}/recordings/fabrikam-recording");
    expect_status(&app, &path, &token, 200).await;
    // Its callers do not learn that the other is suspended.
    for url in two_urls(ORGANIZER) {
        expect_refusal(&app, &url, &token, &forbidden(super::asking::NO_RELATION)).await;
    }
}

#[tokio::test]
async fn a_foreign_issuer_does_not_help() {
    let file = KeyFile::new(&all_keys());
    let app = file.app(&format!("tenants = [\"{CONTOSO}\"]")).await;
    app.seed(&suspended(true)).await;
    expect_refusal(&app, &my_recording(), &sign(&user_claims()), &forbidden(TEXT)).await;
}
