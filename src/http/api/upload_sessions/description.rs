//! The operations of upload sessions, as `openapi.json` has them: begin, how far it is, a slice, give up.

mod examples;

use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::{ObjectBuilder, Required, schema::Type};

use super::SLICE_BYTES;
use crate::graph::upload::{UploadRequest, UploadSessionJson};
use crate::http::api::description::{
    BAD_HEAD, FAULT, JSON, LARGE_HEAD, Refusal, UNAVAILABLE, answered, bearer, key, one_of, refused,
};
use crate::http::api::route::ROUTES;
use crate::http::error::ErrorCode;

/// What has been made, by the names of their schemas.
const RECORDING: &str = "callRecording";
const TRANSCRIPT: &str = "callTranscript";

const NO_SPACE: Refusal = (
    ErrorCode::InsufficientStorage,
    "The server has too little space left. What it has acknowledged stays; try again when there is room.",
);

const DELETED: Refusal = (
    ErrorCode::ResourceDeleted,
    "What was uploaded with this source has been deleted.",
);

/// The refusals of whoever has an `uploadUrl`.
const OF_URLS: [Refusal; 4] = [
    (
        ErrorCode::InvalidAuthenticationToken,
        "Whoever began the upload does not count any more: the application or user is disabled or gone, or has lost the \
         permission.",
    ),
    (
        ErrorCode::Forbidden,
        "Whoever began the upload may not upload into the meeting any more.",
    ),
    (
        ErrorCode::NotFound,
        "There is no such session: it never was, has expired or was given up; or its meeting is gone.",
    ),
    LARGE_HEAD,
];

/// The refusals of `POST`.
const OF_BEGINNINGS: [Refusal; 14] = [
    (
        ErrorCode::BadRequest,
        "The body is no JSON, or is not as it should be: the message has the JSON pointer of the member, and what was expected.",
    ),
    (
        ErrorCode::InvalidAuthenticationToken,
        "There is no token, or none that counts.",
    ),
    (
        ErrorCode::Forbidden,
        "The permission is missing, or the application has no policy for the organizer, or the signed-in user is not the \
         organizer.",
    ),
    (ErrorCode::NotFound, "There is no such meeting, or not any more."),
    (
        ErrorCode::NameAlreadyExists,
        "Another application or user uploads something with this source, or it belongs to another organizer.",
    ),
    DELETED,
    (ErrorCode::RequestEntityTooLarge, "The body is too large."),
    (
        ErrorCode::UnsupportedMediaType,
        "The body is not `application/json`, or is packed in another way than gzip.",
    ),
    (
        ErrorCode::UnprocessableEntity,
        "The text of a transcript could not be published, as its meeting is gone meanwhile, or an object of its id is there.",
    ),
    (
        ErrorCode::TooManyRequests,
        "The application or the tenant asks too often.",
    ),
    LARGE_HEAD,
    NO_SPACE,
    FAULT,
    UNAVAILABLE,
];

/// `POST`
pub(in crate::http::api) fn create() -> Operation {
    let session = session_name();
    let body = RequestBodyBuilder::new()
        .description(Some(
            "Members whose names have an `@` are passed over. The body may be packed with gzip. Texts are counted in bytes.",
        ))
        .required(Some(Required::True))
        .content(
            JSON,
            one_of(
                &[&*UploadRequest::name()],
                [
                    ("aRecording", examples::recording_request()),
                    ("aTranscriptByItsText", examples::transcript_request()),
                ],
            ),
        );
    let made = one_of(
        &[&*session, TRANSCRIPT],
        [
            ("aSession", examples::begun()),
            ("aTranscript", examples::transcript()),
        ],
    );
    let found = one_of(
        &[&*session, RECORDING, TRANSCRIPT],
        [
            ("aSession", examples::gone_on()),
            ("aRecording", examples::recording()),
        ],
    );
    let answers = ResponsesBuilder::new()
        .response(
            "201",
            with_location(answered(
                "A session of which nothing has come yet: send its bytes to `uploadUrl`. Or the transcript whose text was in \
                 the request.",
                made,
            )),
        )
        .response(
            "200",
            with_location(answered(
                "The source is known: the session, to be gone on with from `nextExpectedRanges`, or what has become of it.",
                found,
            )),
        );
    let answers = refused(answers, &OF_BEGINNINGS);
    OperationBuilder::new()
        .operation_id(Some("createUploadSession"))
        .summary(Some("Begin an upload"))
        .description(Some(
            "Needs `OnlineMeetingRecording.Write.All`, which is not one of Graph's permissions: an application with an access \
             policy for the organizer of the meeting, or the organizer signed in.\n\nThe same `source` once more gives the same \
             session, or what has become of it, so a program may ask again whenever it does not know.",
        ))
        .security(bearer())
        .request_body(Some(body.build()))
        .responses(answers)
        .build()
}

