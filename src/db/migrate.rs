//! Schema steps: forward only, all that are missing in one transaction, the same numbers for every engine.
//!
//! A store that is newer than this program, or a database of another application, is refused untouched. What a database is
//! stands in SQLite's own header fields; PostgreSQL has none, so there it stands in the table `store`.

use rusqlite::{Connection, TransactionBehavior};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient, IsolationLevel};

use super::DbError;
use super::postgres::fault;
use crate::clock::Clock;

/// `PRAGMA application_id` of a store: "Grph" as a 32-bit number.
const APPLICATION_ID: i64 = 0x4772_7068;
/// The same for PostgreSQL: what stands in `store` under the name `application`.
const APPLICATION: &str = "graphophone";
/// The advisory lock that is held while a PostgreSQL store is brought to the newest schema.
const MIGRATION_LOCK: i64 = APPLICATION_ID;

/// A step, as each engine takes it.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

/// The steps in order; a step's number is its place, from 1.
const STEPS: [Step; 6] = [
    Step {
        sqlite: include_str!("../../migrations/sqlite/0001_start.sql"),
        postgres: include_str!("../../migrations/postgres/0001_start.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0002_write_locks.sql"),
        postgres: include_str!("../../migrations/postgres/0002_write_locks.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0003_authority.sql"),
        postgres: include_str!("../../migrations/postgres/0003_authority.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0004_exports.sql"),
        postgres: include_str!("../../migrations/postgres/0004_exports.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0005_uploads.sql"),
        postgres: include_str!("../../migrations/postgres/0005_uploads.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/sqlite/0006_tree.sql"),
        postgres: include_str!("../../migrations/postgres/0006_tree.sql"),
    },
];

/// Number of the newest step.
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub const NEWEST: i64 = STEPS.len() as i64;

/// The steps behind number `found`, up to number `to`.
fn missing(found: i64, to: i64) -> impl Iterator<Item = &'static Step> {
    let number = |number: i64| usize::try_from(number).unwrap_or(0);
    STEPS.iter().take(number(to)).skip(number(found))
}

/// The tables that the steps make.
pub(super) fn tables() -> Vec<&'static str> {
    let lines = STEPS.iter().flat_map(|step| step.postgres.lines());
    let names = lines.filter_map(|line| line.strip_prefix("CREATE TABLE "));
    names.filter_map(|rest| rest.split_whitespace().next()).collect()
}

/// A schema number, unless it is one of the future.
fn known(found: i64) -> Result<i64, DbError> {
    match found > NEWEST {
        true => Err(DbError::Newer { found, known: NEWEST }),
        false => Ok(found),
    }
}

/// Refuses what is not a store of ours, or a newer one, without touching it.
///
/// Gives its schema number, 0 for an empty file.
pub(super) fn check_sqlite(connection: &Connection) -> Result<i64, DbError> {
    settled_version(connection)
}

/// Brings the store behind `connection` to step `to`, if it is not there yet.
pub(super) fn sqlite(connection: &mut Connection, clock: &Clock, to: i64) -> Result<(), DbError> {
    let found = settled_version(connection)?;
    if found >= to {
        return Ok(());
    }
    // Somebody else may be at it: look again once the write lock is ours.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut number = version(&tx)?;
    for step in missing(number, to) {
        tx.execute_batch(step.sqlite)?;
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
        (APPLICATION_ID, version) if version > 0 => known(version),
        _ => Err(DbError::Foreign),
    }
}

