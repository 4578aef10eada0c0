//! `graphophone user`

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use graphophone::authority::secret_hash;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::binary::{DEADLINE, Process, get};
use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, DISABLED, FABRIKAM, ORGANIZER, my_standup};

const MEGAN: &str = "megan@contoso.example";
const PASSWORD: &str = "four plain words here";

/// The hash that is kept for a user.
fn hash_of(home: &Home, name: &str) -> String {
    let sql = format!("SELECT password_hash FROM users WHERE user_principal_name = '{name}'");
    home.stores.texts(&sql).remove(0)
}

fn create(home: &Home, more: &[&str]) -> serde_json::Value {
    home.one(&[&["user", "create", "--upn", MEGAN, "--no-password"], more].concat())
}

#[test]
fn a_user_is_stored_with_the_password_of_standard_input() {
    let home = Home::of_contoso();
    let arguments = [
        "user",
        "create",
        "--upn",
        MEGAN,
        "--display-name",
        "Megan",
        "--mail",
        "m@contoso.example",
        "--guest",
        "--administrator",
        "--password-stdin",
        "--json",
    ];
    // Further lines, and the end of the first, are not meant.
    let ran = home.run_reading(&arguments, &format!("{PASSWORD}\r\nmore\n"));
    let made: serde_json::Value = serde_json::from_str(&ran.succeeded()).unwrap();
    assert!(secret_hash::matches(&hash_of(&home, MEGAN), PASSWORD));
    assert_eq!(made["userPrincipalName"], MEGAN);
    assert_eq!(
        (&made["displayName"], &made["mail"], &made["userType"]),
        (&"Megan".into(), &"m@contoso.example".into(), &"Guest".into())
    );
    assert_eq!(made["directoryRoles"][0], "Global Administrator");
    assert_eq!(made["hasPassword"], true);
    let id = made["id"].as_str().unwrap();
    for name in [id, &id.to_uppercase(), "Megan@CONTOSO.example"] {
        assert_eq!(home.one(&["user", "show", name]), made);
    }
    let out = home.run(&["user", "show", MEGAN]).succeeded();
    assert!(!out.contains("argon2") && out.contains("set"), "{out}");
}

#[test]
fn a_password_is_never_shown_unless_it_was_made_here() {
    let home = Home::of_contoso();
    let made = home.one(&["user", "create", "--upn", MEGAN, "--generate-password"]);
    let password = made["password"].as_str().unwrap();
    assert!(secret_hash::matches(&hash_of(&home, MEGAN), password));
    assert!(home.one(&["user", "show", MEGAN]).get("password").is_none());
    let ran = home.run(&["user", "password", MEGAN, "--generate"]);
    assert!(ran.err.contains("not shown again"), "{ran:?}");
    let other = ran.succeeded();
    assert_ne!(other.trim_end(), password);
    assert!(secret_hash::matches(&hash_of(&home, MEGAN), other.trim_end()));
    let ran = home.run_reading(&["user", "password", MEGAN, "--password-stdin"], PASSWORD);
    assert!(
        !ran.out.contains(PASSWORD) && !ran.err.contains(PASSWORD),
        "{ran:?}"
    );
    ran.succeeded();
    assert!(secret_hash::matches(&hash_of(&home, MEGAN), PASSWORD));
}

#[test]
fn a_bad_password_is_refused_and_not_repeated() {
    let home = Home::of_contoso();
    let longest = "x".repeat(129);
    let endless = "x".repeat(1_000_000);
    for bad in ["", "hunter2", "Password123", MEGAN, &longest, &endless] {
        let arguments = ["user", "create", "--upn", MEGAN, "--password-stdin"];
        let ran = home.run_reading(&arguments, &format!("{bad}\n"));
        let line = ran.refused();
        assert!(bad.is_empty() || !line.contains(bad), "{line}");
    }
    assert_eq!(home.json(&["user", "list"]).len(), 1);
    // Without a terminal there is nobody to ask.
    for arguments in [
        &["user", "create", "--upn", MEGAN][..],
        &["user", "password", "admin@contoso.example"],
    ] {
        let ran = home.run(arguments);
        assert!(ran.refused().contains("--password-stdin"), "{ran:?}");
    }
}

