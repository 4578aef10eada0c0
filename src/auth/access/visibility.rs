//! [`Visibility`]: which rows may be seen. Only the decisions of this room make one.

use crate::clock::Ticks;
use crate::config::{GraphConfig, MeetingRule};
use crate::db::adhoc_calls::AdhocCall;
use crate::db::artifacts::ArtifactKind;
use crate::db::meetings::OnlineMeeting;

/// Which rows a caller may see. Only this room makes one, and no query is planned without one.
#[derive(Clone, Debug)]
pub struct Visibility {
    pub(super) kind: ArtifactKind,
    pub(super) scope: Scope,
}

/// What rows belong to that may be seen.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Artifacts of a meeting.
    Meeting(Box<OnlineMeeting>),
    /// Artifacts of an ad hoc call.
    AdhocCall(AdhocCall),
    /// Artifacts of all meetings that a user organizes.
    ArtifactsOfMeetings {
        /// The user's object id.
        owner: String,
        /// Of which meetings not.
        hidden: Hidden,
    },
    /// Artifacts of all ad hoc calls of a user.
    ArtifactsOfCalls {
        /// The user's object id.
        owner: String,
    },
    /// Meetings that a user organizes.
    Meetings {
        /// The user's object id.
        owner: String,
    },
    /// Meetings of a tenant.
    MeetingsOfTenant {
        /// The tenant's id.
        tenant: String,
    },
    /// Ad hoc calls of a user.
    Calls {
        /// The user's object id.
        owner: String,
    },
}

/// Meetings whose artifacts are not shown (security.md section 2, step 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Those that are deleted, or have expired until then.
    pub expired: Option<Ticks>,
    /// Those of channels.
    pub of_channels: bool,
    /// Those that no calendar backs.
    pub uncalendared: bool,
}

impl Hidden {
    pub(super) fn by(rules: &GraphConfig, now: Ticks) -> Self {
        let refused = |rule| rule == MeetingRule::Refuse;
        Self {
            expired: refused(rules.expired_meetings).then_some(now),
            of_channels: refused(rules.channel_meetings),
            uncalendared: refused(rules.uncalendared_meetings),
        }
    }

    /// Whether any is.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
impl Visibility {
    /// Rows that a test of a plan may see, without anybody having been asked.
    pub(crate) fn for_test(kind: ArtifactKind, scope: Scope) -> Self {
        Self { kind, scope }
    }
}

impl Visibility {
    /// Rows of that kind, where they are artifacts,
    pub fn kind(&self) -> ArtifactKind {
        self.kind
    }

    /// and of that.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The meetings whose artifacts are left out.
    pub fn hidden(&self) -> Option<&Hidden> {
        match &self.scope {
            Scope::ArtifactsOfMeetings { hidden, .. } if hidden.is_any() => Some(hidden),
            _ => None,
        }
    }

    /// Whether there may be rows in the scope that are not shown.
    pub fn hides_rows(&self) -> bool {
        self.hidden().is_some()
    }

    /// Columns that have an index of their own in the scope.
    pub fn equality_indexes(&self) -> &'static [&'static str] {
        match &self.scope {
            Scope::Meeting(_) => &["content_correlation_id"],
            Scope::Meetings { .. } => &["join_web_url_key", "join_meeting_id", "external_id"],
            Scope::MeetingsOfTenant { .. } => &["video_teleconference_id"],
            Scope::AdhocCall(_)
            | Scope::ArtifactsOfMeetings { .. }
            | Scope::ArtifactsOfCalls { .. }
            | Scope::Calls { .. } => &[],
        }
    }
}
