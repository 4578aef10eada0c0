//! `PATCH …/onlineMeetings/{meeting}`

use std::time::Duration;

use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::body::MeetingChange;
use super::create::{made, out_of_order, people, taken};
use crate::auth;
use crate::clock::Ticks;
use crate::db::artifacts::{self, Parent};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::locks::{self, Lock};
use crate::db::meetings::{self, OnlineMeeting, Role};
use crate::db::{DbError, Snapshot, Tx, Write};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::query::plan;

/// What each change adds to a meeting's life (contract section 5.3).
const EXTENSION: Duration = Duration::from_secs(60 * 24 * 3600);

/// Changes a meeting; only its organizer does.
///
/// # Errors
/// [`ApiError`] as contract sections 5.2 and 7 and security.md section 2 say.
pub async fn update(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let change = MeetingChange::parse(&call.json()?)?;
    let (user, meeting) =
        auth::access::meeting(&mut db, &call.caller, &call.path.user, call.parent(), true).await?;
    let participants = match &change.attendees {
        Some(attendees) => Some(people(call, &mut db, &meeting.organizer_id, attendees).await?),
        None => None,
    };
    drop(db);
    let id = meeting.id;
    let update = UpdateMeeting {
        id: id.clone(),
        change,
        participants,
        now: call.app.clock.now(),
    };
    match call.app.db.write(update).await? {
        Outcome::Updated => made(call, &user, &id, StatusCode::OK).await,
        Outcome::Gone => Err(auth::decide::Denied::NoSuchMeeting.into()),
        Outcome::OutOfOrder => Err(out_of_order()),
        Outcome::Taken => Err(taken()),
    }
}

#[derive(Clone)]
struct UpdateMeeting {
    id: String,
    change: MeetingChange,
    participants: Option<Vec<(String, Role)>>,
    now: Ticks,
}

enum Outcome {
    Updated,
    Gone,
    OutOfOrder,
    Taken,
}

impl Write for UpdateMeeting {
    type Output = Outcome;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Outcome, DbError> {
        // What is read stays so until the commit: two changes at once both count.
        locks::take(tx, Lock::Directory).await?;
        let found = meetings::find(tx, &self.id).await?;
        let Some(mut meeting) = found.filter(|meeting| meeting.deleted.is_none()) else {
            return Ok(Outcome::Gone);
        };
        let was_hidden = meeting.is_hidden(self.now);
        apply(&mut meeting, &self.change, self.now);
        if let (Some(start), Some(end)) = (meeting.start, meeting.end)
            && end < start
        {
            return Ok(Outcome::OutOfOrder);
        }
        if let Some(Some(external)) = &self.change.external_id {
            let other = meetings::find_by_external_id(tx, &meeting.organizer_id, external).await?;
            if other.is_some_and(|other| other.id != meeting.id) {
                return Ok(Outcome::Taken);
            }
        }
        let participants = match self.participants {
            Some(participants) => participants,
            None => {
                let kept = meetings::participants(tx, &meeting.id).await?;
                kept.into_iter()
                    .map(|person| (person.user_id, person.role))
                    .collect()
            }
        };
        meetings::put(tx, &meeting, &participants).await?;
        if was_hidden && !meeting.is_hidden(self.now) {
            // Whoever follows the feed of exports has not heard of what came while it was hidden.
            let recorded = artifacts::list_ready(tx, &Parent::Meeting(meeting.id)).await?;
            let changes: Vec<Change<'_>> = recorded
                .iter()
                .map(|stored| Change {
                    kind: stored.kind,
                    artifact: &stored.artifact,
                    change: ChangeType::Created,
                    at: self.now,
                    announce: false,
                })
                .collect();
            changes::append(tx, &changes).await?;
        }
        Ok(Outcome::Updated)
    }
}

fn apply(meeting: &mut OnlineMeeting, change: &MeetingChange, now: Ticks) {
    if let Some(subject) = &change.subject {
        meeting.subject.clone_from(subject);
    }
    if let Some(start) = change.start {
        meeting.start = start;
    }
    if let Some(end) = change.end {
        meeting.end = end;
    }
    if let Some(external) = &change.external_id {
        meeting.external_id.clone_from(external);
    }
    let kept = meeting.settings.as_deref();
    let mut settings: Map<String, Value> = kept
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    for (name, value) in &change.settings {
        match value {
            Value::Null => drop(settings.remove(name)),
            value => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    meeting.settings = (!settings.is_empty()).then(|| Value::Object(settings).to_string());
    meeting.expiry = meeting.expiry.max(now.plus(EXTENSION));
}
