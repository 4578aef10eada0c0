//! The first administrator.

use super::ChangeError;
use crate::clock::Ticks;
use crate::db::locks::{self, Lock};
use crate::db::tenants::{self, Tenant};
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{Tx, Write, one_time_links};

/// Makes a tenant where it is not there, a user in it where that one is not there, an administrator of that user, and a link
/// with which the user sets a password.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The tenant as it is made where its id names none.
    pub tenant: Tenant,
    /// A domain of the tenant.
    pub domain: Option<String>,
    /// The user as it is made where the tenant has none of that name; the id is the one that counts only then.
    pub user: User,
    /// SHA-256 of the link's token.
    pub token_sha256: Vec<u8>,
    /// When the link ends.
    pub expires: Ticks,
    /// Also where others are administrators already.
    pub force: bool,
}

/// What is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrapped {
    /// Whether the tenant is new.
    pub made_tenant: bool,
    /// Whether the user is new.
    pub made_user: bool,
    /// The user.
    pub user: User,
}

impl Write for Bootstrap {
    type Output = Bootstrapped;
    type Error = ChangeError;

    /// What the first run has made the second one finds, so that it would answer otherwise.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Bootstrapped, ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let tenant = self.tenant.id.as_str();
        let made_tenant = tenants::find(tx, tenant).await?.is_none();
        if made_tenant {
            tenants::put(tx, &self.tenant).await?;
        }
        if let Some(domain) = &self.domain {
            match tenants::find_by_domain(tx, domain).await? {
                Some(owner) if owner.id != tenant => return Err(ChangeError::DomainTaken),
                Some(_) => {}
                None => {
                    let mut domains = tenants::domains(tx, tenant).await?;
                    domains.push(domain.clone());
                    tenants::put_domains(tx, tenant, &domains).await?;
                }
            }
        }
        let name = self.user.user_principal_name.as_deref().unwrap_or_default();
        let found = users::find_by_principal_name(tx, tenant, name).await?;
        let role = DirectoryRole::GlobalAdministrator;
        let mut others = Vec::new();
        for id in users::with_role(tx, role).await? {
            let user = users::find(tx, &id).await?;
            let can_act = user.is_some_and(|user| {
                user.tenant_id == tenant && user.account_enabled && user.deleted.is_none()
            });
            if can_act && found.as_ref().is_none_or(|user| user.id != id) {
                others.push(id);
            }
        }
        if !others.is_empty() && !self.force {
            return Err(ChangeError::OtherAdministrators(others));
        }
        let made_user = found.is_none();
        let user = found.unwrap_or(self.user);
        if made_user {
            users::put(tx, &user).await?;
        } else if !user.account_enabled {
            users::set_enabled(tx, &user.id, true).await?;
        }
        let mut roles = users::roles(tx, &user.id).await?;
        if !roles.contains(&role) {
            roles.push(role);
            users::put_roles(tx, &user.id, &roles).await?;
        }
        one_time_links::put(tx, &self.token_sha256, &user.id, self.expires).await?;
        Ok(Bootstrapped {
            made_tenant,
            made_user,
            user,
        })
    }
}
