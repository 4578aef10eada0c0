//! `graphophone consent`

use serde_json::json;

use super::binary::get;
use super::home::Home;
use crate::support::names::{ARCHIVER, BY_CONSENT, CONTOSO, ORGANIZER, READ, standup_of};

const TENANT: [&str; 2] = ["--tenant", CONTOSO];
const CHAT: &str = "19:meeting_standup@thread.v2";
const READ_CHAT: &str = "OnlineMeetingRecording.Read.Chat";

#[test]
fn delegated_consents_are_given_listed_and_taken_away() {
    let home = Home::seeded();
    let scopes = format!("User.Read  {READ}");
    let for_all = ["--app", ARCHIVER, "--scope", &scopes, "--all"];
    let given = home.json(&[&["consent", "add"], &for_all[..], &TENANT].concat());
    assert_eq!(given.len(), 2);
    let for_one = [
        "--app",
        "Archiver",
        "--scope",
        "User.Read",
        "--user",
        "organizer@contoso.example",
    ];
    for _ in 0..2 {
        home.run(&[&["consent", "add"], &for_one[..], &TENANT].concat())
            .succeeded();
    }
    let list = ["consent", "list", "--app", ARCHIVER];
    let all = home.json(&[&list[..], &TENANT].concat());
    let base = |whom: &str, id: Option<&str>, scope: &str| {
        json!({
            "tenantId": CONTOSO, "appId": ARCHIVER, "consentType": whom, "principalId": id, "scope": scope,
        })
    };
    assert_eq!(
        all,
        [
            base("AllPrincipals", None, READ),
            base("AllPrincipals", None, "User.Read"),
            base("Principal", Some(ORGANIZER), "User.Read"),
        ]
    );
    home.run(&[&["consent", "remove"], &for_all[..], &TENANT].concat())
        .succeeded();
    assert_eq!(home.json(&[&list[..], &TENANT].concat()), all[2..]);
    let ran = home.run(&[&["consent", "remove"], &for_all[..], &TENANT].concat());
    assert!(ran.failed().contains("it is not there"), "{ran:?}");
}

#[test]
fn a_consent_of_a_chat_counts_with_the_next_request_and_so_does_its_end() {
    let home = Home::seeded();
    let server = home.serve(&[]);
    let token = home
        .run(&[&["token", "--application", BY_CONSENT][..], &TENANT].concat())
        .succeeded();
    let path = format!("{}/recordings", standup_of(ORGANIZER));
    let ask = || get(&server.address(), &path, token.trim_end()).status;
    let chat = ["--app", BY_CONSENT, "--chat", CHAT, "--permission", READ_CHAT];
    assert_eq!(ask(), 200);
    home.run(&[&["consent", "remove"], &chat[..], &TENANT].concat())
        .succeeded();
    assert_eq!(ask(), 403);
    let given = home.one(&[&["consent", "add"], &chat[..], &TENANT].concat());
    assert_eq!(
        (&given["threadId"], &given["permission"]),
        (&CHAT.into(), &READ_CHAT.into())
    );
    assert_eq!(ask(), 200);
    let table = home
        .run(&[&["consent", "list"][..], &TENANT].concat())
        .succeeded();
    assert!(table.contains(CHAT) && table.contains(READ_CHAT), "{table}");
}

#[test]
fn a_consent_to_what_is_not_registered_is_given_with_a_warning() {
    let home = Home::seeded();
    let add = |scope: &str| {
        let arguments = ["consent", "add", "--app", ARCHIVER, "--all", "--scope", scope];
        home.run(&[&arguments[..], &TENANT].concat())
    };
    assert_eq!(add("openid offline_access User.Read").err, "");
    let ran = add("User.ReadBasic.All");
    assert!(
        ran.err.contains("app permission add") && ran.err.contains("--delegated User.ReadBasic.All"),
        "{ran:?}"
    );
    ran.succeeded();
}

#[test]
fn what_is_no_permission_application_or_user_is_refused_by_its_flag() {
    let home = Home::seeded();
    let refused = |arguments: &[&str]| {
        let ran = home.run(&[&["consent", "add"], arguments, &TENANT].concat());
        ran.refused().to_owned()
    };
    let app = ["--app", ARCHIVER];
    let line = refused(&[&app[..], &["--all", "--scope", "User.Raed"]].concat());
    assert!(
        line.starts_with("--scope: ") && line.contains("did you mean User.Read?"),
        "{line}"
    );
    // A permission of applications is none of users.
    let line = refused(&[&app[..], &["--all", "--scope", "OnlineMeetings.Read.All"]].concat());
    assert!(line.starts_with("--scope: "), "{line}");
    let line = refused(&[&app[..], &["--all", "--scope", " "]].concat());
    assert!(line.starts_with("--scope: "), "{line}");
    let line = refused(&[&app[..], &["--chat", CHAT, "--permission", READ]].concat());
    assert!(
        line.starts_with("--permission: ") && line.contains(READ_CHAT),
        "{line}"
    );
    let line = refused(&[&app[..], &["--scope", "User.Read", "--user", "nobody"]].concat());
    assert!(line.starts_with("--user: "), "{line}");
    let line = refused(&["--app", "Nobody", "--scope", "User.Read", "--all"]);
    assert!(line.starts_with("--app: "), "{line}");
    let all = home.json(&[&["consent", "list", "--app", ARCHIVER][..], &TENANT].concat());
    assert!(all.is_empty());
}
