//! Client authentication by a signed assertion (RFC 7523 section 2.2) with the key of a registered certificate, as
//! Microsoft's libraries make them.

use aws_lc_rs::digest::{Algorithm as Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::refusal::{self, Refusal};
use crate::auth::key_set::VerifyingKey;
use crate::auth::token::CompactToken;
use crate::clock::Ticks;
use crate::config::issuer::Algorithm;

/// `client_assertion_type`
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far the client's clock may be off, in seconds.
const SKEW_SECONDS: f64 = 300.0;
/// The longest time from now at which an assertion may end, in seconds.
const MAX_LIFETIME_SECONDS: f64 = 86_400.0;

/// What an assertion must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `iss` and `sub`.
    pub app_id: &'a str,
    /// One of them must be `aud`: the token endpoint as this request could have named it, and the issuer.
    pub audiences: &'a [String],
    /// The present instant.
    pub now: Ticks,
}

/// The application that an assertion says it is of, before anything is verified.
pub fn subject(assertion: &str) -> Option<String> {
    let token = CompactToken::parse(assertion).ok()?;
    let subject = token.claims().get("sub").or_else(|| token.claims().get("iss"))?;
    subject.as_str().map(str::to_owned)
}

/// Checks an assertion against the certificates of its application, each in DER.
///
/// # Errors
/// [`Refusal`] for the first fault.
pub fn check(assertion: &str, certificates: &[Vec<u8>], expected: &Expected<'_>) -> Result<(), Refusal> {
    let token = CompactToken::parse(assertion)
        .map_err(|_| refusal::BAD_ASSERTION.about("it is not a JWT of three base64url parts"))?;
    if token.check_header().is_err() {
        return Err(refusal::BAD_ASSERTION.about("its header asks for what is not done here"));
    }
    let named = |member: &str, algorithm: &'static Digest| {
        let thumbprint = token.header().get(member).and_then(Value::as_str);
        // RFC 7515 section 4.1.7 says base64url; the libraries for Go and Java write plain base64, and Entra ID reads both.
        let thumbprint =
            thumbprint.map(|text| text.trim_end_matches('=').replace('+', "-").replace('/', "_"));
        thumbprint.map(|text| {
            certificates
                .iter()
                .find(|certificate| URL_SAFE_NO_PAD.encode(digest(algorithm, certificate)) == text)
        })
    };
    // Where both stand there, both must be right.
    let certificate = match (
        named("x5t#S256", &SHA256),
        named("x5t", &SHA1_FOR_LEGACY_USE_ONLY),
    ) {
        (Some(Some(one)), Some(Some(other))) if one == other => one,
        (Some(Some(one)), None) | (None, Some(Some(one))) => one,
        (None, None) => {
            return Err(refusal::BAD_ASSERTION.about("it names no certificate: send x5t or x5t#S256"));
        }
        _ => return Err(refusal::ASSERTION_SIGNATURE.refuse()),
    };
    let key =
        VerifyingKey::from_certificate(certificate).map_err(|_| refusal::ASSERTION_SIGNATURE.refuse())?;
    key.verify(&token, &[Algorithm::Rs256, Algorithm::Ps256])
        .map_err(|_| refusal::ASSERTION_SIGNATURE.refuse())?;
    check_claims(&token, expected)
}

fn check_claims(token: &CompactToken<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let claims = token.claims();
    for name in ["iss", "sub"] {
        let value = claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if !value.eq_ignore_ascii_case(expected.app_id) {
            return Err(refusal::ASSERTION_SUBJECT.refuse());
        }
    }
    let is_ours = |value: &Value| {
        let text = value.as_str().unwrap_or_default().trim_end_matches('/');
        expected
            .audiences
            .iter()
            .any(|audience| audience.eq_ignore_ascii_case(text))
    };
    let for_us = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => false,
    };
    if !for_us {
        return Err(refusal::ASSERTION_AUDIENCE.refuse());
    }
    // Some libraries write fractions of a second.
    let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    let now = expected.now.unix_seconds() as f64;
    let exp = seconds("exp").unwrap_or(f64::NAN);
    let begun = seconds("nbf").is_none_or(|nbf| nbf <= now + SKEW_SECONDS);
    // Comparisons with NaN are false.
    let ends = exp > now - SKEW_SECONDS && exp <= now + MAX_LIFETIME_SECONDS + SKEW_SECONDS;
    match begun && ends {
        true => Ok(()),
        false => Err(refusal::ASSERTION_TIME.refuse()),
    }
}
