//! A proxy that cuts connections, in both directions, after a number of bytes of chance.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::archive::Archive;
use crate::chance::Chance;
use crate::media::{recording, sha256};
use crate::names::{ORGANIZER, standup_of};
use crate::upload::Upload;
use crate::world::World;

/// Bytes that pass at a time.
const PIECE: usize = 4096;
/// How many cuts there must have been.
const CUTS: u64 = 150;

/// The proxy, until it is dropped.
struct Proxy {
    address: String,
    /// How often it has cut, on the way there and on the way back.
    cuts: Arc<[AtomicU64; 2]>,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    fn to(server: &str, mut chance: Chance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (cuts, is_over) = (
            Arc::new([AtomicU64::new(0), AtomicU64::new(0)]),
            Arc::new(AtomicBool::new(false)),
        );
        let (server, counted, over) = (server.to_owned(), Arc::clone(&cuts), Arc::clone(&is_over));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let client = client.unwrap();
                let upstream = TcpStream::connect(&server).unwrap();
                // Of ten connections, one passes whole.
                let (there, back) = match chance.number(0, 9) {
                    0 => (u64::MAX, u64::MAX),
                    1..8 => (chance.number(1, 500_000), u64::MAX),
                    _ => (u64::MAX, chance.number(0, 1500)),
                };
                let pair = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
                let both = [Arc::clone(&counted), Arc::clone(&counted)];
                let [first, second] = both;
                std::thread::spawn(move || pass(&client, &upstream, there, &first[0]));
                std::thread::spawn(move || pass(&pair.1, &pair.0, back, &second[1]));
            }
        });
        Self {
            address,
            cuts,
            is_over,
        }
    }

    fn cuts(&self) -> [u64; 2] {
        [0, 1].map(|way| self.cuts[way].load(Ordering::Relaxed))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _woken = TcpStream::connect(&self.address);
    }
}

/// Passes so many bytes on, and cuts then.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut left: u64, cuts: &AtomicU64) {
    let mut buffer = [0; PIECE];
    loop {
        let wanted = usize::try_from(left.min(PIECE as u64)).unwrap();
        if wanted == 0 {
            cuts.fetch_add(1, Ordering::Relaxed);
            break;
        }
        match from.read(&mut buffer[..wanted]) {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                left -= count as u64;
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
        }
    }
    let _ended = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[test]
fn an_upload_over_a_line_that_breaks_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::seeded(folder.path(), &[]);
    let mut chance = Chance::new("an_upload_over_a_line_that_breaks_comes_to_its_end");
    let server = archive.serve();
    let proxy = Proxy::to(&server.address(), chance.fork());
    let world = World::new(archive.token());
    let mut made = 0;
    let mut number = 0;
    while proxy.cuts().iter().sum::<u64>() < CUTS {
        world.is_at(Some(proxy.address.clone()));
        number += 1;
        let more = chance.length(0, 4_000_000);
        let bytes = recording(&mut chance, more, false);
        let mut upload = Upload::begin(&world, &number.to_string(), &bytes);
        upload.may_be_held = true;
        let answer = upload.until_made(&mut chance);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        // What is read back comes by a line that holds.
        world.is_at(Some(server.address()));
        let content = world.get(&format!("{}/recordings/{id}/content", standup_of(ORGANIZER)));
        assert_eq!(sha256(&content.body), sha256(&bytes));
        made += bytes.len();
    }
    let [there, back] = proxy.cuts();
    println!("{number} uploads of {made} bytes; cut on the way there: {there}, on the way back: {back}");
    assert!(there > 0 && back > 0);
    server.stop();
    archive.is_sound();
    assert_eq!(archive.unfinished(".uploads"), (0, 0));
}
