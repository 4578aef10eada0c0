//! `content.url = "s3://BUCKET/PREFIX"` and `[content.s3]`: a bucket, and with what to sign in.
//!
//! Credentials come whole from one source: the configuration, else the environment's `AWS_ACCESS_KEY_ID` and its
//! companions, else web identity. No metadata address is ever asked.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::problem::{Problem, Problems};
use super::secret::{Secret, SecretSource};
use super::url::{self, HttpUrl};
use super::value::{Origin, Values};

const URL: &str = "content.url";
const SCHEME: &str = "s3://";
const ENDPOINT: &str = "content.s3.endpoint";
const REGION: &str = "content.s3.region";
const ADDRESSING: &str = "content.s3.addressing";
const CA_FILE: &str = "content.s3.ca_file";
const ACCESS_KEY_ID: &str = "content.s3.access_key_id";
const SECRET_ACCESS_KEY: &str = "content.s3.secret_access_key";
const SESSION_TOKEN: &str = "content.s3.session_token";
/// What servers other than Amazon's take when they know no regions.
const REGION_OF_NOWHERE: &str = "us-east-1";

/// A bucket and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Config {
    /// Its name.
    pub bucket: String,
    /// What stands before every key: empty, or plain names with slashes between them.
    pub prefix: String,
    /// Scheme, host, port and path of the store without a slash at its end; `None` for Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// How a request names the bucket.
    pub addressing: Addressing,
    /// PEM file with further roots for the endpoint.
    pub ca_file: Option<PathBuf>,
    /// With what to sign in.
    pub credentials: S3Credentials,
}

/// `content.s3.addressing`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// As the first part of the path.
    Path,
    /// As the first part of the host.
    Host,
}

/// With what to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum S3Credentials {
    /// Keys that somebody was given.
    Keys {
        /// Names the account.
        access_key_id: SecretSource,
        /// Proves it.
        secret_access_key: SecretSource,
        /// Comes with keys that expire.
        session_token: Option<SecretSource>,
    },
    /// A token in a file that a token service exchanges for keys that expire.
    WebIdentity {
        /// The file.
        token_file: PathBuf,
        /// The role that it stands for.
        role_arn: String,
        /// What this is called in the records of the token service.
        session_name: Option<String>,
        /// The token service; `None` for Amazon's of the region.
        sts_endpoint: Option<String>,
    },
}

/// The variables of the environment that every program for S3 knows.
#[derive(Debug, Default)]
pub(super) struct AwsEnvironment(Vec<(String, String)>);

