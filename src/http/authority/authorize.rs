//! `GET /{tenant}/oauth2/v2.0/authorize`: the request that begins with an application and ends with a code (RFC 6749 section
//! 4.1.1, OpenID Connect Core section 3.1.2).
//!
//! Until client, redirect URI and PKCE are right, everything wrong is told on a page of ours and nobody is sent anywhere.

use std::time::Duration;

use http::{Method, Response, StatusCode};

use super::AuthorityCall;
use super::browser::{self, Browser};
use super::form::Form;
use super::pages::{self, Language, Page};
use super::sign_in;
use crate::authority::interaction::{Allowed, CodeRequest, Interaction, Purpose, ResponseMode, Stage};
use crate::authority::random_secret::sha256;
use crate::authority::redirect_uri::{self, with_parameters};
use crate::authority::refusal::{self, Refusal};
use crate::authority::scope::{RequestedScope, Resources};
use crate::authority::tenant_name::Segment;
use crate::authority::{AuthorityError, client, pkce};
use crate::db::applications;
use crate::db::sign_in_sessions::SignInSession;
use crate::db::users::User;
use crate::http::body::Body;

/// The longest `state` and `nonce`.
const MAX_STATE_BYTES: usize = 2048;
const MAX_NONCE_BYTES: usize = 512;

/// Whom to ask, and whom not (`prompt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    /// Whoever has to be asked.
    Needed,
    /// Nobody.
    None,
    /// For the password again.
    Login,
    /// For consent again.
    Consent,
}

/// A request that may be answered by a redirect.
struct Begun {
    interaction: Interaction,
    request: CodeRequest,
    prompt: Prompt,
    hint: String,
    /// How long ago somebody may have signed in (OpenID Connect Core section 3.1.2.1).
    max_age: Option<Duration>,
    browser: Browser,
}

/// Why it does not go on.
enum Stop {
    /// Told on a page.
    Page(AuthorityError),
    /// Told to the application.
    Application(Box<(CodeRequest, String, Refusal)>),
}

impl<E: Into<AuthorityError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Page(error.into())
    }
}

/// Begins an authorization.
pub(super) async fn authorize(call: &AuthorityCall<'_>) -> Response<Body> {
    // A request by POST comes without the cookies of this site where another sends it: the browser asks again by itself.
    if *call.method == Method::POST {
        return browser::ask_again(call);
    }
    let form = Form::parse(call.query);
    let locales = form
        .as_ref()
        .ok()
        .and_then(|form| form.get("ui_locales"))
        .map(str::to_owned);
    let language = Language::of(call.headers, locales.as_deref());
    let answered = async {
        let begun = begin(call, language, &form?).await?;
        go_on(call, language, begun).await
    };
    match answered.await {
        Ok(response) => response,
        Err(Stop::Page(error)) => browser::stop(call, language, &error),
        Err(Stop::Application(told)) => {
            let (request, tenant, refusal) = *told;
            refused(call, language, &request, &tenant, &refusal)
        }
    }
}

/// Reads the request and checks all that does not depend on who is asked.
async fn begin(call: &AuthorityCall<'_>, language: Language, form: &Form) -> Result<Begun, Stop> {
    let authority = &call.app.authority;
    let app_id = form.needed("client_id")?;
    let segment = Segment::parse(&call.tenant)?;
    let mut db = authority.db.snapshot().await?;
    let tenant = segment.resolve(&mut db).await?;
    let (application, tenant) = client::find(&mut db, &tenant, app_id, None).await?;
    let redirect_uri = form.needed("redirect_uri")?;
    let registered = applications::redirect_uris(&mut db, &application.app_id, &tenant.id).await?;
    if !redirect_uri::matches(&registered, redirect_uri) {
        return Err(refusal::NO_REDIRECT_URI.about(redirect_uri).into());
    }
    let request = code_request(form, redirect_uri)?;
    let wishes = wishes(form, &authority.resources);
    let (scope, prompt, max_age) = wishes
        .map_err(|refusal| Stop::Application(Box::new((request.clone(), tenant.id.clone(), refusal))))?;
    let browser = Browser::of(call)?;
    let interaction = Interaction {
        purpose: Purpose::Code(request.clone()),
        tenant_id: tenant.id,
        app_id: application.app_id,
        scope: scope.to_owned(),
        browser_sha256: sha256(&browser.key),
        begun_ticks: authority.clock.now().0,
        asks_consent: prompt == Prompt::Consent,
        stage: Stage::SignIn,
        language: language.code().to_owned(),
    };
    Ok(Begun {
        interaction,
        request,
        prompt,
        max_age,
        hint: form.get("login_hint").unwrap_or_default().to_owned(),
        browser,
    })
}

