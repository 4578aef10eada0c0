//! `graphophone demo`

mod environment;

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rust_embed::RustEmbed;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use environment::Environment;

use super::output::line;
use super::serve::{Service, make_room};
use super::token::{Wanted, sign};
use super::{Failure, StoreArgs};
use crate::clock::Clock;
use crate::config::{Config, Origin, TlsConfig};
use crate::db::tenants;
use crate::http::listener;
use crate::seed::{self, Complete, Document, LoadOptions, Parent, Upload};
use crate::server::{Prepared, Server};
use crate::store::Store;
use crate::telemetry;

/// The sample tenants with their recordings, as seed files.
#[derive(RustEmbed)]
#[folder = "demo/"]
#[include = "seed.yaml"]
#[include = "media/*"]
struct Sample;

/// How long the printed tokens are good for.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Serve a sample tenant with recordings on a temporary folder and a free port, and print lines to try it with.
#[derive(Debug, Args)]
#[command(
    after_help = "The sample tenants are described in demo/README.md. Stop with Ctrl-C; without --data nothing stays."
)]
pub(super) struct Demo {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder to use and keep, instead of a temporary one.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on, instead of a free port of 127.0.0.1.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Listen even where other machines can connect: anybody with a printed token can read everything in it.
    #[arg(long)]
    insecure_listen: bool,
    /// Speak HTTPS, with a certificate of an authority that is made up for it.
    #[arg(long)]
    tls: bool,
    /// Print one JSON object on one line instead.
    #[arg(long)]
    json: bool,
}

/// A caller that the demo has a token for.
struct Person {
    /// Name of the token.
    name: &'static str,
    /// appId.
    application: &'static str,
    /// Tenant.
    tenant: &'static str,
    /// userPrincipalName, for a delegated token.
    user: Option<&'static str>,
    /// What it shows.
    about: &'static str,
}

const CONTOSO: &str = "f6fadfa7-e5c1-4b62-9362-da5cc13da58a";
const FABRIKAM: &str = "2c63888f-28f0-4481-be6d-dce7a7ace732";
const ARCHIVER: &str = "68e58909-ccb2-4416-925a-56c9a30f4300";
const REPORTS: &str = "ff53a46f-5ead-403a-84c4-b877678537a3";
const NOTES: &str = "e179f773-a6e0-43c0-9514-b7dde2ad0478";

/// The organizer of the first recording.
const ORGANIZER: &str = "megan@contoso.example";

