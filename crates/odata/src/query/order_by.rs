//! The value of `$orderby`: expressions with directions (Part 2, section 5.1.5; ABNF `orderby`).

use std::fmt;

use super::{Problem, QueryError, QueryOptions, SystemOption};
use crate::filter::{self, FilterExpr, FilterProblem};

/// Most items in one `$orderby`.
pub const MAX_ORDER_BY_ITEMS: usize = 32;

/// One item of `$orderby` (ABNF `orderbyItem`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByItem {
    /// What is compared: mostly a property or a path to one. Its position is a byte offset in the value.
    pub expression: FilterExpr,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Writes the canonical form: `asc` is left out.
impl fmt::Display for OrderByItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.descending { " desc" } else { "" };
        write!(f, "{}{direction}", self.expression)
    }
}

impl QueryOptions {
    /// The items of `$orderby` (Part 2, section 5.1.5), at most [`MAX_ORDER_BY_ITEMS`].
    ///
    /// # Errors
    ///
    /// An item is not an expression with `asc` or `desc` or nothing behind it.
    pub fn order_by(&self) -> Result<Option<Vec<OrderByItem>>, QueryError> {
        self.read(SystemOption::OrderBy, parse)
    }
}

fn parse(value: &str) -> Result<Vec<OrderByItem>, Problem> {
    if value.len() > filter::MAX_BYTES {
        return Err((0, "at most 4096 bytes"));
    }
    let items =
        filter::parse_order(value, MAX_ORDER_BY_ITEMS, "at most 32 items").map_err(|(offset, problem)| {
            match problem {
                FilterProblem::Unexpected { expected, .. } => (offset, expected),
                FilterProblem::UnterminatedString => (value.len(), "a closing quote"),
                FilterProblem::TooLong(_) => (offset, "at most 4096 bytes"),
                FilterProblem::TooDeep => (offset, "at most 20 levels of nesting"),
            }
        })?;
    let item = |(expression, descending)| OrderByItem {
        expression,
        descending,
    };
    Ok(items.into_iter().map(item).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::encode_segment;
    use crate::filter::tests::{any_expression, without_positions};

    fn read(value: &str) -> Result<Vec<OrderByItem>, QueryError> {
        let query = format!("$orderby={}", encode_segment(value));
        QueryOptions::parse(Some(&query))
            .unwrap()
            .order_by()
            .map(Option::unwrap)
    }

    fn written(items: &[OrderByItem]) -> String {
        items
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn items_have_expressions_and_directions() {
        let items = read("ReleaseDate asc, Rating DESC,length(Name),meetingOrganizer/user/id Asc").unwrap();
        assert_eq!(
            written(&items),
            "ReleaseDate,Rating desc,length(Name),meetingOrganizer/user/id"
        );
        assert_eq!(
            items.iter().map(|item| item.descending).collect::<Vec<_>>(),
            [false, true, false, false]
        );
        assert_eq!(items.get(1).map(|item| item.expression.position), Some(17));
        assert_eq!(QueryOptions::default().order_by(), Ok(None));
    }

    #[test]
    fn a_direction_may_be_a_name() {
        assert_eq!(written(&read("desc desc,asc").unwrap()), "desc desc,asc");
    }

    #[test]
    fn errors_say_where_and_what() {
        for (value, expected) in [
            (
                "",
                "at position 1: expected a property or another expression, found the end",
            ),
            (
                "a,",
                "at position 3: expected a property or another expression, found the end",
            ),
            (
                "a,,b",
                "at position 3: expected a property or another expression, found ',b'",
            ),
            (
                "a up",
                "at position 3: expected asc, desc, ',' or the end, found 'up'",
            ),
            (
                "ü desc desc",
                "at position 8: expected asc, desc, ',' or the end, found 'desc'",
            ),
            (
                "a eq 'b",
                "at position 8: expected a closing quote, found the end",
            ),
        ] {
            assert_eq!(
                read(value).unwrap_err().to_string(),
                format!("$orderby: {expected}")
            );
        }
    }

    #[test]
    fn items_depth_and_length_have_limits() {
        let items = |n: usize| vec!["a"; n].join(",");
        assert_eq!(
            read(&items(MAX_ORDER_BY_ITEMS)).unwrap().len(),
            MAX_ORDER_BY_ITEMS
        );
        let message = |value: &str| read(value).unwrap_err().to_string();
        assert_eq!(
            message(&items(MAX_ORDER_BY_ITEMS + 1)),
            format!("$orderby: at position 65: expected at most {MAX_ORDER_BY_ITEMS} items, found 'a'")
        );
        let deep = format!("{}a", "(".repeat(21));
        assert_eq!(
            message(&deep),
            "$orderby: at position 21: expected at most 20 levels of nesting, found '(a'"
        );
        let long = "a".repeat(filter::MAX_BYTES + 1);
        assert!(message(&long).contains(&format!("at most {} bytes", filter::MAX_BYTES)));
        assert!(message(&deep).contains(&format!("at most {} levels", filter::MAX_DEPTH)));
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_the_same(
            items in proptest::collection::vec((any_expression(), any::<bool>()), 1..4)
        ) {
            let items: Vec<_> = items
                .into_iter()
                .map(|(expression, descending)| OrderByItem { expression, descending })
                .collect();
            let printed = written(&items);
            prop_assume!(printed.len() <= filter::MAX_BYTES);
            let mut again = read(&printed).unwrap();
            for item in &mut again {
                item.expression = without_positions(item.expression.clone());
            }
            prop_assert_eq!(again, items, "{}", printed);
        }

        #[test]
        fn no_tokens_panic(value in "([a-e()',/:0-9 @$-]| eq | desc| asc|ü|\"){0,40}") {
            if let Ok(items) = read(&value) {
                let printed = written(&items);
                prop_assert_eq!(read(&printed).map(|items| written(&items)), Ok(printed));
            }
        }
    }
}
