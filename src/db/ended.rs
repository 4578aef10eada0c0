//! What has ended and is of no more use: authorizations with all that came from them, sessions, device codes, links, and
//! counts of wrong attempts.

use super::{DbError, Tx, Write};
use crate::clock::Ticks;

/// Removes what ended before an instant.
#[derive(Clone)]
pub struct RemoveEnded {
    /// That instant.
    pub ended_before: Ticks,
    /// The same for codes of devices, which nobody has to be told about later.
    pub devices_ended_before: Ticks,
}

impl Write for RemoveEnded {
    /// How many rows were removed, without those that went with them.
    type Output = u64;
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<u64, DbError> {
        const GRANTS: &str = "
            DELETE FROM token_grants
            WHERE expires_ticks < ?1";
        const SESSIONS: &str = "
            DELETE FROM sign_in_sessions
            WHERE expires_ticks < ?1";
        const DEVICES: &str = "
            DELETE FROM device_codes
            WHERE expires_ticks < ?1";
        const LINKS: &str = "
            DELETE FROM one_time_links
            WHERE expires_ticks < ?1";
        const ATTEMPTS: &str = "
            DELETE FROM failed_attempts
            WHERE last_ticks < ?1";
        let mut removed = 0;
        for (sql, before) in [
            (GRANTS, self.ended_before),
            (SESSIONS, self.ended_before),
            (DEVICES, self.devices_ended_before),
            (LINKS, self.ended_before),
            (ATTEMPTS, self.ended_before),
        ] {
            removed += tx.execute(sql, &[before.into()]).await?;
        }
        Ok(removed)
    }
}
