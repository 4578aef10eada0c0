//! Tenants and their settings.

use super::{DbError, Row, Session, Tx, described};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, lower-case.
    pub id: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// Every token of it gets 403; nothing is deleted.
    pub suspended: bool,
    /// Whether participants may have the content of recordings.
    pub participants_can_download_recordings: bool,
    /// Whether guests count as participants at all.
    pub guest_access: bool,
    /// Whether transcripts are served.
    pub transcripts_enabled: bool,
    /// Whether transcripts may name their speakers.
    pub speaker_attribution_enabled: bool,
}

fn read(row: &Row<'_>) -> Result<Tenant, DbError> {
    Ok(Tenant {
        id: row.text(0)?,
        display_name: row.text_or_null(1)?,
        suspended: row.bool(2)?,
        participants_can_download_recordings: row.bool(3)?,
        guest_access: row.bool(4)?,
        transcripts_enabled: row.bool(5)?,
        speaker_attribution_enabled: row.bool(6)?,
    })
}

/// The tenant of that id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, id: &str) -> Result<Option<Tenant>, DbError> {
    const SQL: &str = "
        SELECT id, display_name, suspended, participants_can_download_recordings, guest_access,
               transcripts_enabled, speaker_attribution_enabled
        FROM tenants
        WHERE id = ?1";
    db.row(SQL, &[id.into()], read).await
}

/// The ids of all tenants, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn ids(db: &mut Session) -> Result<Vec<String>, DbError> {
    db.rows("SELECT id FROM tenants ORDER BY id", &[], |row| row.text(0))
        .await
}

/// `text` as a domain: lower-case labels of letters, digits and hyphens, at least two of them; `None` for what is none.
pub fn domain(text: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_domain = text.len() <= 253 && text.contains('.') && text.split('.').all(label);
    is_domain.then(|| text.to_ascii_lowercase())
}

/// The tenant that has that domain, in lower case.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find_by_domain(db: &mut Session, domain: &str) -> Result<Option<Tenant>, DbError> {
    const SQL: &str = "
        SELECT t.id, t.display_name, t.suspended, t.participants_can_download_recordings, t.guest_access,
               t.transcripts_enabled, t.speaker_attribution_enabled
        FROM tenant_domains AS d
        JOIN tenants AS t
          ON t.id = d.tenant_id
        WHERE d.domain = ?1";
    db.row(SQL, &[domain.into()], read).await
}

/// The domains of a tenant, in order.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn domains(db: &mut Session, tenant: &str) -> Result<Vec<String>, DbError> {
    const SQL: &str = "
        SELECT domain
        FROM tenant_domains
        WHERE tenant_id = ?1
        ORDER BY tenant_id, domain";
    db.rows(SQL, &[tenant.into()], |row| row.text(0)).await
}

/// Stores the domains of a tenant, replacing those it had.
///
/// # Errors
/// [`DbError::Conflict`] where one of them is another tenant's.
pub async fn put_domains(tx: &mut Tx<'_>, tenant: &str, domains: &[String]) -> Result<(), DbError> {
    const FORGET: &str = "DELETE FROM tenant_domains WHERE tenant_id = ?1";
    const SQL: &str = "
        INSERT INTO tenant_domains (domain, tenant_id)
        VALUES (?1, ?2)";
    tx.execute(FORGET, &[tenant.into()]).await?;
    let mut stored: Vec<&String> = domains.iter().collect();
    stored.sort();
    stored.dedup();
    for domain in stored {
        tx.execute(SQL, &[domain.into(), tenant.into()]).await?;
    }
    described::tenant(tx, tenant).await
}

/// Stores `tenant`, replacing the one of its id.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn put(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO tenants (id, display_name, suspended, participants_can_download_recordings, guest_access,
                             transcripts_enabled, speaker_attribution_enabled)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (id) DO UPDATE
        SET display_name = excluded.display_name,
            suspended = excluded.suspended,
            participants_can_download_recordings = excluded.participants_can_download_recordings,
            guest_access = excluded.guest_access,
            transcripts_enabled = excluded.transcripts_enabled,
            speaker_attribution_enabled = excluded.speaker_attribution_enabled";
    let values = [
        (&tenant.id).into(),
        (&tenant.display_name).into(),
        tenant.suspended.into(),
        tenant.participants_can_download_recordings.into(),
        tenant.guest_access.into(),
        tenant.transcripts_enabled.into(),
        tenant.speaker_attribution_enabled.into(),
    ];
    tx.execute(SQL, &values).await?;
    described::tenant(tx, &tenant.id).await
}

/// Removes the tenant of that id, if it is there.
///
/// # Errors
/// [`DbError::Conflict`] while something belongs to it.
pub async fn remove(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    described::tenant(tx, id).await?;
    tx.execute("DELETE FROM tenants WHERE id = ?1", &[id.into()])
        .await
        .map(|_| ())
}
