//! `POST /$batch`: up to twenty requests in one (contract section 9). Each is answered as if it had come alone, by the caller of
//! the batch; one that fails is its own affair, unless another depends on it.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use super::body::Body;
use super::error::{ApiError, ErrorCode};
use super::request::{ApiVersion, Call, RequestIds};
use super::respond;
use super::service::{self, Asking};
use crate::query::plan;

/// The most requests of a batch.
const MAX_REQUESTS: usize = 20;
/// The longest id of one.
const MAX_ID_BYTES: usize = 256;
/// The most bytes of all answers together.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes of content that one brings along; more is to be had at its `Location`.
pub(super) const MAX_CONTENT_BYTES: u64 = 1024 * 1024;

/// One request of a batch.
#[derive(Debug)]
struct Item {
    id: String,
    method: Method,
    /// Path and query below the root of the batch's version, or what is wrong with it.
    target: Result<String, String>,
    headers: HeaderMap,
    body: Vec<u8>,
    depends_on: Vec<String>,
}

/// Answers a batch.
///
/// # Errors
/// 400 where it is none, and then nothing of it has been done.
pub(super) async fn batch(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    plan::parse_nothing(call.asked())?;
    let items = parse(&call.json()?, call)?;
    let order = in_order(&items)?;
    let mut responses: Vec<Answered> = Vec::with_capacity(items.len());
    let mut failed: HashSet<String> = HashSet::new();
    let mut room = MAX_ANSWER_BYTES;
    for place in order {
        let Some(item) = items.get(place) else { continue };
        let depends_on_failed = item
            .depends_on
            .iter()
            .any(|other| failed.contains(&folded(other)));
        let response = match depends_on_failed {
            true => refused(
                call,
                &item.id,
                &ApiError::new(
                    ErrorCode::FailedDependency,
                    "A request that this one depends on has failed.",
                ),
            ),
            // What fails is one answer: the others may have changed something already.
            false => match answer(call, item, &mut room).await {
                Ok(answered) => answered,
                Err(error) => refused(call, &item.id, &error),
            },
        };
        if response.status >= 400 {
            failed.insert(folded(&item.id));
        }
        responses.push(response);
    }
    let list: Vec<String> = responses.iter().map(Answered::to_json).collect();
    let text = format!("{{\"responses\":[{}]}}", list.join(","));
    Ok(respond::json_text(call.format, text.into()))
}

/// The answer to one request.
struct Answered {
    id: String,
    status: u16,
    headers: Map<String, Value>,
    /// JSON as it was written: the order of its members is part of it (OData JSON 4.01 section 4.5).
    body: Option<String>,
}

impl Answered {
    fn to_json(&self) -> String {
        let (id, headers) = (Value::from(self.id.as_str()), Value::from(self.headers.clone()));
        let status = self.status;
        match &self.body {
            Some(body) => {
                format!("{{\"id\":{id},\"status\":{status},\"headers\":{headers},\"body\":{body}}}")
            }
            None => format!("{{\"id\":{id},\"status\":{status},\"headers\":{headers}}}"),
        }
    }
}

/// Ids are told apart without case.
fn folded(id: &str) -> String {
    id.to_lowercase()
}

fn wrong(text: impl Into<String>) -> ApiError {
    ApiError::bad_request(text.into())
}

fn parse(body: &Value, call: &Call<'_>) -> Result<Vec<Item>, ApiError> {
    let requests = body.get("requests").and_then(Value::as_array);
    let requests = requests.ok_or_else(|| wrong("The batch has no array 'requests'."))?;
    if requests.is_empty() {
        return Err(wrong("The batch has no requests."));
    }
    if requests.len() > MAX_REQUESTS {
        return Err(wrong(format!(
            "The batch has {} requests; {MAX_REQUESTS} are the most.",
            requests.len()
        )));
    }
    let mut known = HashSet::new();
    let mut items = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        let item = parse_item(request, &format!("requests/{index}"), call)?;
        if !known.insert(folded(&item.id)) {
            return Err(wrong(format!("The id '{}' stands twice in the batch.", item.id)));
        }
        items.push(item);
    }
    for item in &items {
        if let Some(other) = item
            .depends_on
            .iter()
            .find(|other| !known.contains(&folded(other)))
        {
            return Err(wrong(format!(
                "The request '{}' depends on '{other}', which the batch does not have.",
                item.id
            )));
        }
    }
    Ok(items)
}

