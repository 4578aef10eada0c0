//! A seed file as it stands: checked by itself, but with references as written and ids perhaps left out.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::document::{
    AccessPolicy, AccessPolicyKey, Application, ApplicationKey, Changes, ConsentKey, MeetingProperties,
    Parent, Recording, ResourceSpecificConsent, Role, Tenant, Transcript, User,
};
use crate::clock::Ticks;

/// A seed file, read and checked by itself. [`Document::complete`] turns it into what can be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(super) file: PathBuf,
    pub(super) tenants: Changes<Tenant, String>,
    pub(super) users: Changes<User, String>,
    pub(super) applications: Changes<Application, ApplicationKey>,
    pub(super) application_access_policies: Changes<AccessPolicy, AccessPolicyKey>,
    pub(super) resource_specific_consents: Changes<ResourceSpecificConsent, ConsentKey>,
    pub(super) online_meetings: Changes<MeetingDraft, String>,
    pub(super) adhoc_calls: Changes<CallDraft, String>,
    pub(super) recordings: Changes<Recording<ArtifactDraft>, String>,
    pub(super) transcripts: Changes<Transcript<ArtifactDraft>, String>,
}

/// A meeting as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MeetingDraft {
    pub(super) at: String,
    /// A GUID derived from the object, for the ids that it leaves out.
    pub(super) made: String,
    pub(super) id: Option<String>,
    pub(super) organizer: String,
    pub(super) thread_id: Option<String>,
    pub(super) calendar: Calendar,
    pub(super) participants: Vec<(String, Role)>,
    pub(super) properties: MeetingProperties,
}

/// What `iCalUId` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Calendar {
    /// Left out: an entry is made.
    Made,
    /// null, or left out of a meeting that began at once.
    None,
    /// The entry's iCalUId.
    Entry(String),
}

/// An ad hoc call as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallDraft {
    pub(super) at: String,
    pub(super) id: String,
    pub(super) user: String,
}

/// What a recording and a transcript have in common, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArtifactDraft {
    pub(super) at: String,
    /// A GUID derived from the object, for the ids that it leaves out.
    pub(super) made: String,
    pub(super) id: Option<String>,
    pub(super) parent: Parent,
    pub(super) call_id: Option<String>,
    pub(super) content_correlation_id: Option<String>,
    pub(super) created_date_time: Option<Ticks>,
    pub(super) end_date_time: Option<Ticks>,
}

/// What a document refers to that may have to be looked up in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Tenants, by id.
    pub tenants: BTreeSet<String>,
    /// Users, each by object id or by userPrincipalName as written. A name stands here even where a user of
    /// the file has it, for one of the store may have it too.
    pub users: BTreeSet<String>,
    /// Meetings, by id.
    pub meetings: BTreeSet<String>,
    /// Ad hoc calls, by id.
    pub adhoc_calls: BTreeSet<String>,
}

impl Document {
    /// What has to be looked up in the store before [`Document::complete`].
    pub fn references(&self) -> References {
        let mut references = References::default();
        let tenants = self.users.put.iter().map(|user| &user.tenant_id);
        let tenants = tenants.chain(self.applications.put.iter().map(|app| &app.tenant_id));
        let policies = self.application_access_policies.put.iter();
        references.tenants = tenants
            .chain(policies.map(|policy| &policy.tenant_id))
            .cloned()
            .collect();
        for tenant in &self.tenants.put {
            references.tenants.remove(&tenant.id);
        }

        for meeting in &self.online_meetings.put {
            references.users.insert(meeting.organizer.clone());
            let participants = meeting.participants.iter();
            references
                .users
                .extend(participants.map(|(user, _)| user.clone()));
        }
        let callers = self.adhoc_calls.put.iter();
        references.users.extend(callers.map(|call| call.user.clone()));
        for user in &self.users.put {
            references.users.remove(&user.id);
        }

        let recordings = self.recordings.put.iter().map(|recording| &recording.artifact);
        let transcripts = self.transcripts.put.iter().map(|transcript| &transcript.artifact);
        for artifact in recordings.chain(transcripts) {
            match &artifact.parent {
                Parent::Meeting(id) => references.meetings.insert(id.clone()),
                Parent::AdhocCall(id) => references.adhoc_calls.insert(id.clone()),
            };
        }
        for id in self
            .online_meetings
            .put
            .iter()
            .filter_map(|meeting| meeting.id.as_ref())
        {
            references.meetings.remove(id);
        }
        for call in &self.adhoc_calls.put {
            references.adhoc_calls.remove(&call.id);
        }
        references
    }
}
