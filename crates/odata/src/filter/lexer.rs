//! Cuts a filter expression into tokens.
//!
//! A number, a date or a GUID is one token. A word is not yet a keyword: whether `eq` is an operator
//! depends on where it stands, and only the parser knows that.

use super::ast::Literal;
use super::{FilterProblem, Problem, unexpected};

const CONSTANT: &str = "a number, a date, a time or a GUID";
const PREFIX: &str = "a blank, or a type such as duration, before the quote";
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
        let rest = self.rest().strip_prefix('-').unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit()) || run(rest, is_word_char) == "INF"
    }

    /// A run that begins with a digit or a sign.
    fn constant(&mut self) -> Result<Literal, Problem> {
        let start = self.at;
        let length = run(self.rest().get(1..).unwrap_or_default(), is_constant_char).len();
        self.at += 1 + length;
        let text = self.text.get(start..self.at).unwrap_or_default();
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
        let is_qualified = prefix.contains('.') && !prefix.starts_with(['.', '@', '$']);
        let wrap: fn(String, String) -> Literal = match prefix {
            _ if prefix.eq_ignore_ascii_case("duration") => |_, text| Literal::Duration(text),
            _ if prefix.eq_ignore_ascii_case("binary") => |_, text| Literal::Binary(text),
            _ if is_qualified => |type_name, member| Literal::Enum { type_name, member },
            _ => return Err(unexpected(self.text, start, self.at + 1, PREFIX)),
        };
        self.quoted().map(|text| wrap(prefix.to_owned(), text))
    }

    /// A string in quotes, in which a doubled quote is one.
    fn quoted(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let mut value = String::new();
        self.at += 1;
        while let Some((part, _)) = self.rest().split_once('\'') {
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
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    unsigned == "INF" || [whole, fraction, exponent].into_iter().all(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_guid(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.len() == GUID_BYTES
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text.split('-').all(is_hex)
}

/// A number of exactly two digits, if it is at most `most`.
fn two_digits(text: &str, most: u8) -> Option<u8> {
    let number = text.parse().ok().filter(|_| text.len() == 2 && is_digits(text))?;
    (number <= most).then_some(number)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(4, '-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let (Ok(number), Some(month)) = (year.parse::<u16>(), two_digits(month, 12)) else {
        return false;
    };
    let is_leap = number % 4 == 0 && (number % 100 != 0 || number % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    month > 0 && year.len() == 4 && is_digits(year) && two_digits(day, last).is_some_and(|day| day > 0)
}

fn is_time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = clock.splitn(4, ':').collect();
    let (hour, minute, second) = match *parts.as_slice() {
        [hour, minute] if clock == text => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, second),
        _ => return false,
    };
    let is_clock = [
        two_digits(hour, 23),
        two_digits(minute, 59),
        two_digits(second, 59),
    ];
    is_clock.iter().all(Option::is_some) && is_digits(fraction) && fraction.len() <= 12
}

fn is_instant(text: &str) -> bool {
    let Some((date, clock)) = text.split_once(['T', 't']) else {
        return false;
    };
    let time = clock.strip_suffix(['Z', 'z']).or_else(|| {
        let (time, offset) = clock.split_once(['+', '-'])?;
        let (hours, minutes) = offset.split_once(':')?;
        two_digits(hours, 14).and(two_digits(minutes, 59)).map(|_| time)
    });
    is_date(date) && time.is_some_and(is_time)
}
