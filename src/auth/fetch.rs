//! Asks issuers over HTTP: for their key sets, and for tokens of those whom they sign in.
//!
//! What the configuration names may lie anywhere. What a discovery document names must be at the issuer's own
//! origin or at a public address, and the address that was checked is the one that is dialled. No redirects, no
//! proxies, answers up to 1 MiB, 5 s for each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url, redirect};
use serde_json::Value;

use super::key_set::{BadKeySet, KeySet};

/// The longest answer that is read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The time for one answer, from the look-up of the name to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Where an issuer's keys are on the network.
#[derive(Clone, Debug)]
pub struct KeyLocation {
    whereabouts: Whereabouts,
    outgoing: Outgoing,
}

#[derive(Clone, Debug)]
enum Whereabouts {
    KeySet(Url),
    Discovery { document: Url, issuer: String },
}

/// Why a key set could not be fetched. No text of the answer is repeated.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// The URL cannot be used.
    #[error("`{0}` is not an https:// URL (http:// only towards a loopback address)")]
    BadUrl(String),
    /// The file with further roots cannot be used.
    #[error("cannot read certificates from `{0}`")]
    BadRoots(PathBuf),
    /// The name has no address.
    #[error("`{0}` has no address")]
    NoAddress(String),
    /// Discovery names an address that is neither the issuer's own nor public.
    #[error("discovery names `{0}`, which is neither at the issuer's origin nor at a public https address")]
    NotPublic(String),
    /// No connection, or an answer that broke off.
    #[error("no answer from `{url}`")]
    NoAnswer {
        /// The URL that was asked.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The whole answer was not there in time.
    #[error("`{0}` did not answer in time")]
    TooSlow(String),
    /// Another status than 200; a redirect is one.
    #[error("`{url}` answered {status}")]
    Status {
        /// The URL that was asked.
        url: String,
        /// Its answer.
        status: StatusCode,
    },
    /// More than 1 MiB.
    #[error("`{0}` answered more than 1 MiB")]
    TooLong(String),
    /// The discovery document is not of this issuer.
    #[error("`{0}` is not the discovery document of this issuer, with `issuer` and `jwks_uri`")]
    BadDocument(String),
    /// What came is no usable key set.
    #[error("the answer of `{url}` is of no use")]
    BadKeySet {
        /// The URL that was asked.
        url: String,
        /// What is wrong with it.
        #[source]
        source: BadKeySet,
    },
}

/// Asks an issuer: no redirects, no proxies, answers up to a limit in size and time.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// PEM file with further roots.
    ca_file: Option<PathBuf>,
    time_limit: Duration,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    /// 200 or, to a form, another status.
    pub is_success: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// A form that is sent.
pub struct OutgoingForm<'a> {
    /// Its fields, encoded.
    pub body: String,
    /// What goes into `Authorization`.
    pub authorization: Option<&'a str>,
}

impl KeyLocation {
    /// The set at a URL that the configuration names.
    ///
    /// # Errors
    ///
    /// When the URL cannot be used, or `ca_file` holds no certificates.
    pub fn at(jwks_uri: &str, ca_file: Option<&Path>) -> Result<Self, FetchFault> {
        Self::new(Whereabouts::KeySet(allowed_url(jwks_uri)?), ca_file)
    }

    /// The set that the discovery document of `issuer` names (OpenID Connect Discovery 1.0 section 4).
    ///
    /// # Errors
    ///
    /// As for [`KeyLocation::at`].
    pub fn discovered(issuer: &str, ca_file: Option<&Path>) -> Result<Self, FetchFault> {
        let document = discovery_document(issuer)?;
        Self::new(
            Whereabouts::Discovery {
                document,
                issuer: issuer.to_owned(),
            },
            ca_file,
        )
    }

    fn new(whereabouts: Whereabouts, ca_file: Option<&Path>) -> Result<Self, FetchFault> {
        Ok(Self {
            whereabouts,
            outgoing: Outgoing::new(ca_file)?,
        })
    }

