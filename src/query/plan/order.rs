//! `$orderby`: what a list is ordered by.

use odata::QueryOptions;
use odata::filter::FilterNode;

use crate::query::QueryError;
use crate::query::schema::{Column, EntityType, Member};

/// The most properties that rows are ordered by.
const MAX_ORDERED: usize = 4;

/// A column that rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The column.
    pub column: Column,
    /// The greatest comes first.
    pub descending: bool,
}

/// The order of a list: keys, and then the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The keys.
    pub keys: Vec<OrderKey>,
    /// Whether an index has the rows in this order already.
    pub is_indexed: bool,
}

impl Order {
    /// Whether the id comes last with the greatest first, as the last key does.
    pub fn descends(&self) -> bool {
        self.keys.last().is_some_and(|key| key.descending)
    }
}

/// Reads `$orderby`.
pub(super) fn order<P: Member>(options: &QueryOptions, entity: &EntityType<P>) -> Result<Order, QueryError> {
    let ascending = |column: &Column| OrderKey {
        column: *column,
        descending: false,
    };
    let own = |keys| Order {
        keys,
        is_indexed: true,
    };
    let Some(items) = options.order_by()? else {
        return Ok(own(entity.order.iter().map(ascending).collect()));
    };
    let failed = |text: String| QueryError::Malformed(format!("Invalid orderby clause: {text}"));
    if items.len() > MAX_ORDERED {
        return Err(failed(format!("expected at most {MAX_ORDERED} properties.")));
    }
    let mut keys: Vec<OrderKey> = Vec::with_capacity(items.len());
    for item in &items {
        let FilterNode::Path(path) = &item.expression.node else {
            return Err(failed(
                "expected properties such as createdDateTime desc.".to_owned(),
            ));
        };
        let Some(column) = entity.column(path) else {
            return Err(failed(match entity.has(path) {
                true => format!("'{}' has no order.", path.0.join("/")),
                false => entity.no_property(&path.0.join("/")),
            }));
        };
        // A second mention says nothing any more.
        if keys.iter().all(|key| key.column != column) {
            keys.push(OrderKey {
                column,
                descending: item.descending,
            });
        }
    }
    let columns = keys.iter().map(|key| &key.column);
    // One direction throughout: an index is walked from either end.
    let is_indexed = columns.eq(entity.order)
        && keys.windows(2).all(|pair| match pair {
            [one, other] => one.descending == other.descending,
            _ => true,
        });
    Ok(Order { keys, is_indexed })
}
