//! The claims of a token whose signature has been verified.

use std::time::Duration;

use serde_json::{Map, Value};

use super::key_set::{TENANT_PLACEHOLDER, VerifyingKey};
use super::token::TokenFault;
use crate::clock::Ticks;
use crate::config::issuer::{AppOnly, ClaimMap, IssuerConfig, TenantClaim};
use crate::ids;

/// The last second of the year 9999. No honest date lies behind it.
const MAX_UNIX_SECONDS: u64 = 253_402_300_799;

/// The claim of the built-in authority's tokens that names the authorization which they come from.
pub const GRANT_CLAIM: &str = "graphophone_grant";

/// Whose key signed a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// The built-in authority.
    Authority,
    /// The entry of `[[issuers]]` at that index.
    Configured(usize),
}

/// What a token says, all of it checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Who signed it.
    pub issuer: Issuer,
    /// The tenant, in lower case.
    pub tenant: String,
    /// Whether the issuer's configuration names that tenant. Where it does not, only tenants in the store may
    /// use the issuer; that is for the caller to decide.
    pub tenant_named: bool,
    /// The application's id, a GUID in lower case; always there for an application.
    pub application: Option<String>,
    /// On whose behalf it speaks.
    pub identity: Identity,
    /// The groups of the user.
    pub groups: Vec<String>,
    /// Its `exp`, without leeway.
    pub expires: Ticks,
    /// The authorization that it comes from, where the built-in authority says so: revoked with it.
    pub grant: Option<String>,
}

/// On whose behalf a token speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A signed-in user.
    Delegated {
        /// The user's object id, or `externalId`.
        user: String,
        /// What the user lets the application do.
        scopes: Vec<String>,
    },
    /// The application itself.
    Application {
        /// What an administrator lets it do.
        roles: Vec<String>,
    },
}

/// What the claims of one issuer's tokens must be.
pub(super) struct ClaimRules<'a> {
    pub(super) issuer: Issuer,
    /// What `iss` must be.
    pub(super) iss: IssRule<'a>,
    pub(super) audiences: &'a [String],
    /// `None`: the store decides.
    pub(super) tenants: Option<&'a [String]>,
    pub(super) require_idtyp: bool,
    pub(super) clock_skew: Duration,
    pub(super) max_lifetime: Duration,
    pub(super) names: &'a ClaimMap,
}

/// What `iss` must be.
pub(super) enum IssRule<'a> {
    /// This text, where `{tenantid}` stands for the tenant claim.
    Template(&'a str),
    /// Anything that ends with `/{tenantid}/v2.0`: the authority's key decides, not the host it was reached at.
    AnyHost,
}

impl<'a> ClaimRules<'a> {
    pub(super) fn of_issuer(index: usize, config: &'a IssuerConfig) -> Self {
        Self {
            issuer: Issuer::Configured(index),
            iss: IssRule::Template(&config.issuer),
            audiences: &config.audiences,
            tenants: config.tenants.as_deref(),
            require_idtyp: config.require_idtyp,
            clock_skew: config.clock_skew,
            max_lifetime: config.max_lifetime,
            names: &config.claims,
        }
    }

    /// Checks `claims`, in the order that decides which fault is told.
    pub(super) fn check(
        &self,
        claims: &Map<String, Value>,
        key: &VerifyingKey,
        now: Ticks,
    ) -> Result<VerifiedToken, TokenFault> {
        let tenant = self.tenant(claims)?;
        self.check_iss(claims, tenant, key)?;
        self.check_audience(claims)?;
        let expires = self.check_lifetime(claims, now)?;
        let tenant = tenant.to_ascii_lowercase();
        if self.tenants.is_some_and(|named| !named.contains(&tenant)) {
            return Err(TokenFault::Invalid("the tenant may not use this issuer"));
        }
        for name in ["crit", "cnf", "nonce", "events"] {
            if claims.contains_key(name) {
                return Err(TokenFault::Invalid(
                    "a claim asks for what is not done here: crit, cnf, nonce, events",
                ));
            }
        }
        let application = self.application(claims)?;
        Ok(VerifiedToken {
            issuer: self.issuer,
            tenant_named: self.tenants.is_some(),
            tenant,
            identity: self.identity(claims, application)?,
            application: application.map(|id| ids::normalized(id.to_owned())),
            groups: strings(
                claim(claims, &self.names.groups),
                "groups is not an array of strings",
            )?,
            expires,
            grant: match self.issuer {
                Issuer::Authority => claims.get(GRANT_CLAIM).and_then(Value::as_str).map(str::to_owned),
                Issuer::Configured(_) => None,
            },
        })
    }

