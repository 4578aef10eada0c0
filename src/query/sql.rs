//! From a plan to statements. Every list pages by key, over an index whose columns are in the order of the list; where rows
//! have to be looked at that may not be on the page, a statement of its own finds where that ends.

mod condition;

use super::filter::{Comparison, Condition, Operand};
use super::page_token::Place;
use super::plan::{Conditions, MAX_COUNTED, Order, OrderKey, ReadPlan};
use super::schema::{Column, Member};
use crate::auth::access::{Hidden, Scope, Visibility};
use crate::db::artifacts::ArtifactKind;
use crate::db::sql::{Key, KeyKind, Sql};

/// The rows of a page, and one more if there is a next page.
pub fn page<P: Member>(plan: &ReadPlan<P>) -> Sql {
    let order = &plan.query.order;
    let mut sql = Sql::new(plan.entity.select);
    for key in &order.keys {
        sql = sql.then(", ").then(key.column.sql);
    }
    sql = rows(sql, &plan.visible, &beside(plan));
    if let Some(after) = &plan.after {
        sql = beyond(sql.then(" AND "), order, after);
    }
    if let Some(until) = &plan.until {
        sql = up_to(sql.then(" AND "), order, until);
    }
    for condition in &plan.conditions.residual {
        sql = condition::condition(sql.then(" AND "), condition);
    }
    sql = hide(sql, &plan.visible);
    sql = ordered(sql, order);
    sql = sql
        .then(" LIMIT ")
        .bind_int(whole(plan.query.top.saturating_add(1)));
    if plan.query.skip > 0 && plan.after.is_none() {
        sql = sql.then(" OFFSET ").bind_int(whole(plan.query.skip));
    }
    sql.ordered_by(order.keys.iter().map(|key| key.column.key()).collect())
}

/// The last row that a page looks at, where it looks at rows that may not be on it: its keys and its id. No row: there are
/// fewer.
pub fn window<P: Member>(plan: &ReadPlan<P>) -> Sql {
    let order = &plan.query.order;
    let mut sql = Sql::new("SELECT ");
    for key in &order.keys {
        sql = sql.then(key.column.sql).then(", ");
    }
    sql = rows(sql.then("id"), &plan.visible, &beside(plan));
    if let Some(after) = &plan.after {
        sql = beyond(sql.then(" AND "), order, after);
    }
    let keys = order.keys.iter().map(|key| key.column.key());
    ordered(sql, order)
        .then(" LIMIT 1 OFFSET ")
        .bind_int(whole(plan.conditions.rows() - 1))
        .ordered_by(keys.chain([KeyKind::Text]).collect())
}

/// One row where there are more than can be sorted.
pub fn too_many_to_sort<P: Member>(plan: &ReadPlan<P>) -> Sql {
    rows(Sql::new("SELECT id"), &plan.visible, &plan.conditions.indexed)
        .then(" LIMIT 1 OFFSET ")
        .bind_int(whole(plan.conditions.rows()))
        .ordered_by(vec![KeyKind::Text])
}

/// One row where there are more than are looked at to count those that a condition holds of.
pub fn too_many_to_count(visible: &Visibility, conditions: &Conditions) -> Sql {
    rows(Sql::new("SELECT id"), visible, &conditions.indexed)
        .then(" LIMIT 1 OFFSET ")
        .bind_int(whole(conditions.rows_to_count()))
        .ordered_by(vec![KeyKind::Text])
}

/// How many rows there are; one more than are counted where there are more.
pub fn count(visible: &Visibility, conditions: &Conditions) -> Sql {
    let sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 AS one");
    let mut sql = rows(sql, visible, &conditions.indexed);
    for condition in &conditions.residual {
        sql = condition::condition(sql.then(" AND "), condition);
    }
    hide(sql, visible)
        .then(" LIMIT ")
        .bind_int(whole(MAX_COUNTED + 1))
        .then(") AS counted")
}

/// Where a feed goes on, and which of its artifacts count.
#[derive(Clone, Copy, Debug)]
pub struct FeedPart {
    /// Behind that change.
    pub after: i64,
    /// So many changes.
    pub limit: i64,
}

