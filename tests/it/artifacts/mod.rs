//! Recordings and transcripts of a meeting.

mod content;
mod count;
mod get;
mod list;
