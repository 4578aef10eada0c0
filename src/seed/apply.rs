//! The one short transaction that a seed ends with: all of its rows, or none.

use super::{Complete, Removal, Role};
use crate::clock::Ticks;
use crate::db::access_policies::{self, AccessPolicy};
use crate::db::adhoc_calls::{self, AdhocCall};
use crate::db::applications::{self, Application, PermissionKind, Registration};
use crate::db::artifacts::{self, ArtifactKind, Parent, StoredArtifact};
use crate::db::changes::{self, Change, ChangeType};
use crate::db::content_objects::{self, ContentObject};
use crate::db::locks::{self, Lock};
use crate::db::meetings::{self, OnlineMeeting};
use crate::db::permission_grants::{self, Principal};
use crate::db::tenants::{self, Tenant};
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{DbError, Tx, Write, consents};

/// Why what is held stays.
const HELD: &str = "it is on legal hold and cannot be removed: graphophone recording unhold ends that";

/// Everything that a document puts and removes, with its content stored and its secrets hashed.
pub(super) struct Apply {
    pub document: Complete,
    /// Hashes of the users' passwords, in the order of the document.
    pub password_hashes: Vec<Option<String>>,
    /// Hashes of the applications' secrets, in the order of the document.
    pub secret_hashes: Vec<Option<String>>,
    /// Recordings, then transcripts, in the order of the document.
    pub artifacts: Vec<PreparedArtifact>,
    pub now: Ticks,
    pub announce: bool,
}

/// An artifact whose bytes are in the content store.
pub(super) struct PreparedArtifact {
    pub at: String,
    /// What it was when it was prepared. What was decided by that, which content is kept above all, holds only while it
    /// is still so.
    pub before: Option<StoredArtifact>,
    /// `createdDateTime` is filled in where the file does not give it.
    pub stored: StoredArtifact,
    /// Objects that are new in the content store.
    pub new_objects: Vec<ContentObject>,
}

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Keys of objects that no row refers to any more.
    pub orphans: Vec<String>,
    /// What can be seen now, and what cannot be seen any more.
    changed: Vec<(StoredArtifact, ChangeType)>,
}

impl Applied {
    /// What now belongs to that owner, or can be seen again, has come; and has gone from whose it was.
    fn moved(&mut self, recorded: Vec<StoredArtifact>, (owner, tenant): (&str, &str)) {
        for before in recorded {
            let mut after = before.clone();
            owner.clone_into(&mut after.artifact.owner_id);
            tenant.clone_into(&mut after.artifact.tenant_id);
            if after != before {
                self.changed.push((before, ChangeType::Deleted));
            }
            self.changed.push((after, ChangeType::Created));
        }
    }
}

/// Why nothing happened.
#[derive(Debug)]
pub(super) enum ApplyError {
    Db(DbError),
    /// The file's own, at that place.
    Conflict {
        at: String,
        message: String,
    },
    /// Something that was prepared has been changed by somebody else meanwhile: prepare again.
    Overtaken,
}

impl From<DbError> for ApplyError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// A conflict is the file's, at that place; anything else the store's.
fn at<T>(at: &str, result: Result<T, DbError>, message: &str) -> Result<T, ApplyError> {
    result.map_err(|error| match error {
        DbError::Conflict(_) => ApplyError::Conflict {
            at: at.to_owned(),
            message: message.to_owned(),
        },
        other => ApplyError::Db(other),
    })
}

impl Write for Apply {
    type Output = Applied;
    type Error = ApplyError;

    /// Whoever loads the file can load it again.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Applied, ApplyError> {
        // What is looked at below stays so until the commit, as far as seeds are concerned.
        locks::take(tx, Lock::Directory).await?;
        let mut applied = Applied::default();
        self.remove_dependents(tx, &mut applied).await?;
        self.put_people(tx).await?;
        self.put_meetings(tx, &mut applied).await?;
        self.put_artifacts(tx, &mut applied).await?;
        self.remove_people(tx).await?;
        let changed = std::mem::take(&mut applied.changed);
        let changes: Vec<Change<'_>> = changed
            .iter()
            .map(|(artifact, change)| self.change(artifact, *change))
            .collect();
        // Last, as its numbers are in the order of the commits.
        changes::append(tx, &changes).await?;
        Ok(applied)
    }
}

