//! The pages that people see: HTML without scripts, for a keyboard and a screen reader as well as for a thumb, at 320 px and in
//! light and dark. Every text from outside is escaped by the templates.

mod style;
mod texts;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Response, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use style::STYLE;
pub(super) use texts::{Language, Texts};

use crate::authority::redirect_uri;
use crate::http::body::Body;
use crate::seal;

/// What sends the form of [`form_post`] off where scripts may run.
const SUBMIT: &str = "document.forms[0].submit()";

/// A page before it is an answer.
pub(super) struct Page<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its language.
    pub language: Language,
    /// What stands above it.
    pub title: &'a str,
    /// What it shows.
    pub content: Markup,
    /// Where its forms lead to in the end, beside this server.
    pub leads_to: &'a [&'a str],
}

impl Page<'_> {
    /// The answer: kept by no cache, shown in no frame, with its own style and nothing else.
    pub(super) fn answer(self) -> Response<Body> {
        let markup = html! {
            (DOCTYPE)
            html lang=(self.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Graphophone" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main { (self.content) }
                }
            }
        };
        let actions: BTreeSet<String> = self
            .leads_to
            .iter()
            .filter_map(|uri| redirect_uri::form_action(uri))
            .collect();
        let actions: Vec<String> = actions.into_iter().collect();
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; form-action 'self' {}; base-uri 'none'; \
             frame-ancestors 'none'",
            hash(STYLE),
            hash(SUBMIT),
            actions.join(" "),
        );
        let mut response = Response::new(Body::Full(markup.into_string().into()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        if let Ok(policy) = HeaderValue::from_str(policy.trim()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

fn hash(text: &str) -> String {
    STANDARD.encode(seal::sha256(text.as_bytes()))
}

/// A hint that something went wrong, read out at once.
fn alert(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            p.alert role="alert" { (text) }
        }
    }
}

/// What the sign-in page asks with.
pub(super) struct SignIn<'a> {
    /// Where its form goes.
    pub action: &'a str,
    /// The sealed interaction.
    pub request: &'a str,
    /// The application, by its name.
    pub application: &'a str,
    /// The organisation, by its name.
    pub tenant: Option<&'a str>,
    /// Who is expected.
    pub name: &'a str,
    /// What went wrong before.
    pub problem: Option<&'a str>,
    /// Where another provider signs people in, and what it is called.
    pub provider: Option<(&'a str, &'a str)>,
    /// Passwords count here.
    pub by_password: bool,
}

/// The sign-in page.
pub(super) fn sign_in(texts: &Texts, page: &SignIn<'_>) -> Markup {
    html! {
        h1 { (texts.sign_in) }
        p.to { (texts.to_continue_to) " " strong { (page.application) }
            @if let Some(tenant) = page.tenant { br; span.tenant { (tenant) } }
        }
        (alert(page.problem))
        @if let Some((address, provider)) = page.provider {
            form method="post" action=(address) {
                input type="hidden" name="request" value=(page.request);
                @if !page.name.is_empty() { input type="hidden" name="login_hint" value=(page.name); }
                button type="submit" class=(if page.by_password { "second" } else { "" }) {
                    (texts.sign_in_with) " " (provider)
                }
            }
        }
        @if page.by_password {
            form method="post" action=(page.action) {
                input type="hidden" name="request" value=(page.request);
                label for="username" { (texts.user_name) }
                input #username name="username" type="text" inputmode="email" autocomplete="username" autocapitalize="none"
                    spellcheck="false" required maxlength="320" value=(page.name) autofocus[page.name.is_empty()];
                label for="password" { (texts.password) }
                input #password name="password" type="password" autocomplete="current-password" required maxlength="1024"
                    autofocus[!page.name.is_empty()];
                button type="submit" { (texts.sign_in) }
            }
            p.note { (texts.no_second_factor) }
        }
    }
}

/// What the consent page asks with.
pub(super) struct Consent<'a> {
    /// Where its form goes.
    pub action: &'a str,
    /// The sealed interaction.
    pub request: &'a str,
    /// The application, by its name.
    pub application: &'a str,
    /// The organisation, by its name.
    pub tenant: Option<&'a str>,
    /// Who is signed in.
    pub user: &'a str,
    /// Permissions that are asked for.
    pub permissions: &'a [String],
    /// What a device shows.
    pub user_code: Option<&'a str>,
    /// The person may answer for the whole tenant.
    pub may_consent_for_all: bool,
}

