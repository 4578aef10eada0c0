//! Passwords and client secrets as they are kept: Argon2id (RFC 9106) in PHC form, never as they are.
//!
//! Slow by design, some tens of milliseconds: never on a runtime thread.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The hash cannot be made: the system gives no randomness, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("a secret cannot be hashed: {0}")]
pub struct HashFault(String);

/// A new hash of `secret`, with a salt of its own.
///
/// # Errors
/// [`HashFault`].
pub fn hash(secret: &str) -> Result<String, HashFault> {
    let hashed: PasswordHash = Argon2::default()
        .hash_password(secret.as_bytes())
        .map_err(|error| HashFault(error.to_string()))?;
    Ok(hashed.to_string())
}

/// Whether `stored` is a hash of `secret`.
pub fn matches(stored: &str, secret: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(stored) else {
        return false;
    };
    Argon2::default()
        .verify_password(secret.as_bytes(), &parsed)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_matches_its_secret_alone() {
        let stored = hash("correct horse").unwrap();
        assert!(
            stored.starts_with("$argon2id$") && !stored.contains("horse"),
            "{stored}"
        );
        assert!(matches(&stored, "correct horse"));
        assert!(!matches(&stored, "correct horse "));
        assert!(!matches("not a hash", "correct horse"));
    }
}
