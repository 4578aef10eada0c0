//! The property table: what each entity type has, in which order it is written, and what can be asked of it.
//!
//! `$select`, `$filter`, `$orderby`, `$metadata` and `docs/api.md` are made of these tables and of nothing else.

use crate::db::artifacts::ArtifactKind;
use crate::db::sql::KeyKind;
use crate::graph::artifact::ArtifactProperty;
use crate::graph::call::CallProperty;
use crate::graph::user::UserProperty;

/// What the properties of one type are to whoever writes them.
pub trait Member: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static {}

impl<P: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static> Member for P {}

/// The type of a property (OData CSDL section 4.4 and Graph's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `Edm.String`
    String,
    /// `Edm.DateTimeOffset`
    DateTimeOffset,
    /// `Edm.Boolean`
    Boolean,
    /// `Edm.Stream`: named, and never part of the JSON.
    Stream,
    /// A structured or enumeration type of Graph, by its name without the namespace.
    Graph(&'static str),
    /// A collection of strings.
    Strings,
}

/// A property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<P: Member> {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub of: Type,
    /// Which member it is when it is written.
    pub member: P,
    /// Where its value is stored, where rows can be filtered and ordered by it.
    pub column: Option<Column>,
    /// What it is, for `docs/api.md`.
    pub about: &'static str,
}

/// A stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the statement.
    pub sql: &'static str,
    /// What is in it.
    pub kind: ColumnKind,
    /// It may be NULL.
    pub nullable: bool,
}

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// An id: a GUID is stored in lower case.
    Id,
    /// An address to join a meeting, as [`join_web_url_key`](crate::ids::join_web_url_key) makes it.
    Address,
    /// An instant, as [`Ticks`](crate::clock::Ticks).
    Instant,
}

impl Column {
    const fn text(sql: &'static str) -> Self {
        Self {
            sql,
            kind: ColumnKind::Text,
            nullable: false,
        }
    }

    const fn id(sql: &'static str) -> Self {
        Self {
            kind: ColumnKind::Id,
            ..Self::text(sql)
        }
    }

    const fn address(sql: &'static str) -> Self {
        Self {
            kind: ColumnKind::Address,
            ..Self::text(sql)
        }
    }

    const fn instant(sql: &'static str) -> Self {
        Self {
            kind: ColumnKind::Instant,
            ..Self::text(sql)
        }
    }

    const fn or_null(self) -> Self {
        Self {
            nullable: true,
            ..self
        }
    }

    /// The type of a key in this column.
    pub const fn key(self) -> KeyKind {
        match self.kind {
            ColumnKind::Text | ColumnKind::Address | ColumnKind::Id => KeyKind::Text,
            ColumnKind::Instant => KeyKind::Int,
        }
    }
}

/// A property further down that can be asked for, such as `meetingOrganizer/user/id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its path.
    pub path: &'static str,
    /// Where its value is stored.
    pub column: Column,
}

/// A navigation property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Navigation {
    /// Its name.
    pub name: &'static str,
    /// The type of its members.
    pub target: &'static str,
}

/// A type of Graph's schema.
#[derive(Debug, PartialEq, Eq)]
pub struct EntityType<P: Member> {
    /// Its name without `microsoft.graph.`.
    pub name: &'static str,
    /// The segment of its collection.
    pub collection: &'static str,
    /// What it has: first what is part of the JSON, in the order of the reference page's example 3, then its streams.
    pub properties: &'static [Property<P>],
    /// What it has beside these, for who selects it.
    pub on_demand: &'static [Property<P>],
    /// What can be asked for below its properties.
    pub paths: &'static [Path],
    /// What leads on from it.
    pub navigation: &'static [Navigation],
    /// The beginning of a statement that reads it.
    pub select: &'static str,
    /// What its lists are ordered by, before the id.
    pub order: &'static [Column],
}

const fn property<P: Member>(name: &'static str, of: Type, member: P, about: &'static str) -> Property<P> {
    Property {
        name,
        of,
        member,
        column: None,
        about,
    }
}

impl<P: Member> Property<P> {
    const fn stored(self, column: Column) -> Self {
        Self {
            column: Some(column),
            ..self
        }
    }
}