    fn tenant(&self, claims: &'a Map<String, Value>) -> Result<&'a str, TokenFault> {
        tenant_of(claims, self.names).ok_or(TokenFault::Invalid("the tenant claim is missing"))
    }

    fn check_iss(
        &self,
        claims: &Map<String, Value>,
        tenant: &str,
        key: &VerifyingKey,
    ) -> Result<(), TokenFault> {
        let iss = claims
            .get("iss")
            .and_then(Value::as_str)
            .ok_or(TokenFault::Invalid("iss is missing"))?;
        let right = match self.iss {
            IssRule::Template(template) => template.replace(TENANT_PLACEHOLDER, tenant) == iss,
            IssRule::AnyHost => iss
                .strip_suffix("/v2.0")
                .and_then(|rest| rest.strip_suffix(tenant))
                .is_some_and(|rest| rest.ends_with('/')),
        };
        if !right {
            return Err(TokenFault::Invalid("iss does not fit the tenant"));
        }
        if key.serves(iss, tenant) {
            Ok(())
        } else {
            Err(TokenFault::Invalid("the key is bound to another iss"))
        }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        let ours = |audience: &str| self.audiences.iter().any(|one| one == audience);
        let meant_for_us = match claims.get("aud") {
            Some(Value::String(audience)) => ours(audience),
            Some(array @ Value::Array(_)) if self.names.audience_array => {
                let audiences = strings(Some(array), "aud is not an array of strings")?;
                audiences.iter().any(|audience| ours(audience))
            }
            _ => return Err(TokenFault::Invalid("aud is not a string")),
        };
        if meant_for_us {
            Ok(())
        } else {
            Err(TokenFault::WrongAudience)
        }
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6; the end of the lifetime.
    fn check_lifetime(&self, claims: &Map<String, Value>, now: Ticks) -> Result<Ticks, TokenFault> {
        let expires = date(claims, "exp")?.ok_or(TokenFault::Invalid("exp is missing"))?;
        let not_before = date(claims, "nbf")?;
        let issued = date(claims, "iat")?;
        if now >= expires.plus(self.clock_skew) {
            return Err(TokenFault::Expired);
        }
        let latest = now.plus(self.clock_skew);
        if not_before.is_some_and(|instant| instant > latest)
            || issued.is_some_and(|instant| instant > latest)
        {
            return Err(TokenFault::Invalid("nbf or iat lies in the future"));
        }
        let begins = issued.or(not_before).unwrap_or(now);
        if expires > begins.plus(self.max_lifetime) {
            return Err(TokenFault::Invalid("the lifetime is over max_lifetime"));
        }
        Ok(expires)
    }

    /// The first application claim that is there.
    fn application(&self, claims: &'a Map<String, Value>) -> Result<Option<&'a str>, TokenFault> {
        match self.names.application.iter().find_map(|name| claim(claims, name)) {
            None => Ok(None),
            Some(value) => text(value)
                .map(Some)
                .ok_or(TokenFault::Invalid("the application claim is not a string")),
        }
    }

    /// Delegated or app-only; what is neither is refused. The presence of roles decides nothing.
    fn identity(
        &self,
        claims: &Map<String, Value>,
        application: Option<&str>,
    ) -> Result<Identity, TokenFault> {
        let roles = strings(
            claim(claims, &self.names.roles),
            "roles is not an array of strings",
        )?;
        let scopes = match claim(claims, &self.names.scopes) {
            None => None,
            Some(Value::String(scopes)) => Some(scopes.split_ascii_whitespace().map(str::to_owned).collect()),
            Some(_) => return Err(TokenFault::Invalid("scp is not a string")),
        };
        let idtyp = match claims.get("idtyp") {
            None => None,
            Some(value) => Some(text(value).ok_or(TokenFault::Invalid("idtyp is not a string"))?),
        };
        let looks_app_only = match &self.names.app_only {
            AppOnly::NoScopes => scopes.is_none(),
            AppOnly::SubjectIsApplication => {
                application.is_some() && claims.get("sub").and_then(Value::as_str) == application
            }
            AppOnly::Claim(name) => claim(claims, name).is_some(),
        };
        if looks_app_only {
            let says_so = idtyp == Some("app") || (idtyp.is_none() && !self.require_idtyp);
            if !says_so {
                return Err(TokenFault::Invalid("neither delegated nor app-only"));
            }
            if application.is_none() {
                return Err(TokenFault::Invalid("an app-only token names no application"));
            }
            return Ok(Identity::Application { roles });
        }
        let scopes = scopes.filter(|_| matches!(idtyp, None | Some("user")));
        let scopes = scopes.ok_or(TokenFault::Invalid("neither delegated nor app-only"))?;
        let user = claim(claims, &self.names.user).and_then(text);
        let user = user.ok_or(TokenFault::Invalid("a delegated token names no user"))?;
        Ok(Identity::Delegated {
            user: user.to_owned(),
            scopes,
        })
    }
}

/// The tenant that `claims` name, as it is written there.
pub(super) fn tenant_of<'a>(claims: &'a Map<String, Value>, names: &'a ClaimMap) -> Option<&'a str> {
    match &names.tenant {
        TenantClaim::Claim(name) => claim(claims, name).and_then(text),
        TenantClaim::Fixed(tenant) => Some(tenant),
    }
}

/// The claim of that name. A dot reaches into an object, unless there is a claim with the dots in its name.
pub fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.')
        .try_fold(claims.get(first)?, |value, member| value.get(member))
}

/// A string that is not empty.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// An array of strings; nothing counts as an empty one.
fn strings(value: Option<&Value>, otherwise: &'static str) -> Result<Vec<String>, TokenFault> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let items = value.as_array().ok_or(TokenFault::Invalid(otherwise))?;
    items
        .iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or(TokenFault::Invalid(otherwise))
        })
        .collect()
}

/// A NumericDate (RFC 7519 section 2): seconds since 1970, perhaps with a fraction.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Ticks>, TokenFault> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let since_1970 = match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => value
            .as_f64()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    since_1970
        .filter(|since| since.as_secs() <= MAX_UNIX_SECONDS)
        .map(|since| Some(Ticks(0).plus(since)))
        .ok_or(TokenFault::Invalid("a date is not a number of seconds"))
}
