//! Changes of users, and of what they have begun.

use super::ChangeError;
use crate::clock::Ticks;
use crate::db::locks::{self, Lock};
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{Tx, Write, one_time_links, sign_in_sessions};

/// Stores a user who is not there yet.
pub struct CreateUser {
    /// The user.
    pub user: User,
    /// What the user may do for the whole tenant.
    pub roles: Vec<DirectoryRole>,
}

impl Write for CreateUser {
    type Output = ();
    type Error = ChangeError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let name = self.user.user_principal_name.as_deref().unwrap_or_default();
        let of_that_name = users::find_by_principal_name(tx, &self.user.tenant_id, name).await?;
        if of_that_name.is_some() || users::find(tx, &self.user.id).await?.is_some() {
            return Err(ChangeError::AlreadyThere);
        }
        users::put(tx, &self.user).await?;
        users::put_roles(tx, &self.user.id, &self.roles).await?;
        Ok(())
    }
}

/// What changes about a user.
#[derive(Clone)]
pub enum UserChange {
    /// Another password, by its hash. Whoever has signed in with the old one has to sign in again, and links end.
    Password(String),
    /// A link with which the user sets a password, by the SHA-256 of its token, and when it ends. Older ones end.
    Link(Vec<u8>, Ticks),
    /// Lets the user in, or not. Who may not come in any more is out at once.
    Enabled(bool),
    /// Ends all that the user has begun.
    RevokeSessions,
}

/// Changes a user who is not deleted. Gives how many sessions and grants have ended by it.
#[derive(Clone)]
pub struct ChangeUser {
    /// The user.
    pub user_id: String,
    /// What.
    pub change: UserChange,
    /// The present instant.
    pub now: Ticks,
}

impl Write for ChangeUser {
    type Output = u64;
    type Error = ChangeError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<u64, ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let id = self.user_id.as_str();
        let found = users::find(tx, id).await?;
        if found.is_none_or(|user| user.deleted.is_some()) {
            return Err(ChangeError::NotThere);
        }
        match self.change {
            UserChange::Password(hash) => Ok(set_password(tx, id, &hash, self.now).await?),
            UserChange::Link(token_sha256, expires) => {
                one_time_links::put(tx, &token_sha256, id, expires).await?;
                Ok(0)
            }
            UserChange::Enabled(enabled) => {
                users::set_enabled(tx, id, enabled).await?;
                if enabled {
                    return Ok(0);
                }
                one_time_links::void_all_of_user(tx, id).await?;
                Ok(sign_in_sessions::revoke_all_of_user(tx, id, self.now).await?)
            }
            UserChange::RevokeSessions => Ok(sign_in_sessions::revoke_all_of_user(tx, id, self.now).await?),
        }
    }
}

/// Sets the password of whoever has a link, and uses the link up. Gives the user's object id.
pub struct SetPasswordByLink {
    /// SHA-256 of the link's token.
    pub token_sha256: Vec<u8>,
    /// Hash of the password.
    pub password_hash: String,
    /// The present instant.
    pub now: Ticks,
}

impl Write for SetPasswordByLink {
    type Output = String;
    type Error = ChangeError;

    /// A link is used once.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<String, ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let user = match one_time_links::use_up(tx, &self.token_sha256, self.now).await? {
            Some(id) => users::find(tx, &id).await?,
            None => None,
        };
        let user = user.filter(|user| user.account_enabled && user.deleted.is_none());
        let user = user.ok_or(ChangeError::NotThere)?;
        set_password(tx, &user.id, &self.password_hash, self.now).await?;
        Ok(user.id)
    }
}

async fn set_password(tx: &mut Tx<'_>, id: &str, hash: &str, now: Ticks) -> Result<u64, ChangeError> {
    users::set_password(tx, id, Some(hash)).await?;
    one_time_links::void_all_of_user(tx, id).await?;
    Ok(sign_in_sessions::revoke_all_of_user(tx, id, now).await?)
}

/// Ends a session with all that was granted in it, or a grant. Gives how many of both have ended. It looks at nothing before
/// it acts, so it takes no lock.
#[derive(Clone, Debug)]
pub struct RevokeSession {
    /// Its tenant.
    pub tenant_id: String,
    /// Its id, or that of the grant.
    pub id: String,
    /// The present instant.
    pub now: Ticks,
}

impl Write for RevokeSession {
    type Output = u64;
    type Error = ChangeError;

    /// It is not to say the second time that nothing is there.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<u64, ChangeError> {
        match sign_in_sessions::revoke(tx, &self.tenant_id, &self.id, self.now).await? {
            0 => Err(ChangeError::NotThere),
            ended => Ok(ended),
        }
    }
}
