//! What costs a client little and would cost the server much. The real server in a process of its own, so that its memory
//! can be told; with `--nocapture` each flood prints what came of it, as docs/operations.md shows.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::{DEADLINE, Two};
use super::frames::{
    END_HEADERS, END_STREAM, Frames, Kind, block, field, frame, head, head_with, integer, read_frame, text,
};
use crate::cli::binary::Process;
use crate::cli::home::Home;
use crate::support::names::{ORGANIZER, my_standup};
use crate::support::tls::{Authority, FOREVER, Secure};

/// Connections that flood at the same time.
const CONNECTIONS: usize = 4;
/// The most that the memory of the server may grow, in KiB.
const MOST_KIB: u64 = 64 * 1024;
/// Rounds of a flood that the server does not stop.
const ROUNDS: u32 = 40_000;
/// Rounds that are sent at a time.
const BATCH: u32 = 50;

/// How a flood should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server ends the connection.
    Closed,
    /// The server goes on, and answers each round with such a frame.
    Answered(Kind),
    /// The server goes on, and says nothing.
    Borne,
}

/// Bytes that a client sends again and again.
struct Flood {
    name: &'static str,
    /// Before the first round.
    begin: fn() -> Vec<u8>,
    /// The bytes of a round.
    round: fn(u32) -> Vec<u8>,
    end: End,
}

/// The stream of a round.
fn stream(round: u32) -> u32 {
    2 * round + 1
}

/// A head that does not end.
fn open_head(id: u32) -> Vec<u8> {
    frame(Kind::Headers, END_STREAM, id, &block("/healthz"))
}

/// A head that refers to the newest field of the table so many times.
fn references(id: u32, count: usize) -> Vec<u8> {
    let newest = integer(62, 7, 0x80).repeat(count);
    frame(
        Kind::Headers,
        END_STREAM | END_HEADERS,
        id,
        &[block("/healthz"), newest].concat(),
    )
}

/// A head that leaves a field of 4,000 bytes in the table.
fn remembered() -> Vec<u8> {
    let field = [vec![0x40], text(b"x"), text(&[b'y'; 4000])].concat();
    frame(
        Kind::Headers,
        END_STREAM | END_HEADERS,
        1,
        &[block("/healthz"), field].concat(),
    )
}

const FLOODS: [Flood; 13] = [
    Flood {
        name: "reset: streams opened and reset at once",
        begin: Vec::new,
        round: |round| {
            let id = stream(round);
            [
                head(id, "/healthz", true),
                frame(Kind::Reset, 0, id, &8_u32.to_be_bytes()),
            ]
            .concat()
        },
        end: End::Closed,
    },
    Flood {
        name: "reset: by the server, for a window of nothing",
        begin: Vec::new,
        round: |round| {
            let id = stream(round);
            let nothing = frame(Kind::WindowUpdate, 0, id, &0_u32.to_be_bytes());
            [head(id, "/healthz", false), nothing].concat()
        },
        end: End::Closed,
    },
    Flood {
        name: "streams beyond the limit",
        begin: Vec::new,
        round: |round| head(stream(round), "/healthz", false),
        end: End::Closed,
    },
    Flood {
        name: "CONTINUATION without an end",
        begin: || open_head(1),
        round: |_| frame(Kind::Continuation, 0, 1, &field(b"x", b"y")),
        end: End::Closed,
    },
    Flood {
        name: "CONTINUATION without an end and without anything in it",
        begin: || open_head(1),
        round: |_| frame(Kind::Continuation, 0, 1, b""),
        end: End::Closed,
    },
    Flood {
        name: "HPACK: 16,000 references to a field of 4,000 bytes",
        begin: remembered,
        round: |round| references(stream(round + 1), 16_000),
        end: End::Closed,
    },
    Flood {
        name: "HPACK: 10 references to a field of 4,000 bytes",
        begin: remembered,
        round: |round| references(stream(round + 1), 10),
        end: End::Closed,
    },
    Flood {
        name: "SETTINGS",
        begin: Vec::new,
        round: |round| {
            frame(
                Kind::Settings,
                0,
                0,
                &[[0, 3, 0, 0, 0].as_slice(), &[(round % 100) as u8]].concat(),
            )
        },
        end: End::Answered(Kind::Settings),
    },
    Flood {
        name: "PING",
        begin: Vec::new,
        round: |round| frame(Kind::Ping, 0, 0, &u64::from(round).to_be_bytes()),
        end: End::Answered(Kind::Ping),
    },
    Flood {
        name: "DATA with nothing in it",
        begin: || head(1, "/healthz", false),
        round: |_| frame(Kind::Data, 0, 1, b""),
        end: End::Closed,
    },
    Flood {
        name: "WINDOW_UPDATE",
        begin: || head(1, "/healthz", false),
        round: |round| frame(Kind::WindowUpdate, 0, round % 2, &1_u32.to_be_bytes()),
        end: End::Borne,
    },
    Flood {
        name: "PRIORITY",
        begin: Vec::new,
        round: |round| frame(Kind::Priority, 0, stream(round), &[0, 0, 0, 0, 15]),
        end: End::Borne,
    },
    Flood {
        name: "frames of a type that nobody knows",
        begin: Vec::new,
        round: |_| {
            let mut unknown = frame(Kind::Ping, 0, 0, &[0; 100]);
            unknown[3] = 200;
            unknown
        },
        end: End::Borne,
    },
];

