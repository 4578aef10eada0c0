//! The certificate that the server shows, read again when it changes, and the local authority that makes one up for
//! development. What is said under TLS is no business of this room.

mod development;
mod pair;
mod served;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::clock::Ticks;

pub use development::{LocalAuthority, authority_file, authority_name};
pub use served::ServedCertificate;

/// HTTP/2 and HTTP/1.1, in the order in which the server likes them (RFC 7301 section 6).
pub const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why a certificate cannot be served: a line that names the setting.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// A file cannot be read.
    #[error("{setting}: {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The setting that names it.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// There is none in the file.
    #[error("{setting}: {} holds no {what} in PEM", path.display())]
    Empty {
        /// The setting that names it.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// What is in the file cannot be used.
    #[error("{setting}: {} cannot be used: {cause}", path.display())]
    Unusable {
        /// The setting that names it.
        setting: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The two do not belong together.
    #[error("tls.key: {} is not the key of the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// `tls.certificate`
        certificate: PathBuf,
        /// `tls.key`
        key: PathBuf,
    },
    /// It is not valid any more.
    #[error("tls.certificate: {} has expired at {}", path.display(), shown(*at))]
    Expired {
        /// Which.
        path: PathBuf,
        /// When.
        at: Ticks,
    },
    /// It is not valid yet.
    #[error("tls.certificate: {} is not valid before {}; is the clock of this machine right?", path.display(), shown(*at))]
    NotYetValid {
        /// Which.
        path: PathBuf,
        /// When it will be.
        at: Ticks,
    },
    /// The local authority does not do what is asked.
    #[error("tls.development: {0}")]
    Authority(String),
}

/// An instant as people read it.
fn shown(at: Ticks) -> String {
    format!("{}Z", at.to_seconds_text())
}

/// How the server speaks TLS: 1.2 or newer, with whatever certificate `served` has at the time of a handshake.
///
/// # Errors
/// Where the crypto library cannot do that, which it can.
pub fn server_config(served: &Arc<ServedCertificate>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let resolver: Arc<dyn rustls::server::ResolvesServerCert> = Arc::<ServedCertificate>::clone(served);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}
