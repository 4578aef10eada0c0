//! A folder with a store, the seeds of it and what lies around.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::binary::{Process, Ran, command, run};
use crate::seed::rows;
use crate::support::media;
use crate::support::names::{ARCHIVER, CONTOSO};

/// A folder for one test.
pub struct Home {
    /// Everything lies in it; the store in `data`.
    pub folder: TempDir,
}

impl Home {
    /// Without a store; `seed.yaml` and its files are there.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        home.write("seed.yaml", include_bytes!("../support/seed.yaml"));
        home.write("one.mp4", &media(1000));
        home.write("two.mp4", &media(300_000));
        home.write(
            "one.vtt",
            b"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n",
        );
        home
    }

    /// With `seed.yaml` loaded.
    pub fn seeded() -> Self {
        let home = Self::new();
        let seed = home.path("seed.yaml");
        home.run(&["seed", &seed]).succeeded();
        home
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The data folder.
    pub fn data(&self) -> String {
        self.path("data")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/graphophone.db")
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a command on the data folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let data = self.data();
        run(&[arguments, &["--data", &data]].concat())
    }

    /// Serves the data folder on a free port.
    pub fn serve(&self, more: &[&str]) -> Process {
        Process::serve(
            &[
                &["serve", "--data", &self.data(), "--listen", "127.0.0.1:0"],
                more,
            ]
            .concat(),
        )
    }

    /// Starts to serve the data folder, whatever comes of it.
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        let data = self.data();
        Process::spawn(&mut command(&[arguments, &["--data", &data]].concat()))
    }

    /// A token of the archiver for a user of Contoso.
    pub fn token(&self, user: &str) -> String {
        let arguments = ["token", "--application", ARCHIVER, "--user", user];
        self.run(&arguments).succeeded().trim_end().to_owned()
    }

    /// A token of the archiver itself.
    pub fn app_token(&self) -> String {
        let arguments = ["token", "--application", ARCHIVER, "--tenant", CONTOSO];
        self.run(&arguments).succeeded().trim_end().to_owned()
    }

    /// The files of the content store, those that are not complete included.
    pub fn content_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.folder.path().join("data/content"), &mut found);
        found
    }

    /// Rows and files, for comparing.
    pub fn state(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        (rows::of(&self.database()), rows::stamps(&self.content_files()))
    }
}

/// All files below `folder`, if it is there.
pub fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        // What a running process has just removed is no file of it.
        let Ok(entry) = entry else { continue };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path(), found),
            _ => found.push(entry.path()),
        }
    }
}

/// Name and bytes of every file below `folder`.
pub fn everything_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    files.sort();
    let read = |file: PathBuf| {
        let bytes = std::fs::read(&file).unwrap();
        (file, bytes)
    };
    files.into_iter().map(read).collect()
}
