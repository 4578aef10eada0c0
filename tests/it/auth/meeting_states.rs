//! Meetings that are over, of a channel, without a calendar, deleted or not there.

use graphophone::ids;

use super::asking::{Meeting, NO_ICAL, NO_RELATION, expect_refusal, expect_status, forbidden, refusal};
use crate::support::names::{ARCHIVER, ATTENDEE, BY_CONSENT, ORGANIZER, OUTSIDER, WITHOUT_POLICY};
use crate::support::{TestApp, TokenOf};

const FUTURE: &str = "expiryDateTime: '2099-01-01T00:00:00Z'";

fn expired() -> Meeting {
    Meeting::new(
        "expired",
        &format!(
            "expiryDateTime: '2026-01-31T00:00:00Z', participants: [{{ userId: '{ATTENDEE}', role: attendee }}]"
        ),
    )
}

fn of_a_channel() -> Meeting {
    Meeting::new("channel", &format!("{FUTURE}, isChannelMeeting: true"))
}

fn without_calendar() -> Meeting {
    Meeting::new("uncalendared", &format!("{FUTURE}, iCalUId: null"))
}

/// A server with the three, and these lines of configuration.
async fn with_all(config: &str) -> TestApp {
    TestApp::with()
        .config(config)
        .seed(&expired().yaml)
        .seed(&of_a_channel().yaml)
        .seed(&without_calendar().yaml)
        .start()
        .await
}

