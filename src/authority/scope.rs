//! What a client asks for: `scope` (RFC 6749 section 3.3) in the forms that Microsoft's libraries send.

use crate::ids;

use super::refusal::{self, Refusal};

/// The audience of Graph.
pub const GRAPH: &str = "https://graph.microsoft.com";
/// Graph's application id, which names it as well.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";
/// How the audience of a registered application's API begins; its appId follows.
pub const APPLICATION: &str = "api://";
/// The longest `scope` that is read.
const MAX_SCOPE_BYTES: usize = 4096;
/// What the permission `.default` is called: everything that has been consented to.
pub const DEFAULT: &str = ".default";

/// The names by which this server can be asked for, beside Graph's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// `https://host:port`
    public_url: String,
    /// The same without its port.
    without_port: String,
}

impl Resources {
    /// The names of a server that is reached at `public_url`: scheme, host and perhaps port.
    pub fn of(public_url: &str) -> Self {
        let (scheme, authority) = public_url.split_once("://").unwrap_or(("", public_url));
        // In an IPv6 address the colons stand in brackets.
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        Self {
            public_url: public_url.to_owned(),
            without_port: format!("{scheme}://{host}"),
        }
    }

    /// What tokens for this server may name as their audience, beside Graph's names.
    pub fn audiences(&self) -> [String; 2] {
        [self.public_url.clone(), self.without_port.clone()]
    }

    /// The audience that `resource` stands for.
    fn audience(&self, resource: &str) -> Option<String> {
        // A resource that ends with a slash makes two of them before the permission.
        let name = resource.trim_end_matches('/').to_ascii_lowercase();
        if name == GRAPH || name == GRAPH_APP_ID {
            return Some(GRAPH.to_owned());
        }
        // Another application's own API: it can ask on behalf of whoever comes to it.
        let app_id = name.strip_prefix(APPLICATION).unwrap_or(&name);
        if ids::is_guid(app_id) {
            return Some(format!("{APPLICATION}{app_id}"));
        }
        self.audiences().into_iter().find(|audience| *audience == name)
    }
}

/// Which permissions are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// All that there are: `.default`.
    Default,
    /// These, as Graph spells them. Empty where nothing but OpenID Connect is asked for.
    Named(Vec<String>),
}

/// A `scope` that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedScope {
    /// For whom the access token is to be.
    pub audience: String,
    /// How that was spelled, before the `/`; empty for bare names.
    pub prefix: String,
    /// What it is to allow.
    pub permissions: Permissions,
    /// `openid`: an ID token as well.
    pub openid: bool,
    /// `profile`: names in it.
    pub profile: bool,
    /// `email`: the address in it.
    pub email: bool,
    /// `offline_access`: a refresh token as well.
    pub offline: bool,
}

impl RequestedScope {
    /// The application whose API is asked for; `None` for Graph and this server.
    pub fn application(&self) -> Option<&str> {
        self.audience.strip_prefix(APPLICATION)
    }

    /// Reads a `scope`.
    ///
    /// # Errors
    /// [`Refusal`] for names of a resource that is not known, or of two.
    pub fn parse(text: &str, resources: &Resources) -> Result<Self, Refusal> {
        if text.len() > MAX_SCOPE_BYTES {
            return Err(refusal::MALFORMED.about("scope"));
        }
        let mut scope = Self {
            audience: String::new(),
            prefix: String::new(),
            permissions: Permissions::Named(Vec::new()),
            openid: false,
            profile: false,
            email: false,
            offline: false,
        };
        for word in text.split_ascii_whitespace() {
            match word {
                "openid" => scope.openid = true,
                "profile" => scope.profile = true,
                "email" => scope.email = true,
                "offline_access" => scope.offline = true,
                _ => scope.add(word, resources)?,
            }
        }
        if scope.audience.is_empty() {
            GRAPH.clone_into(&mut scope.audience);
        }
        Ok(scope)
    }

    fn add(&mut self, word: &str, resources: &Resources) -> Result<(), Refusal> {
        let (prefix, name) = match word.rsplit_once('/') {
            Some((prefix, name)) => (prefix, name),
            None => ("", word),
        };
        let audience = match prefix {
            "" => GRAPH.to_owned(),
            _ => resources
                .audience(prefix)
                .ok_or_else(|| refusal::NO_RESOURCE.about(prefix))?,
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(refusal::NO_SCOPE.about(word));
        }
        if !self.audience.is_empty() && self.audience != audience {
            return Err(refusal::TWO_RESOURCES.refuse());
        }
        self.audience = audience;
        if self.prefix.is_empty() {
            prefix.clone_into(&mut self.prefix);
        }
        match &mut self.permissions {
            _ if name == DEFAULT => self.permissions = Permissions::Default,
            // With `.default` names say nothing more.
            Permissions::Default => {}
            Permissions::Named(names) if names.iter().any(|known| known == name) => {}
            Permissions::Named(names) => names.push(name.to_owned()),
        }
        Ok(())
    }

