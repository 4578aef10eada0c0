//! Online meetings and who takes part in them.

use super::pages::Listed;
use super::{DbError, Row, Session, Tx, Value, described};
use crate::clock::Ticks;
use crate::ids;

/// An online meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnlineMeeting {
    /// Its id.
    pub id: String,
    /// Its organizer's tenant.
    pub tenant_id: String,
    /// Object id of its organizer.
    pub organizer_id: String,
    /// Subject.
    pub subject: Option<String>,
    /// Address to join it.
    pub join_web_url: Option<String>,
    /// Start.
    pub start: Option<Ticks>,
    /// End.
    pub end: Option<Ticks>,
    /// When the reference stops to answer for it.
    pub expiry: Ticks,
    /// When it was first stored.
    pub first_loaded: Ticks,
    /// Graph's `meetingType`.
    pub meeting_type: String,
    /// Thread of its chat.
    pub thread_id: String,
    /// Held in a channel.
    pub is_channel_meeting: bool,
    /// Its calendar event; `None` where no calendar backs it.
    pub i_cal_uid: Option<String>,
    /// When it was deleted.
    pub deleted: Option<Ticks>,
    /// When it was made; `None` where that is not known.
    pub created: Option<Ticks>,
    /// How whoever made it names it: `createOrGet` finds it by that.
    pub external_id: Option<String>,
    /// The number by which a person joins it.
    pub join_meeting_id: Option<String>,
    /// What that person has to say.
    pub passcode: Option<String>,
    /// The number by which a video conferencing device joins it.
    pub video_teleconference_id: Option<String>,
    /// The members that nothing here acts on, as a JSON object.
    pub settings: Option<String>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Object id.
    pub user_id: String,
    /// In which role.
    pub role: Role,
    /// Sign-in name.
    pub user_principal_name: Option<String>,
    /// Tenant.
    pub tenant_id: String,
}

/// Graph's `onlineMeetingRole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Invited.
    Attendee,
    /// May present.
    Presenter,
    /// Runs a broadcast.
    Producer,
    /// Organizes beside the organizer.
    Coorganizer,
}

impl Role {
    /// Graph's word for it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Attendee => "attendee",
            Self::Presenter => "presenter",
            Self::Producer => "producer",
            Self::Coorganizer => "coorganizer",
        }
    }

    /// The role of that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Attendee, Self::Presenter, Self::Producer, Self::Coorganizer]
            .into_iter()
            .find(|role| role.text() == text)
    }
}

fn read(row: &Row<'_>) -> Result<OnlineMeeting, DbError> {
    Ok(OnlineMeeting {
        id: row.text(0)?,
        tenant_id: row.text(1)?,
        organizer_id: row.text(2)?,
        subject: row.text_or_null(3)?,
        join_web_url: row.text_or_null(4)?,
        start: row.ticks_or_null(5)?,
        end: row.ticks_or_null(6)?,
        expiry: row.ticks(7)?,
        first_loaded: row.ticks(8)?,
        meeting_type: row.text(9)?,
        thread_id: row.text(10)?,
        is_channel_meeting: row.bool(11)?,
        i_cal_uid: row.text_or_null(12)?,
        deleted: row.ticks_or_null(13)?,
        created: row.ticks_or_null(14)?,
        external_id: row.text_or_null(15)?,
        join_meeting_id: row.text_or_null(16)?,
        passcode: row.text_or_null(17)?,
        video_teleconference_id: row.text_or_null(18)?,
        settings: row.text_or_null(19)?,
    })
}

/// The meeting of that id, deleted ones included.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<OnlineMeeting>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, organizer_id, subject, join_web_url, start_ticks, end_ticks, expiry_ticks,
               first_loaded_ticks, meeting_type, thread_id, is_channel_meeting, i_cal_uid, deleted_ticks, created_ticks,
               external_id, join_meeting_id, passcode, video_teleconference_id, settings
        FROM online_meetings
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

/// The meeting of that organizer and that `externalId` that is not deleted.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_external_id(
    db: &mut Session,
    organizer: &str,
    external: &str,
) -> Result<Option<OnlineMeeting>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, organizer_id, subject, join_web_url, start_ticks, end_ticks, expiry_ticks,
               first_loaded_ticks, meeting_type, thread_id, is_channel_meeting, i_cal_uid, deleted_ticks, created_ticks,
               external_id, join_meeting_id, passcode, video_teleconference_id, settings
        FROM online_meetings
        WHERE organizer_id = ?1
          AND external_id = ?2
          AND deleted_ticks IS NULL";
    db.row(SQL, &[organizer.into(), external.into()], read).await
}

impl OnlineMeeting {
    /// Whether more of what was recorded can be seen in the state `after` this one, or by somebody else.
    pub fn shows_less_than(&self, after: &Self, now: Ticks) -> bool {
        self.organizer_id != after.organizer_id || self.is_hidden(now) && !after.is_hidden(now)
    }

    /// Whether the reference shows nothing of what was recorded in it (security.md section 2, step 6).
    pub fn is_hidden(&self, now: Ticks) -> bool {
        self.deleted.is_some() || self.expiry <= now || self.is_channel_meeting || self.i_cal_uid.is_none()
    }
}

