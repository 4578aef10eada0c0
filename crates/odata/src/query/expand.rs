//! The value of `$expand`: what comes along with an item (Part 2, section 5.1.3; ABNF `expand`).
//!
//! Options in parentheses are kept as [`QueryOptions`] of their own, whose values are read when asked
//! for, as those of the query are. Parentheses are counted once, so a caller who goes down through
//! `$expand` in `$expand` goes at most [`MAX_NESTING`] levels.

use std::fmt;

pub use super::nesting::MAX_NESTING;
use super::nesting::{BLANKS, Piece, split};
use super::{MAX_OPTIONS, Problem, QueryError, QueryOptions, SystemOption};
use crate::encoding::Columns;
use crate::filter::is_identifier;

/// Longest value of `$expand`, in bytes.
pub const MAX_EXPAND_BYTES: usize = 8192;
/// Most items in one `$expand`.
pub const MAX_EXPAND_ITEMS: usize = 64;

const ITEM: &str = "a navigation property, a path to one or '*'";
const OPTION: &str = "an option such as $select=id that is allowed here";

/// One item of `$expand` (ABNF `expandItem`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpandItem {
    /// What is expanded.
    pub target: ExpandTarget,
    /// What comes of each of its members.
    pub kind: ExpandKind,
    /// The options in parentheses; positions are columns in the value of the `$expand` around them.
    pub options: QueryOptions,
    /// The column of the item in the decoded value, in characters from 1.
    pub position: usize,
}

/// What an item of `$expand` expands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpandTarget {
    /// Every navigation property, `*`.
    Star,
    /// The media stream of the item, `$value`.
    Value,
    /// A navigation property, a stream property or a path to one, perhaps through types, as written.
    Path(Vec<String>),
}

/// What comes of the members of what is expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpandKind {
    /// The members themselves.
    Members,
    /// References to them, `/$ref`.
    References,
    /// Their number, `/$count`.
    Count,
}

/// How deep a recursive expansion goes (ABNF `levels`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Levels {
    /// As deep as the service wants.
    Max,
    /// So many levels, from one. A number too large for the type counts as the largest.
    Number(u64),
}

impl QueryOptions {
    /// The items of `$expand` (Part 2, section 5.1.3), at most [`MAX_EXPAND_ITEMS`].
    ///
    /// # Errors
    ///
    /// An item is not a path, or its parentheses hold something else than options for it.
    pub fn expand(&self) -> Result<Option<Vec<ExpandItem>>, QueryError> {
        self.read(SystemOption::Expand, parse)
    }

    /// The value of `$levels`, an option of expanded items (Part 2, section 5.1.3.1.1.1; ABNF `levels`).
    ///
    /// # Errors
    ///
    /// The value is neither a whole number from 1 nor `max`.
    pub fn levels(&self) -> Result<Option<Levels>, QueryError> {
        self.read(SystemOption::Levels, |value| {
            let is_number =
                value.starts_with(|c: char| c != '0') && value.bytes().all(|b| b.is_ascii_digit());
            match value {
                _ if value.eq_ignore_ascii_case("max") => Ok(Levels::Max),
                _ if is_number => Ok(Levels::Number(value.parse().unwrap_or(u64::MAX))),
                _ => Err((0, "a whole number from 1, or max")),
            }
        })
    }
}

fn parse(value: &str) -> Result<Vec<ExpandItem>, Problem> {
    if value.len() > MAX_EXPAND_BYTES {
        return Err((0, "at most 8192 bytes"));
    }
    let pieces = split(value, ',')?;
    if let Some((offset, _)) = pieces.get(MAX_EXPAND_ITEMS) {
        return Err((*offset, "at most 64 items"));
    }
    let mut columns = Columns::new(value);
    pieces
        .into_iter()
        .map(|piece| parse_item(trimmed(piece), &mut columns))
        .collect()
}

fn parse_item((offset, text): Piece<'_>, columns: &mut Columns<'_>) -> Result<ExpandItem, Problem> {
    let position = columns.at(offset);
    let (path, inner) = match text.split_once('(') {
        None => (text, None),
        Some((path, rest)) => {
            let inner = rest.strip_suffix(')');
            (path, Some(inner.ok_or((offset + text.len(), "')'"))?))
        }
    };
    let (target, kind) = parse_path(path, offset)?;
    let options = match inner {
        None => QueryOptions::default(),
        Some(inner) => {
            let offered = offered(&target, kind);
            parse_options((offset + path.len() + 1, inner), offered, columns)?
        }
    };
    Ok(ExpandItem {
        target,
        kind,
        options,
        position,
    })
}

