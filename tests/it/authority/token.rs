//! `POST /{tenant}/oauth2/v2.0/token` for applications alone.

use serde_json::json;

use super::{GRAPH_DEFAULT, SECRET, claims, refusal, with_secret};
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, READ, READ_TRANSCRIPTS, standup_of};
use crate::support::{Answer, TestApp};

fn form<'a>(secret: &'a str, scope: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", ARCHIVER),
        ("client_secret", secret),
        ("scope", scope),
    ]
}

async fn ask(app: &TestApp, tenant: &str, form: &[(&str, &str)]) -> Answer {
    app.post_form(&format!("/{tenant}/oauth2/v2.0/token"), form).await
}

#[tokio::test]
async fn an_application_with_its_secret_gets_a_token_that_reads_recordings() {
    let app = with_secret().start().await;
    let answer = ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["ext_expires_in"]),
        (&json!("Bearer"), &json!(3600), &json!(3600))
    );
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
    let claims = claims(token);
    assert_eq!(claims["roles"], json!([READ, READ_TRANSCRIPTS]));
    assert_eq!(claims["aud"], "https://graph.microsoft.com");
    assert_eq!(claims["iss"], format!("{}/{CONTOSO}/v2.0", app.base()));
    assert_eq!(
        (
            &claims["tid"],
            &claims["appid"],
            &claims["azp"],
            &claims["idtyp"],
            &claims["ver"]
        ),
        (
            &json!(CONTOSO),
            &json!(ARCHIVER),
            &json!(ARCHIVER),
            &json!("app"),
            &json!("2.0")
        )
    );
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    assert_eq!(app.get(&path, token).await.status, 200);
}

#[tokio::test]
async fn a_tenant_is_named_by_id_domain_or_a_word_for_the_applications_own() {
    let app = with_secret().start().await;
    for tenant in [
        CONTOSO,
        &CONTOSO.to_uppercase(),
        "contoso.example",
        "Contoso.Example",
        "common",
        "organizations",
        "adfs",
    ] {
        let answer = ask(&app, tenant, &form(SECRET, GRAPH_DEFAULT)).await;
        assert_eq!(answer.status, 200, "{tenant}: {}", answer.text());
        let body = answer.json();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["tid"], CONTOSO);
    }
    let answer = app
        .post_form("/adfs/oauth2/token", &form(SECRET, GRAPH_DEFAULT))
        .await;
    assert_eq!(answer.status, 200, "without v2.0");
    for (tenant, expected) in [
        ("nowhere.example", (400, "invalid_request".to_owned(), 90002)),
        (ORGANIZER, (400, "invalid_request".to_owned(), 90002)),
        ("consumers", (400, "invalid_request".to_owned(), 50020)),
        (
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            (400, "invalid_request".to_owned(), 50020),
        ),
        (
            "bbbbbbbb-0000-4000-8000-000000000001",
            (400, "unauthorized_client".to_owned(), 700016),
        ),
    ] {
        let answer = ask(&app, tenant, &form(SECRET, GRAPH_DEFAULT)).await;
        assert_eq!(refusal(&answer), expected, "{tenant}");
    }
}

#[tokio::test]
async fn the_audience_is_what_was_asked_for_and_this_server_accepts_each() {
    let app = with_secret().start().await;
    let own = app.base().to_owned();
    let without_port = own.rsplit_once(':').unwrap().0.to_owned();
    let graph = "https://graph.microsoft.com".to_owned();
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    for (resource, audience) in [
        (own.as_str(), &own),
        (&without_port, &without_port),
        ("https://graph.microsoft.com", &graph),
        ("https://graph.microsoft.com/", &graph),
        ("00000003-0000-0000-c000-000000000000", &graph),
    ] {
        let answer = ask(&app, CONTOSO, &form(SECRET, &format!("{resource}/.default"))).await;
        let body = answer.json();
        let token = body["access_token"].as_str().unwrap_or_else(|| panic!("{body}"));
        assert_eq!(claims(token)["aud"], **audience, "{resource}");
        assert_eq!(app.get(&path, token).await.status, 200, "{resource}");
    }
}

#[tokio::test]
async fn a_scope_that_is_not_to_be_had_is_named() {
    let app = with_secret().start().await;
    for (scope, error, number) in [
        ("https://vault.azure.net/.default", "invalid_resource", 500_011),
        (
            "https://graph.microsoft.com/User.Read",
            "invalid_scope",
            1_002_012,
        ),
        ("User.Read", "invalid_scope", 1_002_012),
        (
            "https://graph.microsoft.com/.default https://localhost/.default",
            "invalid_resource",
            500_011,
        ),
        (
            "api://aaaaaaaa-0000-4000-8000-00000000ffff/.default",
            "invalid_resource",
            500_011,
        ),
    ] {
        let answer = ask(&app, CONTOSO, &form(SECRET, scope)).await;
        assert_eq!(refusal(&answer), (400, error.to_owned(), number), "{scope}");
    }
}

