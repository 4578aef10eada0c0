//! Online meetings and who takes part in them.

use super::{DbError, Row, Session, Tx, Value};
use crate::clock::Ticks;

/// An online meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    })
}

/// The meeting of that id, deleted ones included.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<OnlineMeeting>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, organizer_id, subject, join_web_url, start_ticks, end_ticks, expiry_ticks,
               first_loaded_ticks, meeting_type, thread_id, is_channel_meeting, i_cal_uid, deleted_ticks
        FROM online_meetings
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
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
                                     is_channel_meeting, i_cal_uid, deleted_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
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
            deleted_ticks = excluded.deleted_ticks";
    const FORGET: &str = "DELETE FROM meeting_participants WHERE meeting_id = ?1";
    const PARTICIPANT: &str = "
        INSERT INTO meeting_participants (meeting_id, user_id, role)
        VALUES (?1, ?2, ?3)";
    let values: [Value<'_>; 14] = [
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
    ];
    tx.execute(MEETING, &values).await?;
    tx.execute(FORGET, &[(&meeting.id).into()]).await?;
    for (user, role) in participants {
        tx.execute(
            PARTICIPANT,
            &[(&meeting.id).into(), user.into(), role.text().into()],
        )
        .await?;
    }
    Ok(())
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
