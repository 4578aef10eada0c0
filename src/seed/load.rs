//! Loads a document into a store: content first, outside of any transaction, then its rows in one short one.
//!
//! A crash before the commit leaves objects that no row knows; nothing half is ever visible. Loading the same file again
//! writes no content and changes no row.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::apply::{Apply, ApplyError, PreparedArtifact};
use super::check::{Check, Digests, Verdict};
use super::look_up::look_up;
use super::prepare::{Wanted, emptied_on_hold, replaced_on_hold};
use super::{Complete, Document, SeedFile, SeedProblem, Upload};
use crate::authority::secret_hash::{self, HashFault};
use crate::clock::Ticks;
use crate::content::{ContentError, ContentKey, Part};
use crate::db::artifacts;
use crate::db::content_objects::{self, ContentObject, Removed};
use crate::db::{Db, DbError, Session, applications, users};
use crate::ids;
use crate::media;
use crate::store::Store;

/// How often a seed is prepared again because another was faster.
const ATTEMPTS: usize = 5;

/// Told how far a long loading is: objects done, objects in all.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// How to load.
#[derive(Clone, Copy)]
pub struct LoadOptions<'a> {
    /// Subscribers are told of recordings that were not there before.
    pub announce: bool,
    /// Told how far it is.
    pub progress: Progress<'a>,
}

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects that the file puts.
    pub put: usize,
    /// Objects that the file removes.
    pub removed: usize,
    /// Files whose bytes were stored; those that were there already are not among them.
    pub stored_files: usize,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is refused: exit status 2.
    #[error("the seed file is refused")]
    Refused(Vec<SeedProblem>),
    /// The database failed.
    #[error("the database: {0}")]
    Db(#[from] DbError),
    /// The content store failed.
    #[error("the content store: {0}")]
    Content(#[from] ContentError),
    /// A secret could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// Other seeds were faster with the same recordings or transcripts, again and again.
    #[error(
        "other seeds keep changing the same recordings or transcripts: load the file again when they have ended"
    )]
    Overtaken,
    /// A thread was lost.
    #[error("a thread was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

/// What files would do, loaded in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many would be loaded, from the first.
    pub passed: usize,
    /// What is wrong with the one after these; empty where all would be loaded.
    pub problems: Vec<SeedProblem>,
}

/// Completes `document` with what the store knows, without loading it.
///
/// # Errors
/// [`LoadError::Refused`] with all that is wrong.
pub async fn check(store: &Store, document: Document) -> Result<Complete, LoadError> {
    let mut db = store.db.snapshot().await?;
    let known = look_up(&mut db, &document.references()).await?;
    drop(db);
    document.complete(&known).map_err(LoadError::Refused)
}

/// Says what loading `documents` in a row would come to: each is applied, and then all of it is undone.
///
/// # Errors
/// [`LoadError::Db`]; [`LoadError::Refused`] where content that is to be compared cannot be read.
pub async fn check_all(db: &Db, now: Ticks, documents: &[Document]) -> Result<Checked, LoadError> {
    let mut digests = Digests::new();
    loop {
        let check = Check {
            documents: documents.to_vec(),
            now,
            digests: digests.clone(),
        };
        match db.write(check).await {
            Ok(never) => match never {},
            Err(Verdict::Checked(checked)) => return Ok(checked),
            Err(Verdict::Db(error)) => return Err(error.into()),
            // Files are not read inside of a transaction. Each round knows more of them, so there is a last one.
            Err(Verdict::Unread(files)) => {
                for (document, file) in files {
                    let digest = digest_of(&file).await.map_err(|error| error.in_file(&document))?;
                    digests.insert(file.path().to_owned(), digest);
                }
            }
        }
    }
}

