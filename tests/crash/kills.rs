//! One long-lived store whose server and imports are killed at moments of chance, while clients upload, delete and restore.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;

use tokio::time::Instant;

use crate::archive::Archive;
use crate::binary::{DEADLINE, Http, Process};
use crate::chance::{Chance, let_pass};
use crate::http::{Request, told};
use crate::imports::{Imports, kill_imports};
use crate::media::{recording, sha256};
use crate::names::{ORGANIZER, standup_of};
use crate::upload::Upload;
use crate::world::{Recording, World};

/// Clients at a time.
const CLIENTS: usize = 3;
/// So often whoever looks at a file may be killed before it is held back: `MOST_CRASHES` of the server, and one.
const KILLS_TO_QUARANTINE: u64 = 3;

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many microseconds after it was started, whatever it is at.
    Starting(u64),
    /// So many microseconds after it listens.
    Time(u64),
    /// When so many more bytes have been sent.
    Bytes(u64),
    /// So many microseconds after a last slice has begun to be sent.
    LastSlice(u64),
    /// So many microseconds after a deletion was asked for.
    Deletion(u64),
}

impl Moment {
    fn of(chance: &mut Chance) -> Self {
        match chance.number(0, 9) {
            0 => Self::Starting(chance.number(1, 120_000)),
            1..3 => Self::Time(chance.number(1, 150_000)),
            3..6 => Self::Bytes(chance.number(1, 3_000_000)),
            6..9 => Self::LastSlice(chance.number(1, 60_000)),
            _ => Self::Deletion(chance.number(1, 6000)),
        }
    }

    /// Waits for it.
    fn wait(self, world: &World) {
        let when_more = |counter: &AtomicU64, more: u64| {
            let target = counter.load(Ordering::Relaxed) + more;
            let deadline = Instant::now() + DEADLINE / 20;
            while counter.load(Ordering::Relaxed) < target && Instant::now() < deadline {
                std::thread::yield_now();
            }
        };
        match self {
            Self::Starting(micros) | Self::Time(micros) => let_pass(micros),
            Self::Bytes(bytes) => when_more(&world.sent, bytes),
            Self::LastSlice(micros) => {
                when_more(&world.last_slices, 1);
                let_pass(micros);
            }
            Self::Deletion(micros) => {
                when_more(&world.deletions, 1);
                let_pass(micros);
            }
        }
    }
}

/// What a run is.
#[derive(Clone, Copy)]
struct Plan {
    name: &'static str,
    /// What is deleted is removed for good at once.
    is_removed_at_once: bool,
    server_kills: u64,
    import_kills: u64,
}

/// How the run went.
#[derive(Default)]
struct Tally {
    uploads: AtomicU64,
    deletions: AtomicU64,
    restorations: AtomicU64,
    /// Held back as whoever looked at them was killed too often.
    held_back: AtomicU64,
}

/// A client, until it is told to stop.
struct Client<'a> {
    archive: &'a Archive,
    world: &'a World,
    tally: &'a Tally,
    plan: Plan,
    name: String,
    chance: Chance,
}

