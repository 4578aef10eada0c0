//! Ad hoc calls: calls that nobody scheduled.

use super::pages::Listed;
use super::{DbError, Row, Session, Tx, described};

/// An ad hoc call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdhocCall {
    /// Its id.
    pub id: String,
    /// Tenant of its user.
    pub tenant_id: String,
    /// Object id of the user who made it.
    pub user_id: String,
}

/// The call of that id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<AdhocCall>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, user_id
        FROM adhoc_calls
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

impl Listed for AdhocCall {
    const COLUMNS: usize = 3;

    fn read(row: &Row<'_>) -> Result<Self, DbError> {
        read(row)
    }

    fn id(&self) -> &str {
        &self.id
    }
}

fn read(row: &Row<'_>) -> Result<AdhocCall, DbError> {
    Ok(AdhocCall {
        id: row.text(0)?,
        tenant_id: row.text(1)?,
        user_id: row.text(2)?,
    })
}

/// Stores a call, replacing the one of its id.
///
/// # Errors
/// [`DbError::Conflict`] where its user is not there.
pub async fn put(tx: &mut Tx<'_>, call: &AdhocCall) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO adhoc_calls (id, tenant_id, user_id)
        VALUES (?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE
        SET tenant_id = excluded.tenant_id,
            user_id = excluded.user_id";
    // Where it has become somebody else's, so has all that belongs to it.
    const ARTIFACTS: &str = "
        UPDATE artifacts
        SET owner_id = ?2,
            tenant_id = ?3
        WHERE adhoc_call_id = ?1
          AND owner_id <> ?2";
    let id = (&call.id).into();
    tx.execute(SQL, &[id, (&call.tenant_id).into(), (&call.user_id).into()])
        .await?;
    let owner = [id, (&call.user_id).into(), (&call.tenant_id).into()];
    tx.execute(ARTIFACTS, &owner).await?;
    described::call(tx, &call.id).await
}

/// Removes a call, if it is there.
///
/// # Errors
/// [`DbError::Conflict`] while it has recordings or transcripts.
pub async fn remove(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    tx.execute("DELETE FROM adhoc_calls WHERE id = ?1", &[id.into()])
        .await
        .map(|_| ())
}
