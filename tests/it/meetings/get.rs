//! `GET …/onlineMeetings/{meeting}`

use serde_json::json;

use super::{MINE, application, of_organizer, reader};
use crate::auth::asking::{NO_RELATION, expect_refusal, forbidden, refusal};
use crate::support::TestApp;
use crate::support::names::{ATTENDEE, COORGANIZER, FABRIKAM_MEETING, GUEST, ORGANIZER, OUTSIDER, STANDUP};

#[tokio::test]
async fn a_meeting_is_answered_to_its_organizer() {
    let app = TestApp::start().await;
    let answer = app.get(&format!("{MINE}/{STANDUP}"), &reader(ORGANIZER)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn who_takes_part_gets_the_same_under_the_own_name() {
    let app = TestApp::start().await;
    let own = app
        .get(&format!("{MINE}/{STANDUP}"), &reader(ORGANIZER))
        .await
        .json();
    for (user, token) in [
        (ATTENDEE, reader(ATTENDEE)),
        (COORGANIZER, reader(COORGANIZER)),
        (ATTENDEE, application()),
        (ORGANIZER, application()),
    ] {
        let answer = app
            .get(&format!("/v1.0/users/{user}/onlineMeetings/{STANDUP}"), &token)
            .await;
        let mut expected = own.clone();
        expected["@odata.context"] = json!(format!(
            "{}/v1.0/$metadata#users('{user}')/onlineMeetings/$entity",
            app.base()
        ));
        assert_eq!((answer.status, answer.json()), (200, expected), "{user}");
    }
    // An attendee on the organizer's path, as the chat links to it.
    let answer = app
        .get(&format!("{}/{STANDUP}", of_organizer()), &reader(ATTENDEE))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn who_does_not_take_part_hears_the_same_of_every_meeting() {
    let app = TestApp::start().await;
    let missing = graphophone::ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2");
    for meeting in [STANDUP, FABRIKAM_MEETING, &missing] {
        for (path, token) in [
            (format!("{MINE}/{meeting}"), reader(OUTSIDER)),
            (format!("{}/{meeting}", of_organizer()), reader(OUTSIDER)),
            (
                format!("/v1.0/users/{OUTSIDER}/onlineMeetings/{meeting}"),
                application(),
            ),
            (format!("{MINE}/{meeting}"), reader(GUEST)),
        ] {
            expect_refusal(&app, &path, &token, &forbidden(NO_RELATION)).await;
        }
    }
    let text = "The meeting was not found.";
    expect_refusal(
        &app,
        &format!("{MINE}/{missing}"),
        &reader(ORGANIZER),
        &refusal(404, "NotFound", text),
    )
    .await;
    let text = "The meeting id is malformed.";
    expect_refusal(
        &app,
        &format!("{MINE}/x"),
        &reader(ORGANIZER),
        &refusal(400, "BadRequest", text),
    )
    .await;
}

#[tokio::test]
async fn what_the_reference_refuses_about_recordings_is_no_matter_here() {
    let app = TestApp::start().await;
    for members in [
        "expiryDateTime: '2026-01-31T00:00:00Z'",
        "expiryDateTime: '2099-01-01T00:00:00Z', isChannelMeeting: true",
        "expiryDateTime: '2099-01-01T00:00:00Z', iCalUId: null",
    ] {
        let meeting = crate::auth::asking::Meeting::new("some", members);
        app.seed(&meeting.yaml).await;
        let answer = app.get(&meeting.path(None), &reader(ORGANIZER)).await;
        assert_eq!(answer.status, 200, "{members}: {}", answer.text());
    }
}

#[tokio::test]
async fn newer_roles_are_told_to_who_prefers_to_see_them() {
    let app = TestApp::start().await;
    let path = format!("{MINE}/{STANDUP}");
    for (prefer, role, applied) in [
        ("", "unknownFutureValue", ""),
        ("respond-async", "unknownFutureValue", ""),
        (
            "include-unknown-enum-members",
            "coorganizer",
            "include-unknown-enum-members",
        ),
        (
            "respond-async, Include-Unknown-Enum-Members",
            "coorganizer",
            "include-unknown-enum-members",
        ),
    ] {
        let answer = app
            .get_with(&path, &reader(ORGANIZER), &[("prefer", prefer)])
            .await;
        let body = answer.json();
        let attendees = body["participants"]["attendees"].as_array().unwrap();
        let own = attendees
            .iter()
            .find(|one| one["identity"]["user"]["id"] == COORGANIZER);
        assert_eq!(own.unwrap()["role"], role, "{prefer}");
        assert_eq!(answer.header("preference-applied"), applied, "{prefer}");
    }
}

#[tokio::test]
async fn selected_members_are_the_only_ones() {
    let app = TestApp::start().await;
    let select = async |select: &str| {
        let path = format!("{MINE}/{STANDUP}?$select={select}");
        app.get(&path, &reader(ORGANIZER)).await
    };
    let answer = select("subject,joinWebUrl").await;
    assert_eq!(
        answer.json(),
        json!({
            "@odata.context":
                format!("{}/v1.0/$metadata#users('{ORGANIZER}')/onlineMeetings(subject,joinWebUrl)/$entity", app.base()),
            "@odata.type": "#microsoft.graph.onlineMeeting",
            "joinWebUrl": "https://teams.example/standup",
            "subject": "Stand-up",
        })
    );
    let participants = select("participants").await.json();
    assert_eq!(
        participants["participants"]["organizer"]["upn"],
        "organizer@contoso.example"
    );
    assert_eq!(participants.get("subject"), None);
    // A part of a structure gives the whole of it.
    let part = select("joinMeetingIdSettings/joinMeetingId,CHATINFO")
        .await
        .json();
    assert_eq!(part["chatInfo"]["threadId"], "19:meeting_standup@thread.v2");
    let (status, code, message) = select("colour").await.error();
    assert_eq!((status, code.as_str()), (400, "BadRequest"));
    assert_eq!(
        message,
        "Parsing OData Select and Expand failed: Could not find a property named 'colour' on type \
         'microsoft.graph.onlineMeeting'."
    );
}

#[tokio::test]
async fn other_options_are_400() {
    let app = TestApp::start().await;
    for option in [
        "$filter=id eq 'x'",
        "$top=1",
        "$count=true",
        "$expand=recordings",
        "$orderby=id",
    ] {
        let (status, _, message) = app
            .get(&format!("{MINE}/{STANDUP}?{option}"), &reader(ORGANIZER))
            .await
            .error();
        assert_eq!(status, 400, "{option}");
        assert!(message.contains(option.split('=').next().unwrap()), "{message}");
    }
}
