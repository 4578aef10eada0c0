//! `adhocCall` (contract section 1.1).

use serde::ser::SerializeMap;

use super::entity::{Members, MetadataLevel};

/// A property of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallProperty {
    /// `id`
    Id,
}

/// One ad hoc call.
#[derive(Debug)]
pub struct CallJson<'a> {
    /// `id`
    pub id: &'a str,
}

impl Members<CallProperty> for CallJson<'_> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        member: CallProperty,
        _: MetadataLevel,
    ) -> Result<(), M::Error> {
        match member {
            CallProperty::Id => map.serialize_entry(name, self.id),
        }
    }
}
