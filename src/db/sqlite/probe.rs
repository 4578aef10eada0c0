//! Looking at a file without bringing it up to date.

use std::path::Path;

use rusqlite::TransactionBehavior;

use super::Engine;
use crate::db::{ANY_CONTENT, DbError, migrate};

/// The schema number of the store at `path`, which is there; 0 for an empty file. Blocks the thread.
pub(in crate::db) fn version(path: &Path) -> Result<i64, DbError> {
    let engine = Engine {
        path: path.to_owned(),
    };
    migrate::check_sqlite(&engine.plain()?)
}

/// Whether the store at `path`, which is there, has rows of content. Blocks the thread.
pub(in crate::db) fn has_content(path: &Path) -> Result<bool, DbError> {
    let engine = Engine {
        path: path.to_owned(),
    };
    let connection = engine.plain()?;
    if migrate::check_sqlite(&connection)? == 0 {
        return Ok(false);
    }
    Ok(connection.prepare(ANY_CONTENT)?.exists([])?)
}

/// Tries the store at `path` out, without bringing it up to date: whether it is one, and whether a row can be written.
/// Blocks the thread.
pub(in crate::db) fn probe(path: &Path) -> Result<(), DbError> {
    const WRITE: &str = "
        INSERT INTO store (name, value)
        VALUES ('probe', 'may be removed')
        ON CONFLICT (name) DO NOTHING";
    const REMOVE: &str = "
        DELETE FROM store
        WHERE name = 'probe'";
    let engine = Engine {
        path: path.to_owned(),
    };
    let mut connection = engine.plain()?;
    if migrate::check_sqlite(&connection)? == 0 {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(WRITE, [])?;
    tx.execute(REMOVE, [])?;
    Ok(tx.commit()?)
}
