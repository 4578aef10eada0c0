//! The ways in which an export is written (contract section 3.2).

use super::{all_recordings, get, ids, meetings};
use crate::support::TestApp;
use crate::support::names::{ATTENDEE, ORGANIZER};

const BOTH: [&str; 2] = ["recording-1", "recording-2"];

#[tokio::test]
async fn every_spelling_of_the_organizer_gives_the_same() {
    let app = TestApp::start().await;
    let upper = ORGANIZER.to_uppercase();
    for tail in [
        format!("getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"),
        format!("getAllRecordings(meetingOrganizerUserId={ORGANIZER})"),
        format!("getAllRecordings(meetingOrganizerUserId='{upper}')"),
        "getAllRecordings(meetingOrganizerUserId='organizer@contoso.example')".to_owned(),
        format!("getAllRecordings(meetingOrganizerUserId=%27{ORGANIZER}%27)"),
        format!("getAllRecordings(MEETINGORGANIZERUSERID='{ORGANIZER}')"),
        format!("getallrecordings(meetingOrganizerUserId='{ORGANIZER}')"),
        format!("microsoft.graph.getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"),
        format!("graph.getAllRecordings( meetingOrganizerUserId='{ORGANIZER}' )"),
        format!("getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')/"),
        // Of the page's own example.
        format!("getAllRecordings?$filter=MeetingOrganizer/User/Id eq '{ORGANIZER}'"),
        format!("getAllRecordings()?$filter=meetingOrganizer/user/id+eq+'{ORGANIZER}'"),
        format!("getAllRecordings?%24filter=MeetingOrganizer%2FUser%2FId%20eq%20%27{ORGANIZER}%27"),
        // Aliases, with their sign and without it.
        format!("getAllRecordings(meetingOrganizerUserId=@a)?@a='{ORGANIZER}'"),
        format!("getAllRecordings(meetingOrganizerUserId=@a)?%40a=%27{ORGANIZER}%27"),
        format!(
            "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId')?meetingOrganizerUserId={ORGANIZER}"
        ),
        format!(
            "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId')?meetingOrganizerUserId='{ORGANIZER}'"
        ),
        format!(
            "getAllRecordings(meetingOrganizerUserId=@meetingOrganizerUserId)?meetingOrganizerUserId={ORGANIZER}"
        ),
        // What no alias resolves is a parameter that was left out.
        format!(
            "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId',startDateTime=@startDateTime,\
             endDateTime=@endDateTime)?meetingOrganizerUserId={ORGANIZER}"
        ),
        format!(
            "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId',startDateTime=@startDateTime,\
             endDateTime=@endDateTime)?$filter=MeetingOrganizer/User/Id eq '{ORGANIZER}'"
        ),
        // The expansion of Python's template loses the commas.
        format!(
            "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId'startDateTime=@startDateTime\
             endDateTime=@endDateTime)?meetingOrganizerUserId={ORGANIZER}"
        ),
    ] {
        assert_eq!(ids(&app, &format!("{}/{tail}", meetings())).await, BOTH, "{tail}");
    }
}

#[tokio::test]
async fn every_form_of_the_user_before_it_gives_the_same() {
    let app = TestApp::start().await;
    let tail = format!("onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')");
    for head in [
        format!("/v1.0/users/{ORGANIZER}"),
        format!("/beta/users/{ORGANIZER}"),
        format!("/v1.0/users('{ORGANIZER}')"),
        format!("/v1.0/users({ORGANIZER})"),
        "/v1.0/users/organizer@contoso.example".to_owned(),
        "/v1.0/users(userPrincipalName='organizer@contoso.example')".to_owned(),
    ] {
        assert_eq!(ids(&app, &format!("{head}/{tail}")).await, BOTH, "{head}");
    }
}

#[tokio::test]
async fn instants_are_read_in_every_spelling() {
    let app = TestApp::start().await;
    for (further, expected) in [
        (",startDateTime=2026-01-10T00:00:00Z", &BOTH[1..]),
        (", startDateTime=2026-01-10T00:00:00Z", &BOTH[1..]),
        (",%20startDateTime=2026-01-10T00:00:00.0000000Z", &BOTH[1..]),
        (",startDateTime='2026-01-10T00:00:00Z'", &BOTH[1..]),
        (",startDateTime=2026-01-10T02:00:00%2B02:00", &BOTH[1..]),
        (",startDateTime=2026-01-10T02:00:00+02:00", &BOTH[1..]),
        (",startDateTime=2026%2D01-10T00%3A00%3A00Z", &BOTH[1..]),
        (",endDateTime=2026-01-10T00:00:00Z", &BOTH[..1]),
        (
            ", startDateTime=2026-01-01T00:00:00Z, endDateTime=2026-01-10T00:00:00Z",
            &BOTH[..1],
        ),
        (
            ",endDateTime=2026-01-10T00:00:00Z,startDateTime=2026-01-01T00:00:00Z",
            &BOTH[..1],
        ),
        (",startDateTime=2026-02-01T00:00:00Z", &[]),
        // A span that ends before it begins has nothing in it.
        (
            ",startDateTime=2026-01-10T00:00:00Z,endDateTime=2026-01-01T00:00:00Z",
            &[],
        ),
    ] {
        assert_eq!(ids(&app, &all_recordings(further)).await, expected, "{further}");
    }
}

