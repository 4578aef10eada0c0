use proptest::prelude::*;

use super::*;

fn parse(raw: &str) -> Vec<Segment> {
    ResourcePath::parse(raw)
        .unwrap_or_else(|e| panic!("{raw}: {e}"))
        .into_segments()
}

fn fails(raw: &str, position: usize, problem: PathProblem) {
    assert_eq!(
        ResourcePath::parse(raw),
        Err(PathError { position, problem }),
        "{raw}"
    );
}

fn plain(text: &str) -> Segment {
    Segment::Plain(text.into())
}

fn key(text: &str) -> Segment {
    Segment::Key(text.into())
}

fn named(parameters: &[(&str, &str)]) -> Segment {
    Segment::Named(
        parameters
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect(),
    )
}

#[test]
fn both_key_forms_have_the_same_texts() {
    let expected = [
        "users",
        "a@b",
        "onlineMeetings",
        "MSox*0**19:x@thread.v2=",
        "recordings",
    ];
    for raw in [
        "users('a%40b')/onlineMeetings('MSox*0**19:x@thread.v2=')/recordings/",
        "users/a@b/onlineMeetings/MSox%2A0**19%3Ax%40thread.v2%3D//recordings",
        "/users('a@b')//onlineMeetings/('MSox*0**19:x@thread.v2%3D')/recordings",
    ] {
        let segments = parse(raw);
        assert_eq!(
            segments.iter().filter_map(Segment::text).collect::<Vec<_>>(),
            expected,
            "{raw}"
        );
    }
}

#[test]
fn a_key_may_stand_in_a_segment_of_its_own() {
    assert_eq!(
        parse("recordings/('id')/content"),
        [plain("recordings"), key("id"), plain("content")]
    );
    assert_eq!(parse("users('u')"), [plain("users"), key("u")]);
}

#[test]
fn alternate_keys_and_parameters_are_named() {
    assert_eq!(
        parse("users(userPrincipalName='a@b')"),
        [plain("users"), named(&[("userPrincipalName", "a@b")])]
    );
    assert_eq!(
        parse("getAllRecordings(meetingOrganizerUserId='x',%20startDateTime=2024-01-15T00:00:00Z)/delta"),
        [
            plain("getAllRecordings"),
            named(&[
                ("meetingOrganizerUserId", "x"),
                ("startDateTime", "2024-01-15T00:00:00Z")
            ]),
            plain("delta")
        ]
    );
    assert_eq!(parse("f()"), [plain("f"), named(&[])]);
    assert_eq!(
        parse("f( a='1' , b=2 )"),
        [plain("f"), named(&[("a", "1"), ("b", "2")])]
    );
}

#[test]
fn unquoted_values_and_aliases_are_kept_as_text() {
    let guid = "d4220f1b-7e1c-4a36-9b11-2f5a0c4b6f00";
    assert_eq!(
        parse(&format!("f(userId={guid})")),
        [plain("f"), named(&[("userId", guid)])]
    );
    assert_eq!(parse(&format!("users({guid})")), [plain("users"), key(guid)]);
    assert_eq!(
        parse("f(a='@a',b=@b)"),
        [plain("f"), named(&[("a", "@a"), ("b", "@b")])]
    );
    assert_eq!(
        parse("f(t=2024-01-15T00:00:00+02:00)"),
        [plain("f"), named(&[("t", "2024-01-15T00:00:00+02:00")])]
    );
}

#[test]
fn calls_are_read_as_the_client_libraries_write_them() {
    // One template for Python, TypeScript, Java, Go, PHP, Ruby and .NET, all of Kiota.
    let aliases = named(&[
        ("meetingOrganizerUserId", "@meetingOrganizerUserId"),
        ("startDateTime", "@startDateTime"),
        ("endDateTime", "@endDateTime"),
    ]);
    for raw in [
        "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId',startDateTime=@startDateTime,endDateTime=@endDateTime)",
        "getAllRecordings(meetingOrganizerUserId=%27%40meetingOrganizerUserId%27%2CstartDateTime=%40startDateTime%2C%20endDateTime=@endDateTime)",
        "microsoft.graph.getAllRecordings%28meetingOrganizerUserId='@meetingOrganizerUserId', startDateTime=@startDateTime, endDateTime=@endDateTime%29",
    ] {
        assert_eq!(parse(raw), [plain("getAllRecordings"), aliases.clone()], "{raw}");
    }
    // None of them leaves a comma out, so nothing stands for one.
    fails("f(a='@x'b=@b)", 9, PathProblem::MissingComma);
    assert_eq!(aliases.parameter("STARTDATETIME"), Some("@startDateTime"));
    assert_eq!(plain("x").parameter("x"), None);
}

