//! The collections of a seed file, field by field, from a tree into a [`Document`].

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::document::{
    AccessPolicy, AccessPolicyKey, Application, ApplicationKey, Changes, ConsentKey, Removal,
    ResourceSpecificConsent, Tenant, TenantSettings, User, UserType,
};
use super::draft::Document;
use super::files::Folder;
use super::meetings::{read_adhoc_calls, read_meetings, read_recordings, read_transcripts};
use super::reader::{Problems, Reader, SeedProblem, checked_id, checked_word, shown};
use super::tree::{Map, Tree};
use crate::config::Secret;
use crate::db::tenants;
use crate::db::users::DirectoryRole;
use crate::ids;

/// Reads the `tree` of `file`, whose files lie in `folder`.
pub(super) fn read(file: &Path, tree: &Tree, folder: &Folder) -> Result<Document, Vec<SeedProblem>> {
    let mut problems = Problems::of(file);
    let nothing = Tree::Map(Map::default());
    let tree = if *tree == Tree::Null { &nothing } else { tree };
    let document = Reader::of(tree, String::new(), &mut problems).map(|mut root| {
        let document = read_collections(file, &mut root, folder);
        root.finish();
        document
    });
    if let Some(document) = &document {
        refuse_shared_names(document, &mut problems);
    }
    // Without a document there is a problem: the root is not an object.
    problems
        .unless_any(document)
        .and_then(|document| document.ok_or_else(Vec::new))
}

fn read_collections(file: &Path, root: &mut Reader<'_, '_>, folder: &Folder) -> Document {
    let tenants = read_tenants(root);
    let only = match tenants.put.as_slice() {
        [tenant] => Some(tenant.id.as_str()),
        _ => None,
    };
    Document {
        file: file.to_owned(),
        users: read_users(root, only),
        applications: read_applications(root, only),
        application_access_policies: read_policies(root, only),
        resource_specific_consents: read_consents(root),
        online_meetings: read_meetings(root),
        adhoc_calls: read_adhoc_calls(root),
        recordings: read_recordings(root, folder),
        transcripts: read_transcripts(root, folder),
        tenants,
    }
}

/// Members that no id is derived from: an id is no secret, and could be used to guess at what is.
const SECRETS: &[&str] = &["password", "secret"];

/// How the objects of one collection are read.
pub(super) struct Kind<'k, T, K> {
    /// Name of the collection.
    pub(super) name: &'static str,
    /// Names of the members of the key.
    pub(super) key_names: &'static str,
    /// Reads one; the text is a GUID derived from the object, for the ids that it leaves out.
    pub(super) read: &'k dyn Fn(&mut Reader<'_, '_>, String) -> Option<T>,
    /// Reads the key of one that is to be removed, which must be written out.
    pub(super) read_key: &'k dyn Fn(&mut Reader<'_, '_>) -> K,
    /// The key, where it is known before references are resolved.
    pub(super) key: fn(&T) -> Option<K>,
}

pub(super) fn read_changes<T, K: Ord + Clone>(
    root: &mut Reader<'_, '_>,
    kind: &Kind<'_, T, K>,
) -> Changes<T, K> {
    let mut changes = Changes::default();
    let mut places: BTreeMap<K, String> = BTreeMap::new();
    let mut equal: HashMap<String, u64> = HashMap::new();
    root.objects(kind.name, |reader| {
        let before = reader.problem_count();
        let at = reader.at().to_owned();
        let key = if is_removal(reader) {
            let key = (kind.read_key)(reader);
            // Other members need not be there; they only need to be known.
            reader.keys_only(|reader| {
                (kind.read)(reader, String::new());
            });
            let removal = Removal {
                key: key.clone(),
                at: at.clone(),
            };
            changes.removed.push(removal);
            Some(key)
        } else {
            let members = reader.map().canonical(SECRETS);
            let first = ids::derived(kind.name, &members, 0);
            let count = equal.entry(first.clone()).or_default();
            let made = match *count {
                0 => first,
                count => ids::derived(kind.name, &members, count),
            };
            *count += 1;
            let object = (kind.read)(reader, made);
            let key = object.as_ref().and_then(kind.key);
            changes.put.extend(object);
            key
        };
        // A key that could not be read stands for nothing.
        if reader.problem_count() == before
            && let Some(key) = key
        {
            match places.get(&key) {
                Some(other) => reader.here(format!(
                    "expected another {}: {other} has the same",
                    kind.key_names
                )),
                None => {
                    places.insert(key, at);
                }
            }
        }
    });
    changes
}