const CREATED: Column = Column::instant("created_ticks");

const ID: Property<ArtifactProperty> =
    property("id", Type::String, ArtifactProperty::Id, "Names it.").stored(Column::text("id"));
const MEETING_ID: Property<ArtifactProperty> = property(
    "meetingId",
    Type::String,
    ArtifactProperty::MeetingId,
    "The meeting; absent for an ad hoc call.",
)
.stored(Column::text("meeting_id").or_null());
const CALL_ID: Property<ArtifactProperty> = property(
    "callId",
    Type::String,
    ArtifactProperty::CallId,
    "The call in which it was made.",
)
.stored(Column::text("call_id"));
const CORRELATION: Property<ArtifactProperty> = property(
    "contentCorrelationId",
    Type::String,
    ArtifactProperty::ContentCorrelationId,
    "The same for a recording and its transcript.",
)
.stored(Column::text("content_correlation_id"));
const CREATED_DATE_TIME: Property<ArtifactProperty> = property(
    "createdDateTime",
    Type::DateTimeOffset,
    ArtifactProperty::CreatedDateTime,
    "When it began: UTC, seven decimals.",
)
.stored(CREATED);
const END_DATE_TIME: Property<ArtifactProperty> = property(
    "endDateTime",
    Type::DateTimeOffset,
    ArtifactProperty::EndDateTime,
    "When it ended, or null.",
)
.stored(Column::instant("end_ticks").or_null());
const ORGANIZER: Property<ArtifactProperty> = property(
    "meetingOrganizer",
    Type::Graph("identitySet"),
    ArtifactProperty::MeetingOrganizer,
    "An identity set with the organizer's `id` and `tenantId`; `displayName` is null.",
);
const CONTENT: Property<ArtifactProperty> = property(
    "content",
    Type::Stream,
    ArtifactProperty::Content,
    "Its bytes, at `/content`.",
);

const SELECT_ARTIFACTS: &str = "
        SELECT id, call_id, content_correlation_id, created_ticks, end_ticks, quarantined, meeting_id, adhoc_call_id,
               owner_id, tenant_id";

/// The column with the object id of whose an artifact is.
pub(super) const OWNER: &str = "owner_id";

const ORGANIZER_PATHS: &[Path] = &[
    Path {
        path: "meetingOrganizer/user/id",
        column: Column::id(OWNER),
    },
    Path {
        path: "meetingOrganizer/user/tenantId",
        column: Column::id("tenant_id"),
    },
];

static RECORDING: EntityType<ArtifactProperty> = EntityType {
    name: "callRecording",
    collection: "recordings",
    properties: &[
        ID,
        MEETING_ID,
        CALL_ID,
        CORRELATION,
        CREATED_DATE_TIME,
        END_DATE_TIME,
        property(
            "recordingContentUrl",
            Type::String,
            ArtifactProperty::ContentUrl,
            "Where the content is, under the organizer, whoever asked.",
        ),
        ORGANIZER,
        CONTENT,
    ],
    on_demand: &[],
    paths: ORGANIZER_PATHS,
    navigation: &[],
    select: SELECT_ARTIFACTS,
    order: &[CREATED],
};

static TRANSCRIPT: EntityType<ArtifactProperty> = EntityType {
    name: "callTranscript",
    collection: "transcripts",
    properties: &[
        ID,
        MEETING_ID,
        CALL_ID,
        CORRELATION,
        CREATED_DATE_TIME,
        END_DATE_TIME,
        property(
            "transcriptContentUrl",
            Type::String,
            ArtifactProperty::ContentUrl,
            "Where the content is, under the organizer, whoever asked.",
        ),
        ORGANIZER,
        CONTENT,
        property(
            "metadataContent",
            Type::Stream,
            ArtifactProperty::MetadataContent,
            "Who said what and when, at `/metadataContent`.",
        ),
    ],
    on_demand: &[],
    paths: ORGANIZER_PATHS,
    navigation: &[],
    select: SELECT_ARTIFACTS,
    order: &[CREATED],
};

