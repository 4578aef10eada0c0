//! Tests of the lexer, the parser and the printer together: only their agreement can be observed.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> FilterExpr {
    FilterExpr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn message(text: &str) -> String {
    FilterExpr::parse(text).unwrap_err().to_string()
}

fn literal(text: &str) -> Literal {
    match parse(&format!("x eq {text}")).node {
        FilterNode::Binary { right, .. } => match right.node {
            FilterNode::Literal(literal) => literal,
            other => panic!("{text}: {other:?}"),
        },
        other => panic!("{text}: {other:?}"),
    }
}

/// The tree in full parentheses.
fn shape(text: &str) -> String {
    fn full(e: &FilterExpr) -> String {
        match &e.node {
            FilterNode::And(all) => format!("[{}]", all.iter().map(full).collect::<Vec<_>>().join(" & ")),
            FilterNode::Or(all) => format!("[{}]", all.iter().map(full).collect::<Vec<_>>().join(" | ")),
            FilterNode::Not(inner) => format!("[! {}]", full(inner)),
            FilterNode::Negate(inner) => format!("[- {}]", full(inner)),
            FilterNode::Binary { op, left, right } => {
                format!("[{} {} {}]", full(left), op.name(), full(right))
            }
            _ => e.to_string(),
        }
    }
    full(&parse(text))
}

#[test]
fn examples_of_the_specification() {
    // Part 2, sections 5.1.1.1 to 5.1.1.16; printed they are the same, byte by byte.
    for text in [
        "Name eq 'Milk'",
        "Name ne 'Milk'",
        "Name gt 'Milk'",
        "Name ge 'Milk'",
        "Name lt 'Milk'",
        "Name le 'Milk'",
        "Name eq 'Milk' and Price lt 2.55",
        "Name eq 'Milk' or Price lt 2.55",
        "not endswith(Name,'ilk')",
        "style has Sales.Pattern'Yellow'",
        "Price add 2.45 eq 5.00",
        "Price sub 0.55 eq 2.00",
        "Price mul 2.0 eq 5.10",
        "Price div 2.55 eq 1",
        "Rating divby 2 eq 2.5",
        "Rating mod 5 eq 0",
        "(4 add 5) mod (4 sub 1) eq 0",
        "concat(concat(City,', '),Country) eq 'Berlin, Germany'",
        "contains(CompanyName,'Alfreds')",
        "endswith(CompanyName,'Futterkiste')",
        "indexof(CompanyName,'lfreds') eq 1",
        "length(CompanyName) eq 19",
        "startswith(CompanyName,'Alfr')",
        "substring(CompanyName,1) eq 'lfreds Futterkiste'",
        "substring(CompanyName,1,2) eq 'lf'",
        "matchespattern(CompanyName,'^A.*e$')",
        "tolower(CompanyName) eq 'alfreds futterkiste'",
        "toupper(CompanyName) eq 'ALFREDS FUTTERKISTE'",
        "trim(CompanyName) eq CompanyName",
        "day(BirthDate) eq 8",
        "fractionalseconds(BirthDate) lt 0.1",
        "hour(BirthDate) eq 4",
        "minute(BirthDate) eq 40",
        "month(BirthDate) eq 5",
        "second(BirthDate) eq 40",
        "year(BirthDate) eq 1971",
        "StartTime le now()",
        "date(StartTime) ne date(EndTime)",
        "ceiling(Freight) eq 32",
        "isof(NorthwindModel.BigOrder)",
        "cast(ShipCountry,Edm.String) eq 'x'",
        "Items/any(d:d/Quantity gt 100)",
        "Items/all(d:d/Quantity gt 100)",
        "Items/any()",
        "Orders/any(o:o/ShippingAddress ne Address)",
        "endswith($it,'.com')",
        "Price/@Measures.Currency eq 'EUR'",
        "@Core.Messages/any(m:m/severity eq 'error')",
        "Items/$count gt 2",
    ] {
        assert_eq!(parse(text).to_string(), text);
    }
    assert_eq!(
        parse("Name in ('Milk', 'Cheese')").to_string(),
        "Name in ('Milk','Cheese')"
    );
}

