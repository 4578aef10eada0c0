//! A device without a browser (RFC 8628): `POST /{tenant}/oauth2/v2.0/devicecode` gives it a code, and `/devicelogin` is where a
//! person enters that.

use std::time::Duration;

use http::{Method, Response, StatusCode};
use serde_json::json;

use super::browser::{self, Browser};
use super::form::Form;
use super::pages::{self, Language, Page};
use super::{AuthorityCall, answer, authorize, sign_in, token};
use crate::authority::grants::POLL_SECONDS;
use crate::authority::interaction::{Interaction, Purpose, Stage};
use crate::authority::issue::Handed;
use crate::authority::random_secret::sha256;
use crate::authority::scope::RequestedScope;
use crate::authority::tenant_name::Segment;
use crate::authority::{AuthorityError, client};
use crate::db::DbError;
use crate::db::device_codes::{self, DeviceCode, DeviceState, Give};
use crate::http::body::Body;

/// How long a device waits.
const LIFETIME: Duration = Duration::from_secs(900);
/// Letters that are told apart at a glance and make no words (RFC 8628 section 6.1).
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a code: 20 to the power of 9 of them.
const CODE_LETTERS: usize = 9;
/// How often another code is tried where one is in use.
const TRIES: usize = 4;

/// Gives a device its codes.
pub(super) async fn device_code(call: &AuthorityCall<'_>) -> Response<Body> {
    match give(call).await {
        Ok(response) => response,
        Err(error) => answer::refused(call, &error),
    }
}

async fn give(call: &AuthorityCall<'_>) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    token::refuse_in_url(call)?;
    let form = Form::of_body(call.headers, &call.body)?;
    let client = token::find_client(call, &form, None).await?;
    client.needs_proof_unless_public()?;
    let scope = form.needed("scope")?;
    RequestedScope::parse(scope, &authority.resources)?;
    authority.pass_gate(call.peer)?;
    let now = authority.clock.now();
    let device = Handed::new()?;
    let mut tries = 0;
    let user_code = loop {
        let user_code = new_user_code()?;
        let code = DeviceCode {
            device_code_sha256: device.sha256.clone(),
            user_code: user_code.clone(),
            tenant: client.tenant.id.clone(),
            app_id: client.application.app_id.clone(),
            scope: scope.to_owned(),
            created: now,
            expires: now.plus(LIFETIME),
            last_polled: None,
            state: DeviceState::Pending,
            grant_id: None,
        };
        tries += 1;
        match authority.db.write(Give(code)).await {
            Ok(()) => break user_code,
            Err(DbError::Conflict(_)) if tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    };
    let address = format!("{}/devicelogin", authority.public_url);
    let shown = shown(&user_code);
    let body = json!({
        "user_code": shown,
        "device_code": device.text,
        "verification_uri": address,
        "expires_in": LIFETIME.as_secs(),
        "interval": POLL_SECONDS,
        "message": format!("To sign in, open {address} in a browser and enter the code {shown}."),
    });
    Ok(answer::json(StatusCode::OK, &body))
}

/// A code that a person can read and type: each letter as likely as every other.
fn new_user_code() -> Result<String, AuthorityError> {
    let mut code = String::new();
    while code.len() < CODE_LETTERS {
        // Bytes that would favour the first letters are left out.
        let bytes = Handed::new()?.sha256;
        let limit = 256 - 256 % LETTERS.len();
        let letters = bytes
            .iter()
            .filter(|byte| usize::from(**byte) < limit)
            .filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
        code.extend(
            letters
                .map(|letter| char::from(*letter))
                .take(CODE_LETTERS - code.len()),
        );
    }
    Ok(code)
}

/// A code in groups of three.
fn shown(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups = letters.chunks(3).map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// A code as it is stored, from what a person has typed.
fn typed(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// The page on which a code is entered, and what follows it.
pub(super) async fn device_login(call: &AuthorityCall<'_>) -> Response<Body> {
    let language = Language::of(call.headers, None);
    let answered = match *call.method {
        Method::POST => enter(call, language).await,
        _ => page(call, language, None),
    };
    match answered {
        Ok(response) => response,
        Err(error) => browser::stop(call, language, &error),
    }
}

fn page(
    call: &AuthorityCall<'_>,
    language: Language,
    problem: Option<(StatusCode, &str)>,
) -> Result<Response<Body>, AuthorityError> {
    let browser = Browser::of(call)?;
    let texts = language.texts();
    let page = Page {
        status: problem.map_or(StatusCode::OK, |(status, _)| status),
        language,
        title: texts.enter_code,
        content: pages::device(texts, "/devicelogin", problem.map(|(_, text)| text)),
        leads_to: &[],
    };
    let mut response = page.answer();
    browser.remember(call, &mut response);
    Ok(response)
}

async fn enter(call: &AuthorityCall<'_>, language: Language) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let texts = language.texts();
    if !browser::is_from_here(call) {
        return Ok(browser::refuse(language, texts.from_elsewhere));
    }
    let Some(browser) = Browser::of_form(call) else {
        return Ok(browser::refuse(language, texts.page_ended));
    };
    let form = Form::of_body(call.headers, &call.body)?;
    let user_code = typed(form.get("user_code").unwrap_or_default());
    let attempt = match authority.attempt("device".to_owned(), call.peer).await {
        Ok(attempt) => attempt,
        Err(AuthorityError::Refused(refusal)) => {
            let text = format!("{} {}", texts.wait, refusal.retry_after.unwrap_or(1));
            return page(call, language, Some((StatusCode::TOO_MANY_REQUESTS, &text)));
        }
        Err(other) => return Err(other),
    };
    let mut db = authority.db.snapshot().await?;
    let now = authority.clock.now();
    let device = device_codes::find_by_user_code(&mut db, &user_code).await?;
    let device = device.filter(|device| device.state == DeviceState::Pending && now < device.expires);
    let Some(device) = device else {
        drop(db);
        return page(call, language, Some((StatusCode::FORBIDDEN, texts.wrong_code)));
    };
    let tenant = Segment::Id(device.tenant).resolve(&mut db).await?;
    let (application, tenant) = client::find(&mut db, &tenant, &device.app_id, None).await?;
    drop(db);
    authority.was_none(attempt).await?;
    let interaction = Interaction {
        purpose: Purpose::Device {
            user_code: shown(&user_code),
        },
        tenant_id: tenant.id,
        app_id: application.app_id,
        scope: device.scope,
        browser_sha256: sha256(&browser.key),
        begun_ticks: now.0,
        asks_consent: false,
        stage: Stage::SignIn,
        language: language.code().to_owned(),
    };
    let signed_in = match browser::session(call) {
        Some(cookie) => authority.session(cookie).await?,
        None => None,
    };
    match signed_in.filter(|(_, user)| user.tenant_id == interaction.tenant_id) {
        Some((session, user)) => {
            authorize::proceed(call, language, &interaction, (&user, &session), true).await
        }
        None => sign_in::page(call, language, &interaction, ("", None)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_typed_as_it_is_shown_or_without_its_hyphens() {
        let code = new_user_code().unwrap();
        assert_eq!(code.len(), CODE_LETTERS);
        assert_eq!(typed(&shown(&code)), code);
        assert_eq!(typed(&format!(" {} ", shown(&code).to_lowercase())), code);
        assert_eq!(shown("BCDFGHJKL"), "BCD-FGH-JKL");
        assert_ne!(code, new_user_code().unwrap());
    }
}
