//! Every statement of `src/db` is given to SQLite's planner: none may read a table from end to end, and none may sort. The
//! statements are found in the source, so a new one is in here by itself. Those that `query::sql` puts together are asked in
//! that file's own tests.

use std::path::Path;

use graphophone::clock::Clock;
use graphophone::db::Db;
use syn::visit::Visit;

use crate::support::NOW;

/// Statements that read a whole table, and why they may.
const WHOLE: [(&str, &str); 1] = [(
    "SELECT id FROM tenants ORDER BY id",
    "a handful of rows, for a person who asks",
)];

/// Which index answers a statement, where that matters most.
const INTENDED: [(&str, &str); 10] = [
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
];

/// A store with 100,000 recordings, loaded past all rules.
fn filled(folder: &Path) -> rusqlite::Connection {
    let file = folder.join("store.db");
    drop(Db::open_file(&file, &Clock::manual(NOW.parse().unwrap())).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    let load = "
        PRAGMA foreign_keys = OFF;
        PRAGMA synchronous = OFF;
        BEGIN;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks,
                               upload_state, legal_hold, quarantined, ready)
        SELECT 'recording', 'r' || i, 't' || (i % 3), 'm' || (i % 1000), 'c', 'k' || (i % 50), i, 'complete', 0, 0, 1
        FROM n;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO users (id, tenant_id, user_principal_name_folded, external_id, user_type, account_enabled)
        SELECT 'u' || i, 't' || (i % 3), 'n' || i, 'e' || i, 'Member', 1 FROM n;
        COMMIT;";
    connection.execute_batch(load).unwrap();
    connection
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
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db")).unwrap() {
        let path = entry.unwrap().path();
        // Of the engines' own folders, and of the schema's own steps, nothing is a statement of a request.
        if path.is_file() && path.file_stem().is_some_and(|name| name != "migrate") {
            texts.visit_file(&syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap());
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
