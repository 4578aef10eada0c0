//! Everything that knows HTTP, and nothing else does.
//!
//! A request's walk: `listener` accepts, `transport` shakes hands and chooses the protocol, `service` checks the head, normalises the path and authenticates, `router`
//! finds the route, a handler under `artifacts` parses, authorizes, plans, fetches and presents with `respond`.

pub mod artifacts;
mod authority;
pub mod body;
mod connection;
pub mod error;
mod frames;
mod framing;
mod health;
mod http2;
pub mod listener;
mod patience;
pub mod range;
mod redirect;
pub mod request;
pub mod respond;
pub mod router;
mod service;
mod transport;