/// The consent page, and the last one before a device is let in.
pub(super) fn consent(texts: &Texts, page: &Consent<'_>) -> Markup {
    html! {
        h1 { (if page.user_code.is_some() { texts.let_device_in } else { texts.permissions_requested }) }
        p.to { strong { (page.application) }
            @if let Some(tenant) = page.tenant { br; span.tenant { (tenant) } }
        }
        p { (texts.signed_in_as) " " strong { (page.user) } }
        @if let Some(code) = page.user_code {
            p { (texts.device_shows) " " strong.code { (code) } }
            p.alert { (texts.device_warning) }
        }
        @if !page.permissions.is_empty() {
            p { (texts.wants_to) }
            ul {
                @for name in page.permissions {
                    li {
                        @if let Some(text) = texts.permission(name) { (text) br; }
                        code { (name) }
                    }
                }
            }
            p.note { (texts.consent_note) }
        }
        form method="post" action=(page.action) {
            input type="hidden" name="request" value=(page.request);
            @if page.may_consent_for_all && !page.permissions.is_empty() {
                label.check { input type="checkbox" name="for_all" value="1"; " " (texts.for_all) }
            }
            div.buttons {
                button type="submit" name="decision" value="accept" { (texts.accept) }
                button.second type="submit" name="decision" value="deny" { (texts.cancel) }
            }
        }
    }
}

/// The page on which a device's code is entered.
pub(super) fn device(texts: &Texts, action: &str, problem: Option<&str>) -> Markup {
    html! {
        h1 { (texts.enter_code) }
        p { (texts.enter_code_text) }
        (alert(problem))
        form method="post" action=(action) {
            label for="user_code" { (texts.code) }
            input #user_code.code name="user_code" type="text" autocomplete="one-time-code" autocapitalize="characters"
                spellcheck="false" required maxlength="16" autofocus;
            button type="submit" { (texts.next) }
        }
    }
}

/// The page on which a first password is set.
pub(super) fn password(texts: &Texts, action: &str, link: &str, name: &str, problem: Option<&str>) -> Markup {
    html! {
        h1 { (texts.set_password) }
        p { (texts.set_password_text) " " strong { (name) } }
        (alert(problem))
        form method="post" action=(action) {
            input type="hidden" name="link" value=(link);
            input type="hidden" name="username" autocomplete="username" value=(name);
            label for="password" { (texts.new_password) }
            input #password name="password" type="password" autocomplete="new-password" required minlength="8" maxlength="128"
                autofocus;
            label for="again" { (texts.password_again) }
            input #again name="again" type="password" autocomplete="new-password" required minlength="8" maxlength="128";
            button type="submit" { (texts.set_password) }
        }
    }
}

/// A page that says something and asks nothing.
pub(super) fn message(title: &str, text: &str, detail: Option<&str>) -> Markup {
    html! {
        h1 { (title) }
        p { (text) }
        @if let Some(detail) = detail { p.note { (detail) } }
    }
}

/// A page that posts an answer to an application (OAuth 2.0 Form Post Response Mode); by itself where scripts may run.
pub(super) fn form_post(texts: &Texts, target: &str, parameters: &[(&str, &str)]) -> Markup {
    html! {
        h1 { (texts.signed_in) }
        form method="post" action=(target) {
            @for (name, value) in parameters {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" { (texts.next) }
        }
        script { (PreEscaped(SUBMIT)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text_and_never_markup() {
        let evil = "\"><script>alert(1)</script>";
        let texts = Language::English.texts();
        let page = SignIn {
            action: "/t/login",
            request: evil,
            application: evil,
            tenant: Some(evil),
            name: evil,
            problem: Some(evil),
            provider: Some((evil, evil)),
            by_password: true,
        };
        let consent_page = Consent {
            action: "/t/consent",
            request: evil,
            application: evil,
            tenant: Some(evil),
            user: evil,
            permissions: &[evil.to_owned()],
            user_code: Some(evil),
            may_consent_for_all: true,
        };
        for markup in [
            sign_in(texts, &page),
            consent(texts, &consent_page),
            device(texts, "/devicelogin", Some(evil)),
            password(texts, "/t/password", evil, evil, Some(evil)),
            message(evil, evil, Some(evil)),
        ] {
            let text = markup.into_string();
            assert!(!text.contains("<script"), "{text}");
            assert!(!text.contains("\"\">"), "{text}");
        }
        let text = form_post(texts, evil, &[(evil, evil)]).into_string();
        assert_eq!(text.matches("<script").count(), 1, "{text}");
    }
}
