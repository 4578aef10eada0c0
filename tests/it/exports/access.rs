//! Who may export: applications alone, with a policy, for the user of the path, in the global cloud.

use super::{all_recordings, ids, meetings};
use crate::auth::asking::{
    NO_POLICY, NO_RELATION, expect_refusal, expect_status, forbidden, refusal, settings,
};
use crate::support::names::{
    ARCHIVER, ATTENDEE, BY_CONSENT, CONTOSO, DISABLED, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_ORGANIZER,
    ORGANIZER, READ, READ_TRANSCRIPTS, WITHOUT_POLICY,
};
use crate::support::{TestApp, TokenOf};

fn all_transcripts() -> String {
    format!(
        "{}/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')",
        meetings()
    )
}

/// Gives the application without a policy the role of transcripts too.
fn with_both_roles() -> String {
    format!(
        "applications: [{{ appId: '{WITHOUT_POLICY}', tenantId: '{CONTOSO}', appRoles: ['{READ}', '{READ_TRANSCRIPTS}'] }}]\n"
    )
}

/// The export and its feed, of both kinds.
fn exports() -> [String; 4] {
    [
        all_recordings(""),
        all_recordings("") + "/delta",
        all_transcripts(),
        all_transcripts() + "/delta",
    ]
}

#[tokio::test]
async fn a_signed_in_user_is_told_which_role_an_application_needs() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in exports() {
        for path in [path.replacen(&format!("/users/{ORGANIZER}"), "/me", 1), path] {
            let name = if path.contains("Recordings") {
                "Recording"
            } else {
                "Transcript"
            };
            // The consent of a chat opens no export, so it is not named.
            let text = format!(
                "Missing role permissions on the request. API requires one of 'OnlineMeeting{name}.Read.All'. Roles on the \
                 request ''."
            );
            expect_refusal(&app, &path, &token, &forbidden(&text)).await;
        }
    }
}

#[tokio::test]
async fn an_application_has_no_me() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for path in exports() {
        let path = path.replacen(&format!("/users/{ORGANIZER}"), "/me", 1);
        let text = "/me request is only valid with delegated authentication flow.";
        expect_refusal(&app, &path, &token, &refusal(400, "BadRequest", text)).await;
    }
}

#[tokio::test]
async fn each_kind_needs_its_own_role() {
    let app = TestApp::start().await;
    for path in exports() {
        let (needed, other) = match path.contains("Recordings") {
            true => (READ, READ_TRANSCRIPTS),
            false => (READ_TRANSCRIPTS, READ),
        };
        let with = |names: &[&str]| TokenOf::application(ARCHIVER).permissions(names).sign();
        expect_status(&app, &path, &with(&[needed]), 200).await;
        expect_status(
            &app,
            &path,
            &with(&[other, "CallRecordings.Read.All", "CallTranscripts.Read.All"]),
            403,
        )
        .await;
        expect_status(&app, &path, &with(&[&needed.to_lowercase()]), 403).await;
    }
}

#[tokio::test]
async fn the_consent_of_a_chat_opens_no_export() {
    let app = TestApp::start().await;
    let token = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    for path in exports() {
        expect_status(&app, &path, &token, 403).await;
    }
}

#[tokio::test]
async fn a_policy_is_needed_unless_the_operator_says_otherwise() {
    let app = TestApp::with().seed(&with_both_roles()).start().await;
    let open = TestApp::with()
        .seed(&with_both_roles())
        .config("graph.export_requires_policy = false")
        .start()
        .await;
    let token = TokenOf::application(WITHOUT_POLICY).sign();
    for path in exports() {
        expect_refusal(&app, &path, &token, &forbidden(NO_POLICY)).await;
        expect_status(&open, &path, &token, 200).await;
    }
}

#[tokio::test]
async fn a_policy_of_the_user_replaces_the_global_one() {
    let app = TestApp::with()
        .seed(&with_both_roles())
        .seed(&format!(
            "applicationAccessPolicies:
  - {{ tenantId: '{CONTOSO}', identity: 'Own', appIds: ['{WITHOUT_POLICY}'], grantedTo: {{ users: ['{ORGANIZER}'] }} }}"
        ))
        .start()
        .await;
    for path in exports() {
        expect_status(&app, &path, &TokenOf::application(WITHOUT_POLICY).sign(), 200).await;
        expect_refusal(
            &app,
            &path,
            &TokenOf::application(ARCHIVER).sign(),
            &forbidden(NO_POLICY),
        )
        .await;
    }
}

