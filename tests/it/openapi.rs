//! `openapi.json`: it is made of the program's own types, names every operation of `/api/v1`, and what the server answers is
//! in it.
//!
//! `UPDATE_DOCS=1 cargo test --test it -- openapi` writes it anew.

mod described;
mod exchanges;

use std::collections::BTreeSet;

use graphophone::graph::upload::UploadRequest;
use graphophone::http::api::description;
use graphophone::media::Fault;
use graphophone::uploads::Wanted;
use graphophone::uploads::request::parse;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::uploads::{SESSIONS, into_standup, uploader};
use described::Described;

/// Where the document lies, so that it is compiled in.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/api/openapi.json");

#[test]
fn the_document_is_what_the_types_say() {
    let made = description::document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, made).unwrap();
        return;
    }
    let differs = made
        .lines()
        .zip(description::TEXT.lines())
        .find(|(new, old)| new != old);
    assert!(
        made == description::TEXT,
        "src/http/api/openapi.json is not what the types say: UPDATE_DOCS=1 cargo test --test it -- openapi; first: \
         {differs:#?}"
    );
}

#[test]
fn every_method_of_every_path_is_described_and_nothing_else() {
    let described = Described::new();
    let routes: BTreeSet<(String, String)> = description::routes()
        .flat_map(|(path, methods)| {
            let methods = methods.split(", ");
            methods.map(move |method| (method.to_owned(), path.to_owned()))
        })
        .collect();
    assert_eq!(described.operations(), routes);
}

#[test]
fn every_operation_says_what_it_is() {
    let described = Described::new();
    let mut ids = BTreeSet::new();
    for (method, path) in described.operations() {
        let operation = described.operation(&method, &path);
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(operation["summary"].is_string(), "{method} {path}");
        // Who may: said of each, as an operation that says nothing is open in one reading and closed in another.
        assert!(operation["security"].is_array(), "{method} {path}");
        let parameters = operation["parameters"].as_array();
        let names = parameters
            .into_iter()
            .flatten()
            .map(|one| format!("{{{}}}", one["name"].as_str().unwrap()));
        let in_path: Vec<String> = names.filter(|name| path.contains(name.as_str())).collect();
        assert_eq!(in_path.len(), path.matches('{').count(), "{method} {path}");
    }
}

#[test]
fn examples_are_what_their_schemas_say() {
    let described = Described::new();
    let mut count = 0;
    described.each_example(|schema, example| {
        count += 1;
        let faults = described.faults(schema, example);
        assert!(faults.is_empty(), "{faults:?}: {example}");
        if schema["$ref"]
            .as_str()
            .is_some_and(|name| name.ends_with("/UploadRequest"))
        {
            let request: UploadRequest = parse(example.clone()).unwrap();
            Wanted::check(&request).unwrap();
        }
    });
    assert!(count > 5, "{count}");
}

#[tokio::test]
async fn the_document_is_served_to_everybody() {
    let app = TestApp::start().await;
    let plain = app.send(app.request("GET", "/api/v1/openapi.json")).await;
    assert_eq!(
        (plain.status, plain.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(plain.text(), description::document());
    // A token that is no good is nothing that it looks at.
    let known = app.get("/api/v1/openapi.json", "nonsense").await;
    assert_eq!(known.body, plain.body);
}

/// What the document says of the length or form of a member is what the server makes of it.
#[tokio::test]
async fn what_a_schema_does_not_allow_is_refused() {
    let app = TestApp::start().await;
    let described = Described::new();
    let mut tried = 0;
    for (pointer, schema) in described.members("UploadRequest") {
        for wrong in Described::beyond(&schema) {
            let mut request = request_with(&pointer);
            *request.pointer_mut(&pointer).unwrap() = wrong.clone();
            let answer = app.send_json("POST", SESSIONS, &uploader(), &request).await;
            let (status, _, message) = answer.error();
            let start: String = wrong.to_string().chars().take(80).collect();
            assert_eq!(status, 400, "{pointer}: {start}: {message}");
            assert!(message.contains(&pointer), "{pointer}: {start}: {message}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

/// A request that is good, and has the member at that place.
fn request_with(pointer: &str) -> Value {
    let mut request = into_standup("x", b"abc");
    if pointer.starts_with("/meeting/") && pointer != "/meeting/id" {
        request["meeting"] = json!({ "organizer": "organizer@contoso.example" });
    }
    if pointer.starts_with("/transcript") {
        request["transcript"] = json!({ "content": "WEBVTT\n" });
    }
    let mut at = &mut request;
    let mut names = pointer.split('/').skip(1).peekable();
    while let Some(name) = names.next() {
        if at.is_array() {
            at = &mut at[0];
        } else {
            let is_list = names.peek() == Some(&"0");
            let map = at.as_object_mut().unwrap();
            let empty = match (is_list, names.peek()) {
                (true, _) => json!([{ "user": "attendee@contoso.example" }]),
                (false, Some(_)) => json!({}),
                (false, None) => Value::Null,
            };
            at = map.entry(name).or_insert(empty);
        }
    }
    request
}

/// `docs/uploads.md`: its table has every member of a request, and its table of reasons every one that there is.
#[test]
fn the_page_of_uploads_names_every_member_and_every_reason() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/uploads.md");
    let page = std::fs::read_to_string(file).unwrap();
    for (pointer, _) in Described::new().members("UploadRequest") {
        let member = pointer
            .trim_start_matches('/')
            .replace("/0", "[]")
            .replace('/', ".");
        // What has members is named by them.
        let is_named = page.contains(&format!("`{member}`")) || page.contains(&format!("`{member}."));
        assert!(
            is_named || member.ends_with("[]"),
            "docs/uploads.md does not name {member}"
        );
    }
    let reasons = [
        Fault::Empty,
        Fault::NotMedia { looks_like: None },
        Fault::NoMoov,
        Fault::NoMedia,
        Fault::Truncated {
            expected_bytes: 2,
            found_bytes: 1,
        },
        Fault::Malformed { what: "", at: 0 },
        Fault::NoTracks,
    ];
    for reason in reasons.iter().map(Fault::reason).chain(["notWebVTT", "unknown"]) {
        assert!(
            page.contains(&format!("| `{reason}` |")),
            "docs/uploads.md does not name {reason}"
        );
    }
}
