//! `GET …/onlineMeetings/{meeting}/recordings/$count`, and the same of transcripts.

use http::Response;

use crate::auth;
use crate::db::{Snapshot, artifacts};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::schema::EntityType;
use crate::query::{plan, sql};

/// How many recordings or transcripts of the meeting there are, as text.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn count(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(call.meeting.kind);
    let rules = &call.app.config.graph;
    let filter = plan::parse_count(call.query, entity, rules.query_options)?;
    let access =
        auth::access::meeting(&mut db, &call.caller, &call.meeting, rules, call.app.clock.now()).await?;
    let number = artifacts::count(&mut db, &sql::count(&access.visible, filter.as_ref())).await?;
    Ok(respond::count(number))
}
