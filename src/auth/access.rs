//! From a path to a [`Visibility`]: loads the facts, has them decided, names the rows that may be seen.

mod exports;
mod meetings;
mod uploads;
mod visibility;

pub use exports::{ExportPath, export};
pub use meetings::{meeting, meetings, meetings_of_tenant, user};
pub use uploads::{Uploader, Uploading, upload};
pub use visibility::{Hidden, Scope, Visibility};

use crate::clock::Ticks;
use crate::config::GraphConfig;
use crate::db::access_policies::{self, PolicyFacts};
use crate::db::adhoc_calls::{self, AdhocCall};
use crate::db::applications::{self, PermissionKind};
use crate::db::artifacts::{ArtifactKind, Parent};
use crate::db::meetings::{OnlineMeeting, Role};
use crate::db::users::{self, User};
use crate::db::{DbError, Session, consents};
use crate::ids;

use super::caller::{Caller, CallerKind};
use super::decide::{self, Denied, Facts, Standing, decide};
use super::permission::Permission;

/// The user that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathUser {
    /// `/me`.
    Me,
    /// `/users/{object id or userPrincipalName}`.
    Key(String),
    /// `/users(userPrincipalName='…')`.
    PrincipalName(String),
}

/// What a path's recordings or transcripts belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactPath {
    /// Whose path it is.
    pub user: PathUser,
    /// Id of the meeting or of the call, as written.
    pub parent: Parent,
    /// Recordings or transcripts.
    pub kind: ArtifactKind,
}

/// What a caller has been allowed.
#[derive(Clone, Debug)]
pub struct Access {
    /// The rows.
    pub visible: Visibility,
    /// Their content too.
    pub content: bool,
    /// Object id of the path's user, the caller for `/me`: what `@odata.context` names.
    pub path_user_id: String,
}

/// Why there is no access.
#[derive(Debug)]
pub enum AccessError {
    /// It is refused.
    Denied(Denied),
    /// The store could not be asked.
    Db(DbError),
}

impl From<DbError> for AccessError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// Decides about what is everybody's: whose tenant is not suspended, and who is no personal account.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub fn anybody(caller: &Caller) -> Result<(), AccessError> {
    decide::kind_of_caller(caller, false).map_err(AccessError::Denied)
}

/// Decides about the artifacts of a meeting or of a call.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason in the order of security.md section 2.
pub async fn artifacts(
    db: &mut Session,
    caller: &Caller,
    path: &ArtifactPath,
    rules: &GraphConfig,
    now: Ticks,
) -> Result<Access, AccessError> {
    match &path.parent {
        Parent::Meeting(id) => of_meeting(db, caller, path, id, (rules, now)).await,
        Parent::AdhocCall(id) => of_call(db, caller, path, id).await,
    }
}

async fn of_meeting(
    db: &mut Session,
    caller: &Caller,
    path: &ArtifactPath,
    id: &str,
    (rules, now): (&GraphConfig, Ticks),
) -> Result<Access, AccessError> {
    let path_user = find_path_user(db, caller, &path.user).await?;
    let (meeting, role) = find_meeting(db, caller, path_user.as_ref(), id).await?;
    let named = ids::meeting_organizer(id);
    let thread = match &meeting {
        // A consent is for a chat; a channel meeting has none of its own.
        Some(meeting) => (!meeting.is_channel_meeting).then_some(meeting.thread_id.as_str()),
        None => named.as_ref().map(|named| named.thread.as_str()),
    };
    let chat = Permission::to_read(path.kind).chat.zip(thread);
    let application = load_application(db, caller, path_user.as_ref(), chat).await?;
    let facts = Facts {
        standing: Standing {
            caller,
            is_me: path.user == PathUser::Me,
            path_user: path_user.as_ref(),
            meeting: meeting.as_ref(),
            named_organizer: named.as_ref().map(|named| named.organizer.as_str()),
            role,
        },
        kind: path.kind,
        path_user_shown: written(&path.user),
        policy: application.policy,
        chat_consent: application.chat_consent,
        declares_chat: application.declares_chat,
        rules,
        now,
    };
    let allowed = decide(&facts).map_err(AccessError::Denied)?;
    // A decision in favour is always about a meeting that is there.
    let meeting = meeting.ok_or(AccessError::Denied(Denied::NoRelation))?;
    Ok(Access {
        visible: Visibility {
            kind: path.kind,
            scope: Scope::Meeting(Box::new(meeting)),
        },
        content: allowed.content,
        path_user_id: path_user_id(caller, path_user.as_ref()),
    })
}

/// The meeting of that id in the caller's tenant, and the role in which whoever acts takes part.
async fn find_meeting(
    db: &mut Session,
    caller: &Caller,
    path_user: Option<&User>,
    id: &str,
) -> Result<(Option<OnlineMeeting>, Option<Role>), DbError> {
    let meeting = crate::db::meetings::find(db, id)
        .await?
        .filter(|meeting| meeting.tenant_id == caller.tenant_id);
    let acting = match &caller.kind {
        CallerKind::Delegated { user, .. } => user.as_deref(),
        CallerKind::Application { .. } => path_user,
    };
    let role = match (&meeting, acting) {
        (Some(meeting), Some(user)) => crate::db::meetings::role_of(db, &meeting.id, &user.id).await?,
        _ => None,
    };
    Ok((meeting, role))
}

