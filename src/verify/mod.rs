//! Comparing what is stored with what was recorded: every object, or one of several parts of them, read whole.
//!
//! What is missing, short, corrupt, or without a row is told, and what is corrupt is not served: its row says from then on that
//! it has to be compared before it is. A look that was cut short is gone on with.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::clock::{Clock, Ticks};
use crate::content::{ContentError, ContentKey, ContentStore, Expected, SHORTER};
use crate::db::artifacts::ArtifactKind;
use crate::db::content_objects::{self, ContentObject, Restamp, SUSPECT};
use crate::db::jobs::{self, Job, Lane};
use crate::db::verify_runs::{self, Put, VerifyRun};
use crate::db::{Db, DbError, Session, Tx, Write, keeping, tenants};
use crate::ids;
use crate::jobs::JobError;
use crate::seal::sha256;
use crate::tree::{Tree, TreeError};

/// The job that looks at the next part.
pub const VERIFY: &str = "verify";
/// What the one job of that name is called.
const NEXT: &str = "next";

/// Objects between two states that a crash goes back to.
const PAGE: i64 = 200;
/// How many looks back findings are looked for.
const MOST_LOOKS: i64 = 400;
/// The most findings that are kept of one look; the others are found again once these are mended.
pub const MOST_FINDINGS: usize = 1000;
/// What has no row may get one for so long: an upload is stored before it is written down.
const ORPHAN_AGE: Duration = Duration::from_secs(24 * 3600);
/// A look that was cut short longer ago is begun anew.
const STALE: Duration = Duration::from_secs(30 * 86_400);

/// One of several parts of all objects, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subset {
    /// Which.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
}

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `missing`, `short`, `corrupt`, `orphaned` or `unreadable`.
    pub what: String,
    /// The object's key.
    pub content_key: String,
    /// The recording or transcript that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What was found, in words.
    pub detail: String,
}

