//! `POST /{tenant}/consent`: a yes or a no to what an application asks for.

use http::{Response, StatusCode};

use super::AuthorityCall;
use super::authorize;
use super::browser;
use super::form::Form;
use super::pages::Language;
use super::sign_in;
use crate::authority::interaction::{Allowed, Interaction, Purpose, Stage};
use crate::authority::{AuthorityError, refusal};
use crate::http::body::Body;

/// Takes somebody's answer.
pub(super) async fn consent(call: &AuthorityCall<'_>) -> Response<Body> {
    let (form, interaction, language) = match sign_in::opened(call) {
        Ok(opened) => opened,
        Err(page) => return *page,
    };
    match decide(call, language, &form, &interaction).await {
        Ok(response) => response,
        Err(error) => browser::stop(call, language, &error),
    }
}

async fn decide(
    call: &AuthorityCall<'_>,
    language: Language,
    form: &Form,
    interaction: &Interaction,
) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let texts = language.texts();
    let signed_in = match browser::session(call) {
        Some(cookie) => authority.session(cookie).await?,
        None => None,
    };
    let Stage::Consent {
        session_id,
        shown,
        for_all,
    } = &interaction.stage
    else {
        return Ok(browser::refuse(language, texts.page_ended));
    };
    // Whoever was asked answers, and nobody who has signed in with the same browser since.
    let Some((session, user)) = signed_in.filter(|(session, _)| session.id == *session_id) else {
        return sign_in::page(call, language, interaction, ("", None)).await;
    };
    if form.get("decision") != Some("accept") {
        return deny(call, language, interaction).await;
    }
    let question = authority.question(interaction, &user).await?;
    if question.consent.missing.iter().any(|name| !shown.contains(name)) {
        // Something has come to it since the page was made.
        return authorize::consent_page(call, language, interaction, (&user, &session), &question);
    }
    let allowed = Allowed {
        interaction,
        user: &user,
        session: &session,
        consented: &question.consent.missing,
        for_all: *for_all && question.may_consent_for_all && form.get("for_all") == Some("1"),
    };
    match &interaction.purpose {
        Purpose::Code(request) => authorize::finish(call, language, &allowed, request).await,
        Purpose::Device { user_code } => {
            let (status, title, text) = match authority.let_device_in(&allowed, user_code).await? {
                true => (StatusCode::OK, texts.device_done, texts.device_done_text),
                false => (StatusCode::FORBIDDEN, texts.cannot_go_on, texts.wrong_code),
            };
            Ok(browser::message(status, language, title, text, None))
        }
    }
}

async fn deny(
    call: &AuthorityCall<'_>,
    language: Language,
    interaction: &Interaction,
) -> Result<Response<Body>, AuthorityError> {
    let texts = language.texts();
    match &interaction.purpose {
        Purpose::Code(request) => {
            let declined = refusal::DECLINED.refuse();
            Ok(authorize::refused(
                call,
                language,
                request,
                &interaction.tenant_id,
                &declined,
            ))
        }
        Purpose::Device { user_code } => {
            call.app.authority.keep_device_out(user_code).await?;
            let (title, text) = (texts.device_denied, texts.device_denied_text);
            Ok(browser::message(StatusCode::OK, language, title, text, None))
        }
    }
}
