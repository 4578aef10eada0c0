//! Authorizations by users, and what has been handed out for them: codes, refresh tokens, device codes. All that comes from one
//! authorization is a family, and is revoked together.

use super::sign_in_sessions;
use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// How a family began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantKind {
    /// By an authorization code.
    Code,
    /// By a device code.
    Device,
    /// On behalf of a user, for a token that another application was given.
    OnBehalf,
}

impl GrantKind {
    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Device => "device",
            Self::OnBehalf => "behalf",
        }
    }

    fn named(text: &str) -> Option<Self> {
        [Self::Code, Self::Device, Self::OnBehalf]
            .into_iter()
            .find(|kind| kind.text() == text)
    }
}

/// An authorization by a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    /// Its own id, which access tokens carry.
    pub id: String,
    /// How it began.
    pub kind: GrantKind,
    /// The tenant.
    pub tenant_id: String,
    /// The application that it is for.
    pub app_id: String,
    /// The user.
    pub user_id: String,
    /// The browser session in which it was given.
    pub session_id: Option<String>,
    /// The authorization that this one descends from, on behalf of its user; its own id where there is none.
    pub root_id: String,
    /// The `scope` that was asked for, as it was written.
    pub scope: String,
    /// When it was given.
    pub created: Ticks,
    /// When the last that came from it ends.
    pub expires: Ticks,
    /// When it was revoked.
    pub revoked: Option<Ticks>,
}

fn read(row: &Row<'_>) -> Result<TokenGrant, DbError> {
    Ok(TokenGrant {
        id: row.text(0)?,
        kind: row.parsed(1, GrantKind::named)?,
        tenant_id: row.text(2)?,
        app_id: row.text(3)?,
        user_id: row.text(4)?,
        session_id: row.text_or_null(5)?,
        root_id: row.text(6)?,
        scope: row.text(7)?,
        created: row.ticks(8)?,
        expires: row.ticks(9)?,
        revoked: row.ticks_or_null(10)?,
    })
}

/// The authorization of that id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<TokenGrant>, DbError> {
    const SQL: &str = "
        SELECT id, kind, tenant_id, app_id, user_id, session_id, root_id, scope, created_ticks, expires_ticks,
               revoked_ticks
        FROM token_grants
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

/// Whether what comes from the authorization of that id still counts.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn counts(db: &mut Session, id: &str) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT 1
        FROM token_grants
        WHERE id = ?1
          AND revoked_ticks IS NULL";
    Ok(db.row(SQL, &[id.into()], |_| Ok(())).await?.is_some())
}

/// Stores a new authorization; not if the session in which it is given, or the authorization that it descends from, has ended
/// meanwhile. Whether it is there: whoever revokes waits for the same rows, and finds it.
///
/// # Errors
/// [`DbError::Conflict`] where its application or user is not there any more.
pub(super) async fn add(tx: &mut Tx<'_>, grant: &TokenGrant) -> Result<bool, DbError> {
    const HOLD_ROOT: &str = "
        UPDATE token_grants
        SET root_id = root_id
        WHERE id = ?1
          AND revoked_ticks IS NULL";
    const SQL: &str = "
        INSERT INTO token_grants (id, kind, tenant_id, app_id, user_id, session_id, root_id, scope, created_ticks,
                                  expires_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    if let Some(session) = &grant.session_id
        && sign_in_sessions::touch(tx, session, grant.created).await? == 0
    {
        return Ok(false);
    }
    if grant.root_id != grant.id && tx.execute(HOLD_ROOT, &[(&grant.root_id).into()]).await? == 0 {
        return Ok(false);
    }
    let values = [
        (&grant.id).into(),
        grant.kind.text().into(),
        (&grant.tenant_id).into(),
        (&grant.app_id).into(),
        (&grant.user_id).into(),
        (&grant.session_id).into(),
        (&grant.root_id).into(),
        (&grant.scope).into(),
        grant.created.into(),
        grant.expires.into(),
    ];
    tx.execute(SQL, &values).await?;
    Ok(true)
}

/// Revokes a family with all that descends from the same authorization.
///
/// # Errors
/// [`DbError`] of the engine.
async fn revoke(tx: &mut Tx<'_>, grant: &TokenGrant, now: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?2
        WHERE root_id = ?1
          AND revoked_ticks IS NULL";
    tx.execute(SQL, &[(&grant.root_id).into(), now.into()])
        .await
        .map(|_| ())
}

/// Revokes all that users have let an application do: one of them, or all.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn revoke_all_of_application(
    tx: &mut Tx<'_>,
    (app_id, tenant): (&str, &str),
    user: Option<&str>,
    now: Ticks,
) -> Result<u64, DbError> {
    const ALL: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?3
        WHERE app_id = ?1
          AND tenant_id = ?2
          AND revoked_ticks IS NULL";
    const OF_USER: &str = "
        UPDATE token_grants
        SET revoked_ticks = ?3
        WHERE app_id = ?1
          AND tenant_id = ?2
          AND user_id = ?4
          AND revoked_ticks IS NULL";
    let (app_id, tenant, now) = (app_id.into(), tenant.into(), now.into());
    match user {
        Some(user) => tx.execute(OF_USER, &[app_id, tenant, now, user.into()]).await,
        None => tx.execute(ALL, &[app_id, tenant, now]).await,
    }
}

