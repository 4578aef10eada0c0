//! `GET …/onlineMeetings/{meeting}/recordings/$count`, and the same of transcripts and of ad hoc calls.

use http::Response;

use crate::auth;
use crate::db::Snapshot;
use crate::db::artifacts::ArtifactKind;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::paging;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan::{self, LIST_ARTIFACTS};
use crate::query::schema::EntityType;

/// How many recordings or transcripts of the meeting or call there are, as text.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn count(
    call: &Call<'_>,
    kind: ArtifactKind,
    mut db: Snapshot,
) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(kind);
    let asked = call.asked();
    let filter = plan::parse_count(asked, entity, &LIST_ARTIFACTS)?;
    let (path, rules) = (call.artifacts(kind), &call.app.config.graph);
    let access = auth::access::artifacts(&mut db, &call.caller, &path, rules, asked.now).await?;
    let number = paging::count(&mut db, entity, &access.visible, filter.as_ref()).await?;
    Ok(respond::count(number))
}
