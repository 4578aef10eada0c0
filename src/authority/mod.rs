//! The built-in token issuer: what its access tokens say, and the key that signs them.

pub mod access_token;
pub mod certificate;
pub mod link;
pub mod password;
pub mod random_secret;
pub mod redirect_uri;
pub mod secret_hash;
pub mod signing_key;

pub use access_token::{AccessToken, Subject};
pub use signing_key::{SigningFault, SigningKey};
