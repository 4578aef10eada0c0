//! Which paths there are: the whole table, matched on the decoded segments of a path below `/v1.0` or `/beta`.
//!
//! A pattern is written as OData paths are: names, `{keys}`, functions with `()`, and two words of our own: `{user}` at the
//! beginning stands for `/me` and for `/users/{id or userPrincipalName}`; `**` at the end for anything. Keys may stand as
//! segments or in parentheses; a function's parameters may be left out with their parentheses. Names are compared without
//! case, as Graph does.

mod table;

use http::Method;
use odata::path::Segment;

pub use table::{GRAPH_ROOTS, NOT_BUILT, Operation, ROUTES, Route, Verb};

use crate::auth::access::PathUser;
use crate::config::Cloud;

/// What a path's artifacts belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ParentKey {
    /// It names neither.
    #[default]
    None,
    /// `{meeting}`
    Meeting(String),
    /// `{call}`
    AdhocCall(String),
}

/// The parts of a path that a route names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// `{user}`; `/me` where the pattern has none.
    pub user: PathUser,
    /// Whether the pattern has one.
    pub is_of_user: bool,
    /// `{meeting}` or `{call}`.
    pub parent: ParentKey,
    /// `{artifact}`; empty where the pattern has none.
    pub artifact: String,
    /// Parameters of the functions, as written.
    pub arguments: Vec<(String, String)>,
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
    /// A route, but not with this method: those that it has.
    WrongMethod(String),
}