/// Where and how a code is to be sent, and what its redeemer must know.
fn code_request(form: &Form, redirect_uri: &str) -> Result<CodeRequest, Refusal> {
    // Requests by reference or in a token are not read (OpenID Connect Core section 6).
    if let Some(name) = ["request", "request_uri"]
        .iter()
        .find(|name| form.get(name).is_some())
    {
        return Err(refusal::MALFORMED.about(name));
    }
    let challenge = form
        .get("code_challenge")
        .ok_or_else(|| refusal::NO_CHALLENGE.refuse())?;
    if form.get("code_challenge_method") != Some("S256") {
        return Err(refusal::NO_CHALLENGE.refuse());
    }
    if !pkce::is_challenge(challenge) {
        return Err(refusal::BAD_CHALLENGE.refuse());
    }
    let short = |name, most| {
        form.get(name)
            .filter(|value| value.len() <= most)
            .map(str::to_owned)
    };
    Ok(CodeRequest {
        redirect_uri: redirect_uri.to_owned(),
        response_mode: match form.get("response_mode") {
            Some("form_post") => ResponseMode::FormPost,
            _ => ResponseMode::Query,
        },
        state: short("state", MAX_STATE_BYTES),
        nonce: short("nonce", MAX_NONCE_BYTES),
        code_challenge: challenge.to_owned(),
    })
}

/// What is asked for, whom to ask, and how long ago somebody may have signed in. What is wrong with it is told to the
/// application.
fn wishes<'a>(form: &'a Form, resources: &Resources) -> Result<(&'a str, Prompt, Option<Duration>), Refusal> {
    let response_type = form.needed("response_type")?;
    if response_type != "code" {
        return Err(refusal::NO_RESPONSE_TYPE.about(response_type));
    }
    if !matches!(form.get("response_mode"), None | Some("query" | "form_post")) {
        return Err(refusal::MALFORMED.about("response_mode"));
    }
    // They go through every page.
    for (name, most) in [("state", MAX_STATE_BYTES), ("nonce", MAX_NONCE_BYTES)] {
        if form.get(name).is_some_and(|value| value.len() > most) {
            return Err(refusal::MALFORMED.about(name));
        }
    }
    let scope = form.needed("scope")?;
    RequestedScope::parse(scope, resources)?;
    let prompt = match form.get("prompt") {
        None => Prompt::Needed,
        Some("none") => Prompt::None,
        Some("login" | "select_account") => Prompt::Login,
        Some("consent") => Prompt::Consent,
        Some(_) => return Err(refusal::MALFORMED.about("prompt")),
    };
    let max_age = match form.get("max_age").map(str::parse) {
        None => None,
        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
        Some(Err(_)) => return Err(refusal::MALFORMED.about("max_age")),
    };
    Ok((scope, prompt, max_age))
}

/// Goes on with whoever is signed in, or asks.
async fn go_on(call: &AuthorityCall<'_>, language: Language, begun: Begun) -> Result<Response<Body>, Stop> {
    let authority = &call.app.authority;
    let Begun {
        interaction,
        request,
        prompt,
        hint,
        max_age,
        browser,
    } = begun;
    let told = |refusal: Refusal| {
        Stop::Application(Box::new((
            request.clone(),
            interaction.tenant_id.clone(),
            refusal,
        )))
    };
    let signed_in = match browser::session(call) {
        Some(cookie) if prompt != Prompt::Login => authority.session(cookie).await?,
        _ => None,
    };
    let is_recent =
        |session: &SignInSession| max_age.is_none_or(|age| authority.clock.now() < session.created.plus(age));
    let is_expected = |user: &User| {
        let name = user.user_principal_name.as_deref().unwrap_or_default();
        user.tenant_id == interaction.tenant_id && (hint.is_empty() || name.eq_ignore_ascii_case(&hint))
    };
    let Some((session, user)) = signed_in.filter(|(session, user)| is_expected(user) && is_recent(session))
    else {
        if prompt == Prompt::None {
            return Err(told(refusal::MUST_SIGN_IN.refuse()));
        }
        let mut response = sign_in::page(call, language, &interaction, (&hint, None)).await?;
        browser.remember(call, &mut response);
        return Ok(response);
    };
    let may_ask = prompt != Prompt::None;
    match proceed(call, language, &interaction, (&user, &session), may_ask).await {
        Ok(mut response) => {
            browser.remember(call, &mut response);
            Ok(response)
        }
        Err(AuthorityError::Refused(refusal)) => Err(told(refusal)),
        Err(other) => Err(other.into()),
    }
}

