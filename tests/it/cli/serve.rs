//! `graphophone serve`: start, seeds, signals, a second server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;

use super::binary::{DEADLINE, Process, ask, command, get, read_answer};
use super::home::Home;
use crate::support::media;
use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::stores::{content_is_in_a_folder, rows_are_in_a_file};

/// More than the kernel buffers of a connection hold.
const LONG: usize = 24_000_000;

fn with_long_recording() -> Home {
    let home = Home::seeded();
    home.write("long.mp4", &media(LONG));
    let seed = format!("recordings: [{{ id: long, meetingId: \"{STANDUP}\", contentFile: long.mp4 }}]");
    let file = home.write("long.yaml", seed.as_bytes());
    home.run(&["seed", &file]).succeeded();
    home
}

/// A download of which only the beginning was read.
fn begin_download(home: &Home, address: &str) -> (TcpStream, Vec<u8>) {
    let token = home.token(ORGANIZER);
    let mut stream = ask(
        address,
        &format!("{}/recordings/long/content", my_standup()),
        &token,
    );
    let mut read = vec![0; 1000];
    stream.read_exact(&mut read).unwrap();
    assert!(read.starts_with(b"HTTP/1.1 200"));
    (stream, read)
}

#[test]
fn exactly_one_line_says_listening_on_once_the_seeds_are_there() {
    let home = Home::new();
    let more = home.write(
        "more.yaml",
        format!("recordings: [{{ id: more, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}]").as_bytes(),
    );
    let server = home.serve(&["--seed", &home.path("seed.yaml"), "--seed", &more]);
    let token = home.token(ORGANIZER);
    let list = get(&server.address(), &format!("{}/recordings", my_standup()), &token);
    let mut ids = list.ids();
    ids.sort();
    assert_eq!(ids, ["more", "recording-1", "recording-2"]);
    assert!(server.address().starts_with("127.0.0.1:"));
    let ran = server.stop();
    assert_eq!(ran.out, "");
    let listening = ran.err.lines().filter(|line| line.contains("listening on"));
    assert_eq!(listening.count(), 1, "{}", ran.err);
}

#[test]
fn the_same_seeds_at_every_start_change_nothing() {
    let home = Home::new();
    let seed = home.path("seed.yaml");
    home.serve(&["--seed", &seed]).stop();
    let before = home.state();
    home.serve(&["--seed", &seed]).stop();
    assert_eq!(home.state(), before);
}

#[test]
fn a_refused_seed_is_told_with_its_pointer_and_makes_no_store() {
    let home = Home::new();
    let seed = home.write("bad.yaml", b"users: [{ tenantId: a, userType: member }]");
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--seed", &seed]);
    assert!(
        ran.refused().starts_with(&format!("{seed}: /users/0/userType: ")),
        "{ran:?}"
    );
    let none = home.path("none.yaml");
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--seed", &none]);
    assert!(ran.refused().starts_with(&format!("{none}: ")), "{ran:?}");
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn a_seed_that_the_store_refuses_ends_the_start_with_2() {
    let home = Home::new();
    let seed = home.write("bad.yaml", b"users: [{ tenantId: nowhere }]");
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--seed", &seed]);
    assert!(
        ran.refused().starts_with(&format!("{seed}: /users/0/tenantId: ")),
        "{ran:?}"
    );
}

#[test]
fn a_download_in_flight_finishes_after_sigterm_and_nothing_new_begins() {
    let home = with_long_recording();
    let mut server = home.serve(&[]);
    let (mut stream, read) = begin_download(&home, &server.address());
    let address = server.address();
    server.signal(Signal::TERM);
    server.error_with("stopping");
    // The listening socket is closed by each thread when it hears of the stop.
    while let Ok(mut late) = TcpStream::connect(&address) {
        late.set_read_timeout(Some(DEADLINE)).unwrap();
        let _cut = late.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let _cut = late.read(&mut [0; 1]);
    }
    assert!(server.ends_within(Duration::from_millis(1)).is_none());
    let answer = read_answer(&mut stream, read);
    assert!(answer.body == media(LONG));
    let ran = server.finish();
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn sigint_stops_as_well() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    server.signal(Signal::INT);
    let ran = server.finish();
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
}

#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let home = Home::seeded();
    let mut server = home.serve(&[]);
    let mut idle = TcpStream::connect(server.address()).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut read = [0; 15];
    idle.read_exact(&mut read).unwrap();
    let silent = TcpStream::connect(server.address()).unwrap();
    server.signal(Signal::TERM);
    let ended = server.ends_within(Duration::from_secs(10));
    assert_eq!(
        ended.and_then(|status| status.code()),
        Some(0),
        "before shutdown_grace is over"
    );
    drop((idle, silent));
}

