//! `GET …/recordings` and the same of transcripts: options, pages, counts, filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::names::{
    ARCHIVER, COORGANIZER, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_ORGANIZER, ORGANIZER, READ, STANDUP,
    WITHOUT_POLICY, my_standup, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf};

/// base64 of 1*aaaaaaaa-0000-4000-8000-00000000000a*0**19:meeting_series@thread.v2
const SERIES: &str =
    "MSphYWFhYWFhYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGEqMCoqMTk6bWVldGluZ19zZXJpZXNAdGhyZWFkLnYy";

/// A meeting with `count` recordings, of which each five began at the same instant, in no order.
fn series(count: usize) -> String {
    let recordings: Vec<Value> = (0..count)
        .map(|number| series_recording(&id_of(number * 7 % count), number * 7 % count / 5))
        .collect();
    json!({
        "onlineMeetings": [{ "id": SERIES, "organizerId": ORGANIZER, "subject": "Series",
            "expiryDateTime": "2099-01-01T00:00:00Z", "threadId": "19:meeting_series@thread.v2",
            "participants": [{ "userId": COORGANIZER, "role": "coorganizer" }] }],
        "recordings": recordings,
    })
    .to_string()
}

fn series_recording(id: &str, hour: usize) -> Value {
    json!({ "id": id, "meetingId": SERIES, "createdDateTime": format!("2026-01-10T{hour:02}:00:00Z"),
            "contentFile": "one.mp4" })
}

fn id_of(number: usize) -> String {
    format!("series-{number:03}")
}

