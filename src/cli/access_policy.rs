//! `graphophone access-policy`

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::{Directory, DirectoryArgs, PAGE, did_you_mean, name, nearest, or_dash};
use super::output::{line, say, table};
use super::{Failure, block_on};
use crate::db::access_policies::{self, PolicyRow};
use crate::db::directory::access_policies::{ChangePolicy, CreatePolicy, PolicyChange};
use crate::ids;

/// Say which applications may act for which users.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
An application permission is not enough to read somebody's recordings: a policy that is granted to that user has to name
the application. Whoever has a policy of their own is not covered by a global one.

  graphophone access-policy create Archive-policy --app-id APPID
  graphophone access-policy grant Archive-policy --user megan@contoso.example
  graphophone access-policy grant Archive-policy --global

In the Teams PowerShell module: New-CsApplicationAccessPolicy, Set-, Grant-, Get- and Remove-CsApplicationAccessPolicy.")]
pub(super) enum AccessPolicyCommand {
    /// Make a policy: New-CsApplicationAccessPolicy -Identity … -AppIds ….
    Create(Create),
    /// Change which applications a policy names: Set-CsApplicationAccessPolicy.
    Set(Set),
    /// Grant a policy: Grant-CsApplicationAccessPolicy -PolicyName … -Identity …, or -Global.
    Grant(Grant),
    /// Take a grant away: Grant-CsApplicationAccessPolicy -PolicyName $null.
    Revoke(Grant),
    /// List the policies of the tenant: Get-CsApplicationAccessPolicy.
    List(List),
    /// Remove a policy with all of its grants: Remove-CsApplicationAccessPolicy.
    Remove(Named),
}

/// A policy that is named.
#[derive(Debug, Args)]
pub(super) struct Named {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Name of the policy.
    #[arg(value_name = "IDENTITY")]
    identity: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    named: Named,
    /// An application that may act for those whom the policy is granted to; may be repeated.
    #[arg(long = "app-id", value_name = "APPID", required = true)]
    app_ids: Vec<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    named: Named,
    /// An application that it names from now on; may be repeated.
    #[arg(long, value_name = "APPID")]
    add_app_id: Vec<String>,
    /// An application that it names no longer; may be repeated.
    #[arg(long, value_name = "APPID")]
    remove_app_id: Vec<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    description: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "whom", required = true, multiple = false, args = ["user", "global"])]
pub(super) struct Grant {
    #[command(flatten)]
    named: Named,
    /// One user, by object id or userPrincipalName.
    #[arg(long, value_name = "ID-OR-UPN")]
    user: Option<String>,
    /// Everybody of the tenant who has no policy of their own.
    #[arg(long)]
    global: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    directory: DirectoryArgs,
}

impl AccessPolicyCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => block_on(create.run()),
            Self::Set(set) => block_on(set.run()),
            Self::Grant(grant) => block_on(grant.grant()),
            Self::Revoke(grant) => block_on(grant.revoke()),
            Self::List(list) => block_on(async {
                let directory = list.directory.open().await?;
                let mut db = directory.store.db.snapshot().await?;
                let policies = access_policies::of_tenant(&mut db, &directory.tenant).await?;
                drop(db);
                print(&directory, policies, list.directory.json).await
            }),
            Self::Remove(named) => block_on(named.remove()),
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let identity = name(self.named.identity.trim());
        let identity = identity.map_err(|fault| Failure::refused([format!("IDENTITY: {fault}")]))?;
        let directory = self.named.directory.open().await?;
        let create = CreatePolicy {
            tenant_id: directory.tenant.clone(),
            identity: identity.clone(),
            app_ids: app_ids(&directory, "--app-id", &self.app_ids).await?,
            description: self.description,
        };
        directory.change(&format!("policy {identity}"), create).await?;
        self.named.show(&directory, &identity).await
    }
}

impl Set {
    async fn run(self) -> Result<(), Failure> {
        if self.add_app_id.is_empty() && self.remove_app_id.is_empty() && self.description.is_none() {
            let text = "nothing is to be changed: --add-app-id, --remove-app-id or --description";
            return Err(Failure::refused([text]));
        }
        let (directory, policy) = self.named.find().await?;
        let set = PolicyChange::Set {
            add: app_ids(&directory, "--add-app-id", &self.add_app_id).await?,
            // What is gone from the store may still be named.
            remove: self.remove_app_id.into_iter().map(ids::normalized).collect(),
            description: self.description,
        };
        change(&directory, &policy.identity, set).await?;
        self.named.show(&directory, &policy.identity).await
    }
}

impl Grant {
    async fn grant(self) -> Result<(), Failure> {
        let (directory, policy) = self.named.find().await?;
        let identity = policy.identity;
        let Some(named) = &self.user else {
            change(&directory, &identity, PolicyChange::Global(true)).await?;
            return self.named.show(&directory, &identity).await;
        };
        let user = directory.user(named).await?;
        change(&directory, &identity, PolicyChange::Grant(user.id.clone())).await?;
        let mut db = directory.store.db.snapshot().await?;
        let mut others = Vec::new();
        for principal in [Some(&user.id), user.user_principal_name.as_ref()]
            .into_iter()
            .flatten()
        {
            others.extend(access_policies::granted_to(&mut db, &directory.tenant, principal).await?);
        }
        drop(db);
        others.retain(|other| *other != identity);
        if !others.is_empty() {
            // Where Teams replaces, both count here: nobody is to find out by what still works.
            say(&format!(
                "graphophone: warning: {named} has other policies too, and they go on counting: {}",
                others.join(", ")
            ));
        }
        self.named.show(&directory, &identity).await
    }

