//! [`Backup`]: taking a snapshot. All rows first, out of one state of the store, which is given back before anything slow is done;
//! then the objects that these rows name and the folder does not have.
//!
//! An object never changes, so the state of its row is that of its bytes. It may go: when its recording is removed for good after
//! the rows were read. Then the rows are read once more. An object that is not as its row says, while the row is there, is damage:
//! the snapshot says that it is without it, and the rest is kept.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folder::{Folder, Name};
use super::keep::{self, Kept};
use super::keys::Passphrase;
use super::manifest::{self, Lines, Manifest};
use super::objects::{self, Missing, MissingWriter, ObjectReader};
use super::rows::RowWriter;
use super::{BackupError, FORMAT, Progress, files};
use crate::clock::Ticks;
use crate::config::Secret;
use crate::content::{ContentError, ContentStore, CopyError, Expected};
use crate::db::dump::{self, Cell, TABLES, Table};
use crate::db::jobs::Lane;
use crate::db::signing_keys::{KeyPurpose, StoredKey};
use crate::db::upload_sessions::SessionState;
use crate::db::{DbError, NEWEST_MIGRATION, Session, content_objects};
use crate::store::Store;
use crate::uploads;

/// Rows that are read at a time.
const PAGE: i64 = 100;
/// How often the rows are read anew because an object has gone.
const ATTEMPTS: usize = 10;
/// So many damaged objects are told one by one.
const TOLD: usize = 1000;

/// What is backed up, and how.
pub struct Source<'a> {
    /// The store.
    pub store: &'a Store,
    /// What its keys are sealed with; without it they are left out.
    pub passphrase: Option<Secret>,
    /// Objects that the folder has already are read and compared, and not only measured.
    pub check: bool,
}

/// A backup under way. It has its folder to itself until it is dropped.
pub struct Backup<'a> {
    source: Source<'a>,
    passphrase: Option<Passphrase>,
    folder: Folder,
    content: ContentStore,
}

/// The rows of a snapshot that has no manifest yet.
#[derive(Debug)]
pub struct Rows {
    name: Name,
    path: PathBuf,
    taken: Ticks,
    store_created: String,
    lines: BTreeMap<String, Lines>,
    /// As they are, and sealed together with everything else that is in the snapshot.
    keys: Vec<(KeyPurpose, StoredKey)>,
    unfinished_uploads: i64,
}

/// What has become of the objects of a snapshot.
#[derive(Debug, Default)]
pub struct Objects {
    missing_lines: Lines,
    missing: Vec<Missing>,
    count: i64,
    bytes: i64,
    copied: i64,
    copied_bytes: i64,
}

/// A snapshot that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Its name.
    pub name: Name,
    /// What it has.
    pub manifest: Manifest,
    /// How many objects the folder did not have before.
    pub copied: i64,
    /// How many bytes these have.
    pub copied_bytes: i64,
    /// The first of those that it is without.
    pub missing: Vec<Missing>,
}

impl<'a> Backup<'a> {
    /// Takes the folder at `root` for the backup; makes it, where it is not there. What a backup before this one has left
    /// unfinished is removed.
    ///
    /// # Errors
    /// [`BackupError::Foreign`], [`BackupError::OtherStore`] or [`BackupError::Busy`] where the folder is not to be had; nothing
    /// in it has been touched then.
    pub async fn begin(source: Source<'a>, root: &Path) -> Result<Self, BackupError> {
        source.store.content.reach().await?;
        let passphrase = match &source.passphrase {
            Some(passphrase) => Some(Passphrase::new(passphrase).await?),
            None => None,
        };
        let made = dump::made(&mut *source.store.db.snapshot().await?).await?;
        let folder = Folder::for_backups(root, &made)?;
        for name in folder.snapshots()?.1 {
            folder.remove(&name)?;
        }
        let content = folder.content()?;
        // The lock is ours: nobody is writing what is not complete, however young it is.
        let later = source.store.clock.now().plus(Duration::from_secs(2 * 86_400));
        let swept = content.sweep(later, HashSet::new()).await;
        swept.map_err(|cause| BackupError::Copy {
            path: root.to_owned(),
            cause,
        })?;
        Ok(Self {
            source,
            passphrase,
            folder,
            content,
        })
    }

