//! Application access policies: for whom an application may act.

use super::asking::{
    NO_POLICY, NO_RELATION, expect_refusal, expect_status, forbidden, recording_of, two_urls,
};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CONTOSO, COORGANIZER, DISABLED, FABRIKAM, FABRIKAM_ARCHIVER, ORGANIZER, OUTSIDER,
    READ, STANDUP, WITHOUT_POLICY,
};
use crate::support::{TestApp, TokenOf};

fn policy(identity: &str, applications: &[&str], granted_to: &str) -> String {
    let applications = applications.join("', '");
    format!(
        "applicationAccessPolicies: [{{ tenantId: '{CONTOSO}', identity: '{identity}', appIds: ['{applications}'],
           grantedTo: {{ {granted_to} }} }}]\n"
    )
}

#[tokio::test]
async fn a_role_without_a_policy_is_not_enough() {
    let app = TestApp::start().await;
    let token = TokenOf::application(WITHOUT_POLICY).sign();
    for user in [
        ORGANIZER,
        COORGANIZER,
        ATTENDEE,
        OUTSIDER,
        "nobody",
        "organizer@contoso.example",
    ] {
        for url in two_urls(user) {
            expect_refusal(&app, &url, &token, &forbidden(NO_POLICY)).await;
        }
    }
}

#[tokio::test]
async fn a_policy_of_the_users_own_replaces_the_global_one() {
    let yaml = policy("Own", &[WITHOUT_POLICY], &format!("users: ['{ORGANIZER}']"));
    let app = TestApp::with().seed(&yaml).start().await;
    let (archiver, other) = (
        TokenOf::application(ARCHIVER).sign(),
        TokenOf::application(WITHOUT_POLICY).sign(),
    );
    for url in two_urls(ORGANIZER) {
        expect_status(&app, &url, &other, 200).await;
        expect_refusal(&app, &url, &archiver, &forbidden(NO_POLICY)).await;
    }
    // Everybody else keeps the global one.
    for url in two_urls(COORGANIZER) {
        expect_status(&app, &url, &archiver, 200).await;
        expect_refusal(&app, &url, &other, &forbidden(NO_POLICY)).await;
    }
}

#[tokio::test]
async fn a_policy_of_the_users_own_that_names_nobody_still_replaces_the_global_one() {
    let yaml = policy("Own", &["nobody"], &format!("users: ['{ORGANIZER}']"));
    let app = TestApp::with().seed(&yaml).start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    expect_refusal(&app, &recording_of(ORGANIZER), &token, &forbidden(NO_POLICY)).await;
}

#[tokio::test]
async fn of_two_policies_of_one_user_either_will_do() {
    let own = policy("Own", &[WITHOUT_POLICY], &format!("users: ['{ORGANIZER}']"));
    let second = policy("Second", &[ARCHIVER], "users: ['organizer@contoso.example']");
    let app = TestApp::with().seed(&own).seed(&second).start().await;
    for application in [ARCHIVER, WITHOUT_POLICY] {
        let token = TokenOf::application(application).sign();
        expect_status(&app, &recording_of(ORGANIZER), &token, 200).await;
    }
}

#[tokio::test]
async fn a_policy_that_is_granted_by_upn_is_the_users() {
    for name in ["organizer@contoso.example", "Organizer@CONTOSO.example"] {
        let yaml = policy("Own", &[WITHOUT_POLICY], &format!("users: ['{name}']"));
        let app = TestApp::with().seed(&yaml).start().await;
        let token = TokenOf::application(WITHOUT_POLICY).sign();
        for user in [
            ORGANIZER,
            "organizer@contoso.example",
            "ORGANIZER%40contoso.example",
        ] {
            for url in two_urls(user) {
                expect_status(&app, &url, &token, 200).await;
            }
        }
        expect_refusal(&app, &recording_of(COORGANIZER), &token, &forbidden(NO_POLICY)).await;
    }
}

#[tokio::test]
async fn a_upn_in_the_path_is_the_same_user() {
    let yaml = policy("Own", &[WITHOUT_POLICY], &format!("users: ['{ORGANIZER}']"));
    let app = TestApp::with().seed(&yaml).start().await;
    let (own, global) = (
        TokenOf::application(WITHOUT_POLICY).sign(),
        TokenOf::application(ARCHIVER).sign(),
    );
    let by_id = app.get(&recording_of(ORGANIZER), &own).await.json();
    let upper = ORGANIZER.to_uppercase();
    let keys = [
        format!("/v1.0/users/organizer@contoso.example/onlineMeetings/{STANDUP}/recordings/recording-1"),
        format!(
            "/v1.0/users('organizer@contoso.example')/onlineMeetings('{STANDUP}')/recordings('recording-1')"
        ),
        format!(
            "/v1.0/users(userPrincipalName='organizer@contoso.example')/onlineMeetings/{STANDUP}/recordings/recording-1"
        ),
        format!("/v1.0/users/{upper}/onlineMeetings/{STANDUP}/recordings/recording-1"),
        format!("/v1.0/users('{ORGANIZER}')/onlineMeetings('{STANDUP}')/recordings('recording-1')"),
    ];
    for path in keys {
        let answer = app.get(&path, &own).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json(), by_id, "{path}");
        expect_refusal(&app, &path, &global, &forbidden(NO_POLICY)).await;
    }
}

