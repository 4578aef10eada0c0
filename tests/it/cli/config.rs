//! Configurations that are refused, and `config check`.

use super::binary::{Process, command, run};
use super::home::Home;

#[test]
fn what_is_wrong_is_named_by_its_key_in_one_line_with_status_2() {
    let home = Home::new();
    for (toml, start, rest) in [
        ("listne = \"127.0.0.1:0\"", "listne: ", "listen"),
        (
            "[limits]\nmax_connection = 1",
            "limits.max_connection: ",
            "limits.max_connections",
        ),
        ("[nonsense]\nx = 1", "nonsense", ""),
        ("listen = \"localhost\"", "listen: ", "127.0.0.1"),
        ("listen = \"0.0.0.0:0\"", "public_url: ", "required"),
        ("public_url = \"https://x.example/path\"", "public_url: ", ""),
        ("profile = \"both\"", "profile: ", "archive"),
        ("cloud = \"moon\"", "cloud: ", "china"),
        ("shutdown_grace = 30", "shutdown_grace: ", "30s"),
        ("[limits]\njson_bytes = 1", "limits.json_bytes: ", "1024"),
        (
            "[throttling]\nrequests_per_second = -1",
            "throttling.requests_per_second: ",
            "1000000",
        ),
        (
            "[notifications]\nallowed_networks = [\"127.0.0.2/32\"]",
            "notifications.allowed_networks: ",
            "",
        ),
        ("[metrics]\nlisten = \"127.0.0.1:9464\"", "metrics.listen: ", ""),
        (
            "[metadata]\nurl = \"postgres://user:secret@db/x?sslmode=prefer\"",
            "metadata.url: ",
            "verify-full",
        ),
        (
            "[content]\nurl = \"s3://Bucket\"\n[content.s3]\nregion = \"a\"\naccess_key_id = \"a\"\nsecret_access_key = \"b\"",
            "content.url: ",
            "s3://BUCKET",
        ),
        (
            "[content.s3]\nsecret_access_key = \"secret\"",
            "content.s3.secret_access_key: ",
            "",
        ),
        (
            "[notifications]\nallow_http = true",
            "notifications.allow_http: ",
            "",
        ),
        (
            "[graph]\ndelta_token_lifetime = \"0s\"",
            "graph.delta_token_lifetime: ",
            "1s",
        ),
        (
            "[graph]\nexpired_meetings = \"hide\"",
            "graph.expired_meetings: ",
            "serve",
        ),
        (
            "[[issuers]]\nissuer = \"https://i.example\"",
            "issuers[0].audiences: ",
            "",
        ),
        (
            "[[issuers]]\nissuer = \"https://i.example\"\naudiences = [\"a\"]\njwks_file = \"none.json\"",
            "issuers[0].jwks_file: ",
            "none.json",
        ),
    ] {
        let line = refused(&home, toml);
        assert!(line.starts_with(start) && line.contains(rest), "{toml}: {line}");
        assert!(
            !line.contains("secret@") && !line.contains("\"secret\""),
            "{line}"
        );
    }
}

/// What `serve` says of that configuration.
fn refused(home: &Home, toml: &str) -> String {
    let file = home.write("graphophone.toml", toml.as_bytes());
    let ran = home.run_on_files(&["serve", "--config", &file]);
    ran.refused().to_owned()
}

