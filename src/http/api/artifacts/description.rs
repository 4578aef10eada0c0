//! The deletion of recordings and transcripts, as `openapi.json` has it.

use utoipa::openapi::path::{Operation, OperationBuilder};
use utoipa::openapi::response::{ResponseBuilder, ResponsesBuilder};

use crate::http::api::description::{
    BAD_HEAD, FAULT, LARGE_HEAD, Refusal, UNAVAILABLE, bearer, key, refused, refused_for_good,
};
use crate::http::api::route::Route;
use crate::http::error::ErrorCode;

/// The refusals.
const OF_DELETIONS: [Refusal; 8] = [
    BAD_HEAD,
    (
        ErrorCode::InvalidAuthenticationToken,
        "There is no token, or none that counts.",
    ),
    (ErrorCode::Forbidden, "The permission is missing."),
    (
        ErrorCode::NotFound,
        "There is nothing of this id that the caller might have uploaded.",
    ),
    (
        ErrorCode::TooManyRequests,
        "The application or the tenant asks too often.",
    ),
    LARGE_HEAD,
    FAULT,
    UNAVAILABLE,
];

/// What stays as it is, however often it is asked for.
const ON_HOLD: Refusal = (ErrorCode::ResourceLocked, "It is on legal hold, and stays.");

/// `DELETE` of a recording or transcript.
pub(in crate::http::api) fn delete(route: &Route) -> Operation {
    let noun = route.key().unwrap_or_default();
    let gone = ResponseBuilder::new().description(
        "It is deleted, or was before. Graph's paths answer 404 from now on, and an upload with its source is refused with 410.",
    );
    let answers = ResponsesBuilder::new().response("204", gone);
    let answers = refused(answers, &OF_DELETIONS);
    // Legal hold is a property of recordings.
    let answers = match noun {
        "recording" => refused_for_good(answers, ON_HOLD),
        _ => answers,
    };
    OperationBuilder::new()
        .operation_id(Some(match noun {
            "recording" => "deleteRecording",
            _ => "deleteTranscript",
        }))
        .summary(Some(format!("Delete a {noun}")))
        .description(Some(
            "Needs what an upload into its meeting needs. An administrator can bring it back with `graphophone recording \
             restore` until `content.trash_days` are over; then its content goes for good.",
        ))
        .security(bearer())
        .parameter(key(route))
        .responses(answers)
        .build()
}
