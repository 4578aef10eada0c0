//! A client that uploads one recording, and keeps in mind what was acknowledged.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::binary::{DEADLINE, Http};
use crate::chance::Chance;
use crate::http::{Request, told};
use crate::media::sha256;
use crate::names::STANDUP;
use crate::world::{World, path_of};

/// An upload under way.
pub struct Upload<'a> {
    pub world: &'a World,
    pub path: String,
    pub bytes: &'a [u8],
    /// So many bytes were acknowledged.
    pub acknowledged: usize,
    /// The server may not know yet that a slice before is cut: 423 is no failure.
    pub may_be_held: bool,
}

/// What asks for a session for `bytes` in the stand-up.
pub fn request(source: &str, bytes: &[u8]) -> Value {
    json!({
        "meeting": { "id": STANDUP },
        "recording": { "createdDateTime": "2026-01-20T09:00:00Z" },
        "item": { "name": "recording.mp4", "size": bytes.len(), "sha256": sha256(bytes) },
        "source": { "system": "crash", "id": source },
    })
}

/// Where the next byte is expected; the length of the whole where none is.
pub fn expected(answer: &Http, total: usize) -> usize {
    let json = answer.json();
    let ranges = json["nextExpectedRanges"].as_array().unwrap();
    assert!(json.get("@graphophone.fault").is_none(), "{json}");
    ranges.first().map_or(total, |range| {
        let (first, last) = range.as_str().unwrap().split_once('-').unwrap();
        assert_eq!(last.parse::<usize>().unwrap(), total - 1);
        first.parse().unwrap()
    })
}

impl<'a> Upload<'a> {
    /// Begins it.
    pub fn begin(world: &'a World, source: &str, bytes: &'a [u8]) -> Self {
        let body = request(source, bytes).to_string();
        let begin = Request::new("POST", "/api/v1/uploadSessions")
            .with_token(&world.token)
            .with_json(body.as_bytes());
        let begun = world.ask(&begin);
        assert!(matches!(begun.status, 200 | 201), "{}", told(&begun));
        Self {
            world,
            path: path_of(begun.json()["uploadUrl"].as_str().unwrap()),
            bytes,
            acknowledged: 0,
            may_be_held: false,
        }
    }

    /// Sends a slice from where it is.
    pub fn slice(&mut self, length: usize) -> Http {
        let (first, total) = (self.acknowledged, self.bytes.len());
        let end = total.min(first + length);
        if end == total {
            self.world.last_slices.fetch_add(1, Ordering::Relaxed);
        }
        let request = Request::new("PUT", &self.path).with_slice(first, &self.bytes[first..end], total);
        let answer = self.world.send(&request);
        if answer.status == 202 {
            self.acknowledged = end;
            assert_eq!(expected(&answer, total), end, "{}", told(&answer));
        }
        answer
    }

    /// Asks how far it is: never less than was acknowledged. The answer, where it has become something.
    pub fn status(&mut self) -> Option<Http> {
        let answer = self.world.ask(&Request::new("GET", &self.path));
        assert_eq!(answer.status, 200, "{}", told(&answer));
        if answer.json().get("nextExpectedRanges").is_none() {
            return Some(answer);
        }
        let found = expected(&answer, self.bytes.len());
        assert!(
            found >= self.acknowledged,
            "{found} is less than {}, which was acknowledged",
            self.acknowledged
        );
        self.acknowledged = found;
        None
    }

    /// Sends all of it in slices of chance, whatever happens to the server: the answer with what has come of it.
    pub fn until_made(&mut self, chance: &mut Chance) -> Http {
        let deadline = Instant::now() + DEADLINE * 4;
        loop {
            assert!(Instant::now() < deadline, "it does not come to an end");
            // When all bytes are there, any slice asks what has become of them.
            let (least, left) = (1, self.bytes.len() - self.acknowledged);
            let length = match chance.number(0, 9) {
                0 => chance.length(least, 64),
                1..7 => chance.length(least, 700_000),
                _ => left.max(1),
            };
            let answer = match left {
                0 => self.world.send(&Request::new("PUT", &self.path)),
                _ => self.slice(length),
            };
            match answer.status {
                202 => {}
                423 if self.may_be_held => std::thread::yield_now(),
                200 | 201 => return answer,
                0 => {
                    if let Some(made) = self.status() {
                        return made;
                    }
                }
                _ => panic!(
                    "at {} of {}: {}",
                    self.acknowledged,
                    self.bytes.len(),
                    told(&answer)
                ),
            }
        }
    }
}
