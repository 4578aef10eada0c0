//! PostgreSQL: where one machine is not enough.
//!
//! # Configuration
//! `metadata.url = "postgres://…"`, `metadata.password`, `metadata.connections`; the last is shared out among the runtime
//! threads. 15 is what is tested.
//!
//! # Implementation
//! Each runtime thread has a pool of its own, whose connections are driven by that thread. A snapshot is a `REPEATABLE
//! READ READ ONLY` transaction; its `BEGIN` travels with the first statement and its `COMMIT` is not waited for, so that it
//! costs no round trip of its own. A write is a `READ COMMITTED` transaction on a connection of its own; what must not
//! change under it is locked by a row ([`super::locks`]). It runs in a task, so that it goes on when its caller goes away.
//!
//! # Considerations
//! A statement has [`STATEMENT_LIMIT`], which counts waiting for locks too. After an error a transaction can only be undone;
//! a commit after a failed statement is refused, since the server would undo it and call that a success. A connection that
//! broke off is replaced while nothing has been asked on it; a write is run again only if it says that it may be
//! ([`Write::again`]). Text with U+0000, which this engine does not take, is kept escaped ([`text`]).

mod connect;
mod fault;
mod probe;
mod text;

use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Object, Pool};
use tokio::time::Instant;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

pub(super) use connect::connect;
pub(super) use fault::fault;
pub(super) use probe::{has_content, probe};

use super::{DbError, Row, Session, Tx, Value, Write, migrate};
use crate::clock::Clock;
use crate::config::PostgresConfig;

/// The longest statement that is kept prepared.
const MAX_KEPT_BYTES: usize = 2048;

/// How long a statement may take, waiting for others included; the server ends it.
const STATEMENT_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait for the server to say so.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// How long a write may take, all its statements together.
/// Large seeds are one write.
const WRITE_LIMIT: Duration = Duration::from_secs(600);
/// How long a request waits for a connection of its thread.
const POOL_LIMIT: Duration = Duration::from_secs(5);
/// Connections for what the node does beside requests.
const OWN_CONNECTIONS: usize = 4;
/// How often a write is run that the engine undid.
const ATTEMPTS: u32 = 4;
/// It is not run again once it has taken so long.
const RETRY_WITHIN: Duration = Duration::from_secs(5);
/// The pause before it is run again; it doubles each time.
const PAUSE: Duration = Duration::from_millis(20);

const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// The store, as one runtime thread reaches it.
#[derive(Clone)]
pub(super) struct Handle {
    server: Arc<connect::Server>,
    pool: Pool,
    connections: usize,
    commits: Arc<AtomicU64>,
}

impl Handle {
    pub(super) async fn open(
        config: &PostgresConfig,
        connections: usize,
        clock: &Clock,
        schema: i64,
    ) -> Result<Self, DbError> {
        let server = Arc::new(connect::Server::new(config)?);
        migrate::postgres(&mut connect(config).await?, clock, schema).await?;
        Ok(Self {
            pool: server.pool(OWN_CONNECTIONS)?,
            server,
            connections,
            commits: Arc::default(),
        })
    }

    pub(super) fn for_thread(&self, threads: usize) -> Result<Self, DbError> {
        let share = (self.connections / threads.max(1)).max(1);
        Ok(Self {
            pool: self.server.pool(share)?,
            ..self.clone()
        })
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    pub(super) async fn reader(&self) -> Result<Connection, DbError> {
        self.connection(BEGIN_READ).await
    }

    async fn connection(&self, begin: &'static str) -> Result<Connection, DbError> {
        Ok(Connection {
            client: Some(take(&self.pool).await?),
            pool: self.pool.clone(),
            unsent: Some(begin),
            state: State::Good,
        })
    }

    /// Runs `write`, again where the engine undid it and that is the same.
    pub(super) async fn write<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        let handle = self.clone();
        let task = tokio::spawn(async move { handle.write_until_settled(write).await });
        match task.await {
            Ok(result) => result,
            Err(lost) if lost.is_panic() => Err(DbError::Engine("a write panicked".into()).into()),
            Err(_cancelled) => Err(DbError::Stopped.into()),
        }
    }

