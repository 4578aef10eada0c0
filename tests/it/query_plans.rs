//! Every statement of `src/db`, and those that `query::sql` puts together for lists, are given to both planners over a store
//! with 100,000 recordings: none may read a table from end to end, none may sort, and those of lists walk their index. The
//! statements of `src/db` are found in the source, so a new one is in here by itself.

use std::path::Path;

use graphophone::auth::access::{self, MeetingPath, PathUser, Visibility};
use graphophone::auth::caller::{Caller, CallerKind};
use graphophone::clock::{Clock, Ticks};
use graphophone::config::{self, Flags, QueryOptionsRule};
use graphophone::db::artifacts::ArtifactKind;
use graphophone::db::sql::Sql;
use graphophone::db::{Db, tenants, users};
use graphophone::query::page_token::Place;
use graphophone::query::plan::{self, CollectionQuery, ReadPlan};
use graphophone::query::schema::EntityType;
use graphophone::query::sql::{count, page};
use syn::visit::Visit;

use crate::support::NOW;
use crate::support::names::READ;
use crate::support::postgres::Database;

/// Statements that read a whole table, and why they may.
const WHOLE: [(&str, &str); 2] = [
    (
        "SELECT id FROM tenants ORDER BY id",
        "a handful of rows, for a person who asks",
    ),
    (
        "SELECT user_id FROM directory_roles WHERE role = ?1 ORDER BY user_id",
        "only administrators have a role, and only the first one's making asks who they are",
    ),
];

/// Which index answers a statement, where that matters most.
const INTENDED: [(&str, &str); 17] = [
    (
        "FROM artifacts WHERE kind = ?1 AND id = ?2 AND meeting_id",
        "sqlite_autoindex_artifacts_1",
    ),
    (
        "WHERE tenant_id = ?1 AND kind = ?2 AND (created_ticks, id) >",
        "artifacts_by_tenant",
    ),
    (
        "WHERE user_principal_name_folded = ?1 AND deleted_ticks IS NULL ORDER BY id",
        "users_by_name",
    ),
    ("AND user_principal_name_folded = ?2", "users_by_principal_name"),
    (
        "AND external_id = ?2 AND deleted_ticks IS NULL",
        "users_by_external_id",
    ),
    (
        "AND external_id = ?2 AND deleted_ticks IS NOT NULL",
        "deleted_users_by_external_id",
    ),
    (
        "FROM access_policy_grants AS g",
        "sqlite_autoindex_access_policy_grants_1",
    ),
    ("WHERE recorded_ticks >= ?1", "audit_records_by_time"),
    ("WHERE purpose = ?1 ORDER BY", "signing_keys_by_purpose"),
    (
        "FROM meeting_participants WHERE meeting_id = ?1 AND user_id",
        "sqlite_autoindex_meeting_participants_1",
    ),
    (
        "FROM users WHERE tenant_id = ?1 AND id > ?2 ORDER BY id",
        "sqlite_autoindex_users_1",
    ),
    (
        "FROM sign_in_sessions WHERE (expires_ticks, id) >",
        "sign_in_sessions_by_expiry",
    ),
    (
        "FROM sign_in_sessions WHERE user_id = ?1 AND (created_ticks, id) >",
        "sign_in_sessions_by_user",
    ),
    (
        "FROM token_grants WHERE (expires_ticks, id) >",
        "token_grants_by_expiry",
    ),
    (
        "FROM token_grants WHERE user_id = ?1 AND (created_ticks, id) >",
        "token_grants_by_user",
    ),
    (
        "FROM access_policy_grants WHERE tenant_id = ?1 AND (principal_folded, identity) >",
        "sqlite_autoindex_access_policy_grants_1",
    ),
    (
        "FROM consents WHERE app_id = ?1 AND (thread_id, permission) >",
        "sqlite_autoindex_consents_1",
    ),
];

