//! `Content-Range` of a slice (RFC 9110 section 14.4): `bytes FIRST-LAST/TOTAL`.

use http::HeaderMap;
use http::header::CONTENT_RANGE;

use crate::http::error::ApiError;
use crate::uploads::Range;

/// What a slice says that it has.
///
/// # Errors
/// 400 where it says nothing, or nothing that there can be.
pub(super) fn content_range(headers: &HeaderMap) -> Result<Range, ApiError> {
    let mut values = headers.get_all(CONTENT_RANGE).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    let range = value.filter(|_| values.next().is_none()).and_then(parse);
    range.ok_or_else(|| {
        ApiError::bad_request(
            "The header Content-Range is expected to say which bytes of the whole these are, such as 'bytes 0-983039/2097152'.",
        )
    })
}

fn parse(text: &str) -> Option<Range> {
    let rest = text.trim().strip_prefix("bytes")?.trim_start_matches([' ', '=']);
    let (range, total) = rest.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = Range {
        first: number(first)?,
        last: number(last)?,
        total: number(total)?,
    };
    (range.first <= range.last && range.total > 0).then_some(range)
}

/// Digits alone, and no more than a file can have.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain)?;
    i64::try_from(number).ok().map(|_| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_say_which_bytes_they_are() {
        for (text, expected) in [
            ("bytes 0-0/1", Some((0, 0, 1))),
            ("bytes 5-9/10", Some((5, 9, 10))),
            ("bytes  5-9/10 ", Some((5, 9, 10))),
            ("bytes=5-9/10", Some((5, 9, 10))),
            (
                "bytes 9223372036854775806-9223372036854775806/9223372036854775807",
                Some((i64::MAX as u64 - 1, i64::MAX as u64 - 1, i64::MAX as u64)),
            ),
            ("bytes 0-0/9223372036854775808", None),
            ("bytes 5-4/10", None),
            ("bytes 0-0/0", None),
            ("bytes -5-9/10", None),
            ("bytes 0-+9/10", None),
            ("bytes 0-9/*", None),
            ("bytes */10", None),
            ("items 0-9/10", None),
            ("bytes 0-9", None),
            ("", None),
        ] {
            let found = parse(text).map(|range| (range.first, range.last, range.total));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn two_headers_say_nothing() {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_RANGE, "bytes 0-0/1".parse().unwrap());
        assert!(content_range(&headers).is_ok());
        headers.append(CONTENT_RANGE, "bytes 0-0/1".parse().unwrap());
        assert!(content_range(&headers).is_err());
    }
}