impl Apply {
    fn change<'a>(&self, artifact: &'a StoredArtifact, change: ChangeType) -> Change<'a> {
        Change {
            kind: artifact.kind,
            artifact: &artifact.artifact,
            change,
            at: self.now,
            announce: self.announce,
        }
    }

    /// Removals of what refers to something else; what is removed gives its names free.
    async fn remove_dependents(&self, tx: &mut Tx<'_>, applied: &mut Applied) -> Result<(), ApplyError> {
        let document = &self.document;
        let artifacts = [
            (ArtifactKind::Recording, &document.recordings.removed),
            (ArtifactKind::Transcript, &document.transcripts.removed),
        ];
        for (kind, removals) in artifacts {
            for removal in removals {
                remove_artifact(tx, kind, removal, self.now, applied).await?;
            }
        }
        for Removal { key, .. } in &document.resource_specific_consents.removed {
            consents::remove(tx, &key.app_id, &key.thread_id).await?;
        }
        for Removal { key, .. } in &document.application_access_policies.removed {
            access_policies::remove(tx, &key.tenant_id, &key.identity).await?;
        }
        for Removal { key, .. } in &document.applications.removed {
            applications::remove(tx, &key.app_id, &key.tenant_id).await?;
        }
        for Removal { key, at: pointer } in &document.online_meetings.removed {
            let message = "the meeting still has recordings or transcripts: remove them too";
            at(pointer, meetings::remove(tx, key).await, message)?;
        }
        for Removal { key, at: pointer } in &document.adhoc_calls.removed {
            let message = "the call still has recordings or transcripts: remove them too";
            at(pointer, adhoc_calls::remove(tx, key).await, message)?;
        }
        for Removal { key, .. } in &document.users.removed {
            users::release_names(tx, key).await?;
        }
        Ok(())
    }

    /// Tenants, users, applications, policies, consents.
    async fn put_people(&self, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let document = &self.document;
        for tenant in &document.tenants.put {
            tenants::put(tx, &tenant_row(tenant)).await?;
            let message = "another tenant has one of these verifiedDomains";
            let put = tenants::put_domains(tx, &tenant.id, &tenant.verified_domains).await;
            at(&tenant.at, put, message)?;
        }
        // Those of the file may exchange their names, in any order.
        for user in &document.users.put {
            users::release_names(tx, &user.id).await?;
        }
        for (user, hash) in document.users.put.iter().zip(&self.password_hashes) {
            let message = "another user of the tenant has that userPrincipalName or externalId";
            at(&user.at, users::put(tx, &user_row(user, hash)).await, message)?;
            users::put_roles(tx, &user.id, &roles_of(user)).await?;
        }
        for (application, hash) in document.applications.put.iter().zip(&self.secret_hashes) {
            applications::put(tx, &registration(application, hash)).await?;
            let (tenant, app_id) = (&application.tenant_id, &application.app_id);
            for scope in &application.admin_consented_scopes {
                permission_grants::add(tx, tenant, app_id, Principal::All, scope).await?;
            }
        }
        for policy in &document.application_access_policies.put {
            access_policies::put(tx, &policy_row(policy)).await?;
        }
        for consent in &document.resource_specific_consents.put {
            consents::put(tx, &consent.app_id, &consent.thread_id, &consent.permissions).await?;
        }
        Ok(())
    }

    async fn put_meetings(&self, tx: &mut Tx<'_>, applied: &mut Applied) -> Result<(), ApplyError> {
        for meeting in &self.document.online_meetings.put {
            let before = meetings::find(tx, &meeting.id).await?;
            let first_loaded = before.as_ref().map_or(self.now, |found| found.first_loaded);
            let participants: Vec<(String, meetings::Role)> = meeting
                .participants
                .iter()
                .map(|one| (one.user.id.clone(), role(one.role)))
                .collect();
            let row = meeting_row(meeting, first_loaded);
            let message = "its organizer or a participant has been removed meanwhile, or another meeting of the organizer has \
                           its externalId";
            let recorded = match before.filter(|before| before.shows_less_than(&row, self.now)) {
                Some(_) => artifacts::list_ready(tx, &Parent::Meeting(row.id.clone())).await?,
                None => Vec::new(),
            };
            at(&meeting.at, meetings::put(tx, &row, &participants).await, message)?;
            applied.moved(recorded, (&row.organizer_id, &row.tenant_id));
        }
        for call in &self.document.adhoc_calls.put {
            let row = AdhocCall {
                id: call.id.clone(),
                tenant_id: call.user.tenant_id.clone(),
                user_id: call.user.id.clone(),
            };
            let before = adhoc_calls::find(tx, &call.id).await?;
            let recorded = match before.filter(|before| before.user_id != row.user_id) {
                Some(_) => artifacts::list_ready(tx, &Parent::AdhocCall(row.id.clone())).await?,
                None => Vec::new(),
            };
            let message = "its user has been removed meanwhile";
            at(&call.at, adhoc_calls::put(tx, &row).await, message)?;
            applied.moved(recorded, (&row.user_id, &row.tenant_id));
        }
        Ok(())
    }

    async fn put_artifacts(&self, tx: &mut Tx<'_>, applied: &mut Applied) -> Result<(), ApplyError> {
        for prepared in &self.artifacts {
            let (pointer, stored) = (&prepared.at, &prepared.stored);
            let before = artifacts::find_stored(tx, stored.kind, &stored.artifact.id).await?;
            // A hold that was set meanwhile is among it: it is neither broken nor lifted unseen.
            if !is_same(before.as_ref(), prepared.before.as_ref()) {
                return Err(ApplyError::Overtaken);
            }
            let seen_before = before.clone().filter(StoredArtifact::is_ready);
            let kept = [&stored.content_key, &stored.metadata_key];
            let is_held = before.as_ref().is_some_and(|before| before.legal_hold);
            let old: Vec<String> = before
                .into_iter()
                .flat_map(|before| [before.content_key, before.metadata_key])
                .filter(|key| !kept.contains(&key))
                .flatten()
                .collect();
            // The preparation has refused this with a better word; here nothing can come in between any more.
            if is_held && !old.is_empty() {
                return Err(ApplyError::Conflict {
                    at: pointer.clone(),
                    message: HELD.to_owned(),
                });
            }
            for object in &prepared.new_objects {
                content_objects::insert(tx, object).await?;
            }
            let message = "what it belongs to has been removed meanwhile";
            at(pointer, artifacts::put(tx, stored).await, message)?;
            // Where it went from one parent to another, it went from the one and came to the other.
            let is_elsewhere = |before: &StoredArtifact| {
                before.artifact.parent != stored.artifact.parent
                    || before.artifact.owner_id != stored.artifact.owner_id
            };
            let goes = seen_before
                .as_ref()
                .is_some_and(|before| !stored.is_ready() || is_elsewhere(before));
            let comes = stored.is_ready() && seen_before.as_ref().is_none_or(is_elsewhere);
            if let Some(before) = seen_before.filter(|_| goes) {
                applied.changed.push((before, ChangeType::Deleted));
            }
            if comes {
                applied.changed.push((stored.clone(), ChangeType::Created));
            }
            for key in old {
                applied
                    .orphans
                    .extend(content_objects::remove(tx, &key, self.now).await?);
            }
        }
        Ok(())
    }

    async fn remove_people(&self, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        for Removal { key, at: pointer } in &self.document.users.removed {
            let message = "the user still organizes a meeting, takes part in one or has a call: remove these too, or set \
                           deletedDateTime instead";
            at(pointer, users::remove(tx, key).await, message)?;
        }
        for Removal { key, at: pointer } in &self.document.tenants.removed {
            let message = "the tenant still has users, applications or policies: remove these too, or set suspended instead";
            at(pointer, tenants::remove(tx, key).await, message)?;
        }
        Ok(())
    }
}

