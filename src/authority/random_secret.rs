//! Secrets that are made here: random, so that nothing can be guessed, and kept as their SHA-256.

use aws_lc_rs::rand::fill;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Secret;
use crate::seal;

/// Stands behind the first characters of every secret of an application, so that a scanner of sources knows one.
const MARK: &str = ".gph.";

/// How many characters of a secret are shown again, as in Graph's `hint`.
const HINT: usize = 3;

/// The machine has no randomness left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine has no randomness left")]
pub struct NoRandomness;

/// A secret of an application, as it is shown once.
#[derive(Debug)]
pub struct ApplicationSecret {
    /// The secret itself.
    pub secret: Secret,
    /// How it begins.
    pub hint: String,
}

/// 256 random bits, in base64url.
///
/// # Errors
/// [`NoRandomness`].
pub fn token() -> Result<Secret, NoRandomness> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A new secret for an application: 256 random bits with a mark among them.
///
/// # Errors
/// [`NoRandomness`].
pub fn for_application() -> Result<ApplicationSecret, NoRandomness> {
    let text = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let (hint, rest) = text.split_at_checked(HINT).unwrap_or((&text, ""));
    Ok(ApplicationSecret {
        secret: Secret::new(format!("{hint}{MARK}{rest}")),
        hint: hint.to_owned(),
    })
}

/// A new password that a person can read and type: 125 random bits in groups of five, without letters that look alike.
///
/// # Errors
/// [`NoRandomness`].
pub fn password() -> Result<Secret, NoRandomness> {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
        'x', 'y', 'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
    ];
    // 32 divides 256, so that every character is as likely as the next.
    let characters = random::<25>()?
        .into_iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte) % ALPHABET.len()));
    let mut text = String::new();
    for (at, character) in characters.enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        text.push(*character);
    }
    Ok(Secret::new(text))
}

/// What is kept of a secret.
pub fn sha256(secret: &str) -> Vec<u8> {
    seal::sha256(secret.as_bytes())
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_256_bits_and_do_not_repeat() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.expose()).unwrap().len(), 32);
        assert_ne!(one.expose(), two.expose());
        let text = |secret: ApplicationSecret| secret.secret.expose().to_owned();
        assert_ne!(text(for_application().unwrap()), text(for_application().unwrap()));
    }

    #[test]
    fn a_secret_of_an_application_is_known_by_its_mark_and_its_first_characters() {
        let made = for_application().unwrap();
        let text = made.secret.expose();
        assert_eq!(text.get(..3).unwrap(), made.hint);
        assert_eq!(text.get(3..8), Some(MARK));
        let random = text.replacen(MARK, "", 1);
        assert_eq!(URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
        assert!(!format!("{made:?}").contains(text));
    }

    #[test]
    fn a_password_is_five_groups_of_five() {
        let made = password().unwrap();
        let groups: Vec<&str> = made.expose().split('-').collect();
        assert_eq!(groups.len(), 5);
        assert!(groups.iter().all(|group| group.len() == 5), "{groups:?}");
        assert!(!made.expose().contains(['i', 'l', 'o', '1']));
        assert_ne!(made.expose(), password().unwrap().expose());
    }

    #[test]
    fn what_is_kept_is_the_sha_256() {
        let hex: String = sha256("abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
