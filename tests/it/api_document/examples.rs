//! The exchanges that the page shows.

use std::collections::BTreeMap;

use super::app;
use super::exchange::{Answer, Ask};
use crate::support::names::ARCHIVER;
use crate::support::{TestApp, TokenOf};

/// The organizer of the examples.
pub const MEGAN: &str = "0b7f2a94-6a43-4f0c-8f6f-3a5a0c1f7c11";
/// Who takes part.
pub const ALEX: &str = "5d1c8f0a-3c55-4c0e-9a4e-0d9a8a1d6f01";
/// What links begin with.
const ROOT: &str = "https://archive.example";

const SCOPES: [&str; 6] = [
    "OnlineMeetingRecording.Read.All",
    "OnlineMeetingTranscript.Read.All",
    "OnlineMeetings.ReadWrite",
    "CallRecordings.Read.All",
    "CallTranscripts.Read.All",
    "User.Read",
];
const ROLES: [&str; 6] = [
    "OnlineMeetingRecording.Read.All",
    "OnlineMeetingTranscript.Read.All",
    "OnlineMeetings.ReadWrite.All",
    "CallRecordings.Read.All",
    "CallTranscripts.Read.All",
    "User.Read.All",
];

/// Who asks.
#[derive(Clone, Copy)]
enum Who {
    Megan,
    Alex,
    Application,
    Nobody,
}
use Who::{Alex, Application, Megan, Nobody};

/// Asks, and keeps what the page shows.
struct Recorder {
    app: TestApp,
    parts: BTreeMap<String, String>,
    /// What differs from run to run, and what stands in its place.
    made: Vec<(String, &'static str)>,
}

impl Recorder {
    async fn new(config: &str) -> Self {
        Self {
            app: app(config).await,
            parts: BTreeMap::new(),
            made: Vec::new(),
        }
    }

    fn token(&self, who: Who) -> Option<(String, &'static str)> {
        let user = |id| TokenOf::user(id).permissions(&SCOPES).issued_by(&self.app.clock);
        Some(match who {
            Megan => (user(MEGAN).sign(), "Megan, signed in"),
            Alex => (user(ALEX).sign(), "Alex, signed in"),
            Application => {
                let token = TokenOf::application(ARCHIVER).permissions(&ROLES);
                (token.issued_by(&self.app.clock).sign(), "an application")
            }
            Nobody => return None,
        })
    }

    /// Adds an exchange to a part.
    async fn ask(&mut self, part: &str, ask: Ask) -> Answer {
        let answer = ask.send(&self.app).await;
        let mut shown = ask.shown(&answer);
        self.learn(&answer);
        for (made, instead) in &self.made {
            shown = shown.replace(made, instead);
        }
        let text = self.parts.entry(part.to_owned()).or_default();
        text.push_str(&format!("{shown}\n"));
        answer
    }

    /// What a meeting that has just been made has of its own.
    fn learn(&mut self, answer: &Answer) {
        if !answer.status_line.contains(" 201 ") {
            return;
        }
        let json = answer.json();
        let text = |pointer: &str| json.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let thread = text("/chatInfo/threadId");
        self.made.extend([
            (text("/id"), "{meeting}"),
            (odata::encode_segment(&thread), "{thread}"),
            (thread, "{thread}"),
            (text("/joinMeetingIdSettings/joinMeetingId"), "{joinMeetingId}"),
            (text("/joinMeetingIdSettings/passcode"), "{passcode}"),
        ]);
    }

    /// A request to be completed.
    fn request(&self, who: Who, method: &'static str, target: impl Into<String>) -> Ask {
        Ask {
            method,
            target: target.into(),
            token: self.token(who),
            ..Ask::default()
        }
    }

    async fn get(&mut self, part: &str, who: Who, target: impl Into<String>) -> Answer {
        let ask = self.request(who, "GET", target);
        self.ask(part, ask).await
    }

    async fn head(&mut self, part: &str, who: Who, target: impl Into<String>) {
        let ask = self.request(who, "HEAD", target);
        self.ask(part, ask).await;
    }

    async fn get_with(
        &mut self,
        part: &str,
        who: Who,
        target: &str,
        header: (&'static str, &'static str),
    ) -> Answer {
        let mut ask = self.request(who, "GET", target);
        ask.headers.push(header);
        self.ask(part, ask).await
    }

