//! `GET …/onlineMeetings/{meeting}/recordings`, and the same of transcripts.

use http::Response;

use super::links;
use crate::auth;
use crate::auth::access::PathUser;
use crate::db::{Snapshot, artifacts};
use crate::graph::collection::CollectionBody;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::request::Call;
use crate::http::respond;
use crate::query::page_token::{Binding, Owner, Place};
use crate::query::plan::{CollectionQuery, Count, ReadPlan};
use crate::query::schema::EntityType;
use crate::query::sql;

/// A page of the meeting's recordings or transcripts.
///
/// # Errors
/// [`ApiError`] as contract sections 2.4 and 7 and security.md section 2 say.
pub async fn list(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let entity = EntityType::of(call.meeting.kind);
    let rules = &call.app.config.graph;
    let query = CollectionQuery::parse(call.query, entity, rules.query_options)?;
    let binding = binding(call, &query);
    let after = query
        .skip_token()
        .map(|token| call.app.pages.open(token, &binding))
        .transpose()?;
    let access =
        auth::access::meeting(&mut db, &call.caller, &call.meeting, rules, call.app.clock.now()).await?;

    let plan = ReadPlan::collection(query, access.visible.clone(), after);
    let page = artifacts::page(&mut db, &sql::page(&plan), plan.top).await?;
    let count = match plan.count {
        Count::Page => Some(page.rows.len() as u64),
        Count::All => {
            Some(artifacts::count(&mut db, &sql::count(&plan.visible, plan.filter.as_ref())).await?)
        }
        Count::Absent => None,
    };

    let root = links::root(call);
    let next_link = match page.rows.last() {
        Some(last) if page.has_more => {
            let place = Place {
                created: last.created,
                id: last.id.clone(),
            };
            let token = call.app.pages.seal(&binding, &place);
            let token = token.ok_or_else(|| ApiError::unavailable("the system has no randomness to give"))?;
            let separator = if binding.options.is_empty() { "" } else { "&" };
            let collection = links::collection(&root, &access, entity);
            Some(format!(
                "{collection}?{}{separator}$skiptoken={token}",
                binding.options
            ))
        }
        _ => None,
    };
    let tips =
        (plan.filter.is_some() && !plan.selection.is_named()).then(|| tips(&call.meeting.user, entity));
    let urls: Vec<String> = page
        .rows
        .iter()
        .map(|row| links::content(&root, &access, entity, row))
        .collect();
    let rows = page.rows.iter().zip(&urls);
    respond::json(&CollectionBody {
        context: &links::context(&root, &access, entity, &plan.selection),
        count,
        next_link: next_link.as_deref(),
        tips: tips.as_deref(),
        value: rows
            .map(|(row, url)| links::artifact_json(row, url, &access, &plan.selection))
            .collect(),
    })
}

/// What a page token of this call is sealed to.
fn binding(call: &Call<'_>, query: &CollectionQuery) -> Binding {
    Binding {
        owner: Owner {
            tenant: call.caller.tenant_id.clone(),
            application: call.caller.app_id.clone(),
            user: call.caller.user_id().map(ToOwned::to_owned),
        },
        collection: format!("{} of {}", call.meeting.kind.text(), call.meeting.meeting),
        options: query.canonical().to_owned(),
    }
}

/// `@microsoft.graph.tips` (contract sections 2.1 and 11a).
fn tips(user: &PathUser, entity: &EntityType) -> String {
    let user = match user {
        PathUser::Me => "me",
        PathUser::Key(_) | PathUser::PrincipalName(_) => "users('<key>')",
    };
    format!(
        "Use $select to choose only the properties your app needs, as this can lead to performance improvements. For \
         example: GET {user}/onlineMeetings('<key>')/{}?$select=callId,content",
        entity.collection
    )
}
