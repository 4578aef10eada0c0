//! Real exchanges, each held against the document; at the end, whether every status that it names has been seen.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::described::{Described, Outcome};
use crate::support::names::{ARCHIVER, ORGANIZER, STANDUP, WITHOUT_POLICY, WRITE};
use crate::support::{Answer, TestApp, TokenOf, wait_until};
use crate::uploads::{SESSIONS, Upload, into_standup, sample, uploader};

const DESCRIPTION: &str = "/api/v1/openapi.json";
const SESSION: &str = "/api/v1/uploadSessions/{uploadSession}";
const RECORDING: &str = "/api/v1/recordings/{recording}";
const TRANSCRIPT: &str = "/api/v1/transcripts/{transcript}";

/// A path that names one thing.
fn named(path: &str, id: &str) -> String {
    path.replace("{recording}", id).replace("{transcript}", id)
}

/// What no test brings about: a fault of the server or its stores, a disk that fills up while bytes come, and a transcript
/// whose meeting goes while it is stored.
fn is_out_of_reach((method, path, status): &Outcome) -> bool {
    match (method.as_str(), path.as_str(), *status) {
        (_, _, 500 | 503) | ("PUT" | "DELETE", SESSION, 507) | ("POST", SESSIONS, 422) => true,
        // A bucket is never full.
        ("POST", SESSIONS, 507) => std::env::var("TEST_STORES").is_ok_and(|stores| stores.contains("s3")),
        _ => false,
    }
}

/// Asks, and holds what is answered against the document.
struct Witness<'a> {
    app: &'a TestApp,
    described: &'a Described,
    seen: &'a mut BTreeSet<Outcome>,
}

