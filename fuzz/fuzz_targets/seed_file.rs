#![no_main]
//! A seed file in both its forms.

use std::path::Path;

use graphophone::seed::{Document, Known};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["seed.json", "seed.yaml"] {
        if let Ok(document) = Document::from_bytes(Path::new(name), bytes) {
            let _refused = document.complete(&Known::default());
        }
    }
});
