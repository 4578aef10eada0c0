//! One request from its head to its answer: head checks, version, token, route, handler; then what every answer carries,
//! and its line in the log.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use odata::path::{ResourcePath, Segment};
use tokio::time::{Instant, timeout};

use super::artifacts::{content, count, get, list};
use super::authority::{self, AuthorityCall, RefusalNumber, Route};
use super::body::Body;
use super::error::{ApiError, ErrorCode, ErrorHeader};
use super::request::{ApiVersion, Call, RequestIds};
use super::router::{self, Operation, Parameters, Resolved};
use super::{health, respond};
use crate::app::App;
use crate::auth::access::MeetingPath;
use crate::auth::caller::{self, Caller, CallerKind};
use crate::config::LimitsConfig;
use crate::db::Snapshot;

/// Most header fields of a request.
pub(super) const MAX_HEADERS: usize = 100;
/// What each field of a header list of HTTP/2 counts beside its bytes (RFC 9113 section 6.5.2).
const FIELD_BYTES: usize = 32;

/// How long the body of a request that needs none may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest form that the authority reads: an assertion and a long scope fit.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// What the log line says of a request, as far as it got.
#[derive(Default)]
struct Trace {
    route: Option<&'static str>,
    app_id: Option<String>,
    tenant_id: Option<String>,
    delegated: Option<bool>,
    /// What the authority has refused with.
    refusal: Option<String>,
    status: u16,
    duration: Duration,
}

/// Answers one request that comes from `peer`: the client itself, or the proxy in front; it is never logged. Refusals are answers too, so this does not fail.
pub(super) async fn answer(
    app: &App,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let ids = RequestIds::of(&head.headers);
    let mut trace = Trace::default();
    let has_body = !body.is_end_stream();
    let form = authority::find(head.uri.path());
    let outcome = match (
        checked(&head, body, &app.config.limits, form.is_some()).await,
        form,
    ) {
        (Ok(body), Some((found, tenant))) => {
            let call = AuthorityCall {
                app,
                tenant,
                path: head.uri.path(),
                method: &head.method,
                query: head.uri.query().unwrap_or_default(),
                headers: &head.headers,
                body,
                peer,
                ids: &ids,
            };
            of_authority(found, &call, &mut trace).await
        }
        (Ok(_), None) => match route(app, &head, &ids, &mut trace).await {
            // The database broke off in the middle. Whatever is behind a route only reads, so it is asked once more; at worst
            // an answer with content is written down twice.
            Err(error) if error.is_broken_off() => route(app, &head, &ids, &mut trace).await,
            outcome => outcome,
        },
        (Err(error), _) => Err(error),
    };
    let (mut response, error) = match outcome {
        Ok(response) => (response, None),
        Err(error) => (respond::error(app, &error, &ids), Some(error)),
    };
    respond::add_common_headers(&mut response, &head.headers, &ids);
    if head.version == Version::HTTP_2 {
        // Frames say what there is (RFC 9113 section 8.2.2).
        response.headers_mut().remove(header::CONNECTION);
    } else if has_body {
        // Heads are watched up to the first body (`framing`); what comes behind one is not read any more.
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if head.method == Method::HEAD {
        let length = response.body().size_hint().exact().unwrap_or_default();
        *response.body_mut() = Body::Length(length);
    }
    let number = response.extensions_mut().remove::<RefusalNumber>();
    trace.refusal = number.map(|RefusalNumber(number)| format!("AADSTS{number}"));
    trace.status = response.status().as_u16();
    trace.duration = started.elapsed();
    log(app, &head, &ids, &trace, error.as_ref());
    Ok(response)
}

/// A path of the authority, with a method that it has.
async fn of_authority(
    found: &'static Route,
    call: &AuthorityCall<'_>,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    trace.route = Some(found.path);
    if *call.method == Method::OPTIONS {
        return Ok(respond::preflight(call.headers, found.allowed()));
    }
    match found.allows(call.method) {
        true => Ok(authority::answer(found.endpoint, call).await),
        false => Err(wrong_method(found.allowed())),
    }
}

/// Refuses heads that are too large or can be read in two ways. Reads the body: to `keep` it, or away, as nobody needs it.
async fn checked(
    head: &http::request::Parts,
    body: Incoming,
    limits: &LimitsConfig,
    keep: bool,
) -> Result<Bytes, ApiError> {
    check_head(head, limits.header_bytes).map_err(ApiError::closing)?;
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let limit = if keep { MAX_FORM_BYTES } else { limits.json_bytes };
    let too_large = || {
        let message = format!("The body of the request is larger than {limit} bytes.");
        Err(ApiError::new(ErrorCode::RequestEntityTooLarge, message).closing())
    };
    if body.size_hint().lower() > limit as u64 {
        return too_large();
    }
    match timeout(BODY_TIMEOUT, read(body, limit, keep)).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => too_large(),
        Ok(Err(_)) => Err(ApiError::bad_request("The body of the request could not be read.").closing()),
        Err(_) => Err(ApiError::bad_request("The body of the request took too long.").closing()),
    }
}

