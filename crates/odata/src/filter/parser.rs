//! Parses the tokens of a filter expression by precedence (Part 2, section 5.1.1.17).
//!
//! Operators, functions and constants are found in any case (5.1.1.1, 5.1.1.4). A word is an operator
//! only where an operand has just ended, except that no operand may have the name of one.

use super::ast::{BinaryOp, FilterExpr, FilterNode, Lambda, LambdaOp, Literal, PropertyPath};
use super::lexer::{Lexer, Token, TokenKind};
use super::{FilterProblem, MAX_DEPTH, Problem, unexpected};

const CONDITION: &str = "a condition such as name eq 'text'";
const VALUE: &str = "a literal such as 'text'";
const ARGUMENT: &str = "an argument such as a property or 'text'";

/// What stands between two operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Infix {
    And,
    Or,
    Binary(BinaryOp),
}

/// The precedence of `or`, the lowest one.
pub(super) const OR: u8 = 1;
/// The precedence of `and`.
pub(super) const AND: u8 = 2;
/// The precedence of `not` and of the minus sign.
pub(super) const UNARY: u8 = 7;

impl BinaryOp {
    pub(super) const ALL: [BinaryOp; 14] = [
        BinaryOp::Eq,
        BinaryOp::Ne,
        BinaryOp::Gt,
        BinaryOp::Ge,
        BinaryOp::Lt,
        BinaryOp::Le,
        BinaryOp::Has,
        BinaryOp::In,
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::DivBy,
        BinaryOp::Mod,
    ];

    /// How tightly the operator binds.
    pub(super) fn precedence(self) -> u8 {
        match self {
            BinaryOp::Eq | BinaryOp::Ne => 3,
            BinaryOp::Gt | BinaryOp::Ge | BinaryOp::Lt | BinaryOp::Le => 4,
            BinaryOp::Add | BinaryOp::Sub => 5,
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::DivBy | BinaryOp::Mod => 6,
            BinaryOp::Has | BinaryOp::In => 8,
        }
    }
}

impl Infix {
    fn from_word(word: &str) -> Option<Infix> {
        let binary = || {
            BinaryOp::ALL
                .into_iter()
                .find(|op| word.eq_ignore_ascii_case(op.name()))
        };
        match word {
            _ if word.eq_ignore_ascii_case("and") => Some(Infix::And),
            _ if word.eq_ignore_ascii_case("or") => Some(Infix::Or),
            _ => binary().map(Infix::Binary),
        }
    }

    fn precedence(self) -> u8 {
        match self {
            Infix::Or => OR,
            Infix::And => AND,
            Infix::Binary(op) => op.precedence(),
        }
    }
}

/// Parses a whole expression.
pub(super) fn parse(text: &str) -> Result<FilterExpr, Problem> {
    let mut parser = Parser::new(text)?;
    let expression = parser.expression(OR, CONDITION)?;
    match parser.token.kind {
        TokenKind::End => Ok(expression),
        _ => Err(parser.unexpected("an operator such as and, or the end")),
    }
}

