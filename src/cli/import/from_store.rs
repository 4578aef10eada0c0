//! `graphophone import --from-store`: a database out of what lies in the content store.

use serde_json::json;

use crate::cli::output::{Progress, line};
use crate::cli::{Failure, StoreArgs, block_on};
use crate::clock::Clock;
use crate::content::ContentStore;
use crate::store::{Store, StoreError};
use crate::tree::{Gathered, Tree};

/// Fills the database, which is made where there is none.
pub(super) fn fill(store: &StoreArgs, json: bool) -> Result<(), Failure> {
    let config = store.load(None)?.config;
    block_on(async {
        let place = config.content_place().map_err(StoreError::from)?;
        if !ContentStore::is_there(&place) {
            return Err(nothing());
        }
        let store = Store::open(&config, &Clock::system()).await?;
        let tree = Tree::new(store.db.clone(), store.content.clone(), store.clock.clone());
        let progress = Progress::counting("reading descriptions");
        let show = |read: usize| progress.count(i64::try_from(read).unwrap_or(i64::MAX), 0);
        let gathered = tree.gather(config.trash, &show).await.map_err(Failure::at_work)?;
        drop(progress);
        if gathered == Gathered::default() {
            return Err(nothing());
        }
        if json {
            let problems = gathered.problems.iter();
            let problems: Vec<_> = problems
                .map(|one| json!({ "contentKey": one.key, "detail": one.what }))
                .collect();
            let value = json!({
                "tenants": gathered.tenants,
                "artifacts": gathered.artifacts,
                "known": gathered.known,
                "problems": problems,
            });
            line(&value.to_string())?;
        } else {
            line(&format!(
                "{} tenants and {} recordings and transcripts filled in, {} were there already",
                gathered.tenants, gathered.artifacts, gathered.known
            ))?;
        }
        let problems = gathered.problems.into_iter();
        Failure::unless_empty(problems.map(|one| format!("{}: {}", one.key, one.what)).collect())
    })
}

fn nothing() -> Failure {
    Failure::at_work(
        "no tenant.json is in the content store, so there is nothing to fill a database from: is content.url, or --data, the right place?",
    )
}
