//! Which passwords are taken: NIST SP 800-63B section 3.1.1.2, which asks for length and refuses what everybody tries first,
//! and forbids rules about the kinds of characters.

/// At least so many characters.
const SHORTEST: usize = 8;

/// At most so many characters: hashing is not to be a way to keep a server busy.
const LONGEST: usize = 128;

/// What is tried first, as long as it is long enough at all; in lower case.
const COMMONEST: [&str; 48] = [
    "00000000",
    "11111111",
    "12121212",
    "12341234",
    "123123123",
    "12345678",
    "123456789",
    "1234567890",
    "123qweasd",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "66666666",
    "87654321",
    "88888888",
    "987654321",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "aa123456",
    "access14",
    "administrator",
    "asdfasdf",
    "asdfghjkl",
    "baseball",
    "changeme",
    "computer",
    "football",
    "graphophone",
    "iloveyou",
    "internet",
    "letmein1",
    "p@ssw0rd",
    "passw0rd",
    "password",
    "password1",
    "password12",
    "password123",
    "princess",
    "q1w2e3r4",
    "qwer1234",
    "qwertyui",
    "qwerty123",
    "qwertyuiop",
    "sunshine",
    "superman",
    "trustno1",
    "welcome1",
];

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than 8 characters.
    #[error("a password has at least {SHORTEST} characters")]
    TooShort,
    /// More than 128 characters.
    #[error("a password has at most {LONGEST} characters")]
    TooLong,
    /// The name that it is to protect.
    #[error("a password is not the user's own name")]
    IsTheName,
    /// One of the commonest.
    #[error("this password is among the first that anybody would try")]
    Common,
}

/// Whether `password` will do for the user of that userPrincipalName.
///
/// # Errors
/// [`PasswordFault`], which says what to change and not what it was.
pub fn check(password: &str, user_principal_name: &str) -> Result<(), PasswordFault> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(PasswordFault::TooShort);
    }
    if length > LONGEST {
        return Err(PasswordFault::TooLong);
    }
    let (folded, name) = (password.to_lowercase(), user_principal_name.to_lowercase());
    let local = name.split('@').next().unwrap_or_default();
    if folded == name || folded == local {
        return Err(PasswordFault::IsTheName);
    }
    match COMMONEST.contains(&folded.as_str()) {
        true => Err(PasswordFault::Common),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_name_and_commonness_are_all_that_counts() {
        use PasswordFault::{Common, IsTheName, TooLong, TooShort};
        let (longest, longer) = ("ß".repeat(128), "ß".repeat(129));
        for (password, expected) in [
            ("", Err(TooShort)),
            ("1234567", Err(TooShort)),
            // Seven characters of more bytes.
            ("äöüäöüß", Err(TooShort)),
            (&longest, Ok(())),
            (&longer, Err(TooLong)),
            ("megan.bowen@contoso.example", Err(IsTheName)),
            ("Megan.Bowen", Err(IsTheName)),
            ("megan.bowen2", Ok(())),
            ("password", Err(Common)),
            ("PassWord123", Err(Common)),
            ("12345678", Err(Common)),
            ("aaaaaaaa", Ok(())),
            ("four plain words here", Ok(())),
            ("        x", Ok(())),
        ] {
            assert_eq!(
                check(password, "Megan.Bowen@contoso.example"),
                expected,
                "{password}"
            );
        }
    }

    #[test]
    fn the_commonest_are_compared_in_lower_case_and_long_enough_to_matter() {
        for word in COMMONEST {
            assert_eq!(word, word.to_lowercase());
            assert!(word.chars().count() >= SHORTEST, "{word}");
        }
    }
}
