//! Tokens that count, and the one answer to those that do not (security.md section 1, contract section 11a).

use serde_json::{Value, json};

use super::asking::{INVALID, essence, expect_status, four_urls, my_recording, unauthenticated};
use super::issuer_server::IssuerServer;
use super::keys::{
    AUDIENCE, KeyFile, all_keys, app_claims, changed, encode, key_set, keys, now, other_jwk, own_pair,
    rsa_jwk, sign, sign_hmac, sign_with, signing_input, user_claims,
};
use crate::support::names::{ATTENDEE, FABRIKAM, GUEST, ORGANIZER, READ};
use crate::support::{Answer, TestApp, TokenOf};

const EMPTY: &str = "Access token is empty.";
const NOT_COMPACT: &str = "CompactToken parsing failed with error code: 80049217";
const EXPIRED: &str = "Lifetime validation failed, the token is expired.";
const WRONG_AUDIENCE: &str = "Access token validation failure. Invalid audience.";
/// What stands for a token that is accepted.
const ACCEPTED: &str = "";

async fn with_header(app: &TestApp, value: Option<&str>) -> Answer {
    let mut request = app.request("GET", &my_recording());
    if let Some(value) = value {
        request = request.header("authorization", value);
    }
    app.send(request).await
}

/// Expects the text of a 401, or 200.
async fn expect(app: &TestApp, token: &str, text: &str, case: &str) {
    let answer = app.get(&my_recording(), token).await;
    match text {
        ACCEPTED => assert_eq!(answer.status, 200, "{case}: {}", answer.text()),
        _ => assert_eq!(answer.error(), unauthenticated(text), "{case}"),
    }
}

/// The same of an application's token.
async fn expect_app(app: &TestApp, token: &str, text: &str, case: &str) {
    let answer = app.get(&super::asking::recording_of(ORGANIZER), token).await;
    match text {
        ACCEPTED => assert_eq!(answer.status, 200, "{case}: {}", answer.text()),
        _ => assert_eq!(answer.error(), unauthenticated(text), "{case}"),
    }
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "RS256", "kid": "rsa" })
}

#[tokio::test]
async fn what_is_no_token_is_told_from_what_is_none_at_all() {
    let app = TestApp::start().await;
    let cases = [
        (None, EMPTY),
        (Some(""), EMPTY),
        (Some("Bearer"), EMPTY),
        (Some("Bearer "), EMPTY),
        (Some("Basic dXNlcjpwYXNz"), EMPTY),
        (Some("Bearer abc"), NOT_COMPACT),
        (Some("Bearer a.b"), NOT_COMPACT),
        (Some("Bearer .."), NOT_COMPACT),
        (Some("Bearer e30.e30.e30.e30.e30"), NOT_COMPACT),
        (Some("Bearer e30=.e30.e30"), NOT_COMPACT),
        (Some("Bearer e30.e30.a+b/"), NOT_COMPACT),
        (Some("Bearer e30.e30.e30"), INVALID),
        (Some("Bearer e30.W10.e30"), INVALID),
    ];
    for (value, text) in cases {
        let answer = with_header(&app, value).await;
        assert_eq!(answer.error(), unauthenticated(text), "{value:?}");
    }
}

