//! Browsers that somebody has signed in with, and what ends with them. A session is the parent of the grants that were
//! given in it, so whatever ends a session ends these too, in the same transaction.

use super::locks::{self, Lock};
use super::{DbError, Row, Session, Tx, Write, users};
use crate::clock::Ticks;

/// A browser that somebody has signed in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInSession {
    /// Its id, which is no secret.
    pub id: String,
    /// SHA-256 of what the browser keeps.
    pub secret_sha256: Vec<u8>,
    /// The user's tenant.
    pub tenant_id: String,
    /// Who has signed in.
    pub user_id: String,
    /// When that was.
    pub created: Ticks,
    /// When it was last used.
    pub last_used: Ticks,
    /// When it ends.
    pub expires: Ticks,
    /// When it was revoked.
    pub revoked: Option<Ticks>,
}

/// An authorization that is going on, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveGrant {
    /// Its id.
    pub id: String,
    /// How it was given: `code`, `device` or `behalf`.
    pub kind: String,
    /// The user's tenant.
    pub tenant_id: String,
    /// The application that has it.
    pub app_id: String,
    /// The user who has given it.
    pub user_id: String,
    /// The session in which that was; `None` for a device.
    pub session_id: Option<String>,
    /// When that was.
    pub created: Ticks,
    /// When it ends.
    pub expires: Ticks,
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

fn read_grant(row: &Row<'_>) -> Result<LiveGrant, DbError> {
    Ok(LiveGrant {
        id: row.text(0)?,
        kind: row.text(1)?,
        tenant_id: row.text(2)?,
        app_id: row.text(3)?,
        user_id: row.text(4)?,
        session_id: row.text_or_null(5)?,
        created: row.ticks(6)?,
        expires: row.ticks(7)?,
    })
}

/// Stores a new session.
///
/// # Errors
/// [`DbError::Conflict`] where the user is not there.
pub async fn put(tx: &mut Tx<'_>, session: &SignInSession) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO sign_in_sessions (id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks,
                                      expires_ticks, revoked_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = [
        (&session.id).into(),
        session.secret_sha256.as_slice().into(),
        (&session.tenant_id).into(),
        (&session.user_id).into(),
        session.created.into(),
        session.last_used.into(),
        session.expires.into(),
        session.revoked.into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// The session of that id, ended ones included.
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

/// Writes down that a session is in use.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn touch(tx: &mut Tx<'_>, id: &str, now: Ticks) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE sign_in_sessions
        SET last_used_ticks = ?2
        WHERE id = ?1
          AND revoked_ticks IS NULL";
    tx.execute(SQL, &[id.into(), now.into()]).await
}

/// The sessions of a tenant that are not revoked and end after that instant and id, soonest first: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn live(
    db: &mut Session,
    tenant: &str,
    (ends, id): (Ticks, &str),
    limit: i64,
) -> Result<Vec<SignInSession>, DbError> {
    const SQL: &str = "
        SELECT id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks, expires_ticks, revoked_ticks
        FROM sign_in_sessions
        WHERE (expires_ticks, id) > (?2, ?3)
          AND tenant_id = ?1
          AND revoked_ticks IS NULL
        ORDER BY expires_ticks, id
        LIMIT ?4";
    db.rows(SQL, &[tenant.into(), ends.into(), id.into(), limit.into()], read)
        .await
}

/// The sessions of a user that are not revoked and were begun after that instant and id, oldest first: a page. Whether one
/// has expired is the caller's to see.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn of_user(
    db: &mut Session,
    user: &str,
    (created, id): (Ticks, &str),
    limit: i64,
) -> Result<Vec<SignInSession>, DbError> {
    const SQL: &str = "
        SELECT id, secret_sha256, tenant_id, user_id, created_ticks, last_used_ticks, expires_ticks, revoked_ticks
        FROM sign_in_sessions
        WHERE user_id = ?1
          AND (created_ticks, id) > (?2, ?3)
          AND revoked_ticks IS NULL
        ORDER BY created_ticks, id
        LIMIT ?4";
    db.rows(SQL, &[user.into(), created.into(), id.into(), limit.into()], read)
        .await
}

