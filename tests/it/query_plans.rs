//! Every statement of `src/db`, and those that `query::sql` puts together for lists, are given to both planners over a store
//! with 100,000 recordings: none may read a table from end to end, none may sort, and those of lists walk their index. The
//! statements of `src/db` are found in the source, so a new one is in here by itself.

use std::path::Path;

use graphophone::auth::access::{self, ArtifactPath, ExportPath, PathUser, Visibility};
use graphophone::auth::caller::{Caller, CallerKind};
use graphophone::clock::{Clock, Ticks};
use graphophone::config::{self, Flags, QueryOptionsRule};
use graphophone::db::artifacts::{ArtifactKind, Parent};
use graphophone::db::dump::{TABLES, statement};
use graphophone::db::sql::{Key, Sql};
use graphophone::db::{Db, tenants};
use graphophone::graph::artifact::ArtifactProperty;
use graphophone::query::page_token::Place;
use graphophone::query::plan::{
    Asked, CollectionQuery, Conditions, LIST_ARTIFACTS, LIST_CALLS, LIST_MEETINGS, ReadPlan,
};
use graphophone::query::schema::{ADHOC_CALL, EntityType, MEETING};
use graphophone::query::sql::{FeedPart, count, feed, page, too_many_to_count, too_many_to_sort, window};
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
const INTENDED: [(&str, &str); 18] = [
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
        "FROM online_meetings WHERE organizer_id = ?1 AND external_id = ?2",
        "online_meetings_by_external_id",
    ),
    (
        "FROM users WHERE tenant_id = ?1 AND external_id = ?2 AND deleted_ticks IS NULL",
        "users_by_external_id",
    ),
    (
        "FROM users WHERE tenant_id = ?1 AND external_id = ?2 AND deleted_ticks IS NOT NULL",
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
                           upload_state, legal_hold, quarantined, ready, owner_id)
    SELECT 'recording', 'r' || i, 't' || (i % 3), CASE i % 10 WHEN 0 THEN 'm' ELSE 'm' || (i % 1000) END, 'c',
           'k' || (i % 50), i / 4, 'complete', FALSE, FALSE, i % 7 > 0, CASE i % 10 WHEN 0 THEN 'u' ELSE 'u' || (i % 100) END
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO artifacts (kind, id, tenant_id, adhoc_call_id, call_id, content_correlation_id, created_ticks,
                           upload_state, legal_hold, quarantined, ready, owner_id)
    SELECT 'recording', 'a' || i, 't' || (i % 3), 'c' || (i % 1000), 'c', 'k' || (i % 50), i / 4, 'complete', FALSE, FALSE,
           i % 7 > 0, 'u' || (i % 100)
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO changes (number, tenant_id, kind, artifact_id, change_type, changed_ticks, announce, owner_id, meeting_id)
    SELECT i, 't' || (i % 3), 'recording', 'r' || i, 'created', i, FALSE,
           CASE i % 10 WHEN 0 THEN 'u' ELSE 'u' || (i % 100) END,
           CASE i % 10 WHEN 0 THEN 'm' ELSE 'm' || (i % 1000) END
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO changes (number, tenant_id, kind, artifact_id, change_type, changed_ticks, announce, owner_id,
                         adhoc_call_id)
    SELECT 200000 + i, 't' || (i % 3), 'recording', 'a' || i, 'created', i, FALSE, 'u' || (i % 100), 'c' || (i % 1000)
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO online_meetings (id, tenant_id, organizer_id, expiry_ticks, first_loaded_ticks, meeting_type, thread_id,
                                 is_channel_meeting, join_web_url_key, join_meeting_id, external_id,
                                 video_teleconference_id)
    SELECT 'm' || i, 't' || (i % 3), 'u' || (i % 100), i, 0, 'scheduled', '19:x', FALSE, 'https://j/' || i, '2' || i,
           'e' || i, 'v' || i
    FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO adhoc_calls (id, tenant_id, user_id)
    SELECT 'c' || i, 't' || (i % 3), 'u' || (i % 100)
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
    // What the driver adds to each of its connections.
    let found = |_: &rusqlite::functions::Context<'_>| Ok(0);
    connection
        .create_scalar_function(
            "strpos",
            2,
            rusqlite::functions::FunctionFlags::SQLITE_UTF8,
            found,
        )
        .unwrap();
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

