//! Delegated permissions that have been consented to: Graph's `oauth2PermissionGrant`.

use super::{DbError, Session, Tx};

/// Whom a consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// Everybody of the tenant: an administrator has consented.
    All,
    /// One user, by object id.
    User(&'a str),
}

impl<'a> Principal<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::All => "",
            Self::User(id) => id,
        }
    }
}

/// A consent to one delegated permission, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionGrant {
    /// The tenant.
    pub tenant_id: String,
    /// The application.
    pub app_id: String,
    /// The user; `None` where it is for everybody of the tenant.
    pub principal_id: Option<String>,
    /// The permission.
    pub scope: String,
}

/// What has been consented to for `user`, by the user or for everybody.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn granted(
    db: &mut Session,
    tenant: &str,
    app_id: &str,
    user: &str,
) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT scope
        FROM oauth2_permission_grants
        WHERE tenant_id = ?1
          AND app_id = ?2
          AND principal_id IN ('', ?3)";
    db.rows(SQL, &[tenant.into(), app_id.into(), user.into()], |row| {
        row.text(0)
    })
    .await
}

/// All consents of a tenant, in order of application, principal and permission.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn of_tenant(db: &mut Session, tenant: &str) -> Result<Vec<PermissionGrant>, DbError> {
    const SQL: &str = "
        SELECT tenant_id, app_id, principal_id, scope
        FROM oauth2_permission_grants
        WHERE tenant_id = ?1
        ORDER BY tenant_id, app_id, principal_id, scope";
    db.rows(SQL, &[tenant.into()], |row| {
        Ok(PermissionGrant {
            tenant_id: row.text(0)?,
            app_id: row.text(1)?,
            principal_id: Some(row.text(2)?).filter(|id| !id.is_empty()),
            scope: row.text(3)?,
        })
    })
    .await
}

/// Adds a consent; one that is there already stays.
///
/// # Errors
/// [`DbError::Conflict`] where the application is not registered in the tenant.
pub async fn add(
    tx: &mut Tx<'_>,
    tenant: &str,
    app_id: &str,
    principal: Principal<'_>,
    scope: &str,
) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO oauth2_permission_grants (tenant_id, app_id, principal_id, scope)
        VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    let values = [
        tenant.into(),
        app_id.into(),
        principal.text().into(),
        scope.into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// Takes a consent away, if it is there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(
    tx: &mut Tx<'_>,
    tenant: &str,
    app_id: &str,
    principal: Principal<'_>,
    scope: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM oauth2_permission_grants
        WHERE tenant_id = ?1
          AND app_id = ?2
          AND principal_id = ?3
          AND scope = ?4";
    let values = [
        tenant.into(),
        app_id.into(),
        principal.text().into(),
        scope.into(),
    ];
    tx.execute(SQL, &values).await
}
