//! Rows: one text of SQL for every engine, typed values in, typed rows out.
//!
//! Three actors. A [`Snapshot`] reads: it owns one connection of this runtime thread until it is dropped, and all
//! that it answers belongs to one state of the store. A [`Write`] changes something: it is run inside a
//! transaction and answered once it would survive a power cut. [`Db`] makes the one and takes the other; there
//! is one `Db` a runtime thread ([`Db::for_thread`]), and all of them share the committer.
//!
//! Only this room names a database driver. It knows no HTTP and no access rules.

pub mod access_policies;
pub mod adhoc_calls;
pub mod applications;
pub mod artifacts;
pub mod audit;
pub mod changes;
pub mod consents;
pub mod content_objects;
mod error;
pub mod meetings;
mod migrate;
mod row;
pub mod signing_keys;
pub mod sql;
mod sqlite;
pub mod tenants;
pub mod users;
mod value;

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use error::DbError;
pub use migrate::NEWEST as NEWEST_MIGRATION;
pub use row::Row;
pub use value::Value;

use crate::clock::Clock;

/// The store's rows, as one runtime thread reaches them. A clone shares the thread's connections.
#[derive(Clone)]
pub struct Db {
    readers: Arc<Mutex<Vec<Session>>>,
    // Behind the readers, so that they are closed first and the committer's connection is the last.
    shared: Arc<Shared>,
}

struct Shared {
    engine: sqlite::Engine,
    committer: sqlite::Committer,
}

/// A connection inside a transaction: what statements are given to.
pub struct Session {
    connection: sqlite::Connection,
}

/// A read transaction. Everything that it answers is of one state of the store.
pub struct Snapshot {
    session: Option<Session>,
    home: Arc<Mutex<Vec<Session>>>,
}

/// A write transaction, as a [`Write`] sees it.
pub struct Tx<'a> {
    session: &'a mut Session,
}

/// A change of the store, with a name, that does nothing slow: no file, no network.
///
/// It may be run again from the start when the engine asks for that, so it keeps no state outside the
/// transaction.
pub trait Write: Send + 'static {
    /// What it answers.
    type Output: Send + 'static;
    /// Why it may refuse; a refusal undoes everything that it did.
    type Error: From<DbError> + Send + 'static;

    /// Runs it inside `tx`.
    fn run(self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

impl Db {
    /// Opens the SQLite file at `path`, making it and bringing it to the newest schema where necessary.
    ///
    /// # Errors
    /// [`DbError::Newer`] for a store of a later version, [`DbError::Foreign`] for another application's file,
    /// and what the engine says.
    pub fn open(path: &Path, clock: &Clock) -> Result<Self, DbError> {
        let engine = sqlite::Engine::open(path, clock)?;
        let committer = sqlite::Committer::start(&engine)?;
        Ok(Self {
            shared: Arc::new(Shared { engine, committer }),
            readers: Arc::default(),
        })
    }

    /// The same store for another runtime thread, with connections of its own.
    pub fn for_thread(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            readers: Arc::default(),
        }
    }

    /// Begins to read. A few µs: the connection comes from the thread's free list.
    ///
    /// # Errors
    /// [`DbError`] where a connection cannot be had.
    #[expect(clippy::unused_async, reason = "a pooled engine waits for a connection here")]
    pub async fn snapshot(&self) -> Result<Snapshot, DbError> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut session = match free {
            Some(session) => session,
            None => Session {
                connection: self.shared.engine.reader()?,
            },
        };
        session.connection.begin_read()?;
        Ok(Snapshot {
            session: Some(session),
            home: Arc::clone(&self.readers),
        })
    }

    /// Runs `write` in a transaction and answers when that is durable.
    ///
    /// # Errors
    /// What `write` refused with, or the engine's own failure; then nothing of it is in the store.
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        self.shared.committer.submit(write).await
    }

    /// How often something has been committed through this process.
    pub fn commits(&self) -> u64 {
        self.shared.committer.commits()
    }
}

impl Session {
    /// The rows that `sql` answers, each turned into a `T` by `read`.
    ///
    /// # Errors
    /// [`DbError`] of the engine or of `read`.
    #[expect(
        clippy::unused_async,
        reason = "a networked engine waits here; SQLite answers in line"
    )]
    pub async fn rows<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Vec<T>, DbError> {
        self.connection.rows(sql, values, read)
    }

    /// The one row that `sql` answers, if any; further rows are not looked at.
    ///
    /// # Errors
    /// [`DbError`] of the engine or of `read`.
    #[expect(
        clippy::unused_async,
        reason = "a networked engine waits here; SQLite answers in line"
    )]
    pub async fn row<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError> + Send,
    ) -> Result<Option<T>, DbError> {
        self.connection.row(sql, values, read)
    }
}

impl Tx<'_> {
    /// Runs a statement that answers no rows; gives the number of rows that it changed.
    ///
    /// # Errors
    /// [`DbError::Conflict`] where a constraint refuses it, and what the engine says.
    #[expect(
        clippy::unused_async,
        reason = "a networked engine waits here; SQLite answers in line"
    )]
    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        self.session.connection.execute(sql, values)
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
        let Some(mut session) = self.session.take() else {
            return;
        };
        // A connection that cannot end its transaction is closed instead of used again.
        if session.connection.end_read() {
            self.home
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(session);
        }
    }
}
