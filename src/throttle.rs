//! How much an application may ask, and how much is done at a time: a limit for each pair of application and tenant, and one for each application (contract
//! section 7.4). All off unless configured; counted for this process.
//!
//! Each limit lets through a second's worth at once and then goes on at its rate (the generic cell rate algorithm: what is
//! kept of a bucket is one instant, until which it is used up). The number of buckets is bounded: those that are at rest are
//! forgotten, and beyond that the one that is nearest to rest.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::{TICKS_PER_SECOND, Ticks};
use crate::config::ThrottlingConfig;

/// Transcripts that are taken apart at the same time, in this process: each of them is in memory as a whole.
const DERIVATIONS: usize = 4;

/// Places for taking transcripts apart. A clone shares them.
#[derive(Clone, Debug)]
pub struct Derivations(Arc<Semaphore>);

impl Default for Derivations {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DERIVATIONS)))
    }
}

impl Derivations {
    /// Waits for a place; nothing where there will be none any more.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.0.acquire().await.ok()
    }
}

/// Parts of the memory, each behind its own lock.
const SHARDS: usize = 16;
/// The most buckets of a part.
const MAX_BUCKETS: usize = 4096;
/// The longest that a client is told to wait, in seconds.
const MAX_RETRY_AFTER: i64 = 179;

/// What is asked of a limit.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// Who asks; `None` where a token names no application.
    pub application: Option<&'a str>,
    /// In which tenant.
    pub tenant: &'a str,
    /// Whether it only reads.
    pub reads: bool,
}

/// The limits of this process. A clone shares them.
#[derive(Clone, Debug)]
pub struct Throttle {
    rates: ThrottlingConfig,
    hasher: RandomState,
    shards: Arc<[Mutex<HashMap<u64, i64>>; SHARDS]>,
}

impl Throttle {
    /// Limits with these rates.
    pub fn new(rates: ThrottlingConfig) -> Self {
        Self {
            rates,
            hasher: RandomState::new(),
            shards: Arc::new(std::array::from_fn(|_| Mutex::new(HashMap::new()))),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// Where it is one too many: the seconds after which to ask again, 1 to 179. Then it is not counted.
    pub fn admit(&self, demand: &Demand<'_>, now: Ticks) -> Result<(), u32> {
        let application = demand.application.unwrap_or_default();
        let (pair, alone) = match demand.reads {
            true => (
                self.rates.requests_per_second,
                self.rates.application_requests_per_second,
            ),
            false => (
                self.rates.writes_per_second,
                self.rates.application_writes_per_second,
            ),
        };
        let of_pair = self.hasher.hash_one((application, demand.tenant, demand.reads));
        let of_application = self.hasher.hash_one((application, demand.reads));
        // The second is asked first without being counted: what is refused counts nowhere.
        if alone > 0 {
            self.take(of_application, alone, now, false)?;
        }
        if pair > 0 {
            self.take(of_pair, pair, now, true)?;
        }
        if alone > 0 {
            self.take(of_application, alone, now, true)?;
        }
        Ok(())
    }

    fn take(&self, key: u64, per_second: u32, now: Ticks, counts: bool) -> Result<(), u32> {
        let place = usize::try_from(key % SHARDS as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(place) else {
            return Ok(());
        };
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = (TICKS_PER_SECOND / i64::from(per_second)).max(1);
        let used_until = buckets.get(&key).copied().unwrap_or(now.0).max(now.0) + cost;
        let over = used_until - now.0 - TICKS_PER_SECOND;
        if over > 0 {
            let seconds = over.div_euclid(TICKS_PER_SECOND) + i64::from(over % TICKS_PER_SECOND > 0);
            return Err(u32::try_from(seconds.clamp(1, MAX_RETRY_AFTER)).unwrap_or(1));
        }
        if !counts {
            return Ok(());
        }
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            buckets.retain(|_, until| *until > now.0);
            if buckets.len() >= MAX_BUCKETS
                && let Some(nearest) = buckets
                    .iter()
                    .min_by_key(|(_, until)| **until)
                    .map(|(key, _)| *key)
            {
                buckets.remove(&nearest);
            }
        }
        buckets.insert(key, used_until);
        Ok(())
    }

    #[cfg(test)]
    fn buckets(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Ticks = Ticks::from_unix_seconds(1_800_000_000);

    fn throttle(requests: u32, writes: u32, of_application: u32) -> Throttle {
        Throttle::new(ThrottlingConfig {
            requests_per_second: requests,
            writes_per_second: writes,
            application_requests_per_second: of_application,
            application_writes_per_second: 0,
        })
    }

    fn reads(application: &'static str, tenant: &'static str) -> Demand<'static> {
        Demand {
            application: Some(application),
            tenant,
            reads: true,
        }
    }

    fn admitted(throttle: &Throttle, demand: Demand<'_>, now: Ticks) -> usize {
        (0..1000)
            .take_while(|_| throttle.admit(&demand, now).is_ok())
            .count()
    }

    fn later(milliseconds: u64) -> Ticks {
        START.plus(std::time::Duration::from_millis(milliseconds))
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let throttle = throttle(0, 0, 0);
        assert_eq!(admitted(&throttle, reads("a", "t"), START), 1000);
        assert_eq!(throttle.buckets(), 0);
    }

    #[test]
    fn a_seconds_worth_goes_through_and_then_as_much_as_time_gives_back() {
        let throttle = throttle(30, 0, 0);
        assert_eq!(admitted(&throttle, reads("a", "t"), START), 30);
        assert_eq!(throttle.admit(&reads("a", "t"), START), Err(1));
        assert_eq!(admitted(&throttle, reads("a", "t"), later(500)), 15);
        assert_eq!(admitted(&throttle, reads("a", "t"), later(5000)), 30);
    }

    #[test]
    fn pairs_and_methods_are_counted_apart_and_applications_together() {
        let throttle = throttle(10, 5, 15);
        assert_eq!(admitted(&throttle, reads("a", "t"), START), 10);
        assert_eq!(admitted(&throttle, reads("a", "u"), START), 5);
        assert_eq!(admitted(&throttle, reads("b", "t"), START), 10);
        let writes = Demand {
            reads: false,
            ..reads("a", "t")
        };
        assert_eq!(admitted(&throttle, writes, START), 5);
    }

    #[test]
    fn memory_is_bounded_however_many_ask() {
        let throttle = throttle(1, 0, 0);
        let names: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
        for name in &names {
            let demand = Demand {
                application: Some(name),
                tenant: "t",
                reads: true,
            };
            assert!(throttle.admit(&demand, START).is_ok());
        }
        assert!(throttle.buckets() <= SHARDS * MAX_BUCKETS);
        assert!(throttle.admit(&reads("new", "t"), later(2000)).is_ok());
    }
}
