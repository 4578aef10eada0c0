//! What a handler is given beside a snapshot of the store: the caller and the parts of the request.

use http::HeaderMap;
use http::header::HeaderName;

use crate::app::App;
use crate::auth::access::MeetingPath;
use crate::auth::caller::Caller;
use crate::ids;

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

/// A request whose caller is known and whose route has been found.
pub struct Call<'a> {
    /// All that a request may reach.
    pub app: &'a App,
    /// Who asks.
    pub caller: Caller,
    /// Which root it came in by.
    pub version: ApiVersion,
    /// The meeting of the path.
    pub meeting: MeetingPath,
    /// The artifact of the path; empty where it names none.
    pub artifact: String,
    /// The query, still encoded.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its ids.
    pub ids: &'a RequestIds,
}
