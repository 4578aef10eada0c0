//! Section 1 of the grammar: resource paths.

use odata::{ResourcePath, Segment};

use crate::{Rule, holds};

fn path(text: &str) -> Result<String, String> {
    ResourcePath::parse(text)
        .map(|path| path.to_string())
        .map_err(|e| e.to_string())
}

/// A path whose last segment is of some kind.
fn ends(text: &str, is_kind: fn(&Segment) -> bool) -> Result<String, String> {
    let path = ResourcePath::parse(text).map_err(|e| e.to_string())?;
    match path.segments().last() {
        Some(last) if is_kind(last) => Ok(path.to_string()),
        other => Err(format!("expected another kind of segment, found {other:?}")),
    }
}

/// A path that ends with named keys or with a call.
fn named(text: &str) -> Result<String, String> {
    ends(text, |segment| matches!(segment, Segment::Named(_)))
}

/// A path that ends with a name or a single key: the two forms of a key are written alike.
fn single(text: &str) -> Result<String, String> {
    ends(text, |segment| !matches!(segment, Segment::Named(_)))
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "resourcePath",
        read: path,
        accept: &[
            "users",
            "users/u/onlineMeetings/m/recordings",
            "/users//u/",
            "users('u')/onlineMeetings",
            "$metadata",
            "$batch",
            "",
        ],
        refuse: &["users/..", "users/./x", "a%zz", "a%00", "a)", "a("],
    },
    Rule {
        name: "collectionNavigation",
        read: path,
        accept: &[
            "recordings/graph.callRecording",
            "recordings('x')/content",
            "recordings/x/content",
            "recordings/$count",
        ],
        refuse: &["recordings('x')content", "recordings('x'", "recordings'x')"],
    },
    Rule {
        name: "keyPredicate",
        read: path,
        accept: &[
            "users('u')",
            "users(1)",
            "users(a=1,b=2)",
            "users/u",
            "users/('u')",
        ],
        refuse: &["users('u'", "users(u','v')", "users('u')('v')", "users((1))"],
    },
    Rule {
        name: "simpleKey",
        read: single,
        accept: &[
            "users('u')",
            "users('')",
            "users(@key)",
            "users('O''Neil')",
            "users( 'u' )",
            "users(8b081ef6-4792-4def-b2c9-c363a1bf41d5)",
            "users(%27u%27)",
        ],
        refuse: &[
            "users('u)",
            "users(u v)",
            "users('u' 'v')",
            "users('u',)",
            "users()",
            "users(a=1)",
        ],
    },
    Rule {
        name: "compoundKey",
        read: named,
        accept: &[
            "Items(OrderID=1,ItemNo=2)",
            "Items(OrderID=1, ItemNo='2')",
            "Items(a=@x,b=@y)",
            "Items/(a=1,b=2)",
        ],
        refuse: &[
            "Items(OrderID=1;ItemNo=2)",
            "Items(OrderID=1,OrderID=2)",
            "Items(OrderID=1,orderid=2)",
            "Items(OrderID=1,2)",
            "Items(1,ItemNo=2)",
            "Items(a=1,)",
        ],
    },
    Rule {
        name: "keyValuePair",
        read: named,
        accept: &[
            "users(userPrincipalName='a@b')",
            "users(id=8b081ef6-4792-4def-b2c9-c363a1bf41d5)",
            "users(_a1=2024-01-15)",
        ],
        refuse: &[
            "users(=1)",
            "users(a=)",
            "users(a==1)",
            "users(1a='x')",
            "users(a b=1)",
        ],
    },
    Rule {
        name: "keyPropertyAlias",
        read: named,
        accept: &["users(alias='x')", "users(ünicode='x')", "users(_='x')"],
        refuse: &[
            "users(a.b='x')",
            "users(a/b='x')",
            "users('a'='x')",
            "users($a='x')",
        ],
    },
    Rule {
        name: "keyPathSegments",
        read: single,
        accept: &["users/u", "users/a@b", "Orders/1/Items/2", "users/u%2Fv"],
        refuse: &["users/..", "users/%2e%2e", "users/a(", "users/%C3"],
    },
    Rule {
        name: "keyPathLiteral",
        read: single,
        accept: &["x/MSox*0**19:x@thread.v2=", "x/a!$&'*+,;=:@b", "x/ü"],
        refuse: &["x/%28a%29'", "x/a)", "x/(a", "x/%", "x/%0A"],
    },
    Rule {
        name: "keyPropertyValue",
        read: path,
        accept: &[
            "a(true)",
            "a(01234567-89ab-cdef-0123-456789abcdef)",
            "a(2024-01-15T00:00:00Z)",
            "a(2024-01-15T00:00:00+02:00)",
            "a(2024-01-15T00:00:00%2B02:00)",
            "a(2024-01-15)",
            "a(07:59:59.999)",
            "a(3.14)",
            "a(-128)",
            "a('x')",
            "a(4294967296)",
        ],
        refuse: &["a('x'y)", "a(duration'P1D')", "a(x'y')", "a(a(b))", "a( )x"],
    },
    Rule {
        name: "count",
        read: path,
        accept: &["recordings/$count", "me/recordings/%24count"],
        refuse: &["recordings/$count)", "recordings/$count(", "recordings/$count/.."],
    },
    Rule {
        name: "ref",
        read: path,
        accept: &["recordings/$ref", "recordings/x/$ref"],
        refuse: &["recordings/$ref(", "recordings/$ref)"],
    },
    Rule {
        name: "value",
        read: path,
        accept: &["recordings/x/content/$value", "$value"],
        refuse: &["$value)", "$value('a"],
    },
    Rule {
        name: "boundFunctionCallNoParens",
        read: single,
        accept: &["x/delta", "x/microsoft.graph.delta", "x/graph.getAllRecordings"],
        refuse: &["x/delta(", "x/delta)", "x/delta()"],
    },
    Rule {
        name: "boundEntityColFunctionCall",
        read: named,
        accept: &[
            "x/delta()",
            "x/microsoft.graph.delta()",
            "x/graph.f(a=1)",
            "x/getAllRecordings(meetingOrganizerUserId='u',startDateTime=2024-01-15T00:00:00Z)",
        ],
        refuse: &["x/delta(", "x/delta()()", "x/delta()y", "x/f(a=1"],
    },
    Rule {
        name: "boundEntityFunctionCall",
        read: named,
        accept: &["x/f(a='b')", "x/ns.f(a='b')"],
        refuse: &["x/f(a='b)", "x/f(a=b c)"],
    },
    Rule {
        name: "entityFunctionImportCall",
        read: named,
        accept: &["f()", "f(a=1)", "f(a='x',b=@b)"],
        refuse: &["f(", "f)", "f(a)b=1)"],
    },
    Rule {
        name: "functionImportCallNoParens",
        read: single,
        accept: &["f", "getAllRecordings"],
        refuse: &["f)", "f("],
    },
    Rule {
        name: "functionParameters",
        read: named,
        accept: &[
            "f()",
            "f( )",
            "f(a=1)",
            "f( a=1 , b='2' )",
            "f(a=1,%20b=2)",
            "f(a=1, b=2, c=3)",
        ],
        refuse: &[
            "f(,)",
            "f(a=1,)",
            "f(,a=1)",
            "f(a=1 b=2)",
            "f(a='1'b=2)",
            "f(a=1,b)",
            "f(a=1",
        ],
    },
    Rule {
        name: "functionParameter",
        read: named,
        accept: &[
            "f(a='x')",
            "f(a=1)",
            "f(a=@p)",
            "f(a='@p')",
            "f(a=null)",
            "f(a='')",
            "f(a=d4220f1b-4c12-436c-8a03-dc3e362f9d54)",
            "f(a=2024-01-15T00:00:00 02:00)",
        ],
        refuse: &[
            "f(a)=1",
            "f(a=)",
            "f(a= )",
            "f(a=1=2)",
            "f(a=[1])x",
            "f(a=g(1))",
            "f(a=2024-01-15 02:00)",
            "f(a=2024-01-15T00:00:00 02:00x)",
        ],
    },
    Rule {
        name: "parameterName",
        read: named,
        accept: &["f(meetingOrganizerUserId='u')", "f(_p1='u')", "f(ä='u')"],
        refuse: &["f(1p='u')", "f(a-b='u')", "f(@p='u')", "f( ='u')"],
    },
    Rule {
        name: "parameterAlias",
        read: path,
        accept: &["f(a=@p)", "f(a=@p_1)", "users(@u)", "f(a='@p')"],
        refuse: &["f(a=@p'x')", "f(a=@p=1)", "f(@p=1)"],
    },
    Rule {
        name: "namespace",
        read: path,
        accept: &[
            "microsoft.graph.delta",
            "graph.delta",
            "other.ns.delta",
            "microsoft.graph.a.b",
        ],
        refuse: &["graph.delta(", "microsoft.graph.delta)x"],
    },
    Rule {
        name: "pct-encoded",
        read: path,
        accept: &["%41", "a%2Fb", "%C3%BC", "%25", "a%2540b"],
        refuse: &["%", "%4", "%zz", "%C3", "%ED%A0%80", "%C0%AF", "%F4%90%80%80"],
    },
];

