//! Passphrases: what seals keys that leave the store. Argon2id (RFC 9106) makes a key of one, and is made to cost more than for a
//! password, since whoever has what it seals can try for as long as they like.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::seal::KEY_BYTES;

/// At least so many characters.
const SHORTEST: usize = 12;
/// At most so much is spent, whoever asks for it: memory in KiB, passes, lanes.
const MOST: Cost = Cost {
    memory_kib: 1024 * 1024,
    passes: 16,
    lanes: 16,
};

/// What making a key costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseFault {
    /// Fewer than 12 characters.
    #[error("a passphrase has at least {SHORTEST} characters: several words are easier to keep than one")]
    TooShort,
    /// More than anybody should be made to spend, or less than there is.
    #[error("the cost of its key is not one to be paid")]
    Cost,
    /// The system has no memory to give.
    #[error("a key cannot be made of the passphrase: {0}")]
    Failed(String),
}

impl Cost {
    /// What a new key costs: some tenths of a second, and 64 MiB.
    pub const NEW: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 1,
    };
}

/// Whether a new passphrase is long enough.
///
/// # Errors
/// [`PassphraseFault::TooShort`].
pub fn check(passphrase: &str) -> Result<(), PassphraseFault> {
    match passphrase.chars().count() < SHORTEST {
        true => Err(PassphraseFault::TooShort),
        false => Ok(()),
    }
}

/// The sealing key that `passphrase` stands for with that salt, of 8 bytes or more. Blocks the thread for some tenths of a second.
///
/// # Errors
/// [`PassphraseFault`].
pub fn sealing_key(passphrase: &str, salt: &[u8], cost: Cost) -> Result<[u8; KEY_BYTES], PassphraseFault> {
    if cost.memory_kib > MOST.memory_kib || cost.passes > MOST.passes || cost.lanes > MOST.lanes {
        return Err(PassphraseFault::Cost);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
    let params = params.map_err(|_| PassphraseFault::Cost)?;
    let mut key = [0; KEY_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(|error| PassphraseFault::Failed(error.to_string()))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    #[test]
    fn a_key_depends_on_all_that_it_is_made_of() {
        let key = |passphrase, salt: &[u8; 16], cost| sealing_key(passphrase, salt, cost).unwrap();
        let one = key("correct horse", &[1; 16], CHEAP);
        assert_eq!(one, key("correct horse", &[1; 16], CHEAP));
        assert_ne!(one, key("correct horse ", &[1; 16], CHEAP));
        assert_ne!(one, key("correct horse", &[2; 16], CHEAP));
        assert_ne!(one, key("correct horse", &[1; 16], Cost { passes: 2, ..CHEAP }));
    }

    #[test]
    fn nobody_is_made_to_spend_without_end() {
        for cost in [
            Cost {
                memory_kib: u32::MAX,
                ..CHEAP
            },
            Cost {
                passes: u32::MAX,
                ..CHEAP
            },
            Cost {
                lanes: u32::MAX,
                ..CHEAP
            },
            Cost { passes: 0, ..CHEAP },
        ] {
            let refused = sealing_key("correct horse", &[1; 16], cost);
            assert!(matches!(refused, Err(PassphraseFault::Cost)), "{cost:?}");
        }
        assert!(check("twelve chars").is_ok());
        assert!(check("eleven char").is_err());
    }
}