impl Client<'_> {
    fn run(mut self, stop: &AtomicBool) {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let id = self.upload(number);
            if self.chance.happens(40) {
                self.delete(&id);
                if !self.plan.is_removed_at_once && self.chance.happens(50) {
                    self.restore(&id);
                }
            }
        }
    }

    fn upload(&mut self, number: u64) -> String {
        let chance = &mut self.chance;
        let more = match chance.number(0, 19) {
            0..12 => chance.length(0, 500_000),
            12..19 => chance.length(0, 3_000_000),
            _ => chance.length(3_000_000, 20_000_000),
        };
        let is_index_last = chance.happens(50);
        let bytes = recording(chance, more, is_index_last);
        let source = format!("{}-{number}", self.name);
        let kills = self.world.kills.load(Ordering::Relaxed);
        let mut upload = Upload::begin(self.world, &source, &bytes);
        let made = upload.until_made(chance);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let kills = self.world.kills.load(Ordering::Relaxed) - kills;
        let served = self.read(&id, kills);
        if !is_index_last {
            assert_eq!(sha256(&served.body), sha256(&bytes), "{id}");
        }
        self.tally.uploads.fetch_add(1, Ordering::Relaxed);
        self.world.ledger.lock().unwrap().push(Recording {
            id: id.clone(),
            sha256: sha256(&bytes),
            served_sha256: sha256(&served.body),
            is_deleted: false,
            is_changing: false,
        });
        // What has come of it is told as often as somebody asks.
        let again = Upload::begin_again(self.world, &source, &bytes);
        assert_eq!(again.json()["id"], id.as_str(), "{}", told(&again));
        id
    }

    /// The content, after so many kills since its upload began.
    fn read(&self, id: &str, kills: u64) -> Http {
        let content = content_of(id);
        let mut answer = self.world.get(&content);
        if answer.status == 403 && kills >= KILLS_TO_QUARANTINE {
            self.archive.run(&["quarantine", "release", id]);
            self.tally.held_back.fetch_add(1, Ordering::Relaxed);
            answer = self.world.get(&content);
        }
        assert_eq!(answer.status, 200, "{id} after {kills} kills: {}", told(&answer));
        answer
    }

    fn delete(&self, id: &str) {
        self.world.note(id, |one| one.is_changing = true);
        self.world.deletions.fetch_add(1, Ordering::Relaxed);
        let path = format!("/api/v1/recordings/{id}");
        let request = Request::new("DELETE", &path).with_token(&self.world.token);
        let mut answer = self.world.send(&request);
        let is_first = answer.status != 0;
        if !is_first {
            answer = self.world.ask(&request);
        }
        // Nobody knows whose it was, once it is removed for good; an answer that was lost may have been of that deletion.
        match answer.status {
            404 if self.plan.is_removed_at_once && !is_first => {}
            status => assert_eq!(status, 204, "{}", told(&answer)),
        }
        self.world
            .note(id, |one| (one.is_changing, one.is_deleted) = (false, true));
        self.tally.deletions.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.world.get(&content_of(id)).status, 404, "{id}");
    }

    fn restore(&self, id: &str) {
        self.world.note(id, |one| one.is_changing = true);
        self.archive.run(&["recording", "restore", id]);
        self.world
            .note(id, |one| (one.is_changing, one.is_deleted) = (false, false));
        self.tally.restorations.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.world.get(&content_of(id)).status, 200, "{id}");
    }
}

fn list() -> String {
    format!("{}/recordings", standup_of(ORGANIZER))
}

fn content_of(id: &str) -> String {
    format!("{}/{id}/content", list())
}

impl Upload<'_> {
    /// Begins one of a source that has come already: the answer with it.
    fn begin_again(world: &World, source: &str, bytes: &[u8]) -> Http {
        let body = crate::upload::request(source, bytes).to_string();
        let begin = Request::new("POST", "/api/v1/uploadSessions").with_token(&world.token);
        let answer = world.ask(&begin.with_json(body.as_bytes()));
        assert_eq!(answer.status, 200, "{}", told(&answer));
        answer
    }
}

/// Compares what is listed with the ledger, and reads the `newest` of what is there.
fn is_as_acknowledged(world: &World, newest: usize) {
    let before = world.ledger.lock().unwrap().clone();
    let listed = world.listed(&list());
    let mut once = listed.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), listed.len(), "listed twice");
    let after = world.ledger.lock().unwrap().clone();
    let settled: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| {
            let is_same = before.is_deleted == after.is_deleted;
            is_same && !before.is_changing && !after.is_changing
        })
        .map(|(before, _)| before)
        .collect();
    for one in &settled {
        assert_eq!(listed.contains(&one.id), !one.is_deleted, "{one:?}");
    }
    let there = settled.iter().rev().filter(|one| !one.is_deleted);
    for one in there.take(newest) {
        let content = world.get(&content_of(&one.id));
        // It may have been deleted just now.
        if content.status != 404 {
            assert_eq!(sha256(&content.body), one.served_sha256, "{one:?}");
        }
    }
}

