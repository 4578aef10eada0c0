//! HTTP/2 says what HTTP/1.1 says.

use http::header::HeaderMap;
use tokio::net::TcpStream;

use super::client::Two;
use crate::support::names::{ARCHIVER, ATTENDEE, ORGANIZER, my_standup, standup_of};
use crate::support::{Answer, TestApp, TokenOf, media};

/// Headers that differ from answer to answer.
const OWN: [&str; 3] = ["date", "request-id", "client-request-id"];

/// What both protocols must have in common: headers in an order of their own.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let lines = |headers: &HeaderMap| {
        let mut lines: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        lines.sort();
        lines
    };
    let mut body = answer.text();
    for name in ["request-id", "client-request-id"] {
        body = body.replace(answer.header(name), "");
    }
    let body = match answer.header("content-type").starts_with("video/") {
        true => answer.body.clone(),
        false => cut_date(&body).into_bytes(),
    };
    (answer.status, lines(&answer.headers), body)
}

/// A refusal without the second in which it was given.
fn cut_date(body: &str) -> String {
    match body.split_once("\"date\":\"") {
        Some((before, after)) => format!("{before}{}", &after[19..]),
        None => body.to_owned(),
    }
}

/// Asks the same of both protocols, and gives what was answered.
async fn both(app: &TestApp, method: &str, path: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
    let authority = app.authority.as_ref().unwrap();
    let one = authority.client(reqwest::ClientBuilder::http1_only);
    let two = authority.client(|builder| builder);
    let mut answers = Vec::new();
    for (client, version) in [(one, http::Version::HTTP_11), (two, http::Version::HTTP_2)] {
        let mut request = client.request(method.parse().unwrap(), format!("{}{path}", app.base()));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.version(), version);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        answers.push(Answer {
            status,
            headers,
            body: response.bytes().await.unwrap().to_vec(),
        });
    }
    let two = answers.pop().unwrap();
    assert_eq!(
        comparable(&two),
        comparable(&answers[0]),
        "{method} {path} {headers:?}"
    );
    two
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn metadata_content_ranges_and_refusals_are_the_same_on_both() {
    let app = TestApp::with().tls().start().await;
    let organizer = TokenOf::user(ORGANIZER).sign();
    let attendee = TokenOf::user(ATTENDEE).sign();
    let archiver = TokenOf::application(ARCHIVER).sign();
    let one = format!("{}/recordings/recording-1", my_standup());
    let content = format!("{one}/content");
    let list = format!("{}/recordings", standup_of(ORGANIZER));
    let big = format!("{}/recordings/recording-2/content", my_standup());
    for (method, path, token, headers, status) in [
        ("GET", one.as_str(), organizer.as_str(), &[][..], 200),
        ("GET", &list, &archiver, &[], 200),
        ("GET", &content, &organizer, &[], 200),
        ("GET", &big, &organizer, &[], 200),
        ("GET", &content, &organizer, &[("range", "bytes=100-299")], 206),
        ("GET", &content, &organizer, &[("range", "bytes=-1")], 206),
        ("GET", &content, &organizer, &[("range", "bytes=1000-")], 416),
        ("HEAD", &content, &organizer, &[], 200),
        ("HEAD", &content, &organizer, &[("range", "bytes=0-9")], 200),
        ("HEAD", &content, &attendee, &[], 403),
        ("HEAD", &one, &organizer, &[], 200),
        ("GET", &content, &attendee, &[], 403),
        ("GET", &one, "", &[], 401),
        ("GET", "/v1.0/me/frobnicate", &organizer, &[], 400),
        ("GET", "/nothing", "", &[], 400),
        ("GET", "/healthz", "", &[], 200),
        ("HEAD", "/healthz", "", &[], 200),
        ("OPTIONS", &one, "", &[("origin", "https://a.example")], 204),
        ("DELETE", &one, &organizer, &[], 405),
    ] {
        let answer = both(&app, method, path, token, headers).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("connection"), "");
        if method == "HEAD" {
            assert_eq!(answer.body.len(), 0);
            assert!(!answer.header("content-length").is_empty(), "{path}");
        }
    }
    let part = both(&app, "GET", &content, &organizer, &[("range", "bytes=100-299")]).await;
    assert_eq!(part.body, media(1000)[100..300]);
    assert_eq!(part.header("content-range"), "bytes 100-299/1000");
    let tag = part.header("etag").to_owned();
    for method in ["GET", "HEAD"] {
        let known = both(&app, method, &content, &organizer, &[("if-none-match", &tag)]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{method}");
        let other = both(&app, method, &content, &organizer, &[("if-match", "\"other\"")]).await;
        assert_eq!(other.status, 412, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn links_begin_with_https() {
    let app = TestApp::with().tls().start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await;
    let context = answer.json()["@odata.context"].as_str().unwrap().to_owned();
    assert!(
        context.starts_with(&format!("{}/v1.0/$metadata", app.base())),
        "{context}"
    );
    assert!(app.base().starts_with("https://127.0.0.1:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_body_that_nobody_needs_is_read_away_and_the_connection_stays() {
    let app = TestApp::with()
        .tls()
        .config("limits.json_bytes = 2048")
        .start()
        .await;
    let mut two = Two::to(&app).await;
    for (length, status) in [(0, 200), (2048, 200), (2049, 413), (60_000, 413), (10, 200)] {
        let request = two.request("GET", "/healthz", "");
        let (answer, mut body) = two.send(request, false).await.unwrap();
        // It may be refused before all of it was sent.
        let _refused = body.send_data(vec![b'x'; length].into(), true);
        let answer = super::client::read(answer.await.unwrap()).await.unwrap();
        assert_eq!(answer.status, status, "{length}");
        assert_eq!(answer.header("connection"), "");
    }
    assert_eq!(two.get("/healthz", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_says_which_host_it_is_for_exactly_once() {
    let app = TestApp::with().tls().start().await;
    let mut two = Two::to(&app).await;
    let authority = app.address().to_owned();
    for (uri, hosts, status) in [
        (app.base().to_owned() + "/healthz", &[][..], 200),
        (app.base().to_owned() + "/healthz", &[authority.as_str()][..], 200),
        (app.base().to_owned() + "/healthz", &["other.example"], 400),
        (app.base().to_owned() + "/healthz", &[&authority, &authority], 400),
        ("https://LocalHost/healthz".to_owned(), &["localhost"], 200),
        ("https://user@localhost/healthz".to_owned(), &[], 400),
    ] {
        let mut request = http::Request::get(&uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        let answer = two.ask(request).await.unwrap();
        assert_eq!(answer.status, status, "{uri} {hosts:?}: {}", answer.text());
    }
    assert_eq!(two.get("/healthz", "").await.status, 200, "the connection stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_drain_lets_streams_finish_and_opens_no_other() {
    let app = TestApp::with().tls().start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    // Room for others beside the download, which is not read at first.
    let mut two = Two::with(&app, |client| {
        client.initial_connection_window_size(1 << 20);
    })
    .await;
    let path = format!("{}/recordings/recording-2/content", my_standup());
    let request = two.request("GET", &path, &token);
    let (answer, _) = two.send(request, true).await.unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    let address = app.address().to_owned();
    std::thread::scope(|threads| {
        let stopping = threads.spawn(|| app.stop());
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                // Told by GOAWAY, the client opens no other stream.
                while two.ready().await.is_ok() {
                    let request = two.request("GET", "/healthz", "");
                    if two.ask(request).await.is_err() {
                        break;
                    }
                }
                assert!(!stopping.is_finished());
                let whole = super::client::read(answer).await.unwrap();
                assert_eq!(whole.body, media(300_000));
            });
        });
    });
    assert!(TcpStream::connect(address).await.is_err());
    let end = two.end().await;
    assert!(end.as_ref().is_none_or(h2::Error::is_go_away), "{end:?}");
}
