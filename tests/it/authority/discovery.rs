//! What the authority says of itself.

use serde_json::json;

use super::with_secret;
use crate::support::names::CONTOSO;
use crate::support::{TestApp, own_key};

#[tokio::test]
async fn a_tenant_is_described_with_its_own_addresses() {
    let app = with_secret().start().await;
    let base = app.base();
    for tenant in [CONTOSO, "contoso.example"] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let answer = app.send(app.request("GET", &path)).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, "public, max-age=300")
        );
        let body = answer.json();
        assert_eq!(body["issuer"], format!("{base}/{CONTOSO}/v2.0"));
        for (member, end) in [
            ("authorization_endpoint", "oauth2/v2.0/authorize"),
            ("token_endpoint", "oauth2/v2.0/token"),
            ("device_authorization_endpoint", "oauth2/v2.0/devicecode"),
            ("end_session_endpoint", "oauth2/v2.0/logout"),
            ("jwks_uri", "discovery/v2.0/keys"),
        ] {
            assert_eq!(body[member], format!("{base}/{CONTOSO}/{end}"), "{member}");
        }
        assert_eq!(body["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(body["response_types_supported"], json!(["code"]));
    }
}

#[tokio::test]
async fn words_in_place_of_a_tenant_are_described_as_microsofts_libraries_expect() {
    let app = TestApp::start().await;
    let base = app.base();
    let issuer = async |path: &str| app.send(app.request("GET", path)).await.json()["issuer"].clone();
    assert_eq!(
        issuer("/common/v2.0/.well-known/openid-configuration").await,
        format!("{base}/{{tenantid}}/v2.0")
    );
    assert_eq!(
        issuer("/organizations/v2.0/.well-known/openid-configuration").await,
        format!("{base}/{{tenantid}}/v2.0")
    );
    let adfs = app
        .send(app.request("GET", "/adfs/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(adfs["issuer"], format!("{base}/adfs"));
    assert_eq!(adfs["token_endpoint"], format!("{base}/adfs/oauth2/token"));
    let answer = app
        .send(app.request("GET", "/nowhere.example/v2.0/.well-known/openid-configuration"))
        .await;
    assert_eq!(
        super::refusal(&answer),
        (400, "invalid_request".to_owned(), 90_002)
    );
}

#[tokio::test]
async fn the_published_key_is_the_one_that_signs() {
    let app = TestApp::start().await;
    for path in ["/common/discovery/v2.0/keys", "/adfs/discovery/keys"] {
        let body = app.send(app.request("GET", path)).await.json();
        assert_eq!(body, json!({ "keys": [own_key().public_jwk()] }));
    }
}

#[tokio::test]
async fn instance_discovery_knows_this_authority_and_no_other() {
    let app = TestApp::start().await;
    let base = app.base();
    let host = base.trim_start_matches("http://");
    let ask = async |endpoint: &str| {
        let path = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}");
        app.send(app.request("GET", &path)).await
    };
    let body = ask(&format!("{base}/contoso.example/oauth2/v2.0/authorize"))
        .await
        .json();
    assert_eq!(
        body["tenant_discovery_endpoint"],
        format!("{base}/contoso.example/v2.0/.well-known/openid-configuration")
    );
    assert_eq!(body["metadata"][0]["aliases"], json!([host]));
    for other in [
        "https://login.microsoftonline.com/common",
        &format!("{base}.evil.example/common"),
    ] {
        let answer = ask(other).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!("invalid_instance"))
        );
    }
    assert_eq!(
        app.send(app.request("GET", "/common/discovery/instance"))
            .await
            .status,
        400
    );
}
