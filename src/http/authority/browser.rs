//! What a browser brings and keeps: cookies, and signs that a form came from a page of ours.
//!
//! A form is taken only with the cookie of the browser that its page was made for, which no other site can set or read, and never
//! if the browser says that another site sent it.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::AuthorityCall;
use super::form::Form;
use super::pages::{self, Language, Page};
use crate::authority::AuthorityError;
use crate::authority::issue::Handed;
use crate::http::body::Body;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The cookie that tells one browser from another, for as long as it runs.
const BROWSER: &str = "graphophone-browser";
/// The cookie of somebody who has signed in.
const SESSION: &str = "graphophone-session";

/// A cookie by its name without a prefix; `None` where it is missing or there twice.
fn cookie<'a>(call: &'a AuthorityCall<'_>, name: &str) -> Option<&'a str> {
    let wanted = format!("{}{name}", prefix(call));
    let values = call.headers.get_all(header::COOKIE).iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    found.next().filter(|_| found.next().is_none())
}

/// Over HTTPS browsers take a cookie of this name from nobody else, also not from a neighbour of the same domain (RFC 6265bis
/// section 4.1.3.2).
fn prefix(call: &AuthorityCall<'_>) -> &'static str {
    match is_https(call) {
        true => "__Host-",
        false => "",
    }
}

fn is_https(call: &AuthorityCall<'_>) -> bool {
    call.app.authority.public_url.starts_with("https://")
}

fn set_cookie(call: &AuthorityCall<'_>, response: &mut Response<Body>, name: &str, value: &str, more: &str) {
    let secure = if is_https(call) { "; Secure" } else { "" };
    let text = format!(
        "{}{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}",
        prefix(call)
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The browser that asks, by a cookie of its own.
pub(super) struct Browser {
    /// What the cookie holds.
    pub key: String,
    is_new: bool,
}

impl Browser {
    /// The browser of a request; one without a cookie gets one with the answer.
    ///
    /// # Errors
    /// [`AuthorityError::Lost`] where the system has no randomness to give.
    pub(super) fn of(call: &AuthorityCall<'_>) -> Result<Self, AuthorityError> {
        match cookie(call, BROWSER).filter(|key| key.len() >= 43) {
            Some(key) => Ok(Self {
                key: key.to_owned(),
                is_new: false,
            }),
            None => Ok(Self {
                key: Handed::new()?.text,
                is_new: true,
            }),
        }
    }

    /// The browser of a form; `None` for one without a cookie, which has seen no page of ours.
    pub(super) fn of_form(call: &AuthorityCall<'_>) -> Option<Self> {
        let key = cookie(call, BROWSER)?.to_owned();
        Some(Self { key, is_new: false })
    }

    /// Gives the browser its cookie.
    pub(super) fn remember(&self, call: &AuthorityCall<'_>, response: &mut Response<Body>) {
        if self.is_new {
            set_cookie(call, response, BROWSER, &self.key, "");
        }
    }
}

/// What the session's cookie holds.
pub(super) fn session<'a>(call: &'a AuthorityCall<'_>) -> Option<&'a str> {
    cookie(call, SESSION)
}

/// Gives the browser a session; it forgets it when it is closed.
pub(super) fn keep_session(call: &AuthorityCall<'_>, response: &mut Response<Body>, value: &str) {
    set_cookie(call, response, SESSION, value, "");
}

/// Takes the session from the browser.
pub(super) fn forget_session(call: &AuthorityCall<'_>, response: &mut Response<Body>) {
    set_cookie(call, response, SESSION, "", "; Max-Age=0");
}

/// Whether a form may have come from a page of ours, as far as the browser says.
pub(super) fn is_from_here(call: &AuthorityCall<'_>) -> bool {
    let text = |name: HeaderName| one(call.headers, &name);
    let by_site = text(SEC_FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    // Pages without referrer send `null`.
    let by_origin = text(header::ORIGIN)
        .is_none_or(|origin| origin == "null" || origin == &*call.app.authority.public_url);
    by_site && by_origin
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or("unreadable"))
}

/// A page that says why it does not go on.
pub(super) fn stop(call: &AuthorityCall<'_>, language: Language, error: &AuthorityError) -> Response<Body> {
    let texts = language.texts();
    let (status, text, detail) = match error {
        AuthorityError::Refused(refusal) => {
            (StatusCode::BAD_REQUEST, texts.cannot_go_on, refusal.description())
        }
        other => {
            // Logged as where a program asked.
            let _told_there = super::answer::refused(call, other);
            (
                StatusCode::SERVICE_UNAVAILABLE,
                texts.try_again_later,
                String::new(),
            )
        }
    };
    let detail = format!("{detail} (request-id {})", call.ids.request);
    let mut response = message(status, language, texts.cannot_go_on, text, Some(&detail));
    if let AuthorityError::Refused(refusal) = error {
        let number = super::answer::RefusalNumber(refusal.aadsts);
        response.extensions_mut().insert(number);
    }
    response
}

/// A page that says that it came too late, or from elsewhere.
pub(super) fn refuse(language: Language, text: &str) -> Response<Body> {
    let title = language.texts().cannot_go_on;
    message(StatusCode::FORBIDDEN, language, title, text, None)
}

/// A page that says something and asks nothing.
pub(super) fn message(
    status: StatusCode,
    language: Language,
    title: &str,
    text: &str,
    detail: Option<&str>,
) -> Response<Body> {
    let text = if text == title { "" } else { text };
    let page = Page {
        status,
        language,
        title,
        content: pages::message(title, text, detail),
        leads_to: &[],
    };
    page.answer()
}

/// Lets the browser send the parameters of a form once more, in the query of a request of its own.
pub(super) fn ask_again(call: &AuthorityCall<'_>) -> Response<Body> {
    let form = Form::of_body(call.headers, &call.body);
    match form {
        Ok(form) => see_other(&form.as_query_of(call.path)),
        Err(refusal) => stop(call, Language::of(call.headers, None), &refusal.into()),
    }
}

/// 303: the browser goes on with GET, wherever it came from.
pub(super) fn see_other(target: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(target) {
        headers.insert(header::LOCATION, value);
    }
    response
}
