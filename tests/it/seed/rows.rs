//! Everything that a store holds, for comparing before and after.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;

/// The rows of every table, each row as one text.
pub fn of(database: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    names
        .into_iter()
        .map(|name| (name.clone(), of_table(&connection, &name)))
        .collect()
}

fn of_table(connection: &rusqlite::Connection, name: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..columns).map(|at| match row.get_ref(at).unwrap() {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        });
        found.push(cells.collect::<Vec<_>>().join(" | "));
    }
    found.sort();
    found
}

/// Path, inode, length and time of change of every file.
pub fn stamps(files: &[PathBuf]) -> Vec<(PathBuf, u64, u64, i64, i64)> {
    let stamp = |file: &PathBuf| {
        let found = std::fs::metadata(file).unwrap();
        (
            file.clone(),
            found.ino(),
            found.len(),
            found.mtime(),
            found.mtime_nsec(),
        )
    };
    let mut stamps: Vec<_> = files.iter().map(stamp).collect();
    stamps.sort();
    stamps
}
