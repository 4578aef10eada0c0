//! `graphophone consent`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::{Directory, DirectoryArgs, PAGE, did_you_mean, nearest};
use super::output::{line, say, table};
use super::{Failure, block_on};
use crate::auth::permission::{KNOWN, OF_SIGN_IN, known};
use crate::db::applications::{self, Application, PermissionKind};
use crate::db::directory::consents::{ChangeConsent, Consent};
use crate::db::{consents, permission_grants};

/// Consent for a user, for everybody, or for a chat.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Delegated permissions are consented to by a user, or by an administrator for everybody of the tenant; resource-specific
ones for one chat, by its thread (a meeting's chatInfo.threadId):

  graphophone consent add --app APPID --scope \"OnlineMeetingRecording.Read.All User.Read\" --all
  graphophone consent add --app APPID --scope User.Read --user megan@contoso.example
  graphophone consent add --app APPID --chat 19:meeting_…@thread.v2 --permission OnlineMeetingRecording.Read.Chat")]
pub(super) enum ConsentCommand {
    /// Consent: from now on the application has these permissions.
    Add(Given),
    /// List the consents of the tenant, by application.
    List(List),
    /// Take consents away. Tokens that carry delegated permissions already count until they expire.
    Remove(Given),
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["scope", "chat"])]
#[command(after_help = "\
Either delegated permissions, for somebody or for everybody, or resource-specific ones, for a chat:

  … --app APPID --scope \"OnlineMeetingRecording.Read.All User.Read\" --all
  … --app APPID --scope User.Read --user megan@contoso.example
  … --app APPID --chat 19:meeting_…@thread.v2 --permission OnlineMeetingRecording.Read.Chat")]
pub(super) struct Given {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// appId or, where only one application has it, display name.
    #[arg(long, value_name = "APPID")]
    app: String,
    /// Delegated permissions, separated by blanks.
    #[arg(long, value_name = "A B", requires = "for_whom")]
    scope: Option<String>,
    /// As that user, by object id or userPrincipalName.
    #[arg(long, value_name = "ID-OR-UPN", requires = "scope", group = "for_whom")]
    user: Option<String>,
    /// As an administrator, for everybody of the tenant.
    #[arg(long, requires = "scope", group = "for_whom")]
    all: bool,
    /// For the chat of this thread.
    #[arg(long, value_name = "THREADID", requires = "permissions")]
    chat: Option<String>,
    /// A resource-specific permission; may be repeated.
    #[arg(long = "permission", value_name = "NAME", requires = "chat")]
    permissions: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Only consents to this application.
    #[arg(long, value_name = "APPID")]
    app: Option<String>,
}

/// A consent, as it is shown.
enum Shown {
    Delegated { user: Option<String>, scope: String },
    Chat { thread: String, permission: String },
}

impl ConsentCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(given) => block_on(given.run(true)),
            Self::List(list) => block_on(list.run()),
            Self::Remove(given) => block_on(given.run(false)),
        }
    }
}

impl Given {
    async fn run(self, given: bool) -> Result<(), Failure> {
        let directory = self.directory.open().await?;
        let application = directory.application(&self.app).await;
        let application = application.map_err(|failure| failure.of_argument("--app"))?;
        let consent = match (&self.scope, &self.chat) {
            (Some(scope), _) => Consent::Delegated {
                user: match &self.user {
                    Some(named) => {
                        let user = directory.user(named).await;
                        Some(user.map_err(|failure| failure.of_argument("--user"))?.id)
                    }
                    None => None,
                },
                scopes: scope.split_whitespace().map(ToOwned::to_owned).collect(),
            },
            (None, chat) => Consent::Chat {
                thread: chat.clone().unwrap_or_default(),
                permissions: self.permissions.clone(),
            },
        };
        if given {
            check(&directory, &application, &consent).await?;
        }
        let shown = shown(&consent);
        let change = ChangeConsent {
            tenant_id: directory.tenant.clone(),
            app_id: application.app_id.clone(),
            consent,
            given,
            now: directory.store.clock.now(),
        };
        directory
            .change(&format!("consent to {}", application.app_id), change)
            .await?;
        match given {
            true => print(&application, &shown, self.directory.json),
            false if self.directory.json => {
                let value = json!({ "appId": application.app_id, "removed": true });
                Ok(line(&value.to_string())?)
            }
            false => Ok(line("the consent is removed")?),
        }
    }
}

