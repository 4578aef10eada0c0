//! A bearer token as it came: three base64url parts (RFC 7515 section 3.1), parsed but not yet trusted.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::config::issuer::Algorithm;

/// The longest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a token was refused. Only [`TokenFault::message`] is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// There is no token.
    #[error("no token")]
    Empty,
    /// The text is not three base64url parts.
    #[error("not three base64url parts")]
    NotCompact,
    /// Signature, key or a claim is wrong; the reason is for the log.
    #[error("{0}")]
    Invalid(&'static str),
    /// The signature is right and the lifetime is over.
    #[error("expired")]
    Expired,
    /// The signature is right and the token is meant for somebody else.
    #[error("meant for another audience")]
    WrongAudience,
}

impl TokenFault {
    /// The text of the 401. It does not say which check failed.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "Access token is empty.",
            Self::NotCompact => "CompactToken parsing failed with error code: 80049217",
            Self::Invalid(_) => "Access token validation failure.",
            Self::Expired => "Lifetime validation failed, the token is expired.",
            Self::WrongAudience => "Access token validation failure. Invalid audience.",
        }
    }
}

/// A token whose parts can be read. Nothing in it is trusted before its signature has been verified.
pub struct CompactToken<'a> {
    signing_input: &'a str,
    signature: &'a str,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> CompactToken<'a> {
    /// Reads `text`, what follows `Bearer `.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Empty`], [`TokenFault::NotCompact`], or [`TokenFault::Invalid`] where header or claims are
    /// not JSON objects with distinct member names, or the text is longer than [`MAX_TOKEN_BYTES`].
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.trim().is_empty() {
            return Err(TokenFault::Empty);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::Invalid("longer than 16 KiB"));
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(TokenFault::NotCompact)?;
        let (header, claims) = signing_input.split_once('.').ok_or(TokenFault::NotCompact)?;
        if header.is_empty() || claims.is_empty() {
            return Err(TokenFault::NotCompact);
        }
        let header = decode(header)?;
        let claims = decode(claims)?;
        // Decoded again by the verifier; here it is only asked whether it is base64url at all.
        decode(signature)?;
        Ok(Self {
            signing_input,
            signature,
            header: object(&header).ok_or(TokenFault::Invalid("the header is not a JSON object"))?,
            claims: object(&claims).ok_or(TokenFault::Invalid("the claims are not a JSON object"))?,
        })
    }

    /// The id of the key that is said to have signed it.
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// The first two parts, which the signature covers.
    pub(super) fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    /// The third part, in base64url.
    pub(super) fn signature(&self) -> &'a str {
        self.signature
    }

    /// What it says.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What it says of its signature.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The algorithm of the header, where it is one that any issuer may use; never `none`, never HMAC.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        algorithm_named(self.header.get("alg")?.as_str()?)
    }

    /// Refuses what changes the meaning of the token in a way that is not understood here. Keys in the header
    /// (`jwk`, `jku`, `x5c`, `x5u`) are not looked at, as RFC 8725 section 3.10 advises.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Invalid`].
    pub fn check_header(&self) -> Result<(), TokenFault> {
        if self.header.contains_key("crit") {
            return Err(TokenFault::Invalid("the header has crit"));
        }
        if self.header.get("kid").is_some_and(|kid| !kid.is_string()) {
            return Err(TokenFault::Invalid("kid is not a string"));
        }
        if self.header.contains_key("cnf") || self.header.contains_key("nonce") {
            return Err(TokenFault::Invalid("the header asks for a proof"));
        }
        Ok(())
    }

    /// An access token says so (`at+jwt`, RFC 9068) or says nothing; logout tokens and the like do not.
    pub(super) fn check_type(&self) -> Result<(), TokenFault> {
        let Some(typ) = self.header.get("typ") else {
            return Ok(());
        };
        let accepted = typ
            .as_str()
            .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"));
        if accepted {
            Ok(())
        } else {
            Err(TokenFault::Invalid("typ is not that of an access token"))
        }
    }
}

