//! How long somebody who has been wrong too often has to wait. Counted for each account and network, so that a stranger keeps
//! nobody out but those who share both with him.

use std::net::IpAddr;
use std::time::Duration;

use super::refusal::Refusal;
use super::{Authority, AuthorityError};
use crate::clock::Ticks;
use crate::db::failed_attempts::{self, Failures, Forget, Record};

/// Wrong attempts that cost nothing.
const FREE: i64 = 5;
/// The longest wait, in seconds.
const MAX_WAIT_SECONDS: i64 = 900;
/// Wrong attempts are forgotten after so long without another.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

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

/// Somebody who tries to prove who it is.
#[derive(Clone, Debug)]
pub struct Attempt {
    subject: String,
    address: String,
    failed_before: bool,
}

impl Authority {
    /// Begins an attempt on `subject` from `address`.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where that has to wait.
    pub async fn attempt(&self, subject: String, address: IpAddr) -> Result<Attempt, AuthorityError> {
        let address = network(address);
        let mut db = self.db.snapshot().await?;
        let failures = failed_attempts::find(&mut db, &subject, &address).await?;
        let now = self.clock.now();
        if let Some(seconds) = failures.and_then(|failures| wait_seconds(failures, now)) {
            return Err(Refusal::too_many_attempts(seconds).into());
        }
        Ok(Attempt {
            subject,
            address,
            failed_before: failures.is_some(),
        })
    }

    /// Ends an attempt.
    ///
    /// # Errors
    /// [`AuthorityError::Db`]: an attempt that cannot be counted is none.
    pub async fn ended(&self, attempt: Attempt, right: bool) -> Result<(), AuthorityError> {
        let Attempt { subject, address, .. } = attempt;
        if !right {
            let now = self.clock.now();
            let forget_before = now.minus(MEMORY);
            let record = Record {
                subject,
                address,
                now,
                forget_before,
            };
            self.db.write(record).await?;
        } else if attempt.failed_before {
            self.db.write(Forget { subject, address }).await?;
        }
        Ok(())
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