/// Whether nothing has changed but whose it is, which the file itself may have done.
fn is_same(now: Option<&StoredArtifact>, before: Option<&StoredArtifact>) -> bool {
    let (Some(now), Some(before)) = (now, before) else {
        return now.is_none() && before.is_none();
    };
    let mut before = before.clone();
    before.artifact.owner_id.clone_from(&now.artifact.owner_id);
    before.artifact.tenant_id.clone_from(&now.artifact.tenant_id);
    *now == before
}

async fn remove_artifact(
    tx: &mut Tx<'_>,
    kind: ArtifactKind,
    removal: &Removal<String>,
    now: Ticks,
    applied: &mut Applied,
) -> Result<(), ApplyError> {
    let Some(found) = artifacts::find_stored(tx, kind, &removal.key).await? else {
        return Ok(());
    };
    if found.legal_hold {
        return Err(ApplyError::Conflict {
            at: removal.at.clone(),
            message: HELD.to_owned(),
        });
    }
    artifacts::remove(tx, kind, &removal.key).await?;
    let keys = [&found.content_key, &found.metadata_key];
    for key in keys.into_iter().flatten() {
        applied
            .orphans
            .extend(content_objects::remove(tx, key, now).await?);
    }
    if found.is_ready() {
        applied.changed.push((found, ChangeType::Deleted));
    }
    Ok(())
}

