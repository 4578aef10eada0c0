//! [`Restore`]: making a store of a snapshot. Everything that can be wrong with the snapshot is looked for before anything is
//! written, but the bytes of its objects, which are compared while they are copied. All rows come to be in one write, after the
//! objects: before it there is nothing to be seen, and whoever was interrupted begins again and finds what was copied.

use std::path::{Path, PathBuf};

use super::folder::{Folder, Name};
use super::manifest::Manifest;
use super::objects::{self, Missing, MissingReader, ObjectReader};
use super::rows::RowReader;
use super::{BackupError, FORMAT, Progress, keys};
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::content::{ContentError, ContentStore, CopyError, Expected};
use crate::db::content_objects::SUSPECT;
use crate::db::dump::{self, Cell, TABLES, Table};
use crate::db::locks::{self, Lock};
use crate::db::signing_keys::{self, KeyPurpose, StoredKey};
use crate::db::{DbError, NEWEST_MIGRATION, Tx, Write, described};
use crate::store::Store;

/// Rows that are put in at a time.
const ROWS: usize = 200;

/// A snapshot that can be restored.
#[derive(Debug)]
pub struct Restore {
    folder: Folder,
    name: Name,
    manifest: Manifest,
    keys: Vec<(KeyPurpose, StoredKey)>,
}

/// Where the store is to be, and how.
#[derive(Debug)]
pub struct Target<'a> {
    /// Where.
    pub config: &'a Config,
    /// Time.
    pub clock: &'a Clock,
    /// Objects that are damaged in the folder, or not there, are left out.
    pub despite_damage: bool,
}

/// A store that was made.
#[derive(Debug)]
pub struct Restored {
    /// Of which snapshot.
    pub name: Name,
    /// What that has.
    pub manifest: Manifest,
    /// How many objects were copied; the others were there.
    pub copied: i64,
    /// Objects that the snapshot, or now the folder, is without.
    pub missing: Vec<Missing>,
}

impl Restore {
    /// Chooses a snapshot of the folder at `root`, the newest if none is named, and looks through all of its rows and keys.
    /// Without `passphrase` its keys are left out. Changes nothing.
    ///
    /// # Errors
    /// [`BackupError`] where it cannot be restored.
    pub async fn begin(
        root: &Path,
        name: Option<&str>,
        passphrase: Option<&Secret>,
    ) -> Result<Self, BackupError> {
        let folder = Folder::for_reading(root)?;
        let name = choose(&folder, name)?;
        let snapshot = folder.snapshot(&name);
        let manifest = folder.manifest(&name)?;
        look_through(&snapshot, &manifest)?;
        let keys = match (passphrase, &manifest.keys) {
            (None, _) => Vec::new(),
            (Some(_), None) => return Err(BackupError::NoKeys),
            (Some(passphrase), Some(sealed)) => {
                keys::open(&snapshot, sealed, &manifest.sealed_with(), passphrase).await?
            }
        };
        Ok(Self {
            folder,
            name,
            manifest,
            keys,
        })
    }

    /// Whether the snapshot that would be chosen has keys, so that a passphrase is needed for all of it.
    ///
    /// # Errors
    /// [`BackupError`] where there is no such snapshot.
    pub fn has_keys(root: &Path, name: Option<&str>) -> Result<bool, BackupError> {
        let folder = Folder::for_reading(root)?;
        let name = choose(&folder, name)?;
        Ok(folder.manifest(&name)?.keys.is_some())
    }

    /// Makes the store.
    ///
    /// # Errors
    /// [`BackupError`]; then no row was written, and what was copied need not be copied again.
    pub async fn run(self, target: Target<'_>, progress: Progress<'_>) -> Result<Restored, BackupError> {
        let store = self.make(&target).await?;
        let objects = self.objects(&store, target.despite_damage, progress).await?;
        self.rows(&store, &objects).await?;
        drop(store);
        // The steps behind that of the rows.
        Store::open(target.config, target.clock).await?;
        Ok(Restored {
            name: self.name,
            manifest: self.manifest,
            copied: objects.copied,
            missing: objects.missing,
        })
    }

    /// Opens the store that is to be, which has to be empty.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] and [`BackupError::OtherSchema`] where it is not; it stays as it is.
    pub async fn make(&self, target: &Target<'_>) -> Result<Store, BackupError> {
        let wanted = self.manifest.schema;
        let found = Store::version(target.config).await?;
        // A store that is there is not brought up to date before it is known to be empty.
        if found != 0 && found != wanted {
            return Err(BackupError::OtherSchema { found, wanted });
        }
        let store = Store::open_at(target.config, target.clock, wanted).await?;
        match dump::filled(&mut *store.db.snapshot().await?, wanted).await? {
            Some(table) => Err(BackupError::NotEmpty(table.to_owned())),
            None => {
                // Whoever cannot seal keys hears of it now, and not when hours have been spent on copying.
                store.sealed_keys(Vec::new()).await?;
                Ok(store)
            }
        }
    }

