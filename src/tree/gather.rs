//! From descriptions to rows: fills a database from what lies in the content store. What has a row already is left alone, so it
//! may be done again.

use std::collections::HashMap;
use std::time::Duration;

use super::put::{PutArtifacts, PutTenant};
use super::{Tree, TreeError};
use crate::content::{ContentError, ContentKey};
use crate::db::DbError;
use crate::graph::description::{ContentDescription, Description, FORMAT, TenantDescription};
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
        let mut pages = self.content.list();
        while let Some(page) = pages.recv().await {
            for (key, _) in page?.into_iter().filter(|(key, _)| key.is_of_tenant()) {
                match self.read::<TenantDescription>(&key).await? {
                    Err(what) => gathered.problem(&key, what),
                    Ok(tenant) if tenant.format != FORMAT => gathered.problem(&key, newer()),
                    Ok(tenant) => match self.db.write(PutTenant(tenant)).await {
                        Ok(is_new) => gathered.tenants += usize::from(is_new),
                        Err(DbError::Conflict(what)) => gathered.problem(&key, taken(&what)),
                        Err(error) => return Err(error.into()),
                    },
                }
            }
        }
        let mut read = 0;
        let mut pages = self.content.list();
        let mut waiting = Vec::new();
        while let Some(page) = pages.recv().await {
            for (key, _) in page?.into_iter().filter(|(key, _)| key.is_description()) {
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
        Ok(gathered)
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
        if key.tenant() != beside.tenant() {
            return Ok(Some(format!("{key} is of another tenant")));
        }
        match self.content.open(&key).await {
            Ok(reader) if i64::try_from(reader.size_bytes()) == Ok(object.size) => Ok(None),
            Ok(reader) => Ok(Some(format!(
                "{key} has {} bytes, not {}",
                reader.size_bytes(),
                object.size
            ))),
            Err(ContentError::NotFound(_)) => Ok(Some(format!("{key} is not there"))),
            Err(error) => Err(error.into()),
        }
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: &ContentKey,
    ) -> Result<Result<T, String>, TreeError> {
        let reader = self.content.open(key).await?;
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

fn taken(what: &str) -> String {
    format!("it says what is said of something else already ({what}): begin with an empty database")
}

fn newer() -> String {
    "it is of a newer version: use a newer graphophone".to_owned()
}
