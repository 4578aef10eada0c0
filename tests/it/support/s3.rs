//! An S3 server in this process, and [`Front`], a server before it that misbehaves as a test tells it to.
//!
//! The server has one place on disk for the whole process and goes when nobody uses it any more; every test has a bucket of
//! its own there. Nothing leaves the loopback address.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use graphophone::config::{Addressing, ContentConfig, S3Config, S3Credentials, Secret, SecretSource};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The account that the server knows.
pub const ACCESS_KEY_ID: &str = "AKIATEST";
/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "a-secret-of-the-tests";

/// A bucket of the test's own.
pub struct Bucket {
    server: Arc<Server>,
    name: String,
}

struct Server {
    root: TempDir,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Bucket {
    /// Makes it.
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let server = Server::shared();
        let name = format!("bucket-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        std::fs::create_dir(server.root.path().join(&name)).unwrap();
        Self { server, name }
    }

    /// Where its objects lie on disk, each a file under its name.
    pub fn folder(&self) -> PathBuf {
        self.server.root.path().join(&self.name)
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// How it is reached directly, below the prefix `a/b`.
    pub fn config(&self) -> S3Config {
        config(self.address(), &self.name)
    }

    /// How it is reached through a front.
    pub fn config_through(&self, front: &Front) -> S3Config {
        config(front.address, &self.name)
    }

    /// The variables that lead a server or a tool to it by way of `address`.
    pub fn environment(&self, address: SocketAddr) -> [(&'static str, String); 4] {
        [
            ("GRAPHOPHONE_CONTENT__URL", format!("s3://{}/a/b", self.name)),
            ("GRAPHOPHONE_CONTENT__S3__ENDPOINT", format!("http://{address}")),
            ("GRAPHOPHONE_CONTENT__S3__ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            (
                "GRAPHOPHONE_CONTENT__S3__SECRET_ACCESS_KEY",
                SECRET_ACCESS_KEY.to_owned(),
            ),
        ]
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(self.folder());
    }
}

/// A bucket called `bucket` at `address`, with the account that the server knows.
pub fn config(address: SocketAddr, bucket: &str) -> S3Config {
    S3Config {
        bucket: bucket.to_owned(),
        prefix: "a/b".to_owned(),
        endpoint: Some(format!("http://{address}")),
        region: "us-east-1".to_owned(),
        addressing: Addressing::Path,
        ca_file: None,
        credentials: keys(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
    }
}

/// Credentials of the configuration.
pub fn keys(id: &str, secret: &str) -> S3Credentials {
    let text = |text: &str| SecretSource::Text(Secret::new(text.to_owned()));
    S3Credentials::Keys {
        access_key_id: text(id),
        secret_access_key: text(secret),
        session_token: None,
    }
}

/// The place of a store.
pub fn place(config: S3Config) -> ContentConfig {
    ContentConfig::S3(Box::new(config))
}

impl Server {
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let service = service.build();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (service, is_listing) = (service.clone(), lists_uploads(&request));
            async move {
                match is_listing {
                    true => Ok(hyper::Response::new(s3s::Body::from(NO_UPLOADS.to_owned()))),
                    false => service.call(request.map(s3s::Body::from)).await,
                }
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, mut stopping) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted,
                        _ = &mut stopping => return,
                    };
                    let io = TokioIo::new(accepted.unwrap().0);
                    tokio::spawn(http1::Builder::new().serve_connection(io, service.clone()));
                }
            });
        });
        Self {
            root,
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ended = self.thread.take().unwrap().join();
    }
}

/// A list of unfinished uploads without any.
const NO_UPLOADS: &str = "<ListMultipartUploadsResult><Bucket>b</Bucket><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";

/// Whether unfinished uploads are asked for, of which this server cannot tell by itself as others can. The account is not
/// looked at: other questions come before this one.
fn lists_uploads(request: &hyper::Request<Incoming>) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.starts_with("uploads=&"))
}

