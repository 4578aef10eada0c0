//! The value of `$search`: words and phrases with `AND`, `OR`, `NOT` (Part 2, section 5.1.8; ABNF `search`).
//!
//! The three operators have upper case only, and are words nowhere: who looks for one of them puts it
//! in quotes. What matches a word is the service's affair. Not read: the expression in single quotes
//! that the grammar calls incomplete.

use std::fmt;

use super::{Problem, QueryError, QueryOptions, SystemOption};
use crate::steps;

/// Longest value of `$search`, in bytes.
pub const MAX_SEARCH_BYTES: usize = 4096;
/// Most levels of parentheses and `NOT` in each other.
pub const MAX_SEARCH_DEPTH: usize = 20;

const TERM: &str = "a word, a phrase in double quotes, NOT or '('";

/// A search expression (ABNF `searchExpr`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchExpr {
    /// A word: no blanks, parentheses, double quotes or semicolons (ABNF `searchWord`).
    Word(String),
    /// Words in a row, without their quotes (ABNF `searchPhrase`).
    Phrase(String),
    /// What must not be found (ABNF `searchNegateExpr`).
    Not(Box<SearchExpr>),
    /// Two or more of which all must be found; `AND` may be left out (ABNF `searchAndExpr`).
    And(Vec<SearchExpr>),
    /// Two or more of which one must be found (ABNF `searchOrExpr`).
    Or(Vec<SearchExpr>),
}

impl QueryOptions {
    /// The expression of `$search` (Part 2, section 5.1.8).
    ///
    /// # Errors
    ///
    /// The value is not an expression, is longer than [`MAX_SEARCH_BYTES`] or deeper than [`MAX_SEARCH_DEPTH`].
    pub fn search(&self) -> Result<Option<SearchExpr>, QueryError> {
        self.read(SystemOption::Search, parse)
    }
}

