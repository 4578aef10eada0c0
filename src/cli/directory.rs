//! What the administrative commands share: the tenant that they are about, whom and what their arguments name, and how a
//! change that is not made is told.

use std::time::Duration;

use clap::Args;

use super::{Failure, StoreArgs};
use crate::config::{Config, duration};
use crate::db::applications::{self, Application};
use crate::db::directory::ChangeError;
use crate::db::users::{self, User};
use crate::db::{Session, Write, tenants};
use crate::ids;
use crate::store::Store;

/// How many rows are read at a time.
pub(super) const PAGE: i64 = 500;

/// What every administrative command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct DirectoryArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    /// Tenant, by id or verified domain; may be left out where the store has one alone.
    #[arg(long, value_name = "ID-OR-DOMAIN")]
    pub tenant: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// A tenant of an open store.
pub(super) struct Directory {
    pub store: Store,
    pub config: Config,
    /// Id of the tenant.
    pub tenant: String,
}

impl DirectoryArgs {
    /// The store that must be there already, and the tenant that is meant.
    pub(super) async fn open(&self) -> Result<Directory, Failure> {
        let (store, config) = self.store.existing().await?;
        let mut db = store.db.snapshot().await?;
        let tenant = tenant(&mut db, self.tenant.as_deref()).await?;
        drop(db);
        Ok(Directory {
            store,
            config,
            tenant,
        })
    }
}

/// The tenant of that id or domain, or the only one.
async fn tenant(db: &mut Session, asked: Option<&str>) -> Result<String, Failure> {
    let all = tenants::ids(db).await?;
    let Some(asked) = asked else {
        return match all.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Failure::refused([
                "there is no tenant yet: make the first administrator (graphophone admin bootstrap) or load a seed",
            ])),
            several => Err(Failure::refused([format!(
                "--tenant: name one of {}",
                several.join(", ")
            )])),
        };
    };
    let id = ids::normalized(asked.to_owned());
    if all.contains(&id) {
        return Ok(id);
    }
    let by_domain = match tenants::domain(asked) {
        Some(domain) => tenants::find_by_domain(db, &domain).await?,
        None => None,
    };
    by_domain.map(|tenant| tenant.id).ok_or_else(|| {
        let known = all.join(", ");
        Failure::refused([format!(
            "--tenant: no tenant has the id or the domain {asked}; there is {known}"
        )])
    })
}

impl Directory {
    /// The application of that appId or, where only one has it, of that name.
    pub(super) async fn application(&self, named: &str) -> Result<Application, Failure> {
        let mut db = self.store.db.snapshot().await?;
        let app_id = ids::normalized(named.to_owned());
        if let Some(found) = applications::find(&mut db, &app_id, &self.tenant).await? {
            return Ok(found);
        }
        let mut of_that_name = self.applications(&mut db).await?;
        of_that_name.retain(|one| one.display_name.as_deref() == Some(named));
        if of_that_name.len() > 1 {
            let ids: Vec<String> = of_that_name.into_iter().map(|one| one.app_id).collect();
            let ids = ids.join(", ");
            return Err(Failure::refused([format!(
                "several applications are named {named}: name one of {ids}"
            )]));
        }
        of_that_name.pop().ok_or_else(|| {
            let tenant = &self.tenant;
            Failure::refused([format!(
                "no application {named} is registered in tenant {tenant}: graphophone app list"
            )])
        })
    }

    /// The applications of the tenant, by appId.
    pub(super) async fn applications(&self, db: &mut Session) -> Result<Vec<Application>, Failure> {
        let mut found = Vec::new();
        let mut after = (String::new(), String::new());
        loop {
            let page = applications::page(db, (&after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = (last.app_id.clone(), last.tenant_id.clone());
            found.extend(page.into_iter().filter(|one| one.tenant_id == self.tenant));
        }
    }

    /// The user of that object id or userPrincipalName, deleted ones by their id alone.
    pub(super) async fn user(&self, named: &str) -> Result<User, Failure> {
        self.find_user(named).await?.ok_or_else(|| {
            let tenant = &self.tenant;
            Failure::refused([format!(
                "no user {named} is in tenant {tenant}: graphophone user list"
            )])
        })
    }

    /// The same, if there is one.
    pub(super) async fn find_user(&self, named: &str) -> Result<Option<User>, Failure> {
        let mut db = self.store.db.snapshot().await?;
        let by_id = users::find(&mut db, &ids::normalized(named.to_owned())).await?;
        match by_id.filter(|user| user.tenant_id == self.tenant) {
            Some(user) => Ok(Some(user)),
            None => Ok(users::find_by_principal_name(&mut db, &self.tenant, named).await?),
        }
    }

    /// Makes a change of `what`, or says why not.
    pub(super) async fn change<W>(&self, what: &str, change: W) -> Result<W::Output, Failure>
    where
        W: Write<Error = ChangeError>,
    {
        let changed = self.store.db.write(change).await;
        changed.map_err(|error| match error {
            ChangeError::Db(error) => error.into(),
            other => Failure::at_work(format!("{what}: {other}")),
        })
    }
}

/// What people call a user: the userPrincipalName, or the object id where there is none.
pub(super) fn name_of(user: &User) -> &str {
    user.user_principal_name.as_deref().unwrap_or(&user.id)
}

/// Text, or a dash where there is none.
pub(super) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// Of `names` the one that `unknown` looks most like, as far as it looks like any.
pub(super) fn nearest<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = unknown.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&folded, &name.to_lowercase());
    let nearest = names.into_iter().min_by_key(|name| distance(name))?;
    (distance(nearest) * 2 <= nearest.chars().count()).then_some(nearest)
}

/// The end of a refusal that offers a name, if there is one to offer.
pub(super) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// Reads what people call something: a line of text that does no harm in a table.
pub(super) fn name(text: &str) -> Result<String, String> {
    /// Graph's own bound for display names.
    const LONGEST: usize = 256;
    let is_good =
        !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.contains(char::is_control);
    match is_good {
        true => Ok(text.to_owned()),
        false => Err(format!("expected one line of text, at most {LONGEST} characters")),
    }
}

/// Reads how long something lasts, such as `180d`.
pub(super) fn lifetime(text: &str, longest: Duration) -> Result<Duration, String> {
    let read = duration::parse(text).filter(|found| !found.is_zero() && *found <= longest);
    read.ok_or_else(|| {
        let days = longest.as_secs() / (24 * 60 * 60);
        format!("expected a duration such as 90d or 12h, at most {days}d")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_name_is_offered_and_nothing_else() {
        let names = ["OnlineMeetingRecording.Read.All", "User.Read"];
        for (unknown, expected) in [
            ("onlinemeetingrecording.read.all", Some(names[0])),
            ("OnlineMeetingRecordings.Read.All", Some(names[0])),
            ("UserRead", Some(names[1])),
            ("Mail.Send", None),
            ("", None),
        ] {
            assert_eq!(nearest(unknown, names), expected, "{unknown}");
        }
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn a_name_is_one_line() {
        let longest = "ß".repeat(256);
        for text in ["Archiver", "My player 2", &longest] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
        for text in ["", "  ", "a\nb", "a\u{1b}[31mb", &format!("{longest}x")] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_lifetime_has_bounds() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(lifetime("2d", day * 2), Ok(day * 2));
        for text in ["0s", "3d", "-1d", "x", ""] {
            assert!(lifetime(text, day * 2).is_err(), "{text}");
        }
    }
}
