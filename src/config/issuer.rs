//! `[[issuers]]`: who may sign tokens beside the built-in authority, and how their claims are named.

use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problems;
use super::url::{self, HttpUrl};
use super::value::Values;

/// One entry of `[[issuers]]`, checked.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// What a token's `iss` must equal; may hold `{tenantid}`, which stands for the tenant claim.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeySource,
    /// PEM file with further roots for discovery and `jwks_uri`.
    pub ca_file: Option<PathBuf>,
    /// Values of `aud` that are meant for this server; never empty.
    pub audiences: Vec<String>,
    /// Tenants that may use it, in lower case; `None`: those in the store.
    pub tenants: Option<Vec<String>>,
    /// Signature algorithms it may use.
    pub algorithms: Vec<Algorithm>,
    /// App-only needs `idtyp=app`; otherwise the absence of scopes will do.
    pub require_idtyp: bool,
    /// Leeway for `exp`, `nbf` and `iat`.
    pub clock_skew: Duration,
    /// The longest `exp - iat`.
    pub max_lifetime: Duration,
    /// How its claims are named.
    pub claims: ClaimMap,
}

/// Where an issuer's JSON Web Key Set is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The `jwks_uri` of the issuer's OpenID discovery document.
    Discovery,
    /// A URL.
    Uri(String),
    /// A file, read again when it changes.
    File(PathBuf),
}

/// JWS algorithms that a token may use (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// The names of the claims that are read; a dotted name reaches into an object.
#[derive(Clone, Debug)]
pub struct ClaimMap {
    /// The tenant.
    pub tenant: TenantClaim,
    /// The user's object id (or `externalId`).
    pub user: String,
    /// The application's id: the first of these that is there.
    pub application: Vec<String>,
    /// Delegated scopes, one string separated by blanks.
    pub scopes: String,
    /// Application roles, an array of strings.
    pub roles: String,
    /// Groups, an array of strings.
    pub groups: String,
    /// What makes a token app-only.
    pub app_only: AppOnly,
    /// `aud` may be an array that holds one of the audiences.
    pub audience_array: bool,
}

/// Where the tenant of a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantClaim {
    /// The claim of that name.
    Claim(String),
    /// The issuer has this one tenant and no such claim.
    Fixed(String),
}

/// What makes a token app-only (without scopes in every case but the last two, which decide alone).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppOnly {
    /// It has no scopes.
    NoScopes,
    /// `sub` equals the application (RFC 9068 section 2.2).
    SubjectIsApplication,
    /// The claim of that name is present.
    Claim(String),
}

/// What stands in an issuer's URL for the tenant.
const TENANT_PLACE: &str = "{tenantid}";

/// The algorithms by their names in a token.
const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::Rs256),
    ("PS256", Algorithm::Ps256),
    ("ES256", Algorithm::Es256),
    ("EdDSA", Algorithm::EdDsa),
];

/// What to say of a URL that would be fetched in the clear.
pub(super) const NEEDS_HTTPS: &str = "expected https://, since http:// is only for loopback addresses";

/// Checks all entries, also against each other.
pub(super) fn issuers(entries: &[Values], problems: &mut Problems) -> Vec<IssuerConfig> {
    let mut issuers: Vec<IssuerConfig> = Vec::new();
    for (index, values) in entries.iter().enumerate() {
        let mut draft = Draft {
            values,
            at: format!("issuers[{index}]"),
            problems,
        };
        let issuer = draft.issuer();
        let earlier = issuers.iter().position(|other| other.issuer == issuer.issuer);
        if let Some(earlier) = earlier.filter(|_| !issuer.issuer.is_empty()) {
            draft.wrong(
                "issuer",
                format!("the same as issuers[{earlier}].issuer; make them one entry"),
            );
        }
        issuers.push(issuer);
    }
    issuers
}

/// An entry that is being checked.
struct Draft<'a> {
    values: &'a Values,
    at: String,
    problems: &'a mut Problems,
}

