//! From an application through sign-in and consent to a code, and from the code to tokens that read recordings.

use serde_json::json;

use super::browser::{Browser, redirect};
use super::{PASSWORD, claims, refusal, with_people};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, READ, my_standup};
use crate::support::{Answer, TestApp};

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where the application is registered to be.
pub const CALLBACK: &str = "http://localhost/callback";

/// A request for a code, with `changes` to its parameters; an empty value takes one away.
pub fn authorize(changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("client_id", ARCHIVER),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        (
            "scope",
            "openid profile offline_access OnlineMeetingRecording.Read.All",
        ),
        ("state", "s t&te"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", odata::query::encode_form(value)));
    format!(
        "/{CONTOSO}/oauth2/v2.0/authorize?{}",
        pairs.collect::<Vec<_>>().join("&")
    )
}

/// Signs the organizer in and accepts what is asked; gives the last answer.
pub async fn sign_in(app: &TestApp, browser: &mut Browser, path: &str) -> Answer {
    let page = browser.get(app, path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let fields = [("username", "Organizer@contoso.example"), ("password", PASSWORD)];
    let next = browser.submit(app, &page, &fields).await;
    match next.status {
        200 => browser.submit(app, &next, &[("decision", "accept")]).await,
        _ => next,
    }
}

/// Redeems a code.
pub async fn redeem(app: &TestApp, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", ARCHIVER),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_info", "1"),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    app.post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await
}

/// A code for the organizer.
pub async fn code(app: &TestApp, path: &str) -> String {
    let (_, parameters) = redirect(&sign_in(app, &mut Browser::default(), path).await);
    parameters["code"].clone()
}

/// Access and refresh token for the organizer.
pub async fn tokens(app: &TestApp) -> (String, String) {
    let body = redeem(app, &code(app, &authorize(&[])).await, &[]).await.json();
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn reads(app: &TestApp, token: &str) -> u16 {
    app.get(&format!("{}/recordings", my_standup()), token)
        .await
        .status
}

#[tokio::test]
async fn a_person_signs_in_consents_and_the_application_reads_recordings() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<html lang=\"en\">") && page.text().contains("Archiver"));
    let fields = [("username", "organizer@CONTOSO.example"), ("password", PASSWORD)];
    let consent = browser.submit(&app, &page, &fields).await;
    assert_eq!(consent.status, 200, "{}", consent.text());
    assert!(consent.text().contains(READ));
    let (target, parameters) = redirect(&browser.submit(&app, &consent, &[("decision", "accept")]).await);
    assert_eq!(target, CALLBACK);
    assert_eq!(parameters["state"], "s t&te");
    assert_eq!(parameters["iss"], format!("{}/{CONTOSO}/v2.0", app.base()));

    let answer = redeem(&app, &parameters["code"], &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        body["scope"],
        "OnlineMeetingRecording.Read.All openid profile offline_access"
    );
    let token = body["access_token"].as_str().unwrap();
    let access = claims(token);
    assert_eq!(
        (&access["scp"], &access["oid"], &access["idtyp"]),
        (&json!(READ), &json!(ORGANIZER), &json!("user"))
    );
    assert_eq!(reads(&app, token).await, 200);
    let id = claims(body["id_token"].as_str().unwrap());
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["oid"]),
        (&json!(ARCHIVER), &json!("n-1"), &json!(ORGANIZER))
    );
    assert_eq!(id["preferred_username"], "organizer@contoso.example");
    assert_eq!(
        reads(&app, body["id_token"].as_str().unwrap()).await,
        401,
        "an ID token opens nothing"
    );
    let info = body["client_info"].as_str().unwrap();
    use base64::Engine;
    let info = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(info).unwrap();
    assert_eq!(
        String::from_utf8(info).unwrap(),
        json!({ "uid": ORGANIZER, "utid": CONTOSO }).to_string()
    );

    // Signed in and consented: the next code comes without a question.
    redirect(&browser.get(&app, &authorize(&[])).await);
}

