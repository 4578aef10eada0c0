//! The listener of plain HTTP that leads to HTTPS.

use crate::cli::binary::{self, Process};
use crate::cli::home::Home;
use crate::support::tls::{Authority, FOREVER};
use crate::support::{TestApp, client};

/// An app with a redirect listener, and the address of that.
async fn with_redirect(more: &str) -> (TestApp, String) {
    let config = format!("tls.redirect_listen = \"127.0.0.1:0\"\n{more}");
    let app = TestApp::with().tls().config(&config).start().await;
    let address = app.server(|server| server.redirect_address).unwrap();
    (app, address.to_string())
}

#[tokio::test]
async fn every_request_is_led_to_the_same_path_under_public_url() {
    let (app, address) = with_redirect("").await;
    for (method, path) in [
        (
            "GET",
            "/v1.0/me/onlineMeetings/a/recordings?$top=1&$filter=a%20eq%20%27b%27",
        ),
        ("HEAD", "/healthz"),
        ("POST", "/v1.0/$batch"),
        ("DELETE", "/"),
        ("OPTIONS", "/v1.0/me"),
    ] {
        let request = client()
            .request(method.parse().unwrap(), format!("http://{address}{path}"))
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 308, "{method}");
        assert_eq!(
            answer.headers()["location"],
            format!("{}{path}", app.base()),
            "{method}"
        );
        assert_eq!(answer.headers()["connection"], "close");
        assert!(answer.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn it_leads_to_the_public_url_that_was_set() {
    let (_app, address) = with_redirect("public_url = \"https://recordings.example.org\"").await;
    let answer = client()
        .get(format!("http://{address}/a?b"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["location"], "https://recordings.example.org/a?b");
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_what_is_too_slow_is_closed() {
    let (_app, address) = with_redirect("limits.header_timeout = \"200ms\"").await;
    for (bytes, statuses) in [
        (&b"GET / HTTP/1.1\nHost: x\n\n"[..], &[400][..]),
        (b"GARBAGE\r\n\r\n", &[400]),
        (b"GET / HT", &[0, 408]),
        (b"", &[0, 408]),
    ] {
        let answer = crate::support::raw::send(&address, bytes).await;
        assert!(statuses.contains(&answer.status), "{}", answer.text);
    }
}

#[test]
fn it_is_announced_in_other_words_and_an_address_in_use_is_told_by_its_name() {
    let home = Home::seeded();
    Authority::new(home.folder.path()).replace(FOREVER);
    let config = format!("{}tls.redirect_listen = \"127.0.0.1:0\"\n", Authority::CONFIG);
    let file = home.write("graphophone.toml", config.as_bytes());
    let mut server: Process = home.serve(&["--config", &file]);
    let line = server.error_with("plain HTTP at 127.0.0.1:");
    let address = line
        .split("plain HTTP at ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let answer = binary::get(address, "/healthz", "");
    assert_eq!(answer.status, 308);
    assert_eq!(
        answer.header("location"),
        format!("https://{}/healthz", server.address())
    );
    let ran = server.stop();
    let listening = ran.err.lines().filter(|line| line.contains("listening on"));
    assert_eq!(listening.count(), 1, "{}", ran.err);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = format!(
        "{}tls.redirect_listen = \"{}\"\n",
        Authority::CONFIG,
        taken.local_addr().unwrap()
    );
    let file = home.write("graphophone.toml", config.as_bytes());
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0", "--config", &file]);
    assert!(ran.failed().starts_with("tls.redirect_listen: "), "{ran:?}");
}
