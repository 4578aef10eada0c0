//! Meetings themselves, and people.

use super::{
    Access, AccessError, PathUser, Scope, Visibility, find_meeting, find_path_user, load_application,
    path_user_id, written,
};
use crate::auth::caller::{Caller, CallerKind};
use crate::auth::decide::{self, Denied, Standing};
use crate::auth::permission::Permission;
use crate::db::Session;
use crate::db::artifacts::ArtifactKind;
use crate::db::meetings::OnlineMeeting;
use crate::db::users::User;
use crate::ids;

/// Decides about the meetings that a user organizes.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn meetings(
    db: &mut Session,
    caller: &Caller,
    path: &PathUser,
    writes: bool,
) -> Result<Access, AccessError> {
    let path_user = find_path_user(db, caller, path).await?;
    may_use_meetings(db, caller, path, path_user.as_ref(), writes).await?;
    let owner = match (&caller.kind, path_user) {
        (CallerKind::Application { .. }, Some(user)) => user.id,
        (CallerKind::Delegated { user: Some(user), .. }, Some(other)) if user.id == other.id => other.id,
        _ => return Err(AccessError::Denied(Denied::NoRelation)),
    };
    Ok(Access {
        visible: Visibility {
            kind: ArtifactKind::Recording,
            scope: Scope::Meetings { owner: owner.clone() },
        },
        content: true,
        path_user_id: owner,
    })
}

/// Permission and policy for meetings themselves.
async fn may_use_meetings(
    db: &mut Session,
    caller: &Caller,
    path: &PathUser,
    path_user: Option<&User>,
    writes: bool,
) -> Result<(), AccessError> {
    decide::kind_of_caller(caller, *path == PathUser::Me)
        .and_then(|()| decide::permission(caller, Permission::of_meetings(writes)))
        .map_err(AccessError::Denied)?;
    if matches!(caller.kind, CallerKind::Application { .. }) {
        let application = load_application(db, caller, path_user, None).await?;
        decide::policy(application.policy).map_err(AccessError::Denied)?;
    }
    Ok(())
}

/// Decides about one meeting: for who organizes it or takes part, and to change it for who organizes it.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn meeting(
    db: &mut Session,
    caller: &Caller,
    path: &PathUser,
    id: &str,
    writes: bool,
) -> Result<(String, OnlineMeeting), AccessError> {
    let path_user = find_path_user(db, caller, path).await?;
    may_use_meetings(db, caller, path, path_user.as_ref(), writes).await?;
    let (meeting, role) = find_meeting(db, caller, path_user.as_ref(), id).await?;
    let named = ids::meeting_organizer(id);
    let standing = Standing {
        caller,
        is_me: *path == PathUser::Me,
        path_user: path_user.as_ref(),
        meeting: meeting.as_ref(),
        named_organizer: named.as_ref().map(|named| named.organizer.as_str()),
        role,
    };
    decide::meeting_itself(&standing, writes).map_err(AccessError::Denied)?;
    let meeting = meeting.ok_or(AccessError::Denied(Denied::NoRelation))?;
    Ok((path_user_id(caller, path_user.as_ref()), meeting))
}

/// Decides about finding any meeting of the tenant by a device's number: for applications (contract section 5.2).
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub fn meetings_of_tenant(caller: &Caller) -> Result<Access, AccessError> {
    decide::kind_of_caller(caller, false).map_err(AccessError::Denied)?;
    if matches!(caller.kind, CallerKind::Delegated { .. }) {
        return Err(AccessError::Denied(Denied::NotForUsers));
    }
    decide::permission(caller, Permission::of_meetings(false)).map_err(AccessError::Denied)?;
    Ok(Access {
        visible: Visibility {
            kind: ArtifactKind::Recording,
            scope: Scope::MeetingsOfTenant {
                tenant: caller.tenant_id.clone(),
            },
        },
        content: true,
        path_user_id: String::new(),
    })
}

/// Decides about a user, in the directory's words.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn user(db: &mut Session, caller: &Caller, path: &PathUser) -> Result<User, AccessError> {
    let found = find_path_user(db, caller, path).await?;
    let is_oneself = match (&caller.kind, &found) {
        (CallerKind::Delegated { user: Some(user), .. }, Some(other)) => user.id == other.id,
        _ => *path == PathUser::Me,
    };
    decide::kind_of_caller(caller, *path == PathUser::Me).map_err(AccessError::Denied)?;
    decide::permission(caller, Permission::to_read_users(is_oneself))
        .map_err(|_| AccessError::Denied(Denied::NotInDirectory))?;
    found.ok_or_else(|| {
        let user = written(path).to_owned();
        AccessError::Denied(Denied::NoSuchUser { user })
    })
}
