//! [`Client`]: the application that asks for tokens, and whether it has proved that it is (RFC 6749 section 2.3).

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use super::client_assertion::{self, Expected};
use super::tenant_name::TenantName;
use super::{Authority, AuthorityError, refusal, secret_hash};
use crate::config::Secret;
use crate::db::Session;
use crate::db::application_credentials::{self, ApplicationCredential, CredentialKind};
use crate::db::applications::{self, Application};
use crate::db::tenants::{self, Tenant};
use crate::ids;

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Not at all.
    None,
    /// By a secret.
    Secret(Secret),
    /// By a signed assertion.
    Assertion(String),
}

/// What a client says of itself.
#[derive(Clone, Debug)]
pub struct ClientClaim<'a> {
    /// The tenant of the path.
    pub tenant: &'a TenantName,
    /// That segment as it was written: an assertion may name it.
    pub segment: &'a str,
    /// `client_id`
    pub app_id: &'a str,
    /// Its proof.
    pub credential: Credential,
    /// Where it asks from.
    pub address: IpAddr,
    /// The tenant of what it brings, where the path names none.
    pub brought: Option<&'a str>,
}

/// An application that asks for tokens.
#[derive(Clone, Debug)]
pub struct Client {
    /// The application.
    pub application: Application,
    /// Its tenant.
    pub tenant: Tenant,
    /// It has proved that it is this application.
    pub is_proved: bool,
    /// It has something to prove that with.
    has_credential: bool,
}

impl Client {
    /// Refuses a client that has not proved who it is.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`].
    pub fn needs_proof(&self) -> Result<(), AuthorityError> {
        match self.is_proved {
            true => Ok(()),
            false => Err(refusal::NO_CREDENTIAL.refuse().into()),
        }
    }

    /// Refuses a client that has not proved who it is although it could have: public clients need not.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`].
    pub fn needs_proof_unless_public(&self) -> Result<(), AuthorityError> {
        let is_public = !self.has_credential || self.application.is_fallback_public_client;
        match self.is_proved || is_public {
            true => Ok(()),
            false => Err(refusal::NOT_PUBLIC.about(&self.application.app_id).into()),
        }
    }
}

/// The application of that id in the tenant of a path.
///
/// # Errors
/// [`AuthorityError::Refused`] where there is none, or more than one.
pub async fn find(
    db: &mut Session,
    tenant: &TenantName,
    app_id: &str,
    brought: Option<&str>,
) -> Result<(Application, Tenant), AuthorityError> {
    let app_id = ids::normalized(app_id.to_owned());
    let unknown = || refusal::NO_APPLICATION.about(&app_id);
    let tenant = match tenant {
        TenantName::One(tenant) => (**tenant).clone(),
        TenantName::Any => {
            let mut tenants = applications::tenants_of(db, &app_id).await?;
            if let Some(brought) = brought.filter(|_| tenants.len() > 1) {
                tenants.retain(|tenant| tenant == brought);
            }
            let id = match tenants.as_slice() {
                [one] => one,
                [] => return Err(unknown().into()),
                _ => return Err(refusal::WHICH_TENANT.about(&app_id).into()),
            };
            tenants::find(db, id).await?.ok_or_else(unknown)?
        }
    };
    let application = applications::find(db, &app_id, &tenant.id)
        .await?
        .ok_or_else(unknown)?;
    match application.account_enabled {
        true => Ok((application, tenant)),
        false => Err(refusal::APPLICATION_DISABLED.about(&app_id).into()),
    }
}

impl Authority {
    /// The client that `claim` is of. A proof that is given must be right, whether it is needed or not.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where there is no such client, its proof is wrong, or it was wrong too often.
    pub async fn client(&self, claim: &ClientClaim<'_>) -> Result<Client, AuthorityError> {
        let mut db = self.db.snapshot().await?;
        let (application, tenant) = find(&mut db, claim.tenant, claim.app_id, claim.brought).await?;
        let credentials =
            application_credentials::of_application(&mut db, &application.app_id, &tenant.id).await?;
        // Nothing slow happens while a read transaction is open.
        drop(db);
        let has_credential = application.secret_hash.is_some() || !credentials.is_empty();
        let is_proved = match &claim.credential {
            Credential::None => false,
            proof => {
                let subject = format!("application:{}:{}", tenant.id, application.app_id);
                let attempt = self.attempt(subject, claim.address).await?;
                let proved = self
                    .prove(&application, &tenant, &credentials, claim, proof)
                    .await;
                // A store that is away says nothing of the secret.
                if matches!(proved, Ok(()) | Err(AuthorityError::Refused(_))) {
                    self.ended(attempt, proved.is_ok()).await?;
                }
                proved?;
                true
            }
        };
        Ok(Client {
            application,
            tenant,
            is_proved,
            has_credential,
        })
    }

    async fn prove(
        &self,
        application: &Application,
        tenant: &Tenant,
        credentials: &[ApplicationCredential],
        claim: &ClientClaim<'_>,
        proof: &Credential,
    ) -> Result<(), AuthorityError> {
        let now = self.clock.now();
        let of_kind = |kind| credentials.iter().filter(move |found| found.kind == kind);
        match proof {
            Credential::None => Err(refusal::NO_CREDENTIAL.refuse().into()),
            Credential::Assertion(assertion) => {
                let certificates: Vec<Vec<u8>> = of_kind(CredentialKind::Certificate)
                    .filter(|found| now < found.expires)
                    .map(|found| found.value.clone())
                    .collect();
                let audiences = self.assertion_audiences(claim.segment, &tenant.id);
                let expected = Expected {
                    app_id: &application.app_id,
                    audiences: &audiences,
                    now,
                };
                Ok(client_assertion::check(assertion, &certificates, &expected)?)
            }
            Credential::Secret(secret) => {
                let hash = digest(&SHA256, secret.expose().as_bytes());
                let made_here = of_kind(CredentialKind::Secret)
                    .find(|found| verify_slices_are_equal(&found.value, hash.as_ref()).is_ok());
                match made_here {
                    Some(found) if now < found.expires => return Ok(()),
                    Some(_) => return Err(refusal::EXPIRED_SECRET.about(&application.app_id).into()),
                    None => {}
                }
                // Chosen by people, so it is hashed slowly.
                if let Some(stored) = application.secret_hash.clone()
                    && self.matches_slowly(stored, secret.clone()).await?
                {
                    return Ok(());
                }
                Err(refusal::WRONG_SECRET.about(&application.app_id).into())
            }
        }
    }

    /// Whom an assertion may be addressed to: the token endpoint as it can be spelled, and the issuer.
    fn assertion_audiences(&self, segment: &str, tenant: &str) -> Vec<String> {
        let mut audiences = Vec::new();
        for name in [segment, tenant] {
            for end in ["/oauth2/v2.0/token", "/oauth2/token", "/v2.0", ""] {
                audiences.push(format!("{}/{name}{end}", self.public_url));
            }
        }
        audiences
    }

    /// Whether a password or secret matches its Argon2id hash. A few at a time, each on a thread of its own, as each takes some
    /// tens of milliseconds and some tens of megabytes.
    ///
    /// # Errors
    /// [`AuthorityError::Lost`] where that thread is lost.
    pub async fn matches_slowly(&self, stored: String, secret: Secret) -> Result<bool, AuthorityError> {
        let _place = self.hashing.acquire().await.map_err(|_| AuthorityError::Lost)?;
        let matched =
            tokio::task::spawn_blocking(move || secret_hash::matches(&stored, secret.expose())).await;
        matched.map_err(|_| AuthorityError::Lost)
    }
}
