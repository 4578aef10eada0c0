//! Redirect URIs: where a browser may be sent with a code (RFC 6749 section 3.1.2, RFC 9700 section 2.1).

/// Whether `asked` is one of the `registered`: letter by letter. Of a program on the person's own machine, which takes any free
/// port, the port is left out (RFC 8252 section 7.3).
pub fn matches(registered: &[String], asked: &str) -> bool {
    registered
        .iter()
        .any(|known| known == asked || (is_loopback(known) && without_port(known) == without_port(asked)))
}

/// `http://`, and a host that is this machine.
fn is_loopback(uri: &str) -> bool {
    split(uri).is_some_and(|(scheme, host, ..)| {
        scheme == "http" && ["localhost", "127.0.0.1", "[::1]"].contains(&host)
    })
}

/// Scheme, host and what follows the port.
fn without_port(uri: &str) -> Option<(&str, &str, &str)> {
    split(uri).map(|(scheme, host, _, rest)| (scheme, host, rest))
}

/// Scheme, host, port and the rest, of a URI without user and fragment.
fn split(uri: &str) -> Option<(&str, &str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let is_plain =
        port.bytes().all(|byte| byte.is_ascii_digit()) && !authority.contains('@') && !rest.contains('#');
    is_plain.then_some((scheme, host, port, rest))
}

/// What a page may name as the target of its forms (Content-Security-Policy's `form-action`), so that a browser follows them to
/// `uri`: its origin, or the scheme of a program.
pub fn form_action(uri: &str) -> Option<String> {
    let is_name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b':' | b'[' | b']')
            })
    };
    let (scheme, rest) = uri.split_once(':')?;
    if !is_name(scheme) {
        return None;
    }
    if !matches!(scheme, "http" | "https") {
        return Some(format!("{scheme}:"));
    }
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
    is_name(authority).then(|| format!("{scheme}://{authority}"))
}

/// `uri` with further parameters in its query, each encoded.
pub fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut target = uri.to_owned();
    for (name, value) in parameters {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        // A dollar needs no encoding in a query.
        target.push_str(&odata::query::encode_form(value));
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uri_matches_letter_by_letter_and_a_loopback_one_with_any_port() {
        let registered = [
            "https://app.example/callback",
            "http://localhost/auth",
            "http://127.0.0.1:5000",
            "http://[::1]/x",
            "msal-app://auth",
        ]
        .map(str::to_owned);
        for (asked, expected) in [
            ("https://app.example/callback", true),
            ("http://localhost/auth", true),
            ("http://localhost:53123/auth", true),
            ("http://127.0.0.1:6000", true),
            ("http://[::1]:6000/x", true),
            ("msal-app://auth", true),
            ("https://app.example/callback/", false),
            ("https://app.example/callback/more", false),
            ("https://app.example/callback?x=1", false),
            ("https://app.example/callback#x", false),
            ("https://app.example/a/../callback", false),
            ("https://app.example:444/callback", false),
            ("https://APP.example/callback", false),
            ("https://app.example.evil.example/callback", false),
            ("http://app.example/callback", false),
            ("https://localhost:53123/auth", false),
            ("http://localhost:53123/auth/", false),
            ("http://localhost:53123@evil.example/auth", false),
            ("http://localhost.evil.example/auth", false),
            ("http://localhost:x/auth", false),
            ("http://localhost:1/auth#x", false),
            ("http://[::1]", false),
            ("msal-app://auth/x", false),
            ("", false),
        ] {
            assert_eq!(matches(&registered, asked), expected, "{asked}");
        }
    }

    #[test]
    fn forms_lead_to_an_origin_or_a_scheme() {
        for (uri, expected) in [
            ("https://app.example/callback?x", Some("https://app.example")),
            ("http://localhost:53123/auth", Some("http://localhost:53123")),
            ("http://[::1]:1/", Some("http://[::1]:1")),
            ("msal-app://auth", Some("msal-app:")),
            ("https://a;b/", None),
            ("https://a b/", None),
            ("no-uri", None),
        ] {
            assert_eq!(form_action(uri).as_deref(), expected, "{uri}");
        }
    }

    #[test]
    fn parameters_are_added_to_a_query_that_is_there() {
        let parameters = [("code", "a b&c"), ("state", "é=\r\n")];
        assert_eq!(
            with_parameters("https://a/?x=1", &parameters),
            "https://a/?x=1&code=a%20b%26c&state=%C3%A9%3D%0D%0A"
        );
        assert_eq!(with_parameters("https://a/", &[("x", "1")]), "https://a/?x=1");
    }
}
