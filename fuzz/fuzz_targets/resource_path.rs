#![no_main]
//! A path that can be read can be written and read again as the same.

use libfuzzer_sys::fuzz_target;
use odata::ResourcePath;

fuzz_target!(|text: &str| {
    if let Ok(path) = ResourcePath::parse(text) {
        let printed = path.to_string();
        let again = ResourcePath::parse(&printed).expect("what was printed can be read");
        assert_eq!(again.to_string(), printed);
    }
});
