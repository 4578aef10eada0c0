//! Page tokens: where the next page begins, sealed to who asked what.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::QueryError;
use crate::clock::Ticks;
use crate::seal::Sealer;

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
#[derive(Clone, Debug)]
pub struct PageSealer {
    sealer: Arc<Sealer>,
}

/// What page tokens are sealed for.
const PURPOSE: &str = "page token";

impl PageSealer {
    /// A sealer with the store's key.
    pub fn new(sealer: Arc<Sealer>) -> Self {
        Self { sealer }
    }

    /// A token for the page behind `place`; `None` where the system has no randomness to give.
    pub fn seal(&self, binding: &Binding, place: &Place) -> Option<String> {
        let sealed = Sealed {
            binding: binding.clone(),
            created: place.created.0,
            id: place.id.clone(),
        };
        self.sealer.seal_text(PURPOSE, &serde_json::to_vec(&sealed).ok()?)
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
        serde_json::from_slice(&self.sealer.open_text(PURPOSE, token)?).ok()
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
    fn garbage_is_not_a_token() {
        for text in ["", "x", "AAAA", "!!!", &"A".repeat(100_000)] {
            assert!(matches!(
                sealer().open(text, &binding()),
                Err(QueryError::Malformed(_))
            ));
        }
    }
}
