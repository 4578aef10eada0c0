//! Two seeds at once: each is loaded as if it were alone, before or after the other.
//!
//! The progress of a loading is told between its preparation and its transaction, so what is done there comes in between.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use graphophone::seed::{self, Document, LoadError, LoadOptions, Progress, Summary};
use graphophone::store::Store;

use crate::support::names::{ORGANIZER, STANDUP, my_standup};
use crate::support::stores::Failure;
use crate::support::{TestApp, TokenOf, load_config, media};

fn recording(id: &str, rest: &str) -> String {
    format!("recordings: [{{ id: {id}, meetingId: \"{STANDUP}\", {rest} }}]")
}

/// The same store, as another process opens it.
async fn opened_again(app: &TestApp) -> Store {
    let config = load_config(&app.folder.path().join("graphophone.toml"), &app.stores);
    Store::open(&config, &app.clock).await.unwrap()
}

fn on_this_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}

/// A store for a runtime of its own: with connections that go with it.
fn for_thread(store: &Store) -> Store {
    Store {
        db: store.db.for_thread(1).unwrap(),
        content: store.content.for_thread(),
        ..store.clone()
    }
}

async fn load(
    store: &Store,
    folder: &Path,
    yaml: &str,
    progress: Progress<'_>,
) -> Result<Summary, LoadError> {
    let document = Document::from_bytes(&folder.join("seeds/seed.yaml"), yaml.as_bytes()).unwrap();
    let options = LoadOptions {
        announce: true,
        progress,
    };
    seed::load(store, document, options).await
}

/// Loads `first`; while it is under way, loads of `between` the one whose turn it is. Gives how many these were, too.
async fn load_around(app: &TestApp, first: &str, between: &[String]) -> (Result<Summary, LoadError>, usize) {
    let (folder, turns) = (app.folder.path(), AtomicUsize::new(0));
    let in_between = |_, _| {
        let Some(yaml) = between.get(turns.fetch_add(1, Ordering::SeqCst)) else {
            return;
        };
        let other = || {
            on_this_thread(async {
                let store = opened_again(app).await;
                load(&store, folder, yaml, &|_, _| {}).await.unwrap();
            });
        };
        std::thread::scope(|scope| scope.spawn(other).join().unwrap());
    };
    let loaded = load(&app.store, folder, first, &in_between).await;
    (loaded, turns.into_inner())
}

/// The words of a refusal.
fn refused(loaded: Result<Summary, LoadError>) -> String {
    match loaded {
        Err(LoadError::Refused(problems)) => problems
            .iter()
            .map(|problem| format!("{}: {}", problem.pointer, problem.message))
            .collect(),
        other => panic!("{other:?}"),
    }
}

async fn content(app: &TestApp, id: &str) -> Vec<u8> {
    let path = format!("{}/recordings/{id}/content", my_standup());
    let answer = app.get(&path, &TokenOf::user(ORGANIZER).sign()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

#[tokio::test]
async fn a_hold_that_is_set_meanwhile_keeps_the_content() {
    let app = TestApp::start().await;
    let held = recording("recording-1", "contentFile: one.mp4, legalHold: true");
    for (id, other) in [
        ("recording-1", "contentFile: two.mp4"),
        ("recording-1", "contentFile: two.mp4, legalHold: true"),
    ] {
        app.seed(&recording(id, "contentFile: one.mp4")).await;
        let (loaded, _) = load_around(&app, &recording(id, other), std::slice::from_ref(&held)).await;
        let problem = refused(loaded);
        assert!(
            problem.starts_with("/recordings/0/contentFile: ") && problem.contains("legal hold"),
            "{problem}"
        );
        assert!(content(&app, id).await == media(1000));
        // Still held.
        let problem = app.seed_refused(&recording(id, "contentFile: two.mp4")).await;
        assert!(problem.contains("legal hold"), "{problem}");
    }
}

#[tokio::test]
async fn a_hold_of_content_that_is_emptied_meanwhile_is_kept() {
    let app = TestApp::start().await;
    // Its last recording is pending, so the hold comes before the transaction and after the preparation of the first.
    let first = format!(
        "recordings: [{{ id: recording-1, meetingId: \"{STANDUP}\", uploadState: pending }}, {{ id: new, meetingId: \"{STANDUP}\", contentFile: two.mp4 }}]"
    );
    let held = recording("recording-1", "contentFile: one.mp4, legalHold: true");
    let (loaded, _) = load_around(&app, &first, &[held]).await;
    let problem = refused(loaded);
    assert!(problem.starts_with("/recordings/0: "), "{problem}");
    assert!(content(&app, "recording-1").await == media(1000));
}

#[tokio::test]
async fn a_seed_whose_recording_is_replaced_meanwhile_is_loaded_after_that() {
    let app = TestApp::start().await;
    let files = app.content_files().len();
    // Kept by the preparation, replaced in between: what was to be kept is not there any more.
    let same = recording("recording-1", "contentFile: one.mp4");
    let other = recording("recording-1", "contentFile: two.mp4");
    let (loaded, turns) = load_around(&app, &same, &[other]).await;
    assert_eq!(loaded.unwrap().stored_files, 1);
    assert_eq!(turns, 2, "prepared twice");
    assert!(content(&app, "recording-1").await == media(1000));
    assert_eq!(app.content_files().len(), files);
}

#[tokio::test]
async fn a_recording_that_both_bring_is_stored_once() {
    let app = TestApp::start().await;
    let files = app.content_files().len();
    let new = recording("new", "contentFile: two.mp4");
    let (loaded, _) = load_around(&app, &new, std::slice::from_ref(&new)).await;
    assert_eq!(loaded.unwrap().stored_files, 0);
    assert_eq!(app.content_files().len(), files + 1);
}

#[tokio::test]
async fn whoever_is_overtaken_five_times_gives_up_and_has_changed_nothing() {
    let app = TestApp::start().await;
    let mut between = Vec::new();
    for turn in 0..5 {
        let file = format!("contentFile: {}.mp4", ["two", "one"][turn % 2]);
        between.push(recording("recording-1", &file));
    }
    let new = "contentFile: one.mp4, quarantined: true";
    let (loaded, turns) = load_around(&app, &recording("recording-1", new), &between).await;
    let error = loaded.unwrap_err();
    assert!(matches!(error, LoadError::Overtaken), "{error:?}");
    assert_eq!(turns, 5);
    assert!(content(&app, "recording-1").await == media(300_000));
}

#[tokio::test]
async fn a_meeting_that_is_removed_meanwhile_is_a_refusal() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "onlineMeetings: [{{ id: short-lived, organizerId: \"{ORGANIZER}\" }}]"
    ))
    .await;
    let first = "recordings: [{ id: new, meetingId: short-lived, contentFile: two.mp4 }]";
    let removed = "onlineMeetings: [{ id: short-lived, \"@removed\": { reason: deleted } }]".to_owned();
    let (loaded, turns) = load_around(&app, first, &[removed]).await;
    let problem = refused(loaded);
    assert!(
        problem.starts_with("/recordings/0: ") && problem.contains("removed meanwhile"),
        "{problem}"
    );
    assert_eq!(turns, 1);
}

