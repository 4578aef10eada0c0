//! `GET …/onlineMeetings/{meeting}/recordings/{recording}`, and the same of transcripts.

use http::Response;

use super::links;
use crate::auth;
use crate::db::{Snapshot, artifacts};
use crate::graph::collection::EntityBody;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan::EntityQuery;
use crate::query::schema::EntityType;

/// One recording or transcript.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn get(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(call.meeting.kind);
    let rules = &call.app.config.graph;
    let query = EntityQuery::parse(call.query, entity, rules.query_options)?;
    let access =
        auth::access::meeting(&mut db, &call.caller, &call.meeting, rules, call.app.clock.now()).await?;
    let visible = &access.visible;
    let found =
        artifacts::find_in_meeting(&mut db, visible.kind(), &visible.meeting().id, &call.artifact).await?;
    let artifact = found.ok_or_else(ApiError::no_such_artifact)?;
    let root = links::root(call);
    let context = links::context(&root, &access, entity, &query.selection) + "/$entity";
    let content_url = links::content(&root, &access, entity, &artifact);
    let entity = links::artifact_json(&artifact, &content_url, &access, &query.selection);
    respond::json(&EntityBody {
        context: &context,
        entity,
    })
}
