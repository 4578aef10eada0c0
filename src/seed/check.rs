//! What loading would come to: the transaction of each document, in a row, and all of it undone.
//!
//! No content is stored. Rows get objects with keys that nothing has, and digests are compared only where a recording on
//! legal hold asks for it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::apply::{Apply, ApplyError, PreparedArtifact};
use super::load::Checked;
use super::look_up::look_up;
use super::prepare::{Wanted, emptied_on_hold, replaced_on_hold};
use super::{Complete, Document, SeedFile, SeedProblem};
use crate::clock::Ticks;
use crate::content::{ContentKey, Part};
use crate::db::artifacts::{self, StoredArtifact};
use crate::db::content_objects::{self, ContentObject};
use crate::db::locks::{self, Lock};
use crate::db::{DbError, Tx, Write};
use crate::ids;

/// SHA-256 of files that were read.
pub(super) type Digests = BTreeMap<PathBuf, Vec<u8>>;

/// Documents to be applied in a row. It always ends in a refusal, so that nothing of it stays.
pub(super) struct Check {
    pub documents: Vec<Document>,
    pub now: Ticks,
    /// What is known of the files already.
    pub digests: Digests,
}

/// What it ends with.
pub(super) enum Verdict {
    /// What loading would come to.
    Checked(Checked),
    /// These files have to be read before that can be said; each with its document.
    Unread(Vec<(PathBuf, SeedFile)>),
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for Verdict {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl Write for Check {
    type Output = Infallible;
    type Error = Verdict;

    fn again(&self) -> Option<Self> {
        None
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<Infallible, Verdict> {
        locks::take(tx, Lock::Directory).await?;
        let mut checked = Checked::default();
        let mut contents = Contents {
            now: self.now,
            digests: self.digests,
            made_up: BTreeMap::new(),
            unread: Vec::new(),
        };
        for document in self.documents {
            match contents.apply(tx, document).await {
                Ok(()) => checked.passed += 1,
                Err(Stop::Refused(problems)) => {
                    checked.problems = problems;
                    break;
                }
                Err(Stop::Db(error)) => return Err(Verdict::Db(error)),
            }
        }
        Err(match contents.unread.is_empty() {
            true => Verdict::Checked(checked),
            false => Verdict::Unread(contents.unread),
        })
    }
}

/// Why a document is not applied.
enum Stop {
    Refused(Vec<SeedProblem>),
    Db(DbError),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

/// The content of all the documents, as far as it matters.
struct Contents {
    now: Ticks,
    digests: Digests,
    /// Keys that were made up, and the files whose bytes would have been stored under them, each with its document.
    made_up: BTreeMap<String, (PathBuf, SeedFile)>,
    unread: Vec<(PathBuf, SeedFile)>,
}

impl Contents {
    /// In the order of loading, so that the first problem is the same.
    async fn apply(&mut self, tx: &mut Tx<'_>, document: Document) -> Result<(), Stop> {
        let file = document.file.clone();
        let known = look_up(tx, &document.references()).await?;
        let document = document.complete(&known).map_err(Stop::Refused)?;
        let artifacts = self.prepare_all(tx, &document).await?;
        let apply = Apply {
            // Which hash a password has changes nothing.
            password_hashes: vec![None; document.users.put.len()],
            secret_hashes: vec![None; document.applications.put.len()],
            document,
            artifacts,
            now: self.now,
            announce: false,
        };
        match apply.run(tx).await {
            Ok(_undone) => Ok(()),
            Err(ApplyError::Db(error)) => Err(Stop::Db(error)),
            Err(ApplyError::Conflict { at, message }) => Err(Stop::Refused(vec![SeedProblem {
                file,
                pointer: at,
                message,
            }])),
            Err(ApplyError::Overtaken) => {
                let text = "somebody else has changed it inside of this transaction";
                Err(Stop::Db(DbError::Engine(text.into())))
            }
        }
    }

    async fn prepare_all(
        &mut self,
        tx: &mut Tx<'_>,
        document: &Complete,
    ) -> Result<Vec<PreparedArtifact>, Stop> {
        let mut prepared = Vec::new();
        for wanted in Wanted::all(document) {
            let before = artifacts::find_stored(tx, wanted.kind, &wanted.own.id).await?;
            prepared.push(self.prepare(tx, &document.file, &wanted, before).await?);
        }
        Ok(prepared)
    }

    async fn prepare(
        &mut self,
        tx: &mut Tx<'_>,
        document: &Path,
        wanted: &Wanted<'_>,
        before: Option<StoredArtifact>,
    ) -> Result<PreparedArtifact, Stop> {
        let created = wanted.created(before.as_ref(), self.now);
        let held = before.as_ref().filter(|before| before.legal_hold);
        let held = held.and_then(|before| before.content_key.clone());
        let refused = |problem| Err(Stop::Refused(vec![problem]));
        let kept = match (wanted.content, held) {
            (None, Some(_)) => return refused(emptied_on_hold(document, wanted.own)),
            (Some(file), Some(key)) => match self.may_be_same(tx, document, file, &key).await? {
                true => Some(key),
                false => return refused(replaced_on_hold(document, file)),
            },
            (_, None) => None,
        };
        let new_content = wanted.content.filter(|_| kept.is_none());
        let mut new_objects = Vec::new();
        let mut make_up = |part, file: &SeedFile| {
            let tenant = &wanted.own.organizer.tenant_id;
            let object = self.make_up((tenant, created), part);
            let key = object.key.clone();
            self.made_up
                .insert(key.clone(), (document.to_owned(), file.clone()));
            new_objects.push(object);
            key
        };
        let new_content = new_content.map(|file| make_up(wanted.part(), file));
        let metadata_key = wanted
            .metadata
            .map(|file| make_up(Part::TranscriptMetadata, file));
        Ok(PreparedArtifact {
            at: wanted.own.at.clone(),
            before,
            stored: wanted.row(created, [kept.or(new_content), metadata_key]),
            new_objects,
        })
    }

    /// An object that is never stored.
    fn make_up(&self, (tenant, created): (&str, Ticks), part: Part) -> ContentObject {
        let media_type = "application/octet-stream";
        let key = ContentKey::new(tenant, created, ids::random_uuid(), part, media_type);
        ContentObject {
            key: key.as_str().to_owned(),
            size_bytes: 0,
            sha256: Vec::new(),
            media_type: media_type.to_owned(),
            modified_ns: 0,
            stored: self.now,
            served: None,
            facts: None,
        }
    }

    /// Whether the bytes of `file` are those under `key`; yes for the time being where that is not known yet.
    async fn may_be_same(
        &mut self,
        tx: &mut Tx<'_>,
        document: &Path,
        file: &SeedFile,
        key: &str,
    ) -> Result<bool, Stop> {
        let own = self.digests.get(file.path());
        let mut unread = Vec::new();
        if own.is_none() {
            unread.push((document.to_owned(), file.clone()));
        }
        let held = match self.made_up.get(key) {
            Some((_, held)) if held.path() == file.path() => return Ok(true),
            Some(held) => {
                let digest = self.digests.get(held.1.path());
                if digest.is_none() {
                    unread.push(held.clone());
                }
                digest.cloned()
            }
            None => content_objects::find(tx, key).await?.map(|object| object.sha256),
        };
        let same = match (own, held) {
            (Some(own), Some(held)) => *own == held,
            _ => true,
        };
        self.unread.append(&mut unread);
        Ok(same)
    }
}
