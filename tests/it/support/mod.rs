//! [`TestApp`]: a server with its own database, content folder and clock, on a port of its own, in this process.
//!
//! A test seeds what it needs beyond `seed.yaml`, signs tokens as the built-in authority, and asks over real HTTP. When the
//! app is dropped it fails the test if content has been left behind that no row knows.

pub mod names;
pub mod postgres;
pub mod raw;
pub mod s3;
pub mod stores;
pub mod tls;
mod token;
pub mod wire;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use graphophone::authority::SigningKey;
use graphophone::backup::{Restore, Target};
use graphophone::clock::{Clock, Ticks};
use graphophone::config::{self, Config, Flags, MetadataPlace, Secret};
use graphophone::db::audit::{self, AuditRecord};
use graphophone::db::signing_keys::{KeyPurpose, PutFirst, StoredKey};
use graphophone::seed::{self, Document, LoadOptions, Summary};
use graphophone::server::{Prepared, Server};
use graphophone::store::Store;
use tempfile::TempDir;

use postgres::Database;
pub use raw::{RawAnswer, RawConnection};
use stores::Stores;
pub use token::TokenOf;

/// When every test takes place, unless it moves its clock.
pub const NOW: &str = "2026-02-01T12:00:00Z";

/// One key for all apps of this process: making one takes a while.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

/// The key that signs the tokens of every app.
pub fn own_key() -> &'static SigningKey {
    &KEY
}

/// A running server and what a test may reach of it.
pub struct TestApp {
    /// Its data folder and the folder of its seeds.
    pub folder: TempDir,
    /// Where its rows and its content are.
    pub stores: Stores,
    /// Its store.
    pub store: Store,
    /// Its time, standing still at [`NOW`].
    pub clock: Clock,
    /// What signs its certificates, where it speaks HTTPS.
    pub authority: Option<tls::Authority>,
    server: Mutex<Option<Server>>,
    base: String,
    client: reqwest::Client,
}

/// Makes stores for a data folder.
pub type MakeStores = fn(&Path) -> Stores;

/// What a test wants to be different.
#[derive(Default)]
pub struct Setup {
    config: String,
    seeds: Vec<String>,
    bare: bool,
    tls: bool,
    database: Option<(Database, String)>,
    bucket: Option<(s3::Bucket, SocketAddr)>,
    backup: Option<PathBuf>,
    stores: Option<MakeStores>,
}

impl Setup {
    /// More lines of configuration.
    pub fn config(mut self, toml: &str) -> Self {
        self.config.push_str(toml);
        self.config.push('\n');
        self
    }

    /// A further seed, as YAML, loaded before the server listens.
    pub fn seed(mut self, yaml: &str) -> Self {
        self.seeds.push(yaml.to_owned());
        self
    }

    /// With its rows in a database of the test's own, reached by `url`, whatever this run is on.
    pub fn database(mut self, database: Database, url: String) -> Self {
        self.database = Some((database, url));
        self
    }

    /// With its content in a bucket that is reached through `front`, whatever this run of the tests is on.
    pub fn bucket(mut self, bucket: s3::Bucket, front: &s3::Front) -> Self {
        self.bucket = Some((bucket, front.address));
        self
    }

    /// With HTTPS. Its client speaks HTTP/2.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Without `seed.yaml`.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// With what the newest snapshot of a folder of backups has, and nothing else; on `stores`, where these are given.
    pub fn restored(mut self, folder: &Path, stores: Option<MakeStores>) -> Self {
        self.backup = Some(folder.to_owned());
        self.stores = stores;
        self.bare = true;
        self
    }

