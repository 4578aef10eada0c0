//! `contrib/nextcloud-talk/sidecars.py`

use std::path::Path;

use serde_json::{Value, json};

use super::{Site, film, put};
use crate::support::names::ORGANIZER;
use crate::uploads::sample;

const NAME: &str = "Recording 2026-07-01 14-05-09";

/// Whose meeting a sidecar says it is.
fn organizer(folder: &Path) -> String {
    let text = std::fs::read(folder.join(format!("{NAME}.json"))).unwrap();
    let written: Value = serde_json::from_slice(&text).unwrap();
    written["meeting"]["organizer"].as_str().unwrap().to_owned()
}

#[test]
fn sidecars_say_what_an_import_is_to_know_and_the_server_takes_them() {
    let site = Site::start();
    let webm = sample("browser.webm");
    let root = site.home.folder.path().join("nextcloud");
    let folder = root.join("megan/files/Talk/Recording/ab12cd34");
    put(&folder.join(format!("{NAME}.webm")), &webm);
    put(
        &folder.join(format!(".{NAME} subtitles.srt")),
        "1\n00:00:00,000 --> 00:00:01,500\nGood morning.\n",
    );
    put(&folder.join(format!("{NAME} - summary.md")), "# Summary\n");
    put(&folder.join("Recording 2026-07-01 14-05-09 (2).mp4"), film(5000));
    put(&folder.join("Recording 2026-07-08 14-05-09.ogg"), b"OggS");
    let rooms = site.home.write("rooms", b"ab12cd34 Weekly planning\n");
    let organizers = site
        .home
        .write("organizers", format!("megan {ORGANIZER}\n").as_bytes());
    let more = format!("UPLOAD_ORGANIZER=nobody@contoso.example\nUPLOAD_ORGANIZERS='{organizers}'\n");
    let run = || {
        let mut command = site.recipe("nextcloud-talk/sidecars.py", &more);
        site.run(command.args(["--data-folder", "--rooms", &rooms]).arg(&root))
            .succeeded()
    };
    assert_eq!(run().lines().count(), 2);
    assert_eq!(run(), "");
    let file = folder.join(format!("{NAME}.json"));
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let text = "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.500\nGood morning.\n";
    assert_eq!(
        written,
        json!({
            "meeting": {
                "externalId": "ab12cd34 2026-07-01T12:05:09Z", "organizer": ORGANIZER, "subject": "Weekly planning",
                "startDateTime": "2026-07-01T12:05:09Z",
            },
            "recording": { "createdDateTime": "2026-07-01T12:05:09Z" },
            "source": { "system": "nextcloud-talk", "id": format!("megan/ab12cd34/{NAME}.webm") },
            "transcript": { "content": text },
        })
    );
    std::fs::remove_file(folder.join("Recording 2026-07-01 14-05-09 (2).json")).unwrap();
    site.import(&root.display().to_string());
    for _ in 0..2 {
        let mut upload = site.recipe("graphophone_upload.py", "");
        site.run(upload.args([folder.join(format!("{NAME}.webm")), file.clone()]))
            .succeeded();
        let recording = site.only_recording();
        assert!(site.content(&recording) == webm);
        assert_eq!(site.transcript(&recording), text);
        assert_eq!(site.meeting(&recording)["subject"], "Weekly planning");
    }
}

#[test]
fn in_a_data_folder_the_owner_leads_and_nobody_passes_for_another() {
    let site = Site::start();
    let root = site.home.folder.path().join("nextcloud");
    let folders = [
        "alex/files/megan/files/Talk/Recording/ab12cd34",
        "alex/files/Talk/Recording/megan",
        "alex/files_trashbin/files/gone.d1/ab12cd34",
        "Talk/Recording/ab12cd34",
    ]
    .map(|folder| root.join(folder));
    for folder in &folders {
        put(&folder.join(format!("{NAME}.webm")), b"x");
    }
    let lines = b"ab12cd34 token@contoso.example\nmegan megan@contoso.example\nalex alex@contoso.example\n";
    let organizers = site.home.write("organizers", lines);
    let more = format!("UPLOAD_ORGANIZERS='{organizers}'\n");
    let run = |options: &[&str]| {
        let mut command = site.recipe("nextcloud-talk/sidecars.py", &more);
        site.run(command.args(options).arg(&root))
    };
    let ran = run(&["--data-folder"]);
    assert!(ran.err.contains("lie in no OWNER/files: 2"), "{ran:?}");
    assert_eq!(ran.succeeded().lines().count(), 2);
    assert_eq!(organizer(&folders[0]), "alex@contoso.example");
    assert_eq!(organizer(&folders[1]), "alex@contoso.example");
    // As the files of one owner a TOKEN leads, and what lies as in a data folder is left out.
    let ran = run(&[]);
    assert!(ran.err.contains("(use --data-folder if it is one): 3"), "{ran:?}");
    assert_eq!(ran.succeeded().lines().count(), 1);
    assert_eq!(organizer(&folders[3]), "token@contoso.example");
    put(&root.join(".ncdata"), b"");
    let ran = run(&[]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.contains("is the data folder of a server"), "{ran:?}");
}

#[test]
fn one_film_does_not_keep_back_the_others_and_a_sidecar_by_hand_stays() {
    let site = Site::start();
    let folder = site.home.folder.path().join("nextcloud/Talk/Recording/ab12cd34");
    for second in ["09", "10", "11"] {
        put(
            &folder.join(format!("Recording 2026-07-01 14-05-{second}.webm")),
            b"x",
        );
    }
    put(&folder.join(format!(".{NAME} subtitles.srt")), b"M\xe4rz");
    let by_hand = folder.join("Recording 2026-07-01 14-05-10.json");
    put(&by_hand, r#"{ "source": { "system": "hand", "id": "1" } }"#);
    let before = std::fs::read(&by_hand).unwrap();
    let mut command = site.recipe("nextcloud-talk/sidecars.py", "");
    let ran = site.run(command.arg(&folder));
    assert_eq!((ran.status, ran.out.lines().count()), (1, 1), "{ran:?}");
    assert!(ran.err.contains("are no text in UTF-8"), "{ran:?}");
    assert!(
        ran.err
            .contains("14-05-10.json stays as it is, as its source is not"),
        "{ran:?}"
    );
    assert!(std::fs::read(&by_hand).unwrap() == before);
    assert!(folder.join("Recording 2026-07-01 14-05-11.json").exists());
}
