//! A PostgreSQL server of this process, and a database of it for each test.
//!
//! `scripts/postgres-for-tests` starts it, at the first use, and stops it when this process has ended, however that was. A
//! database is a copy of a template: an empty one, or one with our schema.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use graphophone::clock::Clock;
use graphophone::config::MetadataPlace;
use graphophone::db::Db;
use tokio_postgres::NoTls;

use super::{NOW, place_of};

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
/// The name of a database with our schema and nothing in it.
static TEMPLATE: LazyLock<String> = LazyLock::new(make_template);
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A statement, and who waits for what it answers.
type Question = (String, mpsc::Sender<Result<Vec<String>, String>>);

/// A running server.
pub struct Server {
    /// Folder of its socket, by which the role gets in without a password.
    pub socket: PathBuf,
    /// Its port, of the socket and of 127.0.0.1.
    pub port: u16,
    administrator: mpsc::Sender<Question>,
    /// It ends when its standard input does.
    _child: Child,
}

impl Server {
    /// Starts one.
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with settings, or with a certificate and its key: see the script.
    pub fn start_with(arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-for-tests");
        let mut child = Command::new(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let (socket, port) = line
            .trim_end()
            .split_once(' ')
            .expect("PostgreSQL has not started");
        let (socket, port) = (PathBuf::from(socket), port.parse().unwrap());
        let administrator = administrate(&parameters(&socket, port, "postgres"));
        Self {
            socket,
            port,
            administrator,
            _child: child,
        }
    }

    /// The first column of what a statement of the server's owner answers, as text.
    pub fn run(&self, sql: &str) -> Vec<String> {
        let (answer, answered) = mpsc::channel();
        self.administrator.send((sql.to_owned(), answer)).unwrap();
        answered
            .recv()
            .unwrap()
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// What the driver is told to get into a database of it, by its socket.
    fn parameters(&self, database: &str) -> String {
        parameters(&self.socket, self.port, database)
    }

    /// A URL of a database of it, by its socket.
    pub fn url(&self, database: &str) -> String {
        let socket = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://graphophone@{socket}:{}/{database}", self.port)
    }
}

fn parameters(socket: &Path, port: u16, database: &str) -> String {
    let socket = socket.display();
    format!("host={socket} port={port} user=graphophone dbname={database}")
}

/// A thread that runs statements, one after the other, for as long as somebody may ask.
fn administrate(server: &str) -> mpsc::Sender<Question> {
    let (ask, asked) = mpsc::channel::<Question>();
    let server = server.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
            tokio::spawn(connection);
            while let Ok((sql, answer)) = asked.recv() {
                // The test may have ended meanwhile.
                let _gone = answer.send(answers(&client, &sql).await);
            }
        });
    });
    ask
}

/// Asks on a connection of its own, from a thread of its own: the caller may be inside of a runtime.
fn run_once(server: &str, sql: &str) -> Vec<String> {
    let asking = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap();
            tokio::spawn(connection);
            answers(&client, sql).await
        })
    };
    let answer = std::thread::scope(|scope| scope.spawn(asking).join().unwrap());
    answer.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn answers(client: &tokio_postgres::Client, sql: &str) -> Result<Vec<String>, String> {
    let said = client.simple_query(sql).await;
    let said = said.map_err(|error| format!("{error:?}"))?;
    let rows = said.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
        _ => None,
    });
    Ok(rows.collect())
}

/// The server of this process.
pub fn server() -> &'static Server {
    &SERVER
}

fn new_name(kind: &str) -> String {
    format!("{kind}_{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn make_template() -> String {
    let name = new_name("template");
    server().run(&format!("CREATE DATABASE {name}"));
    let place = place_of(&server().url(&name));
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let clock = Clock::manual(NOW.parse().unwrap());
        // The runtime drives its connections, so that they are gone with it.
        runtime.block_on(async { drop(Db::open(&place, 1, &clock).await.unwrap()) });
    });
    made.join().unwrap();
    name
}

/// A database that goes away with the test.
pub struct Database {
    name: String,
}

impl Database {
    /// Without anything in it.
    pub fn empty() -> Self {
        let name = new_name("empty");
        server().run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        Self { name }
    }

    /// With our schema, and nothing in it.
    pub fn with_schema() -> Self {
        let name = new_name("store");
        let template = &*TEMPLATE;
        server().run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'"
        ));
        server().run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `metadata.url` of it.
    pub fn url(&self) -> String {
        server().url(&self.name)
    }

    /// How to open it.
    pub fn place(&self) -> MetadataPlace {
        place_of(&self.url())
    }

    /// The first column of what `sql` answers, as text; NULL is empty.
    pub fn run(&self, sql: &str) -> Vec<String> {
        run_once(&server().parameters(&self.name), sql)
    }

    /// A connection of its own, outside of the program, driven by the runtime of the test.
    pub async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&server().parameters(&self.name), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            server().run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
