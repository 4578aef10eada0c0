//! Meetings, ad hoc calls, recordings and transcripts of a seed file, field by field. References stay as
//! written; ids that are left out are made once those are resolved.

use super::collections::{Kind, read_changes, read_id};
use super::document::{Changes, MeetingProperties, MeetingType, Parent, Recording, Role, Transcript, Upload};
use super::draft::{ArtifactDraft, Calendar, CallDraft, MeetingDraft};
use super::files::{Folder, SeedFile};
use super::reader::Reader;
use super::tree::Tree;

pub(super) fn read_meetings(root: &mut Reader<'_, '_>) -> Changes<MeetingDraft, String> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        let properties = read_meeting_properties(reader);
        let calendar = match reader.raw("iCalUId") {
            None if properties.meeting_type != MeetingType::Meetnow => Calendar::Made,
            None | Some(Tree::Null) => Calendar::None,
            Some(_) => reader.name("iCalUId").map_or(Calendar::None, Calendar::Entry),
        };
        Some(MeetingDraft {
            at: reader.at().to_owned(),
            made,
            id: reader.id("id"),
            organizer: reader.needed_id("organizerId", "the id or userPrincipalName of a user"),
            thread_id: reader.id("threadId"),
            calendar,
            participants: reader.objects("participants", read_participant),
            properties,
        })
    };
    let kind = Kind {
        name: "onlineMeetings",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |meeting: &MeetingDraft| meeting.id.clone(),
    };
    read_changes(root, &kind)
}

fn read_meeting_properties(reader: &mut Reader<'_, '_>) -> MeetingProperties {
    let types = [
        ("scheduled", MeetingType::Scheduled),
        ("recurring", MeetingType::Recurring),
        ("adhoc", MeetingType::Adhoc),
        ("broadcast", MeetingType::Broadcast),
        ("meetnow", MeetingType::Meetnow),
    ];
    let join = reader.object("joinMeetingIdSettings", |settings| {
        (settings.name("joinMeetingId"), settings.name("passcode"))
    });
    let (join_meeting_id, passcode) = join.unwrap_or_default();
    let properties = MeetingProperties {
        subject: reader.text("subject"),
        join_web_url: reader.text("joinWebUrl"),
        external_id: reader.name("externalId"),
        video_teleconference_id: reader.name("videoTeleconferenceId"),
        join_meeting_id,
        passcode,
        start_date_time: reader.instant("startDateTime"),
        end_date_time: reader.instant("endDateTime"),
        expiry_date_time: reader.instant("expiryDateTime"),
        meeting_type: reader.choice("meetingType", MeetingType::Scheduled, &types),
        is_channel_meeting: reader.flag("isChannelMeeting", false),
        deleted_date_time: reader.instant("deletedDateTime"),
    };
    if let (Some(start), Some(end)) = (properties.start_date_time, properties.end_date_time)
        && end < start
    {
        let message = format!("expected an instant that is not before startDateTime ({start}), found {end}");
        reader.problem("endDateTime", message);
    }
    properties
}

fn read_participant(reader: &mut Reader<'_, '_>) -> (String, Role) {
    let roles = [
        ("attendee", Role::Attendee),
        ("presenter", Role::Presenter),
        ("producer", Role::Producer),
        ("coorganizer", Role::Coorganizer),
    ];
    let user = reader.needed_id("userId", "the id or userPrincipalName of a user");
    (user, reader.choice("role", Role::Attendee, &roles))
}

pub(super) fn read_adhoc_calls(root: &mut Reader<'_, '_>) -> Changes<CallDraft, String> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        Some(CallDraft {
            at: reader.at().to_owned(),
            id: reader.id("id").unwrap_or(made),
            user: reader.needed_id("userId", "the id or userPrincipalName of a user"),
        })
    };
    let kind = Kind {
        name: "adhocCalls",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |call: &CallDraft| Some(call.id.clone()),
    };
    read_changes(root, &kind)
}

pub(super) fn read_recordings(
    root: &mut Reader<'_, '_>,
    folder: &Folder,
) -> Changes<Recording<ArtifactDraft>, String> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        let artifact = read_artifact(reader, made);
        let upload = read_upload(reader, folder);
        let legal_hold = reader.flag("legalHold", false);
        let quarantined = reader.flag("quarantined", false);
        let deleted_date_time = reader.instant("deletedDateTime");
        let (artifact, upload) = (artifact?, upload?);
        Some(Recording {
            artifact,
            upload,
            legal_hold,
            quarantined,
            deleted_date_time,
        })
    };
    let kind = Kind {
        name: "recordings",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |recording: &Recording<ArtifactDraft>| recording.artifact.id.clone(),
    };
    read_changes(root, &kind)
}

fn read_upload(reader: &mut Reader<'_, '_>, folder: &Folder) -> Option<Upload> {
    let pending = reader.choice("uploadState", false, &[("complete", false), ("pending", true)]);
    let written = reader.value("contentFile").is_some();
    let content = read_file(reader, "contentFile", folder);
    if pending {
        return Some(Upload::Pending);
    }
    if !written {
        let message =
            "expected a file, found nothing: only a recording whose uploadState is \"pending\" has none";
        reader.problem("contentFile", message);
    }
    content.map(Upload::Complete)
}

pub(super) fn read_transcripts(
    root: &mut Reader<'_, '_>,
    folder: &Folder,
) -> Changes<Transcript<ArtifactDraft>, String> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        let artifact = read_artifact(reader, made);
        if reader.value("contentFile").is_none() {
            reader.problem("contentFile", "expected a file, found nothing");
        }
        let content = read_file(reader, "contentFile", folder);
        let metadata = read_file(reader, "metadataFile", folder);
        let (artifact, content) = (artifact?, content?);
        Some(Transcript {
            artifact,
            content,
            metadata,
        })
    };
    let kind = Kind {
        name: "transcripts",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |transcript: &Transcript<ArtifactDraft>| transcript.artifact.id.clone(),
    };
    read_changes(root, &kind)
}

fn read_artifact(reader: &mut Reader<'_, '_>, made: String) -> Option<ArtifactDraft> {
    let meeting = reader.id("meetingId");
    let call = reader.id("adhocCallId");
    let is_named = |reader: &mut Reader<'_, '_>, key| reader.value(key).is_some();
    match (is_named(reader, "meetingId"), is_named(reader, "adhocCallId")) {
        (true, true) => reader.problem(
            "adhocCallId",
            "expected either meetingId or adhocCallId, found both",
        ),
        (false, false) => reader.problem("meetingId", "expected meetingId or adhocCallId, found neither"),
        _ => {}
    }
    // Every member is read even where the parent is missing, so that every problem is told.
    let is_known = meeting.is_some() || call.is_some();
    let draft = ArtifactDraft {
        at: reader.at().to_owned(),
        made,
        id: reader.id("id"),
        parent: match meeting {
            Some(id) => Parent::Meeting(id),
            None => Parent::AdhocCall(call.unwrap_or_default()),
        },
        call_id: reader.id("callId"),
        content_correlation_id: reader.name("contentCorrelationId"),
        created_date_time: reader.instant("createdDateTime"),
        end_date_time: reader.instant("endDateTime"),
    };
    is_known.then_some(draft)
}

fn read_file(reader: &mut Reader<'_, '_>, key: &'static str, folder: &Folder) -> Option<SeedFile> {
    let written = reader.text(key)?;
    match folder.file(&written, reader.pointer(key)) {
        Ok(file) => Some(file),
        Err(message) => {
            reader.problem(key, message);
            None
        }
    }
}
