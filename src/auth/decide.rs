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

/// Who asks, for which meeting, and what ties the two.
pub struct Standing<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The path begins with `/me`.
    pub is_me: bool,
    /// The user of the path: of the caller's tenant and not deleted.
    pub path_user: Option<&'a User>,
    /// The meeting of the path, deleted ones included: of the caller's tenant.
    pub meeting: Option<&'a OnlineMeeting>,
    /// The organizer that the meeting's id names, where the id has Graph's form.
    pub named_organizer: Option<&'a str>,
    /// In which role the acting user takes part.
    pub role: Option<Role>,
}

/// All that a decision about a meeting's artifacts depends on.
pub struct Facts<'a> {
    /// Who asks, and for which meeting.
    pub standing: Standing<'a>,
    /// For what kind of artifact.
    pub kind: ArtifactKind,
    /// The user of the path, as written.
    pub path_user_shown: &'a str,
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
    /// 403: the operation is for applications alone.
    ApplicationsOnly {
        /// What an application needs.
        required: &'static Permission,
    },
    /// 403: the export of somebody else than the user of the path.
    AnothersExport,
    /// 404: no such call, or somebody else's.
    NoSuchCall,
    /// 403: the directory's own words for a missing permission.
    NotInDirectory,
    /// 404: no such user.
    NoSuchUser {
        /// As written.
        user: String,
    },
    /// 403: a signed-in user where only applications find meetings.
    NotForUsers,
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
    let standing = &facts.standing;
    kind_of_caller(standing.caller, standing.is_me)?;
    permission_and_policy(facts)?;
    // What was recorded outlives its meeting where meetings that are over are served at all.
    let outlives = facts.rules.expired_meetings == MeetingRule::Serve;
    let (meeting, relation) = relation(standing, outlives)?;
    state_of(meeting, facts)?;
    Ok(Allowed {
        content: may_have_content(relation, facts),
    })
}

/// Step 2: tenant, `/me`, personal accounts.
pub(super) fn kind_of_caller(caller: &Caller, is_me: bool) -> Result<(), Denied> {
    if caller.tenant.as_ref().is_some_and(|tenant| tenant.suspended) {
        return Err(Denied::TenantSuspended);
    }
    if is_me && matches!(caller.kind, CallerKind::Application { .. }) {
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
    let caller = facts.standing.caller;
    match (permission(caller, required), &caller.kind) {
        (_, CallerKind::Application { .. }) if facts.chat_consent => Ok(()),
        (Ok(()), CallerKind::Application { .. }) => policy(facts.policy),
        (Err(_), CallerKind::Application { .. }) if facts.declares_chat => Err(Denied::NotByChatConsent {
            user: facts.path_user_shown.to_owned(),
        }),
        (permitted, _) => permitted,
    }
}

/// Step 3 without consents: the token has one of the permissions.
pub(super) fn permission(caller: &Caller, required: &'static Permission) -> Result<(), Denied> {
    match &caller.kind {
        CallerKind::Delegated { scopes, .. } if has_one(scopes, required.scopes) => Ok(()),
        CallerKind::Delegated { scopes, .. } => Err(Denied::MissingScope {
            required,
            present: scopes.clone(),
        }),
        CallerKind::Application { roles } if has_one(roles, required.roles) => Ok(()),
        CallerKind::Application { roles } => Err(Denied::MissingRole {
            required,
            present: roles.clone(),
        }),
    }
}

/// Step 4: a policy lets the application act for the user of the path.
pub(super) fn policy(facts: PolicyFacts) -> Result<(), Denied> {
    match facts {
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
    }
}

/// Step 5: the meeting, for who has something to do with it; a deleted one where what was recorded `outlives` it.
fn relation<'a>(standing: &Standing<'a>, outlives: bool) -> Result<(&'a OnlineMeeting, Relation), Denied> {
    let acting = acting_user(standing);
    let organizer = standing
        .meeting
        .map(|meeting| meeting.organizer_id.as_str())
        .or(standing.named_organizer);
    let Some(organizer) = organizer else {
        return Err(Denied::MalformedMeetingId);
    };
    let Some(acting) = acting else {
        return Err(Denied::NoRelation);
    };
    let meeting = match standing.meeting {
        Some(meeting) if meeting.deleted.is_none() || outlives => meeting,
        _ if acting.id == organizer => return Err(Denied::NoSuchMeeting),
        _ => return Err(Denied::NoRelation),
    };
    if acting.id == organizer {
        return Ok((meeting, Relation::Organizer));
    }
    let guests_count = standing
        .caller
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant.guest_access);
    match standing.role {
        _ if acting.is_guest && !guests_count => Err(Denied::NoRelation),
        None => Err(Denied::NoRelation),
        Some(Role::Coorganizer) => Ok((meeting, Relation::Coorganizer)),
        Some(Role::Attendee | Role::Presenter | Role::Producer) => Ok((meeting, Relation::Invitee)),
    }
}

