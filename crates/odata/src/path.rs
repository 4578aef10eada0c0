//! Resource paths: what stands between the service root and the question mark.
//!
//! Part 2, section 4. Both ways of writing a key are read: in parentheses (4.3) and as a segment
//! (4.3.6), and so are function calls (4.5.2). The module does not know which names exist: `users/u`
//! is two plain segments, and the router decides that the second one is a key.

use std::fmt;

use thiserror::Error;

use crate::encoding::{Place, TextProblem, column, decode, encode_segment, raw_offset};
use crate::instant::lost_offset;
use crate::steps;

/// Longest decoded segment, in bytes. The longest ids in use have about 300.
pub const MAX_SEGMENT_BYTES: usize = 1024;
/// Most segments in one path. The longest path of the API has nine.
pub const MAX_SEGMENTS: usize = 32;

/// The schema of Microsoft Graph and its alias, which may qualify a function's name (Part 2, 4.5.2).
const QUALIFIERS: [&str; 2] = ["microsoft.graph.", "graph."];

/// A parsed resource path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePath {
    segments: Vec<Segment>,
}

/// One step of a resource path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A name, or a key written as a segment.
    Plain(String),
    /// A single key in parentheses, without its quotes.
    Key(String),
    /// Named keys or function parameters, in the order written; empty for `f()`.
    ///
    /// A value is the text of the literal: without quotes where it had some, as written otherwise. A
    /// parameter alias (Part 2, section 5.3) keeps its `@`: see [`QueryOptions::resolve`](crate::QueryOptions::resolve).
    Named(Vec<(String, String)>),
}

impl Segment {
    /// The text of a name or of a single key, however it was written.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Segment::Plain(text) | Segment::Key(text) => Some(text),
            Segment::Named(_) => None,
        }
    }

    /// The value of a named key or of a function parameter, by its name in any case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let Segment::Named(parameters) = self else {
            return None;
        };
        parameters
            .iter()
            .find(|(written, _)| written.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Why a text is not a resource path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at position {position}: {problem}")]
pub struct PathError {
    /// The column in the raw path, in characters from 1.
    pub position: usize,
    /// What is wrong there.
    #[source]
    pub problem: PathProblem,
}

/// What is wrong with a resource path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathProblem {
    /// A segment cannot be decoded.
    #[error(transparent)]
    Text(#[from] TextProblem),
    /// A segment is `.` or `..`, however it was encoded.
    #[error("expected a name, found a dot segment")]
    DotSegment,
    /// A segment is longer than [`MAX_SEGMENT_BYTES`].
    #[error("expected a segment of at most {MAX_SEGMENT_BYTES} bytes")]
    SegmentTooLong,
    /// The path has more than [`MAX_SEGMENTS`] segments.
    #[error("expected at most {MAX_SEGMENTS} segments")]
    TooManySegments,
    /// A parenthesis has no partner, or text follows the closing one.
    #[error("expected balanced parentheses at the end of the segment")]
    UnbalancedParenthesis,
    /// A string literal has no closing quote.
    #[error("expected a closing quote")]
    UnterminatedLiteral,
    /// A key or parameter value is missing or has a character that needs quotes.
    #[error("expected a literal such as 'text'")]
    BadLiteral,
    /// Two parameters are not separated.
    #[error("expected ',' or ')'")]
    MissingComma,
    /// A value stands without a name among named ones.
    #[error("expected a parameter such as name='text'")]
    MissingName,
    /// A parameter is given twice.
    #[error("expected each parameter once, found '{0}' again")]
    DuplicateParameter(String),
}

impl ResourcePath {
    /// Parses the raw, still encoded path below the service root. Empty segments do not count.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its position in `raw`.
    pub fn parse(raw: &str) -> Result<ResourcePath, PathError> {
        let mut segments = Vec::new();
        let mut start = 0;
        for piece in raw.split('/') {
            let end = start + piece.len();
            steps::add(piece.len() + 1);
            if !piece.is_empty() {
                let text = decode(raw, start..end, Place::Path).map_err(|(position, problem)| PathError {
                    position,
                    problem: problem.into(),
                })?;
                parse_segment(&text, &mut segments)
                    .map_err(|(offset, problem)| error_at(raw, start + raw_offset(piece, offset), problem))?;
                // Counted after it was read: a call or a key in parentheses is a segment of its own.
                if segments.len() > MAX_SEGMENTS {
                    return Err(error_at(raw, start, PathProblem::TooManySegments));
                }
            }
            start = end + 1;
        }
        Ok(ResourcePath { segments })
    }

    /// The segments, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segments, in order, without the path around them.
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.segments
    }
}

