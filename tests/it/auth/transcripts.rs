//! The tenant's switch for transcripts.

use super::asking::{expect_refusal, expect_status, forbidden, my_recording, settings};
use crate::support::names::{ARCHIVER, ATTENDEE, ORGANIZER, OUTSIDER, READ, READ_TRANSCRIPTS, standup_of};
use crate::support::{TestApp, TokenOf};

const SUFFIXES: [&str; 3] = ["/transcripts", "/transcripts/$count", "/transcripts/transcript-1"];

#[tokio::test]
async fn transcripts_are_for_who_takes_part_and_has_their_permission() {
    let app = TestApp::start().await;
    let cases = [
        (TokenOf::user(ORGANIZER).permissions(&[READ_TRANSCRIPTS]), 200),
        (TokenOf::user(ATTENDEE).permissions(&[READ_TRANSCRIPTS]), 200),
        (TokenOf::user(ORGANIZER).permissions(&[READ]), 403),
        (TokenOf::user(OUTSIDER), 403),
        (
            TokenOf::application(ARCHIVER).permissions(&[READ_TRANSCRIPTS]),
            200,
        ),
        (TokenOf::application(ARCHIVER).permissions(&[READ]), 403),
    ];
    for (token, status) in cases {
        for suffix in SUFFIXES {
            expect_status(&app, &(standup_of(ORGANIZER) + suffix), &token.sign(), status).await;
        }
    }
}

#[tokio::test]
async fn a_tenant_may_switch_transcripts_off() {
    let app = TestApp::with()
        .seed(&settings("transcriptsEnabled: false"))
        .start()
        .await;
    for token in [
        TokenOf::user(ORGANIZER),
        TokenOf::user(ATTENDEE),
        TokenOf::application(ARCHIVER),
    ] {
        let token = token.sign();
        for suffix in SUFFIXES {
            let answer = app.get(&(standup_of(ORGANIZER) + suffix), &token).await;
            let text = "Graph API access to transcripts is disabled for this tenant.";
            assert_eq!(answer.error(), forbidden(text), "{suffix}");
            let json = answer.json();
            assert_eq!(
                json["error"]["innerError"]["code"],
                "GraphAccessToTranscriptsDisabled"
            );
        }
    }
    // Recordings have no such switch.
    expect_status(&app, &my_recording(), &TokenOf::user(ORGANIZER).sign(), 200).await;
}

#[tokio::test]
async fn the_switch_is_told_only_to_who_takes_part() {
    let app = TestApp::with()
        .seed(&settings("transcriptsEnabled: false"))
        .start()
        .await;
    let token = TokenOf::user(OUTSIDER).sign();
    for suffix in SUFFIXES {
        let path = standup_of(ORGANIZER) + suffix;
        expect_refusal(&app, &path, &token, &forbidden(super::asking::NO_RELATION)).await;
    }
}