/// 100,000 recordings, of which one meeting has every tenth, 100,000 audit records, 10,000 users with grants and
/// meetings, past all rules.
const LOAD: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks,
                           upload_state, legal_hold, quarantined, ready)
    SELECT 'recording', 'r' || i, 't' || (i % 3), CASE i % 10 WHEN 0 THEN 'm' ELSE 'm' || (i % 1000) END, 'c',
           'k' || (i % 50), i / 4, 'complete', FALSE, FALSE, i % 7 > 0
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO audit_records (id, recorded_ticks, tenant_id, operation, kind, artifact_id, first_byte, last_byte,
                               request_id)
    SELECT 'a' || i, i, 't', 'content.read', 'recording', 'r' || i, 0, 1, 'q'
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO users (id, tenant_id, user_principal_name_folded, external_id, user_type, account_enabled)
    SELECT 'u' || i, 't' || (i % 3), 'n' || i, 'e' || i, 'Member', TRUE
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO access_policy_grants (tenant_id, identity, principal_folded)
    SELECT 't' || (i % 3), 'p' || (i % 20), 'n' || i
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO meeting_participants (meeting_id, user_id, role)
    SELECT 'm' || (i % 1000), 'u' || i, 'attendee'
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO sign_in_sessions (id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks, expires_ticks)
    SELECT 's' || i, CAST('s' AS BLOB), 't' || (i % 3), 'u' || (i % 1000), i, i, i
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO token_grants (id, kind, tenant_id, app_id, user_id, session_id, root_id, scope, created_ticks,
                              expires_ticks)
    SELECT 'g' || i, 'code', 't' || (i % 3), 'a', 'u' || (i % 1000), CASE i % 2 WHEN 0 THEN 's' || i END, 'g' || i, 'y', i, i
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO consents (app_id, thread_id, permission)
    SELECT 'a' || (i % 3), 'c' || i, 'p'
    FROM n;";

fn filled(folder: &Path) -> rusqlite::Connection {
    let file = folder.join("store.db");
    drop(Db::open_file(&file, &Clock::manual(NOW.parse().unwrap())).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    let load = format!("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN; {LOAD} COMMIT;");
    connection.execute_batch(&load).unwrap();
    connection
}

fn filled_postgres() -> Database {
    let database = Database::with_schema();
    let load = LOAD.replace("AS BLOB", "AS BYTEA");
    database.run(&format!("SET session_replication_role = replica; {load}"));
    database.run("ANALYZE");
    database
}

/// The statements of `src/db`, their white space made one.
fn statements() -> Vec<String> {
    struct Texts {
        statements: Vec<String>,
        stored: String,
    }
    impl<'ast> Visit<'ast> for Texts {
        fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
            self.add(&text.value());
        }

        fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
            let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = &*item.expr
            else {
                return;
            };
            match item.ident == "STORED" {
                // The beginning of several.
                true => self.stored = text.value(),
                false => self.add(&text.value()),
            }
        }

        fn visit_macro(&mut self, makro: &'ast syn::Macro) {
            if let Ok(text) = makro.parse_body::<syn::LitStr>() {
                self.add(&text.value().replace("{STORED}", &self.stored));
            }
        }

        fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    }
    impl Texts {
        fn add(&mut self, text: &str) {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if ["SELECT ", "INSERT ", "UPDATE ", "DELETE "]
                .iter()
                .any(|word| text.starts_with(word))
            {
                self.statements.push(text);
            }
        }
    }
    let mut texts = Texts {
        statements: Vec::new(),
        stored: String::new(),
    };
    for folder in ["src/db", "src/db/directory"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // Of the engines' own folders, and of the schema's own steps, nothing is a statement of a request.
            if path.is_file() && path.file_stem().is_some_and(|name| name != "migrate") {
                texts.visit_file(&syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap());
            }
        }
    }
    texts.statements
}

/// The planner's words about a statement.
fn plan(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"));
    let mut statement = explained.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let values = vec![rusqlite::types::Null; statement.parameter_count()];
    let steps = statement
        .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))
        .unwrap();
    steps.map(Result::unwrap).collect()
}

