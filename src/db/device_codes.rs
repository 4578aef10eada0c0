//! Device codes (RFC 8628): a device without a browser shows a short code, and a person enters it somewhere else.

use super::token_grants::{self, RefreshToken, TokenGrant};
use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// What has become of a device code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has entered it yet.
    Pending,
    /// A user has said yes.
    Approved,
    /// A user has said no.
    Denied,
    /// The device has its tokens.
    Redeemed,
}

impl DeviceState {
    const fn text(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Redeemed => "redeemed",
        }
    }

    fn named(text: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Denied, Self::Redeemed]
            .into_iter()
            .find(|state| state.text() == text)
    }
}

/// A device that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// SHA-256 of what the device asks with.
    pub device_code_sha256: Vec<u8>,
    /// What the person enters, without hyphens, in upper case.
    pub user_code: String,
    /// The tenant as the device named it.
    pub tenant: String,
    /// The application.
    pub app_id: String,
    /// The `scope` that the device asked for, as it was written.
    pub scope: String,
    /// When it was given out.
    pub created: Ticks,
    /// When it ends.
    pub expires: Ticks,
    /// When the device last asked.
    pub last_polled: Option<Ticks>,
    /// What has become of it.
    pub state: DeviceState,
    /// The authorization, once there is one.
    pub grant_id: Option<String>,
}

fn read(row: &Row<'_>) -> Result<DeviceCode, DbError> {
    Ok(DeviceCode {
        device_code_sha256: row.bytes(0)?,
        user_code: row.text(1)?,
        tenant: row.text(2)?,
        app_id: row.text(3)?,
        scope: row.text(4)?,
        created: row.ticks(5)?,
        expires: row.ticks(6)?,
        last_polled: row.ticks_or_null(7)?,
        state: row.parsed(8, DeviceState::named)?,
        grant_id: row.text_or_null(9)?,
    })
}

/// The device code of that hash.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, device_code_sha256: &[u8]) -> Result<Option<DeviceCode>, DbError> {
    const SQL: &str = "
        SELECT device_code_sha256, user_code, tenant, app_id, scope, created_ticks, expires_ticks, last_polled_ticks, state,
               grant_id
        FROM device_codes
        WHERE device_code_sha256 = ?1";
    db.row(SQL, &[device_code_sha256.into()], read).await
}

/// The device that shows that code.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_user_code(db: &mut Session, user_code: &str) -> Result<Option<DeviceCode>, DbError> {
    const SQL: &str = "
        SELECT device_code_sha256, user_code, tenant, app_id, scope, created_ticks, expires_ticks, last_polled_ticks, state,
               grant_id
        FROM device_codes
        WHERE user_code = ?1";
    db.row(SQL, &[user_code.into()], read).await
}

/// Stores a new device code.
#[derive(Clone)]
pub struct Give(pub DeviceCode);

impl Write for Give {
    type Output = ();
    /// [`DbError::Conflict`] where another device shows that code.
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            INSERT INTO device_codes (device_code_sha256, user_code, tenant, app_id, scope, created_ticks, expires_ticks, state)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let code = &self.0;
        let values = [
            code.device_code_sha256.as_slice().into(),
            (&code.user_code).into(),
            (&code.tenant).into(),
            (&code.app_id).into(),
            (&code.scope).into(),
            code.created.into(),
            code.expires.into(),
            code.state.text().into(),
        ];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}

/// The device has asked at `now`.
#[derive(Clone)]
pub struct Poll {
    /// Its code's hash.
    pub device_code_sha256: Vec<u8>,
    /// The present instant.
    pub now: Ticks,
}

impl Write for Poll {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            UPDATE device_codes
            SET last_polled_ticks = ?2
            WHERE device_code_sha256 = ?1";
        let values = [self.device_code_sha256.as_slice().into(), self.now.into()];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}

/// Why an answer to a device does not count.
#[derive(Debug)]
pub enum DecideError {
    /// The database failed.
    Db(DbError),
    /// The session has ended meanwhile; the code still waits.
    SessionEnded,
}

impl From<DbError> for DecideError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// What a person has said.
#[derive(Clone)]
pub struct Decide {
    /// The code that was entered.
    pub user_code: String,
    /// The authorization; `None` for no.
    pub grant: Option<TokenGrant>,
    /// The present instant.
    pub now: Ticks,
}

impl Write for Decide {
    /// Whether the code still waited.
    type Output = bool;
    type Error = DecideError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DecideError> {
        const SQL: &str = "
            UPDATE device_codes
            SET state = ?2,
                grant_id = ?3
            WHERE user_code = ?1
              AND state = 'pending'
              AND expires_ticks > ?4";
        let state = match self.grant {
            Some(_) => DeviceState::Approved,
            None => DeviceState::Denied,
        };
        let grant_id = self.grant.as_ref().map(|grant| grant.id.clone());
        let values = [
            (&self.user_code).into(),
            state.text().into(),
            (&grant_id).into(),
            self.now.into(),
        ];
        if tx.execute(SQL, &values).await? != 1 {
            return Ok(false);
        }
        match &self.grant {
            Some(grant) if !token_grants::add(tx, grant).await? => Err(DecideError::SessionEnded),
            _ => Ok(true),
        }
    }
}

/// The device takes its tokens: once.
#[derive(Clone)]
pub struct Redeem {
    /// Its code's hash.
    pub device_code_sha256: Vec<u8>,
    /// Its authorization.
    pub grant_id: String,
    /// Its first refresh token, if any.
    pub refresh: Option<RefreshToken>,
    /// The present instant.
    pub now: Ticks,
}

impl Write for Redeem {
    /// Whether it still waited to be taken.
    type Output = bool;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        const SQL: &str = "
            UPDATE device_codes
            SET state = 'redeemed'
            WHERE device_code_sha256 = ?1
              AND state = 'approved'";
        if tx
            .execute(SQL, &[self.device_code_sha256.as_slice().into()])
            .await?
            != 1
        {
            return Ok(false);
        }
        if let Some(token) = &self.refresh {
            token_grants::add_refresh_token(tx, &self.grant_id, token, self.now).await?;
        }
        Ok(true)
    }
}