impl From<Vec<Segment>> for ResourcePath {
    fn from(segments: Vec<Segment>) -> Self {
        ResourcePath { segments }
    }
}

/// Writes the canonical form: percent-encoded, no leading slash, keys as segments.
///
/// A text that would be read differently as a segment is written as a key in parentheses instead.
impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut after_name = false;
        for (index, segment) in self.segments.iter().enumerate() {
            let is_call = matches!(segment, Segment::Named(_)) && after_name;
            if index > 0 && !is_call {
                f.write_str("/")?;
            }
            after_name = match segment {
                Segment::Plain(text) | Segment::Key(text) => {
                    let is_name = matches!(segment, Segment::Plain(_));
                    if reads_as_itself(text, is_name) {
                        f.write_str(&encode_segment(text))?;
                        true
                    } else {
                        write!(f, "({})", encode_literal(text))?;
                        false
                    }
                }
                Segment::Named(parameters) => {
                    write_parameters(f, parameters)?;
                    false
                }
            };
        }
        Ok(())
    }
}

fn write_parameters(f: &mut fmt::Formatter<'_>, parameters: &[(String, String)]) -> fmt::Result {
    f.write_str("(")?;
    for (index, (name, value)) in parameters.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(f, "{comma}{}={}", encode_segment(name), encode_literal(value))?;
    }
    f.write_str(")")
}

fn encode_literal(text: &str) -> String {
    format!(
        "'{}'",
        encode_segment(&text.replace('\'', "''")).replace("%27", "'")
    )
}

/// Whether a text, written as a segment of its own, is parsed as that text and taken for what it is.
fn reads_as_itself(text: &str, is_name: bool) -> bool {
    !text.is_empty()
        && !matches!(text, "." | "..")
        && !text.contains(['(', ')'])
        && without_qualifier(text) == text
        && (is_name || !text.starts_with('$'))
}

fn error_at(raw: &str, offset: usize, problem: PathProblem) -> PathError {
    PathError {
        position: column(raw, offset),
        problem,
    }
}

/// Parses one decoded segment; an error carries its byte offset in `text`.
fn parse_segment(text: &str, segments: &mut Vec<Segment>) -> Result<(), (usize, PathProblem)> {
    steps::add(text.len());
    if text.len() > MAX_SEGMENT_BYTES {
        return Err((0, PathProblem::SegmentTooLong));
    }
    if matches!(text, "." | "..") {
        return Err((0, PathProblem::DotSegment));
    }
    let Some((name, inner)) = text.split_once('(') else {
        if let Some(offset) = text.find(')') {
            return Err((offset, PathProblem::UnbalancedParenthesis));
        }
        segments.push(Segment::Plain(without_qualifier(text).to_owned()));
        return Ok(());
    };
    if let Some(offset) = name.find(')') {
        return Err((offset, PathProblem::UnbalancedParenthesis));
    }
    if !name.is_empty() {
        segments.push(Segment::Plain(without_qualifier(name).to_owned()));
    }
    let mut arguments = Arguments {
        text,
        at: text.len() - inner.len(),
    };
    segments.push(arguments.parse()?);
    Ok(())
}

fn without_qualifier(name: &str) -> &str {
    let is_identifier = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    QUALIFIERS
        .iter()
        .filter_map(|qualifier| {
            name.split_at_checked(qualifier.len())
                .filter(|(q, _)| q == qualifier)
        })
        .map(|(_, function)| function)
        .find(|function| is_identifier(function))
        .unwrap_or(name)
}

/// A reader of what stands in the parentheses of one segment, from after the opening one.
struct Arguments<'a> {
    text: &'a str,
    at: usize,
}

