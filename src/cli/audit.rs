//! `graphophone audit list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{line, table};
use super::{Failure, StoreArgs, block_on};
use crate::clock::Ticks;
use crate::db::audit::{self, AuditRecord};

/// Look at who was given which content.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List answers that carried content, newest first.
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    store: StoreArgs,
    /// Only records since this instant, such as 2026-09-01T00:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    since: Option<Ticks>,
    /// At most that many records.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

impl AuditCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::List(list) = self;
        list.run()
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let since = self.since.unwrap_or(Ticks(i64::MIN));
        let records = block_on(async {
            let (store, _) = self.store.existing().await?;
            let mut db = store.db.snapshot().await?;
            Ok(audit::newest(&mut db, since, i64::from(self.limit)).await?)
        })?;
        if self.json {
            return Ok(records.iter().try_for_each(|record| line(&as_json(record)))?);
        }
        let rows: Vec<Vec<String>> = records.iter().map(as_row).collect();
        Ok(table(
            &[
                "time",
                "tenant",
                "application",
                "user",
                "what",
                "bytes",
                "request",
            ],
            &rows,
        )?)
    }
}

fn as_row(record: &AuditRecord) -> Vec<String> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        record.at.to_string(),
        record.tenant_id.clone(),
        or_dash(&record.application_id),
        or_dash(&record.user_id.clone().or_else(|| record.actor.clone())),
        format!(
            "{} {} {}",
            record.operation,
            record.kind.text(),
            record.artifact_id
        ),
        match record.last_byte < 0 {
            true => "-".to_owned(),
            false => format!("{}-{}", record.first_byte, record.last_byte),
        },
        record.request_id.clone(),
    ]
}

fn as_json(record: &AuditRecord) -> String {
    json!({
        "id": record.id,
        "recordedDateTime": record.at.to_string(),
        "tenantId": record.tenant_id,
        "applicationId": record.application_id,
        "userId": record.user_id,
        "actor": record.actor,
        "operation": record.operation,
        "kind": record.kind.text(),
        "artifactId": record.artifact_id,
        "meetingId": record.meeting_id,
        "firstByte": record.first_byte,
        "lastByte": record.last_byte,
        "requestId": record.request_id,
    })
    .to_string()
}