/// Parses a list of expressions, each with whether `desc` follows it (ABNF `orderbyItem`).
///
/// `too_many` says what was expected instead of more than `most_items`.
pub(crate) fn parse_order(
    text: &str,
    most_items: usize,
    too_many: &'static str,
) -> Result<Vec<(FilterExpr, bool)>, Problem> {
    let mut parser = Parser::new(text)?;
    let mut items = Vec::new();
    loop {
        if items.len() == most_items {
            return Err(parser.unexpected(too_many));
        }
        let expression = parser.expression(OR, "a property or another expression")?;
        let direction = |wanted: &str| match &parser.token.kind {
            TokenKind::Word(word) => word.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        let descending = direction("desc");
        if descending || direction("asc") {
            parser.advance()?;
        }
        items.push((expression, descending));
        match parser.token.kind {
            TokenKind::End => return Ok(items),
            TokenKind::Comma => parser.advance()?,
            _ => return Err(parser.unexpected("asc, desc, ',' or the end")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    token: Token,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// At the first token of a text.
    fn new(text: &'a str) -> Result<Self, Problem> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next_token()?;
        Ok(Self {
            text,
            lexer,
            token,
            depth: 0,
        })
    }

    /// Parses operands and operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8, expected: &'static str) -> Result<FilterExpr, Problem> {
        let mut left = self.unary(expected)?;
        while let Some(infix) = self.infix().filter(|infix| infix.precedence() >= least) {
            left = match infix {
                Infix::Binary(op) => {
                    self.advance()?;
                    let right = self.expression(op.precedence() + 1, VALUE)?;
                    binary(op, left, right)
                }
                Infix::And | Infix::Or => self.conditions(infix, left)?,
            };
        }
        Ok(left)
    }

    /// Parses the rest of a chain of `and` or of `or`, as one node.
    fn conditions(&mut self, infix: Infix, first: FilterExpr) -> Result<FilterExpr, Problem> {
        let position = first.position;
        let mut conditions = vec![first];
        while self.infix() == Some(infix) {
            self.advance()?;
            conditions.push(self.expression(infix.precedence() + 1, CONDITION)?);
        }
        let node = if infix == Infix::And {
            FilterNode::And
        } else {
            FilterNode::Or
        };
        Ok(FilterExpr {
            node: node(conditions),
            position,
        })
    }

    fn infix(&self) -> Option<Infix> {
        match &self.token.kind {
            TokenKind::Word(word) => Infix::from_word(word),
            _ => None,
        }
    }

    fn unary(&mut self, expected: &'static str) -> Result<FilterExpr, Problem> {
        let position = self.token.start;
        let node = match &self.token.kind {
            TokenKind::Minus => FilterNode::Negate,
            TokenKind::Word(word) if word.eq_ignore_ascii_case("not") => FilterNode::Not,
            _ => return self.primary(expected),
        };
        let operand = self.nested(|parser| {
            parser.advance()?;
            parser.unary("a condition or a value")
        })?;
        Ok(FilterExpr {
            node: node(Box::new(operand)),
            position,
        })
    }

    /// Parses an operand with the operators that bind tightest.
    fn primary(&mut self, expected: &'static str) -> Result<FilterExpr, Problem> {
        let mut left = self.operand(expected)?;
        loop {
            let Some(Infix::Binary(op @ (BinaryOp::Has | BinaryOp::In))) = self.infix() else {
                return Ok(left);
            };
            self.advance()?;
            let right = if op == BinaryOp::In && self.token.kind == TokenKind::Open {
                self.list()?
            } else {
                self.operand(if op == BinaryOp::In {
                    "a list such as ('a','b')"
                } else {
                    VALUE
                })?
            };
            left = binary(op, left, right);
        }
    }

    fn list(&mut self) -> Result<FilterExpr, Problem> {
        let position = self.token.start;
        let items = self.nested(|parser| {
            parser.advance()?;
            parser.items(VALUE)
        })?;
        Ok(FilterExpr {
            node: FilterNode::List(items),
            position,
        })
    }

    /// Parses one or more expressions with commas, and the closing parenthesis.
    fn items(&mut self, expected: &'static str) -> Result<Vec<FilterExpr>, Problem> {
        let mut items = vec![self.expression(OR, expected)?];
        while self.token.kind == TokenKind::Comma {
            self.advance()?;
            items.push(self.expression(OR, expected)?);
        }
        self.close("',' or ')'")?;
        Ok(items)
    }

    fn operand(&mut self, expected: &'static str) -> Result<FilterExpr, Problem> {
        let position = self.token.start;
        match &self.token.kind {
            TokenKind::Literal(literal) => {
                let node = FilterNode::Literal(literal.clone());
                self.advance()?;
                Ok(FilterExpr { node, position })
            }
            TokenKind::Open => self.nested(|parser| {
                parser.advance()?;
                let inner = parser.expression(OR, CONDITION)?;
                parser.close("an operator such as and, or ')'")?;
                Ok(inner)
            }),
            TokenKind::Word(word) => {
                let word = word.clone();
                let is_keyword = Infix::from_word(&word).is_some() || word.eq_ignore_ascii_case("not");
                if is_keyword {
                    return Err(self.unexpected(expected));
                }
                self.advance()?;
                let node = self.member(word)?;
                Ok(FilterExpr { node, position })
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// Parses what begins with a name: a constant, a path, a call or a lambda.
    fn member(&mut self, first: String) -> Result<FilterNode, Problem> {
        let mut names = vec![first];
        while self.token.kind == TokenKind::Slash {
            let slash_end = self.token.end;
            self.advance()?;
            let name = match &self.token.kind {
                TokenKind::Word(name) if self.token.start == slash_end => name,
                _ => return Err(self.unexpected("the name of a property")),
            };
            names.push(name.clone());
            self.advance()?;
        }
        if self.token.kind == TokenKind::Open {
            return self.nested(|parser| parser.call(names));
        }
        let literal = match names.as_slice() {
            [word] => constant(word),
            _ => None,
        };
        Ok(literal.map_or_else(|| FilterNode::Path(PropertyPath(names)), FilterNode::Literal))
    }

    fn call(&mut self, mut names: Vec<String>) -> Result<FilterNode, Problem> {
        self.advance()?;
        let lambda = names
            .last()
            .filter(|_| names.len() > 1)
            .and_then(|name| match name {
                _ if name.eq_ignore_ascii_case("any") => Some(LambdaOp::Any),
                _ if name.eq_ignore_ascii_case("all") => Some(LambdaOp::All),
                _ => None,
            });
        if let Some(op) = lambda {
            names.truncate(names.len() - 1);
            return self.lambda(PropertyPath(names), op);
        }
        let function = PropertyPath(names);
        if self.token.kind == TokenKind::Close {
            self.advance()?;
            return Ok(FilterNode::Call {
                function,
                arguments: Vec::new(),
            });
        }
        Ok(FilterNode::Call {
            function,
            arguments: self.items(ARGUMENT)?,
        })
    }

    fn lambda(&mut self, collection: PropertyPath, op: LambdaOp) -> Result<FilterNode, Problem> {
        if self.token.kind == TokenKind::Close && op == LambdaOp::Any {
            self.advance()?;
            return Ok(FilterNode::Lambda(Lambda {
                collection,
                op,
                condition: None,
            }));
        }
        let TokenKind::Word(variable) = self.token.kind.clone() else {
            return Err(self.unexpected("a variable with a colon, such as x:"));
        };
        self.advance()?;
        if self.token.kind != TokenKind::Colon {
            return Err(self.unexpected("':'"));
        }
        self.advance()?;
        let condition = self.expression(OR, CONDITION)?;
        self.close("an operator such as and, or ')'")?;
        Ok(FilterNode::Lambda(Lambda {
            collection,
            op,
            condition: Some((variable, Box::new(condition))),
        }))
    }

    fn close(&mut self, expected: &'static str) -> Result<(), Problem> {
        if self.token.kind == TokenKind::Close {
            self.advance()
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// Parses something one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth == MAX_DEPTH {
            return Err((self.token.start, FilterProblem::TooDeep));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn advance(&mut self) -> Result<(), Problem> {
        self.token = self.lexer.next_token()?;
        Ok(())
    }

    fn unexpected(&self, expected: &'static str) -> Problem {
        unexpected(self.text, self.token.start, self.token.end, expected)
    }
}

fn binary(op: BinaryOp, left: FilterExpr, right: FilterExpr) -> FilterExpr {
    let position = left.position;
    FilterExpr {
        node: FilterNode::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        },
        position,
    }
}

/// The constant of a word. `INF` and `NaN` are found by the lexer, for they have only one case.
fn constant(word: &str) -> Option<Literal> {
    match word {
        _ if word.eq_ignore_ascii_case("null") => Some(Literal::Null),
        _ if word.eq_ignore_ascii_case("true") => Some(Literal::Boolean(true)),
        _ if word.eq_ignore_ascii_case("false") => Some(Literal::Boolean(false)),
        _ => None,
    }
}
