use super::*;
use crate::db::artifacts::ArtifactKind;

const RECORDING: &EntityType = EntityType::of(ArtifactKind::Recording);

fn list(query: &str) -> Result<CollectionQuery, QueryError> {
    CollectionQuery::parse(Some(query), RECORDING, QueryOptionsRule::Reference)
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
        assert_eq!(
            list(query).unwrap().filter,
            Some(Predicate::CorrelationIs("a-0".into())),
            "{query}"
        );
    }
}

#[test]
fn a_filter_that_cannot_be_read_gives_the_place_and_what_was_expected() {
    let text = refused("$filter=contentCorrelationId eq");
    assert!(
        text.starts_with("Invalid filter clause:") && text.contains("position 24"),
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
        "$expand=x",
        "$search=x",
        "$filter=callId eq 'x'",
        "$deltatoken=x",
    ] {
        assert!(refused(query).contains("graph.query_options"), "{query}");
        let archive =
            CollectionQuery::parse(Some(query), RECORDING, QueryOptionsRule::Superset).unwrap_err();
        assert!(matches!(archive, QueryError::NotBuilt(_)), "{query}");
    }
}

#[test]
fn a_name_with_a_dollar_that_nobody_knows_is_refused_in_every_profile() {
    for rule in [QueryOptionsRule::Reference, QueryOptionsRule::Superset] {
        let error = CollectionQuery::parse(Some("$frobnicate=1"), RECORDING, rule).unwrap_err();
        assert!(
            matches!(&error, QueryError::Malformed(text) if text.contains("$frobnicate")),
            "{error}"
        );
    }
}

#[test]
fn names_without_a_dollar_are_ignored_where_they_are_not_offered() {
    for query in ["model=A", "orderby=id", "expand=x", "x", "=", ""] {
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
