//! [`DbError`]: what can go wrong, by meaning. It knows no status code.

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A constraint refused the change; the text names its table and columns as the engine does.
    #[error("a constraint refused the change: {0}")]
    Conflict(String),
    /// Somebody else has been writing for too long.
    #[error("the database is busy: another process has been writing to it for too long")]
    Busy,
    /// The disk is full.
    #[error("no space is left for the database")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the database cannot be written: its file or folder is read-only for this user")]
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
    /// The file is a database of something else.
    #[error("the file is not a graphophone store")]
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

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::SqliteFailure(code, text) => match code.code {
                ErrorCode::ConstraintViolation => Self::Conflict(text.clone().unwrap_or_default()),
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
                ErrorCode::NotADatabase => Self::Foreign,
                _ => Self::Engine(Box::new(error)),
            },
            _ => Self::Engine(Box::new(error)),
        }
    }
}
