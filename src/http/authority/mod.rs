//! The authority's own paths: `/{tenant}/oauth2/v2.0/token` and the like, as Entra ID has them. What is decided there is decided
//! in [`crate::authority`]; here requests are read and answers written.

mod answer;
mod authorize;
mod browser;
mod client;
mod consent;
mod device;
mod discovery;
mod federation;
mod form;
mod logout;
mod pages;
mod password;
mod routes;
mod sign_in;
mod token;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use super::body::Body;
use super::request::RequestIds;
use crate::app::App;

pub(super) use answer::RefusalNumber;
pub(super) use routes::{Endpoint, Route, find};

/// A request for one of the authority's paths.
pub(super) struct AuthorityCall<'a> {
    /// All that a request may reach.
    pub app: &'a App,
    /// The path's first segment, decoded.
    pub tenant: String,
    /// Its path, as it was sent.
    pub path: &'a str,
    /// Its method.
    pub method: &'a Method,
    /// Its query, still encoded.
    pub query: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Where it comes from.
    pub peer: IpAddr,
    /// Its ids.
    pub ids: &'a RequestIds,
}

/// Answers a request for one of the authority's paths. Refusals are answers too.
pub(super) async fn answer(endpoint: Endpoint, call: &AuthorityCall<'_>) -> Response<Body> {
    match endpoint {
        Endpoint::Token => token::token(call).await,
        Endpoint::Configuration => discovery::configuration(call).await,
        Endpoint::Keys => discovery::keys(call).await,
        Endpoint::Instance => discovery::instance(call),
        Endpoint::Authorize => authorize::authorize(call).await,
        Endpoint::SignIn => sign_in::sign_in(call).await,
        Endpoint::Consent => consent::consent(call).await,
        Endpoint::DeviceCode => device::device_code(call).await,
        Endpoint::DeviceLogin => device::device_login(call).await,
        Endpoint::Provider => federation::begin(call).await,
        Endpoint::Callback => federation::callback(call).await,
        Endpoint::Password => password::password(call).await,
        Endpoint::Logout => logout::logout(call).await,
    }
}