    #[cfg(test)]
    pub(super) fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.outgoing.time_limit = time_limit;
        self
    }

    /// Fetches the set, after its discovery document where there is one.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is not what it should be.
    pub async fn fetch(&self) -> Result<KeySet, FetchFault> {
        let (url, foreign) = match &self.whereabouts {
            Whereabouts::KeySet(url) => (url.clone(), false),
            Whereabouts::Discovery { document, issuer } => {
                let content = self.outgoing.discover(document, issuer).await?;
                named_url(&content, "jwks_uri", document)?
            }
        };
        let json = self.outgoing.get(&url, foreign, None).await?;
        KeySet::parse(&json).map_err(|source| FetchFault::BadKeySet {
            url: url.to_string(),
            source,
        })
    }
}

/// The URL that a discovery document names, and whether it lies at another origin than the document.
fn named_url(content: &Value, name: &str, document: &Url) -> Result<(Url, bool), FetchFault> {
    let text = content.get(name).and_then(Value::as_str);
    let text = text.ok_or_else(|| FetchFault::BadDocument(document.to_string()))?;
    let url = allowed_url(text)?;
    let foreign = url.origin() != document.origin();
    if foreign && url.scheme() != "https" {
        return Err(FetchFault::NotPublic(url.to_string()));
    }
    Ok((url, foreign))
}

/// What a provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as signing in needs it.
#[derive(Clone, Debug)]
pub struct ProviderMetadata {
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: Url,
    /// That lies at another origin than the document.
    pub token_endpoint_is_foreign: bool,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where it tells more about people, and whether that lies at another origin than the document.
    pub userinfo_endpoint: Option<(Url, bool)>,
}