/// What there is to be seen.
struct Seen {
    /// Artifacts of the meeting `m`, for its organizer.
    meeting: Visibility,
    /// Artifacts of the call `c1`, for its user.
    call: Visibility,
    /// Artifacts of all meetings of `u`, with everything that the reference hides hidden.
    export: Visibility,
    /// Artifacts of all calls of `u`.
    export_of_calls: Visibility,
    /// The meetings of `u`.
    meetings: Visibility,
    /// The calls of `u`.
    calls: Visibility,
    /// Meetings of the tenant.
    meetings_of_tenant: Visibility,
}

async fn visible() -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let db = Db::open_file(&file, &Clock::manual(NOW.parse().unwrap())).unwrap();
    let by_hand = rusqlite::Connection::open(&file).unwrap();
    by_hand
        .execute_batch(
            "INSERT INTO tenants VALUES ('t', NULL, FALSE, FALSE, FALSE, TRUE, TRUE);
             INSERT INTO users (id, tenant_id, user_type, account_enabled) VALUES ('u', 't', 'Member', TRUE);
             INSERT INTO adhoc_calls VALUES ('c1', 't', 'u');
             INSERT INTO access_policies (tenant_id, identity, is_global) VALUES ('t', 'p', TRUE);
             INSERT INTO access_policy_applications VALUES ('t', 'p', 'a');
             INSERT INTO online_meetings (id, tenant_id, organizer_id, expiry_ticks, first_loaded_ticks, meeting_type,
                                          thread_id, is_channel_meeting, i_cal_uid)
             VALUES ('m', 't', 'u', 9000000000000000000, 0, 'scheduled', '19:x', FALSE, 'i')",
        )
        .unwrap();
    let mut db = db.snapshot().await.unwrap();
    let names = ["OnlineMeetings.Read.All", "CallRecordings.Read.All", READ];
    let alone = Caller {
        tenant_id: "t".to_owned(),
        tenant: tenants::find(&mut db, "t").await.unwrap(),
        app_id: Some("a".to_owned()),
        application: None,
        kind: CallerKind::Application {
            roles: names.map(ToOwned::to_owned).to_vec(),
        },
        is_of_authority: true,
    };
    let rules = config::load(&Flags::default(), std::iter::empty::<(String, String)>()).unwrap();
    let rules = &rules.config.graph;
    let user = || PathUser::Key("u".to_owned());
    let artifacts = async |db: &mut _, parent| {
        let path = ArtifactPath {
            user: user(),
            parent,
            kind: ArtifactKind::Recording,
        };
        let access = access::artifacts(db, &alone, &path, rules, Ticks(0)).await;
        access.unwrap().visible
    };
    let export = async |db: &mut _, of_calls| {
        let path = ExportPath {
            user: user(),
            kind: ArtifactKind::Recording,
            of_calls,
            organizers: Vec::new(),
        };
        access::export(db, &alone, &path, rules, Ticks(0))
            .await
            .unwrap()
            .visible
    };
    Seen {
        meeting: artifacts(&mut *db, Parent::Meeting("m".to_owned())).await,
        call: artifacts(&mut *db, Parent::AdhocCall("c1".to_owned())).await,
        export: export(&mut *db, false).await,
        export_of_calls: export(&mut *db, true).await,
        meetings: access::meetings(&mut db, &alone, &user(), false)
            .await
            .unwrap()
            .visible,
        calls: access::calls(&mut db, &alone, &user()).await.unwrap().visible,
        meetings_of_tenant: access::meetings_of_tenant(&alone).unwrap().visible,
    }
}

fn asked(query: &str) -> Asked<'_> {
    Asked {
        query: Some(query),
        rule: QueryOptionsRule::Superset,
        now: Ticks(0),
        max_page_size: None,
    }
}

fn read_plan(visible: &Visibility, query: &str, after: Option<(i64, &str)>) -> ReadPlan<ArtifactProperty> {
    let entity = EntityType::of(ArtifactKind::Recording);
    let query = CollectionQuery::parse(asked(query), entity, &LIST_ARTIFACTS).unwrap();
    let after = after.map(|(ticks, id)| Place {
        keys: vec![Key::Int(Some(ticks))],
        id: id.to_owned(),
    });
    ReadPlan::collection(entity, query, visible.clone(), after)
}

