//! Changes of applications.

use super::ChangeError;
use crate::clock::Ticks;
use crate::db::application_credentials::{self, ApplicationCredential, CredentialKind};
use crate::db::applications::{self, Application, PermissionKind, Registration};
use crate::db::locks::{self, Lock};
use crate::db::{Tx, Write};

/// How many secrets may work at once: two, so that one can be changed for another without a gap, and no more, so that
/// nobody loses count of them.
pub const SECRETS: usize = 2;

/// Registers an application that is not there yet.
pub struct CreateApplication {
    /// The application itself.
    pub application: Application,
    /// Its permissions.
    pub permissions: Vec<(PermissionKind, String)>,
    /// Where the authority may send people back to.
    pub redirect_uris: Vec<String>,
}

impl Write for CreateApplication {
    type Output = ();
    type Error = ChangeError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let (app_id, tenant) = (&self.application.app_id, &self.application.tenant_id);
        if applications::find(tx, app_id, tenant).await?.is_some() {
            return Err(ChangeError::AlreadyThere);
        }
        let permissions = self.permissions.iter();
        let registration = Registration {
            application: self.application.clone(),
            permissions: permissions.map(|(kind, name)| (*kind, name.as_str())).collect(),
            redirect_uris: self.redirect_uris.iter().map(String::as_str).collect(),
        };
        Ok(applications::put(tx, &registration).await?)
    }
}

/// What changes about an application.
#[derive(Clone, Debug)]
pub enum ApplicationChange {
    /// Whether its tokens count.
    Enabled(bool),
    /// Permissions that it has from now on.
    AddPermissions(Vec<(PermissionKind, String)>),
    /// Permissions that it has no longer.
    RemovePermissions(Vec<(PermissionKind, String)>),
    /// A redirect URI that it has from now on.
    AddRedirectUri(String),
    /// A redirect URI that it has no longer.
    RemoveRedirectUri(String),
    /// A credential, by its id, that it has no longer.
    RemoveCredential(CredentialKind, String),
}

/// Changes an application. What is so already stays so; what is taken away has to be there.
#[derive(Clone, Debug)]
pub struct ChangeApplication {
    /// Which.
    pub app_id: String,
    /// In which tenant.
    pub tenant_id: String,
    /// What.
    pub change: ApplicationChange,
}

impl Write for ChangeApplication {
    type Output = ();
    type Error = ChangeError;

    /// Taking away is not to say the second time that nothing is there.
    fn again(&self) -> Option<Self> {
        let repeats = matches!(
            self.change,
            ApplicationChange::Enabled(_)
                | ApplicationChange::AddPermissions(..)
                | ApplicationChange::AddRedirectUri(_)
        );
        repeats.then(|| self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let (app_id, tenant) = (self.app_id.as_str(), self.tenant_id.as_str());
        if applications::find(tx, app_id, tenant).await?.is_none() {
            return Err(ChangeError::NotThere);
        }
        let gone = match self.change {
            ApplicationChange::Enabled(enabled) => {
                applications::set_enabled(tx, app_id, tenant, enabled).await?
            }
            ApplicationChange::AddPermissions(permissions) => {
                for (kind, name) in &permissions {
                    applications::add_permission(tx, app_id, tenant, (*kind, name)).await?;
                }
                1
            }
            ApplicationChange::RemovePermissions(permissions) => {
                for (kind, name) in &permissions {
                    if applications::remove_permission(tx, app_id, tenant, (*kind, name)).await? == 0 {
                        return Err(ChangeError::NotThere);
                    }
                }
                1
            }
            ApplicationChange::AddRedirectUri(uri) => {
                applications::add_redirect_uri(tx, app_id, tenant, &uri).await?;
                1
            }
            ApplicationChange::RemoveRedirectUri(uri) => {
                applications::remove_redirect_uri(tx, app_id, tenant, &uri).await?
            }
            ApplicationChange::RemoveCredential(kind, id) => {
                let all = application_credentials::of_application(tx, app_id, tenant).await?;
                match all.iter().any(|one| one.id == id && one.kind == kind) {
                    true => application_credentials::remove(tx, app_id, tenant, &id).await?,
                    false => 0,
                }
            }
        };
        match gone {
            0 => Err(ChangeError::NotThere),
            _ => Ok(()),
        }
    }
}

/// Gives an application one more secret, or one more certificate.
pub struct AddCredential {
    /// The credential.
    pub credential: ApplicationCredential,
    /// The present instant: a secret that has ended does not count.
    pub now: Ticks,
}

impl Write for AddCredential {
    type Output = ();
    type Error = ChangeError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), ChangeError> {
        locks::take(tx, Lock::Directory).await?;
        let new = &self.credential;
        if applications::find(tx, &new.app_id, &new.tenant_id)
            .await?
            .is_none()
        {
            return Err(ChangeError::NotThere);
        }
        let all = application_credentials::of_application(tx, &new.app_id, &new.tenant_id).await?;
        if all
            .iter()
            .any(|one| one.kind == new.kind && one.value == new.value)
        {
            return Err(ChangeError::AlreadyThere);
        }
        let secrets = all.iter().filter(|one| one.kind == CredentialKind::Secret);
        let good = secrets.filter(|one| self.now < one.expires).count();
        if new.kind == CredentialKind::Secret && good >= SECRETS {
            return Err(ChangeError::TooManySecrets);
        }
        Ok(application_credentials::add(tx, new).await?)
    }
}
