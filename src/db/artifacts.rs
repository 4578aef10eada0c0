//! Artifacts: recordings and transcripts, one table for both.

use super::content_objects::{self, ContentObject};
use super::pages::Listed;
use super::{DbError, Row, Session, Tx, Value, described};
use crate::clock::Ticks;

/// Which of the two an artifact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// Graph's `callRecording`.
    Recording,
    /// Graph's `callTranscript`.
    Transcript,
}

impl ArtifactKind {
    /// The word of the column.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Transcript => "transcript",
        }
    }

    /// The kind of that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Recording, Self::Transcript]
            .into_iter()
            .find(|kind| kind.text() == text)
    }

    /// What a job calls an artifact of this kind: the word, a colon and its id.
    pub fn subject(self, id: &str) -> String {
        format!("{}:{id}", self.text())
    }

    /// The artifact that a job calls so.
    pub fn of_subject(subject: &str) -> Option<(Self, &str)> {
        let (kind, id) = subject.split_once(':')?;
        Some((Self::parse(kind)?, id))
    }
}

/// What an artifact belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    /// An online meeting, by id.
    Meeting(String),
    /// An ad hoc call, by id.
    AdhocCall(String),
}

/// A recording or transcript, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its id.
    pub id: String,
    /// The instance of the call that it was made in.
    pub call_id: String,
    /// What joins a recording with its transcript.
    pub content_correlation_id: String,
    /// When it began.
    pub created: Ticks,
    /// When it ended.
    pub end: Option<Ticks>,
    /// Its content is held back as harmful.
    pub quarantined: bool,
    /// What it belongs to.
    pub parent: Parent,
    /// Object id of whose it is: the meeting's organizer, or who made the ad hoc call.
    pub owner_id: String,
    /// Tenant of its owner.
    pub tenant_id: String,
}

impl Parent {
    /// The meeting, if it is one.
    pub fn meeting(&self) -> Option<&str> {
        match self {
            Self::Meeting(id) => Some(id),
            Self::AdhocCall(_) => None,
        }
    }

    /// The ad hoc call, if it is one.
    pub fn adhoc_call(&self) -> Option<&str> {
        match self {
            Self::Meeting(_) => None,
            Self::AdhocCall(id) => Some(id),
        }
    }
}

/// An [`Artifact`] from the columns of a row from `at`: id, call_id, content_correlation_id, created_ticks, end_ticks,
/// quarantined, meeting_id, adhoc_call_id, owner_id and tenant_id.
pub(super) fn read_at(row: &Row<'_>, at: usize) -> Result<Artifact, DbError> {
    let parent = match (row.text_or_null(at + 6)?, row.text_or_null(at + 7)?) {
        (Some(meeting), _) => Parent::Meeting(meeting),
        (None, Some(call)) => Parent::AdhocCall(call),
        (None, None) => {
            return Err(DbError::Unreadable {
                column: at + 6,
                found: "no parent".into(),
            });
        }
    };
    Ok(Artifact {
        id: row.text(at)?,
        call_id: row.text(at + 1)?,
        content_correlation_id: row.text(at + 2)?,
        created: row.ticks(at + 3)?,
        end: row.ticks_or_null(at + 4)?,
        quarantined: row.bool(at + 5)?,
        parent,
        owner_id: row.text(at + 8)?,
        tenant_id: row.text(at + 9)?,
    })
}

fn read_artifact(row: &Row<'_>) -> Result<Artifact, DbError> {
    read_at(row, 0)
}

/// The artifact of a meeting or call that is ready to be shown.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_in(
    db: &mut Session,
    kind: ArtifactKind,
    parent: &Parent,
    id: &str,
) -> Result<Option<Artifact>, DbError> {
    const OF_MEETING: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id
        FROM artifacts
        WHERE kind = ?1
          AND id = ?2
          AND meeting_id = ?3
          AND ready = TRUE";
    const OF_CALL: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id
        FROM artifacts
        WHERE kind = ?1
          AND id = ?2
          AND adhoc_call_id = ?3
          AND ready = TRUE";
    let (sql, parent) = match parent {
        Parent::Meeting(id) => (OF_MEETING, id),
        Parent::AdhocCall(id) => (OF_CALL, id),
    };
    db.row(
        sql,
        &[kind.text().into(), id.into(), parent.into()],
        read_artifact,
    )
    .await
}

