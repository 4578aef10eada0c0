//! `GET …/transcripts/{transcript}/content` and `/metadataContent`: forms, the tenant's switches, ranges, versions, audit.

use graphophone::db::artifacts::ArtifactKind;

use crate::auth::asking::settings;
use crate::support::names::{
    ARCHIVER, ATTENDEE, CALL, COORGANIZER, GUEST, ORGANIZER, OUTSIDER, STANDUP, my_standup, standup_of,
};
use crate::support::{Answer, TestApp, TokenOf};

const UNATTRIBUTED: &str = "application/vnd.microsoft.graph.transcript+text";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// What `one.vtt` holds.
const STORED: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Organizer>Good morning.</v>\n";
/// The same without who says it.
const TEXT: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGood morning.\n";
/// What is made of it and of `createdDateTime`.
const METADATA: &str = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n\
    {\"startDateTime\":\"2026-01-05T09:00:01.1234567+00:00\",\"endDateTime\":\"2026-01-05T09:00:02.1234567+00:00\",\
    \"speakerName\":\"Organizer\",\"spokenText\":\"Good morning.\",\"spokenLanguage\":null}\n";

fn content() -> String {
    format!("{}/transcripts/transcript-1/content", my_standup())
}

fn metadata() -> String {
    format!("{}/transcripts/transcript-1/metadataContent", my_standup())
}

type Headers<'a> = &'a [(&'a str, &'a str)];

async fn get_with(app: &TestApp, path: &str, headers: Headers<'_>) -> Answer {
    app.get_with(path, &TokenOf::user(ORGANIZER).sign(), headers)
        .await
}

async fn head_with(app: &TestApp, path: &str, headers: Headers<'_>) -> Answer {
    let mut request = app
        .request("HEAD", path)
        .bearer_auth(TokenOf::user(ORGANIZER).sign());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request).await
}

/// The three streams that there are of one transcript: path, headers, body.
fn streams() -> [(String, Headers<'static>, &'static str); 3] {
    [
        (content(), &[], STORED),
        (content(), &[("accept", UNATTRIBUTED)], TEXT),
        (metadata(), &[], METADATA),
    ]
}

/// Gives the transcript a `metadataContent` of its own.
async fn put_metadata(app: &TestApp, bytes: &str) {
    std::fs::write(app.seeds().join("own.vtt"), bytes).unwrap();
    app.seed(&format!(
        "transcripts: [{{ id: transcript-1, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-05T09:00:01.1234567Z\", \
         contentFile: one.vtt, metadataFile: own.vtt }}]"
    ))
    .await;
}

/// Replaces the bytes of the transcript.
async fn put_content(app: &TestApp, bytes: &[u8]) {
    std::fs::write(app.seeds().join("other.vtt"), bytes).unwrap();
    app.seed(&format!(
        "transcripts: [{{ id: transcript-1, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-05T09:00:01.1234567Z\", \
         contentFile: other.vtt }}]"
    ))
    .await;
}

#[tokio::test]
async fn whatever_does_not_ask_for_another_form_gets_the_file() {
    let app = TestApp::start().await;
    let plain: [Headers<'_>; 7] = [
        &[],
        &[("accept", "*/*")],
        &[("accept", "text/vtt")],
        &[("accept", "application/octet-stream, application/json")],
        &[("accept", "application/json")],
        &[("accept", "image/png")],
        &[(
            "accept",
            "text/vtt, application/vnd.microsoft.graph.transcript+text",
        )],
    ];
    for headers in plain {
        let answer = get_with(&app, &content(), headers).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, STORED),
            "{headers:?}"
        );
        assert_eq!(answer.header("content-type"), "text/vtt", "{headers:?}");
    }
    for query in [
        "?$format=text/vtt",
        "?$format=TEXT%2Fvtt",
        "?$format=json",
        "?model=A",
    ] {
        let answer = get_with(&app, &(content() + query), &[("accept", UNATTRIBUTED)]).await;
        let expected = if query.contains("format") { STORED } else { TEXT };
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, expected),
            "{query}"
        );
    }
}

