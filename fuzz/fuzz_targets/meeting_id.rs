#![no_main]
//! A meeting id as it stands in a path.

use graphophone::ids;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(parts) = ids::meeting_organizer(text) {
        assert!(ids::is_guid(&parts.organizer));
    }
});
