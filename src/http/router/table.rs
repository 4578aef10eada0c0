//! The table: method, pattern, operation.

use http::Method;

use crate::db::artifacts::ArtifactKind::{self, Recording, Transcript};
use crate::db::artifacts::Stream;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A meeting's or a call's artifacts.
    List(ArtifactKind),
    /// How many they are, as text (OData `/$count`).
    Count(ArtifactKind),
    /// One of them.
    Get(ArtifactKind),
    /// Its bytes.
    Content(ArtifactKind, Stream),
    /// What has been added to them.
    Delta(ArtifactKind),
    /// All artifacts of a user's meetings.
    Export(ArtifactKind),
    /// What has been added to these.
    ExportDelta(ArtifactKind),
    /// All artifacts of a user's ad hoc calls.
    ExportOfCalls(ArtifactKind),
    /// What has been added to these.
    ExportOfCallsDelta(ArtifactKind),
    /// Meetings by what is known of them.
    FindMeetings,
    /// How many a user has.
    CountMeetings,
    /// Makes a meeting.
    CreateMeeting,
    /// Makes a meeting, or finds the one that was made so.
    CreateOrGetMeeting,
    /// One meeting.
    GetMeeting,
    /// Changes it.
    UpdateMeeting,
    /// Deletes it.
    DeleteMeeting,
    /// Meetings of the tenant by a device's number.
    FindMeetingsOfTenant,
    /// A user's ad hoc calls.
    ListCalls,
    /// How many they are.
    CountCalls,
    /// One of them.
    GetCall,
    /// A user.
    GetUser,
    /// What there is below the root.
    ServiceDocument,
    /// Many requests in one.
    Batch,
    /// In Graph's schema, and answered 404 by Graph itself (contract section 3.2).
    NotRouted,
}