/// Whether the object says `"@removed": {"reason": "deleted"}`.
fn is_removal(reader: &mut Reader<'_, '_>) -> bool {
    if reader.value("@removed").is_none() {
        return false;
    }
    reader.object("@removed", |removed| {
        if removed.value("reason").is_none() {
            removed.problem("reason", "expected \"deleted\", found nothing");
        }
        removed.choice("reason", (), &[("deleted", ())]);
    });
    true
}

/// Two users of one tenant may not have one name: whoever is named by it could be either.
fn refuse_shared_names(document: &Document, problems: &mut Problems) {
    let mut places: HashMap<(&str, String), &str> = HashMap::new();
    for user in &document.users.put {
        // A deleted user's name may be given to somebody else.
        let Some(name) = user.name() else {
            continue;
        };
        let at = user.at.as_str();
        if let Some(other) = places.insert((&user.tenant_id, name.to_lowercase()), at) {
            let message =
                format!("expected another userPrincipalName: {other} of the same tenant has the same");
            problems.add(format!("{at}/userPrincipalName"), message);
        }
    }
}

/// The key of what has an `id`.
pub(super) fn read_id(reader: &mut Reader<'_, '_>) -> String {
    reader.needed_id("id", "the id of what is to be removed")
}

/// `tenantId`, and what `made` becomes with it. It may be left out where the file has exactly one tenant;
/// that tenant then counts among the members that ids are derived from, so that two tenants' objects differ.
fn read_tenant_id(reader: &mut Reader<'_, '_>, only: Option<&str>, made: String) -> (String, String) {
    match only {
        Some(only) if reader.value("tenantId").is_none() => (
            only.to_owned(),
            ids::derived("tenantId", &format!("{only}\0{made}"), 0),
        ),
        _ => (read_needed_tenant_id(reader), made),
    }
}

fn read_needed_tenant_id(reader: &mut Reader<'_, '_>) -> String {
    reader.needed_id("tenantId", "the id of a tenant")
}

fn read_secret(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<Secret> {
    let text = reader.text(key)?;
    if text.is_empty() {
        reader.problem(key, "expected a text that is not empty");
    }
    Some(Secret::new(text))
}

fn read_tenants(root: &mut Reader<'_, '_>) -> Changes<Tenant, String> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        Some(Tenant {
            at: reader.at().to_owned(),
            id: reader.id("id").unwrap_or(made),
            display_name: reader.text("displayName"),
            suspended: reader.flag("suspended", false),
            verified_domains: reader.texts("verifiedDomains", |text| checked_domain(&text)),
            settings: reader.object("settings", read_settings).unwrap_or_default(),
        })
    };
    let kind = Kind {
        name: "tenants",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |tenant| Some(tenant.id.clone()),
    };
    read_changes(root, &kind)
}

/// A domain that can stand as a segment of a path.
fn checked_domain(text: &str) -> Result<String, String> {
    match tenants::domain(text) {
        Some(domain) => Ok(domain),
        None => Err(format!(
            "expected a domain such as contoso.example, found {}",
            shown(text)
        )),
    }
}

fn checked_role(text: String) -> Result<String, String> {
    match DirectoryRole::named(&text) {
        Some(_) => Ok(text),
        None => Err(format!(
            "expected \"{}\", found {}",
            DirectoryRole::GlobalAdministrator.text(),
            shown(&text)
        )),
    }
}

fn read_settings(reader: &mut Reader<'_, '_>) -> TenantSettings {
    let default = TenantSettings::default();
    TenantSettings {
        participants_can_download_recordings: reader.flag(
            "participantsCanDownloadRecordings",
            default.participants_can_download_recordings,
        ),
        guest_access: reader.flag("guestAccess", default.guest_access),
        transcripts_enabled: reader.flag("transcriptsEnabled", default.transcripts_enabled),
        speaker_attribution_enabled: reader
            .flag("speakerAttributionEnabled", default.speaker_attribution_enabled),
    }
}

fn read_users(root: &mut Reader<'_, '_>, only: Option<&str>) -> Changes<User, String> {
    let types = [("Member", UserType::Member), ("Guest", UserType::Guest)];
    let read = |reader: &mut Reader<'_, '_>, made| {
        let (tenant_id, made) = read_tenant_id(reader, only, made);
        Some(User {
            at: reader.at().to_owned(),
            id: reader.id("id").unwrap_or(made),
            tenant_id,
            user_principal_name: reader.name("userPrincipalName"),
            display_name: reader.text("displayName"),
            mail: reader.text("mail"),
            password: read_secret(reader, "password"),
            external_id: reader.name("externalId"),
            directory_roles: reader.texts("directoryRoles", checked_role),
            user_type: reader.choice("userType", UserType::Member, &types),
            account_enabled: reader.flag("accountEnabled", true),
            deleted_date_time: reader.instant("deletedDateTime"),
        })
    };
    let kind = Kind {
        name: "users",
        key_names: "id",
        read: &read,
        read_key: &read_id,
        key: |user| Some(user.id.clone()),
    };
    read_changes(root, &kind)
}

