//! `graphophone admin bootstrap`

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::directory::{lifetime, name};
use super::output::{facts, line};
use super::user::{check_name, url_of_link};
use super::{Failure, StoreArgs, block_on};
use crate::authority::random_secret;
use crate::clock::Clock;
use crate::db::directory::ChangeError;
use crate::db::directory::bootstrap::{Bootstrap, Bootstrapped};
use crate::db::tenants::{self, Tenant};
use crate::db::users::{DirectoryRole, User};
use crate::db::{Session, users};
use crate::ids;
use crate::store::Store;

/// Domain of an administrator for whom nobody has named one; kept free for private use, so that it is nobody else's.
const NO_DOMAIN: &str = "graphophone.internal";

/// A link is not to lie about for longer.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Begin to administer the store.
#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make the first administrator, and print a link with which that person sets a password.
    Bootstrap(Box<BootstrapArgs>),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Makes the store and the tenant where they are not there yet. Once more for the same user, it prints a new link, and the
old one ends. The link works once.

  graphophone admin bootstrap --data ./store --tenant-name Contoso --user admin@contoso.example")]
pub(super) struct BootstrapArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Tenant, by id or verified domain; one of that id is made where there is none. May be left out where the store has at
    /// most one.
    #[arg(long, value_name = "ID-OR-DOMAIN")]
    tenant: Option<String>,
    /// What people call the tenant, where it is made; Graphophone where it is left out.
    #[arg(long, value_name = "NAME", value_parser = name)]
    tenant_name: Option<String>,
    /// Domain of the tenant; that of the user where it is left out.
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// userPrincipalName of the administrator; `admin` of the domain where it is left out.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// What people call the administrator, where the user is made.
    #[arg(long, value_name = "NAME", value_parser = name)]
    display_name: Option<String>,
    /// How long the link works, at most 7d.
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = |text: &str| lifetime(text, LONGEST))]
    expires_in: Duration,
    /// Also where another user is an administrator already.
    #[arg(long)]
    force: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl AdminCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Bootstrap(bootstrap) = self;
        bootstrap.run()
    }
}

impl BootstrapArgs {
    fn run(self) -> Result<(), Failure> {
        let asked_domain = self.asked_domain()?;
        if let Some(name) = &self.user {
            check_name("--user", name)?;
        }
        let config = self.store.load(None)?.config;
        block_on(async {
            let store = Store::open(&config, &Clock::system()).await?;
            let mut db = store.db.snapshot().await?;
            let tenant = self.tenant(&mut db).await?;
            let is_there = tenants::find(&mut db, &tenant.id).await?.is_some();
            let domains = tenants::domains(&mut db, &tenant.id).await?;
            drop(db);
            let name = self.name(asked_domain.as_ref().or(domains.first()));
            // A new tenant is to be found by the domain of its administrator; one that is there has what it has.
            let of_user = name
                .split_once('@')
                .and_then(|(_, domain)| tenants::domain(domain));
            let domain = asked_domain.or(of_user.filter(|_| !is_there));
            let token = random_secret::token().map_err(Failure::at_work)?;
            let expires = store.clock.now().plus(self.expires_in);
            let bootstrap = Bootstrap {
                user: self.user(&tenant.id, &name),
                tenant: tenant.clone(),
                domain,
                token_sha256: random_secret::sha256(token.expose()),
                expires,
                force: self.force,
            };
            let done = match store.db.write(bootstrap).await {
                Ok(done) => done,
                Err(error) => return Err(self.refusal(&store, error).await?),
            };
            let url = url_of_link(&config, &tenant.id, &token);
            self.print(&done, &url, &expires.to_string())
        })
    }

    fn asked_domain(&self) -> Result<Option<String>, Failure> {
        let Some(text) = &self.domain else { return Ok(None) };
        tenants::domain(text).map(Some).ok_or_else(|| {
            Failure::refused([format!(
                "--domain: expected a domain such as contoso.example, found {text:?}"
            )])
        })
    }

    /// Who the administrator is.
    fn name(&self, domain: Option<&String>) -> String {
        let of_domain = || format!("admin@{}", domain.map_or(NO_DOMAIN, String::as_str));
        self.user.clone().unwrap_or_else(of_domain)
    }

