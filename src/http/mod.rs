//! Everything that knows HTTP, and nothing else does.
//!
//! A request's walk: `listener` accepts, `service` checks the head, normalises the path and authenticates, `router`
//! finds the route, a handler under `artifacts` parses, authorizes, plans, fetches and presents with `respond`.

pub mod artifacts;
mod authority;
pub mod body;
mod connection;
pub mod error;
mod framing;
mod health;
pub mod listener;
pub mod range;
pub mod request;
pub mod respond;
pub mod router;
mod service;
