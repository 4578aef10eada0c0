//! Application access policies: which applications may act for which users.

use super::{DbError, Row, Session, Tx};
use crate::db::users::fold;

/// What the policies of a tenant say about one application and one user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyFacts {
    /// Policies granted to the user himself: `None` where there are none, else whether one names the application.
    pub personal: Option<bool>,
    /// Whether a global policy names the application.
    pub global: bool,
}

/// What the policies of `tenant` say about `app_id` acting for the user who is known by `principals` (object id
/// and userPrincipalName; empty for nobody).
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn facts(
    db: &mut Session,
    tenant: &str,
    app_id: &str,
    principals: [&str; 2],
) -> Result<PolicyFacts, DbError> {
    const PERSONAL: &str = "
        SELECT COUNT(*), COUNT(a.app_id)
        FROM access_policy_grants AS g
        LEFT JOIN access_policy_applications AS a
          ON a.tenant_id = g.tenant_id
         AND a.identity = g.identity
         AND a.app_id = ?4
        WHERE g.tenant_id = ?1
          AND g.principal_folded IN (?2, ?3)";
    const GLOBAL: &str = "
        SELECT 1
        FROM access_policy_applications AS a
        JOIN access_policies AS p
          ON p.tenant_id = a.tenant_id
         AND p.identity = a.identity
        WHERE a.tenant_id = ?1
          AND a.app_id = ?2
          AND p.is_global = TRUE";
    let [id, name] = principals.map(fold);
    let personal = if id.is_empty() && name.is_empty() {
        None
    } else {
        // Two principals that are one text would count a grant twice, which changes neither answer below.
        let values = [tenant.into(), (&id).into(), (&name).into(), app_id.into()];
        let counts = db
            .row(PERSONAL, &values, |row| Ok((row.int(0)?, row.int(1)?)))
            .await?;
        counts.and_then(|(grants, naming)| (grants > 0).then_some(naming > 0))
    };
    let global = db
        .row(GLOBAL, &[tenant.into(), app_id.into()], |_| Ok(()))
        .await?
        .is_some();
    Ok(PolicyFacts { personal, global })
}

/// A policy without what it names and whom it is granted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Tenant that it belongs to.
    pub tenant_id: String,
    /// Its name.
    pub identity: String,
    /// Granted to all who have no policy of their own.
    pub is_global: bool,
    /// What it is for.
    pub description: Option<String>,
}

fn read(row: &Row<'_>) -> Result<PolicyRow, DbError> {
    Ok(PolicyRow {
        tenant_id: row.text(0)?,
        identity: row.text(1)?,
        is_global: row.bool(2)?,
        description: row.text_or_null(3)?,
    })
}

/// The policy of that name.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, tenant: &str, identity: &str) -> Result<Option<PolicyRow>, DbError> {
    const SQL: &str = "
        SELECT tenant_id, identity, is_global, description
        FROM access_policies
        WHERE tenant_id = ?1
          AND identity = ?2";
    db.row(SQL, &[tenant.into(), identity.into()], read).await
}

/// The policies of a tenant, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn of_tenant(db: &mut Session, tenant: &str) -> Result<Vec<PolicyRow>, DbError> {
    const SQL: &str = "
        SELECT tenant_id, identity, is_global, description
        FROM access_policies
        WHERE tenant_id = ?1
        ORDER BY tenant_id, identity";
    db.rows(SQL, &[tenant.into()], read).await
}

/// The applications that a policy names, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn app_ids(db: &mut Session, tenant: &str, identity: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT app_id
        FROM access_policy_applications
        WHERE tenant_id = ?1
          AND identity = ?2
        ORDER BY tenant_id, identity, app_id";
    db.rows(SQL, &[tenant.into(), identity.into()], |row| row.text(0))
        .await
}

/// To whom which policy of a tenant is granted, behind that principal and policy, in order: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn grants(
    db: &mut Session,
    tenant: &str,
    (principal, identity): (&str, &str),
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    const SQL: &str = "
        SELECT principal_folded, identity
        FROM access_policy_grants
        WHERE tenant_id = ?1
          AND (principal_folded, identity) > (?2, ?3)
        ORDER BY tenant_id, principal_folded, identity
        LIMIT ?4";
    let values = [tenant.into(), principal.into(), identity.into(), limit.into()];
    db.rows(SQL, &values, |row| Ok((row.text(0)?, row.text(1)?)))
        .await
}

