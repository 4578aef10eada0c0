//! `delta` of recordings and transcripts of a meeting, of a call, and of exports (contract sections 3.3 and 11a).

use serde_json::{Value, json};

use crate::support::names::{
    ARCHIVER, ATTENDEE, BY_CONSENT, CALL, CONTOSO, COORGANIZER, FABRIKAM, FABRIKAM_ARCHIVER,
    FABRIKAM_MEETING, FABRIKAM_ORGANIZER, ORGANIZER, OUTSIDER, READ, STANDUP, WITHOUT_POLICY, my_standup,
    standup_of,
};
use crate::support::{Answer, NOW, TestApp, TokenOf};

const LINK: &str = "@odata.deltaLink";

fn feed() -> String {
    format!("{}/recordings/delta", standup_of(ORGANIZER))
}

fn export() -> String {
    format!(
        "/v1.0/users/{ORGANIZER}/onlineMeetings/getAllRecordings(meetingOrganizerUserId='{ORGANIZER}')/delta"
    )
}

/// A feed that is read in rounds.
struct Follower<'a> {
    app: &'a TestApp,
    token: String,
    /// Where the next round begins.
    path: String,
}

impl<'a> Follower<'a> {
    fn new(app: &'a TestApp, path: &str) -> Self {
        Self {
            app,
            token: TokenOf::application(ARCHIVER).sign(),
            path: path.to_owned(),
        }
    }

    /// Reads until there is nothing more; what each item tells, removals with a minus.
    async fn round(&mut self) -> Vec<String> {
        let pages = self.app.pages(&self.path, &self.token).await;
        let (last, others) = pages.split_last().unwrap();
        for page in others {
            assert_eq!(page.json()[LINK], Value::Null, "one link or the other");
        }
        self.path = delta_path(self.app, last);
        pages.iter().flat_map(told).collect()
    }
}

fn told(page: &Answer) -> Vec<String> {
    let body = page.json();
    let items = body["value"].as_array().unwrap().iter();
    let one = |item: &Value| {
        let id = item["id"].as_str().unwrap();
        match item.get("@removed") {
            None => id.to_owned(),
            Some(removed) => {
                assert_eq!(removed, &json!({ "reason": "deleted" }));
                assert_eq!(item.as_object().unwrap().len(), 2, "{item}");
                format!("-{id}")
            }
        }
    };
    items.map(one).collect()
}

/// The path of `@odata.deltaLink`.
fn delta_path(app: &TestApp, answer: &Answer) -> String {
    let body = answer.json();
    let link = body[LINK].as_str().unwrap_or_else(|| panic!("{body}"));
    link.strip_prefix(app.base()).unwrap().to_owned()
}