/// Loads `document`, all of it or nothing.
///
/// # Errors
/// [`LoadError`]; then no row has changed, unless the database failed at the very end.
pub async fn load(store: &Store, document: Document, options: LoadOptions<'_>) -> Result<Summary, LoadError> {
    let file = document.file.clone();
    for _attempt in 0..ATTEMPTS {
        let mut stored = Vec::new();
        let loaded = match check(store, document.clone()).await {
            Ok(document) => load_complete(store, document, options, &mut stored).await,
            Err(error) => Err(error),
        };
        let Err(error) = loaded else { return loaded };
        // What stands here must not be removed after an error of the database: its commit may be durable all the same, and
        // then rows know this content. Bytes too many are a waste of space; bytes that are missing are a recording lost.
        // Every other error comes before the transaction, or is its refusal, which has undone it.
        if !matches!(error, LoadError::Db(_)) {
            for key in &stored {
                // Best effort: what stays behind is an object without a row.
                let _left_behind = store.content.remove(key).await;
            }
        }
        if !matches!(error, LoadError::Overtaken) {
            return Err(error.in_file(&file));
        }
    }
    Err(LoadError::Overtaken)
}

impl LoadError {
    /// A problem is one of the seed file, whichever file it was found in.
    fn in_file(self, seed: &Path) -> Self {
        match self {
            Self::Refused(mut problems) => {
                for problem in &mut problems {
                    seed.clone_into(&mut problem.file);
                }
                Self::Refused(problems)
            }
            other => other,
        }
    }
}

async fn load_complete(
    store: &Store,
    document: Complete,
    options: LoadOptions<'_>,
    new_keys: &mut Vec<ContentKey>,
) -> Result<Summary, LoadError> {
    let mut loader = Loader {
        store,
        options,
        document: &document.file,
        done: 0,
        total: count_files(&document),
        new_keys,
    };
    let artifacts = loader.prepare_artifacts(&document).await?;
    let (password_hashes, secret_hashes) = hash_secrets(store, &document).await?;
    let stored_files = loader.new_keys.len();
    let (put, removed) = count_objects(&document);
    let file = document.file.clone();
    let (now, announce) = (store.clock.now(), options.announce);
    let apply = Apply {
        document,
        password_hashes,
        secret_hashes,
        artifacts,
        now,
        announce,
    };
    let applied = store.db.write(apply).await.map_err(|error| match error {
        ApplyError::Db(error) => LoadError::Db(error),
        ApplyError::Overtaken => LoadError::Overtaken,
        ApplyError::Conflict { at, message } => LoadError::Refused(vec![SeedProblem {
            file,
            pointer: at,
            message,
        }]),
    })?;
    // Here and now, as no server need run; what cannot be removed, or is cut short, is left to one.
    let mut gone = Vec::new();
    for key in applied.orphans.iter().filter_map(|key| ContentKey::from_row(key)) {
        match store.content.remove(&key).await {
            Ok(()) => gone.push(key.as_str().to_owned()),
            Err(error) => {
                tracing::warn!(%error, "content that was replaced could not be removed; a server tries again");
            }
        }
    }
    if !gone.is_empty() {
        store.db.write(Removed(gone)).await.map_err(LoadError::Db)?;
    }
    Ok(Summary {
        put,
        removed,
        stored_files,
    })
}

struct Loader<'a> {
    store: &'a Store,
    options: LoadOptions<'a>,
    document: &'a Path,
    done: usize,
    total: usize,
    new_keys: &'a mut Vec<ContentKey>,
}

