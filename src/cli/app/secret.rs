//! `graphophone app secret`

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Named, credential_as_json, list_credentials, remove_credential};
use crate::authority::random_secret;
use crate::cli::directory::{lifetime, name};
use crate::cli::output::{line, say};
use crate::cli::{Failure, block_on};
use crate::db::application_credentials::{ApplicationCredential, CredentialKind};
use crate::db::directory::ChangeError;
use crate::db::directory::applications::{AddCredential, SECRETS};
use crate::ids;

/// Entra's own bound.
const LONGEST: Duration = Duration::from_secs(730 * 24 * 60 * 60);

/// The secrets with which an application proves who it is.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Two secrets may be good at once, so that one is changed for another without a gap:

  graphophone app secret add APPID       # then give it to the application
  graphophone app secret list APPID
  graphophone app secret remove APPID KEYID")]
pub(in crate::cli) enum SecretCommand {
    /// Make a secret, and print it: this once, for what is kept is its hash.
    Add(Add),
    /// List the secrets of an application, oldest first: what each is known by, and when it ends.
    List(Named),
    /// Take a secret away; it is refused from now on.
    Remove(Remove),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Standard output has the secret alone, so that it can go where it belongs without being seen:

  graphophone app secret add APPID --name production > secret.txt")]
pub(in crate::cli) struct Add {
    #[command(flatten)]
    named: Named,
    /// What people call it.
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// How long it is good, at most 730d.
    #[arg(long, value_name = "DURATION", default_value = "180d", value_parser = |text: &str| lifetime(text, LONGEST))]
    expires_in: Duration,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Remove {
    #[command(flatten)]
    named: Named,
    /// keyId of the secret.
    #[arg(value_name = "KEYID")]
    key_id: String,
}

impl SecretCommand {
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(add) => block_on(add.run()),
            Self::List(named) => block_on(list_credentials(named, CredentialKind::Secret)),
            Self::Remove(remove) => block_on(remove_credential(
                remove.named,
                CredentialKind::Secret,
                remove.key_id,
            )),
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let (directory, application) = self.named.find().await?;
        let now = directory.store.clock.now();
        let made = random_secret::for_application().map_err(Failure::at_work)?;
        let credential = ApplicationCredential {
            id: ids::random(),
            app_id: application.app_id.clone(),
            tenant_id: application.tenant_id,
            kind: CredentialKind::Secret,
            hint: made.hint,
            display_name: self.name,
            value: random_secret::sha256(made.secret.expose()),
            created: now,
            expires: now.plus(self.expires_in),
        };
        let add = AddCredential {
            credential: credential.clone(),
            now,
        };
        let app_id = application.app_id;
        directory
            .store
            .db
            .write(add)
            .await
            .map_err(|error| match error {
                ChangeError::Db(error) => error.into(),
                ChangeError::TooManySecrets => Failure::at_work(format!(
                    "application {app_id} has {SECRETS} good secrets, which is as many as there may be: remove one first \
                 (graphophone app secret list, graphophone app secret remove)"
                )),
                other => Failure::at_work(format!("application {app_id}: {other}")),
            })?;
        if self.named.directory.json {
            let mut value = credential_as_json(&credential, now);
            if let Some(members) = value.as_object_mut() {
                // Graph's name for it.
                members.insert("secretText".into(), made.secret.expose().into());
            }
            return Ok(line(&value.to_string())?);
        }
        line(made.secret.expose())?;
        say(&format!(
            "graphophone: secret {} of {app_id} is good until {}; it is not shown again",
            credential.id,
            credential.expires.to_seconds_text()
        ));
        Ok(())
    }
}
