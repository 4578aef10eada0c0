//! `metadata.url = "postgres://…"`: the address of a PostgreSQL server (libpq's connection URI) and the five options
//! of its query that count here. Everything else is refused.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problems;
use super::secret::{Secret, SecretSource};
use super::value::Values;

/// The setting that all of this stands in.
const KEY: &str = "metadata.url";
/// How a good one looks.
const EXAMPLE: &str = "postgres://graphophone@db.example.org/graphophone";
/// What a server listens on unless it is told otherwise.
const DEFAULT_PORT: u16 = 5432;
/// How long to wait for a connection by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// Servers, tried in this order. A host that begins with `/` is the folder of a Unix socket.
    pub hosts: Vec<(String, u16)>,
    /// Role to sign in as.
    pub user: String,
    /// Its password; without one the server has to know the role by other means.
    pub password: Option<SecretSource>,
    /// Name of the database.
    pub database: String,
    /// What TLS has to prove.
    pub ssl_mode: SslMode,
    /// PEM file with the roots that count instead of the system's.
    pub ssl_root_cert: Option<PathBuf>,
    /// Which of the servers will do.
    pub target: TargetSession,
    /// How long one server may take to let us in.
    pub connect_timeout: Duration,
}

/// `sslmode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS, with any certificate.
    Require,
    /// TLS, with a certificate that a known authority has signed.
    VerifyCa,
    /// The same, and the certificate is for this host.
    VerifyFull,
}

/// `target_session_attrs`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetSession {
    /// Whichever answers.
    Any,
    /// One that can be written to.
    ReadWrite,
    /// One that can only be read.
    ReadOnly,
}

/// Whether `text` names a PostgreSQL server.
pub(super) fn is_postgres(text: &str) -> bool {
    after_scheme(text).is_some()
}

fn after_scheme(text: &str) -> Option<&str> {
    let is_ours = |prefix: &&str| text.starts_with(prefix);
    let scheme = ["postgres:", "postgresql:"].into_iter().find(is_ours)?;
    text.strip_prefix(scheme)
}

/// `text` as it may be shown: without its password.
pub(super) fn without_password(text: &str) -> String {
    let Some((scheme, after)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end).unwrap_or((after, ""));
    match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _password)) => format!("{scheme}://{name}:***@{host}{rest}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

/// Reads `metadata.url`, `metadata.password` and its twin. The URL is never repeated, for it may hold a password.
pub(super) fn read(values: &Values, problems: &mut Problems) -> Option<PostgresConfig> {
    let text = values.text(KEY)?;
    let parsed = parse(text).map_err(|message| problems.add_first(KEY, message));
    let mut config = parsed.ok()?;
    config.ssl_root_cert = config.ssl_root_cert.map(|path| values.base(KEY).join(path));
    let own = values
        .text("metadata.password")
        .map(|text| Secret::new(text.to_owned()));
    let given = [
        config.password.take(),
        own.map(SecretSource::Text),
        values.path("metadata.password_file").map(SecretSource::File),
    ];
    let mut given: Vec<SecretSource> = given.into_iter().flatten().collect();
    config.password = given.pop();
    if !given.is_empty() {
        let message = "the password is given twice; give it in one of metadata.url, metadata.password and \
                       metadata.password_file";
        problems.add_first("metadata.password", message);
    }
    Some(config)
}

fn parse(text: &str) -> Result<PostgresConfig, String> {
    let malformed = || {
        format!(
            "expected scheme, user, host and database, such as {EXAMPLE}, with what is no letter or digit percent-encoded; \
             a password is easier kept in metadata.password_file"
        )
    };
    let after = after_scheme(text).and_then(|rest| rest.strip_prefix("//"));
    let after = after.filter(|after| !after.contains('#')).ok_or_else(malformed)?;
    let (address, query) = after.split_once('?').unwrap_or((after, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    let (user, hosts) = authority
        .rsplit_once('@')
        .ok_or_else(|| format!("the user is missing; write it before the host: {EXAMPLE}"))?;
    let (user, password) = match user.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (user, None),
    };
    let hosts: Option<Vec<_>> = hosts.split(',').map(host_and_port).collect();
    let hosts = hosts.ok_or_else(|| format!("a host or port is not well formed; expected {EXAMPLE}"))?;
    let user = decoded(user).ok_or_else(malformed)?;
    let database = decoded(database)
        .filter(|name| !name.contains('/'))
        .ok_or_else(malformed)?;
    if user.is_empty() || database.is_empty() {
        return Err(format!("the user or the database is missing; expected {EXAMPLE}"));
    }
    let is_near = hosts.iter().all(|(host, _)| is_loopback(host));
    let mut config = PostgresConfig {
        hosts,
        user,
        password: match password {
            Some(password) => {
                let password = decoded(password).ok_or_else(malformed)?;
                Some(SecretSource::Text(Secret::new(password)))
            }
            None => None,
        },
        database,
        ssl_mode: match is_near {
            true => SslMode::Disable,
            false => SslMode::VerifyFull,
        },
        ssl_root_cert: None,
        target: TargetSession::Any,
        connect_timeout: CONNECT_TIMEOUT,
    };
    options(query, &mut config)?;
    Ok(config)
}

/// The five options.
fn options(query: &str, config: &mut PostgresConfig) -> Result<(), String> {
    let mut seen = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value).ok_or_else(|| format!("{name:?} is not well formed"))?;
        if seen.contains(&name) {
            return Err(format!("{name} is given twice"));
        }
        seen.push(name);
        match name {
            "sslmode" => {
                config.ssl_mode = match value.as_str() {
                    "disable" => SslMode::Disable,
                    "require" => SslMode::Require,
                    "verify-ca" => SslMode::VerifyCa,
                    "verify-full" => SslMode::VerifyFull,
                    _ => {
                        return Err("sslmode: expected disable, require, verify-ca or verify-full".to_owned());
                    }
                }
            }
            "sslrootcert" if !value.is_empty() => config.ssl_root_cert = Some(PathBuf::from(value)),
            "target_session_attrs" => {
                config.target = match value.as_str() {
                    "any" => TargetSession::Any,
                    "read-write" => TargetSession::ReadWrite,
                    "read-only" => TargetSession::ReadOnly,
                    _ => return Err("target_session_attrs: expected any, read-write or read-only".to_owned()),
                }
            }
            "connect_timeout" => {
                let seconds = value.parse().ok().filter(|seconds| (1..=300).contains(seconds));
                let seconds = seconds.ok_or("connect_timeout: expected whole seconds from 1 to 300")?;
                config.connect_timeout = Duration::from_secs(seconds);
            }
            _ => {
                let known = "sslmode, sslrootcert, target_session_attrs and connect_timeout";
                return Err(format!(
                    "{name:?} is not an option of this URL; there are {known}"
                ));
            }
        }
    }
    if config.ssl_root_cert.is_some() && config.ssl_mode == SslMode::Disable {
        return Err("sslrootcert is given, but sslmode is disable; set sslmode=verify-full".to_owned());
    }
    Ok(())
}

