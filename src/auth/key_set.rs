//! JSON Web Key Sets (RFC 7517): which keys in one may verify a token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::token::{CompactToken, TokenFault, algorithm_named};
use crate::config::issuer::Algorithm;

/// The tenant of personal Microsoft accounts. It has its own keys and never stands for `{tenantid}` in the
/// `issuer` of another key.
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What stands for the tenant in an issuer.
pub(super) const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// The shortest RSA modulus (NIST SP 800-131A).
const MIN_RSA_BITS: usize = 2048;

/// A public key that may verify tokens.
pub struct VerifyingKey {
    kid: Option<String>,
    kind: Kind,
    /// The one algorithm that the key says it is for.
    algorithm: Option<Algorithm>,
    /// The `iss` that the key is bound to; may hold `{tenantid}`.
    issuer: Option<String>,
    public: PublicPart,
}

/// What the signature is checked with.
struct PublicPart {
    key: DecodingKey,
    /// The key in DER, for telling keys apart.
    der: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    Ed25519,
}

/// Why a key of a set is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKey(&'static str);

impl VerifyingKey {
    /// The key in a JSON Web Key.
    ///
    /// # Errors
    ///
    /// When it is not for verifying, of another type, too short or not a key at all.
    pub fn from_jwk(jwk: &Value) -> Result<Self, UnusableKey> {
        let jwk = jwk.as_object().ok_or(UnusableKey("not an object"))?;
        check_purpose(jwk)?;
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let (kind, public) = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => (Kind::Rsa, rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?)?),
            (Some("EC"), Some("P-256")) => (Kind::P256, p256(&bytes(jwk, "x")?, &bytes(jwk, "y")?)?),
            (Some("OKP"), Some("Ed25519")) => (Kind::Ed25519, ed25519(&bytes(jwk, "x")?)?),
            _ => return Err(UnusableKey("its type is not RSA, P-256 or Ed25519")),
        };
        let algorithm = match optional_text(jwk, "alg")? {
            None => None,
            // The name of RFC 9864 for what RFC 8037 calls EdDSA.
            Some("Ed25519") if kind == Kind::Ed25519 => Some(Algorithm::EdDsa),
            Some(name) => Some(algorithm_named(name).ok_or(UnusableKey("alg is not one of ours"))?),
        };
        if algorithm.is_some_and(|algorithm| kind_for(algorithm) != kind) {
            return Err(UnusableKey("alg does not fit the type"));
        }
        Ok(Self {
            kid: optional_text(jwk, "kid")?.map(str::to_owned),
            kind,
            algorithm,
            issuer: optional_text(jwk, "issuer")?.map(str::to_owned),
            public,
        })
    }

    /// The RSA key of a certificate in DER. Who signed it and how long it is good is not asked: whoever registered it has
    /// said that it counts.
    ///
    /// # Errors
    ///
    /// When it is no certificate, or its key is not RSA of 2048 bits or more.
    pub fn from_certificate(der: &[u8]) -> Result<Self, UnusableKey> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|_| UnusableKey("not a certificate"))?;
        let public = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => rsa(key.modulus, key.exponent)?,
            _ => return Err(UnusableKey("the key of the certificate is not RSA")),
        };
        Ok(Self {
            kid: None,
            kind: Kind::Rsa,
            algorithm: None,
            issuer: None,
            public,
        })
    }

    /// The key's id in its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether tokens with that `iss` and tenant may be signed by it.
    pub(super) fn serves(&self, iss: &str, tenant: &str) -> bool {
        match self.issuer.as_deref() {
            None => true,
            Some(template) if template.contains(TENANT_PLACEHOLDER) => {
                !tenant.eq_ignore_ascii_case(PERSONAL_TENANT)
                    && template.replace(TENANT_PLACEHOLDER, tenant) == iss
            }
            Some(exact) => exact == iss,
        }
    }

    /// Checks the signature of `token` under the algorithm of its header, if that is among `allowed` and is one
    /// for this type of key.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Invalid`].
    pub fn verify(&self, token: &CompactToken<'_>, allowed: &[Algorithm]) -> Result<(), TokenFault> {
        let algorithm = token
            .algorithm()
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(TokenFault::Invalid("alg is not allowed"))?;
        if kind_for(algorithm) != self.kind || self.algorithm.is_some_and(|only| only != algorithm) {
            return Err(TokenFault::Invalid("alg does not fit the key"));
        }
        let name = match algorithm {
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        };
        let signed = token.signing_input().as_bytes();
        match jsonwebtoken::crypto::verify(token.signature(), signed, &self.public.key, name) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenFault::Invalid("the signature is wrong")),
        }
    }
}

/// Equal keys are the same key under the same conditions.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        (
            &self.kid,
            self.kind,
            self.algorithm,
            &self.issuer,
            &self.public.der,
        ) == (
            &other.kid,
            other.kind,
            other.algorithm,
            &other.issuer,
            &other.public.der,
        )
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The usable keys of one issuer.
#[derive(Debug)]
pub struct KeySet {
    with_kid: HashMap<String, Arc<VerifyingKey>>,
    without_kid: Vec<Arc<VerifyingKey>>,
}

