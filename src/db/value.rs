//! [`Value`]: what is bound to a placeholder. The four types that both engines have; a null carries its type,
//! because PostgreSQL wants to know it.

use crate::clock::Ticks;

/// A value of a statement, borrowed from whoever asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A 64-bit integer, or NULL of that type.
    Int(Option<i64>),
    /// A truth value, or NULL of that type.
    Bool(Option<bool>),
    /// Text, or NULL of that type.
    Text(Option<&'a str>),
    /// Bytes, or NULL of that type.
    Bytes(Option<&'a [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Ticks> for Value<'_> {
    fn from(value: Ticks) -> Self {
        Self::Int(Some(value.0))
    }
}

impl From<Option<Ticks>> for Value<'_> {
    fn from(value: Option<Ticks>) -> Self {
        Self::Int(value.map(|ticks| ticks.0))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(Some(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}
