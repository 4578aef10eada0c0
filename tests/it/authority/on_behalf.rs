//! An application that asks on behalf of who has come to it.

use super::browser::{Browser, redirect};
use super::code::{VERIFIER, authorize, redeem, sign_in};
use super::{SECRET, claims, refusal, with_people};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, READ, my_standup};
use crate::support::{Answer, TestApp};

/// An application with a secret and an API that the archiver asks for.
const MIDDLE: &str = "aaaaaaaa-0000-4000-8000-0000000000a4";

async fn exchange(app: &TestApp, assertion: &str, scope: &str) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", MIDDLE),
        ("client_secret", SECRET),
        ("assertion", assertion),
        ("scope", scope),
    ];
    app.post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await
}

#[tokio::test]
async fn a_middle_application_reads_recordings_for_who_has_come_to_it() {
    let app = with_people().start().await;
    let scope = format!("api://{MIDDLE}/.default");
    let path = authorize(&[("scope", &scope)]);
    let (_, parameters) = redirect(&sign_in(&app, &mut Browser::default(), &path).await);
    let body = redeem(&app, &parameters["code"], &[("code_verifier", VERIFIER)])
        .await
        .json();
    let for_middle = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}"));
    let found = claims(for_middle);
    assert_eq!(
        (&found["aud"], &found["scp"]),
        (&format!("api://{MIDDLE}").into(), &"user_impersonation".into())
    );
    let recordings = format!("{}/recordings", my_standup());
    assert_eq!(
        app.get(&recordings, for_middle).await.status,
        401,
        "it is for the other"
    );
    // Nobody has let the middle application read recordings yet.
    assert_eq!(
        refusal(&exchange(&app, for_middle, READ).await),
        (400, "invalid_grant".to_owned(), 65001)
    );
    app.seed(&super::MIDDLE_SEED.replace(
        "adminConsentedScopes: []",
        &format!("adminConsentedScopes: [\"{READ}\"]"),
    ))
    .await;
    let answer = exchange(&app, for_middle, &format!("{READ} offline_access")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let token = body["access_token"].as_str().unwrap();
    let found = claims(token);
    assert_eq!(
        (&found["oid"], &found["azp"], &found["scp"]),
        (&ORGANIZER.into(), &MIDDLE.into(), &READ.into())
    );
    assert_eq!(app.get(&recordings, token).await.status, 200);
    assert!(body["refresh_token"].is_string());
}

#[tokio::test]
async fn only_a_users_token_that_is_meant_for_it_will_do() {
    use crate::support::TokenOf;
    let app = with_people().start().await;
    let of_archiver = TokenOf::user(ORGANIZER);
    let for_middle = TokenOf::user(ORGANIZER).audience(&format!("api://{MIDDLE}"));
    for (assertion, why) in [
        (of_archiver.sign(), "another audience"),
        (
            TokenOf::user(ORGANIZER)
                .audience(&format!("api://{ARCHIVER}"))
                .sign(),
            "another application",
        ),
        (
            TokenOf::application(ARCHIVER)
                .audience(&format!("api://{MIDDLE}"))
                .sign(),
            "nobody's",
        ),
        (
            for_middle
                .clone()
                .issued("2026-02-01T10:00:00Z")
                .lifetime(60)
                .sign(),
            "too late",
        ),
        ("x.y.z".to_owned(), "no token"),
    ] {
        let answer = exchange(&app, &assertion, READ).await;
        assert_eq!(
            refusal(&answer),
            (400, "invalid_grant".to_owned(), 500_133),
            "{why}"
        );
    }
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", MIDDLE),
        ("assertion", &for_middle.sign()),
        ("scope", READ),
    ];
    let unproved = app
        .post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await;
    assert_eq!(refusal(&unproved), (401, "invalid_client".to_owned(), 7_000_218));
}

#[tokio::test]
async fn what_is_given_on_behalf_of_somebody_goes_with_what_it_descends_from() {
    let app = with_people().start().await;
    app.seed(&super::MIDDLE_SEED.replace(
        "adminConsentedScopes: []",
        &format!("adminConsentedScopes: [\"{READ}\"]"),
    ))
    .await;
    let path = authorize(&[("scope", &format!("api://{MIDDLE}/.default"))]);
    let (_, parameters) = redirect(&sign_in(&app, &mut Browser::default(), &path).await);
    let code = &parameters["code"];
    let for_middle = redeem(&app, code, &[]).await.json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = exchange(&app, &for_middle, &format!("{READ} offline_access"))
        .await
        .json();
    let (token, refresh) = (
        body["access_token"].as_str().unwrap(),
        body["refresh_token"].as_str().unwrap(),
    );
    let recordings = format!("{}/recordings", my_standup());
    assert_eq!(app.get(&recordings, token).await.status, 200);
    // The code is used twice: all that came from it ends, here too.
    assert_eq!(refusal(&redeem(&app, code, &[]).await).2, 54005);
    assert_eq!(app.get(&recordings, token).await.status, 401);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", MIDDLE),
        ("client_secret", SECRET),
        ("refresh_token", refresh),
    ];
    let renewed = app
        .post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await;
    assert_eq!(refusal(&renewed), (400, "invalid_grant".to_owned(), 50173));
    assert_eq!(
        refusal(&exchange(&app, &for_middle, READ).await),
        (400, "invalid_grant".to_owned(), 500_133)
    );
}

#[tokio::test]
async fn the_application_that_was_given_the_token_has_to_count_as_well() {
    use crate::support::TokenOf;
    let app = with_people().start().await;
    app.seed(&super::MIDDLE_SEED.replace(
        "adminConsentedScopes: []",
        &format!("adminConsentedScopes: [\"{READ}\"]"),
    ))
    .await;
    let assertion = TokenOf::user(ORGANIZER)
        .audience(&format!("api://{MIDDLE}"))
        .sign();
    assert_eq!(exchange(&app, &assertion, READ).await.status, 200);
    app.seed(&super::PEOPLE.replace("isFallbackPublicClient: true", "accountEnabled: false"))
        .await;
    assert_eq!(
        refusal(&exchange(&app, &assertion, READ).await),
        (400, "invalid_grant".to_owned(), 500_133)
    );
}
