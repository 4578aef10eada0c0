//! Applications: the client programs of a tenant, with what the built-in authority may put into their tokens.

use super::{DbError, Row, Session, Tx, Value};

/// An application in one tenant; the same appId may stand in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Client id, lower-case.
    pub app_id: String,
    /// Tenant in which it is registered.
    pub tenant_id: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// Argon2 hash of its secret, in PHC form.
    pub secret_hash: Option<String>,
    /// Its tokens are accepted.
    pub account_enabled: bool,
    /// It may redeem codes without proving who it is, although it has a secret: it also runs where secrets do not keep.
    pub is_fallback_public_client: bool,
}

/// What a registered permission is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionKind {
    /// Application permission: goes into `roles`.
    Role,
    /// Delegated permission: goes into `scp`.
    Scope,
    /// Resource-specific permission that it declares; a consent gives it for one chat.
    Chat,
}

impl PermissionKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Role, Self::Scope, Self::Chat];

    const fn text(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Scope => "scope",
            Self::Chat => "chat",
        }
    }
}

fn read(row: &Row<'_>) -> Result<Application, DbError> {
    Ok(Application {
        app_id: row.text(0)?,
        tenant_id: row.text(1)?,
        display_name: row.text_or_null(2)?,
        secret_hash: row.text_or_null(3)?,
        account_enabled: row.bool(4)?,
        is_fallback_public_client: row.bool(5)?,
    })
}

/// The application of that id in that tenant.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, app_id: &str, tenant: &str) -> Result<Option<Application>, DbError> {
    const SQL: &str = "
        SELECT app_id, tenant_id, display_name, secret_hash, account_enabled, is_fallback_public_client
        FROM applications
        WHERE app_id = ?1
          AND tenant_id = ?2";
    db.row(SQL, &[app_id.into(), tenant.into()], read).await
}

/// The applications of all tenants behind that appId and tenant, in order: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(
    db: &mut Session,
    (app_id, tenant): (&str, &str),
    limit: i64,
) -> Result<Vec<Application>, DbError> {
    const SQL: &str = "
        SELECT app_id, tenant_id, display_name, secret_hash, account_enabled, is_fallback_public_client
        FROM applications
        WHERE (app_id, tenant_id) > (?1, ?2)
        ORDER BY app_id, tenant_id
        LIMIT ?3";
    db.rows(SQL, &[app_id.into(), tenant.into(), limit.into()], read)
        .await
}

/// The tenants in which that appId is registered, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn tenants_of(db: &mut Session, app_id: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT tenant_id
        FROM applications
        WHERE app_id = ?1
        ORDER BY app_id, tenant_id";
    db.rows(SQL, &[app_id.into()], |row| row.text(0)).await
}

/// The names registered for an application, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn permissions(
    db: &mut Session,
    app_id: &str,
    tenant: &str,
    kind: PermissionKind,
) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT name
        FROM application_permissions
        WHERE app_id = ?1
          AND tenant_id = ?2
          AND kind = ?3
        ORDER BY app_id, tenant_id, kind, name";
    db.rows(SQL, &[app_id.into(), tenant.into(), kind.text().into()], |row| {
        row.text(0)
    })
    .await
}

/// Where the authority may send people of an application back to, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn redirect_uris(db: &mut Session, app_id: &str, tenant: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT uri
        FROM application_redirect_uris
        WHERE app_id = ?1
          AND tenant_id = ?2
        ORDER BY app_id, tenant_id, uri";
    db.rows(SQL, &[app_id.into(), tenant.into()], |row| row.text(0))
        .await
}

/// An application with all that belongs to it, as it is stored.
#[derive(Debug)]
pub struct Registration<'a> {
    /// The application itself.
    pub application: Application,
    /// Its permissions.
    pub permissions: Vec<(PermissionKind, &'a str)>,
    /// Where the authority may send people back to.
    pub redirect_uris: Vec<&'a str>,
}