/// What the front does with a request.
#[derive(Clone, Debug)]
pub enum Action {
    /// Hands it on, and its answer back.
    Pass,
    /// Answers an error of S3 by itself.
    Refuse(u16, &'static str),
    /// Answers by itself: status, and body.
    Answer(u16, String),
    /// Hands it on, and of its answer only the head and so many bytes of the body.
    Cut(usize),
    /// Closes the connection.
    Close,
    /// Says nothing until the front goes.
    Hang,
}

/// A request that came by.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`
    pub method: String,
    /// Path with its query.
    pub target: String,
    /// Fields, a line each, names in lower case.
    pub head: String,
    /// Length of the body.
    pub length: usize,
    /// The body, of up to 64 KiB.
    pub body: String,
}

impl Seen {
    /// A field of the head; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
    }
}

type Script = Box<dyn FnMut(&Seen) -> Action + Send>;

/// A server before another one.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    behind: SocketAddr,
    seen: Mutex<Vec<Seen>>,
    script: Mutex<Script>,
    open: Mutex<Vec<TcpStream>>,
    stopped: Mutex<bool>,
}

impl Front {
    /// A front of `behind` that hands everything on.
    pub fn before(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behind,
            seen: Mutex::default(),
            script: Mutex::new(Box::new(|_| Action::Pass)),
            open: Mutex::default(),
            stopped: Mutex::default(),
        });
        let front = Self {
            address,
            shared: Arc::clone(&shared),
        };
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if *shared.stopped.lock().unwrap() {
                    return;
                }
                let (connection, shared) = (connection.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || shared.serve(&connection));
            }
        });
        front
    }

    /// What it does from now on.
    pub fn does(&self, script: impl FnMut(&Seen) -> Action + Send + 'static) {
        *self.shared.script.lock().unwrap() = Box::new(script);
    }

    /// The requests since this was last asked.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.shared.seen.lock().unwrap())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        *self.shared.stopped.lock().unwrap() = true;
        let _woken = TcpStream::connect(self.address);
        for connection in self.shared.open.lock().unwrap().drain(..) {
            let _closed = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    /// One request, and the connection is closed.
    fn serve(&self, connection: &TcpStream) {
        self.open.lock().unwrap().push(connection.try_clone().unwrap());
        let mut from = BufReader::new(connection.try_clone().unwrap());
        let Some((head, body)) = read_request(&mut from) else {
            return;
        };
        let seen = seen(&head, &body);
        self.seen.lock().unwrap().push(seen.clone());
        let action = (self.script.lock().unwrap())(&seen);
        let mut to = connection;
        let _gone = match action {
            Action::Close => Ok(()),
            Action::Hang => connection
                .set_read_timeout(Some(Duration::from_secs(60)))
                .and_then(|()| from.read_to_end(&mut Vec::new()).map(|_| ())),
            Action::Refuse(status, code) => {
                let body = format!(
                    "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>hush</Message></Error>"
                );
                answer(to, status, if seen.method == "HEAD" { "" } else { &body })
            }
            Action::Answer(status, body) => answer(to, status, &body),
            Action::Pass => self.ask(&head, &body).and_then(|answer| to.write_all(&answer)),
            Action::Cut(bytes) => self.ask(&head, &body).and_then(|answer| {
                let end = find(&answer, b"\r\n\r\n").unwrap() + 4 + bytes;
                to.write_all(&answer[..end.min(answer.len())])
            }),
        };
        let _closed = connection.shutdown(Shutdown::Both);
    }

    /// The whole answer of the server behind.
    fn ask(&self, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut behind = TcpStream::connect(self.behind)?;
        let lines = head.trim_end();
        behind.write_all(format!("{lines}\r\nConnection: close\r\n\r\n").as_bytes())?;
        behind.write_all(body)?;
        let mut answer = Vec::new();
        behind.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

fn answer(mut to: &TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    to.write_all(
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .as_bytes(),
    )
}

fn read_request(from: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    from.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn seen(head: &str, body: &[u8]) -> Seen {
    let (first, rest) = head.split_once("\r\n").unwrap();
    let mut words = first.split(' ');
    let fields = rest.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some(format!("{}: {value}\n", name.to_lowercase()))
    });
    Seen {
        method: words.next().unwrap().to_owned(),
        target: words.next().unwrap().to_owned(),
        head: fields.collect(),
        length: body.len(),
        body: String::from_utf8_lossy(&body[..body.len().min(65_536)]).into_owned(),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// An address at which nobody listens.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    super::stores::files_below(folder, &mut found);
    found
}
