//! `GET …/onlineMeetings?$filter=…`, and in the superset without a filter too; `GET /communications/onlineMeetings?$filter=…`

use http::Response;

use super::{INCLUDE_UNKNOWN, Whole};
use crate::auth;
use crate::auth::access::{Access, AccessError};
use crate::auth::decide::Denied;
use crate::config::QueryOptionsRule;
use crate::db::Snapshot;
use crate::db::meetings::OnlineMeeting;
use crate::graph::collection::CollectionBody;
use crate::graph::meeting::MeetingProperty;
use crate::http::artifacts::next_link;
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::links::Location;
use crate::http::paging;
use crate::http::present::{Frame, Presented};
use crate::http::request::Call;
use crate::http::respond;
use crate::query::filter::{Comparison, Condition, Operand};
use crate::query::plan::{self, CollectionQuery, LIST_MEETINGS, ReadPlan};
use crate::query::schema::MEETING;

/// Meetings that a user organizes, by what is known of them.
///
/// # Errors
/// [`ApiError`] as contract sections 5.2 and 7 and security.md section 2 say.
pub async fn find(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = CollectionQuery::parse(call.asked(), &MEETING, &LIST_MEETINGS)?;
    let is_reference = call.app.config.graph.query_options == QueryOptionsRule::Reference;
    if query.filter.is_none() && is_reference {
        return Err(filter_expected(
            "JoinWebUrl eq '{url}' or joinMeetingIdSettings/joinMeetingId eq '{id}'",
        ));
    }
    let access = auth::access::meetings(&mut db, &call.caller, &call.path.user, false).await?;
    let location = Location::user(&access.path_user_id).collection(MEETING.collection);
    let is_found = query.filter.is_some() && is_reference;
    answer(call, &mut db, query, access, location, is_found).await
}

/// Meetings of the tenant, by the number of a video conferencing device.
///
/// # Errors
/// As [`find`].
pub async fn find_by_device(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = CollectionQuery::parse(call.asked(), &MEETING, &LIST_MEETINGS)?;
    let is_number = |condition: &Condition| {
        matches!(
            condition,
            Condition::Compare(Comparison::Eq, Operand::Column(column), Operand::Text(_))
                if column.sql == "video_teleconference_id"
        )
    };
    if !query.filter.as_ref().is_some_and(is_number) {
        return Err(filter_expected("VideoTeleconferenceId eq '{id}'"));
    }
    let access = auth::access::meetings_of_tenant(&call.caller)?;
    let location = Location::root()
        .collection("communications")
        .collection(MEETING.collection);
    answer(call, &mut db, query, access, location, false).await
}

/// How many a user organizes, as text.
///
/// # Errors
/// As [`find`].
pub async fn count(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let filter = plan::parse_count(call.asked(), &MEETING, &LIST_MEETINGS)?;
    let access = auth::access::meetings(&mut db, &call.caller, &call.path.user, false).await?;
    let number = paging::count(&mut db, &MEETING, &access.visible, filter.as_ref()).await?;
    Ok(respond::count(number))
}

/// Graph's words for a list that needs a filter (contract section 2.4).
fn filter_expected(example: &str) -> ApiError {
    let text = format!("Filter expression expected - /onlineMeetings?$filter={example}.");
    ApiError::new(ErrorCode::InvalidArgument, text)
}

async fn answer(
    call: &Call<'_>,
    db: &mut Snapshot,
    query: CollectionQuery<MeetingProperty>,
    access: Access,
    location: Location,
    must_be_found: bool,
) -> Result<Response<Body>, ApiError> {
    let (binding, after) = paging::begin(call, format!("meetings of {}", access.path_user_id), &query)?;
    let mut plan = ReadPlan::collection(&MEETING, query, access.visible, after);
    let page = paging::fetch::<_, OnlineMeeting>(db, &mut plan).await?;
    if must_be_found && page.rows.is_empty() {
        // As of somebody else's meeting: whether there is one is not for everybody to know.
        return Err(AccessError::Denied(Denied::NoRelation).into());
    }
    let selection = &plan.query.selection;
    let mut meetings = Vec::with_capacity(page.rows.len());
    for meeting in page.rows {
        meetings.push(Whole::read(db, meeting, selection).await?);
    }
    let root = call.root();
    let frame = Frame {
        entity: &MEETING,
        members: selection.members(),
        level: call.format.level,
        is_typed: false,
    };
    let items: Vec<_> = meetings
        .iter()
        .map(|whole| Presented {
            frame,
            context: None,
            place: (
                root.as_str(),
                Location::user(&whole.meeting.organizer_id).member(MEETING.collection, &whole.meeting.id),
            ),
            entity: whole.json(call),
        })
        .collect();
    let response = respond::collection(
        call.format,
        &CollectionBody {
            context: Some(&(location.context(&root) + &selection.in_context())),
            count: page.count,
            next_link: next_link(call, &location.url(&root), &binding, page.next.as_ref())?.as_deref(),
            delta_link: None,
            tips: None,
            value: &items,
        },
    )?;
    let mut response = respond::prefer(response, &plan.query)?;
    if call.preferences.include_unknown_enum_members {
        respond::applied(&mut response, INCLUDE_UNKNOWN);
    }
    Ok(response)
}