impl Draft<'_> {
    fn wrong(&mut self, key: &str, message: impl AsRef<str>) {
        self.problems.add_first(format!("{}.{key}", self.at), message);
    }

    fn issuer(&mut self) -> IssuerConfig {
        IssuerConfig {
            issuer: self.template(),
            keys: self.keys(),
            ca_file: self.values.path("ca_file"),
            audiences: self.audiences(),
            tenants: self.tenants(),
            algorithms: self.algorithms(),
            require_idtyp: self.values.bool("require_idtyp"),
            clock_skew: self.values.duration("clock_skew"),
            max_lifetime: self.values.duration("max_lifetime"),
            claims: self.claims(),
        }
    }

    fn template(&mut self) -> String {
        let Some(text) = self.values.text("issuer") else {
            self.wrong("issuer", "required; name the iss of its tokens");
            return String::new();
        };
        let url = HttpUrl::parse(text).filter(|url| {
            let rest = url.rest.replacen(TENANT_PLACE, "", 1);
            HttpUrl::rest_is_plain(&rest) && !rest.contains(['?', '#'])
        });
        match url {
            None => self.wrong(
                "issuer",
                format!("expected a URL without query, with {TENANT_PLACE} at most once and in its path; found {}", url::quoted(text)),
            ),
            Some(url) if !url.is_private() => self.wrong("issuer", NEEDS_HTTPS),
            Some(_) => {}
        }
        text.to_owned()
    }

    fn keys(&mut self) -> KeySource {
        let file = self.values.path("jwks_file");
        let Some(uri) = self.values.text("jwks_uri") else {
            return file.map_or(KeySource::Discovery, KeySource::File);
        };
        if file.is_some() {
            self.wrong("jwks_file", "stands beside jwks_uri; leave one of them out");
        }
        match HttpUrl::parse(uri) {
            Some(url) if HttpUrl::rest_is_plain(url.rest) && !url.rest.contains('#') => {
                if !url.is_private() {
                    self.wrong("jwks_uri", NEEDS_HTTPS);
                }
            }
            _ => self.wrong(
                "jwks_uri",
                format!("expected the URL of a key set; found {}", url::quoted(uri)),
            ),
        }
        KeySource::Uri(uri.to_owned())
    }

    fn audiences(&mut self) -> Vec<String> {
        let audiences = self.values.texts("audiences");
        if audiences.is_empty() {
            self.wrong(
                "audiences",
                "required; name each aud that is meant for this server",
            );
        }
        audiences.to_vec()
    }

    fn tenants(&mut self) -> Option<Vec<String>> {
        if !self.values.is_given("tenants") {
            return None;
        }
        let tenants = self.values.texts("tenants");
        if tenants.is_empty() {
            self.wrong(
                "tenants",
                "nobody could use this issuer; name a tenant, or leave it out for all in the store",
            );
        }
        Some(tenants.iter().map(|tenant| tenant.to_ascii_lowercase()).collect())
    }

    fn algorithms(&mut self) -> Vec<Algorithm> {
        let names = self.values.texts("algorithms");
        let known = |name: &String| ALGORITHMS.iter().find(|(known, _)| known == name);
        if names.is_empty() || !names.iter().all(|name| known(name).is_some()) {
            let all = ALGORITHMS.map(|(name, _)| name).join(", ");
            let found = names.join(", ");
            self.wrong(
                "algorithms",
                format!("expected one or more of {all}; found {found:?}"),
            );
        }
        names
            .iter()
            .filter_map(known)
            .map(|(_, algorithm)| *algorithm)
            .collect()
    }

    fn claims(&mut self) -> ClaimMap {
        let claim = |name| self.values.text(name).unwrap_or_default().to_owned();
        let (user, scopes, roles, groups) = (
            claim("claims.user"),
            claim("claims.scopes"),
            claim("claims.roles"),
            claim("claims.groups"),
        );
        let application = self.values.texts("claims.application").to_vec();
        if application.is_empty() {
            self.wrong("claims.application", "expected at least one claim");
        }
        ClaimMap {
            tenant: self.tenant(),
            user,
            application,
            scopes,
            roles,
            groups,
            app_only: self.app_only(),
            audience_array: self.values.bool("claims.audience_array"),
        }
    }

    fn tenant(&mut self) -> TenantClaim {
        if let Some(fixed) = self.values.text("claims.tenant_id") {
            if self.values.is_given("claims.tenant") {
                self.wrong(
                    "claims.tenant_id",
                    "stands beside claims.tenant; leave one of them out",
                );
            }
            return TenantClaim::Fixed(fixed.to_ascii_lowercase());
        }
        TenantClaim::Claim(self.values.text("claims.tenant").unwrap_or_default().to_owned())
    }

    fn app_only(&mut self) -> AppOnly {
        let text = self.values.text("claims.app_only").unwrap_or_default();
        match (text, text.strip_prefix("claim:")) {
            ("no-scopes", _) => AppOnly::NoScopes,
            ("subject-is-application", _) => AppOnly::SubjectIsApplication,
            (_, Some(name)) if !name.is_empty() => AppOnly::Claim(name.to_owned()),
            _ => {
                self.wrong(
                    "claims.app_only",
                    format!("expected no-scopes, subject-is-application or claim:NAME; found {text:?}"),
                );
                AppOnly::NoScopes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load_text, problems_of};
    use super::*;

    fn entry(lines: &str) -> String {
        let required =
            "[[issuers]]\nissuer = 'https://login.example/{tenantid}/v2.0'\naudiences = ['api://a']\n";
        format!("{required}{lines}\n")
    }

    fn only(lines: &str) -> IssuerConfig {
        load_text(&entry(lines)).config.issuers.remove(0)
    }

    #[test]
    fn an_entry_with_what_is_required_has_the_defaults() {
        let issuer = only("");
        assert_eq!(issuer.issuer, "https://login.example/{tenantid}/v2.0");
        assert_eq!(issuer.keys, KeySource::Discovery);
        assert_eq!(issuer.ca_file, None);
        assert_eq!(issuer.audiences, ["api://a"]);
        assert_eq!(issuer.tenants, None);
        assert_eq!(issuer.algorithms, ALGORITHMS.map(|(_, algorithm)| algorithm));
        assert!(!issuer.require_idtyp);
        assert_eq!(issuer.clock_skew, Duration::from_secs(60));
        assert_eq!(issuer.max_lifetime, Duration::from_secs(88_200));
        let claims = issuer.claims;
        assert_eq!(claims.tenant, TenantClaim::Claim("tid".to_owned()));
        assert_eq!((claims.user.as_str(), claims.scopes.as_str()), ("oid", "scp"));
        assert_eq!(
            (claims.roles.as_str(), claims.groups.as_str()),
            ("roles", "groups")
        );
        assert_eq!(claims.application, ["appid", "azp", "client_id"]);
        assert_eq!(claims.app_only, AppOnly::NoScopes);
        assert!(!claims.audience_array);
    }

    #[test]
    fn an_entry_may_name_its_own_claims_and_keys() {
        let issuer = only(
            "jwks_uri = 'http://127.0.0.1:8081/certs?p=1'\ntenants = ['ABC']\nalgorithms = ['EdDSA']\nclock_skew = '0s'\n\
             [issuers.claims]\ntenant_id = 'ABC'\napplication = 'azp'\nroles = 'realm_access.roles'\napp_only = 'claim:clientHost'",
        );
        assert_eq!(
            issuer.keys,
            KeySource::Uri("http://127.0.0.1:8081/certs?p=1".to_owned())
        );
        assert_eq!(issuer.tenants.unwrap(), ["abc"]);
        assert_eq!(issuer.algorithms, [Algorithm::EdDsa]);
        assert_eq!(issuer.claims.tenant, TenantClaim::Fixed("abc".to_owned()));
        assert_eq!(issuer.claims.application, ["azp"]);
        assert_eq!(issuer.claims.roles, "realm_access.roles");
        assert_eq!(issuer.claims.app_only, AppOnly::Claim("clientHost".to_owned()));
    }

    #[test]
    fn paths_of_an_entry_are_relative_to_the_file() {
        let issuer = only("jwks_file = 'keys.json'");
        let KeySource::File(path) = issuer.keys else {
            panic!("{:?}", issuer.keys)
        };
        assert!(path.is_absolute() && path.ends_with("keys.json"), "{path:?}");
    }

    #[test]
    fn what_is_wrong_with_an_entry_names_its_key() {
        for (lines, expected) in [
            (
                "jwks_uri = 'http://example.org/k'",
                "jwks_uri: expected https://, since http:// is only for loopback addresses",
            ),
            (
                "jwks_uri = 'keys.json'",
                "jwks_uri: expected the URL of a key set; found \"keys.json\"",
            ),
            (
                "jwks_uri = 'https://a.example/k'\njwks_file = 'k'",
                "jwks_file: stands beside jwks_uri; leave one of them out",
            ),
            (
                "algorithms = ['RS256', 'HS256']",
                "algorithms: expected one or more of RS256, PS256, ES256, EdDSA; found \"RS256, HS256\"",
            ),
            (
                "algorithms = ['none']",
                "algorithms: expected one or more of RS256, PS256, ES256, EdDSA; found \"none\"",
            ),
            (
                "algorithms = []",
                "algorithms: expected one or more of RS256, PS256, ES256, EdDSA; found \"\"",
            ),
            (
                "tenants = ['']",
                "tenants: expected an array of texts, none of them empty; found an array",
            ),
            (
                "tenants = []",
                "tenants: nobody could use this issuer; name a tenant, or leave it out for all in the store",
            ),
            (
                "clock_skew = '6m'",
                "clock_skew: expected a duration with its unit (such as 500ms, 30s, 24h30m) from 0s to 5m; found \"6m\"",
            ),
            (
                "[issuers.claims]\ntenant = 'a'\ntenant_id = 'b'",
                "claims.tenant_id: stands beside claims.tenant; leave one of them out",
            ),
            (
                "[issuers.claims]\nuser = ''",
                "claims.user: expected a text; found \"\"",
            ),
            (
                "[issuers.claims]\napplication = []",
                "claims.application: expected at least one claim",
            ),
            (
                "[issuers.claims]\napp_only = 'claim:'",
                "claims.app_only: expected no-scopes, subject-is-application or claim:NAME; found \"claim:\"",
            ),
            (
                "audience = ['b']",
                "audience: unknown key; did you mean audiences?",
            ),
        ] {
            assert_eq!(problems_of(&entry(lines)), [format!("issuers[0].{expected}")]);
        }
    }

    #[test]
    fn an_issuer_is_a_url_with_one_place_for_the_tenant() {
        for (issuer, accepted) in [
            ("https://sts.windows.net/{tenantid}/", true),
            ("http://localhost:8180/realms/a", true),
            ("http://example.org", false),
            ("https://{tenantid}.example.org", false),
            ("https://example.org/{tenantid}/{tenantid}", false),
            ("https://example.org/{tid}", false),
            ("https://example.org/?a", false),
            ("accounts.example.org", false),
        ] {
            let text = format!("[[issuers]]\nissuer = '{issuer}'\naudiences = ['a']");
            assert_eq!(problems_of(&text).is_empty(), accepted, "{issuer}");
        }
    }

    #[test]
    fn issuer_and_audiences_are_required() {
        assert_eq!(
            problems_of("[[issuers]]"),
            [
                "issuers[0].issuer: required; name the iss of its tokens",
                "issuers[0].audiences: required; name each aud that is meant for this server",
            ]
        );
        let problems = problems_of("[[issuers]]\nissuer = 5\naudiences = 'a'");
        assert_eq!(problems.len(), 2, "{problems:?}");
    }

    #[test]
    fn two_entries_may_not_have_one_issuer() {
        let text = entry("") + &entry("");
        assert_eq!(
            problems_of(&text),
            ["issuers[1].issuer: the same as issuers[0].issuer; make them one entry"]
        );
    }

    #[test]
    fn issuers_are_an_array_of_tables() {
        for text in [
            "issuers = 1",
            "issuers = ['https://a.example']",
            "[issuers]\nissuer = 'https://a.example'",
        ] {
            assert_eq!(
                problems_of(text),
                ["issuers: expected an array of tables; write [[issuers]] above each entry"]
            );
        }
    }
}
