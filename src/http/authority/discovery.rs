//! What tells a client about the authority: OpenID Connect Discovery, its keys (RFC 7517), and Microsoft's instance discovery.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::form::Form;
use super::{AuthorityCall, answer};
use crate::authority::tenant_name::{Segment, TenantName};
use crate::authority::{AuthorityError, key_ring, refusal};
use crate::http::body::Body;

/// How long a description may be kept.
const MAX_AGE_SECONDS: u32 = 300;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(super) async fn configuration(call: &AuthorityCall<'_>) -> Response<Body> {
    match describe(call).await {
        Ok(body) => answer::document(&body, MAX_AGE_SECONDS),
        Err(error) => answer::refused(call, &error),
    }
}

async fn describe(call: &AuthorityCall<'_>) -> Result<Value, AuthorityError> {
    let authority = &call.app.authority;
    let url = &authority.public_url;
    let host = url.split_once("://").map_or("", |(_, host)| host);
    let segment = Segment::parse(&call.tenant)?;
    let found = segment.resolve(&mut *authority.db.snapshot().await?).await?;
    let written = call.tenant.to_ascii_lowercase();
    let (name, issuer) = match found {
        TenantName::One(tenant) => (tenant.id.clone(), format!("{url}/{}/v2.0", tenant.id)),
        // There is no tenant yet: the issuer of an ID token names it in that place.
        TenantName::Any if written == "adfs" => (written.clone(), format!("{url}/adfs")),
        TenantName::Any => (written.clone(), format!("{url}/{{tenantid}}/v2.0")),
    };
    let oauth2 = match written.as_str() {
        "adfs" => format!("{url}/adfs/oauth2"),
        _ => format!("{url}/{name}/oauth2/v2.0"),
    };
    let keys = match written.as_str() {
        "adfs" => format!("{url}/adfs/discovery/keys"),
        _ => format!("{url}/{name}/discovery/v2.0/keys"),
    };
    Ok(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{oauth2}/authorize"),
        "token_endpoint": format!("{oauth2}/token"),
        "device_authorization_endpoint": format!("{oauth2}/devicecode"),
        "end_session_endpoint": format!("{oauth2}/logout"),
        "jwks_uri": keys,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "client_secret_basic", "private_key_jwt", "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "aud", "iss", "iat", "nbf", "exp", "sub", "oid", "tid", "ver", "nonce", "preferred_username", "name", "email",
        ],
        "authorization_response_iss_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "http_logout_supported": true,
        "tenant_region_scope": null,
        "cloud_instance_name": host,
        "cloud_graph_host_name": host,
        "msgraph_host": host,
    }))
}

/// `GET /{tenant}/discovery/v2.0/keys`
pub(super) async fn keys(call: &AuthorityCall<'_>) -> Response<Body> {
    let listed = async {
        let authority = &call.app.authority;
        let mut db = authority.db.snapshot().await?;
        Segment::parse(&call.tenant)?.resolve(&mut db).await?;
        let published = key_ring::published(&mut db, authority.clock.now()).await?;
        let keys: Vec<Value> = published.into_iter().map(|key| key.public_jwk).collect();
        Ok::<_, AuthorityError>(json!({ "keys": keys }))
    };
    match listed.await {
        Ok(body) => answer::document(&body, MAX_AGE_SECONDS),
        Err(error) => answer::refused(call, &error),
    }
}

/// `GET /common/discovery/instance`: this authority and no other is meant by its host, also where a library asks whether that
/// is one that it may trust.
pub(super) fn instance(call: &AuthorityCall<'_>) -> Response<Body> {
    let authority = &call.app.authority;
    let host = authority
        .public_url
        .split_once("://")
        .map_or("", |(_, host)| host);
    let asked = Form::parse(call.query);
    let endpoint = match &asked {
        Ok(form) => form.needed("authorization_endpoint"),
        Err(refusal) => Err(refusal.clone()),
    };
    let endpoint = match endpoint {
        Ok(endpoint) => endpoint,
        Err(refusal) => return answer::refused(call, &refusal.into()),
    };
    let path = endpoint
        .strip_prefix(&*authority.public_url)
        .and_then(|rest| rest.strip_prefix('/'));
    let Some(tenant) = path.and_then(|path| path.split('/').next()) else {
        let body = json!({ "error": "invalid_instance", "error_description": refusal::NO_RESOURCE.about(endpoint).text });
        return answer::json(StatusCode::BAD_REQUEST, &body);
    };
    let discovery = format!(
        "{}/{tenant}/v2.0/.well-known/openid-configuration",
        authority.public_url
    );
    answer::document(
        &json!({
            "tenant_discovery_endpoint": discovery,
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        }),
        MAX_AGE_SECONDS,
    )
}
