//! `$filter`: an expression that is true or false for each item (Part 2, sections 5.1.1 and 5.1.2).
//!
//! The text goes through the lexer and a precedence parser, one token ahead and never back, so that
//! time stays linear. The parser is written by hand: with one it is easier to say what was expected.
//!
//! Nothing here knows types or properties: whether a number fits a byte is the caller's question. Not
//! read: JSON arrays and objects, geographies and geometries, `case`, arguments with names, empty lists,
//! years of more than four digits, and what may follow the closing parenthesis of a call in a path.

mod ast;
mod lexer;
mod parser;
mod print;

use thiserror::Error;

pub(crate) use ast::is_identifier;
pub use ast::{BinaryOp, FilterExpr, FilterNode, Lambda, LambdaOp, Literal, PropertyPath};

pub(crate) use parser::parse_order;

/// Longest expression, in bytes.
pub const MAX_BYTES: usize = 4096;
/// Most levels of parentheses, `not`, minus signs, calls and lambdas in each other.
pub const MAX_DEPTH: usize = 20;

/// Why a text is not a filter expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at position {position}: {problem}")]
pub struct FilterError {
    /// The column in the decoded text, in characters from 1.
    pub position: usize,
    /// What is wrong there.
    #[source]
    pub problem: FilterProblem,
}

/// What is wrong with a filter expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FilterProblem {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was expected, in words.
        expected: &'static str,
        /// What stands there, in quotes and perhaps cut, or "the end".
        found: String,
    },
    /// A string has no closing quote.
    #[error("expected a closing quote, found the end")]
    UnterminatedString,
    /// The text is longer than [`MAX_BYTES`].
    #[error("expected an expression of at most {MAX_BYTES} bytes, found {0}")]
    TooLong(usize),
    /// The expression is nested more than [`MAX_DEPTH`] levels deep.
    #[error("expected at most {MAX_DEPTH} levels of nesting, found more")]
    TooDeep,
}

/// What is wrong, with its byte offset.
type Problem = (usize, FilterProblem);

fn unexpected(text: &str, start: usize, end: usize, expected: &'static str) -> Problem {
    let found: String = text
        .get(start..end)
        .unwrap_or_default()
        .chars()
        .take(40)
        .collect();
    let found = if found.is_empty() {
        "the end".to_owned()
    } else {
        format!("'{found}'")
    };
    (start, FilterProblem::Unexpected { expected, found })
}

#[cfg(test)]
pub(crate) mod tests;
