#![no_main]
//! A token before anything in it is trusted.

use graphophone::auth::token::CompactToken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(token) = CompactToken::parse(text) {
        let _kid = token.kid();
    }
});
