//! A page of a collection, with its annotations in Graph's order (contract section 2.1).

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// A page of a collection.
#[derive(Debug)]
pub struct CollectionBody<'a, T> {
    /// `@odata.context`; left out where no metadata is asked for.
    pub context: Option<&'a str>,
    /// `@odata.count`
    pub count: Option<u64>,
    /// `@odata.nextLink`
    pub next_link: Option<&'a str>,
    /// `@odata.deltaLink`
    pub delta_link: Option<&'a str>,
    /// `@microsoft.graph.tips`
    pub tips: Option<&'a str>,
    /// `value`
    pub value: &'a [T],
}

impl<T: Serialize> Serialize for CollectionBody<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let texts = [
            ("@odata.nextLink", self.next_link),
            ("@odata.deltaLink", self.delta_link),
            ("@microsoft.graph.tips", self.tips),
        ];
        if let Some(context) = self.context {
            map.serialize_entry("@odata.context", context)?;
        }
        if let Some(count) = self.count {
            map.serialize_entry("@odata.count", &count)?;
        }
        for (name, text) in texts {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        map.serialize_entry("value", self.value)?;
        map.end()
    }
}