fn in_series(rest: &str) -> String {
    format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{SERIES}/recordings{rest}")
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let items = body["value"].as_array().expect("a list");
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of every page, following the links.
async fn all_pages(app: &TestApp, path: &str, token: &str) -> Vec<Vec<String>> {
    let mut answer = app.get(path, token).await;
    let mut pages = Vec::new();
    loop {
        assert_eq!(answer.status, 200, "{}", answer.text());
        pages.push(ids(&answer));
        assert!(pages.len() < 100, "pages without end");
        match &answer.json()["@odata.nextLink"] {
            Value::Null => return pages,
            link => answer = app.follow(link, token).await,
        }
    }
}

#[tokio::test]
async fn recordings_are_listed_in_order_of_creation() {
    let app = TestApp::start().await;
    let answer = app
        .get(
            &format!("{}/recordings", my_standup()),
            &TokenOf::user(ORGANIZER).sign(),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn transcripts_are_listed_the_same_way() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app.get(&format!("{}/transcripts", my_standup()), &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
    let path = "transcripts?$filter=contentcorrelationid+eq+'dddddddd-0000-4000-8000-000000000001-0'";
    let filtered = app.get(&format!("{}/{path}", my_standup()), &token).await;
    assert_eq!(ids(&filtered), ["transcript-1"]);
    let tips = filtered.json()["@microsoft.graph.tips"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        tips.ends_with("GET me/onlineMeetings('<key>')/transcripts?$select=callId,content"),
        "{tips}"
    );
}

#[tokio::test]
async fn a_meeting_without_recordings_has_an_empty_list() {
    let app = TestApp::with().seed(&series(0)).start().await;
    let answer = app.get(&in_series(""), &TokenOf::user(ORGANIZER).sign()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn equal_instants_are_in_order_of_id() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app.get(&in_series("?$top=100"), &token).await;
    let expected: Vec<String> = (0..45).map(id_of).collect();
    assert_eq!(ids(&answer), expected);
    assert_eq!(answer.json()["@odata.nextLink"], Value::Null);
}

#[tokio::test]
async fn pages_repeat_nothing_and_skip_nothing() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let expected: Vec<String> = (0..45).map(id_of).collect();
    let token = TokenOf::user(ORGANIZER).sign();
    let cases: [(&str, &[usize]); 8] = [
        ("", &[20, 20, 5]),
        ("?$top=20", &[20, 20, 5]),
        ("?$top=7", &[7, 7, 7, 7, 7, 7, 3]),
        ("?$top=45", &[45]),
        ("?$top=44", &[44, 1]),
        ("?$top=15", &[15, 15, 15]),
        ("?$top=100", &[45]),
        ("?$top=1000000", &[45]),
    ];
    for (query, sizes) in cases {
        let pages = all_pages(&app, &in_series(query), &token).await;
        let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, sizes, "{query}");
        assert_eq!(pages.concat(), expected, "{query}");
    }
}

#[tokio::test]
async fn more_than_a_hundred_on_a_page_counts_as_a_hundred() {
    let app = TestApp::with().seed(&series(101)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for top in ["100", "101", "99999999999999999999999"] {
        let pages = all_pages(&app, &in_series(&format!("?$top={top}")), &token).await;
        let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, [100, 1], "{top}");
    }
}

#[tokio::test]
async fn pages_of_other_roots_and_callers_work_too() {
    let app = TestApp::with().seed(&series(5)).start().await;
    let expected: Vec<String> = (0..5).map(id_of).collect();
    let me = format!("/v1.0/me/onlineMeetings/{SERIES}/recordings?$top=2");
    let cases = [
        (me.clone(), TokenOf::user(ORGANIZER)),
        (me.replace("v1.0", "beta"), TokenOf::user(ORGANIZER)),
        (me, TokenOf::user(COORGANIZER)),
        (in_series("?$top=2"), TokenOf::application(ARCHIVER)),
        (in_series("?$top=2"), TokenOf::user(COORGANIZER)),
    ];
    for (path, token) in cases {
        let token = token.sign();
        assert_eq!(all_pages(&app, &path, &token).await.concat(), expected, "{path}");
        let first = app.get(&path, &token).await.json();
        let link = first["@odata.nextLink"].as_str().unwrap().to_owned();
        let root = if path.starts_with("/beta") { "beta" } else { "v1.0" };
        assert!(
            link.starts_with(&format!("{}/{root}/users/", app.base())),
            "{link}"
        );
        assert!(link.contains("$skiptoken="), "{link}");
    }
}

#[tokio::test]
async fn recordings_that_are_added_between_pages_disturb_nothing() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut answer = app.get(&in_series("?$top=7"), &token).await;
    let mut seen = ids(&answer);
    let mut added = 0;
    while let Some(link) = answer.json().get("@odata.nextLink") {
        // One before everything, one behind everything, one at the very place where the page ended.
        let last = seen.last().unwrap().clone();
        let same_hour = seen.len().saturating_sub(1) / 5;
        let items = [
            series_recording(&format!("early-{added}"), 0),
            series_recording(&format!("zlate-{added:02}"), 23),
            series_recording(&format!("{last}-and"), same_hour.min(8)),
        ];
        if added < 6 {
            app.seed(&json!({ "recordings": items }).to_string()).await;
            added += 1;
        }
        answer = app.follow(link, &token).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        seen.extend(ids(&answer));
        assert!(seen.len() < 200, "pages without end");
    }
    let once: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "something was repeated: {seen:?}");
    for number in 0..45 {
        assert!(once.contains(&id_of(number)), "{number} was skipped: {seen:?}");
    }
    for number in 0..6 {
        let late = format!("zlate-{number:02}");
        assert!(once.contains(&late), "{late} was skipped: {seen:?}");
    }
}

#[tokio::test]
async fn a_recording_that_is_deleted_between_pages_takes_no_other_with_it() {
    let app = TestApp::with().seed(&series(10)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let first = app.get(&in_series("?$top=5"), &token).await;
    app.seed("recordings: [{ id: series-004, \"@removed\": { reason: deleted } }]")
        .await;
    let second = app.follow(&first.json()["@odata.nextLink"], &token).await;
    let expected: Vec<String> = (5..10).map(id_of).collect();
    assert_eq!(ids(&second), expected);
}

#[tokio::test]
async fn count_is_of_the_page_of_everything_or_absent() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let cases = [
        ("?$top=20", [json!(20), json!(20), json!(5)]),
        ("?$top=20&$count=true", [json!(45), json!(45), json!(45)]),
        ("?$top=20&$count=TRUE", [json!(45), json!(45), json!(45)]),
        ("?$top=20&$count=false", [Value::Null, Value::Null, Value::Null]),
    ];
    for (query, expected) in cases {
        let mut answer = app.get(&in_series(query), &token).await;
        for count in expected {
            assert_eq!(answer.json()["@odata.count"], count, "{query}");
            let is_there = answer.json().get("@odata.count").is_some();
            assert_eq!(is_there, !count.is_null(), "{query}");
            let link = answer.json()["@odata.nextLink"].clone();
            if !link.is_null() {
                answer = app.follow(&link, &token).await;
            }
        }
    }
}

