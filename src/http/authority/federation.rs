//! The way to another provider and back: `POST /{tenant}/provider` sends the browser there, `GET /{tenant}/callback` takes it
//! back with a code.

use http::{Response, StatusCode};

use super::AuthorityCall;
use super::browser::{self, Browser};
use super::form::Form;
use super::pages::Language;
use super::sign_in;
use crate::authority::interaction::Stage;
use crate::authority::random_secret::sha256;
use crate::authority::{AuthorityError, refusal};
use crate::db::directory::federated::FederatedUser;
use crate::http::body::Body;

/// Sends a browser to the provider.
pub(super) async fn begin(call: &AuthorityCall<'_>) -> Response<Body> {
    let (form, interaction, language) = match sign_in::opened(call) {
        Ok(opened) => opened,
        Err(page) => return *page,
    };
    if interaction.stage != Stage::SignIn {
        return browser::refuse(language, language.texts().page_ended);
    }
    let sent = async {
        let authority = &call.app.authority;
        let mut db = authority.db.snapshot().await?;
        let provider = authority.provider(&mut db, &interaction.tenant_id).await?;
        drop(db);
        let provider = provider.ok_or_else(|| refusal::NO_TENANT.about(&interaction.tenant_id))?;
        let target = authority
            .begin_detour(&provider, &interaction, form.get("login_hint"))
            .await?;
        Ok::<_, AuthorityError>(browser::see_other(&target))
    };
    sent.await
        .unwrap_or_else(|error| browser::stop(call, language, &error))
}

/// Takes a browser back.
pub(super) async fn callback(call: &AuthorityCall<'_>) -> Response<Body> {
    let language = Language::of(call.headers, None);
    match take_back(call, language).await {
        Ok(response) => response,
        Err(error) => browser::stop(call, language, &error),
    }
}

async fn take_back(call: &AuthorityCall<'_>, language: Language) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let texts = language.texts();
    let form = Form::parse(call.query)?;
    let detour = form.get("state").and_then(|state| authority.end_detour(state));
    let (Some(detour), Some(browser)) = (detour, Browser::of_form(call)) else {
        return Ok(browser::refuse(language, texts.page_ended));
    };
    let interaction = &detour.interaction;
    let language = Language::of(call.headers, Some(&interaction.language));
    let texts = language.texts();
    // Another browser cannot go on with it, so that nobody is signed in as somebody else.
    if interaction.browser_sha256 != sha256(&browser.key) {
        return Ok(browser::refuse(language, texts.page_ended));
    }
    let mut db = authority.db.snapshot().await?;
    let provider = authority.provider(&mut db, &interaction.tenant_id).await?;
    drop(db);
    let Some(provider) = provider else {
        return Ok(browser::refuse(language, texts.page_ended));
    };
    // RFC 9207: against mix-ups, where the provider says who it is.
    let is_it = form.get("iss").is_none_or(|iss| iss == provider.config.issuer);
    let code = form.get("code").filter(|_| is_it && form.get("error").is_none());
    let again = |text: &'static str| {
        sign_in::page(
            call,
            language,
            interaction,
            ("", Some((StatusCode::FORBIDDEN, text))),
        )
    };
    let Some(code) = code else {
        return again(texts.provider_refused).await;
    };
    let user = match authority.sign_in_federated(&provider, &detour, code).await {
        Ok(FederatedUser::Known(user)) => user,
        Ok(FederatedUser::Unknown) => return again(texts.provider_unknown).await,
        Ok(FederatedUser::NameTaken) => return again(texts.provider_name_taken).await,
        Ok(FederatedUser::Disabled) => return again(texts.account_disabled).await,
        Err(AuthorityError::Provider(fault)) => {
            tracing::warn!(request.id = %call.ids.request, "{fault}");
            return again(texts.provider_refused).await;
        }
        Err(other) => return Err(other),
    };
    sign_in::go_on(call, language, interaction, (&user, false)).await
}
