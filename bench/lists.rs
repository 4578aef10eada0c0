//! Pages of 50 recordings out of 10,000, 100,000 and 1,000,000, over HTTP on one server thread and SQLite: the first page and
//! the deepest, of a meeting's list and of getAllRecordings. Ratios to the first page of the smallest store.
//!
//! cargo run --release --example lists

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use graphophone::authority::random_secret;
use graphophone::clock::Clock;
use graphophone::config::{self, Flags};
use graphophone::db::application_credentials::{ApplicationCredential, CredentialKind};
use graphophone::db::directory::applications::AddCredential;
use graphophone::db::sql::Key;
use graphophone::query::page_token::{Binding, Owner, Place};
use graphophone::seed::{self, Document, LoadOptions};
use graphophone::server::{Prepared, Server};
use graphophone::store::Store;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const APPLICATION: &str = "aaaaaaaa-0000-4000-8000-0000000000a1";
const USER: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
const MEETING: &str = "meeting";
const ROLE: &str = "OnlineMeetingRecording.Read.All";
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Requests for each kind of page, in turns.
const ROUNDS: usize = 300;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result<(), Failure> {
    let mut smallest: Option<Vec<f64>> = None;
    println!("recordings  page                       median µs  to its first  to 10,000");
    for size in SIZES {
        let folder = tempfile::tempdir()?;
        let store = Filled::new(folder.path(), size).await?;
        let pages = store.pages(size)?;
        let medians = store.measure(&pages).await?;
        let first = smallest.get_or_insert_with(|| medians.clone());
        for (index, (name, _)) in pages.iter().enumerate() {
            let of = |list: &[f64], at: usize| list.get(at).copied().unwrap_or(f64::NAN);
            let median = of(&medians, index);
            let own_first = of(&medians, index - index % 2);
            println!(
                "{size:>10}  {name:<26} {median:>9.0}  {:>12.2}  {:>9.2}",
                median / own_first,
                median / of(first, index)
            );
        }
        store.server.stop();
    }
    Ok(())
}

/// A running server with recordings of one meeting.
struct Filled {
    server: Server,
    token: String,
}

impl Filled {
    async fn new(folder: &Path, size: u64) -> Result<Self, Failure> {
        let file = folder.join("graphophone.toml");
        std::fs::write(
            &file,
            "listen = \"127.0.0.1:0\"\ndata = \"data\"\nlog.requests = false\n",
        )?;
        let flags = Flags {
            config: Some(file),
            ..Flags::default()
        };
        let effective = config::load(&flags, [("", ""); 0]).map_err(|problems| format!("{problems:?}"))?;
        let prepared = Prepared::open(effective.config, &Clock::system()).await?;
        let secret = register(&prepared.store, folder).await?;
        fill(&folder.join("data/graphophone.db"), size)?;
        let server = prepared.start(Some(1)).await?;
        let form = format!(
            "grant_type=client_credentials&client_id={APPLICATION}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        );
        let request = format!(
            "POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut stream = TcpStream::connect(server.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let token = serde_json::from_str::<Value>(body)?;
        let token = token.get("access_token").and_then(Value::as_str);
        Ok(Self {
            token: token.ok_or("no token")?.to_owned(),
            server,
        })
    }

    /// First and deepest page of each list.
    fn pages(&self, size: u64) -> Result<[(&'static str, String); 4], Failure> {
        let deep = |collection: String| {
            let binding = Binding {
                owner: Owner {
                    tenant: TENANT.to_owned(),
                    application: Some(APPLICATION.to_owned()),
                    user: None,
                },
                collection,
                options: "$top=50".to_owned(),
            };
            let place = Place {
                keys: vec![Key::Int(i64::try_from(size - 60).ok())],
                id: String::new(),
            };
            let token = self.server.app.pages.seal(&binding, &place);
            token.map(|token| format!("?$top=50&$skiptoken={token}"))
        };
        let list = format!("/v1.0/users/{USER}/onlineMeetings/{MEETING}/recordings");
        let export =
            format!("/v1.0/users/{USER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{USER}')");
        let (of_list, of_export) = (
            deep(format!("recording of {MEETING}")).ok_or("no token")?,
            deep(format!("getAllRecordings of onlineMeetings of {USER}, , ")).ok_or("no token")?,
        );
        Ok([
            ("meeting, first", format!("{list}?$top=50")),
            ("meeting, deepest", format!("{list}{of_list}")),
            ("getAllRecordings, first", format!("{export}?$top=50")),
            ("getAllRecordings, deepest", format!("{export}{of_export}")),
        ])
    }

    /// The median time of each page in microseconds, all of them asked in turns on one connection.
    async fn measure(&self, pages: &[(&'static str, String)]) -> Result<Vec<f64>, Failure> {
        let mut client = Client::connect(self.server.address, &self.token).await?;
        let mut times = vec![Vec::with_capacity(ROUNDS); pages.len()];
        for round in 0..ROUNDS + 20 {
            for ((name, path), times) in pages.iter().zip(&mut times) {
                let began = Instant::now();
                let count = client.get(path).await?;
                let took = began.elapsed().as_secs_f64() * 1e6;
                if count != 50 {
                    return Err(format!("{name} has {count} items").into());
                }
                // The first rounds are for the caches.
                if round >= 20 {
                    times.push(took);
                }
            }
        }
        Ok(times
            .into_iter()
            .map(|mut times| {
                times.sort_by(f64::total_cmp);
                times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
            })
            .collect())
    }
}

/// A connection that stays open.
struct Client {
    stream: TcpStream,
    token: String,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr, token: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            token: token.to_owned(),
            buffer: vec![0; 1 << 20],
        })
    }

    /// Asks for a page; gives the number of its items.
    async fn get(&mut self, path: &str) -> Result<usize, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n\r\n",
            self.token
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        loop {
            let rest = self.buffer.get_mut(filled..).ok_or("the answer is too long")?;
            let read = self.stream.read(rest).await?;
            if read == 0 {
                return Err("the server has closed the connection".into());
            }
            filled += read;
            let text = std::str::from_utf8(self.buffer.get(..filled).unwrap_or_default())?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head.to_ascii_lowercase();
            let length = length
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next());
            if length.and_then(|length| length.parse::<usize>().ok()) == Some(body.len()) {
                if !head.starts_with("HTTP/1.1 200") {
                    return Err(text.to_owned().into());
                }
                return Ok(body.matches("\"recordingContentUrl\"").count());
            }
        }
    }
}

