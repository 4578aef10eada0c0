//! Objects of the content store, as the rows know them.

use std::time::Duration;

use super::jobs::{self, Lane};
use super::{DbError, Row, Session, Tx, Write};
use crate::clock::Ticks;

/// One stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentObject {
    /// Its key in the content store.
    pub key: String,
    /// Length in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the whole.
    pub sha256: Vec<u8>,
    /// Media type of its bytes, told when it was published.
    pub media_type: String,
    /// Time of change, in ns since 1970, when it was last known to be good.
    pub modified_ns: i64,
    /// When it was stored.
    pub stored: Ticks,
    /// What is served in its place, where that is not all of it as it is.
    pub served: Option<Headed>,
    /// What was found in the file, as JSON.
    pub facts: Option<String>,
}

/// A file whose head has been rewritten: another object is served first, then a part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headed {
    /// Key of the other object.
    pub head_key: String,
    /// Where the part of the file begins.
    pub body_offset: i64,
    /// How long it is.
    pub body_bytes: i64,
}

/// Columns of a [`ContentObject`] in `row`, from column `first`.
pub(super) fn read_at(row: &Row<'_>, first: usize) -> Result<ContentObject, DbError> {
    Ok(ContentObject {
        key: row.text(first)?,
        size_bytes: row.int(first + 1)?,
        sha256: row.bytes(first + 2)?,
        media_type: row.text(first + 3)?,
        modified_ns: row.int(first + 4)?,
        stored: row.ticks(first + 5)?,
        served: match row.text_or_null(first + 6)? {
            None => None,
            Some(head_key) => Some(Headed {
                head_key,
                body_offset: row.int(first + 7)?,
                body_bytes: row.int(first + 8)?,
            }),
        },
        facts: row.text_or_null(first + 9)?,
    })
}

/// The object of that key.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn find(db: &mut Session, key: &str) -> Result<Option<ContentObject>, DbError> {
    const SQL: &str = "
        SELECT content_key, size_bytes, sha256, media_type, modified_ns, stored_ticks, head_key, body_offset, body_bytes,
               facts
        FROM content_objects
        WHERE content_key = ?1";
    db.row(SQL, &[key.into()], |row| read_at(row, 0)).await
}

/// Objects in the order of their keys, behind the key `after`: at most `limit`.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn page(db: &mut Session, after: &str, limit: i64) -> Result<Vec<ContentObject>, DbError> {
    const SQL: &str = "
        SELECT content_key, size_bytes, sha256, media_type, modified_ns, stored_ticks, head_key, body_offset, body_bytes,
               facts
        FROM content_objects
        WHERE content_key > ?1
        ORDER BY content_key
        LIMIT ?2";
    db.rows(SQL, &[after.into(), limit.into()], |row| read_at(row, 0))
        .await
}

/// Whether there is an object whose key begins with `stem`, which ends with a dot.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn is_any(db: &mut Session, stem: &str) -> Result<bool, DbError> {
    const SQL: &str = "
        SELECT content_key
        FROM content_objects
        WHERE content_key >= ?1
          AND content_key < ?2
        ORDER BY content_key
        LIMIT 1";
    // What comes behind the dot in the order of bytes.
    let end = format!("{}/", stem.trim_end_matches('.'));
    let found = db
        .row(SQL, &[stem.into(), (&end).into()], |row| row.text(0))
        .await?;
    Ok(found.is_some())
}

/// Whether all is well with an object is not known any more: it is compared whole before it is served again.
pub const SUSPECT: i64 = i64::MIN;

/// Stores the row of a new object. Its bytes must be durable already.
///
/// # Errors
/// [`DbError::Conflict`] where the key is taken.
pub async fn insert(tx: &mut Tx<'_>, object: &ContentObject) -> Result<(), DbError> {
    const SQL: &str = "
        INSERT INTO content_objects (content_key, size_bytes, sha256, media_type, modified_ns, stored_ticks, head_key,
                                     body_offset, body_bytes, facts)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let served = object.served.as_ref();
    let values = [
        (&object.key).into(),
        object.size_bytes.into(),
        object.sha256.as_slice().into(),
        (&object.media_type).into(),
        object.modified_ns.into(),
        object.stored.into(),
        served.map(|served| served.head_key.as_str()).into(),
        served.map_or(0, |served| served.body_offset).into(),
        served.map_or(0, |served| served.body_bytes).into(),
        (&object.facts).into(),
    ];
    tx.execute(SQL, &values).await.map(|_| ())
}

/// Records the time of change at which an object was found to be good again.
#[derive(Clone)]
pub struct Restamp {
    /// Its key.
    pub key: String,
    /// The time of change, in ns since 1970.
    pub modified_ns: i64,
}

impl Write for Restamp {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        const SQL: &str = "
            UPDATE content_objects
            SET modified_ns = ?2
            WHERE content_key = ?1";
        tx.execute(SQL, &[(&self.key).into(), self.modified_ns.into()])
            .await
            .map(|_| ())
    }
}

/// The job that removes the bytes of what is gone; its subject is their key.
pub const REMOVE: &str = "content.remove";
/// Nobody is describing what was removed so long ago.
const DESCRIBED_BY_THEN: Duration = Duration::from_secs(60);

/// Removes the row of an object that nothing refers to any more, and that of its head, and leaves the removal of their bytes to
/// be done. Gives the keys of both.
///
/// # Errors
/// [`DbError::Conflict`] while something refers to it.
pub async fn remove(tx: &mut Tx<'_>, key: &str, now: Ticks) -> Result<Vec<String>, DbError> {
    const SQL: &str = "DELETE FROM content_objects WHERE content_key = ?1 RETURNING head_key";
    let removed = tx.row(SQL, &[key.into()], |row| row.text_or_null(0)).await?;
    let mut keys = vec![key.to_owned()];
    if let Some(head) = removed.flatten() {
        tx.row(SQL, &[(&head).into()], |row| row.text_or_null(0)).await?;
        keys.push(head);
    }
    for key in &keys {
        jobs::enqueue(tx, (Lane::Quick, REMOVE), key, (now, now)).await?;
    }
    // What describes it once more: whoever is doing that now may be killed before seeing that it has gone.
    let stem = key.rsplit_once('.').map_or(key, |(stem, _)| stem);
    let described = format!("{stem}.json");
    let due = now.plus(DESCRIBED_BY_THEN);
    jobs::enqueue(tx, (Lane::Quick, REMOVE), &described, (due, now)).await?;
    Ok(keys)
}

/// The bytes under these keys are removed: nobody else need do it.
#[derive(Clone)]
pub struct Removed(pub Vec<String>);

impl Write for Removed {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        for key in &self.0 {
            jobs::cancel(tx, REMOVE, key).await?;
        }
        Ok(())
    }
}

/// Another object of the same bytes, if there is one: the one that was stored first.
///
/// # Errors
/// [`DbError`] of the engine.
pub async fn same_bytes(db: &mut Session, sha256: &[u8], but: &str) -> Result<Option<String>, DbError> {
    const SQL: &str = "
        SELECT content_key
        FROM content_objects
        WHERE sha256 = ?1
          AND content_key <> ?2
        ORDER BY sha256, content_key
        LIMIT 1";
    db.row(SQL, &[sha256.into(), but.into()], |row| row.text(0)).await
}