impl Outgoing {
    /// With further roots.
    ///
    /// # Errors
    ///
    /// When `ca_file` holds no certificates.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, FetchFault> {
        if let Some(path) = ca_file {
            roots(path)?;
        }
        Ok(Self {
            ca_file: ca_file.map(Path::to_owned),
            time_limit: TIME_LIMIT,
        })
    }

    /// What the provider with that `issuer` says of itself.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is not what it should be.
    pub async fn provider(&self, issuer: &str) -> Result<ProviderMetadata, FetchFault> {
        let document = discovery_document(issuer)?;
        let content = self.discover(&document, issuer).await?;
        let (token_endpoint, token_endpoint_is_foreign) = named_url(&content, "token_endpoint", &document)?;
        let (jwks_uri, _) = named_url(&content, "jwks_uri", &document)?;
        let authorization = content.get("authorization_endpoint").and_then(Value::as_str);
        let authorization = authorization.ok_or_else(|| FetchFault::BadDocument(document.to_string()))?;
        Ok(ProviderMetadata {
            // Browsers go there, not this server; still nobody is sent anywhere in the clear.
            authorization_endpoint: allowed_url(authorization)?.to_string(),
            token_endpoint,
            token_endpoint_is_foreign,
            jwks_uri: jwks_uri.to_string(),
            userinfo_endpoint: match content.get("userinfo_endpoint") {
                Some(_) => Some(named_url(&content, "userinfo_endpoint", &document)?),
                None => None,
            },
        })
    }

    /// A discovery document, which must be of that issuer.
    async fn discover(&self, document: &Url, issuer: &str) -> Result<Value, FetchFault> {
        let json = self.get(document, false, None).await?;
        let bad = || FetchFault::BadDocument(document.to_string());
        let content: Value = serde_json::from_slice(&json).map_err(|_| bad())?;
        match content.get("issuer").and_then(Value::as_str) == Some(issuer) {
            true => Ok(content),
            false => Err(bad()),
        }
    }

    /// Sends a form to `url`; `foreign`: it must lie at a public address.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post(
        &self,
        url: &Url,
        foreign: bool,
        form: OutgoingForm<'_>,
    ) -> Result<Answered, FetchFault> {
        let answer = tokio::time::timeout(self.time_limit, async {
            let client = self.client(url, addresses(url, foreign).await?).await?;
            let mut request = client
                .post(url.clone())
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.body);
            if let Some(authorization) = form.authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            read(url, request).await
        });
        let (status, body) = answer.await.map_err(|_| FetchFault::TooSlow(url.to_string()))??;
        Ok(Answered {
            is_success: status == StatusCode::OK,
            body,
        })
    }

    /// Asks `url`, with an access token where it wants one; `foreign`: it must lie at a public address.
    ///
    /// # Errors
    ///
    /// When there is no answer, or another than 200.
    pub async fn get(&self, url: &Url, foreign: bool, token: Option<&str>) -> Result<Vec<u8>, FetchFault> {
        let answer = tokio::time::timeout(self.time_limit, self.get_without_limit(url, foreign, token));
        answer.await.map_err(|_| FetchFault::TooSlow(url.to_string()))?
    }

    async fn get_without_limit(
        &self,
        url: &Url,
        foreign: bool,
        token: Option<&str>,
    ) -> Result<Vec<u8>, FetchFault> {
        let client = self.client(url, addresses(url, foreign).await?).await?;
        let mut request = client
            .get(url.clone())
            .header(ACCEPT, "application/json, application/jwk-set+json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        match read(url, request).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => Err(FetchFault::Status {
                url: url.to_string(),
                status,
            }),
        }
    }

    /// A client for one request. Fetches are minutes apart, so nothing is kept; the roots are read anew, and off
    /// the runtime's thread, because the machine's are many files.
    async fn client(&self, url: &Url, addresses: Vec<SocketAddr>) -> Result<Client, FetchFault> {
        let ca_file = self.ca_file.clone();
        let target = url.clone();
        let built = tokio::task::spawn_blocking(move || {
            let mut builder = client_builder();
            if let Some(host) = target.host_str() {
                builder = builder.resolve_to_addrs(host, &addresses);
            }
            builder = if target.scheme() == "http" {
                // Plain HTTP works on a machine without any root certificates.
                builder.tls_certs_only([])
            } else if let Some(path) = &ca_file {
                builder.tls_certs_merge(roots(path)?)
            } else {
                builder
            };
            let no_client = |source| FetchFault::NoAnswer {
                url: target.to_string(),
                source,
            };
            builder.build().map_err(no_client)
        });
        built.await.map_err(|_| FetchFault::TooSlow(url.to_string()))?
    }
}

/// Sends a request and reads the answer, up to the limit.
async fn read(url: &Url, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), FetchFault> {
    let no_answer = |source: reqwest::Error| FetchFault::NoAnswer {
        url: url.to_string(),
        source: source.without_url(),
    };
    let mut answer = request.send().await.map_err(no_answer)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(FetchFault::TooLong(url.to_string()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((answer.status(), body))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the clients with limits are made"
)]
fn client_builder() -> reqwest::ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        // Runtime threads come and go with tests; no connection outlives its request.
        .pool_max_idle_per_host(0)
}

/// The certificates of a PEM file; at least one.
fn roots(path: &Path) -> Result<Vec<Certificate>, FetchFault> {
    let bad = || FetchFault::BadRoots(path.to_owned());
    let pem = std::fs::read(path).map_err(|_| bad())?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| bad())?;
    if certificates.is_empty() {
        Err(bad())
    } else {
        Ok(certificates)
    }
}

/// Where the issuer describes itself (OpenID Connect Discovery 1.0 section 4).
fn discovery_document(issuer: &str) -> Result<Url, FetchFault> {
    allowed_url(&format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    ))
}

/// `text` as a URL that may be asked: https, or http towards a loopback address.
fn allowed_url(text: &str) -> Result<Url, FetchFault> {
    let bad = || FetchFault::BadUrl(text.to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let loopback = match literal_address(&url) {
        Some(address) => address.is_loopback(),
        None => url.host_str() == Some("localhost"),
    };
    let allowed = plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback));
    if allowed { Ok(url) } else { Err(bad()) }
}