#[test]
fn a_blank_before_an_offset_was_a_plus() {
    let expected = named(&[
        ("t", "2024-01-15T00:00:00+02:00"),
        ("u", "2024-01-15T00:00+00:00"),
    ]);
    for raw in [
        "f(t=2024-01-15T00:00:00 02:00,u=2024-01-15T00:00 00:00)",
        "f(t=2024-01-15T00:00:00%2002:00 , u=2024-01-15T00:00%2B00:00)",
        "f(t='2024-01-15T00:00:00+02:00',u=2024-01-15T00:00+00:00)",
    ] {
        assert_eq!(parse(raw), [plain("f"), expected.clone()], "{raw}");
    }
    fails("f(t=2024-01-15 02:00)", 16, PathProblem::MissingComma);
    fails("f(t=2024-01-15T00:00:00 02:00x)", 25, PathProblem::MissingComma);
    fails("f(t=2024-01-15T00:00:00Z 02:00)", 26, PathProblem::MissingComma);
}

#[test]
fn examples_of_the_specification() {
    // Part 2, sections 2.1, 4.3, 4.5.2 and 4.3.6.
    assert_eq!(parse("People('O''Neil')"), [plain("People"), key("O'Neil")]);
    assert_eq!(
        parse("People(%27O%27%27Neil%27)"),
        [plain("People"), key("O'Neil")]
    );
    assert_eq!(
        parse("People%28%27O%27%27Neil%27%29"),
        [plain("People"), key("O'Neil")]
    );
    assert_eq!(
        parse("Categories('Smartphone%2FTablet')"),
        [plain("Categories"), key("Smartphone/Tablet")]
    );
    assert_eq!(
        parse("Orders(1)/Items(OrderID=1,ItemNo=2)/$count"),
        [
            plain("Orders"),
            key("1"),
            plain("Items"),
            named(&[("OrderID", "1"), ("ItemNo", "2")]),
            plain("$count")
        ]
    );
    assert_eq!(parse("Employees/A1245"), [plain("Employees"), plain("A1245")]);
}

#[test]
fn a_plus_is_a_plus_and_a_slash_may_be_encoded() {
    assert_eq!(
        parse("recordings/a+b%2Fc=#d"),
        [plain("recordings"), plain("a+b/c=#d")]
    );
}

#[test]
fn the_qualifier_of_a_function_is_dropped() {
    assert_eq!(parse("microsoft.graph.delta"), [plain("delta")]);
    assert_eq!(parse("graph.delta()"), [plain("delta"), named(&[])]);
    for name in [
        "graph.user@contoso.com",
        "microsoft.graph.a.b",
        "graph.",
        "other.delta",
        "microsoft.graph",
    ] {
        assert_eq!(parse(name), [plain(name)]);
    }
}

#[test]
fn an_empty_path_has_no_segments() {
    assert_eq!(parse(""), []);
    assert_eq!(parse("//"), []);
}

#[test]
fn errors_say_where_and_what() {
    fails("users/%zz", 7, PathProblem::Text(TextProblem::BadEscape));
    fails("users/a%C0%AF", 8, PathProblem::Text(TextProblem::InvalidUtf8));
    fails("a%00", 2, PathProblem::Text(TextProblem::ControlCharacter(0)));
    for raw in ["ü/..", "ü/%2e%2E", "ü/.", "ü/.%2e/x"] {
        fails(raw, 3, PathProblem::DotSegment);
    }
    fails("users('a", 7, PathProblem::UnterminatedLiteral);
    fails("users('a'", 10, PathProblem::UnbalancedParenthesis);
    fails("users(", 7, PathProblem::BadLiteral);
    fails("users('a')x", 11, PathProblem::UnbalancedParenthesis);
    fails("users('a')('b')", 11, PathProblem::UnbalancedParenthesis);
    fails("a)b", 2, PathProblem::UnbalancedParenthesis);
    fails("a)(b)", 2, PathProblem::UnbalancedParenthesis);
    fails("f(%20%27a", 6, PathProblem::UnterminatedLiteral);
    fails("f(a=)", 5, PathProblem::BadLiteral);
    fails("f(a=x'y')", 6, PathProblem::BadLiteral);
    fails("f(a='1'b='2')", 8, PathProblem::MissingComma);
    fails("f(a='1' b='2')", 9, PathProblem::MissingComma);
    fails("f(a='1','2')", 9, PathProblem::MissingName);
    fails("f('1','2')", 6, PathProblem::MissingName);
    fails("f(a='1',A='2')", 9, PathProblem::DuplicateParameter("A".into()));
    fails("f(g(1))", 4, PathProblem::BadLiteral);
    assert_eq!(
        ResourcePath::parse("f(a=)").unwrap_err().to_string(),
        "at position 5: expected a literal such as 'text'"
    );
}

