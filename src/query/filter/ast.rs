//! What can be asked of stored values, with a type for every operand.

use crate::clock::{TICKS_PER_SECOND, Ticks};
use crate::query::schema::{Column, ColumnKind};

/// What holds of a row, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Of all rows, or none.
    Always(bool),
    /// All of these hold.
    And(Vec<Condition>),
    /// One of these holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison of two operands of one type.
    Compare(Comparison, Operand, Operand),
    /// The operand is null.
    IsNull(Operand),
    /// A test of a text.
    Text(TextTest, Operand, Operand),
    /// The operand is one of these.
    In(Operand, Vec<Operand>),
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

/// What a text is tested for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
}

/// A value of a row, or made of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// What is stored.
    Column(Column),
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// An instant.
    Instant(Ticks),
    /// Days since 0001-01-01.
    Days(i64),
    /// `tolower`, of ASCII letters.
    Lower(Box<Operand>),
    /// `toupper`, of ASCII letters.
    Upper(Box<Operand>),
    /// `trim`, of blanks.
    Trim(Box<Operand>),
    /// `concat`
    Concat(Box<Operand>, Box<Operand>),
    /// `length`, in characters.
    Length(Box<Operand>),
    /// `indexof`, in characters from 0; -1 where it is not there.
    IndexOf(Box<Operand>, Box<Operand>),
    /// `substring`, in characters from 0, and how many at most.
    Substring(Box<Operand>, i64, Option<i64>),
    /// A part of an instant in UTC.
    Part(Part, Box<Operand>),
}

/// A part of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `year`
    Year,
    /// `month`
    Month,
    /// `day`
    Day,
    /// `hour`
    Hour,
    /// `minute`
    Minute,
    /// `second`
    Second,
    /// `date`
    Date,
}

/// The type of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Instant,
    Date,
}

impl Kind {
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes, such as 'text'",
            Self::Number => "a whole number",
            Self::Instant => "an instant such as 2024-01-15T00:00:00Z, without quotes",
            Self::Date => "a date such as 2024-01-15, without quotes",
        }
    }
}

/// Ticks from 0001-01-01 to 1970-01-01.
pub(crate) const TICKS_BEFORE_1970: i64 = 621_355_968_000_000_000;
/// Ticks of a day.
pub(crate) const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

impl Condition {
    /// How much work it is to test a row, in values that are looked at.
    pub fn weight(&self) -> u64 {
        match self {
            Self::Always(_) => 1,
            Self::And(list) | Self::Or(list) => list.iter().map(Self::weight).sum(),
            Self::Not(inner) => inner.weight(),
            Self::Compare(_, left, right) => left.weight() + right.weight(),
            Self::IsNull(one) => one.weight(),
            // The text is looked through, and more than once.
            Self::Text(_, text, part) => 2 * (text.weight() + part.weight()),
            Self::In(one, list) => one.weight() + list.iter().map(Operand::weight).sum::<u64>(),
        }
    }
}

impl Operand {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Column(column) => match column.kind {
                ColumnKind::Text | ColumnKind::Address | ColumnKind::Id => Kind::Text,
                ColumnKind::Instant => Kind::Instant,
            },
            Self::Text(_)
            | Self::Lower(_)
            | Self::Upper(_)
            | Self::Trim(_)
            | Self::Concat(..)
            | Self::Substring(..) => Kind::Text,
            Self::Number(_) | Self::Length(_) | Self::IndexOf(..) => Kind::Number,
            Self::Instant(_) => Kind::Instant,
            Self::Days(_) | Self::Part(Part::Date, _) => Kind::Date,
            Self::Part(..) => Kind::Number,
        }
    }

    /// How many values it is made of.
    fn weight(&self) -> u64 {
        match self {
            Self::Column(_) | Self::Text(_) | Self::Number(_) | Self::Instant(_) | Self::Days(_) => 1,
            Self::Lower(one)
            | Self::Upper(one)
            | Self::Trim(one)
            | Self::Length(one)
            | Self::Substring(one, ..)
            | Self::Part(_, one) => 1 + one.weight(),
            Self::Concat(one, other) | Self::IndexOf(one, other) => 1 + one.weight() + other.weight(),
        }
    }

    /// Whether it can be null.
    pub(crate) fn is_nullable(&self) -> bool {
        match self {
            Self::Column(column) => column.nullable,
            Self::Text(_) | Self::Number(_) | Self::Instant(_) | Self::Days(_) => false,
            Self::Lower(one)
            | Self::Upper(one)
            | Self::Trim(one)
            | Self::Length(one)
            | Self::Substring(one, ..)
            | Self::Part(_, one) => one.is_nullable(),
            Self::Concat(one, other) | Self::IndexOf(one, other) => one.is_nullable() || other.is_nullable(),
        }
    }
}