#[test]
fn what_is_in_flight_after_shutdown_grace_is_cut() {
    let home = with_long_recording();
    let file = home.write("graphophone.toml", b"shutdown_grace = \"200ms\"\n");
    let mut server = home.serve(&["--config", &file]);
    let (mut stream, read) = begin_download(&home, &server.address());
    server.signal(Signal::TERM);
    let ended = server.ends_within(Duration::from_secs(20));
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
    assert!(read_answer(&mut stream, read).body.len() < LONG);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    if !rows_are_in_a_file() {
        return;
    }
    let home = Home::seeded();
    let server = home.serve(&[]);
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(ran.failed().contains(&home.data()), "{ran:?}");
    let demo = home.run(&["demo"]);
    assert_eq!(demo.status, 1, "{demo:?}");
    assert_eq!(get(&server.address(), "/healthz", "").status, 200);
    server.stop();
    home.serve(&[]).stop();
}

#[test]
fn an_address_in_use_is_a_failure_at_work() {
    let home = Home::seeded();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = home.run(&["serve", "--listen", &address]);
    let line = ran.failed();
    assert!(line.starts_with("listen: ") && line.contains(&address), "{line}");
}

#[test]
fn after_kill_the_folder_can_be_served_again() {
    let home = Home::seeded();
    home.serve(&[]).kill();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let list = get(&server.address(), &format!("{}/recordings", my_standup()), &token);
    assert_eq!(list.ids().len(), 2);
}

#[test]
fn links_begin_with_the_bound_address_or_public_url() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let path = format!("{}/recordings/recording-1", my_standup());
    let json = get(&server.address(), &path, &token).json();
    let context = json["@odata.context"].as_str().unwrap();
    assert!(
        context.starts_with(&format!("http://{}/v1.0/$metadata", server.address())),
        "{context}"
    );
    server.stop();
    let file = home.write(
        "graphophone.toml",
        b"public_url = \"https://recordings.example.org\"\n",
    );
    let server = home.serve(&["--config", &file]);
    let json = get(&server.address(), &path, &token).json();
    let context = json["@odata.context"].as_str().unwrap();
    assert!(
        context.starts_with("https://recordings.example.org/v1.0/$metadata"),
        "{context}"
    );
}

#[test]
fn readyz_and_healthz_answer_without_a_token() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&server.address(), path, "").status, 200, "{path}");
    }
}

#[test]
fn the_environment_alone_is_enough() {
    let home = Home::seeded();
    let mut command = command(&["serve"]);
    command
        .env("GRAPHOPHONE_DATA", home.data())
        .env("GRAPHOPHONE_LISTEN", "127.0.0.1:0");
    let mut server = Process::spawn(&mut command);
    server.error_with("listening on http://127.0.0.1:");
    server.stop();
}

#[test]
fn data_and_database_are_for_their_owner_alone() {
    if !rows_are_in_a_file() {
        return;
    }
    use std::os::unix::fs::MetadataExt;
    let home = Home::seeded();
    let mode = |name: &str| std::fs::metadata(home.path(name)).unwrap().mode() & 0o777;
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/graphophone.db"), 0o600);
    if !content_is_in_a_folder() {
        return;
    }
    assert_eq!(mode("data/content"), 0o700);
    for file in home.content_files() {
        assert_eq!(
            std::fs::metadata(&file).unwrap().mode() & 0o077,
            0,
            "{}",
            file.display()
        );
    }
}
