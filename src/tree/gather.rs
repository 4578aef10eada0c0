//! From descriptions to rows: fills a database from what lies in the content store. What has a row already is left alone, so it
//! may be done again.

use std::collections::HashMap;
use std::time::Duration;

use super::put::{PutArtifacts, PutTenant};
use super::{Tree, TreeError};
use crate::content::{ContentError, ContentKey};
use crate::db::DbError;
use crate::graph::description::{
    ContentDescription, Description, FORMAT, HeadDescription, TenantDescription,
};
use crate::seal::from_hex;

/// The largest description that is read.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Descriptions that are written in one transaction.
const AT_ONCE: usize = 100;

/// What has been filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Tenants that were not there.
    pub tenants: usize,
    /// Recordings and transcripts that were not there.
    pub artifacts: usize,
    /// Those that were.
    pub known: usize,
    /// What could not be filled in.
    pub problems: Vec<Problem>,
}

/// A description that says nothing that could be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

/// An artifact whose objects are there.
#[derive(Clone)]
pub(super) struct Found {
    /// Where it is described.
    pub(super) key: String,
    /// What is said there.
    pub(super) description: Description,
    /// SHA-256 of each, by key.
    pub(super) hashes: HashMap<String, [u8; 32]>,
}

impl Tree {
    /// Fills the database from the tree: first tenants with their people, then everything else. What was deleted is removed for
    /// good when `trash` is over. `progress` is told how many descriptions have been read.
    ///
    /// # Errors
    /// [`TreeError`] where a store fails; what has been filled in until then stays.
    pub async fn gather(
        &self,
        trash: Duration,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Gathered, TreeError> {
        let mut gathered = Gathered::default();
        let mut left_out = HashMap::new();
        let mut pages = self.content.list();
        while let Some(page) = pages.recv().await {
            for (key, _) in page?.into_iter().filter(|(key, _)| key.is_of_tenant()) {
                if let Err(what) = self.tenant(&key, &mut gathered).await? {
                    left_out.insert(key.tenant().to_owned(), (key, what, 0_usize));
                }
            }
        }
        let mut read = 0;
        let mut pages = self.content.list();
        let mut waiting = Vec::new();
        while let Some(page) = pages.recv().await {
            for (key, _) in page? {
                if !key.is_description() {
                    self.tell_undescribed(&key, &mut gathered).await?;
                    continue;
                }
                if let Some((.., artifacts)) = left_out.get_mut(key.tenant()) {
                    *artifacts += 1;
                    continue;
                }
                match self.found(&key).await? {
                    Ok(found) => waiting.push(found),
                    Err(what) => gathered.problem(&key, what),
                }
                read += 1;
                progress(read);
                if waiting.len() >= AT_ONCE {
                    self.put_found(std::mem::take(&mut waiting), trash, &mut gathered)
                        .await?;
                }
            }
        }
        self.put_found(waiting, trash, &mut gathered).await?;
        for (key, what, artifacts) in left_out.into_values() {
            gathered.problem(
                &key,
                format!("{what}; {artifacts} recordings and transcripts of the tenant are left out"),
            );
        }
        Ok(gathered)
    }

    /// A tenant with its people; or why nothing of it can be filled in.
    async fn tenant(
        &self,
        key: &ContentKey,
        gathered: &mut Gathered,
    ) -> Result<Result<(), String>, TreeError> {
        let tenant = match self.read::<TenantDescription>(key).await? {
            Err(what) => return Ok(Err(what)),
            Ok(tenant) if tenant.format != FORMAT => return Ok(Err(newer())),
            Ok(tenant) if ContentKey::of_tenant(&tenant.id) != *key => {
                return Ok(Err(format!(
                    "it describes the tenant {}, which is another",
                    tenant.id
                )));
            }
            Ok(tenant) => tenant,
        };
        match self.db.write(PutTenant(tenant)).await {
            Ok((is_new, refused)) => {
                gathered.tenants += usize::from(is_new);
                for what in refused {
                    gathered.problem(key, what);
                }
                Ok(Ok(()))
            }
            Err(DbError::Conflict(what)) => Ok(Err(taken(&what))),
            Err(error) => Err(error.into()),
        }
    }

    /// A recording or transcript that nothing describes.
    async fn tell_undescribed(&self, key: &ContentKey, gathered: &mut Gathered) -> Result<(), TreeError> {
        let is_artifact = ["/recording.", "/transcript."]
            .iter()
            .any(|name| key.as_str().contains(name) && !key.as_str().contains("/transcript.metadata."));
        if is_artifact && let Err(ContentError::NotFound(_)) = self.content.open(&key.described()).await {
            gathered.problem(
                key,
                "nothing describes it: copy it elsewhere, and import it by itself".to_owned(),
            );
        }
        Ok(())
    }

    async fn put_found(
        &self,
        found: Vec<Found>,
        trash: Duration,
        gathered: &mut Gathered,
    ) -> Result<(), TreeError> {
        let put = |found| PutArtifacts {
            found,
            trash,
            now: self.clock.now(),
        };
        match self.db.write(put(found.clone())).await {
            Ok(done) => gathered.add(done),
            // One of them says what a row says already: each by itself, to know which.
            Err(DbError::Conflict(_)) => {
                for one in found {
                    let key = one.key.clone();
                    match self.db.write(put(vec![one])).await {
                        Ok(done) => gathered.add(done),
                        Err(DbError::Conflict(what)) => gathered.problems.push(Problem {
                            key,
                            what: taken(&what),
                        }),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// A description, with the objects that it names, made sure of.
    async fn found(&self, key: &ContentKey) -> Result<Result<Found, String>, TreeError> {
        let description = match self.read::<Description>(key).await? {
            Ok(description) if description.format != FORMAT => return Ok(Err(newer())),
            Ok(description) => description,
            Err(what) => return Ok(Err(what)),
        };
        if ContentKey::of_tenant(&description.tenant_id).tenant() != key.tenant() {
            return Ok(Err("it lies in the folder of another tenant".to_owned()));
        }
        let is_beside = |object: &ContentDescription| {
            ContentKey::from_row(&object.key).is_some_and(|one| one.described() == *key)
        };
        if !is_beside(&description.content) {
            let elsewhere = format!("its content is not beside it: {:?}", description.content.key);
            return Ok(Err(elsewhere));
        }
        let mut hashes = HashMap::new();
        let objects = [Some(&description.content), description.metadata_content.as_ref()];
        for object in objects.into_iter().flatten() {
            let head = object.head.as_ref().map(|head| &*head.object);
            for object in [Some(object), head].into_iter().flatten() {
                let Some(sha256) = from_hex(&object.sha256) else {
                    return Ok(Err(format!("{:?} is no SHA-256", object.sha256)));
                };
                hashes.insert(object.key.clone(), sha256);
                if let Some(what) = self.fault_of(key, object).await? {
                    return Ok(Err(what));
                }
            }
        }
        Ok(Ok(Found {
            key: key.as_str().to_owned(),
            description,
            hashes,
        }))
    }

    /// Why an object is not what is described, if that can be told without reading it.
    async fn fault_of(
        &self,
        beside: &ContentKey,
        object: &ContentDescription,
    ) -> Result<Option<String>, TreeError> {
        let Some(key) = ContentKey::from_row(&object.key) else {
            return Ok(Some(format!("{:?} is no key of ours", object.key)));
        };
        let folder = |key: &ContentKey| key.as_str().rsplit_once('/').map(|(folder, _)| folder.to_owned());
        // Metadata of a seed has a folder of its own.
        if folder(&key) != folder(beside) && (object.head.is_some() || key.tenant() != beside.tenant()) {
            return Ok(Some(format!("{key} lies elsewhere")));
        }
        let has_room = |head: &HeadDescription| {
            head.body_offset >= 0
                && head.body_length >= 0
                && head
                    .body_offset
                    .checked_add(head.body_length)
                    .is_some_and(|end| end <= object.size)
        };
        if !object.head.as_ref().is_none_or(has_room) {
            return Ok(Some(format!("the part of {key} that is served is not in it")));
        }
        match self.content.open(&key).await {
            Ok(reader) if i64::try_from(reader.size_bytes()) == Ok(object.size) => Ok(None),
            Ok(reader) => Ok(Some(format!(
                "{key} has {} bytes, not {}",
                reader.size_bytes(),
                object.size
            ))),
            Err(ContentError::NotFound(_)) => Ok(Some(format!("{key} is not there"))),
            Err(error) => Ok(Some(of_one(error)?)),
        }
    }

    pub(super) async fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: &ContentKey,
    ) -> Result<Result<T, String>, TreeError> {
        let reader = match self.content.open(key).await {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(of_one(error)?)),
        };
        if reader.size_bytes() > MOST_BYTES {
            return Ok(Err("it is too long for a description".to_owned()));
        }
        let bytes = reader
            .gather(0, reader.size_bytes())
            .await
            .map_err(ContentError::Io)?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
    }
}

impl Gathered {
    fn add(&mut self, done: Self) {
        self.artifacts += done.artifacts;
        self.known += done.known;
        self.problems.extend(done.problems);
    }

    fn problem(&mut self, key: &ContentKey, what: String) {
        let key = key.as_str().to_owned();
        self.problems.push(Problem { key, what });
    }
}

/// What is wrong with one object; or the error, where it is one of the whole store.
fn of_one(error: ContentError) -> Result<String, TreeError> {
    match error {
        ContentError::Unavailable(_) | ContentError::Refused(_) => Err(error.into()),
        error => Ok(error.to_string()),
    }
}

fn taken(what: &str) -> String {
    format!("it says what is said of something else already ({what}): begin with an empty database")
}

fn newer() -> String {
    "it is of a newer version: use a newer graphophone".to_owned()
}
