//! Users.

use super::{DbError, Row, Session, Tx, Value, described};
use crate::clock::Ticks;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Object id, lower-case.
    pub id: String,
    /// Tenant that it belongs to.
    pub tenant_id: String,
    /// Sign-in name, as written.
    pub user_principal_name: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Argon2 hash of the password, in PHC form.
    pub password_hash: Option<String>,
    /// How a foreign issuer names it.
    pub external_id: Option<String>,
    /// Not a member but a guest of the tenant.
    pub is_guest: bool,
    /// May sign in.
    pub account_enabled: bool,
    /// When it was deleted.
    pub deleted: Option<Ticks>,
}

/// What a user may do for the whole tenant, by the name that Entra gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectoryRole {
    /// Consents for everybody.
    GlobalAdministrator,
}

impl DirectoryRole {
    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "Global Administrator",
        }
    }

    /// The role of that name.
    pub fn named(text: &str) -> Option<Self> {
        [Self::GlobalAdministrator]
            .into_iter()
            .find(|role| role.text().eq_ignore_ascii_case(text))
    }
}

/// `text` as it is compared where case does not count.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

fn read(row: &Row<'_>) -> Result<User, DbError> {
    Ok(User {
        id: row.text(0)?,
        tenant_id: row.text(1)?,
        user_principal_name: row.text_or_null(2)?,
        display_name: row.text_or_null(3)?,
        mail: row.text_or_null(4)?,
        password_hash: row.text_or_null(5)?,
        external_id: row.text_or_null(6)?,
        is_guest: row.parsed(7, |text| match text {
            "Guest" => Some(true),
            "Member" => Some(false),
            _ => None,
        })?,
        account_enabled: row.bool(8)?,
        deleted: row.ticks_or_null(9)?,
    })
}

/// The user of that object id, deleted ones included.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<User>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

/// The user of that sign-in name in that tenant who is not deleted.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_principal_name(
    db: &mut Session,
    tenant: &str,
    name: &str,
) -> Result<Option<User>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE tenant_id = ?1
          AND user_principal_name_folded = ?2
          AND deleted_ticks IS NULL";
    db.row(SQL, &[tenant.into(), (&fold(name)).into()], read).await
}

/// The users of that sign-in name in any tenant who are not deleted; two are enough to see that it is ambiguous.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_all_by_principal_name(db: &mut Session, name: &str) -> Result<Vec<User>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE user_principal_name_folded = ?1
          AND deleted_ticks IS NULL
        ORDER BY id
        LIMIT 2";
    db.rows(SQL, &[(&fold(name)).into()], read).await
}

/// The users of a tenant behind that object id, deleted ones included, in order: a page.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(db: &mut Session, tenant: &str, after: &str, limit: i64) -> Result<Vec<User>, DbError> {
    const SQL: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE tenant_id = ?1
          AND id > ?2
        ORDER BY id
        LIMIT ?3";
    db.rows(SQL, &[tenant.into(), after.into(), limit.into()], read)
        .await
}

/// The user whom a foreign issuer of that tenant names so; a deleted one where nobody else has that name.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_external_id(
    db: &mut Session,
    tenant: &str,
    external: &str,
) -> Result<Option<User>, DbError> {
    const LIVING: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE tenant_id = ?1
          AND external_id = ?2
          AND deleted_ticks IS NULL";
    const DELETED: &str = "
        SELECT id, tenant_id, user_principal_name, display_name, mail, password_hash, external_id, user_type,
               account_enabled, deleted_ticks
        FROM users
        WHERE tenant_id = ?1
          AND external_id = ?2
          AND deleted_ticks IS NOT NULL
        ORDER BY id
        LIMIT 1";
    let values = [tenant.into(), external.into()];
    match db.row(LIVING, &values, read).await? {
        Some(user) => Ok(Some(user)),
        None => db.row(DELETED, &values, read).await,
    }
}

