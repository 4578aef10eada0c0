//! Typed fields out of a [`Tree`]: a [`Reader`] stands on one object, knows its JSON pointer, and remembers
//! which keys were asked for, so that every other key is unknown.
//!
//! Nothing stops at the first problem. A field that cannot be read yields a stand-in (an empty text, a
//! default) and a [`SeedProblem`]; who reads must not hand out the result once there is one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::tree::{Map, Tree};
use crate::clock::Ticks;
use crate::ids;

/// The longest id.
pub const MAX_ID_BYTES: usize = 512;

/// How many problems of one file are told one by one.
pub const MAX_PROBLEMS: usize = 1000;

/// How much of a text from the file a message repeats.
const MAX_SHOWN_CHARS: usize = 60;

/// What is wrong at one place of a seed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedProblem {
    /// The seed file, as it was named.
    pub file: PathBuf,
    /// The JSON pointer (RFC 6901) of what is wrong; empty for the file as a whole.
    pub pointer: String,
    /// What was expected and what was found.
    pub message: String,
}

/// One line: `seed.json: /users/3/userType: expected "Member" or "Guest", found "member"`.
impl fmt::Display for SeedProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.pointer.is_empty() {
            write_on_one_line(&self.pointer, f)?;
            f.write_str(": ")?;
        }
        write_on_one_line(&self.message, f)
    }
}

/// Keys and values of the file must not break the line or drive a terminal.
fn write_on_one_line(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for letter in text.chars() {
        if letter.is_control() {
            write!(f, "{}", letter.escape_default())?;
        } else {
            write!(f, "{letter}")?;
        }
    }
    Ok(())
}

impl std::error::Error for SeedProblem {}

/// The problems found so far in one file.
#[derive(Debug)]
pub struct Problems {
    file: PathBuf,
    list: Vec<SeedProblem>,
    untold: usize,
    /// While set, only unknown keys count: the other members of an object that is to be removed.
    keys_only: bool,
}

impl Problems {
    /// None yet, in `file`.
    pub fn of(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            list: Vec::new(),
            untold: 0,
            keys_only: false,
        }
    }

    /// Adds what is wrong at `pointer`.
    pub fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if !self.keys_only {
            self.push(pointer.into(), message.into());
        }
    }

    fn push(&mut self, pointer: String, message: String) {
        if self.list.len() < MAX_PROBLEMS {
            let file = self.file.clone();
            self.list.push(SeedProblem {
                file,
                pointer,
                message,
            });
        } else {
            self.untold += 1;
        }
    }

    /// `value` if nothing was wrong, else every problem.
    pub fn unless_any<T>(mut self, value: T) -> Result<T, Vec<SeedProblem>> {
        if self.untold > 0 {
            self.list.push(SeedProblem {
                file: self.file,
                pointer: String::new(),
                message: format!("and {} more problems", self.untold),
            });
        }
        if self.list.is_empty() {
            Ok(value)
        } else {
            Err(self.list)
        }
    }
}

/// An object of the file, being read.
pub struct Reader<'t, 'p> {
    map: &'t Map,
    at: String,
    asked: Vec<&'static str>,
    problems: &'p mut Problems,
}

impl<'t, 'p> Reader<'t, 'p> {
    /// A reader of `tree`, which must be an object.
    pub fn of(tree: &'t Tree, at: String, problems: &'p mut Problems) -> Option<Self> {
        let Tree::Map(map) = tree else {
            problems.add(at, format!("expected an object, found {}", found(tree)));
            return None;
        };
        let asked = Vec::new();
        Some(Self {
            map,
            at,
            asked,
            problems,
        })
    }