fn tenant_row(tenant: &super::Tenant) -> Tenant {
    let settings = tenant.settings;
    Tenant {
        id: tenant.id.clone(),
        display_name: tenant.display_name.clone(),
        suspended: tenant.suspended,
        participants_can_download_recordings: settings.participants_can_download_recordings,
        guest_access: settings.guest_access,
        transcripts_enabled: settings.transcripts_enabled,
        speaker_attribution_enabled: settings.speaker_attribution_enabled,
    }
}

fn user_row(user: &super::User, password_hash: &Option<String>) -> User {
    User {
        id: user.id.clone(),
        tenant_id: user.tenant_id.clone(),
        user_principal_name: user.user_principal_name.clone(),
        display_name: user.display_name.clone(),
        mail: user.mail.clone(),
        password_hash: password_hash.clone(),
        external_id: user.external_id.clone(),
        is_guest: user.user_type == super::UserType::Guest,
        account_enabled: user.account_enabled,
        deleted: user.deleted_date_time,
    }
}

fn roles_of(user: &super::User) -> Vec<DirectoryRole> {
    let names = user.directory_roles.iter();
    names.filter_map(|name| DirectoryRole::named(name)).collect()
}

fn registration<'a>(application: &'a super::Application, secret_hash: &Option<String>) -> Registration<'a> {
    let of = |kind, names: &'a [String]| names.iter().map(move |name| (kind, name.as_str()));
    let chat = &application.resource_specific_application_permissions;
    Registration {
        application: Application {
            app_id: application.app_id.clone(),
            tenant_id: application.tenant_id.clone(),
            display_name: application.display_name.clone(),
            secret_hash: secret_hash.clone(),
            account_enabled: application.account_enabled,
            is_fallback_public_client: application.is_fallback_public_client,
        },
        permissions: of(PermissionKind::Role, &application.app_roles)
            .chain(of(PermissionKind::Scope, &application.scopes))
            .chain(of(PermissionKind::Chat, chat))
            .collect(),
        redirect_uris: application.redirect_uris.iter().map(String::as_str).collect(),
    }
}

fn policy_row(policy: &super::AccessPolicy) -> AccessPolicy<'_> {
    AccessPolicy {
        tenant_id: &policy.tenant_id,
        identity: &policy.identity,
        app_ids: policy.app_ids.iter().map(String::as_str).collect(),
        principals: policy.granted_to_users.iter().map(String::as_str).collect(),
        is_global: policy.granted_to_global,
    }
}

fn meeting_row(meeting: &super::OnlineMeeting, first_loaded: Ticks) -> OnlineMeeting {
    let own = &meeting.properties;
    let (start, end) = (own.start_date_time, own.end_date_time);
    let (join_meeting_id, passcode) = meeting.join_meeting_id();
    let expiry = || super::expiry(own.meeting_type, start, end, first_loaded);
    OnlineMeeting {
        id: meeting.id.clone(),
        tenant_id: meeting.organizer.tenant_id.clone(),
        organizer_id: meeting.organizer.id.clone(),
        subject: own.subject.clone(),
        join_web_url: Some(meeting.join_web_url()),
        start,
        end,
        expiry: own.expiry_date_time.unwrap_or_else(expiry),
        first_loaded,
        meeting_type: own.meeting_type.text().to_owned(),
        thread_id: meeting.thread_id.clone(),
        is_channel_meeting: own.is_channel_meeting,
        i_cal_uid: meeting.ical_uid.clone(),
        deleted: own.deleted_date_time,
        created: Some(first_loaded),
        external_id: own.external_id.clone(),
        join_meeting_id: Some(join_meeting_id),
        passcode,
        video_teleconference_id: own.video_teleconference_id.clone(),
        settings: None,
    }
}

fn role(role: Role) -> meetings::Role {
    match role {
        Role::Attendee => meetings::Role::Attendee,
        Role::Presenter => meetings::Role::Presenter,
        Role::Producer => meetings::Role::Producer,
        Role::Coorganizer => meetings::Role::Coorganizer,
    }
}
