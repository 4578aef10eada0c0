//! The one transaction that makes an artifact of a session: its meeting, its rows, and the change that says so.

use std::time::Duration;

use super::begin::guid_of;
use super::request::Described;
use super::{Stored, UploadError};
use crate::clock::{TICKS_PER_SECOND, Ticks};
use crate::db::artifacts::{self, Artifact, ArtifactKind, Parent, StoredArtifact, UploadState};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::content_objects::{self, ContentObject};
use crate::db::locks::{self, Lock};
use crate::db::meetings::{self, OnlineMeeting};
use crate::db::upload_sessions::{self, SessionState, UploadSession};
use crate::db::{DbError, Tx, Write, keeping, users};
use crate::ids;
use crate::seed::{self, MeetingType};

/// A file that says that it was recorded before then has a clock that was never set.
const FIRST_PLAUSIBLE: Ticks = Ticks(946_684_800 * TICKS_PER_SECOND);

/// How far from its meeting's start a recording can have begun, by its own account.
const NEAR: Duration = Duration::from_secs(86_400);

/// What has been found and stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// What was uploaded.
    pub(super) content: Option<ContentObject>,
    /// What is served in place of its head.
    pub(super) head: Option<ContentObject>,
    /// Text and `metadataContent` of a transcript.
    pub(super) texts: [Option<ContentObject>; 2],
    /// Why it is held back.
    pub(super) quarantine: Option<String>,
    /// When the file says that it was recorded.
    pub(super) recorded: Option<Ticks>,
    /// How long it plays.
    pub(super) length: Option<Duration>,
}

/// Makes an artifact of a session.
#[derive(Clone)]
pub(super) struct Publish {
    pub(super) session_id: String,
    pub(super) made: Made,
    pub(super) now: Ticks,
}

/// What has become of it.
pub(super) enum Published {
    /// An artifact, perhaps by an attempt before.
    Done {
        /// Another object of the same bytes.
        same_as: Option<String>,
    },
    /// Nothing, and it will not be otherwise the next time.
    Refused(String),
}

impl Write for Publish {
    type Output = Published;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Published, DbError> {
        // A meeting that is found stays, and one that is not is made once.
        locks::take(tx, Lock::Directory).await?;
        let Some(session) = upload_sessions::find(tx, &self.session_id).await? else {
            return Ok(Published::Refused("the session is gone".to_owned()));
        };
        if session.state != SessionState::Open {
            return Ok(Published::Done { same_as: None });
        }
        let stored = Stored::of(&session).map_err(|error| match error {
            UploadError::Db(error) => error,
            other => DbError::Engine(other.into()),
        })?;
        let meeting = match self.meeting(tx, &session, &stored).await? {
            Ok(meeting) => meeting,
            Err(why) => return Ok(Published::Refused(why)),
        };
        let mut made = vec![(session.kind, stored.wanted.described())];
        if let (ArtifactKind::Recording, Some(described)) = (session.kind, &stored.wanted.transcript) {
            made.push((ArtifactKind::Transcript, described.clone()));
        }
        let made: Vec<StoredArtifact> = made
            .into_iter()
            .map(|(kind, described)| self.artifact(&session, &stored, &meeting, (kind, described)))
            .collect();
        for one in &made {
            if artifacts::find_stored(tx, one.kind, &one.artifact.id)
                .await?
                .is_some()
            {
                return Ok(Published::Refused(format!(
                    "there is a {} of that id already",
                    one.kind.text()
                )));
            }
        }
        let same_as = self.put(tx, &session, &made).await?;
        Ok(Published::Done { same_as })
    }
}

impl Publish {
    /// Stores the rows, and says last that they are there.
    async fn put(
        &self,
        tx: &mut Tx<'_>,
        session: &UploadSession,
        made: &[StoredArtifact],
    ) -> Result<Option<String>, DbError> {
        let own = &self.made;
        let mut same_as = None;
        if let Some(content) = &own.content {
            same_as = content_objects::same_bytes(tx, &content.sha256, &content.key).await?;
        }
        let [text, metadata] = &own.texts;
        // The head first, as the content names it.
        for object in [&own.head, &own.content, text, metadata].into_iter().flatten() {
            content_objects::insert(tx, object).await?;
        }
        for artifact in made {
            let id = &artifact.artifact.id;
            artifacts::put(tx, artifact).await?;
            keeping::set_source(tx, artifact.kind, id, &session.source).await?;
            if let (true, Some(reason)) = (artifact.kind == session.kind, &own.quarantine) {
                keeping::set_quarantine(tx, artifact.kind, id, Some(reason)).await?;
            }
        }
        if let Some(first) = made.first() {
            upload_sessions::finish(tx, &session.id, &first.artifact.id).await?;
        }
        let changes: Vec<Change<'_>> = made
            .iter()
            .map(|made| Change {
                kind: made.kind,
                artifact: &made.artifact,
                change: ChangeType::Created,
                at: self.now,
                announce: true,
            })
            .collect();
        changes::append(tx, &changes).await?;
        Ok(same_as)
    }

