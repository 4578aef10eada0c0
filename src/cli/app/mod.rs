//! `graphophone app`: applications

mod certificate;
mod permission;
mod redirect_uri;
mod secret;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::permission::KindArgs;
use super::directory::{Directory, DirectoryArgs, name, or_dash};
use super::output::{facts, line, table};
use super::{Failure, block_on};
use crate::authority;
use crate::clock::Ticks;
use crate::db::application_credentials::{self, ApplicationCredential, CredentialKind};
use crate::db::applications::{self, Application, PermissionKind};
use crate::db::directory::applications::{ApplicationChange, ChangeApplication, CreateApplication};
use crate::ids;

/// Register applications, with their secrets, certificates, permissions and redirect URIs.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
An application that reads recordings for itself, from nothing:

  graphophone app create --name Archiver --application --permission OnlineMeetingRecording.Read.All
  graphophone app secret add Archiver
  graphophone access-policy create Archive-policy --app-id APPID
  graphophone access-policy grant Archive-policy --global")]
pub(super) enum AppCommand {
    /// Register an application, and print its appId.
    Create(Create),
    /// List the applications of the tenant, by appId.
    List(List),
    /// Show an application with all that is registered for it; of secrets and certificates what they are known by.
    Show(Named),
    /// Let an application's tokens count again.
    Enable(Named),
    /// Refuse an application's tokens from now on: 401.
    Disable(Named),
    /// The secrets with which an application proves who it is.
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// The certificates with which an application proves who it is.
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// What an application may ask for.
    #[command(subcommand)]
    Permission(permission::PermissionCommand),
    /// Where people are sent back to after they have signed in.
    #[command(subcommand)]
    RedirectUri(redirect_uri::RedirectUriCommand),
}

/// An application that is named.
#[derive(Debug, Args)]
pub(super) struct Named {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// appId or, where only one application has it, display name.
    #[arg(value_name = "APPID")]
    application: String,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    directory: DirectoryArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A program without a secret, in which people sign in, and a service that works for itself:

  graphophone app create --name Player --public-client --redirect-uri http://localhost \\
      --delegated --permission OnlineMeetingRecording.Read.All --permission User.Read
  graphophone app create --name Archiver --application --permission OnlineMeetingRecording.Read.All")]
pub(super) struct Create {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// What people call it.
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: String,
    /// appId, where it has one elsewhere already; a new one otherwise.
    #[arg(long, value_name = "GUID")]
    app_id: Option<String>,
    /// Where people may be sent back to after they have signed in; may be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// It runs where a secret does not keep (Graph's isFallbackPublicClient), such as on a phone or in a terminal.
    #[arg(long)]
    public_client: bool,
    /// A permission that it may ask for, by Graph's name; may be repeated.
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
    #[command(flatten)]
    kind: KindArgs,
}

impl AppCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List(list) => list.run(),
            Self::Show(named) => named.show(),
            Self::Enable(named) => named.enable(true),
            Self::Disable(named) => named.enable(false),
            Self::Secret(command) => command.run(),
            Self::Certificate(command) => command.run(),
            Self::Permission(command) => command.run(),
            Self::RedirectUri(command) => command.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let app_id = match &self.app_id {
            Some(given) if ids::is_guid(given) => ids::normalized(given.clone()),
            Some(given) => {
                return Err(Failure::refused([format!(
                    "--app-id: expected a GUID, found {given}"
                )]));
            }
            None => ids::random(),
        };
        for uri in &self.redirect_uris {
            check_redirect_uri("--redirect-uri", uri)?;
        }
        let permissions = self.kind.of_all("--permission", &self.permissions)?;
        block_on(async {
            let directory = self.directory.open().await?;
            let application = Application {
                app_id: app_id.clone(),
                tenant_id: directory.tenant.clone(),
                display_name: Some(self.name),
                secret_hash: None,
                account_enabled: true,
                is_fallback_public_client: self.public_client,
            };
            let create = CreateApplication {
                application,
                permissions,
                redirect_uris: self.redirect_uris,
            };
            directory.change(&format!("application {app_id}"), create).await?;
            show(&directory, &app_id, self.directory.json).await
        })
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let directory = self.directory.open().await?;
            let mut db = directory.store.db.snapshot().await?;
            let all = directory.applications(&mut db).await?;
            drop(db);
            if self.directory.json {
                return Ok(all.iter().try_for_each(|one| line(&as_json(one).to_string()))?);
            }
            let row = |one: &Application| {
                vec![
                    one.app_id.clone(),
                    state(one).to_owned(),
                    or_dash(one.display_name.as_deref()),
                ]
            };
            let rows: Vec<Vec<String>> = all.iter().map(row).collect();
            Ok(table(&["appId", "state", "displayName"], &rows)?)
        })
    }
}

