//! `[[issuers]]`: who may sign tokens beside the built-in authority, and how their claims are named.

use std::path::PathBuf;
use std::time::Duration;

/// One entry of `[[issuers]]`, checked.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// What a token's `iss` must equal; may hold `{tenantid}`, which stands for the tenant claim.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeySource,
    /// PEM file with further roots for discovery and `jwks_uri`.
    pub ca_file: Option<PathBuf>,
    /// Values of `aud` that are meant for this server; never empty.
    pub audiences: Vec<String>,
    /// Tenants that may use it, in lower case; `None`: those in the store.
    pub tenants: Option<Vec<String>>,
    /// Signature algorithms it may use.
    pub algorithms: Vec<Algorithm>,
    /// App-only needs `idtyp=app`; otherwise the absence of scopes will do.
    pub require_idtyp: bool,
    /// Leeway for `exp`, `nbf` and `iat`.
    pub clock_skew: Duration,
    /// The longest `exp - iat`.
    pub max_lifetime: Duration,
    /// How its claims are named.
    pub claims: ClaimMap,
}

/// Where an issuer's JSON Web Key Set is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The `jwks_uri` of the issuer's OpenID discovery document.
    Discovery,
    /// A URL.
    Uri(String),
    /// A file, read again when it changes.
    File(PathBuf),
}

/// JWS algorithms that a token may use (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// The names of the claims that are read; a dotted name reaches into an object.
#[derive(Clone, Debug)]
pub struct ClaimMap {
    /// The tenant.
    pub tenant: TenantClaim,
    /// The user's object id (or `externalId`).
    pub user: String,
    /// The application's id: the first of these that is there.
    pub application: Vec<String>,
    /// Delegated scopes, one string separated by blanks.
    pub scopes: String,
    /// Application roles, an array of strings.
    pub roles: String,
    /// Groups, an array of strings.
    pub groups: String,
    /// What makes a token app-only.
    pub app_only: AppOnly,
    /// `aud` may be an array that holds one of the audiences.
    pub audience_array: bool,
}

/// Where the tenant of a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantClaim {
    /// The claim of that name.
    Claim(String),
    /// The issuer has this one tenant and no such claim.
    Fixed(String),
}

/// What makes a token app-only (without scopes in every case but the last two, which decide alone).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppOnly {
    /// It has no scopes.
    NoScopes,
    /// `sub` equals the application (RFC 9068 section 2.2).
    SubjectIsApplication,
    /// The claim of that name is present.
    Claim(String),
}
