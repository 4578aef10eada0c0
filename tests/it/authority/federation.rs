//! Sign-in through another OpenID provider: a real one on a port of its own, whose answers each test decides.

use serde_json::{Value, json};

use super::PASSWORD;
use super::browser::{Browser, form_of, redirect};
use super::code::{authorize, redeem};
use crate::auth::issuer_server::IssuerServer;
use crate::auth::keys::{all_keys, changed, now, sign_as};
use crate::support::names::{CONTOSO, ORGANIZER};
use crate::support::{Answer, TestApp};

/// A provider, and a server whose Contoso signs in there.
struct Federated {
    provider: IssuerServer,
    app: TestApp,
}

async fn federated(more: &str) -> Federated {
    let provider = IssuerServer::start(&all_keys()).await;
    let issuer = provider.url("");
    provider.discovery(&json!({
        "issuer": issuer, "authorization_endpoint": provider.url("/authorize"),
        "token_endpoint": provider.url("/token"), "jwks_uri": provider.url("/keys"),
        "userinfo_endpoint": provider.url("/userinfo"),
    }));
    let entry = format!(
        "[[identity_providers]]\ntenant = '{CONTOSO}'\nname = 'School account'\nissuer = '{issuer}'\nclient_id = 'grapho phone'\n\
         client_secret = 's:cret'\n{more}"
    );
    let app = super::with_people().config(&entry).start().await;
    Federated { provider, app }
}

impl Federated {
    /// Sends a browser to the provider; gives what it was sent with.
    async fn leave(&self, browser: &mut Browser) -> std::collections::BTreeMap<String, String> {
        let page = browser.get(&self.app, &authorize(&[])).await;
        assert!(page.text().contains("School account"), "{}", page.text());
        let (target, parameters) = redirect(&browser.submit(&self.app, &page, &[]).await);
        assert_eq!(target, self.provider.url("/authorize"));
        parameters
    }

    fn claims(&self, nonce: &str) -> Value {
        json!({
            "iss": self.provider.url(""), "aud": "grapho phone", "sub": "p-1", "nonce": nonce, "iat": now() - 5,
            "exp": now() + 300, "preferred_username": "pupil@contoso.example", "name": "A Pupil",
            "email": "pupil@mail.example", "groups": ["pupils"],
        })
    }

    /// Comes back with a code for which the provider gives an ID token with these claims.
    async fn come_back(&self, browser: &mut Browser, state: &str, claims: &Value) -> Answer {
        self.provider.token(
            200,
            &json!({ "token_type": "Bearer", "access_token": "x", "id_token": sign_as("RS256", claims) }),
        );
        browser.get(&self.app, &back(state, "code=c")).await
    }
}

fn back(state: &str, more: &str) -> String {
    format!(
        "/{CONTOSO}/callback?state={}&{more}",
        odata::query::encode_form(state)
    )
}

#[tokio::test]
async fn whoever_the_provider_signs_in_is_a_user_from_then_on() {
    let there = federated("").await;
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    assert_eq!(
        (
            sent["response_type"].as_str(),
            sent["code_challenge_method"].as_str()
        ),
        ("code", "S256")
    );
    assert_eq!(
        sent["redirect_uri"],
        format!("{}/{CONTOSO}/callback", there.app.base())
    );
    let consent = there
        .come_back(&mut browser, &sent["state"], &there.claims(&sent["nonce"]))
        .await;
    assert_eq!(consent.status, 200, "{}", consent.text());
    assert!(consent.text().contains("pupil@contoso.example"));
    // The secret goes into the header, each half encoded; what proves this sign-in goes with it.
    let asked = there.provider.asked();
    use base64::Engine;
    let basic = base64::prelude::BASE64_STANDARD.encode("grapho%20phone:s%3Acret");
    assert!(
        asked
            .to_lowercase()
            .contains(&format!("authorization: basic {basic}").to_lowercase()),
        "{asked}"
    );
    assert!(
        asked.contains("code_verifier=") && !asked.contains("client_secret"),
        "{asked}"
    );

    let (_, parameters) = redirect(
        &browser
            .submit(&there.app, &consent, &[("decision", "accept")])
            .await,
    );
    let body = redeem(&there.app, &parameters["code"], &[]).await.json();
    let claims = super::claims(body["access_token"].as_str().unwrap());
    let found = there
        .app
        .stores
        .texts("SELECT id FROM users WHERE external_id = 'p-1'");
    assert_eq!(claims["oid"], found[0]);
    // The next time it is the same user, also under another name.
    let mut again = Browser::default();
    let sent = there.leave(&mut again).await;
    let renamed = changed(
        &there.claims(&sent["nonce"]),
        &json!({ "preferred_username": "graduate@contoso.example" }),
    );
    redirect(&there.come_back(&mut again, &sent["state"], &renamed).await);
    let names = there
        .app
        .stores
        .texts("SELECT user_principal_name FROM users WHERE external_id = 'p-1'");
    assert_eq!(names, ["graduate@contoso.example"]);
}

