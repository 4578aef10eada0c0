//! What a program with a Microsoft library needs to find the demo: written to a file of environment variables, with secrets that
//! are made anew at each start.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{CONTOSO, Failure, ca_file};
use crate::authority::random_secret::{self, NoRandomness};
use crate::authority::secret_hash;
use crate::config::Secret;
use crate::db::application_credentials::{self, ApplicationCredential, CredentialKind};
use crate::db::directory::ChangeError;
use crate::db::directory::applications::{AddCredential, ApplicationChange, ChangeApplication};
use crate::db::directory::users::{ChangeUser, UserChange};
use crate::ids;
use crate::seed::Complete;
use crate::server::Server;
use crate::store::Store;

/// The application that the environment is for.
const SAMPLE_CLIENT: &str = "3f0d5a1e-8a0c-4c0e-9c1b-5a8f2b7d6e41";
/// An administrator.
const ADMINISTRATOR: &str = "megan@contoso.example";
/// Who can sign in.
const USERS: [&str; 3] = [ADMINISTRATOR, "alex@contoso.example", "nestor@contoso.example"];
/// How long the secret works.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// What the secret is called, so that the next start knows it.
const NAME: &str = "demo";

/// The environment of a program that is to find the demo.
pub(super) struct Environment {
    file: PathBuf,
    variables: Vec<(&'static str, String)>,
    secret: Secret,
    password: Secret,
}

impl From<NoRandomness> for Failure {
    fn from(fault: NoRandomness) -> Self {
        Self::at_work(fault)
    }
}

impl Environment {
    /// Makes secrets, and the file in `folder`.
    pub(super) async fn make(
        store: &Store,
        server: &Server,
        sample: &Complete,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let secret = new_secret(store).await?;
        let password = random_secret::password()?;
        set_passwords(store, sample, &password).await?;
        let url = server.app.public_url.to_string();
        let first = sample.recordings.put.first().map(|recording| &recording.artifact);
        let of_first = |read: fn(&crate::seed::Artifact) -> String| first.map(read).unwrap_or_default();
        let meeting = of_first(|own| match &own.parent {
            crate::seed::Parent::Meeting(id) | crate::seed::Parent::AdhocCall(id) => id.clone(),
        });
        let mut variables = vec![
            ("GRAPH_BASE_URL", format!("{url}/v1.0")),
            ("GRAPH_SCOPE", format!("{url}/.default")),
            ("GRAPH_USER_ID", of_first(|own| own.organizer.id.clone())),
            ("GRAPH_MEETING_ID", meeting),
            ("AZURE_AUTHORITY_HOST", url),
            // Libraries ask a server of Microsoft about authorities that they do not know, unless it is this one.
            ("AZURE_TENANT_ID", "adfs".to_owned()),
            ("AZURE_CLIENT_ID", SAMPLE_CLIENT.to_owned()),
            ("AZURE_CLIENT_SECRET", secret.expose().to_owned()),
            ("DEMO_TENANT_ID", CONTOSO.to_owned()),
            ("DEMO_USER", ADMINISTRATOR.to_owned()),
            ("DEMO_PASSWORD", password.expose().to_owned()),
        ];
        if let Some(ca) = ca_file(server) {
            for name in [
                "SSL_CERT_FILE",
                "REQUESTS_CA_BUNDLE",
                "NODE_EXTRA_CA_CERTS",
                "CURL_CA_BUNDLE",
            ] {
                variables.push((name, ca.clone()));
            }
        }
        let file = folder.join(".env");
        write(folder, &file, &variables)?;
        Ok(Self {
            file,
            variables,
            secret,
            password,
        })
    }

    /// Lines that say what it is for.
    pub(super) fn as_text(&self) -> String {
        let mut text = String::new();
        let mut say = |line: String| {
            // Writing into a String does not fail.
            let _written = writeln!(text, "{line}");
        };
        say(String::new());
        say(
            "For programs with a Microsoft library, all they need as variables of the environment:"
                .to_owned(),
        );
        say(format!("  set -a; . '{}'; set +a", self.file.display()));
        say(format!(
            "To sign in in a browser or by a device code, {}; the password of all of them:",
            USERS.join(", ")
        ));
        say(format!("  {}", self.password.expose()));
        text
    }

    /// Members for the one object.
    pub(super) fn as_json(&self) -> Map<String, Value> {
        let variables: Map<String, Value> = self
            .variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        let members = [
            ("envFile", json!(self.file)),
            ("environment", Value::Object(variables)),
            ("clientId", json!(SAMPLE_CLIENT)),
            ("clientSecret", json!(self.secret.expose())),
            ("password", json!(self.password.expose())),
        ];
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// A secret of the sample client; those of starts before are gone.
async fn new_secret(store: &Store) -> Result<Secret, Failure> {
    let now = store.clock.now();
    let before = {
        let mut db = store.db.snapshot().await?;
        application_credentials::of_application(&mut db, SAMPLE_CLIENT, CONTOSO).await?
    };
    for old in before
        .into_iter()
        .filter(|old| old.display_name.as_deref() == Some(NAME))
    {
        let change = ChangeApplication {
            app_id: SAMPLE_CLIENT.to_owned(),
            tenant_id: CONTOSO.to_owned(),
            change: ApplicationChange::RemoveCredential(CredentialKind::Secret, old.id),
        };
        store.db.write(change).await.map_err(changed)?;
    }
    let made = random_secret::for_application()?;
    let credential = ApplicationCredential {
        id: ids::random(),
        app_id: SAMPLE_CLIENT.to_owned(),
        tenant_id: CONTOSO.to_owned(),
        kind: CredentialKind::Secret,
        hint: made.hint,
        display_name: Some(NAME.to_owned()),
        value: random_secret::sha256(made.secret.expose()),
        created: now,
        expires: now.plus(LIFETIME),
    };
    store
        .db
        .write(AddCredential { credential, now })
        .await
        .map_err(changed)?;
    Ok(made.secret)
}

/// One password for all who can sign in.
async fn set_passwords(store: &Store, sample: &Complete, password: &Secret) -> Result<(), Failure> {
    let plain = password.clone();
    let hash = tokio::task::spawn_blocking(move || secret_hash::hash(plain.expose())).await;
    let hash = hash.map_err(Failure::at_work)?.map_err(Failure::at_work)?;
    for user in &sample.users.put {
        let name = user.user_principal_name.as_deref().unwrap_or_default();
        if USERS.contains(&name) {
            let change = ChangeUser {
                user_id: user.id.clone(),
                change: UserChange::Password(hash.clone()),
                now: store.clock.now(),
            };
            store.db.write(change).await.map_err(changed)?;
        }
    }
    Ok(())
}

fn changed(error: ChangeError) -> Failure {
    Failure::at_work(error)
}

/// A new file, which only its owner can read, in the place of whatever is there.
fn write(folder: &Path, file: &Path, variables: &[(&'static str, String)]) -> Result<(), Failure> {
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    for (name, value) in variables {
        writeln!(new, "{name}='{}'", value.replace('\'', "'\\''"))?;
    }
    new.persist(file).map_err(|failed| failed.error)?;
    Ok(())
}