impl Listed for OnlineMeeting {
    const COLUMNS: usize = 20;

    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        read(row)
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Who takes part, the organizer aside, by object id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn participants(db: &mut Session, meeting: &str) -> Result<Vec<Participant>, DbError> {
    const SQL: &str = "
        SELECT p.user_id, p.role, u.user_principal_name, u.tenant_id
        FROM meeting_participants AS p
        JOIN users AS u
          ON u.id = p.user_id
        WHERE p.meeting_id = ?1
        ORDER BY p.meeting_id, p.user_id";
    db.rows(SQL, &[meeting.into()], |row| {
        Ok(Participant {
            user_id: row.text(0)?,
            role: row.parsed(1, Role::parse)?,
            user_principal_name: row.text_or_null(2)?,
            tenant_id: row.text(3)?,
        })
    })
    .await
}

/// The role in which a user takes part, the organizer's aside.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn role_of(db: &mut Session, meeting: &str, user: &str) -> Result<Option<Role>, DbError> {
    const SQL: &str = "
        SELECT role
        FROM meeting_participants
        WHERE meeting_id = ?1
          AND user_id = ?2";
    db.row(SQL, &[meeting.into(), user.into()], |row| {
        row.parsed(0, Role::parse)
    })
    .await
}

/// Stores a meeting and its participants, replacing the one of its id; its first loading is kept.
///
/// # Errors
/// [`DbError::Conflict`] where its organizer or a participant is not there.
pub async fn put(
    tx: &mut Tx<'_>,
    meeting: &OnlineMeeting,
    participants: &[(String, Role)],
) -> Result<(), DbError> {
    const MEETING: &str = "
        INSERT INTO online_meetings (id, tenant_id, organizer_id, subject, join_web_url, start_ticks, end_ticks,
                                     expiry_ticks, first_loaded_ticks, meeting_type, thread_id,
                                     is_channel_meeting, i_cal_uid, deleted_ticks, created_ticks, external_id,
                                     join_meeting_id, passcode, video_teleconference_id, settings, join_web_url_key)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
        ON CONFLICT (id) DO UPDATE
        SET tenant_id = excluded.tenant_id,
            organizer_id = excluded.organizer_id,
            subject = excluded.subject,
            join_web_url = excluded.join_web_url,
            start_ticks = excluded.start_ticks,
            end_ticks = excluded.end_ticks,
            expiry_ticks = excluded.expiry_ticks,
            meeting_type = excluded.meeting_type,
            thread_id = excluded.thread_id,
            is_channel_meeting = excluded.is_channel_meeting,
            i_cal_uid = excluded.i_cal_uid,
            deleted_ticks = excluded.deleted_ticks,
            created_ticks = excluded.created_ticks,
            external_id = excluded.external_id,
            join_meeting_id = excluded.join_meeting_id,
            passcode = excluded.passcode,
            video_teleconference_id = excluded.video_teleconference_id,
            settings = excluded.settings,
            join_web_url_key = excluded.join_web_url_key";
    const FORGET: &str = "DELETE FROM meeting_participants WHERE meeting_id = ?1";
    const PARTICIPANT: &str = "
        INSERT INTO meeting_participants (meeting_id, user_id, role)
        VALUES (?1, ?2, ?3)";
    let key = meeting.join_web_url.as_deref().map(ids::join_web_url_key);
    let values: [Value<'_>; 21] = [
        (&meeting.id).into(),
        (&meeting.tenant_id).into(),
        (&meeting.organizer_id).into(),
        (&meeting.subject).into(),
        (&meeting.join_web_url).into(),
        meeting.start.into(),
        meeting.end.into(),
        meeting.expiry.into(),
        meeting.first_loaded.into(),
        (&meeting.meeting_type).into(),
        (&meeting.thread_id).into(),
        meeting.is_channel_meeting.into(),
        (&meeting.i_cal_uid).into(),
        meeting.deleted.into(),
        meeting.created.into(),
        (&meeting.external_id).into(),
        (&meeting.join_meeting_id).into(),
        (&meeting.passcode).into(),
        (&meeting.video_teleconference_id).into(),
        (&meeting.settings).into(),
        (&key).into(),
    ];
    tx.execute(MEETING, &values).await?;
    own(tx, meeting).await?;
    tx.execute(FORGET, &[(&meeting.id).into()]).await?;
    for (user, role) in participants {
        tx.execute(
            PARTICIPANT,
            &[(&meeting.id).into(), user.into(), role.text().into()],
        )
        .await?;
    }
    described::meeting(tx, &meeting.id).await
}

/// Gives what belongs to a meeting to its organizer.
async fn own(tx: &mut Tx<'_>, meeting: &OnlineMeeting) -> Result<(), DbError> {
    const ARTIFACTS: &str = "
        UPDATE artifacts
        SET owner_id = ?2,
            tenant_id = ?3
        WHERE meeting_id = ?1
          AND owner_id <> ?2";
    let owner = [
        (&meeting.id).into(),
        (&meeting.organizer_id).into(),
        (&meeting.tenant_id).into(),
    ];
    tx.execute(ARTIFACTS, &owner).await.map(|_| ())
}

/// Marks a meeting as deleted, unless it is already.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn mark_deleted(tx: &mut Tx<'_>, id: &str, now: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE online_meetings
        SET deleted_ticks = ?2
        WHERE id = ?1
          AND deleted_ticks IS NULL";
    tx.execute(SQL, &[id.into(), now.into()]).await?;
    described::meeting(tx, id).await
}

/// Removes a meeting and its participants, if it is there.
///
/// # Errors
/// [`DbError::Conflict`] while it has recordings or transcripts.
pub async fn remove(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    tx.execute("DELETE FROM online_meetings WHERE id = ?1", &[id.into()])
        .await
        .map(|_| ())
}
