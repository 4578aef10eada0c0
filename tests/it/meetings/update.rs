//! `PATCH …/onlineMeetings/{meeting}`

use serde_json::{Value, json};

use super::{MINE, application, created, of_organizer, path_of, reader, writer};
use crate::auth::asking::{NO_RELATION, forbidden};
use crate::support::names::{ATTENDEE, COORGANIZER, ORGANIZER, OUTSIDER, STANDUP};
use crate::support::{Answer, TestApp};

async fn patch(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.send_json("PATCH", path, &writer(ORGANIZER), body).await
}

fn standup() -> String {
    format!("{MINE}/{STANDUP}")
}

#[tokio::test]
async fn what_is_not_said_stays_as_it_was() {
    let app = TestApp::start().await;
    let mut expected = app.get(&standup(), &reader(ORGANIZER)).await.json();
    for (name, value) in [
        ("subject", json!("Retrospective")),
        ("startDateTime", json!("2026-01-05T08:00:00.0000000Z")),
        ("endDateTime", json!("2026-01-05T08:30:00.0000000Z")),
        ("allowedPresenters", json!("organizer")),
        ("lobbyBypassSettings", json!({ "scope": "everyone" })),
        ("recordAutomatically", json!(true)),
        ("allowRecording", json!(false)),
        ("externalId", json!("e-1")),
        ("subject", Value::Null),
    ] {
        let answer = patch(&app, &standup(), &json!({ name: value })).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        expected[name] = value;
        assert_eq!(answer.json(), expected, "{name}");
        assert_eq!(
            app.get(&standup(), &reader(ORGANIZER)).await.json(),
            expected,
            "{name}"
        );
    }
    // Its recordings are its own still.
    let recordings = app.get(&(standup() + "/recordings"), &reader(ORGANIZER)).await;
    assert_eq!(recordings.ids(), ["recording-1", "recording-2"]);
}

#[tokio::test]
async fn null_takes_a_member_away() {
    let app = TestApp::start().await;
    let before = created(&app, &json!({})).await;
    let set = json!({ "allowedPresenters": "organizer", "watermarkProtection": {}, "externalId": "e-1", "subject": "x" });
    patch(&app, &path_of(&before), &set).await;
    let unset: Value = set
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect();
    let answer = patch(&app, &path_of(&before), &unset).await;
    assert_eq!(answer.json(), before);
    // And gives the external id free.
    assert_ne!(
        created(&app, &json!({ "externalId": "e-1" })).await["id"],
        before["id"]
    );
}

