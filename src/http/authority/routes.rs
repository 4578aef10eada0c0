//! Which paths the authority has, below a tenant.

use http::Method;
use odata::path::decode_segment;

/// What a path does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Hands out tokens.
    Token,
    /// Describes the authority.
    Configuration,
    /// Publishes its keys.
    Keys,
    /// Says which authorities are one.
    Instance,
    /// Begins an authorization by a user.
    Authorize,
    /// Takes name and password.
    SignIn,
    /// Takes a yes or a no.
    Consent,
    /// Gives a device its codes.
    DeviceCode,
    /// Takes a device's code from a person; without a tenant.
    DeviceLogin,
    /// Signs a browser out.
    Logout,
    /// Sends a browser to another provider.
    Provider,
    /// Takes it back.
    Callback,
    /// Takes a password from whoever was given a link.
    Password,
}

/// A path below a tenant.
#[derive(Debug)]
pub struct Route {
    /// It, without the tenant.
    pub path: &'static str,
    /// What it does.
    pub endpoint: Endpoint,
    /// Its methods; HEAD goes with GET.
    pub methods: &'static [Method],
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const BOTH: &[Method] = &[Method::GET, Method::POST];

const fn route(path: &'static str, endpoint: Endpoint, methods: &'static [Method]) -> Route {
    Route {
        path,
        endpoint,
        methods,
    }
}

/// Every path of the authority. Those without `v2.0` are for `adfs`, as whose libraries write them.
pub const ROUTES: &[Route] = &[
    route("oauth2/v2.0/token", Endpoint::Token, POST),
    route("oauth2/token", Endpoint::Token, POST),
    route(
        "v2.0/.well-known/openid-configuration",
        Endpoint::Configuration,
        GET,
    ),
    route(".well-known/openid-configuration", Endpoint::Configuration, GET),
    route("discovery/v2.0/keys", Endpoint::Keys, GET),
    route("discovery/keys", Endpoint::Keys, GET),
    route("oauth2/v2.0/authorize", Endpoint::Authorize, BOTH),
    route("oauth2/authorize", Endpoint::Authorize, BOTH),
    route("oauth2/v2.0/devicecode", Endpoint::DeviceCode, POST),
    route("oauth2/devicecode", Endpoint::DeviceCode, POST),
    route("oauth2/v2.0/logout", Endpoint::Logout, BOTH),
    route("oauth2/logout", Endpoint::Logout, BOTH),
    route("login", Endpoint::SignIn, POST),
    route("consent", Endpoint::Consent, POST),
    route("provider", Endpoint::Provider, POST),
    route("callback", Endpoint::Callback, GET),
    route("password", Endpoint::Password, BOTH),
    route("discovery/instance", Endpoint::Instance, GET),
];

impl Route {
    /// Whether it has that method.
    pub fn allows(&self, method: &Method) -> bool {
        self.methods.contains(method) || (*method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

impl Route {
    /// Its methods, for `Allow`.
    pub fn allowed(&self) -> &'static str {
        match (
            self.methods.contains(&Method::GET),
            self.methods.contains(&Method::POST),
        ) {
            (true, true) => "GET, HEAD, POST, OPTIONS",
            (true, false) => "GET, HEAD, OPTIONS",
            (false, _) => "POST, OPTIONS",
        }
    }
}

/// Where a person enters a device's code: short, as it is typed.
const DEVICE_LOGIN: Route = route("devicelogin", Endpoint::DeviceLogin, BOTH);

/// The route of a raw path and the tenant in it.
pub fn find(path: &str) -> Option<(&'static Route, String)> {
    if path.trim_matches('/').eq_ignore_ascii_case(DEVICE_LOGIN.path) {
        return Some((&DEVICE_LOGIN, "common".to_owned()));
    }
    let (tenant, rest) = path.trim_start_matches('/').split_once('/')?;
    // Those are Graph's.
    if ["v1.0", "beta"]
        .iter()
        .any(|version| tenant.eq_ignore_ascii_case(version))
    {
        return None;
    }
    let rest = rest.trim_end_matches('/');
    let route = ROUTES
        .iter()
        .find(|route| route.path.eq_ignore_ascii_case(rest))?;
    Some((route, decode_segment(tenant)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_tenant_and_one_of_the_table() {
        for (path, expected) in [
            (
                "/contoso.example/oauth2/v2.0/token",
                Some(("contoso.example", Endpoint::Token)),
            ),
            ("/Common/Discovery/Instance", Some(("Common", Endpoint::Instance))),
            (
                "//adfs/.well-known/openid-configuration/",
                Some(("adfs", Endpoint::Configuration)),
            ),
            ("/a%20b/discovery/v2.0/keys", Some(("a b", Endpoint::Keys))),
            ("/a%zz/discovery/v2.0/keys", None),
            ("/oauth2/v2.0/token", None),
            ("/v1.0/login", None),
            ("/Beta/discovery/keys", None),
            ("/devicelogin", Some(("common", Endpoint::DeviceLogin))),
            ("/a/b/oauth2/v2.0/token", None),
            ("/a/oauth2/v2.0/tokens", None),
        ] {
            let found = find(path).map(|(route, tenant)| (tenant, route.endpoint));
            let expected = expected.map(|(tenant, endpoint)| (tenant.to_owned(), endpoint));
            assert_eq!(found, expected, "{path}");
        }
    }
}