/// Shows nothing of the token: whoever has it can use it.
impl fmt::Debug for CompactToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompactToken").finish_non_exhaustive()
    }
}

/// The algorithm of that name in a header or a key (RFC 7518 section 3.1, RFC 8037 section 3.1).
pub(super) fn algorithm_named(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::Rs256),
        "PS256" => Some(Algorithm::Ps256),
        "ES256" => Some(Algorithm::Es256),
        "EdDSA" => Some(Algorithm::EdDsa),
        _ => None,
    }
}

/// Base64url without padding and without stray bits, so that a token has one spelling only.
fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::NotCompact)
}

/// The JSON object in `bytes`. serde_json stops at a depth of 128.
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice::<DistinctMembers>(bytes)
        .ok()
        .map(|object| object.0)
}

/// A JSON object that names no member twice: two readers could take it for two different things.
struct DistinctMembers(Map<String, Value>);

impl<'de> Deserialize<'de> for DistinctMembers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = DistinctMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<DistinctMembers, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is named twice"));
                    }
                }
                Ok(DistinctMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.{}", encode(header), encode(claims), encode("signature"))
    }

    fn fault(text: &str) -> Option<TokenFault> {
        CompactToken::parse(text).err()
    }

    #[test]
    fn no_token_is_told_from_what_is_none() {
        assert_eq!(fault(""), Some(TokenFault::Empty));
        assert_eq!(fault("  "), Some(TokenFault::Empty));
        for text in [
            "abc",
            "a.b",
            "..",
            ".e30.",
            "e30..",
            "e30.e30.e30.e30",
            "e30=.e30.e30",
            "e30.e30.e3=",
            "e30.e 0.e30",
            "e30.e3+.e30",
            "e30.e31.e30",
            "e30.é.e30",
        ] {
            assert_eq!(fault(text), Some(TokenFault::NotCompact), "{text}");
        }
    }

    #[test]
    fn an_oversized_token_is_refused_before_it_is_read() {
        assert!(matches!(
            fault(&"a".repeat(MAX_TOKEN_BYTES + 1)),
            Some(TokenFault::Invalid(_))
        ));
        assert_eq!(fault(&"a".repeat(MAX_TOKEN_BYTES)), Some(TokenFault::NotCompact));
    }

    #[test]
    fn parts_that_are_not_plain_objects_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        for (header, claims) in [
            ("[]", "{}"),
            ("{}", "null"),
            ("{}", "{} {}"),
            ("{}", "\u{feff}{}"),
            (r#"{"alg":"RS256","alg":"none"}"#, "{}"),
            ("{}", r#"{"aud":"a","aud":"b"}"#),
            ("{}", &deep),
        ] {
            assert!(
                matches!(fault(&token(header, claims)), Some(TokenFault::Invalid(_))),
                "{header}"
            );
        }
    }

    #[test]
    fn only_signature_algorithms_with_a_public_key_have_a_name() {
        for (header, expected) in [
            (r#"{"alg":"RS256"}"#, Some(Algorithm::Rs256)),
            (r#"{"alg":"EdDSA"}"#, Some(Algorithm::EdDsa)),
            (r#"{"alg":"none"}"#, None),
            (r#"{"alg":"HS256"}"#, None),
            (r#"{"alg":"rs256"}"#, None),
            (r#"{"alg":["RS256"]}"#, None),
            ("{}", None),
        ] {
            let text = token(header, "{}");
            assert_eq!(
                CompactToken::parse(&text).unwrap().algorithm(),
                expected,
                "{header}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(
            text in "[A-Za-z0-9_.=-]{0,80}|\\PC{0,40}",
            header in "[{}\\[\\]\":,a-e0-9 ]{0,40}",
        ) {
            let _ = CompactToken::parse(&text);
            let _ = CompactToken::parse(&token(&header, &header));
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_token() {
        let text = token(r#"{"alg":"RS256"}"#, r#"{"oid":"megan"}"#);
        assert_eq!(
            format!("{:?}", CompactToken::parse(&text).unwrap()),
            "CompactToken { .. }"
        );
    }
}
