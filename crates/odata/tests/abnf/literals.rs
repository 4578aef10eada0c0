//! Section 7 of the grammar: literals. Each is read as what it is, not as something else.

use odata::FilterExpr;
use odata::filter::{FilterNode, Literal};

use crate::{Rule, holds};

/// A literal of some kind.
fn literal(text: &str, is_kind: fn(&Literal) -> bool) -> Result<String, String> {
    match FilterExpr::parse(text).map_err(|e| e.to_string())?.node {
        FilterNode::Literal(literal) if is_kind(&literal) => Ok(literal.to_string()),
        other => Err(format!("expected another kind of literal, found {other:?}")),
    }
}

fn any(text: &str) -> Result<String, String> {
    literal(text, |_| true)
}

fn null(text: &str) -> Result<String, String> {
    literal(text, |literal| *literal == Literal::Null)
}

fn boolean(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Boolean(_)))
}

fn whole(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Integer(_)))
}

fn number(text: &str) -> Result<String, String> {
    literal(text, |literal| {
        matches!(literal, Literal::Integer(_) | Literal::Decimal(_))
    })
}

fn decimal(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Decimal(_)))
}

fn string(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::String(_)))
}

fn guid(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Guid(_)))
}

fn date(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Date(_)))
}

fn time(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::TimeOfDay(_)))
}

fn instant(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::DateTimeOffset(_)))
}

fn duration(text: &str) -> Result<String, String> {
    literal(text, |literal| literal.as_duration().is_some())
}

fn binary(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Binary(_)))
}

