//! `/{tenant}/password?link=…`: whoever was given a link sets a password with it, once.

use http::{Method, Response, StatusCode};

use super::AuthorityCall;
use super::browser::{self, Browser};
use super::form::Form;
use super::pages::{self, Language, Page, Texts};
use crate::authority::AuthorityError;
use crate::authority::password::{self, PasswordFault};
use crate::authority::random_secret::sha256;
use crate::config::Secret;
use crate::db::directory::ChangeError;
use crate::db::directory::users::SetPasswordByLink;
use crate::db::one_time_links;
use crate::db::users::{self, User};
use crate::http::body::Body;

/// The page behind a link, and what follows it.
pub(super) async fn password(call: &AuthorityCall<'_>) -> Response<Body> {
    let language = Language::of(call.headers, None);
    let answered = match *call.method {
        Method::POST => set(call, language).await,
        _ => begin(call, language).await,
    };
    match answered {
        Ok(response) => response,
        Err(error) => browser::stop(call, language, &error),
    }
}

/// Whose link it is, if it still works.
async fn find(call: &AuthorityCall<'_>, link: &str) -> Result<Option<User>, AuthorityError> {
    let authority = &call.app.authority;
    let mut db = authority.db.snapshot().await?;
    let found = one_time_links::find(&mut db, &sha256(link)).await?;
    match found.filter(|link| link.is_good(authority.clock.now())) {
        Some(link) => Ok(users::find(&mut db, &link.user_id).await?),
        None => Ok(None),
    }
}

async fn begin(call: &AuthorityCall<'_>, language: Language) -> Result<Response<Body>, AuthorityError> {
    let form = Form::parse(call.query)?;
    let link = form.get("link").unwrap_or_default();
    match find(call, link).await? {
        Some(user) => page(call, language, link, &user, None),
        None => Ok(ended(language)),
    }
}

fn ended(language: Language) -> Response<Body> {
    let texts = language.texts();
    browser::message(
        StatusCode::FORBIDDEN,
        language,
        texts.link_ended,
        texts.link_ended_text,
        None,
    )
}

fn page(
    call: &AuthorityCall<'_>,
    language: Language,
    link: &str,
    user: &User,
    problem: Option<&str>,
) -> Result<Response<Body>, AuthorityError> {
    let browser = Browser::of(call)?;
    let texts = language.texts();
    let action = format!("/{}/password", odata::query::encode_form(&user.tenant_id));
    let name = user.user_principal_name.as_deref().unwrap_or(&user.id);
    let page = Page {
        status: problem.map_or(StatusCode::OK, |_| StatusCode::FORBIDDEN),
        language,
        title: texts.set_password,
        content: pages::password(texts, &action, link, name, problem),
        leads_to: &[],
    };
    let mut response = page.answer();
    browser.remember(call, &mut response);
    Ok(response)
}

async fn set(call: &AuthorityCall<'_>, language: Language) -> Result<Response<Body>, AuthorityError> {
    let texts = language.texts();
    if !browser::is_from_here(call) {
        return Ok(browser::refuse(language, texts.from_elsewhere));
    }
    if Browser::of_form(call).is_none() {
        return Ok(browser::refuse(language, texts.page_ended));
    }
    let form = Form::of_body(call.headers, &call.body)?;
    let link = form.get("link").unwrap_or_default();
    let Some(user) = find(call, link).await? else {
        return Ok(ended(language));
    };
    let new = form.get("password").unwrap_or_default();
    let name = user.user_principal_name.as_deref().unwrap_or_default();
    let problem = match password::check(new, name) {
        Err(fault) => Some(told(texts, fault)),
        Ok(()) if form.get("again") != Some(new) => Some(texts.passwords_differ),
        Ok(()) => None,
    };
    if problem.is_some() {
        return page(call, language, link, &user, problem);
    }
    let authority = &call.app.authority;
    let set = SetPasswordByLink {
        token_sha256: sha256(link),
        password_hash: authority.hash_password(Secret::new(new.to_owned())).await?,
        now: authority.clock.now(),
    };
    match authority.db.write(set).await {
        Ok(_) => Ok(browser::message(
            StatusCode::OK,
            language,
            texts.password_set,
            texts.password_set_text,
            None,
        )),
        Err(ChangeError::Db(error)) => Err(error.into()),
        Err(_) => Ok(ended(language)),
    }
}

fn told(texts: &Texts, fault: PasswordFault) -> &'static str {
    match fault {
        PasswordFault::TooShort => texts.password_too_short,
        PasswordFault::TooLong => texts.password_too_long,
        PasswordFault::IsTheName => texts.password_is_name,
        PasswordFault::Common => texts.password_is_common,
    }
}
