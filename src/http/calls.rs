//! Ad hoc calls of a user: list, count, get (contract section 1.1).

use http::Response;

use super::artifacts::next_link;
use super::body::Body;
use super::error::ApiError;
use super::links::Location;
use super::paging;
use super::present::{Frame, Presented};
use super::request::Call;
use super::respond;
use crate::auth;
use crate::db::Snapshot;
use crate::db::adhoc_calls::AdhocCall;
use crate::graph::call::CallJson;
use crate::graph::collection::CollectionBody;
use crate::query::plan::{self, CollectionQuery, EntityQuery, LIST_CALLS, ReadPlan};
use crate::query::schema::ADHOC_CALL;

/// A page of the calls that a user has made.
///
/// # Errors
/// [`ApiError`] as contract section 7 and security.md section 2 say.
pub async fn list(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = CollectionQuery::parse(call.asked(), &ADHOC_CALL, &LIST_CALLS)?;
    let access = auth::access::calls(&mut db, &call.caller, &call.path.user).await?;
    let (binding, after) = paging::begin(call, format!("calls of {}", access.path_user_id), &query)?;
    let user = access.path_user_id;
    let mut plan = ReadPlan::collection(&ADHOC_CALL, query, access.visible, after);
    let page = paging::fetch::<_, AdhocCall>(&mut db, &mut plan).await?;
    let root = call.root();
    let location = Location::user(&user).collection(ADHOC_CALL.collection);
    let frame = Frame {
        entity: &ADHOC_CALL,
        members: plan.query.selection.members(),
        level: call.format.level,
        is_typed: false,
    };
    let items: Vec<_> = page
        .rows
        .iter()
        .map(|row| Presented {
            frame,
            context: None,
            place: (
                root.as_str(),
                Location::user(&user).member(ADHOC_CALL.collection, &row.id),
            ),
            entity: CallJson { id: &row.id },
        })
        .collect();
    let response = respond::collection(
        call.format,
        &CollectionBody {
            context: Some(&(location.context(&root) + &plan.query.selection.in_context())),
            count: page.count,
            next_link: next_link(call, &location.url(&root), &binding, page.next.as_ref())?.as_deref(),
            delta_link: None,
            tips: None,
            value: &items,
        },
    )?;
    respond::prefer(response, &plan.query)
}

/// How many they are, as text.
///
/// # Errors
/// As [`list`].
pub async fn count(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let filter = plan::parse_count(call.asked(), &ADHOC_CALL, &LIST_CALLS)?;
    let access = auth::access::calls(&mut db, &call.caller, &call.path.user).await?;
    let number = paging::count(&mut db, &ADHOC_CALL, &access.visible, filter.as_ref()).await?;
    Ok(respond::count(number))
}

/// One of them.
///
/// # Errors
/// As [`list`].
pub async fn get(call: &Call<'_>, mut db: Snapshot) -> Result<Response<Body>, ApiError> {
    let query = EntityQuery::parse(call.asked(), &ADHOC_CALL)?;
    let path = &call.path.user;
    let (user, found) = auth::access::call(&mut db, &call.caller, path, call.parent()).await?;
    let root = call.root();
    let location = Location::user(&user);
    let collection = location.clone().collection(ADHOC_CALL.collection);
    let context = collection.context(&root) + &query.selection.in_context() + "/$entity";
    respond::json(
        call.format,
        &Presented {
            frame: Frame {
                entity: &ADHOC_CALL,
                members: query.selection.members(),
                level: call.format.level,
                is_typed: false,
            },
            context: Some(&context),
            place: (&root, location.member(ADHOC_CALL.collection, &found.id)),
            entity: CallJson { id: &found.id },
        },
    )
}
