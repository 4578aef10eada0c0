//! Sign-in through another OpenID provider (OpenID Connect Core section 3.1, with PKCE): where a browser is sent, and what is
//! made of what it brings back.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::interaction::Interaction;
use super::issue::Handed;
use super::redirect_uri::with_parameters;
use super::{Authority, AuthorityError, pkce};
use crate::auth::claims;
use crate::auth::fetch::{FetchFault, Outgoing, OutgoingForm, ProviderMetadata};
use crate::auth::issuers::IssuerKeys;
use crate::auth::token::CompactToken;
use crate::clock::{Clock, Ticks};
use crate::config::{Algorithm, IdentityProviderConfig};
use crate::db::directory::federated::{FederatedUser, SignInFederated};
use crate::db::{Session, tenants};
use crate::ids;

/// What a detour is sealed for.
const PURPOSE: &str = "identity provider";
/// How long somebody may be away.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long what a provider says of itself is believed.
const METADATA_AGE: Duration = Duration::from_secs(3600);
/// How long one that did not answer is left alone.
const FAILURE_MEMORY: Duration = Duration::from_secs(10);
/// How far the provider's clock may be off, in seconds.
const SKEW_SECONDS: i64 = 120;
/// What an ID token may be signed with.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::EdDsa,
];

/// A provider, with what it has said of itself.
pub struct Provider {
    /// As it is configured.
    pub config: IdentityProviderConfig,
    outgoing: Outgoing,
    clock: Clock,
    known: Mutex<Asked>,
}

/// What a provider has said of itself, and when.
#[derive(Default)]
struct Asked {
    found: Option<(Ticks, Arc<Known>)>,
    /// When it last did not answer, and why.
    failed: Option<(Ticks, String)>,
}

struct Known {
    metadata: ProviderMetadata,
    keys: IssuerKeys,
}