#[tokio::test]
async fn a_code_that_is_used_twice_takes_its_tokens_with_it() {
    let app = with_people().start().await;
    let code = code(&app, &authorize(&[])).await;
    let first = redeem(&app, &code, &[]).await.json();
    let token = first["access_token"].as_str().unwrap();
    assert_eq!(reads(&app, token).await, 200);
    app.set_time("2026-02-01T12:00:40Z");
    let again = redeem(&app, &code, &[]).await;
    assert_eq!(refusal(&again), (400, "invalid_grant".to_owned(), 54005));
    assert_eq!(reads(&app, token).await, 401, "from the next request");
    let refresh = first["refresh_token"].as_str().unwrap();
    assert_eq!(
        refusal(&renew(&app, refresh, &[]).await),
        (400, "invalid_grant".to_owned(), 50173)
    );
}

#[tokio::test]
async fn a_code_is_good_for_its_redeemer_alone_and_not_for_long() {
    let app = with_people().start().await;
    let path = authorize(&[]);
    for (changes, number) in [
        (vec![("code_verifier", "")], 900_144),
        (vec![("code_verifier", CHALLENGE)], 501_481),
        (vec![("redirect_uri", "http://localhost/callback/")], 50011),
        (vec![("redirect_uri", "http://localhost:1/callback")], 50011),
        (
            vec![("client_id", "aaaaaaaa-0000-4000-8000-0000000000a2")],
            700_005,
        ),
        (vec![("code", "x")], 9_002_313),
    ] {
        let code = code(&app, &path).await;
        let answer = redeem(&app, &code, &changes).await;
        assert_eq!(refusal(&answer).2, number, "{changes:?}");
    }
    let late = code(&app, &path).await;
    app.set_time("2026-02-01T12:05:01Z");
    assert_eq!(refusal(&redeem(&app, &late, &[]).await).2, 70008);
}

#[tokio::test]
async fn what_is_wrong_with_client_redirect_or_pkce_is_told_on_a_page_and_sends_nobody_anywhere() {
    let app = with_people().start().await;
    for changes in [
        [("client_id", "")],
        [("client_id", "aaaaaaaa-0000-4000-8000-00000000ffff")],
        [("redirect_uri", "")],
        [("redirect_uri", "http://localhost/callback/more")],
        [("redirect_uri", "http://localhost/x/../callback")],
        [("redirect_uri", "http://localhost/callback#x")],
        [("redirect_uri", "https://evil.example/callback")],
        [("redirect_uri", "http://localhost@evil.example/callback")],
        [("redirect_uri", "//evil.example")],
        [("code_challenge", "")],
        [("code_challenge_method", "")],
        [("code_challenge_method", "plain")],
        [("code_challenge", "short")],
        [("request_uri", "https://evil.example")],
    ] {
        let answer = Browser::default().get(&app, &authorize(&changes)).await;
        assert_eq!(answer.status, 400, "{changes:?}");
        assert_eq!(answer.header("location"), "", "{changes:?}");
        assert!(answer.text().contains("AADSTS"), "{changes:?}: {}", answer.text());
        assert!(!answer.text().contains("<form"), "{changes:?}");
    }
}

