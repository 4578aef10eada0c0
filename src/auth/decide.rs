//! The access decision: a pure function of facts, in the order of security.md section 2.
//!
//! Nothing is read here, and no step looks at what an earlier one has not allowed to be looked at.

use crate::clock::Ticks;
use crate::config::{GraphConfig, MeetingRule};
use crate::db::access_policies::PolicyFacts;
use crate::db::artifacts::ArtifactKind;
use crate::db::meetings::{OnlineMeeting, Role};
use crate::db::users::User;

use super::caller::{Caller, CallerKind};
use super::key_set::PERSONAL_TENANT;
use super::permission::{Permission, has_one};

/// All that the decision depends on.
pub struct Facts<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// For what kind of artifact.
    pub kind: ArtifactKind,
    /// The path begins with `/me`.
    pub is_me: bool,
    /// The user of the path as written, or as its object id where it is known.
    pub path_user_shown: &'a str,
    /// The user of the path: of the caller's tenant and not deleted.
    pub path_user: Option<&'a User>,
    /// The meeting of the path, deleted ones included: of the caller's tenant.
    pub meeting: Option<&'a OnlineMeeting>,
    /// The organizer that the meeting's id names, where the id has Graph's form.
    pub named_organizer: Option<&'a str>,
    /// In which role the acting user takes part.
    pub role: Option<Role>,
    /// What the policies say about the application and the path user.
    pub policy: PolicyFacts,
    /// The application has the resource-specific permission for the meeting's chat.
    pub chat_consent: bool,
    /// The application declares a resource-specific permission.
    pub declares_chat: bool,
    /// What to do with meetings that the reference refuses.
    pub rules: &'a GraphConfig,
    /// The present.
    pub now: Ticks,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The content too, not only the metadata.
    pub content: bool,
}

/// What is refused, and why. The first that applies is the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// 403: the tenant is suspended.
    TenantSuspended,
    /// 400: an application on its own has no `/me`.
    ApplicationOnMe,
    /// 400: a personal Microsoft account.
    PersonalAccount,
    /// 403: a delegated permission is missing.
    MissingScope {
        /// What would do.
        required: &'static Permission,
        /// What the token has.
        present: Vec<String>,
    },
    /// 403: an application permission is missing.
    MissingRole {
        /// What would do.
        required: &'static Permission,
        /// What the token has.
        present: Vec<String>,
    },
    /// 403: an application that declares a resource-specific permission has neither that nor the role.
    NotByChatConsent {
        /// The user of the path.
        user: String,
    },
    /// 403: no application access policy.
    NoPolicy,
    /// 400: the meeting id is of no form that is known.
    MalformedMeetingId,
    /// 403: no relation to the meeting, whether or not it exists.
    NoRelation,
    /// 404: the meeting is not there, told to who has authority over its organizer.
    NoSuchMeeting,
    /// 400: no calendar backs the meeting.
    Uncalendared,
    /// 404: the meeting has expired.
    Expired,
    /// 404: the meeting is one of a channel.
    Channel,
    /// 403: the tenant has switched transcripts off.
    TranscriptsDisabled,
}

/// Who the acting user is to the meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Organizer,
    Coorganizer,
    Invitee,
}

/// Whether the caller may see the meeting's artifacts of that kind, and their content.
///
/// # Errors
/// The first reason in the order of security.md section 2 why not.
pub fn decide(facts: &Facts<'_>) -> Result<Allowed, Denied> {
    kind_of_caller(facts)?;
    permission_and_policy(facts)?;
    let (meeting, relation) = relation(facts)?;
    state_of(meeting, facts)?;
    Ok(Allowed {
        content: may_have_content(relation, facts),
    })
}

/// Step 2: tenant, `/me`, personal accounts.
fn kind_of_caller(facts: &Facts<'_>) -> Result<(), Denied> {
    let caller = facts.caller;
    if caller.tenant.as_ref().is_some_and(|tenant| tenant.suspended) {
        return Err(Denied::TenantSuspended);
    }
    if facts.is_me && matches!(caller.kind, CallerKind::Application { .. }) {
        return Err(Denied::ApplicationOnMe);
    }
    if caller.tenant_id == PERSONAL_TENANT {
        return Err(Denied::PersonalAccount);
    }
    Ok(())
}

