//! Key pairs of other issuers, made for this process, and tokens signed with them in every right and wrong way.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use graphophone::clock::Ticks;
use graphophone::db::signing_keys::{self, KeyPurpose};
use serde_json::{Value, json};

use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, READ};
use crate::support::{NOW, TestApp, own_key};

/// The `iss` template of the entries that tests configure.
pub const ISSUER: &str = "https://login.example/{tenantid}/v2.0";
/// What their tokens are meant for.
pub const AUDIENCE: &str = "api://recordings.example";

/// One pair of each type, and a second RSA pair that no issuer has.
pub struct Keys {
    pub rsa: RsaKeyPair,
    pub other_rsa: RsaKeyPair,
    pub p256: EcdsaKeyPair,
    pub ed25519: Ed25519KeyPair,
}

pub fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        other_rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        ed25519: Ed25519KeyPair::generate().unwrap(),
    })
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwk_of(pair: &RsaKeyPair, kid: &str) -> Value {
    let public = pair.public_key();
    let n = encode(public.modulus().big_endian_without_leading_zero());
    let e = encode(public.exponent().big_endian_without_leading_zero());
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e })
}

/// The issuers' RSA key under that name.
pub fn rsa_jwk(kid: &str) -> Value {
    jwk_of(&keys().rsa, kid)
}

/// The other RSA key under that name.
pub fn other_jwk(kid: &str) -> Value {
    jwk_of(&keys().other_rsa, kid)
}

/// A set of the three keys `rsa`, `p256` and `ed25519`.
pub fn all_keys() -> String {
    let point = keys().p256.public_key().as_ref();
    let p256 = json!({ "kty": "EC", "crv": "P-256", "kid": "p256", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
    let x = encode(keys().ed25519.public_key().as_ref());
    let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed25519", "x": x });
    key_set(&[rsa_jwk("rsa"), p256, ed25519])
}

pub fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
}

fn rsa_signature(pair: &RsaKeyPair, input: &str, is_pss: bool) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    let padding = if is_pss {
        &RSA_PSS_SHA256
    } else {
        &RSA_PKCS1_SHA256
    };
    pair.sign(padding, &SystemRandom::new(), input.as_bytes(), &mut signature)
        .unwrap();
    signature
}

/// Signs with `pair` and RS256, whatever the header says.
pub fn sign_with(pair: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    let signature = rsa_signature(pair, &input, false);
    format!("{input}.{}", encode(signature))
}

/// Signs as that algorithm does, with the issuers' key of its type and that key's name in the header.
pub fn sign_as(algorithm: &str, claims: &Value) -> String {
    let kid = match algorithm {
        "ES256" => "p256",
        "EdDSA" => "ed25519",
        _ => "rsa",
    };
    let input = signing_input(&json!({ "typ": "JWT", "alg": algorithm, "kid": kid }), claims);
    let random = SystemRandom::new();
    let signature = match algorithm {
        "RS256" => rsa_signature(&keys().rsa, &input, false),
        "PS256" => rsa_signature(&keys().rsa, &input, true),
        "ES256" => keys()
            .p256
            .sign(&random, input.as_bytes())
            .unwrap()
            .as_ref()
            .to_vec(),
        _ => keys().ed25519.sign(input.as_bytes()).as_ref().to_vec(),
    };
    format!("{input}.{}", encode(signature))
}

/// Signs with the issuers' RSA key named `rsa`.
pub fn sign(claims: &Value) -> String {
    sign_as("RS256", claims)
}

/// The public key of `pair` as a secret for HMAC, as DER and as PEM: what a confused verifier does.
pub fn sign_hmac(pair: &RsaKeyPair, kid: &str, claims: &Value) -> [String; 2] {
    let der = pair.public_key().as_der().unwrap().as_ref().to_vec();
    let pem = base64::prelude::BASE64_STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    [der, pem.into_bytes()].map(|secret| {
        let input = signing_input(&json!({ "typ": "at+jwt", "alg": "HS256", "kid": kid }), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        format!("{input}.{}", encode(hmac::sign(&key, input.as_bytes())))
    })
}

/// The key pair of the app's own authority, and its name.
pub async fn own_pair(app: &TestApp) -> (RsaKeyPair, String) {
    let mut snapshot = app.store.db.snapshot().await.unwrap();
    let stored = signing_keys::newest(&mut snapshot, KeyPurpose::Token)
        .await
        .unwrap()
        .unwrap();
    // What is stored is sealed.
    let key = own_key();
    assert_eq!(stored.kid, key.kid());
    (
        RsaKeyPair::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap(),
        stored.kid,
    )
}

/// [`NOW`] as a NumericDate.
pub fn now() -> i64 {
    NOW.parse::<Ticks>().unwrap().unix_seconds()
}

/// What another issuer says of the organizer.
pub fn user_claims() -> Value {
    json!({
        "iss": ISSUER.replace("{tenantid}", CONTOSO), "aud": AUDIENCE, "tid": CONTOSO,
        "oid": ORGANIZER, "sub": "pairwise", "azp": ARCHIVER, "scp": READ,
        "iat": now() - 10, "nbf": now() - 10, "exp": now() + 3600,
    })
}

/// What another issuer says of the archiver.
pub fn app_claims() -> Value {
    changed(
        &user_claims(),
        &json!({ "scp": "-", "oid": "-", "sub": ARCHIVER, "roles": [READ] }),
    )
}

/// `original` with the members of `changes`; one that is `"-"` there is taken away.
pub fn changed(original: &Value, changes: &Value) -> Value {
    let mut claims = original.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value == "-" {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

/// An entry of `[[issuers]]` with where its keys are and what else there is to say.
pub fn entry(lines: &str) -> String {
    format!("[[issuers]]\nissuer = \"{ISSUER}\"\naudiences = [\"{AUDIENCE}\"]\n{lines}\n")
}

/// A file of keys that lives as long as this.
pub struct KeyFile {
    folder: tempfile::TempDir,
}

impl KeyFile {
    pub fn new(json: &str) -> Self {
        let file = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        file.write(json);
        file
    }

    /// Puts another file in its place.
    pub fn write(&self, json: &str) {
        let new = self.folder.path().join("new.json");
        std::fs::write(&new, json).unwrap();
        std::fs::rename(new, self.folder.path().join("keys.json")).unwrap();
    }

    /// The line of the configuration.
    pub fn line(&self) -> String {
        format!("jwks_file = '{}'", self.folder.path().join("keys.json").display())
    }

    /// A server that believes the keys in this file.
    pub async fn app(&self, lines: &str) -> TestApp {
        TestApp::with()
            .config(&entry(&format!("{}\n{lines}", self.line())))
            .start()
            .await
    }
}
