//! What a session is begun with: the meeting, the item, the source.

use serde_json::{Value, json};

use super::{SESSIONS, Upload, expected, into_standup, read_back, sample, uploader};
use crate::support::names::{ARCHIVER, ATTENDEE, ORGANIZER, READ_TRANSCRIPTS, STANDUP};
use crate::support::{TestApp, TokenOf};

/// A meeting that is described, with a recording in it.
fn described(bytes: &[u8]) -> Value {
    json!({
        "meeting": {
            "externalId": "room-7", "organizer": "organizer@contoso.example", "subject": "Planning",
            "startDateTime": "2026-01-21T10:00:00+01:00", "endDateTime": "2026-01-21T11:00:00+01:00",
            "participants": [{ "user": "attendee@contoso.example", "role": "presenter" }],
        },
        "recording": { "callId": "call-7" },
        "item": { "name": "x.mp4", "size": bytes.len() },
        "source": { "system": "jibri", "id": "abc" },
    })
}

#[tokio::test]
async fn a_meeting_that_is_described_is_made_and_looks_like_any_other() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let upload = Upload::begin(&app, &described(&bytes)).await;
    let made = upload.put_all(&bytes, 10_000).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let recording = made.json();
    assert_eq!(recording["callId"], "call-7");
    assert_eq!(recording["createdDateTime"], "2026-01-21T09:00:00.0000000Z");
    assert_eq!(recording["meetingOrganizer"]["user"]["id"], ORGANIZER);

    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.Read", "OnlineMeetingRecording.Read.All"])
        .sign();
    let meeting = recording["meetingId"].as_str().unwrap();
    let found = app
        .get(&format!("/v1.0/me/onlineMeetings/{meeting}"), &token)
        .await;
    assert_eq!(found.status, 200, "{}", found.text());
    let found = found.json();
    assert_eq!(found["subject"], "Planning");
    assert_eq!(found["startDateTime"], "2026-01-21T09:00:00.0000000Z");
    assert_eq!(found["externalId"], "room-7");
    let attendees = &found["participants"]["attendees"];
    assert_eq!(attendees[0]["identity"]["user"]["id"], ATTENDEE);
    assert_eq!(attendees[0]["role"], "presenter");
    let listed = app
        .get(&format!("/v1.0/me/onlineMeetings/{meeting}/recordings"), &token)
        .await;
    assert_eq!(listed.json()["value"][0]["id"], recording["id"]);
    let context = recording["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("/recordings/$entity"), "{context}");
}

#[tokio::test]
async fn a_meeting_is_found_again_by_its_external_id() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let mut meetings = Vec::new();
    for id in ["first", "second"] {
        let mut request = described(&bytes);
        request["source"]["id"] = id.into();
        let upload = Upload::begin(&app, &request).await;
        let made = upload.put_all(&bytes, bytes.len()).await.json();
        meetings.push((made["meetingId"].clone(), made["id"].clone()));
    }
    assert_eq!(meetings[0].0, meetings[1].0);
    assert_ne!(meetings[0].1, meetings[1].1);
}

#[tokio::test]
async fn the_same_source_once_more_is_the_same_session_and_then_the_recording() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let request = into_standup("again", &bytes);
    let first = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(first.status, 201);
    assert_eq!(expected(&first), format!("0-{}", bytes.len() - 1));
    let upload = Upload::of(&app, &first);
    assert_eq!(upload.put(0, &bytes[..100], bytes.len()).await.status, 202);

    let second = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(second.status, 200);
    assert_eq!(expected(&second), format!("100-{}", bytes.len() - 1));
    let other = Upload::of(&app, &second);
    let made = other.put(100, &bytes[100..], bytes.len()).await;
    assert_eq!(made.status, 201, "{}", made.text());

    let third = app.send_json("POST", SESSIONS, &uploader(), &request).await;
    assert_eq!(third.status, 200);
    assert_eq!(third.json()["id"], made.json()["id"]);
    assert_eq!(third.header("location"), made.header("location"));
}

