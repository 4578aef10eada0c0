//! Browsers that somebody has signed in with.

use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// A browser in which a user has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInSession {
    /// Its id.
    pub id: String,
    /// SHA-256 of what its cookie holds beside the id.
    pub secret_sha256: Vec<u8>,
    /// The user's tenant.
    pub tenant_id: String,
    /// The user.
    pub user_id: String,
    /// When the user signed in.
    pub created: Ticks,
    /// When it last gave something out.
    pub last_used: Ticks,
    /// When it ends.
    pub expires: Ticks,
    /// When it was ended before that.
    pub revoked: Option<Ticks>,
}

fn read(row: &Row<'_>) -> Result<SignInSession, DbError> {
    Ok(SignInSession {
        id: row.text(0)?,
        secret_sha256: row.bytes(1)?,
        tenant_id: row.text(2)?,
        user_id: row.text(3)?,
        created: row.ticks(4)?,
        last_used: row.ticks(5)?,
        expires: row.ticks(6)?,
        revoked: row.ticks_or_null(7)?,
    })
}

/// The session of that id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<SignInSession>, DbError> {
    const SQL: &str = "
        SELECT id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks, expires_ticks, revoked_ticks
        FROM sign_in_sessions
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

/// Stores a new session.
#[derive(Clone)]
pub struct BeginSession(pub SignInSession);

impl Write for BeginSession {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            INSERT INTO sign_in_sessions (id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks, expires_ticks)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let session = &self.0;
        let values = [
            (&session.id).into(),
            session.secret_sha256.as_slice().into(),
            (&session.tenant_id).into(),
            (&session.user_id).into(),
            session.created.into(),
            session.last_used.into(),
            session.expires.into(),
        ];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}

/// Notes that something was given out in a session.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn touch(tx: &mut Tx<'_>, id: &str, now: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE sign_in_sessions
        SET last_used_ticks = ?2
        WHERE id = ?1";
    tx.execute(SQL, &[id.into(), now.into()]).await.map(|_| ())
}

/// Ends a session: its browser is not signed in any more. What was given out in it stays.
#[derive(Clone)]
pub struct EndSession {
    /// Its id.
    pub id: String,
    /// The present instant.
    pub now: Ticks,
}

impl Write for EndSession {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SESSION: &str = "
            UPDATE sign_in_sessions
            SET revoked_ticks = ?2
            WHERE id = ?1
              AND revoked_ticks IS NULL";
        tx.execute(SESSION, &[(&self.id).into(), self.now.into()])
            .await
            .map(|_| ())
    }
}
