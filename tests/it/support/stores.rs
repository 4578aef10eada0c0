//! The stores that this run of the tests is on: `TEST_STORES` names one of the combinations, SQLite and a folder where it
//! is not set. A test asks for rows and files through this, so that it says the same of all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;

use super::postgres::Database;
use super::s3::Bucket;

/// The variable that names the combination.
const VARIABLE: &str = "TEST_STORES";

/// Where the rows and the content of one test are.
pub struct Stores {
    rows: Rows,
    content: Content,
}

enum Rows {
    File(PathBuf),
    /// A database, and the URL by which the program reaches it.
    Postgres(Database, String),
}

enum Content {
    Folder(PathBuf),
    /// A bucket, and the address by which it is reached.
    S3(Bucket, SocketAddr),
}

/// How a statement fails.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It alone.
    Fail,
    /// With what it has done.
    Abort,
    /// With the whole transaction, as where a disk fails.
    Rollback,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Abort, Self::Rollback];

    const fn of_sqlite(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
            Self::Rollback => "ROLLBACK",
        }
    }

    /// A kind of error each, for here each ends the transaction.
    const fn of_postgres(self) -> &'static str {
        match self {
            Self::Fail => "raise_exception",
            Self::Abort => "disk_full",
            Self::Rollback => "io_error",
        }
    }
}

impl Content {
    fn wanted(data: &Path) -> Self {
        match wanted().1 {
            "s3" => {
                let bucket = Bucket::new();
                let address = bucket.address();
                Self::S3(bucket, address)
            }
            _ => Self::Folder(data.join("content")),
        }
    }
}

/// The combination that was asked for.
fn wanted() -> (&'static str, &'static str) {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) | Ok("" | "sqlite+folder") => ("sqlite", "folder"),
        Ok("postgres+folder") => ("postgres", "folder"),
        Ok("sqlite+s3") => ("sqlite", "s3"),
        Ok("postgres+s3") => ("postgres", "s3"),
        Ok(other) => panic!("{VARIABLE}: there is no {other}"),
    }
}

/// The rows are in a file: for a test of what only files do. It says so where they are not.
pub fn rows_are_in_a_file() -> bool {
    are("sqlite", wanted().0)
}

/// The content is in a folder: for a test of what only folders do.
pub fn content_is_in_a_folder() -> bool {
    are("folder", wanted().1)
}

fn are(meant: &str, found: &str) -> bool {
    if meant != found {
        println!("this test is about {meant}, and this run is on {found}");
    }
    meant == found
}

impl Stores {
    /// Stores of a test whose data folder is `data`; nothing has been made in them.
    pub fn new(data: &Path) -> Self {
        Self::with(data, Database::empty)
    }

    /// Stores that have the schema already, as far as that saves time.
    pub fn prepared(data: &Path) -> Self {
        Self::with(data, Database::with_schema)
    }

    /// Stores of which the rows are in that database, which the program reaches by `url`.
    pub fn with_rows_in(database: Database, url: String, data: &Path) -> Self {
        Self {
            rows: Rows::Postgres(database, url),
            content: Content::wanted(data),
        }
    }

    /// Stores in the data folder, whatever this run of the tests is on.
    pub fn in_files(data: &Path) -> Self {
        Self {
            rows: Rows::File(data.join("graphophone.db")),
            content: Content::Folder(data.join("content")),
        }
    }

    /// Stores on the other engines, whatever this run of the tests is on; nothing has been made in them.
    pub fn on_servers() -> Self {
        let (database, bucket) = (Database::empty(), Bucket::new());
        let (url, address) = (database.url(), bucket.address());
        Self {
            rows: Rows::Postgres(database, url),
            content: Content::S3(bucket, address),
        }
    }

    fn with(data: &Path, database: fn() -> Database) -> Self {
        Self {
            rows: match wanted().0 {
                "postgres" => {
                    let database = database();
                    let url = database.url();
                    Rows::Postgres(database, url)
                }
                _ => Rows::File(data.join("graphophone.db")),
            },
            content: Content::wanted(data),
        }
    }

    /// With the content in `bucket`, reached by `address`, whatever this run of the tests is on.
    pub fn with_bucket(self, bucket: Bucket, address: SocketAddr) -> Self {
        Self {
            rows: self.rows,
            content: Content::S3(bucket, address),
        }
    }

