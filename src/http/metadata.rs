//! `$metadata`, the schema of exactly what is served, as CSDL (OData CSDL XML 4.01), and the service document.

use std::fmt::Write as _;

use http::Response;
use http::header::{self, HeaderValue};
use odata::path::Segment;
use serde_json::json;

use super::body::Body;
use super::error::ApiError;
use super::request::Call;
use super::respond;
use crate::db::artifacts::ArtifactKind;
use crate::graph::collection::CollectionBody;
use crate::query::plan;
use crate::query::schema::types::{COMPLEX_TYPES, ENUM_TYPES};
use crate::query::schema::{ADHOC_CALL, EntityType, MEETING, Member, Type, USER};

/// Its path, as the log has it.
pub(super) const PATH: &str = "$metadata";
/// The methods that it has.
pub(super) const METHODS: &str = "GET, HEAD, OPTIONS";

/// Whether a path is that of the schema.
pub(super) fn is_path(segments: &[Segment]) -> bool {
    matches!(segments, [Segment::Plain(name)] if name.eq_ignore_ascii_case(PATH))
}

/// The schema.
pub(super) fn document() -> Response<Body> {
    let mut response = Response::new(Body::Full(write().into()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml;charset=utf-8"),
    );
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    response
}

/// The service document (OData JSON 4.01 section 5).
///
/// # Errors
/// [`ApiError`] for options that are not offered.
pub(super) fn service(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let context = format!("{}/$metadata", call.root());
    respond::collection(
        call.format,
        &CollectionBody {
            context: Some(&context),
            count: None,
            next_link: None,
            delta_link: None,
            tips: None,
            value: &[
                json!({"name": "users", "kind": "EntitySet", "url": "users"}),
                json!({"name": "me", "kind": "Singleton", "url": "me"}),
                json!({"name": "communications", "kind": "Singleton", "url": "communications"}),
            ],
        },
    )
}

fn write() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\n\
         <edmx:DataServices>\n\
         <Schema Namespace=\"microsoft.graph\" Alias=\"graph\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
    );
    // Writing into a String does not fail.
    let _written = write_types(&mut xml)
        .and_then(|()| write_entities(&mut xml))
        .and_then(|()| write_operations(&mut xml))
        .and_then(|()| write_container(&mut xml));
    xml.push_str("</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n");
    xml
}

fn write_types(xml: &mut String) -> std::fmt::Result {
    for one in ENUM_TYPES {
        writeln!(xml, "<EnumType Name=\"{}\">", one.name)?;
        for (name, value) in one.members {
            writeln!(xml, "<Member Name=\"{name}\" Value=\"{value}\"/>")?;
        }
        xml.push_str("</EnumType>\n");
    }
    for one in COMPLEX_TYPES {
        write!(xml, "<ComplexType Name=\"{}\"", one.name)?;
        if let Some(base) = one.base {
            write!(xml, " BaseType=\"graph.{base}\"")?;
        }
        xml.push_str(if one.is_open {
            " OpenType=\"true\">\n"
        } else {
            ">\n"
        });
        for (name, of) in one.properties {
            writeln!(xml, "<Property Name=\"{name}\" Type=\"{of}\"/>")?;
        }
        xml.push_str("</ComplexType>\n");
    }
    Ok(())
}

fn write_entities(xml: &mut String) -> std::fmt::Result {
    xml.push_str(
        "<EntityType Name=\"entity\" Abstract=\"true\">\n<Key>\n<PropertyRef Name=\"id\"/>\n</Key>\n\
         <Property Name=\"id\" Type=\"Edm.String\" Nullable=\"false\"/>\n</EntityType>\n",
    );
    write_entity(xml, EntityType::of(ArtifactKind::Recording))?;
    write_entity(xml, EntityType::of(ArtifactKind::Transcript))?;
    write_entity(xml, &ADHOC_CALL)?;
    write_entity(xml, &MEETING)?;
    write_entity(xml, &USER)?;
    xml.push_str(
        "<EntityType Name=\"cloudCommunications\" BaseType=\"graph.entity\">\n\
         <NavigationProperty Name=\"onlineMeetings\" Type=\"Collection(graph.onlineMeeting)\" ContainsTarget=\"true\"/>\n\
         </EntityType>\n",
    );
    Ok(())
}

