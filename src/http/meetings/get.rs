//! `GET …/onlineMeetings/{meeting}`

use http::Response;

use super::{Whole, respond_with};
use crate::auth;
use crate::db::Snapshot;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::query::plan::EntityQuery;
use crate::query::schema::MEETING;

/// A meeting, for who organizes it or takes part.
///
/// # Errors
/// [`ApiError`] as contract sections 5 and 7 and security.md section 2 say.
pub async fn get(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = EntityQuery::parse(call.asked(), &MEETING)?;
    let (user, meeting) =
        auth::access::meeting(&mut db, &call.caller, &call.path.user, call.parent(), false).await?;
    let whole = Whole::read(&mut db, meeting, &query.selection).await?;
    respond_with(call, &user, &whole, &query.selection)
}
