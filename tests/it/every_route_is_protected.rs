//! Every path of the router's tables, in every form and version in which it can be written, without and with credentials
//! that are not enough. The paths are made from the tables, so a new route is in here by itself; a new word in a pattern fails
//! until it is taught here.

use graphophone::db::artifacts::ArtifactKind;
use graphophone::http::router::{NOT_BUILT, Operation, ROUTES, Route, Verb};

use crate::support::names::{ARCHIVER, CALL, ORGANIZER, READ, READ_TRANSCRIPTS, STANDUP};
use crate::support::{Answer, TestApp, TokenOf};

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
    let artifact = match (pattern.contains("{call}"), pattern.contains("transcripts")) {
        (false, false) => "recording-1",
        (false, true) => "transcript-1",
        (true, false) => "call-recording",
        (true, true) => "call-transcript",
    };
    let organizer = match pattern.contains("adhocCalls") {
        true => "userId",
        false => "meetingOrganizerUserId",
    };
    let mut paths = vec![String::new()];
    for piece in pattern.split('/').filter(|piece| !piece.is_empty()) {
        let forms: Vec<String> = match piece {
            "{user}" => vec![
                "/me".to_owned(),
                format!("/users/{ORGANIZER}"),
                format!("/users('{ORGANIZER}')"),
                "/users/organizer@contoso.example".to_owned(),
                "/users(userPrincipalName='organizer@contoso.example')".to_owned(),
            ],
            "{meeting}" => key_forms(STANDUP),
            "{call}" => key_forms(CALL),
            "{artifact}" => key_forms(artifact),
            "**" => vec![String::new(), "/something".to_owned()],
            "delta()" => ["/delta", "/delta()", "/microsoft.graph.delta()"]
                .map(ToOwned::to_owned)
                .to_vec(),
            function if function.ends_with("()") => {
                let name = function.trim_end_matches("()");
                vec![
                    format!("/{name}({organizer}='{ORGANIZER}')"),
                    format!(
                        "/microsoft.graph.{name}({organizer}='{ORGANIZER}', startDateTime=2020-01-01T00:00:00Z)"
                    ),
                ]
            }
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

/// What opens an operation, for somebody signed in and for an application alone. Nothing: to none of the two.
fn needed(route: &Route) -> (Option<&'static str>, Option<&'static str>) {
    let of_calls = route.pattern.contains("adhocCalls");
    let of = |kind: ArtifactKind| match (kind, of_calls) {
        (ArtifactKind::Recording, false) => READ,
        (ArtifactKind::Transcript, false) => READ_TRANSCRIPTS,
        (ArtifactKind::Recording, true) => "CallRecordings.Read.All",
        (ArtifactKind::Transcript, true) => "CallTranscripts.Read.All",
    };
    match route.operation {
        Operation::List(kind)
        | Operation::Count(kind)
        | Operation::Get(kind)
        | Operation::Content(kind, _)
        | Operation::Delta(kind) => (Some(of(kind)), Some(of(kind))),
        Operation::Export(kind)
        | Operation::ExportDelta(kind)
        | Operation::ExportOfCalls(kind)
        | Operation::ExportOfCallsDelta(kind) => (None, Some(of(kind))),
        Operation::FindMeetings | Operation::CountMeetings | Operation::GetMeeting => {
            (Some("OnlineMeetings.Read"), Some("OnlineMeetings.Read.All"))
        }
        Operation::CreateMeeting
        | Operation::CreateOrGetMeeting
        | Operation::UpdateMeeting
        | Operation::DeleteMeeting => (
            Some("OnlineMeetings.ReadWrite"),
            Some("OnlineMeetings.ReadWrite.All"),
        ),
        Operation::FindMeetingsOfTenant => (None, Some("OnlineMeetings.Read.All")),
        Operation::ListCalls | Operation::CountCalls | Operation::GetCall => {
            (Some("CallTranscripts.Read.All"), Some("CallRecordings.Read.All"))
        }
        Operation::GetUser => (Some("User.Read"), Some("User.Read.All")),
        Operation::ServiceDocument | Operation::Batch | Operation::NotRouted => (None, None),
    }
}

/// Permissions that do not open an operation: of something else, in other letters, none.
fn others(route: &Route) -> Vec<Vec<&'static str>> {
    let (delegated, application) = needed(route);
    let all = [
        READ,
        READ_TRANSCRIPTS,
        "CallRecordings.Read.All",
        "CallTranscripts.Read.All",
        "User.ReadWrite",
        "onlinemeetingrecording.read.all",
        "onlinemeetings.read.all",
    ];
    let is_other = |name: &&str| {
        let of_calls = matches!(
            route.operation,
            Operation::ListCalls | Operation::CountCalls | Operation::GetCall
        );
        Some(*name) != delegated && Some(*name) != application && !(of_calls && name.starts_with("Call"))
    };
    let mut sets: Vec<Vec<&str>> = all.into_iter().filter(is_other).map(|name| vec![name]).collect();
    sets.push(Vec::new());
    sets
}

/// Routes that a permission opens.
fn guarded() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| needed(route) != (None, None))
}