    /// `granted` as the client spelled its question, with what it asked of OpenID Connect: what goes into the answer's
    /// `scope`.
    pub fn answer(&self, granted: &[String]) -> String {
        let spelled = |name: &str| match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        };
        let mut words: Vec<String> = granted.iter().map(|name| spelled(name)).collect();
        if self.permissions == Permissions::Default {
            words.push(spelled(DEFAULT));
        }
        let oidc = [
            (self.openid, "openid"),
            (self.profile, "profile"),
            (self.email, "email"),
            (self.offline, "offline_access"),
        ];
        words.extend(
            oidc.iter()
                .filter(|(asked, _)| *asked)
                .map(|(_, name)| (*name).to_owned()),
        );
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusal::OAuthError;
    use super::*;

    fn resources() -> Resources {
        Resources::of("https://localhost:8443")
    }

    fn parse(text: &str) -> RequestedScope {
        RequestedScope::parse(text, &resources()).unwrap()
    }

    #[test]
    fn every_spelling_of_a_resource_names_its_audience() {
        for (scope, audience) in [
            ("https://graph.microsoft.com/.default", GRAPH),
            ("https://graph.microsoft.com//.default", GRAPH),
            ("https://Graph.Microsoft.com/.default", GRAPH),
            ("00000003-0000-0000-c000-000000000000/.default", GRAPH),
            (".default", GRAPH),
            (
                "api://5F7A1C6E-0b52-4b5d-9d8c-2d0f6a1e7a11/.default",
                "api://5f7a1c6e-0b52-4b5d-9d8c-2d0f6a1e7a11",
            ),
            (
                "5f7a1c6e-0b52-4b5d-9d8c-2d0f6a1e7a11/.default",
                "api://5f7a1c6e-0b52-4b5d-9d8c-2d0f6a1e7a11",
            ),
            ("https://localhost:8443/.default", "https://localhost:8443"),
            ("https://localhost/.default", "https://localhost"),
        ] {
            let parsed = parse(scope);
            assert_eq!(parsed.audience, audience, "{scope}");
            assert_eq!(parsed.permissions, Permissions::Default, "{scope}");
        }
    }

    #[test]
    fn names_are_bare_or_behind_a_resource() {
        let parsed = parse(
            "openid offline_access profile email User.Read https://graph.microsoft.com/OnlineMeetingRecording.Read.All User.Read",
        );
        let names = ["User.Read", "OnlineMeetingRecording.Read.All"].map(str::to_owned);
        assert_eq!(parsed.permissions, Permissions::Named(names.to_vec()));
        assert!(parsed.openid && parsed.offline && parsed.profile && parsed.email);
        let nothing = parse("openid");
        assert_eq!(
            (nothing.audience.as_str(), nothing.permissions),
            (GRAPH, Permissions::Named(vec![]))
        );
    }

    #[test]
    fn what_is_granted_is_spelled_as_it_was_asked() {
        let granted = ["A".to_owned(), "B".to_owned()];
        assert_eq!(parse("A B openid").answer(&granted), "A B openid");
        assert_eq!(
            parse("https://localhost/.default offline_access").answer(&granted),
            "https://localhost/A https://localhost/B https://localhost/.default offline_access"
        );
    }

    #[test]
    fn foreign_and_mixed_resources_are_refused() {
        for (scope, error) in [
            ("https://vault.azure.net/.default", OAuthError::InvalidResource),
            ("https://localhost:1/.default", OAuthError::InvalidResource),
            ("http://localhost:8443/.default", OAuthError::InvalidResource),
            (
                "https://localhost:8443.evil.example/.default",
                OAuthError::InvalidResource,
            ),
            ("User.Read https://localhost/User.Read", OAuthError::InvalidScope),
            ("https://graph.microsoft.com/", OAuthError::InvalidScope),
            ("User.Read\u{e9}", OAuthError::InvalidScope),
        ] {
            let refused = RequestedScope::parse(scope, &resources()).unwrap_err();
            assert_eq!(refused.error, error, "{scope}");
        }
        let long = "a ".repeat(3000);
        assert!(RequestedScope::parse(&long, &resources()).is_err());
    }

    #[test]
    fn addresses_lose_their_port_and_keep_their_brackets() {
        for (url, without) in [
            ("https://[::1]:8443", "https://[::1]"),
            ("https://[::1]", "https://[::1]"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://recordings.example.org", "https://recordings.example.org"),
        ] {
            assert_eq!(Resources::of(url).audiences()[1], without, "{url}");
        }
    }
}
