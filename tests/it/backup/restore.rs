//! Where a store can be made of a backup, and what is left of one that was not brought to its end.

use graphophone::backup::{BackupError, Restore};
use graphophone::config::Secret;
use graphophone::server::Prepared;

use super::{Place, backup, keys_of, quiet};
use crate::support::{TestApp, passphrase};

#[tokio::test]
async fn a_store_that_has_something_is_refused_and_stays_as_it_is() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    place.restore(folder.path()).await.unwrap();
    let before = (place.stores.rows(), place.stores.content_files());
    let refused = place.restore(folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
    assert!(refused.to_string().contains("name a data folder"), "{refused}");
    assert!((place.stores.rows(), place.stores.content_files()) == before);
}

/// A server that has been started knows keys by heart that the restored rows would not have.
#[tokio::test]
async fn a_store_that_a_server_was_started_on_is_refused() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    let mut config = place.config.clone();
    config.listen = "127.0.0.1:0".parse().unwrap();
    let prepared = Prepared::open(config, &place.clock).await.unwrap();
    let server = prepared.start(Some(1)).await.unwrap();
    let refused = place.restore(folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
    server.stop();
}

#[tokio::test]
async fn an_empty_store_is_filled() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    drop(place.open().await);
    place.restore(folder.path()).await.unwrap();
    assert_eq!(
        place
            .stores
            .texts("SELECT content_key FROM content_objects ORDER BY content_key"),
        keys_of(&app)
    );
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_before_anything_is_made() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    let wrong = Secret::new("other words of a test".to_owned());
    let refused = place
        .restore_with(folder.path(), None, Some(wrong))
        .await
        .unwrap_err();
    assert!(matches!(refused, BackupError::WrongPassphrase), "{refused}");
    assert!(!place.folder.path().join("data").exists());
    // Whoever has lost it leaves the keys out.
    place.restore_with(folder.path(), None, None).await.unwrap();
    assert_eq!(place.stores.texts("SELECT kid FROM signing_keys"), [""; 0]);
}

#[tokio::test]
async fn a_key_file_that_is_none_is_told_before_anything_is_copied() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    let data = place.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("authority.key"), "junk").unwrap();
    let refused = place.restore(folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("authority.key_file"), "{refused}");
    assert_eq!(
        place.stores.content_files(),
        [""; 0].map(std::path::PathBuf::from)
    );
    assert!(place.is_empty());
    std::fs::remove_file(data.join("authority.key")).unwrap();
    place.restore(folder.path()).await.unwrap();
}

#[tokio::test]
async fn what_was_interrupted_goes_on() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    let begin = || async {
        Restore::begin(folder.path(), None, Some(&passphrase()))
            .await
            .unwrap()
    };
    // Killed when the store was made,
    let killed = begin().await;
    drop(killed.make(&place.target()).await.unwrap());
    drop(killed);
    assert!(place.is_empty());
    // and when all objects were there.
    let killed = begin().await;
    let store = killed.make(&place.target()).await.unwrap();
    drop(killed.objects(&store, false, &quiet).await.unwrap());
    drop((killed, store));
    assert!(place.is_empty());
    assert_eq!(place.stores.content_files().len(), keys_of(&app).len());
    let restored = place.restore(folder.path()).await.unwrap();
    assert_eq!(restored.copied, 0);
    assert!(!place.is_empty());
}

#[tokio::test]
async fn of_two_restores_at_once_one_makes_the_store() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let place = Place::new();
    let begin = || async {
        Restore::begin(folder.path(), None, Some(&passphrase()))
            .await
            .unwrap()
    };
    let (one, other) = (begin().await, begin().await);
    let (first, second) = (
        one.make(&place.target()).await.unwrap(),
        other.make(&place.target()).await.unwrap(),
    );
    let objects = one.objects(&first, false, &quiet).await.unwrap();
    let same = other.objects(&second, false, &quiet).await.unwrap();
    one.rows(&first, &objects).await.unwrap();
    let before = place.stores.rows();
    let refused = other.rows(&second, &same).await.unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty(_)), "{refused}");
    assert_eq!(place.stores.rows(), before);
}

#[tokio::test]
async fn what_cannot_be_written_leaves_no_row() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    for failure in crate::support::stores::Failure::ALL {
        let place = Place::new();
        drop(place.open().await);
        place.stores.make_inserts_fail("artifacts", failure);
        place.restore(folder.path()).await.unwrap_err();
        assert!(place.is_empty(), "{failure:?}");
        place.stores.let_inserts_succeed("artifacts");
        assert_eq!(place.restore(folder.path()).await.unwrap().copied, 0);
    }
}

#[tokio::test]
async fn what_is_not_what_it_was_makes_way_for_what_is() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    // The content of a store whose database was lost.
    let place = Place::new();
    drop(place.open().await);
    let key = keys_of(&app)[0].clone();
    let file = place.stores.content_root().join(&key);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "damaged").unwrap();
    // Not for what is no better.
    let copy = folder.path().join("content").join(&key);
    let good = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, vec![7; good.len()]).unwrap();
    place.restore(folder.path()).await.unwrap_err();
    assert_eq!(std::fs::read(&file).unwrap(), b"damaged");
    assert!(place.is_empty());
    std::fs::write(&copy, &good).unwrap();
    place.restore(folder.path()).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == good);
}

#[tokio::test]
async fn a_snapshot_is_chosen_by_its_name() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = backup(&app, folder.path()).await.unwrap();
    for name in ["", "..", "newest", "2026-02-01T120000.0000001Z"] {
        let refused = Restore::begin(folder.path(), Some(name), None).await.unwrap_err();
        assert!(matches!(refused, BackupError::NoSnapshot { .. }), "{refused}");
        assert!(refused.to_string().contains(taken.name.as_str()), "{refused}");
    }
    Restore::begin(folder.path(), Some(taken.name.as_str()), None)
        .await
        .unwrap();
}
