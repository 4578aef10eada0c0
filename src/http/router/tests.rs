use odata::path::ResourcePath;

use super::*;

/// What GET on `path` is, in one word or line.
fn at(path: &str) -> String {
    resolved(&Method::GET, path, Cloud::Global)
}

fn resolved(method: &Method, path: &str, cloud: Cloud) -> String {
    let segments = ResourcePath::parse(path).unwrap().into_segments();
    match resolve(method, &segments, cloud) {
        Resolved::Route(route, parameters) => {
            let user = match parameters.user {
                PathUser::Me => "me".to_owned(),
                PathUser::Key(key) => key,
                PathUser::PrincipalName(name) => format!("name {name}"),
            };
            let parent = match parameters.parent {
                ParentKey::None => String::new(),
                ParentKey::Meeting(id) => id,
                ParentKey::AdhocCall(id) => format!("call {id}"),
            };
            let mut shown = format!(
                "{:?} of {user}, {parent}, {}",
                route.operation, parameters.artifact
            );
            for (name, value) in parameters.arguments {
                shown.push_str(&format!(", {name}={value}"));
            }
            shown
        }
        Resolved::NotBuilt(shown) => format!("not built {shown}"),
        Resolved::NotInThisCloud => "not in this cloud".to_owned(),
        Resolved::UnknownSegment(name) => format!("unknown {name}"),
        Resolved::WrongMethod(_) => "wrong method".to_owned(),
    }
}

