#![no_main]
//! No token opens that was not sealed, neither as one of a page nor as one of a feed.

use std::sync::Arc;

use graphophone::query::page_token::{Binding, Owner, PageSealer};
use graphophone::seal::Sealer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let sealer = PageSealer::new(Arc::new(Sealer::new(&[7; 32]).expect("a key of the right length")));
    let owner = Owner { tenant: "t".into(), application: None, user: None };
    let binding = Binding { owner, collection: "c".into(), options: String::new() };
    assert!(sealer.open(text, &binding).is_err());
    assert!(sealer.open_delta(text, &binding).is_err());
});
