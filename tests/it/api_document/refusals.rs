//! Tables that the server's refusals make: what each route needs, in the words of its 403, and which query options it takes,
//! by asking with each of them.

use std::collections::BTreeMap;

use graphophone::auth::permission::Permission;
use graphophone::db::artifacts::ArtifactKind;
use graphophone::http::router::{Operation, ROUTES, Route, Verb};
use odata::query::SystemOption;

use super::app;
use super::exchange::Ask;
use crate::support::{TestApp, TokenOf};

use super::examples::{ALEX, MEGAN};
use crate::support::names::ARCHIVER;

/// What is asked for by an option, so that only the option can be wrong.
fn value(option: SystemOption, route: &Route) -> &'static str {
    match option {
        SystemOption::Top | SystemOption::Skip => "1",
        SystemOption::Count => "true",
        SystemOption::Format => "json",
        SystemOption::Select | SystemOption::OrderBy => "id",
        SystemOption::Filter => filter(route).unwrap_or("id+eq+'x'"),
        _ => "x",
    }
}

/// The filter that the reference wants of a list.
fn filter(route: &Route) -> Option<&'static str> {
    match route.operation {
        Operation::FindMeetings | Operation::CountMeetings => {
            Some("joinWebUrl+eq+'https://teams.example/weekly'")
        }
        Operation::FindMeetingsOfTenant => Some("videoTeleconferenceId+eq+'113520'"),
        Operation::List(_) | Operation::Count(_) => Some("contentCorrelationId+eq+'x'"),
        Operation::Export(_) | Operation::ExportOfCalls(_) => {
            Some("meetingOrganizer/user/id+eq+'0b7f2a94-6a43-4f0c-8f6f-3a5a0c1f7c11'")
        }
        _ => None,
    }
}

/// An address of a route.
fn target(route: &Route) -> String {
    let of_calls = route.pattern.contains("adhocCalls");
    let parameter = if of_calls {
        "userId"
    } else {
        "meetingOrganizerUserId"
    };
    let kind = if route.pattern.contains("transcripts") {
        "text"
    } else {
        "recording"
    };
    let artifact = match (of_calls, kind) {
        (true, kind) => format!("call-7-{kind}"),
        (false, "text") => "weekly-1-text".to_owned(),
        (false, _) => "weekly-1".to_owned(),
    };
    let pieces = route.pattern.split('/').filter(|piece| !piece.is_empty());
    let pieces = pieces.map(|piece| match piece {
        "{user}" => format!("users/{MEGAN}"),
        "{meeting}" => "weekly".to_owned(),
        "{call}" => "call-7".to_owned(),
        "{artifact}" => artifact.clone(),
        "delta()" => "delta".to_owned(),
        function if function.ends_with("()") => {
            format!("{}({parameter}='{MEGAN}')", function.trim_end_matches("()"))
        }
        name => name.to_owned(),
    });
    format!("/v1.0/{}", pieces.collect::<Vec<_>>().join("/"))
}

