//! The drill: everything that a server answers is asked before and after, over the same tokens and links.

use std::path::Path;

use graphophone::db::artifacts::ArtifactKind;
use graphophone::db::imported_files::{ImportedFile, Remember};
use graphophone::db::upload_sessions::Source;
use serde_json::{Value, json};

use super::{Place, backup, in_newest, keys_of, objects_in};
use crate::authority::MIDDLE_SEED;
use crate::authority::code;
use crate::support::names::{
    ARCHIVER, ATTENDEE, BY_CONSENT, CALL, CONTOSO, FABRIKAM_ARCHIVER, FABRIKAM_MEETING, FABRIKAM_ORGANIZER,
    ORGANIZER, OUTSIDER, my_standup, standup_of,
};
use crate::support::stores::Stores;
use crate::support::{Answer, MakeStores, Setup, TestApp, TokenOf, passphrase};
use crate::uploads::{Upload, into_standup, sample, uploader};

/// What there is to be lost: held back, on hold, of another tenant, and a name with everything that a text may have.
const MORE: &str = r#"
users:
  - { id: "aaaaaaaa-0000-4000-8000-00000000000a", tenantId: "aaaaaaaa-0000-4000-8000-000000000001", password: "organizer's own pass phrase", userPrincipalName: "organizer@contoso.example" }
applications:
  - appId: "aaaaaaaa-0000-4000-8000-0000000000a1"
    tenantId: "aaaaaaaa-0000-4000-8000-000000000001"
    displayName: "Archiver"
    isFallbackPublicClient: true
    appRoles: ["OnlineMeetingRecording.Read.All", "OnlineMeetingRecording.Write.All", "OnlineMeetingTranscript.Read.All", "OnlineMeetings.Read.All", "CallRecordings.Read.All", "CallTranscripts.Read.All", "User.Read.All"]
    scopes: ["OnlineMeetingRecording.Read.All", "OnlineMeetingTranscript.Read.All", "User.Read"]
    redirectUris: ["http://localhost/callback"]
recordings:
  - { id: "held-back", meetingId: "MSphYWFhYWFhYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGEqMCoqMTk6bWVldGluZ19zdGFuZHVwQHRocmVhZC52Mg==", createdDateTime: "2026-01-13T09:00:00Z", contentFile: "one.mp4", quarantined: true }
  - { id: "on-hold", meetingId: "MSphYWFhYWFhYS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMGEqMCoqMTk6bWVldGluZ19zdGFuZHVwQHRocmVhZC52Mg==", createdDateTime: "2026-01-14T09:00:00Z", contentFile: "one.mp4", legalHold: true }
onlineMeetings:
  - { id: "odd", organizerId: "aaaaaaaa-0000-4000-8000-00000000000a", subject: "a \U0010FFFF \"é\" \n", threadId: "19:odd@thread.v2" }
"#;

fn setup() -> Setup {
    TestApp::with().config("content.trash_days = 30")
}

async fn full() -> TestApp {
    let app = setup().seed(MIDDLE_SEED).seed(MORE).start().await;
    for (id, name) in [
        ("one", "moov-last.mp4"),
        ("two", "faststart.mp4"),
        ("three", "meeting.mkv"),
    ] {
        let bytes = sample(name);
        let made = Upload::begin(&app, &into_standup(id, &bytes))
            .await
            .put_all(&bytes, 100_000)
            .await;
        assert!(matches!(made.status, 200 | 201), "{}", made.text());
        if id == "two" {
            let path = format!("/api/v1/recordings/{}", made.json()["id"].as_str().unwrap());
            let deleted = app.request("DELETE", &path).bearer_auth(uploader());
            assert_eq!(app.send(deleted).await.status, 204);
        }
    }
    app
}

