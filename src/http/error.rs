//! [`ApiError`]: every way in which a request is refused, and its mapping from what the rooms below mean. The whole
//! mapping is this page, and `error/uploads.rs` for uploads; what a caller and an operator can do about each code is in `docs/errors.md`.

use std::borrow::Cow;
use std::error::Error;

use http::StatusCode;

use crate::auth::access::AccessError;
use crate::auth::bearer::BearerError;
use crate::auth::caller::CallerError;
use crate::auth::decide::Denied;
use crate::auth::permission::Permission;
use crate::auth::token::TokenFault;
use crate::content::ContentError;
use crate::db::DbError;
use crate::query::QueryError;

mod uploads;

/// Graph's `error.code`, as far as this server says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 400: the request cannot be understood, or is for a kind of caller or meeting that the API does not serve.
    BadRequest,
    /// 401: no token, or none that counts.
    InvalidAuthenticationToken,
    /// 403: the caller may not.
    Forbidden,
    /// 403: the content is quarantined.
    MalwareDetected,
    /// 403: the caller may not, in the words of the directory.
    AuthorizationRequestDenied,
    /// 404: there is no such thing, or none that the caller may know of.
    NotFound,
    /// 404: there is no such user, in the words of the directory.
    RequestResourceNotFound,
    /// 405: the resource has no such method.
    RequestBadRequest,
    /// 400: a list that needs a filter.
    InvalidArgument,
    /// 409: there is another already.
    NameAlreadyExists,
    /// 409: what is asked for does not go with what is there.
    Conflict,
    /// 422: the whole is not what was announced.
    UnprocessableEntity,
    /// 423: somebody else is at it, or it is held.
    ResourceLocked,
    /// 507: no space is left.
    InsufficientStorage,
    /// 410: it has been here, and was deleted.
    ResourceDeleted,
    /// 410: the delta token cannot be gone on with.
    ResyncRequired,
    /// 412: `If-Match` names another version of the content.
    ResourceModified,
    /// 413: the request's body is too large.
    RequestEntityTooLarge,
    /// 415: the body is not what the operation reads.
    UnsupportedMediaType,
    /// 416: the range lies outside the content.
    InvalidRange,
    /// 424: a request of a batch was not made, because one that it depends on has failed.
    FailedDependency,
    /// 429: too many requests.
    TooManyRequests,
    /// 431: request line and header fields are too large.
    RequestHeaderFieldsTooLarge,
    /// 500: a fault of this server.
    GeneralException,
    /// 501: part of Graph, or of this server's plan, but not built yet.
    NotImplemented,
    /// 503: the store cannot be reached, or what it holds must not be served.
    ServiceNotAvailable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 26] = [
        Self::BadRequest,
        Self::InvalidAuthenticationToken,
        Self::Forbidden,
        Self::MalwareDetected,
        Self::AuthorizationRequestDenied,
        Self::NotFound,
        Self::RequestResourceNotFound,
        Self::RequestBadRequest,
        Self::InvalidArgument,
        Self::NameAlreadyExists,
        Self::Conflict,
        Self::UnprocessableEntity,
        Self::ResourceLocked,
        Self::InsufficientStorage,
        Self::ResourceDeleted,
        Self::ResyncRequired,
        Self::ResourceModified,
        Self::RequestEntityTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidRange,
        Self::FailedDependency,
        Self::TooManyRequests,
        Self::RequestHeaderFieldsTooLarge,
        Self::GeneralException,
        Self::NotImplemented,
        Self::ServiceNotAvailable,
    ];

    /// The code as Graph spells it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::InvalidAuthenticationToken => "InvalidAuthenticationToken",
            Self::Forbidden => "Forbidden",
            Self::MalwareDetected => "malwareDetected",
            Self::AuthorizationRequestDenied => "Authorization_RequestDenied",
            Self::NotFound => "NotFound",
            Self::RequestResourceNotFound => "Request_ResourceNotFound",
            Self::RequestBadRequest => "Request_BadRequest",
            Self::InvalidArgument => "InvalidArgument",
            Self::NameAlreadyExists => "nameAlreadyExists",
            Self::Conflict => "conflict",
            Self::UnprocessableEntity => "unprocessableEntity",
            Self::ResourceLocked => "resourceLocked",
            Self::InsufficientStorage => "insufficientStorage",
            Self::ResourceDeleted => "resourceDeleted",
            Self::ResyncRequired => "resyncRequired",
            Self::ResourceModified => "resourceModified",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::InvalidRange => "invalidRange",
            Self::FailedDependency => "FailedDependency",
            Self::TooManyRequests => "TooManyRequests",
            Self::RequestHeaderFieldsTooLarge => "RequestHeaderFieldsTooLarge",
            Self::GeneralException => "generalException",
            Self::NotImplemented => "NotImplemented",
            Self::ServiceNotAvailable => "serviceNotAvailable",
        }
    }

    /// The status that it is sent with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::InvalidAuthenticationToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::MalwareDetected | Self::AuthorizationRequestDenied => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound | Self::RequestResourceNotFound => StatusCode::NOT_FOUND,
            Self::NameAlreadyExists | Self::Conflict => StatusCode::CONFLICT,
            Self::UnprocessableEntity => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ResourceLocked => StatusCode::LOCKED,
            Self::InsufficientStorage => StatusCode::INSUFFICIENT_STORAGE,
            Self::ResyncRequired | Self::ResourceDeleted => StatusCode::GONE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::FailedDependency => StatusCode::FAILED_DEPENDENCY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::RequestBadRequest => StatusCode::METHOD_NOT_ALLOWED,
            Self::ResourceModified => StatusCode::PRECONDITION_FAILED,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::RequestHeaderFieldsTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::GeneralException => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::ServiceNotAvailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A refusal.