/// Compares. A clone is the same.
#[derive(Clone)]
pub struct Verifier {
    db: Db,
    content: ContentStore,
    clock: Clock,
    rules: Rules,
}

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// So many bytes a second are read at most; 0 for no limit.
    pub bytes_per_second: u64,
    /// How often the server looks at a part.
    pub every: Duration,
    /// In how many parts it looks at all.
    pub parts: u32,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database failed.
    #[error("the database: {0}")]
    Db(#[from] DbError),
    /// The content store failed.
    #[error("the content store: {0}")]
    Content(#[from] ContentError),
}

impl Subset {
    /// All objects.
    pub const ALL: Self = Self { part: 1, parts: 1 };

    /// `1/30`: the first of thirty parts.
    pub fn parse(text: &str) -> Option<Self> {
        let (part, parts) = text.split_once('/')?;
        let subset = Self {
            part: part.parse().ok()?,
            parts: parts.parse().ok()?,
        };
        (1..=subset.parts).contains(&subset.part).then_some(subset)
    }

    /// The part that was looked at.
    fn of(run: &VerifyRun) -> Option<Self> {
        Some(Self {
            part: u32::try_from(run.part).ok()?,
            parts: u32::try_from(run.parts).ok().filter(|parts| *parts > 0)?,
        })
    }

    /// Whether an object is of this part: by the digest of its key, so that parts are about equal, and stay the same.
    fn holds(self, key: &str) -> bool {
        let digest = sha256(key.as_bytes());
        let number = digest
            .iter()
            .take(4)
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        number % self.parts == self.part - 1
    }
}

/// Findings, as a row has them.
pub fn findings(run: &VerifyRun) -> Vec<Finding> {
    serde_json::from_str(&run.findings).unwrap_or_default()
}

/// How far a look is, as it is told: objects and bytes.
pub type Progress<'a> = &'a (dyn Fn(i64, i64) + Sync);

impl Verifier {
    /// Compares that store.
    pub fn new(db: Db, content: ContentStore, clock: Clock, rules: Rules) -> Self {
        Self {
            db,
            content,
            clock,
            rules,
        }
    }

    /// Looks at a part, or goes on with a look at it that was cut short.
    ///
    /// # Errors
    /// [`VerifyError`] where a store fails; what has been looked at until then is written down.
    pub async fn run(&self, subset: Subset, progress: Progress<'_>) -> Result<VerifyRun, VerifyError> {
        let mut look = Look::begin(self, subset).await?;
        look.tenants().await?;
        look.objects(progress).await?;
        look.orphans().await?;
        look.run.finished = Some(self.clock.now());
        look.put().await?;
        Ok(look.run)
    }

    fn tree(&self) -> Tree {
        Tree::new(self.db.clone(), self.content.clone(), self.clock.clone())
    }

    /// The newest look, with all findings that stand: those of looks before it, too, unless one after them has found the
    /// object sound. `None` where there was none.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn last(db: &mut Session) -> Result<Option<VerifyRun>, DbError> {
        let runs = verify_runs::newest(db, MOST_LOOKS).await?;
        let mut standing: Vec<Finding> = Vec::new();
        let mut looked: Vec<Subset> = Vec::new();
        for run in &runs {
            let is_new = |one: &Finding| !looked.iter().any(|subset| subset.holds(&one.content_key));
            let found = findings(run).into_iter().filter(is_new);
            let found: Vec<Finding> = found.filter(|one| !standing.contains(one)).collect();
            standing.extend(found);
            if let (Some(_), Some(subset)) = (run.finished, Subset::of(run)) {
                looked.push(subset);
            }
            if looked.contains(&Subset::ALL) {
                break;
            }
        }
        Ok(runs.into_iter().next().map(|newest| VerifyRun {
            findings: serde_json::to_string(&standing).unwrap_or_default(),
            ..newest
        }))
    }

    /// Leaves the first look of a server to be done, where none is yet.
    ///
    /// # Errors
    /// [`DbError`] of the engine.
    pub async fn schedule(&self) -> Result<(), DbError> {
        let now = self.clock.now();
        let (due, is_first) = (now.plus(self.rules.every), true);
        self.db.write(Schedule { now, due, is_first }).await
    }

    /// The job that looks at the next part, and leaves the one after it to be done.
    ///
    /// # Errors
    /// What may be different the next time.
    pub async fn job(&self, _job: &Job) -> Result<(), JobError> {
        let parts = self.rules.parts.max(1);
        let last = verify_runs::newest(&mut *self.db.snapshot().await?, 1)
            .await?
            .pop();
        let last = last.filter(|run| run.parts == i64::from(parts));
        let part = match last {
            // Cut short: the same once more.
            Some(run) if run.finished.is_none() => u32::try_from(run.part).unwrap_or(1),
            Some(run) => u32::try_from(run.part).unwrap_or(0) % parts + 1,
            None => 1,
        };
        let run = self.run(Subset { part, parts }, &|_, _| {}).await?;
        for finding in findings(&run) {
            tracing::error!(
                content.key = finding.content_key,
                what = finding.what,
                detail = finding.detail,
                "stored content is not what was recorded"
            );
        }
        tracing::info!(
            verify.part = part,
            verify.parts = parts,
            verify.objects = run.checked_objects,
            verify.bytes = run.checked_bytes,
            verify.findings = findings(&run).len(),
            "stored content has been compared with what was recorded"
        );
        let now = self.clock.now();
        let (due, is_first) = (now.plus(self.rules.every), false);
        Ok(self.db.write(Schedule { now, due, is_first }).await?)
    }
}

/// A description that was wrong is no loss, as the rows are there; one that cannot be written is tried at the next look.
fn say_if_mended(what: &str, mended: &Result<bool, TreeError>) {
    match mended {
        Ok(false) => {}
        Ok(true) => tracing::info!(
            what,
            "what describes it was not what the database says, and is written anew"
        ),
        Err(error) => tracing::warn!(what, %error, "what describes it cannot be written"),
    }
}

