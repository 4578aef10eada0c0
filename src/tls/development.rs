//! [`LocalAuthority`]: a certificate authority in the data folder that signs for this machine, and for it alone, so that
//! HTTPS can be tried out without anybody's leave.
//!
//! `ca.pem` is what clients are told of; it stays for as long as the folder does. `server.pem` is a certificate and its key
//! in one file, so that no reader ever sees halves of two.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::CertificateFault;
use super::pair::{Pair, validity};
use crate::clock::Ticks;
use crate::ids;

/// The names that every certificate is for.
const NAMES_FOR_ALL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The certificate of the authority, in its folder.
const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
/// The certificate of the server with its key.
const SERVER: &str = "server.pem";
/// Held while something is made, so that of two processes one makes it.
const LOCK: &str = "lock";

const DAY: u64 = 24 * 3600;
/// How long the authority is good for.
const AUTHORITY_LIFE: Duration = Duration::from_secs(5 * 365 * DAY);
/// How long a certificate of it is, with [`BEFORE`]: clients of some makers take none for longer than 398 days.
const SERVER_LIFE: Duration = Duration::from_secs(396 * DAY);
/// One that ends sooner than this is signed anew.
const DUE: Duration = Duration::from_secs(30 * DAY);
/// Clocks of clients may be behind ours.
const BEFORE: Duration = Duration::from_secs(DAY);

/// An authority for the server of one data folder.
#[derive(Clone, Debug)]
pub struct LocalAuthority {
    folder: PathBuf,
    /// Names beside [`NAMES_FOR_ALL`].
    names: Vec<String>,
}

/// Where the certificate of the authority in `folder` is.
pub fn authority_file(folder: &Path) -> PathBuf {
    folder.join(AUTHORITY)
}

/// What the authority is called whose certificate is `file`.
pub fn authority_name(file: &Path) -> Option<String> {
    let certificate = read_certificate(file).ok()?;
    let (_, parsed) = X509Certificate::from_der(&certificate).ok()?;
    common_name(&parsed)
}

/// What signs.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    expires: Ticks,
}

impl LocalAuthority {
    /// The authority in `folder`, for a server that is also called `names`: hosts and addresses. Nothing is made yet.
    pub fn new(folder: PathBuf, names: impl IntoIterator<Item = String>) -> Self {
        let mut own: Vec<String> = Vec::new();
        for name in names {
            let name = name.to_ascii_lowercase();
            if !NAMES_FOR_ALL.contains(&name.as_str()) && !own.contains(&name) {
                own.push(name);
            }
        }
        Self { folder, names: own }
    }

    /// Its certificate.
    pub fn file(&self) -> PathBuf {
        authority_file(&self.folder)
    }

    /// The data folder that it lies in.
    pub fn data(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// The names that it signs for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        NAMES_FOR_ALL
            .into_iter()
            .chain(self.names.iter().map(String::as_str))
    }

    /// The certificate of the server with its key.
    pub(super) fn server_file(&self) -> PathBuf {
        self.folder.join(SERVER)
    }

    /// Whether a certificate that ends at `expires` should be replaced.
    pub(super) fn is_due(&self, expires: Ticks, now: Ticks) -> bool {
        now.plus(DUE) > expires
    }

