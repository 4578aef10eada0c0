//! What an export answers: context, items, order, pages, bounds.

use serde_json::{Value, json};

use super::{all_recordings, get, ids, meetings};
use crate::support::names::{
    ARCHIVER, ATTENDEE, FABRIKAM, FABRIKAM_ARCHIVER, FABRIKAM_ORGANIZER, ORGANIZER, STANDUP, WITHOUT_POLICY,
};
use crate::support::{Answer, TestApp, TokenOf};

/// So many further recordings in the stand-up, in no order.
fn many(count: usize) -> String {
    let recordings: Vec<Value> = (0..count)
        .map(|number| number * 7 % count)
        .map(|number| {
            json!({ "id": format!("many-{number:03}"), "meetingId": STANDUP, "contentFile": "one.mp4",
                    "createdDateTime": format!("2026-01-20T{:02}:00:00Z", number / 5) })
        })
        .collect();
    json!({ "recordings": recordings }).to_string()
}

fn every_id(count: usize) -> Vec<String> {
    let own = ["recording-1", "recording-2"].map(ToOwned::to_owned);
    own.into_iter()
        .chain((0..count).map(|number| format!("many-{number:03}")))
        .collect()
}

#[tokio::test]
async fn recordings_of_all_meetings_are_listed_with_their_type() {
    let app = TestApp::start().await;
    insta::assert_snapshot!(app.shown(&get(&app, &all_recordings("")).await));
}

#[tokio::test]
async fn transcripts_are_exported_the_same_way() {
    let app = TestApp::start().await;
    let path = format!(
        "{}/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')",
        meetings()
    );
    insta::assert_snapshot!(app.shown(&get(&app, &path).await));
}

#[tokio::test]
async fn who_organizes_nothing_has_an_empty_export() {
    let app = TestApp::start().await;
    let path = all_recordings("").replace(ORGANIZER, ATTENDEE);
    let answer = get(&app, &path).await;
    assert_eq!(
        answer.json(),
        json!({ "@odata.context": format!("{}/v1.0/$metadata#Collection(callRecording)", app.base()),
                "@odata.count": 0, "value": [] })
    );
}

#[tokio::test]
async fn below_beta_links_and_context_are_of_beta() {
    let app = TestApp::start().await;
    let answer = get(&app, &(all_recordings("").replace("/v1.0", "/beta") + "?$top=1")).await;
    let text = answer.text();
    assert!(!text.contains("/v1.0/"), "{text}");
    assert!(
        text.contains("/beta/$metadata#Collection(callRecording)"),
        "{text}"
    );
}

