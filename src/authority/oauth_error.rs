//! [`OAuthError`]: how OAuth 2.0 and OpenID Connect call what goes wrong.

/// The `error` of OAuth 2.0 and OpenID Connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OAuthError {
    /// The request cannot be understood.
    InvalidRequest,
    /// The client has not proved who it is.
    InvalidClient,
    /// A code, token or assertion does not count.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// There is no such grant.
    UnsupportedGrantType,
    /// There is no such response type.
    UnsupportedResponseType,
    /// There is no such permission, or not for this client.
    InvalidScope,
    /// There is no such resource (Microsoft's own).
    InvalidResource,
    /// The user has said no.
    AccessDenied,
    /// Nobody has entered the code of the device yet.
    AuthorizationPending,
    /// The device asks too often.
    SlowDown,
    /// The user has said no to a device (Microsoft's own).
    AuthorizationDeclined,
    /// The code of the device has ended.
    ExpiredToken,
    /// There is no such code of a device (Microsoft's own).
    BadVerificationCode,
    /// Somebody has to sign in, and may not be asked to.
    LoginRequired,
    /// Somebody has to consent, and may not be asked to.
    ConsentRequired,
    /// Too many attempts.
    TemporarilyUnavailable,
}

impl OAuthError {
    /// As it is spelled.
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidResource => "invalid_resource",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::AuthorizationDeclined => "authorization_declined",
            Self::ExpiredToken => "expired_token",
            Self::BadVerificationCode => "bad_verification_code",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}
