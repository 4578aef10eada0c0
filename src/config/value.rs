//! One value, from what was written to what the server uses, and the table of all of them.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::duration;
use super::postgres;
use super::problem::Problems;
use super::registry::{Key, Kind};
use super::size;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The profile of that name sets it.
    Profile(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// The environment variable of that name.
    Environment(String),
    /// The flag of that name on the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "{variable}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// A value that was checked against the kind of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Path(PathBuf),
    Address(SocketAddr),
    Bool(bool),
    Integer(u64),
    Size(u64),
    Duration(Duration),
    Texts(Vec<String>),
}

/// A value with its key and origin.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A source of values.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) origin: Origin,
    /// What relative paths are relative to; empty for the working directory.
    pub(super) base: PathBuf,
}

impl Layer {
    /// Checks what this layer says about `key`, which is called `shown` towards people.
    pub(super) fn offer(
        &self,
        key: &'static Key,
        raw: &toml::Value,
        shown: &str,
        problems: &mut Problems,
    ) -> Option<Entry> {
        if !key.built && !is_default(key, raw) {
            problems.add(
                shown,
                format!("this release does not have this setting yet; {}", remedy(key)),
            );
            return None;
        }
        let Some(value) = check(key, raw, &self.base) else {
            let expected = key.kind.expectation();
            let found = if key.secret {
                "something else".to_owned()
            } else {
                found(raw)
            };
            let origin = match &self.origin {
                Origin::File(_) | Origin::Default | Origin::Profile(_) => String::new(),
                named @ (Origin::Environment(_) | Origin::Flag(_)) => format!(" in {named}"),
            };
            problems.add(shown, format!("expected {expected}; found {found}{origin}"));
            return None;
        };
        Some(Entry {
            key,
            value,
            origin: self.origin.clone(),
        })
    }
}

/// What a text of the environment, the command line or the registry would be in a file.
pub(super) fn from_text(kind: Kind, text: &str) -> toml::Value {
    let parsed = match kind {
        Kind::Bool => text.parse().ok().map(toml::Value::Boolean),
        Kind::Integer(..) => text.parse().ok().map(toml::Value::Integer),
        Kind::Texts | Kind::TextOrTexts => {
            let items = text.split_whitespace().map(toml::Value::from).collect();
            Some(toml::Value::Array(items))
        }
        Kind::Text | Kind::Path | Kind::Address | Kind::Size(..) | Kind::Duration(..) | Kind::Choice(_) => {
            None
        }
    };
    parsed.unwrap_or_else(|| toml::Value::from(text))
}

/// What is in a value that was not expected.
pub(super) fn found(raw: &toml::Value) -> String {
    match raw {
        toml::Value::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        toml::Value::Datetime(_) => "a date or time".to_owned(),
        toml::Value::Array(_) => "an array".to_owned(),
        toml::Value::Table(_) => "a table".to_owned(),
    }
}

fn default_of(key: &Key) -> toml::Value {
    from_text(key.kind, key.default.unwrap_or_default())
}

/// Nothing, or what would be so anyway.
fn is_default(key: &Key, raw: &toml::Value) -> bool {
    *raw == default_of(key) || (key.default.is_none() && raw.as_str() == Some(""))
}

fn remedy(key: &Key) -> String {
    match key.default {
        Some(default) if !default.is_empty() => format!("leave it at {}", default_of(key)),
        _ => "leave it out".to_owned(),
    }
}

fn check(key: &Key, raw: &toml::Value, base: &Path) -> Option<Value> {
    let text = raw.as_str();
    // An empty text says "none" where there need be nothing.
    let is_none_allowed = key.default.is_none_or(str::is_empty);
    let filled = text.filter(|text| is_none_allowed || !text.is_empty());
    match key.kind {
        Kind::Text => filled.map(|text| Value::Text(text.to_owned())),
        Kind::Path => filled.map(|text| Value::Path(resolve(base, Path::new(text)))),
        Kind::Address => text?.parse().ok().map(Value::Address),
        Kind::Bool => raw.as_bool().map(Value::Bool),
        Kind::Integer(least, most) => u64::try_from(raw.as_integer()?)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .map(Value::Integer),
        Kind::Size(least, most) => size::parse(text?)
            .filter(|size| (least..=most).contains(size))
            .map(Value::Size),
        Kind::Duration(least, most) => duration::parse(text?)
            .filter(|duration| (least..=most).contains(duration))
            .map(Value::Duration),
        Kind::Choice(words) => text
            .filter(|text| words.contains(text))
            .map(|text| Value::Text(text.to_owned())),
        Kind::TextOrTexts if text.is_some() => texts(std::slice::from_ref(raw)),
        Kind::Texts | Kind::TextOrTexts => texts(raw.as_array()?),
    }
}

