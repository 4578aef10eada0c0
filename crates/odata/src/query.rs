//! Query options: what stands after the question mark.
//!
//! Part 2, section 5. The module splits and decodes the options, knows the names OData gives them and
//! reads their values. It does not know which of them a resource offers: the caller says so with
//! [`QueryOptions::expect_only`].

mod alias;
mod expand;
mod nesting;
mod order_by;
mod search;
mod select;
mod system_option;

use std::fmt::Write as _;

use thiserror::Error;

use crate::encoding::{Columns, Place, TextProblem, column, decode, encode_segment};
use crate::filter::{FilterError, FilterExpr};
use crate::steps;
pub use expand::{
    ExpandItem, ExpandKind, ExpandTarget, Levels, MAX_EXPAND_BYTES, MAX_EXPAND_ITEMS, MAX_NESTING,
};
pub use order_by::{MAX_ORDER_BY_ITEMS, OrderByItem};
pub use search::{MAX_SEARCH_BYTES, MAX_SEARCH_DEPTH, SearchExpr};
pub use select::{SelectItem, SelectTerm};
pub use system_option::SystemOption;

/// Most options in one query.
pub const MAX_OPTIONS: usize = 64;

/// A system query option as the caller wrote it, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawOption {
    /// Which option it is; nothing for a name with a dollar that OData does not define.
    pub option: Option<SystemOption>,
    /// The name as written.
    pub name: String,
    /// Whether the name was written with its dollar.
    pub dollar: bool,
    /// The value.
    pub value: String,
    /// The column of the name in the raw query, in characters from 1.
    pub position: usize,
}

/// A custom query option (Part 2, section 5.2) or a parameter alias (5.3), decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomOption {
    /// The name as written.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The options of one query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryOptions {
    system: Vec<RawOption>,
    custom: Vec<CustomOption>,
}

/// Why a text is not a list of query options, or a value not one of its option.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// A name or a value cannot be decoded.
    #[error("at position {position} of the query: {problem}")]
    Text {
        /// The column in the raw query, in characters from 1.
        position: usize,
        /// What is wrong there.
        #[source]
        problem: TextProblem,
    },
    /// The query has more than [`MAX_OPTIONS`] options.
    #[error("at position {position} of the query: expected at most {MAX_OPTIONS} options")]
    TooManyOptions {
        /// The column in the raw query, in characters from 1.
        position: usize,
    },
    /// A system query option is given twice, in whatever case and with or without the dollar.
    #[error("at position {position} of the query: expected each option once, found '{name}' again")]
    Duplicate {
        /// The column in the raw query, in characters from 1.
        position: usize,
        /// The name as written the second time.
        name: String,
    },
    /// The value of an option is not one.
    #[error("{name}: at position {position}: expected {expected}, found {found}")]
    Value {
        /// The name of the option as written.
        name: String,
        /// The column in the decoded value, in characters from 1.
        position: usize,
        /// What was expected there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The value of `$filter` is not an expression.
    #[error("{name}: {problem}")]
    Filter {
        /// The name of the option as written.
        name: String,
        /// What is wrong with the expression.
        #[source]
        problem: FilterError,
    },
}