#[tokio::test]
async fn only_what_is_ready_is_exported() {
    let app = TestApp::start().await;
    app.seed(&format!(
        "recordings:
  - {{ id: pending, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', uploadState: pending }}
  - {{ id: deleted, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4, deletedDateTime: '2026-01-21T09:00:00Z' }}
  - {{ id: infected, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4, quarantined: true }}"
    ))
    .await;
    // What is quarantined has metadata all the same.
    assert_eq!(
        ids(&app, &all_recordings("")).await,
        ["recording-1", "recording-2", "infected"]
    );
}

#[tokio::test]
async fn the_beginning_counts_and_the_end_does_not() {
    let app = TestApp::start().await;
    for (start, end, expected) in [
        ("2026-01-05T09:00:01.1234567Z", "2026-01-12T09:00:00.0000001Z", 2),
        ("2026-01-05T09:00:01.1234567Z", "2026-01-12T09:00:00Z", 1),
        ("2026-01-05T09:00:01.1234568Z", "2026-01-12T09:00:00Z", 0),
        ("2026-01-12T09:00:00Z", "2026-01-12T09:00:00Z", 0),
        ("2026-01-12T09:00:00Z", "2026-01-12T09:00:01Z", 1),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", 2),
    ] {
        let path = all_recordings(&format!(",startDateTime={start},endDateTime={end}"));
        assert_eq!(ids(&app, &path).await.len(), expected, "{start} {end}");
    }
}

#[tokio::test]
async fn pages_lead_to_the_end_and_repeat_nothing() {
    let app = TestApp::with().seed(&many(43)).start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let filter = format!(
        "{}/getAllRecordings?$filter=MeetingOrganizer/User/Id eq '{ORGANIZER}'",
        meetings()
    );
    for (path, sizes) in [
        (all_recordings(""), &[20, 20, 5][..]),
        (all_recordings("") + "?$top=44", &[44, 1]),
        (all_recordings("") + "?top=15", &[15, 15, 15]),
        (all_recordings("") + "?$top=100", &[45]),
        (filter + "&$top=30", &[30, 15]),
    ] {
        let pages = app.pages(&path, &token).await;
        let lengths: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
        assert_eq!(lengths, sizes, "{path}");
        let all: Vec<String> = pages.iter().flat_map(Answer::ids).collect();
        assert_eq!(all, every_id(43), "{path}");
        for page in &pages {
            assert_eq!(page.json()["@odata.count"], page.ids().len(), "{path}");
            assert_eq!(page.json()["@odata.deltaLink"], Value::Null);
        }
    }
}

#[tokio::test]
async fn pages_within_bounds_stay_within_them() {
    let app = TestApp::with().seed(&many(43)).start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let bounds = ",startDateTime=2026-01-20T02:00:00Z,endDateTime=2026-01-20T05:00:00Z";
    let pages = app.pages(&(all_recordings(bounds) + "?$top=4"), &token).await;
    assert_eq!(pages.len(), 4);
    let all: Vec<String> = pages.iter().flat_map(Answer::ids).collect();
    assert_eq!(all, every_id(43)[12..27]);
}

#[tokio::test]
async fn a_preferred_size_of_pages_has_its_way() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let answer = app
        .get_with(&all_recordings(""), &token, &[("prefer", "odata.maxpagesize=1")])
        .await;
    assert_eq!(answer.ids().len(), 1);
    assert_eq!(answer.header("preference-applied"), "odata.maxpagesize=1");
}

#[tokio::test]
async fn a_link_has_the_function_with_its_parameters_and_names_the_user_by_id() {
    let app = TestApp::start().await;
    let path = "/v1.0/users/organizer@contoso.example/onlineMeetings/getAllRecordings(meetingOrganizerUserId=\
                '@meetingOrganizerUserId',startDateTime=@startDateTime,endDateTime=@endDateTime)?meetingOrganizerUserId=\
                organizer@contoso.example&startDateTime=2026-01-01T01:00:00%2B01:00&$top=1";
    let link = get(&app, path).await.json()["@odata.nextLink"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = format!(
        "{}{}/getAllRecordings(meetingOrganizerUserId='organizer%40contoso.example',startDateTime=\
         2026-01-01T00:00:00.0000000Z)?$top=1&",
        app.base(),
        meetings()
    );
    assert!(link.starts_with(&expected), "{link}");
    assert_eq!(
        ids(&app, link.strip_prefix(app.base()).unwrap()).await,
        ["recording-2"]
    );
}

#[tokio::test]
async fn a_token_of_somebody_else_is_403_and_one_of_another_question_400() {
    let app = TestApp::with()
        .config("graph.export_requires_policy = false")
        .start()
        .await;
    let answer = get(&app, &(all_recordings("") + "?$top=1")).await;
    let link = answer.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    let path = link.strip_prefix(app.base()).unwrap();
    let (_, token) = path.split_once("$skiptoken=").unwrap();
    let own = format!("$top=1&$skiptoken={token}");

    let others = [
        TokenOf::application(WITHOUT_POLICY),
        TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM),
    ];
    for other in others {
        let of_fabrikam = other.claims()["tid"] == FABRIKAM;
        let path = match of_fabrikam {
            true => path.replace(ORGANIZER, FABRIKAM_ORGANIZER),
            false => path.to_owned(),
        };
        let (status, code, _) = app.get(&path, &other.sign()).await.error();
        assert_eq!((status, code.as_str()), (403, "Forbidden"), "{path}");
    }
    let transcripts = format!(
        "{}/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')",
        meetings()
    );
    for path in [
        all_recordings("") + "?$top=2&$skiptoken=" + token,
        all_recordings("") + "?$skiptoken=" + token,
        all_recordings(",startDateTime=2026-01-01T00:00:00Z") + "?" + &own,
        all_recordings("").replace(ORGANIZER, ATTENDEE) + "?" + &own,
        transcripts + "?" + &own,
        all_recordings("") + "/delta?" + &own,
        format!("/v1.0/users/{ORGANIZER}/onlineMeetings/{STANDUP}/recordings?{own}"),
        all_recordings("") + "?$top=1&$skiptoken=" + &token[1..],
        all_recordings("") + "?$top=1&$skiptoken=x",
    ] {
        let (status, code, _) = get(&app, &path).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{path}");
    }
    // The same question may be asked in other words.
    let same = format!(
        "{}?$top=1&skipToken={token}",
        all_recordings("").replace('\'', "%27")
    );
    assert_eq!(ids(&app, &same).await, ["recording-2"]);
}

#[tokio::test]
async fn recordings_that_come_and_go_between_pages_disturb_nothing() {
    let app = TestApp::with().seed(&many(13)).start().await;
    let first = get(&app, &(all_recordings("") + "?$top=6")).await;
    app.seed(&format!(
        "recordings:
  - {{ id: early, meetingId: '{STANDUP}', createdDateTime: '2026-01-01T09:00:00Z', contentFile: one.mp4 }}
  - {{ id: late, meetingId: '{STANDUP}', createdDateTime: '2026-01-30T09:00:00Z', contentFile: one.mp4 }}
  - {{ id: many-003, \"@removed\": {{ reason: deleted }} }}
  - {{ id: many-012, \"@removed\": {{ reason: deleted }} }}"
    ))
    .await;
    let token = TokenOf::application(ARCHIVER).sign();
    let link = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    let rest = app.pages(link.strip_prefix(app.base()).unwrap(), &token).await;
    let rest: Vec<String> = rest.iter().flat_map(Answer::ids).collect();
    let mut expected = every_id(13)[6..14].to_vec();
    expected.push("late".to_owned());
    assert_eq!(rest, expected);
}
