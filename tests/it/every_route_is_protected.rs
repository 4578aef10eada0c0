//! Every path of the router's tables, in every form and version in which it can be written, without and with credentials
//! that are not enough. The paths are made from the tables, so a new route is in here by itself; a new word in a pattern fails
//! until it is taught here.

use graphophone::db::artifacts::ArtifactKind;
use graphophone::http::router::{ALLOWED_METHODS, NOT_BUILT, Operation, ROUTES};

use crate::support::names::{ARCHIVER, ORGANIZER, READ, READ_TRANSCRIPTS, STANDUP};
use crate::support::{Answer, TestApp, TokenOf};

/// Open to everybody (contract section 11a).
const OPEN: &str = "$metadata";

/// What is sent instead of a good token.
const BROKEN: [&str; 6] = [
    "Bearer x",
    "Bearer e30.e30.e30",
    "Bearer ",
    "Basic b3JnYW5pemVyOnNlY3JldA==",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "x",
];

/// Every way to write a pattern, below both versions.
fn urls(pattern: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    for piece in pattern.split('/') {
        let forms: Vec<String> = match piece {
            "{user}" => vec![
                "/me".to_owned(),
                format!("/users/{ORGANIZER}"),
                format!("/users('{ORGANIZER}')"),
                "/users/organizer@contoso.example".to_owned(),
                "/users(userPrincipalName='organizer@contoso.example')".to_owned(),
            ],
            "{meeting}" => key_forms(STANDUP),
            "{artifact}" => key_forms("recording-1"),
            "**" => vec![String::new(), "/something".to_owned()],
            name => {
                assert!(
                    !name.contains(['{', '*']),
                    "teach this test what {name} stands for"
                );
                vec![format!("/{name}")]
            }
        };
        paths = paths
            .iter()
            .flat_map(|path| forms.iter().map(move |form| format!("{path}{form}")))
            .collect();
    }
    let versions = ["/v1.0", "/beta"];
    versions
        .iter()
        .flat_map(|version| paths.iter().map(move |path| format!("{version}{path}")))
        .collect()
}

fn key_forms(key: &str) -> Vec<String> {
    vec![format!("/{key}"), format!("('{key}')")]
}

fn is_me(url: &str) -> bool {
    url.split('/').nth(2) == Some("me")
}

/// The permission that another kind of artifact wants: never enough.
fn other_permission(operation: Operation) -> &'static str {
    match operation {
        Operation::List(kind) | Operation::Count(kind) | Operation::Get(kind) | Operation::Content(kind) => {
            match kind {
                ArtifactKind::Recording => READ_TRANSCRIPTS,
                ArtifactKind::Transcript => READ,
            }
        }
    }
}

/// The answer has that status and code, in Graph's envelope, and nothing beside it.
fn assert_refused(answer: &Answer, status: u16, code: &str, about: &str) {
    assert_eq!(answer.status, status, "{about}: {}", answer.text());
    let json = answer.json();
    let members = |value: &serde_json::Value| -> Vec<String> {
        value
            .as_object()
            .map(|object| object.keys().cloned().collect())
            .unwrap_or_default()
    };
    assert_eq!(members(&json), ["error"], "{about}");
    assert_eq!(json["error"]["code"], code, "{about}: {json}");
    assert!(
        json["error"]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{about}"
    );
    let inner = &json["error"]["innerError"];
    assert_eq!(inner["request-id"], answer.header("request-id"), "{about}");
    assert_eq!(
        inner["client-request-id"],
        answer.header("client-request-id"),
        "{about}"
    );
    assert_eq!(inner["date"], "2026-02-01T12:00:00", "{about}");
    assert!(
        answer.header("content-type").starts_with("application/json"),
        "{about}"
    );
}

fn assert_challenged(answer: &Answer, about: &str) {
    assert_refused(answer, 401, "InvalidAuthenticationToken", about);
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{about}");
}

#[test]
fn every_pattern_can_be_written() {
    for pattern in ROUTES.iter().map(|route| route.pattern).chain(NOT_BUILT) {
        assert!(urls(pattern).len() >= 2, "{pattern}");
    }
    assert_eq!(
        urls("{user}/onlineMeetings/{meeting}/recordings").len(),
        2 * 5 * 2
    );
}

