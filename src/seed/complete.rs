//! The second step: references of a [`Document`] are resolved against the file and what the store knows, and
//! the ids that need them are made.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::document::{
    AdhocCall, Artifact, Changes, Complete, OnlineMeeting, Parent, Participant, Person, Recording, Removal,
    Transcript, User,
};
use super::draft::{ArtifactDraft, Calendar, CallDraft, Document, MeetingDraft};
use super::reader::{Problems, SeedProblem, shown};
use crate::clock::Ticks;
use crate::ids;

/// What the store answers about [`super::References`]. More than was asked does no harm.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Ids of tenants that are there.
    pub tenants: BTreeSet<String>,
    /// Users that have one of the ids or, in any case of letters and in any tenant, one of the names.
    pub users: Vec<KnownUser>,
    /// Meetings that are there, by id.
    pub meetings: BTreeMap<String, KnownMeeting>,
    /// Ad hoc calls that are there, by id: whose they are.
    pub adhoc_calls: BTreeMap<String, Person>,
}

/// A user of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUser {
    /// Object id and tenant.
    pub person: Person,
    /// `userPrincipalName`
    pub user_principal_name: Option<String>,
}

/// A meeting of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMeeting {
    /// Its organizer.
    pub organizer: Person,
    /// `iCalUId`
    pub ical_uid: Option<String>,
    /// `startDateTime`
    pub start_date_time: Option<Ticks>,
}

impl KnownMeeting {
    fn of(meeting: &OnlineMeeting) -> Self {
        Self {
            organizer: meeting.organizer.clone(),
            ical_uid: meeting.ical_uid.clone(),
            start_date_time: meeting.properties.start_date_time,
        }
    }
}

impl Document {
    /// Resolves every reference and makes every id. What the file says goes before what the store knows, and
    /// what the file removes is not there.
    pub fn complete(self, known: &Known) -> Result<Complete, Vec<SeedProblem>> {
        let mut problems = Problems::of(&self.file);
        self.check_tenants(known, &mut problems);
        let people = People::of(&self.users, &self.tenants.removed, known);

        let (online_meetings, mut broken) = complete_meetings(self.online_meetings, &people, &mut problems);
        let adhoc_calls = complete_calls(self.adhoc_calls, &people, &mut broken, &mut problems);
        let removed = (online_meetings.removed.as_slice(), adhoc_calls.removed.as_slice());
        let mut parents = Parents::of(known, removed, broken);
        parents.add(&online_meetings.put, &adhoc_calls.put);

        let mut recordings = Vec::with_capacity(self.recordings.put.len());
        for recording in self.recordings.put {
            let artifact = parents.complete(recording.artifact, Made::Recording, &mut problems);
            recordings.extend(artifact.map(|artifact| Recording {
                artifact,
                upload: recording.upload,
                legal_hold: recording.legal_hold,
                quarantined: recording.quarantined,
                deleted_date_time: recording.deleted_date_time,
            }));
        }
        let mut transcripts = Vec::with_capacity(self.transcripts.put.len());
        for transcript in self.transcripts.put {
            let artifact = parents.complete(transcript.artifact, Made::Transcript, &mut problems);
            transcripts.extend(artifact.map(|artifact| Transcript {
                artifact,
                content: transcript.content,
                metadata: transcript.metadata,
            }));
        }
        let complete = Complete {
            file: self.file,
            tenants: self.tenants,
            users: self.users,
            applications: self.applications,
            application_access_policies: self.application_access_policies,
            resource_specific_consents: self.resource_specific_consents,
            online_meetings,
            adhoc_calls,
            recordings: changes(recordings, self.recordings.removed),
            transcripts: changes(transcripts, self.transcripts.removed),
        };
        refuse_equal_ids(&complete, &mut problems);
        problems.unless_any(complete)
    }

