//! [`ReadPlan`]: what is to be read, checked against the property table, for rows that the caller may see.
//!
//! In two steps, because a query that cannot be answered is refused before anything stored is looked at (contract
//! section 11a): [`EntityQuery`] and [`CollectionQuery`] are what the caller wrote; a plan is made of one and a
//! [`Visibility`], so a query that forgets authorization does not compile.

use odata::QueryOptions;
use odata::filter::{BinaryOp, FilterExpr, FilterNode, Literal, PropertyPath};
use odata::query::SystemOption;

mod offer;
mod order;

pub use offer::{EXPORT, LIST_ARTIFACTS, LIST_CALLS, LIST_MEETINGS, Offer, parse_format, parse_nothing};
pub use order::{Order, OrderKey};

use super::QueryError;
use super::filter::{Checker, Comparison, Condition, Operand};
use super::page_token::Place;
use super::schema::{EntityType, Member, OWNER};
pub use super::select::Selection;
use crate::auth::access::Visibility;
use crate::clock::Ticks;
use crate::config::QueryOptionsRule;
use crate::graph::artifact::ArtifactProperty;
use offer::offered;
use order::order;

/// Items on a page when nobody says how many.
pub const DEFAULT_TOP: u64 = 20;
/// The most items on a page; a larger `$top` counts as this.
pub const MAX_TOP: u64 = 100;
/// The most rows that one request tests, or sorts, where no index answers it. A page that ends there has a next one.
pub const MAX_SCANNED: u64 = 10_000;
/// The most values that are looked at for that: a filter of many conditions gets fewer rows.
pub const MAX_LOOKED_AT: u64 = 300_000;
/// The most rows that are counted.
pub const MAX_COUNTED: u64 = 100_000;
/// The most rows that `$skip` leaves out.
pub const MAX_SKIPPED: u64 = 10_000;

/// What a caller wrote, and by which rules it is read.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The query, still encoded.
    pub query: Option<&'a str>,
    /// What is offered.
    pub rule: QueryOptionsRule,
    /// The present.
    pub now: Ticks,
    /// `Prefer: odata.maxpagesize`
    pub max_page_size: Option<u64>,
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
pub struct EntityQuery<P: Member> {
    /// Its properties.
    pub selection: Selection<P>,
}

impl<P: Member> EntityQuery<P> {
    /// Reads the options of a GET of one entity.
    ///
    /// # Errors
    /// [`QueryError`] where they cannot be read or are not offered.
    pub fn parse(asked: Asked<'_>, entity: &EntityType<P>) -> Result<Self, QueryError> {
        let options = QueryOptions::parse(asked.query)?;
        offered(
            &options,
            &[SystemOption::Select, SystemOption::Format],
            &[],
            asked.rule,
        )?;
        Ok(Self {
            selection: Selection::parse(&options, entity)?,
        })
    }
}

/// What a caller asks of a collection.
#[derive(Clone, Debug)]
pub struct CollectionQuery<P: Member> {
    /// Properties of its items.
    pub selection: Selection<P>,
    /// Which items.
    pub filter: Option<Condition>,
    /// In which order.
    pub order: Order,
    /// Size of a page.
    pub top: u64,
    /// `Prefer: odata.maxpagesize` had its way.
    pub is_page_size_preferred: bool,
    /// How many are left out.
    pub skip: u64,
    /// What `@odata.count` says.
    pub count: Count,
    skip_token: Option<String>,
    canonical: String,
}

