//! [`Refusal`]: why the authority hands nothing out, in the words of OAuth 2.0 (RFC 6749 section 5.2, RFC 8628 section 3.5)
//! with Microsoft's `AADSTS` number, on which clients branch.

use std::borrow::Cow;

pub use super::oauth_error::OAuthError;

/// Why nothing is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What OAuth calls it.
    pub error: OAuthError,
    /// Microsoft's number.
    pub aadsts: u32,
    /// For people. Never repeats a secret.
    pub text: Cow<'static, str>,
    /// Seconds after which another try may fare better.
    pub retry_after: Option<u32>,
}

/// As much of a value from outside as is repeated.
const SHOWN_BYTES: usize = 128;

/// A value from outside, as far as it can be repeated.
fn shown(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN_BYTES)
        .collect();
    format!("'{kept}'")
}

/// A way of refusing, with `{}` where its text names what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What OAuth calls it.
    pub error: OAuthError,
    /// Microsoft's number.
    pub aadsts: u32,
    text: &'static str,
}

const fn kind(error: OAuthError, aadsts: u32, text: &'static str) -> Kind {
    Kind { error, aadsts, text }
}

impl Kind {
    /// A refusal of this kind.
    pub fn refuse(&self) -> Refusal {
        Refusal {
            error: self.error,
            aadsts: self.aadsts,
            text: self.text.into(),
            retry_after: None,
        }
    }

    /// A refusal of this kind about `what`, which may come from outside.
    pub fn about(&self, what: &str) -> Refusal {
        Refusal {
            text: self.text.replace("{}", &shown(what)).into(),
            ..self.refuse()
        }
    }
}

