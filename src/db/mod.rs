//! Rows: one text of SQL for every engine, typed values in, typed rows out.
//!
//! Three actors. A [`Snapshot`] reads: it owns one connection of this runtime thread until it is dropped, and all
//! that it answers belongs to one state of the store. A [`Write`] changes something: it is run inside a
//! transaction and answered once it would survive a power cut. [`Db`] makes the one and takes the other; there
//! is one `Db` a runtime thread ([`Db::for_thread`]). On SQLite all of them share the committer; on PostgreSQL each has
//! a pool of connections.
//!
//! Only this room names a database driver. It knows no HTTP and no access rules.

pub mod access_policies;
pub mod adhoc_calls;
pub mod application_credentials;
pub mod applications;
pub mod artifacts;
pub mod audit;
pub mod changes;
pub mod consents;
pub mod content_objects;
pub mod described;
pub mod device_codes;
pub mod directory;
pub mod dump;
pub mod ended;
mod error;
pub mod failed_attempts;
pub mod imported_files;
pub mod jobs;
pub mod keeping;
pub mod locks;
pub mod meetings;
mod migrate;
pub mod one_time_links;
pub mod pages;
pub mod permission_grants;
mod postgres;
mod row;
pub mod sign_in_sessions;
pub mod signing_keys;
pub mod sql;
mod sqlite;
pub mod tenants;
pub mod token_grants;
pub mod tombstones;
pub mod upload_sessions;
pub mod users;
mod value;
pub mod verify_runs;

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use error::DbError;
pub use migrate::NEWEST as NEWEST_MIGRATION;
pub use row::Row;
#[cfg(test)]
pub(crate) use sqlite::add_functions_for_test;
pub use value::Value;

use crate::clock::Clock;
use crate::config::{Finding, MetadataPlace};

/// The store's rows, as one runtime thread reaches them. A clone shares the thread's connections.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Handle),
    Postgres(postgres::Handle),
}

/// A connection inside a transaction: what statements are given to.
pub struct Session {
    connection: Connection,
}

enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
}

/// A read transaction. Everything that it answers is of one state of the store.
pub struct Snapshot {
    session: Option<Session>,
    home: Option<Arc<Mutex<Vec<sqlite::Connection>>>>,
}

/// A write transaction, as a [`Write`] sees it.
pub struct Tx<'a> {
    session: &'a mut Session,
}

