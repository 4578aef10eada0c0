//! `POST …/onlineMeetings` and `POST …/onlineMeetings/createOrGet`

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{MINE, application, created, of_organizer, path_of, reader, shown, writer};
use crate::auth::asking::{NO_ICAL, expect_refusal, refusal};
use crate::support::names::{ATTENDEE, COORGANIZER, ORGANIZER};
use crate::support::{Answer, TestApp};

#[tokio::test]
async fn a_meeting_is_made_for_who_asks() {
    let app = TestApp::start().await;
    let body = json!({
        "startDateTime": "2026-02-12T14:30:34.2444915-07:00",
        "endDateTime": "2026-02-12T15:00:34.2464912-07:00",
        "subject": "User Token Meeting",
    });
    let answer = app.send_json("POST", MINE, &writer(ORGANIZER), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    insta::assert_snapshot!(shown(&app, &answer));
    let meeting = answer.json();
    let found = app.get(&path_of(&meeting), &reader(ORGANIZER)).await;
    assert_eq!(found.json(), meeting);
    let (number, id) = (
        &meeting["joinMeetingIdSettings"]["joinMeetingId"],
        meeting["id"].as_str().unwrap(),
    );
    assert_eq!(number.as_str().unwrap().len(), 12);
    assert_eq!(
        graphophone::ids::meeting_organizer(id).unwrap().organizer,
        ORGANIZER
    );
}

#[tokio::test]
async fn an_application_makes_one_for_the_user_of_the_path() {
    let app = TestApp::start().await;
    let answer = app
        .send_json(
            "POST",
            &of_organizer(),
            &application(),
            &json!({ "subject": "For you" }),
        )
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let meeting = answer.json();
    assert_eq!(
        meeting["participants"]["organizer"]["identity"]["user"]["id"],
        ORGANIZER
    );
    assert_eq!(meeting["@odata.type"], "#microsoft.graph.onlineMeeting");
    assert_eq!(app.get(&path_of(&meeting), &reader(ORGANIZER)).await.status, 200);
}

#[tokio::test]
async fn nothing_has_to_be_said_of_it() {
    let app = TestApp::start().await;
    let meeting = created(&app, &json!({})).await;
    for (name, expected) in [
        ("startDateTime", json!("2026-02-01T12:00:00.0000000Z")),
        ("endDateTime", json!("2026-02-01T13:00:00.0000000Z")),
        ("creationDateTime", json!("2026-02-01T12:00:00.0000000Z")),
        ("subject", Value::Null),
        ("meetingType", json!("scheduled")),
        ("allowRecording", json!(true)),
    ] {
        assert_eq!(meeting[name], expected, "{name}");
    }
    // Two of the same are two.
    assert_ne!(created(&app, &json!({})).await["id"], meeting["id"]);
}

#[tokio::test]
async fn what_was_said_of_it_is_answered_again() {
    let app = TestApp::start().await;
    let body = json!({
        "subject": "Plan \u{0} \u{1F4C5} \"'<&>",
        "externalId": "7eb8263f-d0e0-4149-bb1c-1f0476083c56",
        "allowedPresenters": "roleIsPresenter",
        "allowRecording": false,
        "recordAutomatically": true,
        "allowMeetingChat": "limited",
        "meetingSpokenLanguageTag": "de-DE",
        "watermarkProtection": { "isEnabledForContentSharing": true, "isEnabledForVideo": null },
        "lobbyBypassSettings": { "scope": "everyone", "isDialInBypassEnabled": true },
        "participants": { "attendees": [
            { "upn": "attendee@contoso.example", "role": "presenter" },
            { "identity": { "user": { "id": COORGANIZER } }, "role": "coorganizer" },
        ] },
    });
    let meeting = created(&app, &body).await;
    for (name, value) in body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "participants")
    {
        assert_eq!(&meeting[name], value, "{name}");
    }
    let attendees = meeting["participants"]["attendees"].as_array().unwrap();
    let people: Vec<_> = attendees
        .iter()
        .map(|one| {
            (
                one["identity"]["user"]["id"].as_str().unwrap(),
                one["role"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        people,
        [(COORGANIZER, "unknownFutureValue"), (ATTENDEE, "presenter")]
    );
    assert_eq!(app.get(&path_of(&meeting), &reader(ATTENDEE)).await.status, 200);
}

#[tokio::test]
async fn nobody_is_invited_twice_and_the_organizer_not_at_all() {
    let app = TestApp::start().await;
    let person = |id: &str, role: &str| json!({ "identity": { "user": { "id": id } }, "role": role });
    let attendees = [
        person(ATTENDEE, "presenter"),
        person(&ATTENDEE.to_uppercase(), "attendee"),
        person(ORGANIZER, "attendee"),
        json!({ "upn": "ATTENDEE@contoso.example" }),
    ];
    let meeting = created(&app, &json!({ "participants": { "attendees": attendees } })).await;
    let found = meeting["participants"]["attendees"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["role"], "presenter");
}

#[tokio::test]
async fn who_cannot_be_found_cannot_be_invited() {
    let app = TestApp::start().await;
    for user in [
        "nobody@contoso.example",
        "organizer@fabrikam.example",
        "bbbbbbbb-0000-4000-8000-00000000000a",
    ] {
        let body = json!({ "participants": { "attendees": [{ "upn": "attendee@contoso.example" }, { "upn": user }] } });
        let (status, code, message) = app
            .send_json("POST", MINE, &writer(ORGANIZER), &body)
            .await
            .error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"));
        assert_eq!(
            message,
            format!("The property 'participants/attendees/1' names nobody of this tenant: '{user}'.")
        );
    }
}

#[tokio::test]
async fn it_lives_sixty_days_after_its_end() {
    let app = TestApp::start().await;
    for (start, end, expiry) in [
        (
            "2026-03-01T09:00:00Z",
            "2026-03-01T10:00:00Z",
            "2026-04-30T10:00:00.0000000Z",
        ),
        (
            "2020-03-01T09:00:00Z",
            "2020-03-01T10:00:00Z",
            "2020-04-30T10:00:00.0000000Z",
        ),
    ] {
        let meeting = created(&app, &json!({ "startDateTime": start, "endDateTime": end })).await;
        assert_eq!(meeting["expiryDateTime"], expiry, "{start}");
    }
}

#[tokio::test]
async fn the_ends_of_time_are_no_fault_of_the_server() {
    let app = TestApp::start().await;
    for body in [
        json!({ "startDateTime": "9999-12-31T23:59:59.9999999Z" }),
        json!({ "startDateTime": "0001-01-01T00:00:00Z", "endDateTime": "9999-12-31T23:59:59Z" }),
        json!({ "endDateTime": "0001-01-01T00:00:00Z", "startDateTime": "0001-01-01T00:00:00Z" }),
    ] {
        let answer = app.send_json("POST", MINE, &writer(ORGANIZER), &body).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.text());
        let meeting = answer.json();
        for name in ["startDateTime", "endDateTime", "expiryDateTime"] {
            let text = meeting[name].as_str().unwrap();
            assert_eq!(text.len(), "9999-12-31T23:59:59.9999999Z".len(), "{name}: {text}");
        }
        let patched = app
            .send_json("PATCH", &path_of(&meeting), &writer(ORGANIZER), &json!({}))
            .await;
        assert_eq!(patched.status, 200, "{}", patched.text());
    }
}

#[tokio::test]
async fn it_has_no_calendar_entry_and_so_no_recordings_in_the_reference() {
    let app = TestApp::start().await;
    let meeting = created(&app, &json!({})).await;
    let path = path_of(&meeting) + "/recordings";
    expect_refusal(
        &app,
        &path,
        &reader(ORGANIZER),
        &refusal(400, "BadRequest", NO_ICAL),
    )
    .await;
    let archive = TestApp::with().config("profile = \"archive\"").start().await;
    let meeting = created(&archive, &json!({})).await;
    let path = path_of(&meeting) + "/recordings";
    assert_eq!(archive.get(&path, &reader(ORGANIZER)).await.ids(), [""; 0]);
}

async fn create_or_get(app: &TestApp, user: &str, body: &Value) -> Answer {
    app.send_json("POST", &format!("{MINE}/createOrGet"), &writer(user), body)
        .await
}

#[tokio::test]
async fn create_or_get_makes_a_meeting_once() {
    let app = TestApp::start().await;
    let first = create_or_get(
        &app,
        ORGANIZER,
        &json!({ "externalId": "e-1", "subject": "First" }),
    )
    .await;
    let second = create_or_get(
        &app,
        ORGANIZER,
        &json!({ "externalId": "e-1", "subject": "Second" }),
    )
    .await;
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json(), second.json());
    assert_eq!(first.json()["subject"], "First");
    assert_eq!(first.json()["@odata.type"], "#microsoft.graph.onlineMeeting");
    // Ids are compared as they are written, and each organizer has its own.
    for (user, external) in [(ORGANIZER, "E-1"), (ORGANIZER, "e-1 "), (ATTENDEE, "e-1")] {
        let other = create_or_get(&app, user, &json!({ "externalId": external })).await;
        assert_eq!(other.status, 201, "{user} {external}");
        assert_ne!(other.json()["id"], first.json()["id"]);
    }
    let by_application = app
        .send_json(
            "POST",
            &format!("{}/createOrGet", of_organizer()),
            &application(),
            &json!({ "externalId": "e-1" }),
        )
        .await;
    assert_eq!(
        (by_application.status, by_application.json()["id"].clone()),
        (200, first.json()["id"].clone())
    );
}

#[tokio::test]
async fn create_or_get_needs_an_external_id() {
    let app = TestApp::start().await;
    for body in [
        json!({}),
        json!({ "externalId": null }),
        json!({ "externalId": "" }),
        json!({ "subject": "x" }),
    ] {
        let (status, code, message) = create_or_get(&app, ORGANIZER, &body).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{body}");
        assert_eq!(message, "The parameter 'externalId' is missing.");
    }
}

#[tokio::test]
async fn a_deleted_meeting_gives_its_external_id_free() {
    let app = TestApp::start().await;
    let first = create_or_get(&app, ORGANIZER, &json!({ "externalId": "e-1" }))
        .await
        .json();
    let deleted = app
        .send(
            app.request("DELETE", &path_of(&first))
                .bearer_auth(writer(ORGANIZER)),
        )
        .await;
    assert_eq!(deleted.status, 204);
    let second = create_or_get(&app, ORGANIZER, &json!({ "externalId": "e-1" })).await;
    assert_eq!(second.status, 201, "{}", second.text());
    assert_ne!(second.json()["id"], first["id"]);
}

#[tokio::test]
async fn many_who_create_or_get_at_once_have_one_meeting() {
    let app = TestApp::start().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let request = app
            .request("POST", &format!("{MINE}/createOrGet"))
            .bearer_auth(writer(ORGANIZER))
            .header("content-type", "application/json")
            .body(json!({ "externalId": "race" }).to_string());
        asking.spawn(async move {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            (status, body["id"].to_string())
        });
    }
    let answers = asking.join_all().await;
    let made = answers.iter().filter(|(status, _)| *status == 201).count();
    let found = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!((made, found), (1, 15), "{answers:?}");
    let ids: BTreeSet<_> = answers.into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn an_external_id_that_another_meeting_has_is_409() {
    let app = TestApp::start().await;
    let first = created(&app, &json!({ "externalId": "e-1" })).await;
    let answer = app
        .send_json("POST", MINE, &writer(ORGANIZER), &json!({ "externalId": "e-1" }))
        .await;
    assert_eq!(answer.error().1, "nameAlreadyExists", "{}", answer.text());
    assert_eq!(answer.status, 409);
    assert_eq!(
        create_or_get(&app, ORGANIZER, &json!({ "externalId": "e-1" }))
            .await
            .json()["id"],
        first["id"]
    );
}
