//! Changes of application access policies.

use super::ChangeError;
use crate::db::access_policies::{self, AccessPolicy};
use crate::db::locks::{self, Lock};
use crate::db::{Tx, Write};

/// Makes a policy that is not there yet: New-CsApplicationAccessPolicy.
pub struct CreatePolicy {
    /// Its tenant.
    pub tenant_id: String,
    /// Its name.
    pub identity: String,
    /// Applications that it names.
    pub app_ids: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
}

impl Write for CreatePolicy {
    type Output = ();
    type Error = ChangeError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let (tenant_id, identity) = (self.tenant_id.as_str(), self.identity.as_str());
        if access_policies::find(tx, tenant_id, identity).await?.is_some() {
            return Err(ChangeError::AlreadyThere);
        }
        let policy = AccessPolicy {
            tenant_id,
            identity,
            app_ids: self.app_ids.iter().map(String::as_str).collect(),
            principals: Vec::new(),
            is_global: false,
        };
        access_policies::put(tx, &policy).await?;
        let description = self.description.as_deref();
        access_policies::describe(tx, tenant_id, identity, description).await?;
        Ok(())
    }
}

/// What changes about a policy.
#[derive(Clone, Debug)]
pub enum PolicyChange {
    /// Applications that it names from now on, applications that it names no longer, and what it is for from now on.
    Set {
        /// Named from now on.
        add: Vec<String>,
        /// Named no longer; those that are not named do no harm.
        remove: Vec<String>,
        /// What it is for, where that changes.
        description: Option<String>,
    },
    /// It is granted to that user.
    Grant(String),
    /// It is granted to all who have none of their own, or not any more.
    Global(bool),
    /// It is not granted to the user of these names any more.
    Revoke(Vec<String>),
    /// It goes, and every grant of it with it.
    Remove,
}

/// Changes a policy. What is so already stays so; a grant that is taken away has to be there.
#[derive(Clone, Debug)]
pub struct ChangePolicy {
    /// Its tenant.
    pub tenant_id: String,
    /// Its name.
    pub identity: String,
    /// What.
    pub change: PolicyChange,
}

impl Write for ChangePolicy {
    type Output = ();
    type Error = ChangeError;

    /// Taking away is not to say the second time that nothing is there.
    fn again(&self) -> Option<Self> {
        let takes_away = matches!(self.change, PolicyChange::Revoke(_) | PolicyChange::Remove);
        (!takes_away).then(|| self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let (tenant, identity) = (self.tenant_id.as_str(), self.identity.as_str());
        let Some(policy) = access_policies::find(tx, tenant, identity).await? else {
            return Err(ChangeError::NotThere);
        };
        match self.change {
            PolicyChange::Set {
                add,
                remove,
                description,
            } => {
                for app_id in &remove {
                    access_policies::remove_application(tx, tenant, identity, app_id).await?;
                }
                for app_id in &add {
                    access_policies::add_application(tx, tenant, identity, app_id).await?;
                }
                if description.is_some() {
                    access_policies::describe(tx, tenant, identity, description.as_deref()).await?;
                }
            }
            PolicyChange::Grant(user) => {
                access_policies::grant(tx, tenant, identity, &user).await?;
            }
            PolicyChange::Global(false) if !policy.is_global => return Err(ChangeError::NotThere),
            PolicyChange::Global(is_global) => {
                access_policies::set_global(tx, tenant, identity, is_global).await?;
            }
            PolicyChange::Revoke(names) => {
                let mut revoked = 0;
                for name in &names {
                    revoked += access_policies::revoke(tx, tenant, identity, name).await?;
                }
                if revoked == 0 {
                    return Err(ChangeError::NotThere);
                }
            }
            PolicyChange::Remove => access_policies::remove(tx, tenant, identity).await?,
        }
        Ok(())
    }
}