/// The statements of lists, counts and feeds, each with the index that it is to walk.
fn lists(seen: &Seen) -> Vec<(Sql, &'static str)> {
    const FILTER: &str = "$filter=contentCorrelationId eq 'k10'";
    const SCAN: &str = "$filter=contains(callId,'c')";
    let place = Some((5000, "r20000"));
    let conditions = |query: &str, visible| {
        let plan = read_plan(visible, query, None);
        plan.conditions
    };
    let mut lists = Vec::new();
    for (visible, index) in [
        (&seen.meeting, "artifacts_by_meeting"),
        (&seen.call, "artifacts_by_adhoc_call"),
        (&seen.export, "artifacts_by_organizer"),
        (&seen.export_of_calls, "artifacts_by_call_owner"),
    ] {
        lists.push((page(&read_plan(visible, "", None)), index));
        lists.push((page(&read_plan(visible, "$top=100", place)), index));
        lists.push((
            page(&read_plan(visible, "$orderby=createdDateTime desc", place)),
            index,
        ));
        lists.push((
            page(&read_plan(
                visible,
                "$filter=createdDateTime ge 1970-01-01",
                place,
            )),
            index,
        ));
        let mut scan = read_plan(visible, SCAN, place);
        lists.push((window(&scan), index));
        scan.until = Some(Place {
            keys: vec![Key::Int(Some(9000))],
            id: "r9".to_owned(),
        });
        lists.push((page(&scan), index));
    }
    let entity = EntityType::of(ArtifactKind::Recording);
    let none = || Conditions::of(None, entity, &seen.meeting);
    let by_correlation = conditions(FILTER, &seen.meeting);
    lists.extend([
        (
            page(&read_plan(&seen.meeting, FILTER, None)),
            "artifacts_by_correlation",
        ),
        (
            page(&read_plan(&seen.meeting, FILTER, place)),
            "artifacts_by_correlation",
        ),
        (count(&seen.meeting, &none()), "artifacts_by_"),
        (count(&seen.meeting, &by_correlation), "artifacts_by_correlation"),
        (count(&seen.export, &none()), "artifacts_by_organizer"),
        (too_many_to_count(&seen.export, &none()), "artifacts_by_organizer"),
        (
            too_many_to_sort(&read_plan(&seen.meeting, "$orderby=endDateTime", None)),
            "artifacts_by_",
        ),
    ]);
    lists.extend(lists_of_parents(seen));
    let part = FeedPart {
        after: 5000,
        limit: 200,
    };
    for (visible, index) in [
        (&seen.meeting, "changes_by_meeting"),
        (&seen.call, "changes_by_call"),
        (&seen.export, "changes_by_organizer"),
        (&seen.export_of_calls, "changes_by_call_owner"),
    ] {
        lists.push((feed(visible, &part), index));
    }
    lists
}

