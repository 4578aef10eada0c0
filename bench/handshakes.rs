//! TLS handshakes a second that the listener gets through, as a ratio to a bare accept loop with the same library, the same
//! certificate and one thread as well.
//!
//! cargo run --release --example handshakes

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use graphophone::clock::Clock;
use graphophone::config::{self, Flags};
use graphophone::server::Prepared;
use graphophone::tls::{ServedCertificate, server_config};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Failure = Box<dyn Error + Send + Sync>;

/// Clients that shake hands at the same time.
const CLIENTS: usize = 16;
/// How long each measurement takes, and how many there are of each listener.
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
        "listen = \"127.0.0.1:0\"\ndata = \"data\"\ntls.development = true\n",
    )?;
    let flags = Flags {
        config: Some(file),
        ..Flags::default()
    };
    let effective = config::load(&flags, [("", ""); 0]).map_err(|problems| format!("{problems:?}"))?;
    let clock = Clock::system();
    let server = Prepared::open(effective.config, &clock)
        .await?
        .start(Some(1))
        .await?;
    let bare = bare_loop(&folder.path().join("data/tls/server.pem"), &clock)?;
    let client = client(&folder.path().join("data/tls/ca.pem"))?;
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let theirs = shake(bare, &client).await?;
        let ours = shake(server.address, &client).await?;
        // The first round is for the caches.
        if round > 0 {
            println!(
                "bare {theirs:.0}/s, graphophone {ours:.0}/s, ratio {:.2}",
                ours / theirs
            );
            ratios.push(ours / theirs);
        }
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ROUNDS / 2) {
        println!("median ratio {median:.2}");
    }
    tokio::task::spawn_blocking(|| server.stop()).await?;
    Ok(())
}

/// Accepts, shakes hands, and waits for the end.
fn bare_loop(pair: &Path, clock: &Clock) -> Result<SocketAddr, Failure> {
    let acceptor = TlsAcceptor::from(server_config(&ServedCertificate::from_files(pair, pair, clock)?)?);
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    stream.set_nodelay(true)?;
                    acceptor.accept(stream).await?.read_u8().await
                });
            }
            #[expect(unreachable_code, reason = "it names the type of the error")]
            Ok::<(), std::io::Error>(())
        })
    });
    Ok(address)
}

fn client(authority: &Path) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Every handshake is a whole one.
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Handshakes a second with `address`.
async fn shake(address: SocketAddr, client: &TlsConnector) -> Result<f64, Failure> {
    let started = Instant::now();
    let clients = (0..CLIENTS).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut count = 0_u32;
            while started.elapsed() < TIME {
                let stream = timeout(TIME, TcpStream::connect(address)).await??;
                client.connect(ServerName::from(address.ip()), stream).await?;
                count += 1;
            }
            Ok::<u32, Failure>(count)
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut total = 0;
    for client in clients {
        total += client.await??;
    }
    Ok(f64::from(total) / started.elapsed().as_secs_f64())
}
