//! Making a [`Bucket`]: the client with its limits, the address, the credentials.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider, Checksum};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use reqwest::{Certificate, Client, redirect};

use super::super::ContentError;
use super::Bucket;
use crate::config::{Addressing, S3Config, S3Credentials, SecretSource};

/// Time for a connection to be there, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Time without a single byte from the store before a connection counts as dead.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// The same where something is sent, for the store is silent until all of it has arrived: two parts at a time over half a
/// megabit a second. Putting the parts of a large object together may take minutes as well. That the other side is there
/// at all is seen earlier, by what is sent not being acknowledged.
const SENDING_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Time without an acknowledgement of what was sent before a connection counts as dead.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection is kept for another request.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// Connections for what is sent, and others for questions: they differ in how long the store may be silent.
#[derive(Debug)]
struct Connections {
    asking: Client,
    sending: Client,
}

impl HttpService for Connections {
    // As `async_trait` writes it.
    fn call<'a, 'answer>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'answer>>
    where
        'a: 'answer,
        Self: 'answer,
    {
        match request.body().is_empty() {
            true => self.asking.call(request),
            false => self.sending.call(request),
        }
    }
}

/// Requests of one runtime, all over the same connections.
#[derive(Clone, Debug)]
struct OneClient(HttpClient);

impl HttpConnector for OneClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}

impl Bucket {
    /// `credentials`: those of the same bucket on another runtime, which are renewed for all of them.
    pub(super) fn connect(
        config: &S3Config,
        credentials: Option<&AwsCredentialProvider>,
    ) -> Result<Self, ContentError> {
        let client = HttpClient::new(Connections {
            asking: client(config, SILENCE_LIMIT)?,
            sending: client(config, SENDING_LIMIT)?,
        });
        let builder = builder(config, credentials, &client)?;
        let build = |retry| -> Result<AmazonS3, ContentError> {
            let built = builder.clone().with_retry(retry).build();
            built.map_err(|error| ContentError::SetUp(format!("content.s3: {error}")))
        };
        let asking = build(retries(2, Duration::from_millis(400), Duration::from_secs(3)))?;
        let writing = AmazonS3Builder::clone(&builder).with_credentials(asking.credentials().clone());
        let writing = writing.with_retry(retries(5, Duration::from_secs(3), Duration::from_secs(60)));
        Ok(Self {
            config: config.clone(),
            writing: writing
                .build()
                .map_err(|error| ContentError::SetUp(format!("content.s3: {error}")))?,
            asking,
            client,
        })
    }
}

fn retries(max_retries: usize, longest_pause: Duration, limit: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: longest_pause,
            base: 2.0,
        },
        max_retries,
        retry_timeout: limit,
    }
}

fn builder(
    config: &S3Config,
    credentials: Option<&AwsCredentialProvider>,
    client: &HttpClient,
) -> Result<AmazonS3Builder, ContentError> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&config.bucket)
        .with_region(&config.region)
        .with_virtual_hosted_style_request(config.addressing == Addressing::Host)
        .with_checksum_algorithm(Checksum::SHA256)
        // Tags need a right of their own.
        .with_disable_tagging(true)
        // Removing is one request for one object, which every server has.
        .with_disable_bulk_delete(true)
        .with_http_connector(OneClient(client.clone()));
    if let Some(endpoint) = endpoint(config) {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(credentials) = credentials {
        return Ok(builder.with_credentials(Arc::clone(credentials)));
    }
    Ok(match &config.credentials {
        S3Credentials::Keys {
            access_key_id,
            secret_access_key,
            session_token,
        } => {
            let builder = builder
                .with_access_key_id(secret("content.s3.access_key_id", access_key_id)?)
                .with_secret_access_key(secret("content.s3.secret_access_key", secret_access_key)?);
            match session_token {
                Some(token) => builder.with_token(secret("content.s3.session_token", token)?),
                None => builder,
            }
        }
        S3Credentials::WebIdentity {
            token_file,
            role_arn,
            session_name,
            sts_endpoint,
        } => {
            let mut builder = builder
                .with_config(
                    AmazonS3ConfigKey::WebIdentityTokenFile,
                    token_file.display().to_string(),
                )
                .with_config(AmazonS3ConfigKey::RoleArn, role_arn);
            if let Some(name) = session_name {
                builder = builder.with_config(AmazonS3ConfigKey::RoleSessionName, name);
            }
            if let Some(endpoint) = sts_endpoint {
                builder = builder.with_config(AmazonS3ConfigKey::StsEndpoint, endpoint);
            }
            builder
        }
    })
}

/// The address of the store; with the bucket in it where requests name the bucket so.
fn endpoint(config: &S3Config) -> Option<String> {
    let endpoint = config.endpoint.as_deref()?;
    if config.addressing == Addressing::Path {
        return Some(endpoint.to_owned());
    }
    let (scheme, rest) = endpoint.split_once("://")?;
    Some(format!("{scheme}://{}.{rest}", config.bucket))
}

/// Where requests about the bucket itself go.
pub(super) fn bucket_url(config: &S3Config) -> String {
    let (bucket, region) = (&config.bucket, &config.region);
    match (endpoint(config), config.addressing) {
        (Some(endpoint), Addressing::Path) => format!("{endpoint}/{bucket}"),
        (Some(endpoint), Addressing::Host) => format!("{endpoint}/"),
        (None, Addressing::Path) => format!("https://s3.{region}.amazonaws.com/{bucket}"),
        (None, Addressing::Host) => format!("https://{bucket}.s3.{region}.amazonaws.com/"),
    }
}

/// A secret, which must be one line that a header can carry. It is never repeated.
fn secret(key: &str, source: &SecretSource) -> Result<String, ContentError> {
    let key = match source {
        SecretSource::Text(_) => key.to_owned(),
        SecretSource::File(_) => format!("{key}_file"),
    };
    let secret = source
        .read()
        .map_err(|error| ContentError::SetUp(format!("{key}: the file cannot be read: {error}")))?;
    let text = secret.expose();
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(ContentError::SetUp(format!(
            "{key}: expected one line without spaces"
        ))),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the client with limits is made"
)]
fn client(config: &S3Config, silence_limit: Duration) -> Result<Client, ContentError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        // object_store retries, and knows what may be sent again.
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(silence_limit)
        .tcp_user_timeout(ACKNOWLEDGED_WITHIN)
        .pool_idle_timeout(IDLE_LIMIT)
        .http1_only();
    let is_plain = config
        .endpoint
        .as_deref()
        .is_some_and(|url| url.starts_with("http://"));
    if let Some(path) = &config.ca_file
        && !is_plain
    {
        builder = builder.tls_certs_merge(roots(path)?);
    } else if is_plain && matches!(config.credentials, S3Credentials::Keys { .. }) {
        // Plain HTTP works on a machine without any root certificates.
        builder = builder.tls_certs_only([]);
    }
    builder
        .build()
        .map_err(|error| ContentError::SetUp(format!("content.s3.endpoint: no client for it: {error}")))
}

/// The certificates of a PEM file; at least one.
fn roots(path: &Path) -> Result<Vec<Certificate>, ContentError> {
    let bad = |what: &str| ContentError::SetUp(format!("content.s3.ca_file: {what} {}", path.display()));
    let pem = std::fs::read(path).map_err(|_| bad("cannot read"))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| bad("there are no certificates in"))?;
    match certificates.is_empty() {
        true => Err(bad("there are no certificates in")),
        false => Ok(certificates),
    }
}
