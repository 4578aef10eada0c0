//! Seeds that are refused: where they are wrong, and that nothing has changed.

use super::rows;
use crate::support::TestApp;
use crate::support::names::{CONTOSO, FABRIKAM, ORGANIZER, STANDUP};

/// The one problem of a seed that is refused and has changed nothing.
async fn refused(app: &TestApp, yaml: &str) -> String {
    let (before, files) = (app.stores.rows(), rows::stamps(&app.content_files()));
    let problem = app.seed_refused(yaml).await;
    assert_eq!(problem.lines().count(), 1, "{problem}");
    assert_eq!(app.stores.rows(), before, "{problem}");
    assert_eq!(rows::stamps(&app.content_files()), files, "{problem}");
    problem
}

#[tokio::test]
async fn the_pointer_names_what_is_wrong() {
    let app = TestApp::start().await;
    for (yaml, pointer) in [
        ("tenant: []", "/tenant:"),
        ("tenants: [{ id: 1 }]", "/tenants/0/id:"),
        ("tenants: [{ id: a, sospended: true }]", "/tenants/0/sospended:"),
        (
            "tenants: [{ id: a, settings: { guestAccess: 1 } }]",
            "/tenants/0/settings/guestAccess:",
        ),
        ("users: [{ tenantId: nowhere }]", "/users/0/tenantId:"),
        (
            "applications: [{ appId: a, tenantId: nowhere }]",
            "/applications/0/tenantId:",
        ),
        (
            "onlineMeetings: [{ organizerId: nobody@contoso.example }]",
            "/onlineMeetings/0/organizerId:",
        ),
        ("adhocCalls: [{ id: a, userId: nobody }]", "/adhocCalls/0/userId:"),
        (
            "recordings: [{ meetingId: nothing, contentFile: one.mp4 }]",
            "/recordings/0/meetingId:",
        ),
        (
            "recordings: [{ adhocCallId: nothing, contentFile: one.mp4 }]",
            "/recordings/0/adhocCallId:",
        ),
        (
            "transcripts: [{ meetingId: nothing, contentFile: one.vtt }]",
            "/transcripts/0/meetingId:",
        ),
    ] {
        let problem = refused(&app, yaml).await;
        assert!(
            problem.contains(&format!("seed.yaml: {pointer}")),
            "{yaml}: {problem}"
        );
    }
}