/// Where a value is wrong, as a byte offset, and what was expected there.
type Problem = (usize, &'static str);

/// A query has an option that the resource does not offer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the query option '{name}' is not offered here")]
pub struct NotOffered {
    /// The name as written.
    pub name: String,
}

impl QueryOptions {
    /// Parses the raw, still encoded query without its question mark.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its position in `query`. Values are not looked at.
    pub fn parse(query: Option<&str>) -> Result<QueryOptions, QueryError> {
        let query = query.unwrap_or_default();
        let mut options = QueryOptions::default();
        let mut start = 0;
        let mut count = 0;
        let mut columns = Columns::new(query);
        for piece in query.split('&') {
            let end = start + piece.len();
            steps::add(piece.len() + 1);
            if !piece.is_empty() {
                count += 1;
                if count > MAX_OPTIONS {
                    return Err(QueryError::TooManyOptions {
                        position: columns.at(start),
                    });
                }
                let name_end = piece.find('=').map_or(end, |equals| start + equals);
                let text = |range| {
                    decode(query, range, Place::Query)
                        .map_err(|(position, problem)| QueryError::Text { position, problem })
                };
                let name = text(start..name_end)?;
                let value = text(end.min(name_end + 1)..end)?;
                options.add(name, value, columns.at(start))?;
            }
            start = end + 1;
        }
        Ok(options)
    }

    fn add(&mut self, name: String, value: String, position: usize) -> Result<(), QueryError> {
        let bare = name.strip_prefix('$');
        let option = SystemOption::from_bare_name(bare.unwrap_or(&name));
        let dollar = bare.is_some();
        if option.is_none() && !dollar {
            self.custom.push(CustomOption { name, value });
            return Ok(());
        }
        let is_same = |earlier: &RawOption| match option {
            Some(_) => earlier.option == option,
            None => earlier.name.eq_ignore_ascii_case(&name),
        };
        if self.system.iter().any(is_same) {
            return Err(QueryError::Duplicate { position, name });
        }
        self.system.push(RawOption {
            option,
            name,
            dollar,
            value,
            position,
        });
        Ok(())
    }

    /// The system query options, in the order written.
    pub fn system(&self) -> impl Iterator<Item = &RawOption> {
        self.system.iter()
    }

    /// The custom query options, in the order written.
    pub fn custom(&self) -> impl Iterator<Item = &CustomOption> {
        self.custom.iter()
    }

    /// The value of the first custom query option of exactly this name.
    #[must_use]
    pub fn custom_value(&self, name: &str) -> Option<&str> {
        self.custom
            .iter()
            .find(|custom| custom.name == name)
            .map(|custom| custom.value.as_str())
    }

    /// A system query option as written, if it is there.
    #[must_use]
    pub fn raw(&self, option: SystemOption) -> Option<&RawOption> {
        self.system.iter().find(|raw| raw.option == Some(option))
    }

    /// Checks that there is no system query option beside the offered ones.
    ///
    /// A name without its dollar does not count: where the option is not offered, it is a custom
    /// option, which services ignore.
    ///
    /// # Errors
    ///
    /// The first option, in the order written, that is not offered.
    pub fn expect_only(&self, offered: &[SystemOption]) -> Result<(), NotOffered> {
        let is_offered = |raw: &RawOption| raw.option.is_some_and(|option| offered.contains(&option));
        match self.system.iter().find(|raw| raw.dollar && !is_offered(raw)) {
            Some(raw) => Err(NotOffered {
                name: raw.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// The value of `$top`, from 1. A number too large for the type counts as the largest.
    ///
    /// # Errors
    ///
    /// The value is not a whole number, or it is zero, which Graph does not accept.
    pub fn top(&self) -> Result<Option<u64>, QueryError> {
        const EXPECTED: &str = "a whole number from 1";
        let Some((raw, number)) = self.number(SystemOption::Top, EXPECTED)? else {
            return Ok(None);
        };
        if number == 0 {
            Err(wrong_value(raw, 0, EXPECTED))
        } else {
            Ok(Some(number))
        }
    }

    /// The value of `$skip`. A number too large for the type counts as the largest.
    ///
    /// # Errors
    ///
    /// The value is not a whole number.
    pub fn skip(&self) -> Result<Option<u64>, QueryError> {
        Ok(self
            .number(SystemOption::Skip, "a whole number from 0")?
            .map(|(_, number)| number))
    }

    fn number(
        &self,
        option: SystemOption,
        expected: &'static str,
    ) -> Result<Option<(&RawOption, u64)>, QueryError> {
        let Some(raw) = self.raw(option) else {
            return Ok(None);
        };
        if let Some(offset) = raw.value.find(|c: char| !c.is_ascii_digit()) {
            return Err(wrong_value(raw, offset, expected));
        }
        if raw.value.is_empty() {
            return Err(wrong_value(raw, 0, expected));
        }
        Ok(Some((raw, raw.value.parse().unwrap_or(u64::MAX))))
    }

    /// The value of `$count` (Part 2, section 5.1.7).
    ///
    /// # Errors
    ///
    /// The value is neither `true` nor `false`, in any case.
    pub fn count(&self) -> Result<Option<bool>, QueryError> {
        match self.raw(SystemOption::Count) {
            None => Ok(None),
            Some(raw) if raw.value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(raw) if raw.value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(raw) => Err(wrong_value(raw, 0, "true or false")),
        }
    }

    /// The items of `$select` (Part 2, section 5.1.4).
    ///
    /// # Errors
    ///
    /// An item is empty or is not a path.
    pub fn select(&self) -> Result<Option<Vec<SelectItem>>, QueryError> {
        self.read(SystemOption::Select, select::parse)
    }

    /// The expression of `$filter` (Part 2, section 5.1.2).
    ///
    /// # Errors
    ///
    /// The value is not an expression.
    pub fn filter(&self) -> Result<Option<FilterExpr>, QueryError> {
        let parse = |raw: &RawOption| {
            FilterExpr::parse(&raw.value).map_err(|problem| QueryError::Filter {
                name: raw.name.clone(),
                problem,
            })
        };
        self.raw(SystemOption::Filter).map(parse).transpose()
    }

    /// Reads the value of an option, if it is there.
    fn read<T>(
        &self,
        option: SystemOption,
        parse: fn(&str) -> Result<T, Problem>,
    ) -> Result<Option<T>, QueryError> {
        let read = |raw: &RawOption| {
            parse(&raw.value).map_err(|(offset, expected)| wrong_value(raw, offset, expected))
        };
        self.raw(option).map(read).transpose()
    }

    /// The value of `$format`.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.value(SystemOption::Format)
    }

    /// The value of `$skiptoken`.
    #[must_use]
    pub fn skip_token(&self) -> Option<&str> {
        self.value(SystemOption::SkipToken)
    }

    /// The value of `$deltatoken`.
    #[must_use]
    pub fn delta_token(&self) -> Option<&str> {
        self.value(SystemOption::DeltaToken)
    }

    fn value(&self, option: SystemOption) -> Option<&str> {
        self.raw(option).map(|raw| raw.value.as_str())
    }

    /// One text for all queries that ask the same: a page token is sealed with it.
    ///
    /// System options are sorted by name and have their canonical names; the two tokens and all custom options, which ask for
    /// nothing, are left out. The text is a query string again.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut pairs: Vec<(String, &str)> = Vec::new();
        for raw in &self.system {
            match raw.option {
                Some(SystemOption::SkipToken | SystemOption::DeltaToken) => {}
                Some(option) => pairs.push((option.name().to_owned(), &raw.value)),
                None => pairs.push((raw.name.to_ascii_lowercase(), &raw.value)),
            }
        }
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut text = String::new();
        for (name, value) in pairs {
            let separator = if text.is_empty() { "" } else { "&" };
            let _ = write!(
                text,
                "{separator}{}={}",
                encode_segment(&name),
                encode_segment(value)
            );
        }
        text
    }
}

fn wrong_value(raw: &RawOption, offset: usize, expected: &'static str) -> QueryError {
    let found: String = raw
        .value
        .get(offset..)
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect();
    let found = if found.is_empty() {
        "the end".to_owned()
    } else {
        format!("'{found}'")
    };
    QueryError::Value {
        name: raw.name.clone(),
        position: column(&raw.value, offset),
        expected,
        found,
    }
}

/// A text as the value of a parameter in a query.
#[must_use]
pub fn encode_form(text: &str) -> String {
    encode_segment(text)
}

/// One name or value of a form or a query (`application/x-www-form-urlencoded`), decoded; `None` where it cannot be.
#[must_use]
pub fn decode_form(raw: &str) -> Option<String> {
    decode(raw, 0..raw.len(), Place::Query).ok()
}

#[cfg(test)]
mod tests;