    fn check_tenants(&self, known: &Known, problems: &mut Problems) {
        let gone = keys(&self.tenants.removed);
        let here: HashSet<&str> = self.tenants.put.iter().map(|tenant| tenant.id.as_str()).collect();
        let users = self.users.put.iter().map(|user| (&user.at, &user.tenant_id));
        let apps = self.applications.put.iter().map(|app| (&app.at, &app.tenant_id));
        let policies = self.application_access_policies.put.iter();
        let policies = policies.map(|policy| (&policy.at, &policy.tenant_id));
        for (at, id) in users.chain(apps).chain(policies) {
            let is_known = known.tenants.contains(id) && !gone.contains(id.as_str());
            if !here.contains(id.as_str()) && !is_known {
                problems.add(format!("{at}/tenantId"), not_there("a tenant", "id", id));
            }
        }
    }
}

fn changes<T, K>(put: Vec<T>, removed: Vec<Removal<K>>) -> Changes<T, K> {
    Changes { put, removed }
}

fn keys(removed: &[Removal<String>]) -> HashSet<&str> {
    removed.iter().map(|removal| removal.key.as_str()).collect()
}

fn not_there(what: &str, key: &str, found: &str) -> String {
    let found = shown(found);
    format!("expected the {key} of {what} in this file or in the store, found {found}")
}

/// Everybody whom a reference can name.
struct People<'a> {
    by_id: HashMap<&'a str, Person>,
    by_name: HashMap<String, Vec<Person>>,
}

impl<'a> People<'a> {
    fn of(file: &'a Changes<User, String>, tenants: &[Removal<String>], known: &'a Known) -> Self {
        let (tenants, users) = (keys(tenants), keys(&file.removed));
        let mut people = Self {
            by_id: HashMap::new(),
            by_name: HashMap::new(),
        };
        for user in &file.put {
            let person = Person {
                id: user.id.clone(),
                tenant_id: user.tenant_id.clone(),
            };
            people.add(&user.id, user.name(), person);
        }
        for user in &known.users {
            let KnownUser {
                person,
                user_principal_name,
            } = user;
            let is_gone = users.contains(person.id.as_str()) || tenants.contains(person.tenant_id.as_str());
            // A user whom the file replaces has the name that the file says, or none.
            if !is_gone && !people.by_id.contains_key(person.id.as_str()) {
                people.add(&person.id, user_principal_name.as_deref(), person.clone());
            }
        }
        people.add_deleted(&file.put);
        people
    }

    fn add(&mut self, id: &'a str, name: Option<&str>, person: Person) {
        if let Some(name) = name {
            self.by_name
                .entry(name.to_lowercase())
                .or_default()
                .push(person.clone());
        }
        self.by_id.insert(id, person);
    }

    /// A deleted user of the file is meant by its name where nobody else has that name.
    fn add_deleted(&mut self, users: &[User]) {
        let mut named: HashMap<String, Vec<Person>> = HashMap::new();
        for user in users.iter().filter(|user| user.name().is_none()) {
            let Some(name) = &user.user_principal_name else {
                continue;
            };
            named.entry(name.to_lowercase()).or_default().push(Person {
                id: user.id.clone(),
                tenant_id: user.tenant_id.clone(),
            });
        }
        for (name, persons) in named {
            self.by_name.entry(name).or_insert(persons);
        }
    }

    /// Who is meant by `reference`, an object id or a userPrincipalName.
    fn named(&self, reference: &str) -> Result<&Person, String> {
        if let Some(person) = self.by_id.get(reference) {
            return Ok(person);
        }
        let named = self.by_name.get(&reference.to_lowercase());
        match named.map(Vec::as_slice) {
            Some([person]) => Ok(person),
            Some([first, second, ..]) => Err(format!(
                "expected a user, found {}, which users of several tenants are named (among them {} and {}): \
                 write the object id",
                shown(reference),
                first.id,
                second.id,
            )),
            _ => Err(not_there("a user", "id or userPrincipalName", reference)),
        }
    }

    /// The same; a problem at `pointer` where it is nobody.
    fn find(&self, reference: &str, pointer: String, problems: &mut Problems) -> Option<Person> {
        match self.named(reference) {
            Ok(person) => Some(person.clone()),
            Err(message) => {
                problems.add(pointer, message);
                None
            }
        }
    }
}