#[tokio::test]
async fn text_without_speakers_is_what_an_accept_header_asks_for() {
    let app = TestApp::start().await;
    for accept in [
        UNATTRIBUTED,
        "Application/VND.Microsoft.Graph.Transcript+Text; q=0.5",
        "application/json, application/vnd.microsoft.graph.transcript+text",
    ] {
        let answer = get_with(&app, &content(), &[("accept", accept)]).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, TEXT), "{accept}");
        assert_eq!(answer.header("content-type"), UNATTRIBUTED, "{accept}");
        assert_eq!(answer.header("content-length"), TEXT.len().to_string());
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn forms_that_there_are_not_are_400_and_say_what_there_is() {
    let app = TestApp::start().await;
    let query = format!("{}?$format={}", content(), UNATTRIBUTED.replace('+', "%2B"));
    let cases: [(String, Headers<'_>, &str); 5] = [
        (content(), &[("accept", DOCX)], "text/vtt"),
        (metadata(), &[("accept", DOCX)], "text/vtt"),
        (format!("{}?$format={DOCX}", content()), &[], "text/vtt"),
        (format!("{}?$format=xml", content()), &[], "text/vtt"),
        // This one is for the header alone.
        (query, &[], UNATTRIBUTED),
    ];
    for (path, headers, named) in cases {
        let (status, code, message) = get_with(&app, &path, headers).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{path} {headers:?}");
        assert!(message.contains(named), "{message}");
    }
    let recording = format!("{}/recordings/recording-1/content?$format=text/vtt", my_standup());
    assert_eq!(get_with(&app, &recording, &[]).await.error().0, 400);
}

#[tokio::test]
async fn no_other_option_goes_with_content() {
    let app = TestApp::start().await;
    for name in ["$select=id", "$top=1", "$count=true", "$expand=x", "$unknown=1"] {
        for path in [content(), metadata()] {
            let (status, _, message) = get_with(&app, &format!("{path}?{name}"), &[]).await.error();
            assert_eq!(status, 400, "{name}");
            assert!(message.contains(name.split('=').next().unwrap()), "{message}");
        }
    }
}

#[tokio::test]
async fn metadata_content_is_the_file_that_was_given() {
    let app = TestApp::start().await;
    let own = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{\"spokenText\":\"own\"}\n";
    put_metadata(&app, own).await;
    for headers in [&[][..], &[("accept", UNATTRIBUTED)], &[("accept", "text/vtt")]] {
        let answer = get_with(&app, &metadata(), headers).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, own), "{headers:?}");
        assert_eq!(answer.header("content-type"), "text/vtt");
    }
    assert_eq!(get_with(&app, &content(), &[]).await.text(), STORED);
}

#[tokio::test]
async fn metadata_content_is_made_of_the_transcript_where_none_was_given() {
    let app = TestApp::start().await;
    for path in [
        metadata(),
        metadata() + "/$value",
        metadata() + "?$format=text/vtt",
        metadata().replace("/v1.0/", "/beta/"),
        format!(
            "{}/transcripts('transcript-1')/metadatacontent",
            standup_of(ORGANIZER)
        ),
    ] {
        let answer = get_with(&app, &path, &[]).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, METADATA), "{path}");
        assert_eq!(answer.header("content-type"), "text/vtt");
    }
}

#[tokio::test]
async fn value_is_the_content_itself() {
    let app = TestApp::start().await;
    for (path, headers, body) in streams() {
        let answer = get_with(&app, &(path + "/$value"), headers).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, body));
    }
}

