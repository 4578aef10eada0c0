//! Clients that prove who they are by a signed assertion.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use graphophone::authority::client_assertion::ASSERTION_TYPE;
use graphophone::db::application_credentials::{ApplicationCredential, CredentialKind};
use graphophone::db::directory::applications::AddCredential;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::{GRAPH_DEFAULT, refusal, with_secret};
use crate::auth::keys::{changed, encode, now};
use crate::support::names::{ARCHIVER, CONTOSO};
use crate::support::{Answer, TestApp};

/// A certificate that the archiver has registered, with its key.
struct Certificate {
    der: Vec<u8>,
    pair: RsaKeyPair,
}

impl Certificate {
    fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        Self::of(&key, 1)
    }

    fn of(key: &KeyPair, serial: u64) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.serial_number = Some(serial.into());
        let made = params.self_signed(key).unwrap();
        Self {
            der: made.der().to_vec(),
            pair: RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap(),
        }
    }

    /// One whose thumbprints have both letters in which the alphabets of base64 differ.
    fn telling() -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let tells = |text: String| text.contains('-') && text.contains('_');
        let mut certificates = (1..10_000).map(|serial| Self::of(&key, serial));
        certificates
            .find(|one| tells(one.x5t()) && tells(one.x5t_s256()))
            .unwrap()
    }

    async fn register(&self, app: &TestApp) {
        let now = app.clock.now();
        let credential = ApplicationCredential {
            id: "certificate".to_owned(),
            app_id: ARCHIVER.to_owned(),
            tenant_id: CONTOSO.to_owned(),
            kind: CredentialKind::Certificate,
            hint: "hint".to_owned(),
            display_name: None,
            value: self.der.clone(),
            created: now,
            expires: now.plus(std::time::Duration::from_secs(3600)),
        };
        app.store
            .db
            .write(AddCredential { credential, now })
            .await
            .unwrap();
    }

    fn x5t(&self) -> String {
        encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der))
    }

    fn x5t_s256(&self) -> String {
        encode(digest(&SHA256, &self.der))
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let padding: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(padding, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .unwrap();
        format!("{input}.{}", encode(signature))
    }
}

fn claims(app: &TestApp) -> Value {
    json!({
        "aud": format!("{}/{CONTOSO}/oauth2/v2.0/token", app.base()), "iss": ARCHIVER, "sub": ARCHIVER, "jti": "1",
        "nbf": now(), "exp": now() + 600,
    })
}

async fn ask(app: &TestApp, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("scope", GRAPH_DEFAULT),
    ];
    form.extend(more);
    app.post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await
}

