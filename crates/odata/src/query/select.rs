//! The value of `$select`: a list of paths (Part 2, section 5.1.4; ABNF `select`, `selectItem`).
//!
//! Options nested in parentheses are refused, with the position of the parenthesis: no resource of ours
//! has properties to select from inside a selected one. So are the parameter names of a function's overload.

use std::fmt;

use crate::encoding::column;
use crate::filter::is_identifier;

const ITEM: &str = "a property, a path or '*'";

/// One item of `$select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectItem {
    /// What is selected.
    pub term: SelectTerm,
    /// The item as written, without the blanks around it.
    pub text: String,
    /// The column of the item in the decoded value, in characters from 1.
    pub position: usize,
}

/// What an item of `$select` selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectTerm {
    /// Every property.
    Star,
    /// A property, an operation or a path to one, perhaps qualified, in the case written. The only name
    /// of `microsoft.graph.*` is that text; see [`SelectItem::schema`].
    Path(Vec<String>),
    /// The name of an annotation, such as `@odata.type` or `content@odata.mediaReadLink`.
    Annotation,
}

impl SelectItem {
    /// The schema whose operations are all selected, such as `microsoft.graph` (ABNF `allOperationsInSchema`).
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.text.strip_suffix(".*")
    }
}

/// Writes the item as it was written.
impl fmt::Display for SelectItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses a list of items; an error carries its byte offset and what was expected there.
pub(super) fn parse(value: &str) -> Result<Vec<SelectItem>, (usize, &'static str)> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut characters = 0;
    for piece in value.split(',') {
        let offset = start + (piece.len() - piece.trim_start().len());
        let position = characters + column(piece, offset - start);
        items.push(parse_item(piece.trim(), offset, position)?);
        start += piece.len() + 1;
        characters += piece.chars().count() + 1;
    }
    Ok(items)
}

fn parse_item(text: &str, offset: usize, position: usize) -> Result<SelectItem, (usize, &'static str)> {
    if let Some(at) = text.find([' ', '\t', '(', ')', '\'', '"', ';']) {
        return Err((offset + at, "',' or the end"));
    }
    let mut at = offset;
    for name in text.split('/') {
        let is_wild = name.contains('*') && !is_every(text);
        if name.is_empty() || is_wild {
            return Err((at, ITEM));
        }
        at += name.len() + 1;
    }
    let term = match text {
        "*" => SelectTerm::Star,
        _ if text.contains('@') => SelectTerm::Annotation,
        _ => SelectTerm::Path(text.split('/').map(str::to_owned).collect()),
    };
    Ok(SelectItem {
        term,
        text: text.to_owned(),
        position,
    })
}

/// Whether a text selects every property, or every operation of a schema.
fn is_every(text: &str) -> bool {
    let is_schema = |schema: &str| schema.split('.').all(is_identifier);
    text == "*" || text.strip_suffix(".*").is_some_and(is_schema)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn qualified_names_and_schemas_are_read() {
        let items = parse("graph.callRecording/content, microsoft.graph.* ,ns.action,*").unwrap();
        let texts: Vec<_> = items.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "graph.callRecording/content",
                "microsoft.graph.*",
                "ns.action",
                "*"
            ]
        );
        let schemas: Vec<_> = items.iter().map(SelectItem::schema).collect();
        assert_eq!(schemas, [None, Some("microsoft.graph"), None, None]);
    }

    #[test]
    fn a_star_stands_alone_or_after_a_schema() {
        for (value, offset) in [
            ("a/*", 2),
            ("*/a", 0),
            ("a*", 0),
            ("id,.*", 3),
            ("a b.*", 1),
            ("**", 0),
        ] {
            assert_eq!(parse(value).unwrap_err().0, offset, "{value}");
        }
    }

    #[test]
    fn nested_options_are_refused_where_they_begin() {
        for value in ["a($select=b)", "a($select=b,c;$top=1)", "a(b,c)"] {
            assert_eq!(parse(value), Err((1, "',' or the end")), "{value}");
        }
    }

    proptest! {
        #[test]
        fn printing_then_parsing_gives_the_same(value in "[a-z@*./,é# ]{1,30}") {
            if let Ok(items) = parse(&value) {
                let printed = items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                let forget = |items: Vec<SelectItem>| {
                    items.into_iter().map(|item| (item.term, item.text)).collect::<Vec<_>>()
                };
                prop_assert_eq!(parse(&printed).map(forget), Ok(forget(items)));
            }
        }
    }
}
