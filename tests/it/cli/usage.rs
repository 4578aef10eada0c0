//! `--help`, `--version`, and command lines that are refused.

use super::binary::run;
use super::home::Home;

const COMMANDS: [&[&str]; 59] = [
    &[],
    &["demo"],
    &["serve"],
    &["seed"],
    &["token"],
    &["config"],
    &["config", "check"],
    &["audit"],
    &["audit", "list"],
    &["recording"],
    &["recording", "list"],
    &["recording", "show"],
    &["admin"],
    &["admin", "bootstrap"],
    &["app"],
    &["app", "create"],
    &["app", "list"],
    &["app", "show"],
    &["app", "enable"],
    &["app", "disable"],
    &["app", "secret"],
    &["app", "certificate"],
    &["app", "permission"],
    &["app", "redirect-uri"],
    &["app", "secret", "add"],
    &["app", "secret", "list"],
    &["app", "secret", "remove"],
    &["app", "certificate", "add"],
    &["app", "certificate", "list"],
    &["app", "certificate", "remove"],
    &["app", "permission", "add"],
    &["app", "permission", "list"],
    &["app", "permission", "remove"],
    &["app", "redirect-uri", "add"],
    &["app", "redirect-uri", "list"],
    &["app", "redirect-uri", "remove"],
    &["access-policy"],
    &["access-policy", "create"],
    &["access-policy", "set"],
    &["access-policy", "grant"],
    &["access-policy", "revoke"],
    &["access-policy", "list"],
    &["access-policy", "remove"],
    &["consent"],
    &["consent", "add"],
    &["consent", "list"],
    &["consent", "remove"],
    &["user"],
    &["user", "create"],
    &["user", "list"],
    &["user", "show"],
    &["user", "password"],
    &["user", "enable"],
    &["user", "disable"],
    &["session"],
    &["session", "list"],
    &["session", "revoke"],
    &["backup"],
    &["restore"],
];

#[test]
fn every_command_has_help_on_standard_output() {
    for command in COMMANDS {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{command:?}");
        assert!(ran.out.contains("Usage: graphophone"), "{}", ran.out);
        for word in command {
            assert!(ran.out.contains(word), "{}", ran.out);
        }
    }
}

#[test]
fn help_names_every_command_of_this_release() {
    let all = run(&["--help"]).succeeded();
    for command in [
        "demo",
        "serve",
        "seed",
        "token",
        "admin",
        "app",
        "access-policy",
        "consent",
        "user",
        "session",
        "config",
        "audit",
        "recording",
        "backup",
        "restore",
    ] {
        assert!(
            all.lines().any(|line| line.trim_start().starts_with(command)),
            "{command}: {all}"
        );
    }
}

#[test]
fn help_of_a_command_names_its_flags() {
    for (command, flags) in [
        ("demo", &["--json", "--data", "--listen", "--config"][..]),
        ("serve", &["--config", "--data", "--listen", "--seed"]),
        ("seed", &["--check", "--config", "--data", "FILE"]),
        (
            "import",
            &[
                "--organizer",
                "--meeting",
                "--described",
                "--from-store",
                "--copy",
                "--move",
                "--watch",
                "--dry-run",
                "PATH",
            ],
        ),
        ("verify", &["--subset", "--rate", "--last", "--json"]),
        (
            "backup",
            &[
                "--passphrase-file",
                "--without-keys",
                "--check",
                "--keep",
                "--json",
                "DIR",
            ],
        ),
        (
            "restore",
            &[
                "--snapshot",
                "--passphrase-file",
                "--without-keys",
                "--despite-damage",
                "--json",
                "DIR",
            ],
        ),
        (
            "token",
            &[
                "--application",
                "--tenant",
                "--user",
                "--scope",
                "--expires-in",
                "--config",
                "--data",
            ],
        ),
    ] {
        let help = run(&[command, "--help"]).succeeded();
        for flag in flags {
            assert!(help.contains(flag), "{command} {flag}: {help}");
        }
    }
}

