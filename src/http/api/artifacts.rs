//! `DELETE /api/v1/recordings/{id}` and `DELETE /api/v1/transcripts/{id}`

pub(in crate::http::api) mod description;

use http::Response;

use super::{Asked, caller};
use crate::auth::access::{self, AccessError};
use crate::auth::caller::Caller;
use crate::auth::decide::Denied;
use crate::db::Snapshot;
use crate::db::artifacts::{self, ArtifactKind};
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::respond;
use crate::http::service::Trace;
use crate::retention::{Actor, Outcome};

/// Deletes a recording or transcript. Deleted twice, it is deleted once.
///
/// # Errors
/// [`ApiError`] as `openapi.json` says.
pub(super) async fn delete(
    asked: &Asked<'_>,
    kind: ArtifactKind,
    id: &str,
    trace: &mut Trace,
) -> Result<Response<Body>, ApiError> {
    let (caller, db) = caller(asked, trace).await?;
    authorize(db, &caller, kind, id).await?;
    let actor = Actor {
        application_id: caller.app_id.clone(),
        user_id: caller.user_id().map(ToOwned::to_owned),
        at_command_line: None,
        request_id: asked.ids.request.clone(),
    };
    match asked.app.retention.delete(kind, id, actor).await? {
        Outcome::Done => Ok(respond::nothing()),
        Outcome::NotThere => Err(nowhere()),
        Outcome::OnLegalHold => Err(ApiError::new(
            ErrorCode::ResourceLocked,
            "The recording is on legal hold and cannot be deleted.",
        )),
    }
}

/// Whoever may put a recording into a meeting may delete it. To everybody else it is not there, whether it is or not.
async fn authorize(mut db: Snapshot, caller: &Caller, kind: ArtifactKind, id: &str) -> Result<(), ApiError> {
    let found = artifacts::find_stored(&mut db, kind, id).await?;
    let found = found.filter(|found| found.artifact.tenant_id == caller.tenant_id);
    let owner = found.as_ref().map(|found| found.artifact.owner_id.as_str());
    match access::upload(&mut db, caller, None, Some(owner.unwrap_or_default())).await {
        Ok(_) => Ok(()),
        Err(AccessError::Denied(Denied::NoRelation | Denied::NoPolicy)) => Err(nowhere()),
        Err(error) => Err(error.into()),
    }
}

fn nowhere() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "The recording or transcript was not found.")
}
