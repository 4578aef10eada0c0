use super::*;
use crate::db::artifacts::ArtifactKind;
use crate::query::schema::{ADHOC_CALL, MEETING};

const NOW: Ticks = Ticks::from_unix_seconds(1_800_000_000);

fn recording() -> &'static EntityType<ArtifactProperty> {
    EntityType::of(ArtifactKind::Recording)
}

fn asked(query: &str, rule: QueryOptionsRule) -> Asked<'_> {
    Asked {
        query: Some(query),
        rule,
        now: NOW,
        max_page_size: None,
    }
}

fn list(query: &str) -> Result<CollectionQuery<ArtifactProperty>, QueryError> {
    CollectionQuery::parse(
        asked(query, QueryOptionsRule::Reference),
        recording(),
        &LIST_ARTIFACTS,
    )
}

fn superset(query: &str) -> Result<CollectionQuery<ArtifactProperty>, QueryError> {
    CollectionQuery::parse(
        asked(query, QueryOptionsRule::Superset),
        recording(),
        &LIST_ARTIFACTS,
    )
}

fn refused(query: &str) -> String {
    list(query).unwrap_err().to_string()
}

#[test]
fn the_reference_pages_filter_is_read_in_all_its_spellings() {
    for query in [
        "$filter=contentcorrelationId+eq+'a-0'",
        "$filter=contentCorrelationId%20eq%20'a-0'",
        "%24filter=CONTENTCORRELATIONID eq %27a-0%27",
        "filter=(contentCorrelationId eq 'a-0')",
    ] {
        let column = recording()
            .property("contentCorrelationId")
            .unwrap()
            .column
            .unwrap();
        let (column, text) = (Operand::Column(column), Operand::Text("a-0".into()));
        assert_eq!(
            list(query).unwrap().filter,
            Some(Condition::Compare(Comparison::Eq, column, text)),
            "{query}"
        );
    }
}

#[test]
fn a_filter_that_cannot_be_read_gives_the_place_and_what_was_expected() {
    let text = refused("$filter=contentCorrelationId eq");
    assert!(
        text.starts_with("Invalid filter clause: at position 24:"),
        "{text}"
    );
    assert!(text.contains("expected"), "{text}");
}

#[test]
fn a_filter_on_an_unknown_property_is_told_in_graphs_words() {
    assert_eq!(
        refused("$filter=colour eq 'red'"),
        "Invalid filter clause: Could not find a property named 'colour' on type 'microsoft.graph.callRecording'."
    );
    assert!(refused("$filter=callId/x eq 'red'").contains("'callId/x'"));
}

#[test]
fn what_only_the_superset_has_is_named_with_its_setting() {
    for query in [
        "$orderby=id",
        "$skip=1",
        "$filter=callId eq 'x'",
        "$filter=not (id eq 'x')",
    ] {
        assert!(refused(query).contains("graph.query_options"), "{query}");
        assert!(superset(query).is_ok(), "{query}");
    }
}

#[test]
fn what_neither_has_is_told_so() {
    for query in ["$expand=x", "$search=x", "$deltatoken=x"] {
        assert!(refused(query).contains("is not offered here"), "{query}");
        let text = superset(query).unwrap_err().to_string();
        assert!(
            text.contains("is not offered here") && !text.contains("graph.query_options"),
            "{text}"
        );
    }
}

#[test]
fn each_collection_has_the_filters_that_graph_documents_for_it() {
    let export =
        |query: &str| CollectionQuery::parse(asked(query, QueryOptionsRule::Reference), recording(), &EXPORT);
    let meetings = |query: &str| {
        CollectionQuery::parse(
            asked(query, QueryOptionsRule::Reference),
            &MEETING,
            &LIST_MEETINGS,
        )
    };
    let calls = |query: &str| {
        CollectionQuery::parse(
            asked(query, QueryOptionsRule::Reference),
            &ADHOC_CALL,
            &LIST_CALLS,
        )
    };
    assert_eq!(
        export("$filter=MeetingOrganizer/User/Id eq 'u'")
            .unwrap()
            .take_organizer(),
        Some("u".to_owned())
    );
    assert!(export("$filter=contentCorrelationId eq 'x'").is_err());
    for query in [
        "$filter=JoinWebUrl eq 'https://x'",
        "$filter=joinMeetingIdSettings/joinMeetingId eq '1'",
        "$filter=VideoTeleconferenceId eq '1'",
    ] {
        assert!(meetings(query).is_ok(), "{query}");
    }
    assert!(meetings("$filter=subject eq 'x'").is_err());
    assert!(calls("$top=5&$count=true").is_ok());
    assert!(calls("$filter=id eq 'x'").is_err());
}

#[test]
fn an_organizer_is_taken_out_of_the_filter_that_demands_it() {
    let query = "$filter='u' eq meetingOrganizer/user/id and callId eq 'c'";
    let mut query =
        CollectionQuery::parse(asked(query, QueryOptionsRule::Superset), recording(), &EXPORT).unwrap();
    assert_eq!(query.take_organizer(), Some("u".to_owned()));
    let Some(Condition::And(rest)) = &query.filter else {
        panic!("{:?}", query.filter)
    };
    assert_eq!(rest.len(), 1);
    assert_eq!(query.take_organizer(), None);
}

#[test]
fn addresses_are_compared_however_often_they_are_encoded() {
    let meetings = |query: &str| {
        CollectionQuery::parse(
            asked(query, QueryOptionsRule::Reference),
            &MEETING,
            &LIST_MEETINGS,
        )
        .unwrap()
        .filter
    };
    let expected = meetings("$filter=joinWebUrl eq 'https://x/19:a@b/0?c={d}'");
    for query in [
        "$filter=JoinWebUrl eq 'https%3A%2F%2Fx%2F19%3Aa%40b%2F0%3Fc%3D%7Bd%7D'",
        "$filter=JoinWebUrl eq 'https://x/19%253aa%2540b/0?c=%257bd%257d'",
        "$filter=JoinWebUrl%20eq%20'https%253A%252F%252Fx%252F19%25253Aa%252540b%252F0%253Fc%253D%25257Bd%25257D'",
    ] {
        assert_eq!(meetings(query), expected, "{query}");
    }
}