/// Finds what `method` on a path is.
pub fn resolve(method: &Method, segments: &[Segment], cloud: Cloud) -> Resolved {
    let routes = ROUTES.iter().map(|route| (route.pattern, Some(route)));
    let candidates = routes.chain(NOT_BUILT.iter().map(|pattern| (*pattern, None)));
    let verb = Verb::of(method);
    let mut best: Option<(Fit, Option<&'static Route>, Places)> = None;
    let mut longest = 0;
    let mut is_beginning = false;
    for (pattern, route) in candidates {
        match match_pattern(pattern, segments) {
            Matched::Whole { fit, places } => {
                // Of two routes that differ in their method alone, the one that is asked for.
                let is_asked = |route: Option<&Route>| route.is_some_and(|route| Some(route.verb) == verb);
                let fits = best.as_ref().is_none_or(|(most, other, _)| {
                    fit > *most || fit == *most && is_asked(route) && !is_asked(*other)
                });
                if fits {
                    best = Some((fit, route, places));
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
        Cloud::UsGovL4 | Cloud::UsGovL5 => match &best {
            Some((_, Some(route), _)) => !is_export(route.operation),
            _ => true,
        },
        Cloud::China => false,
    };
    if !is_served && is_meeting && (best.is_some() || is_beginning) {
        return Resolved::NotInThisCloud;
    }
    match best {
        Some((_, Some(route), places)) if Some(route.verb) == verb => {
            let parameters = places.parameters(route, segments);
            Resolved::Route(route, parameters)
        }
        Some((_, Some(route), _)) => Resolved::WrongMethod(methods_of(route.pattern)),
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

/// What `Allow` says of a pattern.
fn methods_of(pattern: &str) -> String {
    let verbs = ROUTES.iter().filter(|route| route.pattern == pattern);
    let mut methods: Vec<&str> = verbs.map(|route| route.verb.text()).collect();
    methods.push("OPTIONS");
    methods.join(", ")
}

/// The methods of all routes together.
pub const ALL_METHODS: &str = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";

/// What `Allow` says of a path: the methods of its route, or all that there are where it has none.
pub fn methods(segments: &[Segment]) -> String {
    match resolve(&Method::OPTIONS, segments, Cloud::Global) {
        Resolved::WrongMethod(methods) => methods,
        _ => ALL_METHODS.to_owned(),
    }
}

/// What the US clouds do not have (contract sections 10 and 11a).
fn is_export(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Delta(_)
            | Operation::Export(_)
            | Operation::ExportDelta(_)
            | Operation::ExportOfCalls(_)
            | Operation::ExportOfCallsDelta(_)
    )
}

/// How well a pattern fits: the number of names in it counts first (`delta` is a function before it is a key), then
/// whether it fits to its end without a `**`.
type Fit = (usize, bool);

/// Where in the path the parts of a pattern stand. Nothing is copied until the best pattern is known.
#[derive(Clone, Copy, Default)]
struct Places {
    user: Option<usize>,
    meeting: Option<usize>,
    call: Option<usize>,
    artifact: Option<usize>,
    arguments: [Option<usize>; 2],
}

impl Places {
    fn parameters(self, route: &Route, segments: &[Segment]) -> Parameters {
        let text = |at: Option<usize>| {
            let segment = at.and_then(|at| segments.get(at));
            segment.and_then(Segment::text).map(ToOwned::to_owned)
        };
        let arguments = self.arguments.into_iter().flatten();
        let arguments = arguments.filter_map(|at| match segments.get(at) {
            Some(Segment::Named(pairs)) => Some(pairs.iter().cloned()),
            _ => None,
        });
        Parameters {
            is_of_user: route.pattern.starts_with("{user}"),
            user: match self.user.and_then(|at| segments.get(at)) {
                None => PathUser::Me,
                Some(Segment::Plain(key) | Segment::Key(key)) => PathUser::Key(key.clone()),
                Some(Segment::Named(pairs)) => {
                    let name = pairs.first().map(|(_, value)| value.clone());
                    PathUser::PrincipalName(name.unwrap_or_default())
                }
            },
            parent: match (text(self.meeting), text(self.call)) {
                (Some(meeting), _) => ParentKey::Meeting(meeting),
                (None, Some(call)) => ParentKey::AdhocCall(call),
                (None, None) => ParentKey::None,
            },
            artifact: text(self.artifact).unwrap_or_default(),
            arguments: arguments.flatten().collect(),
        }
    }
}

/// How far a pattern fits.
enum Matched {
    Whole {
        fit: Fit,
        places: Places,
    },
    /// The path ends before the pattern does.
    Beginning,
    /// That many segments fit, the next does not.
    UpTo(usize),
}

fn match_pattern(pattern: &str, segments: &[Segment]) -> Matched {
    let mut places = Places::default();
    let mut literals = 0;
    let mut at = 0;
    for piece in pattern.split('/').filter(|piece| !piece.is_empty()) {
        if piece == "**" {
            return Matched::Whole {
                fit: (literals, false),
                places,
            };
        }
        let Some(segment) = segments.get(at) else {
            return Matched::Beginning;
        };
        // A key never begins with `$`: those names are OData's own.
        let is_key = match segment {
            Segment::Key(_) => true,
            Segment::Plain(key) => !key.starts_with('$'),
            Segment::Named(_) => false,
        };
        match piece {
            "{user}" => match match_user(segment, segments.get(at + 1)) {
                UserMatch::Me => {}
                UserMatch::User => (places.user, at) = (Some(at + 1), at + 1),
                UserMatch::Beginning => return Matched::Beginning,
                UserMatch::No(fitting) => return Matched::UpTo(at + fitting),
            },
            "{meeting}" if is_key => places.meeting = Some(at),
            "{call}" if is_key => places.call = Some(at),
            "{artifact}" if is_key => places.artifact = Some(at),
            name => {
                let function = name.strip_suffix("()");
                if !is_name(segment, function.unwrap_or(name)) {
                    return Matched::UpTo(at);
                }
                literals += 1;
                if function.is_some() && matches!(segments.get(at + 1), Some(Segment::Named(_))) {
                    at += 1;
                    if let Some(free) = places.arguments.iter_mut().find(|place| place.is_none()) {
                        *free = Some(at);
                    }
                }
            }
        }
        at += 1;
    }
    match at == segments.len() {
        true => Matched::Whole {
            fit: (literals, true),
            places,
        },
        false => Matched::UpTo(at),
    }
}

enum UserMatch {
    /// `/me`
    Me,
    /// `/users` and the next segment.
    User,
    Beginning,
    No(usize),
}

fn match_user(segment: &Segment, next: Option<&Segment>) -> UserMatch {
    if is_name(segment, "me") {
        return UserMatch::Me;
    }
    if !is_name(segment, "users") {
        return UserMatch::No(0);
    }
    match next {
        None => UserMatch::Beginning,
        Some(Segment::Key(_)) => UserMatch::User,
        Some(Segment::Plain(key)) if !key.starts_with('$') => UserMatch::User,
        Some(Segment::Named(pairs)) => match pairs.as_slice() {
            [(name, _)] if name.eq_ignore_ascii_case("userPrincipalName") => UserMatch::User,
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
        .any(|name| name.strip_suffix("()").unwrap_or(name).eq_ignore_ascii_case(text))
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
mod tests;
