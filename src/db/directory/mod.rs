//! Changes of the directory that an administrator makes: who and what there is, and who may do what. Each is a [`Write`]
//! with a name that takes [`Lock::Directory`] and looks before it acts, so that what it says is what it has found.
//!
//! [`Write`]: super::Write
//! [`Lock::Directory`]: super::locks::Lock::Directory

pub mod access_policies;
pub mod applications;
pub mod bootstrap;
pub mod consents;
pub mod federated;
pub mod users;

use super::DbError;

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The database failed.
    #[error(transparent)]
    Db(DbError),
    /// What was to be changed is not there.
    #[error("it is not there")]
    NotThere,
    /// What was to be made is there already.
    #[error("it is there already")]
    AlreadyThere,
    /// The application has as many secrets as it may have.
    #[error("there are as many secrets as there may be")]
    TooManySecrets,
    /// Another tenant has the domain.
    #[error("another tenant has that domain")]
    DomainTaken,
    /// Others are administrators, by object id.
    #[error("there are administrators already")]
    OtherAdministrators(Vec<String>),
}

/// A conflict that the change has not foreseen is with what there is already.
impl From<DbError> for ChangeError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Conflict(_) => Self::AlreadyThere,
            other => Self::Db(other),
        }
    }
}