/// A terminal: what a person has, and what a program is given.
fn terminal() -> (File, File) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let other = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(controller), other)
}

/// Waits for a state of a process that goes on.
fn until(process: &mut Process, is_so: impl Fn() -> bool) {
    for _ in 0..DEADLINE.as_millis() {
        if is_so() {
            return;
        }
        let ended = process.ends_within(Duration::from_millis(1));
        assert!(ended.is_none(), "it has ended: {:?}", process.err);
    }
    panic!("waited in vain");
}

#[test]
fn a_password_is_asked_for_twice_on_a_terminal_and_not_shown() {
    let home = Home::of_contoso();
    let ask = |first: &str, second: &str| {
        let (mut person, program) = terminal();
        let mut command = home.command(&["user", "create", "--upn", MEGAN]);
        let kept = program.try_clone().unwrap();
        let mut process = Process::spawn_reading(&mut command, Stdio::from(program));
        // Each answer once it is asked for: what is typed before is thrown away. A prompt is a line once it is answered.
        let silent = || {
            let modes = rustix::termios::tcgetattr(&kept).unwrap().local_modes;
            !modes.contains(rustix::termios::LocalModes::ECHO)
        };
        until(&mut process, silent);
        person.write_all(format!("{first}\n").as_bytes()).unwrap();
        process.error_with("Password: ");
        until(&mut process, silent);
        person.write_all(format!("{second}\n").as_bytes()).unwrap();
        let ran = process.finish();
        assert!(!silent(), "the terminal shows again what is typed");
        // Whoever holds the program's end keeps the person waiting.
        drop((kept, command));
        let mut shown = Vec::new();
        // The other end is gone, so that this ends with an error.
        let _gone = person.read_to_end(&mut shown);
        (ran, String::from_utf8_lossy(&shown).into_owned())
    };
    let (ran, shown) = ask(PASSWORD, "another one altogether");
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.contains("two different passwords"), "{ran:?}");
    assert!(!shown.contains("plain"), "{shown}");
    let (ran, shown) = ask(PASSWORD, PASSWORD);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(!shown.contains("plain") && !ran.err.contains("plain"), "{shown}");
    assert!(secret_hash::matches(&hash_of(&home, MEGAN), PASSWORD));
}

#[test]
fn a_name_is_one_persons_and_looks_like_a_mail_address() {
    let home = Home::of_contoso();
    create(&home, &[]);
    let ran = home.run(&[
        "user",
        "create",
        "--upn",
        "MEGAN@contoso.example",
        "--no-password",
    ]);
    assert!(ran.failed().contains("it is there already"), "{ran:?}");
    let long = format!("{}@contoso.example", "m".repeat(100));
    for name in [
        "megan",
        "@contoso.example",
        "megan@contoso",
        "a b@contoso.example",
        &long,
        "",
    ] {
        let ran = home.run(&["user", "create", "--upn", name, "--no-password"]);
        assert!(ran.refused().starts_with("--upn: "), "{ran:?}");
    }
}

#[test]
fn the_list_goes_by_object_id_in_pages() {
    let home = Home::seeded();
    let tenant = ["--tenant", CONTOSO];
    let list = |more: &[&str]| home.json(&[&["user", "list"], more, &tenant].concat());
    let all = list(&[]);
    let ids: Vec<&str> = all.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 6);
    assert!(ids.is_sorted());
    assert!(all.iter().all(|one| one["tenantId"] == CONTOSO));
    assert_eq!(list(&["--limit", "2"]), all[..2]);
    assert_eq!(list(&["--after", ids[1], "--limit", "3"]), all[2..5]);
    assert_eq!(list(&["--after", &ids[3].to_uppercase()]), all[4..]);
    assert!(list(&["--after", ids[5]]).is_empty());
    let table = home.run(&[&["user", "list"][..], &tenant].concat()).succeeded();
    assert_eq!(table.lines().count(), 7, "{table}");
    assert!(
        table.contains("disabled  Member") && table.contains("Guest"),
        "{table}"
    );
    assert_eq!(home.json(&["user", "list", "--tenant", FABRIKAM]).len(), 1);
}

