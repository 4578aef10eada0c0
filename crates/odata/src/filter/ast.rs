//! The tree of a filter expression.

use super::{FilterError, FilterProblem, MAX_BYTES, parser};
use crate::encoding::column;
use crate::instant::is_duration;

/// An expression with the place where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterExpr {
    /// What the expression is.
    pub node: FilterNode,
    /// The byte offset of its first character in the decoded text.
    pub position: usize,
}

/// One kind of expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterNode {
    /// A constant.
    Literal(Literal),
    /// A property, a path to one, a lambda variable, `$it` or a parameter alias.
    Path(PropertyPath),
    /// Two or more conditions of which all hold.
    And(Vec<FilterExpr>),
    /// Two or more conditions of which one holds.
    Or(Vec<FilterExpr>),
    /// A condition that does not hold.
    Not(Box<FilterExpr>),
    /// A number with its sign turned.
    Negate(Box<FilterExpr>),
    /// A comparison, a sum, a product, or a test with `has` or `in`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// What stands before it.
        left: Box<FilterExpr>,
        /// What stands after it.
        right: Box<FilterExpr>,
    },
    /// The list after `in`, with at least one item.
    List(Vec<FilterExpr>),
    /// A call of a function.
    Call {
        /// The name as written, perhaps qualified or at the end of a path.
        function: PropertyPath,
        /// The arguments, in order.
        arguments: Vec<FilterExpr>,
    },
    /// A test on the members of a collection.
    Lambda(Lambda),
}

/// The operators with two operands, except `and` and `or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Has the flags of an enumeration.
    Has,
    /// Is a member of the list or of the collection after it, and never of an expression in parentheses.
    In,
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; a whole number for whole numbers.
    Div,
    /// Quotient with its fraction.
    DivBy,
    /// Remainder.
    Mod,
}

/// `any` or `all` (Part 2, section 5.1.1.13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// The collection.
    pub collection: PropertyPath,
    /// Which of the two.
    pub op: LambdaOp,
    /// The variable with the condition on it; nothing for `any()`.
    pub condition: Option<(String, Box<FilterExpr>)>,
}

/// The lambda operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LambdaOp {
    /// At least one member fulfils the condition.
    Any,
    /// Every member does.
    All,
}

/// A path of names, in the case written (Part 2, section 5.1.1.15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyPath(pub Vec<String>);

impl PropertyPath {
    /// Whether the path is this one, such as `meetingOrganizer/user/id`, in any case.
    #[must_use]
    pub fn is(&self, path: &str) -> bool {
        let mut names = path.split('/');
        self.0.iter().all(|name| {
            names
                .next()
                .is_some_and(|wanted| wanted.eq_ignore_ascii_case(name))
        }) && names.next().is_none()
    }
}

/// A constant (Part 2, section 5.1.1.14). Dates and times are checked for their form and kept as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A string, without quotes.
    String(String),
    /// A whole number.
    Integer(i64),
    /// Any other number as written, also `INF`, `-INF` and `NaN`.
    Decimal(String),
    /// A GUID as written.
    Guid(String),
    /// A date, such as `2024-01-15`.
    Date(String),
    /// An instant with its offset, such as `2024-01-15T00:00:00Z`.
    DateTimeOffset(String),
    /// A time of day, such as `07:59:59.999`.
    TimeOfDay(String),
    /// What stands in the quotes of `duration'…'`, such as `P1DT2H`. Without the prefix it is a string.
    Duration(String),
    /// What stands in the quotes of `binary'…'`: base64url, perhaps padded.
    Binary(String),
    /// A member of an enumeration with the qualified name of its type.
    Enum {
        /// The qualified name of the type.
        type_name: String,
        /// What stands in the quotes: names or numbers of members, with commas.
        member: String,
    },
}

impl FilterExpr {
    /// Parses a decoded text.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its position and with what was expected.
    pub fn parse(text: &str) -> Result<FilterExpr, FilterError> {
        if text.len() > MAX_BYTES {
            return Err(FilterError {
                position: 1,
                problem: FilterProblem::TooLong(text.len()),
            });
        }
        parser::parse(text).map_err(|(offset, problem)| FilterError {
            position: column(text, offset),
            problem,
        })
    }
}

impl Literal {
    /// The duration a literal stands for, with its prefix or, as 4.01 allows, without it.
    #[must_use]
    pub fn as_duration(&self) -> Option<&str> {
        match self {
            Literal::Duration(text) => Some(text),
            Literal::String(text) if is_duration(text) => Some(text),
            _ => None,
        }
    }
}

/// Whether a text is a simple name (ABNF `odataIdentifier`).
pub(crate) fn is_identifier(text: &str) -> bool {
    const MOST_CHARACTERS: usize = 128;
    let first = |c: char| c.is_alphabetic() || c == '_';
    let other = |c: char| c.is_alphanumeric() || c == '_';
    text.starts_with(first) && text.chars().all(other) && text.chars().count() <= MOST_CHARACTERS
}
