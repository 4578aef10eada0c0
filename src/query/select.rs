//! `$select`: the properties of an answer.

use std::borrow::Cow;

use odata::QueryOptions;
use odata::query::SelectTerm;

use super::QueryError;
use super::schema::EntityType;
use crate::graph::artifact::ArtifactProperty;

/// The properties of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    members: Cow<'static, [(&'static str, ArtifactProperty)]>,
    /// The names in the order in which they were asked for; `None` without `$select`.
    names: Option<Vec<&'static str>>,
}

impl Selection {
    /// What is written, in the type's order. Streams among it are only named in the context.
    pub fn members(&self) -> &[(&'static str, ArtifactProperty)] {
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
    pub(super) fn parse(options: &QueryOptions, entity: &EntityType) -> Result<Self, QueryError> {
        let all = Self {
            members: Cow::Borrowed(entity.properties),
            names: None,
        };
        let Some(items) = options.select()? else {
            return Ok(all);
        };
        let failed =
            |why: String| QueryError::Malformed(format!("Parsing OData Select and Expand failed: {why}"));
        let mut chosen = Vec::new();
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
                        (Some(property), 1) if chosen.contains(&property) => {}
                        (Some(property), 1) => chosen.push(property),
                        (Some((_, ArtifactProperty::MeetingOrganizer)), _) => {
                            return Err(QueryError::NotBuilt(format!("$select of the path '{text}'")));
                        }
                        _ => return Err(failed(entity.no_property(text))),
                    }
                }
            }
        }
        if everything {
            return Ok(all);
        }
        // Members are written in the type's order; the context names them as they were asked for.
        let members = entity
            .all()
            .filter(|property| chosen.contains(property))
            .collect();
        let names = chosen.iter().map(|(name, _)| *name).collect();
        Ok(Self {
            members,
            names: Some(names),
        })
    }
}
