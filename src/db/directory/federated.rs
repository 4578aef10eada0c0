//! Whoever another provider has signed in, as a user of the tenant.

use crate::clock::Ticks;
use crate::db::locks::{self, Lock};
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{DbError, Tx, Write};

/// A person as a provider describes him or her.
#[derive(Clone, Debug)]
pub struct SignInFederated {
    /// The tenant.
    pub tenant_id: String,
    /// What the provider knows the person by.
    pub external_id: String,
    /// The sign-in name.
    pub user_principal_name: Option<String>,
    /// What people call the person.
    pub display_name: Option<String>,
    /// The address.
    pub mail: Option<String>,
    /// Is an administrator, or is not; `None`: the provider decides nothing about that.
    pub is_administrator: Option<bool>,
    /// Whoever is not known becomes a user, with this object id.
    pub create_as: Option<String>,
}

/// Who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FederatedUser {
    /// This user.
    Known(Box<User>),
    /// Nobody, and nobody is to be made.
    Unknown,
    /// Somebody else has that name.
    NameTaken,
    /// A user who is disabled or deleted.
    Disabled,
}

impl Write for SignInFederated {
    type Output = FederatedUser;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<FederatedUser, DbError> {
        locks::take(tx, Lock::Directory).await?;
        let found = users::find_by_external_id(tx, &self.tenant_id, &self.external_id).await?;
        let before = match (found, &self.create_as) {
            (Some(user), _) if user.deleted.is_some() || !user.account_enabled => {
                return Ok(FederatedUser::Disabled);
            }
            (Some(user), _) => user,
            (None, None) => return Ok(FederatedUser::Unknown),
            (None, Some(id)) => User {
                id: id.clone(),
                tenant_id: self.tenant_id.clone(),
                user_principal_name: None,
                display_name: None,
                mail: None,
                password_hash: None,
                external_id: Some(self.external_id.clone()),
                is_guest: false,
                account_enabled: true,
                deleted: None::<Ticks>,
            },
        };
        if let Some(name) = &self.user_principal_name
            && let Some(other) = users::find_by_principal_name(tx, &self.tenant_id, name).await?
            && other.id != before.id
        {
            return Ok(FederatedUser::NameTaken);
        }
        // What the provider does not say stays as it is.
        let user = User {
            user_principal_name: self.user_principal_name.or(before.user_principal_name),
            display_name: self.display_name.or(before.display_name),
            mail: self.mail.or(before.mail),
            ..before
        };
        users::put(tx, &user).await?;
        if let Some(is_administrator) = self.is_administrator {
            let roles: &[DirectoryRole] = match is_administrator {
                true => &[DirectoryRole::GlobalAdministrator],
                false => &[],
            };
            users::put_roles(tx, &user.id, roles).await?;
        }
        Ok(FederatedUser::Known(Box::new(user)))
    }
}