const PEOPLE: [Person; 7] = [
    Person {
        name: "organizer",
        application: ARCHIVER,
        tenant: CONTOSO,
        user: Some(ORGANIZER),
        about: "Megan, signed in: organizes the marketing stand-up",
    },
    Person {
        name: "participant",
        application: ARCHIVER,
        tenant: CONTOSO,
        user: Some("alex@contoso.example"),
        about: "Alex, signed in: takes part in it, so sees its recordings and not their content",
    },
    Person {
        name: "outsider",
        application: ARCHIVER,
        tenant: CONTOSO,
        user: Some("nestor@contoso.example"),
        about: "Nestor, signed in: takes part in no meeting",
    },
    Person {
        name: "archiver",
        application: ARCHIVER,
        tenant: CONTOSO,
        user: None,
        about: "an application with an access policy for everybody",
    },
    Person {
        name: "reports",
        application: REPORTS,
        tenant: CONTOSO,
        user: None,
        about: "an application with the same permission and no access policy",
    },
    Person {
        name: "notes",
        application: NOTES,
        tenant: CONTOSO,
        user: None,
        about: "an application with a consent for one meeting's chat",
    },
    Person {
        name: "fabrikam",
        application: ARCHIVER,
        tenant: FABRIKAM,
        user: None,
        about: "the archiver in the other tenant",
    },
];

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        let service = Service::begin()?;
        let temporary = match self.data {
            Some(_) => None,
            None => Some(temporary("graphophone-demo-")?),
        };
        let folder = self
            .data
            .clone()
            .or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
        let Some(folder) = folder else {
            return Err(Failure::at_work("no data folder"));
        };
        // The printed lines are pasted into a terminal that may be in another folder.
        let folder = std::path::absolute(folder)?;
        let mut config = self.configuration(&folder)?;
        let logs = telemetry::start(&config.log);
        make_room(&mut config.limits.max_connections);
        let served = service.run(&logs, self.start(config, folder));
        let Some(temporary) = temporary else { return served };
        let place = temporary.path().display().to_string();
        let removed = match temporary.close() {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let text = format!("{place}: the demo's folder could not be removed: {error}; remove it");
                Err(Failure::at_work(text))
            }
            _ => Ok(()),
        };
        served.and(removed)
    }

    async fn start(self, config: Config, folder: PathBuf) -> Result<Server, Failure> {
        let prepared = Prepared::open(config, &Clock::system()).await?;
        let sample = load_sample(&prepared.store).await?;
        let store = prepared.store.clone();
        let server = prepared.start(None).await?;
        let tokens = sign_tokens(&store, &server, &folder).await?;
        let environment = Environment::make(&store, &server, &sample, &folder).await?;
        if self.json {
            let mut object = as_json(&server, &sample, &tokens);
            if let Value::Object(members) = &mut object {
                members.extend(environment.as_json());
            }
            line(&object.to_string())?;
        } else {
            line(&as_text(&server, &sample, &tokens, &folder, &environment))?;
        }
        Ok(server)
    }

    fn configuration(&self, folder: &Path) -> Result<Config, Failure> {
        let store = StoreArgs {
            config: self.config.clone(),
            data: Some(folder.to_owned()),
        };
        let effective = store.load(self.listen.clone())?;
        let named = effective
            .settings
            .iter()
            .any(|one| one.key == "listen" && one.origin != Origin::Default);
        let mut config = effective.config;
        if self.tls && config.tls.is_none() {
            config.tls = Some(TlsConfig::DEVELOPMENT);
        }
        if !named {
            // A free port, unless somebody named one.
            config.listen.set_port(0);
        }
        if !config.listen.ip().is_loopback() && !self.insecure_listen {
            let text = format!(
                "--listen: {} can be reached from other machines, and the demo prints tokens for everything in it; use a \
                 loopback address, or say --insecure-listen",
                config.listen
            );
            return Err(Failure::refused([text]));
        }
        if config.public_url.is_none() && config.listen.ip().is_unspecified() {
            if config.listen.port() == 0 {
                // Links name the port, so it is chosen before the server is made.
                let free = listener::bind(config.listen)?.address;
                config.listen.set_port(free.port());
            }
            let loopback = SocketAddr::from(([127, 0, 0, 1], config.listen.port()));
            config.public_url = Some(config.url_of(loopback));
        }
        Ok(config)
    }
}

/// A folder that goes away, for its owner alone whatever the umask is.
fn temporary(prefix: &str) -> std::io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
}

/// The folder of the tokens, for its owner alone.
fn token_folder(data: &Path) -> Result<PathBuf, Failure> {
    let files = data.join("tokens");
    match fs::DirBuilder::new().mode(0o700).create(&files) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    // A link would lead the tokens to where others may read.
    if !fs::symlink_metadata(&files)?.is_dir() {
        let text = format!("{} is not a folder: remove it", files.display());
        return Err(Failure::at_work(text));
    }
    fs::set_permissions(&files, fs::Permissions::from_mode(0o700))?;
    Ok(files)
}

/// Loads the sample into a store that holds nothing else.
async fn load_sample(store: &Store) -> Result<Complete, Failure> {
    let mut db = store.db.snapshot().await?;
    let known = tenants::ids(&mut db).await?;
    drop(db);
    if let Some(other) = known
        .iter()
        .find(|id| ![CONTOSO, FABRIKAM].contains(&id.as_str()))
    {
        let text =
            format!("--data: the folder holds tenant {other}, which is not the demo's; name an empty folder");
        return Err(Failure::refused([text]));
    }
    // A seed names files beside it, so the embedded ones are laid out for as long as it is read.
    let folder = temporary("graphophone-sample-")?;
    for name in Sample::iter() {
        let path = folder.path().join(name.as_ref());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = Sample::get(&name).ok_or_else(|| Failure::at_work("an embedded file is missing"))?;
        fs::write(path, file.data)?;
    }
    let document = Document::read(&folder.path().join("seed.yaml"))?;
    let sample = seed::check(store, document.clone()).await?;
    seed::load(
        store,
        document,
        LoadOptions {
            announce: false,
            progress: &|_, _| {},
        },
    )
    .await?;
    Ok(sample)
}

