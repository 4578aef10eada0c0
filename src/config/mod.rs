//! Configuration.

pub mod issuer;
