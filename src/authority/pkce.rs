//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Length of a challenge: a SHA-256 in base64url.
const CHALLENGE_BYTES: usize = 43;

/// Whether `text` can be a challenge (section 4.2).
pub fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_BYTES && URL_SAFE_NO_PAD.decode(text).is_ok()
}

/// The challenge that is made from `verifier` (section 4.2).
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Whether `verifier` is what `challenge` was made from (section 4.6); of 43 to 128 unreserved characters (section 4.1).
pub fn matches(challenge: &str, verifier: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let made = challenge_of(verifier);
    is_verifier && verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_matches_and_nothing_else_does() {
        assert!(is_challenge(CHALLENGE));
        assert!(matches(CHALLENGE, VERIFIER));
        for verifier in [
            "",
            CHALLENGE,
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK",
            "short",
        ] {
            assert!(!matches(CHALLENGE, verifier), "{verifier}");
        }
        // `plain` would make any verifier its own challenge.
        assert!(!matches(VERIFIER, VERIFIER));
        let long = "a".repeat(129);
        assert!(!matches(
            &URL_SAFE_NO_PAD.encode(digest(&SHA256, long.as_bytes())),
            &long
        ));
        for challenge in ["", "short", &"=".repeat(43), &"a".repeat(44)] {
            assert!(!is_challenge(challenge), "{challenge}");
        }
    }
}
