//! `graphophone user`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::{Directory, DirectoryArgs, PAGE, name, name_of, or_dash};
use super::output::{facts, line, say, table};
use super::password::{self, Source};
use super::token::public_url;
use super::{Failure, block_on};
use crate::authority::{link, random_secret};
use crate::config::{Config, Secret};
use crate::db::directory::users::{ChangeUser, CreateUser, UserChange};
use crate::db::tenants;
use crate::db::users::{self, DirectoryRole, User};
use crate::ids;

/// Entra's own bound.
const MAX_NAME_CHARACTERS: usize = 113;

/// Look after users and their passwords.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Store a user, and print the object id.
    Create(Create),
    /// List the users of the tenant by object id, deleted ones included.
    List(List),
    /// Show a user.
    Show(Named),
    /// Give a user another password, or a link to set one with; whatever was begun with the old one ends.
    Password(Password),
    /// Let a user in again.
    Enable(Named),
    /// Keep a user out from now on: tokens get 401, sessions end.
    Disable(Named),
}

/// A user who is named.
#[derive(Debug, Args)]
pub(super) struct Named {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Object id or userPrincipalName.
    #[arg(value_name = "USER")]
    user: String,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Only those behind this object id.
    #[arg(long, value_name = "ID", default_value = "")]
    after: String,
    /// At most that many; all where it is left out.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without one of the last three a password is asked for on the terminal, twice and unseen. A password has 8 to 128
characters, is not the user's name and not one that everybody tries first; there is no other rule.

  graphophone user create --upn megan@contoso.example --display-name Megan
  graphophone user create --upn alex@contoso.example --password-stdin < password.txt")]
pub(super) struct Create {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// userPrincipalName: the name to sign in with.
    #[arg(long, value_name = "NAME")]
    upn: String,
    /// What people call the user.
    #[arg(long, value_name = "NAME", value_parser = name)]
    display_name: Option<String>,
    /// Mail address.
    #[arg(long, value_name = "ADDRESS", value_parser = name)]
    mail: Option<String>,
    /// Not a member but a guest of the tenant.
    #[arg(long)]
    guest: bool,
    /// With the role Global Administrator.
    #[arg(long)]
    administrator: bool,
    /// The password is the first line of standard input.
    #[arg(long, group = "password")]
    password_stdin: bool,
    /// Make a password and print it, this once.
    #[arg(long, group = "password", alias = "generate")]
    generate_password: bool,
    /// No password: the user cannot sign in here until there is one (graphophone user password --link).
    #[arg(long, group = "password")]
    no_password: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Without one of the last three a password is asked for on the terminal, twice and unseen.

  graphophone user password megan@contoso.example
  graphophone user password megan@contoso.example --link     # then send the link to her")]
pub(super) struct Password {
    #[command(flatten)]
    named: Named,
    /// The password is the first line of standard input.
    #[arg(long, group = "password")]
    password_stdin: bool,
    /// Make a password and print it, this once.
    #[arg(long, group = "password", alias = "generate-password")]
    generate: bool,
    /// Print a link with which the user sets a password, once and within 24 hours; until then the old one counts.
    #[arg(long, group = "password")]
    link: bool,
}

impl UserCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List(list) => list.run(),
            Self::Show(named) => named.show(),
            Self::Password(password) => password.run(),
            Self::Enable(named) => named.enable(true),
            Self::Disable(named) => named.enable(false),
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        check_name("--upn", &self.upn)?;
        block_on(async {
            let directory = self.directory.open().await?;
            // Before anybody is asked for a password in vain.
            if directory.find_user(&self.upn).await?.is_some() {
                let name = &self.upn;
                return Err(Failure::at_work(format!("user {name}: it is there already")));
            }
            let source = match (self.no_password, self.password_stdin, self.generate_password) {
                (true, ..) => None,
                (_, true, _) => Some(Source::StandardInput),
                (_, _, true) => Some(Source::Generated),
                _ => Some(Source::Terminal),
            };
            let password = source
                .map(|source| password::obtain(source, &self.upn))
                .transpose()?;
            let password_hash = match password.clone() {
                Some(password) => Some(password::hash(password).await?),
                None => None,
            };
            let user = User {
                id: ids::random(),
                tenant_id: directory.tenant.clone(),
                user_principal_name: Some(self.upn.clone()),
                display_name: self.display_name,
                mail: self.mail,
                password_hash,
                external_id: None,
                is_guest: self.guest,
                account_enabled: true,
                deleted: None,
            };
            let administrator = DirectoryRole::GlobalAdministrator;
            let roles: Vec<DirectoryRole> = self.administrator.then_some(administrator).into_iter().collect();
            let create = CreateUser {
                user: user.clone(),
                roles: roles.clone(),
            };
            directory.change(&format!("user {}", self.upn), create).await?;
            let generated = password.filter(|_| source == Some(Source::Generated));
            print(&user, &roles, self.directory.json, generated.as_ref())
        })
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let directory = self.directory.open().await?;
            let mut after = ids::normalized(self.after);
            let mut left = self.limit.map_or(i64::MAX, i64::from);
            let mut headings = true;
            while left > 0 {
                // A snapshot a page, and a page is printed before the next is read: a tenant may have many users.
                let mut db = directory.store.db.snapshot().await?;
                let page = users::page(&mut db, &directory.tenant, &after, PAGE.min(left)).await?;
                let mut found = Vec::with_capacity(page.len());
                for user in page {
                    let roles = users::roles(&mut db, &user.id).await?;
                    found.push((user, roles));
                }
                drop(db);
                print_page(&found, self.directory.json, headings)?;
                let Some((last, _)) = found.last() else { break };
                after.clone_from(&last.id);
                left -= i64::try_from(found.len()).unwrap_or(left);
                headings = false;
            }
            Ok(())
        })
    }
}

