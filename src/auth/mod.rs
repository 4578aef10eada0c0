//! Who is asking: bearer token → caller.
//!
//! A token is first parsed ([`token`]), which trusts nothing. Its `iss` says whose key to look for
//! ([`verifier`]); that key comes from the issuer's own set ([`issuers`], [`key_set`], [`fetch`]) or, for the
//! built-in authority, from the store, which the caller of this module asks. Then the signature and every
//! claim are checked ([`claims`]). Nothing in here knows the database.

pub mod claims;
pub mod fetch;
#[cfg(test)]
mod fixtures;
pub mod issuers;
pub mod key_set;
pub mod token;
pub mod verifier;
