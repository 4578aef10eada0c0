//! Configuration: defaults, profile, file, environment and command line, put together and checked once.
//!
//! [`load`] is the only entrance. It reads the one file that it is told of and nothing else: the environment is
//! handed in, and the files that settings name are opened by those who need them.

mod build;
pub mod duration;
mod finding;
pub mod identity_provider;
pub mod issuer;
mod layers;
mod postgres;
mod problem;
mod reader;
mod registry;
mod s3;
mod secret;
mod size;
mod tls;
mod url;
mod value;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use finding::Finding;
pub use identity_provider::IdentityProviderConfig;
pub use issuer::{Algorithm, AppOnly, ClaimMap, IssuerConfig, KeySource, TenantClaim};
pub use postgres::{PostgresConfig, SslMode, TargetSession};
pub use problem::Problem;
use problem::Problems;
use registry::{ISSUER_KEYS, KEYS, PROVIDER_KEYS};
pub use s3::{Addressing, S3Config, S3Credentials};
pub use secret::{Secret, SecretSource};
pub use tls::{CertificateSource, TlsConfig};
pub use value::Origin;
use value::Values;

/// The reference: every setting with its default and when to change it, as a file to start from.
pub const REFERENCE: &str = include_str!("../../config.default.toml");

/// The one variable of ours that is no setting: `backup` and `restore` ask for it, and nobody else should have it.
pub const BACKUP_PASSPHRASE: &str = "GRAPHOPHONE_BACKUP_PASSPHRASE";

/// What the server was told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Scheme and host that links begin with, without a slash at the end; see [`Config::public_url_for`].
    pub public_url: Option<String>,
    /// What it is for.
    pub profile: Profile,
    /// The cloud whose operations it offers.
    pub cloud: Cloud,
    /// The folder that the stores lie in.
    pub data: Option<PathBuf>,
    /// How long requests in flight may take once the server stops.
    pub shutdown_grace: Duration,
    /// The built-in authority.
    pub authority: AuthorityConfig,
    /// HTTPS; without it plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Where rows are kept.
    pub metadata: MetadataConfig,
    /// Where recordings are kept.
    pub content: ContentConfig,
    /// So many bytes of the content's disk are left free by uploads.
    pub content_minimum_free: u64,
    /// How long what was deleted can be restored.
    pub trash: Duration,
    /// How stored content is compared.
    pub verify: VerifyConfig,
    /// What is done with files that come in.
    pub media: MediaConfig,
    /// How recordings are taken in.
    pub uploads: UploadsConfig,
    /// What is logged.
    pub log: LogConfig,
    /// What a client may ask for.
    pub limits: LimitsConfig,
    /// Who may sign tokens, beside the built-in authority.
    pub issuers: Vec<IssuerConfig>,
    /// Who else signs people in.
    pub identity_providers: Vec<IdentityProviderConfig>,
    /// Where it differs from Graph.
    pub graph: GraphConfig,
    /// How much an application may ask.
    pub throttling: ThrottlingConfig,
}

/// `profile`: what stands between the defaults and the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As Microsoft Graph.
    Graph,
    /// An archive that serves all it has.
    Archive,
}

/// `cloud`: which of Microsoft's clouds the set of operations follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one.
    Global,
    /// US Government L4.
    UsGovL4,
    /// US Government L5 (DOD).
    UsGovL5,
    /// China, operated by 21Vianet.
    China,
}

/// `[authority]`
#[derive(Clone, Debug)]
pub struct AuthorityConfig {
    /// What seals the store's keys, where it is not in the data folder; see [`Config::key_file`].
    pub key_file: Option<PathBuf>,
    /// How old a signing key gets.
    pub key_rotation: Duration,
    /// How long an access token is good for.
    pub access_token_lifetime: Duration,
    /// How long a refresh token waits to be used.
    pub refresh_token_lifetime: Duration,
    /// How long a browser stays signed in.
    pub session_lifetime: Duration,
}

/// `[metadata]`
#[derive(Clone, Debug)]
pub struct MetadataConfig {
    /// The database.
    pub place: MetadataPlace,
    /// Connections to PostgreSQL, of all threads together.
    pub connections: usize,
}

/// `metadata.url`
#[derive(Clone, Debug)]
pub enum MetadataPlace {
    /// A SQLite file, relative to `data`; see [`Config::metadata_place`].
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<PostgresConfig>),
}

