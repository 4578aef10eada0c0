#![no_main]
//! A range never reaches outside of the content.

use graphophone::http::range::{ByteRange, byte_range};
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], u64)| {
    let (bytes, length) = input;
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    headers.insert(header::RANGE, value);
    if let ByteRange::Part { first, last } = byte_range(&headers, length, "\"tag\"") {
        assert!(first <= last && last < length);
    }
});