#[tokio::test]
async fn the_name_of_the_scheme_has_no_case() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let answer = with_header(&app, Some(&format!("{scheme} {token}"))).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn no_token_gets_401_with_a_challenge_on_all_four_urls_with_get_and_head() {
    let app = TestApp::start().await;
    for url in four_urls(ORGANIZER) {
        for method in ["GET", "HEAD"] {
            let answer = app.send(app.request(method, &url)).await;
            assert_eq!(answer.status, 401, "{method} {url}");
            let challenge = answer.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer realm=\"\", authorization_uri=\"https://"),
                "{challenge}"
            );
            assert_eq!(answer.header("etag"), "");
            assert_eq!(answer.header("accept-ranges"), "");
            if method == "HEAD" {
                assert!(answer.body.is_empty());
            } else {
                assert_eq!(answer.error(), unauthenticated(EMPTY), "{url}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_the_built_in_key_counts_and_a_changed_one_does_not() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ATTENDEE).sign();
    expect(&app, &token, ACCEPTED, "as signed").await;
    let parts: Vec<&str> = token.split('.').collect();
    let other = TokenOf::user(ORGANIZER).sign();
    let other: Vec<&str> = other.split('.').collect();
    let cut = &parts[2][..parts[2].len() - 2];
    let cases = [
        (
            "another's claims",
            [parts[0], other[1], parts[2]].join("."),
            INVALID,
        ),
        (
            "another's signature",
            [parts[0], parts[1], other[2]].join("."),
            INVALID,
        ),
        (
            "a shorter signature",
            [parts[0], parts[1], cut].join("."),
            INVALID,
        ),
        ("no signature", [parts[0], parts[1], ""].join("."), INVALID),
        (
            "claims and signature swapped",
            [parts[0], parts[2], parts[1]].join("."),
            INVALID,
        ),
        ("padding", format!("{token}=="), NOT_COMPACT),
        ("a fourth part", format!("{token}.{}", parts[2]), NOT_COMPACT),
    ];
    for (case, token, text) in cases {
        expect(&app, &token, text, case).await;
    }
}

#[tokio::test]
async fn a_signature_has_one_spelling_only() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    // 256 bytes are 342 characters; the last one has four bits that say nothing.
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    let other = alphabet.chars().nth(at ^ 1).unwrap();
    let changed = format!("{}{other}", &token[..token.len() - 1]);
    expect(&app, &changed, NOT_COMPACT, "stray bits").await;
}

#[tokio::test]
async fn a_token_without_a_signature_of_a_private_key_is_refused() {
    let app = TestApp::start().await;
    let claims = TokenOf::user(ORGANIZER).claims();
    let (pair, kid) = own_pair(&app).await;
    let own = json!({ "typ": "at+jwt", "alg": "RS256", "kid": kid });
    expect(&app, &sign_with(&pair, &own, &claims), ACCEPTED, "the key itself").await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = changed(&own, &json!({ "alg": alg }));
        let input = signing_input(&header, &claims);
        expect(&app, &format!("{input}."), INVALID, alg).await;
        expect(&app, &sign_with(&pair, &header, &claims), INVALID, alg).await;
    }
    for token in sign_hmac(&pair, &kid, &claims) {
        expect(&app, &token, INVALID, "HMAC with the public key").await;
    }
    let cases = [
        (
            "another key under its name",
            sign_with(&keys().other_rsa, &own, &claims),
        ),
        (
            "an unknown key",
            sign_with(
                &keys().other_rsa,
                &changed(&own, &json!({ "kid": "unknown" })),
                &claims,
            ),
        ),
        (
            "no kid",
            sign_with(&pair, &changed(&own, &json!({ "kid": "-" })), &claims),
        ),
        (
            "kid is a number",
            sign_with(&pair, &changed(&own, &json!({ "kid": 1 })), &claims),
        ),
        (
            "kid is a path",
            sign_with(
                &pair,
                &changed(&own, &json!({ "kid": "../../dev/null' OR 1=1 --" })),
                &claims,
            ),
        ),
        (
            "alg of another type",
            sign_with(&pair, &changed(&own, &json!({ "alg": "ES256" })), &claims),
        ),
        (
            "alg that the authority has not",
            sign_with(&pair, &changed(&own, &json!({ "alg": "PS256" })), &claims),
        ),
        (
            "alg in an array",
            sign_with(&pair, &changed(&own, &json!({ "alg": ["RS256"] })), &claims),
        ),
    ];
    for (case, token) in cases {
        expect(&app, &token, INVALID, case).await;
    }
}

#[tokio::test]
async fn hmac_with_an_issuers_public_key_is_refused() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for token in sign_hmac(&keys().rsa, "rsa", &user_claims()) {
        expect(&app, &token, INVALID, "HMAC with the public key").await;
    }
    let none = signing_input(&json!({ "alg": "none" }), &user_claims());
    expect(&app, &format!("{none}."), INVALID, "none").await;
}

