//! The value of `$select`: a list of paths (Part 2, section 5.1.4).
//!
//! Options nested in parentheses are not read: no resource of ours has properties to select from
//! inside a selected one.

use crate::encoding::column;

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
    /// A property, or a path to one, in the case written.
    Path(Vec<String>),
    /// The name of an annotation, such as `@odata.type` or `content@odata.mediaReadLink`.
    Annotation,
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
        if name.is_empty() {
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