/// A parameter is missing.
pub const MISSING: Kind = kind(
    OAuthError::InvalidRequest,
    900_144,
    "The request lacks the parameter {}.",
);
/// A parameter is there twice.
pub const REPEATED: Kind = kind(
    OAuthError::InvalidRequest,
    9_000_411,
    "The request names the parameter {} twice.",
);
/// A parameter means nothing.
pub const MALFORMED: Kind = kind(
    OAuthError::InvalidRequest,
    90_023,
    "The parameter {} cannot have this value.",
);
/// The body is not a form.
pub const NOT_A_FORM: Kind = kind(
    OAuthError::InvalidRequest,
    900_561,
    "Send a POST with a body of type application/x-www-form-urlencoded.",
);
/// What only the body may hold stands in the URL.
pub const IN_THE_URL: Kind = kind(
    OAuthError::InvalidRequest,
    900_144,
    "The parameter {} must stand in the request's body. What stood in the URL may be in a log now: replace it.",
);
/// There is no such tenant.
pub const NO_TENANT: Kind = kind(
    OAuthError::InvalidRequest,
    90_002,
    "There is no tenant {}. Name it by its id or one of its domains.",
);
/// Personal accounts.
pub const PERSONAL: Kind = kind(
    OAuthError::InvalidRequest,
    50_020,
    "Personal Microsoft accounts cannot sign in here.",
);
/// There is no such application.
pub const NO_APPLICATION: Kind = kind(
    OAuthError::UnauthorizedClient,
    700_016,
    "There is no application {} in this tenant. Register it first.",
);
/// The application is registered in more than one tenant.
pub const WHICH_TENANT: Kind = kind(
    OAuthError::UnauthorizedClient,
    700_016,
    "Application {} is registered in several tenants: name one of them in place of 'common', 'organizations' or 'adfs'.",
);
/// The application is disabled.
pub const APPLICATION_DISABLED: Kind = kind(
    OAuthError::UnauthorizedClient,
    7_000_112,
    "Application {} is disabled.",
);
/// A secret that is none of this application's.
pub const WRONG_SECRET: Kind = kind(
    OAuthError::InvalidClient,
    7_000_215,
    "The client secret is not one of application {}. Send the secret itself, not its id.",
);
/// A secret that has ended.
pub const EXPIRED_SECRET: Kind = kind(
    OAuthError::InvalidClient,
    7_000_222,
    "This client secret of application {} has expired. Make a new one.",
);
/// No proof at all.
pub const NO_CREDENTIAL: Kind = kind(
    OAuthError::InvalidClient,
    7_000_218,
    "The client has to prove who it is: send 'client_secret' or 'client_assertion'.",
);
/// Two proofs.
pub const TWO_CREDENTIALS: Kind = kind(
    OAuthError::InvalidRequest,
    7_000_214,
    "The request holds more than one proof of the client: send one of them.",
);
/// An assertion that is no JWT, or of another kind.
pub const BAD_ASSERTION: Kind = kind(
    OAuthError::InvalidClient,
    50_027,
    "The client assertion cannot be used: {}.",
);
/// An assertion with a wrong signature.
pub const ASSERTION_SIGNATURE: Kind = kind(
    OAuthError::InvalidClient,
    700_027,
    "The client assertion is not signed with the key of a registered certificate that still counts.",
);
/// An assertion for somebody else.
pub const ASSERTION_AUDIENCE: Kind = kind(
    OAuthError::InvalidClient,
    700_023,
    "The client assertion is addressed to somebody else than this token endpoint.",
);
/// An assertion too early or too late.
pub const ASSERTION_TIME: Kind = kind(
    OAuthError::InvalidClient,
    700_024,
    "The client assertion has expired, begins later, or is good for more than a day.",
);
/// An assertion of another application.
pub const ASSERTION_SUBJECT: Kind = kind(
    OAuthError::InvalidClient,
    700_021,
    "The client assertion is of another application than 'client_id'.",
);
/// There is no such grant.
pub const NO_GRANT_TYPE: Kind = kind(
    OAuthError::UnsupportedGrantType,
    70_003,
    "The grant type {} is not offered.",
);
/// A response type other than a code.
pub const NO_RESPONSE_TYPE: Kind = kind(
    OAuthError::UnsupportedResponseType,
    70_005,
    "The response type {} is not offered: 'code' is.",
);
/// A scope that cannot be read, or that the application does not have.
pub const NO_SCOPE: Kind = kind(
    OAuthError::InvalidScope,
    70_011,
    "The scope {} does not exist here, or is not registered for the application.",
);
/// Names where only `.default` may stand.
pub const ONLY_DEFAULT: Kind = kind(
    OAuthError::InvalidScope,
    1_002_012,
    "An application alone asks for a whole resource: the scope {} has to be the name of one, followed by /.default.",
);
/// Scopes of two resources.
pub const TWO_RESOURCES: Kind = kind(
    OAuthError::InvalidScope,
    28_000,
    "The scopes are of more than one resource: ask for one at a time.",
);
/// No such resource.
pub const NO_RESOURCE: Kind = kind(
    OAuthError::InvalidResource,
    500_011,
    "The resource {} is not known. This authority knows https://graph.microsoft.com, its own address, and the applications that are registered.",
);
/// A redirect URI that is not registered.
pub const NO_REDIRECT_URI: Kind = kind(
    OAuthError::InvalidRequest,
    50_011,
    "The redirect URI {} is not one that is registered for the application, letter by letter.",
);
/// No PKCE.
pub const NO_CHALLENGE: Kind = kind(
    OAuthError::InvalidRequest,
    9_002_325,
    "Send a code_challenge with code_challenge_method=S256 (PKCE).",
);
/// A challenge that is none.
pub const BAD_CHALLENGE: Kind = kind(
    OAuthError::InvalidRequest,
    501_491,
    "The code_challenge is not a SHA-256 in base64url.",
);
/// A verifier that does not fit.
pub const WRONG_VERIFIER: Kind = kind(
    OAuthError::InvalidGrant,
    501_481,
    "The code_verifier is not what the code_challenge was made from.",
);
/// A code that is none.
pub const NO_CODE: Kind = kind(
    OAuthError::InvalidGrant,
    9_002_313,
    "This is no code or refresh token of this authority.",
);
/// A code that has ended.
pub const EXPIRED_CODE: Kind = kind(
    OAuthError::InvalidGrant,
    70_008,
    "The code or refresh token has expired: the user has to sign in again.",
);
/// A code that was used.
pub const USED_CODE: Kind = kind(
    OAuthError::InvalidGrant,
    54_005,
    "The code was redeemed before. All that came from it is revoked: the user has to sign in again.",
);
/// A code that was sent elsewhere.
pub const OTHER_REDIRECT_URI: Kind = kind(
    OAuthError::InvalidGrant,
    50_011,
    "The redirect URI is another one than the code was sent to.",
);
/// A code or token of another application.
pub const OTHER_APPLICATION: Kind = kind(
    OAuthError::InvalidGrant,
    700_005,
    "The code or refresh token was given to another application, and is revoked.",
);
/// A refresh token that was used before.
pub const REPLAYED: Kind = kind(
    OAuthError::InvalidGrant,
    50_173,
    "The refresh token was used before. All that came from it is revoked: the user has to sign in again.",
);
/// A revoked family.
pub const REVOKED: Kind = kind(
    OAuthError::InvalidGrant,
    50_173,
    "The authorization is revoked: the user has to sign in again.",
);
/// A disabled or deleted user.
pub const USER_DISABLED: Kind = kind(
    OAuthError::InvalidGrant,
    50_057,
    "The user is disabled or deleted.",
);
/// Nobody has consented.
pub const NO_CONSENT: Kind = kind(
    OAuthError::InvalidGrant,
    65_001,
    "Nobody has consented to what application {} asks for: let the user sign in and consent.",
);
/// The user has said no.
pub const DECLINED: Kind = kind(OAuthError::AccessDenied, 65_004, "The user has not consented.");
/// `prompt=none` and nobody is signed in.
pub const MUST_SIGN_IN: Kind = kind(
    OAuthError::LoginRequired,
    50_058,
    "Nobody is signed in, and nobody may be asked to.",
);
/// `prompt=none` and nobody has consented.
pub const MUST_CONSENT: Kind = kind(
    OAuthError::ConsentRequired,
    65_001,
    "The user has not consented, and may not be asked to.",
);
/// An assertion that does not count.
pub const BAD_USER_ASSERTION: Kind = kind(
    OAuthError::InvalidGrant,
    500_133,
    "The assertion is not a user's access token of this authority that is meant for this application.",
);
/// Nobody has entered the code yet.
pub const PENDING: Kind = kind(
    OAuthError::AuthorizationPending,
    70_016,
    "Nobody has let the device in yet: ask again in a while.",
);
/// Asks too often.
pub const SLOW_DOWN: Kind = kind(
    OAuthError::SlowDown,
    70_016,
    "The device asks too often: wait 5 seconds longer from now on.",
);
/// The user has said no to a device.
pub const DEVICE_DECLINED: Kind = kind(
    OAuthError::AuthorizationDeclined,
    70_018,
    "The user has kept the device out.",
);
/// The device's code has ended.
pub const DEVICE_EXPIRED: Kind = kind(
    OAuthError::ExpiredToken,
    70_020,
    "The code of the device has expired: begin again.",
);
/// There is no such code of a device.
pub const NO_DEVICE_CODE: Kind = kind(
    OAuthError::BadVerificationCode,
    70_019,
    "This is no code that a device was given, or its tokens were taken already.",
);
/// The application may not act without a secret.
pub const NOT_PUBLIC: Kind = kind(
    OAuthError::InvalidClient,
    7_000_218,
    "Application {} is not registered as a public client (isFallbackPublicClient): send 'client_secret' or 'client_assertion'.",
);