struct Schedule {
    now: Ticks,
    due: Ticks,
    is_first: bool,
}

impl Write for Schedule {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(Self { ..*self })
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        match self.is_first {
            true => jobs::enqueue_once(tx, (Lane::Verify, VERIFY), NEXT, (self.due, self.now)).await,
            false => jobs::enqueue(tx, (Lane::Verify, VERIFY), NEXT, (self.due, self.now)).await,
        }
    }
}

/// A look under way.
struct Look<'a> {
    own: &'a Verifier,
    subset: Subset,
    run: VerifyRun,
    findings: Vec<Finding>,
    began: Instant,
    /// Read since it was begun or gone on with.
    read_bytes: u64,
}

impl<'a> Look<'a> {
    async fn begin(own: &'a Verifier, subset: Subset) -> Result<Self, DbError> {
        let now = own.clock.now();
        let newest = verify_runs::newest(&mut *own.db.snapshot().await?, 100).await?;
        let of_subset = |run: &VerifyRun| {
            (run.part, run.parts) == (i64::from(subset.part), i64::from(subset.parts))
                && run.finished.is_none()
                && run.begun > now.minus(STALE)
        };
        let run = newest.into_iter().find(of_subset).unwrap_or_else(|| VerifyRun {
            id: ids::time_ordered(),
            part: subset.part.into(),
            parts: subset.parts.into(),
            begun: now,
            finished: None,
            after_key: String::new(),
            checked_objects: 0,
            checked_bytes: 0,
            findings: "[]".to_owned(),
        });
        Ok(Self {
            own,
            subset,
            findings: findings(&run),
            run,
            began: Instant::now(),
            read_bytes: 0,
        })
    }

    async fn put(&mut self) -> Result<(), DbError> {
        self.findings.truncate(MOST_FINDINGS);
        self.run.findings = serde_json::to_string(&self.findings).unwrap_or_default();
        self.own.db.write(Put(self.run.clone())).await
    }

    /// Every object that has a row.
    async fn objects(&mut self, progress: Progress<'_>) -> Result<(), VerifyError> {
        loop {
            let mut db = self.own.db.snapshot().await?;
            let page = content_objects::page(&mut db, &self.run.after_key, PAGE).await?;
            drop(db);
            let Some(last) = page.last().map(|object| object.key.clone()) else {
                return Ok(());
            };
            let subset = self.subset;
            for object in page.iter().filter(|object| subset.holds(&object.key)) {
                self.object(object).await?;
                progress(self.run.checked_objects, self.run.checked_bytes);
            }
            self.run.after_key = last;
            self.put().await?;
        }
    }

    async fn object(&mut self, object: &ContentObject) -> Result<(), VerifyError> {
        let Some(key) = ContentKey::from_row(&object.key) else {
            self.find("unreadable", &object.key, "its key is none of ours")
                .await?;
            return Ok(());
        };
        let expected = Expected {
            key,
            size_bytes: u64::try_from(object.size_bytes).unwrap_or(0),
            sha256: object.sha256.clone(),
            modified_ns: object.modified_ns,
        };
        let verified = self.own.content.verify(&expected).await;
        self.run.checked_objects += 1;
        self.run.checked_bytes += object.size_bytes;
        self.pace(expected.size_bytes).await;
        let restamp = |modified_ns| Restamp {
            key: object.key.clone(),
            modified_ns,
        };
        match verified {
            Ok(modified_ns) => {
                if modified_ns != object.modified_ns {
                    self.own.db.write(restamp(modified_ns)).await?;
                }
                self.description(&object.key).await
            }
            // Deleted since the page was read.
            Err(_) if self.is_gone(&object.key).await? => Ok(()),
            Err(ContentError::Damaged { what, .. }) => {
                self.own.db.write(restamp(SUSPECT)).await?;
                let word = if what == SHORTER { "short" } else { "corrupt" };
                self.find(word, &object.key, what).await
            }
            Err(error @ (ContentError::Unavailable(_) | ContentError::Refused(_))) => Err(error.into()),
            Err(error) => {
                // Where the disk is away, nothing is there, and nothing is lost: this is gone on with once it is back.
                self.own.content.reach().await?;
                match error {
                    ContentError::NotFound(_) => {
                        self.find("missing", &object.key, "there is no such object").await
                    }
                    error => self.find("unreadable", &object.key, &error.to_string()).await,
                }
            }
        }
    }

