//! `graphophone app permission`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Named, change};
use crate::auth::permission::{KNOWN, KnownPermission, OF_SIGN_IN, known};
use crate::cli::directory::{Directory, did_you_mean, nearest};
use crate::cli::output::{line, table};
use crate::cli::{Failure, block_on};
use crate::db::applications::{self, Application, PermissionKind};
use crate::db::directory::applications::ApplicationChange;

/// What an application may ask for.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PermissionCommand {
    /// Register permissions, by Graph's names.
    Add(Names),
    /// List the permissions of an application.
    List(Named),
    /// Take permissions away; tokens that carry them count without them from the next request on.
    Remove(Names),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Where Graph has a name as an application permission and as a delegated one, say which:

  graphophone app permission add APPID --application OnlineMeetingRecording.Read.All
  graphophone app permission add APPID --delegated OnlineMeetingRecording.Read.All User.Read
  graphophone app permission add APPID OnlineMeetingRecording.Read.Chat

An application permission goes into `roles`, a delegated one into `scp` as far as somebody has consented
(graphophone consent), a resource-specific one is for a chat to consent to.")]
pub(in crate::cli) struct Names {
    #[command(flatten)]
    named: Named,
    /// Permissions, such as OnlineMeetingRecording.Read.All.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    kind: KindArgs,
}

/// Which kind of permission is meant.
#[derive(Debug, Args)]
pub(in crate::cli) struct KindArgs {
    /// As application permissions: what the application may do by itself.
    #[arg(long = "application", group = "kind")]
    as_application: bool,
    /// As delegated permissions: what it may do for a user who is there.
    #[arg(long = "delegated", group = "kind")]
    as_delegated: bool,
    /// As resource-specific permissions: what a chat may let it do.
    #[arg(long = "resource-specific", group = "kind")]
    as_resource_specific: bool,
    /// Also names that nothing here asks for.
    #[arg(long)]
    unknown_name: bool,
}

impl PermissionCommand {
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(names) => block_on(names.add()),
            Self::List(named) => block_on(async {
                let (directory, application) = named.find().await?;
                list(&directory, &application, named.directory.json).await
            }),
            Self::Remove(names) => block_on(names.remove()),
        }
    }
}

impl Names {
    async fn add(self) -> Result<(), Failure> {
        let permissions = self.kind.of_all("NAME", &self.names)?;
        let (directory, application) = self.named.find().await?;
        let add = ApplicationChange::AddPermissions(permissions);
        change(&directory, &application, add).await?;
        list(&directory, &application, self.named.directory.json).await
    }

    async fn remove(self) -> Result<(), Failure> {
        let (directory, application) = self.named.find().await?;
        let registered = registered(&directory, &application).await?;
        let mut wanted = Vec::new();
        for name in &self.names {
            let of_that_name = registered.iter().filter(|(kind, found)| {
                found == name && self.kind.asked().is_none_or(|asked| asked == *kind)
            });
            match of_that_name.collect::<Vec<_>>().as_slice() {
                [one] => wanted.push((*one).clone()),
                [] => {
                    let names = registered.iter().map(|(_, name)| name.as_str());
                    let hint = did_you_mean(nearest(name, names));
                    return Err(Failure::refused([format!(
                        "NAME: {name} is not registered for the application{hint}"
                    )]));
                }
                _ => return Err(ambiguous(name)),
            }
        }
        let remove = ApplicationChange::RemovePermissions(wanted);
        change(&directory, &application, remove).await?;
        list(&directory, &application, self.named.directory.json).await
    }
}

impl KindArgs {
    fn asked(&self) -> Option<PermissionKind> {
        let kinds = [
            (self.as_application, PermissionKind::Role),
            (self.as_delegated, PermissionKind::Scope),
            (self.as_resource_specific, PermissionKind::Chat),
        ];
        kinds.iter().find(|(asked, _)| *asked).map(|(_, kind)| *kind)
    }

    /// What each name is, or every reason why one is none.
    pub(super) fn of_all(
        &self,
        argument: &str,
        names: &[String],
    ) -> Result<Vec<(PermissionKind, String)>, Failure> {
        let (mut found, mut lines) = (Vec::new(), Vec::new());
        for name in names {
            match self.of(name) {
                Ok(kind) => found.push((kind, name.clone())),
                Err(line) => lines.push(format!("{argument}: {line}")),
            }
        }
        match lines.is_empty() {
            true => Ok(found),
            false => Err(Failure::refused(lines)),
        }
    }