/// Why a whole set is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    /// Not JSON of the right shape.
    #[error("is not a JSON Web Key Set: an object with an array `keys`")]
    NotAKeySet,
    /// Two usable keys have one id.
    #[error("has two keys with the kid `{0}`: keep one of them")]
    SameKid(String),
    /// Nothing in it can verify a token.
    #[error(
        "has no usable key: RSA of 2048 bits or more, P-256 or Ed25519, `use` absent or `sig`, `key_ops` absent or with `verify`"
    )]
    NoUsableKey,
}

impl KeySet {
    /// Reads a set. Keys that are not usable are left out.
    ///
    /// # Errors
    ///
    /// When it is not a set, is ambiguous, or holds no usable key.
    pub fn parse(json: &[u8]) -> Result<Self, BadKeySet> {
        let set: Value = serde_json::from_slice(json).map_err(|_| BadKeySet::NotAKeySet)?;
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(BadKeySet::NotAKeySet)?;
        let mut with_kid = HashMap::new();
        let mut without_kid = Vec::new();
        for key in keys
            .iter()
            .filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok())
            .map(Arc::new)
        {
            let Some(kid) = key.kid.clone() else {
                without_kid.push(key);
                continue;
            };
            if with_kid.insert(kid.clone(), key).is_some() {
                return Err(BadKeySet::SameKid(kid));
            }
        }
        if with_kid.is_empty() && without_kid.is_empty() {
            return Err(BadKeySet::NoUsableKey);
        }
        Ok(Self {
            with_kid,
            without_kid,
        })
    }

    /// The key of that id; without an id, the only key.
    pub fn find(&self, kid: Option<&str>) -> Option<Arc<VerifyingKey>> {
        if let Some(kid) = kid {
            return self.with_kid.get(kid).cloned();
        }
        let mut keys = self.with_kid.values().chain(&self.without_kid);
        match (keys.next(), keys.next()) {
            (Some(only), None) => Some(Arc::clone(only)),
            _ => None,
        }
    }
}

/// `use` and `key_ops`, which jsonwebtoken does not look at (RFC 7517 sections 4.2, 4.3).
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), UnusableKey> {
    if optional_text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(UnusableKey("use is not sig"));
    }
    let verifies = jwk.get("key_ops").is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "verify"))
    });
    if verifies {
        Ok(())
    } else {
        Err(UnusableKey("key_ops is without verify"))
    }
}

fn kind_for(algorithm: Algorithm) -> Kind {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => Kind::Rsa,
        Algorithm::Es256 => Kind::P256,
        Algorithm::EdDsa => Kind::Ed25519,
    }
}

/// The member `name`, which must be a string where it is there.
fn optional_text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, UnusableKey> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(UnusableKey("a member that should be a string is none")),
    }
}

/// The member `name`, decoded from base64url.
fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, UnusableKey> {
    let text = jwk
        .get(name)
        .and_then(Value::as_str)
        .ok_or(UnusableKey("a coordinate is missing"))?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| UnusableKey("a coordinate is not base64url"))
}

/// Some issuers write a sign byte before the modulus, against RFC 7518 section 2.
fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<PublicPart, UnusableKey> {
    let n = without_leading_zeros(modulus);
    let e = without_leading_zeros(exponent);
    let bits = n.first().map_or(0, |top| {
        n.len() * 8 - usize::try_from(top.leading_zeros()).unwrap_or(8)
    });
    if bits < MIN_RSA_BITS {
        return Err(UnusableKey("RSA below 2048 bits"));
    }
    // e = 1 makes every message its own signature.
    if e == [1] || e.last().is_none_or(|low| low & 1 == 0) {
        return Err(UnusableKey("the RSA exponent is not an odd number from 3 on"));
    }
    let parsed = RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| UnusableKey("not an RSA key"))?;
    public_part(DecodingKey::from_rsa_raw_components(n, e), &parsed)
}

fn p256(x: &[u8], y: &[u8]) -> Result<PublicPart, UnusableKey> {
    if x.len() != 32 || y.len() != 32 {
        return Err(UnusableKey("a P-256 coordinate is not of 32 bytes"));
    }
    let point = [&[4], x, y].concat();
    let parsed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
        .parse()
        .map_err(|_| UnusableKey("not a point of P-256"))?;
    public_part(DecodingKey::from_ec_der(&point), &parsed)
}

fn ed25519(x: &[u8]) -> Result<PublicPart, UnusableKey> {
    let parsed = UnparsedPublicKey::new(&ED25519, x)
        .parse()
        .map_err(|_| UnusableKey("not an Ed25519 key"))?;
    public_part(DecodingKey::from_ed_der(x), &parsed)
}