impl Loader<'_> {
    async fn prepare_artifacts(&mut self, document: &Complete) -> Result<Vec<PreparedArtifact>, LoadError> {
        let mut prepared = Vec::new();
        for wanted in Wanted::all(document) {
            prepared.push(self.prepare(&wanted).await?);
        }
        Ok(prepared)
    }

    /// The row of an artifact, its bytes stored where they were not there yet.
    async fn prepare(&mut self, wanted: &Wanted<'_>) -> Result<PreparedArtifact, LoadError> {
        let own = wanted.own;
        let mut db = self.store.db.snapshot().await?;
        let before = artifacts::find_stored(&mut db, wanted.kind, &own.id).await?;
        let row = before.as_ref();
        let before_content = object_of(&mut db, row.and_then(|row| row.content_key.as_deref())).await?;
        let before_metadata = object_of(&mut db, row.and_then(|row| row.metadata_key.as_deref())).await?;
        drop(db);

        let created = wanted.created(row, self.store.clock.now());
        // A courtesy, before anything is stored: the transaction looks again.
        let held = row.is_some_and(|row| row.legal_hold);
        if held && wanted.content.is_none() && before_content.is_some() {
            return Err(LoadError::Refused(vec![emptied_on_hold(self.document, own)]));
        }
        let mut new_objects = Vec::new();
        let mut keys = [None, None];
        let parts = [
            (wanted.content, wanted.part(), before_content),
            (wanted.metadata, Part::TranscriptMetadata, before_metadata),
        ];
        for (key, (file, part, before)) in keys.iter_mut().zip(parts) {
            let Some(file) = file else { continue };
            let place = Place {
                tenant: &own.organizer.tenant_id,
                created,
                part,
            };
            let (object, is_new) = self.keep_or_store(file, place, before, held).await?;
            *key = Some(object.key.clone());
            if is_new {
                new_objects.push(object);
            }
        }
        Ok(PreparedArtifact {
            at: own.at.clone(),
            before,
            stored: wanted.row(created, keys),
            new_objects,
        })
    }

    /// The object of a file: the one that is there, if its bytes are the same, else a new one.
    async fn keep_or_store(
        &mut self,
        file: &SeedFile,
        place: Place<'_>,
        before: Option<ContentObject>,
        held: bool,
    ) -> Result<(ContentObject, bool), LoadError> {
        if let Some(before) = before {
            if same_bytes(file, &before).await? {
                self.step();
                return Ok((before, false));
            }
            if held {
                return Err(LoadError::Refused(vec![replaced_on_hold(self.document, file)]));
            }
        }
        let mut source = file.open().map_err(|error| unreadable(file, &error))?;
        let mut head = Vec::with_capacity(media::HEAD_BYTES);
        let by_ref = (&mut source)
            .take(media::HEAD_BYTES as u64)
            .read_to_end(&mut head);
        by_ref.map_err(|error| unreadable(file, &error))?;
        let media_type = match place.part {
            Part::Recording => media::media_type(&head),
            Part::Transcript | Part::TranscriptMetadata => "text/vtt",
        };
        let unique = ids::random_uuid();
        let key = ContentKey::new(place.tenant, place.created, unique, place.part, media_type);
        let written = self
            .store
            .content
            .put(&key, std::io::Cursor::new(head).chain(source))
            .await;
        let written = written.map_err(|error| match error {
            ContentError::Source(error) => unreadable(file, &error),
            error => LoadError::Content(error),
        })?;
        self.new_keys.push(key.clone());
        self.step();
        let object = ContentObject {
            key: key.as_str().to_owned(),
            size_bytes: i64::try_from(written.size_bytes).unwrap_or(i64::MAX),
            sha256: written.sha256.to_vec(),
            media_type: media_type.to_owned(),
            modified_ns: written.modified_ns,
            stored: self.store.clock.now(),
            served: None,
            facts: None,
        };
        Ok((object, true))
    }

    fn step(&mut self) {
        self.done += 1;
        (self.options.progress)(self.done, self.total);
    }
}

/// Where an object is put.
#[derive(Clone, Copy)]
struct Place<'a> {
    tenant: &'a str,
    created: Ticks,
    part: Part,
}

async fn object_of(db: &mut Session, key: Option<&str>) -> Result<Option<ContentObject>, DbError> {
    match key {
        Some(key) => content_objects::find(db, key).await,
        None => Ok(None),
    }
}

/// Whether a file has the bytes of a stored object. Reads the file only when their lengths are the same.
async fn same_bytes(file: &SeedFile, object: &ContentObject) -> Result<bool, LoadError> {
    let opened = file.open().map_err(|error| unreadable(file, &error))?;
    let length = opened.metadata().map_err(|error| unreadable(file, &error))?.len();
    if i64::try_from(length).ok() != Some(object.size_bytes) {
        return Ok(false);
    }
    Ok(digest_of(file).await? == object.sha256)
}

