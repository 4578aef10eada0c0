//! The tree: beside each recording and transcript lies what it is, `recording.json` or `transcript.json`, and for each tenant
//! `tenant.json` says who its people are. A person can read it without the server, and an empty database is filled from it.
//!
//! What changes a row leaves the job of describing it anew ([`crate::db::described`]), so the tree follows in a moment.

mod describe;
mod gather;
mod put;

pub use gather::{Gathered, Problem};

use std::collections::HashSet;

use crate::clock::{Clock, Ticks};
use crate::content::{ContentError, ContentKey, ContentStore};
use crate::db::artifacts::ArtifactKind;
use crate::db::described::{self, Know};
use crate::db::jobs::Job;
use crate::db::{Db, DbError};
use crate::graph::description::{Description, TenantDescription};
use crate::jobs::JobError;

/// Writes and reads the tree. A clone is the same.
#[derive(Clone)]
pub struct Tree {
    db: Db,
    content: ContentStore,
    clock: Clock,
}

/// Why the tree cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The database failed.
    #[error("the database: {0}")]
    Db(#[from] DbError),
    /// The content store failed.
    #[error("the content store: {0}")]
    Content(#[from] ContentError),
    /// What was to be written is no JSON.
    #[error("a description cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl Tree {
    /// The tree of that store.
    pub fn new(db: Db, content: ContentStore, clock: Clock) -> Self {
        Self { db, content, clock }
    }

    /// The job that describes an artifact.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn artifact_job(&self, job: &Job) -> Result<(), JobError> {
        let Some((kind, id)) = ArtifactKind::of_subject(&job.subject) else {
            return Ok(());
        };
        let Some((key, description)) = self.describe(kind, id).await? else {
            return Ok(());
        };
        self.put(job, &key, &description).await?;
        // Whoever has removed the artifact meanwhile may have been there before the description was.
        let now = self.describe(kind, id).await?;
        if now.is_none_or(|(now, _)| now != key) {
            self.content.remove(&key).await?;
        }
        Ok(())
    }

    /// The job that describes a tenant and its people.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn tenant_job(&self, job: &Job) -> Result<(), JobError> {
        let id = &job.subject;
        let key = ContentKey::of_tenant(id);
        let mut db = self.db.snapshot().await?;
        let described = describe::tenant(&mut db, id).await?;
        let is_known = described::is_known(&mut db, id).await?;
        drop(db);
        let Some(description) = described else {
            return Ok(self.content.remove(&key).await?);
        };
        if !is_known {
            if self.would_forget(&key, &description).await? {
                tracing::warn!(
                    tenant.id = id,
                    "tenant.json names people whom this database does not know, and stays as it is: if the database was lost, stop \
                     the server, begin with an empty one, and run graphophone import --from-store; otherwise remove tenant.json"
                );
                return Ok(());
            }
            self.db.write(Know(id.clone())).await?;
        }
        Ok(self.put(job, &key, &description).await?)
    }

    /// Whether a description has people whom another has not.
    async fn would_forget(&self, key: &ContentKey, new: &TenantDescription) -> Result<bool, TreeError> {
        let Ok(old) = self.read::<TenantDescription>(key).await? else {
            return Ok(false);
        };
        let known: HashSet<&str> = new.users.iter().map(|user| user.id.as_str()).collect();
        Ok(old.users.iter().any(|user| !known.contains(user.id.as_str())))
    }

    /// Writes the description of an artifact anew, if it is not what the rows say; whether it was not.
    ///
    /// # Errors
    /// [`TreeError`] where a store fails.
    pub async fn mend(&self, kind: ArtifactKind, id: &str) -> Result<bool, TreeError> {
        match self.describe(kind, id).await? {
            Some((key, description)) => self.put_other(&key, &description).await,
            None => Ok(false),
        }
    }

    /// The same of a tenant and its people.
    ///
    /// # Errors
    /// [`TreeError`] where a store fails.
    pub async fn mend_tenant(&self, id: &str) -> Result<bool, TreeError> {
        let mut db = self.db.snapshot().await?;
        let described = describe::tenant(&mut db, id).await?;
        let is_known = described::is_known(&mut db, id).await?;
        drop(db);
        match described.filter(|_| is_known) {
            Some(description) => self.put_other(&ContentKey::of_tenant(id), &description).await,
            None => Ok(false),
        }
    }

    async fn put_other(
        &self,
        key: &ContentKey,
        description: &impl serde::Serialize,
    ) -> Result<bool, TreeError> {
        let text = to_text(description)?;
        let is_other = !self.is_there(key, &text).await?;
        if is_other {
            self.content.replace(key, text).await?;
        }
        Ok(is_other)
    }

    async fn describe(
        &self,
        kind: ArtifactKind,
        id: &str,
    ) -> Result<Option<(ContentKey, Description)>, TreeError> {
        let mut db = self.db.snapshot().await?;
        describe::artifact(&mut db, kind, id).await
    }

    async fn put(
        &self,
        job: &Job,
        key: &ContentKey,
        description: &impl serde::Serialize,
    ) -> Result<(), TreeError> {
        let text = to_text(description)?;
        // What an attempt before has written may not be durable.
        if job.attempts == 1 && self.is_there(key, &text).await? {
            return Ok(());
        }
        Ok(self.content.replace(key, text).await?)
    }
}

impl Tree {
    /// Whether a description says the same already: a seed that is loaded again changes nothing.
    async fn is_there(&self, key: &ContentKey, text: &[u8]) -> Result<bool, TreeError> {
        let reader = match self.content.open(key).await {
            Ok(reader) if reader.size_bytes() == text.len() as u64 => reader,
            Ok(_) | Err(ContentError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let found = reader
            .gather(0, reader.size_bytes())
            .await
            .map_err(ContentError::Io)?;
        Ok(found == text)
    }
}

fn to_text(description: &impl serde::Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = serde_json::to_vec_pretty(description)?;
    text.push(b'\n');
    Ok(text)
}

/// An instant as it is described.
fn instant(ticks: Ticks) -> String {
    ticks.to_string()
}
