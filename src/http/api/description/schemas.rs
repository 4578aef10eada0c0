//! What goes over the wire: the types of `graph`, and what the property table says of recordings and transcripts.

use utoipa::ToSchema;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use crate::db::artifacts::ArtifactKind;
use crate::graph::artifact::ArtifactProperty;
use crate::graph::error::ErrorBody;
use crate::graph::upload::{UploadRequest, UploadSessionJson};
use crate::query::schema::{self, EntityType, Property};

type Named = (String, RefOr<Schema>);

/// The type of who organizes a meeting.
const IDENTITY_SET: &str = "identitySet";

/// Every schema by its name.
pub(super) fn all() -> Vec<Named> {
    let mut all = vec![(IDENTITY_SET.to_owned(), identity_set().into())];
    of_type::<UploadRequest>(&mut all);
    of_type::<UploadSessionJson>(&mut all);
    of_type::<ErrorBody<'_>>(&mut all);
    for kind in [ArtifactKind::Recording, ArtifactKind::Transcript] {
        let entity = EntityType::of(kind);
        all.push((entity.name.to_owned(), artifact(entity).into()));
    }
    all
}

/// A type, and what it is made of.
fn of_type<T: ToSchema>(all: &mut Vec<Named>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

/// A recording or transcript, as the usual level of metadata has it. One that was uploaded is in a meeting.
fn artifact(entity: &EntityType<ArtifactProperty>) -> Object {
    let about = format!(
        "Graph's `{}`; its content is read with Graph's own paths.",
        entity.name
    );
    let mut object = ObjectBuilder::new()
        .description(Some(about))
        .property("@odata.context", text())
        .property("@odata.type", text())
        .property(
            "@graphophone.quarantined",
            text().description(Some(
                "Why it is kept and not served: a word, a colon and a sentence. Absent where all is well.",
            )),
        );
    for property in entity.properties {
        if let Some(schema) = member(property) {
            object = object.property(property.name, schema).required(property.name);
        }
    }
    object.build()
}

/// A member of the JSON; `None` for what is never part of it.
fn member(property: &Property<ArtifactProperty>) -> Option<RefOr<Schema>> {
    let may_be_null = property.column.is_some_and(|column| column.nullable);
    let about = Some(property.about);
    Some(match property.of {
        schema::Type::Stream => return None,
        schema::Type::String => text().description(about).into(),
        schema::Type::Boolean => ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(about)
            .into(),
        schema::Type::Strings => ArrayBuilder::new().items(text()).description(about).into(),
        schema::Type::DateTimeOffset => text()
            .schema_type(match may_be_null {
                true => or_null(Type::String),
                false => Type::String.into(),
            })
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(about)
            .into(),
        schema::Type::Graph(name) => Ref::builder()
            .ref_location_from_schema_name(name)
            .description(about)
            .into(),
    })
}

/// Graph's `identitySet`, with somebody who signs in.
fn identity_set() -> Object {
    let nobody = || ObjectBuilder::new().schema_type(Type::Null);
    let user = ObjectBuilder::new()
        .property("@odata.type", text())
        .property("id", text().description(Some("Object id.")))
        .property(
            "displayName",
            ObjectBuilder::new().schema_type(or_null(Type::String)),
        )
        .property("userIdentityType", text())
        .property("tenantId", text())
        .required("id")
        .required("tenantId");
    ObjectBuilder::new()
        .property("application", nobody())
        .property("device", nobody())
        .property("user", user)
        .required("user")
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn or_null(of: Type) -> SchemaType {
    SchemaType::Array(vec![of, Type::Null])
}