/// What is the same whoever answers: status, body, and the headers that tell of the thing.
fn essence(app: &TestApp, answer: &Answer) -> (u16, Vec<String>, Vec<u8>) {
    let names = ["etag", "content-type", "content-range", "location"];
    let headers = names.map(|name| answer.header(name).to_owned()).to_vec();
    let mut body = match std::str::from_utf8(&answer.body) {
        // Each server has a port of its own, and each sealed token a nonce.
        Ok(text) => without_tokens(&text.replace(app.base(), "[base]")).into_bytes(),
        Err(_) => answer.body.clone(),
    };
    // An error has the ids of its request.
    if let Ok(mut json) = serde_json::from_slice::<Value>(&body)
        && let Some(error) = json
            .get_mut("error")
            .and_then(|error| error.get_mut("innerError"))
    {
        *error = Value::Null;
        body = json.to_string().into_bytes();
    }
    (answer.status, headers, body)
}

/// `text` without what stands behind `$skiptoken=` and `$deltatoken=`.
fn without_tokens(text: &str) -> String {
    let mut parts = text.split("token=");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| {
        let end = part.find('"').unwrap_or(0);
        format!("{text}token=[token]{}", &part[end..])
    })
}

/// Every address, with who asks.
fn questions() -> Vec<(String, String)> {
    let archiver = TokenOf::application(ARCHIVER).permissions(&[
        "OnlineMeetingRecording.Read.All",
        "OnlineMeetingTranscript.Read.All",
        "OnlineMeetings.Read.All",
        "CallRecordings.Read.All",
        "CallTranscripts.Read.All",
        "User.Read.All",
    ]);
    let people = [ORGANIZER, ATTENDEE, OUTSIDER].map(|user| TokenOf::user(user).sign());
    let mut questions = Vec::new();
    let standup = standup_of(ORGANIZER);
    for path in [
        standup.clone(),
        format!("{standup}/recordings"),
        format!("{standup}/recordings?$top=2"),
        format!("{standup}/recordings/$count"),
        format!("{standup}/recordings/delta"),
        format!("{standup}/transcripts"),
        format!("{standup}/transcripts/transcript-1"),
        format!("{standup}/transcripts/transcript-1/content?$format=text/vtt"),
        format!("{standup}/transcripts/transcript-1/metadataContent"),
        format!("/v1.0/users/{ORGANIZER}/onlineMeetings/odd"),
        format!("/v1.0/users/{ORGANIZER}"),
        format!("/v1.0/users/{ORGANIZER}/adhocCalls/{CALL}/recordings"),
        format!("/v1.0/users/{ORGANIZER}/adhocCalls/{CALL}/transcripts"),
        format!(
            "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
        ),
        format!(
            "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')"
        ),
        format!("{standup}/recordings/held-back/content"),
        format!("{standup}/recordings/recording-2/content"),
        format!("{standup}/recordings/recording-1"),
    ] {
        questions.push((path, archiver.clone().sign()));
    }
    for person in people {
        for path in ["/recordings", "/recordings/recording-1/content", "/transcripts"] {
            questions.push((format!("{}{path}", my_standup()), person.clone()));
        }
        questions.push(("/v1.0/me".to_owned(), person));
    }
    let by_consent = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    questions.push((format!("{standup}/recordings"), by_consent));
    let fabrikam = TokenOf::application(FABRIKAM_ARCHIVER)
        .tenant(crate::support::names::FABRIKAM)
        .sign();
    let meeting = format!("/v1.0/users/{FABRIKAM_ORGANIZER}/onlineMeetings/{FABRIKAM_MEETING}/recordings");
    questions.push((meeting, fabrikam));
    questions
}

async fn answers(app: &TestApp) -> Vec<(String, (u16, Vec<String>, Vec<u8>))> {
    let mut answers = Vec::new();
    let archiver = TokenOf::application(ARCHIVER).sign();
    for (path, token) in questions() {
        let answer = app.get(&path, &token).await;
        // The content of whatever is listed.
        if path == format!("{}/recordings", standup_of(ORGANIZER)) && answer.status == 200 {
            for id in answer.ids() {
                let content = format!("{path}/{}/content", odata::query::encode_form(&id));
                answers.push((content.clone(), essence(app, &app.get(&content, &archiver).await)));
            }
        }
        answers.push((path, essence(app, &answer)));
    }
    answers
}