#[test]
fn limits_hold_for_decoded_segments() {
    assert_eq!(parse(&"%41".repeat(1024)), [plain(&"A".repeat(1024))]);
    fails(&"a".repeat(1025), 1, PathProblem::SegmentTooLong);
    assert_eq!(parse(&"/a//".repeat(32)).len(), 32);
    fails(&"a/".repeat(33), 65, PathProblem::TooManySegments);
    // Found by fuzzing: a call counts as two, so that what is printed can be read again.
    fails(&"f()/".repeat(17), 65, PathProblem::TooManySegments);
}

#[test]
fn what_would_read_differently_is_written_as_a_key() {
    for (segment, written) in [
        (key("a/b=c@d"), "a%2Fb%3Dc%40d"),
        (key("a(b)"), "('a%28b%29')"),
        (key(".."), "('..')"),
        (key("graph.delta"), "('graph.delta')"),
        (key("$count"), "('$count')"),
        (plain("$count"), "$count"),
        (key(""), "('')"),
        (key("it's"), "it%27s"),
        (key("(it's)"), "('%28it''s%29')"),
    ] {
        let path = ResourcePath::from(vec![segment.clone()]).to_string();
        assert_eq!(path, written);
        assert_eq!(parse(&path).first().and_then(Segment::text), segment.text());
    }
}

#[test]
fn calls_are_written_with_quoted_values() {
    let path = ResourcePath::parse("users('u')/graph.f(a=1,b='x''y')/delta()").unwrap();
    assert_eq!(path.to_string(), "users/u/f(a='1',b='x''y')/delta()");
}

fn any_segment() -> impl Strategy<Value = Segment> {
    let text = "[^\\pC]{0,12}";
    let parameters = proptest::collection::btree_map("[a-z_][a-z0-9_]{0,5}", text, 0..4);
    prop_oneof![
        "[a-zA-Z$.@'=+ ü]{1,9}".prop_map(Segment::Plain),
        text.prop_map(Segment::Key),
        "(graph\\.|\\(|\\$|\\.\\.?)[a-z()]{0,3}".prop_map(Segment::Key),
        parameters.prop_map(|named| Segment::Named(named.into_iter().collect())),
    ]
}

/// The same path with every text as a plain segment: the two key forms mean the same.
fn meaning(segments: &[Segment]) -> Vec<Segment> {
    segments
        .iter()
        .map(|s| s.text().map_or_else(|| s.clone(), plain))
        .collect()
}

proptest! {
    #[test]
    fn printing_then_parsing_gives_the_same(segments in proptest::collection::vec(any_segment(), 0..9)) {
        let printed = ResourcePath::from(segments.clone()).to_string();
        let again = ResourcePath::parse(&printed).unwrap();
        prop_assert_eq!(meaning(again.segments()), meaning(&segments), "{}", printed);
        prop_assert_eq!(again.to_string(), printed);
    }

    #[test]
    fn no_text_panics(raw in "[a-c()'=,/%279. @ü+]{0,60}") {
        if let Ok(path) = ResourcePath::parse(&raw) {
            let printed = path.to_string();
            prop_assert_eq!(ResourcePath::parse(&printed).map(|p| p.to_string()), Ok(printed));
        }
    }

    #[test]
    fn no_unicode_panics(raw in "\\PC{0,60}") {
        let _ = ResourcePath::parse(&raw);
    }
}

#[test]
fn the_template_that_has_lost_its_commas_is_read_as_if_it_had_them() {
    let with = "f(user='@user',start=@start,end=@end)";
    for without in [
        "f(user='@user'start=@startend=@end)",
        "f(user=@userstart='@start'end='@end')",
        "f(user='@user',start=@startend=@end)",
        "f(user=%27%40user%27start%3D%40startend%3D%40end)",
    ] {
        assert_eq!(
            ResourcePath::parse(without),
            ResourcePath::parse(with),
            "{without}"
        );
    }
    for other in [
        "f(user='x'start=@start)",
        "f(user='@other'start=@start)",
        "f(start=@startend)",
        "f(start=@start end=@end)",
        "f(start=@start;end=@end)",
    ] {
        let parsed = ResourcePath::parse(other).map(ResourcePath::into_segments);
        let named = parsed.ok().and_then(|segments| match segments.last() {
            Some(Segment::Named(pairs)) => Some(pairs.len()),
            _ => None,
        });
        assert!(named.is_none_or(|count| count == 1), "{other}");
    }
}
