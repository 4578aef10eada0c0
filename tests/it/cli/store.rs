//! Data folders that cannot be used, full disks, and audit records that cannot be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::binary::{BINARY, Process, clean, get};
use super::home::{Home, everything_below};
use crate::support::media;
use crate::support::names::{ARCHIVER, ORGANIZER, STANDUP, my_standup};
use crate::support::stores::{Failure, content_is_in_a_folder, files_below, rows_are_in_a_file};

/// Commands that open the store.
fn commands(home: &Home) -> [Vec<String>; 5] {
    let of = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    [
        of(&["serve", "--listen", "127.0.0.1:0"]),
        of(&["seed", &home.path("seed.yaml")]),
        of(&["token", "--application", ARCHIVER]),
        of(&["audit", "list"]),
        of(&["recording", "list"]),
    ]
}

/// Every command fails in one line with `text`, and the database stays as it is.
fn all_fail(home: &Home, text: &str) {
    let before = fs::read(home.database()).unwrap();
    for arguments in commands(home) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = home.run(&arguments);
        let line = ran.failed();
        assert!(line.contains(text), "{line}");
        assert!(line.contains("graphophone.db"), "{line}");
        assert!(
            fs::read(home.database()).unwrap() == before,
            "{arguments:?} has changed it"
        );
    }
    let mut left = Vec::new();
    files_below(Path::new(&home.data()), &mut left);
    left.retain(|file| !file.ends_with("serve.lock"));
    assert_eq!(left, [home.database()], "nothing is made beside it");
}

#[test]
fn a_store_of_a_newer_version_is_refused_untouched() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::seeded();
    let database = rusqlite::Connection::open(home.database()).unwrap();
    database
        .pragma_update(None, "user_version", graphophone::db::NEWEST_MIGRATION + 1)
        .unwrap();
    drop(database);
    let content = everything_below(Path::new(&home.path("data/content")));
    let before = fs::read(home.database()).unwrap();
    for arguments in commands(&home) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = home.run(&arguments);
        assert!(ran.failed().contains("newer"), "{ran:?}");
    }
    assert!(fs::read(home.database()).unwrap() == before);
    assert!(everything_below(Path::new(&home.path("data/content"))) == content);
}

#[test]
fn another_applications_database_is_refused_untouched() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    let database = rusqlite::Connection::open(home.database()).unwrap();
    database
        .execute_batch("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine');")
        .unwrap();
    drop(database);
    all_fail(&home, "not a graphophone store");
}

#[test]
fn another_applications_database_in_wal_mode_is_refused_untouched() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    let database = rusqlite::Connection::open(home.database()).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.execute_batch("CREATE TABLE notes (text TEXT);").unwrap();
    drop(database);
    all_fail(&home, "not a graphophone store");
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    if !rows_are_in_a_file() {
        return;
    }
    for bytes in [&b"hello"[..], &[b'x'; 10_000]] {
        let home = Home::new();
        fs::create_dir(home.data()).unwrap();
        fs::write(home.database(), bytes).unwrap();
        all_fail(&home, "not a graphophone store");
    }
}

#[test]
fn a_data_folder_that_is_a_file_is_a_failure_at_work() {
    let home = Home::new();
    fs::write(home.data(), "x").unwrap();
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(ran.failed().contains(&home.data()), "{ran:?}");
    let ran = home.run(&["seed", &home.path("seed.yaml")]);
    assert!(ran.failed().contains(&home.data()), "{ran:?}");
}

/// Runs the binary as a user who may not write what root owns; as the test's own user where that is not root.
fn unprivileged(home: &Home, arguments: &[&str]) -> super::binary::Ran {
    let data = home.data();
    let mut command = if rustix::process::getuid().is_root() {
        // Where the build lies others may not look.
        let copy = home.path("graphophone");
        if !Path::new(&copy).exists() {
            fs::copy(BINARY, &copy).unwrap();
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", &copy]);
        command
    } else {
        Command::new(BINARY)
    };
    clean(&mut command).args(arguments).args(["--data", &data]);
    Process::spawn(&mut command).finish()
}

fn set_modes(folder: &Path, folders: u32, files: u32) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => set_modes(&path, folders, files),
            false => fs::set_permissions(&path, Permissions::from_mode(files)).unwrap(),
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(folders)).unwrap();
}

