//! `graphophone app certificate`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Named, credential_as_json, list_credentials, remove_credential};
use crate::authority::certificate::Certificate;
use crate::cli::directory::name;
use crate::cli::output::{facts, line};
use crate::cli::{Failure, block_on};
use crate::db::application_credentials::{ApplicationCredential, CredentialKind};
use crate::db::directory::applications::AddCredential;
use crate::ids;

/// The certificates with which an application proves who it is: private_key_jwt of RFC 7523.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CertificateCommand {
    /// Let an application prove who it is with the private key of a certificate.
    Add(Add),
    /// List the certificates of an application, oldest first.
    List(Named),
    /// Take a certificate away; what it signs is refused from now on.
    Remove(Remove),
}

#[derive(Debug, Args)]
#[command(after_help = "\
The private key stays with the application. A pair for a year, and the certificate alone to the store:

  openssl req -x509 -newkey rsa:2048 -noenc -days 365 -subj /CN=archiver -keyout archiver.key -out archiver.pem
  graphophone app certificate add APPID archiver.pem")]
pub(in crate::cli) struct Add {
    #[command(flatten)]
    named: Named,
    /// File with the certificate in PEM; its key is RSA of 2048 bits or more.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What people call it; whom it names otherwise.
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Remove {
    #[command(flatten)]
    named: Named,
    /// keyId of the certificate.
    #[arg(value_name = "KEYID")]
    key_id: String,
}

impl CertificateCommand {
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(add) => block_on(add.run()),
            Self::List(named) => block_on(list_credentials(named, CredentialKind::Certificate)),
            Self::Remove(remove) => block_on(remove_credential(
                remove.named,
                CredentialKind::Certificate,
                remove.key_id,
            )),
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let file = self.file.display().to_string();
        let text = std::fs::read(&self.file)
            .map_err(|error| Failure::refused([format!("{file}: it cannot be read: {error}")]))?;
        let (directory, application) = self.named.find().await?;
        let now = directory.store.clock.now();
        let certificate = Certificate::from_pem(&text, now)
            .map_err(|fault| Failure::refused([format!("{file}: {fault}")]))?;
        let credential = ApplicationCredential {
            id: ids::random(),
            app_id: application.app_id,
            tenant_id: application.tenant_id,
            kind: CredentialKind::Certificate,
            hint: certificate.thumbprint,
            display_name: Some(self.name.unwrap_or(certificate.subject)),
            value: certificate.der,
            created: now,
            expires: certificate.expires,
        };
        let add = AddCredential {
            credential: credential.clone(),
            now,
        };
        let what = format!("certificate {}", credential.hint);
        directory.change(&what, add).await?;
        if self.named.directory.json {
            return Ok(line(&credential_as_json(&credential, now).to_string())?);
        }
        Ok(facts(&[
            ("keyId", credential.id),
            ("thumbprint", credential.hint),
            ("until", credential.expires.to_string()),
        ])?)
    }
}
