//! `$metadata`, the service document, and how much metadata an answer has (contract section 2.3).

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::support::names::{CALL, ORGANIZER, STANDUP, my_standup};
use crate::support::{Answer, TestApp, TokenOf};

fn token() -> String {
    TokenOf::user(ORGANIZER)
        .permissions(&[
            "OnlineMeetingRecording.Read.All",
            "OnlineMeetingTranscript.Read.All",
            "OnlineMeetings.Read",
            "CallRecordings.Read.All",
            "User.Read",
        ])
        .sign()
}

/// One entity of each type, by the name of the type.
fn entities() -> [(&'static str, String); 5] {
    [
        (
            "callRecording",
            format!("{}/recordings/recording-1", my_standup()),
        ),
        (
            "callTranscript",
            format!("{}/transcripts/transcript-1", my_standup()),
        ),
        ("onlineMeeting", my_standup()),
        ("adhocCall", format!("/v1.0/me/adhocCalls/{CALL}")),
        ("user", "/v1.0/me".to_owned()),
    ]
}

async fn with_accept(app: &TestApp, path: &str, accept: &str) -> Answer {
    let answer = app.get_with(path, &token(), &[("accept", accept)]).await;
    assert_eq!(answer.status, 200, "{path} {accept}: {}", answer.text());
    answer
}

/// The types of the schema, each with its members and their types.
#[derive(Default)]
struct Schema {
    types: BTreeMap<String, TypeOf>,
    references: Vec<String>,
}

#[derive(Default)]
struct TypeOf {
    base: Option<String>,
    is_open: bool,
    members: BTreeMap<String, String>,
}

impl Schema {
    /// Reads a document that must be well formed.
    fn read(text: &str) -> Self {
        let mut schema = Self::default();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = true;
        let mut depth = 0_usize;
        let mut current = String::new();
        loop {
            let event = reader.read_event().expect("well formed");
            let (element, is_empty) = match &event {
                Event::Start(element) => (element, false),
                Event::Empty(element) => (element, true),
                Event::End(_) => {
                    depth -= 1;
                    continue;
                }
                Event::Eof => break,
                _ => continue,
            };
            depth += usize::from(!is_empty);
            let attributes: BTreeMap<String, String> = element
                .attributes()
                .map(|attribute| attribute.expect("well formed"))
                .map(|one| {
                    let name = String::from_utf8(one.key.as_ref().to_vec()).unwrap();
                    (name, String::from_utf8(one.value.to_vec()).unwrap())
                })
                .collect();
            let attribute = |name: &str| attributes.get(name).cloned();
            schema.references.extend(
                ["Type", "BaseType", "EntityType"]
                    .iter()
                    .filter_map(|name| attribute(name)),
            );
            let name = attribute("Name").unwrap_or_default();
            match element.name().as_ref() {
                b"EntityType" | b"ComplexType" | b"EnumType" => {
                    current.clone_from(&name);
                    let found = TypeOf {
                        base: attribute("BaseType").map(|base| bare(&base)),
                        is_open: attribute("OpenType").is_some(),
                        members: BTreeMap::new(),
                    };
                    assert!(schema.types.insert(name.clone(), found).is_none(), "{name} twice");
                }
                b"Property" | b"NavigationProperty" | b"Member" => {
                    let of = attribute("Type").unwrap_or_default();
                    let members = &mut schema.types.get_mut(&current).unwrap().members;
                    assert!(
                        members.insert(name.clone(), of).is_none(),
                        "{current}/{name} twice"
                    );
                }
                _ => {}
            }
        }
        assert_eq!(depth, 0, "every element is closed");
        schema
    }

    fn member(&self, of: &str, name: &str) -> Option<String> {
        let found = self.types.get(of)?;
        let own = found.members.get(name).cloned();
        own.or_else(|| self.member(found.base.as_ref()?, name))
    }

    fn is_open(&self, of: &str) -> bool {
        let found = &self.types[of];
        found.is_open || found.base.as_ref().is_some_and(|base| self.is_open(base))
    }

    /// Checks that each member of `value` is declared on `of`, all the way down.
    fn check(&self, of: &str, value: &Value, at: &str) {
        let Value::Object(members) = value else {
            return;
        };
        for (name, value) in members.iter().filter(|(name, _)| !name.contains('@')) {
            let at = format!("{at}/{name}");
            let Some(declared) = self.member(of, name) else {
                assert!(self.is_open(of), "{at} is not declared on {of}");
                continue;
            };
            match value {
                Value::Null => {}
                Value::Array(items) => {
                    assert!(declared.starts_with("Collection("), "{at}: {declared}");
                    for item in items {
                        self.check(&bare(&declared), item, &at);
                    }
                }
                Value::Object(_) => {
                    let said = value.get("@odata.type").and_then(Value::as_str);
                    let of =
                        said.map_or_else(|| bare(&declared), |said| said.replace("#microsoft.graph.", ""));
                    assert!(self.types.contains_key(&of), "{at}: {of}");
                    self.check(&of, value, &at);
                }
                Value::Bool(_) => assert_eq!(declared, "Edm.Boolean", "{at}"),
                Value::String(text) => match self.types.get(&bare(&declared)) {
                    // Of an enumeration it is one of the members.
                    Some(known) => assert!(known.members.contains_key(text), "{at}: {text}"),
                    None => assert!(
                        ["Edm.String", "Edm.DateTimeOffset"].contains(&declared.as_str()),
                        "{at}: {declared}"
                    ),
                },
                Value::Number(_) => panic!("{at}: there are no numbers"),
            }
        }
    }
}

/// The name of a type without its schema and without `Collection(…)`.
fn bare(of: &str) -> String {
    let inner = of
        .strip_prefix("Collection(")
        .and_then(|rest| rest.strip_suffix(')'));
    inner.unwrap_or(of).replace("graph.", "")
}

async fn schema(app: &TestApp) -> Schema {
    let answer = app.send(app.request("GET", "/v1.0/$metadata")).await;
    assert_eq!(answer.status, 200);
    Schema::read(&answer.text())
}

#[tokio::test]
async fn the_schema_is_for_everybody() {
    let app = TestApp::start().await;
    for path in [
        "/v1.0/$metadata",
        "/beta/$metadata",
        "/v1.0/%24metadata",
        "/V1.0/$METADATA/",
        "/v1.0/$metadata?$format=xml",
    ] {
        let answer = app.send(app.request("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "application/xml;charset=utf-8");
        assert_eq!(answer.header("odata-version"), "4.0");
        assert_eq!(answer.header("cache-control"), "public, max-age=3600");
        assert!(answer.text().starts_with("<?xml version=\"1.0\""), "{path}");
        let with_token = app.get(path, "broken").await;
        assert_eq!(with_token.body, answer.body, "{path}");
        let head = app.send(app.request("HEAD", path)).await;
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
    }
    for method in ["POST", "PUT", "DELETE"] {
        let answer = app.send(app.request(method, "/v1.0/$metadata")).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn every_type_that_the_schema_names_is_in_it() {
    let app = TestApp::start().await;
    let schema = schema(&app).await;
    assert!(schema.references.len() > 100, "{}", schema.references.len());
    for reference in &schema.references {
        let inner = reference
            .strip_prefix("Collection(")
            .map_or(reference.as_str(), |rest| rest.trim_end_matches(')'));
        let is_known = inner.starts_with("Edm.")
            || inner.starts_with("graph.") && schema.types.contains_key(&bare(inner));
        assert!(is_known, "{reference}");
    }
}

#[tokio::test]
async fn everything_that_is_answered_is_declared() {
    let app = TestApp::start().await;
    let schema = schema(&app).await;
    for (of, path) in entities() {
        for accept in ["application/json", "application/json;odata.metadata=full"] {
            let mut answer = with_accept(&app, &path, accept).await.json();
            schema.check(of, &answer, of);
            // What is selected is there too.
            let select = format!("{path}?$select=*");
            answer = with_accept(&app, &select, accept).await.json();
            schema.check(of, &answer, of);
        }
    }
    let prefer = [("prefer", "include-unknown-enum-members")];
    let meeting = app.get_with(&my_standup(), &token(), &prefer).await;
    schema.check("onlineMeeting", &meeting.json(), "onlineMeeting");
}

#[tokio::test]
async fn everything_that_is_declared_can_be_selected() {
    let app = TestApp::start().await;
    let schema = schema(&app).await;
    for (of, path) in entities() {
        for (name, declared) in &schema.types[of].members {
            if declared.starts_with("Collection(graph.") {
                continue;
            }
            let answer = app.get(&format!("{path}?$select={name}"), &token()).await;
            assert_eq!(answer.status, 200, "{of}/{name}: {}", answer.text());
            let is_there = answer.json().get(name).is_some();
            assert_eq!(is_there, declared != "Edm.Stream", "{of}/{name}");
        }
    }
}

#[tokio::test]
async fn the_root_is_a_service_document() {
    let app = TestApp::start().await;
    for (path, root) in [
        ("/v1.0", "v1.0"),
        ("/v1.0/", "v1.0"),
        ("/beta", "beta"),
        ("/v1.0?$format=json", "v1.0"),
    ] {
        let answer = app.get(path, &token()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["@odata.context"], format!("{}/{root}/$metadata", app.base()));
        let names: Vec<&str> = body["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["users", "me", "communications"]);
        for one in body["value"].as_array().unwrap() {
            assert_eq!(one["url"], one["name"]);
        }
    }
    assert_eq!(app.send(app.request("GET", "/v1.0")).await.status, 401);
    assert_eq!(app.get("/v1.0?$top=1", &token()).await.status, 400);
    let bare = with_accept(&app, "/v1.0", "application/json;odata.metadata=none")
        .await
        .json();
    assert_eq!(bare.get("@odata.context"), None);
}

/// All names of members, at any depth.
fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                found.push(name.clone());
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

fn annotations(answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    names(&answer.json(), &mut found);
    found.retain(|name| name.contains('@'));
    found.sort();
    found.dedup();
    found
}

fn content_type(level: &str, compatible: bool) -> String {
    format!(
        "application/json;odata.metadata={level};odata.streaming=true;IEEE754Compatible={compatible};charset=utf-8"
    )
}

#[tokio::test]
async fn without_metadata_only_what_leads_on_is_left() {
    let app = TestApp::start().await;
    let accept = "application/json;odata.metadata=none";
    for (of, path) in entities() {
        let answer = with_accept(&app, &path, accept).await;
        assert_eq!(annotations(&answer), [""; 0], "{of}");
        assert_eq!(answer.header("content-type"), content_type("none", false), "{of}");
    }
    let list = format!("{}/recordings", my_standup());
    let page = with_accept(&app, &format!("{list}?$top=1"), accept).await;
    assert_eq!(annotations(&page), ["@odata.count", "@odata.nextLink"]);
    let filtered = format!("{list}?$filter=contentCorrelationId eq 'x'");
    assert_eq!(
        annotations(&with_accept(&app, &filtered, accept).await),
        ["@odata.count"]
    );
    let feed = with_accept(&app, &format!("{list}/delta"), accept).await;
    assert_eq!(annotations(&feed), ["@odata.count", "@odata.deltaLink"]);
}

#[tokio::test]
async fn values_are_the_same_at_every_level() {
    let app = TestApp::start().await;
    fn without_annotations(value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .filter(|(name, _)| !name.contains('@'))
                .map(|(name, value)| (name, without_annotations(value)))
                .collect(),
            Value::Array(items) => items.into_iter().map(without_annotations).collect(),
            other => other,
        }
    }
    for (_, path) in entities() {
        let minimal = without_annotations(with_accept(&app, &path, "application/json").await.json());
        for level in ["none", "full"] {
            let accept = format!("application/json;odata.metadata={level}");
            let other = with_accept(&app, &path, &accept).await.json();
            assert_eq!(without_annotations(other), minimal, "{path} {level}");
        }
    }
}

#[tokio::test]
async fn all_metadata_has_types_and_links_that_lead_somewhere() {
    let app = TestApp::start().await;
    for (of, path) in entities() {
        let answer = with_accept(&app, &path, "application/json;odata.metadata=full").await;
        assert_eq!(answer.header("content-type"), content_type("full", false), "{of}");
        let body = answer.json();
        assert_eq!(body["@odata.type"], format!("#microsoft.graph.{of}"));
        for name in ["@odata.id", "@odata.editLink"] {
            let found = app.follow(&body[name], &token()).await;
            assert_eq!(
                (found.status, &found.json()["id"]),
                (200, &body["id"]),
                "{of} {name}"
            );
        }
        for (name, link) in body.as_object().unwrap() {
            if name.ends_with("@odata.mediaReadLink") {
                assert_eq!(app.follow(link, &token()).await.status, 200, "{of} {name}");
            }
            if name.ends_with("@odata.navigationLink") {
                // A user's meetings need a filter.
                let found = app.follow(link, &token()).await;
                let is_expected =
                    found.status == 200 || name.starts_with("onlineMeetings") && found.status == 400;
                assert!(
                    is_expected || name.starts_with("transcripts"),
                    "{of} {name}: {}",
                    found.text()
                );
            }
        }
    }
    let recording = with_accept(&app, &entities()[0].1, "application/json;odata.metadata=full")
        .await
        .json();
    assert_eq!(recording["createdDateTime@odata.type"], "#DateTimeOffset");
    assert_eq!(
        recording["meetingOrganizer@odata.type"],
        "#microsoft.graph.identitySet"
    );
    let items = with_accept(
        &app,
        &format!("{}/recordings", my_standup()),
        "application/json;odata.metadata=full",
    )
    .await;
    assert!(items.json()["value"][0]["@odata.id"].is_string());
}

#[tokio::test]
async fn an_annotation_stands_before_what_it_is_about() {
    let app = TestApp::start().await;
    for (of, path) in entities() {
        let text = with_accept(&app, &path, "application/json;odata.metadata=full")
            .await
            .text();
        assert!(text.starts_with("{\"@odata.context\""), "{of}");
        let mut found = Vec::new();
        names(&serde_json::from_str(&text).unwrap(), &mut found);
        for annotation in found.iter().filter(|name| name.contains('@')) {
            let (about, _) = annotation.split_once('@').unwrap();
            let (Some(first), Some(second)) = (
                text.find(&format!("\"{annotation}\":")),
                text.find(&format!("\"{about}\":")),
            ) else {
                continue;
            };
            assert!(first < second, "{of}: {annotation}");
        }
    }
}

#[tokio::test]
async fn minimal_is_what_everybody_else_gets_and_nobody_gets_406() {
    let app = TestApp::start().await;
    for accept in [
        "*/*",
        "application/json",
        "application/json;odata.metadata=minimal",
        "application/json;odata.metadata=verbose",
        "application/xml",
        "image/png",
        "text/html;q=0.9, application/xhtml+xml",
        "application/json;q=0",
        "nonsense",
        ";;,",
        "",
    ] {
        for (_, path) in entities() {
            let answer = with_accept(&app, &path, accept).await;
            assert_eq!(
                answer.header("content-type"),
                content_type("minimal", false),
                "{accept}"
            );
        }
    }
}

#[tokio::test]
async fn a_format_in_the_query_counts_before_what_is_accepted() {
    let app = TestApp::start().await;
    let none = "application/json;odata.metadata=none";
    for (query, level) in [
        ("$format=json", "minimal"),
        ("$format=JSON", "minimal"),
        ("$format=application/json;odata.metadata=full", "full"),
        ("%24format=application%2Fjson%3Bodata.metadata%3Dfull", "full"),
        ("$format=application/json;metadata=full", "full"),
        ("format=application/json;odata.metadata=full", "full"),
        ("$select=id", "none"),
    ] {
        for (_, path) in entities() {
            let answer = with_accept(&app, &format!("{path}?{query}"), none).await;
            assert_eq!(
                answer.header("content-type"),
                content_type(level, false),
                "{path} {query}"
            );
        }
    }
    for query in ["$format=xml", "$format=atom", "$format=text/html"] {
        for (_, path) in entities() {
            assert_eq!(
                app.get(&format!("{path}?{query}"), &token()).await.status,
                400,
                "{path} {query}"
            );
        }
    }
}

#[tokio::test]
async fn compatible_numbers_are_said_back() {
    let app = TestApp::start().await;
    for (accept, level, compatible) in [
        ("application/json;IEEE754Compatible=true", "minimal", true),
        (
            "application/json;ieee754compatible=TRUE;odata.metadata=full",
            "full",
            true,
        ),
        ("application/json;IEEE754Compatible=false", "minimal", false),
    ] {
        for (_, path) in entities() {
            let answer = with_accept(&app, &path, accept).await;
            assert_eq!(
                answer.header("content-type"),
                content_type(level, compatible),
                "{accept}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_made_is_answered_at_the_level_that_was_asked_for() {
    let app = TestApp::start().await;
    let request = app
        .request("POST", "/v1.0/me/onlineMeetings")
        .bearer_auth(
            TokenOf::user(ORGANIZER)
                .permissions(&["OnlineMeetings.ReadWrite"])
                .sign(),
        )
        .header("accept", "application/json;odata.metadata=none")
        .body("{}");
    let answer = app.send(request).await;
    assert_eq!((answer.status, annotations(&answer)), (201, Vec::new()));
    assert_ne!(answer.json()["id"], json!(STANDUP));
}