#[tokio::test]
async fn what_is_missing_or_doubled_is_named() {
    let app = with_secret().start().await;
    let all = form(SECRET, GRAPH_DEFAULT);
    for (index, (name, error, number)) in [
        ("grant_type", "invalid_request", 900_144),
        ("client_id", "invalid_request", 900_144),
        ("client_secret", "invalid_client", 7_000_218),
        ("scope", "invalid_request", 900_144),
    ]
    .into_iter()
    .enumerate()
    {
        let mut without = all.clone();
        without.remove(index);
        let answer = ask(&app, CONTOSO, &without).await;
        let (_, found, code) = refusal(&answer);
        assert_eq!((found.as_str(), code), (error, number), "{name}");
        assert!(answer.text().contains(name), "{}", answer.text());
        let mut doubled = all.clone();
        doubled.push(all[index]);
        assert_eq!(
            refusal(&ask(&app, CONTOSO, &doubled).await).2,
            9_000_411,
            "{name}"
        );
    }
    for grant in ["password", "implicit", "x"] {
        let mut other = all.clone();
        other[0].1 = grant;
        let expected = (400, "unsupported_grant_type".to_owned(), 70003);
        assert_eq!(refusal(&ask(&app, CONTOSO, &other).await), expected);
    }
    let path = format!("/{CONTOSO}/oauth2/v2.0/token");
    let json = app
        .request("POST", &path)
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(refusal(&app.send(json).await).2, 900_561);
    let answer = app.send(app.request("GET", &path)).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
    let huge = app.request("POST", &path).body("a".repeat(70_000));
    assert_eq!(app.send(huge).await.status, 413);
}

#[tokio::test]
async fn a_secret_in_the_url_is_refused_even_if_it_is_right() {
    let app = with_secret().start().await;
    let secret = SECRET.replace(" ", "%20");
    let path = format!("/{CONTOSO}/oauth2/v2.0/token?client_secret={secret}");
    let answer = app.post_form(&path, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(refusal(&answer), (400, "invalid_request".to_owned(), 900_144));
    assert!(!answer.text().contains(SECRET));
}

#[tokio::test]
async fn a_basic_header_will_do_and_two_proofs_will_not() {
    let app = with_secret().start().await;
    let path = format!("/{CONTOSO}/oauth2/v2.0/token");
    let short = [("grant_type", "client_credentials"), ("scope", GRAPH_DEFAULT)];
    let encoded = SECRET.replace(' ', "+").replace('\'', "%27");
    let right = app
        .request("POST", &path)
        .basic_auth(ARCHIVER, Some(&encoded))
        .form(&short);
    assert_eq!(app.send(right).await.status, 200);
    let wrong = app
        .request("POST", &path)
        .basic_auth(ARCHIVER, Some("no"))
        .form(&short);
    let answer = app.send(wrong).await;
    assert_eq!(refusal(&answer), (401, "invalid_client".to_owned(), 7_000_215));
    assert!(answer.header("www-authenticate").starts_with("Basic "));
    let both = app
        .request("POST", &path)
        .basic_auth(ARCHIVER, Some(&encoded))
        .form(&form(SECRET, GRAPH_DEFAULT));
    assert_eq!(refusal(&app.send(both).await).2, 7_000_214);
}

#[tokio::test]
async fn wrong_secrets_slow_down_who_sends_them_and_nobody_else() {
    let app = with_secret().start().await;
    let mut waits = 0;
    for attempt in 0..100 {
        let answer = ask(&app, CONTOSO, &form("wrong", GRAPH_DEFAULT)).await;
        match refusal(&answer) {
            (401, _, 7_000_215) => {}
            (429, error, 50_053) => {
                assert_eq!(error, "temporarily_unavailable");
                let wait: u64 = answer.header("retry-after").parse().unwrap();
                assert!((1..=900).contains(&wait));
                waits += 1;
            }
            other => panic!("{attempt}: {other:?}"),
        }
    }
    assert_eq!(waits, 95, "five are free");
    // Even the right one has to wait now, from here.
    let late = ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(late.status, 429);
    app.set_time("2026-02-01T12:00:02Z");
    let answer = ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // And the count begins anew.
    assert_eq!(
        ask(&app, CONTOSO, &form("wrong", GRAPH_DEFAULT)).await.status,
        401
    );
    assert_eq!(ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await.status, 200);
}

#[tokio::test]
async fn a_disabled_application_gets_nothing() {
    let app = with_secret().start().await;
    app.seed(&super::SEED.replace("displayName: \"Archiver\"", "accountEnabled: false"))
        .await;
    let answer = ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(
        refusal(&answer),
        (400, "unauthorized_client".to_owned(), 7_000_112)
    );
}

#[tokio::test]
async fn a_suspended_tenant_hands_nothing_out() {
    let app = with_secret().start().await;
    app.seed("tenants: [{ id: \"aaaaaaaa-0000-4000-8000-000000000001\", suspended: true, verifiedDomains: [\"contoso.example\"] }]")
        .await;
    let answer = ask(&app, CONTOSO, &form(SECRET, GRAPH_DEFAULT)).await;
    assert_eq!(
        refusal(&answer),
        (400, "unauthorized_client".to_owned(), 5_000_225)
    );
}

#[tokio::test]
async fn wrong_secrets_at_once_are_as_slow_as_one_after_the_other() {
    let app = std::sync::Arc::new(with_secret().start().await);
    let all = (0..40).map(|_| {
        let app = std::sync::Arc::clone(&app);
        tokio::spawn(async move { ask(&app, CONTOSO, &form("wrong", GRAPH_DEFAULT)).await.status })
    });
    let mut tried = 0;
    for one in all.collect::<Vec<_>>() {
        tried += usize::from(one.await.unwrap() == 401);
    }
    assert_eq!(tried, 5);
}