impl Listed for Artifact {
    const COLUMNS: usize = 10;

    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        read_artifact(row)
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Which of an artifact's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// `content`
    Content,
    /// A transcript's `metadataContent`
    Metadata,
}

/// A stream of an artifact, if there is an object of it.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn content(
    db: &mut Session,
    kind: ArtifactKind,
    id: &str,
    stream: Stream,
) -> Result<Option<ContentObject>, DbError> {
    const CONTENT: &str = "
        SELECT o.content_key, o.size_bytes, o.sha256, o.media_type, o.modified_ns, o.stored_ticks, o.head_key,
               o.body_offset, o.body_bytes, o.facts
        FROM artifacts AS a
        JOIN content_objects AS o
          ON o.content_key = a.content_key
        WHERE a.kind = ?1
          AND a.id = ?2";
    const METADATA: &str = "
        SELECT o.content_key, o.size_bytes, o.sha256, o.media_type, o.modified_ns, o.stored_ticks, o.head_key,
               o.body_offset, o.body_bytes, o.facts
        FROM artifacts AS a
        JOIN content_objects AS o
          ON o.content_key = a.metadata_key
        WHERE a.kind = ?1
          AND a.id = ?2";
    let sql = match stream {
        Stream::Content => CONTENT,
        Stream::Metadata => METADATA,
    };
    db.row(sql, &[kind.text().into(), id.into()], |row| {
        content_objects::read_at(row, 0)
    })
    .await
}

/// Graph's upload states that this store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Its content is here.
    Complete,
    /// Its content is still to come; it is not shown.
    Pending,
}

impl UploadState {
    /// The word of the column.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Pending => "pending",
        }
    }

    /// The state of that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Complete, Self::Pending]
            .into_iter()
            .find(|state| state.text() == text)
    }
}

/// All that is stored of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredArtifact {
    /// Recording or transcript.
    pub kind: ArtifactKind,
    /// What the API shows.
    pub artifact: Artifact,
    /// Whether its content is here.
    pub upload_state: UploadState,
    /// It may not be deleted.
    pub legal_hold: bool,
    /// When it was deleted.
    pub deleted: Option<Ticks>,
    /// Key of its content.
    pub content_key: Option<String>,
    /// Key of a transcript's `metadataContent`.
    pub metadata_key: Option<String>,
}

impl StoredArtifact {
    /// Complete and not deleted, so it may be shown.
    pub fn is_ready(&self) -> bool {
        self.upload_state == UploadState::Complete && self.deleted.is_none()
    }
}

const STORED: &str = "
    SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
           owner_id, tenant_id, kind, upload_state, legal_hold, deleted_ticks, content_key, metadata_key
    FROM artifacts";

fn read_stored(row: &Row<'_>) -> Result<StoredArtifact, DbError> {
    Ok(StoredArtifact {
        artifact: read_artifact(row)?,
        kind: row.parsed(10, ArtifactKind::parse)?,
        upload_state: row.parsed(11, UploadState::parse)?,
        legal_hold: row.bool(12)?,
        deleted: row.ticks_or_null(13)?,
        content_key: row.text_or_null(14)?,
        metadata_key: row.text_or_null(15)?,
    })
}

/// Whatever is stored under that kind and id, shown or not.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_stored(
    db: &mut Session,
    kind: ArtifactKind,
    id: &str,
) -> Result<Option<StoredArtifact>, DbError> {
    let sql = format!("{STORED} WHERE kind = ?1 AND id = ?2");
    db.row(&sql, &[kind.text().into(), id.into()], read_stored).await
}

/// Everything of a meeting or call that can be seen.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn list_ready(db: &mut Session, parent: &Parent) -> Result<Vec<StoredArtifact>, DbError> {
    const OF_MEETING: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id, kind, upload_state, legal_hold, deleted_ticks, content_key, metadata_key
        FROM artifacts
        WHERE meeting_id = ?1
          AND kind = ?2
          AND ready = TRUE
        ORDER BY created_ticks, id";
    const OF_CALL: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id, kind, upload_state, legal_hold, deleted_ticks, content_key, metadata_key
        FROM artifacts
        WHERE adhoc_call_id = ?1
          AND kind = ?2
          AND ready = TRUE
        ORDER BY created_ticks, id";
    let (sql, parent) = match parent {
        Parent::Meeting(id) => (OF_MEETING, id),
        Parent::AdhocCall(id) => (OF_CALL, id),
    };
    let mut found = Vec::new();
    for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
        found.extend(
            db.rows(sql, &[parent.into(), kind.text().into()], read_stored)
                .await?,
        );
    }
    Ok(found)
}

