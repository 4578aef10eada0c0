//! `graphophone app redirect-uri`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Named, change, check_redirect_uri};
use crate::cli::output::line;
use crate::cli::{Failure, block_on};
use crate::db::applications;
use crate::db::directory::applications::ApplicationChange;

/// Where people are sent back to after they have signed in.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
https://, or http:// on localhost, 127.0.0.1 and [::1], or a scheme of a program's own:

  graphophone app redirect-uri add APPID https://archive.contoso.example/signed-in
  graphophone app redirect-uri add APPID http://localhost:3000/callback
  graphophone app redirect-uri add APPID com.contoso.player:/callback")]
pub(in crate::cli) enum RedirectUriCommand {
    /// Let people be sent back there.
    Add(Uri),
    /// List the redirect URIs of an application.
    List(Named),
    /// Send nobody back there any more.
    Remove(Uri),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Uri {
    #[command(flatten)]
    named: Named,
    /// The URI, compared as it is written.
    #[arg(value_name = "URI")]
    uri: String,
}

impl RedirectUriCommand {
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add(uri) => {
                check_redirect_uri("URI", &uri.uri)?;
                uri.run(ApplicationChange::AddRedirectUri)
            }
            Self::List(named) => block_on(list(&named)),
            Self::Remove(uri) => uri.run(ApplicationChange::RemoveRedirectUri),
        }
    }
}

impl Uri {
    fn run(self, to: impl FnOnce(String) -> ApplicationChange) -> Result<(), Failure> {
        block_on(async {
            let (directory, application) = self.named.find().await?;
            change(&directory, &application, to(self.uri)).await?;
            list(&self.named).await
        })
    }
}

async fn list(named: &Named) -> Result<(), Failure> {
    let (directory, application) = named.find().await?;
    let mut db = directory.store.db.snapshot().await?;
    let uris = applications::redirect_uris(&mut db, &application.app_id, &application.tenant_id).await?;
    drop(db);
    Ok(uris.iter().try_for_each(|uri| match named.directory.json {
        true => line(&json!({ "appId": application.app_id, "uri": uri }).to_string()),
        false => line(uri),
    })?)
}