#[tokio::test]
async fn the_provider_hears_who_is_expected() {
    let there = federated("").await;
    for (hint, expected) in [
        ("pupil@contoso.example", Some("pupil@contoso.example")),
        ("", None),
    ] {
        let mut browser = Browser::default();
        let page = browser.get(&there.app, &authorize(&[("login_hint", hint)])).await;
        let (_, parameters) = redirect(&browser.submit(&there.app, &page, &[]).await);
        assert_eq!(parameters.get("login_hint").map(String::as_str), expected);
    }
}

#[tokio::test]
async fn the_provider_asks_for_the_password_again_where_the_application_does() {
    let there = federated("").await;
    for (prompt, expected) in [
        ("", None),
        ("consent", None),
        ("login", Some("login")),
        ("select_account", Some("login")),
    ] {
        let mut browser = Browser::default();
        let page = browser.get(&there.app, &authorize(&[("prompt", prompt)])).await;
        let (_, parameters) = redirect(&browser.submit(&there.app, &page, &[]).await);
        assert_eq!(parameters.get("prompt").map(String::as_str), expected, "{prompt}");
    }
}

#[tokio::test]
async fn a_browser_may_follow_the_form_to_the_provider_and_on_from_there() {
    let there = federated("").await;
    let device = super::device::begin(&there.app, CONTOSO).await;
    let mut browser = Browser::default();
    let page = browser.get(&there.app, "/devicelogin").await;
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' ;")
    );
    let code = device["user_code"].as_str().unwrap();
    let page = browser.submit(&there.app, &page, &[("user_code", code)]).await;
    assert!(page.text().contains("School account"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http: https:;"), "{policy}");
}

#[tokio::test]
async fn groups_make_administrators_and_unmake_them() {
    let there =
        federated("administrators = ['staff']\n[identity_providers.claims]\ngroups = 'realm.groups'").await;
    for (groups, expected) in [(json!(["staff", "x"]), 1), (json!(["x"]), 0), (json!("staff"), 0)] {
        let mut browser = Browser::default();
        let sent = there.leave(&mut browser).await;
        let claims = changed(
            &there.claims(&sent["nonce"]),
            &json!({ "realm": { "groups": groups } }),
        );
        there.come_back(&mut browser, &sent["state"], &claims).await;
        let sql = "SELECT r.role FROM directory_roles AS r JOIN users AS u ON u.id = r.user_id WHERE u.external_id = 'p-1'";
        assert_eq!(there.app.stores.texts(sql).len(), expected, "{groups}");
    }
}

/// An ID token of whoever has left with `nonce`, with a subject and nothing else about the person.
fn bare(there: &Federated, nonce: &str) -> Value {
    let without = json!({ "preferred_username": "-", "name": "-", "email": "-", "groups": "-" });
    changed(&there.claims(nonce), &without)
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let there = federated("administrators = ['staff']").await;
    let told = json!({
        "sub": "p-1", "preferred_username": "pupil@contoso.example", "name": "A Pupil", "email": "pupil@mail.example",
        "groups": ["staff"],
    });
    there.provider.userinfo(200, &told);
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let whole = there.claims(&sent["nonce"]);
    there.come_back(&mut browser, &sent["state"], &whole).await;
    assert!(
        there.provider.asked_for_userinfo().is_empty(),
        "everything is there already"
    );
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let claims = bare(&there, &sent["nonce"]);
    let consent = there.come_back(&mut browser, &sent["state"], &claims).await;
    assert!(
        consent.status == 200 && consent.text().contains("pupil@contoso.example"),
        "{}",
        consent.text()
    );
    let asked = there.provider.asked_for_userinfo();
    assert!(
        asked.len() == 1 && asked[0].to_lowercase().contains("authorization: bearer x\r\n"),
        "{asked:?}"
    );
    let sql = "SELECT mail FROM users WHERE external_id = 'p-1' AND display_name = 'A Pupil'";
    assert_eq!(there.app.stores.texts(sql), ["pupil@mail.example"]);
    let sql = "SELECT r.role FROM directory_roles AS r JOIN users AS u ON u.id = r.user_id WHERE u.external_id = 'p-1'";
    assert_eq!(there.app.stores.texts(sql).len(), 1);
    // What the ID token does say, counts.
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let claims = changed(
        &bare(&there, &sent["nonce"]),
        &json!({ "groups": [], "name": "Another Name" }),
    );
    there.come_back(&mut browser, &sent["state"], &claims).await;
    assert!(there.app.stores.texts(sql).is_empty());
    let sql = "SELECT display_name FROM users WHERE external_id = 'p-1'";
    assert_eq!(there.app.stores.texts(sql), ["Another Name"]);
}

#[tokio::test]
async fn claims_about_somebody_else_or_none_sign_nobody_in() {
    let there = federated("").await;
    for (status, body) in [
        (
            200,
            json!({ "sub": "p-2", "preferred_username": "other@contoso.example" }),
        ),
        (200, json!({ "preferred_username": "other@contoso.example" })),
        (200, json!("no object")),
        (401, json!({ "error": "invalid_token" })),
    ] {
        there.provider.userinfo(status, &body);
        let mut browser = Browser::default();
        let sent = there.leave(&mut browser).await;
        let claims = bare(&there, &sent["nonce"]);
        let answer = there.come_back(&mut browser, &sent["state"], &claims).await;
        assert_eq!(answer.status, 403, "{body}");
    }
    let sql = "SELECT id FROM users WHERE external_id IN ('p-1', 'p-2')";
    assert!(there.app.stores.texts(sql).is_empty());
}

#[tokio::test]
async fn an_id_token_that_does_not_count_signs_nobody_in() {
    let there = federated("").await;
    for (change, why) in [
        (json!({ "iss": "https://evil.example" }), "iss"),
        (json!({ "aud": "another" }), "aud"),
        (json!({ "aud": ["another"] }), "aud"),
        (
            json!({ "aud": ["grapho phone", "another"], "azp": "another" }),
            "azp",
        ),
        (json!({ "nonce": "another" }), "nonce"),
        (json!({ "nonce": "-" }), "nonce"),
        (json!({ "exp": now() - 300 }), "exp"),
        (json!({ "exp": "-" }), "exp"),
        (json!({ "iat": now() + 3600 }), "iat"),
        (json!({ "sub": "-" }), "sub"),
    ] {
        let mut browser = Browser::default();
        let sent = there.leave(&mut browser).await;
        let claims = changed(&there.claims(&sent["nonce"]), &change);
        let answer = there.come_back(&mut browser, &sent["state"], &claims).await;
        assert_eq!(answer.status, 403, "{why}");
        assert!(
            !browser.cookies.keys().any(|name| name.contains("session")),
            "{why}"
        );
    }
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let mut token = sign_as("RS256", &there.claims(&sent["nonce"]));
    token.replace_range(token.len() - 8.., "AAAAAAAA");
    for (status, body) in [
        (200, json!({ "id_token": token })),
        (200, json!({ "access_token": "x" })),
        (400, json!({ "error": "invalid_grant" })),
        (200, json!("no object")),
    ] {
        there.provider.token(status, &body);
        assert_eq!(
            browser
                .get(&there.app, &back(&sent["state"], "code=c"))
                .await
                .status,
            403
        );
    }
    assert_eq!(
        there
            .app
            .stores
            .texts("SELECT id FROM users WHERE external_id = 'p-1'")
            .len(),
        0
    );
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_and_not_too_late() {
    let there = federated("").await;
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let claims = there.claims(&sent["nonce"]);
    let mut other = Browser::default();
    other.get(&there.app, &authorize(&[])).await;
    assert_eq!(
        there.come_back(&mut other, &sent["state"], &claims).await.status,
        403
    );
    assert_eq!(
        there
            .come_back(&mut Browser::default(), &sent["state"], &claims)
            .await
            .status,
        403
    );
    assert_eq!(there.come_back(&mut browser, "forged", &claims).await.status, 403);
    for more in [
        "error=access_denied",
        "code=c&iss=https%3A%2F%2Fevil.example",
        "x=1",
    ] {
        let answer = browser.get(&there.app, &back(&sent["state"], more)).await;
        assert_eq!(answer.status, 403, "{more}");
        assert_eq!(
            form_of(&answer).action,
            format!("/{CONTOSO}/provider"),
            "one can try again"
        );
    }
    there.app.set_time("2026-02-01T13:00:01Z");
    assert_eq!(
        there
            .come_back(&mut browser, &sent["state"], &claims)
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn nobody_takes_anothers_name_or_comes_uninvited() {
    let there = federated("create_users = false").await;
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let answer = there
        .come_back(&mut browser, &sent["state"], &there.claims(&sent["nonce"]))
        .await;
    assert!(
        answer.status == 403 && answer.text().contains("Nobody here"),
        "{}",
        answer.text()
    );

    let there = federated("").await;
    let mut browser = Browser::default();
    let sent = there.leave(&mut browser).await;
    let claims = changed(
        &there.claims(&sent["nonce"]),
        &json!({ "preferred_username": "Organizer@contoso.example" }),
    );
    let answer = there.come_back(&mut browser, &sent["state"], &claims).await;
    assert!(
        answer.status == 403 && answer.text().contains("Somebody else"),
        "{}",
        answer.text()
    );
    let organizer = there.app.stores.texts(&format!(
        "SELECT external_id FROM users WHERE id = '{ORGANIZER}' AND external_id IS NOT NULL"
    ));
    assert!(organizer.is_empty());
}

#[tokio::test]
async fn passwords_count_only_where_the_entry_says_so() {
    let right = [("username", "organizer@contoso.example"), ("password", PASSWORD)];
    let there = federated("").await;
    let mut browser = Browser::default();
    let page = browser.get(&there.app, &authorize(&[])).await;
    assert!(!page.text().contains("name=\"password\""));
    let mut form = form_of(&page).hidden;
    form.extend(right.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let post = there
        .app
        .request("POST", &format!("/{CONTOSO}/login"))
        .form(&form);
    assert_eq!(browser.send(&there.app, post).await.status, 403);

    let both = federated("passwords = true").await;
    let mut browser = Browser::default();
    let page = browser.get(&both.app, &authorize(&[])).await;
    assert!(page.text().contains("name=\"password\"") && page.text().contains("School account"));
    let mut form = form_of(&page).hidden;
    form.extend(right.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let post = both.app.request("POST", &format!("/{CONTOSO}/login")).form(&form);
    assert_eq!(browser.send(&both.app, post).await.status, 200);
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_and_others_are_not_kept() {
    let there = federated("").await;
    there.provider.fail();
    let mut browser = Browser::default();
    let page = browser.get(&there.app, &authorize(&[])).await;
    let answer = browser.submit(&there.app, &page, &[]).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    // Clicking on does not ask it again and again.
    let asked = there.provider.hits();
    assert_eq!(browser.submit(&there.app, &page, &[]).await.status, 503);
    assert_eq!(there.provider.hits(), asked);
    let healthy = there.app.send(there.app.request("GET", "/healthz")).await;
    assert_eq!(healthy.status, 200);
}
