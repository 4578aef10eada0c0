//! Section 4 of the grammar: calls of the methods it names.

use odata::FilterExpr;

use crate::{Rule, holds};

fn method(text: &str) -> Result<String, String> {
    FilterExpr::parse(text)
        .map(|expression| expression.to_string())
        .map_err(|e| e.to_string())
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "concatMethodCallExpr",
        read: method,
        accept: &["concat(a,'b')", "concat( a/b , c )", "concat(concat(a,b),c) eq d"],
        refuse: &["concat(", "concat(a", "concat(a,)", "concat(a b)", "concat(a))"],
    },
    Rule {
        name: "containsMethodCallExpr",
        read: method,
        accept: &[
            "contains(a,'b')",
            "contains( a/b , c )",
            "contains(contains(a,b),c) eq d",
        ],
        refuse: &[
            "contains(",
            "contains(a",
            "contains(a,)",
            "contains(a b)",
            "contains(a))",
        ],
    },
    Rule {
        name: "endsWithMethodCallExpr",
        read: method,
        accept: &[
            "endswith(a,'b')",
            "endsWith( a/b , c )",
            "endswith(endswith(a,b),c) eq d",
        ],
        refuse: &[
            "endswith(",
            "endswith(a",
            "endswith(a,)",
            "endswith(a b)",
            "endswith(a))",
        ],
    },
    Rule {
        name: "indexOfMethodCallExpr",
        read: method,
        accept: &[
            "indexof(a,'b')",
            "indexOf( a/b , c )",
            "indexof(indexof(a,b),c) eq d",
        ],
        refuse: &[
            "indexof(",
            "indexof(a",
            "indexof(a,)",
            "indexof(a b)",
            "indexof(a))",
        ],
    },
    Rule {
        name: "matchesPatternMethodCallExpr",
        read: method,
        accept: &[
            "matchespattern(a,'b')",
            "matchesPattern( a/b , c )",
            "matchespattern(matchespattern(a,b),c) eq d",
        ],
        refuse: &[
            "matchespattern(",
            "matchespattern(a",
            "matchespattern(a,)",
            "matchespattern(a b)",
            "matchespattern(a))",
        ],
    },
    Rule {
        name: "startsWithMethodCallExpr",
        read: method,
        accept: &[
            "startswith(a,'b')",
            "startsWith( a/b , c )",
            "startswith(startswith(a,b),c) eq d",
        ],
        refuse: &[
            "startswith(",
            "startswith(a",
            "startswith(a,)",
            "startswith(a b)",
            "startswith(a))",
        ],
    },
    Rule {
        name: "lengthMethodCallExpr",
        read: method,
        accept: &["length(a) eq 1", "length( a/b )", "LENGTH(length(a))"],
        refuse: &["length(", "length(a", "length(a,)", "length(a b)", "length(a))"],
    },
    Rule {
        name: "toLowerMethodCallExpr",
        read: method,
        accept: &["tolower(a) eq 1", "toLower( a/b )", "TOLOWER(tolower(a))"],
        refuse: &[
            "tolower(",
            "tolower(a",
            "tolower(a,)",
            "tolower(a b)",
            "tolower(a))",
        ],
    },
    Rule {
        name: "toUpperMethodCallExpr",
        read: method,
        accept: &["toupper(a) eq 1", "toUpper( a/b )", "TOUPPER(toupper(a))"],
        refuse: &[
            "toupper(",
            "toupper(a",
            "toupper(a,)",
            "toupper(a b)",
            "toupper(a))",
        ],
    },
    Rule {
        name: "trimMethodCallExpr",
        read: method,
        accept: &["trim(a) eq 1", "trim( a/b )", "TRIM(trim(a))"],
        refuse: &["trim(", "trim(a", "trim(a,)", "trim(a b)", "trim(a))"],
    },
    Rule {
        name: "yearMethodCallExpr",
        read: method,
        accept: &["year(a) eq 1", "year( a/b )", "YEAR(year(a))"],
        refuse: &["year(", "year(a", "year(a,)", "year(a b)", "year(a))"],
    },
    Rule {
        name: "monthMethodCallExpr",
        read: method,
        accept: &["month(a) eq 1", "month( a/b )", "MONTH(month(a))"],
        refuse: &["month(", "month(a", "month(a,)", "month(a b)", "month(a))"],
    },
    Rule {
        name: "dayMethodCallExpr",
        read: method,
        accept: &["day(a) eq 1", "day( a/b )", "DAY(day(a))"],
        refuse: &["day(", "day(a", "day(a,)", "day(a b)", "day(a))"],
    },
    Rule {
        name: "hourMethodCallExpr",
        read: method,
        accept: &["hour(a) eq 1", "hour( a/b )", "HOUR(hour(a))"],
        refuse: &["hour(", "hour(a", "hour(a,)", "hour(a b)", "hour(a))"],
    },
    Rule {
        name: "minuteMethodCallExpr",
        read: method,
        accept: &["minute(a) eq 1", "minute( a/b )", "MINUTE(minute(a))"],
        refuse: &["minute(", "minute(a", "minute(a,)", "minute(a b)", "minute(a))"],
    },
    Rule {
        name: "secondMethodCallExpr",
        read: method,
        accept: &["second(a) eq 1", "second( a/b )", "SECOND(second(a))"],
        refuse: &["second(", "second(a", "second(a,)", "second(a b)", "second(a))"],
    },
    Rule {
        name: "fractionalsecondsMethodCallExpr",
        read: method,
        accept: &[
            "fractionalseconds(a) eq 1",
            "fractionalseconds( a/b )",
            "FRACTIONALSECONDS(fractionalseconds(a))",
        ],
        refuse: &[
            "fractionalseconds(",
            "fractionalseconds(a",
            "fractionalseconds(a,)",
            "fractionalseconds(a b)",
            "fractionalseconds(a))",
        ],
    },
    Rule {
        name: "totalsecondsMethodCallExpr",
        read: method,
        accept: &[
            "totalseconds(a) eq 1",
            "totalseconds( a/b )",
            "TOTALSECONDS(totalseconds(a))",
        ],
        refuse: &[
            "totalseconds(",
            "totalseconds(a",
            "totalseconds(a,)",
            "totalseconds(a b)",
            "totalseconds(a))",
        ],
    },
    Rule {
        name: "dateMethodCallExpr",
        read: method,
        accept: &["date(a) eq 1", "date( a/b )", "DATE(date(a))"],
        refuse: &["date(", "date(a", "date(a,)", "date(a b)", "date(a))"],
    },
    Rule {
        name: "timeMethodCallExpr",
        read: method,
        accept: &["time(a) eq 1", "time( a/b )", "TIME(time(a))"],
        refuse: &["time(", "time(a", "time(a,)", "time(a b)", "time(a))"],
    },
    Rule {
        name: "totalOffsetMinutesMethodCallExpr",
        read: method,
        accept: &[
            "totaloffsetminutes(a) eq 1",
            "totalOffsetMinutes( a/b )",
            "TOTALOFFSETMINUTES(totaloffsetminutes(a))",
        ],
        refuse: &[
            "totaloffsetminutes(",
            "totaloffsetminutes(a",
            "totaloffsetminutes(a,)",
            "totaloffsetminutes(a b)",
            "totaloffsetminutes(a))",
        ],
    },
    Rule {
        name: "roundMethodCallExpr",
        read: method,
        accept: &["round(a) eq 1", "round( a/b )", "ROUND(round(a))"],
        refuse: &["round(", "round(a", "round(a,)", "round(a b)", "round(a))"],
    },
    Rule {
        name: "floorMethodCallExpr",
        read: method,
        accept: &["floor(a) eq 1", "floor( a/b )", "FLOOR(floor(a))"],
        refuse: &["floor(", "floor(a", "floor(a,)", "floor(a b)", "floor(a))"],
    },
    Rule {
        name: "ceilingMethodCallExpr",
        read: method,
        accept: &["ceiling(a) eq 1", "ceiling( a/b )", "CEILING(ceiling(a))"],
        refuse: &[
            "ceiling(",
            "ceiling(a",
            "ceiling(a,)",
            "ceiling(a b)",
            "ceiling(a))",
        ],
    },
    Rule {
        name: "minDateTimeMethodCallExpr",
        read: method,
        accept: &["mindatetime()", "a lt minDateTime( )"],
        refuse: &["mindatetime(", "mindatetime(,)", "mindatetime())"],
    },
    Rule {
        name: "maxDateTimeMethodCallExpr",
        read: method,
        accept: &["maxdatetime()", "a lt maxDateTime( )"],
        refuse: &["maxdatetime(", "maxdatetime(,)", "maxdatetime())"],
    },
    Rule {
        name: "nowMethodCallExpr",
        read: method,
        accept: &["now()", "a lt now( )"],
        refuse: &["now(", "now(,)", "now())"],
    },
    Rule {
        name: "substringMethodCallExpr",
        read: method,
        accept: &["substring(a,1)", "substring(a,1,2) eq 'b'", "SubString( a , 1 )"],
        refuse: &[
            "substring(",
            "substring(a",
            "substring(a,)",
            "substring(a b)",
            "substring(a))",
        ],
    },
    Rule {
        name: "distanceMethodCallExpr",
        read: method,
        accept: &["geo.distance(a,b) lt 1", "geo.distance(a,@p)"],
        refuse: &["geo.distance(", "geo.distance(a,geography'SRID=0;Point(1 2)')"],
    },
    Rule {
        name: "geoLengthMethodCallExpr",
        read: method,
        accept: &["geo.length(a) gt 1"],
        refuse: &["geo.length(", "geo.length(a"],
    },
    Rule {
        name: "intersectsMethodCallExpr",
        read: method,
        accept: &["geo.intersects(a,b)"],
        refuse: &["geo.intersects(a,", "geo.intersects(a b)"],
    },
    Rule {
        name: "hasSubsetMethodCallExpr",
        read: method,
        accept: &["hassubset(a,b)", "hasSubset(a,@p)"],
        refuse: &["hassubset(", "hassubset(a,[1])"],
    },
    Rule {
        name: "hasSubsequenceMethodCallExpr",
        read: method,
        accept: &["hassubsequence(a,b)"],
        refuse: &["hassubsequence(a,", "hassubsequence(a,[1])"],
    },
    Rule {
        name: "methodCallExpr",
        read: method,
        accept: &["length(a)", "concat(a,concat(b,c))", "now()"],
        refuse: &["(a)(b)", "length a b", "length(a)(b)"],
    },
    Rule {
        name: "boolMethodCallExpr",
        read: method,
        accept: &[
            "contains(a,'b')",
            "not startswith(a,'b')",
            "endswith(a,'b') and c",
        ],
        refuse: &["contains(a 'b')", "not contains("],
    },
];