const ARTIFACTS_OF_IT: &[Navigation] = &[
    Navigation {
        name: "recordings",
        target: "callRecording",
    },
    Navigation {
        name: "transcripts",
        target: "callTranscript",
    },
];

/// `adhocCall`
pub static ADHOC_CALL: EntityType<CallProperty> = EntityType {
    name: "adhocCall",
    collection: "adhocCalls",
    properties: &[property("id", Type::String, CallProperty::Id, "Names it.").stored(Column::text("id"))],
    on_demand: &[],
    paths: &[],
    navigation: ARTIFACTS_OF_IT,
    select: "
        SELECT id, tenant_id, user_id",
    order: &[],
};

/// `user`, as far as programs that read recordings look at it.
pub static USER: EntityType<UserProperty> = EntityType {
    name: "user",
    collection: "users",
    properties: &[
        property(
            "businessPhones",
            Type::Strings,
            UserProperty::BusinessPhones,
            "Always empty.",
        ),
        property(
            "displayName",
            Type::String,
            UserProperty::DisplayName,
            "What people call it.",
        ),
        property("givenName", Type::String, UserProperty::Unknown, "Always null."),
        property("jobTitle", Type::String, UserProperty::Unknown, "Always null."),
        property("mail", Type::String, UserProperty::Mail, "Mail address."),
        property("mobilePhone", Type::String, UserProperty::Unknown, "Always null."),
        property(
            "officeLocation",
            Type::String,
            UserProperty::Unknown,
            "Always null.",
        ),
        property(
            "preferredLanguage",
            Type::String,
            UserProperty::Unknown,
            "Always null.",
        ),
        property("surname", Type::String, UserProperty::Unknown, "Always null."),
        property(
            "userPrincipalName",
            Type::String,
            UserProperty::UserPrincipalName,
            "Sign-in name.",
        ),
        property("id", Type::String, UserProperty::Id, "Object id."),
    ],
    on_demand: &[
        property(
            "accountEnabled",
            Type::Boolean,
            UserProperty::AccountEnabled,
            "May sign in. Only with `$select`.",
        ),
        property(
            "userType",
            Type::String,
            UserProperty::UserType,
            "`Member` or `Guest`. Only with `$select`.",
        ),
    ],
    paths: &[],
    navigation: &[
        Navigation {
            name: "onlineMeetings",
            target: "onlineMeeting",
        },
        Navigation {
            name: "adhocCalls",
            target: "adhocCall",
        },
    ],
    select: "",
    order: &[],
};

mod meeting;
pub mod types;
pub use meeting::MEETING;

impl EntityType<ArtifactProperty> {
    /// The type of that kind of artifact.
    pub fn of(kind: ArtifactKind) -> &'static Self {
        match kind {
            ArtifactKind::Recording => &RECORDING,
            ArtifactKind::Transcript => &TRANSCRIPT,
        }
    }
}

impl<P: Member> EntityType<P> {
    /// Every property.
    pub fn all(&self) -> impl Iterator<Item = &'static Property<P>> {
        self.properties.iter().chain(self.on_demand)
    }

    /// The property of that name, in whatever case: the reference itself writes `contentcorrelationId`.
    pub fn property(&self, name: &str) -> Option<&'static Property<P>> {
        self.all()
            .find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// The stored value behind a path, in whatever case.
    pub fn column(&self, path: &odata::filter::PropertyPath) -> Option<Column> {
        let deeper = self.paths.iter().find(|known| path.is(known.path));
        match (deeper, path.0.as_slice()) {
            (Some(known), _) => Some(known.column),
            (None, [name]) => self.property(name)?.column,
            (None, _) => None,
        }
    }

    /// Whether a path names something that the type has, stored or not.
    pub fn has(&self, path: &odata::filter::PropertyPath) -> bool {
        match path.0.as_slice() {
            [] => false,
            [name] => self.property(name).is_some(),
            [name, ..] => self
                .property(name)
                .is_some_and(|property| matches!(property.of, Type::Graph(_))),
        }
    }

    /// Graph's words for a name that the type does not have.
    pub fn no_property(&self, name: &str) -> String {
        format!(
            "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
            self.name
        )
    }
}
