//! `POST /$batch`: many requests in one (contract section 9).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::names::{ARCHIVER, ATTENDEE, ORGANIZER, STANDUP};
use crate::support::{Answer, TestApp, TokenOf, media};

const BATCH: &str = "/v1.0/$batch";
const MEETINGS: &str = "/me/onlineMeetings";

fn token() -> String {
    token_of(ORGANIZER)
}

fn token_of(user: &str) -> String {
    TokenOf::user(user)
        .permissions(&[
            "OnlineMeetingRecording.Read.All",
            "OnlineMeetingTranscript.Read.All",
            "OnlineMeetings.ReadWrite",
            "User.Read",
        ])
        .sign()
}

async fn post(app: &TestApp, body: &Value) -> Answer {
    app.send_json("POST", BATCH, &token(), body).await
}

/// The responses of a batch, which is 200.
async fn responses(app: &TestApp, requests: &Value) -> Vec<Value> {
    let answer = post(app, &json!({ "requests": requests })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["responses"]);
    body["responses"].as_array().unwrap().clone()
}

/// The response to one GET.
async fn response(app: &TestApp, url: &str) -> Value {
    let list = responses(app, &json!([{ "id": "1", "method": "GET", "url": url }])).await;
    assert_eq!((list.len(), &list[0]["id"]), (1, &json!("1")));
    list[0].clone()
}

fn statuses(responses: &[Value]) -> Vec<(&str, u64)> {
    let one = |response: &'_ Value| response["status"].as_u64().unwrap();
    responses
        .iter()
        .map(|response| (response["id"].as_str().unwrap(), one(response)))
        .collect()
}

fn recording() -> String {
    format!("{MEETINGS}/{STANDUP}/recordings/recording-1")
}

/// The bytes of a response.
fn bytes(response: &Value) -> Vec<u8> {
    BASE64_STANDARD
        .decode(response["body"].as_str().unwrap())
        .unwrap()
}

async fn refused(app: &TestApp, body: &Value, named: &str) {
    let (status, code, message) = post(app, body).await.error();
    assert_eq!((status, code.as_str()), (400, "BadRequest"), "{body}: {message}");
    assert!(message.contains(named), "{body}: {message}");
}

#[tokio::test]
async fn each_request_is_answered_as_if_it_had_come_alone() {
    let app = TestApp::start().await;
    let list = responses(
        &app,
        &json!([
            { "id": "one", "method": "GET", "url": recording() },
            { "id": "two", "method": "get", "url": format!("{MEETINGS}/{STANDUP}/recordings?$top=1&$select=id") },
            { "id": "none", "method": "GET", "url": recording() + "-x" },
            { "id": "me", "method": "GET", "url": "/me" },
        ]),
    )
    .await;
    assert_eq!(
        statuses(&list),
        [("one", 200), ("two", 200), ("none", 404), ("me", 200)]
    );
    for (response, path) in list.iter().zip([
        recording(),
        format!("{MEETINGS}/{STANDUP}/recordings?$top=1&$select=id"),
        String::new(),
        "/me".to_owned(),
    ]) {
        let alone = app.get(&format!("/v1.0{path}"), &token()).await;
        if path.is_empty() {
            assert_eq!(response["body"]["error"]["code"], "NotFound");
            assert_eq!(response["headers"]["Content-Type"], "application/json");
            continue;
        }
        let mut expected = alone.json();
        let mut found = response["body"].clone();
        for body in [&mut expected, &mut found] {
            // A token is made anew each time.
            body.as_object_mut().unwrap().remove("@odata.nextLink");
        }
        assert_eq!(found, expected);
        assert_eq!(response["headers"]["Content-Type"], alone.header("content-type"));
        assert_eq!(response["headers"]["OData-Version"], "4.0");
        assert_eq!(response["headers"]["Cache-Control"], "private, no-cache");
    }
}

