//! SQLite: the default engine.
//!
//! # Configuration
//! `metadata.url = "sqlite:FILE"`. WAL, `synchronous=FULL`, foreign keys on; the file is readable by its owner
//! alone.
//!
//! # Implementation
//! Reads run in line on the runtime thread: a prepared point read takes a few µs, less than handing it to
//! another thread. Writes go to one committer thread, which takes what is queued (at most [`BATCH`]), runs each
//! write in a savepoint of one transaction and answers all of them after its commit, so that concurrent writers
//! share one fsync. It never waits for more when the queue is empty.
//!
//! # Considerations
//! Other processes (the administrative commands) write beside the server; `BEGIN IMMEDIATE` waits for them up to
//! [`BUSY_TIMEOUT`]. Versions 3.7.0 to 3.51.2 can lose data when one connection checkpoints while another
//! writes, so the linked version is asserted.

mod driver;
mod functions;
mod probe;

use std::future::Future;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{OpenFlags, params_from_iter};
use tokio::sync::{mpsc, oneshot};

pub(super) use driver::Columns;
#[cfg(test)]
pub(crate) use functions::add_functions as add_functions_for_test;
use functions::add_functions;
pub(super) use probe::{has_content, probe, version};

use super::{DbError, Row, Session, Tx, Value, Write, migrate};
use crate::clock::Clock;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before another attempt to change a new file to WAL.
const WAL_PAUSE: Duration = Duration::from_millis(10);
/// How many queued writes share one transaction.
const BATCH: usize = 64;
/// How many writes may wait before further callers wait to enqueue theirs.
const QUEUE: usize = 1024;
/// Prepared statements kept by a connection.
const STATEMENTS: usize = 128;
/// The longest statement that is kept prepared.
const MAX_KEPT_BYTES: usize = 2048;
/// The first version without the checkpoint fault named above.
const OLDEST_GOOD_VERSION: i32 = 3_051_003;

/// The store, as one runtime thread reaches it.
#[derive(Clone)]
pub(super) struct Handle {
    readers: Arc<Mutex<Vec<Connection>>>,
    // Behind the readers, so that they are closed first and the committer's connection is the last.
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    committer: Committer,
}

impl Handle {
    pub(super) fn open(path: &Path, clock: &Clock, schema: i64) -> Result<Self, DbError> {
        let engine = Engine::open(path, clock, schema)?;
        let committer = Committer::start(&engine)?;
        Ok(Self {
            shared: Arc::new(Shared { engine, committer }),
            readers: Arc::default(),
        })
    }

    pub(super) fn for_thread(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            readers: Arc::default(),
        }
    }

    /// A connection inside a read transaction, from the free list or new.
    pub(super) fn reader(&self) -> Result<Connection, DbError> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.shared.engine.reader()?,
        };
        connection.begin_read()?;
        Ok(connection)
    }

    /// The free list that a reader goes back to.
    pub(super) fn home(&self) -> Arc<Mutex<Vec<Connection>>> {
        Arc::clone(&self.readers)
    }

    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        self.shared.committer.submit(write).await
    }

    pub(super) fn commits(&self) -> u64 {
        self.shared.committer.commits()
    }
}

/// Where the file is, and how connections to it are made.
struct Engine {
    path: PathBuf,
}

impl Engine {
    fn open(path: &Path, clock: &Clock, schema: i64) -> Result<Self, DbError> {
        if rusqlite::version_number() < OLDEST_GOOD_VERSION {
            let text = format!(
                "SQLite {} is linked, 3.51.3 or newer is needed",
                rusqlite::version()
            );
            return Err(DbError::Engine(text.into()));
        }
        create_private(path)?;
        let engine = Self {
            path: path.to_owned(),
        };
        // Looked at before any setting is changed: what is not ours stays as it is.
        migrate::check_sqlite(&engine.plain()?)?;
        migrate::sqlite(&mut engine.connect()?.0, clock, schema)?;
        Ok(engine)
    }

