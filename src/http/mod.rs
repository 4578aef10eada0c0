//! Everything that knows HTTP, and nothing else does.
//!
//! A request's walk: `listener` accepts, `transport` shakes hands and chooses the protocol, `service` checks the head, normalises the path and authenticates, `router`
//! finds the route, a handler under `artifacts`, `meetings`, `calls` or `users` parses, authorizes, plans, fetches and presents with `respond`.

pub mod api;
pub mod artifacts;
mod authority;
mod batch;
pub mod body;
mod calls;
mod connection;
pub mod error;
mod frames;
pub mod framing;
mod head;
mod health;
mod http2;
mod json_body;
mod links;
pub mod listener;
mod meetings;
mod metadata;
mod paging;
mod patience;
mod present;
pub mod range;
mod redirect;
pub mod request;
pub mod respond;
pub mod router;
mod service;
mod transport;
mod users;
