//! `graphophone backup` and `graphophone restore`: what comes back, and what comes of everything that can go wrong.

mod damage;
mod drill;
mod folder;
mod forged;
mod restore;
mod snapshots;

use std::path::{Path, PathBuf};

use graphophone::backup::{Backup, BackupError, Restore, Restored, Source, Taken, Target};
use graphophone::clock::Clock;
use graphophone::config::{Config, Secret};
use graphophone::store::Store;
use tempfile::TempDir;

use crate::support::stores::{Stores, files_below};
use crate::support::{MakeStores, NOW, TestApp, load_config, passphrase};

/// Nobody watches.
pub fn quiet(_objects: i64, _bytes: i64) {}

/// What is backed up, as most tests want it.
pub fn all_of(store: &Store) -> Source<'_> {
    Source {
        store,
        passphrase: Some(passphrase()),
        check: false,
    }
}

/// Takes a snapshot of a running server's store.
pub async fn backup(app: &TestApp, folder: &Path) -> Result<Taken, BackupError> {
    let backup = Backup::begin(all_of(&app.store), folder).await?;
    backup.run(&quiet).await
}

/// A place for a store that is not there yet.
pub struct Place {
    pub folder: TempDir,
    pub stores: Stores,
    pub config: Config,
    pub clock: Clock,
}

impl Place {
    /// On the stores of this run.
    pub fn new() -> Self {
        Self::on(Stores::new)
    }

    /// On those stores.
    pub fn on(stores: MakeStores) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = stores(&folder.path().join("data"));
        let file = folder.path().join("graphophone.toml");
        std::fs::write(&file, "data = \"data\"\n").unwrap();
        let config = load_config(&file, &stores);
        Self {
            folder,
            stores,
            config,
            clock: Clock::manual(NOW.parse().unwrap()),
        }
    }

    pub fn target(&self) -> Target<'_> {
        Target {
            config: &self.config,
            clock: &self.clock,
            despite_damage: false,
        }
    }

    /// Restores the newest snapshot.
    pub async fn restore(&self, folder: &Path) -> Result<Restored, BackupError> {
        self.restore_with(folder, None, Some(passphrase())).await
    }

    pub async fn restore_with(
        &self,
        folder: &Path,
        name: Option<&str>,
        passphrase: Option<Secret>,
    ) -> Result<Restored, BackupError> {
        let restore = Restore::begin(folder, name, passphrase.as_ref()).await?;
        restore.run(self.target(), &quiet).await
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.config, &self.clock).await.unwrap()
    }

    /// Whether there is no row of anybody's.
    pub fn is_empty(&self) -> bool {
        let rows = self.stores.rows();
        let made_by_schema = ["change_counter", "store", "write_locks"];
        rows.iter()
            .all(|(table, rows)| rows.is_empty() || made_by_schema.contains(&table.as_str()))
    }
}

/// A file of the newest snapshot.
pub fn in_newest(folder: &Path, name: &str) -> PathBuf {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder.join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names.pop().unwrap().join(name)
}

/// The objects in a folder of backups, by key.
pub fn objects_in(folder: &Path) -> Vec<String> {
    let root = folder.join("content");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    let mut keys: Vec<String> = files
        .iter()
        .map(|file| file.strip_prefix(&root).unwrap().display().to_string())
        .collect();
    keys.sort();
    keys
}

/// The keys of a store's objects.
pub fn keys_of(app: &TestApp) -> Vec<String> {
    app.stores
        .texts("SELECT content_key FROM content_objects ORDER BY content_key")
}
