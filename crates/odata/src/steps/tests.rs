//! Twice the text, at most twice the steps: shown on texts that make bad parsers look at things again.

use super::of;
use crate::encoding::encode_segment;
use crate::{FilterExpr, QueryOptions, ResourcePath};

/// Most steps for one byte, and a little for the start.
const STEPS_PER_BYTE: usize = 20;
const START: usize = 256;

/// Counts the steps of a parser on a text of some kind, at three sizes.
fn is_linear(what: &str, parse: fn(&str), text: impl Fn(usize) -> String) {
    let mut before = None;
    for size in [1000, 2000, 4000] {
        let text = text(size);
        assert!(text.len() <= size, "{what}");
        let steps = of(|| parse(&text));
        let start: String = text.chars().take(20).collect();
        assert!(steps > 0, "{what} counts nothing: {start}");
        assert!(
            steps <= START + STEPS_PER_BYTE * text.len(),
            "{what}: {steps} steps for {} bytes: {start}",
            text.len()
        );
        if let Some(before) = before {
            assert!(
                steps <= 2 * before + START,
                "{what}: {before} steps, then {steps}: {start}"
            );
        }
        before = Some(steps);
    }
}

/// A text that repeats `unit` between `start` and `end`, of at most `size` bytes.
fn repeated(start: &str, unit: &str, end: &str, size: usize) -> String {
    let times = (size - start.len() - end.len()) / unit.len();
    format!("{start}{}{end}", unit.repeat(times))
}

fn option(name: &str, value: &str) -> QueryOptions {
    QueryOptions::parse(Some(&format!("{name}={}", encode_segment(value)))).unwrap()
}

#[test]
fn filters_take_linear_time() {
    for unit in [
        "a eq 1 or ",
        "-",
        "- ",
        "(",
        ")",
        "'",
        "''",
        "'a",
        "a/",
        "a.",
        "1-",
        "e87c8cf8-",
        "-INF",
        "INF",
        "x'",
        "2024-01-01T00:00:00 ",
        "2024-01-01T00:00:00 02:00 ",
        "+",
        "+1",
        ",",
        "not ",
        "a,",
        " ",
        "ü",
        "@",
        "$",
        "duration'P1D' ",
        "a in (1,",
        "a/any(a:",
    ] {
        for start in ["", "a eq ", "a in (", "a eq '"] {
            is_linear(
                "$filter",
                |text| drop(FilterExpr::parse(text)),
                |size| repeated(start, unit, "", size),
            );
        }
    }
}

#[test]
fn orders_take_linear_time() {
    for unit in ["a,", "a desc,", "a eq 1 and ", "(", "'", " ", "a/"] {
        is_linear(
            "$orderby",
            |text| drop(option("$orderby", text).order_by()),
            |size| repeated("a,", unit, "b", size),
        );
    }
}

#[test]
fn searches_take_linear_time() {
    for unit in [
        "a ", "a AND ", "a OR ", "NOT ", "(", "a", "\u{3000}", "\"", "\"a\" ", "\"\\", "\\\\", " ", "ü", "'",
    ] {
        for start in ["", "\"", "a OR "] {
            is_linear(
                "$search",
                |text| drop(option("$search", text).search()),
                |size| repeated(start, unit, "", size),
            );
        }
    }
}

#[test]
fn expansions_and_selections_take_linear_time() {
    for unit in [
        "a,",
        "a(",
        ")",
        "a($expand=",
        ";",
        "a;",
        "$search=",
        "search= ",
        "'",
        "\"",
        "\\",
        "a/",
        " ",
        "( ",
        "; ",
        "@a=1;",
        "a($top=1),",
    ] {
        for start in ["", "a(", "a($search=", "a($filter='"] {
            is_linear(
                "$expand",
                |text| drop(option("$expand", text).expand()),
                |size| repeated(start, unit, "", size),
            );
        }
        is_linear(
            "$select",
            |text| drop(option("$select", text).select()),
            |size| repeated("", unit, "", size),
        );
    }
}

#[test]
fn paths_take_linear_time() {
    for unit in [
        "a/",
        "/",
        "%41",
        "a",
        "(",
        "f(a=1)/",
        "f(a='1',b='2',c=@c)/",
        "'",
        "''",
        "a=1,",
        "=",
        ",",
        " ",
        "%20",
    ] {
        for start in ["", "f(", "f('", "f(a='"] {
            is_linear(
                "path",
                |text| drop(ResourcePath::parse(text)),
                |size| repeated(start, unit, "", size),
            );
        }
    }
}

#[test]
fn queries_take_linear_time() {
    // The number of options is limited, so the first text is 64 of them at most.
    for unit in ["a=1&", "&", "=", "%41", "+", "a", "ü"] {
        is_linear(
            "query",
            |text| drop(QueryOptions::parse(Some(text))),
            |size| repeated("", unit, "", size),
        );
    }
}
