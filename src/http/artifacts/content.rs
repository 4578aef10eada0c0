//! `GET …/recordings/{recording}/content`: parse, authorize, locate, open and check, audit, stream.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use super::file_name;
use crate::auth;
use crate::auth::access::MeetingAccess;
use crate::content::{ContentError, ContentKey, ContentReader, Expected};
use crate::db::Snapshot;
use crate::db::artifacts::{self, Artifact};
use crate::db::audit::{Append, AuditRecord};
use crate::db::content_objects::{ContentObject, Restamp};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode, ErrorHeader};
use crate::http::range::{self, ByteRange, Precondition};
use crate::http::request::Call;
use crate::http::respond::insert_text;
use crate::ids;
use crate::query::plan;

/// The bytes of a recording, or a part of them.
///
/// # Errors
/// [`ApiError`] as contract section 7 and security.md section 2 say, steps 8 and 9 included.
pub async fn content(call: &Call<'_>, mut db: Snapshot, head_only: bool) -> Result<Response<Body>, ApiError> {
    let rules = &call.app.config.graph;
    plan::parse_content(call.query, rules.query_options)?;
    let access =
        auth::access::meeting(&mut db, &call.caller, &call.meeting, rules, call.app.clock.now()).await?;
    let (artifact, object) = locate(call, &mut db, &access).await?;
    // Nothing slow is done while a read transaction is open.
    drop(db);
    let opened = open(call, &artifact, object).await?;
    let etag = format!("\"{}\"", opened.key.unique());
    match range::precondition(call.headers, &etag) {
        Precondition::Passed => {}
        Precondition::NotModified => return Ok(not_modified(&etag)),
        Precondition::Failed => {
            return Err(ApiError::new(
                ErrorCode::ResourceModified,
                "The content is not the version of If-Match.",
            ));
        }
    }
    let size = opened.reader.size_bytes();
    let (status, first, length) = match range::byte_range(call.headers, size, &etag) {
        // A range is defined for GET alone (RFC 9110 section 14.2).
        _ if head_only => (StatusCode::OK, 0, size),
        ByteRange::Whole => (StatusCode::OK, 0, size),
        ByteRange::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        ByteRange::Unsatisfiable => {
            let text = format!("The range lies outside the content, which has {size} bytes.");
            return Err(ApiError::new(ErrorCode::InvalidRange, text).with(ErrorHeader::ContentLength(size)));
        }
    };
    let body = if head_only {
        Body::Length(length)
    } else {
        // A store that fails now is heard by the caller as 503; later it could only cut the connection.
        let stream = opened.reader.read(first, length).await?;
        audit(call, &artifact, first, length).await?;
        Body::Content(stream)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    describe(headers, &etag);
    insert_text(headers, header::CONTENT_TYPE, &opened.media_type);
    let subject = access.visible.meeting().subject.as_deref();
    let disposition = file_name::content_disposition(subject, artifact.created, &opened.media_type);
    insert_text(headers, header::CONTENT_DISPOSITION, &disposition);
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + length - 1;
        insert_text(
            headers,
            header::CONTENT_RANGE,
            &format!("bytes {first}-{last}/{size}"),
        );
    }
    Ok(response)
}

/// Steps 7 to 9, first half: the artifact is this meeting's, and its content is for this caller.
async fn locate(
    call: &Call<'_>,
    db: &mut Snapshot,
    access: &MeetingAccess,
) -> Result<(Artifact, ContentObject), ApiError> {
    let (kind, meeting) = (access.visible.kind(), &access.visible.meeting().id);
    let artifact = artifacts::find_in_meeting(db, kind, meeting, &call.artifact).await?;
    let artifact = artifact.ok_or_else(ApiError::no_such_artifact)?;
    if !access.content {
        let text = "Only the meeting's organizer, or an application acting for the organizer or a co-organizer, may read \
                    the content of this recording; an administrator can let participants \
                    (participantsCanDownloadRecordings).";
        return Err(ApiError::new(ErrorCode::Forbidden, text));
    }
    if artifact.quarantined {
        return Err(ApiError::new(
            ErrorCode::MalwareDetected,
            "The content is quarantined and is not served.",
        ));
    }
    let object = artifacts::content(db, kind, &artifact.id).await?;
    let object = object.ok_or_else(|| ApiError::unavailable("a ready recording has no content"))?;
    Ok((artifact, object))
}

/// An object that is what was recorded.
struct Opened {
    key: ContentKey,
    media_type: String,
    reader: ContentReader,
}

/// Opens the object and makes sure of it. A seed may replace it between the look at its row and the opening of its file;
/// then the new row counts.
async fn open(call: &Call<'_>, artifact: &Artifact, mut object: ContentObject) -> Result<Opened, ApiError> {
    loop {
        let expected = expected(&object)?;
        match call.app.content.open_checked(&expected).await {
            Ok(checked) => {
                if let Some(modified_ns) = checked.restamped {
                    restamp(call, &object, modified_ns).await;
                }
                return Ok(Opened {
                    key: expected.key,
                    media_type: object.media_type,
                    reader: checked.reader,
                });
            }
            Err(ContentError::NotFound(key)) => {
                let mut db = call.app.db.snapshot().await?;
                let now = artifacts::content(&mut db, call.meeting.kind, &artifact.id).await?;
                match now.filter(|now| now.key != object.key) {
                    Some(other) => object = other,
                    None => return Err(ContentError::NotFound(key).into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn expected(object: &ContentObject) -> Result<Expected, ApiError> {
    let key = ContentKey::from_row(&object.key);
    Ok(Expected {
        key: key
            .ok_or_else(|| ApiError::unavailable("a row names an object outside of the content store"))?,
        size_bytes: u64::try_from(object.size_bytes).unwrap_or(0),
        sha256: object.sha256.clone(),
        modified_ns: object.modified_ns,
    })
}

/// Records the new time of change of a file that was compared whole and is good. Without it the next request compares
/// again, so a failure is not the caller's.
async fn restamp(call: &Call<'_>, object: &ContentObject, modified_ns: i64) {
    let write = Restamp {
        key: object.key.clone(),
        modified_ns,
    };
    if let Err(error) = call.app.db.write(write).await {
        tracing::warn!(%error, "the time of change of a good file could not be recorded");
    }
}

/// Writes down, durably, who is about to be given which bytes.
async fn audit(call: &Call<'_>, artifact: &Artifact, first: u64, length: u64) -> Result<(), ApiError> {
    let byte = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let record = AuditRecord {
        id: ids::time_ordered(),
        at: call.app.clock.now(),
        tenant_id: call.caller.tenant_id.clone(),
        application_id: call.caller.app_id.clone(),
        user_id: call.caller.user_id().map(ToOwned::to_owned),
        operation: "content.read".to_owned(),
        kind: call.meeting.kind,
        artifact_id: artifact.id.clone(),
        meeting_id: Some(call.meeting.meeting.clone()),
        first_byte: byte(first),
        last_byte: byte(first + length) - 1,
        request_id: call.ids.request.clone(),
    };
    call.app
        .db
        .write(Append(record))
        .await
        .map_err(ApiError::unavailable)
}

fn not_modified(etag: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    describe(response.headers_mut(), etag);
    response
}

/// What 200, 206 and 304 all say.
fn describe(headers: &mut HeaderMap, etag: &str) {
    insert_text(headers, header::ETAG, etag);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
}