fn method(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

/// What is sent: with a filter where a list wants one, and with a body that says enough.
fn request(app: &TestApp, route: &Route, url: &str) -> reqwest::RequestBuilder {
    let filter = match route.operation {
        Operation::FindMeetings => "?$filter=joinWebUrl eq 'https://teams.example/standup'",
        Operation::FindMeetingsOfTenant => "?$filter=videoTeleconferenceId eq '123'",
        _ => "",
    };
    let request = app.request(method(route), &format!("{url}{filter}"));
    match route.verb {
        Verb::Get | Verb::Delete => request,
        Verb::Post | Verb::Patch => {
            request
                .header("content-type", "application/json")
                .body(match route.operation {
                    Operation::CreateOrGetMeeting => "{\"externalId\": \"x\"}",
                    _ => "{\"subject\": \"x\"}",
                })
        }
    }
}

async fn ask(app: &TestApp, route: &Route, url: &str, token: &str) -> Answer {
    app.send(request(app, route, url).bearer_auth(token)).await
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
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                assert_challenged(
                    &app.send(app.request(method, &url)).await,
                    &format!("{method} {url}"),
                );
            }
            let head = app.send(app.request("HEAD", &url)).await;
            assert_eq!((head.status, head.body.len()), (401, 0), "HEAD {url}");
        }
        let url = &urls(pattern)[0];
        for broken in BROKEN {
            let request = app.request("GET", url).header("authorization", broken);
            assert_challenged(&app.send(request).await, &format!("{url} with {broken:?}"));
        }
    }
}

#[tokio::test]
async fn a_good_token_in_another_place_is_none() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for route in ROUTES {
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
    for route in guarded() {
        let code = match route.operation {
            Operation::GetUser => "Authorization_RequestDenied",
            _ => "Forbidden",
        };
        for names in others(route) {
            let delegated = TokenOf::user(ORGANIZER).permissions(&names).sign();
            let alone = TokenOf::application(ARCHIVER).permissions(&names).sign();
            let urls = urls(route.pattern);
            // All forms of a path are the same path; with one set of permissions each of them is tried.
            let tried = if names == [READ] || names == [READ_TRANSCRIPTS] {
                urls.len()
            } else {
                3
            };
            for url in urls.iter().take(tried) {
                let about = format!("{} {url} with {names:?}", method(route));
                assert_refused(&ask(&app, route, url, &delegated).await, 403, code, &about);
                if !is_me(url) {
                    assert_refused(&ask(&app, route, url, &alone).await, 403, code, &about);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_for_applications_alone_is_refused_to_everybody_else() {
    let app = TestApp::start().await;
    for route in guarded() {
        let (None, Some(role)) = needed(route) else {
            continue;
        };
        let token = TokenOf::user(ORGANIZER).permissions(&[role]).sign();
        for url in urls(route.pattern) {
            assert_refused(&ask(&app, route, &url, &token).await, 403, "Forbidden", &url);
        }
    }
}

#[tokio::test]
async fn an_application_alone_has_no_me() {
    let app = TestApp::start().await;
    for route in guarded() {
        let (_, role) = needed(route);
        let token = TokenOf::application(ARCHIVER)
            .permissions(&[role.unwrap()])
            .sign();
        let mine: Vec<String> = urls(route.pattern).into_iter().filter(|url| is_me(url)).collect();
        assert!(
            !mine.is_empty() || !route.pattern.starts_with("{user}"),
            "{}",
            route.pattern
        );
        for url in mine {
            let answer = ask(&app, route, &url, &token).await;
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
    for route in ROUTES {
        let has = |verb: Verb| {
            ROUTES
                .iter()
                .any(|other| other.pattern == route.pattern && other.verb == verb)
        };
        let methods = [
            ("GET", has(Verb::Get)),
            ("POST", has(Verb::Post)),
            ("PUT", false),
            ("PATCH", has(Verb::Patch)),
            ("DELETE", has(Verb::Delete)),
            ("PROPFIND", false),
        ];
        for url in urls(route.pattern) {
            for (method, _) in methods.iter().filter(|(_, has)| !has) {
                let answer = app.send(app.request(method, &url).bearer_auth(&token)).await;
                assert_refused(&answer, 405, "Request_BadRequest", &format!("{method} {url}"));
                let allowed = answer.header("allow");
                for (method, has) in methods {
                    assert_eq!(allowed.contains(method), has, "{method} {url}: {allowed}");
                }
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
        // What is more exactly known is answered by that route.
        for url in urls(pattern).iter().filter(|url| !url.ends_with("adhocCalls")) {
            for token in [&organizer, &without, &alone] {
                assert_refused(&app.get(url, token).await, 501, "NotImplemented", url);
            }
            let answer = app.send(app.request("POST", url).bearer_auth(&organizer)).await;
            assert_refused(&answer, 501, "NotImplemented", &format!("POST {url}"));
        }
    }
}

#[tokio::test]
async fn every_form_of_a_route_reaches_the_same_thing() {
    let app = TestApp::start().await;
    for route in ROUTES.iter().filter(|route| route.verb == Verb::Get) {
        let (scope, role) = needed(route);
        let user = TokenOf::user(ORGANIZER)
            .permissions(&[scope.unwrap_or(READ)])
            .sign();
        let alone = TokenOf::application(ARCHIVER)
            .permissions(&[role.unwrap_or(READ)])
            .sign();
        for url in urls(route.pattern) {
            let token = match scope {
                None if is_me(&url) && role.is_some() => continue,
                None => &alone,
                Some(_) => &user,
            };
            let answer = ask(&app, route, &url, token).await;
            let expected = match route.operation {
                Operation::NotRouted => 404,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{url}: {}", answer.text());
        }
    }
}
