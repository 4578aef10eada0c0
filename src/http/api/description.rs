//! `openapi.json`: what our own name space is, for programs. [`document`] makes it of the types and tables that answer; a test
//! compares it with the file, which is what is served.

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderValue};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
    PathItemBuilder, PathsBuilder,
};
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ComponentsBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApiBuilder, Ref, RefOr, Required, Server,
};

use super::artifacts::description as artifacts;
use super::route::{ROUTES, Route};
use super::upload_sessions::description as upload_sessions;
use crate::graph::error::ErrorBody;
use crate::http::body::Body;
use crate::http::error::ErrorCode;

mod schemas;

/// The description, as it is served.
pub const TEXT: &str = include_str!("openapi.json");

/// The media type of what is asked and answered.
pub(super) const JSON: &str = "application/json";

/// How a caller proves who it is.
const BEARER: &str = "bearer";

/// What it is about, in Markdown.
const ABOUT: &str = "What Graphophone has beside Microsoft Graph's operations: recordings and transcripts are put in here, and \
                     read with Graph's own paths, below `/v1.0`.\n\nA refusal has Graph's envelope, an `error` with `code` and \
                     `message`: programs branch on the status and on `code`. A member that the description does not name may \
                     come at any time. Any method that a path does not have is answered 405, with `Allow`; `HEAD` is as `GET` \
                     without a body, of refusals too. Every answer has the headers `request-id` and `client-request-id`.";

/// Code of a refusal, and when it comes.
pub(super) type Refusal = (ErrorCode, &'static str);

/// A head that can be read in two ways, where nothing else can be a bad request.
pub(super) const BAD_HEAD: Refusal = (
    ErrorCode::BadRequest,
    "The head of the request can be read in two ways, such as one with two `Host` fields.",
);
/// A head that is too large.
pub(super) const LARGE_HEAD: Refusal = (
    ErrorCode::RequestHeaderFieldsTooLarge,
    "Request line and headers are too large, or too many.",
);
/// What cannot be read, though it is in the store.
pub(super) const FAULT: Refusal = (ErrorCode::GeneralException, "A fault of the server.");
/// A store that does not answer.
pub(super) const UNAVAILABLE: Refusal = (
    ErrorCode::ServiceNotAvailable,
    "The store cannot be reached. Try again after `Retry-After` seconds.",
);

/// The answer: the same to everybody.
pub(super) fn answer() -> Response<Body> {
    let mut response = Response::new(Body::Full(Bytes::from_static(TEXT.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    response
}

/// Every path below the root, with its methods as `Allow` says them.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.pattern, route.allowed))
}

/// The description, made anew.
pub fn document() -> String {
    let [own, sessions, session, recording, transcript] = &ROUTES;
    let paths = PathsBuilder::new()
        .path(own.pattern, item(own, [(HttpMethod::Get, description())]))
        .path(
            sessions.pattern,
            item(sessions, [(HttpMethod::Post, upload_sessions::create())]),
        )
        .path(
            session.pattern,
            item(
                session,
                [
                    (HttpMethod::Get, upload_sessions::status()),
                    (HttpMethod::Put, upload_sessions::slice()),
                    (HttpMethod::Delete, upload_sessions::delete()),
                ],
            ),
        )
        .path(
            recording.pattern,
            item(recording, [(HttpMethod::Delete, artifacts::delete(recording))]),
        )
        .path(
            transcript.pattern,
            item(transcript, [(HttpMethod::Delete, artifacts::delete(transcript))]),
        );
    let licence = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Graphophone")
        .version("v1")
        .description(Some(ABOUT))
        .license(Some(licence.build()));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token, as for Graph's own paths."));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas::all())
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    let document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .paths(paths.build())
        .components(Some(components.build()));
    // Names and texts alone: nothing in it can fail to be written.
    document.build().to_pretty_json().unwrap_or_default() + "\n"
}

/// A path, with `HEAD` where it has `GET`, and `OPTIONS`.
fn item<const N: usize>(route: &'static Route, operations: [(HttpMethod, Operation); N]) -> PathItem {
    let mut item = PathItemBuilder::new();
    for (method, operation) in operations {
        if method == HttpMethod::Get {
            item = item.operation(HttpMethod::Head, without_bodies(operation.clone()));
        }
        item = item.operation(method, operation);
    }
    item.operation(HttpMethod::Options, options(route)).build()
}

/// What `HEAD` is where that is `GET`.
fn without_bodies(mut operation: Operation) -> Operation {
    operation.operation_id = operation.operation_id.map(|id| format!("{id}Head"));
    operation.summary = operation
        .summary
        .map(|summary| format!("{summary}, without a body"));
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
    operation
}

/// The answer to who asks what a path has, such as a browser before it sends a token.
fn options(route: &Route) -> Operation {
    let name = route
        .key()
        .or_else(|| route.pattern.rsplit('/').next()?.split('.').next())
        .unwrap_or_default();
    let allowed = HeaderBuilder::new()
        .description(Some(format!("`{}`", route.allowed)))
        .build();
    let known = ResponseBuilder::new()
        .description("The methods that the path has.")
        .header("Allow", allowed);
    let answers = refused(
        ResponsesBuilder::new().response("204", known),
        &[BAD_HEAD, LARGE_HEAD],
    );
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("{name}Options")))
        .summary(Some("Ask for the methods of the path"))
        .securities(Some([]))
        .responses(answers);
    match route.key() {
        Some(_) => operation.parameter(key(route)).build(),
        None => operation.build(),
    }
}

/// The last segment of a path that names one thing.
pub(super) fn key(route: &Route) -> Parameter {
    let about = match route.key() {
        Some("uploadSession") => {
            "The last segment of an `uploadUrl`. It is the secret of the session: keep it, and do not put it together."
        }
        _ => "The `id`, as Graph's paths have it.",
    };
    ParameterBuilder::new()
        .name(route.key().unwrap_or_default())
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// `GET` of this description.
fn description() -> Operation {
    let content = Content::new(Some(ObjectBuilder::new()));
    let answers = ResponsesBuilder::new().response("200", answered("This description.", content));
    OperationBuilder::new()
        .operation_id(Some("getDescription"))
        .summary(Some("Get this description"))
        .description(Some("OpenAPI 3.1, the same for everybody. It needs no token."))
        .securities(Some([]))
        .responses(refused(answers, &[BAD_HEAD, LARGE_HEAD]))
        .build()
}

/// What a caller needs who is known by its token.
pub(super) fn bearer() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])
}

