//! [`Caller`]: who asks, once the token has been verified and the store has been asked about them.

use crate::db::applications::{self, Application, PermissionKind};
use crate::db::tenants::{self, Tenant};
use crate::db::token_grants;
use crate::db::users::{self, User};
use crate::db::{DbError, Session};
use crate::ids;

use super::claims::{Identity, Issuer, VerifiedToken};
use super::token::TokenFault;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Id of the tenant of the token.
    pub tenant_id: String,
    /// The tenant, where it is in the store; one that only the configuration names is not.
    pub tenant: Option<Tenant>,
    /// The application of the token.
    pub app_id: Option<String>,
    /// The application, where it is registered in that tenant.
    pub application: Option<Application>,
    /// A person or the application on its own.
    pub kind: CallerKind,
    /// The built-in authority says so: then what is registered here counts too.
    pub is_of_authority: bool,
}

/// Whether somebody has signed in.
#[derive(Clone, Debug)]
pub enum CallerKind {
    /// A signed-in user, through the application.
    Delegated {
        /// How the token names the user: the object id where the user is in the store.
        user_id: String,
        /// The user, where it is in the store.
        user: Option<Box<User>>,
        /// Delegated permissions.
        scopes: Vec<String>,
    },
    /// The application alone.
    Application {
        /// Application permissions.
        roles: Vec<String>,
    },
}

impl Caller {
    /// The signed-in user's id; `None` for an application alone.
    pub fn user_id(&self) -> Option<&str> {
        match &self.kind {
            CallerKind::Delegated { user_id, .. } => Some(user_id),
            CallerKind::Application { .. } => None,
        }
    }
}

/// Why a verified token is nobody's.
#[derive(Debug)]
pub enum CallerError {
    /// 401: its tenant, application or user does not count (any more).
    Fault(TokenFault),
    /// The store could not be asked.
    Db(DbError),
}

impl From<DbError> for CallerError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// The caller whom `token` speaks for: tenant known and allowed to use the issuer, application not disabled, user
/// neither disabled nor deleted (security.md section 1 and 2).
///
/// # Errors
/// [`CallerError::Fault`] where the token speaks for nobody.
pub async fn identify(db: &mut Session, token: &VerifiedToken) -> Result<Caller, CallerError> {
    let fault = |reason| Err(CallerError::Fault(TokenFault::Invalid(reason)));
    let tenant = tenants::find(db, &token.tenant).await?;
    if !token.tenant_named && tenant.is_none() {
        return fault("the tenant is not known or may not use the issuer");
    }
    let application = match &token.application {
        Some(app_id) => applications::find(db, app_id, &token.tenant).await?,
        None => None,
    };
    match &application {
        Some(application) if !application.account_enabled => return fault("the application is disabled"),
        None if token.issuer == Issuer::Authority => {
            return fault("the application is not registered any more");
        }
        _ => {}
    }
    if let Some(grant) = &token.grant
        && !token_grants::counts(db, grant).await?
    {
        return fault("the authorization that the token comes from is revoked");
    }
    let kind = match &token.identity {
        Identity::Application { roles } => CallerKind::Application {
            roles: still_registered(db, token, PermissionKind::Role, roles).await?,
        },
        Identity::Delegated { user, scopes } => {
            let found = find_user(db, &token.tenant, user).await?;
            match &found {
                Some(user) if !user.account_enabled || user.deleted.is_some() => {
                    return fault("the user is disabled or deleted");
                }
                // The authority signs for stored users only.
                None if token.issuer == Issuer::Authority => return fault("the user is not stored any more"),
                _ => {}
            }
            let user_id = found
                .as_ref()
                .map_or_else(|| user.clone(), |user| user.id.clone());
            CallerKind::Delegated {
                user_id,
                user: found.map(Box::new),
                scopes: still_registered(db, token, PermissionKind::Scope, scopes).await?,
            }
        }
    };
    Ok(Caller {
        tenant_id: token.tenant.clone(),
        tenant,
        app_id: token.application.clone(),
        application,
        kind,
        is_of_authority: token.issuer == Issuer::Authority,
    })
}

/// Of the permissions in a token those that its application still has registered: what an administrator takes away counts at
/// once. Of another issuer's token all of them, for that decides.
async fn still_registered(
    db: &mut Session,
    token: &VerifiedToken,
    kind: PermissionKind,
    named: &[String],
) -> Result<Vec<String>, DbError> {
    let (Issuer::Authority, Some(app_id)) = (token.issuer, &token.application) else {
        return Ok(named.to_vec());
    };
    let registered = applications::permissions(db, app_id, &token.tenant, kind).await?;
    Ok(named
        .iter()
        .filter(|name| registered.contains(name))
        .cloned()
        .collect())
}

/// The user of that tenant whom a token names by object id or by the foreign issuer's name.
async fn find_user(db: &mut Session, tenant: &str, name: &str) -> Result<Option<User>, DbError> {
    let by_id = users::find(db, &ids::normalized(name.to_owned()))
        .await?
        .filter(|user| user.tenant_id == tenant);
    match by_id {
        Some(user) => Ok(Some(user)),
        None => users::find_by_external_id(db, tenant, name).await,
    }
}
