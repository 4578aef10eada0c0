//! `POST /{tenant}/oauth2/v2.0/token`

use http::Response;

use super::AuthorityCall;
use super::answer;
use super::client::{self, Claimed};
use super::form::Form;
use crate::authority::client::{Client, ClientClaim};
use crate::authority::grants::CodeRedemption;
use crate::authority::issue::Issued;
use crate::authority::tenant_name::Segment;
use crate::authority::{AuthorityError, refusal};
use crate::http::body::Body;

const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What must not stand in a URL, for URLs are logged.
const IN_BODY_ALONE: [&str; 8] = [
    "client_secret",
    "client_assertion",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "assertion",
    "password",
];

/// Hands out tokens.
pub(super) async fn token(call: &AuthorityCall<'_>) -> Response<Body> {
    match grant(call).await {
        Ok((issued, with_client_info)) => answer::tokens(&issued, with_client_info),
        Err(error) => answer::refused(call, &error),
    }
}

/// Refuses what must not stand in a URL.
///
/// # Errors
/// [`AuthorityError::Refused`], also where it is right.
pub(super) fn refuse_in_url(call: &AuthorityCall<'_>) -> Result<(), AuthorityError> {
    let query = Form::parse(call.query)?;
    match IN_BODY_ALONE.iter().find(|name| query.get(name).is_some()) {
        Some(name) => Err(refusal::IN_THE_URL.about(name).into()),
        None => Ok(()),
    }
}

/// What is handed out, and whether Microsoft's `client_info` goes with it.
async fn grant(call: &AuthorityCall<'_>) -> Result<(Issued, bool), AuthorityError> {
    refuse_in_url(call)?;
    let form = Form::of_body(call.headers, &call.body)?;
    let authority = &call.app.authority;
    let with_client_info = form.get("client_info") == Some("1");
    let scope = || form.needed("scope");
    let issued = match form.needed("grant_type")? {
        "client_credentials" => {
            let client = find_client(call, &form, None).await?;
            authority.client_credentials(&client, scope()?).await?
        }
        "authorization_code" => {
            let redemption = CodeRedemption {
                code: form.needed("code")?,
                redirect_uri: form.needed("redirect_uri")?,
                verifier: form.needed("code_verifier")?,
            };
            let tenant = authority.tenant_of_code(redemption.code).await?;
            let client = find_client(call, &form, tenant.as_deref()).await?;
            authority.authorization_code(&client, &redemption).await?
        }
        "refresh_token" => {
            let token = form.needed("refresh_token")?;
            let tenant = authority.tenant_of_refresh_token(token).await?;
            let client = find_client(call, &form, tenant.as_deref()).await?;
            authority.refresh_token(&client, token, form.get("scope")).await?
        }
        // Older libraries spell it without its name space, and its code as `code`.
        DEVICE_CODE | "device_code" => {
            let code = form.get("device_code").or_else(|| form.get("code"));
            let code = code.ok_or_else(|| refusal::MISSING.about("device_code"))?;
            let tenant = authority.tenant_of_device_code(code).await?;
            let client = find_client(call, &form, tenant.as_deref()).await?;
            authority.device_code(&client, code).await?
        }
        ON_BEHALF_OF => {
            if form.needed("requested_token_use")? != "on_behalf_of" {
                return Err(refusal::MALFORMED.about("requested_token_use").into());
            }
            let client = find_client(call, &form, None).await?;
            let assertion = form.needed("assertion")?;
            authority
                .on_behalf_of(&client, assertion, scope()?, &call.app.tokens)
                .await?
        }
        other => return Err(refusal::NO_GRANT_TYPE.about(other).into()),
    };
    Ok((issued, with_client_info))
}

/// The client, in the tenant of the path or of what it brings.
pub(super) async fn find_client(
    call: &AuthorityCall<'_>,
    form: &Form,
    brought: Option<&str>,
) -> Result<Client, AuthorityError> {
    let Claimed { app_id, credential } = client::read(call.headers, form)?;
    let authority = &call.app.authority;
    let segment = Segment::parse(&call.tenant)?;
    let tenant = segment.resolve(&mut *authority.db.snapshot().await?).await?;
    let claim = ClientClaim {
        tenant: &tenant,
        segment: &call.tenant,
        app_id: &app_id,
        credential,
        address: call.peer,
        brought,
    };
    authority.client(&claim).await
}
