//! Trying a server out: whether it lets us do all that has to be done, and whether it keeps what it says it keeps.

use tokio_postgres::{Client, Error};

use super::{DbError, connect, fault};
use crate::config::{Finding, PostgresConfig};
use crate::db::{ANY_CONTENT, migrate};

/// Rights that every table of ours has to give; others may lie beside them.
const RIGHTS: &str = "
    SELECT c.relname || ' (' || string_agg(r.name, ', ') || ')'
    FROM pg_catalog.pg_class AS c
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS r (name)
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind IN ('r', 'p')
      AND c.relname = ANY ($1)
      AND NOT has_table_privilege(c.oid, r.name)
    GROUP BY c.relname
    ORDER BY c.relname";
const MAY_CREATE: &str = "SELECT has_schema_privilege(current_schema(), 'CREATE')";
/// What a role or a database only sets as its default is no hindrance: our transactions say what they are.
const ONLY_READS: &str = "SELECT pg_is_in_recovery()";
/// A row that comes and goes.
const WRITE: &str = "
    BEGIN READ WRITE;
    INSERT INTO store (name, value) VALUES ('probe', 'may be removed') ON CONFLICT (name) DO NOTHING;
    DELETE FROM store WHERE name = 'probe';
    COMMIT";
const SETTING: &str = "SELECT current_setting($1) = 'off'";
/// Replicas, none of which is waited for.
const LATE_REPLICAS: &str = "
    SELECT COUNT(*) > 0
    FROM pg_stat_replication
    WHERE current_setting('synchronous_standby_names') = ''";

/// Whether the store there has rows of content; `false` where there is none.
pub(in crate::db) async fn has_content(server: &PostgresConfig) -> Result<bool, DbError> {
    let client = connect(server).await?;
    if migrate::postgres_version(&client).await? == 0 {
        return Ok(false);
    }
    let row = client.query_opt(ANY_CONTENT, &[]).await;
    Ok(row.map_err(|error| fault(&error))?.is_some())
}

/// What is wrong with that server.
pub(in crate::db) async fn probe(server: &PostgresConfig) -> Vec<Finding> {
    let found = match connect(server).await {
        Ok(client) => try_out(&client).await,
        Err(error) => Err(error),
    };
    found.unwrap_or_else(|error| {
        vec![problem(&match error {
            DbError::SetUp(line) => line,
            other => format!("metadata.url: {other}"),
        })]
    })
}

async fn try_out(client: &Client) -> Result<Vec<Finding>, DbError> {
    let mut findings = Vec::new();
    let version = migrate::postgres_version(client).await?;
    if truth(client, ONLY_READS, &[]).await? {
        findings.push(warning(
            "metadata.url: this server can only be read: metadata is answered, but content is not, for want of its audit \
             record; set target_session_attrs=read-write",
        ));
    } else {
        findings.extend(writing(client, version).await?);
    }
    for (setting, loss) in [
        ("fsync", "after a power cut the database may be lost whole"),
        (
            "full_page_writes",
            "after a power cut pages of the database may be torn",
        ),
    ] {
        if truth(client, SETTING, &[&setting]).await? {
            findings.push(warning(&format!(
                "metadata.url: the server has {setting}=off: {loss}; set it to on"
            )));
        }
    }
    if truth(client, LATE_REPLICAS, &[]).await? {
        findings.push(warning(
            "metadata.url: the server's replicas are asynchronous: what was acknowledged is lost when one of them takes over \
             early; set synchronous_standby_names",
        ));
    }
    Ok(findings)
}

/// Whether rows can be written, or made room for.
async fn writing(client: &Client, version: i64) -> Result<Vec<Finding>, DbError> {
    let may_create = truth(client, MAY_CREATE, &[]).await?;
    let behind = version < migrate::NEWEST;
    if behind && !may_create {
        return Ok(vec![problem(
            "metadata.url: the role may not make tables in its schema: grant it CREATE on the schema",
        )]);
    }
    if version == 0 {
        return Ok(Vec::new());
    }
    let rows = client
        .query(RIGHTS, &[&migrate::tables()])
        .await
        .map_err(|error| fault(&error))?;
    let lacking: Result<Vec<String>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
    let lacking = lacking.map_err(|error| fault(&error))?;
    if !lacking.is_empty() {
        return Ok(vec![problem(&format!(
            "metadata.url: the role lacks rights on {}: grant them",
            lacking.join(", ")
        ))]);
    }
    client.batch_execute(WRITE).await.map_err(|error| fault(&error))?;
    Ok(Vec::new())
}

async fn truth(
    client: &Client,
    sql: &str,
    values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<bool, DbError> {
    let row = client
        .query_one(sql, values)
        .await
        .map_err(|error| fault(&error))?;
    row.try_get(0).map_err(|error| fault(&error))
}

fn problem(line: &str) -> Finding {
    Finding {
        is_problem: true,
        line: line.to_owned(),
    }
}

fn warning(line: &str) -> Finding {
    Finding {
        is_problem: false,
        line: line.to_owned(),
    }
}
