use odata::FilterExpr;

use super::*;
use crate::db::artifacts::ArtifactKind;
use crate::query::schema::Column;

fn read(text: &str) -> Result<Condition, String> {
    let expression = FilterExpr::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let checker = Checker {
        entity: EntityType::of(ArtifactKind::Recording),
        text,
        now: Ticks(0),
    };
    checker.condition(&expression).map_err(|error| error.to_string())
}

/// Filters that are refused, and what is said of them.
const REFUSED: &[(&str, &str)] = &[
    ("callId", "at position 1: expected a comparison"),
    ("callId eq 5", "at position 11: expected a text in quotes"),
    ("5 eq callId", "at position 1: expected a text in quotes"),
    (
        "callId eq e87c8cf8-50f7-4252-8b9c-ad08ac0fa88d",
        "at position 11: expected a text in quotes",
    ),
    (
        "createdDateTime gt '2024-01-01T00:00:00Z'",
        "at position 20: expected an instant such as 2024-01-15T00:00:00Z, without quotes",
    ),
    ("createdDateTime gt 5", "at position 20: expected an instant"),
    ("length(callId) eq 'x'", "at position 19: expected a whole number"),
    ("date(createdDateTime) eq '2024-01-01'", "expected a date such as"),
    ("callId eq 1.5", "at position 11: expected a text, a whole number"),
    ("callId eq duration'P1D'", "at position 11"),
    ("callId gt true", "expected eq or ne beside true and false"),
    (
        "callId has ns.e'x'",
        "at position 1: expected a comparison with eq",
    ),
    (
        "callId add 'x' eq 'y'",
        "at position 1: expected a property, a function or a literal",
    ),
    (
        "contains(callId)",
        "at position 1: expected a function with two arguments",
    ),
    ("contains(callId,5)", "at position 17: expected a text"),
    (
        "tolower(callId,id) eq 'x'",
        "expected a function with one argument",
    ),
    (
        "substring(callId,-1) eq 'x'",
        "at position 18: expected a whole number from 0",
    ),
    ("substring(callId,9999999) eq 'x'", "at position 18"),
    ("substring(callId) eq 'x'", "expected substring(text,from)"),
    (
        "year(callId) eq 2024",
        "at position 6: expected a property that is an instant",
    ),
    ("floor(5) eq 5", "at position 1: expected one of contains"),
    ("now(1) eq createdDateTime", "at position 1"),
    (
        "tolower(callId)",
        "at position 1: expected a comparison of the function's value",
    ),
    ("callId in (5)", "at position 12: expected a text in quotes"),
    ("callId in id", "at position 11: expected a list"),
    (
        "recordingContentUrl eq 'x'",
        "at position 1: expected a property that can be filtered by",
    ),
    (
        "callId eq 'x' and recordingContentUrl eq true",
        "at position 19: expected a property that can be filtered by",
    ),
    (
        "content eq null",
        "at position 1: expected a property that can be filtered by",
    ),
    (
        "meetingOrganizer/user/displayName eq 'x'",
        "at position 1: expected a property that can be filtered by",
    ),
    (
        "colour eq 'x'",
        "Could not find a property named 'colour' on type 'microsoft.graph.callRecording'.",
    ),
    ("callId/x eq 'x'", "Could not find a property named 'callId/x'"),
    ("contains(colour,'x')", "Could not find a property named 'colour'"),
    ("x/any(y:y eq 1)", "at position 1"),
    (
        "-callId eq 1",
        "at position 2: expected a whole number after the minus",
    ),
];

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    for (text, expected) in REFUSED {
        let error = read(text).unwrap_err();
        assert!(
            error.starts_with("Invalid filter clause: ") && error.contains(expected),
            "{text}: {error}"
        );
    }
}

#[test]
fn dates_without_a_time_stand_for_midnight_and_seconds_may_be_left_out() {
    let column = Column {
        sql: "created_ticks",
        kind: ColumnKind::Instant,
        nullable: false,
    };
    let midnight = "2024-01-15T00:00:00Z".parse().unwrap();
    let expected = Condition::Compare(
        Comparison::Ge,
        Operand::Column(column),
        Operand::Instant(midnight),
    );
    for text in [
        "createdDateTime ge 2024-01-15",
        "createdDateTime ge 2024-01-15T00:00Z",
        "createdDateTime ge 2024-01-15T00:00:00.0000000Z",
        "createdDateTime ge 2024-01-15T02:00:00+02:00",
        "createdDateTime ge 2024-01-15T02:00:00 02:00",
    ] {
        assert_eq!(read(text), Ok(expected.clone()), "{text}");
    }
}

#[test]
fn conditions_compare_with_truth_values_and_null() {
    assert_eq!(read("true"), Ok(Condition::Always(true)));
    assert_eq!(read("null eq null"), Ok(Condition::Always(true)));
    assert_eq!(read("null ne null"), Ok(Condition::Always(false)));
    let inner = read("callId eq 'c'").unwrap();
    assert_eq!(read("(callId eq 'c') eq true"), Ok(inner.clone()));
    assert_eq!(
        read("true ne (callId eq 'c')"),
        Ok(Condition::Not(Box::new(inner)))
    );
}
