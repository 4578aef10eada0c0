//! Who a client says it is: `client_id` with a secret in the body, in an `Authorization` header, or an assertion (RFC 6749
//! section 2.3.1, RFC 7523 section 2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use odata::query::decode_form;

use super::form::Form;
use crate::authority::client::Credential;
use crate::authority::client_assertion::{self, ASSERTION_TYPE};
use crate::authority::refusal::{self, Refusal};
use crate::config::Secret;

/// What a request says of its client.
pub(super) struct Claimed {
    /// `client_id`
    pub app_id: String,
    /// Its proof.
    pub credential: Credential,
}

/// Reads what a request says of its client.
///
/// # Errors
/// [`Refusal`] where it says nothing, or two things.
pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Claimed, Refusal> {
    let mut found = Vec::new();
    if let Some(secret) = form.get("client_secret") {
        found.push(Credential::Secret(Secret::new(secret.to_owned())));
    }
    let mut app_id = form.get("client_id").map(str::to_owned);
    if let Some(assertion) = form.get("client_assertion") {
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(refusal::MALFORMED.about("client_assertion_type"));
        }
        app_id = app_id.or_else(|| client_assertion::subject(assertion));
        found.push(Credential::Assertion(Secret::new(assertion.to_owned())));
    }
    if let Some((name, secret)) = basic(headers)? {
        if app_id
            .as_ref()
            .is_some_and(|other| !other.eq_ignore_ascii_case(&name))
        {
            return Err(refusal::MALFORMED.about("client_id"));
        }
        app_id = Some(name);
        found.push(Credential::Secret(Secret::new(secret)));
    }
    let app_id = app_id.ok_or_else(|| refusal::MISSING.about("client_id"))?;
    let credential = found.pop().unwrap_or(Credential::None);
    match found.is_empty() {
        true => Ok(Claimed { app_id, credential }),
        false => Err(refusal::TWO_CREDENTIALS.refuse()),
    }
}

/// Name and secret of a `Basic` header, each form-encoded before they were put together.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let malformed = || refusal::MALFORMED.about("Authorization");
    if values.next().is_some() {
        return Err(malformed());
    }
    let text = value.to_str().map_err(|_| malformed())?;
    let Some((scheme, encoded)) = text.trim().split_once(' ') else {
        return Err(malformed());
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (name, secret) = decoded.split_once(':').ok_or_else(malformed)?;
    match (decode_form(name), decode_form(secret)) {
        (Some(name), Some(secret)) if !name.is_empty() && !secret.is_empty() => Ok(Some((name, secret))),
        _ => Err(malformed()),
    }
}
