//! [`ContentKey`]: the only maker of paths in the content store.
//!
//! `TENANT/YEAR/MONTH/INSTANT_UNIQUE/NAME.ENDING`, so that the tree can be read without the server. Nothing in
//! it comes from outside as it is: a tenant id that is not a GUID is replaced by its digest, everything else is
//! ours.

use std::fmt;

use crate::clock::Ticks;
use crate::media;

/// What a tenant's description is called.
const TENANT: &str = "tenant.json";
/// How the names of descriptions end.
const DESCRIPTION: &str = "json";

/// Where one object lies. Unique for each upload; the database decides which upload counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentKey(String);

/// What an object is to its artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A recording's bytes.
    Recording,
    /// A transcript.
    Transcript,
    /// A transcript's `metadataContent`.
    TranscriptMetadata,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Transcript => "transcript",
            Self::TranscriptMetadata => "transcript.metadata",
        }
    }
}

/// Where an object will lie, once its first bytes have told which kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Tenant whose it is.
    pub tenant: String,
    /// When it was recorded.
    pub created: Ticks,
    /// What nothing else has in its key.
    pub unique: uuid::Uuid,
    /// What it is to its artifact.
    pub part: Part,
}

impl Destination {
    /// Its key, now that its type is known.
    pub fn key(&self, media_type: &str) -> ContentKey {
        ContentKey::new(&self.tenant, self.created, self.unique, self.part, media_type)
    }
}

impl ContentKey {
    /// A new key for content that `tenant` recorded at `created`; `unique` is a GUID that nothing else has.
    pub fn new(tenant: &str, created: Ticks, unique: uuid::Uuid, part: Part, media_type: &str) -> Self {
        let tenant = uuid::Uuid::parse_str(tenant)
            .unwrap_or_else(|_| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, tenant.as_bytes()));
        let instant = created.to_seconds_text();
        let (year, month) = (
            instant.get(0..4).unwrap_or("0000"),
            instant.get(5..7).unwrap_or("00"),
        );
        let folder: String = instant.chars().filter(|c| *c != ':').collect();
        let (name, ending) = (part.name(), media::file_ending(media_type));
        Self(format!(
            "{tenant}/{year}/{month}/{folder}Z_{}/{name}.{ending}",
            unique.simple()
        ))
    }

    /// Where a tenant is described.
    pub fn of_tenant(tenant: &str) -> Self {
        let tenant = uuid::Uuid::parse_str(tenant)
            .unwrap_or_else(|_| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, tenant.as_bytes()));
        Self(format!("{tenant}/{TENANT}"))
    }

    /// Whether a tenant is described there.
    pub fn is_of_tenant(&self) -> bool {
        self.0.ends_with(TENANT) && self.0.matches('/').count() == 1
    }

    /// The folder of its tenant.
    pub fn tenant(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Where the artifact is described whose content lies under this key: beside it, under the same name.
    pub fn described(&self) -> Self {
        let (folder, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
        Self(format!("{folder}/{name}.{DESCRIPTION}"))
    }

    /// Whether an artifact is described there.
    pub fn is_description(&self) -> bool {
        self.0.ends_with(".json") && !self.is_of_tenant()
    }

    /// The key that a row holds; `None` for text that [`ContentKey::new`] cannot have made.
    pub fn from_row(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let is_ours = parts.len() == 5 || matches!(parts.as_slice(), [_, TENANT]);
        (is_ours && parts.iter().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The key of something that lies in the same folder: `name`, with `unique` behind it where that is not empty.
    pub fn beside(&self, name: &str, media_type: &str, unique: &str) -> Self {
        let folder = self.0.rsplit_once('/').map_or("", |(folder, _)| folder);
        let dash = if unique.is_empty() { "" } else { "-" };
        Self(format!(
            "{folder}/{name}{dash}{unique}.{}",
            media::file_ending(media_type)
        ))
    }

    /// What nothing else has in its key: names this version of the content, and says nothing about its bytes.
    pub fn unique(&self) -> &str {
        let folder = self.0.split('/').nth(3).unwrap_or_default();
        folder.rsplit('_').next().unwrap_or_default()
    }

    /// The key as text, relative to the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIQUE: uuid::Uuid = uuid::Uuid::from_u128(0x1234);

    fn at(text: &str) -> Ticks {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_can_read_it() {
        let tenant = "2432b57b-0abd-43db-aa7b-16eadd115d34";
        let key = ContentKey::new(
            tenant,
            at("2024-07-12T11:37:59.0113199Z"),
            UNIQUE,
            Part::Recording,
            "video/mp4",
        );
        assert_eq!(
            key.as_str(),
            "2432b57b-0abd-43db-aa7b-16eadd115d34/2024/07/2024-07-12T113759Z_00000000000000000000000000001234/recording.mp4"
        );
        assert_eq!(ContentKey::from_row(key.as_str()), Some(key));
    }

    #[test]
    fn a_tenant_id_never_becomes_a_path() {
        let key = ContentKey::new(
            "../../etc",
            at("2024-07-12T11:37:59Z"),
            UNIQUE,
            Part::Transcript,
            "text/vtt",
        );
        assert!(!key.as_str().contains(".."), "{key}");
        assert!(ContentKey::from_row(key.as_str()).is_some());
    }

    #[test]
    fn a_row_cannot_lead_outside_the_store() {
        for text in [
            "",
            "/etc/passwd",
            "a/b/c/d",
            "a/b/../d/e",
            "a/b/c/d/e/f",
            "a//c/d/e",
            "a/b/c/d/e\0",
            ".a/b/c/d/e",
        ] {
            assert_eq!(ContentKey::from_row(text), None, "{text}");
        }
    }
}