impl Witness<'_> {
    fn hold(&mut self, operation: (&str, &str), answer: Answer) -> Answer {
        self.seen.insert(self.described.check(operation, &answer));
        answer
    }

    async fn begin(&mut self, token: &str, request: &Value) -> Answer {
        let answer = self.app.send_json("POST", SESSIONS, token, request).await;
        self.hold(("POST", SESSIONS), answer)
    }

    /// An operation on an `uploadUrl`, without a body.
    async fn ask(&mut self, method: &str, upload: &Upload<'_>) -> Answer {
        let answer = self.app.send(self.app.request(method, upload.path())).await;
        self.hold((method, SESSION), answer)
    }

    async fn put(&mut self, upload: &Upload<'_>, range: &str, slice: &[u8]) -> Answer {
        let answer = upload.put_as(range, slice).await;
        self.hold(("PUT", SESSION), answer)
    }

    async fn delete(&mut self, path: &str, id: &str, token: &str) -> Answer {
        let target = named(path, id);
        let answer = self
            .app
            .send(self.app.request("DELETE", &target).bearer_auth(token))
            .await;
        self.hold(("DELETE", path), answer)
    }

    /// Every operation on an `uploadUrl`, all with the same refusal.
    async fn all_refused(&mut self, upload: &Upload<'_>, status: u16) {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            assert_eq!(self.ask(method, upload).await.status, status, "{method}");
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_described_and_what_is_described_is_answered() {
    let described = Described::new();
    let mut seen = BTreeSet::new();
    let app = TestApp::start().await;
    let mut witness = Witness {
        app: &app,
        described: &described,
        seen: &mut seen,
    };
    recordings(&mut witness).await;
    transcripts(&mut witness).await;
    refused_beginnings(&mut witness).await;
    refused_slices(&mut witness).await;
    two_writers(&mut witness).await;
    heads(&mut witness).await;
    deletions(&mut witness).await;
    revoked(&mut witness).await;
    limits(&described, &mut seen).await;
    let missing = described.outcomes().into_iter();
    let missing: Vec<Outcome> = missing
        .filter(|one| !seen.contains(one) && !is_out_of_reach(one))
        .collect();
    assert!(
        missing.is_empty(),
        "described, and nothing here answers it: {missing:#?}"
    );
}

async fn recordings(witness: &mut Witness<'_>) {
    let (app, bytes) = (witness.app, sample("faststart.mp4"));
    let total = bytes.len();
    let request = into_standup("whole", &bytes);
    let begun = witness.begin(&uploader(), &request).await;
    assert_eq!(begun.status, 201);
    let upload = Upload::of(app, &begun);
    assert_eq!(witness.ask("GET", &upload).await.status, 200);
    assert_eq!(witness.ask("HEAD", &upload).await.status, 200);
    let first = witness
        .put(&upload, &format!("bytes 0-999/{total}"), &bytes[..1000])
        .await;
    assert_eq!(first.status, 202);
    assert_eq!(witness.begin(&uploader(), &request).await.status, 200);
    let rest = format!("bytes 1000-{}/{total}", total - 1);
    let last = witness.put(&upload, &rest, &bytes[1000..]).await;
    assert_eq!(last.status, 201);
    assert!(!last.header("location").is_empty());
    assert_eq!(witness.put(&upload, &rest, &bytes[1000..]).await.status, 200);
    assert_eq!(witness.ask("GET", &upload).await.json()["id"], last.json()["id"]);
    assert_eq!(witness.begin(&uploader(), &request).await.status, 200);
    let given_up = Upload::begin(app, &into_standup("given-up", &bytes)).await;
    assert_eq!(witness.ask("DELETE", &given_up).await.status, 204);
    witness.all_refused(&given_up, 404).await;
}

async fn transcripts(witness: &mut Witness<'_>) {
    let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Megan>Good morning.</v>\n";
    let request = |id: &str, transcript: Value, item: Value| {
        json!({ "meeting": { "id": STANDUP }, "transcript": transcript, "item": item,
                "source": { "system": "test", "id": id } })
    };
    let inline = request("inline", json!({ "content": text }), Value::Null);
    for status in [201, 200] {
        assert_eq!(witness.begin(&uploader(), &inline).await.status, status);
    }
    let size = text.len();
    let slices = request("by-slices", json!({}), json!({ "size": size }));
    let upload = Upload::of(witness.app, &witness.begin(&uploader(), &slices).await);
    let range = format!("bytes 0-{}/{size}", size - 1);
    let made = witness.put(&upload, &range, text.as_bytes()).await;
    assert_eq!(made.status, 201);
}

async fn refused_beginnings(witness: &mut Witness<'_>) {
    let app = witness.app;
    let good = into_standup("refused", b"abc");
    let mut missing = good.clone();
    missing["meeting"]["id"] = graphophone::ids::meeting_id(ORGANIZER, "19:meeting_none@thread.v2").into();
    let other = TokenOf::application(WITHOUT_POLICY).permissions(&[WRITE]).sign();
    for (token, request, status) in [
        (uploader(), json!({}), 400),
        ("nonsense".to_owned(), good.clone(), 401),
        (other, good.clone(), 403),
        (uploader(), missing, 404),
    ] {
        assert_eq!(witness.begin(&token, &request).await.status, status);
    }
    let signed_in = TokenOf::user(ORGANIZER).permissions(&[WRITE]).sign();
    Upload::begin(app, &good).await;
    assert_eq!(witness.begin(&signed_in, &good).await.status, 409);
    let typed = app.request("POST", SESSIONS).bearer_auth(uploader());
    let typed = typed.header("content-type", "text/plain").body("{}");
    let typed = app.send(typed).await;
    assert_eq!(witness.hold(("POST", SESSIONS), typed).status, 415);
}

async fn refused_slices(witness: &mut Witness<'_>) {
    let (app, bytes) = (witness.app, sample("faststart.mp4"));
    let total = bytes.len();
    let mut request = into_standup("wrong", &bytes);
    let digest = digest::digest(&digest::SHA256, b"something else");
    request["item"]["sha256"] = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>()
        .into();
    let upload = Upload::begin(app, &request).await;
    for (range, slice, status) in [
        (String::new(), &b"x"[..], 400),
        (format!("bytes 0-9/{total}"), b"x", 400),
        (format!("bytes 5-5/{total}"), b"x", 416),
        (format!("bytes 0-0/{}", total + 1), b"x", 409),
        (format!("bytes 0-{}/{total}", total - 1), &bytes, 422),
        (format!("bytes 0-0/{total}"), b"x", 422),
    ] {
        assert_eq!(
            witness.put(&upload, &range, slice).await.status,
            status,
            "{range}"
        );
    }
    let failed = witness.ask("GET", &upload).await;
    assert!(failed.json()["@graphophone.fault"].is_string());
    // Begun again it says the same.
    let again = witness.begin(&uploader(), &request).await;
    assert!(again.json()["@graphophone.fault"].is_string());
    assert_eq!(witness.ask("DELETE", &upload).await.status, 204);
}

async fn two_writers(witness: &mut Witness<'_>) {
    let (app, bytes) = (witness.app, sample("faststart.mp4"));
    let upload = Upload::begin(app, &into_standup("two-writers", &bytes)).await;
    let range = format!("bytes 0-999/{}", bytes.len());
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nContent-Range: {range}\r\nContent-Length: 1000\r\n\r\n",
        upload.path()
    );
    let mut slow = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&bytes[..500]).await.unwrap();
    wait_until("the slow writer holds the session", || {
        let held = "SELECT id FROM upload_sessions WHERE worker IS NOT NULL";
        app.stores.texts(held).len() == 1
    })
    .await;
    assert_eq!(witness.put(&upload, &range, &bytes[..1000]).await.status, 423);
    assert_eq!(witness.ask("DELETE", &upload).await.status, 423);
    slow.write_all(&bytes[500..1000]).await.unwrap();
    wait_until("the slow slice is received", || {
        let held = "SELECT id FROM upload_sessions WHERE worker IS NOT NULL";
        app.stores.texts(held).is_empty()
    })
    .await;
}

