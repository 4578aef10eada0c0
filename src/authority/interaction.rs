//! What a browser is in the middle of: between the request that began it and the code, or the device's yes, that ends it. It goes
//! through the pages as a sealed text, so that no node remembers anything.

use serde::{Deserialize, Serialize};

use super::issue::Handed;
use super::permissions::{self, Consent};
use super::random_secret::sha256;
use super::scope::RequestedScope;
use super::{Authority, AuthorityError, client, redirect_uri, refusal};
use crate::clock::Ticks;
use crate::config::Secret;
use crate::db::applications::{self, Application};
use crate::db::device_codes::{self, DecideError};
use crate::db::permission_grants::{self, Principal};
use crate::db::sign_in_sessions::{self, BeginSession, SignInSession};
use crate::db::token_grants::{AuthorizationCode, GiveCode, GrantKind, TokenGrant};
use crate::db::users::{self, DirectoryRole, User};
use crate::db::{DbError, Tx, Write, tenants};
use crate::ids;
use crate::seal::to_hex;
use std::net::IpAddr;
use std::time::Duration;

use super::tenant_name::TenantName;

/// What an interaction is sealed for.
const PURPOSE: &str = "interaction";
/// How long somebody may take over a page.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long a code waits to be redeemed (RFC 6749 section 4.1.2: at most ten minutes).
const CODE_LIFETIME: Duration = Duration::from_secs(300);

/// How a code is sent to its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    /// In the query of the redirect.
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// A code that an application has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRequest {
    /// Where it is to be sent.
    pub redirect_uri: String,
    /// How.
    pub response_mode: ResponseMode,
    /// What goes with it unchanged.
    pub state: Option<String>,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// What its redeemer must know.
    pub code_challenge: String,
}

/// What ends an interaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A code is sent to the application.
    Code(CodeRequest),
    /// The device with that code is let in.
    Device {
        /// What the device shows.
        user_code: String,
    },
}

/// What a browser is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// What ends it.
    pub purpose: Purpose,
    /// The application's tenant.
    pub tenant_id: String,
    /// The application.
    pub app_id: String,
    /// What it asks for.
    pub scope: String,
    /// SHA-256 of the cookie of the browser in which it began; another browser cannot go on with it.
    pub browser_sha256: Vec<u8>,
    /// When it began.
    pub begun_ticks: i64,
    /// Consent is asked for although there is nothing new.
    pub asks_consent: bool,
    /// Which page it is on: another page does not take it.
    pub stage: Stage,
    /// The language of its pages, as `ui_locales` has it.
    #[serde(default)]
    pub language: String,
    /// Whoever is signed in has to prove it again.
    #[serde(default)]
    pub anew: bool,
}

/// The page that an interaction is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Somebody is asked who he is.
    SignIn,
    /// Somebody is asked for his consent.
    Consent {
        /// His session.
        session_id: String,
        /// Permissions that he has been shown.
        shown: Vec<String>,
        /// He was offered to answer for everybody.
        for_all: bool,
    },
}

impl Authority {
    /// An interaction as it goes through a page.
    ///
    /// # Errors
    /// [`AuthorityError::Lost`] where the system has no randomness to give.
    pub fn seal(&self, interaction: &Interaction) -> Result<String, AuthorityError> {
        let text = serde_json::to_vec(interaction).map_err(|_| AuthorityError::Lost)?;
        self.sealer.seal_text(PURPOSE, &text).ok_or(AuthorityError::Lost)
    }

    /// The interaction in a text that came back, from the browser with that cookie and not too late.
    pub fn unseal(&self, text: &str, browser: &str) -> Option<Interaction> {
        let text = self.sealer.open_text(PURPOSE, text)?;
        let interaction: Interaction = serde_json::from_slice(&text).ok()?;
        let ends = Ticks(interaction.begun_ticks).plus(PATIENCE);
        let is_same = interaction.browser_sha256 == sha256(browser);
        (is_same && self.clock.now() < ends).then_some(interaction)
    }
}

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInFault {
    /// There is no such user, or the password is another.
    Wrong,
    /// The password is right, and the account is disabled.
    Disabled,
    /// Wrong too often: try again in so many seconds.
    Wait(u32),
}

