//! A certificate that changes while the server runs, and one that should not be taken over.

use std::time::Duration;

use rustix::process::Signal;

use super::client::{Two, read};
use crate::cli::binary::{DEADLINE, Process};
use crate::cli::home::Home;
use crate::support::names::{ORGANIZER, my_standup};
use crate::support::tls::{Authority, FOREVER, NOT_YET, OVER, Years, shown};
use crate::support::{TestApp, TokenOf, media};

/// The certificate that a new connection gets.
async fn certificate(authority: &Authority, address: &str) -> Vec<u8> {
    shown(&authority.connect(address, &["h2"]).await.unwrap())
}

/// Waits until a new connection gets another certificate than `before`.
async fn changes(authority: &Authority, address: &str, before: &[u8]) {
    let changed = async {
        while certificate(authority, address).await == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, changed)
        .await
        .expect("the certificate stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_new_pair_is_served_at_once_and_a_download_goes_on() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let token = TokenOf::user(ORGANIZER).sign();
    let mut two = Two::to(&app).await;
    let path = format!("{}/recordings/recording-2/content", my_standup());
    let request = two.request("GET", &path, &token);
    let (answer, _) = two.send(request, true).await.unwrap();
    let answer = answer.await.unwrap();
    let before = certificate(authority, app.address()).await;
    authority.replace(FOREVER);
    changes(authority, app.address(), &before).await;
    assert_eq!(read(answer).await.unwrap().body, media(300_000));
    assert_eq!(
        two.get("/healthz", "").await.status,
        200,
        "on the connection of before"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn both_halves_may_come_one_after_the_other() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let before = certificate(authority, app.address()).await;
    let served = app.server(|server| server.certificate.clone()).unwrap();
    let (new, key) = authority.sign(FOREVER);
    authority.put("server.crt", &new);
    served.look();
    assert_eq!(certificate(authority, app.address()).await, before);
    authority.put("server.key", &key[..40]);
    served.look();
    assert_eq!(certificate(authority, app.address()).await, before);
    authority.put("server.key", &key);
    served.look();
    assert_ne!(certificate(authority, app.address()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_pair_that_is_no_good_is_never_served() {
    let app = TestApp::with().tls().start().await;
    let authority = app.authority.as_ref().unwrap();
    let before = certificate(authority, app.address()).await;
    let served = app.server(|server| server.certificate.clone()).unwrap();
    for years in [OVER, NOT_YET] {
        authority.replace(years);
        served.reload();
        assert_eq!(certificate(authority, app.address()).await, before);
    }
    let folder = app.folder.path();
    std::fs::remove_file(folder.join("server.key")).unwrap();
    served.reload();
    authority.put("server.crt", "");
    served.reload();
    assert_eq!(certificate(authority, app.address()).await, before);
    authority.replace(FOREVER);
    served.reload();
    assert_ne!(certificate(authority, app.address()).await, before);
}

/// A server of its own process under TLS, with its authority.
fn serve(home: &Home, years: Years) -> (Process, Authority) {
    let authority = Authority::new(home.folder.path());
    authority.replace(years);
    let file = home.write("graphophone.toml", Authority::CONFIG.as_bytes());
    (home.serve(&["--config", &file]), authority)
}

#[tokio::test]
async fn sighup_takes_a_new_pair_over_and_says_so() {
    let home = Home::seeded();
    let (mut server, authority) = serve(&home, FOREVER);
    assert!(
        server
            .err
            .iter()
            .any(|line| line.contains("listening on https://127.0.0.1:"))
    );
    let before = certificate(&authority, &server.address()).await;
    server.signal(Signal::HUP);
    server.error_with("read again");
    assert_eq!(
        certificate(&authority, &server.address()).await,
        before,
        "the same files"
    );
    authority.replace(FOREVER);
    server.signal(Signal::HUP);
    changes(&authority, &server.address(), &before).await;
    server.stop();
}

#[tokio::test]
async fn a_bad_pair_at_sighup_is_told_and_the_old_one_stays() {
    let home = Home::seeded();
    let (mut server, authority) = serve(&home, FOREVER);
    let address = server.address();
    let before = certificate(&authority, &address).await;
    authority.replace(OVER);
    server.signal(Signal::HUP);
    let line = server.error_with("has expired at 2020-01-01T00:00:00Z");
    assert!(
        line.contains("tls.certificate: ") && line.contains("stays"),
        "{line}"
    );
    let (_, other) = authority.sign(FOREVER);
    authority.put("server.key", &other);
    server.signal(Signal::HUP);
    server.error_with("tls.key: ");
    authority.put("server.crt", "no certificate");
    server.signal(Signal::HUP);
    server.error_with("holds no certificate");
    assert_eq!(certificate(&authority, &address).await, before);
    server.stop();
}

#[tokio::test]
async fn a_bad_pair_is_noticed_without_a_signal_and_told_once() {
    let home = Home::seeded();
    let (mut server, authority) = serve(&home, FOREVER);
    let before = certificate(&authority, &server.address()).await;
    authority.replace(OVER);
    server.error_with("has expired at 2020-01-01T00:00:00Z");
    assert_eq!(certificate(&authority, &server.address()).await, before);
    authority.replace(FOREVER);
    server.error_with("read again");
    let ran = server.stop();
    let told = ran.err.lines().filter(|line| line.contains("has expired"));
    assert_eq!(told.count(), 1, "{}", ran.err);
}

#[test]
fn sighup_without_tls_ends_nothing() {
    let home = Home::seeded();
    let mut server = home.serve(&[]);
    server.signal(Signal::HUP);
    server.error_with("SIGHUP");
    assert_eq!(
        crate::cli::binary::get(&server.address(), "/healthz", "").status,
        200
    );
    server.stop();
}

#[test]
fn a_pair_that_is_no_good_ends_the_start_with_2_and_makes_nothing() {
    let home = Home::new();
    let authority = Authority::new(home.folder.path());
    let file = home.write("graphophone.toml", Authority::CONFIG.as_bytes());
    let (good, key) = authority.sign(FOREVER);
    let (_, other) = authority.sign(FOREVER);
    let (over, over_key) = authority.sign(OVER);
    let (early, early_key) = authority.sign(NOT_YET);
    for (certificate, key, beginning, rest) in [
        (&*good, "", "tls.key: ", "holds no private key"),
        (&good, &key[..60], "tls.key: ", "cannot be used"),
        (
            &good,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "tls.key: ",
            "holds no private key without a passphrase",
        ),
        (
            &good,
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "tls.key: ",
            "holds no private key without a passphrase",
        ),
        (
            &good,
            &other,
            "tls.key: ",
            "is not the key of the first certificate",
        ),
        ("", &key, "tls.certificate: ", "holds no certificate"),
        (&key, &key, "tls.certificate: ", "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &key,
            "tls.certificate: ",
            "cannot be used",
        ),
        (&over, &over_key, "tls.certificate: ", "has expired at 2020-01-01"),
        (
            &early,
            &early_key,
            "tls.certificate: ",
            "is not valid before 2080-01-01",
        ),
    ] {
        authority.put("server.crt", certificate);
        authority.put("server.key", key);
        let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--config", &file]);
        let line = ran.refused();
        assert!(line.starts_with(beginning) && line.contains(rest), "{line}");
        assert!(!line.contains("PRIVATE"), "{line}");
        let checked = home.run(&["config", "check", "--config", &file]);
        assert_eq!(checked.status, 2, "{checked:?}");
        assert!(checked.err.contains(rest), "{checked:?}");
    }
    std::fs::remove_file(home.path("server.key")).unwrap();
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--config", &file]);
    assert!(ran.refused().starts_with("tls.key: "), "{ran:?}");
    assert!(!home.folder.path().join("data").exists());
}

#[test]
fn a_certificate_that_ends_soon_is_told_at_the_start() {
    let home = Home::seeded();
    let authority = Authority::new(home.folder.path());
    authority.replace_for(3);
    let file = home.write("graphophone.toml", Authority::CONFIG.as_bytes());
    let mut server = home.serve(&["--config", &file]);
    server.error_with("expires soon");
    server.stop();
}