    async fn revoke(self) -> Result<(), Failure> {
        let (directory, policy) = self.named.find().await?;
        let revoke = match &self.user {
            None => PolicyChange::Global(false),
            Some(named) => PolicyChange::Revoke(match directory.find_user(named).await? {
                Some(user) => [Some(user.id), user.user_principal_name]
                    .into_iter()
                    .flatten()
                    .collect(),
                // A seed may have granted it to somebody who is not in the store.
                None => vec![named.clone()],
            }),
        };
        let identity = policy.identity;
        let whom = self.user.as_deref().unwrap_or("everybody");
        let what = format!("grant of {identity} to {whom}");
        let revoke = ChangePolicy {
            tenant_id: directory.tenant.clone(),
            identity: identity.clone(),
            change: revoke,
        };
        directory.change(&what, revoke).await?;
        self.named.show(&directory, &identity).await
    }
}

impl Named {
    /// The policy of that name.
    async fn find(&self) -> Result<(Directory, PolicyRow), Failure> {
        let directory = self.directory.open().await?;
        let mut db = directory.store.db.snapshot().await?;
        let found = access_policies::find(&mut db, &directory.tenant, &self.identity).await?;
        if let Some(policy) = found {
            drop(db);
            return Ok((directory, policy));
        }
        let all = access_policies::of_tenant(&mut db, &directory.tenant).await?;
        let names = all.iter().map(|policy| policy.identity.as_str());
        let hint = did_you_mean(nearest(&self.identity, names));
        let identity = &self.identity;
        Err(Failure::refused([format!(
            "IDENTITY: there is no policy {identity}{hint}"
        )]))
    }

    async fn show(&self, directory: &Directory, identity: &str) -> Result<(), Failure> {
        let mut db = directory.store.db.snapshot().await?;
        let policy = access_policies::find(&mut db, &directory.tenant, identity).await?;
        drop(db);
        print(directory, policy.into_iter().collect(), self.directory.json).await
    }

    async fn remove(self) -> Result<(), Failure> {
        let (directory, policy) = self.find().await?;
        change(&directory, &policy.identity, PolicyChange::Remove).await?;
        match self.directory.json {
            true => {
                let value =
                    json!({ "tenantId": policy.tenant_id, "identity": policy.identity, "removed": true });
                Ok(line(&value.to_string())?)
            }
            false => Ok(line(&format!("{} is removed", policy.identity))?),
        }
    }
}

/// The ids of applications that are registered. A seed may name others; a person has mistyped them.
async fn app_ids(directory: &Directory, argument: &str, named: &[String]) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for one in named {
        let application = directory.application(one).await;
        let application = application.map_err(|failure| failure.of_argument(argument))?;
        found.push(application.app_id);
    }
    Ok(found)
}

async fn change(directory: &Directory, identity: &str, change: PolicyChange) -> Result<(), Failure> {
    let change = ChangePolicy {
        tenant_id: directory.tenant.clone(),
        identity: identity.to_owned(),
        change,
    };
    directory.change(&format!("policy {identity}"), change).await
}

/// Prints policies with what they name and whom they are granted to.
async fn print(directory: &Directory, policies: Vec<PolicyRow>, json: bool) -> Result<(), Failure> {
    let mut granted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut after = (String::new(), String::new());
    loop {
        let mut db = directory.store.db.snapshot().await?;
        let page = access_policies::grants(&mut db, &directory.tenant, (&after.0, &after.1), PAGE).await?;
        drop(db);
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        for (principal, identity) in page {
            granted.entry(identity).or_default().push(principal);
        }
    }
    let mut rows = Vec::new();
    for policy in policies {
        let mut db = directory.store.db.snapshot().await?;
        let app_ids = access_policies::app_ids(&mut db, &directory.tenant, &policy.identity).await?;
        drop(db);
        let users = granted.remove(&policy.identity).unwrap_or_default();
        if json {
            line(&as_json(&policy, &app_ids, &users).to_string())?;
        } else {
            rows.push(as_row(&policy, &app_ids, users));
        }
    }
    match json {
        true => Ok(()),
        false => Ok(table(
            &["identity", "granted to", "appIds", "description"],
            &rows,
        )?),
    }
}

/// In the words of seed files.
fn as_json(policy: &PolicyRow, app_ids: &[String], users: &[String]) -> Value {
    json!({
        "tenantId": policy.tenant_id,
        "identity": policy.identity,
        "description": policy.description,
        "appIds": app_ids,
        "grantedTo": { "users": users, "global": policy.is_global },
    })
}

fn as_row(policy: &PolicyRow, app_ids: &[String], users: Vec<String>) -> Vec<String> {
    /// More names than that make no line to read; `--json` has them all.
    const SHOWN: usize = 3;
    let count = users.len();
    let mut whom: Vec<String> = policy
        .is_global
        .then(|| "global".to_owned())
        .into_iter()
        .collect();
    whom.extend(users.into_iter().take(SHOWN));
    if count > SHOWN {
        whom.push(format!("{} more", count - SHOWN));
    }
    vec![
        policy.identity.clone(),
        or_dash(Some(whom.join(", ").as_str()).filter(|text| !text.is_empty())),
        or_dash(Some(app_ids.join(", ").as_str()).filter(|text| !text.is_empty())),
        or_dash(policy.description.as_deref()),
    ]
}