/// The next changes of a feed.
pub fn feed(visible: &Visibility, part: &FeedPart) -> Sql {
    let sql = Sql::new(
        "
        SELECT c.number, c.change_type, c.artifact_id, c.created_ticks, a.id IS NOT NULL, a.id, a.call_id, a.content_correlation_id,
               a.created_ticks, a.end_ticks, a.quarantined, a.meeting_id, a.adhoc_call_id, a.owner_id, a.tenant_id
        FROM changes AS c
        LEFT JOIN artifacts AS a
          ON a.kind = c.kind
         AND a.id = c.artifact_id
         AND a.ready = TRUE
         AND a.owner_id = c.owner_id",
    );
    let mut sql = match visible.scope() {
        Scope::Meeting(_) => sql.then(" AND a.meeting_id = c.meeting_id"),
        Scope::AdhocCall(_) => sql.then(" AND a.adhoc_call_id = c.adhoc_call_id"),
        Scope::ArtifactsOfMeetings { .. } => sql.then(" AND a.meeting_id IS NOT NULL"),
        _ => sql.then(" AND a.adhoc_call_id IS NOT NULL"),
    };
    if let Some(hidden) = visible.hidden() {
        sql = shown_meeting(sql.then(" AND "), "a.meeting_id", hidden);
    }
    let sql = match visible.scope() {
        Scope::Meeting(meeting) => sql.then(" WHERE c.meeting_id = ").bind_text(&meeting.id),
        Scope::AdhocCall(call) => sql.then(" WHERE c.adhoc_call_id = ").bind_text(&call.id),
        Scope::ArtifactsOfMeetings { owner, .. } => sql
            .then(" WHERE c.meeting_id IS NOT NULL AND c.owner_id = ")
            .bind_text(owner),
        Scope::ArtifactsOfCalls { owner }
        | Scope::Meetings { owner }
        | Scope::Calls { owner }
        | Scope::MeetingsOfTenant { tenant: owner } => sql
            .then(" WHERE c.adhoc_call_id IS NOT NULL AND c.owner_id = ")
            .bind_text(owner),
    };
    of_kind(sql.then(" AND c.kind = "), visible.kind())
        .then(" AND c.number > ")
        .bind_int(part.after)
        .then(" ORDER BY c.number LIMIT ")
        .bind_int(part.limit)
}

/// The conditions that an index answers, without those that a place in the order implies: two lower bounds at once would
/// make SQLite begin at the farther one.
fn beside<P: Member>(plan: &ReadPlan<P>) -> Vec<Condition> {
    let implied = |condition: &&Condition| match (condition, &plan.after) {
        (Condition::Compare(comparison, Operand::Column(column), _), Some(_))
            if plan.query.order.is_indexed
                && Some(column) == plan.query.order.keys.first().map(|key| &key.column) =>
        {
            match plan.query.order.descends() {
                false => matches!(comparison, Comparison::Gt | Comparison::Ge),
                true => matches!(comparison, Comparison::Lt | Comparison::Le),
            }
        }
        _ => false,
    };
    let conditions = plan.conditions.indexed.iter();
    conditions
        .filter(|condition| !implied(condition))
        .cloned()
        .collect()
}

/// The table of a scope, and which of its rows; nothing that no index answers.
fn rows(sql: Sql, visible: &Visibility, indexed: &[Condition]) -> Sql {
    let artifacts = |sql: Sql| of_kind(sql.then(" AND kind = "), visible.kind()).then(" AND ready = TRUE");
    let mut sql = match visible.scope() {
        Scope::Meeting(meeting) => artifacts(
            sql.then(" FROM artifacts WHERE meeting_id = ")
                .bind_text(&meeting.id),
        ),
        Scope::AdhocCall(call) => artifacts(
            sql.then(" FROM artifacts WHERE adhoc_call_id = ")
                .bind_text(&call.id),
        ),
        Scope::ArtifactsOfMeetings { owner, .. } => artifacts(
            sql.then(" FROM artifacts WHERE meeting_id IS NOT NULL AND owner_id = ")
                .bind_text(owner),
        ),
        Scope::ArtifactsOfCalls { owner } => artifacts(
            sql.then(" FROM artifacts WHERE adhoc_call_id IS NOT NULL AND owner_id = ")
                .bind_text(owner),
        ),
        Scope::Meetings { owner } => sql
            .then(" FROM online_meetings WHERE deleted_ticks IS NULL AND organizer_id = ")
            .bind_text(owner),
        Scope::MeetingsOfTenant { tenant } => sql
            .then(" FROM online_meetings WHERE deleted_ticks IS NULL AND tenant_id = ")
            .bind_text(tenant),
        Scope::Calls { owner } => sql.then(" FROM adhoc_calls WHERE user_id = ").bind_text(owner),
    };
    for condition in indexed {
        sql = condition::indexed(sql.then(" AND "), condition);
    }
    sql
}

fn of_kind(sql: Sql, kind: ArtifactKind) -> Sql {
    sql.bind_text(kind.text())
}

/// What the rows of a scope may be that are not shown.
fn hide(sql: Sql, visible: &Visibility) -> Sql {
    match visible.scope() {
        Scope::ArtifactsOfMeetings { hidden, .. } if hidden.is_any() => {
            shown_meeting(sql.then(" AND "), "artifacts.meeting_id", hidden)
        }
        _ => sql,
    }
}