/// Lets a family live until `expires` at least.
async fn prolong(tx: &mut Tx<'_>, id: &str, expires: Ticks) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE token_grants
        SET expires_ticks = ?2
        WHERE id = ?1
          AND expires_ticks < ?2";
    tx.execute(SQL, &[id.into(), expires.into()]).await.map(|_| ())
}

/// An authorization code (RFC 6749 section 4.1), known by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub code_sha256: Vec<u8>,
    /// Where it was sent.
    pub redirect_uri: String,
    /// What its redeemer must know (RFC 7636), as S256.
    pub code_challenge: String,
    /// What the ID token must repeat.
    pub nonce: Option<String>,
    /// When it ends.
    pub expires: Ticks,
}

/// Stores an authorization with its code.
#[derive(Clone)]
pub struct GiveCode {
    /// The authorization.
    pub grant: TokenGrant,
    /// The code.
    pub code: AuthorizationCode,
}

impl Write for GiveCode {
    /// `false`: the session has ended meanwhile, and there is no code.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const SQL: &str = "
            INSERT INTO authorization_codes (code_sha256, grant_id, redirect_uri, code_challenge, nonce, expires_ticks)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        if !add(tx, &self.grant).await? {
            return Ok(false);
        }
        let values = [
            self.code.code_sha256.as_slice().into(),
            (&self.grant.id).into(),
            (&self.code.redirect_uri).into(),
            (&self.code.code_challenge).into(),
            (&self.code.nonce).into(),
            self.code.expires.into(),
        ];
        tx.execute(SQL, &values).await.map(|_| true)
    }
}

/// The code of that hash with its authorization, used or not.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_code(
    db: &mut Session,
    code_sha256: &[u8],
) -> Result<Option<(AuthorizationCode, String)>, DbError> {
    const SQL: &str = "
        SELECT code_sha256, redirect_uri, code_challenge, nonce, expires_ticks, grant_id
        FROM authorization_codes
        WHERE code_sha256 = ?1";
    db.row(SQL, &[code_sha256.into()], |row| {
        let code = AuthorizationCode {
            code_sha256: row.bytes(0)?,
            redirect_uri: row.text(1)?,
            code_challenge: row.text(2)?,
            nonce: row.text_or_null(3)?,
            expires: row.ticks(4)?,
        };
        Ok((code, row.text(5)?))
    })
    .await
}

/// A refresh token (RFC 6749 section 6), known by its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub token_sha256: Vec<u8>,
    /// When it ends unless it is used.
    pub expires: Ticks,
}