#[test]
fn no_statement_reads_a_whole_table_or_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let statements = statements();
    assert!(
        statements.len() > 40,
        "{} statements were found",
        statements.len()
    );
    // With and without what the planner can learn of the rows.
    for analysed in [false, true] {
        if analysed {
            connection.execute_batch("ANALYZE").unwrap();
        }
        for sql in &statements {
            let steps = plan(&connection, sql);
            assert!(
                !steps.iter().any(|step| step.contains("TEMP B-TREE")),
                "{sql} sorts: {steps:?}"
            );
            let scans = steps.iter().any(|step| step.starts_with("SCAN"));
            let may = WHOLE.iter().any(|(whole, _)| whole == sql);
            assert_eq!(scans, may, "{sql}: {steps:?}");
        }
    }
    for (whole, _) in WHOLE {
        assert!(statements.iter().any(|sql| sql == whole), "{whole} is gone");
    }
}

#[test]
fn statements_use_the_indexes_that_were_made_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let statements = statements();
    for (part, index) in INTENDED {
        let mut found = statements.iter().filter(|sql| sql.contains(part)).peekable();
        assert!(found.peek().is_some(), "no statement has {part}");
        for sql in found {
            let steps = plan(&connection, sql);
            assert!(
                steps.iter().any(|step| step.contains(index)),
                "{sql} does not use {index}: {steps:?}"
            );
        }
    }
}

/// The plan of PostgreSQL for a statement whose values it does not know. `settings` come first.
fn postgres_plan(database: &Database, settings: &str, sql: &str) -> Vec<String> {
    let count = (1..)
        .take_while(|number| sql.contains(&format!("?{number}")))
        .count();
    let values = vec!["NULL"; count].join(", ");
    let values = if count == 0 {
        String::new()
    } else {
        format!("({values})")
    };
    let text = sql.replace('?', "$");
    let steps = format!("PREPARE q AS {text}; EXPLAIN (COSTS OFF) EXECUTE q{values}");
    database.run(&format!(
        "SET plan_cache_mode = force_generic_plan; {settings} {steps}"
    ))
}

/// A statement that could use an index, but is cheaper without while its table is small, is not meant here.
const ONLY_WHERE_NEEDED: &str =
    "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;";

#[test]
fn no_statement_has_to_read_a_whole_table_or_to_sort_on_postgres() {
    let database = filled_postgres();
    for sql in &statements() {
        let steps = postgres_plan(&database, ONLY_WHERE_NEEDED, sql);
        assert!(
            !steps.iter().any(|step| step.contains("Sort")),
            "{sql} sorts: {steps:#?}"
        );
        let scans = steps.iter().any(|step| step.contains("Seq Scan"));
        assert!(!scans, "{sql}: {steps:#?}");
    }
}

#[test]
fn statements_use_the_indexes_that_were_made_for_them_on_postgres() {
    let database = filled_postgres();
    let statements = statements();
    for (part, index) in INTENDED {
        let index = match index.strip_prefix("sqlite_autoindex_") {
            // Both have both columns.
            Some("meeting_participants_1") => "meeting_participants_".to_owned(),
            Some(table) => table.replace("_1", "_pkey"),
            // A name is nearly unique across tenants, so that either of its indexes leads to it.
            None if index == "users_by_principal_name" => "users_by_".to_owned(),
            None => index.to_owned(),
        };
        for sql in statements.iter().filter(|sql| sql.contains(part)) {
            let steps = postgres_plan(&database, ONLY_WHERE_NEEDED, sql);
            assert!(
                steps.iter().any(|step| step.contains(&index)),
                "{sql} does not use {index}: {steps:#?}"
            );
        }
    }
}

/// What the organizer of the meeting `m` may see.
async fn visible() -> Visibility {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let db = Db::open_file(&file, &Clock::manual(NOW.parse().unwrap())).unwrap();
    let by_hand = rusqlite::Connection::open(&file).unwrap();
    by_hand
        .execute_batch(
            "INSERT INTO tenants VALUES ('t', NULL, FALSE, FALSE, FALSE, TRUE, TRUE);
             INSERT INTO users (id, tenant_id, user_type, account_enabled) VALUES ('u', 't', 'Member', TRUE);
             INSERT INTO online_meetings (id, tenant_id, organizer_id, expiry_ticks, first_loaded_ticks, meeting_type,
                                          thread_id, is_channel_meeting, i_cal_uid)
             VALUES ('m', 't', 'u', 9000000000000000000, 0, 'scheduled', '19:x', FALSE, 'i')",
        )
        .unwrap();
    let mut db = db.snapshot().await.unwrap();
    let caller = Caller {
        tenant_id: "t".to_owned(),
        tenant: tenants::find(&mut db, "t").await.unwrap(),
        app_id: Some("a".to_owned()),
        application: None,
        kind: CallerKind::Delegated {
            user_id: "u".to_owned(),
            user: users::find(&mut db, "u").await.unwrap().map(Box::new),
            scopes: vec![READ.to_owned()],
        },
    };
    let path = MeetingPath {
        user: PathUser::Me,
        meeting: "m".to_owned(),
        kind: ArtifactKind::Recording,
    };
    let rules = config::load(&Flags::default(), std::iter::empty::<(String, String)>()).unwrap();
    let access = access::meeting(&mut db, &caller, &path, &rules.config.graph, Ticks(0)).await;
    access.unwrap().visible
}

