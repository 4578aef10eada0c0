//! Text with U+0000, which PostgreSQL does not take. It is kept with an escape, so that every text that SQLite keeps is
//! kept here too, equal texts stay equal, and no input is an error of the engine.

use std::borrow::Cow;

/// A noncharacter (The Unicode Standard, section 23.7), which no one has a use for in a text.
const ESCAPE: char = '\u{10FFFF}';
/// What follows the escape for U+0000, and for the escape itself.
const NUL: char = '0';
const SELF: char = '1';

/// `text` as it is stored.
pub(super) fn stored(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => escaped.extend([ESCAPE, NUL]),
            ESCAPE => escaped.extend([ESCAPE, SELF]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The text that was stored so.
pub(super) fn original(stored: &str) -> String {
    if !stored.contains(ESCAPE) {
        return stored.to_owned();
    }
    let mut text = String::with_capacity(stored.len());
    let mut chars = stored.chars();
    while let Some(c) = chars.next() {
        match c {
            ESCAPE => text.push(if chars.next() == Some(NUL) { '\0' } else { ESCAPE }),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_text_is_stored_as_it_is() {
        assert!(matches!(stored("Grüße"), Cow::Borrowed("Grüße")));
        assert_eq!(stored("a\0b"), "a\u{10FFFF}0b");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_none_has_a_nul(text in "[\\x00a01\u{10FFFF}é]{0,12}") {
            let kept = stored(&text);
            prop_assert!(!kept.contains('\0'));
            prop_assert_eq!(original(&kept), text);
        }
    }
}
