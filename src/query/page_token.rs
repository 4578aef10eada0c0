//! Page tokens: where the next page begins, sealed to who asked what; and delta tokens: up to where a feed has been read.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::QueryError;
use crate::db::sql::Key;
use crate::seal::{self, Sealer};

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

impl Binding {
    /// The same with a digest for what may be long, so that a token is short whatever was asked.
    fn digested(&self) -> Self {
        let short = |text: &str| URL_SAFE_NO_PAD.encode(seal::sha256(text.as_bytes()));
        Self {
            owner: self.owner.clone(),
            collection: short(&self.collection),
            options: short(&self.options),
        }
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What it is ordered by.
    pub keys: Vec<Key>,
    /// Its id.
    pub id: String,
}

/// How far a feed has been read, and how it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaPlace {
    /// The last change that was looked at.
    pub number: i64,
    /// The newest change when the first round began: what had gone until then was never told.
    pub began: i64,
    /// Size of a page: a client does not say it again.
    pub top: u64,
    /// When the token was made, in ticks.
    pub made: i64,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    binding: Binding,
    place: T,
}

/// Seals page tokens with the store's key, so that any node opens what another one sealed.
#[derive(Clone, Debug)]
pub struct PageSealer {
    sealer: Arc<Sealer>,
}

/// What page tokens are sealed for.
const PAGE: &str = "skip token";
/// What delta tokens are sealed for.
const DELTA: &str = "delta token";

impl PageSealer {
    /// A sealer with the store's key.
    pub fn new(sealer: Arc<Sealer>) -> Self {
        Self { sealer }
    }

    /// A token for the page behind `place`; `None` where the system has no randomness to give.
    pub fn seal(&self, binding: &Binding, place: &Place) -> Option<String> {
        self.seal_for(PAGE, binding, place)
    }

    /// Where the page of `token` begins.
    ///
    /// # Errors
    /// [`QueryError::ForeignToken`] for a token of somebody else, [`QueryError::Malformed`] for one that was changed or
    /// belongs to another question.
    pub fn open(&self, token: &str, binding: &Binding) -> Result<Place, QueryError> {
        self.open_for(PAGE, token, binding)
    }

    /// A token for what comes behind `place` in a feed; `None` where the system has no randomness to give.
    pub fn seal_delta(&self, binding: &Binding, place: &DeltaPlace) -> Option<String> {
        self.seal_for(DELTA, binding, place)
    }

    /// How far the feed of `token` has been read.
    ///
    /// # Errors
    /// As [`PageSealer::open`].
    pub fn open_delta(&self, token: &str, binding: &Binding) -> Result<DeltaPlace, QueryError> {
        self.open_for(DELTA, token, binding)
    }

    fn seal_for<T: Clone + Serialize>(&self, purpose: &str, binding: &Binding, place: &T) -> Option<String> {
        let sealed = Sealed {
            binding: binding.digested(),
            place: place.clone(),
        };
        self.sealer.seal_text(purpose, &serde_json::to_vec(&sealed).ok()?)
    }

    fn open_for<T: DeserializeOwned>(
        &self,
        purpose: &str,
        token: &str,
        binding: &Binding,
    ) -> Result<T, QueryError> {
        let malformed = |text: String| QueryError::Malformed(text);
        let opened = self.sealer.open_text(purpose, token);
        let sealed: Option<Sealed<T>> = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(sealed) = sealed else {
            return Err(malformed(format!(
                "The {purpose} is not one that this server gave out."
            )));
        };
        if sealed.binding.owner != binding.owner {
            return Err(QueryError::ForeignToken);
        }
        if sealed.binding != binding.digested() {
            return Err(malformed(format!(
                "The {purpose} belongs to another collection or to other query options."
            )));
        }
        Ok(sealed.place)
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
        PageSealer::new(Arc::new(Sealer::new(&[7; 32]).unwrap()))
    }

    fn place() -> Place {
        Place {
            keys: vec![Key::Int(Some(42)), Key::Text(None)],
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
    fn a_token_is_short_whatever_was_asked() {
        let long = Binding {
            options: "x".repeat(30_000),
            collection: "y".repeat(1_000),
            ..binding()
        };
        let token = sealer().seal(&long, &place()).unwrap();
        assert!(token.len() < 500, "{}", token.len());
        assert_eq!(sealer().open(&token, &long), Ok(place()));
        assert!(sealer().open(&token, &binding()).is_err());
    }

    #[test]
    fn a_token_of_a_page_is_none_of_a_feed() {
        let token = sealer().seal(&binding(), &place()).unwrap();
        assert!(matches!(
            sealer().open_delta(&token, &binding()),
            Err(QueryError::Malformed(_))
        ));
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
