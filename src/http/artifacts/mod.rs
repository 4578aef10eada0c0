//! Recordings and transcripts of a meeting: one file an operation.

pub mod content;
pub mod count;
mod file_name;
pub mod get;
mod links;
pub mod list;
