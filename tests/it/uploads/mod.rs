//! Recordings that come in over `/api/v1/uploadSessions`.

mod access;
mod begin;
mod deletion;
mod files;
mod slices;
mod tree;

use serde_json::{Value, json};

use crate::support::names::{ARCHIVER, STANDUP, WRITE};
use crate::support::{Answer, TestApp, TokenOf};

/// Where uploads begin.
pub const SESSIONS: &str = "/api/v1/uploadSessions";

/// A token of the archiver that may put recordings in.
pub fn uploader() -> String {
    TokenOf::application(ARCHIVER).permissions(&[WRITE]).sign()
}

/// A sample of `tests/media`.
pub fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// What asks for a session for `bytes` in the stand-up.
pub fn into_standup(id: &str, bytes: &[u8]) -> Value {
    json!({
        "meeting": { "id": STANDUP },
        "recording": { "createdDateTime": "2026-01-20T09:00:00Z" },
        "item": { "name": "recording.mp4", "size": bytes.len() },
        "source": { "system": "test", "id": id },
    })
}

/// An upload under way.
pub struct Upload<'a> {
    pub app: &'a TestApp,
    pub url: String,
}

impl<'a> Upload<'a> {
    /// Begins one that must begin.
    pub async fn begin(app: &'a TestApp, request: &Value) -> Self {
        let begun = app.send_json("POST", SESSIONS, &uploader(), request).await;
        assert!(matches!(begun.status, 200 | 201), "{}", begun.text());
        Self::of(app, &begun)
    }

    /// That of an answer.
    pub fn of(app: &'a TestApp, begun: &Answer) -> Self {
        let url = begun.json()["uploadUrl"]
            .as_str()
            .expect("no uploadUrl")
            .to_owned();
        Self { app, url }
    }

    /// The path of its `uploadUrl`.
    pub fn path(&self) -> &str {
        self.url.strip_prefix(self.app.base()).unwrap()
    }

    /// Sends a slice.
    pub async fn put(&self, first: usize, slice: &[u8], total: usize) -> Answer {
        let last = first + slice.len() - 1;
        self.put_as(&format!("bytes {first}-{last}/{total}"), slice).await
    }

    /// Sends a slice with that `Content-Range`.
    pub async fn put_as(&self, range: &str, slice: &[u8]) -> Answer {
        let request = self
            .app
            .request("PUT", self.path())
            .header("content-range", range);
        self.app.send(request.body(slice.to_vec())).await
    }

    /// Sends all of `bytes` in slices of that length.
    pub async fn put_all(&self, bytes: &[u8], length: usize) -> Answer {
        let mut first = 0;
        for slice in bytes.chunks(length) {
            let answer = self.put(first, slice, bytes.len()).await;
            first += slice.len();
            match first == bytes.len() {
                true => return answer,
                false => assert_eq!(answer.status, 202, "{}", answer.text()),
            }
        }
        panic!("there is nothing to send");
    }

    /// Asks how far it is.
    pub async fn status(&self) -> Answer {
        self.app.send(self.app.request("GET", self.path())).await
    }

    /// Gives it up.
    pub async fn delete(&self) -> Answer {
        self.app.send(self.app.request("DELETE", self.path())).await
    }
}

/// What is expected next.
pub fn expected(answer: &Answer) -> String {
    let ranges = &answer.json()["nextExpectedRanges"];
    assert_eq!(ranges.as_array().map(Vec::len), Some(1), "{}", answer.text());
    ranges[0].as_str().unwrap().to_owned()
}

/// Where Graph has what an answer brings, with a token that may read it.
pub async fn read_back(app: &TestApp, made: &Answer, what: &str) -> Answer {
    let location = made.header("location");
    let path = location
        .strip_prefix(app.base())
        .unwrap_or_else(|| panic!("{}", made.text()));
    app.get(&format!("{path}{what}"), &TokenOf::application(ARCHIVER).sign())
        .await
}