impl Named {
    fn show(self) -> Result<(), Failure> {
        block_on(async {
            let (directory, application) = self.find().await?;
            show(&directory, &application.app_id, self.directory.json).await
        })
    }

    fn enable(self, enabled: bool) -> Result<(), Failure> {
        block_on(async {
            let (directory, application) = self.find().await?;
            change(&directory, &application, ApplicationChange::Enabled(enabled)).await?;
            let now = Application {
                account_enabled: enabled,
                ..application
            };
            match self.directory.json {
                true => Ok(line(&as_json(&now).to_string())?),
                false => Ok(line(&format!("{} is {}", now.app_id, state(&now)))?),
            }
        })
    }

    async fn find(&self) -> Result<(Directory, Application), Failure> {
        let directory = self.directory.open().await?;
        let application = directory.application(&self.application).await?;
        Ok((directory, application))
    }
}

/// Makes a change of an application.
async fn change(
    directory: &Directory,
    application: &Application,
    change: ApplicationChange,
) -> Result<(), Failure> {
    let what = format!("application {}", application.app_id);
    let change = ChangeApplication {
        app_id: application.app_id.clone(),
        tenant_id: application.tenant_id.clone(),
        change,
    };
    directory.change(&what, change).await
}

fn check_redirect_uri(argument: &str, uri: &str) -> Result<(), Failure> {
    authority::redirect_uri::check(uri)
        .map_err(|fault| Failure::refused([format!("{argument}: {uri}: {fault}")]))
}

fn state(application: &Application) -> &'static str {
    match application.account_enabled {
        true => "enabled",
        false => "disabled",
    }
}

fn as_json(application: &Application) -> Value {
    json!({
        "appId": application.app_id,
        "tenantId": application.tenant_id,
        "displayName": application.display_name,
        "accountEnabled": application.account_enabled,
        "isFallbackPublicClient": application.is_fallback_public_client,
    })
}

