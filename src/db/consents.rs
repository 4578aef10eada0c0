//! Resource-specific consents: what an application may do in one chat.

use super::{DbError, Session, Tx};

/// Whether the application has that permission in that chat.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn granted(
    db: &mut Session,
    app_id: &str,
    thread: &str,
    permission: &str,
) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT 1
        FROM consents
        WHERE app_id = ?1
          AND thread_id = ?2
          AND permission = ?3";
    Ok(db
        .row(
            SQL,
            &[app_id.into(), thread.into(), permission.into()],
            |_| Ok(()),
        )
        .await?
        .is_some())
}

/// Stores the permissions of an application in a chat, replacing all that it had there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn put(tx: &mut Tx<'_>, app_id: &str, thread: &str, permissions: &[String]) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO consents (app_id, thread_id, permission)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    remove(tx, app_id, thread).await?;
    for permission in permissions {
        tx.execute(SQL, &[app_id.into(), thread.into(), permission.into()])
            .await?;
    }
    Ok(())
}

/// Removes what an application may do in a chat.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(tx: &mut Tx<'_>, app_id: &str, thread: &str) -> Result<(), DbError> {
    const SQL: &str = "
        DELETE FROM consents
        WHERE app_id = ?1
          AND thread_id = ?2";
    tx.execute(SQL, &[app_id.into(), thread.into()]).await.map(|_| ())
}