/// Refuses names of permissions that are none, and says so where a consent has no effect yet.
async fn check(directory: &Directory, application: &Application, consent: &Consent) -> Result<(), Failure> {
    let (argument, kind, flag, names) = match consent {
        Consent::Delegated { scopes, .. } => ("--scope", PermissionKind::Scope, "--delegated", scopes),
        Consent::Chat { permissions, .. } => (
            "--permission",
            PermissionKind::Chat,
            "--resource-specific",
            permissions,
        ),
    };
    if let Consent::Chat { thread, .. } = consent
        && thread.trim().is_empty()
    {
        return Err(Failure::refused(["--chat: expected the id of a thread"]));
    }
    if names.is_empty() {
        return Err(Failure::refused([format!("{argument}: expected permissions")]));
    }
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    let mut db = directory.store.db.snapshot().await?;
    let registered = applications::permissions(&mut db, app_id, tenant, kind).await?;
    drop(db);
    let is_one = |name: &str| {
        known(name).is_some_and(|one| match kind {
            PermissionKind::Scope => one.delegated,
            PermissionKind::Role => one.application,
            PermissionKind::Chat => one.resource_specific,
        })
    };
    let mut refused = Vec::new();
    for name in names {
        let of_sign_in = kind == PermissionKind::Scope && OF_SIGN_IN.contains(&name.as_str());
        if registered.contains(name) || of_sign_in {
            continue;
        }
        if is_one(name) {
            say(&format!(
                "graphophone: warning: {name} has no effect until it is registered: graphophone app permission add \
                 {app_id} {flag} {name}"
            ));
            continue;
        }
        let names = registered
            .iter()
            .map(String::as_str)
            .chain(KNOWN.iter().map(|one| one.name).filter(|name| is_one(name)));
        let hint = did_you_mean(nearest(name, names));
        refused.push(format!(
            "{argument}: {name} is neither a permission of that kind nor registered{hint}"
        ));
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(Failure::refused(refused)),
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let directory = self.directory.open().await?;
        let applications = match &self.app {
            Some(named) => vec![directory.application(named).await?],
            None => {
                let mut db = directory.store.db.snapshot().await?;
                directory.applications(&mut db).await?
            }
        };
        let mut db = directory.store.db.snapshot().await?;
        let delegated = permission_grants::of_tenant(&mut db, &directory.tenant).await?;
        drop(db);
        let mut rows = Vec::new();
        for application in &applications {
            let of_application = delegated.iter().filter(|one| one.app_id == application.app_id);
            let mut found: Vec<Shown> = of_application
                .map(|one| Shown::Delegated {
                    user: one.principal_id.clone(),
                    scope: one.scope.clone(),
                })
                .collect();
            found.extend(of_chats(&directory, application).await?);
            match self.directory.json {
                true => print(application, &found, true)?,
                false => rows.extend(found.iter().map(|one| as_row(application, one))),
            }
        }
        match self.directory.json {
            true => Ok(()),
            false => Ok(table(&HEADINGS, &rows)?),
        }
    }
}

/// What an application may do in chats.
async fn of_chats(directory: &Directory, application: &Application) -> Result<Vec<Shown>, Failure> {
    let mut found = Vec::new();
    let mut after = (String::new(), String::new());
    loop {
        let mut db = directory.store.db.snapshot().await?;
        let page = consents::page(&mut db, &application.app_id, (&after.0, &after.1), PAGE).await?;
        drop(db);
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(last);
        let shown = |(thread, permission)| Shown::Chat { thread, permission };
        found.extend(page.into_iter().map(shown));
    }
}

fn shown(consent: &Consent) -> Vec<Shown> {
    match consent {
        Consent::Delegated { user, scopes } => scopes
            .iter()
            .map(|scope| Shown::Delegated {
                user: user.clone(),
                scope: scope.clone(),
            })
            .collect(),
        Consent::Chat { thread, permissions } => permissions
            .iter()
            .map(|permission| Shown::Chat {
                thread: thread.clone(),
                permission: permission.clone(),
            })
            .collect(),
    }
}

const HEADINGS: [&str; 3] = ["appId", "for", "permission"];

fn print(application: &Application, consents: &[Shown], json: bool) -> Result<(), Failure> {
    if json {
        let each = |one| line(&as_json(application, one).to_string());
        return Ok(consents.iter().try_for_each(each)?);
    }
    let rows: Vec<Vec<String>> = consents.iter().map(|one| as_row(application, one)).collect();
    Ok(table(&HEADINGS, &rows)?)
}

/// Of Graph's `oauth2PermissionGrant` and `resourceSpecificPermissionGrant` what there is here.
fn as_json(application: &Application, consent: &Shown) -> Value {
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    match consent {
        Shown::Delegated { user, scope } => json!({
            "tenantId": tenant,
            "appId": app_id,
            "consentType": if user.is_some() { "Principal" } else { "AllPrincipals" },
            "principalId": user,
            "scope": scope,
        }),
        Shown::Chat { thread, permission } => json!({
            "tenantId": tenant,
            "appId": app_id,
            "threadId": thread,
            "permission": permission,
        }),
    }
}

fn as_row(application: &Application, consent: &Shown) -> Vec<String> {
    let (whom, permission) = match consent {
        Shown::Delegated { user, scope } => (
            user.as_ref()
                .map_or_else(|| "everybody".to_owned(), |id| format!("user {id}")),
            scope,
        ),
        Shown::Chat { thread, permission } => (format!("chat {thread}"), permission),
    };
    vec![application.app_id.clone(), whom, permission.clone()]
}