#[tokio::test]
async fn nothing_is_made_of_what_is_not_webvtt() {
    let app = TestApp::start().await;
    put_content(&app, b"Organizer: Good morning.\n").await;
    assert_eq!(
        get_with(&app, &content(), &[]).await.text(),
        "Organizer: Good morning.\n"
    );
    for (path, headers) in [(content(), &[("accept", UNATTRIBUTED)][..]), (metadata(), &[])] {
        let (status, code, message) = get_with(&app, &path, headers).await.error();
        assert_eq!((status, code.as_str()), (404, "NotFound"));
        assert!(message.contains("not WebVTT"), "{message}");
    }
    // Only what was made counts.
    assert_eq!(app.audit_records().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_made_of_what_is_too_large() {
    let app = TestApp::start().await;
    let mut large = STORED.as_bytes().to_vec();
    large.resize(16 * 1024 * 1024 + 1, b'\n');
    put_content(&app, &large).await;
    assert_eq!(get_with(&app, &content(), &[]).await.body.len(), large.len());
    for (path, headers) in [(content(), &[("accept", UNATTRIBUTED)][..]), (metadata(), &[])] {
        let (status, code, message) = get_with(&app, &path, headers).await.error();
        assert_eq!((status, code.as_str()), (404, "NotFound"));
        assert!(message.contains("too large"), "{message}");
    }
}

#[tokio::test]
async fn many_are_made_at_once_and_are_all_the_same() {
    let app = TestApp::start().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let request = app
            .request("GET", &metadata())
            .bearer_auth(TokenOf::user(ORGANIZER).sign());
        asking.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    assert!(asking.join_all().await.iter().all(|text| text == METADATA));
    assert_eq!(app.audit_records().await.len(), 32);
}

#[tokio::test]
async fn whoever_takes_part_may_read_what_was_said() {
    let app = TestApp::start().await;
    let cases = [
        (TokenOf::user(ORGANIZER), ORGANIZER, 200),
        (TokenOf::user(COORGANIZER), ORGANIZER, 200),
        (TokenOf::user(ATTENDEE), ORGANIZER, 200),
        (TokenOf::user(ATTENDEE), ATTENDEE, 200),
        (TokenOf::application(ARCHIVER), ORGANIZER, 200),
        (TokenOf::application(ARCHIVER), ATTENDEE, 200),
        (TokenOf::user(OUTSIDER), ORGANIZER, 403),
        (TokenOf::application(ARCHIVER), OUTSIDER, 403),
        (TokenOf::user(GUEST), ORGANIZER, 403),
    ];
    for (token, user, status) in cases {
        let token = token.sign();
        for stream in ["content", "metadataContent"] {
            let path = format!("{}/transcripts/transcript-1/{stream}", standup_of(user));
            let answer = app.get(&path, &token).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn guests_may_read_it_where_the_tenant_lets_them_in() {
    let app = TestApp::with().seed(&settings("guestAccess: true")).start().await;
    let answer = app.get(&content(), &TokenOf::user(GUEST).sign()).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, STORED));
}

#[tokio::test]
async fn transcripts_that_are_switched_off_have_no_stream_at_all() {
    let app = TestApp::with()
        .seed(&settings("transcriptsEnabled: false"))
        .start()
        .await;
    put_metadata(&app, STORED).await;
    let call = format!("/v1.0/me/adhocCalls/{CALL}/transcripts/call-transcript/content");
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["OnlineMeetingTranscript.Read.All", "CallTranscripts.Read.All"]);
    for (path, headers, _) in streams().into_iter().chain([(call, &[][..], "")]) {
        for method in ["GET", "HEAD"] {
            let mut request = app.request(method, &path).bearer_auth(token.sign());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = app.send(request).await;
            assert_eq!(
                (answer.status, answer.header("etag")),
                (403, ""),
                "{method} {path}"
            );
            if method == "GET" {
                let text = "Graph API access to transcripts is disabled for this tenant.";
                assert_eq!(answer.error(), (403, "Forbidden".to_owned(), text.to_owned()));
                let inner = answer.json()["error"]["innerError"]["code"].clone();
                assert_eq!(inner, "GraphAccessToTranscriptsDisabled");
            }
        }
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn without_attribution_only_the_file_with_the_names_is_refused() {
    let app = TestApp::with()
        .seed(&settings("speakerAttributionEnabled: false"))
        .start()
        .await;
    for (path, headers) in [
        (content(), &[][..]),
        (content(), &[("accept", "text/vtt")]),
        (content() + "?$format=text/vtt", &[("accept", UNATTRIBUTED)]),
        (content() + "/$value", &[]),
    ] {
        let answer = get_with(&app, &path, headers).await;
        let text = "Speaker-attributed transcript content is disabled for this tenant. Retry with Accept \
                    'application/vnd.microsoft.graph.transcript+text'.";
        assert_eq!(
            answer.error(),
            (403, "Forbidden".to_owned(), text.to_owned()),
            "{path}"
        );
        let inner = answer.json()["error"]["innerError"]["code"].clone();
        assert_eq!(inner, "SpeakerAttributionNotAllowed");
        assert_eq!(head_with(&app, &path, headers).await.header("etag"), "", "{path}");
    }
    assert_eq!(
        get_with(&app, &content(), &[("accept", UNATTRIBUTED)])
            .await
            .text(),
        TEXT
    );
    let one = format!("{}/transcripts/transcript-1", my_standup());
    assert_eq!(get_with(&app, &one, &[]).await.status, 200);
    assert_eq!(get_with(&app, &metadata(), &[]).await.status, 200);
    assert_eq!(app.audit_records().await.len(), 2);
}

#[tokio::test]
async fn every_form_has_ranges() {
    let app = TestApp::start().await;
    for (path, headers, body) in streams() {
        let size = body.len();
        let last = size - 1;
        for (range, from, to) in [
            ("bytes=0-6", 0, 6),
            ("bytes=7-", 7, last),
            ("bytes=-5", size - 5, last),
            ("bytes=0-99999", 0, last),
        ] {
            let asked = [headers, &[("range", range)]].concat();
            let answer = get_with(&app, &path, &asked).await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (206, &body[from..=to]),
                "{path} {range}"
            );
            assert_eq!(
                answer.header("content-range"),
                format!("bytes {from}-{to}/{size}")
            );
        }
        let outside = get_with(&app, &path, &[headers, &[("range", "bytes=99999-")]].concat()).await;
        assert_eq!(
            (outside.status, outside.error().1.as_str()),
            (416, "invalidRange")
        );
        assert_eq!(outside.header("content-range"), format!("bytes */{size}"));
        let two = get_with(&app, &path, &[headers, &[("range", "bytes=0-0,2-2")]].concat()).await;
        assert_eq!((two.status, two.text().as_str()), (200, body));
    }
}

#[tokio::test]
async fn every_form_has_a_version_of_its_own() {
    let app = TestApp::start().await;
    let mut tags = Vec::new();
    for (path, headers, body) in streams() {
        let tag = get_with(&app, &path, headers).await.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 2, "{tag}");
        let not_modified = get_with(&app, &path, &[headers, &[("if-none-match", &tag)]].concat()).await;
        assert_eq!((not_modified.status, not_modified.body.len()), (304, 0), "{path}");
        assert_eq!(not_modified.header("etag"), tag);
        let failed = get_with(&app, &path, &[headers, &[("if-match", "\"x\"")]].concat()).await;
        assert_eq!(
            (failed.status, failed.error().1.as_str()),
            (412, "resourceModified")
        );
        let part = [headers, &[("range", "bytes=0-5"), ("if-range", &tag)]].concat();
        assert_eq!(get_with(&app, &path, &part).await.text(), "WEBVTT");
        let whole = [headers, &[("range", "bytes=0-5"), ("if-range", "\"x\"")]].concat();
        assert_eq!(get_with(&app, &path, &whole).await.text(), body);
        tags.push(tag);
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
}

#[tokio::test]
async fn the_version_changes_with_the_file() {
    let app = TestApp::start().await;
    let mut before = Vec::new();
    for (path, headers, _) in streams() {
        before.push(get_with(&app, &path, headers).await.header("etag").to_owned());
    }
    put_content(
        &app,
        b"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Organizer>Good evening.</v>\n",
    )
    .await;
    for ((path, headers, _), tag) in streams().into_iter().zip(before) {
        let answer = get_with(&app, &path, &[headers, &[("if-none-match", &tag)]].concat()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text().contains("Good evening."), "{}", answer.text());
    }
}

#[tokio::test]
async fn the_version_of_what_is_made_of_the_beginning_changes_with_it() {
    let app = TestApp::start().await;
    let before = get_with(&app, &metadata(), &[]).await;
    app.seed(&format!(
        "transcripts: [{{ id: transcript-1, meetingId: \"{STANDUP}\", createdDateTime: \"2026-01-05T10:00:00Z\", \
         contentFile: one.vtt }}]"
    ))
    .await;
    let tag = before.header("etag");
    let after = get_with(&app, &metadata(), &[("if-none-match", tag)]).await;
    assert_eq!(after.status, 200);
    assert!(
        after.text().contains("2026-01-05T10:00:00.0000000+00:00"),
        "{}",
        after.text()
    );
}

#[tokio::test]
async fn head_tells_of_every_form_what_get_does() {
    let app = TestApp::start().await;
    for (path, headers, body) in streams() {
        let get = get_with(&app, &path, headers).await;
        let head = head_with(&app, &path, headers).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), body.len().to_string());
        for name in [
            "content-type",
            "etag",
            "content-disposition",
            "accept-ranges",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        let ranged = head_with(&app, &path, &[headers, &[("range", "bytes=0-0")]].concat()).await;
        assert_eq!((ranged.status, ranged.header("content-range")), (200, ""));
    }
}

#[tokio::test]
async fn the_name_of_the_file_says_what_it_is() {
    let app = TestApp::start().await;
    for (path, headers, _) in streams() {
        let answer = get_with(&app, &path, headers).await;
        let name = answer.header("content-disposition").to_owned();
        let expected = "attachment; filename=\"Stand-up 2026-01-05 090001.vtt\"";
        assert!(name.starts_with(expected), "{name}");
    }
    let call = format!("/v1.0/me/adhocCalls/{CALL}/transcripts/call-transcript/content");
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["CallTranscripts.Read.All"])
        .sign();
    let name = app
        .get(&call, &token)
        .await
        .header("content-disposition")
        .to_owned();
    assert!(
        name.starts_with("attachment; filename=\"Transcript 2026-01-06 150000.vtt\""),
        "{name}"
    );
}

#[tokio::test]
async fn each_answer_with_bytes_of_a_transcript_leaves_one_record() {
    let app = TestApp::start().await;
    let mut answers = Vec::new();
    for (path, headers, body) in streams() {
        answers.push((get_with(&app, &path, headers).await, 0, body.len() - 1));
        let part = [headers, &[("range", "bytes=2-5")]].concat();
        answers.push((get_with(&app, &path, &part).await, 2, 5));
    }
    let mut records = app.audit_records().await;
    records.reverse();
    assert_eq!(records.len(), answers.len());
    for (record, (answer, first, last)) in records.iter().zip(&answers) {
        assert_eq!(record.request_id, answer.header("request-id"));
        assert_eq!(
            (
                record.kind,
                record.operation.as_str(),
                record.artifact_id.as_str()
            ),
            (ArtifactKind::Transcript, "content.read", "transcript-1")
        );
        assert_eq!(record.meeting_id.as_deref(), Some(STANDUP));
        assert_eq!(record.user_id.as_deref(), Some(ORGANIZER));
        assert_eq!(
            (record.first_byte, record.last_byte),
            (*first, i64::try_from(*last).unwrap())
        );
    }
}

#[tokio::test]
async fn answers_without_bytes_of_a_transcript_leave_no_record() {
    let app = TestApp::start().await;
    for (path, headers, _) in streams() {
        let tag = head_with(&app, &path, headers).await.header("etag").to_owned();
        for (name, value, status) in [
            ("if-none-match", tag.as_str(), 304),
            ("if-match", "\"x\"", 412),
            ("range", "bytes=99999-", 416),
            ("accept", DOCX, 400),
        ] {
            let headers: Vec<_> = headers.iter().filter(|_| name != "accept").copied().collect();
            let answer = get_with(&app, &path, &[headers.as_slice(), &[(name, value)]].concat()).await;
            assert_eq!(answer.status, status, "{path} {name}");
        }
    }
    assert_eq!(app.audit_records().await, []);
}

#[tokio::test]
async fn a_call_has_the_same_forms() {
    let app = TestApp::start().await;
    let base = format!("/v1.0/me/adhocCalls/{CALL}/transcripts/call-transcript");
    let token = TokenOf::user(ORGANIZER)
        .permissions(&["CallTranscripts.Read.All"])
        .sign();
    assert_eq!(app.get(&format!("{base}/content"), &token).await.text(), STORED);
    let text = app
        .get_with(&format!("{base}/content"), &token, &[("accept", UNATTRIBUTED)])
        .await;
    assert_eq!(text.text(), TEXT);
    let metadata = app.get(&format!("{base}/metadataContent"), &token).await;
    assert!(
        metadata.text().contains("2026-01-06T15:00:00.0000000+00:00"),
        "{}",
        metadata.text()
    );
    assert_eq!(app.audit_records().await.len(), 3);
    assert!(
        app.audit_records()
            .await
            .iter()
            .all(|record| record.meeting_id.is_none())
    );
}