/// A server of its own process, the authority that its clients trust, and its memory before anybody asked.
struct Target {
    home: Home,
    server: Process,
    authority: Authority,
}

impl Target {
    fn start(more: &str) -> Self {
        let home = Home::seeded();
        let authority = Authority::new(home.folder.path());
        authority.replace(FOREVER);
        let config = format!("log.requests = false\n{}{more}", Authority::CONFIG);
        let file = home.write("graphophone.toml", config.as_bytes());
        let server = home.serve(&["--config", &file]);
        Self {
            home,
            server,
            authority,
        }
    }

    async fn connect(&self) -> Secure {
        self.authority
            .connect(&self.server.address(), &["h2"])
            .await
            .unwrap()
    }

    /// Resident memory now, and the most that it ever was, in KiB.
    fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let value = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (value("VmRSS:"), value("VmHWM:"))
    }
}

/// What came of a flood on one connection.
struct Outcome {
    rounds: u32,
    answers: u32,
    /// The server has ended the connection.
    is_closed: bool,
    /// Why, where it has said so.
    reason: Option<u32>,
}

/// Floods one connection until it ends, or long enough.
async fn run(connection: Secure, begin: Vec<u8>, round: fn(u32) -> Vec<u8>, end: End) -> Outcome {
    let mut frames = Frames::begin(connection).await;
    frames.send(&begin).await;
    let (mut reading, mut writing) = frames.split();
    let (over, is_over) = tokio::sync::watch::channel(false);
    let answers = tokio::spawn(async move {
        let (mut answers, mut reason) = (0, None);
        while let Some(frame) = read_frame(&mut reading).await {
            let is_ack = frame.flags & 1 == 1;
            if matches!(end, End::Answered(kind) if frame.kind == kind as u8 && is_ack) {
                answers += 1;
            }
            if frame.kind == Kind::GoAway as u8 {
                reason = Some(u32::from_be_bytes(frame.payload[4..8].try_into().unwrap()));
                over.send_replace(true);
            }
        }
        over.send_replace(true);
        (answers, reason)
    });
    let started = Instant::now();
    let mut sent = 0;
    let is_closed = loop {
        let is_enough = match end {
            End::Closed => started.elapsed() > DEADLINE,
            End::Answered(_) | End::Borne => sent == ROUNDS,
        };
        if is_enough {
            break false;
        }
        if *is_over.borrow() {
            break true;
        }
        let bytes: Vec<u8> = (sent..sent + BATCH).flat_map(round).collect();
        if writing.write_all(&bytes).await.is_err() || writing.flush().await.is_err() {
            break true;
        }
        sent += BATCH;
    };
    // The server answers what is left, and closes when it hears that there will be no more.
    let _closed = writing.shutdown().await;
    let (answers, reason) = tokio::time::timeout(DEADLINE, answers)
        .await
        .expect("the connection does not end")
        .unwrap();
    Outcome {
        rounds: sent,
        answers,
        is_closed,
        reason,
    }
}

