//! `GET …/onlineMeetings/{meeting}/recordings/{recording}`, and the same of transcripts and of ad hoc calls.

use http::Response;

use crate::auth;
use crate::db::Snapshot;
use crate::db::artifacts::{self, ArtifactKind};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::links::{self, Location};
use crate::http::present::{Frame, Presented};
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan::EntityQuery;
use crate::query::schema::EntityType;

/// One recording or transcript.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn get(call: &Call<'_>, kind: ArtifactKind, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(kind);
    let asked = call.asked();
    let query = EntityQuery::parse(asked, entity)?;
    let (path, rules) = (call.artifacts(kind), &call.app.config.graph);
    let access = auth::access::artifacts(&mut db, &call.caller, &path, rules, asked.now).await?;
    let found = artifacts::find_in(&mut db, kind, &path.parent, &call.path.artifact).await?;
    let artifact = found.ok_or_else(ApiError::no_such_artifact)?;
    let root = call.root();
    let collection = Location::user(&access.path_user_id)
        .parent(&path.parent)
        .collection(entity.collection);
    let context = collection.context(&root) + &query.selection.in_context() + "/$entity";
    respond::json(
        call.format,
        &Presented {
            frame: Frame {
                entity,
                members: query.selection.members(),
                level: call.format.level,
                is_typed: false,
            },
            context: Some(&context),
            place: (&root, links::artifact(entity, &artifact)),
            entity: links::artifact_json(&root, entity, &artifact),
        },
    )
}
