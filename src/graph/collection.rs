//! A single entity and a collection, with their annotations in Graph's order (contract section 2.1).

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::artifact::ArtifactJson;

/// One entity as an answer of its own.
#[derive(Debug)]
pub struct EntityBody<'a> {
    /// `@odata.context`
    pub context: &'a str,
    /// Its members.
    pub entity: ArtifactJson<'a>,
}

impl Serialize for EntityBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@odata.context", self.context)?;
        self.entity.write_members(&mut map)?;
        map.end()
    }
}

/// A page of a collection.
#[derive(Debug, Serialize)]
pub struct CollectionBody<'a> {
    /// `@odata.context`
    #[serde(rename = "@odata.context")]
    pub context: &'a str,
    /// `@odata.count`
    #[serde(rename = "@odata.count", skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// `@odata.nextLink`
    #[serde(rename = "@odata.nextLink", skip_serializing_if = "Option::is_none")]
    pub next_link: Option<&'a str>,
    /// `@microsoft.graph.tips`
    #[serde(rename = "@microsoft.graph.tips", skip_serializing_if = "Option::is_none")]
    pub tips: Option<&'a str>,
    /// `value`
    pub value: Vec<ArtifactJson<'a>>,
}
