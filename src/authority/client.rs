//! [`Client`]: the application that asks for tokens, and whether it has proved that it is (RFC 6749 section 2.3).

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::client_assertion::{self, Expected};
use super::random_secret::sha256;
use super::tenant_name::TenantName;
use super::{Authority, AuthorityError, refusal};
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
    Assertion(Secret),
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

    /// Refuses a client that has not proved who it is, unless it is registered as a public one. That it has nothing to prove it
    /// with makes nobody public: its last secret may just have been taken away.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`].
    pub fn needs_proof_unless_public(&self) -> Result<(), AuthorityError> {
        match self.is_proved || self.application.is_fallback_public_client {
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
    if tenant.suspended {
        return Err(refusal::TENANT_SUSPENDED.about(&tenant.id).into());
    }
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
        let is_proved = match &claim.credential {
            Credential::None => false,
            proof => {
                self.prove(&application, &tenant, &credentials, claim, proof)
                    .await?;
                true
            }
        };
        Ok(Client {
            application,
            tenant,
            is_proved,
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
        let subject = format!("application:{}:{}", tenant.id, application.app_id);
        let checked = match proof {
            Credential::None => return Err(refusal::NO_CREDENTIAL.refuse().into()),
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
                client_assertion::check(assertion.expose(), &certificates, &expected)
            }
            Credential::Secret(secret) => {
                let hash = sha256(secret.expose());
                let made_here = of_kind(CredentialKind::Secret)
                    .find(|found| verify_slices_are_equal(&found.value, &hash).is_ok());
                match made_here {
                    Some(found) if now < found.expires => Ok(()),
                    Some(_) => Err(refusal::EXPIRED_SECRET.about(&application.app_id)),
                    None => Err(refusal::WRONG_SECRET.about(&application.app_id)),
                }
            }
        };
        let Err(refusal) = checked else {
            // Nobody guesses 256 bits or a key: those who are wrong keep nobody who is right.
            return Ok(());
        };
        let attempt = self.attempt(subject, claim.address).await?;
        // Chosen by people, so it is hashed slowly.
        if let (Credential::Secret(secret), Some(stored)) = (proof, application.secret_hash.clone())
            && self.hashers.matches(stored, secret.clone()).await?
        {
            return self.was_right(attempt).await;
        }
        Err(refusal.into())
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
}