    /// Copies all objects that are not in the store yet.
    ///
    /// # Errors
    /// [`BackupError::DamagedObjects`] names all that are not what they were.
    pub async fn objects(
        &self,
        store: &Store,
        despite_damage: bool,
        progress: Progress<'_>,
    ) -> Result<RestoredObjects, BackupError> {
        let snapshot = self.folder.snapshot(&self.name);
        let mut objects = ObjectReader::of(&snapshot, &self.manifest)?;
        let mut missing = MissingReader::open(&snapshot, &self.manifest)?;
        let content = self.folder.content()?;
        let mut restored = RestoredObjects::default();
        let mut damaged = Vec::new();
        let (mut count, mut bytes) = (0, 0_i64);
        while let Some(object) = objects.next()? {
            let known = missing.take(&object.key)?;
            match self.object(&content, store, &object).await? {
                Ok((modified_ns, is_new)) => {
                    restored.copied += i64::from(is_new);
                    restored.modified_ns.push(modified_ns);
                }
                Err(now) => {
                    restored.modified_ns.push(SUSPECT);
                    match known {
                        Some(known) => restored.missing.push(known),
                        None => damaged.push(now),
                    }
                }
            }
            count += 1;
            bytes = bytes.saturating_add(i64::try_from(object.size_bytes).unwrap_or(i64::MAX));
            progress(count, bytes);
        }
        missing.finish()?;
        if !damaged.is_empty() && !despite_damage {
            return Err(BackupError::DamagedObjects {
                path: self.folder.root().to_owned(),
                objects: damaged,
            });
        }
        restored.missing.append(&mut damaged);
        Ok(restored)
    }

    /// Copies one: its time of change, and whether it is new. Or why it cannot be had.
    async fn object(
        &self,
        content: &ContentStore,
        store: &Store,
        object: &Expected,
    ) -> Result<Result<(i64, bool), Missing>, BackupError> {
        let mut tried = store.content.copy_from(content, object).await;
        if let Err(CopyError::Copy(ContentError::Exists(_))) = tried {
            // Another restore may just have put it there. Otherwise it is no good copy, as of a store whose database was lost, and
            // no row names it: what is proved to be good takes its place.
            if content.verify(object).await.is_ok() && store.content.verify(object).await.is_err() {
                store.content.remove(&object.key).await?;
            }
            tried = store.content.copy_from(content, object).await;
        }
        let why = match tried {
            Ok(copied) => return Ok(Ok((copied.modified_ns, !copied.was_there))),
            Err(CopyError::Copy(error)) => return Err(error.into()),
            Err(CopyError::Original(ContentError::NotFound(_))) => "it is not there".to_owned(),
            Err(CopyError::Original(ContentError::Damaged { what, .. })) => what.to_owned(),
            Err(CopyError::Original(other)) => other.to_string(),
        };
        let content_key = object.key.to_string();
        Ok(Err(Missing { content_key, why }))
    }

    /// Puts all rows and keys in, in one write.
    ///
    /// # Errors
    /// [`BackupError`]; then none is there.
    pub async fn rows(&self, store: &Store, objects: &RestoredObjects) -> Result<(), BackupError> {
        let put = PutAll {
            snapshot: self.folder.snapshot(&self.name),
            manifest: self.manifest.clone(),
            modified_ns: objects.modified_ns.clone(),
            keys: store.sealed_keys(self.keys.clone()).await?,
        };
        store.db.write(put).await
    }
}

/// What has become of the objects.
#[derive(Debug, Default)]
pub struct RestoredObjects {
    /// The time of change of each, in the order of their rows.
    modified_ns: Vec<i64>,
    copied: i64,
    missing: Vec<Missing>,
}

fn choose(folder: &Folder, name: Option<&str>) -> Result<Name, BackupError> {
    let (names, _) = folder.snapshots()?;
    let Some(newest) = names.first().cloned() else {
        return Err(BackupError::Empty(folder.root().to_owned()));
    };
    let Some(wanted) = name else { return Ok(newest) };
    let found = names.into_iter().find(|name| name.as_str() == wanted);
    found.ok_or_else(|| BackupError::NoSnapshot {
        path: folder.root().to_owned(),
        name: wanted.to_owned(),
        newest: newest.as_str().to_owned(),
    })
}

