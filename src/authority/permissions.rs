//! Which permissions go into a user's token: registered for the application, and consented to.

use super::AuthorityError;
use super::refusal::{self, Refusal};
use super::scope::{Permissions, RequestedScope};
use crate::db::applications::{self, Application, PermissionKind};
use crate::db::{Session, permission_grants};

/// What `.default` of another application's API stands for.
const API_DEFAULT: &str = "user_impersonation";
/// What can be asked of another application's API.
const API_SCOPES: [&str; 2] = [API_DEFAULT, "access_as_user"];

/// What a client wants, and what of it is allowed already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Wanted and consented to, as it goes into `scp`.
    pub granted: Vec<String>,
    /// Wanted, and nobody has consented: as it is stored once somebody does.
    pub missing: Vec<String>,
}

/// What `application` may do for the user, of what it asks for.
///
/// # Errors
/// [`AuthorityError::Refused`] for permissions that it has not registered.
pub async fn consent(
    db: &mut Session,
    application: &Application,
    user: &str,
    scope: &RequestedScope,
) -> Result<Consent, AuthorityError> {
    let (app_id, tenant) = (application.app_id.as_str(), application.tenant_id.as_str());
    let wanted = match scope.application() {
        None => of_graph(db, application, scope).await?,
        Some(other) => {
            if applications::find(db, other, tenant).await?.is_none() {
                return Err(refusal::NO_RESOURCE.about(&scope.audience).into());
            }
            of_application(scope)?
        }
    };
    let consented = permission_grants::granted(db, tenant, app_id, user).await?;
    let (granted, missing): (Vec<String>, Vec<String>) =
        wanted.into_iter().partition(|name| consented.contains(name));
    Ok(Consent {
        granted: granted.into_iter().map(|name| in_token(&name)).collect(),
        missing,
    })
}

async fn of_graph(
    db: &mut Session,
    application: &Application,
    scope: &RequestedScope,
) -> Result<Vec<String>, AuthorityError> {
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    let registered = applications::permissions(db, app_id, tenant, PermissionKind::Scope).await?;
    match &scope.permissions {
        Permissions::Default => Ok(registered),
        Permissions::Named(names) => match names.iter().find(|name| !registered.contains(name)) {
            Some(name) => Err(refusal::NO_SCOPE.about(name).into()),
            None => Ok(names.clone()),
        },
    }
}

/// What an application's own API knows: that somebody may act for the user there. What that allows it decides by itself.
fn of_application(scope: &RequestedScope) -> Result<Vec<String>, Refusal> {
    let stored = |name: &str| format!("{}/{name}", scope.audience);
    match &scope.permissions {
        Permissions::Default => Ok(vec![stored(API_DEFAULT)]),
        Permissions::Named(names) => match names.iter().find(|name| !API_SCOPES.contains(&name.as_str())) {
            Some(name) => Err(refusal::NO_SCOPE.about(&stored(name))),
            None => Ok(names.iter().map(|name| stored(name)).collect()),
        },
    }
}

/// A stored permission as it stands in a token: without the API that the audience names already.
fn in_token(stored: &str) -> String {
    stored.rsplit('/').next().unwrap_or(stored).to_owned()
}
