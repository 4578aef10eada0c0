//! The two schemas are one: what the migrations of SQLite and of PostgreSQL make is compared table by table.

use std::collections::BTreeMap;

use graphophone::clock::Clock;
use graphophone::db::Db;
use graphophone::db::dump::{APART, Column, Kind, TABLES};

use crate::support::NOW;
use crate::support::postgres::Database;

/// What is said of a schema, a line each: columns with type and nullability, keys, references, indexes.
type Schema = BTreeMap<String, Vec<String>>;

fn add(schema: &mut Schema, table: &str, line: String) {
    schema.entry(table.to_owned()).or_default().push(line);
}

fn sorted(mut schema: Schema) -> Schema {
    schema.values_mut().for_each(|lines| lines.sort());
    schema
}

fn of_sqlite() -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    drop(Db::open_file(&file, &Clock::manual(NOW.parse().unwrap())).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    let texts = |sql: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let mut schema = Schema::new();
    let columns = "
        SELECT t.name, 'column ' || c.cid || ' ' || c.name || ' ' ||
               CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'BLOB' THEN 'bytes' ELSE lower(c.type) END ||
               CASE c.\"notnull\" WHEN 1 THEN ' not null' ELSE '' END
        FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table'";
    let indexes = "
        SELECT i.tbl_name, CASE l.origin WHEN 'pk' THEN 'primary key' ELSE
                   CASE l.\"unique\" WHEN 1 THEN 'unique ' ELSE '' END || 'index ' || i.name END || ' (' ||
               (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' ||
               CASE l.partial WHEN 1 THEN ' where ' || trim(substr(i.sql, instr(i.sql, 'WHERE ') + 6)) ELSE '' END
        FROM sqlite_schema AS i, pragma_index_list(i.tbl_name) AS l
        WHERE i.type = 'index' AND l.name = i.name";
    // A key of one integer is the row's own number and no index.
    let row_keys = "
        SELECT t.name, 'primary key (' || c.name || ')'
        FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND c.pk = 1
          AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) AS l WHERE l.origin = 'pk')";
    let references = "
        SELECT t.name, 'reference (' || group_concat(f.\"from\", ', ') || ') to ' || f.\"table\" || ' (' ||
               group_concat(f.\"to\", ', ') || ') ' || lower(f.on_delete)
        FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f
        WHERE t.type = 'table'
        GROUP BY t.name, f.id";
    for sql in [columns, indexes, row_keys, references] {
        for (table, line) in texts(sql) {
            add(&mut schema, &table, line);
        }
    }
    sorted(schema)
}

fn of_postgres(database: &Database) -> Schema {
    let mut schema = Schema::new();
    let columns = "
        SELECT table_name || '|column ' || (ordinal_position - 1) || ' ' || column_name || ' ' ||
               CASE data_type WHEN 'bigint' THEN 'integer' WHEN 'boolean' THEN 'integer' WHEN 'bytea' THEN 'bytes'
                              ELSE data_type END ||
               CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
        FROM information_schema.columns
        WHERE table_schema = current_schema()";
    let indexes = "
        SELECT t.relname || '|' || CASE WHEN x.indisprimary THEN 'primary key' ELSE
                   CASE WHEN x.indisunique THEN 'unique ' ELSE '' END || 'index ' || i.relname END || ' (' ||
               (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k (at, n)
                JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.at) || ')' ||
               COALESCE(' where ' || replace(trim(both '()' FROM pg_get_expr(x.indpred, t.oid)), ') AND (', ' AND '), '')
        FROM pg_index AS x
        JOIN pg_class AS t ON t.oid = x.indrelid
        JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE t.relnamespace = current_schema()::regnamespace";
    let references = "
        SELECT t.relname || '|reference (' ||
               (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k (at, n)
                JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.at) || ') to ' || f.relname || ' (' ||
               (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k (at, n)
                JOIN pg_attribute AS a ON a.attrelid = f.oid AND a.attnum = k.at) || ') ' ||
               CASE c.confdeltype WHEN 'c' THEN 'cascade' WHEN 'a' THEN 'no action' ELSE c.confdeltype::TEXT END
        FROM pg_constraint AS c
        JOIN pg_class AS t ON t.oid = c.conrelid
        JOIN pg_class AS f ON f.oid = c.confrelid
        WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace";
    for sql in [columns, indexes, references] {
        for said in database.run(sql) {
            let (table, line) = said.split_once('|').unwrap();
            add(&mut schema, table, line.to_owned());
        }
    }
    sorted(schema)
}

#[test]
fn both_engines_have_the_same_tables_columns_keys_and_indexes() {
    let (sqlite, postgres) = (of_sqlite(), of_postgres(&Database::with_schema()));
    assert!(sqlite.len() > 15, "{:?}", sqlite.keys());
    assert!(
        sqlite
            .values()
            .flatten()
            .any(|line| line.contains("where deleted_ticks IS NULL"))
    );
    assert!(sqlite.values().flatten().any(|line| line.ends_with("cascade")));
    let tables: Vec<_> = sqlite.keys().collect();
    assert_eq!(tables, postgres.keys().collect::<Vec<_>>());
    for (table, lines) in &sqlite {
        assert_eq!(lines, &postgres[table], "{table}");
    }
}

/// Text is compared by its bytes, whatever the order of the database is.
#[test]
fn every_text_of_postgres_is_collated_by_its_bytes() {
    let database = Database::with_schema();
    let order = database.run(
        "SELECT datlocprovider::TEXT || ' ' || daticulocale FROM pg_database WHERE datname = current_database()",
    );
    assert_eq!(order, ["i en-US"], "else this test proves nothing");
    let others = database.run(
        "SELECT table_name || '.' || column_name FROM information_schema.columns \
         WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'",
    );
    assert!(others.is_empty(), "{others:?}");
}

/// A schema number means the same step in both folders.
#[test]
fn both_folders_have_the_same_steps() {
    let names = |engine: &str| {
        let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

/// Whoever copies a whole store goes by this list.
#[test]
fn the_list_of_tables_has_every_table_and_column() {
    let database = Database::with_schema();
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for said in database.run(
        "SELECT table_name || '|' || column_name || ' ' || data_type || CASE WHEN data_type IN ('boolean', 'bytea') THEN
                ' ' || is_nullable ELSE '' END
         FROM information_schema.columns WHERE table_schema = current_schema()",
    ) {
        let (table, column) = said.split_once('|').unwrap();
        made.entry(table.to_owned()).or_default().push(column.to_owned());
    }
    for (apart, _) in APART {
        assert!(made.remove(apart).is_some(), "{apart}");
    }
    let column = |column: &Column| match column.kind {
        Kind::Text => format!("{} text", column.name),
        Kind::Int => format!("{} bigint", column.name),
        Kind::Bool => format!("{} boolean NO", column.name),
        Kind::Bytes => format!("{} bytea NO", column.name),
    };
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in TABLES {
        let columns = table.columns().iter().map(column).collect();
        assert!(
            listed.insert(table.name.to_owned(), columns).is_none(),
            "{}",
            table.name
        );
    }
    assert_eq!(sorted(listed), sorted(made));
}

#[test]
fn the_list_of_tables_has_their_keys_and_what_is_named_comes_first() {
    let database = Database::with_schema();
    let schema = of_postgres(&database);
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
    for table in TABLES {
        let lines = &schema[table.name];
        let key = format!("primary key ({})", table.key.join(", "));
        assert!(lines.contains(&key), "{}: {key}", table.name);
        for line in lines.iter().filter(|line| line.starts_with("reference ")) {
            let (columns, rest) = line.split_once(" to ").unwrap();
            let named = rest.split(' ').next().unwrap();
            if named == table.name {
                assert_eq!(
                    columns,
                    format!("reference ({})", table.parent.unwrap()),
                    "{line}"
                );
            } else {
                assert!(place(named) < place(table.name), "{}: {line}", table.name);
            }
        }
    }
    let filled: Vec<_> = TABLES.iter().filter(|table| table.made_by_schema).collect();
    for table in TABLES {
        let count = database.run(&format!("SELECT COUNT(*) FROM {}", table.name));
        let has_rows = filled.iter().any(|filled| filled.name == table.name);
        assert_eq!(count[0] != "0", has_rows, "{}", table.name);
    }
}

#[test]
fn the_list_of_tables_says_which_step_makes_each() {
    let folder = format!("{}/migrations/sqlite", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for table in TABLES {
        let step = usize::try_from(table.since).unwrap() - 1;
        let text = std::fs::read_to_string(&files[step]).unwrap();
        let made = format!("CREATE TABLE {} (", table.name);
        assert!(
            text.contains(&made),
            "{} is not made by step {}",
            table.name,
            table.since
        );
    }
}
