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

/// What an application may do in which chat, behind that chat and permission, in order: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(
    db: &mut Session,
    app_id: &str,
    (thread, permission): (&str, &str),
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    const SQL: &str = "
        SELECT thread_id, permission
        FROM consents
        WHERE app_id = ?1
          AND (thread_id, permission) > (?2, ?3)
        ORDER BY app_id, thread_id, permission
        LIMIT ?4";
    let values = [app_id.into(), thread.into(), permission.into(), limit.into()];
    db.rows(SQL, &values, |row| Ok((row.text(0)?, row.text(1)?)))
        .await
}

/// Stores the permissions of an application in a chat, replacing all that it had there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn put(tx: &mut Tx<'_>, app_id: &str, thread: &str, permissions: &[String]) -> Result<(), DbError> {
    remove(tx, app_id, thread).await?;
    for permission in permissions {
        add(tx, app_id, thread, permission).await?;
    }
    Ok(())
}

/// Gives an application a permission in a chat; one that it has already stays.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn add(tx: &mut Tx<'_>, app_id: &str, thread: &str, permission: &str) -> Result<u64, DbError> {
    const SQL: &str = "
        INSERT INTO consents (app_id, thread_id, permission)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    tx.execute(SQL, &[app_id.into(), thread.into(), permission.into()])
        .await
}

/// Takes a permission in a chat away; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove_one(
    tx: &mut Tx<'_>,
    app_id: &str,
    thread: &str,
    permission: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM consents
        WHERE app_id = ?1
          AND thread_id = ?2
          AND permission = ?3";
    tx.execute(SQL, &[app_id.into(), thread.into(), permission.into()])
        .await
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
