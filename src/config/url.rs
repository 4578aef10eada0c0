//! The few questions that the configuration asks about an `http` or `https` URL (RFC 3986).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A URL in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpUrl<'a> {
    /// The scheme is `https`.
    pub(super) secure: bool,
    /// Scheme, host and port.
    pub(super) origin: &'a str,
    /// Host: a name, an IPv4 address, or an IPv6 address without its brackets.
    pub(super) host: &'a str,
    /// Path, query and fragment, as written.
    pub(super) rest: &'a str,
}

impl<'a> HttpUrl<'a> {
    /// Reads a URL with a lower-case scheme, a host and no user information. Looks at `rest` only for its end.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (secure, after) = match text.strip_prefix("https://") {
            Some(after) => (true, after),
            None => (false, text.strip_prefix("http://")?),
        };
        let length = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(length)?;
        let (origin, _) = text.split_at_checked(text.len() - rest.len())?;
        Some(Self {
            secure,
            origin,
            host: host_of(authority)?,
            rest,
        })
    }

    /// `https`, or `http` towards this machine, where nobody can listen in.
    pub(super) fn is_private(&self) -> bool {
        self.secure || self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// Path, query and fragment hold only what a URL may.
    pub(super) fn rest_is_plain(rest: &str) -> bool {
        rest.bytes()
            .all(|b| b.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&b))
    }
}

/// A URL as it may stand in a message: without a password.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('@') {
        return "one with user information".to_owned();
    }
    format!("{:?}", text.chars().take(200).collect::<String>())
}

/// The host of `host[:port]`, if both are well formed.
fn host_of(authority: &str) -> Option<&str> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, port) = bracketed.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return port_is_fine(port).then_some(host);
    }
    let colon = authority.find(':').unwrap_or(authority.len());
    let (host, port) = authority.split_at_checked(colon)?;
    let is_name = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    // A name that ends in a number is an IPv4 address or nothing: other spellings are read in different ways.
    let is_number = host
        .rsplit('.')
        .next()
        .is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    let fine = is_name && !host.is_empty() && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    (fine && port_is_fine(port)).then_some(host)
}

/// Nothing, or a colon and a number from 1 to 65535.
fn port_is_fine(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        let url = HttpUrl::parse("https://example.org:8443/a?b#c").unwrap();
        assert_eq!(url.origin, "https://example.org:8443");
        assert_eq!((url.host, url.rest, url.secure), ("example.org", "/a?b#c", true));
        assert_eq!(HttpUrl::parse("http://[::1]:1").unwrap().host, "::1");
    }

    #[test]
    fn what_is_not_such_a_url_is_refused() {
        for text in [
            "",
            "example.org",
            "ftp://example.org",
            "HTTPS://example.org",
            "https://",
            "https:///path",
            "https://user@example.org",
            "https://example.org:0",
            "https://example.org:65536",
            "https://example.org:",
            "https://example.org:+1",
            "https://[::1",
            "https://[::1]x",
            "https://[1.2.3.4]",
            "https://exa mple.org",
            "https://münchen.example",
            "https://127.1",
            "https://1.2.3.256",
        ] {
            assert_eq!(HttpUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn http_is_private_only_towards_this_machine() {
        for (text, private) in [
            ("https://example.org", true),
            ("http://localhost:8080/realms/a", true),
            ("http://127.3.2.1", true),
            ("http://[::1]:9", true),
            ("http://example.org", false),
            ("http://localhost.example.org", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(HttpUrl::parse(text).unwrap().is_private(), private, "{text}");
        }
    }
}
