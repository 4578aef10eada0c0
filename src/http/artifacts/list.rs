//! `GET …/onlineMeetings/{meeting}/recordings`, and the same of transcripts and of ad hoc calls.

use http::Response;

use crate::auth;
use crate::auth::access::PathUser;
use crate::db::Snapshot;
use crate::db::artifacts::{Artifact, ArtifactKind, Parent};
use crate::graph::artifact::ArtifactProperty;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::links::Location;
use crate::http::paging;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::plan::{CollectionQuery, LIST_ARTIFACTS, ReadPlan};
use crate::query::schema::{ADHOC_CALL, EntityType, MEETING};

use super::Page;

/// A page of the recordings or transcripts of a meeting or call.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn list(call: &Call<'_>, kind: ArtifactKind, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(kind);
    let asked = call.asked();
    let path = call.artifacts(kind);
    let query = CollectionQuery::parse(asked, entity, &LIST_ARTIFACTS)?;
    let (binding, after) = paging::begin(call, format!("{} of {}", kind.text(), call.parent()), &query)?;
    let access =
        auth::access::artifacts(&mut db, &call.caller, &path, &call.app.config.graph, asked.now).await?;

    let tips = (query.filter.is_some() && !query.selection.is_named())
        .then(|| tips(&path.user, &path.parent, entity));
    let mut plan = ReadPlan::collection(entity, query, access.visible.clone(), after);
    let page = paging::fetch::<_, Artifact>(&mut db, &mut plan).await?;

    let root = call.root();
    let location = Location::user(&access.path_user_id)
        .parent(&path.parent)
        .collection(entity.collection);
    let page = Page {
        entity,
        context: location.context(&root) + &plan.query.selection.in_context(),
        next_link: super::next_link(call, &location.url(&root), &binding, page.next.as_ref())?,
        delta_link: None,
        tips,
        is_typed: false,
        members: plan.query.selection.members(),
        count: page.count,
        rows: &page.rows,
    };
    respond::prefer(page.respond(call, &root)?, &plan.query)
}

/// `@microsoft.graph.tips` (contract sections 2.1 and 11a).
fn tips(user: &PathUser, parent: &Parent, entity: &EntityType<ArtifactProperty>) -> String {
    let user = match user {
        PathUser::Me => "me",
        PathUser::Key(_) | PathUser::PrincipalName(_) => "users('<key>')",
    };
    let parent = match parent {
        Parent::Meeting(_) => MEETING.collection,
        Parent::AdhocCall(_) => ADHOC_CALL.collection,
    };
    format!(
        "Use $select to choose only the properties your app needs, as this can lead to performance improvements. For \
         example: GET {user}/{parent}('<key>')/{}?$select=callId,content",
        entity.collection
    )
}