/// Whether the caller may see a meeting, or change it, which only its organizer does. What Graph refuses about its
/// recordings is no matter here.
///
/// # Errors
/// The first reason in the order of security.md section 2 why not.
pub(super) fn meeting_itself(standing: &Standing<'_>, writes: bool) -> Result<(), Denied> {
    match relation(standing, false)? {
        (_, Relation::Organizer) => Ok(()),
        (_, Relation::Coorganizer | Relation::Invitee) if !writes => Ok(()),
        (_, Relation::Coorganizer | Relation::Invitee) => Err(Denied::NoRelation),
    }
}

/// Who acts: the signed-in user, or the user of the path for an application. A signed-in user on another user's
/// path acts only where that user is the meeting's organizer.
fn acting_user<'a>(standing: &Standing<'a>) -> Option<&'a User> {
    let CallerKind::Delegated { user, .. } = &standing.caller.kind else {
        return standing.path_user;
    };
    let caller = user.as_deref()?;
    let own_path = standing.is_me || standing.path_user.is_some_and(|user| user.id == caller.id);
    let organizers_path = || {
        let organizer = standing.meeting.map(|meeting| &meeting.organizer_id);
        organizer.is_some() && standing.path_user.map(|user| &user.id) == organizer
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
    transcripts(facts.standing.caller, facts.kind)
}

/// The tenant's transcript switch.
pub(super) fn transcripts(caller: &Caller, kind: ArtifactKind) -> Result<(), Denied> {
    let enabled = caller
        .tenant
        .as_ref()
        .is_none_or(|tenant| tenant.transcripts_enabled);
    match kind {
        ArtifactKind::Transcript if !enabled => Err(Denied::TranscriptsDisabled),
        ArtifactKind::Transcript | ArtifactKind::Recording => Ok(()),
    }
}

/// Step 8. A guest who got here counts as a participant, so the tenant allows guests.
fn may_have_content(relation: Relation, facts: &Facts<'_>) -> bool {
    let caller = facts.standing.caller;
    let participants = caller
        .tenant
        .as_ref()
        .is_some_and(|tenant| tenant.participants_can_download_recordings);
    let alone = matches!(caller.kind, CallerKind::Application { .. });
    match relation {
        Relation::Organizer => true,
        Relation::Coorganizer => alone || participants,
        Relation::Invitee => participants,
    }
}

#[cfg(test)]
mod tests {
    use super::super::caller::CallerKind::{Application, Delegated};
    use super::*;
    use crate::config::QueryOptionsRule;
    use crate::db::tenants::Tenant;

    const TENANT: &str = "tenant";
    const READ: &str = "OnlineMeetingRecording.Read.All";
    const READ_TRANSCRIPTS: &str = "OnlineMeetingTranscript.Read.All";
    const NOW: Ticks = Ticks::from_unix_seconds(1_800_000_000);

