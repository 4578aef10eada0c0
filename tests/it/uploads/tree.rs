//! What lies beside recordings, and that a lost database is filled from it.

use serde_json::{Value, json};

use std::time::Duration;

use super::{SESSIONS, Upload, into_standup, sample, uploader};
use crate::support::names::{
    ARCHIVER, CALL, CONTOSO, COORGANIZER, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_MEETING, FABRIKAM_ORGANIZER,
    ORGANIZER, STANDUP, standup_of,
};
use crate::support::{TestApp, TokenOf, wait_until};
use graphophone::tree::Tree;

const TRASH: Duration = Duration::from_secs(30 * 86_400);

/// Waits until everything is described.
async fn described(app: &TestApp) {
    wait_until("everything is described", || {
        app.stores
            .texts("SELECT id FROM jobs WHERE name IN ('tree.artifact', 'tree.tenant')")
            .is_empty()
    })
    .await;
}

async fn upload(app: &TestApp, request: Value, bytes: &[u8]) -> Value {
    let made = Upload::begin(app, &request)
        .await
        .put_all(bytes, bytes.len())
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

fn description_of(app: &TestApp, id: &str) -> Value {
    let all = app.stores.descriptions().into_iter();
    let mut read = all.map(|file| serde_json::from_slice::<Value>(&std::fs::read(file).unwrap()).unwrap());
    read.find(|one| one["id"] == id)
        .unwrap_or_else(|| panic!("nothing describes {id}"))
}

#[tokio::test]
async fn a_folder_has_the_file_the_transcript_and_what_is_known_of_it() {
    let app = TestApp::start().await;
    let bytes = sample("faststart.mp4");
    let mut request = into_standup("described", &bytes);
    request["transcript"] = json!({ "content": "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n" });
    let made = upload(&app, request, &bytes).await;
    described(&app).await;
    let description = description_of(&app, made["id"].as_str().unwrap());
    assert_eq!(description["meeting"]["subject"], "Stand-up");
    assert_eq!(description["createdDateTime"], "2026-01-20T09:00:00.0000000Z");
    assert_eq!(
        description["source"],
        json!({ "system": "test", "id": "described" })
    );
    let sha256: String = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(description["content"]["sha256"], sha256);
    let people = description["people"].as_array().unwrap();
    assert!(
        people
            .iter()
            .any(|one| one["userPrincipalName"] == "organizer@contoso.example")
    );
    let key = description["content"]["key"].as_str().unwrap();
    let folder = app.stores.content_root().join(key).parent().unwrap().to_owned();
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "recording.json",
            "recording.mp4",
            "transcript.json",
            "transcript.vtt"
        ]
    );
}

