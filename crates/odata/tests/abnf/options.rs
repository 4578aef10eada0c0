//! Section 2 of the grammar: query options.

use odata::query::{ExpandItem, OrderByItem, SelectItem};
use odata::{QueryOptions, SystemOption, encode_segment};

use crate::{Rule, holds};

fn query(text: &str) -> Result<String, String> {
    QueryOptions::parse(Some(text))
        .map(|options| options.canonical())
        .map_err(|e| e.to_string())
}

/// The value of an option, read and written by some method.
fn value<T, E: ToString>(
    option: SystemOption,
    text: &str,
    read: impl Fn(&QueryOptions) -> Result<Option<T>, E>,
    write: impl Fn(T) -> String,
) -> Result<String, String> {
    let options = QueryOptions::parse(Some(&format!("{}={}", option.name(), encode_segment(text))))
        .map_err(|e| e.to_string())?;
    let read = read(&options).map_err(|e| e.to_string())?;
    read.map(write).ok_or_else(|| "expected the option".to_owned())
}

fn joined<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn filter(text: &str) -> Result<String, String> {
    value(SystemOption::Filter, text, QueryOptions::filter, |e| {
        e.to_string()
    })
}

fn order_by(text: &str) -> Result<String, String> {
    value(
        SystemOption::OrderBy,
        text,
        QueryOptions::order_by,
        |items: Vec<OrderByItem>| joined(&items),
    )
}

fn search(text: &str) -> Result<String, String> {
    value(SystemOption::Search, text, QueryOptions::search, |e| {
        e.to_string()
    })
}

/// The items of `$expand`, and all that is nested in them.
fn expand(text: &str) -> Result<String, String> {
    value(
        SystemOption::Expand,
        text,
        QueryOptions::expand,
        |items: Vec<ExpandItem>| joined(&items),
    )
}

fn select(text: &str) -> Result<String, String> {
    value(
        SystemOption::Select,
        text,
        QueryOptions::select,
        |items: Vec<SelectItem>| joined(&items),
    )
}

fn top(text: &str) -> Result<String, String> {
    value(SystemOption::Top, text, QueryOptions::top, |n| n.to_string())
}

fn skip(text: &str) -> Result<String, String> {
    value(SystemOption::Skip, text, QueryOptions::skip, |n| n.to_string())
}

fn count(text: &str) -> Result<String, String> {
    value(SystemOption::Count, text, QueryOptions::count, |n| n.to_string())
}

fn levels(text: &str) -> Result<String, String> {
    value(
        SystemOption::Levels,
        text,
        QueryOptions::levels,
        |levels| match levels {
            odata::query::Levels::Max => "max".to_owned(),
            odata::query::Levels::Number(n) => n.to_string(),
        },
    )
}

/// A query that has an option, under whatever name.
fn known(option: SystemOption, text: &str) -> Result<String, String> {
    let options = QueryOptions::parse(Some(text)).map_err(|e| e.to_string())?;
    let raw = options.raw(option).ok_or("expected the option")?;
    Ok(format!("{}={}", option.name(), encode_segment(&raw.value)))
}