    /// Everything that a decision depends on, as a test changes it. At first the organizer, signed in, asks on `/me`.
    struct Case {
        caller: Caller,
        kind: ArtifactKind,
        is_me: bool,
        path_user: Option<User>,
        meeting: Option<OnlineMeeting>,
        named_organizer: Option<&'static str>,
        role: Option<Role>,
        policy: PolicyFacts,
        chat_consent: bool,
        declares_chat: bool,
        rules: GraphConfig,
    }

    fn user(id: &str) -> User {
        User {
            id: id.to_owned(),
            tenant_id: TENANT.to_owned(),
            user_principal_name: None,
            display_name: None,
            mail: None,
            password_hash: None,
            external_id: None,
            is_guest: false,
            account_enabled: true,
            deleted: None,
        }
    }

    fn delegated(id: &str) -> CallerKind {
        Delegated {
            user_id: id.to_owned(),
            user: Some(Box::new(user(id))),
            scopes: vec![READ.to_owned()],
        }
    }

    impl Case {
        fn organizer() -> Self {
            let tenant = Tenant {
                id: TENANT.to_owned(),
                display_name: None,
                suspended: false,
                participants_can_download_recordings: false,
                guest_access: false,
                transcripts_enabled: true,
                speaker_attribution_enabled: true,
            };
            let meeting = OnlineMeeting {
                id: "meeting".to_owned(),
                tenant_id: TENANT.to_owned(),
                organizer_id: "organizer".to_owned(),
                subject: None,
                join_web_url: None,
                start: None,
                end: None,
                expiry: NOW.plus(std::time::Duration::from_secs(1)),
                first_loaded: NOW,
                meeting_type: "scheduled".to_owned(),
                thread_id: "thread".to_owned(),
                is_channel_meeting: false,
                i_cal_uid: Some("040000".to_owned()),
                ..OnlineMeeting::default()
            };
            Self {
                caller: Caller {
                    tenant_id: TENANT.to_owned(),
                    tenant: Some(tenant),
                    app_id: Some("app".to_owned()),
                    application: None,
                    kind: delegated("organizer"),
                    is_of_authority: true,
                },
                kind: ArtifactKind::Recording,
                is_me: true,
                path_user: Some(user("organizer")),
                meeting: Some(meeting),
                named_organizer: Some("organizer"),
                role: None,
                policy: PolicyFacts::default(),
                chat_consent: false,
                declares_chat: false,
                rules: GraphConfig {
                    expired_meetings: MeetingRule::Refuse,
                    channel_meetings: MeetingRule::Refuse,
                    uncalendared_meetings: MeetingRule::Refuse,
                    query_options: QueryOptionsRule::Reference,
                    export_requires_policy: true,
                    delta_token_lifetime: std::time::Duration::from_secs(1),
                },
            }
        }

        /// Somebody signed in who has that role.
        fn participant(role: Option<Role>) -> Self {
            let mut case = Self::organizer();
            case.caller.kind = delegated("participant");
            case.path_user = Some(user("participant"));
            case.role = role;
            case
        }

        /// An application that a global policy lets act for `path_user`, who has that role.
        fn application(path_user: &str, role: Option<Role>) -> Self {
            let mut case = Self::organizer();
            case.caller.kind = Application {
                roles: vec![READ.to_owned()],
            };
            case.is_me = false;
            case.path_user = Some(user(path_user));
            case.role = role;
            case.policy.global = true;
            case
        }

        fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
            change(&mut self);
            self
        }

        fn tenant(&mut self) -> &mut Tenant {
            self.caller.tenant.as_mut().unwrap()
        }

        fn meeting(&mut self) -> &mut OnlineMeeting {
            self.meeting.as_mut().unwrap()
        }