#[tokio::test]
async fn count_true_counts_what_the_filter_matches() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path =
        "recordings?$count=true&$filter=contentCorrelationId eq 'dddddddd-0000-4000-8000-000000000001-0'";
    let answer = app.get(&format!("{}/{path}", my_standup()), &token).await;
    assert_eq!(answer.json()["@odata.count"], 1);
}

#[tokio::test]
async fn a_page_token_is_for_the_same_question_only() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let first = app.get(&in_series("?$top=7"), &token).await.json();
    let link = first["@odata.nextLink"].as_str().unwrap();
    let (_, page) = link.split_once("$skiptoken=").unwrap();
    let page = page.split('&').next().unwrap();

    let same = [
        format!("?$top=7&$skiptoken={page}"),
        format!("?$skiptoken={page}&$top=7"),
        format!("?%24skiptoken={page}&%24top=7"),
        format!("?$skipToken={page}&$TOP=7"),
    ];
    for query in same {
        let answer = app.get(&in_series(&query), &token).await;
        assert_eq!((answer.status, ids(&answer).len()), (200, 7), "{}", answer.text());
    }

    let other = [
        format!("?$skiptoken={page}"),
        format!("?$top=8&$skiptoken={page}"),
        format!("?$top=7&$count=true&$skiptoken={page}"),
        format!("?$top=7&$select=id&$skiptoken={page}"),
        format!("?$top=7&$filter=contentCorrelationId eq 'x'&$skiptoken={page}"),
    ];
    for query in other {
        let answer = app.get(&in_series(&query), &token).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{query}"
        );
    }
    let elsewhere = app
        .get(
            &format!("{}/recordings?$top=7&$skiptoken={page}", standup_of(ORGANIZER)),
            &token,
        )
        .await;
    assert_eq!(elsewhere.status, 400, "{}", elsewhere.text());
    let transcripts =
        in_series(&format!("?$top=7&$skiptoken={page}")).replace("/recordings?", "/transcripts?");
    assert_eq!(app.get(&transcripts, &token).await.status, 400);
}

