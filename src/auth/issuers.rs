//! The key set of each configured issuer, kept fresh.
//!
//! A file is read again when it changes. A set from the network is fetched by one request while the others
//! wait; later it is refreshed beside the requests. While the issuer is down, the keys that are known go on
//! working; a key that a later set no longer holds is refused.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::fetch::{FetchFault, KeyLocation};
use super::key_set::{BadKeySet, KeySet, PERSONAL_TENANT, TENANT_PLACEHOLDER, VerifyingKey};
use crate::clock::{Clock, Ticks};
use crate::config::issuer::{IssuerConfig, KeySource};

/// The longest file of keys that is read.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How often a file is asked whether it has changed, and how often a kid that it lacks makes it be read again.
const FILE_CHECK: Duration = Duration::from_millis(250);

/// An unknown kid causes one fetch in this time; a refresh that failed is tried again after it.
const FETCH_PAUSE: Duration = Duration::from_secs(30);

/// A set older than this is refreshed while requests go on with it.
const REFRESH_AGE: Duration = Duration::from_secs(10 * 60);

/// A request that finds a set older than this waits for the refresh: nobody may have asked for a long time, and
/// a key that is gone must be refused within 15 min.
const WAIT_AGE: Duration = Duration::from_secs(14 * 60);

/// For so long after a fetch that failed nobody waits for the next one, if the key is known: while the issuer is
/// down, that would slow down request after request.
const FAILURE_MEMORY: Duration = Duration::from_secs(2 * 60);

/// Where one issuer's keys come from, with those that are known.
pub enum IssuerKeys {
    /// In a file.
    File(FileKeys),
    /// On the network.
    Remote(Arc<RemoteKeys>),
}

impl IssuerKeys {
    /// The keys of `issuer` at a URL.
    ///
    /// # Errors
    /// [`FetchFault`] where the URL cannot be used.
    pub fn at(
        issuer: &str,
        jwks_uri: &str,
        ca_file: Option<&Path>,
        clock: &Clock,
    ) -> Result<Self, FetchFault> {
        let location = KeyLocation::at(jwks_uri, ca_file)?;
        Ok(Self::Remote(RemoteKeys::new(
            issuer.to_owned(),
            location,
            clock.clone(),
        )))
    }

    /// Opens the source of the issuer; `at` is its path in the configuration, for problems.
    pub(super) fn open(config: &IssuerConfig, at: &str, clock: &Clock) -> Result<Self, String> {
        let ca_file = config.ca_file.as_deref();
        let location = match &config.keys {
            KeySource::File(path) => {
                let keys = FileKeys::open(path.clone(), clock.clone());
                return keys
                    .map(Self::File)
                    .map_err(|fault| problem(at, "jwks_file", path, &fault));
            }
            KeySource::Uri(uri) => KeyLocation::at(uri, ca_file),
            KeySource::Discovery => {
                let issuer = concrete_issuer(config).ok_or_else(|| {
                    format!("{at}.jwks_uri: needed, as `issuer` holds {{tenantid}} and `tenants` names none whose discovery could be asked")
                })?;
                KeyLocation::discovered(&issuer, ca_file)
            }
        };
        match location {
            Ok(location) => Ok(Self::Remote(RemoteKeys::new(
                config.issuer.clone(),
                location,
                clock.clone(),
            ))),
            Err(fault @ FetchFault::BadRoots(_)) => Err(format!("{at}.ca_file: {fault}")),
            Err(fault) if config.keys == KeySource::Discovery => Err(format!("{at}.issuer: {fault}")),
            Err(fault) => Err(format!("{at}.jwks_uri: {fault}")),
        }
    }

    /// The key of that id, or the only one.
    pub async fn find(&self, kid: Option<&str>) -> Option<Arc<VerifyingKey>> {
        match self {
            Self::File(keys) => keys.find(kid),
            Self::Remote(keys) => keys.find(kid).await,
        }
    }
}

fn problem(at: &str, key: &str, path: &Path, fault: &FileFault) -> String {
    format!("{at}.{key}: `{}` {fault}", path.display())
}

/// The issuer whose discovery document is asked: of several tenants the first, as they share their keys.
fn concrete_issuer(config: &IssuerConfig) -> Option<String> {
    if !config.issuer.contains(TENANT_PLACEHOLDER) {
        return Some(config.issuer.clone());
    }
    let tenant = config
        .tenants
        .iter()
        .flatten()
        .find(|tenant| *tenant != PERSONAL_TENANT)?;
    Some(config.issuer.replace(TENANT_PLACEHOLDER, tenant))
}

