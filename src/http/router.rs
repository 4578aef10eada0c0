//! Which paths there are: the whole table, matched on the decoded segments of a path below `/v1.0` or `/beta`.
//!
//! A pattern is written as OData paths are: names, `{keys}`, and two words of our own: `{user}` at the beginning stands
//! for `/me` and for `/users/{id or userPrincipalName}`; `**` at the end for anything. Keys may stand as segments or in
//! parentheses. Names are compared without case, as Graph does.

use http::Method;
use odata::path::Segment;

use crate::auth::access::PathUser;
use crate::config::Cloud;
use crate::db::artifacts::ArtifactKind;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A meeting's artifacts.
    List(ArtifactKind),
    /// How many they are, as text (OData `/$count`).
    Count(ArtifactKind),
    /// One of them.
    Get(ArtifactKind),
    /// Its bytes.
    Content(ArtifactKind),
}

/// A path that is served.
#[derive(Debug)]
pub struct Route {
    /// Its pattern below the version.
    pub pattern: &'static str,
    /// What it does. All so far answer GET and HEAD.
    pub operation: Operation,
}

/// Methods of every route.
pub const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

use ArtifactKind::{Recording, Transcript};

/// Every path that is served.
pub const ROUTES: [Route; 7] = [
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/recordings",
        operation: Operation::List(Recording),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/recordings/$count",
        operation: Operation::Count(Recording),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/recordings/{artifact}",
        operation: Operation::Get(Recording),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/recordings/{artifact}/content",
        operation: Operation::Content(Recording),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/transcripts",
        operation: Operation::List(Transcript),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/transcripts/$count",
        operation: Operation::Count(Transcript),
    },
    Route {
        pattern: "{user}/onlineMeetings/{meeting}/transcripts/{artifact}",
        operation: Operation::Get(Transcript),
    },
];

/// Paths of Graph that this server means to serve and does not yet: 501.
pub const NOT_BUILT: [&str; 17] = [
    "$metadata",
    "$batch",
    "subscriptions/**",
    "communications/**",
    "{user}",
    "{user}/onlineMeetings",
    "{user}/onlineMeetings/createOrGet",
    "{user}/onlineMeetings/getAllRecordings/**",
    "{user}/onlineMeetings/getAllTranscripts/**",
    "{user}/onlineMeetings/{meeting}",
    "{user}/onlineMeetings/{meeting}/recordings/delta/**",
    "{user}/onlineMeetings/{meeting}/transcripts/delta/**",
    "{user}/onlineMeetings/{meeting}/recordings/{artifact}/content/$value",
    "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/content/**",
    "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/metadataContent/**",
    "{user}/adhocCalls/**",
    "adhocCalls/**",
];

/// Further first segments that are Graph's: 501, so that nobody takes their absence for data.
pub const GRAPH_ROOTS: [&str; 50] = [
    "admin",
    "agreements",
    "appCatalogs",
    "appRoleAssignments",
    "applications",
    "auditLogs",
    "chats",
    "connections",
    "contacts",
    "contracts",
    "copilot",
    "devices",
    "deviceManagement",
    "deviceAppManagement",
    "directory",
    "directoryObjects",
    "directoryRoles",
    "domains",
    "drive",
    "drives",
    "education",
    "employeeExperience",
    "external",
    "groupLifecyclePolicies",
    "groups",
    "groupSettings",
    "identity",
    "identityGovernance",
    "identityProtection",
    "informationProtection",
    "invitations",
    "oauth2PermissionGrants",
    "organization",
    "permissionGrants",
    "places",
    "planner",
    "policies",
    "print",
    "privacy",
    "reports",
    "roleManagement",
    "schemaExtensions",
    "search",
    "security",
    "servicePrincipals",
    "shares",
    "sites",
    "solutions",
    "teams",
    "teamwork",
];

/// The parts of a path that a route names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// `{user}`
    pub user: PathUser,
    /// `{meeting}`; empty where the pattern has none.
    pub meeting: String,
    /// `{artifact}`; empty where the pattern has none.
    pub artifact: String,
}

