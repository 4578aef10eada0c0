//! What the acting user is to the meeting: organizer, co-organizer, invitee, guest, or nobody.

use super::asking::{
    Meeting, NO_RELATION, content_of, expect_refusal, expect_status, forbidden, four_urls, my_recording,
    recording_of, refusal, settings, two_urls,
};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CONTOSO, COORGANIZER, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_MEETING,
    FABRIKAM_ORGANIZER, GUEST, ORGANIZER, OUTSIDER, STANDUP,
};
use crate::support::{TestApp, TokenOf};

#[tokio::test]
async fn who_takes_part_sees_the_recording_on_both_paths() {
    let app = TestApp::start().await;
    for user in [ORGANIZER, COORGANIZER, ATTENDEE] {
        let token = TokenOf::user(user).sign();
        expect_status(&app, &my_recording(), &token, 200).await;
        expect_status(&app, &recording_of(user), &token, 200).await;
    }
}

#[tokio::test]
async fn every_role_of_graph_is_an_invitation() {
    for role in ["attendee", "presenter", "producer", "coorganizer"] {
        let members = format!(
            "expiryDateTime: '2099-01-01T00:00:00Z', participants: [{{ userId: '{OUTSIDER}', role: {role} }}]"
        );
        let meeting = Meeting::new("roles", &members);
        let app = TestApp::with().seed(&meeting.yaml).start().await;
        let token = TokenOf::user(OUTSIDER).sign();
        expect_status(&app, &meeting.recording(None), &token, 200).await;
    }
}

#[tokio::test]
async fn an_outsider_gets_3003_on_all_four_urls() {
    let app = TestApp::start().await;
    let token = TokenOf::user(OUTSIDER).sign();
    for user in [OUTSIDER, ORGANIZER, ATTENDEE] {
        for url in four_urls(user) {
            expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
        }
    }
}

#[tokio::test]
async fn a_guest_counts_as_nobody_unless_the_tenant_says_otherwise() {
    let app = TestApp::start().await;
    let (guest, application) = (TokenOf::user(GUEST).sign(), TokenOf::application(ARCHIVER).sign());
    for url in four_urls(GUEST) {
        expect_refusal(&app, &url, &guest, &forbidden(NO_RELATION)).await;
    }
    for url in two_urls(GUEST) {
        expect_refusal(&app, &url, &application, &forbidden(NO_RELATION)).await;
    }
    app.seed(&settings("guestAccess: true")).await;
    for path in [my_recording(), recording_of(GUEST), recording_of(ORGANIZER)] {
        expect_status(&app, &path, &guest, 200).await;
    }
    expect_status(&app, &recording_of(GUEST), &application, 200).await;
    // And back, at once.
    app.seed(&settings("guestAccess: false")).await;
    expect_refusal(&app, &my_recording(), &guest, &forbidden(NO_RELATION)).await;
}

#[tokio::test]
async fn guest_access_invites_no_guest() {
    let stranger = "aaaaaaaa-0000-4000-8000-000000000099";
    let yaml = format!(
        "users: [{{ id: '{stranger}', tenantId: '{CONTOSO}', userPrincipalName: 'stranger@contoso.example',
           userType: Guest }}]\n"
    );
    let app = TestApp::with()
        .seed(&yaml)
        .seed(&settings("guestAccess: true"))
        .start()
        .await;
    let token = TokenOf::user(stranger).sign();
    expect_refusal(&app, &my_recording(), &token, &forbidden(NO_RELATION)).await;
}

#[tokio::test]
async fn on_anothers_path_a_caller_must_take_part_and_the_other_be_the_organizer() {
    let app = TestApp::start().await;
    let cases = [
        (ATTENDEE, ORGANIZER, true),
        (ATTENDEE, "organizer@contoso.example", true),
        (COORGANIZER, ORGANIZER, true),
        (ATTENDEE, "Attendee@contoso.example", true),
        (ATTENDEE, COORGANIZER, false),
        (ORGANIZER, ATTENDEE, false),
        (ORGANIZER, COORGANIZER, false),
        (ORGANIZER, OUTSIDER, false),
        (ORGANIZER, "nobody", false),
        (ORGANIZER, FABRIKAM_ORGANIZER, false),
        (OUTSIDER, ORGANIZER, false),
    ];
    for (caller, path_user, allowed) in cases {
        let token = TokenOf::user(caller).sign();
        let path = recording_of(path_user);
        match allowed {
            true => expect_status(&app, &path, &token, 200).await,
            false => expect_refusal(&app, &path, &token, &forbidden(NO_RELATION)).await,
        }
    }
}

#[tokio::test]
async fn an_application_has_the_relation_of_the_paths_user() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for (user, metadata) in [
        (ORGANIZER, 200),
        (COORGANIZER, 200),
        (ATTENDEE, 200),
        (GUEST, 403),
        (OUTSIDER, 403),
    ] {
        expect_status(&app, &recording_of(user), &token, metadata).await;
    }
    expect_refusal(
        &app,
        &recording_of(FABRIKAM_ORGANIZER),
        &token,
        &forbidden(NO_RELATION),
    )
    .await;
}

