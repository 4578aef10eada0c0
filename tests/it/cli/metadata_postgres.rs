//! Rows on a server: what `config check` and `serve` say of one that is not as it should be, and two nodes on one database.

use std::process::{Child, Command, Stdio};

use super::binary::{Process, Ran, command, get, run};
use super::home::Home;
use crate::support::names::{ARCHIVER, ORGANIZER, STANDUP, my_standup};
use crate::support::postgres::{Database, Server, server};
use crate::support::wait_until;

fn config(home: &Home, url: &str) -> String {
    let text = format!(
        "data = \"data\"\nlisten = \"127.0.0.1:0\"\nlog.requests = false\n[metadata]\nurl = \"{url}\"\nconnections = 4\n"
    );
    home.write("postgres.toml", text.as_bytes())
}

fn by_tcp(password: &str, database: &str) -> String {
    format!(
        "postgres://graphophone:{password}@127.0.0.1:{}/{database}",
        server().port
    )
}

/// What is said on standard error, without the program's name and without warnings.
fn lines(ran: &Ran) -> Vec<&str> {
    let lines = ran
        .err
        .lines()
        .map(|line| line.trim_start_matches("graphophone: "));
    lines.filter(|line| !line.starts_with("warning: ")).collect()
}

#[test]
fn a_server_that_cannot_be_used_is_one_line_that_names_the_setting() {
    let home = Home::new();
    let database = Database::with_schema();
    let foreign = Database::empty();
    foreign.run("CREATE TABLE orders (id INT)");
    let newer = Database::with_schema();
    newer.run("UPDATE store SET value = '999' WHERE name = 'schema'");
    for (url, words) in [
        (by_tcp("hush", database.name()), "metadata.password: "),
        (
            by_tcp("graphophone", "nowhere"),
            "metadata.url: there is no database",
        ),
        (
            "postgres://graphophone:hush@host.invalid/x?sslmode=disable".to_owned(),
            "metadata.url: no connection to host.invalid:5432",
        ),
        (
            foreign.url(),
            "metadata.url: the database is not a graphophone store",
        ),
        (
            newer.url(),
            "metadata.url: the store is of a newer version (schema 999",
        ),
    ] {
        let file = config(&home, &url);
        for arguments in [&["config", "check"][..], &["serve"], &["audit", "list"]] {
            let ran = run(&[arguments, &["--config", &file]].concat());
            assert_eq!(ran.status, 1, "{arguments:?}: {ran:?}");
            let lines = lines(&ran);
            assert!(
                lines.len() == 1 && lines[0].starts_with(words),
                "{words}: {arguments:?}: {ran:?}"
            );
            assert!(!ran.err.contains("hush") && !ran.out.contains("hush"), "{ran:?}");
        }
    }
    assert_eq!(
        foreign.run("SELECT COUNT(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        ["1"]
    );
}

#[test]
fn a_good_server_passes() {
    let home = Home::new();
    let database = Database::with_schema();
    let file = config(&home, &by_tcp("graphophone", database.name()));
    let out = run(&["config", "check", "--config", &file]).succeeded();
    assert!(out.contains("Nothing is wrong with it.") && !out.contains("graphophone:graphophone"));
}

struct Replica(Child);

impl Drop for Replica {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

#[tokio::test]
async fn replicas_that_are_not_waited_for_are_warned_of() {
    let home = Home::new();
    // Other tests look at what is warned of, too.
    let server = Server::start_with(&[]);
    let file = config(&home, &server.url("postgres"));
    let replica = Command::new("pg_receivewal")
        .args(["--no-loop", "-U", "graphophone", "-D", &home.path("")])
        .args(["-h", &server.socket.display().to_string()])
        .args(["-p", &server.port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _replica = Replica(replica.unwrap());
    let is_there = || server.run("SELECT COUNT(*) FROM pg_stat_replication") != ["0"];
    wait_until("the replica is there", is_there).await;
    let ran = run(&["config", "check", "--config", &file]);
    assert!(
        ran.err.contains("asynchronous") && ran.err.contains("synchronous_standby_names"),
        "{ran:?}"
    );
    ran.succeeded();
}

#[test]
fn two_nodes_serve_one_database() {
    let home = Home::new();
    let database = Database::empty();
    let file = config(&home, &database.url());
    let ran = run(&["recording", "list", "--config", &file]);
    assert!(ran.failed().contains("load a seed first"), "{ran:?}");
    // Both begin on nothing, at once.
    let mut nodes = [(); 2].map(|()| Process::spawn(&mut command(&["serve", "--config", &file])));
    for node in &mut nodes {
        node.error_with("listening on http://");
    }
    run(&["seed", &home.path("seed.yaml"), "--config", &file]).succeeded();
    let arguments = [
        "token",
        "--application",
        ARCHIVER,
        "--user",
        ORGANIZER,
        "--config",
        &file,
    ];
    let token = run(&arguments).succeeded().trim_end().to_owned();
    let list = format!("{}/recordings", my_standup());
    for node in &nodes {
        assert_eq!(get(&node.address(), &list, &token).ids().len(), 2);
        let content = get(&node.address(), &format!("{list}/recording-1/content"), &token);
        assert_eq!((content.status, content.body.len()), (200, 1000));
    }
    // What one is told counts on the other at once.
    let more = format!("recordings: [{{ id: new, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}]");
    run(&[
        "seed",
        &home.write("more.yaml", more.as_bytes()),
        "--config",
        &file,
    ])
    .succeeded();
    for node in &nodes {
        assert_eq!(get(&node.address(), &list, &token).ids().len(), 3);
    }
    let audited = run(&["audit", "list", "--json", "--config", &file]).succeeded();
    assert_eq!(audited.lines().count(), 2);
    for node in nodes {
        assert_eq!(node.stop().status, 0);
    }
}

#[test]
fn a_file_that_is_no_store_does_not_pass_the_check_either() {
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    std::fs::write(home.database(), "a letter to somebody, and quite a long one").unwrap();
    let ran = home.run_on_files(&["config", "check"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.err.contains("is not a graphophone store"), "{ran:?}");
    let other = Home::new();
    assert!(
        other
            .run_on_files(&["config", "check"])
            .succeeded()
            .contains("Nothing is wrong")
    );
    assert!(!other.folder.path().join("data").exists());
}
