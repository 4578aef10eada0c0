//! What a handler is given beside a snapshot of the store: the caller and the parts of the request.

use http::header::{ACCEPT, HeaderName};
use http::{HeaderMap, Version};
use odata::QueryOptions;

use super::error::ApiError;
use super::json_body as body;
use super::router::{Parameters, ParentKey};
use crate::app::App;
use crate::auth::access::ArtifactPath;
use crate::auth::caller::Caller;
use crate::db::artifacts::{ArtifactKind, Parent};
use crate::graph::entity::MetadataLevel;
use crate::ids;
use crate::query::page_token::Owner;
use crate::query::plan::Asked;

/// Which root a request came in by; answers link to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// `/v1.0`
    V1,
    /// `/beta`
    Beta,
}

impl ApiVersion {
    /// The version and the rest of a raw path, still encoded; `None` for paths outside of the API.
    pub fn split(path: &str) -> Option<(Self, &str)> {
        let path = path.trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        match first {
            _ if first.eq_ignore_ascii_case("v1.0") => Some((Self::V1, rest)),
            _ if first.eq_ignore_ascii_case("beta") => Some((Self::Beta, rest)),
            _ => None,
        }
    }
}

/// `request-id` and `client-request-id` of an answer (contract section 7.1).
#[derive(Clone, Debug)]
pub struct RequestIds {
    /// Ours.
    pub request: String,
    /// The caller's, ours where it gave none that can be echoed.
    pub client: String,
}

/// `client-request-id`
pub const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// `request-id`
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The longest `client-request-id` that is echoed.
const CLIENT_REQUEST_ID_BYTES: usize = 128;

impl RequestIds {
    /// A new id, with the caller's own where `headers` have one that is short, visible ASCII.
    pub fn of(headers: &HeaderMap) -> Self {
        let request = ids::random();
        let given = headers
            .get(CLIENT_REQUEST_ID)
            .and_then(|value| value.to_str().ok());
        let echoed = given.filter(|text| !text.is_empty() && text.len() <= CLIENT_REQUEST_ID_BYTES);
        let client = echoed.map_or_else(|| request.clone(), ToOwned::to_owned);
        Self { request, client }
    }
}

/// What an answer in JSON is to be like: `Accept`, or `$format` in its place (OData JSON 4.01 section 3). Whatever else is
/// accepted, JSON is what there is; it is never refused for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonFormat {
    /// `odata.metadata`
    pub level: MetadataLevel,
    /// `IEEE754Compatible`: nothing here has numbers that it would change, so it is only repeated.
    pub ieee754_compatible: bool,
}

impl JsonFormat {
    /// Of the first media type of JSON that is accepted.
    pub fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let asked = query.filter(|query| query.to_ascii_lowercase().contains("format="));
        let options = asked.and_then(|query| QueryOptions::parse(Some(query)).ok());
        if let Some(format) = options.as_ref().and_then(QueryOptions::format) {
            return Self::parse(format);
        }
        let accepted = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut types = accepted.flat_map(|value| value.split(','));
        types
            .find(|one| is_json(one.split(';').next().unwrap_or_default()))
            .map_or_else(Self::default, Self::parse)
    }

    fn parse(text: &str) -> Self {
        let mut format = Self::default();
        for parameter in text.split(';').skip(1) {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            // 4.01 has the names without their prefix too.
            let name = name.trim().to_ascii_lowercase();
            match (name.strip_prefix("odata.").unwrap_or(&name), value) {
                ("metadata", _) if value.eq_ignore_ascii_case("none") => format.level = MetadataLevel::None,
                ("metadata", _) if value.eq_ignore_ascii_case("full") => format.level = MetadataLevel::Full,
                ("ieee754compatible", _) => format.ieee754_compatible = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        format
    }

    /// What `Content-Type` says of it.
    pub fn content_type(self) -> String {
        format!(
            "application/json;odata.metadata={};odata.streaming=true;IEEE754Compatible={};charset=utf-8",
            self.level.text(),
            self.ieee754_compatible
        )
    }
}

fn is_json(media_type: &str) -> bool {
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// What a caller would like: `Prefer` (RFC 7240), as far as there is something to prefer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `odata.maxpagesize`
    pub max_page_size: Option<u64>,
    /// `include-unknown-enum-members`
    pub include_unknown_enum_members: bool,
}

impl Preferences {
    /// Those of a request; what cannot be read is left out, as a preference is no demand.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let values = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok());
        for one in values.flat_map(|value| value.split([',', ';'])) {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            let value = value.trim().trim_matches('"');
            let name = name.trim().to_ascii_lowercase();
            match name.strip_prefix("odata.").unwrap_or(&name) {
                "maxpagesize" => {
                    let size = value.parse().ok().filter(|size| *size > 0);
                    found.max_page_size = found.max_page_size.or(size);
                }
                "include-unknown-enum-members" => found.include_unknown_enum_members = true,
                _ => {}
            }
        }
        found
    }
}

