//! What the profile `archive` offers of lists beyond the reference, and how much of it at once.

use serde_json::Value;

use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, STANDUP, my_standup};
use crate::support::{TestApp, TokenOf, ids_of};

/// Ticks of 2026-01-20T00:00:00Z since 1970.
const DAY: i64 = 17_688_672_000_000_000;

async fn archive() -> TestApp {
    TestApp::with().config("profile = \"archive\"").start().await
}

fn token() -> String {
    TokenOf::user(ORGANIZER).sign()
}

fn list(query: &str) -> String {
    format!("{}/recordings?{query}", my_standup())
}

async fn ids(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.get(&list(query), &token()).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.ids()
}

/// So many recordings behind those of the stand-up, a second apart, past all rules.
fn fill(app: &TestApp, meeting: &str, count: i64) {
    app.stores.change(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO artifacts (kind, id, tenant_id, meeting_id, call_id, content_correlation_id, created_ticks, upload_state,
                                legal_hold, quarantined, ready, owner_id)
         SELECT 'recording', '{}' || i, '{CONTOSO}', '{meeting}', 'c', 'k', {DAY} + CAST(i AS BIGINT) * 10000000, 'complete', FALSE, FALSE,
                TRUE, '{ORGANIZER}'
         FROM n",
        if meeting == STANDUP { "n-" } else { "hidden-" }
    ));
}