/// The refresh token of that hash with the id of its authorization, used or not.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_refresh_token(
    db: &mut Session,
    token_sha256: &[u8],
) -> Result<Option<(RefreshToken, String)>, DbError> {
    const SQL: &str = "
        SELECT token_sha256, expires_ticks, grant_id
        FROM refresh_tokens
        WHERE token_sha256 = ?1";
    db.row(SQL, &[token_sha256.into()], |row| {
        let token = RefreshToken {
            token_sha256: row.bytes(0)?,
            expires: row.ticks(1)?,
        };
        Ok((token, row.text(2)?))
    })
    .await
}

/// What can be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneTime {
    /// The authorization code of that hash.
    Code(Vec<u8>),
    /// The refresh token of that hash.
    RefreshToken(Vec<u8>),
}

/// Uses up a code or a refresh token and stores what follows it. If it was used before, or its family is revoked, the family is
/// revoked instead: two have it, and one of them has stolen it (RFC 9700 section 4.14.2).
#[derive(Clone)]
pub struct Redeem {
    /// What is used up.
    pub used: OneTime,
    /// Its family.
    pub grant: TokenGrant,
    /// The refresh token that follows, if any.
    pub next: Option<RefreshToken>,
    /// When the access token ends that is given out with it.
    pub access_expires: Ticks,
    /// The present instant.
    pub now: Ticks,
}

impl Write for Redeem {
    /// Whether it was good for once. `false`: the family is revoked now.
    type Output = bool;
    type Error = DbError;

    /// A second run could not tell its own first one from a thief.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const CODE: &str = "
            UPDATE authorization_codes
            SET used_ticks = ?2
            WHERE code_sha256 = ?1
              AND used_ticks IS NULL";
        const TOKEN: &str = "
            UPDATE refresh_tokens
            SET used_ticks = ?2
            WHERE token_sha256 = ?1
              AND used_ticks IS NULL";
        let (sql, hash) = match &self.used {
            OneTime::Code(hash) => (CODE, hash),
            OneTime::RefreshToken(hash) => (TOKEN, hash),
        };
        // The family first: who waits for it sees what became of it.
        prolong(tx, &self.grant.id, self.access_expires).await?;
        let used = tx
            .execute(sql, &[hash.as_slice().into(), self.now.into()])
            .await?;
        if used != 1 || !counts(tx, &self.grant.id).await? {
            revoke(tx, &self.grant, self.now).await?;
            return Ok(false);
        }
        if let Some(next) = &self.next {
            add_refresh_token(tx, &self.grant.id, next, self.now).await?;
        }
        Ok(true)
    }
}

pub(super) async fn add_refresh_token(
    tx: &mut Tx<'_>,
    grant_id: &str,
    token: &RefreshToken,
    now: Ticks,
) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO refresh_tokens (token_sha256, grant_id, created_ticks, expires_ticks)
        VALUES (?1, ?2, ?3, ?4)";
    let values = [
        token.token_sha256.as_slice().into(),
        grant_id.into(),
        now.into(),
        token.expires.into(),
    ];
    tx.execute(SQL, &values).await?;
    prolong(tx, grant_id, token.expires).await
}

/// Stores an authorization that begins with a refresh token, or without one.
#[derive(Clone)]
pub struct Begin {
    /// The authorization.
    pub grant: TokenGrant,
    /// Its first refresh token, if any.
    pub refresh: Option<RefreshToken>,
}

impl Write for Begin {
    /// `false`: what it descends from has ended meanwhile, and there is nothing.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        if !add(tx, &self.grant).await? {
            return Ok(false);
        }
        if let Some(token) = &self.refresh {
            add_refresh_token(tx, &self.grant.id, token, self.grant.created).await?;
        }
        Ok(true)
    }
}

/// Revokes a family.
#[derive(Clone)]
pub struct Revoke {
    /// Its authorization.
    pub grant: TokenGrant,
    /// The present instant.
    pub now: Ticks,
}

impl Write for Revoke {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        revoke(tx, &self.grant, self.now).await
    }
}