impl Arguments<'_> {
    fn parse(&mut self) -> Result<Segment, (usize, PathProblem)> {
        let mut named: Vec<(String, String)> = Vec::new();
        self.skip_blanks();
        if self.eat(')') {
            return self.end(Segment::Named(named));
        }
        loop {
            self.skip_blanks();
            let start = self.at;
            let Some(name) = self.parameter_name() else {
                if !named.is_empty() {
                    return Err((start, PathProblem::MissingName));
                }
                let key = self.literal()?;
                self.skip_blanks();
                if self.eat(')') {
                    return self.end(Segment::Key(key));
                }
                return Err((self.at, self.after_value(PathProblem::UnbalancedParenthesis)));
            };
            if named
                .iter()
                .any(|(earlier, _)| earlier.eq_ignore_ascii_case(&name))
            {
                return Err((start, PathProblem::DuplicateParameter(name)));
            }
            let own_alias = self.own_alias(&name);
            let lacks_comma = own_alias.is_some();
            let value = match own_alias {
                Some(alias) => alias,
                None => self.literal()?,
            };
            named.push((name, value));
            self.skip_blanks();
            if self.eat(')') {
                return self.end(Segment::Named(named));
            }
            if !self.eat(',') && !lacks_comma {
                return Err((self.at, self.after_value(PathProblem::MissingComma)));
            }
        }
    }

    /// A parameter's own name as its alias, with the next parameter right behind it: `a='@a'b=@bc=@c`.
    ///
    /// Microsoft's client library for Python sends this: its URI templates have the commas, and the expansion loses them.
    /// Only the name itself is taken for the alias, so that nothing else is cut in two.
    fn own_alias(&mut self, name: &str) -> Option<String> {
        let rest = self.rest();
        let quote = if rest.starts_with('\'') { "'" } else { "" };
        let behind = rest
            .strip_prefix(quote)?
            .strip_prefix('@')?
            .strip_prefix(name)?
            .strip_prefix(quote)?;
        let (next, _) = behind.split_once('=')?;
        let is_name = next.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && next.chars().all(|c| c.is_alphanumeric() || c == '_');
        steps::add(next.len() + 1);
        let length = rest.len() - behind.len();
        is_name.then(|| self.at += length)?;
        Some(format!("@{name}"))
    }

    /// What is wrong when neither a comma nor the end follows a value.
    fn after_value(&self, problem: PathProblem) -> PathProblem {
        match self.rest().chars().next() {
            None => PathProblem::UnbalancedParenthesis,
            Some(',') => PathProblem::MissingName,
            Some(_) => problem,
        }
    }

    fn end(&self, segment: Segment) -> Result<Segment, (usize, PathProblem)> {
        if self.rest().is_empty() {
            Ok(segment)
        } else {
            Err((self.at, PathProblem::UnbalancedParenthesis))
        }
    }

    /// A name with its equals sign, or nothing.
    fn parameter_name(&mut self) -> Option<String> {
        let (name, _) = self.rest().split_once('=')?;
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        steps::add(name.len() + 1);
        let name = is_name.then(|| name.to_owned())?;
        self.at += name.len() + 1;
        Some(name)
    }

    fn literal(&mut self) -> Result<String, (usize, PathProblem)> {
        if self.eat('\'') {
            return self.quoted();
        }
        let rest = self.rest();
        let end = rest.find(['\'', '(', ')', ',', '=', ' ']).unwrap_or(rest.len());
        let value = rest.get(..end).unwrap_or_default().to_owned();
        let tail = rest.get(end..).unwrap_or_default();
        steps::add(end + 1);
        if let Some(offset) = lost_offset(&value, tail, |c| !matches!(c, ' ' | ',' | ')')) {
            let value = format!("{value}+{offset}");
            self.at += value.len();
            return Ok(value);
        }
        let is_cut_off = tail.starts_with(['\'', '(', '=']);
        if value.is_empty() || is_cut_off {
            return Err((self.at + end, PathProblem::BadLiteral));
        }
        self.at += end;
        Ok(value)
    }

    /// The rest of a string literal, after its opening quote.
    fn quoted(&mut self) -> Result<String, (usize, PathProblem)> {
        let start = self.at - 1;
        let mut value = String::new();
        while let Some((part, _)) = self.rest().split_once('\'') {
            steps::add(part.len() + 1);
            value.push_str(part);
            self.at += part.len() + 1;
            if !self.eat('\'') {
                return Ok(value);
            }
            value.push('\'');
        }
        Err((start, PathProblem::UnterminatedLiteral))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn skip_blanks(&mut self) {
        while self.eat(' ') {}
    }
}

/// One raw segment of a path that is no resource path, decoded; `None` where it cannot be.
#[must_use]
pub fn decode_segment(raw: &str) -> Option<String> {
    decode(raw, 0..raw.len(), Place::Path).ok()
}

#[cfg(test)]
mod tests;