#[tokio::test]
async fn what_changes_is_described_anew_and_what_goes_is_not_described_any_more() {
    let app = TestApp::start().await;
    described(&app).await;
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.ReadWrite"])
        .sign();
    let change = json!({ "subject": "Daily" });
    let changed = app
        .send_json(
            "PATCH",
            &format!("/v1.0/me/onlineMeetings/{STANDUP}"),
            &token,
            &change,
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    described(&app).await;
    assert_eq!(description_of(&app, "recording-1")["meeting"]["subject"], "Daily");
    app.seed(&format!("users:\n  - {{ id: {COORGANIZER}, tenantId: aaaaaaaa-0000-4000-8000-000000000001, displayName: Robin }}\n"))
        .await;
    described(&app).await;
    let tenant = description_of(&app, "aaaaaaaa-0000-4000-8000-000000000001");
    let users = tenant["users"].as_array().unwrap();
    assert!(
        users.iter().any(|user| user["displayName"] == "Robin"),
        "{tenant}"
    );
    assert!(!tenant.to_string().contains("argon2"), "{tenant}");
    let recording = description_of(&app, "recording-1");
    let people = recording["people"].as_array().unwrap();
    assert!(
        people.iter().any(|one| one["displayName"] == "Robin"),
        "{recording}"
    );
    app.seed("recordings:\n  - { id: recording-2, \"@removed\": { reason: deleted } }\n")
        .await;
    described(&app).await;
    let left = app
        .stores
        .descriptions()
        .into_iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    assert!(left.into_iter().all(|text| !text.contains("recording-2")));
}

/// The answers to everything that can be asked of a store.
async fn answers(app: &TestApp) -> Vec<(String, u16, String)> {
    let archiver = TokenOf::application(ARCHIVER)
        .permissions(&[
            "OnlineMeetingRecording.Read.All",
            "OnlineMeetingTranscript.Read.All",
            "OnlineMeetings.Read.All",
            "CallRecordings.Read.All",
            "CallTranscripts.Read.All",
            "User.Read.All",
        ])
        .sign();
    let fabrikam = TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign();
    let mut asked = vec![
        (format!("/v1.0/users/{ORGANIZER}"), &archiver),
        (standup_of(ORGANIZER), &archiver),
        (
            format!(
                "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
            ),
            &archiver,
        ),
        (
            format!(
                "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')"
            ),
            &archiver,
        ),
        (
            format!("/v1.0/users/{ORGANIZER}/adhocCalls/{CALL}/recordings"),
            &archiver,
        ),
        (
            format!("/v1.0/users/{ORGANIZER}/adhocCalls/{CALL}/transcripts"),
            &archiver,
        ),
        (
            format!("/v1.0/users/{FABRIKAM_ORGANIZER}/onlineMeetings/{FABRIKAM_MEETING}/recordings"),
            &fabrikam,
        ),
    ];
    for name in ["recordings", "transcripts"] {
        asked.push((format!("{}/{name}", standup_of(ORGANIZER)), &archiver));
        asked.push((format!("{}/{name}", standup_of(COORGANIZER)), &archiver));
    }
    let listed = app
        .get(&format!("{}/recordings", standup_of(ORGANIZER)), &archiver)
        .await;
    for id in listed.ids() {
        asked.push((format!("{}/recordings/{id}", standup_of(ORGANIZER)), &archiver));
        asked.push((
            format!("{}/recordings/{id}/content", standup_of(ORGANIZER)),
            &archiver,
        ));
    }
    let mut answers = Vec::new();
    for (path, token) in asked {
        let answer = app.get(&path, token).await;
        let etag = answer.header("etag").to_owned();
        let body = answer.text().replace(app.base(), "");
        // What differs from answer to answer.
        let body = match answer.status {
            200 => body,
            _ => answer.error().2,
        };
        answers.push((path, answer.status, format!("{etag} {body}")));
    }
    answers
}

#[tokio::test]
async fn a_lost_database_is_filled_from_the_store_and_answers_as_before() {
    let before = TestApp::start().await;
    let (fast, late) = (sample("faststart.mp4"), sample("moov-last.mp4"));
    upload(&before, into_standup("first", &fast), &fast).await;
    upload(&before, into_standup("second", &late), &late).await;
    let html = b"<!DOCTYPE html><html></html>".to_vec();
    upload(&before, into_standup("third", &html), &html).await;
    let deleted = upload(&before, into_standup("fourth", &fast), &fast).await;
    let gone = before
        .request(
            "DELETE",
            &format!("/api/v1/recordings/{}", deleted["id"].as_str().unwrap()),
        )
        .bearer_auth(uploader());
    assert_eq!(before.send(gone).await.status, 204);
    described(&before).await;
    let expected = answers(&before).await;

    // Another database, and what is not in the tree: who may ask.
    let after = TestApp::with()
        .bare()
        .config("uploads.session_lifetime = \"8d\"")
        .start()
        .await;
    copy(&before.stores.content_root(), &after.stores.content_root());
    let store = after.store.clone();
    let tree = Tree::new(store.db.clone(), store.content.clone(), store.clock.clone());
    let gathered = tree.gather(TRASH, &|_| {}).await.unwrap();
    assert_eq!(
        (gathered.tenants, gathered.known, gathered.problems.as_slice()),
        (2, 0, &[][..])
    );
    assert_eq!(gathered.artifacts, expected_artifacts(&before));
    let rights: String = include_str!("../support/seed.yaml")
        .split_once("\napplications:\n")
        .map(|(_, rest)| rest.split_once("\nonlineMeetings:").unwrap().0)
        .map(|rights| format!("applications:\n{rights}\n"))
        .unwrap();
    after.seed(&rights).await;
    let found = answers(&after).await;
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected);
    }
    // Where each came from is known too, so that nothing comes in twice.
    let again = after
        .send_json("POST", SESSIONS, &uploader(), &into_standup("first", &fast))
        .await;
    assert_eq!(again.status, 200, "{}", again.text());
    let again = after
        .send_json("POST", SESSIONS, &uploader(), &into_standup("fourth", &fast))
        .await;
    assert_eq!(again.error().0, 410);
    // What was deleted goes when it would have gone.
    let purges = |app: &TestApp| {
        let sql =
            "SELECT subject || ' ' || due_ticks FROM jobs WHERE name = 'artifact.purge' ORDER BY subject";
        app.stores.texts(sql)
    };
    assert_eq!(purges(&after).len(), 1);
    assert_eq!(purges(&after), purges(&before));
    // Done again, it changes nothing.
    let again = tree.gather(TRASH, &|_| {}).await.unwrap();
    assert_eq!(
        (again.tenants, again.artifacts, again.known),
        (0, 0, gathered.artifacts)
    );
    described(&after).await;
}