/// Why a provider has signed nobody in. Told to the operator in full; to the browser it is one text.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFault {
    /// It does not answer, or not as it should.
    #[error("the identity provider: {0}")]
    Fetch(#[from] FetchFault),
    /// It did not answer a moment ago, and is not asked again yet.
    #[error("{0} (a moment ago; it is asked again in a while)")]
    Recently(String),
    /// The secret cannot be read.
    #[error("identity_providers.client_secret_file: {0}")]
    Secret(std::io::Error),
    /// It has refused the code.
    #[error("the identity provider has refused the code: {0}")]
    Refused(String),
    /// Its ID token does not count.
    #[error("the ID token of the identity provider: {0}")]
    Token(&'static str),
    /// What it tells beside the ID token does not count.
    #[error("the userinfo_endpoint of the identity provider: {0}")]
    UserInfo(&'static str),
}

/// What a provider says of somebody.
struct Told {
    id_token: Map<String, Value>,
    /// Empty where the ID token says it all.
    userinfo: Map<String, Value>,
}

impl Told {
    fn claim(&self, name: &str) -> Option<&Value> {
        claims::claim(&self.id_token, name).or_else(|| claims::claim(&self.userinfo, name))
    }
}

/// What goes with a browser to a provider and back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Detour {
    /// What the browser is in the middle of.
    pub interaction: Interaction,
    /// Which provider it was sent to.
    issuer: String,
    verifier: String,
    nonce: String,
    begun_ticks: i64,
}

impl Provider {
    /// A provider as it is configured; nothing is asked yet.
    ///
    /// # Errors
    /// What is wrong, as a line of the configuration.
    pub fn new(index: usize, config: IdentityProviderConfig, clock: &Clock) -> Result<Self, String> {
        let outgoing = Outgoing::new(config.ca_file.as_deref());
        Ok(Self {
            outgoing: outgoing.map_err(|fault| format!("identity_providers[{index}].ca_file: {fault}"))?,
            config,
            clock: clock.clone(),
            known: Mutex::default(),
        })
    }

    async fn known(&self) -> Result<Arc<Known>, ProviderFault> {
        let mut asked = self.known.lock().await;
        let now = self.clock.now();
        let within = |since: Ticks, age| since <= now && now < since.plus(age);
        let found = asked.found.as_ref();
        if let Some((_, found)) = found.filter(|(since, _)| within(*since, METADATA_AGE)) {
            return Ok(Arc::clone(found));
        }
        // One that is down is not asked by every click, and what it said before goes on counting.
        let failed = asked
            .failed
            .as_ref()
            .filter(|(since, _)| within(*since, FAILURE_MEMORY));
        if let Some((_, why)) = failed {
            return match found {
                Some((_, found)) => Ok(Arc::clone(found)),
                None => Err(ProviderFault::Recently(why.clone())),
            };
        }
        match (self.ask().await, found) {
            (Ok(known), _) => {
                let known = Arc::new(known);
                asked.found = Some((now, Arc::clone(&known)));
                asked.failed = None;
                Ok(known)
            }
            (Err(fault), found) => {
                let kept = found.map(|(_, found)| Arc::clone(found));
                asked.failed = Some((now, fault.to_string()));
                kept.ok_or(fault)
            }
        }
    }

    async fn ask(&self) -> Result<Known, ProviderFault> {
        let metadata = self.outgoing.provider(&self.config.issuer).await?;
        let (issuer, ca_file) = (&self.config.issuer, self.config.ca_file.as_deref());
        let keys = IssuerKeys::at(issuer, &metadata.jwks_uri, ca_file, &self.clock)?;
        Ok(Known { metadata, keys })
    }

    /// Redeems a code; gives what the provider says of whoever has signed in.
    async fn redeem(&self, code: &str, callback: &str, detour: &Detour) -> Result<Told, ProviderFault> {
        let known = self.known().await?;
        let encode = odata::query::encode_form;
        let mut body = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={}",
            encode(code),
            encode(callback),
            encode(&detour.verifier)
        );
        let id = encode(&self.config.client_id);
        let authorization = match &self.config.client_secret {
            Some(source) => {
                let secret = source.read().map_err(ProviderFault::Secret)?;
                // Each is encoded before they are put together (RFC 6749 section 2.3.1).
                let pair = format!("{id}:{}", encode(secret.expose()));
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
            None => {
                body.push_str("&client_id=");
                body.push_str(&id);
                None
            }
        };
        let form = OutgoingForm {
            body,
            authorization: authorization.as_deref(),
        };
        let metadata = &known.metadata;
        let answered = self
            .outgoing
            .post(&metadata.token_endpoint, metadata.token_endpoint_is_foreign, form)
            .await?;
        let body: Value = serde_json::from_slice(&answered.body).unwrap_or_default();
        if !answered.is_success {
            let error = body.get("error").and_then(Value::as_str).unwrap_or("no reason");
            return Err(ProviderFault::Refused(error.chars().take(64).collect()));
        }
        let token = body.get("id_token").and_then(Value::as_str);
        let token = token.ok_or(ProviderFault::Token("there is none"))?;
        let id_token = self.check(token, &known.keys, detour).await?;
        let access_token = body.get("access_token").and_then(Value::as_str);
        let userinfo = self.userinfo(metadata, access_token, &id_token).await?;
        Ok(Told { id_token, userinfo })
    }

    /// What the ID token has left out. Of the scopes `profile` and `email` that may be everything: who is given an access token as
    /// well is to ask with it (OpenID Connect Core sections 5.3 and 5.4).
    async fn userinfo(
        &self,
        metadata: &ProviderMetadata,
        access_token: Option<&str>,
        id_token: &Map<String, Value>,
    ) -> Result<Map<String, Value>, ProviderFault> {
        let names = &self.config.claims;
        let mut wanted = vec![
            &names.user,
            &names.user_principal_name,
            &names.display_name,
            &names.mail,
        ];
        if !self.config.administrators.is_empty() {
            wanted.push(&names.groups);
        }
        let is_complete = wanted.iter().all(|name| claims::claim(id_token, name).is_some());
        let (Some((endpoint, is_foreign)), Some(token), false) =
            (&metadata.userinfo_endpoint, access_token, is_complete)
        else {
            return Ok(Map::new());
        };
        let body = self.outgoing.get(endpoint, *is_foreign, Some(token)).await?;
        let Ok(told) = serde_json::from_slice::<Map<String, Value>>(&body) else {
            return Err(ProviderFault::UserInfo("what it answers is no JSON object"));
        };
        // Section 5.3.2: otherwise it may be about somebody else.
        let subject = id_token.get("sub").and_then(Value::as_str);
        match subject.is_some() && told.get("sub").and_then(Value::as_str) == subject {
            true => Ok(told),
            false => Err(ProviderFault::UserInfo("sub is not that of the ID token")),
        }
    }

    /// Checks an ID token (OpenID Connect Core section 3.1.3.7).
    async fn check(
        &self,
        token: &str,
        keys: &IssuerKeys,
        detour: &Detour,
    ) -> Result<Map<String, Value>, ProviderFault> {
        let token = CompactToken::parse(token).map_err(|_| ProviderFault::Token("it is no JWT"))?;
        let key = keys.find(token.kid()).await;
        let key = key.ok_or(ProviderFault::Token("its key is not published"))?;
        key.verify(&token, &ALGORITHMS)
            .map_err(|_| ProviderFault::Token("its signature is wrong"))?;
        let claims = token.claims();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.config.issuer.as_str()) {
            return Err(ProviderFault::Token("iss is another issuer"));
        }
        let client = self.config.client_id.as_str();
        let for_us = match claims.get("aud") {
            Some(Value::Array(several)) => {
                several.iter().any(|one| one.as_str() == Some(client))
                    && text("azp").is_none_or(|party| party == client)
            }
            one => one.and_then(Value::as_str) == Some(client),
        };
        if !for_us {
            return Err(ProviderFault::Token("aud is another client"));
        }
        let now = self.clock.now().unix_seconds();
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
        let (late, early) = ((now - SKEW_SECONDS) as f64, (now + SKEW_SECONDS) as f64);
        if seconds("exp").is_none_or(|exp| exp <= late) || seconds("iat").is_none_or(|iat| iat > early) {
            return Err(ProviderFault::Token("it is too old, or from the future"));
        }
        if text("nonce") != Some(detour.nonce.as_str()) {
            return Err(ProviderFault::Token("nonce is that of another sign-in"));
        }
        Ok(claims.clone())
    }
}