/// Heads that are too large or can be read in two ways, methods that nothing has, and what `OPTIONS` says.
async fn heads(witness: &mut Witness<'_>) {
    let app = witness.app;
    let upload = Upload::begin(app, &into_standup("heads", b"abc")).await;
    for (method, path) in witness.described.operations() {
        let target = named(&path.replace(SESSION, upload.path()), "one");
        let target = target.as_str();
        let large = app
            .request(&method, target)
            .header("x-large", "x".repeat(33 * 1024));
        let answer = app.send(large).await;
        assert_eq!(
            witness.hold((&method, &path), answer).status,
            431,
            "{method} {path}"
        );
        let hosts = format!("{method} {target} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n");
        let answer = app.send_raw(hosts.as_bytes()).await;
        assert_eq!(answer.status, 400, "{method} {path}");
        witness.seen.insert((method.clone(), path.clone(), 400));
        if method == "OPTIONS" {
            let answer = app.send(app.request(&method, target)).await;
            let answer = witness.hold((&method, &path), answer);
            let header = &witness.described.operation(&method, &path)["responses"]["204"]["headers"]["Allow"];
            let said = header["description"].as_str().unwrap().trim_matches('`');
            assert_eq!(answer.header("allow"), said);
            let patch = app.send(app.request("PATCH", target)).await;
            assert_eq!((patch.error().0, patch.header("allow")), (405, said), "{path}");
        }
    }
    for method in ["GET", "HEAD"] {
        let answer = app.send(app.request(method, DESCRIPTION)).await;
        assert_eq!(witness.hold((method, DESCRIPTION), answer).status, 200);
    }
}

async fn deletions(witness: &mut Witness<'_>) {
    let (app, bytes) = (witness.app, sample("faststart.mp4"));
    let request = into_standup("deleted", &bytes);
    let upload = Upload::of(app, &witness.begin(&uploader(), &request).await);
    let recording = upload.put_all(&bytes, bytes.len()).await.json();
    let text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Megan>Good morning.</v>\n";
    let transcript = json!({ "meeting": { "id": STANDUP }, "transcript": { "content": text },
                             "source": { "system": "test", "id": "deleted-text" } });
    let transcript = witness.begin(&uploader(), &transcript).await.json();
    app.seed(&format!(
        "recordings:\n  - {{ id: held, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-13T09:00:00Z\", contentFile: one.mp4, \
         legalHold: true }}\n"
    ))
    .await;
    let reader = TokenOf::application(ARCHIVER).sign();
    let other = TokenOf::application(WITHOUT_POLICY).permissions(&[WRITE]).sign();
    for (path, id) in [(RECORDING, &recording["id"]), (TRANSCRIPT, &transcript["id"])] {
        let id = id.as_str().unwrap();
        for (token, id, status) in [
            ("nonsense", id, 401),
            (&reader, id, 403),
            (&other, id, 404),
            (&uploader(), "none", 404),
            (&uploader(), id, 204),
            (&uploader(), id, 204),
        ] {
            assert_eq!(witness.delete(path, id, token).await.status, status, "{path}");
        }
    }
    assert_eq!(witness.delete(RECORDING, "held", &uploader()).await.status, 423);
    assert_eq!(witness.begin(&uploader(), &request).await.status, 410);
    for (method, status) in [("GET", 410), ("HEAD", 410), ("PUT", 410), ("DELETE", 204)] {
        assert_eq!(witness.ask(method, &upload).await.status, status, "{method}");
    }
}

/// An `uploadUrl` of somebody who may not any more.
async fn revoked(witness: &mut Witness<'_>) {
    let app = witness.app;
    let upload = Upload::begin(app, &into_standup("revoked", b"abc")).await;
    let tenant = "aaaaaaaa-0000-4000-8000-000000000001";
    app.seed(&format!(
        "applicationAccessPolicies:\n  - {{ tenantId: {tenant}, identity: Archive-policy, appIds: [], grantedTo: {{ global: \
         true }} }}\n"
    ))
    .await;
    witness.all_refused(&upload, 403).await;
    app.seed(&format!(
        "applications:\n  - {{ appId: {ARCHIVER}, tenantId: {tenant}, accountEnabled: false, appRoles: [{WRITE}] }}\n"
    ))
    .await;
    witness.all_refused(&upload, 401).await;
}

/// What the configuration has to be another for.
async fn limits(described: &Described, seen: &mut BTreeSet<Outcome>) {
    for (config, status) in [
        ("limits.json_bytes = 1024", 413),
        ("throttling.writes_per_second = 1", 429),
        ("content.minimum_free = \"1000TiB\"", 507),
    ] {
        let app = TestApp::with().config(config).start().await;
        if status == 507 && app.stores.is_bucket() {
            continue;
        }
        let mut witness = Witness {
            app: &app,
            described,
            seen,
        };
        let mut found = BTreeSet::new();
        for number in 0..5 {
            let mut request = into_standup(&format!("limit-{number}"), b"abc");
            request["recording"]["callId"] = "x".repeat(1000).into();
            found.insert(witness.begin(&uploader(), &request).await.status);
            for path in [RECORDING, TRANSCRIPT] {
                witness.delete(path, "none", &uploader()).await;
            }
        }
        assert!(found.contains(&status), "{config}: {found:?}");
    }
}
