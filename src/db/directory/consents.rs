//! Changes of consents, of both kinds.

use super::ChangeError;
use crate::clock::Ticks;
use crate::db::locks::{self, Lock};
use crate::db::permission_grants::{self, Principal};
use crate::db::{Tx, Write, applications, consents, token_grants};

/// What is consented to.
#[derive(Clone, Debug)]
pub enum Consent {
    /// Delegated permissions, by a user of that object id or for everybody.
    Delegated {
        /// Who; `None` for everybody of the tenant.
        user: Option<String>,
        /// The permissions.
        scopes: Vec<String>,
    },
    /// Resource-specific permissions, for one chat.
    Chat {
        /// Its thread.
        thread: String,
        /// The permissions.
        permissions: Vec<String>,
    },
}

/// Gives a consent or takes one away. What is given already stays; of what is taken away something has to be there.
#[derive(Clone, Debug)]
pub struct ChangeConsent {
    /// The application's tenant.
    pub tenant_id: String,
    /// The application.
    pub app_id: String,
    /// What.
    pub consent: Consent,
    /// Given, or taken away.
    pub given: bool,
    /// The present instant.
    pub now: Ticks,
}

impl Write for ChangeConsent {
    type Output = ();
    type Error = ChangeError;

    /// Taking away is not to say the second time that nothing is there.
    fn again(&self) -> Option<Self> {
        self.given.then(|| self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let (tenant, app_id) = (self.tenant_id.as_str(), self.app_id.as_str());
        if applications::find(tx, app_id, tenant).await?.is_none() {
            return Err(ChangeError::NotThere);
        }
        let mut taken = 0;
        match &self.consent {
            Consent::Delegated { user, scopes } => {
                let principal = user.as_deref().map_or(Principal::All, Principal::User);
                for scope in scopes {
                    match self.given {
                        true => permission_grants::add(tx, tenant, app_id, principal, scope).await?,
                        false => {
                            taken += permission_grants::remove(tx, tenant, app_id, principal, scope).await?;
                        }
                    }
                }
                if !self.given {
                    // What was given out by it does not outlive it.
                    let application = (app_id, tenant);
                    token_grants::revoke_all_of_application(tx, application, user.as_deref(), self.now)
                        .await?;
                }
            }
            Consent::Chat { thread, permissions } => {
                for permission in permissions {
                    match self.given {
                        true => drop(consents::add(tx, app_id, thread, permission).await?),
                        false => taken += consents::remove_one(tx, app_id, thread, permission).await?,
                    }
                }
            }
        }
        match self.given || taken > 0 {
            true => Ok(()),
            false => Err(ChangeError::NotThere),
        }
    }
}