/// `host`, `host:port`, `[IPv6]:port` or a percent-encoded path.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host.to_owned(), port)
        }
        None => {
            let colon = text.find(':').unwrap_or(text.len());
            let (host, port) = text.split_at_checked(colon)?;
            (decoded(host)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
        None if port.is_empty() => DEFAULT_PORT,
        None => return None,
    };
    let is_fine = |c: char| c.is_ascii_graphic() && !"@?#[]".contains(c);
    (!host.is_empty() && host.chars().all(is_fine)).then_some((host, port))
}

/// A name, address or socket of this machine, where nobody can listen in.
pub(super) fn is_loopback(host: &str) -> bool {
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `text` without percent-encoding (RFC 3986 section 2.1); `None` where that is malformed or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        let config = parse(
            "postgres://u%40x:p%2Fw@db1.example.org,[::1]:5433,%2Frun%2Fpg/my%20db?sslmode=require&connect_timeout=9\
             &target_session_attrs=read-write",
        )
        .unwrap();
        assert_eq!(
            config.hosts,
            [
                ("db1.example.org".to_owned(), 5432),
                ("::1".to_owned(), 5433),
                ("/run/pg".to_owned(), 5432)
            ]
        );
        assert_eq!((config.user.as_str(), config.database.as_str()), ("u@x", "my db"));
        let password = config.password.clone().unwrap().read().unwrap();
        assert_eq!(password.expose(), "p/w");
        assert_eq!(config.ssl_mode, SslMode::Require);
        assert_eq!(config.target, TargetSession::ReadWrite);
        assert_eq!(config.connect_timeout, Duration::from_secs(9));
        assert!(!format!("{config:?}").contains("p/w"));
    }

    #[test]
    fn a_certificate_is_verified_in_full_unless_the_server_is_here() {
        for (host, mode) in [
            ("localhost", SslMode::Disable),
            ("127.0.0.1", SslMode::Disable),
            ("%2Frun", SslMode::Disable),
            ("db.example.org", SslMode::VerifyFull),
            ("10.0.0.1", SslMode::VerifyFull),
            ("localhost,db", SslMode::VerifyFull),
            ("localhost.example.org", SslMode::VerifyFull),
        ] {
            let config = parse(&format!("postgresql://u@{host}/d")).unwrap();
            assert_eq!(config.ssl_mode, mode, "{host}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_repeated() {
        for (text, words) in [
            ("postgres:u:hush@h/d", "expected scheme"),
            ("postgres://h/d", "the user is missing"),
            ("postgres://:hush@h/d", "is missing"),
            ("postgres://u:hush@h/", "is missing"),
            ("postgres://u:hush@h", "is missing"),
            ("postgres://u:hush@/d", "a host or port"),
            ("postgres://u:hush@h:0/d", "a host or port"),
            ("postgres://u:hush@h:70000/d", "a host or port"),
            ("postgres://u:hush@h,/d", "a host or port"),
            ("postgres://u:hush@[x]/d", "a host or port"),
            ("postgres://u:hush@h/d/e", "expected scheme"),
            ("postgres://u:hush%@h/d", "expected scheme"),
            ("postgres://u:hush@h/d#f", "expected scheme"),
            ("postgres://u:hush@h/d?sslmode=prefer", "sslmode: expected"),
            ("postgres://u:hush@h/d?sslmode=allow", "sslmode: expected"),
            (
                "postgres://u:hush@h/d?sslmode=disable&sslmode=disable",
                "given twice",
            ),
            (
                "postgres://u:hush@h/d?target_session_attrs=standby",
                "expected any",
            ),
            ("postgres://u:hush@h/d?connect_timeout=0", "from 1 to 300"),
            ("postgres://u:hush@h/d?connect_timeout=soon", "from 1 to 300"),
            ("postgres://u:hush@h/d?sslrootcert=", "not an option"),
            (
                "postgres://u:hush@h/d?application_name=x",
                "\"application_name\" is not an option",
            ),
            (
                "postgres://u:hush@h/d?sslmode=disable&sslrootcert=a.pem",
                "sslmode is disable",
            ),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
            assert!(!message.contains("hush"), "{text}: {message}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://u:hush@h/d?x=@", "postgres://u:***@h/d?x=@"),
            ("postgres://u:hu@sh@h/d", "postgres://u:***@h/d"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("sqlite:a.db", "sqlite:a.db"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}
