//! From a plan to statements. Every list pages by key, over an index whose columns are in the order of the list.

use super::plan::{Predicate, ReadPlan};
use crate::auth::access::Visibility;
use crate::db::sql::Sql;

/// The rows of a page, and one more if there is a next page.
pub fn page(plan: &ReadPlan) -> Sql {
    let columns = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined
        FROM artifacts";
    let mut sql = rows(Sql::new(columns), &plan.visible, plan.filter.as_ref());
    if let Some(after) = &plan.after {
        let key = sql
            .then(" AND (created_ticks, id) > (")
            .bind_ticks(after.created)
            .then(", ")
            .bind_text(&after.id);
        sql = key.then(")");
    }
    let limit = i64::try_from(plan.top.saturating_add(1)).unwrap_or(i64::MAX);
    sql.then(" ORDER BY created_ticks, id LIMIT ").bind_int(limit)
}

/// How many rows there are: bounded, because they are those of one meeting.
pub fn count(visible: &Visibility, filter: Option<&Predicate>) -> Sql {
    rows(Sql::new("SELECT COUNT(*) FROM artifacts"), visible, filter)
}

fn rows(sql: Sql, visible: &Visibility, filter: Option<&Predicate>) -> Sql {
    let sql = sql.then(" WHERE meeting_id = ").bind_text(&visible.meeting().id);
    let sql = sql
        .then(" AND kind = ")
        .bind_text(visible.kind().text())
        .then(" AND ready = TRUE");
    match filter {
        None => sql,
        Some(Predicate::CorrelationIs(text)) => sql.then(" AND content_correlation_id = ").bind_text(text),
    }
}