/// Stores `user`, replacing the one of its id.
///
/// # Errors
/// [`DbError::Conflict`] where its sign-in name or external id is another's, or its tenant is not there.
pub async fn put(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO users (id, tenant_id, user_principal_name, user_principal_name_folded, display_name, mail,
                           password_hash, external_id, user_type, account_enabled, deleted_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (id) DO UPDATE
        SET tenant_id = excluded.tenant_id,
            user_principal_name = excluded.user_principal_name,
            user_principal_name_folded = excluded.user_principal_name_folded,
            display_name = excluded.display_name,
            mail = excluded.mail,
            password_hash = excluded.password_hash,
            external_id = excluded.external_id,
            user_type = excluded.user_type,
            account_enabled = excluded.account_enabled,
            deleted_ticks = excluded.deleted_ticks";
    let before = find(tx, &user.id).await?;
    let folded = user.user_principal_name.as_deref().map(fold);
    let values: [Value<'_>; 11] = [
        (&user.id).into(),
        (&user.tenant_id).into(),
        (&user.user_principal_name).into(),
        (&folded).into(),
        (&user.display_name).into(),
        (&user.mail).into(),
        (&user.password_hash).into(),
        (&user.external_id).into(),
        if user.is_guest { "Guest" } else { "Member" }.into(),
        user.account_enabled.into(),
        user.deleted.into(),
    ];
    tx.execute(SQL, &values).await?;
    let names = |user: &User| (user.user_principal_name.clone(), user.display_name.clone());
    if before.is_some_and(|before| names(&before) != names(user)) {
        described::user(tx, &user.id).await?;
    }
    described::tenant(tx, &user.tenant_id).await
}

/// The roles of a user, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn roles(db: &mut Session, id: &str) -> Result<Vec<DirectoryRole>, DbError> {
    const SQL: &str = "
        SELECT role
        FROM directory_roles
        WHERE user_id = ?1
        ORDER BY user_id, role";
    db.rows(SQL, &[id.into()], |row| row.parsed(0, DirectoryRole::named))
        .await
}

/// Stores the roles of a user, replacing those it had.
///
/// # Errors
/// [`DbError::Conflict`] where the user is not there.
pub async fn put_roles(tx: &mut Tx<'_>, id: &str, roles: &[DirectoryRole]) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO directory_roles (user_id, role)
        VALUES (?1, ?2)
        ON CONFLICT DO NOTHING";
    tx.execute("DELETE FROM directory_roles WHERE user_id = ?1", &[id.into()])
        .await?;
    for role in roles {
        tx.execute(SQL, &[id.into(), role.text().into()]).await?;
    }
    described::tenant_of(tx, id).await
}

/// Everybody who has that role, in any tenant, by object id: a few.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn with_role(db: &mut Session, role: DirectoryRole) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT user_id
        FROM directory_roles
        WHERE role = ?1
        ORDER BY user_id";
    db.rows(SQL, &[role.text().into()], |row| row.text(0)).await
}

/// Gives a user another password, or none; gives the number of users that it is.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_password(tx: &mut Tx<'_>, id: &str, hash: Option<&str>) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE users
        SET password_hash = ?2
        WHERE id = ?1";
    tx.execute(SQL, &[id.into(), hash.into()]).await
}

/// Lets a user in, or not; gives the number of users that it is.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn set_enabled(tx: &mut Tx<'_>, id: &str, enabled: bool) -> Result<u64, DbError> {
    const SQL: &str = "
        UPDATE users
        SET account_enabled = ?2
        WHERE id = ?1";
    let changed = tx.execute(SQL, &[id.into(), enabled.into()]).await?;
    described::tenant_of(tx, id).await?;
    Ok(changed)
}

/// Gives the names of the user of that id free, so that another may take them in the same transaction.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn release_names(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    const SQL: &str = "
        UPDATE users
        SET user_principal_name_folded = NULL,
            external_id = NULL
        WHERE id = ?1";
    tx.execute(SQL, &[id.into()]).await.map(|_| ())
}

/// Removes the user of that id, if it is there.
///
/// # Errors
/// [`DbError::Conflict`] while a meeting or a call is its.
pub async fn remove(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    described::tenant_of(tx, id).await?;
    tx.execute("DELETE FROM users WHERE id = ?1", &[id.into()])
        .await
        .map(|_| ())
}