/// SHA-256 of a file.
async fn digest_of(file: &SeedFile) -> Result<Vec<u8>, LoadError> {
    let opened = file.open().map_err(|error| unreadable(file, &error))?;
    let hashed = tokio::task::spawn_blocking(move || crate::content::hash_file(&opened)).await?;
    Ok(hashed.map_err(|error| unreadable(file, &error))?.to_vec())
}

fn unreadable(file: &SeedFile, error: &std::io::Error) -> LoadError {
    refused(file, format!("the file cannot be read: {error}"))
}

fn refused(file: &SeedFile, message: String) -> LoadError {
    let problem = SeedProblem {
        file: file.path().to_owned(),
        pointer: file.at().to_owned(),
        message,
    };
    LoadError::Refused(vec![problem])
}

/// Hashes of passwords and secrets; one that is stored already and still matches is kept, so that loading again changes
/// nothing.
async fn hash_secrets(store: &Store, document: &Complete) -> Result<(Hashes, Hashes), LoadError> {
    let mut db = store.db.snapshot().await?;
    let mut passwords = Vec::new();
    for user in &document.users.put {
        let before = match user.password {
            Some(_) => users::find(&mut db, &user.id)
                .await?
                .and_then(|before| before.password_hash),
            None => None,
        };
        passwords.push((user.password.clone(), before));
    }
    let mut secrets = Vec::new();
    for application in &document.applications.put {
        let before = match application.secret {
            Some(_) => applications::find(&mut db, &application.app_id, &application.tenant_id).await?,
            None => None,
        };
        secrets.push((
            application.secret.clone(),
            before.and_then(|before| before.secret_hash),
        ));
    }
    drop(db);
    let hash_all = |list: Vec<(Option<super::Secret>, Option<String>)>| {
        let hash = |(secret, before): (Option<super::Secret>, Option<String>)| {
            let Some(secret) = secret else { return Ok(None) };
            match before {
                Some(before) if secret_hash::matches(&before, secret.expose()) => Ok(Some(before)),
                _ => secret_hash::hash(secret.expose()).map(Some),
            }
        };
        list.into_iter().map(hash).collect::<Result<Hashes, HashFault>>()
    };
    let hash_all = Arc::new(hash_all);
    let hashed =
        tokio::task::spawn_blocking(move || Ok::<_, HashFault>((hash_all(passwords)?, hash_all(secrets)?)));
    Ok(hashed.await??)
}

/// Hashes in the order of what they belong to.
type Hashes = Vec<Option<String>>;

fn count_files(document: &Complete) -> usize {
    let recordings = document
        .recordings
        .put
        .iter()
        .filter(|one| matches!(one.upload, Upload::Complete(_)))
        .count();
    let metadata = document
        .transcripts
        .put
        .iter()
        .filter(|one| one.metadata.is_some())
        .count();
    recordings + document.transcripts.put.len() + metadata
}

fn count_objects(document: &Complete) -> (usize, usize) {
    let Complete {
        file: _,
        tenants,
        users,
        applications,
        ..
    } = document;
    let (policies, consents) = (
        &document.application_access_policies,
        &document.resource_specific_consents,
    );
    let (meetings, calls) = (&document.online_meetings, &document.adhoc_calls);
    let (recordings, transcripts) = (&document.recordings, &document.transcripts);
    let put = tenants.put.len()
        + users.put.len()
        + applications.put.len()
        + policies.put.len()
        + consents.put.len();
    let put = put + meetings.put.len() + calls.put.len() + recordings.put.len() + transcripts.put.len();
    let removed =
        tenants.removed.len() + users.removed.len() + applications.removed.len() + policies.removed.len();
    let removed = removed + consents.removed.len() + meetings.removed.len() + calls.removed.len();
    (
        put,
        removed + recordings.removed.len() + transcripts.removed.len(),
    )
}
