//! [`Comparisons`]: whether the bytes of an object are those that were recorded, found out once for each version of it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ContentError, ContentKey, ContentReader, Expected};

/// How many outcomes are remembered, so that no object is compared again at every request.
const OUTCOMES_KEPT: usize = 1024;

/// A key with the time of change of its object, in ns since 1970.
type Version = (ContentKey, i64);

/// What comparing has found so far.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    /// Held while one object is compared whole, so that comparing never takes more than one thread.
    comparing: tokio::sync::Mutex<()>,
    outcomes: Mutex<HashMap<Version, bool>>,
}

impl Comparisons {
    /// Compares all bytes that `reader` gives with what is expected. Many requests for one version wait for one comparison,
    /// which goes on when they go away.
    pub(super) async fn known_good(
        self: &Arc<Self>,
        reader: &ContentReader,
        expected: &Expected,
    ) -> Result<(), ContentError> {
        let version = (expected.key.clone(), reader.modified_ns());
        let is_good = match self.outcome(&version) {
            Some(is_good) => is_good,
            None => {
                let (comparisons, reader, sha256) =
                    (Arc::clone(self), reader.clone(), expected.sha256.clone());
                let comparison =
                    tokio::spawn(async move { comparisons.compare(version, reader, sha256).await });
                comparison
                    .await
                    .map_err(|lost| ContentError::Io(io::Error::other(lost)))??
            }
        };
        match is_good {
            true => Ok(()),
            false => Err(ContentError::Damaged {
                key: expected.key.clone(),
                what: "its bytes have changed",
            }),
        }
    }

    async fn compare(
        &self,
        version: Version,
        reader: ContentReader,
        sha256: Vec<u8>,
    ) -> Result<bool, ContentError> {
        let _turn = self.comparing.lock().await;
        if let Some(is_good) = self.outcome(&version) {
            return Ok(is_good);
        }
        let found = reader.hash().await?;
        let is_good = found.as_slice() == sha256;
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if outcomes.len() >= OUTCOMES_KEPT {
            outcomes.clear();
        }
        outcomes.insert(version, is_good);
        Ok(is_good)
    }

    /// Whether that version of an object was found to be good; `None` where it has not been compared.
    fn outcome(&self, version: &Version) -> Option<bool> {
        self.outcomes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(version)
            .copied()
    }
}