#[tokio::test]
async fn two_seeds_at_once_leave_one_of_them_whole() {
    let app = TestApp::start().await;
    let other = opened_again(&app).await;
    let whole = |file: &str, call: &str| {
        format!(
            r#"
recordings:
  - {{ id: both-1, meetingId: "{STANDUP}", callId: {call}, contentFile: {file}.mp4 }}
  - {{ id: both-2, meetingId: "{STANDUP}", callId: {call}, contentFile: {file}.mp4 }}
transcripts:
  - {{ id: both-3, meetingId: "{STANDUP}", callId: {call}, contentFile: one.vtt, metadataFile: one.vtt }}
"#
        )
    };
    let (one, two) = (whole("one", "call-one"), whole("two", "call-two"));
    let files = app.content_files().len() + 4;
    for round in 0..12 {
        let folder = app.folder.path();
        // Whoever is slow is overtaken; in every third round nobody is.
        let pause = Duration::from_millis(if round % 3 == 2 { 0 } else { 10 });
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let slowly = |_, _| std::thread::sleep(pause);
                on_this_thread(load(&for_thread(&other), folder, &two, &slowly))
            });
            let first =
                scope.spawn(|| on_this_thread(load(&for_thread(&app.store), folder, &one, &|_, _| {})));
            (first.join().unwrap(), other.join().unwrap())
        });
        assert!(first.is_ok() && second.is_ok(), "{round}: {first:?} {second:?}");
        let artifacts = app.stores.rows().remove("artifacts").unwrap();
        let both = artifacts.iter().filter(|row| row.contains("both-"));
        let calls: BTreeSet<&str> = both
            .map(|row| match row.contains("call-one") {
                true => "call-one",
                false => "call-two",
            })
            .collect();
        assert_eq!(calls.len(), 1, "{round}: {artifacts:?}");
        let length = if calls.contains("call-one") { 1000 } else { 300_000 };
        for id in ["both-1", "both-2"] {
            assert_eq!(content(&app, id).await.len(), length, "{round}");
        }
        assert_eq!(app.content_files().len(), files, "{round}");
    }
}

#[tokio::test]
async fn content_stays_where_the_database_fails_for_the_commit_may_be_there() {
    let app = TestApp::start().await;
    let (before, files) = (app.stores.rows(), app.content_files());
    app.stores.make_inserts_fail("changes", Failure::Rollback);
    let loaded = load(
        &app.store,
        app.folder.path(),
        &recording("new", "contentFile: two.mp4"),
        &|_, _| {},
    )
    .await;
    assert!(matches!(loaded, Err(LoadError::Db(_))), "{loaded:?}");
    assert_eq!(app.stores.rows(), before);
    let now = app.content_files();
    let left: Vec<_> = now.iter().filter(|file| !files.contains(file)).collect();
    assert_eq!(left.len(), 1, "{now:?}");
    std::fs::remove_file(left[0]).unwrap();
    app.stores.let_inserts_succeed("changes");
}
