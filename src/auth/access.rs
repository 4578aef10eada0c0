//! From a path to a [`Visibility`]: loads the facts, has them decided, names the rows that may be seen.

use crate::clock::Ticks;
use crate::config::GraphConfig;
use crate::db::access_policies::{self, PolicyFacts};
use crate::db::applications::{self, PermissionKind};
use crate::db::artifacts::ArtifactKind;
use crate::db::meetings::{self, OnlineMeeting};
use crate::db::users::{self, User};
use crate::db::{DbError, Session, consents};
use crate::ids;

use super::caller::{Caller, CallerKind};
use super::decide::{Denied, Facts, decide};
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

/// The meeting whose artifacts a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingPath {
    /// Whose path it is.
    pub user: PathUser,
    /// Id of the meeting, as written.
    pub meeting: String,
    /// Its recordings or its transcripts.
    pub kind: ArtifactKind,
}

/// Which rows a caller may see. Only this room makes one, and no query is planned without one.
#[derive(Clone, Debug)]
pub struct Visibility {
    kind: ArtifactKind,
    meeting: OnlineMeeting,
}

#[cfg(test)]
impl Visibility {
    /// Rows that a test of a plan may see, without anybody having been asked.
    pub(crate) fn for_test(kind: ArtifactKind, meeting: OnlineMeeting) -> Self {
        Self { kind, meeting }
    }
}

#[cfg(test)]
impl MeetingAccess {
    /// What the organizer of a meeting is allowed.
    pub(crate) fn for_test(visible: Visibility) -> Self {
        Self {
            path_user_id: visible.meeting.organizer_id.clone(),
            content: true,
            visible,
        }
    }
}

impl Visibility {
    /// Rows of that kind,
    pub fn kind(&self) -> ArtifactKind {
        self.kind
    }

    /// and of that meeting.
    pub fn meeting(&self) -> &OnlineMeeting {
        &self.meeting
    }
}

/// What a caller has been allowed.
#[derive(Clone, Debug)]
pub struct MeetingAccess {
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

/// Decides about a meeting's artifacts.
///
/// # Errors
/// [`AccessError::Denied`] with the first reason in the order of security.md section 2.
pub async fn meeting(
    db: &mut Session,
    caller: &Caller,
    path: &MeetingPath,
    rules: &GraphConfig,
    now: Ticks,
) -> Result<MeetingAccess, AccessError> {
    let path_user = find_path_user(db, caller, &path.user).await?;
    let meeting = meetings::find(db, &path.meeting)
        .await?
        .filter(|meeting| meeting.tenant_id == caller.tenant_id);
    let named = ids::meeting_organizer(&path.meeting);
    let acting = match &caller.kind {
        CallerKind::Delegated { user, .. } => user.as_deref(),
        CallerKind::Application { .. } => path_user.as_ref(),
    };
    let role = match (&meeting, acting) {
        (Some(meeting), Some(user)) => meetings::role_of(db, &meeting.id, &user.id).await?,
        _ => None,
    };
    let thread = match &meeting {
        // A consent is for a chat; a channel meeting has none of its own.
        Some(meeting) => (!meeting.is_channel_meeting).then_some(meeting.thread_id.as_str()),
        None => named.as_ref().map(|named| named.thread.as_str()),
    };
    let application = load_application(db, caller, path_user.as_ref(), path.kind, thread).await?;
    // A refusal repeats what was written and nothing that was found: the object id behind a name is not everybody's.
    let written = match &path.user {
        PathUser::Key(text) | PathUser::PrincipalName(text) => text.as_str(),
        PathUser::Me => "me",
    };
    let facts = Facts {
        caller,
        kind: path.kind,
        is_me: path.user == PathUser::Me,
        path_user_shown: written,
        path_user: path_user.as_ref(),
        meeting: meeting.as_ref(),
        named_organizer: named.as_ref().map(|named| named.organizer.as_str()),
        role,
        policy: application.policy,
        chat_consent: application.chat_consent,
        declares_chat: application.declares_chat,
        rules,
        now,
    };
    let allowed = decide(&facts).map_err(AccessError::Denied)?;
    let path_user_id = match &path_user {
        Some(user) => user.id.clone(),
        None => caller.user_id().unwrap_or_default().to_owned(),
    };
    // A decision in favour is always about a meeting that is there.
    let meeting = meeting.ok_or(AccessError::Denied(Denied::NoRelation))?;
    Ok(MeetingAccess {
        visible: Visibility {
            kind: path.kind,
            meeting,
        },
        content: allowed.content,
        path_user_id,
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
        PathUser::Key(key) => {
            let of_tenant = |user: &User| user.tenant_id == tenant && user.deleted.is_none();
            match users::find(db, &ids::normalized(key.clone()))
                .await?
                .filter(of_tenant)
            {
                Some(user) => Ok(Some(user)),
                None => users::find_by_principal_name(db, tenant, key).await,
            }
        }
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
    kind: ArtifactKind,
    thread: Option<&str>,
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
    let chat_consent = match thread {
        Some(thread) => consents::granted(db, app_id, thread, Permission::to_read(kind).chat).await?,
        None => false,
    };
    let declared = applications::permissions(db, app_id, tenant, PermissionKind::Chat).await?;
    Ok(ApplicationFacts {
        policy: access_policies::facts(db, tenant, app_id, principals).await?,
        chat_consent,
        declares_chat: !declared.is_empty(),
    })
}