/// Starts the server and kills it, as often as it takes.
fn kill_servers(
    (archive, world): (&Archive, &World),
    kills: u64,
    chance: &mut Chance,
    clients: &[ScopedJoinHandle<'_, ()>],
) {
    for round in 0..kills {
        assert!(
            clients.iter().all(|client| !client.is_finished()),
            "a client has failed"
        );
        let moment = Moment::of(chance);
        let server = match moment {
            Moment::Starting(_) => Process::spawn(&mut archive.server()),
            _ => archive.serve(),
        };
        if !matches!(moment, Moment::Starting(_)) {
            world.is_at(Some(server.address()));
            if round % 10 == 5 {
                is_as_acknowledged(world, 3);
            }
        }
        moment.wait(world);
        world.is_at(None);
        server.kill();
        world.kills.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_a_killed_server_held_is_free_when_the_next_one_listens() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::seeded(folder.path(), &[]);
    let mut chance = Chance::new("what_a_killed_server_held_is_free_when_the_next_one_listens");
    let world = World::new(archive.token());
    let bytes = recording(&mut chance, 100_000, false);
    let mut server = archive.serve();
    // Its clients do not wait until it says that it listens.
    let address = server.address();
    world.is_at(Some(address.clone()));
    let mut upload = Upload::begin(&world, "held", &bytes);
    for _ in 0..12 {
        let (first, total) = (upload.acknowledged, bytes.len());
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Range: bytes {first}-{}/{total}\r\nContent-Length: 1000\r\n\r\n",
            upload.path,
            first + 999
        );
        let mut slow = TcpStream::connect(&address).unwrap();
        slow.write_all(head.as_bytes()).unwrap();
        let deadline = Instant::now() + DEADLINE;
        let held = "SELECT id FROM upload_sessions WHERE worker IS NOT NULL";
        while archive.texts(held).is_empty() {
            assert!(Instant::now() < deadline, "nobody takes it");
        }
        server.kill();
        server = Process::spawn(&mut archive.command(&["serve", "--listen", &address]));
        let answer = loop {
            assert!(Instant::now() < deadline, "nobody listens");
            let answer = upload.slice(1000);
            if answer.status != 0 {
                break answer;
            }
        };
        assert_eq!(answer.status, 202, "{}", told(&answer));
    }
    assert_eq!(upload.until_made(&mut chance).status, 201);
    server.stop();
    archive.is_sound();
}

#[test]
fn nothing_acknowledged_is_lost_to_kill() {
    run(Plan {
        name: "nothing_acknowledged_is_lost_to_kill",
        is_removed_at_once: false,
        server_kills: 180,
        import_kills: 80,
    });
}

#[test]
fn what_is_removed_for_good_is_removed_once_and_whole() {
    run(Plan {
        name: "what_is_removed_for_good_is_removed_once_and_whole",
        is_removed_at_once: true,
        server_kills: 70,
        import_kills: 20,
    });
}

fn run(plan: Plan) {
    let folder = tempfile::tempdir().unwrap();
    let days = if plan.is_removed_at_once { "0" } else { "30" };
    let archive = Archive::seeded(folder.path(), &[("GRAPHOPHONE_CONTENT__TRASH_DAYS", days)]);
    let mut chance = Chance::new(plan.name);
    let world = World::new(archive.token());
    let (tally, stop) = (Tally::default(), AtomicBool::new(false));
    let (imports, server) = std::thread::scope(|scope| {
        let (archive, world, tally, stop, path) = (&archive, &world, &tally, &stop, folder.path());
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let client = Client {
                    archive,
                    world,
                    tally,
                    plan,
                    name: format!("client-{number}"),
                    chance: chance.fork(),
                };
                scope.spawn(move || client.run(stop))
            })
            .collect();
        let mut own = chance.fork();
        let importing = scope.spawn(move || kill_imports(archive, path, plan.import_kills, &mut own));
        kill_servers((archive, world), plan.server_kills, &mut chance, &clients);
        stop.store(true, Ordering::Relaxed);
        let server = archive.serve();
        world.is_at(Some(server.address()));
        for client in clients {
            client.join().unwrap();
        }
        (importing.join().unwrap(), server)
    });
    // What an import has brought may have been looked at by servers that were killed.
    for id in archive.texts("SELECT id FROM artifacts WHERE quarantine_reason LIKE 'unknown:%'") {
        archive.run(&["quarantine", "release", &id]);
        tally.held_back.fetch_add(1, Ordering::Relaxed);
    }
    is_as_acknowledged(&world, usize::MAX);
    every_listed_one_is_readable(&world);
    let deadline = Instant::now() + DEADLINE;
    // What can be restored still has its job, and descriptions are removed once more after a while.
    let to_do = match plan.is_removed_at_once {
        true => {
            "SELECT name FROM jobs WHERE name IN ('content.remove', 'artifact.purge') AND subject NOT LIKE '%.json'"
        }
        false => "SELECT name FROM jobs WHERE name = 'content.remove' AND subject NOT LIKE '%.json'",
    };
    while !archive.texts(to_do).is_empty() {
        assert!(Instant::now() < deadline, "what is deleted is not removed");
        std::thread::yield_now();
    }
    server.stop();
    let held_back = tally.held_back.load(Ordering::Relaxed);
    archive.is_sound_but_for(held_back);
    nothing_is_left_over(&archive, &world, &imports, plan);
    print(&world, &tally, &imports);
}