#[test]
fn what_is_not_built_is_not_in_the_help_and_ends_with_2() {
    let mut help = String::new();
    for command in COMMANDS {
        help.push_str(&run(&[command, &["--help"]].concat()).succeeded());
    }
    for word in ["--emulator", "subscription"] {
        assert!(!help.contains(word), "{word}: {help}");
    }
    let home = Home::new();
    for arguments in [
        &["serve", "--emulator"][..],
        &["backup"],
        &["backup", "x", "--keep", "0"],
        &["backup", "x", "--passphrase", "secret-on-a-command-line"],
        &["backup", "x", "--passphrase-file", "y", "--without-keys"],
        &["restore"],
        &["serve", "--port", "80"],
        &["config", "show"],
        &["audit"],
        &["nonsense"],
        &["--nonsense"],
        &[],
        &["seed"],
        &["token"],
        &["admin"],
        &["app"],
        &["app", "secret", "x"],
        &["app", "create"],
        &["access-policy", "grant", "x"],
        &["access-policy", "grant", "x", "--global", "--user", "y"],
        &["consent", "add", "--app", "x"],
        &["consent", "add", "--app", "x", "--scope", "y"],
        &[
            "consent", "add", "--app", "x", "--scope", "y", "--all", "--user", "z",
        ],
        &["consent", "add", "--app", "x", "--chat", "y"],
        &[
            "user",
            "create",
            "--upn",
            "a@b.example",
            "--password",
            "secret-on-a-command-line",
        ],
        &["user", "password", "x", "--link", "--generate"],
        &["session", "revoke"],
        &["session", "revoke", "x", "--user", "y"],
        &["serve", "argument"],
    ] {
        let ran = home.run(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    assert!(!home.database().exists());
}

#[test]
fn every_administrative_command_takes_json_and_a_tenant() {
    let families = ["app", "access-policy", "consent", "user", "session"];
    for command in COMMANDS {
        let help = run(&[command, &["--help"]].concat()).succeeded();
        let is_leaf = !help.contains("Usage: graphophone ") || !help.contains("<COMMAND>");
        if is_leaf && command.first().is_some_and(|family| families.contains(family)) {
            for flag in ["--json", "--tenant", "--data", "--config"] {
                assert!(help.contains(flag), "{command:?} {flag}: {help}");
            }
        }
    }
}

#[test]
fn version_prints_version_and_commit() {
    let out = run(&["--version"]).succeeded();
    let rest = out
        .strip_prefix(concat!("graphophone ", env!("CARGO_PKG_VERSION"), " ("))
        .unwrap();
    let commit = rest.strip_suffix(")\n").unwrap();
    assert!(
        commit == "unknown commit" || (commit.len() == 12 && commit.chars().all(|c| c.is_ascii_hexdigit())),
        "{out}"
    );
}

#[test]
fn tools_do_not_make_a_store() {
    let home = Home::new();
    for arguments in [
        &["token", "--application", "x"][..],
        &["audit", "list"],
        &["recording", "list"],
        &["recording", "show", "x"],
        &["app", "list"],
        &["app", "create", "--name", "x"],
        &["access-policy", "list"],
        &["consent", "list"],
        &["user", "list"],
        &["session", "list"],
    ] {
        let ran = home.run(arguments);
        assert!(ran.failed().contains("load a seed first"), "{ran:?}");
    }
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn without_a_data_folder_the_line_names_the_flag() {
    for arguments in [
        &["serve"][..],
        &["token", "--application", "x"],
        &["audit", "list"],
        &["recording", "list"],
    ] {
        let ran = run(arguments);
        let line = ran.refused();
        assert!(line.starts_with("data: ") && line.contains("--data"), "{line}");
    }
    let home = Home::new();
    let ran = run(&["seed", &home.path("seed.yaml")]);
    assert!(ran.refused().contains("--data"), "{ran:?}");
}

/// Found by a new user: a variable of the build with our prefix reached the program through `cargo run` and was refused.
#[test]
fn the_build_sets_no_variable_that_would_be_a_setting() {
    let build = include_str!("../../../build.rs");
    assert!(
        build.contains("cargo::rustc-env=") && !build.contains("rustc-env=GRAPHOPHONE_"),
        "{build}"
    );
}
