//! Every setting there is: its key, what it may hold, its default, and whether this release acts on it.
//!
//! The file, the environment, the defaults, the nearest known name and `config check` all follow these two
//! tables. `config.default.toml` and `docs/configuration.md` describe the same settings; tests compare them.

use std::time::Duration;

use super::{duration, size};

/// Every variable of the environment that begins so is ours.
pub(super) const PREFIX: &str = "GRAPHOPHONE_";

/// One setting.
#[derive(Debug)]
pub(super) struct Key {
    /// Its path in the file; in [`ISSUER_KEYS`], within the entry.
    pub(super) name: &'static str,
    /// What it may hold.
    pub(super) kind: Kind,
    /// Its default as it would stand in the environment. `None`: nothing, which is also written as `""`.
    pub(super) default: Option<&'static str>,
    /// What `profile = "archive"` puts in place of the default.
    pub(super) archive: Option<&'static str>,
    /// Its value is not shown.
    pub(super) secret: bool,
    /// This release acts on it; otherwise nothing but the default is accepted.
    pub(super) built: bool,
}

/// What a setting may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A path, relative to the folder of the file that names it.
    Path,
    /// An IP address with a port.
    Address,
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Integer(u64, u64),
    /// A size in bytes within bounds.
    Size(u64, u64),
    /// A duration within bounds.
    Duration(Duration, Duration),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An array of texts.
    Texts,
    /// One text, or an array of them.
    TextOrTexts,
}

impl Kind {
    /// It holds an array, which cannot be set by the environment.
    pub(super) fn is_array(self) -> bool {
        matches!(self, Self::Texts | Self::TextOrTexts)
    }

    /// What is expected, to follow the word `expected`.
    pub(super) fn expectation(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Address => "an IP address and a port such as 127.0.0.1:8080 or [::1]:8080".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Self::Size(least, most) => format!(
                "a size with its unit (such as 512MiB, 1GiB, 20GB) from {} to {}",
                size::print(least),
                size::print(most)
            ),
            Self::Duration(least, most) => format!(
                "a duration with its unit (such as 500ms, 30s, 24h30m) from {} to {}",
                duration::print(least),
                duration::print(most)
            ),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Texts => "an array of texts, none of them empty".to_owned(),
            Self::TextOrTexts => "a text or an array of texts, none of them empty".to_owned(),
        }
    }
}