#[tokio::test]
async fn a_policy_granted_to_a_disabled_user_counts() {
    let yaml = policy("Own", &[WITHOUT_POLICY], &format!("users: ['{DISABLED}']"));
    let app = TestApp::with().seed(&yaml).start().await;
    let token = TokenOf::application(WITHOUT_POLICY).sign();
    expect_status(&app, &recording_of(DISABLED), &token, 200).await;
}

#[tokio::test]
async fn a_policy_granted_to_a_deleted_user_does_not_count() {
    let deleted = format!(
        "users: [{{ id: '{ATTENDEE}', tenantId: '{CONTOSO}', userPrincipalName: 'attendee@contoso.example',
           deletedDateTime: '2026-01-20T00:00:00Z' }}]\n"
    );
    let own = policy(
        "Own",
        &[WITHOUT_POLICY],
        &format!("users: ['{ATTENDEE}', 'attendee@contoso.example']"),
    );
    let app = TestApp::with().seed(&own).start().await;
    let token = TokenOf::application(WITHOUT_POLICY).sign();
    expect_status(&app, &recording_of(ATTENDEE), &token, 200).await;
    app.seed(&deleted).await;
    for user in [ATTENDEE, "attendee@contoso.example"] {
        for url in two_urls(user) {
            expect_refusal(&app, &url, &token, &forbidden(NO_POLICY)).await;
        }
        // Whom the global policy covers learns that there is no such user, not that there was one.
        let archiver = TokenOf::application(ARCHIVER).sign();
        expect_refusal(&app, &recording_of(user), &archiver, &forbidden(NO_RELATION)).await;
    }
}

#[tokio::test]
async fn a_global_policy_covers_whoever_takes_part_and_nobody_else() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for user in [ORGANIZER, COORGANIZER, ATTENDEE, DISABLED] {
        expect_status(&app, &recording_of(user), &token, 200).await;
    }
    for user in [
        OUTSIDER,
        "ffffffff-0000-4000-8000-000000000001",
        "nobody@contoso.example",
        "%20",
    ] {
        for url in two_urls(user) {
            expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
        }
    }
}

#[tokio::test]
async fn a_policy_of_one_tenant_is_none_in_another() {
    let app = TestApp::start().await;
    for (application, tenant) in [(ARCHIVER, FABRIKAM), (FABRIKAM_ARCHIVER, CONTOSO)] {
        // The same application registered in the other tenant too.
        app.seed(&format!(
            "applications: [{{ appId: '{application}', tenantId: '{tenant}', displayName: 'Both', appRoles: ['{READ}'] }}]"
        ))
        .await;
        let token = TokenOf::application(application).tenant(tenant).sign();
        for url in two_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token, &forbidden(NO_POLICY)).await;
        }
    }
    let fabrikam = TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign();
    for url in two_urls(ORGANIZER) {
        expect_refusal(&app, &url, &fabrikam, &forbidden(NO_RELATION)).await;
    }
}

#[tokio::test]
async fn granting_and_revoking_count_at_once() {
    let app = TestApp::start().await;
    let token = TokenOf::application(WITHOUT_POLICY).sign();
    let removed = format!(
        "applicationAccessPolicies: [{{ tenantId: '{CONTOSO}', identity: 'Own', '@removed': {{ reason: deleted }} }}]"
    );
    let steps = [
        (
            policy("Own", &[WITHOUT_POLICY], &format!("users: ['{ORGANIZER}']")),
            200,
        ),
        (
            policy("Own", &[ARCHIVER], &format!("users: ['{ORGANIZER}']")),
            403,
        ),
        (policy("Own", &[WITHOUT_POLICY], "global: true"), 200),
        (removed, 403),
    ];
    for (yaml, status) in steps {
        app.seed(&yaml).await;
        for url in two_urls(ORGANIZER) {
            expect_status(&app, &url, &token, status).await;
        }
    }
}

#[tokio::test]
async fn users_need_no_policy() {
    let yaml = policy("Own", &["nobody"], &format!("users: ['{ORGANIZER}']"));
    let app = TestApp::with().seed(&yaml).start().await;
    let token = TokenOf::user(ORGANIZER).through(WITHOUT_POLICY).sign();
    for url in two_urls(ORGANIZER) {
        expect_status(&app, &url, &token, 200).await;
    }
}
