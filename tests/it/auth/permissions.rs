//! Which permission opens a recording, and that no other does.

use super::asking::{expect_refusal, expect_status, forbidden, four_urls, recording_of, refusal, two_urls};
use crate::support::names::{
    ARCHIVER, ATTENDEE, BY_CONSENT, CONTOSO, COORGANIZER, ORGANIZER, OUTSIDER, READ, READ_TRANSCRIPTS,
    WITHOUT_POLICY, standup_of,
};
use crate::support::{TestApp, TokenOf};

/// Permissions of Graph that sound as if they did.
const OTHERS: [&str; 14] = [
    "OnlineMeetings.Read",
    "OnlineMeetings.ReadWrite",
    "OnlineMeetings.Read.All",
    "OnlineMeetings.ReadWrite.All",
    "OnlineMeetingArtifact.Read.All",
    "OnlineMeetingTranscript.Read.All",
    "OnlineMeetingRecording.Read.Chat",
    "CallRecordings.Read.All",
    "CallRecording.Read.All",
    "OnlineMeetingRecording.Read",
    "OnlineMeetingRecording.ReadWrite.All",
    "onlinemeetingrecording.read.all",
    "OnlineMeetingRecording.Read.All,User.Read",
    "Directory.ReadWrite.All",
];

const RSC_TEXT: &str = "neither is allowed access through RSC permission evaluation.";

fn not_by_consent(user: &str) -> (u16, String, String) {
    forbidden(&format!(
        "Application is not allowed to perform operations on the user '{user}', {RSC_TEXT}"
    ))
}

#[tokio::test]
async fn the_delegated_permission_opens_all_four_urls() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).permissions(&["User.Read", READ]).sign();
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &token, 200).await;
    }
}

/// The archiver has registered the others, so that they count at all.
async fn with_others() -> TestApp {
    let names = serde_json::json!([OTHERS.as_slice(), &["User.Read"]].concat());
    let seed = format!(
        "applications: [{{ appId: '{ARCHIVER}', tenantId: '{CONTOSO}', appRoles: {names}, scopes: {names} }}]"
    );
    TestApp::with().seed(&seed).start().await
}

#[tokio::test]
async fn no_other_delegated_permission_does() {
    let app = with_others().await;
    for name in OTHERS {
        let token = TokenOf::user(ORGANIZER).permissions(&[name, "User.Read"]).sign();
        let text = format!(
            "Missing scope permissions on the request. API requires one of '{READ}'. Scopes on the request '{name}, \
             User.Read'."
        );
        for url in four_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token, &forbidden(&text)).await;
        }
    }
}

#[tokio::test]
async fn the_application_permission_opens_the_urls_of_users() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER)
        .permissions(&["User.Read.All", READ])
        .sign();
    for url in two_urls(ORGANIZER) {
        expect_status(&app, &url, &token, 200).await;
    }
}

#[tokio::test]
async fn no_other_application_permission_does() {
    let app = with_others().await;
    for name in OTHERS {
        let token = TokenOf::application(ARCHIVER).permissions(&[name]).sign();
        let text = format!(
            "Missing role permissions on the request. API requires one of '{READ}, OnlineMeetingRecording.Read.Chat'. \
             Roles on the request '{name}'. Resource specific consent grants on the request ''."
        );
        for url in two_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token, &forbidden(&text)).await;
        }
        for url in four_urls(ORGANIZER).iter().take(2) {
            let text = "/me request is only valid with delegated authentication flow.";
            expect_refusal(&app, url, &token, &refusal(400, "BadRequest", text)).await;
        }
    }
}

#[tokio::test]
async fn an_application_has_no_me_whatever_it_may() {
    let app = TestApp::start().await;
    let text = "/me request is only valid with delegated authentication flow.";
    for application in [ARCHIVER, WITHOUT_POLICY, BY_CONSENT] {
        let token = TokenOf::application(application).sign();
        for url in four_urls(ORGANIZER).iter().take(2) {
            expect_refusal(&app, url, &token, &refusal(400, "BadRequest", text)).await;
        }
    }
}

