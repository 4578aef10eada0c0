//! Deleting what has come in: gone at once, back again, and gone for good.

use super::{SESSIONS, Upload, into_standup, read_back, sample, uploader};
use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM, FABRIKAM_ARCHIVER, ORGANIZER, OUTSIDER, READ, STANDUP, WITHOUT_POLICY,
    WRITE, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf};
use graphophone::db::artifacts::ArtifactKind;
use graphophone::retention::{Actor, Outcome};

async fn delete(app: &TestApp, id: &str, token: &str) -> Answer {
    app.send(
        app.request("DELETE", &format!("/api/v1/recordings/{id}"))
            .bearer_auth(token),
    )
    .await
}

async fn uploaded(app: &TestApp, id: &str) -> (String, Answer) {
    let bytes = sample("moov-last.mp4");
    let made = Upload::begin(app, &into_standup(id, &bytes))
        .await
        .put_all(&bytes, bytes.len())
        .await;
    (made.json()["id"].as_str().unwrap().to_owned(), made)
}

#[tokio::test]
async fn what_is_deleted_is_gone_at_once_and_comes_back() {
    let app = TestApp::start().await;
    let (id, made) = uploaded(&app, "one").await;
    let list = async || {
        app.get(
            &format!("{}/recordings", standup_of(ORGANIZER)),
            &TokenOf::application(ARCHIVER).sign(),
        )
        .await
        .ids()
    };
    assert!(list().await.contains(&id));
    for _ in 0..2 {
        assert_eq!(delete(&app, &id, &uploader()).await.status, 204);
        assert!(!list().await.contains(&id));
        assert_eq!(read_back(&app, &made, "").await.status, 404);
        assert_eq!(read_back(&app, &made, "/content").await.status, 404);
    }
    // Not even whoever has brought it is shown it.
    let upload = Upload::begin(&app, &into_standup("two", &sample("faststart.mp4"))).await;
    let other = upload.put_all(&sample("faststart.mp4"), 100_000).await.json();
    assert_eq!(
        delete(&app, other["id"].as_str().unwrap(), &uploader())
            .await
            .status,
        204
    );
    assert_eq!(upload.status().await.error().0, 410);
    // What was deleted does not come in again by itself.
    let again = app
        .send_json("POST", SESSIONS, &uploader(), &into_standup("one", b"abc"))
        .await;
    assert_eq!(again.error().1, "resourceDeleted", "{}", again.text());
    let records = app.audit_records().await;
    let of_it: Vec<_> = records
        .iter()
        .filter(|record| record.operation == "recording.delete" && record.artifact_id == id)
        .collect();
    assert_eq!(of_it.len(), 1, "{of_it:?}");
    assert_eq!(of_it[0].application_id.as_deref(), Some(ARCHIVER));

    let retention = app.server(|server| server.app.retention.clone());
    let restored = retention
        .restore(ArtifactKind::Recording, &id, Actor::default())
        .await
        .unwrap();
    assert_eq!(restored, Outcome::Done);
    assert!(list().await.contains(&id));
    assert_eq!(read_back(&app, &made, "/content").await.status, 200);
    app.set_time("2026-06-01T00:00:00Z");
    app.until_idle().await;
    assert_eq!(
        app.stores
            .texts("SELECT id FROM artifacts WHERE source_id = 'one' AND ready")
            .len(),
        1
    );
}

#[tokio::test]
async fn after_its_time_nothing_stays_but_a_tombstone() {
    let app = TestApp::start().await;
    let before = app.content_files().len();
    let (id, made) = uploaded(&app, "gone").await;
    assert_eq!(app.content_files().len(), before + 2, "a file and its head");
    assert_eq!(delete(&app, &id, &uploader()).await.status, 204);
    app.set_time("2026-03-03T11:00:00Z");
    app.until_idle().await;
    assert_eq!(
        app.stores
            .texts("SELECT id FROM artifacts WHERE source_id = 'gone'")
            .len(),
        1
    );
    app.set_time("2026-03-03T13:00:00Z");
    app.until_idle().await;
    crate::support::wait_until("its bytes are removed", || app.content_files().len() == before).await;
    crate::support::wait_until("nothing describes it", || {
        let mut texts = app.stores.descriptions().into_iter().map(std::fs::read_to_string);
        texts.all(|text| text.is_ok_and(|text| !text.contains(&id)))
    })
    .await;
    assert_eq!(
        app.stores
            .texts("SELECT id FROM artifacts WHERE source_id = 'gone'")
            .len(),
        0
    );
    assert_eq!(
        app.stores
            .texts("SELECT id FROM upload_sessions WHERE source_id = 'gone'")
            .len(),
        0
    );
    let stone = app.stores.rows()["tombstones"].join("\n");
    for personal in [id.as_str(), ORGANIZER, STANDUP, "gone"] {
        assert!(!stone.contains(personal), "{stone}");
    }
    let token = TokenOf::application(ARCHIVER).issued_by(&app.clock);
    let path = made
        .header("location")
        .strip_prefix(app.base())
        .unwrap()
        .to_owned();
    assert_eq!(app.get(&path, &token.sign()).await.status, 404);
    let writer = token.permissions(&[WRITE]).sign();
    assert_eq!(delete(&app, &id, &writer).await.status, 404);
    let again = app
        .send_json("POST", SESSIONS, &writer, &into_standup("gone", b"abc"))
        .await;
    assert_eq!(again.error().0, 410);
    let retention = app.server(|server| server.app.retention.clone());
    let restored = retention
        .restore(ArtifactKind::Recording, &id, Actor::default())
        .await
        .unwrap();
    assert_eq!(restored, Outcome::NotThere);
}

