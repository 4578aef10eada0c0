//! All that this process logs, of every test that runs beside this one too, at the level of `telemetry`: no token is in it.

use std::io;
use std::sync::{Mutex, PoisonError};

use graphophone::clock::Clock;
use graphophone::server::Prepared;
use tracing_subscriber::filter::LevelFilter;

use crate::support::names::{ORGANIZER, my_standup};
use crate::support::stores::Stores;
use crate::support::{NOW, TestApp, TokenOf, load_config};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

#[tokio::test]
async fn no_token_and_no_key_is_in_any_log_line() {
    let started = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(|| Log)
        .try_init();
    started.expect("nothing else in this process decides where logs go");

    // A server that logs its requests, which those of the other tests do not.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graphophone.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\ndata = \"data\"\n").unwrap();
    let clock = Clock::manual(NOW.parse().unwrap());
    let stores = Stores::new(&folder.path().join("data"));
    let server = Prepared::open(load_config(&file, &stores), &clock)
        .await
        .unwrap()
        .start(Some(1))
        .await
        .unwrap();
    let bare = format!("http://{}", server.address);
    let app = TestApp::start().await;

    let good = TokenOf::user(ORGANIZER).sign();
    let expired = TokenOf::user(ORGANIZER).issued("2020-01-01T00:00:00Z").sign();
    let foreign = TokenOf::user(ORGANIZER).audience("https://nobody.example").sign();
    let (body, _) = good.rsplit_once('.').unwrap();
    let spoiled = format!("{body}.AAAA");
    let opaque = "an-opaque-secret-of-40-characters-and-more".to_owned();
    for token in [&good, &expired, &foreign, &spoiled, &opaque] {
        let paths = [
            format!("{}/recordings", my_standup()),
            format!("{}/recordings?access_token={token}", my_standup()),
            format!("{}/recordings?$filter={token}", my_standup()),
            format!("{}/recordings/{token}", my_standup()),
            format!("/v1.0/{token}"),
            format!("/{token}"),
        ];
        for path in &paths {
            app.get(path, token).await;
            let request = app
                .request("GET", path)
                .header("authorization", format!("Basic {token}"));
            app.send(request).await;
        }
        let other = format!("{bare}{}", paths[1]);
        let raw = format!(
            "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
            paths[1]
        );
        assert!(other.starts_with("http://127.0.0.1"));
        talk(&server.address.to_string(), raw.as_bytes()).await;
    }
    server.stop();

    let log = logged();
    assert!(log.contains("request.id="), "no request was logged: {log}");
    for line in log.lines() {
        for secret in [&good, &expired, &foreign, &spoiled, &opaque] {
            for part in secret.split('.').filter(|part| part.len() > 20) {
                assert!(!line.contains(part), "{line}");
            }
        }
        assert!(!line.contains("eyJ") && !line.contains("Bearer ey"), "{line}");
    }
}

async fn talk(address: &str, bytes: &[u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 "));
}
