//! The grants of the token endpoint: what a client brings, and what it is given for it.

use super::client::Client;
use super::issue::{Issued, SignedIn};
use super::random_secret::sha256;
use super::refusal;
use super::scope::{APPLICATION, Permissions, RequestedScope};
use super::{Authority, AuthorityError, permissions, pkce};
use crate::auth::bearer::BearerTokens;
use crate::auth::caller::{self, CallerError};
use crate::auth::claims::{Identity, Issuer};
use crate::clock::Ticks;
use crate::db::Session;
use crate::db::applications::{self, PermissionKind};
use crate::db::device_codes::{self, DeviceState, Poll};
use crate::db::token_grants::{self, Begin, GrantKind, OneTime, Redeem, RefreshToken, Revoke, TokenGrant};
use crate::db::users::{self, User};
use crate::ids;

/// Seconds between two polls of a device.
pub const POLL_SECONDS: u32 = 5;

/// What a client brings to redeem a code.
#[derive(Clone)]
pub struct CodeRedemption<'a> {
    /// `code`
    pub code: &'a str,
    /// `redirect_uri`
    pub redirect_uri: &'a str,
    /// `code_verifier`
    pub verifier: &'a str,
}

impl Authority {
    /// `client_credentials` (RFC 6749 section 4.4): a token for the application alone, with all roles that are registered.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub async fn client_credentials(&self, client: &Client, scope: &str) -> Result<Issued, AuthorityError> {
        client.needs_proof()?;
        let requested = RequestedScope::parse(scope, &self.resources)?;
        if requested.permissions != Permissions::Default {
            return Err(refusal::ONLY_DEFAULT.about(scope).into());
        }
        let (app_id, tenant) = (&client.application.app_id, &client.tenant.id);
        let mut db = self.db.snapshot().await?;
        let roles = match requested.application() {
            None => applications::permissions(&mut db, app_id, tenant, PermissionKind::Role).await?,
            Some(other) if applications::find(&mut db, other, tenant).await?.is_none() => {
                return Err(refusal::NO_RESOURCE.about(&requested.audience).into());
            }
            // Roles of other APIs are not registered here.
            Some(_) => Vec::new(),
        };
        drop(db);
        self.issue_to_application(client, &requested.audience, roles)
            .await
    }

    /// The tenant of a code, so that a path without one will do.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn tenant_of_code(&self, code: &str) -> Result<Option<String>, AuthorityError> {
        let mut db = self.db.snapshot().await?;
        match token_grants::find_code(&mut db, &sha256(code)).await? {
            Some((_, grant)) => Ok(token_grants::find(&mut db, &grant)
                .await?
                .map(|grant| grant.tenant_id)),
            None => Ok(None),
        }
    }

    /// The tenant of a refresh token, so that a path without one will do.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn tenant_of_refresh_token(&self, token: &str) -> Result<Option<String>, AuthorityError> {
        let mut db = self.db.snapshot().await?;
        match token_grants::find_refresh_token(&mut db, &sha256(token)).await? {
            Some((_, grant)) => Ok(token_grants::find(&mut db, &grant)
                .await?
                .map(|grant| grant.tenant_id)),
            None => Ok(None),
        }
    }

    /// The tenant of a device's code, so that a path without one will do.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn tenant_of_device_code(&self, code: &str) -> Result<Option<String>, AuthorityError> {
        let mut db = self.db.snapshot().await?;
        let device = device_codes::find(&mut db, &sha256(code)).await?;
        match device.and_then(|device| device.grant_id) {
            Some(grant) => Ok(token_grants::find(&mut db, &grant)
                .await?
                .map(|grant| grant.tenant_id)),
            None => Ok(None),
        }
    }

    /// `authorization_code` (RFC 6749 section 4.1.3) with PKCE.
    ///
    /// # Errors
    /// [`AuthorityError`]. A code that was used before takes all with it that came from it.
    pub async fn authorization_code(
        &self,
        client: &Client,
        redemption: &CodeRedemption<'_>,
    ) -> Result<Issued, AuthorityError> {
        client.needs_proof_unless_public()?;
        let mut db = self.db.snapshot().await?;
        let now = self.clock.now();
        let hash = sha256(redemption.code);
        let found = token_grants::find_code(&mut db, &hash).await?;
        let (code, grant_id) = found.ok_or_else(|| refusal::NO_CODE.refuse())?;
        let grant = self.family(&mut db, &grant_id, client).await?;
        if code.redirect_uri != redemption.redirect_uri {
            return Err(refusal::OTHER_REDIRECT_URI.refuse().into());
        }
        if !pkce::matches(&code.code_challenge, redemption.verifier) {
            return Err(refusal::WRONG_VERIFIER.refuse().into());
        }
        let requested = RequestedScope::parse(&grant.scope, &self.resources)?;
        let (user, granted) = self.allowed(&mut db, client, &grant.user_id, &requested).await?;
        drop(db);
        let is_late = code.expires <= now;
        let next = match requested.offline && !is_late {
            true => Some(self.new_refresh_token()?),
            false => None,
        };
        let signed_in = SignedIn {
            application: &client.application,
            user: &user,
            scope: &requested,
            granted,
            grant: Some(grant.id.clone()),
            nonce: code.nonce.as_deref(),
        };
        let kept = next.as_ref().map(|(_, kept)| kept.clone());
        // Signed before the code is used up: what cannot be signed costs nobody his sign-in.
        let issued = self.issue_to_user(&signed_in, next.map(|(text, _)| text)).await?;
        // Also one that is too late: who has it may have used it before.
        if !self.redeem(OneTime::Code(hash), grant, kept).await? {
            return Err(refusal::USED_CODE.refuse().into());
        }
        match is_late {
            true => Err(refusal::EXPIRED_CODE.refuse().into()),
            false => Ok(issued),
        }
    }

    /// `refresh_token` (RFC 6749 section 6), which is used up and followed by another.
    ///
    /// # Errors
    /// [`AuthorityError`]. A token that was used before takes all with it that came from its authorization.
    pub async fn refresh_token(
        &self,
        client: &Client,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Issued, AuthorityError> {
        client.needs_proof_unless_public()?;
        let mut db = self.db.snapshot().await?;
        let hash = sha256(token);
        let found = token_grants::find_refresh_token(&mut db, &hash).await?;
        let (stored, grant_id) = found.ok_or_else(|| refusal::NO_CODE.refuse())?;
        let grant = self.family(&mut db, &grant_id, client).await?;
        if stored.expires <= self.clock.now() {
            return Err(refusal::EXPIRED_CODE.refuse().into());
        }
        let asked = scope.filter(|scope| !scope.trim().is_empty());
        let requested = RequestedScope::parse(asked.unwrap_or(&grant.scope), &self.resources)?;
        let (user, granted) = self.allowed(&mut db, client, &grant.user_id, &requested).await?;
        drop(db);
        let (text, kept) = self.new_refresh_token()?;
        let signed_in = SignedIn {
            application: &client.application,
            user: &user,
            scope: &requested,
            granted,
            grant: Some(grant.id.clone()),
            nonce: None,
        };
        let issued = self.issue_to_user(&signed_in, Some(text)).await?;
        match self
            .redeem(OneTime::RefreshToken(hash), grant, Some(kept))
            .await?
        {
            true => Ok(issued),
            false => Err(refusal::REPLAYED.refuse().into()),
        }
    }

    /// `device_code` (RFC 8628 section 3.4).
    ///
    /// # Errors
    /// [`AuthorityError`], `authorization_pending` while nobody has entered the code.
    pub async fn device_code(&self, client: &Client, code: &str) -> Result<Issued, AuthorityError> {
        client.needs_proof_unless_public()?;
        let mut db = self.db.snapshot().await?;
        let now = self.clock.now();
        let hash = sha256(code);
        let device = device_codes::find(&mut db, &hash).await?;
        let device = device
            .filter(|device| device.app_id == client.application.app_id)
            .ok_or_else(|| refusal::NO_DEVICE_CODE.refuse())?;
        if device.expires <= now {
            return Err(refusal::DEVICE_EXPIRED.refuse().into());
        }
        match device.state {
            DeviceState::Pending => {
                let last = device.last_polled.map_or(i64::MIN, Ticks::unix_seconds);
                let is_early = now.unix_seconds() < last.saturating_add(i64::from(POLL_SECONDS) - 1);
                drop(db);
                if is_early {
                    return Err(refusal::SLOW_DOWN.refuse().into());
                }
                let poll = Poll {
                    device_code_sha256: hash,
                    now,
                };
                self.db.write(poll).await?;
                return Err(refusal::PENDING.refuse().into());
            }
            DeviceState::Denied => return Err(refusal::DEVICE_DECLINED.refuse().into()),
            DeviceState::Redeemed => return Err(refusal::NO_DEVICE_CODE.refuse().into()),
            DeviceState::Approved => {}
        }
        let grant_id = device.grant_id.ok_or_else(|| refusal::NO_DEVICE_CODE.refuse())?;
        let grant = self.family(&mut db, &grant_id, client).await?;
        let requested = RequestedScope::parse(&grant.scope, &self.resources)?;
        let (user, granted) = self.allowed(&mut db, client, &grant.user_id, &requested).await?;
        drop(db);
        let next = match requested.offline {
            true => Some(self.new_refresh_token()?),
            false => None,
        };
        let redeem = device_codes::Redeem {
            device_code_sha256: hash,
            grant_id: grant.id.clone(),
            refresh: next.as_ref().map(|(_, kept)| kept.clone()),
            now,
        };
        let signed_in = SignedIn {
            application: &client.application,
            user: &user,
            scope: &requested,
            granted,
            grant: Some(grant.id),
            nonce: None,
        };
        let issued = self.issue_to_user(&signed_in, next.map(|(text, _)| text)).await?;
        match self.db.write(redeem).await? {
            true => Ok(issued),
            false => Err(refusal::NO_DEVICE_CODE.refuse().into()),
        }
    }

    /// On behalf of the user whose token another application was given (RFC 7523 section 2.1, Microsoft's `on_behalf_of`): the
    /// token must be for the client itself.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub async fn on_behalf_of(
        &self,
        client: &Client,
        assertion: &str,
        scope: &str,
        tokens: &BearerTokens,
    ) -> Result<Issued, AuthorityError> {
        client.needs_proof()?;
        let bad = || refusal::BAD_USER_ASSERTION.refuse();
        let audience = format!("{APPLICATION}{}", client.application.app_id);
        let verified = tokens.verify_for(assertion, audience, &self.db).await;
        let verified = verified.map_err(|_| bad())?;
        let Identity::Delegated { user: user_id, .. } = &verified.identity else {
            return Err(bad().into());
        };
        if verified.issuer != Issuer::Authority || verified.tenant != client.tenant.id {
            return Err(bad().into());
        }
        let requested = RequestedScope::parse(scope, &self.resources)?;
        let mut db = self.db.snapshot().await?;
        // The application that it was given to, its tenant and its authorization have to count as well.
        caller::identify(&mut db, &verified)
            .await
            .map_err(|error| match error {
                CallerError::Fault(_) => bad().into(),
                CallerError::Db(error) => AuthorityError::Db(error),
            })?;
        let parent = match &verified.grant {
            Some(grant) => token_grants::find(&mut db, grant).await?,
            None => None,
        };
        let (user, granted) = self.allowed(&mut db, client, user_id, &requested).await?;
        drop(db);
        let now = self.clock.now();
        let next = match requested.offline {
            true => Some(self.new_refresh_token()?),
            false => None,
        };
        let id = ids::time_ordered();
        let grant = TokenGrant {
            root_id: parent
                .as_ref()
                .map_or_else(|| id.clone(), |parent| parent.root_id.clone()),
            id,
            kind: GrantKind::OnBehalf,
            tenant_id: client.tenant.id.clone(),
            app_id: client.application.app_id.clone(),
            user_id: user.id.clone(),
            session_id: parent.and_then(|parent| parent.session_id),
            scope: scope.to_owned(),
            created: now,
            expires: now.plus(self.config.access_token_lifetime),
            revoked: None,
        };
        let begin = Begin {
            grant: grant.clone(),
            refresh: next.as_ref().map(|(_, kept)| kept.clone()),
        };
        if !self.db.write(begin).await? {
            return Err(refusal::REVOKED.refuse().into());
        }
        let signed_in = SignedIn {
            application: &client.application,
            user: &user,
            scope: &requested,
            granted,
            grant: Some(grant.id),
            nonce: None,
        };
        self.issue_to_user(&signed_in, next.map(|(text, _)| text)).await
    }

    /// The authorization of what a client brings. One of another application is no secret any more, and is revoked.
    async fn family(
        &self,
        db: &mut Session,
        grant_id: &str,
        client: &Client,
    ) -> Result<TokenGrant, AuthorityError> {
        let grant = token_grants::find(db, grant_id).await?;
        let grant = grant.ok_or_else(|| refusal::NO_CODE.refuse())?;
        if grant.app_id != client.application.app_id || grant.tenant_id != client.tenant.id {
            let now = self.clock.now();
            self.db.write(Revoke { grant, now }).await?;
            return Err(refusal::OTHER_APPLICATION.refuse().into());
        }
        if grant.revoked.is_some() {
            return Err(refusal::REVOKED.refuse().into());
        }
        Ok(grant)
    }

    async fn redeem(
        &self,
        used: OneTime,
        grant: TokenGrant,
        next: Option<RefreshToken>,
    ) -> Result<bool, AuthorityError> {
        let now = self.clock.now();
        let redeem = Redeem {
            used,
            grant,
            next,
            access_expires: now.plus(self.config.access_token_lifetime),
            now,
        };
        Ok(self.db.write(redeem).await?)
    }

    /// The user, and what the client may do for him of what it asks for.
    async fn allowed(
        &self,
        db: &mut Session,
        client: &Client,
        user: &str,
        scope: &RequestedScope,
    ) -> Result<(User, Vec<String>), AuthorityError> {
        let user = users::find(db, user).await?;
        let user = user
            .filter(|user| {
                user.account_enabled && user.deleted.is_none() && user.tenant_id == client.tenant.id
            })
            .ok_or_else(|| refusal::USER_DISABLED.refuse())?;
        let consent = permissions::consent(db, &client.application, &user.id, scope).await?;
        let asks_nothing = scope.permissions == Permissions::Named(Vec::new());
        let lacks = match scope.permissions {
            // All that has been consented to, if anything has.
            Permissions::Default => consent.granted.is_empty(),
            Permissions::Named(_) => !consent.missing.is_empty(),
        };
        match lacks && !asks_nothing {
            true => Err(refusal::NO_CONSENT.about(&client.application.app_id).into()),
            false => Ok((user, consent.granted)),
        }
    }
}
