//! An issuer on a port of its own: tokens at `/token`, claims at `/userinfo`, its discovery document, and keys anywhere else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct Shared {
    keys: Mutex<String>,
    discovery: Mutex<String>,
    token: Mutex<(u16, String)>,
    /// The last request for a token: its head and its form.
    asked: Mutex<String>,
    userinfo: Mutex<(u16, String)>,
    /// The heads of requests for claims.
    asked_for_userinfo: Mutex<Vec<String>>,
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

    /// What a request for a token is answered.
    pub fn token(&self, status: u16, body: &serde_json::Value) {
        *self.shared.token.lock().unwrap() = (status, body.to_string());
    }

    /// The last request for a token, whole.
    pub fn asked(&self) -> String {
        self.shared.asked.lock().unwrap().clone()
    }

    /// What a request for claims is answered.
    pub fn userinfo(&self, status: u16, body: &serde_json::Value) {
        *self.shared.userinfo.lock().unwrap() = (status, body.to_string());
    }

    /// The heads of all requests for claims.
    pub fn asked_for_userinfo(&self) -> Vec<String> {
        self.shared.asked_for_userinfo.lock().unwrap().clone()
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
    let (mut code, body) = if head.contains("/.well-known/openid-configuration") {
        (200, shared.discovery.lock().unwrap().clone())
    } else if head.starts_with("POST /token") {
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .unwrap()
            .split('\r')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let mut form = vec![0; length];
        stream.read_exact(&mut form).await?;
        *shared.asked.lock().unwrap() = head + &String::from_utf8(form).unwrap();
        shared.token.lock().unwrap().clone()
    } else if head.starts_with("GET /userinfo") {
        shared.asked_for_userinfo.lock().unwrap().push(head);
        shared.userinfo.lock().unwrap().clone()
    } else {
        (200, shared.keys.lock().unwrap().clone())
    };
    if *shared.is_down.lock().unwrap() {
        code = 500;
    }
    let status = format!("{code} Any");
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
