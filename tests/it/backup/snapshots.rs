//! What a snapshot has, what the next one adds, and what is left of one that was not brought to its end.

use graphophone::backup::{Backup, BackupError, Restore, Source};

use super::{Place, all_of, backup, in_newest, keys_of, objects_in, quiet};
use crate::cli::home::everything_below;
use crate::support::names::{ARCHIVER, ORGANIZER, standup_of};
use crate::support::{TestApp, TokenOf, own_key, passphrase};

/// The recordings and transcripts of a store, each with its object; the last in the order in which objects are copied.
fn last_artifact(app: &TestApp) -> (String, String) {
    let pairs = app.stores.texts(
        "SELECT content_key || ' ' || id FROM artifacts WHERE content_key IS NOT NULL ORDER BY content_key",
    );
    let (key, id) = pairs.last().unwrap().split_once(' ').unwrap();
    (key.to_owned(), id.to_owned())
}

/// Removes an artifact for good, as the server does when its time has come.
fn purge(app: &TestApp, (key, id): &(String, String)) {
    app.stores
        .change(&format!("DELETE FROM artifacts WHERE id = '{id}'"));
    app.stores.change(&format!(
        "DELETE FROM content_objects WHERE content_key = '{key}'"
    ));
    let file = app.stores.content_root().join(key);
    if file.exists() {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn the_second_snapshot_copies_what_is_new() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = backup(&app, folder.path()).await.unwrap();
    let count = i64::try_from(keys_of(&app).len()).unwrap();
    assert_eq!((first.copied, first.manifest.objects), (count, count));
    assert!(first.copied_bytes > 300_000);
    let second = backup(&app, folder.path()).await.unwrap();
    assert_eq!((second.copied, second.copied_bytes), (0, 0));
    assert_eq!(second.manifest.objects, count);
    // The clock of a test stands still, and may be set back.
    app.set_time("2020-01-01T00:00:00Z");
    let new = format!(
        "recordings: [{{ id: new, meetingId: \"{}\", createdDateTime: \"2026-01-20T09:00:00Z\", contentFile: one.mp4 }}]",
        crate::support::names::STANDUP
    );
    app.seed(&new).await;
    let third = backup(&app, folder.path()).await.unwrap();
    assert_eq!((third.copied, third.copied_bytes), (1, 1000));
    assert!(first.name < second.name && second.name < third.name);
    assert_eq!(objects_in(folder.path()), keys_of(&app));
    // Each is whole.
    for taken in [first, second, third] {
        let place = Place::new();
        let name = taken.name.as_str();
        let restored = place
            .restore_with(folder.path(), Some(name), Some(passphrase()))
            .await
            .unwrap();
        assert_eq!(restored.name.as_str(), name);
        let found = place.stores.texts("SELECT id FROM artifacts WHERE id = 'new'");
        assert_eq!(found.len(), usize::from(taken.copied == 1));
    }
}

#[tokio::test]
async fn rows_are_read_anew_when_a_recording_goes_while_objects_are_copied() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let goes = last_artifact(&app);
    let began = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
    // It goes when the first object has been copied.
    let taken = began.run(&|_, _| purge(&app, &goes)).await.unwrap();
    assert_eq!(taken.manifest.missing.count, 0);
    assert_eq!(objects_in(folder.path()), keys_of(&app));
    let rows = std::fs::read_to_string(in_newest(folder.path(), "rows/artifacts.ndjson")).unwrap();
    assert!(!rows.contains(&format!("{:?}", goes.1)), "{rows}");
    assert_eq!(
        std::fs::read_dir(folder.path().join("snapshots"))
            .unwrap()
            .count(),
        1
    );
    drop(began);
    Place::new().restore(folder.path()).await.unwrap();
}

#[tokio::test]
async fn what_goes_without_its_row_is_damage_and_with_it_is_not() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let began = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
    let rows = began.rows().await.unwrap();
    let goes = last_artifact(&app);
    std::fs::remove_file(app.stores.content_root().join(&goes.0)).unwrap();
    let objects = began.objects(&rows, &quiet).await.unwrap();
    assert!(objects.is_some());
    purge(&app, &goes);
    let objects = began.objects(&rows, &quiet).await.unwrap();
    assert!(objects.is_none());
}

#[tokio::test]
async fn a_snapshot_without_its_manifest_is_none_and_goes() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let snapshots = || {
        std::fs::read_dir(folder.path().join("snapshots"))
            .unwrap()
            .count()
    };
    for copies in [false, true] {
        let killed = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
        let rows = killed.rows().await.unwrap();
        if copies {
            killed.objects(&rows, &quiet).await.unwrap().unwrap();
        }
        drop(killed);
        assert_eq!(snapshots(), 1);
        let none = Restore::begin(folder.path(), None, None).await.unwrap_err();
        assert!(matches!(none, BackupError::Empty(_)), "{none}");
    }
    // Half a manifest is none either.
    let newest = in_newest(folder.path(), "manifest.new");
    std::fs::write(newest, "{\"manifest\"").unwrap();
    let taken = backup(&app, folder.path()).await.unwrap();
    assert_eq!(
        (taken.copied, snapshots()),
        (0, 1),
        "what was copied is not copied again"
    );
    Place::new().restore(folder.path()).await.unwrap();
}