/// An answer with a body in JSON.
pub(super) fn answered(description: &str, content: impl Into<Content>) -> ResponseBuilder {
    ResponseBuilder::new()
        .description(description)
        .content(JSON, content)
}

/// A body that is one of these, by the names of their schemas, with examples.
pub(super) fn one_of<const N: usize>(names: &[&str], examples: [(&'static str, Value); N]) -> Content {
    let schema: RefOr<Schema> = match names {
        [name] => Ref::from_schema_name(*name).into(),
        names => {
            let mut any = OneOfBuilder::new();
            for name in names {
                any = any.item(Ref::from_schema_name(*name));
            }
            RefOr::T(any.into())
        }
    };
    let examples = examples.map(|(name, value)| (name, ExampleBuilder::new().value(Some(value))));
    ContentBuilder::new()
        .schema(Some(schema))
        .examples_from_iter(examples)
        .build()
}

/// The same answers, and a refusal of what will not be granted later either.
pub(super) fn refused_for_good(answers: ResponsesBuilder, (code, when): Refusal) -> ResponsesBuilder {
    answers.response(code.status().as_str(), refusal(code, when))
}

/// A refusal, with Graph's envelope.
fn refusal(code: ErrorCode, when: &str) -> ResponseBuilder {
    answered(
        &format!("`{}`. {when}", code.text()),
        Content::new(Some(Ref::from_schema_name(ErrorBody::name()))),
    )
}

/// The same answers, and these refusals.
pub(super) fn refused(mut answers: ResponsesBuilder, refusals: &[Refusal]) -> ResponsesBuilder {
    for &(code, when) in refusals {
        let text = |text: &str| HeaderBuilder::new().description(Some(text)).build();
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let refusal = refusal(code, when);
        let refusal = match code {
            ErrorCode::InvalidAuthenticationToken => refusal.header(
                "WWW-Authenticate",
                text("Where tokens come from, in Graph's words."),
            ),
            ErrorCode::ResourceLocked | ErrorCode::TooManyRequests | ErrorCode::ServiceNotAvailable => {
                refusal.header(
                    "Retry-After",
                    HeaderBuilder::new()
                        .schema(Some(seconds))
                        .description(Some("Seconds to wait before asking again."))
                        .build(),
                )
            }
            _ => refusal,
        };
        answers = answers.response(code.status().as_str(), refusal);
    }
    answers
}
