#![no_main]
//! A path that can be read can be written and read again as the same.

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "each target uses one of them")]
#[path = "../../crates/odata/tests/round_trip/mod.rs"]
mod round_trip;

fuzz_target!(|text: &str| round_trip::resource_path(text));
