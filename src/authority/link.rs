//! Links with which a person sets a password: made by the command line, opened in a browser.

use std::time::Duration;

/// How long a link works where nobody says otherwise.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Path and query of the page on which the bearer of `token` sets a password, below `public_url`. The token is base64url and
/// needs no encoding.
pub fn path(tenant: &str, token: &str) -> String {
    format!("/{tenant}/password?link={token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_tenant_and_carries_the_token() {
        assert_eq!(path("t", "aB-_"), "/t/password?link=aB-_");
    }
}