impl Key {
    /// The variable of the environment that sets it.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('.', "__").to_uppercase())
    }

    /// The name without its section.
    fn last(&self) -> &str {
        last_part(self.name)
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn archive(mut self, value: &'static str) -> Self {
        self.archive = Some(value);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn unbuilt(mut self) -> Self {
        self.built = false;
        self
    }
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key {
        name,
        kind,
        default: None,
        archive: None,
        secret: false,
        built: true,
    }
}

const fn duration(least_ms: u64, most_seconds: u64) -> Kind {
    Kind::Duration(Duration::from_millis(least_ms), Duration::from_secs(most_seconds))
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 86_400;
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What may happen to meetings that Graph does not serve.
const RULES: Kind = Kind::Choice(&["refuse", "serve"]);
/// Requests in a second; 0 is no limit.
const RATE: Kind = Kind::Integer(0, 1_000_000);

/// The settings of the server.
pub(super) static KEYS: &[Key] = &[
    key("listen", Kind::Address).or("127.0.0.1:8080"),
    key("public_url", Kind::Text),
    key("profile", Kind::Choice(&["graph", "archive"])).or("graph"),
    key(
        "cloud",
        Kind::Choice(&["global", "usgov-l4", "usgov-l5", "china"]),
    )
    .or("global"),
    key("data", Kind::Path),
    key("shutdown_grace", duration(1, HOUR)).or("30s"),
    key("tls.certificate", Kind::Path),
    key("tls.key", Kind::Path),
    key("tls.development", Kind::Bool).or("false"),
    key("tls.redirect_listen", Kind::Text).or(""),
    key("tls.handshake_timeout", duration(100, 10 * MINUTE)).or("10s"),
    key("authority.key_file", Kind::Path),
    key("authority.key_rotation", duration(HOUR * 1000, 3650 * DAY)).or("90d"),
    key("authority.access_token_lifetime", duration(60_000, DAY)).or("1h"),
    key(
        "authority.refresh_token_lifetime",
        duration(HOUR * 1000, 365 * DAY),
    )
    .or("90d"),
    key("authority.session_lifetime", duration(60_000, 90 * DAY)).or("12h"),
    key("metadata.url", Kind::Text).or("sqlite:graphophone.db"),
    key("metadata.password", Kind::Text).secret(),
    key("metadata.password_file", Kind::Path),
    key("metadata.connections", Kind::Integer(1, 1000)).or("16"),
    key("content.url", Kind::Text).or("file:content"),
    key("content.minimum_free", Kind::Size(0, 1 << 50)).or("1GiB"),
    key("content.trash_days", Kind::Integer(0, 3650)).or("30"),
    key("content.s3.endpoint", Kind::Text),
    key("content.s3.region", Kind::Text),
    key("content.s3.addressing", Kind::Choice(&["auto", "path", "host"])).or("auto"),
    key("content.s3.ca_file", Kind::Path),
    key("content.s3.access_key_id", Kind::Text).secret(),
    key("content.s3.access_key_id_file", Kind::Path),
    key("content.s3.secret_access_key", Kind::Text).secret(),
    key("content.s3.secret_access_key_file", Kind::Path),
    key("content.s3.session_token", Kind::Text).secret(),
    key("content.s3.session_token_file", Kind::Path),
    key("content.s3.redirect", Kind::Bool).or("false").unbuilt(),
    key("uploads.session_lifetime", duration(1000, 365 * DAY)).or("7d"),
    key("media.ffmpeg", Kind::Path),
    key("media.ffmpeg_timeout", duration(1000, DAY)).or("30m"),
    key("verify.every", duration(60_000, 365 * DAY)).or("1d"),
    key("verify.parts", Kind::Integer(1, 10_000)).or("30"),
    key("verify.bytes_per_second", Kind::Size(0, 1 << 40)).or("50MiB"),
    key("metrics.listen", Kind::Text).or("").unbuilt(),
    key("log.format", Kind::Choice(&["text", "json"])).or("text"),
    key("log.requests", Kind::Bool).or("true"),
    key("limits.max_connections", Kind::Integer(1, 1_000_000)).or("10000"),
    key("limits.header_timeout", duration(100, 10 * MINUTE)).or("15s"),
    key("limits.send_timeout", duration(100, HOUR)).or("60s"),
    key("limits.header_bytes", Kind::Integer(8 * KIB, MIB)).or("32768"),
    key("limits.json_bytes", Kind::Integer(KIB, 64 * MIB)).or("1048576"),
    key("graph.expired_meetings", RULES).or("refuse").archive("serve"),
    key("graph.channel_meetings", RULES).or("refuse").archive("serve"),
    key("graph.uncalendared_meetings", RULES)
        .or("refuse")
        .archive("serve"),
    key("graph.query_options", Kind::Choice(&["reference", "superset"]))
        .or("reference")
        .archive("superset"),
    key("graph.export_requires_policy", Kind::Bool).or("true"),
    key("graph.delta_token_lifetime", duration(1000, 3650 * DAY)).or("30d"),
    key("throttling.requests_per_second", RATE).or("0"),
    key("throttling.writes_per_second", RATE).or("0"),
    key("throttling.application_requests_per_second", RATE).or("0"),
    key("throttling.application_writes_per_second", RATE).or("0"),
    key("notifications.allowed_networks", Kind::Texts)
        .or("")
        .unbuilt(),
    key("notifications.allow_http", Kind::Bool).or("false").unbuilt(),
    key("notifications.ca_file", Kind::Path).unbuilt(),
];

/// The settings of an entry of `[[issuers]]`.
pub(super) static ISSUER_KEYS: &[Key] = &[
    key("issuer", Kind::Text),
    key("jwks_uri", Kind::Text),
    key("jwks_file", Kind::Path),
    key("ca_file", Kind::Path),
    key("audiences", Kind::Texts),
    key("tenants", Kind::Texts),
    key("algorithms", Kind::Texts).or("RS256 PS256 ES256 EdDSA"),
    key("require_idtyp", Kind::Bool).or("false"),
    key("clock_skew", duration(0, 5 * MINUTE)).or("60s"),
    key("max_lifetime", duration(1000, 30 * DAY)).or("24h30m"),
    key("claims.tenant", Kind::Text).or("tid"),
    key("claims.tenant_id", Kind::Text),
    key("claims.user", Kind::Text).or("oid"),
    key("claims.application", Kind::TextOrTexts).or("appid azp client_id"),
    key("claims.scopes", Kind::Text).or("scp"),
    key("claims.roles", Kind::Text).or("roles"),
    key("claims.groups", Kind::Text).or("groups"),
    key("claims.app_only", Kind::Text).or("no-scopes"),
    key("claims.audience_array", Kind::Bool).or("false"),
];

/// The settings of an entry of `[[identity_providers]]`.
pub(super) static PROVIDER_KEYS: &[Key] = &[
    key("tenant", Kind::Text),
    key("name", Kind::Text),
    key("issuer", Kind::Text),
    key("client_id", Kind::Text),
    key("client_secret", Kind::Text).secret(),
    key("client_secret_file", Kind::Path),
    key("scopes", Kind::Texts).or("openid profile email"),
    key("ca_file", Kind::Path),
    key("passwords", Kind::Bool).or("false"),
    key("create_users", Kind::Bool).or("true"),
    key("administrators", Kind::Texts).or(""),
    key("claims.user", Kind::Text).or("sub"),
    key("claims.user_principal_name", Kind::Text).or("preferred_username"),
    key("claims.display_name", Kind::Text).or("name"),
    key("claims.mail", Kind::Text).or("email"),
    key("claims.groups", Kind::Text).or("groups"),
];

/// The arrays of tables, each with the settings of an entry.
pub(super) static TABLES: [(&str, &[Key]); 2] =
    [("issuers", ISSUER_KEYS), ("identity_providers", PROVIDER_KEYS)];

/// Whether `path` is a section of `keys`: a table that some key lies in.
pub(super) fn is_section(keys: &[Key], path: &str) -> bool {
    keys.iter().any(|key| {
        key.name
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The name in `keys` that `unknown` was most likely meant to be: one that ends alike, or else is spelled alike.
pub(super) fn nearest<'a>(keys: &'a [Key], unknown: &str) -> Option<&'a Key> {
    let last = last_part(unknown);
    keys.iter().min_by_key(|key| {
        let ends_alike = key.last() == last;
        let distance = strsim::damerau_levenshtein(key.name, unknown);
        // Of several that end alike, one that can be used.
        (!ends_alike, ends_alike && !key.built, distance)
    })
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_is_listed_twice() {
        for keys in [KEYS, ISSUER_KEYS, PROVIDER_KEYS] {
            let mut names: Vec<_> = keys.iter().map(|key| key.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), keys.len());
        }
    }

    #[test]
    fn every_secret_has_a_twin_that_names_a_file() {
        for keys in [KEYS, ISSUER_KEYS, PROVIDER_KEYS] {
            for secret in keys.iter().filter(|key| key.secret) {
                let twin = format!("{}_file", secret.name);
                assert!(keys.iter().any(|key| key.name == twin), "{twin}");
            }
        }
    }

    #[test]
    fn variables_are_upper_case_with_two_underscores_between_levels() {
        let name = |index: usize| KEYS[index].variable();
        assert_eq!(name(0), "GRAPHOPHONE_LISTEN");
        assert_eq!(name(19), "GRAPHOPHONE_METADATA__CONNECTIONS");
    }

    #[test]
    fn the_nearest_name_ends_alike_or_is_spelled_alike() {
        for (unknown, expected) in [
            ("limits.max_connection", "limits.max_connections"),
            ("max_connections", "limits.max_connections"),
            ("server.listen", "listen"),
            ("public-url", "public_url"),
            ("limits_json_bytes", "limits.json_bytes"),
            ("graph.expired", "graph.expired_meetings"),
        ] {
            assert_eq!(nearest(KEYS, unknown).unwrap().name, expected, "{unknown}");
        }
        assert_eq!(nearest(ISSUER_KEYS, "audience").unwrap().name, "audiences");
    }

    #[test]
    fn sections_are_the_tables_that_keys_lie_in() {
        for (path, expected) in [
            ("limits", true),
            ("content.s3", true),
            ("limit", false),
            ("listen", false),
        ] {
            assert_eq!(is_section(KEYS, path), expected, "{path}");
        }
    }
}
