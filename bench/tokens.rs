//! Access tokens a second that one thread gives out to an application with a secret, as a ratio to bare RSA signatures on one
//! thread: a token is hardly more than its signature.
//!
//! cargo run --release --example tokens

use std::error::Error;
use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use graphophone::authority::{SigningKey, random_secret};
use graphophone::clock::Clock;
use graphophone::config::{self, Flags};
use graphophone::db::application_credentials::{ApplicationCredential, CredentialKind};
use graphophone::db::directory::applications::AddCredential;
use graphophone::seed::{self, Document, LoadOptions};
use graphophone::server::Prepared;
use graphophone::store::Store;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

type Failure = Box<dyn Error + Send + Sync>;

const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const APPLICATION: &str = "aaaaaaaa-0000-4000-8000-0000000000a1";
/// Clients that ask at the same time, on connections that stay open.
const CLIENTS: usize = 4;
/// How long each measurement takes, and how many there are of each.
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn main() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("graphophone.toml");
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
    let secret = register(&prepared.store, folder.path()).await?;
    let server = prepared.start(Some(1)).await?;
    let form = format!(
        "grant_type=client_credentials&client_id={APPLICATION}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let request = format!(
        "POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let key = SigningKey::generate()?;
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let signatures = sign(&key)?;
        let tokens = ask(server.address, &request).await?;
        // The first round is for the caches.
        if round > 0 {
            println!(
                "signatures {signatures:.0}/s, tokens {tokens:.0}/s, ratio {:.2}",
                tokens / signatures
            );
            ratios.push(tokens / signatures);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
    println!("median ratio {median:.2}");
    server.stop();
    Ok(())
}

/// An application with a secret; gives that.
async fn register(store: &Store, folder: &Path) -> Result<String, Failure> {
    let text = json!({
        "tenants": [{ "id": TENANT }],
        "applications": [{ "appId": APPLICATION, "tenantId": TENANT, "appRoles": ["OnlineMeetingRecording.Read.All"] }],
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

/// Signatures a second on this thread, of claims like those of a token.
fn sign(key: &SigningKey) -> Result<f64, Failure> {
    let claims = json!({ "aud": "https://graph.microsoft.com", "roles": ["OnlineMeetingRecording.Read.All"], "exp": 1_800_000_000 });
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < TIME {
        black_box(key.sign(&claims)?);
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// Tokens a second.
async fn ask(address: SocketAddr, request: &str) -> Result<f64, Failure> {
    let begun = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let request = request.to_owned();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let mut count = 0_u32;
            while begun.elapsed() < TIME {
                stream.write_all(request.as_bytes()).await?;
                if !timeout(TIME, read_answer(&mut stream)).await?? {
                    // Behind a body the connection is closed.
                    stream = TcpStream::connect(address).await?;
                }
                count += 1;
            }
            Ok::<u32, Failure>(count)
        });
    }
    let mut count = 0;
    while let Some(one) = clients.join_next().await {
        count += one??;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// Reads one answer, which must be 200; whether the connection goes on.
async fn read_answer(stream: &mut TcpStream) -> Result<bool, Failure> {
    let mut answer = Vec::new();
    let mut part = [0; 8192];
    loop {
        let count = stream.read(&mut part).await?;
        answer.extend_from_slice(part.get(..count).unwrap_or_default());
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return Err("the connection broke off".into());
            }
            continue;
        };
        let head = head.to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(text.into_owned().into());
        }
        let length = head
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.unwrap_or_default().trim().parse()?;
        if body.len() >= length {
            return Ok(!head.contains("connection: close"));
        }
    }
}