impl Authority {
    /// The user of that name and password in a tenant. Equal in time for a name that nobody has.
    ///
    /// # Errors
    /// [`AuthorityError`] where nobody can tell.
    pub async fn sign_in(
        &self,
        tenant: &str,
        name: &str,
        password: Secret,
        address: IpAddr,
    ) -> Result<Result<User, SignInFault>, AuthorityError> {
        let found = {
            let mut db = self.db.snapshot().await?;
            users::find_by_principal_name(&mut db, tenant, name).await?
        };
        let subject = match &found {
            Some(user) => format!("user:{}", user.id),
            // So that nobody learns which names there are, they are counted as well.
            None => format!("name:{tenant}:{}", to_hex(&sha256(&users::fold(name)))),
        };
        let attempt = match self.attempt(subject, address).await {
            Ok(attempt) => attempt,
            Err(AuthorityError::Refused(refusal)) => {
                return Ok(Err(SignInFault::Wait(refusal.retry_after.unwrap_or(1))));
            }
            Err(other) => return Err(other),
        };
        let stored = found.as_ref().and_then(|user| user.password_hash.clone());
        let checked = match stored {
            Some(stored) => self.hashers.matches(stored, password).await,
            // Wastes the same time.
            None => self.hashers.hash(password).await.map(|_| false),
        };
        let is_right = match checked {
            Ok(is_right) => is_right,
            Err(AuthorityError::Refused(refusal)) => {
                self.was_none(attempt).await?;
                return Ok(Err(SignInFault::Wait(refusal.retry_after.unwrap_or(1))));
            }
            Err(other) => return Err(other),
        };
        if is_right {
            self.was_right(attempt).await?;
        }
        Ok(match found.filter(|_| is_right) {
            None => Err(SignInFault::Wrong),
            Some(user) if !user.account_enabled => Err(SignInFault::Disabled),
            Some(user) => Ok(user),
        })
    }

    /// The Argon2id hash of a password.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where too many wait for one.
    pub async fn hash_password(&self, password: Secret) -> Result<String, AuthorityError> {
        self.hashers.hash(password).await
    }

    /// Begins a session of `user`, as he was when he was asked who he is; ends the one that the browser had. Gives what its
    /// cookie holds; `None` where the user has been disabled or given another password meanwhile.
    ///
    /// # Errors
    /// [`AuthorityError`] where it cannot be stored.
    pub async fn begin_session(
        &self,
        user: &User,
        by_password: bool,
        before: Option<&str>,
    ) -> Result<Option<(String, SignInSession)>, AuthorityError> {
        let now = self.clock.now();
        let secret = Handed::new()?;
        let session = SignInSession {
            id: ids::time_ordered(),
            secret_sha256: secret.sha256,
            tenant_id: user.tenant_id.clone(),
            user_id: user.id.clone(),
            created: now,
            last_used: now,
            expires: now.plus(self.config.session_lifetime),
            revoked: None,
        };
        let before = match before {
            Some(cookie) => self.session(cookie).await?.map(|(session, _)| session.id),
            None => None,
        };
        let begin = BeginSession {
            session: session.clone(),
            password_hash: user.password_hash.clone().filter(|_| by_password),
            before,
        };
        let begun = self.db.write(begin).await?;
        Ok(begun.then(|| (format!("{}.{}", session.id, secret.text), session)))
    }

    /// The session of a cookie with its user, if both still count.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn session(&self, cookie: &str) -> Result<Option<(SignInSession, User)>, AuthorityError> {
        let Some((id, secret)) = cookie.split_once('.') else {
            return Ok(None);
        };
        let mut db = self.db.snapshot().await?;
        let Some(session) = sign_in_sessions::find(&mut db, id).await? else {
            return Ok(None);
        };
        let is_same =
            aws_lc_rs::constant_time::verify_slices_are_equal(&session.secret_sha256, &sha256(secret))
                .is_ok();
        if !is_same || session.revoked.is_some() || session.expires <= self.clock.now() {
            return Ok(None);
        }
        let user = users::find(&mut db, &session.user_id).await?;
        let user = user.filter(|user| user.account_enabled && user.deleted.is_none());
        Ok(user.map(|user| (session, user)))
    }
}

/// What a person is asked, or not asked, before an interaction ends.
pub struct Question {
    /// The application.
    pub application: Application,
    /// What the tenant is called.
    pub tenant_name: Option<String>,
    /// What the application asks for.
    pub consent: Consent,
    /// The person may answer for the whole tenant.
    pub may_consent_for_all: bool,
}

/// An answer that gives something out.
pub struct Allowed<'a> {
    /// What is ended.
    pub interaction: &'a Interaction,
    /// Who says so.
    pub user: &'a User,
    /// Where.
    pub session: &'a SignInSession,
    /// Permissions that are consented to with it.
    pub consented: &'a [String],
    /// For everybody of the tenant.
    pub for_all: bool,
}

impl Authority {
    /// What `user` has to be asked.
    ///
    /// # Errors
    /// [`AuthorityError::Refused`] where the application cannot have what it asks for, or the user is not of its tenant.
    pub async fn question(&self, interaction: &Interaction, user: &User) -> Result<Question, AuthorityError> {
        let requested = RequestedScope::parse(&interaction.scope, &self.resources)?;
        let mut db = self.db.snapshot().await?;
        let tenant = tenants::find(&mut db, &interaction.tenant_id).await?;
        let tenant = tenant.ok_or_else(|| refusal::NO_TENANT.about(&interaction.tenant_id))?;
        if user.tenant_id != tenant.id {
            return Err(refusal::NO_APPLICATION.about(&interaction.app_id).into());
        }
        let tenant_name = tenant.display_name.clone();
        let path = TenantName::One(Box::new(tenant));
        let (application, _) = client::find(&mut db, &path, &interaction.app_id, None).await?;
        let consent = permissions::consent(&mut db, &application, &user.id, &requested).await?;
        let roles = users::roles(&mut db, &user.id).await?;
        Ok(Question {
            application,
            tenant_name,
            consent,
            may_consent_for_all: roles.contains(&DirectoryRole::GlobalAdministrator),
        })
    }

