//! One request from its head to its answer: head checks, version, token, route, handler; then what every answer carries,
//! and its line in the log.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, Version};
use hyper::body::{Body as _, Incoming};
use odata::path::{ResourcePath, Segment};
use tokio::time::Instant;

use super::api::{self, Asked};
use super::artifacts::export::Exported;
use super::artifacts::{content, count, delta, export, get, list};
use super::authority::{self, AuthorityCall, RefusalNumber, Route};
use super::body::Body;
use super::error::{ApiError, ErrorCode, ErrorHeader};
use super::head;
use super::request::{ApiVersion, Call, JsonFormat, Preferences, RequestIds};
use super::router::{self, Operation, Parameters, Resolved};
use super::{batch, calls, health, meetings, metadata, respond, users};
use crate::app::App;
use crate::auth;
use crate::auth::caller::{self, Caller, CallerKind};
use crate::db::Snapshot;
use crate::throttle::Demand;

/// The largest form that the authority reads: an assertion and a long scope fit.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// What the log line says of a request, as far as it got.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) route: Option<&'static str>,
    app_id: Option<String>,
    tenant_id: Option<String>,
    delegated: Option<bool>,
    /// What the authority has refused with.
    refusal: Option<String>,
    status: u16,
    duration: Duration,
}

impl Trace {
    /// Who asks.
    pub(super) fn of(&mut self, caller: &Caller) {
        self.app_id.clone_from(&caller.app_id);
        self.tenant_id = Some(caller.tenant_id.clone());
        self.delegated = Some(matches!(caller.kind, CallerKind::Delegated { .. }));
    }
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
    if let Some(found) = api::find(head.uri.path()) {
        let asked = Asked {
            app,
            head: &head,
            ids: &ids,
            ends: AtomicBool::new(false),
        };
        let outcome = api::answer(&asked, found, body, &mut trace).await;
        return Ok(finish(app, (&head, &ids), trace, started, outcome));
    }
    let form = authority::find(head.uri.path());
    let limits = &app.config.limits;
    let keep = match (&form, &head.method) {
        (Some(_), _) => Some(MAX_FORM_BYTES),
        (None, &Method::POST | &Method::PATCH) => Some(limits.json_bytes),
        (None, _) => None,
    };
    let read = match head::check(&head, limits) {
        Ok(()) => head::read_body(body, limits, keep).await,
        Err(error) => Err(error),
    };
    let outcome = match (read, form) {
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
        (Ok(body), None) => {
            let asked = Asking {
                head: &head,
                body: &body,
                ids: &ids,
                is_item: false,
            };
            match route(app, asked, &mut trace).await {
                // The database broke off in the middle. What only reads is asked once more; at worst an answer with content
                // is written down twice.
                Err(error) if error.is_broken_off() && is_safe(&head.method) => {
                    route(app, asked, &mut trace).await
                }
                outcome => outcome,
            }
        }
        (Err(error), _) => Err(error),
    };
    Ok(finish(app, (&head, &ids), trace, started, outcome))
}

/// What every answer carries, and the line in the log.
fn finish(
    app: &App,
    (head, ids): (&http::request::Parts, &RequestIds),
    mut trace: Trace,
    started: Instant,
    outcome: Result<Response<Body>, ApiError>,
) -> Response<Body> {
    let (mut response, error) = match outcome {
        Ok(response) => (response, None),
        Err(error) => (respond::error(app, &error, ids), Some(error)),
    };
    respond::add_common_headers(&mut response, &head.headers, ids);
    if head.version == Version::HTTP_2 {
        // Frames say what there is (RFC 9113 section 8.2.2).
        response.headers_mut().remove(header::CONNECTION);
    }
    if head.method == Method::HEAD {
        let length = response.body().size_hint().exact().unwrap_or_default();
        *response.body_mut() = Body::Length(length);
    }
    let number = response.extensions_mut().remove::<RefusalNumber>();
    trace.refusal = number.map(|RefusalNumber(number)| format!("AADSTS{number}"));
    trace.status = response.status().as_u16();
    trace.duration = started.elapsed();
    log(app, head, ids, &trace, error.as_ref());
    response
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
        false => Err(wrong_method(found.allowed().to_owned())),
    }
}

/// A request, or one of a batch.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// Its head.
    pub(super) head: &'a http::request::Parts,
    /// Its body, where its method has one.
    pub(super) body: &'a [u8],
    /// Its ids.
    pub(super) ids: &'a RequestIds,
    /// It is one of a batch, which may not be one itself.
    pub(super) is_item: bool,
}

pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// From the path to the handler.
async fn route(app: &App, asking: Asking<'_>, trace: &mut Trace) -> Result<Response<Body>, ApiError> {
    let head = asking.head;
    let path = head.uri.path();
    let Some((version, rest)) = ApiVersion::split(path) else {
        return outside(app, &head.method, path, trace).await;
    };
    let parsed = ResourcePath::parse(rest).map(ResourcePath::into_segments);
    if head.method == Method::OPTIONS {
        trace.route = Some("OPTIONS");
        let methods = match parsed.as_deref() {
            Ok(segments) if metadata::is_path(segments) => metadata::METHODS.to_owned(),
            Ok(segments) => router::methods(segments),
            Err(_) => router::ALL_METHODS.to_owned(),
        };
        return Ok(respond::preflight(&head.headers, &methods));
    }
    // `$metadata` is open to everybody (contract section 11a).
    if parsed.as_deref().is_ok_and(metadata::is_path) {
        trace.route = Some(metadata::PATH);
        return match is_safe(&head.method) {
            true => Ok(metadata::document()),
            false => Err(wrong_method(metadata::METHODS.to_owned())),
        };
    }
    let (caller, db) = authenticate(app, &head.headers).await?;
    trace.of(&caller);
    let segments =
        parsed.map_err(|error| ApiError::bad_request(format!("The path cannot be read: {error}.")))?;
    let (operation, path) = find(app, &head.method, &segments, trace)?;
    if operation != Operation::Batch {
        let demand = Demand {
            application: caller.app_id.as_deref(),
            tenant: &caller.tenant_id,
            reads: is_safe(&head.method),
        };
        let admitted = app.throttle.admit(&demand, app.clock.now());
        admitted.map_err(ApiError::too_many_requests)?;
    }
    let call = Call {
        app,
        caller,
        version,
        path,
        query: head.uri.query(),
        headers: &head.headers,
        http_version: head.version,
        body: asking.body,
        format: JsonFormat::of(&head.headers, head.uri.query()),
        preferences: Preferences::of(&head.headers),
        ids: asking.ids,
        most_content: asking.is_item.then_some(batch::MAX_CONTENT_BYTES),
    };
    handle(&call, operation, db, asking).await
}

/// Answers one request of a batch.
pub(super) async fn answer_item(app: &App, asking: Asking<'_>) -> Response<Body> {
    let started = Instant::now();
    let mut trace = Trace::default();
    let outcome = match route(app, asking, &mut trace).await {
        Err(error) if error.is_broken_off() && is_safe(&asking.head.method) => {
            route(app, asking, &mut trace).await
        }
        outcome => outcome,
    };
    let (mut response, error) = match outcome {
        Ok(response) => (response, None),
        Err(error) => (respond::error(app, &error, asking.ids), Some(error)),
    };
    if asking.head.method == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }
    trace.status = response.status().as_u16();
    trace.duration = started.elapsed();
    log(app, asking.head, asking.ids, &trace, error.as_ref());
    response
}

async fn handle(
    call: &Call<'_>,
    operation: Operation,
    db: Snapshot,
    asking: Asking<'_>,
) -> Result<Response<Body>, ApiError> {
    let exported = |kind, of_calls| Exported { kind, of_calls };
    let head_only = asking.head.method == Method::HEAD;
    match operation {
        Operation::List(kind) => list::list(call, kind, db).await,
        Operation::Count(kind) => count::count(call, kind, db).await,
        Operation::Get(kind) => get::get(call, kind, db).await,
        Operation::Content(kind, stream) => content::content(call, (kind, stream), db, head_only).await,
        Operation::Delta(kind) => delta::delta(call, kind, db).await,
        Operation::Export(kind) => export::export(call, exported(kind, false), db).await,
        Operation::ExportDelta(kind) => delta::of_export(call, exported(kind, false), db).await,
        Operation::ExportOfCalls(kind) => export::export(call, exported(kind, true), db).await,
        Operation::ExportOfCallsDelta(kind) => delta::of_export(call, exported(kind, true), db).await,
        Operation::FindMeetings => meetings::list::find(call, db).await,
        Operation::CountMeetings => meetings::list::count(call, db).await,
        Operation::FindMeetingsOfTenant => meetings::list::find_by_device(call, db).await,
        Operation::GetMeeting => meetings::get::get(call, db).await,
        Operation::CreateMeeting => meetings::create::create(call, db).await,
        Operation::CreateOrGetMeeting => meetings::create::create_or_get(call, db).await,
        Operation::UpdateMeeting => meetings::update::update(call, db).await,
        Operation::DeleteMeeting => meetings::delete::delete(call, db).await,
        Operation::ListCalls => calls::list(call, db).await,
        Operation::CountCalls => calls::count(call, db).await,
        Operation::GetCall => calls::get(call, db).await,
        Operation::GetUser => users::get(call, db).await,
        Operation::ServiceDocument => {
            auth::access::anybody(&call.caller)?;
            metadata::service(call)
        }
        Operation::NotRouted => Err(not_supported()),
        Operation::Batch if asking.is_item => {
            Err(ApiError::bad_request("A batch cannot hold another batch."))
        }
        Operation::Batch => {
            drop(db);
            auth::access::anybody(&call.caller)?;
            // A batch asks for what can be a batch, so the future holds itself.
            Box::pin(batch::batch(call)).await
        }
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
        _ if api::is_below_root(path) => {
            let message = "There is no such path; /api/v1/openapi.json has those that there are.";
            return Err(ApiError::new(ErrorCode::NotFound, message));
        }
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
        _ => Err(wrong_method("GET, HEAD".to_owned())),
    }
}

/// Who asks, and a snapshot in which that was true.
pub(super) async fn authenticate(app: &App, headers: &HeaderMap) -> Result<(Caller, Snapshot), ApiError> {
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
        Resolved::WrongMethod(allowed) => Err(wrong_method(allowed)),
        Resolved::NotBuilt(path) => Err(ApiError::not_built(&format!("{method} {path}"))),
        Resolved::NotInThisCloud => Err(not_supported()),
        Resolved::UnknownSegment(name) => Err(ApiError::bad_request(format!(
            "Resource not found for the segment '{name}'."
        ))),
    }
}

/// 404 of what is in the schema and not served, contract section 7.3.
fn not_supported() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "Requested API is not supported. Please check the path.",
    )
}

/// 405, contract section 7.3.
pub(super) fn wrong_method(allowed: String) -> ApiError {
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
