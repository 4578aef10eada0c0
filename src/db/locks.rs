//! Locks: what only one write at a time may do.
//!
//! A statement of a PostgreSQL transaction sees what others have committed before it, so a write that looks first and
//! acts on what it saw takes a lock before it looks. On SQLite there is one writer at a time anyway.

use super::{DbError, Tx};

/// What is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Who and what there is: tenants, people, applications, policies, meetings, and the artifacts that a seed describes.
    Directory,
    /// The store's own keys.
    Keys,
}

impl Lock {
    const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Keys => "keys",
        }
    }
}

/// Takes a lock, waiting for whoever has it; it is given back at the end of the transaction. To be taken before
/// anything is read.
///
/// # Errors
/// [`DbError::Busy`] where that takes too long.
pub async fn take(tx: &mut Tx<'_>, lock: Lock) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE write_locks
        SET name = name
        WHERE name = ?1";
    match tx.execute(SQL, &[lock.name().into()]).await? {
        1 => Ok(()),
        _ => Err(DbError::Foreign),
    }
}
