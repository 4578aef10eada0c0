//! Graphophone: an archive of meeting recordings that speaks Microsoft Graph's callRecording API.
//!
//! Data flows one way: `http` parses, `auth` authorizes, `query` plans, `db` and `content` fetch, `http` presents.

pub mod app;
pub mod auth;
pub mod authority;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod db;
pub mod graph;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod media;
pub mod query;
pub mod retention;
pub mod seal;
pub mod seed;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod tree;
pub mod uploads;
pub mod verify;
