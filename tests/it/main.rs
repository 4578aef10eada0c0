//! Everything through HTTP and the command line, in one binary whose tree mirrors the tree of URLs and rooms.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod artifacts;
mod content_conformance;
mod db_conformance;
mod every_error_is_documented;
mod every_route_is_protected;
mod layering;
mod query_plans;
mod support;
mod tokens_are_never_logged;