/// Signs a token for each of [`PEOPLE`] and puts it into a file of its own.
async fn sign_tokens(
    store: &Store,
    server: &Server,
    folder: &Path,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let files = token_folder(folder)?;
    let mut tokens = Vec::new();
    for person in &PEOPLE {
        let wanted = Wanted {
            application: person.application,
            tenant: Some(person.tenant),
            user: person.user,
            scope: None,
            lifetime: TOKEN_LIFETIME,
            audience: "https://graph.microsoft.com",
        };
        let token = sign(store, &server.app.public_url, &wanted).await?;
        // A new file, which only its owner can read, in the place of whatever is there.
        let mut file = tempfile::NamedTempFile::new_in(&files)?;
        file.write_all(token.as_bytes())?;
        file.persist(files.join(person.name))
            .map_err(|failed| failed.error)?;
        tokens.push((person.name, token));
    }
    Ok(tokens)
}

/// The certificate of the authority that clients have to be told of.
fn ca_file(server: &Server) -> Option<String> {
    let authority = server.certificate.as_ref()?.authority()?;
    Some(authority.file().display().to_string())
}

fn base_url(server: &Server) -> String {
    format!("{}/v1.0", server.app.public_url)
}

/// Address of a recording's metadata.
fn recording_url(base: &str, recording: &seed::Recording) -> String {
    let own = &recording.artifact;
    let (parent, id) = match &own.parent {
        Parent::Meeting(id) => ("onlineMeetings", id),
        Parent::AdhocCall(id) => ("adhocCalls", id),
    };
    format!(
        "{base}/users/{}/{parent}/{id}/recordings/{}",
        own.organizer.id,
        odata::encode_segment(&own.id)
    )
}

