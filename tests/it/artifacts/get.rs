//! `GET …/recordings/{recording}` and the same of transcripts.

use serde_json::{Value, json};

use crate::support::names::{
    ARCHIVER, CONTOSO, COORGANIZER, FABRIKAM_MEETING, ORGANIZER, STANDUP, my_standup, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf};

/// The members of an answer's object, but annotations.
fn members(answer: &Answer) -> Vec<String> {
    let object = answer.json();
    let names = object.as_object().unwrap().keys();
    names.filter(|name| !name.starts_with('@')).cloned().collect()
}

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

#[tokio::test]
async fn a_transcript_is_answered_to_its_organizer() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/transcripts/transcript-1", my_standup()), &token)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    insta::assert_snapshot!(app.shown(&answer));
}

#[tokio::test]
async fn a_recording_carries_the_headers_of_graph() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await;
    let expected = [
        (
            "content-type",
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
        ),
        ("odata-version", "4.0"),
        ("cache-control", "private, no-cache"),
        ("vary", "Authorization, Accept-Encoding"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_ne!(answer.header("content-security-policy"), "");
    assert_ne!(answer.header("date"), "");
    assert_eq!(answer.header("request-id").len(), 36);
}

#[tokio::test]
async fn context_and_link_name_the_path_user_and_the_organizer_by_object_id() {
    let app = TestApp::start().await;
    let token = TokenOf::user(COORGANIZER).sign();
    let me = app
        .get(&format!("{}/recordings/recording-1", my_standup()), &token)
        .await
        .json();
    let expected = format!(
        "{}/v1.0/$metadata#users('{COORGANIZER}')/onlineMeetings('{STANDUP}')/recordings/$entity",
        app.base()
    );
    assert_eq!(me["@odata.context"], expected);
    let link = format!(
        "{}/v1.0/users/{ORGANIZER}/onlineMeetings/{STANDUP}/recordings/recording-1/content",
        app.base()
    );
    assert_eq!(me["recordingContentUrl"], link);
    assert_eq!(me["meetingOrganizer"]["user"]["id"], ORGANIZER);
    assert_eq!(me["meetingOrganizer"]["user"]["tenantId"], CONTOSO);
}

#[tokio::test]
async fn beta_answers_the_same_with_its_own_root() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let stable = app.get(&path, &token).await;
    let beta = app.get(&path.replace("/v1.0/", "/beta/"), &token).await;
    assert_eq!(beta.status, 200, "{}", beta.text());
    assert_eq!(beta.text(), stable.text().replace("/v1.0/", "/beta/"));
}

#[tokio::test]
async fn an_application_gets_what_the_organizer_gets() {
    let app = TestApp::start().await;
    let path = format!("{}/recordings/recording-1", standup_of(ORGANIZER));
    let by_user = app.get(&path, &TokenOf::user(ORGANIZER).sign()).await;
    let by_app = app.get(&path, &TokenOf::application(ARCHIVER).sign()).await;
    assert_eq!((by_app.status, by_app.text()), (200, by_user.text()));
}

#[tokio::test]
async fn links_come_from_public_url_and_never_from_the_request() {
    let app = TestApp::with()
        .config("public_url = \"https://recordings.example.org\"")
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    for path in ["/recordings/recording-1", "/recordings?$top=1", "/transcripts"] {
        let request = app
            .request("GET", &format!("{}{path}", my_standup()))
            .bearer_auth(&token)
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "gopher")
            .header("forwarded", "host=evil.example;proto=gopher")
            .header("x-original-url", "http://evil.example/");
        let answer = app.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        assert!(
            text.contains("\"@odata.context\":\"https://recordings.example.org/v1.0/$metadata"),
            "{text}"
        );
        assert!(
            text.contains("ContentUrl\":\"https://recordings.example.org/v1.0/users/"),
            "{text}"
        );
        assert!(!text.contains("evil") && !text.contains("gopher"), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
    }
}