#[test]
fn a_list_longer_than_a_page_repeats_and_loses_nobody() {
    let home = Home::of_contoso();
    let tenant = home.one(&["user", "show", "admin@contoso.example"])["tenantId"]
        .as_str()
        .unwrap()
        .to_owned();
    let rows: Vec<String> = (0..1200)
        .map(|at| format!("('{at:08}-0000-4000-8000-000000000000', '{tenant}', 'Member', TRUE)"))
        .collect();
    home.stores.change(&format!(
        "INSERT INTO users (id, tenant_id, user_type, account_enabled) VALUES {}",
        rows.join(", ")
    ));
    let all = home.json(&["user", "list"]);
    let ids: Vec<&str> = all.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1201);
    assert!(ids.is_sorted_by(|one, two| one < two));
    let table = home.run(&["user", "list"]).succeeded();
    assert_eq!(table.lines().count(), 1202);
    assert_eq!(home.json(&["user", "list", "--limit", "700"]).len(), 700);
}

#[test]
fn a_disabled_user_gets_401_with_the_next_request() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home.token(ORGANIZER);
    let path = format!("{}/recordings", my_standup());
    let ask = || get(&server.address(), &path, &token).status;
    assert_eq!(ask(), 200);
    let tenant = ["--tenant", CONTOSO];
    let out = home.one(&[&["user", "disable", "organizer@contoso.example"][..], &tenant].concat());
    assert_eq!(out["accountEnabled"], false);
    assert_eq!(ask(), 401);
    let out = home
        .run(&[&["user", "enable", ORGANIZER][..], &tenant].concat())
        .succeeded();
    assert_eq!(out, "organizer@contoso.example is enabled\n");
    assert_eq!(ask(), 200);
}

#[test]
fn a_link_replaces_the_one_before_and_ends_with_another_password() {
    let home = Home::of_contoso();
    create(&home, &[]);
    let link = || home.one(&["user", "password", MEGAN, "--link"]);
    let (first, second) = (link(), link());
    assert_ne!(first["link"], second["link"]);
    assert!(first["link"].as_str().unwrap().contains("/password?link="));
    let links = || home.stores.rows()["one_time_links"].len();
    // Megan's, and the first administrator's.
    assert_eq!(links(), 2);
    home.run(&["user", "password", MEGAN, "--generate"]).succeeded();
    assert_eq!(links(), 1);
    link();
    home.run(&["user", "disable", MEGAN]).succeeded();
    assert_eq!(links(), 1);
}

#[test]
fn who_is_not_there_or_deleted_is_not_changed() {
    let home = Home::seeded();
    let tenant = ["--tenant", CONTOSO];
    for name in [
        "nobody@contoso.example",
        ARCHIVER,
        "organizer@fabrikam.example",
        "",
    ] {
        let ran = home.run(&[&["user", "disable", name][..], &tenant].concat());
        assert!(ran.refused().contains("graphophone user list"), "{ran:?}");
    }
    home.stores.change(&format!(
        "UPDATE users SET deleted_ticks = 1 WHERE id = '{DISABLED}'"
    ));
    let shown = home.one(&[&["user", "show", DISABLED][..], &tenant].concat());
    assert!(shown["deletedDateTime"].is_string());
    let ran = home.run(&[&["user", "enable", DISABLED][..], &tenant].concat());
    assert!(ran.failed().contains("it is deleted"), "{ran:?}");
}
