//! What a seed file says, typed: every field of `interfaces.md`, defaults applied.
//!
//! Each object knows its JSON pointer (`at`), so that whoever loads it can name the place of a conflict.
//! References are resolved: where the file named a user by userPrincipalName, the object id stands here.

use std::path::PathBuf;

use super::files::SeedFile;
use crate::clock::Ticks;
use crate::config::Secret;
use crate::ids;

/// A seed file, checked, with every id made and every reference resolved: ready to be loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complete {
    /// The seed file, as it was named.
    pub file: PathBuf,
    /// `tenants`; removed by id.
    pub tenants: Changes<Tenant, String>,
    /// `users`; removed by id.
    pub users: Changes<User, String>,
    /// `applications`.
    pub applications: Changes<Application, ApplicationKey>,
    /// `applicationAccessPolicies`.
    pub application_access_policies: Changes<AccessPolicy, AccessPolicyKey>,
    /// `resourceSpecificConsents`.
    pub resource_specific_consents: Changes<ResourceSpecificConsent, ConsentKey>,
    /// `onlineMeetings`; removed by id.
    pub online_meetings: Changes<OnlineMeeting, String>,
    /// `adhocCalls`; removed by id.
    pub adhoc_calls: Changes<AdhocCall, String>,
    /// `recordings`; removed by id.
    pub recordings: Changes<Recording, String>,
    /// `transcripts`; removed by id.
    pub transcripts: Changes<Transcript, String>,
}

/// What a file does to one collection. No key stands twice, in either list or in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes<T, K> {
    /// Objects that replace whole what has their key, in the order of the file.
    pub put: Vec<T>,
    /// Keys whose object goes (`@removed`).
    pub removed: Vec<Removal<K>>,
}

impl<T, K> Default for Changes<T, K> {
    fn default() -> Self {
        let (put, removed) = (Vec::new(), Vec::new());
        Self { put, removed }
    }
}

/// An object that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal<K> {
    /// Its key.
    pub key: K,
    /// Where the file says so.
    pub at: String,
}

/// The key of an application: one appId may stand in several tenants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationKey {
    /// `appId`
    pub app_id: String,
    /// `tenantId`
    pub tenant_id: String,
}

/// The key of an application access policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessPolicyKey {
    /// `tenantId`
    pub tenant_id: String,
    /// `identity`
    pub identity: String,
}

/// The key of a resource-specific consent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsentKey {
    /// `appId`
    pub app_id: String,
    /// `threadId`
    pub thread_id: String,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// JSON pointer.
    pub at: String,
    /// `id`
    pub id: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// `suspended`: every token of the tenant is refused.
    pub suspended: bool,
    /// `verifiedDomains`: names that stand for the tenant in the authority's paths, in lower case.
    pub verified_domains: Vec<String>,
    /// `settings`
    pub settings: TenantSettings,
}

/// What a tenant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantSettings {
    /// `participantsCanDownloadRecordings`
    pub participants_can_download_recordings: bool,
    /// `guestAccess`
    pub guest_access: bool,
    /// `transcriptsEnabled`
    pub transcripts_enabled: bool,
    /// `speakerAttributionEnabled`
    pub speaker_attribution_enabled: bool,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            participants_can_download_recordings: false,
            guest_access: false,
            transcripts_enabled: true,
            speaker_attribution_enabled: true,
        }
    }
}

/// `userType`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// `Member`
    Member,
    /// `Guest`
    Guest,
}

/// A person of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// JSON pointer.
    pub at: String,
    /// `id`
    pub id: String,
    /// `tenantId`
    pub tenant_id: String,
    /// `userPrincipalName`, as written; it is compared without regard to case.
    pub user_principal_name: Option<String>,
    /// `displayName`
    pub display_name: Option<String>,
    /// `mail`
    pub mail: Option<String>,
    /// `password`
    pub password: Option<Secret>,
    /// `externalId`: what an external issuer calls the user.
    pub external_id: Option<String>,
    /// `directoryRoles`
    pub directory_roles: Vec<String>,
    /// `userType`
    pub user_type: UserType,
    /// `accountEnabled`
    pub account_enabled: bool,
    /// `deletedDateTime`
    pub deleted_date_time: Option<Ticks>,
}

impl User {
    /// The userPrincipalName that nobody else of the tenant may have; a deleted user has given its own free.
    pub fn name(&self) -> Option<&str> {
        let name = self.user_principal_name.as_deref();
        name.filter(|_| self.deleted_date_time.is_none())
    }
}

/// An application in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// JSON pointer.
    pub at: String,
    /// `appId`
    pub app_id: String,
    /// `tenantId`
    pub tenant_id: String,
    /// `displayName`
    pub display_name: Option<String>,
    /// `secret`
    pub secret: Option<Secret>,
    /// `accountEnabled`
    pub account_enabled: bool,
    /// `appRoles`: what the built-in authority may put into `roles`.
    pub app_roles: Vec<String>,
    /// `scopes`: what the built-in authority may put into `scp`.
    pub scopes: Vec<String>,
    /// `redirectUris`
    pub redirect_uris: Vec<String>,
    /// `isFallbackPublicClient`: redeems codes without its secret.
    pub is_fallback_public_client: bool,
    /// `adminConsentedScopes`: what no user of the tenant is asked about any more.
    pub admin_consented_scopes: Vec<String>,
    /// `resourceSpecificApplicationPermissions`
    pub resource_specific_application_permissions: Vec<String>,
}

