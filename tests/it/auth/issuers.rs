//! Issuers beside the built-in authority: where their keys come from, what their claims are called, whom they may speak for.

use serde_json::{Value, json};

use super::asking::{
    INVALID, NO_RELATION, expect_refusal, expect_status, forbidden, four_urls, my_recording, recording_of,
    refusal, two_urls, unauthenticated,
};
use super::issuer_server::IssuerServer;
use super::keys::{
    ISSUER, KeyFile, all_keys, app_claims, changed, entry, key_set, keys, other_jwk, rsa_jwk, sign, sign_as,
    sign_with, user_claims,
};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CONTOSO, FABRIKAM, FABRIKAM_MEETING, FABRIKAM_ORGANIZER, ORGANIZER, OUTSIDER, READ,
};
use crate::support::{TestApp, TokenOf};

const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn named(kid: &str, claims: &Value) -> String {
    sign_with(&keys().rsa, &json!({ "alg": "RS256", "kid": kid }), claims)
}

#[tokio::test]
async fn keys_in_a_file_serve_users_and_applications() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        for url in four_urls(ORGANIZER) {
            expect_status(&app, &url, &sign_as(algorithm, &user_claims()), 200).await;
        }
        for url in two_urls(ORGANIZER) {
            expect_status(&app, &url, &sign_as(algorithm, &app_claims()), 200).await;
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_the_entry_leaves_out_is_refused() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("algorithms = [\"ES256\"]").await;
    expect_status(&app, &my_recording(), &sign_as("ES256", &user_claims()), 200).await;
    for algorithm in ["RS256", "PS256", "EdDSA"] {
        let token = sign_as(algorithm, &user_claims());
        expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
    }
}

#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let file = KeyFile::new(&key_set(&[rsa_jwk("old")]));
    let app = file.app("").await;
    expect_status(&app, &my_recording(), &named("old", &user_claims()), 200).await;
    file.write(&key_set(&[rsa_jwk("new")]));
    app.set_time("2026-02-01T12:00:01Z");
    expect_status(&app, &my_recording(), &named("new", &user_claims()), 200).await;
    // The old token may be remembered for less than a minute.
    app.set_time("2026-02-01T12:01:00Z");
    let token = named("old", &user_claims());
    expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
}

#[tokio::test]
async fn a_file_that_breaks_leaves_the_keys_as_they_were() {
    let file = KeyFile::new(&key_set(&[rsa_jwk("rsa")]));
    let app = file.app("").await;
    file.write("{ \"keys\": [");
    app.set_time("2026-02-01T12:05:00Z");
    expect_status(&app, &my_recording(), &sign(&user_claims()), 200).await;
}

#[tokio::test]
async fn the_only_key_of_a_set_needs_no_name() {
    let file = KeyFile::new(&key_set(&[rsa_jwk("rsa")]));
    let app = file.app("").await;
    let token = sign_with(&keys().rsa, &json!({ "alg": "RS256" }), &user_claims());
    expect_status(&app, &my_recording(), &token, 200).await;
}

#[tokio::test]
async fn keys_that_may_not_verify_are_as_if_they_were_not_there() {
    for extra in [
        json!({ "use": "enc" }),
        json!({ "key_ops": ["encrypt"] }),
        json!({ "alg": "RS512" }),
    ] {
        let unusable = changed(&rsa_jwk("rsa"), &extra);
        let file = KeyFile::new(&key_set(&[unusable, other_jwk("other")]));
        let app = file.app("").await;
        let token = sign(&user_claims());
        let answer = app.get(&my_recording(), &token).await;
        assert_eq!(answer.error(), unauthenticated(INVALID), "{extra}");
    }
}

#[tokio::test]
async fn keys_are_fetched_from_a_jwks_uri_once() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    assert_eq!(issuer.hits(), 0);
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &sign(&user_claims()), 200).await;
    }
    expect_status(&app, &recording_of(ORGANIZER), &sign(&app_claims()), 200).await;
    assert_eq!(issuer.hits(), 1);
}