#[tokio::test]
async fn the_organizer_that_is_named_must_be_the_user_of_the_path() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for other in [
        ATTENDEE,
        FABRIKAM_ORGANIZER,
        "nobody",
        "nobody@contoso.example",
        "",
        "'' or 1 eq 1",
    ] {
        for tail in [
            format!("getAllRecordings(meetingOrganizerUserId='{other}')"),
            format!("getAllRecordings(meetingOrganizerUserId='{other}')/delta"),
            format!("getAllRecordings?$filter=MeetingOrganizer/User/Id eq '{other}'"),
        ] {
            let path = format!("{}/{tail}", meetings());
            let answer = app.get(&path, &token).await;
            assert_eq!(
                (answer.status, answer.error().1.as_str()),
                (403, "Forbidden"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_user_of_the_path_who_is_nobody_here_is_one_without_relation() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for user in [
        FABRIKAM_ORGANIZER,
        "ffffffff-0000-4000-8000-000000000001",
        "nobody@contoso.example",
    ] {
        for path in exports() {
            let path = path.replace(ORGANIZER, user);
            expect_refusal(&app, &path, &token, &forbidden(NO_RELATION)).await;
        }
    }
    // An account that is disabled still has recordings.
    expect_status(
        &app,
        &all_recordings("").replace(ORGANIZER, DISABLED),
        &token,
        200,
    )
    .await;
}

#[tokio::test]
async fn another_tenants_recordings_are_never_in_it() {
    let app = TestApp::start().await;
    let path = all_recordings("").replace(ORGANIZER, FABRIKAM_ORGANIZER);
    let own = TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign();
    assert_eq!(app.get(&path, &own).await.ids(), ["fabrikam-recording"]);
    expect_refusal(
        &app,
        &path,
        &TokenOf::application(ARCHIVER).sign(),
        &forbidden(NO_RELATION),
    )
    .await;
}

#[tokio::test]
async fn transcripts_that_are_switched_off_are_not_exported() {
    let app = TestApp::with()
        .seed(&settings("transcriptsEnabled: false"))
        .start()
        .await;
    let token = TokenOf::application(ARCHIVER).sign();
    for path in [all_transcripts(), all_transcripts() + "/delta"] {
        let answer = app.get(&path, &token).await;
        assert_eq!(answer.status, 403);
        let inner = answer.json()["error"]["innerError"]["code"].clone();
        assert_eq!(inner, "GraphAccessToTranscriptsDisabled", "{path}");
    }
    assert_eq!(ids(&app, &all_recordings("")).await.len(), 2);
}

#[tokio::test]
async fn other_clouds_have_no_exports_and_no_feeds() {
    let token = TokenOf::application(ARCHIVER)
        .permissions(&["CallRecordings.Read.All", READ])
        .sign();
    let calls = format!("/v1.0/users/{ORGANIZER}/adhocCalls/getAllRecordings");
    let further = [
        calls.clone(),
        calls.clone() + "/delta",
        calls.replace("Recordings", "Transcripts"),
        format!("/v1.0/adhocCalls/getAllRecordings(userId='{ORGANIZER}')"),
    ];
    for cloud in ["usgov-l4", "usgov-l5", "china"] {
        let app = TestApp::with()
            .config(&format!("cloud = \"{cloud}\""))
            .start()
            .await;
        let text = "Requested API is not supported. Please check the path.";
        for path in exports().iter().chain(&further) {
            expect_refusal(&app, path, &token, &refusal(404, "NotFound", text)).await;
        }
    }
}

#[tokio::test]
async fn what_graph_itself_does_not_route_is_404_everywhere() {
    let app = TestApp::start().await;
    for parent in ["onlineMeetings", "adhocCalls"] {
        for function in ["getAllRecordings", "getAllTranscripts"] {
            for tail in [String::new(), "()".to_owned(), format!("(userId='{ORGANIZER}')")] {
                let path = format!("/v1.0/communications/{parent}/{function}{tail}");
                let text = "Requested API is not supported. Please check the path.";
                for token in [TokenOf::application(ARCHIVER), TokenOf::user(ORGANIZER)] {
                    expect_refusal(&app, &path, &token.sign(), &refusal(404, "NotFound", text)).await;
                }
            }
        }
    }
}
