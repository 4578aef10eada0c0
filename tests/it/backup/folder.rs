//! Which folders are taken for backups, and that nothing else is touched.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use graphophone::backup::{Backup, BackupError, Restore};

use super::{Place, all_of, backup, keys_of, objects_in};
use crate::cli::home::everything_below;
use crate::support::stores::files_below;
use crate::support::{TestApp, passphrase};

const MARKER: &str = "graphophone-backup.json";

#[tokio::test]
async fn a_folder_of_something_else_is_refused_and_not_touched() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("snapshots")).unwrap();
    std::fs::write(folder.path().join("snapshots/thesis.txt"), "years of work").unwrap();
    let before = everything_below(folder.path());
    let refused = backup(&app, folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Foreign(_)), "{refused}");
    assert!(refused.to_string().contains("no folder of backups"), "{refused}");
    let refused = Restore::begin(folder.path(), None, None).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoFolder(_)), "{refused}");
    assert_eq!(everything_below(folder.path()), before);
    // Not even where a file has the name of ours.
    for text in [
        "{}",
        "{\"format\":\"x\",\"version\":1,\"storeCreated\":\"\"}",
        "years of work",
    ] {
        std::fs::write(folder.path().join(MARKER), text).unwrap();
        let before = everything_below(folder.path());
        let refused = backup(&app, folder.path()).await.unwrap_err();
        assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
        assert_eq!(everything_below(folder.path()), before);
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    backup(&app, &file).await.unwrap_err();
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[tokio::test]
async fn a_missing_folder_is_made_and_an_empty_one_taken() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    backup(&app, &missing).await.unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    backup(&app, &empty).await.unwrap();
    // As a first backup has left it that was killed at once.
    let begun = folder.path().join("begun");
    std::fs::create_dir(&begun).unwrap();
    std::fs::write(begun.join("backup.lock"), "").unwrap();
    std::fs::write(begun.join("graphophone-backup.new"), "{\"for").unwrap();
    backup(&app, &begun).await.unwrap();
    for folder in [&missing, &empty, &begun] {
        assert_eq!(objects_in(folder), keys_of(&app));
    }
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&missing), 0o700);
    let mut files = Vec::new();
    files_below(&missing, &mut files);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_folder_of_another_store_or_a_later_version_is_refused_and_not_touched() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    backup(&app, folder.path()).await.unwrap();
    let marker = std::fs::read_to_string(folder.path().join(MARKER)).unwrap();
    let with = |old: &str, new: &str| {
        assert!(marker.contains(old), "{marker}");
        std::fs::write(folder.path().join(MARKER), marker.replace(old, new)).unwrap();
        everything_below(folder.path())
    };
    let before = with("2026-02-01", "2025-02-01");
    let refused = backup(&app, folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::OtherStore { .. }), "{refused}");
    assert_eq!(everything_below(folder.path()), before);
    let before = with("\"version\":1", "\"version\":2");
    let refused = backup(&app, folder.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer(_)), "{refused}");
    let refused = Restore::begin(folder.path(), None, None).await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer(_)), "{refused}");
    assert_eq!(everything_below(folder.path()), before);
}

#[tokio::test]
async fn a_folder_is_had_by_one_backup_or_by_readers() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let first = Backup::begin(all_of(&app.store), folder.path()).await.unwrap();
    first.run(&super::quiet).await.unwrap();
    let second = backup(&app, folder.path()).await.unwrap_err();
    assert!(matches!(second, BackupError::Busy(_)), "{second}");
    let reader = Restore::begin(folder.path(), None, None).await.unwrap_err();
    assert!(matches!(reader, BackupError::Busy(_)), "{reader}");
    drop(first);
    let reader = Restore::begin(folder.path(), None, None).await.unwrap();
    let other = Restore::begin(folder.path(), None, None).await.unwrap();
    let second = backup(&app, folder.path()).await.unwrap_err();
    assert!(matches!(second, BackupError::Busy(_)), "{second}");
    drop((reader, other));
    backup(&app, folder.path()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_written_where_a_link_leads() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (ours, elsewhere) = (folder.path().join("backup"), folder.path().join("elsewhere"));
    std::fs::create_dir(&elsewhere).unwrap();
    backup(&app, &ours).await.unwrap();
    for linked in ["content", "snapshots"] {
        std::fs::rename(ours.join(linked), folder.path().join(linked)).unwrap();
        symlink(&elsewhere, ours.join(linked)).unwrap();
        let refused = backup(&app, &ours).await.unwrap_err();
        assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
        Restore::begin(&ours, None, None).await.unwrap_err();
        std::fs::remove_file(ours.join(linked)).unwrap();
        std::fs::rename(folder.path().join(linked), ours.join(linked)).unwrap();
    }
    // A tenant's folder, further in.
    let tenant = keys_of(&app)[0].split('/').next().unwrap().to_owned();
    std::fs::remove_dir_all(ours.join("content").join(&tenant)).unwrap();
    symlink(&elsewhere, ours.join("content").join(&tenant)).unwrap();
    let refused = backup(&app, &ours).await.unwrap_err();
    assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
    assert_eq!(everything_below(&elsewhere), []);
    // The folder itself may be one: whoever names it has said so.
    let link = folder.path().join("link");
    std::fs::remove_file(ours.join("content").join(&tenant)).unwrap();
    symlink(&ours, &link).unwrap();
    backup(&app, &link).await.unwrap();
    let place = Place::new();
    let restore = Restore::begin(&link, None, Some(&passphrase())).await.unwrap();
    restore.run(place.target(), &super::quiet).await.unwrap();
}
