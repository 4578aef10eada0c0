//! [`ReadPlan`]: what is to be read, checked against the property table, for rows that the caller may see.
//!
//! In two steps, because a query that cannot be answered is refused before anything stored is looked at (contract
//! section 11a): [`EntityQuery`] and [`CollectionQuery`] are what the caller wrote; a plan is made of one and a
//! [`Visibility`], so a query that forgets authorization does not compile.

use odata::QueryOptions;
use odata::filter::{BinaryOp, FilterExpr, FilterNode, Literal, PropertyPath};
use odata::query::{NotOffered, SystemOption};

use super::QueryError;
use super::page_token::Place;
use super::schema::EntityType;
pub use super::select::Selection;
use crate::auth::access::Visibility;
use crate::config::QueryOptionsRule;
use crate::graph::artifact::ArtifactProperty;

/// Items on a page when nobody says how many.
pub const DEFAULT_TOP: u64 = 20;
/// The most items on a page; a larger `$top` counts as this.
pub const MAX_TOP: u64 = 100;

/// A condition on rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// `contentCorrelationId eq '…'`
    CorrelationIs(String),
}

/// What `@odata.count` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The items of this page: what Graph does when nobody asks.
    Page,
    /// All that match: `$count=true`.
    All,
    /// Nothing: `$count=false`.
    Absent,
}

/// What a caller asks of one entity.
#[derive(Clone, Debug)]
pub struct EntityQuery {
    /// Its properties.
    pub selection: Selection,
}

impl EntityQuery {
    /// Reads the options of a GET of one entity.
    ///
    /// # Errors
    /// [`QueryError`] where they cannot be read or are not offered.
    pub fn parse(
        query: Option<&str>,
        entity: &EntityType,
        rule: QueryOptionsRule,
    ) -> Result<Self, QueryError> {
        let options = QueryOptions::parse(query)?;
        offered(&options, &[SystemOption::Select, SystemOption::Format], rule)?;
        Ok(Self {
            selection: Selection::parse(&options, entity)?,
        })
    }
}

/// What a caller asks of a collection.
#[derive(Clone, Debug)]
pub struct CollectionQuery {
    selection: Selection,
    filter: Option<Predicate>,
    top: u64,
    count: Count,
    skip_token: Option<String>,
    canonical: String,
}

impl CollectionQuery {
    /// Reads the options of a GET of a collection.
    ///
    /// # Errors
    /// [`QueryError`] where they cannot be read or are not offered.
    pub fn parse(
        query: Option<&str>,
        entity: &EntityType,
        rule: QueryOptionsRule,
    ) -> Result<Self, QueryError> {
        use SystemOption::{Count as CountOption, Filter, Format, Select, SkipToken, Top};
        let options = QueryOptions::parse(query)?;
        offered(
            &options,
            &[Select, Filter, Top, CountOption, SkipToken, Format],
            rule,
        )?;
        Ok(Self {
            selection: Selection::parse(&options, entity)?,
            filter: predicate(&options, entity, rule)?,
            top: options.top()?.unwrap_or(DEFAULT_TOP).min(MAX_TOP),
            count: match options.count()? {
                None => Count::Page,
                Some(true) => Count::All,
                Some(false) => Count::Absent,
            },
            skip_token: options.skip_token().map(ToOwned::to_owned),
            canonical: options.canonical(),
        })
    }

    /// The page token that the caller brought.
    pub fn skip_token(&self) -> Option<&str> {
        self.skip_token.as_deref()
    }