/// The meetings, and the ids of those that are there but wrong.
fn complete_meetings(
    drafts: Changes<MeetingDraft, String>,
    people: &People<'_>,
    problems: &mut Problems,
) -> (Changes<OnlineMeeting, String>, HashSet<String>) {
    let mut broken = HashSet::new();
    let mut meetings = Vec::with_capacity(drafts.put.len());
    for draft in drafts.put {
        let id = draft.id.clone();
        match complete_meeting(draft, people, problems) {
            Some(meeting) => meetings.push(meeting),
            None => broken.extend(id),
        }
    }
    (changes(meetings, drafts.removed), broken)
}

fn complete_meeting(
    draft: MeetingDraft,
    people: &People<'_>,
    problems: &mut Problems,
) -> Option<OnlineMeeting> {
    let at = draft.at;
    let organizer = people.find(&draft.organizer, format!("{at}/organizerId"), problems);
    let mut places = HashMap::new();
    let mut participants = Vec::with_capacity(draft.participants.len());
    for (index, (reference, role)) in draft.participants.iter().enumerate() {
        let pointer = format!("{at}/participants/{index}/userId");
        let Some(user) = people.find(reference, pointer.clone(), problems) else {
            continue;
        };
        if let Some(other) = places.insert(user.id.clone(), index) {
            let message = format!("expected another user: {at}/participants/{other} names the same");
            problems.add(pointer, message);
        }
        participants.push(Participant { user, role: *role });
    }
    let organizer = organizer?;
    let written = draft.id.as_deref().and_then(ids::meeting_organizer);
    let thread_id = draft.thread_id.or_else(|| written.map(|parts| parts.thread));
    let guid = |what| ids::derived(what, &draft.made, 0);
    let thread_id = thread_id.unwrap_or_else(|| ids::thread_id(&guid("threadId")));
    let created = draft.properties.start_date_time;
    Some(OnlineMeeting {
        id: draft
            .id
            .unwrap_or_else(|| ids::meeting_id(&organizer.id, &thread_id)),
        organizer,
        thread_id,
        ical_uid: match draft.calendar {
            Calendar::Made => Some(ids::ical_uid(&guid("iCalUId"), created)),
            Calendar::None => None,
            Calendar::Entry(uid) => Some(uid),
        },
        participants,
        properties: draft.properties,
        at,
    })
}

fn complete_calls(
    drafts: Changes<CallDraft, String>,
    people: &People<'_>,
    broken: &mut HashSet<String>,
    problems: &mut Problems,
) -> Changes<AdhocCall, String> {
    let mut calls = Vec::with_capacity(drafts.put.len());
    for CallDraft { at, id, user } in drafts.put {
        match people.find(&user, format!("{at}/userId"), problems) {
            Some(user) => calls.push(AdhocCall { at, id, user }),
            None => drop(broken.insert(id)),
        }
    }
    changes(calls, drafts.removed)
}

/// Which format a left-out id takes.
#[derive(Clone, Copy)]
enum Made {
    Recording,
    Transcript,
}

/// Everything that a recording or transcript can be of.
struct Parents {
    meetings: HashMap<String, KnownMeeting>,
    calls: HashMap<String, Person>,
    /// Meetings and calls whose own problem has been told.
    broken: HashSet<String>,
}

impl Parents {
    /// Those of the store that the file does not remove.
    fn of(known: &Known, removed: (&[Removal<String>], &[Removal<String>]), broken: HashSet<String>) -> Self {
        let (gone_meetings, gone_calls) = (keys(removed.0), keys(removed.1));
        let meetings = known.meetings.iter();
        let calls = known.adhoc_calls.iter();
        Self {
            meetings: meetings
                .filter(|(id, _)| !gone_meetings.contains(id.as_str()))
                .map(|(id, meeting)| (id.clone(), meeting.clone()))
                .collect(),
            calls: calls
                .filter(|(id, _)| !gone_calls.contains(id.as_str()))
                .map(|(id, person)| (id.clone(), person.clone()))
                .collect(),
            broken,
        }
    }