fn read_plan(visible: &Visibility, query: &str, after: Option<(i64, &str)>) -> ReadPlan {
    let entity = EntityType::of(ArtifactKind::Recording);
    let query = CollectionQuery::parse(Some(query), entity, QueryOptionsRule::Reference).unwrap();
    let after = after.map(|(ticks, id)| Place {
        created: Ticks(ticks),
        id: id.to_owned(),
    });
    ReadPlan::collection(query, visible.clone(), after)
}

/// The statements of lists and counts, each with the index that it is to walk.
fn lists(visible: &Visibility) -> Vec<(Sql, &'static str)> {
    const FILTER: &str = "$filter=contentCorrelationId eq 'k10'";
    let place = Some((5000, "r20000"));
    let entity = EntityType::of(ArtifactKind::Recording);
    let filter = plan::parse_count(Some(FILTER), entity, QueryOptionsRule::Reference).unwrap();
    vec![
        (page(&read_plan(visible, "", None)), "artifacts_by_meeting"),
        (
            page(&read_plan(visible, "$top=100", place)),
            "artifacts_by_meeting",
        ),
        (
            page(&read_plan(visible, FILTER, None)),
            "artifacts_by_correlation",
        ),
        (
            page(&read_plan(visible, FILTER, place)),
            "artifacts_by_correlation",
        ),
        (count(visible, None), "artifacts_by_"),
        (count(visible, filter.as_ref()), "artifacts_by_correlation"),
    ]
}

#[tokio::test]
async fn every_list_and_count_walks_its_index_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let lists = lists(&visible().await);
    for analysed in [false, true] {
        if analysed {
            connection.execute_batch("ANALYZE").unwrap();
        }
        for (sql, index) in &lists {
            let steps = plan(&connection, sql.text());
            let [step] = steps.as_slice() else {
                panic!("{}: {steps:?}", sql.text())
            };
            assert!(
                step.starts_with("SEARCH artifacts USING"),
                "{}: {step}",
                sql.text()
            );
            assert!(step.contains(&format!("INDEX {index}")), "{}: {step}", sql.text());
            assert!(
                step.contains("(meeting_id=? AND kind=? AND ready=?"),
                "{}: {step}",
                sql.text()
            );
            assert_eq!(
                step.contains("(created_ticks,id)>(?,?)"),
                sql.text().contains("(created_ticks, id) > ("),
                "a place is jumped to: {step}"
            );
        }
    }
}

#[tokio::test]
async fn every_list_and_count_walks_its_index_in_order_on_postgres() {
    let database = filled_postgres();
    for (sql, index) in &lists(&visible().await) {
        let steps = postgres_plan(&database, "", sql.text());
        let shown = format!("{}: {steps:#?}", sql.text());
        assert!(
            !steps
                .iter()
                .any(|step| step.contains("Sort") || step.contains("Seq Scan")),
            "{shown}"
        );
        assert!(steps.iter().any(|step| step.contains(index)), "{shown}");
        let condition = steps
            .iter()
            .find(|step| step.contains("Index Cond:"))
            .expect(&shown);
        for part in ["(meeting_id = $1)", "(kind = $2)", "(ready = true)"] {
            assert!(condition.contains(part), "{part}, {shown}");
        }
        assert_eq!(
            condition.contains("(ROW(created_ticks, id) > ROW("),
            sql.text().contains("(created_ticks, id) > ("),
            "a place is jumped to: {shown}"
        );
    }
}