/// Stores a registration, replacing the one of its appId and tenant whole. What was not registered but handed out, its
/// credentials and consents, stays.
///
/// # Errors
/// [`DbError::Conflict`] where its tenant is not there.
pub async fn put(tx: &mut Tx<'_>, registration: &Registration<'_>) -> Result<(), DbError> {
    const APPLICATION: &str = "
        INSERT INTO applications (app_id, tenant_id, display_name, secret_hash, account_enabled,
                                  is_fallback_public_client)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (app_id, tenant_id) DO UPDATE
        SET display_name = excluded.display_name,
            secret_hash = excluded.secret_hash,
            account_enabled = excluded.account_enabled,
            is_fallback_public_client = excluded.is_fallback_public_client";
    const FORGET_PERMISSIONS: &str = "
        DELETE FROM application_permissions
        WHERE app_id = ?1
          AND tenant_id = ?2";
    const FORGET_REDIRECT_URIS: &str = "
        DELETE FROM application_redirect_uris
        WHERE app_id = ?1
          AND tenant_id = ?2";
    let application = &registration.application;
    let (app_id, tenant): (Value<'_>, Value<'_>) =
        ((&application.app_id).into(), (&application.tenant_id).into());
    let values = [
        app_id,
        tenant,
        (&application.display_name).into(),
        (&application.secret_hash).into(),
        application.account_enabled.into(),
        application.is_fallback_public_client.into(),
    ];
    tx.execute(APPLICATION, &values).await?;
    tx.execute(FORGET_PERMISSIONS, &[app_id, tenant]).await?;
    tx.execute(FORGET_REDIRECT_URIS, &[app_id, tenant]).await?;
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    for permission in &registration.permissions {
        add_permission(tx, app_id, tenant, *permission).await?;
    }
    for uri in &registration.redirect_uris {
        add_redirect_uri(tx, app_id, tenant, uri).await?;
    }
    Ok(())
}

/// Lets an application's tokens count, or not; gives the number of applications that it is.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_enabled(tx: &mut Tx<'_>, app_id: &str, tenant: &str, enabled: bool) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE applications
        SET account_enabled = ?3
        WHERE app_id = ?1
          AND tenant_id = ?2";
    tx.execute(SQL, &[app_id.into(), tenant.into(), enabled.into()])
        .await
}

/// Registers a permission; one that is registered already stays.
///
/// # Errors
/// [`DbError::Conflict`] where the application is not there.
pub async fn add_permission(
    tx: &mut Tx<'_>,
    app_id: &str,
    tenant: &str,
    (kind, name): (PermissionKind, &str),
) -> Result<u64, DbError> {
    const SQL: &str = "
        INSERT INTO application_permissions (app_id, tenant_id, kind, name)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    let values = [app_id.into(), tenant.into(), kind.text().into(), name.into()];
    tx.execute(SQL, &values).await
}

/// Takes a permission away; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove_permission(
    tx: &mut Tx<'_>,
    app_id: &str,
    tenant: &str,
    (kind, name): (PermissionKind, &str),
) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM application_permissions
        WHERE app_id = ?1
          AND tenant_id = ?2
          AND kind = ?3
          AND name = ?4";
    let values = [app_id.into(), tenant.into(), kind.text().into(), name.into()];
    tx.execute(SQL, &values).await
}

/// Registers a redirect URI; one that is registered already stays.
///
/// # Errors
/// [`DbError::Conflict`] where the application is not there.
pub async fn add_redirect_uri(
    tx: &mut Tx<'_>,
    app_id: &str,
    tenant: &str,
    uri: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        INSERT INTO application_redirect_uris (app_id, tenant_id, uri)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    tx.execute(SQL, &[app_id.into(), tenant.into(), uri.into()]).await
}

/// Takes a redirect URI away; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove_redirect_uri(
    tx: &mut Tx<'_>,
    app_id: &str,
    tenant: &str,
    uri: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM application_redirect_uris
        WHERE app_id = ?1
          AND tenant_id = ?2
          AND uri = ?3";
    tx.execute(SQL, &[app_id.into(), tenant.into(), uri.into()]).await
}

/// Removes an application from a tenant, if it is there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(tx: &mut Tx<'_>, app_id: &str, tenant: &str) -> Result<(), DbError> {
    const SQL: &str = "
        DELETE FROM applications
        WHERE app_id = ?1
          AND tenant_id = ?2";
    tx.execute(SQL, &[app_id.into(), tenant.into()]).await.map(|_| ())
}