#[tokio::test]
async fn recordings_are_filtered_by_all_that_is_stored() {
    let app = archive().await;
    for (filter, expected) in [
        ("id eq 'recording-1'", &["recording-1"][..]),
        ("id ne 'recording-1'", &["recording-2"]),
        ("startswith(id,'recording')", &["recording-1", "recording-2"]),
        (
            "endswith(id,'-2') or contains(id,'1')",
            &["recording-1", "recording-2"],
        ),
        ("createdDateTime ge 2026-01-12T09:00:00Z", &["recording-2"]),
        ("createdDateTime gt 2026-01-12T09:00:00Z", &[]),
        (
            "createdDateTime lt 2026-01-12 and endDateTime ne null",
            &["recording-1"],
        ),
        ("endDateTime eq null", &["recording-2"]),
        (
            "year(createdDateTime) eq 2026 and day(createdDateTime) eq 5",
            &["recording-1"],
        ),
        (
            "callId in ('cccccccc-0000-4000-8000-000000000002','x')",
            &["recording-2"],
        ),
        (
            "contentCorrelationId eq 'dddddddd-0000-4000-8000-000000000001-0'",
            &["recording-1"],
        ),
        (
            "CONTENTCORRELATIONID ne 'dddddddd-0000-4000-8000-000000000001-0'",
            &["recording-2"],
        ),
        ("createdDateTime lt now()", &["recording-1", "recording-2"]),
        ("not (id eq 'recording-1')", &["recording-2"]),
        ("tolower(id) eq 'recording-1'", &["recording-1"]),
        ("id eq 'x'' or 1 eq 1'", &[]),
    ] {
        assert_eq!(
            ids(&app, &format!("$filter={filter}")).await,
            expected,
            "{filter}"
        );
        let count = format!("{}/recordings/$count?$filter={filter}", my_standup());
        assert_eq!(
            app.get(&count, &token()).await.text(),
            expected.len().to_string(),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn recordings_are_ordered_skipped_and_counted() {
    let app = archive().await;
    for (query, expected) in [
        (
            "$orderby=createdDateTime desc",
            &["recording-2", "recording-1"][..],
        ),
        ("$orderby=id desc", &["recording-2", "recording-1"]),
        // What is null comes first.
        ("$orderby=endDateTime", &["recording-2", "recording-1"]),
        ("$orderby=endDateTime desc,id", &["recording-1", "recording-2"]),
        ("$skip=1", &["recording-2"]),
        ("$skip=2", &[]),
        ("$skip=1&$orderby=createdDateTime desc", &["recording-1"]),
    ] {
        assert_eq!(ids(&app, query).await, expected, "{query}");
    }
    let body = app.get(&list("$count=true&$skip=1"), &token()).await.json();
    assert_eq!(body["@odata.count"], 2);
    for query in [
        "$skip=10001",
        "$skip=-1",
        "$orderby=colour",
        "$orderby=content",
        "$filter=content eq null",
        "$expand=x",
        "$apply=x",
    ] {
        assert_eq!(app.get(&list(query), &token()).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn every_order_is_paged_without_loss() {
    let app = archive().await;
    fill(&app, STANDUP, 95);
    for query in [
        "$orderby=createdDateTime desc",
        "$orderby=id",
        "$orderby=endDateTime desc",
        "$orderby=callId desc,id",
        "$skip=7",
    ] {
        let whole = ids(&app, &format!("{query}&$top=100")).await;
        let pages = app.pages(&list(&format!("{query}&$top=10")), &token()).await;
        let paged: Vec<String> = ids_of(&pages);
        assert_eq!(paged, whole, "{query}");
        assert_eq!(paged.len(), if query.contains("skip") { 90 } else { 97 });
    }
}

/// Every page: how many items, and whether more follow.
async fn walk(app: &TestApp, path: &str, token: &str) -> (Vec<usize>, Vec<String>) {
    let pages = app.pages(path, token).await;
    for page in &pages {
        assert_eq!(page.json()["@odata.count"], page.ids().len());
    }
    let sizes = pages.iter().map(|page| page.ids().len()).collect();
    (sizes, ids_of(&pages))
}

#[tokio::test]
async fn a_page_that_has_looked_at_enough_ends_early_and_nothing_is_lost() {
    let app = archive().await;
    fill(&app, STANDUP, 25_000);
    let wanted = [
        "n-3", "n-9997", "n-9998", "n-9999", "n-10000", "n-19998", "n-25000",
    ];
    let tests: Vec<String> = wanted.iter().map(|id| format!("endswith(id,'{id}')")).collect();
    let filter = tests.join(" or ").replace("endswith(id,'n-3')", "id eq 'n-3'");
    let (sizes, found) = walk(&app, &list(&format!("$filter={filter}")), &token()).await;
    // The first two rows are those of the stand-up: 10,000 are n-1 to n-9998.
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(found, wanted);
    let (sizes, found) = walk(&app, &list(&format!("$filter={filter}&$top=2")), &token()).await;
    assert_eq!(found, wanted);
    assert!(sizes.len() <= 6, "{sizes:?}");
    let (_, found) = walk(
        &app,
        &list(&format!("$filter={filter}&$orderby=createdDateTime desc")),
        &token(),
    )
    .await;
    assert!(found.iter().eq(wanted.iter().rev()), "{found:?}");
    // A page may be empty and yet not the last.
    let (sizes, found) = walk(
        &app,
        &list("$filter=id eq 'n-25000' or endswith(id,'x')"),
        &token(),
    )
    .await;
    assert_eq!((sizes, found), (vec![0, 0, 1], vec!["n-25000".to_owned()]));
}

#[tokio::test]
async fn what_an_index_answers_is_found_at_once_however_much_there_is() {
    let app = archive().await;
    fill(&app, STANDUP, 25_000);
    let (sizes, _) = walk(
        &app,
        &list("$filter=createdDateTime ge 2026-01-20T06:56:39Z and createdDateTime lt 2026-01-20T06:56:41Z"),
        &token(),
    )
    .await;
    assert_eq!(sizes, [2]);
    let body = app.get(&list("$count=true&$top=1"), &token()).await.json();
    assert_eq!(body["@odata.count"], 25_002);
    let count = app
        .get(
            &format!("{}/recordings/$count?$filter=contains(id,'n-24')", my_standup()),
            &token(),
        )
        .await;
    assert_eq!(count.text(), "1111");
}

#[tokio::test]
async fn what_would_take_too_long_is_400_and_says_what_helps() {
    let app = archive().await;
    fill(&app, STANDUP, 10_500);
    let (status, _, message) = app.get(&list("$orderby=id"), &token()).await.error();
    assert!(status == 400 && message.contains("$filter"), "{message}");
    // Fewer of them can be sorted.
    let narrowed = "$orderby=id desc&$filter=createdDateTime lt 2026-01-20T00:01:00Z&$top=1";
    assert_eq!(ids(&app, narrowed).await, ["recording-2"]);
}

#[tokio::test]
async fn what_cannot_be_skipped_exactly_is_400() {
    let app = archive().await;
    fill(&app, STANDUP, 10_500);
    // Three of them, of which one lies beyond what a page looks at.
    let filter = "$filter=endswith(id,'n-5') or endswith(id,'n-50') or endswith(id,'n-10400')";
    let (_, found) = walk(&app, &list(filter), &token()).await;
    assert_eq!(found, ["n-5", "n-50", "n-10400"]);
    // Where all is looked at on one page, skipping is exact; where not, it is refused before it is wrong.
    let narrowed = format!("{filter}&$skip=1").replace(
        "$filter=",
        "$filter=createdDateTime lt 2026-01-20T01:00:00Z and (",
    );
    let narrowed = narrowed.replace("&$skip", ")&$skip");
    assert_eq!(ids(&app, &narrowed).await, ["n-50"]);
    for skip in 1..4 {
        let (status, _, message) = app
            .get(&list(&format!("{filter}&$skip={skip}")), &token())
            .await
            .error();
        assert!(status == 400 && message.contains("$skip"), "{message}");
    }
}

#[tokio::test]
async fn an_export_that_hides_much_ends_early_and_loses_nothing() {
    let expired = crate::auth::asking::Meeting::new("expired", "expiryDateTime: '2026-01-31T00:00:00Z'");
    let app = TestApp::with().seed(&expired.yaml).start().await;
    fill(&app, &expired.id, 12_000);
    app.seed(&format!(
        "recordings: [{{ id: last, meetingId: '{STANDUP}', createdDateTime: '2026-01-30T09:00:00Z', contentFile: one.mp4 }}]"
    ))
    .await;
    let path = format!(
        "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')"
    );
    let (sizes, found) = walk(&app, &path, &TokenOf::application(ARCHIVER).sign()).await;
    assert_eq!(sizes, [2, 1]);
    assert_eq!(found, ["recording-1", "recording-2", "last"]);
    let last = app
        .get(&path, &TokenOf::application(ARCHIVER).sign())
        .await
        .json();
    assert_ne!(last["@odata.nextLink"], Value::Null);
}
