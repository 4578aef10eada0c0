//! Where the authority may send people back to: which URIs may be registered (RFC 6749 section 3.1.2, RFC 8252
//! section 7, RFC 9700 section 4.1).

/// The longest URI that is kept.
const MAX_BYTES: usize = 2048;

/// Schemes that a browser runs, reads files with or hands to something else than a program of the user's choice.
const NO_PLACE: [&str; 12] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "mailto",
    "tel",
    "vbscript",
    "ws",
    "wss",
];

/// Why a redirect URI is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriFault {
    /// Longer than 2048 bytes.
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A character that has no place in a URI.
    #[error("it has a character that no URI has: write it percent-encoded")]
    Character,
    /// No scheme, or nothing behind it.
    #[error(
        "it is not absolute: it begins with https://, with http:// and a loopback host, or with a scheme of a program's own"
    )]
    NotAbsolute,
    /// A scheme that leads to no program.
    #[error("its scheme leads to no program that waits for an answer")]
    Scheme,
    /// Plain HTTP to another machine.
    #[error(
        "http:// is for localhost, 127.0.0.1 and [::1] alone: what is sent to another machine is read on the way"
    )]
    PlainHttp,
    /// A host or port that is none.
    #[error("its host or port is none")]
    Host,
    /// A name before the host.
    #[error("it has user information before its host")]
    UserInfo,
    /// A fragment.
    #[error("it has a fragment")]
    Fragment,
    /// A segment that leads elsewhere.
    #[error("it has a segment . or .., which leads elsewhere")]
    DotSegment,
}

/// Whether `uri` may be registered: absolute; `https`, `http` to a loopback host, or a program's own scheme; without user
/// information, fragment and segments that lead elsewhere. Later it is compared as it is written.
///
/// # Errors
/// [`RedirectUriFault`].
pub fn check(uri: &str) -> Result<(), RedirectUriFault> {
    if uri.len() > MAX_BYTES {
        return Err(RedirectUriFault::TooLong);
    }
    if uri.contains('#') {
        return Err(RedirectUriFault::Fragment);
    }
    // RFC 3986 appendix A, all characters that a URI may have; a star is one, and means nothing here.
    let is_of_a_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
    if !uri.bytes().all(is_of_a_uri) || !percent_signs_are_whole(uri) {
        return Err(RedirectUriFault::Character);
    }
    let (scheme, rest) = uri.split_once(':').ok_or(RedirectUriFault::NotAbsolute)?;
    let begins_well = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !begins_well || !scheme.chars().all(is_scheme) || rest.is_empty() {
        return Err(RedirectUriFault::NotAbsolute);
    }
    let scheme = scheme.to_ascii_lowercase();
    if NO_PLACE.contains(&scheme.as_str()) {
        return Err(RedirectUriFault::Scheme);
    }
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (Some(authority), path)
        }
        None => (None, rest),
    };
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(RedirectUriFault::UserInfo);
    }
    match (scheme.as_str(), authority) {
        ("https", Some(authority)) => host(authority).map(|_| ())?,
        ("http", Some(authority)) if !is_loopback(host(authority)?) => {
            return Err(RedirectUriFault::PlainHttp);
        }
        ("http" | "https", None) => return Err(RedirectUriFault::NotAbsolute),
        // This machine; or a program's own scheme: what its host means is its own affair too, and it may have none.
        _ => {}
    }
    let path = path.split('?').next().unwrap_or_default();
    match path.split('/').any(is_dot_segment) {
        true => Err(RedirectUriFault::DotSegment),
        false => Ok(()),
    }
}

/// The host, after looking at the port.
fn host(authority: &str) -> Result<&str, RedirectUriFault> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(RedirectUriFault::Host)?;
            let is_address = address.parse::<std::net::Ipv6Addr>().is_ok();
            (is_address.then_some(address), port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at_checked(end).unwrap_or((authority, ""));
            (is_name(name).then_some(name), port)
        }
    };
    let is_port = |port: &str| {
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        digits && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    match (host, port.strip_prefix(':')) {
        (Some(host), None) if port.is_empty() => Ok(host),
        (Some(host), Some(port)) if is_port(port) => Ok(host),
        _ => Err(RedirectUriFault::Host),
    }
}

/// A name of labels, or an IPv4 address in its one usual spelling.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with(|first: char| first.is_ascii_digit());
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    text.len() <= 253 && text.split('.').all(label) && (!numeric || is_address)
}

/// The three that a browser treats as this machine and that programs are told to listen on.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "127.0.0.1"
        || host.parse() == Ok(std::net::Ipv6Addr::LOCALHOST)
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

