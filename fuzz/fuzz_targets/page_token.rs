#![no_main]
//! No token opens that was not sealed.

use graphophone::query::page_token::{Binding, KEY_BYTES, Owner, PageSealer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sealer = PageSealer::new(&[7; KEY_BYTES]).expect("a key of the right length");
    let owner = Owner { tenant: "t".into(), application: None, user: None };
    let binding = Binding { owner, collection: "c".into(), options: String::new() };
    assert!(sealer.open(text, &binding).is_err());
});
