//! Damage: in the store that is backed up, and in the folder that is restored. It is named, it spreads to nothing, and what is good
//! is never given up for it.

use std::os::unix::fs::symlink;
use std::path::Path;

use graphophone::backup::{Backup, BackupError, Restore, Source, Target};

use super::{Place, all_of, backup, in_newest, keys_of, objects_in, quiet};
use crate::support::stores::content_is_in_a_folder;
use crate::support::{TestApp, passphrase};

/// The object of the largest recording, and its bytes.
fn large(app: &TestApp) -> (String, Vec<u8>) {
    let keys = app
        .stores
        .texts("SELECT content_key FROM content_objects WHERE size_bytes = 300000");
    let bytes = std::fs::read(app.stores.content_root().join(&keys[0])).unwrap();
    (keys[0].clone(), bytes)
}

fn rotten(bytes: &[u8]) -> Vec<u8> {
    let mut rotten = bytes.to_vec();
    rotten[1000] ^= 1;
    rotten
}

async fn backup_checking(app: &TestApp, folder: &Path) -> graphophone::backup::Taken {
    let source = Source {
        check: true,
        ..all_of(&app.store)
    };
    let backup = Backup::begin(source, folder).await.unwrap();
    backup.run(&quiet).await.unwrap()
}

#[tokio::test]
async fn what_is_damaged_in_the_store_is_told_and_the_rest_kept() {
    let app = TestApp::start().await;
    let (damaged, bytes) = large(&app);
    let keys = keys_of(&app);
    let missing = keys.iter().find(|key| **key != damaged).unwrap();
    let root = app.stores.content_root();
    let missing_bytes = std::fs::read(root.join(missing)).unwrap();
    app.stores.overwrite(&root.join(&damaged), &rotten(&bytes));
    std::fs::remove_file(root.join(missing)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let taken = backup(&app, folder.path()).await.unwrap();
    let mut told: Vec<(&str, &str)> = taken
        .missing
        .iter()
        .map(|one| (one.content_key.as_str(), one.why.as_str()))
        .collect();
    told.sort_unstable();
    let mut expected = [
        (damaged.as_str(), "its bytes have changed"),
        (missing.as_str(), "there is no such object"),
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(taken.manifest.missing.count, 2);
    let others: Vec<String> = keys
        .iter()
        .filter(|key| **key != damaged && *key != missing)
        .cloned()
        .collect();
    assert_eq!(objects_in(folder.path()), others);
    // What the snapshot says that it is without is no damage of the folder.
    let place = Place::new();
    let restored = place.restore(folder.path()).await.unwrap();
    assert_eq!(restored.missing, taken.missing);
    let rows = place
        .stores
        .texts("SELECT content_key FROM content_objects ORDER BY content_key");
    assert_eq!(rows, keys);
    // Put right, all is had again; the older snapshot has it too then.
    app.stores.overwrite(&root.join(&damaged), &bytes);
    std::fs::write(root.join(missing), missing_bytes).unwrap();
    let again = backup(&app, folder.path()).await.unwrap();
    assert_eq!((again.copied, again.manifest.missing.count), (2, 0));
    let place = Place::new();
    let name = taken.name.as_str();
    let older = place
        .restore_with(folder.path(), Some(name), Some(passphrase()))
        .await
        .unwrap();
    assert_eq!(older.missing, []);
}

/// Nothing is there, and nothing is lost: a snapshot that says otherwise is not taken.
#[tokio::test]
async fn while_the_disk_is_away_there_is_no_snapshot() {
    if !content_is_in_a_folder() {
        return;
    }
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let away = app.take_content_away().await;
    away.leave_mount_point();
    let failed = backup(&app, folder.path()).await;
    assert!(matches!(failed, Err(BackupError::Content(_))), "{failed:?}");
    away.remove_mount_point();
    away.bring_back();
    let taken = backup(&app, folder.path()).await.unwrap();
    assert_eq!(taken.manifest.missing.count, 0);
    let snapshots = std::fs::read_dir(folder.path().join("snapshots")).unwrap();
    let names: Vec<_> = snapshots.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [taken.name.as_str()]);
}

#[tokio::test]
async fn a_good_copy_is_not_replaced_by_a_damaged_original() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let (key, bytes) = large(&app);
    let original = app.stores.content_root().join(&key);
    app.stores.overwrite(&original, &rotten(&bytes));
    let copy = folder.path().join("content").join(&key);
    let taken = backup(&app, folder.path()).await.unwrap();
    assert_eq!((taken.copied, taken.manifest.missing.count), (0, 0));
    let checked = backup_checking(&app, folder.path()).await;
    assert_eq!((checked.copied, checked.manifest.missing.count), (0, 0));
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
    Place::new().restore(folder.path()).await.unwrap();
    // Neither is a damaged one, as long as there is nothing better.
    std::fs::write(&copy, &bytes[..50]).unwrap();
    let taken = backup(&app, folder.path()).await.unwrap();
    assert_eq!(taken.manifest.missing.count, 1);
    assert_eq!(std::fs::read(&copy).unwrap(), &bytes[..50]);
    app.stores.overwrite(&original, &bytes);
}