fn every_listed_one_is_readable(world: &World) {
    for id in world.listed(&list()) {
        let head = world.get(&format!("{}/{id}", list()));
        let content = world.get(&content_of(&id));
        assert_eq!((head.status, content.status), (200, 200), "{id}");
    }
}

/// Rows, files and digests are of each other, and what was under way is gone.
fn nothing_is_left_over(archive: &Archive, world: &World, imports: &Imports, plan: Plan) {
    let mut removed = 0;
    for one in world.ledger.lock().unwrap().iter() {
        let stored = archive.texts(&format!(
            "SELECT lower(hex(content_objects.sha256)) FROM artifacts \
             JOIN content_objects USING (content_key) WHERE id = '{}'",
            one.id
        ));
        match plan.is_removed_at_once && one.is_deleted {
            true => {
                removed += 1;
                assert_eq!(stored, [""; 0], "{one:?}");
            }
            false => assert_eq!(stored, [one.sha256.as_str()], "{one:?}"),
        }
    }
    let made = archive.texts("SELECT id FROM artifacts WHERE kind = 'recording' AND source_id IS NOT NULL");
    let ledger = world.ledger.lock().unwrap().len();
    assert_eq!(made.len(), ledger - removed + imports.files, "nothing twice");
    assert_eq!(
        archive.texts("SELECT id FROM upload_sessions WHERE state <> 'finished'"),
        [""; 0]
    );
    assert_eq!(
        archive.texts("SELECT id FROM jobs WHERE name = 'upload.finish'"),
        [""; 0]
    );
    assert_eq!(archive.unfinished(".uploads"), (0, 0));
    // What is half written beside recordings is removed after a day. It is small.
    let (bytes, count) = archive.unfinished(".incoming");
    let kills = world.kills.load(Ordering::Relaxed) + imports.kills;
    assert!(
        bytes < 1_000_000 && count as u64 <= kills,
        "{bytes} bytes in {count}"
    );
}

fn print(world: &World, tally: &Tally, imports: &Imports) {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "kills: {} of the server, {} of imports; requests cut: {}; statuses: {:?}",
        count(&world.kills),
        imports.kills,
        count(&world.cut),
        world.statuses.lock().unwrap(),
    );
    println!(
        "uploads: {}, held back by kills: {}, deletions: {}, restorations: {}, files imported: {}, {} of them moved; \
         acknowledged and lost: 0",
        count(&tally.uploads),
        count(&tally.held_back),
        count(&tally.deletions),
        count(&tally.restorations),
        imports.files,
        imports.moved,
    );
}