/// Nothing panics while one of these locks is held; if it did, what is behind it is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `pause` is over; also when the clock was set back.
fn elapsed(since: Option<Ticks>, pause: Duration, now: Ticks) -> bool {
    since.is_none_or(|since| now < since || now >= since.plus(pause))
}

/// Keys in a file.
pub struct FileKeys {
    path: PathBuf,
    clock: Clock,
    state: Mutex<FileState>,
}

struct FileState {
    set: Arc<KeySet>,
    stamp: Option<Stamp>,
    checked: Ticks,
    read: Ticks,
    /// The problem that was logged last.
    problem: Option<FileFault>,
}

/// What changes when a file does, or when another takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size_bytes: u64,
    /// Seconds and nanoseconds.
    content_changed: (i64, i64),
    inode_changed: (i64, i64),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum FileFault {
    #[error("cannot be read: {0}")]
    Unreadable(std::io::ErrorKind),
    #[error("is longer than 1 MiB")]
    TooLong,
    #[error(transparent)]
    BadKeySet(#[from] BadKeySet),
}

impl FileKeys {
    fn open(path: PathBuf, clock: Clock) -> Result<Self, FileFault> {
        let now = clock.now();
        let stamp = stamp(&path);
        let set = Arc::new(read_key_set(&path)?);
        let state = FileState {
            set,
            stamp,
            checked: now,
            read: now,
            problem: None,
        };
        Ok(Self {
            path,
            clock,
            state: Mutex::new(state),
        })
    }

    /// Asking for the time of change and reading are done on the runtime's thread: the file is small, local and
    /// rarely changes.
    fn find(&self, kid: Option<&str>) -> Option<Arc<VerifyingKey>> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        if elapsed(Some(state.checked), FILE_CHECK, now) {
            state.checked = now;
            self.read_if_changed(&mut state, now);
        }
        if let Some(key) = state.set.find(kid) {
            return Some(key);
        }
        if elapsed(Some(state.read), FILE_CHECK, now) {
            self.read(&mut state, now);
        } else {
            self.read_if_changed(&mut state, now);
        }
        state.set.find(kid)
    }

    fn read_if_changed(&self, state: &mut FileState, now: Ticks) {
        if stamp(&self.path) != state.stamp {
            self.read(state, now);
        }
    }

    /// Takes over what the file holds; a file that is broken, perhaps half written, changes nothing.
    fn read(&self, state: &mut FileState, now: Ticks) {
        state.read = now;
        // Before the content: a change during the reading is then seen next time.
        state.stamp = stamp(&self.path);
        match read_key_set(&self.path) {
            Ok(set) => {
                state.set = Arc::new(set);
                state.problem = None;
            }
            Err(fault) => {
                if state.problem.as_ref() != Some(&fault) {
                    tracing::warn!(path = %self.path.display(), "jwks_file {fault}; the keys read before stay");
                }
                state.problem = Some(fault);
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        inode: metadata.ino(),
        size_bytes: metadata.size(),
        content_changed: (metadata.mtime(), metadata.mtime_nsec()),
        inode_changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

fn read_key_set(path: &Path) -> Result<KeySet, FileFault> {
    let unreadable = |error: std::io::Error| FileFault::Unreadable(error.kind());
    let mut json = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let length = file
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(unreadable)?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(FileFault::TooLong);
    }
    Ok(KeySet::parse(&json)?)
}

/// Keys on the network.
pub struct RemoteKeys {
    issuer: String,
    location: KeyLocation,
    clock: Clock,
    state: Mutex<RemoteState>,
    /// Changes when a fetch ends.
    ended: watch::Sender<()>,
}

#[derive(Default)]
struct RemoteState {
    set: Option<Arc<KeySet>>,
    /// When the set was fetched.
    fetched: Option<Ticks>,
    /// When a fetch was last begun.
    begun: Option<Ticks>,
    /// When a fetch was last begun for an unknown kid.
    begun_for_unknown: Option<Ticks>,
    running: bool,
    /// The last fetch failed.
    failing: bool,
}

impl RemoteState {
    fn key(&self, kid: Option<&str>) -> Option<Arc<VerifyingKey>> {
        self.set.as_ref()?.find(kid)
    }
}

/// What a request does after a look at the state.
enum Step {
    Answer(Option<Arc<VerifyingKey>>),
    Wait(watch::Receiver<()>),
}

impl RemoteKeys {
    fn new(issuer: String, location: KeyLocation, clock: Clock) -> Arc<Self> {
        let state = Mutex::new(RemoteState::default());
        Arc::new(Self {
            issuer,
            location,
            clock,
            state,
            ended: watch::Sender::new(()),
        })
    }

    async fn find(self: &Arc<Self>, kid: Option<&str>) -> Option<Arc<VerifyingKey>> {
        let mut ended = match self.first_look(kid) {
            Step::Answer(key) => return key,
            Step::Wait(ended) => ended,
        };
        // An error would mean that the sender is gone, and `self` holds it.
        let _ = ended.changed().await;
        let mut state = lock(&self.state);
        let key = state.key(kid);
        if key.is_none() {
            // The first fetch counts as one for an unknown kid if it was in vain.
            state.begun_for_unknown = state.begun_for_unknown.max(state.begun);
        }
        key
    }

    /// Answers from what is known, or begins a fetch, or joins the one that runs.
    fn first_look(self: &Arc<Self>, kid: Option<&str>) -> Step {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let known = state.key(kid);
        let mut wait = known.is_none();
        if known.is_some() {
            if !elapsed(state.fetched, REFRESH_AGE, now) {
                return Step::Answer(known);
            }
            let just_failed = state.failing && !elapsed(state.begun, FAILURE_MEMORY, now);
            wait = elapsed(state.fetched, WAIT_AGE, now) && !just_failed;
            if !state.running && elapsed(state.begun, FETCH_PAUSE, now) {
                self.begin(&mut state, now);
            }
        } else if !state.running && elapsed(state.begun_for_unknown, FETCH_PAUSE, now) {
            if state.set.is_some() {
                state.begun_for_unknown = Some(now);
            }
            self.begin(&mut state, now);
        }
        if wait && state.running {
            Step::Wait(self.ended.subscribe())
        } else {
            Step::Answer(known)
        }
    }

    /// Starts a fetch of its own, so that it ends well even if the request that began it goes away.
    fn begin(self: &Arc<Self>, state: &mut RemoteState, now: Ticks) {
        state.running = true;
        state.begun = Some(now);
        let flight = Flight {
            keys: Arc::clone(self),
            outcome: None,
        };
        tokio::spawn(flight.run());
    }
}

/// The fault and what caused it: of a failed connection only the innermost cause says why.
fn with_causes(fault: &FetchFault) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// One fetch. Dropping it, also half-way with its runtime, lets the waiting requests go on.
struct Flight {
    keys: Arc<RemoteKeys>,
    outcome: Option<KeySet>,
}

impl Flight {
    async fn run(mut self) {
        match self.keys.location.fetch().await {
            Ok(set) => self.outcome = Some(set),
            Err(fault) => tracing::warn!(
                issuer = self.keys.issuer,
                "cannot fetch an issuer's keys: {}; the keys known before stay",
                with_causes(&fault)
            ),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = lock(&self.keys.state);
        state.running = false;
        state.failing = self.outcome.is_none();
        if let Some(set) = self.outcome.take() {
            state.set = Some(Arc::new(set));
            // Not now: the answer may be as old as the question.
            state.fetched = state.begun;
        }
        // Under the lock: nobody who waits for the next fetch is woken by this one.
        self.keys.ended.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixtures::{Answer, IssuerServer, issuer_config, jwk, key_set};
    use super::*;

    const START: Ticks = Ticks::from_unix_seconds(1_800_000_000);

    fn remote(server: &IssuerServer, clock: &Clock) -> Arc<RemoteKeys> {
        let location = KeyLocation::at(&server.url("/keys"), None).unwrap();
        RemoteKeys::new(server.url(""), location, clock.clone())
    }

    async fn knows(keys: &Arc<RemoteKeys>, kid: &str) -> bool {
        keys.find(Some(kid)).await.is_some()
    }

    fn advance(clock: &Clock, seconds: u64) {
        clock.set(clock.now().plus(Duration::from_secs(seconds)));
    }

    /// Lets every other task run until it waits for something outside.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn many_waiting_requests_cause_one_fetch() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let gate = server.close_gate().await;
        let keys = remote(&server, &clock);
        let requests: Vec<_> = (0..50)
            .map(|_| {
                let keys = Arc::clone(&keys);
                tokio::spawn(async move { knows(&keys, "one").await })
            })
            .collect();
        settle().await;
        drop(gate);
        for request in requests {
            assert!(request.await.unwrap());
        }
        assert_eq!(server.hits(), 1);
    }

    #[tokio::test]
    async fn a_request_that_goes_away_does_not_take_the_fetch_with_it() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let gate = server.close_gate().await;
        let keys = remote(&server, &clock);
        let first = tokio::spawn({
            let keys = Arc::clone(&keys);
            async move { knows(&keys, "one").await }
        });
        settle().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        drop(gate);
        assert!(knows(&keys, "one").await);
        assert_eq!(server.hits(), 1);
    }

    #[tokio::test]
    async fn unknown_kids_cause_one_fetch_in_30_s() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let keys = remote(&server, &clock);
        for n in 0..20 {
            assert!(!knows(&keys, &format!("unknown-{n}")).await);
        }
        assert_eq!(server.hits(), 1);
        advance(&clock, 29);
        assert!(!knows(&keys, "unknown").await);
        assert_eq!(server.hits(), 1);
        advance(&clock, 1);
        for _ in 0..20 {
            assert!(!knows(&keys, "unknown").await);
        }
        assert_eq!(server.hits(), 2);
        assert!(knows(&keys, "one").await);
        assert_eq!(server.hits(), 2);
    }

    #[tokio::test]
    async fn a_new_key_works_at_once_and_a_removed_one_is_refused() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let keys = remote(&server, &clock);
        assert!(knows(&keys, "one").await);
        server.set(Answer::json(&key_set(&[jwk("two")])));
        assert!(knows(&keys, "two").await);
        assert!(!knows(&keys, "one").await);
        assert_eq!(server.hits(), 2);
    }

    #[tokio::test]
    async fn a_set_is_refreshed_beside_the_requests() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let keys = remote(&server, &clock);
        assert!(knows(&keys, "one").await);
        server.set(Answer::json(&key_set(&[jwk("two")])));
        advance(&clock, 9 * 60);
        assert!(knows(&keys, "one").await);
        assert_eq!(server.hits(), 1);
        advance(&clock, 60);
        let mut ended = keys.ended.subscribe();
        assert!(knows(&keys, "one").await);
        ended.changed().await.unwrap();
        assert!(!knows(&keys, "one").await);
        assert!(knows(&keys, "two").await);
    }

    #[tokio::test]
    async fn after_a_quiet_time_a_removed_key_is_refused_at_once() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let keys = remote(&server, &clock);
        assert!(knows(&keys, "one").await);
        server.set(Answer::json(&key_set(&[jwk("two")])));
        advance(&clock, 15 * 60);
        assert!(!knows(&keys, "one").await);
    }

    #[tokio::test]
    async fn the_issuer_being_down_harms_nobody_whose_key_is_known() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let keys = remote(&server, &clock);
        assert!(knows(&keys, "one").await);
        server.set(Answer::Close);
        for _ in 0..5 {
            advance(&clock, 3600);
            assert!(knows(&keys, "one").await);
            assert!(!knows(&keys, "two").await);
        }
        // An answer that is no key set is no reason to forget one.
        server.set(Answer::json(r#"{"keys":[]}"#));
        advance(&clock, 3600);
        assert!(knows(&keys, "one").await);
        // While it is known to be down nobody waits for it.
        let gate = server.close_gate().await;
        advance(&clock, 30);
        assert!(knows(&keys, "one").await);
        drop(gate);
    }

    #[tokio::test]
    async fn an_issuer_that_was_down_at_first_is_asked_again_after_30_s() {
        let clock = Clock::manual(START);
        let server = IssuerServer::start(Answer::Close).await;
        let keys = remote(&server, &clock);
        assert!(!knows(&keys, "one").await);
        let hits = server.hits();
        assert!(!knows(&keys, "one").await);
        assert_eq!(server.hits(), hits);
        server.set(Answer::json(&key_set(&[jwk("one")])));
        advance(&clock, 30);
        assert!(knows(&keys, "one").await);
    }

    struct KeyFile {
        folder: tempfile::TempDir,
        clock: Clock,
    }

    impl KeyFile {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
                clock: Clock::manual(START),
            }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("keys.json")
        }

        fn write(&self, content: &str) {
            std::fs::write(self.path(), content).unwrap();
        }

        fn open(&self) -> Result<FileKeys, FileFault> {
            FileKeys::open(self.path(), self.clock.clone())
        }
    }

    #[test]
    fn a_key_added_to_the_file_works_within_a_second() {
        let file = KeyFile::new();
        file.write(&key_set(&[jwk("one")]));
        let keys = file.open().unwrap();
        assert!(keys.find(Some("two")).is_none());
        file.write(&key_set(&[jwk("one"), jwk("two")]));
        advance(&file.clock, 1);
        assert!(keys.find(Some("two")).is_some());
    }

    #[test]
    fn a_key_removed_from_the_file_is_refused_within_a_second() {
        let file = KeyFile::new();
        file.write(&key_set(&[jwk("one"), jwk("two")]));
        let keys = file.open().unwrap();
        assert!(keys.find(Some("two")).is_some());
        file.write(&key_set(&[jwk("one")]));
        advance(&file.clock, 1);
        assert!(keys.find(Some("two")).is_none());
    }

    #[test]
    fn a_file_that_breaks_keeps_its_keys_until_it_is_whole() {
        let file = KeyFile::new();
        file.write(&key_set(&[jwk("one")]));
        let keys = file.open().unwrap();
        for broken in ["", "{", r#"{"keys":[]}"#, &key_set(&[jwk("two"), jwk("two")])] {
            file.write(broken);
            advance(&file.clock, 1);
            assert!(keys.find(Some("one")).is_some(), "{broken}");
            assert!(keys.find(Some("two")).is_none(), "{broken}");
        }
        std::fs::remove_file(file.path()).unwrap();
        advance(&file.clock, 1);
        assert!(keys.find(Some("one")).is_some());
        file.write(&key_set(&[jwk("two")]));
        advance(&file.clock, 1);
        assert!(keys.find(Some("two")).is_some());
        assert!(keys.find(Some("one")).is_none());
    }

    #[test]
    fn a_file_without_usable_keys_or_with_one_kid_twice_is_refused() {
        let file = KeyFile::new();
        assert_eq!(
            file.open().err(),
            Some(FileFault::Unreadable(std::io::ErrorKind::NotFound))
        );
        let mut encrypts = jwk("one");
        encrypts["use"] = json!("enc");
        for (content, expected) in [
            (key_set(&[]), BadKeySet::NoUsableKey),
            (key_set(&[encrypts.clone()]), BadKeySet::NoUsableKey),
            (
                key_set(&[jwk("one"), jwk("one")]),
                BadKeySet::SameKid("one".to_owned()),
            ),
            ("[]".to_owned(), BadKeySet::NotAKeySet),
        ] {
            file.write(&content);
            assert_eq!(
                file.open().err(),
                Some(FileFault::BadKeySet(expected)),
                "{content}"
            );
        }
        file.write(&key_set(&[jwk("one"), encrypts]));
        assert!(file.open().is_ok());
        file.write(&" ".repeat(1024 * 1024 + 1));
        assert_eq!(file.open().err(), Some(FileFault::TooLong));
    }

    #[test]
    fn a_problem_names_its_key() {
        let clock = Clock::manual(START);
        let missing = KeySource::File(PathBuf::from("missing.json"));
        let template = "https://login.example/{tenantid}/v2.0";
        let http = KeySource::Uri("http://keys.example/".to_owned());
        for (issuer, keys, ca_file, expected) in [
            (
                "https://a.example",
                missing,
                None,
                "issuers[3].jwks_file: `missing.json` cannot be read",
            ),
            (
                "https://a.example",
                http,
                None,
                "issuers[3].jwks_uri: `http://keys.example/` is not",
            ),
            ("not a url", KeySource::Discovery, None, "issuers[3].issuer: "),
            (
                template,
                KeySource::Discovery,
                None,
                "issuers[3].jwks_uri: needed",
            ),
            (
                "https://a.example",
                KeySource::Discovery,
                Some("missing.pem"),
                "issuers[3].ca_file: ",
            ),
        ] {
            let mut config = issuer_config(issuer, keys);
            config.ca_file = ca_file.map(PathBuf::from);
            let problem = IssuerKeys::open(&config, "issuers[3]", &clock).err().unwrap();
            assert!(problem.starts_with(expected), "{problem}");
        }
        let mut config = issuer_config(template, KeySource::Discovery);
        config.tenants = Some(vec![PERSONAL_TENANT.to_owned(), "contoso".to_owned()]);
        assert_eq!(
            concrete_issuer(&config).as_deref(),
            Some("https://login.example/contoso/v2.0")
        );
    }
}
