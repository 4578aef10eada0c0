//! What is answered where an upload does not go on (our own name space).

use super::{ApiError, ErrorCode, ErrorHeader, full};
use crate::uploads::{Problem, UploadError};

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::bad_request(format!("The body is not as it should be: {problem}."))
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let text = error.to_string();
        match error {
            UploadError::Invalid(problem) => problem.into(),
            UploadError::OutOfRange(_) => Self::new(
                ErrorCode::InvalidRange,
                format!("{}; ask the uploadUrl with GET for what is.", sentence(&text)),
            ),
            UploadError::OtherWhole { .. } => Self::new(ErrorCode::Conflict, sentence(&text) + "."),
            UploadError::Locked => {
                Self::new(ErrorCode::ResourceLocked, sentence(&text) + ".").with(ErrorHeader::RetryAfter(2))
            }
            UploadError::NoSuchSession => Self::new(ErrorCode::NotFound, sentence(&text) + "."),
            UploadError::Failed(_) => Self::new(
                ErrorCode::UnprocessableEntity,
                format!(
                    "{}. Nothing has been published; what was received is kept to be looked at.",
                    sentence(&text)
                ),
            ),
            UploadError::CutOff => Self::bad_request(
                "The body ended before its Content-Range says. Nothing of the slice counts.",
            )
            .closing(),
            UploadError::Another | UploadError::OtherBytes => {
                Self::new(ErrorCode::NameAlreadyExists, sentence(&text) + ".")
            }
            UploadError::Deleted => Self::new(
                ErrorCode::ResourceDeleted,
                format!(
                    "{}; to bring it in all the same, name another source.",
                    sentence(&text)
                ),
            ),
            UploadError::NoSpace => full(text),
            UploadError::Content(error) => error.into(),
            UploadError::Db(error) => error.into(),
            UploadError::Lost(error) => Self::unavailable(error),
        }
    }
}

/// A text that begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
