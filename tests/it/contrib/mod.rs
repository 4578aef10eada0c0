//! The recipes of `contrib/`, run as their head comments say: against a real server, on made-up input that lies as the recorder
//! lays it. Those of `contrib/python` and `contrib/javascript` need packages: `scripts/test-clients` runs them.

mod bigbluebutton;
mod curl;
mod front;
mod graphophone_upload;
mod jibri;
mod livekit;
mod nextcloud_talk;
mod obs;
mod zoom;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::cli::binary::{DEADLINE, Http, Process, Ran, clean, get};
use crate::cli::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER};
use front::Front;

/// The organizer as recorders know them.
pub const ORGANIZER_NAME: &str = "organizer@contoso.example";

/// A server that keeps all recordings, behind an address that stays.
pub struct Site {
    pub home: Home,
    pub front: Front,
    server: Option<Process>,
    secret: String,
    token: String,
    settings: String,
}

impl Site {
    /// Starts it, with an application that may put recordings in.
    pub fn start() -> Self {
        let (home, front) = (Home::seeded(), Front::open());
        let text = format!(
            "public_url = \"http://{}\"\nprofile = \"archive\"\n",
            front.address
        );
        let settings = home.write("graphophone.toml", text.as_bytes());
        let secret = home.run(&["app", "secret", "add", ARCHIVER, "--tenant", CONTOSO]);
        let token = home.run(&[
            "token",
            "--application",
            ARCHIVER,
            "--tenant",
            CONTOSO,
            "--config",
            &settings,
        ]);
        let mut site = Self {
            secret: secret.succeeded().trim().to_owned(),
            token: token.succeeded().trim().to_owned(),
            home,
            front,
            server: None,
            settings,
        };
        site.serve();
        site
    }

    fn serve(&mut self) {
        let server = self.home.serve(&["--config", &self.settings]);
        self.front.lead_to(&server.address());
        self.server = Some(server);
    }

    /// Ends the server as a power cut would, and starts it again.
    pub fn restart(&mut self) {
        self.server.take().unwrap().kill();
        self.serve();
    }

    /// Where the server itself listens.
    pub fn address(&self) -> String {
        self.server.as_ref().unwrap().address()
    }

    /// What a recipe needs to know, in lines of its settings file.
    pub fn settings(&self) -> String {
        let secret = self.home.write("secret", self.secret.as_bytes());
        format!(
            "GRAPH_BASE_URL=http://{}/v1.0\nAZURE_TENANT_ID={CONTOSO}\nAZURE_CLIENT_ID={ARCHIVER}\n\
             AZURE_CLIENT_SECRET_FILE='{secret}'\nUPLOAD_ORGANIZER={ORGANIZER_NAME}\n\
             UPLOAD_SLICE_BYTES=2000\nUPLOAD_RETRY_SECONDS=0\nUPLOAD_ATTEMPTS=100000\n",
            self.front.address
        )
    }