/// Size and host of a request's head (security.md section 3).
fn check_head(head: &http::request::Parts, limit: usize) -> Result<(), ApiError> {
    let is_two = head.version == Version::HTTP_2;
    let size = if is_two { list_size(head) } else { lines_size(head) };
    if size > limit {
        let message = format!("Request line and headers are larger than {limit} bytes.");
        return Err(ApiError::new(ErrorCode::RequestHeaderFieldsTooLarge, message));
    }
    if head.headers.len() > MAX_HEADERS {
        let message = format!("The request has more than {MAX_HEADERS} headers.");
        return Err(ApiError::new(ErrorCode::RequestHeaderFieldsTooLarge, message));
    }
    if is_two {
        return check_authority(head);
    }
    let hosts = head.headers.get_all(header::HOST).iter().count();
    if hosts != 1 {
        return Err(ApiError::bad_request(
            "The request must have exactly one Host header.",
        ));
    }
    Ok(())
}

/// A head of HTTP/1 as it was on the wire: blanks, colon and line ends of each line included. The buffer's own limit is
/// coarser.
fn lines_size(head: &http::request::Parts) -> usize {
    let target = head.uri.path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let lines = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    head.method.as_str().len() + target + "  HTTP/1.1\r\n\r\n".len() + lines.sum::<usize>()
}

/// A head of HTTP/2 as the library counts it, which refuses what is larger by itself.
fn list_size(head: &http::request::Parts) -> usize {
    let uri = &head.uri;
    let target = uri.path_and_query().map(|target| (":path", target.as_str()));
    let pseudo = [
        Some((":method", head.method.as_str())),
        uri.scheme_str().map(|scheme| (":scheme", scheme)),
        uri.authority()
            .map(|authority| (":authority", authority.as_str())),
        target,
    ];
    let pseudo = pseudo.into_iter().flatten();
    let fields = head.headers.iter();
    pseudo
        .map(|(name, value)| name.len() + value.len() + FIELD_BYTES)
        .chain(fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES))
        .sum()
}

/// A request of HTTP/2 says which host it is for once, in `:authority` or `Host`, or the same in both (RFC 9113 section
/// 8.3.1).
fn check_authority(head: &http::request::Parts) -> Result<(), ApiError> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = hosts.next();
    let is_one = match (head.uri.authority(), host) {
        _ if hosts.next().is_some() => false,
        (None, None) => false,
        (None, Some(host)) => !host.is_empty(),
        (Some(authority), None) => !authority.as_str().contains('@'),
        (Some(authority), Some(host)) => authority
            .as_str()
            .as_bytes()
            .eq_ignore_ascii_case(host.as_bytes()),
    };
    match is_one {
        true => Ok(()),
        false => Err(ApiError::bad_request(
            "The request must have exactly one :authority, and no Host header that differs.",
        )),
    }
}

/// Reads a body, and forgets it unless it is to be kept; `None` when it is longer than `limit`.
async fn read(mut body: Incoming, limit: usize, keep: bool) -> Result<Option<Bytes>, hyper::Error> {
    let mut read = 0;
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame?.into_data() else { continue };
        read += bytes.len();
        if read > limit {
            return Ok(None);
        }
        if keep {
            kept.extend_from_slice(&bytes);
        }
    }
    Ok(Some(kept.freeze()))
}

/// From the path to the handler.
async fn route(
    app: &App,
    head: &http::request::Parts,
    ids: &RequestIds,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let path = head.uri.path();
    let Some((version, rest)) = ApiVersion::split(path) else {
        return outside(app, &head.method, path, trace).await;
    };
    if head.method == Method::OPTIONS {
        trace.route = Some("OPTIONS");
        return Ok(respond::preflight(&head.headers, router::ALLOWED_METHODS));
    }
    // `$metadata` is open to everybody (contract section 11a).
    let name = rest.trim_matches('/');
    if name.eq_ignore_ascii_case("$metadata") || name.eq_ignore_ascii_case("%24metadata") {
        return Err(ApiError::not_built("/$metadata"));
    }
    let (caller, db) = authenticate(app, &head.headers).await?;
    trace.app_id.clone_from(&caller.app_id);
    trace.tenant_id = Some(caller.tenant_id.clone());
    trace.delegated = Some(matches!(caller.kind, CallerKind::Delegated { .. }));
    let segments = ResourcePath::parse(rest)
        .map_err(|error| ApiError::bad_request(format!("The path cannot be read: {error}.")))?
        .into_segments();
    let (operation, parameters) = find(app, &head.method, &segments, trace)?;
    let (Operation::List(kind) | Operation::Count(kind) | Operation::Get(kind) | Operation::Content(kind)) =
        operation;
    let call = Call {
        app,
        caller,
        version,
        meeting: MeetingPath {
            user: parameters.user,
            meeting: parameters.meeting,
            kind,
        },
        artifact: parameters.artifact,
        query: head.uri.query(),
        headers: &head.headers,
        ids,
    };
    match operation {
        Operation::List(_) => list::list(&call, db).await,
        Operation::Count(_) => count::count(&call, db).await,
        Operation::Get(_) => get::get(&call, db).await,
        Operation::Content(_) => content::content(&call, db, head.method == Method::HEAD).await,
    }
}