#[tokio::test]
async fn instants_may_be_aliases_too() {
    let app = TestApp::start().await;
    let path = format!(
        "{}/getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId',startDateTime=@startDateTime,\
         endDateTime=@endDateTime)",
        meetings()
    );
    let without_commas = path
        .replace(",startDateTime", "startDateTime")
        .replace(",endDateTime", "endDateTime");
    for path in [path, without_commas] {
        for sign in ["", "@", "%40"] {
            let query = format!(
                "?{sign}meetingOrganizerUserId='{ORGANIZER}'&{sign}startDateTime=2026-01-10T00%3A00%3A00Z\
                 &{sign}endDateTime=2026-01-20T01:00:00%2B01:00"
            );
            assert_eq!(
                ids(&app, &(path.clone() + &query)).await,
                BOTH[1..],
                "{path}{query}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_named() {
    let app = TestApp::start().await;
    for (path, named) in [
        (all_recordings(",startDateTime=yesterday"), "startDateTime"),
        (
            all_recordings(",endDateTime='2026-01-32T00:00:00Z'"),
            "endDateTime",
        ),
        (all_recordings(",startDateTime=2026-01-10"), "startDateTime"),
        (all_recordings(",colour='red'"), "colour"),
        // Of calls, not of meetings.
        (all_recordings(&format!(",userId='{ORGANIZER}'")), "userId"),
        (
            all_recordings(&format!(",meetingOrganizerUserId='{ORGANIZER}'")),
            "found 'meetingOrganizerUserId' again",
        ),
        (all_recordings("").replace("')", "'"), "parentheses"),
        (
            format!("{}/getAllRecordings('{ORGANIZER}')", meetings()),
            "Resource not found",
        ),
        (all_recordings("") + "/recordings", "recordings"),
        (all_recordings("") + "/$count", "$count"),
    ] {
        let (status, code, message) = get(&app, &path).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{path}: {message}");
        assert!(message.contains(named), "{path}: {message}");
    }
}

#[tokio::test]
async fn an_export_that_names_nobody_is_400() {
    let app = TestApp::start().await;
    for tail in [
        "getAllRecordings",
        "getAllRecordings()",
        "getAllTranscripts",
        "getAllRecordings(startDateTime=2026-01-10T00:00:00Z)",
        "getAllRecordings(meetingOrganizerUserId='@meetingOrganizerUserId')",
        "getAllRecordings/delta",
        "getAllTranscripts()/delta()",
    ] {
        let (status, code, message) = get(&app, &format!("{}/{tail}", meetings())).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{tail}");
        assert!(message.contains("meetingOrganizerUserId"), "{message}");
    }
}

#[tokio::test]
async fn another_filter_is_400() {
    let app = TestApp::start().await;
    for filter in [
        "contentCorrelationId eq 'x'",
        "createdDateTime ge 2026-01-01T00:00:00Z",
        "MeetingOrganizer/User/Id ne 'x'",
        &format!("MeetingOrganizer/User/Id eq '{ORGANIZER}' and id eq 'recording-1'"),
        &format!("not (MeetingOrganizer/User/Id eq '{ORGANIZER}')"),
        "nothing eq 'x'",
        "MeetingOrganizer/User/Id eq",
    ] {
        let path = format!("{}/getAllRecordings?$filter={filter}", meetings());
        let (status, code, _) = get(&app, &path).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{filter}");
    }
}

#[tokio::test]
async fn options_beyond_those_of_the_reference_are_400_and_named() {
    let app = TestApp::start().await;
    for option in [
        "$select=id",
        "$count=true",
        "$orderby=id",
        "$skip=1",
        "$expand=x",
        "$search=x",
        "$deltatoken=x",
    ] {
        let (status, _, message) = get(&app, &(all_recordings("") + "?" + option)).await.error();
        assert_eq!(status, 400, "{option}");
        assert!(message.contains(option.split('=').next().unwrap()), "{message}");
    }
    // What begins without `$` says nothing.
    let path = all_recordings("") + "?model=A&top=1&colour=red";
    assert_eq!(ids(&app, &path).await.len(), 1);
}

#[tokio::test]
async fn parameter_and_filter_must_both_name_the_user_of_the_path() {
    let app = TestApp::start().await;
    for (parameter, filter, status) in [
        (ORGANIZER, ORGANIZER, 200),
        (ORGANIZER, ATTENDEE, 403),
        (ATTENDEE, ORGANIZER, 403),
        (ATTENDEE, ATTENDEE, 403),
    ] {
        let path = format!(
            "{}/getAllRecordings(meetingOrganizerUserId='{parameter}')?$filter=MeetingOrganizer/User/Id eq '{filter}'",
            meetings()
        );
        assert_eq!(get(&app, &path).await.status, status, "{path}");
    }
}