/// Reads every row, so that nothing has been written where one of them is none.
fn look_through(snapshot: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    if manifest.format != FORMAT || manifest.schema < dump::OLDEST {
        return Err(BackupError::damaged(snapshot, "its form is none that there was"));
    }
    if manifest.schema > NEWEST_MIGRATION {
        return Err(BackupError::Newer(snapshot.to_owned()));
    }
    let tables: Vec<&Table> = tables_of(manifest.schema).collect();
    if let Some(name) = manifest
        .rows
        .keys()
        .find(|name| tables.iter().all(|table| table.name != **name))
    {
        return Err(BackupError::damaged(
            snapshot,
            format!("{name} is no table of its schema"),
        ));
    }
    for table in tables {
        let Some(lines) = manifest.rows.get(table.name) else {
            let what = format!("the rows of {} are not in its manifest", table.name);
            return Err(BackupError::damaged(snapshot, what));
        };
        let mut rows = RowReader::open(snapshot, table, lines)?;
        while rows.next()?.is_some() {}
    }
    let mut objects = ObjectReader::of(snapshot, manifest)?;
    let mut missing = MissingReader::open(snapshot, manifest)?;
    while let Some(object) = objects.next()? {
        missing.take(&object.key)?;
    }
    missing.finish()
}

fn tables_of(schema: i64) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(move |table| table.since <= schema)
}

/// All rows of a snapshot. It reads files, which a write should not do: but there is nobody yet who would wait for it, and
/// all rows of a store are too many to be held in memory.
struct PutAll {
    snapshot: PathBuf,
    manifest: Manifest,
    modified_ns: Vec<i64>,
    keys: Vec<(KeyPurpose, StoredKey)>,
}

impl Write for PutAll {
    type Output = ();
    type Error = BackupError;

    /// A second run would find the rows of the first.
    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), BackupError> {
        // Before looking whether anything is there: a server that starts at this moment waits, and finds these keys.
        locks::take(tx, Lock::Directory).await?;
        locks::take(tx, Lock::Keys).await?;
        let schema = self.manifest.schema;
        if let Some(table) = dump::filled(tx, schema).await? {
            return Err(BackupError::NotEmpty(table.to_owned()));
        }
        for table in tables_of(schema) {
            if table.made_by_schema {
                dump::clear(tx, table).await?;
            }
            match table.parent {
                None => self.put(tx, table, Part::All).await?,
                Some(parent) => {
                    self.put(tx, table, Part::Without(parent)).await?;
                    self.put(tx, table, Part::With(parent)).await?;
                }
            }
        }
        for (purpose, key) in &self.keys {
            signing_keys::insert(tx, *purpose, key).await?;
        }
        if schema >= described::SINCE {
            described::everything(tx).await?;
        }
        Ok(dump::set_made(tx, &self.manifest.store_created).await?)
    }
}

/// Which rows of a table are put in: all, or those that name another one by that column, or do not.
#[derive(Clone, Copy)]
enum Part {
    All,
    With(&'static str),
    Without(&'static str),
}

impl PutAll {
    async fn put(&self, tx: &mut Tx<'_>, table: &Table, part: Part) -> Result<(), BackupError> {
        let lines = self.manifest.rows.get(table.name);
        let lines = lines.ok_or_else(|| BackupError::damaged(&self.snapshot, "its manifest has changed"))?;
        let mut reader = RowReader::open(&self.snapshot, table, lines)?;
        let modified = match table.name == objects::TABLE {
            true => Some(reader.place("modified_ns")?),
            false => None,
        };
        // An older schema may not have the column yet.
        let parent = match part {
            Part::All => None,
            Part::With(parent) | Part::Without(parent) => {
                reader.columns.iter().position(|column| column.name == parent)
            }
        };
        let mut batch: Vec<Vec<Cell>> = Vec::new();
        let mut number = 0;
        while let Some(mut row) = reader.next()? {
            let names_another = parent
                .and_then(|place| row.get(place))
                .is_some_and(|cell| cell.text().is_some());
            let is_wanted = match part {
                Part::All => true,
                Part::With(_) => names_another,
                Part::Without(_) => !names_another,
            };
            if let Some(cell) = modified.and_then(|place| row.get_mut(place)) {
                *cell = Cell::Int(Some(self.modified_ns.get(number).copied().unwrap_or(SUSPECT)));
            }
            number += 1;
            if is_wanted {
                batch.push(row);
            }
            if batch.len() == ROWS {
                put_batch(tx, table, &reader, &mut batch).await?;
            }
        }
        put_batch(tx, table, &reader, &mut batch).await
    }
}

async fn put_batch(
    tx: &mut Tx<'_>,
    table: &Table,
    reader: &RowReader,
    batch: &mut Vec<Vec<Cell>>,
) -> Result<(), BackupError> {
    let put = dump::insert(tx, table, &reader.columns, batch).await;
    batch.clear();
    match put {
        // Each row is what was written; but what was written may have been made by somebody else.
        Err(DbError::Conflict(what)) => Err(reader.damaged(&format!("its rows do not go together: {what}"))),
        put => Ok(put?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_of_the_schema_that_makes_it_and_of_all_after_that() {
        let count = |schema| tables_of(schema).count();
        assert!(count(dump::OLDEST) < count(NEWEST_MIGRATION));
        assert_eq!(count(NEWEST_MIGRATION), TABLES.len());
    }
}
