#![no_main]
//! The value of `$search`.

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "each target uses one of them")]
#[path = "../../crates/odata/tests/round_trip/mod.rs"]
mod round_trip;

fuzz_target!(|text: &str| round_trip::search(text));