#[tokio::test]
async fn other_bytes_of_a_source_that_is_stored_are_not_taken_for_stored() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Megan>Good morning.</v>\n";
    let mut same = into_standup("again", &bytes);
    same["transcript"] = json!({ "content": text });
    let made = Upload::begin(&app, &same)
        .await
        .put_all(&bytes, bytes.len())
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let rows = app.stores.rows();
    for (member, value) in [
        ("/item/size", json!(bytes.len() + 1)),
        ("/item/sha256", json!("0".repeat(64))),
        ("/transcript/content", json!(text.replace("Good", "Bad"))),
    ] {
        let mut other = same.clone();
        other["item"]["sha256"] = Value::Null;
        *other.pointer_mut(member).unwrap() = value;
        let refused = app.send_json("POST", SESSIONS, &uploader(), &other).await;
        let (status, code, message) = refused.error();
        assert_eq!((status, code.as_str()), (409, "nameAlreadyExists"), "{member}");
        assert!(
            message.starts_with("Other bytes have come from this source before"),
            "{message}"
        );
    }
    assert_eq!(app.stores.rows(), rows);
    // Without its transcript it is the same recording still, and with one that was deleted.
    let kept = app
        .send_json("POST", SESSIONS, &uploader(), &into_standup("again", &bytes))
        .await;
    assert_eq!((kept.status, &kept.json()["id"]), (200, &made.json()["id"]));
    let transcript = app
        .stores
        .texts("SELECT id FROM artifacts WHERE kind = 'transcript' AND source_id = 'again'");
    let path = format!("/api/v1/transcripts/{}", transcript[0]);
    let deleted = app
        .send(app.request("DELETE", &path).bearer_auth(uploader()))
        .await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    let kept = app.send_json("POST", SESSIONS, &uploader(), &same).await;
    assert_eq!((kept.status, &kept.json()["id"]), (200, &made.json()["id"]));
}

#[tokio::test]
async fn texts_with_nul_are_refused_by_their_member() {
    let app = TestApp::start().await;
    for member in [
        "/meeting/subject",
        "/recording/callId",
        "/source/id",
        "/meeting/externalId",
    ] {
        let mut request = described(b"abc");
        let (parent, name) = member[1..].split_once('/').unwrap();
        request[parent][name] = json!("a\0b");
        let refused = app.send_json("POST", SESSIONS, &uploader(), &request).await;
        let (status, code, message) = refused.error();
        assert_eq!(
            (status, code.as_str()),
            (400, "BadRequest"),
            "{member}: {message}"
        );
        assert!(message.contains(member) && message.contains("NUL"), "{message}");
    }
}