fn percent_signs_are_whole(uri: &str) -> bool {
    uri.split('%').skip(1).all(|after| {
        after
            .get(..2)
            .is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// Whether `asked` is one of the `registered`: letter by letter. Of a program on the person's own machine, which takes any free
/// port, the port is left out (RFC 8252 section 7.3).
pub fn matches(registered: &[String], asked: &str) -> bool {
    registered
        .iter()
        .any(|known| known == asked || (is_loopback_uri(known) && without_port(known) == without_port(asked)))
}

/// `http://`, and a host that is this machine.
fn is_loopback_uri(uri: &str) -> bool {
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
    let is_port = port.is_empty() || port.parse::<u16>().is_ok_and(|_| !port.starts_with('+'));
    let is_plain = is_port && !authority.contains('@') && !rest.contains('#');
    is_plain.then_some((scheme, host, port, rest))
}

/// What a page may name as targets of its forms (Content-Security-Policy's `form-action`), so that a browser follows them to `uri`
/// and on from there: schemes. Browsers hold every redirect behind a form to the policy of its page, also those of others, and
/// many applications and providers send a browser on to another host of theirs.
pub fn form_action(uri: &str) -> Option<String> {
    let (scheme, _) = uri.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    match scheme.as_str() {
        "http" => Some("http: https:".to_owned()),
        _ if scheme.is_empty() || !scheme.bytes().all(is_plain) => None,
        _ => Some(format!("{scheme}:")),
    }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_registered() {
        for uri in [
            "https://app.contoso.example/callback",
            "https://app.contoso.example",
            "https://app.contoso.example:8443/a/b?c=d&e=%20",
            "HTTPS://APP.contoso.example/",
            "https://192.0.2.7/x",
            "https://[2001:db8::7]:444/x",
            "http://localhost",
            "http://localhost:3000/callback",
            "http://LOCALHOST/",
            "http://127.0.0.1/x",
            "http://127.0.0.1:65535/x",
            "http://[::1]:8080/x",
            "com.contoso.player:/callback",
            "com.contoso.player://callback",
            "msal6f1b://auth",
            "urn:ietf:wg:oauth:2.0:oob",
            "https://app.contoso.example/a..b/...",
            "https://app.contoso.example/?next=../x",
        ] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn what_may_not_and_why() {
        use RedirectUriFault::{
            Character, DotSegment, Fragment, Host, NotAbsolute, PlainHttp, Scheme, TooLong, UserInfo,
        };
        let long = format!("https://a.example/{}", "a".repeat(MAX_BYTES));
        for (uri, expected) in [
            ("", NotAbsolute),
            ("/callback", NotAbsolute),
            ("//a.example/x", NotAbsolute),
            ("app.contoso.example", NotAbsolute),
            ("https:", NotAbsolute),
            ("https:a.example", NotAbsolute),
            ("https:/a.example", NotAbsolute),
            ("1a://x", NotAbsolute),
            (":x", NotAbsolute),
            ("https://", Host),
            ("https:///x", Host),
            ("https://a..example/", Host),
            ("https://-a.example/", Host),
            ("https://a.example:/", Host),
            ("https://a.example:0/", Host),
            ("https://a.example:65536/", Host),
            ("https://a.example:+80/", Host),
            ("https://a.example:8a/", Host),
            ("https://*.contoso.example/", Host),
            ("https://a%2eexample/", Host),
            ("https://[::1/", Host),
            ("https://[::g]/", Host),
            ("https://[::1]x/", Host),
            ("https://127.1/", Host),
            ("https://0x7f000001/", Host),
            ("http://a.example/", PlainHttp),
            ("http://127.0.0.2/", PlainHttp),
            ("http://localhost.example/", PlainHttp),
            ("http://[::2]/", PlainHttp),
            ("https://megan@a.example/", UserInfo),
            ("http://localhost@a.example/", UserInfo),
            ("com.contoso.player://a@b/", UserInfo),
            ("https://a.example/#x", Fragment),
            ("https://a.example/#", Fragment),
            ("https://a.example/../x", DotSegment),
            ("https://a.example/x/..", DotSegment),
            ("https://a.example/./x", DotSegment),
            ("https://a.example/%2E%2e/x", DotSegment),
            ("com.contoso.player:/a/../b", DotSegment),
            ("https://a.example/ x", Character),
            ("https://a.example/\\x", Character),
            ("https://a.example\\@b.example/", Character),
            ("https://a.example/\n", Character),
            ("https://ä.example/", Character),
            ("https://a.example/%", Character),
            ("https://a.example/%4", Character),
            ("https://a.example/%zz", Character),
            ("javascript:alert(1)", Scheme),
            ("JavaScript://x/%0aalert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("file:///etc/passwd", Scheme),
            (&long, TooLong),
        ] {
            assert_eq!(check(uri), Err(expected), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_panic(uri in "\\PC{0,200}", tail in "[!-~]{0,80}") {
            let _ = check(&uri);
            let _ = check(&format!("https://{tail}"));
            let _ = check(&format!("http://[{tail}"));
        }

        #[test]
        fn what_is_taken_has_no_fragment_no_user_and_no_blank(tail in "[!-~]{0,80}") {
            let uri = format!("https://{tail}");
            if check(&uri).is_ok() {
                let authority = tail.split(['/', '?']).next().unwrap_or_default();
                prop_assert!(!uri.contains(['#', ' ', '\\']) && !authority.contains('@'), "{}", uri);
            }
        }
    }

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
            ("http://localhost:123456789/auth", false),
            ("http://localhost:+80/auth", false),
            ("http://localhost:1/auth#x", false),
            ("http://[::1]", false),
            ("msal-app://auth/x", false),
            ("", false),
        ] {
            assert_eq!(matches(&registered, asked), expected, "{asked}");
        }
    }

    #[test]
    fn forms_lead_to_schemes() {
        for (uri, expected) in [
            ("https://app.example/callback?x", Some("https:")),
            ("http://localhost:53123/auth", Some("http: https:")),
            ("http://[::1]:1/", Some("http: https:")),
            ("msal-app://auth", Some("msal-app:")),
            ("HTTPS://app.example/x", Some("https:")),
            ("a;b://auth", None),
            ("a b://auth", None),
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
