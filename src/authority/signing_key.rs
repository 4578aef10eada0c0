//! The RSA key that signs the built-in authority's tokens.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What cannot be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningFault {
    /// The machine has no randomness or memory left.
    #[error("cannot make a signing key")]
    Generate,
    /// The bytes are no RSA key of 2048 bits or more in PKCS #8.
    #[error("the stored signing key is not an RSA key in PKCS #8")]
    NotAKey,
    /// The key cannot be written as PKCS #8.
    #[error("the signing key cannot be written")]
    Encode,
    /// The machine has no randomness or memory left.
    #[error("cannot sign")]
    Sign,
}

/// An RSA key pair for RS256. Its private part shows in [`SigningKey::to_pkcs8`] only.
pub struct SigningKey {
    pair: KeyPair,
    kid: String,
}

impl SigningKey {
    /// Makes a new key of 2048 bits. Takes some tenths of a second of computing.
    ///
    /// # Errors
    ///
    /// [`SigningFault::Generate`].
    pub fn generate() -> Result<Self, SigningFault> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningFault::Generate)?;
        Ok(Self::from_pair(pair))
    }

    /// Reads a key from PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// [`SigningFault::NotAKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SigningFault> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| SigningFault::NotAKey)?;
        Ok(Self::from_pair(pair))
    }

    fn from_pair(pair: KeyPair) -> Self {
        let (n, e) = encoded_parts(&pair);
        Self {
            pair,
            kid: thumbprint(&n, &e),
        }
    }

    /// The key with its private part, in PKCS #8 in DER: for the store.
    ///
    /// # Errors
    ///
    /// [`SigningFault::Encode`].
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, SigningFault> {
        let der = self.pair.as_der().map_err(|_| SigningFault::Encode)?;
        Ok(der.as_ref().to_vec())
    }

    /// The key's id: its thumbprint (RFC 7638) with SHA-256.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public part as a JSON Web Key, for the authority's key set.
    pub fn public_jwk(&self) -> Value {
        let (n, e) = encoded_parts(&self.pair);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e })
    }

    /// Signs `claims` as an access token (RFC 9068).
    ///
    /// # Errors
    ///
    /// [`SigningFault::Sign`].
    pub fn sign(&self, claims: &Value) -> Result<String, SigningFault> {
        self.sign_as("at+jwt", claims)
    }

    /// Signs `claims` as a token of type `typ`.
    ///
    /// # Errors
    ///
    /// [`SigningFault::Sign`].
    pub fn sign_as(&self, typ: &str, claims: &Value) -> Result<String, SigningFault> {
        let header = json!({ "typ": typ, "alg": "RS256", "kid": self.kid });
        let mut token = format!("{}.{}", encode(&header.to_string()), encode(&claims.to_string()));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| SigningFault::Sign)?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }
}

/// Shows the id alone.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn encode(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// Modulus and exponent in base64url.
fn encoded_parts(pair: &KeyPair) -> (String, String) {
    let public = pair.public_key();
    (
        URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    )
}

/// RFC 7638 section 3: the required members in alphabetical order, without blanks.
fn thumbprint(n: &str, e: &str) -> String {
    let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key_set::VerifyingKey;

    #[test]
    fn a_key_survives_writing_and_reading() {
        let key = SigningKey::generate().unwrap();
        let same = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(key.kid(), same.kid());
        assert_eq!(key.public_jwk(), same.public_jwk());
        assert_eq!(
            VerifyingKey::from_jwk(&key.public_jwk()).unwrap().kid(),
            Some(key.kid())
        );
        assert_ne!(key.kid(), SigningKey::generate().unwrap().kid());
    }

    #[test]
    fn neither_debug_nor_the_public_key_shows_the_private_part() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey {{ kid: {:?}, .. }}", key.kid())
        );
        let jwk = key.public_jwk();
        let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for der in [&b""[..], b"junk", &[0x30, 0x80]] {
            assert_eq!(SigningKey::from_pkcs8(der).err(), Some(SigningFault::NotAKey));
        }
    }

    /// The example of RFC 7638 section 3.1.
    #[test]
    fn the_id_is_the_thumbprint_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX\
                 jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAta\
                 Sqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPks\
                 INHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(
            thumbprint(n, "AQAB"),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }

    #[test]
    fn a_token_says_how_it_is_signed() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign(&json!({ "a": 1 })).unwrap();
        let parts: Vec<_> = token
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let header: Value = serde_json::from_slice(&parts[0]).unwrap();
        assert_eq!(
            header,
            json!({ "typ": "at+jwt", "alg": "RS256", "kid": key.kid() })
        );
        assert_eq!(parts[1], br#"{"a":1}"#);
        assert_eq!(parts.len(), 3);
    }
}