#[tokio::test]
async fn the_batch_itself_is_json_of_odata() {
    let app = TestApp::start().await;
    let body = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
    let answer = post(&app, &body).await;
    let expected =
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
    assert_eq!(answer.header("content-type"), expected);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let beta = app.send_json("POST", "/beta/$batch", &token(), &body).await;
    let context = beta.json()["responses"][0]["body"]["@odata.context"].clone();
    assert!(context.as_str().unwrap().contains("/beta/$metadata"), "{context}");
}

#[tokio::test]
async fn members_of_a_body_stay_in_their_order() {
    let app = TestApp::start().await;
    let alone = app.get(&format!("/v1.0{}", recording()), &token()).await.text();
    let body = json!({ "requests": [{ "id": "1", "method": "GET", "url": recording() }] });
    let answer = post(&app, &body).await.text();
    assert!(answer.contains(&alone), "{answer}");
}

#[tokio::test]
async fn a_url_may_be_written_in_many_ways() {
    let app = TestApp::start().await;
    let path = recording();
    let base = app.base().to_owned();
    let upper = format!("{}{path}", base.replace("http", "HTTP") + "/v1.0");
    for url in [
        path.clone(),
        path.trim_start_matches('/').to_owned(),
        format!("//{}", path.trim_start_matches('/')),
        format!("/v1.0{path}"),
        format!("v1.0{path}"),
        format!("/V1.0{path}"),
        format!("{base}/v1.0{path}"),
        upper,
        format!("  {path} "),
        format!("{path}?$select=id"),
        path.replace("/me/", &format!("/users('{ORGANIZER}')/")),
        path.replace("==", "%3D%3D"),
    ] {
        let response = response(&app, &url).await;
        assert_eq!(response["status"], 200, "{url}: {response}");
        assert_eq!(response["body"]["id"], "recording-1", "{url}");
    }
}

#[tokio::test]
async fn a_url_of_elsewhere_is_400_for_itself_alone() {
    let app = TestApp::start().await;
    let port = app.address().rsplit_once(':').unwrap().1;
    for url in [
        format!("https://graph.microsoft.com/v1.0{}", recording()),
        format!("http://127.0.0.1:{port}0/v1.0{}", recording()),
        format!("http://127.0.0.1:{port}@elsewhere.example/v1.0{}", recording()),
        format!("https://127.0.0.1:{port}/v1.0{}", recording()),
        format!("/beta{}", recording()),
        format!("{}/beta{}", app.base(), recording()),
        app.base().to_owned(),
        "/$batch".to_owned(),
        "$batch".to_owned(),
        "/me\u{0}".to_owned(),
        "/me onlineMeetings".to_owned(),
        format!("/me/{}", "x".repeat(70_000)),
        "/nothing".to_owned(),
        String::new() + "/me?$top=1",
    ] {
        let list = responses(
            &app,
            &json!([{ "id": "1", "method": if url.ends_with("$batch") { "POST" } else { "GET" }, "url": url },
                    { "id": "2", "method": "GET", "url": "/me" }]),
        )
        .await;
        assert_eq!(
            statuses(&list),
            [("1", 400), ("2", 200)],
            "{}",
            url.get(..90).unwrap_or(&url)
        );
        assert_eq!(list[0]["body"]["error"]["code"], "BadRequest");
    }
    // The healthy, the authority and other versions are no part of the root.
    for url in ["/healthz", "/v2.0/me", "/../healthz", "/%2e%2e/healthz"] {
        assert_eq!(response(&app, url).await["status"], 400, "{url}");
    }
}

#[tokio::test]
async fn a_batch_is_no_request_of_a_batch() {
    let app = TestApp::start().await;
    let inner = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
    let list = responses(
        &app,
        &json!([{ "id": "1", "method": "POST", "url": "/$batch", "body": inner, "headers": { "Content-Type": "application/json" } }]),
    )
    .await;
    assert_eq!(statuses(&list), [("1", 400)]);
    let message = list[0]["body"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("another batch"), "{message}");
}