/// Prints an application with all that is registered for it.
async fn show(directory: &Directory, app_id: &str, json: bool) -> Result<(), Failure> {
    let (tenant, now) = (&directory.tenant, directory.store.clock.now());
    let application = directory.application(app_id).await?;
    let mut db = directory.store.db.snapshot().await?;
    let redirect_uris = applications::redirect_uris(&mut db, app_id, tenant).await?;
    let mut permissions = Vec::new();
    for kind in PermissionKind::ALL {
        permissions.push((
            kind,
            applications::permissions(&mut db, app_id, tenant, kind).await?,
        ));
    }
    let credentials = application_credentials::of_application(&mut db, app_id, tenant).await?;
    drop(db);
    let of = |kind| credentials.iter().filter(move |one| one.kind == kind);
    if json {
        let mut value = as_json(&application);
        if let Some(members) = value.as_object_mut() {
            for (kind, names) in permissions {
                members.insert(permission::member(kind).to_owned(), names.into());
            }
            members.insert("redirectUris".into(), redirect_uris.into());
            let list = |kind| {
                of(kind)
                    .map(|one| credential_as_json(one, now))
                    .collect::<Vec<_>>()
            };
            members.insert("passwordCredentials".into(), list(CredentialKind::Secret).into());
            members.insert("keyCredentials".into(), list(CredentialKind::Certificate).into());
            members.insert("hasSeedSecret".into(), application.secret_hash.is_some().into());
        }
        return Ok(line(&value.to_string())?);
    }
    let mut rows = vec![
        ("appId", application.app_id.clone()),
        ("tenantId", application.tenant_id.clone()),
        ("displayName", or_dash(application.display_name.as_deref())),
        ("state", state(&application).to_owned()),
        (
            "public client",
            if application.is_fallback_public_client {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ),
    ];
    for (kind, names) in permissions {
        rows.extend(names.into_iter().map(|name| (permission::label(kind), name)));
    }
    rows.extend(redirect_uris.into_iter().map(|uri| ("redirect URI", uri)));
    for (label, kind) in [
        ("secret", CredentialKind::Secret),
        ("certificate", CredentialKind::Certificate),
    ] {
        rows.extend(of(kind).map(|one| (label, credential_as_text(one, now))));
    }
    if application.secret_hash.is_some() {
        rows.push(("secret", "one of a seed file, which does not expire".to_owned()));
    }
    Ok(facts(&rows)?)
}

/// Graph's `passwordCredential` and `keyCredential`, without what they keep secret.
fn credential_as_json(credential: &ApplicationCredential, now: Ticks) -> Value {
    let known_by = match credential.kind {
        CredentialKind::Secret => "hint",
        CredentialKind::Certificate => "customKeyIdentifier",
    };
    json!({
        "keyId": credential.id,
        "displayName": credential.display_name,
        known_by: credential.hint,
        "startDateTime": credential.created.to_string(),
        "endDateTime": credential.expires.to_string(),
        "expired": credential.expires <= now,
    })
}

fn credential_as_text(credential: &ApplicationCredential, now: Ticks) -> String {
    let more = match credential.kind {
        CredentialKind::Secret => "…",
        CredentialKind::Certificate => "",
    };
    format!(
        "{}  {}{more}  {} {}  {}",
        credential.id,
        credential.hint,
        if credential.expires <= now {
            "expired"
        } else {
            "until"
        },
        credential.expires.to_seconds_text(),
        credential.display_name.as_deref().unwrap_or_default(),
    )
}

/// Prints the credentials of one kind that an application has.
async fn list_credentials(named: Named, kind: CredentialKind) -> Result<(), Failure> {
    let (directory, application) = named.find().await?;
    let now = directory.store.clock.now();
    let mut db = directory.store.db.snapshot().await?;
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    let mut found = application_credentials::of_application(&mut db, app_id, tenant).await?;
    drop(db);
    found.retain(|one| one.kind == kind);
    if named.directory.json {
        let each = |one| line(&credential_as_json(one, now).to_string());
        return Ok(found.iter().try_for_each(each)?);
    }
    let row = |one: &ApplicationCredential| {
        vec![
            one.id.clone(),
            one.hint.clone(),
            if one.expires <= now { "expired" } else { "good" }.to_owned(),
            one.expires.to_string(),
            or_dash(one.display_name.as_deref()),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let known_by = match kind {
        CredentialKind::Secret => "hint",
        CredentialKind::Certificate => "thumbprint",
    };
    Ok(table(
        &["keyId", known_by, "state", "until", "displayName"],
        &rows,
    )?)
}

/// Takes a credential of one kind away.
async fn remove_credential(named: Named, kind: CredentialKind, key_id: String) -> Result<(), Failure> {
    let (directory, application) = named.find().await?;
    let change = ChangeApplication {
        app_id: application.app_id,
        tenant_id: application.tenant_id,
        change: ApplicationChange::RemoveCredential(kind, ids::normalized(key_id.clone())),
    };
    directory
        .change(&format!("{} {key_id}", kind.text()), change)
        .await?;
    match named.directory.json {
        true => Ok(line(&json!({ "keyId": key_id, "removed": true }).to_string())?),
        false => Ok(line(&format!("{key_id} is removed"))?),
    }
}