#[test]
fn literals_have_their_types() {
    let text = |t: &str| t.to_owned();
    let guid = "01234567-89ab-cdef-0123-456789abcdef";
    assert_eq!(literal("null"), Literal::Null);
    assert_eq!(literal("TRUE"), Literal::Boolean(true));
    assert_eq!(literal("false"), Literal::Boolean(false));
    assert_eq!(literal("-128"), Literal::Integer(-128));
    assert_eq!(
        literal("9223372036854775808"),
        Literal::Decimal(text("9223372036854775808"))
    );
    for decimal in [
        "0.31415926535897931e1",
        "34.95",
        "1E+10",
        "-1.5",
        "INF",
        "-INF",
        "NaN",
    ] {
        assert_eq!(literal(decimal), Literal::Decimal(text(decimal)));
    }
    assert_eq!(
        literal("'Say Hello,then go'"),
        Literal::String(text("Say Hello,then go"))
    );
    assert_eq!(literal("'let''s'''"), Literal::String(text("let's'")));
    assert_eq!(literal(guid), Literal::Guid(text(guid)));
    let letters = "E87C8CF8-50f7-4252-8b9c-ad08ac0fa88d";
    assert_eq!(literal(letters), Literal::Guid(text(letters)));
    assert_eq!(literal("2012-12-03"), Literal::Date(text("2012-12-03")));
    for instant in [
        "2012-12-03T07:16:23Z",
        "2024-02-29T07:16z",
        "2012-12-03T07:16:23.1234567-14:00",
    ] {
        assert_eq!(literal(instant), Literal::DateTimeOffset(text(instant)));
    }
    assert_eq!(literal("07:59:59.999"), Literal::TimeOfDay(text("07:59:59.999")));
    assert_eq!(literal("duration'P12DT23H'"), Literal::Duration(text("P12DT23H")));
    assert_eq!(literal("binary'T0RhdGE'"), Literal::Binary(text("T0RhdGE")));
    assert_eq!(
        literal("Sales.Pattern'Yellow'"),
        Literal::Enum {
            type_name: text("Sales.Pattern"),
            member: text("Yellow")
        }
    );
}

#[test]
fn malformed_constants_are_refused() {
    for constant in [
        "2023-02-29",
        "2024-13-01",
        "2024-1-01",
        "24:00:00",
        "07:60",
        "07:59.5",
        "1.",
        "1e",
        "1.2.3",
        "12abc",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00+2",
        "01234567-89ab-cdef-0123-456789abcdeg",
        "--",
        "1+1",
    ] {
        assert!(
            FilterExpr::parse(&format!("x eq {constant}")).is_err(),
            "{constant}"
        );
    }
    assert_eq!(
        message("createdDateTime ge 2024-01-01T00:00:00"),
        "at position 20: expected a number, a date, a time or a GUID, found '2024-01-01T00:00:00'"
    );
}

#[test]
fn operators_bind_as_the_specification_says() {
    assert_eq!(
        shape("a eq 1 or b eq 2 and c eq 3"),
        "[[a eq 1] | [[b eq 2] & [c eq 3]]]"
    );
    assert_eq!(shape("(a or b) and c and d"), "[[a | b] & c & d]");
    assert_eq!(shape("a and (b and c)"), "[a & [b & c]]");
    assert_eq!(
        shape("1 add 2 mul 3 sub 4 gt 5 eq true"),
        "[[[[1 add [2 mul 3]] sub 4] gt 5] eq true]"
    );
    assert_eq!(shape("not a eq b"), "[[! a] eq b]");
    assert_eq!(shape("not a in (1,2)"), "[! [a in (1,2)]]");
    assert_eq!(shape("not a has ns.E'x' and b"), "[[! [a has ns.E'x']] & b]");
    assert_eq!(shape("-a mul - 1 eq -1"), "[[[- a] mul [- 1]] eq -1]");
    assert_eq!(shape("- -1 eq --1"), "[[- -1] eq [- -1]]");
    assert_eq!(shape("a in b/c"), "[a in b/c]");
}

#[test]
fn words_are_found_in_any_case_and_kept_as_written() {
    assert_eq!(
        parse("NOT startsWith(DisplayName,'a') AND x IN (1)").to_string(),
        "not startsWith(DisplayName,'a') and x in (1)"
    );
    assert_eq!(parse("x/ANY(v:v eq 1)").to_string(), "x/any(v:v eq 1)");
    assert_eq!(
        parse("contentcorrelationId eq 'a-0'").to_string(),
        "contentcorrelationId eq 'a-0'"
    );
}

#[test]
fn paths_compare_in_any_case() {
    let FilterNode::Binary { left, .. } = parse("MeetingOrganizer/User/Id eq 'x'").node else {
        panic!()
    };
    let FilterNode::Path(path) = left.node else {
        panic!()
    };
    assert!(path.is("meetingOrganizer/user/id"));
    assert!(!path.is("meetingOrganizer/user"));
    assert!(!path.is("meetingOrganizer/user/id/x"));
}

