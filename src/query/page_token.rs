//! Page tokens: where the next page begins, sealed (AES-256-GCM) to who asked what.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::QueryError;
use crate::clock::Ticks;

/// Bytes of a sealing key.
pub const KEY_BYTES: usize = 32;
/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Who may use a token, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The caller.
    pub owner: Owner,
    /// The collection.
    pub collection: String,
    /// The options, in their canonical form.
    pub options: String,
}

/// A caller, as a token names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its tenant.
    pub tenant: String,
    /// Its application.
    pub application: Option<String>,
    /// The signed-in user.
    pub user: Option<String>,
}

/// Where a page begins: behind that row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its `createdDateTime`.
    pub created: Ticks,
    /// Its id.
    pub id: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    binding: Binding,
    created: i64,
    id: String,
}

/// Seals page tokens with the store's key, so that any node opens what another one sealed.
pub struct PageSealer {
    key: LessSafeKey,
}

/// The key is not one, or there is no randomness to make one.
#[derive(Debug, thiserror::Error)]
#[error("a page key of {KEY_BYTES} bytes cannot be had")]
pub struct BadKey;

impl PageSealer {
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

    /// A token for the page behind `place`; `None` where the system has no randomness to give.
    pub fn seal(&self, binding: &Binding, place: &Place) -> Option<String> {
        let sealed = Sealed {
            binding: binding.clone(),
            created: place.created.0,
            id: place.id.clone(),
        };
        let mut text = serde_json::to_vec(&sealed).ok()?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat()))
    }

    /// Where the page of `token` begins.
    ///
    /// # Errors
    /// [`QueryError::ForeignToken`] for a token of somebody else, [`QueryError::Malformed`] for one that was changed or
    /// belongs to another question.
    pub fn open(&self, token: &str, binding: &Binding) -> Result<Place, QueryError> {
        let malformed = |text: &str| QueryError::Malformed(text.to_owned());
        let Some(sealed) = self.unseal(token) else {
            return Err(malformed("The skip token is not one that this server gave out."));
        };
        if sealed.binding.owner != binding.owner {
            return Err(QueryError::ForeignToken);
        }
        if sealed.binding != *binding {
            return Err(malformed(
                "The skip token belongs to another collection or to other query options.",
            ));
        }
        Ok(Place {
            created: Ticks(sealed.created),
            id: sealed.id,
        })
    }

    fn unseal(&self, token: &str) -> Option<Sealed> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self.key.open_in_place(nonce, Aad::empty(), text).ok()?;
        serde_json::from_slice(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            tenant: "t".into(),
            application: Some("a".into()),
            user: None,
        }
    }

    fn binding() -> Binding {
        Binding {
            owner: owner(),
            collection: "recordings of m".into(),
            options: "$top=2".into(),
        }
    }

    fn sealer() -> PageSealer {
        PageSealer::new(&[7; KEY_BYTES]).unwrap()
    }

    fn place() -> Place {
        Place {
            created: Ticks(42),
            id: "r'1".into(),
        }
    }

    #[test]
    fn a_token_opens_for_the_same_question_of_the_same_caller() {
        let token = sealer().seal(&binding(), &place()).unwrap();
        assert_eq!(sealer().open(&token, &binding()), Ok(place()));
    }

    #[test]
    fn another_caller_is_told_that_it_is_foreign() {
        let token = sealer().seal(&binding(), &place()).unwrap();
        for other in [
            Owner {
                tenant: "u".into(),
                ..owner()
            },
            Owner {
                application: None,
                ..owner()
            },
            Owner {
                user: Some("x".into()),
                ..owner()
            },
        ] {
            let other = Binding {
                owner: other,
                options: "$top=3".into(),
                ..binding()
            };
            assert_eq!(
                sealer().open(&token, &other),
                Err(QueryError::ForeignToken),
                "{other:?}"
            );
        }
    }

    #[test]
    fn other_options_and_other_collections_are_malformed() {
        let token = sealer().seal(&binding(), &place()).unwrap();
        for other in [
            Binding {
                options: "$top=3".into(),
                ..binding()
            },
            Binding {
                collection: "x".into(),
                ..binding()
            },
        ] {
            assert!(
                matches!(sealer().open(&token, &other), Err(QueryError::Malformed(_))),
                "{other:?}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let token = sealer().seal(&binding(), &place()).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(
                matches!(sealer().open(&changed, &binding()), Err(QueryError::Malformed(_))),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn garbage_is_not_a_token() {
        for text in ["", "x", "AAAA", "!!!", &"A".repeat(100_000)] {
            assert!(matches!(
                sealer().open(text, &binding()),
                Err(QueryError::Malformed(_))
            ));
        }
    }
}
