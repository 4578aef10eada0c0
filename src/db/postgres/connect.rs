//! Connections: how one is made, what it has to prove, and the pools of them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::{SslMode as Wire, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{ANSWER_LIMIT, DbError, POOL_LIMIT, STATEMENT_LIMIT, fault};
use crate::config::{PostgresConfig, SslMode, TargetSession};

/// Says what is on for this session, and puts durability on where the server has it off (security.md section 5).
const DURABLE: &str = "
    SELECT set_config('synchronous_commit', 'on', FALSE)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// How long a connection may be silent before the system asks whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A server, with all that connecting to it takes.
pub(super) struct Server {
    config: Config,
    tls: MakeRustlsConnect,
    limit: Duration,
}

impl Server {
    pub(super) fn new(server: &PostgresConfig) -> Result<Self, DbError> {
        let mut config = Config::new();
        for (host, port) in &server.hosts {
            config.host(host).port(*port);
        }
        config
            .user(&server.user)
            .dbname(&server.database)
            .application_name("graphophone")
            .options(format!("-c statement_timeout={}", STATEMENT_LIMIT.as_millis()))
            .connect_timeout(server.connect_timeout)
            .tcp_user_timeout(ANSWER_LIMIT)
            .keepalives_idle(KEEPALIVE)
            .ssl_mode(match server.ssl_mode {
                SslMode::Disable => Wire::Disable,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Wire::Require,
            })
            .target_session_attrs(match server.target {
                TargetSession::Any => TargetSessionAttrs::Any,
                TargetSession::ReadWrite => TargetSessionAttrs::ReadWrite,
                TargetSession::ReadOnly => TargetSessionAttrs::ReadOnly,
            });
        if let Some(password) = &server.password {
            let secret = password.read().map_err(|error| {
                DbError::SetUp(format!(
                    "metadata.password_file: the file cannot be read: {error}"
                ))
            })?;
            config.password(secret.expose());
        }
        // A name may stand for two addresses, of IPv4 and of IPv6.
        let hosts = u32::try_from(server.hosts.len()).unwrap_or(1).saturating_mul(2);
        Ok(Self {
            config,
            tls: tls(server)?,
            // Of all hosts together.
            limit: server.connect_timeout.saturating_mul(hosts),
        })
    }

    /// A pool of at most `size` connections, to be used on one runtime thread.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, DbError> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        let durable = Hook::async_fn(|client, _| {
            // Not among what the pool limits by itself.
            let said = tokio::time::timeout(POOL_LIMIT, client.batch_execute(DURABLE));
            Box::pin(async move {
                let late = |_elapsed| HookError::message("the server does not answer");
                said.await.map_err(late)?.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(POOL_LIMIT),
                create: Some(self.limit),
                recycle: Some(POOL_LIMIT),
            })
            .post_create(durable)
            .build();
        pool.map_err(|error| DbError::Engine(Box::new(error)))
    }
}

/// A connection outside of any pool, driven by the runtime of this thread until it is dropped.
pub(crate) async fn connect(config: &PostgresConfig) -> Result<Client, DbError> {
    let server = Server::new(config)?;
    let connecting = tokio::time::timeout(server.limit, server.config.connect(server.tls.clone()));
    let late = |_elapsed| {
        let text = "metadata.url: the server did not let us in in time; correct host and port, or raise connect_timeout";
        DbError::SetUp(text.to_owned())
    };
    let connected = connecting.await.map_err(late)?;
    let (client, connection) = connected.map_err(|error| fault::of_connecting(&error, config))?;
    tokio::spawn(async move {
        // Whoever waits for an answer is told the same.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the database has ended");
        }
    });
    tokio::time::timeout(server.limit, client.batch_execute(DURABLE))
        .await
        .map_err(late)?
        .map_err(|error| fault(&error))?;
    Ok(client)
}

fn tls(server: &PostgresConfig) -> Result<MakeRustlsConnect, DbError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let unusable =
        |error: &dyn std::fmt::Display| DbError::SetUp(format!("metadata.url: TLS cannot be used: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let chain = match server.ssl_mode {
        SslMode::Disable | SslMode::Require => None,
        SslMode::VerifyCa | SslMode::VerifyFull => {
            let roots = Arc::new(roots(server.ssl_root_cert.as_deref())?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            Some(verifier.map_err(|error| unusable(&error))?)
        }
    };
    let verifier = Lenient {
        chain,
        name: server.ssl_mode == SslMode::VerifyFull,
        provider,
    };
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, DbError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return match roots.is_empty() {
            true => Err(DbError::SetUp(
                "metadata.url: this system has no certificate authorities; name a file of them with sslrootcert".to_owned(),
            )),
            false => Ok(roots),
        };
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        DbError::SetUp(format!("metadata.url: sslrootcert {}: {error}", file.display()))
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    match roots.is_empty() {
        true => Err(unreadable(&io::Error::other("there is no certificate in it"))),
        false => Ok(roots),
    }
}

/// Verifies as much as `sslmode` asks for; that the server has the key of its certificate is always proved.
#[derive(Debug)]
struct Lenient {
    /// What knows the authorities; `None`: any certificate will do.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The certificate has to be for the host.
    name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at when everything else is good.
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if !self.name =>
            {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
