//! [`DbError`]: what can go wrong, by meaning. It knows no status code.

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A constraint refused the change; the text names its table and columns as the engine does.
    #[error("a constraint refused the change: {0}")]
    Conflict(String),
    /// Somebody else has been writing for too long.
    #[error(
        "the database is busy: others have been writing to it for too long, or all connections are in use"
    )]
    Busy,
    /// The server of the database cannot be reached, or has broken off.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The database refuses what was asked, for want of a right.
    #[error("the database refuses it: {0}")]
    Denied(String),
    /// The database cannot be used as it is set up; the text says what to do.
    #[error("{0}")]
    SetUp(String),
    /// The disk is full.
    #[error("no space is left for the database")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the database cannot be written: it is read-only for this user, or this server of it is")]
    ReadOnly,
    /// The store was written by a later version of this program.
    #[error(
        "the store is of a newer version (schema {found}, this program knows {known}): use a newer graphophone"
    )]
    Newer {
        /// Schema number of the store.
        found: i64,
        /// Newest schema number that this program knows.
        known: i64,
    },
    /// The database is one of something else.
    #[error("the database is not a graphophone store: name one of its own")]
    Foreign,
    /// A stored value has a form that this program does not know.
    #[error("a stored value is unreadable: column {column} holds {found:?}")]
    Unreadable {
        /// Number of the column, from 0.
        column: usize,
        /// What it holds.
        found: String,
    },
    /// The writer has stopped, or never started.
    #[error("the database writer has stopped")]
    Stopped,
    /// Anything else that the engine says.
    #[error("the database failed: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DbError {
    /// The same meaning again, for another caller that waited for the same commit.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Conflict(text) => Self::Conflict(text.clone()),
            Self::Busy => Self::Busy,
            Self::Unreachable(text) => Self::Unreachable(text.clone()),
            Self::Denied(text) => Self::Denied(text.clone()),
            Self::SetUp(text) => Self::SetUp(text.clone()),
            Self::Full => Self::Full,
            Self::ReadOnly => Self::ReadOnly,
            Self::Newer { found, known } => Self::Newer {
                found: *found,
                known: *known,
            },
            Self::Foreign => Self::Foreign,
            Self::Unreadable { column, found } => Self::Unreadable {
                column: *column,
                found: found.clone(),
            },
            Self::Stopped => Self::Stopped,
            Self::Engine(cause) => Self::Engine(cause.to_string().into()),
        }
    }
}
