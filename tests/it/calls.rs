//! `adhocCalls` of a user: list, count, get (contract section 1.1).

use serde_json::json;

use crate::auth::asking::{NO_RELATION, expect_refusal, expect_status, forbidden, refusal};
use crate::support::names::{
    ARCHIVER, ATTENDEE, CALL, CONTOSO, FABRIKAM_ORGANIZER, ORGANIZER, READ, WITHOUT_POLICY,
};
use crate::support::{TestApp, TokenOf, ids_of};

const MINE: &str = "/v1.0/me/adhocCalls";

fn reader(user: &str) -> String {
    TokenOf::user(user)
        .permissions(&["CallRecordings.Read.All"])
        .sign()
}

fn of_organizer() -> String {
    format!("/v1.0/users/{ORGANIZER}/adhocCalls")
}

fn application() -> String {
    TokenOf::application(ARCHIVER)
        .permissions(&["CallRecordings.Read.All"])
        .sign()
}

/// So many further calls of the organizer.
fn many(count: usize) -> String {
    let calls: Vec<_> = (0..count)
        .map(|number| json!({ "id": format!("call-{number:02}"), "userId": ORGANIZER }))
        .collect();
    json!({ "adhocCalls": calls }).to_string()
}

#[tokio::test]
async fn a_user_has_the_calls_that_the_user_has_made() {
    let app = TestApp::start().await;
    let expected = json!({
        "@odata.context": format!("{}/v1.0/$metadata#users('{ORGANIZER}')/adhocCalls", app.base()),
        "@odata.count": 1,
        "value": [{ "id": CALL }],
    });
    for (path, token) in [
        (MINE.to_owned(), reader(ORGANIZER)),
        (of_organizer(), reader(ORGANIZER)),
        (of_organizer(), application()),
        (
            "/v1.0/users('organizer@contoso.example')/adhocCalls".to_owned(),
            application(),
        ),
    ] {
        let answer = app.get(&path, &token).await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{path}");
    }
    assert_eq!(app.get(MINE, &reader(ATTENDEE)).await.ids(), [""; 0]);
}

#[tokio::test]
async fn one_call_is_answered_with_its_context() {
    let app = TestApp::start().await;
    for path in [
        format!("{MINE}/{CALL}"),
        format!("{MINE}('{CALL}')"),
        format!("{}/{CALL}", of_organizer()),
    ] {
        let answer = app.get(&path, &reader(ORGANIZER)).await;
        assert_eq!(
            answer.json(),
            json!({
                "@odata.context": format!("{}/v1.0/$metadata#users('{ORGANIZER}')/adhocCalls/$entity", app.base()),
                "id": CALL,
            }),
            "{path}"
        );
    }
}

#[tokio::test]
async fn calls_are_counted_paged_and_selected() {
    let app = TestApp::with().seed(&many(44)).start().await;
    let token = reader(ORGANIZER);
    assert_eq!(app.get(&format!("{MINE}/$count"), &token).await.text(), "45");
    for (query, sizes) in [("", &[20, 20, 5][..]), ("?$top=40&$select=id", &[40, 5])] {
        let pages = app.pages(&format!("{MINE}{query}"), &token).await;
        let found: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
        assert_eq!(found, sizes, "{query}");
        let mut all: Vec<String> = ids_of(&pages);
        assert!(all.is_sorted());
        all.dedup();
        assert_eq!(all.len(), 45);
    }
    let counted = app
        .get(&format!("{MINE}?$count=true&$top=1"), &token)
        .await
        .json();
    assert_eq!(counted["@odata.count"], 45);
    for option in [
        "$filter=id eq 'x'",
        "$orderby=id",
        "$skip=1",
        "$expand=recordings",
    ] {
        expect_status(&app, &format!("{MINE}?{option}"), &token, 400).await;
    }
}

