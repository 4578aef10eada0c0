//! The first segment of the authority's paths: which tenant is meant.

use super::refusal;
use super::{AuthorityError, refusal::Refusal};
use crate::auth::key_set::PERSONAL_TENANT;
use crate::db::Session;
use crate::db::tenants::{self, Tenant};
use crate::ids;

/// Which tenant a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantName {
    /// That of the application or the user: `common`, `organizations`, or `adfs`, for libraries that then ask no other
    /// server about this one.
    Any,
    /// This one.
    One(Box<Tenant>),
}

/// How a segment is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `common`, `organizations` or `adfs`.
    Any,
    /// A tenant's id.
    Id(String),
    /// A tenant's domain.
    Domain(String),
}

impl Segment {
    /// Reads a segment.
    ///
    /// # Errors
    /// [`Refusal`] for what cannot be a tenant, and for personal accounts.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let folded = text.to_ascii_lowercase();
        match folded.as_str() {
            "common" | "organizations" | "adfs" => Ok(Self::Any),
            "consumers" | PERSONAL_TENANT => Err(refusal::PERSONAL.refuse()),
            _ if ids::is_guid(&folded) => Ok(Self::Id(folded)),
            // A tenant of a seed may have an id of its own making.
            _ => Ok(tenants::domain(text).map_or_else(|| Self::Id(text.to_owned()), Self::Domain)),
        }
    }

    /// Looks the tenant up.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where there is none.
    pub async fn resolve(&self, db: &mut Session) -> Result<TenantName, AuthorityError> {
        let (found, name) = match self {
            Self::Any => return Ok(TenantName::Any),
            Self::Id(id) => (tenants::find(db, id).await?, id),
            Self::Domain(domain) => (tenants::find_by_domain(db, domain).await?, domain),
        };
        match found {
            Some(tenant) => Ok(TenantName::One(Box::new(tenant))),
            None => Err(refusal::NO_TENANT.about(name).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_any_tenant_and_the_rest_for_one() {
        let id = "2432b57b-0abd-43db-aa7b-16eadd115d34";
        for (text, expected) in [
            ("common", Segment::Any),
            ("Organizations", Segment::Any),
            ("adfs", Segment::Any),
            (&id.to_uppercase(), Segment::Id(id.to_owned())),
            ("Contoso.example", Segment::Domain("contoso.example".to_owned())),
            ("contoso", Segment::Id("contoso".to_owned())),
        ] {
            assert_eq!(Segment::parse(text), Ok(expected), "{text}");
        }
        for personal in ["consumers", PERSONAL_TENANT] {
            assert_eq!(Segment::parse(personal), Err(refusal::PERSONAL.refuse()));
        }
    }
}