impl<P: Member> CollectionQuery<P> {
    /// Reads the options of a GET of a collection.
    ///
    /// # Errors
    /// [`QueryError`] where they cannot be read or are not offered.
    pub fn parse(asked: Asked<'_>, entity: &EntityType<P>, offer: &Offer) -> Result<Self, QueryError> {
        let options = QueryOptions::parse(asked.query)?;
        offered(&options, offer.options, offer.superset, asked.rule)?;
        let top = options.top()?;
        let skip = options.skip()?.unwrap_or(0);
        if skip > MAX_SKIPPED {
            return Err(QueryError::Malformed(format!(
                "The query option '$skip' is at most {MAX_SKIPPED}: follow @odata.nextLink instead."
            )));
        }
        // A `$top` is what was asked for; the preference is for who says nothing (OData 4.01 Part 1 section 8.2.8.5).
        let preferred = asked.max_page_size.filter(|_| top.is_none());
        Ok(Self {
            selection: Selection::parse(&options, entity)?,
            filter: condition(&options, entity, offer.filters, asked)?,
            order: order(&options, entity)?,
            top: top.or(preferred).unwrap_or(DEFAULT_TOP).clamp(1, MAX_TOP),
            is_page_size_preferred: preferred.is_some(),
            skip,
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

impl CollectionQuery<ArtifactProperty> {
    /// Whom the filter demands as the organizer: `meetingOrganizer/user/id eq '…'`, as all of it or beside other
    /// conditions. It is taken out, for an export is of one organizer's anyway.
    pub fn take_organizer(&mut self) -> Option<String> {
        let demanded = |condition: &Condition| match condition {
            Condition::Compare(Comparison::Eq, Operand::Column(column), Operand::Text(text))
            | Condition::Compare(Comparison::Eq, Operand::Text(text), Operand::Column(column))
                if column.sql == OWNER =>
            {
                Some(text.clone())
            }
            _ => None,
        };
        let (found, rest) = match self.filter.take()? {
            Condition::And(mut list) => {
                let at = list.iter().position(|condition| demanded(condition).is_some());
                let found = at
                    .map(|at| list.remove(at))
                    .and_then(|condition| demanded(&condition));
                (found, Some(Condition::And(list)))
            }
            other => match demanded(&other) {
                Some(found) => (Some(found), None),
                None => (None, Some(other)),
            },
        };
        self.filter = rest;
        found
    }
}

/// What a caller asks of a feed of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaQuery {
    /// Size of a page.
    pub top: Option<u64>,
    /// It is that of `Prefer: odata.maxpagesize`.
    pub is_page_size_preferred: bool,
    /// The token that the caller brought, under either name. An empty one is none, as after 410.
    pub token: Option<String>,
}

impl DeltaQuery {
    /// Reads the options of `delta`.
    ///
    /// # Errors
    /// [`QueryError`] where they cannot be read or are not offered.
    pub fn parse(asked: Asked<'_>) -> Result<Self, QueryError> {
        use SystemOption::{DeltaToken, Format, SkipToken, Top};
        let options = QueryOptions::parse(asked.query)?;
        offered(&options, &[Top, SkipToken, DeltaToken, Format], &[], asked.rule)?;
        let tokens = [options.skip_token(), options.delta_token()];
        let top = options.top()?;
        let preferred = asked.max_page_size.filter(|_| top.is_none());
        Ok(Self {
            top: top.or(preferred).map(|top| top.clamp(1, MAX_TOP)),
            is_page_size_preferred: preferred.is_some(),
            token: tokens
                .into_iter()
                .flatten()
                .find(|token| !token.is_empty())
                .map(ToOwned::to_owned),
        })
    }
}

/// What a caller asks of a collection's `/$count` (OData 4.01 part 2 section 4.8): a filter at most.
///
/// # Errors
/// [`QueryError`] where the options cannot be read or are not offered.
pub fn parse_count<P: Member>(
    asked: Asked<'_>,
    entity: &EntityType<P>,
    offer: &Offer,
) -> Result<Option<Condition>, QueryError> {
    let options = QueryOptions::parse(asked.query)?;
    offered(
        &options,
        &[SystemOption::Filter, SystemOption::Format],
        &[],
        asked.rule,
    )?;
    condition(&options, entity, offer.filters, asked)
}

/// Reads `$filter`.
fn condition<P: Member>(
    options: &QueryOptions,
    entity: &EntityType<P>,
    filters: &[&str],
    asked: Asked<'_>,
) -> Result<Option<Condition>, QueryError> {
    let (Some(expression), Some(raw)) = (options.filter()?, options.raw(SystemOption::Filter)) else {
        return Ok(None);
    };
    let checker = Checker {
        entity,
        text: &raw.value,
        now: asked.now,
    };
    if asked.rule == QueryOptionsRule::Reference && !is_one_of(&expression, filters) {
        // What the type does not have is no question of the profile.
        if let Some(unknown) = first_unknown(&expression, entity) {
            return Err(QueryError::Malformed(format!(
                "Invalid filter clause: {}",
                entity.no_property(&unknown)
            )));
        }
        let what = match filters {
            [] => "A $filter".to_owned(),
            filters => format!("A $filter other than {} eq 'text'", filters.join(" eq 'text', ")),
        };
        return Err(QueryError::NotOffered { what });
    }
    checker.condition(&expression).map(Some)
}

/// Whether an expression compares one of these paths with a text.
fn is_one_of(expression: &FilterExpr, filters: &[&str]) -> bool {
    let FilterNode::Binary {
        op: BinaryOp::Eq,
        left,
        right,
    } = &expression.node
    else {
        return false;
    };
    matches!(&left.node, FilterNode::Path(path) if filters.iter().any(|known| path.is(known)))
        && matches!(right.node, FilterNode::Literal(Literal::String(_)))
}

/// The first property path of an expression that the type does not have.
fn first_unknown<P: Member>(expression: &FilterExpr, entity: &EntityType<P>) -> Option<String> {
    let unknown = |path: &PropertyPath| match entity.has(path) {
        true => None,
        false => Some(path.0.join("/")),
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
pub struct ReadPlan<P: Member> {
    /// Rows that the caller may see.
    pub visible: Visibility,
    /// The type.
    pub entity: &'static EntityType<P>,
    /// What was asked.
    pub query: CollectionQuery<P>,
    /// Which rows, of those that may be seen.
    pub conditions: Conditions,
    /// Where the page begins.
    pub after: Option<Place>,
    /// Where the page ends at the latest, if it looks at too many rows until there.
    pub until: Option<Place>,
}

/// Conditions on rows, told apart by what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// They narrow what the index walks.
    pub indexed: Vec<Condition>,
    /// Each row is tested for them.
    pub residual: Vec<Condition>,
}

impl Conditions {
    /// How many rows are tested at once, or sorted.
    pub fn rows(&self) -> u64 {
        self.affordable().min(MAX_SCANNED)
    }

    /// How many rows are tested to count them.
    pub fn rows_to_count(&self) -> u64 {
        self.affordable().min(MAX_COUNTED)
    }

    fn affordable(&self) -> u64 {
        let weight: u64 = self.residual.iter().map(Condition::weight).sum();
        (MAX_LOOKED_AT / weight.max(1)).max(1)
    }

    /// Those of a filter, for rows of a list in the order of its index.
    pub fn of<P: Member>(filter: Option<&Condition>, entity: &EntityType<P>, visible: &Visibility) -> Self {
        let mut conditions = Self::default();
        let all = match filter {
            None => &[],
            Some(Condition::And(list)) => list.as_slice(),
            Some(other) => std::slice::from_ref(other),
        };
        for condition in all {
            match is_indexed(condition, entity, visible) {
                true => conditions.indexed.push(condition.clone()),
                false => conditions.residual.push(condition.clone()),
            }
        }
        conditions
    }
}

/// Whether a condition bounds the order of the list, or has an index of its own.
fn is_indexed<P: Member>(condition: &Condition, entity: &EntityType<P>, visible: &Visibility) -> bool {
    let Condition::Compare(comparison, Operand::Column(column), other) = condition else {
        return false;
    };
    match (comparison, other) {
        (Comparison::Ne, _) => false,
        (_, Operand::Instant(_)) => entity.order.first() == Some(column),
        (Comparison::Eq, Operand::Text(_)) => visible.equality_indexes().contains(&column.sql),
        _ => false,
    }
}

impl<P: Member> ReadPlan<P> {
    /// The plan of a page.
    pub fn collection(
        entity: &'static EntityType<P>,
        query: CollectionQuery<P>,
        visible: Visibility,
        after: Option<Place>,
    ) -> Self {
        let conditions = Conditions::of(query.filter.as_ref(), entity, &visible);
        Self {
            visible,
            entity,
            query,
            conditions,
            after,
            until: None,
        }
    }

    /// Only rows from `start` on, and before `end`, by what the list is ordered by.
    pub fn between(&mut self, start: Option<Ticks>, end: Option<Ticks>) {
        let Some(column) = self.entity.order.first() else {
            return;
        };
        let bounds = [(Comparison::Ge, start), (Comparison::Lt, end)];
        for (comparison, bound) in bounds {
            if let Some(ticks) = bound {
                let bound = Condition::Compare(comparison, Operand::Column(*column), Operand::Instant(ticks));
                self.conditions.indexed.push(bound);
            }
        }
    }

    /// Whether rows are looked at that may not be on the page, so that the page may have to end before it is full.
    pub fn is_scan(&self) -> bool {
        self.query.order.is_indexed && (!self.conditions.residual.is_empty() || self.visible.hides_rows())
    }
}

#[cfg(test)]
mod tests;