#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_application() {
    let app = with_people().start().await;
    for (changes, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (
            vec![("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("scope", "")], "invalid_request"),
        (
            vec![("scope", "https://vault.azure.net/.default")],
            "invalid_resource",
        ),
        (vec![("prompt", "none")], "login_required"),
        (vec![("prompt", "x")], "invalid_request"),
    ] {
        let (target, parameters) = redirect(&Browser::default().get(&app, &authorize(&changes)).await);
        assert_eq!(
            (target.as_str(), parameters["error"].as_str()),
            (CALLBACK, error),
            "{changes:?}"
        );
        assert_eq!(parameters["state"], "s t&te");
        assert!(parameters["error_description"].starts_with("AADSTS"));
    }
    // Only after signing in it is known what may be asked for.
    let unregistered = authorize(&[("scope", "CallRecordings.Read.All")]);
    let (_, parameters) = redirect(&sign_in(&app, &mut Browser::default(), &unregistered).await);
    assert_eq!(parameters["error"], "invalid_scope");
}

#[tokio::test]
async fn no_means_no_and_is_told_to_the_application() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let fields = [("username", "organizer@contoso.example"), ("password", PASSWORD)];
    let consent = browser.submit(&app, &page, &fields).await;
    for decision in ["deny", "x"] {
        let (_, parameters) = redirect(&browser.submit(&app, &consent, &[("decision", decision)]).await);
        assert_eq!(parameters["error"], "access_denied");
        assert!(!parameters.contains_key("code"));
    }
    // And nothing was consented to.
    let (_, parameters) = redirect(&browser.get(&app, &authorize(&[("prompt", "none")])).await);
    assert_eq!(parameters["error"], "consent_required");
}

#[tokio::test]
async fn an_administrator_consents_for_everybody() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let fields = [
        ("username", "coorganizer@contoso.example"),
        ("password", PASSWORD),
    ];
    let consent = browser.submit(&app, &page, &fields).await;
    assert!(consent.text().contains("name=\"for_all\""));
    redirect(
        &browser
            .submit(&app, &consent, &[("decision", "accept"), ("for_all", "1")])
            .await,
    );
    // Nobody else is asked any more.
    let mut other = Browser::default();
    let page = other.get(&app, &authorize(&[])).await;
    let fields = [("username", "organizer@contoso.example"), ("password", PASSWORD)];
    redirect(&other.submit(&app, &page, &fields).await);
}

#[tokio::test]
async fn somebody_else_cannot_consent_for_everybody() {
    let app = with_people().start().await;
    let mut browser = Browser::default();
    let page = browser.get(&app, &authorize(&[])).await;
    let fields = [("username", "organizer@contoso.example"), ("password", PASSWORD)];
    let consent = browser.submit(&app, &page, &fields).await;
    assert!(!consent.text().contains("for_all"));
    redirect(
        &browser
            .submit(&app, &consent, &[("decision", "accept"), ("for_all", "1")])
            .await,
    );
    let grants = app
        .stores
        .texts("SELECT principal_id FROM oauth2_permission_grants");
    assert_eq!(grants, [ORGANIZER]);
}

#[tokio::test]
async fn a_form_is_posted_where_the_application_asks_for_one() {
    let app = with_people().start().await;
    let path = authorize(&[("response_mode", "form_post")]);
    let answer = sign_in(&app, &mut Browser::default(), &path).await;
    assert_eq!(answer.status, 200);
    let form = super::browser::form_of(&answer);
    assert_eq!(form.action, CALLBACK);
    let code = form.hidden.iter().find(|(name, _)| name == "code").unwrap();
    assert_eq!(redeem(&app, &code.1, &[]).await.status, 200);
    assert!(form.hidden.contains(&("state".to_owned(), "s t&te".to_owned())));
    assert!(
        answer
            .header("content-security-policy")
            .contains("form-action 'self' http: https:;")
    );
}

/// Uses a refresh token.
pub async fn renew(app: &TestApp, token: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", ARCHIVER),
        ("refresh_token", token),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    app.post_form("/common/oauth2/v2.0/token", &form).await
}

#[tokio::test]
async fn a_refresh_token_is_followed_by_another_and_a_replay_ends_them_all() {
    let app = with_people().start().await;
    let (first_access, first) = tokens(&app).await;
    let second = renew(&app, &first, &[]).await;
    assert_eq!(second.status, 200, "{}", second.text());
    let second = second.json();
    let (access, next) = (
        second["access_token"].as_str().unwrap(),
        second["refresh_token"].as_str().unwrap(),
    );
    assert_ne!(next, first);
    assert_eq!(
        (reads(&app, access).await, reads(&app, &first_access).await),
        (200, 200)
    );
    // A thief, or the victim: nobody can tell which of them this is.
    assert_eq!(
        refusal(&renew(&app, &first, &[]).await),
        (400, "invalid_grant".to_owned(), 50173)
    );
    assert_eq!(
        refusal(&renew(&app, next, &[]).await),
        (400, "invalid_grant".to_owned(), 50173)
    );
    assert_eq!(
        (reads(&app, access).await, reads(&app, &first_access).await),
        (401, 401)
    );
}