#[test]
fn rule_resource_path() {
    holds(RULES, "resourcePath");
}

#[test]
fn rule_collection_navigation() {
    holds(RULES, "collectionNavigation");
}

#[test]
fn rule_key_predicate() {
    holds(RULES, "keyPredicate");
}

#[test]
fn rule_simple_key() {
    holds(RULES, "simpleKey");
}

#[test]
fn rule_compound_key() {
    holds(RULES, "compoundKey");
}

#[test]
fn rule_key_value_pair() {
    holds(RULES, "keyValuePair");
}

#[test]
fn rule_key_property_alias() {
    holds(RULES, "keyPropertyAlias");
}

#[test]
fn rule_key_path_segments() {
    holds(RULES, "keyPathSegments");
}

#[test]
fn rule_key_path_literal() {
    holds(RULES, "keyPathLiteral");
}

#[test]
fn rule_key_property_value() {
    holds(RULES, "keyPropertyValue");
}

#[test]
fn rule_count() {
    holds(RULES, "count");
}

#[test]
fn rule_ref() {
    holds(RULES, "ref");
}

#[test]
fn rule_value() {
    holds(RULES, "value");
}

#[test]
fn rule_bound_function_call_no_parens() {
    holds(RULES, "boundFunctionCallNoParens");
}

#[test]
fn rule_bound_entity_col_function_call() {
    holds(RULES, "boundEntityColFunctionCall");
}

#[test]
fn rule_bound_entity_function_call() {
    holds(RULES, "boundEntityFunctionCall");
}

#[test]
fn rule_entity_function_import_call() {
    holds(RULES, "entityFunctionImportCall");
}

#[test]
fn rule_function_import_call_no_parens() {
    holds(RULES, "functionImportCallNoParens");
}

#[test]
fn rule_function_parameters() {
    holds(RULES, "functionParameters");
}

#[test]
fn rule_function_parameter() {
    holds(RULES, "functionParameter");
}

#[test]
fn rule_parameter_name() {
    holds(RULES, "parameterName");
}

#[test]
fn rule_parameter_alias() {
    holds(RULES, "parameterAlias");
}

#[test]
fn rule_namespace() {
    holds(RULES, "namespace");
}

#[test]
fn rule_pct_encoded() {
    holds(RULES, "pct-encoded");
}
