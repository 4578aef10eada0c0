//! [`ServedCertificate`]: the pair that handshakes get, replaced while connections go on.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::development::LocalAuthority;
use super::pair::Pair;
use super::{CertificateFault, shown};
use crate::clock::{Clock, Ticks};

/// A certificate that ends sooner than this is warned of.
const SOON: Duration = Duration::from_secs(14 * DAY);
/// How often that is said.
const REMIND: Duration = Duration::from_secs(DAY);
const DAY: u64 = 24 * 3600;

/// The certificate that the server shows at present.
pub struct ServedCertificate {
    certificate: PathBuf,
    key: PathBuf,
    authority: Option<LocalAuthority>,
    clock: Clock,
    current: RwLock<Arc<CertifiedKey>>,
    state: Mutex<State>,
}

struct State {
    expires: Ticks,
    /// What the files were when they were last read.
    stamps: [Option<Stamp>; 2],
    /// What was wrong with them then, and whether that was said.
    fault: Option<(String, bool)>,
    /// When it was last said that the certificate ends soon.
    reminded: Option<Ticks>,
}

/// What changes when a file does, or when another takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size_bytes: u64,
    /// Seconds and nanoseconds.
    content_changed: (i64, i64),
    inode_changed: (i64, i64),
}

impl fmt::Debug for ServedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServedCertificate")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.current.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl ServedCertificate {
    /// Reads the pair for the first time.
    ///
    /// # Errors
    /// [`CertificateFault`] in a line that names the setting.
    pub fn from_files(certificate: &Path, key: &Path, clock: &Clock) -> Result<Arc<Self>, CertificateFault> {
        Self::open(certificate.to_owned(), key.to_owned(), None, clock)
    }

    /// Serves what the local authority signs.
    ///
    /// # Errors
    /// [`CertificateFault`] in a line that names the setting.
    pub fn from_authority(authority: LocalAuthority, clock: &Clock) -> Result<Arc<Self>, CertificateFault> {
        authority.issue(clock.now())?;
        let file = authority.server_file();
        Self::open(file.clone(), file, Some(authority), clock)
    }

    fn open(
        certificate: PathBuf,
        key: PathBuf,
        authority: Option<LocalAuthority>,
        clock: &Clock,
    ) -> Result<Arc<Self>, CertificateFault> {
        // Before the content: a change during the reading is then seen next time.
        let stamps = [stamp(&certificate), stamp(&key)];
        let pair = Pair::read(&certificate, &key, clock.now())?;
        let served = Self {
            certificate,
            key,
            authority,
            clock: clock.clone(),
            current: RwLock::new(pair.certified),
            state: Mutex::new(State {
                expires: pair.expires,
                stamps,
                fault: None,
                reminded: None,
            }),
        };
        served.remind(&mut served.state());
        Ok(Arc::new(served))
    }

    /// The local authority behind it, where there is one.
    pub fn authority(&self) -> Option<&LocalAuthority> {
        self.authority.as_ref()
    }

    /// Looks whether the files have changed, and takes them over if they are good. Blocks for as long as reading two small
    /// files takes.
    pub fn look(&self) {
        let mut state = self.state();
        self.renew(state.expires);
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        if stamps != state.stamps {
            state.stamps = stamps;
            self.read(&mut state);
        } else if let Some((fault, said @ false)) = &mut state.fault {
            // The other half has not come since: this is no renewal under way.
            *said = true;
            warn(fault);
        }
        self.remind(&mut state);
    }

    /// Reads the files whether they have changed or not, and says at once what came of it.
    pub fn reload(&self) {
        let mut state = self.state();
        self.renew(state.expires);
        state.stamps = [stamp(&self.certificate), stamp(&self.key)];
        self.read(&mut state);
        if let Some((fault, said)) = &mut state.fault {
            *said = true;
            warn(fault);
        }
    }

    fn read(&self, state: &mut State) {
        match Pair::read(&self.certificate, &self.key, self.clock.now()) {
            Ok(pair) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = pair.certified;
                state.expires = pair.expires;
                state.fault = None;
                state.reminded = None;
                tracing::info!(
                    tls.expires = shown(pair.expires),
                    "the certificate was read again and is served from now on"
                );
            }
            Err(fault) => {
                let fault = fault.to_string();
                let said = matches!(&state.fault, Some((known, true)) if *known == fault);
                state.fault = Some((fault, said));
            }
        }
    }

    /// Has a certificate of the local authority signed anew before it ends.
    fn renew(&self, expires: Ticks) {
        let Some(authority) = &self.authority else { return };
        let now = self.clock.now();
        if authority.is_due(expires, now)
            && let Err(fault) = authority.issue(now)
        {
            tracing::warn!("{fault}; the certificate in use stays");
        }
    }

    fn remind(&self, state: &mut State) {
        let now = self.clock.now();
        if now.plus(SOON) < state.expires || state.reminded.is_some_and(|last| now < last.plus(REMIND)) {
            return;
        }
        state.reminded = Some(now);
        let expires = shown(state.expires);
        if now > state.expires {
            tracing::error!(
                tls.expires = expires,
                "tls.certificate: the certificate in use has expired; clients refuse it"
            );
        } else {
            tracing::warn!(
                tls.expires = expires,
                "tls.certificate: the certificate in use expires soon; replace its file"
            );
        }
    }

    /// Nothing panics while this lock is held; if it did, what is behind it is still whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn(fault: &str) {
    tracing::warn!("{fault}; the certificate that was served before stays");
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp {
        inode: metadata.ino(),
        size_bytes: metadata.size(),
        content_changed: (metadata.mtime(), metadata.mtime_nsec()),
        inode_changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