    async fn write_until_settled<W: Write>(&self, mut write: W) -> Result<W::Output, W::Error> {
        let (mut pause, begun) = (PAUSE, Instant::now());
        for _attempt in 1..ATTEMPTS {
            let Some(again) = write.again() else { break };
            match self.write_once(write).await {
                Ok(output) => return Ok(output),
                Err((error, passing)) if !passing || begun.elapsed() > RETRY_WITHIN => return Err(error),
                Err(_) => {}
            }
            write = again;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.write_once(write).await.map_err(|(error, _)| error)
    }

    /// Runs `write` in a transaction. An error says too whether the engine undid it or broke off, so that another attempt
    /// may fare better.
    async fn write_once<W: Write>(&self, write: W) -> Result<W::Output, (W::Error, bool)> {
        let connection = self.connection(BEGIN_WRITE).await;
        let connection = connection.map_err(|error| {
            let passing = State::after(&error) == State::Undone;
            (error.into(), passing)
        })?;
        let mut session = Session {
            connection: super::Connection::Postgres(connection),
        };
        let ran = tokio::time::timeout(
            WRITE_LIMIT,
            write.run(&mut Tx {
                session: &mut session,
            }),
        )
        .await;
        let super::Connection::Postgres(connection) = session.connection else {
            return Err((DbError::Stopped.into(), false));
        };
        match ran {
            Ok(Ok(output)) => match connection.commit().await {
                Ok(()) => {
                    self.commits.fetch_add(1, Ordering::Release);
                    Ok(output)
                }
                Err(error) => {
                    let passing = State::after(&error) == State::Undone;
                    Err((error.into(), passing))
                }
            },
            Ok(Err(error)) => {
                let passing = connection.state == State::Undone;
                connection.roll_back().await;
                Err((error, passing))
            }
            // Dropped in the middle of a transaction, the connection is closed and the server undoes it.
            Err(_elapsed) => Err((DbError::Busy.into(), false)),
        }
    }
}

/// The schema number of the store on that server; 0 where there is none.
pub(super) async fn version(config: &PostgresConfig) -> Result<i64, DbError> {
    migrate::postgres_version(&connect(config).await?).await
}

/// Nobody waits twice for a server that says nothing.
fn silent() -> DbError {
    DbError::Engine("the server does not answer".into())
}

/// A connection that answers to its pool.
async fn take(pool: &Pool) -> Result<Object, DbError> {
    pool.get().await.map_err(fault::of_pool)
}

/// What the statements of a transaction have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// None has failed.
    Good,
    /// One has failed for a reason that stays.
    Failed,
    /// One has failed because others were in the way, or the server broke off.
    Undone,
}

impl State {
    fn after(error: &DbError) -> Self {
        match error {
            DbError::Busy | DbError::Unreachable(_) => Self::Undone,
            _ => Self::Failed,
        }
    }
}

/// A connection inside a transaction.
pub(super) struct Connection {
    /// Taken away by the end of the transaction alone.
    client: Option<Object>,
    pool: Pool,
    /// What begins the transaction, until it is sent with the first statement.
    unsent: Option<&'static str>,
    state: State,
}

impl Connection {
    pub(super) async fn rows<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let rows = self.query(sql, values).await?;
        rows.iter().map(|row| read(&Columns(row).into())).collect()
    }

    pub(super) async fn row<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let rows = self.query(sql, values).await?;
        rows.first().map(|row| read(&Columns(row).into())).transpose()
    }

    async fn query(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>, DbError> {
        Ok(self.run(&Statement::new(sql, values, Wanted::Rows)).await?.rows)
    }

    pub(super) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        Ok(self
            .run(&Statement::new(sql, values, Wanted::Count))
            .await?
            .changed)
    }

    /// Runs a statement, together with what begins the transaction where that has not been sent. A connection that turns
    /// out to be dead at that moment is replaced: nothing has been asked on it yet.
    async fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, DbError> {
        // Each of the pool's connections may be dead, once.
        let mut replacements = self.pool.status().max_size;
        loop {
            let unsent = self.unsent.take();
            let client = self.client.as_ref().ok_or(DbError::Stopped)?;
            let error = match tokio::time::timeout(ANSWER_LIMIT, statement.ask(client, unsent)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => fault(&error),
                Err(_elapsed) => silent(),
            };
            self.state = State::after(&error);
            if !matches!(error, DbError::Unreachable(_)) || unsent.is_none() || replacements == 0 {
                return Err(error);
            }
            replacements -= 1;
            drop(self.client.take().map(Object::take));
            self.client = Some(take(&self.pool).await?);
            self.unsent = unsent;
            self.state = State::Good;
        }
    }

    /// Ends a read transaction.
    pub(super) fn end_read(mut self) {
        let Some(client) = self.client.take() else { return };
        if self.unsent.is_some() {
            return;
        }
        // Sent, and not waited for: whatever comes next on this connection waits for it.
        let sent = pin!(client.batch_execute("COMMIT")).poll(&mut Context::from_waker(Waker::noop()));
        if matches!(sent, Poll::Ready(Err(_))) || self.state != State::Good {
            drop(Object::take(client));
        }
    }

    async fn commit(mut self) -> Result<(), DbError> {
        if self.unsent.is_some() {
            return Ok(());
        }
        if self.state != State::Good {
            return Err(DbError::Engine(
                "a write went on after one of its statements had failed".into(),
            ));
        }
        let client = self.client.as_ref().ok_or(DbError::Stopped)?;
        match tokio::time::timeout(ANSWER_LIMIT, client.batch_execute("COMMIT")).await {
            Ok(Ok(())) => {
                // Dropped outside of a transaction, it goes back to its pool.
                drop(self.client.take());
                Ok(())
            }
            Ok(Err(error)) => Err(fault(&error)),
            Err(_elapsed) => Err(silent()),
        }
    }

    async fn roll_back(mut self) {
        let Some(client) = self.client.take() else { return };
        if self.unsent.is_some() {
            return;
        }
        let undone = tokio::time::timeout(ANSWER_LIMIT, client.batch_execute("ROLLBACK")).await;
        if !matches!(undone, Ok(Ok(()))) {
            drop(Object::take(client));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // In the middle of a transaction: it is closed, so that the server undoes what was done.
        if let Some(client) = self.client.take()
            && self.unsent.is_none()
        {
            drop(Object::take(client));
        }
    }
}