    /// Takes a snapshot.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no new snapshot, and what was copied need not be copied again.
    pub async fn run(&self, progress: Progress<'_>) -> Result<Taken, BackupError> {
        for _attempt in 0..ATTEMPTS {
            let rows = self.rows().await?;
            if let Some(objects) = self.objects(&rows, progress).await? {
                return self.finish(rows, objects);
            }
            self.folder.remove(&rows.name)?;
        }
        Err(BackupError::Vanishing)
    }

    /// Removes all but the newest `count` snapshots, and the objects that none of these names.
    ///
    /// # Errors
    /// [`BackupError`]; where a snapshot that is to be kept cannot be read, nothing is removed.
    pub async fn keep(&self, count: usize) -> Result<Kept, BackupError> {
        keep::keep(&self.folder, &self.content, count).await
    }

    /// Writes all rows and keys of one state of the store into a new snapshot.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn rows(&self) -> Result<Rows, BackupError> {
        let store = self.source.store;
        let taken = self.next()?;
        let name = Name::of(taken);
        let path = self.folder.snapshot(&name);
        files::make_folder(&path)?;
        files::make_folder(&path.join("rows"))?;
        let mut db = store.db.snapshot().await?;
        let store_created = dump::made(&mut db).await?;
        let (mut lines, mut unfinished_uploads) = (BTreeMap::new(), 0);
        for table in TABLES {
            let (written, left_out) = table_rows(&mut db, &path, table).await?;
            if table.name == "upload_sessions" {
                unfinished_uploads = left_out;
            }
            lines.insert(table.name.to_owned(), written);
        }
        let keys = match &self.passphrase {
            Some(_) => store.opened_keys(&mut db).await?,
            None => Vec::new(),
        };
        drop(db);
        Ok(Rows {
            name,
            path,
            taken,
            store_created,
            lines,
            keys,
            unfinished_uploads,
        })
    }

    /// Copies the objects that `rows` name and the folder does not have. `None` where one has gone together with its row: then
    /// the rows are of a state that is past.
    ///
    /// # Errors
    /// [`BackupError`] where a store cannot be read or written; not where an object is damaged.
    pub async fn objects(&self, rows: &Rows, progress: Progress<'_>) -> Result<Option<Objects>, BackupError> {
        let lines = rows.lines.get(objects::TABLE);
        let lines = lines.ok_or_else(|| BackupError::damaged(&rows.path, "it has no objects"))?;
        let mut expected = ObjectReader::open(&rows.path, lines)?;
        let mut missing = MissingWriter::create(&rows.path)?;
        let mut found = Objects::default();
        while let Some(object) = expected.next()? {
            let bytes = i64::try_from(object.size_bytes).unwrap_or(i64::MAX);
            match self.object(&object).await? {
                Outcome::There => {}
                Outcome::Copied => {
                    found.copied += 1;
                    found.copied_bytes += bytes;
                }
                Outcome::Gone => return Ok(None),
                Outcome::Damaged(why) => {
                    let one = Missing {
                        content_key: object.key.to_string(),
                        why,
                    };
                    missing.put(&one)?;
                    if found.missing.len() < TOLD {
                        found.missing.push(one);
                    }
                }
            }
            found.count += 1;
            found.bytes = found.bytes.saturating_add(bytes);
            progress(found.count, found.bytes);
        }
        found.missing_lines = missing.finish()?;
        Ok(Some(found))
    }

    /// Makes the snapshot one.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn finish(&self, rows: Rows, objects: Objects) -> Result<Taken, BackupError> {
        let mut manifest = Manifest {
            format: FORMAT,
            schema: NEWEST_MIGRATION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            store_created: rows.store_created,
            taken_ticks: rows.taken.0,
            rows: rows.lines,
            missing: objects.missing_lines,
            keys: None,
            objects: objects.count,
            bytes: objects.bytes,
            unfinished_uploads: rows.unfinished_uploads,
        };
        if let Some(passphrase) = &self.passphrase {
            manifest.keys = Some(passphrase.put(&rows.path, &rows.keys, &manifest.sealed_with())?);
        }
        // Objects that were there may be of a backup that was killed before their names were durable.
        files::sync_all(self.folder.root())?;
        manifest::write(&rows.path, manifest.clone())?;
        Ok(Taken {
            name: rows.name,
            manifest,
            copied: objects.copied,
            copied_bytes: objects.copied_bytes,
            missing: objects.missing,
        })
    }

    /// The instant of the next snapshot: now, and after all others, also where a clock was set back.
    fn next(&self) -> Result<Ticks, BackupError> {
        let now = self.source.store.clock.now();
        let newest = self.folder.snapshots()?.0.into_iter().next();
        let Some(newest) = newest else { return Ok(now) };
        Ok(now.max(Ticks(newest.taken().0.saturating_add(1))))
    }

    async fn object(&self, object: &Expected) -> Result<Outcome, BackupError> {
        if self.is_there(object).await {
            return Ok(Outcome::There);
        }
        self.folder.is_inside(&object.key)?;
        let original = &self.source.store.content;
        // What is in its place is no good copy. It stays until there is something better.
        let is_taken = !matches!(
            self.content.open(&object.key).await,
            Err(ContentError::NotFound(_))
        );
        if is_taken {
            match original.verify(object).await {
                Ok(_) => {
                    let removed = self.content.remove(&object.key).await;
                    removed.map_err(|cause| self.folder.of_copy(&object.key, cause))?;
                }
                Err(error) => return self.unreadable(object, error).await,
            }
        }
        match self.content.copy_from(original, object).await {
            Ok(_) => Ok(Outcome::Copied),
            Err(CopyError::Original(error)) => self.unreadable(object, error).await,
            Err(CopyError::Copy(cause)) => Err(self.folder.of_copy(&object.key, cause)),
        }
    }

    /// Whether the folder has a good copy: of that length, and where that is asked for, of these bytes. One that cannot be
    /// read, for whatever reason, is none.
    async fn is_there(&self, object: &Expected) -> bool {
        match self.source.check {
            true => self.content.verify(object).await.is_ok(),
            false => {
                let opened = self.content.open(&object.key).await;
                opened.is_ok_and(|reader| reader.size_bytes() == object.size_bytes)
            }
        }
    }

    /// What is to be made of an object that cannot be read, or is not what was recorded.
    async fn unreadable(&self, object: &Expected, error: ContentError) -> Result<Outcome, BackupError> {
        let store = self.source.store;
        let row = content_objects::find(&mut *store.db.snapshot().await?, object.key.as_str()).await?;
        if row.is_none() {
            return Ok(Outcome::Gone);
        }
        match error {
            ContentError::Damaged { what, .. } => Ok(Outcome::Damaged(what.to_owned())),
            error @ (ContentError::Unavailable(_) | ContentError::Refused(_) | ContentError::SetUp(_)) => {
                Err(error.into())
            }
            other => {
                // Where the disk is away, nothing is there, and nothing is lost.
                store.content.reach().await?;
                let what = match other {
                    ContentError::NotFound(_) => "there is no such object".to_owned(),
                    other => other.to_string(),
                };
                Ok(Outcome::Damaged(what))
            }
        }
    }
}