/// `GET`
pub(in crate::http::api) fn status() -> Operation {
    let found = one_of(
        &[&*session_name(), RECORDING, TRANSCRIPT],
        [
            ("aSession", examples::far()),
            ("aRecording", examples::recording()),
        ],
    );
    let answers = ResponsesBuilder::new().response(
        "200",
        with_location(answered(
            "How far it is, or what has become of it. `nextExpectedRanges` is empty while the whole is looked at. A session that \
             has failed says why in `@graphophone.fault`.",
            found,
        )),
    );
    of_url("getUploadSession", "Ask how far an upload is")
        .responses(refused(
            refused(answers, &OF_URLS),
            &[BAD_HEAD, DELETED, FAULT, UNAVAILABLE],
        ))
        .build()
}

/// The refusals of `PUT`, beside those of every `uploadUrl`.
const OF_SLICES: [Refusal; 9] = [
    DELETED,
    (
        ErrorCode::BadRequest,
        "There is no `Content-Range`, or none that can be; or the body has another length, or has broken off. Nothing of it \
         counts.",
    ),
    (
        ErrorCode::Conflict,
        "`Content-Range` says another length of the whole than the session was begun with.",
    ),
    (
        ErrorCode::InvalidRange,
        "It is not the slice that is expected next: it has come already, as a whole or in part, or bytes before it are \
         missing, or it goes past the end. Nothing of it counts; ask with `GET` for what is expected.",
    ),
    (
        ErrorCode::UnprocessableEntity,
        "The whole is not what was announced, or what it belongs to is gone. Nothing is published; `DELETE`, then begin \
         anew.",
    ),
    (
        ErrorCode::ResourceLocked,
        "Another slice of this session is being received.",
    ),
    NO_SPACE,
    FAULT,
    (
        ErrorCode::ServiceNotAvailable,
        "The store cannot be reached; or all bytes are durable and are still being looked at: ask with `GET` after \
         `Retry-After` seconds.",
    ),
];

/// `PUT`
pub(in crate::http::api) fn slice() -> Operation {
    let bytes = ContentBuilder::new().schema(Some(
        ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue),
    ));
    let body = RequestBodyBuilder::new()
        .description(Some(
            "The bytes of the range, no more and no less. The media type is not looked at.",
        ))
        .required(Some(Required::True))
        .content("application/octet-stream", bytes.build());
    let item = || {
        one_of(
            &[RECORDING, TRANSCRIPT],
            [
                ("aRecording", examples::recording()),
                ("aTranscript", examples::transcript()),
            ],
        )
    };
    let answers = ResponsesBuilder::new()
        .response(
            "202",
            answered(
                "The slice is durable, and more is expected.",
                one_of(&[&*session_name()], [("aSession", examples::far())]),
            ),
        )
        .response(
            "201",
            with_location(answered("It was the last, and this has been made of it all.", item())),
        )
        .response(
            "200",
            with_location(answered(
                "All bytes had come before. Nothing is looked at of the slice, neither its range nor its bytes.",
                item(),
            )),
        );
    of_url("uploadSlice", "Send a slice")
        .description(Some(format!(
            "Slices come in order, one at a time, each of any length; {SLICE_BYTES} bytes pass the usual limits of proxies. A \
             slice counts as a whole or not at all, and each renews the session's time."
        )))
        .parameter(
            ParameterBuilder::new()
                .name("Content-Range")
                .parameter_in(ParameterIn::Header)
                .required(Required::True)
                .description(Some("Which bytes of the whole these are, counted from 0; the last is included."))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .pattern(Some("^bytes [0-9]{1,18}-[0-9]{1,18}/[0-9]{1,18}$")),
                ))
                .example(Some(json!("bytes 0-983039/2097152"))),
        )
        .request_body(Some(body.build()))
        .responses(refused(refused(answers, &OF_URLS), &OF_SLICES))
        .build()
}

/// The refusals of `DELETE`, beside those of every `uploadUrl`.
const OF_ENDS: [Refusal; 5] = [
    BAD_HEAD,
    (
        ErrorCode::ResourceLocked,
        "A slice of this session is being received.",
    ),
    NO_SPACE,
    FAULT,
    UNAVAILABLE,
];

/// `DELETE`
pub(in crate::http::api) fn delete() -> Operation {
    let gone = ResponseBuilder::new().description(
        "The session is gone, with what had come of it. What has been made of it already stays.",
    );
    let answers = ResponsesBuilder::new().response("204", gone);
    of_url("deleteUploadSession", "Give an upload up")
        .responses(refused(refused(answers, &OF_URLS), &OF_ENDS))
        .build()
}

/// An operation on an `uploadUrl`.
fn of_url(id: &str, summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(summary))
        .securities(Some([]))
        .parameter(key(&ROUTES[2]))
}

/// The same answer, with where Graph has what it brings.
fn with_location(answer: ResponseBuilder) -> ResponseBuilder {
    let about = "Graph's address of a recording or transcript; not there with a session.";
    answer.header("Location", HeaderBuilder::new().description(Some(about)).build())
}

fn session_name() -> std::borrow::Cow<'static, str> {
    UploadSessionJson::name()
}