    fn plain(&self) -> Result<rusqlite::Connection, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    fn connect(&self) -> Result<Connection, DbError> {
        let connection = self.plain()?;
        change_to_wal(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        add_functions(&connection)?;
        Ok(Connection(connection))
    }

    /// A connection that cannot change anything.
    fn reader(&self) -> Result<Connection, DbError> {
        let connection = self.connect()?;
        connection.0.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// A new file is changed to WAL while nobody else looks at it, and SQLite does not wait for that by itself.
fn change_to_wal(connection: &rusqlite::Connection) -> Result<(), DbError> {
    let mut left = BUSY_TIMEOUT;
    loop {
        match connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(DbError::from)
        {
            Err(DbError::Busy) if !left.is_zero() => std::thread::sleep(WAL_PAUSE),
            result => return result,
        }
        left = left.saturating_sub(WAL_PAUSE);
    }
}

/// Makes the file, if it is not there, so that only its owner can read it: it holds keys and password hashes. A file that
/// is there is not opened here, because closing it would let go of the locks that SQLite holds in this process.
fn create_private(path: &Path) -> Result<(), DbError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map(|_| ());
    let made = made.or_else(|error| match error.kind() {
        ErrorKind::AlreadyExists => Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?),
        _ => Err(error),
    });
    made.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => DbError::ReadOnly,
        ErrorKind::StorageFull => DbError::Full,
        _ => DbError::Engine(Box::new(error)),
    })
}

/// One connection of the driver.
pub(super) struct Connection(rusqlite::Connection);

impl Connection {
    fn begin_read(&mut self) -> Result<(), DbError> {
        Ok(self.0.prepare_cached("BEGIN")?.execute([]).map(|_| ())?)
    }

    /// Ends the read transaction; `false` where that fails and the connection must not be used again.
    pub(super) fn end_read(&mut self) -> bool {
        self.0
            .prepare_cached("COMMIT")
            .and_then(|mut statement| statement.execute([]))
            .is_ok()
    }

    pub(super) fn rows<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        // A long one is somebody's own filter: it would only push out what everybody needs.
        if sql.len() > MAX_KEPT_BYTES {
            return all(&mut self.0.prepare(sql)?, values, read);
        }
        all(&mut *self.0.prepare_cached(sql)?, values, read)
    }

    pub(super) fn row<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        if sql.len() > MAX_KEPT_BYTES {
            return first(&mut self.0.prepare(sql)?, values, read);
        }
        first(&mut *self.0.prepare_cached(sql)?, values, read)
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64, DbError> {
        let changed = self.0.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn command(&mut self, sql: &str) -> Result<(), DbError> {
        self.execute(sql, &[]).map(|_| ())
    }
}

fn all<T>(
    statement: &mut rusqlite::Statement<'_>,
    values: &[Value<'_>],
    mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&Columns::of(row).into())?);
    }
    Ok(found)
}

fn first<T>(
    statement: &mut rusqlite::Statement<'_>,
    values: &[Value<'_>],
    read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
) -> Result<Option<T>, DbError> {
    let mut rows = statement.query(params_from_iter(values))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    read(&Columns::of(row).into()).map(Some)
}

/// A write that waits for its turn.
trait Queued: Send {
    /// Runs it inside the open transaction; what it answers is kept until the commit.
    fn run(self: Box<Self>, session: &mut Session) -> Box<dyn Answer>;
    /// Tells its caller why it was not run.
    fn refuse(self: Box<Self>, error: &DbError);
}

/// A write that has run and whose caller waits for the commit.
trait Answer {
    fn committed(self: Box<Self>);
    fn lost(self: Box<Self>, error: &DbError);
}

struct Waiting<W: Write> {
    write: W,
    caller: oneshot::Sender<Result<W::Output, W::Error>>,
}

struct Done<W: Write> {
    result: Result<W::Output, W::Error>,
    caller: oneshot::Sender<Result<W::Output, W::Error>>,
}

impl<W: Write> Queued for Waiting<W> {
    fn run(self: Box<Self>, session: &mut Session) -> Box<dyn Answer> {
        let Self { write, caller } = *self;
        Box::new(Done::<W> {
            result: run_in_savepoint(session, write),
            caller,
        })
    }

    fn refuse(self: Box<Self>, error: &DbError) {
        // The caller may be gone, here and below; that changes nothing.
        let _gone = self.caller.send(Err(error.again().into()));
    }
}

impl<W: Write> Answer for Done<W> {
    fn committed(self: Box<Self>) {
        let _gone = self.caller.send(self.result);
    }

    fn lost(self: Box<Self>, error: &DbError) {
        let _gone = self
            .caller
            .send(self.result.and_then(|_| Err(error.again().into())));
    }
}

/// The thread that commits, as the others see it. It ends when the last of them is gone.
struct Committer {
    /// Taken away by drop alone.
    queue: Option<mpsc::Sender<Box<dyn Queued>>>,
    commits: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// Waits for the thread to close its connection, so that the last one out leaves the database in its one file.
impl Drop for Committer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the database writer has panicked");
        }
    }
}