#[tokio::test]
async fn a_changed_page_token_is_400() {
    let app = TestApp::with().seed(&series(3)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let first = app.get(&in_series("?$top=1"), &token).await.json();
    let link = first["@odata.nextLink"].as_str().unwrap();
    let page = link.split_once("$skiptoken=").unwrap().1.to_owned();
    let flipped = |at: usize| {
        let mut text = page.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    let changed = [
        flipped(0),
        flipped(page.len() / 2),
        flipped(page.len() - 2),
        page[..page.len() - 4].to_owned(),
        format!("{page}AAAA"),
        String::new(),
        "x".to_owned(),
        "%F0%9F%92%A9".to_owned(),
        "A".repeat(17_000),
    ];
    for page in changed {
        let answer = app
            .get(&in_series(&format!("?$top=1&$skiptoken={page}")), &token)
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_page_token_of_another_application_user_or_tenant_is_403() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let first = app.get(&in_series("?$top=7"), &token).await.json();
    let link = first["@odata.nextLink"].clone();
    // All but the last may ask the question themselves.
    let others = [
        TokenOf::user(ORGANIZER)
            .through(WITHOUT_POLICY)
            .permissions(&[READ]),
        TokenOf::user(COORGANIZER),
        TokenOf::application(ARCHIVER),
        TokenOf::user(FABRIKAM_ORGANIZER)
            .tenant(FABRIKAM)
            .through(FABRIKAM_ARCHIVER)
            .permissions(&[READ]),
    ];
    for (number, other) in others.iter().enumerate() {
        let other = other.sign();
        if number < 3 {
            assert_eq!(app.get(&in_series("?$top=7"), &other).await.status, 200);
        }
        let answer = app.follow(&link, &other).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (403, "Forbidden"),
            "{number}"
        );
    }
    assert_eq!(app.follow(&link, &token).await.status, 200);
}

#[tokio::test]
async fn a_page_token_does_not_outlive_the_right_to_ask() {
    let app = TestApp::with().seed(&series(45)).start().await;
    let token = TokenOf::user(COORGANIZER).sign();
    let first = app.get(&in_series("?$top=7"), &token).await.json();
    app.seed(
        &json!({ "onlineMeetings": [{ "id": SERIES, "organizerId": ORGANIZER, "subject": "Series",
            "expiryDateTime": "2099-01-01T00:00:00Z", "threadId": "19:meeting_series@thread.v2" }] })
        .to_string(),
    )
    .await;
    let answer = app.follow(&first["@odata.nextLink"], &token).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[tokio::test]
async fn a_page_token_says_nothing_about_what_it_holds() {
    let app = TestApp::with().seed(&series(3)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut pages = BTreeSet::new();
    for _ in 0..2 {
        let first = app.get(&in_series("?$top=1"), &token).await.json();
        let link = first["@odata.nextLink"].as_str().unwrap().to_owned();
        let page = link.split_once("$skiptoken=").unwrap().1.to_owned();
        assert!(
            page.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
            "{page}"
        );
        pages.insert(page);
    }
    assert_eq!(pages.len(), 2, "the same place is sealed the same way twice");
}

#[tokio::test]
async fn the_next_link_keeps_the_options_of_the_question() {
    let app = TestApp::with().seed(&series(5)).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = in_series("?$top=2&$select=id,callId&$count=true&model=A");
    let first = app.get(&path, &token).await;
    let second = app.follow(&first.json()["@odata.nextLink"], &token).await;
    assert_eq!(second.status, 200, "{}", second.text());
    let body = second.json();
    assert_eq!(ids(&second), [id_of(2), id_of(3)]);
    assert_eq!(body["@odata.count"], 5);
    assert_eq!(body["value"][0].as_object().unwrap().len(), 2);
    assert_eq!(body["@odata.context"], first.json()["@odata.context"]);
}

#[tokio::test]
async fn the_documented_filter_is_read_in_every_spelling() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let id = "dddddddd-0000-4000-8000-000000000001-0";
    let cases = [
        format!("$filter=contentCorrelationId eq '{id}'"),
        format!("$filter=contentcorrelationId+eq+'{id}'"),
        format!("$filter=contentcorrelationid%20eq%20'{id}'"),
        format!("$filter=CONTENTCORRELATIONID%20eq%20%27{id}%27"),
        format!("$filter=ContentCorrelationId+eq+%27{id}%27"),
        format!("%24filter=contentCorrelationId+eq+'{id}'"),
        format!("$FILTER=contentCorrelationId+eq+'{id}'"),
        format!("$filter=(contentCorrelationId+eq+'{id}')"),
        format!("$filter=++contentCorrelationId++eq+'{id}'++"),
    ];
    for query in cases {
        let answer = app
            .get(&format!("{}/recordings?{query}", my_standup()), &token)
            .await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(ids(&answer), ["recording-1"], "{query}");
        assert_eq!(answer.json()["@odata.count"], 1, "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_matches_nothing_has_an_empty_list() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for text in [
        "none",
        "",
        "dddddddd-0000-4000-8000-000000000001",
        "it''s",
        "%25",
        "DDDDDDDD-0000-4000-8000-000000000001-0",
    ] {
        let answer = app
            .get(
                &format!(
                    "{}/recordings?$filter=contentCorrelationId eq '{text}'",
                    my_standup()
                ),
                &token,
            )
            .await;
        assert_eq!(answer.status, 200, "{text}: {}", answer.text());
        assert_eq!(
            (ids(&answer).len(), &answer.json()["@odata.count"]),
            (0, &json!(0)),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_doubled_quote_in_a_filter_is_one() {
    let app = TestApp::with()
        .seed(
            &json!({ "recordings": [{ "id": "quoted", "meetingId": STANDUP, "contentCorrelationId": "it's",
                     "createdDateTime": "2026-01-20T09:00:00Z", "contentFile": "one.mp4" }] })
            .to_string(),
        )
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(
            &format!(
                "{}/recordings?$filter=contentCorrelationId eq 'it''s'",
                my_standup()
            ),
            &token,
        )
        .await;
    assert_eq!(ids(&answer), ["quoted"]);
}

#[tokio::test]
async fn a_filtered_list_pages_within_what_matches() {
    let recordings: Vec<Value> = (0..5)
        .map(|number| {
            json!({ "id": format!("alike-{number}"), "meetingId": STANDUP, "contentCorrelationId": "alike",
                    "createdDateTime": "2026-01-20T09:00:00Z", "contentFile": "one.mp4" })
        })
        .collect();
    let app = TestApp::with()
        .seed(&json!({ "recordings": recordings }).to_string())
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!(
        "{}/recordings?$top=2&$filter=contentCorrelationId eq 'alike'",
        my_standup()
    );
    let pages = all_pages(&app, &path, &token).await;
    assert_eq!(
        pages.concat(),
        ["alike-0", "alike-1", "alike-2", "alike-3", "alike-4"]
    );
}

#[tokio::test]
async fn tips_come_with_a_filter_and_without_a_selection() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let filter = "$filter=contentCorrelationId eq 'x'";
    let text = |user: &str| {
        json!(format!(
            "Use $select to choose only the properties your app needs, as this can lead to performance improvements. \
             For example: GET {user}/onlineMeetings('<key>')/recordings?$select=callId,content"
        ))
    };
    let (mine, theirs) = (my_standup(), standup_of(ORGANIZER));
    let by_name = theirs.replace(
        &format!("users/{ORGANIZER}"),
        "users(userPrincipalName='organizer@contoso.example')",
    );
    let cases = [
        (format!("{mine}/recordings?{filter}"), text("me")),
        (format!("{theirs}/recordings?{filter}"), text("users('<key>')")),
        (format!("{by_name}/recordings?{filter}"), text("users('<key>')")),
        (format!("{mine}/recordings?{filter}&$top=1"), text("me")),
        (format!("{mine}/recordings"), Value::Null),
        (format!("{mine}/recordings?$top=1"), Value::Null),
        (format!("{mine}/recordings?$select=id"), Value::Null),
        (format!("{mine}/recordings?{filter}&$select=id"), Value::Null),
    ];
    for (path, tips) in cases {
        let answer = app.get(&path, &token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json()["@microsoft.graph.tips"], tips, "{path}");
    }
}

#[tokio::test]
async fn selected_members_are_the_only_ones_of_every_item() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(
            &format!("{}/recordings?$select=callId,content", my_standup()),
            &token,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn options_that_cannot_be_read_are_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for query in [
        "$top=0",
        "$top=-1",
        "$top=x",
        "$top=",
        "$top=1.5",
        "$top=+",
        "$top=1&$top=1",
        "$top=1&$top=2",
        "$top=1&$Top=1",
        "$top=1&%24top=1",
        "$count=true&$count=true",
        "$count=1",
        "$count=",
        "$select=id&$select=id",
        "$filter=contentCorrelationId eq 'x'&$filter=contentCorrelationId eq 'x'",
        "$skiptoken=a&$skiptoken=a",
        "$frobnicate=1",
        "$",
        "$top=%",
        "$top=%zz",
        "$filter=contentCorrelationId eq '%00'",
        "$filter=contentCorrelationId eq '%C0%AF'",
        "$format=xml",
    ] {
        let answer = app
            .get(&format!("{}/recordings?{query}", my_standup()), &token)
            .await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert_eq!(answer.error().1, "BadRequest", "{query}");
        assert_eq!(answer.header("content-type"), "application/json", "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_gives_the_place_and_what_was_expected() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let cases = [
        ("contentCorrelationId eq", "position 24"),
        ("contentCorrelationId", ""),
        ("", "position 1"),
        ("contentCorrelationId eq 'x", "position"),
        ("contentCorrelationId eq 'x' and", "position 32"),
        ("(contentCorrelationId eq 'x'", "position 29"),
        ("contentCorrelationId == 'x'", "position"),
        ("contentCorrelationId eq 'x' 'y'", "position"),
    ];
    for (filter, place) in cases {
        let answer = app
            .get(&format!("{}/recordings?$filter={filter}", my_standup()), &token)
            .await;
        let (status, code, message) = answer.error();
        assert_eq!(
            (status, code.as_str()),
            (400, "BadRequest"),
            "{filter}: {message}"
        );
        assert!(message.contains(place), "{filter}: {message}");
        if !place.is_empty() {
            assert!(message.contains("expected"), "{filter}: {message}");
        }
    }
}

#[tokio::test]
async fn an_unknown_name_in_a_filter_is_refused_in_graphs_words() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(
            &format!("{}/recordings?$filter=colour eq 'red'", my_standup()),
            &token,
        )
        .await;
    let text = "Invalid filter clause: Could not find a property named 'colour' on type \
                'microsoft.graph.callRecording'.";
    assert_eq!(answer.error(), (400, "BadRequest".to_owned(), text.to_owned()));
}

#[tokio::test]
async fn a_filter_that_is_long_or_deep_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let long = format!("contentCorrelationId eq '{}'", "x".repeat(5000));
    let deep = format!("{}contentCorrelationId eq 'x'{}", "(".repeat(40), ")".repeat(40));
    for filter in [long, deep] {
        let answer = app
            .get(&format!("{}/recordings?$filter={filter}", my_standup()), &token)
            .await;
        assert_eq!((answer.status, answer.error().1.as_str()), (400, "BadRequest"));
    }
}

#[tokio::test]
async fn options_beyond_the_reference_are_named_with_the_setting_that_has_more() {
    let options = [
        "$orderby=createdDateTime",
        "$skip=1",
        "$expand=x",
        "$search=x",
        "$filter=callId eq 'x'",
        "$filter=contentCorrelationId ne 'x'",
        "$filter=createdDateTime ge 2026-01-01T00:00:00Z",
    ];
    let graph = TestApp::start().await;
    let archive = TestApp::with().config("profile = \"archive\"").start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for option in options {
        let path = format!("{}/recordings?{option}", my_standup());
        let (status, code, message) = graph.get(&path, &token).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{option}");
        let name = option.split('=').next().unwrap();
        assert!(
            message.contains(name) && message.contains("graph.query_options"),
            "{option}: {message}"
        );
        let answer = archive.get(&path, &token).await;
        let expected = if ["$expand", "$search"].contains(&name) {
            400
        } else {
            200
        };
        assert_eq!(answer.status, expected, "{option}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_list_option_is_not_offered_for_one_recording_or_its_content() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [
        "recordings/recording-1?$top=1",
        "recordings/recording-1?$filter=contentCorrelationId eq 'x'",
        "recordings/recording-1?$count=true",
        "recordings/recording-1?$skiptoken=x",
        "recordings/recording-1?$expand=x",
        "recordings/recording-1/content?$select=id",
        "recordings/recording-1/content?$top=1",
    ] {
        let answer = app.get(&format!("{}/{path}", my_standup()), &token).await;
        let (status, code, message) = answer.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{path}");
        let name = path.split(['?', '=']).nth(1).unwrap();
        assert!(
            message.contains(name) && message.contains("graph.query_options"),
            "{path}: {message}"
        );
    }
}

#[tokio::test]
async fn names_of_our_own_callers_are_ignored() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in [
        "recordings",
        "recordings/recording-1",
        "transcripts",
        "recordings/recording-1/content",
    ] {
        let plain = app.get(&format!("{}/{path}", my_standup()), &token).await;
        assert_eq!(plain.status, 200, "{path}");
        for query in [
            "model=A",
            "model=B",
            "colour=red",
            "colour=red&colour=blue",
            "x",
            "=",
            "&&",
            "",
            "$format=json",
            "$format=application/json",
            "api-version=1.0",
        ] {
            let answer = app.get(&format!("{}/{path}?{query}", my_standup()), &token).await;
            assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text());
            assert_eq!(answer.body, plain.body, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn no_answer_about_options_depends_on_stored_data() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let nowhere = "/v1.0/users/nobody/onlineMeetings/x/recordings?$top=0";
    let here = format!("{}/recordings?$top=0", my_standup());
    let foreign = format!("{}/recordings?$top=0", standup_of(COORGANIZER));
    let mut seen = Vec::new();
    for path in [nowhere, &here, &foreign] {
        seen.push(app.shown(&app.get(path, &token).await));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}