fn parse_item(request: &Value, at: &str, call: &Call<'_>) -> Result<Item, ApiError> {
    let expected =
        |member: &str, what: &str| wrong(format!("The member '{at}/{member}' is expected to be {what}."));
    let text = |member: &str| request.get(member).and_then(Value::as_str);
    let id = text("id").filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES);
    let id = id.ok_or_else(|| expected("id", &format!("a text of 1 to {MAX_ID_BYTES} bytes")))?;
    let method = text("method").and_then(|method| method.to_ascii_uppercase().parse().ok());
    let method: Method = method.ok_or_else(|| expected("method", "an HTTP method"))?;
    let url = text("url").ok_or_else(|| expected("url", "a text"))?;
    let depends_on = match request.get("dependsOn") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) if list.len() <= MAX_REQUESTS => {
            let ids = list.iter().map(|id| id.as_str().map(ToOwned::to_owned));
            let ids: Option<Vec<String>> = ids.collect();
            ids.ok_or_else(|| expected("dependsOn", "an array of ids"))?
        }
        Some(_) => {
            return Err(expected(
                "dependsOn",
                &format!("an array of at most {MAX_REQUESTS} ids"),
            ));
        }
    };
    let headers = headers(request.get("headers")).ok_or_else(|| expected("headers", "an object of texts"))?;
    Ok(Item {
        id: id.to_owned(),
        target: target(url, call),
        body: match method {
            Method::GET | Method::HEAD => Vec::new(),
            _ => body(request.get("body")),
        },
        method,
        headers,
        depends_on,
    })
}

/// Headers of an item. Who asks is who sends the batch, so a token of its own is left out.
fn headers(value: Option<&Value>) -> Option<HeaderMap> {
    let members = match value {
        None | Some(Value::Null) => return Some(HeaderMap::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return None,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in members {
        let name: HeaderName = name.parse().ok()?;
        let value = HeaderValue::from_str(value.as_str()?).ok()?;
        if name != header::AUTHORIZATION {
            headers.insert(name, value);
        }
    }
    Some(headers)
}

/// The body of an item: JSON as it is; a text is base64 of what is meant, as client libraries send it.
fn body(value: Option<&Value>) -> Vec<u8> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => BASE64_STANDARD
            .decode(text)
            .unwrap_or_else(|_| Value::from(text.as_str()).to_string().into_bytes()),
        Some(other) => other.to_string().into_bytes(),
    }
}

/// Path and query of an item, below the version of the batch: relative with or without a slash, with the version, or whole
/// with this server's address.
fn target(url: &str, call: &Call<'_>) -> Result<String, String> {
    let url = url.trim();
    let below = match url.get(..8).map(str::to_ascii_lowercase) {
        Some(scheme) if scheme.starts_with("http://") || scheme == "https://" => {
            let own = url
                .get(..call.app.public_url.len())
                .is_some_and(|origin| origin.eq_ignore_ascii_case(&call.app.public_url));
            let rest = url
                .get(call.app.public_url.len()..)
                .filter(|rest| rest.starts_with('/'));
            match (own, rest) {
                (true, Some(rest)) => rest,
                _ => return Err(format!("The url is not below {}.", call.root())),
            }
        }
        _ => url,
    };
    let path = below.split(['?', '#']).next().unwrap_or_default();
    let version = match call.version {
        ApiVersion::V1 => "/v1.0",
        ApiVersion::Beta => "/beta",
    };
    match ApiVersion::split(path) {
        Some((given, _)) if given == call.version => Ok(format!("/{}", below.trim_start_matches('/'))),
        Some(_) => Err("The url is of another version than the batch.".to_owned()),
        None => Ok(format!("{version}/{}", below.trim_start_matches('/'))),
    }
}

/// The places of the items in an order in which each comes behind what it depends on.
fn in_order(items: &[Item]) -> Result<Vec<usize>, ApiError> {
    let places: HashMap<String, usize> = items
        .iter()
        .enumerate()
        .map(|(place, item)| (folded(&item.id), place))
        .collect();
    let mut order: Vec<usize> = Vec::with_capacity(items.len());
    while order.len() < items.len() {
        let is_free = |item: &Item| {
            item.depends_on
                .iter()
                .filter_map(|other| places.get(&folded(other)))
                .all(|place| order.contains(place))
        };
        let next = items
            .iter()
            .enumerate()
            .find(|(place, item)| !order.contains(place) && is_free(item));
        match next {
            Some((place, _)) => order.push(place),
            None => return Err(wrong("Requests of the batch depend on each other in a circle.")),
        }
    }
    Ok(order)
}

