//! A seed file as a tree of plain values, whether it was JSON or YAML. Nothing here knows what a seed holds.
//!
//! The tree has no numbers: no field of a seed file is one, so it is enough to know that one stood there.

use std::cell::Cell;
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};

/// The largest seed file that is read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// How deep lists and objects may lie in one another.
pub const MAX_DEPTH: usize = 64;

/// How many values a file may hold, aliases expanded.
pub const MAX_NODES: usize = 12_000_000;

/// How many members an object may have; the largest of a seed has 13.
pub const MAX_MEMBERS: usize = 256;

/// How many aliases a YAML file may have, and how many values they may stand for in all.
const MAX_ALIASES: usize = 1_000_000;

/// How much text the aliases of a YAML file may stand for in all.
const MAX_ALIASED_BYTES: usize = 64 * 1024 * 1024;

/// The two ways to write a seed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.yaml`, `.yml`
    Yaml,
}

impl Format {
    /// The format that the ending of the file's name stands for.
    pub fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// A value of a seed file. Its `Debug` shows no text, for that may be a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Tree {
    /// `null`, or nothing in YAML.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number,
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object.
    Map(Map),
}

/// The members of an object, in order of their names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Map(Vec<(String, Tree)>);

impl Map {
    /// The value of the member `key`.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        let place = self.0.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// Every member, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Adds a member; `Err` with the name where there is one of that name.
    fn insert(&mut self, key: String, value: Tree) -> Result<(), String> {
        match self.0.binary_search_by(|(name, _)| name.cmp(&key)) {
            Ok(_) => Err(key),
            Err(place) => {
                self.0.insert(place, (key, value));
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Tree {
    /// What sort of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Number => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }

    /// Reads the text of a file. The error is one line, with line and column where they are known.
    pub fn parse(format: Format, bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes
                .iter()
                .take(error.valid_up_to())
                .filter(|b| **b == b'\n')
                .count()
                + 1;
            format!("line {line}: expected UTF-8, found bytes that are not")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match format {
            Format::Json => from_json(text),
            Format::Yaml => from_yaml(text),
        }
    }

    fn write_canonical(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(true) => text.push_str("true"),
            Self::Bool(false) => text.push_str("false"),
            Self::Number => text.push('0'),
            Self::Text(value) => write_quoted(value, text),
            Self::List(values) => {
                text.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    value.write_canonical(text);
                }
                text.push(']');
            }
            Self::Map(map) => map.write_canonical(&[], text),
        }
    }
}

impl Map {
    /// The object as JSON without blanks, members in order of names; those named in `without` are left out,
    /// and those that are null, but for `iCalUId`, where null says something.
    pub fn canonical(&self, without: &[&str]) -> String {
        let mut text = String::new();
        self.write_canonical(without, &mut text);
        text
    }

    fn write_canonical(&self, without: &[&str], text: &mut String) {
        text.push('{');
        let says = |(key, value): &(&str, &Tree)| **value != Tree::Null || *key == "iCalUId";
        let members = self.iter().filter(says).filter(|(key, _)| !without.contains(key));
        for (index, (key, value)) in members.enumerate() {
            if index > 0 {
                text.push(',');
            }
            write_quoted(key, text);
            text.push(':');
            value.write_canonical(text);
        }
        text.push('}');
    }
}

fn write_quoted(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}

fn from_json(text: &str) -> Result<Tree, String> {
    let nodes = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_str(text);
    let tree = Grow::root(&nodes).deserialize(&mut reader);
    let tree = tree.and_then(|tree| reader.end().map(|()| tree));
    tree.map_err(|error| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        located(error.line(), error.column(), message)
    })
}

fn from_yaml(text: &str) -> Result<Tree, String> {
    let nodes = Cell::new(0);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: MAX_NODES.saturating_mul(2),
            max_total_scalar_bytes: text.len().saturating_add(MAX_ALIASED_BYTES),
            max_aliases: MAX_ALIASES,
            max_merge_keys: MAX_ALIASES,
            max_documents: 1,
            // One anchor for the tenant's id and an alias in each of a thousand users is a good file;
            // `alias_limits` bounds what aliases expand to.
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASES,
            max_replay_stack_depth: MAX_DEPTH,
        },
        // YAML 1.2, as in JSON: `no` is a text. A tag that nobody acts on would be a mistake unseen.
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        // A snippet would show the lines around, and with them a password.
        with_snippet: false,
        emit_comments: false,
    };
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
        Grow::root(&nodes).deserialize(reader)
    });
    read.map_err(|error| {
        let message = yaml_message(&error);
        let place = error.location();
        let place = place.map(|place| (usize::try_from(place.line()), usize::try_from(place.column())));
        match place {
            Some((Ok(line), Ok(column))) => located(line, column, &message),
            _ => message,
        }
    })
}

/// What is wrong, without its place, in words of ours where the reader's speak of its own settings.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    use serde_saphyr::budget::BudgetBreach;

    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => yaml_message(error),
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => too_deep(),
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        }
        | Error::MultipleDocuments { .. } => "expected one document, found another".to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "the file holds, or its aliases stand for, more than a seed file may".to_owned()
        }
        Error::DuplicateMappingKey { key: Some(key), .. } => twice(key),
        Error::Message { msg, .. } | Error::ExternalMessage { msg, .. } => msg.clone(),
        other => {
            let message = other.to_string();
            let place = other.location();
            let place = place.map(|place| format!(" at line {}, column {}", place.line(), place.column()));
            place.map_or_else(|| message.clone(), |place| message.replace(&place, ""))
        }
    }
}

fn too_deep() -> String {
    format!("nested more than {MAX_DEPTH} deep")
}

fn twice(key: &str) -> String {
    format!("the key {} stands twice in one object", super::reader::shown(key))
}

fn located(line: usize, column: usize, message: &str) -> String {
    if line == 0 {
        return message.to_owned();
    }
    format!("line {line}, column {column}: {message}")
}

/// Reads one value; knows how deep it lies and counts it.
#[derive(Clone, Copy)]
struct Grow<'n> {
    depth: usize,
    nodes: &'n Cell<usize>,
}

impl<'n> Grow<'n> {
    fn root(nodes: &'n Cell<usize>) -> Self {
        Self { depth: 0, nodes }
    }

    /// The reader of what lies in this value.
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom(too_deep()));
        }
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        let count = self.nodes.get() + 1;
        if count > MAX_NODES {
            return Err(D::Error::custom(format_args!("more than {MAX_NODES} values")));
        }
        self.nodes.set(count);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        values.shrink_to_fit();
        Ok(Tree::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::default();
        while let Some(key) = members.next_key::<String>()? {
            if map.0.len() == MAX_MEMBERS {
                let message = format_args!("more than {MAX_MEMBERS} members in one object");
                return Err(A::Error::custom(message));
            }
            let value = members.next_value_seed(inner)?;
            map.insert(key, value)
                .map_err(|key| A::Error::custom(twice(&key)))?;
        }
        map.0.shrink_to_fit();
        Ok(Tree::Map(map))
    }
}