#[tokio::test]
async fn keys_are_found_by_openid_discovery() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let iss = issuer.url("/realms/contoso");
    issuer.discovery(&json!({ "issuer": iss, "jwks_uri": issuer.url("/keys") }));
    let lines = format!(
        "[[issuers]]\nissuer = \"{iss}\"\naudiences = [\"api://recordings.example\"]\nclaims.tenant_id = \"{CONTOSO}\""
    );
    let app = TestApp::with().config(&lines).start().await;
    let claims = changed(&user_claims(), &json!({ "iss": iss, "tid": "-" }));
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &sign(&claims), 200).await;
    }
    assert_eq!(issuer.hits(), 2);
    let stranger = changed(&claims, &json!({ "iss": format!("{iss}/") }));
    expect_refusal(&app, &my_recording(), &sign(&stranger), &unauthenticated(INVALID)).await;
}

#[tokio::test]
async fn discovery_of_a_template_asks_a_named_tenant() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let template = issuer.url("/{tenantid}/v2.0");
    let iss = template.replace("{tenantid}", CONTOSO);
    issuer.discovery(&json!({ "issuer": iss, "jwks_uri": issuer.url("/keys") }));
    let lines = format!(
        "[[issuers]]\nissuer = \"{template}\"\naudiences = [\"api://recordings.example\"]\ntenants = [\"{CONTOSO}\"]"
    );
    let app = TestApp::with().config(&lines).start().await;
    let claims = changed(&user_claims(), &json!({ "iss": iss }));
    expect_status(&app, &my_recording(), &sign(&claims), 200).await;
}

#[tokio::test]
async fn discovery_that_names_another_issuer_or_an_inner_address_gives_no_key() {
    let inner = IssuerServer::start(&all_keys()).await;
    for (name, jwks_uri) in [("/other", "/keys"), ("", "inner")] {
        let issuer = IssuerServer::start(&all_keys()).await;
        let iss = issuer.url("");
        let jwks_uri = match jwks_uri {
            "inner" => inner.url("/keys"),
            path => issuer.url(path),
        };
        issuer.discovery(&json!({ "issuer": format!("{iss}{name}"), "jwks_uri": jwks_uri }));
        let lines = format!(
            "[[issuers]]\nissuer = \"{iss}\"\naudiences = [\"api://recordings.example\"]\nclaims.tenant_id = \"{CONTOSO}\""
        );
        let app = TestApp::with().config(&lines).start().await;
        let token = sign(&changed(&user_claims(), &json!({ "iss": iss })));
        expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
    }
    assert_eq!(inner.hits(), 0);
}

#[tokio::test]
async fn unknown_key_names_cause_one_fetch_in_thirty_seconds() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    expect_status(&app, &my_recording(), &sign(&user_claims()), 200).await;
    for (time, hits) in [
        ("2026-02-01T12:00:00Z", 2),
        ("2026-02-01T12:00:29Z", 2),
        ("2026-02-01T12:00:31Z", 3),
    ] {
        app.set_time(time);
        for kid in ["a", "b", "c"] {
            let token = named(kid, &user_claims());
            expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
        }
        assert_eq!(issuer.hits(), hits, "{time}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_and_one_that_is_gone_is_refused_within_a_quarter_of_an_hour() {
    let issuer = IssuerServer::start(&key_set(&[rsa_jwk("old")])).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    expect_status(&app, &my_recording(), &named("old", &user_claims()), 200).await;
    issuer.keys(&key_set(&[rsa_jwk("new")]));
    expect_status(&app, &my_recording(), &named("new", &user_claims()), 200).await;
    app.set_time("2026-02-01T12:15:00Z");
    let token = named("old", &user_claims());
    expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
}

#[tokio::test]
async fn a_key_that_is_gone_is_refused_although_nobody_asked_for_a_new_one() {
    let issuer = IssuerServer::start(&key_set(&[rsa_jwk("old")])).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    let token = named("old", &user_claims());
    expect_status(&app, &my_recording(), &token, 200).await;
    issuer.keys(&key_set(&[rsa_jwk("new")]));
    app.set_time("2026-02-01T12:15:00Z");
    expect_refusal(&app, &my_recording(), &token, &unauthenticated(INVALID)).await;
}

#[tokio::test]
async fn an_issuer_that_is_down_harms_nobody_whose_key_is_known() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    expect_status(&app, &my_recording(), &sign(&user_claims()), 200).await;
    issuer.fail();
    for time in [
        "2026-02-01T12:11:00Z",
        "2026-02-01T12:16:00Z",
        "2026-02-01T12:50:00Z",
    ] {
        app.set_time(time);
        expect_status(&app, &my_recording(), &sign(&user_claims()), 200).await;
    }
}