#[tokio::test]
async fn both_algorithms_and_both_thumbprints_will_do() {
    let app = with_secret().start().await;
    let certificate = Certificate::new();
    certificate.register(&app).await;
    for header in [
        json!({ "alg": "RS256", "typ": "JWT", "x5t": certificate.x5t() }),
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": certificate.x5t_s256() }),
        json!({ "alg": "PS256", "x5t": certificate.x5t(), "x5t#S256": certificate.x5t_s256() }),
        // Some libraries leave the padding on.
        json!({ "alg": "RS256", "x5t": format!("{}=", certificate.x5t()), "kid": "x", "x5c": ["junk"] }),
    ] {
        let assertion = certificate.sign(&header, &claims(&app));
        for more in [&[][..], &[("client_id", ARCHIVER)]] {
            let answer = ask(&app, &assertion, more).await;
            assert_eq!(answer.status, 200, "{header}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn thumbprints_are_read_in_both_alphabets_of_base64() {
    let app = with_secret().start().await;
    let certificate = Certificate::telling();
    certificate.register(&app).await;
    // Microsoft's libraries for Go and Java write the other one than RFC 7515 section 4.1.7 says.
    let plain = |text: String| text.replace('-', "+").replace('_', "/");
    for header in [
        json!({ "alg": "RS256", "x5t": certificate.x5t() }),
        json!({ "alg": "RS256", "x5t": format!("{}=", plain(certificate.x5t())) }),
        json!({ "alg": "PS256", "x5t#S256": format!("{}=", plain(certificate.x5t_s256())) }),
    ] {
        let answer = ask(&app, &certificate.sign(&header, &claims(&app)), &[]).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.text());
    }
}

#[tokio::test]
async fn dates_may_have_fractions_and_the_audience_several_spellings() {
    let app = with_secret().start().await;
    let certificate = Certificate::new();
    certificate.register(&app).await;
    let header = json!({ "alg": "RS256", "x5t": certificate.x5t() });
    let base = app.base();
    for change in [
        json!({ "exp": now() as f64 + 600.5, "nbf": now() as f64 - 0.25 }),
        json!({ "nbf": "-" }),
        json!({ "aud": format!("{base}/{CONTOSO}/v2.0") }),
        json!({ "aud": format!("{base}/{CONTOSO}/") }),
        json!({ "aud": ["https://elsewhere.example", format!("{base}/{CONTOSO}/oauth2/token")] }),
    ] {
        let assertion = certificate.sign(&header, &changed(&claims(&app), &change));
        let answer = ask(&app, &assertion, &[]).await;
        assert_eq!(answer.status, 200, "{change}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_not_signed_or_not_meant_so_is_refused() {
    let app = with_secret().start().await;
    let (certificate, other) = (Certificate::new(), Certificate::new());
    certificate.register(&app).await;
    let good = json!({ "alg": "RS256", "x5t": certificate.x5t() });
    let claims = claims(&app);
    let sign = |header: &Value, change: Value| certificate.sign(header, &changed(&claims, &change));
    let unsigned = format!(
        "{}.{}.",
        encode(json!({ "alg": "none", "x5t": certificate.x5t() }).to_string()),
        encode(claims.to_string())
    );
    for (assertion, number, why) in [
        (other.sign(&good, &claims), 700_027, "another key"),
        (
            other.sign(&json!({ "alg": "RS256", "x5t": other.x5t() }), &claims),
            700_027,
            "not registered",
        ),
        (
            sign(
                &json!({ "alg": "RS256", "x5t": certificate.x5t(), "x5t#S256": other.x5t_s256() }),
                json!({}),
            ),
            700_027,
            "two thumbprints",
        ),
        (
            sign(&json!({ "alg": "PS512", "x5t": certificate.x5t() }), json!({})),
            700_027,
            "alg",
        ),
        (
            sign(&json!({ "alg": "HS256", "x5t": certificate.x5t() }), json!({})),
            700_027,
            "alg",
        ),
        (unsigned, 700_027, "none"),
        (
            sign(&json!({ "alg": "RS256" }), json!({})),
            50_027,
            "no thumbprint",
        ),
        (
            sign(
                &json!({ "alg": "RS256", "x5t": certificate.x5t(), "crit": ["x"] }),
                json!({}),
            ),
            50_027,
            "crit",
        ),
        ("x".to_owned(), 900_144, "no JWT names no client"),
        (
            sign(
                &good,
                json!({ "aud": "https://login.microsoftonline.com/x/oauth2/v2.0/token" }),
            ),
            700_023,
            "aud",
        ),
        (sign(&good, json!({ "aud": "-" })), 700_023, "aud"),
        (sign(&good, json!({ "exp": now() - 600 })), 700_024, "exp"),
        (
            sign(&good, json!({ "exp": now() + 200_000 })),
            700_024,
            "a day is enough",
        ),
        (sign(&good, json!({ "exp": "-" })), 700_024, "exp"),
        (sign(&good, json!({ "nbf": now() + 900 })), 700_024, "nbf"),
        (
            sign(&good, json!({ "iss": "aaaaaaaa-0000-4000-8000-0000000000a2" })),
            700_021,
            "iss",
        ),
    ] {
        assert_eq!(refusal(&ask(&app, &assertion, &[]).await).2, number, "{why}");
        // Not to be slowed down.
        app.stores.change("DELETE FROM failed_attempts");
    }
    // An hour later the certificate has ended.
    app.set_time("2026-02-01T13:00:00Z");
    let late = sign(&good, json!({ "exp": now() + 4000 }));
    assert_eq!(refusal(&ask(&app, &late, &[]).await).2, 700_027);
}