    fn of(&self, name: &str) -> Result<PermissionKind, String> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("expected the name of one permission, found {name:?}"));
        }
        let Some(permission) = known(name) else {
            return self.of_unknown(name);
        };
        let offered = kinds_of(permission);
        match (self.asked(), offered.as_slice()) {
            (Some(asked), _) if offered.contains(&asked) || self.unknown_name => Ok(asked),
            (Some(asked), _) => {
                let labels: Vec<&str> = offered.iter().map(|kind| label(*kind)).collect();
                Err(format!(
                    "{name} is not {} but {}",
                    label(asked),
                    labels.join(" and ")
                ))
            }
            (None, [only]) => Ok(*only),
            (None, _) => Err(format!(
                "{name} is an application permission and a delegated one: say --application or --delegated"
            )),
        }
    }

    fn of_unknown(&self, name: &str) -> Result<PermissionKind, String> {
        if OF_SIGN_IN.contains(&name) {
            return Err(format!("{name} belongs to signing in, and needs no registration"));
        }
        match (self.unknown_name, self.asked()) {
            (true, Some(asked)) => Ok(asked),
            (true, None) => Err(format!(
                "nothing is known of {name}: say --application, --delegated or --resource-specific"
            )),
            (false, _) => {
                let hint = did_you_mean(nearest(name, KNOWN.iter().map(|one| one.name)));
                Err(format!(
                    "there is no permission {name}{hint} (--unknown-name registers it all the same)"
                ))
            }
        }
    }
}

fn ambiguous(name: &str) -> Failure {
    Failure::refused([format!(
        "NAME: {name} is registered in several ways: say --application, --delegated or --resource-specific"
    )])
}

fn kinds_of(permission: &KnownPermission) -> Vec<PermissionKind> {
    let kinds = [
        (permission.application, PermissionKind::Role),
        (permission.delegated, PermissionKind::Scope),
        (permission.resource_specific, PermissionKind::Chat),
    ];
    let offered = kinds.into_iter().filter(|(offered, _)| *offered);
    offered.map(|(_, kind)| kind).collect()
}

/// What a kind of permission is called.
pub(super) const fn label(kind: PermissionKind) -> &'static str {
    match kind {
        PermissionKind::Role => "application",
        PermissionKind::Scope => "delegated",
        PermissionKind::Chat => "resource-specific",
    }
}

/// Where seed files have a kind of permission.
pub(super) const fn member(kind: PermissionKind) -> &'static str {
    match kind {
        PermissionKind::Role => "appRoles",
        PermissionKind::Scope => "scopes",
        PermissionKind::Chat => "resourceSpecificApplicationPermissions",
    }
}

/// The permissions of an application, by kind and name.
async fn registered(
    directory: &Directory,
    application: &Application,
) -> Result<Vec<(PermissionKind, String)>, Failure> {
    let (app_id, tenant) = (&application.app_id, &application.tenant_id);
    let mut db = directory.store.db.snapshot().await?;
    let mut all = Vec::new();
    for kind in PermissionKind::ALL {
        let names = applications::permissions(&mut db, app_id, tenant, kind).await?;
        all.extend(names.into_iter().map(|name| (kind, name)));
    }
    Ok(all)
}

async fn list(directory: &Directory, application: &Application, json: bool) -> Result<(), Failure> {
    let all = registered(directory, application).await?;
    let admin = |kind: PermissionKind, name: &str| {
        kind == PermissionKind::Scope && known(name).is_some_and(|one| one.needs_admin_consent)
    };
    if json {
        return Ok(all.iter().try_for_each(|(kind, name)| {
            let value = json!({
                "appId": application.app_id,
                "tenantId": application.tenant_id,
                "type": label(*kind),
                "value": name,
                "needsAdminConsent": admin(*kind, name),
            });
            line(&value.to_string())
        })?);
    }
    let row = |(kind, name): &(PermissionKind, String)| {
        let consent = match (kind, admin(*kind, name)) {
            (PermissionKind::Role, _) => "-",
            (PermissionKind::Chat, _) => "of a chat",
            (PermissionKind::Scope, true) => "on Graph of an administrator",
            (PermissionKind::Scope, false) => "of the user",
        };
        vec![label(*kind).to_owned(), name.clone(), consent.to_owned()]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    Ok(table(&["kind", "name", "needs consent"], &rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(kind: &str, unknown_name: bool) -> KindArgs {
        KindArgs {
            as_application: kind == "application",
            as_delegated: kind == "delegated",
            as_resource_specific: kind == "resource-specific",
            unknown_name,
        }
    }

    #[test]
    fn a_name_says_what_it_is_where_it_is_one_thing_alone() {
        for (name, kind, unknown_name, expected) in [
            ("User.Read", "", false, Some(PermissionKind::Scope)),
            ("OnlineMeetings.Read.All", "", false, Some(PermissionKind::Role)),
            (
                "OnlineMeetingRecording.Read.Chat",
                "",
                false,
                Some(PermissionKind::Chat),
            ),
            ("OnlineMeetingRecording.Read.All", "", false, None),
            (
                "OnlineMeetingRecording.Read.All",
                "delegated",
                false,
                Some(PermissionKind::Scope),
            ),
            (
                "OnlineMeetingRecording.Read.All",
                "resource-specific",
                false,
                None,
            ),
            ("User.Read", "application", false, None),
            ("User.Read", "application", true, Some(PermissionKind::Role)),
            ("Mail.Read", "delegated", false, None),
            ("Mail.Read", "", true, None),
            ("Mail.Read", "delegated", true, Some(PermissionKind::Scope)),
            ("openid", "delegated", true, None),
            ("User.Read Mail.Read", "delegated", true, None),
            ("", "delegated", true, None),
        ] {
            let found = asking(kind, unknown_name).of(name).ok();
            assert_eq!(found, expected, "{name} {kind} {unknown_name}");
        }
    }
}