#[test]
fn an_order_is_told_apart_by_whether_an_index_has_it() {
    let order = |query: &str| superset(query).unwrap().order;
    let names = |order: &Order| -> Vec<(&str, bool)> {
        order
            .keys
            .iter()
            .map(|key| (key.column.sql, key.descending))
            .collect()
    };
    for (query, keys, is_indexed) in [
        ("", vec![("created_ticks", false)], true),
        (
            "$orderby=createdDateTime desc",
            vec![("created_ticks", true)],
            true,
        ),
        ("$orderby=endDateTime", vec![("end_ticks", false)], false),
        (
            "$orderby=CallId desc,createdDateTime,callid",
            vec![("call_id", true), ("created_ticks", false)],
            false,
        ),
        (
            "$orderby=meetingOrganizer/user/id",
            vec![("owner_id", false)],
            false,
        ),
    ] {
        let order = order(query);
        assert_eq!((names(&order), order.is_indexed), (keys, is_indexed), "{query}");
    }
    for (query, text) in [
        ("$orderby=colour", "Could not find a property named 'colour'"),
        ("$orderby=recordingContentUrl", "has no order"),
        ("$orderby=length(id)", "expected properties"),
        (
            "$orderby=id,callId,meetingId,endDateTime,createdDateTime",
            "at most 4",
        ),
        ("$orderby=id up", "position 4"),
    ] {
        let error = superset(query).unwrap_err().to_string();
        assert!(error.contains(text), "{query}: {error}");
    }
}

#[test]
fn a_preferred_page_size_counts_where_no_top_is_given() {
    let parse = |query, size| {
        let asked = Asked {
            max_page_size: Some(size),
            ..asked(query, QueryOptionsRule::Reference)
        };
        let query = CollectionQuery::parse(asked, recording(), &LIST_ARTIFACTS).unwrap();
        (query.top, query.is_page_size_preferred)
    };
    assert_eq!(parse("", 5), (5, true));
    assert_eq!(parse("", 1000), (100, true));
    assert_eq!(parse("$top=3", 5), (3, false));
}

#[test]
fn a_feed_takes_its_token_under_either_name_and_an_empty_one_is_none() {
    let parse = |query| DeltaQuery::parse(asked(query, QueryOptionsRule::Reference)).unwrap();
    for query in [
        "$skiptoken=x",
        "$deltatoken=x",
        "skipToken=x",
        "deltaToken=x",
        "$DELTATOKEN=x&$top=5",
    ] {
        assert_eq!(parse(query).token.as_deref(), Some("x"), "{query}");
    }
    assert_eq!(parse("$deltatoken=").token, None);
    assert_eq!(parse("$top=1000").top, Some(100));
    let refused = DeltaQuery::parse(asked("$filter=id eq 'x'", QueryOptionsRule::Superset));
    assert!(refused.is_err());
}

#[test]
fn a_skip_is_bounded() {
    assert_eq!(superset("$skip=10000").unwrap().skip, 10_000);
    assert!(superset("$skip=10001").is_err());
}

#[test]
fn a_name_with_a_dollar_that_nobody_knows_is_refused_in_every_profile() {
    for rule in [QueryOptionsRule::Reference, QueryOptionsRule::Superset] {
        let error =
            CollectionQuery::parse(asked("$frobnicate=1", rule), recording(), &LIST_ARTIFACTS).unwrap_err();
        assert!(
            matches!(&error, QueryError::Malformed(text) if text.contains("$frobnicate")),
            "{error}"
        );
    }
}

#[test]
fn names_without_a_dollar_are_ignored_where_they_are_not_offered() {
    for query in ["model=A", "expand=x", "search=x", "x", "=", ""] {
        assert!(list(query).is_ok(), "{query}");
    }
}

#[test]
fn top_is_the_page_size_within_bounds() {
    for (query, expected) in [
        ("", 20),
        ("$top=1", 1),
        ("$top=100", 100),
        ("$top=101", 100),
        ("top=3", 3),
        ("$top=99999999999999999999", 100),
    ] {
        assert_eq!(list(query).unwrap().top, expected, "{query}");
    }
    for query in [
        "$top=0",
        "$top=-1",
        "$top=x",
        "$top=",
        "$top=1.5",
        "$top=1&$top=1",
        "$top=1&$TOP=2",
    ] {
        assert!(matches!(list(query), Err(QueryError::Malformed(_))), "{query}");
    }
}

#[test]
fn selected_names_stand_in_the_context_as_they_were_asked_for() {
    let context = |query| list(query).unwrap().selection.in_context();
    assert_eq!(context("$select=content,CALLID,callId"), "(content,callId)");
    assert_eq!(context("$select=*"), "");
    assert_eq!(context(""), "");
}

#[test]
fn select_is_refused_in_graphs_words() {
    assert_eq!(
        refused("$select=id,colour"),
        "Parsing OData Select and Expand failed: Could not find a property named 'colour' on type \
         'microsoft.graph.callRecording'."
    );
    assert_eq!(
        refused("$select=@odata.type"),
        "Parsing OData Select and Expand failed: Term '@odata.type' is not valid in a $select or $expand expression."
    );
}

#[test]
fn only_json_is_a_format() {
    assert!(list("$format=json").is_ok() && list("$format=application/json").is_ok());
    assert!(list("$format=xml").is_err());
}
