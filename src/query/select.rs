//! `$select`: the properties of an answer.

use std::borrow::Cow;

use odata::QueryOptions;
use odata::query::SelectTerm;

use super::QueryError;
use super::schema::{EntityType, Member, Property, Type};

/// The properties of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<P: Member> {
    members: Cow<'static, [Property<P>]>,
    /// The names in the order in which they were asked for; `None` without `$select`.
    names: Option<Vec<&'static str>>,
}

impl<P: Member> Selection<P> {
    /// Everything that the type has.
    pub fn all(entity: &EntityType<P>) -> Self {
        Self {
            members: Cow::Borrowed(entity.properties),
            names: None,
        }
    }

    /// What is written, in the type's order. Streams among it are only named in the context.
    pub fn members(&self) -> &[Property<P>] {
        &self.members
    }

    /// Whether the caller selected anything.
    pub fn is_named(&self) -> bool {
        self.names.is_some()
    }

    /// What `@odata.context` says of it: `(callId,content)`; empty without `$select`.
    pub fn in_context(&self) -> String {
        self.names
            .as_ref()
            .map_or_else(String::new, |names| format!("({})", names.join(",")))
    }

    /// Reads `$select` against the property table.
    pub(super) fn parse(options: &QueryOptions, entity: &EntityType<P>) -> Result<Self, QueryError> {
        let Some(items) = options.select()? else {
            return Ok(Self::all(entity));
        };
        let failed =
            |why: String| QueryError::Malformed(format!("Parsing OData Select and Expand failed: {why}"));
        let mut chosen: Vec<Property<P>> = Vec::new();
        let mut everything = false;
        for item in &items {
            let text = &item.text;
            match &item.term {
                SelectTerm::Star => everything = true,
                SelectTerm::Annotation => {
                    return Err(failed(format!(
                        "Term '{text}' is not valid in a $select or $expand expression."
                    )));
                }
                SelectTerm::Path(path) => {
                    let property = path.first().and_then(|name| entity.property(name));
                    match (property, path.len()) {
                        (Some(property), 1) if chosen.contains(property) => {}
                        (Some(property), 1) => chosen.push(*property),
                        // All of a structured value is written: a caller who wants a part of it finds that.
                        (Some(property), _) if matches!(property.of, Type::Graph(_)) => {
                            if !chosen.contains(property) {
                                chosen.push(*property);
                            }
                        }
                        _ => return Err(failed(entity.no_property(text))),
                    }
                }
            }
        }
        if everything {
            return Ok(Self::all(entity));
        }
        // Members are written in the type's order; the context names them as they were asked for.
        let members = entity
            .all()
            .filter(|property| chosen.contains(property))
            .copied()
            .collect();
        let names = chosen.iter().map(|property| property.name).collect();
        Ok(Self {
            members,
            names: Some(names),
        })
    }
}