    /// The variables that lead a server or a tool to them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        match &self.rows {
            Rows::File(_) => {}
            Rows::Postgres(_, url) => variables.push(("GRAPHOPHONE_METADATA__URL", url.clone())),
        }
        if let Content::S3(bucket, address) = &self.content {
            variables.extend(bucket.environment(*address));
        }
        variables
    }

    /// The rows of every table, each row as one text; those of work aside that is left to be done, which goes by itself.
    pub fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let names = match &self.rows {
            Rows::File(_) => self.texts("SELECT name FROM sqlite_schema WHERE type = 'table'"),
            Rows::Postgres(..) => {
                self.texts("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            }
        };
        let of_table = |name: String| {
            let mut rows = match &self.rows {
                Rows::File(file) => rows_of_file(file, &name),
                Rows::Postgres(database, _) => rows_of_table(database, &name),
            };
            // Which tenants are described follows by itself, too.
            rows.retain(|row| !row.contains("tree.tenant."));
            rows.sort();
            (name, rows)
        };
        let lasting = names.into_iter().filter(|name| name != "jobs");
        lasting.map(of_table).collect()
    }

    /// The first column of what `sql` answers, as text; NULL is empty. Asked by hand, past the program.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        match &self.rows {
            Rows::File(file) => texts_of_file(file, sql),
            Rows::Postgres(database, _) => database.run(sql),
        }
    }

    /// Changes something by hand, past the program.
    pub fn change(&self, sql: &str) {
        match &self.rows {
            Rows::File(file) => rusqlite::Connection::open(file)
                .unwrap()
                .execute_batch(sql)
                .unwrap(),
            Rows::Postgres(database, _) => drop(database.run(sql)),
        }
    }

    /// Makes every new row of `table` fail inside its transaction.
    pub fn make_inserts_fail(&self, table: &str, failure: Failure) {
        self.change(&match &self.rows {
            Rows::File(_) => {
                let how = failure.of_sqlite();
                format!(
                    "CREATE TRIGGER fails BEFORE INSERT ON {table} BEGIN SELECT RAISE({how}, 'refused'); END"
                )
            }
            Rows::Postgres(..) => {
                let code = failure.of_postgres();
                format!(
                    "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$; \
                     CREATE TRIGGER fails BEFORE INSERT ON {table} EXECUTE FUNCTION fail()"
                )
            }
        });
    }

    /// Ends that.
    pub fn let_inserts_succeed(&self, table: &str) {
        self.change(&match &self.rows {
            Rows::File(_) => "DROP TRIGGER fails".to_owned(),
            Rows::Postgres(..) => format!("DROP TRIGGER fails ON {table}"),
        });
    }

    /// Whether content is in a bucket.
    pub fn is_bucket(&self) -> bool {
        matches!(self.content, Content::S3(..))
    }

    /// The folder below which an object lies as one plain file, under its key.
    pub fn content_root(&self) -> PathBuf {
        match &self.content {
            Content::Folder(folder) => folder.clone(),
            Content::S3(bucket, _) => bucket.folder().join("a/b"),
        }
    }

    /// The folder without which the content store is not there.
    pub fn content_place(&self) -> PathBuf {
        match &self.content {
            Content::Folder(folder) => folder.clone(),
            Content::S3(bucket, _) => bucket.folder(),
        }
    }

    /// Changes an object by hand, past the program.
    pub fn overwrite(&self, object: &Path, bytes: &[u8]) {
        let before = object.metadata().unwrap().modified().unwrap();
        std::fs::write(object, bytes).unwrap();
        if let Content::S3(..) = &self.content {
            // The time of change that a bucket tells has whole seconds.
            let file = std::fs::File::options().write(true).open(object).unwrap();
            file.set_modified(before + Duration::from_secs(1)).unwrap();
        }
    }

    /// The files of the content store, those that are not complete included.
    pub fn content_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.content_root(), &mut found);
        // What describes an object comes and goes with it, in a moment.
        found.retain(|file| file.extension().is_none_or(|ending| ending != "json"));
        found
    }

    /// The files that describe what is in the content store.
    pub fn descriptions(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.content_root(), &mut found);
        found.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
        found
    }
}

fn texts_of_file(file: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(text_of(row.get_ref(0)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn rows_of_file(file: &Path, table: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: Result<Vec<String>, _> = (0..columns).map(|at| row.get_ref(at).map(text_of)).collect();
        Ok(cells?.join(" | "))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The same form as a file's rows have.
fn rows_of_table(database: &Database, table: &str) -> Vec<String> {
    let columns = database.run(&format!(
        "SELECT format('COALESCE(%I::TEXT, '''')', column_name) FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
    ));
    database.run(&format!("SELECT {} FROM {table}", columns.join(" || ' | ' || ")))
}

fn text_of(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}

/// All files below `folder`, if it is there.
pub fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        // What a running process has just removed is no file of it.
        let Ok(entry) = entry else { continue };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), found),
            _ => found.push(entry.path()),
        }
    }
}
