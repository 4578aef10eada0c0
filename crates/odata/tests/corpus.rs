//! Replays the corpora of the fuzz targets, `fuzz/corpus/<target>/`, on a stable compiler.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod round_trip;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

/// Fewest files that a corpus has.
const FEWEST: usize = 20;

fn replay(target: &str, check: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        // The targets take texts only, as the fuzzer does.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            check(text);
        }
        files += 1;
    }
    assert!(files >= FEWEST, "{target} has {files} files");
}

#[test]
fn resource_paths_hold() {
    replay("resource_path", round_trip::resource_path);
}

#[test]
fn queries_hold() {
    replay("odata_query", round_trip::query);
}

#[test]
fn filters_hold() {
    replay("odata_filter", round_trip::filter);
}

#[test]
fn orders_hold() {
    replay("odata_order_by", round_trip::order_by);
}

#[test]
fn searches_hold() {
    replay("odata_search", round_trip::search);
}

#[test]
fn expansions_hold() {
    replay("odata_expand", round_trip::expand);
}

#[test]
fn selections_hold() {
    replay("odata_select", round_trip::select);
}

/// Texts of what the parsers know, in any order.
const PIECES: &str = concat!(
    "([a-e()\"'\\\\,;:/=&$@*%+#. 0-9üé-]| eq | and | or |not | in | desc|AND |OR |NOT |any\\(x:|",
    "\\$filter=|\\$search=|\\$expand=|\\$top=1|\\$ref|\\$count|2024-01-01|T00:00:00| 02:00|",
    "duration'P1D'|ns\\.E'a'|%20|%27){0,60}"
);

proptest! {
    #[test]
    fn no_text_breaks_a_parser(text in prop_oneof![PIECES, "\\PC{0,80}", ".{0,40}"]) {
        for check in [
            round_trip::resource_path,
            round_trip::query,
            round_trip::filter,
            round_trip::order_by,
            round_trip::search,
            round_trip::expand,
            round_trip::select,
        ] {
            check(&text);
        }
    }
}
