//! Who signed a token, with which key, and whether what it says holds.

use std::sync::Arc;
use std::time::Duration;

use super::claims::{ClaimRules, IssRule, Issuer, VerifiedToken, tenant_of};
use super::issuers::IssuerKeys;
use super::key_set::{TENANT_PLACEHOLDER, VerifyingKey};
use super::token::{CompactToken, TokenFault};
use crate::clock::Clock;
use crate::config::issuer::{Algorithm, AppOnly, ClaimMap, IssuerConfig, TenantClaim};

/// The longest lifetime of the built-in authority's tokens.
pub const AUTHORITY_MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600 + 30 * 60);

/// How far apart the clocks of two nodes with one authority may be.
const AUTHORITY_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Verifies the tokens of all issuers. One for all runtime threads.
///
/// Ask for the [`source`](Self::source) of a token first. Where that is the authority, the store has the key of
/// its `kid`; else [`issuer_key`](Self::issuer_key) has it. Then [`check`](Self::check).
pub struct TokenVerifier {
    issuers: Vec<ConfiguredIssuer>,
    authority_audiences: Vec<String>,
    authority_claims: ClaimMap,
    clock: Clock,
}

struct ConfiguredIssuer {
    config: IssuerConfig,
    keys: IssuerKeys,
}

impl TokenVerifier {
    /// Takes the entries of `[[issuers]]` and reads their files of keys. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration, a line each: `issuers[0].jwks_file: …`.
    pub fn new(
        issuers: Vec<IssuerConfig>,
        authority_audiences: Vec<String>,
        clock: Clock,
    ) -> Result<Self, Vec<String>> {
        let mut problems = same_issuers(&issuers);
        let mut opened = Vec::new();
        for (index, config) in issuers.into_iter().enumerate() {
            match IssuerKeys::open(&config, &format!("issuers[{index}]"), &clock) {
                Ok(keys) => opened.push(ConfiguredIssuer { config, keys }),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            issuers: opened,
            authority_audiences,
            authority_claims: authority_claims(),
            clock,
        })
    }

    /// Whose key must have signed `token`, if its `iss` is true. An entry without `{tenantid}` goes before one
    /// with it.
    pub fn source(&self, token: &CompactToken<'_>) -> Issuer {
        let Some(iss) = token.claims().get("iss").and_then(serde_json::Value::as_str) else {
            return Issuer::Authority;
        };
        let exact = self.issuers.iter().position(|issuer| issuer.config.issuer == iss);
        let index = exact.or_else(|| {
            self.issuers.iter().position(|issuer| {
                let template = &issuer.config.issuer;
                template.contains(TENANT_PLACEHOLDER)
                    && tenant_of(token.claims(), &issuer.config.claims)
                        .is_some_and(|tenant| template.replace(TENANT_PLACEHOLDER, tenant) == iss)
            })
        });
        index.map_or(Issuer::Authority, Issuer::Configured)
    }

    /// The key of `[[issuers]]` number `index` that `token` names. May wait for a fetch.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Invalid`] when the issuer has no such key, or the token could not pass with any.
    pub async fn issuer_key(
        &self,
        index: usize,
        token: &CompactToken<'_>,
    ) -> Result<Arc<VerifyingKey>, TokenFault> {
        let issuer = self
            .issuers
            .get(index)
            .ok_or(TokenFault::Invalid("no such issuer"))?;
        token.check_header()?;
        // First, so that nonsense does not make us fetch.
        if !token
            .algorithm()
            .is_some_and(|algorithm| issuer.config.algorithms.contains(&algorithm))
        {
            return Err(TokenFault::Invalid("alg is not allowed"));
        }
        issuer
            .keys
            .find(token.kid())
            .await
            .ok_or(TokenFault::Invalid("the issuer has no such key"))
    }

    /// Checks the signature, then every claim.
    ///
    /// # Errors
    ///
    /// The first fault that is found. Expiry and audience are told only of a token whose signature is right.
    pub fn check(
        &self,
        source: Issuer,
        token: &CompactToken<'_>,
        key: &VerifyingKey,
    ) -> Result<VerifiedToken, TokenFault> {
        let (rules, algorithms) = self.rules(source)?;
        self.check_by(&rules, algorithms, token, key)
    }

