//! What the authority answers: tokens (RFC 6749 section 5.1) and errors (section 5.2), in the shape of Entra ID.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::AuthorityCall;
use crate::authority::issue::Issued;
use crate::authority::refusal::{OAuthError, Refusal};
use crate::authority::{AuthorityError, KeyFault};
use crate::http::body::Body;
use crate::http::request::CLIENT_REQUEST_ID;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// Microsoft's name of a request's id.
const X_MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

#[derive(Serialize)]
struct TokenBody<'a> {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<&'a str>,
}

/// 200 with tokens, which no cache keeps.
pub(super) fn tokens(issued: &Issued, with_client_info: bool) -> Response<Body> {
    let seconds = issued.expires_in.as_secs();
    json(
        StatusCode::OK,
        &TokenBody {
            token_type: "Bearer",
            scope: issued.scope.as_deref(),
            expires_in: seconds,
            ext_expires_in: seconds,
            access_token: &issued.access_token,
            refresh_token: issued.refresh_token.as_deref(),
            id_token: issued.id_token.as_deref(),
            client_info: issued.client_info.as_deref().filter(|_| with_client_info),
        },
    )
}

/// An answer in JSON that no cache keeps.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    // Text and numbers alone: there is nothing that cannot be written.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::Full(bytes.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// What a client may not have, and why.
pub(super) fn refused(call: &AuthorityCall<'_>, error: &AuthorityError) -> Response<Body> {
    match error {
        AuthorityError::Refused(refusal) => of_refusal(call, refusal),
        other => failed(call, other),
    }
}

fn of_refusal(call: &AuthorityCall<'_>, refusal: &Refusal) -> Response<Body> {
    let status = match refusal.error {
        OAuthError::InvalidClient => StatusCode::UNAUTHORIZED,
        OAuthError::TemporarilyUnavailable => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = error_body(
        call,
        status,
        refusal.error.text(),
        refusal.aadsts,
        &refusal.description(),
    );
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED && call.headers.contains_key(header::AUTHORIZATION) {
        let challenge = HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A fault of this server: logged, and told without its cause.
fn failed(call: &AuthorityCall<'_>, error: &AuthorityError) -> Response<Body> {
    let cause = match error {
        AuthorityError::Db(error) => error.to_string(),
        AuthorityError::Key(KeyFault::Sealed) => KeyFault::Sealed.to_string(),
        AuthorityError::Key(fault) => fault.to_string(),
        AuthorityError::Provider(fault) => fault.to_string(),
        AuthorityError::Lost | AuthorityError::Refused(_) => {
            "no randomness, memory or thread is left".to_owned()
        }
    };
    tracing::error!(request.id = %call.ids.request, cause, "the authority has failed");
    let text = "AADSTS90033: The authority cannot do this at the moment: try again later.";
    let mut response = error_body(
        call,
        StatusCode::SERVICE_UNAVAILABLE,
        OAuthError::TemporarilyUnavailable.text(),
        90_033,
        text,
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}

#[derive(Serialize)]
struct OAuthErrorBody<'a> {
    error: &'static str,
    error_description: String,
    error_codes: [u32; 1],
    timestamp: String,
    trace_id: &'a str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suberror: Option<&'static str>,
}

/// What the log line of a request says of a refusal; it goes with the answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct RefusalNumber(pub u32);

fn error_body(
    call: &AuthorityCall<'_>,
    status: StatusCode,
    error: &'static str,
    aadsts: u32,
    text: &str,
) -> Response<Body> {
    let (trace, correlation) = (&call.ids.request, &call.ids.client);
    let timestamp = call.app.clock.now().to_seconds_text().replace('T', " ") + "Z";
    let body = OAuthErrorBody {
        error,
        error_description: format!(
            "{text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
        ),
        error_codes: [aadsts],
        timestamp,
        trace_id: trace,
        correlation_id: correlation,
        suberror: (aadsts == 65_001).then_some("consent_required"),
    };
    let mut response = json(status, &body);
    response.extensions_mut().insert(RefusalNumber(aadsts));
    for (name, text) in [(X_MS_REQUEST_ID, trace), (CLIENT_REQUEST_ID, correlation)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A document that everybody may read and keep for a while.
pub(super) fn document(body: &Value, max_age_seconds: u32) -> Response<Body> {
    let mut response = json(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    let caching = format!("public, max-age={max_age_seconds}");
    if let Ok(value) = HeaderValue::from_str(&caching) {
        headers.insert(header::CACHE_CONTROL, value);
    }
    response
}