/// What a path is.
#[derive(Debug)]
pub enum Resolved {
    /// Served.
    Route(&'static Route, Parameters),
    /// Graph's, but not built.
    NotBuilt(String),
    /// An operation that this cloud does not have.
    NotInThisCloud,
    /// Nothing: no route knows this segment.
    UnknownSegment(String),
    /// A route, but not with this method.
    WrongMethod,
}

/// Finds what `method` on a path is.
pub fn resolve(method: &Method, segments: &[Segment], cloud: Cloud) -> Resolved {
    let routes = ROUTES.iter().map(|route| (route.pattern, Some(route)));
    let candidates = routes.chain(NOT_BUILT.iter().map(|pattern| (*pattern, None)));
    let mut best: Option<(Fit, Option<&'static Route>, Parameters)> = None;
    let mut longest = 0;
    let mut is_beginning = segments.is_empty();
    for (pattern, route) in candidates {
        match match_pattern(pattern, segments) {
            Matched::Whole { fit, parameters } => {
                if best.as_ref().is_none_or(|(most, ..)| fit > *most) {
                    best = Some((fit, route, parameters));
                }
            }
            Matched::Beginning => is_beginning = true,
            Matched::UpTo(count) => longest = longest.max(count),
        }
    }
    let is_meeting = segments
        .iter()
        .any(|segment| is_name(segment, "onlineMeetings") || is_name(segment, "adhocCalls"));
    let is_served = match cloud {
        Cloud::Global => true,
        Cloud::UsGovL4 | Cloud::UsGovL5 => !is_export(segments) || matches!(best, Some((_, Some(_), _))),
        Cloud::China => false,
    };
    if !is_served && is_meeting && (best.is_some() || is_beginning) {
        return Resolved::NotInThisCloud;
    }
    match best {
        Some((_, Some(route), parameters)) => match *method {
            Method::GET | Method::HEAD => Resolved::Route(route, parameters),
            _ => Resolved::WrongMethod,
        },
        Some((_, None, _)) => Resolved::NotBuilt(shown(segments)),
        None if is_beginning => Resolved::NotBuilt(shown(segments)),
        None if longest == 0 && is_graph_root(segments) => Resolved::NotBuilt(shown(segments)),
        None => Resolved::UnknownSegment(
            segments
                .get(longest)
                .and_then(Segment::text)
                .unwrap_or_default()
                .to_owned(),
        ),
    }
}

/// `getAllRecordings`, `getAllTranscripts` or `delta`, which the US clouds do not have (contract sections 10 and 11a).
fn is_export(segments: &[Segment]) -> bool {
    let names = ["getAllRecordings", "getAllTranscripts", "delta"];
    segments
        .iter()
        .any(|segment| names.iter().any(|name| is_name(segment, name)))
}

/// How well a pattern fits: the number of names in it counts first (`delta` is a function before it is a key), then
/// whether it fits to its end without a `**`.
type Fit = (usize, bool);

/// How far a pattern fits.
enum Matched {
    Whole {
        fit: Fit,
        parameters: Parameters,
    },
    /// The path ends before the pattern does.
    Beginning,
    /// That many segments fit, the next does not.
    UpTo(usize),
}

fn match_pattern(pattern: &str, segments: &[Segment]) -> Matched {
    let mut parameters = Parameters {
        user: PathUser::Me,
        meeting: String::new(),
        artifact: String::new(),
    };
    let mut literals = 0;
    let mut at = 0;
    for piece in pattern.split('/') {
        if piece == "**" {
            return Matched::Whole {
                fit: (literals, false),
                parameters,
            };
        }
        let Some(segment) = segments.get(at) else {
            return Matched::Beginning;
        };
        match (piece, segment) {
            ("{user}", segment) => match match_user(segment, segments.get(at + 1)) {
                UserMatch::User(user, length) => {
                    parameters.user = user;
                    at += length;
                }
                UserMatch::Beginning => return Matched::Beginning,
                UserMatch::No(fitting) => return Matched::UpTo(at + fitting),
            },
            // A key never begins with `$`: those names are OData's own.
            ("{meeting}", Segment::Key(key)) => (parameters.meeting, at) = (key.clone(), at + 1),
            ("{artifact}", Segment::Key(key)) => (parameters.artifact, at) = (key.clone(), at + 1),
            ("{meeting}", Segment::Plain(key)) if !key.starts_with('$') => {
                (parameters.meeting, at) = (key.clone(), at + 1);
            }
            ("{artifact}", Segment::Plain(key)) if !key.starts_with('$') => {
                (parameters.artifact, at) = (key.clone(), at + 1);
            }
            (name, segment) if is_name(segment, name) => (literals, at) = (literals + 1, at + 1),
            _ => return Matched::UpTo(at),
        }
    }
    match at == segments.len() {
        true => Matched::Whole {
            fit: (literals, true),
            parameters,
        },
        false => Matched::UpTo(at),
    }
}

enum UserMatch {
    User(PathUser, usize),
    Beginning,
    No(usize),
}

fn match_user(segment: &Segment, next: Option<&Segment>) -> UserMatch {
    if is_name(segment, "me") {
        return UserMatch::User(PathUser::Me, 1);
    }
    if !is_name(segment, "users") {
        return UserMatch::No(0);
    }
    match next {
        None => UserMatch::Beginning,
        Some(Segment::Key(key)) => UserMatch::User(PathUser::Key(key.clone()), 2),
        Some(Segment::Plain(key)) if !key.starts_with('$') => UserMatch::User(PathUser::Key(key.clone()), 2),
        Some(Segment::Named(pairs)) => match pairs.as_slice() {
            [(name, value)] if name.eq_ignore_ascii_case("userPrincipalName") => {
                UserMatch::User(PathUser::PrincipalName(value.clone()), 2)
            }
            _ => UserMatch::No(1),
        },
        Some(Segment::Plain(_)) => UserMatch::No(1),
    }
}

fn is_name(segment: &Segment, name: &str) -> bool {
    matches!(segment, Segment::Plain(text) if text.eq_ignore_ascii_case(name))
}

fn is_graph_root(segments: &[Segment]) -> bool {
    segments
        .first()
        .is_some_and(|first| GRAPH_ROOTS.iter().any(|root| is_name(first, root)))
}

/// Whether `text` is a name in one of the patterns, so that as a segment it is not read as a key everywhere.
pub(super) fn is_name_in_pattern(text: &str) -> bool {
    let patterns = ROUTES.iter().map(|route| route.pattern).chain(NOT_BUILT);
    patterns
        .flat_map(|pattern| pattern.split('/'))
        .any(|name| name.eq_ignore_ascii_case(text))
}

/// The names of a path without its keys, to be shown to whoever asked.
fn shown(segments: &[Segment]) -> String {
    let known = |text: &str| {
        is_name_in_pattern(text)
            || GRAPH_ROOTS.iter().any(|name| name.eq_ignore_ascii_case(text))
            || ["me", "users"].iter().any(|name| name.eq_ignore_ascii_case(text))
    };
    let names = segments.iter().map(|segment| match segment {
        Segment::Plain(text) if known(text) => text.as_str(),
        Segment::Plain(_) | Segment::Key(_) => "{id}",
        Segment::Named(_) => "(…)",
    });
    format!("/{}", names.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
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
                let (meeting, artifact) = (parameters.meeting, parameters.artifact);
                format!("{:?} of {user}, {meeting}, {artifact}", route.operation)
            }
            Resolved::NotBuilt(shown) => format!("not built {shown}"),
            Resolved::NotInThisCloud => "not in this cloud".to_owned(),
            Resolved::UnknownSegment(name) => format!("unknown {name}"),
            Resolved::WrongMethod => "wrong method".to_owned(),
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
                "Content(Recording) of me, m, r",
            ),
            (
                "me/onlineMeetings('m')/recordings('r')/Content",
                "Content(Recording) of me, m, r",
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
    fn what_graph_has_and_this_server_has_not_yet_is_named_without_keys() {
        let cases = [
            ("", "/"),
            ("me", "/me"),
            ("users", "/users"),
            ("users/u", "/users/{id}"),
            ("me/onlineMeetings", "/me/onlineMeetings"),
            ("me/onlineMeetings/m", "/me/onlineMeetings/{id}"),
            ("me/onlineMeetings('m')", "/me/onlineMeetings/{id}"),
            ("me/onlineMeetings/createOrGet", "/me/onlineMeetings/createOrGet"),
            (
                "users/u/onlineMeetings/getAllRecordings",
                "/users/{id}/onlineMeetings/getAllRecordings",
            ),
            (
                "users/u/onlineMeetings/getAllRecordings/delta",
                "/users/{id}/onlineMeetings/getAllRecordings/delta",
            ),
            (
                "users/u/onlineMeetings/getAllTranscripts",
                "/users/{id}/onlineMeetings/getAllTranscripts",
            ),
            (
                "me/onlineMeetings/m/recordings/delta",
                "/me/onlineMeetings/{id}/recordings/delta",
            ),
            (
                "me/onlineMeetings/m/recordings/Delta",
                "/me/onlineMeetings/{id}/recordings/Delta",
            ),
            (
                "me/onlineMeetings/m/recordings/delta/$count",
                "/me/onlineMeetings/{id}/recordings/delta/$count",
            ),
            (
                "me/onlineMeetings/m/transcripts/delta",
                "/me/onlineMeetings/{id}/transcripts/delta",
            ),
            (
                "me/onlineMeetings/m/recordings/r/content/$value",
                "/me/onlineMeetings/{id}/recordings/{id}/content/$value",
            ),
            (
                "me/onlineMeetings/m/transcripts/t/content",
                "/me/onlineMeetings/{id}/transcripts/{id}/content",
            ),
            (
                "me/onlineMeetings/m/transcripts/t/content/$value",
                "/me/onlineMeetings/{id}/transcripts/{id}/content/$value",
            ),
            (
                "me/onlineMeetings/m/transcripts/t/metadataContent",
                "/me/onlineMeetings/{id}/transcripts/{id}/metadataContent",
            ),
            ("me/adhocCalls/c/recordings", "/me/adhocCalls/{id}/recordings"),
            ("adhocCalls/c", "/adhocCalls/{id}"),
            ("communications/calls/c", "/communications/{id}/{id}"),
            (
                "communications/onlineMeetings/m/recordings/r",
                "/communications/onlineMeetings/{id}/recordings/{id}",
            ),
            ("subscriptions", "/subscriptions"),
            ("$batch", "/$batch"),
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
            ("me", "not built /me"),
            ("groups", "not built /groups"),
            ("me/nothing", "unknown nothing"),
            ("me/onlineMeetings/m/nothing", "unknown nothing"),
        ] {
            assert_eq!(resolved(&Method::GET, path, Cloud::China), expected, "{path}");
        }
    }

    #[test]
    fn every_pattern_is_written_once() {
        let patterns: Vec<&str> = ROUTES
            .iter()
            .map(|route| route.pattern)
            .chain(NOT_BUILT)
            .collect();
        for (at, pattern) in patterns.iter().enumerate() {
            assert!(!patterns[..at].contains(pattern), "{pattern}");
        }
    }
}
