//! What all entities have in common: members that are written by name, and how much is said about them.

use serde::ser::SerializeMap;

/// `odata.metadata` (OData JSON 4.01 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataLevel {
    /// Only what leads on: `@odata.nextLink`, `@odata.deltaLink`, `@odata.count`.
    None,
    /// What cannot be computed: what Graph sends.
    #[default]
    Minimal,
    /// Everything.
    Full,
}

impl MetadataLevel {
    /// The value of the parameter.
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Full => "full",
        }
    }
}

/// Something with members.
pub trait Members<P> {
    /// Writes the member under its name; a stream writes nothing.
    ///
    /// # Errors
    /// What the serializer says.
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        member: P,
        level: MetadataLevel,
    ) -> Result<(), M::Error>;
}
