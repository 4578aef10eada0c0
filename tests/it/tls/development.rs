//! The local authority: `tls.development`, `demo --tls`, `tls trust`, and clients that are told of it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::binary::{Process, clean, command};
use crate::cli::home::Home;
use crate::support::names::{ORGANIZER, my_standup};
use crate::support::tls::{connect, shown};

/// Serves `home` under the local authority.
fn serve(home: &Home, more: &str) -> Process {
    let config = format!("tls.development = true\n{more}");
    let file = home.write("graphophone.toml", config.as_bytes());
    home.serve(&["--config", &file])
}

/// The name of a file of the authority.
fn file(home: &Home, name: &str) -> std::path::PathBuf {
    home.folder.path().join("data/tls").join(name)
}

/// Its exit status, and what it gets: the version of HTTP and the status.
fn curl(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new("curl");
    clean(&mut command)
        .args(["-s", "--noproxy", "*", "-w", "%{http_version} %{http_code}"])
        .args(arguments);
    let ran = Process::spawn(&mut command).finish();
    (ran.status, ran.out.trim_end().to_owned())
}

#[test]
fn curl_that_is_told_of_the_authority_asks_over_both_versions() {
    let home = Home::seeded();
    let server = serve(&home, "");
    let authority = file(&home, "ca.pem").display().to_string();
    let bearer = format!("Authorization: Bearer {}", home.token(ORGANIZER));
    let content = format!("{}/recordings/recording-1/content", my_standup());
    let port = server.address().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}{content}");
        for (flag, expected) in [("--http1.1", "1.1 206"), ("--http2", "2 206")] {
            let trusted = [
                flag,
                "--cacert",
                &authority,
                "-r",
                "0-9",
                "-o",
                "/dev/null",
                "-H",
                &bearer,
                &url,
            ];
            assert_eq!(curl(&trusted), (0, expected.to_owned()), "{host}");
        }
    }
    // 60: the certificate is not one to trust.
    let url = format!("https://127.0.0.1:{port}/healthz");
    assert_eq!(curl(&[&url]).0, 60);
    server.stop();
}

#[test]
fn openssl_in_its_strictest_mood_accepts_the_certificate() {
    let home = Home::seeded();
    serve(&home, "").stop();
    let (authority, server) = (file(&home, "ca.pem"), file(&home, "server.pem"));
    for name in [
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
        ["-verify_hostname", "localhost"],
    ] {
        let mut command = Command::new("openssl");
        command
            .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
            .arg(&authority)
            .args(name)
            .arg(&server);
        Process::spawn(&mut command).finish().succeeded();
    }
}

#[tokio::test]
async fn the_authority_is_made_once_and_so_is_its_certificate() {
    let home = Home::seeded();
    let mut server = serve(&home, "");
    let notice = server.error_with("ca.pem");
    assert!(notice.contains("localhost, 127.0.0.1, ::1"), "{notice}");
    for word in [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "keytool",
        "--cacert",
    ] {
        server.error_with(word);
    }
    let first = shown(
        &connect(&file(&home, "ca.pem"), &server.address(), &["h2"])
            .await
            .unwrap(),
    );
    let authority = std::fs::read(file(&home, "ca.pem")).unwrap();
    let ran = server.stop();
    assert_eq!(
        ran.err
            .lines()
            .filter(|line| line.contains("listening on"))
            .count(),
        1
    );
    let server = serve(&home, "");
    assert_eq!(std::fs::read(file(&home, "ca.pem")).unwrap(), authority);
    let second = shown(
        &connect(&file(&home, "ca.pem"), &server.address(), &["h2"])
            .await
            .unwrap(),
    );
    assert_eq!(second, first);
    server.stop();
}

#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::MetadataExt;
    let home = Home::seeded();
    serve(&home, "").stop();
    let mode = |name: &str| std::fs::metadata(file(&home, name)).unwrap().mode() & 0o777;
    assert_eq!(
        (mode("ca.key"), mode("server.pem"), mode(""), mode("ca.pem")),
        (0o600, 0o600, 0o700, 0o644)
    );
    let left = std::fs::read_dir(file(&home, "")).unwrap().count();
    assert_eq!(left, 4, "two pairs in three files, and a lock");
}

#[test]
fn the_host_of_public_url_is_among_the_names_and_another_later_is_refused() {
    let home = Home::seeded();
    let mut server = serve(&home, "public_url = \"https://recordings.example.org\"");
    server.error_with("::1, recordings.example.org is signed");
    server.stop();
    let config = "tls.development = true\npublic_url = \"https://other.example.org\"\n";
    let path = home.write("graphophone.toml", config.as_bytes());
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--config", &path]);
    let line = ran.refused();
    assert!(
        line.starts_with("tls.development: ") && line.contains("may not sign for other.example.org; remove"),
        "{line}"
    );
    // A name that it may sign for, and has not yet.
    serve(&home, "public_url = \"https://api.localhost:8443\"").stop();
}

#[test]
fn an_authority_without_its_key_is_refused_with_what_to_do() {
    let home = Home::seeded();
    serve(&home, "").stop();
    std::fs::remove_file(file(&home, "ca.key")).unwrap();
    let path = home.path("graphophone.toml");
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--config", &path]);
    let line = ran.refused();
    assert!(
        line.starts_with("tls.development: ") && line.contains("remove the folder"),
        "{line}"
    );
    std::fs::remove_dir_all(file(&home, "")).unwrap();
    serve(&home, "").stop();
}

