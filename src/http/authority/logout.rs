//! `GET /{tenant}/oauth2/v2.0/logout` (OpenID Connect RP-Initiated Logout 1.0): the browser is signed out. It is sent on only to
//! where the application may be sent to anyway.

use http::{Method, Response, StatusCode};

use super::AuthorityCall;
use super::browser;
use super::form::Form;
use super::pages::Language;
use crate::auth::token::CompactToken;
use crate::authority::redirect_uri::{self, with_parameters};
use crate::authority::tenant_name::Segment;
use crate::authority::{AuthorityError, client};
use crate::db::applications;
use crate::db::sign_in_sessions::EndSession;
use crate::http::body::Body;

/// Signs a browser out.
pub(super) async fn logout(call: &AuthorityCall<'_>) -> Response<Body> {
    if *call.method == Method::POST {
        return browser::ask_again(call);
    }
    let form = Form::parse(call.query).unwrap_or_default();
    let language = Language::of(call.headers, form.get("ui_locales"));
    let texts = language.texts();
    let mut response = match end(call, &form).await {
        Ok(Some(target)) => browser::see_other(&target),
        Ok(None) => {
            let (title, text) = (texts.signed_out, texts.signed_out_text);
            browser::message(StatusCode::OK, language, title, text, None)
        }
        Err(error) => return browser::stop(call, language, &error),
    };
    browser::forget_session(call, &mut response);
    response
}

/// Ends the session; gives where the browser may be sent.
async fn end(call: &AuthorityCall<'_>, form: &Form) -> Result<Option<String>, AuthorityError> {
    let authority = &call.app.authority;
    if let Some(cookie) = browser::session(call)
        && let Some((session, _)) = authority.session(cookie).await?
    {
        let now = authority.clock.now();
        authority.db.write(EndSession { id: session.id, now }).await?;
    }
    let Some(target) = form.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    // The hint only says which application's list is asked; a forged one gains nothing.
    let hinted = form.get("id_token_hint").and_then(|token| {
        let token = CompactToken::parse(token).ok()?;
        token.claims().get("aud")?.as_str().map(str::to_owned)
    });
    let Some(app_id) = form.get("client_id").map(str::to_owned).or(hinted) else {
        return Ok(None);
    };
    let mut db = authority.db.snapshot().await?;
    let Ok(segment) = Segment::parse(&call.tenant) else {
        return Ok(None);
    };
    let tenant = segment.resolve(&mut db).await?;
    let (application, tenant) = match client::find(&mut db, &tenant, &app_id, None).await {
        Ok(found) => found,
        Err(AuthorityError::Refused(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let registered = applications::redirect_uris(&mut db, &application.app_id, &tenant.id).await?;
    if !redirect_uri::matches(&registered, target) {
        return Ok(None);
    }
    let state = form.get("state").map(|state| ("state", state));
    Ok(Some(with_parameters(target, state.as_slice())))
}