/// The meeting is none of those that are hidden.
fn shown_meeting(sql: Sql, meeting: &'static str, hidden: &Hidden) -> Sql {
    let mut sql = sql
        .then("(SELECT COUNT(*) FROM online_meetings AS m WHERE m.id = ")
        .then(meeting);
    if let Some(now) = hidden.expired {
        sql = sql
            .then(" AND m.deleted_ticks IS NULL AND m.expiry_ticks > ")
            .bind_ticks(now);
    }
    if hidden.of_channels {
        sql = sql.then(" AND m.is_channel_meeting = FALSE");
    }
    if hidden.uncalendared {
        sql = sql.then(" AND m.i_cal_uid IS NOT NULL");
    }
    // A count and no EXISTS: PostgreSQL would make a join of that, and sort.
    sql.then(") > 0")
}

/// `ORDER BY`: the keys and then the id. Null comes before everything else, as on SQLite (style.md section 5).
fn ordered(sql: Sql, order: &Order) -> Sql {
    let mut sql = sql.then(" ORDER BY ");
    for key in &order.keys {
        sql = sql
            .then(key.column.sql)
            .then(match (key.descending, key.column.nullable) {
                (false, false) => ", ",
                (false, true) => " ASC NULLS FIRST, ",
                (true, false) => " DESC, ",
                (true, true) => " DESC NULLS LAST, ",
            });
    }
    sql.then(match order.descends() {
        false => "id",
        true => "id DESC",
    })
}

/// Behind a place in the order.
fn beyond(sql: Sql, order: &Order, place: &Place) -> Sql {
    if order.is_indexed {
        return tuple(
            sql,
            order,
            place,
            match order.descends() {
                false => ") > (",
                true => ") < (",
            },
        );
    }
    // a > ?, or a = ? and b > ?, or …: each key counts where those before it are equal.
    let mut sql = sql.then("(");
    let pairs: Vec<(&OrderKey, &Key)> = order.keys.iter().zip(&place.keys).collect();
    for (index, (key, value)) in pairs.iter().enumerate() {
        sql = equal(sql.then("("), pairs.get(..index).unwrap_or_default());
        sql = greater(sql, key, value).then(") OR ");
    }
    equal(sql.then("("), &pairs)
        .then(match order.descends() {
            false => "id > ",
            true => "id < ",
        })
        .bind_text(&place.id)
        .then("))")
}

/// At most a place in the order.
fn up_to(sql: Sql, order: &Order, place: &Place) -> Sql {
    tuple(
        sql,
        order,
        place,
        match order.descends() {
            false => ") <= (",
            true => ") >= (",
        },
    )
}

/// A comparison of rows as a whole, which an index answers. No key of it is nullable.
fn tuple(sql: Sql, order: &Order, place: &Place, comparison: &'static str) -> Sql {
    let mut sql = sql.then("(");
    for key in &order.keys {
        sql = sql.then(key.column.sql).then(", ");
    }
    sql = sql.then("id").then(comparison);
    for key in &place.keys {
        sql = bind(sql, key).then(", ");
    }
    sql.bind_text(&place.id).then(")")
}

fn equal(mut sql: Sql, pairs: &[(&OrderKey, &Key)]) -> Sql {
    for (key, value) in pairs {
        let Column { sql: column, .. } = key.column;
        sql = match is_null(value) {
            true => sql.then(column).then(" IS NULL AND "),
            false => bind(sql.then(column).then(" = "), value).then(" AND "),
        };
    }
    sql
}

/// The key comes behind that value, in its direction.
fn greater(sql: Sql, key: &OrderKey, value: &Key) -> Sql {
    let column = key.column.sql;
    match (key.descending, is_null(value)) {
        (false, true) => sql.then(column).then(" IS NOT NULL"),
        // Nothing comes behind null there.
        (true, true) => sql.then("1 = 0"),
        (false, false) => bind(sql.then(column).then(" > "), value),
        (true, false) => {
            let sql = bind(sql.then("(").then(column).then(" < "), value);
            match key.column.nullable {
                true => sql.then(" OR ").then(column).then(" IS NULL)"),
                false => sql.then(")"),
            }
        }
    }
}

fn is_null(key: &Key) -> bool {
    matches!(key, Key::Int(None) | Key::Text(None))
}

fn bind(sql: Sql, key: &Key) -> Sql {
    match key {
        Key::Int(value) => sql.bind_int(value.unwrap_or_default()),
        Key::Text(value) => sql.bind_text(value.as_deref().unwrap_or_default()),
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