    /// Starts the server.
    pub async fn start(self) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let seeds = folder.path().join("seeds");
        std::fs::create_dir(&seeds).unwrap();
        write_media(&seeds);
        let file = folder.path().join("graphophone.toml");
        let authority = self.tls.then(|| tls::Authority::new(folder.path()));
        let certificate = authority.as_ref().map(|authority| {
            authority.replace(tls::FOREVER);
            tls::Authority::CONFIG
        });
        // A clock that is moved on by months makes nothing due but what the test is about.
        std::fs::write(
            &file,
            format!(
                "listen = \"127.0.0.1:0\"\ndata = \"data\"\nlog.requests = false\nverify.every = \"365d\"\n{}{}",
                certificate.unwrap_or_default(),
                self.config
            ),
        )
        .unwrap();
        let data = folder.path().join("data");
        let mut stores = match self.database {
            Some((database, url)) => Stores::with_rows_in(database, url, &data),
            None => Stores::prepared(&data),
        };
        if let Some((bucket, address)) = self.bucket {
            stores = stores.with_bucket(bucket, address);
        }
        if self.backup.is_some() {
            stores = self.stores.unwrap_or(Stores::new)(&data);
        }
        let config = load_config(&file, &stores);
        let clock = Clock::manual(NOW.parse().unwrap());
        if let Some(folder) = &self.backup {
            restore(folder, &config, &clock).await;
        }
        let prepared = Prepared::open(config, &clock).await.unwrap();
        let store = prepared.store.clone();
        if self.backup.is_none() {
            put_key(&store).await;
        }
        let standard = (!self.bare).then(|| include_str!("seed.yaml").to_owned());
        for yaml in standard.into_iter().chain(self.seeds) {
            load(&store, &seeds, &yaml).await.unwrap();
        }
        let server = prepared.start(Some(1)).await.unwrap();
        let base = server.url();
        TestApp {
            folder,
            stores,
            store,
            clock,
            server: Mutex::new(Some(server)),
            base,
            client: authority
                .as_ref()
                .map_or_else(client, |authority| authority.client(|builder| builder)),
            authority,
        }
    }
}

impl TestApp {
    /// A server with `seed.yaml` and the default configuration.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// A server that differs.
    pub fn with() -> Setup {
        Setup::default()
    }

    /// `http://127.0.0.1:PORT`, or `https://…`
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        self.base.split_once("://").unwrap().1
    }

    /// The folder in which seeds name their files: `one.mp4`, `two.mp4`, `one.vtt` are there.
    pub fn seeds(&self) -> PathBuf {
        self.folder.path().join("seeds")
    }

    /// Loads a seed beside the running server.
    pub async fn seed(&self, yaml: &str) -> Summary {
        load(&self.store, &self.seeds(), yaml).await.unwrap()
    }

    /// Loads a seed that is refused; gives the problems, a line each.
    pub async fn seed_refused(&self, yaml: &str) -> String {
        let refused = load(&self.store, &self.seeds(), yaml).await.unwrap_err();
        refused.replace(&self.folder.path().display().to_string(), "")
    }

    /// Moves the clock.
    pub fn set_time(&self, instant: &str) {
        self.clock.set(instant.parse::<Ticks>().unwrap());
    }

    /// GET with a token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(self.request("GET", path).bearer_auth(token)).await
    }

    /// A request to be completed by the test.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
    }

    /// Sends a request and reads all of the answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// A request with a token and a body in JSON.
    pub async fn send_json(&self, method: &str, path: &str, token: &str, body: &serde_json::Value) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        let request = request.header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// GET with a token and further headers.
    pub async fn get_with(&self, path: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request("GET", path).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// GET of a collection and of everything that `@odata.nextLink` leads to.
    pub async fn pages(&self, path: &str, token: &str) -> Vec<Answer> {
        let mut pages = vec![self.get(path, token).await];
        loop {
            let last = pages.last().unwrap();
            assert_eq!(last.status, 200, "{path}: {}", last.text());
            let link = last.json()["@odata.nextLink"].clone();
            if link.is_null() {
                return pages;
            }
            assert!(pages.len() < 100, "pages without end: {path}");
            pages.push(self.follow(&link, token).await);
        }
    }

    /// POST of a form, as clients of the authority send it.
    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request("POST", path).form(form)).await
    }

    /// Sends bytes as they are, on a connection of their own, and reads until the server closes or is silent after a whole
    /// answer.
    pub async fn send_raw(&self, bytes: &[u8]) -> RawAnswer {
        raw::send(self.address(), bytes).await
    }

    /// A connection on which bytes are sent as they are, and answers read one by one.
    pub async fn connect(&self) -> RawConnection {
        RawConnection::open(self.address()).await
    }

    /// GET of a path that no client library would leave as it is.
    pub async fn get_raw_path(&self, path: &str, token: &str) -> RawAnswer {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        self.send_raw(head.as_bytes()).await
    }

    /// The body of an answer for a snapshot: JSON a member a line, in the order in which it was sent, without what differs
    /// from run to run.
    pub fn shown(&self, answer: &Answer) -> String {
        let mut json = String::new();
        let mut depth = 0;
        let mut in_text = false;
        let mut previous = ' ';
        for c in answer.text().chars() {
            let quote = c == '"' && previous != '\\';
            in_text ^= quote;
            match c {
                '{' | '[' if !in_text => {
                    depth += 1;
                    json.push(c);
                    json.push_str(&format!("\n{}", "  ".repeat(depth)));
                }
                '}' | ']' if !in_text => {
                    depth -= 1;
                    json.push_str(&format!("\n{}", "  ".repeat(depth)));
                    json.push(c);
                }
                ',' if !in_text => json.push_str(&format!(",\n{}", "  ".repeat(depth))),
                _ => json.push(c),
            }
            previous = c;
        }
        let mut shown = json.replace(&self.base, "[base]");
        for name in ["request-id", "client-request-id"] {
            let id = answer.header(name);
            if id.len() == 36 {
                shown = shown.replace(id, "[id]");
            }
        }
        shown
    }

    /// What is reached of the running server itself.
    pub fn server<T>(&self, ask: impl FnOnce(&Server) -> T) -> T {
        ask(self.server.lock().unwrap().as_ref().unwrap())
    }

    /// Stops the server as SIGTERM does.
    pub fn stop(&self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.stop();
        }
    }

    /// Waits until all that is due is done: what commits have left, such as describing what a seed has brought.
    pub async fn until_idle(&self) {
        wait_until("all that is due is done", || {
            // What somebody is at is due half a minute later.
            let until = self.clock.now().plus(Duration::from_secs(40)).0;
            let due = format!("SELECT id FROM jobs WHERE due_ticks <= {until}");
            self.stores.texts(&due).is_empty()
        })
        .await;
    }

    /// Takes the folder of the content away, in no moment at which something is written, as the disk under it would go.
    pub async fn take_content_away(&self) -> ContentAway {
        self.until_idle().await;
        let away = ContentAway {
            place: self.stores.content_place(),
            elsewhere: self.folder.path().join("away"),
        };
        std::fs::rename(&away.place, &away.elsewhere).unwrap();
        away
    }

    /// GET of a link that an answer gave.
    pub async fn follow(&self, link: &serde_json::Value, token: &str) -> Answer {
        let link = link.as_str().expect("there is no link");
        self.get(link.strip_prefix(&self.base).unwrap(), token).await
    }

    /// The authority of the running server, for what no request can time.
    pub fn authority(&self) -> graphophone::authority::Authority {
        let server = self.server.lock().unwrap();
        server
            .as_ref()
            .expect("the server has stopped")
            .app
            .authority
            .clone()
    }

    /// All audit records, newest first.
    pub async fn audit_records(&self) -> Vec<AuditRecord> {
        let mut db = self.store.db.snapshot().await.unwrap();
        audit::newest(&mut db, Ticks(0), 1000).await.unwrap()
    }

    /// How many file descriptors of this process are open on content of this app.
    pub fn open_content(&self) -> usize {
        let root = self.stores.content_root().canonicalize().unwrap();
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
        descriptors
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.starts_with(&root))
            .count()
    }

    /// The files of the content store.
    pub fn content_files(&self) -> Vec<PathBuf> {
        self.stores.content_files()
    }
}

