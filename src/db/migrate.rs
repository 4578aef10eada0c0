//! Schema steps: forward only, each in a transaction of its own, the same numbers for every engine.
//!
//! A store that is newer than this program, or a file of another application, is refused untouched.

use rusqlite::{Connection, TransactionBehavior};

use super::DbError;
use crate::clock::Clock;

/// `PRAGMA application_id` of a store: "Grph" as a 32-bit number.
const APPLICATION_ID: i64 = 0x4772_7068;

/// The steps in order; a step's number is its place, from 1.
const STEPS: [&str; 1] = [include_str!("../../migrations/sqlite/0001_start.sql")];

/// Number of the newest step.
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub const NEWEST: i64 = STEPS.len() as i64;

/// Refuses what is not a store of ours, or a newer one, without touching it.
pub(super) fn check(connection: &Connection) -> Result<(), DbError> {
    settled_version(connection).map(|_| ())
}

/// Brings the store behind `connection` to [`NEWEST`].
pub(super) fn migrate(connection: &mut Connection, clock: &Clock) -> Result<(), DbError> {
    let found = settled_version(connection)?;
    if found == NEWEST {
        return Ok(());
    }
    // Somebody else may be at it: look again once the write lock is ours.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut number = version(&tx)?;
    for step in STEPS.iter().skip(usize::try_from(number).unwrap_or(usize::MAX)) {
        tx.execute_batch(step)?;
        number += 1;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", number)?;
    if found == 0 {
        let made = clock.now().to_string();
        tx.execute(
            "INSERT INTO store (name, value) VALUES ('created', ?1) ON CONFLICT DO NOTHING",
            [made],
        )?;
    }
    tx.commit()?;
    Ok(())
}

/// The schema number of one state of the store: somebody else may be making it at this moment.
fn settled_version(connection: &Connection) -> Result<i64, DbError> {
    let tx = connection.unchecked_transaction()?;
    version(&tx)
}

/// The schema number of the store; 0 for an empty file.
fn version(connection: &Connection) -> Result<i64, DbError> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION_ID, version) if version > NEWEST => Err(DbError::Newer {
            found: version,
            known: NEWEST,
        }),
        (APPLICATION_ID, version) if version > 0 => Ok(version),
        _ => Err(DbError::Foreign),
    }
}
