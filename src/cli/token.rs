//! `graphophone token`

use std::time::Duration;

use clap::Args;

use super::output::{line, say};
use super::{Failure, StoreArgs, block_on};
use crate::auth::verifier::AUTHORITY_MAX_LIFETIME;
use crate::authority::{AccessToken, Subject};
use crate::config::Config;
use crate::db::applications::{self, PermissionKind};
use crate::db::users::{self, User};
use crate::db::{Session, tenants};
use crate::ids;
use crate::server::GRAPH_AUDIENCES;
use crate::store::{Store, StoreError};

/// The audience of a token when nobody asks for another: Graph's own name.
const GRAPH: &str = "https://graph.microsoft.com";

/// Print an access token of the built-in authority, and nothing else.
#[derive(Debug, Args)]
#[command(after_help = "\
With --user the token is delegated (scp), without it app-only (roles). Every server on the same store accepts it:

  curl -H \"Authorization: Bearer $(graphophone token --data ./store --application APPID --user megan@contoso.example)\" …")]
pub(super) struct Token {
    #[command(flatten)]
    store: StoreArgs,
    /// appId of a registered application.
    #[arg(long, value_name = "APPID")]
    application: String,
    /// Tenant, where the appId is registered in several.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Object id or userPrincipalName of the signed-in user.
    #[arg(long, value_name = "ID-OR-UPN")]
    user: Option<String>,
    /// Scopes (with --user) or app roles (without), separated by blanks; all registered ones by default.
    #[arg(long, value_name = "A B")]
    scope: Option<String>,
    /// Lifetime in seconds, at most 24 h 30 min.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=AUTHORITY_MAX_LIFETIME.as_secs()))]
    expires_in: u64,
    /// Audience of the token.
    #[arg(long, value_name = "AUDIENCE", default_value = GRAPH)]
    audience: String,
}

/// What a token is asked for.
pub(super) struct Wanted<'a> {
    pub application: &'a str,
    pub tenant: Option<&'a str>,
    pub user: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub lifetime: Duration,
    pub audience: &'a str,
}

impl Token {
    pub(super) fn run(self) -> Result<(), Failure> {
        let wanted = Wanted {
            application: &self.application,
            tenant: self.tenant.as_deref(),
            user: self.user.as_deref(),
            scope: self.scope.as_deref(),
            lifetime: Duration::from_secs(self.expires_in),
            audience: &self.audience,
        };
        block_on(async {
            let (store, config) = self.store.existing().await?;
            let token = sign(&store, &public_url(&config), &wanted).await?;
            Ok(line(&token)?)
        })
    }
}

/// What `iss` begins with. The store's key decides, not this text, so a guess will do where nothing is configured.
pub(super) fn public_url(config: &Config) -> String {
    config
        .public_url_for(config.listen)
        .unwrap_or_else(|_| format!("http://{}", config.listen))
}

/// A signed token.
pub(super) async fn sign(store: &Store, public_url: &str, wanted: &Wanted<'_>) -> Result<String, Failure> {
    let keys = store.keys().await?;
    let mut db = store.db.snapshot().await?;
    let key = keys.ring.current(&mut db).await.map_err(StoreError::from)?;
    let app_id = ids::normalized(wanted.application.to_owned());
    let (tenant, user) = tenant_and_user(&mut db, &app_id, wanted).await?;
    let kind = if user.is_some() {
        PermissionKind::Scope
    } else {
        PermissionKind::Role
    };
    let registered = applications::permissions(&mut db, &app_id, &tenant, kind).await?;
    let names = chosen(wanted.scope, registered, user.is_some())?;
    let audience = Audience {
        asked: wanted.audience,
        public_url,
    };
    warn_of_refusal(&mut db, &app_id, &tenant, user.as_ref(), (&names, audience)).await?;
    let token = AccessToken {
        public_url: public_url.to_owned(),
        tenant,
        audience: wanted.audience.to_owned(),
        application: app_id,
        subject: match user {
            Some(user) => Subject::User {
                id: user.id,
                name: user.user_principal_name,
                scopes: names,
            },
            None => Subject::Application { roles: names },
        },
        issued: store.clock.now(),
        lifetime: wanted.lifetime,
        id: ids::random(),
        grant: None,
    };
    token.sign(&key).map_err(Failure::at_work)
}