    /// Those of the file, in place of the store's.
    fn add(&mut self, meetings: &[OnlineMeeting], calls: &[AdhocCall]) {
        for meeting in meetings {
            self.meetings
                .insert(meeting.id.clone(), KnownMeeting::of(meeting));
        }
        for call in calls {
            self.calls.insert(call.id.clone(), call.user.clone());
        }
    }

    fn complete(&self, draft: ArtifactDraft, made: Made, problems: &mut Problems) -> Option<Artifact> {
        let (reference, key, what) = match &draft.parent {
            Parent::Meeting(id) => (id, "meetingId", "a meeting"),
            Parent::AdhocCall(id) => (id, "adhocCallId", "an ad hoc call"),
        };
        let found = match &draft.parent {
            Parent::Meeting(id) => self.meetings.get(id).cloned(),
            Parent::AdhocCall(id) => self.calls.get(id).map(|person| KnownMeeting {
                organizer: person.clone(),
                ical_uid: None,
                start_date_time: None,
            }),
        };
        let Some(KnownMeeting {
            organizer,
            ical_uid,
            start_date_time,
        }) = found
        else {
            if !self.broken.contains(reference) {
                problems.add(format!("{}/{key}", draft.at), not_there(what, "id", reference));
            }
            return None;
        };
        let id = match (made, &draft.parent) {
            (Made::Transcript, Parent::Meeting(_)) => ids::transcript_id(&draft.made),
            // Graph packs more into an ad hoc id, all of it opaque; the GUID alone names it as well.
            (Made::Transcript, Parent::AdhocCall(_)) => draft.made.clone(),
            (Made::Recording, _) => {
                let uid = ical_uid.as_deref();
                ids::recording_id(&organizer.id, &organizer.tenant_id, uid, &draft.made)
            }
        };
        let call_id = draft.call_id.unwrap_or_else(|| match &draft.parent {
            Parent::Meeting(_) => ids::derived("callId", &draft.made, 0),
            Parent::AdhocCall(id) => id.clone(),
        });
        let content_correlation_id = draft.content_correlation_id;
        Some(Artifact {
            id: draft.id.unwrap_or(id),
            organizer,
            content_correlation_id: content_correlation_id
                .unwrap_or_else(|| ids::content_correlation_id(reference, &call_id)),
            call_id,
            created_date_time: draft.created_date_time.or(start_date_time),
            end_date_time: draft.end_date_time,
            parent: draft.parent,
            at: draft.at,
        })
    }
}

/// An id that was made may be one that the file gives to another object.
fn refuse_equal_ids(complete: &Complete, problems: &mut Problems) {
    let meetings = complete
        .online_meetings
        .put
        .iter()
        .map(|meeting| (&meeting.id, &meeting.at));
    refuse_equal(meetings, &complete.online_meetings.removed, problems);
    let recordings = complete
        .recordings
        .put
        .iter()
        .map(|recording| &recording.artifact);
    let recordings = recordings.map(|artifact| (&artifact.id, &artifact.at));
    refuse_equal(recordings, &complete.recordings.removed, problems);
    let transcripts = complete
        .transcripts
        .put
        .iter()
        .map(|transcript| &transcript.artifact);
    let transcripts = transcripts.map(|artifact| (&artifact.id, &artifact.at));
    refuse_equal(transcripts, &complete.transcripts.removed, problems);
}

fn refuse_equal<'a>(
    put: impl Iterator<Item = (&'a String, &'a String)>,
    removed: &'a [Removal<String>],
    problems: &mut Problems,
) {
    let removed = removed.iter().map(|removal| (&removal.key, &removal.at));
    let mut places = HashMap::new();
    for (id, at) in removed.chain(put) {
        if let Some(other) = places.insert(id, at) {
            problems.add(at, format!("expected another id: {other} has the same"));
        }
    }
}