fn enumeration(text: &str) -> Result<String, String> {
    literal(text, |literal| matches!(literal, Literal::Enum { .. }))
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "primitiveLiteral",
        read: any,
        accept: &[
            "null",
            "true",
            "01234567-89ab-cdef-0123-456789abcdef",
            "2024-01-15T00:00:00Z",
            "2024-01-15",
            "07:59",
            "1.5",
            "-INF",
            "-1",
            "'x'",
            "duration'P1D'",
            "ns.E'x'",
            "binary''",
        ],
        refuse: &["x", "'x", "1x", "geography'x'", "[1]", "{}"],
    },
    Rule {
        name: "null",
        read: null,
        accept: &["null", "NULL"],
        refuse: &["nul", "'null'", "null'x'"],
    },
    Rule {
        name: "boolean",
        read: boolean,
        accept: &["true", "false", "TRUE", "False"],
        refuse: &["tru", "1", "'true'", "true'x'"],
    },
    Rule {
        name: "binaryLiteral",
        read: binary,
        accept: &[
            "binary''",
            "binary'T0RhdGE'",
            "binary'T0RhdGE='",
            "BINARY'AA'",
            "binary'-_-_'",
        ],
        refuse: &[
            "binary'T'",
            "binary'T0RhdGE==",
            "binary'a b'",
            "binary'a+b/'",
            "x'AA'",
            "'AA'",
        ],
    },
    Rule {
        name: "binaryValue",
        read: binary,
        accept: &["binary'AAAA'", "binary'AAAAAA'", "binary'AAAAAAA'"],
        refuse: &["binary'AAAAA'", "binary'AAAA='", "binary'AAAA===='"],
    },
    Rule {
        name: "base64b16",
        read: binary,
        accept: &["binary'AAA'", "binary'AAE='", "binary'AA8'"],
        refuse: &["binary'AAB'", "binary'AAA=='", "binary'AA='"],
    },
    Rule {
        name: "base64b8",
        read: binary,
        accept: &["binary'AA'", "binary'AQ=='", "binary'_w'"],
        refuse: &["binary'AB'", "binary'AA='", "binary'A==='"],
    },
    Rule {
        name: "base64char",
        read: binary,
        accept: &["binary'abcd'", "binary'AZ09'", "binary'-_-_'"],
        refuse: &["binary'ab+d'", "binary'ab/d'", "binary'abüd'", "binary'ab''d'"],
    },
    Rule {
        name: "decimalLiteral",
        read: number,
        accept: &[
            "0",
            "1",
            "-1",
            "+1",
            "1.5",
            "-0.0",
            "1e5",
            "1E-5",
            "+1.5e+10",
            "00012.500",
        ],
        refuse: &["1.", ".5", "1e", "1.e5", "1.2.3", "--x", "1e1.5", "+ 1"],
    },
    Rule {
        name: "doubleLiteral",
        read: decimal,
        accept: &["1.5", "0.31415926535897931e1", "-1e308", "INF", "-INF", "NaN"],
        refuse: &["+INF", "nan", "inf", "-NaN", "1e+"],
    },
    Rule {
        name: "singleLiteral",
        read: decimal,
        accept: &["1.5", "1.17549435e-38"],
        refuse: &["1f", "1.5f", "1,5"],
    },
    Rule {
        name: "nanInfinity",
        read: decimal,
        accept: &["NaN", "INF", "-INF"],
        refuse: &["-NaN", "Inf", "NAN", "+INF", "INFINITY"],
    },
    Rule {
        name: "guid",
        read: guid,
        accept: &[
            "01234567-89ab-cdef-0123-456789abcdef",
            "E87C8CF8-50F7-4252-8b9c-ad08ac0fa88d",
            "00000000-0000-0000-0000-000000000000",
        ],
        refuse: &[
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567-89ab-cdef-0123-456789abcde",
            "0123456789abcdef0123456789abcdef",
            "'01234567-89ab-cdef-0123-456789abcdef'",
            "guid'01234567-89ab-cdef-0123-456789abcdef'",
        ],
    },
    Rule {
        name: "byte",
        read: whole,
        accept: &["0", "255", "1"],
        refuse: &["1.0", "b1"],
    },
    Rule {
        name: "sbyteLiteral",
        read: whole,
        accept: &["-128", "127", "+127"],
        refuse: &["- 128", "-1-"],
    },
    Rule {
        name: "int16Literal",
        read: whole,
        accept: &["-32768", "32767"],
        refuse: &["32767.0", "3_2"],
    },
    Rule {
        name: "int32Literal",
        read: whole,
        accept: &["-2147483648", "2147483647", "+1"],
        refuse: &["1L", "2147483647x"],
    },
    Rule {
        name: "int64Literal",
        read: whole,
        accept: &[
            "-9223372036854775808",
            "9223372036854775807",
            "+9223372036854775807",
        ],
        refuse: &["9223372036854775808", "-9223372036854775809", "1l"],
    },
    Rule {
        name: "stringLiteral",
        read: string,
        accept: &["''", "'x'", "'it''s'", "'a,b)'", "'ü %&'", r#"'"'"#],
        refuse: &["'", "'a", "'a'b", "'a' 'b'", r#""a""#],
    },
    Rule {
        name: "SQUOTE-in-string",
        read: string,
        accept: &["''''", "'a''b'", "''''''"],
        refuse: &["'''", "'a''", "'''''"],
    },
    Rule {
        name: "date",
        read: date,
        accept: &[
            "2024-01-15",
            "2024-02-29",
            "2000-02-29",
            "0001-01-01",
            "9999-12-31",
        ],
        refuse: &[
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-1-1",
            "20240115",
            "2024-01-32",
            "2024-01",
        ],
    },
    Rule {
        name: "dateTimeOffsetLiteral",
        read: instant,
        accept: &[
            "2024-01-15T00:00:00Z",
            "2024-01-15t00:00z",
            "2024-01-15T00:00:00.123456789012Z",
            "2024-01-15T00:00:00+02:00",
            "2024-01-15T00:00:00-14:00",
            "2024-01-15T00:00:00 02:00",
            "2024-01-15T23:59:60Z",
        ],
        refuse: &[
            "2024-01-15T00:00:00",
            "2024-01-15 00:00:00Z",
            "2024-01-15T24:00:00Z",
            "2024-01-15T00:00:00+2",
            "2024-01-15T00:00:00+15:00",
            "2024-01-15T00:00:00  02:00",
            "2024-01-15T00:00:00.1234567890123Z",
            "2024-01-15T00:00:00Z+00:00",
        ],
    },
    Rule {
        name: "durationLiteral",
        read: duration,
        accept: &["duration'P1D'", "DURATION'PT1H'", "'P1D'", "'-PT0.5S'"],
        refuse: &[
            "duration'1D'",
            "duration'P1D",
            "duration''",
            "duration'P1Y'",
            "durations'P1D'",
        ],
    },
    Rule {
        name: "durationValue",
        read: duration,
        accept: &[
            "duration'P12DT23H59M59.999999999999S'",
            "duration'-P1D'",
            "duration'PT1M'",
            "duration'P0D'",
        ],
        refuse: &[
            "duration'P'",
            "duration'PT'",
            "duration'P1DT'",
            "duration'PT1S1M'",
            "duration'+P1D'",
            "duration'PT1.5H'",
        ],
    },
    Rule {
        name: "timeOfDayLiteral",
        read: time,
        accept: &["00:00", "07:59:59", "23:59:59.999", "07:59:59.123456789012"],
        refuse: &["24:00", "7:59", "07:60", "07:59:61", "07:59.5", "07:59:59."],
    },
    Rule {
        name: "year",
        read: date,
        accept: &["0001-01-01", "1999-12-31"],
        refuse: &["999-01-01", "12024-01-01"],
    },
    Rule {
        name: "month",
        read: date,
        accept: &["2024-01-01", "2024-12-01"],
        refuse: &["2024-00-01", "2024-13-01", "2024-1-01"],
    },
    Rule {
        name: "day",
        read: date,
        accept: &["2024-01-01", "2024-01-31", "2024-04-30"],
        refuse: &["2024-01-00", "2024-01-32", "2024-04-31", "2024-01-1"],
    },
    Rule {
        name: "hour",
        read: time,
        accept: &["00:00", "23:00", "19:00"],
        refuse: &["24:00", "0:00", "30:00"],
    },
    Rule {
        name: "minute",
        read: time,
        accept: &["00:00", "00:59"],
        refuse: &["00:60", "00:0", "00:099"],
    },
    Rule {
        name: "zeroToFiftyNine",
        read: time,
        accept: &["00:00:00", "00:09:59"],
        refuse: &["00:61:00", "00:1:00"],
    },
    Rule {
        name: "second",
        read: time,
        accept: &["00:00:00", "00:00:59", "23:59:60"],
        refuse: &["00:00:61", "00:00:0", "00:00:"],
    },
    Rule {
        name: "fractionalSeconds",
        read: time,
        accept: &["00:00:00.0", "00:00:00.123456789012"],
        refuse: &["00:00:00.", "00:00:00.1234567890123", "00:00:00.1x"],
    },
    Rule {
        name: "enumLiteral",
        read: enumeration,
        accept: &[
            "ns.Color'Red'",
            "ns.Color'Red,Green'",
            "microsoft.graph.onlineMeetingRole'attendee'",
            "ns.Color'4'",
        ],
        refuse: &[
            "Color'Red'",
            "ns.Color''",
            "ns.Color'Red,'",
            "ns.Color'Red",
            "ns.Color'Red Green'",
        ],
    },
    Rule {
        name: "singleEnumLiteral",
        read: enumeration,
        accept: &["ns.E'a'", "ns.E'-1'", "ns.E'_a1'"],
        refuse: &["ns.E'1.5'", "ns.E'a.b'", "ns.E'1a'"],
    },
    Rule {
        name: "enumerationMember",
        read: enumeration,
        accept: &["ns.E'unknownFutureValue'", "ns.E'ü'"],
        refuse: &["ns.E'a''b'", "ns.E'a-b'"],
    },
    Rule {
        name: "geographyPoint",
        read: any,
        accept: &[],
        refuse: &["geography'SRID=0;Point(1 2)'", "Geography'x'"],
    },
    Rule {
        name: "geographyCollection",
        read: any,
        accept: &[],
        refuse: &["geography'SRID=0;GeometryCollection(Point(1 2))'"],
    },
    Rule {
        name: "geographyLineString",
        read: any,
        accept: &[],
        refuse: &["geography'SRID=0;LineString(1 2,3 4)'"],
    },
    Rule {
        name: "geographyPolygon",
        read: any,
        accept: &[],
        refuse: &["geography'SRID=0;Polygon((1 2,3 4,5 6,1 2))'"],
    },
    Rule {
        name: "geometryPoint",
        read: any,
        accept: &[],
        refuse: &["geometry'SRID=0;Point(1 2)'", "GEOMETRY'x'"],
    },
    Rule {
        name: "geometryPolygon",
        read: any,
        accept: &[],
        refuse: &["geometry'SRID=0;Polygon((1 2,3 4,5 6,1 2))'"],
    },
];

#[test]
fn rule_primitive_literal() {
    holds(RULES, "primitiveLiteral");
}

#[test]
fn rule_null() {
    holds(RULES, "null");
}

#[test]
fn rule_boolean() {
    holds(RULES, "boolean");
}

#[test]
fn rule_binary_literal() {
    holds(RULES, "binaryLiteral");
}

#[test]
fn rule_binary_value() {
    holds(RULES, "binaryValue");
}

#[test]
fn rule_base64b16() {
    holds(RULES, "base64b16");
}

#[test]
fn rule_base64b8() {
    holds(RULES, "base64b8");
}

#[test]
fn rule_base64char() {
    holds(RULES, "base64char");
}

#[test]
fn rule_decimal_literal() {
    holds(RULES, "decimalLiteral");
}

#[test]
fn rule_double_literal() {
    holds(RULES, "doubleLiteral");
}

#[test]
fn rule_single_literal() {
    holds(RULES, "singleLiteral");
}

#[test]
fn rule_nan_infinity() {
    holds(RULES, "nanInfinity");
}

#[test]
fn rule_guid() {
    holds(RULES, "guid");
}

#[test]
fn rule_byte() {
    holds(RULES, "byte");
}

#[test]
fn rule_sbyte_literal() {
    holds(RULES, "sbyteLiteral");
}

#[test]
fn rule_int16literal() {
    holds(RULES, "int16Literal");
}

#[test]
fn rule_int32literal() {
    holds(RULES, "int32Literal");
}

#[test]
fn rule_int64literal() {
    holds(RULES, "int64Literal");
}

#[test]
fn rule_string_literal() {
    holds(RULES, "stringLiteral");
}

#[test]
fn rule_squote_in_string() {
    holds(RULES, "SQUOTE-in-string");
}

#[test]
fn rule_date() {
    holds(RULES, "date");
}

#[test]
fn rule_date_time_offset_literal() {
    holds(RULES, "dateTimeOffsetLiteral");
}

#[test]
fn rule_duration_literal() {
    holds(RULES, "durationLiteral");
}

#[test]
fn rule_duration_value() {
    holds(RULES, "durationValue");
}

#[test]
fn rule_time_of_day_literal() {
    holds(RULES, "timeOfDayLiteral");
}

#[test]
fn rule_year() {
    holds(RULES, "year");
}

#[test]
fn rule_month() {
    holds(RULES, "month");
}

#[test]
fn rule_day() {
    holds(RULES, "day");
}

#[test]
fn rule_hour() {
    holds(RULES, "hour");
}

#[test]
fn rule_minute() {
    holds(RULES, "minute");
}

#[test]
fn rule_zero_to_fifty_nine() {
    holds(RULES, "zeroToFiftyNine");
}

#[test]
fn rule_second() {
    holds(RULES, "second");
}

#[test]
fn rule_fractional_seconds() {
    holds(RULES, "fractionalSeconds");
}

#[test]
fn rule_enum_literal() {
    holds(RULES, "enumLiteral");
}

#[test]
fn rule_single_enum_literal() {
    holds(RULES, "singleEnumLiteral");
}

#[test]
fn rule_enumeration_member() {
    holds(RULES, "enumerationMember");
}

#[test]
fn rule_geography_point() {
    holds(RULES, "geographyPoint");
}

#[test]
fn rule_geography_collection() {
    holds(RULES, "geographyCollection");
}

#[test]
fn rule_geography_line_string() {
    holds(RULES, "geographyLineString");
}

#[test]
fn rule_geography_polygon() {
    holds(RULES, "geographyPolygon");
}

#[test]
fn rule_geometry_point() {
    holds(RULES, "geometryPoint");
}

#[test]
fn rule_geometry_polygon() {
    holds(RULES, "geometryPolygon");
}