/// Lines that a person can paste.
fn as_text(
    server: &Server,
    sample: &Complete,
    tokens: &[(&'static str, String)],
    folder: &Path,
    environment: &Environment,
) -> String {
    let base = base_url(server);
    let token_file = |name: &str| folder.join("tokens").join(name).display().to_string();
    let trusting = ca_file(server).map_or_else(String::new, |file| format!("--cacert '{file}' "));
    let bearer = |name: &str| {
        format!(
            "{trusting}-H \"Authorization: Bearer $(cat '{}')\"",
            token_file(name)
        )
    };
    let shown = sample
        .recordings
        .put
        .first()
        .map(|first| recording_url(&base, first))
        .unwrap_or_default();
    let list = shown.rsplit_once('/').map_or("", |(list, _)| list);
    let mut text = String::new();
    let mut say = |line: &str| {
        // Writing into a String does not fail.
        let _written = writeln!(text, "{line}");
    };
    say(&format!("The sample tenants are served at {base}"));
    say("");
    say("The metadata of a recording, asked for by its organizer:");
    say(&format!("  curl {} '{shown}'", bearer("organizer")));
    say("Its content, as a file that plays:");
    say(&format!(
        "  curl {} -o recording.mp4 '{shown}/content'",
        bearer("organizer")
    ));
    say("All recordings of that meeting, asked for by an application:");
    say(&format!("  curl {} '{list}'", bearer("archiver")));
    say("The same without an application access policy (403):");
    say(&format!("  curl {} '{list}'", bearer("reports")));
    say("");
    say("Tokens, good for a day:");
    for (person, (name, _)) in PEOPLE.iter().zip(tokens) {
        say(&format!("  {}  {}", token_file(name), person.about));
    }
    text.push_str(&environment.as_text());
    text.push_str("\nStop with Ctrl-C.");
    text
}

/// The same as one object, in the seed file's words.
fn as_json(server: &Server, sample: &Complete, tokens: &[(&'static str, String)]) -> Value {
    let base = base_url(server);
    let users = sample.users.put.iter().map(|user| {
        json!({
            "id": user.id, "tenantId": user.tenant_id, "userPrincipalName": user.user_principal_name,
            "displayName": user.display_name, "mail": user.mail,
            "userType": if user.user_type == seed::UserType::Guest { "Guest" } else { "Member" },
            "accountEnabled": user.account_enabled,
        })
    });
    let applications = sample.applications.put.iter().map(|application| {
        json!({
            "appId": application.app_id, "tenantId": application.tenant_id, "displayName": application.display_name,
            "appRoles": application.app_roles, "scopes": application.scopes,
            "resourceSpecificApplicationPermissions": application.resource_specific_application_permissions,
        })
    });
    let meetings = sample.online_meetings.put.iter().map(|meeting| {
        let own = &meeting.properties;
        let (join_meeting_id, passcode) = meeting.join_meeting_id();
        json!({
            "joinMeetingIdSettings": {
                "isPasscodeRequired": passcode.is_some(), "joinMeetingId": join_meeting_id, "passcode": passcode,
            },
            "id": meeting.id, "organizerId": meeting.organizer.id, "tenantId": meeting.organizer.tenant_id,
            "subject": own.subject, "meetingType": own.meeting_type.text(), "threadId": meeting.thread_id,
            "joinWebUrl": meeting.join_web_url(), "isChannelMeeting": own.is_channel_meeting, "iCalUId": meeting.ical_uid,
            "startDateTime": own.start_date_time.map(|at| at.to_string()),
            "endDateTime": own.end_date_time.map(|at| at.to_string()),
            "expiryDateTime": own.expiry_date_time.map(|at| at.to_string()),
        })
    });
    let calls = sample.adhoc_calls.put.iter();
    let calls =
        calls.map(|call| json!({"id": call.id, "userId": call.user.id, "tenantId": call.user.tenant_id}));
    let recordings = sample.recordings.put.iter().map(|recording| {
        let mut value = artifact_json(&recording.artifact);
        let complete = matches!(recording.upload, Upload::Complete(_));
        value.insert(
            "uploadState".into(),
            if complete { "complete" } else { "pending" }.into(),
        );
        value.insert(
            "contentUrl".into(),
            format!("{}/content", recording_url(&base, recording)).into(),
        );
        Value::Object(value)
    });
    let transcripts = sample
        .transcripts
        .put
        .iter()
        .map(|one| Value::Object(artifact_json(&one.artifact)));
    let tokens: Map<String, Value> = tokens
        .iter()
        .map(|(name, token)| ((*name).to_owned(), token.as_str().into()))
        .collect();
    json!({
        "baseUrl": base,
        "caFile": ca_file(server),
        "tenantId": CONTOSO,
        "users": users.collect::<Vec<_>>(),
        "applications": applications.collect::<Vec<_>>(),
        "meetings": meetings.collect::<Vec<_>>(),
        "adhocCalls": calls.collect::<Vec<_>>(),
        "recordings": recordings.collect::<Vec<_>>(),
        "transcripts": transcripts.collect::<Vec<_>>(),
        "tokens": tokens,
    })
}

/// What recordings and transcripts have in common, in the seed file's words.
fn artifact_json(own: &seed::Artifact) -> Map<String, Value> {
    let (meeting, call) = match &own.parent {
        Parent::Meeting(id) => (Some(id), None),
        Parent::AdhocCall(id) => (None, Some(id)),
    };
    let members = [
        ("id", json!(own.id)),
        ("meetingId", json!(meeting)),
        ("adhocCallId", json!(call)),
        ("organizerId", json!(own.organizer.id)),
        ("tenantId", json!(own.organizer.tenant_id)),
        ("callId", json!(own.call_id)),
        ("contentCorrelationId", json!(own.content_correlation_id)),
        (
            "createdDateTime",
            json!(own.created_date_time.map(|at| at.to_string())),
        ),
        ("endDateTime", json!(own.end_date_time.map(|at| at.to_string()))),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