/// Goes on once somebody is signed in: to the consent page, or to the end.
///
/// # Errors
/// [`AuthorityError::Refused`] for what the application hears of.
pub(super) async fn proceed(
    call: &AuthorityCall<'_>,
    language: Language,
    interaction: &Interaction,
    (user, session): (&User, &SignInSession),
    may_ask: bool,
) -> Result<Response<Body>, AuthorityError> {
    let authority = &call.app.authority;
    let question = authority.question(interaction, user).await?;
    let is_new = !question.consent.missing.is_empty();
    let Purpose::Code(request) = &interaction.purpose else {
        // Whoever lets a device in sees once more which one.
        return consent_page(call, language, interaction, (user, session), &question);
    };
    if is_new && !may_ask {
        return Err(refusal::MUST_CONSENT.refuse().into());
    }
    if is_new || interaction.asks_consent {
        return consent_page(call, language, interaction, (user, session), &question);
    }
    let allowed = Allowed {
        interaction,
        user,
        session,
        consented: &[],
        for_all: false,
    };
    finish(call, language, &allowed, request).await
}

/// Asks for consent.
pub(super) fn consent_page(
    call: &AuthorityCall<'_>,
    language: Language,
    interaction: &Interaction,
    (user, session): (&User, &SignInSession),
    question: &crate::authority::interaction::Question,
) -> Result<Response<Body>, AuthorityError> {
    let shown = Interaction {
        stage: Stage::Consent {
            session_id: session.id.clone(),
            shown: question.consent.missing.clone(),
            for_all: question.may_consent_for_all,
        },
        ..interaction.clone()
    };
    let texts = language.texts();
    let (user_code, leads_to) = match &interaction.purpose {
        Purpose::Device { user_code } => (Some(user_code.as_str()), None),
        Purpose::Code(request) => (None, Some(request.redirect_uri.as_str())),
    };
    let application = question.application.display_name.as_deref();
    let content = pages::consent(
        texts,
        &pages::Consent {
            action: &format!("/{}/consent", odata::query::encode_form(&interaction.tenant_id)),
            request: &call.app.authority.seal(&shown)?,
            application: application.unwrap_or(&question.application.app_id),
            tenant: question.tenant_name.as_deref(),
            user: user.user_principal_name.as_deref().unwrap_or(&user.id),
            permissions: &question.consent.missing,
            user_code,
            may_consent_for_all: question.may_consent_for_all,
        },
    );
    let page = Page {
        status: StatusCode::OK,
        language,
        title: if user_code.is_some() {
            texts.let_device_in
        } else {
            texts.permissions_requested
        },
        content,
        leads_to: leads_to.as_slice(),
    };
    Ok(page.answer())
}

/// Sends the code to the application.
pub(super) async fn finish(
    call: &AuthorityCall<'_>,
    language: Language,
    allowed: &Allowed<'_>,
    request: &CodeRequest,
) -> Result<Response<Body>, AuthorityError> {
    let code = call.app.authority.give_code(allowed, request).await?;
    let tenant = &allowed.interaction.tenant_id;
    Ok(answer_application(
        call,
        language,
        request,
        tenant,
        &[("code", &code)],
    ))
}

/// Tells the application why it gets no code.
pub(super) fn refused(
    call: &AuthorityCall<'_>,
    language: Language,
    request: &CodeRequest,
    tenant: &str,
    refusal: &Refusal,
) -> Response<Body> {
    let description = refusal.description();
    let parameters = [
        ("error", refusal.error.text()),
        ("error_description", description.as_str()),
    ];
    answer_application(call, language, request, tenant, &parameters)
}

fn answer_application(
    call: &AuthorityCall<'_>,
    language: Language,
    request: &CodeRequest,
    tenant: &str,
    parameters: &[(&str, &str)],
) -> Response<Body> {
    // RFC 9207: who answers, against mix-ups.
    let issuer = format!("{}/{tenant}/v2.0", call.app.authority.public_url);
    let mut all = parameters.to_vec();
    if let Some(state) = &request.state {
        all.push(("state", state));
    }
    all.push(("iss", &issuer));
    match request.response_mode {
        ResponseMode::Query => browser::see_other(&with_parameters(&request.redirect_uri, &all)),
        ResponseMode::FormPost => {
            let texts = language.texts();
            let page = Page {
                status: StatusCode::OK,
                language,
                title: texts.signed_in,
                content: pages::form_post(texts, &request.redirect_uri, &all),
                leads_to: &[&request.redirect_uri],
            };
            page.answer()
        }
    }
}