#[tokio::test]
async fn an_issuer_that_lets_us_wait_keeps_nobody_else() {
    let issuer = IssuerServer::start(&all_keys()).await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    let (url, token) = (my_recording(), sign(&user_claims()));
    let guard = issuer.stall().await;
    let waiting = app.get(&url, &token);
    let others = async {
        issuer.until_hits(1).await;
        for url in four_urls(ORGANIZER) {
            expect_status(&app, &url, &TokenOf::user(ORGANIZER).sign(), 200).await;
        }
        // Whoever waits is answered once the keys are there.
        drop(guard);
    };
    let (answer, ()) = tokio::join!(waiting, others);
    assert_eq!((answer.status, issuer.hits()), (200, 1), "{}", answer.text());
}

#[tokio::test]
async fn a_key_set_that_is_huge_or_empty_or_none_costs_its_own_tokens_alone() {
    let padding = "x".repeat(2 * 1024 * 1024);
    let huge = json!({ "keys": [rsa_jwk("rsa")], "padding": padding }).to_string();
    for keys in [huge.as_str(), "{\"keys\":[]}", "{}", "no JSON", ""] {
        let issuer = IssuerServer::start(keys).await;
        let app = TestApp::with()
            .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
            .start()
            .await;
        expect_refusal(
            &app,
            &my_recording(),
            &sign(&user_claims()),
            &unauthenticated(INVALID),
        )
        .await;
        expect_status(&app, &my_recording(), &TokenOf::user(ORGANIZER).sign(), 200).await;
        // And it is asked again no sooner than in half a minute.
        expect_refusal(
            &app,
            &my_recording(),
            &sign(&user_claims()),
            &unauthenticated(INVALID),
        )
        .await;
        assert_eq!(issuer.hits(), 1);
    }
}

#[tokio::test]
async fn an_issuer_that_never_was_there_gives_401_and_no_fault_of_ours() {
    let issuer = IssuerServer::start("<html>").await;
    let app = TestApp::with()
        .config(&entry(&format!("jwks_uri = \"{}\"", issuer.url("/keys"))))
        .start()
        .await;
    for _ in 0..3 {
        expect_refusal(
            &app,
            &my_recording(),
            &sign(&user_claims()),
            &unauthenticated(INVALID),
        )
        .await;
    }
    issuer.fail();
    app.set_time("2026-02-01T12:01:00Z");
    expect_refusal(
        &app,
        &my_recording(),
        &sign(&user_claims()),
        &unauthenticated(INVALID),
    )
    .await;
    expect_status(&app, &my_recording(), &TokenOf::user(ORGANIZER).sign(), 200).await;
}

#[tokio::test]
async fn one_issuers_key_does_not_serve_another() {
    let (first, second) = (
        KeyFile::new(&key_set(&[rsa_jwk("one")])),
        KeyFile::new(&key_set(&[other_jwk("two")])),
    );
    let lines = format!(
        "{}[[issuers]]\nissuer = \"https://second.example/\"\naudiences = [\"api://recordings.example\"]\n\
         claims.tenant_id = \"{CONTOSO}\"\n{}\n",
        entry(&first.line()),
        second.line()
    );
    let app = TestApp::with().config(&lines).start().await;
    let of_second = changed(&user_claims(), &json!({ "iss": "https://second.example/" }));
    let header = |kid: &str| json!({ "alg": "RS256", "kid": kid });
    let cases = [
        (sign_with(&keys().rsa, &header("one"), &user_claims()), 200),
        (sign_with(&keys().other_rsa, &header("two"), &of_second), 200),
        (sign_with(&keys().rsa, &header("one"), &of_second), 401),
        (sign_with(&keys().other_rsa, &header("two"), &user_claims()), 401),
        // A name that the entry does not know, with the key of the other.
        (sign_with(&keys().rsa, &header("two"), &of_second), 401),
    ];
    for (token, status) in cases {
        expect_status(&app, &my_recording(), &token, status).await;
    }
}