/// Steps 3 and 4. A consent for the meeting's chat stands for both the role and the policy.
fn permission_and_policy(facts: &Facts<'_>) -> Result<(), Denied> {
    let required = Permission::to_read(facts.kind);
    match &facts.caller.kind {
        CallerKind::Delegated { scopes, .. } => match has_one(scopes, required.scopes) {
            true => Ok(()),
            false => Err(Denied::MissingScope {
                required,
                present: scopes.clone(),
            }),
        },
        CallerKind::Application { .. } if facts.chat_consent => Ok(()),
        CallerKind::Application { roles } if has_one(roles, required.roles) => match facts.policy {
            // A policy granted to the user himself replaces the global one.
            PolicyFacts {
                personal: Some(true), ..
            }
            | PolicyFacts {
                personal: None,
                global: true,
            } => Ok(()),
            PolicyFacts {
                personal: Some(false) | None,
                ..
            } => Err(Denied::NoPolicy),
        },
        CallerKind::Application { .. } if facts.declares_chat => Err(Denied::NotByChatConsent {
            user: facts.path_user_shown.to_owned(),
        }),
        CallerKind::Application { roles } => Err(Denied::MissingRole {
            required,
            present: roles.clone(),
        }),
    }
}

/// Step 5: the meeting, for who has something to do with it.
fn relation<'a>(facts: &Facts<'a>) -> Result<(&'a OnlineMeeting, Relation), Denied> {
    let acting = acting_user(facts);
    let organizer = facts
        .meeting
        .map(|meeting| meeting.organizer_id.as_str())
        .or(facts.named_organizer);
    let Some(organizer) = organizer else {
        return Err(Denied::MalformedMeetingId);
    };
    let Some(acting) = acting else {
        return Err(Denied::NoRelation);
    };
    let meeting = match facts.meeting {
        Some(meeting) if meeting.deleted.is_none() => meeting,
        _ if acting.id == organizer => return Err(Denied::NoSuchMeeting),
        _ => return Err(Denied::NoRelation),
    };
    if acting.id == organizer {
        return Ok((meeting, Relation::Organizer));
    }
    let guests_count = facts
        .caller
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant.guest_access);
    match facts.role {
        _ if acting.is_guest && !guests_count => Err(Denied::NoRelation),
        None => Err(Denied::NoRelation),
        Some(Role::Coorganizer) => Ok((meeting, Relation::Coorganizer)),
        Some(Role::Attendee | Role::Presenter | Role::Producer) => Ok((meeting, Relation::Invitee)),
    }
}

/// Who acts: the signed-in user, or the user of the path for an application. A signed-in user on another user's
/// path acts only where that user is the meeting's organizer.
fn acting_user<'a>(facts: &Facts<'a>) -> Option<&'a User> {
    let CallerKind::Delegated { user, .. } = &facts.caller.kind else {
        return facts.path_user;
    };
    let caller = user.as_deref()?;
    let own_path = facts.is_me || facts.path_user.is_some_and(|user| user.id == caller.id);
    let organizers_path = || {
        let organizer = facts.meeting.map(|meeting| &meeting.organizer_id);
        organizer.is_some() && facts.path_user.map(|user| &user.id) == organizer
    };
    (own_path || organizers_path()).then_some(caller)
}

/// Step 6, and the tenant's transcript switch: what the meeting and the tenant are.
fn state_of(meeting: &OnlineMeeting, facts: &Facts<'_>) -> Result<(), Denied> {
    let refused = |rule| rule == MeetingRule::Refuse;
    if meeting.i_cal_uid.is_none() && refused(facts.rules.uncalendared_meetings) {
        return Err(Denied::Uncalendared);
    }
    if meeting.expiry <= facts.now && refused(facts.rules.expired_meetings) {
        return Err(Denied::Expired);
    }
    if meeting.is_channel_meeting && refused(facts.rules.channel_meetings) {
        return Err(Denied::Channel);
    }
    let transcripts = facts
        .caller
        .tenant
        .as_ref()
        .is_none_or(|tenant| tenant.transcripts_enabled);
    if facts.kind == ArtifactKind::Transcript && !transcripts {
        return Err(Denied::TranscriptsDisabled);
    }
    Ok(())
}

/// Step 8. A guest who got here counts as a participant, so the tenant allows guests.
fn may_have_content(relation: Relation, facts: &Facts<'_>) -> bool {
    let participants = facts
        .caller
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant.participants_can_download_recordings);
    let alone = matches!(facts.caller.kind, CallerKind::Application { .. });
    match relation {
        Relation::Organizer => true,
        Relation::Coorganizer => alone || participants,
        Relation::Invitee => participants,
    }
}