/// An application access policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPolicy {
    /// JSON pointer.
    pub at: String,
    /// `tenantId`
    pub tenant_id: String,
    /// `identity`
    pub identity: String,
    /// `appIds`, unchecked.
    pub app_ids: Vec<String>,
    /// `grantedTo.users`, unchecked: object ids or userPrincipalNames.
    pub granted_to_users: Vec<String>,
    /// `grantedTo.global`
    pub granted_to_global: bool,
}

/// An application's consent in one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceSpecificConsent {
    /// JSON pointer.
    pub at: String,
    /// `appId`, unchecked.
    pub app_id: String,
    /// `threadId`, unchecked.
    pub thread_id: String,
    /// `permissions`
    pub permissions: Vec<String>,
}

/// A user who is known to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Object id.
    pub id: String,
    /// The tenant of the user.
    pub tenant_id: String,
}

/// `meetingType`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingType {
    /// `scheduled`
    Scheduled,
    /// `recurring`
    Recurring,
    /// `adhoc`
    Adhoc,
    /// `broadcast`
    Broadcast,
    /// `meetnow`
    Meetnow,
}

impl MeetingType {
    /// Graph's word for it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Recurring => "recurring",
            Self::Adhoc => "adhoc",
            Self::Broadcast => "broadcast",
            Self::Meetnow => "meetnow",
        }
    }
}

/// `role` of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `attendee`
    Attendee,
    /// `presenter`
    Presenter,
    /// `producer`
    Producer,
    /// `coorganizer`
    Coorganizer,
}

/// Somebody who is invited to a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// `userId`, resolved.
    pub user: Person,
    /// `role`
    pub role: Role,
}

/// A meeting. It belongs to its organizer's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineMeeting {
    /// JSON pointer.
    pub at: String,
    /// `id`
    pub id: String,
    /// `organizerId`, resolved.
    pub organizer: Person,
    /// `threadId`
    pub thread_id: String,
    /// `iCalUId`; `None`: no calendar backs the meeting.
    pub ical_uid: Option<String>,
    /// `participants`
    pub participants: Vec<Participant>,
    /// Everything else.
    pub properties: MeetingProperties,
}

impl OnlineMeeting {
    /// `joinWebUrl`: the one that the file gives, or one in Graph's form.
    pub fn join_web_url(&self) -> String {
        let (tenant, organizer) = (&self.organizer.tenant_id, &self.organizer.id);
        let made = || ids::join_web_url(tenant, organizer, &self.thread_id);
        self.properties.join_web_url.clone().unwrap_or_else(made)
    }

    /// `joinMeetingIdSettings`: number and passcode that the file gives, or such as are made. Whoever gives the number says
    /// whether it wants a passcode.
    pub fn join_meeting_id(&self) -> (String, Option<String>) {
        let own = &self.properties;
        match &own.join_meeting_id {
            Some(id) => (id.clone(), own.passcode.clone()),
            None => {
                let (id, passcode) = ids::join_meeting_id(&self.id);
                (id, own.passcode.clone().or(Some(passcode)))
            }
        }
    }
}

/// What a meeting says of itself that needs nothing else to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingProperties {
    /// `subject`
    pub subject: Option<String>,
    /// `joinWebUrl`
    pub join_web_url: Option<String>,
    /// `externalId`
    pub external_id: Option<String>,
    /// `videoTeleconferenceId`
    pub video_teleconference_id: Option<String>,
    /// `joinMeetingIdSettings/joinMeetingId`
    pub join_meeting_id: Option<String>,
    /// `joinMeetingIdSettings/passcode`
    pub passcode: Option<String>,
    /// `startDateTime`
    pub start_date_time: Option<Ticks>,
    /// `endDateTime`
    pub end_date_time: Option<Ticks>,
    /// `expiryDateTime`; `None`: [`super::expiry`] says.
    pub expiry_date_time: Option<Ticks>,
    /// `meetingType`
    pub meeting_type: MeetingType,
    /// `isChannelMeeting`
    pub is_channel_meeting: bool,
    /// `deletedDateTime`
    pub deleted_date_time: Option<Ticks>,
}

/// An ad hoc call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdhocCall {
    /// JSON pointer.
    pub at: String,
    /// `id`
    pub id: String,
    /// `userId`, resolved.
    pub user: Person,
}

/// What a recording or a transcript is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// `meetingId`
    Meeting(String),
    /// `adhocCallId`
    AdhocCall(String),
}

/// What recordings and transcripts have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// JSON pointer.
    pub at: String,
    /// `id`
    pub id: String,
    /// `meetingId` or `adhocCallId`
    pub parent: Parent,
    /// The organizer of the meeting, or the user of the ad hoc call.
    pub organizer: Person,
    /// `callId`
    pub call_id: String,
    /// `contentCorrelationId`
    pub content_correlation_id: String,
    /// `createdDateTime`, or else the meeting's start; `None` where neither is known.
    pub created_date_time: Option<Ticks>,
    /// `endDateTime`
    pub end_date_time: Option<Ticks>,
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording<A = Artifact> {
    /// What it shares with transcripts.
    pub artifact: A,
    /// `uploadState` and `contentFile`
    pub upload: Upload,
    /// `legalHold`
    pub legal_hold: bool,
    /// `quarantined`
    pub quarantined: bool,
    /// `deletedDateTime`
    pub deleted_date_time: Option<Ticks>,
}

/// Whether a recording's bytes are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upload {
    /// `complete`, with the bytes of this file.
    Complete(SeedFile),
    /// `pending`: no bytes yet, not shown. A `contentFile` beside it is checked but not loaded.
    Pending,
}

/// A transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript<A = Artifact> {
    /// What it shares with recordings.
    pub artifact: A,
    /// `contentFile`
    pub content: SeedFile,
    /// `metadataFile`
    pub metadata: Option<SeedFile>,
}
