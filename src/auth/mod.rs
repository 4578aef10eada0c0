//! Who is asking, and what may they see: bearer token → [`caller::Caller`] → [`access::Visibility`].
//!
//! A token is first parsed ([`token`]), which trusts nothing. Its `iss` says whose key to look for
//! ([`verifier`]); that key comes from the issuer's own set ([`issuers`], [`key_set`], [`fetch`]) or, for the
//! built-in authority, from the store, which the caller of this module asks. Then the signature and every
//! claim are checked ([`claims`]). [`bearer`] does all that for a request and remembers the outcome for a moment.
//!
//! Then the store says who the token speaks for ([`caller`]), the facts of a path are loaded ([`access`]) and decided upon
//! by one pure function ([`decide`]).

pub mod access;
pub mod bearer;
pub mod caller;
pub mod claims;
pub mod decide;
pub mod fetch;
#[cfg(test)]
mod fixtures;
pub mod issuers;
pub mod key_set;
pub mod permission;
pub mod token;
pub mod verifier;
