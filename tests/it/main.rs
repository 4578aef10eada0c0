//! Everything through HTTP and the command line, in one binary whose tree mirrors the tree of URLs and rooms.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod artifacts;
mod auth;
mod support;
