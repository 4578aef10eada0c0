//! `contrib/obs/watch.sh`

use super::{Site, film, put, wait_for};
use crate::cli::binary::Process;
use crate::support::names::CONTOSO;

#[test]
fn what_obs_has_finished_is_imported() {
    let site = Site::start();
    let folder = site.home.folder.path().join("obs videos");
    put(&folder.join("2026-07-01 14-05-09.mp4"), film(5000));
    let more = format!(
        "OBS_FOLDER='{}'\nOBS_DELETE=yes\nOBS_SETTLED=50ms\nOBS_INTERVAL=20ms\nOBS_TENANT={CONTOSO}\n\
         OBS_GRAPHOPHONE='{}'\n",
        folder.display(),
        env!("CARGO_BIN_EXE_graphophone"),
    );
    let mut recipe = site.recipe("obs/watch.sh", &more);
    recipe
        .args(["--data", &site.home.data()])
        .envs(site.home.stores.environment());
    let watching = Process::spawn(&mut recipe);
    wait_for("the first recording is taken", || {
        !folder.join("2026-07-01 14-05-09.mp4").exists()
    });
    assert!(site.content(&site.only_recording()) == film(5000));
    put(&folder.join("2026-07-01 15-05-09.mp4"), film(6000));
    wait_for("the second recording is taken", || {
        !folder.join("2026-07-01 15-05-09.mp4").exists()
    });
    assert_eq!(site.recordings().len(), 2);
    watching.kill();
}

#[test]
fn what_is_not_set_is_named() {
    let site = Site::start();
    let ran = site.run(&mut site.recipe("obs/watch.sh", ""));
    assert_eq!(ran.status, 2);
    assert!(ran.err.starts_with("obs: OBS_FOLDER is not set"), "{ran:?}");
}

#[test]
fn a_pause_has_more_time_where_recordings_are_deleted() {
    let site = Site::start();
    for (more, settled) in [
        ("OBS_DELETE=yes\n", "10m"),
        ("OBS_DELETE=no\n", "60s"),
        ("OBS_DELETE=yes\nOBS_SETTLED=2h\n", "2h"),
    ] {
        let more = format!("OBS_FOLDER=/videos\nOBS_GRAPHOPHONE=echo\n{more}");
        let asked = site.run(&mut site.recipe("obs/watch.sh", &more)).succeeded();
        assert!(asked.contains(&format!(" --settle {settled} ")), "{asked}");
    }
}
