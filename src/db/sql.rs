//! [`Sql`]: a statement that is put together, with the values that its placeholders stand for. Only fixed text and
//! placeholders ever get into it; values never do.

use super::Value;
use crate::clock::Ticks;

/// A statement and its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    text: String,
    values: Vec<Owned>,
    order: Vec<KeyKind>,
}

#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Int(i64),
    Text(String),
    Bool(bool),
}

/// A value that rows are ordered by.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Key {
    /// An integer or instant, or NULL.
    Int(Option<i64>),
    /// A text, or NULL.
    Text(Option<String>),
}

/// Its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Integers and instants.
    Int,
    /// Texts.
    Text,
}

impl Sql {
    /// A statement that begins with `text`.
    pub fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// What the columns are that stand behind a row's own in the answer: those that it is ordered by.
    #[must_use]
    pub fn ordered_by(mut self, order: Vec<KeyKind>) -> Self {
        self.order = order;
        self
    }

    /// The types of the columns that rows are ordered by.
    pub fn order(&self) -> &[KeyKind] {
        &self.order
    }

    /// Goes on with `text`.
    #[must_use]
    pub fn then(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a placeholder for a text.
    #[must_use]
    pub fn bind_text(mut self, value: &str) -> Self {
        self.values.push(Owned::Text(value.to_owned()));
        self.placeholder()
    }

    /// Goes on with a placeholder for an integer.
    #[must_use]
    pub fn bind_int(mut self, value: i64) -> Self {
        self.values.push(Owned::Int(value));
        self.placeholder()
    }

    /// Goes on with a placeholder for a truth value.
    #[must_use]
    pub fn bind_bool(mut self, value: bool) -> Self {
        self.values.push(Owned::Bool(value));
        self.placeholder()
    }

    /// Goes on with a placeholder for an instant.
    #[must_use]
    pub fn bind_ticks(self, value: Ticks) -> Self {
        self.bind_int(value.0)
    }

    fn placeholder(mut self) -> Self {
        use std::fmt::Write;
        // Writing into a String does not fail.
        let _written = write!(self.text, "?{}", self.values.len());
        self
    }

    /// The text, with `?1`, `?2`, ….
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, in the order of their placeholders.
    pub fn values(&self) -> Vec<Value<'_>> {
        let borrow = |value| match value {
            &Owned::Int(number) => Value::Int(Some(number)),
            &Owned::Bool(value) => Value::Bool(Some(value)),
            Owned::Text(text) => Value::Text(Some(text)),
        };
        self.values.iter().map(borrow).collect()
    }
}
