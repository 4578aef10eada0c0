//! Recordings and transcripts of a meeting.

mod content;
mod content_s3;
mod count;
mod get;
mod list;
mod transcript_content;