    /// Checks a token of the built-in authority that is meant for somebody else.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_for(
        &self,
        token: &CompactToken<'_>,
        key: &VerifyingKey,
        audiences: &[String],
    ) -> Result<VerifiedToken, TokenFault> {
        let (rules, algorithms) = self.rules(Issuer::Authority)?;
        let rules = ClaimRules { audiences, ..rules };
        self.check_by(&rules, algorithms, token, key)
    }

    fn check_by(
        &self,
        rules: &ClaimRules<'_>,
        algorithms: &[Algorithm],
        token: &CompactToken<'_>,
        key: &VerifyingKey,
    ) -> Result<VerifiedToken, TokenFault> {
        token.check_header()?;
        let named = token.kid().is_none_or(|kid| key.kid() == Some(kid));
        if !named || (rules.issuer == Issuer::Authority && token.kid().is_none()) {
            return Err(TokenFault::Invalid("another key than the token names"));
        }
        key.verify(token, algorithms)?;
        let verified = rules.check(token.claims(), key, self.clock.now())?;
        token.check_type()?;
        Ok(verified)
    }

    fn rules(&self, source: Issuer) -> Result<(ClaimRules<'_>, &[Algorithm]), TokenFault> {
        let Issuer::Configured(index) = source else {
            let rules = ClaimRules {
                issuer: source,
                iss: IssRule::AnyHost,
                audiences: &self.authority_audiences,
                tenants: None,
                require_idtyp: false,
                clock_skew: AUTHORITY_CLOCK_SKEW,
                max_lifetime: AUTHORITY_MAX_LIFETIME,
                names: &self.authority_claims,
            };
            return Ok((rules, &[Algorithm::Rs256]));
        };
        let issuer = self
            .issuers
            .get(index)
            .ok_or(TokenFault::Invalid("no such issuer"))?;
        Ok((
            ClaimRules::of_issuer(index, &issuer.config),
            &issuer.config.algorithms,
        ))
    }
}

/// A line for each entry that another one hides.
fn same_issuers(issuers: &[IssuerConfig]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, config) in issuers.iter().enumerate() {
        if let Some(other) = issuers
            .iter()
            .take(index)
            .position(|other| other.issuer == config.issuer)
        {
            problems.push(format!(
                "issuers[{index}].issuer: the same as issuers[{other}].issuer; make one entry of both"
            ));
        }
    }
    problems
}

