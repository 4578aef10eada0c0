//! Tokens of the built-in authority, as a test wants them.

use std::time::Duration;

use graphophone::authority::{AccessToken, Subject};
use graphophone::clock::{Clock, Ticks};

use super::names::{ARCHIVER, CONTOSO, READ, READ_TRANSCRIPTS};
use super::{KEY, NOW};

/// A token to be signed.
#[derive(Clone)]
pub struct TokenOf(AccessToken);

impl TokenOf {
    /// The archiver signed in as `user` of Contoso, with the permissions of recordings and transcripts.
    pub fn user(user: &str) -> Self {
        let scopes = vec![READ.to_owned(), READ_TRANSCRIPTS.to_owned()];
        Self::of(
            ARCHIVER,
            Subject::User {
                id: user.to_owned(),
                name: None,
                scopes,
            },
        )
    }

    /// An application of Contoso on its own, with the permissions of recordings and transcripts.
    pub fn application(app_id: &str) -> Self {
        Self::of(
            app_id,
            Subject::Application {
                roles: vec![READ.to_owned(), READ_TRANSCRIPTS.to_owned()],
            },
        )
    }

    fn of(application: &str, subject: Subject) -> Self {
        Self(AccessToken {
            public_url: "http://127.0.0.1".to_owned(),
            tenant: CONTOSO.to_owned(),
            audience: "https://graph.microsoft.com".to_owned(),
            application: application.to_owned(),
            subject,
            issued: NOW.parse().unwrap(),
            lifetime: Duration::from_secs(3600),
            id: "test".to_owned(),
            grant: None,
        })
    }

    /// With these permissions instead.
    pub fn permissions(mut self, names: &[&str]) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        self.0.subject = match self.0.subject {
            Subject::User { id, name, .. } => Subject::User {
                id,
                name,
                scopes: names,
            },
            Subject::Application { .. } => Subject::Application { roles: names },
        };
        self
    }

    /// In another tenant.
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.0.tenant = tenant.to_owned();
        self
    }

    /// Through another application.
    pub fn through(mut self, app_id: &str) -> Self {
        self.0.application = app_id.to_owned();
        self
    }

    /// For another audience.
    pub fn audience(mut self, audience: &str) -> Self {
        self.0.audience = audience.to_owned();
        self
    }

    /// Issued at another time.
    pub fn issued(mut self, instant: &str) -> Self {
        self.0.issued = instant.parse().unwrap();
        self
    }

    /// Issued now by a clock that was moved.
    pub fn issued_by(mut self, clock: &Clock) -> Self {
        self.0.issued = Ticks(clock.now().0);
        self
    }

    /// Good for another time.
    pub fn lifetime(mut self, seconds: u64) -> Self {
        self.0.lifetime = Duration::from_secs(seconds);
        self
    }

    /// The claims, to be changed and signed with [`sign_claims`](Self::sign_claims).
    pub fn claims(&self) -> serde_json::Value {
        self.0.claims()
    }

    /// Any claims, signed with the store's key.
    pub fn sign_claims(claims: &serde_json::Value) -> String {
        KEY.sign(claims).unwrap()
    }

    /// The token.
    pub fn sign(&self) -> String {
        self.0.sign(&KEY).unwrap()
    }
}
