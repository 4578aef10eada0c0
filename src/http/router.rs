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
    let mut best: Option<(usize, Option<&'static Route>, Parameters)> = None;
    let mut longest = 0;
    let mut is_beginning = segments.is_empty();
    for (pattern, route) in candidates {
        match match_pattern(pattern, segments) {
            Matched::Whole { literals, parameters } => {
                if best.as_ref().is_none_or(|(most, ..)| literals > *most) {
                    best = Some((literals, route, parameters));
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

/// How far a pattern fits.
enum Matched {
    Whole {
        literals: usize,
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
            // A path that ends here is named better by this than by a key in the place of the last name.
            literals += usize::from(at == segments.len());
            return Matched::Whole { literals, parameters };
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
            literals: literals + 1,
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

/// The names of a path without its keys, to be shown to whoever asked.
fn shown(segments: &[Segment]) -> String {
    let known = |text: &str| {
        let patterns = ROUTES.iter().map(|route| route.pattern).chain(NOT_BUILT);
        patterns
            .flat_map(|pattern| pattern.split('/'))
            .chain(GRAPH_ROOTS)
            .any(|name| name.eq_ignore_ascii_case(text))
            || ["me", "users"].iter().any(|name| name.eq_ignore_ascii_case(text))
    };
    let names = segments.iter().map(|segment| match segment {
        Segment::Plain(text) if known(text) => text.as_str(),
        Segment::Plain(_) | Segment::Key(_) => "{id}",
        Segment::Named(_) => "(…)",
    });
    format!("/{}", names.collect::<Vec<_>>().join("/"))
}
