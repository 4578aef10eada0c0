//! HTTPS for tests: an authority, certificates of it, and connections that trust it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use graphophone::clock::Clock;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a test waits for a connection.
const DEADLINE: Duration = Duration::from_secs(20);

/// A connection that has shaken hands.
pub type Secure = TlsStream<TcpStream>;

/// An authority that clients of a test trust, with a folder for what it signs.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// From when to when a certificate is good, in years.
#[derive(Clone, Copy)]
pub struct Years(pub i32, pub i32);

/// As long as anybody tests.
pub const FOREVER: Years = Years(2000, 2090);
/// Not any more at the time of the tests, whatever clock is asked.
pub const OVER: Years = Years(2000, 2020);
/// Not before a far future.
pub const NOT_YET: Years = Years(2080, 2090);

impl Authority {
    /// A new one. It writes to `folder`, `ca.pem` at once.
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
        Self {
            issuer,
            folder: folder.to_owned(),
        }
    }

    /// A certificate for this machine, and its key, as PEM.
    pub fn sign(&self, years: Years) -> (String, String) {
        self.sign_with(|params| {
            params.not_before = date_time_ymd(years.0, 1, 1);
            params.not_after = date_time_ymd(years.1, 1, 1);
        })
    }

    fn sign_with(&self, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1", "::1"].map(ToOwned::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Puts such a pair into the place of the one that is served, the key first.
    pub fn replace(&self, years: Years) {
        let (certificate, key) = self.sign(years);
        self.put("server.key", &key);
        self.put("server.crt", &certificate);
    }

    /// The same with one that ends in so many days.
    pub fn replace_for(&self, days: u64) {
        let now = u64::try_from(Clock::system().now().unix_seconds()).unwrap();
        let end = date_time_ymd(1970, 1, 1) + Duration::from_secs(now + days * 24 * 3600);
        let (certificate, key) = self.sign_with(|params| params.not_after = end);
        self.put("server.key", &key);
        self.put("server.crt", &certificate);
    }

    /// Puts a file into the place of another.
    pub fn put(&self, name: &str, text: &str) {
        let new = self.folder.join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.join(name)).unwrap();
    }

    /// Its own certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The lines of a configuration that lies in the same folder; the pair must be there.
    pub const CONFIG: &str = "tls.certificate = \"server.crt\"\ntls.key = \"server.key\"\n";

    /// A client that trusts this authority and nobody else.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests ask the server on loopback and nothing else"
    )]
    pub fn client(&self, of: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(&std::fs::read(self.file()).unwrap()).unwrap();
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([root]);
        of(builder).build().unwrap()
    }

    /// A connection that offers these protocols.
    pub async fn connect(&self, address: &str, protocols: &[&str]) -> std::io::Result<Secure> {
        connect(&self.file(), address, protocols).await
    }
}

/// A connection that offers these protocols, and trusts the authority of that file.
pub async fn connect(authority: &Path, address: &str, protocols: &[&str]) -> std::io::Result<Secure> {
    let shaken = async {
        let stream = TcpStream::connect(address).await?;
        shake_hands(authority, stream, protocols).await
    };
    tokio::time::timeout(DEADLINE, shaken)
        .await
        .expect("no handshake")
}

/// The same on a connection that is there already.
pub async fn shake_hands(authority: &Path, stream: TcpStream, protocols: &[&str]) -> std::io::Result<Secure> {
    let mut config = client_config(authority);
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let address: SocketAddr = stream.peer_addr()?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::from(address.ip()), stream)
        .await
}

/// What trusts the authority of that file.
pub fn client_config(authority: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The certificate that a server shows, to tell one from another.
pub fn shown(stream: &Secure) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}