/// A server on what `folder` has answers as `app` did, with the tokens and links that were given out by that.
async fn drill(folder: &Path, app: TestApp, stores: Option<MakeStores>) {
    let before = answers(&app).await;
    assert!(before.iter().filter(|(_, (status, ..))| *status == 200).count() > 25);
    let (access, refresh) = code::tokens(&app).await;
    let archiver = TokenOf::application(ARCHIVER).sign();
    let page = app
        .get(&format!("{}/recordings?$top=2", standup_of(ORGANIZER)), &archiver)
        .await;
    let next = page.json()["@odata.nextLink"]
        .as_str()
        .unwrap()
        .replace(app.base(), "");
    let second_page = essence(&app, &app.get(&next, &archiver).await);
    let delta = format!("{}/recordings/delta", standup_of(ORGANIZER));
    let delta = app.get(&delta, &archiver).await.json();
    let delta = delta["@odata.deltaLink"]
        .as_str()
        .unwrap()
        .replace(app.base(), "");
    let open = into_standup("open", &sample("faststart.mp4"));
    let begun = app
        .send_json("POST", crate::uploads::SESSIONS, &uploader(), &open)
        .await;
    assert_eq!(begun.status, 201, "{}", begun.text());

    let taken = backup(&app, folder).await.unwrap();
    assert_eq!(taken.manifest.unfinished_uploads, 1);
    assert_eq!(taken.manifest.missing.count, 0);
    assert_eq!(objects_in(folder), keys_of(&app));
    // What comes later is not in it.
    app.seed("users: [{ id: \"aaaaaaaa-0000-4000-8000-0000000000ff\", tenantId: \"aaaaaaaa-0000-4000-8000-000000000001\" }]")
        .await;
    app.stop();

    let restored = setup().restored(folder, stores).start().await;
    let after = answers(&restored).await;
    for ((path, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(
            (before.0, &before.1, String::from_utf8_lossy(&before.2)),
            (after.0, &after.1, String::from_utf8_lossy(&after.2)),
            "{path}"
        );
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(
        essence(&restored, &restored.get(&next, &archiver).await),
        second_page
    );
    let news = restored.get(&delta, &archiver).await;
    assert_eq!(
        (news.status, news.json()["value"].clone()),
        (200, json!([])),
        "{}",
        news.text()
    );
    let mine = format!("{}/recordings", my_standup());
    assert_eq!(restored.get(&mine, &access).await.status, 200);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", ARCHIVER),
        ("refresh_token", refresh.as_str()),
    ];
    let renewed = restored
        .post_form(&format!("/{CONTOSO}/oauth2/v2.0/token"), &form)
        .await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    // What was on its way begins anew.
    let begun = restored
        .send_json("POST", crate::uploads::SESSIONS, &uploader(), &open)
        .await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    // What was deleted can be brought back, what came in does not come twice.
    let deleted = restored
        .stores
        .texts("SELECT id FROM artifacts WHERE deleted_ticks IS NOT NULL");
    assert_eq!(deleted.len(), 1);
    let again = into_standup("one", &sample("moov-last.mp4"));
    let again = restored
        .send_json("POST", crate::uploads::SESSIONS, &uploader(), &again)
        .await;
    assert_eq!(again.status, 200, "{}", again.text());
}

#[tokio::test]
async fn a_restored_store_answers_as_the_first_did() {
    let folder = tempfile::tempdir().unwrap();
    drill(&folder.path().join("backup"), full().await, None).await;
}

#[tokio::test]
async fn a_store_of_files_answers_as_the_first_did() {
    let folder = tempfile::tempdir().unwrap();
    drill(
        &folder.path().join("backup"),
        full().await,
        Some(Stores::in_files),
    )
    .await;
}

#[tokio::test]
async fn a_store_on_servers_answers_as_the_first_did() {
    let folder = tempfile::tempdir().unwrap();
    let stores: MakeStores = |_| Stores::on_servers();
    drill(&folder.path().join("backup"), full().await, Some(stores)).await;
}

/// Rows as a snapshot has them, without what each content store says of its own.
fn rows(folder: &Path) -> Vec<(String, Vec<Value>)> {
    let mut tables: Vec<_> = std::fs::read_dir(in_newest(folder, "rows"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    tables.sort();
    let rows = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let mut rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let own = rows[0]
            .as_array()
            .unwrap()
            .iter()
            .position(|name| name == "modified_ns");
        if let Some(own) = own.filter(|_| path.ends_with("content_objects.ndjson")) {
            rows.iter_mut().for_each(|row| row[own] = Value::Null);
        }
        (path.file_name().unwrap().to_str().unwrap().to_owned(), rows)
    };
    tables.iter().map(rows).collect()
}

#[tokio::test]
async fn a_backup_of_the_restored_store_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    let app = full().await;
    code::tokens(&app).await;
    // One engine keeps some texts otherwise than they are.
    let odd = ImportedFile {
        path: "a\0b \u{10FFFF}0 \u{10FFFF} \"\n".to_owned(),
        size_bytes: i64::MAX,
        modified_ns: i64::MIN,
        tenant_id: CONTOSO.to_owned(),
        source: Source {
            system: String::new(),
            id: "\0".to_owned(),
        },
        kind: ArtifactKind::Recording,
    };
    app.store.db.write(Remember(odd)).await.unwrap();
    backup(&app, &first).await.unwrap();
    let expected = rows(&first);
    assert!(expected.iter().filter(|(_, rows)| rows.len() > 1).count() > 20);
    app.stop();
    for (number, place) in [
        Place::new(),
        Place::on(Stores::in_files),
        Place::on(|_| Stores::on_servers()),
    ]
    .iter()
    .enumerate()
    {
        place.restore(&first).await.unwrap();
        let store = place.open().await;
        let second = folder.path().join(number.to_string());
        let again = graphophone::backup::Backup::begin(super::all_of(&store), &second)
            .await
            .unwrap();
        let taken = again.run(&super::quiet).await.unwrap();
        assert_eq!(taken.manifest.keys.map(|keys| keys.count), Some(2));
        for (before, after) in expected.iter().zip(&rows(&second)) {
            assert_eq!(before, after);
        }
        assert_eq!(objects_in(&first), objects_in(&second));
        // It is the same store: its backups go on in the same folder, and copy nothing.
        let gone_on = graphophone::backup::Backup::begin(super::all_of(&store), &first)
            .await
            .unwrap();
        assert_eq!(gone_on.run(&super::quiet).await.unwrap().copied, 0);
    }
}

/// Recordings come in and go for good while snapshots are taken; each is whole, and of one state.
#[tokio::test]
async fn snapshots_are_whole_while_recordings_come_and_go() {
    let app = TestApp::with().config("content.trash_days = 0").start().await;
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample("moov-last.mp4");
    let come_and_go = async {
        for number in 0..12 {
            let upload = Upload::begin(&app, &into_standup(&number.to_string(), &bytes)).await;
            let made = upload.put_all(&bytes, bytes.len()).await.json();
            if number % 3 > 0 {
                let path = format!("/api/v1/recordings/{}", made["id"].as_str().unwrap());
                let deleted = app.request("DELETE", &path).bearer_auth(uploader());
                assert_eq!(app.send(deleted).await.status, 204);
            }
        }
    };
    let take = async {
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(backup(&app, folder.path()).await.unwrap());
        }
        taken
    };
    let ((), taken) = tokio::join!(come_and_go, take);
    for one in taken {
        assert_eq!(one.missing, []);
        let place = Place::new();
        let name = one.name.as_str();
        let restored = place
            .restore_with(folder.path(), Some(name), Some(passphrase()))
            .await
            .unwrap();
        assert_eq!(restored.missing, []);
        let named = place.stores.texts(
            "SELECT content_key FROM artifacts WHERE content_key NOT IN (SELECT content_key FROM content_objects)",
        );
        assert_eq!(named, [""; 0]);
    }
    // So that nothing is left that the server is still removing.
    crate::support::wait_until("what was deleted is gone", || {
        app.stores
            .texts("SELECT id FROM jobs WHERE name IN ('artifact.purge', 'content.remove') AND subject NOT LIKE '%.json'")
            .is_empty()
    })
    .await;
}
