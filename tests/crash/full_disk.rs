//! A disk that is full: a small tmpfs, where this machine lets us mount one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::Archive;
use crate::binary::Http;
use crate::chance::Chance;
use crate::http::{Request, told};
use crate::media::{recording, sha256};
use crate::names::{ORGANIZER, standup_of};
use crate::upload::{Upload, request};
use crate::world::World;

/// A disk of its own, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it; `None`, said aloud, where that is not allowed.
    fn mounted(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size},mode=0700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at);
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            Ok(output) => {
                println!(
                    "skipped, as no disk can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                println!("skipped, as no disk can be mounted: {error}");
                None
            }
        }
    }

    /// Fills it but for so many bytes: the file that does.
    fn filled_but_for(&self, bytes: u64) -> PathBuf {
        let path = self.0.join(".ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(bytes)).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn content(world: &World, answer: &Http) -> Http {
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    world.get(&format!("{}/recordings/{id}/content", standup_of(ORGANIZER)))
}

fn list(world: &World) -> Http {
    world.get(&format!("{}/recordings", standup_of(ORGANIZER)))
}

/// Fills the disk under an upload, and makes room again.
fn fill_and_go_on(name: &str, is_database_on_it: bool) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let place = if is_database_on_it {
        data
    } else {
        data.join("content")
    };
    let Some(disk) = Disk::mounted(&place, "32m") else {
        return;
    };
    let archive = Archive::seeded(folder.path(), &[("GRAPHOPHONE_CONTENT__MINIMUM_FREE", "0B")]);
    let mut chance = Chance::new(name);
    let world = World::new(archive.token());
    let server = archive.serve();
    world.is_at(Some(server.address()));
    let before = recording(&mut chance, 1_000_000, false);
    let made = Upload::begin(&world, "before", &before).until_made(&mut chance);

    let bytes = recording(&mut chance, 12_000_000, false);
    let mut upload = Upload::begin(&world, "full", &bytes);
    assert_eq!(upload.slice(1_000_000).status, 202);
    let ballast = disk.filled_but_for(0);
    for _ in 0..3 {
        let refused = loop {
            let answer = upload.slice(4_000_000);
            if answer.status != 202 {
                break answer;
            }
            // What was reserved before is still taken.
            assert!(upload.acknowledged < bytes.len(), "{}", told(&answer));
        };
        assert_eq!(refused.status, 507, "{}", told(&refused));
        assert!(upload.status().is_none());
        assert_eq!(list(&world).status, 200);
        let read = content(&world, &made);
        println!("{name}: content is read with {}", read.status);
        match is_database_on_it {
            // Content that is not in the audit is not given.
            true => assert!(matches!(read.status, 200 | 503 | 507), "{}", told(&read)),
            false => assert_eq!(sha256(&read.body), sha256(&before)),
        }
    }
    let body = request("another", &bytes).to_string();
    let begin = Request::new("POST", "/api/v1/uploadSessions").with_token(&world.token);
    let refused = world.ask(&begin.with_json(body.as_bytes()));
    assert_eq!(refused.status, 507, "{}", told(&refused));
    std::fs::remove_file(ballast).unwrap();
    let whole = upload.until_made(&mut chance);
    assert_eq!(sha256(&content(&world, &whole).body), sha256(&bytes));
    assert_eq!(sha256(&content(&world, &made).body), sha256(&before));
    server.stop();
    archive.is_sound();
}

#[test]
fn an_upload_goes_on_when_there_is_room_again() {
    fill_and_go_on("an_upload_goes_on_when_there_is_room_again", false);
}

#[test]
fn an_upload_goes_on_when_the_database_has_room_again() {
    fill_and_go_on("an_upload_goes_on_when_the_database_has_room_again", true);
}

#[test]
fn what_would_leave_too_little_is_refused_before_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mounted(&folder.path().join("data/content"), "16m") else {
        return;
    };
    let archive = Archive::seeded(folder.path(), &[("GRAPHOPHONE_CONTENT__MINIMUM_FREE", "8MiB")]);
    let mut chance = Chance::new("what_would_leave_too_little_is_refused_before_the_disk_is_full");
    let world = World::new(archive.token());
    let server = archive.serve();
    world.is_at(Some(server.address()));
    let large = recording(&mut chance, 9_000_000, false);
    let body = request("large", &large).to_string();
    let begin = Request::new("POST", "/api/v1/uploadSessions").with_token(&world.token);
    let refused = world.ask(&begin.with_json(body.as_bytes()));
    assert_eq!(refused.status, 507, "{}", told(&refused));
    let small = recording(&mut chance, 1_000_000, false);
    let made = Upload::begin(&world, "small", &small).until_made(&mut chance);
    assert_eq!(sha256(&content(&world, &made).body), sha256(&small));
    server.stop();
    archive.is_sound();
}
