//! Keys, tokens and a fake issuer for the tests of this folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

use crate::config::issuer::{Algorithm, AppOnly, ClaimMap, IssuerConfig, KeySource, TenantClaim};

/// Key pairs made once for the process; none is kept in a file.
pub(super) struct Keys {
    pub(super) rsa: RsaKeyPair,
    pub(super) other_rsa: RsaKeyPair,
    pub(super) p256: EcdsaKeyPair,
    pub(super) ed25519: Ed25519KeyPair,
}

pub(super) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        other_rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        ed25519: Ed25519KeyPair::generate().unwrap(),
    })
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn rsa_jwk(pair: &RsaKeyPair, kid: &str) -> Value {
    let public = pair.public_key();
    let n = encode(public.modulus().big_endian_without_leading_zero());
    let e = encode(public.exponent().big_endian_without_leading_zero());
    json!({ "kty": "RSA", "kid": kid, "n": n, "e": e })
}

/// The first RSA key under the name `kid`.
pub(super) fn jwk(kid: &str) -> Value {
    rsa_jwk(&keys().rsa, kid)
}

pub(super) fn p256_jwk(kid: &str) -> Value {
    let point = keys().p256.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": encode(&point[1..33]), "y": encode(&point[33..]) })
}

pub(super) fn ed25519_jwk(kid: &str) -> Value {
    let x = encode(keys().ed25519.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
}

pub(super) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// The DER of the first RSA key's public part: what a confused verifier takes for an HMAC secret.
pub(super) fn public_der() -> Vec<u8> {
    keys().rsa.public_key().as_der().unwrap().as_ref().to_vec()
}

pub(super) fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
}

/// Signs with the key pair that fits `algorithm`, whatever the header says.
pub(super) fn sign(algorithm: Algorithm, header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    let bytes = input.as_bytes();
    let random = SystemRandom::new();
    let mut rsa = vec![0; 256];
    let signature = match algorithm {
        Algorithm::Rs256 => {
            keys()
                .rsa
                .sign(&RSA_PKCS1_SHA256, &random, bytes, &mut rsa)
                .unwrap();
            rsa
        }
        Algorithm::Ps256 => {
            keys()
                .rsa
                .sign(&RSA_PSS_SHA256, &random, bytes, &mut rsa)
                .unwrap();
            rsa
        }
        Algorithm::Es256 => keys().p256.sign(&random, bytes).unwrap().as_ref().to_vec(),
        Algorithm::EdDsa => keys().ed25519.sign(bytes).as_ref().to_vec(),
    };
    format!("{input}.{}", encode(signature))
}

/// The second RSA key's signature with RS256.
pub(super) fn sign_with_other(header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    let mut signature = vec![0; 256];
    keys()
        .other_rsa
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            input.as_bytes(),
            &mut signature,
        )
        .unwrap();
    format!("{input}.{}", encode(signature))
}

/// An entry with the defaults of the configuration.
pub(super) fn issuer_config(issuer: &str, keys: KeySource) -> IssuerConfig {
    IssuerConfig {
        issuer: issuer.to_owned(),
        keys,
        ca_file: None::<PathBuf>,
        audiences: vec!["api://recordings".to_owned()],
        tenants: None,
        algorithms: vec![
            Algorithm::Rs256,
            Algorithm::Ps256,
            Algorithm::Es256,
            Algorithm::EdDsa,
        ],
        require_idtyp: false,
        clock_skew: Duration::from_secs(60),
        max_lifetime: Duration::from_secs(24 * 3600 + 30 * 60),
        claims: ClaimMap {
            tenant: TenantClaim::Claim("tid".to_owned()),
            user: "oid".to_owned(),
            application: vec!["appid".to_owned(), "azp".to_owned(), "client_id".to_owned()],
            scopes: "scp".to_owned(),
            roles: "roles".to_owned(),
            groups: "groups".to_owned(),
            app_only: AppOnly::NoScopes,
            audience_array: false,
        },
    }
}

/// What the fake issuer says.
#[derive(Clone)]
pub(super) enum Answer {
    Json(String),
    /// Status line without the version, further header lines, no body.
    Head(&'static str),
    /// A body without length that does not end.
    Endless,
    /// Nothing: the connection is closed.
    Close,
}

impl Answer {
    pub(super) fn json(text: &str) -> Self {
        Self::Json(text.to_owned())
    }
}

/// An issuer on a port of its own. It answers while its gate is open.
pub(super) struct IssuerServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    discovery: Mutex<Option<String>>,
    hits: AtomicUsize,
    gate: Arc<RwLock<()>>,
}

impl IssuerServer {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            discovery: Mutex::new(None),
            hits: AtomicUsize::new(0),
            gate: Arc::new(RwLock::new(())),
        });
        let of_server = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&of_server)));
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests for keys have come.
    pub(super) fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }

    pub(super) fn set(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    pub(super) fn discovery(&self, document: &str) {
        *self.shared.discovery.lock().unwrap() = Some(document.to_owned());
    }

    /// No request is answered until what this returns is dropped.
    pub(super) async fn close_gate(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.shared.gate).write_owned().await
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let is_discovery = head.windows(12).any(|window| window == b"/.well-known");
    let mut answer = shared.answer.lock().unwrap().clone();
    if is_discovery {
        answer = Answer::Json(shared.discovery.lock().unwrap().clone().unwrap_or_default());
    } else {
        shared.hits.fetch_add(1, Ordering::SeqCst);
    }
    let _open = shared.gate.read().await;
    match answer {
        Answer::Json(body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
        Answer::Head(head) => {
            let head = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
        Answer::Endless => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
                .await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
        Answer::Close => {}
    }
    stream.shutdown().await
}