/// An alias of a query, with its value.
fn alias(text: &str) -> Result<String, String> {
    let options = QueryOptions::parse(Some(text)).map_err(|e| e.to_string())?;
    let custom = options.custom().next().ok_or("expected an alias")?;
    let value = options.parameter_alias(&custom.name).ok_or("expected a value")?;
    Ok(format!(
        "{}={}",
        encode_segment(&custom.name),
        encode_segment(&odata::string_literal(&value))
    ))
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "queryOptions",
        read: query,
        accept: &[
            "",
            "$top=1",
            "$top=1&$skip=2",
            "&$top=1&&",
            "$filter=a%20eq%201&x=y",
        ],
        refuse: &["$top=1&$top=2", "%", "a=%ff", "a=%00", "$top=1&TOP=1"],
    },
    Rule {
        name: "queryOption",
        read: query,
        accept: &["$top=1", "top=1", "@a=1", "a=1", "a"],
        refuse: &["a=%", "%zz=1", "a=%ED%A0%80"],
    },
    Rule {
        name: "systemQueryOption",
        read: query,
        accept: &[
            "$filter=x",
            "filter=x",
            "$FILTER=x",
            "%24filter=x",
            "$orderBy=x",
            "skipToken=x",
            "$unknown=x",
        ],
        refuse: &["$filter=x&filter=y", "$Filter=&$fILTER=", "$unknown=1&$UNKNOWN=2"],
    },
    Rule {
        name: "customQueryOption",
        read: query,
        accept: &[
            "model=A",
            "model=A&model=B",
            "debug",
            "x=1=2",
            "a+b=c+d",
            "ü=%C3%BC",
        ],
        refuse: &["a=%0", "a=%0A", "%80=1"],
    },
    Rule {
        name: "aliasAndValue",
        read: alias,
        accept: &[
            "@a=1",
            "@a='x'",
            "@a='it''s'",
            "@a=2024-01-15T00:00:00+02:00",
            "@a=",
            "%40a=%27x%27",
        ],
        refuse: &["$a=1", "", "@a=%zz"],
    },
    Rule {
        name: "nameAndValue",
        read: alias,
        accept: &[
            "meetingOrganizerUserId=x",
            "startDateTime=2024-01-15T00%3A00%3A00%2B00%3A00",
            "a='b'",
        ],
        refuse: &["$top=1", "a=%1"],
    },
    Rule {
        name: "compute",
        read: |text| known(SystemOption::Compute, text),
        accept: &["$compute=a add b as c", "compute=x"],
        refuse: &["$comput=x", "$compute=1&compute=2"],
    },
    Rule {
        name: "index",
        read: |text| known(SystemOption::Index, text),
        accept: &["$index=-1", "index=0", "$Index=1"],
        refuse: &["$indexx=1", "index=1&$index=2"],
    },
    Rule {
        name: "schemaversion",
        read: |text| known(SystemOption::SchemaVersion, text),
        accept: &["$schemaversion=*", "schemaVersion=1"],
        refuse: &["$schema=1", "$schemaversion=1&$schemaVersion=1"],
    },
    Rule {
        name: "format",
        read: |text| known(SystemOption::Format, text),
        accept: &[
            "$format=json",
            "format=text/vtt",
            "$format=application/json;odata.metadata=none",
        ],
        refuse: &["$formats=json", "$format=%ff"],
    },
    Rule {
        name: "deltatoken",
        read: |text| known(SystemOption::DeltaToken, text),
        accept: &[
            "$deltatoken=x",
            "$deltaToken=a%3D",
            "deltatoken=latest",
            "deltaToken=x",
            "DELTATOKEN=x",
        ],
        refuse: &["$delta=x", "$deltatoken=1&deltaToken=2"],
    },
    Rule {
        name: "skiptoken",
        read: |text| known(SystemOption::SkipToken, text),
        accept: &[
            "$skiptoken=x",
            "$skipToken=x",
            "skipToken=x",
            "skiptoken=a+b",
            "%24skiptoken=x",
        ],
        refuse: &["$skip=1", "$skiptoken=1&skipToken=2"],
    },
    Rule {
        name: "filter",
        read: filter,
        accept: &[
            "a eq 1",
            "contentCorrelationId eq 'x'",
            "a",
            "not a",
            "(a or b) and c",
        ],
        refuse: &["", "a eq", "a b", "and", "a eq 1 2"],
    },
    Rule {
        name: "orderby",
        read: order_by,
        accept: &["a", "a,b desc", "a asc , b", "createdDateTime desc,id"],
        refuse: &["", "a,", ",a", "a b", "a;b"],
    },
    Rule {
        name: "orderbyItem",
        read: order_by,
        accept: &[
            "a",
            "a asc",
            "a desc",
            "a/b DESC",
            "length(a) desc",
            "a add b",
            "a eq 1 desc",
            "$it",
            "Items/$count desc",
            "desc desc",
            "@p",
        ],
        refuse: &["a up", "a desc asc", "desc a", "a de", "a descending", "asc,"],
    },
    Rule {
        name: "skip",
        read: skip,
        accept: &["0", "1", "007", "18446744073709551616"],
        refuse: &["", "-1", "+1", "1.0", "a", "1 "],
    },
    Rule {
        name: "top",
        read: top,
        accept: &["1", "5", "99999999999999999999"],
        refuse: &["", "0", "-5", "five", "1e3"],
    },
    Rule {
        name: "inlinecount",
        read: count,
        accept: &["true", "false", "TRUE", "False"],
        refuse: &["", "1", "yes", "tru", "true "],
    },
    Rule {
        name: "levels",
        read: levels,
        accept: &["1", "10", "max", "MAX"],
        refuse: &["", "0", "01", "-1", "all", "1.5"],
    },
    Rule {
        name: "search",
        read: search,
        accept: &["a", " a", " a ", " ( a )"],
        refuse: &["", " ", "''", "a;"],
    },
    Rule {
        name: "searchExpr",
        read: search,
        accept: &["a", r#""a b""#, "a b", "a OR b AND NOT c", "(a OR b) c", "NOT a"],
        refuse: &["OR", "AND a", "a OR", "a AND AND b", ")"],
    },
    Rule {
        name: "searchParenExpr",
        read: search,
        accept: &["(a)", "( a )", "((a))", "(a OR b) AND (c)", "NOT (a)"],
        refuse: &["(", "()", "(a", "a)", "(a)(b)", "( )"],
    },
    Rule {
        name: "searchNegateExpr",
        read: search,
        accept: &[
            "NOT a",
            "NOT NOT a",
            r#"NOT "a""#,
            "NOT (a b)",
            "a NOT b",
            "a OR NOT b",
        ],
        refuse: &["NOT", "NOT(a)", "NOT OR", "a NOT"],
    },
    Rule {
        name: "searchOrExpr",
        read: search,
        accept: &["a OR b", "a OR b OR c", "a b OR c", "(a OR b)"],
        refuse: &["a OR", "OR b", "a OR OR b", "(a)OR b", "a OR)"],
    },
    Rule {
        name: "searchAndExpr",
        read: search,
        accept: &["a b", "a AND b", "a AND b c", r#""a" "b""#, "a and b", "a  b"],
        refuse: &["a AND", "AND b", r#""a""b""#, "a AND OR b", "(a)AND b"],
    },
    Rule {
        name: "searchPhrase",
        read: search,
        accept: &[
            r#""a""#,
            r#""a b""#,
            r#""a \"b\"""#,
            r#""\\""#,
            r#""AND""#,
            r#""(;')""#,
            r#""displayName:x""#,
        ],
        refuse: &[r#"""#, r#""""#, r#""a"#, r#""a\b""#, r#""a\""#, r#""a"b"#],
    },
    Rule {
        name: "searchWord",
        read: search,
        accept: &[
            "a",
            "o'neil",
            "a:b",
            "a*",
            "1",
            "ANDes",
            "and",
            "not",
            "ü",
            "a,b!c@d/e?f$g=h",
        ],
        refuse: &["a;b", "'a'", r#"a"b""#, "a(b)", "NOT"],
    },
    Rule {
        name: "searchExpr-incomplete",
        read: search,
        accept: &[],
        refuse: &["'a'", "''", "'a b'"],
    },
    Rule {
        name: "expand",
        read: expand,
        accept: &["a", "a,b", "*", "a , b", "a($top=1),b"],
        refuse: &["", "a,", ",a", "a;b", "a b"],
    },
    Rule {
        name: "expandItem",
        read: expand,
        accept: &["a", "$value", "ns.Type/a", "a/b", "*", "*/$ref"],
        refuse: &["$ref", "$count", "$values", "a//b", "/a", "'a'", "1a"],
    },
    Rule {
        name: "expandPath",
        read: expand,
        accept: &[
            "*($levels=3)",
            "a/$ref",
            "a/$count",
            "a/ns.Type",
            "a/ns.Type/$ref",
            "a/ns.Type/b($top=1)",
            "@ns.term/a",
        ],
        refuse: &[
            "*/$count",
            "*($top=1)",
            "*/$ref($top=1)",
            "a/",
            "a/$ref/b",
            "a/*",
            "a()",
        ],
    },
    Rule {
        name: "expandCountOption",
        read: expand,
        accept: &[
            "a/$count($filter=b)",
            "a/$count($search=x)",
            "a/$count(filter=b;search=x)",
        ],
        refuse: &[
            "a/$count()",
            "a/$count($top=1)",
            "a/$count($select=b)",
            "a/$count($expand=b)",
            "a/$count(@p=1)",
        ],
    },
    Rule {
        name: "expandRefOption",
        read: expand,
        accept: &[
            "a/$ref($filter=b)",
            "a/$ref($orderby=b desc;$skip=1;$top=2;$count=true)",
        ],
        refuse: &[
            "a/$ref($select=b)",
            "a/$ref($expand=b)",
            "a/$ref($levels=1)",
            "a/$ref()",
        ],
    },
    Rule {
        name: "expandOption",
        read: expand,
        accept: &[
            "a($select=b,c)",
            "a($expand=b($expand=c))",
            "a($compute=b as c)",
            "a($levels=max)",
            "a(@p=1;$filter=b eq @p)",
            "a(SELECT=b)",
            "a( $top=1 ; $skip=2 )",
            "a($filter=b eq ');')",
            r#"a($search="; )")"#,
            "a($search=o'neil;$top=1)",
        ],
        refuse: &[
            "a(top)",
            "a($format=json)",
            "a($skiptoken=x)",
            "a($index=1)",
            "a(x=1)",
            "a($top=1;$top=2)",
            "a($top=1;)",
            "a($top=1",
            "a($filter=b eq ')",
        ],
    },
    Rule {
        name: "select",
        read: select,
        accept: &["a", "a,b", "a , b", "*,a"],
        refuse: &["", "a,", ",a", "a,,b"],
    },
    Rule {
        name: "selectItem",
        read: select,
        accept: &[
            "*",
            "microsoft.graph.*",
            "a",
            "ns.Type/a",
            "ns.Type/ns.action",
            "a/b/c",
        ],
        refuse: &["a b", "a(", "**", "a/*", "*/a", "a;b"],
    },
    Rule {
        name: "selectProperty",
        read: select,
        accept: &[
            "id",
            "meetingOrganizer/user/id",
            "@odata.type",
            "content@odata.mediaReadLink",
            "a/ns.Type/b",
        ],
        refuse: &["a($top=1)", "a/", "/a", "'a'"],
    },
    Rule {
        name: "selectPath",
        read: select,
        accept: &["meetingOrganizer", "meetingOrganizer/graph.identitySet"],
        refuse: &["a($select=b)", "a(compute=b as c)", "a//b"],
    },
    Rule {
        name: "allOperationsInSchema",
        read: select,
        accept: &["microsoft.graph.*", "graph.*"],
        refuse: &[".*", "graph*", "graph..*", "a/graph.*", "graph.*.*"],
    },
    Rule {
        name: "optionallyQualifiedActionName",
        read: select,
        accept: &["ns.action", "action"],
        refuse: &["ns.action()", "ns action"],
    },
    Rule {
        name: "optionallyQualifiedFunctionName",
        read: select,
        accept: &["ns.function", "function"],
        refuse: &["ns.function(a,b)", "function(a)"],
    },
];

#[test]
fn rule_query_options() {
    holds(RULES, "queryOptions");
}

#[test]
fn rule_query_option() {
    holds(RULES, "queryOption");
}

#[test]
fn rule_system_query_option() {
    holds(RULES, "systemQueryOption");
}

#[test]
fn rule_custom_query_option() {
    holds(RULES, "customQueryOption");
}

#[test]
fn rule_alias_and_value() {
    holds(RULES, "aliasAndValue");
}

#[test]
fn rule_name_and_value() {
    holds(RULES, "nameAndValue");
}

#[test]
fn rule_compute() {
    holds(RULES, "compute");
}

#[test]
fn rule_index() {
    holds(RULES, "index");
}

#[test]
fn rule_schemaversion() {
    holds(RULES, "schemaversion");
}

#[test]
fn rule_format() {
    holds(RULES, "format");
}

#[test]
fn rule_deltatoken() {
    holds(RULES, "deltatoken");
}

#[test]
fn rule_skiptoken() {
    holds(RULES, "skiptoken");
}

#[test]
fn rule_filter() {
    holds(RULES, "filter");
}

#[test]
fn rule_orderby() {
    holds(RULES, "orderby");
}

#[test]
fn rule_orderby_item() {
    holds(RULES, "orderbyItem");
}

#[test]
fn rule_skip() {
    holds(RULES, "skip");
}

#[test]
fn rule_top() {
    holds(RULES, "top");
}

#[test]
fn rule_inlinecount() {
    holds(RULES, "inlinecount");
}

#[test]
fn rule_levels() {
    holds(RULES, "levels");
}

#[test]
fn rule_search() {
    holds(RULES, "search");
}

#[test]
fn rule_search_expr() {
    holds(RULES, "searchExpr");
}

#[test]
fn rule_search_paren_expr() {
    holds(RULES, "searchParenExpr");
}

#[test]
fn rule_search_negate_expr() {
    holds(RULES, "searchNegateExpr");
}

#[test]
fn rule_search_or_expr() {
    holds(RULES, "searchOrExpr");
}

#[test]
fn rule_search_and_expr() {
    holds(RULES, "searchAndExpr");
}

#[test]
fn rule_search_phrase() {
    holds(RULES, "searchPhrase");
}

#[test]
fn rule_search_word() {
    holds(RULES, "searchWord");
}

#[test]
fn rule_search_expr_incomplete() {
    holds(RULES, "searchExpr-incomplete");
}

#[test]
fn rule_expand() {
    holds(RULES, "expand");
}

#[test]
fn rule_expand_item() {
    holds(RULES, "expandItem");
}

#[test]
fn rule_expand_path() {
    holds(RULES, "expandPath");
}

#[test]
fn rule_expand_count_option() {
    holds(RULES, "expandCountOption");
}

#[test]
fn rule_expand_ref_option() {
    holds(RULES, "expandRefOption");
}

#[test]
fn rule_expand_option() {
    holds(RULES, "expandOption");
}

#[test]
fn rule_select() {
    holds(RULES, "select");
}

#[test]
fn rule_select_item() {
    holds(RULES, "selectItem");
}

#[test]
fn rule_select_property() {
    holds(RULES, "selectProperty");
}

#[test]
fn rule_select_path() {
    holds(RULES, "selectPath");
}

#[test]
fn rule_all_operations_in_schema() {
    holds(RULES, "allOperationsInSchema");
}

#[test]
fn rule_optionally_qualified_action_name() {
    holds(RULES, "optionallyQualifiedActionName");
}

#[test]
fn rule_optionally_qualified_function_name() {
    holds(RULES, "optionallyQualifiedFunctionName");
}
