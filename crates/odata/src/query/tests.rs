use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn parse(query: &str) -> QueryOptions {
    QueryOptions::parse(Some(query)).unwrap_or_else(|e| panic!("{query}: {e}"))
}

fn message<T: std::fmt::Debug>(result: Result<T, QueryError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn no_query_has_no_options() {
    assert_eq!(QueryOptions::parse(None), Ok(QueryOptions::default()));
    assert_eq!(parse(""), QueryOptions::default());
    assert_eq!(parse("&&"), QueryOptions::default());
}

#[test]
fn names_are_found_in_any_case_with_or_without_dollar() {
    for (name, dollar) in [("$top", true), ("%24Top", true), ("TOP", false), ("top", false)] {
        let options = parse(&format!("{name}=5"));
        assert_eq!(options.top(), Ok(Some(5)), "{name}");
        assert_eq!(
            options.raw(SystemOption::Top).map(|raw| raw.dollar),
            Some(dollar),
            "{name}"
        );
    }
    for name in ["$skiptoken", "$skipToken", "skipToken", "skiptoken"] {
        assert_eq!(parse(&format!("{name}=a%3D")).skip_token(), Some("a="), "{name}");
    }
    for option in SystemOption::ALL {
        assert_eq!(
            parse(option.name()).raw(option).map(|raw| raw.value.as_str()),
            Some("")
        );
    }
}

#[test]
fn other_names_are_custom_and_may_repeat() {
    let options = parse("model=A&@u='x'&model=B&meetingOrganizerUserId=%27y%27&flag");
    let pairs: Vec<_> = options
        .custom()
        .map(|c| (c.name.as_str(), c.value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("model", "A"),
            ("@u", "'x'"),
            ("model", "B"),
            ("meetingOrganizerUserId", "'y'"),
            ("flag", "")
        ]
    );
    assert_eq!(options.custom_value("model"), Some("A"));
    assert_eq!(options.custom_value("Model"), None);
    assert_eq!(options.system().count(), 0);
}

#[test]
fn an_unknown_name_with_a_dollar_is_kept() {
    let options = parse("$Foo=1&$top=1");
    let kept: Vec<_> = options
        .system()
        .map(|raw| (raw.option, raw.name.as_str()))
        .collect();
    assert_eq!(kept, [(None, "$Foo"), (Some(SystemOption::Top), "$top")]);
    assert_eq!(
        options.expect_only(&[SystemOption::Top]).unwrap_err().name,
        "$Foo"
    );
}

#[test]
fn the_same_option_twice_is_an_error() {
    for (query, name) in [
        ("$top=1&$top=1", "$top"),
        ("$top=1&TOP=2", "TOP"),
        ("$x=1&a=1&$X=2", "$X"),
    ] {
        let error = QueryOptions::parse(Some(query)).unwrap_err();
        let position = query.len() - name.len() - 1;
        assert_eq!(
            error,
            QueryError::Duplicate {
                position,
                name: name.into()
            }
        );
    }
}

#[test]
fn only_names_with_a_dollar_have_to_be_offered() {
    let options = parse("search=x&model=A&$select=id&$expand=y");
    assert_eq!(
        options.expect_only(&[SystemOption::Select]),
        Err(NotOffered {
            name: "$expand".into()
        })
    );
    assert_eq!(
        options.expect_only(&[SystemOption::Select, SystemOption::Expand]),
        Ok(())
    );
}

#[test]
fn values_are_decoded_once_and_cut_at_the_first_equals() {
    let options = parse("$filter=contentcorrelationId+eq+'a%2526%26b'&x=1=2");
    assert_eq!(
        options.raw(SystemOption::Filter).map(|raw| raw.value.as_str()),
        Some("contentcorrelationId eq 'a%26&b'")
    );
    assert_eq!(options.custom_value("x"), Some("1=2"));
}

#[test]
fn bad_encoding_says_where() {
    assert_eq!(
        message(QueryOptions::parse(Some("a=1&b=%ED%A0%80"))),
        "at position 7 of the query: expected UTF-8, found other bytes"
    );
    assert_eq!(
        message(QueryOptions::parse(Some("a=1&b%4=2"))),
        "at position 6 of the query: expected two hexadecimal digits after '%'"
    );
}

#[test]
fn too_many_options_are_refused() {
    assert_eq!(parse(&"a=1&".repeat(64)).custom().count(), 64);
    let error = QueryOptions::parse(Some(&"a=1&".repeat(65))).unwrap_err();
    assert_eq!(error, QueryError::TooManyOptions { position: 257 });
}

#[test]
fn top_is_a_whole_number_from_one() {
    assert_eq!(parse("x=1").top(), Ok(None));
    assert_eq!(parse("$top=99999999999").top(), Ok(Some(99_999_999_999)));
    assert_eq!(
        parse(&format!("$top={}", "9".repeat(400))).top(),
        Ok(Some(u64::MAX))
    );
    for (value, position, found) in [
        ("0", 1, "'0'"),
        ("-1", 1, "'-1'"),
        ("", 1, "the end"),
        ("1.5", 2, "'.5'"),
        ("+5", 1, "' 5'"),
        ("ten", 1, "'ten'"),
        ("%D9%A3", 1, "'٣'"),
    ] {
        assert_eq!(
            message(parse(&format!("$top={value}")).top()),
            format!("$top: at position {position}: expected a whole number from 1, found {found}")
        );
    }
    assert_eq!(parse("$skip=0").skip(), Ok(Some(0)));
}

#[test]
fn count_is_true_or_false() {
    assert_eq!(parse("$count=true").count(), Ok(Some(true)));
    assert_eq!(parse("$count=FALSE").count(), Ok(Some(false)));
    assert_eq!(
        message(parse("$count=1").count()),
        "$count: at position 1: expected true or false, found '1'"
    );
}

#[test]
fn select_has_items_with_positions() {
    let items = parse("$select=id,%20content/x,*,@odata.type,ü,a")
        .select()
        .unwrap()
        .unwrap();
    let shown: Vec<_> = items
        .iter()
        .map(|item| (item.position, item.text.as_str(), &item.term))
        .collect();
    let path = |names: &[&str]| SelectTerm::Path(names.iter().map(|n| (*n).to_owned()).collect());
    assert_eq!(
        shown,
        [
            (1, "id", &path(&["id"])),
            (5, "content/x", &path(&["content", "x"])),
            (15, "*", &SelectTerm::Star),
            (17, "@odata.type", &SelectTerm::Annotation),
            (29, "ü", &path(&["ü"])),
            (31, "a", &path(&["a"])),
        ]
    );
}

#[test]
fn bad_select_items_say_where() {
    for (value, position) in [
        ("", 1),
        ("id,", 4),
        (",id", 1),
        ("id,,x", 4),
        ("a//b", 3),
        ("/a", 1),
        ("a/", 3),
    ] {
        let found = message(parse(&format!("$select={value}")).select());
        assert!(
            found.starts_with(&format!("$select: at position {position}: expected a property")),
            "{found}"
        );
    }
    assert_eq!(
        message(parse("$select=id createdDateTime").select()),
        "$select: at position 3: expected ',' or the end, found ' createdDateTime'"
    );
}

#[test]
fn filter_errors_name_the_option() {
    assert_eq!(
        message(parse("$filter=id eq").filter()),
        "$filter: at position 6: expected a literal such as 'text', found the end"
    );
    assert!(parse("$filter=id eq 'x'").filter().unwrap().is_some());
}

#[test]
fn the_canonical_text_is_the_same_for_the_same_query() {
    let one = parse("$top=5&$filter=a+eq+'b%26c'&skipToken=x&@z=1&@a=2");
    let two = parse("@a=2&$deltatoken=y&FILTER=a%20eq%20'b%26c'&@z=1&Top=5");
    assert_eq!(one.canonical(), two.canonical());
    assert_eq!(one.canonical(), "$filter=a%20eq%20%27b%26c%27&$top=5");
    assert_eq!(parse("a=1&b=2").canonical(), "");
}

#[test]
fn format_and_tokens_are_plain_text() {
    let options = parse("$format=text/vtt&$deltatoken=latest");
    assert_eq!(options.format(), Some("text/vtt"));
    assert_eq!(options.delta_token(), Some("latest"));
    assert_eq!(options.skip_token(), None);
}

proptest! {
    #[test]
    fn canonical_text_is_a_fixed_point(pairs in proptest::collection::vec(("[^\\pC]{1,8}", "[^\\pC]{0,8}"), 0..9)) {
        let mut query = String::new();
        for (name, value) in &pairs {
            write!(query, "&{}={}", encode_segment(name), encode_segment(value)).unwrap();
        }
        if let Ok(options) = QueryOptions::parse(Some(&query)) {
            prop_assert_eq!(options.system().count() + options.custom().count(), pairs.len());
            let canonical = options.canonical();
            prop_assert_eq!(parse(&canonical).canonical(), canonical);
        }
    }

    #[test]
    fn no_text_panics(query in "([$&=%+a-c,/*@ü'() 0-9]|top|select|filter|count|skip| eq ){0,40}") {
        if let Ok(options) = QueryOptions::parse(Some(&query)) {
            let _ = (options.top(), options.skip(), options.count(), options.select(), options.filter());
        }
    }
}