    /// Makes sure that there is a certificate which is good for all names and does not end soon, and an authority that has
    /// signed it. Blocks.
    pub(super) fn issue(&self, now: Ticks) -> Result<(), CertificateFault> {
        let failed =
            |cause: io::Error| CertificateFault::Authority(format!("{}: {cause}", self.folder.display()));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(failed)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.folder.join(LOCK));
        let lock = lock.map_err(failed)?;
        lock.lock().map_err(failed)?;
        let signer = match self.file().exists() {
            true => self.signer(now)?,
            false => self.found(now)?,
        };
        if self.is_good(now) {
            return Ok(());
        }
        let key = KeyPair::generate().map_err(refused)?;
        let mut params = CertificateParams::new(self.names().map(ToOwned::to_owned).collect::<Vec<_>>())
            .map_err(refused)?;
        params.distinguished_name = named("Graphophone (development)");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        set_validity(&mut params, now, SERVER_LIFE, Some(signer.expires));
        let certificate = params.signed_by(&key, &signer.issuer).map_err(refused)?;
        let both = format!("{}{}", certificate.pem(), key.serialize_pem());
        put(&self.server_file(), both.as_bytes(), 0o600).map_err(failed)
    }

    /// Whether the server's certificate can go on being served.
    fn is_good(&self, now: Ticks) -> bool {
        let file = self.server_file();
        let Ok(pair) = Pair::read(&file, &file, now) else {
            return false;
        };
        let Some(certificate) = pair.certified.cert.first() else {
            return false;
        };
        let Ok(authority) = read_certificate(&self.file()) else {
            return false;
        };
        !self.is_due(pair.expires, now)
            && is_signed_by(certificate, &authority)
            && self.names().all(|name| is_for(certificate, name))
    }

    /// Makes the authority.
    fn found(&self, now: Ticks) -> Result<Signer, CertificateFault> {
        let failed =
            |cause: io::Error| CertificateFault::Authority(format!("{}: {cause}", self.folder.display()));
        let key = KeyPair::generate().map_err(refused)?;
        let mut params = CertificateParams::default();
        // Told apart by their names: a machine may know several, of several data folders.
        let id: String = ids::random().chars().take(8).collect();
        params.distinguished_name = named(&format!("Graphophone development authority {id}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: self.permitted(),
            excluded_subtrees: Vec::new(),
        });
        set_validity(&mut params, now, AUTHORITY_LIFE, None);
        let certificate = params.self_signed(&key).map_err(refused)?;
        // The certificate last: where it is, the authority is whole.
        put(
            &self.folder.join(AUTHORITY_KEY),
            key.serialize_pem().as_bytes(),
            0o600,
        )
        .map_err(failed)?;
        put(&self.file(), certificate.pem().as_bytes(), 0o644).map_err(failed)?;
        Ok(Signer {
            issuer: Issuer::new(params, key),
            expires: now.plus(AUTHORITY_LIFE),
        })
    }

    /// What the authority may ever sign for: whoever gets hold of its key can pretend to be this machine and nothing else.
    fn permitted(&self) -> Vec<GeneralSubtree> {
        let mut permitted = vec![
            // With all names below it.
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)),
        ];
        permitted.extend(self.names.iter().map(|name| match name.parse::<IpAddr>() {
            Ok(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            }
            Err(_) => GeneralSubtree::DnsName(name.clone()),
        }));
        permitted
    }

    /// The authority that is there already.
    fn signer(&self, now: Ticks) -> Result<Signer, CertificateFault> {
        let file = self.file();
        let unusable = |why: &str| {
            CertificateFault::Authority(format!(
                "{} {why}; remove the folder {} to have another made, and tell the clients of it",
                file.display(),
                self.folder.display()
            ))
        };
        let key = fs::read_to_string(self.folder.join(AUTHORITY_KEY))
            .map_err(|error| unusable(&format!("has no {AUTHORITY_KEY} beside it ({error})")))?;
        Pair::read(&file, &self.folder.join(AUTHORITY_KEY), now).map_err(|fault| match fault {
            CertificateFault::Expired { .. } => unusable("has expired"),
            CertificateFault::Mismatch { .. } => unusable("and its key do not belong together"),
            other => unusable(&format!("cannot be used ({other})")),
        })?;
        let certificate = read_certificate(&file).map_err(|why| unusable(&why))?;
        let (_, expires) = validity(&certificate).map_err(|why| unusable(&why))?;
        let key = KeyPair::from_pem(&key).map_err(|error| unusable(&error.to_string()))?;
        let mut params = CertificateParams::default();
        let (_, parsed) =
            X509Certificate::from_der(&certificate).map_err(|error| unusable(&error.to_string()))?;
        params.distinguished_name = named(&common_name(&parsed).unwrap_or_default());
        if let Some(name) = self.names.iter().find(|name| !may_sign_for(&parsed, name)) {
            return Err(unusable(&format!("may not sign for {name}")));
        }
        Ok(Signer {
            issuer: Issuer::new(params, key),
            expires,
        })
    }
}

fn common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(ToOwned::to_owned)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn set_validity(params: &mut CertificateParams, now: Ticks, life: Duration, most: Option<Ticks>) {
    let instant = |ticks: Ticks| {
        let seconds = u64::try_from(ticks.unix_seconds()).unwrap_or(0);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    let end = now.plus(life);
    params.not_before = instant(now.minus(BEFORE));
    params.not_after = instant(most.map_or(end, |most| end.min(most)));
}

fn refused(error: impl std::fmt::Display) -> CertificateFault {
    CertificateFault::Authority(format!("a certificate cannot be made: {error}"))
}

fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, String> {
    let pem = fs::read(path).map_err(|error| error.to_string())?;
    CertificateDer::from_pem_slice(&pem).map_err(|error| error.to_string())
}

/// By name and key identifier: both files are ours, so this finds a folder that was replaced and no forgery.
fn is_signed_by(certificate: &[u8], authority: &[u8]) -> bool {
    let (Ok((_, own)), Ok((_, above))) = (
        X509Certificate::from_der(certificate),
        X509Certificate::from_der(authority),
    ) else {
        return false;
    };
    own.issuer() == above.subject()
}

/// Whether a certificate is for `name`.
fn is_for(certificate: &[u8], name: &str) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let Ok(Some(names)) = parsed.subject_alternative_name() else {
        return false;
    };
    names.value.general_names.iter().any(|one| match one {
        GeneralName::DNSName(host) => *host == name,
        GeneralName::IPAddress(bytes) => name.parse().is_ok_and(|address| octets(address) == *bytes),
        _ => false,
    })
}