/// A tenant whose tokens are all refused.
pub const TENANT_SUSPENDED: Kind = kind(
    OAuthError::UnauthorizedClient,
    5_000_225,
    "The tenant {} is suspended.",
);

/// Every kind, for the documents and their test.
pub const ALL: [Kind; 49] = [
    TENANT_SUSPENDED,
    MISSING,
    REPEATED,
    MALFORMED,
    NOT_A_FORM,
    IN_THE_URL,
    NO_TENANT,
    PERSONAL,
    NO_APPLICATION,
    WHICH_TENANT,
    APPLICATION_DISABLED,
    WRONG_SECRET,
    EXPIRED_SECRET,
    NO_CREDENTIAL,
    TWO_CREDENTIALS,
    BAD_ASSERTION,
    ASSERTION_SIGNATURE,
    ASSERTION_AUDIENCE,
    ASSERTION_TIME,
    ASSERTION_SUBJECT,
    NO_GRANT_TYPE,
    NO_RESPONSE_TYPE,
    NO_SCOPE,
    ONLY_DEFAULT,
    TWO_RESOURCES,
    NO_RESOURCE,
    NO_REDIRECT_URI,
    NO_CHALLENGE,
    BAD_CHALLENGE,
    WRONG_VERIFIER,
    NO_CODE,
    EXPIRED_CODE,
    USED_CODE,
    OTHER_REDIRECT_URI,
    OTHER_APPLICATION,
    REPLAYED,
    REVOKED,
    USER_DISABLED,
    NO_CONSENT,
    DECLINED,
    MUST_SIGN_IN,
    MUST_CONSENT,
    BAD_USER_ASSERTION,
    PENDING,
    SLOW_DOWN,
    DEVICE_DECLINED,
    DEVICE_EXPIRED,
    NO_DEVICE_CODE,
    NOT_PUBLIC,
];

impl Refusal {
    /// Too many wrong secrets: try again in `seconds`.
    pub fn too_many_attempts(seconds: u32) -> Self {
        let text = format!(
            "Too many attempts with wrong credentials from this address. Try again in {seconds} seconds."
        );
        Self {
            error: OAuthError::TemporarilyUnavailable,
            aadsts: 50_053,
            text: text.into(),
            retry_after: Some(seconds),
        }
    }

    /// Too much to do: try again in `seconds`.
    pub fn too_busy(seconds: u32) -> Self {
        Self {
            error: OAuthError::TemporarilyUnavailable,
            aadsts: 90_033,
            text: "The authority has too much to do at the moment: try again later.".into(),
            retry_after: Some(seconds),
        }
    }

    /// For people and for clients that search it: `AADSTS700016: …`.
    pub fn description(&self) -> String {
        format!("AADSTS{}: {}", self.aadsts, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_what_was_asked_and_nothing_that_breaks_a_line() {
        let refusal = NO_TENANT.about("contoso\r\n.example");
        assert_eq!(
            refusal.description(),
            "AADSTS90002: There is no tenant 'contoso.example'. Name it by its id or one of its domains."
        );
        assert!(NO_TENANT.about(&"x".repeat(100_000)).text.len() < 300);
    }
}