    /// Every tenant's description: written anew where it is not what the rows say.
    async fn tenants(&self) -> Result<(), VerifyError> {
        let all = tenants::ids(&mut *self.own.db.snapshot().await?).await?;
        for id in all {
            say_if_mended(&id, &self.own.tree().mend_tenant(&id).await);
        }
        Ok(())
    }

    /// The description of what an object is content of.
    async fn description(&self, key: &str) -> Result<(), VerifyError> {
        let mut db = self.own.db.snapshot().await?;
        let owner = keeping::of_content(&mut db, key).await?;
        drop(db);
        if let Some((kind, id)) = owner {
            say_if_mended(key, &self.own.tree().mend(kind, &id).await);
        }
        Ok(())
    }

    async fn is_gone(&self, key: &str) -> Result<bool, DbError> {
        let found = content_objects::find(&mut *self.own.db.snapshot().await?, key).await?;
        Ok(found.is_none())
    }

    /// Whether no row names an object, or what is described there.
    async fn is_orphan(&self, key: &ContentKey) -> Result<bool, DbError> {
        match key.as_str().strip_suffix("json") {
            Some(stem) => {
                let mut db = self.own.db.snapshot().await?;
                Ok(!content_objects::is_any(&mut db, stem).await?)
            }
            None => self.is_gone(key.as_str()).await,
        }
    }

    /// Every object that has none.
    async fn orphans(&mut self) -> Result<(), VerifyError> {
        let oldest = self.own.clock.now().minus(ORPHAN_AGE).0.saturating_mul(100);
        let mut pages = self.own.content.list();
        while let Some(page) = pages.recv().await {
            for (key, modified_ns) in page? {
                let name = key.as_str();
                let is_old = modified_ns < oldest && !key.is_of_tenant() && self.subset.holds(name);
                if is_old && self.is_orphan(&key).await? {
                    self.find("orphaned", name, "no row names it").await?;
                }
            }
        }
        Ok(())
    }

    async fn find(&mut self, what: &str, key: &str, detail: &str) -> Result<(), VerifyError> {
        let mut db = self.own.db.snapshot().await?;
        let owner = keeping::of_content(&mut db, key).await?;
        drop(db);
        let finding = Finding {
            what: what.to_owned(),
            content_key: key.to_owned(),
            id: owner.map(|(_, id): (ArtifactKind, String)| id),
            detail: detail.to_owned(),
        };
        // A look that is gone on with looks at the last page once more.
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
        Ok(())
    }

    /// Waits until so many bytes may have been read.
    async fn pace(&mut self, bytes: u64) {
        self.read_bytes += bytes;
        let ms = self.read_bytes.saturating_mul(1000);
        if let Some(due) = ms.checked_div(self.own.rules.bytes_per_second) {
            tokio::time::sleep_until(self.began + Duration::from_millis(due)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1/30", Some((1, 30))),
            ("30/30", Some((30, 30))),
            ("1/1", Some((1, 1))),
            ("0/30", None),
            ("31/30", None),
            ("1/0", None),
            ("-1/3", None),
            ("1", None),
            ("a/b", None),
        ] {
            let found = Subset::parse(text).map(|subset| (subset.part, subset.parts));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn every_object_is_of_one_part() {
        for number in 0..1000 {
            let key = format!("t/2026/01/x_{number}/recording.mp4");
            let parts = (1..=7).filter(|part| {
                Subset {
                    part: *part,
                    parts: 7,
                }
                .holds(&key)
            });
            assert_eq!(parts.count(), 1);
            assert!(Subset::ALL.holds(&key));
        }
    }
}