/// A statement as the driver wants it.
struct Statement<'a> {
    text: String,
    types: Vec<Type>,
    parameters: Vec<&'a (dyn ToSql + Sync)>,
    wanted: Wanted,
}

/// What a statement is asked for.
#[derive(Clone, Copy)]
enum Wanted {
    Rows,
    Count,
}

/// What it answers.
#[derive(Default)]
struct Answer {
    rows: Vec<tokio_postgres::Row>,
    changed: u64,
}

impl<'a> Statement<'a> {
    fn new(sql: &str, values: &'a [Value<'a>], wanted: Wanted) -> Self {
        Self {
            text: numbered(sql),
            types: values.iter().map(type_of).collect(),
            parameters: values.iter().map(|value| value as &(dyn ToSql + Sync)).collect(),
            wanted,
        }
    }

    /// Runs it behind `begin`, which is not waited for where nothing is changed.
    async fn ask(&self, client: &Object, begin: Option<&str>) -> Result<Answer, tokio_postgres::Error> {
        // Prepared by this connection before, or now.
        // A long one is somebody's own filter: it would only push out what everybody needs.
        let prepared = match self.text.len() > MAX_KEPT_BYTES {
            true => client.prepare_typed(&self.text, &self.types).await?,
            false => client.prepare_typed_cached(&self.text, &self.types).await?,
        };
        let answer = self.run(client, &prepared);
        let Some(begin) = begin else { return answer.await };
        if begin == BEGIN_WRITE {
            // Waited for: without a transaction the statement would count by itself.
            client.batch_execute(begin).await?;
            return answer.await;
        }
        // In this order: what is polled first is sent first.
        let (begun, answer) = tokio::join!(biased; client.batch_execute(begin), answer);
        begun?;
        answer
    }

    async fn run(
        &self,
        client: &Object,
        prepared: &tokio_postgres::Statement,
    ) -> Result<Answer, tokio_postgres::Error> {
        let mut answer = Answer::default();
        match self.wanted {
            Wanted::Rows => answer.rows = client.query(prepared, &self.parameters).await?,
            Wanted::Count => answer.changed = client.execute(prepared, &self.parameters).await?,
        }
        Ok(answer)
    }
}

/// `?1` as this engine writes it: `$1`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut parts = sql.split('?');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let sign = if part.starts_with(|c: char| c.is_ascii_digit()) {
            '$'
        } else {
            '?'
        };
        // Writing into a String does not fail.
        let _written = write!(text, "{sign}{part}");
    }
    text
}

fn type_of(value: &Value<'_>) -> Type {
    match value {
        Value::Int(_) => Type::INT8,
        Value::Bool(_) => Type::BOOL,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Int(value) => value.to_sql(kind, out),
            Value::Bool(value) => value.to_sql(kind, out),
            Value::Text(value) => value.map(text::stored).to_sql(kind, out),
            Value::Bytes(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The columns of a row.
pub(super) struct Columns<'a>(&'a tokio_postgres::Row);

impl Columns<'_> {
    pub(super) fn int(&self, index: usize) -> Result<Option<i64>, DbError> {
        self.0.try_get(index).map_err(|error| fault(&error))
    }

    pub(super) fn bool(&self, index: usize) -> Result<Option<bool>, DbError> {
        self.0.try_get(index).map_err(|error| fault(&error))
    }

    pub(super) fn text(&self, index: usize) -> Result<Option<String>, DbError> {
        let value: Option<&str> = self.0.try_get(index).map_err(|error| fault(&error))?;
        Ok(value.map(text::original))
    }

    pub(super) fn bytes(&self, index: usize) -> Result<Option<Vec<u8>>, DbError> {
        self.0.try_get(index).map_err(|error| fault(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn placeholders_are_written_as_the_engine_writes_them() {
        assert_eq!(
            numbered("SELECT ?1, ?12 WHERE a = ?2"),
            "SELECT $1, $12 WHERE a = $2"
        );
        assert_eq!(numbered("SELECT a ? b"), "SELECT a ? b");
        assert_eq!(numbered(""), "");
    }
}