/// The tenant of the token and its user: as asked for, or the only ones there can be.
async fn tenant_and_user(
    db: &mut Session,
    app_id: &str,
    wanted: &Wanted<'_>,
) -> Result<(String, Option<User>), Failure> {
    let mut tenants = applications::tenants_of(db, app_id).await?;
    if tenants.is_empty() {
        let text = format!(
            "--application: no application {app_id} is registered: graphophone app create, or a seed file"
        );
        return Err(Failure::refused([text]));
    }
    if let Some(tenant) = wanted.tenant {
        let tenant = ids::normalized(tenant.to_owned());
        tenants.retain(|known| *known == tenant);
        if tenants.is_empty() {
            return Err(Failure::refused([format!(
                "--tenant: the application is not registered in tenant {tenant}"
            )]));
        }
    }
    let mut users = Vec::new();
    if let Some(name) = wanted.user {
        users = find_users(db, name, &tenants).await?;
        tenants = users.iter().map(|user| user.tenant_id.clone()).collect();
        if users.is_empty() {
            let text = format!("--user: no user {name} in a tenant in which the application is registered");
            return Err(Failure::refused([text]));
        }
    }
    match tenants.as_slice() {
        [tenant] => Ok((tenant.clone(), users.pop())),
        several => Err(Failure::refused([format!(
            "--tenant: name one of {}",
            several.join(", ")
        )])),
    }
}

async fn find_users(db: &mut Session, name: &str, tenants: &[String]) -> Result<Vec<User>, Failure> {
    let by_id = users::find(db, &ids::normalized(name.to_owned())).await?;
    let mut found: Vec<User> = by_id
        .into_iter()
        .filter(|user| tenants.contains(&user.tenant_id))
        .collect();
    for tenant in tenants {
        if found.is_empty() {
            found.extend(users::find_by_principal_name(db, tenant, name).await?);
        } else if let Some(user) = users::find_by_principal_name(db, tenant, name).await?
            && !found.contains(&user)
        {
            found.push(user);
        }
    }
    Ok(found)
}

/// The permissions of the token: all that are registered, or those asked for, which must be.
fn chosen(scope: Option<&str>, registered: Vec<String>, delegated: bool) -> Result<Vec<String>, Failure> {
    let Some(scope) = scope else { return Ok(registered) };
    let asked: Vec<String> = scope.split_whitespace().map(ToOwned::to_owned).collect();
    let what = if delegated { "scopes" } else { "appRoles" };
    let missing = asked.iter().filter(|name| !registered.contains(name));
    let lines: Vec<String> = missing
        .map(|name| {
            let registered = registered.join(" ");
            format!("--scope: {name} is not among the application's registered {what}: {registered}")
        })
        .collect();
    if lines.is_empty() {
        Ok(asked)
    } else {
        Err(Failure::refused(lines))
    }
}

/// Whom a token is meant for.
struct Audience<'a> {
    asked: &'a str,
    public_url: &'a str,
}

impl Audience<'_> {
    fn is_ours(&self) -> bool {
        GRAPH_AUDIENCES.contains(&self.asked) || self.asked == self.public_url
    }
}

/// Says so when the server will refuse the token all the same: a test may want just that.
async fn warn_of_refusal(
    db: &mut Session,
    app_id: &str,
    tenant: &str,
    user: Option<&User>,
    (names, audience): (&[String], Audience<'_>),
) -> Result<(), Failure> {
    let application = applications::find(db, app_id, tenant).await?;
    let suspended = tenants::find(db, tenant)
        .await?
        .is_some_and(|tenant| tenant.suspended);
    let chats = applications::permissions(db, app_id, tenant, PermissionKind::Chat).await?;
    let warnings = [
        (
            application.is_some_and(|application| !application.account_enabled),
            "the application is disabled (401)",
        ),
        (
            user.is_some_and(|user| !user.account_enabled),
            "the user is disabled (401)",
        ),
        (
            user.is_some_and(|user| user.deleted.is_some()),
            "the user is deleted (401)",
        ),
        (suspended, "the tenant is suspended (403)"),
        (
            !audience.is_ours(),
            "the audience is neither Graph's nor this server's public_url (401)",
        ),
        (
            names.is_empty() && (user.is_some() || chats.is_empty()),
            "the application has no permission registered of that kind (403)",
        ),
    ];
    for (_, text) in warnings.iter().filter(|(applies, _)| *applies) {
        say(&format!(
            "graphophone: warning: the server will refuse this token: {text}"
        ));
    }
    Ok(())
}