#[tokio::test]
async fn claims_are_read_by_the_names_of_the_entry() {
    let file = KeyFile::new(&all_keys());
    let app = file
        .app(&format!(
            "claims.tenant_id = \"{CONTOSO}\"
             claims.user = \"sub\"
             claims.application = [\"client_id\"]
             claims.scopes = \"scope\"
             claims.roles = \"realm_access.roles\"
             claims.app_only = \"claim:service\"
             claims.audience_array = true"
        ))
        .await;
    let common = json!({
        "iss": ISSUER.replace("{tenantid}", CONTOSO), "tid": FABRIKAM, "aud": ["account", "api://recordings.example"],
        "client_id": ARCHIVER, "azp": "ignored", "oid": OUTSIDER,
    });
    let user = changed(
        &changed(&user_claims(), &common),
        &json!({ "scp": "-", "scope": format!("openid {READ}") }),
    );
    let cases = [
        ("a user by id", json!({ "sub": ORGANIZER }), 200),
        ("a user by externalId", json!({ "sub": "external-attendee" }), 200),
        (
            "a user by a name of no meaning",
            json!({ "sub": "organizer@contoso.example" }),
            403,
        ),
        ("nobody", json!({ "sub": "-" }), 401),
        (
            "scopes under another name",
            json!({ "sub": ORGANIZER, "scope": "-", "scp": READ }),
            401,
        ),
        (
            "an audience too few",
            json!({ "sub": ORGANIZER, "aud": ["account"] }),
            401,
        ),
        (
            "one audience",
            json!({ "sub": ORGANIZER, "aud": "api://recordings.example" }),
            200,
        ),
    ];
    for (case, changes, status) in cases {
        let answer = app.get(&my_recording(), &sign(&changed(&user, &changes))).await;
        assert_eq!(answer.status, status, "{case}: {}", answer.text());
    }
    // Keycloak gives applications scopes as well.
    let service = changed(
        &user,
        &json!({ "sub": "a service", "service": true, "realm_access": { "roles": [READ, "offline"] } }),
    );
    let cases = [
        ("an application", json!({}), 200),
        (
            "without the role",
            json!({ "realm_access": { "roles": ["offline"] } }),
            403,
        ),
        (
            "with the role elsewhere",
            json!({ "realm_access": "-", "roles": [READ] }),
            403,
        ),
        (
            "with roles that are no array",
            json!({ "realm_access": { "roles": READ } }),
            401,
        ),
        ("of no name", json!({ "client_id": "-" }), 401),
    ];
    for (case, changes, status) in cases {
        let answer = app
            .get(&recording_of(ORGANIZER), &sign(&changed(&service, &changes)))
            .await;
        assert_eq!(answer.status, status, "{case}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_application_may_be_told_by_its_subject() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("claims.app_only = \"subject-is-application\"").await;
    expect_status(&app, &recording_of(ORGANIZER), &sign(&app_claims()), 200).await;
    let with_scopes = changed(&app_claims(), &json!({ "scp": READ }));
    expect_status(&app, &recording_of(ORGANIZER), &sign(&with_scopes), 200).await;
    let other = changed(&app_claims(), &json!({ "sub": "other" }));
    expect_status(&app, &recording_of(ORGANIZER), &sign(&other), 401).await;
}

#[tokio::test]
async fn an_entry_that_requires_idtyp_believes_no_other_application() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("require_idtyp = true").await;
    let says_so = changed(&app_claims(), &json!({ "idtyp": "app" }));
    expect_status(&app, &recording_of(ORGANIZER), &sign(&says_so), 200).await;
    expect_status(&app, &recording_of(ORGANIZER), &sign(&app_claims()), 401).await;
    expect_status(&app, &my_recording(), &sign(&user_claims()), 200).await;
}

#[tokio::test]
async fn a_tenant_that_may_not_use_the_issuer_gets_401_on_all_four_urls() {
    let file = KeyFile::new(&all_keys());
    let app = file
        .app(&format!("tenants = [\"{}\"]", CONTOSO.to_uppercase()))
        .await;
    let of_fabrikam = json!({
        "iss": ISSUER.replace("{tenantid}", FABRIKAM), "tid": FABRIKAM, "oid": FABRIKAM_ORGANIZER,
    });
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &sign(&user_claims()), 200).await;
        let token = sign(&changed(&user_claims(), &of_fabrikam));
        expect_refusal(&app, &url, &token, &unauthenticated(INVALID)).await;
    }
}

