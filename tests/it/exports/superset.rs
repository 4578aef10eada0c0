//! What the profile `archive` offers of exports beyond the reference.

use super::{get, ids, meetings};
use crate::auth::asking::Meeting;
use crate::support::TestApp;
use crate::support::names::{ATTENDEE, ORGANIZER};

async fn archive() -> TestApp {
    TestApp::with().config("profile = \"archive\"").start().await
}

#[tokio::test]
async fn the_user_of_the_path_is_enough() {
    let app = archive().await;
    for tail in ["getAllRecordings", "getAllRecordings()", "getAllRecordings/delta"] {
        let found = ids(&app, &format!("{}/{tail}", meetings())).await;
        assert_eq!(found, ["recording-1", "recording-2"], "{tail}");
    }
}

#[tokio::test]
async fn further_conditions_may_stand_beside_the_organizer() {
    let app = archive().await;
    let own = format!("MeetingOrganizer/User/Id eq '{ORGANIZER}'");
    for (filter, expected) in [
        (
            format!("{own} and createdDateTime ge 2026-01-10T00:00:00Z"),
            &["recording-2"][..],
        ),
        (format!("contains(id,'-1') and {own}"), &["recording-1"]),
        ("id eq 'recording-2'".to_owned(), &["recording-2"]),
        (
            format!("id eq 'recording-2' or {own}"),
            &["recording-1", "recording-2"],
        ),
        (format!("not ({own})"), &[]),
        (format!("{own} and meetingOrganizer/user/id eq '{ATTENDEE}'"), &[]),
        (
            format!("id eq 'x' or meetingOrganizer/user/id eq '{ATTENDEE}'"),
            &[],
        ),
    ] {
        let found = ids(&app, &format!("{}/getAllRecordings?$filter={filter}", meetings())).await;
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn another_organizer_is_403_here_too() {
    let app = archive().await;
    for filter in [
        format!("MeetingOrganizer/User/Id eq '{ATTENDEE}'"),
        format!("id eq 'recording-1' and MeetingOrganizer/User/Id eq '{ATTENDEE}'"),
    ] {
        let path = format!("{}/getAllRecordings?$filter={filter}", meetings());
        assert_eq!(get(&app, &path).await.status, 403, "{filter}");
    }
}

#[tokio::test]
async fn exports_are_selected_ordered_counted_and_skipped() {
    let other = Meeting::new("other", "expiryDateTime: '2099-01-01T00:00:00Z'");
    let app = TestApp::with()
        .config("profile = \"archive\"")
        .seed(&other.yaml)
        .start()
        .await;
    let all = meetings() + "/getAllRecordings";
    let found = ids(&app, &format!("{all}?$orderby=createdDateTime desc")).await;
    assert_eq!(found, ["recording-2", "recording-1", "recording-of-other"]);
    let found = ids(&app, &format!("{all}?$orderby=id&$skip=1")).await;
    assert_eq!(found, ["recording-2", "recording-of-other"]);
    let answer = get(&app, &format!("{all}?$count=true&$top=1&$select=id"))
        .await
        .json();
    assert_eq!(answer["@odata.count"], 3);
    let item = answer["value"][0].as_object().unwrap();
    assert_eq!(item.keys().collect::<Vec<_>>(), ["@odata.type", "id"]);
    let context = answer["@odata.context"].as_str().unwrap();
    assert!(
        context.ends_with("/$metadata#Collection(callRecording)(id)"),
        "{context}"
    );
}
