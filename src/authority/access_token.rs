//! The claims of an access token of ours (Microsoft's names, version 2.0).

use std::time::Duration;

use serde_json::{Value, json};

use super::signing_key::{SigningFault, SigningKey};
use crate::auth::claims::GRANT_CLAIM;
use crate::clock::Ticks;

/// An access token that is to be signed.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Where the server is reached; `iss` begins with it.
    pub public_url: String,
    /// The tenant.
    pub tenant: String,
    /// Whom the token is for; usually `https://graph.microsoft.com`.
    pub audience: String,
    /// The application that gets it.
    pub application: String,
    /// On whose behalf it speaks.
    pub subject: Subject,
    /// The present instant.
    pub issued: Ticks,
    /// How long it is valid.
    pub lifetime: Duration,
    /// Its own id, unlike every other token's.
    pub id: String,
    /// The authorization that it comes from: revoked with it.
    pub grant: Option<String>,
}

/// On whose behalf a token speaks.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A user, who has let the application do something.
    User {
        /// The user's object id.
        id: String,
        /// The user's sign-in name.
        name: Option<String>,
        /// What that is.
        scopes: Vec<String>,
    },
    /// The application itself.
    Application {
        /// What it may do.
        roles: Vec<String>,
    },
}

impl AccessToken {
    /// The claims. Dates are whole seconds.
    pub fn claims(&self) -> Value {
        let issued = self.issued.unix_seconds();
        let mut claims = json!({
            "aud": self.audience,
            "iss": format!("{}/{}/v2.0", self.public_url.trim_end_matches('/'), self.tenant),
            "tid": self.tenant,
            "appid": self.application,
            "azp": self.application,
            "ver": "2.0",
            "iat": issued,
            "nbf": issued,
            "exp": Ticks::from_unix_seconds(issued).plus(self.lifetime).unix_seconds(),
            "jti": self.id,
            "uti": self.id,
        });
        let of_subject = match &self.subject {
            Subject::User { id, name, scopes } => {
                json!({ "oid": id, "sub": id, "scp": scopes.join(" "), "idtyp": "user", "preferred_username": name })
            }
            Subject::Application { roles } => {
                json!({ "sub": self.application, "roles": roles, "idtyp": "app" })
            }
        };
        let of_grant = json!({ GRANT_CLAIM: self.grant });
        for more in [of_subject, of_grant] {
            if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
                // What is not known is left out.
                claims.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
            }
        }
        claims
    }

    /// Signs the claims.
    ///
    /// # Errors
    ///
    /// When the machine has no randomness or memory left.
    pub fn sign(&self, key: &SigningKey) -> Result<String, SigningFault> {
        key.sign(&self.claims())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(subject: Subject) -> AccessToken {
        AccessToken {
            public_url: "https://recordings.example".to_owned(),
            tenant: "contoso".to_owned(),
            audience: "https://graph.microsoft.com".to_owned(),
            application: "app".to_owned(),
            subject,
            issued: Ticks::from_unix_seconds(1000),
            lifetime: Duration::from_secs(60),
            id: "one".to_owned(),
            grant: None,
        }
    }

    #[test]
    fn a_users_token_has_scopes_and_no_roles() {
        let scopes = vec!["A".to_owned(), "B".to_owned()];
        let claims = token(Subject::User {
            id: "megan".to_owned(),
            name: None,
            scopes,
        })
        .claims();
        let expected = json!({
            "aud": "https://graph.microsoft.com", "iss": "https://recordings.example/contoso/v2.0",
            "tid": "contoso", "appid": "app", "azp": "app", "ver": "2.0", "iat": 1000, "nbf": 1000, "exp": 1060,
            "jti": "one", "uti": "one", "oid": "megan", "sub": "megan", "scp": "A B", "idtyp": "user",
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn an_applications_token_has_roles_even_if_there_are_none() {
        let claims = token(Subject::Application { roles: Vec::new() }).claims();
        assert_eq!(claims["roles"], json!([]));
        assert_eq!(claims["sub"], "app");
        assert_eq!(claims["idtyp"], "app");
        assert!(claims.get("scp").is_none());
        assert!(claims.get("oid").is_none());
    }
}
