//! [`Sealer`]: what leaves the server, or lies in its store, and must come back unread and unchanged (AES-256-GCM).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of a sealing key.
pub const KEY_BYTES: usize = 32;
/// The longest text that is opened.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Seals with one key. What was sealed for one purpose does not open for another.
pub struct Sealer {
    key: LessSafeKey,
}

/// The key is not one, or the system has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealing key of {KEY_BYTES} bytes cannot be had")]
pub struct BadKey;

impl Sealer {
    /// The bytes of a new key.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn new_key() -> Result<[u8; KEY_BYTES], BadKey> {
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key).map_err(|_| BadKey)?;
        Ok(key)
    }

    /// A sealer with that key.
    ///
    /// # Errors
    /// [`BadKey`] for a key of another length.
    pub fn new(key: &[u8]) -> Result<Self, BadKey> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| BadKey)?;
        Ok(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// `content`, sealed for `purpose`; `None` where the system has no randomness to give.
    pub fn seal(&self, purpose: &str, content: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut sealed = content.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed for `purpose`; `None` for anything else.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, content) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut content = content.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let length = self.key.open_in_place(nonce, aad, &mut content).ok()?.len();
        content.truncate(length);
        Some(content)
    }

    /// [`seal`](Self::seal) as text for links, forms and cookies.
    pub fn seal_text(&self, purpose: &str, content: &[u8]) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(self.seal(purpose, content)?))
    }

    /// [`open`](Self::open) of such a text.
    pub fn open_text(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        if text.len() > MAX_TEXT_BYTES {
            return None;
        }
        self.open(purpose, &URL_SAFE_NO_PAD.decode(text).ok()?)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// Bytes in hex.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a SHA-256 in hex.
pub fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        // A sign would be taken for a digit.
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&[7; KEY_BYTES]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_and_key_alone() {
        let sealed = sealer().seal("a", b"text").unwrap();
        assert_eq!(sealer().open("a", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(sealer().open("b", &sealed), None);
        assert_eq!(Sealer::new(&[8; KEY_BYTES]).unwrap().open("a", &sealed), None);
        assert_ne!(sealer().seal("a", b"text").unwrap(), sealed, "the same twice");
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let sealed = sealer().seal("a", b"text").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer().open("a", &changed), None, "bit {bit}");
        }
    }

    #[test]
    fn garbage_does_not_open() {
        for text in ["", "x", "AAAA", "!!!", &"A".repeat(100_000)] {
            assert_eq!(sealer().open_text("a", text), None);
        }
        assert_eq!(Sealer::new(&[7; 16]).err(), Some(BadKey));
    }
}
