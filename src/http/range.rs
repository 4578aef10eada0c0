//! Ranges and preconditions of the content path (RFC 9110 sections 13 and 14). Pure, and linear in the length of
//! the header.

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};

/// The part of the content that an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// All of it: 200.
    Whole,
    /// From the first to the last byte, both inclusive: 206.
    Part {
        /// First byte, from 0.
        first: u64,
        /// Last byte, inclusive.
        last: u64,
    },
    /// Nothing of what was asked for is there: 416.
    Unsatisfiable,
}

/// What the preconditions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Go on.
    Passed,
    /// The caller has it already: 304.
    NotModified,
    /// The caller wants another version: 412.
    Failed,
}

/// What `If-Match` and `If-None-Match` say about content with that strong `etag`.
pub fn precondition(headers: &HeaderMap, etag: &str) -> Precondition {
    let named = |name| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
    };
    if headers.contains_key(IF_MATCH) && !named(IF_MATCH).any(|list| list_has(list, etag, false)) {
        return Precondition::Failed;
    }
    if named(IF_NONE_MATCH).any(|list| list_has(list, etag, true)) {
        return Precondition::NotModified;
    }
    Precondition::Passed
}

/// Whether an entity-tag list holds `etag`; `weak` compares weakly (RFC 9110 section 8.8.3.2). Our tags hold no comma.
fn list_has(list: &str, etag: &str, weak: bool) -> bool {
    list.split(',').map(str::trim).any(|tag| {
        let tag = if weak {
            tag.strip_prefix("W/").unwrap_or(tag)
        } else {
            tag
        };
        tag == "*" || tag == etag
    })
}

/// The range that a GET asks for, of content with that length and strong `etag`. A header that cannot be read, a unit
/// that is not known, more than one range or another version in `If-Range` all mean the whole.
pub fn byte_range(headers: &HeaderMap, length: u64, etag: &str) -> ByteRange {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return ByteRange::Whole;
    };
    let same_version = headers
        .get(IF_RANGE)
        .is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
    match value.to_str().ok().and_then(parse) {
        Some(wanted) if same_version => wanted.of(length),
        _ => ByteRange::Whole,
    }
}

/// One range as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    From { first: u64, last: u64 },
    Suffix { length: u64 },
}

impl Wanted {
    fn of(self, length: u64) -> ByteRange {
        match self {
            Self::From { first, last } if first < length => ByteRange::Part {
                first,
                last: last.min(length - 1),
            },
            Self::Suffix { length: wanted } if wanted > 0 && length > 0 => ByteRange::Part {
                first: length.saturating_sub(wanted),
                last: length - 1,
            },
            Self::From { .. } | Self::Suffix { .. } => ByteRange::Unsatisfiable,
        }
    }
}

/// `bytes=A-B`, `bytes=A-`, `bytes=-N`; `None` for anything else.
fn parse(text: &str) -> Option<Wanted> {
    let (unit, set) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    match (first, last) {
        ("", last) => Some(Wanted::Suffix {
            length: number(last)?,
        }),
        (first, "") => Some(Wanted::From {
            first: number(first)?,
            last: u64::MAX,
        }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Wanted::From { first, last })
        }
    }
}

/// Decimal digits; a number too large for any file counts as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"v1\"";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn ranges_of_ten_bytes() {
        let part = |first, last| ByteRange::Part { first, last };
        let cases = [
            ("bytes=0-3", part(0, 3)),
            ("bytes=4-", part(4, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=0-99999999999999999999999", part(0, 9)),
            ("BYTES=9-9", part(9, 9)),
            ("bytes= 0-0", part(0, 0)),
            ("bytes=10-", ByteRange::Unsatisfiable),
            ("bytes=-0", ByteRange::Unsatisfiable),
            ("bytes=99999999999999999999999-", ByteRange::Unsatisfiable),
            ("bytes=3-2", ByteRange::Whole),
            ("bytes=0-1,4-5", ByteRange::Whole),
            ("bytes=a-b", ByteRange::Whole),
            ("bytes=-", ByteRange::Whole),
            ("bytes=+1-2", ByteRange::Whole),
            ("items=0-3", ByteRange::Whole),
            ("bytes", ByteRange::Whole),
            ("", ByteRange::Whole),
        ];
        for (text, expected) in cases {
            assert_eq!(
                byte_range(&headers(&[("range", text)]), 10, TAG),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_can_be_cut_from_empty_content() {
        for text in ["bytes=0-0", "bytes=0-", "bytes=-1"] {
            assert_eq!(
                byte_range(&headers(&[("range", text)]), 0, TAG),
                ByteRange::Unsatisfiable,
                "{text}"
            );
        }
        assert_eq!(byte_range(&HeaderMap::new(), 0, TAG), ByteRange::Whole);
    }

    #[test]
    fn two_range_headers_mean_the_whole() {
        let headers = headers(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]);
        assert_eq!(byte_range(&headers, 10, TAG), ByteRange::Whole);
    }

    #[test]
    fn if_range_needs_the_same_strong_tag() {
        let ask = |tag| byte_range(&headers(&[("range", "bytes=0-1"), ("if-range", tag)]), 10, TAG);
        assert_eq!(ask("\"v1\""), ByteRange::Part { first: 0, last: 1 });
        for other in ["\"v2\"", "W/\"v1\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(ask(other), ByteRange::Whole, "{other}");
        }
    }

    #[test]
    fn preconditions() {
        let cases: [(&[(&str, &str)], Precondition); 8] = [
            (&[], Precondition::Passed),
            (&[("if-none-match", "\"v1\"")], Precondition::NotModified),
            (&[("if-none-match", "W/\"v1\"")], Precondition::NotModified),
            (&[("if-none-match", "\"v0\", \"v1\"")], Precondition::NotModified),
            (&[("if-none-match", "*")], Precondition::NotModified),
            (&[("if-none-match", "\"v2\"")], Precondition::Passed),
            (&[("if-match", "\"v2\"")], Precondition::Failed),
            (&[("if-match", "\"v1\"")], Precondition::Passed),
        ];
        for (pairs, expected) in cases {
            let owned: Vec<(&'static str, &'static str)> = pairs.to_vec();
            assert_eq!(precondition(&headers(&owned), TAG), expected, "{pairs:?}");
        }
    }
}