/// The address that is written in a URL instead of a name. The URL parser has already read every spelling
/// (`0x7f.1`, `2130706433`) into the usual one.
fn literal_address(url: &Url) -> Option<IpAddr> {
    url.host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// The addresses to dial for `url`, checked.
async fn addresses(url: &Url, foreign: bool) -> Result<Vec<SocketAddr>, FetchFault> {
    let port = url.port_or_known_default().unwrap_or(443);
    let no_address = || FetchFault::NoAddress(url.to_string());
    let found: Vec<SocketAddr> = if let Some(address) = literal_address(url) {
        vec![SocketAddr::new(address, port)]
    } else {
        let host = url.host_str().ok_or_else(no_address)?;
        tokio::net::lookup_host((host, port))
            .await
            .map_err(|_| no_address())?
            .collect()
    };
    if found.is_empty() {
        return Err(no_address());
    }
    if foreign && !found.iter().all(|address| is_public(address.ip())) {
        return Err(FetchFault::NotPublic(url.to_string()));
    }
    if url.scheme() == "http" && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(FetchFault::BadUrl(url.to_string()));
    }
    Ok(found)
}

/// Whether anybody on the Internet could mean the same machine by this address (the registries of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let special = match (a, b, c) {
        // this network, private, loopback, multicast, reserved, broadcast
        (0 | 10 | 127 | 224..=255, _, _) => true,
        // carrier-grade NAT (100.100.100.200 is a metadata address), private, benchmarking
        (100, 64..=127, _) | (172, 16..=31, _) | (192, 168, _) | (198, 18 | 19, _) => true,
        // link-local with the metadata addresses
        (169, 254, _) => true,
        // protocol assignments, documentation, 6to4 relays
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        // the one metadata address in public space
        (168, 63, 129) => d == 16,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is global unicast, which leaves out IPv4-mapped, NAT64, unique-local, link-local, multicast.
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    // 2001::/23: Teredo, ORCHID and other protocol assignments; 2001:db8::/32 and 3fff::/20: documentation.
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || (first == 0x3fff && second < 0x1000)
        // 6to4 holds an IPv4 address.
        || first == 0x2002;
    global && !special
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixtures::{Answer, IssuerServer, jwk, key_set};
    use super::*;

    async fn fetch(answer: Answer) -> Result<KeySet, FetchFault> {
        let server = IssuerServer::start(answer).await;
        KeyLocation::at(&server.url("/keys"), None).unwrap().fetch().await
    }

    async fn discover(jwks_uri: &str) -> Result<KeySet, FetchFault> {
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let jwks_uri = jwks_uri.replace("OWN", &server.url(""));
        server.discovery(&json!({ "issuer": server.url("/a/"), "jwks_uri": jwks_uri }).to_string());
        KeyLocation::discovered(&server.url("/a/"), None)
            .unwrap()
            .fetch()
            .await
    }

    #[tokio::test]
    async fn a_key_set_is_fetched() {
        let set = fetch(Answer::json(&key_set(&[jwk("one")]))).await.unwrap();
        assert!(set.find(Some("one")).is_some());
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let answer = Answer::Head("302 Found\r\nlocation: /elsewhere");
        assert!(matches!(
            fetch(answer).await,
            Err(FetchFault::Status {
                status: StatusCode::FOUND,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn an_error_is_no_key_set() {
        let answer = Answer::Head("500 Internal Server Error");
        assert!(matches!(fetch(answer).await, Err(FetchFault::Status { .. })));
        assert!(matches!(
            fetch(Answer::Close).await,
            Err(FetchFault::NoAnswer { .. })
        ));
        assert!(matches!(
            fetch(Answer::json("<html>")).await,
            Err(FetchFault::BadKeySet { .. })
        ));
    }

    #[tokio::test]
    async fn a_huge_answer_is_cut_off() {
        let huge = format!("{}{}", key_set(&[jwk("one")]), " ".repeat(MAX_ANSWER_BYTES));
        assert!(matches!(
            fetch(Answer::json(&huge)).await,
            Err(FetchFault::TooLong(_))
        ));
        // Without a length, for ever.
        assert!(matches!(
            fetch(Answer::Endless).await,
            Err(FetchFault::TooLong(_))
        ));
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_not_waited_for() {
        let server = IssuerServer::start(Answer::Head("200 OK")).await;
        let _gate = server.close_gate().await;
        let location = KeyLocation::at(&server.url("/keys"), None).unwrap();
        let location = location.with_time_limit(Duration::from_millis(50));
        assert!(matches!(location.fetch().await, Err(FetchFault::TooSlow(_))));
    }

    #[tokio::test]
    async fn discovery_leads_to_the_keys_at_its_own_origin() {
        assert!(discover("OWN/keys").await.unwrap().find(Some("one")).is_some());
    }

    #[tokio::test]
    async fn discovery_leads_nowhere_inside() {
        let other = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        for jwks_uri in [
            other.url("/keys"),
            other.url("/keys").replace("http:", "https:"),
            "https://localhost/keys".to_owned(),
            "https://10.0.0.1/keys".to_owned(),
            "https://0x7f.1/keys".to_owned(),
            "https://2130706433/keys".to_owned(),
            "https://[::ffff:169.254.169.254]/keys".to_owned(),
            "https://[fd00::1]/keys".to_owned(),
        ] {
            let refused = discover(&jwks_uri).await;
            assert!(
                matches!(refused, Err(FetchFault::NotPublic(_))),
                "{jwks_uri}: {refused:?}"
            );
        }
        for jwks_uri in [
            "http://keys.example/",
            "file:///etc/passwd",
            "/keys",
            "https://a:b@keys.example/",
        ] {
            let refused = discover(jwks_uri).await;
            assert!(
                matches!(refused, Err(FetchFault::BadUrl(_))),
                "{jwks_uri}: {refused:?}"
            );
        }
        assert_eq!(other.hits(), 0);
    }

    #[tokio::test]
    async fn a_discovery_document_of_another_issuer_is_refused() {
        let server = IssuerServer::start(Answer::json(&key_set(&[jwk("one")]))).await;
        let location = KeyLocation::discovered(&server.url(""), None).unwrap();
        for document in [
            json!({ "issuer": "https://other.example", "jwks_uri": server.url("/keys") }),
            json!({ "issuer": server.url("/"), "jwks_uri": server.url("/keys") }),
            json!({ "jwks_uri": server.url("/keys") }),
            json!({ "issuer": server.url("") }),
            json!([]),
        ] {
            server.discovery(&document.to_string());
            assert!(
                matches!(location.fetch().await, Err(FetchFault::BadDocument(_))),
                "{document}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for url in [
            "http://127.0.0.1:1/k",
            "http://[::1]/k",
            "http://localhost/k",
            "https://10.1.2.3/k",
        ] {
            assert!(KeyLocation::at(url, None).is_ok(), "{url}");
        }
        for url in [
            "http://10.1.2.3/k",
            "http://keys.example",
            "http://localhost.example/k",
            "ftp://a/k",
            "",
        ] {
            assert!(KeyLocation::at(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn a_file_of_roots_must_hold_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        assert!(KeyLocation::at("https://a.example/", Some(&path)).is_err());
        std::fs::write(&path, "nothing").unwrap();
        assert!(KeyLocation::at("https://a.example/", Some(&path)).is_err());
    }

    #[test]
    fn only_public_addresses_are_public() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let outside = [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "168.63.129.17",
            "2606:4700::1111",
            "2a00:1450::1",
        ];
        for address in outside {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
