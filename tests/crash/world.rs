//! A server that comes and goes, as its clients see it, and the ledger of what it has acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use tokio::time::Instant;

use crate::binary::{DEADLINE, Http};
use crate::http::Request;

/// A recording whose making was acknowledged.
#[derive(Clone, Debug)]
pub struct Recording {
    pub id: String,
    /// Of what was uploaded.
    pub sha256: String,
    /// Of what is served, which has its index in front.
    pub served_sha256: String,
    /// Its deletion was acknowledged, and no restoration was.
    pub is_deleted: bool,
    /// Somebody is about to change that.
    pub is_changing: bool,
}

/// What clients share.
#[derive(Default)]
pub struct World {
    address: Mutex<Option<String>>,
    changed: Condvar,
    pub token: String,
    /// Bytes sent so far.
    pub sent: AtomicU64,
    /// Last slices sent so far.
    pub last_slices: AtomicU64,
    /// Deletions asked for so far.
    pub deletions: AtomicU64,
    /// How often the server was killed.
    pub kills: AtomicU64,
    /// Requests that a server was killed under.
    pub cut: AtomicU64,
    pub ledger: Mutex<Vec<Recording>>,
    /// How often each status came.
    pub statuses: Mutex<BTreeMap<u16, u64>>,
}

impl World {
    /// Without a server yet, for clients with that token.
    pub fn new(token: String) -> Self {
        Self {
            token,
            ..Self::default()
        }
    }

    /// Says where the server is, or that it is not.
    pub fn is_at(&self, address: Option<String>) {
        *self.address.lock().unwrap() = address;
        self.changed.notify_all();
    }

    /// Where it is, once it is.
    pub fn address(&self) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut address = self.address.lock().unwrap();
        loop {
            if let Some(address) = address.clone() {
                return address;
            }
            assert!(Instant::now() < deadline, "no server comes back");
            address = self.changed.wait_timeout(address, DEADLINE).unwrap().0;
        }
    }

    /// Sends a request once; status 0 where the server was killed meanwhile.
    pub fn send(&self, request: &Request<'_>) -> Http {
        let address = self.address();
        let answer = request.send(&address, &|bytes| {
            self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        });
        *self.statuses.lock().unwrap().entry(answer.status).or_default() += 1;
        if answer.status == 0 {
            self.cut.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Sends a request until there is an answer: one that may be sent twice.
    pub fn ask(&self, request: &Request<'_>) -> Http {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let answer = self.send(request);
            if answer.status != 0 {
                return answer;
            }
            assert!(Instant::now() < deadline, "no answer");
        }
    }

    /// What Graph has under a path.
    pub fn get(&self, path: &str) -> Http {
        self.ask(&Request::new("GET", path).with_token(&self.token))
    }

    /// The ids of all recordings of the stand-up.
    pub fn listed(&self, list: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut next = Some(list.to_owned());
        while let Some(path) = next {
            let answer = self.get(&path);
            ids.extend(answer.ids());
            let json = answer.json();
            next = json["@odata.nextLink"].as_str().map(path_of);
        }
        ids
    }

    /// Changes what the ledger says of a recording.
    pub fn note(&self, id: &str, change: impl FnOnce(&mut Recording)) {
        let mut ledger = self.ledger.lock().unwrap();
        change(ledger.iter_mut().find(|one| one.id == id).unwrap());
    }
}

/// The path of a URL of a server that had another port, perhaps.
pub fn path_of(url: &str) -> String {
    let rest = url.split("://").nth(1).unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}
