//! Step five: turns results and refusals into answers.

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use super::body::Body;
use super::error::{ApiError, ErrorCode, ErrorHeader};
use super::request::{CLIENT_REQUEST_ID, JsonFormat, REQUEST_ID, RequestIds};
use crate::app::App;
use crate::config::Cloud;
use crate::graph::collection::CollectionBody;
use crate::graph::entity::MetadataLevel;
use crate::graph::error::{ErrorBody, ErrorDetail, InnerError};
use crate::query::plan::CollectionQuery;
use crate::query::schema::Member;

const ERROR_JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What Graph says on JSON (contract section 2.3), when nothing else is asked for.
const JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
);
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");

/// What a browser's script may read (contract section 7.2).
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, ReadWriteConsistencyToken, \
     SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant, Retry-After",
);

/// 200 with a JSON body.
///
/// # Errors
/// 500 where the body cannot be written, which no stored value can cause.
pub fn json(format: JsonFormat, body: &impl Serialize) -> Result<Response<Body>, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(ApiError::unavailable)?;
    let mut response = Response::new(Body::Full(bytes.into()));
    let headers = response.headers_mut();
    match format == JsonFormat::default() {
        true => drop(headers.insert(header::CONTENT_TYPE, JSON)),
        false => insert_text(headers, header::CONTENT_TYPE, &format.content_type()),
    }
    headers.insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// 200 with a page of a collection, without its context where no metadata is asked for.
///
/// # Errors
/// As [`json`].
pub fn collection<T: Serialize>(
    format: JsonFormat,
    body: &CollectionBody<'_, T>,
) -> Result<Response<Body>, ApiError> {
    let is_bare = format.level == MetadataLevel::None;
    json(
        format,
        &CollectionBody {
            context: body.context.filter(|_| !is_bare),
            tips: body.tips.filter(|_| !is_bare),
            ..*body
        },
    )
}

/// The same answer, which says that a preferred size of pages had its way (OData 4.01 Part 1 section 8.3.6).
pub fn prefer<P: Member>(
    mut response: Response<Body>,
    query: &CollectionQuery<P>,
) -> Result<Response<Body>, ApiError> {
    if query.is_page_size_preferred {
        applied_page_size(&mut response, query.top);
    }
    Ok(response)
}

/// Says that a preferred size of pages had its way.
pub fn applied_page_size(response: &mut Response<Body>, top: u64) {
    let applied = format!("odata.maxpagesize={top}");
    insert_text(response.headers_mut(), PREFERENCE_APPLIED, &applied);
}

/// Says that a preference had its way.
pub fn applied(response: &mut Response<Body>, preference: &'static str) {
    let headers = response.headers_mut();
    headers.append(PREFERENCE_APPLIED, HeaderValue::from_static(preference));
}

/// 204
pub fn nothing() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 200 with a number as text: the answer of `/$count`.
pub fn count(number: u64) -> Response<Body> {
    let mut response = Response::new(Body::Full(number.to_string().into()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    response
}

/// The answer to `OPTIONS`: what a browser asks before it sends a token.
pub fn preflight(request: &HeaderMap, methods: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    insert_text(headers, header::ALLOW, methods);
    if request.contains_key(header::ORIGIN) {
        insert_text(headers, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        if let Some(asked) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
    }
    response
}

/// A refusal in Graph's envelope.
pub fn error(app: &App, error: &ApiError, ids: &RequestIds) -> Response<Body> {
    let date = app.clock.now().to_seconds_text();
    let is_throttled = error.code == ErrorCode::TooManyRequests;
    let body = ErrorBody {
        error: ErrorDetail {
            code: error.code.text(),
            message: &error.message,
            inner: InnerError {
                code: error.inner_code.or(is_throttled.then_some("429")),
                message: is_throttled.then_some("Please retry after"),
                status: is_throttled.then_some("429"),
                date: &date,
                request_id: &ids.request,
                client_request_id: &ids.client,
            },
        },
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::Full(bytes.into()));
    let status = error.code.status();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, ERROR_JSON);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, challenge(app.config.cloud));
    }
    match &error.header {
        Some(ErrorHeader::Allow(methods)) => {
            insert_text(headers, header::ALLOW, methods);
        }
        Some(ErrorHeader::Location(url)) => insert_text(headers, header::LOCATION, url),
        Some(ErrorHeader::ContentLength(length)) => {
            insert_text(headers, header::CONTENT_RANGE, &format!("bytes */{length}"));
        }
        Some(ErrorHeader::RetryAfter(seconds)) => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        None => {}
    }
    if error.close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Graph's `WWW-Authenticate`, with the sign-in host of the cloud (contract sections 7.2 and 10).
fn challenge(cloud: Cloud) -> HeaderValue {
    HeaderValue::from_static(match cloud {
        Cloud::Global => {
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        }
        Cloud::UsGovL4 | Cloud::UsGovL5 => {
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.us/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        }
        Cloud::China => {
            "Bearer realm=\"\", authorization_uri=\"https://login.chinacloudapi.cn/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        }
    })
}

/// What every answer carries.
pub fn add_common_headers(response: &mut Response<Body>, request: &HeaderMap, ids: &RequestIds) {
    let headers = response.headers_mut();
    insert_text(headers, REQUEST_ID, &ids.request);
    insert_text(headers, CLIENT_REQUEST_ID, &ids.client);
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Authorization, Accept-Encoding"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A page says by itself what it needs.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ));
    if request.contains_key(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Inserts a value that is made of our own or already checked text; anything else is left out.
pub fn insert_text(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
