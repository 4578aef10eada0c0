//! `GET …/recordings/{recording}` and the same of transcripts.

use crate::support::names::{ORGANIZER, my_standup, standup_of};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn a_recording_is_answered_to_its_organizer() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
    let by_id = app
        .get(
            &format!("{}/recordings/recording-1", standup_of(ORGANIZER)),
            &token,
        )
        .await;
    assert_eq!(by_id.json(), answer.json());
}