#[tokio::test]
async fn people_are_replaced_where_they_are_said() {
    let app = TestApp::start().await;
    let people = json!({ "participants": { "attendees": [{ "upn": "outsider@contoso.example" }] } });
    let answer = patch(&app, &standup(), &people).await;
    let attendees = answer.json()["participants"]["attendees"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(attendees.len(), 1);
    assert_eq!(attendees[0]["identity"]["user"]["id"], OUTSIDER);
    for (user, status) in [
        (OUTSIDER, 200),
        (ATTENDEE, 403),
        (COORGANIZER, 403),
        (ORGANIZER, 200),
    ] {
        assert_eq!(app.get(&standup(), &reader(user)).await.status, status, "{user}");
    }
    let nobody = patch(&app, &standup(), &json!({ "participants": { "attendees": [] } })).await;
    assert_eq!(nobody.json()["participants"]["attendees"], json!([]));
}

#[tokio::test]
async fn what_only_the_server_writes_is_left_alone() {
    let app = TestApp::start().await;
    let before = app.get(&standup(), &reader(ORGANIZER)).await.json();
    // A program may send back what it was sent, if it knew all of it.
    let whole = [("prefer", "include-unknown-enum-members")];
    let whole = app.get_with(&standup(), &reader(ORGANIZER), &whole).await.json();
    assert_eq!(patch(&app, &standup(), &whole).await.json(), before);
    for (name, value) in [
        ("id", json!("x")),
        ("joinWebUrl", json!("https://elsewhere.example")),
        ("creationDateTime", json!("2020-01-01T00:00:00Z")),
        ("expiryDateTime", json!("2020-01-01T00:00:00Z")),
        ("chatInfo", json!({ "threadId": "x" })),
        ("joinMeetingIdSettings", json!({ "joinMeetingId": "1" })),
        ("videoTeleconferenceId", json!("9")),
        ("meetingType", json!("broadcast")),
        ("isBroadcast", json!(true)),
        ("@odata.type", json!("#microsoft.graph.user")),
        ("subject@odata.type", json!("#String")),
    ] {
        let answer = patch(&app, &standup(), &json!({ name: value })).await;
        assert_eq!(
            (answer.status, answer.json()[name].clone()),
            (200, before[name].clone()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn members_that_are_wrong_are_400_and_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let before = app.get(&standup(), &reader(ORGANIZER)).await.json();
    for (body, named) in [
        (json!({ "subject": "x", "colour": "red" }), "'colour'"),
        (json!({ "subject": 7 }), "'subject'"),
        (json!({ "subject": "x".repeat(1025) }), "'subject'"),
        (
            json!({ "subject": "x", "startDateTime": "tomorrow" }),
            "'startDateTime'",
        ),
        (json!({ "startDateTime": 1 }), "'startDateTime'"),
        (json!({ "endDateTime": "2026-01-05T08:00:00" }), "'endDateTime'"),
        (json!({ "allowRecording": "yes" }), "'allowRecording'"),
        (json!({ "allowedPresenters": "nobody" }), "'allowedPresenters'"),
        (
            json!({ "lobbyBypassSettings": { "scope": "all" } }),
            "'lobbyBypassSettings/scope'",
        ),
        (json!({ "lobbyBypassSettings": [] }), "'lobbyBypassSettings'"),
        (
            json!({ "participants": { "attendees": [{}] } }),
            "'participants/attendees/0'",
        ),
        (
            json!({ "participants": { "attendees": [{ "upn": "nobody" }] } }),
            "'participants/attendees/0'",
        ),
        (json!({ "endDateTime": "2026-01-05T08:59:59Z" }), "'endDateTime'"),
        (
            json!({ "startDateTime": "2026-01-05T09:15:01Z" }),
            "'endDateTime'",
        ),
        (json!([]), "object"),
        (json!("x"), "object"),
        (Value::Null, "object"),
    ] {
        let (status, code, message) = patch(&app, &standup(), &body).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{body}");
        assert!(message.contains(named), "{body}: {message}");
    }
    assert_eq!(app.get(&standup(), &reader(ORGANIZER)).await.json(), before);
}

#[tokio::test]
async fn only_the_organizer_changes_it() {
    let app = TestApp::start().await;
    let body = json!({ "subject": "Taken over" });
    for user in [COORGANIZER, ATTENDEE, OUTSIDER] {
        for path in [standup(), format!("{}/{STANDUP}", of_organizer())] {
            let answer = app.send_json("PATCH", &path, &writer(user), &body).await;
            assert_eq!(answer.error(), forbidden(NO_RELATION), "{user} {path}");
        }
        let path = format!("/v1.0/users/{user}/onlineMeetings/{STANDUP}");
        let answer = app.send_json("PATCH", &path, &application(), &body).await;
        assert_eq!(answer.error(), forbidden(NO_RELATION), "{user}");
    }
    assert_eq!(
        app.get(&standup(), &reader(ORGANIZER)).await.json()["subject"],
        "Stand-up"
    );
    let path = format!("{}/{STANDUP}", of_organizer());
    let answer = app.send_json("PATCH", &path, &application(), &body).await;
    assert_eq!(
        (answer.status, answer.json()["subject"].clone()),
        (200, json!("Taken over"))
    );
}

#[tokio::test]
async fn a_change_gives_sixty_further_days() {
    let app = TestApp::start().await;
    let meeting = created(&app, &json!({})).await;
    app.set_time("2026-02-20T12:00:00Z");
    let token = crate::support::TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.ReadWrite"])
        .issued_by(&app.clock)
        .sign();
    let answer = app
        .send_json("PATCH", &path_of(&meeting), &token, &json!({ "subject": "x" }))
        .await;
    assert_eq!(answer.json()["expiryDateTime"], "2026-04-21T12:00:00.0000000Z");
}

#[tokio::test]
async fn an_external_id_that_another_meeting_has_is_409() {
    let app = TestApp::start().await;
    let other = created(&app, &json!({ "externalId": "e-1" })).await;
    let answer = patch(&app, &standup(), &json!({ "externalId": "e-1", "subject": "x" })).await;
    assert_eq!(
        (answer.status, answer.error().1.as_str()),
        (409, "nameAlreadyExists")
    );
    assert_eq!(
        app.get(&standup(), &reader(ORGANIZER)).await.json()["subject"],
        "Stand-up"
    );
    // Its own stays its own.
    assert_eq!(
        patch(&app, &path_of(&other), &json!({ "externalId": "e-1" }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn changes_at_once_all_count() {
    let app = TestApp::start().await;
    let names = [
        "allowRecording",
        "allowTranscription",
        "allowWhiteboard",
        "allowBreakoutRooms",
        "allowTeamworkReactions",
    ];
    let mut asking = tokio::task::JoinSet::new();
    for name in names {
        let request = app
            .request("PATCH", &standup())
            .bearer_auth(writer(ORGANIZER))
            .header("content-type", "application/json")
            .body(json!({ name: false }).to_string());
        asking.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    assert_eq!(asking.join_all().await, [200; 5]);
    let body = app.get(&standup(), &reader(ORGANIZER)).await.json();
    for name in names {
        assert_eq!(body[name], false, "{name}");
    }
}

#[tokio::test]
async fn a_meeting_that_is_not_there_is_404_to_its_organizer() {
    let app = TestApp::start().await;
    let missing = graphophone::ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2");
    let answer = patch(&app, &format!("{MINE}/{missing}"), &json!({ "subject": "x" })).await;
    assert_eq!((answer.status, answer.error().1.as_str()), (404, "NotFound"));
}
