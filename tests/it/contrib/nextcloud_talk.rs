//! `contrib/nextcloud-talk/sidecars.py`

use serde_json::{Value, json};

use super::{Site, film, put};
use crate::support::names::ORGANIZER;
use crate::uploads::sample;

const NAME: &str = "Recording 2026-07-01 14-05-09";

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
        site.run(command.args(["--rooms", &rooms]).arg(&root)).succeeded()
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
            "source": { "system": "nextcloud-talk", "id": format!("ab12cd34/{NAME}.webm") },
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
