//! One request from its head to its answer: head checks, version, token, route, handler; then what every answer carries,
//! and its line in the log.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use odata::path::{ResourcePath, Segment};
use tokio::time::{Instant, timeout};

use super::artifacts::{content, count, get, list};
use super::authority::{self, AuthorityCall, Route};
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
    status: u16,
    duration: Duration,
}

/// Answers one request. Refusals are answers too, so this does not fail.
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
    if has_body {
        // Heads are watched up to the first body (`framing`); what comes behind one is not read any more.
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    trace.status = response.status().as_u16();
    trace.duration = started.elapsed();
    log(app, &head.method, &ids, &trace, error.as_ref());
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

/// Size, `Host` and framing of a request's head (security.md section 3).
fn check_head(head: &http::request::Parts, limit: usize) -> Result<(), ApiError> {
    // As it was on the wire: blanks, colon and line ends of each line included. The buffer's own limit is coarser.
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let lines = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    let size = head.method.as_str().len() + target + "  HTTP/1.1\r\n\r\n".len() + lines.sum::<usize>();
    if size > limit {
        let message = format!("Request line and headers are larger than {limit} bytes.");
        return Err(ApiError::new(ErrorCode::RequestHeaderFieldsTooLarge, message));
    }
    let hosts = head.headers.get_all(header::HOST).iter().count();
    if hosts != 1 {
        return Err(ApiError::bad_request(
            "The request must have exactly one Host header.",
        ));
    }
    Ok(())
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

/// One line a request: the route and never the path, ids and never names.
fn log(app: &App, method: &Method, ids: &RequestIds, trace: &Trace, error: Option<&ApiError>) {
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
        %method,
        route = trace.route.unwrap_or("-"),
        status,
        duration_us = u64::try_from(trace.duration.as_micros()).unwrap_or(u64::MAX),
        request.id = %ids.request,
        caller.tenant_id = trace.tenant_id,
        caller.app_id = trace.app_id,
        caller.delegated = trace.delegated,
        error.code = error.map(|error| error.code.text()),
        error.cause = cause,
        "request"
    );
}