/// The grants of a tenant that are not revoked and end after that instant and id, soonest first: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn live_grants(
    db: &mut Session,
    tenant: &str,
    (ends, id): (Ticks, &str),
    limit: i64,
) -> Result<Vec<LiveGrant>, DbError> {
    const SQL: &str = "
        SELECT id, kind, tenant_id, app_id, user_id, session_id, created_ticks, expires_ticks
        FROM token_grants
        WHERE (expires_ticks, id) > (?2, ?3)
          AND tenant_id = ?1
          AND revoked_ticks IS NULL
        ORDER BY expires_ticks, id
        LIMIT ?4";
    let values = [tenant.into(), ends.into(), id.into(), limit.into()];
    db.rows(SQL, &values, read_grant).await
}

/// The grants of a user that are not revoked and were given after that instant and id, oldest first: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn grants_of_user(
    db: &mut Session,
    user: &str,
    (created, id): (Ticks, &str),
    limit: i64,
) -> Result<Vec<LiveGrant>, DbError> {
    const SQL: &str = "
        SELECT id, kind, tenant_id, app_id, user_id, session_id, created_ticks, expires_ticks
        FROM token_grants
        WHERE user_id = ?1
          AND (created_ticks, id) > (?2, ?3)
          AND revoked_ticks IS NULL
        ORDER BY created_ticks, id
        LIMIT ?4";
    let values = [user.into(), created.into(), id.into(), limit.into()];
    db.rows(SQL, &values, read_grant).await
}

/// Ends a session of a tenant and all that was granted in it; or a grant that is known by that id. Gives how many of both
/// were going on.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn revoke(tx: &mut Tx<'_>, tenant: &str, id: &str, now: Ticks) -> Result<u64, DbError> {
    const SESSION: &str = "
        UPDATE sign_in_sessions
        SET revoked_ticks = ?3
        WHERE id = ?1
          AND tenant_id = ?2
          AND revoked_ticks IS NULL";
    const GRANTS_OF_SESSION: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?3
        WHERE session_id = ?1
          AND tenant_id = ?2
          AND revoked_ticks IS NULL";
    const GRANT: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?3
        WHERE id = ?1
          AND tenant_id = ?2
          AND revoked_ticks IS NULL";
    const DESCENDANTS: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?3
        WHERE root_id = ?1
          AND tenant_id = ?2
          AND revoked_ticks IS NULL";
    let values = [id.into(), tenant.into(), now.into()];
    let mut ended = 0;
    for sql in [SESSION, GRANTS_OF_SESSION, GRANT, DESCENDANTS] {
        ended += tx.execute(sql, &values).await?;
    }
    Ok(ended)
}

/// Ends all sessions of a user and all that the user has granted; gives how many of both were going on.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn revoke_all_of_user(tx: &mut Tx<'_>, user: &str, now: Ticks) -> Result<u64, DbError> {
    const SESSIONS: &str = "
        UPDATE sign_in_sessions
        SET revoked_ticks = ?2
        WHERE user_id = ?1
          AND revoked_ticks IS NULL";
    const GRANTS: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?2
        WHERE user_id = ?1
          AND revoked_ticks IS NULL";
    let values = [user.into(), now.into()];
    Ok(tx.execute(SESSIONS, &values).await? + tx.execute(GRANTS, &values).await?)
}

/// Stores a new session, unless the user has been disabled or given another password since it was asked who it is. Ends the
/// session that the same browser had before.
#[derive(Clone)]
pub struct BeginSession {
    /// The session.
    pub session: SignInSession,
    /// The hash of the password that was right; `None` where another provider has signed the user in.
    pub password_hash: Option<String>,
    /// The session of the browser so far.
    pub before: Option<String>,
}

impl Write for BeginSession {
    /// Whether it has begun.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        // Changes of users take it too.
        locks::take(tx, Lock::Directory).await?;
        let user = users::find(tx, &self.session.user_id).await?;
        let user = user.filter(|user| user.account_enabled && user.deleted.is_none());
        let is_same = match (&user, &self.password_hash) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(user), known) => user.password_hash == *known,
        };
        if !is_same {
            return Ok(false);
        }
        if let Some(before) = self.before {
            end(tx, &before, self.session.created).await?;
        }
        put(tx, &self.session).await?;
        Ok(true)
    }
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
        end(tx, &self.id, self.now).await
    }
}

async fn end(tx: &mut Tx<'_>, id: &str, now: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE sign_in_sessions
        SET revoked_ticks = ?2
        WHERE id = ?1
          AND revoked_ticks IS NULL";
    tx.execute(SQL, &[id.into(), now.into()]).await.map(|_| ())
}