impl AwsEnvironment {
    /// Picks them out.
    pub(super) fn of(environment: &[(OsString, OsString)]) -> Self {
        let texts = environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        Self(
            texts
                .filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Whether the content lies in a bucket.
pub(super) fn is_s3(values: &Values) -> bool {
    values.text(URL).is_some_and(|text| text.starts_with("s3:"))
}

/// Puts what the environment says about the account and the region into the settings, where the configuration is silent.
pub(super) fn from_environment(values: &mut Values, aws: &AwsEnvironment) {
    if !is_s3(values) {
        return;
    }
    let mut pairs = vec![(REGION, "AWS_REGION"), (REGION, "AWS_DEFAULT_REGION")];
    if !names_an_account(values) {
        pairs.extend([
            (ACCESS_KEY_ID, "AWS_ACCESS_KEY_ID"),
            (SECRET_ACCESS_KEY, "AWS_SECRET_ACCESS_KEY"),
            (SESSION_TOKEN, "AWS_SESSION_TOKEN"),
        ]);
    }
    for (setting, name) in pairs {
        if let Some(text) = aws.get(name) {
            values.put_text(setting, text, Origin::Environment(name.to_owned()));
        }
    }
}

fn twin(key: &str) -> String {
    format!("{key}_file")
}

fn names_an_account(values: &Values) -> bool {
    [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN]
        .iter()
        .any(|key| values.text(key).is_some() || values.path(&twin(key)).is_some())
}

/// The bucket of `content.url`. Without one there is a problem.
pub(super) fn read(values: &Values, aws: &AwsEnvironment, problems: &mut Problems) -> Option<S3Config> {
    let place = bucket_and_prefix(values, problems);
    let endpoint = endpoint(values, problems);
    let has_endpoint = endpoint.is_some() || values.text(ENDPOINT).is_some();
    let region = values.text(REGION).map(ToOwned::to_owned);
    let region = region.or_else(|| has_endpoint.then(|| REGION_OF_NOWHERE.to_owned()));
    match &region {
        None => problems.add_first(
            REGION,
            "required where there is no content.s3.endpoint; set it to the bucket's region",
        ),
        Some(text) if !is_plain(text) => {
            problems.add_first(
                REGION,
                "expected letters, digits and dashes, such as eu-central-1",
            );
        }
        Some(_) => {}
    }
    let addressing = match values.text(ADDRESSING) {
        Some("path") => Addressing::Path,
        Some("host") => Addressing::Host,
        _ if has_endpoint => Addressing::Path,
        _ => Addressing::Host,
    };
    let credentials = credentials(values, aws, problems);
    let (bucket, prefix) = place?;
    if addressing == Addressing::Host && bucket.contains('.') {
        let message =
            "a bucket with a dot in its name has no certificate as part of a host; set it to \"path\"";
        problems.add_first(ADDRESSING, message);
    }
    Some(S3Config {
        bucket,
        prefix,
        endpoint,
        region: region?,
        addressing,
        ca_file: values.path(CA_FILE),
        credentials: credentials?,
    })
}

/// A folder has no use for the settings of a bucket.
pub(super) fn refuse_without_bucket(values: &Values, problems: &mut Problems) {
    let texts = [ENDPOINT, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN].into_iter();
    let texts = texts
        .filter(|key| values.text(key).is_some())
        .map(ToOwned::to_owned);
    let files = [ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN]
        .map(twin)
        .into_iter();
    let files = files
        .chain([CA_FILE.to_owned()])
        .filter(|key| values.path(key).is_some());
    let addressing = values.text(ADDRESSING).filter(|word| *word != "auto");
    for key in texts
        .chain(files)
        .chain(addressing.map(|_| ADDRESSING.to_owned()))
    {
        problems.add_first(
            key,
            "a folder does not need it; leave it out, or set content.url to s3://BUCKET/PREFIX",
        );
    }
}

/// What is accepted but worth a word.
pub(super) fn warnings(s3: &S3Config) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let endpoint = s3.endpoint.as_deref().and_then(HttpUrl::parse);
    if endpoint.as_ref().is_some_and(|url| !url.is_private()) {
        warnings.push(Problem::new(
            ENDPOINT,
            "http:// sends recordings in the clear; use https://",
        ));
    }
    if endpoint.is_some_and(|url| !url.secure) && s3.ca_file.is_some() {
        warnings.push(Problem::new(
            CA_FILE,
            "not used, since the endpoint is http://; leave it out",
        ));
    }
    warnings
}

fn bucket_and_prefix(values: &Values, problems: &mut Problems) -> Option<(String, String)> {
    let text = values.text(URL).unwrap_or_default();
    let found = text.strip_prefix(SCHEME).and_then(|rest| {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let fine =
            is_bucket(bucket) && (prefix.is_empty() || prefix.split('/').all(is_name) && prefix.len() <= 512);
        fine.then(|| (bucket.to_owned(), prefix.to_owned()))
    });
    if found.is_none() {
        // The URL is never repeated, for somebody may have put a key into it.
        let message = "expected s3://BUCKET or s3://BUCKET/PREFIX: a bucket of 3 to 63 small letters, digits, dots and dashes, \
                       a prefix of letters, digits, and - _ . /";
        problems.add_first(URL, message);
    }
    found
}

/// The rules that all S3 servers share for names of buckets.
fn is_bucket(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (3..=63).contains(&text.len())
        && text.bytes().all(|b| plain(b) || matches!(b, b'-' | b'.'))
        && text.bytes().next().is_some_and(plain)
        && text.bytes().next_back().is_some_and(plain)
        && !text.contains("..")
        && text.parse::<Ipv4Addr>().is_err()
}

/// As the parts of a `ContentKey`.
fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(plain)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn endpoint(values: &Values, problems: &mut Problems) -> Option<String> {
    let text = values.text(ENDPOINT)?;
    let fine = |url: &HttpUrl<'_>| HttpUrl::rest_is_plain(url.rest) && !url.rest.contains(['?', '#', '%']);
    let url = HttpUrl::parse(text).filter(fine);
    if url.is_none() {
        let message = format!(
            "expected a URL such as https://s3.example.org:9000; found {}",
            url::quoted(text)
        );
        problems.add_first(ENDPOINT, message);
    }
    url.map(|_| text.trim_end_matches('/').to_owned())
}

fn credentials(values: &Values, aws: &AwsEnvironment, problems: &mut Problems) -> Option<S3Credentials> {
    let id = secret(values, ACCESS_KEY_ID, problems);
    let key = secret(values, SECRET_ACCESS_KEY, problems);
    let session_token = secret(values, SESSION_TOKEN, problems);
    match (id, key) {
        (Some(access_key_id), Some(secret_access_key)) => {
            return Some(S3Credentials::Keys {
                access_key_id,
                secret_access_key,
                session_token,
            });
        }
        (Some(_), None) => problems.add_first(SECRET_ACCESS_KEY, "required beside content.s3.access_key_id"),
        (None, Some(_)) => problems.add_first(ACCESS_KEY_ID, "required beside content.s3.secret_access_key"),
        (None, None) if session_token.is_some() => {
            problems.add_first(ACCESS_KEY_ID, "required beside content.s3.session_token");
        }
        (None, None) => return web_identity(aws, problems),
    }
    None
}

/// A secret, or the file that it is in.
fn secret(values: &Values, key: &str, problems: &mut Problems) -> Option<SecretSource> {
    let file = values.path(&twin(key));
    match (values.text(key), file) {
        (Some(_), Some(_)) => {
            let message = format!("{key} is set as well; leave one of them out");
            problems.add_first(twin(key), message);
            None
        }
        (Some(text), None) => Some(SecretSource::Text(Secret::new(text.to_owned()))),
        (None, file) => file.map(SecretSource::File),
    }
}

fn web_identity(aws: &AwsEnvironment, problems: &mut Problems) -> Option<S3Credentials> {
    let (Some(file), Some(role)) = (aws.get("AWS_WEB_IDENTITY_TOKEN_FILE"), aws.get("AWS_ROLE_ARN")) else {
        let message = "required; set it and content.s3.secret_access_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
                       or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN";
        problems.add_first(ACCESS_KEY_ID, message);
        return None;
    };
    let endpoint = aws.get("AWS_ENDPOINT_URL_STS");
    if endpoint.is_some_and(|text| HttpUrl::parse(text).is_none_or(|url| !url.is_private())) {
        problems.add_first(
            "AWS_ENDPOINT_URL_STS",
            "expected an https:// URL (http:// only towards a loopback address)",
        );
    }
    Some(S3Credentials::WebIdentity {
        token_file: PathBuf::from(file),
        role_arn: role.to_owned(),
        session_name: aws.get("AWS_ROLE_SESSION_NAME").map(ToOwned::to_owned),
        sts_endpoint: endpoint.map(|text| text.trim_end_matches('/').to_owned()),
    })
}