#[tokio::test]
async fn recordings_and_transcripts_need_their_files() {
    let app = TestApp::start().await;
    for (member, rest, pointer) in [
        ("recordings", "", "/recordings/0"),
        (
            "recordings",
            ", contentFile: \"none.mp4\"",
            "/recordings/0/contentFile:",
        ),
        (
            "recordings",
            ", contentFile: \"/etc/hostname\"",
            "/recordings/0/contentFile:",
        ),
        (
            "recordings",
            ", contentFile: \"../data/graphophone.db\"",
            "/recordings/0/contentFile:",
        ),
        ("recordings", ", contentFile: \".\"", "/recordings/0/contentFile:"),
        (
            "recordings",
            ", contentFile: \"one.mp4\", uploadState: \"done\"",
            "/recordings/0/uploadState:",
        ),
        ("transcripts", "", "/transcripts/0"),
        (
            "transcripts",
            ", contentFile: \"none.vtt\"",
            "/transcripts/0/contentFile:",
        ),
        (
            "transcripts",
            ", contentFile: \"one.vtt\", metadataFile: \"none.vtt\"",
            "/transcripts/0/metadataFile:",
        ),
    ] {
        let problem = refused(&app, &format!("{member}: [{{ meetingId: \"{STANDUP}\"{rest} }}]")).await;
        assert!(
            problem.contains(&format!("seed.yaml: {pointer}")),
            "{rest}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_symbolic_link_out_of_the_folder_is_not_followed() {
    let app = TestApp::start().await;
    std::os::unix::fs::symlink("/etc/hostname", app.seeds().join("link.mp4")).unwrap();
    let problem = refused(
        &app,
        &format!("recordings: [{{ meetingId: \"{STANDUP}\", contentFile: \"link.mp4\" }}]"),
    )
    .await;
    assert!(problem.contains("/recordings/0/contentFile:"), "{problem}");
}

#[tokio::test]
async fn a_name_that_a_user_of_the_store_has_is_a_conflict_at_its_pointer() {
    let app = TestApp::start().await;
    // The content stands before the conflict: it must not stay behind.
    let problem = refused(
        &app,
        &format!(
            r#"
users:
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000121", tenantId: "{CONTOSO}", userPrincipalName: "fine@contoso.example" }}
  - {{ id: "aaaaaaaa-0000-4000-8000-000000000122", tenantId: "{CONTOSO}", userPrincipalName: "ORGANIZER@contoso.example" }}
recordings:
  - {{ id: "left-behind", meetingId: "{STANDUP}", contentFile: "two.mp4" }}
  - {{ id: "recording-1", meetingId: "{STANDUP}", contentFile: "two.mp4" }}
"#
        ),
    )
    .await;
    assert!(problem.contains("seed.yaml: /users/1"), "{problem}");
    assert!(!problem.contains("organizer@"), "{problem}");
}

#[tokio::test]
async fn an_external_id_of_the_store_is_a_conflict_in_its_tenant_only() {
    let app = TestApp::start().await;
    let user = |tenant| {
        format!(
            "users: [{{ id: \"aaaaaaaa-0000-4000-8000-000000000123\", tenantId: \"{tenant}\", externalId: \"external-attendee\" }}]"
        )
    };
    let problem = refused(&app, &user(CONTOSO)).await;
    assert!(problem.contains("seed.yaml: /users/0"), "{problem}");
    app.seed(&user(FABRIKAM)).await;
}

#[tokio::test]
async fn one_key_twice_in_a_file_is_refused() {
    let app = TestApp::start().await;
    for (yaml, pointer) in [
        (
            format!("users: [{{ id: a, tenantId: \"{CONTOSO}\" }}, {{ id: a, tenantId: \"{CONTOSO}\" }}]"),
            "/users/1",
        ),
        (
            "tenants: [{ id: a }, { id: a, \"@removed\": { reason: deleted } }]".to_owned(),
            "/tenants/1",
        ),
        (
            format!(
                "recordings: [{{ id: a, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}, {{ id: a, meetingId: \"{STANDUP}\", contentFile: one.mp4 }}]"
            ),
            "/recordings/1",
        ),
        (
            format!(
                "users: [{{ tenantId: \"{CONTOSO}\", userPrincipalName: a@b }}, {{ tenantId: \"{CONTOSO}\", userPrincipalName: A@B }}]"
            ),
            "/users/1",
        ),
    ] {
        let problem = refused(&app, &yaml).await;
        assert!(problem.contains(&format!("seed.yaml: {pointer}")), "{problem}");
    }
}

#[tokio::test]
async fn every_problem_is_told_at_once() {
    let app = TestApp::start().await;
    let problems = app
        .seed_refused("users: [{ tenantId: nowhere }, { tenantId: elsewhere }]\nadhocCalls: [{ id: a, userId: nobody }]")
        .await;
    let pointers: Vec<&str> = problems
        .lines()
        .map(|line| line.split(": ").nth(1).unwrap())
        .collect();
    assert_eq!(
        pointers,
        ["/users/0/tenantId", "/users/1/tenantId", "/adhocCalls/0/userId"]
    );
}

#[tokio::test]
async fn a_name_of_several_tenants_is_no_reference() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "users: [{{ id: \"aaaaaaaa-0000-4000-8000-000000000124\", tenantId: \"{FABRIKAM}\", userPrincipalName: \"organizer@contoso.example\" }}]"
    ))
    .await;
    let problem = refused(
        &app,
        "onlineMeetings: [{ organizerId: \"organizer@contoso.example\" }]",
    )
    .await;
    assert!(problem.contains("/onlineMeetings/0/organizerId:"), "{problem}");
    assert!(problem.contains(ORGANIZER), "{problem}");
}

#[tokio::test]
async fn references_that_graph_does_not_check_may_name_nothing() {
    let app = TestApp::start().await;
    app.seed(&format!(
        r#"
applicationAccessPolicies:
  - {{ tenantId: "{CONTOSO}", identity: "Empty", appIds: ["aaaaaaaa-0000-4000-8000-0000000009ff"], grantedTo: {{ users: ["nobody@contoso.example"] }} }}
resourceSpecificConsents:
  - {{ appId: "aaaaaaaa-0000-4000-8000-0000000009ff", threadId: "19:nothing@thread.v2", permissions: ["OnlineMeetingRecording.Read.Chat"] }}
"#
    ))
    .await;
}