/// The methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET and HEAD
    Get,
    /// POST
    Post,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Verb {
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::POST => Some(Self::Post),
            Method::PATCH => Some(Self::Patch),
            Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    /// Whether it changes nothing, so that it may be asked again.
    pub fn is_safe(self) -> bool {
        self == Self::Get
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A path that is served, with a method.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// Its pattern below the version.
    pub pattern: &'static str,
    /// What it does.
    pub operation: Operation,
}

const fn get(pattern: &'static str, operation: Operation) -> Route {
    Route {
        verb: Verb::Get,
        pattern,
        operation,
    }
}

const fn post(pattern: &'static str, operation: Operation) -> Route {
    Route {
        verb: Verb::Post,
        ..get(pattern, operation)
    }
}

use Operation::{
    Batch, Content, Count, CountCalls, CountMeetings, CreateMeeting, CreateOrGetMeeting, DeleteMeeting,
    Delta, Export, ExportDelta, ExportOfCalls, ExportOfCallsDelta, FindMeetings, FindMeetingsOfTenant, Get,
    GetCall, GetMeeting, GetUser, List, ListCalls, NotRouted, ServiceDocument, UpdateMeeting,
};

/// Every path that is served.
pub static ROUTES: &[Route] = &[
    get("", ServiceDocument),
    post("$batch", Batch),
    get("{user}", GetUser),
    // Online meetings.
    get("{user}/onlineMeetings", FindMeetings),
    post("{user}/onlineMeetings", CreateMeeting),
    get("{user}/onlineMeetings/$count", CountMeetings),
    post("{user}/onlineMeetings/createOrGet", CreateOrGetMeeting),
    get("{user}/onlineMeetings/{meeting}", GetMeeting),
    Route {
        verb: Verb::Patch,
        pattern: "{user}/onlineMeetings/{meeting}",
        operation: UpdateMeeting,
    },
    Route {
        verb: Verb::Delete,
        pattern: "{user}/onlineMeetings/{meeting}",
        operation: DeleteMeeting,
    },
    get("communications/onlineMeetings", FindMeetingsOfTenant),
    // Their recordings and transcripts.
    get("{user}/onlineMeetings/{meeting}/recordings", List(Recording)),
    get(
        "{user}/onlineMeetings/{meeting}/recordings/$count",
        Count(Recording),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/recordings/delta()",
        Delta(Recording),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/recordings/{artifact}",
        Get(Recording),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/recordings/{artifact}/content",
        Content(Recording, Stream::Content),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/recordings/{artifact}/content/$value",
        Content(Recording, Stream::Content),
    ),
    get("{user}/onlineMeetings/{meeting}/transcripts", List(Transcript)),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/$count",
        Count(Transcript),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/delta()",
        Delta(Transcript),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/{artifact}",
        Get(Transcript),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/content",
        Content(Transcript, Stream::Content),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/content/$value",
        Content(Transcript, Stream::Content),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/metadataContent",
        Content(Transcript, Stream::Metadata),
    ),
    get(
        "{user}/onlineMeetings/{meeting}/transcripts/{artifact}/metadataContent/$value",
        Content(Transcript, Stream::Metadata),
    ),
    // Ad hoc calls.
    get("{user}/adhocCalls", ListCalls),
    get("{user}/adhocCalls/$count", CountCalls),
    get("{user}/adhocCalls/{call}", GetCall),
    get("{user}/adhocCalls/{call}/recordings", List(Recording)),
    get("{user}/adhocCalls/{call}/recordings/$count", Count(Recording)),
    get("{user}/adhocCalls/{call}/recordings/delta()", Delta(Recording)),
    get("{user}/adhocCalls/{call}/recordings/{artifact}", Get(Recording)),
    get(
        "{user}/adhocCalls/{call}/recordings/{artifact}/content",
        Content(Recording, Stream::Content),
    ),
    get(
        "{user}/adhocCalls/{call}/recordings/{artifact}/content/$value",
        Content(Recording, Stream::Content),
    ),
    get("{user}/adhocCalls/{call}/transcripts", List(Transcript)),
    get("{user}/adhocCalls/{call}/transcripts/$count", Count(Transcript)),
    get("{user}/adhocCalls/{call}/transcripts/delta()", Delta(Transcript)),
    get("{user}/adhocCalls/{call}/transcripts/{artifact}", Get(Transcript)),
    get(
        "{user}/adhocCalls/{call}/transcripts/{artifact}/content",
        Content(Transcript, Stream::Content),
    ),
    get(
        "{user}/adhocCalls/{call}/transcripts/{artifact}/content/$value",
        Content(Transcript, Stream::Content),
    ),
    get(
        "{user}/adhocCalls/{call}/transcripts/{artifact}/metadataContent",
        Content(Transcript, Stream::Metadata),
    ),
    get(
        "{user}/adhocCalls/{call}/transcripts/{artifact}/metadataContent/$value",
        Content(Transcript, Stream::Metadata),
    ),
    // Exports.
    get("{user}/onlineMeetings/getAllRecordings()", Export(Recording)),
    get(
        "{user}/onlineMeetings/getAllRecordings()/delta()",
        ExportDelta(Recording),
    ),
    get("{user}/adhocCalls/getAllRecordings()", ExportOfCalls(Recording)),
    get(
        "{user}/adhocCalls/getAllRecordings()/delta()",
        ExportOfCallsDelta(Recording),
    ),
    get("adhocCalls/getAllRecordings()", ExportOfCalls(Recording)),
    get("communications/onlineMeetings/getAllRecordings()", NotRouted),
    get("communications/adhocCalls/getAllRecordings()", NotRouted),
    get("{user}/onlineMeetings/getAllTranscripts()", Export(Transcript)),
    get(
        "{user}/onlineMeetings/getAllTranscripts()/delta()",
        ExportDelta(Transcript),
    ),
    get("{user}/adhocCalls/getAllTranscripts()", ExportOfCalls(Transcript)),
    get(
        "{user}/adhocCalls/getAllTranscripts()/delta()",
        ExportOfCallsDelta(Transcript),
    ),
    get("adhocCalls/getAllTranscripts()", ExportOfCalls(Transcript)),
    get("communications/onlineMeetings/getAllTranscripts()", NotRouted),
    get("communications/adhocCalls/getAllTranscripts()", NotRouted),
    get("communications/adhocCalls", NotRouted),
];

/// Paths of Graph that this server means to serve and does not yet: 501.
pub const NOT_BUILT: [&str; 3] = ["subscriptions/**", "communications/**", "adhocCalls/**"];

/// Further first segments that are Graph's: 501, so that nobody takes their absence for data.
pub const GRAPH_ROOTS: [&str; 50] = [
    "admin",
    "agreements",
    "appCatalogs",
    "appRoleAssignments",
    "applications",
    "auditLogs",
    "chats",
    "connections",
    "contacts",
    "contracts",
    "copilot",
    "devices",
    "deviceManagement",
    "deviceAppManagement",
    "directory",
    "directoryObjects",
    "directoryRoles",
    "domains",
    "drive",
    "drives",
    "education",
    "employeeExperience",
    "external",
    "groupLifecyclePolicies",
    "groups",
    "groupSettings",
    "identity",
    "identityGovernance",
    "identityProtection",
    "informationProtection",
    "invitations",
    "oauth2PermissionGrants",
    "organization",
    "permissionGrants",
    "places",
    "planner",
    "policies",
    "print",
    "privacy",
    "reports",
    "roleManagement",
    "schemaExtensions",
    "search",
    "security",
    "servicePrincipals",
    "shares",
    "sites",
    "solutions",
    "teams",
    "teamwork",
];