#[tokio::test]
async fn a_permission_is_missed_before_anything_about_the_meeting_is_told() {
    let app = TestApp::start().await;
    let user = TokenOf::user(OUTSIDER).permissions(&["User.Read"]).sign();
    let application = TokenOf::application(ARCHIVER).permissions(&[]).sign();
    for meeting in [
        "nonsense",
        crate::support::names::FABRIKAM_MEETING,
        "MSpub2JvZHkqMCoqMTk6eA==",
    ] {
        let path = format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{meeting}/recordings/recording-1");
        for (token, kind) in [(&user, "scope"), (&application, "role")] {
            let (status, _, message) = app.get(&path, token).await.error();
            assert_eq!(status, 403, "{meeting}");
            assert!(
                message.starts_with(&format!("Missing {kind} permissions")),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn the_consent_of_a_chat_stands_for_role_and_policy() {
    let app = TestApp::start().await;
    for roles in [&[][..], &["User.Read.All"], &[READ]] {
        let token = TokenOf::application(BY_CONSENT).permissions(roles).sign();
        for user in [ORGANIZER, COORGANIZER] {
            for url in two_urls(user) {
                expect_status(&app, &url, &token, 200).await;
            }
        }
        expect_status(&app, &recording_of(ATTENDEE), &token, 200).await;
        let outsider = app.get(&recording_of(OUTSIDER), &token).await;
        assert_eq!(outsider.error(), forbidden(super::asking::NO_RELATION));
    }
}

#[tokio::test]
async fn the_consent_of_a_chat_opens_no_other_meeting_and_nothing_else_of_it() {
    let other = super::asking::Meeting::new("other", "expiryDateTime: '2099-01-01T00:00:00Z'");
    let app = TestApp::with().seed(&other.yaml).start().await;
    let token = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    for url in other.urls(Some(ORGANIZER)) {
        expect_refusal(&app, &url, &token, &not_by_consent(ORGANIZER)).await;
    }
    let transcript = standup_of(ORGANIZER) + "/transcripts/transcript-1";
    expect_refusal(&app, &transcript, &token, &not_by_consent(ORGANIZER)).await;
    // The text repeats what was written: who has no permission learns of nobody's object id, nor whether a name is taken.
    for name in ["organizer@contoso.example", "nobody@contoso.example"] {
        expect_refusal(&app, &other.recording(Some(name)), &token, &not_by_consent(name)).await;
    }
}

#[tokio::test]
async fn a_chat_permission_in_a_token_is_worth_nothing() {
    let app = TestApp::start().await;
    let chat = "OnlineMeetingRecording.Read.Chat";
    let user = TokenOf::user(ORGANIZER).permissions(&[chat]).sign();
    for url in four_urls(ORGANIZER) {
        expect_status(&app, &url, &user, 403).await;
    }
    let application = TokenOf::application(WITHOUT_POLICY).permissions(&[chat]).sign();
    for url in two_urls(ORGANIZER) {
        expect_status(&app, &url, &application, 403).await;
    }
    // Nor does a user share what a chat has granted to the application.
    let through = TokenOf::user(ORGANIZER)
        .through(BY_CONSENT)
        .permissions(&["User.Read"])
        .sign();
    expect_status(&app, &recording_of(ORGANIZER), &through, 403).await;
}

#[tokio::test]
async fn withdrawing_a_consent_counts_at_once() {
    let app = TestApp::start().await;
    let token = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    expect_status(&app, &recording_of(ORGANIZER), &token, 200).await;
    app.seed(&format!(
        "resourceSpecificConsents: [{{ appId: '{BY_CONSENT}', threadId: '19:meeting_standup@thread.v2',
           '@removed': {{ reason: deleted }} }}]"
    ))
    .await;
    for url in two_urls(ORGANIZER) {
        expect_refusal(&app, &url, &token, &not_by_consent(ORGANIZER)).await;
    }
}

#[tokio::test]
async fn a_consent_for_transcripts_opens_no_recording() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "resourceSpecificConsents: [{{ appId: '{BY_CONSENT}', threadId: '19:meeting_standup@thread.v2',
           permissions: ['OnlineMeetingTranscript.Read.Chat'] }}]"
    ))
    .await;
    let token = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
    expect_refusal(&app, &recording_of(ORGANIZER), &token, &not_by_consent(ORGANIZER)).await;
    expect_status(
        &app,
        &(standup_of(ORGANIZER) + "/transcripts/transcript-1"),
        &token,
        200,
    )
    .await;
}

#[tokio::test]
async fn lists_and_counts_need_what_their_items_need() {
    let app = TestApp::start().await;
    for suffix in ["/recordings", "/recordings/", "/recordings/$count"] {
        let path = standup_of(ORGANIZER) + suffix;
        let cases = [
            (TokenOf::user(ORGANIZER).permissions(&[READ]), 200),
            (TokenOf::user(ORGANIZER).permissions(&[READ_TRANSCRIPTS]), 403),
            (TokenOf::user(OUTSIDER), 403),
            (TokenOf::application(ARCHIVER).permissions(&[READ]), 200),
            (
                TokenOf::application(ARCHIVER).permissions(&[READ_TRANSCRIPTS]),
                403,
            ),
            (TokenOf::application(WITHOUT_POLICY), 403),
        ];
        for (token, status) in cases {
            expect_status(&app, &path, &token.sign(), status).await;
        }
    }
}