fn parse(value: &str) -> Result<SearchExpr, Problem> {
    if value.len() > MAX_SEARCH_BYTES {
        return Err((0, "at most 4096 bytes"));
    }
    let mut parser = Parser {
        text: value,
        at: 0,
        token: Token::End,
        start: 0,
        depth: 0,
    };
    parser.advance()?;
    let expression = parser.either()?;
    match parser.token {
        Token::End => Ok(expression),
        _ => Err((parser.start, "AND, OR, a word or the end")),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Phrase(String),
    And,
    Or,
    Not,
    Open,
    Close,
    End,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    token: Token,
    /// Where the token begins.
    start: usize,
    depth: usize,
}

impl Parser<'_> {
    /// Parses terms with `OR`, which binds least.
    fn either(&mut self) -> Result<SearchExpr, Problem> {
        let mut terms = vec![self.all()?];
        while self.token == Token::Or {
            self.advance()?;
            terms.push(self.all()?);
        }
        Ok(single(terms, SearchExpr::Or))
    }

    /// Parses terms with `AND`, or with nothing between them.
    fn all(&mut self) -> Result<SearchExpr, Problem> {
        let mut terms = vec![self.term()?];
        loop {
            match self.token {
                Token::And => self.advance()?,
                Token::Or | Token::Close | Token::End => return Ok(single(terms, SearchExpr::And)),
                Token::Word(_) | Token::Phrase(_) | Token::Not | Token::Open => {}
            }
            terms.push(self.term()?);
        }
    }

    fn term(&mut self) -> Result<SearchExpr, Problem> {
        let term = match &self.token {
            Token::Word(word) => SearchExpr::Word(word.clone()),
            Token::Phrase(phrase) => SearchExpr::Phrase(phrase.clone()),
            Token::Not => {
                let negated = self.nested(|parser| {
                    parser.advance()?;
                    parser.term()
                })?;
                return Ok(SearchExpr::Not(Box::new(negated)));
            }
            Token::Open => self.nested(|parser| {
                parser.advance()?;
                let inner = parser.either()?;
                match parser.token {
                    Token::Close => Ok(inner),
                    _ => Err((parser.start, "AND, OR, a word or ')'")),
                }
            })?,
            Token::And | Token::Or | Token::Close | Token::End => return Err((self.start, TERM)),
        };
        self.advance()?;
        Ok(term)
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth == MAX_SEARCH_DEPTH {
            return Err((self.start, "at most 20 levels of nesting"));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// Reads the next token. One blank at least stands between two of them, except at a parenthesis' inside.
    fn advance(&mut self) -> Result<(), Problem> {
        let is_after_open = self.token == Token::Open || self.at == 0;
        let end = self.at;
        // Other blanks than the grammar's separate words too, for they cannot be in one.
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.start = self.at;
        let rest = self.text.get(self.at..).unwrap_or_default();
        steps::add(self.at - end + 1);
        self.token = match rest.chars().next() {
            None => Token::End,
            Some('(') => self.one(Token::Open),
            Some(')') => self.one(Token::Close),
            Some('"') => self.phrase()?,
            Some('\'' | ';') => return Err((self.start, TERM)),
            Some(_) => self.word(),
        };
        let needs_blank = !matches!(self.token, Token::Close | Token::End);
        if needs_blank && self.start == end && !is_after_open {
            return Err((self.start, "a blank"));
        }
        Ok(())
    }

    fn one(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn word(&mut self) -> Token {
        let rest = self.rest();
        let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | ';');
        let word = rest
            .get(..rest.find(is_end).unwrap_or(rest.len()))
            .unwrap_or_default()
            .to_owned();
        self.at += word.len();
        steps::add(word.len());
        match word.as_str() {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            _ => Token::Word(word),
        }
    }

    /// A phrase, in which a backslash stands before a quote and before a backslash.
    fn phrase(&mut self) -> Result<Token, Problem> {
        let mut phrase = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = characters.next() {
            steps::add(c.len_utf8());
            match c {
                '"' if phrase.is_empty() => return Err((self.at + offset, "a phrase that is not empty")),
                '"' => {
                    self.at += offset + 1;
                    return Ok(Token::Phrase(phrase));
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => phrase.push(escaped),
                    _ => return Err((self.at + offset + 1, "'\"' or '\\' after a backslash")),
                },
                other => phrase.push(other),
            }
        }
        Err((self.text.len(), "a closing quote"))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// One term alone, or several in their node.
fn single(mut terms: Vec<SearchExpr>, node: fn(Vec<SearchExpr>) -> SearchExpr) -> SearchExpr {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        last => {
            terms.extend(last);
            node(terms)
        }
    }
}

impl SearchExpr {
    /// How tightly the expression binds.
    fn precedence(&self) -> u8 {
        match self {
            SearchExpr::Or(_) => 1,
            SearchExpr::And(_) => 2,
            SearchExpr::Not(_) => 3,
            SearchExpr::Word(_) | SearchExpr::Phrase(_) => 4,
        }
    }

    fn write_within(&self, f: &mut fmt::Formatter<'_>, least: u8) -> fmt::Result {
        if self.precedence() < least {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

/// Writes the canonical form: every `AND` is there, and no parenthesis without need.
impl fmt::Display for SearchExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (terms, operator) = match self {
            SearchExpr::Word(word) => return f.write_str(word),
            SearchExpr::Phrase(phrase) => {
                let escaped = phrase.replace('\\', "\\\\").replace('"', "\\\"");
                return write!(f, "\"{escaped}\"");
            }
            SearchExpr::Not(negated) => {
                f.write_str("NOT ")?;
                return negated.write_within(f, self.precedence());
            }
            SearchExpr::And(terms) => (terms, " AND "),
            SearchExpr::Or(terms) => (terms, " OR "),
        };
        for (index, term) in terms.iter().enumerate() {
            f.write_str(if index > 0 { operator } else { "" })?;
            term.write_within(f, self.precedence() + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::encode_segment;

    fn read(value: &str) -> Result<SearchExpr, QueryError> {
        let query = format!("$search={}", encode_segment(value));
        QueryOptions::parse(Some(&query))
            .unwrap()
            .search()
            .map(Option::unwrap)
    }

    /// The tree in full parentheses.
    fn shape(value: &str) -> String {
        fn full(expression: &SearchExpr) -> String {
            let all = |terms: &[SearchExpr], sign: &str| {
                format!("[{}]", terms.iter().map(full).collect::<Vec<_>>().join(sign))
            };
            match expression {
                SearchExpr::And(terms) => all(terms, " & "),
                SearchExpr::Or(terms) => all(terms, " | "),
                SearchExpr::Not(negated) => format!("[! {}]", full(negated)),
                SearchExpr::Word(_) | SearchExpr::Phrase(_) => expression.to_string(),
            }
        }
        full(&read(value).unwrap_or_else(|e| panic!("{value}: {e}")))
    }

    #[test]
    fn operators_bind_as_the_specification_says() {
        for (value, expected) in [
            ("a", "a"),
            ("a b", "[a & b]"),
            ("a AND b", "[a & b]"),
            ("a b OR c d", "[[a & b] | [c & d]]"),
            ("a AND (b OR c)", "[a & [b | c]]"),
            ("NOT a b", "[[! a] & b]"),
            ("a NOT b", "[a & [! b]]"),
            ("NOT (a b)", "[! [a & b]]"),
            ("NOT NOT a", "[! [! a]]"),
            ("( a )", "a"),
            ("a OR b OR c", "[a | b | c]"),
            (" \"a (b\" c ", "[\"a (b\" & c]"),
        ] {
            assert_eq!(shape(value), expected, "{value}");
        }
    }

    #[test]
    fn operators_have_upper_case_only() {
        assert_eq!(shape("a and not b"), "[a & and & not & b]");
        assert_eq!(shape("\"AND\" OR ANDes"), "[\"AND\" | ANDes]");
    }

    #[test]
    fn words_and_phrases_keep_their_signs() {
        assert_eq!(read("o'neil's"), Ok(SearchExpr::Word("o'neil's".into())));
        assert_eq!(read("a:b*,c!/@$="), Ok(SearchExpr::Word("a:b*,c!/@$=".into())));
        assert_eq!(
            read("\"a\\\"b\\\\c; d\""),
            Ok(SearchExpr::Phrase("a\"b\\c; d".into()))
        );
        assert_eq!(QueryOptions::default().search(), Ok(None));
    }

    #[test]
    fn every_blank_of_unicode_separates_words() {
        // Found by fuzzing: a blank that was neither skipped nor a part of a word was an empty word, for ever.
        assert_eq!(shape("\u{3000}a\u{a0}b\u{2028}OR\u{3000}c"), "[[a & b] | c]");
        assert!(read("\u{3000}").is_err());
        assert_eq!(read("\"\u{a0}\""), Ok(SearchExpr::Phrase("\u{a0}".into())));
    }

    #[test]
    fn errors_say_where_and_what() {
        for (value, expected) in [
            (
                "",
                "at position 1: expected a word, a phrase in double quotes, NOT or '(', found the end",
            ),
            (
                "a AND",
                "at position 6: expected a word, a phrase in double quotes, NOT or '(', found the end",
            ),
            (
                "OR a",
                "at position 1: expected a word, a phrase in double quotes, NOT or '(', found 'OR a'",
            ),
            (
                "NOT",
                "at position 4: expected a word, a phrase in double quotes, NOT or '(', found the end",
            ),
            (
                "()",
                "at position 2: expected a word, a phrase in double quotes, NOT or '(', found ')'",
            ),
            (
                "ü;",
                "at position 2: expected a word, a phrase in double quotes, NOT or '(', found ';'",
            ),
            (
                "'a'",
                "at position 1: expected a word, a phrase in double quotes, NOT or '(', found ''a''",
            ),
            (
                "(a",
                "at position 3: expected AND, OR, a word or ')', found the end",
            ),
            (
                "a)",
                "at position 2: expected AND, OR, a word or the end, found ')'",
            ),
            ("\"a", "at position 3: expected a closing quote, found the end"),
            (
                "\"\"",
                "at position 2: expected a phrase that is not empty, found '\"'",
            ),
            (
                "\"a\\b\"",
                "at position 4: expected '\"' or '\\' after a backslash, found 'b\"'",
            ),
            ("\"a\"b", "at position 4: expected a blank, found 'b'"),
            ("a(b)", "at position 2: expected a blank, found '(b)'"),
            ("(a)OR b", "at position 4: expected a blank, found 'OR b'"),
            ("NOT(a)", "at position 4: expected a blank, found '(a)'"),
        ] {
            assert_eq!(
                read(value).unwrap_err().to_string(),
                format!("$search: {expected}"),
                "{value}"
            );
        }
    }

    #[test]
    fn depth_and_length_have_limits() {
        let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(shape(&nested(MAX_SEARCH_DEPTH)), "a");
        for value in [nested(MAX_SEARCH_DEPTH + 1), nested(2000), "NOT ".repeat(1000)] {
            let message = read(&value).unwrap_err().to_string();
            assert!(
                message.contains(&format!("at most {MAX_SEARCH_DEPTH} levels")),
                "{message}"
            );
        }
        let message = read(&"a ".repeat(MAX_SEARCH_BYTES)).unwrap_err().to_string();
        assert!(
            message.contains(&format!("at most {MAX_SEARCH_BYTES} bytes")),
            "{message}"
        );
    }

    pub(in crate::query) fn any_search() -> impl Strategy<Value = SearchExpr> {
        let leaf = prop_oneof![
            "[a-zé0-9*:@$=][a-z']{0,5}".prop_map(SearchExpr::Word),
            "[a-z\"\\\\;()' ]{1,9}".prop_map(SearchExpr::Phrase),
            Just(SearchExpr::Phrase("NOT".into())),
        ];
        leaf.prop_recursive(4, 20, 3, |inner| {
            let several = || proptest::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                several().prop_map(SearchExpr::And),
                several().prop_map(SearchExpr::Or),
                inner.clone().prop_map(|one| SearchExpr::Not(Box::new(one))),
            ]
        })
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_the_same(expression in any_search()) {
            let printed = expression.to_string();
            prop_assert_eq!(read(&printed), Ok(expression), "{}", printed);
        }

        #[test]
        fn no_text_panics(value in "([a-c()\"'\\\\; ü]|AND |OR|NOT ){0,40}") {
            if let Ok(expression) = read(&value) {
                let printed = expression.to_string();
                prop_assert_eq!(read(&printed).map(|again| again.to_string()), Ok(printed));
            }
        }

        #[test]
        fn no_unicode_panics(value in "\\PC{0,60}") {
            let _ = read(&value);
        }
    }
}