#[tokio::test]
async fn two_uses_of_a_refresh_token_at_once_are_a_replay() {
    let app = with_people().start().await;
    let (_, token) = tokens(&app).await;
    let (one, other) = tokio::join!(renew(&app, &token, &[]), renew(&app, &token, &[]));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let good = if one.status == 200 { one } else { other };
    assert_eq!(
        reads(&app, good.json()["access_token"].as_str().unwrap()).await,
        401
    );
}

#[tokio::test]
async fn a_refresh_token_asks_for_what_was_consented_to_and_ends_in_time() {
    let app = with_people().start().await;
    let (_, token) = tokens(&app).await;
    let narrower = renew(&app, &token, &[("scope", &format!("{}/{READ}", app.base()))])
        .await
        .json();
    assert_eq!(
        claims(narrower["access_token"].as_str().unwrap())["aud"],
        app.base()
    );
    assert!(narrower.get("id_token").is_none());
    let token = narrower["refresh_token"].as_str().unwrap();
    let wider = renew(&app, token, &[("scope", "User.Read")]).await;
    assert_eq!(refusal(&wider), (400, "invalid_grant".to_owned(), 65001));
    assert_eq!(wider.json()["suberror"], "consent_required");
    let other = renew(
        &app,
        token,
        &[("client_id", "aaaaaaaa-0000-4000-8000-0000000000a2")],
    )
    .await;
    assert_eq!(refusal(&other), (400, "invalid_grant".to_owned(), 700_005));
    assert_eq!(
        refusal(&renew(&app, token, &[]).await).2,
        50173,
        "another application had it"
    );
    let (_, token) = tokens(&app).await;
    app.set_time("2026-05-02T12:00:01Z");
    assert_eq!(
        refusal(&renew(&app, &token, &[]).await),
        (400, "invalid_grant".to_owned(), 70008)
    );
}

#[tokio::test]
async fn a_disabled_user_gets_nothing_new_and_what_there_is_ends() {
    let app = with_people().start().await;
    let (access, refresh) = tokens(&app).await;
    let mut browser = Browser::default();
    sign_in(&app, &mut browser, &authorize(&[])).await;
    app.seed(&super::PEOPLE.replace(
        "password: \"organizer's own pass phrase\", ",
        "accountEnabled: false, ",
    ))
    .await;
    assert_eq!(reads(&app, &access).await, 401);
    assert_eq!(
        refusal(&renew(&app, &refresh, &[]).await),
        (400, "invalid_grant".to_owned(), 50057)
    );
    let page = browser.get(&app, &authorize(&[])).await;
    assert_eq!(page.status, 200, "the session does not count any more");
}

#[tokio::test]
async fn who_has_no_secret_left_is_no_public_client_for_that() {
    let app = with_people().start().await;
    let (_, refresh) = tokens(&app).await;
    app.seed(&super::PEOPLE.replace("isFallbackPublicClient: true", "accountEnabled: true"))
        .await;
    assert_eq!(
        refusal(&renew(&app, &refresh, &[]).await),
        (401, "invalid_client".to_owned(), 7_000_218)
    );
}

#[tokio::test]
async fn a_permission_that_is_taken_away_counts_at_once() {
    let app = with_people().start().await;
    let (access, _) = tokens(&app).await;
    assert_eq!(reads(&app, &access).await, 200);
    app.seed(&super::PEOPLE.replace("scopes: [\"OnlineMeetingRecording.Read.All\", ", "scopes: ["))
        .await;
    assert_eq!(reads(&app, &access).await, 403);
}
