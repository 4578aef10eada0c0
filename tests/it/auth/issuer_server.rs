//! An issuer on a port of its own: keys at `/keys`, anything else at its discovery address.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct Shared {
    keys: Mutex<String>,
    discovery: Mutex<String>,
    is_down: Mutex<bool>,
    hits: AtomicUsize,
}

pub struct IssuerServer {
    base: String,
    shared: Arc<Shared>,
}

impl IssuerServer {
    pub async fn start(keys: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        *shared.keys.lock().unwrap() = keys.to_owned();
        let of_server = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&of_server)));
            }
        });
        Self { base, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Other keys from now on.
    pub fn keys(&self, keys: &str) {
        keys.clone_into(&mut self.shared.keys.lock().unwrap());
    }

    /// What discovery answers.
    pub fn discovery(&self, document: &serde_json::Value) {
        *self.shared.discovery.lock().unwrap() = document.to_string();
    }

    /// Answers everything with 500 from now on.
    pub fn fail(&self) {
        *self.shared.is_down.lock().unwrap() = true;
    }

    /// How many requests have come.
    pub fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    shared.hits.fetch_add(1, Ordering::SeqCst);
    let head = String::from_utf8_lossy(&head).into_owned();
    let is_discovery = head.contains("/.well-known/openid-configuration");
    let body = match is_discovery {
        true => shared.discovery.lock().unwrap().clone(),
        false => shared.keys.lock().unwrap().clone(),
    };
    let status = match *shared.is_down.lock().unwrap() {
        true => "500 Internal Server Error",
        false => "200 OK",
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
