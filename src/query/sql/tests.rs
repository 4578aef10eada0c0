//! Statements over a store with 100,000 recordings.

use std::time::Duration;

use rusqlite::types::Value as Cell;

use super::*;
use crate::clock::{Clock, Ticks};
use crate::config::QueryOptionsRule;
use crate::db::Db;
use crate::db::meetings::OnlineMeeting;
use crate::graph::artifact::ArtifactProperty;
use crate::query::plan::{Asked, CollectionQuery, LIST_ARTIFACTS};
use crate::query::schema::EntityType;

/// One meeting has every tenth.
const LOAD: &str = "
    PRAGMA foreign_keys = OFF;
    PRAGMA synchronous = OFF;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks, end_ticks,
                           upload_state, legal_hold, quarantined, ready, owner_id)
    SELECT 'recording', 'r' || i, 't', CASE i % 10 WHEN 0 THEN 'm' ELSE 'm' || (i % 1000) END, 'Call ' || (i % 97),
           'k' || (i % 50), i / 4 * 36000000000, CASE WHEN i % 3 > 0 THEN i END, 'complete', 0, 0, i % 7 > 0, 'u'
    FROM n";

fn visible() -> Visibility {
    let meeting = OnlineMeeting {
        id: "m".to_owned(),
        tenant_id: "t".to_owned(),
        organizer_id: "u".to_owned(),
        ..OnlineMeeting::default()
    };
    Visibility::for_test(ArtifactKind::Recording, Scope::Meeting(Box::new(meeting)))
}

fn read_plan(query: &str) -> ReadPlan<ArtifactProperty> {
    let entity = EntityType::of(ArtifactKind::Recording);
    let asked = Asked {
        query: Some(query),
        rule: QueryOptionsRule::Superset,
        now: Ticks::from_unix_seconds(1_800_000_000),
        max_page_size: None,
    };
    let query = CollectionQuery::parse(asked, entity, &LIST_ARTIFACTS).unwrap();
    ReadPlan::collection(entity, query, visible(), None)
}