/// The policies that are granted to one principal, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn granted_to(db: &mut Session, tenant: &str, principal: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT identity
        FROM access_policy_grants
        WHERE tenant_id = ?1
          AND principal_folded = ?2
        ORDER BY tenant_id, principal_folded, identity";
    db.rows(SQL, &[tenant.into(), (&fold(principal)).into()], |row| {
        row.text(0)
    })
    .await
}

/// A policy, as it is stored.
#[derive(Debug)]
pub struct AccessPolicy<'a> {
    /// Tenant that it belongs to.
    pub tenant_id: &'a str,
    /// Its name.
    pub identity: &'a str,
    /// Applications that it names.
    pub app_ids: Vec<&'a str>,
    /// Users that it is granted to: object ids or userPrincipalNames.
    pub principals: Vec<&'a str>,
    /// Granted to all who have no policy of their own.
    pub is_global: bool,
}

/// Stores a policy, replacing the one of its tenant and identity whole.
///
/// # Errors
/// [`DbError::Conflict`] where its tenant is not there.
pub async fn put(tx: &mut Tx<'_>, policy: &AccessPolicy<'_>) -> Result<(), DbError> {
    const POLICY: &str = "
        INSERT INTO access_policies (tenant_id, identity, is_global)
        VALUES (?1, ?2, ?3)";
    let (tenant, identity) = (policy.tenant_id, policy.identity);
    remove(tx, tenant, identity).await?;
    tx.execute(POLICY, &[tenant.into(), identity.into(), policy.is_global.into()])
        .await?;
    for app_id in &policy.app_ids {
        add_application(tx, tenant, identity, app_id).await?;
    }
    for principal in &policy.principals {
        grant(tx, tenant, identity, principal).await?;
    }
    Ok(())
}

/// Says what a policy is for; gives the number of policies that it is.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn describe(
    tx: &mut Tx<'_>,
    tenant: &str,
    identity: &str,
    description: Option<&str>,
) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE access_policies
        SET description = ?3
        WHERE tenant_id = ?1
          AND identity = ?2";
    tx.execute(SQL, &[tenant.into(), identity.into(), description.into()])
        .await
}

/// Makes a policy count for all who have none of their own, or not; gives the number of policies that it is.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_global(
    tx: &mut Tx<'_>,
    tenant: &str,
    identity: &str,
    is_global: bool,
) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE access_policies
        SET is_global = ?3
        WHERE tenant_id = ?1
          AND identity = ?2";
    tx.execute(SQL, &[tenant.into(), identity.into(), is_global.into()])
        .await
}

/// Lets a policy name an application; one that it names already stays.
///
/// # Errors
/// [`DbError::Conflict`] where the policy is not there.
pub async fn add_application(
    tx: &mut Tx<'_>,
    tenant: &str,
    identity: &str,
    app_id: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        INSERT INTO access_policy_applications (tenant_id, identity, app_id)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    tx.execute(SQL, &[tenant.into(), identity.into(), app_id.into()])
        .await
}

/// Takes an application out of a policy; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove_application(
    tx: &mut Tx<'_>,
    tenant: &str,
    identity: &str,
    app_id: &str,
) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM access_policy_applications
        WHERE tenant_id = ?1
          AND identity = ?2
          AND app_id = ?3";
    tx.execute(SQL, &[tenant.into(), identity.into(), app_id.into()])
        .await
}

/// Grants a policy to a user, by object id or userPrincipalName; a grant that is there already stays.
///
/// # Errors
/// [`DbError::Conflict`] where the policy is not there.
pub async fn grant(tx: &mut Tx<'_>, tenant: &str, identity: &str, principal: &str) -> Result<u64, DbError> {
    const SQL: &str = "
        INSERT INTO access_policy_grants (tenant_id, identity, principal_folded)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    let principal = fold(principal);
    tx.execute(SQL, &[tenant.into(), identity.into(), (&principal).into()])
        .await
}

/// Takes a grant away; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn revoke(tx: &mut Tx<'_>, tenant: &str, identity: &str, principal: &str) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM access_policy_grants
        WHERE tenant_id = ?1
          AND identity = ?2
          AND principal_folded = ?3";
    let principal = fold(principal);
    tx.execute(SQL, &[tenant.into(), identity.into(), (&principal).into()])
        .await
}

/// Removes a policy, if it is there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(tx: &mut Tx<'_>, tenant: &str, identity: &str) -> Result<(), DbError> {
    const SQL: &str = "
        DELETE FROM access_policies
        WHERE tenant_id = ?1
          AND identity = ?2";
    tx.execute(SQL, &[tenant.into(), identity.into()])
        .await
        .map(|_| ())
}
