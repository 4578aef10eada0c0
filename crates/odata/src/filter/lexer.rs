//! Cuts a filter expression into tokens.
//!
//! A number, a date or a GUID is one token. A word is not yet a keyword: whether `eq` is an operator
//! depends on where it stands, and only the parser knows that.

use super::ast::{self, Literal};
use super::{FilterProblem, Problem, unexpected};
use crate::instant::{is_date, is_digits, is_duration, is_instant, is_time, lost_offset};
use crate::steps;

const CONSTANT: &str = "a number, a date, a time or a GUID";
const PREFIX: &str = "a blank, or a type such as duration, before the quote";
const NO_PLACES: &str = "a literal other than a geography or a geometry";
const DURATION: &str = "a duration such as duration'P1DT2H'";
const BINARY: &str = "base64url such as binary'T0RhdGE='";
const MEMBERS: &str = "members of the enumeration such as 'Red,Green'";
/// Length of a GUID: 32 hexadecimal digits in five groups.
const GUID_BYTES: usize = 36;

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word(String),
    Literal(Literal),
    Open,
    Close,
    Comma,
    Colon,
    Slash,
    Minus,
    End,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    /// Reads the next token; at the end, an end token as often as asked.
    pub(super) fn next_token(&mut self) -> Result<Token, Problem> {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        let start = self.at;
        steps::add(1);
        let kind = self.kind()?;
        Ok(Token {
            kind,
            start,
            end: self.at,
        })
    }

    fn kind(&mut self) -> Result<TokenKind, Problem> {
        let Some(first) = self.rest().chars().next() else {
            return Ok(TokenKind::End);
        };
        let single = match first {
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            ',' => TokenKind::Comma,
            ':' => TokenKind::Colon,
            '/' => TokenKind::Slash,
            '\'' => {
                return self
                    .quoted()
                    .map(|text| TokenKind::Literal(Literal::String(text)));
            }
            '-' if !self.is_signed_constant() => TokenKind::Minus,
            '-' | '0'..='9' => return self.constant().map(TokenKind::Literal),
            '+' if self.is_signed_constant() => return self.constant().map(TokenKind::Literal),
            c if c.is_alphabetic() || matches!(c, '_' | '$' | '@') => return self.word(),
            c => {
                let end = self.at + c.len_utf8();
                return Err(unexpected(
                    self.text,
                    self.at,
                    end,
                    "a name, a literal or an operator",
                ));
            }
        };
        self.at += 1;
        Ok(single)
    }

    fn is_signed_constant(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or_default();
        let is_infinity = || self.rest().starts_with("-INF") && run(rest, is_word_char) == "INF";
        rest.starts_with(|c: char| c.is_ascii_digit()) || is_infinity()
    }

    /// A run that begins with a digit or a sign.
    fn constant(&mut self) -> Result<Literal, Problem> {
        let start = self.at;
        let length = run(self.rest().get(1..).unwrap_or_default(), is_constant_char).len();
        self.at += 1 + length;
        let text = self.text.get(start..self.at).unwrap_or_default();
        if let Some(offset) = lost_offset(text, self.rest(), is_constant_char) {
            self.at += 1 + offset.len();
            return Ok(Literal::DateTimeOffset(format!("{text}+{offset}")));
        }
        constant(text).ok_or_else(|| unexpected(self.text, start, self.at, CONSTANT))
    }

    fn word(&mut self) -> Result<TokenKind, Problem> {
        let start = self.at;
        if let Some((guid, rest)) = self.rest().split_at_checked(GUID_BYTES)
            && is_guid(guid)
            && !rest.starts_with(is_constant_char)
        {
            self.at += guid.len();
            return Ok(TokenKind::Literal(Literal::Guid(guid.to_owned())));
        }
        let word = run(self.rest(), is_word_char).to_owned();
        self.at += word.len();
        if self.rest().starts_with('\'') {
            return self.typed(&word, start).map(TokenKind::Literal);
        }
        Ok(match word.as_str() {
            "INF" | "NaN" => TokenKind::Literal(Literal::Decimal(word)),
            _ => TokenKind::Word(word),
        })
    }

    /// A literal whose type stands before its quote.
    fn typed(&mut self, prefix: &str, start: usize) -> Result<Literal, Problem> {
        let is = |name: &str| prefix.eq_ignore_ascii_case(name);
        let is_qualified = prefix.contains('.') && !prefix.starts_with(['.', '@', '$']);
        let (is_one, expected): (fn(&str) -> bool, _) = match prefix {
            _ if is("duration") => (is_duration, DURATION),
            _ if is("binary") => (is_base64url, BINARY),
            _ if is_qualified => (is_members, MEMBERS),
            _ => {
                let is_place = is("geography") || is("geometry");
                let expected = if is_place { NO_PLACES } else { PREFIX };
                return Err(unexpected(self.text, start, self.at + 1, expected));
            }
        };
        let text = self.quoted()?;
        if !is_one(&text) {
            return Err(unexpected(self.text, start, self.at, expected));
        }
        Ok(match prefix {
            _ if is("duration") => Literal::Duration(text),
            _ if is("binary") => Literal::Binary(text),
            _ => Literal::Enum {
                type_name: prefix.to_owned(),
                member: text,
            },
        })
    }

    /// A string in quotes, in which a doubled quote is one.
    fn quoted(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let mut value = String::new();
        self.at += 1;
        while let Some((part, _)) = self.rest().split_once('\'') {
            steps::add(part.len() + 1);
            value.push_str(part);
            self.at += part.len() + 1;
            if !self.rest().starts_with('\'') {
                return Ok(value);
            }
            value.push('\'');
            self.at += 1;
        }
        Err((start, FilterProblem::UnterminatedString))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn run(text: &str, belongs: fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    steps::add(end + 1);
    text.get(..end).unwrap_or_default()
}

/// Names, qualified names, `$it`, aliases and annotations.
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '@' | '#')
}

fn is_constant_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | ':' | '.')
}

/// The constant of a text that begins with a digit or a sign.
fn constant(text: &str) -> Option<Literal> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(Literal::Integer(number));
    }
    let owned = text.to_owned();
    match () {
        () if is_decimal(text) => Some(Literal::Decimal(owned)),
        () if is_guid(text) => Some(Literal::Guid(owned)),
        () if is_date(text) => Some(Literal::Date(owned)),
        () if is_time(text) => Some(Literal::TimeOfDay(owned)),
        () if is_instant(text) => Some(Literal::DateTimeOffset(owned)),
        () => None,
    }
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    unsigned == "INF" || [whole, fraction, exponent].into_iter().all(is_digits)
}

fn is_guid(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.len() == GUID_BYTES
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.split('-').all(is_hex)
}

/// Whether a text is base64url, with or without its padding (ABNF `binaryValue`).
fn is_base64url(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // The bits of the last digit that belong to no byte are zero.
    let (spare, most) = match digits.len() % 4 {
        0 => ("", 0),
        2 => ("AQgw", 2),
        3 => ("AEIMQUYcgkosw048", 1),
        _ => return false,
    };
    let is_ended = spare.is_empty() || digits.ends_with(|c| spare.contains(c));
    digits.bytes().all(is_digit) && is_ended && (padding == 0 || padding == most)
}

/// Whether a text is a list of members of an enumeration, by name or number (ABNF `enumLiteral`).
fn is_members(text: &str) -> bool {
    let is_member = |member: &str| ast::is_identifier(member) || member.parse::<i64>().is_ok();
    text.split(',').all(|member| is_member(member.trim_matches(' ')))
}