#[tokio::test]
async fn the_profile_graph_refuses_what_the_reference_refuses() {
    let app = with_all("").await;
    let cases = [
        (expired(), 404, "NotFound"),
        (of_a_channel(), 404, "NotFound"),
        (without_calendar(), 400, "BadRequest"),
    ];
    let (user, application) = (
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    );
    for (meeting, status, code) in cases {
        for (path_user, token) in [
            (None, &user),
            (Some(ORGANIZER), &user),
            (Some(ORGANIZER), &application),
        ] {
            for url in meeting.urls(path_user) {
                let (found, found_code, message) = app.get(&url, token).await.error();
                assert_eq!((found, found_code.as_str()), (status, code), "{url}: {message}");
                if status == 400 {
                    assert_eq!(message, NO_ICAL);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_profile_archive_serves_them() {
    let app = with_all("profile = \"archive\"").await;
    let (user, application) = (
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    );
    for meeting in [expired(), of_a_channel(), without_calendar()] {
        for (path_user, token) in [
            (None, &user),
            (Some(ORGANIZER), &user),
            (Some(ORGANIZER), &application),
        ] {
            for url in meeting.urls(path_user) {
                expect_status(&app, &url, token, 200).await;
            }
        }
    }
}

#[tokio::test]
async fn each_key_decides_for_its_own_kind_in_both_profiles() {
    let keys = ["expired_meetings", "channel_meetings", "uncalendared_meetings"];
    let token = TokenOf::user(ORGANIZER).sign();
    for (profile, rule) in [("graph", "serve"), ("archive", "refuse")] {
        for (index, key) in keys.iter().enumerate() {
            let app = with_all(&format!("profile = \"{profile}\"\ngraph.{key} = \"{rule}\"")).await;
            for (other, meeting) in [expired(), of_a_channel(), without_calendar()].iter().enumerate() {
                let is_served = (index == other) == (rule == "serve");
                let status = app.get(&meeting.recording(None), &token).await.status;
                assert_eq!(status == 200, is_served, "{profile} {key} {other}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn the_missing_calendar_is_told_first() {
    let both = Meeting::new(
        "both",
        "expiryDateTime: '2026-01-31T00:00:00Z', isChannelMeeting: true, iCalUId: null",
    );
    let app = TestApp::with().seed(&both.yaml).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    expect_refusal(
        &app,
        &both.recording(None),
        &token,
        &refusal(400, "BadRequest", NO_ICAL),
    )
    .await;
}

#[tokio::test]
async fn the_state_of_a_meeting_is_told_only_to_who_has_to_do_with_it() {
    let app = with_all("").await;
    let deleted = Meeting::new(
        "deleted",
        &format!("{FUTURE}, deletedDateTime: '2026-01-20T00:00:00Z'"),
    );
    app.seed(&deleted.yaml).await;
    let (outsider, application) = (
        TokenOf::user(OUTSIDER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    );
    for meeting in [expired(), of_a_channel(), without_calendar(), deleted] {
        for url in meeting.urls(None).iter().chain(&meeting.urls(Some(ORGANIZER))) {
            expect_refusal(&app, url, &outsider, &forbidden(NO_RELATION)).await;
        }
        for url in meeting.urls(Some(OUTSIDER)) {
            expect_refusal(&app, &url, &application, &forbidden(NO_RELATION)).await;
        }
    }
    let attendee = TokenOf::user(ATTENDEE).sign();
    expect_status(&app, &expired().recording(None), &attendee, 404).await;
    expect_refusal(
        &app,
        &of_a_channel().recording(None),
        &attendee,
        &forbidden(NO_RELATION),
    )
    .await;
}

#[tokio::test]
async fn a_meeting_expires_at_its_instant() {
    let meeting = Meeting::new("limit", "expiryDateTime: '2026-02-01T12:00:00.0000001Z'");
    let app = TestApp::with().seed(&meeting.yaml).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for url in meeting.urls(None) {
        expect_status(&app, &url, &token, 200).await;
    }
    app.set_time("2026-02-01T12:00:00.0000001Z");
    for url in meeting.urls(None) {
        expect_status(&app, &url, &token, 404).await;
    }
}

#[tokio::test]
async fn a_meeting_without_a_date_expires_by_its_type() {
    let calendar = "iCalUId: '040000008200E00074C5B7101A82E008'";
    let (start, end) = (
        "startDateTime: '2026-02-01T10:00:00Z'",
        "endDateTime: '2026-02-01T11:00:00Z'",
    );
    // What is seeded, the last second in which it is served, and the first in which it is not.
    let cases = [
        (
            format!("{start}, {end}"),
            "2026-04-02T10:59:59Z",
            "2026-04-02T11:00:00Z",
        ),
        (start.to_owned(), "2026-04-02T09:59:59Z", "2026-04-02T10:00:00Z"),
        (String::new(), "2026-04-02T11:59:59Z", "2026-04-02T12:00:00Z"),
        (
            format!("{start}, {end}, meetingType: recurring"),
            "2026-04-02T10:59:59Z",
            "2026-04-02T11:00:00Z",
        ),
        (
            format!("{start}, meetingType: broadcast"),
            "2026-04-02T09:59:59Z",
            "2026-04-02T10:00:00Z",
        ),
        (
            format!("{start}, {end}, meetingType: meetnow"),
            "2026-02-01T17:59:59Z",
            "2026-02-01T18:00:00Z",
        ),
        (
            "meetingType: meetnow".to_owned(),
            "2026-02-01T19:59:59Z",
            "2026-02-01T20:00:00Z",
        ),
    ];
    for (members, last, first) in cases {
        let meeting = Meeting::new("dated", &format!("{calendar}, {members}"));
        let app = TestApp::with().seed(&meeting.yaml).start().await;
        for (time, status) in [(last, 200), (first, 404)] {
            app.set_time(time);
            let token = TokenOf::user(ORGANIZER).issued_by(&app.clock).sign();
            for url in meeting.urls(None) {
                let answer = app.get(&url, &token).await;
                assert_eq!(answer.status, status, "{members} {time} {url}: {}", answer.text());
            }
        }
    }
}

#[tokio::test]
async fn loading_a_meeting_again_does_not_move_its_expiry() {
    let meeting = Meeting::new("undated", "subject: 'Undated'");
    let app = TestApp::with().seed(&meeting.yaml).start().await;
    app.set_time("2026-03-01T12:00:00Z");
    app.seed(&meeting.yaml).await;
    for (time, status) in [("2026-04-02T11:59:59Z", 200), ("2026-04-02T12:00:00Z", 404)] {
        app.set_time(time);
        let token = TokenOf::user(ORGANIZER).issued_by(&app.clock).sign();
        expect_status(&app, &meeting.recording(None), &token, status).await;
    }
}

#[tokio::test]
async fn a_meeting_that_began_at_once_has_no_calendar_unless_the_seed_says_so() {
    let meeting = Meeting::new(
        "now",
        "startDateTime: '2026-02-01T10:00:00Z', meetingType: meetnow",
    );
    let app = TestApp::with().seed(&meeting.yaml).start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    expect_refusal(
        &app,
        &meeting.recording(None),
        &token,
        &refusal(400, "BadRequest", NO_ICAL),
    )
    .await;
    let serving = TestApp::with()
        .config("graph.uncalendared_meetings = \"serve\"")
        .seed(&meeting.yaml)
        .start()
        .await;
    expect_status(&serving, &meeting.recording(None), &token, 200).await;
    serving.set_time("2026-02-01T18:00:00Z");
    let token = TokenOf::user(ORGANIZER).issued_by(&serving.clock).sign();
    expect_status(&serving, &meeting.recording(None), &token, 404).await;
}

#[tokio::test]
async fn a_meeting_that_is_not_there_is_404_for_who_has_authority_over_its_organizer() {
    let deleted = Meeting::new(
        "deleted",
        &format!(
            "{FUTURE}, deletedDateTime: '2026-01-20T00:00:00Z', participants: [{{ userId: '{ATTENDEE}', role: attendee }}]"
        ),
    );
    let missing = ids::meeting_id(ORGANIZER, "19:meeting_missing@thread.v2");
    for config in ["", "profile = \"archive\""] {
        let app = TestApp::with().config(config).seed(&deleted.yaml).start().await;
        let cases = [
            (TokenOf::user(ORGANIZER), "me", Some(404)),
            (TokenOf::user(ORGANIZER), ORGANIZER, Some(404)),
            (TokenOf::user(ORGANIZER), "organizer@contoso.example", Some(404)),
            (TokenOf::application(ARCHIVER), ORGANIZER, Some(404)),
            (TokenOf::user(ORGANIZER), ATTENDEE, None),
            (TokenOf::user(ATTENDEE), "me", None),
            (TokenOf::user(ATTENDEE), ORGANIZER, None),
            (TokenOf::user(OUTSIDER), ORGANIZER, None),
            (TokenOf::application(ARCHIVER), ATTENDEE, None),
            (TokenOf::application(ARCHIVER), "nobody", None),
        ];
        // What was recorded outlives a meeting that is deleted, in the archive.
        let gone = if config.is_empty() {
            vec![&deleted.id, &missing]
        } else {
            vec![&missing]
        };
        for id in gone {
            for (token, path_user, status) in &cases {
                let user = if *path_user == "me" {
                    "me".to_owned()
                } else {
                    format!("users/{path_user}")
                };
                for suffix in [
                    "/recordings/recording-of-deleted",
                    "/recordings/recording-of-deleted/content",
                    "/recordings",
                ] {
                    let path = format!("/v1.0/{user}/onlineMeetings/{id}{suffix}");
                    let found = app.get(&path, &token.sign()).await.error();
                    match status {
                        Some(_) => assert_eq!((found.0, found.1.as_str()), (404, "NotFound"), "{path}"),
                        None => assert_eq!(found, forbidden(NO_RELATION), "{path}"),
                    }
                }
            }
        }
        if !config.is_empty() {
            for url in deleted.urls(Some(ORGANIZER)) {
                expect_status(&app, &url, &TokenOf::application(ARCHIVER).sign(), 200).await;
            }
            let meeting = deleted.path(Some(ORGANIZER));
            let token = TokenOf::application(ARCHIVER).permissions(&["OnlineMeetings.Read.All"]);
            expect_status(&app, &meeting, &token.sign(), 404).await;
        }
        let token = TokenOf::application(WITHOUT_POLICY).sign();
        let path = format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{missing}/recordings");
        expect_refusal(&app, &path, &token, &forbidden(super::asking::NO_POLICY)).await;
    }
}

#[tokio::test]
async fn a_consent_opens_no_channel_meeting() {
    let meeting = of_a_channel();
    let consent = format!(
        "resourceSpecificConsents: [{{ appId: '{BY_CONSENT}', threadId: '19:meeting_channel@thread.v2',
           permissions: ['OnlineMeetingRecording.Read.Chat'] }}]\n"
    );
    for config in ["", "profile = \"archive\""] {
        let app = TestApp::with()
            .config(config)
            .seed(&meeting.yaml)
            .seed(&consent)
            .start()
            .await;
        let token = TokenOf::application(BY_CONSENT).permissions(&[]).sign();
        for url in meeting.urls(Some(ORGANIZER)) {
            expect_status(&app, &url, &token, 403).await;
        }
    }
}