/// The statements of lists of meetings and calls.
fn lists_of_parents(seen: &Seen) -> [(Sql, &'static str); 2] {
    let meetings = |visible: &Visibility, query| {
        let query = CollectionQuery::parse(asked(query), &MEETING, &LIST_MEETINGS).unwrap();
        page(&ReadPlan::collection(&MEETING, query, visible.clone(), None))
    };
    let calls = CollectionQuery::parse(asked(""), &ADHOC_CALL, &LIST_CALLS).unwrap();
    [
        (meetings(&seen.meetings, ""), "online_meetings_not_deleted"),
        (
            page(&ReadPlan::collection(
                &ADHOC_CALL,
                calls,
                seen.calls.clone(),
                None,
            )),
            "adhoc_calls_by_user",
        ),
    ]
}

/// Statements that find a few rows by an index of their own, and sort these.
fn finds(seen: &Seen) -> Vec<(Sql, &'static str)> {
    let meetings = |visible: &Visibility, query| {
        let query = CollectionQuery::parse(asked(query), &MEETING, &LIST_MEETINGS).unwrap();
        page(&ReadPlan::collection(&MEETING, query, visible.clone(), None))
    };
    vec![
        (
            meetings(&seen.meetings, "$filter=joinWebUrl eq 'https://j/7'"),
            "online_meetings_by_join_web_url",
        ),
        (
            meetings(
                &seen.meetings,
                "$filter=joinMeetingIdSettings/joinMeetingId eq '27'",
            ),
            "online_meetings_by_join_meeting_id",
        ),
        (
            meetings(&seen.meetings_of_tenant, "$filter=videoTeleconferenceId eq 'v7'"),
            "online_meetings_by_video_teleconference",
        ),
    ]
}

#[tokio::test]
async fn every_list_count_and_feed_walks_its_index_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let seen = visible().await;
    for analysed in [false, true] {
        if analysed {
            connection.execute_batch("ANALYZE").unwrap();
        }
        for (sql, index) in &lists(&seen) {
            let steps = plan(&connection, sql.text());
            let shown = format!("{}: {steps:#?}", sql.text());
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{shown}");
            assert!(
                !steps
                    .iter()
                    .any(|step| step.starts_with("SCAN") && !step.contains("counted")),
                "{shown}"
            );
            let step = steps.iter().find(|step| step.contains(&format!("INDEX {index}")));
            let step = step.unwrap_or_else(|| panic!("no {index}: {shown}"));
            if sql.text().contains("(created_ticks, id) > (") {
                assert!(
                    step.contains("(created_ticks,id)>(?,?)"),
                    "a place is jumped to: {shown}"
                );
            }
            if sql.text().contains("c.number > ") {
                assert!(step.contains("number>?"), "a place is jumped to: {shown}");
            }
        }
        for (sql, index) in &finds(&seen) {
            let steps = plan(&connection, sql.text());
            assert!(
                steps.iter().any(|step| step.contains(&format!("INDEX {index}"))),
                "{}: {steps:#?}",
                sql.text()
            );
        }
    }
}

#[tokio::test]
async fn every_list_count_and_feed_walks_its_index_in_order_on_postgres() {
    let database = filled_postgres();
    let seen = visible().await;
    for (sql, index) in &lists(&seen) {
        let steps = postgres_plan(&database, "", sql.text());
        let shown = format!("{}: {steps:#?}", sql.text());
        // A window of a few rows may be sorted.
        let may_sort = sql.text().contains("(created_ticks, id) <= (");
        assert!(
            !steps
                .iter()
                .any(|step| step.contains("Sort") && !may_sort || step.contains("Seq Scan")),
            "{shown}"
        );
        assert!(steps.iter().any(|step| step.contains(index)), "{shown}");
        let conditions: Vec<&String> = steps.iter().filter(|step| step.contains("Index Cond:")).collect();
        if sql.text().contains("(created_ticks, id) > (") {
            assert!(
                conditions
                    .iter()
                    .any(|condition| condition.contains("(ROW(created_ticks, id) > ROW(")),
                "a place is jumped to: {shown}"
            );
        }
    }
    for (sql, index) in &finds(&seen) {
        let steps = postgres_plan(&database, "", sql.text());
        assert!(
            steps.iter().any(|step| step.contains(index)),
            "{}: {steps:#?}",
            sql.text()
        );
    }
}

/// What copies a whole store walks every table by its key, a page at a time.
#[test]
fn a_whole_table_is_read_by_its_key_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let database = filled_postgres();
    for table in TABLES {
        for goes_on in [false, true] {
            let sql = statement::page(table, goes_on);
            let steps = plan(&connection, &sql);
            assert!(
                !steps.iter().any(|step| step.contains("TEMP B-TREE")),
                "{sql}: {steps:?}"
            );
            let searches = steps.iter().any(|step| step.starts_with("SEARCH"));
            assert_eq!(searches, goes_on, "{sql}: {steps:?}");
            let steps = postgres_plan(&database, ONLY_WHERE_NEEDED, &sql);
            assert!(
                !steps.iter().any(|step| step.contains("Sort")),
                "{sql}: {steps:#?}"
            );
            assert!(
                steps.iter().any(|step| step.contains("_pkey")),
                "{sql}: {steps:#?}"
            );
        }
    }
}