#[tokio::test]
async fn what_is_not_below_our_root_is_not_found() {
    let app = TestApp::start().await;
    for path in ["/api/v1/", "/api/v1/nothing", "/api/v1/recordings/a/b"] {
        let refused = app.get(path, &uploader()).await;
        assert_eq!(
            (refused.error().0, refused.error().1.as_str()),
            (404, "NotFound"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_transcript_comes_along_with_its_recording() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Megan>Good morning.</v>\n";
    let mut request = into_standup("with-text", &bytes);
    request["transcript"] = json!({ "content": text });
    let made = Upload::begin(&app, &request)
        .await
        .put_all(&bytes, bytes.len())
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let correlation = made.json()["contentCorrelationId"].clone();

    let path = format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{STANDUP}/transcripts");
    let token = TokenOf::application(ARCHIVER)
        .permissions(&[READ_TRANSCRIPTS])
        .sign();
    let listed = app.get(&path, &token).await.json();
    let transcript = listed["value"].as_array().unwrap().iter();
    let transcript = transcript
        .into_iter()
        .find(|one| one["contentCorrelationId"] == correlation);
    let id = transcript.expect("no transcript")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let content = app.get(&format!("{path}/{id}/content"), &token).await;
    assert_eq!(content.text(), text);
}

#[tokio::test]
async fn a_transcript_comes_by_its_text_alone_or_by_slices() {
    let app = TestApp::start().await;
    let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Megan>Good morning.</v>\n";
    let request = |id: &str, transcript: Value, item: Value| {
        json!({ "meeting": { "id": STANDUP }, "transcript": transcript, "item": item,
                "source": { "system": "test", "id": id } })
    };
    let inline = request("inline", json!({ "content": text }), Value::Null);
    let made = app.send_json("POST", SESSIONS, &uploader(), &inline).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(read_back(&app, &made, "/content").await.text(), text);
    let again = app.send_json("POST", SESSIONS, &uploader(), &inline).await;
    assert_eq!((again.status, &again.json()["id"]), (200, &made.json()["id"]));

    let slices = request("slices", json!({}), json!({ "size": text.len() }));
    let made = Upload::begin(&app, &slices)
        .await
        .put_all(text.as_bytes(), 20)
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let content = read_back(&app, &made, "/content").await;
    assert_eq!(
        (content.text().as_str(), content.header("content-type")),
        (text, "text/vtt")
    );

    // With its recording it comes once more, which it need not; and no other text takes its place.
    let mut recording = into_standup("inline", &sample("faststart.mp4"));
    recording["transcript"] = json!({ "content": "WEBVTT\n\n00:00.000 --> 00:01.000\nSomething else.\n" });
    let other = app.send_json("POST", SESSIONS, &uploader(), &recording).await;
    assert_eq!(other.error().1, "nameAlreadyExists", "{}", other.text());
    recording["transcript"] = json!({ "content": text });
    let made = Upload::begin(&app, &recording)
        .await
        .put_all(&sample("faststart.mp4"), 1_000_000)
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let sql = "SELECT kind FROM artifacts WHERE source_id = 'inline' ORDER BY kind";
    assert_eq!(app.stores.texts(sql), ["recording", "transcript"]);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_place() {
    let app = TestApp::start().await;
    let good = into_standup("x", b"abc");
    let changed = |pointer: &str, value: Value| {
        let mut request = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = if parent.is_empty() {
            &mut request
        } else {
            request.pointer_mut(parent).unwrap()
        };
        parent[name] = value;
        request
    };
    for (request, named) in [
        (json!([]), ""),
        (json!({}), "source"),
        (changed("/colour", "red".into()), "colour"),
        (changed("/item/size", 0.into()), "/item/size"),
        (changed("/item/size", (-5).into()), "/item/size"),
        (
            changed("/item/size", json!(9_223_372_036_854_775_808_u64)),
            "expected a whole number of at most 9223372036854775807",
        ),
        (changed("/item/size", "3".into()), "/item/size"),
        (changed("/item/sha256", "zz".into()), "/item/sha256"),
        (changed("/item/name", "x".repeat(8193).into()), "/item/name"),
        (changed("/item", Value::Null), "/item"),
        (changed("/recording", Value::Null), "a recording or a transcript"),
        (
            changed("/recording/createdDateTime", "yesterday".into()),
            "/recording/createdDateTime",
        ),
        (
            changed("/recording/endDateTime", "2025-01-01T00:00:00Z".into()),
            "/recording/endDateTime",
        ),
        (changed("/recording/duration", 5.into()), "duration"),
        (changed("/source/system", "a b".into()), "/source/system"),
        (changed("/source/id", "".into()), "/source/id"),
        (changed("/source/id", "x".repeat(1025).into()), "/source/id"),
        (changed("/meeting/subject", "both".into()), "/meeting"),
        (changed("/meeting", json!({})), "/meeting/organizer"),
        (
            changed(
                "/meeting",
                json!({ "organizer": ORGANIZER, "participants": [{ "user": "nobody@x" }] }),
            ),
            "/meeting/participants/0/user",
        ),
        (
            changed(
                "/meeting",
                json!({ "organizer": ORGANIZER, "participants": [{ "user": ATTENDEE, "role": "boss" }] }),
            ),
            "/meeting/participants/0/role",
        ),
        (changed("/transcript", json!({})), "/transcript/content"),
        (changed("/transcript", json!({ "content": "Hello" })), "WebVTT"),
    ] {
        let answer = app.send_json("POST", SESSIONS, &uploader(), &request).await;
        let (status, code, message) = answer.error();
        assert_eq!(
            (status, code.as_str()),
            (400, "BadRequest"),
            "{request}: {message}"
        );
        assert!(message.contains(named), "{request}: {message}");
    }
    let not_json = app.request("POST", SESSIONS).bearer_auth(uploader()).body("{");
    assert_eq!(app.send(not_json).await.status, 400);
}

/// serde would take a list for the members in their order.
#[tokio::test]
async fn lists_and_what_is_in_them_are_named_by_their_place() {
    let app = TestApp::start().await;
    let people = |people: Value| ("meeting", json!({ "participants": people }));
    for ((member, value), named) in [
        (("recording", json!([])), "/recording: "),
        (("recording", json!([null, null])), "/recording: "),
        (("source", json!(["test", "x"])), "/source: "),
        (people(json!([[ATTENDEE, null]])), "/meeting/participants/0: "),
        (
            people(json!([{ "user": ATTENDEE }, { "user": 5 }])),
            "/meeting/participants/1/user: ",
        ),
    ] {
        let mut request = into_standup("x", b"abc");
        request[member] = value;
        let answer = app.send_json("POST", SESSIONS, &uploader(), &request).await;
        let (status, _, message) = answer.error();
        assert_eq!(status, 400, "{request}: {message}");
        assert!(message.contains(named), "{request}: {message}");
    }
}

#[tokio::test]
async fn a_name_is_stored_under_ours_whatever_it_is() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    for (index, name) in [
        "../../etc/passwd",
        "a\0b",
        "\u{202e}4pm.exe",
        &"é".repeat(2048),
        "",
        "/",
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = into_standup(&format!("name-{index}"), &bytes);
        request["item"]["name"] = name.into();
        let made = Upload::begin(&app, &request)
            .await
            .put_all(&bytes, bytes.len())
            .await;
        assert_eq!(made.status, 201, "{name:?}: {}", made.text());
    }
    for file in app.content_files() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(
            ["recording.mp4", "transcript.vtt", "recording.bin"].contains(&name),
            "{file:?}"
        );
    }
}

#[tokio::test]
async fn annotations_of_odata_are_passed_over() {
    let (app, bytes) = (TestApp::start().await, sample("faststart.mp4"));
    let mut request = into_standup("annotated", &bytes);
    request["item"]["@microsoft.graph.conflictBehavior"] = "replace".into();
    request["@odata.type"] = "#x".into();
    Upload::begin(&app, &request).await;
}
