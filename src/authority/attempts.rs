//! How long somebody who has been wrong too often has to wait. Counted for each account and network, so that a stranger keeps
//! nobody out but those who share both with him.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::refusal::Refusal;
use super::{Authority, AuthorityError};
use crate::clock::Ticks;
use crate::db::failed_attempts::{Count, Failures, Forget, Uncount};

/// Wrong attempts that cost nothing.
const FREE: i64 = 5;
/// The longest wait, in seconds.
const MAX_WAIT_SECONDS: i64 = 900;
/// Wrong attempts are forgotten after so long without another.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// How many codes of devices a network may ask for in a minute.
const GATE_PER_MINUTE: u32 = 60;
/// How many networks are remembered.
const GATE_NETWORKS: usize = 8192;

/// Keeps anybody from filling the store with what costs nothing to ask for. Of this node alone, and forgotten with it.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// The minute, and how often each network has asked in it.
    minute: Mutex<(i64, HashMap<String, u32>)>,
}

impl Gate {
    /// Whether `address` may pass at `now`; else the seconds until it may.
    fn pass(&self, address: IpAddr, now: Ticks) -> Result<(), u32> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let (current, counts) = &mut *minute;
        let this = now.unix_seconds().div_euclid(60);
        if *current != this || counts.len() >= GATE_NETWORKS {
            *current = this;
            counts.clear();
        }
        let count = counts.entry(network(address)).or_default();
        *count += 1;
        match *count > GATE_PER_MINUTE {
            true => Err(u32::try_from(60 - now.unix_seconds().rem_euclid(60)).unwrap_or(60)),
            false => Ok(()),
        }
    }
}

/// The network that counts as one: an address, and of IPv6 the first half, which is one customer's.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Seconds to wait at `now`: doubling with every attempt beyond the free ones.
pub fn wait_seconds(failures: Failures, now: Ticks) -> Option<u32> {
    let beyond = failures.count - FREE;
    if beyond < 0 {
        return None;
    }
    // 2^10 s is longer than the longest.
    let wait = (1_i64 << beyond.min(10)).min(MAX_WAIT_SECONDS);
    let left = failures.last.unix_seconds().saturating_add(wait) - now.unix_seconds();
    // A clock that was set back makes nobody wait longer.
    u32::try_from(left.min(wait)).ok().filter(|left| *left > 0)
}

/// Somebody who tries to prove who it is. It counts as wrong until it turns out to be right.
#[derive(Clone, Debug)]
pub struct Attempt {
    subject: String,
    address: String,
}

impl Authority {
    /// Lets somebody from `address` ask for something that is stored.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where that was too often.
    pub fn pass_gate(&self, address: IpAddr) -> Result<(), AuthorityError> {
        let passed = self.gate.pass(address, self.clock.now());
        passed.map_err(|seconds| Refusal::too_busy(seconds).into())
    }

    /// Begins an attempt on `subject` from `address`.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where that has to wait.
    pub async fn attempt(&self, subject: String, address: IpAddr) -> Result<Attempt, AuthorityError> {
        let address = network(address);
        let now = self.clock.now();
        let count = Count {
            subject: subject.clone(),
            address: address.clone(),
            now,
            forget_before: now.minus(MEMORY),
            wait: wait_seconds,
        };
        match self.db.write(count).await? {
            Some(seconds) => Err(Refusal::too_many_attempts(seconds).into()),
            None => Ok(Attempt { subject, address }),
        }
    }

    /// The attempt was right: the wrong ones before it are forgotten.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn was_right(&self, attempt: Attempt) -> Result<(), AuthorityError> {
        let Attempt { subject, address } = attempt;
        Ok(self.db.write(Forget { subject, address }).await?)
    }

    /// The attempt says nothing of those before it, which still count.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn was_none(&self, attempt: Attempt) -> Result<(), AuthorityError> {
        let Attempt { subject, address } = attempt;
        Ok(self.db.write(Uncount { subject, address }).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_ends() {
        let last = Ticks::from_unix_seconds(1000);
        let wait = |count, later| {
            wait_seconds(
                Failures { count, last },
                Ticks::from_unix_seconds(1000 + i64::from(later)),
            )
        };
        for (count, later, expected) in [
            (0, 0, None),
            (4, 0, None),
            (5, 0, Some(1)),
            (5, 1, None),
            (8, 0, Some(8)),
            (8, 5, Some(3)),
            (20, 0, Some(900)),
            (500, 0, Some(900)),
            (500, 899, Some(1)),
            (500, 900, None),
            (8, -5000, Some(8)),
        ] {
            assert_eq!(wait(count, later), expected, "{count} wrong, {later} s later");
        }
    }

    #[test]
    fn a_network_passes_so_often_in_a_minute_and_others_are_not_kept() {
        let gate = Gate::default();
        let at = |seconds| Ticks::from_unix_seconds(seconds);
        let [one, other] = ["192.0.2.7", "192.0.2.8"].map(|text| text.parse().unwrap());
        for _ in 0..GATE_PER_MINUTE {
            assert_eq!(gate.pass(one, at(600)), Ok(()));
        }
        assert_eq!(gate.pass(one, at(615)), Err(45));
        assert_eq!(gate.pass(other, at(615)), Ok(()));
        assert_eq!(gate.pass(one, at(660)), Ok(()));
    }

    #[test]
    fn a_network_is_an_address_or_half_of_one() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected);
        }
    }
}
