//! `user`, as far as programs that read recordings look at it.

use serde::ser::SerializeMap;

use super::entity::{Members, MetadataLevel};

/// A property of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserProperty {
    /// `id`
    Id,
    /// `userPrincipalName`
    UserPrincipalName,
    /// `displayName`
    DisplayName,
    /// `mail`
    Mail,
    /// `businessPhones`
    BusinessPhones,
    /// `accountEnabled`
    AccountEnabled,
    /// `userType`
    UserType,
    /// What nothing here knows: null.
    Unknown,
}

/// One user.
#[derive(Debug)]
pub struct UserJson<'a> {
    /// `id`
    pub id: &'a str,
    /// `userPrincipalName`
    pub user_principal_name: Option<&'a str>,
    /// `displayName`
    pub display_name: Option<&'a str>,
    /// `mail`
    pub mail: Option<&'a str>,
    /// `accountEnabled`
    pub account_enabled: bool,
    /// `userType`
    pub user_type: &'static str,
}

impl Members<UserProperty> for UserJson<'_> {
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        member: UserProperty,
        _: MetadataLevel,
    ) -> Result<(), M::Error> {
        match member {
            UserProperty::Id => map.serialize_entry(name, self.id),
            UserProperty::UserPrincipalName => map.serialize_entry(name, &self.user_principal_name),
            UserProperty::DisplayName => map.serialize_entry(name, &self.display_name),
            UserProperty::Mail => map.serialize_entry(name, &self.mail),
            UserProperty::BusinessPhones => map.serialize_entry(name, &[(); 0]),
            UserProperty::AccountEnabled => map.serialize_entry(name, &self.account_enabled),
            UserProperty::UserType => map.serialize_entry(name, self.user_type),
            UserProperty::Unknown => map.serialize_entry(name, &()),
        }
    }
}
