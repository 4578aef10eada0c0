//! Users and applications that are disabled, deleted or were never there.

use serde_json::json;

use super::asking::{
    INVALID, expect_refusal, expect_status, four_urls, my_recording, recording_of, two_urls, unauthenticated,
};
use super::keys::{KeyFile, all_keys, app_claims, changed, sign, user_claims};
use crate::support::names::{ARCHIVER, ATTENDEE, CONTOSO, DISABLED, ORGANIZER, WITHOUT_POLICY};
use crate::support::{TestApp, TokenOf};

fn attendee(members: &str) -> String {
    format!(
        "users: [{{ id: '{ATTENDEE}', tenantId: '{CONTOSO}', userPrincipalName: 'attendee@contoso.example',
           externalId: 'external-attendee'{members} }}]\n"
    )
}

fn archiver(members: &str) -> String {
    format!(
        "applications: [{{ appId: '{ARCHIVER}', tenantId: '{CONTOSO}', displayName: 'Archiver',
           appRoles: ['OnlineMeetingRecording.Read.All'], scopes: ['OnlineMeetingRecording.Read.All']{members} }}]\n"
    )
}

#[tokio::test]
async fn a_disabled_user_gets_401_on_all_four_urls() {
    let app = TestApp::start().await;
    let token = TokenOf::user(DISABLED).sign();
    for user in [DISABLED, ORGANIZER] {
        for url in four_urls(user) {
            expect_refusal(&app, &url, &token, &unauthenticated(INVALID)).await;
        }
    }
}

#[tokio::test]
async fn disabling_and_deleting_a_user_count_at_once() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ATTENDEE).sign();
    let steps = [
        (attendee(""), 200),
        (attendee(", accountEnabled: false"), 401),
        (attendee(""), 200),
        (attendee(", deletedDateTime: '2026-01-20T00:00:00Z'"), 401),
        (attendee(""), 200),
    ];
    for (yaml, status) in steps {
        app.seed(&yaml).await;
        expect_status(&app, &my_recording(), &token, status).await;
        expect_status(&app, &recording_of(ORGANIZER), &token, status).await;
    }
}

#[tokio::test]
async fn a_user_whom_a_foreign_issuer_names_is_refused_just_so() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for oid in [
        ATTENDEE.to_owned(),
        ATTENDEE.to_uppercase(),
        "external-attendee".to_owned(),
    ] {
        let token = sign(&changed(&user_claims(), &json!({ "oid": oid })));
        let steps = [
            (attendee(""), 200),
            (attendee(", accountEnabled: false"), 401),
            (attendee(", deletedDateTime: '2026-01-20T00:00:00Z'"), 401),
        ];
        for (yaml, status) in steps {
            app.seed(&yaml).await;
            let answer = app.get(&my_recording(), &token).await;
            assert_eq!(answer.status, status, "{oid} {yaml}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn an_external_id_may_pass_from_a_deleted_user_to_another() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    app.seed(&attendee(", deletedDateTime: '2026-01-20T00:00:00Z'"))
        .await;
    app.seed(&format!(
        "users: [{{ id: '{ORGANIZER}', tenantId: '{CONTOSO}', userPrincipalName: 'organizer@contoso.example',
           externalId: 'external-attendee' }}]\n"
    ))
    .await;
    let token = sign(&changed(&user_claims(), &json!({ "oid": "external-attendee" })));
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &token, 200).await;
    }
}

#[tokio::test]
async fn a_user_who_is_removed_has_no_token_of_ours_any_more() {
    let passing = "aaaaaaaa-0000-4000-8000-000000000098";
    let user = format!(
        "users: [{{ id: '{passing}', tenantId: '{CONTOSO}', userPrincipalName: 'passing@contoso.example' }}]\n"
    );
    let app = TestApp::with().seed(&user).start().await;
    let token = TokenOf::user(passing).sign();
    expect_status(&app, &my_recording(), &token, 403).await;
    app.seed(&format!(
        "users: [{{ id: '{passing}', '@removed': {{ reason: deleted }} }}]"
    ))
    .await;
    expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
}

#[tokio::test]
async fn a_disabled_application_gets_401_with_and_without_a_user() {
    let app = TestApp::with()
        .seed(&archiver(", accountEnabled: false"))
        .start()
        .await;
    for url in four_urls(ORGANIZER) {
        expect_refusal(
            &app,
            &url,
            &TokenOf::user(ORGANIZER).sign(),
            &unauthenticated(INVALID),
        )
        .await;
        expect_refusal(
            &app,
            &url,
            &TokenOf::application(ARCHIVER).sign(),
            &unauthenticated(INVALID),
        )
        .await;
    }
    // The user is welcome through another.
    let other = TokenOf::user(ORGANIZER).through(WITHOUT_POLICY).sign();
    expect_status(&app, &my_recording(), &other, 200).await;
}

#[tokio::test]
async fn disabling_an_application_counts_at_once() {
    let app = TestApp::start().await;
    let (user, application) = (
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    );
    let removed = format!(
        "applications: [{{ appId: '{ARCHIVER}', tenantId: '{CONTOSO}', '@removed': {{ reason: deleted }} }}]"
    );
    let steps = [
        (archiver(""), 200),
        (archiver(", accountEnabled: false"), 401),
        (archiver(""), 200),
        (removed, 401),
    ];
    for (yaml, status) in steps {
        app.seed(&yaml).await;
        expect_status(&app, &my_recording(), &user, status).await;
        for url in two_urls(ORGANIZER) {
            expect_status(&app, &url, &application, status).await;
        }
    }
}

#[tokio::test]
async fn a_disabled_application_is_refused_however_its_issuer_spells_it() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for (yaml, status) in [(archiver(""), 200), (archiver(", accountEnabled: false"), 401)] {
        app.seed(&yaml).await;
        for azp in [ARCHIVER.to_owned(), ARCHIVER.to_uppercase()] {
            let application = sign(&changed(&app_claims(), &json!({ "azp": azp })));
            expect_status(&app, &recording_of(ORGANIZER), &application, status).await;
            let user = sign(&changed(&user_claims(), &json!({ "azp": azp })));
            expect_status(&app, &my_recording(), &user, status).await;
        }
    }
}