fn write_entity<P: Member>(xml: &mut String, entity: &'static EntityType<P>) -> std::fmt::Result {
    writeln!(
        xml,
        "<EntityType Name=\"{}\" BaseType=\"graph.entity\">",
        entity.name
    )?;
    for property in entity.all().filter(|property| property.name != "id") {
        let of = match property.of {
            Type::String => "Edm.String".to_owned(),
            Type::DateTimeOffset => "Edm.DateTimeOffset".to_owned(),
            Type::Boolean => "Edm.Boolean".to_owned(),
            Type::Stream => "Edm.Stream".to_owned(),
            Type::Graph(name) => format!("graph.{name}"),
            Type::Strings => "Collection(Edm.String)".to_owned(),
        };
        writeln!(xml, "<Property Name=\"{}\" Type=\"{of}\"/>", property.name)?;
    }
    for navigation in entity.navigation {
        writeln!(
            xml,
            "<NavigationProperty Name=\"{}\" Type=\"Collection(graph.{})\" ContainsTarget=\"true\"/>",
            navigation.name, navigation.target
        )?;
    }
    xml.push_str("</EntityType>\n");
    Ok(())
}

/// Functions and the action (contract section 3.1).
fn write_operations(xml: &mut String) -> std::fmt::Result {
    for (name, item) in [
        ("getAllRecordings", "callRecording"),
        ("getAllTranscripts", "callTranscript"),
    ] {
        for (binding, user) in [
            ("onlineMeeting", "meetingOrganizerUserId"),
            ("adhocCall", "userId"),
        ] {
            let path = if item == "callRecording" {
                "recordings"
            } else {
                "transcripts"
            };
            writeln!(
                xml,
                "<Function Name=\"{name}\" IsBound=\"true\" EntitySetPath=\"bindingParameter/{path}\" IsComposable=\"true\">\n\
                 <Parameter Name=\"bindingParameter\" Type=\"Collection(graph.{binding})\"/>"
            )?;
            for (parameter, of) in [
                (user, "Edm.String"),
                ("startDateTime", "Edm.DateTimeOffset"),
                ("endDateTime", "Edm.DateTimeOffset"),
            ] {
                writeln!(
                    xml,
                    "<Parameter Name=\"{parameter}\" Type=\"{of}\">\n\
                     <Annotation Term=\"Org.OData.Core.V1.OptionalParameter\"/>\n</Parameter>"
                )?;
            }
            writeln!(
                xml,
                "<ReturnType Type=\"Collection(graph.{item})\"/>\n</Function>"
            )?;
        }
    }
    for item in ["callRecording", "callTranscript"] {
        writeln!(
            xml,
            "<Function Name=\"delta\" IsBound=\"true\" EntitySetPath=\"bindingParameter\">\n\
             <Parameter Name=\"bindingParameter\" Type=\"Collection(graph.{item})\"/>\n\
             <ReturnType Type=\"Collection(graph.{item})\"/>\n</Function>"
        )?;
    }
    xml.push_str(
        "<Action Name=\"createOrGet\" IsBound=\"true\" EntitySetPath=\"bindingParameter\">\n\
         <Parameter Name=\"bindingParameter\" Type=\"Collection(graph.onlineMeeting)\"/>\n\
         <Parameter Name=\"chatInfo\" Type=\"graph.chatInfo\"/>\n\
         <Parameter Name=\"endDateTime\" Type=\"Edm.DateTimeOffset\"/>\n\
         <Parameter Name=\"externalId\" Type=\"Edm.String\" Nullable=\"false\"/>\n\
         <Parameter Name=\"participants\" Type=\"graph.meetingParticipants\"/>\n\
         <Parameter Name=\"startDateTime\" Type=\"Edm.DateTimeOffset\"/>\n\
         <Parameter Name=\"subject\" Type=\"Edm.String\"/>\n\
         <ReturnType Type=\"graph.onlineMeeting\"/>\n</Action>\n",
    );
    Ok(())
}

fn write_container(xml: &mut String) -> std::fmt::Result {
    xml.push_str(
        "<EntityContainer Name=\"GraphService\">\n\
         <EntitySet Name=\"users\" EntityType=\"graph.user\"/>\n\
         <Singleton Name=\"me\" Type=\"graph.user\"/>\n\
         <Singleton Name=\"communications\" Type=\"graph.cloudCommunications\"/>\n\
         </EntityContainer>\n",
    );
    Ok(())
}
