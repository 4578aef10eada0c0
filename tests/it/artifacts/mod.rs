//! Recordings and transcripts of a meeting.

mod count;
mod get;
mod list;
