//! Trying out whether a bucket lets us do all that the store has to do.

use std::collections::HashSet;

use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::super::{ContentError, Finding};
use super::Bucket;
use super::fault::{Doing, Fault, Meaning};
use super::{in_time, unfinished};
use crate::clock::Ticks;
use crate::ids;

/// What the object holds that is written, read and removed.
const PROBE: &[u8] = b"graphophone wrote this to try the bucket out; it may be removed\n";

/// Does with an object of our own all that is done with recordings, and says what did not work.
pub(super) async fn probe(bucket: &Bucket) -> Vec<Finding> {
    if let Err(error) = bucket.reach().await {
        return vec![Finding::problem(&error)];
    }
    let mut findings = Vec::new();
    let path = Path::from(bucket.full_name(&format!("probe-{}", ids::random())));
    // Counts as reached, for the store has answered.
    if let Err(fault) = bucket.list_one().await {
        findings.push(Finding::warning(
            fault,
            "what is missing cannot be told from what is forbidden",
        ));
    }
    findings.extend(look_for_unfinished(bucket).await);
    let bytes = PutPayload::from_static(PROBE);
    if let Err(error) = in_time(bucket.writing.put(&path, bytes)).await {
        findings.push(Finding::problem(&bucket.fault(Doing::Write, &error).into()));
        return findings;
    }
    findings.extend(read_back(bucket, &path).await);
    findings.extend(try_parts(bucket, &path).await);
    if let Err(error) = in_time(bucket.asking.delete(&path)).await {
        findings.push(Finding::warning(
            bucket.fault(Doing::Remove, &error),
            "replaced and removed recordings stay in the bucket, as does the probe",
        ));
    }
    findings
}

async fn read_back(bucket: &Bucket, path: &Path) -> Option<Finding> {
    let read = async { bucket.asking.get(path).await?.bytes().await };
    match in_time(read).await {
        Ok(bytes) if bytes == PROBE => None,
        Ok(_) => {
            let other = Fault::nonsense(&bucket.places(), "other bytes than were written");
            Some(Finding::problem(&other.into()))
        }
        Err(error) => Some(Finding::problem(&bucket.fault(Doing::Read, &error).into())),
    }
}

/// A multipart upload that is taken back.
async fn try_parts(bucket: &Bucket, path: &Path) -> Option<Finding> {
    match in_time(bucket.asking.create_multipart(path)).await {
        Ok(id) => {
            let removed = in_time(bucket.asking.abort_multipart(path, &id)).await;
            let fault = bucket.fault(Doing::RemoveUnfinished, &removed.err()?);
            Some(Finding::warning(fault, "failed uploads stay in the bucket"))
        }
        Err(error) => Some(Finding::problem(&bucket.fault(Doing::Write, &error).into())),
    }
}

/// The look for uploads that never ended. Nothing is as old as is asked for, so nothing is removed.
async fn look_for_unfinished(bucket: &Bucket) -> Option<Finding> {
    let error = unfinished::sweep(bucket, Ticks(i64::MIN), &HashSet::new())
        .await
        .err()?;
    Some(Finding {
        is_problem: false,
        line: format!(
            "{error}: unfinished uploads are not found, so let the bucket's life cycle remove them"
        ),
    })
}

impl Finding {
    fn warning(fault: Fault, consequence: &str) -> Self {
        let is_problem = fault.meaning != Meaning::Denied;
        Self {
            is_problem,
            line: format!("{}: {consequence}", ContentError::from(fault)),
        }
    }
}