/// `[content]`
#[derive(Clone, Debug)]
pub enum ContentConfig {
    /// A folder, relative to `data`; see [`Config::content_place`].
    Folder(PathBuf),
    /// A bucket.
    S3(Box<S3Config>),
}

/// `[uploads]`
#[derive(Clone, Copy, Debug)]
pub struct UploadsConfig {
    /// How long a session lives that nobody goes on with.
    pub session_lifetime: Duration,
}

/// `[media]`
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// The program that puts tracks into another file.
    pub ffmpeg: Option<PathBuf>,
    /// How long that may take.
    pub ffmpeg_timeout: Duration,
}

/// `[verify]`
#[derive(Clone, Copy, Debug)]
pub struct VerifyConfig {
    /// How often the server looks at a part.
    pub every: Duration,
    /// In how many parts it looks at all.
    pub parts: u32,
    /// So many bytes a second at most; 0 for no limit.
    pub bytes_per_second: u64,
}

/// A size as it stands in a configuration, such as `50MiB`.
pub fn size(text: &str) -> Option<u64> {
    size::parse(text)
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// Each request is a line.
    pub requests: bool,
}

/// `log.format`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[limits]`
#[derive(Clone, Debug)]
pub struct LimitsConfig {
    /// Connections at a time.
    pub max_connections: usize,
    /// Time for a whole request head.
    pub header_timeout: Duration,
    /// Time without any progress of a client that reads an answer.
    pub send_timeout: Duration,
    /// Size of the request line with all headers.
    pub header_bytes: usize,
    /// Size of a JSON body.
    pub json_bytes: usize,
}

/// `[graph]`: what the profile sets, one by one.
#[derive(Clone, Debug)]
pub struct GraphConfig {
    /// Meetings that have expired.
    pub expired_meetings: MeetingRule,
    /// Meetings in a channel.
    pub channel_meetings: MeetingRule,
    /// Meetings that no calendar backs.
    pub uncalendared_meetings: MeetingRule,
    /// Which query options there are.
    pub query_options: QueryOptionsRule,
    /// `getAll…` and `delta` need an application access policy.
    pub export_requires_policy: bool,
    /// How long a delta token can be gone on with.
    pub delta_token_lifetime: Duration,
}

/// `[throttling]`: requests in a second; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThrottlingConfig {
    /// Reading requests of an application in a tenant.
    pub requests_per_second: u32,
    /// Its other requests.
    pub writes_per_second: u32,
    /// Reading requests of an application in all tenants together.
    pub application_requests_per_second: u32,
    /// Its other requests.
    pub application_writes_per_second: u32,
}

/// What happens to a meeting that Graph does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingRule {
    /// Refused, as the reference does.
    Refuse,
    /// Served.
    Serve,
}