        fn decide(&self) -> Result<Allowed, Denied> {
            decide(&Facts {
                standing: Standing {
                    caller: &self.caller,
                    is_me: self.is_me,
                    path_user: self.path_user.as_ref(),
                    meeting: self.meeting.as_ref(),
                    named_organizer: self.named_organizer,
                    role: self.role,
                },
                kind: self.kind,
                path_user_shown: "shown",
                policy: self.policy,
                chat_consent: self.chat_consent,
                declares_chat: self.declares_chat,
                rules: &self.rules,
                now: NOW,
            })
        }
    }

    const CONTENT: Result<Allowed, Denied> = Ok(Allowed { content: true });
    const METADATA: Result<Allowed, Denied> = Ok(Allowed { content: false });

    fn assert_all(cases: Vec<(&str, Case, Result<Allowed, Denied>)>) {
        for (name, case, expected) in cases {
            assert_eq!(case.decide(), expected, "{name}");
        }
    }

    fn scopes(case: &mut Case, names: &[&str]) {
        let names = names.iter().map(ToString::to_string).collect();
        match &mut case.caller.kind {
            Delegated { scopes, .. } => *scopes = names,
            Application { roles } => *roles = names,
        }
    }

    fn as_guest(case: &mut Case) {
        if let Delegated { user: Some(user), .. } = &mut case.caller.kind {
            user.is_guest = true;
        }
        if let Some(user) = &mut case.path_user {
            user.is_guest = true;
        }
    }

    #[test]
    fn content_is_for_organizers_and_for_whom_the_tenant_lets_have_it() {
        use Role::{Attendee, Coorganizer, Presenter, Producer};
        let downloads = |case: &mut Case| case.tenant().participants_can_download_recordings = true;
        let guests = |case: &mut Case| case.tenant().guest_access = true;
        let none = Err(Denied::NoRelation);
        let mut cases = vec![
            ("organizer", Case::organizer(), CONTENT),
            ("co-organizer", Case::participant(Some(Coorganizer)), METADATA),
            (
                "co-organizer, downloads",
                Case::participant(Some(Coorganizer)).with(downloads),
                CONTENT,
            ),
            ("nobody", Case::participant(None), none.clone()),
            (
                "nobody, downloads",
                Case::participant(None).with(downloads).with(guests),
                none.clone(),
            ),
            ("app for organizer", Case::application("organizer", None), CONTENT),
            (
                "app for co-organizer",
                Case::application("other", Some(Coorganizer)),
                CONTENT,
            ),
            (
                "app for attendee",
                Case::application("other", Some(Attendee)),
                METADATA,
            ),
            (
                "app for attendee, downloads",
                Case::application("other", Some(Attendee)).with(downloads),
                CONTENT,
            ),
            (
                "app for nobody",
                Case::application("other", None).with(downloads),
                none.clone(),
            ),
            (
                "guest",
                Case::participant(Some(Attendee)).with(as_guest),
                none.clone(),
            ),
            (
                "guest, downloads",
                Case::participant(Some(Attendee)).with(as_guest).with(downloads),
                none.clone(),
            ),
            (
                "guest, guests",
                Case::participant(Some(Attendee)).with(as_guest).with(guests),
                METADATA,
            ),
            (
                "guest, both",
                Case::participant(Some(Attendee))
                    .with(as_guest)
                    .with(guests)
                    .with(downloads),
                CONTENT,
            ),
            (
                "app for guest",
                Case::application("other", Some(Attendee)).with(as_guest),
                none,
            ),
        ];
        for role in [Attendee, Presenter, Producer] {
            cases.push(("invitee", Case::participant(Some(role)), METADATA));
            cases.push((
                "invitee, downloads",
                Case::participant(Some(role)).with(downloads),
                CONTENT,
            ));
        }
        assert_all(cases);
    }

    #[test]
    fn permission_and_policy_are_asked_before_the_meeting() {
        let required = Permission::to_read(ArtifactKind::Recording);
        let present = || vec![READ_TRANSCRIPTS.to_owned()];
        let other = |case: &mut Case| scopes(case, &[READ_TRANSCRIPTS]);
        let missing = |case: &mut Case| case.meeting = None;
        let app = || Case::application("organizer", None);
        let personal = |names: bool| move |case: &mut Case| case.policy.personal = Some(names);
        let no_global = |case: &mut Case| case.policy.global = false;
        let consent = |case: &mut Case| case.chat_consent = true;
        let declares = |case: &mut Case| case.declares_chat = true;
        let (scope, role) = (
            Err(Denied::MissingScope {
                required,
                present: present(),
            }),
            Err(Denied::MissingRole {
                required,
                present: present(),
            }),
        );
        let by_chat = Err(Denied::NotByChatConsent {
            user: "shown".to_owned(),
        });
        assert_all(vec![
            ("another scope", Case::organizer().with(other), scope.clone()),
            (
                "another scope, no meeting",
                Case::organizer().with(other).with(missing),
                scope.clone(),
            ),
            (
                "another scope, consent",
                Case::organizer().with(other).with(consent),
                scope,
            ),
            ("another role", app().with(other), role.clone()),
            (
                "another role, own policy",
                app().with(other).with(personal(true)),
                role,
            ),
            (
                "another role, declares",
                app().with(other).with(declares),
                by_chat,
            ),
            ("another role, consent", app().with(other).with(consent), CONTENT),
            ("no policy", app().with(no_global), Err(Denied::NoPolicy)),
            (
                "no policy, declares",
                app().with(no_global).with(declares),
                Err(Denied::NoPolicy),
            ),
            (
                "no policy, no meeting",
                app().with(no_global).with(missing),
                Err(Denied::NoPolicy),
            ),
            ("no policy, consent", app().with(no_global).with(consent), CONTENT),
            ("own policy", app().with(no_global).with(personal(true)), CONTENT),
            (
                "own policy that names another",
                app().with(personal(false)),
                Err(Denied::NoPolicy),
            ),
            ("own and global", app().with(personal(true)), CONTENT),
        ]);
    }

    #[test]
    fn the_kind_of_caller_is_asked_first() {
        let on_me = |case: &mut Case| case.is_me = true;
        let suspended = |case: &mut Case| case.tenant().suspended = true;
        let personal = |case: &mut Case| {
            case.caller.tenant_id = PERSONAL_TENANT.to_owned();
            case.caller.tenant = None;
            scopes(case, &[]);
        };
        let powerless = |case: &mut Case| scopes(case, &[]);
        let app = || Case::application("organizer", None);
        assert_all(vec![
            (
                "application on /me",
                app().with(on_me),
                Err(Denied::ApplicationOnMe),
            ),
            (
                "the same without role",
                app().with(on_me).with(powerless),
                Err(Denied::ApplicationOnMe),
            ),
            (
                "suspended",
                Case::organizer().with(suspended),
                Err(Denied::TenantSuspended),
            ),
            (
                "suspended application",
                app().with(suspended).with(on_me),
                Err(Denied::TenantSuspended),
            ),
            (
                "personal",
                Case::organizer().with(personal),
                Err(Denied::PersonalAccount),
            ),
            (
                "personal application",
                app().with(personal),
                Err(Denied::PersonalAccount),
            ),
        ]);
    }

    /// Below `/users/{user}` instead of `/me`.
    fn on(path_user: Option<&'static str>) -> impl FnOnce(&mut Case) {
        move |case| (case.is_me, case.path_user) = (false, path_user.map(user))
    }

    #[test]
    fn who_has_no_relation_does_not_learn_whether_the_meeting_exists() {
        let none = || Err(Denied::NoRelation);
        let missing = |case: &mut Case| case.meeting = None;
        let deleted = |case: &mut Case| case.meeting().deleted = Some(NOW);
        let malformed = |case: &mut Case| (case.meeting, case.named_organizer) = (None, None);
        let unnamed = |case: &mut Case| case.named_organizer = None;
        let unknown = |case: &mut Case| {
            (case.caller.kind, case.path_user) = (
                Delegated {
                    user_id: "x".to_owned(),
                    user: None,
                    scopes: vec![READ.to_owned()],
                },
                None,
            );
        };
        let attendee = || Case::participant(Some(Role::Attendee));
        let organizer = Case::organizer;
        assert_all(vec![
            (
                "organizer, missing",
                organizer().with(missing),
                Err(Denied::NoSuchMeeting),
            ),
            (
                "organizer, deleted",
                organizer().with(deleted),
                Err(Denied::NoSuchMeeting),
            ),
            (
                "organizer, malformed",
                organizer().with(malformed),
                Err(Denied::MalformedMeetingId),
            ),
            (
                "organizer, id of another form",
                organizer().with(unnamed),
                CONTENT,
            ),
            ("attendee, missing", attendee().with(missing), none()),
            ("attendee, deleted", attendee().with(deleted), none()),
            (
                "nobody, malformed",
                Case::participant(None).with(malformed),
                Err(Denied::MalformedMeetingId),
            ),
            ("unknown caller", organizer().with(unknown), none()),
            (
                "unknown caller, missing",
                organizer().with(unknown).with(missing),
                none(),
            ),
            (
                "app, missing",
                Case::application("organizer", None).with(missing),
                Err(Denied::NoSuchMeeting),
            ),
            (
                "app for another, missing",
                Case::application("other", None).with(missing),
                none(),
            ),
        ]);
    }

    #[test]
    fn on_anothers_path_a_caller_acts_for_the_organizer_only() {
        let none = || Err(Denied::NoRelation);
        let missing = |case: &mut Case| case.meeting = None;
        let attendee = || Case::participant(Some(Role::Attendee));
        let organizer = Case::organizer;
        assert_all(vec![
            (
                "app for no user",
                Case::application("organizer", None).with(on(None)),
                none(),
            ),
            (
                "attendee for the organizer",
                attendee().with(on(Some("organizer"))),
                METADATA,
            ),
            (
                "attendee for the organizer, missing",
                attendee().with(on(Some("organizer"))).with(missing),
                none(),
            ),
            ("attendee for another", attendee().with(on(Some("other"))), none()),
            (
                "organizer for another",
                organizer().with(on(Some("other"))),
                none(),
            ),
            ("organizer for no user", organizer().with(on(None)), none()),
            (
                "organizer by id",
                organizer().with(on(Some("organizer"))),
                CONTENT,
            ),
        ]);
    }

    #[test]
    fn the_state_of_the_meeting_comes_after_the_relation() {
        let expired = |case: &mut Case| case.meeting().expiry = NOW;
        let channel = |case: &mut Case| case.meeting().is_channel_meeting = true;
        let uncalendared = |case: &mut Case| case.meeting().i_cal_uid = None;
        let serving = |case: &mut Case| {
            case.rules.expired_meetings = MeetingRule::Serve;
            case.rules.channel_meetings = MeetingRule::Serve;
            case.rules.uncalendared_meetings = MeetingRule::Serve;
        };
        let switched_off = |case: &mut Case| {
            case.kind = ArtifactKind::Transcript;
            scopes(case, &[READ_TRANSCRIPTS]);
            case.tenant().transcripts_enabled = false;
        };
        let organizer = Case::organizer;
        assert_all(vec![
            ("expired", organizer().with(expired), Err(Denied::Expired)),
            ("channel", organizer().with(channel), Err(Denied::Channel)),
            (
                "uncalendared",
                organizer().with(uncalendared),
                Err(Denied::Uncalendared),
            ),
            (
                "all three",
                organizer().with(expired).with(channel).with(uncalendared),
                Err(Denied::Uncalendared),
            ),
            (
                "expired and channel",
                organizer().with(expired).with(channel),
                Err(Denied::Expired),
            ),
            (
                "served",
                organizer()
                    .with(expired)
                    .with(channel)
                    .with(uncalendared)
                    .with(serving),
                CONTENT,
            ),
            (
                "nobody, expired",
                Case::participant(None).with(expired),
                Err(Denied::NoRelation),
            ),
            (
                "transcripts off",
                organizer().with(switched_off),
                Err(Denied::TranscriptsDisabled),
            ),
            (
                "transcripts off, expired",
                organizer().with(switched_off).with(expired),
                Err(Denied::Expired),
            ),
            (
                "transcripts off, nobody",
                Case::participant(None).with(switched_off),
                Err(Denied::NoRelation),
            ),
        ]);
    }
}
