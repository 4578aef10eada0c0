//! `graphophone session`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::{Directory, DirectoryArgs, PAGE, name_of};
use super::output::{line, table};
use super::user::ended_text;
use super::{Failure, block_on};
use crate::clock::Ticks;
use crate::db::directory::users::{ChangeUser, RevokeSession, UserChange};
use crate::db::sign_in_sessions::{self, LiveGrant, SignInSession};

/// Look at who has signed in, and end it.
#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// List the browsers that somebody is signed in with, and what was granted without one, as to a device.
    List(List),
    /// End a session with all that was granted in it, or everything that a user has begun.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Only those of this user, by object id or userPrincipalName.
    #[arg(long, value_name = "ID-OR-UPN")]
    user: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["id", "user"])]
#[command(after_help = "\
Refresh tokens and access tokens that came from it are refused from the next request on, on every server of the store.")]
pub(super) struct Revoke {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Id of a session or a grant, from the list.
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// All of this user, by object id or userPrincipalName.
    #[arg(long, value_name = "ID-OR-UPN")]
    user: Option<String>,
}

/// One line of the list.
enum Live {
    Session(SignInSession),
    Grant(LiveGrant),
}

impl SessionCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => block_on(list.run()),
            Self::Revoke(revoke) => block_on(revoke.run()),
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let directory = self.directory.open().await?;
        let user = match &self.user {
            Some(named) => {
                let user = directory.user(named).await;
                Some(user.map_err(|failure| failure.of_argument("--user"))?.id)
            }
            None => None,
        };
        let mut all = sessions(&directory, user.as_deref()).await?;
        let granted = grants(&directory, user.as_deref(), &all).await?;
        all.extend(granted);
        if self.directory.json {
            return Ok(all.iter().try_for_each(|one| line(&as_json(one).to_string()))?);
        }
        let rows: Vec<Vec<String>> = all.iter().map(as_row).collect();
        Ok(table(&["id", "kind", "user", "since", "until"], &rows)?)
    }
}

/// The sessions that are going on.
async fn sessions(directory: &Directory, user: Option<&str>) -> Result<Vec<Live>, Failure> {
    let now = directory.store.clock.now();
    let mut found = Vec::new();
    let mut after = (beginning(user, now), String::new());
    loop {
        let mut db = directory.store.db.snapshot().await?;
        let place = (after.0, after.1.as_str());
        let page = match user {
            Some(user) => sign_in_sessions::of_user(&mut db, user, place, PAGE).await?,
            None => sign_in_sessions::live(&mut db, &directory.tenant, place, PAGE).await?,
        };
        drop(db);
        let Some(last) = page.last() else { return Ok(found) };
        let of_order = user.map_or(last.expires, |_| last.created);
        after = (of_order, last.id.clone());
        let live = page.into_iter().filter(|one| now < one.expires);
        found.extend(live.map(Live::Session));
    }
}

/// The grants that are going on and belong to no session that is listed: what was granted outlives the browser.
async fn grants(directory: &Directory, user: Option<&str>, sessions: &[Live]) -> Result<Vec<Live>, Failure> {
    let is_listed = |id: &String| {
        sessions
            .iter()
            .any(|one| matches!(one, Live::Session(session) if session.id == *id))
    };
    let now = directory.store.clock.now();
    let mut found = Vec::new();
    let mut after = (beginning(user, now), String::new());
    loop {
        let mut db = directory.store.db.snapshot().await?;
        let place = (after.0, after.1.as_str());
        let page = match user {
            Some(user) => sign_in_sessions::grants_of_user(&mut db, user, place, PAGE).await?,
            None => sign_in_sessions::live_grants(&mut db, &directory.tenant, place, PAGE).await?,
        };
        drop(db);
        let Some(last) = page.last() else { return Ok(found) };
        let of_order = user.map_or(last.expires, |_| last.created);
        after = (of_order, last.id.clone());
        let live = page
            .into_iter()
            .filter(|one| now < one.expires && !one.session_id.as_ref().is_some_and(is_listed));
        found.extend(live.map(Live::Grant));
    }
}

/// Those of a user go by when they began, all by when they end, so that what has ended is passed over.
fn beginning(user: Option<&str>, now: Ticks) -> Ticks {
    user.map_or(now, |_| Ticks(i64::MIN))
}

impl Revoke {
    async fn run(self) -> Result<(), Failure> {
        let directory = self.directory.open().await?;
        let now = directory.store.clock.now();
        let (what, ended) = match (self.user, self.id) {
            (Some(named), _) => {
                let user = directory.user(&named).await;
                let user = user.map_err(|failure| failure.of_argument("--user"))?;
                let what = format!("user {}", name_of(&user));
                let revoke = ChangeUser {
                    user_id: user.id,
                    change: UserChange::RevokeSessions,
                    now,
                };
                let ended = directory.change(&what, revoke).await?;
                (what, ended)
            }
            (None, id) => {
                let id = id.unwrap_or_default();
                let what = format!("session {id}");
                let tenant_id = directory.tenant.clone();
                let ended = directory
                    .change(&what, RevokeSession { tenant_id, id, now })
                    .await?;
                (what, ended)
            }
        };
        match self.directory.json {
            true => Ok(line(&json!({ "ended": ended }).to_string())?),
            false if ended == 0 => Ok(line(&format!("{what}: nothing was going on"))?),
            false => Ok(line(&format!("{what} is signed out{}", ended_text(ended)))?),
        }
    }
}

fn as_json(live: &Live) -> Value {
    match live {
        Live::Session(one) => json!({
            "id": one.id,
            "kind": "browser",
            "tenantId": one.tenant_id,
            "userId": one.user_id,
            "appId": null,
            "createdDateTime": one.created.to_string(),
            "lastUsedDateTime": one.last_used.to_string(),
            "expiresDateTime": one.expires.to_string(),
        }),
        Live::Grant(one) => json!({
            "id": one.id,
            "kind": one.kind,
            "tenantId": one.tenant_id,
            "userId": one.user_id,
            "appId": one.app_id,
            "createdDateTime": one.created.to_string(),
            "lastUsedDateTime": null,
            "expiresDateTime": one.expires.to_string(),
        }),
    }
}

fn as_row(live: &Live) -> Vec<String> {
    let (id, kind, user, created, expires) = match live {
        Live::Session(one) => (
            &one.id,
            "browser".to_owned(),
            &one.user_id,
            one.created,
            one.expires,
        ),
        Live::Grant(one) => (
            &one.id,
            format!("{} of {}", one.kind, one.app_id),
            &one.user_id,
            one.created,
            one.expires,
        ),
    };
    vec![
        id.clone(),
        kind,
        user.clone(),
        created.to_seconds_text(),
        expires.to_seconds_text(),
    ]
}