#[test]
fn positions_are_byte_offsets() {
    let FilterNode::And(conditions) = parse(" 'ü' eq a and  not b").node else {
        panic!()
    };
    assert_eq!(conditions.iter().map(|c| c.position).collect::<Vec<_>>(), [1, 16]);
}

#[test]
fn errors_say_where_what_and_what_else() {
    for (text, expected) in [
        (
            "",
            "at position 1: expected a condition such as name eq 'text', found the end",
        ),
        (
            "contentCorrelationId eq eq",
            "at position 25: expected a literal such as 'text', found 'eq'",
        ),
        (
            "a eq",
            "at position 5: expected a literal such as 'text', found the end",
        ),
        (
            "ü eq 'x' b",
            "at position 10: expected an operator such as and, or the end, found 'b'",
        ),
        (
            "a eq 'x",
            "at position 6: expected a closing quote, found the end",
        ),
        (
            "a eq \"x\"",
            "at position 6: expected a name, a literal or an operator, found '\"'",
        ),
        (
            "(a eq 1",
            "at position 8: expected an operator such as and, or ')', found the end",
        ),
        (
            "a eq 1)",
            "at position 7: expected an operator such as and, or the end, found ')'",
        ),
        (
            "a and",
            "at position 6: expected a condition such as name eq 'text', found the end",
        ),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
}

#[test]
fn errors_inside_paths_calls_and_lambdas() {
    for (text, expected) in [
        (
            "f(a,)",
            "at position 5: expected an argument such as a property or 'text', found ')'",
        ),
        ("f(a b)", "at position 5: expected ',' or ')', found 'b'"),
        (
            "a in ()",
            "at position 7: expected a literal such as 'text', found ')'",
        ),
        (
            "a in",
            "at position 5: expected a list such as ('a','b'), found the end",
        ),
        (
            "a/ eq 1",
            "at position 4: expected the name of a property, found 'eq'",
        ),
        (
            "a//b",
            "at position 3: expected the name of a property, found '/'",
        ),
        (
            "a/all()",
            "at position 7: expected a variable with a colon, such as x:, found ')'",
        ),
        ("a/any(x eq 1)", "at position 9: expected ':', found 'eq'"),
        (
            "a eq'x'",
            "at position 3: expected a blank, or a type such as duration, before the quote, found 'eq''",
        ),
        (
            "a eq [1]",
            "at position 6: expected a name, a literal or an operator, found '['",
        ),
        (
            "a\neq 1",
            "at position 2: expected a name, a literal or an operator, found '\n'",
        ),
        (
            "not",
            "at position 4: expected a condition or a value, found the end",
        ),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    for levels in [1, 15, 20] {
        assert_eq!(parse(&nested(levels)).to_string(), "a");
    }
    for levels in [21, 100, 2000] {
        assert_eq!(
            message(&nested(levels)),
            "at position 21: expected at most 20 levels of nesting, found more"
        );
    }
    for opening in ["(", "not ", "-", "f(", "a in (", "a/any(x:"] {
        let error = FilterExpr::parse(&opening.repeat(MAX_BYTES / opening.len())).unwrap_err();
        assert_eq!(error.problem, FilterProblem::TooDeep, "{opening}");
    }
    assert_eq!(
        message(&nested(4000)),
        "at position 1: expected an expression of at most 4096 bytes, found 8001"
    );
}

#[test]
fn long_flat_texts_are_read() {
    let chain = vec!["a eq 1"; 300].join(" or ");
    assert_eq!(parse(&chain).to_string(), chain);
    let sum = format!("{}1", "1 add ".repeat(600));
    assert_eq!(parse(&sum).to_string(), sum);
    assert_eq!(parse(&"'".repeat(4096)).to_string(), "'".repeat(4096));
    assert_eq!(
        FilterExpr::parse(&"'".repeat(4095)).unwrap_err().problem,
        FilterProblem::UnterminatedString
    );
    assert!(FilterExpr::parse(&"e87c8cf8-".repeat(455)).is_err());
    assert!(FilterExpr::parse(&"a/".repeat(2048)).is_err());
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        "\\PC{0,8}".prop_map(Literal::String),
        "-?[0-9]{1,3}\\.[0-9]{1,3}".prop_map(Literal::Decimal),
        "-?INF|NaN".prop_map(Literal::Decimal),
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".prop_map(Literal::Guid),
        "20[0-9]{2}-0[1-9]-[01][1-9]".prop_map(Literal::Date),
        "20[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]Z".prop_map(Literal::DateTimeOffset),
        "P[0-9]D|-PT[1-9]S".prop_map(Literal::Duration),
        "([a-zA-Z0-9_-]{4}){0,2}(A[QA]==)?".prop_map(Literal::Binary),
        ("[a-z]{1,3}\\.[a-z]{1,3}", "[a-z]{1,3}(,-?[0-9]{1,3})?")
            .prop_map(|(type_name, member)| Literal::Enum { type_name, member }),
    ]
}

fn any_path() -> impl Strategy<Value = PropertyPath> {
    proptest::collection::vec("[x-zX-Z_@$][a-zé0-9_.]{0,4}", 1..4).prop_map(PropertyPath)
}

pub(crate) fn any_expression() -> impl Strategy<Value = FilterExpr> {
    let at = |node| FilterExpr { node, position: 0 };
    let leaf = prop_oneof![
        any_literal().prop_map(FilterNode::Literal),
        any_path().prop_map(FilterNode::Path),
    ]
    .prop_map(at);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let several = || proptest::collection::vec(inner.clone(), 2..4);
        let boxed = || inner.clone().prop_map(Box::new);
        // In parentheses after `in`, an expression is a list of one, so the right side of `in` is below.
        let other_than_in = BinaryOp::ALL
            .into_iter()
            .filter(|op| *op != BinaryOp::In)
            .collect::<Vec<_>>();
        let binary = proptest::sample::select(other_than_in);
        let variable = proptest::option::of(("[v-z]", boxed()));
        prop_oneof![
            several().prop_map(FilterNode::And),
            several().prop_map(FilterNode::Or),
            boxed().prop_map(FilterNode::Not),
            boxed().prop_map(FilterNode::Negate),
            (binary, boxed(), boxed()).prop_map(|(op, left, right)| FilterNode::Binary { op, left, right }),
            (any_path(), several())
                .prop_map(|(function, arguments)| FilterNode::Call { function, arguments }),
            (boxed(), several()).prop_map(move |(left, items)| FilterNode::Binary {
                op: BinaryOp::In,
                left,
                right: Box::new(at(FilterNode::List(items))),
            }),
            (any_path(), variable).prop_map(|(collection, condition)| FilterNode::Lambda(Lambda {
                collection,
                op: LambdaOp::Any,
                condition,
            })),
        ]
        .prop_map(at)
    })
}