#[test]
fn rule_concat_method_call_expr() {
    holds(RULES, "concatMethodCallExpr");
}

#[test]
fn rule_contains_method_call_expr() {
    holds(RULES, "containsMethodCallExpr");
}

#[test]
fn rule_ends_with_method_call_expr() {
    holds(RULES, "endsWithMethodCallExpr");
}

#[test]
fn rule_index_of_method_call_expr() {
    holds(RULES, "indexOfMethodCallExpr");
}

#[test]
fn rule_matches_pattern_method_call_expr() {
    holds(RULES, "matchesPatternMethodCallExpr");
}

#[test]
fn rule_starts_with_method_call_expr() {
    holds(RULES, "startsWithMethodCallExpr");
}

#[test]
fn rule_length_method_call_expr() {
    holds(RULES, "lengthMethodCallExpr");
}

#[test]
fn rule_to_lower_method_call_expr() {
    holds(RULES, "toLowerMethodCallExpr");
}

#[test]
fn rule_to_upper_method_call_expr() {
    holds(RULES, "toUpperMethodCallExpr");
}

#[test]
fn rule_trim_method_call_expr() {
    holds(RULES, "trimMethodCallExpr");
}

#[test]
fn rule_year_method_call_expr() {
    holds(RULES, "yearMethodCallExpr");
}

