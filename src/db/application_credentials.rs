//! What an application proves with who it is: secrets that were made here, and certificates.

use super::{DbError, Session, Tx};
use crate::clock::Ticks;

/// What kind of proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A random secret; kept as its SHA-256, as there is nothing to guess.
    Secret,
    /// A certificate, in DER; the application has its private key.
    Certificate,
}

impl CredentialKind {
    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Certificate => "certificate",
        }
    }

    fn named(text: &str) -> Option<Self> {
        [Self::Secret, Self::Certificate]
            .into_iter()
            .find(|kind| kind.text() == text)
    }
}

/// A credential of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// Its own id: Graph's `keyId`.
    pub id: String,
    /// The application.
    pub app_id: String,
    /// Tenant in which that is registered.
    pub tenant_id: String,
    /// What it is.
    pub kind: CredentialKind,
    /// What a person knows it by: the first characters of a secret, the thumbprint of a certificate.
    pub hint: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// Hash of the secret, or the certificate.
    pub value: Vec<u8>,
    /// When it was added.
    pub created: Ticks,
    /// When it ends.
    pub expires: Ticks,
}

/// The credentials of an application, oldest first, those that have ended included.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn of_application(
    db: &mut Session,
    app_id: &str,
    tenant: &str,
) -> Result<Vec<ApplicationCredential>, DbError> {
    const SQL: &str = "
        SELECT id, app_id, tenant_id, kind, hint, display_name, value, created_ticks, expires_ticks
        FROM application_credentials
        WHERE app_id = ?1
          AND tenant_id = ?2
        ORDER BY app_id, tenant_id, created_ticks, id";
    db.rows(SQL, &[app_id.into(), tenant.into()], |row| {
        Ok(ApplicationCredential {
            id: row.text(0)?,
            app_id: row.text(1)?,
            tenant_id: row.text(2)?,
            kind: row.parsed(3, CredentialKind::named)?,
            hint: row.text(4)?,
            display_name: row.text_or_null(5)?,
            value: row.bytes(6)?,
            created: row.ticks(7)?,
            expires: row.ticks(8)?,
        })
    })
    .await
}

/// Adds a credential.
///
/// # Errors
/// [`DbError::Conflict`] where the application is not registered in the tenant.
pub async fn add(tx: &mut Tx<'_>, credential: &ApplicationCredential) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO application_credentials (id, app_id, tenant_id, kind, hint, display_name, value, created_ticks,
                                             expires_ticks)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = [
        (&credential.id).into(),
        (&credential.app_id).into(),
        (&credential.tenant_id).into(),
        credential.kind.text().into(),
        (&credential.hint).into(),
        (&credential.display_name).into(),
        credential.value.as_slice().into(),
        credential.created.into(),
        credential.expires.into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// Takes a credential away; gives the number of those that were there.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn remove(tx: &mut Tx<'_>, app_id: &str, tenant: &str, id: &str) -> Result<u64, DbError> {
    const SQL: &str = "
        DELETE FROM application_credentials
        WHERE id = ?1
          AND app_id = ?2
          AND tenant_id = ?3";
    tx.execute(SQL, &[id.into(), app_id.into(), tenant.into()]).await
}
