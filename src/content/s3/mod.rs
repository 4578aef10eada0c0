//! A bucket of an S3 store.
//!
//! # Configuration
//! `content.url = "s3://BUCKET/PREFIX"` and `[content.s3]`. An object is the plain bytes under `PREFIX/KEY`.
//!
//! # Implementation
//! Signing, retries and multipart are `object_store`'s, over a client of our own: no proxies, no redirects, time limits.
//! [`read`](read) fetches bounded pieces of one version. [`upload`](upload) writes parts with a checksum on each;
//! [`partial`](partial) does so over hours, slice by slice.
//! [`unfinished`](unfinished) finds uploads that never ended. [`fault`](fault) says in one line what is wrong, and which
//! setting to change.
//!
//! # Considerations
//! A client belongs to one runtime, because its connections do: see [`Bucket::for_thread`]. Servers differ in
//! conditional writes, so none is used: keys are unique for each upload, and the database decides which one counts. A key
//! is looked up before its object becomes visible; of two that write one key at the same moment the later stays.

mod connect;
pub(super) mod fault;
pub(super) mod partial;
mod probe;
pub(super) mod read;
mod unfinished;
mod upload;

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3;
use object_store::client::HttpClient;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;

use self::fault::{Doing, Fault, Meaning};
use self::read::S3Reader;
use super::{ContentError, ContentKey, Swept, Written};
use crate::clock::Ticks;
use crate::config::S3Config;

/// How long a question may take that somebody waits for, its retries included: a request hears of a store that is away
/// within that time.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A bucket, as one runtime reaches it.
#[derive(Debug)]
pub(super) struct Bucket {
    config: S3Config,
    /// For what somebody waits for: few retries.
    asking: AmazonS3,
    /// For writing, which has more time.
    writing: AmazonS3,
    /// What both send their requests with.
    client: HttpClient,
}

impl Bucket {
    /// Makes ready to ask; nothing is sent yet.
    pub(super) fn open(config: &S3Config) -> Result<Self, ContentError> {
        Self::connect(config, None)
    }

    /// The same bucket for another runtime, since connections live and die with the runtime that made them. Keys that
    /// expire are shared.
    pub(super) fn for_thread(&self) -> Result<Self, ContentError> {
        Self::connect(&self.config, Some(self.asking.credentials()))
    }

    pub(super) async fn put(
        self: &Arc<Self>,
        key: &ContentKey,
        source: impl Read + Send + 'static,
    ) -> Result<Written, ContentError> {
        upload::put(self, key, source).await
    }

    pub(super) async fn replace(&self, key: &ContentKey, bytes: Vec<u8>) -> Result<(), ContentError> {
        match self.writing.put(&self.path(key), bytes.into()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.fault(Doing::Write, &error).into()),
        }
    }

    pub(super) async fn open_object(&self, key: &ContentKey) -> Result<S3Reader, ContentError> {
        let path = self.path(key);
        let head = in_time(self.asking.get_opts(&path, GetOptions::new().with_head(true))).await;
        let found = head.map_err(|error| self.fault(Doing::Read, &error).of_object(key))?;
        Ok(S3Reader::new(
            self.asking.clone(),
            self.places(),
            key.clone(),
            &found.meta,
        ))
    }

    pub(super) async fn remove(&self, key: &ContentKey) -> Result<(), ContentError> {
        match in_time(self.asking.delete(&self.path(key))).await {
            Err(object_store::Error::NotFound { source, .. }) if !Fault::is_no_bucket(&*source) => Ok(()),
            removed => removed.map_err(|error| self.fault(Doing::Remove, &error).into()),
        }
    }

    pub(super) async fn sweep(
        &self,
        oldest: Ticks,
        going_on: &HashSet<uuid::Uuid>,
    ) -> Result<Swept, ContentError> {
        unfinished::sweep(self, oldest, going_on).await
    }

    /// What is under a key, to whoever writes there. Who may not list is told 403 of what is not there.
    async fn look(&self, key: &ContentKey) -> Result<Option<ObjectMeta>, ContentError> {
        match self.writing.head(&self.path(key)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                let fault = self.fault(Doing::Read, &error);
                match fault.meaning {
                    Meaning::NoObject | Meaning::Denied => Ok(None),
                    _ => Err(fault.into()),
                }
            }
        }
    }

    /// Whether the bucket is there, and we are known. Who may not list has been answered as well.
    pub(super) async fn reach(&self) -> Result<(), ContentError> {
        match self.list_one().await {
            Err(fault) if fault.meaning != Meaning::Denied => Err(fault.into()),
            _ => Ok(()),
        }
    }

    /// Asks for the name of one object: cheap, and it tells a missing bucket from an empty one.
    async fn list_one(&self) -> Result<(), Fault> {
        let options = PaginatedListOptions {
            max_keys: Some(1),
            ..PaginatedListOptions::default()
        };
        let listed = in_time(self.asking.list_paginated(self.list_prefix().as_deref(), options)).await;
        listed
            .map(|_| ())
            .map_err(|error| self.fault(Doing::List, &error))
    }

    /// Sends all objects of ours, a page at a time.
    pub(super) async fn list_all(&self, pages: &mpsc::Sender<Result<Vec<(ContentKey, i64)>, ContentError>>) {
        let prefix = self.list_prefix();
        let mut token = None;
        loop {
            let options = PaginatedListOptions {
                page_token: token.take(),
                ..PaginatedListOptions::default()
            };
            let listed = self.asking.list_paginated(prefix.as_deref(), options).await;
            let page = match listed {
                Ok(page) => page,
                Err(error) => {
                    let _gone = pages.send(Err(self.fault(Doing::List, &error).into())).await;
                    return;
                }
            };
            let of_ours = page.result.objects.iter().filter_map(|object| {
                let name = object.location.as_ref();
                let key = name.strip_prefix(prefix.as_deref().unwrap_or_default())?;
                let key = ContentKey::from_row(key)?;
                Some((key, object.last_modified.timestamp_nanos_opt().unwrap_or(0)))
            });
            if pages.send(Ok(of_ours.collect())).await.is_err() {
                return;
            }
            token = page.page_token;
            if token.is_none() {
                return;
            }
        }
    }

    pub(super) async fn probe(&self) -> Vec<super::Finding> {
        probe::probe(self).await
    }

    /// Where an object lies in the bucket. Keys and prefixes hold plain characters only, so nothing is encoded.
    fn path(&self, key: &ContentKey) -> Path {
        Path::from(self.full_name(key.as_str()))
    }

    fn full_name(&self, name: &str) -> String {
        match self.config.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }

    /// What all names of ours begin with.
    fn list_prefix(&self) -> Option<String> {
        let prefix = self.config.prefix.as_str();
        (!prefix.is_empty()).then(|| format!("{prefix}/"))
    }

    fn places(&self) -> fault::Places {
        fault::Places::of(&self.config)
    }

    fn fault(&self, doing: Doing, error: &object_store::Error) -> Fault {
        Fault::of(doing, &self.places(), error)
    }
}

/// The answer to a question, or that it did not come in time.
async fn in_time<T>(
    question: impl Future<Output = Result<T, object_store::Error>>,
) -> Result<T, object_store::Error> {
    match tokio::time::timeout(ANSWER_LIMIT, question).await {
        Ok(answer) => answer,
        Err(late) => Err(object_store::Error::Generic {
            store: "S3",
            source: Box::new(std::io::Error::new(std::io::ErrorKind::TimedOut, late)),
        }),
    }
}
