//! What a program writes of a meeting: read against the property table, member by member.

use serde_json::{Map, Value};

use crate::clock::Ticks;
use crate::db::meetings::Role;
use crate::graph::meeting::MeetingProperty;
use crate::http::error::ApiError;
use crate::query::schema::types::{ComplexType, complex_type, enum_type};
use crate::query::schema::{MEETING, Type};

/// The longest text of a member.
const MAX_TEXT: usize = 1024;
/// The most people of a meeting.
const MAX_ATTENDEES: usize = 1000;

/// What is to be different of a meeting. `None`: nothing was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MeetingChange {
    pub(super) subject: Option<Option<String>>,
    pub(super) start: Option<Option<Ticks>>,
    pub(super) end: Option<Option<Ticks>>,
    pub(super) external_id: Option<Option<String>>,
    pub(super) attendees: Option<Vec<Attendee>>,
    /// Members that are kept as they are; null takes one away.
    pub(super) settings: Map<String, Value>,
}

/// Somebody who is to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attendee {
    /// Object id or sign-in name.
    pub(super) user: String,
    pub(super) role: Role,
    /// Where it stands in the body.
    pub(super) at: String,
}

impl MeetingChange {
    /// Reads a JSON object. What only the server writes is ignored, as OData wants it (4.01 Part 1 section 11.4.3).
    ///
    /// # Errors
    /// 400 with the member that is wrong.
    pub(super) fn parse(body: &Value) -> Result<Self, ApiError> {
        let Value::Object(members) = body else {
            return Err(ApiError::bad_request("The body is not a JSON object."));
        };
        let mut change = Self::default();
        for (name, value) in members {
            if name.contains('@') {
                continue;
            }
            let Some(property) = MEETING.property(name) else {
                return Err(ApiError::bad_request(MEETING.no_property(name)));
            };
            match property.member {
                MeetingProperty::Subject => change.subject = Some(text(name, value)?),
                MeetingProperty::StartDateTime => change.start = Some(instant(name, value)?),
                MeetingProperty::EndDateTime => change.end = Some(instant(name, value)?),
                MeetingProperty::ExternalId => change.external_id = Some(text(name, value)?),
                MeetingProperty::Participants => change.attendees = attendees(value)?,
                MeetingProperty::Setting(name) => {
                    change
                        .settings
                        .insert(name.to_owned(), setting(name, property.of, value)?);
                }
                MeetingProperty::Id
                | MeetingProperty::CreationDateTime
                | MeetingProperty::ExpiryDateTime
                | MeetingProperty::JoinWebUrl
                | MeetingProperty::VideoTeleconferenceId
                | MeetingProperty::MeetingType
                | MeetingProperty::IsBroadcast
                | MeetingProperty::ChatInfo
                | MeetingProperty::JoinMeetingIdSettings => {}
            }
        }
        Ok(change)
    }
}

fn expected(name: &str, what: &str) -> ApiError {
    ApiError::bad_request(format!("The property '{name}' is expected to be {what}."))
}

fn text(name: &str, value: &Value) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.len() <= MAX_TEXT => Ok(Some(text.clone())),
        _ => Err(expected(
            name,
            &format!("a text of at most {MAX_TEXT} bytes, or null"),
        )),
    }
}

