//! [`Pair`]: a certificate with its key, out of files, and whether it can be shown to anybody now.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::CertificateFault;
use crate::clock::Ticks;

/// The longest file that is read.
const MAX_BYTES: u64 = 1024 * 1024;

/// A certificate, those that signed it, and its key.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// In the form in which it is used.
    pub(super) certified: Arc<CertifiedKey>,
    /// When it ends.
    pub(super) expires: Ticks,
}

impl Pair {
    /// Reads the pair, which may lie in one file, and makes sure that it is good at `now`.
    pub(super) fn read(certificate: &Path, key: &Path, now: Ticks) -> Result<Self, CertificateFault> {
        let pem = read("tls.certificate", certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable("tls.certificate", certificate, error))?;
        let Some(first) = chain.first() else {
            return Err(CertificateFault::Empty {
                setting: "tls.certificate",
                path: certificate.to_owned(),
                what: "certificate",
            });
        };
        let (starts, expires) =
            validity(first).map_err(|text| unusable("tls.certificate", certificate, text))?;
        let private = private_key(key)?;
        let provider: CryptoProvider = rustls::crypto::aws_lc_rs::default_provider();
        let certified = match CertifiedKey::from_der(chain, private, &provider) {
            Ok(certified) => certified,
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                return Err(CertificateFault::Mismatch {
                    certificate: certificate.to_owned(),
                    key: key.to_owned(),
                });
            }
            Err(error @ Error::InvalidCertificate(_)) => {
                return Err(unusable("tls.certificate", certificate, error));
            }
            Err(error) => return Err(unusable("tls.key", key, error)),
        };
        if now < starts {
            return Err(CertificateFault::NotYetValid {
                path: certificate.to_owned(),
                at: starts,
            });
        }
        if now > expires {
            return Err(CertificateFault::Expired {
                path: certificate.to_owned(),
                at: expires,
            });
        }
        Ok(Self {
            certified: Arc::new(certified),
            expires,
        })
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateFault> {
    let pem = read("tls.key", path)?;
    let without = |what| CertificateFault::Empty {
        setting: "tls.key",
        path: path.to_owned(),
        what,
    };
    match PrivateKeyDer::pem_slice_iter(&pem).next() {
        Some(Ok(key)) => Ok(key),
        // Old forms say so in lines that the reader of PEM does not know.
        Some(Err(_)) | None if is_encrypted(&pem) => Err(without("private key without a passphrase")),
        Some(Err(error)) => Err(unusable("tls.key", path, error)),
        None => Err(without("private key")),
    }
}

fn is_encrypted(pem: &[u8]) -> bool {
    pem.windows(9).any(|bytes| bytes == b"ENCRYPTED")
}

/// From when to when a certificate is good.
pub(super) fn validity(certificate: &[u8]) -> Result<(Ticks, Ticks), String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let ticks = |time: x509_parser::time::ASN1Time| Ticks::from_unix_seconds(time.timestamp());
    let validity = parsed.validity();
    Ok((ticks(validity.not_before), ticks(validity.not_after)))
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, CertificateFault> {
    let unreadable = |cause| CertificateFault::Unreadable {
        setting,
        path: path.to_owned(),
        cause,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let length = file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    if length as u64 == MAX_BYTES {
        return Err(unusable(setting, path, "it is longer than 1 MiB"));
    }
    Ok(bytes)
}

fn unusable(setting: &'static str, path: &Path, cause: impl std::fmt::Display) -> CertificateFault {
    CertificateFault::Unusable {
        setting,
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}