    async fn send(&mut self, part: &str, who: Who, method: &'static str, target: &str, body: &str) -> Answer {
        let mut ask = self.request(who, method, target);
        ask.body = Some(body.to_owned());
        self.ask(part, ask).await
    }
}

/// The target of a link of an answer.
fn link(answer: &Answer, name: &str) -> String {
    let json = answer.json();
    let link = json[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {json}"));
    link.strip_prefix(ROOT).unwrap().to_owned()
}

/// Every part of examples.
pub async fn parts() -> BTreeMap<String, String> {
    let mut graph = Recorder::new("").await;
    of_people_and_meetings(&mut graph).await;
    of_recordings(&mut graph).await;
    of_transcripts(&mut graph).await;
    of_calls(&mut graph).await;
    of_exports(&mut graph).await;
    of_the_rest(&mut graph).await;
    let mut archive = Recorder::new("profile = \"archive\"").await;
    of_the_superset(&mut archive).await;
    let mut throttled = Recorder::new("throttling.requests_per_second = 1").await;
    let path = "/v1.0/me/onlineMeetings/weekly/recordings/$count";
    throttled.request(Megan, "GET", path).send(&throttled.app).await;
    throttled.get("too many requests", Megan, path).await;
    let mut parts = graph.parts;
    parts.append(&mut archive.parts);
    parts.append(&mut throttled.parts);
    parts
}

async fn of_people_and_meetings(to: &mut Recorder) {
    to.get("service document", Megan, "/v1.0/").await;
    to.get(
        "get user",
        Megan,
        "/v1.0/me?$select=id,displayName,userPrincipalName",
    )
    .await;
    let found =
        "/v1.0/me/onlineMeetings?$filter=JoinWebUrl+eq+'https://teams.example/weekly'&$select=id,subject";
    to.get("find meetings", Megan, found).await;
    to.get("find meetings refused", Megan, "/v1.0/me/onlineMeetings")
        .await;
    let device =
        "/v1.0/communications/onlineMeetings?$filter=VideoTeleconferenceId+eq+'113520'&$select=id,subject";
    to.get("find meetings of the tenant", Application, device).await;
    to.get("count meetings", Megan, "/v1.0/me/onlineMeetings/$count")
        .await;
    to.get("get meeting", Megan, "/v1.0/me/onlineMeetings/weekly")
        .await;
    let members = ("Prefer", "include-unknown-enum-members");
    let people = "/v1.0/me/onlineMeetings/weekly?$select=participants";
    to.get_with("prefer members", Megan, people, members).await;
    let path = format!("/v1.0/users/{MEGAN}/onlineMeetings");
    let body = "{\"subject\":\"Plan\",\"startDateTime\":\"2026-02-02T09:00:00Z\",\"endDateTime\":\"2026-02-02T10:00:00Z\",\
                \"recordAutomatically\":true,\"participants\":{\"attendees\":[{\"upn\":\"alex@contoso.example\"}]}}";
    let made = to.send("create meeting", Application, "POST", &path, body).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let meeting = format!("/v1.0/me/onlineMeetings/{id}");
    let body = "{\"subject\":\"Plan of the year\",\"recordAutomatically\":null}";
    to.send("update meeting", Megan, "PATCH", &meeting, body).await;
    let ask = to.request(Megan, "DELETE", &meeting);
    to.ask("delete meeting", ask).await;
    let body = "{\"externalId\":\"plan-2026\",\"subject\":\"Plan\"}";
    to.send(
        "create or get meeting",
        Megan,
        "POST",
        "/v1.0/me/onlineMeetings/createOrGet",
        body,
    )
    .await;
}

async fn of_recordings(to: &mut Recorder) {
    let list = "/v1.0/me/onlineMeetings/weekly/recordings";
    to.get("list recordings", Megan, format!("{list}?$top=1")).await;
    let filter = "$filter=contentcorrelationId+eq+'a7f8022a-4eed-4f2a-af87-7ca98a42827f-0'";
    to.get(
        "filter recordings",
        Megan,
        format!("{list}?{filter}&$select=id,callId&$count=true"),
    )
    .await;
    to.get("count recordings", Megan, format!("{list}/$count")).await;
    let own = format!("/v1.0/users/{MEGAN}/onlineMeetings/weekly/recordings/weekly-1");
    to.get("get recording", Application, &own).await;
    let keys = format!(
        "/v1.0/users('{MEGAN}')/onlineMeetings('weekly')/recordings('weekly-1')?$select=callId,content"
    );
    to.get("get recording by keys", Application, keys).await;
    let part = ("Range", "bytes=0-99");
    to.get_with(
        "content of a recording",
        Megan,
        &format!("{list}/weekly-1/content"),
        part,
    )
    .await;
    to.head(
        "head of a recording",
        Megan,
        format!("{list}/weekly-1/content/$value"),
    )
    .await;
    to.get("content refused", Alex, format!("{list}/weekly-1/content"))
        .await;
    let first = to.get("delta", Megan, format!("{list}/delta?$top=1")).await;
    let second = to.get("delta next", Megan, link(&first, "@odata.nextLink")).await;
    to.get("delta again", Megan, link(&second, "@odata.deltaLink"))
        .await;
    let none = ("Accept", "application/json;odata.metadata=none");
    to.get_with("metadata none", Megan, &format!("{list}/weekly-1"), none)
        .await;
    let full = ("Accept", "application/json;odata.metadata=full");
    to.get_with("metadata full", Megan, &format!("{list}/weekly-1"), full)
        .await;
    let size = ("Prefer", "odata.maxpagesize=1");
    to.get_with("prefer", Megan, &format!("{list}?$select=id"), size)
        .await;
}

async fn of_transcripts(to: &mut Recorder) {
    let list = "/v1.0/me/onlineMeetings/weekly/transcripts";
    to.get("list transcripts", Megan, list).await;
    to.get("other paths of transcripts", Megan, format!("{list}/$count"))
        .await;
    to.get(
        "other paths of transcripts",
        Megan,
        format!("{list}/weekly-1-text?$select=contentCorrelationId"),
    )
    .await;
    to.get(
        "content of a transcript",
        Megan,
        format!("{list}/weekly-1-text/content"),
    )
    .await;
    let text = ("Accept", "application/vnd.microsoft.graph.transcript+text");
    to.get_with(
        "transcript without speakers",
        Megan,
        &format!("{list}/weekly-1-text/content"),
        text,
    )
    .await;
    to.get(
        "metadata of a transcript",
        Megan,
        format!("{list}/weekly-1-text/metadataContent"),
    )
    .await;
    to.head(
        "other paths of transcripts",
        Megan,
        format!("{list}/weekly-1-text/content/$value"),
    )
    .await;
    to.head(
        "other paths of transcripts",
        Megan,
        format!("{list}/weekly-1-text/metadataContent/$value"),
    )
    .await;
    to.head("other paths of transcripts", Megan, format!("{list}/delta"))
        .await;
}

async fn of_calls(to: &mut Recorder) {
    let calls = "/v1.0/me/adhocCalls";
    to.get("list calls", Megan, calls).await;
    to.get("count calls", Megan, format!("{calls}/$count")).await;
    to.get("get call", Megan, format!("{calls}/call-7")).await;
    to.get(
        "recording of a call",
        Megan,
        format!("{calls}/call-7/recordings/call-7-recording"),
    )
    .await;
    let rest = "other paths of calls";
    for (kind, of, name) in [
        ("recordings", "callId", "recording"),
        ("transcripts", "callId", "text"),
    ] {
        let list = format!("{calls}/call-7/{kind}");
        to.get(rest, Megan, format!("{list}?$select={of}")).await;
        to.head(rest, Megan, format!("{list}/$count")).await;
        to.head(rest, Megan, format!("{list}/delta")).await;
        to.head(rest, Megan, format!("{list}/call-7-{name}/content"))
            .await;
        to.head(rest, Megan, format!("{list}/call-7-{name}/content/$value"))
            .await;
    }
    let transcript = format!("{calls}/call-7/transcripts/call-7-text");
    to.head(rest, Megan, &transcript).await;
    to.head(rest, Megan, format!("{transcript}/metadataContent"))
        .await;
    to.head(rest, Megan, format!("{transcript}/metadataContent/$value"))
        .await;
}

async fn of_exports(to: &mut Recorder) {
    let user = format!("/v1.0/users/{MEGAN}");
    let whose = format!("meetingOrganizerUserId='{MEGAN}'");
    let january = "startDateTime=2026-01-10T00:00:00Z,endDateTime=2026-01-31T00:00:00Z";
    let meetings = format!("{user}/onlineMeetings");
    to.get(
        "export",
        Application,
        format!("{meetings}/getAllRecordings({whose},{january})"),
    )
    .await;
    let filtered = format!("$filter=MeetingOrganizer/User/Id+eq+'{MEGAN}'");
    let rest = "other exports";
    to.head(
        rest,
        Application,
        format!("{meetings}/getAllRecordings?{filtered}"),
    )
    .await;
    to.head(
        rest,
        Application,
        format!("{meetings}/getAllTranscripts({whose})"),
    )
    .await;
    to.head(
        rest,
        Application,
        format!("{meetings}/getAllTranscripts({whose})/delta"),
    )
    .await;
    to.get(
        "export of calls",
        Application,
        format!("{user}/adhocCalls/getAllRecordings(userId='{MEGAN}')"),
    )
    .await;
    to.head(rest, Application, format!("{user}/adhocCalls/getAllTranscripts"))
        .await;
    to.head(
        rest,
        Application,
        format!("{user}/adhocCalls/getAllRecordings(userId='{MEGAN}')/delta"),
    )
    .await;
    to.head(
        rest,
        Application,
        format!("{user}/adhocCalls/getAllTranscripts(userId='{MEGAN}')/delta"),
    )
    .await;
    to.head(
        rest,
        Application,
        format!("/v1.0/adhocCalls/getAllRecordings(userId={MEGAN})"),
    )
    .await;
    to.head(
        rest,
        Application,
        format!("/v1.0/adhocCalls/getAllTranscripts(userId={MEGAN})"),
    )
    .await;
    let delta = format!("{meetings}/getAllRecordings({whose},startDateTime=2026-01-10T00:00:00Z)/delta");
    let first = to.get("delta of an export", Application, delta).await;
    to.app.set_time("2026-03-15T12:00:00Z");
    to.get("delta too old", Application, link(&first, "@odata.deltaLink"))
        .await;
    to.app.set_time(crate::support::NOW);
}

async fn of_the_rest(to: &mut Recorder) {
    for path in [
        "communications/onlineMeetings/getAllRecordings",
        "communications/onlineMeetings/getAllTranscripts",
        "communications/adhocCalls/getAllRecordings",
        "communications/adhocCalls/getAllTranscripts",
        "communications/adhocCalls",
    ] {
        let method = if path.ends_with("adhocCalls") {
            "GET"
        } else {
            "HEAD"
        };
        let ask = to.request(Application, method, format!("/v1.0/{path}"));
        to.ask("not routed", ask).await;
    }
    let batch = "{\"requests\":[\
        {\"id\":\"1\",\"method\":\"GET\",\"url\":\"/me/onlineMeetings/weekly/recordings?$select=id\"},\
        {\"id\":\"2\",\"method\":\"GET\",\"url\":\"/me/onlineMeetings/weekly/transcripts/weekly-1-text/content\"},\
        {\"id\":\"3\",\"method\":\"GET\",\"url\":\"/me/onlineMeetings/weekly/recordings/none\"},\
        {\"id\":\"4\",\"method\":\"GET\",\"url\":\"/me\",\"dependsOn\":[\"3\"]}]}";
    to.send("batch", Megan, "POST", "/v1.0/$batch", batch).await;
    let mut ask = to.request(Nobody, "OPTIONS", "/v1.0/me/onlineMeetings/weekly");
    ask.headers = vec![
        ("Origin", "https://player.example"),
        ("Access-Control-Request-Headers", "authorization"),
    ];
    to.ask("preflight", ask).await;
    to.get("not built", Megan, "/v1.0/subscriptions").await;
    to.get("no token", Nobody, "/v1.0/me").await;
    let ask = to.request(
        Megan,
        "DELETE",
        "/v1.0/me/onlineMeetings/weekly/recordings/weekly-1",
    );
    to.ask("wrong method", ask).await;
    let order = "/v1.0/me/onlineMeetings/weekly/recordings?$orderby=createdDateTime+desc";
    to.get("option refused", Megan, order).await;
}

async fn of_the_superset(to: &mut Recorder) {
    let list = "/v1.0/me/onlineMeetings/weekly/recordings";
    let filter = "$filter=year(createdDateTime)+eq+2026+and+endswith(id,'-2')&$orderby=createdDateTime+desc&$select=id";
    to.get("superset", Megan, format!("{list}?{filter}")).await;
    to.get(
        "superset meetings",
        Megan,
        "/v1.0/me/onlineMeetings?$orderby=subject&$top=5&$select=id,subject&$count=true",
    )
    .await;
    to.get("functions", Megan, format!("{list}?$filter=soundex(id)+eq+'w'"))
        .await;
    let first = to
        .request(Megan, "GET", format!("{list}/delta"))
        .send(&to.app)
        .await;
    to.app
        .seed("recordings: [{ id: \"weekly-1\", \"@removed\": { reason: \"deleted\" } }]")
        .await;
    to.get("delta removed", Megan, link(&first, "@odata.deltaLink"))
        .await;
}