fn instant(name: &str, value: &Value) -> Result<Option<Ticks>, ApiError> {
    let wrong = || expected(name, "an instant such as 2024-01-15T09:00:00Z, or null");
    match value {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// A member that is kept as it is, checked: its type, and for an enumeration its members. Annotations are left out.
fn setting(name: &str, of: Type, value: &Value) -> Result<Value, ApiError> {
    match (of, value) {
        (_, Value::Null) | (Type::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Type::Boolean, _) => Err(expected(name, "true, false or null")),
        (Type::Graph(of), value) => match (enum_type(of), complex_type(of)) {
            (Some(known), _) => {
                let is_member = |text: &str| known.members.iter().any(|(member, _)| *member == text);
                match value.as_str().is_some_and(is_member) {
                    true => Ok(value.clone()),
                    false => {
                        let names: Vec<&str> = known.members.iter().map(|(member, _)| *member).collect();
                        Err(expected(name, &format!("one of {}", names.join(", "))))
                    }
                }
            }
            (None, Some(known)) => structured(name, known, value),
            (None, None) => Err(expected(name, "null")),
        },
        (Type::String | Type::DateTimeOffset | Type::Stream | Type::Strings, value) => {
            Ok(text(name, value)?.into())
        }
    }
}

fn structured(name: &str, known: &ComplexType, value: &Value) -> Result<Value, ApiError> {
    let Value::Object(members) = value else {
        return Err(expected(name, "an object or null"));
    };
    let mut kept = Map::new();
    for (member, value) in members.iter().filter(|(member, _)| !member.contains('@')) {
        let Some((_, of)) = known.properties.iter().find(|(known, _)| known == member) else {
            return Err(expected(name, &format!("an object without '{member}'")));
        };
        let of = match of.strip_prefix("graph.") {
            Some(graph) => Type::Graph(graph),
            None if *of == "Edm.Boolean" => Type::Boolean,
            None => Type::String,
        };
        kept.insert(member.clone(), setting(&format!("{name}/{member}"), of, value)?);
    }
    Ok(Value::Object(kept))
}

/// `participants`: its attendees; the organizer is whoever makes the meeting.
fn attendees(value: &Value) -> Result<Option<Vec<Attendee>>, ApiError> {
    let list = match value {
        Value::Null => return Ok(None),
        Value::Object(members) => match members.get("attendees") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(expected("participants/attendees", "an array")),
        },
        _ => return Err(expected("participants", "an object or null")),
    };
    if list.len() > MAX_ATTENDEES {
        return Err(expected(
            "participants/attendees",
            "an array of at most 1000 people",
        ));
    }
    let people = list.iter().enumerate();
    let people = people.map(|(index, one)| attendee(one, format!("participants/attendees/{index}")));
    people.collect::<Result<_, _>>().map(Some)
}

fn attendee(value: &Value, at: String) -> Result<Attendee, ApiError> {
    let id = value.pointer("/identity/user/id").and_then(Value::as_str);
    let upn = value.get("upn").and_then(Value::as_str);
    let Some(user) = id
        .or(upn)
        .filter(|user| !user.is_empty() && user.len() <= MAX_TEXT)
    else {
        return Err(expected(&at, "an object with identity/user/id or upn"));
    };
    let role = match value.get("role") {
        None | Some(Value::Null) => Role::Attendee,
        Some(role) => role.as_str().and_then(Role::parse).ok_or_else(|| {
            expected(
                &format!("{at}/role"),
                "one of attendee, presenter, producer, coorganizer",
            )
        })?,
    };
    Ok(Attendee {
        user: user.to_owned(),
        role,
        at,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_program_may_write_is_read_and_the_rest_is_left_alone() {
        let change = MeetingChange::parse(&json!({
            "@odata.type": "#microsoft.graph.onlineMeeting",
            "id": "x",
            "joinWebUrl": "https://elsewhere.example",
            "subject": "Plan",
            "startDateTime": "2026-01-05T10:00:00+01:00",
            "endDateTime": null,
            "allowedPresenters": "organizer",
            "lobbyBypassSettings": {"scope": "everyone", "isDialInBypassEnabled": true},
            "participants": {"attendees": [{"upn": "a@b", "role": "presenter"},
                                           {"identity": {"user": {"id": "u"}}}]},
        }))
        .unwrap();
        assert_eq!(change.subject, Some(Some("Plan".to_owned())));
        assert_eq!(
            change.start.unwrap().unwrap().to_string(),
            "2026-01-05T09:00:00.0000000Z"
        );
        assert_eq!(change.end, Some(None));
        assert_eq!(change.settings.len(), 2);
        let attendees = change.attendees.unwrap();
        assert_eq!(
            (attendees[0].user.as_str(), attendees[0].role),
            ("a@b", Role::Presenter)
        );
        assert_eq!(
            (attendees[1].user.as_str(), attendees[1].role),
            ("u", Role::Attendee)
        );
    }

    #[test]
    fn of_what_is_kept_nothing_stays_that_is_not_declared() {
        let change = MeetingChange::parse(&json!({
            "lobbyBypassSettings": {"@odata.type": "#x", "scope": "everyone", "scope@x": "y".repeat(5000)},
            "watermarkProtection": {"isEnabledForVideo": true, "x@y": [1, 2]},
            "allowRecording@odata.type": "#Boolean",
        }))
        .unwrap();
        let kept = json!({
            "lobbyBypassSettings": {"scope": "everyone"},
            "watermarkProtection": {"isEnabledForVideo": true},
        });
        assert_eq!(Value::Object(change.settings), kept);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, named) in [
            (json!([]), "JSON object"),
            (json!({"colour": "red"}), "'colour'"),
            (json!({"subject": 1}), "'subject'"),
            (json!({"subject": "x".repeat(1025)}), "'subject'"),
            (json!({"startDateTime": "tomorrow"}), "'startDateTime'"),
            (json!({"allowRecording": "yes"}), "'allowRecording'"),
            (json!({"allowedPresenters": "nobody"}), "roleIsPresenter"),
            (json!({"lobbyBypassSettings": {"x": 1}}), "'x'"),
            (
                json!({"lobbyBypassSettings": {"scope": "all"}}),
                "lobbyBypassSettings/scope",
            ),
            (json!({"participants": []}), "'participants'"),
            (
                json!({"participants": {"attendees": {}}}),
                "participants/attendees",
            ),
            (
                json!({"participants": {"attendees": [{}]}}),
                "participants/attendees/0",
            ),
            (
                json!({"participants": {"attendees": [{"upn": "a", "role": "boss"}]}}),
                "attendees/0/role",
            ),
        ] {
            let error = MeetingChange::parse(&body).unwrap_err();
            assert!(error.message.contains(named), "{body}: {}", error.message);
        }
    }
}
