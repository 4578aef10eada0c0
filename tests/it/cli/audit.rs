//! `graphophone audit list`

use std::io::{Read, Write};
use std::net::TcpStream;

use super::binary::{DEADLINE, get};
use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, STANDUP, my_standup, standup_of};

#[test]
fn each_answer_with_content_is_listed_newest_first_with_ids_alone() {
    let home = Home::seeded();
    assert_eq!(home.run(&["audit", "list", "--json"]).succeeded(), "");
    let server = home.serve(&[]);
    let (user, app) = (home.token(ORGANIZER), home.app_token());
    let one = get(
        &server.address(),
        &format!("{}/recordings/recording-1/content", my_standup()),
        &user,
    );
    let two = get(
        &server.address(),
        &format!("{}/recordings/recording-2/content", standup_of(ORGANIZER)),
        &app,
    );
    // Neither a list nor a refusal is content.
    get(&server.address(), &format!("{}/recordings", my_standup()), &user);
    get(
        &server.address(),
        &format!("{}/recordings/none/content", my_standup()),
        &user,
    );
    // A part of it, on a connection of its own.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!(
        "GET {}/recordings/recording-1/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {user}\r\nRange: bytes=10-19\r\nConnection: close\r\n\r\n",
        my_standup()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _cut = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 206"), "{answer}");

    let out = home.run(&["audit", "list", "--json"]).succeeded();
    let records: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len(), 3, "{out}");
    let bytes: Vec<_> = records
        .iter()
        .map(|one| (one["firstByte"].as_i64(), one["lastByte"].as_i64()))
        .collect();
    assert_eq!(
        bytes,
        [
            (Some(10), Some(19)),
            (Some(0), Some(299_999)),
            (Some(0), Some(999))
        ]
    );
    assert_eq!(records[2]["requestId"], one.header("request-id"));
    assert_eq!(records[1]["requestId"], two.header("request-id"));
    assert_eq!(records[2]["userId"], ORGANIZER);
    assert_eq!(records[1]["userId"], serde_json::Value::Null);
    for record in &records {
        assert_eq!(record["tenantId"], CONTOSO);
        assert_eq!(record["applicationId"], ARCHIVER);
        assert_eq!(record["kind"], "recording");
        assert_eq!(record["operation"], "content.read");
        assert_eq!(record["meetingId"], STANDUP);
    }
    assert!(
        !out.contains("contoso.example") && !out.contains("Organizer"),
        "{out}"
    );

    let limited = home.run(&["audit", "list", "--json", "--limit", "1"]).succeeded();
    assert_eq!(limited, format!("{}\n", out.lines().next().unwrap()));
    let none = home
        .run(&["audit", "list", "--json", "--since", "2999-01-01T00:00:00Z"])
        .succeeded();
    assert_eq!(none, "");
    let table = home.run(&["audit", "list"]).succeeded();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.lines().next().unwrap().starts_with("time "), "{table}");
    assert!(table.contains("content.read recording recording-1"), "{table}");
}

#[test]
fn arguments_that_cannot_be_read_end_with_2() {
    let home = Home::seeded();
    for arguments in [["--since", "yesterday"], ["--limit", "-1"], ["--limit", "many"]] {
        let ran = home.run(&[&["audit", "list"], &arguments[..]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:?}");
    }
}