impl Authority {
    /// The provider that signs the people of a tenant in.
    ///
    /// # Errors
    /// [`AuthorityError::Db`].
    pub async fn provider(
        &self,
        db: &mut Session,
        tenant: &str,
    ) -> Result<Option<Arc<Provider>>, AuthorityError> {
        for provider in self.providers.iter() {
            let named = &provider.config.tenant;
            let is_it = named == tenant
                || tenants::find_by_domain(db, named)
                    .await?
                    .is_some_and(|found| found.id == tenant);
            if is_it {
                return Ok(Some(Arc::clone(provider)));
            }
        }
        Ok(None)
    }

    /// Where the provider sends browsers back to.
    fn callback(&self, tenant: &str) -> String {
        format!(
            "{}/{}/callback",
            self.public_url,
            odata::query::encode_form(tenant)
        )
    }

    /// Where the provider signs people in, for an interaction.
    ///
    /// # Errors
    /// [`AuthorityError::Provider`] where it does not answer.
    pub async fn begin_detour(
        &self,
        provider: &Provider,
        interaction: &Interaction,
        hint: Option<&str>,
    ) -> Result<String, AuthorityError> {
        let known = provider.known().await?;
        let detour = Detour {
            interaction: interaction.clone(),
            issuer: provider.config.issuer.clone(),
            verifier: Handed::new()?.text,
            nonce: Handed::new()?.text,
            begun_ticks: self.clock.now().0,
        };
        let text = serde_json::to_vec(&detour).map_err(|_| AuthorityError::Lost)?;
        let state = self
            .sealer
            .seal_text(PURPOSE, &text)
            .ok_or(AuthorityError::Lost)?;
        let challenge = pkce::challenge_of(&detour.verifier);
        let (callback, scope) = (
            self.callback(&interaction.tenant_id),
            provider.config.scopes.join(" "),
        );
        let mut parameters = vec![
            ("client_id", provider.config.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &callback),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &detour.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(hint.map(|hint| ("login_hint", hint)));
        if interaction.anew {
            parameters.push(("prompt", "login"));
        }
        Ok(with_parameters(
            &known.metadata.authorization_endpoint,
            &parameters,
        ))
    }

    /// The detour of a `state` that came back, not too late.
    pub fn end_detour(&self, state: &str) -> Option<Detour> {
        let text = self.sealer.open_text(PURPOSE, state)?;
        let detour: Detour = serde_json::from_slice(&text).ok()?;
        let ends = Ticks(detour.begun_ticks).plus(PATIENCE);
        (self.clock.now() < ends).then_some(detour)
    }

    /// The user whom the provider has signed in, by the code that came back.
    ///
    /// # Errors
    /// [`AuthorityError::Provider`] where the provider does not say so.
    pub async fn sign_in_federated(
        &self,
        provider: &Provider,
        detour: &Detour,
        code: &str,
    ) -> Result<FederatedUser, AuthorityError> {
        if detour.issuer != provider.config.issuer {
            return Err(ProviderFault::Token("the provider has changed meanwhile").into());
        }
        let tenant = &detour.interaction.tenant_id;
        let told = provider.redeem(code, &self.callback(tenant), detour).await?;
        let config = &provider.config;
        let text = |name: &str| {
            let value = told.claim(name).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let external_id =
            text(&config.claims.user).ok_or(ProviderFault::Token("it does not say who it is"))?;
        let groups = told.claim(&config.claims.groups).and_then(Value::as_array);
        let is_in = |group: &Value| {
            group
                .as_str()
                .is_some_and(|name| config.administrators.iter().any(|known| known == name))
        };
        let is_administrator = groups.is_some_and(|groups| groups.iter().any(is_in));
        let sign_in = SignInFederated {
            tenant_id: tenant.clone(),
            external_id,
            user_principal_name: text(&config.claims.user_principal_name),
            display_name: text(&config.claims.display_name),
            mail: text(&config.claims.mail),
            is_administrator: (!config.administrators.is_empty()).then_some(is_administrator),
            create_as: config.create_users.then(ids::random),
        };
        Ok(self.db.write(sign_in).await?)
    }
}