/// `graph.query_options`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryOptionsRule {
    /// What Graph offers.
    Reference,
    /// Every property filters and orders.
    Superset,
}

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`: the configuration file.
    pub config: Option<PathBuf>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
}

/// A configuration with the way it came about.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What counts.
    pub config: Config,
    /// Every setting that this release has, in the order of the reference, then those of each issuer.
    pub settings: Vec<Setting>,
    /// What is accepted but worth a word.
    pub warnings: Vec<Problem>,
}

/// A setting for `config check`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key, such as `limits.json_bytes` or `issuers[0].issuer`.
    pub key: String,
    /// Its value as it would stand in the file; a secret is `***`, nothing is `""`.
    pub shown: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// Reads the configuration file, if `flags` name one, and puts it together with everything else.
///
/// `environment` may be all of `std::env::vars_os()`: only what begins with `GRAPHOPHONE_` counts, and for a bucket what
/// every program for S3 reads (`AWS_ACCESS_KEY_ID` and so on).
///
/// # Errors
///
/// Everything that is wrong: file, environment and command line in that order, then what they make together.
pub fn load<N: Into<OsString>, V: Into<OsString>>(
    flags: &Flags,
    environment: impl IntoIterator<Item = (N, V)>,
) -> Result<Effective, Vec<Problem>> {
    let mut problems = Problems::default();
    let environment: Vec<(OsString, OsString)> = environment
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let aws = s3::AwsEnvironment::of(&environment);
    let given = layers::gather(flags, environment.into_iter(), &mut problems);
    let mut server = Values::resolve(KEYS, &given.server);
    s3::from_environment(&mut server, &aws);
    let entries: Vec<Values> = given
        .issuers
        .iter()
        .map(|entry| Values::resolve(ISSUER_KEYS, entry))
        .collect();
    let providers: Vec<Values> = given
        .providers
        .iter()
        .map(|entry| Values::resolve(PROVIDER_KEYS, entry))
        .collect();
    let issuers = issuer::issuers(&entries, &mut problems);
    let signing_in = identity_provider::providers(&providers, &mut problems);
    let config = build::config(&server, (issuers, signing_in), &aws, &mut problems);
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let mut settings = settings_of(&server, "");
    for (index, entry) in entries.iter().enumerate() {
        settings.extend(settings_of(entry, &format!("issuers[{index}].")));
    }
    for (index, entry) in providers.iter().enumerate() {
        settings.extend(settings_of(entry, &format!("identity_providers[{index}].")));
    }
    Ok(Effective {
        warnings: build::warnings(&config),
        config,
        settings,
    })
}

fn settings_of(values: &Values, prefix: &str) -> Vec<Setting> {
    let setting = |entry: &value::Entry| Setting {
        key: format!("{prefix}{}", entry.key.name),
        shown: entry.to_string(),
        origin: entry.origin.clone(),
    };
    let entries = values.0.iter();
    entries
        .filter(|entry| entry.key.built || entry.origin != Origin::Default)
        .map(setting)
        .collect()
}

impl Config {
    /// What links begin with for a server that listens on `bound`: `public_url`, or else that address.
    ///
    /// # Errors
    ///
    /// Without `public_url` where `bound` is a wildcard, for nobody can follow a link to 0.0.0.0.
    pub fn public_url_for(&self, bound: SocketAddr) -> Result<String, Problem> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None if bound.ip().to_canonical().is_unspecified() => Err(Problem::new(
                "public_url",
                format!(
                    "required, since listen = \"{bound}\" is every address of this machine; \
                     set it to the scheme and host that clients use"
                ),
            )),
            // Made anew, for an IPv6 address may carry a zone, which has no place in a URL.
            None => Ok(self.url_of(bound)),
        }
    }

    /// The URL of an address that is listened on.
    pub fn url_of(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", SocketAddr::new(address.ip(), address.port()))
    }

    /// Where the local certificate authority is kept.
    ///
    /// # Errors
    ///
    /// Without `data`.
    pub fn authority_folder(&self) -> Result<PathBuf, Problem> {
        self.in_data(Path::new("tls"))
    }

    /// The host of `public_url`.
    pub fn public_host(&self) -> Option<&str> {
        url::HttpUrl::parse(self.public_url.as_deref()?).map(|url| url.host)
    }

    /// The database, a SQLite file with its whole path.
    ///
    /// # Errors
    ///
    /// If it is a file relative to `data` and there is no `data`.
    pub fn metadata_place(&self) -> Result<MetadataPlace, Problem> {
        match &self.metadata.place {
            MetadataPlace::Sqlite(file) => Ok(MetadataPlace::Sqlite(self.in_data(file)?)),
            server @ MetadataPlace::Postgres(_) => Ok(server.clone()),
        }
    }

    /// Where the recordings are, a folder with its whole path.
    ///
    /// # Errors
    ///
    /// If it is relative to `data` and there is no `data`.
    pub fn content_place(&self) -> Result<ContentConfig, Problem> {
        match &self.content {
            ContentConfig::Folder(folder) => Ok(ContentConfig::Folder(self.in_data(folder)?)),
            ContentConfig::S3(s3) => Ok(ContentConfig::S3(s3.clone())),
        }
    }

    /// The file with the key that seals the store's keys.
    ///
    /// # Errors
    ///
    /// If it is not named and there is no `data`.
    pub fn key_file(&self) -> Result<PathBuf, Problem> {
        match (&self.authority.key_file, &self.data) {
            (Some(file), _) => Ok(file.clone()),
            (None, Some(data)) => Ok(data.join("authority.key")),
            (None, None) => Err(Problem::new(
                "authority.key_file",
                "required where there is no data folder; it seals the store's keys, and every node needs the same file",
            )),
        }
    }

    fn in_data(&self, path: &Path) -> Result<PathBuf, Problem> {
        match &self.data {
            Some(data) => Ok(data.join(path)),
            None if path.is_absolute() => Ok(path.to_owned()),
            None => Err(Problem::new(
                "data",
                "required; set it to the folder to keep everything in, or pass --data DIR",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