fn parse_path(path: &str, offset: usize) -> Result<(ExpandTarget, ExpandKind), Problem> {
    let (head, kind) = match path.rsplit_once('/') {
        Some((head, "$ref")) => (head, ExpandKind::References),
        Some((head, "$count")) => (head, ExpandKind::Count),
        _ => (path, ExpandKind::Members),
    };
    match (head, kind) {
        ("*", ExpandKind::Members | ExpandKind::References) => return Ok((ExpandTarget::Star, kind)),
        ("$value", ExpandKind::Members) => return Ok((ExpandTarget::Value, kind)),
        _ => {}
    }
    let mut names = Vec::new();
    let mut at = offset;
    for name in head.split('/') {
        if !is_step(name) {
            return Err((at, ITEM));
        }
        names.push(name.to_owned());
        at += name.len() + 1;
    }
    Ok((ExpandTarget::Path(names), kind))
}

/// Whether a text is the name of a property, perhaps of a type, or of an annotation.
fn is_step(text: &str) -> bool {
    let is_qualified = |name: &str| name.split('.').all(is_identifier);
    match text.strip_prefix('@') {
        None => is_qualified(text),
        Some(term) => {
            let (name, qualifier) = term.split_once('#').unwrap_or((term, "_"));
            is_qualified(name) && is_identifier(qualifier)
        }
    }
}

/// The options that an item may have (ABNF `expandOption`, `expandRefOption`, `expandCountOption`).
fn offered(target: &ExpandTarget, kind: ExpandKind) -> &'static [SystemOption] {
    const ALL: [SystemOption; 10] = [
        SystemOption::Filter,
        SystemOption::Search,
        SystemOption::OrderBy,
        SystemOption::Skip,
        SystemOption::Top,
        SystemOption::Count,
        SystemOption::Select,
        SystemOption::Expand,
        SystemOption::Compute,
        SystemOption::Levels,
    ];
    match (target, kind) {
        (ExpandTarget::Star, ExpandKind::Members) => &[SystemOption::Levels],
        (ExpandTarget::Star | ExpandTarget::Value, _) => &[],
        (ExpandTarget::Path(_), ExpandKind::Members) => &ALL,
        (ExpandTarget::Path(_), ExpandKind::References) => ALL.split_at(6).0,
        (ExpandTarget::Path(_), ExpandKind::Count) => ALL.split_at(2).0,
    }
}

/// Parses the inside of an item's parentheses: one or more options with semicolons.
fn parse_options(
    (start, text): Piece<'_>,
    offered: &[SystemOption],
    columns: &mut Columns<'_>,
) -> Result<QueryOptions, Problem> {
    let pieces = split(text, ';').map_err(|(offset, expected)| (start + offset, expected))?;
    if let Some((offset, _)) = pieces.get(MAX_OPTIONS) {
        return Err((start + offset, "at most 64 options"));
    }
    let mut options = QueryOptions::default();
    for piece in pieces {
        let (offset, option) = trimmed(piece);
        let offset = start + offset;
        let Some((name, value)) = option.split_once('=') else {
            return Err((offset, OPTION));
        };
        let is_alias = name.strip_prefix('@').is_some_and(is_identifier);
        let known = SystemOption::from_bare_name(name.strip_prefix('$').unwrap_or(name));
        let is_offered = known.is_some_and(|known| offered.contains(&known));
        // Only what has all options has aliases too (ABNF `expandOption`).
        let has_aliases = offered.contains(&SystemOption::Expand);
        if !(is_offered || is_alias && has_aliases) {
            return Err((offset, OPTION));
        }
        options
            .add(name.to_owned(), value.to_owned(), columns.at(offset))
            .map_err(|_| (offset, "each option once"))?;
    }
    Ok(options)
}

