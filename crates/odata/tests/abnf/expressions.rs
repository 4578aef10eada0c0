//! Section 4 of the grammar: expressions, with what is refused of section 5.

use odata::FilterExpr;

use crate::{Rule, holds};

fn filter(text: &str) -> Result<String, String> {
    FilterExpr::parse(text)
        .map(|expression| expression.to_string())
        .map_err(|e| e.to_string())
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "commonExpr",
        read: filter,
        accept: &[
            "a",
            "'x'",
            "1 add 2",
            "-a",
            "f(a)",
            "(a)",
            "not a",
            "a eq b and c",
        ],
        refuse: &["", "a b", ")", "a,b", "eq"],
    },
    Rule {
        name: "boolCommonExpr",
        read: filter,
        accept: &["a eq 1", "a", "true", "not (a or b)", "Items/any(i:i/a)"],
        refuse: &["a eq", "a and", "or b", "not"],
    },
    Rule {
        name: "firstMemberExpr",
        read: filter,
        accept: &["a eq 1", "$it/a eq 1", "@p/a eq 1", "x/y/z"],
        refuse: &["/a", "$it/", "a/ b", "a /"],
    },
    Rule {
        name: "memberExpr",
        read: filter,
        accept: &["a/b", "ns.Type/a eq 1", "a/ns.Type/b"],
        refuse: &["a//b", "a/1", "a/'b'"],
    },
    Rule {
        name: "propertyPathExpr",
        read: filter,
        accept: &["a/b/c eq 1", "a/$count gt 1", "meetingOrganizer/user/id eq 'x'"],
        refuse: &["a/", "a/(b)", "a/b/"],
    },
    Rule {
        name: "annotationExpr",
        read: filter,
        accept: &["@ns.term eq 1", "a/@ns.term#q eq 1", "@term"],
        refuse: &["a/@ns.term/", "@a @b"],
    },
    Rule {
        name: "inscopeVariableExpr",
        read: filter,
        accept: &["$it eq 1", "@p eq 1", "Items/any(i:i eq 1)"],
        refuse: &["$it $it", "Items/any(i:)"],
    },
    Rule {
        name: "implicitVariableExpr",
        read: filter,
        accept: &["$it", "$this", "$it/a"],
        refuse: &["$it(", "$this/"],
    },
    Rule {
        name: "lambdaVariableExpr",
        read: filter,
        accept: &["a/any(x:x)", "a/all(_y1:_y1)", "a/any(ü:ü eq 1)"],
        refuse: &["a/any(1:a)", "a/any('x':a)", "a/any(:a)"],
    },
    Rule {
        name: "singleNavigationExpr",
        read: filter,
        accept: &["a/b eq 1", "a/ns.T/b eq 1"],
        refuse: &["a/ eq 1", "a/b/ eq 1"],
    },
    Rule {
        name: "collectionPathExpr",
        read: filter,
        accept: &["a/$count eq 1", "a/any()", "a/all(x:x)", "a/ns.f()"],
        refuse: &["a/$count(", "a/any(", "a/all()"],
    },
    Rule {
        name: "functionExpr",
        read: filter,
        accept: &["ns.f()", "ns.f(a)", "a/ns.f(b,c)", "f()"],
        refuse: &["ns.f(", "ns.f(a,)", "ns.f(,a)", "f(a=1)", "f()/a"],
    },
    Rule {
        name: "anyExpr",
        read: filter,
        accept: &[
            "a/any()",
            "a/any(x:x eq 1)",
            "a/ANY( x : x )",
            "a/any(x:x/b/any(y:y))",
        ],
        refuse: &["a/any(", "a/any(x)", "a/any(x:)", "a/any(x y)", "a/any(x:x"],
    },
    Rule {
        name: "allExpr",
        read: filter,
        accept: &["a/all(x:x eq 1)", "a/b/all( x : x )", "a/All(x:not x)"],
        refuse: &["a/all()", "a/all(x)", "a/all(x:)", "a/all(x:x,y:y)"],
    },
    Rule {
        name: "lambdaPredicateExpr",
        read: filter,
        accept: &["a/any(x:x/b eq 1 and x/c)", "a/all(x:x eq null)"],
        refuse: &["a/any(x:eq)", "a/any(x:x eq)"],
    },
    Rule {
        name: "parenExpr",
        read: filter,
        accept: &["(a)", "( a )", "((a))", "(a or b) and c", "(1 add 2) mul 3 eq 9"],
        refuse: &["(", "()", "(a", "a)", "(a b)", "(a,b)"],
    },
    Rule {
        name: "listExpr",
        read: filter,
        accept: &["a in (1)", "a in ('x','y')", "a in ( 1 , 2 )", "a in (null,true)"],
        refuse: &["a in ()", "a in (1,)", "a in (,1)", "a in (1 2)", "a in (1"],
    },
    Rule {
        name: "inExpr",
        read: filter,
        accept: &["a in (1,2)", "a in b", "a in b/c", "a IN (1)", "not a in (1)"],
        refuse: &["a in", "in (1)", "a in in", "a in or"],
    },
    Rule {
        name: "hasExpr",
        read: filter,
        accept: &[
            "a has ns.E'x'",
            "a has ns.E'x,y'",
            "a HAS ns.E'1'",
            "not a has ns.E'x'",
        ],
        refuse: &["a has", "has ns.E'x'", "a has has", "a has ns.E'x"],
    },
    Rule {
        name: "andExpr",
        read: filter,
        accept: &["a and b", "a and b and c", "a AND b", "a eq 1 and b eq 2"],
        refuse: &["a and", "and b", "a and and b", "a and or b"],
    },
    Rule {
        name: "orExpr",
        read: filter,
        accept: &["a or b", "a or b or c", "a OR b", "a and b or c"],
        refuse: &["a or", "or b", "a or or b", "(a or)"],
    },
    Rule {
        name: "eqExpr",
        read: filter,
        accept: &["a eq 1", "a EQ 'x'", "a/b eq c/d", "a  eq\tnull", "a add 1 eq 2"],
        refuse: &["a eq", "eq 1", "a eq eq 1", "a eq'x'", "a eq )"],
    },
    Rule {
        name: "neExpr",
        read: filter,
        accept: &["a ne 1", "a NE 'x'", "a/b ne c/d", "a  ne\tnull", "a add 1 ne 2"],
        refuse: &["a ne", "ne 1", "a ne ne 1", "a ne'x'", "a ne )"],
    },
    Rule {
        name: "ltExpr",
        read: filter,
        accept: &["a lt 1", "a LT 'x'", "a/b lt c/d", "a  lt\tnull", "a add 1 lt 2"],
        refuse: &["a lt", "lt 1", "a lt lt 1", "a lt'x'", "a lt )"],
    },
    Rule {
        name: "leExpr",
        read: filter,
        accept: &["a le 1", "a LE 'x'", "a/b le c/d", "a  le\tnull", "a add 1 le 2"],
        refuse: &["a le", "le 1", "a le le 1", "a le'x'", "a le )"],
    },
    Rule {
        name: "gtExpr",
        read: filter,
        accept: &["a gt 1", "a GT 'x'", "a/b gt c/d", "a  gt\tnull", "a add 1 gt 2"],
        refuse: &["a gt", "gt 1", "a gt gt 1", "a gt'x'", "a gt )"],
    },
    Rule {
        name: "geExpr",
        read: filter,
        accept: &["a ge 1", "a GE 'x'", "a/b ge c/d", "a  ge\tnull", "a add 1 ge 2"],
        refuse: &["a ge", "ge 1", "a ge ge 1", "a ge'x'", "a ge )"],
    },
    Rule {
        name: "addExpr",
        read: filter,
        accept: &[
            "a add 1 eq 2",
            "a ADD b",
            "1 add -1 gt a",
            "(a add b) add c",
            "a add (b add c)",
        ],
        refuse: &["a add", "add a", "a add add b", "a add and b"],
    },
    Rule {
        name: "subExpr",
        read: filter,
        accept: &[
            "a sub 1 eq 2",
            "a SUB b",
            "1 sub -1 gt a",
            "(a sub b) sub c",
            "a sub (b sub c)",
        ],
        refuse: &["a sub", "sub a", "a sub sub b", "a sub and b"],
    },
    Rule {
        name: "mulExpr",
        read: filter,
        accept: &[
            "a mul 1 eq 2",
            "a MUL b",
            "1 mul -1 gt a",
            "(a mul b) mul c",
            "a mul (b mul c)",
        ],
        refuse: &["a mul", "mul a", "a mul mul b", "a mul and b"],
    },
    Rule {
        name: "divExpr",
        read: filter,
        accept: &[
            "a div 1 eq 2",
            "a DIV b",
            "1 div -1 gt a",
            "(a div b) div c",
            "a div (b div c)",
        ],
        refuse: &["a div", "div a", "a div div b", "a div and b"],
    },
    Rule {
        name: "divbyExpr",
        read: filter,
        accept: &[
            "a divby 1 eq 2",
            "a DIVBY b",
            "1 divby -1 gt a",
            "(a divby b) divby c",
            "a divby (b divby c)",
        ],
        refuse: &["a divby", "divby a", "a divby divby b", "a divby and b"],
    },
    Rule {
        name: "modExpr",
        read: filter,
        accept: &[
            "a mod 1 eq 2",
            "a MOD b",
            "1 mod -1 gt a",
            "(a mod b) mod c",
            "a mod (b mod c)",
        ],
        refuse: &["a mod", "mod a", "a mod mod b", "a mod and b"],
    },
    Rule {
        name: "negateExpr",
        read: filter,
        accept: &["-a", "- a", "-(a)", "- 1 eq a", "--a", "-f(a) lt 0"],
        refuse: &["-", "- -", "-and", "a -b"],
    },
    Rule {
        name: "notExpr",
        read: filter,
        accept: &["not a", "not (a)", "NOT a", "not not a", "not a eq b"],
        refuse: &["not", "not not", "not and a", "nota b"],
    },
    Rule {
        name: "isofExpr",
        read: filter,
        accept: &[
            "isof(ns.T)",
            "isof(a,ns.T)",
            "IsOf( a , Edm.String )",
            "isof(Collection)",
        ],
        refuse: &["isof(", "isof(a", "isof(a,)", "isof(a ns.T)"],
    },
    Rule {
        name: "castExpr",
        read: filter,
        accept: &["cast(ns.T)", "cast(a,Edm.String) eq 'x'", "cast( a , ns.T )"],
        refuse: &["cast(", "cast(,ns.T)", "cast(a b)"],
    },
    Rule {
        name: "caseMethodCallExpr",
        read: filter,
        accept: &[],
        refuse: &["case(a:1)", "case(a eq 1:2,true:3)", "case("],
    },
    Rule {
        name: "arrayOrObject",
        read: filter,
        accept: &[],
        refuse: &["a in [1,2]", "[]", "{}", "a eq {}"],
    },
    Rule {
        name: "array",
        read: filter,
        accept: &[],
        refuse: &["a eq []", "a eq [1]", "a in ['x']"],
    },
    Rule {
        name: "object",
        read: filter,
        accept: &[],
        refuse: &[r#"a eq {"b":1}"#, r#"{"a":1} eq b"#],
    },
    Rule {
        name: "stringInUrl",
        read: filter,
        accept: &[],
        refuse: &[r#"a eq "b""#, r#""a" eq b"#],
    },
    Rule {
        name: "functionExprParameter",
        read: filter,
        accept: &[],
        refuse: &["ns.f(a=1)", "ns.f(a=@p)"],
    },
    Rule {
        name: "RWS",
        read: filter,
        accept: &["a eq 1", "a  eq  1", "a\teq\t1", "not\ta"],
        refuse: &[
            "aeq 1", "a
eq 1",
        ],
    },
    Rule {
        name: "BWS",
        read: filter,
        accept: &["( a )", "f( a , b )", "a in ( 1 )", " a eq 1 "],
        refuse: &[
            "a / b", "a
",
        ],
    },
    Rule {
        name: "odataIdentifier",
        read: filter,
        accept: &["a", "_", "_1", "ü", "Ab_9", "a.b"],
        refuse: &["1a eq 1", "a-b", "a%b", "a&b"],
    },
    Rule {
        name: "optionallyQualifiedTypeName",
        read: filter,
        accept: &[
            "isof(T)",
            "isof(ns.T)",
            "isof(microsoft.graph.callRecording)",
            "isof(Edm.Guid)",
        ],
        refuse: &["isof('T)", "isof(1T)"],
    },
    Rule {
        name: "parameterValue",
        read: filter,
        accept: &["a eq @p", "f(@p)", "@p in (@q,@r)"],
        refuse: &["@ p", "@p@ q"],
    },
];

#[test]
fn rule_common_expr() {
    holds(RULES, "commonExpr");
}

#[test]
fn rule_bool_common_expr() {
    holds(RULES, "boolCommonExpr");
}

#[test]
fn rule_first_member_expr() {
    holds(RULES, "firstMemberExpr");
}

#[test]
fn rule_member_expr() {
    holds(RULES, "memberExpr");
}

#[test]
fn rule_property_path_expr() {
    holds(RULES, "propertyPathExpr");
}

#[test]
fn rule_annotation_expr() {
    holds(RULES, "annotationExpr");
}

#[test]
fn rule_inscope_variable_expr() {
    holds(RULES, "inscopeVariableExpr");
}

#[test]
fn rule_implicit_variable_expr() {
    holds(RULES, "implicitVariableExpr");
}

#[test]
fn rule_lambda_variable_expr() {
    holds(RULES, "lambdaVariableExpr");
}

#[test]
fn rule_single_navigation_expr() {
    holds(RULES, "singleNavigationExpr");
}

#[test]
fn rule_collection_path_expr() {
    holds(RULES, "collectionPathExpr");
}

#[test]
fn rule_function_expr() {
    holds(RULES, "functionExpr");
}

#[test]
fn rule_any_expr() {
    holds(RULES, "anyExpr");
}

#[test]
fn rule_all_expr() {
    holds(RULES, "allExpr");
}

#[test]
fn rule_lambda_predicate_expr() {
    holds(RULES, "lambdaPredicateExpr");
}

#[test]
fn rule_paren_expr() {
    holds(RULES, "parenExpr");
}

#[test]
fn rule_list_expr() {
    holds(RULES, "listExpr");
}

#[test]
fn rule_in_expr() {
    holds(RULES, "inExpr");
}

#[test]
fn rule_has_expr() {
    holds(RULES, "hasExpr");
}

#[test]
fn rule_and_expr() {
    holds(RULES, "andExpr");
}

#[test]
fn rule_or_expr() {
    holds(RULES, "orExpr");
}

#[test]
fn rule_eq_expr() {
    holds(RULES, "eqExpr");
}

#[test]
fn rule_ne_expr() {
    holds(RULES, "neExpr");
}

#[test]
fn rule_lt_expr() {
    holds(RULES, "ltExpr");
}

#[test]
fn rule_le_expr() {
    holds(RULES, "leExpr");
}

#[test]
fn rule_gt_expr() {
    holds(RULES, "gtExpr");
}

#[test]
fn rule_ge_expr() {
    holds(RULES, "geExpr");
}

#[test]
fn rule_add_expr() {
    holds(RULES, "addExpr");
}

#[test]
fn rule_sub_expr() {
    holds(RULES, "subExpr");
}

#[test]
fn rule_mul_expr() {
    holds(RULES, "mulExpr");
}

#[test]
fn rule_div_expr() {
    holds(RULES, "divExpr");
}

#[test]
fn rule_divby_expr() {
    holds(RULES, "divbyExpr");
}

#[test]
fn rule_mod_expr() {
    holds(RULES, "modExpr");
}

#[test]
fn rule_negate_expr() {
    holds(RULES, "negateExpr");
}

#[test]
fn rule_not_expr() {
    holds(RULES, "notExpr");
}

#[test]
fn rule_isof_expr() {
    holds(RULES, "isofExpr");
}

#[test]
fn rule_cast_expr() {
    holds(RULES, "castExpr");
}

#[test]
fn rule_case_method_call_expr() {
    holds(RULES, "caseMethodCallExpr");
}

#[test]
fn rule_array_or_object() {
    holds(RULES, "arrayOrObject");
}

#[test]
fn rule_array() {
    holds(RULES, "array");
}

#[test]
fn rule_object() {
    holds(RULES, "object");
}

#[test]
fn rule_string_in_url() {
    holds(RULES, "stringInUrl");
}

#[test]
fn rule_function_expr_parameter() {
    holds(RULES, "functionExprParameter");
}

#[test]
fn rule_rws() {
    holds(RULES, "RWS");
}

#[test]
fn rule_bws() {
    holds(RULES, "BWS");
}

#[test]
fn rule_odata_identifier() {
    holds(RULES, "odataIdentifier");
}

#[test]
fn rule_optionally_qualified_type_name() {
    holds(RULES, "optionallyQualifiedTypeName");
}

#[test]
fn rule_parameter_value() {
    holds(RULES, "parameterValue");
}