#[tokio::test]
async fn what_others_depend_on_comes_first() {
    let app = TestApp::start().await;
    let get =
        |id: &str, depends: &[&str]| json!({ "id": id, "method": "GET", "url": "/me", "dependsOn": depends });
    let list = responses(
        &app,
        &json!([
            get("d", &["C"]),
            get("c", &["b"]),
            get("b", &["a", "a"]),
            get("a", &[]),
            get("x", &[])
        ]),
    )
    .await;
    assert_eq!(
        statuses(&list),
        [("a", 200), ("b", 200), ("c", 200), ("d", 200), ("x", 200)]
    );
}

#[tokio::test]
async fn a_chain_of_writes_is_done_in_its_order() {
    let app = TestApp::start().await;
    let write = |id: &str, subject: &str, depends: Value| {
        json!({ "id": id, "method": "PATCH", "url": format!("{MEETINGS}/{STANDUP}"), "dependsOn": depends,
                "headers": { "Content-Type": "application/json" }, "body": { "subject": subject } })
    };
    let read = json!({ "id": "r", "method": "GET", "url": format!("{MEETINGS}/{STANDUP}?$select=subject"), "dependsOn": ["1"] });
    let list = responses(
        &app,
        &json!([
            write("2", "second", json!(["r"])),
            read,
            write("1", "first", Value::Null)
        ]),
    )
    .await;
    assert_eq!(statuses(&list), [("1", 200), ("r", 200), ("2", 200)]);
    assert_eq!(list[1]["body"]["subject"], "first");
    assert_eq!(
        response(&app, &format!("{MEETINGS}/{STANDUP}")).await["body"]["subject"],
        "second"
    );
}

#[tokio::test]
async fn what_depends_on_a_failure_is_424_and_not_done() {
    let app = TestApp::start().await;
    let list = responses(
        &app,
        &json!([
            { "id": "1", "method": "GET", "url": recording() + "-x" },
            { "id": "2", "method": "PATCH", "url": format!("{MEETINGS}/{STANDUP}"), "body": { "subject": "x" }, "dependsOn": ["1"] },
            { "id": "3", "method": "GET", "url": "/me", "dependsOn": ["2"] },
            { "id": "4", "method": "GET", "url": "/me" },
        ]),
    )
    .await;
    assert_eq!(statuses(&list), [("1", 404), ("2", 424), ("3", 424), ("4", 200)]);
    assert_eq!(list[1]["body"]["error"]["code"], "FailedDependency");
    assert_eq!(
        response(&app, &format!("{MEETINGS}/{STANDUP}")).await["body"]["subject"],
        "Stand-up"
    );
}

#[tokio::test]
async fn depends_on_in_another_spelling_says_nothing() {
    let app = TestApp::start().await;
    let list = responses(
        &app,
        &json!([{ "id": "1", "method": "GET", "url": recording() + "-x" },
                { "id": "2", "method": "GET", "url": "/me", "depends_on": ["1"], "colour": "red" },
                { "id": "3", "method": "GET", "url": "/me", "depends_on": ["nobody"] }]),
    )
    .await;
    assert_eq!(statuses(&list), [("1", 404), ("2", 200), ("3", 200)]);
}

/// A GET with that id.
fn get(id: &Value) -> Value {
    json!({ "id": id, "method": "GET", "url": "/me" })
}

/// A GET that depends on others.
fn depends(id: &str, on: &Value) -> Value {
    json!({ "id": id, "method": "GET", "url": "/me", "dependsOn": on })
}

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|id| get(&json!(id.to_string()))).collect()
}

#[tokio::test]
async fn requests_are_one_to_twenty_and_each_has_an_id_of_its_own() {
    let app = TestApp::start().await;
    for (body, named) in [
        (json!({}), "'requests'"),
        (json!([]), "'requests'"),
        (json!(null), "'requests'"),
        (json!({ "requests": {} }), "'requests'"),
        (json!({ "requests": [] }), "no requests"),
        (json!({ "requests": many(21) }), "21"),
        (
            json!({ "requests": [get(&json!("a")), get(&json!("A"))] }),
            "twice",
        ),
        (
            json!({ "requests": [get(&json!("é")), get(&json!("É"))] }),
            "twice",
        ),
        (json!({ "requests": [1] }), "requests/0/id"),
        (json!({ "requests": [get(&json!(1))] }), "requests/0/id"),
        (json!({ "requests": [get(&json!(""))] }), "requests/0/id"),
        (
            json!({ "requests": [get(&json!("x".repeat(257)))] }),
            "requests/0/id",
        ),
        (
            json!({ "requests": [{ "method": "GET", "url": "/me" }] }),
            "requests/0/id",
        ),
    ] {
        refused(&app, &body, named).await;
    }
    assert_eq!(responses(&app, &json!(many(20))).await.len(), 20);
}