/// The names that the built-in authority uses: Graph's.
fn authority_claims() -> ClaimMap {
    ClaimMap {
        tenant: TenantClaim::Claim("tid".to_owned()),
        user: "oid".to_owned(),
        application: ["appid", "azp", "client_id"].map(str::to_owned).to_vec(),
        scopes: "scp".to_owned(),
        roles: "roles".to_owned(),
        groups: "groups".to_owned(),
        app_only: AppOnly::NoScopes,
        audience_array: false,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::hmac;
    use serde_json::{Value, json};

    use super::super::claims::Identity;
    use super::super::fixtures::{
        ed25519_jwk, encode, issuer_config, jwk, key_set, keys, p256_jwk, public_der, rsa_jwk, sign,
        sign_with_other, signing_input,
    };
    use super::super::key_set::PERSONAL_TENANT;
    use super::*;
    use crate::authority::{AccessToken, SigningKey, Subject};
    use crate::clock::Ticks;
    use crate::config::issuer::KeySource;

    const NOW: i64 = 1_800_000_000;
    const TENANT: &str = "2432b57b-0abd-43db-aa7b-16eadd115d34";
    const ISSUER: &str = "https://login.example/{tenantid}/v2.0";
    const USER: &str = "1273a016-201d-4f95-8083-1b7f99b3edeb";
    const APP: &str = "5f7a1c6e-0b52-4b5d-9d8c-2d0f6a1e7a11";

    /// A verifier with the first entry as changed by the test, and a second issuer with another key.
    struct Setting {
        _folder: tempfile::TempDir,
        verifier: TokenVerifier,
    }

    impl Setting {
        fn new() -> Self {
            Self::with(&[jwk("rsa"), p256_jwk("p256"), ed25519_jwk("ed25519")], |_| {})
        }

        fn changed(change: impl FnOnce(&mut IssuerConfig)) -> Self {
            Self::with(&[jwk("rsa"), p256_jwk("p256")], change)
        }

        fn with(keys_of_first: &[Value], change: impl FnOnce(&mut IssuerConfig)) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let first = folder.path().join("first.json");
            let second = folder.path().join("second.json");
            std::fs::write(&first, key_set(keys_of_first)).unwrap();
            std::fs::write(&second, key_set(&[rsa_jwk(&keys().other_rsa, "other")])).unwrap();
            let mut config = issuer_config(ISSUER, KeySource::File(first));
            change(&mut config);
            let other = issuer_config("https://other.example", KeySource::File(second));
            let clock = Clock::manual(Ticks::from_unix_seconds(NOW));
            let audiences = vec!["https://graph.microsoft.com".to_owned()];
            let verifier = TokenVerifier::new(vec![config, other], audiences, clock).unwrap();
            Self {
                _folder: folder,
                verifier,
            }
        }

        /// What happens to a bearer token; the store has the key `authority`.
        async fn verify_with(
            &self,
            text: &str,
            authority: Option<&VerifyingKey>,
        ) -> Result<VerifiedToken, TokenFault> {
            let token = CompactToken::parse(text)?;
            match self.verifier.source(&token) {
                Issuer::Configured(index) => {
                    let key = self.verifier.issuer_key(index, &token).await?;
                    self.verifier.check(Issuer::Configured(index), &token, &key)
                }
                Issuer::Authority => {
                    let key = authority.ok_or(TokenFault::Invalid("not in the store"))?;
                    self.verifier.check(Issuer::Authority, &token, key)
                }
            }
        }

        async fn verify(&self, text: &str) -> Result<VerifiedToken, TokenFault> {
            self.verify_with(text, None).await
        }

        /// The text of the 401 for a token with these claims; empty if it is accepted.
        async fn answer(&self, claims: &Value) -> &'static str {
            let verified = self.verify(&rs256(claims)).await;
            verified.err().map_or("", TokenFault::message)
        }
    }

    const ACCEPTED: &str = "";
    const INVALID: &str = TokenFault::Invalid("").message();
    const EXPIRED: &str = TokenFault::Expired.message();
    const AUDIENCE: &str = TokenFault::WrongAudience.message();

    fn header() -> Value {
        json!({ "typ": "at+jwt", "alg": "RS256", "kid": "rsa" })
    }

    /// A user's claims.
    fn claims() -> Value {
        json!({
            "iss": format!("https://login.example/{TENANT}/v2.0"), "aud": "api://recordings",
            "tid": TENANT, "oid": USER, "sub": "pairwise", "azp": APP,
            "scp": "OnlineMeetingRecording.Read.All User.Read",
            "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3600,
        })
    }

    /// An application's claims.
    fn app_claims() -> Value {
        changed(
            claims(),
            &json!({ "scp": "-", "oid": "-", "sub": APP, "roles": ["OnlineMeetingRecording.Read.All"] }),
        )
    }

    /// `original` with the members of `changes`; one that is `"-"` there is taken away.
    fn changed(mut original: Value, changes: &Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            if value == "-" {
                original.as_object_mut().unwrap().remove(name);
            } else {
                original[name] = value.clone();
            }
        }
        original
    }

    fn rs256(claims: &Value) -> String {
        sign(Algorithm::Rs256, &header(), claims)
    }

    #[tokio::test]
    async fn a_users_token_is_read() {
        let claims = changed(
            claims(),
            &json!({ "groups": ["g1", "g2"], "roles": ["Some.Role"], "idtyp": "user" }),
        );
        let verified = Setting::new().verify(&rs256(&claims)).await.unwrap();
        let expected = VerifiedToken {
            issuer: Issuer::Configured(0),
            tenant: TENANT.to_owned(),
            tenant_named: false,
            application: Some(APP.to_owned()),
            identity: Identity::Delegated {
                user: USER.to_owned(),
                scopes: vec![
                    "OnlineMeetingRecording.Read.All".to_owned(),
                    "User.Read".to_owned(),
                ],
            },
            groups: vec!["g1".to_owned(), "g2".to_owned()],
            expires: Ticks::from_unix_seconds(NOW + 3600),
            grant: None,
        };
        assert_eq!(verified, expected);
    }

    #[tokio::test]
    async fn an_applications_token_is_read() {
        let verified = Setting::new().verify(&rs256(&app_claims())).await.unwrap();
        let roles = vec!["OnlineMeetingRecording.Read.All".to_owned()];
        assert_eq!(verified.identity, Identity::Application { roles });
        assert_eq!(verified.application.as_deref(), Some(APP));
        let without_roles = changed(app_claims(), &json!({ "roles": "-", "idtyp": "app" }));
        let verified = Setting::new().verify(&rs256(&without_roles)).await.unwrap();
        assert_eq!(verified.identity, Identity::Application { roles: Vec::new() });
    }

    #[tokio::test]
    async fn every_allowed_algorithm_verifies_with_its_key_only() {
        let setting = Setting::new();
        for (algorithm, name, kid) in [
            (Algorithm::Rs256, "RS256", "rsa"),
            (Algorithm::Ps256, "PS256", "rsa"),
            (Algorithm::Es256, "ES256", "p256"),
            (Algorithm::EdDsa, "EdDSA", "ed25519"),
        ] {
            for named_kid in ["rsa", "p256", "ed25519"] {
                let header = json!({ "alg": name, "kid": named_kid });
                let accepted = setting.verify(&sign(algorithm, &header, &claims())).await.is_ok();
                assert_eq!(accepted, named_kid == kid, "{name} with {named_kid}");
            }
            for named in [
                "RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "none", "HS256",
            ] {
                let header = json!({ "alg": named, "kid": kid });
                let accepted = setting.verify(&sign(algorithm, &header, &claims())).await.is_ok();
                assert_eq!(accepted, named == name, "{name} as {named}");
            }
        }
    }

    #[tokio::test]
    async fn an_algorithm_outside_the_list_is_refused() {
        let setting = Setting::changed(|config| config.algorithms = vec![Algorithm::Es256]);
        assert_eq!(setting.answer(&claims()).await, INVALID);
        let header = json!({ "alg": "ES256", "kid": "p256" });
        assert!(
            setting
                .verify(&sign(Algorithm::Es256, &header, &claims()))
                .await
                .is_ok()
        );
        let bound = changed(jwk("rsa"), &json!({ "alg": "PS256" }));
        let setting = Setting::with(&[bound], |_| {});
        assert_eq!(setting.answer(&claims()).await, INVALID);
    }

    #[tokio::test]
    async fn unsigned_and_symmetric_tokens_are_refused() {
        let setting = Setting::new();
        for alg in ["none", "None", "NONE", ""] {
            let input = signing_input(&json!({ "alg": alg, "kid": "rsa" }), &claims());
            assert_eq!(
                setting.verify(&format!("{input}.")).await.unwrap_err().message(),
                INVALID
            );
        }
        let unsigned = signing_input(&header(), &claims());
        assert_eq!(
            setting
                .verify(&format!("{unsigned}."))
                .await
                .unwrap_err()
                .message(),
            INVALID
        );
        for secret in [public_der(), jwk("rsa").to_string().into_bytes(), Vec::new()] {
            let input = signing_input(&json!({ "alg": "HS256", "kid": "rsa" }), &claims());
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes());
            let token = format!("{input}.{}", encode(tag));
            assert_eq!(setting.verify(&token).await.unwrap_err().message(), INVALID);
        }
    }

    #[tokio::test]
    async fn a_changed_token_is_refused() {
        let setting = Setting::new();
        let token = rs256(&claims());
        let (input, signature) = token.rsplit_once('.').unwrap();
        let other_claims = changed(claims(), &json!({ "oid": "somebody-else" }));
        let swapped = format!("{}.{signature}", signing_input(&header(), &other_claims));
        let cut = format!("{input}.{}", &signature[..signature.len() - 2]);
        let zeros = format!("{input}.{}", encode([0; 256]));
        for token in [swapped, cut, zeros] {
            assert_eq!(setting.verify(&token).await.unwrap_err().message(), INVALID);
        }
        for token in [
            format!("{token}="),
            format!("{token}=="),
            format!("{input}.{signature}.x"),
            input.to_owned(),
        ] {
            let message = setting.verify(&token).await.unwrap_err().message();
            assert_eq!(message, TokenFault::NotCompact.message());
        }
    }

    #[tokio::test]
    async fn the_key_comes_from_the_issuers_own_set() {
        let setting = Setting::new();
        let attackers = rsa_jwk(&keys().other_rsa, "rsa");
        for changes in [
            json!({ "kid": "other" }),
            json!({ "kid": "unknown" }),
            json!({ "kid": "RSA" }),
            json!({ "kid": "" }),
            json!({ "kid": 1 }),
            json!({ "kid": "-" }),
            json!({ "jwk": attackers }),
            json!({ "jku": "https://attacker.example/keys" }),
            json!({ "x5u": "https://attacker.example/cert" }),
            json!({ "x5c": ["MIIB"] }),
        ] {
            let header = changed(header(), &changes);
            let refused = setting.verify(&sign_with_other(&header, &claims())).await;
            assert_eq!(refused.unwrap_err().message(), INVALID, "{header}");
        }
        // A key in the header is no reason to refuse a token that the right key signed.
        let header = changed(header(), &json!({ "jwk": attackers }));
        assert!(
            setting
                .verify(&sign(Algorithm::Rs256, &header, &claims()))
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn without_a_kid_there_must_be_one_usable_key() {
        let header = json!({ "alg": "RS256" });
        let token = sign(Algorithm::Rs256, &header, &claims());
        assert!(Setting::with(&[jwk("rsa")], |_| {}).verify(&token).await.is_ok());
        assert!(
            Setting::with(&[jwk("rsa"), p256_jwk("p256")], |_| {})
                .verify(&token)
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn what_is_not_understood_in_a_header_is_refused() {
        let setting = Setting::new();
        for changes in [
            json!({ "crit": ["exp"], "exp": 1 }),
            json!({ "crit": [] }),
            json!({ "crit": ["b64"], "b64": false }),
            json!({ "cnf": {} }),
            json!({ "nonce": "abc" }),
            json!({ "typ": "id+jwt" }),
            json!({ "typ": "logout+jwt" }),
            json!({ "typ": "dpop+jwt" }),
            json!({ "typ": "" }),
            json!({ "typ": null }),
        ] {
            let token = sign(Algorithm::Rs256, &changed(header(), &changes), &claims());
            assert_eq!(
                setting.verify(&token).await.unwrap_err().message(),
                INVALID,
                "{changes}"
            );
        }
        for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "-"] {
            let header = changed(header(), &json!({ "typ": typ }));
            assert!(
                setting
                    .verify(&sign(Algorithm::Rs256, &header, &claims()))
                    .await
                    .is_ok(),
                "{typ}"
            );
        }
    }

    #[tokio::test]
    async fn lifetimes() {
        let setting = Setting::new();
        for (changes, expected) in [
            (json!({ "exp": NOW - 59 }), ACCEPTED),
            (json!({ "exp": NOW - 60 }), EXPIRED),
            (json!({ "exp": 0 }), EXPIRED),
            (json!({ "exp": -1 }), INVALID),
            (json!({ "exp": "-" }), INVALID),
            (json!({ "exp": (NOW + 60).to_string() }), INVALID),
            (json!({ "exp": null }), INVALID),
            (json!({ "exp": 1_800_000_060.5 }), ACCEPTED),
            (json!({ "exp": 1e300 }), INVALID),
            (json!({ "exp": u64::MAX }), INVALID),
            (json!({ "exp": 253_402_300_799_u64 }), INVALID),
            (json!({ "nbf": NOW + 60 }), ACCEPTED),
            (json!({ "nbf": NOW + 61 }), INVALID),
            (json!({ "nbf": "soon" }), INVALID),
            (json!({ "iat": NOW + 60 }), ACCEPTED),
            (json!({ "iat": NOW + 61 }), INVALID),
            (json!({ "iat": [] }), INVALID),
            (json!({ "iat": NOW, "exp": NOW + 88_200 }), ACCEPTED),
            (json!({ "iat": NOW, "exp": NOW + 88_201 }), INVALID),
            (
                json!({ "iat": "-", "nbf": NOW - 10, "exp": NOW + 88_191 }),
                INVALID,
            ),
            (json!({ "iat": "-", "nbf": "-", "exp": NOW + 88_200 }), ACCEPTED),
            (json!({ "iat": "-", "nbf": "-", "exp": NOW + 88_201 }), INVALID),
        ] {
            assert_eq!(
                setting.answer(&changed(claims(), &changes)).await,
                expected,
                "{changes}"
            );
        }
    }

    #[tokio::test]
    async fn issuers_tenants_and_audiences() {
        let setting = Setting::new();
        for (changes, expected) in [
            (json!({ "aud": "api://other" }), AUDIENCE),
            (json!({ "aud": "API://recordings" }), AUDIENCE),
            (json!({ "aud": "api://recordings/" }), AUDIENCE),
            (json!({ "aud": "https://graph.microsoft.com" }), AUDIENCE),
            (json!({ "aud": "api://other", "exp": 0 }), AUDIENCE),
            (json!({ "aud": ["api://recordings"] }), INVALID),
            (json!({ "aud": "-" }), INVALID),
            (json!({ "iss": "-" }), INVALID),
            (json!({ "iss": [ISSUER] }), INVALID),
            (json!({ "iss": ISSUER }), INVALID),
            (json!({ "iss": "https://other.example" }), INVALID),
            (
                json!({ "iss": format!("https://login.example/{TENANT}/v2.0/") }),
                INVALID,
            ),
            (json!({ "tid": "fabrikam" }), INVALID),
            (json!({ "tid": TENANT.to_uppercase() }), INVALID),
            (json!({ "tid": "-" }), INVALID),
            (
                json!({ "tid": "", "iss": "https://login.example//v2.0" }),
                INVALID,
            ),
            (json!({ "tid": [TENANT] }), INVALID),
        ] {
            assert_eq!(
                setting.answer(&changed(claims(), &changes)).await,
                expected,
                "{changes}"
            );
        }
    }

    #[tokio::test]
    async fn claims_that_ask_for_more_or_have_the_wrong_type_are_refused() {
        let setting = Setting::new();
        for changes in [
            json!({ "cnf": { "jkt": "x" } }),
            json!({ "cnf": null }),
            json!({ "nonce": "x" }),
            json!({ "events": {} }),
            json!({ "crit": ["x"] }),
            json!({ "scp": ["User.Read"] }),
            json!({ "scp": null }),
            json!({ "scp": "-" , "idtyp": "user" }),
            json!({ "idtyp": "app" }),
            json!({ "idtyp": "device" }),
            json!({ "idtyp": ["user"] }),
            json!({ "roles": "Some.Role" }),
            json!({ "roles": ["a", 1] }),
            json!({ "roles": null }),
            json!({ "groups": "g" }),
            json!({ "oid": "-" }),
            json!({ "oid": "" }),
            json!({ "oid": 7 }),
            json!({ "azp": 7 }),
        ] {
            assert_eq!(
                setting.answer(&changed(claims(), &changes)).await,
                INVALID,
                "{changes}"
            );
        }
        for changes in [
            json!({ "azp": "-" }),
            json!({ "idtyp": "user" }),
            json!({ "idtyp": "USER" }),
            json!({ "appid": "" }),
        ] {
            assert_eq!(
                setting.answer(&changed(app_claims(), &changes)).await,
                INVALID,
                "{changes}"
            );
        }
        // An empty scp is a user's who may do nothing.
        assert_eq!(
            setting.answer(&changed(claims(), &json!({ "scp": "" }))).await,
            ACCEPTED
        );
    }

    #[tokio::test]
    async fn a_fault_is_told_only_once_the_signature_has_verified() {
        let setting = Setting::new();
        for changes in [json!({ "exp": 0 }), json!({ "aud": "api://other" })] {
            let token = sign_with_other(&header(), &changed(claims(), &changes));
            assert_eq!(setting.verify(&token).await.unwrap_err().message(), INVALID);
        }
    }

    #[tokio::test]
    async fn named_tenants_are_the_only_ones() {
        let personal = json!({
            "tid": PERSONAL_TENANT, "iss": format!("https://login.example/{PERSONAL_TENANT}/v2.0"),
        });
        let setting = Setting::changed(|config| config.tenants = Some(vec![TENANT.to_owned()]));
        assert!(setting.verify(&rs256(&claims())).await.unwrap().tenant_named);
        assert_eq!(setting.answer(&changed(claims(), &personal)).await, INVALID);
        let setting = Setting::changed(|config| config.tenants = Some(vec![PERSONAL_TENANT.to_owned()]));
        assert_eq!(setting.answer(&changed(claims(), &personal)).await, ACCEPTED);
        // The key that other tenants share does not sign for personal accounts.
        let bound = changed(jwk("rsa"), &json!({ "issuer": ISSUER }));
        let setting = Setting::with(&[bound], |_| {});
        assert_eq!(setting.answer(&changed(claims(), &personal)).await, INVALID);
        assert_eq!(setting.answer(&claims()).await, ACCEPTED);
    }

    #[tokio::test]
    async fn a_tenant_in_capitals_is_the_same_tenant() {
        let upper = TENANT.to_uppercase();
        let claims = changed(
            claims(),
            &json!({ "tid": upper, "iss": format!("https://login.example/{upper}/v2.0") }),
        );
        let setting = Setting::changed(|config| config.tenants = Some(vec![TENANT.to_owned()]));
        assert_eq!(setting.verify(&rs256(&claims)).await.unwrap().tenant, TENANT);
    }

    #[tokio::test]
    async fn other_names_of_claims() {
        let setting = Setting::changed(|config| {
            config.issuer = "https://sso.example/realms/x".to_owned();
            config.claims.tenant = TenantClaim::Fixed(TENANT.to_owned());
            config.claims.user = "sub".to_owned();
            config.claims.scopes = "scope".to_owned();
            config.claims.roles = "realm_access.roles".to_owned();
            config.claims.groups = "https://sso.example/groups".to_owned();
            config.claims.app_only = AppOnly::SubjectIsApplication;
            config.claims.audience_array = true;
        });
        let token = json!({
            "iss": "https://sso.example/realms/x", "aud": ["account", "api://recordings"], "sub": "u1",
            "client_id": "c1", "scope": "a b", "exp": NOW + 60, "realm_access": { "roles": ["r"] },
            "https://sso.example/groups": ["g"],
        });
        let verified = setting.verify(&rs256(&token)).await.unwrap();
        assert_eq!(verified.tenant, TENANT);
        assert_eq!(verified.groups, ["g"]);
        let scopes = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            verified.identity,
            Identity::Delegated {
                user: "u1".to_owned(),
                scopes
            }
        );
        let app = changed(token.clone(), &json!({ "sub": "c1" }));
        let verified = setting.verify(&rs256(&app)).await.unwrap();
        assert_eq!(
            verified.identity,
            Identity::Application {
                roles: vec!["r".to_owned()]
            }
        );
        for (changes, expected) in [
            (json!({ "scope": "-" }), INVALID),
            (json!({ "aud": ["account"] }), AUDIENCE),
            (json!({ "aud": ["api://recordings", 1] }), INVALID),
            (json!({ "aud": [] }), AUDIENCE),
            (json!({ "aud": "api://recordings" }), ACCEPTED),
            (json!({ "realm_access": { "roles": "r" } }), INVALID),
            (json!({ "realm_access": ["r"] }), ACCEPTED),
        ] {
            assert_eq!(
                setting.answer(&changed(token.clone(), &changes)).await,
                expected,
                "{changes}"
            );
        }
    }

    #[tokio::test]
    async fn what_makes_a_token_app_only_is_configured() {
        let by_claim = Setting::changed(|config| config.claims.app_only = AppOnly::Claim("gty".to_owned()));
        assert_eq!(by_claim.answer(&app_claims()).await, INVALID);
        let marked = changed(claims(), &json!({ "gty": "client-credentials" }));
        let verified = by_claim.verify(&rs256(&marked)).await.unwrap();
        assert_eq!(verified.identity, Identity::Application { roles: Vec::new() });
        let strict = Setting::changed(|config| config.require_idtyp = true);
        assert_eq!(strict.answer(&app_claims()).await, INVALID);
        assert_eq!(
            strict
                .answer(&changed(app_claims(), &json!({ "idtyp": "app" })))
                .await,
            ACCEPTED
        );
        assert_eq!(strict.answer(&claims()).await, ACCEPTED);
    }

    #[test]
    fn problems_are_listed_together() {
        let missing = || KeySource::File("missing.json".into());
        let issuers = vec![
            issuer_config("https://a.example", missing()),
            issuer_config("https://a.example", missing()),
        ];
        let problems = TokenVerifier::new(issuers, Vec::new(), Clock::system())
            .err()
            .unwrap();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("issuers[1].issuer: "));
        assert!(problems[1].starts_with("issuers[0].jwks_file: "));
    }

    #[tokio::test]
    async fn an_entry_without_placeholder_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        std::fs::write(&path, key_set(&[jwk("rsa")])).unwrap();
        let one_tenant = ISSUER.replace(TENANT_PLACEHOLDER, TENANT);
        let configs =
            [ISSUER, &one_tenant].map(|issuer| issuer_config(issuer, KeySource::File(path.clone())));
        let verifier = TokenVerifier::new(configs.to_vec(), Vec::new(), Clock::system()).unwrap();
        let text = rs256(&claims());
        let token = CompactToken::parse(&text).unwrap();
        assert_eq!(verifier.source(&token), Issuer::Configured(1));
    }

    fn signing_key() -> SigningKey {
        SigningKey::from_pkcs8(keys().rsa.as_der().unwrap().as_ref()).unwrap()
    }

    fn own_token() -> AccessToken {
        AccessToken {
            public_url: "https://recordings.example/".to_owned(),
            tenant: TENANT.to_owned(),
            audience: "https://graph.microsoft.com".to_owned(),
            application: APP.to_owned(),
            subject: Subject::User {
                id: USER.to_owned(),
                name: None,
                scopes: vec!["User.Read".to_owned()],
            },
            issued: Ticks::from_unix_seconds(NOW),
            lifetime: Duration::from_secs(3600),
            id: "one".to_owned(),
            grant: None,
        }
    }

    #[tokio::test]
    async fn tokens_of_ours_are_accepted_whatever_the_host() {
        let setting = Setting::new();
        let key = signing_key();
        let public = VerifyingKey::from_jwk(&key.public_jwk()).unwrap();
        let verified = setting
            .verify_with(&own_token().sign(&key).unwrap(), Some(&public))
            .await
            .unwrap();
        assert_eq!(verified.issuer, Issuer::Authority);
        assert_eq!(verified.expires, Ticks::from_unix_seconds(NOW + 3600));
        let scopes = vec!["User.Read".to_owned()];
        assert_eq!(
            verified.identity,
            Identity::Delegated {
                user: USER.to_owned(),
                scopes
            }
        );
        let app = AccessToken {
            public_url: "http://elsewhere:1".to_owned(),
            subject: Subject::Application { roles: Vec::new() },
            lifetime: AUTHORITY_MAX_LIFETIME,
            ..own_token()
        };
        let verified = setting
            .verify_with(&app.sign(&key).unwrap(), Some(&public))
            .await
            .unwrap();
        assert_eq!(verified.identity, Identity::Application { roles: Vec::new() });
    }

    #[tokio::test]
    async fn tokens_of_ours_are_checked_as_strictly() {
        let setting = Setting::new();
        let key = signing_key();
        let public = VerifyingKey::from_jwk(&key.public_jwk()).unwrap();
        for (changes, expected) in [
            (json!({ "tid": "fabrikam" }), INVALID),
            (json!({ "iss": format!("https://a.example/{TENANT}") }), INVALID),
            (json!({ "iss": format!("{TENANT}/v2.0") }), INVALID),
            (
                json!({ "iss": format!("https://a.example/x{TENANT}/v2.0") }),
                INVALID,
            ),
            (json!({ "aud": "api://recordings" }), AUDIENCE),
            (json!({ "exp": NOW - 60 }), EXPIRED),
            (json!({ "exp": NOW + 88_201 }), INVALID),
        ] {
            let text = key.sign(&changed(own_token().claims(), &changes)).unwrap();
            let refused = setting.verify_with(&text, Some(&public)).await.unwrap_err();
            assert_eq!(refused.message(), expected, "{changes}");
        }
        let good = own_token().claims();
        for header in [
            json!({ "alg": "PS256", "kid": key.kid() }),
            json!({ "alg": "RS256", "kid": "rsa" }),
            json!({ "alg": "RS256" }),
        ] {
            let algorithm = if header["alg"] == "PS256" {
                Algorithm::Ps256
            } else {
                Algorithm::Rs256
            };
            let text = sign(algorithm, &header, &good);
            let refused = setting.verify_with(&text, Some(&public)).await.unwrap_err();
            assert_eq!(refused.message(), INVALID, "{header}");
        }
    }

    #[tokio::test]
    async fn the_authority_cannot_speak_for_a_configured_issuer() {
        let setting = Setting::new();
        let key = signing_key();
        let text = key
            .sign(&changed(
                claims(),
                &json!({ "aud": "https://graph.microsoft.com" }),
            ))
            .unwrap();
        let public = VerifyingKey::from_jwk(&key.public_jwk()).unwrap();
        assert_eq!(
            setting
                .verify_with(&text, Some(&public))
                .await
                .unwrap_err()
                .message(),
            INVALID
        );
    }

    #[test]
    fn a_verification_can_move_between_threads() {
        fn is_send<T: Send>(_: &T) {}
        fn is_shared<T: Send + Sync>(_: &T) {}
        let setting = Setting::new();
        let text = rs256(&claims());
        is_shared(&setting.verifier);
        is_send(&setting.verify(&text));
    }
}
