//! Runs the plan of a collection: where a page begins, its rows, where the next one begins, and how many there are.

use super::error::ApiError;
use super::request::Call;
use crate::auth::access::Visibility;
use crate::db::Session;
use crate::db::pages::{self, Listed};
use crate::db::sql::Key;
use crate::query::QueryError;
use crate::query::filter::Condition;
use crate::query::page_token::{Binding, Place};
use crate::query::plan::{CollectionQuery, Conditions, Count, MAX_COUNTED, ReadPlan};
use crate::query::schema::{EntityType, Member};
use crate::query::sql;

/// A page of a collection.
#[derive(Debug)]
pub(super) struct Fetched<T> {
    /// Its rows.
    pub(super) rows: Vec<T>,
    /// Behind which place the next page begins.
    pub(super) next: Option<Place>,
    /// What `@odata.count` says.
    pub(super) count: Option<u64>,
}

/// Whom and what the page tokens of an answer are for, and the place behind which the page begins that the caller asks for.
///
/// # Errors
/// As `PageSealer::open`.
pub(super) fn begin<P: Member>(
    call: &Call<'_>,
    collection: String,
    query: &CollectionQuery<P>,
) -> Result<(Binding, Option<Place>), QueryError> {
    let binding = Binding {
        owner: call.owner(),
        collection,
        options: query.canonical().to_owned(),
    };
    let after = query
        .skip_token()
        .map(|token| call.app.pages.open(token, &binding))
        .transpose()?;
    Ok((binding, after))
}

/// Reads the page of a plan.
///
/// # Errors
/// [`ApiError`] where the store fails, or where there is too much to be sorted or counted.
pub(super) async fn fetch<P: Member, T: Listed>(
    db: &mut Session,
    plan: &mut ReadPlan<P>,
) -> Result<Fetched<T>, ApiError> {
    if !plan.query.order.is_indexed && pages::place(db, &sql::too_many_to_sort(plan)).await?.is_some() {
        let most = plan.conditions.rows();
        let text = format!(
            "Ordering by another property than the usual one is for collections of at most {most} items: narrow it with \
             $filter, or leave $orderby out."
        );
        return Err(QueryError::Malformed(text).into());
    }
    plan.until = match plan.is_scan() {
        true => pages::place(db, &sql::window(plan)).await?.map(place_of),
        false => None,
    };
    if plan.until.is_some() && plan.query.skip > 0 && plan.after.is_none() {
        // What is skipped may lie behind the end of the page, and the next one would begin to count anew.
        let most = plan.conditions.rows();
        let text = format!(
            "Skipping beside such a $filter is for collections of at most {most} items: narrow it with $filter, or \
             follow @odata.nextLink and leave $skip out."
        );
        return Err(QueryError::Malformed(text).into());
    }
    let page = pages::page::<T>(db, &sql::page(plan), plan.query.top).await?;
    let next = match (page.has_more, page.rows.last(), page.last) {
        (true, Some(last), Some(keys)) => Some(Place {
            keys,
            id: last.id().to_owned(),
        }),
        // Not full, and yet not the end.
        _ => plan.until.clone(),
    };
    let count = match plan.query.count {
        Count::Page => Some(page.rows.len() as u64),
        Count::All => Some(count_rows(db, &plan.visible, &plan.conditions).await?),
        Count::Absent => None,
    };
    Ok(Fetched {
        rows: page.rows,
        next,
        count,
    })
}

/// How many rows there are that a filter holds of.
///
/// # Errors
/// [`ApiError`] where the store fails, or where there are too many.
pub(super) async fn count<P: Member>(
    db: &mut Session,
    entity: &EntityType<P>,
    visible: &Visibility,
    filter: Option<&Condition>,
) -> Result<u64, ApiError> {
    count_rows(db, visible, &Conditions::of(filter, entity, visible)).await
}

async fn count_rows(
    db: &mut Session,
    visible: &Visibility,
    conditions: &Conditions,
) -> Result<u64, ApiError> {
    let is_scan = !conditions.residual.is_empty() || visible.hides_rows();
    let most = if is_scan {
        conditions.rows_to_count()
    } else {
        MAX_COUNTED
    };
    let too_many = || {
        let text = format!("Counting is for at most {most} items here: narrow it with $filter.");
        ApiError::from(QueryError::Malformed(text))
    };
    if is_scan
        && pages::place(db, &sql::too_many_to_count(visible, conditions))
            .await?
            .is_some()
    {
        return Err(too_many());
    }
    match pages::count(db, &sql::count(visible, conditions)).await? {
        number if number > MAX_COUNTED => Err(too_many()),
        number => Ok(number),
    }
}

/// A place from its keys and its id.
fn place_of(mut keys: Vec<Key>) -> Place {
    let id = match keys.pop() {
        Some(Key::Text(Some(id))) => id,
        _ => String::new(),
    };
    Place { keys, id }
}
