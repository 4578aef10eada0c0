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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock, Ticks};
    use crate::config::QueryOptionsRule;
    use crate::db::Db;
    use crate::db::artifacts::ArtifactKind;
    use crate::db::meetings::OnlineMeeting;
    use crate::query::page_token::Place;
    use crate::query::plan::CollectionQuery;
    use crate::query::schema::EntityType;

    /// How many recordings there are, and how many meetings they belong to. One meeting has every tenth.
    const LOAD: &str = "
        PRAGMA foreign_keys = OFF;
        PRAGMA synchronous = OFF;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks,
                               upload_state, legal_hold, quarantined, ready)
        SELECT 'recording', 'r' || i, 't', CASE i % 10 WHEN 0 THEN 'm' ELSE 'm' || (i % 1000) END, 'c',
               'k' || (i % 50), i / 4, 'complete', 0, 0, i % 7 > 0
        FROM n";

    fn visible() -> Visibility {
        let meeting = OnlineMeeting {
            id: "m".to_owned(),
            tenant_id: "t".to_owned(),
            organizer_id: "u".to_owned(),
            subject: None,
            join_web_url: None,
            start: None,
            end: None,
            expiry: Ticks(i64::MAX),
            first_loaded: Ticks(0),
            meeting_type: "scheduled".to_owned(),
            thread_id: "19:x".to_owned(),
            is_channel_meeting: false,
            i_cal_uid: None,
            deleted: None,
        };
        Visibility::for_test(ArtifactKind::Recording, meeting)
    }

    fn read_plan(query: &str, after: Option<(i64, &str)>) -> ReadPlan {
        let entity = EntityType::of(ArtifactKind::Recording);
        let query = CollectionQuery::parse(Some(query), entity, QueryOptionsRule::Reference).unwrap();
        let after = after.map(|(ticks, id)| Place {
            created: Ticks(ticks),
            id: id.to_owned(),
        });
        ReadPlan::collection(query, visible(), after)
    }

    fn store(folder: &tempfile::TempDir) -> rusqlite::Connection {
        let file = folder.path().join("store.db");
        drop(Db::open_file(&file, &Clock::manual(Ticks(0))).unwrap());
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.execute_batch(LOAD).unwrap();
        connection
    }

    #[test]
    fn pages_by_key_repeat_nothing_and_leave_nothing_out() {
        let folder = tempfile::tempdir().unwrap();
        let connection = store(&folder);
        let all = "SELECT created_ticks, id FROM artifacts WHERE meeting_id = 'm' AND ready ORDER BY created_ticks, id";
        let read =
            |sql: &str, values: &[rusqlite::types::Value], columns: [usize; 2]| -> Vec<(i64, String)> {
                let mut statement = connection.prepare(sql).unwrap();
                let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                    Ok((row.get(columns[0])?, row.get(columns[1])?))
                });
                rows.unwrap().map(Result::unwrap).collect()
            };
        let expected = read(all, &[], [0, 1]);
        let mut found: Vec<(i64, String)> = Vec::new();
        loop {
            let after = found.last().map(|(ticks, id)| (*ticks, id.as_str()));
            let sql = page(&read_plan("$top=97", after));
            let values: Vec<_> = sql
                .values()
                .iter()
                .map(|value| match value {
                    crate::db::Value::Int(Some(number)) => (*number).into(),
                    crate::db::Value::Text(Some(text)) => (*text).to_owned().into(),
                    other => panic!("{other:?}"),
                })
                .collect();
            let mut rows = read(sql.text(), &values, [3, 0]);
            let has_more = rows.len() > 97;
            rows.truncate(97);
            found.extend(rows);
            if !has_more {
                break;
            }
        }
        assert!(expected.len() > 8000);
        assert_eq!(found, expected);
    }
}