#[tokio::test]
async fn what_is_held_stays() {
    let app = TestApp::with()
        .seed(&format!(
            "recordings:\n  - {{ id: held, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-13T09:00:00Z\", contentFile: one.mp4, \
             legalHold: true }}\n"
        ))
        .start()
        .await;
    let refused = delete(&app, "held", &uploader()).await;
    let (status, code, message) = refused.error();
    assert_eq!((status, code.as_str()), (423, "resourceLocked"), "{message}");
    let shown = app
        .get(
            &format!("{}/recordings/held", standup_of(ORGANIZER)),
            &TokenOf::application(ARCHIVER).sign(),
        )
        .await;
    assert_eq!(shown.status, 200);
}

#[tokio::test]
async fn a_hold_keeps_what_is_deleted_until_it_ends() {
    let app = TestApp::start().await;
    let (id, _) = uploaded(&app, "kept").await;
    let retention = app.server(|server| server.app.retention.clone());
    let hold = async |is_held| {
        let held = (ArtifactKind::Recording, id.as_str());
        retention.hold(held, is_held, Actor::default()).await.unwrap()
    };
    assert_eq!(delete(&app, &id, &uploader()).await.status, 204);
    assert_eq!(
        (hold(true).await, hold(true).await),
        (Outcome::Done, Outcome::Done)
    );
    app.set_time("2026-06-01T00:00:00Z");
    app.until_idle().await;
    let rows = || {
        app.stores
            .texts("SELECT id FROM artifacts WHERE source_id = 'kept'")
            .len()
    };
    assert_eq!(rows(), 1);
    assert_eq!(hold(false).await, Outcome::Done);
    app.until_idle().await;
    assert_eq!(rows(), 0);
    let nothing = (ArtifactKind::Recording, "nothing");
    let outcome = retention.hold(nothing, true, Actor::default()).await;
    assert_eq!(outcome.unwrap(), Outcome::NotThere);
    let records = app
        .audit_records()
        .await
        .into_iter()
        .filter(|one| one.artifact_id == id);
    let mut operations: Vec<_> = records.map(|one| one.operation).collect();
    operations.sort();
    assert_eq!(
        operations,
        [
            "recording.delete",
            "recording.hold",
            "recording.purge",
            "recording.unhold"
        ]
    );
}

#[tokio::test]
async fn only_who_may_upload_may_delete_and_others_learn_nothing() {
    let app = TestApp::start().await;
    let (id, _) = uploaded(&app, "mine").await;
    let as_app = |app_id| TokenOf::application(app_id).permissions(&[WRITE]);
    let as_user = |user| TokenOf::user(user).permissions(&[WRITE]);
    let mut answers = Vec::new();
    for (what, token) in [
        ("without a policy", as_app(WITHOUT_POLICY).sign()),
        (
            "another tenant",
            as_app(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign(),
        ),
        ("an attendee", as_user(ATTENDEE).sign()),
        ("an outsider", as_user(OUTSIDER).sign()),
    ] {
        for id in [id.as_str(), "nothing"] {
            let answer = delete(&app, id, &token).await;
            assert_eq!(answer.error().0, 404, "{what}: {}", answer.text());
            answers.push(answer.error());
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(
        delete(
            &app,
            &id,
            &TokenOf::application(ARCHIVER).permissions(&[READ]).sign()
        )
        .await
        .status,
        403
    );
    assert_eq!(delete(&app, &id, &as_user(ORGANIZER).sign()).await.status, 204);
    let listed = app
        .send(app.request("GET", &format!("/api/v1/recordings/{id}")))
        .await;
    assert_eq!((listed.status, listed.header("allow")), (405, "DELETE, OPTIONS"));
}
