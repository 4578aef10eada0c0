//! `GET …/recordings/{recording}/content`, and the streams of transcripts: parse, authorize, locate, open and check, audit, stream.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use super::file_name;
use super::transcript::{self, Form};
use crate::auth;
use crate::auth::access::{Access, ArtifactPath, Scope};
use crate::content::{ContentError, ContentKey, ContentReader, Expected};
use crate::db::Snapshot;
use crate::db::artifacts::{self, Artifact, ArtifactKind, Stream};
use crate::db::audit::{Append, AuditRecord};
use crate::db::content_objects::{self, ContentObject, Restamp};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode, ErrorHeader};
use crate::http::range::{self, ByteRange, Precondition};
use crate::http::request::Call;
use crate::http::respond::insert_text;
use crate::ids;
use crate::query::plan;

/// The bytes of a recording or transcript, or a part of them.
///
/// # Errors
/// [`ApiError`] as contract sections 4 and 7 and security.md section 2 say, steps 8 and 9 included.
pub async fn content(
    call: &Call<'_>,
    (kind, stream): (ArtifactKind, Stream),
    mut db: Snapshot,
    head_only: bool,
) -> Result<Response<Body>, ApiError> {
    let (asked, rules) = (call.asked(), &call.app.config.graph);
    let format = plan::parse_format(asked)?;
    let form = match kind {
        ArtifactKind::Recording => Form::recording(format.as_deref())?,
        ArtifactKind::Transcript => Form::transcript(stream, call.headers, format.as_deref())?,
    };
    let path = call.artifacts(kind);
    let access = auth::access::artifacts(&mut db, &call.caller, &path, rules, asked.now).await?;
    let found = locate(call, &mut db, &access, (&path, stream), form).await?;
    // Nothing slow is done while a read transaction is open.
    drop(db);
    let served = match found.form {
        Form::Stored => Served::Stored(open(call, &found).await?),
        Form::Unattributed | Form::Metadata => Served::Derived(transcript::derive(call, &found).await?),
    };
    answer(call, &access, &found, served, head_only).await
}

