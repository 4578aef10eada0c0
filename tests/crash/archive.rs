//! A data folder with the seed of the tests in it, and the commands that are run on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::binary::{Process, command};
use crate::names::{ARCHIVER, CONTOSO};

/// A data folder.
pub struct Archive {
    data: PathBuf,
    /// Added to the environment of every command.
    settings: Vec<(String, String)>,
}

impl Archive {
    /// In `folder`, with the seed of the tests.
    pub fn seeded(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let seed = folder.join("seed.yaml");
        std::fs::write(&seed, include_bytes!("../it/support/seed.yaml")).unwrap();
        for name in ["one.mp4", "two.mp4"] {
            std::fs::write(folder.join(name), crate::media::sample("faststart.mp4")).unwrap();
        }
        let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n";
        std::fs::write(folder.join("one.vtt"), text).unwrap();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let archive = Self {
            data: folder.join("data"),
            settings: settings.iter().map(own).collect(),
        };
        archive.run(&["seed", &seed.display().to_string()]);
        archive
    }

    /// A command on it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let data = self.data.display().to_string();
        let mut command = command(&[arguments, &["--data", &data]].concat());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command that must succeed.
    pub fn run(&self, arguments: &[&str]) -> String {
        Process::spawn(&mut self.command(arguments)).finish().succeeded()
    }

    /// Serves it on a free port, from the time when it listens.
    pub fn serve(&self) -> Process {
        Process::listening(&mut self.server())
    }

    /// What serves it on a free port.
    pub fn server(&self) -> Command {
        self.command(&["serve", "--listen", "127.0.0.1:0"])
    }

    /// A token of the archiver itself.
    pub fn token(&self) -> String {
        let arguments = ["token", "--application", ARCHIVER, "--tenant", CONTOSO];
        self.run(&arguments).trim_end().to_owned()
    }

    /// The first column of what `sql` answers, as text. Asked past the program.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.data.join("graphophone.db")).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Null => String::new(),
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => panic!("{other:?}"),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Where content lies.
    pub fn content(&self) -> PathBuf {
        self.data.join("content")
    }

    /// Length and number of the files in a folder of the content.
    pub fn unfinished(&self, folder: &str) -> (u64, usize) {
        let mut bytes = 0;
        let mut count = 0;
        for entry in std::fs::read_dir(self.content().join(folder)).unwrap() {
            bytes += entry.unwrap().metadata().map_or(0, |metadata| metadata.len());
            count += 1;
        }
        (bytes, count)
    }

    /// Compares all that is stored with what was recorded, and what is recorded with what is stored.
    pub fn is_sound(&self) {
        self.is_sound_but_for(0);
    }

    /// Compares all that is stored with what was recorded, and what is recorded with what is stored. The database may not be
    /// in use. A head that was made for a file that was held back afterwards has no row: there may be `heads` of them.
    pub fn is_sound_but_for(&self, heads: u64) {
        let ran = Process::spawn(&mut self.command(&["verify", "--json"])).finish();
        let look: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!(ran.status, 0, "{look}");
        assert_eq!(look["findings"].as_array().map(Vec::len), Some(0), "{look}");
        assert_eq!(self.texts("PRAGMA integrity_check"), ["ok"]);
        let rows = self.texts("SELECT content_key FROM content_objects ORDER BY content_key");
        let mut files = Vec::new();
        keys_below(&self.content(), &self.content(), &mut files);
        let (descriptions, files): (Vec<String>, Vec<String>) =
            files.into_iter().partition(|key| key.ends_with(".json"));
        self.is_described(&rows, &descriptions);
        let without_file: Vec<_> = rows.iter().filter(|key| !files.contains(key)).collect();
        let (head, without_row): (Vec<_>, Vec<_>) = files
            .iter()
            .filter(|key| !rows.contains(key))
            .partition(|key| key.contains("/head."));
        assert_eq!((without_file, without_row), (vec![], vec![]), "rows and files");
        assert!(head.len() as u64 <= heads, "{head:?}");
    }
}

impl Archive {
    /// Every description is whole and one of something that is there, and everything is described; or there is a job for it.
    fn is_described(&self, rows: &[String], descriptions: &[String]) {
        let jobs = self.texts("SELECT subject FROM jobs WHERE lane = 'tree' OR name = 'content.remove'");
        let tenants = self.texts("SELECT id FROM tenants");
        for key in descriptions {
            let text = std::fs::read(self.content().join(key)).unwrap();
            let described: Value =
                serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{key}: {error}"));
            let content = described["content"]["key"].as_str();
            let is_there = content.map_or_else(
                || tenants.iter().any(|tenant| described["id"] == tenant.as_str()),
                |content| rows.iter().any(|row| row == content),
            );
            assert!(is_there || jobs.contains(key), "{key} is of nothing");
        }
        let described = |key: &str| {
            let (stem, _) = key.rsplit_once('.').unwrap();
            descriptions.contains(&format!("{stem}.json"))
        };
        for artifact in self.texts(
            "SELECT kind || ':' || id || ' ' || content_key FROM artifacts WHERE content_key IS NOT NULL",
        ) {
            let (subject, key) = artifact.rsplit_once(' ').unwrap();
            assert!(
                described(key) || jobs.iter().any(|job| job == subject),
                "{artifact} is not described"
            );
        }
    }
}

fn keys_below(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => keys_below(root, &entry.path(), found),
            false => {
                let path = entry.path();
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
}