/// What is stored, with the names by which people know it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedArtifact {
    /// What is stored.
    pub stored: StoredArtifact,
    /// userPrincipalName of its owner, who organizes the meeting or has made the call.
    pub owner_name: Option<String>,
    /// Subject of the meeting.
    pub subject: Option<String>,
}

/// What is stored of a kind in a tenant, oldest first: at most `limit` after the place `after`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn list_stored(
    db: &mut Session,
    kind: ArtifactKind,
    tenant: &str,
    after: (Ticks, &str),
    limit: i64,
) -> Result<Vec<ListedArtifact>, DbError> {
    const SQL: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id, kind, upload_state, legal_hold, deleted_ticks, content_key, metadata_key,
               (SELECT users.user_principal_name FROM users WHERE users.id = artifacts.owner_id),
               (SELECT online_meetings.subject FROM online_meetings WHERE online_meetings.id = artifacts.meeting_id)
        FROM artifacts
        WHERE tenant_id = ?1
          AND kind = ?2
          AND (created_ticks, id) > (?3, ?4)
        ORDER BY created_ticks, id
        LIMIT ?5";
    let values = [
        tenant.into(),
        kind.text().into(),
        after.0.into(),
        after.1.into(),
        limit.into(),
    ];
    let read = |row: &Row<'_>| {
        Ok(ListedArtifact {
            stored: read_stored(row)?,
            owner_name: row.text_or_null(16)?,
            subject: row.text_or_null(17)?,
        })
    };
    db.rows(SQL, &values, read).await
}

/// Stores an artifact, replacing the one of its kind and id. Its content objects must be there.
///
/// # Errors
/// [`DbError::Conflict`] where its parent or content is not there, or the content is another's.
pub async fn put(tx: &mut Tx<'_>, stored: &StoredArtifact) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO artifacts (kind, id, tenant_id, meeting_id, adhoc_call_id, call_id, content_correlation_id,
                               created_ticks, end_ticks, upload_state, legal_hold, quarantined, deleted_ticks,
                               ready, content_key, metadata_key, owner_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        ON CONFLICT (kind, id) DO UPDATE
        SET tenant_id = excluded.tenant_id,
            meeting_id = excluded.meeting_id,
            adhoc_call_id = excluded.adhoc_call_id,
            call_id = excluded.call_id,
            content_correlation_id = excluded.content_correlation_id,
            created_ticks = excluded.created_ticks,
            end_ticks = excluded.end_ticks,
            upload_state = excluded.upload_state,
            legal_hold = excluded.legal_hold,
            quarantined = excluded.quarantined,
            deleted_ticks = excluded.deleted_ticks,
            ready = excluded.ready,
            content_key = excluded.content_key,
            metadata_key = excluded.metadata_key,
            owner_id = excluded.owner_id";
    let artifact = &stored.artifact;
    let values: [Value<'_>; 17] = [
        stored.kind.text().into(),
        (&artifact.id).into(),
        (&artifact.tenant_id).into(),
        artifact.parent.meeting().into(),
        artifact.parent.adhoc_call().into(),
        (&artifact.call_id).into(),
        (&artifact.content_correlation_id).into(),
        artifact.created.into(),
        artifact.end.into(),
        stored.upload_state.text().into(),
        stored.legal_hold.into(),
        artifact.quarantined.into(),
        stored.deleted.into(),
        stored.is_ready().into(),
        (&stored.content_key).into(),
        (&stored.metadata_key).into(),
        (&artifact.owner_id).into(),
    ];
    tx.execute(SQL, &values).await?;
    described::artifact(tx, stored.kind, &artifact.id).await
}

/// Removes an artifact, if it is there; its content objects stay.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(tx: &mut Tx<'_>, kind: ArtifactKind, id: &str) -> Result<(), DbError> {
    const SQL: &str = "
        DELETE FROM artifacts
        WHERE kind = ?1
          AND id = ?2";
    tx.execute(SQL, &[kind.text().into(), id.into()])
        .await
        .map(|_| ())
}
