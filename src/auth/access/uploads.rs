//! Who may put recordings into meetings, and remove them: an application with a policy for the organizer, or the organizer.

use super::{AccessError, find_user, load_application};
use crate::auth::caller::{Caller, CallerKind};
use crate::auth::decide::{self, Denied};
use crate::auth::permission::{Permission, has_one};
use crate::db::applications::{self, PermissionKind};
use crate::db::meetings::{self, OnlineMeeting};
use crate::db::users::{self, User};
use crate::db::{DbError, Session, tenants};
use crate::ids;

/// What a caller has been allowed: to act for that organizer, in that meeting where one was named.
#[derive(Clone, Debug)]
pub struct Uploading {
    /// Whose meeting it is.
    pub organizer: User,
    /// The meeting, where it was named by its id.
    pub meeting: Option<OnlineMeeting>,
}

/// Decides about uploading into the meeting of an id, or into one of an organizer, by object id or sign-in name. Without both
/// it is the signed-in user's.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn upload(
    db: &mut Session,
    caller: &Caller,
    meeting: Option<&str>,
    organizer: Option<&str>,
) -> Result<Uploading, AccessError> {
    let denied = |reason| Err(AccessError::Denied(reason));
    decide::kind_of_caller(caller, false).map_err(AccessError::Denied)?;
    decide::permission(caller, Permission::to_upload()).map_err(AccessError::Denied)?;
    let found = match meeting {
        None => None,
        Some(id) => meetings::find(db, id)
            .await?
            .filter(|found| found.tenant_id == caller.tenant_id),
    };
    let named = match (meeting, &found, organizer) {
        (_, Some(found), _) => Some(found.organizer_id.clone()),
        (Some(id), None, _) => match ids::meeting_organizer(id) {
            Some(parts) => Some(parts.organizer),
            None => return denied(Denied::MalformedMeetingId),
        },
        (None, None, Some(organizer)) => Some(organizer.to_owned()),
        (None, None, None) => caller.user_id().map(ToOwned::to_owned),
    };
    let user = match &named {
        Some(named) => find_user(db, &caller.tenant_id, named).await?,
        None => None,
    };
    match &caller.kind {
        CallerKind::Application { .. } => {
            let application = load_application(db, caller, user.as_ref(), None).await?;
            decide::policy(application.policy).map_err(AccessError::Denied)?;
        }
        CallerKind::Delegated { user_id, .. } => {
            if user.as_ref().is_none_or(|user| user.id != *user_id) {
                return denied(Denied::NoRelation);
            }
        }
    }
    let Some(organizer) = user else {
        return denied(Denied::NoRelation);
    };
    match found {
        // A recording may be late; a meeting that is deleted has no place for it.
        Some(found) if found.deleted.is_some() => denied(Denied::NoSuchMeeting),
        None if meeting.is_some() => denied(Denied::NoSuchMeeting),
        meeting => Ok(Uploading { organizer, meeting }),
    }
}

/// Who has begun an upload, as its address carries it: whoever has the address goes on in that name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Uploader {
    /// Tenant of the caller.
    pub tenant: String,
    /// The application.
    pub application: Option<String>,
    /// The signed-in user.
    pub user: Option<String>,
    /// The built-in authority said so.
    pub of_authority: bool,
}

impl Uploader {
    /// That caller.
    pub fn of(caller: &Caller) -> Self {
        Self {
            tenant: caller.tenant_id.clone(),
            application: caller.app_id.clone(),
            user: caller.user_id().map(ToOwned::to_owned),
            of_authority: caller.is_of_authority,
        }
    }

    /// The caller as it stands now, to be decided about again; `None` where it does not count any more.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn again(&self, db: &mut Session) -> Result<Option<Caller>, DbError> {
        let required = Permission::to_upload();
        let application = match &self.application {
            Some(app_id) => applications::find(db, app_id, &self.tenant).await?,
            None => None,
        };
        let is_disabled = application.as_ref().is_some_and(|found| !found.account_enabled);
        if is_disabled || application.is_none() && self.of_authority {
            return Ok(None);
        }
        let (kind, wanted) = match self.user {
            Some(_) => (PermissionKind::Scope, required.scopes),
            None => (PermissionKind::Role, required.roles),
        };
        if let (true, Some(app_id)) = (self.of_authority, &self.application) {
            let registered = applications::permissions(db, app_id, &self.tenant, kind).await?;
            if !has_one(&registered, wanted) {
                return Ok(None);
            }
        }
        let granted = wanted.iter().map(ToString::to_string).collect();
        let kind = match &self.user {
            None => CallerKind::Application { roles: granted },
            Some(user_id) => {
                let user = users::find(db, user_id).await?;
                let counts = |user: &User| user.account_enabled && user.deleted.is_none();
                if !user.as_ref().is_some_and(counts) {
                    return Ok(None);
                }
                CallerKind::Delegated {
                    user_id: user_id.clone(),
                    user: user.map(Box::new),
                    scopes: granted,
                }
            }
        };
        Ok(Some(Caller {
            tenant: tenants::find(db, &self.tenant).await?,
            tenant_id: self.tenant.clone(),
            app_id: self.application.clone(),
            application,
            kind,
            is_of_authority: self.of_authority,
        }))
    }
}
