//! `[[identity_providers]]`: who signs the people of a tenant in, in place of this server or beside it.

use std::path::PathBuf;

use super::issuer::NEEDS_HTTPS;
use super::problem::Problems;
use super::secret::{Secret, SecretSource};
use super::url::{self, HttpUrl};
use super::value::Values;

/// One entry of `[[identity_providers]]`, checked.
#[derive(Clone, Debug)]
pub struct IdentityProviderConfig {
    /// The tenant whose people it signs in: id or verified domain, in lower case.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// Its `iss`; discovery is below it.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// What it proves that with; `None` for a public client.
    pub client_secret: Option<SecretSource>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// PEM file with further roots for it.
    pub ca_file: Option<PathBuf>,
    /// Passwords that are kept here count as well.
    pub passwords: bool,
    /// Whoever it signs in becomes a user.
    pub create_users: bool,
    /// Groups whose members are administrators. Empty: it decides nothing about that.
    pub administrators: Vec<String>,
    /// How its claims are named.
    pub claims: ProviderClaims,
}

/// The names of the claims that are read; a dotted name reaches into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderClaims {
    /// What stays when all else about a person changes.
    pub user: String,
    /// The sign-in name.
    pub user_principal_name: String,
    /// What people call the person.
    pub display_name: String,
    /// The address.
    pub mail: String,
    /// Groups, an array of texts.
    pub groups: String,
}

/// Checks all entries, also against each other.
pub(super) fn providers(entries: &[Values], problems: &mut Problems) -> Vec<IdentityProviderConfig> {
    let mut providers: Vec<IdentityProviderConfig> = Vec::new();
    for (index, values) in entries.iter().enumerate() {
        let at = format!("identity_providers[{index}]");
        let mut wrong = |key: &str, message: String| problems.add_first(format!("{at}.{key}"), message);
        let mut needed = |key: &'static str, what: &str| {
            let text = values.text(key).unwrap_or_default();
            if text.is_empty() {
                wrong(key, format!("required; name {what}"));
            }
            text.to_owned()
        };
        let tenant = needed(
            "tenant",
            "the tenant whose people it signs in, by id or verified domain",
        )
        .to_ascii_lowercase();
        let issuer = needed("issuer", "its issuer, whose discovery document lies below it");
        let client_id = needed("client_id", "what this server is registered as there");
        let parsed = HttpUrl::parse(&issuer);
        match parsed.filter(|url| HttpUrl::rest_is_plain(url.rest) && !url.rest.contains(['?', '#'])) {
            _ if issuer.is_empty() => {}
            None => wrong(
                "issuer",
                format!("expected a URL without query; found {}", url::quoted(&issuer)),
            ),
            Some(url) if !url.is_private() => wrong("issuer", NEEDS_HTTPS.to_owned()),
            Some(_) => {}
        }
        let text = values
            .text("client_secret")
            .map(|text| SecretSource::Text(Secret::new(text.to_owned())));
        let file = values.path("client_secret_file").map(SecretSource::File);
        if text.is_some() && file.is_some() {
            wrong(
                "client_secret_file",
                "stands beside client_secret; leave one of them out".to_owned(),
            );
        }
        let scopes = values.texts("scopes").to_vec();
        if !scopes.iter().any(|scope| scope == "openid") {
            wrong("scopes", "openid has to be among them".to_owned());
        }
        if providers.iter().any(|other| other.tenant == tenant) && !tenant.is_empty() {
            wrong(
                "tenant",
                "another entry is for it already; a tenant has one provider".to_owned(),
            );
        }
        let claim = |name| values.text(name).unwrap_or_default().to_owned();
        providers.push(IdentityProviderConfig {
            tenant,
            name: values
                .text("name")
                .unwrap_or_else(|| parsed_host(&issuer))
                .to_owned(),
            client_id,
            client_secret: text.or(file),
            scopes,
            ca_file: values.path("ca_file"),
            passwords: values.bool("passwords"),
            create_users: values.bool("create_users"),
            administrators: values.texts("administrators").to_vec(),
            claims: ProviderClaims {
                user: claim("claims.user"),
                user_principal_name: claim("claims.user_principal_name"),
                display_name: claim("claims.display_name"),
                mail: claim("claims.mail"),
                groups: claim("claims.groups"),
            },
            issuer,
        });
    }
    providers
}

fn parsed_host(issuer: &str) -> &str {
    HttpUrl::parse(issuer).map_or("", |url| url.host)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load_text, problems_of};

    const REQUIRED: &str = "[[identity_providers]]\ntenant = 'Contoso.example'\nissuer = 'https://idp.example/realm'\nclient_id = 'g'\n";

    #[test]
    fn an_entry_with_what_is_required_has_the_defaults() {
        let provider = load_text(REQUIRED).config.identity_providers.remove(0);
        assert_eq!(
            (provider.tenant.as_str(), provider.name.as_str()),
            ("contoso.example", "idp.example")
        );
        assert_eq!(provider.scopes, ["openid", "profile", "email"]);
        assert!(provider.create_users && !provider.passwords && provider.administrators.is_empty());
        assert_eq!(provider.client_secret, None);
        assert_eq!(provider.claims.user, "sub");
    }

    #[test]
    fn what_is_missing_or_unsafe_is_named() {
        for (text, problem) in [
            (
                "[[identity_providers]]\nissuer = 'https://a.example'\nclient_id = 'g'",
                "identity_providers[0].tenant: required",
            ),
            (
                "[[identity_providers]]\ntenant = 't'\nclient_id = 'g'",
                "identity_providers[0].issuer: required",
            ),
            (
                "[[identity_providers]]\ntenant = 't'\nissuer = 'http://a.example'\nclient_id = 'g'",
                "identity_providers[0].issuer: expected https://",
            ),
            (
                &format!("{REQUIRED}scopes = ['profile']"),
                "identity_providers[0].scopes: openid",
            ),
            (
                &format!("{REQUIRED}client_secret = 'hush'\nclient_secret_file = 'f'"),
                "identity_providers[0].client_secret_file: stands beside",
            ),
            (
                &format!("{REQUIRED}{REQUIRED}"),
                "identity_providers[1].tenant: another entry",
            ),
            (
                &format!("{REQUIRED}client = 'x'"),
                "identity_providers[0].client: unknown key; did you mean client_id?",
            ),
        ] {
            let problems = problems_of(text);
            assert!(
                problems.iter().any(|line| line.starts_with(problem)),
                "{problems:?}"
            );
            assert!(problems.iter().all(|line| !line.contains("hush")), "{problems:?}");
        }
    }
}