fn read_applications(root: &mut Reader<'_, '_>, only: Option<&str>) -> Changes<Application, ApplicationKey> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        let (tenant_id, made) = read_tenant_id(reader, only, made);
        Some(Application {
            at: reader.at().to_owned(),
            app_id: reader.id("appId").unwrap_or(made),
            tenant_id,
            display_name: reader.text("displayName"),
            secret: read_secret(reader, "secret"),
            account_enabled: reader.flag("accountEnabled", true),
            app_roles: reader.texts("appRoles", checked_word),
            scopes: reader.texts("scopes", checked_word),
            redirect_uris: reader.texts("redirectUris", checked_word),
            is_fallback_public_client: reader.flag("isFallbackPublicClient", false),
            admin_consented_scopes: reader.texts("adminConsentedScopes", checked_word),
            resource_specific_application_permissions: reader
                .texts("resourceSpecificApplicationPermissions", checked_word),
        })
    };
    let kind = Kind {
        name: "applications",
        key_names: "appId or tenantId",
        read: &read,
        read_key: &|reader: &mut Reader<'_, '_>| ApplicationKey {
            app_id: reader.needed_id("appId", "the appId of what is to be removed"),
            tenant_id: read_needed_tenant_id(reader),
        },
        key: |app| {
            Some(ApplicationKey {
                app_id: app.app_id.clone(),
                tenant_id: app.tenant_id.clone(),
            })
        },
    };
    read_changes(root, &kind)
}

fn read_policies(root: &mut Reader<'_, '_>, only: Option<&str>) -> Changes<AccessPolicy, AccessPolicyKey> {
    let read = |reader: &mut Reader<'_, '_>, made| {
        let (tenant_id, made) = read_tenant_id(reader, only, made);
        let granted = reader.object("grantedTo", |granted| {
            (granted.texts("users", checked_id), granted.flag("global", false))
        });
        let (granted_to_users, granted_to_global) = granted.unwrap_or_default();
        Some(AccessPolicy {
            at: reader.at().to_owned(),
            tenant_id,
            identity: reader.name("identity").unwrap_or(made),
            app_ids: reader.texts("appIds", checked_id),
            granted_to_users,
            granted_to_global,
        })
    };
    let kind = Kind {
        name: "applicationAccessPolicies",
        key_names: "tenantId or identity",
        read: &read,
        read_key: &|reader: &mut Reader<'_, '_>| {
            if reader.value("identity").is_none() {
                let message = "expected the identity of what is to be removed, found nothing";
                reader.problem("identity", message);
            }
            AccessPolicyKey {
                tenant_id: read_needed_tenant_id(reader),
                identity: reader.name("identity").unwrap_or_default(),
            }
        },
        key: |policy| {
            Some(AccessPolicyKey {
                tenant_id: policy.tenant_id.clone(),
                identity: policy.identity.clone(),
            })
        },
    };
    read_changes(root, &kind)
}

fn read_consents(root: &mut Reader<'_, '_>) -> Changes<ResourceSpecificConsent, ConsentKey> {
    let read_key = |reader: &mut Reader<'_, '_>| ConsentKey {
        app_id: reader.needed_id("appId", "the appId of an application"),
        thread_id: reader.needed_id("threadId", "the id of a chat thread"),
    };
    let read = |reader: &mut Reader<'_, '_>, _: String| {
        let ConsentKey { app_id, thread_id } = read_key(reader);
        Some(ResourceSpecificConsent {
            at: reader.at().to_owned(),
            app_id,
            thread_id,
            permissions: reader.texts("permissions", checked_word),
        })
    };
    let kind = Kind {
        name: "resourceSpecificConsents",
        key_names: "appId or threadId",
        read: &read,
        read_key: &read_key,
        key: |consent: &ResourceSpecificConsent| {
            Some(ConsentKey {
                app_id: consent.app_id.clone(),
                thread_id: consent.thread_id.clone(),
            })
        },
    };
    read_changes(root, &kind)
}