impl Named {
    async fn find(&self) -> Result<(Directory, User), Failure> {
        let directory = self.directory.open().await?;
        let user = directory.user(&self.user).await?;
        Ok((directory, user))
    }

    fn show(self) -> Result<(), Failure> {
        block_on(async {
            let (directory, user) = self.find().await?;
            let roles = users::roles(&mut *directory.store.db.snapshot().await?, &user.id).await?;
            print(&user, &roles, self.directory.json, None)
        })
    }

    fn enable(self, enabled: bool) -> Result<(), Failure> {
        block_on(async {
            let (directory, user) = self.find().await?;
            let name = name_of(&user).to_owned();
            let ended = change(&directory, &user, UserChange::Enabled(enabled)).await?;
            let now = User {
                account_enabled: enabled,
                ..user
            };
            if self.directory.json {
                let roles = users::roles(&mut *directory.store.db.snapshot().await?, &now.id).await?;
                return Ok(line(&as_json(&now, &roles).to_string())?);
            }
            Ok(line(&format!("{name} is {}{}", state(&now), ended_text(ended)))?)
        })
    }
}

impl Password {
    fn run(self) -> Result<(), Failure> {
        block_on(async {
            let (directory, user) = self.named.find().await?;
            if self.link {
                return self.give_link(&directory, &user).await;
            }
            let source = match (self.password_stdin, self.generate) {
                (true, _) => Source::StandardInput,
                (_, true) => Source::Generated,
                _ => Source::Terminal,
            };
            let password = password::obtain(source, name_of(&user))?;
            let hash = password::hash(password.clone()).await?;
            let ended = change(&directory, &user, UserChange::Password(hash)).await?;
            let generated = Some(&password).filter(|_| source == Source::Generated);
            if self.named.directory.json {
                let mut value = json!({ "id": user.id, "ended": ended });
                if let (Some(generated), Some(members)) = (generated, value.as_object_mut()) {
                    members.insert("password".into(), generated.expose().into());
                }
                return Ok(line(&value.to_string())?);
            }
            match generated {
                Some(generated) => {
                    line(generated.expose())?;
                    say("graphophone: the password is not shown again");
                }
                None => line(&format!(
                    "{} has another password{}",
                    name_of(&user),
                    ended_text(ended)
                ))?,
            }
            Ok(())
        })
    }

    async fn give_link(&self, directory: &Directory, user: &User) -> Result<(), Failure> {
        let now = directory.store.clock.now();
        let token = random_secret::token().map_err(Failure::at_work)?;
        let expires = now.plus(link::LIFETIME);
        let sha256 = random_secret::sha256(token.expose());
        change(directory, user, UserChange::Link(sha256, expires)).await?;
        let url = url_of_link(&directory.config, &directory.tenant, &token);
        if self.named.directory.json {
            let value = json!({ "id": user.id, "link": url, "expiresDateTime": expires.to_string() });
            return Ok(line(&value.to_string())?);
        }
        line(&url)?;
        say(&format!(
            "graphophone: the link works once, until {}, and is not shown again",
            expires.to_seconds_text()
        ));
        Ok(())
    }
}

/// Where the bearer of `token` sets a password.
pub(super) fn url_of_link(config: &Config, tenant: &str, token: &Secret) -> String {
    if let Err(problem) = config.public_url_for(config.listen) {
        say(&format!("graphophone: warning: {problem}"));
    }
    format!("{}{}", public_url(config), link::path(tenant, token.expose()))
}