    /// All options but the token, as one text that is the same for the same question, and a query string again.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// What a caller asks of a collection's `/$count` (OData 4.01 part 2 section 4.8): a filter at most.
///
/// # Errors
/// [`QueryError`] where the options cannot be read or are not offered.
pub fn parse_count(
    query: Option<&str>,
    entity: &EntityType,
    rule: QueryOptionsRule,
) -> Result<Option<Predicate>, QueryError> {
    let options = QueryOptions::parse(query)?;
    offered(&options, &[SystemOption::Filter, SystemOption::Format], rule)?;
    predicate(&options, entity, rule)
}

/// Checks the options of a GET of content: none but `$format`, which changes nothing there.
///
/// # Errors
/// [`QueryError`] where they cannot be read or are not offered.
pub fn parse_content(query: Option<&str>, rule: QueryOptionsRule) -> Result<(), QueryError> {
    offered(&QueryOptions::parse(query)?, &[SystemOption::Format], rule)
}

/// Refuses options beyond `list`, and a `$format` that is not JSON.
fn offered(options: &QueryOptions, list: &[SystemOption], rule: QueryOptionsRule) -> Result<(), QueryError> {
    if let Err(NotOffered { name }) = options.expect_only(list) {
        let known = options
            .system()
            .any(|raw| raw.name == name && raw.option.is_some());
        let what = format!("The query option '{name}'");
        return Err(match known {
            true => not_offered(what, rule),
            false => QueryError::Malformed(format!("{what} is not one of OData or Graph.")),
        });
    }
    let is_json = |format: &str| {
        format.eq_ignore_ascii_case("json") || format.to_ascii_lowercase().starts_with("application/json")
    };
    match options.format() {
        Some(format) if !is_json(format) => Err(QueryError::Malformed(
            "The query option '$format' takes json here.".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Refused by the reference; in the superset it is still to come.
fn not_offered(what: String, rule: QueryOptionsRule) -> QueryError {
    match rule {
        QueryOptionsRule::Reference => QueryError::NotOffered { what },
        QueryOptionsRule::Superset => QueryError::NotBuilt(what),
    }
}

/// Reads `$filter`.
fn predicate(
    options: &QueryOptions,
    entity: &EntityType,
    rule: QueryOptionsRule,
) -> Result<Option<Predicate>, QueryError> {
    let Some(expression) = options.filter()? else {
        return Ok(None);
    };
    if let Some(unknown) = first_unknown(&expression, entity) {
        return Err(QueryError::Malformed(format!(
            "Invalid filter clause: {}",
            entity.no_property(&unknown)
        )));
    }
    if let FilterNode::Binary {
        op: BinaryOp::Eq,
        left,
        right,
    } = &expression.node
        && let FilterNode::Path(path) = &left.node
        && path.is("contentCorrelationId")
        && let FilterNode::Literal(Literal::String(text)) = &right.node
    {
        return Ok(Some(Predicate::CorrelationIs(text.clone())));
    }
    Err(not_offered(
        "A $filter other than contentCorrelationId eq 'text'".to_owned(),
        rule,
    ))
}

/// The first property path of an expression that the type does not have.
fn first_unknown(expression: &FilterExpr, entity: &EntityType) -> Option<String> {
    let unknown = |path: &PropertyPath| {
        let (first, rest) = path.0.split_first()?;
        match entity.property(first) {
            Some((_, ArtifactProperty::MeetingOrganizer)) => None,
            Some(_) if rest.is_empty() => None,
            _ => Some(path.0.join("/")),
        }
    };
    let among = |list: &[FilterExpr]| list.iter().find_map(|item| first_unknown(item, entity));
    match &expression.node {
        FilterNode::Literal(_) => None,
        FilterNode::Path(path) => unknown(path),
        FilterNode::And(list) | FilterNode::Or(list) | FilterNode::List(list) => among(list),
        FilterNode::Not(inner) | FilterNode::Negate(inner) => first_unknown(inner, entity),
        FilterNode::Binary { left, right, .. } => {
            first_unknown(left, entity).or_else(|| first_unknown(right, entity))
        }
        FilterNode::Call { arguments, .. } => among(arguments),
        FilterNode::Lambda(lambda) => unknown(&lambda.collection),
    }
}

/// What is to be read of a collection.
#[derive(Debug)]
pub struct ReadPlan {
    /// Rows that the caller may see.
    pub visible: Visibility,
    /// Their properties.
    pub selection: Selection,
    /// Which of them.
    pub filter: Option<Predicate>,
    /// How many at most.
    pub top: u64,
    /// What `@odata.count` says.
    pub count: Count,
    /// Behind which of them the page begins.
    pub after: Option<Place>,
}

impl ReadPlan {
    /// A page of a collection.
    pub fn collection(query: CollectionQuery, visible: Visibility, after: Option<Place>) -> Self {
        let CollectionQuery {
            selection,
            filter,
            top,
            count,
            ..
        } = query;
        Self {
            visible,
            selection,
            filter,
            top,
            count,
            after,
        }
    }
}

#[cfg(test)]
mod tests {
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
}
