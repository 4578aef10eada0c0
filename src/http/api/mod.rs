//! Our own name space, `/api/v1`: what Graph has no operations for. Described by `openapi.json`, which is served and made from
//! these types.

mod artifacts;
mod content_range;
pub mod description;
mod route;
mod upload_sessions;

use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;

pub(super) use route::{Found, find};

use route::Resource;

use super::body::Body;
use super::error::ApiError;
use super::head;
use super::request::{JsonFormat, RequestIds};
use super::respond;
use super::service::{Trace, authenticate, is_safe, wrong_method};
use crate::app::App;
use crate::auth::caller::Caller;
use crate::db::Snapshot;
use crate::throttle::Demand;

/// A request of our own name space.
pub(super) struct Asked<'a> {
    pub(super) app: &'a App,
    pub(super) head: &'a http::request::Parts,
    pub(super) ids: &'a RequestIds,
    /// The connection ends with the answer, as a part of the body has not been read.
    pub(super) ends: AtomicBool,
}

impl Asked<'_> {
    /// Reads a body away that is refused, or that nobody needs. Where that is too long the connection ends with the answer.
    async fn drain(&self, body: Incoming) {
        let is_read = head::drain(self.head, body).await;
        self.ends.fetch_or(!is_read, Ordering::Relaxed);
    }
}

/// Answers a request of our own name space.
///
/// # Errors
/// [`ApiError`] as `openapi.json` says.
pub(super) async fn answer(
    asked: &Asked<'_>,
    found: Found,
    body: Incoming,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let answered = handle(asked, found, body, trace).await;
    if !asked.ends.load(Ordering::Relaxed) {
        return answered;
    }
    let mut response = answered.map_err(ApiError::closing)?;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    Ok(response)
}

async fn handle(
    asked: &Asked<'_>,
    found: Found,
    body: Incoming,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let head = asked.head;
    head::check(head, &asked.app.config.limits)?;
    trace.route = Some(found.pattern());
    if head.method == Method::OPTIONS {
        asked.drain(body).await;
        return Ok(respond::preflight(&head.headers, found.allowed()));
    }
    if !found.allows(&head.method) {
        asked.drain(body).await;
        return Err(wrong_method(found.allowed().to_owned()));
    }
    match found.resource {
        Resource::OpenApi => {
            asked.drain(body).await;
            Ok(description::answer())
        }
        Resource::UploadSessions => upload_sessions::create(asked, body, trace).await,
        Resource::UploadSession(token) => upload_sessions::session(asked, &token, body).await,
        Resource::Artifact(kind, id) => {
            asked.drain(body).await;
            artifacts::delete(asked, kind, &id, trace).await
        }
    }
}

/// Who asks, with what the log says of it; nobody is let through who asks too often.
async fn caller(asked: &Asked<'_>, trace: &mut Trace) -> Result<(Caller, Snapshot), ApiError> {
    let (caller, db) = authenticate(asked.app, &asked.head.headers).await?;
    trace.of(&caller);
    let demand = Demand {
        application: caller.app_id.as_deref(),
        tenant: &caller.tenant_id,
        reads: is_safe(&asked.head.method),
    };
    let admitted = asked.app.throttle.admit(&demand, asked.app.clock.now());
    admitted.map_err(ApiError::too_many_requests)?;
    Ok((caller, db))
}

/// How the answer is to be written.
fn format(headers: &HeaderMap) -> JsonFormat {
    JsonFormat::of(headers, None)
}
