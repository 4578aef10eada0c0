//! Imports that are killed, in the same folder that a server is killed in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::archive::Archive;
use crate::binary::{DEADLINE, Process};
use crate::chance::{Chance, let_pass};
use crate::media::{recording, sha256};
use crate::names::{CONTOSO, STANDUP};

/// Files that wait to be imported.
pub struct Inbox {
    folder: PathBuf,
    files: Vec<(PathBuf, String)>,
    moves: bool,
}

/// How the imports went.
#[derive(Default)]
pub struct Imports {
    pub kills: u64,
    /// Imports that ended before they could be killed.
    pub ended: u64,
    pub files: usize,
    pub moved: usize,
}

impl Inbox {
    /// With some new files.
    pub fn new(folder: PathBuf, chance: &mut Chance) -> Self {
        std::fs::create_dir(&folder).unwrap();
        let mut files = Vec::new();
        for number in 0..chance.number(1, 3) {
            let more = chance.length(0, 600_000);
            let is_index_last = chance.happens(50);
            let bytes = recording(chance, more, is_index_last);
            let path = folder.join(format!("{number}.mp4"));
            std::fs::write(&path, &bytes).unwrap();
            if chance.happens(30) {
                std::fs::write(path.with_extension("json"), "{\"recording\": {}}").unwrap();
                let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n";
                std::fs::write(path.with_extension("vtt"), text).unwrap();
            }
            files.push((path, sha256(&bytes)));
        }
        Self {
            folder,
            files,
            moves: chance.happens(50),
        }
    }

    fn command(&self, archive: &Archive) -> std::process::Command {
        let folder = self.folder.display().to_string();
        let mut arguments = vec!["import", "--json", "--tenant", CONTOSO, "--meeting", STANDUP];
        if self.moves {
            arguments.push("--move");
        }
        arguments.push(&folder);
        archive.command(&arguments)
    }

    /// Imports, and kills that at some moment. Whether there was something to kill.
    fn is_killed(&self, archive: &Archive, chance: &mut Chance) -> bool {
        let import = Process::spawn(&mut self.command(archive));
        let_pass(chance.number(1, 250_000));
        let is_killed = import.kill_if_running();
        for (path, sha256) in &self.files {
            if !path.exists() {
                assert!(self.moves);
                assert_eq!(stored(archive, sha256), 1, "{} is gone", path.display());
            }
        }
        is_killed
    }

    /// Imports to the end: each file is there exactly once then.
    pub fn comes_to_its_end(&self, archive: &Archive) {
        for _ in 0..2 {
            let ran = Process::spawn(&mut self.command(archive)).finish();
            assert_eq!(ran.status, 0, "{ran:?}");
            for line in ran.out.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                let outcome = line["outcome"].as_str().unwrap();
                let detail = line["detail"].as_str().unwrap_or_default();
                match outcome {
                    "quarantined" => assert!(detail.starts_with("unknown"), "{line}"),
                    _ => assert!(matches!(outcome, "imported" | "already there"), "{line}"),
                }
            }
        }
        for (path, sha256) in &self.files {
            // What is held back is left where it is.
            let is_held_back = archive.texts(&format!(
                "SELECT artifacts.id FROM artifacts JOIN content_objects USING (content_key) \
                 WHERE quarantined AND hex(content_objects.sha256) = upper('{sha256}')"
            ));
            let stays = !self.moves || !is_held_back.is_empty();
            assert_eq!(path.exists(), stays, "{}", path.display());
            assert_eq!(stored(archive, sha256), 1, "{}", path.display());
        }
    }
}

/// How many recordings there are of these bytes.
fn stored(archive: &Archive, sha256: &str) -> usize {
    let found = archive.texts(&format!(
        "SELECT artifacts.id FROM artifacts JOIN content_objects USING (content_key) \
         WHERE kind = 'recording' AND hex(content_objects.sha256) = upper('{sha256}')"
    ));
    found.len()
}

/// Kills so many imports, each of files of its own; then imports all of them to the end.
pub fn kill_imports(archive: &Archive, folder: &Path, kills: u64, chance: &mut Chance) -> Imports {
    let mut done = Imports::default();
    let mut inboxes = Vec::new();
    while done.kills < kills {
        let name = format!("inbox-{}", inboxes.len());
        let inbox = Inbox::new(folder.join(name), chance);
        match inbox.is_killed(archive, chance) {
            true => done.kills += 1,
            false => done.ended += 1,
        }
        done.files += inbox.files.len();
        done.moved += if inbox.moves { inbox.files.len() } else { 0 };
        inboxes.push(inbox);
    }
    for inbox in &inboxes {
        inbox.comes_to_its_end(archive);
    }
    done
}

#[test]
fn what_a_killed_import_held_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::seeded(folder.path(), &[]);
    let mut chance = Chance::new("what_a_killed_import_held_is_gone_on_with");
    let inbox = Inbox::new(folder.path().join("inbox"), &mut chance);
    let large = recording(&mut chance, 8_000_000, false);
    std::fs::write(&inbox.files[0].0, &large).unwrap();
    let mut import = Process::spawn(&mut inbox.command(&archive));
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while archive
        .texts("SELECT id FROM upload_sessions WHERE worker IS NOT NULL")
        .is_empty()
    {
        assert!(tokio::time::Instant::now() < deadline, "nothing is taken");
        assert!(import.ends_within(Duration::ZERO).is_none(), "too fast");
    }
    import.kill();
    let again = Process::spawn(&mut inbox.command(&archive)).finish();
    assert_eq!(again.status, 0, "{again:?}");
    assert_eq!(stored(&archive, &sha256(&large)), 1);
}
