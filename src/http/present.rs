//! Entities as JSON: the members that were selected, in the order of the property table, with as much metadata as was asked
//! for (OData JSON 4.01 sections 3.1, 4.5 and 4.6).

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::links::Location;
use crate::graph::entity::{Members, MetadataLevel};
use crate::query::schema::{EntityType, Member, Property, Type};

/// How an entity is written.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a, P: Member> {
    /// Its type.
    pub(super) entity: &'static EntityType<P>,
    /// What is written of it.
    pub(super) members: &'a [Property<P>],
    /// How much metadata.
    pub(super) level: MetadataLevel,
    /// Whether its type is said even where it could be known.
    pub(super) is_typed: bool,
}

/// One entity.
pub(super) struct Presented<'a, P: Member, E> {
    /// How it is written.
    pub(super) frame: Frame<'a, P>,
    /// `@odata.context`, where it is an answer of its own.
    pub(super) context: Option<&'a str>,
    /// The root of links, and where it lies: written where all metadata is.
    pub(super) place: (&'a str, Location),
    /// Its members.
    pub(super) entity: E,
}

impl<P: Member, E: Members<P>> Serialize for Presented<'_, P, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let frame = &self.frame;
        let is_full = frame.level == MetadataLevel::Full;
        let mut map = serializer.serialize_map(None)?;
        if let Some(context) = self.context.filter(|_| frame.level != MetadataLevel::None) {
            map.serialize_entry("@odata.context", context)?;
        }
        if is_full || frame.is_typed && frame.level == MetadataLevel::Minimal {
            map.serialize_entry("@odata.type", &format!("#microsoft.graph.{}", frame.entity.name))?;
        }
        let url = is_full.then(|| self.place.1.url(self.place.0));
        if let Some(url) = &url {
            map.serialize_entry("@odata.id", url)?;
            map.serialize_entry("@odata.editLink", url)?;
        }
        for property in frame.members {
            match (&url, property.of) {
                (Some(url), Type::Stream) => {
                    let name = format!("{}@odata.mediaReadLink", property.name);
                    map.serialize_entry(&name, &format!("{url}/{}", property.name))?;
                }
                (Some(_), of) => {
                    if let Some(of) = annotated(of) {
                        map.serialize_entry(&format!("{}@odata.type", property.name), &of)?;
                    }
                }
                (None, _) => {}
            }
            self.entity
                .write(&mut map, property.name, property.member, frame.level)?;
        }
        if let Some(url) = &url {
            for navigation in frame.entity.navigation {
                let link = |of: &str| format!("{}@odata.{of}", navigation.name);
                let target = format!("{url}/{}", navigation.name);
                map.serialize_entry(&link("associationLink"), &format!("{target}/$ref"))?;
                map.serialize_entry(&link("navigationLink"), &target)?;
            }
        }
        map.end()
    }
}

/// The type of a value whose JSON does not tell it.
fn annotated(of: Type) -> Option<String> {
    match of {
        Type::String | Type::Boolean | Type::Stream => None,
        Type::DateTimeOffset => Some("#DateTimeOffset".to_owned()),
        Type::Graph(name) => Some(format!("#microsoft.graph.{name}")),
        Type::Strings => Some("#Collection(String)".to_owned()),
    }
}
