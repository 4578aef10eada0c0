//! Getting recordings in: one resumable door, for programs that upload and for files that are imported.
//!
//! Four actors. A *session* says what is to come, and lies in a row (`begin`). A *slice* makes some bytes durable and then
//! says so (`slice`). *Finishing* looks at the whole and makes an artifact of it (`finish`); it is a job of the commit
//! that wrote down the last byte, so it happens whoever goes away. *Expiry* removes what nobody goes on with (`expire`).
//!
//! It knows no HTTP: who may upload has been decided before.

mod begin;
mod expire;
pub mod facts;
mod finish;
mod publish;
pub mod remux;
pub mod request;
mod slice;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::content::{ContentError, ContentStore, Destination, Part, Partial};
use crate::db::artifacts::{ArtifactKind, StoredArtifact};
use crate::db::upload_sessions::UploadSession;
use crate::db::{Db, DbError};
use crate::graph::upload::UploadRequest;
use crate::ids;

use remux::Remuxer;

pub use begin::{Begun, Order, has_text, was_deleted};
pub use finish::Finished;
pub use request::{Problem, Wanted};
pub use slice::{Chunks, Cut, Range};

/// The job that looks at what has come whole, and makes an artifact of it.
pub const FINISH: &str = "upload.finish";

/// What uploads are done with. A clone is the same.
#[derive(Clone)]
pub struct Uploads {
    db: Db,
    content: ContentStore,
    clock: Clock,
    rules: Rules,
    remuxer: Option<Arc<Remuxer>>,
    /// Names this process, in what it has taken.
    worker: Arc<str>,
}

/// How uploads are taken.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A session that nobody has gone on with for so long is removed.
    pub session_lifetime: Duration,
    /// So much of the disk is left free.
    pub minimum_free: u64,
}

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// What was asked for cannot be: the member, and what was expected.
    #[error(transparent)]
    Invalid(#[from] Problem),
    /// The slice is not the one that is expected.
    #[error("the slice is not what is expected next: {0}")]
    OutOfRange(&'static str),
    /// The slice is of another whole.
    #[error("the whole has {announced} bytes, not {found}")]
    OtherWhole {
        /// As the session was begun.
        announced: i64,
        /// As the slice says.
        found: u64,
    },
    /// Somebody else is writing to the session.
    #[error("another slice of this session is being received")]
    Locked,
    /// There is no such session, or not any more.
    #[error("there is no such upload session")]
    NoSuchSession,
    /// The whole is not what was announced.
    #[error("{0}")]
    Failed(String),
    /// The slice broke off. Nothing of it counts.
    #[error("the slice broke off")]
    CutOff,
    /// What comes from this source is uploaded by somebody else.
    #[error("something with this source is uploaded by another application already")]
    Another,
    /// Something else has come from this source.
    #[error("other bytes have come from this source before; these need a source of their own")]
    OtherBytes,
    /// It has been here, and was deleted.
    #[error("what came from this source has been deleted")]
    Deleted,
    /// It would fill the disk.
    #[error("the content store has too little space left for it")]
    NoSpace,
    /// The content store failed.
    #[error(transparent)]
    Content(ContentError),
    /// The database failed.
    #[error(transparent)]
    Db(DbError),
    /// A thread was lost.
    #[error("a thread was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

impl From<DbError> for UploadError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Full => Self::NoSpace,
            other => Self::Db(other),
        }
    }
}

impl From<ContentError> for UploadError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Full => Self::NoSpace,
            other => Self::Content(other),
        }
    }
}

impl Uploads {
    /// Uploads into that store; `kind` of process is what its name begins with.
    pub fn new(db: Db, content: ContentStore, clock: Clock, config: &Config, kind: &str) -> Self {
        Self {
            db,
            content,
            clock,
            rules: Rules {
                session_lifetime: config.uploads.session_lifetime,
                minimum_free: config.content_minimum_free,
            },
            remuxer: config.media.ffmpeg.clone().map(|ffmpeg| {
                Arc::new(Remuxer {
                    ffmpeg,
                    timeout: config.media.ffmpeg_timeout,
                    folder: config.data.clone(),
                })
            }),
            worker: format!("{kind}:{}", ids::random()).into(),
        }
    }

    /// The same for another runtime thread.
    #[must_use]
    pub fn with_stores(&self, db: Db, content: ContentStore) -> Self {
        Self {
            db,
            content,
            ..self.clone()
        }
    }

    /// The session of that id.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn find(&self, id: &str) -> Result<Option<UploadSession>, DbError> {
        crate::db::upload_sessions::find(&mut *self.db.snapshot().await?, id).await
    }

    /// What a finished session has become; `None` where it is gone by now.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn artifact_of(&self, session: &UploadSession) -> Result<Option<StoredArtifact>, DbError> {
        let Some(id) = &session.artifact_id else {
            return Ok(None);
        };
        crate::db::artifacts::find_stored(&mut *self.db.snapshot().await?, session.kind, id).await
    }
}

/// What a session was begun with, as its row has it.
struct Stored {
    request: UploadRequest,
    wanted: Wanted,
    partial: Partial,
    destination: Destination,
}

impl Stored {
    fn of(session: &UploadSession) -> Result<Self, UploadError> {
        let spoiled = |column| {
            UploadError::Db(DbError::Unreadable {
                column,
                found: "no JSON of ours".to_owned(),
            })
        };
        let request: UploadRequest = serde_json::from_str(&session.request).map_err(|_| spoiled(7))?;
        let wanted = Wanted::check(&request).map_err(|_| spoiled(7))?;
        let created = wanted.described().times.start;
        Ok(Self {
            destination: Destination {
                tenant: session.tenant_id.clone(),
                created: created.or(wanted.meeting_times.start).unwrap_or(session.created),
                unique: uuid::Uuid::try_parse(&session.id).map_err(|_| spoiled(0))?,
                part: match session.kind {
                    ArtifactKind::Recording => Part::Recording,
                    ArtifactKind::Transcript => Part::Transcript,
                },
            },
            partial: serde_json::from_str(&session.partial).map_err(|_| spoiled(13))?,
            request,
            wanted,
        })
    }
}