/// A request whose caller is known and whose route has been found.
pub struct Call<'a> {
    /// All that a request may reach.
    pub app: &'a App,
    /// Who asks.
    pub caller: Caller,
    /// Which root it came in by.
    pub version: ApiVersion,
    /// What its path names.
    pub path: Parameters,
    /// The query, still encoded.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Which HTTP it came over.
    pub http_version: Version,
    /// Its body, where its method has one.
    pub body: &'a [u8],
    /// What the answer is to be like.
    pub format: JsonFormat,
    /// What the caller would like.
    pub preferences: Preferences,
    /// Its ids.
    pub ids: &'a RequestIds,
    /// The most bytes of content that the answer may bring along; more is a redirection.
    pub most_content: Option<u64>,
}

impl Call<'_> {
    /// The options of the query, to be read by the rules of this server.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            query: self.query,
            rule: self.app.config.graph.query_options,
            now: self.app.clock.now(),
            max_page_size: self.preferences.max_page_size,
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 415 where it says that it is something else, 400 where it is none.
    pub fn json(&self) -> Result<serde_json::Value, ApiError> {
        body::json(self.headers, self.body, self.app.config.limits.json_bytes)
    }

    /// What the artifacts of the path belong to.
    pub fn artifacts(&self, kind: ArtifactKind) -> ArtifactPath {
        ArtifactPath {
            user: self.path.user.clone(),
            parent: match &self.path.parent {
                ParentKey::AdhocCall(id) => Parent::AdhocCall(id.clone()),
                ParentKey::Meeting(id) => Parent::Meeting(id.clone()),
                ParentKey::None => Parent::Meeting(String::new()),
            },
            kind,
        }
    }

    /// The meeting or call of the path.
    pub fn parent(&self) -> &str {
        match &self.path.parent {
            ParentKey::AdhocCall(id) | ParentKey::Meeting(id) => id,
            ParentKey::None => "",
        }
    }

    /// Who may bring a token that this call gives out.
    pub fn owner(&self) -> Owner {
        Owner {
            tenant: self.caller.tenant_id.clone(),
            application: self.caller.app_id.clone(),
            user: self.caller.user_id().map(ToOwned::to_owned),
        }
    }

    /// The root that links of the answer begin with.
    pub fn root(&self) -> String {
        let version = match self.version {
            ApiVersion::V1 => "v1.0",
            ApiVersion::Beta => "beta",
        };
        format!("{}/{version}", self.app.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_level_is_that_of_the_first_json_that_is_accepted() {
        use MetadataLevel::{Full, Minimal, None as Nothing};
        for (accept, level) in [
            (&[][..], Minimal),
            (&["*/*"], Minimal),
            (&["application/json"], Minimal),
            (&["application/json;odata.metadata=none"], Nothing),
            (
                &["application/json; ODATA.metadata=Full ;IEEE754Compatible=true"],
                Full,
            ),
            (&["application/json;metadata=full"], Full),
            (
                &["text/html, application/json;odata.metadata=none, application/json"],
                Nothing,
            ),
            (&["text/html", "application/json;odata.metadata=full"], Full),
            (&["application/json;odata.metadata=verbose"], Minimal),
            (&["text/plain;odata.metadata=none"], Minimal),
            (&[";;;=,,,"], Minimal),
        ] {
            assert_eq!(
                JsonFormat::of(&headers("accept", accept), None).level,
                level,
                "{accept:?}"
            );
        }
        let accept = headers("accept", &["application/json;odata.metadata=none"]);
        for (query, level) in [
            ("$format=json", Minimal),
            ("$format=application/json;odata.metadata=full", Full),
            ("%24format=application/json;odata.metadata%3Dfull", Full),
            ("$top=1", Nothing),
        ] {
            assert_eq!(JsonFormat::of(&accept, Some(query)).level, level, "{query}");
        }
        let compatible = headers("accept", &["application/json;IEEE754Compatible=true"]);
        assert!(JsonFormat::of(&compatible, None).ieee754_compatible);
    }

    #[test]
    fn preferences_are_read_in_every_spelling_and_what_cannot_be_read_is_none() {
        for (prefer, size, members) in [
            (&["odata.maxpagesize=5"][..], Some(5), false),
            (&["maxpagesize=\"7\""], Some(7), false),
            (&["respond-async, ODATA.MaxPageSize = 3"], Some(3), false),
            (&["include-unknown-enum-members"], None, true),
            (
                &["odata.maxpagesize=2", "include-unknown-enum-members"],
                Some(2),
                true,
            ),
            (&["odata.maxpagesize=0"], None, false),
            (&["odata.maxpagesize=x,,;="], None, false),
            (&["odata.maxpagesize=99999999999999999999999"], None, false),
        ] {
            let found = Preferences::of(&headers("prefer", prefer));
            assert_eq!(
                (found.max_page_size, found.include_unknown_enum_members),
                (size, members),
                "{prefer:?}"
            );
        }
    }
}
