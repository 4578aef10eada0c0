//! Bodies in JSON: what is taken, and up to which size and depth (security.md section 3).

use std::io::Read;

use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::Value;

use super::error::{ApiError, ErrorCode};

/// The deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 64;

/// Reads a body, which may be packed with gzip; `limit` counts after it is unpacked.
///
/// # Errors
/// 415 for another type or packing, 413 for a body that is too large, 400 for one that is no JSON.
pub(super) fn json(headers: &HeaderMap, body: &[u8], limit: usize) -> Result<Value, ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = text(CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_json = |media_type: &str| {
        media_type.is_empty()
            || media_type.eq_ignore_ascii_case("application/json")
            || media_type.to_ascii_lowercase().ends_with("+json")
    };
    let unsupported = |text: String| Err(ApiError::new(ErrorCode::UnsupportedMediaType, text));
    if let Some(other) = media_type.filter(|media_type| !is_json(media_type)) {
        let other: String = other.chars().take(64).collect();
        return unsupported(format!("The body is '{other}'; application/json is expected."));
    }
    let unpacked;
    let body = match text(CONTENT_ENCODING).unwrap_or("identity").trim() {
        packing if packing.eq_ignore_ascii_case("identity") => body,
        packing if packing.eq_ignore_ascii_case("gzip") => {
            unpacked = unpack(body, limit)?;
            unpacked.as_slice()
        }
        _ => return unsupported("The body is packed in a way that is not read; gzip is.".to_owned()),
    };
    if depth(body) > MAX_DEPTH {
        return Err(ApiError::bad_request(format!(
            "The body is nested deeper than {MAX_DEPTH} levels."
        )));
    }
    // Its own message says where.
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("The body is not JSON: {error}.")))
}

fn unpack(body: &[u8], limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(body)
        .take(most)
        .read_to_end(&mut unpacked)
        .map_err(|_| ApiError::bad_request("The body is not packed with gzip, though it says so."))?;
    match unpacked.len() > limit {
        true => Err(ApiError::new(
            ErrorCode::RequestEntityTooLarge,
            format!("The body of the request is larger than {limit} bytes."),
        )),
        false => Ok(unpacked),
    }
}

/// How deep the brackets of a text go that stand outside of strings.
fn depth(body: &[u8]) -> usize {
    let (mut deepest, mut depth, mut in_text, mut escaped) = (0, 0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn read(fields: &[(&'static str, &str)], body: &[u8]) -> Result<Value, (u16, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        json(&headers, body, 1000).map_err(|error| (error.code.status().as_u16(), error.message.into_owned()))
    }

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn json_is_read_however_it_says_so() {
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/x+json",
        ] {
            assert!(
                read(&[("content-type", media_type)], b"{}").is_ok(),
                "{media_type}"
            );
        }
        assert!(read(&[], b" {\"a\": [1]} ").is_ok());
        assert!(read(&[("content-encoding", "gzip")], &packed(b"{}")).is_ok());
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        let (status, text) = read(&[], b"{\"a\": }").unwrap_err();
        assert!(status == 400 && text.contains("column 7"), "{text}");
        assert_eq!(read(&[("content-type", "text/plain")], b"{}").unwrap_err().0, 415);
        assert_eq!(read(&[("content-encoding", "br")], b"{}").unwrap_err().0, 415);
        assert_eq!(read(&[("content-encoding", "gzip")], b"{}").unwrap_err().0, 400);
        assert_eq!(read(&[], b"").unwrap_err().0, 400);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(read(&[], &nested(64)).is_ok());
        assert_eq!(read(&[], &nested(65)).unwrap_err().0, 400);
        assert!(read(&[], b"\"[[[[\\\"[[[\"").is_ok());
        let bomb = packed(&vec![b' '; 10_000_000]);
        assert_eq!(read(&[("content-encoding", "gzip")], &bomb).unwrap_err().0, 413);
    }
}