#[test]
fn every_form_of_a_path_is_its_route() {
    let cases = [
        ("me/onlineMeetings/m/recordings", "List(Recording) of me, m, "),
        ("users/u/onlineMeetings/m/recordings", "List(Recording) of u, m, "),
        (
            "users('u')/onlineMeetings('m')/recordings",
            "List(Recording) of u, m, ",
        ),
        (
            "users/a@b/onlineMeetings/m/recordings",
            "List(Recording) of a@b, m, ",
        ),
        (
            "users(userPrincipalName='a@b')/onlineMeetings/m/transcripts",
            "List(Transcript) of name a@b, m, ",
        ),
        ("ME/ONLINEMEETINGS/M/RECORDINGS", "List(Recording) of me, M, "),
        (
            "Users/U/onlinemeetings/m/Transcripts/$COUNT",
            "Count(Transcript) of U, m, ",
        ),
        (
            "me/onlineMeetings/m/recordings/$count",
            "Count(Recording) of me, m, ",
        ),
        ("me/onlineMeetings/m/recordings/r", "Get(Recording) of me, m, r"),
        (
            "me/onlineMeetings/m/recordings('r')",
            "Get(Recording) of me, m, r",
        ),
        (
            "me/onlineMeetings/m/recordings/r/content",
            "Content(Recording, Content) of me, m, r",
        ),
        (
            "me/onlineMeetings('m')/recordings('r')/Content",
            "Content(Recording, Content) of me, m, r",
        ),
        ("me/onlineMeetings/m/transcripts/t", "Get(Transcript) of me, m, t"),
        // A key in parentheses is never a name.
        (
            "me/onlineMeetings('getAllRecordings')/recordings",
            "List(Recording) of me, getAllRecordings, ",
        ),
        (
            "me/onlineMeetings/m/recordings('delta')",
            "Get(Recording) of me, m, delta",
        ),
        (
            "me/onlineMeetings/m/recordings('$count')",
            "Get(Recording) of me, m, $count",
        ),
        (
            "users('me')/onlineMeetings/m/recordings",
            "List(Recording) of me, m, ",
        ),
        // A key may be named as something else is.
        (
            "me/onlineMeetings/recordings/recordings/content",
            "Get(Recording) of me, recordings, content",
        ),
        (
            "users/users/onlineMeetings/onlineMeetings/recordings",
            "List(Recording) of users, onlineMeetings, ",
        ),
        (
            "me/onlineMeetings/a%2Fb/recordings/c%20d",
            "Get(Recording) of me, a/b, c d",
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(at(path), expected, "{path}");
    }
}

#[test]
fn functions_come_with_and_without_their_parentheses_and_qualifiers() {
    let cases = [
        (
            "users/u/onlineMeetings/getAllRecordings",
            "Export(Recording) of u, , ",
        ),
        (
            "users/u/onlineMeetings/getAllRecordings()",
            "Export(Recording) of u, , ",
        ),
        (
            "users('u')/onlineMeetings/microsoft.graph.getAllTranscripts(meetingOrganizerUserId='u')",
            "Export(Transcript) of u, , , meetingOrganizerUserId=u",
        ),
        (
            "users/u/onlineMeetings/getAllRecordings(meetingOrganizerUserId='u', startDateTime=2024-01-15T00:00:00Z)/delta",
            "ExportDelta(Recording) of u, , , meetingOrganizerUserId=u, startDateTime=2024-01-15T00:00:00Z",
        ),
        (
            "users/u/onlineMeetings/getAllRecordings/microsoft.graph.delta()",
            "ExportDelta(Recording) of u, , ",
        ),
        (
            "me/onlineMeetings/m/recordings/delta",
            "Delta(Recording) of me, m, ",
        ),
        (
            "me/onlineMeetings/m/recordings/delta()",
            "Delta(Recording) of me, m, ",
        ),
        (
            "me/adhocCalls/c/transcripts/Delta()",
            "Delta(Transcript) of me, call c, ",
        ),
        (
            "users/u/adhocCalls/getAllRecordings(userId='u')",
            "ExportOfCalls(Recording) of u, , , userId=u",
        ),
        (
            "adhocCalls/getAllRecordings(userId=u)",
            "ExportOfCalls(Recording) of me, , , userId=u",
        ),
        (
            "communications/onlineMeetings/getAllRecordings(userId='u')",
            "NotRouted of me, , , userId=u",
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(at(path), expected, "{path}");
    }
}

#[test]
fn every_operation_has_its_path() {
    let cases = [
        ("", "ServiceDocument of me, , "),
        ("me", "GetUser of me, , "),
        ("users/u", "GetUser of u, , "),
        ("me/onlineMeetings", "FindMeetings of me, , "),
        ("me/onlineMeetings/$count", "CountMeetings of me, , "),
        ("me/onlineMeetings/m", "GetMeeting of me, m, "),
        (
            "me/onlineMeetings('createOrGet')",
            "GetMeeting of me, createOrGet, ",
        ),
        ("communications/onlineMeetings/", "FindMeetingsOfTenant of me, , "),
        ("me/adhocCalls", "ListCalls of me, , "),
        ("me/adhocCalls/$count", "CountCalls of me, , "),
        ("me/adhocCalls/c", "GetCall of me, call c, "),
        ("me/adhocCalls/c/recordings", "List(Recording) of me, call c, "),
        (
            "me/adhocCalls/c/recordings/r/content/$value",
            "Content(Recording, Content) of me, call c, r",
        ),
        (
            "me/onlineMeetings/m/transcripts/t/metadataContent",
            "Content(Transcript, Metadata) of me, m, t",
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(at(path), expected, "{path}");
    }
    for (method, path, expected) in [
        (Method::POST, "$batch", "Batch of me, , "),
        (Method::POST, "me/onlineMeetings", "CreateMeeting of me, , "),
        (
            Method::POST,
            "me/onlineMeetings/createOrGet",
            "CreateOrGetMeeting of me, , ",
        ),
        (Method::PATCH, "me/onlineMeetings/m", "UpdateMeeting of me, m, "),
        (Method::DELETE, "me/onlineMeetings/m", "DeleteMeeting of me, m, "),
        (Method::GET, "$batch", "wrong method"),
        (Method::POST, "me/onlineMeetings/m", "wrong method"),
    ] {
        assert_eq!(
            resolved(&method, path, Cloud::Global),
            expected,
            "{method} {path}"
        );
    }
}

#[test]
fn what_graph_has_and_this_server_has_not_yet_is_named_without_keys() {
    let cases = [
        ("users", "/users"),
        ("adhocCalls/c", "/adhocCalls/{id}"),
        ("communications/calls/c", "/communications/{id}/{id}"),
        (
            "communications/onlineMeetings/m/recordings/r",
            "/communications/onlineMeetings/{id}/recordings/{id}",
        ),
        ("subscriptions", "/subscriptions"),
        ("groups", "/groups"),
        ("groups/g/members", "/groups/{id}/{id}"),
        ("Teams/t", "/Teams/{id}"),
    ];
    for (path, shown) in cases {
        assert_eq!(at(path), format!("not built {shown}"), "{path}");
        assert_eq!(
            resolved(&Method::POST, path, Cloud::Global),
            format!("not built {shown}"),
            "{path}"
        );
    }
}

#[test]
fn a_path_tells_its_methods() {
    for (path, expected) in [
        ("me/onlineMeetings/m", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("me/onlineMeetings", "GET, HEAD, POST, OPTIONS"),
        ("me/onlineMeetings/m/recordings", "GET, HEAD, OPTIONS"),
        ("$batch", "POST, OPTIONS"),
        ("nothing", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
    ] {
        let segments = ResourcePath::parse(path).unwrap().into_segments();
        assert_eq!(methods(&segments), expected, "{path}");
    }
}

#[test]
fn the_first_segment_that_nothing_knows_is_named() {
    let cases = [
        ("nothing", "nothing"),
        ("meetings/m", "meetings"),
        ("mee/onlineMeetings", "mee"),
        ("me/nothing", "nothing"),
        ("me/nothing/more", "nothing"),
        ("users/u/nothing", "nothing"),
        ("users('u')/nothing", "nothing"),
        ("me/onlineMeetings/m/nothing", "nothing"),
        ("me/onlineMeetings/m/recordings/r/nothing", "nothing"),
        ("me/onlineMeetings/m/recordings/r/content/nothing", "nothing"),
        ("me/onlineMeetings/m/recordings/$nothing", "$nothing"),
        ("me/onlineMeetings/m/recordings/$count/x", "x"),
        ("me/onlineMeetings/m/recordings/delta/$count", "$count"),
        ("users/$count", "$count"),
    ];
    for (path, name) in cases {
        assert_eq!(at(path), format!("unknown {name}"), "{path}");
    }
}

#[test]
fn routes_are_read_and_nothing_else() {
    let path = "me/onlineMeetings/m/recordings/r";
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(
            resolved(&method, path, Cloud::Global),
            "Get(Recording) of me, m, r"
        );
    }
    for method in [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::TRACE,
    ] {
        assert_eq!(resolved(&method, path, Cloud::Global), "wrong method", "{method}");
    }
}

#[test]
fn china_has_no_meetings() {
    for path in [
        "me/onlineMeetings",
        "me/onlineMeetings/m/recordings",
        "me/onlineMeetings/m/recordings/r/content",
        "users/u/onlineMeetings/getAllRecordings",
        "me/adhocCalls/c",
        "communications/onlineMeetings/m",
    ] {
        assert_eq!(
            resolved(&Method::GET, path, Cloud::China),
            "not in this cloud",
            "{path}"
        );
    }
    for (path, expected) in [
        ("me", "GetUser of me, , "),
        ("groups", "not built /groups"),
        ("me/nothing", "unknown nothing"),
        ("me/onlineMeetings/m/nothing", "unknown nothing"),
    ] {
        assert_eq!(resolved(&Method::GET, path, Cloud::China), expected, "{path}");
    }
}

#[test]
fn every_pattern_is_written_once() {
    let routes = ROUTES.iter().map(|route| (Some(route.verb), route.pattern));
    let patterns: Vec<_> = routes
        .chain(NOT_BUILT.into_iter().map(|pattern| (None, pattern)))
        .collect();
    for (at, pattern) in patterns.iter().enumerate() {
        assert!(!patterns[..at].contains(pattern), "{pattern:?}");
    }
}
