//! A folder with a store, the seeds of it and what lies around.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use graphophone::clock::Clock;
use graphophone::store::Store;
use serde_json::Value;
use tempfile::TempDir;

use super::binary::{Process, Ran, command, run};
use crate::seed::rows;
use crate::support::names::{ARCHIVER, CONTOSO};
use crate::support::stores::{Stores, files_below};
use crate::support::{load_config, media};

/// A folder for one test.
pub struct Home {
    /// Everything lies in it; the store in `data`.
    pub folder: TempDir,
    /// Where its rows and its content are.
    pub stores: Stores,
}

impl Home {
    /// Without a store; `seed.yaml` and its files are there.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = Stores::new(&folder.path().join("data"));
        let home = Self { folder, stores };
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

    /// With an administrator of Contoso and nothing else: `admin@contoso.example`.
    pub fn of_contoso() -> Self {
        let home = Self::new();
        let name = "admin@contoso.example";
        home.run(&["admin", "bootstrap", "--tenant-name", "Contoso", "--user", name])
            .succeeded();
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
        self.spawn(arguments).finish()
    }

    /// The same, with text on standard input.
    pub fn run_reading(&self, arguments: &[&str], input: &str) -> Ran {
        let file = File::open(self.write("input", input.as_bytes())).unwrap();
        Process::spawn_reading(&mut self.command(arguments), file).finish()
    }

    /// Runs a command with `--json` and gives its lines.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let out = self.run(&[arguments, &["--json"]].concat()).succeeded();
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect()
    }

    /// The same, where there is one line.
    #[track_caller]
    pub fn one(&self, arguments: &[&str]) -> Value {
        let mut lines = self.json(arguments);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    /// The store, opened as another process would.
    pub async fn open(&self) -> Store {
        let file = self.write("open.toml", format!("data = {:?}", self.data()).as_bytes());
        let config = load_config(Path::new(&file), &self.stores);
        Store::open(&config, &Clock::system()).await.unwrap()
    }

    /// Runs a command on the data folder whatever this run of the tests is on: for a test of the command line alone.
    pub fn run_on_files(&self, arguments: &[&str]) -> Ran {
        let data = self.data();
        run(&[arguments, &["--data", &data]].concat())
    }

    /// Serves the data folder on a free port.
    pub fn serve(&self, more: &[&str]) -> Process {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        Process::listening(&mut self.command(&arguments))
    }

    /// Starts a command on the data folder, whatever comes of it.
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        Process::spawn(&mut self.command(arguments))
    }

    /// A command on the data folder, and on the stores of this run unless it keeps to the folder by itself.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let data = self.data();
        let mut command = command(&[arguments, &["--data", &data]].concat());
        if arguments.first() != Some(&"demo") {
            command.envs(self.stores.environment());
        }
        command
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
        self.stores.content_files()
    }

    /// Rows and files, for comparing.
    pub fn state(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        (self.stores.rows(), rows::stamps(&self.content_files()))
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
