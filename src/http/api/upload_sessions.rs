//! `POST /api/v1/uploadSessions`, and what is done with an `uploadUrl`: Graph's convention for upload sessions.

pub(super) mod description;

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header;
use http::{Method, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use serde::{Deserialize, Serialize};

use super::content_range::content_range;
use super::{Asked, caller, format};
use crate::auth::access::{self, Uploader};
use crate::db::Session;
use crate::db::artifacts::StoredArtifact;
use crate::db::keeping;
use crate::db::upload_sessions::{SessionState, UploadSession};
use crate::graph::upload::UploadSessionJson;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::head::{self, BodyChunks};
use crate::http::json_body;
use crate::http::links;
use crate::http::present::{Frame, Presented};
use crate::http::respond::{self, insert_text};
use crate::http::service::Trace;
use crate::query::schema::EntityType;
use crate::uploads::request::{parse, without_annotations};
use crate::uploads::{Begun, Finished, Order, Wanted};

/// What an `uploadUrl` is sealed for.
const PURPOSE: &str = "upload session";
/// A length of slices that passes a proxy that takes 1 MiB, and is a multiple of 320 KiB, as programs for Graph expect.
const SLICE_BYTES: u64 = 3 * 320 * 1024;
/// How long whoever has sent the last byte waits for what becomes of it.
const PATIENCE: Duration = Duration::from_secs(45);
/// When whoever asked too early asks again, in seconds.
const ASK_AGAIN: u32 = 5;

/// What an `uploadUrl` carries.
#[derive(Serialize, Deserialize)]
struct Token {
    session: String,
    uploader: Uploader,
}

/// Begins an upload, or finds the one of the same source.
///
/// # Errors
/// [`ApiError`] as `openapi.json` says.
pub(super) async fn create(
    asked: &Asked<'_>,
    body: Incoming,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let limits = &asked.app.config.limits;
    let body = head::read_body(body, limits, Some(limits.json_bytes)).await?;
    let (caller, mut db) = caller(asked, trace).await?;
    let body = json_body::json(&asked.head.headers, &body, limits.json_bytes)?;
    let request = parse(without_annotations(body))?;
    let wanted = Wanted::check(&request)?;
    let meeting = &request.meeting;
    if meeting.id.is_none() && meeting.organizer.is_none() && caller.user_id().is_none() {
        let message = "expected the organizer of the meeting, as nobody has signed in";
        return Err(crate::uploads::Problem::at("/meeting/organizer", message).into());
    }
    let (id, organizer) = (meeting.id.as_deref(), meeting.organizer.as_deref());
    let allowed = access::upload(&mut db, &caller, id, organizer).await?;
    drop(db);
    let uploads = &asked.app.uploads;
    let begun = uploads.begin(Order {
        request,
        wanted,
        organizer: allowed.organizer,
        application_id: caller.app_id.clone(),
        user_id: caller.user_id().map(ToOwned::to_owned),
    });
    let session = match begun.await? {
        Begun::Artifact(artifact) => return item(asked, &artifact, StatusCode::OK).await,
        Begun::Session(session) => session,
    };
    if session.state == SessionState::Finished || session.size_bytes == 0 {
        return finished(asked, &session).await;
    }
    let token = Token {
        session: session.id.clone(),
        uploader: Uploader::of(&caller),
    };
    let token = serde_json::to_vec(&token).map_err(ApiError::unavailable)?;
    let token = asked.app.sealer.seal_text(PURPOSE, &token);
    let token = token.ok_or_else(|| ApiError::unavailable("the system has no randomness to give"))?;
    let url = format!("{}/api/v1/uploadSessions/{token}", asked.app.public_url);
    let status = if session.received_bytes == 0 {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    status_of(asked, &session, Some(url), status)
}

/// What is done with an `uploadUrl`. Whoever has it may, as whoever began it still may.
///
/// # Errors
/// [`ApiError`] as `openapi.json` says.
pub(super) async fn session(
    asked: &Asked<'_>,
    token: &str,
    body: Incoming,
) -> Result<Response<Body>, ApiError> {
    let opened = open(asked, token).await;
    let method = &asked.head.method;
    match opened {
        Ok(session) if *method == Method::PUT => put(asked, &session, body).await,
        Err(error) => {
            asked.drain(body).await;
            Err(error)
        }
        Ok(session) => {
            asked.drain(body).await;
            match *method {
                Method::DELETE => delete(asked, &session).await,
                _ if session.state == SessionState::Finished => finished(asked, &session).await,
                _ => status_of(asked, &session, None, StatusCode::OK),
            }
        }
    }
}

/// The session of an `uploadUrl`, if whoever began it still may go on.
async fn open(asked: &Asked<'_>, token: &str) -> Result<UploadSession, ApiError> {
    let nowhere = crate::uploads::UploadError::NoSuchSession;
    let opened = asked.app.sealer.open_text(PURPOSE, token);
    let Some(token) = opened.and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok()) else {
        return Err(nowhere.into());
    };
    let mut db = asked.app.db.snapshot().await?;
    let found = crate::db::upload_sessions::find(&mut db, &token.session).await?;
    let uploader = &token.uploader;
    let is_theirs = |found: &UploadSession| {
        found.application_id == uploader.application && found.user_id == uploader.user
    };
    let Some(session) = found.filter(is_theirs) else {
        return Err(nowhere.into());
    };
    authorize_again(&mut db, uploader, &session).await?;
    Ok(session)
}

async fn authorize_again(
    db: &mut Session,
    uploader: &Uploader,
    session: &UploadSession,
) -> Result<(), ApiError> {
    let Some(caller) = uploader.again(db).await? else {
        let fault =
            crate::auth::token::TokenFault::Invalid("whoever began the upload does not count any more");
        return Err(fault.into());
    };
    let request: crate::graph::upload::UploadRequest =
        serde_json::from_str(&session.request).map_err(ApiError::unavailable)?;
    let meeting = &request.meeting;
    let (id, organizer) = (meeting.id.as_deref(), meeting.organizer.as_deref());
    match access::upload(db, &caller, id, organizer).await {
        Ok(_) => Ok(()),
        // What has come is in a meeting that may be deleted since.
        Err(access::AccessError::Denied(crate::auth::decide::Denied::NoSuchMeeting))
            if session.state == SessionState::Finished =>
        {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// A slice.
async fn put(asked: &Asked<'_>, session: &UploadSession, body: Incoming) -> Result<Response<Body>, ApiError> {
    if session.state == SessionState::Finished || session.is_complete() && session.state == SessionState::Open
    {
        asked.drain(body).await;
        return finished(asked, session).await;
    }
    let range = match content_range(&asked.head.headers) {
        Ok(range) => range,
        Err(error) => {
            asked.drain(body).await;
            return Err(error);
        }
    };
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length != range.length()) {
        asked.drain(body).await;
        return Err(ApiError::bad_request(
            "The body is not as long as its Content-Range says.",
        ));
    }
    let chunks = BodyChunks::new(asked.head, body);
    let rest = chunks.rest();
    let received = asked.app.uploads.receive(session, range, chunks).await;
    asked.ends.fetch_or(!rest.is_read(), Ordering::Relaxed);
    let session = received?;
    match session.is_complete() {
        true => made(asked, &session).await,
        false => status_of(asked, &session, None, StatusCode::ACCEPTED),
    }
}

async fn delete(asked: &Asked<'_>, session: &UploadSession) -> Result<Response<Body>, ApiError> {
    // What has been made of it is deleted as what it is.
    if session.state == SessionState::Finished {
        return Ok(respond::nothing());
    }
    match asked.app.uploads.give_up(session, None).await? {
        true => Ok(respond::nothing()),
        false => Err(crate::uploads::UploadError::Locked.into()),
    }
}

/// 201 with what a session has just become.
async fn made(asked: &Asked<'_>, session: &UploadSession) -> Result<Response<Body>, ApiError> {
    become_of(asked, session, StatusCode::CREATED).await
}

/// 200 with what a session has become, once it has.
async fn finished(asked: &Asked<'_>, session: &UploadSession) -> Result<Response<Body>, ApiError> {
    let is_new = session.kind == crate::db::artifacts::ArtifactKind::Transcript && session.size_bytes == 0;
    let status = match is_new && session.state == SessionState::Open {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    become_of(asked, session, status).await
}

async fn become_of(
    asked: &Asked<'_>,
    session: &UploadSession,
    status: StatusCode,
) -> Result<Response<Body>, ApiError> {
    match asked.app.uploads.finish(&session.id, PATIENCE).await? {
        Finished::Artifact(artifact) => item(asked, &artifact, status).await,
        // All bytes are durable, and whoever asks once more is told.
        Finished::NotYet => Err(ApiError::not_yet(ASK_AGAIN)),
    }
}

fn status_of(
    asked: &Asked<'_>,
    session: &UploadSession,
    upload_url: Option<String>,
    status: StatusCode,
) -> Result<Response<Body>, ApiError> {
    let json = UploadSessionJson {
        upload_url,
        expiration_date_time: session.expires.to_string(),
        // With its end: programs of the SDKs need it.
        next_expected_ranges: match session.is_complete() {
            true => Vec::new(),
            false => vec![format!("{}-{}", session.received_bytes, session.size_bytes - 1)],
        },
        slice_size: SLICE_BYTES,
        fault: session.fault.clone(),
    };
    let mut response = respond::json(format(&asked.head.headers), &json)?;
    *response.status_mut() = status;
    Ok(response)
}

/// What an upload has come to.
#[derive(Serialize)]
struct Item<E: Serialize> {
    #[serde(flatten)]
    entity: E,
    /// Why it is held back: whoever has sent it may still have a better copy.
    #[serde(rename = "@graphophone.quarantined", skip_serializing_if = "Option::is_none")]
    quarantined: Option<String>,
}

/// A recording or transcript as Graph shows it, and where Graph has it.
async fn item(
    asked: &Asked<'_>,
    stored: &StoredArtifact,
    status: StatusCode,
) -> Result<Response<Body>, ApiError> {
    let (artifact, entity) = (&stored.artifact, EntityType::of(stored.kind));
    let root = format!("{}/v1.0", asked.app.public_url);
    let place = links::artifact(entity, artifact);
    let location = place.url(&root);
    let context = links::Location::user(&artifact.owner_id)
        .parent(&artifact.parent)
        .collection(entity.collection)
        .context(&root)
        + "/$entity";
    let quarantined = match artifact.quarantined {
        true => {
            let mut db = asked.app.db.snapshot().await?;
            let (_, reason) = keeping::origin(&mut db, stored.kind, &artifact.id).await?;
            Some(reason.unwrap_or_else(|| "held: an administrator has put it into quarantine".to_owned()))
        }
        false => None,
    };
    let format = format(&asked.head.headers);
    let frame = Frame {
        entity,
        members: entity.properties,
        level: format.level,
        is_typed: true,
    };
    let item = Item {
        entity: Presented {
            frame,
            context: Some(&context),
            place: (&root, place),
            entity: links::artifact_json(&root, entity, artifact),
        },
        quarantined,
    };
    let mut response = respond::json(format, &item)?;
    *response.status_mut() = status;
    insert_text(response.headers_mut(), header::LOCATION, &location);
    Ok(response)
}