#[test]
fn rule_month_method_call_expr() {
    holds(RULES, "monthMethodCallExpr");
}

#[test]
fn rule_day_method_call_expr() {
    holds(RULES, "dayMethodCallExpr");
}

#[test]
fn rule_hour_method_call_expr() {
    holds(RULES, "hourMethodCallExpr");
}

#[test]
fn rule_minute_method_call_expr() {
    holds(RULES, "minuteMethodCallExpr");
}

#[test]
fn rule_second_method_call_expr() {
    holds(RULES, "secondMethodCallExpr");
}

#[test]
fn rule_fractionalseconds_method_call_expr() {
    holds(RULES, "fractionalsecondsMethodCallExpr");
}

#[test]
fn rule_totalseconds_method_call_expr() {
    holds(RULES, "totalsecondsMethodCallExpr");
}

#[test]
fn rule_date_method_call_expr() {
    holds(RULES, "dateMethodCallExpr");
}

#[test]
fn rule_time_method_call_expr() {
    holds(RULES, "timeMethodCallExpr");
}

#[test]
fn rule_total_offset_minutes_method_call_expr() {
    holds(RULES, "totalOffsetMinutesMethodCallExpr");
}

#[test]
fn rule_round_method_call_expr() {
    holds(RULES, "roundMethodCallExpr");
}

#[test]
fn rule_floor_method_call_expr() {
    holds(RULES, "floorMethodCallExpr");
}

#[test]
fn rule_ceiling_method_call_expr() {
    holds(RULES, "ceilingMethodCallExpr");
}

#[test]
fn rule_min_date_time_method_call_expr() {
    holds(RULES, "minDateTimeMethodCallExpr");
}

#[test]
fn rule_max_date_time_method_call_expr() {
    holds(RULES, "maxDateTimeMethodCallExpr");
}

#[test]
fn rule_now_method_call_expr() {
    holds(RULES, "nowMethodCallExpr");
}

#[test]
fn rule_substring_method_call_expr() {
    holds(RULES, "substringMethodCallExpr");
}

#[test]
fn rule_distance_method_call_expr() {
    holds(RULES, "distanceMethodCallExpr");
}

#[test]
fn rule_geo_length_method_call_expr() {
    holds(RULES, "geoLengthMethodCallExpr");
}

#[test]
fn rule_intersects_method_call_expr() {
    holds(RULES, "intersectsMethodCallExpr");
}

#[test]
fn rule_has_subset_method_call_expr() {
    holds(RULES, "hasSubsetMethodCallExpr");
}

#[test]
fn rule_has_subsequence_method_call_expr() {
    holds(RULES, "hasSubsequenceMethodCallExpr");
}

#[test]
fn rule_method_call_expr() {
    holds(RULES, "methodCallExpr");
}

#[test]
fn rule_bool_method_call_expr() {
    holds(RULES, "boolMethodCallExpr");
}
