//! Splits a list whose items may have options in parentheses, such as `a($filter=b eq ';'),c`.
//!
//! A separator in a string, in a phrase of `$search` or in parentheses does not count. This is decided
//! without reading the options: each character is looked at once.

use super::Problem;
use crate::steps;

/// Most levels of parentheses: those of a filter, and some of nested options around it.
pub const MAX_NESTING: usize = 28;

/// What may stand around an item and an option.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// A piece of a text with its byte offset.
pub(super) type Piece<'a> = (usize, &'a str);

/// Splits `text` at `separator` where it stands outside of quotes and parentheses.
pub(super) fn split(text: &str, separator: char) -> Result<Vec<Piece<'_>>, Problem> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut scan = Scan {
        depth: 0,
        quote: None,
        search: None,
    };
    scan.begin_option(text);
    for (at, c) in text.char_indices() {
        steps::add(c.len_utf8());
        if scan.quote.is_none() && scan.depth == 0 && c == separator {
            pieces.push((start, text.get(start..at).unwrap_or_default()));
            start = at + c.len_utf8();
        }
        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
        scan.step(c, after).map_err(|expected| (at, expected))?;
    }
    pieces.push((start, text.get(start..).unwrap_or_default()));
    match (scan.quote, scan.depth) {
        (Some(_), _) => Err((text.len(), "a closing quote")),
        (None, 0) => Ok(pieces),
        (None, _) => Err((text.len(), "')'")),
    }
}

/// Where the splitting stands.
struct Scan {
    depth: usize,
    /// The quote that would close what is open, and whether a backslash stands before this character.
    quote: Option<(char, bool)>,
    /// The depth of the `$search` in whose value the splitting stands. An apostrophe is a letter there.
    search: Option<usize>,
}

impl Scan {
    fn step(&mut self, c: char, after: &str) -> Result<(), &'static str> {
        if let Some((closing, escaped)) = self.quote {
            self.quote = match c {
                _ if escaped => Some((closing, false)),
                '\\' if closing == '"' => Some((closing, true)),
                _ if c == closing => None,
                _ => self.quote,
            };
            return Ok(());
        }
        match c {
            '"' => self.quote = Some((c, false)),
            '\'' if self.search.is_none() => self.quote = Some((c, false)),
            '(' if self.depth == MAX_NESTING => return Err("at most 28 levels of parentheses"),
            '(' => {
                self.depth += 1;
                self.begin_option(after);
            }
            ')' if self.depth == 0 => return Err("no ')' without its '('"),
            ')' => {
                self.depth -= 1;
                self.search = self.search.filter(|depth| *depth <= self.depth);
            }
            ';' if self.search.is_none_or(|depth| depth == self.depth) => {
                self.search = None;
                self.begin_option(after);
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes whether what begins here is the value of a `$search`.
    fn begin_option(&mut self, text: &str) {
        const NAME: &str = "search=";
        let name = text.trim_start_matches(BLANKS);
        steps::add(text.len() - name.len() + NAME.len());
        let name = name.strip_prefix('$').unwrap_or(name);
        let is_search = name
            .get(..NAME.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(NAME));
        if is_search && self.search.is_none() {
            self.search = Some(self.depth);
        }
    }
}