    /// The JSON pointer of this object.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The object itself.
    pub fn map(&self) -> &'t Map {
        self.map
    }

    /// The JSON pointer of the member `key`.
    pub fn pointer(&self, key: &str) -> String {
        pointer(&self.at, key)
    }

    /// Adds a problem at this object.
    pub fn here(&mut self, message: impl Into<String>) {
        self.problems.add(self.at.clone(), message);
    }

    /// How many problems the file has so far.
    pub fn problem_count(&self) -> usize {
        self.problems.list.len() + self.problems.untold
    }

    /// Adds a problem at the member `key`.
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        let pointer = self.pointer(key);
        self.problems.add(pointer, message);
    }

    /// The member `key`, null included.
    pub fn raw(&mut self, key: &'static str) -> Option<&'t Tree> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.map.get(key)
    }

    /// The member `key`; null is as good as absent.
    pub fn value(&mut self, key: &'static str) -> Option<&'t Tree> {
        self.raw(key).filter(|tree| **tree != Tree::Null)
    }

    /// A text, where there is one.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Tree::Text(text) if text.contains('\0') => {
                self.problem(key, "expected a text without the character U+0000");
                None
            }
            Tree::Text(text) => Some(text.clone()),
            other => {
                self.problem(key, not_a_text(other));
                None
            }
        }
    }

    /// A text that is not empty and has no control characters, where there is one.
    pub fn name(&mut self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if text.is_empty() || text.chars().any(char::is_control) {
            let found = shown(&text);
            let expected = "expected a text that is not empty and has no control characters";
            self.problem(key, format!("{expected}, found {found}"));
            return None;
        }
        Some(text)
    }

    /// An id, where there is one: a GUID in lower case, any other as it is.
    pub fn id(&mut self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        match checked_id(text) {
            Ok(id) => Some(id),
            Err(message) => {
                self.problem(key, message);
                None
            }
        }
    }

    /// An id that must be there.
    pub fn needed_id(&mut self, key: &'static str, what: &str) -> String {
        if self.value(key).is_none() {
            self.problem(key, format!("expected {what}, found nothing"));
        }
        self.id(key).unwrap_or_default()
    }

    /// `true` or `false`, or `default` where neither is said.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        match self.value(key) {
            None => default,
            Some(Tree::Bool(value)) => *value,
            Some(other) => {
                self.problem(key, format!("expected true or false, found {}", found(other)));
                default
            }
        }
    }

    /// An instant, where there is one.
    pub fn instant(&mut self, key: &'static str) -> Option<Ticks> {
        let tree = self.value(key)?;
        let Tree::Text(text) = tree else {
            self.problem(key, not_a_text(tree));
            return None;
        };
        match text.parse() {
            Ok(ticks) => Some(ticks),
            Err(error) => {
                self.problem(key, format!("{error}, found {}", shown(text)));
                None
            }
        }
    }

    /// One of a few words, or the first of them where none is said.
    pub fn choice<T: Copy>(&mut self, key: &'static str, default: T, words: &[(&str, T)]) -> T {
        let Some(tree) = self.value(key) else {
            return default;
        };
        if let Tree::Text(text) = tree
            && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
        {
            return *value;
        }
        let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let expected = match words.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            words => words.join(""),
        };
        self.problem(key, format!("expected {expected}, found {}", found(tree)));
        default
    }

    /// A list of texts, each of which `check` lets pass or says what is wrong with it.
    pub fn texts(&mut self, key: &'static str, check: fn(String) -> Result<String, String>) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, tree) in self.list(key).iter().enumerate() {
            let checked = match tree {
                Tree::Text(text) => check(text.clone()),
                other => Err(not_a_text(other)),
            };
            match checked {
                Ok(text) => texts.push(text),
                Err(message) => self.problems.add(format!("{}/{key}/{index}", self.at), message),
            }
        }
        texts
    }

    /// A list of objects, each read by `read`.
    pub fn objects<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Reader<'t, '_>) -> T,
    ) -> Vec<T> {
        let list = self.list(key);
        let mut values = Vec::with_capacity(list.len());
        for (index, tree) in list.iter().enumerate() {
            let at = format!("{}/{key}/{index}", self.at);
            if let Some(mut reader) = Reader::of(tree, at, self.problems) {
                values.push(read(&mut reader));
                reader.finish();
            }
        }
        values
    }

    /// An object within this one, read by `read`, where there is one.
    pub fn object<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader<'t, '_>) -> T) -> Option<T> {
        let tree = self.value(key)?;
        let at = self.pointer(key);
        let mut reader = Reader::of(tree, at, self.problems)?;
        let value = read(&mut reader);
        reader.finish();
        Some(value)
    }

    fn list(&mut self, key: &'static str) -> &'t [Tree] {
        match self.value(key) {
            None => &[],
            Some(Tree::List(list)) => list,
            Some(other) => {
                self.problem(key, format!("expected a list, found {}", found(other)));
                &[]
            }
        }
    }

    /// Runs `read` so that only unknown keys count as problems.
    pub fn keys_only(&mut self, read: impl FnOnce(&mut Self)) {
        let before = self.problems.keys_only;
        self.problems.keys_only = true;
        read(self);
        self.problems.keys_only = before;
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self) {
        for (key, _) in self.map.iter() {
            if self.asked.contains(&key) {
                continue;
            }
            let mut message = format!("unknown key {}", shown(key));
            if let Some(nearest) = nearest(key, &self.asked) {
                message.push_str(&format!("; the nearest known key is \"{nearest}\""));
            }
            self.problems.push(pointer(&self.at, key), message);
        }
    }
}

/// The JSON pointer of the member `key` of the object at `at`.
fn pointer(at: &str, key: &str) -> String {
    let key = key.replace('~', "~0").replace('/', "~1");
    format!("{at}/{key}")
}

/// The key of `known` that takes the fewest edits from `key`, however it is capitalised.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    // The distance takes time in the product of both lengths, and no known key is long.
    let key: String = key
        .chars()
        .take(MAX_SHOWN_CHARS)
        .collect::<String>()
        .to_lowercase();
    known
        .iter()
        .min_by_key(|other| strsim::osa_distance(&key, &other.to_lowercase()))
        .copied()
}

/// `text` as an id, or what is wrong with it.
pub fn checked_id(text: String) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) {
        let found = shown(&text);
        return Err(format!(
            "expected an id of 1 to {MAX_ID_BYTES} bytes without control characters, found {found}"
        ));
    }
    Ok(ids::normalized(text))
}

/// `text` as a name without blanks, such as a permission or an address, or what is wrong with it.
pub fn checked_word(text: String) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let found = shown(&text);
        return Err(format!("expected a name without blanks, found {found}"));
    }
    Ok(text)
}

/// The message for a value that stands where a text should. It never repeats the value: it may be a secret.
fn not_a_text(tree: &Tree) -> String {
    let hint = match tree {
        Tree::Number | Tree::Bool(_) => ": quote it",
        _ => "",
    };
    format!("expected a text, found {}{hint}", tree.kind())
}

/// A value as a message repeats it.
fn found(tree: &Tree) -> String {
    match tree {
        Tree::Text(text) => shown(text),
        other => other.kind().to_owned(),
    }
}

/// A text as a message repeats it: quoted, on one line, not too long.
pub fn shown(text: &str) -> String {
    let start: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{more}")
}