#[tokio::test]
async fn instants_have_seven_decimals_and_are_in_utc() {
    let app = TestApp::start().await;
    let instants = [
        ("2026-01-20T09:00:00Z", "2026-01-20T09:00:00.0000000Z"),
        ("2026-01-20T10:00:00.5+01:00", "2026-01-20T09:00:00.5000000Z"),
        ("2026-01-20T09:00:00.12345Z", "2026-01-20T09:00:00.1234500Z"),
        ("2026-01-20T09:00:00.1234567Z", "2026-01-20T09:00:00.1234567Z"),
        ("2026-01-20T00:30:00-05:30", "2026-01-20T06:00:00.0000000Z"),
    ];
    let token = TokenOf::user(ORGANIZER).sign();
    for (written, answered) in instants {
        app.seed(&format!(
            "recordings:\n  - {{ id: timed, meetingId: \"{STANDUP}\", createdDateTime: \"{written}\", \
             endDateTime: \"{written}\", contentFile: one.mp4 }}"
        ))
        .await;
        let answer = app
            .get(&format!("{}/recordings/timed", my_standup()), &token)
            .await
            .json();
        assert_eq!(answer["createdDateTime"], answered, "{written}");
        assert_eq!(answer["endDateTime"], answered, "{written}");
    }
}

#[tokio::test]
async fn a_recording_without_an_end_has_null_there() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/recording-2", my_standup()), &token)
        .await;
    assert_eq!(answer.json()["endDateTime"], Value::Null);
    assert!(
        answer.text().contains("\"endDateTime\":null"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn select_leaves_the_named_members_and_names_them_in_the_context() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let cases: [(&str, &[&str], &str); 7] = [
        ("$select=callId", &["callId"], "(callId)"),
        ("$select=callId,content", &["callId"], "(callId,content)"),
        (
            "$select=createdDateTime,id",
            &["createdDateTime", "id"],
            "(createdDateTime,id)",
        ),
        ("$select=CALLID", &["callId"], "(callId)"),
        ("%24select=callId", &["callId"], "(callId)"),
        ("$select=callId%2Cid", &["callId", "id"], "(callId,id)"),
        ("$select=content", &[], "(content)"),
    ];
    for (query, names, in_context) in cases {
        let answer = app
            .get(
                &format!("{}/recordings/recording-1?{query}", my_standup()),
                &token,
            )
            .await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        assert_eq!(members(&answer), names, "{query}");
        let context = format!(
            "{}/v1.0/$metadata#users('{ORGANIZER}')/onlineMeetings('{STANDUP}')/recordings{in_context}/$entity",
            app.base()
        );
        assert_eq!(answer.json()["@odata.context"], context, "{query}");
    }
}

#[tokio::test]
async fn select_of_every_property_gives_every_member() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let all = members(&app.get(&path, &token).await);
    let answer = app
        .get(&format!("{path}?$select={}", all.join(",")), &token)
        .await;
    assert_eq!(members(&answer), all);
}

#[tokio::test]
async fn streams_of_a_transcript_can_be_selected_and_are_never_inline() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!(
        "{}/transcripts/transcript-1?$select=callId,content,metadataContent",
        my_standup()
    );
    let answer = app.get(&path, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(members(&answer), ["callId"]);
    let context = answer.json()["@odata.context"].as_str().unwrap().to_owned();
    assert!(
        context.ends_with("/transcripts(callId,content,metadataContent)/$entity"),
        "{context}"
    );
}

