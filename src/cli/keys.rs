//! `graphophone keys`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{line, say, table};
use super::{Failure, StoreArgs, block_on};
use crate::authority::key_ring::{self, Published};

/// Look at the keys that sign tokens, and change them.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys that are published, the newest first: that one signs.
    List(List),
    /// Put a new key in front of the others.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    store: StoreArgs,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Every server of the store signs with the new key from its next token on. The old one stays published, and its tokens count, until
the last of them has expired; servers remove it then. Without this command a key is followed by another when it is older than
authority.key_rotation.

  graphophone keys rotate --data ./store
  graphophone keys list --data ./store")]
pub(super) struct Rotate {
    #[command(flatten)]
    store: StoreArgs,
    /// Withdraw all other keys at once, because one may have been stolen: every token that they have signed is refused within
    /// half a minute.
    #[arg(long)]
    withdraw_others: bool,
    /// Print the new key as one JSON object.
    #[arg(long)]
    json: bool,
}

impl KeysCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => block_on(async {
                let (store, _) = list.store.existing().await?;
                let now = store.clock.now();
                let keys = key_ring::published(&mut *store.db.snapshot().await?, now).await?;
                if list.json {
                    for key in &keys {
                        line(&as_json(key).to_string())?;
                    }
                    return Ok(());
                }
                if keys.is_empty() {
                    say("there is no key yet: the first server to start makes one");
                    return Ok(());
                }
                let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
                Ok(table(&["KID", "STATE", "MADE", "PUBLISHED UNTIL"], &rows)?)
            }),
            Self::Rotate(rotate) => block_on(async {
                let (store, _) = rotate.store.existing().await?;
                match rotate.withdraw_others {
                    true => store.withdraw_keys().await?,
                    false => store.rotate_keys(None).await?,
                };
                let now = store.clock.now();
                let keys = key_ring::published(&mut *store.db.snapshot().await?, now).await?;
                let newest = keys
                    .first()
                    .ok_or_else(|| Failure::at_work("the new key is not there"))?;
                match rotate.json {
                    true => Ok(line(&as_json(newest).to_string())?),
                    false => Ok(line(&format!("{} signs from now on", newest.kid))?),
                }
            }),
        }
    }
}

fn as_json(key: &Published) -> Value {
    json!({
        "kid": key.kid,
        "state": state(key),
        "createdDateTime": key.created.to_string(),
        "publishedUntilDateTime": key.needed_until.map(|at| at.to_string()),
    })
}

fn row(key: &Published) -> Vec<String> {
    let until = key
        .needed_until
        .map_or_else(|| "–".to_owned(), |at| at.to_string());
    vec![
        key.kid.clone(),
        state(key).to_owned(),
        key.created.to_string(),
        until,
    ]
}

fn state(key: &Published) -> &'static str {
    match key.needed_until {
        None => "signs",
        Some(_) => "followed",
    }
}