/// A tenant with an organizer, a meeting, and an application that may export everything; gives its secret.
async fn register(store: &Store, folder: &Path) -> Result<String, Failure> {
    let text = json!({
        "tenants": [{ "id": TENANT }],
        "users": [{ "id": USER, "tenantId": TENANT, "userPrincipalName": "organizer@bench.example" }],
        "applications": [{ "appId": APPLICATION, "tenantId": TENANT, "appRoles": [ROLE] }],
        "applicationAccessPolicies": [
            { "tenantId": TENANT, "identity": "all", "appIds": [APPLICATION], "grantedTo": { "global": true } }
        ],
        "onlineMeetings": [{ "id": MEETING, "organizerId": USER, "expiryDateTime": "2099-01-01T00:00:00Z" }],
    });
    let document = Document::from_bytes(&folder.join("seed.json"), text.to_string().as_bytes());
    let options = LoadOptions {
        announce: false,
        progress: &|_, _| {},
    };
    seed::load(
        store,
        document.map_err(|problems| format!("{problems:?}"))?,
        options,
    )
    .await?;
    let now = store.clock.now();
    let made = random_secret::for_application()?;
    let credential = ApplicationCredential {
        id: "bench".to_owned(),
        app_id: APPLICATION.to_owned(),
        tenant_id: TENANT.to_owned(),
        kind: CredentialKind::Secret,
        hint: made.hint,
        display_name: None,
        value: random_secret::sha256(made.secret.expose()),
        created: now,
        expires: now.plus(Duration::from_secs(3600)),
    };
    store.db.write(AddCredential { credential, now }).await?;
    Ok(made.secret.expose().to_owned())
}

/// Puts recordings into the store, past all rules.
fn fill(file: &Path, size: u64) -> Result<(), Failure> {
    let connection = rusqlite::Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = OFF;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})
         INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks,
                                end_ticks, upload_state, legal_hold, quarantined, ready, owner_id)
         SELECT 'recording', 'recording-' || i, '{TENANT}', '{MEETING}', 'call-' || i, 'correlation-' || i, i, i + 1,
                'complete', FALSE, FALSE, TRUE, '{USER}'
         FROM n;
         PRAGMA wal_checkpoint (TRUNCATE);"
    ))?;
    Ok(())
}