impl Committer {
    fn start(engine: &Engine) -> Result<Self, DbError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let session = Session {
            connection: super::Connection::Sqlite(engine.connect()?),
        };
        let counter = Arc::clone(&commits);
        let thread = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || commit_all(session, waiting, &counter))
            .map_err(|error| DbError::Engine(Box::new(error)))?;
        Ok(Self {
            queue: Some(queue),
            commits,
            thread: Some(thread),
        })
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    async fn submit<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        let (caller, answer) = oneshot::channel();
        let waiting = Box::new(Waiting { write, caller });
        let queue = self.queue.as_ref().ok_or(DbError::Stopped)?;
        queue.send(waiting).await.map_err(|_| DbError::Stopped)?;
        answer.await.map_err(|_| DbError::Stopped)?
    }
}

/// The committer's loop.
fn commit_all(mut session: Session, mut waiting: mpsc::Receiver<Box<dyn Queued>>, commits: &AtomicU64) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        commit(&mut session, batch, commits);
    }
}

/// Runs `batch` in one transaction, commits it and answers every caller.
fn commit(session: &mut Session, batch: Vec<Box<dyn Queued>>, commits: &AtomicU64) {
    let mut batch = batch.into_iter();
    let mut answers = Vec::with_capacity(batch.len());
    let mut outcome = command(session, "BEGIN IMMEDIATE");
    while outcome.is_ok()
        && let Some(write) = batch.next()
    {
        answers.push(write.run(session));
        // Some failures (a full disk, an I/O error) make SQLite undo the whole transaction by itself. Then what
        // the others did is gone too, and a further write would run outside of any transaction.
        if is_autocommit(session) {
            outcome = Err(DbError::Engine(
                "the transaction was undone by a failure of one of its writes".into(),
            ));
        }
    }
    if outcome.is_ok() {
        outcome = command(session, "COMMIT");
    }
    match outcome {
        Ok(()) => {
            commits.fetch_add(1, Ordering::Release);
            answers.into_iter().for_each(Answer::committed);
        }
        Err(error) => {
            if !is_autocommit(session) {
                let _undone = command(session, "ROLLBACK");
            }
            answers.into_iter().for_each(|answer| answer.lost(&error));
            batch.for_each(|write| write.refuse(&error));
        }
    }
}

/// Runs `write` so that its refusal undoes what it did and nothing else.
fn run_in_savepoint<W: Write>(session: &mut Session, write: W) -> Result<W::Output, W::Error> {
    command(session, "SAVEPOINT one_write")?;
    let ran = catch_unwind(AssertUnwindSafe(|| at_once(write.run(&mut Tx { session }))));
    match ran {
        Ok(Some(Ok(output))) => {
            command(session, "RELEASE one_write")?;
            Ok(output)
        }
        Ok(Some(Err(error))) => {
            undo(session);
            Err(error)
        }
        Ok(None) => {
            undo(session);
            Err(DbError::Engine("a write waited for something inside its transaction".into()).into())
        }
        Err(_panic) => {
            undo(session);
            Err(DbError::Engine("a write panicked".into()).into())
        }
    }
}

fn command(session: &mut Session, sql: &str) -> Result<(), DbError> {
    match &mut session.connection {
        super::Connection::Sqlite(connection) => connection.command(sql),
        super::Connection::Postgres(_) => Err(DbError::Stopped),
    }
}

/// No transaction is open.
fn is_autocommit(session: &Session) -> bool {
    match &session.connection {
        super::Connection::Sqlite(connection) => connection.0.is_autocommit(),
        super::Connection::Postgres(_) => true,
    }
}

/// Undoes the open savepoint. Where that fails SQLite has undone the whole transaction, which `commit` sees.
fn undo(session: &mut Session) {
    let _undone = command(session, "ROLLBACK TO one_write");
    let _closed = command(session, "RELEASE one_write");
}

/// The result of a future that never has to wait: every statement here answers in line.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