/// Paths that are not below a version.
async fn outside(
    app: &App,
    method: &Method,
    path: &str,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let probe = match path {
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        _ => {
            let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            let shown: Cow<'_, str> = if first.len() <= 64 {
                first.into()
            } else {
                "…".into()
            };
            let message = format!("Invalid version: '{shown}'. Paths of the API begin with /v1.0 or /beta.");
            return Err(ApiError::bad_request(message));
        }
    };
    trace.route = Some(probe);
    match (method, probe) {
        (&Method::GET | &Method::HEAD, "/healthz") => Ok(health::alive()),
        (&Method::GET | &Method::HEAD, _) => Ok(health::ready(app).await),
        _ => Err(wrong_method("GET, HEAD")),
    }
}

/// Who asks, and a snapshot in which that was true.
async fn authenticate(app: &App, headers: &HeaderMap) -> Result<(Caller, Snapshot), ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(ApiError::bad_request(
            "The request must have at most one Authorization header.",
        ));
    }
    // The issuer's keys may have to be fetched, so no snapshot is held meanwhile.
    let token = app
        .tokens
        .verify(value.map(HeaderValue::as_bytes), &app.db)
        .await?;
    let mut db = app.db.snapshot().await?;
    let caller = caller::identify(&mut db, &token).await?;
    Ok((caller, db))
}

/// The route of a path, or why there is none.
fn find(
    app: &App,
    method: &Method,
    segments: &[Segment],
    trace: &mut Trace,
) -> Result<(Operation, Parameters), ApiError> {
    match router::resolve(method, segments, app.config.cloud) {
        Resolved::Route(route, parameters) => {
            trace.route = Some(route.pattern);
            Ok((route.operation, parameters))
        }
        Resolved::WrongMethod => Err(wrong_method(router::ALLOWED_METHODS)),
        Resolved::NotBuilt(path) => Err(ApiError::not_built(&format!("{method} {path}"))),
        Resolved::NotInThisCloud => Err(ApiError::new(
            ErrorCode::NotFound,
            "Requested API is not supported. Please check the path.",
        )),
        Resolved::UnknownSegment(name) => Err(ApiError::bad_request(format!(
            "Resource not found for the segment '{name}'."
        ))),
    }
}

/// 405, contract section 7.3.
fn wrong_method(allowed: &'static str) -> ApiError {
    ApiError::new(
        ErrorCode::RequestBadRequest,
        "Specified HTTP method is not allowed for the request target.",
    )
    .with(ErrorHeader::Allow(allowed))
}

/// A version as `network.protocol.version` of OpenTelemetry has it.
fn version_text(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

/// One line a request: the route and never the path, ids and never names.
fn log(app: &App, head: &http::request::Parts, ids: &RequestIds, trace: &Trace, error: Option<&ApiError>) {
    let status = trace.status;
    let cause = error
        .and_then(|error| error.cause.as_ref())
        .map(ToString::to_string);
    // A probe says by itself what it did not reach.
    if matches!(status, 500 | 503) && error.is_some() {
        let cause = cause.as_deref().unwrap_or("unknown");
        tracing::error!(request.id = %ids.request, route = trace.route, status, cause, "a request has failed");
    }
    if !app.config.log.requests {
        return;
    }
    tracing::info!(
        method = %head.method,
        http.version = version_text(head.version),
        route = trace.route.unwrap_or("-"),
        status,
        duration_us = u64::try_from(trace.duration.as_micros()).unwrap_or(u64::MAX),
        request.id = %ids.request,
        caller.tenant_id = trace.tenant_id,
        caller.app_id = trace.app_id,
        caller.delegated = trace.delegated,
        error.code = error.map(|error| error.code.text()).or(trace.refusal.as_deref()),
        error.cause = cause,
        "request"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_their_numbers() {
        for (version, text) in [
            (Version::HTTP_10, "1.0"),
            (Version::HTTP_11, "1.1"),
            (Version::HTTP_2, "2"),
        ] {
            assert_eq!(version_text(version), text);
        }
    }
}