#[tokio::test]
async fn without_named_tenants_those_of_the_store_may_use_the_issuer() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let of = |tenant: &str, user: &str| {
        let changes = json!({ "iss": ISSUER.replace("{tenantid}", tenant), "tid": tenant, "oid": user });
        sign(&changed(&user_claims(), &changes))
    };
    let path = format!("/v1.0/me/onlineMeetings/{FABRIKAM_MEETING}/recordings/fabrikam-recording");
    expect_status(&app, &path, &of(FABRIKAM, FABRIKAM_ORGANIZER), 200).await;
    for tenant in ["cccccccc-0000-4000-8000-000000000001", PERSONAL] {
        for url in four_urls(ORGANIZER) {
            expect_refusal(&app, &url, &of(tenant, ORGANIZER), &unauthenticated(INVALID)).await;
        }
    }
}

#[tokio::test]
async fn a_known_tenant_asking_about_anothers_user_gets_3003() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let changes =
        json!({ "iss": ISSUER.replace("{tenantid}", FABRIKAM), "tid": FABRIKAM, "oid": FABRIKAM_ORGANIZER });
    let token = sign(&changed(&user_claims(), &changes));
    for url in four_urls(ORGANIZER) {
        expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
    }
    // Nor does it help to have the object id of the organizer there.
    let token = sign(&changed(
        &user_claims(),
        &changed(&changes, &json!({ "oid": ORGANIZER })),
    ));
    for url in four_urls(ORGANIZER) {
        expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
    }
}

#[tokio::test]
async fn personal_accounts_are_told_so_where_their_tenant_is_named() {
    let file = KeyFile::new(&all_keys());
    let app = file
        .app(&format!("tenants = [\"{CONTOSO}\", \"{PERSONAL}\"]"))
        .await;
    let changes =
        json!({ "iss": ISSUER.replace("{tenantid}", PERSONAL), "tid": PERSONAL, "oid": "somebody" });
    for scopes in [READ, "User.Read"] {
        let token = sign(&changed(
            &changed(&user_claims(), &changes),
            &json!({ "scp": scopes }),
        ));
        for url in four_urls(ORGANIZER) {
            let expected = refusal(400, "BadRequest", "This API is not supported for MSA accounts.");
            expect_refusal(&app, &url, &token, &expected).await;
        }
    }
}

#[tokio::test]
async fn an_unknown_user_of_a_valid_token_has_no_relation_to_any_meeting() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    for oid in [
        "ffffffff-0000-4000-8000-000000000001",
        "external-nobody",
        "organizer@contoso.example",
    ] {
        let token = sign(&changed(&user_claims(), &json!({ "oid": oid })));
        for url in four_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
        }
    }
}

#[tokio::test]
async fn an_external_id_counts_in_its_own_tenant_only() {
    let file = KeyFile::new(&all_keys());
    let app = file.app("").await;
    let external = |tenant: &str| {
        let changes =
            json!({ "iss": ISSUER.replace("{tenantid}", tenant), "tid": tenant, "oid": "external-attendee" });
        sign(&changed(&user_claims(), &changes))
    };
    expect_status(&app, &my_recording(), &external(CONTOSO), 200).await;
    expect_refusal(
        &app,
        &my_recording(),
        &external(FABRIKAM),
        &forbidden(NO_RELATION),
    )
    .await;
    let context = app.get(&my_recording(), &external(CONTOSO)).await.json();
    let context = context["@odata.context"].as_str().unwrap().to_owned();
    assert!(
        context.contains(ATTENDEE) && !context.contains("external"),
        "{context}"
    );
}

#[tokio::test]
async fn an_application_of_an_external_issuer_need_not_be_registered() {
    let file = KeyFile::new(&all_keys());
    let policy = format!(
        "applicationAccessPolicies: [{{ tenantId: '{CONTOSO}', identity: 'Foreign', appIds: ['foreign-app'],
           grantedTo: {{ global: true }} }}]"
    );
    let app = TestApp::with()
        .config(&entry(&file.line()))
        .seed(&policy)
        .start()
        .await;
    let token = sign(&changed(&app_claims(), &json!({ "azp": "foreign-app" })));
    for url in two_urls(ORGANIZER) {
        expect_status(&app, &url, &token, 200).await;
    }
    let user = sign(&changed(&user_claims(), &json!({ "azp": "-" })));
    expect_status(&app, &my_recording(), &user, 200).await;
}