/// Asks on a connection of its own until it is told to stop; the longest that an answer took.
async fn bystander(connection: Secure, base: String, stop: tokio::sync::watch::Receiver<bool>) -> Duration {
    let mut two = Two::on(connection, &base, |_| {}).await;
    let mut longest = Duration::ZERO;
    while !*stop.borrow() {
        let asked = Instant::now();
        assert_eq!(two.get("/healthz", "").await.status, 200);
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    longest
}

/// Runs a flood on several connections, beside somebody who only wants an answer.
async fn endure(target: &Target, flood: &Flood) {
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let base = format!("https://{}", target.server.address());
    let other = tokio::spawn(bystander(target.connect().await, base, stopping));
    let (before, _) = target.memory();
    let started = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..CONNECTIONS {
        running.spawn(run(
            target.connect().await,
            (flood.begin)(),
            flood.round,
            flood.end,
        ));
    }
    let outcomes = running.join_all().await;
    let took = started.elapsed();
    stop.send_replace(true);
    let longest = other.await.unwrap();
    let (_, most) = target.memory();
    let grown = most.saturating_sub(before);
    let rounds: u32 = outcomes.iter().map(|outcome| outcome.rounds).sum();
    let reasons: Vec<Option<u32>> = outcomes.iter().map(|outcome| outcome.reason).collect();
    println!(
        "| {} | {rounds} rounds in {} ms | {:?} {reasons:?} | {} KiB | {} ms |",
        flood.name,
        took.as_millis(),
        flood.end,
        grown,
        longest.as_millis()
    );
    for outcome in outcomes {
        let name = flood.name;
        match flood.end {
            End::Closed => assert!(
                outcome.is_closed,
                "{name}: it goes on after {} rounds",
                outcome.rounds
            ),
            End::Answered(_) => {
                assert!(!outcome.is_closed, "{name}: {:?}", outcome.reason);
                assert!(outcome.answers >= ROUNDS, "{name}: {}", outcome.answers);
            }
            End::Borne => assert!(!outcome.is_closed, "{name}: {:?}", outcome.reason),
        }
    }
    assert!(grown <= MOST_KIB, "{}: {grown} KiB", flood.name);
    assert!(longest < Duration::from_secs(5), "{}: {longest:?}", flood.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_end_or_are_answered_and_cost_little_memory() {
    let target = Target::start("");
    for flood in &FLOODS {
        endure(&target, flood).await;
    }
    target.server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_with_a_pause_between_them_end_the_connection_too() {
    let target = Target::start("");
    let mut connection = Frames::begin(target.connect().await).await;
    let mut opened = 0;
    // Fewer at a time than the library minds, and only once the last ones have been looked at.
    while opened < 5000 {
        let mut bytes = Vec::new();
        for _ in 0..10 {
            let id = stream(opened);
            bytes.extend(frame(Kind::Headers, END_HEADERS, id, &block("/healthz")));
            bytes.extend(frame(Kind::Reset, 0, id, &8_u32.to_be_bytes()));
            opened += 1;
        }
        bytes.extend(frame(Kind::Ping, 0, 0, b"12345678"));
        if !connection.try_send(&bytes).await || !connection.has(Kind::Ping).await {
            break;
        }
    }
    assert!(opened <= 300, "{opened}");
    target.server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_that_nobody_takes_hold_little_memory_and_are_given_up() {
    let target = Target::start("limits.send_timeout = \"3s\"\n");
    let token = target.home.token(ORGANIZER);
    let path = format!("{}/recordings/recording-2/content", my_standup());
    let (before, _) = target.memory();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Frames::begin(target.connect().await).await;
        // No room at all, so that whatever is read ahead stays with the server.
        connection
            .send(&frame(Kind::Settings, 0, 0, &[0, 4, 0, 0, 0, 0]))
            .await;
        for number in 0..128 {
            connection
                .send(&head_with(stream(number), &path, true, &token))
                .await;
        }
        connections.push(connection);
    }
    let started = Instant::now();
    for connection in &mut connections {
        for _ in 0..128 {
            let answer = connection.next(Kind::Headers).await;
            assert_eq!(answer.flags & END_STREAM, 0);
        }
    }
    for connection in &mut connections {
        for _ in 0..128 {
            let reset = connection.next(Kind::Reset).await;
            assert_eq!(reset.payload, 8_u32.to_be_bytes(), "CANCEL");
        }
    }
    let (_, most) = target.memory();
    let grown = most.saturating_sub(before);
    let each = grown / (128 * CONNECTIONS as u64);
    println!(
        "| {} downloads without room | given up after {} ms | {grown} KiB, {each} KiB each |",
        128 * CONNECTIONS,
        started.elapsed().as_millis()
    );
    assert!(grown <= MOST_KIB, "{grown} KiB");
    drop(connections);
    target.server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_whose_answers_nobody_reads_is_cut() {
    let target = Target::start("limits.send_timeout = \"1s\"\n");
    let (before, _) = target.memory();
    let (reading, mut writing) = Frames::begin(target.connect().await).await.split();
    let pings: Vec<u8> = (0..1000_u64)
        .flat_map(|number| frame(Kind::Ping, 0, 0, &number.to_be_bytes()))
        .collect();
    let started = Instant::now();
    while writing.write_all(&pings).await.is_ok() && writing.flush().await.is_ok() {
        assert!(started.elapsed() < DEADLINE, "it goes on");
    }
    drop(reading);
    let (_, most) = target.memory();
    assert!(most.saturating_sub(before) <= MOST_KIB, "{before} {most}");
    target.server.stop();
}