/// A folder of content that is away.
#[must_use]
pub struct ContentAway {
    place: PathBuf,
    elsewhere: PathBuf,
}

impl ContentAway {
    /// Makes the mount point without its disk.
    pub fn leave_mount_point(&self) {
        std::fs::create_dir(&self.place).unwrap();
    }

    /// Takes it away again; nothing has been made in it.
    pub fn remove_mount_point(&self) {
        std::fs::remove_dir(&self.place).expect("nothing is made in it");
    }

    /// Puts a file in its place.
    pub fn leave_file(&self) {
        std::fs::write(&self.place, "").unwrap();
    }

    /// Brings the folder back.
    pub fn bring_back(self) {
        if self.place.is_file() {
            std::fs::remove_file(&self.place).unwrap();
        }
        std::fs::rename(&self.elsewhere, &self.place).unwrap();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            return;
        }
        let root = self.stores.content_root();
        let keys = self.stores.texts("SELECT content_key FROM content_objects");
        let known: HashSet<PathBuf> = keys.into_iter().map(|key| root.join(key)).collect();
        // What has come of an upload that goes on.
        let sessions = self
            .stores
            .texts("SELECT id FROM upload_sessions WHERE state <> 'finished'");
        let uploads: HashSet<String> = sessions.into_iter().map(|id| id.replace('-', "")).collect();
        let goes_on = |file: &PathBuf| {
            let mut names = file
                .strip_prefix(&root)
                .unwrap()
                .iter()
                .map(|name| name.to_str().unwrap());
            names.next() == Some(".uploads") && names.next().is_some_and(|name| uploads.contains(name))
        };
        let left: Vec<PathBuf> = self
            .content_files()
            .into_iter()
            .filter(|file| !known.contains(file) && !goes_on(file))
            .collect();
        assert!(
            left.is_empty(),
            "content was left behind that no row knows: {left:?}"
        );
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The ids of a collection, in order.
    pub fn ids(&self) -> Vec<String> {
        let body = self.json();
        let items = body["value"].as_array();
        let items = items.unwrap_or_else(|| panic!("no collection: {}", self.text()));
        let ids = items.iter().map(|item| item["id"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and message of a refusal.
    pub fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let member = |name: &str| json["error"][name].as_str().unwrap_or_default().to_owned();
        (self.status, member("code"), member("message"))
    }
}

/// The ids of all pages, in order.
pub fn ids_of(pages: &[Answer]) -> Vec<String> {
    pages.iter().flat_map(Answer::ids).collect()
}

/// Loads the configuration in `file` as the server would, with what leads to the stores from the environment.
pub fn load_config(file: &Path, stores: &Stores) -> Config {
    let flags = Flags {
        config: Some(file.to_owned()),
        ..Flags::default()
    };
    let effective = config::load(&flags, stores.environment());
    effective.unwrap_or_else(|problems| panic!("{problems:?}")).config
}

/// The place that a `metadata.url` names.
pub fn place_of(url: &str) -> MetadataPlace {
    let variables = [("GRAPHOPHONE_METADATA__URL", url)];
    let effective = config::load(&Flags::default(), variables);
    let config = effective.unwrap_or_else(|problems| panic!("{problems:?}")).config;
    config.metadata_place().unwrap()
}

/// Waits for a state.
pub async fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(reached.is_ok(), "waited in vain: {what}");
}

/// Whether the end of a connection that is at `local` is still held by somebody: what was closed belongs to nobody, even
/// while the kernel goes on with it.
pub fn is_held(local: SocketAddr, remote: SocketAddr) -> bool {
    let in_table = |address: SocketAddr| format!(":{:04X}", address.port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[1].ends_with(&in_table(local)) && fields[2].ends_with(&in_table(remote)) && fields[9] != "0"
    })
}