#[tokio::test]
async fn the_archive_filters_and_orders_them() {
    let app = TestApp::with()
        .config("profile = \"archive\"")
        .seed(&many(3))
        .start()
        .await;
    let list = async |query: &str| {
        app.get(&format!("{MINE}?{query}"), &reader(ORGANIZER))
            .await
            .ids()
    };
    assert_eq!(
        list("$filter=startswith(id,'call-')").await,
        ["call-00", "call-01", "call-02"]
    );
    assert_eq!(list("$orderby=id desc&$top=2").await, [CALL, "call-02"]);
    assert_eq!(list("$skip=3").await, [CALL]);
    assert_eq!(list("$filter=id eq 'call-01'").await, ["call-01"]);
}

#[tokio::test]
async fn who_may_read_something_of_a_call_may_know_that_it_is_there() {
    let app = TestApp::start().await;
    for (permission, delegated, alone) in [
        ("CallRecording.Read.All", 200, 403),
        ("CallRecordings.Read.All", 200, 200),
        ("CallTranscripts.Read.All", 200, 200),
        (READ, 403, 403),
        ("OnlineMeetings.Read.All", 403, 403),
    ] {
        for tail in [String::new(), "/$count".to_owned(), format!("/{CALL}")] {
            let user = TokenOf::user(ORGANIZER).permissions(&[permission]).sign();
            expect_status(&app, &format!("{MINE}{tail}"), &user, delegated).await;
            let application = TokenOf::application(ARCHIVER).permissions(&[permission]).sign();
            expect_status(&app, &(of_organizer() + &tail), &application, alone).await;
        }
    }
}

#[tokio::test]
async fn calls_are_for_who_made_them_and_for_applications() {
    let app = TestApp::with()
        .seed(&format!(
            "applications: [{{ appId: '{WITHOUT_POLICY}', tenantId: '{CONTOSO}', appRoles: ['CallRecordings.Read.All'] }}]"
        ))
        .start()
        .await;
    for tail in [
        String::new(),
        format!("/{CALL}"),
        format!("/{CALL}/recordings"),
        format!("/{CALL}/recordings/call-recording"),
        format!("/{CALL}/recordings/call-recording/content"),
    ] {
        expect_refusal(
            &app,
            &(of_organizer() + &tail),
            &reader(ATTENDEE),
            &forbidden(NO_RELATION),
        )
        .await;
        let without = TokenOf::application(WITHOUT_POLICY)
            .permissions(&["CallRecordings.Read.All"])
            .sign();
        expect_status(&app, &(of_organizer() + &tail), &without, 200).await;
        let me = "/me request is only valid with delegated authentication flow.";
        expect_refusal(
            &app,
            &format!("{MINE}{tail}"),
            &without,
            &refusal(400, "BadRequest", me),
        )
        .await;
        for nobody in [FABRIKAM_ORGANIZER, "nobody"] {
            let path = format!("/v1.0/users/{nobody}/adhocCalls{tail}");
            expect_refusal(&app, &path, &without, &forbidden(NO_RELATION)).await;
        }
    }
}

#[tokio::test]
async fn a_call_of_others_and_one_that_is_not_there_are_one() {
    let app = TestApp::with()
        .seed(&format!(
            "adhocCalls:
  - {{ id: of-attendee, userId: '{ATTENDEE}' }}
  - {{ id: of-fabrikam, userId: '{FABRIKAM_ORGANIZER}' }}"
        ))
        .start()
        .await;
    let expected = refusal(404, "NotFound", "The call was not found.");
    for call in ["none", "of-attendee", "of-fabrikam", &CALL.to_uppercase()] {
        for tail in [
            "",
            "/recordings",
            "/recordings/call-recording",
            "/recordings/delta",
            "/recordings/$count",
        ] {
            expect_refusal(
                &app,
                &format!("{MINE}/{call}{tail}"),
                &reader(ORGANIZER),
                &expected,
            )
            .await;
            expect_refusal(
                &app,
                &format!("{}/{call}{tail}", of_organizer()),
                &application(),
                &expected,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn nothing_is_written_there() {
    let app = TestApp::start().await;
    for (method, path) in [
        ("POST", MINE.to_owned()),
        ("PATCH", format!("{MINE}/{CALL}")),
        ("DELETE", format!("{MINE}/{CALL}")),
    ] {
        let answer = app.send_json(method, &path, &reader(ORGANIZER), &json!({})).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, OPTIONS"),
            "{method}"
        );
    }
}