/// A change of the store, with a name, that does nothing slow: no file, no network.
///
/// It keeps no state outside the transaction, for it may be run more than once: see [`Write::again`].
pub trait Write: Send + Sized + 'static {
    /// What it answers.
    type Output: Send + 'static;
    /// Why it may refuse; a refusal undoes everything that it did.
    type Error: From<DbError> + Send + 'static;

    /// A copy to run where the engine has undone the first, or broken off without saying what became of it. `None`
    /// unless running it twice comes to the same as running it once.
    fn again(&self) -> Option<Self>;

    /// Runs it inside `tx`.
    fn run(self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

/// A row of content, in every schema that there has been.
const ANY_CONTENT: &str = "
    SELECT content_key
    FROM content_objects
    WHERE content_key > ''
    ORDER BY content_key
    LIMIT 1";

impl Db {
    /// Opens the store at `place`, making it and bringing it to the newest schema where necessary. `threads` runtime
    /// threads will share `connections` to a PostgreSQL server.
    ///
    /// # Errors
    /// [`DbError::Newer`] for a store of a later version, [`DbError::Foreign`] for another application's database,
    /// [`DbError::SetUp`] for what an operator can mend, and what the engine says.
    pub async fn open(place: &MetadataPlace, connections: usize, clock: &Clock) -> Result<Self, DbError> {
        Self::open_at(place, connections, clock, NEWEST_MIGRATION).await
    }

    /// The same, bringing it to the step `schema` and no further: for rows of an older store. A store that is further stays so.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_at(
        place: &MetadataPlace,
        connections: usize,
        clock: &Clock,
        schema: i64,
    ) -> Result<Self, DbError> {
        let engine = match place {
            MetadataPlace::Sqlite(path) => {
                let (path, clock) = (path.clone(), clock.clone());
                // Waits for other processes that write.
                let open = move || sqlite::Handle::open(&path, &clock, schema);
                let opened = tokio::task::spawn_blocking(open).await;
                Engine::Sqlite(opened.map_err(|lost| DbError::Engine(Box::new(lost)))??)
            }
            MetadataPlace::Postgres(server) => {
                Engine::Postgres(postgres::Handle::open(server, connections, clock, schema).await?)
            }
        };
        Ok(Self { engine })
    }

    /// Opens the SQLite file at `path`. Blocks the thread.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn open_file(path: &Path, clock: &Clock) -> Result<Self, DbError> {
        Ok(Self {
            engine: Engine::Sqlite(sqlite::Handle::open(path, clock, NEWEST_MIGRATION)?),
        })
    }

    /// Whether there is a store at `place`, of whatever version; makes none.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn is_there(place: &MetadataPlace) -> Result<bool, DbError> {
        match place {
            MetadataPlace::Sqlite(path) => Ok(path.is_file()),
            MetadataPlace::Postgres(server) => Ok(postgres::version(server).await? > 0),
        }
    }

    /// The schema number of the store at `place`, 0 where there is none; makes none.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn version(place: &MetadataPlace) -> Result<i64, DbError> {
        match place {
            MetadataPlace::Sqlite(path) if !path.exists() => Ok(0),
            MetadataPlace::Sqlite(path) => {
                let path = path.clone();
                let looked = tokio::task::spawn_blocking(move || sqlite::version(&path)).await;
                looked.map_err(|lost| DbError::Engine(Box::new(lost)))?
            }
            MetadataPlace::Postgres(server) => postgres::version(server).await,
        }
    }

    /// Whether there is a store at `place` that knows content; makes and changes nothing.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn has_content(place: &MetadataPlace) -> Result<bool, DbError> {
        match place {
            MetadataPlace::Sqlite(path) if !path.exists() => Ok(false),
            MetadataPlace::Sqlite(path) => {
                let path = path.clone();
                let looked = tokio::task::spawn_blocking(move || sqlite::has_content(&path)).await;
                looked.map_err(|lost| DbError::Engine(Box::new(lost)))?
            }
            MetadataPlace::Postgres(server) => postgres::has_content(server).await,
        }
    }

    /// Tries out what is at `place`, and makes and changes nothing that stays. Where there is no file yet, that is fine.
    pub async fn probe(place: &MetadataPlace) -> Vec<Finding> {
        let path = match place {
            MetadataPlace::Postgres(server) => return postgres::probe(server).await,
            MetadataPlace::Sqlite(path) => path.clone(),
        };
        if !path.exists() {
            return Vec::new();
        }
        let shown = path.display().to_string();
        let probed = tokio::task::spawn_blocking(move || sqlite::probe(&path)).await;
        let line = match probed {
            Ok(Ok(())) => return Vec::new(),
            Ok(Err(error)) => format!("{shown}: {error}"),
            Err(lost) => format!("{shown}: {lost}"),
        };
        vec![Finding {
            is_problem: true,
            line,
        }]
    }

    /// The same store for one of `threads` runtime threads, with connections of its own: a connection is driven by the
    /// runtime that made it, and says nothing to another one while that one stands still.
    ///
    /// # Errors
    /// [`DbError`] where there can be no such connections.
    pub fn for_thread(&self, threads: usize) -> Result<Self, DbError> {
        let engine = match &self.engine {
            Engine::Sqlite(handle) => Engine::Sqlite(handle.for_thread()),
            Engine::Postgres(handle) => Engine::Postgres(handle.for_thread(threads)?),
        };
        Ok(Self { engine })
    }

    /// Begins to read. On SQLite a few µs: the connection comes from the thread's free list.
    ///
    /// # Errors
    /// [`DbError`] where a connection cannot be had.
    pub async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let (connection, home) = match &self.engine {
            Engine::Sqlite(handle) => (Connection::Sqlite(handle.reader()?), Some(handle.home())),
            Engine::Postgres(handle) => (Connection::Postgres(handle.reader().await?), None),
        };
        Ok(Snapshot {
            session: Some(Session { connection }),
            home,
        })
    }

    /// Runs `write` in a transaction and answers when that is durable. It goes on when its caller goes away.
    ///
    /// # Errors
    /// What `write` refused with, or the engine's own failure. Then nothing of it is in the store, unless the engine broke
    /// off while it committed: [`DbError::Unreachable`].
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        match &self.engine {
            Engine::Sqlite(handle) => handle.submit(write).await,
            Engine::Postgres(handle) => handle.write(write).await,
        }
    }

    /// How often something has been committed through this process.
    pub fn commits(&self) -> u64 {
        match &self.engine {
            Engine::Sqlite(handle) => handle.commits(),
            Engine::Postgres(handle) => handle.commits(),
        }
    }
}

impl Session {
    /// The rows that `sql` answers, each turned into a `T` by `read`.
    ///
    /// # Errors
    /// [`DbError`] of the engine or of `read`.
    pub async fn rows<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Vec<T>, DbError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.rows(sql, values, read),
            Connection::Postgres(connection) => connection.rows(sql, values, read).await,
        }
    }

    /// The one row that `sql` answers, if any; further rows are not looked at.
    ///
    /// # Errors
    /// [`DbError`] of the engine or of `read`.
    pub async fn row<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Option<T>, DbError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.row(sql, values, read),
            Connection::Postgres(connection) => connection.row(sql, values, read).await,
        }
    }
}

impl Tx<'_> {
    /// Runs a statement that answers no rows; gives the number of rows that it changed.
    ///
    /// # Errors
    /// [`DbError::Conflict`] where a constraint refuses it, and what the engine says. After an error the transaction can only
    /// be given up: PostgreSQL runs no further statement in it.
    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        match &mut self.session.connection {
            Connection::Sqlite(connection) => connection.execute(sql, values),
            Connection::Postgres(connection) => connection.execute(sql, values).await,
        }
    }
}

impl std::ops::Deref for Snapshot {
    type Target = Session;

    #[expect(clippy::expect_used, reason = "the session is taken out only by drop")]
    fn deref(&self) -> &Session {
        self.session
            .as_ref()
            .expect("a snapshot keeps its session until it is dropped")
    }
}

impl std::ops::DerefMut for Snapshot {
    #[expect(clippy::expect_used, reason = "the session is taken out only by drop")]
    fn deref_mut(&mut self) -> &mut Session {
        self.session
            .as_mut()
            .expect("a snapshot keeps its session until it is dropped")
    }
}

impl std::ops::Deref for Tx<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        match self.session.take().map(|session| session.connection) {
            Some(Connection::Postgres(connection)) => connection.end_read(),
            Some(Connection::Sqlite(mut connection)) => {
                // A connection that cannot end its transaction is closed instead of used again.
                if connection.end_read()
                    && let Some(home) = &self.home
                {
                    home.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(connection);
                }
            }
            None => {}
        }
    }
}