#[tokio::test]
async fn only_the_newest_snapshots_are_kept_and_what_they_name() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let all = keys_of(&app);
    let goes = last_artifact(&app);
    purge(&app, &goes);
    // What is beside the snapshots and the objects is nobody's.
    std::fs::write(folder.path().join("snapshots/notes.txt"), "mine").unwrap();
    for _ in 0..2 {
        backup(&app, folder.path()).await.unwrap();
    }
    let began = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
    let newest = began.run(&quiet).await.unwrap();
    let kept = began.keep(9).await.unwrap();
    assert_eq!((kept.snapshots.len(), kept.objects), (0, 0));
    assert_eq!(objects_in(folder.path()), all);
    let kept = began.keep(2).await.unwrap();
    assert_eq!((kept.snapshots.len(), kept.objects), (2, 1));
    assert_eq!(objects_in(folder.path()), keys_of(&app));
    let kept = began.keep(1).await.unwrap();
    assert_eq!((kept.snapshots.len(), kept.objects), (1, 0));
    drop(began);
    assert!(folder.path().join("snapshots/notes.txt").exists());
    let restored = Place::new().restore(folder.path()).await.unwrap();
    assert_eq!(restored.name, newest.name);
}

#[tokio::test]
async fn nothing_is_removed_where_a_snapshot_that_is_kept_cannot_be_read() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    purge(&app, &last_artifact(&app));
    let began = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
    began.run(&quiet).await.unwrap();
    let rows = in_newest(folder.path(), "rows/content_objects.ndjson");
    let text = std::fs::read_to_string(&rows).unwrap();
    std::fs::write(&rows, text.replace("mp4", "mp5")).unwrap();
    let before = everything_below(folder.path());
    let refused = began.keep(1).await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
    assert_eq!(everything_below(folder.path()), before);
}

#[tokio::test]
async fn keys_are_sealed_and_nothing_else_holds_them() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    use base64::Engine;
    let secret = own_key().to_pkcs8().unwrap();
    let part = &secret[200..260];
    let text = base64::prelude::BASE64_STANDARD.encode(&secret);
    let text = &text.as_bytes()[200..260];
    for (file, bytes) in everything_below(folder.path()) {
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!holds(part) && !holds(text), "{}", file.display());
    }
    let place = Place::new();
    place.restore(folder.path()).await.unwrap();
    let store = place.open().await;
    let keys = store
        .opened_keys(&mut store.db.snapshot().await.unwrap())
        .await
        .unwrap();
    assert!(keys.iter().any(|(_, key)| key.secret == secret));
    let kids: Vec<String> = place.stores.texts("SELECT kid FROM signing_keys ORDER BY kid");
    assert_eq!(
        kids,
        app.stores.texts("SELECT kid FROM signing_keys ORDER BY kid")
    );
}

#[tokio::test]
async fn without_keys_everything_else_comes_back_and_old_tokens_do_not_count() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = Source {
        passphrase: None,
        ..all_of(&app.store)
    };
    let began = Backup::begin(source, folder.path()).await.unwrap();
    let taken = began.run(&quiet).await.unwrap();
    assert_eq!(taken.manifest.keys, None);
    assert!(!in_newest(folder.path(), "keys").exists());
    drop(began);
    let refused = Place::new().restore(folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoKeys), "{refused}");
    assert!(!Restore::has_keys(folder.path(), None).unwrap());
    let place = Place::new();
    place.restore_with(folder.path(), None, None).await.unwrap();
    let store = place.open().await;
    // As a server does when it starts.
    store.keys().await.unwrap();
    let kids = place
        .stores
        .texts("SELECT kid FROM signing_keys WHERE purpose = 'token'");
    assert_eq!(kids.len(), 1);
    assert_ne!(kids[0], own_key().kid());
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let token = TokenOf::application(ARCHIVER).sign();
    assert_eq!(app.get(&path, &token).await.status, 200);
}

#[tokio::test]
async fn a_short_passphrase_is_refused_before_anything_is_made() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("backup");
    let source = Source {
        passphrase: Some(graphophone::config::Secret::new("short".to_owned())),
        ..all_of(&app.store)
    };
    let refused = Backup::begin(source, &root).await.err().unwrap();
    assert!(matches!(refused, BackupError::Passphrase(_)), "{refused}");
    assert!(!root.exists());
}
