//! `cloud`: which operations there are, and where to sign in.

use super::asking::{expect_refusal, expect_status, four_urls, my_recording, refusal, unauthenticated};
use crate::support::names::{ARCHIVER, CALL, ORGANIZER, READ, standup_of};
use crate::support::{TestApp, TokenOf};

async fn in_cloud(cloud: &str) -> TestApp {
    TestApp::with()
        .config(&format!("cloud = \"{cloud}\""))
        .start()
        .await
}

fn not_supported() -> (u16, String, String) {
    refusal(
        404,
        "NotFound",
        "Requested API is not supported. Please check the path.",
    )
}

#[tokio::test]
async fn china_has_none_of_the_four_urls() {
    let app = in_cloud("china").await;
    let tokens = [
        TokenOf::user(ORGANIZER),
        TokenOf::user(ORGANIZER).permissions(&["User.Read"]),
        TokenOf::application(ARCHIVER),
    ];
    for token in tokens {
        for url in four_urls(ORGANIZER) {
            expect_refusal(&app, &url, &token.sign(), &not_supported()).await;
            let beta = url.replacen("/v1.0", "/beta", 1);
            expect_refusal(&app, &beta, &token.sign(), &not_supported()).await;
        }
        for suffix in [
            "/recordings",
            "/recordings/$count",
            "/transcripts",
            "/transcripts/transcript-1",
        ] {
            let path = standup_of(ORGANIZER) + suffix;
            expect_refusal(&app, &path, &token.sign(), &not_supported()).await;
        }
    }
}

#[tokio::test]
async fn china_has_neither_meetings_nor_calls_and_people_all_the_same() {
    let app = in_cloud("china").await;
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetings.ReadWrite", "CallRecordings.Read.All", "User.Read"])
        .sign();
    for path in [
        "/v1.0/me/onlineMeetings".to_owned(),
        "/v1.0/me/onlineMeetings/$count".to_owned(),
        standup_of(ORGANIZER),
        "/v1.0/communications/onlineMeetings".to_owned(),
        "/v1.0/me/adhocCalls".to_owned(),
        format!("/v1.0/me/adhocCalls/{CALL}/recordings"),
        standup_of(ORGANIZER) + "/transcripts/transcript-1/metadataContent",
    ] {
        expect_refusal(&app, &path, &token, &not_supported()).await;
    }
    for (method, path) in [
        ("POST", "/v1.0/me/onlineMeetings".to_owned()),
        ("PATCH", standup_of(ORGANIZER)),
    ] {
        let answer = app.send_json(method, &path, &token, &serde_json::json!({})).await;
        assert_eq!(answer.error(), not_supported(), "{method}");
    }
    for path in ["/v1.0/me", "/v1.0", "/v1.0/$metadata"] {
        expect_status(&app, path, &token, 200).await;
    }
    let batch =
        serde_json::json!({ "requests": [{ "id": "1", "method": "GET", "url": "/me/onlineMeetings" }] });
    let answer = app.send_json("POST", "/v1.0/$batch", &token, &batch).await;
    assert_eq!(answer.json()["responses"][0]["status"], 404);
}

#[tokio::test]
async fn in_china_401_comes_first_too() {
    let app = in_cloud("china").await;
    for url in four_urls(ORGANIZER) {
        expect_refusal(
            &app,
            &url,
            "x",
            &unauthenticated("CompactToken parsing failed with error code: 80049217"),
        )
        .await;
    }
}

#[tokio::test]
async fn the_other_clouds_serve_all_four_urls() {
    for cloud in ["global", "usgov-l4", "usgov-l5"] {
        let app = in_cloud(cloud).await;
        let token = TokenOf::user(ORGANIZER).permissions(&[READ]).sign();
        for url in four_urls(ORGANIZER) {
            expect_status(&app, &url, &token, 200).await;
        }
    }
}

#[tokio::test]
async fn the_us_clouds_have_no_exports() {
    let token = TokenOf::application(ARCHIVER).sign();
    let meetings = format!("/v1.0/users/{ORGANIZER}/onlineMeetings");
    let paths = [
        format!("{meetings}/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"),
        format!("{meetings}/getAllRecordings"),
        format!("{meetings}/getAllTranscripts(meetingOrganizerUserId='{ORGANIZER}')"),
        format!("{meetings}/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')/delta"),
        standup_of(ORGANIZER) + "/recordings/delta",
        standup_of(ORGANIZER) + "/transcripts/delta",
        format!("/v1.0/users/{ORGANIZER}/adhocCalls/getAllRecordings"),
    ];
    for cloud in ["usgov-l4", "usgov-l5", "china"] {
        let app = in_cloud(cloud).await;
        for path in &paths {
            expect_refusal(&app, path, &token, &not_supported()).await;
        }
    }
}

#[tokio::test]
async fn a_cloud_sets_where_to_sign_in_and_never_the_root() {
    let hosts = [
        ("global", "login.microsoftonline.com"),
        ("usgov-l4", "login.microsoftonline.us"),
        ("usgov-l5", "login.microsoftonline.us"),
        ("china", "login.chinacloudapi.cn"),
    ];
    for (cloud, host) in hosts {
        let app = in_cloud(cloud).await;
        let answer = app.send(app.request("GET", &my_recording())).await;
        let expected = format!(
            "Bearer realm=\"\", authorization_uri=\"https://{host}/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        );
        assert_eq!(answer.header("www-authenticate"), expected, "{cloud}");
        if cloud == "china" {
            continue;
        }
        let json = app
            .get(&my_recording(), &TokenOf::user(ORGANIZER).sign())
            .await
            .json();
        for member in ["@odata.context", "recordingContentUrl"] {
            let url = json[member].as_str().unwrap();
            assert!(
                url.starts_with(&format!("{}/v1.0/", app.base())),
                "{cloud}: {url}"
            );
        }
    }
}