    /// The tenant that is there, or as it will be made.
    async fn tenant(&self, db: &mut Session) -> Result<Tenant, Failure> {
        let all = tenants::ids(db).await?;
        let id = match (&self.tenant, all.as_slice()) {
            (None, []) => ids::random(),
            (None, [only]) => only.clone(),
            (None, several) => {
                let known = several.join(", ");
                return Err(Failure::refused([format!("--tenant: name one of {known}")]));
            }
            (Some(asked), _) if ids::is_guid(asked) || all.contains(asked) => ids::normalized(asked.clone()),
            (Some(asked), _) => {
                let found = match tenants::domain(asked) {
                    Some(domain) => tenants::find_by_domain(db, &domain).await?,
                    None => None,
                };
                let unknown = || {
                    format!(
                        "--tenant: no tenant has the domain {asked}; a new one is named by a GUID, or not at all where \
                         it is the first"
                    )
                };
                return found.ok_or_else(|| Failure::refused([unknown()]));
            }
        };
        if let Some(found) = tenants::find(db, &id).await? {
            let called = found.display_name.as_deref().unwrap_or(&found.id);
            return match &self.tenant_name {
                // An administrator of another tenant than the one that was meant would be a bad surprise.
                Some(name) if found.display_name.as_ref() != Some(name) => Err(Failure::refused([format!(
                    "--tenant-name: the tenant is there and is called {called}; for another one add --tenant {}",
                    ids::random()
                )])),
                _ => Ok(found),
            };
        }
        // As in a seed that says no more.
        Ok(Tenant {
            id,
            display_name: Some(
                self.tenant_name
                    .clone()
                    .unwrap_or_else(|| "Graphophone".to_owned()),
            ),
            suspended: false,
            participants_can_download_recordings: false,
            guest_access: false,
            transcripts_enabled: true,
            speaker_attribution_enabled: true,
        })
    }

    fn user(&self, tenant: &str, name: &str) -> User {
        User {
            id: ids::random(),
            tenant_id: tenant.to_owned(),
            user_principal_name: Some(name.to_owned()),
            display_name: self.display_name.clone(),
            mail: None,
            password_hash: None,
            external_id: None,
            is_guest: false,
            account_enabled: true,
            deleted: None,
        }
    }

    async fn refusal(&self, store: &Store, error: ChangeError) -> Result<Failure, Failure> {
        Ok(match error {
            ChangeError::Db(error) => error.into(),
            ChangeError::OtherAdministrators(ids) => {
                let mut db = store.db.snapshot().await?;
                let mut names = Vec::new();
                for id in ids {
                    let user = users::find(&mut db, &id).await?;
                    names.push(user.and_then(|user| user.user_principal_name).unwrap_or(id));
                }
                let names = names.join(", ");
                Failure::at_work(format!(
                    "{names} can administer this tenant already: name that user for a new link, or another one with --force"
                ))
            }
            ChangeError::DomainTaken => Failure::at_work(
                "another tenant has the domain: name that tenant with --tenant, or another domain",
            ),
            other => Failure::at_work(other),
        })
    }

    fn print(&self, done: &Bootstrapped, url: &str, expires: &str) -> Result<(), Failure> {
        let user = &done.user;
        let role = DirectoryRole::GlobalAdministrator.text();
        let name = user.user_principal_name.clone().unwrap_or_default();
        if self.json {
            let value = json!({
                "tenantId": user.tenant_id,
                "tenantIsNew": done.made_tenant,
                "userId": user.id,
                "userPrincipalName": name,
                "userIsNew": done.made_user,
                "directoryRoles": [role],
                "link": url,
                "expiresDateTime": expires,
            });
            return Ok(line(&value.to_string())?);
        }
        let new = |is_new: bool| if is_new { " (new)" } else { "" };
        Ok(facts(&[
            ("tenantId", format!("{}{}", user.tenant_id, new(done.made_tenant))),
            ("userPrincipalName", format!("{name}{}", new(done.made_user))),
            ("role", role.to_owned()),
            ("link", url.to_owned()),
            ("", format!("works once, until {expires}")),
        ])?)
    }
}
