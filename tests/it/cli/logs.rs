//! What is logged, and what never is.

use serde_json::Value;

use super::binary::{Ran, get};
use super::home::Home;
use crate::support::names::{ARCHIVER, CONTOSO, ORGANIZER, STANDUP, my_standup};

/// Asks for one thing of each kind; gives the tokens that were used and what the server has said.
fn conversation(home: &Home, config: &str) -> (Vec<String>, Ran) {
    let file = home.write("graphophone.toml", config.as_bytes());
    let secrets = home.write(
        "secrets.yaml",
        format!(
            "users: [{{ id: u, tenantId: \"{CONTOSO}\", userPrincipalName: hidden@contoso.example, password: correct-horse }}]\napplications: [{{ appId: a, tenantId: \"{CONTOSO}\", secret: battery-staple }}]"
        )
        .as_bytes(),
    );
    let server = home.serve(&["--config", &file, "--seed", &secrets]);
    let tokens = vec![
        home.token(ORGANIZER),
        home.token("outsider@contoso.example"),
        home.app_token(),
    ];
    let address = server.address();
    let list = format!("{}/recordings", my_standup());
    get(&address, &list, &tokens[0]);
    get(&address, &format!("{list}/recording-1/content"), &tokens[0]);
    get(&address, &format!("{list}?$select=hidden-query"), &tokens[0]);
    get(&address, &list, &tokens[1]);
    get(
        &address,
        "/v1.0/users/organizer@contoso.example/onlineMeetings/x/recordings",
        &tokens[2],
    );
    get(&address, "/v1.0/hidden-segment", &tokens[2]);
    get(&address, "/hidden-root", "hidden-token");
    get(&address, &list, "hidden-token");
    get(&address, "/healthz", "");
    (tokens, server.stop())
}

fn assert_nothing_secret(tokens: &[String], ran: &Ran) {
    for token in tokens {
        for part in token.split('.') {
            assert!(!ran.err.contains(part), "a token is logged");
        }
    }
    for secret in [
        "correct-horse",
        "battery-staple",
        "$argon2",
        "contoso.example",
        "Bearer",
        STANDUP,
        "hidden-",
        "Organizer",
        "Stand-up",
        "127.0.0.1:9",
    ] {
        assert!(!ran.err.contains(secret), "{secret}: {}", ran.err);
    }
}

#[test]
fn each_request_has_one_line_with_its_route_and_ids() {
    let home = Home::seeded();
    let (tokens, ran) = conversation(&home, "[log]\nformat = \"json\"\n");
    assert_nothing_secret(&tokens, &ran);
    let lines: Vec<Value> = ran
        .err
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 9, "{}", ran.err);
    let statuses: Vec<i64> = requests
        .iter()
        .map(|line| line["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses[..2], [200, 200]);
    let first = requests[0];
    assert_eq!(first["caller.tenant_id"], CONTOSO);
    assert_eq!(first["caller.app_id"], ARCHIVER);
    assert_eq!(first["caller.delegated"], true);
    assert_eq!(first["method"], "GET");
    assert_eq!(first["http.version"], "1.1");
    assert_eq!(first["request.id"].as_str().unwrap().len(), 36);
    assert!(first["duration_us"].is_number());
    let route = first["route"].as_str().unwrap();
    assert!(route.contains("/recordings") && route.contains('{'), "{route}");
    assert!(
        requests[1]["route"].as_str().unwrap().ends_with("/content"),
        "{}",
        requests[1]
    );
    assert_eq!(requests[8]["route"], "/healthz");
    let outside: Vec<&str> = ran.err.lines().filter(|line| !line.starts_with('{')).collect();
    assert!(
        outside.iter().all(|line| line.starts_with("graphophone: ")),
        "{outside:?}"
    );
}

#[test]
fn text_is_for_people_and_has_no_control_characters_elsewhere() {
    let home = Home::seeded();
    let (tokens, ran) = conversation(&home, "");
    assert_nothing_secret(&tokens, &ran);
    assert_eq!(
        ran.err.lines().filter(|line| line.contains("route=")).count(),
        9,
        "{}",
        ran.err
    );
    assert!(
        !ran.err.contains('\u{1b}'),
        "colours are for terminals: {:?}",
        ran.err
    );
}

#[test]
fn the_lines_of_requests_can_be_switched_off() {
    let home = Home::seeded();
    let (_, ran) = conversation(&home, "[log]\nrequests = false\n");
    assert!(!ran.err.contains("route"), "{}", ran.err);
    let lines = ran.err.lines().filter(|line| !line.starts_with("graphophone: "));
    assert_eq!(lines.count(), 0, "{}", ran.err);
}