#[tokio::test]
async fn what_a_request_depends_on_must_be_there_and_lead_to_an_end() {
    let app = TestApp::start().await;
    for (requests, named) in [
        (json!([depends("1", &json!(["2"]))]), "'2'"),
        (json!([depends("1", &json!(["1"]))]), "circle"),
        (
            json!([
                depends("1", &json!(["3"])),
                depends("2", &json!(["1"])),
                depends("3", &json!(["2"]))
            ]),
            "circle",
        ),
        (json!([depends("1", &json!("1"))]), "requests/0/dependsOn"),
        (json!([depends("1", &json!([1]))]), "requests/0/dependsOn"),
        (json!([depends("1", &json!({}))]), "requests/0/dependsOn"),
    ] {
        refused(&app, &json!({ "requests": requests }), named).await;
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_400_and_named() {
    let app = TestApp::start().await;
    let with = |headers: Value| json!({ "id": "1", "method": "GET", "url": "/me", "headers": headers });
    for (request, named) in [
        (json!({ "id": "1", "url": "/me" }), "requests/1/method"),
        (
            json!({ "id": "1", "method": "", "url": "/me" }),
            "requests/1/method",
        ),
        (
            json!({ "id": "1", "method": "G T", "url": "/me" }),
            "requests/1/method",
        ),
        (json!({ "id": "1", "method": "GET" }), "requests/1/url"),
        (json!({ "id": "1", "method": "GET", "url": 1 }), "requests/1/url"),
        (with(json!([])), "requests/1/headers"),
        (with(json!({ "a b": "c" })), "requests/1/headers"),
        (with(json!({ "a": "b\r\nc: d" })), "requests/1/headers"),
        (with(json!({ "a": 1 })), "requests/1/headers"),
    ] {
        refused(&app, &json!({ "requests": [get(&json!("0")), request] }), named).await;
    }
}

#[tokio::test]
async fn of_a_batch_that_is_none_nothing_is_done() {
    let app = TestApp::start().await;
    let change = json!({ "id": "1", "method": "PATCH", "url": format!("{MEETINGS}/{STANDUP}"), "body": { "subject": "x" } });
    refused(&app, &json!({ "requests": [change, get(&json!("1"))] }), "twice").await;
    let subject = response(&app, &format!("{MEETINGS}/{STANDUP}")).await["body"]["subject"].clone();
    assert_eq!(subject, "Stand-up");
}

#[tokio::test]
async fn a_batch_takes_post_and_json_and_no_options() {
    let app = TestApp::start().await;
    let get = app.get(BATCH, &token()).await;
    assert_eq!((get.status, get.header("allow")), (405, "POST, OPTIONS"));
    let text = app
        .request("POST", BATCH)
        .bearer_auth(token())
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(app.send(text).await.status, 415);
    let body = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
    let with_option = app
        .send_json("POST", &format!("{BATCH}?$top=1"), &token(), &body)
        .await;
    assert_eq!(with_option.status, 400);
    let malformed = app
        .request("POST", BATCH)
        .bearer_auth(token())
        .body("{\"requests\": [");
    assert_eq!(app.send(malformed).await.status, 400);
    let without = app
        .request("POST", BATCH)
        .body("{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/me\"}]}");
    assert_eq!(app.send(without).await.status, 401);
}

#[tokio::test]
async fn who_asks_is_who_sends_the_batch() {
    let app = TestApp::start().await;
    let list = responses(
        &app,
        &json!([
            { "id": "1", "method": "GET", "url": "/me", "headers": { "Authorization": format!("Bearer {}", token_of(ATTENDEE)) } },
            { "id": "2", "method": "GET", "url": "/me", "headers": { "authorization": "Bearer x" } },
        ]),
    )
    .await;
    for response in &list {
        assert_eq!(
            (&response["status"], &response["body"]["id"]),
            (&json!(200), &json!(ORGANIZER))
        );
    }
}

#[tokio::test]
async fn headers_of_a_request_are_its_own() {
    let app = TestApp::start().await;
    let content = recording() + "/content";
    let list = responses(
        &app,
        &json!([
            { "id": "full", "method": "GET", "url": "/me", "headers": { "Accept": "application/json;odata.metadata=full" } },
            { "id": "part", "method": "GET", "url": content, "headers": { "Range": "bytes=0-9" } },
            { "id": "page", "method": "GET", "url": format!("{MEETINGS}/{STANDUP}/recordings"), "headers": { "Prefer": "odata.maxpagesize=1" } },
            { "id": "text", "method": "GET", "url": format!("{MEETINGS}/{STANDUP}/transcripts/transcript-1/content"),
              "headers": { "Accept": "application/vnd.microsoft.graph.transcript+text" } },
            { "id": "own", "method": "GET", "url": "/nothing", "headers": { "client-request-id": "mine" } },
        ]),
    )
    .await;
    assert!(list[0]["body"].get("@odata.id").is_some(), "{}", list[0]);
    assert_eq!(
        (list[1]["status"].as_u64(), bytes(&list[1])),
        (Some(206), media(1000)[..10].to_vec())
    );
    assert_eq!(list[1]["headers"]["Content-Range"], "bytes 0-9/1000");
    assert_eq!(list[2]["headers"]["Preference-Applied"], "odata.maxpagesize=1");
    assert!(
        !String::from_utf8(bytes(&list[3])).unwrap().contains("<v "),
        "{}",
        list[3]
    );
    let inner = &list[4]["body"]["error"]["innerError"];
    assert_eq!(inner["client-request-id"], "mine");
    assert_eq!(inner["request-id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_body_is_json_or_base64_of_it() {
    let app = TestApp::start().await;
    let text = BASE64_STANDARD.encode("{\"subject\":\"of base64\"}");
    let url = MEETINGS;
    let json_type = json!({ "Content-Type": "application/json" });
    let list = responses(
        &app,
        &json!([
            { "id": "1", "method": "POST", "url": url, "body": { "subject": "of JSON" }, "headers": json_type },
            { "id": "2", "method": "POST", "url": url, "body": text },
            { "id": "3", "method": "POST", "url": url, "body": text, "headers": json_type },
            { "id": "4", "method": "POST", "url": url, "body": { "subject": "no type" } },
            { "id": "5", "method": "POST", "url": url },
            { "id": "6", "method": "POST", "url": url, "body": "no base64!" },
            { "id": "7", "method": "POST", "url": url, "body": { "subject": 1 } },
            { "id": "8", "method": "POST", "url": url, "body": {}, "headers": { "Content-Type": "text/plain" } },
            { "id": "9", "method": "GET", "url": "/me", "body": { "subject": "of a GET" } },
        ]),
    )
    .await;
    let expected = [201, 201, 201, 201, 400, 400, 400, 415, 200];
    let found: Vec<u64> = statuses(&list).into_iter().map(|(_, status)| status).collect();
    assert_eq!(found, expected);
    let subjects: Vec<&str> = list[..4]
        .iter()
        .map(|one| one["body"]["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["of JSON", "of base64", "of base64", "no type"]);
}

#[tokio::test]
async fn what_is_not_json_comes_as_base64() {
    let app = TestApp::start().await;
    let content = response(&app, &(recording() + "/content")).await;
    assert_eq!(
        (content["status"].as_u64(), bytes(&content)),
        (Some(200), media(1000))
    );
    assert_eq!(content["headers"]["Content-Type"], "video/mp4");
    assert!(content["headers"]["ETag"].is_string());
    assert!(content["headers"]["Content-Disposition"].is_string());
    let count = response(&app, &format!("{MEETINGS}/{STANDUP}/recordings/$count")).await;
    assert_eq!(bytes(&count), b"2");
    let schema = response(&app, "/$metadata").await;
    assert!(bytes(&schema).starts_with(b"<?xml"), "{schema}");
    // Nothing comes as nothing.
    let not_modified = responses(
        &app,
        &json!([{ "id": "1", "method": "GET", "url": recording() + "/content", "headers": { "If-None-Match": "*" } }]),
    )
    .await;
    assert_eq!(
        (not_modified[0]["status"].as_u64(), not_modified[0].get("body")),
        (Some(304), None)
    );
    let list = responses(
        &app,
        &json!([{ "id": "1", "method": "POST", "url": MEETINGS, "body": {} }]),
    )
    .await;
    let url = format!("{MEETINGS}/{}", list[0]["body"]["id"].as_str().unwrap());
    let deleted = responses(&app, &json!([{ "id": "1", "method": "DELETE", "url": url }])).await;
    assert_eq!(
        (deleted[0]["status"].as_u64(), deleted[0].get("body")),
        (Some(204), None)
    );
}

#[tokio::test]
async fn a_head_has_no_body_in_a_batch_either() {
    let app = TestApp::start().await;
    let list = responses(
        &app,
        &json!([{ "id": "1", "method": "HEAD", "url": recording() },
                { "id": "2", "method": "HEAD", "url": recording() + "/content" },
                { "id": "3", "method": "HEAD", "url": "/nothing" }]),
    )
    .await;
    assert_eq!(statuses(&list), [("1", 200), ("2", 200), ("3", 400)]);
    for response in &list {
        assert_eq!(response.get("body"), None, "{response}");
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn each_content_in_a_batch_leaves_its_record() {
    let app = TestApp::start().await;
    let content = recording() + "/content";
    responses(
        &app,
        &json!([{ "id": "1", "method": "GET", "url": content },
                { "id": "2", "method": "GET", "url": content, "headers": { "Range": "bytes=5-9" } },
                { "id": "3", "method": "GET", "url": content, "headers": { "If-None-Match": "*" } }]),
    )
    .await;
    let mut records = app.audit_records().await;
    records.reverse();
    let bytes: Vec<_> = records
        .iter()
        .map(|record| (record.first_byte, record.last_byte))
        .collect();
    assert_eq!(bytes, [(0, 999), (5, 9)]);
    assert_ne!(records[0].request_id, records[1].request_id);
}

#[tokio::test]
async fn large_content_is_a_redirection_to_where_it_is() {
    let app = TestApp::start().await;
    std::fs::write(app.seeds().join("large.mp4"), media(1024 * 1024 + 1)).unwrap();
    app.seed(&format!(
        "recordings: [{{ id: large, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: large.mp4 }}]"
    ))
    .await;
    let path = format!("{MEETINGS}/{STANDUP}/recordings/large/content?model=A");
    let response = response(&app, &path).await;
    assert_eq!(
        (response["status"].as_u64(), response.get("body")),
        (Some(302), None)
    );
    let location = response["headers"]["Location"].as_str().unwrap();
    assert_eq!(location, format!("{}/v1.0{path}", app.base()));
    assert_eq!(response["headers"].get("Content-Type"), None);
    // Nobody has read a byte of it yet.
    assert_eq!(app.audit_records().await, []);
    assert_eq!(app.open_content(), 0);
    let followed = app
        .get(location.strip_prefix(app.base()).unwrap(), &token())
        .await;
    assert_eq!((followed.status, followed.body.len()), (200, 1024 * 1024 + 1));
    // A part of it that is small enough comes at once.
    let part = json!([{ "id": "1", "method": "GET", "url": path, "headers": { "Range": "bytes=0-99" } }]);
    let list = responses(&app, &part).await;
    assert_eq!(
        (list[0]["status"].as_u64(), bytes(&list[0]).len()),
        (Some(206), 100)
    );
    assert_eq!(app.audit_records().await.len(), 2);
}

#[tokio::test]
async fn each_request_is_refused_for_what_it_is() {
    let app = TestApp::start().await;
    let token = token_of(ATTENDEE);
    let content = recording() + "/content";
    let body = json!({ "requests": [
        { "id": "1", "method": "GET", "url": content },
        { "id": "2", "method": "DELETE", "url": recording() },
        { "id": "3", "method": "GET", "url": "/users" },
        { "id": "4", "method": "GET", "url": recording() },
        { "id": "5", "method": "OPTIONS", "url": recording() },
    ]});
    let answer = app.send_json("POST", BATCH, &token, &body).await;
    let list = answer.json()["responses"].as_array().unwrap().clone();
    assert_eq!(
        statuses(&list),
        [("1", 403), ("2", 405), ("3", 501), ("4", 200), ("5", 204)]
    );
    assert_eq!(list[0]["headers"].get("ETag"), None);
    assert_eq!(list[1]["headers"]["Allow"], "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_request_that_is_throttled_is_429_in_a_batch_that_is_200() {
    let app = TestApp::with()
        .config("throttling.requests_per_second = 3")
        .start()
        .await;
    let requests: Vec<Value> = (0..5)
        .map(|id| json!({ "id": id.to_string(), "method": "GET", "url": "/me" }))
        .collect();
    let list = responses(&app, &json!(requests)).await;
    assert_eq!(
        statuses(&list),
        [("0", 200), ("1", 200), ("2", 200), ("3", 429), ("4", 429)]
    );
    assert_eq!(list[3]["headers"]["Retry-After"], "1");
    assert_eq!(list[3]["body"]["error"]["code"], "TooManyRequests");
    // The batch itself was let through, though nothing is left.
    assert_eq!(responses(&app, &json!(requests)).await.len(), 5);
}

#[tokio::test]
async fn an_application_sends_batches_too() {
    let app = TestApp::start().await;
    let body = json!({ "requests": [
        { "id": "1", "method": "GET", "url": format!("/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')") },
        { "id": "2", "method": "GET", "url": format!("/users/{ORGANIZER}/onlineMeetings/{STANDUP}/recordings") },
    ]});
    let answer = app
        .send_json("POST", BATCH, &TokenOf::application(ARCHIVER).sign(), &body)
        .await;
    let list = answer.json()["responses"].as_array().unwrap().clone();
    assert_eq!(statuses(&list), [("1", 200), ("2", 200)]);
}

#[tokio::test]
async fn what_all_answers_hold_together_is_bounded() {
    let app = TestApp::start().await;
    std::fs::write(app.seeds().join("million.mp4"), media(1_000_000)).unwrap();
    app.seed(&format!(
        "recordings: [{{ id: 'million', meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z',
                         contentFile: million.mp4 }}]"
    ))
    .await;
    let url = format!("{MEETINGS}/{STANDUP}/recordings/million/content");
    let requests: Vec<Value> = (0..20)
        .map(|id| json!({ "id": id.to_string(), "method": "GET", "url": url }))
        .collect();
    let answers = responses(&app, &json!(requests)).await;
    let statuses: Vec<u64> = answers
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    // 16 MiB have room for sixteen of them.
    assert_eq!(statuses, [vec![200; 16], vec![413; 4]].concat());
}

#[tokio::test]
async fn a_batch_has_no_options() {
    let app = TestApp::start().await;
    let body = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me" }] });
    let answer = app
        .send_json("POST", &format!("{BATCH}?$top=1"), &token(), &body)
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.error().2.contains("$top"));
}

#[tokio::test]
async fn what_a_request_depends_on_is_bounded() {
    let app = TestApp::start().await;
    let many: Vec<String> = (0..21).map(|_| "1".to_owned()).collect();
    let body = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/me" },
        { "id": "2", "method": "GET", "url": "/me", "dependsOn": many },
    ] });
    let answer = post(&app, &body).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(
        answer.error().2.contains("requests/1/dependsOn"),
        "{}",
        answer.text()
    );
}