async fn answer(call: &Call<'_>, item: &Item, room: &mut usize) -> Result<Answered, ApiError> {
    let uri = match &item.target {
        Ok(target) => target
            .parse::<http::Uri>()
            .map_err(|_| "The url cannot be read.".to_owned()),
        Err(why) => Err(why.clone()),
    };
    let request = uri.and_then(|uri| {
        let request = Request::builder().method(item.method.clone()).uri(uri).body(());
        request.map_err(|_| "The request cannot be read.".to_owned())
    });
    let (mut head, ()) = match request {
        Ok(request) => request.into_parts(),
        Err(why) => return Ok(refused(call, &item.id, &ApiError::bad_request(why))),
    };
    head.headers.clone_from(&item.headers);
    head.version = call.http_version;
    if let Some(token) = call.headers.get(header::AUTHORIZATION) {
        head.headers.insert(header::AUTHORIZATION, token.clone());
    }
    let ids = RequestIds {
        request: crate::ids::random(),
        client: RequestIds::of(&head.headers).client,
    };
    let asking = Asking {
        head: &head,
        body: &item.body,
        ids: &ids,
        is_item: true,
    };
    let response = service::answer_item(call.app, asking).await;
    written(call, item, &head.uri, response, room).await
}

/// A refusal of the batch itself, in the place of an answer.
fn refused(call: &Call<'_>, id: &str, error: &ApiError) -> Answered {
    let response = respond::error(call.app, error, call.ids);
    let status = response.status().as_u16();
    let body = match response.into_body() {
        Body::Full(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Body::Empty | Body::Content(_) | Body::Length(_) => None,
    };
    let content_type = ("Content-Type".to_owned(), Value::from("application/json"));
    Answered {
        id: id.to_owned(),
        status,
        headers: [content_type].into_iter().collect(),
        body,
    }
}

/// An answer as an item: JSON as it is, everything else in base64. One for which there is no room any more has to be asked
/// for alone.
async fn written(
    call: &Call<'_>,
    item: &Item,
    uri: &http::Uri,
    response: Response<Body>,
    room: &mut usize,
) -> Result<Answered, ApiError> {
    let (head, body) = response.into_parts();
    let mut headers = Map::new();
    for (name, value) in &head.headers {
        let shown = match *name {
            header::CONTENT_TYPE => "Content-Type",
            header::LOCATION => "Location",
            header::RETRY_AFTER => "Retry-After",
            header::CACHE_CONTROL => "Cache-Control",
            header::ETAG => "ETag",
            header::CONTENT_RANGE => "Content-Range",
            header::CONTENT_DISPOSITION => "Content-Disposition",
            header::ALLOW => "Allow",
            ref other if other.as_str() == "odata-version" => "OData-Version",
            ref other if other.as_str() == "preference-applied" => "Preference-Applied",
            _ => continue,
        };
        headers.insert(shown.to_owned(), value.to_str().unwrap_or_default().into());
    }
    let size = body.size_hint().exact().unwrap_or(u64::MAX);
    match usize::try_from(size).ok().and_then(|size| room.checked_sub(size)) {
        Some(left) => *room = left,
        None => {
            let text = "The answers of the batch are too large together: ask for this one alone.";
            let error = ApiError::new(ErrorCode::RequestEntityTooLarge, text);
            return Ok(refused(call, &item.id, &error));
        }
    }
    if head.status == StatusCode::FOUND {
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let location = format!("{}{path}", call.app.public_url);
        headers.insert("Location".to_owned(), location.into());
    }
    let bytes = body.collect().await.map_err(ApiError::unavailable)?.to_bytes();
    let is_json = head
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    let body = match (bytes.is_empty(), is_json) {
        (true, _) => None,
        (false, true) => Some(String::from_utf8(bytes.into()).map_err(ApiError::unavailable)?),
        // Nothing in base64 needs an escape.
        (false, false) => Some(format!("\"{}\"", BASE64_STANDARD.encode(&bytes))),
    };
    Ok(Answered {
        id: item.id.clone(),
        status: head.status.as_u16(),
        headers,
        body,
    })
}
