//! Files that have been imported: what was under a path, and where that came from.

use super::artifacts::ArtifactKind;
use super::upload_sessions::Source;
use super::{DbError, Session, Tx, Write};

/// A file that has been imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFile {
    /// Its path.
    pub path: String,
    /// Its length in bytes.
    pub size_bytes: i64,
    /// Its time of change, in ns since 1970.
    pub modified_ns: i64,
    /// Tenant that it was imported into.
    pub tenant_id: String,
    /// Where what is in it comes from.
    pub source: Source,
    /// What it has become.
    pub kind: ArtifactKind,
}

/// What was imported from that path last.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, path: &str) -> Result<Option<ImportedFile>, DbError> {
    const SQL: &str = "
        SELECT path, size_bytes, modified_ns, tenant_id, source_system, source_id, kind
        FROM imported_files
        WHERE path = ?1";
    db.row(SQL, &[path.into()], |row| {
        Ok(ImportedFile {
            path: row.text(0)?,
            size_bytes: row.int(1)?,
            modified_ns: row.int(2)?,
            tenant_id: row.text(3)?,
            source: Source {
                system: row.text(4)?,
                id: row.text(5)?,
            },
            kind: row.parsed(6, ArtifactKind::parse)?,
        })
    })
    .await
}

/// Remembers a file.
#[derive(Clone)]
pub struct Remember(pub ImportedFile);

impl Write for Remember {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            INSERT INTO imported_files (path, size_bytes, modified_ns, tenant_id, source_system, source_id, kind)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (path) DO UPDATE
            SET size_bytes = excluded.size_bytes,
                modified_ns = excluded.modified_ns,
                tenant_id = excluded.tenant_id,
                source_system = excluded.source_system,
                source_id = excluded.source_id,
                kind = excluded.kind";
        let file = &self.0;
        let values = [
            (&file.path).into(),
            file.size_bytes.into(),
            file.modified_ns.into(),
            (&file.tenant_id).into(),
            (&file.source.system).into(),
            (&file.source.id).into(),
            file.kind.text().into(),
        ];
        tx.execute(SQL, &values).await.map(|_| ())
    }
}