/// A deltaLink of a feed, and the token in it.
async fn link_of(app: &TestApp, path: &str, token: &str) -> (String, String) {
    let answer = app.get(path, token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let link = delta_path(app, &answer);
    let (path, delta_token) = link.split_once("?$deltatoken=").expect("a delta token");
    (path.to_owned(), delta_token.to_owned())
}

async fn put(app: &TestApp, id: &str) {
    app.seed(&format!(
        "recordings: [{{ id: '{id}', meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4 }}]"
    ))
    .await;
}

async fn remove(app: &TestApp, id: &str) {
    app.seed(&format!(
        "recordings: [{{ id: '{id}', \"@removed\": {{ reason: deleted }} }}]"
    ))
    .await;
}

async fn archive() -> TestApp {
    TestApp::with().config("profile = \"archive\"").start().await
}

#[tokio::test]
async fn the_first_round_has_everything_and_a_delta_link() {
    let app = TestApp::start().await;
    let token = TokenOf::user(ORGANIZER).sign();
    let answer = app
        .get(&format!("{}/recordings/delta", my_standup()), &token)
        .await;
    let link = answer.json()[LINK].as_str().unwrap().to_owned();
    assert!(
        link.starts_with(&format!("{}{}?$deltatoken=", app.base(), feed())),
        "{link}"
    );
    let (_, delta) = link.split_once("$deltatoken=").unwrap();
    insta::assert_snapshot!(app.shown(&answer).replace(delta, "[token]"));
}

#[tokio::test]
async fn every_feed_is_followed_the_same_way() {
    let app = TestApp::start().await;
    let calls = "CallRecordings.Read.All";
    let call = format!("/v1.0/users/{ORGANIZER}/adhocCalls");
    for (path, permission, expected) in [
        (feed(), READ, &["recording-1", "recording-2"][..]),
        (feed() + "()", READ, &["recording-1", "recording-2"]),
        (
            feed().replace("delta", "microsoft.graph.delta()"),
            READ,
            &["recording-1", "recording-2"],
        ),
        (
            feed().replace("v1.0", "beta"),
            READ,
            &["recording-1", "recording-2"],
        ),
        (
            feed().replace("recordings", "transcripts"),
            "OnlineMeetingTranscript.Read.All",
            &["transcript-1"],
        ),
        (
            format!("{call}/{CALL}/recordings/delta"),
            calls,
            &["call-recording"],
        ),
        (
            format!("{call}/{CALL}/transcripts/delta"),
            "CallTranscripts.Read.All",
            &["call-transcript"],
        ),
        (export(), READ, &["recording-1", "recording-2"]),
        (
            export().replace("Recordings", "Transcripts"),
            "OnlineMeetingTranscript.Read.All",
            &["transcript-1"],
        ),
        (
            format!("{call}/getAllRecordings/delta"),
            calls,
            &["call-recording"],
        ),
        (
            format!("{call}/getAllRecordings(userId='{ORGANIZER}')/delta()"),
            calls,
            &["call-recording"],
        ),
        (
            format!("{call}/getAllTranscripts/delta"),
            "CallTranscripts.Read.All",
            &["call-transcript"],
        ),
    ] {
        let mut follower = Follower {
            token: TokenOf::application(ARCHIVER).permissions(&[permission]).sign(),
            ..Follower::new(&app, &path)
        };
        assert_eq!(follower.round().await, expected, "{path}");
        for _ in 0..2 {
            assert_eq!(follower.round().await, [""; 0], "{path}");
        }
    }
}

#[tokio::test]
async fn whoever_may_list_may_follow() {
    let app = TestApp::start().await;
    for (token, status) in [
        (TokenOf::user(ORGANIZER), 200),
        (TokenOf::user(ATTENDEE), 200),
        (TokenOf::user(ATTENDEE).permissions(&["User.Read"]), 403),
        (TokenOf::user("aaaaaaaa-0000-4000-8000-00000000000e"), 403),
        (TokenOf::application(BY_CONSENT).permissions(&[]), 200),
        (TokenOf::application(WITHOUT_POLICY), 403),
    ] {
        assert_eq!(app.get(&feed(), &token.sign()).await.status, status);
    }
}

#[tokio::test]
async fn a_page_has_a_next_link_until_the_last_has_the_delta_link() {
    let app = TestApp::start().await;
    for number in 0..5 {
        put(&app, &format!("more-{number}")).await;
    }
    let token = TokenOf::application(ARCHIVER).sign();
    for path in [feed(), export()] {
        for (query, sizes) in [
            ("?$top=3", &[3, 3, 1][..]),
            ("?$top=1", &[1; 7]),
            ("?$top=7", &[7]),
            ("", &[7]),
        ] {
            let pages = app.pages(&format!("{path}{query}"), &token).await;
            let found: Vec<usize> = pages.iter().map(|page| told(page).len()).collect();
            assert_eq!(found, sizes, "{path}{query}");
            for page in &pages {
                let body = page.json();
                assert_eq!(body["@odata.count"], told(page).len());
                assert_ne!(body["@odata.nextLink"].is_null(), body[LINK].is_null());
                if let Some(link) = body["@odata.nextLink"].as_str() {
                    // The size of pages is in the token.
                    assert!(
                        link.contains("/delta?$skiptoken=")
                            && !link.contains("$top")
                            && !link.contains("%24top"),
                        "{link}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn what_appears_is_told_once() {
    let app = TestApp::start().await;
    let mut feeds = [Follower::new(&app, &feed()), Follower::new(&app, &export())];
    for follower in &mut feeds {
        follower.round().await;
    }
    put(&app, "new").await;
    for follower in &mut feeds {
        assert_eq!(follower.round().await, ["new"]);
        assert_eq!(follower.round().await, [""; 0]);
    }
    // What is as it was is nothing new, and what is of others is none of it.
    put(&app, "new").await;
    app.seed(&format!(
        "recordings:
  - {{ id: foreign, meetingId: '{FABRIKAM_MEETING}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4 }}
  - {{ id: of-call, adhocCallId: '{CALL}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.mp4 }}
transcripts:
  - {{ id: new, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', contentFile: one.vtt }}"
    ))
    .await;
    for follower in &mut feeds {
        assert_eq!(follower.round().await, [""; 0]);
    }
}

#[tokio::test]
async fn a_recording_appears_when_its_bytes_are_there() {
    let app = TestApp::start().await;
    let mut follower = Follower::new(&app, &feed());
    follower.round().await;
    app.seed(&format!(
        "recordings: [{{ id: slow, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T09:00:00Z', uploadState: pending }}]"
    ))
    .await;
    assert_eq!(follower.round().await, [""; 0]);
    put(&app, "slow").await;
    assert_eq!(follower.round().await, ["slow"]);
}

#[tokio::test]
async fn what_comes_between_two_pages_is_told_too() {
    let app = TestApp::start().await;
    let first = app
        .get(&(feed() + "?$top=1"), &TokenOf::application(ARCHIVER).sign())
        .await;
    put(&app, "early").await;
    let link = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    let mut follower = Follower::new(&app, link.strip_prefix(app.base()).unwrap());
    assert_eq!(follower.round().await, ["recording-2", "early"]);
}

#[tokio::test]
async fn the_archive_tells_what_has_gone() {
    let app = archive().await;
    let mut feeds = [Follower::new(&app, &feed()), Follower::new(&app, &export())];
    for follower in &mut feeds {
        follower.round().await;
    }
    remove(&app, "recording-1").await;
    app.seed(&format!(
        "recordings: [{{ id: recording-2, meetingId: '{STANDUP}', createdDateTime: '2026-01-12T09:00:00Z', contentFile: two.mp4, \
         deletedDateTime: '2026-01-20T09:00:00Z' }}]"
    ))
    .await;
    for follower in &mut feeds {
        assert_eq!(follower.round().await, ["-recording-1", "-recording-2"]);
        assert_eq!(follower.round().await, [""; 0]);
    }
    // What is back again is told as what it is.
    put(&app, "recording-1").await;
    for follower in &mut feeds {
        assert_eq!(follower.round().await, ["recording-1"]);
    }
}

#[tokio::test]
async fn what_had_gone_before_the_beginning_is_not_told() {
    let app = archive().await;
    remove(&app, "recording-1").await;
    for path in [feed(), export()] {
        assert_eq!(Follower::new(&app, &path).round().await, ["recording-2"]);
    }
}

#[tokio::test]
async fn what_goes_during_the_first_round_is_told_as_gone() {
    let app = archive().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for (path, id) in [(feed(), "a"), (export(), "b")] {
        put(&app, id).await;
        let first = app.get(&(path + "?$top=1"), &token).await;
        assert_eq!(told(&first), ["recording-1"]);
        remove(&app, id).await;
        let link = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
        let rest = Follower::new(&app, link.strip_prefix(app.base()).unwrap())
            .round()
            .await;
        assert_eq!(rest, ["recording-2", &format!("-{id}")]);
    }
}

#[tokio::test]
async fn what_comes_and_goes_between_two_rounds_was_never_there_or_is_gone() {
    let app = archive().await;
    let mut follower = Follower::new(&app, &feed());
    follower.round().await;
    put(&app, "short").await;
    remove(&app, "short").await;
    assert_eq!(follower.round().await, ["-short"]);
}

#[tokio::test]
async fn the_reference_tells_additions_alone() {
    let app = TestApp::start().await;
    let mut feeds = [Follower::new(&app, &feed()), Follower::new(&app, &export())];
    for follower in &mut feeds {
        follower.round().await;
    }
    remove(&app, "recording-1").await;
    put(&app, "new").await;
    for follower in &mut feeds {
        assert_eq!(follower.round().await, ["new"]);
    }
}

#[tokio::test]
async fn a_token_may_be_brought_under_every_name() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for path in [feed(), export()] {
        let first = app.get(&format!("{path}?$top=1"), &token).await;
        let next = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
        let (_, skip) = next.split_once("$skiptoken=").unwrap();
        let (_, delta) = link_of(&app, &path, &token).await;
        for name in [
            "$skiptoken",
            "$deltatoken",
            "skipToken",
            "deltaToken",
            "$skipToken",
            "$DELTATOKEN",
            "skiptoken",
            "DeltaToken",
            "%24deltatoken",
        ] {
            let answer = app.get(&format!("{path}?{name}={skip}"), &token).await;
            assert_eq!(told(&answer), ["recording-2"], "{name}");
            let answer = app.get(&format!("{path}?{name}={delta}"), &token).await;
            assert_eq!(told(&answer), [""; 0], "{name}");
        }
    }
}

#[tokio::test]
async fn a_round_may_be_repeated() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let (path, delta) = link_of(&app, &feed(), &token).await;
    put(&app, "new").await;
    for _ in 0..3 {
        let answer = app.get(&format!("{path}?$deltatoken={delta}"), &token).await;
        assert_eq!(told(&answer), ["new"]);
    }
}

#[tokio::test]
async fn an_empty_token_begins_anew() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    for path in [feed(), export()] {
        for name in ["$deltatoken", "$skiptoken", "skipToken"] {
            let answer = app.get(&format!("{path}?{name}="), &token).await;
            assert_eq!(told(&answer), ["recording-1", "recording-2"], "{name}");
        }
    }
}

#[tokio::test]
async fn the_size_of_pages_may_be_said_anew_or_preferred() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    put(&app, "new").await;
    let first = app
        .get_with(&feed(), &token, &[("prefer", "odata.maxpagesize=1")])
        .await;
    assert_eq!(told(&first), ["recording-1"]);
    assert_eq!(first.header("preference-applied"), "odata.maxpagesize=1");
    let link = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    let path = link.strip_prefix(app.base()).unwrap().to_owned();
    assert_eq!(told(&app.get(&path, &token).await), ["recording-2"]);
    assert_eq!(
        told(&app.get(&(path + "&$top=2"), &token).await),
        ["recording-2", "new"]
    );
}

#[tokio::test]
async fn other_options_are_400() {
    for (config, options) in [
        (
            "",
            &[
                "$select=id",
                "$filter=id eq 'x'",
                "$count=true",
                "$orderby=id",
                "$skip=1",
                "$expand=x",
            ][..],
        ),
        (
            "profile = \"archive\"",
            &["$select=id", "$filter=id eq 'x'", "$search=x"],
        ),
    ] {
        let app = TestApp::with().config(config).start().await;
        let token = TokenOf::application(ARCHIVER).sign();
        for option in options.iter().chain(&["$top=0", "$top=x", "$deltatoken=latest"]) {
            for path in [feed(), export()] {
                let (status, code, _) = app.get(&format!("{path}?{option}"), &token).await.error();
                assert_eq!((status, code.as_str()), (400, "BadRequest"), "{path} {option}");
            }
        }
    }
}

/// Expects 410, and that its `Location` begins anew.
async fn expect_gone(app: &TestApp, path: &str, token: &str, expected: &[&str]) {
    let answer = app.get(path, token).await;
    assert_eq!(answer.status, 410, "{path}: {}", answer.text());
    assert_eq!(answer.error().1, "resyncRequired");
    let location = answer.header("location").to_owned();
    assert!(location.ends_with("/delta?$deltatoken="), "{location}");
    let anew = app.get(location.strip_prefix(app.base()).unwrap(), token).await;
    assert_eq!(
        (anew.status, told(&anew).as_slice()),
        (200, expected.map_to_owned().as_slice())
    );
}

/// Texts as they are compared with.
trait MapToOwned {
    fn map_to_owned(&self) -> Vec<String>;
}

impl MapToOwned for [&str] {
    fn map_to_owned(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[tokio::test]
async fn a_token_that_is_too_old_is_410_with_the_way_on() {
    for (config, seconds) in [
        ("", 30 * 24 * 3600),
        ("graph.delta_token_lifetime = \"1h\"", 3600),
    ] {
        let app = TestApp::with().config(config).start().await;
        let token = TokenOf::application(ARCHIVER).sign();
        for path in [feed(), export()] {
            app.set_time(NOW);
            let (path, delta) = link_of(&app, &path, &token).await;
            let path = format!("{path}?$deltatoken={delta}");
            let then = |seconds| app.clock.now().plus(std::time::Duration::from_secs(seconds));
            let (before, at) = (then(seconds - 1), then(seconds));
            app.clock.set(before);
            let fresh = TokenOf::application(ARCHIVER).issued_by(&app.clock).sign();
            assert_eq!(app.get(&path, &fresh).await.status, 200);
            app.clock.set(at);
            expect_gone(&app, &path, &fresh, &["recording-1", "recording-2"]).await;
        }
    }
}

#[tokio::test]
async fn following_keeps_a_feed_young() {
    let app = TestApp::with()
        .config("graph.delta_token_lifetime = \"2h\"")
        .start()
        .await;
    let mut follower = Follower::new(&app, &feed());
    for hour in 13..20 {
        app.set_time(&format!("2026-02-01T{hour}:00:00Z"));
        follower.token = TokenOf::application(ARCHIVER).issued_by(&app.clock).sign();
        follower.round().await;
    }
}

#[tokio::test]
async fn a_token_of_a_store_that_has_gone_back_is_410() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    put(&app, "new").await;
    let mut links = Vec::new();
    for path in [feed(), export()] {
        links.push(link_of(&app, &path, &token).await);
    }
    // As after an older copy of the store was put in its place.
    app.stores.change("DELETE FROM changes WHERE artifact_id = 'new'");
    app.stores.change("UPDATE change_counter SET last = last - 1");
    for (path, delta) in links {
        expect_gone(
            &app,
            &format!("{path}?$deltatoken={delta}"),
            &token,
            &["recording-1", "recording-2"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_token_with_any_character_changed_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let (path, delta) = link_of(&app, &feed(), &token).await;
    for at in 0..delta.len() {
        let mut changed = delta.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let (status, code, _) = app
            .get(&format!("{path}?$deltatoken={changed}"), &token)
            .await
            .error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{at}");
    }
    for other in [
        &delta[1..],
        &delta[..delta.len() - 1],
        &format!("{delta}A"),
        "x",
        "'",
        "%00",
    ] {
        let answer = app.get(&format!("{path}?$deltatoken={other}"), &token).await;
        assert_eq!(answer.status, 400, "{other}");
    }
}

#[tokio::test]
async fn a_token_of_another_feed_is_400() {
    let app = TestApp::start().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let (_, of_meeting) = link_of(&app, &feed(), &token).await;
    let (_, of_export) = link_of(&app, &export(), &token).await;
    let list = format!("{}/recordings", standup_of(ORGANIZER));
    let bounded = export().replace("')/", "',startDateTime=2026-01-01T00:00:00Z)/");
    for (path, delta) in [
        (feed(), &of_export),
        (export(), &of_meeting),
        (feed().replace("recordings", "transcripts"), &of_meeting),
        (export().replace("Recordings", "Transcripts"), &of_export),
        (bounded, &of_export),
        (list, &of_meeting),
        (export().replace("/delta", ""), &of_export),
    ] {
        let answer = app.get(&format!("{path}?$skiptoken={delta}"), &token).await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (400, "BadRequest"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_of_another_application_user_or_tenant_is_403() {
    let app = TestApp::with()
        .config("graph.export_requires_policy = false")
        .seed(&format!(
            "applications: [{{ appId: '{WITHOUT_POLICY}', tenantId: '{CONTOSO}', appRoles: ['{READ}'], scopes: ['{READ}'] }}]
applicationAccessPolicies:
  - {{ tenantId: '{CONTOSO}', identity: 'Both', appIds: ['{WITHOUT_POLICY}', '{ARCHIVER}'], grantedTo: {{ global: true }} }}"
        ))
        .start()
        .await;
    let (_, of_user) = link_of(&app, &feed(), &TokenOf::user(ORGANIZER).sign()).await;
    let (_, of_application) = link_of(&app, &feed(), &TokenOf::application(ARCHIVER).sign()).await;
    let (_, of_export) = link_of(&app, &export(), &TokenOf::application(ARCHIVER).sign()).await;
    let foreign = feed()
        .replace(ORGANIZER, FABRIKAM_ORGANIZER)
        .replace(STANDUP, FABRIKAM_MEETING);
    let fabrikam = TokenOf::application(FABRIKAM_ARCHIVER).tenant(FABRIKAM);
    for (path, delta, other) in [
        (feed(), &of_user, TokenOf::user(COORGANIZER)),
        (
            feed(),
            &of_user,
            TokenOf::user(ORGANIZER)
                .through(WITHOUT_POLICY)
                .permissions(&[READ]),
        ),
        (feed(), &of_user, TokenOf::application(ARCHIVER)),
        (feed(), &of_application, TokenOf::user(ORGANIZER)),
        (
            feed(),
            &of_application,
            TokenOf::application(WITHOUT_POLICY).permissions(&[READ]),
        ),
        (foreign, &of_application, fabrikam.clone()),
        (
            export(),
            &of_export,
            TokenOf::application(WITHOUT_POLICY).permissions(&[READ]),
        ),
        (
            export().replace(ORGANIZER, FABRIKAM_ORGANIZER),
            &of_export,
            fabrikam,
        ),
    ] {
        let answer = app
            .get(&format!("{path}?$deltatoken={delta}"), &other.sign())
            .await;
        assert_eq!(
            (answer.status, answer.error().1.as_str()),
            (403, "Forbidden"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_round_is_authorized_again() {
    let app = TestApp::start().await;
    let mut follower = Follower::new(&app, &feed());
    follower.round().await;
    app.seed(&format!(
        "applicationAccessPolicies: [{{ tenantId: '{CONTOSO}', identity: 'Archive-policy', appIds: [], grantedTo: {{ global: true }} }}]"
    ))
    .await;
    assert_eq!(app.get(&follower.path, &follower.token).await.status, 403);
}

#[tokio::test]
async fn bounds_of_an_export_hold_for_its_feed() {
    let app = TestApp::start().await;
    let bounded = export().replace(
        "')/",
        "',startDateTime=2026-01-10T00:00:00Z,endDateTime=2026-01-20T09:00:00Z)/",
    );
    let mut follower = Follower::new(&app, &bounded);
    assert_eq!(follower.round().await, ["recording-2"]);
    assert!(
        follower
            .path
            .contains("startDateTime=2026-01-10T00:00:00.0000000Z"),
        "{}",
        follower.path
    );
    // It begins where the bounds end.
    put(&app, "outside").await;
    assert_eq!(follower.round().await, [""; 0]);
    app.seed(&format!(
        "recordings: [{{ id: inside, meetingId: '{STANDUP}', createdDateTime: '2026-01-20T08:59:59Z', contentFile: one.mp4 }}]"
    ))
    .await;
    assert_eq!(follower.round().await, ["inside"]);
}

#[tokio::test]
async fn a_page_that_has_looked_at_enough_ends_and_nothing_is_lost() {
    let app = TestApp::start().await;
    // 4,500 changes of recordings that have gone again, and then one of a recording that is there.
    let last: i64 = app.stores.texts("SELECT last FROM change_counter")[0]
        .parse()
        .unwrap();
    app.stores.change(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)
         INSERT INTO changes (number, tenant_id, kind, artifact_id, change_type, changed_ticks, announce, owner_id, meeting_id)
         SELECT {last} + i, '{CONTOSO}', 'recording', 'gone-' || i, 'created', 0, FALSE, '{ORGANIZER}', '{STANDUP}'
         FROM n"
    ));
    app.stores.change("UPDATE change_counter SET last = last + 4500");
    put(&app, "new").await;
    let token = TokenOf::application(ARCHIVER).sign();
    for path in [feed(), export()] {
        let pages: Vec<Vec<String>> = app.pages(&path, &token).await.iter().map(told).collect();
        assert_eq!(
            pages,
            [vec!["recording-1", "recording-2"], vec![], vec!["new"]],
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_metadata_what_leads_on_remains() {
    let app = archive().await;
    let token = TokenOf::application(ARCHIVER).sign();
    let (path, delta) = link_of(&app, &feed(), &token).await;
    put(&app, "new").await;
    remove(&app, "recording-1").await;
    let accept = [("accept", "application/json;odata.metadata=none")];
    let answer = app
        .get_with(&format!("{path}?$deltatoken={delta}"), &token, &accept)
        .await;
    let body = answer.json();
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["@odata.count", LINK, "value"]);
    assert_eq!(told(&answer), ["new", "-recording-1"]);
    assert!(!body["value"][0].to_string().contains("@odata."), "{body}");
}

/// The stand-up, with more said of it, in place of what it was.
async fn change_standup(app: &TestApp, organizer: &str, more: &str) {
    app.seed(&format!(
        "onlineMeetings: [{{ id: '{STANDUP}', organizerId: '{organizer}', subject: Stand-up,
                             threadId: '19:meeting_standup@thread.v2', {more} }}]"
    ))
    .await;
}

fn export_of(user: &str) -> String {
    export().replace(ORGANIZER, user)
}

#[tokio::test]
async fn a_meeting_that_gets_another_organizer_goes_from_one_feed_and_comes_to_the_other() {
    let app = archive().await;
    let (mut before, mut after) = (
        Follower::new(&app, &export_of(ORGANIZER)),
        Follower::new(&app, &export_of(OUTSIDER)),
    );
    assert_eq!(before.round().await, ["recording-1", "recording-2"]);
    assert_eq!(after.round().await, [""; 0]);
    change_standup(&app, OUTSIDER, "expiryDateTime: '2099-01-01T00:00:00Z'").await;
    assert_eq!(before.round().await, ["-recording-1", "-recording-2"]);
    assert_eq!(after.round().await, ["recording-1", "recording-2"]);
}

#[tokio::test]
async fn a_seed_may_name_a_meeting_and_its_recordings_while_the_organizer_changes() {
    let app = archive().await;
    let mut after = Follower::new(&app, &export_of(OUTSIDER));
    assert_eq!(after.round().await, [""; 0]);
    app.seed(&format!(
        "onlineMeetings: [{{ id: '{STANDUP}', organizerId: '{OUTSIDER}', expiryDateTime: '2099-01-01T00:00:00Z',
                             threadId: '19:meeting_standup@thread.v2' }}]
recordings: [{{ id: 'recording-1', meetingId: '{STANDUP}', createdDateTime: '2026-01-05T09:00:01.1234567Z',
                contentFile: one.mp4 }}]"
    ))
    .await;
    assert_eq!(after.round().await, ["recording-1", "recording-2"]);
}

#[tokio::test]
async fn what_came_while_its_meeting_was_hidden_is_told_when_that_is_shown_again() {
    let app = TestApp::start().await;
    let mut follower = Follower::new(&app, &export());
    assert_eq!(follower.round().await, ["recording-1", "recording-2"]);
    change_standup(&app, ORGANIZER, "expiryDateTime: '2026-01-30T00:00:00Z'").await;
    put(&app, "hidden").await;
    assert_eq!(follower.round().await, [""; 0]);
    let token = TokenOf::application(ARCHIVER).permissions(&["OnlineMeetings.ReadWrite.All"]);
    let patched = app
        .send_json(
            "PATCH",
            &standup_of(ORGANIZER),
            &token.sign(),
            &json!({ "subject": "Longer" }),
        )
        .await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(follower.round().await, ["recording-1", "recording-2", "hidden"]);
}
