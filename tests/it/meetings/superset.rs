//! What the profile `archive` offers of meetings beyond the reference.

use serde_json::{Value, json};

use super::{MINE, created, path_of, reader, writer};
use crate::support::names::{ATTENDEE, ORGANIZER, STANDUP};
use crate::support::{Answer, TestApp};

/// An archive in which the organizer has the stand-up and these meetings; their ids by subject.
async fn with(subjects: &[&str]) -> TestApp {
    let app = TestApp::with().config("profile = \"archive\"").start().await;
    for (index, subject) in subjects.iter().enumerate() {
        let start = format!("2026-03-{:02}T09:00:00Z", index + 1);
        created(&app, &json!({ "subject": subject, "startDateTime": start })).await;
    }
    app
}

fn subjects(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let items = body["value"].as_array().unwrap().iter();
    items
        .map(|item| item["subject"].as_str().unwrap_or("-").to_owned())
        .collect()
}

#[tokio::test]
async fn all_meetings_of_the_organizer_are_listed() {
    let app = with(&["a", "b"]).await;
    app.send_json(
        "POST",
        MINE,
        &writer(ATTENDEE),
        &json!({ "subject": "of another" }),
    )
    .await;
    let gone = created(&app, &json!({ "subject": "gone" })).await;
    app.send(
        app.request("DELETE", &path_of(&gone))
            .bearer_auth(writer(ORGANIZER)),
    )
    .await;
    let mut found = subjects(&app.get(MINE, &reader(ORGANIZER)).await);
    found.sort();
    assert_eq!(found, ["Stand-up", "a", "b"]);
    let count = app.get(&format!("{MINE}/$count"), &reader(ORGANIZER)).await;
    assert_eq!((count.status, count.text().as_str()), (200, "3"));
}

#[tokio::test]
async fn meetings_are_filtered() {
    let app = with(&["Plan", "plan B", "Review"]).await;
    for (filter, expected) in [
        ("startswith(subject,'Plan')", &["Plan"][..]),
        ("contains(tolower(subject),'plan')", &["Plan", "plan B"]),
        ("subject eq 'Review' or subject eq 'Plan'", &["Plan", "Review"]),
        ("subject in ('Review','Stand-up')", &["Review", "Stand-up"]),
        ("startDateTime ge 2026-03-02T00:00:00Z", &["Review", "plan B"]),
        (
            "startDateTime lt 2026-02-01 and meetingType eq 'scheduled'",
            &["Stand-up"],
        ),
        ("videoTeleconferenceId eq null", &["Plan", "Review", "plan B"]),
        (
            "chatInfo/threadId eq '19:meeting_standup@thread.v2'",
            &["Stand-up"],
        ),
        ("joinWebUrl eq 'https://teams.example/standup'", &["Stand-up"]),
        ("videoTeleconferenceId ne null", &["Stand-up"]),
        ("joinWebUrl eq 'https://teams.example/none'", &[]),
        ("not (subject ne 'Plan')", &["Plan"]),
    ] {
        let answer = app
            .get(&format!("{MINE}?$filter={filter}"), &reader(ORGANIZER))
            .await;
        let mut found = subjects(&answer);
        found.sort();
        assert_eq!(found, expected, "{filter}");
        let count = app
            .get(&format!("{MINE}/$count?$filter={filter}"), &reader(ORGANIZER))
            .await;
        assert_eq!(count.text(), expected.len().to_string(), "{filter}");
    }
    for filter in [
        "colour eq 'red'",
        "participants eq 'x'",
        "allowRecording eq true",
        "subject eq 1",
    ] {
        let answer = app
            .get(&format!("{MINE}?$filter={filter}"), &reader(ORGANIZER))
            .await;
        assert_eq!(answer.status, 400, "{filter}");
    }
}

#[tokio::test]
async fn an_address_is_filtered_by_as_it_is_answered() {
    let app = with(&["Plan"]).await;
    let plan = app
        .get(&format!("{MINE}?$filter=subject eq 'Plan'"), &reader(ORGANIZER))
        .await
        .json();
    let url = plan["value"][0]["joinWebUrl"].as_str().unwrap().to_owned();
    assert!(url.contains("%7B%22Tid%22"), "{url}");
    let encoded = url.replace('%', "%25");
    for filter in [
        format!("joinWebUrl eq '{encoded}'"),
        format!("'{encoded}' eq joinWebUrl"),
        format!("joinWebUrl in ('x','{encoded}')"),
        format!("startswith(joinWebUrl,'{encoded}')"),
        "contains(joinWebUrl,'%257B%2522Tid%2522')".to_owned(),
        "endswith(joinWebUrl,'%2522%257D')".to_owned(),
        "contains(joinWebUrl,'{\"Tid\"')".to_owned(),
        "joinWebUrl ne 'https://teams.example/standup' and joinWebUrl ne null".to_owned(),
    ] {
        let answer = app
            .get(&format!("{MINE}?$filter={filter}"), &reader(ORGANIZER))
            .await;
        assert_eq!(subjects(&answer), ["Plan"], "{filter}");
    }
}

#[tokio::test]
async fn meetings_are_ordered_counted_and_paged() {
    let app = with(&["c", "a", "b"]).await;
    let list = async |query: &str| app.get(&format!("{MINE}?{query}"), &reader(ORGANIZER)).await;
    assert_eq!(
        subjects(&list("$orderby=subject").await),
        ["Stand-up", "a", "b", "c"]
    );
    assert_eq!(
        subjects(&list("$orderby=startDateTime desc&$skip=1").await),
        ["a", "c", "Stand-up"]
    );
    // What is null comes first.
    assert_eq!(
        subjects(&list("$orderby=videoTeleconferenceId,subject desc").await),
        ["c", "b", "a", "Stand-up"]
    );
    let counted = list("$count=true&$top=1").await.json();
    assert_eq!(
        (
            &counted["@odata.count"],
            counted["value"].as_array().unwrap().len()
        ),
        (&json!(4), 1)
    );
    assert_eq!(list("$count=false").await.json().get("@odata.count"), None);
    for query in [
        "$top=1",
        "$top=3&$orderby=subject desc",
        "$top=2&$orderby=videoTeleconferenceId desc",
        "$top=1&$filter=subject ne 'a'",
    ] {
        let pages = app.pages(&format!("{MINE}?{query}"), &reader(ORGANIZER)).await;
        let mut all: Vec<String> = pages.iter().flat_map(subjects).collect();
        let whole = subjects(&list(&query.replace("$top=", "$top=10")).await);
        assert_eq!(all, whole, "{query}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), if query.contains("filter") { 3 } else { 4 }, "{query}");
    }
}

#[tokio::test]
async fn a_list_has_what_one_meeting_has() {
    let app = with(&[]).await;
    let list = app.get(MINE, &reader(ORGANIZER)).await.json();
    let mut one = app
        .get(&format!("{MINE}/{STANDUP}"), &reader(ORGANIZER))
        .await
        .json();
    for name in ["@odata.context", "@odata.type"] {
        one.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(list["value"], Value::Array(vec![one]));
}

#[tokio::test]
async fn expand_and_search_are_offered_nowhere() {
    let app = with(&[]).await;
    for option in ["$expand=recordings", "$search=x", "$apply=x", "$deltatoken=x"] {
        assert_eq!(
            app.get(&format!("{MINE}?{option}"), &reader(ORGANIZER))
                .await
                .status,
            400,
            "{option}"
        );
    }
}