#[test]
fn half_a_certificate_and_two_of_them_are_refused_by_name() {
    let home = Home::new();
    for (toml, start, rest) in [
        ("[tls]\ncertificate = \"tls.crt\"", "tls.key: ", "tls.certificate"),
        ("[tls]\nkey = \"tls.key\"", "tls.certificate: ", "tls.key"),
        (
            "[tls]\ncertificate = \"none.crt\"\nkey = \"none.key\"",
            "tls.certificate: ",
            "none.crt",
        ),
        (
            "[tls]\ndevelopment = true\ncertificate = \"a\"\nkey = \"b\"",
            "tls.development: ",
            "leave out",
        ),
        (
            "[tls]\nredirect_listen = \"127.0.0.1:80\"",
            "tls.redirect_listen: ",
            "without TLS",
        ),
    ] {
        let line = refused(&home, toml);
        assert!(line.starts_with(start) && line.contains(rest), "{toml}: {line}");
    }
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn a_refused_configuration_makes_no_store() {
    let home = Home::new();
    let file = home.write("graphophone.toml", b"listen = \"0.0.0.0:0\"\n");
    home.run(&["serve", "--config", &file]).refused();
    let file = home.write("graphophone.toml", b"lisen = 1\n");
    home.run(&["serve", "--config", &file]).refused();
    home.run(&["seed", "--config", &file, &home.path("seed.yaml")])
        .refused();
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn every_problem_has_a_line() {
    let home = Home::new();
    let file = home.write(
        "graphophone.toml",
        b"lisen = 1\nprofil = 2\n[limits]\njson_bytes = 0\n",
    );
    let ran = home.run(&["serve", "--config", &file]);
    assert_eq!((ran.status, ran.err.lines().count()), (2, 3), "{ran:?}");
    assert!(
        ran.err.lines().all(|line| line.starts_with("graphophone: ")),
        "{ran:?}"
    );
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_refused_with_its_name() {
    let home = Home::new();
    let none = home.path("none.toml");
    assert!(
        home.run(&["serve", "--config", &none])
            .refused()
            .starts_with(&none)
    );
    let broken = home.write("broken.toml", b"listen = = 1\n");
    let ran = home.run(&["serve", "--config", &broken]);
    assert!(ran.refused().starts_with(&format!("{broken}:1:")), "{ran:?}");
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let home = Home::new();
    let file = home.write(
        "graphophone.toml",
        b"listen = \"127.0.0.1:1001\"\nshutdown_grace = \"1s\"\n[log]\nformat = \"json\"\n",
    );
    let data = home.data();
    let check = |more: &[&str]| {
        let arguments = [&["config", "check", "--config", &file], more].concat();
        let mut command = command(&arguments);
        command
            .env("GRAPHOPHONE_SHUTDOWN_GRACE", "2s")
            .env("GRAPHOPHONE_DATA", "/from/environment");
        Process::spawn(&mut command).finish().succeeded()
    };
    let row = |out: &str, key: &str| {
        let line = out
            .lines()
            .find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key}: {out}"))
            .split_whitespace()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    let out = check(&["--data", &data]);
    assert!(row(&out, "data")[1].contains(&data), "{out}");
    assert!(row(&out, "data")[2..].concat().contains("--data"), "{out}");
    assert!(row(&out, "shutdown_grace")[1].contains("2s"), "{out}");
    assert!(
        row(&out, "shutdown_grace")[2..]
            .concat()
            .contains("GRAPHOPHONE_SHUTDOWN_GRACE"),
        "{out}"
    );
    assert!(row(&out, "listen")[1].contains("127.0.0.1:1001"), "{out}");
    assert!(
        row(&out, "listen")[2..].concat().contains("graphophone.toml"),
        "{out}"
    );
    assert!(
        row(&out, "log.requests")[1..].concat().contains("default"),
        "{out}"
    );
    assert!(out.trim_end().ends_with("Nothing is wrong with it."), "{out}");
    let out = check(&[]);
    assert!(row(&out, "data")[1].contains("/from/environment"), "{out}");
}

#[test]
fn config_check_says_what_is_wrong_and_ends_with_2() {
    let home = Home::new();
    let file = home.write("graphophone.toml", b"listen = \"0.0.0.0:8080\"\n");
    let ran = home.run(&["config", "check", "--config", &file]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.starts_with("graphophone: public_url: "), "{ran:?}");
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn the_profile_archive_shows_where_its_values_come_from() {
    let home = Home::new();
    let file = home.write(
        "graphophone.toml",
        b"profile = \"archive\"\n[graph]\nchannel_meetings = \"refuse\"\n",
    );
    let out = home.run(&["config", "check", "--config", &file]).succeeded();
    let row = |key: &str| out.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(row("graph.expired_meetings").contains("serve"), "{out}");
    assert!(row("graph.expired_meetings").contains("archive"), "{out}");
    assert!(row("graph.channel_meetings").contains("refuse"), "{out}");
}

#[test]
fn an_unknown_variable_is_an_error_that_names_the_nearest() {
    let home = Home::new();
    let mut command = command(&["config", "check", "--data", &home.data()]);
    command.env("GRAPHOPHONE_LIMITS__JSON_BYTE", "2048");
    let ran = Process::spawn(&mut command).finish();
    let line = ran.refused();
    assert!(line.starts_with("GRAPHOPHONE_LIMITS__JSON_BYTE: "), "{line}");
    assert!(line.contains("GRAPHOPHONE_LIMITS__JSON_BYTES"), "{line}");
}

#[test]
fn paths_are_relative_to_the_folder_of_the_file() {
    let home = Home::new();
    let file = home.write("graphophone.toml", b"data = \"data\"\n");
    run(&["seed", "--config", &file, &home.path("seed.yaml")]).succeeded();
    assert!(home.database().is_file());
}