/// Forgets where everything stands.
pub(crate) fn without_positions(expression: FilterExpr) -> FilterExpr {
    let each = |all: Vec<FilterExpr>| all.into_iter().map(without_positions).collect();
    let boxed = |one: Box<FilterExpr>| Box::new(without_positions(*one));
    let node = match expression.node {
        FilterNode::Literal(_) | FilterNode::Path(_) => expression.node,
        FilterNode::And(all) => FilterNode::And(each(all)),
        FilterNode::Or(all) => FilterNode::Or(each(all)),
        FilterNode::List(all) => FilterNode::List(each(all)),
        FilterNode::Not(one) => FilterNode::Not(boxed(one)),
        FilterNode::Negate(one) => FilterNode::Negate(boxed(one)),
        FilterNode::Binary { op, left, right } => FilterNode::Binary {
            op,
            left: boxed(left),
            right: boxed(right),
        },
        FilterNode::Call { function, arguments } => FilterNode::Call {
            function,
            arguments: each(arguments),
        },
        FilterNode::Lambda(Lambda {
            collection,
            op,
            condition,
        }) => {
            let condition = condition.map(|(variable, one)| (variable, boxed(one)));
            FilterNode::Lambda(Lambda {
                collection,
                op,
                condition,
            })
        }
    };
    FilterExpr { node, position: 0 }
}

proptest! {
    #[test]
    fn printing_then_parsing_gives_the_same(expression in any_expression()) {
        let printed = expression.to_string();
        prop_assume!(printed.len() <= MAX_BYTES);
        let again = FilterExpr::parse(&printed);
        prop_assert_eq!(again.map(without_positions), Ok(expression), "{}", printed);
    }

    #[test]
    fn no_tokens_panic(text in "([a-e()',/:0-9 .@$-]| eq | and |not | in |/any\\(|INF|2024-01-01|ü|\"){0,60}") {
        if let Ok(expression) = FilterExpr::parse(&text) {
            let printed = expression.to_string();
            prop_assert_eq!(FilterExpr::parse(&printed).map(|e| e.to_string()), Ok(printed));
        }
    }

    #[test]
    fn no_unicode_panics(text in "\\PC{0,80}") {
        let _ = FilterExpr::parse(&text);
    }
}