/// Content of `length` bytes that begins as an MP4 file does.
pub fn media(length: usize) -> Vec<u8> {
    let head = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
    let tail = (head.len()..length).map(|at| u8::try_from(at * 31 % 251).unwrap());
    head.iter().copied().chain(tail).collect()
}

fn write_media(folder: &Path) {
    std::fs::write(folder.join("one.mp4"), media(1000)).unwrap();
    std::fs::write(folder.join("two.mp4"), media(300_000)).unwrap();
    std::fs::write(
        folder.join("one.vtt"),
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Organizer>Good morning.</v>\n",
    )
    .unwrap();
}

async fn load(store: &Store, folder: &Path, yaml: &str) -> Result<Summary, String> {
    let lines = |problems: Vec<seed::SeedProblem>| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let document = Document::from_bytes(&folder.join("seed.yaml"), yaml.as_bytes()).map_err(lines)?;
    let options = LoadOptions {
        announce: true,
        progress: &|_, _| {},
    };
    seed::load(store, document, options)
        .await
        .map_err(|error| match error {
            seed::LoadError::Refused(problems) => lines(problems),
            other => other.to_string(),
        })
}

/// What the keys in a backup of a test are sealed with.
pub fn passphrase() -> Secret {
    Secret::new("four words of a test".to_owned())
}

async fn restore(folder: &Path, config: &Config, clock: &Clock) {
    let restore = Restore::begin(folder, None, Some(&passphrase())).await.unwrap();
    let target = Target {
        config,
        clock,
        despite_damage: false,
    };
    restore.run(target, &|_, _| {}).await.unwrap();
}

async fn put_key(store: &Store) {
    let key = StoredKey {
        kid: KEY.kid().to_owned(),
        secret: KEY.to_pkcs8().unwrap(),
        is_sealed: false,
        public_jwk: Some(KEY.public_jwk().to_string()),
        created: store.clock.now(),
    };
    store
        .db
        .write(PutFirst {
            purpose: KeyPurpose::Token,
            key,
        })
        .await
        .unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests ask the server on loopback and nothing else"
)]
pub fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