    /// A recipe, with a settings file of these lines too, and nothing of this machine.
    pub fn recipe(&self, recipe: &str, more: &str) -> Command {
        let settings = self
            .home
            .write("upload.env", format!("{}{more}", self.settings()).as_bytes());
        let mut command = Command::new(contrib(recipe));
        clean(&mut command)
            .env("UPLOAD_SETTINGS", settings)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("TZ", "Europe/Berlin")
            .env("TMPDIR", self.home.folder.path());
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if shown.starts_with("AZURE_") || shown.starts_with("GRAPH_") || shown.ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a recipe to its end, which must not tell its secrets.
    #[track_caller]
    pub fn run(&self, command: &mut Command) -> Ran {
        self.check(Process::spawn(command).finish())
    }

    /// Imports what sidecars describe in a folder.
    #[track_caller]
    pub fn import(&self, folder: &str) {
        let ran = self
            .home
            .run(&["import", "--tenant", CONTOSO, "--described", folder]);
        self.check(ran).succeeded();
    }

    /// Asserts that what a recipe has said is no secret.
    #[track_caller]
    pub fn check(&self, ran: Ran) -> Ran {
        for said in [&ran.out, &ran.err] {
            for secret in [self.secret.as_str(), "eyJ", "/uploadSessions/"] {
                assert!(!said.contains(secret), "it tells {secret:?}: {ran:?}");
            }
        }
        ran
    }

    /// GET as an application that reads everything.
    pub fn get(&self, path: &str) -> Http {
        get(&self.address(), path, &self.token)
    }

    /// What has come in, oldest first: recordings of the organizer that no seed has.
    #[track_caller]
    pub fn recordings(&self) -> Vec<Value> {
        let path = format!(
            "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
        );
        let answer = self.get(&path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut all = answer.json()["value"].as_array().unwrap().clone();
        all.retain(|one| !["recording-1", "recording-2"].contains(&one["id"].as_str().unwrap()));
        all.sort_by_key(|one| one["createdDateTime"].as_str().unwrap().to_owned());
        all
    }

    /// The one that has come in, which the list of its meeting has too.
    #[track_caller]
    pub fn only_recording(&self) -> Value {
        let mut all = self.recordings();
        assert_eq!(all.len(), 1, "{all:?}");
        let recording = all.remove(0);
        let listed = self.get(&format!("{}/recordings", meeting_path(&recording)));
        assert_eq!(listed.ids(), [recording["id"].as_str().unwrap()]);
        recording
    }

    /// The bytes of a recording.
    #[track_caller]
    pub fn content(&self, recording: &Value) -> Vec<u8> {
        let id = recording["id"].as_str().unwrap();
        let answer = self.get(&format!("{}/recordings/{id}/content", meeting_path(recording)));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The meeting of a recording.
    #[track_caller]
    pub fn meeting(&self, recording: &Value) -> Value {
        let answer = self.get(&meeting_path(recording));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The text of the one transcript of a recording's meeting.
    #[track_caller]
    pub fn transcript(&self, recording: &Value) -> String {
        let path = format!("{}/transcripts", meeting_path(recording));
        let listed = self.get(&path).json();
        let all = listed["value"].as_array().unwrap();
        assert_eq!(all.len(), 1, "{listed}");
        assert_eq!(all[0]["contentCorrelationId"], recording["contentCorrelationId"]);
        let answer = self.get(&format!("{path}/{}/content", all[0]["id"].as_str().unwrap()));
        String::from_utf8(answer.body).unwrap()
    }

    /// Whether some slices of an upload have come, and not all.
    pub fn is_under_way(&self) -> bool {
        let received = self
            .home
            .stores
            .texts("SELECT received_bytes FROM upload_sessions WHERE state = 'open'");
        received.iter().any(|bytes| bytes != "0")
    }
}

fn meeting_path(recording: &Value) -> String {
    format!(
        "/v1.0/users/{ORGANIZER}/onlineMeetings/{}",
        recording["meetingId"].as_str().unwrap()
    )
}

/// A file of `contrib/`.
pub fn contrib(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name)
}

/// A sample of `tests/media`, made longer by a box that players skip.
pub fn film(length: u32) -> Vec<u8> {
    let mut bytes = crate::uploads::sample("faststart.mp4");
    bytes.extend(length.to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(bytes.len() + usize::try_from(length).unwrap() - 8, 7);
    bytes
}

/// Writes a file and the folders that it lies in.
pub fn put(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Waits for a state.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..DEADLINE.as_millis() / 5 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited in vain: {what}");
}

/// Every file of the recipes says in its head what it is for, and is in the index.
#[test]
fn every_folder_is_in_the_index_and_every_program_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let index = std::fs::read_to_string(contrib("README.md")).unwrap();
    for entry in std::fs::read_dir(contrib("")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() || folder.ends_with("__pycache__") {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            index.contains(&format!("]({name}/")),
            "contrib/README.md has no {name}"
        );
        assert!(folder.join("README.md").exists(), "{name} has no README.md");
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let is_program = std::fs::read(&file).is_ok_and(|bytes| bytes.starts_with(b"#!"));
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(is_program, mode & 0o111 == 0o111 && file.is_file(), "{file:?}");
        }
    }
}

/// Programs and documents name one place for the configuration.
#[test]
fn every_recipe_names_the_configuration_where_the_documents_have_it() {
    let mut seen = 0;
    for entry in std::fs::read_dir(contrib("")).unwrap() {
        let folder = entry.unwrap().path();
        for file in std::fs::read_dir(&folder).into_iter().flatten() {
            let file = file.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(!text.contains("/etc/graphophone/graphophone.toml"), "{file:?}");
            seen += text.matches("/etc/graphophone.toml").count();
        }
    }
    assert!(seen > 0);
}