fn store(folder: &tempfile::TempDir) -> rusqlite::Connection {
    let file = folder.path().join("store.db");
    drop(Db::open_file(&file, &Clock::manual(Ticks(0))).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection.execute_batch(LOAD).unwrap();
    crate::db::add_functions_for_test(&connection).unwrap();
    connection
}

fn values(sql: &Sql) -> Vec<Cell> {
    sql.values()
        .iter()
        .map(|value| match value {
            crate::db::Value::Int(Some(number)) => (*number).into(),
            crate::db::Value::Bool(Some(value)) => i64::from(*value).into(),
            crate::db::Value::Text(Some(text)) => (*text).to_owned().into(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The rows of a statement: each row's id, and its keys.
fn rows(connection: &rusqlite::Connection, sql: &Sql) -> Vec<(String, Vec<Key>)> {
    let mut statement = connection.prepare(sql.text()).unwrap();
    let kinds = sql.order().to_vec();
    let read = |row: &rusqlite::Row<'_>| {
        let keys = kinds.iter().enumerate().map(|(index, kind)| match kind {
            KeyKind::Int => row.get(10 + index).map(Key::Int),
            KeyKind::Text => row.get(10 + index).map(Key::Text),
        });
        Ok((row.get(0)?, keys.collect::<rusqlite::Result<_>>()?))
    };
    let found = statement.query_map(rusqlite::params_from_iter(values(sql)), read);
    found.unwrap().map(Result::unwrap).collect()
}

/// All ids of a query, page by page.
fn all(connection: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut plan = read_plan(query);
    let top = usize::try_from(plan.query.top).unwrap();
    loop {
        let mut page = rows(connection, &page(&plan));
        let has_more = page.len() > top;
        page.truncate(top);
        found.extend(page.iter().map(|(id, _)| id.clone()));
        if !has_more {
            return found;
        }
        let (id, keys) = page.pop().unwrap();
        plan.after = Some(Place { keys, id });
    }
}

/// The ids that a condition in SQL holds of, in an order.
fn expected(connection: &rusqlite::Connection, condition: &str, order: &str) -> Vec<String> {
    let sql = format!(
        "SELECT id FROM artifacts WHERE meeting_id = 'm' AND ready AND ({condition}) ORDER BY {order}"
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

#[test]
fn pages_by_key_repeat_nothing_and_leave_nothing_out() {
    let folder = tempfile::tempdir().unwrap();
    let connection = store(&folder);
    for (query, order) in [
        ("$top=97", "created_ticks, id"),
        (
            "$top=97&$orderby=createdDateTime desc",
            "created_ticks DESC, id DESC",
        ),
        ("$top=89&$orderby=endDateTime", "end_ticks NULLS FIRST, id"),
        (
            "$top=89&$orderby=endDateTime desc",
            "end_ticks DESC NULLS LAST, id DESC",
        ),
        (
            "$top=100&$orderby=callId,endDateTime desc",
            "call_id, end_ticks DESC NULLS LAST, id DESC",
        ),
        (
            "$top=100&$orderby=contentCorrelationId desc,id",
            "content_correlation_id DESC, id",
        ),
    ] {
        let found = all(&connection, query);
        assert!(found.len() > 8000);
        assert_eq!(found, expected(&connection, "TRUE", order), "{query}");
    }
}

#[test]
fn bounds_of_the_order_hold_on_every_page_whatever_the_other_keys_do() {
    let folder = tempfile::tempdir().unwrap();
    let connection = store(&folder);
    let bound: Ticks = "1970-02-01T00:00:00Z".parse().unwrap();
    for (query, condition, order) in [
        (
            "$filter=createdDateTime ge 1970-02-01&$orderby=createdDateTime desc,callId",
            ">=",
            "created_ticks DESC, call_id, id",
        ),
        (
            "$filter=createdDateTime lt 1970-02-01&$orderby=createdDateTime,callId desc",
            "<",
            "created_ticks, call_id DESC, id DESC",
        ),
        ("$filter=createdDateTime ge 1970-02-01", ">=", "created_ticks, id"),
        (
            "$filter=createdDateTime lt 1970-02-01&$orderby=createdDateTime desc",
            "<",
            "created_ticks DESC, id DESC",
        ),
    ] {
        let condition = format!("created_ticks {condition} {}", bound.0);
        let wanted = expected(&connection, &condition, order);
        assert!(wanted.len() > 150, "{query}");
        assert_eq!(all(&connection, &format!("$top=100&{query}")), wanted, "{query}");
    }
}

#[test]
fn a_long_filter_tests_fewer_rows() {
    let rows = |filter: &str| {
        let plan = read_plan(&format!("$filter={}", odata::encode_segment(filter)));
        (plan.conditions.rows(), plan.conditions.rows_to_count())
    };
    assert_eq!(rows("callId eq 'c'"), (10_000, 100_000));
    let many = vec!["day(endDateTime) eq 40"; 150].join(" or ");
    assert_eq!(rows(&many), (666, 666));
}

/// Rows are found by a filter as by the condition in SQL.
fn holds_of(connection: &rusqlite::Connection, filter: &str, condition: &str) {
    let query = format!("$top=100&$filter={}", odata::encode_segment(filter));
    assert_eq!(
        all(connection, &query),
        expected(connection, condition, "created_ticks, id"),
        "{filter}"
    );
}

#[test]
fn conditions_of_values_and_instants_find_what_they_mean() {
    let folder = tempfile::tempdir().unwrap();
    let connection = store(&folder);
    let at = |text: &str| text.parse::<Ticks>().unwrap().0;
    let (from, to) = (at("1970-02-01T00:00:00Z"), at("1970-03-01T00:00:00Z"));
    let hour = 36_000_000_000_i64;
    let day = 24 * hour;
    for (filter, condition) in [
        (
            "contentCorrelationId eq 'k10'",
            "content_correlation_id = 'k10'".to_owned(),
        ),
        (
            "contentCorrelationId ne 'k10'",
            "content_correlation_id <> 'k10'".to_owned(),
        ),
        ("endDateTime eq null", "end_ticks IS NULL".to_owned()),
        ("endDateTime ne null", "end_ticks IS NOT NULL".to_owned()),
        ("endDateTime in (null)", "end_ticks IS NULL".to_owned()),
        ("not (id in (null,null))", "TRUE".to_owned()),
        ("endDateTime in (endDateTime)", "TRUE".to_owned()),
        (
            "not (createdDateTime in (endDateTime))",
            "end_ticks IS NULL OR created_ticks <> end_ticks".to_owned(),
        ),
        ("null eq endDateTime", "end_ticks IS NULL".to_owned()),
        ("endDateTime gt null", "FALSE".to_owned()),
        (
            "endDateTime gt 1970-01-01T00:00:00.005Z",
            "end_ticks > 50000".to_owned(),
        ),
        (
            "not (endDateTime gt 1970-01-01T00:00:00.005Z)",
            "end_ticks IS NULL OR end_ticks <= 50000".to_owned(),
        ),
        (
            "endDateTime ne 1970-01-01T00:00:00.005Z",
            "end_ticks IS NULL OR end_ticks <> 50000".to_owned(),
        ),
        (
            "createdDateTime ge 1970-02-01T00:00:00Z and createdDateTime lt 1970-03-01",
            format!("created_ticks >= {from} AND created_ticks < {to}"),
        ),
        (
            "month(createdDateTime) eq 2 and year(createdDateTime) eq 1970",
            format!("created_ticks >= {from} AND created_ticks < {to}"),
        ),
        (
            "hour(createdDateTime) eq 23",
            format!("created_ticks / {hour} % 24 = 23"),
        ),
        (
            "date(createdDateTime) eq 1970-02-01",
            format!("created_ticks >= {from} AND created_ticks < {from} + {day}"),
        ),
        (
            "day(createdDateTime) eq 1 and date(createdDateTime) lt 1970-02-02 and date(createdDateTime) gt 1970-01-31",
            format!("created_ticks >= {from} AND created_ticks < {from} + {day}"),
        ),
        ("createdDateTime lt now()", "TRUE".to_owned()),
        ("id in ('r10','r20','nothing')", "id IN ('r10', 'r20')".to_owned()),
        (
            "endDateTime in (1970-01-01T00:00:00.000001Z,null)",
            "end_ticks = 10 OR end_ticks IS NULL".to_owned(),
        ),
    ] {
        holds_of(&connection, filter, &condition);
    }
}

#[test]
fn conditions_of_texts_find_what_they_mean() {
    let folder = tempfile::tempdir().unwrap();
    let connection = store(&folder);
    for (filter, condition) in [
        ("contains(callId,'ll 9')", "instr(call_id, 'll 9') > 0".to_owned()),
        ("contains(callId,'')", "TRUE".to_owned()),
        ("startswith(callId,'Call 1')", "call_id GLOB 'Call 1*'".to_owned()),
        ("endswith(callId,'1')", "call_id GLOB '*1'".to_owned()),
        (
            "endswith(callId,'a much longer text than any')",
            "FALSE".to_owned(),
        ),
        ("tolower(callId) eq 'call 5'", "call_id = 'Call 5'".to_owned()),
        (
            "toupper(callId) eq toupper('call 5')",
            "call_id = 'Call 5'".to_owned(),
        ),
        ("length(callId) eq 6", "length(call_id) = 6".to_owned()),
        ("indexof(callId,'1') eq 5", "instr(call_id, '1') = 6".to_owned()),
        ("indexof(callId,'x') eq -1", "TRUE".to_owned()),
        ("substring(callId,5) eq '12'", "call_id = 'Call 12'".to_owned()),
        ("substring(callId,0,4) eq 'Call'", "TRUE".to_owned()),
        (
            "concat(concat('x',callId),trim(' y ')) eq 'xCall 12y'",
            "call_id = 'Call 12'".to_owned(),
        ),
        ("meetingId eq 'm'", "TRUE".to_owned()),
        ("meetingOrganizer/user/id eq 'u'", "TRUE".to_owned()),
        ("meetingOrganizer/user/id eq 'other'", "FALSE".to_owned()),
        (
            "(callId eq 'Call 1' or callId eq 'Call 2') and not (endDateTime eq null)",
            "call_id IN ('Call 1', 'Call 2') AND end_ticks IS NOT NULL".to_owned(),
        ),
        ("(callId eq 'Call 1') eq false", "call_id <> 'Call 1'".to_owned()),
        ("true", "TRUE".to_owned()),
        ("false or id eq 'r10'", "id = 'r10'".to_owned()),
    ] {
        holds_of(&connection, filter, &condition);
    }
}

#[test]
fn the_calendar_is_right_on_its_hard_days() {
    let folder = tempfile::tempdir().unwrap();
    let connection = store(&folder);
    for (instant, year, month, day) in [
        ("0001-01-01T00:00:00Z", 1, 1, 1),
        ("1600-02-29T12:00:00Z", 1600, 2, 29),
        ("1900-02-28T23:59:59.9999999Z", 1900, 2, 28),
        ("1900-03-01T00:00:00Z", 1900, 3, 1),
        ("1969-12-31T23:59:59Z", 1969, 12, 31),
        ("2000-02-29T00:00:00Z", 2000, 2, 29),
        ("2023-12-31T00:00:00Z", 2023, 12, 31),
        ("2024-01-01T00:00:00Z", 2024, 1, 1),
        ("2024-02-29T00:00:00Z", 2024, 2, 29),
        ("2024-03-01T00:00:00Z", 2024, 3, 1),
        ("9999-12-31T23:59:59Z", 9999, 12, 31),
    ] {
        let filter =
            format!("year({instant}) eq {year} and month({instant}) eq {month} and day({instant}) eq {day}");
        let query = format!("$top=1&$filter={}", odata::encode_segment(&filter));
        assert_eq!(rows(&connection, &page(&read_plan(&query))).len(), 2, "{filter}");
    }
}

#[test]
fn conditions_that_an_index_answers_are_told_apart_from_those_that_rows_are_tested_for() {
    for (filter, indexed, residual) in [
        ("contentCorrelationId eq 'a'", 1, 0),
        (
            "createdDateTime ge 2024-01-01T00:00:00Z and createdDateTime lt 2025-01-01T00:00:00Z",
            2,
            0,
        ),
        ("createdDateTime ge 2024-01-01T00:00:00Z and callId eq 'c'", 1, 1),
        ("callId eq 'c'", 0, 1),
        ("createdDateTime ne 2024-01-01T00:00:00Z", 0, 1),
        ("contentCorrelationId eq 'a' or callId eq 'c'", 0, 1),
    ] {
        let plan = read_plan(&format!("$filter={}", odata::encode_segment(filter)));
        assert_eq!(
            (plan.conditions.indexed.len(), plan.conditions.residual.len()),
            (indexed, residual),
            "{filter}"
        );
        assert_eq!(plan.is_scan(), residual > 0, "{filter}");
    }
}