    /// Ends an interaction with a code, which goes to the application.
    ///
    /// # Errors
    /// [`AuthorityError`] where it cannot be stored.
    pub async fn give_code(
        &self,
        allowed: &Allowed<'_>,
        request: &CodeRequest,
    ) -> Result<String, AuthorityError> {
        let (app_id, tenant) = (&allowed.interaction.app_id, &allowed.interaction.tenant_id);
        let registered = applications::redirect_uris(&mut *self.db.snapshot().await?, app_id, tenant).await?;
        // It may have been taken away while somebody looked at a page.
        if !redirect_uri::matches(&registered, &request.redirect_uri) {
            return Err(refusal::NO_REDIRECT_URI.about(&request.redirect_uri).into());
        }
        self.store_consent(allowed).await?;
        let now = self.clock.now();
        let code = Handed::new()?;
        let expires = now.plus(CODE_LIFETIME);
        let give = GiveCode {
            grant: self.grant_of(allowed, GrantKind::Code, expires),
            code: AuthorizationCode {
                code_sha256: code.sha256,
                redirect_uri: request.redirect_uri.clone(),
                code_challenge: request.code_challenge.clone(),
                nonce: request.nonce.clone(),
                expires,
            },
        };
        match self.db.write(give).await? {
            true => Ok(code.text),
            false => Err(refusal::MUST_SIGN_IN.refuse().into()),
        }
    }

    /// Ends an interaction by letting a device in. Whether it still waited.
    ///
    /// # Errors
    /// [`AuthorityError`] where it cannot be stored.
    pub async fn let_device_in(
        &self,
        allowed: &Allowed<'_>,
        user_code: &str,
    ) -> Result<bool, AuthorityError> {
        self.store_consent(allowed).await?;
        let now = self.clock.now();
        let expires = now.plus(self.config.access_token_lifetime);
        let decide = device_codes::Decide {
            user_code: user_code.replace('-', ""),
            grant: Some(self.grant_of(allowed, GrantKind::Device, expires)),
            now,
        };
        match self.db.write(decide).await {
            Ok(waited) => Ok(waited),
            Err(DecideError::SessionEnded) => Err(refusal::MUST_SIGN_IN.refuse().into()),
            Err(DecideError::Db(error)) => Err(error.into()),
        }
    }

    /// Ends an interaction by keeping a device out.
    ///
    /// # Errors
    /// [`AuthorityError`] where it cannot be stored.
    pub async fn keep_device_out(&self, user_code: &str) -> Result<(), AuthorityError> {
        let decide = device_codes::Decide {
            user_code: user_code.replace('-', ""),
            grant: None,
            now: self.clock.now(),
        };
        match self.db.write(decide).await {
            Ok(_) | Err(DecideError::SessionEnded) => Ok(()),
            Err(DecideError::Db(error)) => Err(error.into()),
        }
    }

    fn grant_of(&self, allowed: &Allowed<'_>, kind: GrantKind, expires: Ticks) -> TokenGrant {
        let id = ids::time_ordered();
        TokenGrant {
            root_id: id.clone(),
            id,
            kind,
            tenant_id: allowed.interaction.tenant_id.clone(),
            app_id: allowed.interaction.app_id.clone(),
            user_id: allowed.user.id.clone(),
            session_id: Some(allowed.session.id.clone()),
            scope: allowed.interaction.scope.clone(),
            created: self.clock.now(),
            expires,
            revoked: None,
        }
    }

    async fn store_consent(&self, allowed: &Allowed<'_>) -> Result<(), AuthorityError> {
        if allowed.consented.is_empty() {
            return Ok(());
        }
        let consent = GiveConsent {
            tenant: allowed.interaction.tenant_id.clone(),
            app_id: allowed.interaction.app_id.clone(),
            user: (!allowed.for_all).then(|| allowed.user.id.clone()),
            scopes: allowed.consented.to_vec(),
        };
        Ok(self.db.write(consent).await?)
    }
}

/// Stores what somebody has consented to.
#[derive(Clone)]
struct GiveConsent {
    tenant: String,
    app_id: String,
    /// `None`: for everybody.
    user: Option<String>,
    scopes: Vec<String>,
}

impl Write for GiveConsent {
    type Output = ();
    type Error = DbError;

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }

    async fn run(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let principal = self.user.as_deref().map_or(Principal::All, Principal::User);
        for scope in &self.scopes {
            permission_grants::add(tx, &self.tenant, &self.app_id, principal, scope).await?;
        }
        Ok(())
    }
}
