//! `openapi.json`: what our own name space is, for programs. A test makes it from these types and compares.

/// The description, as it is served.
pub const TEXT: &str = include_str!("openapi.json");