#[test]
fn a_read_only_data_folder_is_one_clear_line_and_nothing_changes() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::seeded();
    let data = home.folder.path().join("data");
    fs::set_permissions(home.folder.path(), Permissions::from_mode(0o755)).unwrap();
    set_modes(&data, 0o555, 0o444);
    let before = everything_below(&data);
    for arguments in commands(&home) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = unprivileged(&home, &arguments);
        let line = ran.failed().to_lowercase();
        assert!(
            line.contains("read-only") || line.contains("permission denied"),
            "{line}"
        );
        assert!(line.contains("data"), "{line}");
    }
    assert!(everything_below(&data) == before);
    set_modes(&data, 0o755, 0o644);
}

/// A small disk of its own under the data folder; unmounted when dropped.
struct SmallDisk(String);

impl SmallDisk {
    /// Mounts one of `size`, as root; says loudly why it could not.
    fn at(path: &str, size: &str) -> Self {
        fs::create_dir_all(path).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "none", path])
            .output()
            .expect("mount(8) is needed: a disk that is full cannot be tried out without it");
        let said = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(
            mounted.status.success(),
            "a small tmpfs is needed, as root: {said}"
        );
        Self(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").args(["-l", &self.0]).status();
    }
}

#[test]
fn a_full_disk_refuses_a_seed_whole_and_reading_goes_on() {
    if !rows_are_in_a_file() || !content_is_in_a_folder() {
        return;
    }
    let home = Home::new();
    let _disk = SmallDisk::at(&home.data(), "6m");
    home.run(&["seed", &home.path("seed.yaml")]).succeeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let list = format!("{}/recordings", my_standup());
    let content = format!("{list}/recording-2/content");

    let before = home.state();
    home.write("large.mp4", &media(8_000_000));
    let large = format!(
        "recordings: [{{ id: small, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}, {{ id: large, meetingId: \"{STANDUP}\", contentFile: large.mp4 }}]"
    );
    let file = home.write("large.yaml", large.as_bytes());
    let ran = home.run(&["seed", &file]);
    assert!(ran.failed().contains("no space is left"), "{ran:?}");
    assert_eq!(home.state(), before, "nothing is left behind");
    assert_eq!(get(&server.address(), &content, &token).status, 200);

    // Now to the last byte: the audit record of a download cannot be written any more.
    let filler = home.path("data/filler");
    let full = fill(&filler);
    assert!(full, "the small disk does not get full");
    let answer = get(&server.address(), &content, &token);
    assert_eq!(answer.status, 503, "{}", answer.head);
    assert_eq!(answer.json()["error"]["code"], "serviceNotAvailable");
    assert_eq!(get(&server.address(), &list, &token).ids().len(), 2);
    assert_eq!(
        get(&server.address(), &format!("{list}/recording-2"), &token).status,
        200
    );
    let ran = home.run(&["seed", &home.path("large.yaml")]);
    assert!(ran.failed().contains("no space is left"), "{ran:?}");

    // Space again: the same server goes on by itself.
    fs::remove_file(&filler).unwrap();
    let answer = get(&server.address(), &content, &token);
    assert_eq!((answer.status, answer.body.len()), (200, 300_000));
    let small = home.write(
        "small.yaml",
        format!("recordings: [{{ id: small, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}]").as_bytes(),
    );
    home.run(&["seed", &small]).succeeded();
    assert_eq!(get(&server.address(), &list, &token).ids().len(), 3);
    server.stop();
}

/// Writes zeros until nothing more goes in.
fn fill(path: &str) -> bool {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    for size in [65_536, 4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    file.write_all(&[0]).is_err()
}

#[test]
fn a_new_store_on_a_full_disk_is_one_clear_line() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::new();
    let _disk = SmallDisk::at(&home.data(), "64k");
    assert!(fill(&home.path("data/filler")));
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["seed", &home.path("seed.yaml")],
    ] {
        let ran = home.run(arguments);
        assert!(ran.failed().to_lowercase().contains("no space"), "{ran:?}");
    }
    fs::remove_file(home.path("data/filler")).unwrap();
    let ran = home.run(&["seed", &home.path("seed.yaml")]);
    assert!(ran.failed().to_lowercase().contains("no space"), "{ran:?}");
}

