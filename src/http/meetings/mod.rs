//! Online meetings: one file an operation (contract section 5).

mod body;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use http::Response;

use super::body::Body;
use super::error::ApiError;
use super::links::Location;
use super::present::{Frame, Presented};
use super::request::Call;
use super::respond;
use crate::db::meetings::{self, OnlineMeeting, Participant};
use crate::db::users::{self, User};
use crate::db::{DbError, Session};
use crate::graph::meeting::{MeetingJson, MeetingProperty, ParticipantJson};
use crate::query::plan::Selection;
use crate::query::schema::MEETING;
use crate::query::schema::types;

/// What a program prefers that knows the newer members of enumerations.
const INCLUDE_UNKNOWN: &str = "include-unknown-enum-members";

/// A meeting with all that its JSON is made of.
struct Whole {
    meeting: OnlineMeeting,
    organizer: Option<User>,
    participants: Vec<Participant>,
    settings: serde_json::Map<String, serde_json::Value>,
}

impl Whole {
    /// Reads what belongs to a meeting; nobody where that is not asked for.
    async fn read(
        db: &mut Session,
        meeting: OnlineMeeting,
        selection: &Selection<MeetingProperty>,
    ) -> Result<Self, DbError> {
        let wanted = selection
            .members()
            .iter()
            .any(|property| property.member == MeetingProperty::Participants);
        let (organizer, participants) = match wanted {
            true => (
                users::find(db, &meeting.organizer_id).await?,
                meetings::participants(db, &meeting.id).await?,
            ),
            false => (None, Vec::new()),
        };
        let settings = meeting.settings.as_deref();
        let settings = settings.and_then(|text| serde_json::from_str(text).ok());
        Ok(Self {
            meeting,
            organizer,
            participants,
            settings: settings.unwrap_or_default(),
        })
    }

    fn json(&self, call: &Call<'_>) -> MeetingJson<'_> {
        let meeting = &self.meeting;
        let shown =
            |role| types::ONLINE_MEETING_ROLE.shown(role, call.preferences.include_unknown_enum_members);
        MeetingJson {
            id: &meeting.id,
            created: meeting.created,
            start: meeting.start,
            end: meeting.end,
            expiry: meeting.expiry,
            join_web_url: meeting.join_web_url.as_deref(),
            subject: meeting.subject.as_deref(),
            external_id: meeting.external_id.as_deref(),
            video_teleconference_id: meeting.video_teleconference_id.as_deref(),
            meeting_type: &meeting.meeting_type,
            thread_id: &meeting.thread_id,
            join_meeting_id: meeting.join_meeting_id.as_deref(),
            passcode: meeting.passcode.as_deref(),
            organizer: ParticipantJson {
                user_id: &meeting.organizer_id,
                tenant_id: &meeting.tenant_id,
                upn: self
                    .organizer
                    .as_ref()
                    .and_then(|user| user.user_principal_name.as_deref()),
                role: "presenter",
            },
            attendees: self
                .participants
                .iter()
                .map(|person| ParticipantJson {
                    user_id: &person.user_id,
                    tenant_id: &person.tenant_id,
                    upn: person.user_principal_name.as_deref(),
                    role: shown(person.role.text()),
                })
                .collect(),
            settings: &self.settings,
        }
    }
}

/// A meeting as an answer of its own, under the user of the path.
fn respond_with(
    call: &Call<'_>,
    user: &str,
    whole: &Whole,
    selection: &Selection<MeetingProperty>,
) -> Result<Response<Body>, ApiError> {
    let root = call.root();
    let collection = Location::user(user).collection(MEETING.collection);
    let context = collection.context(&root) + &selection.in_context() + "/$entity";
    let mut response = respond::json(
        call.format,
        &Presented {
            frame: Frame {
                entity: &MEETING,
                members: selection.members(),
                level: call.format.level,
                is_typed: true,
            },
            context: Some(&context),
            place: (
                &root,
                Location::user(user).member(MEETING.collection, &whole.meeting.id),
            ),
            entity: whole.json(call),
        },
    )?;
    if call.preferences.include_unknown_enum_members {
        respond::applied(&mut response, INCLUDE_UNKNOWN);
    }
    Ok(response)
}
