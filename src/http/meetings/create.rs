//! `POST …/onlineMeetings` and `POST …/onlineMeetings/createOrGet`

use std::time::Duration;

use http::{Response, StatusCode};
use serde_json::Value;

use super::body::{Attendee, MeetingChange};
use super::{Whole, respond_with};
use crate::auth;
use crate::db::meetings::{self, OnlineMeeting, Role};
use crate::db::{DbError, Session, Snapshot, Tx, Write};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::request::Call;
use crate::ids;
use crate::query::plan::{self, Selection};
use crate::query::schema::MEETING;
use crate::seed;

/// How long a meeting is that does not say so.
const USUAL_LENGTH: Duration = Duration::from_secs(3600);

/// Makes a meeting, which no calendar backs.
///
/// # Errors
/// [`ApiError`] as contract sections 5.2 and 7 and security.md section 2 say.
pub async fn create(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let change = MeetingChange::parse(&call.json()?)?;
    let access = auth::access::meetings(&mut db, &call.caller, &call.path.user, true).await?;
    let put = PutMeeting::new(call, &mut db, &access.path_user_id, change).await?;
    drop(db);
    match put.store(call).await? {
        Stored::New(id) => made(call, &access.path_user_id, &id, StatusCode::CREATED).await,
        Stored::Known(_) => Err(taken()),
    }
}

/// Finds the meeting with an `externalId`, or makes it.
///
/// # Errors
/// As [`create`].
pub async fn create_or_get(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let change = MeetingChange::parse(&call.json()?)?;
    let Some(external) = change
        .external_id
        .clone()
        .flatten()
        .filter(|external| !external.is_empty())
    else {
        return Err(ApiError::bad_request("The parameter 'externalId' is missing."));
    };
    let access = auth::access::meetings(&mut db, &call.caller, &call.path.user, true).await?;
    let user = access.path_user_id;
    if let Some(found) = meetings::find_by_external_id(&mut db, &user, &external).await? {
        return made(call, &user, &found.id, StatusCode::OK).await;
    }
    let put = PutMeeting::new(call, &mut db, &user, change).await?;
    drop(db);
    match put.store(call).await? {
        Stored::New(id) => made(call, &user, &id, StatusCode::CREATED).await,
        // Somebody else was faster with the same one.
        Stored::Known(id) => made(call, &user, &id, StatusCode::OK).await,
    }
}

/// The answer with a meeting that has just been stored, or found.
pub(super) async fn made(
    call: &Call<'_>,
    user: &str,
    id: &str,
    status: StatusCode,
) -> Result<Response<Body>, ApiError> {
    let mut db = call.app.db.snapshot().await?;
    let meeting = meetings::find(&mut db, id).await?;
    let meeting = meeting.ok_or_else(|| ApiError::unavailable("a meeting went while it was answered"))?;
    let all = Selection::all(&MEETING);
    let whole = Whole::read(&mut db, meeting, &all).await?;
    let mut response = respond_with(call, user, &whole, &all)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Stores a new meeting.
#[derive(Clone)]
struct PutMeeting {
    meeting: OnlineMeeting,
    participants: Vec<(String, Role)>,
}

/// What has become of a new meeting.
enum Stored {
    /// It is there, under this id.
    New(String),
    /// Another one of the organizer has its `externalId`.
    Known(String),
}

impl PutMeeting {
    async fn store(self, call: &Call<'_>) -> Result<Stored, ApiError> {
        let (id, organizer) = (self.meeting.id.clone(), self.meeting.organizer_id.clone());
        let external = self.meeting.external_id.clone();
        match (call.app.db.write(self).await, external) {
            (Ok(()), _) => Ok(Stored::New(id)),
            (Err(DbError::Conflict(constraint)), Some(external)) => {
                let mut db = call.app.db.snapshot().await?;
                let other = meetings::find_by_external_id(&mut db, &organizer, &external).await?;
                let other = other.ok_or(DbError::Conflict(constraint))?;
                Ok(Stored::Known(other.id))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    async fn new(
        call: &Call<'_>,
        db: &mut Session,
        organizer: &str,
        change: MeetingChange,
    ) -> Result<Self, ApiError> {
        let now = call.app.clock.now();
        let tenant = &call.caller.tenant_id;
        let thread = ids::thread_id(&ids::random());
        let id = ids::meeting_id(organizer, &thread);
        let (join_meeting_id, passcode) = ids::join_meeting_id(&id);
        let start = change.start.flatten().unwrap_or(now);
        let end = change.end.flatten().unwrap_or_else(|| start.plus(USUAL_LENGTH));
        if end < start {
            return Err(out_of_order());
        }
        let attendees = change.attendees.unwrap_or_default();
        Ok(Self {
            participants: people(call, db, organizer, &attendees).await?,
            meeting: OnlineMeeting {
                tenant_id: tenant.clone(),
                organizer_id: organizer.to_owned(),
                subject: change.subject.flatten(),
                join_web_url: Some(ids::join_web_url(tenant, organizer, &thread)),
                start: Some(start),
                end: Some(end),
                expiry: seed::expiry(seed::MeetingType::Scheduled, Some(start), Some(end), now),
                first_loaded: now,
                meeting_type: seed::MeetingType::Scheduled.text().to_owned(),
                thread_id: thread,
                created: Some(now),
                external_id: change.external_id.flatten(),
                join_meeting_id: Some(join_meeting_id),
                passcode: Some(passcode),
                settings: (!change.settings.is_empty()).then(|| Value::Object(change.settings).to_string()),
                id,
                ..OnlineMeeting::default()
            },
        })
    }
}

impl Write for PutMeeting {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        meetings::put(tx, &self.meeting, &self.participants).await
    }
}

/// An `externalId` is of one meeting of an organizer.
pub(super) fn taken() -> ApiError {
    let text = "Another meeting of the organizer has this externalId.";
    ApiError::new(ErrorCode::NameAlreadyExists, text)
}

/// A meeting does not end before it begins.
pub(super) fn out_of_order() -> ApiError {
    ApiError::bad_request("The property 'endDateTime' is before 'startDateTime'.")
}

/// The people whom a program names, each once and without the organizer: users of the tenant.
pub(super) async fn people(
    call: &Call<'_>,
    db: &mut Session,
    organizer: &str,
    attendees: &[Attendee],
) -> Result<Vec<(String, Role)>, ApiError> {
    let mut people: Vec<(String, Role)> = Vec::with_capacity(attendees.len());
    for attendee in attendees {
        let user = auth::access::find_user(db, &call.caller.tenant_id, &attendee.user).await?;
        let Some(user) = user else {
            return Err(ApiError::bad_request(format!(
                "The property '{}' names nobody of this tenant: '{}'.",
                attendee.at, attendee.user
            )));
        };
        if user.id != organizer && people.iter().all(|(id, _)| *id != user.id) {
            people.push((user.id, attendee.role));
        }
    }
    Ok(people)
}