#[tokio::test]
async fn an_unknown_name_in_select_is_refused_in_graphs_words() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let failed = "Parsing OData Select and Expand failed: ";
    let cases = [
        (
            "recordings/recording-1?$select=colour",
            "Could not find a property named 'colour' on type 'microsoft.graph.callRecording'.",
        ),
        (
            "recordings?$select=id,colour",
            "Could not find a property named 'colour' on type 'microsoft.graph.callRecording'.",
        ),
        (
            "recordings/recording-1?$select=transcriptContentUrl",
            "Could not find a property named 'transcriptContentUrl' on type 'microsoft.graph.callRecording'.",
        ),
        (
            "recordings/recording-1?$select=meetingOrganizerId",
            "Could not find a property named 'meetingOrganizerId' on type 'microsoft.graph.callRecording'.",
        ),
        (
            "transcripts/transcript-1?$select=recordingContentUrl",
            "Could not find a property named 'recordingContentUrl' on type 'microsoft.graph.callTranscript'.",
        ),
        (
            "recordings/recording-1?$select=@odata.type",
            "Term '@odata.type' is not valid in a $select or $expand expression.",
        ),
    ];
    for (path, text) in cases {
        let answer = app.get(&format!("{}/{path}", my_standup()), &token).await;
        assert_eq!(
            answer.error(),
            (400, "BadRequest".to_owned(), format!("{failed}{text}")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_select_that_cannot_be_read_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for query in [
        "$select=",
        "$select=,",
        "$select=id,,callId",
        "$select=id&$select=callId",
        "$select=id&$SELECT=id",
        "$select=id(",
        "$select=%zz",
    ] {
        let answer = app
            .get(
                &format!("{}/recordings/recording-1?{query}", my_standup()),
                &token,
            )
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{query}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn an_id_is_opaque_and_is_written_so_that_it_can_be_asked_for_again() {
    let app = TestApp::start().await;
    let id = "3##19:{it's} a/b%41?é@thread.v2##0==";
    app.seed(
        &json!({ "recordings": [{ "id": id, "meetingId": STANDUP, "createdDateTime": "2026-01-20T09:00:00Z",
                  "contentFile": "one.mp4" }] })
        .to_string(),
    )
    .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let encoded = "3%23%2319:%7Bit's%7D%20a%2Fb%2541%3F%C3%A9@thread.v2%23%230==";
    let as_segment = app
        .get(&format!("{}/recordings/{encoded}", my_standup()), &token)
        .await;
    assert_eq!(as_segment.status, 200, "{}", as_segment.text());
    assert_eq!(as_segment.json()["id"], id);
    let in_parentheses = format!("{}/recordings('{}')", my_standup(), encoded.replace('\'', "''"));
    assert_eq!(app.get(&in_parentheses, &token).await.json(), as_segment.json());
    let content = app
        .follow(&as_segment.json()["recordingContentUrl"], &token)
        .await;
    assert_eq!((content.status, content.body.len()), (200, 1000));
}

#[tokio::test]
async fn unknown_and_foreign_recordings_are_the_same_404() {
    let app = TestApp::with()
        .seed(&format!(
            "recordings:\n  - {{ id: unready, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-20T09:00:00Z\", \
             uploadState: pending }}\n  - {{ id: deleted, meetingId: \"{STANDUP}\", createdDateTime: \
             \"2026-01-20T09:00:00Z\", contentFile: one.mp4, deletedDateTime: \"2026-01-21T09:00:00Z\" }}"
        ))
        .start()
        .await;
    let token = TokenOf::user(ORGANIZER).sign();
    let mut seen = Vec::new();
    for id in [
        "nowhere",
        "fabrikam-recording",
        "unready",
        "deleted",
        "transcript-1",
        "RECORDING-1",
    ] {
        let answer = app
            .get(&format!("{}/recordings/{id}", my_standup()), &token)
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (404, "NotFound"),
            "{id}"
        );
        seen.push(app.shown(&answer));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn a_meeting_that_the_caller_may_not_know_of_is_refused_alike_whether_or_not_it_exists() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let text = "3003: User does not have access to lookup meeting";
    let nowhere = FABRIKAM_MEETING.replace("MSpiYmJiYmJiYi", "MSpiYmJiYmJiYy");
    for meeting in [FABRIKAM_MEETING, &nowhere] {
        let answer = app
            .get(
                &format!("/v1.0/me/onlineMeetings/{meeting}/recordings/fabrikam-recording"),
                &token,
            )
            .await;
        assert_eq!(
            answer.error(),
            (403, "Forbidden".to_owned(), text.to_owned()),
            "{meeting}"
        );
    }
}

#[tokio::test]
async fn head_says_what_get_says_without_a_body() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let path = format!("{}/recordings/recording-1", my_standup());
    let get = app.get(&path, &token).await;
    let head = app.send(app.request("HEAD", &path).bearer_auth(&token)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-type", "content-length", "odata-version", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}