#[derive(Debug)]
pub struct ApiError {
    /// Code, and with it the status.
    pub code: ErrorCode,
    /// For the caller.
    pub message: Cow<'static, str>,
    /// `innerError.code`, where clients branch on it.
    pub inner_code: Option<&'static str>,
    /// What the answer carries beside its body.
    pub header: Option<ErrorHeader>,
    /// The connection is closed after the answer, because the rest of the request has not been read.
    pub close: bool,
    /// For the operator: logged once, never sent.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// A header that belongs to a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorHeader {
    /// `Allow`, for 405.
    Allow(String),
    /// `Location`, for 410.
    Location(String),
    /// `Content-Range: bytes */N`, for 416.
    ContentLength(u64),
    /// `Retry-After` in seconds, for 429 and 503.
    RetryAfter(u32),
}

impl ApiError {
    /// A refusal with a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            inner_code: None,
            header: None,
            close: false,
            cause: None,
        }
    }

    /// 400 with a message.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// The 404 of an artifact: the same for one that is another meeting's, not ready, or nowhere.
    pub fn no_such_artifact() -> Self {
        Self::new(
            ErrorCode::NotFound,
            "The recording or transcript was not found in this meeting.",
        )
    }

    /// 429, contract section 7.3.
    pub fn too_many_requests(seconds: u32) -> Self {
        Self::new(ErrorCode::TooManyRequests, "Please retry again later.")
            .with(ErrorHeader::RetryAfter(seconds))
    }

    /// 501 with a sentence that names what is missing.
    pub fn not_built(what: &str) -> Self {
        Self::new(
            ErrorCode::NotImplemented,
            format!("{what} is not implemented by this server yet."),
        )
    }

    /// 503, with the reason kept for the operator.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            ErrorCode::ServiceNotAvailable,
            "The service is not available at the moment. Please try again later.",
        );
        error.header = Some(ErrorHeader::RetryAfter(10));
        error.cause = Some(cause.into());
        error
    }

    /// 503 of what is still being done, to be asked for again.
    pub fn not_yet(seconds: u32) -> Self {
        let mut error = Self::unavailable("what was received is still being looked at");
        error.header = Some(ErrorHeader::RetryAfter(seconds));
        error
    }

    /// The database broke off, so that asking again may fare better.
    pub fn is_broken_off(&self) -> bool {
        let cause = self.cause.as_deref().and_then(|cause| cause.downcast_ref());
        matches!(cause, Some(DbError::Unreachable(_)))
    }

    /// The same refusal, after which the connection is closed because the rest of the request has not been read.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The same refusal with a header.
    #[must_use]
    pub fn with(mut self, header: ErrorHeader) -> Self {
        self.header = Some(header);
        self
    }
}

impl From<TokenFault> for ApiError {
    fn from(fault: TokenFault) -> Self {
        let mut error = Self::new(ErrorCode::InvalidAuthenticationToken, fault.message());
        error.cause = Some(fault.into());
        error
    }
}

impl From<BearerError> for ApiError {
    fn from(error: BearerError) -> Self {
        match error {
            BearerError::Fault(fault) => fault.into(),
            BearerError::Db(error) => error.into(),
        }
    }
}

impl From<CallerError> for ApiError {
    fn from(error: CallerError) -> Self {
        match error {
            CallerError::Fault(fault) => fault.into(),
            CallerError::Db(error) => error.into(),
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Denied(denied) => denied.into(),
            AccessError::Db(error) => error.into(),
        }
    }
}