#[test]
fn content_needs_its_audit_record_and_metadata_does_not() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let list = format!("{}/recordings", my_standup());
    let content = format!("{list}/recording-1/content");
    assert_eq!(get(&server.address(), &content, &token).status, 200);
    for failure in Failure::ALL {
        home.stores.make_inserts_fail("audit_records", failure);
        let answer = get(&server.address(), &content, &token);
        assert_eq!(answer.status, 503, "{failure:?}: {}", answer.head);
        assert_eq!(answer.json()["error"]["code"], "serviceNotAvailable");
        assert_eq!(get(&server.address(), &list, &token).ids().len(), 2);
        home.stores.let_inserts_succeed("audit_records");
        assert_eq!(
            get(&server.address(), &content, &token).status,
            200,
            "{failure:?}"
        );
    }
    let kept = home.run(&["audit", "list", "--json"]).succeeded();
    assert_eq!(kept.lines().count(), 4, "a record for each answer with content");
}

#[test]
fn content_that_is_missing_or_changed_is_503_and_never_short() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let list = format!("{}/recordings", my_standup());
    let shown = home.run(&["recording", "show", "recording-1"]).succeeded();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let file = home.stores.content_root();
    let file = file.join(shown["contentKey"].as_str().unwrap());
    let good = fs::read(&file).unwrap();
    let content = || get(&server.address(), &format!("{list}/recording-1/content"), &token).status;
    let mut changed = good.clone();
    changed[500] ^= 1;
    home.stores.overwrite(&file, &changed);
    assert_eq!(content(), 503);
    home.stores.overwrite(&file, &good[..999]);
    assert_eq!(content(), 503);
    home.stores.overwrite(&file, &good);
    assert_eq!(
        content(),
        200,
        "the same bytes with another time of change are good"
    );
    fs::remove_file(&file).unwrap();
    assert_eq!(content(), 503);
    assert_eq!(get(&server.address(), &list, &token).ids().len(), 2);
    server.stop();
    home.serve(&[]).stop();
}

/// What would be written where a disk is not mounted would be gone from sight once it is.
#[test]
fn a_folder_that_never_held_a_store_is_refused_where_recordings_are_known() {
    if !content_is_in_a_folder() {
        return;
    }
    let home = Home::seeded();
    let (content, away) = (home.path("data/content"), home.path("away"));
    fs::rename(&content, &away).unwrap();
    for is_mount_point in [false, true] {
        if is_mount_point {
            fs::create_dir(&content).unwrap();
        }
        for arguments in commands(&home) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = home.run(&arguments);
            let line = ran.failed();
            assert!(line.contains(&content) && line.contains("mounted"), "{line}");
        }
        let checked = home.run(&["config", "check"]);
        assert!(
            checked.status == 1 && checked.err.contains("mounted"),
            "{checked:?}"
        );
        assert_eq!(Path::new(&content).exists(), is_mount_point);
    }
    assert_eq!(
        fs::read_dir(&content).unwrap().count(),
        0,
        "nothing is made in it"
    );

    // Nor where the database is away too.
    if rows_are_in_a_file() {
        let database = home.path("graphophone.db");
        fs::rename(home.database(), &database).unwrap();
        let ran = home.run(&["import", "--from-store"]);
        assert!(ran.failed().contains("no tenant.json"), "{ran:?}");
        assert_eq!(
            fs::read_dir(&content).unwrap().count(),
            0,
            "nothing is made in it"
        );
        fs::rename(&database, home.database()).unwrap();
    }

    // Whoever has lost it says so.
    fs::create_dir(home.path("data/content/.incoming")).unwrap();
    home.run(&["recording", "list"]).succeeded();
    fs::remove_dir_all(&content).unwrap();
    fs::rename(&away, &content).unwrap();
    home.serve(&[]).stop();
}