#[tokio::test]
async fn nobody_gets_anything_without_a_good_token() {
    let app = TestApp::start().await;
    for pattern in ROUTES.iter().map(|route| route.pattern).chain(NOT_BUILT) {
        for url in urls(pattern) {
            let bare = app.send(app.request("GET", &url)).await;
            if pattern == OPEN {
                assert_refused(&bare, 501, "NotImplemented", &url);
                continue;
            }
            assert_challenged(&bare, &url);
            for method in ["POST", "DELETE"] {
                assert_challenged(
                    &app.send(app.request(method, &url)).await,
                    &format!("{method} {url}"),
                );
            }
            let head = app.send(app.request("HEAD", &url)).await;
            assert_eq!((head.status, head.body.len()), (401, 0), "HEAD {url}");
        }
        let url = &urls(pattern)[0];
        for broken in BROKEN.iter().filter(|_| pattern != OPEN) {
            let request = app.request("GET", url).header("authorization", *broken);
            assert_challenged(&app.send(request).await, &format!("{url} with {broken:?}"));
        }
    }
}

#[tokio::test]
async fn a_good_token_in_another_place_is_none() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for route in &ROUTES {
        let url = &urls(route.pattern)[0];
        let in_query = app
            .send(app.request("GET", &format!("{url}?access_token={token}")))
            .await;
        assert_challenged(&in_query, url);
        let cookie = app
            .request("GET", url)
            .header("cookie", format!("access_token={token}"));
        assert_challenged(&app.send(cookie).await, url);
    }
}

#[tokio::test]
async fn the_wrong_permission_is_403_on_every_route() {
    let app = TestApp::start().await;
    for route in &ROUTES {
        let other = other_permission(route.operation);
        for names in [&["User.Read"][..], &[other], &["onlinemeetingrecording.read.all"]] {
            let delegated = TokenOf::user(ORGANIZER).permissions(names).sign();
            let alone = TokenOf::application(ARCHIVER).permissions(names).sign();
            for url in urls(route.pattern) {
                assert_refused(&app.get(&url, &delegated).await, 403, "Forbidden", &url);
                if !is_me(&url) {
                    assert_refused(&app.get(&url, &alone).await, 403, "Forbidden", &url);
                }
            }
        }
        let no_roles = TokenOf::application(ARCHIVER).permissions(&[]).sign();
        let url = urls(route.pattern).into_iter().find(|url| !is_me(url)).unwrap();
        assert_refused(&app.get(&url, &no_roles).await, 403, "Forbidden", &url);
    }
}

#[tokio::test]
async fn an_application_alone_has_no_me() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for route in &ROUTES {
        let mine: Vec<String> = urls(route.pattern).into_iter().filter(|url| is_me(url)).collect();
        assert!(
            !mine.is_empty() || !route.pattern.starts_with("{user}"),
            "{}",
            route.pattern
        );
        for url in mine {
            let answer = app.get(&url, &token).await;
            assert_refused(&answer, 400, "BadRequest", &url);
            let message = "/me request is only valid with delegated authentication flow.";
            assert_eq!(answer.json()["error"]["message"], message, "{url}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_405_on_every_route() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for route in &ROUTES {
        for url in urls(route.pattern) {
            for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
                let answer = app.send(app.request(method, &url).bearer_auth(&token)).await;
                assert_refused(&answer, 405, "Request_BadRequest", &format!("{method} {url}"));
                assert_eq!(answer.header("allow"), ALLOWED_METHODS, "{method} {url}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_built_is_501_whoever_asks_and_however() {
    let app = TestApp::start().await;
    let organizer = TokenOf::user(ORGANIZER).sign();
    let without = TokenOf::user(ORGANIZER).permissions(&["User.Read"]).sign();
    let alone = TokenOf::application(ARCHIVER).sign();
    for pattern in NOT_BUILT {
        for url in urls(pattern) {
            for token in [&organizer, &without, &alone] {
                assert_refused(&app.get(&url, token).await, 501, "NotImplemented", &url);
            }
            let answer = app.send(app.request("POST", &url).bearer_auth(&organizer)).await;
            assert_refused(&answer, 501, "NotImplemented", &format!("POST {url}"));
        }
    }
}

#[tokio::test]
async fn every_form_of_a_route_reaches_the_same_thing() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for route in &ROUTES {
        let is_transcript = urls(route.pattern)[0].contains("/transcripts");
        let artifact = if is_transcript {
            "transcript-1"
        } else {
            "recording-1"
        };
        for url in urls(route.pattern) {
            let url = url.replace("recording-1", artifact);
            let answer = app.get(&url, &token).await;
            assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        }
    }
}