fn texts(items: &[toml::Value]) -> Option<Value> {
    let items: Option<Vec<String>> = items
        .iter()
        .map(|item| item.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
        .collect();
    items.map(Value::Texts)
}

/// `path` in `base`; an empty path stays empty.
fn resolve(base: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        PathBuf::new()
    } else {
        base.join(path)
    }
}

/// The value of every key of a registry, in its order.
#[derive(Clone, Debug)]
pub(super) struct Values(pub(super) Vec<Entry>);

impl Values {
    /// The defaults, then what the profile sets, then what was given: later beats earlier.
    pub(super) fn resolve(keys: &'static [Key], given: &[Entry]) -> Self {
        let mut values = Self(
            keys.iter()
                .map(|key| standing(key, key.default, Origin::Default))
                .collect(),
        );
        values.apply(given);
        if values.text("profile") == Some("archive") {
            let of_profile = |key: &'static Key| {
                let value = key.archive?;
                Some(standing(key, Some(value), Origin::Profile("archive")))
            };
            let profile: Vec<Entry> = keys.iter().filter_map(of_profile).collect();
            values.apply(&profile);
            values.apply(given);
        }
        values
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Some(slot) = self.0.iter_mut().find(|slot| slot.key.name == entry.key.name) {
                slot.clone_from(entry);
            }
        }
    }

    /// Sets a text that nobody has set before.
    pub(super) fn put_text(&mut self, name: &str, text: &str, origin: Origin) {
        let is_empty = |slot: &&mut Entry| slot.key.name == name && slot.value == Value::Text(String::new());
        if let Some(slot) = self.0.iter_mut().find(is_empty) {
            slot.value = Value::Text(text.to_owned());
            slot.origin = origin;
        }
    }

    fn get(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key.name == name)
    }

    /// Somebody set it.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|entry| entry.origin != Origin::Default)
    }

    /// What a path in the value of that key is relative to.
    pub(super) fn base(&self, name: &str) -> &Path {
        match self.get(name).map(|entry| &entry.origin) {
            Some(Origin::File(file)) => file.parent().unwrap_or(Path::new("")),
            _ => Path::new(""),
        }
    }

    /// The text of a key, if it is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The path of a key, if it is not empty.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.get(name)?.value {
            Value::Path(path) if !path.as_os_str().is_empty() => Some(path.clone()),
            _ => None,
        }
    }

    /// The address of a key of that kind.
    pub(super) fn address(&self, name: &str) -> Option<SocketAddr> {
        match self.get(name)?.value {
            Value::Address(address) => Some(address),
            _ => None,
        }
    }

    /// Whether a key of that kind is `true`.
    pub(super) fn bool(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|entry| entry.value == Value::Bool(true))
    }

    /// The number of a key of that kind.
    pub(super) fn integer(&self, name: &str) -> usize {
        match self.get(name).map(|entry| &entry.value) {
            Some(Value::Integer(number)) => usize::try_from(*number).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// The size of a key of that kind, in bytes.
    pub(super) fn size(&self, name: &str) -> u64 {
        match self.get(name).map(|entry| &entry.value) {
            Some(Value::Size(bytes)) => *bytes,
            _ => 0,
        }
    }

    /// The duration of a key of that kind.
    pub(super) fn duration(&self, name: &str) -> Duration {
        match self.get(name).map(|entry| &entry.value) {
            Some(Value::Duration(duration)) => *duration,
            _ => Duration::ZERO,
        }
    }

    /// The texts of a key of that kind.
    pub(super) fn texts(&self, name: &str) -> &[String] {
        match self.get(name).map(|entry| &entry.value) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }
}

/// A value of the registry itself; a test makes sure that all of them can be read.
fn standing(key: &'static Key, text: Option<&str>, origin: Origin) -> Entry {
    let raw = from_text(key.kind, text.unwrap_or_default());
    Entry {
        key,
        value: check(key, &raw, Path::new("")).unwrap_or(Value::Text(String::new())),
        origin,
    }
}

/// As it would stand in the file, but for secrets.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Text(text) if self.key.secret && !text.is_empty() => write!(f, "***"),
            Value::Text(text) => write!(f, "{:?}", postgres::without_password(text)),
            Value::Path(path) => write!(f, "{:?}", path.display().to_string()),
            Value::Address(address) => write!(f, "\"{address}\""),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Size(bytes) => write!(f, "\"{}\"", size::print(*bytes)),
            Value::Duration(duration) => write!(f, "\"{}\"", duration::print(*duration)),
            Value::Texts(texts) => write!(f, "{texts:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::{ISSUER_KEYS, KEYS, PROVIDER_KEYS};
    use super::*;

    fn key(name: &str) -> &'static Key {
        KEYS.iter().find(|key| key.name == name).unwrap()
    }

    #[test]
    fn every_default_and_every_value_of_the_profile_can_be_read() {
        for key in KEYS.iter().chain(ISSUER_KEYS).chain(PROVIDER_KEYS) {
            for text in [key.default.unwrap_or_default()].into_iter().chain(key.archive) {
                let raw = from_text(key.kind, text);
                assert!(check(key, &raw, Path::new("")).is_some(), "{} = {text}", key.name);
            }
        }
    }

    #[test]
    fn a_value_outside_its_kind_is_one_problem_with_the_range() {
        let layer = Layer {
            origin: Origin::Environment("GRAPHOPHONE_X".to_owned()),
            base: PathBuf::new(),
        };
        for (name, text, expected) in [
            (
                "limits.header_bytes",
                "1",
                "expected a whole number from 8192 to 1048576; found 1 in GRAPHOPHONE_X",
            ),
            (
                "limits.max_connections",
                "many",
                "expected a whole number from 1 to 1000000; found \"many\" in GRAPHOPHONE_X",
            ),
            (
                "limits.send_timeout",
                "60",
                "expected a duration with its unit (such as 500ms, 30s, 24h30m) from 100ms to 1h; found \"60\" in GRAPHOPHONE_X",
            ),
            (
                "log.requests",
                "yes",
                "expected true or false; found \"yes\" in GRAPHOPHONE_X",
            ),
            (
                "profile",
                "Graph",
                "expected one of graph, archive; found \"Graph\" in GRAPHOPHONE_X",
            ),
            ("metadata.url", "", "expected a text; found \"\" in GRAPHOPHONE_X"),
            (
                "content.s3.redirect",
                "true",
                "this release does not have this setting yet; leave it at false",
            ),
            (
                "notifications.ca_file",
                "ca.pem",
                "this release does not have this setting yet; leave it out",
            ),
        ] {
            let mut problems = Problems::default();
            let raw = from_text(key(name).kind, text);
            assert!(layer.offer(key(name), &raw, name, &mut problems).is_none());
            assert_eq!(problems.0[0].message, expected);
        }
    }

    #[test]
    fn a_setting_that_is_not_built_may_say_its_default() {
        let layer = Layer {
            origin: Origin::Default,
            base: PathBuf::new(),
        };
        for (name, text) in [
            ("graph.query_options", "reference"),
            ("notifications.ca_file", ""),
            ("metrics.listen", ""),
        ] {
            let raw = from_text(key(name).kind, text);
            let entry = layer.offer(key(name), &raw, name, &mut Problems::default());
            assert!(entry.is_some(), "{name}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = key("content.s3.secret_access_key");
        let entry = standing(secret, Some("hush"), Origin::Default);
        assert_eq!(entry.to_string(), "***");
        let mut problems = Problems::default();
        let layer = Layer {
            origin: Origin::Default,
            base: PathBuf::new(),
        };
        layer.offer(
            secret,
            &toml::Value::from(vec!["hush"]),
            secret.name,
            &mut problems,
        );
        assert!(!problems.0[0].to_string().contains("hush"));
    }
}
