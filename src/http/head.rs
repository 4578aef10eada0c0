//! What is checked of a request before anything is made of it: the size of its head, which host it is for, and its body.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Version;
use http::header;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{ApiError, ErrorCode};
use crate::config::LimitsConfig;
use crate::uploads::{Chunks, Cut};

/// Most header fields of a request.
pub(super) const MAX_HEADERS: usize = 100;
/// What each field of a header list of HTTP/2 counts beside its bytes (RFC 9113 section 6.5.2).
const FIELD_BYTES: usize = 32;
/// How long the body of a request that needs none may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Refuses heads that are too large or can be read in two ways.
pub(super) fn check(head: &http::request::Parts, limits: &LimitsConfig) -> Result<(), ApiError> {
    check_head(head, limits.header_bytes).map_err(ApiError::closing)
}

/// Reads a body: to `keep` it, or away, as nobody needs it.
pub(super) async fn read_body(
    body: Incoming,
    limits: &LimitsConfig,
    keep: Option<usize>,
) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let limit = keep.unwrap_or(limits.json_bytes);
    let too_large = || {
        let message = format!("The body of the request is larger than {limit} bytes.");
        Err(ApiError::new(ErrorCode::RequestEntityTooLarge, message).closing())
    };
    if body.size_hint().lower() > limit as u64 {
        return too_large();
    }
    match timeout(BODY_TIMEOUT, read(body, limit, keep.is_some())).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => too_large(),
        Ok(Err(_)) => Err(ApiError::bad_request("The body of the request could not be read.").closing()),
        Err(_) => Err(ApiError::bad_request("The body of the request took too long.").closing()),
    }
}

/// As much of a body that is refused is read away, so that its sender hears the refusal.
const DRAINED_BYTES: u64 = 4 * 1024 * 1024;
/// The least that a body has to bring in each [`BODY_TIMEOUT`] (security.md section 3).
const LEAST_BYTES: u64 = 30 * 1024;

/// Reads a body away that is refused, or that nobody needs. Whether all of it has been read: otherwise the connection ends.
pub(super) async fn drain(head: &http::request::Parts, body: Incoming) -> bool {
    let mut chunks = BodyChunks::new(head, body);
    chunks.drain().await;
    chunks.rest.is_read()
}

/// Whether the end of a body has been read, for whoever answers.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<AtomicBool>);

impl Rest {
    pub(super) fn is_read(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The bytes of a body that is long, as they come. One that comes too slowly has broken off.
pub(super) struct BodyChunks {
    body: Incoming,
    /// When so many bytes more have to be here.
    deadline: Instant,
    came: u64,
    /// Whoever sends it waits to be asked for it (RFC 9110 section 10.1.1).
    is_expected: bool,
    rest: Rest,
}

impl BodyChunks {
    pub(super) fn new(head: &http::request::Parts, body: Incoming) -> Self {
        let rest = Rest::default();
        rest.0.store(body.is_end_stream(), Ordering::Relaxed);
        Self {
            body,
            is_expected: head.headers.contains_key(header::EXPECT),
            rest,
            deadline: Instant::now() + BODY_TIMEOUT,
            came: 0,
        }
    }

    /// Tells whether its end has been read.
    pub(super) fn rest(&self) -> Rest {
        self.rest.clone()
    }
}

impl Chunks for BodyChunks {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        loop {
            let Ok(frame) = timeout_at(self.deadline, self.body.frame()).await else {
                return Some(Err(Cut));
            };
            let Some(frame) = frame else {
                self.rest.0.store(true, Ordering::Relaxed);
                return None;
            };
            self.is_expected = false;
            let Ok(bytes) = (match frame {
                Ok(frame) => frame.into_data(),
                Err(_) => return Some(Err(Cut)),
            }) else {
                continue;
            };
            self.came += bytes.len() as u64;
            if self.came >= LEAST_BYTES {
                self.came = 0;
                self.deadline = Instant::now() + BODY_TIMEOUT;
            }
            if !bytes.is_empty() {
                return Some(Ok(bytes));
            }
        }
    }

    async fn drain(&mut self) {
        // Reading would ask for what has just been refused.
        let mut left = if self.is_expected { 0 } else { DRAINED_BYTES };
        while left > 0
            && let Some(Ok(bytes)) = self.next().await
        {
            left = left.saturating_sub(bytes.len() as u64);
        }
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
