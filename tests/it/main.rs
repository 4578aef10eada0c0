//! Everything through HTTP and the command line, in one binary whose tree mirrors the tree of URLs and rooms.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod api_document;
mod artifacts;
mod auth;
mod authority;
mod backup;
mod batch;
mod calls;
mod cli;
mod content_conformance;
mod content_s3;
mod contrib;
mod cors;
mod db_conformance;
mod db_postgres;
mod delta;
mod docs_clients;
mod errors;
mod every_error_is_documented;
mod every_route_is_protected;
mod exports;
mod framing;
mod head;
mod health;
mod layering;
mod limits;
mod meetings;
mod metadata;
mod openapi;
mod paths;
mod query_plans;
mod reference_page;
mod schema_parity;
mod seed;
mod support;
mod throttling;
mod tls;
mod tokens_are_never_logged;
mod uploads;
mod users;
