//! Tables of properties, out of the property tables of the program.

use std::collections::BTreeMap;

use graphophone::db::artifacts::ArtifactKind;
use graphophone::query::schema::{ADHOC_CALL, Column, EntityType, MEETING, Member, Type, USER};

/// A table for each type.
pub fn parts() -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let mut put = |name: &str, text: String| parts.insert(format!("properties of {name}"), text);
    let (recording, transcript) = (
        EntityType::of(ArtifactKind::Recording),
        EntityType::of(ArtifactKind::Transcript),
    );
    put(recording.name, properties(recording));
    put(transcript.name, properties(transcript));
    put(ADHOC_CALL.name, properties(&ADHOC_CALL));
    put(MEETING.name, properties(&MEETING));
    put(USER.name, properties(&USER));
    parts
}

fn properties<P: Member>(entity: &EntityType<P>) -> String {
    let asked = |column: Option<&Column>| match column {
        Some(column) if column.nullable => "yes, null too",
        Some(_) => "yes",
        None => "",
    };
    let mut table =
        String::from("| Property | Type | `$filter`, `$orderby` | What it is |\n| --- | --- | --- | --- |\n");
    for property in entity.all() {
        let column = asked(property.column.as_ref());
        let (name, of, about) = (property.name, type_of(property.of), property.about);
        table.push_str(&format!("| `{name}` | {of} | {column} | {about} |\n"));
    }
    for path in entity.paths {
        let column = asked(Some(&path.column));
        let above = path.path.split('/').next().unwrap_or_default();
        table.push_str(&format!(
            "| `{}` | String | {column} | Part of `{above}`. |\n",
            path.path
        ));
    }
    table
}

fn type_of(of: Type) -> String {
    match of {
        Type::String => "String".to_owned(),
        Type::DateTimeOffset => "DateTimeOffset".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::Stream => "Stream".to_owned(),
        Type::Graph(name) => name.to_owned(),
        Type::Strings => "Strings".to_owned(),
    }
}