#[tokio::test]
async fn a_meeting_of_another_tenant_is_as_if_it_were_not_there() {
    let app = TestApp::start().await;
    let of = |user: &str| {
        format!("/v1.0/users/{user}/onlineMeetings/{FABRIKAM_MEETING}/recordings/fabrikam-recording")
    };
    let token = TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign();
    expect_status(&app, &of(FABRIKAM_ORGANIZER), &token, 200).await;
    for user in [ORGANIZER, FABRIKAM_ORGANIZER] {
        for token in [
            TokenOf::user(ORGANIZER).sign(),
            TokenOf::application(ARCHIVER).sign(),
        ] {
            expect_refusal(&app, &of(user), &token, &forbidden(NO_RELATION)).await;
            expect_refusal(&app, &(of(user) + "/content"), &token, &forbidden(NO_RELATION)).await;
        }
    }
    // Nor the other way round, with the organizer's own object id under the other tenant.
    for token in [
        TokenOf::user(FABRIKAM_ORGANIZER)
            .tenant(FABRIKAM)
            .through(FABRIKAM_ARCHIVER)
            .sign(),
        TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM).sign(),
    ] {
        expect_refusal(&app, &recording_of(ORGANIZER), &token, &forbidden(NO_RELATION)).await;
        expect_refusal(&app, &content_of(ORGANIZER), &token, &forbidden(NO_RELATION)).await;
    }
}

#[tokio::test]
async fn a_participant_of_another_tenant_has_no_way_in() {
    let members = format!(
        "expiryDateTime: '2099-01-01T00:00:00Z', participants: [{{ userId: '{FABRIKAM_ORGANIZER}', role: coorganizer }}]"
    );
    let meeting = Meeting::new("across", &members);
    let app = TestApp::with()
        .seed(&meeting.yaml)
        .seed(&settings(
            "guestAccess: true, participantsCanDownloadRecordings: true",
        ))
        .start()
        .await;
    let token = TokenOf::user(FABRIKAM_ORGANIZER)
        .tenant(FABRIKAM)
        .through(FABRIKAM_ARCHIVER)
        .sign();
    for user in [None, Some(FABRIKAM_ORGANIZER), Some(ORGANIZER)] {
        for url in meeting.urls(user) {
            expect_refusal(&app, &url, &token, &forbidden(NO_RELATION)).await;
        }
    }
    let application = TokenOf::application(ARCHIVER).sign();
    expect_refusal(
        &app,
        &meeting.recording(Some(FABRIKAM_ORGANIZER)),
        &application,
        &forbidden(NO_RELATION),
    )
    .await;
}

#[tokio::test]
async fn a_malformed_meeting_id_gets_400() {
    let app = TestApp::start().await;
    let tokens = [
        TokenOf::user(ORGANIZER).sign(),
        TokenOf::user(OUTSIDER).sign(),
        TokenOf::application(ARCHIVER).sign(),
    ];
    let expected = refusal(400, "BadRequest", "The meeting id is malformed.");
    // The last ones: `1*megan*0**19:x`, `2*{guid}*0**19:x`, and the stand-up's without its first letter.
    for id in [
        "x",
        "nonsense",
        "%20",
        "MSptZWdhbiowKioxOTp4",
        &STANDUP[1..],
        "'%20OR%201=1%20--",
        "..%2F..%2Fx",
    ] {
        for token in &tokens {
            for suffix in [
                "/recordings/recording-1",
                "/recordings/recording-1/content",
                "/recordings",
            ] {
                let path = format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{id}{suffix}");
                let answer = app.get_raw_path(&path, token).await;
                assert_eq!(answer.status, 400, "{path}: {}", answer.text);
                let message = answer.json()["error"]["message"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                assert_eq!(message, expected.2, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn the_id_of_a_stored_meeting_is_well_formed_whatever_it_looks_like() {
    let meeting = Meeting::with_id(
        "a-meeting-of-ours",
        "named",
        "expiryDateTime: '2099-01-01T00:00:00Z'",
    );
    let app = TestApp::with().seed(&meeting.yaml).start().await;
    let (organizer, outsider) = (TokenOf::user(ORGANIZER).sign(), TokenOf::user(OUTSIDER).sign());
    for url in meeting.urls(None) {
        expect_status(&app, &url, &organizer, 200).await;
        expect_refusal(&app, &url, &outsider, &forbidden(NO_RELATION)).await;
    }
    // In another tenant it is none.
    let foreign = TokenOf::user(FABRIKAM_ORGANIZER)
        .tenant(FABRIKAM)
        .through(FABRIKAM_ARCHIVER)
        .sign();
    let expected = refusal(400, "BadRequest", "The meeting id is malformed.");
    expect_refusal(&app, &meeting.recording(None), &foreign, &expected).await;
}

#[tokio::test]
async fn a_participant_who_is_taken_off_the_meeting_is_out_at_once() {
    let with = |participants: &str| {
        Meeting::new(
            "changing",
            &format!("expiryDateTime: '2099-01-01T00:00:00Z', participants: [{participants}]"),
        )
    };
    let before = with(&format!("{{ userId: '{OUTSIDER}', role: attendee }}"));
    let app = TestApp::with().seed(&before.yaml).start().await;
    let token = TokenOf::user(OUTSIDER).sign();
    expect_status(&app, &before.recording(None), &token, 200).await;
    app.seed(&with("").yaml).await;
    expect_refusal(&app, &before.recording(None), &token, &forbidden(NO_RELATION)).await;
}