fn public_part(key: DecodingKey, parsed: &ParsedPublicKey) -> Result<PublicPart, UnusableKey> {
    let der = parsed
        .as_der()
        .map_err(|_| UnusableKey("not a key that can be written"))?;
    Ok(PublicPart {
        key,
        der: der.as_ref().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixtures::{ed25519_jwk, encode, jwk, key_set, p256_jwk};
    use super::*;

    fn with(mut jwk: Value, member: &str, value: Value) -> Value {
        jwk[member] = value;
        jwk
    }

    #[test]
    fn keys_for_verifying_are_usable() {
        for jwk in [
            jwk("k"),
            p256_jwk("k"),
            ed25519_jwk("k"),
            with(jwk("k"), "use", json!("sig")),
            with(jwk("k"), "key_ops", json!(["verify"])),
            with(jwk("k"), "alg", json!("PS256")),
            with(ed25519_jwk("k"), "alg", json!("Ed25519")),
            with(jwk("k"), "x5c", json!(["junk"])),
            with(
                jwk("k"),
                "n",
                json!(encode(
                    [&[0], &*URL_SAFE_NO_PAD.decode(text(&jwk("k"), "n")).unwrap()].concat()
                )),
            ),
        ] {
            assert!(VerifyingKey::from_jwk(&jwk).is_ok(), "{jwk}");
        }
    }

    fn text(jwk: &Value, member: &str) -> String {
        jwk[member].as_str().unwrap().to_owned()
    }

    #[test]
    fn other_keys_are_not() {
        let just_short = [&[0x7f][..], &[0xff; 255]].concat();
        for jwk in [
            with(jwk("k"), "use", json!("enc")),
            with(jwk("k"), "use", json!(["sig"])),
            with(jwk("k"), "key_ops", json!(["sign", "encrypt"])),
            with(jwk("k"), "key_ops", json!("verify")),
            with(jwk("k"), "alg", json!("RSA-OAEP")),
            with(jwk("k"), "alg", json!("HS256")),
            with(jwk("k"), "alg", json!("ES256")),
            with(p256_jwk("k"), "alg", json!("RS256")),
            with(jwk("k"), "kid", json!(7)),
            with(jwk("k"), "issuer", json!(["https://a.example"])),
            with(jwk("k"), "n", json!(encode([0xff; 128]))),
            with(jwk("k"), "n", json!(encode(just_short))),
            with(
                jwk("k"),
                "n",
                json!(encode([&[0; 200][..], &[0xff; 128]].concat())),
            ),
            with(jwk("k"), "n", json!(format!("{}==", text(&jwk("k"), "n")))),
            with(jwk("k"), "n", json!("")),
            with(jwk("k"), "e", json!(encode([1]))),
            with(jwk("k"), "e", json!(encode([0, 1]))),
            with(jwk("k"), "e", json!(encode([1, 0, 0]))),
            with(jwk("k"), "e", json!("")),
            with(p256_jwk("k"), "crv", json!("P-384")),
            with(p256_jwk("k"), "crv", json!("secp256k1")),
            with(p256_jwk("k"), "x", json!(encode([1; 32]))),
            with(p256_jwk("k"), "x", json!(encode([1; 31]))),
            with(ed25519_jwk("k"), "crv", json!("X25519")),
            with(ed25519_jwk("k"), "x", json!(encode([1; 31]))),
            json!({ "kty": "oct", "k": encode([1; 64]), "kid": "k" }),
            json!({ "kty": "RSA", "kid": "k" }),
            json!("k"),
        ] {
            assert!(VerifyingKey::from_jwk(&jwk).is_err(), "{jwk}");
        }
    }

    #[test]
    fn without_a_kid_only_the_only_key_is_found() {
        let mut nameless = jwk("one");
        nameless.as_object_mut().unwrap().remove("kid");
        let encrypts = with(jwk("three"), "use", json!("enc"));
        let find = |keys: &[Value]| {
            KeySet::parse(key_set(keys).as_bytes())
                .unwrap()
                .find(None)
                .is_some()
        };
        assert!(find(&[jwk("one")]));
        assert!(find(&[nameless.clone()]));
        assert!(find(&[jwk("one"), encrypts]));
        assert!(!find(&[jwk("one"), p256_jwk("two")]));
        assert!(!find(&[jwk("one"), nameless.clone()]));
        let set = KeySet::parse(key_set(&[nameless]).as_bytes()).unwrap();
        assert!(set.find(Some("one")).is_none());
    }

    #[test]
    fn a_key_may_be_bound_to_an_iss() {
        let bound = |issuer: &str| VerifyingKey::from_jwk(&with(jwk("k"), "issuer", json!(issuer))).unwrap();
        let template = bound("https://login.example/{tenantid}/v2.0");
        assert!(template.serves("https://login.example/contoso/v2.0", "contoso"));
        assert!(!template.serves("https://login.example/fabrikam/v2.0", "contoso"));
        assert!(!template.serves("https://other.example/contoso/v2.0", "contoso"));
        let personal = format!("https://login.example/{PERSONAL_TENANT}/v2.0");
        assert!(!template.serves(&personal, PERSONAL_TENANT));
        assert!(bound(&personal).serves(&personal, PERSONAL_TENANT));
        assert!(!bound(&personal).serves("https://login.example/contoso/v2.0", "contoso"));
    }
}
