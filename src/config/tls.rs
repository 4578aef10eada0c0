//! `[tls]`: whether the server speaks HTTPS, and with which certificate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problems;
use super::value::Values;

/// `[tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// Where the certificate comes from.
    pub source: CertificateSource,
    /// Where plain HTTP is answered with the way to HTTPS.
    pub redirect_listen: Option<SocketAddr>,
    /// Time for a TLS handshake.
    pub handshake_timeout: Duration,
}

impl TlsConfig {
    /// `tls.development = true` and nothing else.
    pub const DEVELOPMENT: Self = Self {
        source: CertificateSource::Development,
        redirect_listen: None,
        handshake_timeout: Duration::from_secs(10),
    };
}

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// `tls.certificate` and `tls.key`.
    Files {
        /// PEM file with the certificate and those that signed it.
        certificate: PathBuf,
        /// PEM file with its private key.
        key: PathBuf,
    },
    /// `tls.development`: signed by a local authority in the data folder.
    Development,
}

/// Reads `[tls]`; `None` for plain HTTP.
pub(super) fn read(values: &Values, problems: &mut Problems) -> Option<TlsConfig> {
    let source = source(values, problems);
    let redirect_listen = values.text("tls.redirect_listen").and_then(|text| {
        if source.is_none() {
            problems.add_first(
                "tls.redirect_listen",
                "there is nothing to lead to without TLS; set tls.certificate and tls.key, or leave it out",
            );
        }
        let address = text.parse().ok();
        if address.is_none() {
            let found = text.chars().take(80).collect::<String>();
            problems.add_first(
                "tls.redirect_listen",
                format!("expected an IP address and a port such as 127.0.0.1:80; found {found:?}"),
            );
        }
        address
    });
    Some(TlsConfig {
        source: source?,
        redirect_listen,
        handshake_timeout: values.duration("tls.handshake_timeout"),
    })
}

fn source(values: &Values, problems: &mut Problems) -> Option<CertificateSource> {
    let (certificate, key) = (values.path("tls.certificate"), values.path("tls.key"));
    if values.bool("tls.development") {
        if certificate.is_some() || key.is_some() {
            problems.add_first(
                "tls.development",
                "a certificate is named as well; leave out this, or tls.certificate and tls.key",
            );
        }
        return Some(CertificateSource::Development);
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(CertificateSource::Files { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            problems.add_first(
                "tls.key",
                "required beside tls.certificate; set it to the file of its private key",
            );
            None
        }
        (None, Some(_)) => {
            problems.add_first(
                "tls.certificate",
                "required beside tls.key; set it to the file of its certificate",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load_text, problems_of};
    use super::*;

    fn loaded(text: &str) -> Option<TlsConfig> {
        load_text(text).config.tls
    }

    #[test]
    fn without_a_certificate_there_is_plain_http() {
        assert_eq!(loaded(""), None);
        assert_eq!(
            loaded("[tls]\ncertificate = ''\ndevelopment = false\nredirect_listen = ''"),
            None
        );
    }

    #[test]
    fn every_setting_arrives() {
        let tls = loaded(
            "[tls]\ncertificate = '/a/c.pem'\nkey = '/a/k.pem'\nredirect_listen = '[::]:80'\nhandshake_timeout = '3s'",
        );
        let expected = TlsConfig {
            source: CertificateSource::Files {
                certificate: PathBuf::from("/a/c.pem"),
                key: PathBuf::from("/a/k.pem"),
            },
            redirect_listen: Some("[::]:80".parse().unwrap()),
            handshake_timeout: Duration::from_secs(3),
        };
        assert_eq!(tls, Some(expected));
        assert_eq!(loaded("tls.development = true"), Some(TlsConfig::DEVELOPMENT));
    }

    #[test]
    fn half_a_certificate_and_two_sources_are_refused_by_name() {
        for (text, beginning) in [
            ("certificate = 'a'", "tls.key: required beside tls.certificate"),
            ("key = 'a'", "tls.certificate: required beside tls.key"),
            (
                "development = true\ncertificate = 'a'\nkey = 'b'",
                "tls.development: a certificate is named as well",
            ),
            (
                "development = true\nkey = 'b'",
                "tls.development: a certificate is named as well",
            ),
            (
                "redirect_listen = '127.0.0.1:80'",
                "tls.redirect_listen: there is nothing to lead to",
            ),
            (
                "development = true\nredirect_listen = 'localhost:80'",
                "tls.redirect_listen: expected an IP address",
            ),
            (
                "development = true\nhandshake_timeout = '1h'",
                "tls.handshake_timeout: expected a duration",
            ),
        ] {
            let problems = problems_of(&format!("[tls]\n{text}"));
            assert!(
                problems.len() == 1 && problems[0].starts_with(beginning),
                "{text}: {problems:?}"
            );
        }
    }

    #[test]
    fn links_follow_the_certificate() {
        let bound = "127.0.0.1:8443".parse().unwrap();
        let plain = load_text("").config.public_url_for(bound).unwrap();
        assert_eq!(plain, "http://127.0.0.1:8443");
        let secure = load_text("tls.development = true")
            .config
            .public_url_for(bound)
            .unwrap();
        assert_eq!(secure, "https://127.0.0.1:8443");
        let told = load_text("public_url = 'http://localhost:80'\ntls.development = true");
        assert_eq!(told.warnings[0].key, "public_url");
    }
}