/// Preconditions, range, audit, stream.
async fn answer(
    call: &Call<'_>,
    access: &Access,
    found: &Found,
    served: Served,
    head_only: bool,
) -> Result<Response<Body>, ApiError> {
    let etag = served.etag();
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
    let size = served.size_bytes();
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
    if call.most_content.is_some_and(|most| length > most) && !head_only {
        return Ok(elsewhere());
    }
    let media_type = served.media_type().to_owned();
    let body = if head_only {
        Body::Length(length)
    } else {
        // A store that fails now is heard by the caller as 503; later it could only cut the connection.
        let body = served.into_body(first, length).await?;
        audit(call, found, first, length).await?;
        body
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    describe(headers, &etag);
    insert_text(headers, header::CONTENT_TYPE, &media_type);
    let subject = match access.visible.scope() {
        Scope::Meeting(meeting) => meeting.subject.as_deref(),
        _ => None,
    };
    let disposition =
        file_name::content_disposition(subject, found.kind, found.artifact.created, &media_type);
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

/// What has been found, and what is to be made of it.
pub(super) struct Found {
    pub(super) kind: ArtifactKind,
    pub(super) artifact: Artifact,
    /// The object that is read.
    pub(super) object: ContentObject,
    /// Of which stream it is.
    pub(super) stream: Stream,
    /// As it is stored, or something made of it.
    pub(super) form: Form,
}

/// What is sent.
enum Served {
    Stored(Opened),
    Derived(transcript::Derived),
}

impl Served {
    fn etag(&self) -> String {
        match self {
            Self::Stored(opened) => format!("\"{}\"", opened.key.unique()),
            Self::Derived(derived) => format!("\"{}\"", derived.version),
        }
    }

    fn size_bytes(&self) -> u64 {
        match self {
            Self::Stored(opened) => opened.reader.size_bytes(),
            Self::Derived(derived) => derived.bytes.len() as u64,
        }
    }

    fn media_type(&self) -> &str {
        match self {
            Self::Stored(opened) => &opened.media_type,
            Self::Derived(derived) => derived.media_type,
        }
    }

    async fn into_body(self, first: u64, length: u64) -> Result<Body, ApiError> {
        match self {
            Self::Stored(opened) => Ok(Body::Content(opened.reader.read(first, length).await?)),
            Self::Derived(derived) => {
                let at = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
                // A range has been checked against the length.
                let end = at(first.saturating_add(length)).min(derived.bytes.len());
                Ok(Body::Full(derived.bytes.slice(at(first).min(end)..end)))
            }
        }
    }
}

/// Steps 7 to 9, first half: the artifact is of this meeting or call, and its content is for this caller.
async fn locate(
    call: &Call<'_>,
    db: &mut Snapshot,
    access: &Access,
    (path, stream): (&ArtifactPath, Stream),
    form: Form,
) -> Result<Found, ApiError> {
    let kind = path.kind;
    let artifact = artifacts::find_in(db, kind, &path.parent, &call.path.artifact).await?;
    let artifact = artifact.ok_or_else(ApiError::no_such_artifact)?;
    // The text of what was said is for whoever may know of it (contract section 11a).
    if !access.content && kind == ArtifactKind::Recording {
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
    transcript::may_have(call, kind, stream, form)?;
    let object = artifacts::content(db, kind, &artifact.id, stream).await?;
    let missing = || ApiError::unavailable("what is ready has no content");
    let (object, stream, form) = match (object, stream) {
        (Some(object), _) => (object, stream, form),
        // Without one of its own it is made of the transcript.
        (None, Stream::Metadata) => {
            let content = artifacts::content(db, kind, &artifact.id, Stream::Content).await?;
            (content.ok_or_else(missing)?, Stream::Content, Form::Metadata)
        }
        (None, Stream::Content) => return Err(missing()),
    };
    Ok(Found {
        kind,
        artifact,
        object,
        stream,
        form,
    })
}

/// An object that is what was recorded.
pub(super) struct Opened {
    pub(super) key: ContentKey,
    media_type: String,
    pub(super) reader: ContentReader,
}

/// Opens the object and makes sure of it. A seed may replace it between the look at its row and the opening of its file;
/// then the new row counts.
pub(super) async fn open(call: &Call<'_>, found: &Found) -> Result<Opened, ApiError> {
    let mut object = found.object.clone();
    loop {
        let opened = match open_object(call, &object).await {
            Ok(reader) => with_head(call, &object, reader).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(reader) => {
                return Ok(Opened {
                    key: key_of(&object)?,
                    media_type: object.media_type,
                    reader,
                });
            }
            Err(ContentError::NotFound(key)) => {
                let mut db = call.app.db.snapshot().await?;
                let now = artifacts::content(&mut db, found.kind, &found.artifact.id, found.stream).await?;
                match now.filter(|now| now.key != object.key) {
                    Some(other) => object = other,
                    None => return Err(ContentError::NotFound(key).into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// One object, made sure of.
async fn open_object(call: &Call<'_>, object: &ContentObject) -> Result<ContentReader, ContentError> {
    let checked = call.app.content.open_checked(&expected(object)?).await?;
    if let Some(modified_ns) = checked.restamped {
        restamp(call, object, modified_ns).await;
    }
    Ok(checked.reader)
}

/// The object as it is served: behind another head, where its own has been rewritten.
async fn with_head(
    call: &Call<'_>,
    object: &ContentObject,
    body: ContentReader,
) -> Result<ContentReader, ContentError> {
    let Some(served) = &object.served else {
        return Ok(body);
    };
    let mut db = call.app.db.snapshot().await.map_err(unread)?;
    let head = content_objects::find(&mut db, &served.head_key)
        .await
        .map_err(unread)?;
    drop(db);
    let head = head.ok_or_else(|| unread("a head has no row"))?;
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    let head = open_object(call, &head).await?;
    Ok(head.followed_by(body, bytes(served.body_offset), bytes(served.body_bytes)))
}

fn unread(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ContentError {
    ContentError::Io(std::io::Error::other(cause))
}

fn key_of(object: &ContentObject) -> Result<ContentKey, ContentError> {
    ContentKey::from_row(&object.key)
        .ok_or_else(|| unread("a row names an object outside of the content store"))
}

fn expected(object: &ContentObject) -> Result<Expected, ContentError> {
    Ok(Expected {
        key: key_of(object)?,
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
async fn audit(call: &Call<'_>, found: &Found, first: u64, length: u64) -> Result<(), ApiError> {
    let byte = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let record = AuditRecord {
        id: ids::time_ordered(),
        at: call.app.clock.now(),
        tenant_id: call.caller.tenant_id.clone(),
        application_id: call.caller.app_id.clone(),
        user_id: call.caller.user_id().map(ToOwned::to_owned),
        actor: None,
        operation: "content.read".to_owned(),
        kind: found.kind,
        artifact_id: found.artifact.id.clone(),
        meeting_id: found.artifact.parent.meeting().map(ToOwned::to_owned),
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

/// Too much to be brought along; whoever answers says where it is.
fn elsewhere() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
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
