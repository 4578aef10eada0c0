#![no_main]
//! An issuer's JSON Web Key Set.

use graphophone::auth::key_set::KeySet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _refused = KeySet::parse(bytes);
});
