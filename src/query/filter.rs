//! `$filter`, checked against the property table: what can be asked of stored values, with a type for every operand.
//!
//! A [`Condition`] is two-valued: a comparison with something that is null does not hold, and `eq` and `ne` take null for a
//! value like any other (OData 4.01 Part 2 section 5.1.1.1).

use odata::filter::{BinaryOp, FilterExpr, FilterNode, Literal, PropertyPath};

mod ast;

pub use ast::{Comparison, Condition, Operand, Part, TextTest};
pub(crate) use ast::{TICKS_BEFORE_1970, TICKS_PER_DAY};

use super::QueryError;
use super::schema::{ColumnKind, EntityType, Member};
use crate::clock::Ticks;
use crate::ids;
use ast::Kind;

/// Largest position and length that `substring` is asked for.
const MAX_POSITION: i64 = 1_000_000;
/// What a filter is read against.
pub(super) struct Checker<'a, P: Member> {
    /// The table.
    pub(super) entity: &'a EntityType<P>,
    /// The decoded text, for positions.
    pub(super) text: &'a str,
    /// What `now()` is.
    pub(super) now: Ticks,
}

impl<P: Member> Checker<'_, P> {
    /// The condition that an expression is.
    ///
    /// # Errors
    /// [`QueryError::Malformed`] with the place, where it names something that the type does not have, or compares what
    /// cannot be compared.
    pub(super) fn condition(&self, expression: &FilterExpr) -> Result<Condition, QueryError> {
        match &expression.node {
            FilterNode::Literal(Literal::Boolean(value)) => Ok(Condition::Always(*value)),
            FilterNode::And(list) => Ok(Condition::And(self.all(list)?)),
            FilterNode::Or(list) => Ok(Condition::Or(self.all(list)?)),
            FilterNode::Not(inner) => Ok(Condition::Not(Box::new(self.condition(inner)?))),
            FilterNode::Binary { op, left, right } => self.binary(expression, *op, left, right),
            FilterNode::Call { function, arguments } => self.test(expression, function, arguments),
            FilterNode::Path(_) => {
                self.operand(expression)?;
                Err(self.wrong(expression, "a comparison such as name eq 'text'"))
            }
            FilterNode::Literal(_) | FilterNode::Negate(_) | FilterNode::List(_) | FilterNode::Lambda(_) => {
                Err(self.wrong(expression, "a condition such as name eq 'text'"))
            }
        }
    }

    fn all(&self, list: &[FilterExpr]) -> Result<Vec<Condition>, QueryError> {
        list.iter().map(|one| self.condition(one)).collect()
    }

    fn binary(
        &self,
        whole: &FilterExpr,
        op: BinaryOp,
        left: &FilterExpr,
        right: &FilterExpr,
    ) -> Result<Condition, QueryError> {
        let comparison = match op {
            BinaryOp::Eq => Comparison::Eq,
            BinaryOp::Ne => Comparison::Ne,
            BinaryOp::Gt => Comparison::Gt,
            BinaryOp::Ge => Comparison::Ge,
            BinaryOp::Lt => Comparison::Lt,
            BinaryOp::Le => Comparison::Le,
            BinaryOp::In => return self.is_in(left, right),
            BinaryOp::Has
            | BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::DivBy
            | BinaryOp::Mod => {
                return Err(self.wrong(whole, "a comparison with eq, ne, gt, ge, lt, le or in"));
            }
        };
        if let Some(condition) = self.of_null_or_truth(comparison, left, right)? {
            return Ok(condition);
        }
        let (left, right) = self.pair(left, right)?;
        Ok(Condition::Compare(comparison, left, right))
    }

    /// `… eq null`, `… ne null`, and `… eq true` of a condition.
    fn of_null_or_truth(
        &self,
        comparison: Comparison,
        left: &FilterExpr,
        right: &FilterExpr,
    ) -> Result<Option<Condition>, QueryError> {
        let turned = |condition, is: bool| match is {
            true => condition,
            false => Condition::Not(Box::new(condition)),
        };
        let literal = |one: &FilterExpr| match &one.node {
            FilterNode::Literal(literal @ (Literal::Null | Literal::Boolean(_))) => Some(literal.clone()),
            _ => None,
        };
        let (found, other) = match (literal(left), literal(right)) {
            (_, Some(found)) => (found, left),
            (Some(found), None) => (found, right),
            (None, None) => return Ok(None),
        };
        let is = match comparison {
            Comparison::Eq => true,
            Comparison::Ne => false,
            Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => {
                return match found {
                    // Nothing is greater or less than null.
                    Literal::Null => self.operand(other).map(|_| Some(Condition::Always(false))),
                    _ => Err(self.wrong(other, "eq or ne beside true and false")),
                };
            }
        };
        match found {
            Literal::Null if matches!(other.node, FilterNode::Literal(Literal::Null)) => {
                Ok(Some(Condition::Always(is)))
            }
            Literal::Null => Ok(Some(turned(Condition::IsNull(self.operand(other)?), is))),
            Literal::Boolean(value) => Ok(Some(turned(self.condition(other)?, value == is))),
            _ => Ok(None),
        }
    }

    fn is_in(&self, left: &FilterExpr, right: &FilterExpr) -> Result<Condition, QueryError> {
        let FilterNode::List(items) = &right.node else {
            return Err(self.wrong(right, "a list such as ('a','b')"));
        };
        let mut list = Vec::with_capacity(items.len());
        let mut with_null = false;
        for item in items {
            match item.node {
                FilterNode::Literal(Literal::Null) => with_null = true,
                _ => list.push(self.pair(left, item)?.1),
            }
        }
        let operand = self.operand(left)?;
        let among = match list.as_slice() {
            [] => Condition::Always(false),
            // Null is a value like any other for `eq`, and not for the IN of SQL.
            list if list.iter().any(Operand::is_nullable) => Condition::Or(
                list.iter()
                    .map(|item| Condition::Compare(Comparison::Eq, operand.clone(), item.clone()))
                    .collect(),
            ),
            _ => Condition::In(operand.clone(), list),
        };
        Ok(match with_null {
            true => Condition::Or(vec![Condition::IsNull(operand), among]),
            false => among,
        })
    }

    /// Two operands that are of one type.
    fn pair(&self, left: &FilterExpr, right: &FilterExpr) -> Result<(Operand, Operand), QueryError> {
        let (one, other) = (self.operand(left)?, self.operand(right)?);
        match (one.kind(), other.kind()) {
            (kind, same) if kind == same => Ok(as_stored(one, other)),
            // A date stands for its first instant.
            (Kind::Instant, Kind::Date) => self.at_midnight(right, &other).map(|other| (one, other)),
            (Kind::Date, Kind::Instant) => self.at_midnight(left, &one).map(|one| (one, other)),
            (kind, _) if !matches!(left.node, FilterNode::Literal(_)) => {
                Err(self.wrong(right, kind.wanted()))
            }
            (_, kind) => Err(self.wrong(left, kind.wanted())),
        }
    }

    fn at_midnight(&self, at: &FilterExpr, operand: &Operand) -> Result<Operand, QueryError> {
        match operand {
            Operand::Days(days) => Ok(Operand::Instant(Ticks(days * TICKS_PER_DAY - TICKS_BEFORE_1970))),
            _ => Err(self.wrong(at, Kind::Instant.wanted())),
        }
    }

    fn operand(&self, expression: &FilterExpr) -> Result<Operand, QueryError> {
        match &expression.node {
            FilterNode::Literal(literal) => self.literal(expression, literal),
            FilterNode::Path(path) => self.path(expression, path),
            FilterNode::Negate(inner) => match self.operand(inner)? {
                Operand::Number(number) => Ok(Operand::Number(number.saturating_neg())),
                _ => Err(self.wrong(inner, "a whole number after the minus")),
            },
            FilterNode::Call { function, arguments } => self.call(expression, function, arguments),
            FilterNode::And(_)
            | FilterNode::Or(_)
            | FilterNode::Not(_)
            | FilterNode::Binary { .. }
            | FilterNode::List(_)
            | FilterNode::Lambda(_) => Err(self.wrong(expression, "a property, a function or a literal")),
        }
    }

    fn path(&self, expression: &FilterExpr, path: &PropertyPath) -> Result<Operand, QueryError> {
        match self.entity.column(path) {
            Some(column) => Ok(Operand::Column(column)),
            None if self.entity.has(path) => {
                Err(self.wrong(expression, "a property that can be filtered by"))
            }
            None => Err(QueryError::Malformed(format!(
                "Invalid filter clause: {}",
                self.entity.no_property(&path.0.join("/"))
            ))),
        }
    }

    fn literal(&self, at: &FilterExpr, literal: &Literal) -> Result<Operand, QueryError> {
        match literal {
            Literal::String(text) => Ok(Operand::Text(text.clone())),
            Literal::Integer(number) => Ok(Operand::Number(*number)),
            Literal::DateTimeOffset(text) => {
                let instant = full(text).parse();
                instant
                    .map(Operand::Instant)
                    .map_err(|_| self.wrong(at, Kind::Instant.wanted()))
            }
            Literal::Date(text) => {
                let midnight: Result<Ticks, _> = format!("{text}T00:00:00Z").parse();
                let days = midnight.map(|ticks| (ticks.0 + TICKS_BEFORE_1970) / TICKS_PER_DAY);
                days.map(Operand::Days)
                    .map_err(|_| self.wrong(at, Kind::Date.wanted()))
            }
            Literal::Guid(_) => Err(self.wrong(at, Kind::Text.wanted())),
            Literal::Null
            | Literal::Boolean(_)
            | Literal::Decimal(_)
            | Literal::TimeOfDay(_)
            | Literal::Duration(_)
            | Literal::Binary(_)
            | Literal::Enum { .. } => Err(self.wrong(at, "a text, a whole number, an instant or a date")),
        }
    }

    /// A function that is a condition.
    fn test(
        &self,
        whole: &FilterExpr,
        function: &PropertyPath,
        arguments: &[FilterExpr],
    ) -> Result<Condition, QueryError> {
        let test = match name(function).as_str() {
            "contains" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            _ => {
                // A wrong name is told before a wrong place.
                self.operand(whole)?;
                return Err(self.wrong(whole, "a comparison of the function's value"));
            }
        };
        let [text, part] = self.texts(whole, arguments)?;
        let (text, part) = as_stored(text, part);
        Ok(Condition::Text(test, text, part))
    }

    /// A function that is a value.
    fn call(
        &self,
        whole: &FilterExpr,
        function: &PropertyPath,
        arguments: &[FilterExpr],
    ) -> Result<Operand, QueryError> {
        // What is made of literals alone is one: no engine is to fold it in its own way.
        let one = |of: fn(Operand) -> Operand| {
            let [text] = self.texts(whole, arguments)?;
            Ok(of(text))
        };
        let part = |part| match arguments {
            [argument] => match self.operand(argument)? {
                operand @ (Operand::Column(_) | Operand::Instant(_)) if operand.kind() == Kind::Instant => {
                    Ok(Operand::Part(part, Box::new(operand)))
                }
                _ => Err(self.wrong(argument, "a property that is an instant")),
            },
            _ => Err(self.wrong(whole, "a function with one argument")),
        };
        match name(function).as_str() {
            "tolower" => one(|text| match text {
                Operand::Text(text) => Operand::Text(text.to_ascii_lowercase()),
                other => Operand::Lower(Box::new(other)),
            }),
            "toupper" => one(|text| match text {
                Operand::Text(text) => Operand::Text(text.to_ascii_uppercase()),
                other => Operand::Upper(Box::new(other)),
            }),
            "trim" => one(|text| match text {
                Operand::Text(text) => Operand::Text(text.trim_matches(' ').to_owned()),
                other => Operand::Trim(Box::new(other)),
            }),
            "length" => one(|text| Operand::Length(Box::new(text))),
            "concat" => {
                let [first, second] = self.texts(whole, arguments)?;
                Ok(match (first, second) {
                    (Operand::Text(first), Operand::Text(second)) => Operand::Text(first + &second),
                    (first, second) => Operand::Concat(Box::new(first), Box::new(second)),
                })
            }
            "indexof" => {
                let [text, part] = self.texts(whole, arguments)?;
                Ok(Operand::IndexOf(Box::new(text), Box::new(part)))
            }
            "substring" => self.substring(whole, arguments),
            "year" => part(Part::Year),
            "month" => part(Part::Month),
            "day" => part(Part::Day),
            "hour" => part(Part::Hour),
            "minute" => part(Part::Minute),
            "second" => part(Part::Second),
            "date" => part(Part::Date),
            "now" if arguments.is_empty() => Ok(Operand::Instant(self.now)),
            _ => Err(self.wrong(
                whole,
                "one of contains, startswith, endswith, tolower, toupper, trim, length, concat, indexof, substring, year, \
                 month, day, hour, minute, second, date, now",
            )),
        }
    }

    fn substring(&self, whole: &FilterExpr, arguments: &[FilterExpr]) -> Result<Operand, QueryError> {
        let (text, numbers) = match arguments {
            [text, numbers @ ..] if matches!(numbers.len(), 1 | 2) => (text, numbers),
            _ => return Err(self.wrong(whole, "substring(text,from) or substring(text,from,length)")),
        };
        let mut positions = Vec::with_capacity(2);
        for number in numbers {
            match self.operand(number)? {
                Operand::Number(value @ 0..=MAX_POSITION) => positions.push(value),
                _ => return Err(self.wrong(number, "a whole number from 0 to 1000000")),
            }
        }
        let [text] = self.texts(whole, std::slice::from_ref(text))?;
        let from = positions.first().copied().unwrap_or(0);
        Ok(Operand::Substring(
            Box::new(text),
            from,
            positions.get(1).copied(),
        ))
    }

    /// Exactly that many arguments, each a text.
    fn texts<const N: usize>(
        &self,
        whole: &FilterExpr,
        arguments: &[FilterExpr],
    ) -> Result<[Operand; N], QueryError> {
        let mut texts = Vec::with_capacity(N);
        for argument in arguments {
            let operand = self.operand(argument)?;
            if operand.kind() != Kind::Text {
                return Err(self.wrong(argument, "a text, or a property that is one"));
            }
            texts.push(operand);
        }
        texts.try_into().map_err(|_| {
            self.wrong(
                whole,
                if N == 1 {
                    "a function with one argument"
                } else {
                    "a function with two arguments"
                },
            )
        })
    }

    fn wrong(&self, at: &FilterExpr, expected: &str) -> QueryError {
        let before = self.text.get(..at.position).unwrap_or_default();
        let position = before.chars().count() + 1;
        let rest = self.text.get(at.position..).unwrap_or_default();
        let shown: String = rest.chars().take(40).collect();
        let found = if shown.is_empty() {
            "the end".to_owned()
        } else {
            format!("'{shown}'")
        };
        QueryError::Malformed(format!(
            "Invalid filter clause: at position {position}: expected {expected}, found {found}."
        ))
    }
}

/// Two operands, of which a text is written as what it is compared with is stored.
fn as_stored(one: Operand, other: Operand) -> (Operand, Operand) {
    let written = |column: &Operand, text: String| match column {
        Operand::Column(column) => Operand::Text(match column.kind {
            ColumnKind::Address => ids::join_web_url_key(&text),
            ColumnKind::Id => ids::normalized(text),
            ColumnKind::Text | ColumnKind::Instant => text,
        }),
        _ => Operand::Text(text),
    };
    match (one, other) {
        (one, Operand::Text(text)) => {
            let text = written(&one, text);
            (one, text)
        }
        (Operand::Text(text), other) => (written(&other, text), other),
        as_they_are => as_they_are,
    }
}

/// The name of a function as it is compared.
fn name(function: &PropertyPath) -> String {
    match function.0.as_slice() {
        [name] => name.to_ascii_lowercase(),
        _ => String::new(),
    }
}

/// An instant with its seconds: the grammar lets them out.
fn full(text: &str) -> String {
    match text.get(..16).zip(text.get(16..)) {
        Some((minutes, rest)) if !rest.starts_with(':') => format!("{minutes}:00{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
