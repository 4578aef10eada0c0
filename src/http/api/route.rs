//! The paths below `/api/v1`.

use http::Method;

use crate::db::artifacts::ArtifactKind;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Resource {
    /// `openapi.json`
    OpenApi,
    /// `uploadSessions`
    UploadSessions,
    /// `uploadSessions/{token}`
    UploadSession(String),
    /// `recordings/{id}` and `transcripts/{id}`
    Artifact(ArtifactKind, String),
}

/// A path of ours, and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Found {
    pub(in crate::http) resource: Resource,
    route: &'static Route,
}

/// A pattern, and its methods.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct Route {
    /// Below the root; `{…}` stands for one segment.
    pub(in crate::http) pattern: &'static str,
    /// As `Allow` says them.
    pub(in crate::http) allowed: &'static str,
}

/// Where our own name space lies.
const ROOT: &str = "/api/v1/";

/// Every path of ours.
pub(in crate::http) static ROUTES: [Route; 5] = [
    Route {
        pattern: "/api/v1/openapi.json",
        allowed: "GET, HEAD, OPTIONS",
    },
    Route {
        pattern: "/api/v1/uploadSessions",
        allowed: "POST, OPTIONS",
    },
    Route {
        pattern: "/api/v1/uploadSessions/{uploadSession}",
        allowed: "GET, HEAD, PUT, DELETE, OPTIONS",
    },
    Route {
        pattern: "/api/v1/recordings/{recording}",
        allowed: "DELETE, OPTIONS",
    },
    Route {
        pattern: "/api/v1/transcripts/{transcript}",
        allowed: "DELETE, OPTIONS",
    },
];

impl Route {
    /// The name of the segment that names one thing.
    pub(in crate::http) fn key(&self) -> Option<&'static str> {
        let last = self.pattern.rsplit('/').next()?;
        last.strip_prefix('{')?.strip_suffix('}')
    }
}

impl Found {
    pub(in crate::http) fn pattern(&self) -> &'static str {
        self.route.pattern
    }

    pub(in crate::http) fn allowed(&self) -> &'static str {
        self.route.allowed
    }

    pub(in crate::http) fn allows(&self, method: &Method) -> bool {
        self.route
            .allowed
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// What a path of a request, still encoded, names; `None` where it is none of ours.
pub(in crate::http) fn find(path: &str) -> Option<Found> {
    let rest = path.strip_prefix(ROOT)?;
    let [description, sessions, session, recording, transcript] = &ROUTES;
    let key = |text: &str| {
        let key = odata::path::decode_segment(text)?;
        (!key.is_empty() && !text.contains('/')).then_some(key)
    };
    let mut segments = rest.trim_end_matches('/').splitn(2, '/');
    let (resource, route) = match (segments.next()?, segments.next()) {
        ("openapi.json", None) => (Resource::OpenApi, description),
        ("uploadSessions", None) => (Resource::UploadSessions, sessions),
        ("uploadSessions", Some(token)) => (Resource::UploadSession(token.to_owned()), session),
        ("recordings", Some(id)) => (Resource::Artifact(ArtifactKind::Recording, key(id)?), recording),
        ("transcripts", Some(id)) => (Resource::Artifact(ArtifactKind::Transcript, key(id)?), transcript),
        _ => return None,
    };
    Some(Found { resource, route })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_ours_or_nobodys() {
        for (path, expected) in [
            ("/api/v1/openapi.json", Some(Resource::OpenApi)),
            ("/api/v1/uploadSessions", Some(Resource::UploadSessions)),
            ("/api/v1/uploadSessions/", Some(Resource::UploadSessions)),
            (
                "/api/v1/uploadSessions/a-b_c",
                Some(Resource::UploadSession("a-b_c".to_owned())),
            ),
            (
                "/api/v1/uploadSessions/a/b",
                Some(Resource::UploadSession("a/b".to_owned())),
            ),
            (
                "/api/v1/recordings/VjIj%3D",
                Some(Resource::Artifact(ArtifactKind::Recording, "VjIj=".to_owned())),
            ),
            ("/api/v1/recordings/a/b", None),
            ("/api/v1/recordings/%", None),
            ("/api/v1/recordings", None),
            ("/api/v1/", None),
            ("/api/v2/uploadSessions", None),
            ("/v1.0/api/v1/uploadSessions", None),
            ("/api/v1/other", None),
        ] {
            assert_eq!(find(path).map(|found| found.resource), expected, "{path}");
        }
    }

    #[test]
    fn a_method_is_allowed_where_it_stands() {
        let found = find("/api/v1/uploadSessions/x").unwrap();
        assert!(found.allows(&Method::PUT) && found.allows(&Method::DELETE));
        assert!(!found.allows(&Method::POST) && !found.allows(&Method::PATCH));
    }
}
