//! From checked values to [`Config`]: what concerns more than the kind of one value.

use std::path::PathBuf;
use std::time::Duration;

use super::postgres;
use super::problem::{Problem, Problems};
use super::s3::{self, AwsEnvironment};
use super::tls;
use super::url::{self, HttpUrl};
use super::value::Values;
use super::{
    AuthorityConfig, Cloud, Config, ContentConfig, GraphConfig, IdentityProviderConfig, IssuerConfig,
    LimitsConfig, LogConfig, LogFormat, MediaConfig, MeetingRule, MetadataConfig, MetadataPlace,
    PostgresConfig, Profile, QueryOptionsRule, SslMode, ThrottlingConfig, UploadsConfig, VerifyConfig,
};

/// Where the server listens by default, should its value be unreadable; the configuration is refused then.
const NOWHERE: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Puts a configuration together. It is worth something only if there are no problems in the end.
pub(super) fn config(
    values: &Values,
    (issuers, identity_providers): (Vec<IssuerConfig>, Vec<IdentityProviderConfig>),
    aws: &AwsEnvironment,
    problems: &mut Problems,
) -> Config {
    let rate = |name| u32::try_from(values.integer(name)).unwrap_or(u32::MAX);
    Config {
        listen: values.address("listen").unwrap_or(NOWHERE),
        public_url: public_url(values, problems),
        profile: match values.text("profile") {
            Some("archive") => Profile::Archive,
            _ => Profile::Graph,
        },
        cloud: match values.text("cloud") {
            Some("usgov-l4") => Cloud::UsGovL4,
            Some("usgov-l5") => Cloud::UsGovL5,
            Some("china") => Cloud::China,
            _ => Cloud::Global,
        },
        data: values.path("data"),
        shutdown_grace: values.duration("shutdown_grace"),
        authority: AuthorityConfig {
            key_file: values.path("authority.key_file"),
            key_rotation: values.duration("authority.key_rotation"),
            access_token_lifetime: values.duration("authority.access_token_lifetime"),
            refresh_token_lifetime: values.duration("authority.refresh_token_lifetime"),
            session_lifetime: values.duration("authority.session_lifetime"),
        },
        tls: tls::read(values, problems),
        metadata: MetadataConfig {
            place: metadata_place(values, problems),
            connections: values.integer("metadata.connections"),
        },
        content: content_place(values, aws, problems),
        content_minimum_free: values.size("content.minimum_free"),
        trash: Duration::from_secs(values.integer("content.trash_days") as u64 * 86_400),
        verify: VerifyConfig {
            every: values.duration("verify.every"),
            parts: u32::try_from(values.integer("verify.parts")).unwrap_or(1),
            bytes_per_second: values.size("verify.bytes_per_second"),
        },
        media: MediaConfig {
            ffmpeg: values.path("media.ffmpeg"),
            ffmpeg_timeout: values.duration("media.ffmpeg_timeout"),
        },
        uploads: UploadsConfig {
            session_lifetime: values.duration("uploads.session_lifetime"),
        },
        log: LogConfig {
            format: match values.text("log.format") {
                Some("json") => LogFormat::Json,
                _ => LogFormat::Text,
            },
            requests: values.bool("log.requests"),
        },
        limits: LimitsConfig {
            max_connections: values.integer("limits.max_connections"),
            header_timeout: values.duration("limits.header_timeout"),
            send_timeout: values.duration("limits.send_timeout"),
            header_bytes: values.integer("limits.header_bytes"),
            json_bytes: values.integer("limits.json_bytes"),
        },
        issuers,
        identity_providers,
        graph: graph(values),
        throttling: ThrottlingConfig {
            requests_per_second: rate("throttling.requests_per_second"),
            writes_per_second: rate("throttling.writes_per_second"),
            application_requests_per_second: rate("throttling.application_requests_per_second"),
            application_writes_per_second: rate("throttling.application_writes_per_second"),
        },
    }
}

fn graph(values: &Values) -> GraphConfig {
    let rule = |name| match values.text(name) {
        Some("serve") => MeetingRule::Serve,
        _ => MeetingRule::Refuse,
    };
    GraphConfig {
        expired_meetings: rule("graph.expired_meetings"),
        channel_meetings: rule("graph.channel_meetings"),
        uncalendared_meetings: rule("graph.uncalendared_meetings"),
        query_options: match values.text("graph.query_options") {
            Some("superset") => QueryOptionsRule::Superset,
            _ => QueryOptionsRule::Reference,
        },
        export_requires_policy: values.bool("graph.export_requires_policy"),
        delta_token_lifetime: values.duration("graph.delta_token_lifetime"),
    }
}

