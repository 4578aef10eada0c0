//! Application access policies: which applications may act for which users.

use super::{DbError, Session, Tx, Value};
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
    const APPLICATION: &str = "
        INSERT INTO access_policy_applications (tenant_id, identity, app_id)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    const GRANT: &str = "
        INSERT INTO access_policy_grants (tenant_id, identity, principal_folded)
        VALUES (?1, ?2, ?3)
        ON CONFLICT DO NOTHING";
    let (tenant, identity): (Value<'_>, Value<'_>) = (policy.tenant_id.into(), policy.identity.into());
    remove(tx, policy.tenant_id, policy.identity).await?;
    tx.execute(POLICY, &[tenant, identity, policy.is_global.into()])
        .await?;
    for app_id in &policy.app_ids {
        tx.execute(APPLICATION, &[tenant, identity, (*app_id).into()])
            .await?;
    }
    for principal in &policy.principals {
        tx.execute(GRANT, &[tenant, identity, (&fold(principal)).into()])
            .await?;
    }
    Ok(())
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