#[tokio::test]
async fn a_damaged_copy_is_replaced_by_a_good_original() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let (key, bytes) = large(&app);
    let copy = folder.path().join("content").join(&key);
    // Its length is seen each time,
    std::fs::write(&copy, &bytes[..299_999]).unwrap();
    assert_eq!(backup(&app, folder.path()).await.unwrap().copied, 1);
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
    // its bytes where that is asked for.
    std::fs::write(&copy, rotten(&bytes)).unwrap();
    assert_eq!(backup(&app, folder.path()).await.unwrap().copied, 0);
    assert_eq!(backup_checking(&app, folder.path()).await.copied, 1);
    assert_eq!(std::fs::read(&copy).unwrap(), bytes);
    // A link in its place is no copy, and what it leads to stays.
    std::fs::remove_file(&copy).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    std::fs::write(&elsewhere, &bytes).unwrap();
    symlink(&elsewhere, &copy).unwrap();
    assert_eq!(backup(&app, folder.path()).await.unwrap().copied, 1);
    assert!(copy.symlink_metadata().unwrap().is_file());
    assert_eq!(std::fs::read(&elsewhere).unwrap(), bytes);
}

#[tokio::test]
async fn a_damaged_object_is_named_and_nothing_is_there_until_it_is_good() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let (key, bytes) = large(&app);
    let copy = folder.path().join("content").join(&key);
    let other = keys_of(&app).into_iter().find(|other| *other != key).unwrap();
    let gone = folder.path().join("content").join(&other);
    let gone_bytes = std::fs::read(&gone).unwrap();
    std::fs::write(&copy, rotten(&bytes)).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let place = Place::new();
    let refused = place.restore(folder.path()).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains(&key) && said.contains(&other), "{said}");
    assert!(said.contains("nothing was restored"), "{said}");
    assert!(place.is_empty());
    assert!(!place.stores.content_root().join(&key).exists());
    // With good copies in their place it goes on.
    std::fs::write(&copy, &bytes).unwrap();
    std::fs::write(&gone, &gone_bytes).unwrap();
    let restored = place.restore(folder.path()).await.unwrap();
    assert_eq!((restored.copied, restored.missing), (2, vec![]));
    // Without any, the rest can be had.
    std::fs::write(&copy, rotten(&bytes)).unwrap();
    let place = Place::new();
    let restore = Restore::begin(folder.path(), None, Some(&passphrase()))
        .await
        .unwrap();
    let target = Target {
        despite_damage: true,
        ..place.target()
    };
    let restored = restore.run(target, &quiet).await.unwrap();
    assert_eq!(restored.missing.len(), 1);
    assert_eq!(restored.missing[0].content_key, key);
    // Nobody will take it for good.
    let sql = format!("SELECT modified_ns FROM content_objects WHERE content_key = '{key}'");
    assert_eq!(place.stores.texts(&sql), [i64::MIN.to_string()]);
}

#[tokio::test]
async fn a_changed_file_is_found_before_anything_is_made() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let mut files = Vec::new();
    crate::support::stores::files_below(&in_newest(folder.path(), ""), &mut files);
    assert!(files.len() > 30);
    let place = Place::new();
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let mut changed = bytes.clone();
        let last = changed.len().saturating_sub(3);
        match changed.get_mut(last) {
            Some(byte) => *byte ^= 1,
            None => changed.push(b'\n'),
        }
        let cut = bytes[..bytes.len().saturating_sub(1)].to_vec();
        let more = [&bytes[..], b"[]\n"].concat();
        for wrong in [changed, cut, more] {
            if wrong == bytes {
                continue;
            }
            std::fs::write(&file, wrong).unwrap();
            let refused = place.restore(folder.path()).await.unwrap_err();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(refused.to_string().contains(name), "{name}: {refused}");
        }
        std::fs::remove_file(&file).unwrap();
        let refused = place.restore(folder.path()).await;
        assert!(refused.is_err(), "{}", file.display());
        // Nor is a link followed.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, &bytes).unwrap();
        symlink(&elsewhere, &file).unwrap();
        let refused = place.restore(folder.path()).await;
        assert!(refused.is_err(), "{}", file.display());
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, &bytes).unwrap();
    }
    assert!(!place.folder.path().join("data").exists());
    place.restore(folder.path()).await.unwrap();
}