/// Contract sections 4, 5.4, 6.3 and 7.3; our own words where Graph's are not known.
impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        use ErrorCode::{BadRequest, Forbidden, NotFound};
        match denied {
            Denied::TenantSuspended => Self::new(Forbidden, "The tenant is suspended."),
            Denied::ApplicationOnMe => Self::new(
                BadRequest,
                "/me request is only valid with delegated authentication flow.",
            ),
            Denied::PersonalAccount => Self::new(BadRequest, "This API is not supported for MSA accounts."),
            Denied::MissingScope { required, present } => Self::new(
                Forbidden,
                format!(
                    "Missing scope permissions on the request. API requires one of '{}'. Scopes on the request '{}'.",
                    required.scopes.join(", "),
                    present.join(", ")
                ),
            ),
            Denied::MissingRole { required, present } => {
                Self::new(Forbidden, missing_role(required, &present.join(", ")))
            }
            Denied::ApplicationsOnly { required } => Self::new(Forbidden, missing_role(required, "")),
            Denied::NotByChatConsent { user } => Self::new(
                Forbidden,
                format!(
                    "Application is not allowed to perform operations on the user '{user}', neither is allowed access \
                     through RSC permission evaluation."
                ),
            ),
            Denied::NoPolicy => Self::new(Forbidden, "No application access policy found for this app"),
            Denied::MalformedMeetingId => Self::new(BadRequest, "The meeting id is malformed."),
            Denied::NoRelation => Self::new(Forbidden, "3003: User does not have access to lookup meeting"),
            Denied::NoSuchMeeting => Self::new(NotFound, "The meeting was not found."),
            Denied::Uncalendared => Self::new(
                BadRequest,
                "No iCalUid found for the meeting. This API is supported only for calendar backed OnlineMeeting.",
            ),
            Denied::Expired => Self::new(NotFound, "The meeting has expired."),
            Denied::Channel => Self::new(NotFound, "This API is not supported for channel meetings."),
            Denied::TranscriptsDisabled => {
                let mut error = Self::new(
                    Forbidden,
                    "Graph API access to transcripts is disabled for this tenant.",
                );
                error.inner_code = Some("GraphAccessToTranscriptsDisabled");
                error
            }
            Denied::AnothersExport => Self::new(
                Forbidden,
                "The organizer of the parameter or of the filter is not the user of the path.",
            ),
            Denied::NoSuchCall => Self::new(NotFound, "The call was not found."),
            Denied::NotForUsers => Self::new(Forbidden, "Insufficient permissions"),
            Denied::NotInDirectory => Self::new(
                ErrorCode::AuthorizationRequestDenied,
                "Insufficient privileges to complete the operation.",
            ),
            Denied::NoSuchUser { user } => Self::new(
                ErrorCode::RequestResourceNotFound,
                format!(
                    "Resource '{user}' does not exist or one of its queried reference-property objects are not present."
                ),
            ),
        }
    }
}

/// Contract section 7.3; the last sentence is for what a chat's consent opens too.
fn missing_role(required: &Permission, present: &str) -> String {
    let needed: Vec<&str> = required.roles.iter().copied().chain(required.chat).collect();
    let consents = match required.chat {
        Some(_) => " Resource specific consent grants on the request ''.",
        None => "",
    };
    format!(
        "Missing role permissions on the request. API requires one of '{}'. Roles on the request '{present}'.{consents}",
        needed.join(", ")
    )
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let code = match &error {
            QueryError::Malformed(_) | QueryError::NotOffered { .. } => ErrorCode::BadRequest,
            QueryError::ForeignToken => ErrorCode::Forbidden,
        };
        Self::new(code, error.to_string())
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Conflict(_) | DbError::Unreadable { .. } | DbError::Newer { .. } | DbError::Foreign => {
                let mut api = Self::new(
                    ErrorCode::GeneralException,
                    "An error has occurred on the server.",
                );
                api.cause = Some(error.into());
                api
            }
            DbError::Full => full(error),
            DbError::Busy
            | DbError::Unreachable(_)
            | DbError::Denied(_)
            | DbError::SetUp(_)
            | DbError::ReadOnly
            | DbError::Stopped
            | DbError::Engine(_) => Self::unavailable(error),
        }
    }
}

impl From<ContentError> for ApiError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Full => full(error),
            other => Self::unavailable(other),
        }
    }
}

/// 507, with the reason kept for the operator.
fn full(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ApiError {
    let mut error = ApiError::new(
        ErrorCode::InsufficientStorage,
        "The server has too little space left for it.",
    );
    error.cause = Some(cause.into());
    error
}
