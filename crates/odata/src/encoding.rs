//! Percent-encoding and string literals, both ways.
//!
//! Part 2, section 2.1: a URL is split first, then each piece is decoded exactly once. This module
//! decodes and encodes one piece. It does not split.

use std::ops::Range;

use thiserror::Error;

use crate::steps;

/// What is wrong with a percent-encoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextProblem {
    /// A percent sign stands alone.
    #[error("expected two hexadecimal digits after '%'")]
    BadEscape,
    /// The decoded bytes are not UTF-8: a stray or missing byte, an overlong form or a surrogate.
    #[error("expected UTF-8, found other bytes")]
    InvalidUtf8,
    /// The decoded text has a control character.
    #[error("expected text, found the control character U+{0:04X}")]
    ControlCharacter(u32),
}

/// Where a percent-encoded text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A path segment: a plus is a plus.
    Path,
    /// A query option: a plus is a blank, as in HTML forms, and a tab counts as one (`RWS` in the ABNF).
    Query,
}

/// Decodes `range` of `text` once; an error carries its column in `text`.
pub(crate) fn decode(text: &str, range: Range<usize>, place: Place) -> Result<String, (usize, TextProblem)> {
    let start = range.start;
    let raw = text.get(range).unwrap_or_default();
    steps::add(raw.len());
    let fail =
        |decoded_offset: usize, problem| (column(text, start + raw_offset(raw, decoded_offset)), problem);
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let escaped = rest
                    .next()
                    .and_then(hex_value)
                    .zip(rest.next().and_then(hex_value));
                let Some((high, low)) = escaped else {
                    return Err(fail(bytes.len(), TextProblem::BadEscape));
                };
                high << 4 | low
            }
            b'+' if place == Place::Query => b' ',
            other => other,
        });
    }
    let decoded =
        String::from_utf8(bytes).map_err(|e| fail(e.utf8_error().valid_up_to(), TextProblem::InvalidUtf8))?;
    let is_refused = |c: char| c.is_control() && !(c == '\t' && place == Place::Query);
    if let Some((offset, c)) = decoded.char_indices().find(|(_, c)| is_refused(*c)) {
        return Err(fail(offset, TextProblem::ControlCharacter(c.into())));
    }
    Ok(decoded)
}

/// The byte offset in `raw` of what decodes to the byte at `decoded_offset`.
pub(crate) fn raw_offset(raw: &str, decoded_offset: usize) -> usize {
    let mut offset = 0;
    for _ in 0..decoded_offset {
        offset += if raw.as_bytes().get(offset) == Some(&b'%') {
            3
        } else {
            1
        };
    }
    offset
}

/// The column, in characters from 1, of a byte offset.
pub(crate) fn column(text: &str, offset: usize) -> usize {
    steps::add(offset);
    1 + text.char_indices().take_while(|(at, _)| *at < offset).count()
}

/// Columns of byte offsets that only grow, so that the text is gone through once.
pub(crate) struct Columns<'a> {
    text: &'a str,
    offset: usize,
    column: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Columns {
            text,
            offset: 0,
            column: 1,
        }
    }

    /// The column, in characters from 1, of a byte offset not before the last one asked for.
    pub(crate) fn at(&mut self, offset: usize) -> usize {
        let passed = self.text.get(self.offset..offset).unwrap_or_default();
        steps::add(passed.len());
        self.column += passed.chars().count();
        self.offset = offset.max(self.offset);
        self.column
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Percent-encodes a text so that it is one path segment, or one value in a query.
///
/// Only the unreserved characters of RFC 3986, section 2.3, and the dollar stay as they are. The
/// dollar is legal in both places and begins the names OData reserves, such as `$count`.
#[must_use]
pub fn encode_segment(text: &str) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 0x0F)]);
        }
    }
    encoded
}

/// Writes a string as an OData literal: in quotes, with each quote inside doubled.
#[must_use]
pub fn string_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str, place: Place) -> Result<String, (usize, TextProblem)> {
        decode(text, 0..text.len(), place)
    }

    #[test]
    fn decodes_exactly_once() {
        assert_eq!(whole("a%2540b", Place::Path), Ok("a%40b".into()));
        assert_eq!(whole("%C3%bc", Place::Path), Ok("ü".into()));
    }

    #[test]
    fn plus_is_a_blank_in_a_query_only() {
        assert_eq!(whole("a+b%2B", Place::Path), Ok("a+b+".into()));
        assert_eq!(whole("a+b%2B", Place::Query), Ok("a b+".into()));
    }

    #[test]
    fn bad_escapes_say_where() {
        for (text, position) in [
            ("%", 1),
            ("a%4", 2),
            ("ab%zz", 3),
            ("%41%", 4),
            ("ü%é0", 2),
            ("%%41", 1),
        ] {
            assert_eq!(
                whole(text, Place::Path),
                Err((position, TextProblem::BadEscape)),
                "{text}"
            );
        }
    }

    #[test]
    fn overlong_and_surrogate_bytes_are_not_utf8() {
        for text in [
            "x%C0%AF",
            "x%E0%80%AF",
            "x%ED%A0%80",
            "x%80",
            "x%C3",
            "x%FF",
            "x%F4%90%80%80",
        ] {
            assert_eq!(
                whole(text, Place::Query),
                Err((2, TextProblem::InvalidUtf8)),
                "{text}"
            );
        }
    }

    #[test]
    fn control_characters_are_refused() {
        assert_eq!(
            whole("%00", Place::Path),
            Err((1, TextProblem::ControlCharacter(0)))
        );
        assert_eq!(
            whole("a%0d%0A", Place::Query),
            Err((2, TextProblem::ControlCharacter(0x0D)))
        );
        assert_eq!(
            whole("%7F", Place::Query),
            Err((1, TextProblem::ControlCharacter(0x7F)))
        );
        assert_eq!(
            whole("%C2%85", Place::Path),
            Err((1, TextProblem::ControlCharacter(0x85)))
        );
        assert_eq!(
            whole("%09", Place::Path),
            Err((1, TextProblem::ControlCharacter(9)))
        );
        assert_eq!(whole("%09", Place::Query), Ok("\t".into()));
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(string_literal("let's"), "'let''s'");
        assert_eq!(string_literal(""), "''");
    }

    proptest! {
        #[test]
        fn encoding_then_decoding_gives_the_same(text in "[^\\pC]{0,40}") {
            let encoded = encode_segment(&text);
            prop_assert!(encoded.is_ascii() && !encoded.contains(['/', '+', '&', '=', '(']));
            prop_assert_eq!(whole(&encoded, Place::Path), Ok(text.clone()));
            prop_assert_eq!(whole(&encoded, Place::Query), Ok(text));
        }

        #[test]
        fn no_text_panics(text in "[%+a-f0-9Cé\\x00-\\x20]{0,40}") {
            let _ = whole(&text, Place::Path);
            let _ = whole(&text, Place::Query);
        }
    }
}
