//! Every function and comparison of `$filter` on every kind of value: answered or refused, and never a fault of the server,
//! whatever database there is.

use crate::support::names::{ORGANIZER, my_standup};
use crate::support::{TestApp, TokenOf};

/// Texts, as they stand in a filter.
const TEXTS: [&str; 13] = [
    "id",
    "callId",
    "contentCorrelationId",
    "meetingOrganizer/user/id",
    "meetingId",
    "'recording-1'",
    "''",
    "'%25_\\'",
    "'it''s'",
    "'\u{10FFFF}\u{1F3A5}é'",
    "tolower(id)",
    "concat(id,callId)",
    "trim(toupper(id))",
];
const INSTANTS: [&str; 8] = [
    "createdDateTime",
    "endDateTime",
    "now()",
    "2026-01-05T09:00:01.1234567Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "2026-01-05T23:59:59-14:00",
    "1600-02-29T00:00:00%2B14:00",
];
const NUMBERS: [&str; 12] = [
    "length(id)",
    "indexof(id,'-')",
    "indexof(id,'')",
    "year(createdDateTime)",
    "month(endDateTime)",
    "day(createdDateTime)",
    "hour(createdDateTime)",
    "minute(endDateTime)",
    "second(createdDateTime)",
    "0",
    "-9223372036854775808",
    "9223372036854775807",
];
const DATES: [&str; 5] = [
    "date(createdDateTime)",
    "date(endDateTime)",
    "2026-01-05",
    "0001-01-01",
    "9999-12-31",
];
const COMPARISONS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];

async fn archive() -> TestApp {
    TestApp::with().config("profile = \"archive\"").start().await
}

/// The statuses that a filter has as a list and as a count, which are the same.
async fn status(app: &TestApp, token: &str, filter: &str) -> u16 {
    let filter = filter.replace(' ', "%20").replace('\\', "%5C");
    let list = app
        .get(&format!("{}/recordings?$filter={filter}", my_standup()), token)
        .await;
    let count = app
        .get(
            &format!("{}/recordings/$count?$filter={filter}", my_standup()),
            token,
        )
        .await;
    assert_eq!(list.status, count.status, "{filter}");
    match list.status {
        200 => assert_eq!(list.ids().len().to_string(), count.text(), "{filter}"),
        status => assert_eq!(status, 400, "{filter}: {}", list.text()),
    }
    list.status
}

#[tokio::test]
async fn values_of_one_type_are_compared() {
    let app = archive().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for values in [&TEXTS[..], &INSTANTS, &NUMBERS, &DATES] {
        for (index, left) in values.iter().enumerate() {
            for (other, right) in values.iter().enumerate() {
                let comparison = COMPARISONS[(index + other) % COMPARISONS.len()];
                let filter = format!("{left} {comparison} {right}");
                assert_eq!(status(&app, &token, &filter).await, 200, "{filter}");
            }
            for filter in [
                format!("{left} eq null"),
                format!("not ({left} ne null)"),
                format!("{left} in ({left},null)"),
            ] {
                let found = status(&app, &token, &filter).await;
                assert!(found == 200 || filter.contains("in ("), "{filter}: {found}");
            }
        }
    }
}

#[tokio::test]
async fn texts_are_looked_into() {
    let app = archive().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for left in TEXTS {
        for right in TEXTS {
            for test in ["contains", "startswith", "endswith"] {
                let filter = format!("{test}({left},{right})");
                assert_eq!(status(&app, &token, &filter).await, 200, "{filter}");
            }
        }
        for filter in [
            format!("substring({left},1) eq 'x'"),
            format!("substring({left},1000000,1000000) eq ''"),
            format!("indexof({left},'') eq 0"),
            format!("length(concat({left},{left})) gt 5"),
        ] {
            assert_eq!(status(&app, &token, &filter).await, 200, "{filter}");
        }
    }
}

#[tokio::test]
async fn what_is_of_two_types_is_refused() {
    let app = archive().await;
    let token = TokenOf::user(ORGANIZER).sign();
    for (left, right) in [
        ("id", "1"),
        ("createdDateTime", "'2026-01-05'"),
        ("year(createdDateTime)", "'2026'"),
        ("length(id)", "id"),
        ("date(createdDateTime)", "'x'"),
        ("1", "'1'"),
    ] {
        for comparison in COMPARISONS {
            for filter in [
                format!("{left} {comparison} {right}"),
                format!("{right} {comparison} {left}"),
            ] {
                assert_eq!(status(&app, &token, &filter).await, 400, "{filter}");
            }
        }
    }
    for filter in [
        "substring(id,-1) eq ''",
        "substring(id,1000001) eq ''",
        "year(id) eq 1",
        "length(1) eq 1",
        "contains(id,1)",
        "createdDateTime eq 2026-02-30T00:00:00Z",
        "createdDateTime gt true",
        "id eq 99999999999999999999999",
        "id has 'x'",
        "id add 'x' eq 'y'",
        "recordings/any(r:r/id eq 'x')",
        "now(1) eq createdDateTime",
        "matchesPattern(id,'(a+)+$')",
        "geo.distance(id,id) lt 1",
        "id",
        "content eq null",
        "id eq",
        "eq",
        "'",
        "(",
        "id in 'x'",
        "id eq '%00'",
        "id in ()",
    ] {
        assert_eq!(status(&app, &token, filter).await, 400, "{filter}");
    }
}

#[tokio::test]
async fn long_and_deep_filters_are_bounded() {
    let app = archive().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let long = |length: usize| format!("id eq '{}'", "x".repeat(length - 8));
    assert_eq!(status(&app, &token, &long(4096)).await, 200);
    assert_eq!(status(&app, &token, &long(4097)).await, 400);
    let deep = |depth: usize| format!("{}id eq 'x'{}", "not (".repeat(depth), ")".repeat(depth));
    assert_eq!(status(&app, &token, &deep(5)).await, 200);
    assert_eq!(status(&app, &token, &deep(300)).await, 400);
    let wide = vec!["id eq 'x'"; 250].join(" or ");
    assert_eq!(status(&app, &token, &wide).await, 200);
    let list = vec!["'x'"; 900].join(",");
    assert_eq!(status(&app, &token, &format!("id in ({list})")).await, 200);
    let nested = |depth: usize| format!("{}id{} eq 'x'", "tolower(".repeat(depth), ")".repeat(depth));
    assert_eq!(status(&app, &token, &nested(10)).await, 200);
    assert_eq!(status(&app, &token, &nested(300)).await, 400);
}