    /// The meeting, found or made; or why there is none.
    async fn meeting(
        &self,
        tx: &mut Tx<'_>,
        session: &UploadSession,
        stored: &Stored,
    ) -> Result<Result<OnlineMeeting, String>, DbError> {
        let asked = &stored.request.meeting;
        if let Some(id) = &asked.id {
            let found = meetings::find(tx, id)
                .await?
                .filter(|found| found.deleted.is_none());
            return Ok(found.ok_or_else(|| "the meeting has been deleted meanwhile".to_owned()));
        }
        let organizer = asked.organizer.as_deref().unwrap_or_default();
        let found = users::find(tx, organizer).await?;
        if found.is_none_or(|user| user.tenant_id != session.tenant_id || user.deleted.is_some()) {
            return Ok(Err("the organizer has been deleted meanwhile".to_owned()));
        }
        let meeting = self.described_meeting(session, stored, organizer);
        let found = match &meeting.external_id {
            Some(external) => meetings::find_by_external_id(tx, organizer, external).await?,
            None => meetings::find(tx, &meeting.id).await?,
        };
        if let Some(found) = found {
            return Ok(Ok(found));
        }
        let mut participants = Vec::new();
        for (user, role) in &stored.wanted.participants {
            let is_there = users::find(tx, user).await?.is_some();
            let is_new = user != organizer && participants.iter().all(|(other, _)| other != user);
            if is_there && is_new {
                participants.push((user.clone(), *role));
            }
        }
        meetings::put(tx, &meeting, &participants).await?;
        Ok(Ok(meeting))
    }

    /// The meeting that a request describes: one of a calendar, as Graph has recordings of no other.
    fn described_meeting(&self, session: &UploadSession, stored: &Stored, organizer: &str) -> OnlineMeeting {
        let (asked, tenant) = (&stored.request.meeting, &session.tenant_id);
        let guid = match &asked.external_id {
            // Not of the name alone, which another meeting may have had that is deleted.
            Some(external) => ids::derived(
                "uploaded meeting",
                &format!("{organizer}\0{external}\0{}", session.id),
                0,
            ),
            None => guid_of(tenant, &session.source, ArtifactKind::Recording),
        };
        let thread = ids::thread_id(&guid);
        let id = ids::meeting_id(organizer, &thread);
        let (join_meeting_id, passcode) = ids::join_meeting_id(&id);
        let recorded = stored.wanted.described().times;
        let start = stored
            .wanted
            .meeting_times
            .start
            .or(recorded.start)
            .or(self.recorded());
        let end = stored.wanted.meeting_times.end.or(recorded.end);
        let end = end.or_else(|| Some(start?.plus(self.made.length?))).or(start);
        OnlineMeeting {
            tenant_id: tenant.clone(),
            organizer_id: organizer.to_owned(),
            subject: asked.subject.clone(),
            join_web_url: Some(ids::join_web_url(tenant, organizer, &thread)),
            start,
            end,
            expiry: seed::expiry(MeetingType::Scheduled, start, end, self.now),
            first_loaded: self.now,
            meeting_type: MeetingType::Scheduled.text().to_owned(),
            thread_id: thread,
            i_cal_uid: Some(ids::ical_uid(&guid, start)),
            created: Some(self.now),
            external_id: asked.external_id.clone(),
            join_meeting_id: Some(join_meeting_id),
            passcode: Some(passcode),
            id,
            ..OnlineMeeting::default()
        }
    }

    fn artifact(
        &self,
        session: &UploadSession,
        stored: &Stored,
        meeting: &OnlineMeeting,
        (kind, described): (ArtifactKind, Described),
    ) -> StoredArtifact {
        let (tenant, source) = (&session.tenant_id, &session.source);
        let guid = guid_of(tenant, source, kind);
        let id = match kind {
            ArtifactKind::Recording => {
                ids::recording_id(&meeting.organizer_id, tenant, meeting.i_cal_uid.as_deref(), &guid)
            }
            ArtifactKind::Transcript => ids::transcript_id(&guid),
        };
        // A transcript that says nothing else is of the recording that comes from the same place.
        let of_recording = stored.wanted.recording.clone().unwrap_or_default();
        let call = described.call_id.or(of_recording.call_id);
        let call = call.unwrap_or_else(|| {
            ids::derived("call", &format!("{tenant}\0{}\0{}", source.system, source.id), 0)
        });
        let correlation = described
            .content_correlation_id
            .or(of_recording.content_correlation_id);
        let created = described.times.start.or(of_recording.times.start);
        let created = created.or_else(|| self.recorded_in(meeting)).or(meeting.start);
        let created = created.unwrap_or(session.created);
        let end = described.times.end.or(of_recording.times.end);
        let end = end.or_else(|| self.made.length.map(|length| created.plus(length)));
        let key = |object: &Option<ContentObject>| object.as_ref().map(|object| object.key.clone());
        let [text, metadata] = &self.made.texts;
        let content = match kind == session.kind && self.made.content.is_some() {
            true => &self.made.content,
            false => text,
        };
        StoredArtifact {
            kind,
            artifact: Artifact {
                id,
                content_correlation_id: correlation
                    .unwrap_or_else(|| ids::content_correlation_id(&meeting.id, &call)),
                call_id: call,
                created,
                end: end.filter(|end| *end >= created),
                quarantined: false,
                parent: Parent::Meeting(meeting.id.clone()),
                owner_id: meeting.organizer_id.clone(),
                tenant_id: tenant.clone(),
            },
            upload_state: UploadState::Complete,
            legal_hold: false,
            deleted: None,
            content_key: key(content),
            metadata_key: match kind {
                ArtifactKind::Recording => None,
                ArtifactKind::Transcript => key(metadata),
            },
        }
    }

    /// The same, where it fits to when the meeting was: what was copied or converted later may say when that was.
    fn recorded_in(&self, meeting: &OnlineMeeting) -> Option<Ticks> {
        let fits = |at: &Ticks| {
            meeting
                .start
                .is_none_or(|start| (start.minus(NEAR)..=start.plus(NEAR)).contains(at))
        };
        self.recorded().filter(fits)
    }

    /// When the file says that it was recorded, where that can be.
    fn recorded(&self) -> Option<Ticks> {
        self.made
            .recorded
            .filter(|at| (FIRST_PLAUSIBLE..=self.now).contains(at))
    }
}
