//! Exports: all artifacts of a user's meetings or calls.

use super::{
    Access, AccessError, Hidden, PathUser, Scope, Visibility, find_path_user, find_user, load_application,
};
use crate::auth::caller::{Caller, CallerKind};
use crate::auth::decide::{self, Denied};
use crate::auth::permission::Permission;
use crate::clock::Ticks;
use crate::config::GraphConfig;
use crate::db::Session;
use crate::db::artifacts::ArtifactKind;

/// All artifacts of a user's meetings or calls.
#[derive(Clone, Debug)]
pub struct ExportPath {
    /// Whose.
    pub user: PathUser,
    /// Recordings or transcripts.
    pub kind: ArtifactKind,
    /// Of ad hoc calls, not of meetings.
    pub of_calls: bool,
    /// Whom the parameter and the filter name, which must be the same.
    pub organizers: Vec<String>,
}

/// Decides about an export (contract section 3.2): for applications alone, with a policy for those of meetings.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn export(
    db: &mut Session,
    caller: &Caller,
    path: &ExportPath,
    rules: &GraphConfig,
    now: Ticks,
) -> Result<Access, AccessError> {
    let path_user = find_path_user(db, caller, &path.user).await?;
    let required = match path.of_calls {
        true => Permission::to_read_of_calls(path.kind),
        false => Permission::to_export(path.kind),
    };
    let denied = |denied| Err(AccessError::Denied(denied));
    decide::kind_of_caller(caller, path.user == PathUser::Me).map_err(AccessError::Denied)?;
    if matches!(caller.kind, CallerKind::Delegated { .. }) {
        return denied(Denied::ApplicationsOnly { required });
    }
    decide::permission(caller, required).map_err(AccessError::Denied)?;
    if !path.of_calls && rules.export_requires_policy {
        let application = load_application(db, caller, path_user.as_ref(), None).await?;
        decide::policy(application.policy).map_err(AccessError::Denied)?;
    }
    let Some(user) = path_user else {
        return denied(Denied::NoRelation);
    };
    for organizer in &path.organizers {
        let other = find_user(db, &caller.tenant_id, organizer).await?;
        if other.is_none_or(|other| other.id != user.id) {
            return denied(Denied::AnothersExport);
        }
    }
    decide::transcripts(caller, path.kind).map_err(AccessError::Denied)?;
    let owner = user.id;
    Ok(Access {
        visible: Visibility {
            kind: path.kind,
            scope: match path.of_calls {
                true => Scope::ArtifactsOfCalls { owner: owner.clone() },
                false => Scope::ArtifactsOfMeetings {
                    owner: owner.clone(),
                    hidden: Hidden::by(rules, now),
                },
            },
        },
        content: true,
        path_user_id: owner,
    })
}