/// Brings the store of that PostgreSQL database to step `to`, if it is not there yet. Nodes may start together: one of them does
/// it, the others wait.
pub(super) async fn postgres(client: &mut Client, clock: &Clock, to: i64) -> Result<(), DbError> {
    if postgres_version(client).await? >= to {
        return Ok(());
    }
    // Whatever is the database's default: what is looked at behind the lock has to be what is there then.
    let tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .read_only(false)
        .start()
        .await
        .map_err(not_allowed)?;
    // Held until the commit. A step over many rows takes longer than statements otherwise may.
    let prepared = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    tx.batch_execute(&prepared).await.map_err(not_allowed)?;
    let found = postgres_version(&tx).await?;
    for step in missing(found, to) {
        tx.batch_execute(step.postgres).await.map_err(not_allowed)?;
    }
    if found == 0 {
        let said: [(&str, &str); 2] = [
            ("application", APPLICATION),
            ("created", &clock.now().to_string()),
        ];
        for (name, value) in said {
            let sql = "INSERT INTO store (name, value) VALUES ($1, $2)";
            tx.execute(sql, &[&name, &value])
                .await
                .map_err(|error| fault(&error))?;
        }
    }
    let sql = "INSERT INTO store (name, value) VALUES ('schema', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(sql, &[&found.max(to).to_string()])
        .await
        .map_err(|error| fault(&error))?;
    tx.commit().await.map_err(|error| fault(&error))
}

/// The schema number of the store in that database, of the schema that new tables would be made in; 0 where there is
/// nothing.
pub(super) async fn postgres_version(client: &impl GenericClient) -> Result<i64, DbError> {
    const TABLES: &str = "
        SELECT current_setting('server_encoding'), COUNT(c.oid),
               COUNT(c.oid) FILTER (WHERE c.relname = 'store')
        FROM pg_catalog.pg_namespace AS n
        LEFT JOIN pg_catalog.pg_class AS c
          ON c.relnamespace = n.oid
         AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        WHERE n.nspname = current_schema()";
    // Somebody else's table of that name may have other types.
    const SAID: &str = "SELECT value::TEXT FROM store WHERE name::TEXT = $1";
    let row = client
        .query_opt(TABLES, &[])
        .await
        .map_err(|error| fault(&error))?;
    let Some(row) = row else {
        let text = "metadata.url: the role has no schema to make tables in; make one of its name, or grant it one of its \
                    search_path";
        return Err(DbError::SetUp(text.to_owned()));
    };
    let column = |error| fault(&error);
    let encoding: String = row.try_get(0).map_err(column)?;
    if encoding != "UTF8" {
        let text =
            format!("metadata.url: the database is encoded as {encoding}; make one with ENCODING 'UTF8'");
        return Err(DbError::SetUp(text));
    }
    let (tables, stores): (i64, i64) = (row.try_get(1).map_err(column)?, row.try_get(2).map_err(column)?);
    if tables == 0 {
        return Ok(0);
    }
    if stores == 0 {
        return Err(DbError::Foreign);
    }
    let mut said = Vec::new();
    for name in ["application", "schema"] {
        let found = client
            .query_opt(SAID, &[&name])
            .await
            .map_err(|error| match error.code() {
                // A table of that name with other columns.
                Some(&SqlState::UNDEFINED_COLUMN) => DbError::Foreign,
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => DbError::SetUp(
                    "metadata.url: the role may not read the tables that are there; grant it SELECT, INSERT, UPDATE and \
                     DELETE on them, or name another database"
                        .to_owned(),
                ),
                _ => fault(&error),
            })?;
        let value: Option<String> = match found {
            Some(row) => row.try_get(0).map_err(column)?,
            None => None,
        };
        said.push(value);
    }
    match said.as_slice() {
        [Some(application), Some(schema)] if application == APPLICATION => {
            known(schema.parse().map_err(|_| DbError::Foreign)?)
        }
        _ => Err(DbError::Foreign),
    }
}

/// An error of a step, in words for whoever may grant what is missing.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err as it is")]
fn not_allowed(error: tokio_postgres::Error) -> DbError {
    match fault(&error) {
        DbError::Denied(text) => DbError::SetUp(format!(
            "metadata.url: the role may not bring the schema up to date ({text}); grant it CREATE on the schema, or start \
             once as the tables' owner"
        )),
        DbError::ReadOnly => DbError::SetUp(
            "metadata.url: the schema has to be brought up to date, but this server can only be read; set \
             target_session_attrs=read-write"
                .to_owned(),
        ),
        other => other,
    }
}
