//! Writes a filter expression: single blanks, lower-case operators, no parentheses without need.

use std::fmt;

use super::ast::{BinaryOp, FilterExpr, FilterNode, Lambda, LambdaOp, Literal, PropertyPath};
use super::parser::{AND, OR, UNARY};
use crate::encoding::string_literal;

/// The precedence of what needs no parentheses anywhere.
const ATOM: u8 = 9;

impl FilterNode {
    fn precedence(&self) -> u8 {
        match self {
            FilterNode::Or(_) => OR,
            FilterNode::And(_) => AND,
            FilterNode::Not(_) | FilterNode::Negate(_) => UNARY,
            FilterNode::Binary { op, .. } => op.precedence(),
            FilterNode::Literal(_)
            | FilterNode::Path(_)
            | FilterNode::List(_)
            | FilterNode::Call { .. }
            | FilterNode::Lambda(_) => ATOM,
        }
    }
}

impl BinaryOp {
    /// The operator as written, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BinaryOp::Eq => "eq",
            BinaryOp::Ne => "ne",
            BinaryOp::Gt => "gt",
            BinaryOp::Ge => "ge",
            BinaryOp::Lt => "lt",
            BinaryOp::Le => "le",
            BinaryOp::Has => "has",
            BinaryOp::In => "in",
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Div => "div",
            BinaryOp::DivBy => "divby",
            BinaryOp::Mod => "mod",
        }
    }
}

/// An expression where only one that binds at least this tightly needs no parentheses.
struct Within<'a>(&'a FilterExpr, u8);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Within(expression, least) = self;
        if expression.node.precedence() < *least {
            write!(f, "({expression})")
        } else {
            expression.fmt(f)
        }
    }
}

impl fmt::Display for FilterExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            FilterNode::Literal(literal) => literal.fmt(f),
            FilterNode::Path(path) => path.fmt(f),
            FilterNode::And(conditions) => write_joined(f, conditions, " and ", AND + 1),
            FilterNode::Or(conditions) => write_joined(f, conditions, " or ", OR + 1),
            FilterNode::Not(operand) => write!(f, "not {}", Within(operand, UNARY)),
            // The blank keeps the sign apart from a number, of which it would become a part.
            FilterNode::Negate(operand) => write!(f, "- {}", Within(operand, UNARY)),
            FilterNode::Binary { op, left, right } => {
                let least = op.precedence();
                write!(
                    f,
                    "{} {} {}",
                    Within(left, least),
                    op.name(),
                    Within(right, least + 1)
                )
            }
            FilterNode::List(items) => write_arguments(f, items),
            FilterNode::Call { function, arguments } => {
                function.fmt(f)?;
                write_arguments(f, arguments)
            }
            FilterNode::Lambda(lambda) => lambda.fmt(f),
        }
    }
}

fn write_arguments(f: &mut fmt::Formatter<'_>, items: &[FilterExpr]) -> fmt::Result {
    f.write_str("(")?;
    write_joined(f, items, ",", OR)?;
    f.write_str(")")
}

fn write_joined(f: &mut fmt::Formatter<'_>, items: &[FilterExpr], separator: &str, least: u8) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let separator = if index > 0 { separator } else { "" };
        write!(f, "{separator}{}", Within(item, least))?;
    }
    Ok(())
}

impl fmt::Display for Lambda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            LambdaOp::Any => "any",
            LambdaOp::All => "all",
        };
        write!(f, "{}/{op}(", self.collection)?;
        if let Some((variable, condition)) = &self.condition {
            write!(f, "{variable}:{condition}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Boolean(value) => value.fmt(f),
            Literal::Integer(value) => value.fmt(f),
            Literal::String(text) => f.write_str(&string_literal(text)),
            Literal::Decimal(text)
            | Literal::Guid(text)
            | Literal::Date(text)
            | Literal::DateTimeOffset(text)
            | Literal::TimeOfDay(text) => f.write_str(text),
            Literal::Duration(text) => write!(f, "duration{}", string_literal(text)),
            Literal::Binary(text) => write!(f, "binary{}", string_literal(text)),
            Literal::Enum { type_name, member } => write!(f, "{type_name}{}", string_literal(member)),
        }
    }
}