#[tokio::test]
async fn what_cannot_be_filled_in_is_named_and_the_rest_is() {
    let before = TestApp::start().await;
    described(&before).await;
    let after = TestApp::with().bare().start().await;
    let root = after.stores.content_root();
    copy(&before.stores.content_root(), &root);
    let of = |text: &str| {
        let mut all = after.stores.descriptions().into_iter();
        all.find(|file| std::fs::read_to_string(file).unwrap().contains(text))
            .unwrap_or_else(|| panic!("{text}"))
    };
    let change = |id: &str, change: &dyn Fn(&mut Value)| {
        let file = of(&format!("\"id\": \"{id}\",\n  \"tenantId\""));
        let mut description: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        change(&mut description);
        std::fs::write(&file, description.to_string()).unwrap();
    };
    let other = description_of(&before, "recording-2")["content"]["key"].clone();
    change("recording-1", &|own| own["content"]["key"] = other.clone());
    change("recording-2", &|own| {
        own["content"]["key"] = json!("../../../etc/passwd");
    });
    change("transcript-1", &|own| own["content"]["sha256"] = json!("00zz"));
    change("fabrikam-recording", &|own| own["format"] = json!(2));
    let store = after.store.clone();
    let tree = Tree::new(store.db.clone(), store.content.clone(), store.clock.clone());
    let gathered = tree.gather(TRASH, &|_| {}).await.unwrap();
    let mut problems: Vec<_> = gathered.problems.iter().map(|one| one.what.as_str()).collect();
    problems.sort_unstable();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[0].starts_with("\"00zz\" is no SHA-256"), "{problems:?}");
    assert!(
        problems[1].starts_with("it is of a newer version"),
        "{problems:?}"
    );
    assert!(
        problems[2].starts_with("its content is not beside it: \"../../"),
        "{problems:?}"
    );
    assert!(
        problems[3].starts_with("its content is not beside it: \"aaaa"),
        "{problems:?}"
    );
    assert_eq!(gathered.artifacts, expected_artifacts(&before) - 4);
    assert_eq!(gathered.tenants, 2);
    for problem in &gathered.problems {
        std::fs::remove_dir_all(root.join(&problem.key).parent().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_new_database_does_not_forget_whom_the_lost_one_knew() {
    let before = TestApp::start().await;
    described(&before).await;
    let after = TestApp::with().bare().start().await;
    let root = after.stores.content_root();
    copy(&before.stores.content_root(), &root);
    let file = root.join(CONTOSO).join("tenant.json");
    let kept = std::fs::read(&file).unwrap();
    after
        .seed(&format!("tenants:\n  - {{ id: {CONTOSO}, displayName: New }}\n"))
        .await;
    described(&after).await;
    assert_eq!(std::fs::read(&file).unwrap(), kept);

    // Filled in all the same, and from then on it leads.
    let store = after.store.clone();
    let tree = Tree::new(store.db.clone(), store.content.clone(), store.clock.clone());
    let gathered = tree.gather(TRASH, &|_| {}).await.unwrap();
    assert_eq!(gathered.problems, []);
    assert_eq!(gathered.artifacts, expected_artifacts(&before));
    described(&after).await;
    let tenant: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(tenant["displayName"], "New");
}

#[tokio::test]
async fn nobody_is_moved_to_another_tenant_by_what_a_folder_says() {
    let app = TestApp::start().await;
    described(&app).await;
    let root = app.stores.content_root();
    let strange = "dddddddd-0000-4000-8000-000000000001";
    let text = std::fs::read_to_string(root.join(CONTOSO).join("tenant.json")).unwrap();
    let folder = root.join(strange);
    std::fs::create_dir_all(&folder).unwrap();
    let tree = Tree::new(
        app.store.db.clone(),
        app.store.content.clone(),
        app.store.clock.clone(),
    );
    let gather = async || tree.gather(TRASH, &|_| {}).await.unwrap().problems;
    let users = || app.stores.rows()["users"].clone();
    let before = users();
    std::fs::write(folder.join("tenant.json"), &text).unwrap();
    let problems = gather().await;
    assert!(
        problems[0].what.starts_with("it describes the tenant"),
        "{problems:?}"
    );
    let mut other: Value = serde_json::from_str(&text.replace(CONTOSO, strange)).unwrap();
    other["verifiedDomains"] = json!([]);
    std::fs::write(folder.join("tenant.json"), other.to_string()).unwrap();
    let problems = gather().await;
    let is_refused = |what: &str| what.contains("a user of that id is in another tenant");
    assert!(
        !problems.is_empty() && problems.iter().all(|one| is_refused(&one.what)),
        "{problems:?}"
    );
    assert_eq!(users(), before);

    // And no recording, by what lies beside it.
    let file = app
        .stores
        .descriptions()
        .into_iter()
        .find(|file| file.ends_with("recording.json") && file.starts_with(root.join(CONTOSO)))
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(CONTOSO, FABRIKAM)).unwrap();
    let problems = gather().await;
    let is_told = |what: &str| what == "it lies in the folder of another tenant";
    assert!(problems.iter().any(|one| is_told(&one.what)), "{problems:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

fn expected_artifacts(app: &TestApp) -> usize {
    app.stores
        .texts("SELECT id FROM artifacts WHERE content_key IS NOT NULL")
        .len()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        let to = to.join(&name);
        if from.is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}