/// A piece without the blanks around it.
fn trimmed((offset, text): Piece<'_>) -> Piece<'_> {
    let start = text.trim_start_matches(BLANKS);
    (offset + text.len() - start.len(), start.trim_end_matches(BLANKS))
}

/// Writes the canonical form: no blanks, and each option with its dollar, in the order written.
impl fmt::Display for ExpandItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            ExpandTarget::Star => f.write_str("*")?,
            ExpandTarget::Value => f.write_str("$value")?,
            ExpandTarget::Path(names) => f.write_str(&names.join("/"))?,
        }
        f.write_str(match self.kind {
            ExpandKind::Members => "",
            ExpandKind::References => "/$ref",
            ExpandKind::Count => "/$count",
        })?;
        let system = self.options.system().map(|raw| {
            let name = match raw.option {
                Some(option) => option.name(),
                None => raw.name.as_str(),
            };
            (name, raw.value.as_str())
        });
        let aliases = self
            .options
            .custom()
            .map(|custom| (custom.name.as_str(), custom.value.as_str()));
        let mut opening = "(";
        for (name, value) in system.chain(aliases) {
            write!(f, "{opening}{name}={value}")?;
            opening = ";";
        }
        f.write_str(if opening == ";" { ")" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::search::tests::any_search;
    use super::*;
    use crate::encoding::encode_segment;
    use crate::filter::tests::any_expression;

    fn read(value: &str) -> Result<Vec<ExpandItem>, QueryError> {
        let query = format!("$expand={}", encode_segment(value));
        QueryOptions::parse(Some(&query))
            .unwrap()
            .expand()
            .map(Option::unwrap)
    }

    fn written(items: &[ExpandItem]) -> String {
        items
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn items_have_targets_kinds_and_positions() {
        let items = read("ä, *,b/$count,ns.T/c/$ref,$value,@x.y#z").unwrap();
        let path = |names: &[&str]| ExpandTarget::Path(names.iter().map(|n| (*n).to_owned()).collect());
        let shown: Vec<_> = items
            .iter()
            .map(|item| (item.position, &item.target, item.kind))
            .collect();
        assert_eq!(
            shown,
            [
                (1, &path(&["ä"]), ExpandKind::Members),
                (4, &ExpandTarget::Star, ExpandKind::Members),
                (6, &path(&["b"]), ExpandKind::Count),
                (15, &path(&["ns.T", "c"]), ExpandKind::References),
                (27, &ExpandTarget::Value, ExpandKind::Members),
                (34, &path(&["@x.y#z"]), ExpandKind::Members),
            ]
        );
        assert_eq!(QueryOptions::default().expand(), Ok(None));
    }

    #[test]
    fn nested_options_are_options() {
        let items =
            read("ü, a( $filter=b eq ');,(' or c eq d(1) ;top=5;$expand=e($levels=max),f;@p='q')").unwrap();
        let options = &items.last().unwrap().options;
        assert_eq!(
            options.filter().unwrap().unwrap().to_string(),
            "b eq ');,(' or c eq d(1)"
        );
        assert_eq!(options.top(), Ok(Some(5)));
        assert_eq!(options.parameter_alias("p").as_deref(), Some("q"));
        assert_eq!(options.raw(SystemOption::Top).map(|raw| raw.position), Some(41));
        let inner = options.expand().unwrap().unwrap();
        assert_eq!(inner.first().unwrap().options.levels(), Ok(Some(Levels::Max)));
        assert_eq!(
            written(&items),
            "ü,a($filter=b eq ');,(' or c eq d(1);$top=5;$expand=e($levels=max),f;@p='q')"
        );
    }

    #[test]
    fn an_apostrophe_in_a_search_is_no_quote() {
        let items = read("a($search=o'neil (\"; )\" OR b's);$top=1),b").unwrap();
        let options = &items.first().unwrap().options;
        assert_eq!(options.top(), Ok(Some(1)));
        assert_eq!(
            options.search().unwrap().unwrap().to_string(),
            "o'neil AND (\"; )\" OR b's)"
        );
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn a_search_is_found_behind_every_blank() {
        // Found by fuzzing: behind a tab, the apostrophe was a quote until the item was printed.
        assert!(read("a(\tsearch='\"')").is_err());
        let items = read("a(\t $search=o'neil ;\tsearch=b)");
        assert_eq!(
            items.unwrap_err().to_string(),
            "$expand: at position 22: expected each option once, found 'search=b)'"
        );
        assert_eq!(
            written(&read("a($top=1;\t$search=o'neil)").unwrap()),
            "a($top=1;$search=o'neil)"
        );
    }

    #[test]
    fn levels_are_a_number_or_max() {
        let levels = |value: &str| {
            read(&format!("*($levels={value})"))
                .unwrap()
                .first()
                .unwrap()
                .options
                .levels()
        };
        assert_eq!(levels("3"), Ok(Some(Levels::Number(3))));
        assert_eq!(levels("MAX"), Ok(Some(Levels::Max)));
        assert_eq!(levels(&"9".repeat(30)), Ok(Some(Levels::Number(u64::MAX))));
        for value in ["0", "", "01", "-1", "all"] {
            assert!(levels(value).is_err(), "{value}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let item = "a navigation property, a path to one or '*'";
        let option = "an option such as $select=id that is allowed here";
        for (value, position, expected, found) in [
            ("", 1, item, "the end"),
            ("a,", 3, item, "the end"),
            ("a//b", 3, item, "'/b'"),
            ("a b", 1, item, "'a b'"),
            ("*/$count", 1, item, "'*/$count'"),
            ("$ref", 1, item, "'$ref'"),
            ("a()", 3, option, "')'"),
            ("ü($top)", 3, option, "'$top)'"),
            ("a(top=1;)", 9, option, "')'"),
            ("a(x=1)", 3, option, "'x=1)'"),
            ("a($x=1)", 3, option, "'$x=1)'"),
            ("a($format=json)", 3, option, "'$format=json)'"),
            ("*($top=1)", 3, option, "'$top=1)'"),
            ("$value($top=1)", 8, option, "'$top=1)'"),
            ("a/$ref($select=b)", 8, option, "'$select=b)'"),
            ("a/$count($top=1)", 10, option, "'$top=1)'"),
            ("a/$count(@a=1)", 10, option, "'@a=1)'"),
            ("a($top=1;top=2)", 10, "each option once", "'top=2)'"),
            ("a($top=1", 9, "')'", "the end"),
            ("a($top=1)b", 11, "')'", "the end"),
            ("a)", 2, "no ')' without its '('", "')'"),
            ("a($top=1)($top=2)", 9, "no ')' without its '('", "')($top=2)'"),
            ("a($filter=b eq 'c)", 19, "a closing quote", "the end"),
        ] {
            assert_eq!(
                read(value).unwrap_err().to_string(),
                format!("$expand: at position {position}: expected {expected}, found {found}"),
                "{value}"
            );
        }
    }

    #[test]
    fn items_depth_and_length_have_limits() {
        let message = |value: &str| read(value).unwrap_err().to_string();
        assert_eq!(
            read(&vec!["a"; MAX_EXPAND_ITEMS].join(",")).unwrap().len(),
            MAX_EXPAND_ITEMS
        );
        let many = message(&vec!["a"; MAX_EXPAND_ITEMS + 1].join(","));
        assert!(
            many.contains(&format!("at most {MAX_EXPAND_ITEMS} items")),
            "{many}"
        );
        let long = message(&"a".repeat(MAX_EXPAND_BYTES + 1));
        assert!(
            long.contains(&format!("at most {MAX_EXPAND_BYTES} bytes")),
            "{long}"
        );
        let aliases: Vec<_> = (0..=MAX_OPTIONS).map(|n| format!("@a{n}=1")).collect();
        let options = message(&format!("a({})", aliases.join(";")));
        assert!(
            options.contains(&format!("at most {MAX_OPTIONS} options")),
            "{options}"
        );
        let nested = |n: usize| format!("a{}{}", "($expand=a".repeat(n), ")".repeat(n));
        let mut items = read(&nested(MAX_NESTING)).unwrap();
        let mut levels = 0;
        while let Some(inner) = items.first().unwrap().options.expand().unwrap() {
            items = inner;
            levels += 1;
        }
        assert_eq!(levels, MAX_NESTING);
        let deep = message(&nested(MAX_NESTING + 1));
        assert!(deep.contains(&format!("at most {MAX_NESTING} levels")), "{deep}");
    }

    fn any_item() -> impl Strategy<Value = String> {
        let name = || "[a-zé_][a-z0-9_]{0,4}(\\.[a-z]{1,3})?";
        let options = (
            proptest::option::of(any_expression()),
            proptest::option::of(any_search()),
            proptest::option::of(0..9_u8),
        );
        (
            proptest::collection::vec(name(), 1..4),
            "(/\\$ref|/\\$count)?",
            options,
        )
            .prop_map(|(names, suffix, (filter, search, top))| {
                let top = top.filter(|_| suffix != "/$count").map(|n| format!("$top={n}"));
                let filter = filter.map(|e| format!("$filter={e}"));
                let search = search.map(|e| format!("$search={e}"));
                let options: Vec<_> = [search, filter, top].into_iter().flatten().collect();
                let options = match options.join(";") {
                    none if none.is_empty() => none,
                    some => format!("({some})"),
                };
                format!("{}{suffix}{options}", names.join("/"))
            })
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_the_same(items in proptest::collection::vec(any_item(), 1..4)) {
            let value = items.join(",");
            prop_assume!(value.len() <= MAX_EXPAND_BYTES);
            let read_once = read(&value).unwrap_or_else(|e| panic!("{value}: {e}"));
            prop_assert_eq!(read_once.len(), items.len());
            prop_assert_eq!(written(&read_once), value);
        }

        #[test]
        fn no_text_panics(value in "([a-c()\"'\\\\;,/*@ü]|\\$search=|\\$ref|\\$expand=|top=1){0,40}") {
            if let Ok(items) = read(&value) {
                let printed = written(&items);
                prop_assert_eq!(read(&printed).map(|items| written(&items)), Ok(printed));
            }
        }

        #[test]
        fn no_unicode_panics(value in "\\PC{0,60}") {
            let _ = read(&value);
        }
    }
}