fn method(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

/// The message of the refusal of a request with that token and query; empty where it is answered.
async fn refusal(app: &TestApp, route: &Route, token: &str, query: &str) -> String {
    let ask = Ask {
        method: method(route),
        target: target(route) + query,
        token: Some((token.to_owned(), "token")),
        headers: Vec::new(),
        body: matches!(route.verb, Verb::Post | Verb::Patch).then(|| "{\"externalId\":\"x\"}".to_owned()),
    };
    let answer = ask.send(app).await;
    match answer.header("content-type") {
        "application/json" => answer.json()["error"]["message"].as_str().unwrap().to_owned(),
        _ => String::new(),
    }
}

/// The permissions that a refusal names.
fn named(message: &str) -> Option<String> {
    let (_, list) = message.split_once("API requires one of '")?;
    let (list, _) = list.split_once('\'')?;
    let list = list.split(", ").map(|name| format!("`{name}`"));
    Some(list.collect::<Vec<_>>().join(", "))
}

fn listed(names: &[&str]) -> String {
    let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    list.join(", ")
}

/// What a user and an application need, as the server tells those who have nothing.
async fn needed(app: &TestApp, route: &Route) -> (String, String) {
    let query = filter(route).map_or(String::new(), |filter| format!("?$filter={filter}"));
    match route.operation {
        Operation::ServiceDocument | Operation::Batch => {
            return ("any token".to_owned(), "any token".to_owned());
        }
        Operation::NotRouted => return ("404".to_owned(), "404".to_owned()),
        // The directory names nothing.
        Operation::GetUser => {
            let (own, others) = (Permission::to_read_users(true), Permission::to_read_users(false));
            let text = format!("{}; of others: {}", listed(own.scopes), listed(others.scopes));
            return (text, listed(others.roles));
        }
        _ => {}
    }
    let user = TokenOf::user(MEGAN).permissions(&[]).sign();
    let message = refusal(app, route, &user, &query).await;
    let delegated = match message.starts_with("Missing scope") {
        true => named(&message).unwrap(),
        false => "not possible".to_owned(),
    };
    let application = TokenOf::application(ARCHIVER).permissions(&[]).sign();
    let message = refusal(app, route, &application, &query).await;
    let application = named(&message).unwrap_or(message);
    // The refusal of an export names the chat's permission as well, and no chat opens one.
    let is_export = matches!(route.operation, Operation::Export(_) | Operation::ExportDelta(_));
    let all = application
        .split(", ")
        .filter(|name| !is_export || !name.ends_with(".Chat`"));
    (delegated, all.collect::<Vec<_>>().join(", "))
}

async fn permissions(app: &TestApp) -> String {
    let mut table = String::from("| Method | Path | Signed in | Application |\n| --- | --- | --- | --- |\n");
    for route in ROUTES {
        let (delegated, application) = needed(app, route).await;
        let pattern = if route.pattern.is_empty() {
            "/"
        } else {
            route.pattern
        };
        let method = if route.verb == Verb::Get {
            "GET, HEAD"
        } else {
            method(route)
        };
        table.push_str(&format!(
            "| {method} | `{pattern}` | {delegated} | {application} |\n"
        ));
    }
    table
}

/// What a row of the table of options is called.
fn title(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::List(_) => "list recordings or transcripts",
        Operation::Count(_) => "count them",
        Operation::Get(_) => "get one",
        Operation::Content(ArtifactKind::Recording, _) => "content of a recording",
        Operation::Content(ArtifactKind::Transcript, _) => "content of a transcript",
        Operation::Delta(_) => "`delta`",
        Operation::Export(_) => "`getAllRecordings`, `getAllTranscripts` of meetings",
        Operation::ExportOfCalls(_) => "the same of ad hoc calls",
        Operation::ExportDelta(_) | Operation::ExportOfCallsDelta(_) => "`getAll…/delta`",
        Operation::FindMeetings => "find online meetings",
        Operation::FindMeetingsOfTenant => "find by a device's number",
        Operation::CountMeetings => "count online meetings",
        Operation::GetMeeting => "get an online meeting",
        Operation::CreateMeeting
        | Operation::CreateOrGetMeeting
        | Operation::UpdateMeeting
        | Operation::DeleteMeeting => "write an online meeting",
        Operation::ListCalls => "list ad hoc calls",
        Operation::CountCalls => "count ad hoc calls",
        Operation::GetCall => "get an ad hoc call",
        Operation::GetUser => "get a user",
        Operation::ServiceDocument => "the service document",
        Operation::Batch | Operation::NotRouted => return None,
    })
}

/// The options that a route takes.
async fn taken(app: &TestApp, route: &Route) -> Vec<&'static str> {
    // Somebody who is told everything about options and nothing else, for they come first.
    let token = TokenOf::user(ALEX).permissions(&[]).sign();
    let mut taken = Vec::new();
    for option in SystemOption::ALL {
        let name = option.name();
        let query = format!("?{name}={}", value(option, route));
        let message = refusal(app, route, &token, &query).await;
        let is_refused = message.starts_with(&format!("The query option '{name}' is not"))
            || message.contains("is not offered here, as on Graph");
        if !is_refused {
            taken.push(name);
        }
    }
    taken
}

async fn options(reference: &TestApp, superset: &TestApp) -> String {
    let mut rows: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    for route in ROUTES {
        let Some(title) = title(route.operation) else {
            continue;
        };
        let both = taken(reference, route).await;
        let mut more = taken(superset, route).await;
        assert!(both.iter().all(|name| more.contains(name)), "{title}");
        more.retain(|name| !both.contains(name));
        match rows.iter().find(|(known, ..)| *known == title) {
            Some((_, known_both, known_more)) => {
                assert_eq!((known_both, known_more), (&both, &more), "{}", route.pattern);
            }
            None => rows.push((title, both, more)),
        }
    }
    let mut table = String::from("| Operation | `reference` | and in `superset` |\n| --- | --- | --- |\n");
    for (title, both, more) in rows {
        table.push_str(&format!("| {title} | {} | {} |\n", listed(&both), listed(&more)));
    }
    table
}

/// Both tables.
pub async fn parts() -> BTreeMap<String, String> {
    let (reference, superset) = (app("").await, app("profile = \"archive\"").await);
    let mut parts = BTreeMap::new();
    parts.insert("permissions".to_owned(), permissions(&reference).await);
    parts.insert("options".to_owned(), options(&reference, &superset).await);
    parts
}