/// What has become of an object.
enum Outcome {
    There,
    Copied,
    Gone,
    Damaged(String),
}

/// Writes the rows of a table; gives how many were left out.
async fn table_rows(db: &mut Session, snapshot: &Path, table: &Table) -> Result<(Lines, i64), BackupError> {
    let mut file = RowWriter::create(snapshot, table)?;
    let mut left_out = 0;
    let mut last: Option<Vec<Cell>> = None;
    loop {
        let page = dump::page(db, table, last.as_deref(), PAGE).await?;
        for row in &page {
            match is_left_out(table, row)? {
                true => left_out += 1,
                false => file.put(row)?,
            }
        }
        match page.into_iter().last() {
            Some(row) => last = Some(row),
            None => return Ok((file.finish()?, left_out)),
        }
    }
}

/// What has arrived of an upload is no object yet, so the upload cannot go on elsewhere; and there is nothing to be done with it.
fn is_left_out(table: &Table, row: &[Cell]) -> Result<bool, DbError> {
    let text = |name: &str| {
        let place = table.columns().iter().position(|column| column.name == name);
        place
            .and_then(|place| row.get(place))
            .and_then(Cell::text)
            .ok_or(DbError::Foreign)
    };
    match table.name {
        "upload_sessions" => Ok(text("state")? != SessionState::Finished.text()),
        // What describes the store is not in a backup: a restored store describes all of it.
        "jobs" => Ok(text("name")? == uploads::FINISH || text("lane")? == Lane::Tree.text()),
        _ => Ok(false),
    }
}