/// A refusal repeats what was written and nothing that was found: the object id behind a name is not everybody's.
fn written(path: &PathUser) -> &str {
    match path {
        PathUser::Key(text) | PathUser::PrincipalName(text) => text.as_str(),
        PathUser::Me => "me",
    }
}

fn path_user_id(caller: &Caller, path_user: Option<&User>) -> String {
    match path_user {
        Some(user) => user.id.clone(),
        None => caller.user_id().unwrap_or_default().to_owned(),
    }
}

/// The artifacts of an ad hoc call: for the user who made it, and for applications that act for that user. No application
/// access policy is asked for: Graph's policies do not cover these permissions (contract section 6.3).
async fn of_call(
    db: &mut Session,
    caller: &Caller,
    path: &ArtifactPath,
    id: &str,
) -> Result<Access, AccessError> {
    let owner = own_path(db, caller, &path.user, Permission::to_read_of_calls(path.kind)).await?;
    decide::transcripts(caller, path.kind).map_err(AccessError::Denied)?;
    let call = find_call(db, &owner, id).await?;
    Ok(Access {
        visible: Visibility {
            kind: path.kind,
            scope: Scope::AdhocCall(call),
        },
        content: true,
        path_user_id: owner,
    })
}

async fn find_call(db: &mut Session, owner: &str, id: &str) -> Result<AdhocCall, AccessError> {
    adhoc_calls::find(db, id)
        .await?
        .filter(|call| call.user_id == owner)
        .ok_or(AccessError::Denied(Denied::NoSuchCall))
}

/// The user of a path that is for the user itself, or for applications: its object id.
async fn own_path(
    db: &mut Session,
    caller: &Caller,
    path: &PathUser,
    required: &'static Permission,
) -> Result<String, AccessError> {
    let path_user = find_path_user(db, caller, path).await?;
    let checked = decide::kind_of_caller(caller, *path == PathUser::Me)
        .and_then(|()| decide::permission(caller, required));
    checked.map_err(AccessError::Denied)?;
    let is_own = match &caller.kind {
        CallerKind::Application { .. } => true,
        CallerKind::Delegated { user, .. } => match (user, &path_user) {
            (Some(user), Some(other)) => user.id == other.id,
            _ => false,
        },
    };
    path_user
        .filter(|_| is_own)
        .map(|user| user.id)
        .ok_or(AccessError::Denied(Denied::NoRelation))
}

/// Decides about one ad hoc call.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn call(
    db: &mut Session,
    caller: &Caller,
    path: &PathUser,
    id: &str,
) -> Result<(String, AdhocCall), AccessError> {
    let owner = own_path(db, caller, path, Permission::to_read_calls()).await?;
    let call = find_call(db, &owner, id).await?;
    Ok((owner, call))
}

/// Decides about a user's ad hoc calls.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason.
pub async fn calls(db: &mut Session, caller: &Caller, path: &PathUser) -> Result<Access, AccessError> {
    let owner = own_path(db, caller, path, Permission::to_read_calls()).await?;
    Ok(Access {
        visible: Visibility {
            kind: ArtifactKind::Recording,
            scope: Scope::Calls { owner: owner.clone() },
        },
        content: true,
        path_user_id: owner,
    })
}

/// The user of the path, if there is one in the caller's tenant who is not deleted.
async fn find_path_user(db: &mut Session, caller: &Caller, path: &PathUser) -> Result<Option<User>, DbError> {
    let tenant = caller.tenant_id.as_str();
    match path {
        PathUser::Me => Ok(match &caller.kind {
            CallerKind::Delegated { user, .. } => user.as_deref().cloned(),
            CallerKind::Application { .. } => None,
        }),
        PathUser::PrincipalName(name) => users::find_by_principal_name(db, tenant, name).await,
        PathUser::Key(key) => find_user(db, tenant, key).await,
    }
}

/// The user of that object id or sign-in name in that tenant who is not deleted.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_user(db: &mut Session, tenant: &str, key: &str) -> Result<Option<User>, DbError> {
    let of_tenant = |user: &User| user.tenant_id == tenant && user.deleted.is_none();
    match users::find(db, &ids::normalized(key.to_owned()))
        .await?
        .filter(of_tenant)
    {
        Some(user) => Ok(Some(user)),
        None => users::find_by_principal_name(db, tenant, key).await,
    }
}

/// What matters of an application that acts on its own.
#[derive(Default)]
struct ApplicationFacts {
    policy: PolicyFacts,
    chat_consent: bool,
    declares_chat: bool,
}

async fn load_application(
    db: &mut Session,
    caller: &Caller,
    path_user: Option<&User>,
    chat: Option<(&'static str, &str)>,
) -> Result<ApplicationFacts, DbError> {
    let (CallerKind::Application { .. }, Some(app_id)) = (&caller.kind, caller.app_id.as_deref()) else {
        return Ok(ApplicationFacts::default());
    };
    let tenant = caller.tenant_id.as_str();
    let principals = path_user.map_or(["", ""], |user| {
        [
            user.id.as_str(),
            user.user_principal_name.as_deref().unwrap_or_default(),
        ]
    });
    let chat_consent = match chat {
        Some((permission, thread)) => consents::granted(db, app_id, thread, permission).await?,
        None => false,
    };
    let declared = applications::permissions(db, app_id, tenant, PermissionKind::Chat).await?;
    Ok(ApplicationFacts {
        policy: access_policies::facts(db, tenant, app_id, principals).await?,
        chat_consent,
        declares_chat: !declared.is_empty(),
    })
}