#[tokio::test]
async fn keys_that_a_header_carries_or_points_to_are_never_used() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let elsewhere = IssuerServer::start(&key_set(&[other_jwk("rsa")])).await;
    let extras = [
        json!({ "jwk": other_jwk("rsa") }),
        json!({ "jwk": other_jwk("mine"), "kid": "mine" }),
        json!({ "jku": elsewhere.url("/keys") }),
        json!({ "jku": elsewhere.url("/keys"), "kid": "new" }),
        json!({ "x5u": elsewhere.url("/keys") }),
        json!({ "x5c": [encode("certificate")] }),
    ];
    for extra in &extras {
        let header = changed(&header(), extra);
        let token = sign_with(&keys().other_rsa, &header, &user_claims());
        expect(&app, &token, INVALID, &extra.to_string()).await;
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test]
async fn headers_of_other_kinds_of_token_are_refused() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let cases = [
        (json!({}), ACCEPTED),
        (json!({ "typ": "-" }), ACCEPTED),
        (json!({ "typ": "JWT" }), ACCEPTED),
        (json!({ "typ": "jwt" }), ACCEPTED),
        (json!({ "typ": "logout+jwt" }), INVALID),
        (json!({ "typ": "secevent+jwt" }), INVALID),
        (json!({ "typ": "dpop+jwt" }), INVALID),
        (json!({ "typ": "id_token" }), INVALID),
        (json!({ "typ": "" }), INVALID),
        (json!({ "typ": 1 }), INVALID),
        (json!({ "crit": [] }), INVALID),
        (json!({ "crit": ["exp"] }), INVALID),
        (json!({ "crit": ["b64"], "b64": false }), INVALID),
        (json!({ "cnf": {} }), INVALID),
        (json!({ "nonce": "n" }), INVALID),
        // Three kinds of key are in the set: without a name none is meant.
        (json!({ "kid": "-" }), INVALID),
        (json!({ "kid": "p256" }), INVALID),
        (json!({ "kid": "RSA" }), INVALID),
        (json!({ "kid": "" }), INVALID),
    ];
    for (changes, text) in cases {
        let token = sign_with(&keys().rsa, &changed(&header(), &changes), &user_claims());
        expect(&app, &token, text, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn claims_that_do_not_hold_are_refused_alike() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let cases = [
        (json!({}), ACCEPTED),
        (json!({ "iss": "-" }), INVALID),
        (json!({ "iss": "https://evil.example" }), INVALID),
        (json!({ "iss": "https://login.example/{tenantid}/v2.0" }), INVALID),
        (
            json!({ "iss": format!("https://login.example/{FABRIKAM}/v2.0") }),
            INVALID,
        ),
        (json!({ "tid": FABRIKAM }), INVALID),
        (json!({ "tid": "-" }), INVALID),
        (json!({ "tid": 7 }), INVALID),
        (json!({ "aud": "-" }), INVALID),
        (json!({ "aud": [AUDIENCE] }), INVALID),
        (json!({ "aud": "https://graph.microsoft.com" }), WRONG_AUDIENCE),
        (json!({ "aud": "" }), WRONG_AUDIENCE),
        (json!({ "aud": format!("{AUDIENCE}/") }), WRONG_AUDIENCE),
        (json!({ "exp": "-" }), INVALID),
        (json!({ "exp": (now() + 3600).to_string() }), INVALID),
        (json!({ "exp": -1 }), INVALID),
        (json!({ "exp": 1e300 }), INVALID),
        (json!({ "nbf": "soon" }), INVALID),
        (json!({ "cnf": { "jkt": "x" } }), INVALID),
        (json!({ "nonce": "n" }), INVALID),
        (json!({ "events": {} }), INVALID),
        (json!({ "roles": READ }), INVALID),
        (json!({ "roles": [1] }), INVALID),
        (json!({ "scp": [READ] }), INVALID),
        (json!({ "scp": Value::Null }), INVALID),
        (json!({ "oid": "-" }), INVALID),
        (json!({ "oid": "" }), INVALID),
        (json!({ "azp": 1 }), INVALID),
        (json!({ "idtyp": "user" }), ACCEPTED),
        (json!({ "idtyp": "app" }), INVALID),
        (json!({ "idtyp": "device" }), INVALID),
        (json!({ "scp": "-", "idtyp": "user" }), INVALID),
        (json!({ "roles": [READ] }), ACCEPTED),
        (json!({ "groups": "everybody" }), INVALID),
    ];
    for (changes, text) in cases {
        let token = sign(&changed(&user_claims(), &changes));
        expect(&app, &token, text, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn an_applications_token_is_told_by_the_absence_of_scopes_not_by_its_roles() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let cases = [
        (json!({}), ACCEPTED),
        (json!({ "idtyp": "app" }), ACCEPTED),
        (json!({ "oid": "another-object" }), ACCEPTED),
        (json!({ "idtyp": "user" }), INVALID),
        (json!({ "idtyp": "App" }), INVALID),
        (json!({ "azp": "-" }), INVALID),
        (json!({ "azp": "" }), INVALID),
    ];
    for (changes, text) in cases {
        let token = sign(&changed(&app_claims(), &changes));
        expect_app(&app, &token, text, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn dates_have_a_minute_of_leeway() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let cases = [
        (json!({ "exp": now() - 59 }), ACCEPTED),
        (json!({ "exp": now() - 60 }), EXPIRED),
        (
            json!({ "exp": now() - 7200, "iat": now() - 10_000, "nbf": now() - 10_000 }),
            EXPIRED,
        ),
        (json!({ "exp": 0 }), EXPIRED),
        (json!({ "nbf": now() + 60 }), ACCEPTED),
        (json!({ "nbf": now() + 61 }), INVALID),
        (json!({ "iat": now() + 61 }), INVALID),
        (json!({ "iat": now(), "exp": now() + 88_200 }), ACCEPTED),
        (json!({ "iat": now(), "exp": now() + 88_201 }), INVALID),
    ];
    for (changes, text) in cases {
        let token = sign(&changed(&user_claims(), &changes));
        expect(&app, &token, text, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn expiry_and_audience_are_told_only_when_the_signature_is_right() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for changes in [json!({ "exp": now() - 7200 }), json!({ "aud": "api://other" })] {
        let token = sign_with(&keys().other_rsa, &header(), &changed(&user_claims(), &changes));
        expect(&app, &token, INVALID, &changes.to_string()).await;
    }
}

#[tokio::test]
async fn own_tokens_expire_and_are_for_graph() {
    let app = TestApp::start().await;
    let user = TokenOf::user(ORGANIZER);
    let cases = [
        (
            "expired",
            user.clone().issued("2026-02-01T10:00:00Z").lifetime(3600).sign(),
            EXPIRED,
        ),
        (
            "not yet",
            user.clone().issued("2026-02-01T12:02:00Z").sign(),
            INVALID,
        ),
        ("too long", user.clone().lifetime(88_201).sign(), INVALID),
        (
            "of another audience",
            user.clone().audience("api://other").sign(),
            WRONG_AUDIENCE,
        ),
        (
            "of an unknown tenant",
            user.clone().tenant("cccccccc-0000-4000-8000-000000000001").sign(),
            INVALID,
        ),
    ];
    for (case, token, text) in cases {
        expect(&app, &token, text, case).await;
    }
}

#[tokio::test]
async fn a_token_that_was_accepted_is_refused_once_it_has_expired() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).lifetime(10).sign();
    expect(&app, &token, ACCEPTED, "at once").await;
    app.set_time("2026-02-01T12:01:10Z");
    expect(&app, &token, EXPIRED, "later").await;
}

#[tokio::test]
async fn an_oversized_token_is_refused_as_any_other() {
    let app = TestApp::start().await;
    let claims = changed(
        &TokenOf::user(ORGANIZER).claims(),
        &json!({ "extra": "a".repeat(20_000) }),
    );
    expect(&app, &TokenOf::sign_claims(&claims), INVALID, "20 KiB").await;
    let claims = changed(&claims, &json!({ "extra": "a".repeat(8_000) }));
    expect(&app, &TokenOf::sign_claims(&claims), ACCEPTED, "10 KiB").await;
}

#[tokio::test]
async fn every_fault_of_signature_key_and_claims_gets_the_same_answer() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let tokens = [
        sign_with(&keys().other_rsa, &header(), &user_claims()),
        sign_with(
            &keys().rsa,
            &changed(&header(), &json!({ "kid": "unknown" })),
            &user_claims(),
        ),
        sign(&changed(&user_claims(), &json!({ "cnf": {} }))),
        sign(&changed(
            &user_claims(),
            &json!({ "iss": "https://nobody.example" }),
        )),
        TokenOf::user(ORGANIZER).through("nobody").sign(),
        TokenOf::user(crate::support::names::DISABLED).sign(),
    ];
    let first = essence(&app.get(&my_recording(), &tokens[0]).await);
    for token in &tokens {
        assert_eq!(essence(&app.get(&my_recording(), token).await), first);
    }
}

#[tokio::test]
async fn a_user_whose_token_has_roles_is_still_a_user() {
    let app = TestApp::start().await;
    for (scopes, status) in [(READ, 200), ("User.Read", 403)] {
        let claims = TokenOf::user(ORGANIZER).permissions(&[scopes]).claims();
        let claims = changed(&claims, &json!({ "roles": [READ] }));
        expect_status(&app, &my_recording(), &TokenOf::sign_claims(&claims), status).await;
    }
    // Nobody is taken for an application because no such user is stored.
    let claims = changed(
        &TokenOf::user(GUEST).claims(),
        &json!({ "oid": "nobody", "roles": [READ] }),
    );
    let token = TokenOf::sign_claims(&claims);
    let answer = app.get(&super::asking::recording_of(ORGANIZER), &token).await;
    assert!(matches!(answer.status, 401 | 403), "{}", answer.text());
}

#[tokio::test]
async fn an_empty_scope_is_a_user_who_may_nothing() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).permissions(&[]).sign();
    let text = "Missing scope permissions on the request. API requires one of 'OnlineMeetingRecording.Read.All'. \
                Scopes on the request ''.";
    let answer = app.get(&my_recording(), &token).await;
    assert_eq!(answer.error(), super::asking::forbidden(text));
}

#[tokio::test]
async fn members_that_are_named_twice_are_refused() {
    let app = TestApp::start().await;
    let (pair, kid) = own_pair(&app).await;
    let claims = TokenOf::user(ATTENDEE).claims().to_string();
    let doubled = claims.replacen('{', &format!("{{\"oid\":\"{ORGANIZER}\","), 1);
    let input = format!(
        "{}.{}",
        encode(json!({ "alg": "RS256", "kid": kid }).to_string()),
        encode(doubled)
    );
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &aws_lc_rs::signature::RSA_PKCS1_SHA256,
        &aws_lc_rs::rand::SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .unwrap();
    expect(
        &app,
        &format!("{input}.{}", encode(signature)),
        INVALID,
        "two oid",
    )
    .await;
}

#[tokio::test]
async fn no_text_after_bearer_gives_anything_but_401_or_400() {
    let app = TestApp::start().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(4000), "]".repeat(4000));
    let jwk = rsa_jwk("rsa").to_string();
    for text in ["\u{e9}", "{}", "null", &deep, "a b c", "%00", &jwk] {
        for token in [
            text.to_owned(),
            format!("{}.{}.{}", encode(text), encode(text), encode(text)),
        ] {
            let answer = with_header(&app, Some(&format!("Bearer {token}"))).await;
            assert!(matches!(answer.status, 400 | 401), "{token}: {}", answer.text());
        }
    }
}