#[test]
fn a_certificate_that_was_damaged_is_made_anew() {
    let home = Home::seeded();
    serve(&home, "").stop();
    let authority = std::fs::read(file(&home, "ca.pem")).unwrap();
    std::fs::write(file(&home, "server.pem"), "half of it").unwrap();
    serve(&home, "").stop();
    assert_eq!(std::fs::read(file(&home, "ca.pem")).unwrap(), authority);
}

/// A demo over HTTPS with its temporary files below `home`.
fn demo(home: &Home, arguments: &[&str]) -> Process {
    let temporary = home.path("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = command(&[&["demo", "--tls"], arguments].concat());
    Process::spawn(command.env("TMPDIR", temporary))
}

#[test]
fn the_lines_of_the_demo_can_be_pasted() {
    let home = Home::new();
    let mut process = demo(&home, &[]);
    process.error_with("listening on https://");
    while !process.out.iter().any(|line| line.contains("Stop with Ctrl-C")) {
        process.output_with("");
    }
    let lines: Vec<String> = process
        .out
        .iter()
        .filter(|line| line.trim_start().starts_with("curl --cacert "))
        .cloned()
        .collect();
    assert_eq!(lines.len(), 4);
    for (line, status) in lines.iter().zip(["200", "200", "200", "403"]) {
        let mut shell = Command::new("sh");
        clean(&mut shell)
            .arg("-c")
            .arg(format!("{line} -s --noproxy '*' -w '\\n%{{http_code}}\\n'"))
            .current_dir(home.folder.path());
        let ran = Process::spawn(&mut shell).finish();
        assert_eq!(ran.out.lines().last(), Some(status), "{line}: {ran:?}");
    }
    process.stop();
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0);
}

#[test]
fn the_object_of_the_demo_says_where_the_authority_is() {
    let home = Home::new();
    let mut process = demo(&home, &["--json", "--data", &home.data()]);
    let shown: Value = serde_json::from_str(&process.output_with("{")).unwrap();
    assert!(
        shown["baseUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://127.0.0.1:"),
        "{shown}"
    );
    assert_eq!(shown["caFile"], file(&home, "ca.pem").display().to_string());
    assert!(
        shown["recordings"][0]["contentUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://")
    );
    process.error_with("listening on https://");
    process.stop();
    let mut plain = Process::spawn(&mut command(&["demo", "--json", "--data", &home.data()]));
    let shown: Value = serde_json::from_str(&plain.output_with("{")).unwrap();
    assert_eq!(shown["caFile"], Value::Null);
    plain.stop();
}

#[test]
fn trust_prints_lines_for_every_client_and_changes_nothing() {
    let home = Home::seeded();
    let ran = home.run_on_files(&["tls", "trust"]);
    let line = ran.failed();
    assert!(
        line.contains("ca.pem is not there") && line.contains("demo --tls"),
        "{line}"
    );
    serve(&home, "").stop();
    let authority = file(&home, "ca.pem");
    let before = std::fs::metadata(&authority).unwrap().modified().unwrap();
    let text = home.run_on_files(&["tls", "trust"]).succeeded();
    let path = authority.display().to_string();
    for line in [
        format!("  curl --cacert {path} …"),
        format!("  export SSL_CERT_FILE={path}"),
        format!("  export NODE_EXTRA_CA_CERTS={path}"),
        format!("  sudo cp {path} /usr/local/share/ca-certificates/graphophone-development.crt"),
        "  sudo update-ca-trust".to_owned(),
        "  again:".to_owned(),
        "  unset SSL_CERT_FILE".to_owned(),
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(!text.contains('{'), "{text}");
    for name in [
        "macOS", "Windows", "Firefox", "Chromium", "Java", "Go", ".NET", "Python", "Fedora", "Debian",
    ] {
        assert!(text.contains(name), "{name}");
    }
    let json = home.run_on_files(&["tls", "trust", "--json"]).succeeded();
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.lines().count(), 1);
    assert_eq!(shown["caFile"], path);
    for (name, client) in shown["clients"].as_object().unwrap() {
        assert!(!client["trust"].as_array().unwrap().is_empty(), "{name}");
        assert!(
            client["remove"].is_array() && client["title"].is_string(),
            "{name}"
        );
    }
    assert_eq!(std::fs::metadata(&authority).unwrap().modified().unwrap(), before);
}

#[test]
fn a_folder_with_blanks_is_quoted() {
    let home = Home::seeded();
    serve(&home, "").stop();
    let odd = home.path("it's here");
    std::fs::create_dir(&odd).unwrap();
    copy(&file(&home, ""), &Path::new(&odd).join("tls"));
    let text = crate::cli::binary::run(&["tls", "trust", "--data", &odd]).succeeded();
    let line = text
        .lines()
        .find(|line| line.contains("NODE_EXTRA"))
        .unwrap()
        .to_owned();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{line}; test -f \"$NODE_EXTRA_CA_CERTS\""));
    Process::spawn(&mut shell).finish().succeeded();
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
