//! Recordings and transcripts of a meeting.

mod content;
mod content_s3;
mod count;
mod filters;
mod get;
mod list;
mod superset;
mod transcript_content;