fn public_url(values: &Values, problems: &mut Problems) -> Option<String> {
    let text = values.text("public_url")?;
    let url = HttpUrl::parse(text).filter(|url| matches!(url.rest, "" | "/"));
    if url.is_none() {
        problems.add_first(
            "public_url",
            format!(
                "expected scheme, host and port only, such as https://recordings.example.org; found {}",
                url::quoted(text)
            ),
        );
    }
    url.map(|url| url.origin.to_ascii_lowercase())
}

/// A setting that says where something is stored.
struct Store {
    key: &'static str,
    scheme: &'static str,
    example: &'static str,
    /// How a store beyond this machine is named.
    elsewhere: &'static str,
}

const METADATA: Store = Store {
    key: "metadata.url",
    scheme: "sqlite:",
    example: "sqlite:graphophone.db",
    elsewhere: "postgres://USER@HOST/DATABASE",
};

const CONTENT: Store = Store {
    key: "content.url",
    scheme: "file:",
    example: "file:content",
    elsewhere: "s3://BUCKET/PREFIX",
};

fn metadata_place(values: &Values, problems: &mut Problems) -> MetadataPlace {
    if postgres::is_postgres(values.text(METADATA.key).unwrap_or_default()) {
        let server = postgres::read(values, problems).map(|server| MetadataPlace::Postgres(Box::new(server)));
        // Without one there is a problem, and the configuration is refused.
        return server.unwrap_or(MetadataPlace::Sqlite(PathBuf::new()));
    }
    for key in ["metadata.password", "metadata.password_file"] {
        if values.is_given(key) {
            problems.add_first(
                key,
                "SQLite has no password; leave it out, or set metadata.url to a PostgreSQL server",
            );
        }
    }
    MetadataPlace::Sqlite(store_path(values, &METADATA, problems))
}

fn content_place(values: &Values, aws: &AwsEnvironment, problems: &mut Problems) -> ContentConfig {
    if s3::is_s3(values) {
        let bucket = s3::read(values, aws, problems).map(|bucket| ContentConfig::S3(Box::new(bucket)));
        // Without one there is a problem, and the configuration is refused.
        return bucket.unwrap_or(ContentConfig::Folder(PathBuf::new()));
    }
    s3::refuse_without_bucket(values, problems);
    ContentConfig::Folder(store_path(values, &CONTENT, problems))
}

/// The path in a `sqlite:` or `file:` URL. The URL is never repeated, for it may hold a password.
fn store_path(values: &Values, store: &Store, problems: &mut Problems) -> PathBuf {
    let text = values.text(store.key).unwrap_or_default();
    let path = text.strip_prefix(store.scheme).unwrap_or_default();
    // What other programs read as a host, as options or as a database in memory would be a file of that name here.
    let is_path =
        !path.is_empty() && !path.starts_with("//") && !path.starts_with(':') && !path.contains(['?', '\0']);
    let example = store.example;
    if !is_path {
        let message = format!(
            "expected {}PATH without // and ?, such as {example}, or {}",
            store.scheme, store.elsewhere
        );
        problems.add_first(store.key, message);
    }
    PathBuf::from(path)
}

/// What is accepted but worth a word.
pub(super) fn warnings(config: &Config) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let public = config.public_url.as_deref().and_then(HttpUrl::parse);
    match public {
        Some(url) if !url.secure && config.tls.is_some() => warnings.push(Problem::new(
            "public_url",
            "http:// although the server speaks https: links lead to where nobody answers; use https://",
        )),
        Some(url) if !url.is_private() => warnings.push(Problem::new(
            "public_url",
            "http:// sends tokens and recordings in the clear; use https://, with tls.certificate and tls.key or behind a \
             reverse proxy",
        )),
        _ => {}
    }
    if let MetadataPlace::Postgres(server) = &config.metadata.place {
        warnings.extend(unverified(server));
    }
    if let ContentConfig::S3(bucket) = &config.content {
        warnings.extend(s3::warnings(bucket));
    }
    for (index, issuer) in config.issuers.iter().enumerate() {
        if issuer.ca_file.is_some() && matches!(issuer.keys, super::KeySource::File(_)) {
            warnings.push(Problem::new(
                format!("issuers[{index}].ca_file"),
                "not used, since jwks_file is set; leave it out",
            ));
        }
    }
    warnings
}

/// What a connection to another machine does not prove.
fn unverified(server: &PostgresConfig) -> Option<Problem> {
    if server.hosts.iter().all(|(host, _)| postgres::is_loopback(host)) {
        return None;
    }
    let message = match server.ssl_mode {
        SslMode::VerifyFull => return None,
        SslMode::Disable => {
            "sslmode=disable sends everything to the database in the clear; use sslmode=verify-full"
        }
        SslMode::Require => {
            "sslmode=require takes any certificate for the database's; use sslmode=verify-full"
        }
        SslMode::VerifyCa => {
            "sslmode=verify-ca takes another host's certificate for the database's; use sslmode=verify-full"
        }
    };
    Some(Problem::new("metadata.url", message))
}
