//! What is handed out: access token, ID token (OpenID Connect Core section 2), refresh token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::access_token::{AccessToken, Subject};
use super::client::Client;
use super::random_secret;
use super::scope::RequestedScope;
use super::{Authority, AuthorityError};
use crate::clock::Ticks;
use crate::db::applications::Application;
use crate::db::token_grants::RefreshToken;
use crate::db::users::User;
use crate::ids;

/// What a client is given.
#[derive(Clone)]
pub struct Issued {
    /// The access token.
    pub access_token: String,
    /// How long that is good for.
    pub expires_in: Duration,
    /// What it allows, as the client spelled its question; `None` for an application alone.
    pub scope: Option<String>,
    /// The refresh token, where one was asked for.
    pub refresh_token: Option<String>,
    /// The ID token, where one was asked for.
    pub id_token: Option<String>,
    /// Whom it is about, in the form that Microsoft's libraries keep accounts by.
    pub client_info: Option<String>,
}

/// A new secret that is handed out: 256 random bits in base64url, and the hash that is kept of it.
pub struct Handed {
    /// What goes out.
    pub text: String,
    /// What stays.
    pub sha256: Vec<u8>,
}

impl Handed {
    /// A new one.
    ///
    /// # Errors
    /// [`AuthorityError::Lost`] where the system has no randomness to give.
    pub fn new() -> Result<Self, AuthorityError> {
        let token = random_secret::token().map_err(|_| AuthorityError::Lost)?;
        let text = token.expose().to_owned();
        let sha256 = random_secret::sha256(&text);
        Ok(Self { text, sha256 })
    }
}

/// Who signed in, to whom, and for what.
pub struct SignedIn<'a> {
    /// The application.
    pub application: &'a Application,
    /// The user.
    pub user: &'a User,
    /// What was asked for.
    pub scope: &'a RequestedScope,
    /// What of it is allowed.
    pub granted: Vec<String>,
    /// The authorization.
    pub grant: Option<String>,
    /// What the ID token repeats.
    pub nonce: Option<&'a str>,
}

impl Authority {
    /// A token for an application alone.
    ///
    /// # Errors
    /// [`AuthorityError`] where there is no key to sign with.
    pub async fn issue_to_application(
        &self,
        client: &Client,
        audience: &str,
        roles: Vec<String>,
    ) -> Result<Issued, AuthorityError> {
        let subject = Subject::Application { roles };
        let access_token = self
            .access_token(&client.application, audience, subject, None)
            .await?;
        Ok(Issued {
            access_token,
            expires_in: self.config.access_token_lifetime,
            scope: None,
            refresh_token: None,
            id_token: None,
            client_info: None,
        })
    }

    /// Tokens for an application that a user has let in.
    ///
    /// # Errors
    /// [`AuthorityError`] where there is no key to sign with.
    pub async fn issue_to_user(
        &self,
        signed_in: &SignedIn<'_>,
        refresh_token: Option<String>,
    ) -> Result<Issued, AuthorityError> {
        let (user, scope) = (signed_in.user, signed_in.scope);
        let subject = Subject::User {
            id: user.id.clone(),
            name: user.user_principal_name.clone(),
            scopes: signed_in.granted.clone(),
        };
        let application = signed_in.application;
        let access_token = self
            .access_token(application, &scope.audience, subject, signed_in.grant.clone())
            .await?;
        let id_token = match scope.openid {
            true => Some(self.id_token(signed_in).await?),
            false => None,
        };
        let client_info = json!({ "uid": user.id, "utid": user.tenant_id }).to_string();
        Ok(Issued {
            access_token,
            expires_in: self.config.access_token_lifetime,
            scope: Some(scope.answer(&signed_in.granted)),
            refresh_token,
            id_token,
            client_info: Some(URL_SAFE_NO_PAD.encode(client_info)),
        })
    }

    async fn access_token(
        &self,
        application: &Application,
        audience: &str,
        subject: Subject,
        grant: Option<String>,
    ) -> Result<String, AuthorityError> {
        let key = self.ring.current(&mut *self.db.snapshot().await?).await?;
        let token = AccessToken {
            public_url: self.public_url.to_string(),
            tenant: application.tenant_id.clone(),
            audience: audience.to_owned(),
            application: application.app_id.clone(),
            subject,
            issued: self.clock.now(),
            lifetime: self.config.access_token_lifetime,
            id: ids::random(),
            grant,
        };
        Ok(token.sign(&key).map_err(super::KeyFault::from)?)
    }

    async fn id_token(&self, signed_in: &SignedIn<'_>) -> Result<String, AuthorityError> {
        let key = self.ring.current(&mut *self.db.snapshot().await?).await?;
        let claims = id_claims(
            &self.public_url,
            signed_in,
            self.clock.now(),
            self.config.access_token_lifetime,
        );
        Ok(key.sign_as("JWT", &claims).map_err(super::KeyFault::from)?)
    }

    /// A refresh token as it goes out, and as it is kept.
    ///
    /// # Errors
    /// [`AuthorityError::Lost`] where the system has no randomness to give.
    pub fn new_refresh_token(&self) -> Result<(String, RefreshToken), AuthorityError> {
        let handed = Handed::new()?;
        let kept = RefreshToken {
            token_sha256: handed.sha256,
            expires: self.clock.now().plus(self.config.refresh_token_lifetime),
        };
        Ok((handed.text, kept))
    }
}

/// The claims of an ID token: `profile` and `email` add what the scopes of these names stand for.
fn id_claims(public_url: &str, signed_in: &SignedIn<'_>, now: Ticks, lifetime: Duration) -> Value {
    let (user, scope) = (signed_in.user, signed_in.scope);
    let issued = now.unix_seconds();
    let claims = json!({
        "aud": signed_in.application.app_id,
        "iss": format!("{public_url}/{}/v2.0", user.tenant_id),
        "iat": issued,
        "nbf": issued,
        "exp": now.plus(lifetime).unix_seconds(),
        "sub": user.id,
        "oid": user.id,
        "tid": user.tenant_id,
        "ver": "2.0",
        "uti": ids::random(),
    });
    let Value::Object(mut claims) = claims else {
        return claims;
    };
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.into());
        }
    };
    add("nonce", signed_in.nonce);
    // Microsoft's libraries name accounts by it, whatever they ask for.
    add("preferred_username", user.user_principal_name.as_deref());
    if scope.profile {
        add("name", user.display_name.as_deref());
    }
    if scope.email {
        add("email", user.mail.as_deref());
    }
    Value::Object(claims)
}