/// Whether the constraints of an authority let it sign for `name`.
fn may_sign_for(authority: &X509Certificate<'_>, name: &str) -> bool {
    let Ok(Some(constraints)) = authority.name_constraints() else {
        return true;
    };
    let permitted = constraints.value.permitted_subtrees.iter().flatten();
    let mut bases = permitted.map(|subtree| &subtree.base);
    match name.parse::<IpAddr>() {
        Ok(address) => {
            let octets = octets(address);
            bases.any(|base| {
                let GeneralName::IPAddress(subnet) = base else {
                    return false;
                };
                let Some((network, mask)) = subnet.split_at_checked(octets.len()) else {
                    return false;
                };
                let masked = octets.iter().zip(mask).map(|(octet, mask)| octet & mask);
                mask.len() == octets.len() && masked.eq(network.iter().copied())
            })
        }
        Err(_) => bases.any(|base| {
            matches!(base, GeneralName::DNSName(host) if name == *host || name.strip_suffix(host).is_some_and(|rest| rest.ends_with('.')))
        }),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Puts a file in the place of another, at once and to stay.
fn put(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", ids::random()));
    let written = File::options()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(&new)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        let _gone = fs::remove_file(&new);
        return Err(error);
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ticks = Ticks::from_unix_seconds(1_800_000_000);

    fn authority(folder: &Path, names: &[&str]) -> LocalAuthority {
        LocalAuthority::new(folder.join("tls"), names.iter().map(ToString::to_string))
    }

    fn served(authority: &LocalAuthority) -> Vec<u8> {
        read_certificate(&authority.server_file()).unwrap().to_vec()
    }

    #[test]
    fn many_that_begin_together_agree() {
        let folder = tempfile::tempdir().unwrap();
        let one = authority(folder.path(), &[]);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    one.issue(NOW).unwrap();
                    Pair::read(&one.server_file(), &one.server_file(), NOW).unwrap();
                });
            }
        });
        let (ca, server) = (read_certificate(&one.file()).unwrap(), served(&one));
        assert!(is_signed_by(&server, &ca));
        let key = one.folder.join(AUTHORITY_KEY);
        Pair::read(&one.file(), &key, NOW).unwrap();
    }

    #[test]
    fn a_certificate_is_made_anew_for_other_names_and_before_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = authority(folder.path(), &["LocalHost", "recordings.example", "192.0.2.7"]);
        first.issue(NOW).unwrap();
        let (ca, before) = (fs::read(first.file()).unwrap(), served(&first));
        assert!(
            is_for(&before, "recordings.example") && is_for(&before, "192.0.2.7") && is_for(&before, "::1")
        );
        first.issue(NOW.plus(Duration::from_secs(360 * DAY))).unwrap();
        assert_eq!(served(&first), before);
        // Fewer names do not matter.
        authority(folder.path(), &[]).issue(NOW).unwrap();
        assert_eq!(served(&first), before);
        let more = authority(folder.path(), &["a.localhost", "127.1.2.3"]);
        more.issue(NOW).unwrap();
        let other = served(&first);
        assert!(other != before && is_for(&other, "a.localhost") && is_for(&other, "127.1.2.3"));
        more.issue(NOW.plus(Duration::from_secs(370 * DAY))).unwrap();
        assert_ne!(served(&first), other);
        assert_eq!(fs::read(first.file()).unwrap(), ca, "the authority stays");
    }

    #[test]
    fn an_authority_signs_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path(), &["recordings.example", "2001:db8::1"])
            .issue(NOW)
            .unwrap();
        for (name, is_signed) in [
            ("recordings.example", true),
            ("api.recordings.example", true),
            ("2001:db8::1", true),
            ("127.255.0.1", true),
            ("xrecordings.example", false),
            ("example", false),
            ("128.0.0.1", false),
            ("2001:db8::2", false),
            ("::2", false),
        ] {
            let issued = authority(folder.path(), &[name]).issue(NOW);
            assert_eq!(issued.is_ok(), is_signed, "{name}: {issued:?}");
        }
    }

    #[test]
    fn no_certificate_outlives_the_authority_and_an_authority_that_has_ended_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let one = authority(folder.path(), &[]);
        one.issue(NOW).unwrap();
        let (_, ca_ends) = validity(&read_certificate(&one.file()).unwrap()).unwrap();
        let late = NOW.plus(Duration::from_secs(4 * 365 * DAY + 200 * DAY));
        one.issue(late).unwrap();
        let (from, to) = validity(&served(&one)).unwrap();
        assert!(from < late && to == ca_ends);
        let after = ca_ends.plus(Duration::from_secs(1));
        let told = one.issue(after).unwrap_err().to_string();
        assert!(told.contains("has expired; remove the folder"), "{told}");
    }

    #[test]
    fn a_certificate_lives_no_longer_than_clients_take() {
        let folder = tempfile::tempdir().unwrap();
        let one = authority(folder.path(), &[]);
        one.issue(NOW).unwrap();
        let (from, to) = validity(&served(&one)).unwrap();
        assert_eq!((to.unix_seconds() - from.unix_seconds()) / 86_400, 397);
    }
}
