//! `POST /{tenant}/login`: name and password of somebody who is in the middle of an interaction.

use http::{Response, StatusCode, header};

use super::AuthorityCall;
use super::authorize;
use super::browser::{self, Browser};
use super::form::Form;
use super::pages::{self, Language, Page};
use crate::authority::AuthorityError;
use crate::authority::interaction::{Interaction, Purpose, SignInFault, Stage};
use crate::authority::tenant_name::TenantName;
use crate::authority::{client, refusal};
use crate::config::Secret;
use crate::db::tenants;
use crate::db::users::User;
use crate::http::body::Body;

/// The sign-in page, with the name that is expected and what went wrong before.
///
/// # Errors
/// [`AuthorityError`] where it cannot be made.
pub(super) async fn page(
    call: &AuthorityCall<'_>,
    language: Language,
    interaction: &Interaction,
    (name, problem): (&str, Option<(StatusCode, &str)>),
) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let mut db = authority.db.snapshot().await?;
    let tenant = tenants::find(&mut db, &interaction.tenant_id).await?;
    let tenant = tenant.ok_or_else(|| refusal::NO_TENANT.about(&interaction.tenant_id))?;
    let tenant_name = tenant.display_name.clone();
    let path = TenantName::One(Box::new(tenant));
    let (application, _) = client::find(&mut db, &path, &interaction.app_id, None).await?;
    let provider = authority.provider(&mut db, &interaction.tenant_id).await?;
    drop(db);
    let texts = language.texts();
    let tenant = odata::query::encode_form(&interaction.tenant_id);
    let (way, by_password) = (
        format!("/{tenant}/provider"),
        provider.as_ref().is_none_or(|one| one.config.passwords),
    );
    let content = pages::sign_in(
        texts,
        &pages::SignIn {
            action: &format!("/{tenant}/login"),
            request: &authority.seal(&Interaction {
                stage: Stage::SignIn,
                ..interaction.clone()
            })?,
            application: application.display_name.as_deref().unwrap_or(&application.app_id),
            tenant: tenant_name.as_deref(),
            name,
            problem: problem.map(|(_, text)| text),
            provider: provider
                .as_ref()
                .map(|one| (way.as_str(), one.config.name.as_str())),
            by_password,
        },
    );
    let redirect_uri = match &interaction.purpose {
        Purpose::Code(request) => Some(request.redirect_uri.as_str()),
        Purpose::Device { .. } => None,
    };
    let issuer = provider.as_ref().map(|one| one.config.issuer.as_str());
    let leads_to: Vec<&str> = redirect_uri.into_iter().chain(issuer).collect();
    let page = Page {
        status: problem.map_or(StatusCode::OK, |(status, _)| status),
        language,
        title: texts.sign_in,
        content,
        leads_to: &leads_to,
    };
    Ok(page.answer())
}

/// What a form that belongs to an interaction brings: the form itself, the interaction, and the language in which that goes on.
///
/// # Errors
/// The page that says why it is not taken.
pub(super) fn opened(call: &AuthorityCall<'_>) -> Result<(Form, Interaction, Language), Box<Response<Body>>> {
    let language = Language::of(call.headers, None);
    let texts = language.texts();
    if !browser::is_from_here(call) {
        return Err(Box::new(browser::refuse(language, texts.from_elsewhere)));
    }
    let ended = || Box::new(browser::refuse(language, texts.page_ended));
    let form = Form::of_body(call.headers, &call.body)
        .map_err(|refusal| Box::new(browser::stop(call, language, &refusal.into())))?;
    let browser = Browser::of_form(call).ok_or_else(ended)?;
    let sealed = form.get("request").unwrap_or_default();
    match call.app.authority.unseal(sealed, &browser.key) {
        Some(interaction) => {
            let language = Language::of(call.headers, Some(&interaction.language));
            Ok((form, interaction, language))
        }
        None => Err(ended()),
    }
}

/// Signs somebody in.
pub(super) async fn sign_in(call: &AuthorityCall<'_>) -> Response<Body> {
    let (form, interaction, language) = match opened(call) {
        Ok(opened) => opened,
        Err(page) => return *page,
    };
    if interaction.stage != Stage::SignIn {
        return browser::refuse(language, language.texts().page_ended);
    }
    match check(call, language, &form, &interaction).await {
        Ok(response) => response,
        Err(error) => browser::stop(call, language, &error),
    }
}

async fn check(
    call: &AuthorityCall<'_>,
    language: Language,
    form: &Form,
    interaction: &Interaction,
) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let texts = language.texts();
    let name = form.get("username").unwrap_or_default().trim();
    let mut db = authority.db.snapshot().await?;
    let provider = authority.provider(&mut db, &interaction.tenant_id).await?;
    drop(db);
    if provider.is_some_and(|provider| !provider.config.passwords) {
        return page(
            call,
            language,
            interaction,
            ("", Some((StatusCode::FORBIDDEN, texts.wrong_password))),
        )
        .await;
    }
    let password = Secret::new(form.get("password").unwrap_or_default().to_owned());
    let user = match authority
        .sign_in(&interaction.tenant_id, name, password, call.peer)
        .await?
    {
        Ok(user) => user,
        Err(fault) => {
            let (status, text) = match fault {
                SignInFault::Wrong => (StatusCode::FORBIDDEN, texts.wrong_password.to_owned()),
                SignInFault::Disabled => (StatusCode::FORBIDDEN, texts.account_disabled.to_owned()),
                SignInFault::Wait(seconds) => {
                    (StatusCode::TOO_MANY_REQUESTS, format!("{} {seconds}", texts.wait))
                }
            };
            let mut answer = page(call, language, interaction, (name, Some((status, &text)))).await?;
            if let SignInFault::Wait(seconds) = fault {
                answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            return Ok(answer);
        }
    };
    go_on(call, language, interaction, (&user, true)).await
}

/// Begins a session of somebody who has said who he is, and goes on.
///
/// # Errors
/// [`AuthorityError`] where that cannot be.
pub(super) async fn go_on(
    call: &AuthorityCall<'_>,
    language: Language,
    interaction: &Interaction,
    (user, by_password): (&User, bool),
) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let begun = authority
        .begin_session(user, by_password, browser::session(call))
        .await?;
    let Some((cookie, session)) = begun else {
        // Disabled, or given another password, a moment ago.
        let text = language.texts().wrong_password;
        return page(
            call,
            language,
            interaction,
            ("", Some((StatusCode::FORBIDDEN, text))),
        )
        .await;
    };
    let went_on = authorize::proceed(call, language, interaction, (user, &session), true).await;
    let mut response = match (went_on, &interaction.purpose) {
        (Err(AuthorityError::Refused(refusal)), Purpose::Code(request)) => {
            authorize::refused(call, language, request, &interaction.tenant_id, &refusal)
        }
        (went_on, _) => went_on?,
    };
    browser::keep_session(call, &mut response, &cookie);
    Ok(response)
}