/// Whether a user can be named so: as a mail address is written.
pub(super) fn check_name(argument: &str, name: &str) -> Result<(), Failure> {
    let parts = name.split_once('@');
    let is_good = parts.is_some_and(|(local, domain)| {
        !local.is_empty() && tenants::domain(domain).is_some() && name.chars().count() <= MAX_NAME_CHARACTERS
    });
    if is_good && !name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(Failure::refused([format!(
        "{argument}: expected a name such as megan@contoso.example, found {name:?}"
    )]))
}

async fn change(directory: &Directory, user: &User, change: UserChange) -> Result<u64, Failure> {
    let what = format!("user {}", name_of(user));
    if user.deleted.is_some() {
        return Err(Failure::at_work(format!("{what}: it is deleted")));
    }
    let change = ChangeUser {
        user_id: user.id.clone(),
        change,
        now: directory.store.clock.now(),
    };
    directory.change(&what, change).await
}

/// How much has ended by a change.
pub(super) fn ended_text(ended: u64) -> String {
    match ended {
        0 => String::new(),
        one_or_more => format!("; sessions and grants ended: {one_or_more}"),
    }
}

fn state(user: &User) -> &'static str {
    match (user.deleted.is_some(), user.account_enabled) {
        (true, _) => "deleted",
        (false, true) => "enabled",
        (false, false) => "disabled",
    }
}

fn user_type(user: &User) -> &'static str {
    match user.is_guest {
        true => "Guest",
        false => "Member",
    }
}

fn role_names(roles: &[DirectoryRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.text()).collect()
}

/// Graph's user, and whether there is a password.
fn as_json(user: &User, roles: &[DirectoryRole]) -> Value {
    json!({
        "id": user.id,
        "tenantId": user.tenant_id,
        "userPrincipalName": user.user_principal_name,
        "displayName": user.display_name,
        "mail": user.mail,
        "externalId": user.external_id,
        "userType": user_type(user),
        "accountEnabled": user.account_enabled,
        "deletedDateTime": user.deleted.map(|deleted| deleted.to_string()),
        "directoryRoles": role_names(roles),
        "hasPassword": user.password_hash.is_some(),
    })
}

/// Prints a user, with a password that was made for it.
fn print(
    user: &User,
    roles: &[DirectoryRole],
    json: bool,
    generated: Option<&Secret>,
) -> Result<(), Failure> {
    if json {
        let mut value = as_json(user, roles);
        if let (Some(generated), Some(members)) = (generated, value.as_object_mut()) {
            members.insert("password".into(), generated.expose().into());
        }
        return Ok(line(&value.to_string())?);
    }
    let password = match (generated, &user.password_hash) {
        (Some(generated), _) => format!("{} (not shown again)", generated.expose()),
        (None, Some(_)) => "set".to_owned(),
        (None, None) => "none".to_owned(),
    };
    let mut rows = vec![
        ("id", user.id.clone()),
        ("tenantId", user.tenant_id.clone()),
        ("userPrincipalName", or_dash(user.user_principal_name.as_deref())),
        ("displayName", or_dash(user.display_name.as_deref())),
        ("mail", or_dash(user.mail.as_deref())),
        ("userType", user_type(user).to_owned()),
        ("state", state(user).to_owned()),
        ("password", password),
    ];
    rows.extend(
        role_names(roles)
            .into_iter()
            .map(|role| ("role", role.to_owned())),
    );
    Ok(facts(&rows)?)
}

fn print_page(found: &[(User, Vec<DirectoryRole>)], json: bool, headings: bool) -> Result<(), Failure> {
    if json {
        let mut each = found.iter();
        return Ok(each.try_for_each(|(user, roles)| line(&as_json(user, roles).to_string()))?);
    }
    let row = |(user, roles): &(User, Vec<DirectoryRole>)| {
        let more = match roles.is_empty() {
            true => user_type(user).to_owned(),
            false => role_names(roles).join(", "),
        };
        vec![
            user.id.clone(),
            format!("{:8}", state(user)),
            // What varies in length comes last, so that the pages of a long list stand below each other.
            format!("{more:20}"),
            or_dash(user.user_principal_name.as_deref()),
        ]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    match headings {
        true => Ok(table(
            &["id", "state", "type or role", "userPrincipalName"],
            &rows,
        )?),
        false => Ok(rows.iter().try_for_each(|row| line(&row.join("  ")))?),
    }
}
