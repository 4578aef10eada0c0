//! Certificates with which an application proves who it is: what is taken in, and how one is named.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::clock::Ticks;

/// The shortest RSA key that counts, in bits.
const SHORTEST_KEY: usize = 2048;

/// No certificate file is as large.
const MAX_BYTES: usize = 64 * 1024;

/// A certificate with an RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// It as it is kept, in DER.
    pub der: Vec<u8>,
    /// SHA-1 of that in upper-case hex: what Entra and `x5t` name it by. It names, and proves nothing.
    pub thumbprint: String,
    /// Whom it names.
    pub subject: String,
    /// When it ends.
    pub expires: Ticks,
}

/// Why a certificate is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// No PEM, or no certificate in it.
    #[error("expected one certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    None,
    /// More than one certificate.
    #[error("expected one certificate, found several: keep that of the application alone")]
    Several,
    /// A private key, which belongs to the application.
    #[error(
        "it has a private key in it, which nobody but the application may have: keep the certificate alone"
    )]
    PrivateKey,
    /// What is in the PEM cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// Not an RSA key of 2048 bits or more.
    #[error("its key is not RSA of {SHORTEST_KEY} bits or more")]
    Key,
    /// It has ended.
    #[error("it has expired")]
    Expired,
}

impl Certificate {
    /// The one certificate of a PEM file.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn from_pem(text: &[u8], now: Ticks) -> Result<Self, CertificateFault> {
        if text.len() > MAX_BYTES {
            return Err(CertificateFault::None);
        }
        let mut certificates = Vec::new();
        for block in Pem::iter_from_buffer(text) {
            let block = block.map_err(|_| CertificateFault::None)?;
            if block.label.contains("PRIVATE KEY") {
                return Err(CertificateFault::PrivateKey);
            }
            if block.label == "CERTIFICATE" {
                certificates.push(block.contents);
            }
        }
        match (certificates.pop(), certificates.is_empty()) {
            (Some(der), true) => Self::from_der(der, now),
            (Some(_), false) => Err(CertificateFault::Several),
            (None, _) => Err(CertificateFault::None),
        }
    }

    fn from_der(der: Vec<u8>, now: Ticks) -> Result<Self, CertificateFault> {
        let (rest, read) = X509Certificate::from_der(&der).map_err(|_| CertificateFault::Unreadable)?;
        if !rest.is_empty() {
            return Err(CertificateFault::Unreadable);
        }
        match read.public_key().parsed() {
            Ok(PublicKey::RSA(key)) if bits(key.modulus) >= SHORTEST_KEY => {}
            _ => return Err(CertificateFault::Key),
        }
        let expires = Ticks::from_unix_seconds(read.validity().not_after.timestamp());
        if expires <= now {
            return Err(CertificateFault::Expired);
        }
        let subject = read.subject().to_string();
        Ok(Self {
            thumbprint: thumbprint(&der),
            subject,
            expires,
            der,
        })
    }
}

/// SHA-1 in upper-case hex.
pub fn thumbprint(der: &[u8]) -> String {
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// How many bits an unsigned integer has.
fn bits(big_endian: &[u8]) -> usize {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let rest = big_endian.get(zeros..).unwrap_or_default();
    let unused = rest.first().map_or(0, |first| first.leading_zeros());
    (rest.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, date_time_ymd};

    use super::*;

    fn at(text: &str) -> Ticks {
        text.parse().unwrap()
    }

    fn made(key: &KeyPair) -> rcgen::Certificate {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.self_signed(key).unwrap()
    }

    fn rsa() -> KeyPair {
        KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap()
    }

    #[test]
    fn an_rsa_certificate_is_read_with_its_thumbprint_and_its_end() {
        let made = made(&rsa());
        let read = Certificate::from_pem(made.pem().as_bytes(), at("2026-06-01T00:00:00Z")).unwrap();
        assert_eq!(read.der, made.der().to_vec());
        assert_eq!(read.expires, at("2027-01-01T00:00:00Z"));
        assert_eq!(read.thumbprint, thumbprint(made.der()));
        assert_eq!(read.thumbprint.len(), 40);
        assert_eq!(read.thumbprint, read.thumbprint.to_uppercase());
        assert!(!read.subject.is_empty());
    }

    #[test]
    fn what_is_not_one_good_certificate_is_refused() {
        let now = at("2026-06-01T00:00:00Z");
        let key = rsa();
        let pem = made(&key).pem();
        let both = format!("{pem}{pem}");
        let with_key = format!("{pem}{}", key.serialize_pem());
        let elliptic = made(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()).pem();
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let public = pem.replace(" CERTIFICATE-", " PUBLIC KEY-");
        let large = format!("{pem}{}", " ".repeat(MAX_BYTES));
        for (text, expected) in [
            ("", CertificateFault::None),
            ("x", CertificateFault::None),
            (&public, CertificateFault::None),
            (&large, CertificateFault::None),
            (&both, CertificateFault::Several),
            (&with_key, CertificateFault::PrivateKey),
            (junk, CertificateFault::Unreadable),
            (&elliptic, CertificateFault::Key),
        ] {
            assert_eq!(
                Certificate::from_pem(text.as_bytes(), now),
                Err(expected),
                "{text}"
            );
        }
        let later = at("2027-01-01T00:00:00Z");
        assert_eq!(
            Certificate::from_pem(pem.as_bytes(), later),
            Err(CertificateFault::Expired)
        );
    }

    #[test]
    fn bits_do_not_count_leading_zeros() {
        for (bytes, expected) in [
            (&[][..], 0),
            (&[0], 0),
            (&[1], 1),
            (&[0, 0x80, 0], 16),
            (&[0x7f, 0], 15),
        ] {
            assert_eq!(bits(bytes), expected, "{bytes:?}");
        }
    }
}
